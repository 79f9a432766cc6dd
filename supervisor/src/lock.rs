//! One supervisor at a time: locks held for its life, and its process id for others to read.
//!
//! Two locks, since either folder alone may be shared: containers share a data folder, users a run
//! folder. The kernel drops them when the process ends in any way. Leaves what is in the folders to others.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use runtime::settings::PathSettings;

use crate::process;

/// Name of the lock in the data folder.
const DATA_LOCK: &str = "supervisor.lock";

/// Why this supervisor may not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another one runs.
    #[error(
        "ListSync runs already: {owner} holds {path}; stop it with `listsync shutdown`, or give this one \
         other directories (LISTSYNC_DATA_DIR, LISTSYNC_RUN_DIR)"
    )]
    Held {
        /// `process 1234`.
        owner: String,
        /// The lock.
        path: PathBuf,
    },
    /// The lock cannot be taken.
    #[error("cannot lock {path}")]
    File {
        /// The lock.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The pid file cannot be written.
    #[error("cannot write {path}")]
    PidFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _run: File,
    _data: File,
    pid_file: PathBuf,
}

impl Lock {
    /// Takes both locks and writes the pid file.
    ///
    /// # Errors
    /// [`LockError`], at once and with nothing changed when another supervisor runs.
    pub(crate) fn take(paths: &PathSettings) -> Result<Self, LockError> {
        let run = lock(&paths.lock_file())?;
        let data = lock(&paths.data_dir.join(DATA_LOCK))?;
        let pid_file = paths.pid_file();
        std::fs::write(&pid_file, format!("{}\n", process::own_pid())).map_err(|source| {
            LockError::PidFile {
                path: pid_file.clone(),
                source,
            }
        })?;
        Ok(Self {
            _run: run,
            _data: data,
            pid_file,
        })
    }
}

impl Drop for Lock {
    /// The lock files stay: removing one that somebody waits for would let two of them in.
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.pid_file) {
            tracing::debug!("cannot remove {}: {error}", self.pid_file.display());
        }
    }
}

fn lock(path: &Path) -> Result<File, LockError> {
    let failed = |source| LockError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let owner = match file.read_to_string(&mut text) {
                Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
                _ => "another process".to_owned(),
            };
            return Err(LockError::Held {
                owner,
                path: path.to_owned(),
            });
        }
        // Some network file systems have no locks; the other folder's lock still holds.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // In place: a copy under the same name would be another file with another lock.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", process::own_pid()))
        .map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &Path, run: &str) -> PathSettings {
        let paths = PathSettings {
            data_dir: folder.join("data"),
            run_dir: folder.join(run),
            log_dir: folder.join("logs"),
        };
        paths.create().unwrap();
        paths
    }

    #[test]
    fn a_second_one_is_refused_by_pid_and_path_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path(), "run");
        let first = Lock::take(&paths).unwrap();
        let text = Lock::take(&paths).unwrap_err().to_string();
        let expected = format!(
            "ListSync runs already: process {} holds {};",
            std::process::id(),
            paths.lock_file().display()
        );
        assert!(text.starts_with(&expected), "{text}");
        let pid = std::fs::read_to_string(paths.pid_file()).unwrap();
        assert_eq!(pid.trim(), std::process::id().to_string());
        drop(first);
        assert!(!paths.pid_file().exists());
        drop(Lock::take(&paths).unwrap());
    }

    #[test]
    fn one_data_folder_has_one_supervisor_whatever_its_run_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Lock::take(&paths(folder.path(), "run")).unwrap();
        let second = Lock::take(&paths(folder.path(), "other")).unwrap_err();
        assert!(
            matches!(second, LockError::Held { path, .. } if path.ends_with("data/supervisor.lock"))
        );
    }
}
