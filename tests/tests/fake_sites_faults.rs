//! The fake list sites when they are not well: each fault looks as it does in the wild, for as many calls as told.

#![cfg(test)]

mod caller;

use std::time::Duration;

use caller::Caller;
use tests::fake_seerr::World;
use tests::fake_sites::{Entry, FakeSites};
use tests::loopback::{Fault, Times};

const PATH: &str = "/movies.json";

fn sites() -> (FakeSites, Caller) {
    let sites = FakeSites::start();
    sites.set_stevenlu("movies", Entry::all_of(&World::numbered(50)));
    let caller = Caller::at(&sites.url());
    (sites, caller)
}

#[tokio::test]
async fn a_429_comes_with_or_without_retry_after() {
    let (sites, caller) = sites();
    for retry_after in [None, Some("3"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
        let retry_after = retry_after.map(str::to_owned);
        sites.fault(
            PATH,
            Fault::TooManyRequests {
                retry_after: retry_after.clone(),
            },
            Times::ONCE,
        );
        let heard = caller.get(PATH).await;
        assert_eq!(heard.status, 429);
        assert_eq!(heard.header("retry-after"), retry_after.unwrap_or_default());
    }
    assert_eq!(caller.get(PATH).await.status, 200);
}

#[tokio::test]
async fn the_wall_of_aws_answers_202_with_its_marks() {
    let (sites, caller) = sites();
    sites.fault("/chart/*", Fault::WafChallenge, Times::Always);
    let heard = caller.get("/chart/top/").await;
    assert_eq!(heard.status, 202);
    for mark in [
        "token.awswaf.com",
        "challenge.js",
        "window.gokuProps",
        "awsWafCookieDomainList",
        "verify that you're not a robot",
    ] {
        assert!(heard.text.contains(mark), "{mark}");
    }
    sites.clear_faults();
    assert_eq!(caller.get("/chart/top/").await.status, 404);
}

#[tokio::test]
async fn statuses_redirects_and_html_are_sent_as_told() {
    let (sites, caller) = sites();
    for status in [403, 404, 500, 503] {
        sites.fault(PATH, Fault::Status(status), Times::ONCE);
        assert_eq!(caller.get(PATH).await.status, status);
    }
    sites.fault(
        PATH,
        Fault::Redirect("http://169.254.169.254/latest".to_owned()),
        Times::ONCE,
    );
    let heard = caller.get(PATH).await;
    assert_eq!(
        (heard.status, heard.header("location")),
        (302, "http://169.254.169.254/latest")
    );
    sites.fault(PATH, Fault::Html, Times::ONCE);
    assert!(caller.get(PATH).await.text.starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn bodies_break_in_every_way() {
    let (sites, caller) = sites();
    for fault in [
        Fault::CutShort,
        Fault::TruncatedGzip,
        Fault::Reset,
        Fault::Closed,
    ] {
        sites.fault(PATH, fault.clone(), Times::ONCE);
        assert!(caller.try_get(PATH).await.is_err(), "{fault:?}");
    }
    let hasty = caller.clone().hasty(Duration::from_millis(300));
    sites.fault(PATH, Fault::Hang, Times::ONCE);
    assert!(hasty.try_get(PATH).await.unwrap_err().is_timeout());
    let drip = Fault::Drip {
        piece: 16,
        every: Duration::from_millis(20),
    };
    sites.fault(PATH, drip, Times::ONCE);
    assert!(hasty.try_get(PATH).await.unwrap_err().is_timeout());
    assert_eq!(caller.get(PATH).await.status, 200);
}

#[tokio::test]
async fn endless_bodies_do_not_end_and_a_bomb_unpacks() {
    let (sites, _caller) = sites();
    for fault in [Fault::Endless, Fault::GzipBomb] {
        sites.fault(PATH, fault.clone(), Times::ONCE);
        let http = reqwest::Client::builder().gzip(true).build().unwrap();
        let mut answer = http
            .get(format!("{}{PATH}", sites.url()))
            .send()
            .await
            .unwrap();
        let mut read = 0;
        while read < 20_000_000 {
            read += answer
                .chunk()
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("{fault:?} ended"))
                .len();
        }
    }
}

#[tokio::test]
async fn faults_can_wait_for_a_later_call_and_calls_are_recorded() {
    let (sites, caller) = sites();
    sites.fault_later(PATH, 1, Fault::Status(500), Times::N(2));
    let caller = caller.with("user-agent", "Test/1");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(caller.get(PATH).await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    let calls = sites.calls();
    assert_eq!(calls[1].status, Some(500));
    assert_eq!(calls[0].header("user-agent"), Some("Test/1"));
    assert_eq!((sites.count("GET", PATH), sites.max_running()), (4, 1));
}

#[tokio::test]
async fn stopped_sites_refuse_and_come_back_on_the_same_port() {
    let (mut sites, caller) = sites();
    sites.stop();
    assert!(caller.try_get(PATH).await.unwrap_err().is_connect());
    sites.restart();
    assert_eq!(caller.get(PATH).await.status, 200);
}
