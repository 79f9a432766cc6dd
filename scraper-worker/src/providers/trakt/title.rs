//! Rows of Trakt's answers and the entries in them.

use std::collections::HashSet;

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use crate::provider::{Page, ProviderError};

/// Reads all rows of a page. `bare` is what a row is that does not say so.
pub(super) fn page(rows: &[Value], bare: Option<MediaType>) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut unreadable = 0;
    let ranks = ranks(rows);
    for (at, row) in rows.iter().enumerate() {
        match read(row, bare) {
            Row::Wanted(entry) => page.entries.push(Entry {
                rank: ranks.get(at).copied().unwrap_or_default(), // 0: the next one
                ..entry
            }),
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    page.with_strange(
        unreadable,
        rows.len(),
        "entries have no movie and no show in them",
    )
}

/// The places of the rows as the list counts them; none where rows have none or share one, as they do
/// in lists that are not sorted by hand.
fn ranks(rows: &[Value]) -> Vec<u32> {
    let rank = |row: &Value| u32::try_from(number(row, "rank")?).ok(); // no list is that long
    let ranks: Option<Vec<_>> = rows.iter().map(rank).collect();
    let mut seen = HashSet::new();
    ranks
        .filter(|ranks| ranks.iter().all(|rank| seen.insert(*rank)))
        .unwrap_or_default()
}

enum Row {
    Wanted(Entry),
    Unwanted,
    Unreadable,
}

/// Most rows say what they are and have it in a field of that name; charts leave out the first, and
/// the popular ones are the bare title.
fn read(row: &Value, bare: Option<MediaType>) -> Row {
    let kind = kind_of(row);
    let holds = |name| row.get(name).is_some_and(Value::is_object);
    let (title, media_type) = match kind {
        Some("movie") => (row.get("movie"), Some(MediaType::Movie)),
        // A season is a part of its show.
        Some("show" | "season") => (row.get("show"), Some(MediaType::Tv)),
        Some(_) => return Row::Unwanted,
        None if holds("episode") || holds("person") => return Row::Unwanted,
        None if holds("season") => (row.get("show"), Some(MediaType::Tv)),
        None if holds("movie") => (row.get("movie"), Some(MediaType::Movie)),
        None if holds("show") => (row.get("show"), Some(MediaType::Tv)),
        None => (Some(row), bare),
    };
    let entry = title
        .zip(media_type)
        .and_then(|(title, media_type)| entry(title, media_type));
    entry.map_or(Row::Unreadable, |entry| {
        Row::Wanted(Entry {
            season: season(row).filter(|_| matches!(kind, None | Some("season"))),
            ..entry
        })
    })
}

/// The number of the season that a row is about; specials are season 0.
fn season(row: &Value) -> Option<i32> {
    let number = row.get("season")?.get("number")?;
    let number = number
        .as_i64()
        .or_else(|| number.as_str()?.trim().parse().ok())?; // else it is not told
    i32::try_from(number)
        .ok()
        .filter(|number| (0..=9999).contains(number)) // else it is none
}

fn kind_of(row: &Value) -> Option<&str> {
    row.get("type").and_then(Value::as_str)
}

fn entry(title: &Value, media_type: MediaType) -> Option<Entry> {
    let ids = title.get("ids").filter(|ids| ids.is_object())?;
    let name = text(title, "title").unwrap_or_default();
    let entry = Entry {
        original_title: text(title, "original_title").filter(|original| *original != name),
        year: number(title, "year")
            .and_then(|year| i32::try_from(year).ok())
            .filter(|year| (1000..=9999).contains(year)), // else it is no year
        title: name,
        media_type: Some(media_type),
        imdb_id: text(ids, "imdb").filter(|id| is_imdb_title(id)),
        tmdb_id: number(ids, "tmdb"),
        tvdb_id: number(ids, "tvdb"),
        trakt_id: number(ids, "trakt"),
        ..Entry::default()
    };
    let has_id = entry.imdb_id.is_some() || entry.tmdb_id.is_some() || entry.tvdb_id.is_some();
    (has_id || !entry.title.is_empty()).then_some(entry)
}

fn text(of: &Value, key: &str) -> Option<String> {
    let text = of.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Above zero; numbers come as numbers or as text.
fn number(of: &Value, key: &str) -> Option<i64> {
    let value = of.get(key)?;
    let number = value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())?; // else there is none
    (number > 0).then_some(number)
}

fn is_imdb_title(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(row: Value, bare: Option<MediaType>) -> Entry {
        let mut page = page(&[row], bare).unwrap();
        assert_eq!((page.entries.len(), page.dropped), (1, 0));
        page.entries.remove(0)
    }

    fn ids() -> Value {
        json!({"trakt": 7, "slug": "paper-boats", "imdb": "tt9000001", "tmdb": 900_001})
    }

    #[test]
    fn every_shape_of_a_row_is_the_same_title() {
        let movie = json!({"title": "Paper Boats", "year": 1987, "ids": ids()});
        let of_list = json!({"rank": 3, "id": 1, "notes": null, "type": "movie", "movie": movie});
        let wrapped = json!({"watchers": 12, "movie": movie});
        let collected = json!({"last_collected_at": "2026-01-01T00:00:00.000Z", "movie": movie});
        let expected = one(movie.clone(), Some(MediaType::Movie));
        assert_eq!(
            (expected.title.as_str(), expected.year),
            ("Paper Boats", Some(1987))
        );
        for row in [wrapped, collected] {
            assert_eq!(one(row, None), expected);
        }
        assert_eq!(
            one(of_list, None),
            Entry {
                rank: 3,
                ..expected
            }
        );
        let show = json!({"title": "Paper Boats", "year": 1987, "ids": ids()});
        assert_eq!(
            one(show, Some(MediaType::Tv)).media_type,
            Some(MediaType::Tv)
        );
    }

    #[test]
    fn a_season_is_its_show_with_its_number_and_episodes_and_people_are_counted() {
        let show = json!({"title": "Tide Tables", "year": 2011, "ids": {"tvdb": 77}});
        let season =
            json!({"type": "season", "season": {"number": 2, "ids": {"tmdb": 5}}, "show": show});
        let read = one(season, None);
        assert_eq!((read.tvdb_id, read.tmdb_id), (Some(77), None));
        assert_eq!(
            (read.media_type, read.season),
            (Some(MediaType::Tv), Some(2))
        );
        for (number, season) in [
            (json!(0), Some(0)),
            (json!("3"), Some(3)),
            (json!(null), None),
            (json!(-1), None),
            (json!(70_000), None),
        ] {
            let row = json!({"season": {"number": number, "ids": {}}, "show": show});
            assert_eq!(one(row, None).season, season, "{number}");
        }
        let whole = json!({"type": "show", "season": {"number": 2}, "show": show});
        assert_eq!(one(whole, None).season, None);
        for row in [
            json!({"type": "episode", "episode": {"title": "x", "ids": {}}, "show": show}),
            json!({"type": "person", "person": {"name": "x", "ids": {}}}),
            json!({"episode": {"title": "x"}, "show": show}),
            json!({"type": "comment"}),
        ] {
            let read = page(&[row], None).unwrap();
            assert_eq!((read.entries.len(), read.dropped), (0, 1));
        }
    }

    #[test]
    fn ranks_are_the_lists_own_unless_one_is_absent_or_shared() {
        let row = |rank: Value, kind: &str| {
            json!({"rank": rank, "type": kind,
                "movie": {"title": rank.to_string(), "year": 2000, "ids": {}}})
        };
        for (second, expected) in [
            (json!(2), [1, 3]),
            (json!(1), [0, 0]),
            (json!(null), [0, 0]),
            (json!(0), [0, 0]),
            (json!(5_000_000_000_u64), [0, 0]),
        ] {
            let rows = [
                row(json!(1), "movie"),
                row(second, "person"),
                row(json!(3), "movie"),
            ];
            let read = page(&rows, None).unwrap();
            assert!(read.entries.iter().map(|entry| entry.rank).eq(expected));
            assert_eq!(read.dropped, 1);
        }
    }

    #[test]
    fn ids_and_years_may_be_absent_null_zero_or_text() {
        for (ids, year) in [
            (json!({}), json!(null)),
            (
                json!({"imdb": null, "tmdb": null, "tvdb": null, "plex": {"guid": "x"}}),
                json!(0),
            ),
            (
                json!({"imdb": "", "tmdb": 0, "tvdb": "none"}),
                json!("soon"),
            ),
            (
                json!({"imdb": "nm0000001", "tmdb": -4, "tvdb": []}),
                json!({}),
            ),
        ] {
            let read = one(
                json!({"movie": {"title": "Bare", "year": year, "ids": ids}}),
                None,
            );
            assert_eq!(
                (read.imdb_id, read.tmdb_id, read.tvdb_id, read.year),
                (None, None, None, None)
            );
        }
        let texts = json!({"movie": {"title": " Texts ", "year": "1999", "ids": {"imdb": "tt0133093", "tmdb": "603", "tvdb": " 12 "}}});
        let read = one(texts, None);
        assert_eq!((read.title.as_str(), read.year), ("Texts", Some(1999)));
        assert_eq!((read.tmdb_id, read.tvdb_id), (Some(603), Some(12)));
        assert_eq!(read.imdb_id.as_deref(), Some("tt0133093"));
    }

    #[test]
    fn rows_of_which_none_can_be_read_are_a_change() {
        let fair = json!({"movie": {"title": "Fair", "ids": {}}});
        for row in [
            json!(1),
            json!({"movie": null}),
            json!({"type": "movie", "movie": null}),
            json!({"title": "bare, of no kind", "ids": {}}),
            json!({"movie": {"title": "without ids"}}),
            json!({"movie": {"title": " ", "ids": {}}}),
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
