//! Every kind of failure in the middle of a list: how the reading ends, what is said, and that what
//! was handed on before stays and is not taken for the whole list.

use actix_web::web::Bytes;
use futures_util::stream;

use super::*;

pub(super) fn torn() -> HttpResponse {
    // The beginning of a gzip of many zeros, without its end.
    let torn: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1];
    HttpResponse::Ok()
        .insert_header(("content-encoding", "gzip"))
        .body(torn)
}

pub(super) fn endless() -> HttpResponse {
    let piece = Bytes::from(vec![b' '; 64 * 1024]);
    HttpResponse::Ok().streaming(stream::repeat_with(move || {
        Ok::<_, actix_web::Error>(piece.clone())
    }))
}

pub(super) fn hanging() -> HttpResponse {
    HttpResponse::Ok().streaming(stream::pending::<Result<Bytes, actix_web::Error>>())
}

pub(super) fn dripping() -> HttpResponse {
    HttpResponse::Ok().streaming(stream::unfold((), |()| async {
        actix_rt::time::sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, actix_web::Error>(Bytes::from_static(b" ")), ()))
    }))
}

pub(super) fn html() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html")
        .body("<html>We are back soon")
}

fn to(location: &'static str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header(("location", location))
        .finish()
}

fn busy(retry_after: Option<&'static str>) -> HttpResponse {
    let mut answer = HttpResponse::TooManyRequests();
    if let Some(seconds) = retry_after {
        answer.insert_header(("retry-after", seconds));
    }
    answer.finish()
}

/// What the second page is, what is said of it, and whether it may be better later.
pub(super) type Case = (fn() -> HttpResponse, &'static str, bool);

pub(super) const CASES: &[Case] = &[
    (
        || busy(None),
        "asked to be left alone until 2026-11-21 12:0",
        true,
    ),
    (
        || busy(Some("600")),
        "asked to be left alone until 2026-11-21 12:",
        true,
    ),
    (
        || HttpResponse::Accepted().body("<html>challenge.js"),
        "Plain turned us away (status 202 and a robot check)",
        false,
    ),
    (
        || HttpResponse::Forbidden().finish(),
        "Plain turned us away (status 403)",
        false,
    ),
    (
        || {
            HttpResponse::ServiceUnavailable()
                .content_type("text/html")
                .body("<html><title>Just a moment...</title>")
        },
        "Plain turned us away (status 503 and a Cloudflare challenge)",
        false,
    ),
    (
        || HttpResponse::BadGateway().finish(),
        "answered 502 each time it was asked",
        true,
    ),
    (
        html,
        "not the one expected: a web page where JSON is due",
        false,
    ),
    (torn, "no complete answer from 127.0.0.1:", true),
    (endless, "is longer than 1048576 bytes", false),
    (hanging, "no complete answer from 127.0.0.1:", true),
    (dripping, "within 0.9 s", true),
    (
        || to("http://10.0.0.5/admin"),
        "points to another address, http://10.0.0.5/admin, which is not followed",
        false,
    ),
    (|| to("?page=2"), "sent us on more than 5 times", false),
];

#[actix_rt::test]
async fn whatever_ends_a_reading_what_was_handed_on_before_stays_and_is_not_all() {
    let limits = Limits {
        total: Duration::from_millis(900),
        tries: 2,
        ..limits()
    };
    for (second_page, said, is_retryable) in CASES {
        let site = site(|hit| match hit.page() {
            1 => plain(0..10, Some(20), Some(2)),
            _ => second_page(),
        })
        .await;
        let bench = Bench::new();
        let fetcher = bench.fetcher_with(limits.clone());
        let (walked, kept) = read_with(&fetcher, &PlainLists::at(&[&site]), None).await;
        let FetchOutcome::Partial {
            reason, retryable, ..
        } = &walked.outcome
        else {
            panic!("{said}: {walked:?}");
        };
        assert!(reason.starts_with("after 10 entries: "), "{reason}");
        assert!(reason.contains(said), "{said}: {reason}");
        assert_eq!(retryable, is_retryable, "{reason}");
        assert_eq!((walked.read, kept.ids()), (10, (0..10).collect()), "{said}");
    }
}

#[actix_rt::test]
async fn whatever_the_first_page_is_nothing_is_read_and_it_is_no_empty_list() {
    let limits = Limits {
        total: Duration::from_millis(900),
        tries: 2,
        ..limits()
    };
    for (page, said, is_retryable) in CASES {
        let site = site(|_| page()).await;
        let bench = Bench::new();
        let fetcher = bench.fetcher_with(limits.clone());
        let (walked, kept) = read_with(&fetcher, &PlainLists::at(&[&site]), None).await;
        let (reason, retryable) = match &walked.outcome {
            FetchOutcome::Failed {
                reason, retryable, ..
            } => (reason, *retryable),
            FetchOutcome::Refused { reason, remedy, .. } => {
                assert_eq!(remedy, "Use the export file.");
                (reason, false)
            }
            other => panic!("{said}: {other:?}"),
        };
        assert!(reason.contains(said), "{said}: {reason}");
        assert_eq!(retryable, *is_retryable, "{reason}");
        assert!(kept.ids().is_empty());
    }
}

/// What a reading said, without what differs from run to run.
fn told(outcome: &FetchOutcome, site: &FakeSite) -> String {
    let text = match outcome {
        FetchOutcome::Complete => "complete".to_owned(),
        FetchOutcome::Partial {
            reason,
            retryable,
            cause,
        } => format!("partial, {cause:?}, again: {retryable}: {reason}"),
        FetchOutcome::Failed {
            reason,
            retryable,
            cause,
        } => format!("failed, {cause:?}, again: {retryable}: {reason}"),
        FetchOutcome::Refused {
            reason,
            remedy,
            cause,
        } => format!("refused, {cause:?}: {reason}. {remedy}"),
    };
    let host = site.url.strip_prefix("http://").unwrap();
    let text = text.replace(host, "a.example");
    match text.split_once("until ") {
        Some((before, after)) => format!("{before}until <moment>{}", &after[19..]),
        None => text,
    }
}

/// Everything that may go wrong, on the first page and on the second.
#[actix_rt::test]
async fn what_is_said_of_each_failure_names_cause_and_host() {
    let limits = Limits {
        total: Duration::from_millis(900),
        tries: 1,
        ..limits()
    };
    let mut lines = Vec::new();
    for (page, _, _) in CASES {
        for is_first in [true, false] {
            let site = site(move |hit| match hit.page() {
                1 if !is_first => plain(0..10, Some(20), Some(2)),
                _ => page(),
            })
            .await;
            let bench = Bench::new();
            let fetcher = bench.fetcher_with(limits.clone());
            let (walked, _) = read_with(&fetcher, &PlainLists::at(&[&site]), None).await;
            lines.push(told(&walked.outcome, &site));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

fn listed(total: u32, next: Option<u32>) -> HttpResponse {
    plain(0..10, Some(total), next)
}

#[actix_rt::test]
async fn what_is_said_of_lists_that_do_not_add_up_names_the_numbers() {
    let pages: [fn(u32) -> HttpResponse; 4] = [
        |_| listed(12, None),              // a wrong total
        |page| listed(99, Some(page + 1)), // the same page again
        |page| plain(page * 10..page * 10 + 10, Some(20 + page), Some(page + 1)), // a changed total
        |page| {
            plain(
                page * 9..page * 9 + 10,
                Some(40),
                (page < 4).then_some(page + 1),
            )
        }, // moved
    ];
    let mut lines = Vec::new();
    for page in pages {
        let site = site(move |hit| page(hit.page())).await;
        let (walked, kept) = read(&[&site]).await;
        assert!(!kept.ids().is_empty());
        lines.push(told(&walked.outcome, &site));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[actix_rt::test]
async fn what_is_said_of_hosts_that_are_not_there_or_not_asked_names_them() {
    let bench = Bench::new();
    let fetcher = bench.fetcher();
    let site = site(|_| HttpResponse::BadGateway().finish()).await;
    let mut lines = Vec::new();
    for _ in 0..4 {
        let (walked, _) = read_with(&fetcher, &PlainLists::at(&[&site]), None).await;
        lines.push(told(&walked.outcome, &site));
    }
    for is_guarded in [false, true] {
        let name = format!("{}.example", "a".repeat(64));
        let provider = PlainLists {
            ways: vec![("only", format!("http://{name}/"))],
            is_guarded,
            ..PlainLists::default()
        };
        let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
        let (reason, retryable) = failure_of(&walked);
        assert!(reason.contains(&name) && retryable, "{reason}");
    }
    // What is said of names that nobody knows is in the system's own words.
    insta::assert_snapshot!(lines.join("\n"));
}
