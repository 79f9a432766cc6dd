//! Where the output of one program goes: limit, mask, then file, memory and stdout.
//!
//! Lives on the log thread; nothing in it waits for anything but the disk. Leaves each part to its module.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::Path, sync::Arc, time::Instant};

use runtime::Clock;
use tokio::sync::mpsc::WeakUnboundedSender;

use super::{
    LogPlan, OWN,
    backups::{self, Older},
    book::Book,
    console::Console,
    cut::LineCutter,
    hide::{Mask, Secrets},
    limit::Limit,
    rotate::{LogFile, Written},
    thread::Order,
};

/// Bytes of an existing file that `tail` shows after a restart of the supervisor.
const SEED_BYTES: u64 = 32 * 1024;

/// What all sinks have in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) console: Console,
    pub(super) clock: Clock,
    pub(super) secrets: Secrets,
    pub(super) orders: WeakUnboundedSender<Order>,
}

/// All that was written to a log up to now, for reading it back.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The file that is written to, and how much of it there is.
    pub(super) current: Option<(File, u64)>,
    /// The older ones, newest first.
    pub(super) older: Vec<Older>,
    /// Number of the first line that comes after it.
    pub(super) next: u64,
    /// That line has begun, and its beginning is the end of the file.
    pub(super) is_open: bool,
}

/// One of those who write to a log: a program has two lives for a moment, and what a life has started may
/// outlive it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Writer(u64);

/// See the head of this file.
pub(super) struct Sink {
    name: Arc<str>,
    plan: LogPlan,
    file: LogFile,
    book: Arc<Book>,
    shared: Shared,
    cutter: LineCutter,
    mask: Mask,
    limit: Option<Limit>,
    /// The life that wrote the file's last line has ended inside it.
    ends_line: bool,
    /// Who wrote last, and whether that ended inside a line.
    last: Writer,
    is_in_line: bool,
    /// How many writers there were.
    writers: u64,
}

impl Sink {
    pub(super) fn open(plan: LogPlan, book: Arc<Book>, shared: Shared) -> Self {
        let (file, opened) = LogFile::open(plan.path.clone(), plan.max_bytes, plan.backups);
        if let Err(error) = opened {
            tracing::error!(
                process = plan.name,
                "cannot write the log {}, output of {} is not kept until that works: {error}",
                plan.path.display(),
                plan.name
            );
        }
        seed(&book, &plan.path);
        let sink = Self {
            name: Arc::from(plan.name.as_str()),
            ends_line: file.is_in_line(),
            file,
            book,
            cutter: LineCutter::default(),
            mask: Mask::new(shared.secrets.clone()),
            limit: limit_of(&plan),
            last: Writer::default(),
            is_in_line: false,
            writers: 0,
            shared,
            plan,
        };
        if sink.file.rotates() {
            sink.tell_rotated();
        }
        sink
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether older files are ours.
    pub(super) fn rotates(&self) -> bool {
        self.file.rotates()
    }

    /// How many older files are kept.
    pub(super) fn backups(&self) -> u32 {
        self.file.backups()
    }

    /// Goes on by this plan; what is in memory stays.
    pub(super) fn change(&mut self, plan: LogPlan) {
        if plan == self.plan {
            return;
        }
        if plan.path == self.plan.path {
            self.file.set_limits(plan.max_bytes, plan.backups);
        } else {
            let (file, opened) = LogFile::open(plan.path.clone(), plan.max_bytes, plan.backups);
            self.file = file;
            self.ends_line = self.file.is_in_line();
            if let Err(error) = opened {
                self.report(Written::Refused(error));
            }
        }
        if plan.lines_per_s != self.plan.lines_per_s {
            self.tell_left_out();
            self.limit = limit_of(&plan);
        }
        self.plan = plan;
        if self.file.rotates() {
            self.tell_rotated();
        }
    }

    /// Takes the file anew that has the name now.
    pub(super) fn close(&mut self) {
        self.file.close();
    }

    /// Hides these from now on.
    pub(super) fn hide(&mut self, secrets: Secrets) {
        self.mask.know(secrets);
    }

    /// One more who writes to this log.
    pub(super) fn writer(&mut self) -> Writer {
        self.writers += 1;
        Writer(self.writers)
    }

    /// What one of them wrote: a line that another one has begun ends before it.
    pub(super) fn take(&mut self, writer: Writer, bytes: &[u8]) {
        if writer != self.last && self.is_in_line {
            self.end_open_line();
        }
        self.last = writer;
        self.is_in_line = bytes.last().is_some_and(|last| *last != b'\n');
        let Some(limit) = &mut self.limit else {
            self.take_masked(bytes);
            return;
        };
        let (kept, left_out) = limit.pass(bytes, Instant::now());
        // The limit is needed again for the next ones.
        let kept = kept.to_vec();
        self.book.suppress(left_out);
        self.take_masked(&kept);
    }

    /// Lines were left out and this was not said yet.
    pub(super) fn has_left_out(&self) -> bool {
        self.limit.as_ref().is_some_and(Limit::is_untold)
    }

    /// Says how many lines were left out.
    pub(super) fn tell_left_out(&mut self) {
        let told = match &mut self.limit {
            Some(limit) if !limit.is_in_kept_line() => limit.told(),
            _ => None,
        };
        if let Some(told) = told {
            self.take_masked(told.as_bytes());
        }
    }

    /// A life is over, and with it the line that it may have begun; that of another one goes on.
    pub(super) fn end_line(&mut self, writer: Writer) {
        if writer == self.last || !self.is_in_line {
            self.end_open_line();
        }
    }

    fn end_open_line(&mut self) {
        self.is_in_line = false;
        if let Some(limit) = &mut self.limit {
            limit.end_line();
        }
        let mut mask = std::mem::take(&mut self.mask);
        self.put(mask.finish());
        self.mask = mask;
        self.ends_line = self.file.is_in_line();
        self.book.end_line();
        let (console, name) = (&self.shared.console, &self.name);
        self.cutter.finish(|lines| console.offer(name, lines));
        self.tell_left_out();
    }

    /// All that is in the files; none while the disk does not take what is written.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        if self.file.is_failing() {
            return None;
        }
        let current = File::open(self.path()).and_then(|file| {
            let size = file.metadata()?.len();
            Ok((file, size))
        });
        let (next, is_open) = self.book.end();
        Some(Snapshot {
            current: current.ok(), // nothing was written yet
            older: backups::open_all(self.path()),
            next,
            is_open,
        })
    }

    fn take_masked(&mut self, bytes: &[u8]) {
        // Taken out, so that what it shows can be put away; without secrets it holds nothing.
        let mut mask = std::mem::take(&mut self.mask);
        self.put(mask.pass(bytes));
        self.mask = mask;
    }

    fn put(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.ends_line) && self.file.is_in_line() {
            let ended = self.file.write(b"\n");
            self.report(ended);
        }
        let written = self.file.write(bytes);
        self.book.push(bytes, self.shared.clock.now_utc());
        let (console, name) = (&self.shared.console, &self.name);
        if console.is_read() {
            self.cutter.cut(bytes, |lines| console.offer(name, lines));
        }
        if self.file.has_rotated() {
            self.tell_rotated();
        }
        self.report(written);
    }

    /// There may be something to pack.
    fn tell_rotated(&self) {
        if let Some(orders) = self.shared.orders.upgrade()
            && orders.send(Order::Rotated).is_err()
        {
            tracing::debug!("old logs are not packed any more, the log thread ends");
        }
    }

    fn report(&mut self, written: Written) {
        self.book.lose(self.file.newly_lost());
        let name = self.name();
        match written {
            // Told once: of our own log it is still seen on stdout and in memory.
            Written::Refused(error) => tracing::error!(
                process = name,
                "the log of {name} cannot be written and loses lines: {error}; make room on the disk, or \
                 look at {} and who may write there",
                self.path().display()
            ),
            // A word about our own log would end in our own log, which has one already.
            Written::Recovered(bytes) if name != OWN => tracing::warn!(
                process = name,
                "the log of {name} is written again, {bytes} bytes were lost"
            ),
            // Told once and not lost: it may be our own log too.
            Written::Unrotated(error) => tracing::error!(
                process = name,
                "the log of {name} cannot be rotated and grows beyond its limit: {error}; look at {} and what \
                 has its name with a number, and who may write in that folder",
                self.path().display()
            ),
            Written::Recovered(_) | Written::StillRefused | Written::Whole => {}
        }
    }
}

fn limit_of(plan: &LogPlan) -> Option<Limit> {
    let per_s = plan.lines_per_s?;
    Some(Limit::new(per_s, Instant::now()))
}

/// Shows readers the end of what an earlier supervisor has kept.
fn seed(book: &Book, path: &Path) {
    let end = File::open(path).and_then(|file| {
        let size = file.metadata()?.len();
        let from = size.saturating_sub(SEED_BYTES);
        let mut bytes = vec![0; usize::try_from(size - from).unwrap_or_default()];
        file.read_exact_at(&mut bytes, from)?;
        Ok((bytes, from))
    });
    let (bytes, from) = match end {
        Ok(end) => end,
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), 0),
        Err(_unreadable) => return, // opening it has said why
    };
    // The first line may be cut.
    let whole = match memchr::memchr(b'\n', &bytes) {
        Some(newline) if from > 0 => newline + 1,
        _ => 0,
    };
    let is_all = from == 0 && backups::open_all(path).is_empty();
    book.seed(bytes.get(whole..).unwrap_or_default(), is_all);
}
