//! `title_ids`: foreign ids of titles. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{MediaType, TitleRef};
use crate::{column::word_enum, tables::title_ids};

word_enum! {
    /// Whose id it is.
    IdSource {
        /// `tt…`
        Imdb = "imdb",
        /// TVDB's number.
        Tvdb = "tvdb",
    }
}

/// One foreign id.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = title_ids)]
pub struct TitleId {
    /// Whose id it is.
    pub source: IdSource,
    /// The id as text.
    pub external_id: String,
    /// Movie or show.
    pub media_type: MediaType,
    /// The title.
    pub title: TitleRef,
    /// How it is known: `the entry`, `seerr look-up`.
    pub known_by: String,
    /// Since when.
    pub known_at: NaiveDateTime,
}

impl TitleId {
    /// All of them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn all(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        title_ids::table.select(Self::as_select()).load(conn)
    }

    /// Stores the id unless it is known already.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(title_ids::table)
            .values(self)
            .on_conflict_do_nothing()
            .execute(conn)
            .map(drop)
    }
}
