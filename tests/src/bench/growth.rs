//! How cost grows with the number of titles: first run and unchanged run of a thousand, ten thousand
//! and a hundred thousand, with a Seerr that takes no time.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{
    clock::{real, seconds},
    household::{Lived, Run},
    progress,
    table::{Cell, Table},
};
use crate::fake_seerr::Latency;

/// Titles of each household.
const TITLES: [usize; 3] = [1000, 10_000, 100_000];

/// What one run cost.
struct Cost {
    seconds: f64,
    database_seconds: f64,
    /// KiB of sync-worker's memory at its highest since the household began.
    peak: f64,
}

/// The table of growth.
///
/// # Errors
/// When a run does not end well.
pub async fn growth(is_quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "growth",
        "Growth: a file of titles nobody has asked for, then the same again; Seerr takes no time",
        &[
            "titles",
            "run",
            "s",
            "us per title",
            "database s",
            "database us per title",
            "peak MiB of sync-worker",
        ],
    );
    for titles in TITLES {
        if is_quick && titles > 1000 {
            break;
        }
        progress(&format!("{titles} titles, a POST at 0 ms"))?;
        let latency = Latency {
            post: Duration::ZERO,
            ..Latency::none()
        };
        let mut lived = Lived::with_file(titles, latency).await?;
        for (name, requests) in [("first", titles), ("unchanged", 0)] {
            let run = lived.run(requests).await?;
            let cost = cost(&lived, &run).await?;
            table.row([
                Cell::Number(real(titles), 0),
                Cell::text(name),
                Cell::Number(cost.seconds, 2),
                Cell::Number(cost.seconds * 1e6 / real(titles), 1),
                Cell::Number(cost.database_seconds, 2),
                Cell::Number(cost.database_seconds * 1e6 / real(titles), 1),
                Cell::Number(cost.peak / 1024.0, 1),
            ]);
        }
        lived.household.stop().await?;
    }
    table.note("database: time in queries and transactions of sync-worker, waiting included, as its log tells");
    table.note(
        "the first run includes the fake Seerr's own work for each POST, in a process beside it",
    );
    Ok(table)
}

async fn cost(lived: &Lived, run: &Run) -> Result<Cost> {
    let processes = lived.processes().await?;
    let (_, pid) = processes
        .into_iter()
        .find(|(name, _)| name == "sync-worker")
        .context("there is no sync-worker")?;
    let log = lived.household.log("sync-worker");
    let said = log
        .lines()
        .rev()
        .find_map(database_ms)
        .context("the log does not tell the time at the database")?;
    Ok(Cost {
        seconds: seconds(run.started, run.ended),
        database_seconds: said / 1000.0,
        peak: super::proc::peak(pid)?,
    })
}

fn database_ms(line: &str) -> Option<f64> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?; // other lines are no matter
    let fields = line.get("fields").unwrap_or(&line);
    fields.get("database_ms")?.as_f64()
}
