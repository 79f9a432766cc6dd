//! Who we are in a container: one that starts as root gives its directories to the user that `PUID` and
//! `PGID` name and becomes that user, for good, before anything else happens.
//!
//! Whoever starts the container as another user has decided already, and nothing is done. Leaves the users
//! of single programs to [`crate::process`], and whether the directories can be written to `runtime`.

use std::{
    ffi::CString,
    fs::DirBuilder,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::DirBuilderExt as _,
    },
    path::{Path, PathBuf},
};

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, open, openat},
    sys::{
        prctl,
        stat::{FileStat, Mode, SFlag, fstat},
    },
    unistd::{
        AccessFlags, Gid, Uid, access, fchownat, getgroups, getuid, setgid, setgroups, setuid,
    },
};
use runtime::{
    Environment, SettingsError,
    settings::{self, PathSettings},
};

const USER: &str = "PUID";
const GROUP: &str = "PGID";

/// Numbers the kernel takes for "leave it as it is".
const NOBODY_AT_ALL: u32 = u32::MAX;

/// Directories that others need too: nobody means to give these away.
const SHARED: &[&str] = &[
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/src",
    "/usr/local",
    "/usr/local/bin",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/tmp",
];

/// Why we cannot become the wanted user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// The kernel does not let us.
    #[error(
        "cannot become user {user} and group {group}, as PUID and PGID say; give the container the \
         capabilities CHOWN, DAC_OVERRIDE, SETGID and SETUID back (`cap_add`), or start it as that user \
         (`user: \"{user}:{group}\"`), or set PUID=0 where root of the container is nobody special on the host"
    )]
    Change {
        /// The user.
        user: Uid,
        /// The group.
        group: Gid,
        /// What the kernel said.
        source: Errno,
    },
    /// Root could be had again, which makes giving it up worthless.
    #[error(
        "root was given up and could be taken back; start the container without extra privileges, or as \
         another user than root (`user:`)"
    )]
    Revocable,
    /// A file would not be ours to write.
    #[error(
        "cannot give {path} to user {user} and group {group}; run `sudo chown -R {user}:{group}` for the \
         mounted folder on the host, or set PUID and PGID to the numbers of its owner ({owner})"
    )]
    Foreign {
        /// The first such file.
        path: PathBuf,
        /// The user.
        user: Uid,
        /// The group.
        group: Gid,
        /// Whom it belongs to, as `1000:1000`.
        owner: String,
        /// What the kernel said.
        source: Errno,
    },
}

/// A user and its main group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    user: Uid,
    group: Gid,
}

impl Identity {
    fn owns(self, found: &FileStat) -> bool {
        found.st_uid == self.user.as_raw() && found.st_gid == self.group.as_raw()
    }
}

/// Becomes the user that `PUID` and `PGID` name, where we are root in a container, and returns the
/// environment of that user; else changes nothing. `config` is the file of `--config`.
///
/// Call it before anything is opened or started.
///
/// # Errors
/// [`SettingsError`] for settings that cannot be used, else [`IdentityError`].
pub(crate) fn settle(
    mut environment: Environment,
    config: Option<&Path>,
) -> anyhow::Result<Environment> {
    if !getuid().is_root() || !environment.is_in_container() {
        return Ok(environment);
    }
    let Some(identity) = wanted(&environment)? else {
        return Ok(environment);
    };
    if identity.user.is_root() {
        environment.warn(
            "PUID is 0: everything runs as root, and the browser without its sandbox; right only where root \
             of the container is nobody special on the host"
                .to_owned(),
        );
        return Ok(environment);
    }
    let paths = settings::load(&environment, config, &[])?.settings.paths;
    let refused = hand_over(&paths, identity)?;
    assume(identity)?;
    for refused in refused {
        refused.check(identity)?;
    }
    environment.set("HOME", &paths.data_dir.to_string_lossy()); // it came from UTF-8
    Ok(environment)
}

/// What the variables ask for; nothing where neither is set.
fn wanted(environment: &Environment) -> Result<Option<Identity>, SettingsError> {
    let user = number(environment, USER, "a user, as `id -u` prints it")?;
    let group = number(environment, GROUP, "a group, as `id -g` prints it")?;
    match (user, group) {
        (None, None) => Ok(None),
        (Some(user), group) => Ok(Some(Identity {
            user: Uid::from_raw(user),
            group: Gid::from_raw(group.unwrap_or(user)),
        })),
        (None, Some(_)) => Err(SettingsError::Variable {
            name: USER.to_owned(),
            value: "not set".to_owned(),
            expected: "set beside PGID: the number of a user, as `id -u` prints it".to_owned(),
        }),
    }
}

fn number(environment: &Environment, name: &str, what: &str) -> Result<Option<u32>, SettingsError> {
    let wrong = |value: String| SettingsError::Variable {
        name: name.to_owned(),
        value,
        expected: format!("the number of {what}"),
    };
    if environment.is_not_text(name) {
        return Err(wrong("no text".to_owned()));
    }
    let Some(text) = environment.get(name) else {
        return Ok(None);
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()); // `+5` would be read as one
    match text.parse() {
        Ok(number) if is_number && number != NOBODY_AT_ALL => Ok(Some(number)),
        _ => Err(wrong(format!("{text:?}"))),
    }
}

/// Makes the three directories and gives them to the user, with all that is in them.
///
/// # Errors
/// [`SettingsError`] when one is not ours to give away; what the file system refuses is returned.
fn hand_over(paths: &PathSettings, to: Identity) -> Result<Vec<Refused>, SettingsError> {
    let all = [
        ("data", "LISTSYNC_DATA_DIR", &paths.data_dir, 0o750),
        ("log", "LISTSYNC_LOG_DIR", &paths.log_dir, 0o750),
        ("run", "LISTSYNC_RUN_DIR", &paths.run_dir, 0o700),
    ];
    let mut refused = Vec::new();
    for (what, variable, path, mode) in all {
        if SHARED
            .iter()
            .any(|shared| path.as_path() == Path::new(shared))
        {
            return Err(SettingsError::Invalid {
                key: format!("paths.{what}_dir"),
                problem: format!(
                    "is {}, which others need too; name a directory of its own in it",
                    path.display()
                ),
            });
        }
        // One inside another is made by the user it belongs to; whoever may write the outer one could
        // have put a link to anywhere in its place.
        let is_inside = all
            .iter()
            .any(|(_, _, other, _)| path != *other && path.starts_with(other));
        if is_inside {
            continue;
        }
        // One that cannot be made is told with its remedy when it is used.
        if DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(path)
            .is_ok()
        {
            match give(path, to) {
                Some(Refused { source, .. }) if source == Errno::EROFS => {
                    return Err(settings::unwritable(what, variable, path, source.into()));
                }
                other => refused.extend(other),
            }
        }
    }
    Ok(refused)
}

/// A file that could not be given away.
#[derive(Debug)]
struct Refused {
    path: PathBuf,
    owner: String,
    source: Errno,
}

impl Refused {
    fn new(path: PathBuf, found: &FileStat, source: Errno) -> Self {
        Self {
            path,
            owner: format!("{}:{}", found.st_uid, found.st_gid),
            source,
        }
    }

    /// Only what we cannot use is an error: some file systems have no owners, and let everybody write.
    fn check(self, identity: Identity) -> Result<(), IdentityError> {
        if access(&self.path, AccessFlags::R_OK | AccessFlags::W_OK).is_ok() {
            return Ok(());
        }
        Err(IdentityError::Foreign {
            path: self.path,
            user: identity.user,
            group: identity.group,
            owner: self.owner,
            source: self.source,
        })
    }
}

/// Gives a directory and all in it to the user, as far as it is another's; the first file that the
/// file system refuses is returned. Follows no link and goes into no other mount.
fn give(path: &Path, to: Identity) -> Option<Refused> {
    // A link here is the owner's business: it is used, and its target is left as it is.
    let top = open(path, FOLDER, Mode::empty()).ok()?;
    let found = fstat(&top).ok()?;
    let mut gift = Gift {
        to,
        device: found.st_dev,
        refused: None,
    };
    if !to.owns(&found)
        && let Err(error) = fchownat(
            &top,
            c"",
            Some(to.user),
            Some(to.group),
            AtFlags::AT_EMPTY_PATH,
        )
    {
        gift.refused = Some(Refused::new(path.to_owned(), &found, error));
    }
    gift.contents(top, path);
    gift.refused
}

const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// A file of any kind without opening it, which a pipe or a device would take amiss.
const HANDLE: OFlag = OFlag::O_PATH
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

struct Gift {
    to: Identity,
    /// The mount it stays in.
    device: u64,
    refused: Option<Refused>,
}

impl Gift {
    /// A read-only mount inside is somebody's wish.
    fn refuse(&mut self, path: PathBuf, found: &FileStat, source: Errno) {
        if self.refused.is_none() && source != Errno::EROFS && source != Errno::ENOENT {
            self.refused = Some(Refused::new(path, found, source));
        }
    }

    fn contents(&mut self, folder: OwnedFd, path: &Path) {
        for name in names(&folder) {
            self.entry(&folder, &name, &path.join(text(&name)));
        }
    }

    fn entry(&mut self, folder: &OwnedFd, name: &CString, path: &Path) {
        // All that follows is about this very file, whatever somebody puts in its place meanwhile.
        let Ok(file) = openat(folder, name.as_c_str(), HANDLE, Mode::empty()) else {
            return; // it went away just now
        };
        let Ok(found) = fstat(&file) else {
            return;
        };
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        let is_folder = kind == SFlag::S_IFDIR;
        if is_folder && found.st_dev != self.device {
            return;
        }
        // A second name of a file elsewhere would give that one away.
        let is_elsewhere_too = !is_folder && found.st_nlink > 1;
        if !self.to.owns(&found) && !is_elsewhere_too {
            let (user, group) = (Some(self.to.user), Some(self.to.group));
            if let Err(error) = fchownat(&file, c"", user, group, AtFlags::AT_EMPTY_PATH) {
                self.refuse(path.to_owned(), &found, error);
            }
        }
        if is_folder {
            let inner = openat(&file, c".", FOLDER, Mode::empty());
            drop(file); // one descriptor a level is enough
            match inner {
                Ok(inner) => self.contents(inner, path),
                Err(error) => self.refuse(path.to_owned(), &found, error),
            }
        }
    }
}

fn names(folder: &OwnedFd) -> Vec<CString> {
    // The directory is read through a descriptor of its own: reading moves it.
    let Ok(mut reading) = Dir::openat(folder.as_fd(), c".", FOLDER, Mode::empty()) else {
        return Vec::new(); // it went away, or is told when it is used
    };
    reading
        .iter()
        .flatten()
        .map(|entry| entry.file_name().to_owned())
        .filter(|name| ![c".", c".."].contains(&name.as_c_str()))
        .collect()
}

fn text(name: &CString) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()))
}

/// Becomes that user, and makes sure that there is no way back.
fn assume(identity: Identity) -> Result<(), IdentityError> {
    change(identity).map_err(|source| IdentityError::Change {
        user: identity.user,
        group: identity.group,
        source,
    })?;
    let root = Uid::from_raw(0);
    if setuid(root).is_ok() || Uid::effective() == root {
        return Err(IdentityError::Revocable);
    }
    Ok(())
}

fn change(identity: Identity) -> nix::Result<()> {
    let mut groups = vec![identity.group];
    // Those of `--group-add`; root's own is not one of them.
    let given = getgroups()?;
    groups.extend(
        given
            .into_iter()
            .filter(|group| group.as_raw() != 0 && *group != identity.group),
    );
    setgroups(&groups)?;
    setgid(identity.group)?;
    setuid(identity.user)?;
    // Else the kernel keeps our entries in /proc root's, and what we start could not set its own limits.
    prctl::set_dumpable(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn asked(variables: &[(&str, &str)]) -> Result<Option<(u32, u32)>, String> {
        let found = wanted(&Environment::of(variables.iter().copied()));
        found
            .map(|found| found.map(|found| (found.user.as_raw(), found.group.as_raw())))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_group_is_the_users_number_unless_it_is_set() {
        assert_eq!(asked(&[]), Ok(None));
        assert_eq!(asked(&[("PUID", "1234")]), Ok(Some((1234, 1234))));
        let both = [("PUID", " 99 "), ("PGID", "100")];
        assert_eq!(asked(&both), Ok(Some((99, 100))));
        assert_eq!(asked(&[("PUID", "0"), ("PGID", "")]), Ok(Some((0, 0))));
    }

    #[test]
    fn what_is_no_number_of_a_user_is_refused_with_what_is() {
        for text in [
            "me",
            "-1",
            "+5",
            "1000:1000",
            "1e3",
            "4294967295",
            "4294967296",
        ] {
            assert_eq!(
                asked(&[("PUID", text)]).unwrap_err(),
                format!("PUID is {text:?}; it must be the number of a user, as `id -u` prints it")
            );
        }
        let group = asked(&[("PUID", "1"), ("PGID", "users")]).unwrap_err();
        assert!(group.starts_with("PGID is \"users\""), "{group}");
        let alone = asked(&[("PGID", "100")]).unwrap_err();
        assert!(alone.starts_with("PUID is not set"), "{alone}");
    }

    #[test]
    fn outside_a_container_the_variables_mean_nothing() {
        let environment = Environment::of([("PUID", "nonsense"), ("HOME", "/nonexistent")]);
        let settled = settle(environment, None).unwrap();
        assert_eq!(settled.get("HOME"), Some("/nonexistent"));
    }

    #[test]
    fn a_directory_that_others_need_is_not_given_away() {
        let paths = PathSettings {
            data_dir: "/var/log".into(),
            run_dir: "/nonexistent/run".into(),
            log_dir: "/nonexistent/log".into(),
        };
        let own = Identity {
            user: getuid(),
            group: Gid::current(),
        };
        let error = hand_over(&paths, own).unwrap_err().to_string();
        assert_eq!(
            error,
            "`paths.data_dir` is /var/log, which others need too; name a directory of its own in it"
        );
    }

    /// Owners can be changed by root alone; for others only what stays as it is can be seen.
    #[test]
    fn everything_inside_changes_its_owner_and_nothing_that_links_lead_to() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = |path: PathBuf| {
            std::fs::write(&path, "").unwrap();
            path
        };
        let (target, twin) = (
            file(outside.path().join("target")),
            file(outside.path().join("twin")),
        );
        let folder = inside.path().join("data/deeper");
        std::fs::create_dir_all(&folder).unwrap();
        let own = file(folder.join("own"));
        symlink(&target, folder.join("link")).unwrap();
        symlink(outside.path(), folder.join("folder-link")).unwrap();
        std::fs::hard_link(&twin, folder.join("twin")).unwrap();
        let before = std::fs::metadata(&target).unwrap().uid();

        let number = if getuid().is_root() { 4321 } else { before };
        let to = Identity {
            user: Uid::from_raw(number),
            group: Gid::current(),
        };
        assert!(give(&inside.path().join("data"), to).is_none());

        let owner = |path: &Path| std::fs::symlink_metadata(path).unwrap().uid();
        for path in [
            &inside.path().join("data"),
            &folder,
            &own,
            &folder.join("link"),
        ] {
            assert_eq!(owner(path), number, "{}", path.display());
        }
        for path in [&target, &twin, outside.path()] {
            assert_eq!(owner(path), before, "{}", path.display());
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_names_its_owner_and_the_command() {
        let refused = Refused {
            path: "/nonexistent/list_sync.db".into(),
            owner: "0:0".into(),
            source: Errno::EPERM,
        };
        let to = Identity {
            user: Uid::from_raw(1000),
            group: Gid::from_raw(100),
        };
        let error = refused.check(to).unwrap_err().to_string();
        assert!(
            error.contains("cannot give /nonexistent/list_sync.db to user 1000 and group 100")
                && error.contains("sudo chown -R 1000:100")
                && error.contains("(0:0)"),
            "{error}"
        );
        let writable = tempfile::NamedTempFile::new().unwrap();
        let refused = Refused {
            path: writable.path().to_owned(),
            owner: "0:0".into(),
            source: Errno::EPERM,
        };
        assert!(refused.check(to).is_ok());
    }
}
