//! Rows of TMDB's answers and the entries in them.

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use crate::{
    provider::{Page, ProviderError},
    providers::loose::{is_imdb_title, number, text},
};

/// Reads all rows of a page. `bare` is what a row is that does not say so.
pub(super) fn page(rows: &[Value], bare: Option<MediaType>) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut unreadable = 0;
    for row in rows {
        match read(row, bare) {
            Row::Wanted(entry) => page.entries.push(entry),
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    let what = "entries have no id and no title, or do not say whether they are movies or shows";
    page.with_strange(unreadable, rows.len(), what)
}

enum Row {
    Wanted(Entry),
    Unwanted,
    Unreadable,
}

fn read(row: &Value, bare: Option<MediaType>) -> Row {
    let kind = text(row.get("media_type")).map(|kind| kind.to_ascii_lowercase());
    let media_type = match kind.as_deref() {
        Some("movie") => Some(MediaType::Movie),
        Some("tv" | "show" | "series") => Some(MediaType::Tv),
        // People, and parts of shows.
        Some(_) => return Row::Unwanted,
        None => bare.or_else(|| by_fields(row)),
    };
    media_type
        .and_then(|media_type| entry(row, media_type))
        .map_or(Row::Unreadable, Row::Wanted)
}

/// Movies have titles and are released; shows have names and air.
fn by_fields(row: &Value) -> Option<MediaType> {
    let has = |key| row.get(key).is_some();
    if has("title") || has("release_date") {
        Some(MediaType::Movie)
    } else if has("first_air_date") {
        Some(MediaType::Tv)
    } else {
        None
    }
}

fn entry(row: &Value, media_type: MediaType) -> Option<Entry> {
    let original_title = first(row, ["original_title", "original_name"]);
    let title = first(row, ["title", "name"])
        .or_else(|| original_title.clone())
        .unwrap_or_default();
    let entry = Entry {
        original_title: original_title.filter(|original| *original != title),
        year: first(row, ["release_date", "first_air_date"]).and_then(|date| year(&date)),
        title,
        media_type: Some(media_type),
        tmdb_id: number(row.get("id")),
        imdb_id: text(row.get("imdb_id")).filter(|id| is_imdb_title(id)),
        ..Entry::default()
    };
    (entry.tmdb_id.is_some() || !entry.title.is_empty()).then_some(entry)
}

fn first(row: &Value, keys: [&str; 2]) -> Option<String> {
    keys.iter().find_map(|key| text(row.get(key)))
}

/// The year of `2011-11-30`; a date that is not known yet is an empty text.
fn year(date: &str) -> Option<i32> {
    let year = date.split('-').next()?.trim().parse().ok()?; // else it is no date
    (1000..=9999).contains(&year).then_some(year)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(row: Value, bare: Option<MediaType>) -> Entry {
        let mut page = page(&[row], bare).unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 0));
        page.entries.remove(0)
    }

    #[test]
    fn movies_and_shows_are_told_apart_by_what_they_say_or_by_their_fields() {
        use MediaType::{Movie, Tv};
        for (row, bare, expected) in [
            (json!({"id": 1, "media_type": "movie"}), Some(Tv), Movie),
            (json!({"id": 1, "media_type": "TV"}), Some(Movie), Tv),
            (json!({"id": 1, "title": "x"}), Some(Tv), Tv),
            (json!({"id": 1, "title": "x"}), None, Movie),
            (
                json!({"id": 1, "name": "x", "first_air_date": ""}),
                None,
                Tv,
            ),
            (
                json!({"id": 1, "title": "x", "media_type": null}),
                None,
                Movie,
            ),
            (
                json!({"id": 1, "title": "x", "media_type": ""}),
                None,
                Movie,
            ),
        ] {
            assert_eq!(one(row.clone(), bare).media_type, Some(expected), "{row}");
        }
    }

    #[test]
    fn titles_years_and_ids_may_be_absent_null_empty_or_text() {
        let read = one(
            json!({"id": "603", "media_type": "movie", "title": " The Matrix ",
                "original_title": "The Matrix", "release_date": "1999-03-31", "softcore": false}),
            None,
        );
        assert_eq!((read.tmdb_id, read.year), (Some(603), Some(1999)));
        assert_eq!(
            (read.title.as_str(), read.original_title),
            ("The Matrix", None)
        );
        for row in [
            json!({"id": 5, "media_type": "tv", "name": "", "original_name": "Gezeiten", "first_air_date": ""}),
            json!({"id": 5, "media_type": "tv", "name": null, "original_name": "Gezeiten", "first_air_date": null}),
            json!({"id": 5, "media_type": "tv", "original_name": "Gezeiten", "first_air_date": "soon", "imdb_id": ""}),
        ] {
            let read = one(row, None);
            assert_eq!((read.title.as_str(), read.year), ("Gezeiten", None));
            assert_eq!((read.original_title, read.imdb_id), (None, None));
        }
        let foreign =
            json!({"id": 7, "media_type": "movie", "title": "Tide", "original_title": "潮"});
        assert_eq!(one(foreign, None).original_title.as_deref(), Some("潮"));
        let without_id = one(
            json!({"media_type": "movie", "title": "Bare", "id": 0}),
            None,
        );
        assert_eq!(
            (without_id.tmdb_id, without_id.title.as_str()),
            (None, "Bare")
        );
    }

    #[test]
    fn people_are_counted_and_rows_of_which_none_can_be_read_are_a_change() {
        let fair = json!({"id": 1, "media_type": "movie", "title": "Fair"});
        let person = json!({"id": 2, "media_type": "person", "name": "x"});
        let read = page(&[person, fair.clone()], None).unwrap();
        assert_eq!((read.entries.len(), read.dropped), (1, 1));
        for row in [
            json!(1),
            json!(null),
            json!({"media_type": "movie"}),
            json!({"id": 3}),
            json!({"id": null, "title": " ", "media_type": "movie"}),
        ] {
            let changed = page(&[row.clone(), row.clone()], None);
            assert!(
                matches!(changed, Err(ProviderError::Changed { .. })),
                "{row}"
            );
            assert_eq!(page(&[row, fair.clone()], None).unwrap().dropped, 1);
        }
        assert_eq!(page(&[], None).unwrap(), Page::default());
    }
}
