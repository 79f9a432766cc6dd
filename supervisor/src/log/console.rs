//! Our own stdout: the lines of all programs in one stream.
//!
//! A thread of its own writes, since a terminal or `docker logs` may stop reading. Then lines are
//! dropped and counted; nothing waits for it. Leaves how lines look to [`super::merge`], files and
//! `tail`, which lose nothing by that, to their own modules.

use std::{
    fs::File,
    io::{self, Write},
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use runtime::Clock;

use super::{
    merge::{self, Look},
    ring::newlines,
};

/// Bytes that wait to be written at the most.
const WAITING_BYTES: usize = 1024 * 1024;

/// Bytes that are made ready to be written at once, and room for that which is kept.
const AT_ONCE: usize = 16 * 1024;
const KEPT_ROOM: usize = 128 * 1024;

/// Bytes that a piece takes beside its lines, about.
const PIECE_BYTES: usize = 128;

/// The device that takes everything and shows nothing.
const NOWHERE: &str = "/dev/null";

/// A piece of stdout.
enum Piece {
    /// Complete lines of one program.
    Lines {
        name: Arc<str>,
        bytes: Vec<u8>,
        came_at: DateTime<Utc>,
    },
    /// Answered when all before it is written.
    Flush(mpsc::Sender<()>),
}

/// Where lines for stdout are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    /// None when nobody can read what is written.
    pieces: Option<mpsc::Sender<Piece>>,
    clock: Clock,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Bytes that wait to be written.
    waiting: AtomicUsize,
    /// Lines dropped, and those of them that the reader was not told of.
    dropped: AtomicU64,
    untold: AtomicU64,
}

impl Counts {
    fn drop_lines(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
        self.untold.fetch_add(lines, Ordering::Relaxed);
    }
}

impl Console {
    /// Writes to our stdout, for people or as JSON; to nowhere at no cost.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn stdout(is_for_people: bool) -> io::Result<Self> {
        if is_nowhere() {
            return Ok(Self {
                pieces: None,
                clock: Clock::system(),
                counts: Arc::default(),
            });
        }
        Self::start(io::stdout(), is_for_people, Clock::system())
    }

    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        is_for_people: bool,
        clock: Clock,
    ) -> io::Result<Self> {
        let (pieces, received) = mpsc::channel();
        let counts = Arc::<Counts>::default();
        let look = if is_for_people {
            Look::People
        } else {
            Look::Machines
        };
        let writer = Writer {
            out,
            look,
            counts: Arc::clone(&counts),
            text: Vec::new(),
        };
        std::thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || writer.write(received))?;
        Ok(Self {
            pieces: Some(pieces),
            clock,
            counts,
        })
    }

    /// Whether anybody can read what is written.
    pub(super) fn is_read(&self) -> bool {
        self.pieces.is_some()
    }

    /// Lines that nobody read, since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Hands in complete lines; drops them when too many wait.
    pub(crate) fn offer(&self, name: &Arc<str>, bytes: &[u8]) {
        let Some(pieces) = &self.pieces else {
            return;
        };
        if bytes.is_empty() {
            return;
        }
        let counts = &self.counts;
        let cost = bytes.len() + PIECE_BYTES;
        let waiting = counts.waiting.fetch_add(cost, Ordering::Relaxed);
        let is_taken = waiting < WAITING_BYTES
            && pieces
                .send(Piece::Lines {
                    name: Arc::clone(name),
                    bytes: bytes.to_vec(),
                    came_at: self.clock.now_utc(),
                })
                .is_ok();
        if !is_taken {
            counts.waiting.fetch_sub(cost, Ordering::Relaxed);
            counts.drop_lines(newlines(bytes));
        }
    }

    /// Waits until everything handed in is written, for as long as `limit`. Blocks: only for the very end.
    pub(crate) fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::channel();
        let pieces = self.pieces.as_ref();
        if pieces.is_some_and(|pieces| pieces.send(Piece::Flush(done)).is_ok()) {
            // After the limit the end does not wait for a terminal that is stuck.
            written.recv_timeout(limit).unwrap_or_default();
        }
    }
}

/// The thread's side.
struct Writer<Out> {
    out: Out,
    look: Look,
    counts: Arc<Counts>,
    text: Vec<u8>,
}

impl<Out: Write> Writer<Out> {
    fn write(mut self, pieces: mpsc::Receiver<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Lines {
                    name,
                    bytes,
                    came_at,
                } => {
                    if self.write_lines(&name, &bytes, came_at).is_err() {
                        // A closed stdout is nobody's fault; the files have it all.
                        self.counts.drop_lines(newlines(&bytes));
                    }
                    let cost = bytes.len() + PIECE_BYTES;
                    self.counts.waiting.fetch_sub(cost, Ordering::Relaxed);
                }
                // Who asked may have stopped waiting.
                Piece::Flush(done) => done.send(()).unwrap_or_default(),
            }
        }
    }

    fn write_lines(&mut self, name: &str, bytes: &[u8], came_at: DateTime<Utc>) -> io::Result<()> {
        self.tell_dropped(came_at)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let most = rest.get(..AT_ONCE).unwrap_or(rest);
            let end = memchr::memrchr(b'\n', most).or_else(|| memchr::memchr(b'\n', rest));
            let end = end.map_or(rest.len(), |newline| newline + 1);
            let (lines, more) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = more;
            self.text.clear();
            merge::add(&mut self.text, self.look, name, lines, came_at);
            self.out.write_all(&self.text)?;
        }
        // Many short lines make a long text.
        self.text.shrink_to(KEPT_ROOM);
        self.out.flush()
    }

    fn tell_dropped(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        let lost = self.counts.untold.swap(0, Ordering::Relaxed);
        if lost == 0 {
            return Ok(());
        }
        let message = format!(
            "{lost} lines were not printed here, nobody was reading; the log files have them"
        );
        let told = self.out.write_all(&merge::notice(self.look, &message, now));
        if told.is_err() {
            self.counts.untold.fetch_add(lost, Ordering::Relaxed);
        }
        told
    }
}

fn is_nowhere() -> bool {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let device = |about: std::fs::Metadata| (about.rdev(), about.ino());
    let stdout = stdout.and_then(|stdout| stdout.metadata()).map(device);
    let nowhere = std::fs::metadata(NOWHERE).map(device);
    // Where either cannot be told, it is written to.
    matches!((stdout, nowhere), (Ok(stdout), Ok(nowhere)) if stdout == nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes bytes only when it is let.
    struct Stuck(mpsc::Receiver<()>, Page);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().ok();
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn clock() -> Clock {
        Clock::fixed(DateTime::from_timestamp(0, 0).unwrap().naive_utc())
    }

    #[test]
    fn each_line_says_when_and_who() {
        for (is_for_people, expected) in [
            (
                true,
                "1970-01-01T00:00:00.000Z api            | a\n1970-01-01T00:00:00.000Z api            | b\n",
            ),
            (
                false,
                "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"process\":\"api\",\"level\":\"INFO\",\"message\":\"a\"}\n\
                 {\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"process\":\"api\",\"level\":\"INFO\",\"message\":\"b\"}\n",
            ),
        ] {
            let page = Page::default();
            let console = Console::start(page.clone(), is_for_people, clock()).unwrap();
            console.offer(&"api".into(), b"a\nb\n");
            console.flush(Duration::from_secs(10));
            assert_eq!(
                String::from_utf8(page.0.lock().unwrap().clone()).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn a_reader_that_stops_costs_lines_that_are_counted_and_no_time() {
        let (let_it, stuck) = mpsc::channel();
        let page = Page::default();
        let console = Console::start(Stuck(stuck, page.clone()), false, clock()).unwrap();
        let line = [vec![b'x'; 1023], vec![b'\n']].concat();
        for _ in 0..10_000 {
            console.offer(&"api".into(), &line);
        }
        drop(let_it);
        console.flush(Duration::from_secs(10));
        console.offer(&"api".into(), b"end\n");
        console.flush(Duration::from_secs(10));
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let told = text
            .lines()
            .filter_map(|line| line.split_once(" lines were not printed here"));
        let lost: usize = told
            .map(|(before, _)| before.rsplit('"').next().unwrap().parse::<usize>().unwrap())
            .sum();
        let printed = text.lines().filter(|line| line.contains("xxx")).count();
        assert_eq!(lost + printed, 10_000);
        assert!(lost > 5000);
        assert_eq!(console.dropped(), lost as u64);
        assert!(text.ends_with("\"end\"}\n"));
    }

    /// Nobody reads any more.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_for_a_closed_stdout_are_counted() {
        let console = Console::start(Closed, true, clock()).unwrap();
        console.offer(&"api".into(), b"a\nb\n");
        console.offer(&"api".into(), b"c\n");
        console.flush(Duration::from_secs(10));
        assert_eq!(console.dropped(), 3);
    }
}
