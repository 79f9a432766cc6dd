//! Whether TMDB answers the target at all. An empty title search looks the same when it does not.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU32, Ordering},
};

use tokio::time::Instant;

use crate::target::{ForeignId, Target, TargetError};

/// Counts the probes of this process: Seerr remembers a look-up for five minutes, so each probe asks
/// for another id. Whether TMDB knows it does not matter, it is enough that it says so.
static ASKED: AtomicU32 = AtomicU32::new(0);

/// Whether the target's own source of titles answers; one for each run, shared by its look-ups.
#[derive(Debug, Default)]
pub(crate) struct UpstreamProbe {
    answered: Cell<Option<Instant>>,
}

impl UpstreamProbe {
    /// Succeeds when TMDB answered a look-up that began after `moment`; asks if none did.
    ///
    /// # Errors
    /// What the look-up ended with, [`TargetError::Upstream`] when TMDB does not answer.
    pub(crate) async fn answers_since<T: Target>(
        &self,
        target: &T,
        moment: Instant,
    ) -> Result<(), TargetError> {
        if self.answered.get().is_some_and(|began| began >= moment) {
            return Ok(());
        }
        let began = Instant::now();
        target.probe(&ForeignId::Imdb(fresh_id())).await?;
        self.answered.set(Some(began));
        Ok(())
    }

    /// A look-up that began at `moment` was answered: as good as a probe.
    pub(super) fn answered(&self, moment: Instant) {
        if self.answered.get().is_none_or(|known| known < moment) {
            self.answered.set(Some(moment));
        }
    }
}

/// An id that was not asked for lately, by this process or the one before it.
fn fresh_id() -> String {
    let count = ASKED.fetch_add(1, Ordering::Relaxed);
    let number = std::process::id().wrapping_mul(7_919).wrapping_add(count) % 9_000_000;
    format!("tt{:07}", number + 1)
}
