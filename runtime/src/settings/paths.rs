//! Where files are: the three directories, the files in them, and whether we may write there.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, Gid, Uid, access};
use schema::wire::{Link as _, scraper::ScraperLink, supervisor::SupervisorLink, sync::SyncLink};
use serde::Deserialize;

use super::error::SettingsError;
use crate::environment::Environment;

/// Folder of the sockets at which programs say how they are.
const NOTIFY: &str = "notify";
/// Folder of a running browser, which a killed scraper-worker leaves behind.
const BROWSER: &str = "browser";

/// Where files are; all absolute.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathSettings {
    /// Database, caches, keys.
    pub data_dir: PathBuf,
    /// Sockets, lock, pid file.
    pub run_dir: PathBuf,
    /// Log files.
    pub log_dir: PathBuf,
}

impl PathSettings {
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("list_sync.db")
    }

    /// A socket by its file name, `Link::SOCKET`.
    pub fn socket(&self, name: &str) -> PathBuf {
        self.run_dir.join(name)
    }

    /// The folder of export files: what is put there is followed.
    pub fn exports(&self) -> PathBuf {
        self.data_dir.join("exports")
    }

    /// The first API key.
    pub fn api_key_file(&self) -> PathBuf {
        self.data_dir.join("api-key")
    }

    /// The key that encrypts saved secrets.
    pub fn secret_key_file(&self) -> PathBuf {
        self.data_dir.join("secret.key")
    }

    /// What a second supervisor finds locked.
    pub fn lock_file(&self) -> PathBuf {
        self.run_dir.join("supervisor.lock")
    }

    /// The supervisor's process id.
    pub fn pid_file(&self) -> PathBuf {
        self.run_dir.join("supervisor.pid")
    }

    /// Folder of the sockets at which programs say how they are.
    pub fn notify_dir(&self) -> PathBuf {
        self.run_dir.join(NOTIFY)
    }

    /// The log of a program.
    pub fn log(&self, program: &str) -> PathBuf {
        self.log_dir.join(format!("{program}.log"))
    }

    /// Makes the three directories and the folder of exports where they are missing and looks whether
    /// we may write there. The run directory becomes 0700 when it is ours and others could get in.
    ///
    /// # Errors
    /// [`SettingsError::Directory`] with the command that helps.
    pub fn create(&self) -> Result<(), SettingsError> {
        directory("data", "LISTSYNC_DATA_DIR", &self.data_dir, 0o750)?;
        // Where somebody made it, it may be a read-only mount.
        if !self.exports().is_dir() {
            directory("data", "LISTSYNC_DATA_DIR", &self.exports(), 0o750)?;
        }
        directory("run", "LISTSYNC_RUN_DIR", &self.run_dir, 0o700)?;
        directory("log", "LISTSYNC_LOG_DIR", &self.log_dir, 0o750)?;
        self.look_for_others()?;
        self.close_run_dir()
            .map_err(|error| unwritable("run", "LISTSYNC_RUN_DIR", &self.run_dir, error))
    }

    /// Everybody's directory, such as `/run`, must not become ours alone: others would be shut out.
    fn look_for_others(&self) -> Result<(), SettingsError> {
        let is_apart = self.run_dir != self.data_dir && self.run_dir != self.log_dir;
        match foreign(&self.run_dir) {
            Ok(Some(other)) if is_apart => Err(SettingsError::SharedRunDir {
                path: self.run_dir.clone(),
                others: other,
            }),
            Ok(_) => Ok(()),
            Err(error) => Err(unwritable("run", "LISTSYNC_RUN_DIR", &self.run_dir, error)),
        }
    }

    fn close_run_dir(&self) -> io::Result<()> {
        let found = std::fs::metadata(&self.run_dir)?;
        if found.uid() == Uid::effective().as_raw() && found.mode() & 0o007 != 0 {
            std::fs::set_permissions(&self.run_dir, Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

/// A directory or socket in our run directory that is not ours. Files may lie there: it is where our
/// workers run and leave what they leave.
fn foreign(run_dir: &Path) -> io::Result<Option<String>> {
    let ours = [
        SupervisorLink::SOCKET,
        SyncLink::SOCKET,
        ScraperLink::SOCKET,
        NOTIFY,
        BROWSER,
    ];
    for entry in std::fs::read_dir(run_dir)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if (kind.is_dir() || kind.is_socket()) && ours.iter().all(|own| name != *own) {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

fn directory(
    what: &'static str,
    variable: &'static str,
    path: &Path,
    mode: u32,
) -> Result<(), SettingsError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .and_then(|()| access(path, AccessFlags::W_OK | AccessFlags::X_OK).map_err(io::Error::from))
        .map_err(|error| unwritable(what, variable, path, error))
}

/// The error about a directory that cannot be written, with the command that helps: `what` it is, as
/// "data", and the `variable` that sets it.
pub fn unwritable(
    what: &'static str,
    variable: &str,
    path: &Path,
    source: io::Error,
) -> SettingsError {
    SettingsError::Directory {
        what,
        path: path.to_owned(),
        remedy: remedy(variable, path, &source),
        source,
    }
}

fn remedy(variable: &str, path: &Path, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::ReadOnlyFilesystem {
        return format!(
            "its file system is read-only; mount a volume there that can be written (in a container for \
             the run directory also `--tmpfs`), or set {variable} to another one"
        );
    }
    let (user, group) = (Uid::effective(), Gid::effective());
    let quoted = format!("'{}'", path.display());
    let make = if path.exists() {
        String::new()
    } else {
        format!("sudo mkdir -p {quoted} && ")
    };
    format!(
        "run `{make}sudo chown -R {user}:{group} {quoted}` (in a container: for the mounted folder, on \
         the host) or set {variable} to another one"
    )
}

/// The directories that are used when nothing sets them.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    environment: &'a Environment,
}

impl<'a> Defaults<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    pub(super) fn data(&self) -> Result<PathBuf, SettingsError> {
        if self.environment.is_in_container() {
            return Ok("/usr/src/app/data".into());
        }
        let base = self.base("XDG_DATA_HOME", ".local/share");
        base.map(|base| base.join("listsync"))
            .ok_or(SettingsError::NoHome {
                variable: "LISTSYNC_DATA_DIR",
                what: "data",
            })
    }

    pub(super) fn run(&self, data: &Path) -> PathBuf {
        if self.environment.is_in_container() {
            return "/run/listsync".into();
        }
        match self.absolute("XDG_RUNTIME_DIR") {
            Some(base) => base.join("listsync"),
            None => data.join("run"),
        }
    }

    pub(super) fn log(&self, data: &Path) -> PathBuf {
        if self.environment.is_in_container() {
            return "/var/log/supervisor".into();
        }
        data.join("logs")
    }

    pub(super) fn config(&self) -> Option<PathBuf> {
        if self.environment.is_in_container() {
            return Some("/etc/listsync/listsync.toml".into());
        }
        self.base("XDG_CONFIG_HOME", ".config")
            .map(|base| base.join("listsync/listsync.toml"))
    }

    fn base(&self, variable: &str, in_home: &str) -> Option<PathBuf> {
        self.absolute(variable)
            .or_else(|| self.absolute("HOME").map(|home| home.join(in_home)))
    }

    /// The XDG specification has relative paths ignored.
    fn absolute(&self, variable: &str) -> Option<PathBuf> {
        self.environment
            .get(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_and_the_run_directory_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        std::fs::create_dir(&run_dir).unwrap();
        std::fs::set_permissions(&run_dir, Permissions::from_mode(0o755)).unwrap();
        let paths = PathSettings {
            data_dir: folder.path().join("data/deeper"),
            run_dir,
            log_dir: folder.path().join("logs"),
        };
        paths.create().unwrap();
        assert!(paths.exports().is_dir() && paths.log_dir.is_dir());
        let mode = std::fs::metadata(&paths.run_dir).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_run_directory_that_others_use_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        std::fs::create_dir_all(run_dir.join("systemd")).unwrap();
        std::fs::set_permissions(&run_dir, Permissions::from_mode(0o755)).unwrap();
        let paths = PathSettings {
            data_dir: folder.path().join("data"),
            run_dir: run_dir.clone(),
            log_dir: folder.path().join("logs"),
        };
        let text = paths.create().unwrap_err().to_string();
        assert!(text.contains("systemd is there"), "{text}");
        assert!(text.ends_with("run/listsync"), "{text}");
        let mode = std::fs::metadata(&run_dir).unwrap().mode();
        assert_eq!(mode & 0o777, 0o755);
        // What we leave there ourselves is no hindrance.
        std::fs::rename(run_dir.join("systemd"), run_dir.join(NOTIFY)).unwrap();
        std::fs::write(run_dir.join("core"), "").unwrap();
        paths.create().unwrap();
    }

    #[test]
    fn a_read_only_file_system_wants_a_volume_and_no_other_owner() {
        let error = io::Error::from(nix::errno::Errno::EROFS);
        let text = remedy("LISTSYNC_LOG_DIR", Path::new("/var/log/supervisor"), &error);
        assert!(
            text.starts_with("its file system is read-only; mount a volume"),
            "{text}"
        );
        assert!(
            text.contains("LISTSYNC_LOG_DIR") && !text.contains("chown"),
            "{text}"
        );
    }

    #[test]
    fn a_directory_that_cannot_be_written_comes_with_the_command_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let paths = PathSettings {
            data_dir: file.join("data"),
            run_dir: folder.path().join("run"),
            log_dir: folder.path().join("logs"),
        };
        let error = paths.create().unwrap_err().to_string();
        let expected = format!(
            "cannot write the data directory {0}/data; run `sudo mkdir -p '{0}/data' && sudo chown -R \
             {1}:{2} '{0}/data'` (in a container: for the mounted folder, on the host) or set \
             LISTSYNC_DATA_DIR to another one",
            file.display(),
            Uid::effective(),
            Gid::effective()
        );
        assert_eq!(error, expected);
    }
}
