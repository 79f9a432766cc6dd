//! Runs that are asked for while another goes on wait for their turn, in front of people and through
//! crashes, against the real processes.

use std::time::Duration;

use anyhow::{Context, Result};
use schema::{
    models::{RunId, RunStatus, RunTrigger},
    wire::sync::{CustomEntry, StartRun},
};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

const LIMIT: Duration = Duration::from_secs(90);

/// Two lists of the same titles, and a Seerr that takes its time for each request.
async fn household(seerr: &FakeSeerr, sites: &FakeSites, world: &World) -> Result<Household> {
    seerr.faults().delay_posts(Duration::from_millis(100));
    for id in ["ls000000001", "ls000000002"] {
        sites.set_imdb_list(id, Entry::all_of(world));
    }
    let setup = Setup::new().seerr(seerr).sites(sites);
    let household = setup
        .environment("LISTSYNC_SEERR_SETTLE_S", "1")
        .start()
        .await?;
    household.add_list("imdb", "ls000000001").await?;
    household.add_list("imdb", "ls000000002").await?;
    Ok(household)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `listsync history` shows of a run.
fn line(history: &str, run: RunId) -> Result<String> {
    let begin = format!("{run} ");
    let line = history
        .lines()
        .find(|line| line.trim_start().starts_with(&begin));
    Ok(line
        .with_context(|| format!("run {run} is not in\n{history}"))?
        .to_owned())
}

#[actix_rt::test]
async fn a_crash_loses_neither_the_run_nor_those_that_wait() -> Result<()> {
    let world = World::numbered(40);
    let sites = FakeSites::start();
    let seerr = FakeSeerr::start(world.clone());
    let household = household(&seerr, &sites, &world).await?;
    let first = household.start_run().await?;
    seerr.wait_until(|state| state.count("POST", "/api/v1/request") >= 3, LIMIT);
    let titles = StartRun {
        custom: vec![CustomEntry {
            tmdb_id: Some(1),
            title: "Sent by a script".into(),
            ..CustomEntry::default()
        }],
        ..StartRun::everything(RunTrigger::Manual)
    };
    let second = household.start_run_of(titles).await?;
    let third = household.start_run().await?;
    assert_eq!(
        household.start_run().await?,
        third,
        "the same waits already"
    );
    let before = household.kill("sync-worker").await?;
    household.replaced("sync-worker", before).await;
    for run in [first, second, third] {
        let report = household.report(run, LIMIT).await?;
        assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    }
    let mut asked: Vec<_> = seerr.requests().iter().map(|asked| asked.tmdb_id).collect();
    asked.sort_unstable();
    let count = asked.len();
    asked.dedup();
    assert_eq!(asked.len(), count, "a title was asked for twice");
    Ok(())
}

#[actix_rt::test]
async fn people_see_the_queue_wait_in_it_and_leave_it() -> Result<()> {
    let world = World::numbered(40);
    let sites = FakeSites::start();
    let seerr = FakeSeerr::start(world.clone());
    let household = household(&seerr, &sites, &world).await?;
    let first = household.start_run().await?;
    seerr.wait_until(|state| state.count("POST", "/api/v1/request") >= 3, LIMIT);

    let queued = household.cli(&["sync", "1"]).await?;
    assert_eq!(
        text(&queued.stdout),
        "run 2 is queued; it begins when the runs before it are over\n"
    );
    household.cli(&["sync", "2"]).await?;
    let history = text(&household.cli(&["history"]).await?.stdout);
    assert!(line(&history, first)?.contains("going on"), "{history}");
    assert!(line(&history, RunId(2))?.contains("queued"), "{history}");
    assert!(
        line(&history, RunId(2))?.contains("imdb:ls000000001"),
        "{history}"
    );

    let cancelled = household.cli(&["cancel", "2"]).await?;
    assert!(cancelled.status.success(), "{}", text(&cancelled.stderr));
    let waited = household.cli(&["sync", "2", "--wait"]).await?;
    assert!(waited.status.success(), "{}", text(&waited.stderr));
    assert!(
        text(&waited.stderr).contains("run 3 is queued; waiting for the runs before it"),
        "{}",
        text(&waited.stderr)
    );
    assert!(
        text(&waited.stdout).starts_with("run 3 completed"),
        "{}",
        text(&waited.stdout)
    );

    let history = text(&household.cli(&["history"]).await?.stdout);
    assert!(line(&history, first)?.contains("40 requested"), "{history}");
    assert!(line(&history, RunId(2))?.contains("cancelled"), "{history}");
    let detail = text(&household.cli(&["history", "1"]).await?.stdout);
    for part in ["run 1 completed", "by somebody: all lists", "imdb"] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    Ok(())
}
