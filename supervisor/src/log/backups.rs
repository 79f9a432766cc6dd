//! The older files of a log: `api.log.1` as it was, `api.log.2.gz` and so on packed, or plain as long as
//! nobody got to it.
//!
//! Only the log thread renames and removes them. Leaves writing to [`super::rotate`] and packing to
//! [`super::pack`].

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The newest that is packed: the one before it is what people open.
pub(super) const FIRST_PACKED: u32 = 2;

/// The highest number that is ours, the most that settings allow; other tools put dates and years there.
const HIGHEST: u32 = 1000;

/// An older file, opened.
#[derive(Debug)]
pub(super) struct Older {
    pub(super) file: File,
    pub(super) is_packed: bool,
}

pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    with_end(path, &format!(".{number}"))
}

pub(super) fn packed(path: &Path, number: u32) -> PathBuf {
    with_end(path, &format!(".{number}.gz"))
}

/// Where a file is packed before it gets its name.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    with_end(path, ".gz-unfinished")
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Gives each file its next name up to the first that is free; without one the oldest is gone then. So a
/// file that cannot be moved, however often it is tried, does not push out the others.
pub(super) fn shift(path: &Path, backups: u32) -> io::Result<()> {
    if backups == 0 {
        return remove(path);
    }
    let is_there = |file: PathBuf| file.symlink_metadata().is_ok();
    let free = (1..backups)
        .find(|number| !is_there(numbered(path, *number)) && !is_there(packed(path, *number)))
        .unwrap_or(backups);
    remove(&packed(path, free))?;
    remove(&numbered(path, free))?;
    for number in (1..free).rev() {
        rename(&numbered(path, number), &numbered(path, number + 1))?;
        rename(&packed(path, number), &packed(path, number + 1))?;
    }
    rename(path, &numbered(path, 1))
}

/// Removes what a kill left behind, what is there twice, and what is beyond `backups`.
pub(super) fn tidy(path: &Path, backups: u32) {
    let mut surplus = vec![unfinished(path)];
    for (number, is_packed) in numbers(path) {
        if number > backups || is_packed && numbered(path, number).exists() {
            surplus.push(if is_packed {
                packed(path, number)
            } else {
                numbered(path, number)
            });
        }
    }
    for path in surplus {
        if let Err(error) = remove(&path) {
            tracing::warn!("cannot remove the old log {}: {error}", path.display());
        }
    }
}

/// Numbers of older files, and whether each is packed.
fn numbers(path: &Path) -> Vec<(u32, bool)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let Ok(entries) = folder.read_dir() else {
        return Vec::new(); // opening the log itself says what is wrong
    };
    entries
        .filter_map(|entry| number_of(&entry.ok()?.file_name(), name)) // as far as it can be read
        .collect()
}

fn number_of(file: &OsStr, name: &OsStr) -> Option<(u32, bool)> {
    let rest = file.to_str()?.strip_prefix(name.to_str()?)?;
    let rest = rest.strip_prefix('.')?;
    let (number, is_packed) = match rest.strip_suffix(".gz") {
        Some(number) => (number, true),
        None => (rest, false),
    };
    let is_plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    // An empty one is no number.
    let number: u32 = is_plain.then(|| number.parse().ok())??;
    (number <= HIGHEST).then_some((number, is_packed))
}

/// The older files, newest first, as they are now.
pub(super) fn open_all(path: &Path) -> Vec<Older> {
    let mut numbers = numbers(path);
    numbers.sort_unstable();
    // Of one that is there twice the packed copy may not be complete.
    numbers.dedup_by_key(|(number, _)| *number);
    let open = |(number, is_packed)| {
        let name = if is_packed { packed } else { numbered };
        let file = File::open(name(path, number)).ok()?; // no right to read it
        Some(Older { file, is_packed })
    };
    numbers.into_iter().filter_map(open).collect()
}

/// The oldest file that is to be packed.
pub(super) fn to_pack(path: &Path, backups: u32) -> Option<File> {
    let numbers = numbers(path).into_iter();
    let plain = numbers
        .filter(|(number, is_packed)| !is_packed && (FIRST_PACKED..=backups).contains(number));
    let (oldest, _) = plain.max()?;
    let file = File::open(numbered(path, oldest)).ok()?; // gone again
    file.metadata().ok()?.is_file().then_some(file)
}

/// Puts the packed copy of the file `inode` into its place, wherever that is by now.
pub(super) fn place(path: &Path, backups: u32, inode: (u64, u64)) -> io::Result<()> {
    let is_it = |number: &u32| {
        std::fs::metadata(numbered(path, *number))
            .is_ok_and(|about| (about.dev(), about.ino()) == inode)
    };
    match (FIRST_PACKED..=backups).find(is_it) {
        Some(number) => {
            std::fs::rename(unfinished(path), packed(path, number))?;
            remove(&numbered(path, number))
        }
        // It has been rotated away meanwhile.
        None => remove(&unfinished(path)),
    }
}

/// A file that is not there needs no other name.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), file).unwrap();
        }
        let path = folder.path().join("api.log");
        (folder, path)
    }

    /// Each file and what its name was.
    fn listed(folder: &tempfile::TempDir) -> Vec<String> {
        let mut files: Vec<_> = folder
            .path()
            .read_dir()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let was = std::fs::read_to_string(entry.path()).unwrap();
                format!("{}<{was}", entry.file_name().to_str().unwrap())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn every_file_gets_its_next_name_packed_or_not_and_the_oldest_is_gone() {
        let (folder, path) = folder(&[
            "api.log",
            "api.log.1",
            "api.log.2.gz",
            "api.log.3",
            "api.log.4.gz",
        ]);
        shift(&path, 4).unwrap();
        let expected = [
            "api.log.1<api.log",
            "api.log.2<api.log.1",
            "api.log.3.gz<api.log.2.gz",
            "api.log.4<api.log.3",
        ];
        assert_eq!(listed(&folder), expected);
        shift(&path, 4).unwrap();
        let expected = [
            "api.log.2<api.log",
            "api.log.3<api.log.1",
            "api.log.4.gz<api.log.2.gz",
        ];
        assert_eq!(listed(&folder), expected);
    }

    #[test]
    fn a_file_that_cannot_be_moved_does_not_push_out_the_others() {
        let (folder, path) = folder(&["api.log.1", "api.log.2.gz", "api.log.3"]);
        // Nothing has the name of the log, as if it stayed where it is.
        for _ in 0..5 {
            shift(&path, 4).unwrap();
            let expected = [
                "api.log.2<api.log.1",
                "api.log.3.gz<api.log.2.gz",
                "api.log.4<api.log.3",
            ];
            assert_eq!(listed(&folder), expected);
        }
    }

    #[test]
    fn what_is_left_over_there_twice_or_beyond_the_number_is_removed_and_nothing_else() {
        let (folder, path) = folder(&[
            "api.log",
            "api.log.1",
            "api.log.2",
            "api.log.2.gz",
            "api.log.3.gz",
            "api.log.4",
            "api.log.20260101",
            "api.log.2026",
            "api.log.04",
            "api.log.gz-unfinished",
            "api.log.old",
            "api.log.",
            "sync.log.9",
        ]);
        tidy(&path, 2);
        let mut left: Vec<_> = listed(&folder)
            .into_iter()
            .map(|file| file.split('<').next().unwrap().to_owned())
            .collect();
        left.sort();
        let expected = [
            "api.log",
            "api.log.",
            "api.log.04",
            "api.log.1",
            "api.log.2",
            "api.log.2026",
            "api.log.20260101",
            "api.log.old",
            "sync.log.9",
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_packed_file_finds_its_place_after_a_rotation_and_none_when_it_is_gone() {
        let (folder, path) =
            folder(&["api.log", "api.log.1", "api.log.2", "api.log.gz-unfinished"]);
        let file = to_pack(&path, 3).unwrap();
        let about = file.metadata().unwrap();
        let inode = (about.dev(), about.ino());
        shift(&path, 3).unwrap();
        place(&path, 3, inode).unwrap();
        let expected = [
            "api.log.1<api.log",
            "api.log.2<api.log.1",
            "api.log.3.gz<api.log.gz-unfinished",
        ];
        assert_eq!(listed(&folder), expected);
        std::fs::write(unfinished(&path), "").unwrap();
        place(&path, 3, inode).unwrap();
        assert_eq!(listed(&folder), expected);
    }
}
