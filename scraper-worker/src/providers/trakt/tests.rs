//! Trakt's answers over HTTP, from a site on loopback: pages, totals, limits, statuses, signing in.

use std::{cell::RefCell, ops::Range};

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::Cause,
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::{Trakt, address, needs_sign_in, refusal};
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{ListToRead, Provider},
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

async fn read_as(
    site: &FakeSite,
    list: &str,
    limit: Option<u32>,
    credential: Option<Credential>,
) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Trakt,
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            known: None,
            credential,
            limit,
        },
        limit,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read(site: &FakeSite, list: &str, limit: Option<u32>) -> (Walked, Vec<Entry>) {
    read_as(site, list, limit, Some(Credential::key("client-id"))).await
}

/// With somebody signed in.
async fn read_signed_in(site: &FakeSite, list: &str) -> (Walked, Vec<Entry>) {
    let credential = Credential {
        key: Some("client-id".into()),
        token: Some("some-token".into()),
        account: Some("one".into()),
    };
    read_as(site, list, None, Some(credential)).await
}

fn paths(site: &FakeSite) -> Vec<String> {
    site.hits().into_iter().map(|hit| hit.path).collect()
}

/// What a list is, as Trakt describes it before its entries.
fn about(count: u32) -> HttpResponse {
    HttpResponse::Ok().json(
        json!({"name": "Rainy days", "privacy": "public", "item_count": count,
        "ids": {"trakt": 7, "slug": "rainy-days"}, "user": {"username": "some.one"}}),
    )
}

fn is_about(hit: &Hit) -> bool {
    hit.query.is_empty()
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
    if is_about(hit) {
        return about(512);
    }
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
        (Some(510), 510, 4)
    );
    assert_eq!(walked.name.as_deref(), Some("Rainy days"));
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=510));
    let items = "/users/some.one/lists/rainy-days/items/movie,show,season,episode";
    let list = "/users/some.one/lists/rainy-days";
    assert_eq!(paths(&site), [list, items, items, items]);
    for hit in site.hits() {
        assert!(is_about(&hit) || number(&hit, "limit") == 250);
        assert_eq!(hit.header("authorization"), None);
        assert_eq!(hit.header("trakt-api-key"), Some("client-id"));
        assert_eq!(hit.header("trakt-api-version"), Some("2"));
        assert_eq!(hit.header("content-type"), Some("application/json"));
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn every_kind_of_list_has_its_address() {
    for (list, path) in [
        ("2142753", "/lists/2142753"),
        ("lists/paper-boats", "/lists/paper-boats"),
        ("one/watchlist", "/users/one/watchlist/movie,show"),
        ("one/watchlist/movies", "/users/one/watchlist/movies"),
        ("one/favorites/shows", "/users/one/favorites/shows"),
        ("trending:movies", "/movies/trending"),
        ("popular:shows", "/shows/popular"),
        ("anticipated:movies", "/movies/anticipated"),
        ("favorited:movies", "/movies/favorited"),
        ("played:shows:yearly", "/shows/played/yearly"),
        ("watched:shows:monthly", "/shows/watched/monthly"),
        ("collected:movies:all", "/movies/collected/all"),
        ("streaming:movies:daily", "/movies/streaming/daily"),
        ("boxoffice:movies", "/movies/boxoffice"),
    ] {
        let site = FakeSite::start(|hit| {
            if is_about(hit) {
                about(2)
            } else {
                page(&movies(1..3), 1, 2)
            }
        })
        .await;
        let (walked, entries) = read(&site, list, None).await;
        assert_eq!(
            (walked.outcome, entries.len()),
            (FetchOutcome::Complete, 2),
            "{list}"
        );
        let mut expected = vec![path.to_owned()];
        if path.starts_with("/lists") {
            expected.push(format!("{path}/items/movie,show,season,episode"));
        }
        assert_eq!(paths(&site), expected, "{list}");
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
async fn where_nothing_is_counted_pages_follow_until_an_empty_one() {
    // As Trakt answered without paging in 2026: a hundred, and not a word of the rest.
    let silent = FakeSite::start(|hit| {
        let rows = match number(hit, "page") {
            1 => movies(1..101),
            2 => movies(101..181),
            _ => Vec::new(),
        };
        HttpResponse::Ok().json(rows)
    })
    .await;
    let (walked, entries) = read(&silent, "one/watchlist", None).await;
    assert_eq!(
        (walked.outcome, entries.len(), silent.hits().len()),
        (FetchOutcome::Complete, 180, 3)
    );

    let without_pages = FakeSite::start(|_| HttpResponse::Ok().json(movies(1..301))).await;
    let (walked, entries) = read(&without_pages, "one/watchlist", None).await;
    assert_eq!(
        (walked.outcome, entries.len(), without_pages.hits().len()),
        (FetchOutcome::Complete, 300, 1)
    );

    let deaf = FakeSite::start(|_| HttpResponse::Ok().json(movies(1..101))).await;
    let (walked, entries) = read(&deaf, "one/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("same page twice")),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 100);
}

#[actix_rt::test]
async fn pages_smaller_than_asked_for_are_followed_by_what_is_told() {
    let told = |header: &'static str, value: &'static str| {
        move |hit: &Hit| {
            let number = number(hit, "page");
            let first = (number - 1) * 100 + 1;
            HttpResponse::Ok()
                .insert_header(("x-pagination-limit", "100"))
                .insert_header(("x-pagination-page", number.to_string()))
                .insert_header((header, value))
                .json(movies(first..(first + 100).min(231)))
        }
    };
    for (header, value) in [
        ("x-pagination-page-count", "3"),
        ("x-pagination-item-count", "230"),
    ] {
        let site = FakeSite::start(told(header, value)).await;
        let (walked, entries) = read(&site, "one/watchlist", None).await;
        assert_eq!(
            (walked.outcome, entries.len(), site.hits().len()),
            (FetchOutcome::Complete, 230, 3),
            "{header}"
        );
    }
}

#[actix_rt::test]
async fn headers_that_do_not_fit_each_other_or_the_page_make_a_reading_partial() {
    // Counted for a limit that was cut without a word.
    let cut = FakeSite::start(|_| {
        HttpResponse::Ok()
            .insert_header(("x-pagination-page", "1"))
            .insert_header(("x-pagination-limit", "1000"))
            .insert_header(("x-pagination-page-count", "1"))
            .insert_header(("x-pagination-item-count", "510"))
            .json(movies(1..251))
    })
    .await;
    let (walked, entries) = read(&cut, "one/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 510 entries, 250")),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 250);

    let other = FakeSite::start(|hit| {
        let rows = match number(hit, "page") {
            1 => movies(1..251),
            _ => movies(251..301),
        };
        HttpResponse::Ok()
            .insert_header(("x-pagination-page", "1"))
            .insert_header(("x-pagination-page-count", "2"))
            .json(rows)
    })
    .await;
    let (walked, _) = read(&other, "one/watchlist", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("page 1 where page 2 was due")),
        "{walked:?}"
    );

    let unreadable = FakeSite::start(|hit| {
        let rows = match number(hit, "page") {
            1 => movies(1..251),
            2 => movies(251..260),
            _ => Vec::new(),
        };
        HttpResponse::Ok()
            .insert_header(("x-pagination-page-count", "two"))
            .insert_header(("x-pagination-limit", "0"))
            .json(rows)
    })
    .await;
    let (walked, entries) = read(&unreadable, "one/watchlist", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 259)
    );
}

#[actix_rt::test]
async fn where_entries_are_not_counted_the_description_of_the_list_counts_them() {
    let of = |count: u32| {
        move |hit: &Hit| {
            if is_about(hit) {
                return about(count);
            }
            let rows = match number(hit, "page") {
                1 => movies(1..101),
                _ => Vec::new(),
            };
            HttpResponse::Ok().json(rows)
        }
    };
    let site = FakeSite::start(of(100)).await;
    let (walked, _) = read(&site, "one/rainy-days", None).await;
    assert_eq!(
        (walked.outcome, walked.announced),
        (FetchOutcome::Complete, Some(100))
    );
    let site = FakeSite::start(of(180)).await;
    let (walked, _) = read(&site, "one/rainy-days", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 180 entries, 100")),
        "{walked:?}"
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
async fn seasons_of_one_show_are_entries_of_their_own() {
    let season = |number: u32| {
        json!({"type": "season", "season": {"number": number, "ids": {"tmdb": number}},
            "show": {"title": "Tide Tables", "year": 2011, "ids": {"tvdb": 77}}})
    };
    let site = FakeSite::start(move |hit| {
        if is_about(hit) {
            return about(252);
        }
        match number(hit, "page") {
            1 => page(&[movies(1..250), vec![season(1)]].concat(), 2, 252),
            _ => page(&[vec![season(2)], movies(250..251)].concat(), 2, 252),
        }
    })
    .await;
    let (walked, entries) = read(&site, "one/rainy-days", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (252, 3));
    let seasons: Vec<_> = entries.iter().filter_map(|entry| entry.season).collect();
    assert_eq!(seasons, [1, 2]);
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
    for credential in [None, Some(Credential::key("  "))] {
        let (walked, _) = read_as(&site, "one/watchlist", None, credential).await;
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
    let unsendable = Some(Credential::key("a\nb"));
    let (walked, _) = read_as(&site, "one/watchlist", None, unsendable).await;
    assert!(
        matches!(walked.outcome, FetchOutcome::Refused { .. }),
        "{walked:?}"
    );
    assert!(site.hits().is_empty());
}

#[actix_rt::test]
async fn what_is_ones_own_is_read_with_the_token_of_the_account() {
    for (list, path) in [
        ("me/watchlist", "/users/me/watchlist/movie,show"),
        ("me/favorites/movies", "/users/me/favorites/movies"),
        ("me/collection/shows", "/users/me/collection/shows"),
        (
            "me/rainy-days",
            "/users/me/lists/rainy-days/items/movie,show,season,episode",
        ),
        (
            "some.one/private-days",
            "/users/some.one/lists/private-days/items/movie,show,season,episode",
        ),
    ] {
        let site = FakeSite::start(|hit| {
            if hit.header("authorization") != Some("Bearer some-token") {
                HttpResponse::Unauthorized().finish()
            } else if is_about(hit) {
                about(2)
            } else {
                page(&movies(1..3), 1, 2)
            }
        })
        .await;
        let (walked, entries) = read_signed_in(&site, list).await;
        assert_eq!(
            (walked.outcome, entries.len()),
            (FetchOutcome::Complete, 2),
            "{list}"
        );
        assert_eq!(paths(&site).pop().as_deref(), Some(path));
    }
}

#[actix_rt::test]
async fn what_is_ones_own_needs_signing_in_and_doing_so_again_when_the_token_is_refused() {
    let site = FakeSite::start(|_| HttpResponse::Unauthorized().finish()).await;
    let (walked, _) = read(&site, "me/watchlist", None).await;
    let FetchOutcome::Refused { cause, remedy, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert_eq!(
        (cause, remedy.as_str()),
        (
            Cause::NeedsSignIn,
            "Sign in with `listsync providers sign-in trakt`."
        )
    );
    assert!(site.hits().is_empty());
    let (walked, _) = read_signed_in(&site, "me/rainy-days").await;
    let FetchOutcome::Refused { cause, remedy, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert_eq!(
        (cause, remedy.as_str()),
        (
            Cause::NeedsSignIn,
            "Sign in again with `listsync providers sign-in trakt`."
        )
    );
    assert_eq!(site.hits().len(), 1);
}

#[actix_rt::test]
async fn a_token_that_is_refused_does_not_keep_public_lists_from_being_read() {
    let public = FakeSite::start(|hit| match hit.header("authorization") {
        Some(_) => HttpResponse::Unauthorized().finish(),
        None => page(&movies(1..3), 1, 2),
    })
    .await;
    let (walked, entries) = read_signed_in(&public, "one/watchlist").await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 2));

    let private = FakeSite::start(|_| HttpResponse::Unauthorized().finish()).await;
    let (walked, _) = read_signed_in(&private, "one/watchlist").await;
    let FetchOutcome::Refused { cause, remedy, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert_eq!(cause, Cause::Private);
    assert!(
        remedy.contains("listsync providers sign-in trakt"),
        "{remedy}"
    );
    assert_eq!(private.hits().len(), 2);
}

#[actix_rt::test]
async fn what_a_list_is_called_and_how_long_it_is_are_known_from_its_first_page() {
    let site = FakeSite::start(of_list).await;
    let (bench, sites) = (Bench::new(), sites(&site.url));
    let resolved = |list: &str| {
        let list = Trakt.recognize_own(list).unwrap();
        let key = Some(Credential::key("client-id"));
        let (fetcher, sites) = (bench.fetcher(), &sites);
        async move { resolve(&fetcher, &Trakt, sites, list, key).await }
    };
    let list = resolved("some.one/rainy-days").await;
    assert_eq!(
        (list.name.as_str(), list.size, list.missing),
        ("Rainy days", Some(510), None)
    );
    assert_eq!(site.hits().len(), 2);
    let mine = resolved("me/watchlist").await;
    assert_eq!(mine.missing.unwrap().cause, Cause::NeedsSignIn);
    assert_eq!(site.hits().len(), 2, "nobody is asked");
}

#[actix_rt::test]
async fn a_chart_is_asked_for_without_the_token() {
    let site = FakeSite::start(|_| page(&movies(1..3), 1, 2)).await;
    let (walked, _) = read_signed_in(&site, "trending:movies").await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(site.hits()[0].header("authorization"), None);
}

#[actix_rt::test]
async fn a_description_that_is_none_is_a_change_and_not_an_empty_list() {
    for body in [
        "{}",
        "[]",
        "null",
        "<html>We are back soon",
        r#"{"error":"x"}"#,
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body)).await;
        let (walked, _) = read(&site, "one/rainy-days", None).await;
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
}

#[actix_rt::test]
async fn when_trakt_is_busy_or_fails_the_list_is_not_empty() {
    for (status, after) in [(429_u16, "3600"), (500, ""), (503, ""), (520, "")] {
        let site = FakeSite::start(move |_| {
            let mut answer = HttpResponse::build(status.try_into().unwrap());
            if !after.is_empty() {
                answer.insert_header(("retry-after", after));
            }
            answer.finish()
        })
        .await;
        let (walked, entries) = read(&site, "one/watchlist", None).await;
        assert!(
            matches!(
                walked.outcome,
                FetchOutcome::Failed {
                    retryable: true,
                    ..
                }
            ),
            "{status}: {walked:?}"
        );
        assert!(entries.is_empty());
    }
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
fn every_refusal_names_the_list_and_what_to_do() {
    let list = address::parse_own("some.one/rainy-days").unwrap();
    let mine = address::parse_own("me/watchlist").unwrap();
    let mut refusals = vec![
        ("nobody is signed in".to_owned(), needs_sign_in(&mine)),
        (
            "401 to the owner".to_owned(),
            refusal(401, &mine, true).unwrap(),
        ),
    ];
    for status in [401, 403, 404, 420, 423, 426] {
        for (is_signed_in, whom) in [(false, "a stranger"), (true, "somebody signed in")] {
            let refusal = refusal(status, &list, is_signed_in).unwrap();
            refusals.push((format!("{status} to {whom}"), refusal));
        }
    }
    insta::assert_debug_snapshot!(refusals);
}

#[test]
fn the_client_id_and_the_token_are_shown_nowhere() {
    let list = ListToRead {
        id: "one/watchlist".into(),
        credential: Some(Credential {
            key: Some("very-secret".into()),
            token: Some("very-secret".into()),
            account: None,
        }),
        ..ListToRead::default()
    };
    let ways = Trakt.ways(&list, &sites("http://site.test")).unwrap();
    assert!(!format!("{list:?} {ways:?}").contains("very-secret"));
}
