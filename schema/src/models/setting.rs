//! `settings`: values saved in the dashboard or by `listsync setup`; secrets encrypted.
//! Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::settings;

/// One saved value.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = settings)]
pub struct Setting {
    /// Section and name: `seerr.url`.
    pub key: String,
    /// The value, or its encrypted form.
    pub value: String,
    /// Which of the two.
    pub is_encrypted: bool,
    /// When it was saved.
    pub updated_at: NaiveDateTime,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Setting {
    /// All saved values.
    ///
    /// # Errors
    /// When the database fails.
    pub fn all(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        settings::table
            .select(Self::as_select())
            .order(settings::key)
            .load(conn)
    }

    /// Saves the value, over an older one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(settings::table)
            .values(self)
            .on_conflict(settings::key)
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }

    /// Forgets a saved value.
    ///
    /// # Errors
    /// When the database fails.
    pub fn delete(conn: &mut SqliteConnection, key: &str) -> QueryResult<()> {
        diesel::delete(settings::table.find(key))
            .execute(conn)
            .map(drop)
    }
}
