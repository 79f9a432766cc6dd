//! What is remembered of hosts across restarts: until when they are left alone, failures in a row,
//! the requests of a day. Leaves what follows from it to `state`. A database that fails costs
//! politeness after the next start, so it ends no reading.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use runtime::{Chain, Clock};
use schema::{
    Db, DbError,
    models::{HostState, HostUsage},
};
use tokio::time::Instant;

use super::allowance::Used;

/// Nobody is left alone for longer: what is written down so was written by a clock that ran ahead.
const LONGEST: TimeDelta = TimeDelta::days(2);

/// Until when a host is left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) until: Instant,
    pub(crate) failures: u32,
    pub(crate) why: String,
}

/// The tables `host_state` and `host_usage`.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    db: Db,
    clock: Clock,
    since: Instant,
}

impl Memory {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            since: Instant::now(),
        }
    }

    /// Since when no host was asked that is not known: the start of the process.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The moment on the clock that corresponds to one of tokio's.
    pub(crate) fn at(&self, until: Instant) -> NaiveDateTime {
        let wait = until.saturating_duration_since(Instant::now());
        self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default()
    }

    /// What was written down of the host: what it asked for under its own name, how it failed under
    /// the provider's and its own.
    pub(crate) async fn of_host(&self, host: &str) -> Option<Remembered> {
        let name = host.to_owned();
        let found = self.db.read(move |conn| HostState::find(conn, &name)).await;
        let row = known(found, host)??;
        let wait = row.not_before - self.clock.now();
        let wait = if wait > LONGEST {
            TimeDelta::zero()
        } else {
            wait
        };
        Some(Remembered {
            // The past when it is over: failures in a row still count.
            until: Instant::now() + wait.to_std().unwrap_or_default(),
            failures: u32::try_from(row.failures).unwrap_or_default(),
            why: row.reason,
        })
    }

    /// The requests written down for today. Two sites that share a host, behind a mirror of the
    /// owner's, have each their own.
    pub(super) async fn used(&self, whose: &str) -> Used {
        let day = self.clock.now().date();
        let name = whose.to_owned();
        let found = self.db.read(move |conn| HostUsage::on(conn, &name, day));
        let requests = known(found.await, whose).unwrap_or_default();
        Used {
            day,
            requests: u32::try_from(requests).unwrap_or_default(),
        }
    }

    pub(crate) async fn keep_used(&self, whose: &str, used: Used) {
        let row = HostUsage {
            host: whose.to_owned(),
            day: used.day,
            requests: i32::try_from(used.requests).unwrap_or(i32::MAX),
        };
        let saved = self.db.write(move |conn| row.save(conn)).await;
        known(saved, whose);
    }

    /// Leaves the host alone for so long, also after a restart.
    pub(crate) async fn hold(&self, host: &str, wait: Duration, failures: u32, why: String) {
        let row = HostState {
            host: host.to_owned(),
            not_before: self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default(),
            reason: why,
            failures: i32::try_from(failures).unwrap_or(i32::MAX),
        };
        let saved = self.db.write(move |conn| row.save(conn)).await;
        known(saved, host);
    }

    /// Forgets the failures of a host that is back.
    pub(crate) async fn recovered(&self, host: &str) {
        let (name, now) = (host.to_owned(), self.clock.now());
        let cleared = self
            .db
            .write(move |conn| HostState::recovered(conn, &name, now))
            .await;
        known(cleared, host);
    }
}

fn known<T>(done: Result<T, DbError>, host: &str) -> Option<T> {
    match done {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(
                host,
                "cannot look up or keep what is known of {host}: {}",
                Chain(&error)
            );
            None
        }
    }
}
