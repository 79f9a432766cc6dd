//! Carries out what was decided, some hundred deeds at a time: requests, then requests that are sent
//! on once more or taken back, and after each batch a look whether the target has what it confirmed.

use runtime::Chain;
use schema::{
    models::{EventKind, LedgerStatus, NewEvent, NewSyncedItem, SyncedItem},
    wire::sync::RunPhase,
};
use tokio::time::timeout;

use super::{Applier, BATCH, Deed, outcome::pause, place, send::CANCEL_GRACE};
use crate::{
    chance::jitter,
    plan::Verdict,
    run::{
        Interrupted,
        report::{Fate, Tally},
        wishes::WishKey,
    },
    target::{Snapshot, Target, TargetError},
};

impl<T: Target> Applier<'_, T> {
    /// Does what was decided; gives back the wishes that the target lost.
    pub(super) async fn do_all(
        &mut self,
        snapshot: &Snapshot,
        deeds: Vec<WishKey>,
        tally: &mut Tally,
    ) -> Result<Vec<WishKey>, Interrupted> {
        let mut lost = Vec::new();
        self.going.phase(RunPhase::Apply, deeds.len());
        for batch in deeds.chunks(BATCH) {
            // What was decided on some time ago is read and decided on anew.
            let decided = self.decide_on(snapshot, batch, tally).await?;
            self.going
                .advance(batch.len() - decided.deeds.len().min(batch.len()));
            lost.extend(decided.unsettled);
            let (requests, others): (Vec<_>, Vec<_>) = decided
                .deeds
                .into_iter()
                .partition(|deed| matches!(deed.decided.verdict, Verdict::Request { .. }));
            lost.extend(self.request_all(requests, tally).await?);
            for deed in others {
                self.going.check_cancelled()?;
                self.change_request(&deed, tally).await?;
                self.note_in_plan(std::slice::from_ref(&deed));
                self.going.step(&deed.wish.name);
            }
        }
        Ok(lost)
    }

    async fn request_all(
        &mut self,
        requests: Vec<Deed>,
        tally: &mut Tally,
    ) -> Result<Vec<WishKey>, Interrupted> {
        let (confirmed, end) = self.send_batch(&requests, tally).await?;
        // What was confirmed is looked for even when the run ends here.
        let missing = match end {
            Err(Interrupted::Cancelled) => timeout(CANCEL_GRACE, self.verify(confirmed, tally))
                .await
                .unwrap_or(Ok(Vec::new())),
            _ => self.verify_unless_cancelled(confirmed, tally).await,
        };
        self.note_in_plan(&requests);
        if let Some(plan) = &mut self.plan_to_apply {
            plan.tell(self.engine).await?;
        }
        end?;
        missing
    }

    /// Notes what became of deeds, where a plan is carried out.
    fn note_in_plan(&mut self, deeds: &[Deed]) {
        if let Some(plan) = &mut self.plan_to_apply {
            let ledger = &self.batch.ledger;
            plan.note(deeds, self.going.run, |wish| ledger.get(&place(wish)));
        }
    }

    /// Has the target send a request on once more, or takes one back. Both may be repeated without
    /// harm. That one is taken back is noted before: one that is gone without our knowing why would
    /// look like removed by a person, which is final.
    async fn change_request(&mut self, deed: &Deed, tally: &mut Tally) -> Result<(), Interrupted> {
        let wish = &deed.wish;
        let before = self.row(wish, self.engine.clock.now());
        let (answer, row) = match deed.decided.verdict {
            Verdict::Retry {
                request_id,
                is_ours,
            } => {
                let answer = self
                    .going
                    .or_cancelled(self.target.retry(request_id))
                    .await?;
                (answer, self.retried(deed, request_id, is_ours))
            }
            Verdict::Withdraw { request_id } => {
                let row = self.withdrawn(deed, request_id);
                self.save(row.clone(), None).await?;
                let answer = self
                    .going
                    .or_cancelled(self.target.withdraw(request_id))
                    .await?;
                (answer, row)
            }
            _ => return Ok(()),
        };
        match answer {
            Ok(()) => {
                let fate = if row.status == LedgerStatus::Withdrawn {
                    Fate::Withdrawn
                } else {
                    Fate::Retried
                };
                tally.decided(wish, fate, &deed.decided.reason);
                self.save(row, None).await
            }
            // Whether it came about, the next run sees.
            Err(error) if error.may_have_been_sent() => Err(error.into()),
            Err(error) if error.ends_the_run() => {
                if row.status == LedgerStatus::Withdrawn {
                    self.save(before, None).await?;
                }
                Err(error.into())
            }
            Err(error) => self.could_not(deed, before, &error, tally).await,
        }
    }

    /// The ledger row of a failed request that was sent on once more: each time counts, and the next
    /// comes after a longer pause.
    fn retried(&self, deed: &Deed, request_id: i32, is_ours: bool) -> NewSyncedItem {
        let now = self.engine.clock.now();
        let mut row = self.row(&deed.wish, now);
        row.status = if is_ours {
            LedgerStatus::Requested
        } else {
            LedgerStatus::Adopted
        };
        row.reason.clone_from(&deed.decided.reason);
        row.request_id = Some(request_id);
        row.created_by_us = is_ours;
        row.attempts += 1;
        row.retry_at = now.checked_add_signed(pause(row.attempts, jitter()));
        row.requesting_since = None;
        row.error_message = None;
        row
    }

    /// The ledger row of a request that is taken back. It names that request, so that it is known as ours
    /// should it still be there.
    fn withdrawn(&self, deed: &Deed, request_id: i32) -> NewSyncedItem {
        let now = self.engine.clock.now();
        let mut row = self.row(&deed.wish, now);
        row.status = LedgerStatus::Withdrawn;
        row.reason.clone_from(&deed.decided.reason);
        (row.request_id, row.created_by_us) = (Some(request_id), true);
        row.refused_at = Some(now);
        row.requesting_since = None;
        row.retry_at = None;
        row.error_message = None;
        row
    }

    /// The target did not do it: the row stays as it was `before`, but for when it is tried again.
    async fn could_not(
        &mut self,
        deed: &Deed,
        before: NewSyncedItem,
        error: &TargetError,
        tally: &mut Tally,
    ) -> Result<(), Interrupted> {
        let now = self.engine.clock.now();
        let what = match deed.decided.verdict {
            Verdict::Withdraw { .. } => "its request could not be taken back",
            _ => "its failed request could not be sent on once more",
        };
        let reason = format!("{what}: {}", Chain(error));
        tracing::warn!(tmdb_id = deed.wish.tmdb_id, "{}: {reason}", deed.wish.name);
        tally.decided(&deed.wish, Fate::Failed, &reason);
        let event = self.event(&deed.wish, EventKind::RequestFailed, now, &reason);
        let mut row = before;
        row.attempts += 1;
        row.retry_at = now.checked_add_signed(pause(row.attempts, jitter()));
        row.error_message = Some(reason);
        self.save(row, Some(event)).await
    }

    async fn save(
        &mut self,
        row: NewSyncedItem,
        event: Option<NewEvent>,
    ) -> Result<(), Interrupted> {
        let saved = self
            .engine
            .write(move |conn, events| {
                events.extend(event);
                SyncedItem::save(conn, &row).map_err(Into::into)
            })
            .await?;
        self.batch.remember(vec![saved]);
        Ok(())
    }
}
