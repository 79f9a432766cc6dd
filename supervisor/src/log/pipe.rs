//! Empties one pipe, whatever happens to what is read: a program must never wait for a full pipe because
//! a disk failed.
//!
//! Runs on the log thread. Leaves where the bytes go to [`super::sink`].

use std::{
    cell::RefCell,
    io::{self, PipeReader, Read as _},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    net::unix::pipe::Receiver,
    sync::{mpsc, oneshot},
};

use super::{
    limit,
    sink::{Sink, Writer},
};

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Chunks after which other pipes get their turn.
const CHUNKS_A_TURN: usize = 4;

/// How long a writer in full swing is left alone, instead of being met at every line. The pipe holds much
/// more than is written in that time.
const NAP: Duration = Duration::from_micros(500);

/// Bytes that were waiting after a nap when the pipe is about to fill up: its writer must not wait for us.
const NEARLY_FULL: usize = 160 * 1024;

/// Turns without a nap after the pipe was nearly full.
const AWAKE: u32 = 64;

/// Events that are closer together than this are of a writer in full swing.
const SWING: Duration = Duration::from_millis(2);

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
    let writer = sink.borrow_mut().writer();
    let mut now = |bytes: &mut [u8]| (&own).read(bytes);
    let mut is_open = true;
    let mut is_watched = true;
    let mut swing = Swing::default();
    while is_open || is_watched {
        let has_left_out = sink.borrow().has_left_out();
        tokio::select! {
            drain = drains.recv(), if is_watched => match drain {
                Some(done) => {
                    let most = LEFT_AT_THE_END / CHUNK + 1;
                    is_open &= read(&mut now, (&sink, writer), &buffer, most).is_open;
                    sink.borrow_mut().end_line(writer);
                    // Whoever asked may have stopped waiting.
                    done.send(()).unwrap_or_default();
                }
                None => is_watched = false,
            },
            ready = events.readable(), if is_open && !swing.is_full => match ready {
                Ok(()) => {
                    let mut next = |bytes: &mut [u8]| events.try_read(bytes);
                    let outcome = read(&mut next, (&sink, writer), &buffer, CHUNKS_A_TURN);
                    is_open = outcome.is_open;
                    swing.event(&outcome);
                }
                Err(error) => {
                    tracing::error!(process = name, "cannot wait for the output of {name}: {error}");
                    is_open = false;
                }
            },
            () = tokio::task::yield_now(), if is_open && swing.is_full => {
                swing.nap();
                let outcome = read(&mut now, (&sink, writer), &buffer, CHUNKS_A_TURN);
                is_open = outcome.is_open;
                swing.turn(&outcome);
            },
            () = tokio::time::sleep(limit::CALM), if has_left_out && !swing.is_full => {
                sink.borrow_mut().tell_left_out();
            },
        }
    }
}

/// Whether a writer writes so much that it is not waited for by events.
#[derive(Default)]
struct Swing {
    last: Option<Instant>,
    is_full: bool,
    /// Turns that are to come without a nap.
    awake: u32,
}

impl Swing {
    /// An event led to a read.
    fn event(&mut self, outcome: &Outcome) {
        let now = Instant::now();
        let last = self.last.replace(now);
        self.look(outcome);
        self.is_full = !outcome.is_empty || last.is_some_and(|last| now - last < SWING);
    }

    /// A read without an event.
    fn turn(&mut self, outcome: &Outcome) {
        self.last = Some(Instant::now());
        self.look(outcome);
        self.is_full = outcome.bytes > 0;
    }

    fn look(&mut self, outcome: &Outcome) {
        self.awake = if outcome.bytes >= NEARLY_FULL {
            AWAKE
        } else {
            self.awake.saturating_sub(1)
        };
    }

    /// Leaves the writer alone for a moment, unless the pipe is filling up.
    #[expect(
        clippy::disallowed_methods,
        reason = "a timer would look at every event meanwhile, which is what this is to avoid; no actor runs here"
    )]
    fn nap(&self) {
        if self.awake == 0 {
            std::thread::sleep(NAP);
        }
    }
}

struct Outcome {
    /// Somebody can still write.
    is_open: bool,
    /// Nothing is left to read now.
    is_empty: bool,
    /// Bytes that were read.
    bytes: usize,
}

/// Reads until nothing is left, but no more than `chunks` times.
fn read(
    next: &mut impl FnMut(&mut [u8]) -> io::Result<usize>,
    (sink, writer): (&Rc<RefCell<Sink>>, Writer),
    buffer: &Buffer,
    chunks: usize,
) -> Outcome {
    let mut buffer = buffer.borrow_mut();
    let mut outcome = Outcome {
        is_open: true,
        is_empty: true,
        bytes: 0,
    };
    for _ in 0..chunks {
        match next(&mut buffer) {
            Ok(0) => {
                outcome.is_open = false;
                return outcome;
            }
            Ok(count) => {
                outcome.bytes += count;
                sink.borrow_mut()
                    .take(writer, buffer.get(..count).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return outcome,
            Err(error) => {
                tracing::error!("cannot read the output of a program: {error}");
                outcome.is_open = false;
                return outcome;
            }
        }
    }
    outcome.is_empty = false;
    outcome
}
