//! Reads one list because somebody wants to see it read, and sums up what is on it. Nothing is
//! requested; the next run finds the entries there.

use runtime::socket::Answers;
use schema::{
    models::{List, ListId, ListItem, ListPolicy, MediaType},
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
    run::read::{self, Recorded},
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
    let (entries, fetched) = read::fetch(engine, &list, tell).await;
    let told = fetched.clone();
    let recorded = read::record(engine, None, list, entries, fetched)
        .await
        .map_err(|error| failed(&error))?;
    Ok(Box::new(summary(&recorded, &policy, &told)))
}

fn summary(recorded: &Recorded, policy: &ListPolicy, fetched: &ListFetched) -> ListReadSummary {
    let count = |wanted: fn(&ListItem) -> bool| {
        let number = recorded.items.iter().filter(|item| wanted(item)).count();
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    ListReadSummary {
        list: recorded.list.view(policy),
        read: fetched.read,
        announced: fetched.announced,
        dropped: fetched.dropped,
        movies: count(|item| item.media_type == Some(MediaType::Movie)),
        shows: count(|item| item.media_type == Some(MediaType::Tv)),
        with_imdb_id: count(|item| item.imdb_id.is_some()),
        with_tmdb_id: count(|item| item.tmdb_id.is_some()),
        with_tvdb_id: count(|item| item.tvdb_id.is_some()),
        without_id: count(|item| {
            item.imdb_id.is_none() && item.tmdb_id.is_none() && item.tvdb_id.is_none()
        }),
        without_year: count(|item| item.year.is_none()),
        added: u32::try_from(recorded.added).unwrap_or(u32::MAX),
        left: u32::try_from(recorded.left).unwrap_or(u32::MAX),
        took_ms: fetched.took_ms,
    }
}
