//! The browser through the real scraper-worker: its cold start, each page after it, and its memory.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use runtime::socket::client::Client;
use schema::wire::{
    Link,
    scraper::{FetchList, FetchOutcome, FromScraper, ListFetched, ScraperLink, ToScraper},
};
use tokio::time::Instant;

use super::{
    clock::Spread,
    proc, progress,
    table::{Cell, Table},
};
use crate::{
    fake_seerr::World,
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup, children_of},
};

/// Pages read after the first.
const PAGES: usize = 8;
/// Titles on a page; twelve come at once, the others by scrolling.
const SHORT: i64 = 12;
const LONG: i64 = 60;

/// Cold start and pages; a note instead when there is no browser.
///
/// # Errors
/// When a page is not read whole.
pub async fn browser() -> Result<Table> {
    progress("the browser: a cold start and some pages")?;
    let mut table = Table::new(
        "browser",
        "Pages in the browser, ms from asking the scraper-worker to its answer",
        &["page", "times", "median", "min", "max"],
    );
    let names = ["chromium-headless-shell", "chromium"];
    let is_there = |name: &&str| Path::new("/usr/bin").join(name).is_file();
    if !names.iter().any(is_there) {
        table.note("SKIPPED: neither chromium-headless-shell nor chromium is in /usr/bin");
        return Ok(table);
    }
    let setup = Setup::new()
        .environment("LISTSYNC_ALLOW_PRIVATE_ADDRESSES", "true")
        .environment("LOG_LEVEL", "info");
    let household = setup.start().await?;
    let (mut short, mut long) = (Vec::new(), Vec::new());
    let cold = page(&household, SHORT).await?;
    for _ in 0..PAGES {
        short.push(page(&household, SHORT).await?);
    }
    for _ in 0..PAGES {
        long.push(page(&household, LONG).await?);
    }
    let mut row = |what: String, figures: &[f64]| {
        let spread = Spread::of(figures);
        table.row([
            Cell::text(what),
            Cell::Number(super::clock::real(figures.len()), 0),
            Cell::Number(spread.median, 0),
            Cell::Number(spread.min, 0),
            Cell::Number(spread.max, 0),
        ]);
    };
    row(
        format!("the first, {SHORT} titles: with the start of the browser"),
        &[cold],
    );
    row(format!("{SHORT} titles"), &short);
    row(
        format!("{LONG} titles, {} pieces by scrolling", LONG / SHORT),
        &long,
    );
    let worker = household.pid("scraper-worker").await?;
    let processes = children_of(worker);
    let mut kib = 0.0;
    for pid in &processes {
        kib += proc::memory(*pid)?.proportional;
    }
    table.note(format!(
        "after them the browser is {} processes with {:.0} MiB (Pss), the scraper-worker has {:.1} MiB",
        processes.len(),
        kib / 1024.0,
        proc::memory(worker)?.proportional / 1024.0
    ));
    Ok(table)
}

/// Reads one page on a server of its own, since the pace is kept per host; milliseconds it took.
async fn page(household: &Household, titles: i64) -> Result<f64> {
    let sites = FakeSites::start();
    sites.set_web_page("best", Entry::all_of(&World::numbered(titles)));
    let socket = household.folder().join("run").join(ScraperLink::SOCKET);
    let client: Client<ScraperLink> = Client::at(socket);
    let started = Instant::now();
    let fetched = fetch(&client, &sites.web_page("best")).await?;
    let took = started.elapsed();
    ensure!(
        fetched.outcome == FetchOutcome::Complete && i64::from(fetched.read) == titles,
        "the page was not read whole: {fetched:#?}"
    );
    Ok(took.as_secs_f64() * 1000.0)
}

async fn fetch(client: &Client<ScraperLink>, address: &str) -> Result<ListFetched> {
    let request = ToScraper::FetchList(FetchList {
        known: None,
        list: None,
        list_type: "web".to_owned(),
        list_id: address.to_owned(),
        item_limit: None,
        credential: None,
    });
    let reading = async {
        let mut answers = client.stream(request).await?;
        while let Some(answer) = answers.next().await? {
            match answer {
                FromScraper::Entries(_) => {}
                FromScraper::ListFetched(fetched) => return Ok(fetched),
                other => bail!("reading a page was answered with {other:?}"),
            }
        }
        bail!("the answer has no end")
    };
    let limit = Duration::from_mins(2);
    let read = tokio::time::timeout(limit, reading).await;
    read.context("the page took longer than two minutes")?
}
