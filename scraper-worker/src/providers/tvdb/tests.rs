//! `TheTVDB`'s answers over HTTP, from a site on loopback: signing in, lists by name and number,
//! favourites, records of titles, pages, refusals.

use std::cell::RefCell;

use actix_web::HttpResponse;
use runtime::socket::Gone;
use schema::{
    models::{Cause, MediaType},
    wire::scraper::{Credential, Entry, FetchOutcome},
};
use serde_json::{Value, json};

use super::Tvdb;
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

fn with_pin() -> Credential {
    Credential {
        token: Some("a pin".into()),
        ..with_key()
    }
}

fn with_key() -> Credential {
    Credential::key("a key")
}

async fn read_at(
    bench: &Bench,
    site: &FakeSite,
    list: &str,
    credential: impl Into<Option<Credential>>,
) -> (Walked, Vec<Entry>) {
    let (sites, kept) = (sites(&site.url), Kept::default());
    let fetcher = bench.fetcher();
    let walk = Walk {
        fetcher: &fetcher,
        provider: &Unhurried(&Tvdb),
        sites: &sites,
        list: ListToRead {
            id: list.into(),
            credential: credential.into(),
            ..ListToRead::default()
        },
        limit: None,
    };
    let walked = Box::pin(walk.run(&kept)).await.unwrap();
    (walked, kept.0.take())
}

async fn read(
    site: &FakeSite,
    list: &str,
    credential: impl Into<Option<Credential>>,
) -> (Walked, Vec<Entry>) {
    read_at(&Bench::new(), site, list, credential).await
}

fn success(data: &Value) -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "success", "data": data}))
}

fn failure(status: u16, message: &str) -> HttpResponse {
    HttpResponse::build(status.try_into().unwrap())
        .json(json!({"status": "failure", "message": message, "data": null}))
}

fn signed_in(hit: &Hit) -> bool {
    hit.header("authorization") == Some("Bearer a.token")
}

/// A site with one list of three titles: `rainy-days` is its list 2077, `1001` its list 1.
fn of_api(hit: &Hit) -> HttpResponse {
    if hit.path == "/v4/login" {
        let told: Value = serde_json::from_str(&hit.body).unwrap();
        assert_eq!(told["apikey"], "a key");
        return success(&json!({"token": "a.token"}));
    }
    assert!(signed_in(hit), "{}", hit.path);
    let record = |kind: &str, id: u32| {
        success(
            &json!({"id": id, "name": format!("{kind} {id}"), "year": "2001",
            "remoteIds": [{"id": format!("tt{id:07}"), "sourceName": "IMDB"},
                {"id": id.to_string(), "sourceName": "TheMovieDB.com"}]}),
        )
    };
    match hit.path.as_str() {
        "/v4/lists/slug/rainy-days" => success(&json!({"id": 2077, "name": "Rainy Days"})),
        "/v4/lists/slug/1001" => success(&json!({"id": 1, "name": "Number One"})),
        "/v4/lists/2077/extended" | "/v4/lists/1/extended" | "/v4/lists/55/extended" => {
            success(&json!({"id": 1, "name": "Rainy Days", "entities": [
                {"order": 1, "seriesId": 7, "movieId": null},
                {"order": 2, "movieId": 7},
                {"order": 3, "seriesId": 8}]}))
        }
        "/v4/user/favorites" => success(&json!({"series": [7], "movies": [7], "people": [1]})),
        "/v4/series/7/extended" => record("Series", 7),
        "/v4/series/8/extended" => success(&json!({"id": 8, "name": "Bare", "remoteIds": null})),
        "/v4/movies/7/extended" => record("Movie", 7),
        _ => failure(404, "Not Found"),
    }
}

fn paths(site: &FakeSite) -> Vec<String> {
    site.hits().into_iter().map(|hit| hit.path).collect()
}

#[actix_rt::test]
async fn a_list_is_read_with_one_sign_in_and_each_title_is_asked_for_once() {
    let (site, bench) = (FakeSite::start(of_api).await, Bench::new());
    let (walked, entries) = read_at(&bench, &site, "lists/rainy-days", with_key()).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(walked.name.as_deref(), Some("Rainy Days"));
    assert_eq!(
        paths(&site),
        [
            "/v4/login",
            "/v4/lists/slug/rainy-days",
            "/v4/lists/2077/extended",
            "/v4/series/7/extended",
            "/v4/movies/7/extended",
            "/v4/series/8/extended",
        ]
    );
    let expected = |rank, kind: MediaType, id: i64| Entry {
        rank,
        media_type: Some(kind),
        tvdb_id: Some(id),
        ..Entry::default()
    };
    let known = |title: &str, entry: Entry| Entry {
        title: title.into(),
        year: Some(2001),
        imdb_id: Some("tt0000007".into()),
        tmdb_id: Some(7),
        ..entry
    };
    let bare = Entry {
        title: "Bare".into(),
        ..expected(3, MediaType::Tv, 8)
    };
    let without_source: Vec<Entry> = entries
        .iter()
        .map(|entry| Entry {
            source_id: None,
            ..entry.clone()
        })
        .collect();
    assert_eq!(
        without_source,
        [
            known("Series 7", expected(1, MediaType::Tv, 7)),
            known("Movie 7", expected(2, MediaType::Movie, 7)),
            bare
        ]
    );
    let (walked, again) = read_at(&bench, &site, "lists/rainy-days", with_key()).await;
    assert_eq!((walked.outcome, again), (FetchOutcome::Complete, entries));
    assert_eq!(site.hits().len(), 9, "names and ids are remembered");
}

#[actix_rt::test]
async fn a_first_look_tells_name_and_size() {
    let site = FakeSite::start(of_api).await;
    let (bench, sites) = (Bench::new(), sites(&site.url));
    let list = Tvdb.recognize("tvdb:rainy-days").unwrap();
    let seen = resolve(&bench.fetcher(), &Tvdb, &sites, list, Some(with_key())).await;
    assert_eq!((seen.name.as_str(), seen.size), ("Rainy Days", Some(3)));
    assert_eq!((seen.missing, seen.problem), (None, None));
    assert_eq!(site.hits().len(), 3, "no record is asked for");
}

#[actix_rt::test]
async fn a_number_is_looked_for_as_a_name_first() {
    for (list, extended) in [
        ("lists/1001", "/v4/lists/1/extended"),
        ("lists/55", "/v4/lists/55/extended"),
    ] {
        let site = FakeSite::start(of_api).await;
        let (walked, entries) = read(&site, list, with_key()).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete, "{list}");
        assert_eq!((entries.len(), paths(&site)[2].as_str()), (3, extended));
    }
    let site = FakeSite::start(of_api).await;
    let (walked, _) = read(&site, "lists/no-such", with_key()).await;
    assert_eq!(walked.outcome.cause(), Some(Cause::NotFound));
}

#[actix_rt::test]
async fn own_favorites_need_the_pin_and_those_of_others_are_read_from_their_page() {
    let site = FakeSite::start(of_api).await;
    let (walked, entries) = read(&site, "favorites", with_pin()).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((entries.len(), walked.dropped), (2, 1));
    let login: Value = serde_json::from_str(&site.hits()[0].body).unwrap();
    assert_eq!(login["pin"], "a pin");
    for credential in [None, Some(with_key())] {
        let (walked, _) = read(&site, "favorites", credential).await;
        assert_eq!(walked.outcome.cause(), Some(Cause::NeedsKey));
    }
    let of_others = FakeSite::start(|hit| {
        assert_eq!(hit.path, "/user/12/favorites");
        HttpResponse::NotFound().body("<html>")
    })
    .await;
    let (walked, _) = read(&of_others, "user/12/favorites", with_pin()).await;
    let FetchOutcome::Refused { remedy, cause, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert_eq!(cause, Cause::Private);
    assert!(remedy.contains("tvdb:favorites"), "{remedy}");
}

#[actix_rt::test]
async fn a_token_that_is_not_accepted_any_more_is_asked_for_once_more() {
    let site = FakeSite::start(|hit| match hit.number {
        1 => failure(401, "Unauthorized"),
        _ => of_api(hit),
    })
    .await;
    let (walked, entries) = read(&site, "lists/rainy-days", with_key()).await;
    assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 3));
    assert_eq!(paths(&site)[2], "/v4/login");
    let never = FakeSite::start(|hit| match hit.path.as_str() {
        "/v4/login" => of_api(hit),
        _ => failure(401, "Unauthorized"),
    })
    .await;
    let (walked, _) = read(&never, "lists/rainy-days", with_key()).await;
    assert_eq!(walked.outcome.cause(), Some(Cause::NeedsKey));
    assert_eq!(never.hits().len(), 4);
}

#[actix_rt::test]
async fn what_is_wrong_with_key_or_pin_is_told_apart() {
    for (status, message, credential, word) in [
        (
            401,
            "InvalidAPIKey: apikey invalid",
            with_key(),
            "does not accept the API key",
        ),
        (
            401,
            "Unauthorized",
            with_key(),
            "does not accept the API key",
        ),
        (
            400,
            "InvalidValueType: pin required",
            with_key(),
            "wants a subscriber's PIN",
        ),
        (
            401,
            "InvalidAPIKey: pin invalid",
            with_pin(),
            "does not accept the PIN",
        ),
    ] {
        let site = FakeSite::start(move |_| failure(status, message)).await;
        let (walked, _) = read(&site, "lists/rainy-days", credential).await;
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
            reason.contains(word) && reason.contains(message),
            "{reason}"
        );
        assert!(reason.contains("lists/rainy-days"), "{reason}");
        assert!(remedy.ends_with('.'), "{remedy}");
        assert_eq!(site.hits().len(), 1, "a refusal is not asked for again");
    }
}

#[actix_rt::test]
async fn failures_of_the_site_never_look_like_an_empty_list() {
    for (status, body) in [
        (429, "{}"),
        (500, "<html>"),
        (502, "<html>"),
        (200, "<html>We are back soon"),
        (200, "{}"),
        (200, "["),
        (200, r#"{"status":"success","data":null}"#),
        (200, r#"{"status":"success","data":[]}"#),
        (200, r#"{"status":"success","data":{}}"#),
        (200, r#"{"status":"success","data":{"id":1,"name":"x"}}"#),
        (200, r#"{"status":"success","data":{"entities":null}}"#),
        (200, r#"{"status":"success","data":{"entities":[]}}"#),
        (200, r#"{"status":"success","data":{"id":1,"entities":{}}}"#),
        (
            200,
            r#"{"status":"success","data":{"id":1,"entities":[{"order":1}]}}"#,
        ),
        (
            200,
            r#"{"status":"failure","message":"something broke","data":null}"#,
        ),
        (403, r#"{"status":"failure","message":"no","data":null}"#),
        (403, "<html><title>Just a moment...</title>"),
    ] {
        // What the first of them says about a body is what the second says.
        let steps = ["/v4/lists/2077/extended", "/v4/lists/slug/rainy-days"];
        let steps = steps.into_iter().take(if status == 200 { 1 } else { 2 });
        for step in steps {
            let site = FakeSite::start(move |hit| {
                if hit.path == step {
                    HttpResponse::build(u16::try_into(status).unwrap())
                        .insert_header(("retry-after", "600"))
                        .body(body)
                } else {
                    of_api(hit)
                }
            })
            .await;
            let (walked, entries) = read(&site, "lists/rainy-days", with_key()).await;
            assert!(
                matches!(
                    walked.outcome,
                    FetchOutcome::Failed { .. } | FetchOutcome::Refused { .. }
                ),
                "{step} {status} {body}: {walked:?}"
            );
            assert!(entries.is_empty());
        }
    }
}

#[actix_rt::test]
async fn a_list_without_entries_is_empty_where_it_says_so() {
    for entities in [json!([]), json!(null)] {
        let site = FakeSite::start(move |hit| match hit.path.as_str() {
            "/v4/lists/2077/extended" => {
                success(&json!({"id": 2077, "name": "Rainy Days", "entities": entities}))
            }
            _ => of_api(hit),
        })
        .await;
        let (walked, entries) = read(&site, "lists/rainy-days", with_key()).await;
        assert_eq!((walked.outcome, entries.len()), (FetchOutcome::Complete, 0));
    }
}

#[actix_rt::test]
async fn a_title_whose_record_cannot_be_read_is_on_the_list_all_the_same() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/v4/series/7/extended" => HttpResponse::Ok().body("<html>"),
        "/v4/series/8/extended" => failure(404, "Not Found"),
        _ => of_api(hit),
    })
    .await;
    let (walked, entries) = read(&site, "lists/rainy-days", with_key()).await;
    let FetchOutcome::Partial { reason, .. } = walked.outcome else {
        panic!("{walked:?}");
    };
    assert!(reason.contains("the ids of 1 title"), "{reason}");
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.title.as_str(), entry.tvdb_id.unwrap()))
        .collect();
    assert_eq!(told, [("", 7), ("Movie 7", 7), ("", 8)]);
}

#[actix_rt::test]
async fn without_a_key_the_pages_are_read() {
    let site = FakeSite::start(|hit| match hit.path.as_str() {
        "/lists/rainy-days" => HttpResponse::Ok().content_type("text/html").body(
            r#"<div id="general"><h3><a href="/series/24">24</a></h3><div class="mb-1">2001</div></div></html>"#,
        ),
        "/series/24" => HttpResponse::Ok().content_type("text/html").body(
            "<li><strong>TheTVDB.com Series ID</strong><span>76290</span></li>",
        ),
        path => panic!("{path}"),
    })
    .await;
    let (walked, entries) = read(&site, "lists/rainy-days", None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(
        entries,
        [Entry {
            rank: 1,
            title: "24".into(),
            year: Some(2001),
            media_type: Some(MediaType::Tv),
            tvdb_id: Some(76_290),
            source_id: Some("tvdb:series/24".into()),
            ..Entry::default()
        }]
    );
    assert!(
        site.hits()
            .iter()
            .all(|hit| hit.header("authorization").is_none())
    );
}

#[test]
fn key_and_pin_are_shown_nowhere() {
    let list = ListToRead {
        id: "favorites".into(),
        credential: Some(Credential {
            token: Some("hush-pin".into()),
            ..Credential::key("hush-key")
        }),
        ..ListToRead::default()
    };
    let ways = Tvdb.ways(&list, &sites("http://site.test/mirror")).unwrap();
    assert!(!format!("{list:?} {ways:?}").contains("hush"));
    assert_eq!(
        ways[0].first.url.as_str(),
        "http://site.test/mirror/v4/login"
    );
    let pace = |request| Tvdb.politeness_of(request).per_second;
    assert!(pace(&ways[0].first) > 1.0);
    let public = ListToRead {
        id: "lists/rainy-days".into(),
        ..ListToRead::default()
    };
    let ways = Tvdb.ways(&public, &sites("http://site.test")).unwrap();
    assert!(pace(&ways[0].first) < 0.5);
}

#[test]
fn names_and_years_of_records_are_cleaned() {
    let named = |data: Value| {
        let answer = crate::provider::Answer {
            status: 200,
            url: url::Url::parse("http://site.test/v4/series/7/extended").unwrap(),
            headers: reqwest::header::HeaderMap::new(),
            body: json!({"data": data}).to_string(),
        };
        super::api::named(&answer).map(|named| (named.title, named.year))
    };
    let told = |title: &str, year| Some((title.to_owned(), year));
    assert_eq!(
        named(json!({"name": "Ebb (2003)"})),
        told("Ebb", Some(2003))
    );
    assert_eq!(
        named(json!({"name": "Ebb", "year": 2004, "firstAired": "2003-01-01"})),
        told("Ebb", Some(2004))
    );
    assert_eq!(
        named(json!({"name": "Ebb (UK)", "year": "", "firstAired": "2003-01-01"})),
        told("Ebb (UK)", Some(2003))
    );
    assert_eq!(
        named(json!({"name": "Ebb", "year": null, "first_release": {"date": "1999-12-31"}})),
        told("Ebb", Some(1999))
    );
    assert_eq!(
        named(json!({"name": "1883", "year": "0"})),
        told("1883", None)
    );
    assert_eq!(named(json!({"name": "", "year": "2001"})), None);
}

#[test]
fn the_captured_list_counts_an_entity_once_as_its_series() {
    let Some(file) = fixtures::capture("tvdb/v4-list-extended-synthetic.json") else {
        return;
    };
    let page = fixtures::read("tvdb", &file, "lists/url1", "API#entries");
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.media_type.unwrap(), entry.tvdb_id.unwrap()))
        .collect();
    assert_eq!(told, [(MediaType::Tv, 2836), (MediaType::Tv, 2837)]);
    assert_eq!((page.dropped, page.name.as_deref()), (0, Some("Name1")));
}

#[test]
fn the_captured_overview_of_lists_is_no_list() {
    let Some(file) = fixtures::capture("tvdb/v4-lists-page-synthetic.json") else {
        return;
    };
    let list = ListToRead {
        id: "lists/url1".into(),
        credential: Some(with_key()),
        ..ListToRead::default()
    };
    let mut request = Tvdb
        .ways(&list, &sites("http://site.test"))
        .unwrap()
        .remove(0)
        .first;
    request.step = super::api::ENTRIES;
    let answer = crate::provider::Answer {
        status: 200,
        url: request.url.clone(),
        headers: reqwest::header::HeaderMap::new(),
        body: std::fs::read_to_string(file).unwrap(),
    };
    let error = Tvdb.parse(&list, &request, &answer).unwrap_err();
    assert!(
        matches!(error, crate::provider::ProviderError::Changed { .. }),
        "{error}"
    );
}
