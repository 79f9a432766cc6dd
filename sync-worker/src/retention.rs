//! What is kept for how long, and forgetting the rest: once a day and after runs, in parts, each a short
//! transaction, so that nobody who writes has to wait. Events are forgotten where runs end; `VACUUM` is
//! left out: what is freed is used again, and it would hold up everybody for as long as it takes.

use std::{rc::Rc, time::Duration};

use chrono::{NaiveDateTime, TimeDelta};
use runtime::Chain;
use schema::{
    Db, DbError, SqliteConnection,
    models::{Decision, Fetch, ListItem, Plan, SyncRun},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::engine::Engine;

/// Runs kept however old they are.
const RUNS_KEPT: i32 = 100;

/// Runs whose report is kept; of older ones the counters stay.
const REPORTS_KEPT: i32 = 500;

/// How long readings of lists are kept; the newest of each list is kept longer.
const FETCHES_KEPT_DAYS: i64 = 90;

/// How long plans are kept that were applied, discarded or too old.
const PLANS_KEPT_DAYS: i64 = 30;

/// How long an entry that left its list is remembered, so that a person's no outlasts a short absence.
const LEFT_KEPT_DAYS: i64 = 365;

/// Rows of one transaction.
const AT_ONCE: i64 = 500;
const ROWS_AT_ONCE: usize = 500;

/// The longest time between two rounds.
const DAY: Duration = Duration::from_hours(24);

/// The shortest time between two rounds: runs may follow one another closely, and nothing that is
/// forgotten is younger than days.
const HOUR: Duration = Duration::from_hours(1);

/// Does rounds for as long as it is polled: one a day, and one when `run_ended` tells of the end of a run.
pub(crate) async fn keep(engine: Engine, run_ended: Rc<Notify>) {
    let mut last: Option<Instant> = None;
    loop {
        let is_daily = tokio::select! {
            () = sleep(DAY) => true,
            () = run_ended.notified() => false,
        };
        if !is_daily && last.is_some_and(|last| last.elapsed() < HOUR) {
            continue;
        }
        last = Some(Instant::now());
        let days = engine.settings().settings.sync.history_days;
        let round = Round::new(engine.db.clone(), engine.clock.now(), days);
        match round.forget().await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "forgot {rows} old rows"),
            Err(error) => tracing::error!("old rows cannot be forgotten: {}", Chain(&error)),
        }
    }
}

/// One look through all tables.
struct Round {
    db: Db,
    now: NaiveDateTime,
    /// Runs and decisions from before this moment are forgotten; none when they are kept for ever.
    history: Option<NaiveDateTime>,
}

impl Round {
    fn new(db: Db, now: NaiveDateTime, history_days: u32) -> Self {
        let history = (history_days > 0).then(|| days_before(now, i64::from(history_days)));
        Self { db, now, history }
    }

    /// Forgets what is too old. Gives how many rows that were.
    async fn forget(&self) -> Result<usize, DbError> {
        let mut rows = self.reports().await?;
        if let Some(before) = self.history {
            rows += self.runs(before).await?;
            rows += self.decisions(before).await?;
        }
        rows += self.fetches().await?;
        rows += self.plans().await?;
        rows += self.entries().await?;
        Ok(rows)
    }

    async fn reports(&self) -> Result<usize, DbError> {
        let part =
            |conn: &mut SqliteConnection| SyncRun::forget_reports(conn, REPORTS_KEPT, AT_ONCE);
        self.until_none_is_left(part).await
    }

    async fn runs(&self, before: NaiveDateTime) -> Result<usize, DbError> {
        self.until_none_is_left(move |conn| SyncRun::forget(conn, before, RUNS_KEPT, AT_ONCE))
            .await
    }

    /// Which are replaced is found out by reading, which holds up nobody.
    async fn decisions(&self, before: NaiveDateTime) -> Result<usize, DbError> {
        let (mut rows, mut after) = (0, 0);
        loop {
            let part = self
                .db
                .read(move |conn| Decision::replaced(conn, before, after, AT_ONCE))
                .await?;
            let Some(last) = part.last() else {
                return Ok(rows);
            };
            after = *last;
            rows += self
                .db
                .write(move |conn| Decision::forget(conn, &part))
                .await?;
        }
    }

    async fn fetches(&self) -> Result<usize, DbError> {
        let before = days_before(self.now, FETCHES_KEPT_DAYS);
        let old = self
            .db
            .read(move |conn| Fetch::outdated(conn, before))
            .await?;
        let mut rows = 0;
        for part in parts(&old) {
            rows += self
                .db
                .write(move |conn| Fetch::forget(conn, &part))
                .await?;
        }
        Ok(rows)
    }

    async fn plans(&self) -> Result<usize, DbError> {
        let now = self.now;
        self.db.write(move |conn| Plan::expire(conn, now)).await?;
        let before = days_before(now, PLANS_KEPT_DAYS);
        let old = self
            .db
            .read(move |conn| Plan::long_closed(conn, before))
            .await?;
        let rows = old.len();
        for plan in old {
            let part = move |conn: &mut SqliteConnection| Plan::forget(conn, plan, AT_ONCE);
            while !self.db.write(part).await? {}
        }
        Ok(rows)
    }

    async fn entries(&self) -> Result<usize, DbError> {
        let before = days_before(self.now, LEFT_KEPT_DAYS);
        let old = self
            .db
            .read(move |conn| ListItem::long_left(conn, before))
            .await?;
        let mut rows = 0;
        for part in parts(&old) {
            rows += self
                .db
                .write(move |conn| ListItem::forget_left(conn, &part, before))
                .await?;
        }
        Ok(rows)
    }

    async fn until_none_is_left<E, F>(&self, part: F) -> Result<usize, DbError>
    where
        E: Into<DbError>,
        F: Fn(&mut SqliteConnection) -> Result<usize, E> + Copy + Send + 'static,
    {
        let mut rows = 0;
        loop {
            match self.db.write(part).await? {
                0 => return Ok(rows),
                some => rows += some,
            }
        }
    }
}

fn days_before(now: NaiveDateTime, days: i64) -> NaiveDateTime {
    TimeDelta::try_days(days)
        .and_then(|days| now.checked_sub_signed(days))
        .unwrap_or(NaiveDateTime::MIN)
}

fn parts(ids: &[i32]) -> impl Iterator<Item = Vec<i32>> + '_ {
    ids.chunks(ROWS_AT_ONCE).map(<[i32]>::to_vec)
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
