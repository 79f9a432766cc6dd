//! Reads the lists of a run side by side. Entries are held against what is stored as they arrive;
//! what changed is stored by [`super::record`].

use std::time::Duration;

use futures_util::future::try_join_all;
use runtime::{Chain, Settings, socket::client::CallError};
use schema::{
    DbError,
    models::{Cause, FetchKind, List, ListId, ListItem, ListPolicy},
    wire::{
        Failure, FailureCode,
        scraper::{Entry, FetchList, FetchOutcome, FromScraper, ListFetched, ToScraper},
        sync::StartRun,
    },
};
use tokio::time::timeout;

use super::{
    Going, Interrupted,
    membership::{self, Gathered},
    record,
};
use crate::{credential, custom, engine::Engine};

/// A scraper-worker that says nothing for so long is stuck. Its own waits for one page are shorter: three
/// tries of a minute each, and two minutes of pauses.
const SILENCE: Duration = Duration::from_mins(7);

/// Times a reading is begun anew when the scraper-worker died under it.
const ATTEMPTS: u32 = 4;

/// One list of a run after its reading.
#[derive(Clone, Debug)]
pub(crate) struct ListRead {
    pub(crate) list: List,
    pub(crate) policy: ListPolicy,
    pub(crate) outcome: FetchKind,
    /// Why it was not complete, and what can be done.
    pub(crate) reason: Option<String>,
    /// Entries read.
    pub(crate) read: u32,
}

/// Why a reading ended before its list did.
enum Broken {
    /// The scraper-worker could not be asked.
    Call(CallError),
    /// What is stored could not be read.
    Database(DbError),
}

impl From<CallError> for Broken {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<DbError> for Broken {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// The lists that a run is about: those it names, or all that are synced automatically.
pub(crate) async fn scope(
    engine: &Engine,
    scope: &StartRun,
) -> Result<Vec<(List, ListPolicy)>, DbError> {
    if !scope.custom.is_empty() {
        // They were put on their list when they were sent; it may have been removed since.
        return Ok(custom::list(engine).await?.into_iter().collect());
    }
    let all = engine.db.read(|conn| List::all(conn, false)).await?;
    let wanted = scope.lists.clone();
    Ok(all
        .into_iter()
        .filter(|(list, _)| {
            if wanted.is_empty() {
                list.auto_sync
            } else {
                wanted.contains(&list.id)
            }
        })
        .collect())
}

/// Reads them all, side by side; the scraper-worker keeps to each site's pace.
pub(crate) async fn lists(
    engine: &Engine,
    going: &Going,
    lists: Vec<(List, ListPolicy)>,
) -> Result<Vec<ListRead>, Interrupted> {
    try_join_all(
        lists
            .into_iter()
            .map(|(list, policy)| one(engine, going, list, policy)),
    )
    .await
}

async fn one(
    engine: &Engine,
    going: &Going,
    list: List,
    policy: ListPolicy,
) -> Result<ListRead, Interrupted> {
    if list.list_type == custom::LIST_TYPE {
        let read = kept(engine, list, policy).await?;
        going.step(&read.list.description);
        return Ok(read);
    }
    let tell = |read, announced| going.reading(list.id, &list.description, read, announced);
    let (gathered, fetched) = fetch(engine, &list, tell).await?;
    let read = fetched.read;
    let recorded = record::store(engine, Some(going.run), list, gathered, fetched).await?;
    going.step(&recorded.list.description);
    Ok(ListRead {
        read,
        list: recorded.list,
        policy,
        outcome: recorded.outcome,
        reason: recorded.reason,
    })
}

/// A list that is not read anywhere: titles that scripts sent.
async fn kept(engine: &Engine, list: List, policy: ListPolicy) -> Result<ListRead, DbError> {
    let id = list.id;
    let on_list = engine
        .db
        .read(move |conn| ListItem::count_on_list(conn, id))
        .await?;
    Ok(ListRead {
        read: u32::try_from(on_list).unwrap_or(u32::MAX),
        list,
        policy,
        outcome: FetchKind::Complete,
        reason: None,
    })
}

/// Reads one list; whatever goes wrong on the way to its site becomes its outcome.
///
/// # Errors
/// When what is stored of the list cannot be read.
pub(crate) async fn fetch(
    engine: &Engine,
    list: &List,
    tell: impl Fn(usize, Option<u32>),
) -> Result<(Gathered, ListFetched), DbError> {
    let mut given = credential::of(engine, &list.list_type, &list.list_id).await;
    let request = FetchList {
        list: Some(list.id),
        list_type: list.list_type.clone(),
        list_id: list.list_id.clone(),
        item_limit: item_limit(list, &engine.settings().settings),
        credential: given.credential.take(),
        // What is stored is that reading's only while nothing went wrong since.
        known: list
            .last_fetch
            .filter(|_| list.status == FetchKind::Complete),
    };
    let mut attempt = 1;
    loop {
        let error = match stream(engine, list.id, request.clone(), &tell).await {
            Ok((gathered, fetched)) => return Ok((gathered, given.explained(fetched))),
            Err(Broken::Database(error)) => return Err(error),
            Err(Broken::Call(error)) => error,
        };
        // A socket that stays absent has been waited for already.
        let is_gone = matches!(error, CallError::Unreachable { .. });
        if is_gone || !error.is_retryable() || attempt == ATTEMPTS {
            tracing::warn!(list.id = %list.id, "reading list {} failed: {}", list.id, Chain(&error));
            return Ok((Gathered::default(), failed(&error)));
        }
        tracing::info!(
            list.id = %list.id, attempt,
            "reading list {} is begun anew: {}", list.id, Chain(&error)
        );
        attempt += 1;
    }
}

/// Entries wanted from the top. A chart of Trakt goes on to all titles there are, so it has a limit
/// even where its owner set none.
fn item_limit(list: &List, settings: &Settings) -> Option<u32> {
    let own = list.item_limit.and_then(|limit| u32::try_from(limit).ok()); // below zero: none
    let is_chart = list.list_type == "trakt" && list.list_id.contains(':');
    own.or_else(|| is_chart.then_some(settings.providers.trakt.special_items_limit))
}

async fn stream(
    engine: &Engine,
    list: ListId,
    request: FetchList,
    tell: impl Fn(usize, Option<u32>),
) -> Result<(Gathered, ListFetched), Broken> {
    let mut answers = engine
        .scraper()
        .stream(ToScraper::FetchList(request))
        .await?;
    let (mut gathered, mut read, mut announced) = (Gathered::default(), 0, None);
    tell(0, None);
    loop {
        let next = timeout(SILENCE, answers.next()).await;
        let Some(answer) = next.map_err(|_elapsed| silent())?? else {
            break;
        };
        match answer {
            FromScraper::Entries(more) => {
                read += more.entries.len();
                announced = more.announced.or(announced);
                gather(engine, list, more.entries, &mut gathered).await?;
                tell(read, announced);
            }
            FromScraper::ListFetched(fetched) => return Ok((gathered, fetched)),
            other => tracing::warn!("the scraper-worker answered a reading with {other:?}"),
        }
    }
    Err(Broken::Call(CallError::Lost {
        peer: "the scraper-worker",
    }))
}

/// Holds some entries against what is stored of them.
pub(super) async fn gather(
    engine: &Engine,
    list: ListId,
    entries: Vec<Entry>,
    gathered: &mut Gathered,
) -> Result<(), DbError> {
    let now = engine.clock.now();
    let (rows, stored) = engine
        .db
        .read(move |conn| -> Result<_, DbError> {
            let entries = entries.into_iter();
            let rows: Vec<_> = entries
                .map(|entry| membership::row(entry, list, now))
                .collect();
            let keys: Vec<&str> = rows.iter().map(|row| row.entry_key.as_str()).collect();
            let stored = ListItem::by_keys(conn, list, &keys)?;
            Ok((rows, stored))
        })
        .await?;
    gathered.take(rows, &stored);
    Ok(())
}

fn silent() -> CallError {
    CallError::Failed(Failure::new(
        FailureCode::Internal,
        format!(
            "the scraper-worker has said nothing for {} s",
            SILENCE.as_secs()
        ),
    ))
}

fn failed(error: &CallError) -> ListFetched {
    ListFetched {
        fetch: None,
        outcome: FetchOutcome::Failed {
            reason: Chain(error).to_string(),
            retryable: error.is_retryable(),
            cause: Cause::Unreachable,
        },
        name: None,
        read: 0,
        announced: None,
        dropped: 0,
        pages: 0,
        not_modified: false,
        is_as_known: false,
        took_ms: 0,
    }
}

#[cfg(test)]
mod tests {
    use runtime::{Environment, settings};

    use super::{super::record::tests::list, *};

    #[test]
    fn charts_of_trakt_have_a_limit_of_their_own() {
        let environment = Environment::of([
            ("LISTSYNC_DATA_DIR", "/nowhere"),
            ("TRAKT_SPECIAL_ITEMS_LIMIT", "35"),
        ]);
        let settings = settings::load(&environment, None, &[]).unwrap().settings;
        for (list_type, list_id, own, expected) in [
            ("trakt", "trending:movies", None, Some(35)),
            ("trakt", "trending:movies", Some(400), Some(400)),
            ("trakt", "one/watchlist", None, None),
            ("trakt", "one/watchlist", Some(5), Some(5)),
            ("imdb", "top", None, None),
        ] {
            let limit = item_limit(&list(list_type, list_id, own), &settings);
            assert_eq!(limit, expected, "{list_id}");
        }
    }
}
