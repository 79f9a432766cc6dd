//! Details of movies, read before their request is due. Those of shows were read when it was decided
//! which seasons to ask for.

use std::{collections::VecDeque, time::Duration};

use schema::models::MediaType;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::Deed;
use crate::target::Target;

/// Details read ahead of the request that needs them: at 80 ms each, more than requests at 27 ms need.
const AHEAD: usize = 5;

/// Details that take longer are not in the target's cache, and TMDB is far.
const SLOW_DETAILS: Duration = Duration::from_millis(30);

/// Reads details before their request is due: it fills the target's cache that the request reads
/// from, which pays only where TMDB is slow.
pub(super) struct Ahead<'a, T> {
    target: &'a T,
    waiting: VecDeque<(MediaType, i64)>,
    reading: VecDeque<Option<AbortOnDropHandle<Duration>>>,
}

impl<'a, T: Target> Ahead<'a, T> {
    pub(super) fn new(target: &'a T, batch: &[Deed]) -> Self {
        let waiting = batch
            .iter()
            .map(|deed| (deed.wish.media_type, deed.wish.tmdb_id))
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

    /// Waits until the next title may be requested, and begins to read for those after it. Tells
    /// whether reading was slow, when something was read.
    pub(super) async fn take(&mut self, pays: bool) -> Option<bool> {
        while self.reading.len() <= AHEAD {
            let Some((media_type, tmdb_id)) = self.waiting.pop_front() else {
                break;
            };
            let pays = pays && media_type == MediaType::Movie;
            self.reading
                .push_back(pays.then(|| self.read(media_type, tmdb_id)));
        }
        let took = self.reading.pop_front().flatten()?.await;
        // A task that was broken off tells nothing.
        took.ok().map(|took| took > SLOW_DETAILS)
    }

    fn read(&self, media_type: MediaType, tmdb_id: i64) -> AbortOnDropHandle<Duration> {
        let target = self.target.clone();
        AbortOnDropHandle::new(actix_rt::spawn(async move {
            let began = Instant::now();
            if let Err(error) = target.details(media_type, tmdb_id).await {
                // The request will meet the same and tell.
                tracing::debug!(tmdb_id, "details could not be read ahead: {error}");
            }
            began.elapsed()
        }))
    }
}
