//! The folder of export files, for those who put files there: which names they may have, and how a file
//! gets there whole or not at all. Leaves reading them to the scraper-worker.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::NaiveDateTime;

/// The longest file that is taken, and the longest that is read from inside a zip.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// How files with lists are called at their end.
pub const ENDINGS: &[&str] = &[".csv", ".tsv", ".json", ".txt", ".zip"];

/// Bytes of a file's name; with what is put before it, it must fit into the 255 of file systems.
const LONGEST_NAME: usize = 200;

/// How hidden files begin, after the dot: one that is on its way, and one that was replaced.
const UPLOAD: &str = "upload";
const OLDER: &str = "older";

const DAY_S: i64 = 24 * 60 * 60;

/// Looks whether a file of the folder may have this name.
///
/// # Errors
/// What is wrong with it, to be read after the name: "must not begin with a dot".
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if name.contains(['/', '\\']) {
        Err("must be the name of a file, without folders")
    } else if name.starts_with('.') {
        Err("must not begin with a dot")
    } else if !ENDINGS.iter().any(|end| lower.ends_with(end)) {
        Err("must end in .csv, .tsv, .json, .txt or .zip")
    } else if name.len() > LONGEST_NAME {
        Err("must not be longer than 200 bytes")
    } else if name.contains('*') || name.chars().any(char::is_control) {
        Err("must not contain `*` or control characters")
    } else {
        Ok(())
    }
}

/// A file that is being put into the folder, hidden until it is whole; dropped before, it is gone.
#[derive(Debug)]
pub struct Incoming {
    folder: PathBuf,
    hidden: Hidden,
    file: File,
}

impl Incoming {
    /// Begins one, making the folder where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        if !folder.is_dir() {
            DirBuilder::new().mode(0o750).create(folder)?;
        }
        let at = folder.join(hidden_name(UPLOAD)?);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&at)?;
        Ok(Self {
            folder: folder.to_owned(),
            hidden: Hidden(Some(at)),
            file,
        })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Shows it under its name, in place of an older file of that name.
    ///
    /// # Errors
    /// When the disk is full or broken, or a folder has that name; what was there before is still there.
    pub fn place(self, name: &str) -> io::Result<Placed> {
        let Self {
            folder,
            mut hidden,
            file,
        } = self;
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.sync_all()?;
        // Closed later, it would be noticed under its name a second time.
        drop(file);
        let at = folder.join(name);
        let older = put_aside(&folder, &at)?;
        if let Some(hidden) = &hidden.0 {
            fs::rename(hidden, &at)?;
        }
        hidden.0 = None;
        File::open(&folder)?.sync_all()?;
        Ok(Placed { at, older })
    }
}

/// Keeps the older file under a hidden name, too.
fn put_aside(folder: &Path, at: &Path) -> io::Result<Hidden> {
    if fs::symlink_metadata(at).is_err() {
        return Ok(Hidden(None));
    }
    let older = Hidden(Some(folder.join(hidden_name(OLDER)?)));
    if let Some(aside) = &older.0
        && fs::hard_link(at, aside).is_err()
    {
        fs::copy(at, aside)?; // not every file system has links
    }
    Ok(older)
}

/// Removes what a process left hidden in the folder that was killed in the middle: all that has lain
/// there for a day.
pub fn sweep(folder: &Path, now: NaiveDateTime) {
    let Ok(found) = fs::read_dir(folder) else {
        return; // nothing is left where nothing is
    };
    for entry in found.flatten() {
        let name = entry.file_name();
        let is_ours = [UPLOAD, OLDER].iter().any(|what| {
            name.to_str()
                .is_some_and(|name| name.starts_with(&format!(".{what}-")))
        });
        let age = |found: Metadata| now.and_utc().timestamp() - found.ctime();
        let is_left = entry.metadata().map(age).is_ok_and(|age| age > DAY_S);
        if is_ours && is_left {
            drop(Hidden(Some(entry.path())));
        }
    }
}

/// A file that was put into the folder; undone, or left there by dropping this.
#[derive(Debug)]
pub struct Placed {
    at: PathBuf,
    older: Hidden,
}

impl Placed {
    /// Whether it took the place of another.
    pub fn is_replacement(&self) -> bool {
        self.older.0.is_some()
    }

    /// Takes it away again and puts the older file back, if there was one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn undo(mut self) -> io::Result<()> {
        match self.older.0.take() {
            Some(older) => fs::rename(older, &self.at),
            None => fs::remove_file(&self.at),
        }
    }
}

/// A hidden file that goes with its owner.
#[derive(Debug)]
struct Hidden(Option<PathBuf>);

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!("cannot remove {}: {error}", path.display());
        }
    }
}

fn hidden_name(what: &str) -> io::Result<String> {
    Ok(format!(
        ".{what}-{:016x}",
        getrandom::u64().map_err(io::Error::from)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, text: &str) -> io::Result<Placed> {
        let mut incoming = Incoming::begin(folder)?;
        incoming.write(text.as_bytes())?;
        incoming.place(name)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn names_stay_in_the_folder_and_say_what_the_file_is() {
        for good in [
            "watchlist.csv",
            "My list (1).CSV",
            "letterboxd-x-2026-11-21-10-00-utc.zip",
            "Ä.zip",
            "trakt.json",
            "ids.TXT",
            "table.tsv",
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        let long = format!("{}.csv", "x".repeat(200));
        for bad in [
            "",
            "../x.csv",
            "/etc/x.csv",
            "a\\x.csv",
            ".x.csv",
            "x.pdf",
            "x",
            "*.csv",
            "a\nb.csv",
            "\0.csv",
            &long,
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_appears_whole_readable_and_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("exports");
        let mut incoming = Incoming::begin(&folder).unwrap();
        incoming.write(b"half").unwrap();
        assert!(names(&folder).iter().all(|name| name.starts_with('.')));
        let placed = incoming.place("a.csv").unwrap();
        assert!(!placed.is_replacement());
        drop(placed);
        assert_eq!(names(&folder), ["a.csv"]);
        let mode = fs::metadata(folder.join("a.csv")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o644);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut incoming = Incoming::begin(folder.path()).unwrap();
        incoming.write(b"half").unwrap();
        drop(incoming);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn undone_the_older_file_is_back_or_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "a.csv", "new").unwrap().undo().unwrap();
        assert!(names(folder.path()).is_empty());
        drop(put(folder.path(), "a.csv", "old").unwrap());
        let replaced = put(folder.path(), "a.csv", "new").unwrap();
        assert!(replaced.is_replacement());
        replaced.undo().unwrap();
        let text = fs::read_to_string(folder.path().join("a.csv")).unwrap();
        assert_eq!((text.as_str(), names(folder.path()).len()), ("old", 1));
        drop(put(folder.path(), "a.csv", "newer").unwrap());
        let text = fs::read_to_string(folder.path().join("a.csv")).unwrap();
        assert_eq!((text.as_str(), names(folder.path()).len()), ("newer", 1));
    }

    #[test]
    fn a_folder_in_the_place_of_the_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.csv")).unwrap();
        assert!(put(folder.path(), "a.csv", "x").is_err());
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn what_a_killed_process_left_is_swept_away_after_a_day_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".upload-1", ".older-2", ".nfs-3", "a.csv"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let made = fs::metadata(folder.path().join("a.csv")).unwrap().ctime();
        let after = |hours: i64| {
            let at = chrono::DateTime::from_timestamp(made + hours * 3600, 0);
            at.unwrap().naive_utc()
        };
        sweep(folder.path(), after(23));
        assert_eq!(names(folder.path()).len(), 4);
        sweep(folder.path(), after(25));
        assert_eq!(names(folder.path()), [".nfs-3", "a.csv"]);
        sweep(&folder.path().join("gone"), after(25));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Incoming::begin(&file.join("exports")).is_err());
    }
}
