//! Tests of following events, over a real socket and a database of their own.

use std::path::PathBuf;

use runtime::{
    Stop,
    socket::{CallError, Client, Stream as Answered, serve},
};
use schema::{
    models::{EventKind, ListId, NewEvent, RunId},
    wire::sync::{ReadingProgress, RunPhase, RunProgress, ToSyncWorker},
};
use tokio::time::timeout;

use super::*;
use crate::engine::write;

const NOTHING: WatchEvents = WatchEvents {
    after: None,
    last: None,
    follow: false,
};
const FOLLOW: WatchEvents = WatchEvents {
    follow: true,
    ..NOTHING
};

struct World {
    db: Db,
    feed: Feed,
    stop: Stop,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.request();
    }
}

impl World {
    /// With so many events.
    async fn with(events: i32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        schema::migrate(&path).unwrap();
        let world = Self {
            db: Db::open(&path).unwrap(),
            feed: Feed::default(),
            stop: Stop::new(),
            socket: folder.path().join("socket"),
            _folder: folder,
        };
        world.happens(events).await;
        let (db, feed) = (world.db.clone(), world.feed.clone());
        let handler = move |request, answers| {
            let (db, feed) = (db.clone(), feed.clone());
            async move {
                let ToSyncWorker::WatchEvents(request) = request else {
                    panic!("{request:?}");
                };
                answer(&db, &feed, request, answers).await;
            }
        };
        let (socket, stop) = (world.socket.clone(), world.stop.clone());
        actix_rt::spawn(async move { serve(&socket, handler, stop).await.unwrap() });
        while !world.socket.exists() {
            tokio::task::yield_now().await;
        }
        world
    }

    /// So many events are stored, with one write.
    async fn happens(&self, events: i32) {
        let stored = write(&self.db, &self.feed, move |_, told| {
            told.extend((0..events).map(|_| event()));
            Ok(())
        });
        stored.await.unwrap();
    }

    async fn watch(&self, request: WatchEvents) -> Answered<SyncLink> {
        Client::<SyncLink>::at(self.socket.clone())
            .stream(ToSyncWorker::WatchEvents(request))
            .await
            .unwrap()
    }
}

fn event() -> NewEvent {
    NewEvent {
        at: chrono::DateTime::from_timestamp(1_800_000_000, 0)
            .unwrap()
            .naive_utc(),
        kind: EventKind::ListRead,
        run: Some(RunId(1)),
        list: None,
        data: "{}".into(),
    }
}

fn progress(done: u32) -> RunProgress {
    RunProgress {
        run: RunId(1),
        phase: RunPhase::Apply,
        done,
        total: 1000,
        item: None,
    }
}

fn reading(list: i32, read: u32) -> ReadingProgress {
    ReadingProgress {
        run: Some(RunId(1)),
        list: ListId(list),
        name: "Top".into(),
        read,
        announced: Some(250),
    }
}

/// A word for what comes next: the number of an event, or what it is instead.
async fn next(stream: &mut Answered<SyncLink>) -> String {
    let answer = timeout(Duration::from_secs(20), stream.next()).await;
    match answer.expect("nothing comes").unwrap() {
        Some(FromSyncWorker::Event(event)) => event.id.to_string(),
        Some(FromSyncWorker::EventsReset(reset)) => format!("reset {}", reset.newest),
        Some(FromSyncWorker::Progress(progress)) => format!("progress {}", progress.done),
        Some(FromSyncWorker::Reading(reading)) => {
            format!("reading {} {}", reading.list, reading.read)
        }
        Some(FromSyncWorker::EventsEnded(_)) => "end".into(),
        other => panic!("{other:?}"),
    }
}

async fn all(stream: &mut Answered<SyncLink>) -> Vec<String> {
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "end") {
        words.push(next(stream).await);
    }
    words
}

#[actix_rt::test]
async fn stored_events_are_given_after_a_number_or_the_last_few() {
    let world = World::with(5).await;
    for (request, expected) in [
        (NOTHING, "end"),
        (
            WatchEvents {
                after: Some(3),
                ..NOTHING
            },
            "4 5 end",
        ),
        (
            WatchEvents {
                last: Some(2),
                ..NOTHING
            },
            "4 5 end",
        ),
        (
            WatchEvents {
                last: Some(99),
                ..NOTHING
            },
            "1 2 3 4 5 end",
        ),
        (
            WatchEvents {
                after: Some(99),
                ..NOTHING
            },
            "reset 5 end",
        ),
    ] {
        let mut stream = world.watch(request).await;
        assert_eq!(all(&mut stream).await.join(" "), expected);
    }
}

#[actix_rt::test]
async fn what_happens_while_following_comes_once_and_in_order() {
    let world = World::with(450).await;
    let mut stream = world
        .watch(WatchEvents {
            after: Some(0),
            ..FOLLOW
        })
        .await;
    // Also while the stored ones are still being sent.
    let happening = async {
        for _ in 0..50 {
            world.happens(3).await;
        }
    };
    let read = async {
        for number in 1..=600 {
            assert_eq!(next(&mut stream).await, number.to_string());
        }
    };
    tokio::join!(happening, read);
}

#[actix_rt::test]
async fn following_begins_with_what_happens_next() {
    let world = World::with(5).await;
    let mut stream = world.watch(FOLLOW).await;
    // Passing news is what tells that the stream has begun.
    world.feed.run(progress(1));
    assert_eq!(next(&mut stream).await, "progress 1");
    world.happens(1).await;
    assert_eq!(next(&mut stream).await, "6");
}

#[actix_rt::test]
async fn after_a_reset_it_goes_on_with_what_happens_next() {
    let world = World::with(10).await;
    let forget = |conn: &mut SqliteConnection| Event::prune(conn, chrono::NaiveDateTime::MIN, 4);
    world.db.write(forget).await.unwrap();
    let mut stream = world
        .watch(WatchEvents {
            after: Some(3),
            ..FOLLOW
        })
        .await;
    assert_eq!(next(&mut stream).await, "reset 10");
    world.happens(1).await;
    assert_eq!(next(&mut stream).await, "11");
}

#[actix_rt::test]
async fn who_comes_while_a_run_goes_on_hears_where_it_is() {
    let world = World::with(0).await;
    world.feed.run(progress(7));
    world.feed.reading(reading(1, 20));
    world.feed.reading(reading(2, 30));
    world.feed.reading_ended(ListId(1));
    let mut stream = world.watch(FOLLOW).await;
    assert_eq!(next(&mut stream).await, "progress 7");
    assert_eq!(next(&mut stream).await, "reading 2 30");
    // Nobody who comes later hears of a run that is over.
    world.feed.run_ended();
    let begin = WatchEvents {
        after: Some(0),
        ..FOLLOW
    };
    let mut late = world.watch(begin).await;
    world.happens(1).await;
    assert_eq!(next(&mut late).await, "1");
    assert_eq!(next(&mut stream).await, "1");
}

#[actix_rt::test]
async fn of_passing_news_the_newest_is_told_a_few_times_a_second() {
    let world = World::with(0).await;
    tokio::time::pause();
    let mut stream = world.watch(FOLLOW).await;
    world.feed.run(progress(0));
    assert_eq!(next(&mut stream).await, "progress 0");
    let begun = Instant::now();
    for done in 1..=500 {
        world.feed.run(progress(done));
        world.feed.reading(reading(1, done));
        tokio::task::yield_now().await;
    }
    assert_eq!(next(&mut stream).await, "progress 500");
    assert_eq!(next(&mut stream).await, "reading 1 500");
    assert!(begun.elapsed() >= PAUSE, "{:?}", begun.elapsed());
    // What has not changed is not told again.
    world.feed.reading(reading(2, 1));
    assert_eq!(next(&mut stream).await, "reading 2 1");
    // Stored events wait for no pause.
    let begun = Instant::now();
    world.feed.run(progress(501));
    world.happens(1).await;
    assert_eq!(next(&mut stream).await, "1");
    assert!(begun.elapsed() < PAUSE, "{:?}", begun.elapsed());
    assert_eq!(next(&mut stream).await, "progress 501");
}

#[actix_rt::test]
async fn the_start_of_a_run_comes_before_where_it_is() {
    let world = World::with(0).await;
    let nobody = Feed::default();
    tokio::time::pause();
    for number in 1..=20 {
        world.feed.run_ended();
        let mut stream = world.watch(FOLLOW).await;
        world.feed.run(progress(0));
        assert_eq!(next(&mut stream).await, "progress 0");
        tokio::time::advance(PAUSE).await;
        let stored = write(&world.db, &nobody, |_, told| {
            told.push(event());
            Ok(())
        });
        stored.await.unwrap();
        world.feed.stored(number);
        world.feed.run(progress(1));
        assert_eq!(next(&mut stream).await, number.to_string());
        assert_eq!(next(&mut stream).await, "progress 1");
    }
}

#[actix_rt::test]
async fn a_slow_reader_holds_up_nobody_and_misses_nothing() {
    let world = World::with(0).await;
    let mut slow = world.watch(FOLLOW).await;
    world.feed.run(progress(0));
    assert_eq!(next(&mut slow).await, "progress 0");
    let mut quick = world
        .watch(WatchEvents {
            after: Some(0),
            ..FOLLOW
        })
        .await;
    assert_eq!(next(&mut quick).await, "progress 0");
    // More than all queues and buffers on the way hold.
    for _ in 0..20 {
        world.happens(500).await;
    }
    for number in 1..=10_000 {
        assert_eq!(next(&mut quick).await, number.to_string());
    }
    for number in 1..=10_000 {
        assert_eq!(next(&mut slow).await, number.to_string());
    }
}

#[actix_rt::test]
async fn a_write_that_fails_tells_nothing() {
    let world = World::with(1).await;
    let failed = write(&world.db, &world.feed, |_, told| -> Result<(), DbError> {
        told.push(event());
        Err(DbError::Ended)
    });
    assert!(failed.await.is_err());
    let mut stream = world
        .watch(WatchEvents {
            last: Some(9),
            ..NOTHING
        })
        .await;
    assert_eq!(all(&mut stream).await.join(" "), "1 end");
}

#[actix_rt::test]
async fn who_hangs_up_is_forgotten_and_a_stop_ends_the_rest() {
    let world = World::with(0).await;
    world.feed.run(progress(0));
    let mut stays = world.watch(FOLLOW).await;
    let mut goes = world.watch(FOLLOW).await;
    assert_eq!(next(&mut stays).await, "progress 0");
    assert_eq!(next(&mut goes).await, "progress 0");
    assert_eq!(world.feed.listeners(), 2);
    drop(goes);
    let forgotten = async {
        while world.feed.listeners() > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), forgotten).await.unwrap();
    world.stop.request();
    let error = timeout(Duration::from_secs(20), stays.next())
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(&error, CallError::Failed(failure) if failure.code == FailureCode::Cancelled),
        "{error:?}"
    );
}

#[actix_rt::test]
async fn a_database_that_fails_is_told() {
    let world = World::with(1).await;
    let drop_table = |conn: &mut SqliteConnection| {
        diesel::connection::SimpleConnection::batch_execute(conn, "DROP TABLE events")
    };
    world.db.write(drop_table).await.unwrap();
    for request in [FOLLOW, NOTHING] {
        let error = world.watch(request).await.next().await.unwrap_err();
        assert!(
            matches!(&error, CallError::Failed(failure) if failure.code == FailureCode::Internal),
            "{error:?}"
        );
    }
}
