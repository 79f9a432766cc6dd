//! Simkl: sign-in by a code of five characters, for which the client id is enough. Tokens of older
//! applications last for years; those of newer ones a week, with a refresh token.
//!
//! Source: <https://api.simkl.org/api-reference/pin>, checked 2026-11-21.

use runtime::{Secret, settings::ProvidersSettings};
use schema::wire::Failure;
use serde_json::json;
use url::Url;

use super::site::{
    Answer, Call, Pin, Polled, Site, Tokens, address, application_refused, denied, expired, needs,
    not_understood, unexpected,
};

/// See the module.
pub(super) struct Simkl;

const REMEDY: &str = "Make an application at https://simkl.com/settings/developer/ and set \
                      `providers.simkl.client_id` (SIMKL_CLIENT_ID).";
const COMPARE: &str =
    "Compare SIMKL_CLIENT_ID with your application at https://simkl.com/settings/developer/.";

fn client_id(sites: &ProvidersSettings) -> Result<&Secret, Failure> {
    let id = sites.simkl.client_id.as_ref();
    id.ok_or_else(|| needs(&Simkl, "the client id of your application", REMEDY))
}

/// An address with what every request to Simkl has to say.
fn url(sites: &ProvidersSettings, parts: &[&str], id: &Secret) -> Result<Url, Failure> {
    let mut url = address(&sites.simkl.url, "", "providers.simkl.url")?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url.query_pairs_mut()
        .append_pair("client_id", id.expose())
        .append_pair("app-name", "listsync")
        .append_pair("app-version", env!("CARGO_PKG_VERSION"));
    Ok(url)
}

impl Site for Simkl {
    fn name(&self) -> &'static str {
        "simkl"
    }

    fn title(&self) -> &'static str {
        "Simkl"
    }

    fn begin(&self, sites: &ProvidersSettings) -> Result<Call, Failure> {
        let id = client_id(sites)?;
        let call = Call::get(url(sites, &["oauth", "pin"], id)?);
        Ok(call.header("simkl-api-key", id.expose()))
    }

    fn begun(&self, _sites: &ProvidersSettings, answer: &Answer) -> Result<Pin, Failure> {
        match answer.status {
            400 | 401 | 403 | 404 | 412 if answer.body.is_some() => {
                return Err(application_refused(self, "your client id", COMPARE));
            }
            _ if !answer.is_success() => return Err(unexpected(self, answer)),
            _ => {}
        }
        let page = answer
            .text("/verification_uri")
            .or_else(|| answer.text("/verification_url"));
        let (Some(code), Some(page)) = (answer.text("/user_code"), page) else {
            return Err(not_understood(self));
        };
        Pin::new(self, answer, code.clone(), Some(code), page)
    }

    fn poll(&self, sites: &ProvidersSettings, pin: &Pin) -> Result<Call, Failure> {
        let id = client_id(sites)?;
        let call = Call::get(url(sites, &["oauth", "pin", pin.code.expose()], id)?);
        Ok(call.header("simkl-api-key", id.expose()))
    }

    fn polled(&self, answer: &Answer) -> Polled {
        if answer.status == 429 {
            return Polled::SlowDown(answer.retry_after);
        }
        if answer.is_success()
            && let Some(tokens) = Tokens::of(answer)
        {
            return Polled::Approved(tokens);
        }
        match answer.error().as_deref() {
            Some("authorization_pending") => return Polled::Pending,
            Some("slow_down") => return Polled::SlowDown(answer.retry_after),
            Some("access_denied") => return Polled::Over(denied(self)),
            Some("expired_token" | "invalid_grant") => return Polled::Over(expired(self)),
            _ => {}
        }
        // A code that is gone is answered with a new one, which nobody has been shown.
        let is_gone = answer.text("/device_code").is_some() || answer.text("/user_code").is_some();
        match answer.status {
            200..300 if is_gone => Polled::Over(expired(self)),
            200..300 if answer.text("/result").is_some() => Polled::Pending,
            404 | 410 => Polled::Over(expired(self)),
            401 | 403 | 412 if answer.body.is_some() => {
                Polled::Over(application_refused(self, "your client id", COMPARE))
            }
            _ => Polled::Trouble,
        }
    }

    fn who(&self, sites: &ProvidersSettings, tokens: &Tokens) -> Result<Call, Failure> {
        let id = client_id(sites)?;
        let call = Call::get(url(sites, &["users", "settings"], id)?).bearer(&tokens.access);
        Ok(call.header("simkl-api-key", id.expose()))
    }

    /// The account's number, which addresses of its lists have, too.
    fn account(&self, answer: &Answer) -> Option<String> {
        answer
            .text("/account/id")
            .or_else(|| answer.text("/user/name"))
    }

    fn refresh(
        &self,
        sites: &ProvidersSettings,
        refresh_token: &Secret,
    ) -> Result<Option<Call>, Failure> {
        let id = client_id(sites)?;
        let mut body = json!({
            "refresh_token": refresh_token.expose(),
            "client_id": id.expose(),
            "grant_type": "refresh_token",
        });
        if let (Some(secret), Some(members)) = (&sites.simkl.client_secret, body.as_object_mut()) {
            members.insert("client_secret".to_owned(), secret.expose().into());
        }
        let call = Call::post(url(sites, &["oauth", "token"], id)?, body);
        Ok(Some(call.header("simkl-api-key", id.expose())))
    }
}
