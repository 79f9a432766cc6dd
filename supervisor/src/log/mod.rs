//! Logs: what programs print, byte for byte into files, the last lines in memory for `tail`, all of it
//! on our stdout.
//!
//! One thread reads all pipes and writes all files, so that a slow disk holds up neither restarts nor
//! answers. [`Logs`] is its handle. Leaves each part to its module.

mod console;
mod pipe;
mod ring;
mod rotate;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{self, PipeReader, Write},
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use console::Console;
use console::LineCutter;
use pipe::Drain;
pub(crate) use ring::{Lines, Ring};
use rotate::{LogFile, Written};

/// The supervisor's own log, as `tail` names it.
pub(crate) const OWN: &str = "supervisor";

/// Bytes of each log that are kept in memory.
const RING_BYTES: usize = 256 * 1024;

/// Bytes of an existing file that `tail` shows after a restart of the supervisor.
const SEED_BYTES: u64 = 32 * 1024;

/// One log to keep.
#[derive(Clone, Debug)]
pub(crate) struct LogPlan {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: u64,
    pub(crate) backups: u32,
}

/// The last lines of a log; shared with those who read them.
#[derive(Debug)]
pub(crate) struct Book {
    ring: Mutex<Ring>,
    /// Number of the next line; changes when there are new ones.
    grown: watch::Sender<u64>,
    /// Bytes the disk did not take.
    lost: AtomicU64,
}

impl Book {
    fn new() -> Self {
        Self {
            ring: Mutex::new(Ring::new(RING_BYTES)),
            grown: watch::Sender::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Up to `count` lines from number `from` on.
    pub(crate) fn read(&self, from: u64, count: usize) -> Lines {
        self.ring().read(from, count)
    }

    /// Where the last `count` lines begin.
    pub(crate) fn last(&self, count: u64) -> u64 {
        self.ring().last(count)
    }

    /// Changes whenever there are new lines.
    pub(crate) fn growth(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    fn push(&self, bytes: &[u8]) {
        let next = {
            let mut ring = self.ring();
            ring.push(bytes);
            ring.next()
        };
        self.grew(next);
    }

    fn end_line(&self) {
        let next = {
            let mut ring = self.ring();
            ring.end_line();
            ring.next()
        };
        self.grew(next);
    }

    fn grew(&self, next: u64) {
        self.grown
            .send_if_modified(|known| std::mem::replace(known, next) != next);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // A panic ends the process, so that nobody meets a poisoned lock.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the output of one program goes; lives on the log thread.
pub(crate) struct Sink {
    name: Arc<str>,
    file: LogFile,
    book: Arc<Book>,
    console: Console,
    cutter: LineCutter,
}

impl Sink {
    fn open(plan: &LogPlan, book: Arc<Book>, console: Console) -> Self {
        let (file, opened) = LogFile::open(plan.path.clone(), plan.max_bytes, plan.backups);
        if let Err(error) = opened {
            tracing::error!(
                process = plan.name,
                "cannot write the log {}, output of {} is not kept until that works: {error}",
                plan.path.display(),
                plan.name
            );
        } else if let Ok(end) = file.end(SEED_BYTES) {
            // The first line may be cut.
            let whole = if (end.len() as u64) < SEED_BYTES {
                0
            } else {
                end.iter()
                    .position(|byte| *byte == b'\n')
                    .map_or(0, |newline| newline + 1)
            };
            book.push(end.get(whole..).unwrap_or_default());
        }
        book.end_line();
        let name = Arc::from(plan.name.as_str());
        Self {
            name,
            file,
            book,
            console,
            cutter: LineCutter::default(),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn take(&mut self, bytes: &[u8]) {
        let written = self.file.write(bytes);
        self.book.push(bytes);
        let (console, name) = (&self.console, &self.name);
        self.cutter.cut(bytes, |lines| console.offer(name, lines));
        self.report(written);
    }

    fn end_line(&mut self) {
        self.book.end_line();
        let (console, name) = (&self.console, &self.name);
        self.cutter.finish(|lines| console.offer(name, lines));
    }

    fn report(&self, written: Written) {
        let name = self.name();
        // A word about our own log would end in our own log.
        let is_own = name == OWN;
        match written {
            Written::Refused(error) if !is_own => tracing::error!(
                process = name,
                "the log of {name} cannot be written and loses lines: {error}; make room on the disk"
            ),
            Written::Recovered(bytes) => {
                self.book.lost.fetch_add(bytes, Ordering::Relaxed);
                if !is_own {
                    tracing::warn!(
                        process = name,
                        "the log of {name} is written again, {bytes} bytes were lost"
                    );
                }
            }
            // Told once and not lost: it may be our own log too.
            Written::Unrotated(error) => tracing::error!(
                process = name,
                "the log of {name} cannot be rotated and grows beyond its limit: {error}; look at {} and what \
                 has its name with a number, and who may write in that folder",
                self.file.path().display()
            ),
            Written::Refused(_) | Written::StillRefused | Written::Whole => {}
        }
    }
}

enum Order {
    /// Read this pipe into the log of that name.
    Read {
        name: String,
        pipe: PipeReader,
        drains: mpsc::UnboundedReceiver<Drain>,
    },
    /// Lines of our own.
    Own(Vec<u8>),
    /// Answered when all before it is written.
    Flush(oneshot::Sender<()>),
}

/// Handle of the log thread.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    orders: mpsc::UnboundedSender<Order>,
    books: Arc<BTreeMap<String, Arc<Book>>>,
    console: Console,
}

impl Logs {
    /// Starts the log thread for these logs and [`OWN`], which must be among them.
    pub(crate) fn start(plans: Vec<LogPlan>, console: Console) -> io::Result<Self> {
        let (orders, received) = mpsc::unbounded_channel();
        let books: BTreeMap<_, _> = plans
            .iter()
            .map(|plan| (plan.name.clone(), Arc::new(Book::new())))
            .collect();
        let logs = Self {
            orders,
            books: Arc::new(books),
            console: console.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let books = Arc::clone(&logs.books);
        std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || {
                let work = write(plans, &books, console, received);
                tokio::task::LocalSet::new().block_on(&runtime, work);
            })?;
        Ok(logs)
    }

    /// The lines of a log, if there is one of that name.
    pub(crate) fn book(&self, name: &str) -> Option<&Arc<Book>> {
        self.books.get(name)
    }

    /// Takes in all that comes out of `pipe`, for the log of `name`.
    pub(crate) fn read(&self, name: &str, pipe: PipeReader) -> Tap {
        let (drain, drains) = mpsc::unbounded_channel();
        self.order(Order::Read {
            name: name.to_owned(),
            pipe,
            drains,
        });
        Tap { drain }
    }

    /// What tracing writes to.
    pub(crate) fn writer(&self) -> OwnLines {
        OwnLines {
            orders: self.orders.clone(),
        }
    }

    /// Waits until what was logged up to now is in the files and, within `limit`, on stdout.
    pub(crate) async fn flush(&self, limit: Duration) {
        let (done, written) = oneshot::channel();
        self.order(Order::Flush(done));
        // A disk that hangs must not keep us here, and a thread that is gone has nothing to write.
        if let Ok(Ok(())) = tokio::time::timeout(limit, written).await {
            self.console.flush(limit);
        }
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the log thread is gone");
        }
    }
}

/// A pipe that is read.
#[derive(Debug)]
pub(crate) struct Tap {
    drain: mpsc::UnboundedSender<Drain>,
}

impl Tap {
    /// Waits until what is in the pipe now is in the log, for as long as `limit`: a disk that hangs, or a
    /// process that goes on writing, must not hold up a restart.
    pub(crate) async fn drained(&self, limit: Duration) {
        let (done, drained) = oneshot::channel();
        if self.drain.send(done).is_ok() && tokio::time::timeout(limit, drained).await.is_err() {
            tracing::warn!("output of a program that ended is still being written to its log");
        }
    }
}

/// Takes lines of our own; never blocks.
#[derive(Debug)]
pub(crate) struct OwnLines {
    orders: mpsc::UnboundedSender<Order>,
}

impl Write for OwnLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.orders.send(Order::Own(bytes.to_vec())) {
            Ok(()) => Ok(bytes.len()),
            Err(_gone) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log thread.
async fn write(
    plans: Vec<LogPlan>,
    books: &BTreeMap<String, Arc<Book>>,
    console: Console,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let sinks: BTreeMap<String, Rc<RefCell<Sink>>> = plans
        .iter()
        .filter_map(|plan| Some((plan, books.get(&plan.name)?)))
        .map(|(plan, book)| {
            let sink = Sink::open(plan, Arc::clone(book), console.clone());
            (plan.name.clone(), Rc::new(RefCell::new(sink)))
        })
        .collect();
    let buffer = pipe::buffer();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Read { name, pipe, drains } => {
                if let Some(sink) = sinks.get(&name) {
                    let pump = pipe::pump(pipe, Rc::clone(sink), Rc::clone(&buffer), drains);
                    tokio::task::spawn_local(pump);
                }
            }
            Order::Own(lines) => {
                if let Some(sink) = sinks.get(OWN) {
                    sink.borrow_mut().take(&lines);
                }
            }
            Order::Flush(done) => {
                // Who asked may have stopped waiting.
                done.send(()).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn logs(folder: &tempfile::TempDir, max_bytes: u64) -> Logs {
        let plan = |name: &str| LogPlan {
            name: name.to_owned(),
            path: folder.path().join(format!("{name}.log")),
            max_bytes,
            backups: 50,
        };
        let console = Console::start(io::sink(), false).unwrap();
        Logs::start(vec![plan("api"), plan(OWN)], console).unwrap()
    }

    fn pipe() -> (PipeReader, io::PipeWriter) {
        use std::os::fd::AsFd as _;
        let (reader, writer) = io::pipe().unwrap();
        let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
        nix::fcntl::fcntl(reader.as_fd(), flags).unwrap();
        (reader, writer)
    }

    #[actix_rt::test]
    async fn what_was_written_before_a_drain_is_in_the_file_and_in_memory_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder, 1_000_000);
        for round in 0..200 {
            let (reader, mut writer) = pipe();
            let tap = logs.read("api", reader);
            writer
                .write_all(format!("round {round}\nopen").as_bytes())
                .unwrap();
            tap.drained(LIMIT).await;
            let book = logs.book("api").unwrap();
            assert_eq!(
                book.read(book.last(2), 9).texts,
                [format!("round {round}"), "open".into()]
            );
            let text = std::fs::read_to_string(folder.path().join("api.log")).unwrap();
            assert!(text.ends_with(&format!("round {round}\nopen")));
            std::fs::write(folder.path().join("api.log"), "").unwrap();
        }
    }

    #[actix_rt::test]
    async fn every_byte_arrives_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder, 0);
        let (reader, mut writer) = pipe();
        let tap = logs.read("api", reader);
        let all: Vec<u8> = (0..=250).chain(3..=255).cycle().take(1_000_000).collect();
        let sent = all.clone();
        let thread = std::thread::spawn(move || writer.write_all(&sent).unwrap());
        while !thread.is_finished() {
            tokio::task::yield_now().await;
        }
        tap.drained(LIMIT).await;
        assert_eq!(std::fs::read(folder.path().join("api.log")).unwrap(), all);
    }

    #[actix_rt::test]
    async fn a_reader_is_woken_for_new_lines_through_rotations() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder, 100);
        let (reader, mut writer) = pipe();
        let _tap = logs.read("api", reader);
        let book = logs.book("api").unwrap();
        let mut growth = book.growth();
        let thread = std::thread::spawn(move || {
            for number in 0..500 {
                writeln!(writer, "line {number}").unwrap();
            }
        });
        let (mut next, mut seen) = (0, Vec::new());
        while seen.len() < 500 {
            growth.changed().await.unwrap();
            let lines = book.read(next, 1000);
            assert_eq!(lines.skipped, 0);
            seen.extend(lines.texts);
            next = lines.next;
        }
        thread.join().unwrap();
        assert!(
            seen.iter()
                .enumerate()
                .all(|(n, text)| *text == format!("line {n}"))
        );
    }

    #[actix_rt::test]
    async fn the_end_of_an_earlier_log_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("api.log"), "before\nhalf").unwrap();
        let logs = logs(&folder, 1000);
        logs.flush(LIMIT).await;
        let book = logs.book("api").unwrap();
        assert_eq!(book.read(book.last(9), 9).texts, ["before", "half"]);
    }

    #[actix_rt::test]
    async fn our_own_lines_have_a_log_too() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder, 1000);
        logs.writer().write_all(b"hello\n").unwrap();
        logs.flush(LIMIT).await;
        let path = folder.path().join("supervisor.log");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "hello\n");
    }
}
