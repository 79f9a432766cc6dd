//! What the reading of a list asks of `list_items` and writes there. An entry that is as it was is
//! never written, and no list is loaded as a whole.

use chrono::NaiveDateTime;
use diesel::{dsl::count, prelude::*};

use super::{ListItem, NewListItem};
use crate::{
    models::{ListId, MediaType},
    tables::list_items,
};

/// Keys or numbers in one query: a database takes a bounded number of parameters.
const AT_ONCE: usize = 500;

/// What is on a list, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryCounts {
    /// Entries on it.
    pub entries: i64,
    /// Movies among them.
    pub movies: i64,
    /// Shows and seasons of shows among them.
    pub shows: i64,
    /// Those with an IMDb id.
    pub with_imdb_id: i64,
    /// Those with TMDB's number.
    pub with_tmdb_id: i64,
    /// Those with TVDB's number.
    pub with_tvdb_id: i64,
    /// Those with none of the three.
    pub without_id: i64,
    /// Those without a year.
    pub without_year: i64,
}

impl ListItem {
    /// The entries of a list that have these keys, whether they are on it or were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_keys(
        conn: &mut SqliteConnection,
        list: ListId,
        keys: &[&str],
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in keys.chunks(AT_ONCE) {
            let rows = list_items::table
                .filter(list_items::list.eq(list))
                .filter(list_items::entry_key.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Row numbers of the entries that are on a list now, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ids_on_list(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Vec<i32>> {
        list_items::table
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_null())
            .select(list_items::id)
            .load(conn)
    }

    /// How many entries are on a list now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_on_list(conn: &mut SqliteConnection, list: ListId) -> QueryResult<i64> {
        list_items::table
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_null())
            .count()
            .get_result(conn)
    }

    /// The last place of a list that an entry has or had; 0 for a list without entries.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_rank(conn: &mut SqliteConnection, list: ListId) -> QueryResult<i32> {
        let highest: Option<i32> = list_items::table
            .filter(list_items::list.eq(list))
            .select(diesel::dsl::max(list_items::rank))
            .first(conn)?;
        Ok(highest.unwrap_or(0))
    }

    /// What is on a list now, counted without loading it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn counts(conn: &mut SqliteConnection, list: ListId) -> QueryResult<EntryCounts> {
        type Row = (Option<MediaType>, i64, i64, i64, i64, i64);
        let on_list = || {
            list_items::table
                .filter(list_items::list.eq(list))
                .filter(list_items::left_at.is_null())
        };
        let by_type: Vec<Row> = on_list()
            .group_by(list_items::media_type)
            .select((
                list_items::media_type,
                count(list_items::id),
                count(list_items::imdb_id),
                count(list_items::tmdb_id),
                count(list_items::tvdb_id),
                count(list_items::year),
            ))
            .load(conn)?;
        let mut counts = EntryCounts {
            without_id: on_list()
                .filter(list_items::imdb_id.is_null())
                .filter(list_items::tmdb_id.is_null())
                .filter(list_items::tvdb_id.is_null())
                .count()
                .get_result(conn)?,
            ..EntryCounts::default()
        };
        for (media_type, entries, imdb, tmdb, tvdb, with_year) in by_type {
            match media_type {
                Some(MediaType::Movie) => counts.movies += entries,
                Some(MediaType::Tv) => counts.shows += entries,
                None => {}
            }
            counts.entries += entries;
            counts.with_imdb_id += imdb;
            counts.with_tmdb_id += tmdb;
            counts.with_tvdb_id += tvdb;
            counts.without_year += entries - with_year;
        }
        Ok(counts)
    }

    /// Whether the list says something else of the entry than it did, its place included.
    pub fn differs(&self, row: &NewListItem) -> bool {
        self.rank != row.rank || self.says_else(row)
    }

    /// Whether the list says something else of the entry than it did, wherever it stands.
    pub fn says_else(&self, row: &NewListItem) -> bool {
        self.title != row.title
            || self.original_title != row.original_title
            || self.year != row.year
            || self.media_type != row.media_type
            || self.imdb_id != row.imdb_id
            || self.tmdb_id != row.tmdb_id
            || self.tvdb_id != row.tvdb_id
            || self.trakt_id != row.trakt_id
            || self.season != row.season
    }

    /// Stores that entries of which nothing else has changed stand so many places further down in their
    /// list, or up where `by` is below zero.
    ///
    /// # Errors
    /// When the database fails.
    pub fn move_by(
        conn: &mut SqliteConnection,
        ids: &[i32],
        by: i32,
        fetch: Option<i32>,
    ) -> QueryResult<()> {
        for chunk in ids.chunks(AT_ONCE) {
            diesel::update(list_items::table.filter(list_items::id.eq_any(chunk)))
                .set((
                    list_items::rank.eq(list_items::rank + by),
                    list_items::fetch.eq(fetch),
                ))
                .execute(conn)?;
        }
        Ok(())
    }

    /// Marks entries that had left their list as back on it, with what was known of them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mark_back(
        conn: &mut SqliteConnection,
        ids: &[i32],
        now: NaiveDateTime,
        fetch: Option<i32>,
    ) -> QueryResult<()> {
        for chunk in ids.chunks(AT_ONCE) {
            diesel::update(list_items::table.filter(list_items::id.eq_any(chunk)))
                .set((
                    list_items::left_at.eq(None::<NaiveDateTime>),
                    list_items::returned_at.eq(now),
                    list_items::fetch.eq(fetch),
                ))
                .execute(conn)?;
        }
        Ok(())
    }
}
