//! What the kernel shows of the processes of a test, and ending those that nobody ended.

use std::io::Write as _;

use anyhow::{Context, Result};

use super::LIMIT;
use crate::harness::{children_of, is_alive, kill, wait_for};

/// Waits until a process is gone.
pub async fn gone(what: &str, pid: i32) {
    wait_for(&format!("{what} ({pid}) gone"), LIMIT, || async {
        (!is_alive(pid)).then_some(())
    })
    .await;
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// Says loudly that a test did not happen, and why.
pub fn skipped(why: &str) {
    // With stderr closed there is nobody to tell.
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap_or_default();
}

/// The parent of a process; none when there is no such process.
pub fn parent_of(pid: i32) -> Option<i32> {
    field(pid, "status", "PPid:")
}

/// How many descriptors a process has open.
///
/// # Errors
/// When there is no such process.
pub fn descriptors(pid: i32) -> Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// KiB of a process that are in memory, files included.
///
/// # Errors
/// When there is no such process.
pub fn resident_kib(pid: i32) -> Result<i64> {
    field(pid, "status", "VmRSS:").context("no such process")
}

/// KiB of a process that nobody else has.
///
/// # Errors
/// When there is no such process.
pub fn private_kib(pid: i32) -> Result<i64> {
    let clean: Option<i64> = field(pid, "smaps_rollup", "Private_Clean:");
    let dirty: Option<i64> = field(pid, "smaps_rollup", "Private_Dirty:");
    Ok(clean.context("no such process")? + dirty.context("no such process")?)
}

fn field<T: std::str::FromStr>(pid: i32, file: &str, name: &str) -> Option<T> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// All processes of the machine.
#[derive(Debug)]
pub struct Processes;

impl Processes {
    /// Those whose command line, words with a space between, holds a text; the caller's own aside.
    pub fn with(text: &str) -> Vec<i32> {
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| *pid != own && is_alive(*pid))
            .filter(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line)
                    .replace('\0', " ")
                    .contains(text)
            })
            .collect()
    }
}

/// Kills processes when a test ends, however it ends.
#[derive(Debug)]
pub struct KilledAtTheEnd(Vec<i32>);

/// See [`KilledAtTheEnd`]; their children of now are killed too.
pub fn killed_at_the_end(pids: &[i32]) -> KilledAtTheEnd {
    let below = pids.iter().flat_map(|pid| children_of(*pid));
    KilledAtTheEnd(pids.iter().copied().chain(below).collect())
}

impl Drop for KilledAtTheEnd {
    fn drop(&mut self) {
        for pid in &self.0 {
            kill(*pid);
        }
    }
}
