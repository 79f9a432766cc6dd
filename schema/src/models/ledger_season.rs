//! `ledger_seasons`: seasons of a show that were asked for. Written by sync-worker.

use diesel::prelude::*;

use crate::{column::word_enum, tables::ledger_seasons};

word_enum! {
    /// What became of a season.
    SeasonState {
        /// In a request of ours.
        Requested = "requested",
        /// Somebody else's request or the library has it.
        Adopted = "adopted",
    }
}

/// One season of one ledger row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = ledger_seasons, treat_none_as_null = true)]
pub struct LedgerSeason {
    /// Row of `synced_items`.
    pub item: i32,
    /// Season number; 0 are specials.
    pub season: i32,
    /// The target's request.
    pub request_id: Option<i32>,
    /// What became of it.
    pub state: SeasonState,
}

impl LedgerSeason {
    /// Stores the season, over an older row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(ledger_seasons::table)
            .values(self)
            .on_conflict((ledger_seasons::item, ledger_seasons::season))
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }

    /// The seasons of one ledger row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_item(conn: &mut SqliteConnection, item: i32) -> QueryResult<Vec<Self>> {
        ledger_seasons::table
            .filter(ledger_seasons::item.eq(item))
            .order(ledger_seasons::season)
            .select(Self::as_select())
            .load(conn)
    }

    /// The seasons of these ledger rows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_items(conn: &mut SqliteConnection, items: &[i32]) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in items.chunks(500) {
            let rows = ledger_seasons::table
                .filter(ledger_seasons::item.eq_any(chunk))
                .order((ledger_seasons::item, ledger_seasons::season))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }
}
