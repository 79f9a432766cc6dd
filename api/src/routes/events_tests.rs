//! Tests of following events over HTTP, against a double of the sync-worker that tells them as the
//! real one does.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{
    body::{BoxBody, MessageBody},
    dev::ServiceResponse,
    test,
};
use chrono::NaiveDateTime;
use runtime::{Stop, socket::Answers};
use schema::{
    Db, SqliteConnection,
    models::{EventKind, Following, ListId, NewEvent},
    wire::{
        Link,
        sync::{
            EventsReset, FromSyncWorker, ReadingProgress, RunPhase, RunProgress, SyncLink,
            ToSyncWorker, WatchEvents,
        },
    },
};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, timeout},
};

use super::*;
use crate::{
    server,
    testing::{KEY, World, spawn},
};

const LIMIT: Duration = Duration::from_secs(20);

/// A double of the sync-worker.
#[derive(Clone)]
struct Worker {
    db: Db,
    stored: watch::Sender<i32>,
    passing: broadcast::Sender<FromSyncWorker>,
    /// Connections that are open.
    open: Arc<AtomicUsize>,
    stop: Arc<Mutex<Stop>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if Arc::strong_count(&self.stop) == 1 {
            self.stop();
        }
    }
}

impl Worker {
    /// Not there yet; see [`Worker::start`].
    fn of(world: &World) -> Self {
        Self {
            db: world.db.clone(),
            stored: watch::Sender::default(),
            passing: broadcast::channel(1000).0,
            open: Arc::default(),
            stop: Arc::new(Mutex::new(Stop::new())),
        }
    }

    async fn start(&self, world: &World) {
        let stop = Stop::new();
        *self.stop.lock().unwrap() = stop.clone();
        let (db, open) = (self.db.clone(), Arc::clone(&self.open));
        let (stored, passing) = (self.stored.clone(), self.passing.clone());
        let handler = move |request, answers| {
            let (db, open) = (db.clone(), Arc::clone(&open));
            let (stored, passing) = (stored.subscribe(), passing.subscribe());
            async move {
                let ToSyncWorker::WatchEvents(request) = request else {
                    panic!("{request:?}");
                };
                open.fetch_add(1, Ordering::SeqCst);
                let _closed = Closed(open);
                tell(&db, request, stored, passing, answers).await;
            }
        };
        spawn::<SyncLink, _>(&world.paths.socket(SyncLink::SOCKET), handler, &stop).await;
    }

    /// It ends, and all its connections.
    fn stop(&self) {
        self.stop.lock().unwrap().request();
    }

    /// So many events are stored.
    async fn happens(&self, events: i32) {
        self.happens_all(vec![EventKind::ListRead; usize::try_from(events).unwrap()])
            .await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this stands in for the process that stores events"
    )]
    async fn happens_all(&self, kinds: Vec<EventKind>) {
        let new: Vec<_> = kinds.into_iter().map(event).collect();
        let newest = self
            .db
            .write(move |conn| {
                Event::insert(conn, &new)?;
                Event::newest(conn)
            })
            .await
            .unwrap();
        self.stored.send_replace(newest);
    }

    fn passes(&self, news: FromSyncWorker) {
        self.passing.send(news).unwrap();
    }
}

struct Closed(Arc<AtomicUsize>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn tell(
    db: &Db,
    request: WatchEvents,
    mut stored: watch::Receiver<i32>,
    mut passing: broadcast::Receiver<FromSyncWorker>,
    answers: Answers<SyncLink>,
) {
    let mut last = request.after.expect("the hub knows where it is");
    let stop = answers.cancelled();
    loop {
        match db.read(move |conn| Event::after(conn, last)).await.unwrap() {
            Following::Events(events) if !events.is_empty() => {
                for event in events {
                    last = event.id;
                    if answers
                        .more(FromSyncWorker::Event(event.view()))
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                continue;
            }
            Following::Events(_) => {}
            Following::Reset { newest } => {
                last = newest;
                let reset = FromSyncWorker::EventsReset(EventsReset { newest });
                answers.more(reset).await.unwrap();
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = stored.changed() => {}
            news = passing.recv() => {
                if answers.more(news.unwrap()).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn event(kind: EventKind) -> NewEvent {
    NewEvent {
        at: crate::testing::now().naive_utc(),
        kind,
        run: Some(RunId(3)),
        list: Some(ListId(5)),
        data: "{\"name\":\"Top\"}".into(),
    }
}

fn progress(done: u32) -> FromSyncWorker {
    FromSyncWorker::Progress(RunProgress {
        run: RunId(3),
        phase: RunPhase::Read,
        done,
        total: 9,
        item: None,
    })
}

fn reading(list: i32, read: u32) -> FromSyncWorker {
    FromSyncWorker::Reading(ReadingProgress {
        run: Some(RunId(3)),
        list: ListId(list),
        name: "Top".into(),
        read,
        announced: None,
    })
}

/// One client; dropping it hangs up.
struct Client {
    body: Pin<Box<BoxBody>>,
    text: String,
}

type Block = HashMap<String, String>;

impl Client {
    async fn of(world: &World, query: &str, last: Option<&str>) -> Self {
        let mut client = Self {
            body: Box::pin(answer(world, "GET", query, last).await.into_body()),
            text: String::new(),
        };
        let hello = client.block().await;
        assert_eq!(hello["retry"], "2000");
        assert!(hello.contains_key("id") && !hello.contains_key("event"));
        client
    }

    /// The bytes that come next; nothing at the end.
    async fn chunk(&mut self) -> Option<String> {
        let next = std::future::poll_fn(|cx| self.body.as_mut().poll_next(cx));
        let chunk = timeout(LIMIT, next).await.expect("nothing comes")?;
        Some(String::from_utf8(chunk.unwrap().to_vec()).unwrap())
    }

    /// The next block: an event or a comment.
    async fn block(&mut self) -> Block {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block
                    .lines()
                    .map(|line| line.split_once(": ").unwrap())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                self.text = rest.to_owned();
                return block;
            }
            let chunk = self.chunk().await.expect("the stream has ended");
            self.text.push_str(&chunk);
        }
    }

    /// `7` for a stored event, else its name and what is in it.
    async fn word(&mut self) -> String {
        let block = self.block().await;
        let data: serde_json::Value = serde_json::from_str(&block["data"]).unwrap();
        match block["event"].as_str() {
            "reset" => {
                assert_eq!(block["id"], data["newest"].to_string());
                format!("reset {}", data["newest"])
            }
            "progress" => {
                assert!(!block.contains_key("id"));
                format!("progress {}", data["done"])
            }
            "reading" => {
                assert!(!block.contains_key("id"));
                format!("reading {} {}", data["list"], data["read"])
            }
            kind => {
                assert_eq!(
                    (data["kind"].as_str(), &data["run"]),
                    (Some(kind), &3.into())
                );
                assert_eq!(data["data"]["name"], "Top");
                assert_eq!(block["id"], data["id"].to_string());
                block["id"].clone()
            }
        }
    }

    async fn expect(&mut self, words: &[&str]) {
        for word in words {
            assert_eq!(self.word().await, *word);
        }
    }

    async fn expect_all(&mut self, numbers: std::ops::RangeInclusive<i32>) {
        for number in numbers {
            assert_eq!(self.word().await, number.to_string());
        }
    }
}

async fn answer(world: &World, method: &str, query: &str, last: Option<&str>) -> ServiceResponse {
    let app = test::init_service(server::app(world.shared.clone())).await;
    let mut request = test::TestRequest::with_uri(&format!("/api/events{query}"))
        .method(method.parse().unwrap())
        .insert_header(("x-api-key", KEY));
    if let Some(last) = last {
        request = request.insert_header(("last-event-id", last));
    }
    let answer = test::call_service(&app, request.to_request()).await;
    assert_eq!(answer.status(), 200);
    answer
}

async fn soon(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, waiting).await.expect("it is not so");
}

async fn both() -> (World, Worker) {
    let world = World::alone().await;
    let worker = Worker::of(&world);
    worker.start(&world).await;
    (world, worker)
}

async fn forget_all_but(world: &World, keep: i32) {
    let forget = move |conn: &mut SqliteConnection| Event::prune(conn, NaiveDateTime::MIN, keep);
    world.db.write(forget).await.unwrap();
}

#[actix_web::test]
async fn the_headers_are_those_of_an_event_stream() {
    let world = World::alone().await;
    let answer = answer(&world, "GET", "", None).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(answer.headers().get(name).unwrap(), value, "{name}");
    }
}

#[actix_web::test]
async fn what_was_missed_and_what_happens_meanwhile_comes_once_and_in_order() {
    let (world, worker) = both().await;
    worker.happens(300).await;
    let mut client = Client::of(&world, "", Some("100")).await;
    let mut new = Client::of(&world, "", None).await;
    let happening = async {
        for _ in 0..100 {
            worker.happens(3).await;
        }
    };
    let read = client.expect_all(101..=600);
    tokio::join!(happening, read, new.expect_all(301..=600));
}

#[actix_web::test]
async fn a_client_begins_with_what_happens_after_its_coming() {
    let (world, worker) = both().await;
    worker.happens(4).await;
    let answer = answer(&world, "GET", "", None).await;
    // Before the stream is even looked at.
    worker.happens(1).await;
    let mut client = Client {
        body: Box::pin(answer.into_body()),
        text: String::new(),
    };
    assert_eq!(client.block().await["id"], "4", "where it comes again");
    client.expect(&["5"]).await;
}

#[actix_web::test]
async fn the_number_may_stand_in_the_query_and_the_header_counts_more() {
    let (world, worker) = both().await;
    worker.happens(4).await;
    let mut client = Client::of(&world, "?last_event_id=2", None).await;
    client.expect(&["3", "4"]).await;
    let mut client = Client::of(&world, "?last_event_id=0", Some("3")).await;
    client.expect(&["4"]).await;
}

#[actix_web::test]
async fn a_number_that_is_too_old_or_none_of_ours_is_a_reset() {
    let (world, worker) = both().await;
    worker.happens(10).await;
    forget_all_but(&world, 4).await;
    for last in ["3", "99", "99999999999", "-1", "abc"] {
        let mut client = Client::of(&world, "", Some(last)).await;
        client.expect(&["reset 10"]).await;
    }
    let mut client = Client::of(&world, "", Some("5")).await;
    client.expect(&["reset 10"]).await;
    worker.happens(1).await;
    client.expect(&["11"]).await;
}

#[actix_web::test]
async fn a_sync_worker_that_is_killed_loses_nobody_anything() {
    let (world, worker) = both().await;
    let mut client = Client::of(&world, "", None).await;
    worker.happens(2).await;
    client.expect(&["1", "2"]).await;
    worker.stop();
    soon(|| worker.open.load(Ordering::SeqCst) == 0).await;
    // What its successor stores before anybody is connected to it.
    worker.happens(2).await;
    // Who comes meanwhile gets what is stored.
    let mut late = Client::of(&world, "", Some("1")).await;
    late.expect(&["2", "3", "4"]).await;
    worker.start(&world).await;
    client.expect(&["3", "4"]).await;
    worker.happens(1).await;
    client.expect(&["5"]).await;
    late.expect(&["5"]).await;
}

#[actix_web::test]
async fn another_database_resets_everybody() {
    let (world, worker) = both().await;
    worker.happens(5).await;
    let mut client = Client::of(&world, "", Some("4")).await;
    client.expect(&["5"]).await;
    worker.stop();
    soon(|| worker.open.load(Ordering::SeqCst) == 0).await;
    let empty = |conn: &mut SqliteConnection| {
        diesel::connection::SimpleConnection::batch_execute(
            conn,
            "DELETE FROM events; DELETE FROM sqlite_sequence WHERE name = 'events'",
        )
    };
    world.db.write(empty).await.unwrap();
    worker.happens(2).await;
    worker.start(&world).await;
    client.expect(&["reset 2"]).await;
    worker.happens(1).await;
    client.expect(&["3"]).await;
}

#[actix_web::test]
async fn a_client_that_reads_slowly_misses_nothing_and_holds_up_nobody() {
    let (world, worker) = both().await;
    let mut slow = Client::of(&world, "", None).await;
    let mut quick = Client::of(&world, "", None).await;
    // More than the hub keeps.
    for _ in 0..20 {
        worker.happens(100).await;
    }
    quick.expect_all(1..=2000).await;
    slow.expect_all(1..=2000).await;
}

#[actix_web::test]
async fn passing_news_has_no_number_and_its_newest_state_counts() {
    let (world, worker) = both().await;
    let mut client = Client::of(&world, "", None).await;
    soon(|| worker.open.load(Ordering::SeqCst) == 1).await;
    worker.passes(progress(1));
    client.expect(&["progress 1"]).await;
    worker.passes(reading(5, 10));
    client.expect(&["reading 5 10"]).await;
    worker.passes(reading(6, 20));
    client.expect(&["reading 6 20"]).await;
    // Who comes later hears where it is, but not of what is over.
    worker.happens(1).await; // the reading of list 5 ended
    client.expect(&["1"]).await;
    let mut late = Client::of(&world, "", None).await;
    late.expect(&["progress 1", "reading 6 20"]).await;
    worker.happens_all(vec![EventKind::RunEnded]).await;
    client.expect(&["2"]).await;
    let mut latest = Client::of(&world, "", None).await;
    worker.passes(progress(2));
    latest.expect(&["progress 2"]).await;
}

#[actix_web::test]
async fn only_the_kinds_and_the_run_that_are_wanted_come() {
    let (world, worker) = both().await;
    worker
        .happens_all(vec![
            EventKind::RunStarted,
            EventKind::ListRead,
            EventKind::RunEnded,
        ])
        .await;
    let mut client = Client::of(
        &world,
        "?kind=run_started,run_ended,reading&run=3",
        Some("0"),
    )
    .await;
    client.expect(&["1", "3"]).await;
    soon(|| worker.open.load(Ordering::SeqCst) == 1).await;
    worker.passes(progress(1));
    worker.passes(reading(5, 10));
    client.expect(&["reading 5 10"]).await;
    let mut client = Client::of(&world, "?run=4", Some("0")).await;
    worker.stop();
    world.shared.events.close();
    assert_eq!(client.chunk().await, None);
}

#[actix_web::test]
async fn what_cannot_be_asked_for_is_named() {
    let world = World::alone().await;
    for (query, field) in [
        ("kind=run_started,odd", "kind"),
        ("run=0", "run"),
        ("last_event_id=-1", "last_event_id"),
        ("last_event_id=x", "last_event_id"),
    ] {
        let answer = world.get(&format!("/api/events?{query}")).await;
        answer.blames(&[field]);
    }
    let answer = world.anonymous("GET", "/api/events").await;
    answer.is_problem(401, "unauthorized");
    let answer = world.send("POST", "/api/events", "").await;
    answer.is_problem(405, "method_not_allowed");
}

#[actix_web::test]
async fn a_sign_of_life_comes_when_nothing_else_does() {
    let world = World::alone().await;
    let mut client = Client::of(&world, "", None).await;
    tokio::time::pause();
    for _ in 0..3 {
        let begun = Instant::now();
        assert_eq!(client.chunk().await.unwrap(), ": heartbeat\n\n");
        let quiet = begun.elapsed();
        assert!(quiet <= Duration::from_millis(15_100), "{quiet:?}");
    }
}

#[actix_web::test]
async fn every_stream_ends_when_the_process_stops() {
    let (world, worker) = both().await;
    worker.happens(3).await;
    let mut waiting = Client::of(&world, "", None).await;
    let mut behind = Client::of(&world, "", Some("0")).await;
    world.shared.events.close();
    assert_eq!(waiting.chunk().await, None);
    assert_eq!(behind.chunk().await, None);
    soon(|| worker.open.load(Ordering::SeqCst) == 0).await;
}

#[actix_web::test]
async fn the_sync_worker_is_listened_to_while_there_are_clients() {
    let (world, worker) = both().await;
    let open = || worker.open.load(Ordering::SeqCst);
    for _ in 0..3 {
        let one = Client::of(&world, "", None).await;
        let other = Client::of(&world, "", None).await;
        soon(|| open() == 1).await;
        drop(one);
        worker.happens(1).await;
        assert_eq!(open(), 1);
        drop(other);
        soon(|| open() == 0).await;
    }
}

#[actix_web::test]
async fn there_is_room_for_many_and_not_for_any_number() {
    let world = World::alone().await;
    let mut seats: Vec<_> = (0..200)
        .map(|_| world.shared.events.join().unwrap())
        .collect();
    let answer = world.get("/api/events").await;
    answer.is_problem(503, "too_many_streams");
    assert_eq!(
        answer.json["detail"],
        "200 clients follow events already; close one of them, or a page that does."
    );
    seats.pop();
    Client::of(&world, "", None).await;
}

#[actix_web::test]
async fn asking_for_the_headers_alone_takes_no_seat() {
    let world = World::alone().await;
    let mut answer = answer(&world, "HEAD", "", None).await;
    assert_eq!(
        answer.headers().get("content-type").unwrap(),
        "text/event-stream"
    );
    let body = std::mem::replace(
        answer.response_mut(),
        actix_web::HttpResponse::Ok().finish(),
    );
    let mut body = Box::pin(body.into_body());
    let end = std::future::poll_fn(|cx| body.as_mut().poll_next(cx));
    assert!(timeout(LIMIT, end).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_database_that_fails_is_a_problem_or_the_end_of_the_stream() {
    let (world, worker) = both().await;
    worker.happens(1).await;
    let answer = answer(&world, "GET", "", Some("0")).await;
    let drop_table = |conn: &mut SqliteConnection| {
        diesel::connection::SimpleConnection::batch_execute(conn, "DROP TABLE events")
    };
    world.db.write(drop_table).await.unwrap();
    let mut client = Client {
        body: Box::pin(answer.into_body()),
        text: String::new(),
    };
    assert!(client.chunk().await.unwrap().starts_with("retry"));
    assert_eq!(client.chunk().await, None);
    worker.stop();
    world.get("/api/events").await.is_problem(500, "internal");
}

#[path = "events_process_tests.rs"]
mod processes;
