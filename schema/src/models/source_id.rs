//! `source_ids`: what a site's own key means, learned once. Written by scraper-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::MediaType;
use crate::tables::source_ids;

/// One key of one site.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = source_ids, treat_none_as_null = true)]
pub struct SourceId {
    /// Site and kind of key: `imdb_profile`, `letterboxd_film`.
    pub source: String,
    /// The key.
    pub source_key: String,
    /// Movie or show, for a title's key.
    pub media_type: Option<MediaType>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// What else the key stands for: `ur…` for a profile.
    pub other_id: Option<String>,
    /// When it was learned.
    pub known_at: NaiveDateTime,
}

impl SourceId {
    /// What is known of a key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, source: &str, key: &str) -> QueryResult<Option<Self>> {
        source_ids::table
            .find((source, key))
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Remembers it, over an older row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(source_ids::table)
            .values(self)
            .on_conflict((source_ids::source, source_ids::source_key))
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }
}
