//! `list_items`: which entry is on which list, and which title it is. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::{dsl::sql, prelude::*, sql_types};

use super::{LedgerStatus, ListId, MediaType, Title, TitleRef};
use crate::{
    column::word_enum,
    tables::{list_items, lists, synced_items, titles},
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
}

/// An entry to insert.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = list_items)]
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
    pub first_seen: NaiveDateTime,
    pub fetch: Option<i32>,
    pub identity: Identity,
}

/// Which entries a page shows.
#[derive(Clone, Debug, Default)]
pub struct ItemFilter {
    /// Only of this list.
    pub list: Option<ListId>,
    /// Only in this state of identity.
    pub identity: Option<Identity>,
    /// Only in this state of the ledger.
    pub status: Option<LedgerStatus>,
    /// Only titles that contain this text.
    pub search: Option<String>,
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

    /// Forgets entries that left their list before that moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_left(conn: &mut SqliteConnection, before: NaiveDateTime) -> QueryResult<()> {
        diesel::delete(list_items::table.filter(list_items::left_at.lt(before)))
            .execute(conn)
            .map(drop)
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
    /// is known when another id is told.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_entry(
        &self,
        conn: &mut SqliteConnection,
        entry: &NewListItem,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        let is_other = self.imdb_id != entry.imdb_id
            || self.tmdb_id != entry.tmdb_id
            || self.tvdb_id != entry.tvdb_id
            || self.media_type != entry.media_type
            || self.year != entry.year;
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
                list_items::fetch.eq(entry.fetch),
                list_items::identity.eq(identity),
                list_items::next_try.eq(next_try),
                list_items::returned_at.eq(returned_at),
                list_items::left_at.eq(None::<NaiveDateTime>),
            ))
            .execute(conn)
            .map(drop)
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
            ))
            .execute(conn)
            .map(drop)
    }

    /// A page of entries that are on a list now, each with its list's name, its title, and the
    /// ledger status of the title in standard quality or else 4K; and how many there are in all.
    ///
    /// # Errors
    /// When the database fails.
    #[expect(clippy::type_complexity, reason = "one row of a join")]
    pub fn page(
        conn: &mut SqliteConnection,
        filter: &ItemFilter,
        limit: i64,
        offset: i64,
    ) -> QueryResult<(
        Vec<(
            Self,
            String,
            Option<Title>,
            Option<LedgerStatus>,
            Option<String>,
        )>,
        i64,
    )> {
        // One ledger row a title: the standard quality where there is one.
        let one_quality = || {
            sql::<sql_types::Bool>(
                "(synced_items.id IS NULL OR synced_items.id = (SELECT s.id FROM synced_items s \
                  WHERE s.target = synced_items.target AND s.media_type = synced_items.media_type \
                  AND s.tmdb_id = synced_items.tmdb_id ORDER BY s.is_4k LIMIT 1))",
            )
        };
        let base = || {
            let mut query = list_items::table
                .inner_join(lists::table)
                .left_join(titles::table)
                .left_join(
                    synced_items::table.on(synced_items::media_type
                        .nullable()
                        .eq(titles::media_type.nullable())
                        .and(
                            synced_items::tmdb_id
                                .nullable()
                                .eq(titles::tmdb_id.nullable()),
                        )),
                )
                .filter(list_items::left_at.is_null())
                .filter(lists::removed_at.is_null())
                .filter(one_quality())
                .into_boxed();
            if let Some(list) = filter.list {
                query = query.filter(list_items::list.eq(list));
            }
            if let Some(identity) = filter.identity {
                query = query.filter(list_items::identity.eq(identity));
            }
            if let Some(status) = filter.status {
                query = query.filter(synced_items::status.eq(status));
            }
            if let Some(search) = &filter.search {
                let escaped = search
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                query = query.filter(list_items::title.like(format!("%{escaped}%")).escape('\\'));
            }
            query
        };
        let total = base().count().get_result(conn)?;
        let rows = base()
            .order((list_items::list, list_items::rank, list_items::id))
            .limit(limit)
            .offset(offset)
            .select((
                Self::as_select(),
                lists::description,
                Option::<Title>::as_select(),
                synced_items::status.nullable(),
                synced_items::reason.nullable(),
            ))
            .load(conn)?;
        Ok((rows, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{FetchKind, List, NewList, NewTitle};

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
            item.save_entry(&mut conn, &entry, now()).unwrap();
            ListItem::of_list(&mut conn, list)
                .unwrap()
                .remove(0)
                .identity
        };
        let told = || entry(list, Some(MediaType::Tv), Some(900_002));
        assert_eq!(saved(entry(list, None, None)), Identity::Matched);
        assert_eq!(saved(told()), Identity::New);
        assert_eq!(saved(told()), Identity::Matched, "nothing has changed");
        let silent = entry(list, None, None);
        assert_eq!(saved(silent), Identity::Matched, "nothing says otherwise");
    }
}
