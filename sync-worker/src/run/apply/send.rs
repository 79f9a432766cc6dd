//! Sends requests one at a time, and looks for what the target confirmed.

use std::{collections::HashSet, time::Duration};

use schema::{
    DbError,
    models::{
        Decision, Event, LedgerSeason, LedgerStatus, MediaType, NewSyncedItem, SeasonState,
        SyncedItem,
    },
    wire::sync::RunPhase,
};
use tokio::time::{Instant, sleep, timeout};

use super::{Applier, ahead::Ahead, outcome::Sent};
use crate::{
    plan::Wish,
    run::{
        Interrupted,
        report::{Fate, Tally},
    },
    target::{Details, NewRequest, Requested, Seasons, Target, TargetError},
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
                _ => self.verify(confirmed, tally).await,
            };
            end?;
            lost.extend(missing?);
        }
        Ok(lost)
    }

    /// Sends one batch; what it gives back has an answer and is still `requesting` in the ledger.
    async fn send_batch(
        &mut self,
        batch: Vec<(Wish, String)>,
        tally: &mut Tally,
    ) -> Result<(Vec<(Wish, NewSyncedItem)>, Result<(), Interrupted>), Interrupted> {
        let mut ahead = Ahead::new(self.target, &batch);
        let mut confirmed = Vec::new();
        let mut before: Option<Sent> = None;
        let mut end = Ok(());
        for (wish, reason) in batch {
            if self.going.cancel.is_cancelled() {
                end = Err(Interrupted::Cancelled);
                break;
            }
            let details = ahead.take(self.was_slow).await;
            if let Some(reason) = self.refusal(&wish, details.as_ref()) {
                self.store(before.take(), None).await?;
                before = Some(self.put_off(&wish, LedgerStatus::Failed, reason, tally));
                self.going.step(&wish.name);
                continue;
            }
            let mut row = self.row(&wish, self.engine.clock.now());
            row.status = LedgerStatus::Requesting;
            row.reason = reason;
            row.request_id = None;
            row.asked_as_user = Some(wish.requested_as);
            row.attempts += 1;
            row.requesting_since = Some(row.last_synced);
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
                    let sent = self.created(&wish, request_id, media_id, seasons);
                    confirmed.push((wish.clone(), sent.row.clone()));
                    before = Some(sent);
                }
                Ok(Requested::AlreadyThere | Requested::NothingLeft) => {
                    self.failures_in_a_row = 0;
                    let sent = self.adopted(&wish, tally);
                    if sent.row.status == LedgerStatus::Requesting {
                        confirmed.push((wish.clone(), sent.row.clone()));
                    }
                    before = Some(sent);
                }
                Err(error) if error.may_have_been_sent() => {
                    tally.decided(
                        &wish,
                        Fate::Waiting,
                        "a request was sent and its end is not known yet",
                    );
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

    /// Why a request is not sent at all.
    fn refusal(&self, wish: &Wish, details: Option<&Details>) -> Option<String> {
        if let Some(refusal) = self
            .refused
            .get(&(wish.requested_as, wish.media_type, wish.is_4k))
        {
            return Some(refusal.clone());
        }
        let has_no_tvdb_id = wish.media_type == MediaType::Tv
            && details.is_some_and(|details| details.tvdb_id.is_none());
        // Seerr confirms such a request and deletes it when it hands it to Sonarr.
        has_no_tvdb_id
            .then(|| "TMDB has no TVDB id of this show yet, and Sonarr needs one".to_owned())
    }

    /// Whether the confirmed requests are in the target: those are `requested` now, the rest is lost.
    async fn verify(
        &mut self,
        confirmed: Vec<(Wish, NewSyncedItem)>,
        tally: &mut Tally,
    ) -> Result<Vec<Wish>, Interrupted> {
        let (mut rows, mut lost) = (Vec::new(), Vec::new());
        // Without an id only a new snapshot tells whose request it is.
        let (numbered, unnumbered): (Vec<_>, Vec<_>) = confirmed
            .into_iter()
            .partition(|(_, row)| row.request_id.is_some());
        lost.extend(unnumbered.into_iter().map(|(wish, _)| wish));
        let Some(oldest) = numbered.iter().filter_map(|(_, row)| row.request_id).min() else {
            return Ok(lost);
        };
        let there: HashSet<i32> = self
            .target
            .requests_since(oldest)
            .await?
            .into_iter()
            .map(|request| request.id)
            .collect();
        for (wish, row) in numbered {
            if row.request_id.is_some_and(|id| there.contains(&id)) {
                tally.decided(&wish, Fate::Requested, &row.reason);
                let status = LedgerStatus::Requested;
                rows.push(NewSyncedItem {
                    status,
                    requesting_since: None,
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
            .db
            .write(move |conn| -> Result<_, DbError> {
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
                    Event::insert(conn, sent.event.as_slice())?;
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
