//! One reading from the request to its record: what is known before, the walk, one row in `fetches`,
//! one line in the log. Leaves the pages to `walk` and the socket to `door`.

use chrono::NaiveDateTime;
use runtime::{Chain, settings::ProvidersSettings, socket::Gone};
use schema::{
    models::{Fetch, ListId, NewFetch, SourceId},
    wire::scraper::{FetchList, FetchOutcome, ListFetched},
};
use tokio::time::Instant;

use crate::{
    fetch::Fetcher,
    provider::{ListToRead, Provider},
    walk::{Sink, Walk, Walked},
};

/// Reads a list whose id the provider recognized, and records how that ended.
///
/// # Errors
/// [`Gone`] when nobody waits for it any more; nothing is recorded then.
pub(crate) async fn read(
    fetcher: &Fetcher,
    provider: &dyn Provider,
    sites: &ProvidersSettings,
    asked: FetchList,
    sink: &impl Sink,
) -> Result<ListFetched, Gone> {
    let (begun, started_at) = (Instant::now(), fetcher.clock().now());
    let known = known(fetcher, provider, &asked.list_id).await;
    // "None of it" would read as an emptied list.
    let limit = asked.item_limit.filter(|limit| *limit > 0);
    let walk = Walk {
        fetcher,
        provider,
        sites,
        list: ListToRead {
            id: asked.list_id.clone(),
            known,
            credential: asked.credential,
            limit,
        },
        limit,
    };
    let walked = walk.run(sink).await?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    log(provider.name(), &asked.list_id, &walked, took_ms);
    let fetch = match asked.list {
        Some(list) => {
            let name = provider.name();
            record(
                fetcher,
                new_fetch(
                    list,
                    name,
                    asked.list_id,
                    started_at,
                    &walked,
                    fetcher.clock().now(),
                ),
            )
            .await
        }
        None => None,
    };
    Ok(ListFetched {
        fetch,
        outcome: walked.outcome,
        name: walked.name,
        read: walked.read,
        announced: walked.announced,
        dropped: walked.dropped,
        pages: walked.pages,
        not_modified: walked.not_modified,
        is_as_known: false,
        took_ms,
    })
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
                "cannot look up what is known of {list_id}: {}",
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

fn new_fetch(
    list: ListId,
    provider: &str,
    list_id: String,
    started_at: NaiveDateTime,
    walked: &Walked,
    finished_at: NaiveDateTime,
) -> NewFetch {
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let (outcome, reason) = walked.outcome.spoken();
    NewFetch {
        list,
        list_type: provider.to_owned(),
        list_id,
        started_at,
        finished_at,
        outcome,
        reason,
        entries: number(walked.read),
        announced: walked.announced.map(number),
        dropped: number(walked.dropped),
        pages: number(walked.pages),
        not_modified: walked.not_modified,
        cause: walked.outcome.cause(),
        digest: None,
    }
}

/// Row number of the record. Without one the reading is still good, so it is not lost for it.
async fn record(fetcher: &Fetcher, new: NewFetch) -> Option<i32> {
    match fetcher
        .db()
        .write(move |conn| Fetch::insert(conn, &new))
        .await
    {
        Ok(row) => Some(row.id),
        Err(error) => {
            tracing::error!("cannot record a reading: {}", Chain(&error));
            None
        }
    }
}
