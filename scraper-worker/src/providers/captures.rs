//! Every real capture in `../shared/fixtures/`, where that folder exists, and what is read from each: how
//! many entries, with which ids, years and types. A table for people and for the test that holds it.
//! Leaves single titles of a capture to `fixtures` and to the tests of the providers.

use std::{
    fmt::{self, Write as _},
    fs,
    io::Write as _,
    path::Path,
};

use reqwest::header::HeaderMap;
use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use super::{find, fixtures};
use crate::provider::{Answer, Page, ProviderError};

/// What is read from one capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    entries: usize,
    imdb: usize,
    tmdb: usize,
    tvdb: usize,
    years: usize,
    movies: usize,
    shows: usize,
    dropped: u32,
    announced: Option<u32>,
}

impl Counts {
    fn of(page: &Page) -> Self {
        let count = |is_so: &dyn Fn(&Entry) -> bool| {
            page.entries.iter().filter(|entry| is_so(entry)).count()
        };
        Self {
            entries: page.entries.len(),
            imdb: count(&|entry| entry.imdb_id.is_some()),
            tmdb: count(&|entry| entry.tmdb_id.is_some()),
            tvdb: count(&|entry| entry.tvdb_id.is_some()),
            years: count(&|entry| entry.year.is_some()),
            movies: count(&|entry| entry.media_type == Some(MediaType::Movie)),
            shows: count(&|entry| entry.media_type == Some(MediaType::Tv)),
            dropped: page.dropped + page.unreadable,
            announced: page.announced,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = self.entries - self.movies - self.shows;
        write!(
            f,
            "{:>4} entries, {:>4} imdb, {:>4} tmdb, {:>4} tvdb, {:>4} years, {:>4} movies, {:>4} shows, {unknown:>4} unknown, {:>2} dropped, {:?} announced",
            self.entries,
            self.imdb,
            self.tmdb,
            self.tvdb,
            self.years,
            self.movies,
            self.shows,
            self.dropped,
            self.announced,
        )
    }
}

/// What a capture is.
#[derive(Clone, Copy, Debug)]
enum Is {
    /// A page of a list: `API#items` is the step `items` of the way `API`.
    Page(&'static str, &'static str, Counts),
    /// The page of a single title.
    Detail(&'static str),
    /// An answer with this status that is no list.
    Refusal(u16, &'static str, &'static str),
}

/// Entries, those with an id of IMDb, TMDB and TVDB, those with a year, movies, shows, dropped rows.
const fn counts(numbers: [usize; 8], announced: Option<u32>) -> Counts {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the numbers below are small"
    )]
    Counts {
        entries: numbers[0],
        imdb: numbers[1],
        tmdb: numbers[2],
        tvdb: numbers[3],
        years: numbers[4],
        movies: numbers[5],
        shows: numbers[6],
        dropped: numbers[7] as u32,
        announced,
    }
}

/// (capture, what it is)
const CAPTURES: &[(&str, Is)] = &[
    (
        "anilist/mediaList-page1.json",
        Is::Page("one", "pages", counts([50, 0, 0, 0, 0, 0, 0, 0], None)),
    ),
    (
        "anilist/medialistcollection-yamtrack-trimmed.json",
        Is::Page("one", "GraphQL", counts([4, 0, 0, 0, 0, 0, 0, 2], None)),
    ),
    (
        "imdb/chart-top250-2026-01-14.html",
        Is::Page(
            "top",
            "page",
            counts([250, 250, 0, 0, 250, 250, 0, 0], None),
        ),
    ),
    (
        "imdb/graphql-predefinedList-watchlist-15.json",
        Is::Page(
            "ur90000001",
            "GraphQL",
            counts([15, 15, 0, 0, 15, 10, 5, 0], Some(15)),
        ),
    ),
    (
        "imdb/search-title-2025-06-16.html",
        Is::Page(
            "search?user_rating=7%2C8",
            "page",
            counts([50, 50, 0, 0, 50, 25, 25, 0], Some(579_327)),
        ),
    ),
    (
        "letterboxd/actor-filmography-unreleased-no-year.htm",
        Is::Page(
            "actor/michael-fassbender",
            "page",
            counts([68, 0, 0, 0, 62, 0, 0, 0], None),
        ),
    ),
    (
        "letterboxd/cloudflare-challenge-403.html",
        Is::Refusal(403, "one/watchlist", "page"),
    ),
    (
        "letterboxd/film-page-mulholland-drive.html",
        Is::Detail("letterboxd:mulholland-drive"),
    ),
    (
        "letterboxd/film-page-tv-miniseries-empty-tmdb-id.html",
        Is::Detail("letterboxd:unbelievable-2019"),
    ),
    (
        "letterboxd/list-official-top250-p1-of-3.html",
        Is::Page(
            "dave/official-top-250-narrative-feature-films",
            "page",
            counts([100, 0, 0, 0, 100, 0, 0, 0], Some(250)),
        ),
    ),
    (
        "letterboxd/user-films-p1-of-6.html",
        Is::Page(
            "spazznolo/films",
            "page",
            counts([72, 0, 0, 0, 72, 0, 0, 0], None),
        ),
    ),
    (
        "letterboxd/watchlist-fragment-20.html",
        Is::Page(
            "one/watchlist",
            "page",
            counts([20, 0, 0, 0, 19, 0, 0, 0], None),
        ),
    ),
    (
        "letterboxd/watchlist-p1-of-15.html",
        Is::Page(
            "spazznolo/watchlist",
            "page",
            counts([28, 0, 0, 0, 28, 0, 0, 0], Some(415)),
        ),
    ),
    (
        "mdblist/api-list-items-sonarr.json",
        Is::Page(
            "one/quiet",
            "API#items",
            counts([3, 3, 3, 2, 3, 1, 2, 0], None),
        ),
    ),
    (
        "mdblist/direct-list-json-sonarr.json",
        Is::Page("one/quiet", "JSON", counts([2, 2, 2, 1, 2, 1, 1, 0], None)),
    ),
    (
        "simkl/auth-v2-list-items-200.json",
        Is::Page("216324", "API", counts([1, 1, 1, 1, 1, 0, 1, 0], Some(3))),
    ),
    (
        "simkl/auth-v2-premium-only-200.json",
        Is::Refusal(200, "216324", "API"),
    ),
    (
        "simkl/auth-v2-private-list-403.json",
        Is::Refusal(403, "216324", "API"),
    ),
    (
        "simkl/auth-v2-user-token-required-401.json",
        Is::Refusal(401, "216324", "API"),
    ),
    (
        "simkl/movies-trending-50-2026-07-15.json",
        Is::Page(
            "trending:movies",
            "file",
            counts([50, 0, 0, 0, 50, 50, 0, 0], None),
        ),
    ),
    (
        "simkl/sync-all-items-srgsf.json",
        Is::Page(
            "completed/movies",
            "API",
            counts([59, 59, 59, 0, 59, 59, 0, 0], None),
        ),
    ),
    (
        "stevenlu/SYNTHETIC-movies-one-item.json",
        Is::Page("movies", "file", counts([1, 1, 1, 0, 0, 1, 0, 0], None)),
    ),
    (
        "stevenlu/stevenlu-format-agoodmovietowatch-latest10.json",
        Is::Page("movies", "file", counts([10, 10, 0, 0, 0, 10, 0, 0], None)),
    ),
    (
        "tmdb/v3-collection-264-wiremock.json",
        Is::Page(
            "collection/264",
            "API",
            counts([3, 0, 3, 0, 3, 3, 0, 0], None),
        ),
    ),
    (
        "tmdb/v3-list-404-wiremock.json",
        Is::Refusal(404, "999999999", "API"),
    ),
    (
        "tmdb/v3-list-509-wiremock.json",
        Is::Page("509", "API", counts([16, 0, 16, 0, 16, 16, 0, 0], Some(16))),
    ),
    (
        "tmdb/v3-movie-popular-wiremock.json",
        Is::Page(
            "movie/popular",
            "API",
            counts([20, 0, 20, 0, 20, 20, 0, 0], Some(100)),
        ),
    ),
    (
        "tmdb/v3-tv-popular-wiremock.json",
        Is::Page(
            "tv/popular",
            "API",
            counts([20, 0, 20, 0, 20, 0, 20, 0], Some(100)),
        ),
    ),
    (
        "trakt/chart-2025-12-movies-anticipated-page-1-limit-2.json",
        Is::Page("anticipated:movies", "API", MOVIES),
    ),
    (
        "trakt/chart-2025-12-movies-popular-page-1-limit-10.json",
        Is::Page("popular:movies", "API", MOVIES),
    ),
    (
        "trakt/chart-2025-12-movies-trending-page-1-limit-10.json",
        Is::Page("trending:movies", "API", MOVIES),
    ),
    (
        "trakt/chart-2025-12-movies-watched-page-1-limit-2.json",
        Is::Page("watched:movies", "API", MOVIES),
    ),
    (
        "trakt/chart-2025-12-shows-popular-page-1-limit-2.json",
        Is::Page("popular:shows", "API", SHOWS),
    ),
    (
        "trakt/chart-2025-12-shows-trending-page-1-limit-2.json",
        Is::Page("trending:shows", "API", SHOWS),
    ),
    (
        "trakt/docs-example-custom-list-mixed-types.json",
        Is::Page("one/list", ITEMS, counts([3, 3, 3, 2, 3, 1, 2, 2], None)),
    ),
    (
        "trakt/flexget-get-list-0.json",
        Is::Page(
            "one/testlist",
            ITEMS,
            counts([2, 2, 2, 1, 2, 1, 1, 1], None),
        ),
    ),
    (
        "trakt/flexget-pagination-0.json",
        Is::Page(
            "one/history",
            ITEMS,
            counts([10, 10, 10, 0, 10, 10, 0, 0], None),
        ),
    ),
    (
        "trakt/flexget-watchlist-shows-empty.json",
        Is::Page("one/watchlist/shows", "API", counts([0; 8], None)),
    ),
    (
        "trakt/movies-boxoffice-traktpy.json",
        Is::Page(
            "boxoffice:movies",
            "API",
            counts([10, 10, 10, 0, 10, 10, 0, 0], None),
        ),
    ),
    (
        "tvdb/v4-list-extended-synthetic.json",
        Is::Page(
            "lists/url1",
            "API#entries",
            counts([2, 0, 0, 2, 0, 0, 2, 0], None),
        ),
    ),
    (
        "tvdb/v4-lists-page-synthetic.json",
        Is::Refusal(200, "lists/url1", "API"),
    ),
];

const MOVIES: Counts = counts([2, 2, 2, 0, 2, 2, 0, 0], None);
const SHOWS: Counts = counts([2, 2, 2, 2, 2, 0, 2, 0], None);
const ITEMS: &str = "API#movies and shows";

/// Every capture in the folder, as `site/file`, in order.
fn at_hand(folder: &Path) -> Vec<String> {
    let sites = fs::read_dir(folder).unwrap();
    let folders = sites
        .map(|site| site.unwrap().path())
        .filter(|it| it.is_dir());
    let mut captures: Vec<_> = folders
        .flat_map(|site| fs::read_dir(site).unwrap())
        .map(|file| {
            let file = file.unwrap().path();
            let name = file.strip_prefix(folder).unwrap();
            name.to_str().unwrap().to_owned()
        })
        .collect();
    captures.sort();
    captures
}

/// The body of a capture; some stand inside the recording of a whole answer.
fn body(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let recorded: Option<Value> = serde_json::from_str(&text).ok();
    match recorded
        .as_ref()
        .and_then(|it| it.pointer("/Response/BodyAsJson"))
    {
        Some(body) => body.to_string(),
        None => text,
    }
}

fn parsed(
    file: &Path,
    site: &str,
    status: u16,
    list: &str,
    way: &'static str,
) -> Result<Page, ProviderError> {
    let (provider, list, request) = fixtures::request_of(site, list, way);
    let answer = Answer {
        url: request.url.clone(),
        status,
        headers: HeaderMap::new(),
        body: body(file),
    };
    provider.parse(&list, &request, &answer)
}

/// Reads a capture as what it is, and says what was read; else what it should have been.
fn read(folder: &Path, capture: &str, is: Is) -> Result<String, String> {
    let (site, _) = capture.split_once('/').unwrap();
    let file = folder.join(capture);
    match is {
        Is::Page(list, way, expected) => {
            let read = Counts::of(&parsed(&file, site, 200, list, way).unwrap());
            (read == expected)
                .then(|| read.to_string())
                .ok_or_else(|| format!("{read}, expected {expected}"))
        }
        Is::Detail(source_id) => {
            let ids = fixtures::read_detail(site, &file, source_id);
            let is_whole = ids.tmdb_id.is_some() && ids.imdb_id.is_some();
            let told = format!("one title: {ids:?}");
            if is_whole && ids.media_type.is_some() {
                Ok(told)
            } else {
                Err(told)
            }
        }
        Is::Refusal(status, list, way) => {
            let error = parsed(&file, site, status, list, way).unwrap_err();
            Ok(format!("no list: {error}"))
        }
    }
}

#[test]
fn every_capture_is_read_item_for_item() {
    let Some(folder) = fixtures::captures() else {
        return;
    };
    let mut table = String::new();
    let mut wrong = Vec::new();
    for capture in at_hand(&folder) {
        let known = CAPTURES.iter().find(|(known, _)| *known == capture);
        let told = match known.map(|(_, is)| read(&folder, &capture, *is)) {
            Some(Ok(told)) => told,
            Some(Err(told)) => {
                wrong.push(format!("{capture}: {told}"));
                told
            }
            None => "not in the table".to_owned(),
        };
        writeln!(table, "{capture:<64} {told}").unwrap();
    }
    // For people who run this test to see the table.
    std::io::stderr().write_all(table.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_of_the_table_is_of_a_provider_and_stands_once() {
    for (at, (capture, _)) in CAPTURES.iter().enumerate() {
        let (site, _) = capture.split_once('/').unwrap();
        assert!(find(site).is_some(), "{capture}");
        assert!(CAPTURES[..at].iter().all(|(other, _)| other < capture));
    }
}
