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
        /// Trakt's number.
        Trakt = "trakt",
        /// AniList's number.
        Anilist = "anilist",
        /// MyAnimeList's number.
        Myanimelist = "myanimelist",
        /// What Simkl calls it: `movies/53992`.
        Simkl = "simkl",
        /// The film's part of its address on Letterboxd: `dune-2021`.
        Letterboxd = "letterboxd",
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
    /// How it is known: `the entry's TMDB id`, `imdb look-up`, `title search: title equal, year equal`.
    pub known_by: String,
    /// Since when.
    pub known_at: NaiveDateTime,
}

impl TitleId {
    /// What these ids of one source mean, for movies and shows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(
        conn: &mut SqliteConnection,
        source: IdSource,
        external_ids: &[&str],
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in external_ids.chunks(500) {
            let rows = title_ids::table
                .filter(title_ids::source.eq(source))
                .filter(title_ids::external_id.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The ids of one title.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_title(conn: &mut SqliteConnection, title: TitleRef) -> QueryResult<Vec<Self>> {
        title_ids::table
            .filter(title_ids::title.eq(title))
            .order((title_ids::source, title_ids::external_id))
            .select(Self::as_select())
            .load(conn)
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

    /// Stores the id over what was known of it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn correct(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(title_ids::table)
            .values(self)
            .on_conflict((
                title_ids::source,
                title_ids::external_id,
                title_ids::media_type,
            ))
            .do_update()
            .set((
                title_ids::title.eq(self.title),
                title_ids::known_by.eq(&self.known_by),
                title_ids::known_at.eq(self.known_at),
            ))
            .execute(conn)
            .map(drop)
    }
}
