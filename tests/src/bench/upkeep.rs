//! What four processes cost that have nothing to do: memory, time on a core, wake-ups.

use anyhow::Result;

use super::{
    clock::{pause, real},
    household::Lived,
    proc::{Memory, Use},
    progress,
    table::{Cell, Table},
};
/// Pause between the end of work and the look at memory.
const REST_MS: u64 = 5000;

/// How long an idle household is watched.
const WATCH_S: u32 = 30;

/// Memory of each process: just started, and after it has handled ten thousand titles.
///
/// # Errors
/// When a process is gone.
pub async fn memory(lived: &Lived) -> Result<Table> {
    progress("memory at idle")?;
    pause(REST_MS).await;
    // Pages of the binaries are shared with every process that runs them: no other household may live now.
    let (at_start, after_runs) = (&lived.at_start, lived.memory().await?);

    let mut table = Table::new(
        "memory",
        "Memory at idle, KiB: just started, and of the same processes after two runs of 10,000 titles",
        &[
            "process",
            "started: Pss",
            "started: private",
            "started: anon",
            "after runs: Pss",
            "after runs: private",
            "after runs: anon",
        ],
    );
    let mut row = |name: &str, start: Memory, after: Memory| {
        let figures = [
            start.proportional,
            start.private,
            start.anonymous,
            after.proportional,
            after.private,
            after.anonymous,
        ];
        let cells = figures.map(|kib| Cell::Number(kib, 0));
        table.row([Cell::text(name)].into_iter().chain(cells));
    };
    let (mut start_sum, mut after_sum) = (Memory::default(), Memory::default());
    for ((name, start), (_, after)) in at_start.iter().zip(&after_runs) {
        row(name, *start, *after);
        start_sum = add(start_sum, *start);
        after_sum = add(after_sum, *after);
    }
    row("all four", start_sum, after_sum);
    let mib = |kib: f64| kib / 1024.0;
    table.note(format!(
        "all four: {:.1} MiB of proportional memory just started, {:.1} MiB after the runs",
        mib(start_sum.proportional),
        mib(after_sum.proportional)
    ));
    table.note("Pss: each page divided by the processes that share it; anonymous: the part of Pss of no file");
    Ok(table)
}

fn add(one: Memory, other: Memory) -> Memory {
    Memory {
        proportional: one.proportional + other.proportional,
        private: one.private + other.private,
        anonymous: one.anonymous + other.anonymous,
    }
}

/// What idle processes use of a core and how often they wake.
///
/// # Errors
/// When a process is gone.
pub async fn idle(lived: &Lived) -> Result<Table> {
    progress(&format!("idle for {WATCH_S} s"))?;
    let processes = lived.processes().await?;
    // Threads that the question above woke go to sleep again.
    pause(REST_MS).await;
    let looks = || {
        let looks = processes.iter().map(|(_, pid)| Use::of(*pid));
        looks.collect::<Result<Vec<_>>>()
    };
    let before = looks()?;
    pause(u64::from(WATCH_S) * 1000).await;
    let after = looks()?;
    let mut table = Table::new(
        "idle",
        format!("Idle for {WATCH_S} s, the schedule's next run a day away or off"),
        &[
            "process",
            "CPU ms",
            "CPU % of a core",
            "wake-ups",
            "wake-ups/s",
            "preempted",
            "threads",
        ],
    );
    let seconds = f64::from(WATCH_S);
    let count = |count: u64| usize::try_from(count).map_or(f64::NAN, real);
    let mut sum = (0.0, 0.0, 0.0, 0.0);
    let mut by_thread = Vec::new();
    let mut row = |name: &str, figures: (f64, f64, f64, f64)| {
        let (core_ms, woken, taken, threads) = figures;
        table.row([
            Cell::text(name),
            Cell::Number(core_ms, 2),
            Cell::Number(core_ms / seconds / 10.0, 4),
            Cell::Number(woken, 0),
            Cell::Number(woken / seconds, 2),
            Cell::Number(taken, 0),
            Cell::Number(threads, 0),
        ]);
    };
    for ((name, _), (before, after)) in processes.iter().zip(before.iter().zip(&after)) {
        let used = after.since(before);
        let (woken, taken) = (count(used.voluntary), count(used.involuntary));
        let threads = real(used.threads);
        row(name, (used.core_ms, woken, taken, threads));
        let restless: Vec<String> = used
            .restless
            .iter()
            .map(|(thread, woken)| format!("`{thread}` {woken}"))
            .collect();
        if !restless.is_empty() {
            by_thread.push(format!(
                "{name}, wake-ups by thread: {}",
                restless.join(", ")
            ));
        }
        sum.0 += used.core_ms;
        sum.1 += woken;
        sum.2 += taken;
        sum.3 += threads;
    }
    row("all four", sum);
    table.note("of every thread: its time on a core (schedstat), and its context switches: voluntary ones as wake-ups");
    for note in by_thread {
        table.note(note);
    }
    Ok(table)
}
