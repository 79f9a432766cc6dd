//! Details of movies, read before their request is due: some because an entry may have the wrong number,
//! the others where it pays. Those of shows were read when it was decided which seasons to ask for.

use std::{collections::VecDeque, time::Duration};

use schema::models::MediaType;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::Deed;
use crate::target::{Details, Target};

/// Details read ahead of the request that needs them: at 80 ms each, more than requests at 27 ms need.
const AHEAD: usize = 5;

/// Details that take longer are not in the target's cache, and TMDB is far.
const SLOW_DETAILS: Duration = Duration::from_millis(30);

/// What was read of a title.
pub(super) struct Read {
    /// Whether that was slow.
    pub(super) was_slow: bool,
    /// Nothing where the target did not tell.
    pub(super) details: Option<Details>,
}

/// A title whose request is to come.
struct Waiting {
    media_type: MediaType,
    tmdb_id: i64,
    /// Whether its details must be known before.
    is_doubtful: bool,
}

/// Reads details before their request is due: it fills the target's cache that the request reads
/// from, which pays only where TMDB is slow.
pub(super) struct Ahead<'a, T> {
    target: &'a T,
    waiting: VecDeque<Waiting>,
    reading: VecDeque<Option<AbortOnDropHandle<Read>>>,
}

impl<'a, T: Target> Ahead<'a, T> {
    pub(super) fn new(target: &'a T, batch: &[Deed], is_doubtful: impl Fn(&Deed) -> bool) -> Self {
        let waiting = batch
            .iter()
            .map(|deed| Waiting {
                media_type: deed.wish.media_type,
                tmdb_id: deed.wish.tmdb_id,
                is_doubtful: is_doubtful(deed),
            })
            .collect();
        Self {
            target,
            waiting,
            reading: VecDeque::new(),
        }
    }

    /// Leaves the next title out.
    pub(super) fn skip(&mut self) {
        if self.reading.pop_front().is_none() {
            self.waiting.pop_front();
        }
    }

    /// Waits until the next title may be requested, and begins to read for those after it. Gives
    /// what was read, when something was.
    pub(super) async fn take(&mut self, pays: bool) -> Option<Read> {
        while self.reading.len() <= AHEAD {
            let Some(next) = self.waiting.pop_front() else {
                break;
            };
            let reads = next.is_doubtful || pays && next.media_type == MediaType::Movie;
            self.reading.push_back(reads.then(|| self.read(&next)));
        }
        // A task that was broken off tells nothing.
        self.reading.pop_front().flatten()?.await.ok()
    }

    fn read(&self, next: &Waiting) -> AbortOnDropHandle<Read> {
        let target = self.target.clone();
        let (media_type, tmdb_id) = (next.media_type, next.tmdb_id);
        AbortOnDropHandle::new(actix_rt::spawn(async move {
            let began = Instant::now();
            let details = target.details(media_type, tmdb_id).await;
            if let Err(error) = &details {
                // The request will meet the same and tell.
                tracing::debug!(tmdb_id, "details could not be read ahead: {error}");
            }
            Read {
                was_slow: began.elapsed() > SLOW_DETAILS,
                details: details.ok(), // see above
            }
        }))
    }
}
