//! Carries the plan out: one request at a time, `requesting` committed before each, what the target
//! confirmed looked for afterwards, what it lost asked for again.
//!
//! A ledger row stays `requesting` until the request was seen in the target. So at whatever instant
//! this process ends, the next run knows which requests may exist without anybody knowing it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use chrono::NaiveDateTime;
use runtime::Chain;
use schema::{
    DbError,
    models::{
        Decision, DecisionKind, Event, EventKind, LedgerSeason, LedgerStatus, MediaType,
        NewDecision, NewEvent, NewSyncedItem, SeasonState, SyncedItem, TitleRef,
    },
    wire::sync::RunPhase,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Going, Interrupted,
    report::{Fate, Tally},
};
use crate::{
    chance::jitter,
    engine::Engine,
    plan::{Known, Verdict, Wish, decide},
    target::{Details, NewRequest, Requested, Seasons, Snapshot, Target, TargetError, TargetInfo},
};

/// Requests after which the target is asked whether it has them.
const BATCH: usize = 250;

/// Details read ahead of the request that needs them.
const AHEAD: usize = 4;

/// A request that takes longer than this waits for TMDB: reading ahead then pays.
const SLOW_REQUEST: Duration = Duration::from_millis(80);

/// How long a request under way may go on after the run was cancelled.
const CANCEL_GRACE: Duration = Duration::from_millis(700);

/// Rounds of looking again at requests that were lost or whose end is not known.
const ROUNDS: u32 = 4;

/// Requests that may fail for want of TMDB, one after the other, before the run ends.
const FAILURES_IN_A_ROW: u32 = 5;

/// Failures after which a title is given up.
const ATTEMPTS: i32 = 10;

/// What a run has before it decides.
pub(super) struct Ground {
    pub(super) info: TargetInfo,
    pub(super) snapshot: Snapshot,
    pub(super) wishes: Vec<Wish>,
}

type Key = (MediaType, i64, bool);

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

/// A request that was sent, and what is to be recorded of it.
struct Sent {
    row: NewSyncedItem,
    seasons: Vec<i32>,
    event: Option<NewEvent>,
    decision: Option<NewDecision>,
}

struct Applier<'a, T> {
    engine: &'a Engine,
    target: &'a T,
    going: &'a Going,
    info: TargetInfo,
    settle: Duration,
    ledger: HashMap<Key, SyncedItem>,
    decisions: HashMap<(TitleRef, bool), (DecisionKind, String)>,
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
        let name = target.name();
        let (ledger, decisions) = engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                Ok((SyncedItem::of_target(conn, name)?, Decision::latest(conn)?))
            })
            .await?;
        Ok(Self {
            engine,
            target,
            going,
            info,
            settle: Duration::from_secs(engine.settings().settings.seerr.settle_s),
            ledger: ledger
                .into_iter()
                .map(|row| ((row.media_type, row.tmdb_id, row.is_4k), row))
                .collect(),
            decisions: decisions
                .into_iter()
                .map(|row| ((row.title, row.is_4k), (row.decision, row.reason)))
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
        let (mut decisions, mut rows) = (Vec::new(), Vec::new());
        for wish in wishes {
            let place = key(&wish);
            let known = Known {
                ledger: self.ledger.get(&place),
                media: snapshot.media.get(&(wish.media_type, wish.tmdb_id)),
                requests: snapshot.requests.get(&place).map_or(&[], Vec::as_slice),
            };
            let mut verdict = decide(&wish, known, now, self.settle);
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
                            && row.created_by_us == created_by_us
                    });
                    let by_this_run = status == LedgerStatus::Requested
                        && known.ledger.is_some_and(|row| {
                            row.run == Some(self.going.run)
                                || row.status == LedgerStatus::Requesting
                        });
                    tally.decided(&wish, fate(status, by_this_run), &reason);
                    // That a request of ours is there follows from the decision to make it.
                    if !(status == LedgerStatus::Requested && created_by_us) {
                        decisions.extend(self.decision(&wish, DecisionKind::Skip, &reason, now));
                    }
                    if !is_as_recorded {
                        let mut row = self.row(&wish, now);
                        row.status = status;
                        row.reason = reason;
                        row.request_id = request_id.or(row.request_id);
                        row.created_by_us = created_by_us;
                        row.requesting_since = None;
                        row.retry_at = None;
                        rows.push(row);
                    }
                }
            }
        }
        let saved = self
            .engine
            .db
            .write(move |conn| -> Result<_, DbError> {
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

    /// Sends the requests in batches; gives back the wishes that the target lost.
    async fn send_all(
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

    fn created(
        &self,
        wish: &Wish,
        request_id: i32,
        media_id: Option<i32>,
        seasons: Vec<i32>,
    ) -> Sent {
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        row.request_id = Some(request_id);
        row.overseerr_id = media_id.or(row.overseerr_id);
        row.created_by_us = true;
        row.error_message = None;
        let event = self.event(wish, EventKind::TitleRequested, now, &row.reason);
        Sent {
            row,
            seasons,
            event: Some(event),
            decision: None,
        }
    }

    /// The target had it already: by an earlier attempt of ours, or by somebody else.
    fn adopted(&mut self, wish: &Wish, tally: &mut Tally) -> Sent {
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        // Only a repeated request can meet our own; the next snapshot tells which it is.
        let is_repeated = row.attempts > 1;
        if is_repeated {
            tally.decided(
                wish,
                Fate::Requested,
                "an earlier request of ours had arrived",
            );
            return Sent {
                row,
                seasons: Vec::new(),
                event: None,
                decision: None,
            };
        }
        let reason = match wish.media_type {
            MediaType::Movie => "somebody else has requested it",
            MediaType::Tv => "every season of it is there or requested already",
        };
        tally.decided(wish, Fate::AlreadyRequested, reason);
        row.status = LedgerStatus::Adopted;
        row.reason = reason.to_owned();
        row.requesting_since = None;
        row.error_message = None;
        let decision = self.decision(wish, DecisionKind::Skip, reason, now);
        Sent {
            row,
            seasons: Vec::new(),
            event: None,
            decision,
        }
    }

    /// No connection came about: as if it had never been tried.
    fn not_sent(&self, wish: &Wish) -> Sent {
        let mut row = self.row(wish, self.engine.clock.now());
        row.status = LedgerStatus::Planned;
        row.requesting_since = None;
        row.attempts -= 1;
        Sent {
            row,
            seasons: Vec::new(),
            event: None,
            decision: None,
        }
    }

    fn failed(&mut self, wish: &Wish, error: &TargetError, tally: &mut Tally) -> Sent {
        let reason = Chain(error).to_string();
        let holds_for_others = matches!(
            error,
            TargetError::Quota { .. } | TargetError::NotAllowed { .. } | TargetError::NoSuchUser
        );
        if holds_for_others {
            let asker = (wish.requested_as, wish.media_type, wish.is_4k);
            self.refused.insert(asker, reason.clone());
        }
        let status = match error {
            TargetError::Blocklisted => LedgerStatus::Blocklisted,
            TargetError::NoSuchTitle => LedgerStatus::FailedPermanent,
            _ => LedgerStatus::Failed,
        };
        self.put_off(wish, status, reason, tally)
    }

    /// Records why a title is not requested now, and when it is tried again.
    fn put_off(
        &self,
        wish: &Wish,
        status: LedgerStatus,
        reason: String,
        tally: &mut Tally,
    ) -> Sent {
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        row.status = if status == LedgerStatus::Failed && row.attempts >= ATTEMPTS {
            LedgerStatus::FailedPermanent
        } else {
            status
        };
        row.retry_at = (row.status == LedgerStatus::Failed)
            .then(|| now.checked_add_signed(pause(row.attempts, jitter())))
            .flatten();
        row.error_message = Some(reason.clone());
        row.reason.clone_from(&reason);
        row.requesting_since = None;
        tracing::warn!(
            tmdb_id = wish.tmdb_id,
            "requesting {} failed: {reason}",
            wish.name
        );
        tally.decided(wish, fate(row.status, false), &reason);
        let event = self.event(wish, EventKind::RequestFailed, now, &reason);
        Sent {
            row,
            seasons: Vec::new(),
            event: Some(event),
            decision: None,
        }
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

/// Pause after a failed request: 1 h, 2 h, 4 h … up to a day, give or take a tenth.
fn pause(attempts: i32, jitter: f64) -> chrono::Duration {
    let doubled = u32::try_from(attempts.clamp(1, 6) - 1).unwrap_or(0);
    let minutes = (60_i32 << doubled).min(24 * 60);
    let varied = f64::from(minutes) * 60.0 * (0.9 + 0.2 * jitter);
    chrono::Duration::from_std(Duration::from_secs_f64(varied)).unwrap_or(chrono::Duration::MAX)
}

/// Reads details before their request is due: a show's TVDB id is needed for it, and for movies it
/// fills the cache that the request reads from, which pays only where TMDB is slow.
struct Ahead<'a, T> {
    target: &'a T,
    waiting: VecDeque<(MediaType, i64)>,
    reading: VecDeque<Option<AbortOnDropHandle<Option<Details>>>>,
}

impl<'a, T: Target> Ahead<'a, T> {
    fn new(target: &'a T, batch: &[(Wish, String)]) -> Self {
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

    /// The details of the next title, where they were read and could be.
    async fn take(&mut self, is_slow: bool) -> Option<Details> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failure_doubles_up_to_a_day() {
        let hours = |attempts| pause(attempts, 0.5).num_minutes() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 50].map(hours), [1, 2, 4, 8, 16, 24, 24]);
        assert_eq!(pause(1, 0.0).num_minutes(), 54);
    }
}
