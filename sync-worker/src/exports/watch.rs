//! Notices what is put into the folder of exports, by the kernel's word. Files that are hidden or end in
//! something else than lists do are nobody's business. On a network share the kernel hears only
//! of what this machine does there; what others do is seen at the next start.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::{AsFd, AsRawFd, RawFd},
    path::Path,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent},
};
use runtime::{
    Chain,
    exports::{check_name, sweep},
    socket::client::CallError,
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::sleep,
};

use super::{Exports, Who};

/// First pause after the scraper-worker was away; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// What has happened in the folder.
#[derive(Debug, PartialEq, Eq)]
enum Noticed {
    /// These files were written or put there.
    Files(Vec<String>),
    /// More than the kernel kept: everything has to be looked at.
    TooMuch,
    /// The folder itself went away.
    Gone,
}

/// Takes in what lies in the folder, then what is put there, without end. `tell` hears of each file.
pub(crate) async fn follow(exports: Exports, tell: impl Fn()) {
    let folder = exports.folder();
    sweep(&folder, exports.engine.clock.now());
    // Before the first look, so that nothing falls between the two.
    let mut watched = match Watched::begin(&folder) {
        Ok(watched) => Some(watched),
        Err(error) => {
            tracing::warn!(
                "new files in {} are not noticed before the next start: {error}. {}",
                folder.display(),
                remedy(&error)
            );
            None
        }
    };
    let mut files = every(&folder, Who::Start);
    let mut pause = FIRST_PAUSE;
    loop {
        files = take_in(&exports, files, &tell).await;
        let noticed = async {
            match &mut watched {
                Some(watched) => watched.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            noticed = noticed => match noticed {
                Ok(Noticed::Files(names)) => files.extend(names.into_iter().map(|name| (name, Who::Folder))),
                Ok(Noticed::TooMuch) => files.extend(every(&folder, Who::Folder)),
                Ok(Noticed::Gone) => {
                    tracing::warn!("the folder {0} is gone; make it again (`mkdir '{0}'`) and restart", folder.display());
                    watched = None;
                }
                Err(error) => {
                    tracing::error!("{} is watched no longer: {error}; restart to watch it again", folder.display());
                    watched = None;
                }
            },
            () = sleep(pause), if !files.is_empty() => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        }
        pause = FIRST_PAUSE;
    }
}

/// Gives back the files that could not be looked into because the scraper-worker is away.
async fn take_in(
    exports: &Exports,
    files: BTreeMap<String, Who>,
    tell: &impl Fn(),
) -> BTreeMap<String, Who> {
    let mut again = BTreeMap::new();
    for (file, who) in files {
        match exports.take_in(&file, who).await {
            Ok(_) => tell(),
            Err(error) if error.is_retryable() => {
                tracing::warn!("the export file {file} cannot be looked into yet: {error}");
                again.insert(file, who);
            }
            Err(error) => refuse(exports, &file, &error),
        }
    }
    again
}

fn refuse(exports: &Exports, file: &str, error: &CallError) {
    if fs::symlink_metadata(exports.folder().join(file)).is_err() {
        tracing::debug!("the export file {file} is gone again");
        return;
    }
    let remedy = error.remedy().unwrap_or_default();
    tracing::warn!(
        "the export file {file} is not followed: {}. {remedy}",
        Chain(error)
    );
}

/// Every file in the folder that may be an export.
fn every(folder: &Path, who: Who) -> BTreeMap<String, Who> {
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!("cannot look into {}: {error}", folder.display());
            return BTreeMap::new();
        }
    };
    found
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()) // no text, no name of ours
        .filter(|name| check_name(name).is_ok())
        .map(|name| (name, who))
        .collect()
}

fn remedy(error: &io::Error) -> &'static str {
    match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
        Errno::EMFILE => "Raise `sysctl fs.inotify.max_user_instances` and restart.",
        Errno::ENOSPC => "Raise `sysctl fs.inotify.max_user_watches` and restart.",
        Errno::ENOENT | Errno::ENOTDIR => "Make it and restart.",
        _ => "Restart after putting files there, or add them with `listsync lists add FILE`.",
    }
}

/// A watched folder.
struct Watched(AsyncFd<Descriptor>);

struct Descriptor(Inotify);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Watched {
    #[expect(
        unsafe_code,
        reason = "tokio wants to be told that a descriptor stays what it is"
    )]
    fn begin(folder: &Path) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let of_files = AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO;
        let of_folder = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF;
        inotify.add_watch(folder, of_files | of_folder | AddWatchFlags::IN_ONLYDIR)?;
        // SAFETY: `Descriptor` owns its `Inotify`, which owns one open descriptor until it is dropped,
        // and names no other; nothing takes it out of the `AsyncFd`.
        let registered =
            unsafe { AsyncFd::register_with_interest(Descriptor(inotify), Interest::READABLE) };
        Ok(Self(registered?))
    }

    /// What has happened since the last time, as soon as there is something.
    async fn next(&mut self) -> io::Result<Noticed> {
        let read = |descriptor: &Descriptor| Ok(descriptor.0.read_events()?);
        self.0
            .async_io(Interest::READABLE, read)
            .await
            .map(|events| noticed(&events))
    }
}

fn noticed(events: &[InotifyEvent]) -> Noticed {
    let any = |flags: AddWatchFlags| events.iter().any(|event| event.mask.intersects(flags));
    let went = AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_UNMOUNT
        | AddWatchFlags::IN_IGNORED;
    if any(went) {
        Noticed::Gone
    } else if any(AddWatchFlags::IN_Q_OVERFLOW) {
        Noticed::TooMuch
    } else {
        let names = events
            .iter()
            .filter_map(|event| event.name.as_ref()?.to_str());
        let names = names.filter(|name| check_name(name).is_ok());
        Noticed::Files(names.map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::exports::Incoming;

    /// Every name so far, until `last` is among them.
    async fn until(watched: &mut Watched, last: &str) -> Vec<String> {
        let mut names = Vec::new();
        while !names.iter().any(|name| name == last) {
            let Noticed::Files(more) = watched.next().await.unwrap() else {
                panic!("the folder is there");
            };
            names.extend(more);
        }
        names
    }

    #[actix_rt::test]
    async fn whole_files_are_noticed_and_hidden_or_foreign_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut watched = Watched::begin(folder.path()).unwrap();
        fs::write(at(".upload-1"), "x").unwrap();
        fs::write(at("notes.pdf"), "x").unwrap();
        fs::rename(at(".upload-1"), at("moved.csv")).unwrap();
        let mut incoming = Incoming::begin(folder.path()).unwrap();
        incoming.write(b"x").unwrap();
        drop(incoming.place("placed.csv").unwrap());
        fs::write(at("written.zip"), "x").unwrap();
        let names = until(&mut watched, "written.zip").await;
        assert_eq!(names, ["moved.csv", "placed.csv", "written.zip"]);
    }

    #[actix_rt::test]
    async fn a_folder_that_goes_away_is_said_to_be_gone() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("exports");
        fs::create_dir(&folder).unwrap();
        let mut watched = Watched::begin(&folder).unwrap();
        fs::remove_dir(&folder).unwrap();
        assert_eq!(watched.next().await.unwrap(), Noticed::Gone);
        let error = Watched::begin(&folder).err().unwrap();
        assert_eq!(remedy(&error), "Make it and restart.");
    }

    #[test]
    fn an_overflow_and_the_limits_of_the_kernel_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
        let wd = inotify
            .add_watch(folder.path(), AddWatchFlags::IN_MOVED_TO)
            .unwrap();
        let event = |mask| InotifyEvent {
            wd,
            mask,
            cookie: 0,
            name: None,
        };
        assert_eq!(
            noticed(&[event(AddWatchFlags::IN_Q_OVERFLOW)]),
            Noticed::TooMuch
        );
        for (number, word) in [(Errno::EMFILE, "instances"), (Errno::ENOSPC, "watches")] {
            assert!(remedy(&number.into()).contains(word));
        }
    }
}
