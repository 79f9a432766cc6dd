//! Reads one list because somebody wants to see it read, and sums up what is on it. Nothing is
//! requested; the next run finds the entries there.

use runtime::socket::Answers;
use schema::{
    models::{EntryCounts, List, ListId, ListItem, ListPolicy},
    wire::{
        Failure, FailureCode,
        scraper::ListFetched,
        sync::{FromSyncWorker, ListReadSummary, ReadingProgress, SyncLink},
    },
};
use tokio::sync::watch;

use crate::{
    custom,
    engine::Engine,
    lists::{failed, no_such_list},
    run::{
        read,
        record::{self, Recorded},
    },
};

/// Answers with progress as the list is read, then with the summary. Ends when nobody listens any more.
pub(crate) async fn answer(engine: &Engine, id: ListId, answers: Answers<SyncLink>) {
    let (list, policy) = match find(engine, id).await {
        Ok(found) => found,
        Err(failure) => return answers.fail(failure).await,
    };
    let (sender, mut progress) = watch::channel(ReadingProgress {
        run: None,
        list: id,
        name: list.description.clone(),
        read: 0,
        announced: None,
    });
    let _shown = Shown { engine, list: id };
    let reading = go(engine, list, policy, &sender);
    tokio::pin!(reading);
    let done = loop {
        tokio::select! {
            done = &mut reading => break done,
            Ok(()) = progress.changed() => {
                let now = progress.borrow_and_update().clone();
                engine.feed.reading(now.clone());
                if answers.more(FromSyncWorker::Reading(now)).await.is_err() {
                    // Nobody waits any more, which ends the reading.
                    return;
                }
            }
        }
    };
    match done {
        Ok(summary) => answers.last(FromSyncWorker::ListRead(summary)).await,
        Err(failure) => answers.fail(failure).await,
    }
}

/// A reading that others see go on; also when it is dropped because nobody waits for it.
struct Shown<'a> {
    engine: &'a Engine,
    list: ListId,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.engine.feed.reading_ended(self.list);
    }
}

async fn find(engine: &Engine, id: ListId) -> Result<(List, ListPolicy), Failure> {
    let found = engine
        .db
        .read(move |conn| {
            let list = List::find(conn, id)?;
            Ok::<_, schema::DbError>((list, ListPolicy::of(conn, id)?))
        })
        .await
        .map_err(|error| failed(&error))?;
    match found {
        (Some(list), _) if list.list_type == custom::LIST_TYPE => Err(Failure::new(
            FailureCode::Invalid,
            format!("list {id} is not read anywhere: scripts send its titles"),
        )),
        (Some(list), policy) if list.removed_at.is_none() => Ok((list, policy)),
        _ => Err(no_such_list(id)),
    }
}

async fn go(
    engine: &Engine,
    list: List,
    policy: ListPolicy,
    progress: &watch::Sender<ReadingProgress>,
) -> Result<Box<ListReadSummary>, Failure> {
    let tell = |read: usize, announced: Option<u32>| {
        progress.send_modify(|progress| {
            progress.read = u32::try_from(read).unwrap_or(u32::MAX);
            progress.announced = announced;
        });
    };
    let (gathered, fetched) = read::fetch(engine, &list, tell)
        .await
        .map_err(|error| failed(&error))?;
    let (id, told) = (list.id, fetched.clone());
    let recorded = record::store(engine, None, list, gathered, fetched)
        .await
        .map_err(|error| failed(&error))?;
    let counts = engine
        .db
        .read(move |conn| ListItem::counts(conn, id))
        .await
        .map_err(|error| failed(&error))?;
    Ok(Box::new(summary(&recorded, &policy, &told, &counts)))
}

fn summary(
    recorded: &Recorded,
    policy: &ListPolicy,
    fetched: &ListFetched,
    counts: &EntryCounts,
) -> ListReadSummary {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let changed = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ListReadSummary {
        list: recorded.list.view(policy),
        read: fetched.read,
        announced: fetched.announced,
        dropped: fetched.dropped,
        movies: count(counts.movies),
        shows: count(counts.shows),
        with_imdb_id: count(counts.with_imdb_id),
        with_tmdb_id: count(counts.with_tmdb_id),
        with_tvdb_id: count(counts.with_tvdb_id),
        without_id: count(counts.without_id),
        without_year: count(counts.without_year),
        added: changed(recorded.written.added),
        left: changed(recorded.written.left),
        took_ms: fetched.took_ms,
    }
}
