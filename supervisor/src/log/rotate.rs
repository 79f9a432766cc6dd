//! One log file: appended to, rotated between lines (`api.log` → `api.log.1` → `api.log.2` …), never
//! truncated by a restart.
//!
//! Writing never fails for the caller: what the disk does not take is counted, and said in the log
//! itself when there is room again. A file that cannot be rotated grows on. Only a line longer than the limit is split. Leaves where bytes
//! come from to [`super::pipe`].

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    backups: u32,
    file: Option<File>,
    size: u64,
    /// At what size it is rotated: `max_bytes`, or more once that has failed.
    limit: u64,
    /// Rotation failed the last time.
    is_stuck: bool,
    /// Why, as long as nobody has been told.
    untold: Option<io::Error>,
    /// The last byte written was a newline, or nothing was.
    at_line_start: bool,
    /// Bytes the disk did not take since the last that it did.
    lost: u64,
}

/// What a write came to.
#[derive(Debug)]
pub(crate) enum Written {
    /// All is in the file.
    Whole,
    /// The disk began to refuse; what it said.
    Refused(io::Error),
    /// It still refuses.
    StillRefused,
    /// It takes bytes again; so many were lost.
    Recovered(u64),
    /// All is in the file, which cannot be rotated and grows beyond its limit; told once.
    Unrotated(io::Error),
}

impl LogFile {
    /// Opens the log at `path`, appending; a `max_bytes` of 0 never rotates. It opens a file that cannot be opened now with the first write
    /// that can.
    pub(crate) fn open(path: PathBuf, max_bytes: u64, backups: u32) -> (Self, io::Result<()>) {
        let max_bytes = if max_bytes == 0 { u64::MAX } else { max_bytes };
        let mut log = Self {
            path,
            max_bytes,
            backups,
            file: None,
            size: 0,
            limit: max_bytes,
            is_stuck: false,
            untold: None,
            at_line_start: true,
            lost: 0,
        };
        let opened = log.reopen();
        (log, opened)
    }

    /// The file that is appended to.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last `count` bytes of the file.
    pub(crate) fn end(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(count)))?;
        let mut bytes = Vec::new();
        file.take(count).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Appends `bytes`, rotating where it is time.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        let lost_before = self.lost;
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Err(error) = self.write_part(&mut rest) {
                self.lost += rest.len() as u64;
                return if lost_before == 0 {
                    Written::Refused(error)
                } else {
                    Written::StillRefused
                };
            }
        }
        if lost_before > 0 {
            self.lost = 0;
            Written::Recovered(lost_before)
        } else if let Some(error) = self.untold.take() {
            Written::Unrotated(error)
        } else {
            Written::Whole
        }
    }

    /// Writes the part of `rest` that belongs into the file that is open, or rotates.
    fn write_part(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.reopen()?;
        }
        if self.lost > 0 {
            self.tell_loss()?;
        }
        let room = self.limit.saturating_sub(self.size);
        let fits = usize::try_from(room).unwrap_or(usize::MAX);
        if rest.len() <= fits {
            return self.append(rest, rest.len());
        }
        let head = rest.get(..fits).unwrap_or(rest);
        if let Some(newline) = head.iter().rposition(|byte| *byte == b'\n') {
            self.append(rest, newline + 1)?;
            return self.rotate();
        }
        // With all of its room left it is as good as a new one, also where it could not be rotated.
        if self.at_line_start && room < self.max_bytes {
            return self.rotate();
        }
        // In the middle of a line that does not end within the limit: it may take as much again.
        let most = usize::try_from(
            self.limit
                .saturating_add(self.max_bytes)
                .saturating_sub(self.size)
                .max(1),
        )
        .unwrap_or(usize::MAX);
        match rest.iter().take(most).position(|byte| *byte == b'\n') {
            Some(newline) => self.append(rest, newline + 1)?,
            None if rest.len() < most => return self.append(rest, rest.len()),
            None => self.append(rest, most)?,
        }
        self.rotate()
    }

    /// Moves the first `count` bytes of `rest` into the file; what it took is gone from `rest` also after
    /// an error.
    fn append(&mut self, rest: &mut &[u8], count: usize) -> io::Result<()> {
        let mut left = count;
        while left > 0 {
            let Some(file) = self.file.as_mut() else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let part = rest.get(..left).unwrap_or(rest);
            match file.write(part) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    self.at_line_start = part.get(taken - 1) == Some(&b'\n');
                    self.size += taken as u64;
                    *rest = rest.get(taken..).unwrap_or_default();
                    left -= taken;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn tell_loss(&mut self) -> io::Result<()> {
        let newline = if self.at_line_start { "" } else { "\n" };
        let line = format!(
            "{newline}[listsync] {} bytes of this log were lost here\n",
            self.lost
        );
        let mut rest = line.as_bytes();
        self.append(&mut rest, line.len())?;
        self.lost = 0;
        Ok(())
    }

    /// Goes on in a new file; in the old one, for another `max_bytes`, if the files cannot be moved.
    fn rotate(&mut self) -> io::Result<()> {
        if let Err(error) = self.shift() {
            self.limit = self.size.saturating_add(self.max_bytes);
            if !std::mem::replace(&mut self.is_stuck, true) {
                self.untold = Some(error);
            }
            return Ok(());
        }
        self.limit = self.max_bytes;
        (self.is_stuck, self.untold) = (false, None);
        self.reopen()
    }

    /// Gives each file its next name.
    fn shift(&self) -> io::Result<()> {
        for number in (1..self.backups).rev() {
            rename(
                &numbered(&self.path, number),
                &numbered(&self.path, number + 1),
            )?;
        }
        if self.backups > 0 {
            return rename(&self.path, &numbered(&self.path, 1));
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = None;
        let open = || {
            OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o640)
                .open(&self.path)
        };
        let mut file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Somebody deleted the folder.
                self.path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                open()?
            }
            opened => opened?,
        };
        self.size = file.metadata()?.len();
        self.at_line_start = true;
        if self.size > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            self.at_line_start = last == *b"\n";
        }
        self.file = Some(file);
        Ok(())
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// A file that is not there needs no other name.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(log: &mut LogFile, bytes: &[u8]) {
        assert!(matches!(log.write(bytes), Written::Whole));
    }

    fn opened(path: &Path, max_bytes: u64, backups: u32) -> LogFile {
        let (log, opened) = LogFile::open(path.to_owned(), max_bytes, backups);
        opened.unwrap();
        log
    }

    /// All that is kept, oldest first, and each file alone.
    fn read(path: &Path, backups: u32) -> (String, Vec<String>) {
        let files: Vec<String> = (1..=backups)
            .rev()
            .map(|number| numbered(path, number))
            .chain([path.to_owned()])
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .collect();
        (files.concat(), files)
    }

    #[test]
    fn rotation_loses_no_line_and_splits_none_whatever_the_chunks() {
        let lines: Vec<_> = (0..500)
            .map(|n| {
                format!(
                    "line {n} {}
",
                    "x".repeat(n % 90)
                )
            })
            .collect();
        let all = lines.concat();
        for chunk in [1, 7, 64, 150, 997, 5000] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("api.log");
            let mut log = opened(&path, 1000, 100);
            for part in all.as_bytes().chunks(chunk) {
                whole(&mut log, part);
            }
            let (together, files) = read(&path, 100);
            assert_eq!(together, all, "chunks of {chunk}");
            assert!(files.len() > 20);
            for file in &files {
                assert!(file.is_empty() || file.ends_with('\n'), "chunks of {chunk}");
                assert!(file.len() <= 1100, "chunks of {chunk}: {}", file.len());
            }
        }
    }

    #[test]
    fn a_restart_appends_and_old_files_go_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        for line in ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n"] {
            whole(&mut opened(&path, 8, 2), line.as_bytes());
        }
        assert_eq!(read(&path, 9).1, ["bbbb\n", "cccc\n", "dddd\n"]);
    }

    #[test]
    fn a_line_longer_than_the_limit_is_whole_and_one_without_end_is_split() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let mut log = opened(&path, 100, 9);
        let line = format!("{}\n", "y".repeat(150));
        whole(&mut log, b"short\n");
        whole(&mut log, line.as_bytes());
        whole(&mut log, b"after\n");
        assert_eq!(read(&path, 9).1, ["short\n", line.as_str(), "after\n"]);
        for _ in 0..10 {
            whole(&mut log, &[b'z'; 90]);
        }
        assert!(read(&path, 9).1.iter().all(|file| file.len() <= 200));
    }

    #[test]
    fn without_backups_the_file_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let mut log = opened(&path, 8, 0);
        whole(&mut log, b"aaaa\n");
        whole(&mut log, b"bbbb\n");
        assert_eq!(read(&path, 1).1, ["bbbb\n"]);
    }

    #[test]
    fn a_deleted_folder_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/api.log");
        let (mut log, opened) = LogFile::open(path.clone(), 8, 1);
        opened.unwrap();
        whole(&mut log, b"aaaa\n");
        std::fs::remove_dir_all(folder.path().join("logs")).unwrap();
        whole(&mut log, b"bbbb\n");
        assert_eq!(read(&path, 1).0, "bbbb\n");
    }

    #[test]
    fn what_the_disk_refuses_is_counted_and_said_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let mut log = opened(&path, 1000, 1);
        whole(&mut log, b"half");
        log.file = Some(OpenOptions::new().write(true).open("/dev/full").unwrap());
        assert!(matches!(log.write(b"12345\n"), Written::Refused(_)));
        assert!(matches!(log.write(b"1234\n"), Written::StillRefused));
        log.file = None;
        assert!(matches!(log.write(b"again\n"), Written::Recovered(11)));
        let expected = "half\n[listsync] 11 bytes of this log were lost here\nagain\n";
        assert_eq!(read(&path, 1).0, expected);
    }

    #[test]
    fn a_file_that_cannot_be_rotated_grows_on_and_is_rotated_once_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.log");
        let in_the_way = numbered(&path, 1);
        std::fs::create_dir_all(in_the_way.join("something")).unwrap();
        let mut log = opened(&path, 10, 1);
        whole(&mut log, b"aaaa\nbbbb\n");
        assert!(matches!(log.write(b"cccc\n"), Written::Unrotated(_)));
        whole(&mut log, b"dddd\n");
        whole(&mut log, b"eeee\n"); // tried again, in vain, and told no more
        whole(&mut log, b"a longer line than fits\nffff\n");
        let before = "aaaa\nbbbb\ncccc\ndddd\neeee\na longer line than fits\nffff\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        std::fs::remove_dir_all(&in_the_way).unwrap();
        for line in ["gggg\n", "hhhh\n"] {
            whole(&mut log, line.as_bytes());
        }
        let (together, files) = read(&path, 1);
        assert_eq!(together, format!("{before}gggg\nhhhh\n"));
        assert_eq!(files.len(), 2);
        std::fs::remove_file(&in_the_way).unwrap();
        std::fs::create_dir_all(in_the_way.join("something")).unwrap();
        let again = (0..4).map(|_| log.write(b"jjjj\n"));
        let told = again
            .filter(|written| matches!(written, Written::Unrotated(_)))
            .count();
        assert_eq!(told, 1, "a new trouble is told anew");
    }

    #[test]
    fn the_end_of_the_file_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let log = {
            let mut log = opened(&folder.path().join("api.log"), 1000, 1);
            whole(&mut log, b"one\ntwo\nthree\n");
            log
        };
        assert_eq!(log.end(6).unwrap(), b"three\n");
        assert_eq!(log.end(600).unwrap(), b"one\ntwo\nthree\n");
    }
}
