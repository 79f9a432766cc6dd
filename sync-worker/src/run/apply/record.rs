//! Decides on the wishes at hand and records, in one transaction, what differs from before.

use std::sync::Arc;

use chrono::NaiveDateTime;
use schema::{
    SqliteConnection,
    models::{
        Decision, DecisionKind, EventKind, LedgerSeason, LedgerStatus, NewDecision, NewEvent,
        NewSyncedItem, RunRequest, SeasonState, SyncedItem,
    },
};

use super::{Applier, Batch, Deed, Place, key, outcome::pause, place};
use crate::{
    chance::jitter,
    plan::{Consent, Decided, Verdict, Wish, decide},
    run::{
        Interrupted,
        report::{Fate, Tally},
        wishes::WishKey,
    },
    target::{Snapshot, Target},
};

/// What was decided on the wishes at hand.
#[derive(Default)]
pub(super) struct DecidedOn {
    pub(super) deeds: Vec<Deed>,
    pub(super) unsettled: Vec<WishKey>,
    pub(super) until: Option<NaiveDateTime>,
}

/// What is to be stored of decisions.
#[derive(Default)]
pub(super) struct Noted {
    decisions: Vec<NewDecision>,
    /// Each with the seasons that our request holds.
    pub(super) rows: Vec<(NewSyncedItem, Vec<i32>)>,
    pub(super) events: Vec<NewEvent>,
    /// Requests of ours whose end was not known and that are there.
    pub(super) arrived: Vec<RunRequest>,
}

impl<T: Target> Applier<'_, T> {
    /// Decides on the wishes at hand. What needs no deed is recorded and told; deeds are given back,
    /// with their decisions recorded.
    pub(super) async fn decide_on(
        &mut self,
        snapshot: &Snapshot,
        keys: &[WishKey],
        tally: &mut Tally,
    ) -> Result<DecidedOn, Interrupted> {
        let wishes = self.load(keys).await?;
        self.know_seasons(&wishes, snapshot).await?;
        if self.plan_made.is_some() {
            self.compare_for_plan(&wishes, snapshot).await?;
        }
        let now = self.engine.clock.now();
        let (mut on, mut noted) = (DecidedOn::default(), Noted::default());
        for wish in wishes {
            let (known, situation) = (self.batch.known(&wish, snapshot), self.situation());
            let decided = match &self.undone {
                Some(undone) => undone.decide(&wish, known, situation),
                None => Some(decide(&wish, known, situation)),
            };
            let Some(decided) = decided else { continue };
            self.sort(wish, decided, snapshot, now, (&mut on, &mut noted), tally);
        }
        self.keep_decided(noted).await?;
        if let Some(plan) = &mut self.plan_made {
            plan.flush(self.engine).await?;
        }
        if let Some(plan) = &mut self.plan_to_apply {
            plan.tell(self.engine).await?;
        }
        Ok(on)
    }

    /// Reads what the tables say of these wishes.
    async fn load(&mut self, keys: &[WishKey]) -> Result<Vec<Wish>, Interrupted> {
        let (target, wishes) = (self.target.name(), Arc::clone(&self.wishes));
        let (keys, new) = (keys.to_vec(), self.new_lists.clone());
        let (wishes, batch) = self
            .engine
            .db
            .read(move |conn| Batch::load(conn, target, &wishes, &keys, &new))
            .await?;
        self.batch = batch;
        Ok(wishes)
    }

    fn sort(
        &mut self,
        wish: Wish,
        decided: Decided,
        snapshot: &Snapshot,
        now: NaiveDateTime,
        (on, noted): (&mut DecidedOn, &mut Noted),
        tally: &mut Tally,
    ) {
        let decided = self.with_failed_facts(&wish, decided);
        if let Some(plan) = &mut self.plan_made {
            return plan.note(&wish, &decided, tally);
        }
        if let Some(plan) = &mut self.plan_to_apply
            && !plan.agrees(&wish, &decided, tally)
        {
            return;
        }
        self.counted.note(&wish, &decided.verdict);
        // That a request of ours is there follows from the decision to make it, which is recorded when
        // it is made: who may not ask now has decided nothing else than to wait.
        let last_asks = self
            .batch
            .decisions
            .get(&key(&wish))
            .is_some_and(|last| last.decision == DecisionKind::Request);
        let is_to_come = matches!(decided.verdict, Verdict::Request { .. });
        let is_of_ours = matches!(
            decided.verdict,
            Verdict::Skip {
                status: LedgerStatus::Requested,
                created_by_us: true,
                ..
            }
        );
        // Whether a new list may ask for it is counted first; then it is decided on once more.
        let is_open = matches!(wish.consent, Consent::Open { .. })
            && matches!(decided.verdict, Verdict::Retry { .. });
        if !(is_to_come || is_open || is_of_ours && last_asks) {
            noted.decisions.extend(self.decision(&wish, &decided, now));
        }
        match decided.verdict {
            Verdict::Request { .. } | Verdict::Retry { .. } | Verdict::Withdraw { .. } => {
                on.deeds.push(Deed { wish, decided });
            }
            Verdict::Settle { until } => {
                tally.undecided(&wish, Fate::Waiting, &decided.reason);
                on.until = on.until.max(Some(until));
                on.unsettled.push(key(&wish));
            }
            Verdict::Wait | Verdict::AskFacts => {
                tally.decided(&wish, Fate::Waiting, &decided.reason);
            }
            Verdict::PutOff { attempts } => {
                let mut row = self.row(&wish, now);
                row.status = LedgerStatus::Failed;
                row.attempts = attempts;
                row.retry_at = now.checked_add_signed(pause(attempts, jitter()));
                row.reason.clone_from(&decided.reason);
                row.error_message = Some(decided.reason.clone());
                row.requesting_since = None;
                noted.rows.push((row, Vec::new()));
                tally.decided(&wish, Fate::Failed, &decided.reason);
            }
            Verdict::Review => {
                let is_given_up = self
                    .batch
                    .ledger
                    .get(&place(&wish))
                    .is_some_and(|row| row.status == LedgerStatus::FailedPermanent);
                if !is_given_up {
                    let mut row = self.row(&wish, now);
                    row.status = LedgerStatus::FailedPermanent;
                    row.reason.clone_from(&decided.reason);
                    row.requesting_since = None;
                    row.retry_at = None;
                    noted.rows.push((row, Vec::new()));
                }
                tally.decided(&wish, Fate::Failed, &decided.reason);
            }
            Verdict::Skip { .. } => self.skip(&wish, &decided, snapshot, now, noted, tally),
        }
    }

    async fn keep_decided(&mut self, noted: Noted) -> Result<(), Interrupted> {
        if noted.decisions.is_empty() && noted.rows.is_empty() && noted.events.is_empty() {
            return Ok(());
        }
        let saved = self
            .engine
            .write(move |conn, told| {
                told.extend(noted.events);
                Decision::insert(conn, &noted.decisions)?;
                let mut saved = Vec::with_capacity(noted.rows.len());
                for (row, seasons) in &noted.rows {
                    let row = SyncedItem::save(conn, row)?;
                    save_seasons(conn, &row, seasons, SeasonState::Requested)?;
                    saved.push(row);
                }
                for request in &noted.arrived {
                    request.save(conn)?;
                }
                Ok(saved)
            })
            .await?;
        self.batch.remember(saved);
        Ok(())
    }

    /// The ledger row to write for a wish, as it is recorded now.
    pub(super) fn row(&self, wish: &Wish, now: NaiveDateTime) -> NewSyncedItem {
        let mut row = self.batch.ledger.get(&place(wish)).map_or_else(
            || new_row(self.target.name(), place(wish), now),
            SyncedItem::to_change,
        );
        row.title.clone_from(&wish.name);
        row.year = wish.year;
        row.imdb_id = wish.imdb_id.clone().or(row.imdb_id);
        row.provider_source.clone_from(&wish.sources);
        row.run = Some(self.going.run);
        row.last_synced = now;
        row
    }

    /// The row to write when the decision differs from the last.
    pub(super) fn decision(
        &mut self,
        wish: &Wish,
        decided: &Decided,
        now: NaiveDateTime,
    ) -> Option<NewDecision> {
        let kind = decided.verdict.kind().unwrap_or(DecisionKind::Wait);
        if self.batch.is_last(wish, kind, &decided.reason) {
            return None;
        }
        let seasons = match &decided.verdict {
            Verdict::Request { seasons } => seasons.clone(),
            _ => None,
        };
        let new = NewDecision {
            run: self.going.run,
            title: wish.title,
            is_4k: wish.is_4k,
            decision: kind,
            reason: decided.reason.clone(),
            decided_at: now,
            remedy: decided.remedy.clone(),
            seasons,
            sources: Some(wish.sources.clone()),
        };
        self.batch.decisions.insert(key(wish), as_stored(&new));
        Some(new)
    }

    /// The event of a title that was requested, once in a run.
    pub(super) fn requested(
        &mut self,
        wish: &Wish,
        now: NaiveDateTime,
        reason: &str,
    ) -> Option<NewEvent> {
        let is_new = self.told.insert(place(wish));
        is_new.then(|| self.event(wish, EventKind::TitleRequested, now, reason))
    }

    pub(super) fn event(
        &self,
        wish: &Wish,
        kind: EventKind,
        now: NaiveDateTime,
        reason: &str,
    ) -> NewEvent {
        let data = serde_json::json!({
            "title": wish.name,
            "year": wish.year,
            "media_type": wish.media_type,
            "tmdb_id": wish.tmdb_id,
            "is_4k": wish.is_4k,
            "reason": reason,
        });
        NewEvent {
            at: now,
            kind,
            run: Some(self.going.run),
            list: wish.lists.first().copied(),
            data: data.to_string(),
        }
    }
}

/// Stores seasons of a show under a ledger row.
///
/// # Errors
/// When the database fails.
pub(super) fn save_seasons(
    conn: &mut SqliteConnection,
    row: &SyncedItem,
    seasons: &[i32],
    state: SeasonState,
) -> Result<(), schema::DbError> {
    for season in seasons {
        let season = LedgerSeason {
            item: row.id,
            season: *season,
            request_id: row.request_id.filter(|_| state == SeasonState::Requested),
            state,
        };
        season.save(conn)?;
    }
    Ok(())
}

fn new_row(target: &str, (media_type, tmdb_id, is_4k): Place, now: NaiveDateTime) -> NewSyncedItem {
    NewSyncedItem {
        target: target.to_owned(),
        title: String::new(),
        year: None,
        media_type,
        tmdb_id,
        imdb_id: None,
        is_4k,
        overseerr_id: None,
        status: LedgerStatus::Planned,
        reason: String::new(),
        provider_source: String::new(),
        request_id: None,
        created_by_us: false,
        asked_as_user: None,
        run: None,
        attempts: 0,
        retry_at: None,
        requesting_since: None,
        request_after: None,
        refused_at: None,
        last_synced: now,
        error_message: None,
        requested_at: None,
    }
}

/// What the next decision on it is held against.
fn as_stored(new: &NewDecision) -> Decision {
    Decision {
        id: 0,
        run: new.run,
        title: new.title,
        is_4k: new.is_4k,
        decision: new.decision,
        reason: new.reason.clone(),
        decided_at: new.decided_at,
        remedy: new.remedy.clone(),
        seasons: new.seasons.clone(),
        sources: new.sources.clone(),
    }
}
