//! `fetches`: readings of lists and how each ended. Written by scraper-worker; old ones are
//! forgotten by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Cause, FetchKind, ListId};
use crate::tables::{fetches, lists};

/// Readings kept of one list.
const KEEP_PER_LIST: i64 = 100;

/// One reading.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = fetches)]
pub struct Fetch {
    /// Row number.
    pub id: i32,
    /// The list.
    pub list: ListId,
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of the list.
    pub list_id: String,
    /// When the reading began.
    pub started_at: NaiveDateTime,
    /// When it ended.
    pub finished_at: NaiveDateTime,
    /// How it ended.
    pub outcome: FetchKind,
    /// Why, unless complete.
    pub reason: Option<String>,
    /// Entries read.
    pub entries: i32,
    /// Entries the site announced.
    pub announced: Option<i32>,
    /// Entries that are no movie and no show.
    pub dropped: i32,
    /// Requests it took.
    pub pages: i32,
    /// Whether the site said that nothing changed.
    pub not_modified: bool,
    /// Why it was not complete, in a word.
    pub cause: Option<Cause>,
    /// What was read, in a word: two readings with the same have the same entries.
    pub digest: Option<String>,
}

/// A reading to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = fetches)]
#[expect(missing_docs, reason = "the fields are those of `Fetch`")]
pub struct NewFetch {
    pub list: ListId,
    pub list_type: String,
    pub list_id: String,
    pub started_at: NaiveDateTime,
    pub finished_at: NaiveDateTime,
    pub outcome: FetchKind,
    pub reason: Option<String>,
    pub entries: i32,
    pub announced: Option<i32>,
    pub dropped: i32,
    pub pages: i32,
    pub not_modified: bool,
    pub cause: Option<Cause>,
    pub digest: Option<String>,
}

impl Fetch {
    /// Records a reading and forgets the list's oldest beyond the hundredth.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &NewFetch) -> QueryResult<Self> {
        let stored: Self = diesel::insert_into(fetches::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)?;
        let oldest: Option<i32> = fetches::table
            .filter(fetches::list.eq(new.list))
            .select(fetches::id)
            .order(fetches::id.desc())
            .offset(KEEP_PER_LIST)
            .first(conn)
            .optional()?;
        if let Some(oldest) = oldest {
            diesel::delete(
                fetches::table
                    .filter(fetches::list.eq(new.list))
                    .filter(fetches::id.le(oldest)),
            )
            .execute(conn)?;
        }
        Ok(stored)
    }

    /// One reading.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: i32) -> QueryResult<Option<Self>> {
        fetches::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// The newest readings of a list.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_list(
        conn: &mut SqliteConnection,
        list: ListId,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        fetches::table
            .filter(fetches::list.eq(list))
            .order(fetches::id.desc())
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }

    /// The newest reading of each list.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest_of_each(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        let all = diesel::alias!(fetches as all);
        let newest = all
            .group_by(all.field(fetches::list))
            .select(diesel::dsl::max(all.field(fetches::id)));
        fetches::table
            .filter(fetches::id.nullable().eq_any(newest))
            .select(Self::as_select())
            .load(conn)
    }

    /// Readings that ended before that moment, except the newest of each list and the one that told what
    /// is on the list now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outdated(conn: &mut SqliteConnection, before: NaiveDateTime) -> QueryResult<Vec<i32>> {
        let newer = diesel::alias!(fetches as newer);
        let is_newest = diesel::dsl::not(diesel::dsl::exists(
            newer
                .filter(newer.field(fetches::list).eq(fetches::list))
                .filter(newer.field(fetches::id).gt(fetches::id)),
        ));
        let is_in_use = diesel::dsl::exists(
            lists::table
                .filter(lists::id.eq(fetches::list))
                .filter(lists::last_fetch.eq(fetches::id.nullable())),
        );
        fetches::table
            .filter(fetches::finished_at.lt(before))
            .filter(diesel::dsl::not(is_newest))
            .filter(diesel::dsl::not(is_in_use))
            .order(fetches::id)
            .select(fetches::id)
            .load(conn)
    }

    /// Forgets readings.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget(conn: &mut SqliteConnection, ids: &[i32]) -> QueryResult<usize> {
        diesel::delete(fetches::table.filter(fetches::id.eq_any(ids))).execute(conn)
    }
}
