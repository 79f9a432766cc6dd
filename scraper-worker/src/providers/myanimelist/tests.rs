//! MyAnimeList's answers over HTTP, from a site on loopback: both ways, pages, refusals.

use std::{cell::RefCell, ops::Range};

use actix_web::HttpResponse;
use reqwest::header::HeaderMap;
use runtime::socket::Gone;
use schema::{
    models::Cause,
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::MyAnimeList;
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{Answer, ListToRead, Page, Provider, ProviderError},
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

async fn read(site: &FakeSite, list: &str, client_id: Option<&str>) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &MyAnimeList,
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            credential: client_id.map(Credential::key),
            ..ListToRead::default()
        },
        limit: None,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

fn number(hit: &Hit, key: &str) -> Option<u32> {
    let (_, value) =
        url::form_urlencoded::parse(hit.query.as_bytes()).find(|(known, _)| known == key)?;
    Some(value.parse().unwrap())
}

fn rows(numbers: Range<u32>) -> Value {
    let row = |number| {
        json!({"anime_id": number, "anime_title": format!("Show {number}"),
            "anime_media_type_string": "TV", "anime_start_date_string": "04-07-13", "status": 6})
    };
    numbers.map(row).collect()
}

fn nodes(numbers: Range<u32>, has_next: bool) -> Value {
    let node = |number| json!({"node": {"id": number, "title": format!("Show {number}"), "media_type": "tv"}});
    let rows: Vec<_> = numbers.map(node).collect();
    let paging = if has_next {
        json!({"next": "https://elsewhere.example/next"})
    } else {
        json!({})
    };
    json!({"data": rows, "paging": paging})
}

/// Hits that are not for the map of ids.
fn asked(site: &FakeSite) -> Vec<Hit> {
    let hits = site.hits().into_iter();
    hits.filter(|hit| hit.path != "/anime-map.json").collect()
}

#[actix_rt::test]
async fn every_page_of_a_list_is_read_without_a_key() {
    let site = FakeSite::start(|hit| match number(hit, "offset") {
        Some(0) => HttpResponse::Ok().json(rows(1..301)),
        Some(300) => HttpResponse::Ok().json(rows(301..401)),
        Some(400) => HttpResponse::Ok().json(rows(401..412)),
        // There is no map of ids here.
        _ => HttpResponse::NotFound().finish(),
    })
    .await;
    let (walked, entries) = read(&site, "ada/plan_to_watch", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.pages, entries.len()), (3, 411));
    assert_eq!(entries[410].source_id.as_deref(), Some("myanimelist:411"));
    assert_eq!(entries[410].year, Some(2013));
    for hit in asked(&site) {
        assert_eq!(hit.path, "/animelist/ada/load.json");
        assert_eq!(number(&hit, "status"), Some(6));
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn a_round_number_of_entries_is_followed_by_a_look_for_more() {
    let site = FakeSite::start(|hit| match number(hit, "offset") {
        Some(0) => HttpResponse::Ok().json(rows(1..51)),
        _ => HttpResponse::Ok().body("[]"),
    })
    .await;
    let (walked, entries) = read(&site, "ada", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 50)
    );
    let empty = FakeSite::start(|_| HttpResponse::Ok().body("[]")).await;
    let (walked, entries) = read(&empty, "ada", None).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
}

#[actix_rt::test]
async fn with_a_client_id_the_api_is_asked_and_never_another_address() {
    let site = FakeSite::start(|hit| match (hit.path.as_str(), number(hit, "offset")) {
        ("/v2/users/ada/animelist", None) => HttpResponse::Ok().json(nodes(1..1001, true)),
        ("/v2/users/ada/animelist", Some(1000)) => {
            HttpResponse::Ok().json(nodes(1001..1005, false))
        }
        _ => HttpResponse::NotFound().finish(),
    })
    .await;
    let (walked, entries) = read(&site, "ada/plan_to_watch", Some("client-id")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.pages, entries.len()), (2, 1004));
    for hit in asked(&site) {
        assert_eq!(hit.header("x-mal-client-id"), Some("client-id"));
        assert!(hit.query.contains("status=plan_to_watch"), "{}", hit.query);
        assert!(hit.query.contains("nsfw=true"), "{}", hit.query);
    }
}

#[actix_rt::test]
async fn with_a_wrong_client_id_the_page_is_read() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/v2/users/ada/animelist" => HttpResponse::BadRequest()
            .json(json!({"message": "Invalid client id", "error": "bad_request"})),
        "/animelist/ada/load.json" => HttpResponse::Ok().json(rows(1..4)),
        _ => HttpResponse::NotFound().finish(),
    })
    .await;
    let (walked, entries) = read(&site, "ada", Some("wrong")).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
}

#[actix_rt::test]
async fn a_private_list_is_told_from_an_absent_user() {
    let site = |profile: u16| {
        FakeSite::start(move |hit| match hit.path.as_str() {
            "/animelist/ada/load.json" => {
                HttpResponse::BadRequest().json(json!({"errors": [{"message": "invalid request"}]}))
            }
            "/profile/ada" => {
                let status = actix_web::http::StatusCode::from_u16(profile).unwrap();
                HttpResponse::build(status).body("<html>")
            }
            path => panic!("{path} was asked for"),
        })
    };
    for (profile, cause, reason) in [
        (
            200,
            Cause::Private,
            "MyAnimeList does not show the list of ada: it is private",
        ),
        (404, Cause::NotFound, "MyAnimeList has no user ada"),
        (
            403,
            Cause::Blocked,
            "MyAnimeList turned us away (status 403)",
        ),
    ] {
        let (walked, entries) = read(&site(profile).await, "ada", None).await;
        assert!(
            matches!(&walked.outcome, FetchOutcome::Refused { cause: told, reason: why, remedy }
                if *told == cause && why == reason && remedy.ends_with('.')),
            "{profile}: {walked:?}"
        );
        assert!(entries.is_empty());
    }
}

/// Reads an answer to the first request of a way: the API, the page.
fn parsed(way: usize, status: u16, body: &str) -> Result<Page, ProviderError> {
    let list = ListToRead {
        id: "ada".into(),
        credential: Some(Credential::key("client-id")),
        ..ListToRead::default()
    };
    let sites = sites("http://mal.test");
    let first = MyAnimeList.ways(&list, &sites).unwrap().remove(way).first;
    let answer = Answer {
        status,
        url: first.url.clone(),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    MyAnimeList.parse(&list, &first, &answer)
}

#[test]
fn refusals_of_both_ways_are_told_apart_and_say_what_to_do() {
    let not_found = r#"{"error":"not_found","message":""}"#;
    let not_permitted = r#"{"error":"not_permitted","message":""}"#;
    for (way, status, body, cause) in [
        (0, 404, not_found, Cause::NotFound),
        (0, 403, not_permitted, Cause::Private),
        (1, 404, "<html>", Cause::NotFound),
        (1, 403, r#"{"errors":[]}"#, Cause::Private),
        (1, 401, "", Cause::Private),
    ] {
        let error = parsed(way, status, body).unwrap_err();
        assert!(
            matches!(&error, ProviderError::Refused { cause: told, reason, remedy }
                if *told == cause && reason.contains("ada") && remedy.ends_with('.')),
            "{way} {status}: {error:?}"
        );
    }
    for (way, status, body) in [
        (0, 403, "<html>denied"),
        (1, 403, "<html>denied"),
        (1, 202, ""),
        (1, 405, "<html>"),
    ] {
        let error = parsed(way, status, body).unwrap_err();
        assert!(
            matches!(error, ProviderError::Blocked { .. }),
            "{way} {status}: {error}"
        );
    }
    let wrong_key = r#"{"message":"Invalid client id","error":"bad_request"}"#;
    assert!(matches!(
        parsed(0, 400, wrong_key),
        Err(ProviderError::Failed { what }) if what.contains("MYANIMELIST_CLIENT_ID")
    ));
    assert!(matches!(
        parsed(0, 500, r#"{"error":"internal_error"}"#),
        Err(ProviderError::Failed { .. })
    ));
}

#[test]
fn what_is_no_list_is_a_change_and_not_an_empty_list() {
    for body in [
        "<html>maintenance",
        "{",
        "{}",
        "null",
        "[{}]",
        r#"[{"anime_id":0,"anime_title":""}]"#,
        r#"{"data":null,"paging":{}}"#,
        r#"{"data":[]}"#,
        r#"{"data":[{"node":{"id":1}}],"paging":{}}"#,
    ] {
        for way in 0..2 {
            let error = parsed(way, 200, body).unwrap_err();
            assert!(
                matches!(error, ProviderError::Changed { .. }),
                "{body}: {error}"
            );
        }
    }
    let full = nodes(1..1001, false);
    let full = json!({"data": full["data"]}).to_string();
    assert!(matches!(
        parsed(0, 200, &full),
        Err(ProviderError::Changed { .. })
    ));
    let endless = r#"{"data":[],"paging":{"next":"https://elsewhere.example"}}"#;
    assert!(matches!(
        parsed(0, 200, endless),
        Err(ProviderError::Failed { .. })
    ));
}

#[actix_rt::test]
async fn a_page_that_fails_after_others_makes_the_reading_partial() {
    let site = FakeSite::start(|hit| match number(hit, "offset") {
        Some(0) => HttpResponse::Ok().json(rows(1..301)),
        _ => HttpResponse::NotFound().finish(),
    })
    .await;
    let (walked, entries) = read(&site, "ada", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { .. }),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 300);
}
