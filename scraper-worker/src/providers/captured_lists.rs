//! Real captures in `../shared/fixtures/`, where that folder exists, held entry for entry against what
//! their site's own data says.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
};

use reqwest::header::HeaderMap;
use schema::{
    models::MediaType,
    wire::scraper::{Credential, Entry},
};
use serde_json::Value;

use super::{
    find,
    fixtures::{capture, read, read_detail},
};
use crate::{
    fake_site::sites,
    provider::{Answer, Ids, ListToRead, ProviderError},
};

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

/// A title's name, year, kind, TMDB and IMDb id.
type Told<'a> = (
    &'a str,
    Option<i32>,
    Option<MediaType>,
    Option<i64>,
    Option<&'a str>,
);

fn told(entry: &Entry) -> Told<'_> {
    (
        &entry.title,
        entry.year,
        entry.media_type,
        entry.tmdb_id,
        entry.imdb_id.as_deref(),
    )
}

#[test]
fn the_captured_charts_of_trakt_are_read_in_both_shapes() {
    use MediaType::{Movie, Tv};
    let cases: [(&str, &str, usize, Told<'_>, Told<'_>); 7] = [
        (
            "chart-2025-12-movies-anticipated-page-1-limit-2.json",
            "anticipated:movies",
            2,
            (
                "Avatar: Fire and Ash",
                Some(2025),
                Some(Movie),
                Some(83_533),
                Some("tt1757678"),
            ),
            (
                "Spider-Man: Brand New Day",
                Some(2026),
                Some(Movie),
                Some(969_681),
                Some("tt22084616"),
            ),
        ),
        (
            "chart-2025-12-movies-popular-page-1-limit-10.json",
            "popular:movies",
            2,
            (
                "Superman",
                Some(2025),
                Some(Movie),
                Some(1_061_474),
                Some("tt5950044"),
            ),
            (
                "Thunderbolts*",
                Some(2025),
                Some(Movie),
                Some(986_056),
                Some("tt20969586"),
            ),
        ),
        (
            "chart-2025-12-movies-trending-page-1-limit-10.json",
            "trending:movies",
            2,
            (
                "TRON: Ares",
                Some(2025),
                Some(Movie),
                Some(533_533),
                Some("tt6604188"),
            ),
            (
                "Predator: Badlands",
                Some(2025),
                Some(Movie),
                Some(1_242_898),
                Some("tt31227572"),
            ),
        ),
        (
            "chart-2025-12-movies-watched-page-1-limit-2.json",
            "watched:movies",
            2,
            (
                "TRON: Ares",
                Some(2025),
                Some(Movie),
                Some(533_533),
                Some("tt6604188"),
            ),
            (
                "Predator: Badlands",
                Some(2025),
                Some(Movie),
                Some(1_242_898),
                Some("tt31227572"),
            ),
        ),
        (
            "chart-2025-12-shows-popular-page-1-limit-2.json",
            "popular:shows",
            2,
            (
                "Adolescence",
                Some(2025),
                Some(Tv),
                Some(249_042),
                Some("tt31806037"),
            ),
            (
                "MobLand",
                Some(2025),
                Some(Tv),
                Some(247_718),
                Some("tt31510819"),
            ),
        ),
        (
            "chart-2025-12-shows-trending-page-1-limit-2.json",
            "trending:shows",
            2,
            (
                "Pluribus",
                Some(2025),
                Some(Tv),
                Some(225_171),
                Some("tt22202452"),
            ),
            (
                "Stranger Things",
                Some(2016),
                Some(Tv),
                Some(66_732),
                Some("tt4574334"),
            ),
        ),
        (
            "movies-boxoffice-traktpy.json",
            "boxoffice:movies",
            10,
            (
                "Get Out",
                Some(2017),
                Some(Movie),
                Some(419_430),
                Some("tt5052448"),
            ),
            (
                "Lion",
                Some(2016),
                Some(Movie),
                Some(334_543),
                Some("tt3741834"),
            ),
        ),
    ];
    for (file, list, count, first, last) in cases {
        let Some(file) = capture(&format!("trakt/{file}")) else {
            return;
        };
        let page = read("trakt", &file, list, "API");
        assert_eq!((page.entries.len(), page.dropped), (count, 0), "{list}");
        assert_eq!(told(page.entries.first().unwrap()), first, "{list}");
        assert_eq!(told(page.entries.last().unwrap()), last, "{list}");
        assert!(page.entries.iter().all(|entry| entry.year.is_some()));
        let is_show = list.ends_with("shows");
        assert!(
            page.entries
                .iter()
                .all(|entry| entry.tvdb_id.is_some() == is_show)
        );
    }
}

#[test]
fn the_captured_lists_of_trakt_are_read_entry_for_entry() {
    for (file, list, shows, movies, dropped) in [
        (
            "docs-example-custom-list-mixed-types.json",
            "one/list",
            2,
            1,
            2,
        ),
        ("flexget-get-list-0.json", "one/testlist", 1, 1, 1),
        ("flexget-pagination-0.json", "one/history", 0, 10, 0),
        (
            "flexget-watchlist-shows-empty.json",
            "one/watchlist",
            0,
            0,
            0,
        ),
    ] {
        let Some(file) = capture(&format!("trakt/{file}")) else {
            return;
        };
        let way = if list.ends_with("list") && !list.ends_with("watchlist") || list == "one/history"
        {
            "API#movies and shows"
        } else {
            "API"
        };
        let page = read("trakt", &file, list, way);
        let count = |media_type| {
            let of_it = |entry: &&Entry| entry.media_type == Some(media_type);
            page.entries.iter().filter(of_it).count()
        };
        assert_eq!(
            (count(MediaType::Tv), count(MediaType::Movie), page.dropped),
            (shows, movies, dropped),
            "{list}"
        );
        let rows: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let wanted = rows
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| match row["type"].as_str() {
                Some("movie") => Some(&row["movie"]),
                Some("show" | "season") => Some(&row["show"]),
                _ => None,
            });
        for (entry, row) in page.entries.iter().zip(wanted) {
            assert_eq!(Some(entry.title.as_str()), row["title"].as_str());
            assert_eq!(entry.year.map(i64::from), row["year"].as_i64());
            assert_eq!(entry.imdb_id.as_deref(), row["ids"]["imdb"].as_str());
            assert_eq!(entry.tmdb_id, row["ids"]["tmdb"].as_i64());
            assert_eq!(entry.tvdb_id, row["ids"]["tvdb"].as_i64());
        }
    }
}

#[test]
fn the_captured_pages_of_letterboxd_are_read_film_for_film() {
    type Film<'a> = (&'a str, Option<i32>, &'a str);
    /// File, list, films, those without a year, announced, pages, first and last film.
    type Case<'a> = (
        &'a str,
        &'a str,
        usize,
        usize,
        Option<u32>,
        Option<u32>,
        Film<'a>,
        Film<'a>,
    );
    let cases: [Case<'_>; 5] = [
        (
            "actor-filmography-unreleased-no-year.htm",
            "actor/michael-fassbender",
            68,
            6,
            None,
            None,
            ("Inglourious Basterds", Some(2009), "inglourious-basterds"),
            (
                "Untitled Nancy Meyers Film",
                None,
                "untitled-nancy-meyers-film",
            ),
        ),
        (
            "list-official-top250-p1-of-3.html",
            "dave/official-top-250-narrative-feature-films",
            100,
            0,
            Some(250),
            Some(3),
            ("Harakiri", Some(1962), "harakiri"),
            ("All About Eve", Some(1950), "all-about-eve"),
        ),
        (
            "user-films-p1-of-6.html",
            "spazznolo/films",
            72,
            0,
            None,
            Some(6),
            ("The Woman in Cabin 10", Some(2025), "the-woman-in-cabin-10"),
            ("Perfect Days", Some(2023), "perfect-days-2023"),
        ),
        (
            "watchlist-fragment-20.html",
            "one/watchlist",
            20,
            1,
            None,
            None,
            ("Lilya 4-ever", Some(2002), "lilya-4-ever"),
            ("Charcoal", Some(2022), "charcoal-2022"),
        ),
        (
            "watchlist-p1-of-15.html",
            "spazznolo/watchlist",
            28,
            0,
            Some(415),
            Some(15),
            (
                "The Chronology of Water",
                Some(2025),
                "the-chronology-of-water",
            ),
            ("Barry Lyndon", Some(1975), "barry-lyndon"),
        ),
    ];
    for (file, list, count, without_year, announced, pages, first, last) in cases {
        let Some(path) = capture(&format!("letterboxd/{file}")) else {
            return;
        };
        let page = read("letterboxd", &path, list, "page");
        let html = fs::read_to_string(path).unwrap();
        assert_eq!(page.entries.len(), count, "{file}");
        assert_eq!(html.matches(" data-item-slug=").count(), count, "{file}");
        let without = page.entries.iter().filter(|entry| entry.year.is_none());
        assert_eq!(without.count(), without_year, "{file}");
        assert_eq!(page.announced, announced, "{file}");
        let next = page.next.as_ref();
        assert_eq!(next.and_then(|next| next.carried), pages, "{file}");
        assert_eq!(next.is_some(), pages.is_some(), "{file}");
        let film = |entry: &Entry, (title, year, slug): Film<'_>| {
            assert_eq!((entry.title.as_str(), entry.year), (title, year), "{file}");
            assert_eq!(
                entry.source_id,
                Some(format!("letterboxd:{slug}")),
                "{file}"
            );
        };
        film(page.entries.first().unwrap(), first);
        film(page.entries.last().unwrap(), last);
        for entry in &page.entries {
            assert_eq!((entry.media_type, entry.tmdb_id), (None, None));
            let slug = entry.source_id.as_deref().unwrap();
            let slug = slug.strip_prefix("letterboxd:").unwrap();
            assert!(html.contains(&format!("data-item-slug=\"{slug}\"")));
            assert!(
                !entry.title.contains(['&', ';', '\u{200e}'])
                    || html.contains(&entry.title.replace('&', "&amp;")),
                "{}",
                entry.title
            );
        }
    }
}

#[test]
fn the_captured_challenge_is_a_wall_and_no_list() {
    let Some(file) = capture("letterboxd/cloudflare-challenge-403.html") else {
        return;
    };
    let body = fs::read_to_string(file).unwrap();
    for site in ["letterboxd", "trakt"] {
        let provider = find(site).unwrap();
        let list = ListToRead {
            id: "one/watchlist".into(),
            credential: Some(Credential::key("client-id")),
            ..ListToRead::default()
        };
        let ways = provider.ways(&list, &sites("http://site.test")).unwrap();
        for status in [403, 503, 200] {
            let answer = Answer {
                url: ways[0].first.url.clone(),
                status,
                headers: HeaderMap::new(),
                body: body.clone(),
            };
            let error = provider.parse(&list, &ways[0].first, &answer).unwrap_err();
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{site} {status}: {error}"
            );
        }
    }
}

#[test]
fn the_captured_pages_of_films_tell_their_ids_and_a_miniseries_is_a_show() {
    for (file, slug, media_type, tmdb_id, imdb_id) in [
        (
            "film-page-mulholland-drive.html",
            "mulholland-drive",
            MediaType::Movie,
            1018,
            "tt0166924",
        ),
        (
            "film-page-tv-miniseries-empty-tmdb-id.html",
            "unbelievable-2019",
            MediaType::Tv,
            91_275,
            "tt7909970",
        ),
    ] {
        let Some(file) = capture(&format!("letterboxd/{file}")) else {
            return;
        };
        let ids = read_detail("letterboxd", &file, &format!("letterboxd:{slug}"));
        let expected = Ids {
            season: None,
            tvdb_id: None,
            media_type: Some(media_type),
            imdb_id: Some(imdb_id.into()),
            tmdb_id: Some(tmdb_id),
        };
        assert_eq!(ids, expected);
    }
}
