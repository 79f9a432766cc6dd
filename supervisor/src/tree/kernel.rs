//! What `/proc` says of processes: reading only.
//!
//! A process that ends while it is looked at is one that is not there. Leaves what any of it means for
//! a program to [`super`].

use std::{collections::BTreeMap, fs, io, path::Path};

use nix::errno::Errno;

use crate::process;

/// What `/proc/PID/stat` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Name of the program, up to 15 bytes; it may be anything.
    pub(crate) name: String,
    state: u8,
    parent: i32,
    group: i32,
    session: i32,
    threads: u64,
    /// Whether its first thread ends, or is about to because of SIGKILL.
    is_ending: bool,
    /// Ticks on a core, with those of the children that it waited for.
    pub(crate) cpu_ticks: u64,
    /// Ticks since the system was started.
    pub(crate) started: u64,
    /// Length of its environment. None while it executes another file, and where we may not see it.
    environment_bytes: Option<u64>,
}

/// Flag of a thread that ends (`PF_EXITING` of the kernel).
const EXITING: u64 = 0x4;
/// SIGKILL in a set of signals.
const KILLED: u64 = 1 << 8;

impl Stat {
    /// None if there is no such process.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let line = fs::read(format!("/proc/{pid}/stat")).ok()?; // it is gone, or not ours to see
        Self::parse(&line)
    }

    /// The name stands in brackets and may hold some itself.
    fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?; // numbers
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let signed = |index: usize| fields.get(index)?.parse::<i32>().ok();
        let long = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            name,
            state: *fields.first()?.as_bytes().first()?,
            parent: signed(1)?,
            group: signed(2)?,
            session: signed(3)?,
            cpu_ticks: (11..=14).try_fold(0_u64, |sum, index| sum.checked_add(long(index)?))?,
            threads: long(17)?,
            is_ending: long(6)? & EXITING != 0 || long(28).is_some_and(|set| set & KILLED != 0),
            started: long(19)?,
            // Where it begins and ends; old kernels do not say.
            environment_bytes: match (long(47), long(48)) {
                (Some(start), Some(end @ 1..)) => end.checked_sub(start),
                _ => None,
            },
        })
    }

    /// Whether it has ended and waits to be waited for.
    pub(crate) fn is_zombie(&self) -> bool {
        self.state == b'Z'
    }

    /// Whether nothing of it runs: one whose first thread has ended looks like a zombie, too.
    pub(super) fn is_dead(&self) -> bool {
        match self.state {
            b'Z' => self.threads <= 1,
            b'X' | b'x' => true,
            _ => false,
        }
    }

    /// Whether it needs nobody's help to end.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending && self.threads <= 1
    }

    /// Whether it is in the session or group of this leader, as the leader is.
    pub(super) fn is_of(&self, leader: i32) -> bool {
        self.session == leader || self.group == leader
    }
}

/// How often a process is asked that executes another file just then, which takes less than a
/// millisecond. Guess: more than any file on a local disk needs.
const TRIES: usize = 200;

/// The environment that a process was given, or what it has made of it; nothing if we may not see it.
pub(super) fn environment(pid: i32) -> Vec<u8> {
    for _ in 0..TRIES {
        match fs::read(format!("/proc/{pid}/environ")) {
            Ok(environment) if environment.is_empty() => {}
            Ok(environment) => return environment,
            Err(_gone_or_not_ours_to_see) => break,
        }
        // Empty: it has none, or does not have it yet.
        let stat = Stat::of(pid).filter(|stat| !stat.is_dead());
        if stat.is_none_or(|stat| stat.environment_bytes == Some(0)) {
            break;
        }
        std::thread::yield_now();
    }
    Vec::new()
}

/// Who is whose child.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    /// All of them, for a kernel that does not list the children of one.
    scanned: Option<BTreeMap<i32, Vec<i32>>>,
}

impl Kin {
    /// Children of all threads of `pid`; none if it is gone.
    pub(super) fn children(&mut self, pid: i32) -> Vec<i32> {
        self.try_children(pid).unwrap_or_default()
    }

    /// Our own, also those that were left behind to us.
    pub(super) fn own_children(&mut self) -> Vec<i32> {
        match own_children_with(self) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!("cannot list our children in /proc: {error}");
                Vec::new()
            }
        }
    }

    fn try_children(&mut self, pid: i32) -> io::Result<Vec<i32>> {
        if self.scanned.is_none() {
            match listed_children(pid) {
                Ok(found) => return Ok(found),
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    self.scanned = Some(scan()?);
                }
                Err(error) => return Err(error),
            }
        }
        let found = self.scanned.as_ref().and_then(|parents| parents.get(&pid));
        Ok(found.cloned().unwrap_or_default())
    }
}

/// Our children, also those that were left behind to us.
///
/// # Errors
/// `/proc` cannot be read.
pub(crate) fn own_children() -> io::Result<Vec<i32>> {
    own_children_with(&mut Kin::default())
}

fn own_children_with(kin: &mut Kin) -> io::Result<Vec<i32>> {
    kin.try_children(process::own_pid())
}

/// From the lists that most kernels keep, one for each thread.
///
/// # Errors
/// `Unsupported` if this kernel does not.
fn listed_children(pid: i32) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        match fs::read_to_string(task.join("children")) {
            Ok(text) => found.extend(pids(&text)),
            // The thread ended; its children are another thread's now.
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if has_no_lists(&task) {
                    return Err(io::ErrorKind::Unsupported.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether the file is missing because of the kernel, and not because the thread has ended.
fn has_no_lists(task: &Path) -> bool {
    task.join("stat").exists() && !task.join("children").exists() && task.join("stat").exists()
}

fn pids(text: &str) -> impl Iterator<Item = i32> {
    text.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok()) // the kernel writes nothing but numbers
}

/// From all processes that there are.
fn scan() -> io::Result<BTreeMap<i32, Vec<i32>>> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        if let Some((pid, stat)) = pid.and_then(|pid| Some((pid, Stat::of(pid)?))) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::tests::{next_line, start};

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = b"7 (a) Z (b) S 1 5 4 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 3 0 987654 12 13";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat.name, "a) Z (b");
        assert_eq!((stat.parent, stat.group, stat.session), (1, 5, 4));
        assert_eq!((stat.cpu_ticks, stat.threads), (100, 3));
        assert_eq!(stat.started, 987_654);
        assert!(!stat.is_dead() && stat.is_of(5) && stat.is_of(4) && !stat.is_of(7));
        let broken = [
            &b""[..],
            b"7 (sh)",
            b"7 (sh) S 1 5 4",
            b"7 sh S",
            b"7 )( S 1",
        ];
        assert!(broken.iter().all(|line| Stat::parse(line).is_none()));
        assert!(stat.environment_bytes.is_none());
        assert!(Stat::parse(b"7 (\xff) R 1 5 4 0 0 0 0 0 0 0 1 1 1 1 0 0 1 0 5").is_some());
    }

    #[test]
    fn a_process_that_is_killed_already_is_ending() {
        let is_ending = |flags, threads, pending| {
            let zeros = "0 ".repeat(8);
            let line = format!(
                "7 (sh) R 1 5 4 0 0 {flags} 0 0 0 0 1 1 1 1 0 0 {threads} 0 5 {zeros}{pending} 0"
            );
            Stat::parse(line.as_bytes()).unwrap().is_ending()
        };
        assert!(is_ending(0x40_0004, 1, 0));
        assert!(is_ending(0x40_0000, 1, 0x100));
        assert!(!is_ending(0x40_0000, 1, 0x200));
        assert!(!is_ending(0x40_0004, 2, 0));
    }

    #[test]
    fn an_empty_environment_is_told_from_one_that_is_not_there_yet() {
        let bytes = |start: u64, end: u64| {
            let zeros = "0 ".repeat(27);
            let line =
                format!("7 (sh) S 1 5 4 0 0 0 0 0 0 0 1 1 1 1 0 0 1 0 5 {zeros}{start} {end} 0");
            Stat::parse(line.as_bytes()).unwrap().environment_bytes
        };
        assert_eq!(bytes(700, 705), Some(5));
        assert_eq!(bytes(700, 700), Some(0));
        assert_eq!(bytes(0, 0), None);
        let own = process::own_pid();
        let length = Stat::of(own).unwrap().environment_bytes.unwrap();
        assert_eq!(environment(own).len() as u64, length);
    }

    #[test]
    fn a_zombie_with_threads_that_run_is_not_dead() {
        let line = |state, threads| {
            let line = format!("7 (sh) {state} 1 5 4 0 0 0 0 0 0 0 1 1 1 1 0 0 {threads} 0 5");
            Stat::parse(line.as_bytes()).unwrap()
        };
        assert!(line('Z', 1).is_dead() && line('Z', 1).is_zombie());
        assert!(!line('Z', 2).is_dead());
        assert!(line('X', 1).is_dead());
    }

    #[actix_rt::test]
    async fn children_are_found_with_and_without_the_kernels_lists() {
        let mut parent = start("sleep 1000 & echo $!; wait");
        let inner: i32 = next_line(&mut parent).await.parse().unwrap();
        let own = process::own_pid();
        let mut listed = Kin::default();
        let mut scanned = Kin {
            scanned: Some(scan().unwrap()),
        };
        for kin in [&mut listed, &mut scanned] {
            assert_eq!(kin.children(parent.pid), [inner]);
            assert_eq!(kin.children(own), [parent.pid]);
            assert!(kin.children(inner).is_empty());
        }
        assert!(listed.scanned.is_none(), "this kernel has the lists");
        process::signal_group(parent.pid, process::Signal::KILL).unwrap();
        parent.child.wait().await.unwrap();
        assert!(listed.children(parent.pid).is_empty());
    }
}
