//! The log thread: takes orders, reads all pipes, writes all files.
//!
//! Leaves what happens to bytes to [`super::sink`], reading to [`super::pipe`].

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, PipeReader},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    LogPlan, OWN, backups,
    book::Book,
    hide::Secrets,
    pack::{Job, Packer},
    pipe::{self, Buffer, Drain},
    sink::{Shared, Sink, Snapshot, Writer},
};

/// How long nothing is rotated before old files are packed: while much is logged they would only be packed
/// to be removed.
const CALM: Duration = Duration::from_secs(2);

/// What the thread is asked to do, in the order it is asked.
pub(super) enum Order {
    /// Keep this log, by this plan from now on.
    Keep(LogPlan, Arc<Book>),
    /// Nothing more is expected for the log of that name.
    Forget(String),
    /// Take all files anew by their names.
    Reopen,
    /// Hide these.
    Hide(Secrets),
    /// Read this pipe into the log of that name.
    Read {
        name: String,
        pipe: PipeReader,
        drains: mpsc::UnboundedReceiver<Drain>,
    },
    /// Lines of our own.
    Own(Vec<u8>),
    /// Answered with all that was written to the log of that name up to now.
    Look(String, oneshot::Sender<Option<Snapshot>>),
    /// There are older files that may be packed.
    Rotated,
    /// One is.
    Packed {
        path: PathBuf,
        backups: u32,
        result: io::Result<(u64, u64)>,
    },
    /// Answered when all before it is written.
    Flush(oneshot::Sender<()>),
}

/// Carries out orders until nobody is left who could give one.
pub(super) async fn work(shared: Shared, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut thread = Thread {
        sinks: BTreeMap::new(),
        shared,
        buffer: pipe::buffer(),
        packer: Packer::default(),
        packing: BTreeSet::new(),
        pack_at: None,
    };
    loop {
        let pack_at = thread.pack_at;
        let calm =
            async move { tokio::time::sleep_until(pack_at.unwrap_or_else(Instant::now)).await };
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => thread.carry_out(order),
                None => return,
            },
            () = calm, if pack_at.is_some() => thread.pack_all(),
        }
    }
}

struct Thread {
    sinks: BTreeMap<String, Rc<RefCell<Sink>>>,
    shared: Shared,
    buffer: Buffer,
    packer: Packer,
    /// Logs of which a file is being packed.
    packing: BTreeSet<PathBuf>,
    pack_at: Option<Instant>,
}

impl Thread {
    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Keep(plan, book) => self.keep(plan, book),
            Order::Forget(name) => {
                if let Some(sink) = self.sinks.get(&name) {
                    sink.borrow_mut().close();
                }
            }
            Order::Reopen => {
                for sink in self.sinks.values() {
                    sink.borrow_mut().close();
                }
            }
            Order::Hide(secrets) => {
                for sink in self.sinks.values() {
                    sink.borrow_mut().hide(secrets.clone());
                }
                self.shared.secrets = secrets;
            }
            Order::Read { name, pipe, drains } => self.read(&name, pipe, drains),
            Order::Own(lines) => {
                if let Some(sink) = self.sinks.get(OWN) {
                    sink.borrow_mut().take(Writer::default(), &lines);
                }
            }
            Order::Look(name, answer) => {
                let sink = self.sinks.get(&name);
                let seen = sink.and_then(|sink| sink.borrow().snapshot());
                // Who asked may have hung up.
                drop(answer.send(seen));
            }
            Order::Rotated => self.pack_at = Some(Instant::now() + CALM),
            Order::Packed {
                path,
                backups,
                result,
            } => self.packed(path, backups, result),
            Order::Flush(done) => {
                // Who asked may have stopped waiting.
                done.send(()).unwrap_or_default();
            }
        }
    }

    fn keep(&mut self, plan: LogPlan, book: Arc<Book>) {
        if let Some(sink) = self.sinks.get(&plan.name) {
            sink.borrow_mut().change(plan);
            return;
        }
        let name = plan.name.clone();
        let sink = Sink::open(plan, book, self.shared.clone());
        self.sinks.insert(name, Rc::new(RefCell::new(sink)));
    }

    fn read(&self, name: &str, pipe: PipeReader, drains: mpsc::UnboundedReceiver<Drain>) {
        let Some(sink) = self.sinks.get(name) else {
            tracing::error!(process = name, "there is no log for the output of {name}");
            return;
        };
        let pump = pipe::pump(pipe, Rc::clone(sink), Rc::clone(&self.buffer), drains);
        tokio::task::spawn_local(pump);
    }

    fn pack_all(&mut self) {
        self.pack_at = None;
        let logs: Vec<_> = self
            .sinks
            .values()
            .map(|sink| sink.borrow())
            .filter(|sink| sink.rotates())
            .map(|sink| (sink.path().to_owned(), sink.backups()))
            .collect();
        for (path, backups) in logs {
            self.pack(path, backups);
        }
    }

    /// Has the oldest plain file of a log packed.
    fn pack(&mut self, path: PathBuf, backups: u32) {
        if self.packing.contains(&path) {
            return;
        }
        let Some(file) = backups::to_pack(&path, backups) else {
            return;
        };
        let job = self.job(path.clone(), backups, file);
        match self.packer.pack(job) {
            Ok(()) => {
                self.packing.insert(path);
            }
            Err(error) => tracing::warn!("cannot pack the old log {}: {error}", path.display()),
        }
    }

    fn job(&self, path: PathBuf, backups: u32, file: File) -> Job {
        let orders = self.shared.orders.clone();
        let log = path.clone();
        let done = move |result| {
            let order = Order::Packed {
                path: log,
                backups,
                result,
            };
            if let Some(orders) = orders.upgrade()
                && orders.send(order).is_err()
            {
                tracing::debug!("a packed log gets no name, the log thread ends");
            }
        };
        Job {
            path,
            file,
            done: Box::new(done),
        }
    }

    fn packed(&mut self, path: PathBuf, backups: u32, result: io::Result<(u64, u64)>) {
        self.packing.remove(&path);
        match result.and_then(|inode| backups::place(&path, backups, inode)) {
            Ok(()) => self.pack(path, backups),
            // With the next rotation it is tried again.
            Err(error) => tracing::warn!(
                "cannot pack the old log {}, it stays as it is: {error}",
                path.display()
            ),
        }
    }
}
