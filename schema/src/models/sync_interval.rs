//! `sync_interval`: hours between runs as saved in the dashboard; one row. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::sync_interval;

/// The saved interval.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sync_interval)]
pub struct SyncInterval {
    /// Always 1.
    pub id: i32,
    /// Hours, fractions allowed.
    pub interval_hours: f64,
    /// When it was saved.
    pub updated_at: NaiveDateTime,
}

impl SyncInterval {
    /// The setting it is the value of; that one is saved in `settings`, too, and wins.
    pub const KEY: &'static str = "sync.interval_hours";

    /// The saved interval, if one was saved.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection) -> QueryResult<Option<Self>> {
        sync_interval::table
            .find(1)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Saves the interval.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(
        conn: &mut SqliteConnection,
        interval_hours: f64,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        let row = Self {
            id: 1,
            interval_hours,
            updated_at: now,
        };
        diesel::insert_into(sync_interval::table)
            .values(&row)
            .on_conflict(sync_interval::id)
            .do_update()
            .set(&row)
            .execute(conn)
            .map(drop)
    }

    /// Forgets the saved interval.
    ///
    /// # Errors
    /// When the database fails.
    pub fn delete(conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::delete(sync_interval::table).execute(conn).map(drop)
    }
}
