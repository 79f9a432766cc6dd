//! Look-ups at TMDB: the cache in front of it, and the ways it fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::faults::Tmdb;
use super::shared::Shared;
use super::state::{State, now};
use super::world::Kind;

/// Search and `/find` stay cached this long.
const SEARCH_LIFE: Duration = Duration::from_mins(5);
/// Details stay cached this long.
const DETAIL_LIFE: Duration = Duration::from_hours(12);

/// A look-up that failed, in axios' words.
#[derive(Debug)]
pub(super) struct Trouble(pub(super) String);

impl Trouble {
    pub(super) fn status(status: u16) -> Self {
        Self(format!("Request failed with status code {status}"))
    }
}

/// Looks at TMDB for a film's or show's details; unknown numbers are TMDB's 404.
pub(super) async fn details(
    shared: &Arc<Shared>,
    kind: Kind,
    tmdb_id: i64,
    language: &str,
) -> Result<(), Trouble> {
    let key = format!("{}/{tmdb_id}/{language}", kind.word());
    let exists = shared.read(|state| state.title(kind, tmdb_id).is_some());
    let _was_cached = look_up(shared, key, DETAIL_LIFE, exists).await?;
    if exists {
        Ok(())
    } else {
        Err(Trouble::status(404))
    }
}

/// Looks at TMDB for a search or `/find`; says whether the cache held it.
pub(super) async fn search(shared: &Arc<Shared>, key: String) -> Result<bool, Trouble> {
    look_up(shared, key, SEARCH_LIFE, true).await
}

async fn look_up(
    shared: &Arc<Shared>,
    key: String,
    life: Duration,
    exists: bool,
) -> Result<bool, Trouble> {
    let is_cached = shared.read(|state| {
        let since = state.cache.get(&key);
        since.is_some_and(|since| since.elapsed() < life)
    });
    if is_cached {
        return Ok(true);
    }
    let (fault, latency) = shared.change(|state| {
        state.tmdb_lookups += 1;
        (fault(state), state.settings.latency.tmdb)
    });
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match fault {
        Some(Failing::Hangs) => std::future::pending().await,
        Some(Failing::With(text)) => Err(Trouble(text)),
        None => {
            if exists {
                shared.change(|state| state.cache.insert(key, Instant::now()));
            }
            Ok(false)
        }
    }
}

enum Failing {
    Hangs,
    With(String),
}

/// How the next look-up fails, if it does.
fn fault(state: &mut State) -> Option<Failing> {
    let text = |status| Some(Failing::With(Trouble::status(status).0));
    let faults = &mut state.faults;
    match faults.tmdb {
        Tmdb::Well => None,
        Tmdb::Status(status) => text(status),
        Tmdb::Refused => Some(Failing::With(
            "connect ECONNREFUSED 127.0.0.1:443".to_owned(),
        )),
        Tmdb::Hangs => Some(Failing::Hangs),
        Tmdb::Share { share, status } => {
            faults.tmdb_share_so_far += share;
            if faults.tmdb_share_so_far < 1.0 {
                return None;
            }
            faults.tmdb_share_so_far -= 1.0;
            text(status)
        }
        Tmdb::Limit { per_second } => {
            let second = now().and_utc().timestamp();
            if faults.tmdb_second.0 != second {
                faults.tmdb_second = (second, 0);
            }
            faults.tmdb_second.1 += 1;
            if faults.tmdb_second.1 > per_second {
                text(429)
            } else {
                None
            }
        }
    }
}
