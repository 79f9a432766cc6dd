//! `id_maps`: maps from one site's ids to those of others, taken over as a whole into `source_ids`.
//! Written by scraper-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::id_maps;

/// One map, as it was last taken over.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = id_maps, treat_none_as_null = true)]
pub struct IdMap {
    /// Its name.
    pub source: String,
    /// Its `ETag`, when it has one.
    pub etag: Option<String>,
    /// When it was last fetched or found unchanged.
    pub checked_at: NaiveDateTime,
    /// Keys it has.
    pub entries: i32,
}

impl IdMap {
    /// What is known of a map.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, source: &str) -> QueryResult<Option<Self>> {
        id_maps::table
            .find(source)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Remembers it, over an older row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(id_maps::table)
            .values(self)
            .on_conflict(id_maps::source)
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }
}
