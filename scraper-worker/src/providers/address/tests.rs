//! Which addresses are lists, what is read behind them, and how a reading of one ends.

use std::{cell::RefCell, rc::Rc};

use actix_web::HttpResponse;
use reqwest::header::HeaderMap;
use runtime::socket::Gone;
use schema::wire::scraper::{Entry, FetchList, FetchOutcome, ListFetched};

use super::*;
use crate::{
    fake_site::{Bench, FakeSite, limits, sites},
    provider::Via,
    reading::Reader,
    settings::Limits,
    walk::Sink,
};

fn id(input: &str) -> Option<String> {
    Address.recognize(input).map(|list| list.list_id)
}

fn own(input: &str) -> Option<String> {
    Address.recognize_own(input).map(|list| list.list_id)
}

fn read(list: &str, status: u16, body: &str) -> Result<Page, ProviderError> {
    let list = ListToRead {
        id: list.into(),
        ..ListToRead::default()
    };
    let first = Address
        .ways(&list, &sites("http://x"))
        .unwrap()
        .remove(0)
        .first;
    assert_eq!((first.reach, first.via), (Reach::Guarded, Via::Http));
    assert!(first.is_whole_list && first.url.fragment().is_none());
    let answer = Answer {
        status,
        url: first.url.clone(),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    Address.parse(&list, &first, &answer)
}

#[test]
fn addresses_that_end_as_documents_do_are_surely_lists() {
    for (input, expected) in [
        (
            "https://Blog.example/films.json#top",
            "https://blog.example/films.json",
        ),
        ("blog.example/films.CSV", "https://blog.example/films.CSV"),
        (
            "http://nas:8080/list.txt?x=1",
            "http://nas:8080/list.txt?x=1",
        ),
        (
            "https://letterboxd.com/bob/rss/",
            "https://letterboxd.com/bob/rss/",
        ),
        ("https://blog.example/feed", "https://blog.example/feed"),
        (
            "https://blog.example/list#year=Jahr&name=Film",
            "https://blog.example/list#title=Film&year=Jahr",
        ),
        (
            "https://github.com/bob/lists/blob/main/films.csv",
            "https://raw.githubusercontent.com/bob/lists/main/films.csv",
        ),
        (
            "https://docs.google.com/spreadsheets/d/abc/edit?usp=sharing#gid=0",
            "https://docs.google.com/spreadsheets/d/abc/export?format=csv",
        ),
    ] {
        assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        assert_eq!(id(expected).as_deref(), Some(expected), "an id is itself");
    }
}

#[test]
fn other_addresses_are_lists_when_they_are_said_to_be() {
    for input in ["https://blog.example/list", "http://192.168.0.7/x"] {
        assert_eq!(id(input), None, "{input}");
        assert_eq!(own(input).as_deref(), Some(input));
    }
    for input in [
        "",
        "movies.json",
        "watchlist.csv",
        "top",
        "ftp://blog.example/a.csv",
        "file:///etc/a.csv",
        "https://bob:secret@blog.example/a.csv",
        "http://0.0.0.0/a.csv",
    ] {
        assert_eq!(id(input), None, "{input}");
    }
}

#[test]
fn a_document_is_read_whatever_it_is() {
    for body in [
        "[{\"title\": \"Heat\", \"year\": 1995}]",
        "title;year\nHeat;1995\n",
        "Heat (1995)\n",
        "<rss><channel><title>Mine</title><item><title>Heat (1995)</title></item></channel></rss>",
    ] {
        let page = read("https://a.example/x", 200, body).unwrap();
        assert_eq!((page.entries.len(), page.announced), (1, Some(1)), "{body}");
        assert_eq!(page.entries[0].title, "Heat");
    }
    let mapped = read("https://a.example/x#title=Film", 200, "Film,Wert\nHeat,5\n").unwrap();
    assert_eq!(mapped.entries[0].title, "Heat");
}

#[test]
fn refusals_are_told_apart() {
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    let refusal = |body: &str| match read("https://a.example/x.csv", 200, body) {
        Err(ProviderError::Refused {
            cause,
            reason,
            remedy,
        }) => {
            assert_eq!(cause, Cause::Changed);
            format!("{reason} / {remedy}")
        }
        other => panic!("{body}: {other:?}"),
    };
    assert!(refusal(page).contains("--type web"));
    assert!(refusal("a,b\n1,2\n").contains("https://a.example/x.csv#title=a"));
    assert!(refusal("Please wait.").contains("is no list of titles"));
    assert!(refusal("").contains("it is empty"));
    for (status, body) in [(403, page), (401, ""), (202, page)] {
        let error = read("https://a.example/x.csv", status, body).unwrap_err();
        assert!(matches!(error, ProviderError::Blocked { .. }), "{status}");
    }
    let gone = read("https://a.example/x.csv", 404, page).unwrap_err();
    assert_eq!(gone, ProviderError::NotFound);
    let broken = read("https://a.example/x.json", 200, "[{\"title\": \"Heat\"").unwrap_err();
    assert!(matches!(broken, ProviderError::Changed { .. }), "{broken}");
    let failed = read("https://a.example/x.json", 200, "{\"error\": \"quota\"}").unwrap_err();
    assert_eq!(
        failed,
        ProviderError::Failed {
            what: "quota".into()
        }
    );
}

/// Keeps the titles.
#[derive(Default)]
struct Titles(RefCell<Vec<String>>);

impl Sink for Titles {
    async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
        let titles = entries.into_iter().map(|entry| entry.title);
        self.0.borrow_mut().extend(titles);
        Ok(())
    }
}

/// Reads a list as a run does.
async fn fetched(reader: &Reader, list_id: &str) -> (ListFetched, Vec<String>) {
    let asked = FetchList {
        known: None,
        list: None,
        list_type: "url".into(),
        list_id: list_id.into(),
        item_limit: None,
        credential: None,
    };
    let titles = Titles::default();
    let sites = Rc::new(sites("http://x"));
    let read = reader.read(&Address, &sites, asked, &titles).await;
    (read.unwrap(), titles.0.into_inner())
}

const FILMS: &str =
    "[{\"title\": \"Heat\", \"year\": 1995}, {\"title\": \"Ronin\", \"year\": 1998}]";

#[actix_rt::test]
async fn an_unchanged_document_is_asked_for_conditionally_and_read_as_before() {
    let site = FakeSite::start(|hit| match hit.header("if-none-match") {
        Some("\"1\"") => HttpResponse::NotModified().finish(),
        _ => HttpResponse::Ok()
            .insert_header(("etag", "\"1\""))
            .body(FILMS),
    })
    .await;
    let bench = Bench::new();
    let reader = Reader::new(bench.fetcher());
    let list = format!("{}/films.json", site.url);
    for is_second in [false, true] {
        let (read, titles) = fetched(&reader, &list).await;
        assert_eq!(read.outcome, FetchOutcome::Complete);
        assert_eq!(
            (read.not_modified, titles),
            (is_second, vec!["Heat".to_owned(), "Ronin".to_owned()])
        );
    }
    let hits = site.hits();
    assert_eq!(hits.len(), 2);
    assert!(hits[0].header("accept").unwrap().contains("text/csv"));
    assert!(
        hits[0]
            .header("user-agent")
            .unwrap()
            .starts_with("ListSync/")
    );
}

#[actix_rt::test]
async fn a_document_in_an_older_encoding_keeps_its_letters() {
    let site =
        FakeSite::start(|_| HttpResponse::Ok().body(b"title;year\nAm\xe9lie;2001\n".as_slice()))
            .await;
    let bench = Bench::new();
    let (read, titles) = fetched(
        &Reader::new(bench.fetcher()),
        &format!("{}/films.csv", site.url),
    )
    .await;
    assert_eq!(
        (read.outcome, titles),
        (FetchOutcome::Complete, vec!["Amélie".to_owned()])
    );
}

#[actix_rt::test]
async fn what_is_no_whole_list_is_never_an_empty_one() {
    let bodies: [(u16, &str); 7] = [
        (200, "<!DOCTYPE html><html>Sign in</html>"),
        (200, ""),
        (200, "[{\"title\": \"Heat\""),
        (200, "{\"error\": \"no\"}"),
        (404, "gone"),
        (403, "no"),
        (503, "later"),
    ];
    let bench = Bench::new();
    let reader = Reader::new(bench.fetcher());
    for (status, body) in bodies {
        let site =
            FakeSite::start(move |_| HttpResponse::build(status.try_into().unwrap()).body(body))
                .await;
        let (read, titles) = fetched(&reader, &format!("{}/films.json", site.url)).await;
        let is_told = matches!(
            read.outcome,
            FetchOutcome::Refused { .. } | FetchOutcome::Failed { .. }
        );
        assert!(
            is_told && titles.is_empty(),
            "{status} {body}: {:?}",
            read.outcome
        );
    }
}

#[actix_rt::test]
async fn a_document_that_is_too_large_says_so() {
    let site = FakeSite::start(|_| HttpResponse::Ok().body(FILMS)).await;
    let bench = Bench::new();
    let reader = Reader::new(bench.fetcher_with(Limits {
        body_bytes: 20,
        ..limits()
    }));
    let (read, titles) = fetched(&reader, &format!("{}/films.json", site.url)).await;
    let FetchOutcome::Failed { reason, cause, .. } = read.outcome else {
        panic!("{:?}", read.outcome)
    };
    assert_eq!((cause, titles.len()), (Cause::TooLarge, 0));
    assert!(reason.contains("longer than 20 bytes"), "{reason}");
}

#[actix_rt::test]
async fn an_address_inside_the_network_is_visited_only_where_the_owner_allows_it() {
    let site = FakeSite::start(|_| HttpResponse::Ok().body(FILMS)).await;
    let bench = Bench::new();
    let reader = Reader::new(bench.fetcher());
    reader.fetcher().means().guard.allow_private(false);
    let (read, _) = fetched(&reader, &format!("{}/films.json", site.url)).await;
    let FetchOutcome::Refused { cause, reason, .. } = read.outcome else {
        panic!("{:?}", read.outcome)
    };
    assert_eq!(cause, Cause::Forbidden, "{reason}");
    assert!(site.hits().is_empty());
}
