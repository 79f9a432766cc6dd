//! AniList's answers over HTTP, from a site on loopback: chunks, pages, lists by name, charts,
//! refusals, and the map of ids.

use std::{cell::RefCell, ops::Range};

use actix_web::HttpResponse;
use reqwest::header::HeaderMap;
use runtime::socket::Gone;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::{Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::Anilist;
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{Answer, ListToRead, Provider, ProviderError, Request},
    providers::fixtures::{capture, read as read_file},
    walk::{Sink, Walk, Walked},
};

#[derive(Default)]
struct Kept(RefCell<Vec<Entry>>);

impl Sink for Kept {
    async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
        self.0.borrow_mut().extend(entries);
        Ok(())
    }
}

async fn read_on(
    bench: &Bench,
    site: &FakeSite,
    list: &str,
    limit: Option<u32>,
) -> (Walked, Vec<Entry>) {
    let (sites, kept) = (sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Anilist,
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            limit,
            ..ListToRead::default()
        },
        limit,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read(site: &FakeSite, list: &str, limit: Option<u32>) -> (Walked, Vec<Entry>) {
    read_on(&Bench::new(), site, list, limit).await
}

fn media(number: u32) -> Value {
    json!({"id": number, "idMal": null, "type": "ANIME", "format": "TV", "seasonYear": 2020,
        "startDate": {"year": 2020}, "title": {"english": format!("Show {number}")}})
}

fn entries(numbers: Range<u32>) -> Vec<Value> {
    numbers
        .map(|number| json!({"status": "PLANNING", "media": media(number)}))
        .collect()
}

fn chunk(numbers: Range<u32>, has_next: bool) -> HttpResponse {
    HttpResponse::Ok().json(json!({"data": {"MediaListCollection": {
        "hasNextChunk": has_next,
        "user": {"name": "Ada", "mediaListOptions": {"animeList": {"customLists": []}}},
        "lists": [{"name": "Planning", "status": "PLANNING", "isCustomList": false,
            "entries": entries(numbers)}],
    }}}))
}

fn variables(hit: &Hit) -> Value {
    let body: Value = serde_json::from_str(&hit.body).unwrap();
    body["variables"].clone()
}

/// No map of ids, unless a test has one.
fn without_map(hit: &Hit) -> Option<HttpResponse> {
    (hit.path == "/anime-map.json").then(|| HttpResponse::NotFound().finish())
}

fn questions(site: &FakeSite) -> Vec<Hit> {
    let hits = site.hits().into_iter();
    hits.filter(|hit| hit.path != "/anime-map.json").collect()
}

#[actix_rt::test]
async fn every_chunk_of_a_list_is_read() {
    let site = FakeSite::start(|hit| {
        without_map(hit).unwrap_or_else(|| match variables(hit)["chunk"].as_u64() {
            Some(1) => chunk(1..501, true),
            Some(2) => chunk(501..601, true),
            Some(3) => chunk(601..611, false),
            other => panic!("chunk {other:?} was asked for"),
        })
    })
    .await;
    let (walked, entries) = read(&site, "ada/planning", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.pages, entries.len()), (3, 610));
    assert_eq!(walked.name.as_deref(), Some("Planning (Ada on AniList)"));
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=610));
    assert_eq!(entries[609].source_id.as_deref(), Some("anilist:610"));
    for hit in questions(&site) {
        assert_eq!(variables(&hit)["user"], "ada");
        assert_eq!(variables(&hit)["statuses"], json!(["PLANNING"]));
        assert_eq!(variables(&hit)["perChunk"], 500);
        assert_eq!(hit.header("content-type"), Some("application/json"));
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn a_list_that_moves_between_two_chunks_is_not_complete() {
    let site = FakeSite::start(|hit| {
        without_map(hit).unwrap_or_else(|| match variables(hit)["chunk"].as_u64() {
            Some(1) => chunk(1..501, true),
            _ => chunk(500..601, false),
        })
    })
    .await;
    let (walked, _) = read(&site, "ada", None).await;
    assert!(
        matches!(
            &walked.outcome,
            FetchOutcome::Partial {
                cause: Cause::Inconsistent,
                ..
            }
        ),
        "{walked:?}"
    );
}

#[actix_rt::test]
async fn where_chunks_fail_pages_are_read() {
    let site = FakeSite::start(|hit| {
        if let Some(answer) = without_map(hit) {
            return answer;
        }
        match variables(hit)["page"].as_u64() {
            None => HttpResponse::Ok().json(json!({"data": {"MediaListCollection": null}})),
            Some(page) => {
                let page = u32::try_from(page).unwrap();
                let rows = entries(page * 50 - 49..page * 50 + 1);
                HttpResponse::Ok().json(json!({"data": {"Page": {
                    "pageInfo": {"hasNextPage": page < 3}, "mediaList": rows}}}))
            }
        }
    })
    .await;
    let (walked, entries) = read(&site, "ada/planning", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 150)
    );
}

#[actix_rt::test]
async fn an_empty_list_is_empty() {
    let site = FakeSite::start(|_| {
        HttpResponse::Ok().json(json!({"data": {"MediaListCollection": {
            "hasNextChunk": false, "user": {"name": "Ada"}, "lists": []}}}))
    })
    .await;
    let (walked, entries) = read(&site, "ada", None).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
}

#[actix_rt::test]
async fn a_chart_is_read_as_far_as_it_is_wanted() {
    let site = FakeSite::start(|hit| {
        if let Some(answer) = without_map(hit) {
            return answer;
        }
        let page = u32::try_from(variables(hit)["page"].as_u64().unwrap()).unwrap();
        let rows: Vec<_> = (page * 50 - 49..=page * 50).map(media).collect();
        HttpResponse::Ok()
            .json(json!({"data": {"Page": {"pageInfo": {"hasNextPage": true}, "media": rows}}}))
    })
    .await;
    for (limit, expected, pages) in [(None, 100, 2), (Some(30), 30, 1), (Some(120), 120, 3)] {
        let before = questions(&site).len();
        let (walked, entries) = read(&site, "chart:trending", limit).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete, "{limit:?}");
        assert_eq!(entries.len(), expected, "{limit:?}");
        assert_eq!(questions(&site).len() - before, pages, "{limit:?}");
    }
    let (walked, _) = read(&site, "chart:winter-2026", Some(10)).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    let asked = variables(questions(&site).last().unwrap());
    assert_eq!(
        (&asked["season"], &asked["year"], &asked["sort"]),
        (&json!("WINTER"), &json!(2026), &json!(["POPULARITY_DESC"]))
    );
}

#[actix_rt::test]
async fn too_many_requests_end_a_reading_that_may_be_repeated() {
    let site = FakeSite::start(|_| {
        HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "3600"))
            .json(
                json!({"data": null, "errors": [{"message": "Too Many Requests.", "status": 429}]}),
            )
    })
    .await;
    let (walked, _) = read(&site, "ada", None).await;
    assert!(
        matches!(
            &walked.outcome,
            FetchOutcome::Failed {
                retryable: true,
                cause: Cause::QuotaUsedUp,
                ..
            }
        ),
        "{walked:?}"
    );
    assert_eq!(site.hits().len(), 1, "the other way is not tried");
}

fn parsed(list: &str, status: u16, body: &str) -> Result<crate::provider::Page, ProviderError> {
    let list = ListToRead {
        id: list.into(),
        ..ListToRead::default()
    };
    let ways = Anilist.ways(&list, &sites("http://anilist.test")).unwrap();
    let first: &Request = &ways[0].first;
    let answer = Answer {
        status,
        url: first.url.clone(),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    Anilist.parse(&list, first, &answer)
}

fn refused(list: &str, status: u16, message: &str) -> ProviderError {
    let body = json!({"errors": [{"message": message, "status": status,
        "locations": [{"line": 1, "column": 1}]}], "data": {"MediaListCollection": null}});
    parsed(list, status, &body.to_string()).unwrap_err()
}

#[test]
fn refusals_are_told_apart_and_say_what_to_do() {
    let of = |error: ProviderError| match error {
        ProviderError::Refused {
            cause,
            reason,
            remedy,
        } => {
            assert!(remedy.ends_with('.'), "{remedy}");
            (cause, reason)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        of(refused("ada", 404, "Private User")),
        (
            Cause::Private,
            "AniList does not show the lists of ada: the profile is private".into()
        )
    );
    assert_eq!(
        of(refused("ada/planning", 404, "User not found")),
        (Cause::NotFound, "AniList has no user ada".into())
    );
    assert_eq!(of(refused("ada", 404, "Not Found.")).0, Cause::NotFound);
    assert_eq!(
        of(refused("ada", 429, "Too Many Requests.")).0,
        Cause::QuotaUsedUp
    );
    for (status, message) in [
        (500, "Internal Server Error"),
        (403, "The AniList API has been temporarily disabled."),
    ] {
        let error = refused("ada", status, message);
        assert_eq!(
            error,
            ProviderError::Failed {
                what: message.into()
            }
        );
    }
    let changed = refused("ada", 400, "Validation");
    assert!(
        matches!(changed, ProviderError::Changed { .. }),
        "{changed}"
    );
    // A chart has no user who could be absent.
    let changed = refused("chart:popular", 404, "Not Found.");
    assert!(
        matches!(changed, ProviderError::Changed { .. }),
        "{changed}"
    );
    let blocked = parsed("ada", 403, "<html><title>Just a moment...</title>").unwrap_err();
    assert!(
        matches!(blocked, ProviderError::Blocked { .. }),
        "{blocked}"
    );
}

#[test]
fn errors_beside_entries_are_no_list() {
    let body = json!({"data": {"MediaListCollection": {"hasNextChunk": false,
        "lists": [{"name": "Planning", "entries": entries(1..3)}]}},
        "errors": [{"message": "Internal Server Error", "status": 500}]});
    let error = parsed("ada", 200, &body.to_string()).unwrap_err();
    assert!(matches!(error, ProviderError::Failed { .. }), "{error}");
}

#[test]
fn what_is_no_list_is_a_change_and_not_an_empty_list() {
    let full = json!({"data": {"MediaListCollection": {"lists": [{"entries": entries(1..501)}]}}});
    for body in [
        "<html>maintenance",
        "{",
        "[]",
        "{}",
        r#"{"data":null}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"MediaListCollection":null}}"#,
        r#"{"data":{"MediaListCollection":{"hasNextChunk":false}}}"#,
        r#"{"data":{"MediaListCollection":{"hasNextChunk":false,"lists":[{"name":"x"}]}}}"#,
        r#"{"data":{"MediaListCollection":{"hasNextChunk":false,"lists":[{"entries":[{"media":{}}]}]}}}"#,
        r#"{"data":{"Page":{"pageInfo":{"hasNextPage":false}}}}"#,
        &full.to_string(),
    ] {
        let error = parsed("ada", 200, body).unwrap_err();
        assert!(
            matches!(error, ProviderError::Changed { .. }),
            "{body}: {error}"
        );
    }
    let empty = r#"{"data":{"Page":{"pageInfo":{"hasNextPage":false},"media":[]}}}"#;
    assert!(matches!(
        parsed("chart:trending", 200, empty),
        Err(ProviderError::Changed { .. })
    ));
    assert!(parsed("chart:winter-2030", 200, empty).is_ok());
    for silent in [
        r#"{"data":{"MediaListCollection":{"lists":[]}}}"#,
        r#"{"data":{"Page":{"mediaList":[]}}}"#,
    ] {
        assert!(matches!(
            parsed("ada", 200, silent),
            Err(ProviderError::Changed { .. })
        ));
    }
    let endless = r#"{"data":{"MediaListCollection":{"hasNextChunk":true,"lists":[]}}}"#;
    assert!(matches!(
        parsed("ada", 200, endless),
        Err(ProviderError::Failed { .. })
    ));
}

#[test]
fn a_list_that_the_user_does_not_have_is_told_from_an_empty_one() {
    let body = |custom: &[&str]| {
        json!({"data": {"MediaListCollection": {"hasNextChunk": false,
            "user": {"name": "Ada", "mediaListOptions": {"animeList": {"customLists": custom}}},
            "lists": [{"name": "Planning", "status": "PLANNING", "entries": entries(1..3)}]}}})
        .to_string()
    };
    let empty = parsed("ada/rainy-days", 200, &body(&["Rainy Days"])).unwrap();
    assert_eq!(
        (empty.entries.len(), empty.dropped, empty.next),
        (0, 0, None)
    );
    let error = parsed("ada/rainy-days", 200, &body(&["Sunny"])).unwrap_err();
    assert!(
        matches!(&error, ProviderError::Refused { cause: Cause::NotFound, reason, .. }
            if reason == "ada has no list `rainy-days` on AniList"),
        "{error:?}"
    );
    assert!(parsed("ada/completed-movie", 200, &body(&[])).is_ok());
}

#[test]
fn a_film_is_a_film_and_other_formats_are_shows() {
    for (format, expected) in [
        ("MOVIE", Some(MediaType::Movie)),
        ("TV", Some(MediaType::Tv)),
        ("TV_SHORT", Some(MediaType::Tv)),
        ("ONA", Some(MediaType::Tv)),
        ("OVA", Some(MediaType::Tv)),
        ("SPECIAL", Some(MediaType::Tv)),
        ("HOLOGRAM", None),
    ] {
        let mut row = media(1);
        row["format"] = json!(format);
        let body = json!({"data": {"Page": {"pageInfo": {"hasNextPage": false}, "media": [row]}}});
        let page = parsed("chart:popular", 200, &body.to_string()).unwrap();
        assert_eq!(page.entries[0].media_type, expected, "{format}");
    }
}

#[actix_rt::test]
async fn ids_come_from_the_map_and_two_seasons_of_a_show_stay_two_entries() {
    let site = FakeSite::start(|hit| {
        if hit.path == "/anime-map.json" {
            return HttpResponse::Ok().json(json!([
                {"type": "TV", "anilist_id": 1, "themoviedb_id": {"tv": 7}, "tvdb_id": 8,
                    "imdb_id": ["tt9000001"], "season": {"tvdb": 1, "tmdb": 1}},
                {"type": "TV", "anilist_id": 2, "themoviedb_id": {"tv": 7}, "tvdb_id": 8,
                    "imdb_id": ["tt9000001"], "season": {"tvdb": 2, "tmdb": 2}},
                {"type": "OVA", "anilist_id": 3, "themoviedb_id": {"movie": [9]}}
            ]));
        }
        chunk(1..5, false)
    })
    .await;
    let bench = Bench::new();
    for _ in 0..2 {
        let (walked, entries) = read_on(&bench, &site, "ada", None).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete);
        let told: Vec<_> = entries
            .iter()
            .map(|entry| {
                let id = entry.source_id.as_deref().unwrap();
                (id, entry.tmdb_id, entry.tvdb_id, entry.season)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("anilist:1", Some(7), Some(8), Some(1)),
                ("anilist:2", Some(7), Some(8), Some(2)),
                ("anilist:3", Some(9), None, None),
                ("anilist:4", None, None, None),
            ]
        );
        assert_eq!(entries[0].imdb_id.as_deref(), Some("tt9000001"));
        assert_eq!(entries[2].media_type, Some(MediaType::Movie));
        assert_eq!(entries[3].media_type, Some(MediaType::Tv));
    }
    let maps = site.hits().len() - questions(&site).len();
    assert_eq!(maps, 1, "it is fetched once");
}

#[actix_rt::test]
async fn a_memory_that_fails_makes_the_reading_partial_and_loses_no_entry() {
    let site = FakeSite::start(|_| chunk(1..5, false)).await;
    let bench = Bench::new();
    bench.spoil();
    let (walked, entries) = read_on(&bench, &site, "ada", None).await;
    assert_eq!(entries.len(), 4);
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, retryable: true, .. }
            if reason.starts_with("the ids of 4 titles could not be read")),
        "{walked:?}"
    );
}

#[actix_rt::test]
async fn without_an_address_of_the_map_none_is_asked_for() {
    let site = FakeSite::start(|_| chunk(1..5, false)).await;
    let (bench, kept) = (Bench::new(), Kept::default());
    let mut sites = sites(&site.url);
    sites.anime_map_url = String::new();
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Anilist,
        sites: &sites,
        list: ListToRead {
            id: "ada".into(),
            ..ListToRead::default()
        },
        limit: None,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((site.hits().len(), kept.0.take().len()), (1, 4));
}

#[test]
fn the_captured_page_of_a_list_is_read_entry_for_entry() {
    let Some(file) = capture("anilist/mediaList-page1.json") else {
        return;
    };
    let page = read_file("anilist", &file, "one", "pages");
    let data: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let rows = data["data"]["Page"]["mediaList"].as_array().unwrap();
    assert_eq!((page.entries.len(), rows.len(), page.dropped), (50, 50, 0));
    for (entry, row) in page.entries.iter().zip(rows) {
        assert_eq!(
            Some(entry.title.as_str()),
            row["media"]["title"]["userPreferred"].as_str()
        );
        assert_eq!(
            entry.source_id,
            Some(format!("anilist:{}", row["media"]["id"]))
        );
    }
    assert_eq!(page.entries[0].title, ".hack//Sign");
    assert_eq!(page.entries[49].title, "Black★Rock Shooter (TV)");
    let next: Value = serde_json::from_str(page.next.unwrap().body.as_deref().unwrap()).unwrap();
    assert_eq!(next["variables"]["page"], 2);
}

#[test]
fn the_captured_collection_is_read_entry_for_entry() {
    let Some(file) = capture("anilist/medialistcollection-yamtrack-trimmed.json") else {
        return;
    };
    let page = read_file("anilist", &file, "one", "GraphQL");
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.title.as_str(), entry.source_id.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("Chainsaw Man", "myanimelist:44511"),
            ("FLCL", "myanimelist:227"),
            ("Hyouka", "myanimelist:12189"),
            ("Blue Lock", "myanimelist:49596"),
        ]
    );
    // Manga is no anime.
    assert_eq!((page.dropped, page.next), (2, None));
}
