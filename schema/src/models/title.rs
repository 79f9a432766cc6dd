//! `titles`: one row per movie or show, named by TMDB's number. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    column::{row_number, word_enum},
    tables::titles,
};

word_enum! {
    /// Movies and shows; their TMDB numbers overlap, so one is never used without the other.
    MediaType {
        /// A film.
        Movie = "movie",
        /// A series or mini-series.
        Tv = "tv",
    }
}

row_number! {
    /// Row of `titles`.
    TitleRef
}

/// One movie or show.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = titles)]
pub struct Title {
    /// Row number.
    pub id: TitleRef,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title, as the target or the first list that had it shows it.
    pub title: String,
    /// Year of its release.
    pub year: Option<i32>,
    /// When it was first met.
    pub created_at: NaiveDateTime,
    /// When title or year last changed.
    pub updated_at: NaiveDateTime,
}

/// A title to insert.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = titles)]
#[expect(missing_docs, reason = "the fields are those of `Title`")]
pub struct NewTitle {
    pub media_type: MediaType,
    pub tmdb_id: i64,
    pub title: String,
    pub year: Option<i32>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

impl Title {
    /// The row of this title, made if it is new.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ensure(conn: &mut SqliteConnection, new: &NewTitle) -> QueryResult<Self> {
        let known = titles::table
            .filter(titles::media_type.eq(new.media_type))
            .filter(titles::tmdb_id.eq(new.tmdb_id))
            .select(Self::as_select())
            .first(conn)
            .optional()?;
        match known {
            Some(known) => Ok(known),
            None => diesel::insert_into(titles::table)
                .values(new)
                .returning(Self::as_returning())
                .get_result(conn),
        }
    }

    /// Stores what TMDB calls a title, where a list had called it otherwise.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rename(
        conn: &mut SqliteConnection,
        id: TitleRef,
        (title, year): (&str, Option<i32>),
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        diesel::update(titles::table.find(id))
            .set((
                titles::title.eq(title),
                titles::year.eq(year),
                titles::updated_at.eq(now),
            ))
            .execute(conn)
            .map(drop)
    }

    /// All titles.
    ///
    /// # Errors
    /// When the database fails.
    pub fn all(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        titles::table.select(Self::as_select()).load(conn)
    }

    /// The titles with these row numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(conn: &mut SqliteConnection, ids: &[TitleRef]) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(500) {
            let rows = titles::table
                .filter(titles::id.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The movies or shows with these numbers of TMDB.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_tmdb_ids(
        conn: &mut SqliteConnection,
        media_type: MediaType,
        tmdb_ids: &[i64],
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in tmdb_ids.chunks(500) {
            let rows = titles::table
                .filter(titles::media_type.eq(media_type))
                .filter(titles::tmdb_id.eq_any(chunk))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }
}
