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

use std::{cell::RefCell, collections::BTreeSet, io, rc::Rc};

use nix::{
    errno::Errno,
    sys::{
        prctl,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use runtime::Chain;
use tokio::signal::unix::{SignalKind, signal};

use crate::process;

/// The programs that run, by process id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children(Rc<RefCell<BTreeSet<i32>>>);

impl Children {
    /// Keeps the end of `pid` for the caller. Call it right after the start, without an await between.
    pub(crate) fn claim(&self, pid: i32) -> Claim {
        self.0.borrow_mut().insert(pid);
        Claim {
            children: self.clone(),
            pid,
        }
    }

    fn has(&self, pid: i32) -> bool {
        self.0.borrow().contains(&pid)
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
        self.children.0.borrow_mut().remove(&self.pid);
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
    actix_rt::spawn(async move {
        loop {
            // First, since what started us may have left some. Who dies while we look sends a signal.
            match direct_children() {
                Ok(found) => reap(&found, &children),
                Err(error) => {
                    tracing::error!(
                        "cannot list our children in /proc ({}); dead ones that no program waits for \
                         stay in the process table until ListSync is started again",
                        Chain(&error)
                    );
                    return;
                }
            }
            if deaths.recv().await.is_none() {
                return;
            }
        }
    });
}

/// Children of all our threads.
fn direct_children() -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        match std::fs::read_to_string(task.join("children")) {
            Ok(text) => found.extend(pids(&text)),
            // The thread ended; its children are another thread's now.
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => {}
            Err(_gone) if !task.exists() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn pids(text: &str) -> impl Iterator<Item = i32> {
    text.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok()) // the kernel writes nothing but numbers
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
    // Without the file it is gone altogether.
    std::fs::read(format!("/proc/{pid}/stat")).is_ok_and(|stat| state(&stat) == Some(b'Z'))
}

/// The state in a line of `/proc/PID/stat`: the letter after the name, which may hold anything.
fn state(stat: &[u8]) -> Option<u8> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(end + 2).copied()
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
        assert!(children.0.borrow().is_empty());
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

    #[actix_rt::test]
    async fn our_children_are_found() {
        let children = Children::default();
        let mut program = dead(&children).await;
        assert!(direct_children().unwrap().contains(&program.pid));
        program.child.wait().await.unwrap();
    }

    #[test]
    fn the_name_of_a_process_does_not_hide_its_state() {
        assert_eq!(state(b"7 (sh) Z 1 7 7"), Some(b'Z'));
        assert_eq!(state(b"7 (a) Z b) S 1 7 7"), Some(b'S'));
        assert_eq!(state(b"7 (\xff) R 1"), Some(b'R'));
        assert_eq!(state(b""), None);
    }
}
