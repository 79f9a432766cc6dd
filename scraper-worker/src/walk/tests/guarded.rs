//! Addresses that are somebody's input: which are visited, and where they may lead.

use super::*;
use crate::{fetch::Allowed, provider::Reach};

fn guarded(site: &FakeSite) -> PlainLists {
    PlainLists {
        is_guarded: true,
        ..PlainLists::at(&[site])
    }
}

fn refusal_of(walked: &Walked) -> (&str, &str) {
    match &walked.outcome {
        FetchOutcome::Refused { reason, remedy, .. } => (reason, remedy),
        other => panic!("{other:?}"),
    }
}

/// A site that answers with a redirect to `to`.
async fn leading(to: String) -> FakeSite {
    site(move |_| {
        HttpResponse::Found()
            .insert_header(("location", to.as_str()))
            .finish()
    })
    .await
}

#[actix_rt::test]
async fn an_address_inside_the_network_is_visited_only_where_the_owner_allows_it() {
    let (site, bench) = (site(|_| plain(0..3, None, None)).await, Bench::new());
    let fetcher = bench.fetcher();
    fetcher.means().guard.allow_private(false);
    let (walked, _) = read_with(&fetcher, &guarded(&site), None).await;
    let (reason, remedy) = refusal_of(&walked);
    assert_eq!(
        reason,
        "127.0.0.1 is an address inside your own network (127.0.0.1), which is not visited"
    );
    assert_eq!(
        remedy,
        "If it is your own server, add it to `providers.allowed_hosts` (LISTSYNC_ALLOWED_HOSTS), or set `providers.allow_private_addresses` (LISTSYNC_ALLOW_PRIVATE_ADDRESSES) to true for all."
    );
    assert!(site.hits().is_empty());

    fetcher.means().guard.allow_private(true);
    let (walked, _) = read_with(&fetcher, &guarded(&site), None).await;
    assert_eq!((walked.outcome, walked.read), (FetchOutcome::Complete, 3));
}

#[actix_rt::test]
async fn a_redirect_leads_to_no_other_address_inside_the_network() {
    let (inside, bench) = (site(|_| plain(0..3, None, None)).await, Bench::new());
    let fetcher = bench.fetcher();
    let by_name = inside.url.replace("127.0.0.1", "localhost");
    let in_decimals = inside.url.replace("127.0.0.1", "2130706433");
    for to in [inside.url.clone(), by_name, in_decimals] {
        let outside = leading(format!("{to}/admin")).await;
        let (walked, _) = read_with(&fetcher, &guarded(&outside), None).await;
        let (reason, _) = refusal_of(&walked);
        assert!(
            reason.contains("where no other page may lead"),
            "{to}: {reason}"
        );
    }
    assert!(inside.hits().is_empty());
    for to in [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:a9fe:a9fe]/",
        "http://0.0.0.0:1/",
    ] {
        let outside = leading(to.to_owned()).await;
        let (walked, _) = read_with(&fetcher, &guarded(&outside), None).await;
        let (reason, _) = refusal_of(&walked);
        assert!(reason.contains("is never visited"), "{to}: {reason}");
    }
}

#[actix_rt::test]
async fn a_server_that_the_owner_allows_is_read_and_leads_to_no_other() {
    let (inside, bench) = (site(|_| plain(0..3, None, None)).await, Bench::new());
    let fetcher = bench.fetcher();
    let guard = &fetcher.means().guard;
    guard.allow_private(false);
    guard.allow(Allowed::read(&["127.0.0.0/8".into()]).0);
    let (walked, _) = read_with(&fetcher, &guarded(&inside), None).await;
    assert_eq!((walked.outcome, walked.read), (FetchOutcome::Complete, 3));
    let leads = leading(inside.url.clone()).await;
    let (walked, _) = read_with(&fetcher, &guarded(&leads), None).await;
    let (reason, _) = refusal_of(&walked);
    assert!(reason.contains("where no other page may lead"), "{reason}");
    assert_eq!(inside.hits().len(), 1);
}

#[actix_rt::test]
async fn only_web_addresses_are_followed() {
    let bench = Bench::new();
    let outside = leading("file:///etc/passwd".into()).await;
    let (walked, _) = read_with(&bench.fetcher(), &guarded(&outside), None).await;
    let (reason, _) = failure_of(&walked);
    assert!(
        reason.ends_with("points to another address, file:///etc/passwd, which is not followed"),
        "{reason}"
    );
    let provider = PlainLists {
        ways: vec![("only", "ftp://a.example/list".into())],
        is_guarded: true,
        ..PlainLists::default()
    };
    let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
    let (reason, _) = refusal_of(&walked);
    assert_eq!(reason, "`ftp://a.example/list` is no address of a web page");
}

#[actix_rt::test]
async fn redirects_within_the_site_are_followed_but_not_for_ever() {
    let moved = site(|hit| match hit.path.as_str() {
        "/new" => plain(0..3, None, None),
        _ => HttpResponse::MovedPermanently()
            .insert_header(("location", "/new"))
            .finish(),
    })
    .await;
    let bench = Bench::new();
    let (walked, _) = read_with(&bench.fetcher(), &guarded(&moved), None).await;
    assert_eq!(walked.read, 3);

    let round = leading("/again?key=1".into()).await;
    let (walked, _) = read_with(&bench.fetcher(), &guarded(&round), None).await;
    let (reason, retryable) = failure_of(&walked);
    assert!(
        reason.contains("sent us on more than 5 times") && reason.ends_with("/again"),
        "{reason}"
    );
    assert!(!retryable);
    assert_eq!(round.hits().len(), 6);
}

#[actix_rt::test]
async fn a_name_that_nobody_knows_fails_and_may_be_known_later() {
    // Too long for any name server, so that none is asked.
    let name = format!("{}.example", "a".repeat(64));
    let provider = PlainLists {
        ways: vec![("only", format!("http://{name}/"))],
        is_guarded: true,
        ..PlainLists::default()
    };
    let bench = Bench::new();
    let (walked, _) = read_with(&bench.fetcher(), &provider, None).await;
    let (reason, retryable) = failure_of(&walked);
    let said = format!("the name {name} cannot be looked up: ");
    assert!(reason.starts_with(&said), "{reason}");
    assert!(retryable);
}

#[actix_rt::test]
async fn where_something_points_to_can_be_asked_without_going_there() {
    let (inside, bench) = (site(|_| plain(0..3, None, None)).await, Bench::new());
    let outside = leading(inside.url.clone()).await;
    let fetcher = bench.fetcher();
    let request = Request {
        reach: Reach::Pointed,
        ..Request::get(outside.url.parse().unwrap(), "pointer")
    };
    let asker = Asker::of(&PlainLists::default(), &request);
    let ask = || async {
        let mut budget = fetcher.budget();
        fetcher.fetch(&request, asker, &mut budget, false).await
    };
    let answer = ask().await.unwrap().answer;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some(inside.url.as_str()))
    );
    assert!(inside.hits().is_empty());
    fetcher.means().guard.allow_private(false);
    let error = ask().await.unwrap_err().to_string();
    assert!(error.contains("which is not visited"), "{error}");
}
