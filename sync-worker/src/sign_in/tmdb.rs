//! TMDB: the person says yes on a page, for which there is no code to enter. With a read access
//! token (v4) in the settings the account gets a token of that kind, with an API key (v3) a session;
//! neither runs out.
//!
//! Source: <https://developer.themoviedb.org/reference/auth-create-request-token> and
//! <https://developer.themoviedb.org/reference/authentication-create-request-token>.

use runtime::{Secret, settings::ProvidersSettings};
use schema::wire::Failure;
use serde_json::json;
use url::Url;

use super::site::{
    Answer, Call, Pin, Polled, Site, Tokens, address, application_refused, expired, needs,
    not_understood, unexpected,
};

/// See the module.
pub(super) struct Tmdb;

const REMEDY: &str = "Get one at https://www.themoviedb.org/settings/api and set \
                      `providers.tmdb.key` (TMDB_KEY).";
const COMPARE: &str = "Compare TMDB_KEY with https://www.themoviedb.org/settings/api.";

/// What TMDB's numbers of errors mean.
const INVALID_KEY: &str = "7";
const SESSION_DENIED: &str = "17";
const INVALID_REQUEST_TOKEN: &str = "33";
const NOT_APPROVED: &str = "41";

fn key(sites: &ProvidersSettings) -> Result<&Secret, Failure> {
    let key = sites.tmdb.key.as_ref();
    key.ok_or_else(|| needs(&Tmdb, "an API key or read access token", REMEDY))
}

/// A read access token (v4) has three parts with points between, an API key (v3) is one word.
fn is_v4(key: &Secret) -> bool {
    key.expose().contains('.')
}

fn url(sites: &ProvidersSettings, path: &str) -> Result<Url, Failure> {
    address(&sites.tmdb.api_url, path, "providers.tmdb.api_url")
}

fn url_v3(sites: &ProvidersSettings, path: &str, key: &Secret) -> Result<Url, Failure> {
    let mut url = url(sites, path)?;
    url.query_pairs_mut().append_pair("api_key", key.expose());
    Ok(url)
}

impl Site for Tmdb {
    fn name(&self) -> &'static str {
        "tmdb"
    }

    fn title(&self) -> &'static str {
        "TMDB"
    }

    fn begin(&self, sites: &ProvidersSettings) -> Result<Call, Failure> {
        let key = key(sites)?;
        if is_v4(key) {
            let call = Call::post(url(sites, "/4/auth/request_token")?, json!({}));
            return Ok(call.bearer(key));
        }
        Ok(Call::get(url_v3(
            sites,
            "/3/authentication/token/new",
            key,
        )?))
    }

    fn begun(&self, sites: &ProvidersSettings, answer: &Answer) -> Result<Pin, Failure> {
        if answer.status == 401 && answer.body.is_some() {
            return Err(application_refused(self, "your key", COMPARE));
        }
        if !answer.is_success() {
            return Err(unexpected(self, answer));
        }
        let Some(token) = answer.text("/request_token") else {
            return Err(not_understood(self));
        };
        let page = if is_v4(key(sites)?) {
            let mut page = address(&sites.tmdb.url, "/auth/access", "providers.tmdb.url")?;
            page.query_pairs_mut().append_pair("request_token", &token);
            page
        } else {
            let mut page = address(&sites.tmdb.url, "/authenticate", "providers.tmdb.url")?;
            if let Ok(mut path) = page.path_segments_mut() {
                path.push(&token);
            }
            page
        };
        Pin::new(self, answer, token, None, page.into())
    }

    fn poll(&self, sites: &ProvidersSettings, pin: &Pin) -> Result<Call, Failure> {
        let key = key(sites)?;
        let body = json!({ "request_token": pin.code.expose() });
        if is_v4(key) {
            let call = Call::post(url(sites, "/4/auth/access_token")?, body);
            return Ok(call.bearer(key));
        }
        let url = url_v3(sites, "/3/authentication/session/new", key)?;
        Ok(Call::post(url, body))
    }

    fn polled(&self, answer: &Answer) -> Polled {
        if answer.is_success() {
            let token = answer
                .text("/access_token")
                .or_else(|| answer.text("/session_id"));
            return token.map_or_else(
                || Polled::Over(not_understood(self)),
                |token| {
                    Polled::Approved(Tokens {
                        access: token.into(),
                        refresh: None,
                        lifetime: None,
                        account: answer.text("/account_id"),
                    })
                },
            );
        }
        match (answer.status, answer.text("/status_code").as_deref()) {
            (429, _) => Polled::SlowDown(answer.retry_after),
            (_, Some(NOT_APPROVED | SESSION_DENIED)) => Polled::Pending,
            (_, Some(INVALID_REQUEST_TOKEN)) => Polled::Over(expired(self)),
            (_, Some(INVALID_KEY)) => Polled::Over(application_refused(self, "your key", COMPARE)),
            _ => Polled::Trouble,
        }
    }

    fn who(&self, sites: &ProvidersSettings, tokens: &Tokens) -> Result<Call, Failure> {
        let mut url = url_v3(sites, "/3/account", key(sites)?)?;
        url.query_pairs_mut()
            .append_pair("session_id", tokens.access.expose());
        Ok(Call::get(url))
    }

    /// The account's number, which requests about it have.
    fn account(&self, answer: &Answer) -> Option<String> {
        answer.text("/id").or_else(|| answer.text("/username"))
    }
}
