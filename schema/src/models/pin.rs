//! `pins` and `pin_keys`: which title people said an entry is, for every list and for ever.
//! Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::MediaType;
use crate::{
    pin_file::{PinEntry, PinRecord, PinTitle},
    tables::{pin_keys, pins},
    wire::sync::PinView,
};

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = pins)]
pub struct Pin {
    /// Row number.
    pub id: i32,
    /// The entry's title as its list shows it.
    pub entry_title: String,
    /// The entry's year.
    pub entry_year: Option<i32>,
    /// Movie or show, where the list tells.
    pub entry_type: Option<MediaType>,
    /// Movie or show it is; absent with `tmdb_id` when it is none and never asked for.
    pub media_type: Option<MediaType>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// That title's name.
    pub title: Option<String>,
    /// That title's year.
    pub year: Option<i32>,
    /// When it was chosen.
    pub created_at: NaiveDateTime,
}

/// A choice to store.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = pins)]
#[expect(missing_docs, reason = "the fields are those of `Pin`")]
pub struct NewPin {
    pub entry_title: String,
    pub entry_year: Option<i32>,
    pub entry_type: Option<MediaType>,
    pub media_type: Option<MediaType>,
    pub tmdb_id: Option<i64>,
    pub title: Option<String>,
    pub year: Option<i32>,
    pub created_at: NaiveDateTime,
}

impl Pin {
    /// Stores a choice under the keys of its entry, over older choices that have one of them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(conn: &mut SqliteConnection, new: &NewPin, keys: &[String]) -> QueryResult<Self> {
        let older: Vec<i32> = pin_keys::table
            .filter(pin_keys::entry_key.eq_any(keys))
            .select(pin_keys::pin)
            .load(conn)?;
        diesel::delete(pin_keys::table.filter(pin_keys::entry_key.eq_any(keys))).execute(conn)?;
        let pin: Self = diesel::insert_into(pins::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)?;
        let rows: Vec<_> = keys
            .iter()
            .map(|key| (pin_keys::entry_key.eq(key), pin_keys::pin.eq(pin.id)))
            .collect();
        diesel::insert_into(pin_keys::table)
            .values(rows)
            .execute(conn)?;
        let held = pin_keys::table.select(pin_keys::pin);
        diesel::delete(
            pins::table
                .filter(pins::id.eq_any(older))
                .filter(pins::id.ne_all(held)),
        )
        .execute(conn)?;
        Ok(pin)
    }

    /// The choices that have one of these keys, each with the key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_keys(
        conn: &mut SqliteConnection,
        keys: &[String],
    ) -> QueryResult<Vec<(String, Self)>> {
        let mut found = Vec::new();
        for chunk in keys.chunks(500) {
            let rows: Vec<(String, Self)> = pin_keys::table
                .inner_join(pins::table)
                .filter(pin_keys::entry_key.eq_any(chunk))
                .select((pin_keys::entry_key, Self::as_select()))
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The choice with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: i32) -> QueryResult<Option<Self>> {
        pins::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// How many choices there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(conn: &mut SqliteConnection) -> QueryResult<i64> {
        pins::table.count().get_result(conn)
    }

    /// A page of choices after the one numbered `after`, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn page(
        conn: &mut SqliteConnection,
        after: i32,
        offset: i64,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        pins::table
            .filter(pins::id.gt(after))
            .order(pins::id)
            .offset(offset)
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }

    /// The keys of these choices, each with the choice's number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keys_of(conn: &mut SqliteConnection, ids: &[i32]) -> QueryResult<Vec<(i32, String)>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(500) {
            let rows: Vec<(i32, String)> = pin_keys::table
                .filter(pin_keys::pin.eq_any(chunk))
                .order((pin_keys::pin, pin_keys::entry_key))
                .select((pin_keys::pin, pin_keys::entry_key))
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Forgets a choice.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove(conn: &mut SqliteConnection, id: i32) -> QueryResult<()> {
        diesel::delete(pin_keys::table.filter(pin_keys::pin.eq(id))).execute(conn)?;
        diesel::delete(pins::table.find(id)).execute(conn).map(drop)
    }

    /// The title it says the entry is; none when it is none of TMDB's.
    pub fn chosen(&self) -> Option<PinTitle> {
        Some(PinTitle {
            media_type: self.media_type?,
            tmdb_id: self.tmdb_id?,
            title: self.title.clone().unwrap_or_default(),
            year: self.year,
        })
    }

    /// It as people see it.
    pub fn view(self, keys: Vec<String>) -> PinView {
        let title = self.chosen();
        PinView {
            id: self.id,
            entry: PinEntry {
                title: self.entry_title,
                year: self.entry_year,
                media_type: self.entry_type,
            },
            keys,
            title,
            created_at: self.created_at.and_utc(),
        }
    }
}

impl NewPin {
    /// A choice to store, of an entry and the title it is.
    pub fn new(entry: PinEntry, title: Option<PinTitle>, created_at: NaiveDateTime) -> Self {
        let (media_type, tmdb_id) = title
            .as_ref()
            .map(|title| (title.media_type, title.tmdb_id))
            .unzip();
        let (name, year) = title.map(|title| (title.title, title.year)).unzip();
        Self {
            entry_title: entry.title,
            entry_year: entry.year,
            entry_type: entry.media_type,
            media_type,
            tmdb_id,
            title: name,
            year: year.flatten(),
            created_at,
        }
    }
}

impl From<PinView> for PinRecord {
    fn from(pin: PinView) -> Self {
        Self {
            entry: pin.entry,
            keys: pin.keys,
            title: pin.title,
        }
    }
}
