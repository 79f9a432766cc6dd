//! What signing in to a site is: which requests begin it, ask how it is and renew its tokens, and what
//! the answers say. Pure description: leaves sending to `http`, the order of things to `state` and
//! `task`, and everything about one site to its file.

use std::time::Duration;

use runtime::{Secret, settings::ProvidersSettings};
use schema::wire::{Failure, FailureCode};
use serde_json::Value;
use url::Url;

use super::{plex::Plex, simkl::Simkl, tmdb::Tmdb, trakt::Trakt};

/// Time between two polls where the site names none.
const INTERVAL: Duration = Duration::from_secs(5);
/// Time a person has where the site names none.
const LIFETIME: Duration = Duration::from_mins(10);
/// The most of both that a site may name.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
const LONGEST_LIFETIME: Duration = Duration::from_hours(1);
/// Characters of a text that a site sent and people are shown.
const LONGEST_TEXT: usize = 300;

/// One site that people can sign in to.
pub(super) trait Site: Sync {
    /// The provider's name.
    fn name(&self) -> &'static str;

    /// As people write it.
    fn title(&self) -> &'static str;

    /// The request that begins a sign-in.
    ///
    /// # Errors
    /// When the settings lack what it needs.
    fn begin(&self, sites: &ProvidersSettings) -> Result<Call, Failure>;

    /// What the person has to do.
    ///
    /// # Errors
    /// When the site refused, or its answer cannot be understood.
    fn begun(&self, sites: &ProvidersSettings, answer: &Answer) -> Result<Pin, Failure>;

    /// The request that asks whether the person has said yes.
    ///
    /// # Errors
    /// When the settings lack what it needs by now.
    fn poll(&self, sites: &ProvidersSettings, pin: &Pin) -> Result<Call, Failure>;

    /// What it said.
    fn polled(&self, answer: &Answer) -> Polled;

    /// The request for the account's name, unless the site has told it with the tokens.
    ///
    /// # Errors
    /// When the settings lack what it needs by now.
    fn who(&self, sites: &ProvidersSettings, tokens: &Tokens) -> Result<Call, Failure>;

    /// The account's name in that answer.
    fn account(&self, answer: &Answer) -> Option<String>;

    /// The request that renews the tokens, at sites whose tokens are renewed.
    ///
    /// # Errors
    /// When the settings lack what it needs by now.
    fn refresh(
        &self,
        _sites: &ProvidersSettings,
        _refresh_token: &Secret,
    ) -> Result<Option<Call>, Failure> {
        Ok(None)
    }
}

static ALL: &[&dyn Site] = &[&Plex, &Simkl, &Tmdb, &Trakt];

/// The site with this name, if people can sign in to it.
pub(super) fn find(name: &str) -> Option<&'static dyn Site> {
    ALL.iter().copied().find(|site| site.name() == name)
}

/// All of their names, for error texts.
pub(super) fn names() -> Vec<&'static str> {
    ALL.iter().map(|site| site.name()).collect()
}

/// A request. It holds secrets, so it cannot be printed.
pub(super) struct Call {
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, Secret)>,
    /// What is posted; a request without it reads.
    pub(super) body: Option<Value>,
}

impl Call {
    pub(super) fn get(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn post(url: Url, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::get(url)
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the token of an account, or of the application.
    pub(super) fn bearer(self, token: &Secret) -> Self {
        self.header("authorization", format!("Bearer {}", token.expose()))
    }
}

/// What came back: a status, and the body where it is JSON. It holds secrets, so it cannot be printed.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    /// When the site wants to be asked again.
    pub(super) retry_after: Option<Duration>,
}

impl Answer {
    /// A text of the body that is there and not empty; a number is taken as text.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        text_at(self.body.as_ref()?, pointer)
    }

    /// A number of seconds of the body, above 0.
    pub(super) fn seconds(&self, pointer: &str) -> Option<Duration> {
        let seconds = match self.body.as_ref()?.pointer(pointer)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?, // what is no number says nothing
            _ => return None,
        };
        let seconds = Duration::try_from_secs_f64(seconds).ok()?; // nor does one below 0
        (!seconds.is_zero()).then_some(seconds)
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The word for an error, as OAuth has it.
    pub(super) fn error(&self) -> Option<String> {
        self.text("/error")
    }
}

fn text_at(body: &Value, pointer: &str) -> Option<String> {
    let text = match body.pointer(pointer)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.chars().count() <= 4096).then_some(text)
}

/// What the person has to do, and what we ask with meanwhile. It cannot be printed: whoever knows the
/// code gets the tokens.
pub(super) struct Pin {
    /// What we ask with.
    pub(super) code: Secret,
    /// What the person enters.
    pub(super) user_code: Option<String>,
    /// Where.
    pub(super) url: String,
    /// How long the person has.
    pub(super) lifetime: Duration,
    /// Time between two polls.
    pub(super) interval: Duration,
}

impl Pin {
    /// With the times that `answer` names, within limits.
    ///
    /// # Errors
    /// When `url` is no address that a person can open.
    pub(super) fn new(
        site: &dyn Site,
        answer: &Answer,
        code: String,
        user_code: Option<String>,
        url: String,
    ) -> Result<Self, Failure> {
        let is_page = Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        let is_short = user_code
            .as_ref()
            .is_none_or(|code| code.len() <= 64 && !code.contains(char::is_control));
        if !is_page || !is_short {
            return Err(not_understood(site));
        }
        let lifetime = answer
            .seconds("/expires_in")
            .or_else(|| answer.seconds("/expiresIn"))
            .unwrap_or(LIFETIME);
        let interval = answer.seconds("/interval").unwrap_or(INTERVAL);
        Ok(Self {
            code: code.into(),
            user_code,
            url,
            lifetime: lifetime.min(LONGEST_LIFETIME),
            interval: interval.min(LONGEST_INTERVAL),
        })
    }
}

/// The tokens of an account. They cannot be printed.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    /// How long they are valid, where the site tells.
    pub(super) lifetime: Option<Duration>,
    /// The account's name, where the site tells it with them.
    pub(super) account: Option<String>,
}

impl Tokens {
    /// Those in an answer in OAuth's form.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        Some(Self {
            access: answer.text("/access_token")?.into(),
            refresh: answer.text("/refresh_token").map(Into::into),
            lifetime: answer.seconds("/expires_in"),
            account: None,
        })
    }
}

/// What a site says while a person signs in.
pub(super) enum Polled {
    /// The person has said yes.
    Approved(Tokens),
    /// The person has not answered yet.
    Pending,
    /// We ask too often.
    SlowDown(Option<Duration>),
    /// It will come to nothing.
    Over(Failure),
    /// The site did not answer as it should; it may the next time.
    Trouble,
}

/// That the person said no.
pub(super) fn denied(site: &dyn Site) -> Failure {
    let message = format!("the sign-in to {} was denied on its page", site.title());
    Failure::new(FailureCode::Conflict, message).with_remedy(again(site))
}

/// That the time is over.
pub(super) fn expired(site: &dyn Site) -> Failure {
    void(site, "has expired before somebody said yes")
}

/// That the code gives no tokens any more, and why.
pub(super) fn void(site: &dyn Site, why: &str) -> Failure {
    let message = format!("the code for {} {why}", site.title());
    Failure::new(FailureCode::Conflict, message).with_remedy(again(site))
}

/// How to begin anew.
pub(super) fn again(site: &dyn Site) -> String {
    format!("Begin again: `listsync providers sign-in {}`.", site.name())
}

/// That something must be set first.
pub(super) fn needs(site: &dyn Site, what: &str, remedy: &str) -> Failure {
    let message = format!("signing in to {} needs {what}", site.title());
    Failure::new(FailureCode::Conflict, message).with_remedy(remedy)
}

/// That the site does not take `what` of the settings.
pub(super) fn application_refused(site: &dyn Site, what: &str, remedy: &str) -> Failure {
    let message = format!("{} does not accept {what}", site.title());
    Failure::new(FailureCode::Conflict, message).with_remedy(remedy)
}

/// That an answer is none of those the site is known to give.
pub(super) fn not_understood(site: &dyn Site) -> Failure {
    let message = format!(
        "{} answered the sign-in in a way that cannot be understood",
        site.title()
    );
    Failure::new(FailureCode::Unavailable, message)
        .with_remedy("Try again later; the site may have changed how people sign in to it.")
}

/// What is wrong with an answer that is no success.
pub(super) fn unexpected(site: &dyn Site, answer: &Answer) -> Failure {
    match answer.status {
        429 => Failure::new(
            FailureCode::Unavailable,
            format!("{} was asked too often", site.title()),
        )
        .with_remedy("Try again in some minutes."),
        status if status >= 400 => {
            let said = answer
                .text("/error_description")
                .or_else(|| answer.text("/status_message"))
                .or_else(|| answer.text("/message"))
                .or_else(|| answer.error())
                .map(|said| format!(" ({})", said.chars().take(LONGEST_TEXT).collect::<String>()));
            Failure::new(
                FailureCode::Unavailable,
                format!(
                    "{} answered the sign-in with {status}{}",
                    site.title(),
                    said.unwrap_or_default()
                ),
            )
            .with_remedy("Try again later.")
        }
        _ => not_understood(site),
    }
}

/// An address of a site: the base of the settings and a path.
///
/// # Errors
/// When the base is no address that requests can go to.
pub(super) fn address(base: &str, path: &str, setting: &str) -> Result<Url, Failure> {
    let base = base.trim_end_matches('/');
    Url::parse(&format!("{base}{path}")).map_err(|error| {
        Failure::new(
            FailureCode::Invalid,
            format!("`{setting}` is no address: {error}"),
        )
        .with_remedy(format!("Correct `{setting}`."))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(polled: &Polled) -> &'static str {
        match polled {
            Polled::Approved(_) => "approved",
            Polled::Pending => "pending",
            Polled::SlowDown(None) => "slow down",
            Polled::SlowDown(Some(_)) => "slow down for so long",
            Polled::Over(_) => "over",
            Polled::Trouble => "trouble",
        }
    }

    #[test]
    fn every_answer_of_every_site_is_told_apart() {
        let tokens = json!({"access_token": "hush"});
        for (site, status, body, expected) in [
            ("trakt", 200, Some(tokens.clone()), "approved"),
            ("trakt", 400, Some(json!({})), "pending"),
            ("trakt", 400, None, "pending"),
            ("trakt", 404, None, "over"),
            ("trakt", 409, None, "over"),
            ("trakt", 410, None, "over"),
            ("trakt", 418, None, "over"),
            ("trakt", 429, None, "slow down for so long"),
            ("trakt", 403, None, "trouble"),
            ("trakt", 521, None, "trouble"),
            ("simkl", 200, Some(tokens), "approved"),
            ("simkl", 200, Some(json!({"result": "KO"})), "pending"),
            (
                "simkl",
                400,
                Some(json!({"error": "authorization_pending"})),
                "pending",
            ),
            (
                "simkl",
                400,
                Some(json!({"error": "slow_down"})),
                "slow down for so long",
            ),
            (
                "simkl",
                400,
                Some(json!({"error": "expired_token"})),
                "over",
            ),
            (
                "simkl",
                200,
                Some(json!({"result": "OK", "user_code": "OTHER"})),
                "over",
            ),
            ("simkl", 429, None, "slow down for so long"),
            ("simkl", 200, None, "trouble"),
            ("simkl", 502, None, "trouble"),
            ("tmdb", 200, Some(json!({"session_id": "hush"})), "approved"),
            ("tmdb", 422, Some(json!({"status_code": 41})), "pending"),
            ("tmdb", 401, Some(json!({"status_code": "17"})), "pending"),
            ("tmdb", 401, Some(json!({"status_code": 33})), "over"),
            ("tmdb", 429, None, "slow down for so long"),
            ("tmdb", 401, None, "trouble"),
            (
                "plex",
                200,
                Some(json!({"id": 1, "authToken": "hush"})),
                "approved",
            ),
            (
                "plex",
                200,
                Some(json!({"id": 1, "authToken": ""})),
                "pending",
            ),
            ("plex", 200, None, "trouble"),
            ("plex", 404, None, "over"),
            ("plex", 429, None, "slow down for so long"),
        ] {
            let answer = Answer {
                status,
                body: body.clone(),
                retry_after: Some(Duration::from_secs(7)),
            };
            let polled = find(site).unwrap().polled(&answer);
            assert_eq!(word(&polled), expected, "{site} {status} {body:?}");
        }
    }

    #[test]
    fn an_address_keeps_the_path_of_its_base() {
        let url = address(
            "http://127.0.0.1:9/trakt/",
            "/oauth/token",
            "providers.trakt.url",
        );
        assert_eq!(
            url.unwrap().as_str(),
            "http://127.0.0.1:9/trakt/oauth/token"
        );
        let wrong = address("nowhere", "/oauth/token", "providers.trakt.url").unwrap_err();
        assert!(
            wrong
                .message
                .starts_with("`providers.trakt.url` is no address")
        );
    }
}
