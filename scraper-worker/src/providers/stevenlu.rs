//! Steven Lu's popular movies: JSON files made anew each night.
//!
//! Lists: `https://popular-movies-data.stevenlu.com/{movies,all-movies,movies-imdb-min7,…}.json`, the
//! old S3 address too. One file is the whole list, without paging; no key, no browser. Entries have
//! a title and an IMDb id, mostly a TMDB id, never a year; movies only.
//! Source: <https://github.com/sjlu/popular-movies>, as told in 2025; not checked against the live site.

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{models::MediaType, wire::scraper::Entry};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, Way,
    address,
};

/// See the file's header.
pub(super) struct StevenLu;

/// Where people find the files.
const SITE: &str = "https://popular-movies-data.stevenlu.com";

/// Hosts the files have, or had.
const HOSTS: &[&str] = &["popular-movies-data.stevenlu.com", "movies.stevenlu.com"];
const OLD_HOSTS: &[&str] = &[
    "s3.amazonaws.com/popular-movies/",
    "popular-movies.s3.amazonaws.com/",
];

impl Provider for StevenLu {
    fn name(&self) -> &'static str {
        "stevenlu"
    }

    fn title(&self) -> &'static str {
        "Steven Lu"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "stevenlu",
            "movies.json",
            "all-movies.json",
            "movies-metacritic-min70.json",
            SITE,
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 1.0,
            burst: 2,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "The files are public, so this should pass; try again tomorrow."
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        let id = match input {
            "" | "stevenlu" => "movies".to_owned(),
            _ => file_of(input)?,
        };
        is_variant(&id).then(|| Recognized {
            list_url: format!("{SITE}/{id}.json"),
            name: title_of(&id),
            list_id: id,
        })
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        let url = address(
            &sites.stevenlu.url,
            &format!("{}.json", list.id),
            "providers.stevenlu.url",
        )?;
        let first = Request {
            is_whole_list: true,
            ..Request::get(url, "file")
        }
        .header("accept", HeaderValue::from_static("application/json"));
        Ok(vec![Way {
            name: "file",
            first,
        }])
    }

    fn parse(
        &self,
        list: &ListToRead,
        _: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let rows: Vec<Row> = answer.json_as()?;
        // A choice by score may be empty; what is popular never is.
        if rows.is_empty() && matches!(list.id.as_str(), "movies" | "all-movies") {
            return Err(ProviderError::changed(
                "an empty array, where there are always movies",
            ));
        }
        let entries = rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(Page {
            entries,
            ..Page::default()
        })
    }
}

/// The file's name without its ending, from a bare name or an address.
fn file_of(input: &str) -> Option<String> {
    let rest = input
        .strip_prefix("https://")
        .or_else(|| input.strip_prefix("http://"));
    let path = match rest {
        Some(rest) => path_of(&format!("https://{rest}"))?,
        None if input.contains('/') => path_of(&format!("https://{input}"))?,
        None if HOSTS.contains(&input) => String::new(),
        None => input.to_owned(),
    };
    let file = path
        .strip_suffix(".json")
        .unwrap_or(&path)
        .to_ascii_lowercase();
    Some(if file.is_empty() {
        "movies".into()
    } else {
        file
    })
}

fn path_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?; // no address is no list of ours
    let host = url.host_str()?;
    let path = url.path().trim_matches('/');
    if HOSTS.contains(&host) {
        return Some(path.to_owned());
    }
    let whole = format!("{host}/{path}");
    OLD_HOSTS
        .iter()
        .find_map(|old| whole.strip_prefix(old))
        .map(str::to_owned)
}

/// Whether there is such a file: the known ones, by their pattern.
fn is_variant(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("movies-") else {
        return matches!(id, "movies" | "all-movies");
    };
    let is_number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let scores = ["metacritic-min", "imdb-min", "rottentomatoes-min"];
    is_number(rest, 8..=8)
        || scores.iter().any(|by| {
            rest.strip_prefix(by)
                .is_some_and(|min| is_number(min, 1..=3))
        })
}

fn title_of(id: &str) -> String {
    match id {
        "movies" => "Popular movies (Steven Lu)".into(),
        "all-movies" => "All popular movies (Steven Lu)".into(),
        _ => format!(
            "Popular movies, {} (Steven Lu)",
            id.trim_start_matches("movies-").replace('-', " ")
        ),
    }
}

/// What counts of a row; the rest (posters, genres) is passed over unread.
#[derive(Deserialize)]
struct Row {
    title: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    imdb_id: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    tmdb_id: Option<Value>,
}

/// Tells null, which says that there is no id, from a field that is absent.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

fn entry(row: Row) -> Result<Entry, ProviderError> {
    let Some(Value::String(title)) = row.title else {
        return Err(ProviderError::changed("an entry without `title`"));
    };
    if row.imdb_id.is_none() && row.tmdb_id.is_none() {
        return Err(ProviderError::changed(
            "an entry without `imdb_id` and `tmdb_id`",
        ));
    }
    Ok(Entry {
        title: if title.trim().len() == title.len() {
            title
        } else {
            title.trim().to_owned()
        },
        media_type: Some(MediaType::Movie),
        imdb_id: row.imdb_id.and_then(imdb_id),
        tmdb_id: row.tmdb_id.as_ref().and_then(number),
        ..Entry::default()
    })
}

fn imdb_id(id: Value) -> Option<String> {
    let Value::String(id) = id else { return None };
    let digits = id.strip_prefix("tt")?;
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id)
}

/// Above zero; numbers come as numbers or as text.
fn number(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?; // else there is no id
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn id(input: &str) -> Option<String> {
        StevenLu.recognize(input).map(|list| list.list_id)
    }

    #[test]
    fn every_address_of_a_file_means_the_same_list() {
        for input in [
            "stevenlu",
            "",
            "movies",
            "movies.json",
            "https://popular-movies-data.stevenlu.com/movies.json",
            "popular-movies-data.stevenlu.com/movies.json?x=1",
            "https://s3.amazonaws.com/popular-movies/movies.json",
            "http://popular-movies.s3.amazonaws.com/movies.json",
            "https://movies.stevenlu.com/",
            "movies.stevenlu.com",
        ] {
            let expected = Some("movies".to_owned());
            assert_eq!(id(input), expected, "{input}");
        }
        assert_eq!(id("all-movies.json").as_deref(), Some("all-movies"));
        assert_eq!(
            id("https://s3.amazonaws.com/popular-movies/movies-metacritic-min70.json").as_deref(),
            Some("movies-metacritic-min70")
        );
        assert_eq!(
            id("movies-20240131.json").as_deref(),
            Some("movies-20240131")
        );
    }

    #[test]
    fn other_addresses_are_not_ours() {
        for input in [
            "https://s3.amazonaws.com/other/movies.json",
            "https://evil.example/movies.json",
            "movies-imdb-minx.json",
            "movies-2024.json",
            "../secrets",
            "top",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn what_is_no_list_of_movies_is_a_change_and_not_an_empty_list() {
        for body in [
            "{}",
            "[1]",
            r#"[{"name":"x"}]"#,
            r#"[{"title":"x"}]"#,
            "null",
            "<html>",
            "",
        ] {
            let answer = Answer {
                url: url::Url::parse("http://site.example/").unwrap(),
                status: 200,
                headers: HeaderMap::new(),
                body: body.into(),
            };
            let list = ListToRead::default();
            let request = Request::get(Url::parse(SITE).unwrap(), "file");
            let error = StevenLu.parse(&list, &request, &answer).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body}: {error}"
            );
        }
    }
}
