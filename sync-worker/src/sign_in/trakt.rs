//! Trakt: device sign-in with the client id and secret of the owner's application. Refresh tokens
//! are good for one use; access tokens last a day, or a week for older applications.
//!
//! Source: <https://trakt.docs.apiary.io/#reference/authentication-devices>, checked 2026-11-21.

use runtime::{Secret, settings::ProvidersSettings};
use schema::wire::Failure;
use serde_json::json;
use url::Url;

use super::site::{
    Answer, Call, Pin, Polled, Site, Tokens, address, application_refused, denied, expired, needs,
    not_understood, unexpected, void,
};

/// See the module.
pub(super) struct Trakt;

const REMEDY: &str = "Make an application at https://app.trakt.tv/settings/apps and set \
                      `providers.trakt.client_id` (TRAKT_CLIENT_ID) and \
                      `providers.trakt.client_secret` (TRAKT_CLIENT_SECRET).";
/// What stands in the settings.
const APPLICATION: &str = "your client id and secret";
const COMPARE: &str = "Compare TRAKT_CLIENT_ID and TRAKT_CLIENT_SECRET with your application at \
                       https://app.trakt.tv/settings/apps.";
/// Where a person would be sent back to; we are nowhere a page could send anybody.
const NOWHERE: &str = "urn:ietf:wg:oauth:2.0:oob";

/// The client id and secret.
fn application(sites: &ProvidersSettings) -> Result<(&Secret, &Secret), Failure> {
    let trakt = &sites.trakt;
    let id = trakt.client_id.as_ref();
    let id = id.ok_or_else(|| needs(&Trakt, "the client id of your application", REMEDY))?;
    let secret = trakt.client_secret.as_ref();
    let secret =
        secret.ok_or_else(|| needs(&Trakt, "the client secret of your application", REMEDY))?;
    Ok((id, secret))
}

fn url(sites: &ProvidersSettings, path: &str) -> Result<Url, Failure> {
    address(&sites.trakt.url, path, "providers.trakt.url")
}

fn with_key(call: Call, client_id: &Secret) -> Call {
    call.header("trakt-api-version", "2")
        .header("trakt-api-key", client_id.expose())
}

impl Site for Trakt {
    fn name(&self) -> &'static str {
        "trakt"
    }

    fn title(&self) -> &'static str {
        "Trakt"
    }

    fn begin(&self, sites: &ProvidersSettings) -> Result<Call, Failure> {
        let (id, _) = application(sites)?;
        let body = json!({ "client_id": id.expose() });
        let call = Call::post(url(sites, "/oauth/device/code")?, body);
        Ok(with_key(call, id))
    }

    fn begun(&self, _sites: &ProvidersSettings, answer: &Answer) -> Result<Pin, Failure> {
        match answer.status {
            401 | 403 | 404 if answer.body.is_some() => {
                return Err(application_refused(self, APPLICATION, COMPARE));
            }
            _ if !answer.is_success() => return Err(unexpected(self, answer)),
            _ => {}
        }
        let code = answer.text("/device_code");
        let user_code = answer.text("/user_code");
        let page = answer.text("/verification_url");
        let (Some(code), Some(_), Some(page)) = (code, &user_code, page) else {
            return Err(not_understood(self));
        };
        Pin::new(self, answer, code, user_code, page)
    }

    fn poll(&self, sites: &ProvidersSettings, pin: &Pin) -> Result<Call, Failure> {
        let (id, secret) = application(sites)?;
        let body = json!({
            "code": pin.code.expose(),
            "client_id": id.expose(),
            "client_secret": secret.expose(),
        });
        let call = Call::post(url(sites, "/oauth/device/token")?, body);
        Ok(with_key(call, id))
    }

    fn polled(&self, answer: &Answer) -> Polled {
        match answer.status {
            200..300 => Tokens::of(answer)
                .map_or_else(|| Polled::Over(not_understood(self)), Polled::Approved),
            400 => Polled::Pending,
            418 => Polled::Over(denied(self)),
            404 => Polled::Over(void(self, "is not known there any more")),
            409 => Polled::Over(void(self, "was used already")),
            410 => Polled::Over(expired(self)),
            429 => Polled::SlowDown(answer.retry_after),
            401 | 403 if answer.body.is_some() => {
                Polled::Over(application_refused(self, APPLICATION, COMPARE))
            }
            _ => Polled::Trouble,
        }
    }

    fn who(&self, sites: &ProvidersSettings, tokens: &Tokens) -> Result<Call, Failure> {
        let (id, _) = application(sites)?;
        let call = Call::get(url(sites, "/users/settings")?).bearer(&tokens.access);
        Ok(with_key(call, id))
    }

    fn account(&self, answer: &Answer) -> Option<String> {
        answer
            .text("/user/ids/slug")
            .or_else(|| answer.text("/user/username"))
    }

    fn refresh(
        &self,
        sites: &ProvidersSettings,
        refresh_token: &Secret,
    ) -> Result<Option<Call>, Failure> {
        let (id, secret) = application(sites)?;
        let body = json!({
            "refresh_token": refresh_token.expose(),
            "client_id": id.expose(),
            "client_secret": secret.expose(),
            "redirect_uri": NOWHERE,
            "grant_type": "refresh_token",
        });
        let call = Call::post(url(sites, "/oauth/token")?, body);
        Ok(Some(with_key(call, id)))
    }
}
