//! `title_facts`: what a show's seasons are and when they air, with an age. Written by sync-worker.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::TitleRef;
use crate::tables::title_facts;

/// What is known of one show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleFacts {
    /// The show.
    pub title: TitleRef,
    /// Its seasons, ascending, without the specials.
    pub seasons: Vec<SeasonFacts>,
    /// Whether no more episodes are to come.
    pub has_ended: bool,
    /// Whether TVDB has a number for it, without which Sonarr cannot take it.
    pub has_tvdb_id: bool,
    /// When it was asked for.
    pub known_at: NaiveDateTime,
    /// When it is worth asking again.
    pub refresh_at: NaiveDateTime,
}

/// One season.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeasonFacts {
    /// Its number, above 0.
    pub season: i32,
    /// When its first episode airs; absent while nobody knows.
    pub airs_on: Option<NaiveDate>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = title_facts)]
struct Row {
    title: TitleRef,
    seasons: String,
    has_ended: bool,
    has_tvdb_id: bool,
    known_at: NaiveDateTime,
    refresh_at: NaiveDateTime,
}

impl From<Row> for TitleFacts {
    fn from(row: Row) -> Self {
        Self {
            title: row.title,
            // What another version wrote is asked for again with time.
            seasons: serde_json::from_str(&row.seasons).unwrap_or_default(),
            has_ended: row.has_ended,
            has_tvdb_id: row.has_tvdb_id,
            known_at: row.known_at,
            refresh_at: row.refresh_at,
        }
    }
}

impl TitleFacts {
    /// Numbers of the seasons whose first episode has aired by `today`.
    pub fn aired(&self, today: NaiveDate) -> impl Iterator<Item = i32> + '_ {
        self.seasons
            .iter()
            .filter(move |season| season.airs_on.is_some_and(|day| day <= today))
            .map(|season| season.season)
    }

    /// What is known of these titles.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(conn: &mut SqliteConnection, titles: &[TitleRef]) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for chunk in titles.chunks(500) {
            let rows: Vec<Row> = title_facts::table
                .filter(title_facts::title.eq_any(chunk))
                .select(Row::as_select())
                .load(conn)?;
            found.extend(rows.into_iter().map(Self::from));
        }
        Ok(found)
    }

    /// Stores it, over what was known before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let row = Row {
            title: self.title,
            seasons: serde_json::to_string(&self.seasons).unwrap_or_default(),
            has_ended: self.has_ended,
            has_tvdb_id: self.has_tvdb_id,
            known_at: self.known_at,
            refresh_at: self.refresh_at,
        };
        diesel::insert_into(title_facts::table)
            .values(&row)
            .on_conflict(title_facts::title)
            .do_update()
            .set(&row)
            .execute(conn)
            .map(drop)
    }
}
