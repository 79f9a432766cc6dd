//! Tells whoever supervises this process how it is: datagrams to `$NOTIFY_SOCKET` as systemd
//! defines them. Leaves receiving them to `supervisor`.
//!
//! Source: <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

use crate::{chain::Chain, environment::Environment};

/// How long a full queue of the receiver may hold us up.
const SEND_LIMIT: Duration = Duration::from_secs(1);

/// Says that this process is ready, what it does, and that it stops. Does nothing without a
/// `NOTIFY_SOCKET`.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    address: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl Readiness {
    /// Takes the address from `NOTIFY_SOCKET` (a path, or `@` and an abstract name).
    pub fn from_environment(environment: &Environment) -> Self {
        let address = environment.get("NOTIFY_SOCKET").and_then(|name| {
            address(name)
                .inspect_err(|error| {
                    tracing::warn!("cannot use NOTIFY_SOCKET `{name}`: {}", Chain(error));
                })
                .ok() // said above; without an address nobody is told, which the supervisor notices
        });
        // A child of the process that is watched is not meant itself.
        let is_for_us = environment
            .get("WATCHDOG_PID")
            .is_none_or(|text| text == std::process::id().to_string());
        let watchdog = environment
            .get("WATCHDOG_USEC")
            .filter(|_| is_for_us)
            .and_then(|text| text.parse().ok()) // systemd's own value; malformed reads as absent
            .filter(|microseconds| *microseconds > 0)
            .map(Duration::from_micros);
        Self { address, watchdog }
    }

    /// Says that the process does its work from now on. `text` tells how it is.
    pub fn ready(&self, text: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(text)));
    }

    /// Tells how it is, in a few words. Waits for nobody: whoever does not listen misses it.
    pub fn status(&self, text: &str) {
        self.mention(&format!("STATUS={}", one_line(text)));
    }

    /// Says that the process is ending.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Says that it is not stuck; wanted every [`Readiness::watchdog_interval`]. Waits for nobody.
    pub fn alive(&self) {
        self.mention("WATCHDOG=1");
    }

    /// How often [`Readiness::alive`] is wanted: half of what the supervisor allows.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|allowed| allowed / 2)
    }

    /// Says so from now on, from the arbiter that calls it: once that is stuck, nothing is said any
    /// more. Call it where being stuck matters. Does nothing where nobody waits for it.
    pub fn keep_alive(&self) {
        let Some(interval) = self.watchdog_interval() else {
            return;
        };
        let readiness = self.clone();
        actix_rt::spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                readiness.alive();
            }
        });
    }

    /// What must arrive: it waits for room.
    fn send(&self, message: &str) {
        self.tell(message, |socket| socket.set_write_timeout(Some(SEND_LIMIT)));
    }

    /// What may be missed: the thread that says it has work to do.
    fn mention(&self, message: &str) {
        self.tell(message, |socket| socket.set_nonblocking(true));
    }

    fn tell(&self, message: &str, prepare: impl FnOnce(&UnixDatagram) -> io::Result<()>) {
        let Some(address) = &self.address else { return };
        let told = UnixDatagram::unbound().and_then(|socket| {
            prepare(&socket)?;
            socket.send_to_addr(message.as_bytes(), address)
        });
        if let Err(error) = told {
            tracing::warn!("cannot tell the supervisor `{message}`: {}", Chain(&error));
        }
    }
}

fn address(name: &str) -> io::Result<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_process_says_that_it_is_ready_and_how_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        let environment = Environment::of([
            ("NOTIFY_SOCKET", path.to_str().unwrap()),
            ("WATCHDOG_USEC", "3000000"),
        ]);
        let readiness = Readiness::from_environment(&environment);

        readiness.ready("waits for\nthe next run");
        assert_eq!(received(&socket), "READY=1\nSTATUS=waits for the next run");
        readiness.status("reads 3 lists");
        assert_eq!(received(&socket), "STATUS=reads 3 lists");
        readiness.alive();
        assert_eq!(received(&socket), "WATCHDOG=1");
        readiness.stopping();
        assert_eq!(received(&socket), "STOPPING=1");
        assert_eq!(
            readiness.watchdog_interval(),
            Some(Duration::from_millis(1500))
        );
    }

    #[actix_rt::test]
    async fn a_process_that_is_not_stuck_says_so_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
        let address = path.to_str().unwrap();
        let watched = [("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "20000")];
        Readiness::from_environment(&Environment::of(watched)).keep_alive();
        for _ in 0..3 {
            let mut bytes = [0; 64];
            let length = socket.recv(&mut bytes).await.unwrap();
            assert_eq!(&bytes[..length], b"WATCHDOG=1");
        }
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let own = std::process::id().to_string();
        for (pid, is_ours) in [(own.as_str(), true), ("1", false), ("x", false)] {
            let variables = [("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", pid)];
            let readiness = Readiness::from_environment(&Environment::of(variables));
            assert_eq!(readiness.watchdog_interval().is_some(), is_ours, "{pid}");
        }
    }

    #[test]
    fn a_queue_that_nobody_empties_holds_up_nobody_who_says_that_he_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let _never_read = UnixDatagram::bind(&path).unwrap();
        let environment = Environment::of([("NOTIFY_SOCKET", path.to_str().unwrap())]);
        let readiness = Readiness::from_environment(&environment);
        // Each beyond the length of the queue would wait for a second.
        for _ in 0..5000 {
            readiness.alive();
            readiness.status("at work");
        }
    }

    #[test]
    fn an_abstract_address_works_too() {
        let name = format!("listsync-ready-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let variable = format!("@{name}");
        let environment = Environment::of([("NOTIFY_SOCKET", variable.as_str())]);
        Readiness::from_environment(&environment).stopping();
        assert_eq!(received(&socket), "STOPPING=1");
    }

    #[test]
    fn nobody_listening_and_no_address_do_no_harm() {
        Readiness::from_environment(&Environment::of([("NOTIFY_SOCKET", "/nonexistent/n.sock")]))
            .ready("well");
        Readiness::from_environment(&Environment::default()).ready("well");
    }
}
