//! One connection to the sync-worker and one to the supervisor for all clients, while there are any. It
//! keeps the last events ready for those who are up to date; who is behind reads the table. Leaves what
//! a client has been sent to `stream`.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join;
use runtime::{
    Chain,
    socket::{CallError, Client},
};
use schema::{
    Db,
    models::{Event, EventKind, ListId, RunId},
    wire::{
        FailureCode, Link,
        supervisor::{FromSupervisor, SupervisorLink, ToSupervisor, WatchPrograms},
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
/// Changes of processes kept ready; who is further behind has to do without the oldest.
const CHANGES: usize = 256;
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
    supervisor: Client<SupervisorLink>,
    seats: Mutex<Seats>,
    closing: CancellationToken,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    following: Option<Following>,
}

/// The connections and what has come over them. Dropping it ends all of that.
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
    pub(crate) fn new(db: Db, sync: Client<SyncLink>, supervisor: Client<SupervisorLink>) -> Self {
        Self(Arc::new(Shared {
            db,
            sync: sync.patient(PATIENCE),
            supervisor: supervisor.patient(PATIENCE),
            seats: Mutex::default(),
            closing: CancellationToken::new(),
        }))
    }

    /// Takes a seat; the first one begins to listen to the sync-worker and the supervisor.
    pub(crate) fn join(&self) -> Result<Seat, ApiError> {
        let mut seats = self.0.seats();
        if seats.taken >= MOST {
            return Err(ApiError::TooManyStreams {
                most: MOST,
                what: "events",
            });
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
        let (db, sync, supervisor) = (
            self.0.db.clone(),
            self.0.sync.clone(),
            self.0.supervisor.clone(),
        );
        tokio::spawn(async move {
            let following = join(
                follow(db, sync, &sender),
                follow_processes(supervisor, &sender),
            );
            end.run_until_cancelled(following).await
        });
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
        let hub = Hub::new(
            db,
            Client::at("/nowhere".into()),
            Client::at("/nowhere".into()),
        )
        .0;
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
async fn follow(db: Db, sync: Client<SyncLink>, recent: &watch::Sender<Recent>) {
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
        let error = match listen(&sync, &mut last, recent).await {
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

/// Changes that are asked for after a lost connection: more than happen in the meantime.
const MISSED: u32 = 256;

/// Listens to the supervisor until dropped. It lives longer than this process, and has only one thing
/// to say again after a lost connection: what has changed since.
async fn follow_processes(supervisor: Client<SupervisorLink>, recent: &watch::Sender<Recent>) {
    let mut known = None;
    loop {
        match listen_processes(&supervisor, recent, &mut known).await {
            Ok(()) => tracing::debug!("the supervisor tells no more changes"),
            Err(error) => tracing::debug!("no changes of processes: {}", Chain(&error)),
        }
        tokio::time::sleep(LONG_PAUSE).await;
    }
}

async fn listen_processes(
    supervisor: &Client<SupervisorLink>,
    recent: &watch::Sender<Recent>,
    known: &mut Option<u64>,
) -> Result<(), CallError> {
    let request = WatchPrograms {
        last: known.map(|_| MISSED),
        once: false,
    };
    let mut answers = supervisor.stream(ToSupervisor::Watch(request)).await?;
    while let Some(answer) = answers.next().await? {
        match answer {
            FromSupervisor::Changed(change) if known.is_some_and(|known| change.id <= known) => {}
            FromSupervisor::Changed(change) => {
                *known = Some(change.id);
                let frame = Frame::process(&change.into());
                recent.send_modify(|recent| recent.process(frame));
            }
            FromSupervisor::Status(_) | FromSupervisor::WatchEnded(_) => {}
            other => tracing::warn!("the supervisor told changes with {other:?}"),
        }
    }
    Ok(())
}

/// Versions of what is passing that a client has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) progress: u64,
    pub(super) processes: u64,
}

/// What has come over the connections.
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
    processes: VecDeque<(u64, Frame)>,
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

    pub(super) fn process(&mut self, frame: Frame) {
        self.version += 1;
        self.processes.push_back((self.version, frame));
        if self.processes.len() > CHANGES {
            self.processes.pop_front();
        }
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

    /// Rises with each change of what is passing.
    pub(super) fn version(&self) -> u64 {
        self.version
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

    /// What is passing and has changed since `seen`, which is brought up to date. Where runs and
    /// readings are matters to who comes later, too; that a process has changed does not.
    pub(super) fn passing(&self, seen: &mut Seen) -> impl Iterator<Item = &Frame> {
        let since = std::mem::replace(
            seen,
            Seen {
                progress: self.version,
                processes: self.version,
            },
        );
        let progress = self.run.iter().chain(self.readings.values());
        let processes = self.processes.iter();
        progress
            .filter(move |(version, _)| *version > since.progress)
            .chain(processes.filter(move |(version, _)| *version > since.processes))
            .map(|(_, frame)| frame)
    }
}
