//! Our own stdout: the lines of all programs in one stream, each with its program's name for people, as
//! they are for machines.
//!
//! A thread of its own writes, since a terminal or `docker logs` may stop reading. Then lines are
//! dropped and counted; nothing waits for it. Leaves files and `tail`, which lose nothing by that, to
//! their own modules.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::ring::newlines;

/// Bytes that wait to be written at the most.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// A piece of stdout.
enum Piece {
    /// Complete lines of one program.
    Lines { name: Arc<str>, bytes: Vec<u8> },
    /// Answered when all before it is written.
    Flush(mpsc::Sender<()>),
}

/// Where lines for stdout are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    pieces: mpsc::Sender<Piece>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Console {
    /// Starts the thread that writes to `out`. `is_prefixed`: each line begins with its program's name.
    pub(crate) fn start(
        mut out: impl Write + Send + 'static,
        is_prefixed: bool,
    ) -> io::Result<Self> {
        let (pieces, received) = mpsc::channel();
        let console = Self {
            pieces,
            waiting: Arc::default(),
            dropped: Arc::default(),
        };
        let (waiting, dropped) = (Arc::clone(&console.waiting), Arc::clone(&console.dropped));
        std::thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || {
                for piece in received {
                    match piece {
                        Piece::Lines { name, bytes } => {
                            let lost = dropped.swap(0, Ordering::Relaxed);
                            let written = told(lost, is_prefixed)
                                .map_or(Ok(()), |line| out.write_all(line.as_bytes()))
                                .and_then(|()| lines(&mut out, &name, &bytes, is_prefixed));
                            if written.is_err() {
                                // A closed stdout is nobody's fault; the files have it all.
                                dropped.fetch_add(lost + count(&bytes), Ordering::Relaxed);
                            }
                            waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                        }
                        // Who asked may have stopped waiting.
                        Piece::Flush(done) => done.send(()).unwrap_or_default(),
                    }
                }
            })?;
        Ok(console)
    }

    /// Hands in complete lines; drops them when too many wait.
    pub(crate) fn offer(&self, name: &Arc<str>, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let waiting = self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        let is_taken = waiting < WAITING_BYTES
            && self
                .pieces
                .send(Piece::Lines {
                    name: Arc::clone(name),
                    bytes: bytes.to_vec(),
                })
                .is_ok();
        if !is_taken {
            self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
            self.dropped.fetch_add(count(bytes), Ordering::Relaxed);
        }
    }

    /// Waits until everything handed in is written, for as long as `limit`. Blocks: only for the very end.
    pub(crate) fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::channel();
        if self.pieces.send(Piece::Flush(done)).is_ok() {
            // After the limit the end does not wait for a terminal that is stuck.
            written.recv_timeout(limit).unwrap_or_default();
        }
    }
}

fn count(bytes: &[u8]) -> usize {
    usize::try_from(newlines(bytes)).unwrap_or(usize::MAX)
}

fn told(lost: usize, is_prefixed: bool) -> Option<String> {
    if lost == 0 {
        return None;
    }
    let message =
        format!("{lost} lines were not printed here, nobody was reading; the log files have them");
    Some(if is_prefixed {
        format!("supervisor | {message}\n")
    } else {
        format!("{{\"process\":\"supervisor\",\"level\":\"WARN\",\"message\":\"{message}\"}}\n")
    })
}

/// Width of the names, for the bars to stand below each other.
const NAME_WIDTH: usize = 14;

fn lines(out: &mut impl Write, name: &str, bytes: &[u8], is_prefixed: bool) -> io::Result<()> {
    if !is_prefixed {
        out.write_all(bytes)?;
        return out.flush();
    }
    let mut text = Vec::with_capacity(bytes.len() + 64);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        write!(text, "{name:NAME_WIDTH$} | ")?;
        text.extend_from_slice(line);
    }
    out.write_all(&text)?;
    out.flush()
}

/// Cuts what programs write into complete lines.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    open: Vec<u8>,
}

/// A line without end is passed on in pieces of this size.
const LONGEST_LINE: usize = 64 * 1024;

impl LineCutter {
    /// Hands the complete lines of what was written up to now to `take`.
    pub(crate) fn cut(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            self.open.extend_from_slice(bytes);
            if self.open.len() > LONGEST_LINE {
                self.finish(take);
            }
            return;
        };
        let (lines, rest) = bytes.split_at_checked(end + 1).unwrap_or((bytes, &[]));
        if self.open.is_empty() {
            take(lines);
        } else {
            self.open.extend_from_slice(lines);
            take(&self.open);
            self.open.clear();
        }
        self.open.extend_from_slice(rest);
    }

    /// Ends the line that is open.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.open.is_empty() {
            self.open.push(b'\n');
            take(&self.open);
            self.open.clear();
        }
    }
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

    #[test]
    fn people_see_who_said_a_line_and_machines_the_line_itself() {
        for (is_prefixed, expected) in [
            (true, "api            | a\napi            | b\n"),
            (false, "a\nb\n"),
        ] {
            let page = Page::default();
            let console = Console::start(page.clone(), is_prefixed).unwrap();
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
        let console = Console::start(Stuck(stuck, page.clone()), false).unwrap();
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
        let printed = text.lines().filter(|line| line.starts_with("xxx")).count();
        assert_eq!(lost + printed, 10_000);
        assert!(lost > 5000);
        assert!(text.ends_with("end\n"));
    }

    #[test]
    fn lines_are_cut_whole() {
        let mut cutter = LineCutter::default();
        let mut seen = Vec::new();
        for part in ["a", "b\nc", "\n", "d\ne\nf"] {
            cutter.cut(part.as_bytes(), |lines| {
                seen.push(String::from_utf8_lossy(lines).into_owned());
            });
        }
        cutter.finish(|lines| {
            seen.push(String::from_utf8_lossy(lines).into_owned());
        });
        assert_eq!(seen, ["ab\n", "c\n", "d\ne\n", "f\n"]);
    }
}
