//! `list_items`: which entry is on which list, and which title it is. Written by sync-worker.

mod due;
mod reading;

pub use due::MatchedAlike;
pub use reading::EntryCounts;

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ListId, MediaType, TitleRef};
use crate::{
    column::word_enum,
    tables::{list_items, lists},
};

word_enum! {
    /// Whether it is known which title an entry is.
    Identity {
        /// Not looked at yet.
        New = "new",
        /// Certain.
        Matched = "matched",
        /// Plausible; a person picks.
        NeedsReview = "needs_review",
        /// Nothing found; asked again at growing intervals.
        NotFound = "not_found",
    }
}

impl Identity {
    /// Every state but matched. Nearly all entries are matched: `SQLite`, told to look for that word,
    /// takes the index by state, and told to leave these out, one that leads there sooner.
    pub const UNMATCHED: [Self; 3] = [Self::New, Self::NeedsReview, Self::NotFound];
}

/// One entry of one list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = list_items)]
pub struct ListItem {
    /// Row number.
    pub id: i32,
    /// The list.
    pub list: ListId,
    /// What the entry is recognised by in its list.
    pub entry_key: String,
    /// Place in the list, from 1.
    pub rank: i32,
    /// Title as the list shows it.
    pub title: String,
    /// Title in its own language.
    pub original_title: Option<String>,
    /// Four digits.
    pub year: Option<i32>,
    /// Movie or show, where the list tells.
    pub media_type: Option<MediaType>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// When it was first on the list.
    pub first_seen: NaiveDateTime,
    /// When it came back after having left.
    pub returned_at: Option<NaiveDateTime>,
    /// Since when it is off the list.
    pub left_at: Option<NaiveDateTime>,
    /// The reading that last changed the row.
    pub fetch: Option<i32>,
    /// Whether it is known which title it is.
    pub identity: Identity,
    /// The title.
    pub title_ref: Option<TitleRef>,
    /// How that is known, or why it is not.
    pub identity_reason: Option<String>,
    /// Times it was looked for in vain.
    pub attempts: i32,
    /// Not looked for again before this moment.
    pub next_try: Option<NaiveDateTime>,
    /// The season the entry is about, where it is about one.
    pub season: Option<i32>,
    /// Trakt's number.
    pub trakt_id: Option<i64>,
    /// What a person may pick from while it needs review: JSON of [`ReviewCandidate`]s, the likeliest first.
    pub candidates: Option<String>,
}

/// A title that an entry may be, for a person to pick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewCandidate {
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title.
    pub title: String,
    /// Its title in its own language, where it differs.
    pub original_title: Option<String>,
    /// Year of the release or of the first episode.
    pub year: Option<i32>,
    /// TMDB's measure; orders, never decides.
    pub popularity: f64,
    /// How sure it is, 0 to 1.
    pub certainty: f64,
    /// Why, in words.
    pub reason: String,
    /// Path of its poster at TMDB's image host: `/abc.jpg`.
    pub poster_path: Option<String>,
}

/// An entry to insert.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = list_items, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the fields are those of `ListItem`")]
pub struct NewListItem {
    pub list: ListId,
    pub entry_key: String,
    pub rank: i32,
    pub title: String,
    pub original_title: Option<String>,
    pub year: Option<i32>,
    pub media_type: Option<MediaType>,
    pub imdb_id: Option<String>,
    pub tmdb_id: Option<i64>,
    pub tvdb_id: Option<i64>,
    pub season: Option<i32>,
    pub trakt_id: Option<i64>,
    pub first_seen: NaiveDateTime,
    pub fetch: Option<i32>,
    pub identity: Identity,
}

/// What entries are found by, whichever list they are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemTraits {
    /// `tt…`
    pub imdb_ids: Vec<String>,
    /// TMDB's numbers, of movies or shows.
    pub tmdb_ids: Vec<i64>,
    /// TVDB's numbers, of movies or shows.
    pub tvdb_ids: Vec<i64>,
    /// Trakt's numbers, of movies or shows.
    pub trakt_ids: Vec<i64>,
    /// What entries are recognised by in their list.
    pub entry_keys: Vec<String>,
    /// Years of entries that have a title and no number.
    pub years: Vec<Option<i32>>,
}

impl ListItem {
    /// The entries of a list that are or were on it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_list(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Vec<Self>> {
        list_items::table
            .filter(list_items::list.eq(list))
            .order(list_items::rank)
            .select(Self::as_select())
            .load(conn)
    }

    /// The entries that are on a list now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn on_list(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Vec<Self>> {
        list_items::table
            .filter(list_items::list.eq(list))
            .filter(list_items::left_at.is_null())
            .order(list_items::rank)
            .select(Self::as_select())
            .load(conn)
    }

    /// Entries that left their list before that moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn long_left(conn: &mut SqliteConnection, before: NaiveDateTime) -> QueryResult<Vec<i32>> {
        list_items::table
            .filter(list_items::left_at.lt(before))
            .select(list_items::id)
            .load(conn)
    }

    /// Forgets those of these entries that are still off their list since before that moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_left(
        conn: &mut SqliteConnection,
        ids: &[i32],
        before: NaiveDateTime,
    ) -> QueryResult<usize> {
        let left = list_items::table
            .filter(list_items::id.eq_any(ids))
            .filter(list_items::left_at.lt(before));
        diesel::delete(left).execute(conn)
    }

    /// Adds entries.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &[NewListItem]) -> QueryResult<()> {
        for chunk in new.chunks(100) {
            diesel::insert_into(list_items::table)
                .values(chunk)
                .execute(conn)?;
        }
        Ok(())
    }

    /// Stores what the list now says of the entry; it is on the list again if it had left. An entry
    /// whose title is not known is looked at anew when what identifies it has changed, one whose title
    /// is known when another id is told that can be looked up. Gives the state of its identity then.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_entry(
        &self,
        conn: &mut SqliteConnection,
        entry: &NewListItem,
        now: NaiveDateTime,
    ) -> QueryResult<Identity> {
        let is_other = self.imdb_id != entry.imdb_id
            || self.tmdb_id != entry.tmdb_id
            || self.tvdb_id != entry.tvdb_id
            || self.trakt_id != entry.trakt_id
            || self.media_type != entry.media_type
            || self.year != entry.year
            || self.title != entry.title
            || self.original_title != entry.original_title;
        // A title that was found without an id must not outlive the id that tells what it really is.
        let is_told = (entry.imdb_id.is_some() && self.imdb_id != entry.imdb_id)
            || (entry.tmdb_id.is_some() && self.tmdb_id != entry.tmdb_id)
            || (entry.tvdb_id.is_some() && self.tvdb_id != entry.tvdb_id);
        let (identity, next_try) = if is_told || (is_other && self.identity != Identity::Matched) {
            (Identity::New, None)
        } else {
            (self.identity, self.next_try)
        };
        let returned_at = if self.left_at.is_some() {
            Some(now)
        } else {
            self.returned_at
        };
        diesel::update(list_items::table.find(self.id))
            .set((
                list_items::rank.eq(entry.rank),
                list_items::title.eq(&entry.title),
                list_items::original_title.eq(&entry.original_title),
                list_items::year.eq(entry.year),
                list_items::media_type.eq(entry.media_type),
                list_items::imdb_id.eq(&entry.imdb_id),
                list_items::tmdb_id.eq(entry.tmdb_id),
                list_items::tvdb_id.eq(entry.tvdb_id),
                list_items::season.eq(entry.season),
                list_items::trakt_id.eq(entry.trakt_id),
                list_items::fetch.eq(entry.fetch),
                list_items::identity.eq(identity),
                list_items::next_try.eq(next_try),
                list_items::returned_at.eq(returned_at),
                list_items::left_at.eq(None::<NaiveDateTime>),
            ))
            .execute(conn)?;
        Ok(identity)
    }

    /// Marks entries as no longer on their list.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mark_left(
        conn: &mut SqliteConnection,
        ids: &[i32],
        left_at: NaiveDateTime,
        fetch: Option<i32>,
    ) -> QueryResult<()> {
        for chunk in ids.chunks(500) {
            diesel::update(list_items::table.filter(list_items::id.eq_any(chunk)))
                .set((list_items::left_at.eq(left_at), list_items::fetch.eq(fetch)))
                .execute(conn)?;
        }
        Ok(())
    }

    /// Stores what is known of the entry's title.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_identity(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::update(list_items::table.find(self.id))
            .set((
                list_items::identity.eq(self.identity),
                list_items::title_ref.eq(self.title_ref),
                list_items::identity_reason.eq(&self.identity_reason),
                list_items::attempts.eq(self.attempts),
                list_items::next_try.eq(self.next_try),
                list_items::candidates.eq(&self.candidates),
            ))
            .execute(conn)
            .map(drop)
    }

    /// The entry with this number, be it on its list or not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: i32) -> QueryResult<Option<Self>> {
        list_items::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Every entry, on whichever list and also those that left, that has one of these traits; by number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn with_traits(conn: &mut SqliteConnection, traits: &ItemTraits) -> QueryResult<Vec<Self>> {
        let mut found = BTreeMap::new();
        let mut add = |rows: Vec<Self>| found.extend(rows.into_iter().map(|row| (row.id, row)));
        let all = || list_items::table.select(Self::as_select());
        for chunk in traits.imdb_ids.chunks(300) {
            let spelt = chunk
                .iter()
                .flat_map(|id| [id.clone(), format!("imdb://{id}"), id.to_ascii_uppercase()]);
            add(all().filter(list_items::imdb_id.eq_any(spelt)).load(conn)?);
        }
        for chunk in traits.tmdb_ids.chunks(500) {
            add(all().filter(list_items::tmdb_id.eq_any(chunk)).load(conn)?);
        }
        for chunk in traits.tvdb_ids.chunks(500) {
            add(all().filter(list_items::tvdb_id.eq_any(chunk)).load(conn)?);
        }
        for chunk in traits.trakt_ids.chunks(500) {
            add(all()
                .filter(list_items::trakt_id.eq_any(chunk))
                .load(conn)?);
        }
        for chunk in traits.entry_keys.chunks(500) {
            add(all()
                .filter(list_items::entry_key.eq_any(chunk))
                .load(conn)?);
        }
        let untold = || {
            all()
                .filter(list_items::tmdb_id.is_null().or(list_items::tmdb_id.le(0)))
                .filter(list_items::tvdb_id.is_null().or(list_items::tvdb_id.le(0)))
                .filter(
                    list_items::trakt_id
                        .is_null()
                        .or(list_items::trakt_id.le(0)),
                )
        };
        let years: Vec<i32> = traits.years.iter().copied().flatten().collect();
        for chunk in years.chunks(500) {
            add(untold().filter(list_items::year.eq_any(chunk)).load(conn)?);
        }
        if traits.years.contains(&None) {
            add(untold().filter(list_items::year.is_null()).load(conn)?);
        }
        Ok(found.into_values().collect())
    }

    /// Entries that are on a list now and in one of these states of identity, those that need a
    /// person's choice first, each with its list's name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn waiting(
        conn: &mut SqliteConnection,
        identities: &[Identity],
    ) -> QueryResult<Vec<(Self, String)>> {
        list_items::table
            .inner_join(lists::table)
            .filter(list_items::identity.eq_any(identities))
            .filter(list_items::left_at.is_null())
            .filter(lists::removed_at.is_null())
            .order((
                list_items::identity,
                list_items::list,
                list_items::rank,
                list_items::id,
            ))
            .select((Self::as_select(), lists::description))
            .load(conn)
    }

    /// Stores for entries which title a person says they are; without one they are none, or `new`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settle(
        conn: &mut SqliteConnection,
        ids: &[i32],
        identity: Identity,
        title: Option<TitleRef>,
        reason: Option<&str>,
    ) -> QueryResult<()> {
        for chunk in ids.chunks(500) {
            diesel::update(list_items::table.filter(list_items::id.eq_any(chunk)))
                .set((
                    list_items::identity.eq(identity),
                    list_items::title_ref.eq(title),
                    list_items::identity_reason.eq(reason),
                    list_items::attempts.eq(0),
                    list_items::next_try.eq(None::<NaiveDateTime>),
                    list_items::candidates.eq(None::<String>),
                ))
                .execute(conn)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{FetchKind, List, NewList, NewTitle, Title};

    fn now() -> NaiveDateTime {
        "2026-11-21T12:00:00".parse().unwrap()
    }

    fn list(conn: &mut SqliteConnection) -> ListId {
        let new = NewList {
            list_type: "letterboxd".into(),
            list_id: "one/watchlist".into(),
            list_url: String::new(),
            description: String::new(),
            status: FetchKind::New,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: now(),
            updated_at: now(),
        };
        List::insert(conn, &new).unwrap().id
    }

    fn title(conn: &mut SqliteConnection) -> TitleRef {
        let new = NewTitle {
            media_type: MediaType::Movie,
            tmdb_id: 7,
            title: "Paper Boats".into(),
            year: Some(1987),
            created_at: now(),
            updated_at: now(),
        };
        Title::ensure(conn, &new).unwrap().id
    }

    fn entry(list: ListId, media_type: Option<MediaType>, tmdb_id: Option<i64>) -> NewListItem {
        NewListItem {
            trakt_id: None,
            season: None,
            list,
            entry_key: "source:letterboxd:paper-boats".into(),
            rank: 1,
            title: "Paper Boats".into(),
            original_title: None,
            year: Some(1987),
            media_type,
            imdb_id: None,
            tmdb_id,
            tvdb_id: None,
            first_seen: now(),
            fetch: None,
            identity: Identity::New,
        }
    }

    #[test]
    fn a_title_found_without_an_id_is_looked_at_anew_when_the_id_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        crate::migrate(&file).unwrap();
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        let (list, title) = (list(&mut conn), title(&mut conn));
        ListItem::insert(&mut conn, &[entry(list, None, None)]).unwrap();
        let mut saved = |entry: NewListItem| {
            let mut item = ListItem::of_list(&mut conn, list).unwrap().remove(0);
            item.identity = Identity::Matched;
            item.title_ref = Some(title);
            item.save_identity(&mut conn).unwrap();
            let identity = item.save_entry(&mut conn, &entry, now()).unwrap();
            let stored = ListItem::of_list(&mut conn, list).unwrap().remove(0);
            assert_eq!(stored.identity, identity);
            identity
        };
        let told = || entry(list, Some(MediaType::Tv), Some(900_002));
        assert_eq!(saved(entry(list, None, None)), Identity::Matched);
        assert_eq!(saved(told()), Identity::New);
        assert_eq!(saved(told()), Identity::Matched, "nothing has changed");
        let silent = entry(list, None, None);
        assert_eq!(saved(silent), Identity::Matched, "nothing says otherwise");
    }

    fn household() -> (tempfile::TempDir, SqliteConnection) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        crate::migrate(&file).unwrap();
        let conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        (folder, conn)
    }

    #[test]
    fn what_is_on_a_list_is_counted_and_what_left_it_is_not() {
        let (_folder, mut conn) = household();
        let list = list(&mut conn);
        let named = |key: &str, entry: NewListItem| NewListItem {
            entry_key: key.into(),
            ..entry
        };
        let undated = NewListItem {
            year: None,
            imdb_id: Some("tt1".into()),
            tvdb_id: Some(3),
            ..entry(list, Some(MediaType::Tv), None)
        };
        let entries = [
            named("a", entry(list, Some(MediaType::Movie), Some(7))),
            named("b", entry(list, None, None)),
            named("c", undated.clone()),
            named("gone", undated),
        ];
        ListItem::insert(&mut conn, &entries).unwrap();
        let gone = ListItem::by_keys(&mut conn, list, &["gone"]).unwrap()[0].id;
        ListItem::mark_left(&mut conn, &[gone], now(), None).unwrap();
        let counts = ListItem::counts(&mut conn, list).unwrap();
        let expected = EntryCounts {
            entries: 3,
            movies: 1,
            shows: 1,
            with_imdb_id: 1,
            with_tmdb_id: 1,
            with_tvdb_id: 1,
            without_id: 1,
            without_year: 1,
        };
        assert_eq!(counts, expected);
        assert_eq!(ListItem::count_on_list(&mut conn, list).unwrap(), 3);
    }

    #[test]
    fn what_is_due_in_the_database_is_what_is_due_by_the_rule() {
        let (_folder, mut conn) = household();
        let (list, title) = (list(&mut conn), title(&mut conn));
        let later = now() + chrono::Duration::hours(1);
        let tries = [None, Some(now()), Some(later)];
        let states = [
            Identity::New,
            Identity::Matched,
            Identity::NeedsReview,
            Identity::NotFound,
        ];
        let mut rank = 0;
        for identity in states {
            for next_try in tries {
                for title_ref in [None, Some(title)] {
                    rank += 1;
                    let new = NewListItem {
                        entry_key: format!("{rank}"),
                        // The last comes first.
                        rank: 100 - rank,
                        ..entry(list, None, None)
                    };
                    ListItem::insert(&mut conn, std::slice::from_ref(&new)).unwrap();
                    let stored = ListItem::by_keys(&mut conn, list, &[&new.entry_key]).unwrap();
                    let item = ListItem {
                        identity,
                        title_ref,
                        next_try,
                        ..stored[0].clone()
                    };
                    item.save_identity(&mut conn).unwrap();
                }
            }
        }
        let all = ListItem::on_list(&mut conn, list).unwrap();
        let by_rule: Vec<i32> = all
            .iter()
            .filter(|item| item.is_due(now()))
            .map(|item| item.id)
            .collect();
        let due = ListItem::due(&mut conn, &[list], now()).unwrap();
        assert_eq!(due, by_rule);
        assert_eq!(due.len(), 6 + 3 + 2);
        assert!(
            ListItem::due(&mut conn, &[ListId(99)], now())
                .unwrap()
                .is_empty()
        );
    }
}
