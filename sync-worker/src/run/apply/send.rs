//! Sends requests one at a time, and looks for what the target confirmed.

use std::{collections::HashSet, time::Duration};

use schema::{
    DbError,
    models::{
        Decision, LedgerSeason, LedgerStatus, MediaType, NewSyncedItem, SeasonState, SyncedItem,
    },
    wire::sync::RunPhase,
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Applier,
    ahead::Ahead,
    outcome::{Sent, asker, error_text, is_for_all},
};
use crate::{
    plan::Wish,
    run::{
        Interrupted,
        report::{Fate, Tally},
    },
    target::{Details, NewRequest, Requested, Seasons, Target, TargetError, TargetRequest},
};

/// Requests after which the target is asked whether it has them.
const BATCH: usize = 250;

/// A request that takes longer than this waits for TMDB: reading ahead then pays.
const SLOW_REQUEST: Duration = Duration::from_millis(80);

/// How long a request under way may go on after the run was cancelled.
const CANCEL_GRACE: Duration = Duration::from_millis(700);

/// Requests that may fail for want of TMDB, one after the other, before the run ends.
const FAILURES_IN_A_ROW: u32 = 5;

impl<T: Target> Applier<'_, T> {
    /// Sends the requests in batches; gives back the wishes that the target lost.
    pub(super) async fn send_all(
        &mut self,
        requests: Vec<(Wish, String)>,
        tally: &mut Tally,
    ) -> Result<Vec<Wish>, Interrupted> {
        let mut lost = Vec::new();
        let total = requests.len();
        let mut requests = requests.into_iter().peekable();
        self.going.phase(RunPhase::Apply, total);
        while requests.peek().is_some() {
            let batch: Vec<_> = requests.by_ref().take(BATCH).collect();
            let (confirmed, end) = self.send_batch(batch, tally).await?;
            // What was confirmed is looked for even when the run ends here.
            let missing = match end {
                Err(Interrupted::Cancelled) => timeout(CANCEL_GRACE, self.verify(confirmed, tally))
                    .await
                    .unwrap_or(Ok(Vec::new())),
                _ => self.verify_unless_cancelled(confirmed, tally).await,
            };
            end?;
            lost.extend(missing?);
        }
        Ok(lost)
    }

    /// A cancelled run leaves what it could not look for in a moment to the next.
    async fn verify_unless_cancelled(
        &mut self,
        confirmed: Vec<(Wish, NewSyncedItem)>,
        tally: &mut Tally,
    ) -> Result<Vec<Wish>, Interrupted> {
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

    /// Sends one batch; what it gives back has an answer and is still `requesting` in the ledger.
    async fn send_batch(
        &mut self,
        batch: Vec<(Wish, String)>,
        tally: &mut Tally,
    ) -> Result<(Vec<(Wish, NewSyncedItem)>, Result<(), Interrupted>), Interrupted> {
        let mut ahead = Ahead::new(self.target, &batch);
        let mut confirmed = Vec::new();
        let mut waiting = Vec::new();
        let mut before: Option<Sent> = None;
        let mut end = Ok(());
        for (wish, reason) in batch {
            if self.going.cancel.is_cancelled() {
                end = Err(Interrupted::Cancelled);
                break;
            }
            if let Some(refusal) = self.refusal(&wish) {
                ahead.skip();
                waiting.extend(self.wait(&wish, &refusal, tally));
                self.going.step(&wish.name);
                continue;
            }
            let details = match self.going.or_cancelled(ahead.take(self.was_slow)).await {
                Ok(details) => details,
                Err(cancelled) => {
                    end = Err(cancelled);
                    break;
                }
            };
            // Seerr confirms a show without TVDB id and deletes it when it hands it to Sonarr.
            if wish.media_type == MediaType::Tv
                && details
                    .as_ref()
                    .is_some_and(|details| details.tvdb_id.is_none())
            {
                let reason =
                    "TMDB has no TVDB id of this show yet, and Sonarr needs one".to_owned();
                self.store(before.take(), None).await?;
                before = Some(self.not_possible_yet(&wish, reason, tally));
                self.going.step(&wish.name);
                continue;
            }
            let had_unknown_end = self.has_unknown_end(&wish);
            let mut row = self.row(&wish, self.engine.clock.now());
            row.status = LedgerStatus::Requesting;
            row.reason = reason;
            row.request_id = None;
            row.asked_as_user = Some(wish.requested_as);
            row.attempts += 1;
            row.requesting_since = Some(row.last_synced);
            if !had_unknown_end {
                row.request_after = Some(self.newest_request);
            }
            row.retry_at = None;
            self.store(before.take(), Some(row)).await?;

            let started = Instant::now();
            let answer = self.post(&wish, details.as_ref()).await;
            self.was_slow = started.elapsed() > SLOW_REQUEST;
            match answer {
                Ok(Requested::Created {
                    request_id,
                    media_id,
                    seasons,
                }) => {
                    self.failures_in_a_row = 0;
                    self.newest_request = self.newest_request.max(request_id);
                    let sent = self.created(&wish, request_id, media_id, seasons);
                    confirmed.push((wish.clone(), sent.row.clone()));
                    before = Some(sent);
                }
                Ok(Requested::AlreadyThere | Requested::NothingLeft) => {
                    self.failures_in_a_row = 0;
                    // Only after a request with an unknown end can it be ours that is there.
                    let earlier = if had_unknown_end {
                        self.arrived_earlier(&wish).await
                    } else {
                        Ok(None)
                    };
                    match earlier {
                        Ok(Some(ours)) => {
                            let sent = self.created(&wish, ours.id, None, ours.seasons);
                            confirmed.push((wish.clone(), sent.row.clone()));
                            before = Some(sent);
                        }
                        Ok(None) => before = Some(self.adopted(&wish, tally)),
                        Err(error) => {
                            before = Some(self.lost_sight_of(&wish));
                            end = Err(error.into());
                            break;
                        }
                    }
                }
                Err(error) if error.may_have_been_sent() => {
                    tally.decided(
                        &wish,
                        Fate::Waiting,
                        "a request was sent and its end is not known yet",
                    );
                    before = Some(self.lost_sight_of(&wish));
                    end = if self.going.cancel.is_cancelled() {
                        Err(Interrupted::Cancelled)
                    } else {
                        Err(error.into())
                    };
                    break;
                }
                Err(error) if error.ends_the_run() => {
                    before = Some(self.not_sent(&wish));
                    end = Err(error.into());
                    break;
                }
                Err(error) if is_for_all(&error) => {
                    let refusal = error_text(&error);
                    self.refused.insert(asker(&wish), refusal.clone());
                    before = Some(self.not_sent(&wish));
                    waiting.extend(self.wait(&wish, &refusal, tally));
                }
                Err(error) => {
                    before = Some(self.failed(&wish, &error, tally));
                    if matches!(error, TargetError::Upstream { .. }) {
                        self.failures_in_a_row += 1;
                        if self.failures_in_a_row == FAILURES_IN_A_ROW {
                            end = Err(error.into());
                            break;
                        }
                    }
                }
            }
            self.going.step(&wish.name);
        }
        self.store(before.take(), None).await?;
        if !waiting.is_empty() {
            self.engine
                .db
                .write(move |conn| Decision::insert(conn, &waiting))
                .await?;
        }
        Ok((confirmed, end))
    }

    /// The request itself. A cancelled run gives it a moment to end; after that its end is unknown.
    async fn post(&self, wish: &Wish, details: Option<&Details>) -> Result<Requested, TargetError> {
        let request = NewRequest {
            media_type: wish.media_type,
            tmdb_id: wish.tmdb_id,
            is_4k: wish.is_4k,
            seasons: Seasons::All,
            requested_as: Some(wish.requested_as),
            tvdb_id: details.and_then(|details| details.tvdb_id),
        };
        let cancelled = async {
            self.going.cancel.cancelled().await;
            sleep(CANCEL_GRACE).await;
        };
        tokio::select! {
            biased;
            answer = self.target.request(&request) => answer,
            () = cancelled => Err(TargetError::Unknown { why: "the run was cancelled".to_owned() }),
        }
    }

    /// Why the target would refuse the request, as it has refused another of the same asker.
    fn refusal(&self, wish: &Wish) -> Option<String> {
        self.refused.get(&asker(wish)).cloned()
    }

    /// Whether an earlier request for it was sent and nobody knows its end.
    fn has_unknown_end(&self, wish: &Wish) -> bool {
        self.ledger
            .get(&super::key(wish))
            .is_some_and(|row| row.status == LedgerStatus::Requesting && row.request_id.is_none())
    }

    /// The request of an earlier attempt of ours, if the target has it.
    async fn arrived_earlier(&self, wish: &Wish) -> Result<Option<TargetRequest>, TargetError> {
        let before = self
            .ledger
            .get(&super::key(wish))
            .and_then(|row| row.request_after);
        let since = before.unwrap_or(0).saturating_add(1);
        let found = self
            .target
            .requests_since(since)
            .await?
            .into_iter()
            .find(|request| {
                (request.media_type, request.tmdb_id, request.is_4k) == super::key(wish)
                    && request
                        .requested_by
                        .is_none_or(|user| user == wish.requested_as)
            });
        Ok(found)
    }

    /// Whether the confirmed requests are in the target: those are `requested` now, the rest is lost.
    async fn verify(
        &mut self,
        confirmed: Vec<(Wish, NewSyncedItem)>,
        tally: &mut Tally,
    ) -> Result<Vec<Wish>, Interrupted> {
        let (mut rows, mut lost) = (Vec::new(), Vec::new());
        let Some(oldest) = confirmed.iter().filter_map(|(_, row)| row.request_id).min() else {
            return Ok(lost);
        };
        let there: HashSet<i32> = self
            .target
            .requests_since(oldest)
            .await?
            .into_iter()
            .map(|request| request.id)
            .collect();
        for (wish, row) in confirmed {
            if row.request_id.is_some_and(|id| there.contains(&id)) {
                tally.decided(&wish, Fate::Requested, &row.reason);
                let status = LedgerStatus::Requested;
                rows.push(NewSyncedItem {
                    status,
                    attempts: 0,
                    requesting_since: None,
                    request_after: None,
                    // Whoever says no from now on says it anew.
                    refused_at: None,
                    ..row
                });
            } else {
                tracing::warn!(
                    "{} lost the request it had confirmed for {}",
                    self.info.product,
                    wish.name
                );
                tally.decided(
                    &wish,
                    Fate::Waiting,
                    "Seerr lost the request and is asked again",
                );
                lost.push(wish);
            }
        }
        let saved = self
            .engine
            .db
            .write(move |conn| -> Result<_, DbError> {
                let mut saved = Vec::with_capacity(rows.len());
                for row in &rows {
                    saved.push(SyncedItem::save(conn, row)?);
                }
                Ok(saved)
            })
            .await?;
        self.remember(saved);
        Ok(lost)
    }

    /// Records the end of one request and the beginning of the next with one transaction.
    async fn store(
        &mut self,
        ended: Option<Sent>,
        begins: Option<NewSyncedItem>,
    ) -> Result<(), DbError> {
        if ended.is_none() && begins.is_none() {
            return Ok(());
        }
        let saved = self
            .engine
            .write(move |conn, events| {
                let mut saved = Vec::new();
                if let Some(sent) = ended {
                    let row = SyncedItem::save(conn, &sent.row)?;
                    for season in sent.seasons {
                        let season = LedgerSeason {
                            item: row.id,
                            season,
                            request_id: row.request_id,
                            state: SeasonState::Requested,
                        };
                        season.save(conn)?;
                    }
                    events.extend(sent.event);
                    Decision::insert(conn, sent.decision.as_slice())?;
                    saved.push(row);
                }
                if let Some(row) = begins {
                    saved.push(SyncedItem::save(conn, &row)?);
                }
                Ok(saved)
            })
            .await?;
        self.remember(saved);
        Ok(())
    }
}
