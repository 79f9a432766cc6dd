//! `MDBList`'s answers over HTTP, from a site on loopback: both ways, pages, totals, refusals.

use std::{cell::RefCell, ops::Range};

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::Cause,
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::MdbLists;
use crate::{
    fake_site::{Bench, FakeSite, Hit, Unhurried, sites},
    provider::{ListToRead, Provider},
    providers::fixtures,
    resolve::resolve,
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

async fn read(site: &FakeSite, list: &str, key: Option<&str>) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let fetcher = bench.fetcher();
    let walk = Walk {
        fetcher: &fetcher,
        provider: &Unhurried(&MdbLists),
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            credential: key.map(Credential::key),
            ..ListToRead::default()
        },
        limit: None,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

fn rows(numbers: Range<u32>) -> Vec<Value> {
    let row = |number| {
        json!({"id": number, "rank": number * 100, "title": format!("Film {number}"),
            "imdb_id": format!("tt{number:07}"), "mediatype": "movie", "release_year": 2000})
    };
    numbers.map(row).collect()
}

fn asked(hit: &Hit, key: &str) -> Option<String> {
    url::form_urlencoded::parse(hit.query.as_bytes())
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.into_owned())
}

fn offset(hit: &Hit) -> u32 {
    asked(hit, "offset").unwrap().parse().unwrap()
}

fn more(is_more: bool, body: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("x-has-more", if is_more { "true" } else { "false" }))
        .json(body)
}

fn of_api(hit: &Hit) -> HttpResponse {
    assert_eq!(asked(hit, "apikey").as_deref(), Some("a key"));
    match hit.path.as_str() {
        "/lists/one/quiet" => HttpResponse::Ok()
            .json(json!([{"id": 5, "name": "Quiet Films", "slug": "quiet", "items": 1005}])),
        "/lists/one/quiet/items" if offset(hit) == 0 => more(true, &rows(1..1001)),
        "/lists/one/quiet/items" => more(false, &rows(1001..1006)),
        path => panic!("{path}"),
    }
}

#[actix_rt::test]
async fn with_a_key_the_total_is_asked_first_and_all_pages_are_read() {
    let site = FakeSite::start(of_api).await;
    let (walked, entries) = read(&site, "one/quiet", Some(" a key ")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), walked.announced), (1005, Some(1005)));
    assert_eq!(walked.name.as_deref(), Some("Quiet Films"));
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=1005));
    let hits = site.hits();
    assert_eq!(hits.len(), 3);
    assert_eq!(asked(&hits[1], "limit").as_deref(), Some("1000"));
    assert_eq!((offset(&hits[1]), offset(&hits[2])), (0, 1000));
}

#[actix_rt::test]
async fn a_first_look_tells_name_and_size_by_one_request() {
    let site = FakeSite::start(of_api).await;
    let (bench, sites) = (Bench::new(), sites(&site.url));
    let list = MdbLists.recognize("mdblist:one/quiet").unwrap();
    let key = Some(Credential::key("a key"));
    let seen = resolve(&bench.fetcher(), &MdbLists, &sites, list.clone(), key).await;
    assert_eq!((seen.name.as_str(), seen.size), ("Quiet Films", Some(1005)));
    assert_eq!((seen.missing, seen.problem), (None, None));
    assert_eq!(site.hits().len(), 1);
    let watchlist = MdbLists.recognize("mdblist:watchlist").unwrap();
    let seen = resolve(&bench.fetcher(), &MdbLists, &sites, watchlist, None).await;
    assert_eq!(seen.missing.unwrap().cause, Cause::NeedsKey);
}

#[actix_rt::test]
async fn fewer_entries_than_announced_are_a_partial_reading() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/lists/7" => HttpResponse::Ok().json(json!({"name": "Seven", "items": 9})),
        _ => more(false, &rows(1..8)),
    })
    .await;
    let (walked, entries) = read(&site, "7", Some("a key")).await;
    let FetchOutcome::Partial { reason, cause, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert_eq!(reason, "the site announced 9 entries, 7 could be read");
    assert_eq!((cause, entries.len()), (Cause::Inconsistent, 7));
}

#[actix_rt::test]
async fn without_a_key_the_public_document_is_read_to_its_end() {
    let site = FakeSite::start(|hit| {
        assert_eq!(hit.path, "/lists/one/quiet/json");
        match offset(hit) {
            0 => more(true, &rows(1..101)),
            100 => more(true, &rows(101..201)),
            200 => more(false, &rows(201..204)),
            other => panic!("{other}"),
        }
    })
    .await;
    let (walked, entries) = read(&site, "one/quiet", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (203, 3));
}

#[actix_rt::test]
async fn where_nothing_tells_whether_there_is_more_a_round_page_is_asked_beyond() {
    let site = FakeSite::start(|hit| match offset(hit) {
        0 => HttpResponse::Ok().json(rows(1..101)),
        100 => HttpResponse::Ok().json(rows(101..141)),
        _ => HttpResponse::Ok().json(json!([])),
    })
    .await;
    let (walked, entries) = read(&site, "one/quiet", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (140, 3));
    let deaf = FakeSite::start(|_| HttpResponse::Ok().json(rows(1..21))).await;
    let (walked, entries) = read(&deaf, "one/quiet", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), deaf.hits().len()), (20, 2));
    let odd = FakeSite::start(|_| HttpResponse::Ok().json(rows(1..24))).await;
    let (_, entries) = read(&odd, "one/quiet", None).await;
    assert_eq!((entries.len(), odd.hits().len()), (23, 1));
}

#[actix_rt::test]
async fn a_cursor_is_followed_where_the_answer_has_one() {
    let site = FakeSite::start(|hit| match asked(hit, "cursor").as_deref() {
        None => HttpResponse::Ok().json(json!({"movies": rows(1..4), "shows": [],
            "pagination": {"has_more": true, "next_cursor": "a+b/c="}})),
        Some("a+b/c=") => HttpResponse::Ok().json(json!({"movies": rows(4..6), "shows": [],
            "pagination": {"has_more": false, "next_cursor": null}})),
        Some(other) => panic!("{other}"),
    })
    .await;
    let (walked, entries) = read(&site, "watchlist", Some("a key")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (5, 2));
    assert_eq!(site.hits()[0].path, "/watchlist/items");
}

#[actix_rt::test]
async fn a_page_that_repeats_though_there_is_more_is_a_partial_reading() {
    let site = FakeSite::start(|_| more(true, &rows(1..11))).await;
    let (walked, entries) = read(&site, "one/quiet", None).await;
    assert!(
        matches!(walked.outcome, FetchOutcome::Partial { .. }),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 10);
}

#[actix_rt::test]
async fn a_used_up_key_is_told_and_the_list_is_not_asked_for_elsewhere() {
    let site = FakeSite::start(|_| {
        HttpResponse::Ok().json(json!({"response": false, "error": "API Limit Reached!"}))
    })
    .await;
    let (walked, entries) = read(&site, "one/quiet", Some("a key")).await;
    assert_eq!(walked.outcome.cause(), Some(Cause::QuotaUsedUp));
    assert!(matches!(walked.outcome, FetchOutcome::Refused { .. }));
    assert_eq!((entries.len(), site.hits().len()), (0, 1));
}

#[actix_rt::test]
async fn an_api_that_is_not_understood_leaves_the_public_document() {
    let site = FakeSite::start(|hit| {
        if hit.path.ends_with("/json") {
            more(false, &rows(1..4))
        } else {
            HttpResponse::Ok().json(json!({"unheard": "of"}))
        }
    })
    .await;
    let (walked, entries) = read(&site, "one/quiet", Some("a key")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(entries.len(), 3);
    let hits = site.hits();
    assert_eq!(hits[1].path, "/lists/one/quiet/json");
    assert!(!hits[1].query.contains("apikey"), "{}", hits[1].query);
}

#[actix_rt::test]
async fn failures_of_the_site_never_look_like_an_empty_list() {
    for (status, kind, body) in [
        (429, "application/json", "{}"),
        (500, "text/html", "<html>"),
        (200, "text/html", "<html>We are back soon"),
        (200, "application/json", "{}"),
        (200, "application/json", "["),
        (200, "application/json", "null"),
        (200, "application/json", r#"[{"thing":1}]"#),
        (404, "text/html", "<html>"),
    ] {
        let site = FakeSite::start(move |_| {
            HttpResponse::build(u16::try_into(status).unwrap())
                .content_type(kind)
                .insert_header(("retry-after", "600"))
                .body(body)
        })
        .await;
        let (walked, _) = read(&site, "one/quiet", None).await;
        assert!(
            matches!(
                walked.outcome,
                FetchOutcome::Failed { .. } | FetchOutcome::Refused { .. }
            ),
            "{status} {body}: {walked:?}"
        );
    }
}

#[actix_rt::test]
async fn what_only_a_key_shows_is_refused_without_one() {
    let site = FakeSite::start(|_| HttpResponse::Ok().finish()).await;
    for list in ["watchlist", "1234", "external/55"] {
        let (walked, _) = read(&site, list, Some("  ")).await;
        let FetchOutcome::Refused {
            reason,
            remedy,
            cause,
        } = walked.outcome
        else {
            panic!("{walked:?}");
        };
        assert_eq!(cause, Cause::NeedsKey);
        assert!(
            reason.contains(list) && remedy.contains("MDBLIST_KEY"),
            "{reason}"
        );
    }
    assert!(site.hits().is_empty());
}

#[test]
fn the_key_is_shown_nowhere_and_counted_by_day() {
    let list = ListToRead {
        id: "one/quiet".into(),
        credential: Some(Credential::key("very-secret")),
        ..ListToRead::default()
    };
    let ways = MdbLists.ways(&list, &sites("http://site.test")).unwrap();
    let names: Vec<_> = ways.iter().map(|way| way.name).collect();
    assert_eq!(names, ["API", "JSON"]);
    assert!(!format!("{list:?} {ways:?}").contains("very-secret"));
    let per_day = |way: usize| MdbLists.politeness_of(&ways[way].first).per_day;
    assert_eq!((per_day(0), per_day(1)), (Some(1000), None));
}

#[test]
fn the_captured_answers_are_read_entry_for_entry() {
    use schema::models::MediaType::{Movie, Tv};
    type Told<'a> = (
        &'a str,
        i32,
        schema::models::MediaType,
        &'a str,
        i64,
        Option<i64>,
    );
    let cases: [(&str, &str, Vec<Told<'_>>); 2] = [
        (
            "api-list-items-sonarr.json",
            "API#items",
            vec![
                (
                    "Scam 1992: The Harshad Mehta Story",
                    2020,
                    Tv,
                    "tt12392504",
                    90_823,
                    Some(389_680),
                ),
                ("Panchayat", 2020, Tv, "tt12004706", 101_352, Some(379_446)),
                (
                    "Beetlejuice Beetlejuice",
                    2024,
                    Movie,
                    "tt2049403",
                    917_496,
                    None,
                ),
            ],
        ),
        (
            "direct-list-json-sonarr.json",
            "JSON",
            vec![
                ("Panchayat", 2020, Tv, "tt12004706", 101_352, Some(379_446)),
                ("Fight Club", 1999, Movie, "tt0137523", 550, None),
            ],
        ),
    ];
    for (file, way, expected) in cases {
        let Some(path) = fixtures::capture(&format!("mdblist/{file}")) else {
            return;
        };
        let page = fixtures::read("mdblist", &path, "one/quiet", way);
        let told: Vec<Told<'_>> = page
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.title.as_str(),
                    entry.year.unwrap(),
                    entry.media_type.unwrap(),
                    entry.imdb_id.as_deref().unwrap(),
                    entry.tmdb_id.unwrap(),
                    entry.tvdb_id,
                )
            })
            .collect();
        assert_eq!(told, expected, "{file}");
        assert_eq!((page.dropped, page.next), (0, None), "{file}");
    }
}
