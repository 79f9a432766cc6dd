//! The connection to Seerr: one client with its limits, reading with few repeats, changing things once.
//! What an answer means is [`super::refusal`]'s to say.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime};
use reqwest::{
    Client, Method, RequestBuilder,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION},
};
use runtime::{Chain, Secret};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    SeerrSetupError,
    address::Address,
    refusal::{Answer, Call},
};
use crate::target::TargetError;

/// How long things may take, and how large they may be.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Until a connection stands.
    pub(super) connect: Duration,
    /// Until an answer is read to its end; above 10 s, which `/request` takes while one Radarr hangs.
    pub(super) read: Duration,
    /// The same for what changes something.
    pub(super) post: Duration,
    /// Pauses before a reading is repeated.
    pub(super) pauses: Vec<Duration>,
    /// Bytes of one answer.
    pub(super) body: usize,
}

impl Limits {
    /// Those of real life; `post` is a setting.
    pub(super) fn with_post(post: Duration) -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            post,
            pauses: vec![Duration::from_millis(300), Duration::from_millis(1500)],
            body: 64 * 1024 * 1024,
        }
    }
}

/// See the module.
pub(super) struct Http {
    client: Client,
    pub(super) address: Address,
    limits: Limits,
    /// Seconds since 1970 that it was there when it last answered; 0 before it told.
    told_at: AtomicI64,
}

/// An answer's status, content type, place of redirection and body.
struct Received {
    status: u16,
    content_type: String,
    location: Option<String>,
    body: Vec<u8>,
}

/// A failure, and whether it is of the kind that passes at once.
struct Trouble {
    error: TargetError,
    is_passing: bool,
}

impl From<TargetError> for Trouble {
    fn from(error: TargetError) -> Self {
        Self {
            error,
            is_passing: false,
        }
    }
}

impl Http {
    /// Makes the client; asks nothing yet.
    ///
    /// # Errors
    /// When the key cannot stand in a header or the system has no TLS roots.
    pub(super) fn new(
        address: Address,
        key: &Secret,
        limits: Limits,
    ) -> Result<Self, SeerrSetupError> {
        let mut key = HeaderValue::from_str(key.expose().trim()).map_err(|source| {
            // The source quotes nothing of the key.
            tracing::debug!(%source, "the API key cannot stand in a header");
            SeerrSetupError::KeyInvalid
        })?;
        key.set_sensitive(true);
        let client = Client::builder()
            .user_agent(concat!("ListSync/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(
                reqwest::header::HeaderName::from_static("x-api-key"),
                key,
            )]))
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .connect_timeout(limits.connect)
            // Seerr closes idle connections after 5 s; a reused one would be reset.
            .pool_idle_timeout(Duration::from_secs(4))
            // Seerr stands beside us; a proxy for the way out would only hide it.
            .no_proxy()
            .build()
            .map_err(|source| SeerrSetupError::Client { source })?;
        Ok(Self {
            client,
            address,
            limits,
            told_at: AtomicI64::new(0),
        })
    }

    /// What time it was at the other end when it last answered, to the second; none if it told none.
    pub(super) fn told_at(&self) -> Option<NaiveDateTime> {
        let seconds = self.told_at.load(Ordering::Relaxed);
        let told = DateTime::from_timestamp(seconds, 0).filter(|_| seconds != 0);
        told.map(|at| at.naive_utc())
    }

    /// Reads `path`, again after a short pause when the failure is of a kind that passes.
    ///
    /// # Errors
    /// The last failure.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: Call,
        path: &str,
        user: Option<i32>,
    ) -> Result<T, TargetError> {
        let mut pauses = self.limits.pauses.iter();
        loop {
            let trouble = match self.get_once(call, path, user, self.limits.read).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            match pauses.next() {
                Some(pause) if trouble.is_passing => {
                    tracing::debug!(path = without_query(path), error = %trouble.error, "reading from Seerr again");
                    tokio::time::sleep(*pause).await;
                }
                _ => return Err(trouble.error),
            }
        }
    }

    /// Reads `path` once, within `limit`.
    ///
    /// # Errors
    /// When there is no good answer in time.
    pub(super) async fn get_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        call: Call,
        path: &str,
    ) -> Result<T, TargetError> {
        self.get_once(call, path, None, limit)
            .await
            .map_err(|trouble| trouble.error)
    }

    async fn get_once<T: DeserializeOwned>(
        &self,
        call: Call,
        path: &str,
        user: Option<i32>,
        limit: Duration,
    ) -> Result<T, Trouble> {
        let request = self
            .client
            .request(Method::GET, self.address.of(path))
            .timeout(limit);
        let received = self.exchange(call, request, user, limit).await?;
        if let Some(error) = self.refusal(call, &received, user) {
            let is_passing = matches!(
                error,
                TargetError::Upstream { .. } | TargetError::Busy { .. }
            ) || received.status >= 500
                && !matches!(error, TargetError::NoSuchTitle);
            return Err(Trouble { error, is_passing });
        }
        serde_json::from_slice(&received.body).map_err(|error| {
            let what = format!("GET {}: {error}", without_query(path));
            TargetError::Malformed { what }.into()
        })
    }

    /// Posts `body` once. Gives the status of a success, or 409, with what came with it.
    ///
    /// # Errors
    /// [`TargetError::Unknown`] whenever it may have been carried out.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        call: Call,
        path: &str,
        body: &impl Serialize,
        user: Option<i32>,
    ) -> Result<(u16, Option<T>), TargetError> {
        let request = self.changing(Method::POST, path).json(body);
        let received = match self.carry_out(call, request, user).await {
            Err(TargetError::Rejected { status: 409, .. }) => return Ok((409, None)),
            received => received?,
        };
        if received.status == 202 {
            return Ok((202, None));
        }
        match serde_json::from_slice(&received.body) {
            Ok(answer) => Ok((received.status, Some(answer))),
            Err(error) => Err(TargetError::Unknown {
                why: format!("it said yes in a way that cannot be read: {error}"),
            }),
        }
    }

    /// Removes what is at `path`, asked once.
    ///
    /// # Errors
    /// As for [`Http::post`].
    pub(super) async fn delete(&self, call: Call, path: &str) -> Result<(), TargetError> {
        let request = self.changing(Method::DELETE, path);
        self.carry_out(call, request, None).await.map(drop)
    }

    fn changing(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.address.of(path));
        request.timeout(self.limits.post)
    }

    /// Sends what changes something, once, and gives the answer if it is a good one.
    async fn carry_out(
        &self,
        call: Call,
        request: RequestBuilder,
        user: Option<i32>,
    ) -> Result<Received, TargetError> {
        let sent = self.exchange(call, request, user, self.limits.post).await;
        let received = sent.map_err(|trouble| trouble.error)?;
        match self.refusal(call, &received, user) {
            Some(error) => Err(error),
            None => Ok(received),
        }
    }

    fn refusal(&self, call: Call, received: &Received, user: Option<i32>) -> Option<TargetError> {
        Answer {
            call,
            status: received.status,
            content_type: &received.content_type,
            location: received.location.as_deref(),
            body: &received.body,
            acts_for_another: user.is_some(),
            address: &self.address.shown,
        }
        .refusal()
    }

    async fn exchange(
        &self,
        call: Call,
        mut request: RequestBuilder,
        user: Option<i32>,
        limit: Duration,
    ) -> Result<Received, Trouble> {
        if let Some(user) = user {
            request = request.header("x-api-user", user);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| self.broken(call, error, limit))?;
        let header = |name| {
            let value: &HeaderValue = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let content_type = header(CONTENT_TYPE).unwrap_or_default();
        let location = header(LOCATION);
        // What is no time tells none.
        if let Some(Ok(at)) = header(DATE).map(|date| DateTime::parse_from_rfc2822(&date)) {
            self.told_at.store(at.timestamp(), Ordering::Relaxed);
        }
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(call, error, limit))?
        {
            if body.len() + chunk.len() > self.limits.body {
                let what = format!(
                    "an answer of more than {} MiB",
                    self.limits.body / (1024 * 1024)
                );
                return Err(if call.changes_something() {
                    TargetError::Unknown { why: what }
                } else {
                    TargetError::Malformed { what }
                }
                .into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Received {
            status,
            content_type,
            location,
            body,
        })
    }

    /// No answer, or a part of one.
    fn broken(&self, call: Call, error: reqwest::Error, limit: Duration) -> Trouble {
        let error = error.without_url(); // it may hold a password
        if error.is_connect() {
            return TargetError::Unreachable {
                address: self.address.shown.clone(),
                why: Chain(&error).to_string(),
            }
            .into();
        }
        if error.is_timeout() {
            let why = format!("no answer within {} s", limit.as_secs_f32());
            return if call.needs_tmdb() {
                TargetError::Upstream { message: why }
            } else {
                TargetError::Unknown { why }
            }
            .into();
        }
        Trouble {
            is_passing: true,
            error: TargetError::Unknown {
                why: Chain(&error).to_string(),
            },
        }
    }
}

/// Titles that people look for stay out of logs.
fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
