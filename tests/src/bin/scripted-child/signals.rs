//! What its signals do. Handlers make nothing but system calls that are allowed in them.

use std::{
    ffi::{CString, c_int},
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};

/// Milliseconds between two looks for a file.
const LOOK_MS: u64 = 2;

/// What SIGTERM does.
pub(crate) enum Term {
    /// Ends with code 0.
    Exit,
    /// Nothing.
    Ignore,
    /// The same after that many milliseconds.
    After(u64),
    /// The same once the file is there.
    When(String),
    /// Sets [`TERM_CAME`].
    Note,
}

/// Whether SIGTERM came, for [`Term::Note`].
pub(crate) static TERM_CAME: AtomicBool = AtomicBool::new(false);

static AFTER_MS: AtomicU64 = AtomicU64::new(0);
static WHEN: OnceLock<CString> = OnceLock::new();
static HANGUPS: OnceLock<CString> = OnceLock::new();
static ABORTS: OnceLock<CString> = OnceLock::new();

/// Sets what SIGTERM does.
pub(crate) fn on_term(what: Term) -> anyhow::Result<()> {
    let handler = match what {
        Term::Exit => SigHandler::Handler(exit_at_once),
        Term::Ignore => SigHandler::SigIgn,
        Term::Note => SigHandler::Handler(note),
        Term::After(milliseconds) => {
            AFTER_MS.store(milliseconds, Ordering::Relaxed);
            SigHandler::Handler(exit_after)
        }
        Term::When(file) => {
            set(&WHEN, &file)?;
            SigHandler::Handler(exit_when)
        }
    };
    handle(Signal::SIGTERM, handler)
}

/// Has SIGHUP append a line to a file.
pub(crate) fn note_hangup(file: &str) -> anyhow::Result<()> {
    set(&HANGUPS, file)?;
    handle(Signal::SIGHUP, SigHandler::Handler(hangup))
}

/// Has SIGABRT append a line to a file before it ends the process.
pub(crate) fn note_abort(file: &str) -> anyhow::Result<()> {
    set(&ABORTS, file)?;
    handle(Signal::SIGABRT, SigHandler::Handler(abort))
}

/// Until a signal ends it.
pub(crate) fn wait_for_ever() -> ! {
    loop {
        nix::unistd::pause();
    }
}

fn set(place: &OnceLock<CString>, file: &str) -> anyhow::Result<()> {
    let file = CString::new(file)?;
    place
        .set(file)
        .map_err(|_twice| anyhow::anyhow!("a script may say this once"))
}

#[expect(
    unsafe_code,
    reason = "what runs in a handler is for us to keep harmless"
)]
fn handle(signal: Signal, handler: SigHandler) -> anyhow::Result<()> {
    // Without SA_RESTART, so that waiting for a connection ends too.
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers below call only what is async-signal-safe and take no lock.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

#[expect(unsafe_code, reason = "the only way to end inside a handler")]
extern "C" fn exit(_signal: c_int) -> ! {
    // SAFETY: async-signal-safe by its definition.
    unsafe { libc::_exit(0) }
}

extern "C" fn exit_at_once(signal: c_int) {
    exit(signal);
}

/// Ends at once with code 0.
pub(crate) fn leave() -> ! {
    exit(0)
}

extern "C" fn note(_signal: c_int) {
    TERM_CAME.store(true, Ordering::Relaxed);
}

extern "C" fn exit_after(signal: c_int) {
    sleep(AFTER_MS.load(Ordering::Relaxed));
    exit(signal);
}

#[expect(unsafe_code, reason = "`std` may allocate, which a handler must not")]
extern "C" fn exit_when(signal: c_int) {
    if let Some(file) = WHEN.get() {
        // SAFETY: access is async-signal-safe; the path lives as long as the process.
        while unsafe { libc::access(file.as_ptr(), libc::F_OK) } != 0 {
            sleep(LOOK_MS);
        }
    }
    exit(signal);
}

extern "C" fn hangup(_signal: c_int) {
    append(&HANGUPS, b"HUP\n");
}

#[expect(unsafe_code, reason = "to end by the signal itself")]
extern "C" fn abort(_signal: c_int) {
    append(&ABORTS, b"ABRT\n");
    // SAFETY: all three are async-signal-safe. The signal is blocked until this handler returns.
    unsafe {
        libc::signal(libc::SIGABRT, libc::SIG_DFL);
        libc::raise(libc::SIGABRT);
    }
}

#[expect(unsafe_code, reason = "`std` may allocate, which a handler must not")]
fn append(place: &OnceLock<CString>, line: &[u8]) {
    let Some(file) = place.get() else { return };
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    // SAFETY: open, write and close are async-signal-safe; path and line outlive the calls.
    unsafe {
        let file = libc::open(file.as_ptr(), flags, 0o644);
        libc::write(file, line.as_ptr().cast(), line.len());
        libc::close(file);
    }
}

#[expect(unsafe_code, reason = "`std` promises nothing for handlers")]
fn sleep(milliseconds: u64) {
    let mut left = libc::timespec {
        tv_sec: i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(milliseconds % 1000 * 1_000_000).unwrap_or_default(),
    };
    // SAFETY: nanosleep is async-signal-safe, and may write what is left over what was asked.
    while unsafe { libc::nanosleep(&raw const left, &raw mut left) } != 0 {}
}
