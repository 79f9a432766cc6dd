//! One connection to the sync-worker for all clients, while there are any. It keeps the last events
//! ready for those who are up to date; who is behind reads the table. Leaves what a client has been
//! sent to `stream`.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use runtime::{
    Chain,
    socket::{CallError, Client},
};
use schema::{
    Db,
    models::{Event, EventKind, ListId, RunId},
    wire::{
        FailureCode, Link,
        sync::{EventView, FromSyncWorker, SyncLink, ToSyncWorker, WatchEvents},
    },
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::frame::Frame;
use crate::error::ApiError;

/// Most clients at a time; a household has a few open pages.
pub(crate) const MOST: usize = 200;
/// Events kept ready.
const RECENT: usize = 512;
/// How long a sync-worker that is being restarted is looked for at short intervals.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after a connection was lost.
const PAUSE: Duration = Duration::from_millis(100);
/// Pause where more is wrong than a restart.
const LONG_PAUSE: Duration = Duration::from_secs(2);

/// Gives clients their seats. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    sync: Client<SyncLink>,
    seats: Mutex<Seats>,
    closing: CancellationToken,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    following: Option<Following>,
}

/// The connection and what has come over it. Dropping it ends both.
#[derive(Debug)]
struct Following {
    recent: watch::Receiver<Recent>,
    _end: DropGuard,
}

/// A client's place. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Shared>,
    /// What comes.
    pub(super) recent: watch::Receiver<Recent>,
    /// Set when streams are to end.
    pub(super) closing: CancellationToken,
}

impl Hub {
    pub(crate) fn new(db: Db, sync: Client<SyncLink>) -> Self {
        Self(Arc::new(Shared {
            db,
            sync: sync.patient(PATIENCE),
            seats: Mutex::default(),
            closing: CancellationToken::new(),
        }))
    }

    /// Takes a seat; the first one begins to listen to the sync-worker.
    pub(crate) fn join(&self) -> Result<Seat, ApiError> {
        let mut seats = self.0.seats();
        if seats.taken >= MOST {
            return Err(ApiError::TooManyStreams { most: MOST });
        }
        let recent = match &seats.following {
            Some(following) => following.recent.clone(),
            None => self.follow(&mut seats),
        };
        seats.taken += 1;
        Ok(Seat {
            hub: Arc::clone(&self.0),
            recent,
            closing: self.0.closing.clone(),
        })
    }

    fn follow(&self, seats: &mut Seats) -> watch::Receiver<Recent> {
        let (sender, recent) = watch::channel(Recent::default());
        let end = self.0.closing.child_token();
        seats.following = Some(Following {
            recent: recent.clone(),
            _end: end.clone().drop_guard(),
        });
        let (db, sync) = (self.0.db.clone(), self.0.sync.clone());
        tokio::spawn(async move { end.run_until_cancelled(follow(db, sync, sender)).await });
        recent
    }

    /// How many clients there are.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.0.seats().taken
    }

    /// Ends all streams, now and for ever.
    pub(crate) fn close(&self) {
        self.0.closing.cancel();
    }
}

impl Shared {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// One to which nobody but a test tells what comes.
    #[cfg(test)]
    pub(super) fn of_test(db: Db, recent: watch::Receiver<Recent>) -> Self {
        let hub = Hub::new(db, Client::at("/nowhere".into())).0;
        hub.seats().taken = 1;
        Self {
            closing: hub.closing.clone(),
            hub,
            recent,
        }
    }

    pub(super) fn db(&self) -> &Db {
        &self.hub.db
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        seats.taken -= 1;
        if seats.taken == 0 {
            seats.following = None;
        }
    }
}

/// Listens to the sync-worker, whatever becomes of it, until dropped.
async fn follow(db: Db, sync: Client<SyncLink>, recent: watch::Sender<Recent>) {
    let mut last = loop {
        match db.read(Event::newest).await {
            Ok(newest) => break newest,
            Err(error) => {
                tracing::warn!("cannot look for the newest event: {}", Chain(&error));
                tokio::time::sleep(LONG_PAUSE).await;
            }
        }
    };
    recent.send_modify(|recent| recent.begin(last));
    loop {
        let error = match listen(&sync, &mut last, &recent).await {
            Ok(()) => CallError::Lost {
                peer: SyncLink::PEER,
            },
            Err(error) => error,
        };
        recent.send_modify(Recent::forget_passing);
        let is_restart = match &error {
            CallError::Lost { .. } => true,
            CallError::Failed(failure) => failure.code == FailureCode::Cancelled,
            CallError::Unreachable { .. } | CallError::Wire { .. } => false,
        };
        if is_restart {
            tracing::debug!("events of the sync-worker are awaited: {}", Chain(&error));
            tokio::time::sleep(PAUSE).await;
        } else {
            tracing::warn!("no events from the sync-worker: {}", Chain(&error));
            tokio::time::sleep(LONG_PAUSE).await;
        }
    }
}

async fn listen(
    sync: &Client<SyncLink>,
    last: &mut i32,
    recent: &watch::Sender<Recent>,
) -> Result<(), CallError> {
    let request = WatchEvents {
        after: Some(*last),
        last: None,
        follow: true,
    };
    let mut answers = sync.stream(ToSyncWorker::WatchEvents(request)).await?;
    while let Some(answer) = answers.next().await? {
        match answer {
            FromSyncWorker::Event(event) => {
                *last = event.id;
                recent.send_modify(|recent| recent.stored(&event));
            }
            FromSyncWorker::EventsReset(reset) => {
                *last = reset.newest;
                recent.send_modify(|recent| recent.begin(reset.newest));
            }
            FromSyncWorker::Progress(progress) => {
                let frame = Frame::progress(&progress);
                recent.send_modify(|recent| recent.run(frame));
            }
            FromSyncWorker::Reading(reading) => {
                let frame = Frame::reading(&reading);
                recent.send_modify(|recent| recent.reading(reading.list, frame));
            }
            other => tracing::warn!("the sync-worker told events with {other:?}"),
        }
    }
    Ok(())
}

/// What has come over the connection.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Rises when what was there before need not be the beginning of what is there now.
    beginnings: u64,
    /// Every event after this one is in `stored`; absent before the connection is begun.
    after: Option<i32>,
    stored: VecDeque<(i32, Frame)>,
    /// Rises with each change of what is passing.
    version: u64,
    run: Option<(u64, Frame)>,
    readings: BTreeMap<ListId, (u64, Frame)>,
}

impl Recent {
    pub(super) fn begin(&mut self, after: i32) {
        self.beginnings += 1;
        self.after = Some(after);
        self.stored.clear();
    }

    pub(super) fn stored(&mut self, event: &EventView) {
        match event.kind {
            EventKind::RunEnded => self.forget_run(event.run),
            EventKind::ListRead => {
                if let Some(list) = event.list {
                    self.readings.remove(&list);
                }
            }
            _ => {}
        }
        let newest = self.newest();
        if newest.is_none_or(|newest| newest + 1 != event.id) {
            // Something is missing in between, perhaps for good: the table knows.
            self.stored.clear();
            self.after = Some(event.id - 1);
        }
        self.stored.push_back((event.id, Frame::stored(event)));
        if self.stored.len() > RECENT
            && let Some((oldest, _)) = self.stored.pop_front()
        {
            self.after = Some(oldest);
        }
    }

    pub(super) fn run(&mut self, frame: Frame) {
        self.version += 1;
        self.run = Some((self.version, frame));
    }

    fn reading(&mut self, list: ListId, frame: Frame) {
        self.version += 1;
        self.readings.insert(list, (self.version, frame));
    }

    /// The run that has ended; another may have begun since.
    fn forget_run(&mut self, run: Option<RunId>) {
        self.run.take_if(|(_, frame)| frame.run == run);
        self.readings.retain(|_, (_, frame)| frame.run != run);
    }

    fn forget_passing(&mut self) {
        self.run = None;
        self.readings.clear();
    }

    pub(super) fn beginnings(&self) -> u64 {
        self.beginnings
    }

    /// The last event that has come.
    pub(super) fn newest(&self) -> Option<i32> {
        self.stored.back().map(|(id, _)| *id).or(self.after)
    }

    /// The events after `last`, with their numbers; nothing when not all of them are here.
    pub(super) fn after(&self, last: i32) -> Option<impl Iterator<Item = &(i32, Frame)>> {
        self.after.filter(|after| *after <= last)?;
        let begin = self.stored.partition_point(|(id, _)| *id <= last);
        Some(self.stored.iter().skip(begin))
    }

    /// What is passing and has changed since `seen`, which is brought up to date.
    pub(super) fn passing(&self, seen: &mut u64) -> impl Iterator<Item = &Frame> {
        let since = std::mem::replace(seen, self.version);
        self.run
            .iter()
            .chain(self.readings.values())
            .filter(move |(version, _)| *version > since)
            .map(|(_, frame)| frame)
    }
}
