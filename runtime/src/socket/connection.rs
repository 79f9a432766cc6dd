//! One connection of a server: lines in, handlers side by side, lines out, and what ends it.
//! Leaves who may connect to `server` and bytes of messages to `schema::wire`.

use std::{io, marker::PhantomData, os::fd::AsFd, time::Duration};

use futures_util::StreamExt;
use schema::wire::{
    self, Envelope, Failure, FailureCode, Link, MAX_LINE_BYTES, WireError, decode_request,
    encode_answer,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    sync::CancellationToken,
};
use tracing::Instrument;

use super::server::{Changes, Handler};
use crate::{chain::Chain, stop::Stop};

/// Answers that may wait for a slow reader before its handler has to.
const QUEUE: usize = 64;
/// Requests of one connection that are handled at a time; the next ones wait in the socket.
const MOST_AT_A_TIME: usize = 256;
/// How long handlers may go on once stopping is asked for; what is left of the server's time is for
/// their answers.
const GRACE: Duration = Duration::from_millis(700);
/// How long the rest of a refused caller's line is read, so that it gets to read why.
const DRAIN: Duration = Duration::from_millis(500);

/// The caller has hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the caller has hung up")]
pub struct Gone;

/// The way back to the caller of one request. Dropping it without [`Answers::last`] tells the caller
/// that something went wrong.
#[derive(Debug)]
pub struct Answers<L: Link> {
    id: u64,
    lines: mpsc::Sender<String>,
    cancelled: CancellationToken,
    is_open: bool,
    link: PhantomData<fn() -> L>,
}

impl<L: Link> Answers<L> {
    /// Sends an answer that others follow. Waits while the caller reads slowly.
    ///
    /// # Errors
    /// [`Gone`] when nobody reads any more.
    pub async fn more(&self, answer: L::Answer) -> Result<(), Gone> {
        let line = self.line(true, &answer);
        self.lines.send(line).await.map_err(|_unsent| Gone)
    }

    /// Sends the only or last answer. A caller who has hung up is none of the handler's business.
    pub async fn last(mut self, answer: L::Answer) {
        self.is_open = false;
        let line = self.line(false, &answer);
        if self.lines.send(line).await.is_err() {
            tracing::debug!("the caller hung up before its answer");
        }
    }

    /// Sends a failure as the last answer.
    pub async fn fail(self, failure: Failure) {
        self.last(failure.into()).await;
    }

    /// Set when the caller hangs up or the process stops; for a change only when the process stops.
    pub fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// The id the caller gave its request.
    pub fn request_id(&self) -> u64 {
        self.id
    }

    fn line(&self, more: bool, answer: &L::Answer) -> String {
        encode_answer(self.id, more, answer).unwrap_or_else(|error| {
            tracing::error!("cannot send an answer: {}", Chain(&error));
            line_of::<L>(
                self.id,
                Failure::new(FailureCode::Internal, error.to_string()),
            )
        })
    }
}

impl<L: Link> Drop for Answers<L> {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let failure = if self.cancelled.is_cancelled() {
            Failure::new(FailureCode::Cancelled, "the request was cancelled")
        } else {
            tracing::error!(request.id = self.id, "a request was left without an answer");
            Failure::new(
                FailureCode::Internal,
                format!("{} left the request unanswered", L::PEER),
            )
        };
        let line = line_of::<L>(self.id, failure);
        if let Err(mpsc::error::TrySendError::Full(line)) = self.lines.try_send(line) {
            // Dropping cannot wait for the reader, a task can; without a runtime nobody reads.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                let lines = self.lines.clone();
                runtime.spawn(async move { lines.send(line).await.unwrap_or_default() });
            }
        }
    }
}

fn line_of<L: Link>(id: u64, failure: Failure) -> String {
    encode_answer(id, false, &L::Answer::from(failure)).unwrap_or_else(|error| {
        tracing::error!("cannot even send a failure: {}", Chain(&error));
        String::new()
    })
}

/// Why reading requests ended.
enum End {
    /// The caller sends no more; it may still wait for answers.
    Eof,
    /// A line was no message.
    Bad(u64, Failure),
    /// The connection broke.
    Broken,
    /// The process stops.
    Stopping,
}

/// Serves one connection until it is closed, a line is malformed, or `stop`.
pub(super) async fn run<L: Link, H: Handler<L>>(
    stream: UnixStream,
    handler: H,
    stop: Stop,
    changes: Changes,
) {
    // A second descriptor with its own readiness: the writer must not miss edges that we consume.
    let watch = match second(&stream) {
        Ok(watch) => watch,
        Err(error) => {
            tracing::warn!("cannot watch a connection: {}", Chain(&error));
            return;
        }
    };
    let (read, write) = stream.into_split();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let cancelled = CancellationToken::new();
    let _cancel_at_the_end = cancelled.clone().drop_guard();
    let closing = CancellationToken::new();
    let mut reader = FramedRead::new(read, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
    let mut running = JoinSet::new();
    let serving = async {
        let end = {
            let requests = Requests {
                handler: &handler,
                lines: &sender,
                cancelled: &cancelled,
                changes: &changes,
            };
            requests.take::<L>(&mut reader, &mut running, &stop).await
        };
        let (is_bad, is_early) = (matches!(end, End::Bad(..)), !matches!(end, End::Eof));
        match end {
            // `printf … | socat -` closes its half and waits for the answer.
            End::Eof => {
                tokio::select! {
                    () = all_of(&mut running) => {}
                    () = stop.requested() => stopping(&cancelled, &mut running).await,
                }
            }
            End::Bad(id, failure) => {
                tracing::warn!("closing a connection: {failure}");
                sender
                    .send(line_of::<L>(id, failure))
                    .await
                    .unwrap_or_default(); // gone: no reader
            }
            End::Stopping => stopping(&cancelled, &mut running).await,
            End::Broken => {}
        }
        cancelled.cancel(); // those that are dropped now were not left unanswered by their handler
        running.shutdown().await;
        drop(sender);
        if is_early {
            closing.cancel();
        }
        is_bad
    };
    let served = async {
        let (is_bad, writer) = tokio::join!(serving, write_lines(write, receiver, &closing));
        (is_bad, writer)
    };
    tokio::select! {
        (is_bad, writer) = served => {
            if is_bad && let Ok(writer) = writer {
                finish(writer, reader.into_inner()).await;
            }
        }
        () = hung_up(&watch) => {}
    }
}

/// Tells a caller who may not be here why, and closes.
pub(super) async fn refuse<L: Link>(stream: UnixStream, reason: String) {
    let (read, mut write) = stream.into_split();
    let line = line_of::<L>(0, Failure::new(FailureCode::Invalid, reason));
    match write.write_all(line.as_bytes()).await {
        Ok(()) => finish(write, read).await,
        Err(error) => tracing::debug!("the refused caller had gone: {}", Chain(&error)),
    }
}

/// Ends our half and reads what the caller still sends: closing with unread bytes would reset the
/// connection before the caller has read its answer.
async fn finish(write: OwnedWriteHalf, mut read: OwnedReadHalf) {
    drop(write);
    let drained = async {
        let mut bytes = [0; 4096];
        while read.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::debug!("closed on a caller that went on sending");
    }
}

async fn all_of(running: &mut JoinSet<()>) {
    while let Some(ended) = running.join_next().await {
        note(ended);
    }
}

async fn stopping(cancelled: &CancellationToken, running: &mut JoinSet<()>) {
    cancelled.cancel();
    if tokio::time::timeout(GRACE, all_of(running)).await.is_err() {
        tracing::warn!(
            "{} requests did not end in {} ms",
            running.len(),
            GRACE.as_millis()
        );
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a request ended in a fault: {}", Chain(&error));
    }
}

struct Requests<'a, H> {
    handler: &'a H,
    lines: &'a mpsc::Sender<String>,
    cancelled: &'a CancellationToken,
    changes: &'a Changes,
}

impl<H> Requests<'_, H> {
    async fn take<L: Link>(
        &self,
        reader: &mut FramedRead<impl AsyncRead + Unpin, LinesCodec>,
        running: &mut JoinSet<()>,
        stop: &Stop,
    ) -> End
    where
        H: Handler<L>,
    {
        loop {
            let has_room = running.len() < MOST_AT_A_TIME;
            tokio::select! {
                biased;
                () = stop.requested() => return End::Stopping,
                Some(ended) = running.join_next() => note(ended),
                line = reader.next(), if has_room => match line {
                    None => return End::Eof,
                    Some(Ok(line)) if line.trim().is_empty() => {}
                    Some(Ok(line)) => match decode_request::<L::Request>(&line) {
                        Ok(envelope) => self.begin(envelope, running),
                        Err(error) => return End::Bad(error.id(), Failure::from(&error)),
                    },
                    Some(Err(error)) => return bad_line(&error),
                },
            }
        }
    }

    fn begin<L: Link>(&self, envelope: Envelope<L::Request>, running: &mut JoinSet<()>)
    where
        H: Handler<L>,
    {
        let id = envelope.id;
        let is_change = L::is_change(&envelope.body);
        let cancelled = if is_change {
            self.changes.stopping.child_token()
        } else {
            self.cancelled.child_token()
        };
        let answers = Answers {
            id,
            lines: self.lines.clone(),
            cancelled,
            is_open: true,
            link: PhantomData::<fn() -> L>,
        };
        let span = tracing::info_span!("request", request.id = id);
        let handled = self.handler.handle(envelope.body, answers).instrument(span);
        if is_change {
            // The connection waits for it; ending the wait does not end the change.
            let change = self.changes.begun.spawn_local(handled);
            running.spawn_local(async move { note(change.await) });
        } else {
            running.spawn_local(handled);
        }
    }
}

fn bad_line(error: &LinesCodecError) -> End {
    let failure = |reason: String| Failure::new(FailureCode::BadFrame, reason);
    match error {
        LinesCodecError::MaxLineLengthExceeded => End::Bad(
            0,
            failure(format!("the line is longer than {MAX_LINE_BYTES} bytes")),
        ),
        LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            let error = WireError::Envelope {
                reason: "it is no UTF-8".into(),
            };
            End::Bad(0, wire::Failure::from(&error))
        }
        LinesCodecError::Io(_) => End::Broken,
    }
}

/// Writes lines until nobody has any more, or those that are there when `closing` is set. Those that
/// wait together leave together.
async fn write_lines(
    mut write: OwnedWriteHalf,
    mut lines: mpsc::Receiver<String>,
    closing: &CancellationToken,
) -> io::Result<OwnedWriteHalf> {
    let mut batch = Vec::new();
    let mut is_closed = false;
    loop {
        tokio::select! {
            biased;
            () = closing.cancelled(), if !is_closed => {
                is_closed = true;
                lines.close();
            }
            taken = lines.recv_many(&mut batch, QUEUE) => {
                if taken == 0 {
                    return Ok(write);
                }
                write.write_all(batch.concat().as_bytes()).await?;
                batch.clear();
            }
        }
    }
}

/// The same connection once more, with a descriptor and a readiness of its own.
fn second(stream: &UnixStream) -> io::Result<UnixStream> {
    let descriptor = stream.as_fd().try_clone_to_owned()?;
    UnixStream::from_std(std::os::unix::net::UnixStream::from(descriptor))
}

/// Waits until the caller has closed its whole end; a closed half is no hang-up.
async fn hung_up(watch: &UnixStream) {
    loop {
        match watch.ready(Interest::WRITABLE).await {
            Ok(ready) if !ready.is_write_closed() => {
                // "Would block" is how tokio is told to wait for the next change.
                let waited = watch.try_io(Interest::WRITABLE, || {
                    Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock))
                });
                debug_assert!(waited.is_err());
            }
            _ => return,
        }
    }
}
