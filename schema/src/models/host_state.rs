//! `host_state`: until when a site asked to be left alone, or is because it keeps failing. Written by
//! scraper-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::host_state;

/// A host that said "later".
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = host_state)]
pub struct HostState {
    /// Host name, and port where it is not the scheme's own; with the provider before it where that
    /// one's requests failed: `imdb api.graphql.imdb.com`.
    pub host: String,
    /// No request before this moment.
    pub not_before: NaiveDateTime,
    /// What it said.
    pub reason: String,
    /// Failures in a row.
    pub failures: i32,
}

impl HostState {
    /// Hosts that still want to be left alone at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn waiting(conn: &mut SqliteConnection, now: NaiveDateTime) -> QueryResult<Vec<Self>> {
        host_state::table
            .filter(host_state::not_before.gt(now))
            .select(Self::as_select())
            .load(conn)
    }

    /// Remembers it, over an older word of the same host, unless that one lasts longer. Within a
    /// transaction, as `Db::write` makes one: it reads first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let before: Option<NaiveDateTime> = host_state::table
            .find(&self.host)
            .select(host_state::not_before)
            .first(conn)
            .optional()?;
        if before.is_some_and(|before| before > self.not_before) {
            return Ok(());
        }
        diesel::insert_into(host_state::table)
            .values(self)
            .on_conflict(host_state::host)
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }

    /// What is known of `host`, also when it no longer wants to be left alone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, host: &str) -> QueryResult<Option<Self>> {
        host_state::table
            .find(host)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Forgets `host`, which answered at `now`, unless it asked to be left alone for longer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn recovered(
        conn: &mut SqliteConnection,
        host: &str,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        let known = host_state::table
            .find(host)
            .filter(host_state::not_before.le(now));
        diesel::delete(known).execute(conn).map(drop)
    }
}
