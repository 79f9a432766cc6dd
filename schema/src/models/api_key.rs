//! `api_keys`: keys of machines, stored as digests. Written by api (the first one) and supervisor
//! (`listsync api-key create`).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::api_keys;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Row number.
    pub id: i32,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the key in hexadecimal.
    pub digest: String,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// When it stopped being valid.
    pub revoked_at: Option<NaiveDateTime>,
}

/// A key to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the key in hexadecimal.
    pub digest: String,
    /// When it was made.
    pub created_at: NaiveDateTime,
}

impl ApiKey {
    /// Stores a key.
    ///
    /// # Errors
    /// When the digest is there already, or the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &NewApiKey) -> QueryResult<Self> {
        diesel::insert_into(api_keys::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// The valid key with this digest.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_valid(conn: &mut SqliteConnection, digest: &str) -> QueryResult<Option<Self>> {
        api_keys::table
            .filter(api_keys::digest.eq(digest))
            .filter(api_keys::revoked_at.is_null())
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// How many keys are valid.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_valid(conn: &mut SqliteConnection) -> QueryResult<i64> {
        api_keys::table
            .filter(api_keys::revoked_at.is_null())
            .count()
            .get_result(conn)
    }
}
