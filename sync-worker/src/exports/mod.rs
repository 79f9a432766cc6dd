//! Export files: what lies in their folder is followed, and read as soon as it is new or changed. Leaves
//! noticing files to `watch`, starting runs to `runs`, and what a file holds to the scraper-worker.
//!
//! Command line and api put a file into the folder and then ask for its lists; the folder is watched
//! meanwhile. Whoever comes first does the work; the other is told what came of it.

pub(crate) mod runs;
#[cfg(test)]
mod tests;
pub(crate) mod watch;

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
};

use runtime::socket::client::CallError;
use schema::{
    models::{List, ListId},
    wire::{
        Failure, FailureCode,
        scraper::{FromScraper, ListRecognized, ListsInFile, ToScraper},
        sync::{AddList, FileAdded, ListView},
    },
};
use tokio::sync::{
    Mutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::{
    engine::Engine,
    lists::{self, Stored},
};

/// The provider of all lists in files.
pub(crate) const LIST_TYPE: &str = "file";

/// Who brought a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Somebody who asks for its lists, also for those that were removed before.
    Person,
    /// Somebody who put it into the folder.
    Folder,
    /// It lay there when this process began.
    Start,
}

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct Exports {
    engine: Engine,
    taken: Rc<Mutex<HashMap<String, Taken>>>,
    /// Lists to read at once; absent where this process starts nothing by itself.
    runs: Option<UnboundedSender<Vec<ListId>>>,
}

/// A file whose lists are followed.
struct Taken {
    mark: Mark,
    /// The lists that it brought, until whoever put it there has heard of them.
    added: Vec<ListId>,
}

/// What tells one file, or one state of it, from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Mark {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            changed: (found.mtime(), found.mtime_nsec()),
        }
    }
}

impl Exports {
    /// With the lists to read at once, for [`runs::start`]; with `is_once` there will be none.
    pub(crate) fn new(engine: Engine, is_once: bool) -> (Self, UnboundedReceiver<Vec<ListId>>) {
        let (runs, asked) = unbounded_channel();
        let exports = Self {
            engine,
            taken: Rc::default(),
            runs: (!is_once).then_some(runs),
        };
        (exports, asked)
    }

    /// Follows the lists of a file because a person asks for it.
    pub(crate) async fn add_file(&self, file: &str) -> Result<FileAdded, Failure> {
        self.take_in(file, Who::Person)
            .await
            .map_err(|error| error.to_failure())
    }

    fn folder(&self) -> PathBuf {
        self.engine.settings().settings.paths.exports()
    }

    /// Follows the lists of a file, unless that was done since it last changed.
    async fn take_in(&self, file: &str, who: Who) -> Result<FileAdded, CallError> {
        let mut taken = self.taken.lock().await;
        let mark = mark(&self.folder().join(file)).map_err(|error| vanished(file, &error))?;
        let before = taken.get(file).filter(|taken| taken.mark == mark);
        if before.is_some() && who != Who::Person {
            return Ok(FileAdded::default());
        }
        let is_news = before.is_none();
        let told_now = before.map(|taken| taken.added.clone()).unwrap_or_default();
        let (mut answer, mut fresh) = (FileAdded::default(), Vec::new());
        let followed = self.followed().await?;
        let found = match self.lists_in(file).await {
            // A table that its owner alone understands, and has explained.
            Err(CallError::Failed(failure))
                if failure.code == FailureCode::Invalid && has_explained(&followed, file) =>
            {
                Vec::new()
            }
            found => found?,
        };
        let explained = explained(&followed, file, &found);
        for recognized in found {
            if is_explained(&recognized, &followed) {
                continue;
            }
            match self.follow(recognized, who).await? {
                Some(Stored::Added(view)) => {
                    tracing::info!(
                        list.id = %view.id,
                        "added list {} ({}) from the export file {file}", view.id, view.list_id
                    );
                    fresh.push(view.id);
                    answer.added.push(*view);
                }
                Some(Stored::ThereAlready(view)) if told_now.contains(&view.id) => {
                    answer.added.push(*view);
                }
                Some(Stored::ThereAlready(view)) => answer.there_already.push(*view),
                None => {}
            }
        }
        for list in explained {
            let is_told = |told: &[ListView]| told.iter().any(|other| other.id == list.id);
            if !is_told(&answer.added) && !is_told(&answer.there_already) {
                answer.there_already.push(list);
            }
        }
        let to_read: Vec<_> = answer
            .added
            .iter()
            .chain(&answer.there_already)
            .filter(|list| fresh.contains(&list.id) || (is_news && who != Who::Start))
            .cloned()
            .collect();
        self.read_soon(file, &to_read);
        let added = if who == Who::Person {
            Vec::new()
        } else {
            fresh
        };
        taken.insert(file.to_owned(), Taken { mark, added });
        Ok(answer)
    }

    async fn lists_in(&self, file: &str) -> Result<Vec<ListRecognized>, CallError> {
        let request = ToScraper::ListsInFile(ListsInFile { file: file.into() });
        match self.engine.scraper().call(request).await? {
            FromScraper::ListsRecognized(found) => Ok(found.lists),
            other => {
                tracing::error!("the scraper-worker looked into a file with {other:?}");
                Err(CallError::Failed(Failure::new(
                    FailureCode::Internal,
                    "the scraper-worker gave an unexpected answer",
                )))
            }
        }
    }

    /// The lists of files that are followed.
    async fn followed(&self) -> Result<Vec<ListView>, CallError> {
        let all = self.engine.db.read(|conn| List::all(conn, false)).await;
        let all = all.map_err(|error| CallError::Failed(lists::failed(&error)))?;
        let of_files = all.iter().filter(|(list, _)| list.list_type == LIST_TYPE);
        Ok(of_files.map(|(list, policy)| list.view(policy)).collect())
    }

    /// Nothing when somebody removed the list, and nobody asks for it.
    async fn follow(
        &self,
        recognized: ListRecognized,
        who: Who,
    ) -> Result<Option<Stored>, CallError> {
        let failed = |error| CallError::Failed(lists::failed(&error));
        if who != Who::Person {
            let (list_type, list_id) = (recognized.list_type.clone(), recognized.list_id.clone());
            let known = self
                .engine
                .db
                .read(move |conn| List::find_by_name(conn, &list_type, &list_id));
            let known = known.await.map_err(failed)?;
            if known.is_some_and(|list| list.removed_at.is_some()) {
                return Ok(None);
            }
        }
        lists::store(&self.engine, recognized, AddList::default(), false)
            .await
            .map(Some)
            .map_err(failed)
    }

    /// Has the lists read now, but for those that are left out of automatic runs.
    fn read_soon(&self, file: &str, lists: &[ListView]) {
        let lists: Vec<_> = lists
            .iter()
            .filter(|list| list.auto_sync)
            .map(|list| list.id)
            .collect();
        let is_automated = self.engine.settings().settings.sync.automated;
        let Some(runs) = self.runs.as_ref().filter(|_| is_automated) else {
            return;
        };
        if !lists.is_empty() && runs.send(lists).is_err() {
            tracing::error!("the lists of {file} are not read before the next run");
        }
    }
}

/// The list without what its owner says of it: `films.csv` of `films.csv?title=Film`.
fn bare(list: &ListView) -> Option<&str> {
    list.list_id.rsplit_once('?').map(|(bare, _)| bare)
}

/// Whether a list that its owner has explained lies in this file.
fn lies_in(list: &ListView, file: &str) -> bool {
    bare(list)
        .and_then(|bare| bare.strip_prefix(file))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_explained(followed: &[ListView], file: &str) -> bool {
    followed.iter().any(|list| lies_in(list, file))
}

/// The lists of this file, in which `found` was found, that their owner has explained.
fn explained(followed: &[ListView], file: &str, found: &[ListRecognized]) -> Vec<ListView> {
    let is_found = |list: &ListView| {
        found
            .iter()
            .any(|it| bare(list) == Some(it.list_id.as_str()))
    };
    followed
        .iter()
        .filter(|list| lies_in(list, file) || is_found(list))
        .cloned()
        .collect()
}

/// Whether a list is followed only as its owner explained it; read as it is, it would be there twice.
fn is_explained(found: &ListRecognized, followed: &[ListView]) -> bool {
    let is_itself = followed.iter().any(|list| list.list_id == found.list_id);
    !is_itself
        && followed
            .iter()
            .any(|list| bare(list) == Some(found.list_id.as_str()))
}

/// Of the file itself: the scraper-worker follows no link either.
fn mark(path: &Path) -> io::Result<Mark> {
    fs::symlink_metadata(path).map(|found| Mark::of(&found))
}

fn vanished(file: &str, error: &io::Error) -> CallError {
    let failure = Failure::new(
        FailureCode::NotFound,
        format!("the export file {file} is not there: {error}"),
    );
    CallError::Failed(failure.with_remedy("Put it into the folder of exports again."))
}
