//! Our supervisor beside Debian's supervisord, both with the same small children, in the same run.
//!
//! Moments are taken inside the child by the monotonic clock, so that no one's own report is believed. One file a
//! subject; [`report`] puts the figures side by side.

mod commands;
mod flood;
mod following;
mod idle;
mod kills;
mod peer;
mod report;
mod settings;
mod shutdown;

use anyhow::Result;

use super::{progress, table::Table};
use peer::Peer;
use report::Report;

/// How often and how long each thing is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    kills: usize,
    statuses: usize,
    restarts: usize,
    shutdowns: usize,
    idle_s: u32,
    floods: usize,
    lines: usize,
    /// Seconds of each rate at which lines are followed.
    follow_s: u32,
}

impl Effort {
    const WHOLE: Self = Self {
        kills: 20,
        statuses: 20,
        restarts: 10,
        shutdowns: 7,
        idle_s: 60,
        floods: 3,
        lines: 1_000_000,
        follow_s: 20,
    };

    /// To see that it works; the figures say nothing.
    const QUICK: Self = Self {
        kills: 2,
        statuses: 2,
        restarts: 2,
        shutdowns: 1,
        idle_s: 2,
        floods: 1,
        lines: 20_000,
        follow_s: 2,
    };
}

/// Everything side by side.
///
/// # Errors
/// When one of them does not do what is measured.
pub async fn supervision(is_quick: bool) -> Result<Vec<Table>> {
    let effort = if is_quick {
        Effort::QUICK
    } else {
        Effort::WHOLE
    };
    let kinds = peer::present().await?;
    let mut report = Report::new(&kinds);
    // All of them run while each is measured, so that all bear the same machine.
    let mut peers = Vec::new();
    for kind in kinds {
        peers.push(Peer::start(kind).await?);
    }
    progress("supervision: kills")?;
    kills::measure(&peers, effort, &mut report).await?;
    progress("supervision: commands")?;
    commands::measure(&peers, effort, &mut report).await?;
    progress("supervision: idle")?;
    idle::measure(&peers, effort, &mut report).await?;
    progress("supervision: shutdown")?;
    shutdown::measure(&mut peers, effort, &mut report).await?;
    progress("supervision: following logs")?;
    following::measure(&peers, effort, &mut report).await?;
    progress("supervision: floods of lines")?;
    flood::measure(&peers, effort, &mut report).await?;
    for mut peer in peers {
        peer.stop().await?;
    }
    Ok(vec![report.table()])
}
