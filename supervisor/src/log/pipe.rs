//! Empties one pipe, whatever happens to what is read: a program must never wait for a full pipe because
//! a disk failed.
//!
//! Runs on the log thread. Leaves where the bytes go to [`super::Sink`].

use std::{
    cell::RefCell,
    io::{self, PipeReader, Read as _},
    rc::Rc,
};

use tokio::{
    net::unix::pipe::Receiver,
    sync::{mpsc, oneshot},
};

use super::Sink;

/// Bytes read at once, as much as the pipe holds.
const CHUNK: usize = 256 * 1024;

/// Chunks after which other pipes get their turn.
const CHUNKS_A_TURN: usize = 4;

/// Most that is read to empty the pipe of a process that ended: all it can have left there, and not
/// all that a process it started goes on writing.
const LEFT_AT_THE_END: usize = 1024 * 1024;

/// Asks a pump to take in what is in its pipe now, and to say when it has.
pub(super) type Drain = oneshot::Sender<()>;

/// One buffer serves all pipes of the thread, which reads them one at a time.
pub(super) type Buffer = Rc<RefCell<Vec<u8>>>;

pub(super) fn buffer() -> Buffer {
    Rc::new(RefCell::new(vec![0; CHUNK]))
}

/// Reads `pipe` until its last writer is gone and nobody asks for it any more.
pub(super) async fn pump(
    pipe: PipeReader,
    sink: Rc<RefCell<Sink>>,
    buffer: Buffer,
    mut drains: mpsc::UnboundedReceiver<Drain>,
) {
    let name = sink.borrow().name().to_owned();
    // The same pipe twice: tokio's reads only after it has seen an event, a drain must not wait.
    let both = pipe
        .try_clone()
        .and_then(|own| Ok((own, Receiver::from_owned_fd(pipe.into())?)));
    let (own, events) = match both {
        Ok(both) => both,
        Err(error) => {
            tracing::error!(process = name, "cannot read the output of {name}: {error}");
            return;
        }
    };
    let mut now = |bytes: &mut [u8]| (&own).read(bytes);
    let mut is_open = true;
    let mut is_watched = true;
    while is_open || is_watched {
        tokio::select! {
            drain = drains.recv(), if is_watched => match drain {
                Some(done) => {
                    let most = LEFT_AT_THE_END / CHUNK + 1;
                    is_open &= read(&mut now, &sink, &buffer, most).is_open;
                    sink.borrow_mut().end_line();
                    // Whoever asked may have stopped waiting.
                    done.send(()).unwrap_or_default();
                }
                None => is_watched = false,
            },
            ready = events.readable(), if is_open => match ready {
                Ok(()) => {
                    let mut next = |bytes: &mut [u8]| events.try_read(bytes);
                    let outcome = read(&mut next, &sink, &buffer, CHUNKS_A_TURN);
                    is_open = outcome.is_open;
                    if !outcome.is_empty {
                        tokio::task::yield_now().await;
                    }
                }
                Err(error) => {
                    tracing::error!(process = name, "cannot wait for the output of {name}: {error}");
                    is_open = false;
                }
            },
        }
    }
}

struct Outcome {
    /// Somebody can still write.
    is_open: bool,
    /// Nothing is left to read now.
    is_empty: bool,
}

fn read(
    next: &mut impl FnMut(&mut [u8]) -> io::Result<usize>,
    sink: &Rc<RefCell<Sink>>,
    buffer: &Buffer,
    chunks: usize,
) -> Outcome {
    let mut buffer = buffer.borrow_mut();
    for _ in 0..chunks {
        match next(&mut buffer) {
            Ok(0) => {
                return Outcome {
                    is_open: false,
                    is_empty: true,
                };
            }
            Ok(count) => sink
                .borrow_mut()
                .take(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Outcome {
                    is_open: true,
                    is_empty: true,
                };
            }
            Err(error) => {
                tracing::error!("cannot read the output of a program: {error}");
                return Outcome {
                    is_open: false,
                    is_empty: true,
                };
            }
        }
    }
    Outcome {
        is_open: true,
        is_empty: false,
    }
}
