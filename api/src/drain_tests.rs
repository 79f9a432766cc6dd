//! Tests of ending and of handing over to a successor, with real connections.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
    time::Instant,
};

use actix_web::web;
use futures_util::future::join_all;
use runtime::{Listeners, Readiness, Stop};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use super::*;
use crate::{
    server::run,
    testing::{KEY, World, listeners},
};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs beside the test.
struct Running {
    shared: web::Data<Shared>,
    stop: Stop,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(shared: web::Data<Shared>, listeners: Listeners) -> Self {
        let stop = Stop::new();
        let (served, asked) = (shared.clone(), stop.clone());
        let task = actix_web::rt::spawn(async move {
            run(listeners, served, asked, &Readiness::default()).await
        });
        Self { shared, stop, task }
    }

    async fn stopped(self) {
        self.stop.request();
        timeout(PATIENCE, self.task)
            .await
            .expect("it does not end")
            .unwrap()
            .unwrap();
    }
}

/// A connection as a client of HTTP has it.
struct Client {
    at: SocketAddr,
    stream: Option<TcpStream>,
    keeps_alive: bool,
}

impl Client {
    fn of(at: SocketAddr) -> Self {
        Self {
            at,
            stream: None,
            keeps_alive: true,
        }
    }

    fn fresh(at: SocketAddr) -> Self {
        Self {
            keeps_alive: false,
            ..Self::of(at)
        }
    }

    /// One request and its answer. A connection that the server has closed meanwhile is not used
    /// again, as any client does it.
    async fn ask(&mut self, path: &str) -> io::Result<String> {
        let kept = self.stream.take().filter(|stream| {
            let read = stream.try_read(&mut [0; 1]);
            matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        });
        let mut stream = match kept {
            Some(stream) => stream,
            None => TcpStream::connect(self.at).await?,
        };
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let answer = read(&mut stream).await?;
        if self.keeps_alive && !is_last(&answer) {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn is_last(answer: &str) -> bool {
    answer.to_lowercase().contains("\r\nconnection: close\r\n")
}

/// One answer with a length.
async fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() >= length {
            return Ok(text);
        }
    }
}

/// Asks until told to end, and counts; the first failure ends it.
async fn load(
    mut client: Client,
    end: CancellationToken,
    failures: Rc<RefCell<Vec<String>>>,
) -> usize {
    let mut answers = 0;
    while !end.is_cancelled() {
        match timeout(PATIENCE, client.ask("/healthz")).await {
            Ok(Ok(answer)) if answer.starts_with("http/1.1 200 ok") => answers += 1,
            other => failures.borrow_mut().push(format!("{other:?}")),
        }
    }
    answers
}

#[actix_web::test]
async fn no_request_is_lost_while_one_server_hands_over_to_the_next() {
    let world = World::alone().await;
    let listeners = listeners();
    let at = listeners.ports().api;
    let (end, failures) = (CancellationToken::new(), Rc::default());
    let clients: Vec<_> = (0..16)
        .map(|number| match number % 2 {
            0 => Client::of(at),
            _ => Client::fresh(at),
        })
        .map(|client| actix_web::rt::spawn(load(client, end.clone(), Rc::clone(&failures))))
        .collect();
    let mut server = Running::start(world.shared.clone(), listeners.try_clone().unwrap());
    for _ in 0..20 {
        let next = Running::start(world.successor(), listeners.try_clone().unwrap());
        let mut fresh = Client::fresh(at);
        fresh.ask("/healthz").await.unwrap();
        server.stopped().await;
        server = next;
    }
    end.cancel();
    for answers in join_all(clients).await {
        assert!(answers.unwrap() > 20);
    }
    assert_eq!(failures.borrow().as_slice(), [] as [String; 0]);
    server.stopped().await;
}

#[actix_web::test]
async fn who_is_between_two_requests_gets_an_answer_that_closes() {
    let world = World::alone().await;
    let listeners = listeners();
    let at = listeners.ports().dashboard;
    let server = Running::start(world.shared.clone(), listeners);
    let (mut client, mut idle) = (Client::of(at), Client::of(at));
    for client in [&mut client, &mut idle] {
        let answer = client.ask("/healthz").await.unwrap();
        assert!(!is_last(&answer), "{answer}");
    }
    let shared = server.shared.clone();
    let asks = async {
        shared.drain.begun().cancelled().await;
        let answer = client.ask("/healthz").await.unwrap();
        assert!(
            answer.starts_with("http/1.1 200 ok") && is_last(&answer),
            "{answer}"
        );
        // The other one, who never asks again, is let go.
        let mut stream = idle.stream.take().unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    };
    let begun = Instant::now();
    tokio::join!(server.stopped(), asks);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[actix_web::test]
async fn what_comes_after_the_end_has_begun_waits_for_the_successor() {
    let world = World::alone().await;
    let listeners = listeners();
    let at = listeners.ports().api;
    let going_on = world.shared.drain.connection();
    let server = Running::start(world.shared.clone(), listeners.try_clone().unwrap());
    Client::fresh(at).ask("/healthz").await.unwrap();
    server.stop.request();
    let mut unanswered = loop {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        if timeout(Duration::from_millis(200), read(&mut stream))
            .await
            .is_err()
        {
            break stream;
        }
    };
    assert!(!server.task.is_finished(), "it accepts until it ends");
    drop(going_on);
    server.stopped().await;
    let successor = Running::start(world.successor(), listeners);
    let answer = timeout(PATIENCE, read(&mut unanswered)).await.unwrap();
    assert!(!is_last(&answer.unwrap()));
    successor.stopped().await;
}

/// How long an end takes, and how much of that was before it closed connections.
async fn ended(drain: &Drain) -> (Duration, Option<Duration>) {
    let begun = tokio::time::Instant::now();
    let closed = Cell::new(None);
    drain.end(|| closed.set(Some(begun.elapsed()))).await;
    (begun.elapsed(), closed.get())
}

#[actix_web::test]
async fn an_end_takes_no_longer_than_what_is_going_on() {
    tokio::time::pause();
    let about = |took: Duration, expected: Duration| {
        let slack = Duration::from_millis(5); // of the timers
        assert!(
            took >= expected && took < expected + slack,
            "{took:?} {expected:?}"
        );
    };

    let (took, closed) = ended(&Drain::default()).await;
    about(took, SETTLE);
    assert_eq!(closed, None);

    let drain = Drain::default();
    let _idle = drain.connection();
    let (took, closed) = ended(&drain).await;
    about(closed.unwrap(), SETTLE + GRACE);
    about(took, SETTLE + GRACE + FLUSH);

    let drain = Drain::default();
    let busy = (drain.connection(), drain.request());
    let answer = Duration::from_millis(900);
    let ((took, _), ()) = tokio::join!(ended(&drain), async {
        sleep(answer).await;
        drop(busy);
    });
    about(took, answer);

    let drain = Drain::default();
    let _endless = (drain.connection(), drain.request());
    let (took, _) = ended(&drain).await;
    about(took, SETTLE + GRACE + LIMIT);
    assert!(took < Duration::from_secs(2));
}

#[actix_web::test]
async fn a_long_answer_counts_until_it_is_sent() {
    let drain = Drain::default();
    let long = vec![b'x'; 20_000];
    let body = held(BoxBody::new(long), drain.request());
    assert_eq!(body.size(), BodySize::Sized(20_000));
    assert_eq!(drain.requests.len(), 1);
    assert_eq!(actix_web::body::to_bytes(body).await.unwrap().len(), 20_000);
    assert_eq!(drain.requests.len(), 0);
    let short = held(BoxBody::new("short"), drain.request());
    assert_eq!(drain.requests.len(), 0);
    drop(short);
}

#[actix_web::test]
async fn both_ports_serve_the_same_and_head_has_no_body() {
    let world = World::alone().await;
    let listeners = listeners();
    let ports = listeners.ports();
    let server = Running::start(world.shared.clone(), listeners);
    for at in [ports.api, ports.dashboard] {
        let answer = Client::fresh(at).ask("/healthz").await.unwrap();
        assert!(answer.starts_with("http/1.1 200 ok"), "{answer}");
        assert!(!answer.contains("server:"), "{answer}");
        let mut stream = TcpStream::connect(at).await.unwrap();
        let request = b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
    server.stopped().await;
}
