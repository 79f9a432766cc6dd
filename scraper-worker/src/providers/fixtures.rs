//! Reads a sample of every kind of page through the provider it belongs to: our own in
//! `tests/fixtures/<site>/`, written by hand in the shape of the real ones, and, where that folder
//! exists, real captures in `../shared/fixtures/`.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use reqwest::header::HeaderMap;
use schema::models::MediaType;
use serde_json::Value;

use super::{all, find};
use crate::{
    fake_site::sites,
    provider::{Answer, ListToRead, Page},
};

/// (site, file, list it is a page of, way by which it is read)
const OWN: &[(&str, &str, &str, &str)] = &[
    ("imdb", "boxoffice.json", "boxoffice", "GraphQL"),
    ("imdb", "chart.html", "top", "page"),
    ("imdb", "chart.json", "top", "GraphQL"),
    ("imdb", "list.html", "ls900000001", "page"),
    ("imdb", "list.json", "ls900000001", "GraphQL"),
    ("imdb", "search.html", "search?title_type=feature", "page"),
    ("imdb", "watchlist.json", "ur90000001", "GraphQL"),
    ("stevenlu", "movies.json", "movies", "file"),
];

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Reads `file` as the answer to the first request of a way.
fn read(site: &str, file: &Path, list: &str, way: &str) -> Page {
    let provider = find(site).unwrap();
    let list = ListToRead {
        id: list.to_owned(),
        ..ListToRead::default()
    };
    let ways = provider.ways(&list, &sites("http://site.test")).unwrap();
    let first = ways
        .into_iter()
        .find(|known| known.name == way)
        .unwrap()
        .first;
    let body = fs::read_to_string(file).unwrap();
    provider
        .parse(
            &list,
            &first,
            &Answer {
                status: 200,
                headers: HeaderMap::new(),
                body,
            },
        )
        .unwrap()
}

/// A real capture, or `None` where they are not at hand.
fn capture(path: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/fixtures")
        .join(path);
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
                .any(|row| (row.0, row.1) == (provider.name(), &file));
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
            .map(|next| format!("{} {:?}", next.url, next.body));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(own().join(site));
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_json_snapshot!(*file, (page, next)));
    }
}

#[test]
fn the_registry_is_in_alphabetical_order() {
    assert!(all().is_sorted_by_key(|provider| provider.name()));
}

#[test]
fn the_captured_top_250_is_read_title_for_title() {
    let Some(file) = capture("imdb/chart-top250-2026-01-14.html") else {
        return;
    };
    let page = read("imdb", &file, "top", "page");
    let html = fs::read_to_string(file).unwrap();
    let data = html
        .split("__NEXT_DATA__\" type=\"application/json\">")
        .nth(1)
        .unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    let rows = data
        .pointer("/props/pageProps/pageData/chartTitles/edges")
        .unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(
        (page.entries.len(), rows.len(), page.dropped),
        (250, 250, 0)
    );
    for (entry, row) in page.entries.iter().zip(rows) {
        assert_eq!(entry.imdb_id.as_deref(), row["node"]["id"].as_str());
        assert_eq!(
            Some(entry.title.as_str()),
            row["node"]["titleText"]["text"].as_str()
        );
        assert_eq!(
            entry.year.map(i64::from),
            row["node"]["releaseYear"]["year"].as_i64()
        );
        assert_eq!(Some(u64::from(entry.rank)), row["currentRank"].as_u64());
        assert_eq!(entry.media_type, Some(MediaType::Movie));
        assert!(entry.year.is_some());
    }
    let ids: HashSet<_> = page
        .entries
        .iter()
        .map(|entry| entry.imdb_id.as_deref())
        .collect();
    assert_eq!(ids.len(), 250);
    assert!(page.entries.iter().map(|entry| entry.rank).eq(1..=250));
}

#[test]
fn the_captured_watchlist_is_read_title_for_title() {
    let Some(file) = capture("imdb/graphql-predefinedList-watchlist-15.json") else {
        return;
    };
    let page = read("imdb", &file, "ur90000001", "GraphQL");
    let data: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let rows = data
        .pointer("/data/predefinedList/titleListItemSearch/edges")
        .unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(
        (page.entries.len(), page.announced, page.dropped),
        (15, Some(15), 0)
    );
    assert_eq!(page.next, None);
    let mut types = BTreeMap::new();
    for (entry, row) in page.entries.iter().zip(rows) {
        let title = &row["listItem"];
        assert_eq!(entry.imdb_id.as_deref(), title["id"].as_str());
        assert_eq!(
            Some(entry.title.as_str()),
            title["titleText"]["text"].as_str()
        );
        assert_eq!(
            entry.year.map(i64::from),
            title["releaseYear"]["year"].as_i64()
        );
        let kind = title["titleType"]["id"].as_str().unwrap().to_owned();
        let expected = if kind == "movie" {
            MediaType::Movie
        } else {
            MediaType::Tv
        };
        assert_eq!(entry.media_type, Some(expected), "{kind}");
        *types.entry(kind).or_insert(0) += 1;
    }
    let kinds: Vec<_> = types.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["movie", "tvMiniSeries", "tvSeries"]);
}

#[test]
fn the_captured_search_is_read_title_for_title() {
    let Some(file) = capture("imdb/search-title-2025-06-16.html") else {
        return;
    };
    let page = read("imdb", &file, "search?title_type=feature", "page");
    let shows = page
        .entries
        .iter()
        .filter(|entry| entry.media_type == Some(MediaType::Tv))
        .count();
    assert_eq!((page.entries.len(), shows, page.dropped), (50, 25, 0));
    assert_eq!(page.announced, Some(579_327));
    let first = &page.entries[0];
    assert_eq!(
        (first.title.as_str(), first.year),
        ("Ballerina", Some(2025))
    );
    assert_eq!(first.imdb_id.as_deref(), Some("tt7181546"));
}

#[test]
fn the_captured_files_in_steven_lus_format_are_read() {
    for (file, count) in [
        ("SYNTHETIC-movies-one-item.json", 1),
        ("stevenlu-format-agoodmovietowatch-latest10.json", 10),
    ] {
        let Some(file) = capture(&format!("stevenlu/{file}")) else {
            return;
        };
        let page = read("stevenlu", &file, "movies", "file");
        assert_eq!(page.entries.len(), count);
        assert!(
            page.entries
                .iter()
                .all(|entry| entry.imdb_id.is_some() && entry.year.is_none())
        );
    }
}
