//! From SIGKILL of a child to the first instruction of the one that replaces it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{
    super::clock::pause,
    Effort,
    peer::{LIMIT, Peer, millis, monotonic},
    report::Report,
};
use crate::{chance::Chance, harness};

/// A child that has been up for longer is stable to everybody.
const STABLE_MS: u64 = 2250;

const WHAT: &str = "kill -9 to first instruction of the replacement, ms";

pub(super) async fn measure(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    // The same phases in each run.
    let mut chance = Chance::new(7);
    let mut figures = vec![Vec::new(); peers.len()];
    for _ in 0..effort.kills {
        pause(STABLE_MS + chance.below(1000)).await;
        for (peer, figures) in peers.iter().zip(&mut figures) {
            figures.push(once(peer).await?);
        }
    }
    for (peer, figures) in peers.iter().zip(&figures) {
        report.add_spread(WHAT, peer.kind, figures);
    }
    report.target(&format!("{WHAT}: median"), 5.0);
    report.target(&format!("{WHAT}: p95"), 15.0);
    report.note(format!(
        "kill -9: {} times, the child up for more than 2.2 s, at any phase; the moment is taken in the new child",
        effort.kills
    ));
    Ok(())
}

async fn once(peer: &Peer) -> Result<f64> {
    let before = peer.starts();
    let (pid, _) = before.last().copied().context("no child has started")?;
    let killed = monotonic()?;
    harness::kill(pid);
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some((_, born)) = peer.starts().get(before.len()) {
            return Ok(millis(killed, *born));
        }
        ensure!(Instant::now() < limit, "{:?} replaced nothing", peer.kind);
        pause(1).await;
    }
}
