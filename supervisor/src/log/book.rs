//! The last lines of a log, shared with those who read them, and what was lost of it.
//!
//! Leaves keeping the lines to [`super::ring`], and who reads what to [`super::tail`].

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::ring::{Lines, Ring};

/// Bytes of each log that are kept in memory.
const RING_BYTES: usize = 256 * 1024;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Book {
    ring: Mutex<Ring>,
    /// Number of the next line; changes when there are new ones.
    grown: watch::Sender<u64>,
    /// Bytes the disk did not take.
    lost: AtomicU64,
    /// Lines left out because there were more than the program may write.
    suppressed: AtomicU64,
}

impl Book {
    pub(super) fn new() -> Self {
        Self {
            ring: Mutex::new(Ring::new(RING_BYTES)),
            grown: watch::Sender::new(0),
            lost: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    /// Bytes of this log that the disk did not take, since the supervisor started.
    pub(crate) fn lost_bytes(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Lines that were left out because there were more than the program may write, since the supervisor
    /// started.
    pub(crate) fn suppressed_lines(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// Up to `count` lines from number `from` on.
    pub(crate) fn read(&self, from: u64, count: usize) -> Lines {
        self.ring().read(from, count)
    }

    /// Where the last `count` lines begin.
    pub(crate) fn last(&self, count: u64) -> u64 {
        self.ring().last(count)
    }

    /// Changes whenever there are new lines.
    pub(crate) fn growth(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    /// The first line written at `since` or later, if none of those can be missing here.
    pub(super) fn since(&self, since: DateTime<Utc>) -> Option<u64> {
        let ring = self.ring();
        let (number, is_unsure) = ring.since(since);
        (ring.is_all() || !is_unsure).then_some(number)
    }

    /// Number of the oldest line in memory.
    pub(super) fn first(&self) -> u64 {
        self.ring().first()
    }

    /// Whether older lines than the oldest here are nowhere.
    pub(super) fn is_all(&self) -> bool {
        self.ring().is_all()
    }

    /// Number of the line that comes next, and whether it has begun.
    pub(super) fn end(&self) -> (u64, bool) {
        let ring = self.ring();
        (ring.next(), !ring.is_at_line_start())
    }

    /// Takes in the end of the file as it was found; `is_all` of what there is.
    pub(super) fn seed(&self, bytes: &[u8], is_all: bool) {
        let next = {
            let mut ring = self.ring();
            if is_all {
                ring.has_all();
            }
            ring.push(bytes);
            ring.end_line();
            ring.next()
        };
        self.grew(next);
    }

    pub(super) fn push(&self, bytes: &[u8], now: DateTime<Utc>) {
        let next = {
            let mut ring = self.ring();
            ring.stamp(now);
            ring.push(bytes);
            ring.next()
        };
        self.grew(next);
    }

    pub(super) fn end_line(&self) {
        let next = {
            let mut ring = self.ring();
            ring.end_line();
            ring.next()
        };
        self.grew(next);
    }

    pub(super) fn lose(&self, bytes: u64) {
        self.lost.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn suppress(&self, lines: u64) {
        self.suppressed.fetch_add(lines, Ordering::Relaxed);
    }

    fn grew(&self, next: u64) {
        self.grown
            .send_if_modified(|known| std::mem::replace(known, next) != next);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // A panic ends the process, so that nobody meets a poisoned lock.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
