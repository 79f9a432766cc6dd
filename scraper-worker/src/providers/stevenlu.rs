//! Steven Lu's popular movies: JSON files made anew each night.
//!
//! Lists: `https://popular-movies-data.stevenlu.com/{movies,all-movies,movies-imdb-min7,…}.json`, the
//! old S3 addresses too; there is a file for some scores only, and one of each day since 2019-12-02. One
//! file is the whole list, without paging; no key, no browser. It is asked for conditionally: until the next
//! night an answer says only that nothing changed. Entries have a title and an IMDb id, mostly a TMDB id,
//! never a year; movies only.
//! Source: <https://github.com/sjlu/popular-movies>, as told in 2025; not checked against the live site.

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, Way,
    address, after_prefix, pasted,
};

/// See the file's header.
pub(super) struct StevenLu;

/// Where people find the files.
const SITE: &str = "https://popular-movies-data.stevenlu.com";

/// Hosts the files have, or had.
const HOSTS: &[&str] = &["popular-movies-data.stevenlu.com", "movies.stevenlu.com"];

/// Where the files were kept before: a folder of that name, or a host.
const BUCKET: &str = "popular-movies";

/// Scores that movies are chosen by, and the minimums there is a file for.
const SCORES: &[(&str, &[&str])] = &[
    ("metacritic", &["50", "60", "70", "80"]),
    ("imdb", &["5", "6", "7", "8"]),
    ("rottentomatoes", &["50", "60", "70", "80"]),
];

/// The first day that has a file.
const FIRST_DAY: &str = "20191202";

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
        let id = match after_prefix(input, &["stevenlu"]).unwrap_or(input).trim() {
            "" => "movies".to_owned(),
            input if input.eq_ignore_ascii_case("stevenlu") => "movies".to_owned(),
            input => file_of(input)?,
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
        if let Some(error) = missing(&list.id) {
            return Err(error);
        }
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
        let count = rows.len();
        let entries: Vec<_> = rows.into_iter().filter_map(entry).collect();
        if entries.is_empty() && count > 0 {
            return Err(ProviderError::changed(
                "no entry with a title and a field for an id",
            ));
        }
        let unreadable = count - entries.len();
        Ok(Page {
            entries,
            unreadable: u32::try_from(unreadable).unwrap_or(u32::MAX), // no file is that long
            ..Page::default()
        })
    }
}

/// The file's name without its ending, from a bare name or an address.
fn file_of(input: &str) -> Option<String> {
    let is_address =
        input.contains('/') || HOSTS.iter().any(|host| host.eq_ignore_ascii_case(input));
    let path = if is_address {
        path_of(&pasted(input)?)?
    } else {
        input.to_owned()
    };
    let path = path.to_ascii_lowercase();
    let file = path.strip_suffix(".json").unwrap_or(&path);
    Some(if file.is_empty() { "movies" } else { file }.to_owned())
}

/// The part of an address that names the file, where it is one of ours or was one.
fn path_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let path = url.path().trim_matches('/');
    if HOSTS.contains(&host) {
        return Some(path.to_owned());
    }
    // `s3.amazonaws.com`, `s3.us-east-1.amazonaws.com`, `s3-us-west-2.amazonaws.com`
    let store = host.strip_suffix(".amazonaws.com")?;
    let is_store =
        |store: &str| store == "s3" || store.starts_with("s3.") || store.starts_with("s3-");
    let file = match store
        .strip_prefix(BUCKET)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        Some(store) => is_store(store).then_some(path),
        None => path
            .strip_prefix(BUCKET)
            .filter(|_| is_store(store))
            .and_then(|rest| rest.strip_prefix('/')),
    };
    file.map(str::to_owned)
}

/// What a file's name says beside `movies`.
enum Variant<'a> {
    /// All of them, or all that are popular now.
    Whole,
    /// As they were on a day.
    Day(&'a str),
    /// Those with a score of at least so much.
    Score(&'static str, &'static [&'static str], &'a str),
}

fn variant(id: &str) -> Option<Variant<'_>> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = id.strip_prefix("movies-") else {
        return matches!(id, "movies" | "all-movies").then_some(Variant::Whole);
    };
    if rest.len() == 8 && is_number(rest) {
        return Some(Variant::Day(rest));
    }
    let (by, minimum) = rest.split_once("-min")?;
    let (by, minimums) = SCORES.iter().find(|(known, _)| *known == by)?;
    let is_minimum = (1..=3).contains(&minimum.len()) && is_number(minimum);
    is_minimum.then_some(Variant::Score(by, minimums, minimum))
}

/// Whether it is the name of a file such as there are.
fn is_variant(id: &str) -> bool {
    variant(id).is_some()
}

/// That there is no such file, and which there are.
fn missing(id: &str) -> Option<ProviderError> {
    let remedy = match variant(id) {
        Some(Variant::Score(by, minimums, minimum)) if !minimums.contains(&minimum) => format!(
            "Take one of {}.",
            minimums
                .iter()
                .map(|minimum| format!("movies-{by}-min{minimum}"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Some(Variant::Day(day)) if day < FIRST_DAY => {
            format!("Take movies-{FIRST_DAY} or a later day.")
        }
        Some(_) => return None,
        None => "Take movies, all-movies or one of those with a minimum score: movies-imdb-min7."
            .to_owned(),
    };
    Some(ProviderError::refused(
        Cause::NotFound,
        format!("Steven Lu makes no file {id}"),
        remedy,
    ))
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

/// A row without a field for an id is another kind of row; one whose ids are null has none.
fn entry(row: Row) -> Option<Entry> {
    let has_fields = row.imdb_id.is_some() || row.tmdb_id.is_some();
    let title = match row.title {
        Some(Value::String(title)) if title.trim().len() == title.len() => title,
        Some(Value::String(title)) => title.trim().to_owned(),
        _ => String::new(),
    };
    let entry = Entry {
        title,
        media_type: Some(MediaType::Movie),
        imdb_id: row.imdb_id.and_then(imdb_id),
        tmdb_id: row.tmdb_id.as_ref().and_then(number),
        ..Entry::default()
    };
    let has_id = entry.imdb_id.is_some() || entry.tmdb_id.is_some();
    (has_fields && (has_id || !entry.title.is_empty())).then_some(entry)
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
            "https://s3.us-east-1.amazonaws.com/popular-movies/movies.json",
            "https://popular-movies.s3-us-west-2.amazonaws.com/movies.json#x",
            "HTTPS://S3.AMAZONAWS.COM/popular-movies/movies.json",
            "https://movies.stevenlu.com/",
            "movies.stevenlu.com",
            "Movies.StevenLu.com",
            "StevenLu",
            "stevenlu:",
            "stevenlu:movies.json",
            " movies ",
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
            "https://s3.amazonaws.com/popular-movies-of-others/movies.json",
            "https://evil.example/popular-movies/movies.json",
            "https://popular-movies.evil.amazonaws.com/movies.json",
            "ftp://movies.stevenlu.com/movies.json",
            "movies-letterboxd-min4.json",
            "movies-imdb-minx.json",
            "movies-2024.json",
            "../secrets",
            "top",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    fn ways(id: &str) -> Result<Vec<Way>, ProviderError> {
        let list = ListToRead {
            id: id.into(),
            ..ListToRead::default()
        };
        StevenLu.ways(&list, &crate::fake_site::sites("http://site.test"))
    }

    #[test]
    fn every_file_there_is_is_asked_for_conditionally() {
        for id in ["movies", "all-movies", "movies-20191202", "movies-20261120"]
            .map(str::to_owned)
            .into_iter()
            .chain(SCORES.iter().flat_map(|(by, minimums)| {
                minimums
                    .iter()
                    .map(move |minimum| format!("movies-{by}-min{minimum}"))
            }))
        {
            assert_eq!(self::id(&id), Some(id.clone()));
            let way = ways(&id).unwrap().remove(0);
            assert_eq!(
                way.first.url.as_str(),
                format!("http://site.test/{id}.json")
            );
            assert!(way.first.is_whole_list);
        }
    }

    #[test]
    fn a_file_that_is_not_made_is_refused_with_those_that_are() {
        for (id, offered) in [
            ("movies-imdb-min9", "movies-imdb-min8."),
            ("movies-metacritic-min55", "movies-metacritic-min50,"),
            (
                "movies-rottentomatoes-min100",
                "movies-rottentomatoes-min80.",
            ),
            ("movies-20180101", "movies-20191202"),
            ("films", "all-movies"),
        ] {
            let error = ways(id).unwrap_err();
            assert!(
                matches!(&error, ProviderError::Refused { cause: Cause::NotFound, reason, remedy }
                    if reason.contains(id) && remedy.contains(offered)),
                "{error:?}"
            );
        }
    }

    #[test]
    fn every_refusal_names_the_file_and_what_to_do() {
        let ids = ["movies-imdb-min9", "movies-20180101", "films"];
        let refusals = ids.map(|id| missing(id).unwrap());
        insta::assert_debug_snapshot!(refusals);
    }

    fn read(id: &str, body: &str) -> Result<Page, ProviderError> {
        let answer = Answer {
            url: url::Url::parse("http://site.example/").unwrap(),
            status: 200,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        let list = ListToRead {
            id: id.into(),
            ..ListToRead::default()
        };
        let request = Request::get(Url::parse(SITE).unwrap(), "file");
        StevenLu.parse(&list, &request, &answer)
    }

    #[test]
    fn a_row_that_is_not_understood_is_counted_and_the_others_are_read() {
        let page = read(
            "movies",
            r#"[{"title":"One","imdb_id":"tt0000001"},{"title":null,"imdb_id":"tt0000002"},
            {"title":"Three","imdb_id":null,"tmdb_id":"0"},{"title":"Four"},{"title":" ","imdb_id":""},{}]"#,
        );
        let page = page.unwrap();
        assert_eq!((page.entries.len(), page.unreadable), (3, 3));
    }

    #[test]
    fn a_choice_may_be_empty_and_what_is_popular_never_is() {
        let choice = read("movies-metacritic-min80", "[]").unwrap();
        assert!(choice.entries.is_empty());
        for id in ["movies", "all-movies"] {
            assert!(matches!(read(id, "[]"), Err(ProviderError::Changed { .. })));
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
            let error = read("movies", body).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body}: {error}"
            );
        }
    }
}
