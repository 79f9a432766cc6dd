//! TMDB's answers over HTTP, from a site on loopback: pages, totals, limits, refusals; and real captures,
//! where they are at hand.

use std::{cell::RefCell, fs, ops::Range};

use actix_web::HttpResponse;
use reqwest::header::HeaderMap;
use runtime::socket::Gone;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};
use url::Url;

use super::{Tmdb, page, step};
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{Answer, ListToRead, Page, Provider, ProviderError, Request, Via},
    providers::fixtures::capture,
    resolve::resolve,
    walk::{Sink, Walk, Walked},
};

const KEY: &str = "0123456789abcdef";
const TOKEN: &str = "eyJhbGciOi.eyJhdWQiOi.app";
const ACCOUNT_TOKEN: &str = "eyJhbGciOi.eyJhdWQiOi.account";

#[derive(Default)]
struct Kept(RefCell<Vec<Entry>>);

impl Sink for Kept {
    async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
        self.0.borrow_mut().extend(entries);
        Ok(())
    }
}

fn key(key: &str) -> Credential {
    Credential::key(key)
}

fn signed_in(key: &str, token: &str, account: &str) -> Credential {
    Credential {
        key: Some(key.into()),
        token: Some(token.into()),
        account: (!account.is_empty()).then(|| account.to_owned()),
    }
}

async fn read_on(
    bench: &Bench,
    url: &str,
    id: &str,
    limit: Option<u32>,
    credential: impl Into<Option<Credential>>,
) -> (Walked, Vec<Entry>) {
    let (sites, kept) = (sites(url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Tmdb,
        sites: &sites,
        list: ListToRead {
            id: id.into(),
            known: None,
            credential: credential.into(),
            limit,
        },
        limit,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read_as(
    site: &FakeSite,
    id: &str,
    credential: impl Into<Option<Credential>>,
) -> (Walked, Vec<Entry>) {
    read_on(&Bench::new(), &site.url, id, None, credential).await
}

async fn read(site: &FakeSite, id: &str) -> (Walked, Vec<Entry>) {
    read_as(site, id, key(KEY)).await
}

fn refused(walked: Walked) -> (Cause, String, String) {
    match walked.outcome {
        FetchOutcome::Refused {
            cause,
            reason,
            remedy,
        } => (cause, reason, remedy),
        other => panic!("{other:?}"),
    }
}

fn movies(numbers: Range<u32>) -> Vec<Value> {
    numbers
        .map(|number| {
            json!({"id": number, "title": format!("Film {number}"), "media_type": "movie",
                "release_date": "2000-01-01"})
        })
        .collect()
}

fn shows(numbers: Range<u32>) -> Vec<Value> {
    numbers
        .map(|number| {
            json!({"id": number, "name": format!("Show {number}"), "first_air_date": "2001-01-01"})
        })
        .collect()
}

/// A page with its rows under `rows`.
fn paged(rows: &str, entries: &[Value], page: u32, pages: u32, total: u32) -> HttpResponse {
    HttpResponse::Ok().json(json!({rows: entries, "name": "Rainy Days", "page": page,
        "total_pages": pages, "total_results": total}))
}

fn no(status: u16, code: u32) -> HttpResponse {
    HttpResponse::build(status.try_into().unwrap()).json(json!({"success": false,
        "status_code": code, "status_message": "In its own words."}))
}

fn parameter(hit: &Hit, key: &str) -> Option<String> {
    url::form_urlencoded::parse(hit.query.as_bytes())
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.into_owned())
}

fn number(hit: &Hit) -> u32 {
    parameter(hit, "page").unwrap().parse().unwrap()
}

fn paths(site: &FakeSite) -> Vec<String> {
    site.hits().into_iter().map(|hit| hit.path).collect()
}

#[actix_rt::test]
async fn every_page_of_a_list_is_read_and_counted() {
    let site = FakeSite::start(|hit| match number(hit) {
        1 => paged("items", &movies(1..21), 1, 3, 43),
        2 => paged("items", &movies(21..41), 2, 3, 43),
        3 => paged("items", &movies(41..44), 3, 3, 43),
        page => panic!("page {page} was asked for"),
    })
    .await;
    let (walked, entries) = read(&site, "710").await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, entries.len()), (Some(43), 43));
    assert_eq!(walked.name.as_deref(), Some("Rainy Days"));
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=43));
    for hit in site.hits() {
        assert_eq!(hit.path, "/3/list/710");
        assert_eq!(parameter(&hit, "api_key").as_deref(), Some(KEY));
        assert_eq!(hit.header("authorization"), None);
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn a_token_reads_the_newer_api_and_stands_in_no_address() {
    let site = FakeSite::start(|hit| match number(hit) {
        1 => paged("results", &movies(1..21), 1, 2, 22),
        _ => paged("results", &movies(21..23), 2, 2, 22),
    })
    .await;
    let (walked, entries) = read_as(&site, "710", key(TOKEN)).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 22)
    );
    for hit in site.hits() {
        assert_eq!(hit.path, "/4/list/710");
        assert!(!hit.query.contains("eyJ"), "{}", hit.query);
        assert_eq!(
            hit.header("authorization"),
            Some(format!("Bearer {TOKEN}").as_str())
        );
    }
}

#[actix_rt::test]
async fn a_list_that_the_newer_api_refuses_is_asked_of_the_older_one() {
    for refusal in [
        || no(404, 34),
        || no(401, 39),
        || HttpResponse::Forbidden().finish(),
    ] {
        let site = FakeSite::start(move |hit| match hit.path.as_str() {
            "/4/list/710" => refusal(),
            _ => paged("items", &movies(1..4), 1, 1, 3),
        })
        .await;
        let (walked, entries) = read_as(&site, "710", key(TOKEN)).await;
        assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
        assert_eq!(paths(&site), ["/4/list/710", "/3/list/710"]);
    }
    let old = FakeSite::start(|_| paged("items", &movies(1..4), 1, 1, 3)).await;
    read_as(&old, "509ec17b19c2950a0600050d", key(TOKEN)).await;
    assert_eq!(paths(&old), ["/3/list/509ec17b19c2950a0600050d"]);
}

#[actix_rt::test]
async fn the_older_api_is_also_asked_when_the_newer_one_is_not_understood() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/4/list/710" => HttpResponse::Ok().json(json!({"rows": []})),
        _ => paged("items", &movies(1..4), 1, 1, 3),
    })
    .await;
    let (walked, entries) = read_as(&site, "710", key(TOKEN)).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
}

#[actix_rt::test]
async fn a_private_list_is_private_however_the_older_api_hides_it() {
    for hidden in [
        || no(404, 34),
        || no(401, 39),
        || paged("items", &[], 1, 1, 0),
    ] {
        let site = FakeSite::start(move |hit| match hit.path.as_str() {
            "/4/list/710" => no(401, 39),
            _ => hidden(),
        })
        .await;
        let (walked, _) = read_as(&site, "710", key(TOKEN)).await;
        let (cause, reason, remedy) = refused(walked);
        assert_eq!(cause, Cause::Private);
        assert_eq!(reason, "TMDB does not show 710: it is private");
        assert!(remedy.contains("sign-in tmdb"), "{remedy}");
    }
}

#[actix_rt::test]
async fn the_accounts_token_shows_private_lists_and_an_expired_one_hides_no_public_list() {
    let site = FakeSite::start(|_| paged("results", &movies(1..4), 1, 1, 3)).await;
    let (walked, _) = read_as(&site, "710", signed_in(KEY, ACCOUNT_TOKEN, "5f19")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    let hits = site.hits();
    assert_eq!(
        hits[0].header("authorization"),
        Some(format!("Bearer {ACCOUNT_TOKEN}").as_str())
    );

    let expired = FakeSite::start(|hit| match hit.path.as_str() {
        "/4/list/710" => no(401, 7),
        _ => paged("items", &movies(1..4), 1, 1, 3),
    })
    .await;
    let (walked, entries) = read_as(&expired, "710", signed_in(KEY, ACCOUNT_TOKEN, "5f19")).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
}

/// What a person reads of a refusal.
fn told(asked: &str, walked: Walked) -> String {
    let (cause, reason, remedy) = refused(walked);
    assert!(remedy.ends_with('.'), "{remedy}");
    assert!(!format!("{reason} {remedy}").contains(KEY), "{reason}");
    format!("{asked}\n  {cause:?}: {reason}.\n  {remedy}\n")
}

#[actix_rt::test]
async fn every_refusal_has_its_cause_its_object_and_its_remedy() {
    let discover = "discover/movie?year=1999";
    let mut all = String::new();
    for (list, status, code, cause) in [
        ("710", 401, 7, Cause::NeedsKey),
        ("movie/popular", 401, 7, Cause::NeedsKey),
        ("710", 401, 10, Cause::NeedsKey),
        ("710", 401, 39, Cause::Private),
        ("710", 401, 14, Cause::Private),
        ("710", 403, 45, Cause::Private),
        ("710", 404, 34, Cause::NotFound),
        ("710", 200, 34, Cause::NotFound),
        ("collection/10", 404, 34, Cause::NotFound),
        ("collection/10", 404, 6, Cause::NotFound),
        (discover, 422, 47, Cause::Settings),
        (discover, 400, 5, Cause::Settings),
        ("710", 403, 99, Cause::Blocked),
    ] {
        let site = FakeSite::start(move |_| no(status, code)).await;
        let (walked, entries) = read(&site, list).await;
        assert!(
            matches!(walked.outcome, FetchOutcome::Refused { cause: found, .. } if found == cause),
            "{list} {status} {code}: {walked:?}"
        );
        assert_eq!(entries, []);
        all += &told(&format!("{list}, status {status}, code {code}"), walked);
        assert_eq!(site.hits().len(), 1, "a refusal is not asked for again");
    }
    for status in [401_u16, 404] {
        let bare =
            FakeSite::start(move |_| HttpResponse::build(status.try_into().unwrap()).finish())
                .await;
        all += &told(&format!("710, status {status}"), read(&bare, "710").await.0);
    }
    let unasked = FakeSite::start(|_| no(500, 11)).await;
    for (list, credential) in [
        ("movie/popular", None),
        ("collection:heat", None),
        ("watchlist", Some(key(KEY))),
        ("710", Some(key("eyJ.two\nlines"))),
    ] {
        let (walked, _) = read_as(&unasked, list, credential).await;
        all += &told(&format!("{list}, not asked for"), walked);
    }
    assert!(unasked.hits().is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/fixtures/tmdb");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("refusals", all));
}

#[actix_rt::test]
async fn a_key_that_the_newer_api_refuses_is_not_tried_elsewhere() {
    let site = FakeSite::start(|_| no(401, 7)).await;
    let (cause, _, _) = refused(read_as(&site, "710", key(TOKEN)).await.0);
    assert_eq!((cause, paths(&site).len()), (Cause::NeedsKey, 1));
}

#[actix_rt::test]
async fn what_is_not_understood_is_a_failure_and_not_an_empty_list() {
    for body in [
        "{}",
        "null",
        "[]",
        "[",
        "",
        "<html>We are back soon",
        r#"{"items":null,"total_results":0}"#,
        r#"{"items":{},"total_results":0}"#,
        r#"{"items":[{"thing":1}],"total_results":1}"#,
        r#"{"parts":[],"name":"x"}"#,
        r#"{"items":[]}"#,
        r#"{"items":[],"total_results":null,"total_pages":1}"#,
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body)).await;
        let (walked, _) = read(&site, "710").await;
        assert!(
            matches!(
                walked.outcome,
                FetchOutcome::Failed {
                    cause: Cause::Changed,
                    ..
                }
            ),
            "{body}: {walked:?}"
        );
    }
    for (list, body) in [
        ("collection/9", r#"{"parts":[]}"#),
        ("discover/movie", r#"{"results":[]}"#),
        (
            "movie/popular",
            r#"{"results":[],"total_pages":1,"total_results":0}"#,
        ),
        ("trending/all/week", r#"{"results":[]}"#),
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body)).await;
        let (walked, _) = read(&site, list).await;
        assert!(
            matches!(
                walked.outcome,
                FetchOutcome::Failed {
                    cause: Cause::Changed,
                    ..
                }
            ),
            "{list}: {walked:?}"
        );
    }
    let empty = FakeSite::start(|_| paged("items", &[], 1, 1, 0)).await;
    let (walked, entries) = read(&empty, "710").await;
    assert_eq!(
        (walked.outcome, walked.announced, entries.len()),
        (FetchOutcome::Complete, Some(0), 0)
    );
}

#[actix_rt::test]
async fn a_challenge_is_a_wall_and_no_refusal_of_the_key() {
    for status in [200_u16, 401, 403] {
        let site = FakeSite::start(move |_| {
            HttpResponse::build(status.try_into().unwrap())
                .content_type("text/html")
                .body("<html><head><title>Just a moment...</title>")
        })
        .await;
        for credential in [key(KEY), key(TOKEN)] {
            let (walked, _) = read_as(&site, "710", credential).await;
            let (cause, reason, remedy) = refused(walked);
            assert_eq!(cause, Cause::Blocked, "{reason}");
            assert!(remedy.contains(Tmdb.remedy_when_blocked()), "{remedy}");
        }
    }
}

#[actix_rt::test]
async fn a_site_that_is_busy_or_broken_fails_for_now() {
    let busy = FakeSite::start(|_| {
        HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "3600"))
            .finish()
    })
    .await;
    let broken = FakeSite::start(|_| no(500, 11)).await;
    let down = FakeSite::start(|_| no(200, 9)).await;
    for (site, expected) in [
        (&busy, Cause::QuotaUsedUp),
        (&broken, Cause::Unreachable),
        (&down, Cause::Unreachable),
    ] {
        let (walked, _) = read(site, "710").await;
        let FetchOutcome::Failed {
            reason,
            retryable,
            cause,
        } = walked.outcome
        else {
            panic!("{walked:?}");
        };
        assert_eq!((retryable, cause), (true, expected), "{reason}");
        assert!(!reason.contains(KEY), "{reason}");
    }
}

#[actix_rt::test]
async fn a_list_that_is_shorter_than_it_says_is_partial() {
    let short = |hit: &Hit| match number(hit) {
        1 => paged("items", &movies(1..21), 1, 2, 30),
        _ => paged("items", &movies(21..25), 2, 2, 30),
    };
    let site = FakeSite::start(short).await;
    let (walked, entries) = read(&site, "710").await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 30 entries, 24")),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 24);

    let hole = |hit: &Hit| match number(hit) {
        1 => paged("items", &movies(1..21), 1, 3, 60),
        _ => paged("items", &[], 2, 3, 60),
    };
    let site = FakeSite::start(hole).await;
    let (walked, entries) = read(&site, "710").await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("page 2 is empty")),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 20);
}

#[actix_rt::test]
async fn a_list_without_pages_is_whole_and_its_count_has_another_name() {
    let site = FakeSite::start(|_| {
        HttpResponse::Ok().json(json!({"items": movies(1..31), "item_count": "30", "name": "Old"}))
    })
    .await;
    let (walked, entries) = read(&site, "710").await;
    assert_eq!(
        (walked.outcome, walked.announced, entries.len()),
        (FetchOutcome::Complete, Some(30), 30)
    );
}

/// A chart of which 20 more titles stand on each page.
fn chart(hit: &Hit) -> HttpResponse {
    let from = (number(hit) - 1) * 20;
    let rows = movies(from + 1..from + 21);
    paged("results", &rows, number(hit), 58_000, 1_160_000)
}

#[actix_rt::test]
async fn a_chart_is_read_as_far_as_is_wanted_and_a_hundred_titles_where_nobody_says() {
    for (limit, entries, pages) in [(None, 100, 5), (Some(30), 30, 2), (Some(110), 110, 6)] {
        let site = FakeSite::start(chart).await;
        let (walked, read) =
            read_on(&Bench::new(), &site.url, "movie/top_rated", limit, key(KEY)).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete);
        assert_eq!((read.len(), site.hits().len()), (entries, pages));
        assert_eq!(walked.announced, u32::try_from(entries).ok());
        assert!(paths(&site).iter().all(|path| path == "/3/movie/top_rated"));
    }
}

#[actix_rt::test]
async fn people_and_titles_that_moved_take_no_place_of_a_chart() {
    let site = FakeSite::start(|hit| {
        let from = (number(hit) - 1) * 20;
        let mut rows = movies(from..from + 19); // the first stood on the page before
        rows.push(json!({"id": 1, "media_type": "person", "name": "x"}));
        paged("results", &rows, number(hit), 500, 10_000)
    })
    .await;
    let limit = Some(40);
    let (walked, entries) = read_on(
        &Bench::new(),
        &site.url,
        "trending/all/week",
        limit,
        key(KEY),
    )
    .await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 40)
    );
    assert_eq!(paths(&site)[0], "/3/trending/all/week");
}

#[actix_rt::test]
async fn every_kind_of_list_has_its_address() {
    for (list, path, query) in [
        ("movie/popular", "/3/movie/popular", ""),
        ("tv/airing_today", "/3/tv/airing_today", ""),
        ("trending/tv/day", "/3/trending/tv/day", ""),
        (
            "discover/tv?vote_count.gte=10&with_genres=16%2C35",
            "/3/discover/tv",
            "vote_count.gte=10&with_genres=16%2C35&",
        ),
    ] {
        let site = FakeSite::start(|_| paged("results", &shows(1..3), 1, 1, 2)).await;
        let (walked, entries) = read(&site, list).await;
        assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 2));
        let hits = site.hits();
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].path, path);
        assert_eq!(hits[0].query, format!("{query}page=1&api_key={KEY}"));
        let expected = if list.starts_with("movie") {
            MediaType::Movie
        } else {
            MediaType::Tv
        };
        assert_eq!(entries[0].media_type, Some(expected), "{list}");
    }
}

fn found(names: &[(u32, &str)]) -> HttpResponse {
    let rows: Vec<_> = names
        .iter()
        .map(|(id, name)| json!({"id": id, "name": name, "original_name": name}))
        .collect();
    paged("results", &rows, 1, 1, u32::try_from(names.len()).unwrap())
}

#[actix_rt::test]
async fn a_franchise_is_found_by_its_name_at_every_reading() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/3/search/collection" => found(&[
            (7, "Paper Boats on the Moon Collection"),
            (9, "Páper Boats Collection"),
        ]),
        "/3/collection/9" => HttpResponse::Ok()
            .json(json!({"id": 9, "name": "Páper Boats Collection", "parts": movies(1..4)})),
        path => panic!("{path}"),
    })
    .await;
    let (walked, entries) = read(&site, "collection:paper boats").await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
    assert_eq!(walked.name.as_deref(), Some("Páper Boats Collection"));
    let hits = site.hits();
    assert_eq!(parameter(&hits[0], "query").as_deref(), Some("paper boats"));
    assert_eq!(hits[1].query, format!("api_key={KEY}"));
}

#[actix_rt::test]
async fn a_name_that_is_no_franchises_or_that_of_several_is_refused_with_what_there_is() {
    let near = FakeSite::start(|_| found(&[(7, "Paper Boats Collection"), (8, "Boats")])).await;
    let (cause, reason, _) = refused(read(&near, "collection:paper goats").await.0);
    assert_eq!(cause, Cause::NotFound);
    assert_eq!(
        reason,
        "TMDB has no collection called “paper goats”; the nearest are Paper Boats Collection, Boats"
    );
    let none = FakeSite::start(|_| found(&[])).await;
    let (_, reason, remedy) = refused(read(&none, "collection:paper goats").await.0);
    assert_eq!(reason, "TMDB has no collection called “paper goats”");
    assert!(remedy.contains("/search/collection"), "{remedy}");
    let two = FakeSite::start(|_| found(&[(7, "Heat Collection"), (3, "Heat")])).await;
    let (_, reason, _) = refused(read(&two, "collection:heat").await.0);
    assert_eq!(
        reason,
        "TMDB has 2 collections called “heat”: collection/3, collection/7"
    );
    let odd = FakeSite::start(|_| HttpResponse::Ok().json(json!({"names": []}))).await;
    let (walked, _) = read(&odd, "collection:heat").await;
    assert!(
        matches!(walked.outcome, FetchOutcome::Failed { .. }),
        "{walked:?}"
    );
}

#[actix_rt::test]
async fn a_shelf_is_its_movies_and_then_its_shows() {
    let shelf = |total: u32| {
        move |hit: &Hit| match hit.path.as_str() {
            "/3/account" => HttpResponse::Ok().json(json!({"id": 12, "username": "Some_One"})),
            "/3/account/12/watchlist/movies" if number(hit) == 1 => {
                paged("results", &movies(1..21), 1, 2, 22)
            }
            "/3/account/12/watchlist/movies" => paged("results", &movies(21..23), 2, 2, 22),
            "/3/account/12/watchlist/tv" => paged("results", &shows(1..4), 1, 1, total),
            path => panic!("{path}"),
        }
    };
    let site = FakeSite::start(shelf(3)).await;
    let (walked, entries) =
        read_as(&site, "u/some_one/watchlist", signed_in(KEY, "5e55", "")).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, entries.len()), (Some(25), 25));
    let tv = entries
        .iter()
        .filter(|entry| entry.media_type == Some(MediaType::Tv));
    assert_eq!(tv.count(), 3);
    for hit in site.hits() {
        assert_eq!(parameter(&hit, "session_id").as_deref(), Some("5e55"));
        assert_eq!(parameter(&hit, "api_key").as_deref(), Some(KEY));
    }
    let site = FakeSite::start(shelf(5)).await;
    let (walked, _) = read_as(&site, "watchlist", signed_in(KEY, "5e55", "12")).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 27 entries, 25")),
        "{walked:?}"
    );
    assert_eq!(paths(&site)[0], "/3/account/12/watchlist/movies");
}

#[actix_rt::test]
async fn the_newer_api_has_shelves_under_the_accounts_id() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/4/account/5f19/movie/favorites" => paged("results", &movies(1..3), 1, 1, 2),
        "/4/account/5f19/tv/favorites" => paged("results", &shows(1..3), 1, 1, 2),
        path => panic!("{path}"),
    })
    .await;
    let credential = || signed_in(TOKEN, ACCOUNT_TOKEN, "5f19");
    let (walked, entries) = read_as(&site, "favorites", credential()).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 4));
    let (walked, entries) = read_as(&site, "favorites/tv", credential()).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 2));
    for hit in site.hits() {
        assert_eq!(
            hit.header("authorization"),
            Some(format!("Bearer {ACCOUNT_TOKEN}").as_str())
        );
    }
}

#[actix_rt::test]
async fn a_shelf_is_shown_to_nobody_but_who_has_signed_in() {
    let site =
        FakeSite::start(|_| HttpResponse::Ok().json(json!({"id": 12, "username": "other"}))).await;
    let refusal = async |list, credential: Option<Credential>| {
        refused(read_as(&site, list, credential).await.0)
    };
    for credential in [
        None,
        Some(key(KEY)),
        Some(key(TOKEN)),
        Some(signed_in(TOKEN, ACCOUNT_TOKEN, "")),
    ] {
        let (cause, reason, remedy) = refusal("watchlist", credential).await;
        assert_eq!(cause, Cause::NeedsSignIn);
        assert!(reason.contains("watchlist"), "{reason}");
        assert_eq!(remedy, "Sign in with `listsync providers sign-in tmdb`.");
    }
    let of_one = "u/some_one/watchlist";
    let (cause, _, remedy) = refusal(of_one, Some(signed_in(TOKEN, ACCOUNT_TOKEN, "5f19"))).await;
    assert_eq!(cause, Cause::Private);
    assert!(remedy.contains("`tmdb:watchlist`"), "{remedy}");
    assert!(site.hits().is_empty());
    let (cause, reason, _) = refusal(of_one, Some(signed_in(KEY, "5e55", "12"))).await;
    assert_eq!(cause, Cause::Private);
    assert!(reason.contains("other is signed in"), "{reason}");

    let expired = FakeSite::start(|_| no(401, 3)).await;
    for credential in [
        signed_in(KEY, "5e55", "12"),
        signed_in(TOKEN, ACCOUNT_TOKEN, "5f19"),
    ] {
        let (cause, reason, _) = refused(read_as(&expired, "ratings", credential).await.0);
        assert_eq!(cause, Cause::NeedsSignIn);
        assert!(reason.contains("ratings"), "{reason}");
    }
}

#[test]
fn without_a_key_lists_are_read_by_the_browser_and_nothing_else_is() {
    let ways = |id: &str, credential| {
        let list = ListToRead {
            id: id.into(),
            credential,
            ..ListToRead::default()
        };
        Tmdb.ways(&list, &sites("http://mirror.example/tmdb/"))
    };
    for (id, path) in [("710", "list/710"), ("collection/10", "collection/10")] {
        for none in [None, Some(key("  "))] {
            let way = ways(id, none).unwrap().remove(0);
            assert_eq!((way.name, way.first.via), ("browser", Via::Browser));
            assert_eq!(
                way.first.url.as_str(),
                format!("http://mirror.example/tmdb/{path}")
            );
        }
        let names: Vec<_> = ways(id, Some(key(KEY))).unwrap();
        assert!(names.iter().all(|way| way.first.via == Via::Http));
    }
    for id in [
        "movie/popular",
        "trending/all/day",
        "discover/tv",
        "collection:heat",
    ] {
        let Err(ProviderError::Refused { cause, remedy, .. }) = ways(id, None) else {
            panic!("{id}");
        };
        assert_eq!(cause, Cause::NeedsKey);
        assert!(remedy.contains("TMDB_KEY"), "{remedy}");
    }
    assert_eq!(
        ways("movie/603", Some(key(KEY))),
        Err(ProviderError::NotFound)
    );
}

#[actix_rt::test]
async fn a_collection_is_asked_for_conditionally_with_either_kind_of_key() {
    let reply = |hit: &Hit| {
        if hit.header("if-none-match").is_some() {
            return HttpResponse::NotModified().finish();
        }
        HttpResponse::Ok()
            .insert_header(("etag", "\"1\""))
            .json(json!({"name": "Boats", "parts": movies(1..4)}))
    };
    for credential in [TOKEN, KEY] {
        let (site, bench) = (FakeSite::start(reply).await, Bench::new());
        for reading in 0..2 {
            let (walked, entries) =
                read_on(&bench, &site.url, "collection/9", None, key(credential)).await;
            assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
            assert_eq!(walked.not_modified, reading == 1);
        }
    }
}

#[actix_rt::test]
async fn no_message_shows_the_key() {
    let away = FakeSite::start(|hit| {
        let to = format!("http://elsewhere.example/?{}", hit.query);
        HttpResponse::Found()
            .insert_header(("location", to))
            .finish()
    })
    .await;
    let (walked, _) = read(&away, "710").await;
    let text = format!("{walked:?}");
    assert!(
        text.contains("elsewhere.example") && !text.contains(KEY),
        "{text}"
    );
    let bench = Bench::new();
    let (walked, _) = read_on(&bench, "http://127.0.0.1:9", "710", None, key(KEY)).await;
    let text = format!("{walked:?}");
    assert!(
        text.contains("127.0.0.1:9") && !text.contains(KEY),
        "{text}"
    );
}

#[actix_rt::test]
async fn the_first_pages_tell_what_a_list_is_called_and_how_large_it_is() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/3/search/collection" => found(&[(9, "Paper Boats Collection")]),
        "/3/collection/9" => HttpResponse::Ok()
            .json(json!({"name": "Paper Boats Collection", "parts": movies(1..4)})),
        "/3/list/710" => paged("items", &movies(1..21), 1, 3, 43),
        _ => chart(hit),
    })
    .await;
    let (bench, sites) = (Bench::new(), sites(&site.url));
    let look = async |input: &str, credential| {
        let list = Tmdb.recognize(input).unwrap();
        resolve(&bench.fetcher(), &Tmdb, &sites, list, credential).await
    };
    for (input, name, size) in [
        ("tmdb:710", "Rainy Days", 43),
        ("Paper Boats Collection", "Paper Boats Collection", 3),
        ("https://www.themoviedb.org/tv", "Rainy Days", 100),
    ] {
        let resolved = look(input, Some(key(KEY))).await;
        assert_eq!((resolved.name.as_str(), resolved.size), (name, Some(size)));
        assert_eq!(
            (resolved.missing, resolved.problem),
            (None, None),
            "{input}"
        );
    }
    let missing = |resolved: schema::wire::scraper::ListResolved| resolved.missing.unwrap().cause;
    let chart = look("https://www.themoviedb.org/tv", None).await;
    assert_eq!(missing(chart), Cause::NeedsKey);
    let shelf = look("tmdb:watchlist", Some(key(KEY))).await;
    assert_eq!(missing(shelf), Cause::NeedsSignIn);
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        url: Url::parse("http://api.example/3/x").unwrap(),
        headers: HeaderMap::new(),
        body,
    }
}

#[test]
fn no_page_is_asked_for_after_the_last_that_tmdb_answers() {
    let body = json!({"items": movies(1..21), "results": movies(1..21), "total_pages": 600,
        "total_results": 12_000});
    let parse = |id: &str, limit| {
        let list = ListToRead {
            id: id.into(),
            credential: Some(key(KEY)),
            limit,
            ..ListToRead::default()
        };
        let first = Tmdb
            .ways(&list, &sites("http://a.example"))
            .unwrap()
            .remove(0);
        let request = page::numbered(first.first, page::LAST);
        let read = Tmdb.parse(&list, &request, &answer(200, body.to_string()));
        let read = read.unwrap();
        (read.next, read.is_cut)
    };
    assert_eq!(parse("710", None), (None, true));
    assert_eq!(parse("movie/popular", Some(20_000)), (None, false));
}

/// The body that was recorded, and its status.
fn recorded(file: &str) -> Option<(u16, Value)> {
    let text = fs::read_to_string(capture(&format!("tmdb/{file}"))?).unwrap();
    let mut mapping: Value = serde_json::from_str(&text).unwrap();
    let status = mapping["Response"]["StatusCode"].as_u64().unwrap();
    let body = mapping["Response"]["BodyAsJson"].take();
    Some((u16::try_from(status).unwrap(), body))
}

fn parsed(id: &str, status: u16, body: &Value) -> Result<Page, ProviderError> {
    let list = ListToRead {
        id: id.into(),
        credential: Some(key(KEY)),
        ..ListToRead::default()
    };
    let request: Request = Tmdb
        .ways(&list, &sites("http://a.example"))
        .unwrap()
        .remove(0)
        .first;
    assert_ne!(request.step, step::LIST_V4);
    Tmdb.parse(&list, &request, &answer(status, body.to_string()))
}

#[test]
fn the_recorded_answers_are_read_title_for_title() {
    for (file, id, rows, total, media_type) in [
        (
            "v3-list-509-wiremock.json",
            "509",
            "items",
            Some(16),
            MediaType::Movie,
        ),
        (
            "v3-collection-264-wiremock.json",
            "collection/264",
            "parts",
            None,
            MediaType::Movie,
        ),
        (
            "v3-movie-popular-wiremock.json",
            "movie/popular",
            "results",
            Some(100),
            MediaType::Movie,
        ),
        (
            "v3-tv-popular-wiremock.json",
            "tv/popular",
            "results",
            Some(100),
            MediaType::Tv,
        ),
    ] {
        let Some((status, body)) = recorded(file) else {
            return;
        };
        let page = parsed(id, status, &body).unwrap();
        let rows = body[rows].as_array().unwrap();
        assert_eq!(page.entries.len(), rows.len(), "{file}");
        assert_eq!((page.announced, page.dropped), (total, 0), "{file}");
        assert_eq!(page.next.is_some(), file.contains("popular"), "{file}");
        assert_eq!(page.name.as_deref(), body["name"].as_str(), "{file}");
        for (entry, row) in page.entries.iter().zip(rows) {
            let either = |one: &str, other: &str| {
                row[one]
                    .as_str()
                    .or(row[other].as_str())
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(entry.tmdb_id, row["id"].as_i64());
            assert_eq!(entry.title, either("title", "name"));
            let year = either("release_date", "first_air_date")[..4].parse().ok();
            assert_eq!((entry.year, entry.media_type), (year, Some(media_type)));
            assert!(entry.year.is_some());
        }
    }
}

#[test]
fn the_ends_of_the_recorded_answers_are_as_seen_by_eye() {
    for (file, id, first, last) in [
        (
            "v3-list-509-wiremock.json",
            "509",
            (77_878, "The Lady", 2011),
            (594, "The Terminal", 2004),
        ),
        (
            "v3-collection-264-wiremock.json",
            "collection/264",
            (105, "Back to the Future", 1985),
            (196, "Back to the Future Part III", 1990),
        ),
        (
            "v3-movie-popular-wiremock.json",
            "movie/popular",
            (969_681, "Spider-Man: Brand New Day", 2026),
            (1_375_646, "군체", 2026),
        ),
        (
            "v3-tv-popular-wiremock.json",
            "tv/popular",
            (94_997, "House of the Dragon", 2022),
            (1399, "Game of Thrones", 2011),
        ),
    ] {
        let Some((status, body)) = recorded(file) else {
            return;
        };
        let page = parsed(id, status, &body).unwrap();
        let ends = [page.entries.first(), page.entries.last()];
        for (entry, (id, title, year)) in ends.into_iter().flatten().zip([first, last]) {
            let told = (entry.tmdb_id, entry.title.as_str(), entry.year);
            assert_eq!(told, (Some(id), title, Some(year)), "{file}");
        }
    }
}

#[test]
fn the_recorded_refusal_is_that_there_is_no_such_list() {
    let Some((status, body)) = recorded("v3-list-404-wiremock.json") else {
        return;
    };
    let error = parsed("999999999", status, &body).unwrap_err();
    assert!(
        matches!(&error, ProviderError::Refused { cause: Cause::NotFound, reason, .. } if reason.contains("999999999")),
        "{error:?}"
    );
}
