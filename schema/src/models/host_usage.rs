//! `host_usage`: what was asked of a host on a day, where its site allows so much a day. Written by
//! scraper-worker.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::tables::host_usage;

/// Requests of one day.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = host_usage)]
pub struct HostUsage {
    /// The provider, and the host as in `host_state`: `mdblist api.mdblist.com`.
    pub host: String,
    /// The day, UTC.
    pub day: NaiveDate,
    /// Requests sent on it.
    pub requests: i32,
}

impl HostUsage {
    /// What was asked of `host` on `day`; 0 when nothing was.
    ///
    /// # Errors
    /// When the database fails.
    pub fn on(conn: &mut SqliteConnection, host: &str, day: NaiveDate) -> QueryResult<i32> {
        let requests: Option<i32> = host_usage::table
            .find(host)
            .filter(host_usage::day.eq(day))
            .select(host_usage::requests)
            .first(conn)
            .optional()?;
        Ok(requests.unwrap_or(0))
    }

    /// Remembers it, over what was known of the same host.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(host_usage::table)
            .values(self)
            .on_conflict(host_usage::host)
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }
}
