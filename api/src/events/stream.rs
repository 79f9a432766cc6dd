//! What one client is sent: the stored events after those it has, then what comes, each once and in
//! order however slowly it reads, and a sign of life now and then.

use std::{convert::Infallible, time::Duration};

use actix_web::web::Bytes;
use futures_util::stream::{Stream, unfold};
use runtime::Chain;
use schema::{
    DbError,
    models::{Event, Following},
};
use tokio::time::{Instant, sleep_until};

use super::{
    Filter, Seat,
    frame::{self, Frame},
    hub::Seen,
};

/// Longest time without any sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events sent at once.
const BATCH: usize = 100;

/// The bytes for a client that has everything up to the event numbered `last`.
pub(crate) fn stream(
    seat: Seat,
    filter: Filter,
    last: i32,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (beginnings, version) = {
        let recent = seat.recent.borrow();
        (recent.beginnings(), recent.version())
    };
    let client = Client {
        beginnings,
        seat,
        filter,
        last,
        seen: Seen {
            progress: 0,
            processes: version,
        },
        is_behind: true,
        quiet_since: Instant::now(),
    };
    let begun = (client, Some(frame::hello(last)));
    unfold(begun, |(mut client, hello)| async {
        let bytes = match hello {
            Some(hello) => hello,
            None => client.next().await?,
        };
        client.quiet_since = Instant::now();
        Some((Ok(bytes), (client, None)))
    })
}

struct Client {
    seat: Seat,
    filter: Filter,
    /// The last event that was sent or is not wanted.
    last: i32,
    /// See `Recent::passing`.
    seen: Seen,
    /// See `Recent::beginnings`.
    beginnings: u64,
    /// Whether the table may have what the hub has not.
    is_behind: bool,
    quiet_since: Instant,
}

impl Client {
    /// What comes next; nothing when the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        // One look at the table for each change: should the two differ for good, it ends there.
        let mut has_looked = false;
        while !self.seat.closing.is_cancelled() {
            // What comes during the look wakes us afterwards.
            self.seat.recent.mark_unchanged();
            if self.is_behind {
                match self.look().await {
                    Ok(Looked::Sent(bytes)) => return Some(bytes),
                    Ok(Looked::NotWanted) => continue,
                    Ok(Looked::Nothing) => {
                        self.is_behind = false;
                        has_looked = true;
                    }
                    Err(error) => {
                        // It comes again soon, and then hears what is wrong.
                        tracing::warn!("a stream of events ends: {}", Chain(&error));
                        return None;
                    }
                }
            }
            if let Some(bytes) = self.take() {
                return Some(bytes);
            }
            if self.is_behind && !has_looked {
                continue;
            }
            self.is_behind = false;
            tokio::select! {
                () = self.seat.closing.cancelled() => return None,
                changed = self.seat.recent.changed() => changed.ok()?,
                () = sleep_until(self.quiet_since + HEARTBEAT) => return Some(frame::heartbeat()),
            }
            has_looked = false;
        }
        None
    }

    /// The next events of the table.
    async fn look(&mut self) -> Result<Looked, DbError> {
        let last = self.last;
        let following = self
            .seat
            .db()
            .read(move |conn| Event::after(conn, last))
            .await?;
        match following {
            Following::Reset { newest } => {
                self.last = newest;
                Ok(Looked::Sent(frame::reset(newest)))
            }
            Following::Events(events) => {
                let Some(newest) = events.last() else {
                    return Ok(Looked::Nothing);
                };
                // While much happens there is always more in the table; the hub has it, too.
                self.is_behind = events.len() == Event::PAGE;
                self.last = newest.id;
                let frames: Vec<Frame> = events
                    .into_iter()
                    .map(|event| Frame::stored(&event.view()))
                    .collect();
                Ok(joined(&self.filter, frames.iter()).map_or(Looked::NotWanted, Looked::Sent))
            }
        }
    }

    /// What the hub has for this client. Finds out whether that is all there is.
    fn take(&mut self) -> Option<Bytes> {
        let recent = self.seat.recent.borrow();
        if self.beginnings != recent.beginnings() {
            self.beginnings = recent.beginnings();
            self.is_behind = true;
            return None;
        }
        let Some(stored) = recent.after(self.last) else {
            self.is_behind = true;
            return None;
        };
        let stored: Vec<_> = stored.take(BATCH).collect();
        if let Some((newest, _)) = stored.last() {
            self.last = *newest;
        }
        // What is passing comes after all that is stored; of a run that we know has ended, not at all.
        let is_level = stored.len() < BATCH && recent.newest() >= Some(self.last);
        let passing = is_level.then(|| recent.passing(&mut self.seen));
        let frames = stored.into_iter().map(|(_, frame)| frame);
        joined(&self.filter, frames.chain(passing.into_iter().flatten()))
    }
}

enum Looked {
    Sent(Bytes),
    NotWanted,
    Nothing,
}

/// Those that are wanted, one after the other.
fn joined<'a>(filter: &Filter, frames: impl Iterator<Item = &'a Frame>) -> Option<Bytes> {
    let wanted: Vec<&[u8]> = frames
        .filter(|frame| filter.wants(frame))
        .map(|frame| frame.text.as_ref())
        .collect();
    (!wanted.is_empty()).then(|| wanted.concat().into())
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};

    use futures_util::{StreamExt, poll};
    use schema::{
        Db,
        models::{EventKind, NewEvent, RunId},
        wire::sync::EventView,
    };
    use tokio::sync::watch;

    use super::{super::hub::Recent, *};
    use crate::testing::{now, progress};

    struct World {
        db: Db,
        recent: watch::Sender<Recent>,
        _folder: tempfile::TempDir,
    }

    impl World {
        /// The hub has begun where `begun` says, if anywhere.
        fn new(begun: Option<i32>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("list_sync.db");
            schema::migrate(&path).unwrap();
            let mut recent = Recent::default();
            if let Some(after) = begun {
                recent.begin(after);
            }
            Self {
                db: Db::open(&path).unwrap(),
                recent: watch::channel(recent).0,
                _folder: folder,
            }
        }

        /// An event is in the table; the hub does not know yet.
        #[expect(
            clippy::disallowed_methods,
            reason = "this stands in for the process that stores events"
        )]
        async fn happens(&self, kind: EventKind) -> EventView {
            let event = NewEvent {
                at: now().naive_utc(),
                kind,
                run: Some(RunId(8)),
                list: None,
                data: "{}".into(),
            };
            let stored = self.db.write(move |conn| {
                Event::insert(conn, &[event])?;
                let newest = Event::newest(conn)?;
                Event::after(conn, newest - 1)
            });
            match stored.await.unwrap() {
                Following::Events(mut events) => events.remove(0).view(),
                reset @ Following::Reset { .. } => panic!("{reset:?}"),
            }
        }

        /// A client that has everything up to `last`, greeted.
        async fn client(&self, last: i32) -> Pin<Box<dyn Stream<Item = String>>> {
            let seat = Seat::of_test(self.db.clone(), self.recent.subscribe());
            let text = |bytes: Result<Bytes, Infallible>| {
                String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
            };
            let mut client = Box::pin(stream(seat, Filter::default(), last).map(text));
            assert!(client.next().await.unwrap().starts_with("retry: "));
            client
        }
    }

    #[test]
    fn what_happens_while_the_hub_begins_waits_for_no_heartbeat() {
        // One thread for queries: they come to the database in the order in which they were asked.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let world = World::new(None);
            let mut client = world.client(0).await;
            let mut next = pin!(client.next());
            assert!(poll!(&mut next).is_pending()); // the look at the table has been asked for
            world.happens(EventKind::RunStarted).await;
            world.recent.send_modify(|recent| recent.begin(1));
            let text = next.await.unwrap();
            assert!(text.starts_with("id: 1\nevent: run_started"), "{text}");
        });
    }

    #[actix_web::test]
    async fn who_knows_that_a_run_has_ended_is_not_told_where_it_is() {
        let world = World::new(Some(0));
        world
            .recent
            .send_modify(|recent| recent.run(Frame::progress(&progress())));
        let ended = world.happens(EventKind::RunEnded).await;
        let mut client = world.client(0).await;
        assert!(
            client
                .next()
                .await
                .unwrap()
                .starts_with("id: 1\nevent: run_ended")
        );
        assert!(poll!(client.next()).is_pending());
        world.recent.send_modify(|recent| recent.stored(&ended));
        assert!(poll!(client.next()).is_pending());
        let mut other = progress();
        other.run = RunId(9);
        world
            .recent
            .send_modify(|recent| recent.run(Frame::progress(&other)));
        let text = client.next().await.unwrap();
        assert!(text.contains("\"run\":9"), "{text}");
    }

    #[actix_web::test]
    async fn the_end_of_a_run_is_not_the_end_of_the_next() {
        let world = World::new(Some(0));
        let ended = world.happens(EventKind::RunEnded).await;
        let mut next = progress();
        next.run = RunId(9);
        world.recent.send_modify(|recent| {
            recent.run(Frame::progress(&next));
            recent.stored(&ended);
        });
        let mut client = world.client(1).await;
        let text = client.next().await.unwrap();
        assert!(text.starts_with("event: progress"), "{text}");
    }

    #[actix_web::test]
    async fn who_has_caught_up_needs_the_table_no_more() {
        let world = World::new(Some(0));
        let first = world.happens(EventKind::RunStarted).await;
        let mut client = world.client(0).await;
        assert!(client.next().await.unwrap().starts_with("id: 1\n"));
        let second = world.happens(EventKind::RunEnded).await;
        let drop_table = |conn: &mut schema::SqliteConnection| {
            diesel::connection::SimpleConnection::batch_execute(conn, "DROP TABLE events")
        };
        world.db.write(drop_table).await.unwrap();
        world.recent.send_modify(|recent| recent.stored(&first));
        world.recent.send_modify(|recent| recent.stored(&second));
        assert!(client.next().await.unwrap().starts_with("id: 2\n"));
    }
}
