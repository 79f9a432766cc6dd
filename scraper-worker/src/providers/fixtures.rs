//! Reads a sample of every kind of page through the provider it belongs to: our own in
//! `tests/fixtures/<site>/`, written by hand in the shape of the real ones, and, where that folder
//! exists, real captures in `../shared/fixtures/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::header::HeaderMap;
use schema::wire::scraper::{Credential, Entry};

use super::{all, find};
use crate::{
    fake_site::sites,
    provider::{Answer, Ids, ListToRead, Page, Provider, ProviderError, Request},
};

/// (site, file, list it is a page of, way by which it is read; `way#step` for a later step of it)
pub(super) const OWN: &[(&str, &str, &str, &str)] = &[
    ("anilist", "chart.json", "chart:trending", "GraphQL"),
    ("anilist", "custom.json", "ada/rainy-days", "GraphQL"),
    ("anilist", "lists.json", "ada", "GraphQL"),
    ("anilist", "page.json", "ada/planning", "pages"),
    ("file", "imdb-list.csv", "imdb-list.csv", "file"),
    ("file", "imdb-ratings.csv", "imdb-ratings.csv", "file"),
    ("file", "letterboxd-list.csv", "a.zip/lists/a.csv", "file"),
    (
        "file",
        "simkl-backup.json",
        "simkl-backup.json?status=plantowatch",
        "file",
    ),
    ("file", "simkl.csv", "simkl.csv?status=plantowatch", "file"),
    (
        "file",
        "spreadsheet.csv",
        "spreadsheet.csv?title=Film&year=Jahr&imdb_id=Kennung&all=movie",
        "file",
    ),
    ("file", "titles.txt", "titles.txt", "file"),
    (
        "file",
        "trakt-watchlist.json",
        "trakt.zip/lists-watchlist.json",
        "file",
    ),
    ("file", "watchlist.csv", "letterboxd-bob/watchlist", "file"),
    ("imdb", "boxoffice.html", "boxoffice", "page"),
    ("imdb", "boxoffice.json", "boxoffice", "GraphQL"),
    ("imdb", "calendar.html", "calendar", "page"),
    ("imdb", "chart.html", "top", "page"),
    ("imdb", "chart.json", "top", "GraphQL"),
    ("imdb", "list.html", "ls900000001", "page"),
    ("imdb", "list.json", "ls900000001", "GraphQL"),
    ("imdb", "profile.json", "p.abcd1234", "GraphQL"),
    ("imdb", "search.html", "search?title_type=feature", "page"),
    (
        "imdb",
        "search.json",
        "search?title_type=feature",
        "GraphQL",
    ),
    ("imdb", "watchlist-items.json", "ur90000001", "GraphQL"),
    ("imdb", "watchlist.html", "ur90000001", "page"),
    ("imdb", "watchlist.json", "ur90000001", "GraphQL"),
    ("letterboxd", "actor.html", "actor/ada-example", "page"),
    ("letterboxd", "films-2023.html", "some_one/films", "page"),
    ("letterboxd", "likes.html", "some_one/likes/films", "page"),
    (
        "letterboxd",
        "list-detail.html",
        "some_one/rainy-days",
        "page",
    ),
    ("letterboxd", "list.html", "some_one/rainy-days", "page"),
    (
        "letterboxd",
        "watchlist-empty.html",
        "some_one/watchlist",
        "page",
    ),
    ("letterboxd", "watchlist.html", "some_one/watchlist", "page"),
    ("myanimelist", "api.json", "ada", "API"),
    ("myanimelist", "load.json", "ada", "page"),
    ("mdblist", "description.json", "some_one/rainy-days", "API"),
    ("mdblist", "items.json", "some_one/rainy-days", "API#items"),
    ("mdblist", "list.json", "some_one/rainy-days", "JSON"),
    ("plex", "feed.json", "rss/0f1e2d3c", "JSON"),
    ("plex", "feed.xml", "rss/0f1e2d3c", "RSS"),
    ("plex", "watchlist.json", "watchlist", "API"),
    ("simkl", "best.json", "best:tv:voted", "API"),
    ("simkl", "list.json", "14462", "API"),
    ("simkl", "marked-anime.json", "watching/anime", "API"),
    ("simkl", "marked-movies.json", "plantowatch", "API"),
    ("simkl", "releases.json", "dvd", "file"),
    ("simkl", "trending-all.json", "trending:week", "file"),
    ("simkl", "trending-api.json", "trending:movies", "API"),
    ("simkl", "trending.json", "trending:movies", "file"),
    ("stevenlu", "movies.json", "movies", "file"),
    ("tmdb", "api-collection.json", "collection/900000", "API"),
    ("tmdb", "api-discover-empty.json", "discover/tv", "API"),
    ("tmdb", "api-list-v4.json", "710", "API#list v4"),
    ("tmdb", "api-list.json", "710", "API"),
    ("tmdb", "api-popular.json", "movie/popular", "API"),
    ("tmdb", "api-search.json", "collection:paper boats", "API"),
    ("tmdb", "api-trending.json", "trending/all/week", "API"),
    ("tmdb", "collection.json", "collection/900000", "browser"),
    ("tmdb", "list.json", "710", "browser"),
    ("trakt", "boxoffice.json", "boxoffice:movies", "API"),
    ("trakt", "collection.json", "some_one/collection", "API"),
    ("trakt", "list-about.json", "some_one/rainy-days", "API"),
    (
        "trakt",
        "list.json",
        "some_one/rainy-days",
        "API#movies and shows",
    ),
    ("trakt", "popular.json", "popular:movies", "API"),
    ("trakt", "trending.json", "trending:shows", "API"),
    ("tvdb", "extended.json", "lists/rainy-days", "API#entries"),
    ("tvdb", "favorites.json", "favorites", "API#favorites"),
    ("tvdb", "list.html", "lists/rainy-days", "page"),
    ("tvdb", "look-up.json", "lists/rainy-days", "API#look-up"),
    (
        "url",
        "films.csv",
        "https://a.example/films.csv",
        "document",
    ),
    (
        "url",
        "letterboxd.xml",
        "https://letterboxd.com/some_one/rss/",
        "document",
    ),
    (
        "url",
        "mdblist.json",
        "https://a.example/mdblist.json",
        "document",
    ),
    (
        "url",
        "radarr.json",
        "https://a.example/radarr.json",
        "document",
    ),
    (
        "url",
        "sonarr.json",
        "https://a.example/sonarr.json",
        "document",
    ),
    (
        "url",
        "watchlist.atom",
        "https://a.example/watchlist.atom",
        "document",
    ),
    ("web", "page.json", "https://blog.example/rain", "browser"),
];

/// Answers that are no list: (site, file, status, list that was asked for, way)
const REFUSED: &[(&str, &str, u16, &str, &str)] = &[
    ("imdb", "refused-client.html", 403, "ls900000001", "GraphQL"),
    (
        "imdb",
        "refused-missing.json",
        200,
        "ls900000001",
        "GraphQL",
    ),
    ("imdb", "refused-nobody.json", 200, "ur90000001", "GraphQL"),
    (
        "imdb",
        "refused-private.json",
        200,
        "ls900000001",
        "GraphQL",
    ),
    ("imdb", "refused-robots.html", 202, "ls900000001", "page"),
    (
        "letterboxd",
        "refused-challenge.html",
        403,
        "some_one/watchlist",
        "page",
    ),
    (
        "letterboxd",
        "refused-missing.html",
        404,
        "some_one/rainy-days",
        "page",
    ),
    (
        "letterboxd",
        "refused-private.html",
        403,
        "some_one/rainy-days",
        "page",
    ),
    (
        "trakt",
        "refused-client.json",
        403,
        "some_one/watchlist",
        "API",
    ),
];

/// (site, file, title whose page it is)
const DETAILS: &[(&str, &str, &str)] = &[
    (
        "letterboxd",
        "film-miniseries.html",
        "letterboxd:tide-tables",
    ),
    ("letterboxd", "film.html", "letterboxd:paper-boats"),
    ("tvdb", "movie.json", "tvdb:movies:90011"),
    ("tvdb", "series.html", "tvdb:series/tide-tables"),
    ("tvdb", "series.json", "tvdb:series:7012"),
    ("plex", "title.json", "plex:5df46a3800000000000000a3"),
    ("simkl", "title.json", "simkl:anime/900023"),
];

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The list for somebody who has a key and has signed in.
pub(super) fn with_credential(list: &str) -> ListToRead {
    ListToRead {
        id: list.to_owned(),
        credential: Some(Credential {
            key: Some("client-id".into()),
            token: Some("token".into()),
            account: Some("anna".into()),
        }),
        ..ListToRead::default()
    }
}

/// The provider, its list, and the request whose answer a fixture is: `API#items` is a later step of the
/// way `API`. Some ways are those of readers without a key.
pub(super) fn request_of(
    site: &str,
    list: &str,
    way: &'static str,
) -> (&'static dyn Provider, ListToRead, Request) {
    let provider = find(site).unwrap();
    let without = ListToRead {
        id: list.to_owned(),
        ..ListToRead::default()
    };
    let (name, step) = way
        .split_once('#')
        .map_or((way, None), |(name, step)| (name, Some(step)));
    for list in [with_credential(list), without] {
        let ways = provider.ways(&list, &sites("http://site.test"));
        let mut ways = ways.unwrap_or_default().into_iter();
        if let Some(found) = ways.find(|known| known.name == name) {
            let mut first = found.first;
            first.step = step.unwrap_or(first.step);
            return (provider, list, first);
        }
    }
    panic!("{site} has no way {name} to {list}")
}

/// Reads `file` as the answer to the first request of a way.
pub(super) fn read(site: &str, file: &Path, list: &str, way: &'static str) -> Page {
    read_as(site, file, 200, list, way).unwrap()
}

/// The same with any status.
fn read_as(
    site: &str,
    file: &Path,
    status: u16,
    list: &str,
    way: &'static str,
) -> Result<Page, ProviderError> {
    let (provider, list, first) = request_of(site, list, way);
    let body = fs::read_to_string(file).unwrap();
    provider.parse(
        &list,
        &first,
        &Answer {
            url: url::Url::parse("http://site.example/").unwrap(),
            status,
            headers: HeaderMap::new(),
            body,
        },
    )
}

/// The folder of real captures, or `None` where they are not at hand: `shared` stands beside the
/// project, or beside the folder that the project is checked out in.
pub(super) fn captures() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|around| around.join("shared/fixtures"))
        .find(|folder| folder.is_dir())
}

/// A real capture, or `None` where they are not at hand.
pub(super) fn capture(path: &str) -> Option<PathBuf> {
    let file = captures()?.join(path);
    file.exists().then_some(file)
}

#[test]
fn every_provider_has_a_fixture_and_every_fixture_is_read() {
    for provider in all() {
        let folder = own().join(provider.name());
        assert!(folder.is_dir(), "{} has no fixture", provider.name());
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let is_read = OWN
                .iter()
                .map(|row| (row.0, row.1))
                .chain(DETAILS.iter().map(|row| (row.0, row.1)))
                .chain(REFUSED.iter().map(|row| (row.0, row.1)))
                .any(|row| row == (provider.name(), &file));
            assert!(
                is_read
                    || Path::new(&file)
                        .extension()
                        .is_some_and(|kind| kind == "snap"),
                "{}/{file} is not read",
                provider.name()
            );
        }
    }
}

#[test]
fn our_fixtures_are_read_entry_for_entry() {
    for (site, file, list, way) in OWN {
        let page = read(site, &own().join(site).join(file), list, way);
        let next = page
            .next
            .as_ref()
            .map(|next| format!("{} {:?}", next.url, next.body))
            // Some sites want to know which version asks.
            .map(|next| next.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(own().join(site));
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_json_snapshot!(*file, (page, next)));
    }
}

#[test]
fn our_refusals_are_told_apart_and_are_no_empty_lists() {
    for (site, file, status, list, way) in REFUSED {
        let error = read_as(site, &own().join(site).join(file), *status, list, way).unwrap_err();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(own().join(site));
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_debug_snapshot!(*file, error));
    }
}

/// Reads `file` as the page that an entry's ids are learned from.
pub(super) fn read_detail(site: &str, file: &Path, source_id: &str) -> Ids {
    let provider = find(site).unwrap();
    let entry = Entry {
        source_id: Some(source_id.to_owned()),
        ..Entry::default()
    };
    let list = ListToRead {
        credential: Some(Credential {
            token: Some("token".into()),
            ..Credential::key("client-id")
        }),
        ..ListToRead::default()
    };
    let sites = sites("http://site.test");
    let detail = provider.detail_of(&entry, &list, &sites).unwrap().unwrap();
    let answer = Answer {
        url: detail.request.url.clone(),
        status: 200,
        headers: HeaderMap::new(),
        body: fs::read_to_string(file).unwrap(),
    };
    provider.parse_detail(&detail.request, &answer).unwrap()
}

#[test]
fn our_pages_of_single_titles_are_read() {
    for (site, file, source_id) in DETAILS {
        let ids = read_detail(site, &own().join(site).join(file), source_id);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(own().join(site));
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_debug_snapshot!(*file, ids));
    }
}

#[test]
fn the_registry_is_in_alphabetical_order() {
    assert!(all().is_sorted_by_key(|provider| provider.name()));
}
