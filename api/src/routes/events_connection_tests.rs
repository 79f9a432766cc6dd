//! Tests of following events over real connections, as browsers, proxies and scripts make them.

use std::time::Duration;

use runtime::{Readiness, Stop};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    server,
    testing::{KEY, World, listeners},
};

const LIMIT: Duration = Duration::from_secs(20);

/// A client that has asked, and what has come so far.
struct Client {
    connection: TcpStream,
    text: String,
}

impl Client {
    async fn read_until(&mut self, part: &str) {
        while !self.text.contains(part) {
            let mut bytes = [0; 4096];
            let read = timeout(LIMIT, self.connection.read(&mut bytes)).await;
            let length = read.expect("nothing comes").unwrap();
            assert!(length > 0, "the connection was closed: {}", self.text);
            self.text
                .push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
    }
}

/// Serves `world` while `test` goes on, which gets the address.
async fn served<T>(world: &World, test: impl AsyncFnOnce(std::net::SocketAddr) -> T) -> T {
    let listeners = listeners();
    let at = listeners.ports().api;
    let stop = Stop::new();
    let ready = Readiness::default();
    let served = server::run(listeners, world.shared.clone(), stop.clone(), &ready);
    let test = async {
        let done = test(at).await;
        stop.request();
        done
    };
    let (ended, done) = tokio::join!(served, test);
    ended.unwrap();
    done
}

async fn follow(at: std::net::SocketAddr, version: &str) -> Client {
    let mut connection = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /api/events {version}\r\nhost: x\r\nx-api-key: {KEY}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut client = Client {
        connection,
        text: String::new(),
    };
    client.read_until("retry: 2000").await;
    client
}

#[actix_web::test]
async fn who_hangs_up_makes_room_at_once() {
    let world = World::alone().await;
    served(&world, async |at| {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(follow(at, "HTTP/1.1").await);
        }
        assert_eq!(world.shared.events.taken(), 5);
        drop(clients);
        let gone = async {
            while world.shared.events.taken() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), gone)
            .await
            .expect("seats stay taken");
    })
    .await;
}

#[actix_web::test]
async fn an_old_proxy_gets_the_stream_without_chunks() {
    let world = World::alone().await;
    served(&world, async |at| {
        let client = follow(at, "HTTP/1.0").await;
        let head = client.text.to_lowercase();
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert!(head.contains("\r\n\r\nretry: 2000\n"), "{head}");
    })
    .await;
}

#[actix_web::test]
async fn a_stream_is_the_last_on_its_connection_and_the_end_of_the_server_waits_for_no_other() {
    let world = World::alone().await;
    let mut client = served(&world, async |at| follow(at, "HTTP/1.1").await).await;
    let head = client.text.to_lowercase();
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    client.read_until("\r\n0\r\n\r\n").await;
    let closed = timeout(LIMIT, client.connection.read(&mut [0; 8])).await;
    assert_eq!(closed.unwrap().unwrap(), 0);
}
