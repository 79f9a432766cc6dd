//! What a supervisor takes while nothing happens.

use anyhow::Result;

use super::{
    super::{
        clock::{pause, real},
        proc::{self, Use},
    },
    Effort,
    peer::Peer,
    report::Report,
};

/// Pause before the first look, in which everybody comes to rest.
const REST_MS: u64 = 5000;

pub(super) async fn measure(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    let looks = || -> Result<Vec<Use>> { peers.iter().map(|peer| Use::of(peer.pid()?)).collect() };
    pause(if effort.idle_s < 10 { 500 } else { REST_MS }).await;
    let before = looks()?;
    pause(u64::from(effort.idle_s) * 1000).await;
    let after = looks()?;
    for (peer, (before, after)) in peers.iter().zip(before.iter().zip(&after)) {
        let used = after.since(before);
        let count = usize::try_from(used.voluntary)?;
        report.add("idle: wake-ups", peer.kind, real(count), 0);
        report.add("idle: time on a core, ms", peer.kind, used.core_ms, 2);
        report.add("threads", peer.kind, real(used.threads), 0);
        for (thread, woken) in &used.restless {
            report.note(format!(
                "{:?}: thread `{thread}` woke {woken} times",
                peer.kind
            ));
        }
    }
    for peer in peers {
        let memory = proc::memory(peer.pid()?)?;
        let megabytes = |kib: f64| kib / 1024.0;
        report.add(
            "memory, proportional, MiB",
            peer.kind,
            megabytes(memory.proportional),
            2,
        );
        report.add(
            "memory, private, MiB",
            peer.kind,
            megabytes(memory.private),
            2,
        );
        report.add(
            "... without the pages of its own file, MiB",
            peer.kind,
            megabytes(memory.anonymous),
            2,
        );
    }
    report.target("idle: wake-ups", 0.0);
    report.target("idle: time on a core, ms", 1.0);
    // 5 MB.
    report.target("memory, private, MiB", 4.77);
    report.note(format!(
        "idle: {} s, all threads, three children, ours with the shipped defaults",
        effort.idle_s
    ));
    Ok(())
}
