//! Plex: sign-in by a code of four characters, without an application of the owner's. Its tokens do
//! not run out.
//!
//! Source: <https://developer.plex.tv/pms/#section/API-Info/Authenticating-with-Plex>, and how
//! clients with a remote control ask for a code that `plex.tv/link` takes.

use runtime::{Secret, settings::ProvidersSettings};
use schema::wire::Failure;
use serde_json::json;
use url::Url;

use super::site::{
    Answer, Call, Pin, Polled, Site, Tokens, address, expired, not_understood, unexpected,
};

/// See the module.
pub(super) struct Plex;

/// What Plex knows this program by; tokens belong to an account and this together.
const CLIENT: &str = "listsync-self-hosted";
/// Between the number of a code and the code itself, in what we poll with.
const BETWEEN: char = '/';

fn url(sites: &ProvidersSettings, path: &str) -> Result<Url, Failure> {
    address(&sites.plex.account_url, path, "providers.plex.account_url")
}

fn introduced(call: Call) -> Call {
    call.header("x-plex-client-identifier", CLIENT)
        .header("x-plex-product", "ListSync")
        .header("x-plex-version", env!("CARGO_PKG_VERSION"))
}

impl Site for Plex {
    fn name(&self) -> &'static str {
        "plex"
    }

    fn title(&self) -> &'static str {
        "Plex"
    }

    fn begin(&self, sites: &ProvidersSettings) -> Result<Call, Failure> {
        let mut url = url(sites, "/api/v2/pins")?;
        url.query_pairs_mut().append_pair("strong", "false");
        Ok(introduced(Call::post(url, json!({}))))
    }

    fn begun(&self, sites: &ProvidersSettings, answer: &Answer) -> Result<Pin, Failure> {
        if !answer.is_success() {
            return Err(unexpected(self, answer));
        }
        let (Some(id), Some(code)) = (answer.text("/id"), answer.text("/code")) else {
            return Err(not_understood(self));
        };
        let page = url(sites, "/link")?;
        let asked_with = format!("{id}{BETWEEN}{code}");
        Pin::new(self, answer, asked_with, Some(code), page.into())
    }

    fn poll(&self, sites: &ProvidersSettings, pin: &Pin) -> Result<Call, Failure> {
        let (id, code) = pin
            .code
            .expose()
            .split_once(BETWEEN)
            .ok_or_else(|| not_understood(self))?;
        let mut url = url(sites, "/api/v2/pins")?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(id);
        }
        url.query_pairs_mut().append_pair("code", code);
        Ok(introduced(Call::get(url)))
    }

    fn polled(&self, answer: &Answer) -> Polled {
        match answer.status {
            200..300 => match answer.text("/authToken") {
                Some(token) => Polled::Approved(Tokens {
                    access: token.into(),
                    refresh: None,
                    lifetime: None,
                    account: None,
                }),
                None if answer.text("/id").is_some() => Polled::Pending,
                None => Polled::Trouble,
            },
            404 | 410 => Polled::Over(expired(self)),
            429 => Polled::SlowDown(answer.retry_after),
            _ => Polled::Trouble,
        }
    }

    fn who(&self, sites: &ProvidersSettings, tokens: &Tokens) -> Result<Call, Failure> {
        let call = Call::get(url(sites, "/api/v2/user")?);
        let token = Secret::new(tokens.access.expose());
        Ok(introduced(call).header("x-plex-token", token))
    }

    fn account(&self, answer: &Answer) -> Option<String> {
        answer
            .text("/username")
            .or_else(|| answer.text("/title"))
            .or_else(|| answer.text("/id"))
    }
}
