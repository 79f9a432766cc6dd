//! Details of titles, read before the request that needs them is due.

use std::collections::VecDeque;

use schema::models::MediaType;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    plan::Wish,
    target::{Details, Target},
};

/// Details read ahead of the request that needs them.
const AHEAD: usize = 4;

/// Reads details before their request is due: a show's TVDB id is needed for it, and for movies it
/// fills the cache that the request reads from, which pays only where TMDB is slow.
pub(super) struct Ahead<'a, T> {
    target: &'a T,
    waiting: VecDeque<(MediaType, i64)>,
    reading: VecDeque<Option<AbortOnDropHandle<Option<Details>>>>,
}

impl<'a, T: Target> Ahead<'a, T> {
    pub(super) fn new(target: &'a T, batch: &[(Wish, String)]) -> Self {
        let waiting = batch
            .iter()
            .map(|(wish, _)| (wish.media_type, wish.tmdb_id))
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

    /// The details of the next title, where they were read and could be.
    pub(super) async fn take(&mut self, is_slow: bool) -> Option<Details> {
        while self.reading.len() <= AHEAD {
            let Some((media_type, tmdb_id)) = self.waiting.pop_front() else {
                break;
            };
            let pays = is_slow || media_type == MediaType::Tv;
            self.reading.push_back(pays.then(|| {
                let target = self.target.clone();
                AbortOnDropHandle::new(actix_rt::spawn(async move {
                    target.details(media_type, tmdb_id).await.ok()
                }))
            }));
        }
        match self.reading.pop_front().flatten() {
            Some(task) => task.await.ok().flatten(),
            None => None,
        }
    }
}
