//! The connection to a site's sign-in: one client with its limits, each request sent once. What an
//! answer means is the site's to say.

use std::time::Duration;

use reqwest::{
    Client, RequestBuilder,
    header::{ACCEPT, HeaderName, HeaderValue, RETRY_AFTER},
};
use runtime::Chain;

use super::site::{Answer, Call};

/// Until a connection stands.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);
/// Until an answer is read to its end.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Bytes of one answer; real ones have a few hundred.
const MOST_BYTES: usize = 256 * 1024;

/// That there was no answer, and why.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The client cannot be made.
    #[error("the system has no TLS roots")]
    Client(#[source] reqwest::Error),
    /// A secret cannot stand in a header.
    #[error("a key or token has characters that no header may have")]
    Header,
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
    /// The answer is too long.
    #[error("the answer is longer than {MOST_BYTES} bytes")]
    TooLong,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
}

impl Http {
    /// Makes the client; asks nothing yet.
    ///
    /// # Errors
    /// [`HttpError::Client`].
    pub(super) fn new() -> Result<Self, HttpError> {
        let client = Client::builder()
            .user_agent(concat!("ListSync/", env!("CARGO_PKG_VERSION")))
            // A token goes to the site of the settings and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .no_proxy()
            .build()
            .map_err(HttpError::Client)?;
        Ok(Self { client })
    }

    /// Sends it, once.
    ///
    /// # Errors
    /// When there is no answer, or none that can be read to its end.
    pub(super) async fn send(&self, call: Call) -> Result<Answer, HttpError> {
        let request = self.request(call)?;
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok()) // a date says nothing here
            .map(Duration::from_secs);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            body: serde_json::from_slice(&bytes).ok(), // what is no JSON is not the API's answer
            retry_after,
        })
    }

    fn request(&self, call: Call) -> Result<RequestBuilder, HttpError> {
        let mut request = match &call.body {
            Some(body) => self.client.post(call.url).json(body),
            None => self.client.get(call.url),
        };
        for (name, value) in call.headers {
            let mut value = HeaderValue::from_str(value.expose().trim()).map_err(|source| {
                // The source quotes nothing of the value.
                tracing::debug!(%source, "the value of {name} cannot stand in a header");
                HttpError::Header
            })?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let json = HeaderValue::from_static("application/json");
        Ok(request.header(ACCEPT, json).timeout(ANSWER_LIMIT))
    }
}

fn broken(error: reqwest::Error) -> HttpError {
    HttpError::Connection(error.without_url()) // it may hold a key
}

impl HttpError {
    /// What happened, with its causes.
    pub(super) fn told(&self) -> String {
        Chain(self).to_string()
    }
}
