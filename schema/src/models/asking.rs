//! `list_items` seen from their titles: which entries ask for a title. Only reads.

use chrono::NaiveDateTime;
use diesel::{dsl::count_star, prelude::*};

use super::{Identity, ListId, TitleRef};
use crate::tables::{list_items, lists};

/// One entry that asks, or asked, for a title.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = list_items)]
pub struct Asking {
    /// The list.
    pub list: ListId,
    /// Its place there.
    pub rank: i32,
    /// The title.
    pub title_ref: Option<TitleRef>,
    /// `tt…`, where the list gave it.
    pub imdb_id: Option<String>,
    /// The season it is about, where it is about one.
    pub season: Option<i32>,
    /// When it was first on the list.
    pub first_seen: NaiveDateTime,
    /// When it came back after having left.
    pub returned_at: Option<NaiveDateTime>,
    /// Since when it is off the list.
    pub left_at: Option<NaiveDateTime>,
}

/// An entry without a certain title, as a report tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = list_items)]
pub struct Unmatched {
    /// Its title.
    pub title: String,
    /// Its year.
    pub year: Option<i32>,
    /// What is missing.
    pub identity: Identity,
    /// Why.
    pub identity_reason: Option<String>,
}

impl Asking {
    /// The titles of the entries that are on a list now, in its order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn titles_on(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Vec<TitleRef>> {
        let titles: Vec<Option<TitleRef>> = list_items::table
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_null())
            .filter(list_items::identity.ne_all(Identity::UNMATCHED))
            .filter(list_items::title_ref.is_not_null())
            .order((list_items::rank, list_items::id))
            .select(list_items::title_ref)
            .load(conn)?;
        Ok(titles.into_iter().flatten().collect())
    }

    /// The titles of entries that left a list and that no list asks for any more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn titles_left(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Vec<TitleRef>> {
        let other = diesel::alias!(list_items as other);
        let wanted = other
            .inner_join(lists::table.on(other.field(list_items::list).eq(lists::id)))
            .filter(other.field(list_items::left_at).is_null())
            .filter(
                other
                    .field(list_items::identity)
                    .ne_all(Identity::UNMATCHED),
            )
            .filter(lists::removed_at.is_null())
            .filter(other.field(list_items::title_ref).eq(list_items::title_ref));
        let titles: Vec<Option<TitleRef>> = list_items::table
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_not_null())
            .filter(list_items::identity.ne_all(Identity::UNMATCHED))
            .filter(list_items::title_ref.is_not_null())
            .filter(diesel::dsl::not(diesel::dsl::exists(wanted)))
            .order((list_items::left_at, list_items::id))
            .select(list_items::title_ref)
            .load(conn)?;
        Ok(titles.into_iter().flatten().collect())
    }

    /// Whether a list has entries whose title nobody has looked for yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_new(conn: &mut SqliteConnection, list: ListId) -> QueryResult<bool> {
        let new = list_items::table
            .filter(list_items::identity.eq(Identity::New))
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_null());
        diesel::select(diesel::dsl::exists(new)).get_result(conn)
    }

    /// Every entry that is or was these titles.
    ///
    /// # Errors
    /// When the database fails.
    pub fn for_titles(conn: &mut SqliteConnection, titles: &[TitleRef]) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in titles.chunks(500) {
            let rows = list_items::table
                .filter(list_items::title_ref.eq_any(chunk))
                .filter(list_items::identity.ne_all(Identity::UNMATCHED))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// How many entries of each list are in which state of identity, of those on it now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn counts(conn: &mut SqliteConnection) -> QueryResult<Vec<(ListId, Identity, i64)>> {
        list_items::table
            .filter(list_items::left_at.is_null())
            .group_by((list_items::list, list_items::identity))
            .select((list_items::list, list_items::identity, count_star()))
            .load(conn)
    }
}

impl Unmatched {
    /// Entries of these lists that have no certain title, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn on_lists(
        conn: &mut SqliteConnection,
        lists: &[ListId],
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        list_items::table
            .filter(list_items::identity.eq_any([Identity::NeedsReview, Identity::NotFound]))
            .filter(list_items::list.eq_any(lists))
            .filter(list_items::left_at.is_null())
            .order((list_items::list, list_items::rank))
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }
}
