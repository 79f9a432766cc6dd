//! Calls a socket: one connection a call, typed errors, waiting for a peer that is being restarted.
//! Leaves whether to ask again to the caller.

use std::{
    io,
    marker::PhantomData,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::StreamExt;
use schema::wire::{
    Envelope, Failure, FailureCode, Link, MAX_LINE_BYTES, WireError, decode_answer, encode_request,
};
use tokio::{
    io::AsyncWriteExt,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::Instant,
};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

use crate::settings::PathSettings;

/// First delay before an absent socket is tried again; it doubles up to [`MAX_DELAY`].
const FIRST_DELAY: Duration = Duration::from_millis(5);
const MAX_DELAY: Duration = Duration::from_millis(250);
/// How long even a client without patience stands in the queue of a peer that is there.
const CROWD_WAIT: Duration = Duration::from_secs(1);

/// Numbers the requests of this process, so that logs of both sides can be put together.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("{peer} cannot be reached at {path}; is it running?")]
    Unreachable {
        /// Who should listen.
        peer: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection ended before the last answer; the request may have been carried out.
    #[error("the connection to {peer} was lost before it answered")]
    Lost {
        /// Who should have answered.
        peer: &'static str,
    },
    /// The answer is a failure.
    #[error("{0}")]
    Failed(Failure),
    /// The request cannot be sent or the answer not be read: the two sides do not fit together.
    #[error("{peer} and this process do not understand each other; are they of one version?")]
    Wire {
        /// Who answered.
        peer: &'static str,
        /// What is wrong with the line.
        source: WireError,
    },
}

impl CallError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Failed(failure) => failure.code.is_retryable(),
            Self::Wire { .. } => false,
        }
    }

    /// What the person can do, where the answering side said so.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            Self::Failed(failure) => failure.remedy.as_deref(),
            _ => None,
        }
    }

    /// The same as a [`Failure`], for passing it on to one's own caller.
    pub fn to_failure(&self) -> Failure {
        match self {
            Self::Failed(failure) => failure.clone(),
            Self::Unreachable { .. } | Self::Lost { .. } => {
                Failure::new(FailureCode::Unavailable, self.to_string())
            }
            Self::Wire { .. } => Failure::new(FailureCode::Internal, self.to_string()),
        }
    }
}

/// Calls one link. Clones call the same socket.
#[derive(Debug)]
pub struct Client<L> {
    path: PathBuf,
    patience: Duration,
    link: PhantomData<fn() -> L>,
}

impl<L> Clone for Client<L> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            patience: self.patience,
            link: PhantomData,
        }
    }
}

impl<L: Link> Client<L> {
    /// Calls the link's socket in the run directory. A peer that is not there is an error at once.
    pub fn new(paths: &PathSettings) -> Self {
        Self::at(paths.socket(L::SOCKET))
    }

    /// Calls the socket at `path`.
    pub fn at(path: PathBuf) -> Self {
        Self {
            path,
            patience: Duration::ZERO,
            link: PhantomData,
        }
    }

    /// Waits up to `wait` for a peer that is not there, looking at growing intervals from 5 ms.
    #[must_use]
    pub fn patient(self, wait: Duration) -> Self {
        Self {
            patience: wait,
            ..self
        }
    }

    /// Asks and waits for the answer. Dropping the future closes the connection, which cancels the
    /// request on the other side.
    ///
    /// # Errors
    /// [`CallError`]; a [`Failure`] as answer is [`CallError::Failed`].
    pub async fn call(&self, request: L::Request) -> Result<L::Answer, CallError> {
        let mut stream = self.stream(request).await?;
        match stream.next().await? {
            Some(answer) => Ok(answer),
            None => Err(CallError::Lost { peer: L::PEER }),
        }
    }

    /// Asks for what has many answers. Dropping the stream closes the connection, which cancels the
    /// request on the other side.
    ///
    /// # Errors
    /// [`CallError::Unreachable`], and [`CallError::Wire`] for a request that is too long.
    pub async fn stream(&self, request: L::Request) -> Result<Stream<L>, CallError> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let line = encode_request(id, &request).map_err(|source| CallError::Wire {
            peer: L::PEER,
            source,
        })?;
        let (read, mut write) = self.connect().await?.into_split();
        // A peer that refuses us may have closed already; its answer says why, so read it first.
        if let Err(error) = write.write_all(line.as_bytes()).await {
            tracing::debug!("cannot send all of request {id} to {}: {error}", L::PEER);
        }
        Ok(Stream {
            id,
            lines: FramedRead::new(read, LinesCodec::new_with_max_length(MAX_LINE_BYTES)),
            _write: write,
            is_over: false,
            link: PhantomData,
        })
    }

    async fn connect(&self) -> Result<UnixStream, CallError> {
        let begun = Instant::now();
        let mut delay = FIRST_DELAY;
        loop {
            let error = match UnixStream::connect(&self.path).await {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            let left = self.patience_with(&error).saturating_sub(begun.elapsed());
            if left.is_zero() {
                let (peer, path) = (L::PEER, self.path.clone());
                return Err(CallError::Unreachable {
                    peer,
                    path,
                    source: error,
                });
            }
            tokio::time::sleep(delay.min(left)).await;
            delay = (delay * 2).min(MAX_DELAY);
        }
    }

    fn patience_with(&self, error: &io::Error) -> Duration {
        match error.kind() {
            // Not there, or its file is left of a process that was killed.
            io::ErrorKind::NotFound
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset => self.patience,
            // There, with more callers than the kernel keeps waiting.
            io::ErrorKind::WouldBlock => self.patience.max(CROWD_WAIT),
            _ => Duration::ZERO,
        }
    }
}

/// The answers to one request.
#[derive(Debug)]
pub struct Stream<L> {
    id: u64,
    lines: FramedRead<OwnedReadHalf, LinesCodec>,
    /// Kept open: closing it is what tells the other side that nobody waits.
    _write: OwnedWriteHalf,
    is_over: bool,
    link: PhantomData<fn() -> L>,
}

impl<L: Link> Stream<L> {
    /// The next answer; the last one is given too, after it there is `None`.
    ///
    /// # Errors
    /// [`CallError`]; after one there is nothing more.
    pub async fn next(&mut self) -> Result<Option<L::Answer>, CallError> {
        if self.is_over {
            return Ok(None);
        }
        let read = self.read().await;
        match &read {
            Ok(answer) if answer.more => {}
            _ => self.is_over = true,
        }
        let answer = read?.body;
        match L::failure(&answer) {
            Some(failure) => {
                self.is_over = true;
                Err(CallError::Failed(failure.clone()))
            }
            None => Ok(Some(answer)),
        }
    }

    /// Whether the last answer has been given.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    async fn read(&mut self) -> Result<Envelope<L::Answer>, CallError> {
        let wire = |source| CallError::Wire {
            peer: L::PEER,
            source,
        };
        let line = match self.lines.next().await {
            Some(Ok(line)) => line,
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                return Err(wire(WireError::TooLong {
                    bytes: MAX_LINE_BYTES + 1,
                }));
            }
            Some(Err(LinesCodecError::Io(error))) => {
                tracing::debug!("cannot read from {}: {error}", L::PEER);
                return Err(CallError::Lost { peer: L::PEER });
            }
            None => return Err(CallError::Lost { peer: L::PEER }),
        };
        let envelope: Envelope<L::Answer> = decode_answer(&line).map_err(wire)?;
        // Id 0 is of a failure to read what was sent.
        if envelope.id != self.id && envelope.id != 0 {
            let reason = format!("it answers request {}, not {}", envelope.id, self.id);
            return Err(wire(WireError::Envelope { reason }));
        }
        Ok(envelope)
    }
}
