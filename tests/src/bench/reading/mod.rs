//! How fast bodies of list sites are read, and with how much memory, beside Python on the same bodies.
//!
//! Each reading is a process of its own, so that its peak is its own: ours is this very program with `--read`, Python
//! runs `parse.py`. Bodies are in memory before the clock starts; what is measured is text to entries. Leaves the
//! bodies to `bodies`.

mod bodies;

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use scraper_worker::parse_once::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, time::Instant};

use self::bodies::{KINDS, Kind};
use super::{
    clock::real,
    progress,
    table::{Cell, Table},
};

/// Debian's Python: the one that `apt-get install python3-bs4` gives `BeautifulSoup`.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = include_str!("parse.py");

/// Time for one measurement; it takes about a second.
const LIMIT: Duration = Duration::from_mins(2);

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
    let path = folder.path().join("body");
    for kind in KINDS {
        let Some(text) = (kind.text)() else {
            table.note(format!("SKIPPED {}: it is not at hand", kind.name));
            continue;
        };
        std::fs::write(&path, &text)?;
        let ours = ours(kind, &path).await?;
        let theirs = if python {
            Some(theirs(kind, &path, &folder).await?)
        } else {
            None
        };
        if let Some(theirs) = theirs {
            let (us, they) = (ours.entries, theirs.entries);
            ensure!(us == they, "{}: {us} entries, Python {they}", kind.name);
        }
        row(&mut table, kind, text.len(), ours, theirs);
    }
    table.note("each side in a process of its own, at least three readings and a second; peak: VmHWM after the first reading, before: just before it");
    table.note("Python: html.parser of BeautifulSoup 4; json, csv, re and xml.etree of the standard library");
    Ok(table)
}

fn row(table: &mut Table, kind: &Kind, length: usize, ours: Measured, theirs: Option<Measured>) {
    let mib = |kib: f64| Cell::Number(kib / 1024.0, 1);
    let of = |figure: fn(Measured) -> Cell| theirs.map_or(Cell::Empty, figure);
    let ratio = |figure: fn(Measured) -> f64, upside_down: bool| match theirs {
        None => Cell::Empty,
        Some(theirs) if upside_down => Cell::Number(figure(theirs) / figure(ours), 1),
        Some(theirs) => Cell::Number(figure(ours) / figure(theirs), 1),
    };
    table.row([
        Cell::text(kind.name),
        Cell::Number(real(length) / 1024.0, 0),
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

async fn ours(kind: &Kind, path: &Path) -> Result<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--read").arg(kind.name).arg(path);
    measured(kind.name, command).await
}

async fn theirs(kind: &Kind, path: &Path, folder: &TempDir) -> Result<Measured> {
    let script = folder.path().join("parse.py");
    std::fs::write(&script, SCRIPT)?;
    let mut command = Command::new(PYTHON);
    command.arg(script).arg(kind.reader).arg(path);
    measured(kind.name, command).await
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
pub fn read_body(name: &str, path: &str) -> Result<String> {
    let kind = KINDS.iter().find(|kind| kind.name == name);
    let kind = kind.with_context(|| format!("nothing reads `{name}`"))?;
    let parser = Parser::of(kind.sample).map_err(anyhow::Error::msg)?;
    let read = |text: String| {
        let entries = parser.entries(text, kind.content_type);
        entries.map_err(anyhow::Error::msg)
    };
    let text = std::fs::read_to_string(path)?;
    let before = peak()?;
    let entries = read(text)?;
    let first = peak()?;
    let text = std::fs::read_to_string(path)?;
    let start = Instant::now();
    let mut rounds = 0_u32;
    while rounds < 3 || start.elapsed() < Duration::from_secs(1) {
        ensure!(
            read(text.clone())? == entries,
            "another reading gave another count"
        );
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
