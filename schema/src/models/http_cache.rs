//! `http_cache`: last whole answers with their validators, for conditional requests.
//! Written by scraper-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::http_cache;

/// The answer of one address.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = http_cache, treat_none_as_null = true)]
pub struct HttpCache {
    /// The address, query included.
    pub url: String,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// When it was fetched.
    pub stored_at: NaiveDateTime,
}

impl std::fmt::Debug for HttpCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpCache")
            .field("url", &self.url)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl HttpCache {
    /// What is kept of an address.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, url: &str) -> QueryResult<Option<Self>> {
        http_cache::table
            .find(url)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Keeps an answer, over an older one of the same address; only the newest `keep` rows stay.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection, keep: i64) -> QueryResult<()> {
        diesel::insert_into(http_cache::table)
            .values(self)
            .on_conflict(http_cache::url)
            .do_update()
            .set(self)
            .execute(conn)?;
        let oldest: Option<NaiveDateTime> = http_cache::table
            .select(http_cache::stored_at)
            .order(http_cache::stored_at.desc())
            .offset(keep)
            .first(conn)
            .optional()?;
        if let Some(oldest) = oldest {
            diesel::delete(http_cache::table.filter(http_cache::stored_at.le(oldest)))
                .execute(conn)?;
        }
        Ok(())
    }
}
