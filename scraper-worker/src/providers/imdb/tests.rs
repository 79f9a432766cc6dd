//! IMDb's answers over HTTP, from a site on loopback: pages, ways, refusals.

use std::cell::RefCell;

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::Cause,
    wire::scraper::{Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::{CACHING_GRAPHQL, GRAPHQL, Imdb, address, no_watchlist, private};
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{ListToRead, Method, Provider, ProviderError},
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

async fn read(site: &FakeSite, list: &str, limit: Option<u32>) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Imdb,
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

fn title(number: u32) -> Value {
    json!({"id": format!("tt{number:07}"), "titleText": {"text": format!("Film {number}")},
        "releaseYear": {"year": 2000}, "titleType": {"id": "movie"}})
}

fn is_graphql(hit: &Hit) -> bool {
    hit.path == "/"
}

/// Which title a request wants next, by its cursor.
fn after(hit: &Hit) -> u32 {
    let body: Value = serde_json::from_str(&hit.body).unwrap();
    let cursor = body["variables"]["after"].as_str().unwrap_or("0");
    cursor.parse().unwrap()
}

/// 250 titles of a list that says it has `total` and has `there`.
fn page_of_list(hit: &Hit, there: u32, total: u32) -> HttpResponse {
    let from = after(hit);
    let to = (from + 250).min(there);
    let edges: Vec<_> = (from + 1..=to)
        .map(|number| json!({"node": {"absolutePosition": number}, "listItem": title(number)}))
        .collect();
    HttpResponse::Ok().json(
        json!({"data": {"list": {"name": {"originalText": "Sunday evenings"},
        "titleListItemSearch": {"total": total, "edges": edges,
            "pageInfo": {"hasNextPage": to < there, "endCursor": to.to_string()}}}}}),
    )
}

#[actix_rt::test]
async fn every_page_of_a_list_is_read_and_counted() {
    let site = FakeSite::start(|hit| page_of_list(hit, 620, 620)).await;
    let (walked, entries) = read(&site, "ls0001", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, walked.pages), (Some(620), 3));
    assert_eq!(walked.name.as_deref(), Some("Sunday evenings"));
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=620));
    for hit in site.hits() {
        assert_eq!(hit.header("x-imdb-client-name"), Some("listsync"));
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
    }
}

#[actix_rt::test]
async fn fewer_titles_than_announced_are_partial() {
    let site = FakeSite::start(|hit| page_of_list(hit, 600, 620)).await;
    let (walked, entries) = read(&site, "ls0001", None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 620 entries, 600")),
        "{walked:?}"
    );
    assert_eq!(entries.len(), 600);
}

/// The page of a list with these titles.
fn html(numbers: std::ops::RangeInclusive<u32>, total: u32) -> HttpResponse {
    let edges: Vec<_> = numbers
        .map(|number| json!({"listItem": title(number)}))
        .collect();
    let data = json!({"props": {"pageProps": {"mainColumnData": {"list": {
        "titleListItemSearch": {"total": total, "edges": edges}}}}}});
    HttpResponse::Ok().content_type("text/html").body(format!(
        "<html><script id=\"__NEXT_DATA__\" type=\"application/json\">{data}</script></html>"
    ))
}

/// As the edge of the caching address answers since 2026-08 when it is not told a client's name.
fn turned_away() -> HttpResponse {
    HttpResponse::Forbidden()
        .content_type("text/html")
        .body("<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>")
}

/// The robot check before IMDb's pages.
fn robot_check() -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header(("x-amzn-waf-action", "challenge"))
        .content_type("text/html")
        .body("<html><script>window.awsWafCookieDomainList = [];</script></html>")
}

#[actix_rt::test]
async fn the_pages_are_read_where_graphql_turns_us_away() {
    let site = FakeSite::start(|hit| match (is_graphql(hit), hit.page()) {
        (true, _) => turned_away(),
        (false, 1) => html(1..=250, 260),
        (false, _) => html(251..=260, 260),
    })
    .await;
    let (walked, entries) = read(&site, "ls0001", None).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 260)
    );
    let paths: Vec<_> = site.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/", "/list/ls0001/", "/list/ls0001/"]);
}

#[actix_rt::test]
async fn turned_away_everywhere_is_a_refusal_that_offers_the_export() {
    let site = FakeSite::start(|hit| {
        if is_graphql(hit) {
            turned_away()
        } else {
            robot_check()
        }
    })
    .await;
    for list in ["ls0001", "ur0001", "top", "boxoffice", "calendar"] {
        let (walked, entries) = read(&site, list, None).await;
        let FetchOutcome::Refused { cause, remedy, .. } = walked.outcome else {
            panic!("{list}: {walked:?}");
        };
        assert_eq!(cause, Cause::Blocked, "{list}");
        assert_eq!(remedy, Imdb.remedy_when_blocked());
        assert!(entries.is_empty());
    }
}

#[actix_rt::test]
async fn private_missing_and_unknown_lists_are_told_apart_and_asked_for_once() {
    let error = |code: &'static str| json!({"data": null, "errors": [{"message": "no", "extensions": {"code": code}}]});
    for (list, body, expected, said) in [
        ("ls0001", error("FORBIDDEN"), Cause::Private, "private"),
        ("ur0001", error("FORBIDDEN"), Cause::Private, "private"),
        (
            "ls0001",
            error("RESOURCE_NOT_FOUND"),
            Cause::NotFound,
            "ls0001",
        ),
        (
            "ur0001",
            json!({"data": {"predefinedList": null}}),
            Cause::Private,
            "ur0001",
        ),
        (
            "ls0001",
            json!({"data": {"list": null}}),
            Cause::NotFound,
            "ls0001",
        ),
        (
            "p.abcd1234",
            json!({"data": {"userProfile": null}}),
            Cause::Private,
            "p.abcd1234",
        ),
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().json(&body)).await;
        let (walked, _) = read(&site, list, None).await;
        let FetchOutcome::Refused { cause, reason, .. } = walked.outcome else {
            panic!("{list}: {walked:?}");
        };
        assert_eq!(cause, expected, "{list}");
        assert!(reason.contains(said), "{reason}");
        assert_eq!(site.hits().len(), 1, "a refusal is not asked for again");
    }
}

#[actix_rt::test]
async fn an_empty_list_is_complete_and_what_is_no_list_is_not_empty() {
    let site = FakeSite::start(|hit| page_of_list(hit, 0, 0)).await;
    let (walked, entries) = read(&site, "ls0001", None).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
    for body in [
        "{}",
        "[]",
        "null",
        "<html>We are back soon",
        "",
        "{\"data\":{}}",
    ] {
        let site = FakeSite::start(move |_| HttpResponse::Ok().body(body)).await;
        let (walked, _) = read(&site, "ls0001", None).await;
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
async fn when_imdb_is_busy_or_fails_the_list_is_not_empty() {
    for (status, after) in [(429_u16, "3600"), (500, ""), (503, ""), (504, "")] {
        let site = FakeSite::start(move |_| {
            let mut answer = HttpResponse::build(status.try_into().unwrap());
            if !after.is_empty() {
                answer.insert_header(("retry-after", after));
            }
            answer.finish()
        })
        .await;
        let (walked, entries) = read(&site, "top", None).await;
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
async fn of_a_search_as_much_is_read_as_is_wanted_and_a_part_is_not_passed_off_as_all() {
    let search = |hit: &Hit| {
        let body: Value = serde_json::from_str(&hit.body).unwrap();
        let query = body["query"].as_str().unwrap();
        let size = query.split("first: ").nth(1).unwrap();
        let size: u32 = size.split(',').next().unwrap().parse().unwrap();
        let from = after(hit);
        let edges: Vec<_> = (from + 1..=from + size)
            .map(|number| json!({"node": {"title": title(number)}}))
            .collect();
        HttpResponse::Ok().json(json!({"data": {"advancedTitleSearch": {"total": 579_327,
            "edges": edges,
            "pageInfo": {"hasNextPage": true, "endCursor": (from + size).to_string()}}}}))
    };
    let list = "search?genres=drama&title_type=feature";
    for (limit, requests) in [(20, 1), (250, 1), (600, 3)] {
        let site = FakeSite::start(search).await;
        let (walked, entries) = read(&site, list, Some(limit)).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete, "{limit}");
        assert_eq!(
            (entries.len(), site.hits().len()),
            (limit as usize, requests)
        );
    }
    let site = FakeSite::start(search).await;
    let (walked, entries) = read(&site, list, None).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Partial { reason, .. } if reason.contains("announced 579327 entries, 1000")),
        "{walked:?}"
    );
    assert_eq!((entries.len(), site.hits().len()), (1000, 4));
}

#[test]
fn both_addresses_of_graphql_are_asked_before_the_page() {
    let mut sites = sites("http://site.test");
    sites.imdb.graphql_url = format!("{GRAPHQL}/");
    let ways = |list: &str| -> Vec<(&str, String)> {
        let list = ListToRead {
            id: list.into(),
            ..ListToRead::default()
        };
        let ways = Imdb.ways(&list, &sites).unwrap();
        ways.into_iter()
            .map(|way| {
                let is_posted = way.first.method == Method::Post;
                assert_eq!(is_posted, way.name != "page");
                (way.name, way.first.url.to_string())
            })
            .collect()
    };
    let page = |path: &str| ("page", format!("http://site.test/{path}"));
    for (list, path) in [
        ("ls0001", "list/ls0001/"),
        ("ur0001", "user/ur0001/watchlist/"),
        ("boxoffice", "chart/boxoffice/"),
        ("top-tamil", "india/top-rated-tamil-movies/"),
        (
            "search?genres=drama",
            "search/title/?genres=drama&count=250",
        ),
    ] {
        assert_eq!(
            ways(list),
            [
                ("GraphQL", format!("{GRAPHQL}/")),
                ("GraphQL (caching)", format!("{CACHING_GRAPHQL}/")),
                page(path)
            ]
        );
    }
    for (list, path) in [
        ("calendar", "calendar/"),
        (
            "search?role=nm0000001",
            "search/title/?role=nm0000001&count=250",
        ),
    ] {
        assert_eq!(ways(list), [page(path)]);
    }
}

#[test]
fn every_refusal_names_the_list_and_what_to_do() {
    let list = address::parse("ur0001").unwrap();
    insta::assert_debug_snapshot!((
        private("ls0001"),
        no_watchlist(&list),
        Imdb.remedy_when_blocked()
    ));
}

#[test]
fn every_remedy_offers_the_export_file() {
    let remedy = |error: ProviderError| match error {
        ProviderError::Refused { remedy, .. } => remedy,
        other => panic!("{other:?}"),
    };
    let list = address::parse("ur0001").unwrap();
    for remedy in [
        remedy(private("the list")),
        remedy(no_watchlist(&list)),
        Imdb.remedy_when_blocked().to_owned(),
    ] {
        assert!(
            remedy.contains("export it") && remedy.contains("`listsync lists add`"),
            "{remedy}"
        );
    }
}
