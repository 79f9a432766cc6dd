//! Reads one body with the code that reads it in earnest, for the benchmark and for `fuzz/`. Leaves
//! sending and walking out.

use reqwest::header::{HeaderMap, HeaderValue};
use runtime::{
    Environment,
    settings::{self, ProvidersSettings},
};
use schema::wire::scraper::Credential;

use crate::{
    provider::{Answer, ListToRead, Provider},
    providers,
};

/// A site's own code for one of its lists.
#[doc(hidden)]
pub struct Parser {
    provider: &'static dyn Provider,
    list: ListToRead,
    sites: ProvidersSettings,
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Parser")
            .field(&self.provider.name())
            .finish()
    }
}

impl Parser {
    /// The one of `list_type` for its list `list_id`.
    ///
    /// # Errors
    /// A sentence, when there is no such site.
    pub fn of(list_type: &str, list_id: &str) -> Result<Self, String> {
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
        })
    }

    /// How many entries that body has, read as the answer to the first request of whichever way understands it.
    ///
    /// # Errors
    /// What the ways said, when none does.
    pub fn entries(&self, body: &str, content_type: &'static str) -> Result<usize, String> {
        let ways = self.provider.ways(&self.list, &self.sites);
        let mut problems = Vec::new();
        for way in ways.map_err(|error| error.to_string())? {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(content_type));
            let answer = Answer {
                status: 200,
                url: way.first.url.clone(),
                headers,
                body: body.to_owned(),
            };
            let page = self.provider.parse(&self.list, &way.first, &answer);
            match page.and_then(crate::provider::Page::bounded) {
                Ok(page) => return Ok(page.entries.len()),
                Err(error) => problems.push(format!("{}: {error}", way.name)),
            }
        }
        Err(problems.join("; "))
    }
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

/// How many bytes of text the entries of that body have, read as the answer to that kind of request by
/// each of its ways.
///
/// # Errors
/// What the ways said, when none understands it.
#[doc(hidden)]
pub fn read(sample: &Sample, body: &str, content_type: &'static str) -> Result<usize, String> {
    let (list_type, list_id, step) = *sample;
    let Parser {
        provider,
        list,
        sites,
    } = Parser::of(list_type, list_id)?;
    let mut texts = None;
    let ways = provider.ways(&list, &sites);
    for mut way in ways.map_err(|error| error.to_string())? {
        way.first.step = step.unwrap_or(way.first.step);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        let answer = Answer {
            status: 200,
            url: way.first.url.clone(),
            headers,
            body: body.to_owned(),
        };
        let page = provider.parse(&list, &way.first, &answer);
        if let Ok(page) = page.and_then(crate::provider::Page::bounded) {
            let read: usize = page
                .entries
                .iter()
                .map(|entry| entry.title.len() + entry.source_id.as_ref().map_or(0, String::len))
                .sum();
            texts = texts.max(Some(read));
        }
    }
    texts.ok_or_else(|| "no way understands it".to_owned())
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
            let refused = read(sample, "<html></html>", "text/html").unwrap_err();
            assert_eq!(refused, "no way understands it", "{sample:?}");
        }
    }

    #[test]
    fn a_body_is_read_by_the_way_that_understands_it() {
        let parser = Parser::of("stevenlu", "movies").unwrap();
        let body = r#"[{"title": "Alien", "imdb_id": "tt0078748", "tmdb_id": 348}]"#;
        assert_eq!(parser.entries(body, "application/json"), Ok(1));
        let problem = parser.entries("<html>", "text/html").unwrap_err();
        assert!(problem.contains("web page"), "{problem}");
        assert!(Parser::of("nowhere", "x").is_err());
    }
}
