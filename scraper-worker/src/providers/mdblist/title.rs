//! Rows of `MDBList`'s answers and the entries in them.
//!
//! One array of all, or one for each kind; a row's own kind counts before that of its array. Places
//! are those in the answer: `rank` is the site's measure and not always the place.

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::{Map, Value};

use crate::{
    provider::{Page, ProviderError},
    providers::loose::{is_imdb_title, number, text, whole, year},
};

/// Arrays of one kind, and what their rows are that do not say so.
const KINDS: &[(&str, &str)] = &[
    ("movies", "movie"),
    ("shows", "show"),
    ("seasons", "season"),
    ("episodes", "episode"),
];

/// A row, and what it is if it does not say so.
pub(super) type RowOf = (Value, Option<&'static str>);

/// The rows of an answer, with what they are that do not say so.
///
/// # Errors
/// [`ProviderError::Changed`] when there is no array where one has to be.
pub(super) fn rows(body: Value) -> Result<Vec<RowOf>, ProviderError> {
    let changed = || ProviderError::changed("no array of entries");
    match body {
        Value::Array(rows) => Ok(rows.into_iter().map(|row| (row, None)).collect()),
        Value::Object(mut fields) => match fields.remove("items") {
            Some(Value::Array(rows)) => Ok(rows.into_iter().map(|row| (row, None)).collect()),
            Some(_) => Err(changed()),
            None => of_kinds(fields).ok_or_else(changed),
        },
        _ => Err(changed()),
    }
}

/// The arrays of all kinds, in the order of the list where the rows tell it.
fn of_kinds(mut fields: Map<String, Value>) -> Option<Vec<RowOf>> {
    let mut rows = Vec::new();
    let mut has_array = false;
    for (name, kind) in KINDS {
        match fields.remove(*name) {
            Some(Value::Array(some)) => {
                has_array = true;
                rows.extend(some.into_iter().map(|row| (row, Some(*kind))));
            }
            Some(Value::Null) | None => {}
            Some(_) => return None,
        }
    }
    if rows
        .iter()
        .all(|(row, _)| number(row.get("rank")).is_some())
    {
        rows.sort_by_key(|(row, _)| number(row.get("rank")));
    }
    has_array.then_some(rows)
}

/// Reads all rows of a page.
///
/// # Errors
/// [`ProviderError::Changed`] when most rows are no titles.
pub(super) fn page(rows: &[RowOf]) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut unreadable = 0;
    for (row, of_array) in rows {
        match read(row, *of_array) {
            Row::Wanted(entry) => {
                // Two seasons of one show are that show twice.
                page.may_repeat |= entry.season.is_some();
                page.entries.push(*entry);
            }
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    page.with_strange(unreadable, rows.len(), "entries have no id and no title")
}

enum Row {
    Wanted(Box<Entry>),
    Unwanted,
    Unreadable,
}

fn read(row: &Value, of_array: Option<&str>) -> Row {
    let own = text(row.get("mediatype")).or_else(|| text(row.get("media_type")));
    let kind = own.map_or(of_array.map(str::to_owned), |own| {
        Some(own.to_ascii_lowercase())
    });
    let (title, media_type, season) = match kind.as_deref() {
        Some("movie") => (Some(row), Some(MediaType::Movie), None),
        Some("show" | "tv" | "series") => (Some(row), Some(MediaType::Tv), None),
        // A season's own numbers are not its show's.
        Some("season") => (
            row.get("show"),
            Some(MediaType::Tv),
            // Specials are season 0.
            whole(row.get("season")).or_else(|| whole(row.get("season")?.get("number"))),
        ),
        Some(_) => (None, None, None),
        None => (Some(row), None, None),
    };
    let Some(title) = title else {
        return Row::Unwanted;
    };
    entry(title, media_type, season).map_or(Row::Unreadable, |entry| Row::Wanted(Box::new(entry)))
}

fn entry(row: &Value, media_type: Option<MediaType>, season: Option<i64>) -> Option<Entry> {
    let none = Value::Null;
    let ids = row.get("ids").unwrap_or(&none);
    let title = text(row.get("title")).or_else(|| text(row.get("name")));
    let by_imdb = [text(row.get("imdb_id")), text(ids.get("imdb"))];
    let of_tvdb = [
        number(row.get("tvdb_id")),
        number(row.get("tvdbid")),
        number(ids.get("tvdb")),
    ];
    // The row's own number is TMDB's.
    let its_tmdb = [
        number(ids.get("tmdb")),
        number(row.get("tmdb_id")),
        number(row.get("id")),
    ];
    let entry = Entry {
        title: title.unwrap_or_default(),
        year: year(row.get("release_year")).or_else(|| year(row.get("year"))),
        media_type,
        imdb_id: by_imdb.into_iter().flatten().find(|id| is_imdb_title(id)),
        tmdb_id: its_tmdb.into_iter().flatten().next(),
        tvdb_id: of_tvdb.into_iter().flatten().next(),
        trakt_id: number(ids.get("trakt")),
        season: season.and_then(|season| i32::try_from(season).ok()), // no show has so many
        ..Entry::default()
    };
    let has_id = entry.imdb_id.is_some() || entry.tmdb_id.is_some() || entry.tvdb_id.is_some();
    (has_id || !entry.title.is_empty()).then_some(entry)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(body: Value) -> Result<Page, ProviderError> {
        page(&rows(body)?)
    }

    #[test]
    fn every_shape_and_both_spellings_are_the_same_title() {
        let expected = Entry {
            title: "Tide Tables".into(),
            year: Some(2011),
            media_type: Some(MediaType::Tv),
            imdb_id: Some("tt90000012".into()),
            tmdb_id: Some(900_012),
            tvdb_id: Some(7012),
            ..Entry::default()
        };
        let old = json!({"id": 900_012, "title": "Tide Tables", "tvdbid": 7012,
            "imdb_id": "tt90000012", "mediatype": "show", "release_year": 2011});
        let new = json!({"id": "900012", "title": "Tide Tables", "tvdb_id": "7012",
            "imdb_id": "tt90000012", "mediatype": "show", "release_year": "2011"});
        let bare = json!({"title": "Tide Tables", "release_year": 2011, "imdb_id": null, "tvdb_id": 0,
            "ids": {"mdblist": "m1", "imdb": "tt90000012", "tmdb": 900_012, "tvdb": 7012}});
        for body in [
            json!([old]),
            json!([new]),
            json!({"items": [new]}),
            json!({"movies": [], "shows": [old]}),
            json!({"movies": [new], "shows": []}),
            json!({"shows": [bare], "pagination": {"has_more": false}}),
        ] {
            let page = read_all(body.clone()).unwrap();
            assert_eq!(page.entries, std::slice::from_ref(&expected), "{body}");
        }
    }

    #[test]
    fn a_rows_own_kind_counts_before_that_of_its_array() {
        let body = json!({"shows": [{"id": 1, "title": "A", "mediatype": "movie"}, {"id": 2, "title": "B"}],
            "movies": [{"id": 3, "title": "C"}]});
        let page = read_all(body).unwrap();
        let kinds: Vec<_> = page.entries.iter().map(|entry| entry.media_type).collect();
        let (movie, show) = (Some(MediaType::Movie), Some(MediaType::Tv));
        assert_eq!(kinds, [movie, movie, show]);
        let untyped = read_all(json!([{"id": 4, "title": "D"}])).unwrap();
        assert_eq!(untyped.entries[0].media_type, None);
    }

    #[test]
    fn arrays_by_kind_are_one_list_in_its_own_order() {
        let row = |rank: u32, title: &str| json!({"id": rank, "rank": rank, "title": title});
        let body =
            json!({"movies": [row(1, "A"), row(4, "D")], "shows": [row(2, "B"), row(3, "C")]});
        let titles: String = read_all(body)
            .unwrap()
            .entries
            .into_iter()
            .map(|entry| entry.title)
            .collect();
        assert_eq!(titles, "ABCD");
    }

    #[test]
    fn ids_and_years_may_be_absent_null_zero_or_text() {
        for row in [
            json!({"title": "Bare"}),
            json!({"title": "Bare", "id": 0, "imdb_id": "", "tvdbid": null, "release_year": 0, "ids": null}),
            json!({"title": "Bare", "id": null, "imdb_id": "nm1", "tvdb_id": "x", "release_year": "soon", "ids": {}}),
            json!({"title": " Bare ", "id": -4, "imdb_id": 7, "tvdb_id": [], "release_year": null, "ids": {"tmdb": 0, "imdb": null}}),
        ] {
            let page = read_all(json!([row])).unwrap();
            let expected = Entry {
                title: "Bare".into(),
                ..Entry::default()
            };
            assert_eq!(page.entries, [expected], "{row}");
        }
    }

    #[test]
    fn a_season_is_its_show_and_what_is_no_title_is_counted() {
        let page = read_all(json!([
            {"id": 5, "mediatype": "season", "season": 2, "show": {"title": "Tide Tables", "ids": {"tmdb": 7}}},
            {"id": 6, "mediatype": "season", "title": "Tide Tables: Season 3"},
            {"id": 7, "title": "Ebb", "mediatype": "episode"},
            {"id": null, "title": ""},
        ]))
        .unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 3));
        let season = &page.entries[0];
        assert_eq!((season.tmdb_id, season.season), (Some(7), Some(2)));
    }

    #[test]
    fn what_is_no_list_of_titles_is_a_change_and_an_empty_one_is_empty() {
        for body in [
            json!({}),
            json!(null),
            json!("x"),
            json!({"movies": null}),
            json!({"movies": {}}),
            json!({"items": 3}),
            json!([{"thing": 1}]),
            json!([[], 4]),
        ] {
            let error = read_all(body.clone()).unwrap_err();
            assert!(matches!(error, ProviderError::Changed { .. }), "{body}");
        }
        for body in [
            json!([]),
            json!({"movies": [], "shows": []}),
            json!({"shows": []}),
        ] {
            assert_eq!(read_all(body).unwrap(), Page::default());
        }
    }
}
