//! What was read before: an unchanged list is not handed on again, a page that comes again is not
//! parsed again.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use super::*;

/// A site whose list has as many entries as is said, without validators.
async fn growing() -> (FakeSite, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(3));
    let now = Arc::clone(&count);
    let site = site(move |_| plain(0..now.load(Ordering::SeqCst), None, None)).await;
    (site, count)
}

fn whole(site: &FakeSite) -> PlainLists {
    PlainLists {
        is_whole_list: true,
        ..PlainLists::at(&[site])
    }
}

fn known(walked: &Walked) -> Known {
    Known {
        digest: walked.digest.clone().unwrap(),
        read: 3,
        announced: Some(4),
        dropped: 1,
    }
}

#[actix_rt::test]
async fn a_list_that_is_as_known_is_neither_parsed_nor_handed_on() {
    let (site, count) = growing().await;
    let (bench, provider) = (Bench::new(), whole(&site));
    let fetcher = bench.fetcher();
    let read = async |limit, known| {
        let pages = KnownPages::default();
        read_as_known(&fetcher, &provider, limit, &pages, known).await
    };
    let (first, _) = read(None, None).await;
    assert_eq!((first.read, first.is_as_known), (3, false));
    let (second, kept) = read(None, Some(known(&first))).await;
    assert_eq!(
        second,
        Walked {
            is_as_known: true,
            announced: Some(4),
            dropped: 1,
            ..first.clone()
        }
    );
    assert!(kept.ids().is_empty());
    assert_eq!(provider.parsed.load(Ordering::SeqCst), 1);
    // With another limit other entries count.
    let (limited, kept) = read(Some(2), Some(known(&first))).await;
    assert!(!limited.is_as_known && kept.ids() == [0, 1]);
    count.store(4, Ordering::SeqCst);
    let (third, kept) = read(None, Some(known(&first))).await;
    assert!(!third.is_as_known && kept.ids() == [0, 1, 2, 3]);
    assert_ne!(third.digest, first.digest);
}

#[actix_rt::test]
async fn a_list_that_the_site_says_is_unchanged_is_as_known_after_one_request() {
    let site = site(|hit| {
        if hit.header("if-none-match") == Some("\"v1\"") {
            return HttpResponse::NotModified().finish();
        }
        let mut answer = plain(0..3, None, None);
        let etag = HeaderValue::from_static("\"v1\"");
        answer.headers_mut().insert(header::ETAG, etag);
        answer
    })
    .await;
    let (bench, provider) = (Bench::new(), whole(&site));
    let pages = KnownPages::default();
    let fetcher = bench.fetcher();
    let (first, _) = read_as_known(&fetcher, &provider, None, &pages, None).await;
    let (second, kept) =
        read_as_known(&fetcher, &provider, None, &pages, Some(known(&first))).await;
    assert_eq!(
        (second.is_as_known, second.not_modified, second.pages),
        (true, true, 0)
    );
    assert!(kept.ids().is_empty());
    assert_eq!(site.hits().len(), 2);
}

#[actix_rt::test]
async fn only_a_complete_reading_has_a_digest_and_a_refusal_is_never_as_known() {
    let (site, _) = growing().await;
    let (bench, provider) = (Bench::new(), whole(&site));
    let fetcher = bench.fetcher();
    let (first, _) = read_with(&fetcher, &provider, None).await;
    let short = self::site(|_| plain(0..3, Some(9), None)).await;
    let (walked, _) = read_with(&fetcher, &whole(&short), None).await;
    assert_eq!(walked.digest, None);
    let blocked = self::site(|_| HttpResponse::Forbidden().finish()).await;
    let pages = KnownPages::default();
    let (walked, _) = read_as_known(
        &fetcher,
        &whole(&blocked),
        None,
        &pages,
        Some(known(&first)),
    )
    .await;
    assert!(!walked.is_as_known && matches!(walked.outcome, FetchOutcome::Refused { .. }));
}

#[actix_rt::test]
async fn a_list_whose_titles_were_completed_from_elsewhere_is_read_again() {
    let site = site(|hit| match hit.path.as_str() {
        "/film/Alien" => HttpResponse::Ok().json(json!({"imdb": "tt0078748"})),
        _ => HttpResponse::Ok().json(json!({"items": ["Alien"]})),
    })
    .await;
    let provider = PlainLists {
        films: Some(site.url.clone()),
        ..whole(&site)
    };
    let bench = Bench::new();
    let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
    assert_eq!(
        (walked.outcome, walked.digest),
        (FetchOutcome::Complete, None)
    );
}

#[actix_rt::test]
async fn of_a_list_of_many_pages_only_those_that_changed_are_parsed_again() {
    let changed = Arc::new(AtomicUsize::new(0));
    let is_changed = Arc::clone(&changed);
    let site = site(move |hit| {
        let page = hit.page();
        let from = if page == 3 && is_changed.load(Ordering::SeqCst) == 1 {
            900
        } else {
            page * 10
        };
        plain(from..from + 10, Some(50), (page < 5).then_some(page + 1))
    })
    .await;
    let (bench, provider) = (Bench::new(), PlainLists::at(&[&site]));
    let (fetcher, pages) = (bench.fetcher(), KnownPages::default());
    let mut parses = Vec::new();
    for state in [0, 0, 1] {
        changed.store(state, Ordering::SeqCst);
        let before = provider.parsed.load(Ordering::SeqCst);
        let (walked, kept) = read_as_known(&fetcher, &provider, None, &pages, None).await;
        assert_eq!(
            (walked.outcome, kept.ids().len()),
            (FetchOutcome::Complete, 50)
        );
        parses.push(provider.parsed.load(Ordering::SeqCst) - before);
    }
    assert_eq!(parses, [5, 0, 1]);
    assert_eq!(site.hits().len(), 15);
}
