//! `source_ids`: what a site's own key means, learned once. Written by scraper-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::MediaType;
use crate::tables::source_ids;

/// Keys in one query: a database takes a bounded number of parameters.
const KEYS_AT_ONCE: usize = 500;

/// One key of one site.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = source_ids, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SourceId {
    /// Site and kind of key: `imdb_profile`, `letterboxd_film`.
    pub source: String,
    /// The key.
    pub source_key: String,
    /// Movie or show, for a title's key.
    pub media_type: Option<MediaType>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TMDB's number.
    pub tmdb_id: Option<i64>,
    /// What else the key stands for: `ur…` for a profile.
    pub other_id: Option<String>,
    /// When it was learned.
    pub known_at: NaiveDateTime,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// The season of the show that the key means, where it means one.
    pub season: Option<i32>,
}

impl SourceId {
    /// What is known of a key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, source: &str, key: &str) -> QueryResult<Option<Self>> {
        source_ids::table
            .find((source, key))
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// What is known of many keys of one source, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_many(
        conn: &mut SqliteConnection,
        source: &str,
        keys: &[String],
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(KEYS_AT_ONCE) {
            let rows = source_ids::table
                .filter(source_ids::source.eq(source))
                .filter(source_ids::source_key.eq_any(some))
                .select(Self::as_select())
                .load(conn)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Remembers it, over an older row.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(source_ids::table)
            .values(self)
            .on_conflict((source_ids::source, source_ids::source_key))
            .do_update()
            .set(self)
            .execute(conn)
            .map(drop)
    }

    /// Puts `rows` in the place of all that is known of `sources`. Best within one transaction.
    ///
    /// # Errors
    /// When the database fails, or one key is there twice.
    pub fn replace_all(
        conn: &mut SqliteConnection,
        sources: &[&str],
        rows: &[Self],
    ) -> QueryResult<()> {
        diesel::delete(source_ids::table.filter(source_ids::source.eq_any(sources)))
            .execute(conn)?;
        for some in rows.chunks(KEYS_AT_ONCE) {
            diesel::insert_into(source_ids::table)
                .values(some)
                .execute(conn)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_are_found_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        crate::migrate(&file).unwrap();
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        let keys: Vec<_> = (0..=KEYS_AT_ONCE * 2).map(|key| key.to_string()).collect();
        let mut save = |source: &str, key: &str| {
            let row = SourceId {
                season: None,
                tvdb_id: None,
                source: source.into(),
                source_key: key.into(),
                media_type: Some(MediaType::Movie),
                imdb_id: None,
                tmdb_id: Some(603),
                other_id: None,
                known_at: "2026-11-21T12:00:00".parse().unwrap(),
            };
            row.save(&mut conn).unwrap();
        };
        for key in &keys {
            save("film", key);
        }
        save("show", "1");
        save("film", "matrix");
        let mut found: Vec<_> = SourceId::find_many(&mut conn, "film", &keys)
            .unwrap()
            .into_iter()
            .map(|row| (row.source, row.source_key.parse().unwrap()))
            .collect();
        found.sort_unstable();
        assert!(
            found
                .into_iter()
                .eq((0..=KEYS_AT_ONCE * 2).map(|key| ("film".to_owned(), key)))
        );
    }

    #[test]
    fn a_whole_map_is_replaced_and_other_sources_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        crate::migrate(&file).unwrap();
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        let row = |source: &str, key: usize, tvdb_id| SourceId {
            source: source.into(),
            source_key: key.to_string(),
            media_type: Some(MediaType::Tv),
            imdb_id: None,
            tmdb_id: None,
            other_id: None,
            known_at: "2026-11-21T12:00:00".parse().unwrap(),
            tvdb_id,
            season: Some(2),
        };
        row("film", 1, None).save(&mut conn).unwrap();
        let of_both = |tvdb_id| -> Vec<_> {
            (0..KEYS_AT_ONCE + 7)
                .flat_map(|key| [row("one", key, tvdb_id), row("other", key, tvdb_id)])
                .collect()
        };
        let sources = ["one", "other"];
        SourceId::replace_all(&mut conn, &sources, &of_both(None)).unwrap();
        let fewer = &of_both(Some(9))[2..];
        SourceId::replace_all(&mut conn, &sources, fewer).unwrap();
        let mut find = |source, key| SourceId::find(&mut conn, source, key).unwrap();
        assert_eq!(find("one", "0"), None);
        assert_eq!(find("other", "506"), Some(row("other", 506, Some(9))));
        assert!(find("film", "1").is_some());
    }
}
