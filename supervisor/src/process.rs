//! The only file that talks to the kernel about processes: start one, signal a group, name a signal.
//!
//! A child gets its own session, so that a signal to its group reaches what it started and nothing
//! of ours; it dies with the supervisor; it inherits no descriptor, no ignored signal and no
//! variable that it was not given. Leaves when to do any of this to [`crate::program`].

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, PipeReader},
    path::Path,
    process::{ExitStatus, Stdio},
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    libc,
    sys::{
        prctl,
        signal::{Signal as Number, killpg},
    },
    unistd::{Pid, getpid, getppid, setsid},
};
use tokio::process::{Child, Command};

use crate::reaper::{Children, Claim};

/// Room in the pipe between a program and its log: a burst of that size needs no wake-up of ours.
const PIPE_BYTES: i32 = 256 * 1024;

/// Highest signal number of Linux.
const LAST_SIGNAL: libc::c_long = 64;

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(Number);

impl Signal {
    /// Asks to end.
    pub(crate) const TERM: Self = Self(Number::SIGTERM);
    /// Ends.
    pub(crate) const KILL: Self = Self(Number::SIGKILL);

    /// `TERM`, `SIGTERM` and so on, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let full = if name.starts_with("SIG") {
            name
        } else {
            format!("SIG{name}")
        };
        full.parse().ok().map(Self) // there is one way to fail: no such name
    }
}

/// `SIGKILL`, or `signal 40` for one without a name.
fn signal_name(number: i32) -> String {
    Number::try_from(number).map_or_else(
        |_unnamed| format!("signal {number}"),
        |signal| signal.as_str().to_owned(),
    )
}

/// How a process ended, in words.
pub(crate) fn reason(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) if status.core_dumped() => {
            format!("killed by {} (core dumped)", signal_name(signal))
        }
        (None, Some(signal)) => format!("killed by {}", signal_name(signal)),
        (None, None) => status.to_string(),
    }
}

/// Whether the signal that ended a process is one that people and the kernel send from outside, and
/// not one that a fault of its own brings.
pub(crate) fn is_by_stranger(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    [libc::SIGKILL, libc::SIGTERM, libc::SIGINT, libc::SIGHUP]
        .iter()
        .any(|signal| status.signal() == Some(*signal))
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) command: &'a Path,
    pub(crate) args: &'a [String],
    /// All of its environment.
    pub(crate) environment: Vec<(&'a OsStr, &'a OsStr)>,
    pub(crate) directory: &'a Path,
}

/// A process that runs.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) pid: i32,
    /// Its stdout and stderr, in the order it wrote them; reading does not block.
    pub(crate) output: PipeReader,
    /// To be kept until the end of `child` was seen.
    pub(crate) claim: Claim,
}

/// Starts a process. Only the main thread may call it: the kernel kills the child when the *thread*
/// that started it ends.
///
/// # Errors
/// What the kernel said, also when the file could not be executed.
pub(crate) fn spawn(launch: &Launch<'_>, children: &Children) -> io::Result<Spawned> {
    let (output, input) = io::pipe()?;
    // Without the permission the pipe stays as small as it is, which is only slower.
    if let Err(error) = fcntl(&output, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES)) {
        tracing::debug!("a log pipe keeps its default size: {error}");
    }
    fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let mut command = Command::new(launch.command);
    command
        .args(launch.args)
        .env_clear()
        .envs(launch.environment.iter().copied())
        .current_dir(launch.directory)
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input);
    prepare(&mut command);
    let child = command.spawn()?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .ok_or_else(|| io::Error::other("the process ended before its number was known"))?;
    Ok(Spawned {
        child,
        pid,
        output,
        claim: children.claim(pid),
    })
}

/// Starts a worker that does one thing for a command and ends; what it writes goes to `output`.
///
/// # Errors
/// As [`spawn`].
pub(crate) fn one_shot(
    binary: &Path,
    args: &[OsString],
    environment: Vec<(OsString, OsString)>,
    output: &File,
) -> io::Result<Child> {
    let mut command = Command::new(binary);
    command
        .args(args)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?)
        .kill_on_drop(true);
    prepare(&mut command);
    command.spawn()
}

/// Has the child, before it executes: its own session, death with us, default signals, no
/// descriptors but its three.
#[expect(
    unsafe_code,
    reason = "only code of the child between fork and exec can set these"
)]
fn prepare(command: &mut Command) {
    let parent = getpid();
    // SAFETY: the closure runs in the child after fork and makes only system calls that are
    // async-signal-safe; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            setsid()?;
            prctl::set_pdeathsig(Number::SIGKILL)?;
            if getppid() != parent {
                // We died in between, so that no signal will come.
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            // The kernel's struct, of 32 bytes at the most: all zero is the default action. Not through
            // libc, which refuses the two signals it keeps for itself. Fails for SIGKILL and SIGSTOP.
            let default = [0_u64; 4];
            for signal in 1..=LAST_SIGNAL {
                let nothing = std::ptr::null_mut::<u64>();
                libc::syscall(
                    libc::SYS_rt_sigaction,
                    signal,
                    default.as_ptr(),
                    nothing,
                    8_usize,
                );
            }
            // Marks, and does not close: the standard library's own pipe must live until exec. An
            // old kernel without the call leaves what it is: ours are marked anyway.
            libc::syscall(
                libc::SYS_close_range,
                3,
                u32::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            Ok(())
        });
    }
}

/// Sends a signal to all processes of a group. That the group is empty is no error.
pub(crate) fn signal_group(leader: i32, signal: Signal) {
    match killpg(Pid::from_raw(leader), signal.0) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
        Err(error) => {
            tracing::error!(
                pid = leader,
                "cannot send {} to {leader}: {error}",
                signal.0
            );
        }
    }
}

/// Process id of the supervisor.
pub(crate) fn own_pid() -> i32 {
    getpid().as_raw()
}

/// Whether starting again changes nothing about this error of [`spawn`].
pub(crate) fn is_hopeless(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ENOENT
                | libc::EACCES
                | libc::ENOEXEC
                | libc::ENOTDIR
                | libc::EISDIR
                | libc::ELOOP
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeMap, io::Read as _};

    fn launch<'a>(args: &'a [String], directory: &'a Path) -> Launch<'a> {
        Launch {
            command: Path::new("/bin/sh"),
            args,
            environment: vec![(OsStr::new("GIVEN"), OsStr::new("1"))],
            directory,
        }
    }

    async fn output_of(script: &str) -> String {
        let args = ["-c".to_owned(), script.to_owned()];
        let mut spawned = spawn(&launch(&args, Path::new("/")), &Children::default()).unwrap();
        spawned.child.wait().await.unwrap();
        let mut bytes = vec![0; 65536];
        let count = spawned.output.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[actix_rt::test]
    async fn a_child_has_its_own_session_three_descriptors_and_no_ignored_signal() {
        // A descriptor that somebody forgot to mark.
        let forgotten = std::fs::File::open("/dev/null").unwrap();
        fcntl(&forgotten, FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
        // Read by the shell itself: while it starts another program it blocks every signal.
        let text = output_of(
            "while read -r line; do echo \"$line\"; done < /proc/$$/status; echo Session: $(cut -d' ' -f1,6 /proc/$$/stat); \
             for f in 3 4 5 6 7 8 9 10 11 12 13 14 15; do \
             [ -e /proc/$$/fd/$f ] && echo inherited $f; done; readlink /proc/$$/fd/0; pwd; env",
        )
        .await;
        let fields: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name, value.trim()))
            .collect();
        assert_eq!(fields["SigIgn"], "0000000000000000");
        assert_eq!(fields["SigBlk"], "0000000000000000");
        let (pid, session) = fields["Session"].split_once(' ').unwrap();
        assert_eq!(pid, session);
        assert!(!text.contains("inherited"), "{text}");
        assert!(text.contains("\n/dev/null\n/\n"), "{text}");
        assert!(
            text.contains("GIVEN=1") && !text.contains("HOME="),
            "{text}"
        );
    }

    #[actix_rt::test]
    async fn stdout_and_stderr_keep_their_order() {
        assert_eq!(output_of("echo a; echo b >&2; echo c").await, "a\nb\nc\n");
    }

    #[actix_rt::test]
    async fn a_missing_binary_and_a_missing_directory_are_hopeless() {
        let none = Launch {
            command: Path::new("/nonexistent"),
            ..launch(&[], Path::new("/"))
        };
        assert!(is_hopeless(
            &spawn(&none, &Children::default()).unwrap_err()
        ));
        assert!(is_hopeless(
            &spawn(
                &launch(&[], Path::new("/nonexistent")),
                &Children::default()
            )
            .unwrap_err()
        ));
        let plain = Launch {
            command: Path::new("/etc/passwd"),
            ..launch(&[], Path::new("/"))
        };
        assert!(is_hopeless(
            &spawn(&plain, &Children::default()).unwrap_err()
        ));
        assert!(!is_hopeless(&io::Error::from_raw_os_error(libc::EAGAIN)));
    }

    #[actix_rt::test]
    async fn a_signal_reaches_the_whole_group() {
        let args = ["-c".to_owned(), "sleep 1000 & echo $!; wait".to_owned()];
        let mut spawned = spawn(&launch(&args, Path::new("/")), &Children::default()).unwrap();
        let mut line = String::new();
        while !line.ends_with('\n') {
            let mut bytes = [0; 64];
            match spawned.output.read(&mut bytes) {
                Ok(count) => line.push_str(&String::from_utf8_lossy(&bytes[..count])),
                Err(_not_yet) => tokio::task::yield_now().await,
            }
        }
        signal_group(spawned.pid, Signal::KILL);
        let status = spawned.child.wait().await.unwrap();
        assert_eq!(reason(status), "killed by SIGKILL");
        assert!(is_by_stranger(status));
        let stat = std::path::PathBuf::from(format!("/proc/{}/stat", line.trim()));
        while std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn signals_are_read_with_and_without_their_prefix() {
        assert_eq!(Signal::named("term"), Some(Signal::TERM));
        assert_eq!(Signal::named("SIGKILL"), Some(Signal::KILL));
        assert_eq!(Signal::named("loud"), None);
    }
}
