//! One log file: appended to, rotated between lines, never truncated by a restart.
//!
//! Writing never fails for the caller: what the disk does not take is counted, and said in the log
//! itself when there is room again. A file that cannot be rotated grows on; one that somebody deleted is made
//! again. Only a line longer than the limit is split. Leaves the names of older files to [`super::backups`],
//! and where bytes come from to [`super::pipe`].

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::backups;

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
    /// Bytes lost that nobody has asked for.
    newly_lost: u64,
    /// Older files have other names since somebody asked.
    has_rotated: bool,
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
            newly_lost: 0,
            has_rotated: false,
        };
        if log.rotates() {
            backups::tidy(&log.path, backups);
        }
        let opened = log.reopen();
        (log, opened)
    }

    /// Keeps to these limits from now on.
    pub(crate) fn set_limits(&mut self, max_bytes: u64, backups: u32) {
        self.max_bytes = if max_bytes == 0 { u64::MAX } else { max_bytes };
        self.limit = self.max_bytes;
        self.backups = backups;
        if self.rotates() {
            backups::tidy(&self.path, backups);
        }
    }

    /// Closes the file; the next write opens what has its name then.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Whether older files are ours; without a limit somebody else may take care of them.
    pub(crate) fn rotates(&self) -> bool {
        self.max_bytes < u64::MAX
    }

    /// Whether older files have other names since this was last asked.
    pub(crate) fn has_rotated(&mut self) -> bool {
        std::mem::take(&mut self.has_rotated)
    }

    /// How many older files are kept.
    pub(crate) fn backups(&self) -> u32 {
        self.backups
    }

    /// The disk does not take what is written.
    pub(crate) fn is_failing(&self) -> bool {
        self.lost > 0
    }

    /// What was written ends inside a line.
    pub(crate) fn is_in_line(&self) -> bool {
        !self.at_line_start
    }

    /// The file that is appended to.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes lost since this was last asked.
    pub(crate) fn newly_lost(&mut self) -> u64 {
        std::mem::take(&mut self.newly_lost)
    }

    /// Appends `bytes`, rotating where it is time.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        let lost_before = self.lost;
        self.close_deleted();
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Err(error) = self.write_part(&mut rest) {
                self.lost += rest.len() as u64;
                self.newly_lost += rest.len() as u64;
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

    /// A file without a name would be filled for nobody.
    fn close_deleted(&mut self) {
        let is_deleted = |file: &File| file.metadata().is_ok_and(|about| about.nlink() == 0);
        if self.file.as_ref().is_some_and(is_deleted) {
            self.close();
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
        if let Err(error) = backups::shift(&self.path, self.backups) {
            self.limit = self.size.saturating_add(self.max_bytes);
            if !std::mem::replace(&mut self.is_stuck, true) {
                self.untold = Some(error);
            }
            return Ok(());
        }
        self.limit = self.max_bytes;
        (self.is_stuck, self.untold) = (false, None);
        self.has_rotated = true;
        self.reopen()
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

#[cfg(test)]
mod tests;
