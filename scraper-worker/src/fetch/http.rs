//! One request and its answer: the HTTP client, its time limits, its cap on bytes, its redirects.
//! Leaves politeness, retries and the cache to `fetch`, which addresses may be reached to `guard`,
//! and what a status means to the provider.
//!
//! A site of the owner is followed on its own host only. An address that is somebody's input is
//! followed anywhere the guard lets it go, each hop looked up, checked and connected to on its own.

use std::{future, io, sync::Arc, time::Duration};

use reqwest::{
    Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url,
    dns::{Name, Resolve, Resolving},
    header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION},
    redirect,
};
use schema::models::Cause;
use tokio::time::timeout;

use super::{encoding, guard::Guard};
use crate::{
    provider::{Answer, Method, Reach, Request, SecretPart},
    settings::Limits,
};

/// Who we say we are.
pub(super) const USER_AGENT: &str = concat!(
    "ListSync/",
    env!("CARGO_PKG_VERSION"),
    " (self-hosted list reader; one household)"
);

/// Redirects followed.
const REDIRECTS: usize = 5;

/// Why there is no complete answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// Connection, name, certificate, or an answer that broke off.
    #[error("no complete answer from {host}")]
    Broken {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    /// It took too long.
    #[error("no complete answer from {host} within {} s", .after.as_secs_f32())]
    TimedOut { host: String, after: Duration },
    /// It is longer than anything a list is.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLarge { host: String, limit: usize },
    /// It points to another host, which nobody asked us to visit.
    #[error("{host} points to another address, {to}, which is not followed")]
    Elsewhere { host: String, to: String },
    /// It points from one address to the next without end.
    #[error("{host} sent us on more than {REDIRECTS} times, last to {to}")]
    SentRound { host: String, to: String },
    /// Nobody knows its name.
    #[error("the name {host} cannot be looked up")]
    NoName {
        host: String,
        #[source]
        source: io::Error,
    },
    /// The browser could not bring the page.
    #[error("{host}: {what}")]
    Page {
        host: String,
        what: String,
        /// Whether another try may go better.
        may_pass: bool,
    },
    /// The browser could not bring the page, and has tried for so long or so often that it is not
    /// asked again in the same reading.
    #[error("{host}: {what}")]
    PageCost { host: String, what: String },
    /// The browser does not start, which is not the site's fault.
    #[error("{}. {remedy}", what.trim_end_matches('.'))]
    NoBrowser {
        what: String,
        /// What the person can do, as a sentence.
        remedy: String,
    },
    /// It cannot be had here: no browser, no such file, an address that may not be visited.
    #[error("{reason}")]
    Refused {
        /// In a word.
        cause: Cause,
        reason: String,
        /// What the person can do, as a sentence.
        remedy: String,
    },
}

impl HttpError {
    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Broken { .. }
            | Self::TimedOut { .. }
            | Self::NoName { .. }
            | Self::PageCost { .. }
            | Self::NoBrowser { .. } => true,
            Self::Page { may_pass, .. } => *may_pass,
            Self::TooLarge { .. }
            | Self::Elsewhere { .. }
            | Self::SentRound { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// Whether it may succeed within the same reading.
    pub(crate) fn may_pass_soon(&self) -> bool {
        self.is_retryable() && !matches!(self, Self::PageCost { .. } | Self::NoBrowser { .. })
    }
}

/// What makes a request conditional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// What goes along with a request beside its own headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Along {
    pub(crate) validators: Validators,
    /// The owner's own, where the request has none of that name.
    pub(crate) extra: HeaderMap,
}

/// The HTTP client.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    guard: Guard,
    limits: Limits,
}

impl Http {
    /// Makes it.
    ///
    /// # Errors
    /// When the machine's TLS set-up cannot be used.
    pub(crate) fn new(limits: &Limits, guard: Guard) -> reqwest::Result<Self> {
        let client = builder(limits)
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(redirect::Policy::custom(follow))
            .build()?;
        Ok(Self {
            client,
            guard,
            limits: limits.clone(),
        })
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`HttpError`]; any status is an answer.
    pub(crate) async fn send(&self, request: &Request, along: &Along) -> Result<Answer, HttpError> {
        let after = self.limits.total;
        match timeout(after, self.exchange(request, along)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::TimedOut {
                host: host_of(&request.url),
                after,
            }), // says only "elapsed"
        }
    }

    async fn exchange(&self, request: &Request, along: &Along) -> Result<Answer, HttpError> {
        let response = match request.reach {
            Reach::OwnersSite => self.ask(request, along).await?,
            Reach::Guarded | Reach::Pointed => self.ask_guarded(request, along).await?,
        };
        self.read(request, response).await
    }

    async fn ask(&self, request: &Request, along: &Along) -> Result<Response, HttpError> {
        let host = host_of(&request.url);
        let asked = to_send(&self.client, request, with_secrets(request));
        let response = with_own_headers(asked, request, along)
            .send()
            .await
            .map_err(|source| broken(&host, source))?;
        match target(&response) {
            None => Ok(response),
            Some(to) if is_same(response.url(), &to) => Err(sent_round(host, to)),
            Some(to) => Err(elsewhere(host, to)),
        }
    }

    /// Goes from hop to hop itself, because each is checked before anything is sent to it, and only
    /// the address asked for gets the request's own headers: one of them may be a key.
    async fn ask_guarded(&self, request: &Request, along: &Along) -> Result<Response, HttpError> {
        let asked = &request.url;
        let mut url = asked.clone();
        for _ in 0..=REDIRECTS {
            let host = host_of(&url);
            let client = self.client_for(&url, asked).await?;
            let response = hop(&client, request, along, url.clone())
                .send()
                .await
                .map_err(|source| broken(&host, source))?;
            let to = target(&response).filter(|_| request.reach == Reach::Guarded);
            let Some(to) = to else {
                return Ok(response);
            };
            // What is posted is meant for one address.
            if !is_web(&to) || request.method == Method::Post {
                return Err(elsewhere(host, to));
            }
            url = without_credentials(to);
        }
        Err(sent_round(host_of(asked), url))
    }

    /// A client for one hop that connects to nothing but the addresses that were checked. One each,
    /// so that no connection or name of one request is used by another.
    async fn client_for(&self, url: &Url, asked: &Url) -> Result<Client, HttpError> {
        let (Some(host), Some(port), true) =
            (url.host_str(), url.port_or_known_default(), is_web(url))
        else {
            return Err(HttpError::Refused {
                cause: Cause::Forbidden,
                reason: format!("`{url}` is no address of a web page"),
                remedy: "Give an address that begins with https:// or http://.".into(),
            });
        };
        let own = asked.host_str().zip(asked.port_or_known_default());
        let addresses = self.guard.resolve(host, port, own).await?;
        builder(&self.limits)
            .no_proxy() // a proxy would look the name up anew
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(NoOther))
            .resolve_to_addrs(host, &addresses)
            .build()
            .map_err(|source| broken(host, source))
    }

    async fn read(&self, request: &Request, mut response: Response) -> Result<Answer, HttpError> {
        let host = &host_of(&request.url);
        let limit = self.limits.body_bytes;
        let mut body = Vec::new();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|source| broken(host, source))?
        {
            if body.len() + piece.len() > limit {
                return Err(HttpError::TooLarge {
                    host: host.clone(),
                    limit,
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            url: without_secrets(response.url(), request),
            headers: response.headers().clone(),
            body: encoding::text(body),
        })
    }
}

/// Knows no name. A literal address is connected to as it is; a name only by what was checked.
#[derive(Debug)]
struct NoOther;

impl Resolve for NoOther {
    fn resolve(&self, name: Name) -> Resolving {
        let error = io::Error::other(format!("{} was not checked", name.as_str()));
        Box::pin(future::ready(Err(error.into())))
    }
}

fn builder(limits: &Limits) -> ClientBuilder {
    ClientBuilder::new()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle)
        .referer(false)
}

fn to_send(client: &Client, request: &Request, url: Url) -> RequestBuilder {
    match request.method {
        Method::Get => client.get(url),
        Method::Post => client.post(url),
    }
}

/// One request on the way from the address asked for to where it leads.
fn hop(client: &Client, request: &Request, along: &Along, url: Url) -> RequestBuilder {
    let is_asked = url.origin() == request.url.origin();
    let url = if url == request.url {
        with_secrets(request)
    } else {
        url
    };
    let asked = to_send(client, request, url);
    if is_asked {
        with_own_headers(asked, request, along)
    } else {
        asked
    }
}

fn with_own_headers(mut asked: RequestBuilder, request: &Request, along: &Along) -> RequestBuilder {
    for (name, value) in &request.headers {
        asked = asked.header(*name, value);
    }
    let is_own = |name: &HeaderName| request.headers.iter().any(|(own, _)| name == own);
    for (name, value) in along.extra.iter().filter(|(name, _)| !is_own(name)) {
        asked = asked.header(name, value);
    }
    if let Some(body) = &request.body {
        asked = asked.body(body.clone());
    }
    for part in &request.secrets {
        if let SecretPart::Body(body) = part {
            asked = asked.body(body.expose().to_owned());
        }
    }
    if let Some(etag) = &along.validators.etag {
        asked = asked.header(IF_NONE_MATCH, etag);
    }
    if let Some(date) = &along.validators.last_modified {
        asked = asked.header(IF_MODIFIED_SINCE, date);
    }
    asked
}

/// The address with what only its site may see of it.
fn with_secrets(request: &Request) -> Url {
    let mut url = request.url.clone();
    for part in &request.secrets {
        if let SecretPart::Query(name, value) = part {
            url.query_pairs_mut().append_pair(name, value.expose());
        }
    }
    url
}

/// Where an answer came from, without what only the site may see of it.
fn without_secrets(url: &Url, request: &Request) -> Url {
    let is_secret = |name: &str| {
        request
            .secrets
            .iter()
            .any(|part| matches!(part, SecretPart::Query(known, _) if *known == name))
    };
    let mut shown = url.clone();
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        shown.set_query(None);
        for (name, value) in url.query_pairs().filter(|(name, _)| !is_secret(name)) {
            shown.query_pairs_mut().append_pair(&name, &value);
        }
    }
    shown
}

fn broken(host: &str, source: reqwest::Error) -> HttpError {
    // Its text repeats the address, which may carry a key.
    HttpError::Broken {
        host: host.to_owned(),
        source: source.without_url(),
    }
}

/// Follows a redirect on the same host, or from `http` to `https` of the same name.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous().last();
    if attempt.previous().len() <= REDIRECTS
        && from.is_some_and(|from| is_same(from, attempt.url()))
    {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn is_same(from: &Url, to: &Url) -> bool {
    let is_upgrade = from.scheme() == "http"
        && to.scheme() == "https"
        && (from.port(), to.port()) == (None, None);
    from.host_str() == to.host_str()
        && (is_upgrade
            || (from.scheme() == to.scheme()
                && from.port_or_known_default() == to.port_or_known_default()))
}

/// Where an answer points to, if it is a redirect.
fn target(response: &Response) -> Option<Url> {
    redirected(response.status(), response.headers(), response.url())
}

fn redirected(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<Url> {
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?; // unreadable: the status speaks for itself
    from.join(location).ok() // as above
}

fn elsewhere(host: String, to: Url) -> HttpError {
    HttpError::Elsewhere {
        host,
        to: shown(to),
    }
}

fn sent_round(host: String, to: Url) -> HttpError {
    HttpError::SentRound {
        host,
        to: shown(to),
    }
}

/// Without what may be a key.
fn shown(mut url: Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    without_credentials(url).into()
}

/// Without name and password; addresses that cannot have them stay.
fn without_credentials(mut url: Url) -> Url {
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        tracing::trace!("an address that cannot have credentials");
    }
    url
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Host name, and port where it is not the scheme's own.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_the_same_host_is_followed() {
        let from = url("http://a.example/x");
        assert!(is_same(&from, &url("http://a.example/y")));
        assert!(is_same(&from, &url("https://a.example/x")), "to encryption");
        assert!(!is_same(&url("https://a.example/x"), &from), "never back");
        for other in [
            "http://b.example/",
            "http://a.example:8080/",
            "http://127.0.0.1/",
        ] {
            assert!(!is_same(&from, &url(other)), "{other}");
        }
    }

    #[test]
    fn only_the_address_asked_for_gets_the_requests_own_headers() {
        let client = builder(&Limits::default()).build().unwrap();
        let key = HeaderValue::from_static("secret");
        let request = Request::get(url("https://a.example/list"), "page").header("x-key", key);
        let mut extra = HeaderMap::new();
        extra.insert("x-mine", HeaderValue::from_static("mine"));
        extra.insert("x-key", HeaderValue::from_static("another"));
        let along = Along {
            validators: Validators {
                etag: Some("\"v1\"".into()),
                last_modified: None,
            },
            extra,
        };
        let headers = |to: &str| {
            let hop = hop(&client, &request, &along, url(to)).build().unwrap();
            let has = |name: &str| hop.headers().contains_key(name);
            let keys: Vec<_> = hop.headers().get_all("x-key").iter().collect();
            assert!(keys.iter().all(|key| *key == "secret"), "{keys:?}");
            (!keys.is_empty() && has("x-mine"), has("if-none-match"))
        };
        assert_eq!(headers("https://a.example/other"), (true, true));
        for other in [
            "https://b.example/list",
            "http://a.example/list",
            "https://a.example:8443/list",
        ] {
            assert_eq!(headers(other), (false, false), "{other}");
        }
    }

    #[test]
    fn what_only_the_site_may_see_is_sent_and_told_nowhere() {
        let client = builder(&Limits::default()).build().unwrap();
        let request = Request::get(url("https://a.example/list?limit=5"), "page")
            .secret(SecretPart::Query("apikey", "hush&1".into()));
        let sent = |to: &str| hop(&client, &request, &Along::default(), url(to));
        let asked = sent(request.url.as_str()).build().unwrap();
        assert_eq!(
            asked.url().as_str(),
            "https://a.example/list?limit=5&apikey=hush%261"
        );
        assert_eq!(without_secrets(asked.url(), &request), request.url);
        let elsewhere = sent("https://b.example/list").build().unwrap();
        assert_eq!(elsewhere.url().query(), None);
        let login = Request::get(url("https://a.example/login"), "login")
            .secret(SecretPart::Body("{\"key\":\"hush\"}".into()));
        assert!(!format!("{request:?} {login:?}").contains("hush"));
        let asked = hop(&client, &login, &Along::default(), login.url.clone());
        let asked = asked.build().unwrap();
        let body = asked.body().and_then(reqwest::Body::as_bytes);
        assert_eq!(body, Some(b"{\"key\":\"hush\"}".as_slice()));
    }

    #[test]
    fn addresses_are_shown_and_followed_without_what_may_be_a_key() {
        let to = url("https://me:secret@a.example/list?key=1#x");
        assert_eq!(shown(to.clone()), "https://a.example/list");
        assert_eq!(
            without_credentials(to).as_str(),
            "https://a.example/list?key=1#x"
        );
        assert_eq!(shown(url("mailto:me@a.example")), "mailto:me@a.example");
    }

    #[test]
    fn hosts_are_named_with_their_port_only_where_it_is_unusual() {
        assert_eq!(host_of(&url("https://a.example:443/x?y")), "a.example");
        assert_eq!(host_of(&url("http://127.0.0.1:8080/")), "127.0.0.1:8080");
    }
}
