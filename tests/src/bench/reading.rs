//! How fast bodies of list sites are read, and with how much memory, beside Python on the same bodies.
//!
//! Each reading is a process of its own, so that its peak is its own: ours is this very program with `--read`, Python
//! runs `parse.py`. Bodies are in memory before the clock starts; what is measured is text to entries.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, time::Instant};

use super::{
    clock::real,
    progress,
    table::{Cell, Table},
};
use crate::{
    fake_seerr::World,
    fake_sites::{Entry, FakeSites, captures},
};

/// Debian's Python: the one that `apt-get install python3-bs4` gives `BeautifulSoup`.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = include_str!("parse.py");

/// Time for one measurement; it takes about a second.
const LIMIT: Duration = Duration::from_mins(2);

/// A body that is read.
struct Body {
    what: String,
    /// For both sides: which code reads it.
    kind: &'static str,
    text: String,
}

/// What one side measured.
#[derive(Clone, Copy, Debug)]
struct Measured {
    entries: usize,
    per_second: f64,
    /// KiB, after the first reading.
    peak: f64,
    /// KiB, before it.
    before: f64,
}

/// The table; without Python or its `BeautifulSoup` the ratios are missing, and it says so.
///
/// # Errors
/// When a body cannot be read by us.
pub async fn reading() -> Result<Table> {
    progress("reading bodies of list sites, beside Python")?;
    let mut table = Table::new(
        "reading",
        "Reading one body: text to entries",
        &[
            "body",
            "KiB",
            "entries",
            "entries/s",
            "Python's",
            "ratio",
            "peak MiB",
            "Python's peak",
            "peak ratio",
            "peak - before",
            "Python's p - b",
        ],
    );
    let folder = tempfile::tempdir()?;
    let python = python(&mut table).await?;
    for body in bodies().await? {
        let path = folder.path().join(body.kind);
        std::fs::write(&path, &body.text)?;
        let ours = ours(&body, &path).await?;
        let theirs = if python {
            Some(theirs(&body, &path, &folder).await?)
        } else {
            None
        };
        row(&mut table, &body, ours, theirs);
    }
    table.note("each side in a process of its own, at least three readings and a second; peak: VmHWM after the first reading, before: just before it");
    table.note("Python: html.parser of BeautifulSoup 4, json of the standard library");
    Ok(table)
}

fn row(table: &mut Table, body: &Body, ours: Measured, theirs: Option<Measured>) {
    let mib = |kib: f64| Cell::Number(kib / 1024.0, 1);
    let of = |figure: fn(Measured) -> Cell| theirs.map_or(Cell::Empty, figure);
    let ratio = |figure: fn(Measured) -> f64, upside_down: bool| match theirs {
        None => Cell::Empty,
        Some(theirs) if upside_down => Cell::Number(figure(theirs) / figure(ours), 1),
        Some(theirs) => Cell::Number(figure(ours) / figure(theirs), 1),
    };
    table.row([
        Cell::text(&*body.what),
        Cell::Number(real(body.text.len()) / 1024.0, 0),
        Cell::Number(real(ours.entries), 0),
        Cell::Number(ours.per_second, 0),
        of(|theirs| Cell::Number(theirs.per_second, 0)),
        ratio(|side| side.per_second, false),
        mib(ours.peak),
        of(|theirs| Cell::Number(theirs.peak / 1024.0, 1)),
        ratio(|side| side.peak, true),
        mib(ours.peak - ours.before),
        of(|theirs| Cell::Number((theirs.peak - theirs.before) / 1024.0, 1)),
    ]);
}

/// Real captures where they stand beside the project, the fakes' pages otherwise.
async fn bodies() -> Result<Vec<Body>> {
    let sites = FakeSites::start();
    let numbered = |count| Entry::all_of(&World::numbered(count));
    sites.set_imdb_chart("TOP_RATED_MOVIES", numbered(250));
    sites.set_letterboxd("anna/list/best", numbered(250));
    sites.set_stevenlu("movies", numbered(10_000));
    let client = reqwest::Client::builder().no_proxy().build()?;
    let page = async |path: &str| -> Result<String> {
        let answer = client.get(format!("{}{path}", sites.url())).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    };
    let (chart, list) = (captures::imdb_top_250(), captures::letterboxd_list());
    let named = |what: &str, is_real: bool| {
        let origin = if is_real { "captured" } else { "the fake's" };
        format!("{what} ({origin})")
    };
    Ok(vec![
        Body {
            what: named("IMDb chart page", chart.is_some()),
            kind: "imdb",
            text: match chart {
                Some(chart) => chart.body,
                None => page("/chart/top/").await?,
            },
        },
        Body {
            what: named("Letterboxd list page", list.is_some()),
            kind: "letterboxd",
            text: match list {
                Some(list) => list,
                None => page("/anna/list/best/").await?,
            },
        },
        Body {
            what: named("JSON list", false),
            kind: "stevenlu",
            text: page("/movies.json").await?,
        },
    ])
}

async fn ours(body: &Body, path: &Path) -> Result<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--read").arg(body.kind).arg(path);
    measured(&body.what, command).await
}

async fn theirs(body: &Body, path: &Path, folder: &TempDir) -> Result<Measured> {
    let script = folder.path().join("parse.py");
    std::fs::write(&script, SCRIPT)?;
    let mut command = Command::new(PYTHON);
    command.arg(script).arg(body.kind).arg(path);
    measured(&body.what, command).await
}

async fn measured(what: &str, mut command: Command) -> Result<Measured> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, output).await??;
    ensure!(
        output.status.success(),
        "reading {what} ended with {}",
        output.status
    );
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| {
        let number = said.get(name).and_then(Value::as_f64);
        number.with_context(|| format!("no {name} in {said}"))
    };
    let entries = said.get("entries").and_then(Value::as_u64).unwrap_or(0);
    Ok(Measured {
        entries: usize::try_from(entries)?,
        per_second: number("entries")? * number("rounds")? / number("seconds")?,
        peak: number("peak_kib")?,
        before: number("before_kib")?,
    })
}

/// Whether there is a Python with `BeautifulSoup`; says so in the table when not.
async fn python(table: &mut Table) -> Result<bool> {
    let mut command = Command::new(PYTHON);
    command.args(["-c", "import bs4"]).stderr(Stdio::null());
    let is_there = match command.status().await {
        Ok(status) => status.success(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    if !is_there {
        table.note(format!(
            "SKIPPED the comparison: {PYTHON} with BeautifulSoup is missing; `apt-get install python3-bs4` and run again"
        ));
    }
    Ok(is_there)
}

/// The other end of `ours`: reads a body over and over for a second and gives what to print.
///
/// # Errors
/// When it cannot be read.
pub fn read_body(kind: &str, path: &str) -> Result<String> {
    let (list_id, content_type) = match kind {
        "imdb" => ("top", "text/html; charset=utf-8"),
        "letterboxd" => (
            "dave/official-top-250-narrative-feature-films",
            "text/html; charset=utf-8",
        ),
        "stevenlu" => ("movies", "application/json"),
        _ => bail!("nothing reads `{kind}`"),
    };
    let text = std::fs::read_to_string(path)?;
    let parser =
        scraper_worker::parse_once::Parser::of(kind, list_id).map_err(anyhow::Error::msg)?;
    let read = || {
        parser
            .entries(&text, content_type)
            .map_err(anyhow::Error::msg)
    };
    let before = peak()?;
    let entries = read()?;
    let first = peak()?;
    let start = Instant::now();
    let mut rounds = 0_u32;
    while rounds < 3 || start.elapsed() < Duration::from_secs(1) {
        ensure!(read()? == entries, "another reading gave another count");
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let said = json!({
        "entries": entries, "rounds": rounds, "seconds": seconds, "before_kib": before, "peak_kib": first,
    });
    Ok(said.to_string())
}

/// The most memory this process ever had, in KiB.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    Ok(kib.context("the kernel tells no peak")?.parse()?)
}
