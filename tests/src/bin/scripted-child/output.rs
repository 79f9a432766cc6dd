//! What it prints, with no buffer of `std` between it and the pipe.

use std::{io, time::Duration};

use nix::time::{ClockId, clock_gettime};

/// Bytes of one write of [`blocks`].
const BLOCK: usize = 64 * 1024;

/// Writes everything to stdout.
pub(crate) fn all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = nix::unistd::write(io::stdout(), bytes)?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Lines one after the other, as quickly as they can be made.
struct Lines {
    number: usize,
    line: Vec<u8>,
}

impl Lines {
    fn of(bytes: usize) -> Self {
        let mut line = vec![b'x'; bytes];
        if let Some(last) = line.last_mut() {
            *last = b'\n';
        }
        Self { number: 0, line }
    }

    fn next(&mut self) -> &[u8] {
        // A number never gets shorter, so that what it covers was covered before.
        let mut place = io::Cursor::new(self.line.as_mut_slice());
        let number = self.number;
        // A line too short for its number is cut.
        io::Write::write_fmt(&mut place, format_args!("{number} ")).unwrap_or_default();
        self.number += 1;
        &self.line
    }
}

/// One write a line.
pub(crate) fn lines(count: usize, bytes: usize) -> io::Result<()> {
    let mut lines = Lines::of(bytes);
    (0..count).try_for_each(|_| all(lines.next()))
}

/// Writes of [`BLOCK`] bytes, which may end inside a line.
pub(crate) fn blocks(count: usize, bytes: usize) -> io::Result<()> {
    let mut lines = Lines::of(bytes);
    let mut block = Vec::with_capacity(BLOCK + bytes);
    for _ in 0..count {
        block.extend_from_slice(lines.next());
        while block.len() >= BLOCK {
            all(block.get(..BLOCK).unwrap_or_default())?;
            block.drain(..BLOCK);
        }
    }
    all(&block)
}

/// Lines that tell when they were written.
pub(crate) fn stamps(count: usize, microseconds: u64) -> anyhow::Result<()> {
    for number in 0..count {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
        let nanoseconds = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
        all(format!("{number} {nanoseconds}\n").as_bytes())?;
        if microseconds > 0 {
            super::pause(Duration::from_micros(microseconds));
        }
    }
    Ok(())
}

/// Every value of a byte, and what only looks like UTF-8.
pub(crate) fn bytes() -> io::Result<()> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    all(&every)?;
    all(b"\n\xc3( \xe2\x82 \xf0\x9f \xff \0 end\n")
}

/// A line of one write after the other.
pub(crate) fn long_line(bytes: usize) -> io::Result<()> {
    let block = vec![b'y'; BLOCK];
    let mut left = bytes.saturating_sub(1);
    while left > 0 {
        let part = left.min(BLOCK);
        all(block.get(..part).unwrap_or_default())?;
        left -= part;
    }
    all(b"\n")
}
