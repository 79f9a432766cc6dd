//! What is read of several tables to tell the story of one title: its entries, whatever it is called
//! by, what was asked, and plans that have it. Only reads.

use chrono::NaiveDateTime;
use diesel::{connection::DefaultLoadingMode, prelude::*};

use super::{
    LedgerStatus, ListItem, MediaType, Plan, PlanItem, PlanStatus, SyncedItem, Title, TitleRef,
};
use crate::tables::{list_items, plan_items, plans, synced_items, titles};

/// What an entry may carry that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `tt…`
    Imdb(String),
    /// TMDB's number, of a movie or show where that is known.
    Tmdb(Option<MediaType>, i64),
    /// TVDB's number.
    Tvdb(i64),
    /// Trakt's number.
    Trakt(i64),
    /// What it is recognised by in its list: `source:letterboxd:dune-2021`.
    Key(String),
}

/// Number, title, original title and year of an entry.
pub type EntryName = (i32, String, Option<String>, Option<i32>);

impl ListItem {
    /// The entries that are a title, those that left their list included.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_title(conn: &mut SqliteConnection, title: TitleRef) -> QueryResult<Vec<Self>> {
        list_items::table
            .filter(list_items::title_ref.eq(title))
            .order((list_items::list, list_items::id))
            .select(Self::as_select())
            .load(conn)
    }

    /// The entries that carry a mark, those that left their list included, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn marked(conn: &mut SqliteConnection, mark: &Mark, limit: i64) -> QueryResult<Vec<Self>> {
        let mut query = list_items::table
            .order((list_items::list, list_items::id))
            .limit(limit)
            .select(Self::as_select())
            .into_boxed();
        query = match mark {
            Mark::Imdb(id) => query.filter(list_items::imdb_id.eq(id)),
            Mark::Tmdb(Some(media_type), id) => query
                .filter(list_items::tmdb_id.eq(id))
                .filter(list_items::media_type.eq(media_type)),
            Mark::Tmdb(None, id) => query.filter(list_items::tmdb_id.eq(id)),
            Mark::Tvdb(id) => query.filter(list_items::tvdb_id.eq(id)),
            Mark::Trakt(id) => query.filter(list_items::trakt_id.eq(id)),
            Mark::Key(key) => query.filter(list_items::entry_key.eq(key)),
        };
        query.load(conn)
    }

    /// Hands over the names of entries, one after the other: of those that are no known title, and
    /// of those that call their title otherwise.
    ///
    /// # Errors
    /// When the database fails.
    pub fn each_name(
        conn: &mut SqliteConnection,
        mut take: impl FnMut(EntryName),
    ) -> QueryResult<()> {
        let names = list_items::table
            .left_join(titles::table)
            .filter(
                titles::title
                    .nullable()
                    .is_null()
                    .or(titles::title.nullable().ne(list_items::title.nullable()))
                    .or(list_items::original_title.is_not_null()),
            )
            .select((
                list_items::id,
                list_items::title,
                list_items::original_title,
                list_items::year,
            ))
            .load_iter::<EntryName, DefaultLoadingMode>(conn)?;
        for name in names {
            take(name?);
        }
        Ok(())
    }

    /// Counts these entries, as far as they are on their lists, as put there anew at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn come_anew(
        conn: &mut SqliteConnection,
        ids: &[i32],
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        for chunk in ids.chunks(500) {
            let on_list = list_items::table
                .filter(list_items::id.eq_any(chunk))
                .filter(list_items::left_at.is_null());
            diesel::update(on_list)
                .set(list_items::returned_at.eq(now))
                .execute(conn)?;
        }
        Ok(())
    }

    /// Counts the entries that are a title and on a list now as put there anew at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn put_anew(
        conn: &mut SqliteConnection,
        title: TitleRef,
        now: NaiveDateTime,
    ) -> QueryResult<usize> {
        let on_list = list_items::table
            .filter(list_items::title_ref.eq(title))
            .filter(list_items::left_at.is_null());
        diesel::update(on_list)
            .set(list_items::returned_at.eq(now))
            .execute(conn)
    }
}

impl Title {
    /// Hands over the names of all titles, one after the other.
    ///
    /// # Errors
    /// When the database fails.
    pub fn each_name(
        conn: &mut SqliteConnection,
        mut take: impl FnMut((TitleRef, String, Option<i32>)),
    ) -> QueryResult<()> {
        let names = titles::table
            .select((titles::id, titles::title, titles::year))
            .load_iter::<(TitleRef, String, Option<i32>), DefaultLoadingMode>(conn)?;
        for name in names {
            take(name?);
        }
        Ok(())
    }
}

impl SyncedItem {
    /// The rows of a movie or show at every target and in every quality, the standard one first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_title(
        conn: &mut SqliteConnection,
        media_type: MediaType,
        tmdb_id: i64,
    ) -> QueryResult<Vec<Self>> {
        synced_items::table
            .filter(synced_items::media_type.eq(media_type))
            .filter(synced_items::tmdb_id.eq(tmdb_id))
            .order((synced_items::is_4k, synced_items::id))
            .select(Self::as_select())
            .load(conn)
    }

    /// When the first failed title may be tried again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_retry(conn: &mut SqliteConnection) -> QueryResult<Option<NaiveDateTime>> {
        synced_items::table
            .filter(synced_items::status.eq(LedgerStatus::Failed))
            .select(diesel::dsl::min(synced_items::retry_at))
            .first(conn)
    }
}

impl PlanItem {
    /// What open plans do with a title.
    ///
    /// # Errors
    /// When the database fails.
    pub fn waiting(conn: &mut SqliteConnection, title: TitleRef) -> QueryResult<Vec<(Self, Plan)>> {
        plan_items::table
            .inner_join(plans::table)
            .filter(plans::status.eq(PlanStatus::Open))
            .filter(plan_items::title.eq(title))
            .order(plans::id.desc())
            .select((Self::as_select(), Plan::as_select()))
            .load(conn)
    }
}
