//! `sync_history`: runs. Written by sync-worker.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    column::{row_number, word_enum},
    tables::sync_history,
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
    /// When it started.
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
    /// Titles that needed no request.
    pub items_skipped: i32,
    /// Requests that failed.
    pub items_errored: i32,
    /// `schema::wire::sync::RunReport` as JSON, once it has ended.
    pub report: Option<String>,
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

    /// The last run that has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_ended(conn: &mut SqliteConnection) -> QueryResult<Option<Self>> {
        sync_history::table
            .filter(sync_history::status.ne(RunStatus::Running))
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
            ))
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

    /// Drops the reports of all but the newest `keep` runs; their counters stay.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_reports(conn: &mut SqliteConnection, keep: i32) -> QueryResult<()> {
        let newest: Option<RunId> = sync_history::table
            .select(diesel::dsl::max(sync_history::id))
            .first(conn)?;
        let Some(RunId(newest)) = newest else {
            return Ok(());
        };
        let old = sync_history::table
            .filter(sync_history::id.le(RunId(newest.saturating_sub(keep))))
            .filter(sync_history::report.is_not_null());
        diesel::update(old)
            .set(sync_history::report.eq(None::<String>))
            .execute(conn)
            .map(drop)
    }

    /// When it started, with its zone.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.sync_started.and_utc()
    }
}
