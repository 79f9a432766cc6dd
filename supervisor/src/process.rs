//! The only place that talks to the kernel about processes: start one, signal it, name its end.
//!
//! A child gets its own session, so that a signal to its group reaches what it started and nothing
//! of ours; it dies with the supervisor; it inherits no descriptor, no ignored signal and no
//! variable that it was not given; it runs as who and within what its program's settings say. Leaves
//! when to do any of this to [`crate::program`].

mod child;
mod handle;
mod signal;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, PipeReader},
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    libc,
    sys::resource::Resource,
    unistd::getpid,
};
use tokio::process::{Child, Command};

use crate::reaper::{Children, Claim};

use child::{Plan, SpawnError};
pub(crate) use handle::Handle;
pub(crate) use signal::{Signal, signal_group};

/// Room in the pipe between a program and its log: a burst of that size needs no wake-up of ours.
const PIPE_BYTES: i32 = 256 * 1024;

fn signal_name(number: i32) -> String {
    Signal::numbered(number).map_or_else(|| format!("signal {number}"), |signal| signal.to_string())
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

/// What the kernel is told of a process before it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// User and groups it runs as, for a supervisor that is root.
    pub(crate) user: Option<User>,
    pub(crate) umask: Option<u32>,
    /// Resource limits, soft and hard alike.
    pub(crate) resources: Vec<(Resource, u64)>,
    pub(crate) oom_score_adj: Option<i32>,
}

/// Who a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// All its groups.
    pub(crate) groups: Vec<u32>,
    pub(crate) home: PathBuf,
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) command: &'a Path,
    pub(crate) args: &'a [String],
    /// All of its environment.
    pub(crate) environment: Vec<(&'a OsStr, &'a OsStr)>,
    pub(crate) directory: &'a Path,
    pub(crate) limits: &'a Limits,
    /// Listening sockets it takes over, as descriptors from 3 on, with their names.
    pub(crate) sockets: &'a [(&'static str, BorrowedFd<'a>)],
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
/// The kernel forgets that when it executes a file that is set-user-ID or has capabilities: such a
/// program may outlive a supervisor that is killed.
///
/// # Errors
/// What the kernel said, also when the file could not be executed. A text that says what it was about
/// if something else failed, such as `cannot become user www-data (only root can): Operation not
/// permitted (os error 1)`.
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
        .envs(child::socket_variables(launch.sockets))
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input);
    let plan = Plan::new(launch.limits, launch.sockets, launch.directory)?;
    prepare(&mut command, plan);
    let child = command
        .spawn()
        .map_err(|error| Plan::explain(launch.limits, launch.directory, error))?;
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
    prepare(&mut command, Plan::plain());
    command
        .spawn()
        .map_err(|error| Plan::explain(&Limits::default(), Path::new("."), error))
}

/// Has the child carry out `plan` before it executes.
#[expect(
    unsafe_code,
    reason = "only code of the child between fork and exec can do what it does"
)]
fn prepare(command: &mut Command, plan: Plan) {
    // SAFETY: the closure runs in the child after fork and makes only system calls that are
    // async-signal-safe; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || plan.carry_out());
    }
}

/// Process id of the supervisor.
pub(crate) fn own_pid() -> i32 {
    getpid().as_raw()
}

/// Whether starting again changes nothing about this error of [`spawn`].
pub(crate) fn is_hopeless(error: &io::Error) -> bool {
    let wrapped = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<SpawnError>());
    let kernel = wrapped.map_or(error, |wrapped| &wrapped.source);
    match kernel.raw_os_error() {
        Some(number) => HOPELESS.contains(&number),
        // A NUL in an argument, a variable or a path.
        None => kernel.kind() == io::ErrorKind::InvalidInput,
    }
}

/// Errors about files, users and values that stay as they are until somebody changes them.
const HOPELESS: &[i32] = &[
    libc::ENOENT,
    libc::EACCES,
    libc::EPERM,
    libc::EINVAL,
    libc::E2BIG,
    libc::ENOEXEC,
    libc::ELIBBAD,
    libc::ENOTDIR,
    libc::EISDIR,
    libc::ELOOP,
    libc::ENAMETOOLONG,
];

#[cfg(test)]
pub(crate) mod tests;
