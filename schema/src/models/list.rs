//! `lists`: what to follow and how the last reading ended. Written by sync-worker; api reads.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Cause, ListPolicy};
use crate::{
    column::{row_number, word_enum},
    tables::{list_policies, lists},
    wire::sync::{ChangeList, ListView},
};

row_number! {
    /// Row of `lists`.
    ListId
}

word_enum! {
    /// How the reading of a list ended.
    FetchKind {
        /// Not read yet.
        New = "new",
        /// All of it was read.
        Complete = "complete",
        /// Some of it was read; nothing counts as removed.
        Partial = "partial",
        /// The site said no.
        Refused = "refused",
        /// The site did not answer, or not in a way that can be understood.
        Failed = "failed",
        /// It shrank more than its owner allows: what it was stays until that is accepted.
        Frozen = "frozen",
    }
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = lists)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of its own, and they do not exclude each other"
)]
pub struct List {
    /// Row number.
    pub id: ListId,
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of it.
    pub list_id: String,
    /// Address for people.
    pub list_url: String,
    /// Its name.
    pub description: String,
    /// Entries that are on it, as far as was read.
    pub item_count: i32,
    /// When it was last read completely.
    pub last_synced: Option<NaiveDateTime>,
    /// How the last reading ended.
    pub status: FetchKind,
    /// Why, unless complete, and what can be done.
    pub status_reason: Option<String>,
    /// Whether the schedule reads it.
    pub auto_sync: bool,
    /// `low`, `normal` or `high`; the seeds have it, nothing uses it yet.
    pub priority: String,
    /// Only that many entries from the top.
    pub item_limit: Option<i32>,
    /// Whether it came from the environment or the settings file.
    pub from_settings: bool,
    /// Whether a person named it; the site's own name does not replace that.
    pub is_named: bool,
    /// The reading that last saw all of it.
    pub last_fetch: Option<i32>,
    /// When it was removed; the row stays, so that a list of the environment is not added again.
    pub removed_at: Option<NaiveDateTime>,
    /// When it was added.
    pub created_at: NaiveDateTime,
    /// When its definition last changed.
    pub updated_at: NaiveDateTime,
    /// Why it was not read completely.
    pub status_cause: Option<Cause>,
    /// When it was last read, however that ended.
    pub last_read_at: Option<NaiveDateTime>,
    /// Entries read then.
    pub last_read_entries: Option<i32>,
    /// Why the last reading that was not complete was not; stays after a complete one.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<NaiveDateTime>,
    /// Whether the next complete reading is taken however much the list shrank.
    pub accepts_shrink: bool,
    /// Whether nobody has agreed yet to what it asks for: it is new, and a person is to be asked first.
    pub ask_first: bool,
    /// Titles that wait for that, as the last run counted them; absent while none do.
    pub waiting_titles: Option<i32>,
}

/// A list to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = lists)]
#[expect(missing_docs, reason = "the fields are those of `List`")]
pub struct NewList {
    pub list_type: String,
    pub list_id: String,
    pub list_url: String,
    pub description: String,
    pub status: FetchKind,
    pub auto_sync: bool,
    pub item_limit: Option<i32>,
    pub from_settings: bool,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A reading that was not complete, or was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSetback {
    /// How it ended.
    pub status: FetchKind,
    /// Why, in a word.
    pub cause: Option<Cause>,
    /// Why, and what can be done.
    pub reason: String,
    /// Entries read.
    pub entries: i32,
    /// Entries that are on the list now, where the reading may have added some.
    pub on_list: Option<i32>,
}

impl List {
    /// Those of these lists that are removed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn removed_among(conn: &mut SqliteConnection, ids: &[ListId]) -> QueryResult<Vec<ListId>> {
        let mut removed = Vec::new();
        for chunk in ids.chunks(500) {
            let found: Vec<ListId> = lists::table
                .filter(lists::id.eq_any(chunk))
                .filter(lists::removed_at.is_not_null())
                .select(lists::id)
                .load(conn)?;
            removed.extend(found);
        }
        Ok(removed)
    }

    /// The list with this number, removed or not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: ListId) -> QueryResult<Option<Self>> {
        lists::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// The list that a provider calls `list_id`, removed or not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_by_name(
        conn: &mut SqliteConnection,
        list_type: &str,
        list_id: &str,
    ) -> QueryResult<Option<Self>> {
        lists::table
            .filter(lists::list_type.eq(list_type))
            .filter(lists::list_id.eq(list_id))
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// All lists with their policies, by number; removed ones only when asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn all(
        conn: &mut SqliteConnection,
        with_removed: bool,
    ) -> QueryResult<Vec<(Self, ListPolicy)>> {
        let mut query = lists::table
            .left_join(list_policies::table)
            .select((Self::as_select(), Option::<ListPolicy>::as_select()))
            .order(lists::id)
            .into_boxed();
        if !with_removed {
            query = query.filter(lists::removed_at.is_null());
        }
        let rows: Vec<(Self, Option<ListPolicy>)> = query.load(conn)?;
        Ok(rows
            .into_iter()
            .map(|(list, policy)| {
                let policy = policy.unwrap_or(ListPolicy {
                    withdraws: None,
                    list: list.id,
                    is_4k: None,
                    requested_as: None,
                    shrink_limit_percent: None,
                });
                (list, policy)
            })
            .collect())
    }

    /// Adds a list.
    ///
    /// # Errors
    /// When the provider's list is there already, or the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &NewList) -> QueryResult<Self> {
        diesel::insert_into(lists::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Changes the definition; what `change` leaves out stays.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when there is no such list, or when the database fails.
    pub fn change(
        conn: &mut SqliteConnection,
        change: &ChangeList,
        now: NaiveDateTime,
    ) -> QueryResult<Self> {
        let list: Self = lists::table
            .find(change.list)
            .select(Self::as_select())
            .first(conn)?;
        let description = match &change.description {
            Some(Some(description)) => description.clone(),
            Some(None) => list.list_id.clone(),
            None => list.description.clone(),
        };
        let mut policy = ListPolicy::of(conn, change.list)?;
        policy.is_4k = change.is_4k.unwrap_or(policy.is_4k);
        policy.requested_as = change.requested_as.unwrap_or(policy.requested_as);
        policy.shrink_limit_percent = change
            .shrink_limit_percent
            .unwrap_or(policy.shrink_limit_percent);
        policy.withdraws = change.withdraws.unwrap_or(policy.withdraws);
        policy.save(conn)?;
        let item_limit = change.item_limit.unwrap_or(list.item_limit);
        // Who wants less of it knows that it shrinks.
        let is_cut = item_limit.is_some_and(|now| list.item_limit.is_none_or(|then| now < then));
        let auto_sync = change.auto_sync.unwrap_or(list.auto_sync);
        diesel::update(lists::table.find(change.list))
            .set((
                lists::is_named.eq(match &change.description {
                    Some(description) => description.is_some(),
                    None => list.is_named,
                }),
                lists::description.eq(description),
                lists::auto_sync.eq(auto_sync),
                // What is left out of runs waits for nothing; the next run that takes it counts anew.
                lists::waiting_titles.eq(list.waiting_titles.filter(|_| auto_sync)),
                lists::item_limit.eq(item_limit),
                lists::accepts_shrink.eq(list.accepts_shrink || is_cut),
                lists::updated_at.eq(now),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Marks the list removed, or there again; either way nobody has to agree to it.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when there is no such list, or when the database fails.
    pub fn set_removed(
        conn: &mut SqliteConnection,
        id: ListId,
        removed_at: Option<NaiveDateTime>,
        now: NaiveDateTime,
    ) -> QueryResult<Self> {
        diesel::update(lists::table.find(id))
            .set((
                lists::removed_at.eq(removed_at),
                lists::ask_first.eq(false),
                lists::waiting_titles.eq(None::<i32>),
                lists::updated_at.eq(now),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Has a person asked before the first run asks for much because of it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ask_first(conn: &mut SqliteConnection, id: ListId) -> QueryResult<()> {
        diesel::update(lists::table.find(id))
            .set(lists::ask_first.eq(true))
            .execute(conn)
            .map(drop)
    }

    /// Says yes to the list as it is: to what it asks for while that waits, and to how much it shrank
    /// where it is frozen. Of one that neither waits nor is frozen the next complete reading is taken,
    /// however much it shrank.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when there is no such list, or when the database fails.
    pub fn accept(conn: &mut SqliteConnection, id: ListId) -> QueryResult<Self> {
        let list: Self = lists::table
            .find(id)
            .select(Self::as_select())
            .first(conn)?;
        let accepts_shrink =
            list.accepts_shrink || list.status == FetchKind::Frozen || !list.ask_first;
        diesel::update(lists::table.find(id))
            .set((
                lists::accepts_shrink.eq(accepts_shrink),
                lists::ask_first.eq(false),
                lists::waiting_titles.eq(None::<i32>),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Notes that what the list asks for is agreed to, or how many of its titles wait for that.
    ///
    /// # Errors
    /// [`diesel::result::Error::NotFound`] when there is no such list, or when the database fails.
    pub fn set_waiting(
        conn: &mut SqliteConnection,
        id: ListId,
        is_agreed: bool,
        titles: Option<i32>,
    ) -> QueryResult<Self> {
        diesel::update(lists::table.find(id))
            .set((
                lists::ask_first.eq(!is_agreed),
                lists::waiting_titles.eq(titles),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Forgets how many titles wait, where lists were asked about in another way: the next run counts
    /// anew.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_waiting(conn: &mut SqliteConnection, ids: &[ListId]) -> QueryResult<()> {
        for chunk in ids.chunks(500) {
            diesel::update(lists::table.filter(lists::id.eq_any(chunk)))
                .set(lists::waiting_titles.eq(None::<i32>))
                .execute(conn)?;
        }
        Ok(())
    }

    /// Records a complete reading.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read_completely(
        conn: &mut SqliteConnection,
        id: ListId,
        fetch: Option<i32>,
        item_count: i32,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        diesel::update(lists::table.find(id))
            .set((
                lists::status.eq(FetchKind::Complete),
                lists::status_reason.eq(None::<String>),
                lists::status_cause.eq(None::<Cause>),
                lists::last_read_at.eq(now),
                lists::last_read_entries.eq(item_count),
                lists::accepts_shrink.eq(false),
                lists::last_fetch.eq(fetch),
                lists::item_count.eq(item_count),
                lists::last_synced.eq(now),
            ))
            .execute(conn)
            .map(drop)
    }

    /// Records a reading that was not complete; the last good count stays.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read_badly(
        conn: &mut SqliteConnection,
        id: ListId,
        setback: &ListSetback,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        diesel::update(lists::table.find(id))
            .set((
                lists::status.eq(setback.status),
                lists::status_reason.eq(&setback.reason),
                lists::status_cause.eq(setback.cause),
                lists::last_read_at.eq(now),
                lists::last_read_entries.eq(setback.entries),
                lists::last_error.eq(&setback.reason),
                lists::last_error_at.eq(now),
                setback.on_list.map(|entries| lists::item_count.eq(entries)),
            ))
            .execute(conn)
            .map(drop)
    }

    /// Takes over the name the site gives the list, unless a person has named it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn name(conn: &mut SqliteConnection, id: ListId, name: &str) -> QueryResult<()> {
        let unnamed = lists::table.find(id).filter(lists::is_named.eq(false));
        diesel::update(unnamed)
            .set(lists::description.eq(name))
            .execute(conn)
            .map(drop)
    }

    /// The list as people see it.
    pub fn view(&self, policy: &ListPolicy) -> ListView {
        let utc = |time: NaiveDateTime| DateTime::<Utc>::from_naive_utc_and_offset(time, Utc);
        ListView {
            id: self.id,
            list_type: self.list_type.clone(),
            list_id: self.list_id.clone(),
            list_url: self.list_url.clone(),
            description: self.description.clone(),
            item_count: self.item_count,
            status: self.status,
            status_reason: self.status_reason.clone(),
            last_synced: self.last_synced.map(utc),
            auto_sync: self.auto_sync,
            item_limit: self.item_limit,
            is_4k: policy.is_4k,
            requested_as: policy.requested_as,
            from_settings: self.from_settings,
            removed_at: self.removed_at.map(utc),
            created_at: utc(self.created_at),
            updated_at: utc(self.updated_at),
            status_cause: self.status_cause,
            last_read_at: self.last_read_at.map(utc),
            last_read_entries: self.last_read_entries,
            last_error: self.last_error.clone(),
            last_error_at: self.last_error_at.map(utc),
            shrink_limit_percent: policy.shrink_limit_percent,
            withdraws: policy.withdraws,
            ask_first: self.ask_first,
            waiting_titles: self.waiting_titles,
            notice: None,
        }
    }
}
