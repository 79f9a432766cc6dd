//! Carries the plan out: one request at a time, `requesting` committed before each, what the target
//! confirmed looked for afterwards, what it lost asked for again.
//!
//! A ledger row stays `requesting` until the request was seen in the target. So at whatever instant
//! this process ends, the next run knows which requests may exist without anybody knowing it.

mod ahead;
mod outcome;
mod send;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::NaiveDateTime;
use schema::{
    DbError,
    models::{
        Decision, DecisionKind, Event, EventKind, LedgerStatus, MediaType, NewDecision, NewEvent,
        NewSyncedItem, SyncedItem, TitleRef,
    },
    wire::sync::RunPhase,
};
use serde::Deserialize;
use tokio::time::sleep;

use super::{
    Going, Interrupted,
    report::{Fate, Tally},
};
use crate::{
    engine::Engine,
    plan::{Known, Patience, Verdict, Wish, decide},
    target::{Snapshot, Target, TargetInfo},
};

/// Rounds of looking again at requests that were lost or whose end is not known.
const ROUNDS: u32 = 4;

/// Titles that may vanish from the target at once before it is taken for another one.
const MANY: usize = 20;

/// What a run has before it decides.
pub(super) struct Ground {
    pub(super) info: TargetInfo,
    pub(super) snapshot: Snapshot,
    pub(super) wishes: Vec<Wish>,
}

type Key = (MediaType, i64, bool);

/// Which title an event of [`Applier::event`] is about.
#[derive(Deserialize)]
struct RequestedTitle {
    media_type: MediaType,
    tmdb_id: i64,
    is_4k: bool,
}

fn key(wish: &Wish) -> Key {
    (wish.media_type, wish.tmdb_id, wish.is_4k)
}

/// Decides on every wish and carries out what was decided.
pub(super) async fn carry_out<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    ground: Ground,
    tally: &mut Tally,
) -> Result<(), Interrupted> {
    let Ground {
        info,
        mut snapshot,
        wishes,
    } = ground;
    let mut applier = Applier::load(engine, target, going, info).await?;
    let mut pending = wishes;
    for round in 1..=ROUNDS {
        applier.newest_request = snapshot.newest_request_id;
        let plan = applier.plan(&snapshot, pending, tally).await?;
        let (mut again, until) = (plan.settle, plan.until);
        again.extend(applier.send_all(plan.requests, tally).await?);
        if again.is_empty() {
            return Ok(());
        }
        if round == ROUNDS {
            tracing::warn!(
                "{} requests are still not settled; the next run looks again",
                again.len()
            );
            return Ok(());
        }
        if let Some(until) = until {
            applier.wait_until(until).await?;
        }
        snapshot = going.or_cancelled(target.snapshot()).await??;
        pending = again;
    }
    Ok(())
}

/// What was decided for a number of wishes.
struct Plan {
    requests: Vec<(Wish, String)>,
    settle: Vec<Wish>,
    until: Option<NaiveDateTime>,
}

struct Applier<'a, T> {
    engine: &'a Engine,
    target: &'a T,
    going: &'a Going,
    info: TargetInfo,
    patience: Patience,
    /// The target's newest request, as far as we know: one of ours that comes has a higher number.
    newest_request: i32,
    ledger: HashMap<Key, SyncedItem>,
    decisions: HashMap<(TitleRef, bool), (DecisionKind, String)>,
    /// What this run, by whichever process, has told to be requested: the target may lose a request,
    /// and it is sent again.
    told: HashSet<Key>,
    /// Who may not ask for what, learned in this run: asking again would be refused again.
    refused: HashMap<(i32, MediaType, bool), String>,
    failures_in_a_row: u32,
    was_slow: bool,
}

impl<'a, T: Target> Applier<'a, T> {
    async fn load(
        engine: &'a Engine,
        target: &'a T,
        going: &'a Going,
        info: TargetInfo,
    ) -> Result<Self, DbError> {
        let settings = engine.settings();
        let (name, run) = (target.name(), going.run);
        let (ledger, decisions, told) = engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                Ok((
                    SyncedItem::of_target(conn, name)?,
                    Decision::latest(conn)?,
                    Event::details(conn, run, EventKind::TitleRequested)?,
                ))
            })
            .await?;
        Ok(Self {
            engine,
            target,
            going,
            info,
            patience: Patience {
                timeout: Duration::from_secs(settings.settings.seerr.timeout_s),
                settle: Duration::from_secs(settings.settings.seerr.settle_s),
                started_at: engine.started_at,
            },
            newest_request: 0,
            ledger: ledger
                .into_iter()
                .map(|row| ((row.media_type, row.tmdb_id, row.is_4k), row))
                .collect(),
            decisions: decisions
                .into_iter()
                .map(|row| ((row.title, row.is_4k), (row.decision, row.reason)))
                .collect(),
            told: told
                .iter()
                .filter_map(|data| serde_json::from_str::<RequestedTitle>(data).ok()) // of an older version
                .map(|title| (title.media_type, title.tmdb_id, title.is_4k))
                .collect(),
            refused: HashMap::new(),
            failures_in_a_row: 0,
            was_slow: false,
        })
    }

    /// Decides on each wish and records, in one transaction, what differs from before.
    async fn plan(
        &mut self,
        snapshot: &Snapshot,
        wishes: Vec<Wish>,
        tally: &mut Tally,
    ) -> Result<Plan, Interrupted> {
        let now = self.engine.clock.now();
        let mut plan = Plan {
            requests: Vec::new(),
            settle: Vec::new(),
            until: None,
        };
        let (mut decisions, mut rows, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for wish in wishes {
            let place = key(&wish);
            let known = Known {
                ledger: self.ledger.get(&place),
                media: snapshot.media.get(&(wish.media_type, wish.tmdb_id)),
                requests: snapshot.requests.get(&place).map_or(&[], Vec::as_slice),
            };
            let mut verdict = decide(&wish, known, now, self.patience);
            if matches!(verdict, Verdict::Request { .. }) && !self.has_server(&wish) {
                verdict = Verdict::Wait {
                    reason: format!("{} has no 4K server for it", self.info.product),
                };
            }
            match verdict {
                Verdict::Request { reason } => {
                    decisions.extend(self.decision(&wish, DecisionKind::Request, &reason, now));
                    plan.requests.push((wish, reason));
                }
                Verdict::Settle { until } => {
                    let reason = "a request was sent and its end is not known yet";
                    tally.decided(&wish, Fate::Waiting, reason);
                    decisions.extend(self.decision(&wish, DecisionKind::Wait, reason, now));
                    plan.until = plan.until.max(Some(until));
                    plan.settle.push(wish);
                }
                Verdict::Wait { reason } => {
                    tally.decided(&wish, Fate::Waiting, &reason);
                    decisions.extend(self.decision(&wish, DecisionKind::Wait, &reason, now));
                }
                Verdict::Skip {
                    status,
                    reason,
                    request_id,
                    created_by_us,
                } => {
                    let is_as_recorded = known.ledger.is_some_and(|row| {
                        row.status == status
                            && row.request_id.or(request_id) == row.request_id
                            && (request_id.is_none() || row.created_by_us == created_by_us)
                    });
                    let by_this_run = status == LedgerStatus::Requested
                        && known.ledger.is_some_and(|row| {
                            row.run == Some(self.going.run)
                                || row.status == LedgerStatus::Requesting
                        });
                    // Its answer never came, so nobody has been told of it.
                    let unheard = known.ledger.filter(|row| {
                        row.status == LedgerStatus::Requesting && row.request_id.is_none()
                    });
                    if let Some(row) = unheard
                        && status == LedgerStatus::Requested
                        && created_by_us
                    {
                        let reason = row.reason.clone();
                        events.extend(self.requested(&wish, now, &reason));
                    }
                    tally.decided(&wish, fate(status, by_this_run), &reason);
                    // That a request of ours is there follows from the decision to make it.
                    if !(status == LedgerStatus::Requested && created_by_us) {
                        decisions.extend(self.decision(&wish, DecisionKind::Skip, &reason, now));
                    }
                    if !is_as_recorded {
                        let mut row = self.row(&wish, now);
                        row.status = status;
                        row.reason = reason;
                        if request_id.is_some() {
                            row.request_id = request_id;
                            row.created_by_us = created_by_us;
                        }
                        if is_no(status) && row.refused_at.is_none() {
                            row.refused_at = Some(now);
                        }
                        row.requesting_since = None;
                        row.retry_at = None;
                        rows.push(row);
                    }
                }
            }
        }
        self.check_for_another_target(&rows)?;
        // What was tried in vain comes last, so that it keeps nothing waiting.
        plan.requests.sort_by_key(|(wish, _)| {
            self.ledger
                .get(&key(wish))
                .is_some_and(|row| row.attempts > 0)
        });
        let saved = self
            .engine
            .write(move |conn, told| {
                told.extend(events);
                Decision::insert(conn, &decisions)?;
                let mut saved = Vec::with_capacity(rows.len());
                for row in &rows {
                    saved.push(SyncedItem::save(conn, row)?);
                }
                Ok(saved)
            })
            .await?;
        self.remember(saved);
        Ok(plan)
    }

    /// Refuses to believe that most of what was asked for was removed by people: then it is rather
    /// another Seerr, or one whose database was restored.
    fn check_for_another_target(&self, rows: &[NewSyncedItem]) -> Result<(), Interrupted> {
        let was_there =
            |status| matches!(status, LedgerStatus::Requested | LedgerStatus::Available);
        let there = self
            .ledger
            .values()
            .filter(|row| was_there(row.status))
            .count();
        let gone = rows
            .iter()
            .filter(|row| row.status == LedgerStatus::Deleted)
            .filter(|row| {
                let place = (row.media_type, row.tmdb_id, row.is_4k);
                self.ledger
                    .get(&place)
                    .is_some_and(|before| was_there(before.status))
            })
            .count();
        if gone > MANY && gone * 2 > there {
            return Err(Interrupted::AnotherTarget { gone, there });
        }
        Ok(())
    }

    fn has_server(&self, wish: &Wish) -> bool {
        !wish.is_4k
            || match wish.media_type {
                MediaType::Movie => self.info.has_4k_movies,
                MediaType::Tv => self.info.has_4k_shows,
            }
    }

    /// The ledger row to write for a wish, as it is recorded now.
    fn row(&self, wish: &Wish, now: NaiveDateTime) -> NewSyncedItem {
        let mut row = self.ledger.get(&key(wish)).map_or_else(
            || NewSyncedItem {
                target: self.target.name().to_owned(),
                title: String::new(),
                year: None,
                media_type: wish.media_type,
                tmdb_id: wish.tmdb_id,
                imdb_id: None,
                is_4k: wish.is_4k,
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
            },
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

    fn remember(&mut self, rows: Vec<SyncedItem>) {
        for row in rows {
            self.ledger
                .insert((row.media_type, row.tmdb_id, row.is_4k), row);
        }
    }

    /// The row to write when the decision differs from the last.
    fn decision(
        &mut self,
        wish: &Wish,
        decision: DecisionKind,
        reason: &str,
        now: NaiveDateTime,
    ) -> Option<NewDecision> {
        let last = self.decisions.get(&(wish.title, wish.is_4k));
        if last.is_some_and(|(kind, words)| *kind == decision && words == reason) {
            return None;
        }
        self.decisions
            .insert((wish.title, wish.is_4k), (decision, reason.to_owned()));
        Some(NewDecision {
            run: self.going.run,
            title: wish.title,
            is_4k: wish.is_4k,
            decision,
            reason: reason.to_owned(),
            decided_at: now,
        })
    }

    /// The event of a title that was requested, once in a run.
    fn requested(&mut self, wish: &Wish, now: NaiveDateTime, reason: &str) -> Option<NewEvent> {
        let is_new = self.told.insert(key(wish));
        is_new.then(|| self.event(wish, EventKind::TitleRequested, now, reason))
    }

    fn event(&self, wish: &Wish, kind: EventKind, now: NaiveDateTime, reason: &str) -> NewEvent {
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

    /// Waits until a request that may still be going on in the target must have ended.
    async fn wait_until(&self, until: NaiveDateTime) -> Result<(), Interrupted> {
        let wait = (until - self.engine.clock.now())
            .to_std()
            .unwrap_or(Duration::ZERO);
        tracing::info!(
            wait_s = wait.as_secs(),
            "waiting {} s for requests whose end is not known",
            wait.as_secs()
        );
        self.going.phase(RunPhase::Verify, 0);
        self.going.or_cancelled(sleep(wait)).await
    }
}

/// Whether the status is a person's no.
fn is_no(status: LedgerStatus) -> bool {
    matches!(
        status,
        LedgerStatus::Declined | LedgerStatus::Deleted | LedgerStatus::Blocklisted
    )
}

fn fate(status: LedgerStatus, by_this_run: bool) -> Fate {
    match status {
        LedgerStatus::Requested if by_this_run => Fate::Requested,
        LedgerStatus::Requested | LedgerStatus::Adopted => Fate::AlreadyRequested,
        LedgerStatus::Available => Fate::Available,
        LedgerStatus::Failed | LedgerStatus::FailedPermanent => Fate::Failed,
        LedgerStatus::Planned | LedgerStatus::Requesting => Fate::Waiting,
        LedgerStatus::Declined | LedgerStatus::Blocklisted | LedgerStatus::Deleted => Fate::Skipped,
    }
}
