//! Trakt's answers over HTTP, from a site on loopback: pages, totals, limits, statuses.

use std::{cell::RefCell, ops::Range};

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::wire::scraper::{Credential, Entry, FetchOutcome};
use serde_json::{Value, json};

use super::Trakt;
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{ListToRead, Provider},
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

async fn read_with(
    site: &FakeSite,
    list: &str,
    limit: Option<u32>,
    client_id: Option<&str>,
) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Trakt,
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            known: None,
            credential: client_id.map(|id| Credential::key(id)),
            limit,
        },
        limit,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read(site: &FakeSite, list: &str, limit: Option<u32>) -> (Walked, Vec<Entry>) {
    read_with(site, list, limit, Some("client-id")).await
}

fn movies(numbers: Range<u32>) -> Vec<Value> {
    let movie = |number| {
        json!({"movie": {"title": format!("Film {number}"), "year": 2000,
            "ids": {"trakt": number, "imdb": format!("tt{number:07}"), "tmdb": number}}})
    };
    numbers.map(movie).collect()
}

fn shows(numbers: Range<u32>) -> Vec<Value> {
    let show = |number| {
        json!({"show": {"title": format!("Show {number}"), "year": 2000,
            "ids": {"trakt": number, "tvdb": number, "tmdb": number}}})
    };
    numbers.map(show).collect()
}

/// A page with the headers that Trakt sends.
fn page(rows: &[Value], pages: u32, total: u32) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("x-pagination-page-count", pages.to_string()))
        .insert_header(("x-pagination-item-count", total.to_string()))
        .json(rows)
}

fn number(hit: &Hit, key: &str) -> u32 {
    url::form_urlencoded::parse(hit.query.as_bytes())
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.parse().unwrap())
        .unwrap()
}

fn of_list(hit: &Hit) -> HttpResponse {
    match number(hit, "page") {
        1 => page(&movies(1..251), 3, 510),
        2 => page(&movies(251..501), 3, 510),
        3 => page(&movies(501..511), 3, 510),
        page => panic!("page {page} was asked for"),
    }
}

#[actix_rt::test]
async fn every_page_of_a_list_is_read_and_counted() {
    let site = FakeSite::start(of_list).await;
    let (walked, entries) = read(&site, "some.one/rainy-days", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(
        (walked.announced, entries.len(), walked.pages),
        (Some(510), 510, 3)
    );
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=510));
    for hit in site.hits() {
        assert_eq!(
            hit.path,
            "/users/some.one/lists/rainy-days/items/movie,show,season,episode"
        );
        assert_eq!(number(&hit, "limit"), 250);
        assert_eq!(hit.header("trakt-api-key"), Some("client-id"));
        assert_eq!(hit.header("trakt-api-version"), Some("2"));
        assert_eq!(hit.header("content-type"), Some("application/json"));
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn every_kind_of_list_has_its_address() {
    for (list, path) in [
        ("2142753", "/lists/2142753/items/movie,show,season,episode"),
        (
            "lists/paper-boats",
            "/lists/paper-boats/items/movie,show,season,episode",
        ),
        ("one/watchlist", "/users/one/watchlist/movie,show"),
        ("one/watchlist/movies", "/users/one/watchlist/movies"),
        ("one/favorites/shows", "/users/one/favorites/shows"),
        ("trending:movies", "/movies/trending"),
        ("watched:shows:monthly", "/shows/watched/monthly"),
        ("boxoffice:movies", "/movies/boxoffice"),
    ] {
        let site = FakeSite::start(|_| HttpResponse::Ok().json(movies(1..3))).await;
        let (walked, entries) = read(&site, list, None).await;
        assert_eq!(
            (walked.outcome, entries.len()),
            (FetchOutcome::Complete, 2),
            "{list}"
        );
        let paths: Vec<_> = site.hits().into_iter().map(|hit| hit.path).collect();
        assert_eq!(paths, [path], "{list}");
    }
}

#[actix_rt::test]
async fn a_collection_is_its_movies_and_then_its_shows() {
    let collection = |total: u32| {
        move |hit: &Hit| match (hit.path.as_str(), number(hit, "page")) {
            ("/users/one/collection/movies", 1) => page(&movies(1..251), 2, 252),
            ("/users/one/collection/movies", 2) => page(&movies(251..253), 2, 252),
            ("/users/one/collection/shows", 1) => page(&shows(1..4), 1, total),
            other => panic!("{other:?}"),
        }
    };
    let site = FakeSite::start(collection(3)).await;
    let (walked, entries) = read(&site, "one/collection", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, entries.len()), (Some(255), 255));

    let site = FakeSite::start(collection(5)).await;
    let (walked, _) = read(&site, "one/collection", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 257 entries, 255")),
        "{walked:?}"
    );
}

#[actix_rt::test]
async fn an_empty_list_is_empty() {
    for empty in [
        |_: &Hit| page(&[], 0, 0),
        |_: &Hit| page(&[], 1, 0),
        |_: &Hit| HttpResponse::Ok().body("[]"),
    ] {
        for list in ["one/watchlist", "one/favorites"] {
            let site = FakeSite::start(empty).await;
            let (walked, entries) = read(&site, list, None).await;
            assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
        }
    }
}

#[actix_rt::test]
async fn full_pages_go_on_where_their_number_is_not_told() {
    let site = FakeSite::start(|hit| match number(hit, "page") {
        1 => HttpResponse::Ok().json(movies(1..251)),
        2 => HttpResponse::Ok().json(movies(251..260)),
        page => panic!("page {page} was asked for"),
    })
    .await;
    let (walked, entries) = read(&site, "one/watchlist", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 259)
    );

    let capped = FakeSite::start(|hit| {
        let rows = match number(hit, "page") {
            1 => movies(1..101),
            2 => movies(101..201),
            _ => Vec::new(),
        };
        HttpResponse::Ok()
            .insert_header(("x-pagination-limit", "100"))
            .json(rows)
    })
    .await;
    let (walked, entries) = read(&capped, "one/watchlist", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 200)
    );
}

#[actix_rt::test]
async fn what_is_missing_makes_a_reading_partial() {
    let short = FakeSite::start(|_| page(&movies(1..101), 1, 180)).await;
    let (walked, entries) = read(&short, "one/watchlist", None).await;
    assert!(
        matches!(
            walked.outcome,
            FetchOutcome::Partial {
                retryable: true,
                ..
            }
        ),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 100);

    let hole = FakeSite::start(|hit| match number(hit, "page") {
        1 => page(&movies(1..251), 3, 510),
        _ => page(&[], 3, 510),
    })
    .await;
    let (walked, _) = read(&hole, "one/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("page 2 is empty")),
        "{walked:?}"
    );

    let repeated = FakeSite::start(|_| page(&movies(1..251), 3, 510)).await;
    let (walked, _) = read(&repeated, "one/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("same page twice")),
        "{walked:?}"
    );
}

#[actix_rt::test]
async fn seasons_of_one_show_on_two_pages_are_no_list_that_moved() {
    let season = |number: u32| {
        json!({"type": "season", "season": {"number": number, "ids": {"tmdb": number}},
            "show": {"title": "Tide Tables", "year": 2011, "ids": {"tvdb": 77}}})
    };
    let site = FakeSite::start(move |hit| match number(hit, "page") {
        1 => page(&[movies(1..250), vec![season(1)]].concat(), 2, 252),
        _ => page(&[vec![season(2)], movies(250..251)].concat(), 2, 252),
    })
    .await;
    let (walked, entries) = read(&site, "one/rainy-days", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (251, 2));
}

#[actix_rt::test]
async fn a_list_that_changes_between_two_pages_is_read_again() {
    let site = FakeSite::start(|hit| match hit.number {
        0 => page(&movies(1..251), 2, 260),
        1 => page(&movies(250..260), 2, 259),
        2 => page(&movies(1..251), 2, 259),
        _ => page(&movies(251..260), 2, 259),
    })
    .await;
    let (walked, entries) = read(&site, "one/watchlist", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (259, 4));
}

#[actix_rt::test]
async fn of_a_chart_only_the_wanted_titles_are_asked_for() {
    let chart = |hit: &Hit| {
        let (number, size) = (number(hit, "page"), number(hit, "limit"));
        let first = (number - 1) * size + 1;
        page(&movies(first..first + size), 900_000 / size, 900_000)
    };
    for (limit, pages) in [(20, 1), (250, 1), (400, 2)] {
        let site = FakeSite::start(chart).await;
        let (walked, entries) = read(&site, "trending:movies", Some(limit)).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete, "{limit}");
        assert_eq!((walked.read, walked.announced), (limit, Some(limit)));
        assert_eq!((entries.len(), site.hits().len()), (limit as usize, pages));
        assert_eq!(number(&site.hits()[0], "limit"), limit.min(250));
    }
    let short = FakeSite::start(|_| page(&movies(1..16), 1, 15)).await;
    let (walked, _) = read(&short, "anticipated:movies", Some(20)).await;
    assert_eq!(
        (walked.outcome, walked.announced),
        (FetchOutcome::Complete, Some(15))
    );
}

#[actix_rt::test]
async fn a_chart_in_which_a_title_moves_to_the_next_page_is_still_read_as_far_as_wanted() {
    let site = FakeSite::start(|hit| match number(hit, "page") {
        1 => page(&movies(1..251), 3, 700),
        2 => page(&movies(250..500), 3, 700),
        _ => page(&movies(500..700), 3, 700),
    })
    .await;
    let (walked, entries) = read(&site, "trending:movies", Some(500)).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (500, 3));
}

#[actix_rt::test]
async fn the_box_office_is_one_page_whatever_is_wanted() {
    let site = FakeSite::start(|_| HttpResponse::Ok().json(movies(1..11))).await;
    let (walked, entries) = read(&site, "boxoffice:movies", Some(10)).await;
    assert_eq!(
        (walked.outcome, walked.announced),
        (FetchOutcome::Complete, None)
    );
    assert_eq!((entries.len(), site.hits().len()), (10, 1));
}

#[actix_rt::test]
async fn without_a_client_id_nothing_is_asked() {
    let site = FakeSite::start(of_list).await;
    for client_id in [None, Some("  ")] {
        let (walked, _) = read_with(&site, "one/watchlist", None, client_id).await;
        let FetchOutcome::Refused { reason, remedy, .. } = walked.outcome else {
            panic!("{walked:?}");
        };
        assert_eq!(reason, "Trakt needs a client id");
        for word in [
            "TRAKT_CLIENT_ID",
            "providers.trakt.client_id",
            "https://app.trakt.tv/settings/apps",
        ] {
            assert!(remedy.contains(word), "{remedy}");
        }
    }
    let (walked, _) = read_with(&site, "one/watchlist", None, Some("a\nb")).await;
    assert!(
        matches!(walked.outcome, FetchOutcome::Refused { .. }),
        "{walked:?}"
    );
    let (walked, _) = read(&site, "me/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Refused { remedy, .. } if remedy.contains("user name")),
        "{walked:?}"
    );
    assert!(site.hits().is_empty());
}

#[actix_rt::test]
async fn every_status_has_its_own_reason_and_remedy() {
    let mut reasons = Vec::new();
    for (status, word) in [
        (401_u16, "private, or the client id"),
        (403, "does not accept the client id"),
        (404, "no such user or list"),
        (420, "limit"),
        (423, "locked"),
        (426, "VIP"),
    ] {
        let site =
            FakeSite::start(move |_| HttpResponse::build(status.try_into().unwrap()).finish())
                .await;
        let (walked, _) = read(&site, "one/rainy-days", None).await;
        let FetchOutcome::Refused { reason, remedy, .. } = walked.outcome else {
            panic!("{status}: {walked:?}");
        };
        assert!(reason.contains(word), "{status}: {reason}");
        assert!(
            remedy.ends_with('.') && !reasons.contains(&reason),
            "{status}: {remedy}"
        );
        assert_eq!(site.hits().len(), 1, "a refusal is not asked for again");
        reasons.push(reason);
    }
}

#[actix_rt::test]
async fn a_challenge_is_a_wall_and_no_refusal_of_the_client_id() {
    let challenge = |status: u16| {
        move |_: &Hit| {
            HttpResponse::build(status.try_into().unwrap())
                .content_type("text/html")
                .body("<html><head><title>Just a moment...</title>")
        }
    };
    for status in [403, 401] {
        let site = FakeSite::start(challenge(status)).await;
        let (walked, _) = read(&site, "one/watchlist", None).await;
        let FetchOutcome::Refused { reason, remedy, .. } = walked.outcome else {
            panic!("{walked:?}");
        };
        assert!(reason.contains("turned us away"), "{reason}");
        assert_eq!(remedy, Trakt.remedy_when_blocked());
    }
}

#[actix_rt::test]
async fn a_refusal_without_a_body_is_no_challenge_whatever_its_type() {
    for (status, said) in [
        (401_u16, "private, or the client id"),
        (403, "does not accept the client id"),
    ] {
        let site = FakeSite::start(move |_| {
            HttpResponse::build(status.try_into().unwrap())
                .content_type("text/html")
                .body("\n")
        })
        .await;
        let (walked, _) = read(&site, "one/watchlist", None).await;
        let FetchOutcome::Refused { reason, .. } = walked.outcome else {
            panic!("{walked:?}");
        };
        assert!(reason.contains(said), "{reason}");
    }
}

#[actix_rt::test]
async fn what_is_no_array_is_a_change_and_not_an_empty_list() {
    for body in [
        "{}",
        "null",
        "[",
        "<html>We are back soon",
        "",
        r#"[{"thing":1}]"#,
        r#"{"error":"x"}"#,
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body)).await;
        let (walked, _) = read(&site, "one/watchlist", None).await;
        assert!(
            matches!(
                walked.outcome,
                FetchOutcome::Failed { .. } | FetchOutcome::Refused { .. }
            ),
            "{body}: {walked:?}"
        );
        assert!(
            matches!(walked.outcome, FetchOutcome::Failed { .. }),
            "{body}: {walked:?}"
        );
    }
}

#[test]
fn the_client_id_is_shown_nowhere() {
    let list = ListToRead {
        id: "one/watchlist".into(),
        credential: Some(Credential::key("very-secret")),
        ..ListToRead::default()
    };
    let ways = Trakt.ways(&list, &sites("http://site.test")).unwrap();
    assert!(!format!("{list:?} {ways:?}").contains("very-secret"));
}
