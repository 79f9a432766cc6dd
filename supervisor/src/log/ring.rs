//! The last lines of one log in memory, numbered, for `tail`.
//!
//! Bytes in one buffer of bounded size; lines are found when somebody reads, so that a push costs a copy and
//! a count. Who reads too slowly is told how many lines were left out. Leaves files to
//! [`super::rotate`] and waiting for new lines to [`super`].

use std::collections::VecDeque;

/// Longest line that is shown whole; the file has all of it.
const SHOWN_LINE: usize = 64 * 1024;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: VecDeque<u8>,
    limit: usize,
    /// Number of the line that `bytes` begins with, counted since the supervisor started.
    first: u64,
    /// Number of the line that is not complete yet.
    next: u64,
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

    pub(crate) fn push(&mut self, bytes: &[u8]) {
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
        // Cut behind the first newline past the surplus, else inside the one giant line.
        let at = over.saturating_sub(1);
        let mut rest = self.bytes.iter().skip(at);
        let cut = match rest.position(|byte| *byte == b'\n') {
            Some(further) if at + further + 1 < self.bytes.len() => at + further + 1,
            _ => over,
        };
        let lost = self
            .bytes
            .drain(..cut)
            .filter(|byte| *byte == b'\n')
            .count();
        self.first += lost as u64;
    }

    /// Ends a line that its writer left open.
    pub(crate) fn end_line(&mut self) {
        if self.bytes.back().is_some_and(|byte| *byte != b'\n') {
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
        let mut behind = self.next - number;
        if self.first == number {
            return 0;
        }
        for (at, byte) in self.bytes.iter().enumerate().rev() {
            if *byte == b'\n' {
                if behind == 0 {
                    return at + 1;
                }
                behind -= 1;
            }
        }
        0
    }
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    // Summing in small lanes lets the compiler use vector instructions.
    bytes
        .chunks(192)
        .map(|lane| u64::from(lane.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>()))
        .sum()
}

fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.split_at_checked(SHOWN_LINE) {
        Some((head, rest)) if !rest.is_empty() => {
            format!(
                "{}… ({} bytes more)",
                String::from_utf8_lossy(head),
                rest.len()
            )
        }
        _ => String::from_utf8_lossy(line).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ring: &Ring, from: u64, count: usize) -> Vec<String> {
        ring.read(from, count).texts
    }

    #[test]
    fn lines_come_back_in_order_and_once() {
        let mut ring = Ring::new(1000);
        ring.push(b"one\ntwo\nthr");
        assert_eq!(texts(&ring, 0, 9), ["one", "two"]);
        ring.push(b"ee\n");
        let read = ring.read(2, 9);
        assert_eq!(
            read,
            Lines {
                skipped: 0,
                texts: vec!["three".to_owned()],
                next: 3
            }
        );
        assert_eq!(
            ring.read(3, 9),
            Lines {
                skipped: 0,
                texts: vec![],
                next: 3
            }
        );
    }

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        let mut ring = Ring::new(1000);
        ring.push(b"a\nb\nc\nd\n");
        assert_eq!(texts(&ring, ring.last(2), 9), ["c", "d"]);
        assert_eq!(texts(&ring, ring.last(99), 9), ["a", "b", "c", "d"]);
        assert_eq!(texts(&ring, ring.last(0), 9), [""; 0]);
        assert_eq!(texts(&ring, 1, 2), ["b", "c"]);
    }

    #[test]
    fn a_slow_reader_is_told_what_it_missed() {
        let mut ring = Ring::new(10);
        ring.push(b"a\nb\nc\n");
        ring.push(b"dddd\neeee\n");
        let read = ring.read(1, 9);
        assert_eq!(read.texts, ["dddd", "eeee"]);
        assert_eq!(read.skipped, 2);
        assert_eq!(read.next, 5);
    }

    #[test]
    fn a_push_larger_than_the_ring_keeps_its_last_lines_and_all_numbers() {
        let mut ring = Ring::new(8);
        ring.push(b"0\n1\n");
        ring.push(b"2\n3\n4\n5\n6\n7\n8\n9\n");
        let read = ring.read(0, 99);
        assert_eq!(ring.next(), 10);
        assert_eq!(read.next, 10);
        assert_eq!(read.skipped + read.texts.len() as u64, 10);
        assert_eq!(read.texts.last().map(String::as_str), Some("9"));
        assert!(read.texts.len() >= 3);
    }

    #[test]
    fn numbers_add_up_whatever_the_sizes() {
        for limit in [5, 16, 100, 1000] {
            for chunk in [1, 3, 7, 64, 333] {
                let all: Vec<u8> = (0..300)
                    .flat_map(|n| format!("line {n}\n").into_bytes())
                    .collect();
                let mut ring = Ring::new(limit);
                let (mut next, mut seen) = (0, 0);
                for part in all.chunks(chunk) {
                    ring.push(part);
                    let read = ring.read(next, 1000);
                    seen += read.skipped;
                    for text in &read.texts {
                        // A line longer than the ring loses its head, no other does.
                        let full = format!("line {seen}");
                        assert!(
                            full.ends_with(text.as_str()),
                            "{limit} {chunk}: {text} for {full}"
                        );
                        assert!(limit < 16 || *text == full || chunk > limit);
                        seen += 1;
                    }
                    next = read.next;
                }
                assert_eq!((seen, next), (300, 300), "limit {limit}, chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_giant_line_without_end_stays_within_the_limit() {
        let mut ring = Ring::new(100);
        for _ in 0..50 {
            ring.push(&[b'x'; 33]);
        }
        assert!(ring.bytes.len() <= 100);
        ring.end_line();
        assert_eq!(ring.read(0, 9).texts.len(), 1);
        ring.push(b"after\n");
        assert_eq!(texts(&ring, ring.last(1), 9), ["after"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_long_lines_are_cut() {
        let mut ring = Ring::new(1_000_000);
        ring.push(b"\xff\x00ok\r\n");
        ring.push(&vec![b'y'; 70_000]);
        ring.push(b"\n");
        let read = texts(&ring, 0, 9);
        assert_eq!(read[0], "\u{fffd}\u{0}ok");
        assert!(read[1].ends_with("y… (4464 bytes more)"));
    }

    #[test]
    fn a_line_left_open_is_ended_once() {
        let mut ring = Ring::new(100);
        ring.end_line();
        ring.push(b"half");
        ring.end_line();
        ring.end_line();
        assert_eq!(texts(&ring, 0, 9), ["half"]);
    }
}
