//! `synced_items`: the ledger of what was asked of which target. Written by sync-worker.
//!
//! `requesting` is committed before the request is sent: after a crash such a row tells that the
//! target may have the request, or may still be making it.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{MediaType, RunId, TitleRef};
use crate::{
    column::word_enum,
    tables::{synced_items, titles},
};

word_enum! {
    /// Where a title is on its way.
    LedgerStatus {
        /// Decided, not sent.
        Planned = "planned",
        /// Being sent, or sent with an unknown end.
        Requesting = "requesting",
        /// The target has our request.
        Requested = "requested",
        /// The target has it by somebody else's doing.
        Adopted = "adopted",
        /// In the library.
        Available = "available",
        /// Failed; tried again at `retry_at`.
        Failed = "failed",
        /// Failed for good.
        FailedPermanent = "failed_permanent",
        /// A person declined the request; never asked again while the entry stays.
        Declined = "declined",
        /// On the target's block list.
        Blocklisted = "blocklisted",
        /// Deleted from the library by a person.
        Deleted = "deleted",
        /// We took our request back; asked again only when the entry comes anew.
        Withdrawn = "withdrawn",
    }
}

/// One title at one target in one quality.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = synced_items)]
pub struct SyncedItem {
    /// Row number.
    pub id: i32,
    /// The target: `seerr`.
    pub target: String,
    /// Its title.
    pub title: String,
    /// Its year.
    pub year: Option<i32>,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// `tt…`, where a list gave it.
    pub imdb_id: Option<String>,
    /// The quality asked for.
    pub is_4k: bool,
    /// The target's own number of the title.
    pub overseerr_id: Option<i32>,
    /// Where it is on its way.
    pub status: LedgerStatus,
    /// Why, in words.
    pub reason: String,
    /// Lists that ask for it: `imdb:top, stevenlu:movies`.
    pub provider_source: String,
    /// The target's request.
    pub request_id: Option<i32>,
    /// Whether that request is ours.
    pub created_by_us: bool,
    /// Seerr user in whose name was asked.
    pub asked_as_user: Option<i32>,
    /// The run that last changed the row.
    pub run: Option<RunId>,
    /// Requests sent for it.
    pub attempts: i32,
    /// Not again before this moment.
    pub retry_at: Option<NaiveDateTime>,
    /// When the request with the unknown end was sent, or when its sender lost sight of it.
    pub requesting_since: Option<NaiveDateTime>,
    /// The target's newest request before ours was sent: ours has a higher number. Of a request that
    /// failed it stays only where nobody could look whether the target has it all the same.
    pub request_after: Option<i32>,
    /// When a person said no (declined, deleted, blocklisted), as the target tells; where it does not,
    /// when that was taken note of.
    pub refused_at: Option<NaiveDateTime>,
    /// When the row last changed.
    pub last_synced: NaiveDateTime,
    /// What the target said when it failed.
    pub error_message: Option<String>,
    /// When the target first showed our request.
    pub requested_at: Option<NaiveDateTime>,
}

/// A ledger row to insert or to write over an older one of the same title.
#[derive(Clone, Debug, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = synced_items, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the fields are those of `SyncedItem`")]
pub struct NewSyncedItem {
    pub target: String,
    pub title: String,
    pub year: Option<i32>,
    pub media_type: MediaType,
    pub tmdb_id: i64,
    pub imdb_id: Option<String>,
    pub is_4k: bool,
    pub overseerr_id: Option<i32>,
    pub status: LedgerStatus,
    pub reason: String,
    pub provider_source: String,
    pub request_id: Option<i32>,
    pub created_by_us: bool,
    pub asked_as_user: Option<i32>,
    pub run: Option<RunId>,
    pub attempts: i32,
    pub retry_at: Option<NaiveDateTime>,
    pub requesting_since: Option<NaiveDateTime>,
    pub request_after: Option<i32>,
    pub refused_at: Option<NaiveDateTime>,
    pub last_synced: NaiveDateTime,
    pub error_message: Option<String>,
    pub requested_at: Option<NaiveDateTime>,
}

impl SyncedItem {
    /// Every row of a target.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_target(conn: &mut SqliteConnection, target: &str) -> QueryResult<Vec<Self>> {
        synced_items::table
            .filter(synced_items::target.eq(target))
            .select(Self::as_select())
            .load(conn)
    }

    /// Titles whose request was sent and never seen in the target; also those that failed and may have been
    /// stored nevertheless.
    ///
    /// # Errors
    /// When the database fails.
    pub fn requesting(conn: &mut SqliteConnection, target: &str) -> QueryResult<Vec<Self>> {
        let failed =
            synced_items::status.eq_any([LedgerStatus::Failed, LedgerStatus::FailedPermanent]);
        synced_items::table
            .filter(synced_items::target.eq(target))
            .filter(
                synced_items::status.eq(LedgerStatus::Requesting).or(failed
                    .and(synced_items::request_id.is_null())
                    .and(synced_items::request_after.is_not_null())),
            )
            .select(Self::as_select())
            .load(conn)
    }

    /// Whether our request for a title was taken back, in any quality and at any target.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_withdrawn(conn: &mut SqliteConnection, title: TitleRef) -> QueryResult<bool> {
        let is_it = titles::media_type
            .eq(synced_items::media_type)
            .and(titles::tmdb_id.eq(synced_items::tmdb_id));
        let withdrawn = titles::table
            .inner_join(synced_items::table.on(is_it))
            .filter(titles::id.eq(title))
            .filter(synced_items::status.eq(LedgerStatus::Withdrawn));
        diesel::select(diesel::dsl::exists(withdrawn)).get_result(conn)
    }

    /// What a target was seen to have: titles that were requested there or are in its library.
    ///
    /// # Errors
    /// When the database fails.
    pub fn standing(
        conn: &mut SqliteConnection,
        target: &str,
    ) -> QueryResult<Vec<(MediaType, i64, bool)>> {
        synced_items::table
            .filter(synced_items::target.eq(target))
            .filter(synced_items::status.eq_any([LedgerStatus::Requested, LedgerStatus::Available]))
            .select((
                synced_items::media_type,
                synced_items::tmdb_id,
                synced_items::is_4k,
            ))
            .load(conn)
    }

    /// The rows of a target for these numbers of movies or shows, in either quality.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_titles(
        conn: &mut SqliteConnection,
        target: &str,
        media_type: MediaType,
        tmdb_ids: &[i64],
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in tmdb_ids.chunks(500) {
            let rows = synced_items::table
                .filter(synced_items::target.eq(target))
                .filter(synced_items::media_type.eq(media_type))
                .filter(synced_items::tmdb_id.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Stores the row, over an older one of the same target, title and quality.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(conn: &mut SqliteConnection, row: &NewSyncedItem) -> QueryResult<Self> {
        diesel::insert_into(synced_items::table)
            .values(row)
            .on_conflict((
                synced_items::target,
                synced_items::media_type,
                synced_items::tmdb_id,
                synced_items::is_4k,
            ))
            .do_update()
            .set(row)
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// Titles that a run failed with and no later run changed, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn failed_in_run(
        conn: &mut SqliteConnection,
        run: RunId,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        let failed = [LedgerStatus::Failed, LedgerStatus::FailedPermanent];
        synced_items::table
            .filter(synced_items::run.eq(run))
            .filter(synced_items::status.eq_any(failed))
            .order(synced_items::id)
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }

    /// The row as a form to change and [`SyncedItem::save`].
    pub fn to_change(&self) -> NewSyncedItem {
        let row = self.clone();
        NewSyncedItem {
            target: row.target,
            title: row.title,
            year: row.year,
            media_type: row.media_type,
            tmdb_id: row.tmdb_id,
            imdb_id: row.imdb_id,
            is_4k: row.is_4k,
            overseerr_id: row.overseerr_id,
            status: row.status,
            reason: row.reason,
            provider_source: row.provider_source,
            request_id: row.request_id,
            created_by_us: row.created_by_us,
            asked_as_user: row.asked_as_user,
            run: row.run,
            attempts: row.attempts,
            retry_at: row.retry_at,
            requesting_since: row.requesting_since,
            request_after: row.request_after,
            refused_at: row.refused_at,
            last_synced: row.last_synced,
            error_message: row.error_message,
            requested_at: row.requested_at,
        }
    }
}
