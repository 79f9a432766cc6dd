//! The fake Seerr under parallel calls, slow, cut off, killed and started again.

#![cfg(test)]

mod caller;

use std::time::{Duration, Instant};

use caller::Caller;
use futures_util::future::join_all;
use serde_json::json;
use tests::fake_seerr::{FakeSeerr, Latency, Stage, State, Tmdb, World};
use tests::loopback::{Fault, Times};

const MATRIX: i64 = 603;
const SOON: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(200);

fn sample() -> (FakeSeerr, Caller) {
    let seerr = FakeSeerr::start(World::sample());
    let caller = Caller::of(&seerr);
    (seerr, caller)
}

fn idle(state: &State) -> bool {
    state.running_posts() == 0
}

#[tokio::test]
async fn a_post_goes_on_after_its_client_hung_up() {
    let (seerr, caller) = sample();
    seerr.faults().delay_posts(Duration::from_millis(1500));
    let body = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": false});
    let gone = caller
        .clone()
        .hasty(SHORT)
        .try_post("/request", &body)
        .await;
    assert!(gone.unwrap_err().is_timeout());
    assert_eq!(seerr.running_posts(), 1);
    assert!(seerr.requests().is_empty(), "not stored yet");
    assert!(seerr.wait_until(|state| state.requests().len() == 1, SOON));
    assert!(seerr.wait_until(idle, SOON));
    // After a timeout, repeating is safe.
    seerr.faults().clear();
    assert_eq!(caller.ask_movie(MATRIX).await.status, 409);
}

#[tokio::test]
async fn delays_can_differ_from_post_to_post() {
    let (seerr, caller) = sample();
    seerr.faults().delay_posts_by(|nth| {
        if nth == 1 {
            Duration::from_secs(1)
        } else {
            Duration::ZERO
        }
    });
    let slow = tokio::spawn({
        let caller = caller.clone();
        async move { caller.ask_movie(MATRIX).await.status }
    });
    while seerr.running_posts() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(caller.ask_movie(550).await.status, 201);
    assert_eq!(
        seerr.requests()[0].tmdb_id,
        550,
        "the later one was stored first"
    );
    assert_eq!(slow.await.unwrap(), 201);
}

#[tokio::test]
async fn parallel_posts_of_one_film_all_succeed() {
    let (seerr, caller) = sample();
    seerr.faults().delay_posts(Duration::from_millis(100));
    let answers = join_all((0..5).map(|_| caller.ask_movie(MATRIX))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(seerr.requests_for(MATRIX, false).len(), 5);
    assert_eq!(seerr.media().len(), 5, "rows of one title can be several");
    assert_eq!(seerr.max_running_posts(), 5);
}

#[tokio::test]
async fn parallel_posts_of_one_show_kill_each_other() {
    let (seerr, caller) = sample();
    seerr.faults().delay_posts(Duration::from_millis(100));
    let answers = join_all((0..2).map(|_| caller.ask_show(1396, json!([1])))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 500]);
    assert!(
        seerr.requests().is_empty(),
        "the one that failed took the other's row"
    );
}

#[tokio::test]
async fn a_failing_post_takes_the_rows_of_those_beside_it() {
    let seerr = FakeSeerr::start(World::numbered(10));
    let caller = Caller::of(&seerr);
    seerr.faults().delay_posts(Duration::from_millis(100));
    let busy = "SQLITE_BUSY: database is locked";
    seerr
        .faults()
        .fail_post(9_000_005, busy, Stage::BeforeWrite, Times::Always);
    let answers = join_all((1..=10).map(|at| caller.ask_movie(9_000_000 + at))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        9
    );
    assert!(seerr.requests().is_empty());
    // One at a time nothing is lost, and neither is without the failure.
    seerr.faults().delay_posts(Duration::ZERO);
    for at in 1..=10 {
        caller.ask_movie(9_000_000 + at).await;
    }
    assert_eq!(seerr.requests().len(), 9);
}

#[tokio::test]
async fn parallel_posts_without_a_failure_are_kept() {
    let seerr = FakeSeerr::start(World::numbered(50));
    let caller = Caller::of(&seerr);
    let answers = join_all((1..=50).map(|at| caller.ask_movie(9_000_000 + at))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(seerr.requests().len(), 50);
}

#[tokio::test]
async fn measured_latencies_are_those_of_one_core() {
    let seerr = FakeSeerr::start(World::numbered(60));
    let caller = Caller::of(&seerr);
    seerr.set_latency(Latency {
        tmdb: Duration::ZERO,
        ..Latency::measured()
    });
    let begin = Instant::now();
    for at in 1..=10 {
        caller.ask_movie(9_000_000 + at).await;
    }
    let alone = begin.elapsed() / 10;
    assert!(alone >= Duration::from_millis(27), "{alone:?}");
    let begin = Instant::now();
    join_all((11..=60).map(|at| caller.ask_movie(9_000_000 + at))).await;
    let beside = begin.elapsed() / 50;
    assert!(beside >= Duration::from_micros(17_500), "{beside:?}");
    // Loosely, for busy machines: what waits beside the core overlaps.
    assert!(beside < alone * 2, "{beside:?} beside, {alone:?} alone");
}

#[tokio::test]
async fn details_warm_the_cache_that_a_post_uses() {
    let (seerr, caller) = sample();
    caller.get(&format!("/movie/{MATRIX}?language=en")).await;
    assert_eq!(seerr.read(State::tmdb_lookups), 1);
    seerr.faults().tmdb(Tmdb::Refused);
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    // Another language is another entry, and a restart forgets all.
    assert_eq!(
        caller
            .get(&format!("/movie/{MATRIX}?language=de"))
            .await
            .status,
        500
    );
}

#[tokio::test]
async fn a_restart_keeps_rows_and_loses_running_posts_and_the_cache() {
    let (mut seerr, caller) = sample();
    let url = seerr.url();
    assert_eq!(caller.ask_movie(MATRIX).await.status, 201);
    seerr.faults().delay_posts(Duration::from_mins(1));
    let body = json!({"mediaType": "movie", "mediaId": 550, "is4k": false});
    let waits = tokio::spawn(async move { caller.try_post("/request", &body).await });
    while seerr.running_posts() == 0 {
        tokio::task::yield_now().await;
    }
    seerr.restart();
    assert!(waits.await.unwrap().is_err());
    assert_eq!((seerr.url(), seerr.running_posts()), (url, 0));
    seerr.faults().clear();
    let caller = Caller::of(&seerr);
    assert_eq!(caller.ask_movie(MATRIX).await.status, 409);
    assert!(seerr.requests_for(550, false).is_empty());
    assert_eq!(seerr.read(State::tmdb_lookups), 3, "603 twice, 550 once");
}

#[tokio::test]
async fn in_the_dark_nobody_listens_and_posts_go_on() {
    let (seerr, caller) = sample();
    seerr.faults().delay_posts(Duration::from_millis(300));
    let body = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": false});
    let waits = tokio::spawn({
        let caller = caller.clone();
        async move { caller.try_post("/request", &body).await }
    });
    while seerr.running_posts() == 0 {
        tokio::task::yield_now().await;
    }
    seerr.go_dark();
    assert!(waits.await.unwrap().is_err());
    assert!(caller.try_get("/status").await.unwrap_err().is_connect());
    assert!(seerr.wait_until(|state| state.requests().len() == 1, SOON));
    seerr.come_back();
    assert_eq!(caller.get("/status").await.status, 200);
}

#[tokio::test]
async fn a_silent_radarr_slows_requests_and_not_media() {
    let (seerr, caller) = sample();
    seerr.faults().slow_requests(Duration::from_secs(2));
    let begin = Instant::now();
    caller.get("/media").await;
    assert!(begin.elapsed() < Duration::from_secs(2));
    let begin = Instant::now();
    let heard = caller.get("/request?take=1").await.json();
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert_eq!(heard["serviceErrors"]["radarr"][0]["name"], "Radarr");
}

#[tokio::test]
async fn transport_faults_strike_where_told() {
    let (seerr, caller) = sample();
    let faults = seerr.faults();
    faults.on("/api/v1/status", Fault::Reset, Times::ONCE);
    assert!(caller.try_get("/status").await.is_err());
    faults.on("/api/v1/status", Fault::CutShort, Times::ONCE);
    assert!(caller.try_get("/status").await.is_err());
    faults.on("/api/v1/status", Fault::Html, Times::ONCE);
    assert!(
        caller
            .get("/status")
            .await
            .header("content-type")
            .starts_with("text/html")
    );
    faults.on("/api/v1/status", Fault::Hang, Times::ONCE);
    assert!(
        caller
            .clone()
            .hasty(SHORT)
            .try_get("/status")
            .await
            .unwrap_err()
            .is_timeout()
    );
    faults.on("/api/v1/status", Fault::Status(503), Times::ONCE);
    assert_eq!(caller.get("/status").await.status, 503);
    assert_eq!(caller.get("/status").await.status, 200);
    // Stored, and the client never hears of it.
    faults.on("POST /api/v1/request", Fault::AnswerLost, Times::ONCE);
    let body = json!({"mediaType": "movie", "mediaId": MATRIX, "is4k": false});
    assert!(caller.try_post("/request", &body).await.is_err());
    assert_eq!(seerr.requests_for(MATRIX, false).len(), 1);
    assert_eq!(seerr.calls().last().unwrap().status, None);
    faults.revoke_key();
    assert_eq!(caller.get("/auth/me").await.status, 403);
}
