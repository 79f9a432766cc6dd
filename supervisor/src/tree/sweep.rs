//! Ends what a program left behind.
//!
//! Whoever is found is halted first, until a look finds nobody new, and killed then: what halts starts
//! nothing more, and its children still descend from it. A process that left its program, changed
//! its environment and was not there yet when the program was stopped cannot be told from anybody
//! else's; it lives until the supervisor ends. Leaves when to do it to [`crate::program`].

use std::{collections::BTreeSet, fmt, time::Duration};

use runtime::Chain;

use super::{Kin, Look, Mark, Owner, Process, Remembered, collect, look};
use crate::{
    process::{Handle, Signal},
    reaper::Children,
};

/// How often is looked for more. Guess: each round finds what the one before was too early for.
const ROUNDS: usize = 10;

/// Names in one line of the log.
const SHOWN: usize = 8;

/// Kills all processes of a life that are left, the leader too if it lives. Cheap where none is.
pub(crate) fn sweep(leader: Option<i32>, mark: &Mark, remembered: &Remembered) -> Swept {
    end_all(|| {
        let mut seen = look(leader, mark);
        let alive = remembered
            .0
            .iter()
            .filter(|process| process.look().is_some());
        let mut kin = Kin::default();
        for process in alive {
            if !seen.found.contains(process) {
                collect(&mut kin, process.pid, &mut seen, &mut |_, _| Owner::This);
            }
        }
        seen
    })
}

/// Kills all that was left behind to us, whosever it was, and what descends from that; not what was
/// there before us. For the very end of the supervisor.
pub(crate) fn end_strangers(children: &Children) -> Swept {
    end_all(|| {
        let mut kin = Kin::default();
        let mut seen = Look::default();
        for child in kin.own_children() {
            collect(&mut kin, child, &mut seen, &mut |pid, stat| {
                let started = stat.started;
                if children.were_before(Process { pid, started }) {
                    Owner::Other
                } else {
                    Owner::This
                }
            });
        }
        seen
    })
}

/// What was killed. Some of it may still be about to end.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    killed: Vec<Held>,
    /// Was ending when it was found, such as what is left of a group that was killed just now.
    ending: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    process: Process,
    name: String,
    is_ending: bool,
    handle: Handle,
}

impl Swept {
    /// Whether nothing had to be killed.
    pub(crate) fn is_empty(&self) -> bool {
        self.killed.is_empty()
    }

    /// What had to be killed.
    #[cfg(test)]
    pub(crate) fn processes(&self) -> Vec<Process> {
        self.killed.iter().map(|held| held.process).collect()
    }

    /// Waits until all of it has ended, also what was ending already, but not longer than `limit`.
    pub(crate) async fn gone(self, limit: Duration) {
        let all = async {
            for held in self.killed.into_iter().chain(self.ending) {
                held.handle.ended().await;
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!("a killed process has not ended within {limit:?}");
        }
    }
}

/// `3 processes: chrome (pid 17), chrome (pid 18), cat (pid 20)`
impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.killed.len();
        let plural = if count == 1 { "" } else { "es" };
        let names: Vec<_> = self
            .killed
            .iter()
            .take(SHOWN)
            .map(|held| format!("{} (pid {})", held.name.escape_debug(), held.process.pid))
            .collect();
        write!(f, "{count} process{plural}: {}", names.join(", "))?;
        match count.saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Kills all that `look` finds, until it finds nobody new.
fn end_all(look: impl Fn() -> Look) -> Swept {
    let mut seen = BTreeSet::new();
    let mut swept = Swept::default();
    for _ in 0..ROUNDS {
        let halted = halt_all(&look, &mut seen);
        if halted.is_empty() {
            return swept;
        }
        for held in halted {
            if held.is_ending {
                swept.ending.push(held);
            } else {
                tell(&held, Signal::KILL);
                swept.killed.push(held);
            }
        }
    }
    tracing::warn!("processes are started faster than they can be ended; some are left");
    swept
}

/// Halts all that `look` finds and `seen` does not have, until it finds nobody new.
fn halt_all(look: impl Fn() -> Look, seen: &mut BTreeSet<Process>) -> Vec<Held> {
    let mut halted = Vec::new();
    for _ in 0..ROUNDS {
        let now = look();
        let new: Vec<_> = now.found.difference(seen).copied().collect();
        if new.is_empty() && !now.is_restless {
            break;
        }
        for process in new {
            seen.insert(process);
            if let Some(held) = hold(process) {
                if !held.is_ending {
                    tell(&held, Signal::STOP);
                }
                halted.push(held);
            }
        }
    }
    halted
}

/// None if it has ended, also if somebody else has its number now.
fn hold(process: Process) -> Option<Held> {
    let handle = match Handle::open(process.pid) {
        Ok(handle) => handle?,
        Err(error) => {
            tracing::error!(
                pid = process.pid,
                "cannot end {}: {}",
                process.pid,
                Chain(&error)
            );
            return None;
        }
    };
    // After it is held: whoever it is now, it stays.
    let stat = process.look()?;
    Some(Held {
        process,
        is_ending: stat.is_ending(),
        name: stat.name,
        handle,
    })
}

fn tell(held: &Held, signal: Signal) {
    let pid = held.process.pid;
    if let Err(error) = held.handle.signal(signal) {
        tracing::error!(pid, "cannot send {signal} to {pid}: {}", Chain(&error));
    }
}
