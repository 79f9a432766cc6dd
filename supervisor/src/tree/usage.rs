//! What the processes of a program take: memory and time on a core.
//!
//! What cannot be read is left out; leaves what is too much to [`crate::program`].

use std::fs;

use nix::unistd::{SysconfVar, sysconf};

use super::{Mark, Process, members};

/// What the processes of a program take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes, shared pages counted once.
    pub(crate) memory_bytes: u64,
    /// Milliseconds on a core.
    pub(crate) cpu_ms: u64,
    pub(crate) processes: u32,
}

/// What all processes of a life take together; none if there is none that can be seen.
///
/// Memory is the proportional share of each (or, where that may not be read, all that it has in
/// memory). Time is theirs and that of the children they waited for.
pub(crate) fn usage(leader: Option<i32>, mark: &Mark) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut ticks: u64 = 0;
    for process in members(leader, mark) {
        if let Some((memory, cpu_ticks)) = of_one(process) {
            usage.memory_bytes = usage.memory_bytes.saturating_add(memory);
            ticks = ticks.saturating_add(cpu_ticks);
            usage.processes += 1;
        }
    }
    usage.cpu_ms = ticks.saturating_mul(1000) / setting(SysconfVar::CLK_TCK)?;
    (usage.processes > 0).then_some(usage)
}

/// Bytes and ticks; none if it has ended.
fn of_one(process: Process) -> Option<(u64, u64)> {
    let memory = proportional(process.pid).or_else(|| resident(process.pid))?;
    // Last, so that the memory is that of this one and no other.
    Some((memory, process.look()?.cpu_ticks))
}

fn proportional(pid: i32) -> Option<u64> {
    pss(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?) // gone, or not ours to see
}

/// From the line `Pss:    1234 kB`.
fn pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?; // a number
    kibibytes.checked_mul(1024)
}

fn resident(pid: i32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?; // gone
    resident_pages(&statm)?.checked_mul(setting(SysconfVar::PAGE_SIZE)?)
}

fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok() // a number
}

/// A figure of this system's that is never 0.
fn setting(name: SysconfVar) -> Option<u64> {
    let value = sysconf(name).ok().flatten()?; // every Linux has it
    u64::try_from(value).ok().filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{
        Signal, signal_group,
        tests::{next_line, start_with},
    };

    #[test]
    fn what_the_kernel_says_of_memory_is_read() {
        let rollup = "55d-7ff ---p 00000000 00:00 0    [rollup]\nRss:    4096 kB\n\
                      Pss:            1234 kB\nPss_Dirty:   99 kB\n";
        assert_eq!(pss(rollup), Some(1234 * 1024));
        assert_eq!(pss(""), None);
        assert_eq!(pss("Pss: many kB"), None);
        assert_eq!(resident_pages("700 123 80 1 0 50 0\n"), Some(123));
        assert_eq!(resident_pages(""), None);
    }

    #[actix_rt::test]
    async fn what_all_processes_of_a_program_take_is_counted() {
        let mark = Mark::new("api", 1);
        let (variable, value) = mark.variable();
        // A child that it waited for and one that is there; the second prints once the first is done.
        let mut spawned = start_with(
            "(n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done); sleep 1000 & echo $!; wait",
            &[(variable, &value)],
        );
        next_line(&mut spawned).await;
        let usage = usage(Some(spawned.pid), &mark).unwrap();
        assert_eq!(usage.processes, 2);
        assert!(
            (100_000..20_000_000).contains(&usage.memory_bytes),
            "{usage:?}"
        );
        assert!((20..20_000).contains(&usage.cpu_ms), "{usage:?}");
        assert!(resident(spawned.pid) >= proportional(spawned.pid));
        signal_group(spawned.pid, Signal::KILL).unwrap();
        spawned.child.wait().await.unwrap();
        assert_eq!(super::usage(Some(spawned.pid), &mark), None);
    }
}
