//! What a child does between fork and exec to become what its program's settings say.
//!
//! All it needs is made before the fork: the child allocates nothing and takes no lock, since
//! another thread may have held one. A step that fails is told to the parent in the number of the
//! error, the one thing that the standard library hands over. Leaves starting it to
//! [`super::spawn`].

use std::{
    ffi::{CString, OsStr},
    io,
    os::{
        fd::{AsRawFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    libc,
    sys::{
        prctl,
        resource::{Resource, setrlimit},
        signal::Signal as Named,
        stat::{Mode, umask},
    },
    unistd::{
        Gid, Pid, Uid, chdir, getegid, geteuid, getpid, getppid, setgroups, setresgid, setresuid,
        setsid, write,
    },
};

use super::{Limits, User, signal};

/// The first descriptor that is handed over, as systemd does it.
const FIRST_SOCKET: i32 = 3;

/// What can fail in a child before it executes its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Step {
    Session = 1,
    OomScore,
    Socket,
    Limit,
    Groups,
    Group,
    User,
    Directory,
    DeathSignal,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Session,
        Self::OomScore,
        Self::Socket,
        Self::Limit,
        Self::Groups,
        Self::Group,
        Self::User,
        Self::Directory,
        Self::DeathSignal,
    ];
}

/// Bits of the number that goes to the parent: the kernel's own error, below the first; which of
/// several things, below the second; the step. The kernel's errors end at 4095.
const INDEX_AT: u32 = 12;
const STEP_AT: u32 = 20;

/// The error that tells the parent which step failed with what.
fn failure(step: Step, index: usize, error: Errno) -> io::Error {
    let index = i32::from(u8::try_from(index).unwrap_or(u8::MAX));
    io::Error::from_raw_os_error(
        i32::from(step as u8) << STEP_AT | index << INDEX_AT | error as i32,
    )
}

/// The step that failed, for which of several, and what the kernel said; none if it is no error of
/// [`failure`].
fn failed_step(error: &io::Error) -> Option<(Step, usize, io::Error)> {
    let number = error.raw_os_error()?;
    let step = Step::ALL
        .into_iter()
        .find(|step| i32::from(*step as u8) == number >> STEP_AT)?;
    let index = usize::try_from((number >> INDEX_AT) & 0xff).ok()?; // eight bits fit
    let kernel = io::Error::from_raw_os_error(number & ((1 << INDEX_AT) - 1));
    Some((step, index, kernel))
}

/// Everything that a child does, made before the fork.
pub(super) struct Plan {
    parent: Pid,
    /// What to write, as text.
    oom_score_adj: Option<String>,
    /// Copies with numbers above all that they become.
    sockets: Vec<OwnedFd>,
    /// Keep the numbers that the sockets become from being given to anything else until the fork,
    /// above all to the pipe on which the standard library hears of failures.
    #[expect(dead_code, reason = "to be open is all that they are for")]
    held: Vec<OwnedFd>,
    resources: Vec<(Resource, u64)>,
    umask: Option<Mode>,
    user: Option<Identity>,
    directory: Option<CString>,
}

struct Identity {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl Plan {
    /// A child like us.
    pub(super) fn plain() -> Self {
        Self {
            parent: getpid(),
            oom_score_adj: None,
            sockets: Vec::new(),
            held: Vec::new(),
            resources: Vec::new(),
            umask: None,
            user: None,
            directory: None,
        }
    }

    /// # Errors
    /// No descriptor is left for a socket, or the directory's name cannot be one.
    pub(super) fn new(
        limits: &Limits,
        sockets: &[(&'static str, BorrowedFd<'_>)],
        directory: &Path,
    ) -> io::Result<Self> {
        let (sockets, held) = stage(sockets)?;
        Ok(Self {
            parent: getpid(),
            oom_score_adj: limits
                .oom_score_adj
                .map(|wanted| at_least_ours(wanted).to_string()),
            sockets,
            held,
            resources: limits.resources.clone(),
            umask: limits.umask.map(Mode::from_bits_truncate),
            user: limits.user.as_ref().and_then(change),
            directory: Some(CString::new(directory.as_os_str().as_bytes())?),
        })
    }

    /// In the child, right before it executes its program: its own session, what the limits say, death
    /// with us, default signals, no descriptors but its three and its sockets.
    pub(super) fn carry_out(&self) -> io::Result<()> {
        let at = |step, index| move |error| failure(step, index, error);
        setsid().map_err(at(Step::Session, 0))?;
        // While it may still: only root can lower it, or raise a limit.
        if let Some(text) = &self.oom_score_adj {
            write_oom_score(text).map_err(at(Step::OomScore, 0))?;
        }
        for (index, (socket, number)) in self.sockets.iter().zip(FIRST_SOCKET..).enumerate() {
            place(socket, number).map_err(at(Step::Socket, index))?;
        }
        // After the sockets, whose copies may have numbers that a limit forbids.
        for (index, (resource, limit)) in self.resources.iter().enumerate() {
            setrlimit(*resource, *limit, *limit).map_err(at(Step::Limit, index))?;
        }
        if let Some(mode) = self.umask {
            umask(mode);
        }
        if let Some(user) = &self.user {
            setgroups(&user.groups).map_err(at(Step::Groups, 0))?;
            setresgid(user.gid, user.gid, user.gid).map_err(at(Step::Group, 0))?;
            setresuid(user.uid, user.uid, user.uid).map_err(at(Step::User, 0))?;
        }
        // As the user, who may not be let in where we are.
        if let Some(directory) = &self.directory {
            chdir(directory.as_c_str()).map_err(at(Step::Directory, 0))?;
        }
        // A change of user clears it.
        prctl::set_pdeathsig(Named::SIGKILL).map_err(at(Step::DeathSignal, 0))?;
        if getppid() != self.parent {
            // We died in between, so that no signal will come.
            return Err(failure(Step::DeathSignal, 0, Errno::ESRCH));
        }
        default_signals();
        mark_descriptors(FIRST_SOCKET + i32::try_from(self.sockets.len()).unwrap_or_default());
        Ok(())
    }

    /// `error` in words, if it is from a step of the child.
    pub(super) fn explain(limits: &Limits, directory: &Path, error: io::Error) -> io::Error {
        let Some((step, index, kernel)) = failed_step(&error) else {
            return error;
        };
        let what = match step {
            Step::Session => "cannot begin a session of its own".to_owned(),
            Step::OomScore => format!(
                "cannot set oom_score_adj to {}",
                limits.oom_score_adj.unwrap_or_default()
            ),
            Step::Socket => format!("cannot hand over socket {}", index + 1),
            Step::Limit => limit_text(limits, index),
            Step::Groups | Step::Group | Step::User => user_text(step, limits),
            Step::Directory => format!("cannot enter the directory {}", directory.display()),
            Step::DeathSignal => "cannot be tied to the life of the supervisor".to_owned(),
        };
        SpawnError::wrap(what, kernel)
    }
}

fn limit_text(limits: &Limits, index: usize) -> String {
    match limits.resources.get(index) {
        Some((resource, u64::MAX)) => format!("cannot lift the limit {resource:?}"),
        Some((resource, limit)) => format!("cannot set the limit {resource:?} to {limit}"),
        None => "cannot set a limit".to_owned(), // more than there are
    }
}

fn user_text(step: Step, limits: &Limits) -> String {
    let name = limits.user.as_ref().map_or("", |user| user.name.as_str());
    match step {
        Step::Groups => format!("cannot become user {name} (its groups; only root can)"),
        Step::Group => format!("cannot become user {name} (its group; only root can)"),
        _ => format!("cannot become user {name} (only root can)"),
    }
}

/// A process could not be made what it was to be.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub(super) struct SpawnError {
    what: String,
    pub(super) source: io::Error,
}

impl SpawnError {
    fn wrap(what: String, source: io::Error) -> io::Error {
        io::Error::new(source.kind(), Self { what, source })
    }
}

/// Copies of `sockets` numbered above all that they become, and what fills the numbers below.
fn stage(sockets: &[(&'static str, BorrowedFd<'_>)]) -> io::Result<(Vec<OwnedFd>, Vec<OwnedFd>)> {
    let above = FIRST_SOCKET + i32::try_from(sockets.len()).unwrap_or(i32::MAX - FIRST_SOCKET);
    let mut staged = Vec::with_capacity(sockets.len());
    let mut held = Vec::new();
    for (name, socket) in sockets {
        // A copy gets the lowest free number.
        loop {
            let copy = socket.try_clone_to_owned().map_err(|error| {
                SpawnError::wrap(format!("cannot hand over socket {name}"), error)
            })?;
            if copy.as_raw_fd() >= above {
                staged.push(copy);
                break;
            }
            held.push(copy);
        }
    }
    Ok((staged, held))
}

/// Who to become; none for who we are already and could not change anyway.
fn change(user: &User) -> Option<Identity> {
    let is_us = geteuid().as_raw() == user.uid && getegid().as_raw() == user.gid;
    if is_us && !geteuid().is_root() {
        return None;
    }
    Some(Identity {
        uid: Uid::from_raw(user.uid),
        gid: Gid::from_raw(user.gid),
        groups: user.groups.iter().copied().map(Gid::from_raw).collect(),
    })
}

/// `wanted`, but never less than our own: memory that is short must not cost the supervisor first.
fn at_least_ours(wanted: i32) -> i32 {
    // Without the file the child will fail to write it, and say so.
    let own = std::fs::read_to_string("/proc/self/oom_score_adj")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(wanted);
    if wanted < own {
        tracing::warn!(
            "oom_score_adj {wanted} is below the supervisor's own; the program gets {own}"
        );
    }
    wanted.max(own)
}

fn write_oom_score(text: &str) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let file = open(c"/proc/self/oom_score_adj", flags, Mode::empty())?;
    write(&file, text.as_bytes()).map(drop)
}

/// Makes `socket` the descriptor `number`, which executing keeps open.
#[expect(
    unsafe_code,
    reason = "the safe forms own what they overwrite, and nobody owns these"
)]
fn place(socket: &OwnedFd, number: i32) -> nix::Result<()> {
    // SAFETY: the number is one that `stage` holds or that was somebody's of the parent; the child uses
    // none of those again.
    Errno::result(unsafe { libc::dup2(socket.as_raw_fd(), number) }).map(drop)
}

/// Gives every signal its default action.
#[expect(
    unsafe_code,
    reason = "the C library refuses the two signals it keeps for itself"
)]
fn default_signals() {
    // The kernel's struct, of 32 bytes at the most: all zero is the default action.
    let default = [0_u64; 4];
    for signal in 1..=signal::LAST {
        // SAFETY: the kernel reads the struct, which is as long as the longest it has, and writes
        // nothing. It fails for SIGKILL and SIGSTOP, which have no other action.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                libc::c_long::from(signal),
                default.as_ptr(),
                std::ptr::null_mut::<u64>(),
                8_usize,
            );
        }
    }
}

/// Has executing close all descriptors from `first` on.
#[expect(unsafe_code, reason = "neither library has the call")]
fn mark_descriptors(first: i32) {
    // Marks, and does not close: the standard library's own pipe must live until exec. An old kernel
    // without the call leaves what it is: ours are marked anyway.
    // SAFETY: the call takes three numbers and touches no memory of ours.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}

/// The variables that tell a program of its sockets. `LISTEN_PID` is left out, since the number is not
/// known when the environment is made; our workers do without it, and one that insists on it takes
/// no socket.
pub(super) fn socket_variables(
    sockets: &[(&'static str, BorrowedFd<'_>)],
) -> Vec<(&'static OsStr, String)> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = sockets.iter().map(|(name, _)| *name).collect();
    vec![
        (OsStr::new("LISTEN_FDS"), sockets.len().to_string()),
        (OsStr::new("LISTEN_FDNAMES"), names.join(":")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd as _;

    #[test]
    fn the_number_of_an_error_says_which_step_failed() {
        for step in Step::ALL {
            let error = failure(step, 7, Errno::EPERM);
            let (found, index, kernel) = failed_step(&error).unwrap();
            assert_eq!((found, index), (step, 7));
            assert_eq!(kernel.raw_os_error(), Some(libc::EPERM));
        }
        // Of executing itself, and of what is no number at all.
        assert!(failed_step(&io::Error::from_raw_os_error(libc::ENOENT)).is_none());
        assert!(failed_step(&io::Error::other("no number")).is_none());
    }

    #[test]
    fn copies_of_sockets_lie_above_what_they_become_and_nothing_free_below() {
        let null = std::fs::File::open("/dev/null").unwrap();
        let sockets: Vec<_> = (0..20).map(|_| ("one", null.as_fd())).collect();
        let (staged, held) = stage(&sockets).unwrap();
        assert_eq!(staged.len(), 20);
        assert!(staged.iter().all(|copy| copy.as_raw_fd() >= 23));
        assert!(!held.is_empty());
        assert!((3..23).all(|number| Path::new(&format!("/proc/self/fd/{number}")).exists()));
    }

    #[test]
    fn a_program_is_not_spared_before_the_supervisor() {
        let own = at_least_ours(-1000);
        assert!(own > -1000, "a test that runs with -1000 says nothing");
        assert_eq!(at_least_ours(own + 1), own + 1);
    }
}
