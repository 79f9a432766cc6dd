//! The browser's way out: a forward proxy of our own on this machine. Every connection of a page,
//! whatever redirect or script it comes from, passes the guard here and goes to the very address the
//! guard has checked. Counts a page's bytes and remembers which hosts could not be had and why.
//! Leaves everything inside of a connection to the browser.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use actix_rt::task::JoinHandle;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, lookup_host},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    fetch::{guard::Guard, http::HttpError},
    provider::Reach,
};

/// Bytes of the head of a request.
const HEAD: usize = 16 * 1024;
/// Header lines of a request.
const HEADERS: usize = 100;
/// Bytes copied at once.
const PIECE: usize = 16 * 1024;
/// How long a head may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a connection to a site may take to stand.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Hosts that could not be had and are remembered for one page.
const FAULTS: usize = 200;

/// The traffic of one page.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Host and port of the address that was asked for.
    own: (String, u16),
    /// Its addresses as they were at first: a page must not have its name moved into the owner's
    /// network after its scripts have come.
    own_at: OnceCell<Vec<SocketAddr>>,
    reach: Reach,
    /// Bytes it may still receive.
    left: Cell<u64>,
    is_cut: Cell<bool>,
    /// Why a host could not be had, by `host:port`.
    faults: RefCell<HashMap<String, HttpError>>,
    last: RefCell<Option<String>>,
    end: CancellationToken,
}

impl Traffic {
    /// Whether it wanted more than it may have.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    /// Takes out why the host of `url` could not be had.
    pub(super) fn fault(&self, url: &Url) -> Option<HttpError> {
        let (host, port) = target(url)?;
        self.faults.borrow_mut().remove(&format!("{host}:{port}"))
    }

    /// Takes out what failed last.
    pub(super) fn last_fault(&self) -> Option<HttpError> {
        let key = self.last.borrow_mut().take()?;
        self.faults.borrow_mut().remove(&key)
    }

    /// Whether the page's own host did not take a connection.
    pub(super) fn has_lost_own(&self) -> bool {
        let key = format!("{}:{}", self.own.0, self.own.1);
        self.faults.borrow().contains_key(&key)
    }

    /// Where a host is that this page may connect to.
    async fn way_to(
        &self,
        guard: &Guard,
        (host, port): (&str, u16),
    ) -> Result<Vec<SocketAddr>, HttpError> {
        let own = (self.own.0.as_str(), self.own.1);
        let is_own = (host, port) == own;
        if is_own && let Some(known) = self.own_at.get() {
            return Ok(known.clone());
        }
        let found = permitted(guard, (host, port), (own, self.reach)).await?;
        if is_own {
            return Ok(self.own_at.get_or_init(|| found).clone());
        }
        Ok(found)
    }

    fn failed(&self, host: &str, port: u16, why: HttpError) {
        let key = format!("{host}:{port}");
        tracing::debug!("a page cannot have {key}: {why}");
        let mut faults = self.faults.borrow_mut();
        if faults.len() >= FAULTS && !faults.contains_key(&key) {
            return;
        }
        faults.insert(key.clone(), why);
        drop(faults);
        *self.last.borrow_mut() = Some(key);
    }

    /// Counts bytes; false when they are too many.
    fn take(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes as u64);
        self.left.set(left.unwrap_or(0));
        if left.is_none() {
            self.is_cut.set(true);
            self.end.cancel();
        }
        left.is_some()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// A page that is open: while this lives its requests are let through.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) traffic: Rc<Traffic>,
    shared: Rc<Shared>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.traffic.end.cancel();
        *self.shared.page.borrow_mut() = None;
    }
}

/// The proxy. Ends when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) port: u16,
    shared: Rc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    guard: Guard,
    page: RefCell<Option<Rc<Traffic>>>,
}

impl Proxy {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn start(guard: Guard) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Rc::new(Shared {
            guard,
            page: RefCell::default(),
        });
        let accepting = actix_rt::spawn(accept(listener, Rc::clone(&shared)));
        Ok(Self {
            port,
            shared,
            accepting,
        })
    }

    /// Lets a page through, with at most so many bytes.
    pub(super) fn open(&self, url: &Url, reach: Reach, bytes: u64) -> Open {
        let traffic = Rc::new(Traffic {
            own: target(url).unwrap_or_default(),
            own_at: OnceCell::new(),
            reach,
            left: Cell::new(bytes),
            is_cut: Cell::new(false),
            faults: RefCell::default(),
            last: RefCell::default(),
            end: CancellationToken::new(),
        });
        *self.shared.page.borrow_mut() = Some(Rc::clone(&traffic));
        Open {
            traffic,
            shared: Rc::clone(&self.shared),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Host without brackets and final dot, and port.
pub(super) fn target(url: &Url) -> Option<(String, u16)> {
    let host = url
        .host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']');
    let host = host.strip_suffix('.').unwrap_or(host);
    Some((host.to_owned(), url.port_or_known_default()?))
}

/// The addresses a page may connect to for a host.
pub(super) async fn permitted(
    guard: &Guard,
    (host, port): (&str, u16),
    (own, reach): ((&str, u16), Reach),
) -> Result<Vec<SocketAddr>, HttpError> {
    if reach == Reach::OwnersSite && (host, port) == own {
        // The address is of the settings, wherever it is.
        let found = lookup_host((host, port)).await;
        let found = found.map_err(|source| HttpError::NoName {
            host: host.to_owned(),
            source,
        })?;
        return Ok(found.collect());
    }
    guard.resolve(host, port, Some(own)).await
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                // Without a page there is nothing to ask for.
                let page = shared.page.borrow().clone();
                if let Some(traffic) = page {
                    let guard = shared.guard.clone();
                    actix_rt::spawn(serve(client, guard, traffic));
                }
            }
            Err(error) => {
                // Too many files are open, most likely; it passes.
                tracing::warn!("the browser's proxy cannot take a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(client: TcpStream, guard: Guard, traffic: Rc<Traffic>) {
    let end = traffic.end.clone();
    let served = end.run_until_cancelled(exchange(client, &guard, &traffic));
    if let Some(Err(error)) = served.await {
        tracing::trace!("a connection of a page broke off: {error}");
    }
}

/// What a browser asks a proxy for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    host: String,
    port: u16,
    /// What is sent on; `None` for a tunnel.
    head: Option<Vec<u8>>,
    /// Bytes of body after it.
    body: u64,
}

async fn exchange(mut client: TcpStream, guard: &Guard, traffic: &Traffic) -> io::Result<()> {
    let Ok(received) = timeout(HEAD_TIME, head(&mut client)).await else {
        return Ok(()); // connections are opened in advance, and not always used
    };
    let (head, rest) = received?;
    let Some(asked) = asked(&head) else {
        return answer(&mut client, "400 Bad Request").await;
    };
    let site = match connect(guard, traffic, &asked).await {
        Ok(site) => site,
        Err(why) => {
            let status = match why {
                HttpError::Refused { .. } => "403 Forbidden",
                _ => "502 Bad Gateway",
            };
            traffic.failed(&asked.host, asked.port, why);
            return answer(&mut client, status).await;
        }
    };
    match asked.head {
        None => tunnel(client, site, &rest, traffic).await,
        Some(head) => forward(client, site, &head, (rest, asked.body), traffic).await,
    }
}

/// Reads until the empty line; what came after it is given, too.
async fn head(client: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Ok((bytes, rest));
        }
        if bytes.len() > HEAD {
            return Err(io::Error::other("a head without end"));
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn asked(bytes: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(bytes).ok()?; // whatever is wrong, it is refused
    let (method, path) = (request.method?, request.path?);
    if method == "CONNECT" {
        let url = Url::parse(&format!("https://{path}/")).ok()?; // as above
        let (host, port) = target(&url)?;
        return Some(Asked {
            host,
            port,
            head: None,
            body: 0,
        });
    }
    let url = Url::parse(path).ok()?; // as above
    if url.scheme() != "http" {
        return None;
    }
    let (host, port) = target(&url)?;
    let mut head = format!("{method} {}", url.path());
    if let Some(query) = url.query() {
        head.push('?');
        head.push_str(query);
    }
    head.push_str(" HTTP/1.1\r\n");
    let mut head = head.into_bytes();
    let mut body = 0;
    for header in request.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        match name.as_str() {
            "connection" | "proxy-connection" | "keep-alive" | "proxy-authorization" => continue,
            // Browsers know how long their bodies are.
            "transfer-encoding" => return None,
            "content-length" => body = std::str::from_utf8(header.value).ok()?.parse().ok()?,
            _ => {}
        }
        head.extend_from_slice(header.name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(header.value);
        head.extend_from_slice(b"\r\n");
    }
    // The next request may be for another host, so it comes on another connection.
    head.extend_from_slice(b"Connection: close\r\n\r\n");
    Some(Asked {
        host,
        port,
        head: Some(head),
        body,
    })
}

async fn connect(guard: &Guard, traffic: &Traffic, asked: &Asked) -> Result<TcpStream, HttpError> {
    let addresses = traffic.way_to(guard, (&asked.host, asked.port)).await?;
    let mut what = "it has no address".to_owned();
    for address in addresses {
        match timeout(CONNECT_TIME, TcpStream::connect(address)).await {
            Ok(Ok(site)) => return Ok(site),
            Ok(Err(error)) => what = format!("cannot connect ({error})"),
            Err(_) => what = format!("no connection within {} s", CONNECT_TIME.as_secs()),
        }
    }
    Err(HttpError::Page {
        host: asked.host.clone(),
        what,
        may_pass: true,
    })
}

async fn answer(client: &mut TcpStream, status: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await
}

async fn tunnel(
    mut client: TcpStream,
    mut site: TcpStream,
    rest: &[u8],
    traffic: &Traffic,
) -> io::Result<()> {
    client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    site.write_all(rest).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_site, mut to_site) = site.split();
    let up = copy(&mut from_client, &mut to_site, |_| true);
    let down = copy(&mut from_site, &mut to_client, |bytes| traffic.take(bytes));
    // One side that has ended does not end the other.
    tokio::try_join!(up, down).map(|_| ())
}

async fn forward(
    mut client: TcpStream,
    mut site: TcpStream,
    head: &[u8],
    (mut rest, body): (Vec<u8>, u64),
    traffic: &Traffic,
) -> io::Result<()> {
    site.write_all(head).await?;
    rest.truncate(usize::try_from(body).unwrap_or(usize::MAX));
    site.write_all(&rest).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_site, mut to_site) = site.split();
    let up = async {
        let more = body - rest.len() as u64;
        tokio::io::copy(&mut (&mut from_client).take(more), &mut to_site).await?;
        // Whatever comes now is another request, or the end: both end this connection.
        from_client.read_u8().await.map(|_| ())
    };
    let down = copy(&mut from_site, &mut to_client, |bytes| traffic.take(bytes));
    tokio::select! {
        done = down => done,
        _ = up => Ok(()),
    }
}

/// Copies until the end, or as long as `goes_on` says.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    goes_on: impl Fn(usize) -> bool,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 || !goes_on(count) {
            break;
        }
        to.write_all(piece.get(..count).unwrap_or_default()).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A site that says what it was asked, then `OK`.
    async fn site() -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = actix_rt::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let count = client.read(&mut bytes).await.unwrap();
            client
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
                .await
                .unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        });
        (address, heard)
    }

    /// What the proxy answers to `request`.
    async fn through(proxy: &Proxy, request: &str) -> String {
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // It may be cut off before we have read everything: that is an answer, too.
        drop(client.read_to_end(&mut answer).await);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn url(address: impl std::fmt::Display) -> Url {
        Url::parse(&format!("http://{address}/list")).unwrap()
    }

    async fn proxy() -> Proxy {
        Proxy::start(Guard::new(true)).await.unwrap()
    }

    #[actix_rt::test]
    async fn a_request_goes_on_as_the_site_expects_it_and_on_a_connection_of_its_own() {
        let (address, heard) = site().await;
        let proxy = proxy().await;
        let open = proxy.open(&url(address), Reach::Guarded, 1000);
        let answer = through(
            &proxy,
            &format!("GET http://{address}/list?p=2 HTTP/1.1\r\nHost: {address}\r\nProxy-Connection: keep-alive\r\n\r\n"),
        )
        .await;
        assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
        assert_eq!(
            heard.await.unwrap(),
            format!("GET /list?p=2 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        );
        assert!(!open.traffic.is_cut() && open.traffic.last_fault().is_none());
    }

    #[actix_rt::test]
    async fn a_tunnel_carries_bytes_both_ways() {
        let (address, heard) = site().await;
        let proxy = proxy().await;
        let _open = proxy.open(&url(address), Reach::Guarded, 1000);
        let request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\nhello");
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK"));
        assert_eq!(heard.await.unwrap(), "hello");
    }

    #[actix_rt::test]
    async fn other_private_addresses_are_refused_and_named() {
        let (address, _heard) = site().await;
        let proxy = proxy().await;
        let open = proxy.open(&url("10.0.0.5:81"), Reach::Guarded, 1000);
        for target in [
            address.to_string(),
            "169.254.169.254:80".into(),
            "[::1]:9".into(),
        ] {
            for request in [
                format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n"),
                format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
            ] {
                let answer = through(&proxy, &request).await;
                assert!(answer.starts_with("HTTP/1.1 403 "), "{target}: {answer}");
                let fault = open.traffic.fault(&url(&target));
                assert!(matches!(fault, Some(HttpError::Refused { .. })), "{target}");
            }
        }
    }

    #[actix_rt::test]
    async fn the_owners_site_is_reached_wherever_it_is_and_no_other() {
        let (address, _heard) = site().await;
        let proxy = Proxy::start(Guard::new(false)).await.unwrap();
        let _open = proxy.open(&url(address), Reach::OwnersSite, 1000);
        let get = |target: &str| format!("GET http://{target}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = through(&proxy, &get(&address.to_string())).await;
        assert!(answer.ends_with("OK"), "{answer}");
        let answer = through(&proxy, &get("127.0.0.1:9")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }

    #[actix_rt::test]
    async fn a_page_s_own_name_keeps_the_address_it_had_at_first() {
        let (address, _heard) = site().await;
        let proxy = proxy().await;
        let own = url(format!("localhost:{}", address.port()));
        let open = proxy.open(&own, Reach::Guarded, 1000);
        // As if the name had been elsewhere when the page came.
        let first = vec![SocketAddr::from(([127, 0, 0, 1], 1))];
        open.traffic.own_at.set(first).unwrap();
        for host in ["localhost", "LOCALHOST."] {
            let port = address.port();
            let request = format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n");
            let answer = through(&proxy, &request).await;
            assert!(answer.starts_with("HTTP/1.1 502 "), "{host}: {answer}");
        }
        assert!(open.traffic.has_lost_own());
    }

    #[actix_rt::test]
    async fn a_page_that_asks_for_countless_hosts_fills_no_memory() {
        let proxy = proxy().await;
        let open = proxy.open(&url("10.0.0.5:81"), Reach::Guarded, 1000);
        for port in 1..1000 {
            let why = HttpError::PageCost {
                host: String::new(),
                what: String::new(),
            };
            open.traffic.failed("a.example", port, why);
        }
        assert_eq!(open.traffic.faults.borrow().len(), FAULTS);
    }

    #[actix_rt::test]
    async fn without_a_page_nothing_is_let_through() {
        let (address, _heard) = site().await;
        let proxy = proxy().await;
        drop(proxy.open(&url(address), Reach::Guarded, 1000));
        let request = format!("GET http://{address}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(through(&proxy, &request).await, "");
    }

    #[actix_rt::test]
    async fn too_many_bytes_end_all_connections_of_the_page() {
        let (address, _heard) = site().await;
        let proxy = proxy().await;
        let open = proxy.open(&url(address), Reach::Guarded, 20);
        let request = format!("GET http://{address}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(through(&proxy, &request).await, "");
        assert!(open.traffic.is_cut());
    }

    #[actix_rt::test]
    async fn what_cannot_be_reached_is_named_and_what_is_no_request_is_turned_away() {
        let gone = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let proxy = proxy().await;
        let open = proxy.open(&url(gone), Reach::Guarded, 1000);
        let request = format!("GET http://{gone}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(through(&proxy, &request).await.starts_with("HTTP/1.1 502 "));
        let fault = open.traffic.last_fault().unwrap();
        assert!(fault.to_string().contains("cannot connect"), "{fault}");
        for wrong in [
            "GET /list HTTP/1.1\r\n\r\n",
            "GET ftp://a.example/ HTTP/1.1\r\n\r\n",
            "POST http://127.0.0.1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "CONNECT / HTTP/1.1\r\n\r\n",
            "\u{1}\r\n\r\n",
        ] {
            let answer = through(&proxy, wrong).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{wrong}: {answer}");
        }
        let endless = format!("GET http://{gone}/ HTTP/1.1\r\nX: {}", "x".repeat(HEAD));
        assert_eq!(through(&proxy, &endless).await, "");
    }
}
