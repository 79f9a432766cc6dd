//! Reads the lists of a run side by side and records what changed on them.
//!
//! A reading that was partial, refused or failed removes nothing and keeps the last good count.

use std::{sync::Arc, time::Duration};

use chrono::NaiveDateTime;
use futures_util::future::try_join_all;
use runtime::{Chain, Settings, socket::client::CallError};
use schema::{
    DbError, SqliteConnection,
    models::{
        Cause, EventKind, FetchKind, List, ListItem, ListPolicy, ListSetback, NewEvent, RunId,
    },
    wire::{
        Failure, FailureCode,
        scraper::{Entry, FetchList, FetchOutcome, FromScraper, ListFetched, ToScraper},
        sync::StartRun,
    },
};

use tokio::time::timeout;

use super::{Going, Interrupted, membership, shrink};
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
    /// Entries that are on the list as far as we know, whichever reading said so.
    pub(crate) items: Arc<Vec<ListItem>>,
}

/// The lists that a run is about: those it names, or all that are synced automatically.
pub(crate) async fn scope(
    engine: &Engine,
    scope: &StartRun,
) -> Result<Vec<(List, ListPolicy)>, DbError> {
    let custom = (!scope.custom.is_empty()).then(|| scope.custom.clone());
    if let Some(entries) = custom {
        let list = custom::store(engine, entries).await?;
        return Ok(vec![list]);
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
    let (entries, fetched) = fetch(engine, &list, tell).await;
    let read = fetched.read;
    let recorded = record(engine, Some(going.run), list, entries, fetched).await?;
    going.step(&recorded.list.description);
    Ok(ListRead {
        read,
        list: recorded.list,
        policy,
        outcome: recorded.outcome,
        reason: recorded.reason,
        items: Arc::new(recorded.items),
    })
}

/// A list that is not read anywhere: titles that scripts sent.
async fn kept(engine: &Engine, list: List, policy: ListPolicy) -> Result<ListRead, DbError> {
    let id = list.id;
    let items = engine
        .db
        .read(move |conn| ListItem::of_list(conn, id))
        .await?;
    let items: Vec<_> = items
        .into_iter()
        .filter(|item| item.left_at.is_none())
        .collect();
    Ok(ListRead {
        read: super::count(items.len()),
        list,
        policy,
        outcome: FetchKind::Complete,
        reason: None,
        items: Arc::new(items),
    })
}

/// Reads one list; whatever goes wrong becomes its outcome.
pub(crate) async fn fetch(
    engine: &Engine,
    list: &List,
    tell: impl Fn(usize, Option<u32>),
) -> (Vec<Entry>, ListFetched) {
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
        let error = match stream(engine, request.clone(), &tell).await {
            Ok((entries, fetched)) => return (entries, given.explained(fetched)),
            Err(error) => error,
        };
        // A socket that stays absent has been waited for already.
        let is_gone = matches!(error, CallError::Unreachable { .. });
        if is_gone || !error.is_retryable() || attempt == ATTEMPTS {
            tracing::warn!(list.id = %list.id, "reading list {} failed: {}", list.id, Chain(&error));
            return (Vec::new(), failed(&error));
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
    request: FetchList,
    tell: impl Fn(usize, Option<u32>),
) -> Result<(Vec<Entry>, ListFetched), CallError> {
    let mut answers = engine
        .scraper()
        .stream(ToScraper::FetchList(request))
        .await?;
    let (mut entries, mut announced) = (Vec::new(), None);
    tell(0, None);
    loop {
        let next = timeout(SILENCE, answers.next()).await;
        let Some(answer) = next.map_err(|_elapsed| silent())?? else {
            break;
        };
        match answer {
            FromScraper::Entries(more) => {
                entries.extend(more.entries);
                announced = more.announced.or(announced);
                tell(entries.len(), announced);
            }
            FromScraper::ListFetched(fetched) => return Ok((entries, fetched)),
            other => tracing::warn!("the scraper-worker answered a reading with {other:?}"),
        }
    }
    Err(CallError::Lost {
        peer: "the scraper-worker",
    })
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

/// What became of a reading that was stored.
pub(crate) struct Recorded {
    pub(crate) list: List,
    pub(crate) outcome: FetchKind,
    /// Why it was not complete, and what can be done.
    pub(crate) reason: Option<String>,
    /// What is on the list as far as we know.
    pub(crate) items: Vec<ListItem>,
    /// Entries that were not on it before.
    pub(crate) added: usize,
    /// Entries that are on it no longer.
    pub(crate) left: usize,
}

/// Stores what changed, in one transaction. `list` is what it was when the reading began.
pub(crate) async fn record(
    engine: &Engine,
    run: Option<RunId>,
    list: List,
    entries: Vec<Entry>,
    fetched: ListFetched,
) -> Result<Recorded, DbError> {
    let now = engine.clock.now();
    let general = engine.settings().settings.sync.shrink_limit_percent;
    engine.feed.reading_ended(list.id);
    engine
        .write(move |conn, events| {
            // It may have been changed, or read by somebody else, since this reading began.
            let today = List::find(conn, list.id)?.unwrap_or_else(|| list.clone());
            let own = ListPolicy::of(conn, list.id)?.shrink_limit_percent;
            let limit = own.unwrap_or(i32::from(general));
            let stored = ListItem::of_list(conn, list.id)?;
            let taken = Taken::of((&list, &today), &stored, &entries, &fetched, (limit, now));
            let list = taken.store(conn, today, &fetched, now)?;
            let items = if taken.changes == membership::Changes::default() {
                stored
            } else {
                ListItem::of_list(conn, list.id)?
            };
            let data = serde_json::json!({
                "list_type": list.list_type, "list_id": list.list_id, "name": list.description,
                "outcome": taken.outcome, "reason": taken.reason, "entries": fetched.read,
            });
            events.push(NewEvent {
                at: now,
                kind: EventKind::ListRead,
                run,
                list: Some(list.id),
                data: data.to_string(),
            });
            Ok(Recorded {
                list,
                outcome: taken.outcome,
                reason: taken.reason,
                items: items
                    .into_iter()
                    .filter(|item| item.left_at.is_none())
                    .collect(),
                added: taken.changes.added.len(),
                left: taken.changes.left.len(),
            })
        })
        .await
}

/// What a reading changes, and how it counts.
struct Taken {
    outcome: FetchKind,
    cause: Option<Cause>,
    reason: Option<String>,
    changes: membership::Changes,
    /// Whether nothing of it is stored, because another reading has the word.
    is_overtaken: bool,
}

/// What the owner of a list is told whose limit was changed under a reading.
const OTHER_LIMIT: &str = "how many entries are wanted was changed while it was read, so nothing was \
                           taken off it; the next reading keeps to it";

impl Taken {
    /// `begun` is the list as it was when the reading began, `list` as it is.
    fn of(
        (begun, list): (&List, &List),
        stored: &[ListItem],
        entries: &[Entry],
        fetched: &ListFetched,
        (limit_percent, now): (i32, NaiveDateTime),
    ) -> Self {
        let (outcome, reason) = fetched.outcome.spoken();
        let mut taken = Self {
            outcome,
            cause: fetched.outcome.cause(),
            reason,
            changes: membership::Changes::default(),
            is_overtaken: fetched.is_as_known && !has_entries_of(list, begun.last_fetch),
        };
        if taken.is_overtaken {
            taken.outcome = list.status;
            taken.cause = list.status_cause;
            taken.reason.clone_from(&list.status_reason);
            return taken;
        }
        if outcome == FetchKind::Complete && begun.item_limit != list.item_limit {
            taken.outcome = FetchKind::Partial;
            taken.cause = Some(Cause::Inconsistent);
            taken.reason = Some(OTHER_LIMIT.into());
        }
        let is_complete = taken.outcome == FetchKind::Complete;
        if fetched.is_as_known || !(is_complete || taken.outcome == FetchKind::Partial) {
            return taken;
        }
        let reading = membership::Reading {
            list: list.id,
            fetch: fetched.fetch,
            is_complete,
            now,
        };
        let changes = membership::changes(stored, entries, reading);
        let shrink = shrink::Shrink::of(stored, &changes);
        if is_complete && !list.accepts_shrink && shrink.is_beyond(limit_percent) {
            taken.outcome = FetchKind::Frozen;
            taken.cause = Some(Cause::Shrunk);
            taken.reason = Some(shrink.told(list.id));
        } else {
            taken.changes = changes;
        }
        taken
    }

    /// Stores it and gives the list as it is then.
    fn store(
        &self,
        conn: &mut SqliteConnection,
        list: List,
        fetched: &ListFetched,
        now: NaiveDateTime,
    ) -> Result<List, DbError> {
        if self.is_overtaken {
            return Ok(list);
        }
        let (id, changes) = (list.id, &self.changes);
        ListItem::insert(conn, &changes.added)?;
        for (item, row) in &changes.changed {
            item.save_entry(conn, row, now)?;
        }
        ListItem::mark_left(conn, &changes.left, now, fetched.fetch)?;
        let on_list = ListItem::on_list(conn, id)?.len();
        let on_list = i32::try_from(on_list).unwrap_or(i32::MAX);
        if self.outcome == FetchKind::Complete {
            List::read_completely(conn, id, fetched.fetch, on_list, now)?;
            if let Some(name) = &fetched.name {
                List::name(conn, id, name)?;
            }
        } else {
            let setback = ListSetback {
                status: self.outcome,
                cause: self.cause,
                reason: self.reason.clone().unwrap_or_default(),
                entries: i32::try_from(fetched.read).unwrap_or(i32::MAX),
                on_list: (self.outcome == FetchKind::Partial).then_some(on_list),
            };
            List::read_badly(conn, id, &setback, now)?;
        }
        // Its name may be the site's by now.
        Ok(List::find(conn, id)?.unwrap_or(list))
    }
}

/// Whether what is stored of a list is what this reading read, and nothing came after it.
fn has_entries_of(list: &List, fetch: Option<i32>) -> bool {
    list.status == FetchKind::Complete && list.last_fetch == fetch
}

#[cfg(test)]
mod tests {
    use runtime::{Environment, settings};
    use schema::models::ListId;

    use super::*;

    fn list(list_type: &str, list_id: &str, item_limit: Option<i32>) -> List {
        let now = "2026-11-21T12:00:00".parse().unwrap();
        List {
            id: ListId(1),
            list_type: list_type.into(),
            list_id: list_id.into(),
            list_url: String::new(),
            description: String::new(),
            item_count: 0,
            last_synced: None,
            status: FetchKind::New,
            status_reason: None,
            auto_sync: true,
            priority: "normal".into(),
            item_limit,
            from_settings: false,
            is_named: false,
            last_fetch: None,
            removed_at: None,
            created_at: now,
            updated_at: now,
            status_cause: None,
            last_read_at: None,
            last_read_entries: None,
            last_error: None,
            last_error_at: None,
            accepts_shrink: false,
        }
    }

    fn complete(is_as_known: bool) -> ListFetched {
        ListFetched {
            fetch: Some(3),
            outcome: FetchOutcome::Complete,
            name: None,
            read: 1,
            announced: None,
            dropped: 0,
            pages: 1,
            not_modified: false,
            is_as_known,
            took_ms: 0,
        }
    }

    fn taken(begun: &List, list: &List, fetched: &ListFetched) -> Taken {
        let entry = Entry {
            title: "Paper Moon Over Quito".into(),
            ..Entry::default()
        };
        let entries = if fetched.is_as_known {
            vec![]
        } else {
            vec![entry]
        };
        Taken::of((begun, list), &[], &entries, fetched, (50, list.created_at))
    }

    #[test]
    fn a_list_that_is_as_it_was_counts_only_where_nothing_came_between() {
        let mut begun = list("imdb", "top", None);
        begun.status = FetchKind::Complete;
        begun.last_fetch = Some(1);
        let is_overtaken = |list: &List| taken(&begun, list, &complete(true)).is_overtaken;
        assert!(!is_overtaken(&begun));
        let mut other = begun.clone();
        other.last_fetch = Some(2);
        assert!(is_overtaken(&other));
        assert!(!taken(&begun, &other, &complete(false)).is_overtaken);
        let mut worse = begun.clone();
        worse.status = FetchKind::Partial;
        worse.status_cause = Some(Cause::TooLarge);
        worse.status_reason = Some("more than that".into());
        let taken = taken(&begun, &worse, &complete(true));
        assert!(taken.is_overtaken);
        assert_eq!(taken.outcome, FetchKind::Partial);
        assert_eq!(taken.cause, Some(Cause::TooLarge));
        assert_eq!(taken.reason.as_deref(), Some("more than that"));
    }

    #[test]
    fn a_reading_under_another_limit_takes_nothing_off_and_accepts_nothing() {
        let begun = list("imdb", "top", None);
        let cut = list("imdb", "top", Some(10));
        let taken = |list: &List| taken(&begun, list, &complete(false));
        assert_eq!(taken(&begun).outcome, FetchKind::Complete);
        let partial = taken(&cut);
        assert_eq!(partial.outcome, FetchKind::Partial);
        assert_eq!(partial.cause, Some(Cause::Inconsistent));
        assert_eq!(partial.changes.added.len(), 1);
    }

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
