//! `events`: what happened, numbered, for live streams to resume from. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{ListId, RunId};
use crate::{column::word_enum, tables::events};

word_enum! {
    /// Kinds of events.
    EventKind {
        /// A run began.
        RunStarted = "run_started",
        /// A run ended, however.
        RunEnded = "run_ended",
        /// A list was read, or could not be.
        ListRead = "list_read",
        /// A title was requested.
        TitleRequested = "title_requested",
        /// A request failed.
        RequestFailed = "request_failed",
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Number, never given twice.
    pub id: i32,
    /// When.
    pub at: NaiveDateTime,
    /// What.
    pub kind: EventKind,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The list it is about.
    pub list: Option<ListId>,
    /// Details as JSON.
    pub data: String,
}

/// An event to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the fields are those of `Event`")]
pub struct NewEvent {
    pub at: NaiveDateTime,
    pub kind: EventKind,
    pub run: Option<RunId>,
    pub list: Option<ListId>,
    pub data: String,
}

impl Event {
    /// Stores events in order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &[NewEvent]) -> QueryResult<()> {
        for chunk in new.chunks(100) {
            diesel::insert_into(events::table)
                .values(chunk)
                .execute(conn)?;
        }
        Ok(())
    }

    /// Forgets events older than `before` and all but the newest `keep`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prune(conn: &mut SqliteConnection, before: NaiveDateTime, keep: i32) -> QueryResult<()> {
        let newest: Option<i32> = events::table
            .select(diesel::dsl::max(events::id))
            .first(conn)?;
        diesel::delete(events::table.filter(events::at.lt(before))).execute(conn)?;
        if let Some(newest) = newest {
            diesel::delete(events::table.filter(events::id.le(newest.saturating_sub(keep))))
                .execute(conn)?;
        }
        Ok(())
    }

    /// The events of a run in order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_run(conn: &mut SqliteConnection, run: RunId) -> QueryResult<Vec<Self>> {
        events::table
            .filter(events::run.eq(run))
            .order(events::id)
            .select(Self::as_select())
            .load(conn)
    }
}
