//! Reads one body with the code that reads it in earnest, for the benchmark and for `fuzz/`. Leaves
//! sending and walking out.

use std::{mem, path::Path};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use runtime::{
    Environment,
    settings::{self, ProvidersSettings},
};
use schema::wire::scraper::{Credential, Entry};

use crate::{
    fetch::file,
    provider::{Answer, ListToRead, Page, Provider, ProviderError},
    providers::{self, file::list_in},
};

/// A site's own code for the answer to one kind of request.
#[doc(hidden)]
pub struct Parser {
    provider: &'static dyn Provider,
    list: ListToRead,
    sites: ProvidersSettings,
    step: Option<&'static str>,
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Parser")
            .field(&self.provider.name())
            .finish()
    }
}

impl Parser {
    /// The one for answers to that kind of request.
    ///
    /// # Errors
    /// A sentence, when there is no such site.
    pub fn of(
        (list_type, list_id, step): (&str, &str, Option<&'static str>),
    ) -> Result<Self, String> {
        let provider = providers::find(list_type).ok_or("there is no such site")?;
        // Addresses do not matter, only that there are some.
        let environment = Environment::of([("LISTSYNC_DATA_DIR", "/nonexistent")]);
        let loaded = settings::load_without_secrets(&environment, None, &[]);
        let loaded = loaded.map_err(|error| error.to_string())?;
        Ok(Self {
            provider,
            list: ListToRead {
                id: list_id.to_owned(),
                credential: Some(Credential {
                    key: Some("none".to_owned()),
                    token: Some("none".to_owned()),
                    account: Some("anna".to_owned()),
                }),
                ..ListToRead::default()
            },
            sites: loaded.settings.providers,
            step,
        })
    }

    /// How many entries that body has, read by the best way that understands it.
    ///
    /// # Errors
    /// What the ways said, when none does.
    pub fn entries(&self, body: String, content_type: &'static str) -> Result<usize, String> {
        let mut problems = Vec::new();
        for (way, page) in self.pages(body, content_type)? {
            match page {
                Ok(page) => return Ok(page.entries.len()),
                Err(error) => problems.push(format!("{way}: {error}")),
            }
        }
        Err(problems.join("; "))
    }

    /// How many bytes of text the entries of that body have, by the way that makes most of it.
    ///
    /// # Errors
    /// A sentence, when no way understands it.
    pub fn texts(&self, body: String, content_type: &'static str) -> Result<usize, String> {
        let pages = self.pages(body, content_type)?;
        let pages = pages.filter_map(|(_, page)| page.ok()); // no page is as good as a refused one
        let texts = pages.map(|page| page.entries.iter().map(text).sum());
        texts
            .max()
            .ok_or_else(|| "no way understands it".to_owned())
    }

    /// What each way makes of a body, best first.
    fn pages(
        &self,
        mut body: String,
        content_type: &'static str,
    ) -> Result<impl Iterator<Item = (&'static str, Result<Page, ProviderError>)>, String> {
        let ways = self.provider.ways(&self.list, &self.sites);
        let ways = ways.map_err(|error| error.to_string())?;
        let kind = HeaderValue::from_static(content_type);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        Ok(ways.into_iter().map(move |mut way| {
            way.first.step = self.step.unwrap_or(way.first.step);
            let answer = Answer {
                status: 200,
                url: way.first.url.clone(),
                headers: headers.clone(),
                body: mem::take(&mut body),
            };
            let page = self.provider.parse(&self.list, &way.first, &answer);
            body = answer.body;
            (way.name, page.and_then(Page::bounded))
        }))
    }
}

fn text(entry: &Entry) -> usize {
    entry.title.len() + entry.source_id.as_ref().map_or(0, String::len)
}

/// A kind of request of one site: type and id of a list, and a later step of its reading, if it is one.
#[doc(hidden)]
pub type Sample = (&'static str, &'static str, Option<&'static str>);

/// One of each kind of request there is.
#[doc(hidden)]
pub const SAMPLES: &[Sample] = &[
    ("anilist", "chart:trending", None),
    ("anilist", "ada/rainy-days", None),
    ("anilist", "ada", None),
    ("anilist", "ada/planning", None),
    ("file", "imdb-list.csv", None),
    ("file", "imdb-ratings.csv", None),
    ("file", "a.zip/lists/a.csv", None),
    ("file", "simkl-backup.json?status=plantowatch", None),
    ("file", "simkl.csv?status=plantowatch", None),
    (
        "file",
        "spreadsheet.csv?title=Film&year=Jahr&imdb_id=Kennung&all=movie",
        None,
    ),
    ("file", "titles.txt", None),
    ("file", "trakt.zip/lists-watchlist.json", None),
    ("file", "letterboxd-bob/watchlist", None),
    ("imdb", "boxoffice", None),
    ("imdb", "calendar", None),
    ("imdb", "top", None),
    ("imdb", "ls900000001", None),
    ("imdb", "p.abcd1234", None),
    ("imdb", "search?title_type=feature", None),
    ("imdb", "ur90000001", None),
    ("letterboxd", "actor/ada-example", None),
    ("letterboxd", "some_one/films", None),
    ("letterboxd", "some_one/likes/films", None),
    ("letterboxd", "some_one/rainy-days", None),
    ("letterboxd", "some_one/watchlist", None),
    ("myanimelist", "ada", None),
    ("mdblist", "some_one/rainy-days", None),
    ("mdblist", "some_one/rainy-days", Some("items")),
    ("plex", "rss/0f1e2d3c", None),
    ("plex", "watchlist", None),
    ("simkl", "best:tv:voted", None),
    ("simkl", "14462", None),
    ("simkl", "watching/anime", None),
    ("simkl", "plantowatch", None),
    ("simkl", "dvd", None),
    ("simkl", "trending:week", None),
    ("simkl", "trending:movies", None),
    ("stevenlu", "movies", None),
    ("tmdb", "collection/900000", None),
    ("tmdb", "discover/tv", None),
    ("tmdb", "710", Some("list v4")),
    ("tmdb", "710", None),
    ("tmdb", "movie/popular", None),
    ("tmdb", "collection:paper boats", None),
    ("tmdb", "trending/all/week", None),
    ("trakt", "boxoffice:movies", None),
    ("trakt", "some_one/collection", None),
    ("trakt", "some_one/rainy-days", None),
    ("trakt", "some_one/rainy-days", Some("movies and shows")),
    ("trakt", "popular:movies", None),
    ("trakt", "trending:shows", None),
    ("tvdb", "lists/rainy-days", Some("entries")),
    ("tvdb", "favorites", Some("favorites")),
    ("tvdb", "lists/rainy-days", None),
    ("tvdb", "lists/rainy-days", Some("look-up")),
    ("url", "https://a.example/films.csv", None),
    ("url", "https://letterboxd.com/some_one/rss/", None),
    ("url", "https://a.example/mdblist.json", None),
    ("url", "https://a.example/radarr.json", None),
    ("url", "https://a.example/sonarr.json", None),
    ("url", "https://a.example/watchlist.atom", None),
    ("web", "https://blog.example/rain", None),
];

/// How many bytes of text there are in each list that an export file holds: the file `name` of `folder`.
///
/// # Errors
/// A sentence, when it cannot be read.
#[doc(hidden)]
pub fn exported(folder: &Path, name: &str) -> Result<Vec<usize>, String> {
    let seen = |inner: Option<&str>, head: &str| {
        let list = list_in(name, inner, head)?.ok()?; // what is no list is left alone
        Some((inner.map(str::to_owned), list.list_id))
    };
    let lists = file::heads(folder, name, seen).map_err(|error| error.to_string())?;
    let lists = lists.iter().map(|(inner, list_id)| {
        let body = file::text(folder, name, inner.as_deref());
        let body = body.map_err(|error| error.to_string())?;
        Parser::of(("file", list_id, None))?.texts(body, "text/csv; charset=utf-8")
    });
    Ok(lists.filter_map(Result::ok).collect()) // of what cannot be read there is none
}

/// The lists that text may mean, by type and id.
#[doc(hidden)]
pub fn recognized(input: &str) -> Vec<(&'static str, String)> {
    let all = providers::all().iter();
    all.filter_map(|provider| Some((provider.name(), provider.recognize_own(input)?.list_id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_has_a_sample_and_every_sample_can_be_read() {
        for provider in providers::all() {
            let of = |sample: &&Sample| sample.0 == provider.name();
            assert!(
                SAMPLES.iter().any(|sample| of(&sample)),
                "{}",
                provider.name()
            );
        }
        for sample in SAMPLES {
            let parser = Parser::of(*sample).unwrap();
            let refused = parser.texts("<html></html>".into(), "text/html");
            let refused = refused.unwrap_err();
            assert_eq!(refused, "no way understands it", "{sample:?}");
        }
    }

    #[test]
    fn the_lists_of_an_export_file_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("films.csv");
        std::fs::write(path, "Title,Year\nAlien,1979\n").unwrap();
        assert_eq!(
            exported(folder.path(), "films.csv"),
            Ok(vec!["Alien".len()])
        );
        assert!(exported(folder.path(), "gone.csv").is_err());
    }

    #[test]
    fn a_body_is_read_by_the_way_that_understands_it() {
        let parser = Parser::of(("stevenlu", "movies", None)).unwrap();
        let body = r#"[{"title": "Alien", "imdb_id": "tt0078748", "tmdb_id": 348}]"#;
        assert_eq!(parser.entries(body.into(), "application/json"), Ok(1));
        let texts = parser.texts(body.into(), "application/json");
        assert_eq!(texts, Ok("Alien".len()));
        let problem = parser.entries("<html>".into(), "text/html");
        let problem = problem.unwrap_err();
        assert!(problem.contains("web page"), "{problem}");
        assert!(Parser::of(("nowhere", "x", None)).is_err());
    }
}
