//! One process of a program, from its start until nothing of it is left: what it says, its end, what
//! it left behind, its last output.
//!
//! Leaves what any of that means to [`super::actor`].

use std::{
    cell::RefCell,
    ffi::OsStr,
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    rc::Rc,
    time::Duration,
};

use actix::{Message, Recipient};
use runtime::{Chain, listen::Listeners};
use tokio::{net::UnixDatagram, process::Child};

use super::{
    actor::Context,
    notify::{self, Notice},
    probe::{Address, until_it_answers},
};
use crate::{
    log::Tap,
    process::{self, Launch, Signal, User},
    reaper::Claim,
    settings::{self, Probe},
    tree::{self, Mark, Remembered},
};

/// How long the restart of a program waits for its last output to reach the log.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// How long what it left behind may take to be gone once it is killed.
const GONE_LIMIT: Duration = Duration::from_secs(1);

/// Longest datagram that is taken in.
const DATAGRAM: usize = 4096;

/// Lives whose sockets have different names: more than there are of one program at any time.
const NAMES: u64 = 1000;

/// A process of a program.
#[derive(Debug)]
pub(super) struct Life {
    /// Tells it from the others of the program.
    pub(super) number: u64,
    /// Its process id, and the number of its group and session.
    pub(super) group: i32,
    pub(super) mark: Mark,
    /// Since when, on the clock of [`Context::epoch`].
    pub(super) spawned_at: Duration,
    /// What it had started when it was asked to stop.
    known: Rc<RefCell<Remembered>>,
}

/// A process said something.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Noticed {
    pub(super) life: u64,
    pub(super) notices: Vec<Notice>,
}

/// A process ended, and nothing of it is left.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Exited {
    pub(super) life: u64,
    pub(super) status: io::Result<ExitStatus>,
    /// What it left behind and we ended, in words.
    pub(super) left: Option<String>,
}

/// Who hears of a life.
#[derive(Clone, Debug)]
pub(super) struct Ears {
    pub(super) noticed: Recipient<Noticed>,
    pub(super) exited: Recipient<Exited>,
}

impl Life {
    /// Starts a process of a program.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn begin(
        settings: &settings::Program,
        shared: &Context,
        number: u64,
        ears: Ears,
    ) -> io::Result<Self> {
        let mark = Mark::new(&settings.name, number);
        let (socket, path) = listen(&shared.notify_dir, &settings.name, number)?;
        if let Some(user) = &settings.limits.user {
            let_in(user, &path).inspect_err(|_kept_out| forget_socket(&path))?;
        }
        let (life, value) = mark.variable();
        let watchdog = settings
            .policy
            .watchdog
            .map(|within| within.as_micros().to_string());
        let mut environment: Vec<_> = settings
            .environment
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
            .collect();
        environment.push((OsStr::new("NOTIFY_SOCKET"), path.as_os_str()));
        environment.push((OsStr::new(life), value.as_os_str()));
        if let Some(watchdog) = &watchdog {
            environment.push((OsStr::new("WATCHDOG_USEC"), OsStr::new(watchdog)));
        }
        let held = shared.sockets.held().filter(|_| settings.takes_sockets);
        let sockets = held.as_deref().map(Listeners::named).unwrap_or_default();
        let spawned_at = shared.epoch.elapsed();
        let spawned = process::spawn(
            &Launch {
                command: &settings.command,
                args: &settings.args,
                environment,
                directory: &settings.directory,
                limits: &settings.limits,
                sockets: &sockets,
            },
            &shared.children,
        )
        .inspect_err(|_not_started| forget_socket(&path))?;
        let life = Self {
            number,
            group: spawned.pid,
            mark,
            spawned_at,
            known: Rc::default(),
        };
        let probe = match &settings.readiness {
            Probe::Http(address) => Address::parse(address), // looked at with the settings
            Probe::Notify | Probe::None => None,
        };
        let follower = Follower {
            number,
            group: life.group,
            mark: life.mark.clone(),
            known: Rc::clone(&life.known),
            ears,
            socket,
            path,
            tap: shared.logs.read(&settings.name, spawned.output),
        };
        actix_rt::spawn(follower.follow(spawned.child, spawned.claim, probe));
        Ok(life)
    }

    /// Sends a signal to its group.
    pub(super) fn signal(&self, signal: Signal) {
        send(self.group, signal);
    }

    /// Asks it to stop; from then on it is known what it had started, wherever that goes.
    pub(super) fn ask_to_stop(&self, signal: Signal) {
        self.known
            .replace(tree::remember(Some(self.group), &self.mark));
        self.signal(signal);
    }
}

/// Sends a signal to all processes of a group. That the group is empty is no error.
fn send(group: i32, signal: Signal) {
    if let Err(error) = process::signal_group(group, signal) {
        tracing::error!(pid = group, "cannot send {signal} to {group}: {error}");
    }
}

/// Name of the socket at which a life of a program says how it is.
pub(crate) fn notify_socket(folder: &Path, name: &str, life: u64) -> PathBuf {
    folder.join(format!("{name}.{:03}", life % NAMES))
}

/// A socket of its own for each life: nothing another one says can be taken for its own.
fn listen(folder: &Path, name: &str, life: u64) -> io::Result<(UnixDatagram, PathBuf)> {
    let path = notify_socket(folder, name, life);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = match UnixDatagram::bind(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Somebody deleted the folder.
            std::fs::create_dir_all(folder)?;
            UnixDatagram::bind(&path)?
        }
        bound => bound?,
    };
    Ok((socket, path))
}

/// Lets a program of another user reach its socket: that one is its own, the folders above it may be
/// passed through and not be looked into.
fn let_in(user: &User, socket: &Path) -> io::Result<()> {
    std::os::unix::fs::chown(socket, Some(user.uid), Some(user.gid))?;
    for folder in socket.ancestors().skip(1).take(2) {
        std::fs::set_permissions(folder, Permissions::from_mode(0o711))?;
    }
    Ok(())
}

fn forget_socket(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!("cannot remove {}: {error}", path.display());
    }
}

/// Follows one process to its end.
struct Follower {
    number: u64,
    group: i32,
    mark: Mark,
    known: Rc<RefCell<Remembered>>,
    ears: Ears,
    socket: UnixDatagram,
    path: PathBuf,
    tap: Tap,
}

impl Follower {
    async fn follow(self, mut child: Child, claim: Claim, probe: Option<Address>) {
        let status = self.until_it_ends(&mut child, probe).await;
        drop(claim);
        // Its number is free from now on, but nobody else gets it as a group this soon.
        send(self.group, Signal::KILL);
        let left = tree::sweep(Some(self.group), &self.mark, &self.known.take());
        let told = (!left.is_empty()).then(|| left.to_string());
        left.gone(GONE_LIMIT).await;
        self.hear_the_rest().await;
        self.tap.drained(DRAIN_LIMIT).await;
        forget_socket(&self.path);
        // The actor outlives its processes.
        self.ears
            .exited
            .send(Exited {
                life: self.number,
                status,
                left: told,
            })
            .await
            .unwrap_or_default();
    }

    async fn until_it_ends(
        &self,
        child: &mut Child,
        probe: Option<Address>,
    ) -> io::Result<ExitStatus> {
        let mut datagram = vec![0; DATAGRAM];
        let mut asks = probe.is_some();
        let answers = async {
            match &probe {
                Some(address) => until_it_answers(address).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(answers);
        loop {
            tokio::select! {
                biased;
                // First, so that a flood of notices does not hide it; what was said before is heard later.
                status = child.wait() => return status,
                received = self.socket.recv(&mut datagram) => match received {
                    Ok(count) => self.tell(notify::parse(datagram.get(..count).unwrap_or_default())).await,
                    Err(error) => {
                        tracing::error!("cannot hear a program: {}", Chain(&error));
                        return child.wait().await;
                    }
                },
                () = &mut answers, if asks => {
                    asks = false;
                    self.tell(vec![Notice::Answers]).await;
                }
            }
        }
    }

    /// What it said last may lie in the socket still.
    async fn hear_the_rest(&self) {
        let mut datagram = vec![0; DATAGRAM];
        while let Ok(count) = self.socket.try_recv(&mut datagram) {
            self.tell(notify::parse(datagram.get(..count).unwrap_or_default()))
                .await;
        }
    }

    async fn tell(&self, notices: Vec<Notice>) {
        let life = self.number;
        self.ears
            .noticed
            .send(Noticed { life, notices })
            .await
            .unwrap_or_default();
    }
}
