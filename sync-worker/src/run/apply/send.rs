//! Sends requests one at a time.

use std::time::Duration;

use schema::{
    DbError,
    models::{
        Decision, LedgerStatus, NewDecision, NewSyncedItem, RunRequest, SeasonState, SyncedItem,
        TitleId,
    },
};
use tokio::time::{Instant, sleep};

use super::{
    Applier, Deed, Refused,
    ahead::Ahead,
    believed::Believed,
    outcome::{Sent, asker, error_text, is_for_all, refused_from},
    place,
    record::save_seasons,
    verify::Confirmed,
};
use crate::{
    identity,
    plan::Wish,
    run::{
        Interrupted,
        report::{Fate, Tally},
    },
    target::{NewRequest, Seasons, Submitted, Target, TargetError, TargetRequest},
};

/// A request that takes longer than this waits for TMDB: reading ahead then pays.
const SLOW_REQUEST: Duration = Duration::from_millis(80);

/// How long a request under way may go on after the run was cancelled, and then the look whether what
/// was confirmed is there: both together stay below a second.
pub(super) const CANCEL_GRACE: Duration = Duration::from_millis(400);

/// Requests that may fail for want of TMDB, one after the other, before the run ends.
const FAILURES_IN_A_ROW: u32 = 5;

/// What the target has of a request after an answer that was no yes.
enum Traced {
    /// The request itself.
    Ours(TargetRequest),
    /// Nothing.
    Nowhere,
    /// Nobody could look.
    Unknown,
}

/// A request that is about to be sent.
struct Begun {
    row: NewSyncedItem,
    /// That it is made, where that was not the last decision.
    decision: Option<NewDecision>,
    /// What was learned of its title before.
    learned: Vec<TitleId>,
}

impl<T: Target> Applier<'_, T> {
    /// Sends one batch; what it gives back has an answer and is still `requesting` in the ledger.
    pub(super) async fn send_batch(
        &mut self,
        batch: &[Deed],
        tally: &mut Tally,
    ) -> Result<(Vec<Confirmed>, Result<(), Interrupted>), Interrupted> {
        let taken = self.taken(batch).await?;
        let mut ahead = Ahead::new(self.target, batch, |deed| {
            self.is_doubtful(&taken, deed.wish.title)
        });
        let mut confirmed = Vec::new();
        let mut waiting = Vec::new();
        let mut before: Option<Sent> = None;
        let mut end = Ok(());
        for deed in batch {
            let wish = &deed.wish;
            if self.going.cancel.is_cancelled() {
                end = Err(Interrupted::Cancelled);
                break;
            }
            if let Some(refusal) = self.refusal(deed) {
                ahead.skip();
                waiting.extend(self.wait(wish, &refusal, tally));
                self.going.step(&wish.name);
                continue;
            }
            let read = match self.going.or_cancelled(ahead.take(self.reads_ahead)).await {
                Ok(read) => read,
                Err(cancelled) => {
                    end = Err(cancelled);
                    break;
                }
            };
            self.reads_ahead = read.as_ref().map_or(self.reads_ahead, |read| read.was_slow);
            let learned = match self.believe(&taken, deed, read).await {
                Ok(Believed::Yes(learned)) => learned,
                Ok(Believed::No(decided)) => {
                    if let Some(plan) = &mut self.plan_to_apply {
                        plan.not_done(wish, &decided.reason);
                    }
                    tally.decided(wish, Fate::Waiting, &decided.reason);
                    waiting.extend(self.decision(wish, &decided, self.engine.clock.now()));
                    self.going.step(&wish.name);
                    continue;
                }
                Err(error) => {
                    end = Err(error);
                    break;
                }
            };
            let had_unknown_end = self.has_unknown_end(wish);
            let mut row = self.row(wish, self.engine.clock.now());
            row.status = LedgerStatus::Requesting;
            row.reason.clone_from(&deed.decided.reason);
            row.request_id = None;
            row.asked_as_user = Some(wish.requested_as);
            row.attempts += 1;
            row.requesting_since = Some(row.last_synced);
            if !had_unknown_end {
                row.request_after = Some(self.newest_request);
            }
            row.retry_at = None;
            let decision = self.decision(wish, &deed.decided, row.last_synced);
            let begun = Begun {
                row,
                decision,
                learned,
            };
            self.store(before.take(), Some(begun)).await?;

            let started = Instant::now();
            let answer = self.post(deed).await;
            self.reads_ahead |= started.elapsed() > SLOW_REQUEST;
            match answer {
                Ok(Submitted::Created {
                    request_id,
                    media_id,
                    seasons,
                }) => {
                    self.failures_in_a_row = 0;
                    self.newest_request = self.newest_request.max(request_id);
                    let sent = self.created(deed, request_id, media_id, &seasons);
                    confirmed.push(Confirmed {
                        wish: wish.clone(),
                        row: sent.row.clone(),
                        seasons,
                    });
                    before = Some(sent);
                }
                Ok(Submitted::AlreadyThere | Submitted::NothingLeft) => {
                    self.failures_in_a_row = 0;
                    // Only after a request with an unknown end can it be ours that is there.
                    let earlier = if had_unknown_end {
                        self.arrived_earlier(wish).await
                    } else {
                        Ok(None)
                    };
                    match earlier {
                        Ok(Some(ours)) => before = Some(self.found(deed, ours, &mut confirmed)),
                        Ok(None) => before = Some(self.adopted(deed, tally)),
                        Err(error) => {
                            before = Some(self.lost_sight_of(wish));
                            end = Err(error.into());
                            break;
                        }
                    }
                }
                Err(error) if error.may_have_been_sent() => {
                    tally.undecided(
                        wish,
                        Fate::Waiting,
                        "a request was sent and its end is not known yet",
                    );
                    before = Some(self.lost_sight_of(wish));
                    end = if self.going.cancel.is_cancelled() {
                        Err(Interrupted::Cancelled)
                    } else {
                        Err(error.into())
                    };
                    break;
                }
                Err(error) if error.ends_the_run() => {
                    // What stands in front of the target may have passed it on before it answered.
                    let is_in_doubt = matches!(error, TargetError::NotSeerr { .. });
                    before = Some(if is_in_doubt {
                        self.lost_sight_of(wish)
                    } else {
                        self.not_sent(wish)
                    });
                    end = Err(error.into());
                    break;
                }
                Err(error) if is_for_all(&error) => {
                    let refusal = error_text(&error);
                    let refused = Refused {
                        why: refusal.clone(),
                        seasons: refused_from(&error, deed),
                    };
                    self.refused.insert(asker(wish), refused);
                    before = Some(self.not_sent(wish));
                    waiting.extend(self.wait(wish, &refusal, tally));
                }
                Err(error) => {
                    let traced = self.in_spite_of(wish, &error).await;
                    let is_open = matches!(traced, Traced::Unknown);
                    let is_there = matches!(traced, Traced::Ours(_));
                    before = Some(match traced {
                        Traced::Ours(ours) => self.found(deed, ours, &mut confirmed),
                        Traced::Nowhere | Traced::Unknown => {
                            self.failed(wish, &error, is_open, tally)
                        }
                    });
                    let is_passing = matches!(
                        error,
                        TargetError::Upstream { .. } | TargetError::Busy { .. }
                    );
                    // Each title would cost its time and an attempt.
                    if is_passing && !is_there {
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
    async fn post(&self, deed: &Deed) -> Result<Submitted, TargetError> {
        let wish = &deed.wish;
        let request = NewRequest {
            media_type: wish.media_type,
            tmdb_id: wish.tmdb_id,
            is_4k: wish.is_4k,
            seasons: deed.seasons().map_or(Seasons::All, |numbers| {
                Seasons::Some(numbers.0.iter().copied().collect())
            }),
            requested_as: Some(wish.requested_as),
        };
        let cancelled = async {
            self.going.cancel.cancelled().await;
            sleep(CANCEL_GRACE).await;
        };
        tokio::select! {
            biased;
            answer = self.target.submit(&request) => answer,
            () = cancelled => Err(TargetError::Unknown { why: "the run was cancelled".to_owned() }),
        }
    }

    /// Why the target would refuse the request, as it has refused another of the same asker.
    fn refusal(&self, deed: &Deed) -> Option<String> {
        let refused = self.refused.get(&asker(&deed.wish))?;
        (deed.count_seasons() >= refused.seasons).then(|| refused.why.clone())
    }

    /// Whether an earlier request for it was sent and nobody knows its end.
    fn has_unknown_end(&self, wish: &Wish) -> bool {
        self.batch
            .ledger
            .get(&place(wish))
            .is_some_and(|row| row.status == LedgerStatus::Requesting && row.request_id.is_none())
    }

    /// The request of an earlier attempt of ours, if the target has it.
    async fn arrived_earlier(&self, wish: &Wish) -> Result<Option<TargetRequest>, TargetError> {
        let before = self
            .batch
            .ledger
            .get(&place(wish))
            .and_then(|row| row.request_after);
        let since = before.unwrap_or(0).saturating_add(1);
        let found = self
            .target
            .verify(since)
            .await?
            .into_iter()
            .find(|request| {
                (request.media_type, request.tmdb_id, request.is_4k) == place(wish)
                    && request
                        .requested_by
                        .is_none_or(|user| user == wish.requested_as)
            });
        Ok(found)
    }

    /// Takes a request that the target has for one that it confirmed.
    fn found(&mut self, deed: &Deed, ours: TargetRequest, confirmed: &mut Vec<Confirmed>) -> Sent {
        self.newest_request = self.newest_request.max(ours.id);
        let sent = self.created(deed, ours.id, None, &ours.seasons);
        confirmed.push(Confirmed {
            wish: deed.wish.clone(),
            row: sent.row.clone(),
            seasons: ours.seasons,
        });
        sent
    }

    /// What the target has of a request that it answered with `error`: it may have stored it and failed
    /// after that. Who asks again then would be told that somebody else has asked.
    async fn in_spite_of(&self, wish: &Wish, error: &TargetError) -> Traced {
        if !error.may_be_stored() {
            return Traced::Nowhere;
        }
        match self.going.or_cancelled(self.arrived_earlier(wish)).await {
            Ok(Ok(Some(ours))) => Traced::Ours(ours),
            Ok(Ok(None)) => Traced::Nowhere,
            Ok(Err(unread)) => {
                tracing::warn!(
                    "whether a request came about that was answered with an error cannot be read: {unread}"
                );
                Traced::Unknown
            }
            Err(_cancelled) => Traced::Unknown,
        }
    }

    /// Records the end of one request and the beginning of the next with one transaction.
    async fn store(&mut self, ended: Option<Sent>, begins: Option<Begun>) -> Result<(), DbError> {
        if ended.is_none() && begins.is_none() {
            return Ok(());
        }
        let saved = self
            .engine
            .write(move |conn, events| {
                let mut saved = Vec::new();
                if let Some(sent) = ended {
                    let row = SyncedItem::save(conn, &sent.row)?;
                    save_seasons(conn, &row, &sent.of_others, SeasonState::Adopted)?;
                    // A run that ends before it looks for its requests has made them all the same.
                    if let Some(made) = RunRequest::of_row(&row) {
                        made.save(conn)?;
                    }
                    events.extend(sent.event);
                    Decision::insert(conn, sent.decision.as_slice())?;
                    saved.push(row);
                }
                if let Some(begun) = begins {
                    Decision::insert(conn, begun.decision.as_slice())?;
                    identity::learn(conn, begun.learned)?;
                    saved.push(SyncedItem::save(conn, &begun.row)?);
                }
                Ok(saved)
            })
            .await?;
        self.batch.remember(saved);
        Ok(())
    }
}
