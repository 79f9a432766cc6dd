//! Which entries are to be looked at, because it is not known which titles they are, and what is known
//! of entries like them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Identity, ListItem};
use crate::{
    models::{IdSource, ListId, TitleRef},
    tables::list_items,
};

/// Keys or numbers in one query: a database takes a bounded number of parameters.
const AT_ONCE: usize = 500;

/// An entry that was matched, as far as others like it are concerned.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct MatchedAlike {
    /// What the entry is recognised by in its list.
    pub entry_key: String,
    /// The title it is.
    pub title: TitleRef,
    /// How that is known.
    pub reason: Option<String>,
}

impl ListItem {
    /// Whether the entry is to be looked at: it is new, its title was forgotten, or it was not found
    /// and its next try has come. One that was not found and has no next try never is: a person said
    /// that there is no such title.
    pub fn is_due(&self, now: NaiveDateTime) -> bool {
        let is_open = match self.identity {
            Identity::New => true,
            Identity::Matched => self.title_ref.is_none(),
            Identity::NotFound => self.next_try.is_some_and(|next_try| next_try <= now),
            Identity::NeedsReview => false,
        };
        is_open && self.left_at.is_none()
    }

    /// Row numbers of the entries on these lists that are to be looked at, see [`ListItem::is_due`];
    /// by list and place.
    ///
    /// # Errors
    /// When the database fails.
    pub fn due(
        conn: &mut SqliteConnection,
        lists: &[ListId],
        now: NaiveDateTime,
    ) -> QueryResult<Vec<i32>> {
        // List, rank and row number.
        type Place = (ListId, i32, i32);
        let mut due: Vec<Place> = Vec::new();
        for chunk in lists.chunks(AT_ONCE) {
            let on_lists = || {
                list_items::table
                    .filter(list_items::list.eq_any(chunk))
                    .filter(list_items::left_at.is_null())
                    .select((list_items::list, list_items::rank, list_items::id))
            };
            // Each finds its rows by an index; one query for all three would look at every entry.
            let new: Vec<Place> = on_lists()
                .filter(list_items::identity.eq(Identity::New))
                .load(conn)?;
            let not_found: Vec<Place> = on_lists()
                .filter(list_items::identity.eq(Identity::NotFound))
                .filter(list_items::next_try.le(now))
                .load(conn)?;
            let forgotten: Vec<Place> = on_lists()
                .filter(list_items::title_ref.is_null())
                .filter(list_items::identity.ne_all(Identity::UNMATCHED))
                .load(conn)?;
            due.extend(new);
            due.extend(not_found);
            due.extend(forgotten);
        }
        due.sort_unstable_by_key(|(list, rank, id)| (list.0, *rank, *id));
        due.dedup();
        Ok(due.into_iter().map(|(_, _, id)| id).collect())
    }

    /// The entries with these row numbers, by list and place.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_ids(conn: &mut SqliteConnection, ids: &[i32]) -> QueryResult<Vec<Self>> {
        let mut found: Vec<Self> = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(AT_ONCE) {
            let rows = list_items::table
                .filter(list_items::id.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        found.sort_unstable_by_key(|item| (item.list.0, item.rank, item.id));
        Ok(found)
    }

    /// Which titles entries with these keys turned out to be, on any list.
    ///
    /// # Errors
    /// When the database fails.
    pub fn matched_alike(
        conn: &mut SqliteConnection,
        keys: &[&str],
    ) -> QueryResult<Vec<MatchedAlike>> {
        let mut found = Vec::new();
        for chunk in keys.chunks(AT_ONCE) {
            let rows: Vec<MatchedAlike> = list_items::table
                .filter(list_items::entry_key.eq_any(chunk))
                // Said like this, the rows are found by their key and not by their state.
                .filter(list_items::identity.ne_all(Identity::UNMATCHED))
                .filter(list_items::title_ref.is_not_null())
                .select((
                    list_items::entry_key,
                    list_items::title_ref.assume_not_null(),
                    list_items::identity_reason,
                ))
                .distinct()
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Lets the entries be looked at anew that have an id and were taken for `title`, which is not what
    /// the id means.
    ///
    /// # Errors
    /// When the database fails.
    pub fn look_again(
        conn: &mut SqliteConnection,
        title: TitleRef,
        (source, external_id): (IdSource, &str),
    ) -> QueryResult<()> {
        let mut matched = diesel::update(list_items::table)
            .filter(list_items::title_ref.eq(title))
            .filter(list_items::identity.eq(Identity::Matched))
            .into_boxed();
        // Text that is no number is nobody's number.
        let number = external_id.parse::<i64>().unwrap_or_default();
        matched = match source {
            IdSource::Imdb => matched.filter(list_items::imdb_id.eq(external_id)),
            IdSource::Tvdb => matched.filter(list_items::tvdb_id.eq(number)),
            IdSource::Trakt => matched.filter(list_items::trakt_id.eq(number)),
            IdSource::Anilist | IdSource::Myanimelist | IdSource::Simkl | IdSource::Letterboxd => {
                matched.filter(list_items::entry_key.eq(format!("source:{source}:{external_id}")))
            }
        };
        matched
            .set(list_items::identity.eq(Identity::New))
            .execute(conn)
            .map(drop)
    }
}
