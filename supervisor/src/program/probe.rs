//! Whether an address of a program answers: for those that cannot say that they are ready.
//!
//! Plain HTTP on purpose: a program on this machine is asked a question, nothing more. Leaves how long it
//! may take to [`super::state`].

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// First pause between two questions; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Bytes of an answer that are looked at: its first line.
const HEAD: usize = 512;

/// Asks until the answer is 2xx.
pub(super) async fn until_it_answers(address: &Address) {
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = tokio::time::timeout(ANSWER, ask(address)).await;
        if matches!(asked, Ok(Ok(true))) {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// `http://HOST[:PORT][/PATH]`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Host and port, as a connection wants them.
    at: String,
    /// Host as the program wants to hear it.
    host: String,
    path: String,
}

impl Address {
    /// Takes an address apart; `None` when it is none or not plain HTTP.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let (host, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let is_plain = |part: &str| !part.contains(|sign: char| sign.is_control() || sign == ' ');
        if host.is_empty() || host.contains('@') || !is_plain(host) || !is_plain(path) {
            return None;
        }
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let path = path.split('#').next().unwrap_or(path);
        Some(Self {
            at: if has_port {
                host.to_owned()
            } else {
                format!("{host}:80")
            },
            host: host.to_owned(),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }
}

/// Whether the answer is 2xx.
async fn ask(address: &Address) -> io::Result<bool> {
    let mut stream = TcpStream::connect(&address.at).await?;
    let Address { host, path, .. } = address;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ListSync/{}\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; HEAD];
    let mut length = 0;
    while let Some(rest) = head.get_mut(length..).filter(|rest| !rest.is_empty()) {
        let count = stream.read(rest).await?;
        length += count;
        if count == 0 || head.contains(&b'\n') {
            break;
        }
    }
    Ok(is_well(head.get(..length).unwrap_or_default()))
}

/// `HTTP/1.1 204 No Content`.
fn is_well(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    words.next().is_some_and(|word| word.starts_with("HTTP/"))
        && words
            .next()
            .is_some_and(|code| code.len() == 3 && code.starts_with('2'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn parts(text: &str) -> Option<(String, String, String)> {
        Address::parse(text).map(|address| (address.at, address.host, address.path))
    }

    #[test]
    fn addresses_are_taken_apart() {
        let whole = |at: &str, host: &str, path: &str| Some((at.into(), host.into(), path.into()));
        assert_eq!(
            parts("http://localhost:8080/health?x=1#y"),
            whole("localhost:8080", "localhost:8080", "/health?x=1")
        );
        assert_eq!(parts("http://vpn"), whole("vpn:80", "vpn", "/"));
        assert_eq!(parts("http://[::1]:9/a"), whole("[::1]:9", "[::1]:9", "/a"));
        assert_eq!(parts("http://[::1]"), whole("[::1]:80", "[::1]", "/"));
        assert_eq!(parts("http://x?y"), whole("x:80", "x", "/?y"));
        for bad in [
            "https://x/",
            "x",
            "http://",
            "http:///x",
            "http://me:you@x/",
            "http://x/a b",
            "http://x/\r\nA: b",
        ] {
            assert_eq!(parts(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_a_good_answer_is_one() {
        assert!(is_well(b"HTTP/1.1 200 OK\r\n"));
        assert!(is_well(b"HTTP/1.0 204\r\n"));
        for bad in [
            "HTTP/1.1 503 Busy\r\n",
            "HTTP/1.1 2000\r\n",
            "SSH-2.0\r\n",
            "",
        ] {
            assert!(!is_well(bad.as_bytes()), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn it_asks_until_the_answer_is_a_good_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/up", listener.local_addr().unwrap());
        let address = Address::parse(&url).unwrap();
        let serve = async {
            for answer in ["", "HTTP/1.1 503 Busy\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 1024];
                let count = stream.read(&mut request).await.unwrap();
                assert!(request[..count].starts_with(b"GET /up HTTP/1.1\r\n"));
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        tokio::join!(serve, until_it_answers(&address));
    }
}
