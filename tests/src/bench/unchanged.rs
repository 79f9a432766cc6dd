//! The unchanged second run: how long it takes, what it asks, what it writes.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};

use super::{
    clock::{self, pause, real, seconds},
    household::{Lived, Run},
    progress,
    rows::{self, PER_TITLE},
    table::{Cell, Table},
};
use crate::fake_seerr::Latency;

/// Lists of that many titles.
const SHORT: usize = 1000;
const LONG: usize = 10_000;

/// One unchanged run and what was seen of it.
struct Seen {
    list: &'static str,
    titles: usize,
    run: Run,
    /// When the last answer of a list site had been given.
    pages: DateTime<Utc>,
    /// When the last page of what Seerr knows had been given.
    snapshot: DateTime<Utc>,
    site_calls: usize,
    seerr_calls: usize,
    posts: usize,
    before: BTreeMap<String, i64>,
    after: BTreeMap<String, i64>,
    written: BTreeMap<String, i64>,
}

/// The tables of the unchanged run; the household with the long list goes on living.
///
/// # Errors
/// When a run fails or requests something.
pub async fn unchanged() -> Result<(Vec<Table>, Lived)> {
    progress(&format!("an unchanged IMDb list of {SHORT} titles"))?;
    // The first run is not measured here and may be quick.
    let mut short = Lived::with_imdb_list(SHORT, Latency::none()).await?;
    short.run(SHORT).await?;
    let short_seen = look("IMDb list, 4 pages", SHORT, &short).await?;
    short.household.stop().await?;

    progress(&format!("an unchanged file of Steven Lu of {LONG} titles"))?;
    let long = Lived::with_requested_list(LONG).await?;
    long.run(0).await?;
    let long_seen = look("Steven Lu, 1 file", LONG, &long).await?;
    let seen = [short_seen, long_seen];
    Ok((vec![times(&seen), writes(&seen)], long))
}

async fn look(list: &'static str, titles: usize, lived: &Lived) -> Result<Seen> {
    lived.seerr.set_latency(Latency::measured());
    // The politeness towards a site is that of a run a while after the last, not of one that follows at once.
    pause(3000).await;
    let db = lived.household.database()?;
    let before = rows::count(&db).await?;
    rows::watch(&db).await?;
    let mut pages = clock::now();
    let mut snapshot = pages;
    let watching = async {
        let (mut answered, mut paged) = (0, 0);
        loop {
            let now = clock::now();
            let sent = lived.sites.calls();
            let sent = sent.iter().filter(|call| call.status.is_some()).count();
            let read = lived.seerr.read(|state| {
                let calls = state.calls().iter();
                calls
                    .filter(|call| {
                        matches!(call.path.as_str(), "/api/v1/media" | "/api/v1/request")
                            && call.status.is_some()
                    })
                    .count()
            });
            // `run` forgets the calls recorded before it.
            if sent != paged {
                (paged, pages) = (sent, now);
            }
            if read != answered {
                (answered, snapshot) = (read, now);
            }
            pause(1).await;
        }
    };
    let run = tokio::select! {
        run = lived.run(0) => run?,
        () = watching => anyhow::bail!("watching never ends"),
    };
    let written = rows::written(&db).await?;
    let after = rows::count(&db).await?;
    let entries = usize::try_from(run.report.summary.counts.entries)?;
    ensure!(
        entries == titles,
        "{entries} of {titles} entries were read: {:#?}",
        run.report
    );
    Ok(Seen {
        list,
        titles,
        pages,
        snapshot,
        site_calls: lived.sites.call_count(),
        seerr_calls: lived.seerr.call_count(),
        posts: lived.seerr.count("POST", "/api/v1/request"),
        run,
        before,
        after,
        written,
    })
}

fn times(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "unchanged",
        "The unchanged second run",
        &[
            "list",
            "titles",
            "s in all",
            "s until last page",
            "s until snapshot",
            "s after both",
            "site calls",
            "Seerr calls",
            "of them POSTs",
            "rows per title",
        ],
    );
    for seen in seen {
        let arrived = seen.pages.max(seen.snapshot);
        let per_title: i64 = PER_TITLE
            .iter()
            .filter_map(|table| seen.written.get(*table))
            .sum();
        let per_title = usize::try_from(per_title).unwrap_or(usize::MAX);
        table.row([
            Cell::text(seen.list),
            Cell::Number(real(seen.titles), 0),
            Cell::Number(seconds(seen.run.started, seen.run.ended), 3),
            Cell::Number(seconds(seen.run.started, seen.pages), 3),
            Cell::Number(seconds(seen.run.started, seen.snapshot), 3),
            Cell::Number(seconds(arrived, seen.run.ended), 3),
            Cell::Number(real(seen.site_calls), 0),
            Cell::Number(real(seen.seerr_calls), 0),
            Cell::Number(real(seen.posts), 0),
            Cell::Number(real(per_title) / real(seen.titles), 3),
        ]);
    }
    table.note(
        "Seerr paced as measured: 0.06 ms for each title it knows and 0.35 ms for each request, in pages of 1,000",
    );
    table.note(
        "after both: from the last answer of site and snapshot to the report in the caller's hands",
    );
    table
}

fn writes(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "unchanged-rows",
        "Rows of the unchanged second run, by table (tables that have rows)",
        &["list", "table", "before", "after", "written"],
    );
    for seen in seen {
        for (name, after) in &seen.after {
            let written = seen.written.get(name).copied().unwrap_or(0);
            let is_ours = !matches!(
                name.as_str(),
                "__diesel_schema_migrations" | "listsync_schema"
            );
            if !is_ours || (*after == 0 && written == 0) {
                continue;
            }
            let before = seen.before.get(name).copied().unwrap_or(0);
            let figure = |rows: i64| Cell::Number(usize::try_from(rows).map_or(f64::NAN, real), 0);
            table.row([
                Cell::text(seen.list),
                Cell::text(name),
                figure(before),
                figure(*after),
                figure(written),
            ]);
        }
    }
    table.note("written: rows inserted, updated or deleted, counted by triggers in the database");
    table
}
