//! `decisions`: what was decided on a title and why, a row only when it differs from the last.
//! Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{RunId, TitleRef};
use crate::{column::word_enum, tables::decisions};

word_enum! {
    /// What is to be done with a title.
    DecisionKind {
        /// Ask the target for it.
        Request = "request",
        /// Nothing.
        Skip = "skip",
        /// Nothing yet; it is looked at again.
        Wait = "wait",
    }
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = decisions)]
pub struct Decision {
    /// Row number.
    pub id: i32,
    /// The run that decided.
    pub run: RunId,
    /// The title.
    pub title: TitleRef,
    /// The quality it is about.
    pub is_4k: bool,
    /// What.
    pub decision: DecisionKind,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub decided_at: NaiveDateTime,
}

/// A decision to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = decisions)]
#[expect(missing_docs, reason = "the fields are those of `Decision`")]
pub struct NewDecision {
    pub run: RunId,
    pub title: TitleRef,
    pub is_4k: bool,
    pub decision: DecisionKind,
    pub reason: String,
    pub decided_at: NaiveDateTime,
}

impl Decision {
    /// The last decision on every title and quality.
    ///
    /// # Errors
    /// When the database fails.
    pub fn latest(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        let newest = diesel::alias!(decisions as newest);
        decisions::table
            .filter(
                decisions::id.nullable().eq_any(
                    newest
                        .group_by((
                            newest.field(decisions::title),
                            newest.field(decisions::is_4k),
                        ))
                        .select(diesel::dsl::max(newest.field(decisions::id))),
                ),
            )
            .select(Self::as_select())
            .load(conn)
    }

    /// The decisions on one title, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_title(conn: &mut SqliteConnection, title: TitleRef) -> QueryResult<Vec<Self>> {
        decisions::table
            .filter(decisions::title.eq(title))
            .order(decisions::id.desc())
            .select(Self::as_select())
            .load(conn)
    }

    /// Stores decisions.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &[NewDecision]) -> QueryResult<()> {
        for chunk in new.chunks(100) {
            diesel::insert_into(decisions::table)
                .values(chunk)
                .execute(conn)?;
        }
        Ok(())
    }
}
