//! What titles of AniList and MyAnimeList are on TMDB, TVDB and IMDb: the map that
//! `Fribb/anime-lists` makes (`anime-list-full.json`), one document of some 40,000 rows. Leaves
//! fetching, taking over and looking up to `walk`.
//!
//! A row: `{"type":"TV","anilist_id":290,"mal_id":290,"imdb_id":["tt0286390"],
//! "themoviedb_id":{"tv":26209},"tvdb_id":72025,"season":{"tvdb":1,"tmdb":1}}`. Older ones have
//! `thetvdb_id`, a bare number as `themoviedb_id`, and IMDb ids as one text with commas. Several
//! seasons are several rows with one show. An id that is one of several is not taken: a wrong title is
//! worse than one that is looked for by its name.
//! Source: the README of <https://github.com/Fribb/anime-lists> and readers of the file up to 2026-10;
//! not checked against the live file.

use std::{collections::BTreeMap, fmt};

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{models::MediaType, wire::scraper::Entry};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::Value;

use super::loose::{is_imdb_title, number, text, whole};
use crate::provider::{
    Answer, Ids, MapToRead, Mapped, Politeness, ProviderError, Request, SourceKey, address,
};

/// Sources of keys, and before the colon in `source_id`.
pub(super) const ANILIST: &str = "anilist";
pub(super) const MYANIMELIST: &str = "myanimelist";

/// The map, if the settings name one.
///
/// # Errors
/// [`ProviderError::Refused`] when its address is none.
pub(super) fn map(sites: &ProvidersSettings) -> Result<Option<MapToRead>, ProviderError> {
    let url = sites.anime_map_url.trim();
    if url.is_empty() {
        return Ok(None);
    }
    let mut url = address(url, "", "providers.anime_map_url")?;
    // A document, not a folder.
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    let request =
        Request::get(url, "map").header("accept", HeaderValue::from_static("application/json"));
    Ok(Some(MapToRead {
        name: "map of anime ids",
        sources: &[ANILIST, MYANIMELIST],
        request,
        politeness: Politeness {
            per_second: 1.0,
            burst: 1,
            at_once: 1,
            per_day: None,
        },
        parse,
    }))
}

/// The key of an entry of either site.
pub(super) fn key(entry: &Entry) -> Option<SourceKey> {
    let (site, key) = entry.source_id.as_deref()?.split_once(':')?;
    let source = [ANILIST, MYANIMELIST]
        .into_iter()
        .find(|known| *known == site)?;
    Some(SourceKey {
        source,
        key: key.to_owned(),
    })
}

fn parse(answer: &Answer) -> Result<Mapped, ProviderError> {
    let Rows(rows) = answer.json_as()?;
    if rows.is_empty() {
        return Err(ProviderError::changed("a map without any id of AniList"));
    }
    let keyed = rows.into_iter().map(|((source, key), ids)| {
        let key = SourceKey {
            source,
            key: key.to_string(),
        };
        (key, ids)
    });
    Ok(keyed.collect())
}

/// What is taken of the document, row by row, so that it never stands in memory as a tree.
struct Rows(BTreeMap<(&'static str, i64), Ids>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowByRow)
    }
}

struct RowByRow;

impl<'de> Visitor<'de> for RowByRow {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Rows, A::Error> {
        let mut rows = BTreeMap::new();
        while let Some(row) = sequence.next_element::<Value>()? {
            let Some(ids) = ids(&row) else {
                continue;
            };
            for (source, field) in [(ANILIST, "anilist_id"), (MYANIMELIST, "mal_id")] {
                if let Some(key) = number(row.get(field)) {
                    rows.entry((source, key)).or_insert_with(|| ids.clone());
                }
            }
        }
        Ok(Rows(rows))
    }
}

/// What a row says its title is elsewhere, if it says anything.
fn ids(row: &Value) -> Option<Ids> {
    let kind = text(row.get("type"))
        .unwrap_or_default()
        .to_ascii_uppercase();
    let tmdb = Tmdb::of(row.get("themoviedb_id").or(row.get("tmdb_id")), &kind);
    let imdb_id = imdb_id(row.get("imdb_id"));
    let ids = match (kind.as_str(), tmdb.show, tmdb.film) {
        // What TVDB has of a film is mostly an episode among the specials of a show.
        ("MOVIE", _, film) => film_of(film, imdb_id),
        // TMDB has some that were made for video as films.
        (kind, None, Some(film)) if kind != "TV" => film_of(Some(film), imdb_id),
        (kind, show, _) => Ids {
            media_type: (show.is_some() || is_show(kind)).then_some(MediaType::Tv),
            imdb_id,
            tmdb_id: show,
            tvdb_id: one(row.get("tvdb_id")).or_else(|| one(row.get("thetvdb_id"))),
            season: season(row.get("season")),
        },
    };
    let is_known = ids.imdb_id.is_some() || ids.tmdb_id.is_some() || ids.tvdb_id.is_some();
    is_known.then_some(ids)
}

fn film_of(tmdb_id: Option<i64>, imdb_id: Option<String>) -> Ids {
    Ids {
        media_type: Some(MediaType::Movie),
        imdb_id,
        tmdb_id,
        ..Ids::default()
    }
}

fn is_show(kind: &str) -> bool {
    matches!(kind, "TV" | "TV_SHORT" | "ONA" | "OVA" | "SPECIAL")
}

/// TMDB's numbers of a row; movies and shows count apart.
struct Tmdb {
    show: Option<i64>,
    film: Option<i64>,
}

impl Tmdb {
    fn of(value: Option<&Value>, kind: &str) -> Self {
        if let Some(Value::Object(by_kind)) = value {
            return Self {
                show: one(by_kind.get("tv")),
                film: one(by_kind.get("movie")),
            };
        }
        // A bare number does not say of what it is; of what was made for video it may be either.
        let (show, film) = match kind {
            "TV" | "TV_SHORT" | "ONA" => (one(value), None),
            "MOVIE" => (None, one(value)),
            _ => (None, None),
        };
        Self { show, film }
    }
}

/// The number, if it is one and no choice of several.
fn one(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Array(several) => match several.as_slice() {
            [only] => number(Some(only)),
            _ => None,
        },
        value => number(Some(value)),
    }
}

/// `tt…`, if it is one: alone, in an array, or in a text with commas.
fn imdb_id(value: Option<&Value>) -> Option<String> {
    let texts: Vec<&str> = match value? {
        Value::String(text) => text.split(',').collect(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let mut ids = texts
        .into_iter()
        .map(str::trim)
        .filter(|id| is_imdb_title(id));
    let first = ids.next()?;
    ids.all(|other| other == first).then(|| first.to_owned())
}

/// TMDB's count of seasons before TVDB's, because it is TMDB's show that is asked for.
fn season(value: Option<&Value>) -> Option<i32> {
    let value = value?;
    let season = if value.is_object() {
        whole(value.get("tmdb")).or_else(|| whole(value.get("tvdb")))
    } else {
        whole(Some(value))
    };
    i32::try_from(season?).ok() // too large for a season
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            url: url::Url::parse("http://map.example/").unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned(),
        }
    }

    fn read(rows: Value) -> Vec<(String, Ids)> {
        let rows = parse(&answer(200, &rows.to_string())).unwrap();
        rows.into_iter()
            .map(|(key, ids)| (format!("{}:{}", key.source, key.key), ids))
            .collect()
    }

    fn only(row: Value) -> Ids {
        let mut read = read(json!([row]));
        assert_eq!(read.len(), 1, "{read:?}");
        read.remove(0).1
    }

    #[test]
    fn seasons_of_one_show_are_told_apart() {
        let season = |number: i64| {
            json!({"type": "TV", "anilist_id": 100 + number, "mal_id": 200 + number,
                "imdb_id": ["tt9000001"], "themoviedb_id": {"tv": 7}, "tvdb_id": 8,
                "season": {"tvdb": number, "tmdb": number}, "kitsu_id": 1})
        };
        let read = read(json!([season(1), season(2)]));
        let keys: Vec<_> = read.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "anilist:101",
                "anilist:102",
                "myanimelist:201",
                "myanimelist:202"
            ]
        );
        let expected = Ids {
            media_type: Some(MediaType::Tv),
            imdb_id: Some("tt9000001".into()),
            tmdb_id: Some(7),
            tvdb_id: Some(8),
            season: Some(2),
        };
        assert_eq!((&read[1].1, &read[3].1), (&expected, &expected));
    }

    #[test]
    fn every_shape_of_an_id_is_read() {
        for row in [
            json!({"type": "TV", "anilist_id": 1, "themoviedb_id": {"tv": 7}, "tvdb_id": 8, "imdb_id": ["tt1"]}),
            json!({"type": "tv", "anilist_id": "1", "themoviedb_id": {"tv": [7]}, "thetvdb_id": "8", "imdb_id": "tt1"}),
            json!({"type": "TV", "anilist_id": 1, "themoviedb_id": 7, "thetvdb_id": 8, "imdb_id": "tt1,tt1"}),
            json!({"type": "TV", "anilist_id": 1, "themoviedb_id": "7", "tvdb_id": 8, "imdb_id": ["tt1", null], "season": null}),
        ] {
            let expected = Ids {
                media_type: Some(MediaType::Tv),
                imdb_id: Some("tt1".into()),
                tmdb_id: Some(7),
                tvdb_id: Some(8),
                season: None,
            };
            assert_eq!(only(row.clone()), expected, "{row}");
        }
        let tvdb = json!({"type": "TV", "mal_id": 1, "tvdb_id": 8, "season": {"tvdb": 0}});
        assert_eq!(only(tvdb).season, Some(0));
        let of_no_type = json!({"mal_id": 1, "themoviedb_id": {"tv": 7}});
        assert_eq!(only(of_no_type).media_type, Some(MediaType::Tv));
        let bare = json!({"type": "TV", "mal_id": 1, "tvdb_id": 8, "season": 3});
        assert_eq!(only(bare).season, Some(3));
    }

    #[test]
    fn a_film_is_a_film_and_has_nothing_of_the_show_it_belongs_to() {
        let film = only(
            json!({"type": "MOVIE", "anilist_id": 1, "themoviedb_id": {"movie": [9], "tv": 7},
            "tvdb_id": 8, "imdb_id": "tt1", "season": {"tvdb": 0}}),
        );
        let expected = film_of(Some(9), Some("tt1".into()));
        assert_eq!(film, expected);
        let for_video = only(
            json!({"type": "OVA", "anilist_id": 1, "themoviedb_id": {"movie": [9]},
            "tvdb_id": 8, "imdb_id": "tt1"}),
        );
        assert_eq!(for_video, expected);
    }

    #[test]
    fn an_id_that_is_one_of_several_is_not_taken() {
        let several = only(
            json!({"type": "MOVIE", "anilist_id": 1, "themoviedb_id": {"movie": [9, 10]},
            "imdb_id": ["tt1"]}),
        );
        assert_eq!(
            (several.tmdb_id, several.imdb_id.as_deref()),
            (None, Some("tt1"))
        );
        let several = only(
            json!({"type": "MOVIE", "anilist_id": 1, "themoviedb_id": {"movie": [9]},
            "imdb_id": "tt1, tt2"}),
        );
        assert_eq!((several.tmdb_id, several.imdb_id), (Some(9), None));
        let unclear =
            only(json!({"type": "SPECIAL", "anilist_id": 1, "themoviedb_id": 9, "tvdb_id": 8}));
        assert_eq!((unclear.tmdb_id, unclear.tvdb_id), (None, Some(8)));
    }

    #[test]
    fn rows_that_say_nothing_are_left_out_and_odd_ones_do_no_harm() {
        let rows = json!([
            null, 7, "row", [], {},
            {"type": "TV", "anilist_id": 1},
            {"type": "MOVIE", "anilist_id": 2, "themoviedb_id": {"tv": 7}, "tvdb_id": 8},
            {"type": {}, "anilist_id": [], "mal_id": 3, "themoviedb_id": [], "tvdb_id": 8, "imdb_id": {}, "season": "a"},
            {"type": "TV", "anilist_id": 4, "tvdb_id": 8},
            {"type": "TV", "anilist_id": 4, "tvdb_id": 9}
        ]);
        let read = read(rows);
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!(
            (read[0].0.as_str(), read[0].1.tvdb_id),
            ("anilist:4", Some(8))
        );
        assert_eq!(
            (read[1].0.as_str(), read[1].1.media_type),
            ("myanimelist:3", None)
        );
    }

    #[test]
    fn what_is_no_map_is_a_change() {
        for (status, body) in [
            (200, "[]"),
            (200, "{}"),
            (200, "[{\"type\":\"TV\""),
            (200, "<html>"),
            (500, "[]"),
        ] {
            let error = parse(&answer(status, body)).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body}: {error}"
            );
        }
    }
}
