//! What an answer of Seerr that is not the wanted one means: from status, content type and text to
//! [`TargetError`]. Pure.

use serde::Deserialize;

use crate::target::TargetError;

/// What was asked, as far as it changes the meaning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Seerr's own data.
    Own,
    /// Search: Seerr asks TMDB for it.
    Search,
    /// One title: Seerr asks TMDB for it.
    Details,
    /// A request is made.
    Post,
    /// A failed request is sent on once more.
    Retry,
    /// A request is taken back.
    Withdraw,
}

impl Call {
    /// Whether Seerr asks TMDB before it answers, and waits for it without limit.
    pub(super) fn needs_tmdb(self) -> bool {
        matches!(self, Self::Search | Self::Details)
    }

    /// Whether Seerr has something else than before when it went well.
    pub(super) fn changes_something(self) -> bool {
        matches!(self, Self::Post | Self::Retry | Self::Withdraw)
    }

    /// Whether it is about one request, which may be gone.
    fn is_about_a_request(self) -> bool {
        matches!(self, Self::Retry | Self::Withdraw)
    }
}

/// An answer that was read to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) call: Call,
    pub(super) status: u16,
    /// As in the header; empty without one.
    pub(super) content_type: &'a str,
    /// Of a redirect.
    pub(super) location: Option<&'a str>,
    pub(super) body: &'a [u8],
    /// Whether `X-Api-User` was sent.
    pub(super) acts_for_another: bool,
    /// For people.
    pub(super) address: &'a str,
}

/// The two shapes of Seerr's errors.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    message: Option<String>,
    error: Option<String>,
    errors: Vec<serde_json::Value>,
}

impl Words {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// One line, not too long.
    fn text(&self) -> String {
        let details = self.errors.iter().map(|error| {
            let words = error.get("message").unwrap_or(error);
            words
                .as_str()
                .map_or_else(|| words.to_string(), str::to_owned)
        });
        let mut parts: Vec<String> = self.message.iter().chain(&self.error).cloned().collect();
        parts.extend(details.filter(|detail| Some(detail) != self.message.as_ref()));
        let line = parts.join("; ");
        if line.is_empty() {
            "it gave no reason".to_owned()
        } else {
            line.replace(['\n', '\r'], " ").chars().take(300).collect()
        }
    }
}

impl Answer<'_> {
    /// What is wrong with the answer; nothing when it is JSON and not an error.
    pub(super) fn refusal(&self) -> Option<TargetError> {
        match self.status {
            300..=399 => Some(TargetError::NotSeerr {
                found: format!(
                    "a redirect (status {}) to {}",
                    self.status,
                    self.location.map_or("nowhere".into(), shortened)
                ),
            }),
            429 => Some(TargetError::Busy {
                message: "a proxy in front of it says: too many requests (status 429)".into(),
            }),
            408 | 501..=599 => Some(self.gateway()),
            500 if !self.is_json() => Some(self.gateway()),
            204 if self.call == Call::Withdraw => None, // it comes without a body
            _ if !self.is_json() => Some(TargetError::NotSeerr {
                found: self.kind_of_answer(),
            }),
            200..=299 => None,
            _ => Some(self.error_of_seerr()),
        }
    }

    fn is_json(&self) -> bool {
        let essence = self.content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }

    fn kind_of_answer(&self) -> String {
        match (
            self.status,
            self.content_type
                .split(';')
                .next()
                .unwrap_or_default()
                .trim(),
        ) {
            (status, "") => format!("an answer without a content type (status {status})"),
            (status, "text/html") => format!("a web page (status {status})"),
            (status, other) => format!("{} (status {status})", shortened(other)),
        }
    }

    /// Whatever stands in front of Seerr could not get an answer from it.
    fn gateway(&self) -> TargetError {
        let why = format!(
            "what stands in front of it answered with status {}",
            self.status
        );
        match self.call {
            call if call.changes_something() => TargetError::Unknown { why },
            call if call.needs_tmdb() && matches!(self.status, 408 | 504) => {
                TargetError::Upstream { message: why }
            }
            _ => TargetError::Unreachable {
                address: self.address.to_owned(),
                why,
            },
        }
    }

    fn error_of_seerr(&self) -> TargetError {
        let words = Words::read(self.body);
        let message = words.text();
        let lower = message.to_lowercase();
        match self.status {
            // So Seerr says that the user may not take back a request.
            401 if lower.contains("permission") => TargetError::NotAllowed { message },
            401 => TargetError::KeyMissing,
            403 if words.message.is_none() || lower.contains("access this endpoint") => {
                // The same answer for a wrong key and for an unknown X-Api-User; the key was
                // checked before others are acted for.
                if self.acts_for_another {
                    TargetError::NoSuchUser
                } else {
                    TargetError::KeyRefused
                }
            }
            403 if lower.contains("csrf") => TargetError::Csrf,
            403 if lower.contains("quota") => TargetError::Quota { message },
            403 if lower.contains("blocklisted") || lower.contains("blacklisted") => {
                TargetError::Blocklisted
            }
            403 => TargetError::NotAllowed { message },
            404 if self.call == Call::Details => TargetError::NoSuchTitle,
            // An unknown path has a list of errors; a request that is gone has none.
            404 if self.call.is_about_a_request() && words.errors.is_empty() => {
                TargetError::NoSuchRequest
            }
            404 => TargetError::NotSeerr {
                found: format!("status 404: {message}"),
            },
            500 => self.internal_error(message, &lower),
            status => TargetError::Rejected { status, message },
        }
    }

    fn internal_error(&self, message: String, lower: &str) -> TargetError {
        const BUSY: [&str; 6] = [
            "sqlite_",
            "database is locked",
            "deadlock",
            "unique constraint",
            "duplicate key",
            "foreign key",
        ];
        const UPSTREAM: [&str; 12] = [
            "status code",
            "[tmdb]",
            "econn",
            "etimedout",
            "eai_again",
            "enotfound",
            "epipe",
            "socket hang up",
            "timeout of",
            "network",
            "ehostunreach",
            "enetunreach",
        ];
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if says(&BUSY) {
            TargetError::Busy { message }
        } else if lower.contains("could not find any entity of type \"user\"") {
            TargetError::NoSuchUser
        } else if lower.contains("status code 404") {
            TargetError::NoSuchTitle
        } else if self.call.needs_tmdb() || says(&UPSTREAM) {
            TargetError::Upstream { message }
        } else if self.call == Call::Own {
            TargetError::Busy { message }
        } else {
            TargetError::Rejected {
                status: self.status,
                message,
            }
        }
    }
}

/// Text of a stranger, for one line of ours.
fn shortened(text: &str) -> String {
    text.chars()
        .filter(|sign| !sign.is_control())
        .take(100)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(call: Call, status: u16, body: &str) -> Option<TargetError> {
        answer(call, status, "application/json; charset=utf-8", body).refusal()
    }

    fn answer<'a>(call: Call, status: u16, content_type: &'a str, body: &'a str) -> Answer<'a> {
        Answer {
            call,
            status,
            content_type,
            location: None,
            body: body.as_bytes(),
            acts_for_another: false,
            address: "http://seerr:5055",
        }
    }

    fn text(message: &str) -> String {
        serde_json::json!({ "message": message }).to_string()
    }

    #[test]
    fn every_text_of_a_refused_request_has_its_meaning() {
        let own = |message: &str| message.to_owned();
        let table = [
            (
                403,
                "You do not have permission to make movie requests.",
                TargetError::NotAllowed {
                    message: own("You do not have permission to make movie requests."),
                },
            ),
            (
                403,
                "You do not have permission to make series requests.",
                TargetError::NotAllowed {
                    message: own("You do not have permission to make series requests."),
                },
            ),
            (
                403,
                "You do not have permission to make 4K movie requests.",
                TargetError::NotAllowed {
                    message: own("You do not have permission to make 4K movie requests."),
                },
            ),
            (
                403,
                "You do not have permission to modify the request user.",
                TargetError::NotAllowed {
                    message: own("You do not have permission to modify the request user."),
                },
            ),
            (
                403,
                "Movie Quota exceeded.",
                TargetError::Quota {
                    message: own("Movie Quota exceeded."),
                },
            ),
            (
                403,
                "Series Quota exceeded.",
                TargetError::Quota {
                    message: own("Series Quota exceeded."),
                },
            ),
            (403, "This media is blocklisted.", TargetError::Blocklisted),
            (403, "This media is blacklisted.", TargetError::Blocklisted),
            (403, "invalid csrf token", TargetError::Csrf),
            (
                401,
                "cookie 'connect.sid' required",
                TargetError::KeyMissing,
            ),
            (
                500,
                "[TMDB] Failed to fetch movie details: Request failed with status code 404",
                TargetError::NoSuchTitle,
            ),
            (
                500,
                "[TMDB] Failed to fetch TV show details: Request failed with status code 404",
                TargetError::NoSuchTitle,
            ),
            (
                500,
                "[TMDB] Failed to fetch movie details: Request failed with status code 429",
                TargetError::Upstream {
                    message: own(
                        "[TMDB] Failed to fetch movie details: Request failed with status code 429",
                    ),
                },
            ),
            (
                500,
                "[TMDB] Failed to fetch movie details: Request failed with status code 500",
                TargetError::Upstream {
                    message: own(
                        "[TMDB] Failed to fetch movie details: Request failed with status code 500",
                    ),
                },
            ),
            (
                500,
                "[TMDB] Failed to fetch movie details: connect ECONNREFUSED 127.0.0.1:80",
                TargetError::Upstream {
                    message: own(
                        "[TMDB] Failed to fetch movie details: connect ECONNREFUSED 127.0.0.1:80",
                    ),
                },
            ),
            (
                500,
                "Cannot read properties of undefined (reading 'filter')",
                TargetError::Rejected {
                    status: 500,
                    message: own("Cannot read properties of undefined (reading 'filter')"),
                },
            ),
            (
                500,
                "Could not find any entity of type \"User\" matching: {}",
                TargetError::NoSuchUser,
            ),
            (
                500,
                "SQLITE_CONSTRAINT: UNIQUE constraint failed: media.tvdbId",
                TargetError::Busy {
                    message: own("SQLITE_CONSTRAINT: UNIQUE constraint failed: media.tvdbId"),
                },
            ),
            (
                500,
                "SQLITE_CONSTRAINT: FOREIGN KEY constraint failed",
                TargetError::Busy {
                    message: own("SQLITE_CONSTRAINT: FOREIGN KEY constraint failed"),
                },
            ),
            (
                500,
                "SQLITE_BUSY: database is locked",
                TargetError::Busy {
                    message: own("SQLITE_BUSY: database is locked"),
                },
            ),
            (
                500,
                "value.join is not a function",
                TargetError::Rejected {
                    status: 500,
                    message: own("value.join is not a function"),
                },
            ),
        ];
        for (status, message, wanted) in table {
            assert_eq!(
                refusal(Call::Post, status, &text(message)),
                Some(wanted),
                "{message}"
            );
        }
    }

    #[test]
    fn the_other_shape_of_a_403_is_the_key_or_the_user() {
        let body = r#"{"status":403,"error":"You do not have permission to access this endpoint"}"#;
        assert_eq!(refusal(Call::Own, 403, body), Some(TargetError::KeyRefused));
        let mut for_another = answer(Call::Post, 403, "application/json", body);
        for_another.acts_for_another = true;
        assert_eq!(for_another.refusal(), Some(TargetError::NoSuchUser));
    }

    #[test]
    fn what_the_validator_says_is_passed_on() {
        let body = r#"{"message":"request/body/mediaId must be number","errors":[{"path":"/body/mediaId","message":"must be number","errorCode":"type"}]}"#;
        assert_eq!(
            refusal(Call::Post, 400, body),
            Some(TargetError::Rejected {
                status: 400,
                message: "request/body/mediaId must be number; must be number".into()
            })
        );
        assert!(matches!(
            refusal(
                Call::Post,
                415,
                r#"{"message":"unsupported media type","errors":["x"]}"#
            ),
            Some(TargetError::Rejected { status: 415, .. })
        ));
        assert!(matches!(
            refusal(Call::Own, 400, "{}"),
            Some(TargetError::Rejected { .. })
        ));
        assert!(matches!(
            refusal(Call::Own, 400, "nonsense"),
            Some(TargetError::Rejected { .. })
        ));
    }

    #[test]
    fn tmdb_trouble_while_reading_is_upstream_and_never_not_found() {
        for message in [
            "Unable to retrieve movie.",
            "Unable to retrieve series.",
            "Unable to retrieve search results.",
        ] {
            for call in [Call::Search, Call::Details] {
                assert!(matches!(
                    refusal(call, 500, &text(message)),
                    Some(TargetError::Upstream { .. })
                ));
            }
        }
        assert!(matches!(
            refusal(Call::Own, 500, &text("oh")),
            Some(TargetError::Busy { .. })
        ));
    }

    #[test]
    fn a_page_or_a_redirect_is_not_seerr() {
        for (call, status) in [
            (Call::Own, 200),
            (Call::Post, 404),
            (Call::Post, 200),
            (Call::Own, 401),
            (Call::Own, 403),
        ] {
            let found = answer(call, status, "text/html; charset=utf-8", "<html>").refusal();
            assert_eq!(
                found,
                Some(TargetError::NotSeerr {
                    found: format!("a web page (status {status})")
                })
            );
        }
        let mut redirect = answer(Call::Own, 307, "", "");
        redirect.location = Some("/login");
        assert_eq!(
            redirect.refusal(),
            Some(TargetError::NotSeerr {
                found: "a redirect (status 307) to /login".into()
            })
        );
        assert!(matches!(
            refusal(Call::Own, 404, r#"{"message":"not found","errors":[]}"#),
            Some(TargetError::NotSeerr { .. })
        ));
    }

    #[test]
    fn a_gateway_that_gives_up_leaves_only_a_request_in_doubt() {
        for status in [502, 503, 504, 524] {
            let of = |call| {
                answer(call, status, "text/html", "<h1>Bad Gateway</h1>")
                    .refusal()
                    .unwrap()
            };
            assert!(of(Call::Post).may_have_been_sent());
            assert!(!of(Call::Own).may_have_been_sent());
            assert!(of(Call::Own).ends_the_run());
        }
        assert!(matches!(
            answer(Call::Search, 504, "text/html", "").refusal(),
            Some(TargetError::Upstream { .. })
        ));
        assert!(matches!(
            answer(Call::Post, 429, "text/html", "").refusal(),
            Some(TargetError::Busy { .. })
        ));
    }

    #[test]
    fn a_request_that_is_gone_is_told_from_a_path_that_is_not_there() {
        let unknown =
            r#"{"message":"not found","errors":[{"path":"/api/v1/x","message":"not found"}]}"#;
        for call in [Call::Retry, Call::Withdraw] {
            for words in ["Request not found.", "Request not found"] {
                assert_eq!(
                    refusal(call, 404, &text(words)),
                    Some(TargetError::NoSuchRequest)
                );
            }
            assert!(matches!(
                refusal(call, 404, unknown),
                Some(TargetError::NotSeerr { .. })
            ));
            let page = answer(call, 404, "text/html", "<html>").refusal();
            assert!(matches!(page, Some(TargetError::NotSeerr { .. })));
        }
    }

    #[test]
    fn whatever_changes_something_is_in_doubt_behind_a_gateway() {
        for call in [Call::Post, Call::Retry, Call::Withdraw] {
            assert!(call.changes_something() && !call.needs_tmdb());
            let error = answer(call, 502, "text/html", "").refusal().unwrap();
            assert!(error.may_have_been_sent(), "{call:?}");
        }
        for call in [Call::Own, Call::Search, Call::Details] {
            assert!(!call.changes_something());
        }
    }

    #[test]
    fn only_taking_back_is_well_answered_with_nothing() {
        assert_eq!(answer(Call::Withdraw, 204, "", "").refusal(), None);
        for call in [Call::Post, Call::Retry, Call::Own] {
            let error = answer(call, 204, "", "").refusal();
            assert!(
                matches!(error, Some(TargetError::NotSeerr { .. })),
                "{call:?}"
            );
        }
    }

    #[test]
    fn a_good_answer_is_none() {
        for status in [200, 201, 202] {
            for call in [Call::Post, Call::Retry, Call::Withdraw] {
                assert_eq!(refusal(call, status, "{}"), None);
            }
        }
    }
}
