//! Simkl's answers over HTTP, from a site on loopback: parts, pages, totals, refusals; and captures of
//! real ones, where they are at hand.

use std::{cell::RefCell, fs, ops::Range};

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::Simkl;
use crate::{
    fake_site::{Bench, FakeSite, Hit, sites},
    provider::{Answer, ListToRead, Page, Provider, ProviderError},
    providers::fixtures::{capture, read as read_file},
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

fn signed_in() -> Credential {
    Credential {
        token: Some("the-token".into()),
        ..with_key()
    }
}

fn with_key() -> Credential {
    Credential::key("client-id")
}

async fn read_with(
    bench: &Bench,
    site: &FakeSite,
    list: &str,
    limit: Option<u32>,
    credential: Option<Credential>,
) -> (Walked, Vec<Entry>) {
    let (sites, kept) = (sites(&site.url), Kept::default());
    let walk = Walk {
        fetcher: &bench.fetcher(),
        provider: &Simkl,
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

async fn read(site: &FakeSite, list: &str, credential: Option<Credential>) -> (Walked, Vec<Entry>) {
    read_with(&Bench::new(), site, list, None, credential).await
}

fn query(hit: &Hit, key: &str) -> Option<String> {
    url::form_urlencoded::parse(hit.query.as_bytes())
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.into_owned())
}

fn rows(numbers: Range<u32>) -> Vec<Value> {
    let row = |number: u32| {
        json!({"title": format!("Film {number}"), "year": 2000, "type": "movie",
            "ids": {"simkl_id": number, "imdb": format!("tt{number:07}"), "tmdb": number.to_string()}})
    };
    numbers.map(row).collect()
}

/// Titles as the API's charts have them: without ids of other sites.
fn bare(numbers: Range<u32>) -> Vec<Value> {
    let row = |number| {
        json!({"title": format!("Film {number}"), "url": format!("/movies/{number}/film"),
            "release_date": "01/02/2000", "ids": {"simkl_id": number, "slug": "film"}})
    };
    numbers.map(row).collect()
}

fn marked(name: &str, numbers: Range<u32>) -> Vec<Value> {
    rows(numbers)
        .into_iter()
        .map(|row| json!({"status": "plantowatch", name: row}))
        .collect()
}

/// A page of a list of 120.
fn of_list(hit: &Hit) -> HttpResponse {
    let number: u32 = query(hit, "page").unwrap().parse().unwrap();
    let first = (number - 1) * 50;
    HttpResponse::Ok().json(json!({
        "id": 14462, "name": "Rainy days", "media_type": "movie",
        "pagination": {"page": number, "limit": 50, "total_items": 120, "total_pages": 3},
        "items": rows(first + 1..(first + 51).min(121)),
    }))
}

#[actix_rt::test]
async fn every_page_of_a_list_is_read_and_counted() {
    let site = FakeSite::start(of_list).await;
    let (walked, entries) = read(&site, "14462", Some(signed_in())).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.announced, entries.len()), (Some(120), 120));
    assert_eq!(walked.name.as_deref(), Some("Rainy days"));
    for hit in site.hits() {
        assert_eq!(hit.path, "/lists/14462");
        assert_eq!(query(&hit, "limit").as_deref(), Some("50"));
        assert_eq!(query(&hit, "client_id").as_deref(), Some("client-id"));
        assert_eq!(query(&hit, "app-name").as_deref(), Some("listsync"));
        assert!(query(&hit, "app-version").is_some());
        assert_eq!(hit.header("simkl-api-key"), Some("client-id"));
        assert_eq!(hit.header("authorization"), Some("Bearer the-token"));
        assert_eq!(hit.header("origin"), None);
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
        assert!(!hit.query.contains("the-token"));
    }
}

#[actix_rt::test]
async fn a_pasted_address_tells_name_and_size_or_what_is_missing() {
    let resolve = async |site: &FakeSite| {
        let list = Simkl
            .recognize("https://simkl.com/5/list/14462/rainy-days")
            .unwrap();
        let sites = sites(&site.url);
        resolve(
            &Bench::new().fetcher(),
            &Simkl,
            &sites,
            list,
            Some(signed_in()),
        )
        .await
    };
    let site = FakeSite::start(of_list).await;
    let resolved = resolve(&site).await;
    assert_eq!(
        (resolved.name.as_str(), resolved.size),
        ("Rainy days", Some(120))
    );
    assert_eq!((resolved.missing, resolved.problem), (None, None));
    let site = FakeSite::start(|_| json_of(200, r#"{"error":"premium_only"}"#)).await;
    let resolved = resolve(&site).await;
    assert_eq!(resolved.name, "Simkl list 14462");
    assert_eq!(resolved.missing.unwrap().cause, Cause::NeedsMembership);
}

#[actix_rt::test]
async fn a_list_that_shows_fewer_than_it_announces_is_partial() {
    let site = FakeSite::start(|_| {
        HttpResponse::Ok().json(json!({"items": rows(1..2),
            "pagination": {"page": 1, "limit": 50, "total_items": 3, "total_pages": 1}}))
    })
    .await;
    let (walked, entries) = read(&site, "14462", Some(signed_in())).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        walked.outcome,
        FetchOutcome::Partial {
            reason: "the site announced 3 entries, 1 could be read".into(),
            retryable: true,
            cause: Cause::Inconsistent,
        }
    );
}

#[actix_rt::test]
async fn what_an_account_marked_is_read_kind_after_kind() {
    let site = FakeSite::start(|hit| {
        HttpResponse::Ok().json(match hit.path.as_str() {
            "/sync/all-items/movies/plantowatch" => json!({"movies": marked("movie", 1..4)}),
            "/sync/all-items/shows/plantowatch" => json!(null),
            "/sync/all-items/anime/plantowatch" => json!({"anime": marked("show", 11..13)}),
            path => panic!("{path} was asked for"),
        })
    })
    .await;
    let (walked, entries) = read(&site, "plantowatch", Some(signed_in())).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert!(entries.iter().map(|entry| entry.rank).eq(1..=5));
    let extended: Vec<_> = site
        .hits()
        .iter()
        .map(|hit| query(hit, "extended").unwrap())
        .collect();
    assert_eq!(extended, ["full", "full", "full_anime_seasons"]);
    for hit in site.hits() {
        assert_eq!(hit.header("authorization"), Some("Bearer the-token"));
        assert_eq!(query(&hit, "client_id").as_deref(), Some("client-id"));
    }
    let (walked, entries) = read(&site, "plantowatch/movies", Some(signed_in())).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
    assert_eq!(site.hits().len(), 4, "one kind is one request");
}

#[actix_rt::test]
async fn nothing_marked_is_an_empty_list_and_a_strange_answer_is_not() {
    for body in [
        "null",
        "{}",
        "[]",
        r#"{"movies":[]}"#,
        r#"{"movies":null}"#,
        r#"{"shows":[]}"#,
    ] {
        let site = FakeSite::start(move |_| json_of(200, body)).await;
        let (walked, entries) = read(&site, "dropped/movies", Some(signed_in())).await;
        assert_eq!(
            (walked.outcome, entries.len()),
            (FetchOutcome::Complete, 0),
            "{body}"
        );
    }
    for body in [
        "",
        "1",
        r#"{"films":[]}"#,
        r#"{"shows":[{"show":{"title":"x","ids":{"simkl":1}}}]}"#,
        r#"{"movies":{}}"#,
        r#"{"movies":[1]}"#,
        "<html>",
    ] {
        let site = FakeSite::start(move |_| json_of(200, body)).await;
        let (walked, _) = read(&site, "dropped/movies", Some(signed_in())).await;
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
async fn the_lists_of_another_account_are_not_ours_to_read() {
    let site = FakeSite::start(|hit| {
        HttpResponse::Ok().json(match hit.path.as_str() {
            "/users/settings" => json!({"user": {"name": "some_one"}, "account": {"id": 77}}),
            "/sync/all-items/shows/hold" => json!({"shows": marked("show", 1..3)}),
            path => panic!("{path} was asked for"),
        })
    })
    .await;
    let (walked, entries) = read(&site, "77/hold/shows", Some(signed_in())).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 2));
    let (walked, _) = read(&site, "78/hold/shows", Some(signed_in())).await;
    assert_eq!(
        walked.outcome,
        FetchOutcome::Refused {
            reason: "Simkl shows 78/hold/shows to user 78 only, and the one signed in is 77".into(),
            remedy: "Sign in as that user with `listsync providers sign-in simkl`, or leave the number out for your own list.".into(),
            cause: Cause::Private,
        }
    );
}

#[actix_rt::test]
async fn a_chart_is_its_file_and_needs_nothing() {
    let site = FakeSite::start(|_| HttpResponse::Ok().json(rows(1..101))).await;
    for (list, path) in [
        (
            "trending:movies",
            "/discover/trending/movies/today_100.json",
        ),
        (
            "trending:tv:week:500",
            "/discover/trending/tv/week_500.json",
        ),
        ("trending:month", "/discover/trending/month_100.json"),
        ("dvd:500", "/discover/dvd/releases_500.json"),
    ] {
        let (walked, entries) = read(&site, list, None).await;
        assert_eq!(
            (walked.outcome, entries.len()),
            (FetchOutcome::Complete, 100),
            "{list}"
        );
        let hits = site.hits();
        let hit = hits.last().unwrap();
        assert_eq!(hit.path, path);
        assert!(hit.query.starts_with("app-name=listsync&app-version="));
        assert_eq!(hit.header("simkl-api-key"), None);
    }
    read(&site, "trending:movies", Some(with_key())).await;
    let hits = site.hits();
    let hit = hits.last().unwrap();
    assert_eq!(hit.header("simkl-api-key"), Some("client-id"));
    assert!(
        !hit.query.contains("client-id"),
        "it would be kept with the file"
    );
}

#[actix_rt::test]
async fn an_unchanged_chart_costs_one_conditional_request() {
    let bench = Bench::new();
    let site = FakeSite::start(|hit| {
        if hit.header("if-none-match") == Some("\"a\"") {
            return HttpResponse::NotModified().finish();
        }
        HttpResponse::Ok()
            .insert_header(("etag", "\"a\""))
            .json(rows(1..101))
    })
    .await;
    let (first, _) = read_with(&bench, &site, "trending:movies", None, None).await;
    let (second, entries) = read_with(&bench, &site, "trending:movies", None, None).await;
    assert_eq!((first.not_modified, second.not_modified), (false, true));
    assert_eq!((entries.len(), site.hits().len()), (100, 2));
}

#[actix_rt::test]
async fn where_the_file_fails_the_api_gives_the_beginning_of_a_chart() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/discover/trending/movies/today_100.json" => HttpResponse::Forbidden().finish(),
        "/movies/trending/today" => HttpResponse::Ok().json(bare(1..51)),
        path => {
            let number: u32 = path.strip_prefix("/movies/").unwrap().parse().unwrap();
            assert_eq!(query(hit, "extended").as_deref(), Some("full"));
            HttpResponse::Ok()
                .json(json!({"type": "movie", "ids": {"simkl": number, "tmdb": number}}))
        }
    })
    .await;
    let bench = Bench::new();
    let (walked, entries) =
        read_with(&bench, &site, "trending:movies", Some(2), Some(with_key())).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 2));
    assert!(
        entries
            .iter()
            .map(|entry| entry.tmdb_id)
            .eq([Some(1), Some(2)])
    );
    assert_eq!(site.hits().len(), 4);
    let (walked, _) = read_with(&bench, &site, "trending:movies", Some(3), Some(with_key())).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(site.hits().len(), 7, "what was learned is remembered");
}

#[actix_rt::test]
async fn the_beginning_of_a_chart_is_not_taken_for_all_of_it() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/discover/trending/movies/today_100.json" => HttpResponse::Forbidden().finish(),
        _ => HttpResponse::Ok().json(rows(1..51)),
    })
    .await;
    let (walked, entries) = read(&site, "trending:movies", Some(with_key())).await;
    assert_eq!(entries.len(), 50);
    let outcome = walked.outcome;
    assert!(
        matches!(outcome, FetchOutcome::Partial { .. }),
        "{outcome:?}"
    );
}

#[actix_rt::test]
async fn a_client_id_that_opens_nothing_does_not_hide_why_the_file_failed() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/discover/trending/movies/today_100.json" => HttpResponse::Forbidden().finish(),
        _ => json_of(401, r#"{"code":401,"error":"user_token_required"}"#),
    })
    .await;
    let (walked, _) = read(&site, "trending:movies", Some(with_key())).await;
    let FetchOutcome::Refused { reason, cause, .. } = walked.outcome else {
        panic!("{:?}", walked.outcome);
    };
    assert_eq!(cause, Cause::Blocked);
    assert!(
        reason.contains("file: ") && reason.contains("API: "),
        "{reason}"
    );
}

#[actix_rt::test]
async fn a_chart_that_is_not_there_has_moved_and_the_other_way_is_tried() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/movies/trending/today" => HttpResponse::Ok().json(rows(1..101)),
        _ => HttpResponse::NotFound().finish(),
    })
    .await;
    let (walked, entries) = read(&site, "trending:movies", Some(with_key())).await;
    assert_eq!(
        (walked.outcome, entries.len()),
        (FetchOutcome::Complete, 100)
    );
    let (walked, _) = read(&site, "dvd", None).await;
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
}

#[actix_rt::test]
async fn the_best_are_asked_for_with_the_client_id_and_their_ids_one_by_one() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/anime/best/voted" => HttpResponse::Ok().json(json!([
            {"title": "Kites", "year": 2001, "ids": {"simkl_id": 9}},
            {"title": "Kites II", "year": 2003, "ids": {"simkl_id": 10}},
        ])),
        "/anime/9" => HttpResponse::Ok().json(json!({"type": "anime", "anime_type": "movie",
            "ids": {"simkl": 9, "tmdb": "77"}, "mapped_tvdb_seasons": [0]})),
        "/anime/10" => HttpResponse::Ok().json(json!({"type": "anime", "anime_type": "tv",
            "ids": {"simkl": 10, "tvdb": "78"}, "mapped_tvdb_seasons": [2]})),
        path => panic!("{path} was asked for"),
    })
    .await;
    let (walked, entries) = read(&site, "best:anime:voted", Some(with_key())).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.media_type, entry.tmdb_id, entry.tvdb_id, entry.season))
        .collect();
    assert_eq!(
        told,
        [
            (Some(MediaType::Movie), Some(77), None, None),
            (Some(MediaType::Tv), None, Some(78), Some(2)),
        ]
    );
    let site = FakeSite::start(|_| json_of(401, r#"{"error":"user_token_required"}"#)).await;
    let (walked, _) = read(&site, "best:anime:voted", Some(with_key())).await;
    let outcome = walked.outcome;
    assert!(
        matches!(
            outcome,
            FetchOutcome::Refused {
                cause: Cause::NeedsSignIn,
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[actix_rt::test]
async fn titles_whose_ids_are_not_told_to_us_are_read_all_the_same() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/tv/best/all" => HttpResponse::Ok().json(bare(1..4)),
        _ => json_of(401, r#"{"error":"user_token_required"}"#),
    })
    .await;
    let (walked, entries) = read(&site, "best:tv:all", Some(with_key())).await;
    assert_eq!(
        (entries.len(), site.hits().len()),
        (3, 2),
        "asked once, then no more"
    );
    let FetchOutcome::Partial { reason, .. } = walked.outcome else {
        panic!("{:?}", walked.outcome);
    };
    assert!(
        reason.starts_with("the ids of 3 titles could not be read: "),
        "{reason}"
    );
}

#[actix_rt::test]
async fn what_is_missing_is_said_before_anything_is_asked() {
    let site = FakeSite::start(|hit| panic!("{} was asked for", hit.path)).await;
    let mut lines = Vec::new();
    for (list, credential) in [
        ("14462", None),
        ("best:tv:voted", None),
        ("plantowatch", None),
        ("plantowatch", Some(with_key())),
        ("77/watching/anime", Some(with_key())),
        ("watching", Some(Credential::key("a\nb"))),
    ] {
        let (walked, _) = read(&site, list, credential).await;
        lines.push(format!("{list}: {:?}", walked.outcome));
    }
    let unsendable = Credential {
        token: Some("a\nb".into()),
        ..with_key()
    };
    let (walked, _) = read(&site, "watching", Some(unsendable)).await;
    lines.push(format!("watching: {:?}", walked.outcome));
    insta::assert_snapshot!(lines.join("\n"));
}

#[actix_rt::test]
async fn a_rush_is_left_alone_and_a_failing_server_is_said() {
    for (status, cause) in [(429, Cause::QuotaUsedUp), (502, Cause::Unreachable)] {
        let site = FakeSite::start(move |_| json_of(status, "{}")).await;
        let (walked, _) = read(&site, "14462", Some(signed_in())).await;
        let outcome = walked.outcome;
        assert!(
            matches!(&outcome, FetchOutcome::Failed { retryable: true, cause: told, .. } if *told == cause),
            "{outcome:?}"
        );
    }
}

fn parsed(list: &str, status: u16, body: String) -> Result<Page, ProviderError> {
    let list = ListToRead {
        id: list.into(),
        credential: Some(signed_in()),
        ..ListToRead::default()
    };
    let ways = Simkl.ways(&list, &sites("http://site.test")).unwrap();
    let first = &ways.last().unwrap().first;
    let answer = Answer {
        status,
        url: first.url.clone(),
        headers: reqwest::header::HeaderMap::new(),
        body,
    };
    Simkl.parse(&list, first, &answer)
}

#[test]
fn a_list_without_items_or_a_chart_without_titles_is_never_empty() {
    for (list, body) in [
        ("14462", "{}"),
        ("14462", r#"{"items":null}"#),
        ("14462", r#"{"items":[]}"#),
        ("14462", r#"{"id":1,"pagination":{"total_items":0}}"#),
        ("14462", "[]"),
        ("trending:movies", "[]"),
        ("trending:movies", "{}"),
        ("trending:movies", r#"{"tv":[{"title":"x"}]}"#),
        ("trending", r#"{"tv":[],"movies":[],"anime":[]}"#),
        (
            "trending",
            r#"{"tv":[{"title":"x"}],"movies":[{"title":"y"}]}"#,
        ),
        (
            "trending",
            r#"{"tv":[{"title":"x"}],"movies":[],"anime":[{"title":"z"}]}"#,
        ),
        ("dvd", "null"),
        ("best:tv:month", "{}"),
    ] {
        let error = parsed(list, 200, body.into()).unwrap_err();
        assert!(
            matches!(error, ProviderError::Changed { .. }),
            "{list} {body}: {error}"
        );
    }
    let empty = r#"{"items":[],"pagination":{"total_items":0,"total_pages":0}}"#;
    assert_eq!(
        parsed("14462", 200, empty.into()).unwrap().announced,
        Some(0)
    );
    assert_eq!(
        parsed("best:tv:month", 200, "[]".into()),
        Ok(Page::default())
    );
    let torn = r#"{"items":[],"pagination":{"total_items":70,"total_pages":2}}"#;
    let error = parsed("14462", 200, torn.into()).unwrap_err();
    assert!(matches!(error, ProviderError::Failed { .. }), "{error}");
}

#[test]
fn a_wall_is_no_refusal_of_simkls_own_and_no_list() {
    let wall = "<html><title>Just a moment...</title>challenges.cloudflare.com</html>";
    for list in [
        "14462",
        "plantowatch/movies",
        "77/dropped/anime",
        "trending:movies",
        "best:tv:all",
    ] {
        for (status, body) in [
            (403, wall),
            (503, wall),
            (200, wall),
            (403, "error code: 1010"),
        ] {
            let error = parsed(list, status, body.into()).unwrap_err();
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{list} {status}: {error}"
            );
        }
    }
}

#[test]
fn the_captured_chart_is_read_title_for_title() {
    let Some(file) = capture("simkl/movies-trending-50-2026-07-15.json") else {
        return;
    };
    let rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    for way in ["API", "file"] {
        let page = read_file("simkl", &file, "trending:movies", way);
        assert_eq!((page.entries.len(), rows.len(), page.dropped), (50, 50, 0));
        assert_eq!(page.is_cut, way == "API");
        for (entry, row) in page.entries.iter().zip(&rows) {
            assert_eq!(Some(entry.title.as_str()), row["title"].as_str());
            let date = row["release_date"].as_str().unwrap();
            assert_eq!(entry.year.unwrap().to_string(), date[date.len() - 4..]);
            assert_eq!(entry.media_type, Some(MediaType::Movie));
            let number = &row["ids"]["simkl_id"];
            assert_eq!(entry.source_id, Some(format!("simkl:movies/{number}")));
        }
        let last = page.entries.last().unwrap();
        assert_eq!(
            (last.title.as_str(), last.year),
            ("Captain Marvel", Some(2019))
        );
    }
}

#[test]
fn the_captured_marks_of_an_account_are_read_title_for_title() {
    let Some(file) = capture("simkl/sync-all-items-srgsf.json") else {
        return;
    };
    let body: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    for (list, key, wrapper, media_type, count, first, last) in [
        (
            "completed/movies",
            "movies",
            "movie",
            MediaType::Movie,
            59,
            "Avatar",
            "Terminator 3: Rise of the Machines",
        ),
        (
            "watching/shows",
            "shows",
            "show",
            MediaType::Tv,
            58,
            "The 100",
            "100 Years of Horror",
        ),
    ] {
        let page = read_file("simkl", &file, list, "API");
        let rows = body[key].as_array().unwrap();
        assert_eq!(
            (page.entries.len(), rows.len(), page.dropped),
            (count, count, 0)
        );
        assert_eq!(page.entries[0].title, first);
        assert_eq!(page.entries[count - 1].title, last);
        for (entry, row) in page.entries.iter().zip(rows) {
            let (row, ids) = (&row[wrapper], &row[wrapper]["ids"]);
            assert_eq!(Some(entry.title.as_str()), row["title"].as_str());
            assert_eq!(entry.year.map(i64::from), row["year"].as_i64());
            assert_eq!(entry.media_type, Some(media_type));
            assert_eq!(entry.imdb_id.as_deref(), ids["imdb"].as_str());
            let number = |id: Option<i64>| id.map(|id| id.to_string());
            assert_eq!(number(entry.tmdb_id).as_deref(), ids["tmdb"].as_str());
            assert_eq!(number(entry.tvdb_id).as_deref(), ids["tvdb"].as_str());
        }
        assert_eq!(page.next, None);
    }
}

#[test]
fn the_captured_answers_about_lists_are_told_apart() {
    let cases = [
        ("auth-v2-premium-only-200.json", 200, Cause::NeedsMembership),
        ("auth-v2-private-list-403.json", 403, Cause::Private),
        (
            "auth-v2-user-token-required-401.json",
            401,
            Cause::NeedsSignIn,
        ),
    ];
    for (file, status, expected) in cases {
        let Some(file) = capture(&format!("simkl/{file}")) else {
            return;
        };
        let error = parsed("216324", status, fs::read_to_string(file).unwrap()).unwrap_err();
        assert!(
            matches!(&error, ProviderError::Refused { cause, .. } if *cause == expected),
            "{error:?}"
        );
    }
    let Some(file) = capture("simkl/auth-v2-list-items-200.json") else {
        return;
    };
    let page = read_file("simkl", &file, "216324", "API");
    assert_eq!((page.entries.len(), page.announced), (1, Some(3)));
    assert_eq!(page.name.as_deref(), Some("Unlisted TV list"));
    let entry = &page.entries[0];
    assert_eq!(
        (entry.title.as_str(), entry.year),
        ("Stranger Things", Some(2016))
    );
    assert_eq!(
        (entry.tmdb_id, entry.tvdb_id),
        (Some(66_732), Some(305_288))
    );
    assert_eq!(entry.imdb_id.as_deref(), Some("tt4574334"));
    assert_eq!(entry.media_type, Some(MediaType::Tv));
}
