//! One request and its answer: the HTTP client, its time limits, its cap on bytes, its redirects.
//! Leaves politeness, retries and the cache to `fetch`, and what a status means to the provider.

use std::time::Duration;

use reqwest::{
    Client, ClientBuilder, StatusCode, Url,
    header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION},
    redirect,
};
use tokio::time::timeout;

use crate::{
    provider::{Answer, Method, Request},
    settings::Limits,
};

/// Who we say we are.
const USER_AGENT: &str = concat!(
    "ListSync/",
    env!("CARGO_PKG_VERSION"),
    " (self-hosted list reader; one household)"
);

/// Redirects followed on the same host.
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
}

impl HttpError {
    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::TimedOut { .. })
    }
}

/// What makes a request conditional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// The one HTTP client.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    total: Duration,
    body_bytes: usize,
}

impl Http {
    /// Makes it.
    ///
    /// # Errors
    /// When the machine's TLS set-up cannot be used.
    pub(crate) fn new(limits: &Limits) -> reqwest::Result<Self> {
        let client = ClientBuilder::new()
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(redirect::Policy::custom(follow))
            .referer(false)
            .build()?;
        Ok(Self {
            client,
            total: limits.total,
            body_bytes: limits.body_bytes,
        })
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`HttpError`]; any status is an answer.
    pub(crate) async fn send(
        &self,
        request: &Request,
        validators: &Validators,
    ) -> Result<Answer, HttpError> {
        let host = host_of(&request.url);
        match timeout(self.total, self.exchange(request, validators, &host)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::TimedOut {
                host,
                after: self.total,
            }), // says only "elapsed"
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        validators: &Validators,
        host: &str,
    ) -> Result<Answer, HttpError> {
        let broken = |source| broken(host, source);
        let mut response = self
            .built(request, validators)
            .send()
            .await
            .map_err(broken)?;
        if let Some(to) = elsewhere(response.status(), response.headers(), response.url()) {
            return Err(HttpError::Elsewhere {
                host: host.to_owned(),
                to,
            });
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            if body.len() + piece.len() > self.body_bytes {
                return Err(HttpError::TooLarge {
                    host: host.to_owned(),
                    limit: self.body_bytes,
                });
            }
            body.extend_from_slice(&piece);
        }
        let body = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    fn built(&self, request: &Request, validators: &Validators) -> reqwest::RequestBuilder {
        let mut built = match request.method {
            Method::Get => self.client.get(request.url.clone()),
            Method::Post => self.client.post(request.url.clone()),
        };
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        if let Some(body) = &request.body {
            built = built.body(body.clone());
        }
        if let Some(etag) = &validators.etag {
            built = built.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &validators.last_modified {
            built = built.header(IF_MODIFIED_SINCE, date);
        }
        built
    }
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

/// Where a redirect that was not followed points to, without query, which may carry a key.
fn elsewhere(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<String> {
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?; // unreadable: the status speaks for itself
    let mut to = from.join(location).ok()?; // as above
    to.set_query(None);
    to.set_fragment(None);
    Some(to.to_string())
}

/// Host name, and port where it is not the scheme's own.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
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
    fn hosts_are_named_with_their_port_only_where_it_is_unusual() {
        assert_eq!(host_of(&url("https://a.example:443/x?y")), "a.example");
        assert_eq!(host_of(&url("http://127.0.0.1:8080/")), "127.0.0.1:8080");
    }
}
