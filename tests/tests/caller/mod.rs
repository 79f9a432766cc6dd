//! A plain HTTP client for the tests of the fakes: it says exactly what it is told to say and follows nothing.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its own part of it"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tests::fake_seerr::FakeSeerr;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Speaks to one address with fixed headers.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

impl Caller {
    pub(crate) fn at(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            http,
            base: base.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Calls below /api/v1 with the right key.
    pub(crate) fn of(seerr: &FakeSeerr) -> Self {
        Self::at(&format!("{}/api/v1", seerr.url())).with("x-api-key", &seerr.api_key())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Gives up after that long.
    pub(crate) fn hasty(mut self, limit: Duration) -> Self {
        self.http = reqwest::Client::builder().timeout(limit).build().unwrap();
        self
    }

    fn headed(&self, mut call: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        call
    }

    async fn hear(&self, call: reqwest::RequestBuilder) -> reqwest::Result<Heard> {
        let answer = self.headed(call).send().await?;
        Ok(Heard {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await?,
        })
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Heard> {
        self.hear(self.http.get(format!("{}{path}", self.base)))
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Heard {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Heard {
        self.hear(self.http.delete(format!("{}{path}", self.base)))
            .await
            .unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Heard> {
        self.hear(self.http.post(format!("{}{path}", self.base)).json(body))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Heard {
        self.try_post(path, body).await.unwrap()
    }

    /// A body of any type.
    pub(crate) async fn post_text(&self, path: &str, content_type: &str, body: &str) -> Heard {
        let call = self.http.post(format!("{}{path}", self.base));
        let call = call
            .header("content-type", content_type)
            .body(body.to_owned());
        self.hear(call).await.unwrap()
    }

    /// Asks for a film as a well-behaved client does.
    pub(crate) async fn ask_movie(&self, tmdb_id: i64) -> Heard {
        let body = serde_json::json!({"mediaType": "movie", "mediaId": tmdb_id, "is4k": false});
        self.post("/request", &body).await
    }

    /// Asks for seasons of a show as a well-behaved client does.
    pub(crate) async fn ask_show(&self, tmdb_id: i64, seasons: Value) -> Heard {
        let body = serde_json::json!({"mediaType": "tv", "mediaId": tmdb_id, "is4k": false, "seasons": seasons});
        self.post("/request", &body).await
    }
}

/// Sends these bytes and reads what comes until the other side closes.
pub(crate) fn raw(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}
