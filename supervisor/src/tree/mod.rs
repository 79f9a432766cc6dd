//! The processes of one program: all it started, also what left its group and session.
//!
//! Three things tie a process to a program: it descends from it, it is in its session or group, or it
//! carries the program's mark in its environment. What its parent left behind becomes a child of ours
//! (see [`crate::reaper`]), so that one look at our own children finds every tree there is. Leaves to
//! [`crate::program`] when to look and when to end anything.

mod kernel;
mod sweep;
mod usage;

use std::{collections::BTreeSet, ffi::OsString, os::unix::ffi::OsStrExt as _};

use runtime::environment::LIFE;

use crate::process;

use kernel::Kin;
pub(crate) use kernel::{Stat, own_children};
pub(crate) use sweep::{end_strangers, sweep};
pub(crate) use usage::{Usage, usage};

/// What the processes of one life of a program carry in their environment, as far as they leave it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    text: OsString,
    /// Where in `text` the supervisor begins, which all its marks end with.
    supervisor: usize,
}

impl Mark {
    /// The mark of life number `life` of the program `name`; no other life has it, nor has one of another
    /// supervisor.
    pub(crate) fn new(name: &str, life: u64) -> Self {
        let own = process::own_pid();
        // Its number alone would do but for one that had it before.
        let started = Stat::of(own).map_or(0, |stat| stat.started);
        let program = format!("{name}:{life}");
        Self {
            supervisor: program.len(),
            text: format!("{program}:{own}:{started}").into(),
        }
    }

    /// To be put into the environment of the program.
    pub(crate) fn variable(&self) -> (&'static str, OsString) {
        (LIFE, self.text.clone())
    }

    /// Whose life a process with this environment is of; `environment` is as in `/proc/PID/environ`.
    fn owner(&self, environment: &[u8]) -> Owner {
        let found = environment.split(|byte| *byte == 0).find_map(|variable| {
            let rest = variable.strip_prefix(LIFE.as_bytes())?;
            rest.strip_prefix(b"=")
        });
        let own = self.text.as_bytes();
        let supervisor = own.get(self.supervisor..).unwrap_or_default();
        match found {
            Some(text) if text == own => Owner::This,
            Some(text) if text.ends_with(supervisor) => Owner::Other,
            _ => Owner::Unknown,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The life that is asked for.
    This,
    /// Another life of a program of ours.
    Other,
    /// It does not say.
    Unknown,
}

/// A process, told apart from one that gets its number later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// When it was started, in ticks of the kernel's since the system was.
    pub(crate) started: u64,
}

impl Process {
    /// What the kernel says of it now; none when it has ended, also when somebody else has its number.
    fn look(self) -> Option<Stat> {
        Stat::of(self.pid).filter(|stat| stat.started == self.started && !stat.is_dead())
    }
}

/// The processes that a program had at one time. Those are found again when they have left it and
/// changed everything that ties them to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered(Vec<Process>);

/// To be taken when a program is about to be stopped, while its processes still descend from it.
pub(crate) fn remember(leader: Option<i32>, mark: &Mark) -> Remembered {
    Remembered(members(leader, mark))
}

/// The processes of a life that have not ended: the leader and all that descend from it, and of what was
/// left behind to us whatever carries the mark or is in the session or group of the leader, with
/// what descends from that. `leader` may have ended.
pub(crate) fn members(leader: Option<i32>, mark: &Mark) -> Vec<Process> {
    look(leader, mark).found.into_iter().collect()
}

/// What one look at the processes saw.
#[derive(Debug, Default)]
struct Look {
    found: BTreeSet<Process>,
    /// Some were gone or ended before they were looked at: what they had started meanwhile may be missing.
    is_restless: bool,
}

fn look(leader: Option<i32>, mark: &Mark) -> Look {
    let mut kin = Kin::default();
    let mut seen = Look::default();
    for child in kin.own_children() {
        collect(&mut kin, child, &mut seen, &mut |pid, stat| {
            owner(pid, stat, leader, mark)
        });
    }
    seen
}

fn owner(pid: i32, stat: &Stat, leader: Option<i32>, mark: &Mark) -> Owner {
    match mark.owner(&kernel::environment(pid)) {
        // The number of a leader that has ended may be another program's by now.
        Owner::Unknown if leader.is_some_and(|leader| stat.is_of(leader)) => Owner::This,
        owner => owner,
    }
}

/// Adds to `seen` what is this life's among `root` and its descendants. Whatever descends from one of
/// this life is of it, whatever descends from one of another is not.
fn collect(kin: &mut Kin, root: i32, seen: &mut Look, owner: &mut dyn FnMut(i32, &Stat) -> Owner) {
    let mut open = vec![(root, Owner::Unknown)];
    while let Some((pid, inherited)) = open.pop() {
        let Some(stat) = Stat::of(pid).filter(|stat| !stat.is_dead()) else {
            seen.is_restless = true;
            continue;
        };
        let owner = match inherited {
            Owner::Unknown => owner(pid, &stat),
            known => known,
        };
        if owner == Owner::Other {
            continue;
        }
        let process = Process {
            pid,
            started: stat.started,
        };
        // Seen already if it was left behind to us between two looks.
        if owner == Owner::This && !seen.found.insert(process) {
            continue;
        }
        open.extend(kin.children(pid).into_iter().map(|child| (child, owner)));
    }
}

#[cfg(test)]
mod tests;
