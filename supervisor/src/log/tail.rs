//! Answers `tail`: what is in memory or, beyond that, in the files, then what comes, as it comes.
//!
//! A reader too slow for what is written costs the memory of the ring and is told what it missed. Leaves
//! keeping lines to [`super::book`] and reading files to [`super::history`].

use std::collections::BTreeSet;

use futures_util::future::join_all;
use runtime::socket::{Answers, Gone};
use schema::wire::{
    Failure, FailureCode,
    supervisor::{FromSupervisor, LogLine, SupervisorLink, TailRequest},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Book, Logs, OWN, Snapshot,
    hide::Secrets,
    history::{self, Wish},
};

/// Lines it begins with when nobody says how many.
const LINES: u32 = 10;

/// Lines taken out of memory at once.
const BATCH: usize = 500;

/// Batches read from files ahead of a reader.
const AHEAD: usize = 2;

/// Sends the lines asked for; `programs` are meant where nobody is named, with our own log.
///
/// # Errors
/// [`Failure`] when there is no log of a name.
pub(crate) async fn tail(
    logs: &Logs,
    programs: &[String],
    request: TailRequest,
    answers: &Answers<SupervisorLink>,
) -> Result<Result<(), Gone>, Failure> {
    let names = names(programs, &request.names);
    let mut all = Vec::new();
    for name in names {
        let Some(book) = logs.book(&name) else {
            let remedy = format!("There are logs of {} and {OWN}.", programs.join(", "));
            let message = format!("there is no log {name:?}");
            return Err(Failure::new(FailureCode::NotFound, message).with_remedy(remedy));
        };
        all.push((name, book));
    }
    let default = request.since.is_none().then_some(LINES);
    let wish = Wish {
        lines: request.lines.or(default).map(u64::from),
        since: request.since,
        level: request.level,
    };
    // One after the other what there is, then side by side what comes.
    let mut tails = Vec::new();
    for (name, book) in &all {
        let tail = Tail {
            logs,
            name,
            book,
            wish,
            answers,
        };
        match tail.begin().await {
            Ok(next) => tails.push((tail, next)),
            Err(gone) => return Ok(Err(gone)),
        }
    }
    if request.follow {
        let follow = tails
            .iter()
            .map(|(tail, next)| async move { tail.follow(*next).await });
        return Ok(join_all(follow).await.into_iter().collect());
    }
    Ok(Ok(()))
}

/// Each name once; all where none is named.
fn names(programs: &[String], asked: &[String]) -> Vec<String> {
    if asked.is_empty() || asked.iter().any(|name| name == "all") {
        let own = OWN.to_owned();
        return programs.iter().cloned().chain([own]).collect();
    }
    let mut known = BTreeSet::new();
    let asked = asked.iter().filter(|name| known.insert(*name));
    asked.cloned().collect()
}

/// What is done when the next line is no longer in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// The reader is told how many lines it missed.
    Told,
    /// Nothing more is sent, since they may be elsewhere.
    Ends,
}

/// One log on its way to one reader.
struct Tail<'request> {
    logs: &'request Logs,
    name: &'request str,
    book: &'request Book,
    wish: Wish,
    answers: &'request Answers<SupervisorLink>,
}

impl Tail<'_> {
    /// Sends the lines there are; the number of the line to go on with.
    async fn begin(&self) -> Result<u64, Gone> {
        let from = match in_memory(self.book, &self.wish) {
            Some(from) => from,
            None => match self.logs.look(self.name).await {
                Some(snapshot) => {
                    let next = snapshot.next;
                    // That there are fewer lines than somebody wants to begin with is no gap.
                    self.send_files(snapshot, self.wish, 0, &mut 0).await?;
                    return Ok(next);
                }
                None => self.book.first(),
            },
        };
        let (end, _) = self.book.end();
        self.pour(from, end, &mut 0, Gap::Told).await
    }

    /// Sends lines as they come, until the reader hangs up.
    async fn follow(&self, from: u64) -> Result<(), Gone> {
        let mut growth = self.book.growth();
        let (mut next, mut skipped) = (from, 0);
        loop {
            growth.mark_unchanged();
            next = self.pour(next, u64::MAX, &mut skipped, Gap::Ends).await?;
            if self.book.first() > next {
                // Memory holds a moment of a flood; the files have what a reader was too slow for.
                next = match self.catch_up(next, &mut skipped).await? {
                    Some(caught_up) => caught_up,
                    None => self.pour(next, u64::MAX, &mut skipped, Gap::Told).await?,
                };
            } else if growth.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Sends from the files what is no longer in memory, from line number `from` on; the number of the line
    /// to go on with. None when the files cannot be looked at. What they do not have either is `skipped`.
    async fn catch_up(&self, from: u64, skipped: &mut u64) -> Result<Option<u64>, Gone> {
        let Some(snapshot) = self.logs.look(self.name).await else {
            return Ok(None);
        };
        let next = snapshot.next;
        let missing = next.saturating_sub(from);
        let wish = Wish {
            lines: Some(missing),
            since: None,
            level: None,
        };
        self.send_files(snapshot, wish, missing, skipped).await?;
        Ok(Some(next))
    }

    /// Sends what is in memory from one number up to another; the number of the line behind it. What was
    /// `skipped` is told with the next line that is wanted.
    async fn pour(&self, from: u64, end: u64, skipped: &mut u64, gap: Gap) -> Result<u64, Gone> {
        let mut next = from;
        while next < end {
            let left = usize::try_from(end - next).unwrap_or(usize::MAX);
            let read = self.book.read(next, left.min(BATCH));
            if read.skipped > 0 && gap == Gap::Ends {
                break;
            }
            next = read.next;
            *skipped += read.skipped;
            if read.texts.is_empty() {
                break;
            }
            let secrets = self.logs.secrets();
            for text in read.texts {
                if self.wish.takes(text.as_bytes()) {
                    self.send(text, std::mem::take(skipped), &secrets).await?;
                }
            }
        }
        Ok(next)
    }

    /// Sends what is in the files as `wish` says. Where fewer lines are there than were `written`, the first of
    /// them tells that, beside what was `skipped` before.
    async fn send_files(
        &self,
        snapshot: Snapshot,
        wish: Wish,
        written: u64,
        skipped: &mut u64,
    ) -> Result<(), Gone> {
        let (batches, mut read) = mpsc::channel(AHEAD);
        let (coming, there) = oneshot::channel();
        let reading = tokio::task::spawn_blocking(move || {
            // Nobody may wait for it any more.
            let coming = |count| coming.send(count).unwrap_or_default();
            history::read(snapshot, &wish, coming, |texts| {
                batches.blocking_send(texts).is_ok()
            })
        });
        // Without an answer the files could not be read, which is said below.
        if let Ok(there) = there.await {
            *skipped += written.saturating_sub(there);
        }
        let secrets = self.logs.secrets();
        while let Some(texts) = read.recv().await {
            for text in texts {
                if self.wish.takes(text.as_bytes()) {
                    self.send(text, std::mem::take(skipped), &secrets).await?;
                }
            }
        }
        if let Ok(Err(error)) = reading.await {
            let text = format!("[listsync] the older files of this log cannot be read: {error}");
            self.send(text, 0, &secrets).await?;
        }
        Ok(())
    }

    async fn send(&self, text: String, skipped: u64, secrets: &Secrets) -> Result<(), Gone> {
        let line = LogLine {
            name: self.name.to_owned(),
            text: secrets.hidden(text),
            skipped,
        };
        self.answers.more(FromSupervisor::Line(line)).await
    }
}

/// Where the lines wished for begin, if all of them are in memory.
fn in_memory(book: &Book, wish: &Wish) -> Option<u64> {
    let first = match wish.since {
        Some(since) => book.since(since)?,
        None => book.first(),
    };
    let (end, _) = book.end();
    let is_all = wish.since.is_some() || book.is_all();
    let Some(lines) = wish.lines else {
        return is_all.then_some(first);
    };
    if wish.level.is_none() {
        let from = book.last(lines).max(first);
        return (is_all || end - from >= lines).then_some(from);
    }
    let mut wanted = Vec::new();
    let mut next = first;
    loop {
        let read = book.read(next, BATCH);
        let numbers = (next + read.skipped)..;
        let lines = read.texts.iter().zip(numbers);
        wanted.extend(
            lines.filter_map(|(text, number)| wish.takes(text.as_bytes()).then_some(number)),
        );
        next = read.next;
        if read.texts.is_empty() || next >= end {
            break;
        }
    }
    let surplus = (wanted.len() as u64).checked_sub(lines);
    match surplus {
        // All of none begins behind the last.
        Some(surplus) => {
            let at = usize::try_from(surplus).unwrap_or(usize::MAX);
            Some(wanted.get(at).copied().unwrap_or(next))
        }
        None => is_all.then_some(first),
    }
}

#[cfg(test)]
mod tests;
