//! The last lines of one log in memory, numbered, for `tail`.
//!
//! Bytes in one buffer of bounded size; lines are found when somebody reads, so that a push costs a copy and
//! a count. Of a line that is too long to be shown only the beginning is kept. Who reads too slowly is told
//! how many lines were left out. Leaves files to [`super::rotate`] and waiting for new lines to
//! [`super::book`].

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::said;

/// Longest line that is shown whole; the file has all of it.
pub(super) const SHOWN_LINE: usize = 64 * 1024;

/// Most times that are kept, and how far they are apart at least.
const STAMPS: usize = 1024;
const STAMP_EVERY: TimeDelta = TimeDelta::milliseconds(100);

/// Lines looked at together when one is searched for.
const SEARCHED: usize = 4096;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: VecDeque<u8>,
    limit: usize,
    /// Number of the line that `bytes` begins with, counted since the supervisor started.
    first: u64,
    /// Number of the line that is not complete yet.
    next: u64,
    /// Bytes of the line that is not complete yet, and how many of them were left out.
    open: usize,
    left_out: usize,
    /// When some lines came, by number, in order.
    stamps: VecDeque<(u64, DateTime<Utc>)>,
    /// All that is in the files is known to be here too.
    is_all: bool,
}

/// Some lines of a ring.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Lines asked for that are gone already.
    pub(crate) skipped: u64,
    pub(crate) texts: Vec<String>,
    /// Where to read on.
    pub(crate) next: u64,
}

impl Ring {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            limit,
            first: 0,
            next: 0,
            open: 0,
            left_out: 0,
            stamps: VecDeque::new(),
            is_all: false,
        }
    }

    /// Number of the line that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Where the last `count` lines begin.
    pub(crate) fn last(&self, count: u64) -> u64 {
        self.next.saturating_sub(count).max(self.first)
    }

    /// Number of the oldest line.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// No line is open.
    pub(super) fn is_at_line_start(&self) -> bool {
        self.open == 0
    }

    /// Older lines than the oldest here are nowhere.
    pub(super) fn is_all(&self) -> bool {
        self.is_all
    }

    /// Says that the files hold no older lines than this.
    pub(super) fn has_all(&mut self) {
        self.is_all = true;
    }

    /// Lines that come from now on came at `now`.
    pub(super) fn stamp(&mut self, now: DateTime<Utc>) {
        if let Some((number, last)) = self.stamps.back_mut() {
            if *number == self.next {
                *last = now;
                return;
            }
            if now - *last < STAMP_EVERY && now >= *last {
                return;
            }
        }
        if self.stamps.len() >= STAMPS {
            self.stamps.pop_front();
        }
        self.stamps.push_back((self.next, now));
    }

    /// The first line written at `since` or later, and whether there may be such lines that are no longer
    /// here. A line has the time it tells, or else when it came, or else the time told before it.
    pub(super) fn since(&self, since: DateTime<Utc>) -> (u64, bool) {
        let mut stamps = self.stamps.iter().peekable();
        let (mut came, mut told) = (None, None);
        let mut number = self.first;
        while number < self.next {
            let Lines { texts, next, .. } = self.read(number, SEARCHED);
            for (text, number) in texts.iter().zip(number..) {
                while let Some((_, at)) = stamps.next_if(|(from, _)| *from <= number) {
                    came = Some(*at);
                }
                let own = said::time(text.as_bytes());
                told = own.or(told);
                match own.or(came).or(told) {
                    Some(time) if time >= since => return (number, number == self.first),
                    _ => {}
                }
            }
            if next == number {
                break;
            }
            number = next;
        }
        (self.next, self.next == self.first)
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.left_out > 0 {
            rest = self.leave_out(rest);
        }
        // Only a line that gets too long is looked at; all before it goes in at once.
        let mut start = 0;
        let mut open = self.open;
        while start < rest.len() {
            let room = SHOWN_LINE.saturating_sub(open);
            let window = rest.get(start..).unwrap_or_default();
            let window = window.get(..room.saturating_add(1)).unwrap_or(window);
            if let Some(newline) = memchr::memrchr(b'\n', window) {
                start += newline + 1;
                open = 0;
            } else if window.len() <= room {
                break;
            } else {
                let (fits, more) = rest.split_at_checked(start + room).unwrap_or((rest, &[]));
                self.put(fits);
                rest = self.leave_out(more);
                (start, open) = (0, self.open);
            }
        }
        self.put(rest);
    }

    /// Drops what belongs to the line that is too long; what comes behind it.
    fn leave_out<'rest>(&mut self, bytes: &'rest [u8]) -> &'rest [u8] {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.left_out += bytes.len();
            self.open = SHOWN_LINE;
            return &[];
        };
        let left_out = self.left_out + end;
        self.put(format!("… ({left_out} bytes more)\n").as_bytes());
        (self.left_out, self.open) = (0, 0);
        bytes.get(end + 1..).unwrap_or_default()
    }

    /// Takes in bytes as they are.
    fn put(&mut self, bytes: &[u8]) {
        if let Some(newline) = memchr::memrchr(b'\n', bytes) {
            self.open = bytes.len() - newline - 1;
        } else {
            self.open += bytes.len();
        }
        self.next += newlines(bytes);
        // What would be pushed out again at once is counted and not copied.
        let start = bytes.len().saturating_sub(self.limit);
        let (gone, kept) = bytes.split_at_checked(start).unwrap_or((&[], bytes));
        if !gone.is_empty() {
            self.first = self.next - newlines(kept);
            self.bytes.clear();
        }
        self.bytes.extend(kept);
        let over = self.bytes.len().saturating_sub(self.limit);
        if over == 0 && gone.is_empty() {
            return;
        }
        self.is_all = false;
        self.cut_front(over);
        while self
            .stamps
            .get(1)
            .is_some_and(|(from, _)| *from <= self.first)
        {
            self.stamps.pop_front();
        }
    }

    /// Cuts behind the first newline past the surplus, else inside the one giant line.
    fn cut_front(&mut self, over: usize) {
        let at = over.saturating_sub(1);
        let (front, back) = self.bytes.as_slices();
        let find = |bytes: &[u8], from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            memchr::memchr(b'\n', rest).map(|further| from + further)
        };
        let newline = find(front, at).or_else(|| {
            find(back, at.saturating_sub(front.len())).map(|further| front.len() + further)
        });
        let cut = match newline {
            Some(newline) if newline + 1 < self.bytes.len() => newline + 1,
            _ => over,
        };
        let lost = newlines(front.get(..cut).unwrap_or(front))
            + newlines(back.get(..cut.saturating_sub(front.len())).unwrap_or(back));
        self.bytes.drain(..cut);
        self.first += lost;
    }

    /// Ends a line that its writer left open.
    pub(crate) fn end_line(&mut self) {
        if self.open > 0 {
            self.push(b"\n");
        }
    }

    /// Up to `count` complete lines from number `from` on.
    pub(crate) fn read(&self, from: u64, count: usize) -> Lines {
        let skipped = self.first.saturating_sub(from);
        let from = from.clamp(self.first, self.next);
        let mut rest = self.bytes.range(self.offset(from)..);
        let mut texts = Vec::new();
        let wanted = usize::try_from(self.next - from)
            .unwrap_or(usize::MAX)
            .min(count);
        for _ in 0..wanted {
            let line: Vec<u8> = rest
                .by_ref()
                .copied()
                .take_while(|byte| *byte != b'\n')
                .collect();
            texts.push(shown(&line));
        }
        Lines {
            skipped,
            next: from + texts.len() as u64,
            texts,
        }
    }

    /// Where line `number`, which the ring has, begins. Searched from its end: readers are near it.
    fn offset(&self, number: u64) -> usize {
        if self.first == number {
            return 0;
        }
        let behind = usize::try_from(self.next - number).unwrap_or(usize::MAX);
        let (front, back) = self.bytes.as_slices();
        let in_back = memchr::memrchr_iter(b'\n', back).map(|at| front.len() + at);
        let newline = in_back
            .chain(memchr::memrchr_iter(b'\n', front))
            .nth(behind);
        newline.map_or(0, |newline| newline + 1)
    }
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A line for people: without its end, and bytes that are no text replaced.
pub(super) fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests;
