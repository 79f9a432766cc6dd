//! What a list is called, how large it is and what is missing to read it, as far as one look at its
//! first page tells within a second. Leaves recognizing to the providers and reading to `walk`.

use std::time::Duration;

use runtime::settings::ProvidersSettings;
use schema::wire::scraper::{Credential, FetchOutcome, ListResolved, Missing};
use tokio::time::timeout;

use crate::{
    fetch::{Asker, FetchError, Fetcher},
    provider::{ListToRead, Page, Provider, ProviderError, Recognized, Request, Via},
    providers,
    walk::outcome_of,
};

/// A person waits for it.
const PATIENCE: Duration = Duration::from_millis(900);
/// Requests until the first entries: signing in, looking up who a profile is.
const STEPS: u32 = 4;

/// Looks at a list that its provider recognized.
pub(crate) async fn resolve(
    fetcher: &Fetcher,
    provider: &'static dyn Provider,
    sites: &ProvidersSettings,
    list: Recognized,
    credential: Option<Credential>,
) -> ListResolved {
    let mut resolved = ListResolved {
        list_type: provider.name().into(),
        list_id: list.list_id.clone(),
        list_url: list.list_url,
        name: list.name,
        size: None,
        missing: None,
        problem: None,
        notice: provider.notice().map(Into::into),
    };
    if !providers::is_enabled(provider, sites) {
        let error = providers::switched_off(provider);
        resolved.missing = missing(&error, provider, &resolved.list_id);
        return resolved;
    }
    let list = ListToRead {
        id: list.list_id,
        credential,
        ..ListToRead::default()
    };
    let looked = timeout(PATIENCE, look(fetcher, provider, sites, &list)).await;
    match looked {
        Ok(Ok(seen)) => {
            resolved.name = seen.name.unwrap_or(resolved.name);
            resolved.size = seen.size;
            resolved.problem = seen.problem;
        }
        Ok(Err(error)) => match missing(&error, provider, &list.id) {
            Some(missing) => resolved.missing = Some(missing),
            None => resolved.problem = Some(format!("{}: {error}.", provider.title())),
        },
        Err(_elapsed) => {
            resolved.problem = Some(format!(
                "{} did not tell within a second, or may not be asked so soon; the first reading will.",
                provider.title()
            ));
        }
    }
    resolved
}

#[derive(Default)]
struct Seen {
    name: Option<String>,
    size: Option<u32>,
    problem: Option<String>,
}

async fn look(
    fetcher: &Fetcher,
    provider: &'static dyn Provider,
    sites: &ProvidersSettings,
    list: &ListToRead,
) -> Result<Seen, ProviderError> {
    let ways = provider.ways(list, sites)?;
    let Some(way) = ways.into_iter().next() else {
        return Ok(Seen::default());
    };
    if way.first.via == Via::Browser {
        let problem = Some("A browser reads it, which takes longer than a second.".into());
        return Ok(Seen {
            problem,
            ..Seen::default()
        });
    }
    let mut next = Some(way.first);
    let mut seen = Seen::default();
    let mut steps = 0;
    while let Some(request) = next.take().filter(|_| steps < STEPS) {
        steps += 1;
        let page = match page(fetcher, provider, list, &request).await? {
            Ok(page) => page,
            Err(error) => {
                seen.problem = Some(format!("{}: {error}.", provider.title()));
                return Ok(seen);
            }
        };
        seen.name = page.name.or(seen.name);
        seen.size = page.announced.or(seen.size);
        if seen.size.is_none() && page.next.is_none() {
            seen.size = u32::try_from(page.entries.len()).ok(); // no page is that long
        }
        let is_enough = seen.name.is_some() && seen.size.is_some();
        next = page.next.filter(|_| page.entries.is_empty() && !is_enough);
    }
    Ok(seen)
}

async fn page(
    fetcher: &Fetcher,
    provider: &'static dyn Provider,
    list: &ListToRead,
    request: &Request,
) -> Result<Result<Page, FetchError>, ProviderError> {
    let mut budget = fetcher.budget();
    let outcome = fetcher
        .fetch(request, Asker::of(provider, request), &mut budget, false)
        .await;
    match outcome {
        Ok(it) => Ok(Ok(provider.parse(list, request, &it.answer)?.bounded()?)),
        Err(error) => Ok(Err(error)),
    }
}

/// What a person has to do, when the list cannot be read before.
fn missing(error: &ProviderError, provider: &'static dyn Provider, list: &str) -> Option<Missing> {
    match outcome_of(error, provider, list) {
        FetchOutcome::Refused {
            reason,
            remedy,
            cause,
        } => Some(Missing {
            cause,
            reason,
            remedy,
        }),
        FetchOutcome::Complete | FetchOutcome::Partial { .. } | FetchOutcome::Failed { .. } => None,
    }
}
