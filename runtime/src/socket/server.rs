//! Listens on one socket: its file, who may connect, and going on whatever happens. Leaves a single
//! connection to `connection`.

use std::{
    fs::{DirBuilder, Permissions},
    future::Future,
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::Uid;
use schema::wire::Link;
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::connection::{self, Answers};
use crate::{chain::Chain, stop::Stop};

/// Longest path that fits an address of the kernel, which ends with a zero byte.
const MAX_PATH_BYTES: usize = 107;
/// How long all connections and changes may go on once stopping is asked for.
const GRACE: Duration = Duration::from_secs(1);
/// First pause after accepting failed; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The path does not fit.
    #[error(
        "the path of the socket {path} has {bytes} bytes, {MAX_PATH_BYTES} are possible; set \
         LISTSYNC_RUN_DIR to a shorter one"
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// Something else than a socket is there.
    #[error("{path} is in the way of a socket and is none; move it away")]
    Occupied {
        /// The path.
        path: PathBuf,
    },
    /// The socket or its directory cannot be made.
    #[error("cannot listen on the socket {path}")]
    Bind {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Answers the requests of one link. A function or closure of the same form is one too.
pub trait Handler<L: Link>: Clone + 'static {
    /// Answers `request`. Requests are handled side by side, also those of one connection. When the
    /// connection is closed the future is dropped at its next await, unless the request is a change
    /// ([`Link::is_change`]): those are carried out.
    fn handle(
        &self,
        request: L::Request,
        answers: Answers<L>,
    ) -> impl Future<Output = ()> + 'static;
}

impl<L, F, R> Handler<L> for F
where
    L: Link,
    F: Fn(L::Request, Answers<L>) -> R + Clone + 'static,
    R: Future<Output = ()> + 'static,
{
    fn handle(
        &self,
        request: L::Request,
        answers: Answers<L>,
    ) -> impl Future<Output = ()> + 'static {
        self(request, answers)
    }
}

/// Users whose processes may connect, beside our own and root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    /// Their ids. They also need to get at the socket: it and its directory are ours alone.
    pub uids: Vec<u32>,
}

impl Peers {
    pub(super) fn is_allowed(&self, uid: u32) -> bool {
        uid == 0 || uid == Uid::effective().as_raw() || self.uids.contains(&uid)
    }
}

/// Listens at `path` and answers until `stop`, for our own user and root. Runs on the current
/// arbiter.
///
/// # Errors
/// [`SocketError`] when the socket cannot be made; afterwards nothing ends it but `stop`.
pub async fn serve<L: Link, H: Handler<L>>(
    path: &Path,
    handler: H,
    stop: Stop,
) -> Result<(), SocketError> {
    serve_peers(path, Peers::default(), handler, stop).await
}

/// A socket that connections already queue at, so that a process can say it is ready before it
/// answers the first.
#[derive(Debug)]
pub struct Listening {
    listener: UnixListener,
    file: SocketFile,
}

/// Makes the socket at `path`; [`Listening::serve`] answers on it.
///
/// # Errors
/// [`SocketError`] when the socket cannot be made.
pub fn listen(path: &Path) -> Result<Listening, SocketError> {
    let (listener, file) = bind(path)?;
    tracing::debug!(socket = %path.display(), "listening on {}", path.display());
    Ok(Listening { listener, file })
}

impl Listening {
    /// Answers until `stop`, for our own user, root and `peers`. Runs on the current arbiter.
    pub async fn serve<L: Link, H: Handler<L>>(self, peers: Peers, handler: H, stop: Stop) {
        self.serve_if(move |uid| peers.is_allowed(uid), handler, stop)
            .await;
    }
}

/// As [`serve`], for more users.
///
/// # Errors
/// As [`serve`].
pub async fn serve_peers<L: Link, H: Handler<L>>(
    path: &Path,
    peers: Peers,
    handler: H,
    stop: Stop,
) -> Result<(), SocketError> {
    serve_if(path, move |uid| peers.is_allowed(uid), handler, stop).await
}

/// As [`serve`], asking `is_allowed` about the user of each connection.
pub(super) async fn serve_if<L: Link, H: Handler<L>>(
    path: &Path,
    is_allowed: impl Fn(u32) -> bool + 'static,
    handler: H,
    stop: Stop,
) -> Result<(), SocketError> {
    listen(path)?.serve_if(is_allowed, handler, stop).await;
    Ok(())
}

impl Listening {
    async fn serve_if<L: Link, H: Handler<L>>(
        self,
        is_allowed: impl Fn(u32) -> bool + 'static,
        handler: H,
        stop: Stop,
    ) {
        let Self { listener, file } = self;
        let mut connections = JoinSet::new();
        let changes = Changes::default();
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => break,
                Some(ended) = connections.join_next() => note(ended),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        pause = FIRST_PAUSE;
                        connections.spawn_local(admit::<L, H, _>(stream, &is_allowed, &handler, &stop, &changes));
                    }
                    Err(error) => {
                        // EMFILE and the like: connections that end make room again.
                        tracing::warn!("cannot accept a connection: {}", Chain(&error));
                        tokio::select! {
                            () = stop.requested() => break,
                            () = tokio::time::sleep(pause) => {}
                        }
                        pause = (pause * 2).min(MAX_PAUSE);
                    }
                },
            }
        }
        drop(listener);
        file.remove();
        let ended = async {
            let of_connections = async {
                while let Some(ended) = connections.join_next().await {
                    note(ended);
                }
            };
            tokio::join!(of_connections, changes.ended());
        };
        // Whatever they wait for: a caller that does not read would hold up a write for ever.
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!(
                "{} connections to {} and {} changes did not end in {} s",
                connections.len(),
                L::PEER,
                changes.begun.len(),
                GRACE.as_secs()
            );
            connections.shutdown().await;
        }
    }
}

/// The changes that were begun, which outlive the connections that asked for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    pub(super) begun: TaskTracker,
    /// Set when the process stops.
    pub(super) stopping: CancellationToken,
}

impl Changes {
    /// Tells them to end and waits until they have.
    async fn ended(&self) {
        self.stopping.cancel();
        self.begun.close();
        self.begun.wait().await;
    }
}

/// The future of one connection; it borrows nothing.
fn admit<L: Link, H: Handler<L>, A: Fn(u32) -> bool + 'static>(
    stream: UnixStream,
    is_allowed: &A,
    handler: &H,
    stop: &Stop,
    changes: &Changes,
) -> impl Future<Output = ()> + use<L, H, A> {
    let allowed = match stream.peer_cred() {
        Ok(peer) if is_allowed(peer.uid()) => Ok(()),
        Ok(peer) => Err(format!("user {} may not use this socket", peer.uid())),
        Err(error) => Err(format!(
            "the user of this connection cannot be told: {error}"
        )),
    };
    let (handler, stop, changes) = (handler.clone(), stop.clone(), changes.clone());
    async move {
        match allowed {
            Ok(()) => connection::run::<L, H>(stream, handler, stop, changes).await,
            Err(reason) => {
                tracing::warn!("refused a connection to {}: {reason}", L::PEER);
                connection::refuse::<L>(stream, reason).await;
            }
        }
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection ended in a fault: {}", Chain(&error));
    }
}

fn bind(path: &Path) -> Result<(UnixListener, SocketFile), SocketError> {
    let bytes = path.as_os_str().len();
    if bytes > MAX_PATH_BYTES {
        return Err(SocketError::PathTooLong {
            path: path.to_owned(),
            bytes,
        });
    }
    let failed = |source| SocketError::Bind {
        path: path.to_owned(),
        source,
    };
    make_directory(path).map_err(failed)?;
    match std::fs::symlink_metadata(path) {
        // Left by a process that was killed; binding does not replace it.
        Ok(found) if found.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(failed)?;
        }
        Ok(_) => {
            return Err(SocketError::Occupied {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    let file = SocketFile::of(path).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok((listener, file))
}

fn make_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// The file of a socket that we made, by its inode: a successor may have put its own there.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            inode: inode(path)?,
        })
    }

    fn remove(self) {
        match inode(&self.path) {
            Ok(inode) if inode == self.inode => {
                if let Err(error) = std::fs::remove_file(&self.path) {
                    tracing::warn!("cannot remove {}: {}", self.path.display(), Chain(&error));
                }
            }
            _ => tracing::debug!("{} is no longer ours to remove", self.path.display()),
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}
