//! The two ports: binds them, or takes over those that a supervisor holds (`LISTEN_FDS`, as systemd
//! defines it). Leaves accepting to `api`, and handing them to a child to `supervisor`.
//!
//! Source: <https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html>.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    time::Duration,
};

use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::socket::{Backlog, getsockopt, listen, setsockopt, sockopt},
};

use crate::{environment::Environment, settings::HttpSettings};

/// Name of the descriptor that the API listens on.
const API: &str = "api";
/// Name of the descriptor that the dashboard listens on; absent when it is the API's.
const DASHBOARD: &str = "dashboard";
/// The first descriptor that is handed over.
const FIRST: RawFd = 3;
/// Connections that wait in the kernel while nobody accepts, as while `api` is started anew.
const WAITING: i32 = 1024;
/// How long a client may leave what it was sent: one that was switched off, or never reads, would
/// keep its connection for a quarter of an hour, or for ever.
const UNREAD_LIMIT: Duration = Duration::from_mins(1);

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error(
        "port {port} on {address} is taken by another program; stop that program, or set \
         {variable} (`{key}`) to a free port"
    )]
    Taken {
        /// The port.
        port: u16,
        /// The address.
        address: IpAddr,
        /// The variable that sets the port.
        variable: &'static str,
        /// The key that sets the port.
        key: &'static str,
    },
    /// The port is reserved for root.
    #[error(
        "this user may not listen on port {port}; set {variable} (`{key}`) to a port above 1023"
    )]
    Forbidden {
        /// The port.
        port: u16,
        /// The variable that sets the port.
        variable: &'static str,
        /// The key that sets the port.
        key: &'static str,
    },
    /// The address is of another machine.
    #[error(
        "this machine has no address {address}; set LISTSYNC_BIND (`http.bind`) to one it has, to \
         127.0.0.1 for this machine only, or to 0.0.0.0 for all"
    )]
    NoSuchAddress {
        /// The address.
        address: IpAddr,
    },
    /// Anything else.
    #[error("cannot listen on port {port} of {address} ({variable}, `{key}`)")]
    Other {
        /// The port.
        port: u16,
        /// The address.
        address: IpAddr,
        /// The variable that sets the port.
        variable: &'static str,
        /// The key that sets the port.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Where the listeners are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Of the API.
    pub api: SocketAddr,
    /// Of the dashboard; the API's when they share one.
    pub dashboard: SocketAddr,
}

/// Both ports, one listener when they are the same.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// For the dashboard, unless it shares the API's.
    pub dashboard: Option<TcpListener>,
    ports: Ports,
}

impl Listeners {
    /// Binds both ports.
    ///
    /// # Errors
    /// [`BindError`], which names the setting to change.
    pub fn bind(http: &HttpSettings) -> Result<Self, BindError> {
        let (api, api_at) = bind(
            http.bind,
            http.api_port,
            "LISTSYNC_API_PORT",
            "http.api_port",
        )?;
        if http.dashboard_port == http.api_port && http.api_port != 0 {
            let ports = Ports {
                api: api_at,
                dashboard: api_at,
            };
            return Ok(Self {
                api,
                dashboard: None,
                ports,
            });
        }
        let (dashboard, dashboard_at) = bind(
            http.bind,
            http.dashboard_port,
            "LISTSYNC_DASHBOARD_PORT",
            "http.dashboard_port",
        )?;
        let ports = Ports {
            api: api_at,
            dashboard: dashboard_at,
        };
        Ok(Self {
            api,
            dashboard: Some(dashboard),
            ports,
        })
    }

    /// Those that were handed to this process, whatever the settings say of ports; none when none
    /// were, or not to this process. Call it once: the descriptors belong to the answer.
    ///
    /// # Errors
    /// When something was handed over that nobody can listen on.
    pub fn inherited(environment: &Environment) -> io::Result<Option<Self>> {
        let Some(handed) = Handed::of(environment, std::process::id()) else {
            return Ok(None);
        };
        handed.take(FIRST)
    }

    /// Where they are.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Each with the name that `LISTEN_FDNAMES` gives it, in the order of the descriptors.
    pub fn named(&self) -> Vec<(&'static str, BorrowedFd<'_>)> {
        let dashboard = self.dashboard.as_ref().map(|it| (DASHBOARD, it.as_fd()));
        [(API, self.api.as_fd())]
            .into_iter()
            .chain(dashboard)
            .collect()
    }

    /// Second descriptors of the same queues: who accepts first has the connection.
    ///
    /// # Errors
    /// When there are too many open files.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            api: self.api.try_clone()?,
            dashboard: self
                .dashboard
                .as_ref()
                .map(TcpListener::try_clone)
                .transpose()?,
            ports: self.ports,
        })
    }
}

fn bind(
    address: IpAddr,
    port: u16,
    variable: &'static str,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), BindError> {
    TcpListener::bind((address, port))
        .and_then(|listener| {
            prepare(&listener)?;
            listener.local_addr().map(|at| (listener, at))
        })
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken {
                port,
                address,
                variable,
                key,
            },
            io::ErrorKind::PermissionDenied => BindError::Forbidden {
                port,
                variable,
                key,
            },
            io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address },
            _ => BindError::Other {
                port,
                address,
                variable,
                key,
                source,
            },
        })
}

fn prepare(listener: &TcpListener) -> io::Result<()> {
    // Every connection takes it over.
    let limit = u32::try_from(UNREAD_LIMIT.as_millis()).unwrap_or(u32::MAX);
    setsockopt(listener, sockopt::TcpUserTimeout, &limit)?;
    // Once more, since the standard library lets only 128 wait.
    listen(listener, Backlog::new(WAITING)?)?;
    Ok(())
}

/// What the environment says was handed over.
#[derive(Debug, PartialEq, Eq)]
struct Handed {
    names: Vec<String>,
}

impl Handed {
    /// Nothing when it is not for the process `pid`, or not ours.
    fn of(environment: &Environment, pid: u32) -> Option<Self> {
        let count = environment.get("LISTEN_FDS")?;
        let names: Vec<String> = environment
            .get("LISTEN_FDNAMES")
            .unwrap_or_default()
            .split(':')
            .map(str::to_owned)
            .collect();
        // Our supervisor cannot know the number of a process that it has not started yet.
        let is_for_us = environment
            .get("LISTEN_PID")
            .is_none_or(|text| text == pid.to_string());
        let is_whole = count.parse() == Ok(names.len());
        if is_for_us && is_whole && names.iter().any(|name| name == API) {
            return Some(Self { names });
        }
        tracing::warn!(
            "the sockets that LISTEN_FDS tells of are not used: LISTEN_PID must be absent or this \
             process, and LISTEN_FDNAMES must name each of them and `{API}` among them"
        );
        None
    }

    fn take(self, first: RawFd) -> io::Result<Option<Listeners>> {
        let (mut api, mut dashboard) = (None, None);
        for (name, descriptor) in self.names.iter().zip(first..) {
            let listener = take(descriptor).map_err(|error| {
                let text = format!("the socket `{name}` that was handed over: {error}");
                io::Error::new(error.kind(), text)
            })?;
            match name.as_str() {
                API => api = Some(listener),
                DASHBOARD => dashboard = Some(listener),
                other => tracing::warn!("nobody needs the socket `{other}` that was handed over"),
            }
        }
        let Some(api) = api else { return Ok(None) };
        let api_at = api.local_addr()?;
        let dashboard_at = match &dashboard {
            Some(dashboard) => dashboard.local_addr()?,
            None => api_at,
        };
        let ports = Ports {
            api: api_at,
            dashboard: dashboard_at,
        };
        Ok(Some(Listeners {
            api,
            dashboard,
            ports,
        }))
    }
}

/// Takes a descriptor over, if it is a TCP socket that listens, and keeps it from children.
fn take(descriptor: RawFd) -> io::Result<TcpListener> {
    // Before it is owned: closing one that is not there ends the process.
    std::fs::read_link(format!("/proc/self/fd/{descriptor}"))?;
    #[expect(
        unsafe_code,
        reason = "a descriptor that was handed over is known by its number only"
    )]
    // SAFETY: it is open, and by the protocol of LISTEN_FDS nobody else in this process owns it.
    let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
    fcntl(&descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    if !getsockopt(&descriptor, sockopt::AcceptConn)? {
        return Err(io::Error::other("it does not listen"));
    }
    let listener = TcpListener::from(descriptor);
    listener.local_addr()?; // of a Unix socket it would be none
    prepare(&listener)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::AuthMode;
    use std::os::fd::IntoRawFd;

    fn http(api_port: u16, dashboard_port: u16, bind: &str) -> HttpSettings {
        HttpSettings {
            api_port,
            dashboard_port,
            bind: bind.parse().unwrap(),
            auth: AuthMode::Required,
            trusted_proxies: Vec::new(),
        }
    }

    fn bound() -> Listeners {
        Listeners::bind(&http(0, 0, "127.0.0.1")).unwrap()
    }

    #[test]
    fn a_taken_port_is_named_with_its_setting_and_variable() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(
            Listeners::bind(&http(port, 0, "127.0.0.1"))
                .unwrap_err()
                .to_string(),
            format!(
                "port {port} on 127.0.0.1 is taken by another program; stop that program, or set \
                 LISTSYNC_API_PORT (`http.api_port`) to a free port"
            )
        );
        let error = Listeners::bind(&http(0, port, "127.0.0.1")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("LISTSYNC_DASHBOARD_PORT (`http.dashboard_port`)"),
            "{error}"
        );
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let error = Listeners::bind(&http(0, 0, "203.0.113.7")).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("this machine has no address 203.0.113.7; set LISTSYNC_BIND"));
    }

    #[test]
    fn equal_ports_are_one_listener_and_zero_takes_free_ones() {
        let free = bound();
        let ports = free.ports();
        assert_ne!(ports.api.port(), ports.dashboard.port());
        assert_eq!(free.named().len(), 2);
        drop(free);
        let port = ports.api.port();
        let same = Listeners::bind(&http(port, port, "127.0.0.1")).unwrap();
        assert!(same.dashboard.is_none());
        assert_eq!(same.ports().dashboard.port(), port);
        let names: Vec<_> = same.named().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["api"]);
    }

    #[test]
    fn a_client_that_reads_nothing_is_cut_off() {
        let listeners = bound();
        let _client = std::net::TcpStream::connect(listeners.ports().api).unwrap();
        let (accepted, _) = listeners.api.accept().unwrap();
        let limit = getsockopt(&accepted, sockopt::TcpUserTimeout).unwrap();
        assert_eq!(u128::from(limit), UNREAD_LIMIT.as_millis());
    }

    #[test]
    fn hundreds_of_clients_wait_while_nobody_accepts() {
        let listeners = bound();
        let limit = Duration::from_secs(5);
        let clients: Vec<_> = (0..400)
            .map(|_| std::net::TcpStream::connect_timeout(&listeners.ports().api, limit).unwrap())
            .collect();
        for _ in &clients {
            listeners.api.accept().unwrap();
        }
    }

    fn handed(variables: &[(&'static str, &'static str)]) -> Option<Vec<String>> {
        Handed::of(&Environment::of(variables.iter().copied()), 42).map(|handed| handed.names)
    }

    #[test]
    fn only_what_is_for_this_process_and_has_names_is_taken() {
        let two = [("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "api:dashboard")];
        let names = Some(vec!["api".to_owned(), "dashboard".to_owned()]);
        assert_eq!(handed(&two), names);
        assert_eq!(handed(&[two[0], two[1], ("LISTEN_PID", "42")]), names);
        assert_eq!(handed(&[two[0], two[1], ("LISTEN_PID", "43")]), None);
        assert_eq!(handed(&[]), None);
        for (count, names) in [
            ("1", "api:dashboard"),
            ("two", "api:dashboard"),
            ("-1", "api"),
            ("1", "dashboard"),
        ] {
            let variables = [("LISTEN_FDS", count), ("LISTEN_FDNAMES", names)];
            assert_eq!(handed(&variables), None, "{count} {names}");
        }
        assert_eq!(handed(&[("LISTEN_FDS", "1")]), None);
    }

    /// Puts descriptors one after the other, where nothing else is.
    fn side_by_side(first: RawFd, listeners: Vec<OwnedFd>) {
        for (number, listener) in (first..).zip(listeners) {
            let put = fcntl(&listener, FcntlArg::F_DUPFD(number)).unwrap();
            assert_eq!(put, number);
        }
    }

    fn take_from(first: RawFd, names: &[&str]) -> io::Result<Option<Listeners>> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Handed { names }.take(first)
    }

    #[test]
    fn sockets_that_are_handed_over_serve_the_same_queue_and_stay_from_children() {
        let listeners = bound();
        let ports = listeners.ports();
        let dashboard = listeners.dashboard.unwrap();
        side_by_side(300, vec![dashboard.into(), listeners.api.into()]);
        let taken = take_from(300, &["dashboard", "api"]).unwrap().unwrap();
        assert_eq!(taken.ports(), ports);
        for (_, descriptor) in taken.named() {
            let flags = fcntl(descriptor, FcntlArg::F_GETFD).unwrap();
            assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
        }
        let client = std::net::TcpStream::connect(ports.api).unwrap();
        let (_, peer) = taken.api.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[test]
    fn what_nobody_can_listen_on_is_an_error_that_names_it() {
        let unix = std::os::unix::net::UnixDatagram::unbound().unwrap();
        side_by_side(310, vec![unix.into()]);
        let error = take_from(310, &["api"]).unwrap_err().to_string();
        assert!(
            error.starts_with("the socket `api` that was handed over: "),
            "{error}"
        );
        let file = tempfile::tempfile().unwrap().into_raw_fd();
        assert!(take_from(file, &["api"]).is_err());
        assert!(take_from(320, &["api"]).is_err(), "nothing is there");
    }
}
