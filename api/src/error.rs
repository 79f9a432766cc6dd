//! The one table from errors to HTTP: status, code and title of each, as problem details.
//! Causes are logged, never sent.
//!
//! Source: RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use runtime::socket::CallError;
use schema::{
    DbError,
    wire::{Failure, FailureCode},
};
use serde::Serialize;

/// Media type of every error.
pub(crate) const PROBLEM: &str = "application/problem+json";
/// Seconds after which a process that did not answer is probably there again.
const RETRY_AFTER_S: &str = "2";

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// What the path or body names does not exist.
    #[error("there is no {0}")]
    NotFound(String),
    /// No resource has this path.
    #[error("there is nothing at {0}")]
    UnknownPath(String),
    /// The resource does not do that.
    #[error("{method} is not possible here, only {allowed}")]
    Method {
        /// The method.
        method: String,
        /// Those that are possible: `GET, POST`.
        allowed: String,
    },
    /// Values that cannot be.
    #[error("{}", .0.sentence())]
    Fields(Fields),
    /// The environment sets what was to be saved.
    #[error("{}; change or remove that variable and start again", .0.sentence())]
    Locked(Fields),
    /// The body is no JSON.
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    /// The query has parameters that its path does not have.
    #[error("the parameter {}", .0.sentence())]
    Parameters(Fields),
    /// The body or query cannot be read at all.
    #[error("{0}")]
    Unreadable(String),
    /// The body is too long.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The most there may be.
        limit: usize,
    },
    /// The body is of a kind that is not taken.
    #[error("{0}")]
    UnsupportedType(&'static str),
    /// A key is needed and none was sent, or it is none of ours.
    #[error(
        "{problem}; send a key in the header `X-Api-Key` (or `Authorization: Bearer`): the first one \
         lies in the file `$LISTSYNC_DATA_DIR/api-key`, `listsync api-key create` makes another, \
         and the setting `AUTH` says who needs one"
    )]
    Unauthorized {
        /// What was wrong.
        problem: &'static str,
    },
    /// A page of another site tried to change something.
    #[error(
        "a page of {0} may not change anything here; send a key in the header `X-Api-Key` to do it \
         from there"
    )]
    ForeignOrigin(String),
    /// Somebody without a key came under a name that another site may have given to this machine.
    #[error(
        "without a key nothing is told under the name {0}, since any site can give such a name to \
         this machine; come by its IP address or a name such as `nas` or `nas.local`, send a key in \
         the header `X-Api-Key`, or set `AUTH` to `required`"
    )]
    ForeignHost(String),
    /// Not everything that is needed works.
    #[error("{}", .0.join("; "))]
    NotReady(Vec<String>),
    /// Nobody more can follow this.
    #[error("{most} clients follow {what} already; close one of them, or a page that does")]
    TooManyStreams {
        /// What they follow: `events`.
        what: &'static str,
        /// The most there may be.
        most: usize,
    },
    /// Another process failed, refused, or did not answer.
    #[error("another process did not do it")]
    Peer(#[from] CallError),
    /// Another process answered something else than it was asked.
    #[error("{peer} gave the wrong answer: {answer}")]
    Unexpected {
        /// Who.
        peer: &'static str,
        /// What.
        answer: String,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbError),
    /// The database did not answer in time.
    #[error("the database did not answer within {} s", .limit.as_secs())]
    DatabaseSlow {
        /// How long was waited.
        limit: std::time::Duration,
    },
    /// A status from within the server without a body.
    #[error("{}", .0.canonical_reason().unwrap_or("the request failed"))]
    Bare(StatusCode),
}

/// Values that cannot be, by field.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// One field.
    pub(crate) fn of(name: impl Into<String>, problem: impl Into<String>) -> Self {
        let mut fields = Self::default();
        fields.add(name, problem);
        fields
    }

    /// Adds one; the first problem of a field is kept.
    pub(crate) fn add(&mut self, name: impl Into<String>, problem: impl Into<String>) {
        self.0.entry(name.into()).or_insert_with(|| problem.into());
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With another name for a field.
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Some(problem) = self.0.remove(from) {
            self.0.insert(to.to_owned(), problem);
        }
        self
    }

    /// Nothing when there are none.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Fields(self))
        }
    }

    fn sentence(&self) -> String {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(name, problem)| format!("`{name}` {problem}"))
            .collect();
        parts.join("; ")
    }
}

impl From<Fields> for ApiError {
    fn from(fields: Fields) -> Self {
        Self::Fields(fields)
    }
}

/// The body of every error, as RFC 9457 has it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// `urn:listsync:problem:` and the code.
    #[schema(example = "urn:listsync:problem:invalid")]
    r#type: String,
    /// The kind of error for people.
    #[schema(example = "Invalid values")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 422)]
    status: u16,
    /// What happened and what to do, in sentences.
    #[schema(example = "`item_limit` must be above 0.")]
    detail: String,
    /// The kind of error for programs.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// What is wrong, by field or parameter; absent when it is about none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"item_limit": "must be above 0"}))]
    fields: BTreeMap<String, String>,
}

/// Every code there is.
pub(crate) const CODES: &[&str] = &[
    "not_found",
    "unknown_path",
    "method_not_allowed",
    "invalid",
    "locked_by_environment",
    "bad_json",
    "bad_request",
    "too_large",
    "unsupported_type",
    "unauthorized",
    "foreign_origin",
    "foreign_host",
    "busy",
    "conflict",
    "not_ready",
    "database_busy",
    "too_many_streams",
    "unavailable",
    "cancelled",
    "internal",
    "http",
];

fn codes() -> utoipa::openapi::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some("The kind of error for programs."))
        .enum_values(Some(CODES.iter().copied()))
        .build()
}

impl ApiError {
    /// The table: status, code, title.
    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotFound(_) => (S::NOT_FOUND, "not_found", "Not found"),
            Self::UnknownPath(_) => (S::NOT_FOUND, "unknown_path", "Not found"),
            Self::Method { .. } => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
            ),
            Self::Fields(_) => (S::UNPROCESSABLE_ENTITY, "invalid", "Invalid values"),
            Self::Locked(_) => (
                S::CONFLICT,
                "locked_by_environment",
                "Locked by the environment",
            ),
            Self::Json(_) => (S::BAD_REQUEST, "bad_json", "Malformed JSON"),
            Self::Unreadable(_) => (S::BAD_REQUEST, "bad_request", "Malformed request"),
            Self::Parameters(_) => (S::BAD_REQUEST, "bad_request", "Unknown parameters"),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "too_large", "Body too large"),
            Self::UnsupportedType(_) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_type",
                "Unsupported kind of body",
            ),
            Self::Unauthorized { .. } => (S::UNAUTHORIZED, "unauthorized", "A key is needed"),
            Self::ForeignOrigin(_) => (S::FORBIDDEN, "foreign_origin", "Foreign origin"),
            Self::ForeignHost(_) => (S::FORBIDDEN, "foreign_host", "Foreign host"),
            Self::NotReady(_) => (S::SERVICE_UNAVAILABLE, "not_ready", "Not ready"),
            Self::Peer(CallError::Failed(failure)) => Self::failure_row(failure.code),
            Self::Peer(CallError::Unreachable { .. } | CallError::Lost { .. }) => {
                Self::failure_row(FailureCode::Unavailable)
            }
            Self::Database(error) if error.is_retryable() => (
                S::SERVICE_UNAVAILABLE,
                "database_busy",
                "The database is busy",
            ),
            Self::TooManyStreams { .. } => (
                S::SERVICE_UNAVAILABLE,
                "too_many_streams",
                "Too many streams",
            ),
            Self::DatabaseSlow { .. } => (
                S::SERVICE_UNAVAILABLE,
                "database_busy",
                "The database is busy",
            ),
            Self::Peer(CallError::Wire { .. }) | Self::Unexpected { .. } | Self::Database(_) => {
                Self::failure_row(FailureCode::Internal)
            }
            Self::Bare(status) => (
                *status,
                "http",
                status.canonical_reason().unwrap_or("The request failed"),
            ),
        }
    }

    fn failure_row(code: FailureCode) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match code {
            FailureCode::NotFound => (S::NOT_FOUND, "not_found", "Not found"),
            FailureCode::Conflict => (S::CONFLICT, "conflict", "Conflict"),
            FailureCode::Busy => (S::CONFLICT, "busy", "Busy"),
            FailureCode::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid", "Invalid values"),
            FailureCode::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            FailureCode::Cancelled => (S::SERVICE_UNAVAILABLE, "cancelled", "Cancelled"),
            FailureCode::BadFrame | FailureCode::VersionMismatch | FailureCode::Internal => {
                (S::INTERNAL_SERVER_ERROR, "internal", "A fault of ours")
            }
        }
    }

    /// What is sent of it, as sentences.
    pub(crate) fn to_detail(&self) -> String {
        match self {
            _ if self.status_code() == StatusCode::INTERNAL_SERVER_ERROR => {
                "Something failed inside ListSync; the log of the process `api` has the cause."
                    .into()
            }
            Self::Peer(CallError::Failed(failure)) => {
                let mut detail = sentence(&failure.message);
                if let Some(remedy) = &failure.remedy {
                    detail.push(' ');
                    detail.push_str(remedy);
                }
                detail
            }
            Self::Peer(CallError::Unreachable { peer, .. }) => {
                sentence(&format!("{peer} does not answer; try again in a moment"))
            }
            Self::Peer(CallError::Lost { peer }) => sentence(&format!(
                "the connection to {peer} was lost before it answered, so the change may have been \
                 made; look before you try again"
            )),
            Self::Database(_) => "The database is busy; try again in a moment.".into(),
            other => sentence(&other.to_string()),
        }
    }

    fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Self::Fields(fields) | Self::Locked(fields) | Self::Parameters(fields) => {
                fields.0.clone()
            }
            Self::Json(problem) => {
                BTreeMap::from([("body".into(), format!("is not valid JSON: {problem}"))])
            }
            Self::Peer(CallError::Failed(failure)) if failure.code == FailureCode::Invalid => {
                named_field(failure).into_iter().collect()
            }
            _ => BTreeMap::new(),
        }
    }
}

/// The field that a failure's message names first: `` `item_limit` must be above 0``.
fn named_field(failure: &Failure) -> Option<(String, String)> {
    let rest = failure.message.strip_prefix('`')?;
    let (name, problem) = rest.split_once('`')?;
    let is_field = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_field.then(|| (name.to_owned(), problem.trim().to_owned()))
}

/// A fragment with a capital and a full stop.
fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let mut text: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.row().0
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let (status, code, title) = self.row();
        let mut response = HttpResponse::build(status);
        response.content_type(PROBLEM);
        match self {
            Self::Unauthorized { .. } => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"ListSync\""));
            }
            Self::Method { allowed, .. } => {
                response.insert_header((header::ALLOW, allowed.as_str()));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
            }
            _ => {}
        }
        debug_assert!(
            CODES.contains(&code),
            "the code {code} is not in the document"
        );
        response.json(Problem {
            r#type: format!("urn:listsync:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: self.to_detail(),
            code,
            fields: self.fields(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn sent(error: ApiError) -> (u16, serde_json::Value, HttpResponse<()>) {
        let (response, body) = error.error_response().into_parts();
        let body = to_bytes(body).await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_slice(&body).unwrap(),
            response,
        )
    }

    fn failed(code: FailureCode, message: &str) -> ApiError {
        CallError::Failed(Failure::new(code, message)).into()
    }

    #[actix_web::test]
    async fn every_failure_of_a_peer_has_its_status() {
        for (code, status, word) in [
            (FailureCode::NotFound, 404, "not_found"),
            (FailureCode::Conflict, 409, "conflict"),
            (FailureCode::Busy, 409, "busy"),
            (FailureCode::Invalid, 422, "invalid"),
            (FailureCode::Unavailable, 503, "unavailable"),
            (FailureCode::Cancelled, 503, "cancelled"),
            (FailureCode::BadFrame, 500, "internal"),
            (FailureCode::VersionMismatch, 500, "internal"),
            (FailureCode::Internal, 500, "internal"),
        ] {
            let (got, body, response) = sent(failed(code, "disk /dev/sda1 is full")).await;
            assert_eq!((got, body["code"].as_str().unwrap()), (status, word));
            assert_eq!(body["status"], status);
            assert_eq!(body["type"], format!("urn:listsync:problem:{word}"));
            assert_eq!(
                response.headers().contains_key(header::RETRY_AFTER),
                status == 503
            );
            // The cause of a fault of ours stays in the log.
            assert_eq!(
                body["detail"].as_str().unwrap().contains("sda1"),
                status != 500
            );
        }
    }

    #[actix_web::test]
    async fn what_the_other_process_says_and_advises_is_sent_as_sentences() {
        let failure = Failure::new(FailureCode::Invalid, "`item_limit` must be above 0")
            .with_remedy("Leave it out for all entries.");
        let (_, body, _) = sent(CallError::Failed(failure).into()).await;
        assert_eq!(
            body["detail"],
            "`item_limit` must be above 0. Leave it out for all entries."
        );
        assert_eq!(body["fields"]["item_limit"], "must be above 0");
        let (_, body, _) = sent(failed(FailureCode::NotFound, "no list has the number 9")).await;
        assert_eq!(body["detail"], "No list has the number 9.");
        assert!(body.get("fields").is_none());
    }

    #[actix_web::test]
    async fn a_process_that_is_away_is_named_without_its_path() {
        let error = CallError::Unreachable {
            peer: "the sync-worker",
            path: "/run/secret/sync-worker.sock".into(),
            source: std::io::Error::other("no such file"),
        };
        let (status, body, _) = sent(error.into()).await;
        assert_eq!(status, 503);
        assert_eq!(
            body["detail"],
            "The sync-worker does not answer; try again in a moment."
        );
        let (status, _, _) = sent(
            CallError::Lost {
                peer: "the sync-worker",
            }
            .into(),
        )
        .await;
        assert_eq!(status, 503);
    }
}
