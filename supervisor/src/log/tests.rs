//! Logs from pipes to files, memory and stdout, with the thread that does it.

mod failing_disk;

use super::*;
use std::{path::Path, sync::Mutex, time::Instant};

pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// What was printed on stdout.
#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs of `api` and our own in a folder.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) logs: Logs,
    page: Page,
}

pub(super) fn plan(folder: &Path, name: &str, max_bytes: u64) -> LogPlan {
    LogPlan {
        name: name.to_owned(),
        path: folder.join(format!("{name}.log")),
        max_bytes,
        backups: 50,
        lines_per_s: None,
    }
}

impl World {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self::of(tempfile::tempdir().unwrap(), |plan| {
            plan.max_bytes = max_bytes;
        })
    }

    pub(super) fn of(folder: tempfile::TempDir, change: impl Fn(&mut LogPlan)) -> Self {
        let page = Page::default();
        let console = Console::start(page.clone(), false, Clock::system()).unwrap();
        let plans = ["api", OWN].map(|name| {
            let mut plan = plan(folder.path(), name, 0);
            change(&mut plan);
            plan
        });
        let logs = Logs::start(plans.into(), console).unwrap();
        Self { folder, logs, page }
    }

    /// One life that prints `text`.
    pub(super) async fn print(&self, name: &str, text: &str) {
        let (reader, mut writer) = pipe();
        let tap = self.logs.read(name, reader);
        let text = text.to_owned();
        let thread = std::thread::spawn(move || writer.write_all(text.as_bytes()).unwrap());
        until(|| thread.is_finished()).await;
        tap.drained(LIMIT).await;
    }

    pub(super) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    fn memory(&self, name: &str) -> Vec<String> {
        self.logs.book(name).unwrap().read(0, 10_000).texts
    }

    fn printed(&self) -> String {
        self.logs.console.flush(LIMIT);
        String::from_utf8(self.page.0.lock().unwrap().clone()).unwrap()
    }
}

pub(super) fn pipe() -> (PipeReader, io::PipeWriter) {
    use std::os::fd::AsFd as _;
    let (reader, writer) = io::pipe().unwrap();
    let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
    nix::fcntl::fcntl(reader.as_fd(), flags).unwrap();
    (reader, writer)
}

pub(super) async fn until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LIMIT, "it took too long");
        tokio::task::yield_now().await;
    }
}

#[actix_rt::test]
async fn what_was_written_before_a_drain_is_in_the_file_and_in_memory_after_it() {
    let World { folder, logs, .. } = World::new(1_000_000);
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
    let World { folder, logs, .. } = World::new(0);
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
    let World {
        folder: _folder,
        logs,
        ..
    } = World::new(100);
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
    let World {
        folder: _folder,
        logs,
        ..
    } = World::of(folder, |_plan| {});
    logs.flush(LIMIT).await;
    let book = logs.book("api").unwrap();
    assert_eq!(book.read(book.last(9), 9).texts, ["before", "half"]);
}

#[actix_rt::test]
async fn our_own_lines_have_a_log_too() {
    let World { folder, logs, .. } = World::new(1000);
    logs.writer().write_all(b"hello\n").unwrap();
    logs.flush(LIMIT).await;
    let path = folder.path().join("supervisor.log");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "hello\n");
}

#[actix_rt::test]
async fn a_log_is_added_moved_and_forgotten_while_a_life_writes() {
    let world = World::new(0);
    let folder = world.folder.path();
    world.logs.keep(plan(folder, "vpn", 0));
    let (reader, mut writer) = pipe();
    let tap = world.logs.read("vpn", reader);
    writer.write_all(b"one\n").unwrap();
    tap.drained(LIMIT).await;
    let mut moved = plan(folder, "vpn", 0);
    moved.path = folder.join("elsewhere/vpn.log");
    world.logs.keep(moved);
    world.logs.flush(LIMIT).await;
    writer.write_all(b"two\n").unwrap();
    tap.drained(LIMIT).await;
    world.logs.forget("vpn");
    world.logs.flush(LIMIT).await;
    writer.write_all(b"three\n").unwrap();
    tap.drained(LIMIT).await;
    assert_eq!(world.text("vpn.log"), "one\n");
    assert_eq!(world.text("elsewhere/vpn.log"), "two\nthree\n");
    assert_eq!(world.memory("vpn"), ["one", "two", "three"]);
    world.logs.keep(plan(folder, "vpn", 0));
    world.print("vpn", "four\n").await;
    assert_eq!(world.text("vpn.log"), "one\nfour\n");
    assert_eq!(world.memory("vpn"), ["one", "two", "three", "four"]);
    assert!(world.logs.book("nobody").is_none());
}

#[actix_rt::test]
async fn files_that_were_moved_away_are_made_anew_when_asked() {
    let world = World::new(0);
    world.print("api", "one\n").await;
    let path = world.folder.path().join("api.log");
    std::fs::rename(&path, world.folder.path().join("api.log.old")).unwrap();
    world.print("api", "two\n").await;
    world.logs.reopen();
    world.print("api", "three\n").await;
    assert_eq!(world.text("api.log.old"), "one\ntwo\n");
    assert_eq!(world.text("api.log"), "three\n");
}

#[actix_rt::test]
async fn fewer_backups_remove_the_surplus() {
    let world = World::new(8);
    for line in ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n"] {
        world.print("api", line).await;
    }
    assert_eq!(world.text("api.log.3"), "aaaa\n");
    let mut fewer = plan(world.folder.path(), "api", 8);
    fewer.backups = 1;
    world.logs.keep(fewer);
    world.logs.flush(LIMIT).await;
    assert_eq!(world.text("api.log.1"), "cccc\n");
    assert!(!world.folder.path().join("api.log.2").exists());
}

#[actix_rt::test]
async fn a_life_that_ends_inside_a_line_does_not_begin_the_next_ones() {
    let world = World::new(0);
    world.print("api", "one\nha").await;
    world.print("api", "two\n").await;
    assert_eq!(world.text("api.log"), "one\nha\ntwo\n");
    assert_eq!(world.memory("api"), ["one", "ha", "two"]);
}

#[actix_rt::test]
async fn lines_of_two_lives_are_not_put_together_and_the_end_of_one_cuts_none_of_the_other() {
    let world = World::new(0);
    let (reader, mut old) = pipe();
    let old_tap = world.logs.read("api", reader);
    let (reader, mut new) = pipe();
    let new_tap = world.logs.read("api", reader);
    new.write_all(b"ha").unwrap();
    until(|| world.text("api.log") == "ha").await;
    old_tap.drained(LIMIT).await;
    new.write_all(b"lf\nbe").unwrap();
    until(|| world.text("api.log") == "half\nbe").await;
    old.write_all(b"last\n").unwrap();
    old_tap.drained(LIMIT).await;
    new.write_all(b"gun\n").unwrap();
    new_tap.drained(LIMIT).await;
    assert_eq!(world.text("api.log"), "half\nbe\nlast\ngun\n");
    assert_eq!(world.memory("api"), ["half", "be", "last", "gun"]);
}

#[actix_rt::test]
async fn secrets_are_hidden_in_the_file_in_memory_and_on_stdout_also_in_our_own_lines() {
    let world = World::new(0);
    world.logs.hide(&["tops3cret".into(), "short".into()]);
    let (reader, mut writer) = pipe();
    let tap = world.logs.read("api", reader);
    let mut growth = world.logs.book("api").unwrap().growth();
    writer.write_all(b"key=\nshort tops").unwrap();
    growth.changed().await.unwrap();
    writer.write_all(b"3cret ").unwrap();
    writer.write_all(b"tops3").unwrap();
    tap.drained(LIMIT).await;
    world
        .logs
        .writer()
        .write_all(b"we say tops3cret\n")
        .unwrap();
    world.logs.flush(LIMIT).await;
    assert_eq!(
        world.text("api.log"),
        "key=\n*** *** tops3".replace("*** ***", "short ***")
    );
    assert_eq!(world.memory("api"), ["key=", "short *** tops3"]);
    assert_eq!(world.text("supervisor.log"), "we say ***\n");
    let printed = world.printed();
    assert!(
        printed.contains("short *** tops3") && printed.contains("we say ***"),
        "{printed}"
    );
    assert!(!printed.contains("tops3cret"));
}

#[actix_rt::test]
async fn lines_beyond_the_limit_are_left_out_counted_and_told_when_it_is_calm() {
    let world = World::of(tempfile::tempdir().unwrap(), |plan| {
        plan.lines_per_s = Some(100);
    });
    let (reader, mut writer) = pipe();
    let _tap = world.logs.read("api", reader);
    let book = world.logs.book("api").unwrap();
    writer.write_all("line\n".repeat(3000).as_bytes()).unwrap();
    let is_told = || world.text("api.log").contains("were left out");
    until(is_told).await;
    let text = world.text("api.log");
    let told = format!(
        "[listsync] {} lines were left out, it may log 100 a second\n",
        book.suppressed_lines()
    );
    assert!(
        text.ends_with(&told),
        "{told}: {}",
        text.lines().last().unwrap()
    );
    let kept = text.matches("line\n").count() as u64;
    assert_eq!(kept + book.suppressed_lines(), 3000);
    assert!((1000..=1500).contains(&kept), "{kept}");
    let memory = world.memory("api");
    assert_eq!(
        memory.iter().filter(|line| *line == "line").count() as u64,
        kept
    );
    assert_eq!(world.logs.book(OWN).unwrap().suppressed_lines(), 0);
}

#[actix_rt::test]
async fn old_files_are_packed_when_it_is_calm_and_nothing_of_them_is_lost() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("api.log.gz-unfinished"), "left over").unwrap();
    std::fs::write(folder.path().join("api.log.1"), "from before\n").unwrap();
    let world = World::of(folder, |plan| plan.max_bytes = 2000);
    let text: String = (0..1000)
        .map(|n| format!("line {n}\n"))
        .collect::<Vec<_>>()
        .concat();
    world.print("api", &text).await;
    let exists = |file: &str| world.folder.path().join(file).exists();
    until(|| exists("api.log.2.gz") && !exists("api.log.2")).await;
    let number = |number: u32| format!("api.log.{number}");
    let oldest = (1..1000)
        .take_while(|n| exists(&number(*n)) || exists(&(number(*n) + ".gz")))
        .last();
    let mut all = String::new();
    for number in (1..=oldest.unwrap()).rev().map(number) {
        match std::fs::File::open(world.folder.path().join(format!("{number}.gz"))) {
            Ok(file) => {
                assert!(!exists(&number), "{number} is there twice");
                flate2::read::GzDecoder::new(file)
                    .read_to_string(&mut all)
                    .unwrap();
            }
            Err(_plain) => all += &world.text(&number),
        }
    }
    all += &world.text("api.log");
    assert_eq!(all, format!("from before\n{text}"));
    assert!(exists("api.log.1") && !exists("api.log.gz-unfinished"));
}
