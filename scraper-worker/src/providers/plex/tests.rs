//! Plex's answers over HTTP, from a site on loopback: pages, totals, feeds, refusals.

use std::{cell::RefCell, fmt::Write as _, ops::Range};

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::Cause,
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::Plex;
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{ListToRead, Provider as _},
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

async fn read_with(site: &FakeSite, list: &str, token: Option<&str>) -> (Walked, Vec<Entry>) {
    let (bench, sites, kept) = (Bench::new(), sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Plex,
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            credential: token.map(|token| Credential {
                token: Some(token.into()),
                ..Credential::default()
            }),
            ..ListToRead::default()
        },
        limit: None,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read(site: &FakeSite, list: &str) -> (Walked, Vec<Entry>) {
    read_with(site, list, Some("the-token")).await
}

fn query(hit: &Hit, key: &str) -> Option<String> {
    url::form_urlencoded::parse(hit.query.as_bytes())
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.into_owned())
}

fn rows(numbers: Range<u32>) -> Vec<Value> {
    let row = |number| {
        json!({"ratingKey": format!("5d77{number}"), "type": "movie", "title": format!("Film {number}"),
            "year": 2000, "Guid": [{"id": format!("imdb://tt{number:07}")}]})
    };
    numbers.map(row).collect()
}

fn container(rows: Vec<Value>, start: u32, total: u32) -> HttpResponse {
    HttpResponse::Ok().json(
        json!({"MediaContainer": {"offset": start, "totalSize": total,
        "size": rows.len(), "Metadata": rows}}),
    )
}

/// 130 entries, of which the server gives 60 at once, whatever is asked for.
fn of_watchlist(hit: &Hit) -> HttpResponse {
    let start: u32 = query(hit, "X-Plex-Container-Start")
        .unwrap()
        .parse()
        .unwrap();
    container(rows(start..(start + 60).min(130)), start, 130)
}

#[actix_rt::test]
async fn every_page_of_a_watchlist_is_read_and_counted() {
    let site = FakeSite::start(of_watchlist).await;
    let (walked, entries) = read(&site, "watchlist").await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, entries.len()), (Some(130), 130));
    let starts: Vec<_> = site
        .hits()
        .iter()
        .map(|hit| query(hit, "X-Plex-Container-Start").unwrap())
        .collect();
    assert_eq!(starts, ["0", "60", "120"]);
    for hit in site.hits() {
        assert_eq!(hit.path, "/library/sections/watchlist/all");
        assert_eq!(query(&hit, "X-Plex-Container-Size").as_deref(), Some("100"));
        assert_eq!(query(&hit, "includeGuids").as_deref(), Some("1"));
        assert_eq!(query(&hit, "type"), None);
        assert_eq!(hit.header("x-plex-token"), Some("the-token"));
        assert_eq!(hit.header("accept"), Some("application/json"));
        assert_eq!(hit.header("x-plex-product"), Some("ListSync"));
        assert!(!hit.query.contains("the-token"));
    }
    read(&site, "watchlist/shows").await;
    let hits = site.hits();
    assert_eq!(query(hits.last().unwrap(), "type").as_deref(), Some("2"));
}

#[actix_rt::test]
async fn a_pasted_address_tells_size_or_what_is_missing() {
    let site = FakeSite::start(of_watchlist).await;
    let resolve = async |credential| {
        let list = Plex.recognize("https://watch.plex.tv/watchlist").unwrap();
        let sites = sites(&site.url);
        resolve(&Bench::new().fetcher(), &Plex, &sites, list, credential).await
    };
    let token = Some("the-token".to_owned());
    let resolved = resolve(Some(Credential {
        token,
        ..Credential::default()
    }))
    .await;
    assert_eq!(
        (resolved.name.as_str(), resolved.size),
        ("Plex watchlist", Some(130))
    );
    let resolved = resolve(None).await;
    assert_eq!(resolved.missing.unwrap().cause, Cause::NeedsKey);
}

#[actix_rt::test]
async fn ids_that_the_watchlist_lacks_are_asked_for() {
    let site = FakeSite::start(|hit| {
        let row = json!({"ratingKey": "5d77a", "type": "show", "title": "Kites"});
        if hit.path == "/library/sections/watchlist/all" {
            return container(vec![row], 0, 1);
        }
        assert_eq!(hit.path, "/library/metadata/5d77a");
        assert_eq!(hit.header("x-plex-token"), Some("the-token"));
        container(
            vec![json!({"type": "show", "Guid": [{"id": "tvdb://77"}, {"id": "tmdb://7"}]})],
            0,
            1,
        )
    })
    .await;
    let (walked, entries) = read(&site, "watchlist").await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(
        (entries[0].tvdb_id, entries[0].tmdb_id),
        (Some(77), Some(7))
    );
}

#[actix_rt::test]
async fn an_empty_watchlist_says_so_and_a_strange_answer_is_a_change() {
    let empty = r#"{"MediaContainer":{"offset":0,"totalSize":0,"size":0}}"#;
    let site = FakeSite::start(move |_| json_of(200, empty)).await;
    let (walked, entries) = read(&site, "watchlist").await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
    for body in [
        "{}",
        "[]",
        "null",
        "",
        "<html>",
        r#"{"MediaContainer":null}"#,
        r#"{"MediaContainer":{}}"#,
        r#"{"MediaContainer":{"totalSize":3,"size":3}}"#,
        r#"{"MediaContainer":{"totalSize":1,"size":1,"Metadata":[1]}}"#,
        r#"{"MediaContainer":{"totalSize":1,"size":1,"Metadata":{}}}"#,
    ] {
        let site = FakeSite::start(move |_| json_of(200, body)).await;
        let (walked, _) = read(&site, "watchlist").await;
        let outcome = walked.outcome;
        assert!(
            matches!(
                outcome,
                FetchOutcome::Failed {
                    cause: Cause::Changed,
                    ..
                }
            ),
            "{body}: {outcome:?}"
        );
    }
}

fn json_of(status: u16, body: &'static str) -> HttpResponse {
    HttpResponse::build(status.try_into().unwrap())
        .content_type("application/json")
        .body(body)
}

#[actix_rt::test]
async fn refusals_are_told_apart() {
    let mut lines = Vec::new();
    for (list, status) in [
        ("watchlist", 401),
        ("watchlist", 403),
        ("watchlist", 404),
        ("watchlist", 429),
        ("watchlist", 500),
        ("rss/0f1e2d3c-aaaa", 404),
        ("rss/0f1e2d3c-aaaa", 403),
        ("rss/0f1e2d3c-aaaa", 429),
        ("rss/0f1e2d3c-aaaa", 500),
    ] {
        let site = FakeSite::start(move |_| json_of(status, "{}")).await;
        let (walked, _) = read(&site, list).await;
        let host = site.url.trim_start_matches("http://");
        let outcome = format!("{:?}", walked.outcome).replace(host, "HOST");
        assert!(!outcome.contains("0f1e2d3c"), "{outcome}");
        lines.push(format!("{list} {status}: {outcome}"));
    }
    let site = FakeSite::start(|hit| panic!("{} was asked for", hit.path)).await;
    for token in [None, Some(" "), Some("a\nb")] {
        let (walked, _) = read_with(&site, "watchlist", token).await;
        lines.push(format!("watchlist with {token:?}: {:?}", walked.outcome));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[actix_rt::test]
async fn a_page_that_is_empty_before_the_end_is_no_end() {
    let site = FakeSite::start(|hit| {
        let start = query(hit, "X-Plex-Container-Start").unwrap();
        container(
            if start == "0" {
                rows(0..60)
            } else {
                Vec::new()
            },
            0,
            130,
        )
    })
    .await;
    let (walked, entries) = read(&site, "watchlist").await;
    assert_eq!(entries.len(), 60);
    let outcome = walked.outcome;
    assert!(
        matches!(
            outcome,
            FetchOutcome::Partial {
                retryable: true,
                ..
            }
        ),
        "{outcome:?}"
    );
}

fn items(numbers: Range<u32>) -> Vec<Value> {
    let item = |number| {
        json!({"title": format!("Film {number} (2000)"), "category": "movie",
            "guids": [format!("imdb://tt{number:07}")]})
    };
    numbers.map(item).collect()
}

#[actix_rt::test]
async fn a_feed_is_read_page_by_page_without_the_token() {
    let site = FakeSite::start(|hit| {
        assert_eq!(
            (hit.path.as_str(), hit.header("x-plex-token")),
            ("/0f1e2d3c", None)
        );
        assert_eq!(query(hit, "format").as_deref(), Some("json"));
        let link = |cursor: u32| format!("https://rss.plex.tv/0f1e2d3c?cursor={cursor}");
        let (numbers, links) = match query(hit, "cursor").as_deref() {
            None => (0..50, json!({"self": link(1), "next": link(2)})),
            Some("2") => (50..80, json!({"self": link(2)})),
            Some(cursor) => panic!("{cursor} was asked for"),
        };
        HttpResponse::Ok()
            .json(json!({"title": "Plex Watchlist", "links": links, "items": items(numbers)}))
    })
    .await;
    let (walked, entries) = read(&site, "rss/0f1e2d3c").await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), site.hits().len()), (80, 2));
    assert_eq!(walked.name.as_deref(), Some("Plex Watchlist"));
    assert_eq!(
        (entries[79].title.as_str(), entries[79].year),
        ("Film 79", Some(2000))
    );
}

#[actix_rt::test]
async fn a_full_feed_without_pages_is_the_beginning_of_a_watchlist() {
    for (count, is_whole) in [(49, true), (50, false), (0, true)] {
        let site = FakeSite::start(move |_| {
            let links = json!({"self": "https://rss.plex.tv/0f1e2d3c"});
            HttpResponse::Ok()
                .json(json!({"title": "Plex Watchlist", "links": links, "items": items(0..count)}))
        })
        .await;
        let (walked, entries) = read(&site, "rss/0f1e2d3c").await;
        assert_eq!(entries.len(), count as usize);
        assert_eq!(
            walked.outcome == FetchOutcome::Complete,
            is_whole,
            "{count}"
        );
    }
}

#[actix_rt::test]
async fn a_feed_without_name_and_entries_and_one_that_never_ends_are_not_whole() {
    let site = FakeSite::start(|_| HttpResponse::Ok().json(json!({"items": []}))).await;
    let (walked, _) = read(&site, "rss/0f1e2d3c").await;
    let outcome = walked.outcome;
    assert!(
        matches!(
            outcome,
            FetchOutcome::Failed {
                cause: Cause::Changed,
                ..
            }
        ),
        "{outcome:?}"
    );
    let site = FakeSite::start(|hit| {
        let numbers = if query(hit, "cursor").is_some() {
            0..0
        } else {
            0..3
        };
        let links = json!({"next": format!("https://rss.plex.tv/0f1e2d3c?cursor={}", hit.number)});
        HttpResponse::Ok()
            .json(json!({"title": "Plex Watchlist", "links": links, "items": items(numbers)}))
    })
    .await;
    let (walked, entries) = read(&site, "rss/0f1e2d3c").await;
    assert!(
        matches!(walked.outcome, FetchOutcome::Partial { .. }),
        "{:?}",
        walked.outcome
    );
    assert_eq!((entries.len(), site.hits().len()), (3, 2));
}

fn rss(numbers: Range<u32>) -> String {
    let mut text =
        r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Plex Watchlist</title>"#
            .to_owned();
    for number in numbers {
        write!(
            text,
            "<item><title>Film {number} (2000)</title><category>movie</category><guid>imdb://tt{number:07}</guid></item>"
        )
        .unwrap();
    }
    text + "</channel></rss>"
}

#[actix_rt::test]
async fn where_json_fails_the_feed_is_read_as_rss() {
    for (body, is_whole) in [(rss(0..12), true), (rss(0..50), false)] {
        let site = FakeSite::start(move |hit| match query(hit, "format") {
            Some(_) => HttpResponse::InternalServerError().finish(),
            None => HttpResponse::Ok()
                .content_type("application/rss+xml")
                .body(body.clone()),
        })
        .await;
        let (walked, entries) = read(&site, "rss/0f1e2d3c").await;
        assert_eq!(walked.outcome == FetchOutcome::Complete, is_whole);
        assert_eq!(entries[11].imdb_id.as_deref(), Some("tt0000011"));
    }
}

#[actix_rt::test]
async fn a_torn_or_strange_feed_is_never_an_empty_one() {
    let whole = rss(0..3);
    let torn = whole
        .split("<item><title>Film 2")
        .next()
        .unwrap()
        .to_owned();
    for (body, expected) in [
        (torn, Some(2)),
        (whole.replace("</channel>", "</chanel>"), None),
        (whole.split("<item>").next().unwrap().to_owned(), None),
        (rss(0..2).replace("movie", "song"), None),
        ("<html><body>sign in</body></html>".into(), None),
        ("<feed></feed>".into(), None),
        (String::new(), None),
    ] {
        let sent = body.clone();
        let site = FakeSite::start(move |_| {
            HttpResponse::Ok()
                .content_type("application/xml")
                .body(sent.clone())
        })
        .await;
        let (walked, entries) = read(&site, "rss/0f1e2d3c").await;
        let outcome = walked.outcome;
        match expected {
            Some(count) => {
                assert_eq!(entries.len(), count);
                assert!(
                    matches!(outcome, FetchOutcome::Partial { .. }),
                    "{outcome:?}"
                );
            }
            None => assert!(
                matches!(
                    outcome,
                    FetchOutcome::Failed {
                        cause: Cause::Changed,
                        ..
                    }
                ),
                "{body}: {outcome:?}"
            ),
        }
    }
}
