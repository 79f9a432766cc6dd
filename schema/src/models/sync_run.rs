//! `sync_history`: runs. Written by sync-worker.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::count_star, prelude::*};

use super::PlanId;
use crate::{
    column::{row_number, word_enum},
    tables::sync_history,
    wire::sync::RunCounts,
};

row_number! {
    /// Row of `sync_history`.
    RunId
}

word_enum! {
    /// How a run is or ended.
    RunStatus {
        /// Going on; after a crash it is taken up again under the same number.
        Running = "running",
        /// Did what it could.
        Completed = "completed",
        /// Could not do its work; tried again soon.
        Failed = "failed",
        /// Ended by a person.
        Cancelled = "cancelled",
        /// Waits until the run before it is over.
        Queued = "queued",
    }
}

word_enum! {
    /// Who asked for a run.
    RunTrigger {
        /// The schedule.
        Schedule = "schedule",
        /// A person or a script.
        Manual = "manual",
        /// A run that had failed, after its pause.
        Retry = "retry",
    }
}

impl RunTrigger {
    /// What a request that does not say means.
    pub(crate) fn manual() -> Self {
        Self::Manual
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sync_history)]
pub struct SyncRun {
    /// Row number.
    pub id: RunId,
    /// When it started, or was asked for while it is queued.
    pub sync_started: NaiveDateTime,
    /// When it ended.
    pub sync_completed: Option<NaiveDateTime>,
    /// Who asked for it.
    pub sync_mode: RunTrigger,
    /// How it is or ended.
    pub status: RunStatus,
    /// Why it failed, or what was missing.
    pub reason: Option<String>,
    /// The request it was started with, as JSON of `schema::wire::sync::StartRun`.
    pub scope: String,
    /// Whether it was about everything that is synced automatically.
    pub is_full: bool,
    /// Times it was taken up again after its process had died.
    pub taken_up: i32,
    /// Entries read.
    pub items_processed: i32,
    /// Titles requested.
    pub items_requested: i32,
    /// Titles that needed no request, those requested before and those in the library among them.
    pub items_skipped: i32,
    /// Requests that failed.
    pub items_errored: i32,
    /// `schema::wire::sync::RunReport` as JSON, once it has ended.
    pub report: Option<String>,
    /// The plan it made or carried out.
    pub plan: Option<PlanId>,
    /// Different titles.
    pub titles: i32,
    /// Titles requested before, by us or by somebody else.
    pub already_requested: i32,
    /// Titles in the library.
    pub available: i32,
    /// Titles that are looked at again.
    pub waiting: i32,
    /// Requests taken back.
    pub withdrawn: i32,
    /// Entries that wait for a person.
    pub needs_review: i32,
    /// Entries without a title.
    pub not_found: i32,
    /// Titles that would be requested: of a run that only makes a plan.
    pub planned: i32,
    /// The run that took back what this one had requested.
    pub undone_by: Option<RunId>,
}

/// A run to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = sync_history)]
#[expect(missing_docs, reason = "the fields are those of `SyncRun`")]
pub struct NewRun {
    pub sync_started: NaiveDateTime,
    pub sync_mode: RunTrigger,
    pub status: RunStatus,
    pub scope: String,
    pub is_full: bool,
}

impl SyncRun {
    /// Records that a run began.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &NewRun) -> QueryResult<Self> {
        diesel::insert_into(sync_history::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Runs that were going on when their process ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unfinished(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        sync_history::table
            .filter(sync_history::status.eq(RunStatus::Running))
            .order(sync_history::id)
            .select(Self::as_select())
            .load(conn)
    }

    /// The run with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: RunId) -> QueryResult<Option<Self>> {
        sync_history::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// The run with this number, which must exist.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when it does not, or when the database fails.
    pub fn get(conn: &mut SqliteConnection, id: RunId) -> QueryResult<Self> {
        sync_history::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
    }

    /// The runs that wait for their turn, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn queued(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        sync_history::table
            .filter(sync_history::status.eq(RunStatus::Queued))
            .order(sync_history::id)
            .select(Self::as_select())
            .load(conn)
    }

    /// The run whose turn is next.
    ///
    /// # Errors
    /// When the database fails.
    pub fn first_queued(conn: &mut SqliteConnection) -> QueryResult<Option<Self>> {
        sync_history::table
            .filter(sync_history::status.eq(RunStatus::Queued))
            .order(sync_history::id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// How many runs wait for their turn, and how many of them before the one with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn queue_length(conn: &mut SqliteConnection, before: Option<RunId>) -> QueryResult<i64> {
        let queued = sync_history::table
            .filter(sync_history::status.eq(RunStatus::Queued))
            .into_boxed();
        match before {
            Some(before) => queued.filter(sync_history::id.lt(before)),
            None => queued,
        }
        .count()
        .get_result(conn)
    }

    /// It is a queued run's turn. None when it is queued no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin(
        conn: &mut SqliteConnection,
        id: RunId,
        now: NaiveDateTime,
    ) -> QueryResult<Option<Self>> {
        diesel::update(sync_history::table.find(id))
            .filter(sync_history::status.eq(RunStatus::Queued))
            .set((
                sync_history::status.eq(RunStatus::Running),
                sync_history::sync_started.eq(now),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
            .optional()
    }

    /// Takes a run out of the queue. None when it is queued no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cancel_queued(
        conn: &mut SqliteConnection,
        id: RunId,
        now: NaiveDateTime,
    ) -> QueryResult<Option<Self>> {
        diesel::update(sync_history::table.find(id))
            .filter(sync_history::status.eq(RunStatus::Queued))
            .set((
                sync_history::status.eq(RunStatus::Cancelled),
                sync_history::sync_completed.eq(now),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
            .optional()
    }

    /// The last run that has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_ended(conn: &mut SqliteConnection) -> QueryResult<Option<Self>> {
        sync_history::table
            .filter(sync_history::status.ne_all([RunStatus::Running, RunStatus::Queued]))
            .order(sync_history::id.desc())
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// When the last completed run of everything ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_completed(conn: &mut SqliteConnection) -> QueryResult<Option<NaiveDateTime>> {
        sync_history::table
            .filter(sync_history::status.eq(RunStatus::Completed))
            .filter(sync_history::is_full.eq(true))
            .order(sync_history::id.desc())
            .select(sync_history::sync_completed)
            .first(conn)
            .optional()
            .map(Option::flatten)
    }

    /// When the newest completed runs started and ended, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn durations(
        conn: &mut SqliteConnection,
        limit: i64,
    ) -> QueryResult<Vec<(NaiveDateTime, Option<NaiveDateTime>)>> {
        sync_history::table
            .filter(sync_history::status.eq(RunStatus::Completed))
            .order(sync_history::id.desc())
            .select((sync_history::sync_started, sync_history::sync_completed))
            .limit(limit)
            .load(conn)
    }

    /// A page of runs, the newest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database fails.
    pub fn page(
        conn: &mut SqliteConnection,
        limit: i64,
        offset: i64,
    ) -> QueryResult<(Vec<Self>, i64)> {
        let total = sync_history::table.count().get_result(conn)?;
        let rows = sync_history::table
            .order(sync_history::id.desc())
            .limit(limit)
            .offset(offset)
            .select(Self::as_select())
            .load(conn)?;
        Ok((rows, total))
    }

    /// Stores the run's end: status, reason, counters, report.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_end(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::update(sync_history::table.find(self.id))
            .set((
                sync_history::sync_completed.eq(self.sync_completed),
                sync_history::status.eq(self.status),
                sync_history::reason.eq(&self.reason),
                sync_history::items_processed.eq(self.items_processed),
                sync_history::items_requested.eq(self.items_requested),
                sync_history::items_skipped.eq(self.items_skipped),
                sync_history::items_errored.eq(self.items_errored),
                sync_history::report.eq(&self.report),
                sync_history::plan.eq(self.plan),
                sync_history::titles.eq(self.titles),
                sync_history::already_requested.eq(self.already_requested),
                sync_history::available.eq(self.available),
                sync_history::waiting.eq(self.waiting),
                sync_history::withdrawn.eq(self.withdrawn),
                sync_history::needs_review.eq(self.needs_review),
                sync_history::not_found.eq(self.not_found),
                sync_history::planned.eq(self.planned),
            ))
            .execute(conn)
            .map(drop)
    }

    /// Records that `by` took back what this run had requested.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_undone(conn: &mut SqliteConnection, id: RunId, by: RunId) -> QueryResult<()> {
        let not_yet = sync_history::table
            .find(id)
            .filter(sync_history::undone_by.is_null());
        diesel::update(not_yet)
            .set(sync_history::undone_by.eq(by))
            .execute(conn)
            .map(drop)
    }

    /// Counts that the run is taken up again, and gives the row.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when there is no such run, or when the database fails.
    pub fn take_up(conn: &mut SqliteConnection, id: RunId) -> QueryResult<Self> {
        diesel::update(sync_history::table.find(id))
            .set(sync_history::taken_up.eq(sync_history::taken_up + 1))
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Drops the reports of all but the newest `keep` runs, at most `limit` at once; their counters stay.
    /// Gives how many it dropped.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_reports(
        conn: &mut SqliteConnection,
        keep: i32,
        limit: i64,
    ) -> QueryResult<usize> {
        let Some(RunId(newest)) = Self::newest(conn)? else {
            return Ok(0);
        };
        let old: Vec<RunId> = sync_history::table
            .filter(sync_history::id.le(RunId(newest.saturating_sub(keep))))
            .filter(sync_history::report.is_not_null())
            .select(sync_history::id)
            .order(sync_history::id.desc())
            .limit(limit)
            .load(conn)?;
        diesel::update(sync_history::table.filter(sync_history::id.eq_any(old)))
            .set(sync_history::report.eq(None::<String>))
            .execute(conn)
    }

    /// Forgets runs that started before that moment, except the newest `keep` and those that have not
    /// ended; at most `limit` at once. Gives how many it forgot.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget(
        conn: &mut SqliteConnection,
        before: NaiveDateTime,
        keep: i32,
        limit: i64,
    ) -> QueryResult<usize> {
        let Some(RunId(newest)) = Self::newest(conn)? else {
            return Ok(0);
        };
        let old: Vec<RunId> = sync_history::table
            .filter(sync_history::sync_started.lt(before))
            .filter(sync_history::id.le(RunId(newest.saturating_sub(keep))))
            .filter(sync_history::status.ne_all([RunStatus::Running, RunStatus::Queued]))
            .select(sync_history::id)
            .limit(limit)
            .load(conn)?;
        diesel::delete(sync_history::table.filter(sync_history::id.eq_any(old))).execute(conn)
    }

    fn newest(conn: &mut SqliteConnection) -> QueryResult<Option<RunId>> {
        sync_history::table
            .select(diesel::dsl::max(sync_history::id))
            .first(conn)
    }

    /// How many runs are in which state.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_by_status(conn: &mut SqliteConnection) -> QueryResult<Vec<(RunStatus, i64)>> {
        sync_history::table
            .group_by(sync_history::status)
            .select((sync_history::status, count_star()))
            .load(conn)
    }

    /// How each run ended, or is, that started since that moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn statuses_since(
        conn: &mut SqliteConnection,
        since: NaiveDateTime,
    ) -> QueryResult<Vec<RunStatus>> {
        sync_history::table
            .filter(sync_history::sync_started.ge(since))
            .select(sync_history::status)
            .load(conn)
    }

    /// What became of its titles.
    pub fn counts(&self) -> RunCounts {
        let needed_none = self
            .items_skipped
            .saturating_sub(self.already_requested)
            .saturating_sub(self.available);
        RunCounts {
            entries: unsigned(self.items_processed),
            titles: unsigned(self.titles),
            requested: unsigned(self.items_requested),
            planned: unsigned(self.planned),
            already_requested: unsigned(self.already_requested),
            available: unsigned(self.available),
            skipped: unsigned(needed_none),
            needs_review: unsigned(self.needs_review),
            not_found: unsigned(self.not_found),
            failed: unsigned(self.items_errored),
            waiting: unsigned(self.waiting),
            withdrawn: unsigned(self.withdrawn),
        }
    }

    /// Takes note of what became of its titles; [`SyncRun::save_end`] stores it.
    pub fn set_counts(&mut self, counts: &RunCounts) {
        let needed_none = counts
            .already_requested
            .saturating_add(counts.available)
            .saturating_add(counts.skipped);
        self.items_processed = signed(counts.entries);
        self.titles = signed(counts.titles);
        self.items_requested = signed(counts.requested);
        self.planned = signed(counts.planned);
        self.already_requested = signed(counts.already_requested);
        self.available = signed(counts.available);
        self.items_skipped = signed(needed_none);
        self.needs_review = signed(counts.needs_review);
        self.not_found = signed(counts.not_found);
        self.items_errored = signed(counts.failed);
        self.waiting = signed(counts.waiting);
        self.withdrawn = signed(counts.withdrawn);
    }

    /// Whether it has ended, however.
    pub fn has_ended(&self) -> bool {
        !matches!(self.status, RunStatus::Running | RunStatus::Queued)
    }

    /// When it started, with its zone.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.sync_started.and_utc()
    }
}

/// What was stored came from a count.
fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// A run has fewer than two thousand million of anything.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
