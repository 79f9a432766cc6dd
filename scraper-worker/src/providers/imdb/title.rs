//! How IMDb's data, in `GraphQL` answers and in pages alike, describes rows of titles. Pure.

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use crate::provider::{Page, ProviderError};

/// Reads rows in order. Rows that are no movie and no show are counted as dropped, and so are rows
/// without a title of IMDb: it was deleted. In an answer that says what went wrong in it (`damage`)
/// they are unreadable instead: the title may well be there.
///
/// # Errors
/// [`ProviderError::Changed`] when there are rows and not one of them can be read; with `damage`
/// [`ProviderError::Failed`].
pub(super) fn page(rows: &[Value], damage: Option<&str>) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut unreadable = 0;
    for row in rows {
        match read(row) {
            Row::Wanted(entry) => page.entries.push(entry),
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    if unreadable > 0 && unreadable as usize == rows.len() {
        return Err(damage.map_or_else(
            || ProviderError::changed("no row has a title in it"),
            |what| ProviderError::Failed { what: what.into() },
        ));
    }
    match damage {
        Some(_) => page.unreadable = unreadable,
        None => page.dropped += unreadable,
    }
    Ok(page)
}

enum Row {
    Wanted(Entry),
    Unwanted,
    Unreadable,
}

fn read(row: &Value) -> Row {
    let title = inner(row);
    let id = text(title, &["/id", "/titleId"]);
    let Some(id) = id.filter(|id| is_title(id)) else {
        return Row::Unreadable;
    };
    let media_type = match media_type(text(title, &["/titleType/id", "/titleType"])) {
        Ok(media_type) => media_type,
        Err(Unwanted) => return Row::Unwanted,
    };
    let name = text(title, &["/titleText/text", "/titleText"]).unwrap_or_default();
    let year = year(title);
    let (name, year) = match year {
        None => with_year(name.trim()),
        year => (name.trim(), year),
    };
    let original = text(title, &["/originalTitleText/text", "/originalTitleText"]);
    Row::Wanted(Entry {
        rank: rank(row),
        title: name.to_owned(),
        original_title: original
            .map(str::trim)
            .filter(|original| !original.is_empty() && *original != name)
            .map(str::to_owned),
        year,
        media_type,
        imdb_id: Some(id.to_owned()),
        ..Entry::default()
    })
}

/// The title in a row: lists wrap it in `listItem`, charts in `node`, the box office in `title` (its
/// page in a release), searches in both of them, and their pages not at all.
fn inner(row: &Value) -> &Value {
    const PLACES: &[&str] = &[
        "/listItem",
        "/node/listItem",
        "/node/item",
        "/title",
        "/node/title",
        "/node/release/titles/0",
        "/node",
    ];
    PLACES
        .iter()
        .filter_map(|path| row.pointer(path))
        .find(|inner| inner.get("id").is_some())
        .unwrap_or(row)
}

/// Place in the list as IMDb counts it; 0 when it does not say.
fn rank(row: &Value) -> u32 {
    ["/currentRank", "/node/absolutePosition"]
        .iter()
        .find_map(|path| row.pointer(path)?.as_u64())
        .and_then(|rank| u32::try_from(rank).ok()) // no list is that long
        .unwrap_or_default()
}

fn text<'a>(title: &'a Value, paths: &[&str]) -> Option<&'a str> {
    paths.iter().find_map(|path| title.pointer(path)?.as_str())
}

fn is_title(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn year(title: &Value) -> Option<i32> {
    let year = title
        .pointer("/releaseYear/year")
        .or_else(|| title.get("releaseYear"))?;
    let year = year
        .as_i64()
        .or_else(|| year.as_str()?.trim().parse().ok())?; // else it is none
    i32::try_from(year)
        .ok()
        .filter(|year| (1000..=9999).contains(year)) // else it is no year
}

/// `Title (2026)`, as the calendar writes it.
fn with_year(name: &str) -> (&str, Option<i32>) {
    let parts = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once(" ("))
        .filter(|(title, year)| !title.trim().is_empty() && year.len() == 4);
    let year = parts.and_then(|(title, year)| Some((title.trim(), year.parse().ok()?))); // else no year
    year.filter(|(_, year)| *year >= 1000)
        .map_or((name, None), |(title, year)| (title, Some(year)))
}

/// No movie and no show.
pub(in crate::providers) struct Unwanted;

/// By the id of the type: its text is in the reader's language.
pub(in crate::providers) fn media_type(id: Option<&str>) -> Result<Option<MediaType>, Unwanted> {
    match id {
        None => Ok(None),
        Some("movie" | "tvMovie" | "short" | "video" | "tvSpecial" | "tvShort") => {
            Ok(Some(MediaType::Movie))
        }
        Some("tvSeries" | "tvMiniSeries") => Ok(Some(MediaType::Tv)),
        Some(_) => Err(Unwanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(kind: &str) -> Value {
        json!({"listItem": {"id": "tt0000001", "titleText": {"text": "One"}, "titleType": {"id": kind}}})
    }

    #[test]
    fn types_are_movies_shows_or_dropped() {
        for kind in ["movie", "tvMovie", "short", "video", "tvSpecial", "tvShort"] {
            let page = page(&[row(kind)], None).unwrap();
            assert_eq!(page.entries[0].media_type, Some(MediaType::Movie), "{kind}");
        }
        for kind in ["tvSeries", "tvMiniSeries"] {
            let page = page(&[row(kind)], None).unwrap();
            assert_eq!(page.entries[0].media_type, Some(MediaType::Tv), "{kind}");
        }
        for kind in [
            "tvEpisode",
            "videoGame",
            "musicVideo",
            "podcastSeries",
            "podcastEpisode",
        ] {
            let page = page(&[row(kind)], None).unwrap();
            assert_eq!((page.entries.len(), page.dropped), (0, 1), "{kind}");
        }
    }

    #[test]
    fn an_absent_year_or_type_is_absent_and_nothing_else() {
        let bare =
            json!({"node": {"id": "tt0000002", "titleText": {"text": "Two"}, "releaseYear": null}});
        let page = page(&[bare], None).unwrap();
        assert_eq!(page.entries[0].year, None);
        assert_eq!(page.entries[0].media_type, None);
    }

    #[test]
    fn every_shape_of_a_row_is_the_same_title() {
        let title = json!({"id": "tt0000002", "titleText": {"text": "Two"},
            "releaseYear": {"year": 2026}, "titleType": {"id": "movie"}});
        let flat = json!({"titleId": "tt0000002", "titleText": "Two", "releaseYear": 2026,
            "titleType": "movie"});
        for row in [
            json!({"listItem": title}),
            json!({"node": {"absolutePosition": 0}, "listItem": title}),
            json!({"node": {"listItem": title}}),
            json!({"node": {"item": title}}),
            json!({"node": title}),
            json!({"node": {"title": title}}),
            json!({"node": {"release": {"titles": [title]}}}),
            json!({"title": title}),
            flat,
            json!({"id": "tt0000002", "titleText": "Two (2026)", "titleType": {"id": "movie"}}),
            json!({"id": "tt0000002", "titleText": " Two ", "releaseYear": "2026", "titleType": {"id": "movie"}}),
        ] {
            let page = page(std::slice::from_ref(&row), None).unwrap();
            let read = &page.entries[0];
            assert_eq!(
                (read.title.as_str(), read.year),
                ("Two", Some(2026)),
                "{row}"
            );
            assert_eq!(read.media_type, Some(MediaType::Movie), "{row}");
        }
        for name in ["Two", "(2026)", "Two (II)", "Two (0001)", "Two(2026)"] {
            let row = json!({"id": "tt0000002", "titleText": name});
            let page = page(&[row], None).unwrap();
            assert_eq!(
                (page.entries[0].title.as_str(), page.entries[0].year),
                (name, None)
            );
        }
    }

    #[test]
    fn rows_of_which_none_can_be_read_are_a_change() {
        let strange = json!({"thing": {"id": "nm0000001"}});
        let changed = page(&[strange.clone(), strange.clone()], None);
        assert!(matches!(changed, Err(ProviderError::Changed { .. })));
        assert_eq!(page(&[strange, row("movie")], None).unwrap().dropped, 1);
        assert_eq!(page(&[], None).unwrap(), Page::default());
    }

    #[test]
    fn rows_lost_in_a_damaged_answer_are_not_dropped_ones() {
        let lost = json!({"node": null, "listItem": null});
        let read = page(
            &[lost.clone(), row("movie"), row("tvEpisode")],
            Some("late"),
        );
        let read = read.unwrap();
        assert_eq!((read.entries.len(), read.dropped), (1, 1));
        assert_eq!(read.unreadable, 1);
        assert_eq!(
            page(&[lost], Some("late")),
            Err(ProviderError::Failed {
                what: "late".into()
            })
        );
    }
}
