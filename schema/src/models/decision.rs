//! `decisions`: what was decided on a title and why, a row only when it differs from the last.
//! Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{RunId, SeasonNumbers, TitleRef};
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
        /// Have the target send a failed request on once more.
        Retry = "retry",
        /// A person has to say something first.
        Review = "review",
        /// Take a request of ours back.
        Withdraw = "withdraw",
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
    /// What would change it, as a sentence.
    pub remedy: Option<String>,
    /// Seasons it is about, where it is about some.
    pub seasons: Option<SeasonNumbers>,
    /// Lists that asked: `imdb:top, stevenlu:movies`.
    pub sources: Option<String>,
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
    pub remedy: Option<String>,
    pub seasons: Option<SeasonNumbers>,
    pub sources: Option<String>,
}

impl Decision {
    /// The last decision on each of these titles and quality.
    ///
    /// # Errors
    /// When the database fails.
    pub fn latest_of(conn: &mut SqliteConnection, titles: &[TitleRef]) -> QueryResult<Vec<Self>> {
        let newest = diesel::alias!(decisions as newest);
        let mut found = Vec::new();
        for chunk in titles.chunks(500) {
            let ids = newest
                .filter(newest.field(decisions::title).eq_any(chunk))
                .group_by((
                    newest.field(decisions::title),
                    newest.field(decisions::is_4k),
                ))
                .select(diesel::dsl::max(newest.field(decisions::id)));
            let rows = decisions::table
                .filter(decisions::id.nullable().eq_any(ids))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
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

    /// Decisions from before that moment that a later one on the same title and quality replaced: those
    /// after the row `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn replaced(
        conn: &mut SqliteConnection,
        before: NaiveDateTime,
        after: i32,
        limit: i64,
    ) -> QueryResult<Vec<i32>> {
        let later = diesel::alias!(decisions as later);
        let replacement = later
            .filter(later.field(decisions::title).eq(decisions::title))
            .filter(later.field(decisions::is_4k).eq(decisions::is_4k))
            .filter(later.field(decisions::id).gt(decisions::id));
        decisions::table
            .filter(decisions::id.gt(after))
            .filter(decisions::decided_at.lt(before))
            .filter(diesel::dsl::exists(replacement))
            .order(decisions::id)
            .select(decisions::id)
            .limit(limit)
            .load(conn)
    }

    /// Forgets decisions.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget(conn: &mut SqliteConnection, ids: &[i32]) -> QueryResult<usize> {
        diesel::delete(decisions::table.filter(decisions::id.eq_any(ids))).execute(conn)
    }
}
