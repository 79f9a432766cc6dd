//! From SIGTERM to the end of the supervisor, with three children that end at once.

use anyhow::Result;

use super::{super::clock::pause, Effort, peer::Peer, report::Report};

const WHAT: &str = "SIGTERM to the supervisor gone, three well-behaved children, ms";

pub(super) async fn measure(peers: &mut [Peer], effort: Effort, report: &mut Report) -> Result<()> {
    let mut figures = vec![Vec::new(); peers.len()];
    for round in 0..effort.shutdowns {
        for (peer, figures) in peers.iter_mut().zip(&mut figures) {
            // supervisord's ticks make the moment matter.
            let phase = u64::try_from(round)? * 137;
            pause(300 + phase % 1000).await;
            figures.push(peer.stop().await?);
            peer.boot(&[]).await?;
        }
    }
    for (peer, figures) in peers.iter().zip(&figures) {
        report.add_spread(WHAT, peer.kind, figures);
    }
    report.target(&format!("{WHAT}: p95"), 50.0);
    Ok(())
}
