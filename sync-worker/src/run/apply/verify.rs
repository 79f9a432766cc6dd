//! Looks whether the target has what it confirmed: what it has is `requested` now, the rest is lost.

use std::collections::HashSet;

use schema::{
    DbError,
    models::{LedgerStatus, NewSyncedItem, RunRequest, SeasonState, SyncedItem},
};
use tokio::time::sleep;

use super::{Applier, Place, key, place, record::save_seasons, send::CANCEL_GRACE};
use crate::{
    plan::Wish,
    run::{
        Interrupted,
        report::{Fate, Tally},
        wishes::WishKey,
    },
    target::Target,
};

/// A request that the target has confirmed and that nobody has seen there yet.
pub(super) struct Confirmed {
    pub(super) wish: Wish,
    pub(super) row: NewSyncedItem,
    /// Seasons of a show that it holds. They are kept once the request was seen: those of one that is
    /// lost would look like deleted by a person.
    pub(super) seasons: Vec<i32>,
}

impl<T: Target> Applier<'_, T> {
    /// A cancelled run leaves what it could not look for in a moment to the next.
    pub(super) async fn verify_unless_cancelled(
        &mut self,
        confirmed: Vec<Confirmed>,
        tally: &mut Tally,
    ) -> Result<Vec<WishKey>, Interrupted> {
        let cancel = self.going.cancel.clone();
        let cancelled = async {
            cancel.cancelled().await;
            sleep(CANCEL_GRACE).await;
        };
        tokio::select! {
            verified = self.verify(confirmed, tally) => verified,
            () = cancelled => Err(Interrupted::Cancelled),
        }
    }

    /// Whether the confirmed requests are in the target: those are `requested` now, the rest is lost.
    pub(super) async fn verify(
        &mut self,
        confirmed: Vec<Confirmed>,
        tally: &mut Tally,
    ) -> Result<Vec<WishKey>, Interrupted> {
        let (mut rows, mut lost) = (Vec::new(), Vec::new());
        let Some(oldest) = confirmed
            .iter()
            .filter_map(|confirmed| confirmed.row.request_id)
            .min()
        else {
            return Ok(lost);
        };
        // The number alone proves nothing: what undoes a request may give its number to the next one.
        let there: HashSet<(i32, Place)> = self
            .target
            .verify(oldest)
            .await?
            .into_iter()
            .map(|request| {
                let place = (request.media_type, request.tmdb_id, request.is_4k);
                (request.id, place)
            })
            .collect();
        let now = self.engine.clock.now();
        for Confirmed { wish, row, seasons } in confirmed {
            let is_there = row
                .request_id
                .is_some_and(|id| there.contains(&(id, place(&wish))));
            if is_there {
                tally.decided(&wish, Fate::Requested, &row.reason);
                let status = LedgerStatus::Requested;
                // What is taken and dropped again comes with longer pauses each time.
                let is_dropped_later = self
                    .batch
                    .facts
                    .get(&wish.title)
                    .is_some_and(|facts| !facts.has_tvdb_id);
                let row = NewSyncedItem {
                    requested_at: Some(now),
                    status,
                    attempts: if is_dropped_later { row.attempts } else { 0 },
                    requesting_since: None,
                    request_after: None,
                    // Whoever says no from now on says it anew.
                    refused_at: None,
                    ..row
                };
                rows.push((row, seasons));
            } else {
                tracing::warn!(
                    "{} lost the request it had confirmed for {}",
                    self.info.product,
                    wish.name
                );
                let why = format!("{} lost the request and is asked again", self.info.product);
                tally.undecided(&wish, Fate::Waiting, &why);
                lost.push(key(&wish));
            }
        }
        let saved = self
            .engine
            .db
            .write(move |conn| -> Result<_, DbError> {
                let mut saved = Vec::with_capacity(rows.len());
                for (row, seasons) in &rows {
                    let row = SyncedItem::save(conn, row)?;
                    save_seasons(conn, &row, seasons, SeasonState::Requested)?;
                    if let Some(made) = RunRequest::of_row(&row) {
                        made.save(conn)?;
                    }
                    saved.push(row);
                }
                Ok(saved)
            })
            .await?;
        self.batch.remember(saved);
        Ok(lost)
    }
}
