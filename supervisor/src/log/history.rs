//! Lines that are no longer in memory, read back from the files of a log, packed ones too.
//!
//! Twice from front to end at the most, first to count and then to send: memory for one block and one line,
//! however large the files are. Blocks: for a thread of its own. Leaves which files to [`super::sink`].

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom},
    os::unix::fs::FileExt as _,
};

use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use schema::wire::supervisor::LogLevel;

use super::{
    ring::{SHOWN_LINE, shown},
    said,
    sink::Snapshot,
};

/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// Bytes of lines handed on at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    /// The last so many; all when absent.
    pub(super) lines: Option<u64>,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) level: Option<LogLevel>,
}

impl Wish {
    /// Whether a line of that text is wanted, whenever it was written.
    pub(super) fn takes(&self, line: &[u8]) -> bool {
        self.level.is_none_or(|level| said::level(line) >= level)
    }

    fn takes_all(&self) -> bool {
        self.since.is_none() && self.level.is_none()
    }
}

/// One file of a log, which can be read from its front again and again.
struct Part {
    file: File,
    /// Bytes of it, where it still grows.
    size: Option<u64>,
    is_packed: bool,
    /// The line it ends in is not complete and not part of this.
    leaves_open: bool,
    /// Where the first wanted line is at the earliest.
    from: u64,
}

/// Hands the lines wished for to `send`, oldest first, until it says that nobody wants more; how many they
/// are is told before.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn read(
    snapshot: Snapshot,
    wish: &Wish,
    coming: impl FnOnce(u64),
    mut send: impl FnMut(Vec<String>) -> bool,
) -> io::Result<()> {
    let mut parts = parts(snapshot);
    let (needed, there) = count(&mut parts, wish)?;
    parts.truncate(needed);
    let mut surplus = there.saturating_sub(wish.lines.unwrap_or(u64::MAX));
    coming(there - surplus);
    let mut scan = Scan::new(wish);
    let mut batch = Batch::default();
    for mut part in parts.into_iter().rev() {
        let mut is_wanted = true;
        each_line(&mut part, |line, left_out| {
            if !scan.takes(line) {
                return true;
            }
            if surplus > 0 {
                surplus -= 1;
                return true;
            }
            is_wanted = batch.add(line, left_out, &mut send);
            is_wanted
        })?;
        if !is_wanted {
            return Ok(());
        }
    }
    batch.finish(&mut send);
    Ok(())
}

/// Newest first.
fn parts(snapshot: Snapshot) -> Vec<Part> {
    let is_open = snapshot.is_open;
    let current = snapshot.current.map(|(file, size)| Part {
        file,
        size: Some(size),
        is_packed: false,
        leaves_open: is_open,
        from: 0,
    });
    let older = snapshot.older.into_iter().map(|older| Part {
        file: older.file,
        size: None,
        is_packed: older.is_packed,
        leaves_open: false,
        from: 0,
    });
    current.into_iter().chain(older).collect()
}

/// How many files are needed, newest first, and how many wanted lines are in them.
fn count(parts: &mut [Part], wish: &Wish) -> io::Result<(usize, u64)> {
    let mut there = 0;
    // Lines at the beginning of the file before, which are as old as the end of this one.
    let mut undecided = 0;
    for (number, part) in parts.iter_mut().enumerate() {
        let missing = wish.lines.map(|lines| lines.saturating_sub(there));
        if missing == Some(0) {
            return Ok((number, there));
        }
        if let Some(missing) = missing
            && wish.takes_all()
            && !part.is_packed
        {
            let (from, count) = count_from_end(part, missing)?;
            part.from = from;
            there += count;
            continue;
        }
        let mut scan = Scan::new(wish);
        each_line(part, |line, _| {
            there += u64::from(scan.takes(line));
            true
        })?;
        if scan.has_begun {
            there += std::mem::take(&mut undecided);
        }
        undecided += scan.undecided;
        // What is older than a file that begins before that time is older still.
        if scan.began_before {
            return Ok((number + 1, there));
        }
    }
    Ok((parts.len(), there))
}

/// Where the last `wanted` lines of a plain file begin, and how many there are.
fn count_from_end(part: &Part, wanted: u64) -> io::Result<(u64, u64)> {
    let size = part
        .size
        .map_or_else(|| Ok(part.file.metadata()?.len()), Ok::<_, io::Error>)?;
    let mut block = vec![0; BLOCK];
    let (mut end, mut found) = (size, 0);
    while end > 0 {
        let length = end.min(BLOCK as u64);
        let start = end - length;
        let bytes = block
            .get_mut(..usize::try_from(length).unwrap_or(BLOCK))
            .unwrap_or_default();
        part.file.read_exact_at(bytes, start)?;
        if end == size && !part.leaves_open && bytes.last() != Some(&b'\n') {
            found += 1; // the last line has no end of its own
        }
        for newline in memchr::memrchr_iter(b'\n', bytes) {
            if found == wanted {
                return Ok((start + newline as u64 + 1, found));
            }
            found += 1;
        }
        end = start;
    }
    Ok((0, found))
}

/// Calls `take` with each line, its beginning and how many bytes of it are left out, until it says no.
fn each_line(part: &mut Part, mut take: impl FnMut(&[u8], usize) -> bool) -> io::Result<()> {
    part.file.seek(SeekFrom::Start(part.from))?;
    let left = part.size.unwrap_or(u64::MAX).saturating_sub(part.from);
    let bytes = (&part.file).take(left);
    let mut reader: Box<dyn BufRead> = if part.is_packed {
        Box::new(BufReader::with_capacity(BLOCK, MultiGzDecoder::new(bytes)))
    } else {
        Box::new(BufReader::with_capacity(BLOCK, bytes))
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let (left_out, is_complete) = next_line(&mut reader, &mut line)?;
        let is_end = !is_complete && (line.is_empty() || part.leaves_open);
        if is_end || !take(&line, left_out) || !is_complete {
            return Ok(());
        }
    }
}

/// Reads the beginning of a line; how many bytes more it has, and whether it has an end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<(usize, bool)> {
    let mut left_out = 0;
    loop {
        let bytes = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            filled => filled?,
        };
        if bytes.is_empty() {
            return Ok((left_out, false));
        }
        let newline = memchr::memchr(b'\n', bytes);
        let piece = bytes.get(..newline.unwrap_or(bytes.len())).unwrap_or(bytes);
        let room = SHOWN_LINE.saturating_sub(line.len());
        let kept = piece.get(..room).unwrap_or(piece);
        line.extend_from_slice(kept);
        left_out += piece.len() - kept.len();
        let used = piece.len() + usize::from(newline.is_some());
        reader.consume(used);
        if newline.is_some() {
            return Ok((left_out, true));
        }
    }
}

/// Tells which lines are wanted; a line without a time is as old as the one before.
struct Scan<'wish> {
    wish: &'wish Wish,
    /// A line of that time or a later one was seen.
    has_begun: bool,
    /// One before that time was.
    began_before: bool,
    /// Wanted lines before the first that tells a time.
    undecided: u64,
}

impl<'wish> Scan<'wish> {
    fn new(wish: &'wish Wish) -> Self {
        Self {
            wish,
            has_begun: wish.since.is_none(),
            began_before: false,
            undecided: 0,
        }
    }

    fn takes(&mut self, line: &[u8]) -> bool {
        if let (false, Some(since)) = (self.has_begun, self.wish.since) {
            match said::time(line) {
                Some(time) if time >= since => self.has_begun = true,
                Some(_) => self.began_before = true,
                None if !self.began_before && self.wish.takes(line) => self.undecided += 1,
                None => {}
            }
        }
        self.has_begun && self.wish.takes(line)
    }
}

#[derive(Default)]
struct Batch {
    texts: Vec<String>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, line: &[u8], left_out: usize, send: impl FnMut(Vec<String>) -> bool) -> bool {
        let mut text = shown(line);
        if left_out > 0 {
            text = format!("{text}… ({left_out} bytes more)");
        }
        self.bytes += text.len() + size_of::<String>();
        self.texts.push(text);
        self.bytes < BATCH_BYTES || self.finish(send)
    }

    fn finish(&mut self, mut send: impl FnMut(Vec<String>) -> bool) -> bool {
        self.bytes = 0;
        let texts = std::mem::take(&mut self.texts);
        texts.is_empty() || send(texts)
    }
}

#[cfg(test)]
mod tests;
