//! Wakes who follows events: after each stored one, and when a run or a reading has got further.
//! Keeps of the latter only the newest state, so nobody who listens slowly holds up a run.

use std::{collections::BTreeMap, rc::Rc};

use schema::{
    models::ListId,
    wire::sync::{ReadingProgress, RunProgress},
};
use tokio::sync::watch;

/// Cheap to clone; clones share everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed(Rc<Senders>);

#[derive(Debug, Default)]
struct Senders {
    /// The newest stored event that is known of here.
    stored: watch::Sender<i32>,
    passing: watch::Sender<Passing>,
}

/// Where the run is that is going on. Each part has the version with which it last changed.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    version: u64,
    run: Option<(u64, RunProgress)>,
    readings: BTreeMap<ListId, (u64, ReadingProgress)>,
}

impl Passing {
    /// How often it has changed.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The run, if it has got further since `version`.
    pub(crate) fn run_since(&self, version: u64) -> Option<&RunProgress> {
        let (changed, run) = self.run.as_ref()?;
        (*changed > version).then_some(run)
    }

    /// The readings that have got further since `version`.
    pub(crate) fn readings_since(&self, version: u64) -> impl Iterator<Item = &ReadingProgress> {
        self.readings
            .values()
            .filter(move |(changed, _)| *changed > version)
            .map(|(_, reading)| reading)
    }
}

impl Feed {
    /// Events up to `newest` are stored, committed.
    pub(crate) fn stored(&self, newest: i32) {
        self.0.stored.send_if_modified(|known| {
            let is_news = newest > *known;
            *known = newest.max(*known);
            is_news
        });
    }

    /// The run is there now.
    pub(crate) fn run(&self, run: RunProgress) {
        self.pass(|passing, version| passing.run = Some((version, run)));
    }

    /// A list is read so far.
    pub(crate) fn reading(&self, reading: ReadingProgress) {
        self.pass(|passing, version| {
            passing.readings.insert(reading.list, (version, reading));
        });
    }

    /// The reading of a list is over; how it ended is a stored event.
    pub(crate) fn reading_ended(&self, list: ListId) {
        self.pass(|passing, _| {
            passing.readings.remove(&list);
        });
    }

    /// The run is about to end, which will be a stored event: after that nobody hears of its course.
    pub(crate) fn run_ended(&self) {
        self.pass(|passing, _| {
            passing.run = None;
            passing.readings.clear();
        });
    }

    fn pass(&self, change: impl FnOnce(&mut Passing, u64)) {
        self.0.passing.send_modify(|passing| {
            passing.version += 1;
            change(passing, passing.version);
        });
    }

    /// Hears of stored events from now on.
    pub(crate) fn follow_stored(&self) -> watch::Receiver<i32> {
        self.0.stored.subscribe()
    }

    /// Hears of the run's course, beginning with where it is.
    pub(crate) fn follow_passing(&self) -> watch::Receiver<Passing> {
        let mut receiver = self.0.passing.subscribe();
        receiver.mark_changed();
        receiver
    }

    /// How many follow what is stored.
    #[cfg(test)]
    pub(crate) fn listeners(&self) -> usize {
        self.0.stored.receiver_count()
    }
}
