//! HTTP of one line: on sockets that were handed over, and as the address that tells readiness.

use std::{
    ffi::c_int,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::fd::{AsRawFd as _, FromRawFd as _, RawFd},
    sync::atomic::Ordering,
    time::Duration,
};

use nix::libc;

use super::signals::{self, TERM_CAME, Term};

/// First descriptor that is handed over.
const FIRST: RawFd = 3;

/// How long a caller may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves the sockets of `LISTEN_FDS` with our pid until SIGTERM, answering who is in then.
pub(crate) fn inherited(file: &str) -> anyhow::Result<c_int> {
    let variable = |wanted: &str| {
        let mut all = std::env::vars();
        all.find(|(name, _)| name == wanted).map(|(_, value)| value)
    };
    let count: RawFd = variable("LISTEN_FDS").unwrap_or_default().parse()?;
    let listeners = (FIRST..FIRST + count).map(taken).collect::<Vec<_>>();
    signals::on_term(Term::Note)?;
    let names = variable("LISTEN_FDNAMES").unwrap_or_default();
    std::fs::write(file, format!("{count} {names}\n"))?;
    super::notify("READY=1")?;
    let answer = std::process::id().to_string();
    while let Some(caller) = accept(&listeners)? {
        serve(caller, 200, &answer);
    }
    Ok(0)
}

/// Serves a port that says whether we are ready.
pub(crate) fn probe(port: u16, file: &str) -> anyhow::Result<c_int> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    loop {
        let (caller, _) = listener.accept()?;
        let code = if std::fs::exists(file)? { 200 } else { 503 };
        serve(caller, code, "probe");
    }
}

#[expect(unsafe_code, reason = "the number alone says what it is")]
fn taken(descriptor: RawFd) -> TcpListener {
    // SAFETY: by systemd's protocol it is ours, and taken once.
    unsafe { TcpListener::from_raw_fd(descriptor) }
}

/// The next caller of any of them; none when SIGTERM came. A caller that another process took in the
/// meantime is not waited for.
fn accept(listeners: &[TcpListener]) -> io::Result<Option<TcpStream>> {
    for listener in listeners {
        listener.set_nonblocking(true)?;
    }
    loop {
        if !wait(listeners)? {
            return Ok(None);
        }
        for listener in listeners {
            match listener.accept() {
                Ok((caller, _)) => return Ok(Some(caller)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether somebody may have called, as opposed to SIGTERM.
#[expect(unsafe_code, reason = "waiting for either without a race")]
fn wait(listeners: &[TcpListener]) -> io::Result<bool> {
    let term = nix::sys::signal::SigSet::from(nix::sys::signal::Signal::SIGTERM);
    term.thread_block()?;
    let mut polled: Vec<libc::pollfd> = listeners
        .iter()
        .map(|listener| libc::pollfd {
            fd: listener.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let none = nix::sys::signal::SigSet::empty();
    let found = if TERM_CAME.load(Ordering::Relaxed) {
        0
    } else {
        // SAFETY: the array is as long as is said; the mask lives as long as the call.
        unsafe {
            libc::ppoll(
                polled.as_mut_ptr(),
                libc::nfds_t::try_from(polled.len()).unwrap_or_default(),
                std::ptr::null(),
                std::ptr::from_ref(none.as_ref()),
            )
        }
    };
    term.thread_unblock()?;
    Ok(found > 0 && !TERM_CAME.load(Ordering::Relaxed))
}

/// One answer; a caller that went away is its own loss.
fn serve(mut caller: TcpStream, code: u16, text: &str) {
    let mut served = || -> io::Result<()> {
        caller.set_nonblocking(false)?;
        caller.set_read_timeout(Some(PATIENCE))?;
        let mut asked = Vec::new();
        let mut part = [0; 4096];
        while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
            match caller.read(&mut part)? {
                0 => return Ok(()),
                count => asked.extend_from_slice(part.get(..count).unwrap_or_default()),
            }
        }
        write!(
            caller,
            "HTTP/1.1 {code} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        )
    };
    served().unwrap_or_default();
}
