//! One HTTP request as it came over the wire, with its target untouched.
//!
//! The raw target matters: Seerr judges the bytes a client sent, not what they decode to.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Largest head taken, as node takes it.
const HEAD_LIMIT: usize = 16 * 1024;
/// Largest body taken.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// A request that is no HTTP; answered with the bare status line and closed.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) status: u16,
}

const BAD: Malformed = Malformed { status: 400 };

/// A request as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as sent, still percent-encoded, without the query.
    pub path: String,
    /// What stands after `?`, as sent.
    pub query: Option<String>,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    is_http_10: bool,
}

impl Request {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        let wanted = self.header("connection").unwrap_or("").to_ascii_lowercase();
        if self.is_http_10 {
            wanted.contains("keep-alive")
        } else {
            !wanted.contains("close")
        }
    }
}

/// Reads one request; `None` when the client closed between two.
pub(crate) async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Request>, Malformed> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let read = stream.read_until(b'\n', &mut head).await;
        match read {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) if head.len() > HEAD_LIMIT => return Err(Malformed { status: 431 }),
            Ok(_) => {}
        }
        let line = head.get(before..).unwrap_or_default();
        if line == b"\r\n" || line == b"\n" {
            if before == 0 {
                head.clear(); // an empty line before a request is allowed
                continue;
            }
            break;
        }
    }
    // Node's parser refuses raw bytes above ASCII in the target with a bare 400.
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first.is_ascii() {
        return Err(BAD);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut request = parse_head(&text).ok_or(BAD)?;
    if request
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
        && stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .is_err()
    {
        return Ok(None);
    }
    let is_chunked = request
        .header("transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    if is_chunked {
        request.body = read_chunks(stream).await?;
    } else if let Some(length) = request.header("content-length") {
        let length: usize = length.trim().parse().map_err(|_not_a_number| BAD)?;
        if length > BODY_LIMIT {
            return Err(Malformed { status: 413 });
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return Ok(None);
        }
        request.body = body;
    }
    Ok(Some(request))
}

fn parse_head(text: &str) -> Option<Request> {
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if first.next().is_some() || !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let mut headers = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers,
        body: Vec::new(),
        is_http_10: version == "HTTP/1.0",
    })
}

async fn read_chunks(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>, Malformed> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.map_err(|_gone| BAD)?;
        let size = line.trim().split(';').next().unwrap_or_default().to_owned();
        let size = usize::from_str_radix(&size, 16).map_err(|_not_a_number| BAD)?;
        if body.len() + size > BODY_LIMIT {
            return Err(Malformed { status: 413 });
        }
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).await.map_err(|_gone| BAD)?;
        chunk.truncate(size);
        if size == 0 {
            return Ok(body);
        }
        body.append(&mut chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_kept_as_it_was_sent() {
        let request =
            parse_head("GET /a%2Fb?q=x+y%20z HTTP/1.1\r\nX-Api-Key: k==\r\n\r\n").unwrap();
        assert_eq!(request.path, "/a%2Fb");
        assert_eq!(request.query.as_deref(), Some("q=x+y%20z"));
        assert_eq!(request.header("x-api-key"), Some("k=="));
        assert!(request.keeps_alive());
    }

    #[test]
    fn a_space_in_the_target_is_no_request() {
        assert_eq!(
            parse_head("GET /search?query=the thing HTTP/1.1\r\n\r\n"),
            None
        );
    }
}
