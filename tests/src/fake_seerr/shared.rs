//! The one state of a fake Seerr, shared by its handlers, its handle and its page.
//!
//! It outlives the server's thread: a restarted Seerr finds its database as it left it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::state::State;

pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    versions: watch::Sender<u64>,
    /// The one CPU core that node uses.
    core: tokio::sync::Mutex<()>,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            versions: watch::Sender::new(0),
            core: tokio::sync::Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        self.versions.send_modify(|version| *version += 1);
        result
    }

    /// Tells of every change.
    pub(super) fn versions(&self) -> watch::Receiver<u64> {
        self.versions.subscribe()
    }

    /// Blocks until `holds` or the limit; says which.
    pub(super) fn wait_until(&self, holds: impl Fn(&State) -> bool, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        while !holds(&state) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Keeps the core busy; parallel callers queue.
    pub(super) async fn compute(&self, work: Duration) {
        if work.is_zero() {
            return;
        }
        let _core = self.core.lock().await;
        self.lock().core_time += work;
        tokio::time::sleep(work).await;
    }

    /// Keeps the core busy for `work` and ends not before `whole` has passed since `from`.
    pub(super) async fn compute_within(&self, work: Duration, from: Instant, whole: Duration) {
        self.compute(work).await;
        let rest = (from + whole).saturating_duration_since(Instant::now());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}
