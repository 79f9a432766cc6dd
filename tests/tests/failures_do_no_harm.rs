//! Seerr and the sites fail in every way they have; nothing is lost, removed, or asked twice.

use std::time::Duration;

use anyhow::{Context, Result};
use schema::{
    models::{FetchKind, Identity, LedgerStatus, ListId, ListItem, RunStatus, SyncRun, SyncedItem},
    wire::sync::{CancelRun, FromSyncWorker, ToSyncWorker},
};
use tests::{
    fake_seerr::{FakeSeerr, Kind, Stage, Tmdb, World},
    fake_sites::{Entry, FakeSites, ListFault},
    harness::{Household, Setup, wait_for},
    loopback::{Fault, Times},
};
use tokio::time::Instant;

/// A household with one IMDb list of made-up films.
struct Home {
    seerr: FakeSeerr,
    sites: FakeSites,
    household: Household,
    list: ListId,
}

async fn home(titles: i64) -> Result<Home> {
    let world = World::numbered(titles);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let setup = Setup::new().seerr(&seerr).sites(&sites);
    let household = setup
        .environment("LISTSYNC_SEERR_SETTLE_S", "1")
        .start()
        .await?;
    let list = household.add_list("imdb", "ls000000001").await?.id;
    Ok(Home {
        seerr,
        sites,
        household,
        list,
    })
}

impl Home {
    /// Entries that are on the list now.
    async fn entries(&self) -> Result<Vec<ListItem>> {
        let list = self.list;
        let items = self
            .household
            .database()?
            .read(move |conn| ListItem::of_list(conn, list))
            .await?;
        Ok(items
            .into_iter()
            .filter(|item| item.left_at.is_none())
            .collect())
    }

    fn assert_each_once(&self, titles: usize) {
        let mut ids: Vec<_> = self
            .seerr
            .requests()
            .iter()
            .map(|row| row.tmdb_id)
            .collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!((ids.len(), all), (titles, titles), "each title once");
    }
}

#[actix_rt::test]
async fn an_unreachable_seerr_fails_the_run_with_a_reason_and_marks_nothing() -> Result<()> {
    let home = home(5).await?;
    home.seerr.go_dark();
    let failed = home.household.sync().await?;
    assert_eq!(failed.summary.status, RunStatus::Failed);
    let reason = failed.summary.reason.context("a failed run has a reason")?;
    assert!(
        reason.contains("cannot reach") && reason.contains("OVERSEERR_URL"),
        "{reason}"
    );
    assert!(
        home.entries()
            .await?
            .iter()
            .all(|item| item.identity == Identity::New)
    );

    home.seerr.come_back();
    let report = home.household.sync().await?;
    assert_eq!(
        (report.summary.status, report.summary.counts.requested),
        (RunStatus::Completed, 5)
    );
    Ok(())
}

#[actix_rt::test]
async fn a_failed_scheduled_run_is_repeated_by_itself() -> Result<()> {
    let world = World::numbered(3);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    seerr.go_dark();
    // The pause after a failure is never longer than the interval: here a second or two.
    let household = Setup::new()
        .seerr(&seerr)
        .sites(&sites)
        .environment("AUTOMATED_MODE", "true")
        .environment("SYNC_INTERVAL", "0.0005")
        .environment("IMDB_LISTS", "ls000000001")
        .start()
        .await?;
    let database = household.database()?;
    let limit = Duration::from_secs(20);
    let failed = wait_for("a run that has ended", limit, || async {
        database.read(SyncRun::last_ended).await.ok().flatten()
    });
    assert_eq!(failed.await.status, RunStatus::Failed);
    seerr.come_back();
    assert!(seerr.wait_until(|state| state.requests().len() == 3, Duration::from_secs(20)));
    Ok(())
}

#[actix_rt::test]
async fn a_refused_key_is_said_to_be_refused() -> Result<()> {
    let home = home(2).await?;
    home.seerr.faults().revoke_key();
    let failed = home.household.sync().await?;
    let reason = failed.summary.reason.unwrap_or_default();
    assert_eq!(failed.summary.status, RunStatus::Failed);
    assert!(
        reason.contains("key") && reason.contains("OVERSEERR_API_KEY"),
        "{reason}"
    );
    assert!(
        !reason.contains(&home.seerr.api_key()),
        "the key itself is never told"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_list_that_was_not_read_completely_removes_nothing() -> Result<()> {
    let home = home(30).await?;
    assert_eq!(home.household.sync().await?.summary.counts.requested, 30);
    let fewer = Entry::all_of(&World::numbered(20));
    home.sites.set_imdb_list("ls000000001", fewer);
    let cases: [(&str, FetchKind); 4] = [
        ("more announced than sent", FetchKind::Partial),
        ("the page of the bot wall", FetchKind::Refused),
        ("errors of the server", FetchKind::Failed),
        ("a web page instead of data", FetchKind::Failed),
    ];
    for (what, expected) in cases {
        home.sites.clear_faults();
        match what {
            "more announced than sent" => home.sites.disturb("ls000000001", ListFault::Total(30)),
            "the page of the bot wall" => home.sites.fault("*", Fault::WafChallenge, Times::Always),
            "errors of the server" => home.sites.fault("*", Fault::Status(500), Times::Always),
            _ => home.sites.fault("*", Fault::Html, Times::Always),
        }
        let report = home.household.sync().await?;
        let list = home.household.list(home.list).await?;
        assert_eq!(
            home.entries().await?.len(),
            30,
            "{what}: nothing is removed"
        );
        assert_eq!(list.item_count, 30, "{what}: the last good count stays");
        assert_eq!(list.status, expected, "{what}: {:?}", list.status_reason);
        assert!(
            list.status_reason.is_some_and(|reason| !reason.is_empty()),
            "{what}"
        );
        assert_eq!(report.summary.status, RunStatus::Completed, "{what}");
    }
    home.sites.clear_faults();
    home.household.sync().await?;
    assert_eq!(
        home.entries().await?.len(),
        20,
        "a complete reading does remove"
    );
    home.assert_each_once(30);
    Ok(())
}

#[actix_rt::test]
async fn a_tmdb_outage_behind_seerr_marks_no_title_not_found() -> Result<()> {
    let home = home(12).await?;
    home.seerr.faults().tmdb(Tmdb::Status(500));
    let report = home.household.sync().await?;
    assert_eq!(
        (
            report.summary.counts.requested,
            report.summary.counts.not_found
        ),
        (0, 0)
    );
    assert!(
        home.entries()
            .await?
            .iter()
            .all(|item| item.identity == Identity::New)
    );
    home.seerr.faults().clear();
    assert_eq!(home.household.sync().await?.summary.counts.requested, 12);
    home.assert_each_once(12);
    Ok(())
}

#[actix_rt::test]
async fn a_request_whose_answer_was_lost_is_found_and_not_repeated() -> Result<()> {
    let home = home(8).await?;
    home.seerr
        .faults()
        .on_later("POST /api/v1/request", 3, Fault::AnswerLost, Times::ONCE);
    let failed = home.household.sync().await?;
    assert_eq!(failed.summary.status, RunStatus::Failed, "{failed:#?}");
    let report = home.household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    home.assert_each_once(8);
    assert_eq!(
        home.seerr.count("POST", "/api/v1/request"),
        8,
        "and none was sent twice"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_request_that_seerr_stores_although_it_answers_with_an_error_is_ours() -> Result<()> {
    let home = home(6).await?;
    let busy = "SQLITE_BUSY: database is locked";
    home.seerr
        .faults()
        .fail_post(9_000_003, busy, Stage::AfterRequest, Times::ONCE);
    let report = home.household.sync().await?;
    let counts = report.summary.counts;
    assert_eq!((counts.requested, counts.failed), (6, 0), "{report:#?}");
    home.assert_each_once(6);
    assert_eq!(home.seerr.count("POST", "/api/v1/request"), 6);
    let rows = home
        .household
        .database()?
        .read(|conn| SyncedItem::of_target(conn, "seerr"))
        .await?;
    let is_ours = |row: &SyncedItem| row.created_by_us && row.status == LedgerStatus::Requested;
    assert!(rows.iter().all(is_ours), "{rows:#?}");
    Ok(())
}

#[actix_rt::test]
async fn a_request_that_seerr_confirmed_and_lost_is_made_again() -> Result<()> {
    let home = home(10).await?;
    home.seerr.faults().delay_posts(Duration::from_millis(30));
    let run = home.household.start_run().await?;
    // A failing request of somebody else's beside ours takes our row with it.
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/api/v1/request", home.seerr.url());
    for _ in 0..3 {
        let before = home.seerr.count("POST", "/api/v1/request");
        home.seerr.wait_until(
            |state| state.count("POST", "/api/v1/request") > before && state.running_posts() > 0,
            Duration::from_secs(5),
        );
        let unknown = serde_json::json!({"mediaType": "movie", "mediaId": 1, "is4k": false});
        let answer = client
            .post(&url)
            .header("X-Api-Key", home.seerr.api_key())
            .json(&unknown)
            .send()
            .await?;
        assert_eq!(answer.status().as_u16(), 500);
    }
    let report = home.household.report(run, Duration::from_secs(30)).await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    home.assert_each_once(10);
    let posts = home.seerr.count("POST", "/api/v1/request");
    assert!(
        posts > 13,
        "no row was lost, so nothing was shown: {posts} requests"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_title_somebody_else_requests_meanwhile_is_theirs() -> Result<()> {
    let home = home(6).await?;
    home.seerr.faults().delay_posts(Duration::from_millis(50));
    let run = home.household.start_run().await?;
    assert!(
        home.seerr
            .wait_until(|state| state.running_posts() > 0, Duration::from_secs(10))
    );
    let last = 9_000_006;
    home.seerr
        .change(|state| state.add_request(Kind::Movie, last, 2, &[]));
    let report = home.household.report(run, Duration::from_secs(20)).await?;
    let counts = report.summary.counts;
    assert_eq!(
        (counts.requested, counts.already_requested),
        (5, 1),
        "{report:#?}"
    );
    home.assert_each_once(6);
    Ok(())
}

#[actix_rt::test]
async fn a_run_is_cancelled_within_a_second_also_while_seerr_hangs() -> Result<()> {
    let home = home(6).await?;
    home.seerr
        .faults()
        .delay_posts_by(|nth| Duration::from_millis(if nth == 2 { 8000 } else { 5 }));
    let run = home.household.start_run().await?;
    let second = |state: &tests::fake_seerr::State| state.count("POST", "/api/v1/request") == 2;
    assert!(home.seerr.wait_until(second, Duration::from_secs(10)));
    let asked = Instant::now();
    let cancel = ToSyncWorker::CancelRun(CancelRun { run: Some(run) });
    let answer = home.household.sync_worker().call(cancel).await?;
    assert!(matches!(answer, FromSyncWorker::RunCancelled(_)));
    let report = home.household.report(run, Duration::from_secs(10)).await?;
    assert_eq!(report.summary.status, RunStatus::Cancelled);
    assert!(
        asked.elapsed() < Duration::from_secs(7),
        "it took {:?}",
        asked.elapsed()
    );

    // Seerr finishes the request we hung up on; the next run must not make it again.
    let report = home.household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    home.assert_each_once(6);
    Ok(())
}

#[actix_rt::test]
async fn a_title_tmdb_does_not_have_fails_alone_and_says_so() -> Result<()> {
    let home = home(4).await?;
    let text = "[TMDB] Failed to fetch movie details: Request failed with status code 404";
    home.seerr
        .faults()
        .fail_post(9_000_002, text, Stage::BeforeWrite, Times::Always);
    let report = home.household.sync().await?;
    let counts = report.summary.counts;
    assert_eq!((counts.requested, counts.failed), (3, 1), "{report:#?}");
    let failed = report
        .reasons
        .iter()
        .find(|reason| reason.decision == "failed");
    assert!(
        failed.is_some_and(|reason| reason.reason.contains("no such title")),
        "{report:#?}"
    );
    Ok(())
}
