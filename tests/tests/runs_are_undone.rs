//! A run is undone: what it requested is taken back as far as nothing has come of it, stays so, and is
//! asked for once by whatever happens meanwhile.

use std::{process::Output, time::Duration};

use anyhow::{Context, Result, bail};
use schema::{
    models::{LedgerStatus, RunId, RunStatus, SyncedItem},
    wire::sync::StartRun,
};
use serde_json::{Value, json};
use tests::{
    fake_seerr::{FakeSeerr, Kind, World, media_status, request_status},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
    loopback::{Fault, Times},
};

/// TMDB number of the first title.
const FIRST: i64 = 9_000_001;

/// The calls that take requests back.
const REQUESTS: &str = "/api/v1/request/*";
const DELETE: &str = "DELETE /api/v1/request/*";

const LIMIT: Duration = Duration::from_mins(1);

struct Home {
    seerr: FakeSeerr,
    sites: FakeSites,
    household: Household,
    entries: Vec<Entry>,
    /// The run that requested everything.
    run: RunId,
}

/// A household that has requested so many films.
async fn home(films: u32) -> Result<Home> {
    let world = World::numbered(i64::from(films));
    let entries = Entry::all_of(&world);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", entries.clone());
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, films);
    Ok(Home {
        seerr,
        sites,
        household,
        entries,
        run: report.summary.run,
    })
}

impl Home {
    async fn cli(&self, args: &[&str]) -> Result<Output> {
        self.household.cli(args).await
    }

    /// What a command that succeeds prints.
    async fn told(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        if !output.status.success() {
            bail!("{args:?}: {}", text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    /// Why a command is not carried out.
    async fn refused(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        Ok(text(&output.stderr))
    }

    fn request(&self, film: i64) -> Result<i64> {
        let requests = self.seerr.requests_for(FIRST + film, false);
        Ok(requests.first().context("it was requested")?.id)
    }

    fn requested(&self, film: i64) -> usize {
        self.seerr.requests_for(FIRST + film, false).len()
    }

    async fn rows(&self) -> Result<Vec<SyncedItem>> {
        let rows = self
            .household
            .database()?
            .read(|conn| SyncedItem::of_target(conn, "seerr"))
            .await?;
        Ok(rows)
    }

    async fn undo(&self) -> Result<RunId> {
        self.household
            .start_run_of(StartRun::undoing(self.run))
            .await
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Of five requests: one waits for approval, one is approved, one is available meanwhile, one is asked for
/// by somebody else as well, and one was deleted in Seerr.
async fn home_of_five() -> Result<Home> {
    let home = home(5).await?;
    let [pending, available, deleted] = [home.request(0)?, home.request(2)?, home.request(4)?];
    home.seerr.change(|state| {
        state.set_request_status(pending, request_status::PENDING);
        state.set_media(Kind::Movie, FIRST, media_status::PENDING);
        state.set_request_status(available, request_status::COMPLETED);
        state.set_media(Kind::Movie, FIRST + 2, media_status::AVAILABLE);
        state.add_request(Kind::Movie, FIRST + 3, request_status::PENDING, &[]);
        state.remove_request(deleted);
    });
    Ok(home)
}

#[actix_rt::test]
async fn what_nothing_has_come_of_is_taken_back_and_stays_so() -> Result<()> {
    let home = home_of_five().await?;
    let run = home.run.to_string();

    let planned = home.told(&["undo", &run, "--plan"]).await?;
    assert!(
        planned.starts_with(&format!("plan 1 to undo run {run} of run ")),
        "{planned}"
    );
    assert!(planned.contains("\n3 to take back, 2 skipped"), "{planned}");
    for reason in [
        "nothing has come of its request",
        "what somebody else asked for stays",
        "its request was carried out",
        "its request is gone from Seerr already",
    ] {
        assert!(planned.contains(reason), "{reason}: {planned}");
    }
    assert_eq!(home.seerr.requests().len(), 5, "a plan takes nothing back");

    let no_terminal = home.cli(&["undo", &run]).await?;
    assert_eq!(no_terminal.status.code(), Some(2));
    assert!(text(&no_terminal.stderr).contains("--yes"));
    assert_eq!(home.seerr.requests().len(), 5);

    let told = home.told(&["undo", &run, "--yes", "--wait"]).await?;
    assert!(told.contains("3 withdrawn"), "{told}");
    let left: Vec<usize> = (0..5).map(|film| home.requested(film)).collect();
    assert_eq!(left, [0, 0, 1, 1, 0], "available, and somebody else's");

    // Nothing of it is asked for again, and the story says why.
    for _ in 0..2 {
        assert_eq!(home.household.sync().await?.summary.counts.requested, 0);
    }
    let left: Vec<usize> = (0..5).map(|film| home.requested(film)).collect();
    assert_eq!(left, [0, 0, 1, 1, 0]);
    let story = home
        .told(&["items", "--why", &format!("movie:{FIRST}")])
        .await?;
    assert!(story.contains(&format!("run {run} is undone")), "{story}");
    let history = home.told(&["history"]).await?;
    assert!(history.contains(&format!("undo of run {run}")), "{history}");

    // Until a person wants it after all.
    home.told(&["items", "retry", &format!("movie:{FIRST}"), "--anyway"])
        .await?;
    assert_eq!(home.household.sync().await?.summary.counts.requested, 1);
    assert_eq!(home.requested(0), 1);

    // Or the entry is taken off and put on again.
    home.sites.set_imdb_list(
        "ls000000001",
        home.entries.iter().skip(2).cloned().collect(),
    );
    home.household.sync().await?;
    home.sites
        .set_imdb_list("ls000000001", home.entries.clone());
    home.household.sync().await?;
    assert_eq!(home.requested(1), 1);
    Ok(())
}

#[actix_rt::test]
async fn runs_that_cannot_be_undone_are_refused_with_the_reason() -> Result<()> {
    let home = home(2).await?;
    let run = home.run.to_string();
    let again = home.household.sync().await?.summary.run.to_string();
    let refused = home.refused(&["undo", &again, "--yes"]).await?;
    assert!(refused.contains("requested nothing"), "{refused}");
    let refused = home.refused(&["undo", "99", "--yes"]).await?;
    assert!(refused.contains("there is no run 99"), "{refused}");

    home.told(&["undo", &run, "--yes", "--wait"]).await?;
    assert!(home.seerr.requests().is_empty());
    let refused = home.refused(&["undo", &run, "--yes"]).await?;
    assert!(
        refused.contains(&format!("run {run} was undone already, by run ")),
        "{refused}"
    );
    let newest = home.told(&["history", "--json", "-n", "1"]).await?;
    let newest: Value = serde_json::from_str(&newest)?;
    let undo = newest[0]["summary"]["run"].to_string();
    let refused = home.refused(&["undo", &undo, "--yes"]).await?;
    assert!(
        refused.contains(&format!("run {undo} is an undo itself, of run {run}")),
        "{refused}"
    );
    Ok(())
}

#[actix_rt::test]
async fn an_undo_that_is_killed_goes_on_where_it_was() -> Result<()> {
    let home = home(40).await?;
    let faults = home.seerr.faults();
    // Killed once before Seerr has begun to delete a request, and once after it has.
    faults.on_later(DELETE, 8, Fault::Hang, Times::ONCE);
    let undo = home.undo().await?;
    for (deletes, next) in [(9, Some(Fault::Late(LIMIT))), (18, None)] {
        let is_reached = home
            .seerr
            .wait_until(|state| state.count("DELETE", REQUESTS) >= deletes, LIMIT);
        assert!(is_reached, "{deletes} were not deleted");
        if let Some(next) = next {
            faults.on_later(DELETE, 8, next, Times::ONCE);
        }
        let before = home.household.kill("sync-worker").await?;
        home.household.replaced("sync-worker", before).await;
    }
    let report = home.household.report(undo, LIMIT).await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    assert_eq!(report.summary.counts.withdrawn, 40, "{report:#?}");
    assert!(home.seerr.requests().is_empty());
    let rows = home.rows().await?;
    assert!(rows.iter().all(|row| row.status == LedgerStatus::Withdrawn));
    assert_eq!(home.household.sync().await?.summary.counts.requested, 0);
    Ok(())
}

#[actix_rt::test]
async fn while_seerr_refuses_nothing_is_lost_and_the_undo_can_be_repeated() -> Result<()> {
    let home = home(3).await?;
    home.seerr.faults().revoke_key();
    let failed = home.household.report(home.undo().await?, LIMIT).await?;
    assert_eq!(failed.summary.status, RunStatus::Failed, "{failed:#?}");
    home.seerr.faults().clear();
    let rows = home.rows().await?;
    assert!(rows.iter().all(|row| row.status == LedgerStatus::Requested));
    // It hangs up in the middle: whatever came of that is found out by whoever looks next.
    let faults = home.seerr.faults();
    faults.on_later(DELETE, 1, Fault::Closed, Times::ONCE);
    let failed = home.household.report(home.undo().await?, LIMIT).await?;
    assert_eq!(failed.summary.status, RunStatus::Failed, "{failed:#?}");
    assert_eq!(home.household.sync().await?.summary.counts.requested, 0);
    assert_eq!(home.seerr.requests().len(), 2);
    let done = home.household.report(home.undo().await?, LIMIT).await?;
    assert_eq!(done.summary.counts.withdrawn, 2, "{done:#?}");
    assert!(home.seerr.requests().is_empty());
    Ok(())
}

#[actix_rt::test]
async fn programs_undo_over_http() -> Result<()> {
    let home = home(2).await?;
    let api = home.household.api()?;
    let path = format!("/api/sync-history/{}/undo", home.run);
    let (status, started) = api.call("POST", &path, Some(json!({"plan": true}))).await?;
    assert_eq!(
        (status, &started["sync_type"]),
        (202, &"undo".into()),
        "{started}"
    );
    let planned = RunId(i32::try_from(started["run_id"].as_i64().context("a run")?)?);
    home.household.report(planned, LIMIT).await?;
    assert_eq!(home.seerr.requests().len(), 2);

    let (status, started) = api.call("POST", &path, None).await?;
    assert_eq!(status, 202, "{started}");
    let undo = RunId(i32::try_from(started["run_id"].as_i64().context("a run")?)?);
    home.household.report(undo, LIMIT).await?;
    assert!(home.seerr.requests().is_empty());
    let (_, run) = api
        .call("GET", &format!("/api/sync-history/{}", home.run), None)
        .await?;
    assert_eq!(run["undone_by"], undo.0);
    let (_, run) = api
        .call("GET", &format!("/api/sync-history/{undo}"), None)
        .await?;
    assert_eq!(
        (&run["undoes"], &run["counts"]["withdrawn"]),
        (&home.run.0.into(), &2.into())
    );

    // The plan came too late.
    let (_, made) = api
        .call("GET", &format!("/api/sync-history/{planned}"), None)
        .await?;
    let apply = format!("/api/plans/{}/apply", made["plan"]);
    let (status, problem) = api.call("POST", &apply, None).await?;
    assert_eq!((status, &problem["code"]), (409, &"conflict".into()));
    let (status, problem) = api.call("POST", &path, None).await?;
    assert_eq!(
        (status, &problem["code"]),
        (409, &"conflict".into()),
        "{problem}"
    );
    Ok(())
}
