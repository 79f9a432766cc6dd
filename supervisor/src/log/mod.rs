//! Logs: what programs print, byte for byte into files, the last lines in memory for `tail`, all of it
//! on our stdout; secrets that are known are hidden in all three.
//!
//! One thread reads all pipes and writes all files, so that a slow disk holds up neither restarts nor
//! answers. [`Logs`] is its handle. Leaves each part to its module.

mod backups;
mod book;
mod console;
mod cut;
mod hide;
mod history;
mod limit;
mod merge;
mod pack;
mod pipe;
mod ring;
mod rotate;
mod said;
mod sink;
mod tail;
mod thread;

use std::{
    collections::BTreeMap,
    io::{self, PipeReader, Write},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use runtime::{Clock, Secret};
use tokio::sync::{mpsc, oneshot};

pub(crate) use book::Book;
pub(crate) use console::Console;
use hide::Secrets;
use pipe::Drain;
use sink::{Shared, Snapshot};
pub(crate) use tail::tail;
use thread::Order;

/// The supervisor's own log, as `tail` names it.
pub(crate) const OWN: &str = "supervisor";

/// One log to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPlan {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: u64,
    pub(crate) backups: u32,
    /// Lines a second that are kept, averaged over ten; all when absent.
    pub(crate) lines_per_s: Option<u32>,
}

/// Handle of the log thread.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    orders: mpsc::UnboundedSender<Order>,
    known: Arc<RwLock<Known>>,
    console: Console,
}

/// What readers of logs need to know.
#[derive(Debug, Default)]
struct Known {
    books: BTreeMap<String, Arc<Book>>,
    secrets: Secrets,
}

impl Logs {
    /// Starts the log thread for these logs and [`OWN`], which must be among them.
    pub(crate) fn start(plans: Vec<LogPlan>, console: Console) -> io::Result<Self> {
        let (orders, received) = mpsc::unbounded_channel();
        let shared = Shared {
            console: console.clone(),
            clock: Clock::system(),
            secrets: Secrets::default(),
            orders: orders.downgrade(),
        };
        let logs = Self {
            orders,
            known: Arc::default(),
            console,
        };
        for plan in plans {
            logs.keep(plan);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || {
                let work = thread::work(shared, received);
                tokio::task::LocalSet::new().block_on(&runtime, work);
            })?;
        Ok(logs)
    }

    /// Keeps a log by this plan from now on, a new one or one that is there: then its lines in memory stay,
    /// and with another path it goes on in another file.
    pub(crate) fn keep(&self, plan: LogPlan) {
        let book = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let book = known.books.entry(plan.name.clone());
            Arc::clone(book.or_insert_with(|| Arc::new(Book::new())))
        };
        self.order(Order::Keep(plan, book));
    }

    /// Nothing more is expected for a log. Who still writes to it is still heard, and what it holds can still
    /// be read.
    pub(crate) fn forget(&self, name: &str) {
        self.order(Order::Forget(name.to_owned()));
    }

    /// Takes all files anew by their names, after somebody has moved them away.
    pub(crate) fn reopen(&self) {
        self.order(Order::Reopen);
    }

    /// Hides these, beside those hidden before, in all that is printed from now on. Secrets of less than six
    /// bytes are not hidden.
    pub(crate) fn hide(&self, secrets: &[Secret]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match known.secrets.and(secrets.iter().map(Secret::expose)) {
            Ok(secrets) => {
                known.secrets = secrets.clone();
                self.order(Order::Hide(secrets));
            }
            Err(error) => tracing::error!("cannot hide secrets in logs: {error}"),
        }
    }

    /// The lines of a log, if there is or was one of that name.
    pub(crate) fn book(&self, name: &str) -> Option<Arc<Book>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.books.get(name).map(Arc::clone)
    }

    /// Lines that nobody read on our stdout, since the supervisor started.
    pub(crate) fn stdout_dropped(&self) -> u64 {
        self.console.dropped()
    }

    fn secrets(&self) -> Secrets {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.secrets.clone()
    }

    /// All that is in the files of a log; none while the disk does not take what is written.
    async fn look(&self, name: &str) -> Option<Snapshot> {
        let (answer, seen) = oneshot::channel();
        self.order(Order::Look(name.to_owned(), answer));
        seen.await.ok()? // the thread is gone, which was said
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

#[cfg(test)]
mod tests;
