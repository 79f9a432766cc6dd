//! Takes away the dead processes that nobody else waits for.
//!
//! What a program leaves behind when it dies, such as the children of a killed browser, becomes a
//! child of ours: as PID 1 of a container by itself, elsewhere since we ask for it. When one of
//! those ends, it stays in the process table until we wait for it. The ends of programs belong to
//! tokio: whoever starts one holds a [`Claim`] on it until its end was reported, and
//! nothing here touches it. For the same reason nothing here waits for *any* child.
//!
//! All of this, and all that starts programs, lives on the main thread: between the start of a
//! program and its claim nothing here can run.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use nix::{
    sys::{
        prctl,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use runtime::Chain;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    process,
    tree::{Process, Stat, own_children},
};

/// The children whose ends are somebody's, and those that are nobody's business.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children(Rc<RefCell<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// How many claims there are on a number: the next process may get it before the claim on the
    /// last one is dropped.
    claims: BTreeMap<i32, u32>,
    /// What the process that became us had started: a shell that ended in `exec listsync run`.
    before: BTreeSet<Process>,
}

impl Children {
    /// Keeps the end of `pid` for the caller. Call it right after the start, without an await between.
    pub(crate) fn claim(&self, pid: i32) -> Claim {
        *self.0.borrow_mut().claims.entry(pid).or_default() += 1;
        Claim {
            children: self.clone(),
            pid,
        }
    }

    /// Whether this one was there before the supervisor was, so that it is not to be ended with it.
    pub(crate) fn were_before(&self, process: Process) -> bool {
        self.0.borrow().before.contains(&process)
    }

    /// Call it before the first program is started.
    fn remember_those_before(&self, found: &[i32]) {
        self.0.borrow_mut().before = found
            .iter()
            .filter_map(|pid| {
                let started = Stat::of(*pid)?.started;
                Some(Process { pid: *pid, started })
            })
            .collect();
    }

    fn has(&self, pid: i32) -> bool {
        self.0.borrow().claims.contains_key(&pid)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().claims.is_empty()
    }
}

/// The end of a process is somebody's; drop it when that has seen the end.
#[derive(Debug)]
#[must_use = "without it the end of the process is lost"]
pub(crate) struct Claim {
    children: Children,
    pid: i32,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let claims = &mut self.children.0.borrow_mut().claims;
        if let Some(count) = claims.get_mut(&self.pid) {
            *count -= 1;
            if *count == 0 {
                claims.remove(&self.pid);
            }
        }
    }
}

/// From now on takes away every dead child that is not in `children`. Sleeps between deaths.
pub(crate) fn start(children: Children) {
    if process::own_pid() != 1
        && let Err(error) = prctl::set_child_subreaper(true)
    {
        // They go to whoever is PID 1 then.
        tracing::warn!("cannot adopt what programs leave behind: {}", Chain(&error));
    }
    let mut deaths = match signal(SignalKind::child()) {
        Ok(deaths) => deaths,
        Err(error) => {
            tracing::error!("cannot listen for SIGCHLD: {}", Chain(&error));
            return;
        }
    };
    // An error is told below, where it matters.
    children.remember_those_before(&own_children().unwrap_or_default());
    actix_rt::spawn(async move {
        let mut is_told = false;
        loop {
            // First, since what started us may have left some. Who dies while we look sends a signal.
            match own_children() {
                Ok(found) => {
                    reap(&found, &children);
                    is_told = false;
                }
                // Perhaps there were no descriptors left: the next death is the next try.
                Err(error) if !is_told => {
                    tracing::error!(
                        "cannot list our children in /proc ({}); until that works, dead ones that no \
                         program waits for stay in the process table",
                        Chain(&error)
                    );
                    is_told = true;
                }
                Err(_told) => {}
            }
            if deaths.recv().await.is_none() {
                return;
            }
        }
    });
}

/// Waits for those of `found` that are dead and nobody's.
fn reap(found: &[i32], children: &Children) {
    for pid in found.iter().copied() {
        if children.has(pid) || !is_dead(pid) {
            continue;
        }
        match waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)) {
            // One of its threads still ends; the last one sends the signal.
            Ok(WaitStatus::StillAlive) => {}
            Ok(_ended) => tracing::debug!(pid, "took away {pid}, which a program left behind"),
            Err(error) => tracing::debug!(pid, "{pid} is gone already: {error}"),
        }
    }
}

/// Whether a process has ended and waits to be waited for.
fn is_dead(pid: i32) -> bool {
    // Without anything to be read it is gone altogether.
    Stat::of(pid).is_some_and(|stat| stat.is_zombie())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Launch, Spawned, reason, spawn};
    use std::path::Path;

    /// A process that has ended with code 3, which nobody has waited for.
    async fn dead(children: &Children) -> Spawned {
        let args = ["-c".to_owned(), "exit 3".to_owned()];
        let launch = Launch {
            command: Path::new("/bin/sh"),
            args: &args,
            environment: Vec::new(),
            directory: Path::new("/"),
            limits: &crate::process::tests::NO_LIMITS,
            sockets: &[],
        };
        let spawned = spawn(&launch, children).unwrap();
        while !is_dead(spawned.pid) {
            tokio::task::yield_now().await;
        }
        spawned
    }

    #[actix_rt::test]
    async fn the_end_of_a_program_is_left_to_who_waits_for_it() {
        let children = Children::default();
        let mut program = dead(&children).await;
        reap(&[program.pid], &children);
        assert!(is_dead(program.pid));
        let status = program.child.wait().await.unwrap();
        assert_eq!(reason(status), "exit code 3");
        drop(program);
        assert!(children.is_empty());
    }

    #[actix_rt::test]
    async fn several_lives_of_one_program_keep_their_ends() {
        let children = Children::default();
        let mut old = dead(&children).await;
        let mut new = dead(&children).await;
        reap(&[old.pid, new.pid], &children);
        old.child.wait().await.unwrap();
        drop(old);
        reap(&[new.pid], &children);
        let status = new.child.wait().await.unwrap();
        assert_eq!(reason(status), "exit code 3");
    }

    #[actix_rt::test]
    async fn a_claim_on_a_number_that_is_used_again_outlives_the_first() {
        let children = Children::default();
        let mut program = dead(&children).await;
        let later = children.claim(program.pid);
        drop(later);
        reap(&[program.pid], &children);
        let status = program.child.wait().await.unwrap();
        assert_eq!(reason(status), "exit code 3");
    }

    #[actix_rt::test]
    async fn a_dead_stranger_is_taken_away() {
        // Others' claims say nothing here, as if nobody had one.
        let stranger = dead(&Children::default()).await;
        reap(&[stranger.pid], &Children::default());
        assert!(!Path::new(&format!("/proc/{}", stranger.pid)).exists());
        // Again, and for one that is no child at all: nothing happens.
        reap(&[stranger.pid, 1], &Children::default());
    }
}
