//! Readings of lists from a site on loopback: what completes, what is partial, what fails, and that
//! no failure looks like an emptied list.

mod certificate;
mod details;
mod everywhere;
mod failures;
mod guarded;
mod known;
mod large;

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderValue},
};
use schema::models::{HostState, HttpCache};
use serde_json::json;

use super::*;
use crate::fake_site::{Bench, FakeSite, Hit, PlainLists, limits, plain, sites};
use crate::settings::Limits;

#[derive(Default)]
struct Kept(RefCell<Vec<Vec<Entry>>>, Cell<Option<u32>>);

impl Sink for Kept {
    async fn entries(&self, entries: Vec<Entry>, announced: Option<u32>) -> Result<(), Gone> {
        self.0.borrow_mut().push(entries);
        self.1.set(announced);
        Ok(())
    }
}

impl Kept {
    fn ids(&self) -> Vec<u32> {
        let number = |entry: &Entry| entry.imdb_id.as_ref().unwrap()[2..].parse().unwrap();
        self.0.borrow().iter().flatten().map(number).collect()
    }
}

async fn read_with(fetcher: &Fetcher, provider: &PlainLists, limit: Option<u32>) -> (Walked, Kept) {
    read_as_known(fetcher, provider, limit, &KnownPages::default(), None).await
}

async fn read_as_known(
    fetcher: &Fetcher,
    provider: &PlainLists,
    limit: Option<u32>,
    pages: &KnownPages,
    known: Option<Known>,
) -> (Walked, Kept) {
    let sites = sites("http://127.0.0.1:9");
    let list = ListToRead {
        id: "l1".into(),
        ..ListToRead::default()
    };
    let walk = Walk {
        fetcher,
        provider,
        sites: &sites,
        list,
        limit,
    };
    let kept = Kept::default();
    let before = Before { pages, known };
    let walked = walk.run_after(before, &kept).await.unwrap();
    (walked, kept)
}

async fn read(sites: &[&FakeSite]) -> (Walked, Kept) {
    let bench = Bench::new();
    read_with(&bench.fetcher(), &PlainLists::at(sites), None).await
}

async fn site(reply: impl Fn(&Hit) -> HttpResponse + Send + Sync + 'static) -> FakeSite {
    FakeSite::start(reply).await
}

fn partial_of(walked: &Walked) -> &str {
    match &walked.outcome {
        FetchOutcome::Partial { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn failure_of(walked: &Walked) -> (&str, bool) {
    match &walked.outcome {
        FetchOutcome::Failed {
            reason, retryable, ..
        } => (reason, *retryable),
        other => panic!("{other:?}"),
    }
}

#[actix_rt::test]
async fn a_list_is_read_page_by_page_and_handed_on_in_hundreds() {
    let site = site(|hit| match hit.page() {
        1 => plain(0..250, Some(300), Some(2)),
        _ => plain(250..300, Some(300), None),
    })
    .await;
    let (walked, kept) = read(&[&site]).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(
        (walked.read, walked.announced, walked.pages),
        (300, Some(300), 2)
    );
    assert_eq!(kept.ids(), (0..300).collect::<Vec<_>>());
    assert_eq!(kept.1.get(), Some(300));
    let sizes: Vec<_> = kept.0.borrow().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 50, 50]);
    assert!(
        kept.0
            .borrow()
            .iter()
            .flatten()
            .map(|entry| entry.rank)
            .eq(1..=300)
    );
}

#[actix_rt::test]
async fn an_empty_list_is_complete() {
    let site = site(|_| plain(0..0, Some(0), None)).await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!((walked.outcome, walked.read), (FetchOutcome::Complete, 0));
}

#[actix_rt::test]
async fn a_limit_ends_the_reading_early_and_completely() {
    let site = site(|hit| {
        plain(
            hit.page() * 10..hit.page() * 10 + 10,
            Some(500),
            Some(hit.page() + 1),
        )
    })
    .await;
    let bench = Bench::new();
    let fetcher = bench.fetcher();
    let (walked, kept) = read_with(&fetcher, &PlainLists::at(&[&site]), Some(15)).await;
    assert_eq!((walked.outcome, walked.pages), (FetchOutcome::Complete, 2));
    assert_eq!(kept.ids(), (10..25).collect::<Vec<_>>());
}

#[actix_rt::test]
async fn fewer_entries_than_announced_are_partial() {
    let site = site(|_| plain(0..250, Some(300), None)).await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "the site announced 300 entries, 250 could be read"
    );
    assert_eq!(walked.read, 250);
}

#[actix_rt::test]
async fn announced_entries_of_which_none_comes_are_partial_and_not_empty() {
    let site = site(|_| plain(0..0, Some(12), None)).await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "the site announced 12 entries, 0 could be read"
    );
}

#[actix_rt::test]
async fn a_repeated_page_ends_the_reading_as_partial() {
    let site = site(|hit| plain(0..10, None, Some(hit.page() + 1))).await;
    let (walked, kept) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "the site sent the same page twice after 10 entries"
    );
    assert_eq!((kept.ids().len(), site.hits().len()), (10, 2));
}

#[actix_rt::test]
async fn a_repeated_page_after_all_that_was_announced_is_the_end() {
    let site = site(|hit| plain(0..10, Some(10), Some(hit.page() + 1))).await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
}

#[actix_rt::test]
async fn pages_without_end_are_cut_off() {
    let site = site(|hit| {
        plain(
            hit.page() * 10..hit.page() * 10 + 10,
            None,
            Some(hit.page() + 1),
        )
    })
    .await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "the list has more than 500 pages; the rest was not read"
    );
    assert_eq!(site.hits().len(), 500);
}

#[actix_rt::test]
async fn a_list_that_grows_meanwhile_is_read_once_more_and_each_entry_is_handed_on_once() {
    let site = site(|hit| match hit.number {
        0 => plain(0..10, Some(15), Some(2)),
        1 => plain(9..15, Some(16), None),
        2 => plain(100..101, Some(16), Some(2)),
        _ => plain(0..15, Some(16), None),
    })
    .await;
    let (walked, kept) = read(&[&site]).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    let mut ids = kept.ids();
    ids.sort_unstable();
    assert_eq!(ids, (0..15).chain([100]).collect::<Vec<_>>());
}

#[actix_rt::test]
async fn a_list_that_keeps_changing_is_partial() {
    let site = site(|hit| {
        let total = 20 + u32::try_from(hit.number).unwrap();
        let from = hit.page() * 10 - 10;
        plain(
            from..from + 10,
            Some(total),
            (hit.page() < 3).then(|| hit.page() + 1),
        )
    })
    .await;
    let (walked, _) = read(&[&site]).await;
    assert!(partial_of(&walked).starts_with("the list kept changing while it was read"));
}

#[actix_rt::test]
async fn a_list_that_loses_an_entry_meanwhile_is_partial() {
    let site = site(|hit| match hit.number {
        0 => plain(0..10, Some(15), Some(2)),
        2 => plain(1..11, Some(14), Some(2)),
        _ => plain(11..15, Some(14), None),
    })
    .await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "entries were removed from the list while it was read"
    );
}

#[actix_rt::test]
async fn a_list_whose_entries_move_between_its_pages_is_read_once_more() {
    // Entry 10 was dragged to the top between the two pages, so 9 comes twice and 10 not at all.
    let site = site(|hit| match hit.number {
        0 | 2 => plain(0..10, Some(20), Some(2)),
        1 => plain(9..19, Some(20), None),
        _ => plain(10..20, Some(20), None),
    })
    .await;
    let (walked, kept) = read(&[&site]).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(kept.ids(), (0..20).collect::<Vec<_>>());
}

#[actix_rt::test]
async fn a_list_whose_entries_keep_moving_is_partial_and_read_to_its_end() {
    let site = site(|hit| match hit.page() {
        1 => plain(0..10, Some(30), Some(2)),
        2 => plain(9..19, Some(30), Some(3)),
        _ => plain(20..30, Some(30), None),
    })
    .await;
    let (walked, kept) = read(&[&site]).await;
    assert_eq!(
        partial_of(&walked),
        "the list kept changing while it was read: entries moved from one page to another"
    );
    assert_eq!(kept.ids(), (0..19).chain(20..30).collect::<Vec<_>>());
}

#[actix_rt::test]
async fn entries_lost_in_a_damaged_answer_make_the_reading_partial() {
    for (total, limit) in [
        (None, None),
        (Some(2), None),
        (Some(3), None),
        (None, Some(2)),
    ] {
        let site = site(move |_| {
            let body = json!({"items": [1, 2], "total": total, "unreadable": 1, "next": null});
            HttpResponse::Ok().json(body)
        })
        .await;
        let bench = Bench::new();
        let (walked, kept) = read_with(&bench.fetcher(), &PlainLists::at(&[&site]), limit).await;
        assert!(
            matches!(
                &walked.outcome,
                FetchOutcome::Partial {
                    retryable: true,
                    ..
                }
            ),
            "{total:?} {limit:?}: {walked:?}"
        );
        assert_eq!((kept.ids(), walked.dropped), (vec![1, 2], 0));
    }
}

/// 150 entries and `long` more whose titles are too long, under a name that is too long.
fn wordy(long: usize) -> HttpResponse {
    let title = |number: usize, length: usize| format!("{number:03}{}", "\u{1}".repeat(length - 3));
    let fair = if long < 160 { 150 } else { 0 };
    let mut items: Vec<_> = (0..fair).map(|number| title(number, 500)).collect();
    items.extend((0..long).map(|number| title(number, 20_000)));
    HttpResponse::Ok().json(json!({"items": items, "name": "ü".repeat(300)}))
}

#[actix_rt::test]
async fn texts_are_bounded_so_that_what_is_handed_on_fits_into_one_line() {
    let limits = Limits {
        body_bytes: 64 * 1024 * 1024,
        // A busy machine takes its time to make so large an answer.
        idle: Duration::from_secs(10),
        total: Duration::from_secs(20),
        ..limits()
    };
    let bench = Bench::new();
    let fetcher = bench.fetcher_with(limits);
    let some = site(|_| wordy(10)).await;
    let (walked, kept) = read_with(&fetcher, &PlainLists::at(&[&some]), None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((walked.read, walked.dropped), (150, 10));
    assert_eq!(walked.name, Some("ü".repeat(200)));
    for entries in kept.0.take() {
        let line = serde_json::to_string(&entries).unwrap().len();
        assert!(line < schema::wire::MAX_LINE_BYTES, "{line}");
    }

    let all = site(|_| wordy(160)).await;
    let (walked, _) = read_with(&fetcher, &PlainLists::at(&[&all]), None).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(reason.contains("over 500 characters"), "{reason}");
    assert!(!retryable);
}

#[actix_rt::test]
async fn the_second_way_is_taken_when_the_first_gives_nothing() {
    for broken in [403_u16, 500, 202, 418] {
        let first = site(move |_| HttpResponse::build(broken.try_into().unwrap()).finish()).await;
        let second = site(|_| plain(0..5, Some(5), None)).await;
        let (walked, kept) = read(&[&first, &second]).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete, "{broken}");
        assert_eq!(kept.ids().len(), 5, "{broken}");
    }
}

#[actix_rt::test]
async fn two_ways_are_never_mixed() {
    let first = site(|hit| match hit.page() {
        1 => plain(0..10, Some(20), Some(2)),
        _ => HttpResponse::Forbidden().finish(),
    })
    .await;
    let second = site(|_| plain(0..20, Some(20), None)).await;
    let (walked, kept) = read(&[&first, &second]).await;
    assert_eq!(
        partial_of(&walked),
        "after 10 entries: Plain turned us away (status 403)"
    );
    assert_eq!((kept.ids().len(), second.hits().len()), (10, 0));
}

#[actix_rt::test]
async fn a_private_list_is_refused_without_trying_another_way() {
    let first = site(|_| HttpResponse::Gone().finish()).await;
    let second = site(|_| plain(0..1, None, None)).await;
    let (walked, _) = read(&[&first, &second]).await;
    assert_eq!(
        walked.outcome,
        FetchOutcome::Refused {
            cause: schema::models::Cause::Unreachable,
            reason: "the list is private".into(),
            remedy: "Make it public.".into()
        }
    );
    assert!(second.hits().is_empty());
}

#[actix_rt::test]
async fn a_missing_list_is_refused_and_named() {
    let site = site(|_| HttpResponse::NotFound().finish()).await;
    let (walked, _) = read(&[&site]).await;
    assert!(
        matches!(&walked.outcome, FetchOutcome::Refused { reason, .. } if reason == "Plain has no list l1")
    );
}

#[actix_rt::test]
async fn walls_are_refusals_with_a_way_round() {
    let challenge = || {
        HttpResponse::Ok()
            .content_type("text/html")
            .body("<html><script src=\"https://1.token.awswaf.com/1/challenge.js\"></script>")
    };
    let walls: [fn() -> HttpResponse; 3] = [
        || HttpResponse::Accepted().body("<html>challenge.js"),
        || {
            HttpResponse::Forbidden()
                .insert_header(("cf-mitigated", "challenge"))
                .finish()
        },
        challenge,
    ];
    for wall in walls {
        let site = site(move |_| wall()).await;
        let (walked, _) = read(&[&site]).await;
        assert!(
            matches!(&walked.outcome, FetchOutcome::Refused { remedy, .. } if remedy == "Use the export file."),
            "{walked:?}"
        );
        assert_eq!(site.hits().len(), 1, "a wall is not tried again");
    }
}

#[actix_rt::test]
async fn a_page_where_json_is_due_fails_and_is_not_empty() {
    let site = site(|_| failures::html()).await;
    let (walked, _) = read(&[&site]).await;
    assert_eq!(
        failure_of(&walked),
        (
            "Plain's answer is not the one expected: a web page where JSON is due",
            false
        )
    );
}

#[actix_rt::test]
async fn a_torn_answer_is_tried_again_and_then_fails() {
    let site = site(|_| failures::torn()).await;
    let (walked, _) = read(&[&site]).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(
        reason.starts_with("no complete answer from 127.0.0.1:"),
        "{reason}"
    );
    assert!(retryable);
    assert_eq!(site.hits().len(), 3);
}

#[actix_rt::test]
async fn an_endless_answer_is_cut_off_at_the_cap() {
    let site = site(|_| failures::endless()).await;
    let begun = Instant::now();
    let (walked, _) = read(&[&site]).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(reason.ends_with("is longer than 1048576 bytes"), "{reason}");
    assert!(!retryable && site.hits().len() == 1);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[actix_rt::test]
async fn an_answer_that_never_comes_and_one_that_drips_end_at_their_deadlines() {
    let hang = site(|_| failures::hanging()).await;
    let drip = site(|_| failures::dripping()).await;
    let limits = Limits {
        total: Duration::from_millis(900),
        tries: 1,
        ..limits()
    };
    for (site, limit_ms) in [(hang, 800), (drip, 1500)] {
        let bench = Bench::new();
        let fetcher = bench.fetcher_with(limits.clone());
        let begun = Instant::now();
        let (walked, _) = read_with(&fetcher, &PlainLists::at(&[&site]), None).await;
        assert!(failure_of(&walked).1, "{walked:?}");
        assert!(
            begun.elapsed() < Duration::from_millis(limit_ms),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[actix_rt::test]
async fn a_redirect_to_another_address_is_not_followed_and_one_within_the_site_is() {
    let inside = site(|_| plain(0..3, None, None)).await;
    let to = format!("{}/latest/meta-data?key=1", inside.url);
    let outside = site(move |_| {
        HttpResponse::Found()
            .insert_header(("location", to.clone()))
            .finish()
    })
    .await;
    let (walked, _) = read(&[&outside]).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(
        reason.contains("points to another address") && !reason.contains("key"),
        "{reason}"
    );
    assert!(!retryable && inside.hits().is_empty());

    let moved = site(|hit| match hit.path.as_str() {
        "/new" => plain(0..3, None, None),
        _ => HttpResponse::MovedPermanently()
            .insert_header(("location", "/new"))
            .finish(),
    })
    .await;
    assert_eq!(read(&[&moved]).await.0.read, 3);
}

#[actix_rt::test]
async fn a_site_that_is_not_there_fails_with_its_cause() {
    let provider = PlainLists {
        ways: vec![("only", "http://127.0.0.1:9".into())],
        ..PlainLists::default()
    };
    let bench = Bench::new();
    let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(
        reason.contains("127.0.0.1:9") && reason.contains("refused"),
        "{reason}"
    );
    assert!(retryable);
}

#[actix_rt::test]
async fn a_failing_server_is_tried_three_times() {
    let site = site(|hit| match hit.number {
        0 | 1 => HttpResponse::BadGateway().finish(),
        _ => plain(0..3, None, None),
    })
    .await;
    assert_eq!(read(&[&site]).await.0.read, 3);
    let site = self::site(|_| HttpResponse::BadGateway().finish()).await;
    let (walked, _) = read(&[&site]).await;
    assert!(
        failure_of(&walked)
            .0
            .ends_with("answered 502 each time it was asked")
    );
    assert_eq!(site.hits().len(), 3);
}

#[actix_rt::test]
async fn a_short_retry_after_is_waited_for() {
    let site = site(|hit| match hit.number {
        0 => HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "1"))
            .finish(),
        _ => plain(0..3, None, None),
    })
    .await;
    let begun = Instant::now();
    assert_eq!(read(&[&site]).await.0.read, 3);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[actix_rt::test]
async fn a_long_retry_after_ends_the_reading_and_is_kept_to_after_a_restart() {
    let busy = site(|_| {
        HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", "3600"))
            .finish()
    })
    .await;
    let other = site(|_| plain(0..3, None, None)).await;
    let bench = Bench::new();
    let provider = PlainLists::at(&[&busy, &other]);
    for _ in 0..2 {
        let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
        let (reason, retryable) = failure_of(&walked);
        assert!(
            reason.contains("asked to be left alone until 2026-11-21 1"),
            "{reason}"
        );
        assert!(retryable);
    }
    assert_eq!((busy.hits().len(), other.hits().len()), (1, 0));
    bench.clock.advance(Duration::from_secs(3601));
    read_with(&bench.fetcher(), &provider, None).await;
    assert_eq!(busy.hits().len(), 2);
}

#[actix_rt::test]
async fn a_shorter_retry_after_does_not_end_a_longer_one() {
    let site = site(|hit| match hit.number {
        0 => plain(0..3, None, None),
        _ => HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "90"))
            .finish(),
    })
    .await;
    let bench = Bench::new();
    let (fetcher, provider) = (bench.fetcher(), PlainLists::at(&[&site]));
    read_with(&fetcher, &provider, None).await;
    // As another request of the same moment was told.
    let longer = HostState {
        failures: 0,
        host: site.url.strip_prefix("http://").unwrap().to_owned(),
        not_before: "2026-11-21T13:00:00".parse().unwrap(),
        reason: "status 503".into(),
    };
    let save = |row: HostState| bench.db.write(move |conn| row.save(conn));
    save(longer.clone()).await.unwrap();
    let (walked, _) = read_with(&fetcher, &provider, None).await;
    assert!(failure_of(&walked).0.contains("left alone until"));
    let rows = |now: &str| {
        let now = now.parse().unwrap();
        bench.db.read(move |conn| HostState::waiting(conn, now))
    };
    let kept = rows("2026-11-21T12:00:00").await.unwrap();
    assert_eq!(kept.as_slice(), std::slice::from_ref(&longer));

    let still_longer = HostState {
        not_before: "2026-11-21T14:00:00".parse().unwrap(),
        ..longer
    };
    save(still_longer.clone()).await.unwrap();
    let kept = rows("2026-11-21T13:30:00").await.unwrap();
    assert_eq!(kept, [still_longer]);
}

#[actix_rt::test]
async fn a_refusal_without_retry_after_is_tried_again_and_then_left_alone() {
    let site = site(|_| HttpResponse::TooManyRequests().finish()).await;
    let bench = Bench::new();
    let provider = PlainLists::at(&[&site]);
    let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
    assert!(
        failure_of(&walked)
            .0
            .contains("asked to be left alone until")
    );
    assert_eq!(site.hits().len(), 3);
}

#[actix_rt::test]
async fn a_wait_ends_at_once_when_nobody_wants_the_list_any_more() {
    let site = site(|_| {
        HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "30"))
            .finish()
    })
    .await;
    let bench = Bench::new();
    let (fetcher, provider) = (bench.fetcher(), PlainLists::at(&[&site]));
    let begun = Instant::now();
    let reading = Box::pin(read_with(&fetcher, &provider, None));
    let given_up = tokio::time::timeout(Duration::from_millis(300), reading).await;
    assert!(given_up.is_err() && begun.elapsed() < Duration::from_secs(1));
}

#[actix_rt::test]
async fn an_unchanged_list_costs_one_conditional_request() {
    let site = site(|hit| {
        if hit.header("if-none-match") == Some("\"v1\"") {
            // Some servers tell the type of the page for people that they do not send.
            return HttpResponse::NotModified()
                .content_type("text/html")
                .finish();
        }
        let mut answer = plain(0..3, Some(3), None);
        let etag = HeaderValue::from_static("\"v1\"");
        answer.headers_mut().insert(header::ETAG, etag);
        answer
    })
    .await;
    let bench = Bench::new();
    let provider = PlainLists {
        is_whole_list: true,
        ..PlainLists::at(&[&site])
    };
    let (first, _) = read_with(&bench.fetcher(), &provider, None).await;
    assert_eq!((first.pages, first.not_modified), (1, false));
    let (second, kept) = read_with(&bench.fetcher(), &provider, None).await;
    assert_eq!(second.outcome, FetchOutcome::Complete);
    assert_eq!(
        (second.pages, second.not_modified, kept.ids()),
        (0, true, vec![0, 1, 2])
    );

    // A kept answer that is not understood any more is fetched anew.
    let url = format!("{}/", site.url);
    let spoiled = move |conn: &mut _| {
        let mut row = HttpCache::find(conn, &url)?.unwrap();
        row.body = b"{}".to_vec();
        row.save(conn, 10)
    };
    bench
        .db
        .write::<_, schema::DbError, _>(move |conn| Ok(spoiled(conn)?))
        .await
        .unwrap();
    let (third, kept) = read_with(&bench.fetcher(), &provider, None).await;
    assert_eq!(
        (third.outcome, kept.ids()),
        (FetchOutcome::Complete, vec![0, 1, 2])
    );
    assert_eq!((third.pages, third.not_modified), (1, false));
}

#[actix_rt::test]
async fn we_say_who_we_are_and_take_no_cookies() {
    let site = site(|hit| match hit.number {
        0 => {
            let mut answer = plain(0..3, None, Some(2));
            let cookie = HeaderValue::from_static("id=1");
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            answer
        }
        _ => plain(3..4, None, None),
    })
    .await;
    read(&[&site]).await;
    for hit in site.hits() {
        assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
        assert_eq!(hit.header("cookie"), None);
        assert!(hit.header("accept-encoding").unwrap().contains("gzip"));
    }
}
