//! Whole commands: `status` and `restart`.

use anyhow::{Context, Result, ensure};

use super::{
    super::clock::{Spread, pause},
    Effort,
    peer::{CHILDREN, Peer, millis},
    report::Report,
};

const STATUS: &str = "`status`, the whole command, ms";
const RESTART: &str = "`restart` of one child, the whole command, ms";
const DOWN: &str =
    "... of which the child is not there (SIGTERM to first instruction), at most, ms";

pub(super) async fn measure(peers: &[Peer], effort: Effort, report: &mut Report) -> Result<()> {
    // So that nobody is in the middle of a start.
    pause(2000).await;
    for peer in peers {
        let mut figures = Vec::new();
        for _ in 0..effort.statuses {
            figures.push(peer.timed(&["status"]).await?);
        }
        report.add_spread(STATUS, peer.kind, &figures);
    }
    report.target(&format!("{STATUS}: median"), 10.0);
    for peer in peers {
        let (mut whole, mut starts) = (Vec::new(), Vec::new());
        for _ in 0..effort.restarts {
            let before = peer.starts().len();
            let begun = super::peer::monotonic()?;
            whole.push(peer.timed(&["restart", CHILDREN[0]]).await?);
            let after = peer.starts();
            ensure!(after.len() > before, "{:?} restarted nothing", peer.kind);
            let (_, born) = after.get(before).copied().context("no new child")?;
            starts.push(millis(begun, born));
        }
        report.add_spread(RESTART, peer.kind, &whole);
        report.add(DOWN, peer.kind, Spread::of(&starts).median, 2);
    }
    report.note("`restart`: the time the child is not there is counted from the start of the command, so that it is less");
    Ok(())
}
