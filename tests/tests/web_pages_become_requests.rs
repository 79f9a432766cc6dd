//! Pages that need a browser, with the real one: scripts, scrolling, no browser at all, and kills in the middle.
//!
//! Without a browser on the machine only the last kind is tested; the others say so and pass.

#![expect(clippy::print_stdout, reason = "says what could not be tested")]

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use schema::models::{FetchKind, RunStatus};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites, ListFault},
    harness::{Household, Setup, children_of, is_alive, kill, wait_for},
    loopback::{Fault, Times},
};

const LIMIT: Duration = Duration::from_mins(1);

/// What may be on a test machine, in the order in which it is looked for.
fn is_browser_missing() -> bool {
    let known = ["chromium-headless-shell", "chromium"];
    let is_missing = !known
        .iter()
        .any(|name| Path::new("/usr/bin").join(name).is_file());
    if is_missing {
        println!("skipped: there is no chromium-headless-shell and no chromium in /usr/bin");
    }
    is_missing
}

struct Home {
    seerr: FakeSeerr,
    sites: FakeSites,
    household: Household,
}

async fn home(world: World) -> Result<Home> {
    let sites = FakeSites::start();
    let seerr = FakeSeerr::start(world);
    let setup = Setup::new().seerr(&seerr).sites(&sites);
    let household = setup
        .environment("LISTSYNC_ALLOW_PRIVATE_ADDRESSES", "true")
        .start()
        .await?;
    Ok(Home {
        seerr,
        sites,
        household,
    })
}

impl Home {
    /// Process ids of the browser: whatever runs below the scraper-worker.
    async fn browser(&self) -> Result<Vec<i32>> {
        Ok(children_of(self.household.pid("scraper-worker").await?))
    }

    /// What there is of browsers: processes that were told to use the household's folder, and their folders in it.
    fn traces(&self) -> Vec<String> {
        let folder = self.household.folder();
        let mark = format!("--user-data-dir={}", folder.display());
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let command = |process: std::fs::DirEntry| {
            let line = std::fs::read(process.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(&mark).then_some(line)
        };
        let mut traces: Vec<String> = processes.filter_map(command).collect();
        for place in ["run/browser", "data/browser"] {
            let entries = std::fs::read_dir(folder.join(place)).into_iter();
            let names = entries.flatten().flatten().map(|entry| entry.path());
            traces.extend(names.map(|path| path.display().to_string()));
        }
        traces
    }

    /// Stops everything, after which nothing of any browser may be left.
    async fn assert_nothing_is_left(&mut self) -> Result<()> {
        assert!(
            !self.traces().is_empty(),
            "there was no browser: nothing was shown"
        );
        assert_eq!(self.household.stop().await?, Some(0));
        let traces = self.traces();
        assert!(traces.is_empty(), "left behind: {traces:#?}");
        Ok(())
    }
}

/// Waits for the end of processes.
async fn until_gone(pids: &[i32]) {
    wait_for("the end of the browser's processes", LIMIT, || async {
        (!pids.iter().any(|pid| is_alive(*pid))).then_some(())
    })
    .await;
}

#[actix_rt::test]
async fn a_page_made_by_scripts_is_scrolled_to_its_end_and_requested() -> Result<()> {
    if is_browser_missing() {
        return Ok(());
    }
    let world = World::numbered(30);
    let home = home(world.clone()).await?;
    home.sites.set_web_page("best", Entry::all_of(&world));
    let tmdb = World::sample();
    let films = ["The Matrix", "Parasite", "Chernobyl"];
    home.sites
        .set_tmdb_list("8136", Entry::named(&tmdb, &films));
    let web = home
        .household
        .add_list("web", &home.sites.web_page("best"))
        .await?;
    let list = home
        .household
        .add_list("tmdb", "https://www.themoviedb.org/list/8136-films")
        .await?;
    let report = home.household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    for (id, count) in [(web.id, 30), (list.id, 3)] {
        let row = home.household.list(id).await?;
        let found = (row.status, row.item_count);
        assert_eq!(
            found,
            (FetchKind::Complete, count),
            "{:?}",
            row.status_reason
        );
    }
    assert_eq!(report.summary.counts.requested, 30, "{report:#?}");
    assert_eq!(home.seerr.requests().len(), 30);
    let drawn = |path: &str| path.contains("/pictures/") || path.ends_with("/letters");
    let calls = home.sites.calls();
    let pictures: Vec<_> = calls.iter().filter(|call| drawn(&call.path)).collect();
    assert!(
        pictures.is_empty(),
        "no pictures and no fonts: {pictures:#?}"
    );

    // A page that stops in the middle removes nothing.
    home.sites
        .fault("/pages/best/titles", Fault::Status(500), Times::Always);
    home.household.sync().await?;
    let row = home.household.list(web.id).await?;
    assert_ne!(row.status, FetchKind::Complete);
    assert_eq!(row.item_count, 30, "the last good count stays");
    Ok(())
}

#[actix_rt::test]
async fn a_page_whose_next_titles_come_late_is_not_taken_for_whole() -> Result<()> {
    if is_browser_missing() {
        return Ok(());
    }
    let world = World::numbered(30);
    let home = home(world.clone()).await?;
    home.sites.set_web_page("best", Entry::all_of(&world));
    let late = Fault::Late(Duration::from_secs(4));
    home.sites
        .fault_later("/pages/best/titles", 1, late, Times::ONCE);
    let web = home
        .household
        .add_list("web", &home.sites.web_page("best"))
        .await?;
    home.household.sync().await?;
    let row = home.household.list(web.id).await?;
    assert_eq!(row.item_count, 30, "{:?}", row.status_reason);
    assert_eq!(row.status, FetchKind::Complete, "{:?}", row.status_reason);
    Ok(())
}

#[actix_rt::test]
async fn a_page_that_never_ends_is_read_once_and_given_up() -> Result<()> {
    if is_browser_missing() {
        return Ok(());
    }
    let world = World::numbered(30);
    let home = home(world.clone()).await?;
    home.sites.set_web_page("best", Entry::all_of(&world));
    home.sites
        .disturb_web_page("best", Some(ListFault::SamePage));
    let web = home
        .household
        .add_list("web", &home.sites.web_page("best"))
        .await?;
    let report = home.household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    let row = home.household.list(web.id).await?;
    assert!(
        row.item_count <= 12,
        "the first piece over and over: {row:#?}"
    );
    assert_eq!(report.summary.counts.requested, 12, "{report:#?}");
    Ok(())
}

#[actix_rt::test]
async fn without_a_browser_the_list_says_so_and_the_others_are_read() -> Result<()> {
    let world = World::numbered(3);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    sites.set_web_page("best", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new()
        .seerr(&seerr)
        .sites(&sites)
        .environment("LISTSYNC_ALLOW_PRIVATE_ADDRESSES", "true")
        .environment(
            "LISTSYNC_BROWSER_PATH",
            "/nonexistent/chromium-headless-shell",
        )
        .start()
        .await?;
    let web = household.add_list("web", &sites.web_page("best")).await?;
    household.add_list("imdb", "ls000000001").await?;
    let report = household.sync().await?;
    assert_eq!(
        (report.summary.status, report.summary.counts.requested),
        (RunStatus::Completed, 3),
        "{report:#?}"
    );
    let row = household.list(web.id).await?;
    let reason = row.status_reason.context("a refused list has a reason")?;
    assert_eq!(row.status, FetchKind::Refused, "{reason}");
    assert!(
        reason.contains("LISTSYNC_BROWSER_PATH") || reason.contains("chromium-headless-shell"),
        "{reason}"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_private_address_is_not_visited_unless_the_owner_says_so() -> Result<()> {
    let world = World::numbered(2);
    let sites = FakeSites::start();
    sites.set_web_page("best", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    let web = household.add_list("web", &sites.web_page("best")).await?;
    household.sync().await?;
    let row = household.list(web.id).await?;
    let reason = row.status_reason.context("a refused list has a reason")?;
    assert_eq!(row.status, FetchKind::Refused, "{reason}");
    assert!(
        reason.contains("LISTSYNC_ALLOW_PRIVATE_ADDRESSES"),
        "{reason}"
    );
    assert_eq!(sites.call_count(), 0, "it is not even asked");
    Ok(())
}

/// Starts a run whose page never answers one of its own requests; gives the run and the browser's processes.
async fn stuck(home: &Home) -> Result<(schema::models::RunId, Vec<i32>)> {
    home.sites
        .fault("/pages/best/titles", Fault::Hang, Times::ONCE);
    let run = home.household.start_run().await?;
    let asked = |calls: &[tests::fake_sites::SiteCall]| {
        calls.iter().any(|call| call.path == "/pages/best/titles")
    };
    assert!(
        home.sites.wait_until(asked, LIMIT),
        "the page was not opened"
    );
    let browser = home.browser().await?;
    assert!(!browser.is_empty(), "no browser runs");
    Ok((run, browser))
}

#[actix_rt::test]
async fn a_browser_killed_in_the_middle_of_a_page_is_replaced_and_leaves_nothing() -> Result<()> {
    if is_browser_missing() {
        return Ok(());
    }
    let world = World::numbered(5);
    let mut home = home(world.clone()).await?;
    home.sites.set_web_page("best", Entry::all_of(&world));
    home.household
        .add_list("web", &home.sites.web_page("best"))
        .await?;
    let (run, browser) = stuck(&home).await?;
    for pid in &browser {
        kill(*pid);
    }
    until_gone(&browser).await;
    home.household.report(run, LIMIT).await?;
    let report = home.household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    assert_eq!(home.seerr.requests().len(), 5);
    home.assert_nothing_is_left().await
}

#[actix_rt::test]
async fn a_scraper_worker_killed_in_the_middle_of_a_page_leaves_no_browser() -> Result<()> {
    if is_browser_missing() {
        return Ok(());
    }
    let world = World::numbered(5);
    let mut home = home(world.clone()).await?;
    home.sites.set_web_page("best", Entry::all_of(&world));
    home.household
        .add_list("web", &home.sites.web_page("best"))
        .await?;
    let (run, browser) = stuck(&home).await?;
    let worker = home.household.kill("scraper-worker").await?;
    home.household.replaced("scraper-worker", worker).await;
    until_gone(&browser).await;
    let report = home.household.report(run, LIMIT).await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    assert_eq!(home.seerr.requests().len(), 5, "the reading was begun anew");

    home.assert_nothing_is_left().await
}
