//! A process that is not a child of ours, held in such a way that a signal reaches it and no other.
//!
//! A number may belong to somebody else by the time a signal is sent to it. Where the kernel hands
//! out descriptors of processes (since 5.3) that cannot happen; elsewhere the time between a look
//! at the process and the signal is as short as it can be. Leaves to others whom to hold.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use nix::{errno::Errno, libc};
use tokio::io::{Interest, unix::AsyncFd};

use super::signal::Signal;

/// A process. Whoever opened it must look whether it is the one that was meant.
#[derive(Debug)]
pub(crate) struct Handle {
    pid: i32,
    /// None where the kernel has no such thing.
    descriptor: Option<OwnedFd>,
}

impl Handle {
    /// The process that has this number now; none if there is none.
    ///
    /// # Errors
    /// What the kernel said, for instance that there are too many descriptors.
    #[expect(unsafe_code, reason = "neither library has the call")]
    pub(crate) fn open(pid: i32) -> io::Result<Option<Self>> {
        // SAFETY: the call takes two numbers and touches no memory of ours.
        let opened = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) });
        let descriptor = match opened.map(i32::try_from) {
            // SAFETY: the kernel made this descriptor just now, for us alone, and marks it.
            Ok(Ok(raw)) => Some(unsafe { OwnedFd::from_raw_fd(raw) }),
            Err(Errno::ESRCH) => return Ok(None),
            // An old kernel, or a filter of system calls that does not know this one.
            Ok(Err(_)) | Err(Errno::ENOSYS | Errno::EPERM) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Self { pid, descriptor }))
    }

    /// Sends a signal; whether the process was still there.
    ///
    /// # Errors
    /// What the kernel said, for instance that we may not.
    #[expect(unsafe_code, reason = "neither library has the call")]
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<bool> {
        let number = signal.number();
        let sent = match &self.descriptor {
            // SAFETY: the descriptor is open; no details and no flags are passed on.
            Some(descriptor) => unsafe {
                libc::syscall(
                    libc::SYS_pidfd_send_signal,
                    descriptor.as_raw_fd(),
                    number,
                    std::ptr::null_mut::<libc::siginfo_t>(),
                    0,
                )
            },
            // SAFETY: the call takes two numbers and touches no memory of ours.
            None => unsafe { libc::kill(self.pid, number) }.into(),
        };
        match Errno::result(sent) {
            Ok(_done) => Ok(true),
            Err(Errno::ESRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process has ended; where the kernel cannot tell, not at all.
    #[expect(unsafe_code, reason = "the safe form is deprecated")]
    pub(crate) async fn ended(self) {
        let Some(descriptor) = self.descriptor else {
            return;
        };
        // SAFETY: an owned descriptor stays open and the same for as long as it is owned, and the other
        // side owns it from here on.
        match unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) } {
            Ok(descriptor) => {
                if let Err(error) = descriptor.readable().await {
                    tracing::debug!("cannot see the end of {}: {error}", self.pid);
                }
            }
            Err(error) => tracing::debug!("cannot wait for the end of {}: {error}", self.pid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::tests::start;

    #[actix_rt::test]
    async fn a_process_is_held_signalled_and_seen_ending() {
        let mut spawned = start("exec sleep 1000");
        let handle = Handle::open(spawned.pid).unwrap().unwrap();
        assert!(handle.signal(Signal::KILL).unwrap());
        handle.ended().await;
        let held = Handle::open(spawned.pid).unwrap().unwrap();
        spawned.child.wait().await.unwrap();
        // The number may be anybody's now; the held one is gone.
        assert!(!held.signal(Signal::KILL).unwrap());
        assert!(Handle::open(spawned.pid).unwrap().is_none());
    }

    #[actix_rt::test]
    async fn an_old_kernel_gets_the_signal_by_number() {
        let mut spawned = start("exec sleep 1000");
        let handle = Handle {
            pid: spawned.pid,
            descriptor: None,
        };
        assert!(handle.signal(Signal::KILL).unwrap());
        spawned.child.wait().await.unwrap();
        assert!(!handle.signal(Signal::KILL).unwrap());
        handle.ended().await;
    }
}
