//! One reading from the request to its record: what is known before, the walk, which others who ask at
//! the same time may share, one row in `fetches`, one line in the log. Leaves the pages to `walk` and
//! the socket to `door`.

use std::rc::Rc;

use chrono::NaiveDateTime;
use futures_util::FutureExt;
use runtime::{Chain, settings::ProvidersSettings, socket::Gone};
use schema::{
    models::{Fetch, FetchKind, NewFetch, SourceId},
    wire::scraper::{FetchList, FetchOutcome, ListFetched},
};
use tokio::time::Instant;

use crate::{
    fetch::Fetcher,
    provider::{ListToRead, Provider},
    shared::{Feed, Key, SharedReadings},
    shown::shown,
    walk::{Before, Known, KnownPages, Sink, Walk, Walked},
};

/// Reads lists. One for the process: it knows which readings are under way.
pub(crate) struct Reader {
    fetcher: Rc<Fetcher>,
    pages: Rc<KnownPages>,
    underway: SharedReadings,
}

impl Reader {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher: Rc::new(fetcher),
            pages: Rc::default(),
            underway: SharedReadings::default(),
        }
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Lets no new reading share one that began with other settings.
    pub(crate) fn settings_changed(&self) {
        self.underway.part();
    }

    /// Reads a list whose id the provider recognized, and records how that ended.
    ///
    /// # Errors
    /// [`Gone`] when nobody waits for it any more; nothing is recorded then.
    pub(crate) async fn read(
        &self,
        provider: &'static dyn Provider,
        sites: &Rc<ProvidersSettings>,
        asked: FetchList,
        sink: &impl Sink,
    ) -> Result<ListFetched, Gone> {
        let (begun, started_at) = (Instant::now(), self.fetcher.clock().now());
        let before = self.complete_before(provider, &asked).await;
        // "None of it" would read as an emptied list.
        let limit = asked.item_limit.filter(|limit| *limit > 0);
        let key = Key {
            list_type: provider.name(),
            list_id: asked.list_id.clone(),
            limit,
            credential: asked.credential.clone(),
            known: before.as_ref().map(|known| known.digest.clone()),
        };
        let start = |feed: Feed| {
            let reading = Reading {
                fetcher: Rc::clone(&self.fetcher),
                pages: Rc::clone(&self.pages),
                sites: Rc::clone(sites),
                provider,
                key: key.clone(),
                before: before.clone(),
            };
            async move { reading.run(feed).await }.boxed_local()
        };
        let walked = self.underway.read(&key, start, sink).await?;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        log(provider.name(), &shown(&asked.list_id), &walked, took_ms);
        let fetch = self
            .record(provider.name(), &asked, started_at, &walked)
            .await;
        Ok(fetched(fetch, walked, took_ms))
    }

    /// The complete reading that the caller still has the entries of.
    async fn complete_before(&self, provider: &dyn Provider, asked: &FetchList) -> Option<Known> {
        let (id, list) = (asked.known?, asked.list?);
        let found = self
            .fetcher
            .db()
            .read(move |conn| Fetch::find(conn, id))
            .await;
        let row = found.unwrap_or_else(|error| {
            tracing::warn!("cannot look up the last reading: {}", Chain(&error));
            None
        })?;
        let is_same = row.list == list
            && row.list_type == provider.name()
            && row.list_id == asked.list_id
            && row.outcome == FetchKind::Complete;
        let number = |count: i32| u32::try_from(count).unwrap_or_default();
        Some(Known {
            digest: row.digest.filter(|_| is_same)?,
            read: number(row.entries),
            announced: row.announced.map(number),
            dropped: number(row.dropped),
        })
    }

    /// Row number of the record. Without one the reading is still good, so it is not lost for it.
    async fn record(
        &self,
        provider: &str,
        asked: &FetchList,
        started_at: NaiveDateTime,
        walked: &Walked,
    ) -> Option<i32> {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let (outcome, reason) = walked.outcome.spoken();
        let new = NewFetch {
            list: asked.list?,
            list_type: provider.to_owned(),
            list_id: asked.list_id.clone(),
            started_at,
            finished_at: self.fetcher.clock().now(),
            outcome,
            reason,
            entries: number(walked.read),
            announced: walked.announced.map(number),
            dropped: number(walked.dropped),
            pages: number(walked.pages),
            not_modified: walked.not_modified,
            cause: walked.outcome.cause(),
            digest: walked.digest.clone(),
        };
        let written = self
            .fetcher
            .db()
            .write(move |conn| Fetch::insert(conn, &new));
        match written.await {
            Ok(row) => Some(row.id),
            Err(error) => {
                tracing::error!("cannot record a reading: {}", Chain(&error));
                None
            }
        }
    }
}

/// What a walk needs, on its own: it may outlive whoever asked for it first.
struct Reading {
    fetcher: Rc<Fetcher>,
    pages: Rc<KnownPages>,
    sites: Rc<ProvidersSettings>,
    provider: &'static dyn Provider,
    key: Key,
    before: Option<Known>,
}

impl Reading {
    async fn run(self, feed: Feed) -> Option<Walked> {
        let Key {
            list_id,
            limit,
            credential,
            ..
        } = self.key;
        let walk = Walk {
            fetcher: &self.fetcher,
            provider: self.provider,
            sites: &self.sites,
            list: ListToRead {
                known: known(&self.fetcher, self.provider, &list_id).await,
                id: list_id,
                credential,
                limit,
            },
            limit,
        };
        let before = Before {
            pages: &self.pages,
            known: self.before,
        };
        walk.run_after(before, &feed).await.ok() // a feed is never gone
    }
}

fn fetched(fetch: Option<i32>, walked: Walked, took_ms: u64) -> ListFetched {
    ListFetched {
        fetch,
        outcome: walked.outcome,
        name: walked.name,
        read: walked.read,
        announced: walked.announced,
        dropped: walked.dropped,
        pages: walked.pages,
        not_modified: walked.not_modified,
        is_as_known: walked.is_as_known,
        took_ms,
    }
}

async fn known(fetcher: &Fetcher, provider: &dyn Provider, list_id: &str) -> Option<String> {
    let wanted = provider.wants_known(list_id)?;
    let found = fetcher
        .db()
        .read(move |conn| SourceId::find(conn, wanted.source, &wanted.key))
        .await;
    match found {
        Ok(row) => row?.other_id,
        Err(error) => {
            tracing::warn!(
                "cannot look up what is known of {}: {}",
                shown(list_id),
                Chain(&error)
            );
            None
        }
    }
}

/// People and their scripts watch for `Found N items in X list`, `Rate limited` and `Error fetching`.
fn log(provider: &'static str, list: &str, walked: &Walked, took_ms: u64) {
    let (read, pages) = (walked.read, walked.pages);
    match &walked.outcome {
        FetchOutcome::Complete => tracing::info!(
            provider,
            list.id = list,
            read,
            pages,
            took_ms,
            "Found {read} items in {provider} list"
        ),
        FetchOutcome::Partial { reason, .. } => tracing::warn!(
            provider,
            list.id = list,
            read,
            pages,
            took_ms,
            "Found {read} items in {provider} list, but not all of {list}: {reason}"
        ),
        FetchOutcome::Refused { reason, remedy, .. } => tracing::warn!(
            provider,
            list.id = list,
            took_ms,
            "Error fetching {provider} list {list}: {reason}. {remedy}"
        ),
        FetchOutcome::Failed { reason, .. } => tracing::warn!(
            provider,
            list.id = list,
            took_ms,
            "Error fetching {provider} list {list}: {reason}"
        ),
    }
}
