//! What TMDB is shown with each request: the application's key of old (a text in the address) or new
//! kind (a token in a header), and what proves an account. What stands in the address is a secret part of
//! the request, so that neither a log nor a kept answer has it.

use std::fmt;

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use schema::models::Cause;
use url::Url;

use super::KEYS;
use crate::provider::{ListToRead, ProviderError, Request, SecretPart};

/// Key and sign-in of one reading.
#[derive(Clone, Default)]
pub(super) struct Access {
    key: Option<Proof>,
    /// What the account's owner allowed.
    token: Option<Proof>,
    /// Name, number or id of the account.
    pub(super) account: Option<String>,
}

/// A secret, by how it is shown.
#[derive(Clone)]
enum Proof {
    /// API key or session: in the address.
    Text(String),
    /// A token: in a header.
    Token(HeaderValue),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(***)")
    }
}

impl Access {
    /// Takes it from what the reading was given.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when it has characters that cannot be sent.
    pub(super) fn of(list: &ListToRead) -> Result<Self, ProviderError> {
        let Some(credential) = &list.credential else {
            return Ok(Self::default());
        };
        Ok(Self {
            key: proof(credential.key.as_deref())?,
            token: proof(credential.token.as_deref())?,
            account: credential.account.clone().filter(|name| !name.is_empty()),
        })
    }

    /// Whether there is anything to show at all.
    pub(super) fn is_any(&self) -> bool {
        self.key.is_some() || matches!(self.token, Some(Proof::Token(_)))
    }

    /// Whether somebody has signed in.
    pub(super) fn is_signed_in(&self) -> bool {
        self.token.is_some()
    }

    /// Whether the sign-in is one of the newer API.
    pub(super) fn has_account_token(&self) -> bool {
        matches!(self.token, Some(Proof::Token(_)))
    }

    /// A request of the older API, which takes any key.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when there is none.
    pub(super) fn ask(
        &self,
        url: Url,
        step: &'static str,
        pairs: &[(&str, &str)],
    ) -> Result<Request, ProviderError> {
        match (&self.key, &self.token) {
            (Some(key), _) => Ok(key.on(url, step, pairs)),
            (None, Some(Proof::Token(token))) => Ok(bearing(url, step, pairs, token)),
            _ => Err(no_key("")),
        }
    }

    /// A request of the newer API, which takes tokens only, the account's before the application's.
    pub(super) fn bearing(
        &self,
        url: Url,
        step: &'static str,
        pairs: &[(&str, &str)],
    ) -> Option<Request> {
        let token =
            [&self.token, &self.key]
                .into_iter()
                .flatten()
                .find_map(|proof| match proof {
                    Proof::Token(token) => Some(token),
                    Proof::Text(_) => None,
                })?;
        Some(bearing(url, step, pairs, token))
    }

    /// A request of the older API in the name of an account.
    ///
    /// # Errors
    /// As [`Access::ask`].
    pub(super) fn ask_for_account(
        &self,
        url: Url,
        step: &'static str,
        pairs: &[(&str, &str)],
    ) -> Result<Request, ProviderError> {
        let request = self.ask(url, step, pairs)?;
        Ok(match &self.token {
            Some(Proof::Text(session)) => {
                request.secret(SecretPart::Query("session_id", session.as_str().into()))
            }
            _ => request,
        })
    }
}

impl Proof {
    fn on(&self, url: Url, step: &'static str, pairs: &[(&str, &str)]) -> Request {
        match self {
            Self::Text(text) => Request::get(with(url, pairs), step)
                .header("accept", JSON)
                .secret(SecretPart::Query("api_key", text.as_str().into())),
            Self::Token(token) => bearing(url, step, pairs, token),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn bearing(url: Url, step: &'static str, pairs: &[(&str, &str)], token: &HeaderValue) -> Request {
    Request::get(with(url, pairs), step)
        .header("accept", JSON)
        .header("authorization", token.clone())
}

fn with(mut url: Url, pairs: &[(&str, &str)]) -> Url {
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}

/// Read access tokens are three parts with dots between, of which the first is JSON in Base64: a key
/// has neither.
fn proof(text: Option<&str>) -> Result<Option<Proof>, ProviderError> {
    let text = text.map(str::trim).unwrap_or_default();
    let text = text.strip_prefix("Bearer ").map_or(text, str::trim);
    if text.is_empty() {
        return Ok(None);
    }
    if !(text.starts_with("eyJ") || text.contains('.')) {
        return Ok(Some(Proof::Text(text.to_owned())));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(unsendable)?;
    value.set_sensitive(true);
    Ok(Some(Proof::Token(value)))
}

fn unsendable(error: InvalidHeaderValue) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        format!("the API key of TMDB cannot be sent: {error}"),
        format!("Copy `providers.tmdb.key` (TMDB_KEY) again from {KEYS}."),
    )
}

/// `what` it is wanted for, with a space before it, where that is known.
pub(super) fn no_key(what: &str) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        format!("TMDB needs an API key{what}"),
        format!("Get one at {KEYS} and set `providers.tmdb.key` (TMDB_KEY)."),
    )
}

#[cfg(test)]
mod tests {
    use schema::wire::scraper::Credential;

    use super::*;

    const TOKEN: &str = "eyJhbGciOi.eyJhdWQiOi.signature";

    fn access(key: &str, token: &str) -> Access {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let credential = Credential {
            key: text(key),
            token: text(token),
            account: None,
        };
        Access::of(&ListToRead {
            credential: Some(credential),
            ..ListToRead::default()
        })
        .unwrap()
    }

    fn shown(request: &Request) -> (String, Option<&str>) {
        let header = request
            .headers
            .iter()
            .find(|(name, _)| *name == "authorization");
        let secrets = request.secrets.iter().map(|part| match part {
            SecretPart::Query(name, value) => format!("{name}={}", value.expose()),
            SecretPart::Body(_) => panic!("a secret body"),
        });
        let open = request.url.query().map(str::to_owned);
        let query: Vec<_> = open.into_iter().chain(secrets).collect();
        (
            query.join("&"),
            header.map(|(_, value)| value.to_str().unwrap()),
        )
    }

    fn url() -> Url {
        Url::parse("http://api.example/3/x").unwrap()
    }

    #[test]
    fn a_key_goes_into_the_address_and_a_token_into_a_header() {
        for (key, token, expected) in [
            ("0123abc", "", ("page=1&api_key=0123abc", None)),
            (" 0123abc ", "", ("page=1&api_key=0123abc", None)),
            (TOKEN, "", ("page=1", Some(TOKEN))),
            (&format!("Bearer {TOKEN}"), "", ("page=1", Some(TOKEN))),
            ("", TOKEN, ("page=1", Some(TOKEN))),
            ("0123abc", TOKEN, ("page=1&api_key=0123abc", None)),
        ] {
            let request = access(key, token)
                .ask(url(), "x", &[("page", "1")])
                .unwrap();
            let header = expected.1.map(|token| format!("Bearer {token}"));
            assert_eq!(shown(&request), (expected.0.to_owned(), header.as_deref()));
        }
    }

    #[test]
    fn the_newer_api_takes_tokens_only_and_the_accounts_own_first() {
        let account = format!("{TOKEN}2");
        for (key, token, expected) in [
            ("0123abc", "", None),
            ("0123abc", "5e55104", None),
            (TOKEN, "", Some(TOKEN)),
            (TOKEN, "5e55104", Some(TOKEN)),
            (TOKEN, &account, Some(account.as_str())),
        ] {
            let request = access(key, token).bearing(url(), "x", &[]);
            let header = expected.map(|token| format!("Bearer {token}"));
            assert_eq!(
                request.as_ref().and_then(|request| shown(request).1),
                header.as_deref()
            );
        }
    }

    #[test]
    fn no_address_and_no_log_has_the_key_or_the_session_in_it() {
        let request = access("0123abc", "5e55104")
            .ask_for_account(url(), "x", &[("page", "1")])
            .unwrap();
        assert_eq!(request.url.query(), Some("page=1"));
        let logged = format!("{request:?}");
        assert!(
            !logged.contains("0123abc") && !logged.contains("5e55104"),
            "{logged}"
        );
    }

    #[test]
    fn a_session_goes_with_the_key_and_is_no_key_itself() {
        let request = access("0123abc", "5e55104")
            .ask_for_account(url(), "x", &[])
            .unwrap();
        assert_eq!(
            shown(&request),
            ("api_key=0123abc&session_id=5e55104".to_owned(), None)
        );
        let error = access("", "5e55104").ask(url(), "x", &[]).unwrap_err();
        let ProviderError::Refused { cause, remedy, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(cause, Cause::NeedsKey);
        assert!(
            remedy.contains("TMDB_KEY") && remedy.contains(KEYS),
            "{remedy}"
        );
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused_and_not_shown() {
        let list = ListToRead {
            credential: Some(Credential::key("eyJ.very\nsecret")),
            ..ListToRead::default()
        };
        let error = Access::of(&list).unwrap_err();
        assert!(
            matches!(
                error,
                ProviderError::Refused {
                    cause: Cause::NeedsKey,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("secret"));
        let request = access(TOKEN, "").ask(url(), "x", &[]).unwrap();
        assert!(!format!("{request:?}").contains("signature"));
    }
}
