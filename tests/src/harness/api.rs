//! The HTTP API of a household, as a script uses it, and its stream of events, as a page in a browser uses it.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};

use super::Household;

/// Speaks to the API with a household's first key.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Household {
    /// Its API.
    ///
    /// # Errors
    /// When the first key was not written.
    pub fn api(&self) -> Result<Api> {
        Ok(Api {
            client: reqwest::Client::builder().no_proxy().build()?,
            base: self.api_url(""),
            key: self.api_key()?,
        })
    }
}

impl Api {
    /// Sends a request with JSON or nothing and gives status and body; a body that is no JSON is a string.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value)> {
        let mut request = self.request(method, path)?;
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request).await
    }

    /// Posts bytes.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> Result<(u16, Value)> {
        let request = self
            .request("POST", path)?
            .header("content-type", "application/octet-stream");
        read(request.body(bytes)).await
    }

    fn request(&self, method: &str, path: &str) -> Result<reqwest::RequestBuilder> {
        let request = self
            .client
            .request(method.parse()?, format!("{}{path}", self.base));
        Ok(request.header("X-Api-Key", &self.key))
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<(u16, Value)> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let body = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(_no_json) => Value::String(text),
    };
    Ok((status, body))
}

/// What one follower of the events was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Stored events as they came: number and kind.
    pub events: Vec<(i32, String)>,
    /// Kinds of what came without a number: `progress`, `reading`.
    pub ticks: Vec<String>,
    /// How often it was told that events may be missing.
    pub resets: usize,
    /// How often it connected.
    pub connections: usize,
    last: Option<String>,
}

impl Api {
    /// Follows the events from the one after `after` on, connecting again after each break with the number it saw
    /// last, as browsers do. Ends when `until` holds a number and that event was seen.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn follow(
        &self,
        after: i32,
        mut until: watch::Receiver<Option<i32>>,
    ) -> Result<Heard> {
        let mut heard = Heard {
            last: Some(after.to_string()),
            ..Heard::default()
        };
        loop {
            if self.listen(&mut heard, until.clone()).await? {
                return Ok(heard);
            }
            tokio::select! {
                () = sleep(Duration::from_millis(50)) => {}
                changed = until.changed() => changed?,
            }
        }
    }

    /// One connection; says whether all that was waited for was seen.
    async fn listen(
        &self,
        heard: &mut Heard,
        mut until: watch::Receiver<Option<i32>>,
    ) -> Result<bool> {
        if heard.has_seen(*until.borrow_and_update()) {
            return Ok(true);
        }
        let mut request = self.request("GET", "/api/events")?;
        if let Some(last) = &heard.last {
            request = request.header("Last-Event-ID", last);
        }
        let Ok(mut answer) = request.send().await else {
            return Ok(false); // the API is being started again
        };
        match answer.status().as_u16() {
            200 => heard.connections += 1,
            503 => return Ok(false), // the sync-worker is being started again
            status => bail!("the events are refused with {status}"),
        }
        let mut lines = Lines::default();
        loop {
            let chunk = tokio::select! {
                chunk = answer.chunk() => chunk,
                changed = until.changed() => {
                    changed?;
                    if heard.has_seen(*until.borrow_and_update()) {
                        return Ok(true);
                    }
                    continue;
                }
            };
            let Ok(Some(chunk)) = chunk else {
                return Ok(false);
            };
            for message in lines.take(&chunk) {
                heard.note(&message)?;
            }
            if heard.has_seen(*until.borrow()) {
                return Ok(true);
            }
        }
    }
}

impl Heard {
    fn has_seen(&self, wanted: Option<i32>) -> bool {
        let last = self.events.last().map_or(0, |(id, _)| *id);
        wanted.is_some_and(|wanted| last >= wanted)
    }

    fn note(&mut self, message: &str) -> Result<()> {
        let field = |name: &str| {
            let mut lines = message.lines();
            lines.find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
        };
        let kind = field("event:").unwrap_or_default();
        let id = field("id:");
        if let Some(id) = &id {
            self.last = Some(id.clone()); // also without data: this is where to go on
        }
        match id {
            _ if field("data:").is_none() => {} // no event by the rules of the format
            _ if kind == "reset" => self.resets += 1, // its number says where to go on, it is none of the events
            Some(id) => self.events.push((id.parse()?, kind)),
            None => self.ticks.push(kind),
        }
        Ok(())
    }
}

/// Pieces of a stream until they make whole messages.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn take(&mut self, chunk: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(chunk);
        let mut messages = Vec::new();
        while let Some(end) = self.0.windows(2).position(|two| two == b"\n\n") {
            let message: Vec<u8> = self.0.drain(..end + 2).collect();
            messages.push(String::from_utf8_lossy(&message).into_owned());
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_whatever_the_pieces() {
        let stream = "retry: 2000\nid: 6\n\nid: 7\nevent: run_started\ndata: {}\n\n: heartbeat\n\nevent: progress\ndata: {}\n\n";
        for size in [1, 3, 1000] {
            let (mut lines, mut heard) = (Lines::default(), Heard::default());
            for piece in stream.as_bytes().chunks(size) {
                for message in lines.take(piece) {
                    heard.note(&message).unwrap();
                }
            }
            assert_eq!(heard.events, [(7, "run_started".to_owned())]);
            assert_eq!(heard.ticks, ["progress"]);
            assert!(heard.has_seen(Some(7)) && !heard.has_seen(Some(8)) && !heard.has_seen(None));
        }
    }
}
