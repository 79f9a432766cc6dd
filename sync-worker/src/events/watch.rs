//! Answers who follows events: stored ones page by page from the table, then what comes, for as long
//! as the caller stays. A caller who reads slowly holds up its own stream and nothing else: what it
//! missed is in the table, and of passing news only the newest state is sent.

use std::time::Duration;

use runtime::{
    Chain,
    socket::{Answers, Gone},
};
use schema::{
    Db, DbError, SqliteConnection,
    models::{Event, Following},
    wire::{
        Failure, FailureCode,
        sync::{EventsEnded, EventsReset, FromSyncWorker, SyncLink, WatchEvents},
    },
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::feed::{Feed, Passing};

/// Shortest time between two pieces of passing news on one stream.
const PAUSE: Duration = Duration::from_millis(200);

/// Why a stream ends before its caller hangs up.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error("events cannot be read")]
    Database(#[from] DbError),
}

/// Answers one [`WatchEvents`].
pub(crate) async fn answer(db: &Db, feed: &Feed, request: WatchEvents, answers: Answers<SyncLink>) {
    // Subscribed first: what is stored while the table is read is noticed afterwards.
    let stored = feed.follow_stored();
    let ended = match begin(db, &request).await {
        Err(error) => Err(error.into()),
        Ok(last) => {
            let mut stream = Stream {
                db,
                answers: &answers,
                last,
            };
            match stream.stored().await {
                Ok(()) if request.follow => {
                    let stop = answers.cancelled();
                    tokio::select! {
                        ended = stream.follow(stored, feed.follow_passing()) => ended,
                        // Dropped without a last answer, which says that it was cut off.
                        () = stop.cancelled() => return,
                    }
                }
                ended => ended,
            }
        }
    };
    match ended {
        Ok(()) => {
            let end = FromSyncWorker::EventsEnded(EventsEnded {});
            answers.last(end).await;
        }
        Err(Ended::Gone(_)) => {}
        Err(error) => {
            tracing::error!("{}", Chain(&error));
            let failure = Failure::new(FailureCode::Internal, "the database failed");
            answers.fail(failure).await;
        }
    }
}

/// The number after which the stream begins.
async fn begin(db: &Db, request: &WatchEvents) -> Result<i32, DbError> {
    let begin: fn(&mut SqliteConnection, u32) -> _ = match (request.after, request.last) {
        (Some(after), _) => return Ok(after),
        (None, Some(_)) => Event::before_last,
        (None, None) => |conn, _| Event::newest(conn),
    };
    let last = request.last.unwrap_or(0);
    db.read(move |conn| begin(conn, last)).await
}

struct Stream<'a> {
    db: &'a Db,
    answers: &'a Answers<SyncLink>,
    /// The last event that was sent or is not asked for.
    last: i32,
}

impl Stream<'_> {
    /// Sends what the table has.
    async fn stored(&mut self) -> Result<(), Ended> {
        loop {
            let last = self.last;
            match self.db.read(move |conn| Event::after(conn, last)).await? {
                Following::Events(events) if events.is_empty() => return Ok(()),
                Following::Events(events) => {
                    for event in events {
                        self.last = event.id;
                        self.send(FromSyncWorker::Event(event.view())).await?;
                    }
                }
                Following::Reset { newest } => {
                    self.last = newest;
                    self.send(FromSyncWorker::EventsReset(EventsReset { newest }))
                        .await?;
                }
            }
        }
    }

    /// Sends what comes. Ends with an error only.
    async fn follow(
        &mut self,
        mut stored: watch::Receiver<i32>,
        mut passing: watch::Receiver<Passing>,
    ) -> Result<(), Ended> {
        let mut seen = 0;
        let mut not_before = Instant::now();
        loop {
            let (changed, is_stored) = tokio::select! {
                biased; // the start and the end of a run come before news of the next
                changed = stored.changed() => (changed, true),
                changed = changed_after(&mut passing, not_before) => (changed, false),
            };
            if changed.is_err() {
                return Ok(()); // the process ends
            }
            if is_stored {
                self.stored().await?;
                continue;
            }
            let news = news(&passing.borrow_and_update(), &mut seen);
            if !news.is_empty() {
                not_before = Instant::now() + PAUSE;
            }
            for answer in news {
                self.send(answer).await?;
            }
        }
    }

    async fn send(&self, answer: FromSyncWorker) -> Result<(), Gone> {
        self.answers.more(answer).await
    }
}

/// Waits for news, but not for those within the pause. The timer runs only while there is a pause.
async fn changed_after(
    passing: &mut watch::Receiver<Passing>,
    not_before: Instant,
) -> Result<(), watch::error::RecvError> {
    passing.changed().await?;
    // Not marked as seen if this is given up meanwhile for a stored event.
    passing.mark_changed();
    sleep_until(not_before).await;
    passing.changed().await
}

/// What has changed since `seen`, which is brought up to date.
fn news(passing: &Passing, seen: &mut u64) -> Vec<FromSyncWorker> {
    let since = std::mem::replace(seen, passing.version());
    let run = passing
        .run_since(since)
        .cloned()
        .map(FromSyncWorker::Progress);
    let readings = passing.readings_since(since).cloned();
    run.into_iter()
        .chain(readings.map(FromSyncWorker::Reading))
        .collect()
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
