//! One answer and how it goes over the wire: whole, cut short, dripping, endless, never, or as a reset.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// What an answer's body does.
#[derive(Debug)]
pub enum Body {
    /// Sent whole, with its length.
    Whole(Vec<u8>),
    /// Announces the whole length, sends only the first bytes, then closes.
    CutShort {
        /// The whole body.
        whole: Vec<u8>,
        /// How many bytes of it are sent.
        sent: usize,
    },
    /// Sent in small pieces with a pause before each.
    Drip {
        /// The whole body.
        whole: Vec<u8>,
        /// Bytes in one piece.
        piece: usize,
        /// The pause before each piece.
        every: Duration,
    },
    /// A beginning, then one piece over and over, chunked, until the client gives up.
    Endless {
        /// Sent once.
        start: Vec<u8>,
        /// Repeated.
        piece: Vec<u8>,
    },
    /// Sent as it comes, chunked, until the sender is dropped.
    Stream(mpsc::Receiver<Vec<u8>>),
    /// Neither head nor body, ever.
    Never,
    /// The connection is reset.
    Reset,
    /// The connection is closed without a byte.
    Closed,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// In order; `content-length` and the like are added when it is written.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

impl Answer {
    /// An answer with a body of that type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: Body::Whole(body.into()),
        }
    }

    /// JSON, in the words Express uses.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A web page.
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// Plain text.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A status alone.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Whole(Vec::new()),
        }
    }

    /// No HTTP answer: what happens to the connection instead.
    pub fn none(body: Body) -> Self {
        Self {
            status: 0,
            headers: Vec::new(),
            body,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The status the client sees; `None` when it sees none.
    pub fn seen_status(&self) -> Option<u16> {
        match self.body {
            Body::Never | Body::Reset | Body::Closed => None,
            _ => Some(self.status),
        }
    }

    /// The body's bytes, for those that have them at hand.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            Body::CutShort { whole, .. } | Body::Drip { whole, .. } => whole,
            _ => &[],
        }
    }

    /// Writes it; says whether the connection can take another request.
    pub(crate) async fn write(
        self,
        stream: &mut TcpStream,
        keeps_alive: bool,
        head_only: bool,
    ) -> bool {
        let Self {
            status,
            headers,
            body,
        } = self;
        match &body {
            Body::Never => {
                // Holds the connection until the client closes it.
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await.ok(); // either way it is over
                return false;
            }
            Body::Reset => {
                stream.set_zero_linger().ok(); // without it the client sees a close instead
                return false;
            }
            Body::Closed => return false,
            _ => {}
        }
        let length = match &body {
            Body::Whole(whole) | Body::CutShort { whole, .. } | Body::Drip { whole, .. } => {
                Some(whole.len())
            }
            _ => None,
        };
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in &headers {
            head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        let bodiless = status == 204 || status == 304;
        match length {
            _ if bodiless => {}
            Some(length) => head.extend(["content-length: ", &length.to_string(), "\r\n"]),
            None => head.push_str("transfer-encoding: chunked\r\n"),
        }
        head.push_str(if keeps_alive {
            "connection: keep-alive\r\nkeep-alive: timeout=5\r\n\r\n"
        } else {
            "connection: close\r\n\r\n"
        });
        let mut first = head.into_bytes();
        if let (Body::Whole(whole), false) = (&body, bodiless || head_only) {
            first.extend_from_slice(whole);
        }
        if stream.write_all(&first).await.is_err() {
            return false;
        }
        if bodiless || head_only {
            return keeps_alive;
        }
        match body {
            Body::Whole(_) => keeps_alive,
            Body::CutShort { whole, sent } => {
                stream
                    .write_all(whole.get(..sent).unwrap_or(&whole))
                    .await
                    .ok(); // the connection ends here anyway
                false
            }
            Body::Drip {
                whole,
                piece,
                every,
            } => {
                for piece in whole.chunks(piece.max(1)) {
                    tokio::time::sleep(every).await;
                    if stream.write_all(piece).await.is_err() {
                        return false;
                    }
                }
                keeps_alive
            }
            Body::Endless { start, piece } => {
                let mut next = start;
                while write_chunk(stream, &next).await {
                    next.clone_from(&piece);
                }
                false
            }
            Body::Stream(mut pieces) => {
                while let Some(piece) = pieces.recv().await {
                    if !write_chunk(stream, &piece).await {
                        return false;
                    }
                }
                stream.write_all(b"0\r\n\r\n").await.is_ok() && keeps_alive
            }
            Body::Never | Body::Reset | Body::Closed => false,
        }
    }
}

async fn write_chunk(stream: &mut TcpStream, piece: &[u8]) -> bool {
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(piece);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await.is_ok()
}

/// The answer of the parser itself: a status line and a close.
pub(crate) async fn bare(stream: &mut TcpStream, status: u16) {
    let line = format!(
        "HTTP/1.1 {status} {}\r\nconnection: close\r\n\r\n",
        reason(status)
    );
    stream.write_all(line.as_bytes()).await.ok(); // the connection ends here anyway
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
