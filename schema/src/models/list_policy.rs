//! `list_policies`: how a list is followed; an absent value takes the general setting.
//! Written by sync-worker.

use diesel::prelude::*;

use super::ListId;
use crate::tables::list_policies;

/// The policy of one list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = list_policies, treat_none_as_null = true)]
pub struct ListPolicy {
    /// The list.
    pub list: ListId,
    /// Ask for 4K.
    pub is_4k: Option<bool>,
    /// Seerr user in whose name is asked.
    pub requested_as: Option<i32>,
    /// Hundredths by which the list may shrink between two readings.
    pub shrink_limit_percent: Option<i32>,
    /// Withdraw what was asked for an entry that left, while it still can be.
    pub withdraws: Option<bool>,
}

impl ListPolicy {
    /// The policy of one list; every value absent where none was stored.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(conn: &mut SqliteConnection, list: ListId) -> QueryResult<Self> {
        let stored = list_policies::table
            .find(list)
            .select(Self::as_select())
            .first(conn)
            .optional()?;
        Ok(stored.unwrap_or(Self {
            list,
            is_4k: None,
            requested_as: None,
            shrink_limit_percent: None,
            withdraws: None,
        }))
    }

    /// Stores the policy, over an older one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(list_policies::table)
            .values(self)
            .on_conflict(list_policies::list)
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }
}
