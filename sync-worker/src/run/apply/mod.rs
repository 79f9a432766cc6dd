//! Decides on the wishes of a run and carries out what was decided.
//!
//! First every wish is decided on, some hundred at a time: what needs no deed is recorded, what needs
//! one is kept by number. Then the deeds are done: one at a time, `requesting` committed before each
//! request, what the target confirmed looked for afterwards, what it lost asked for again.
//!
//! A ledger row stays `requesting` until the request was seen in the target. So at whatever instant
//! this process ends, the next run knows which requests may exist without anybody knowing it.

mod ahead;
mod batch;
mod believed;
mod change;
mod deeds;
mod facts;
mod first_run;
mod outcome;
mod planned;
mod record;
mod send;
mod standing;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::NaiveDateTime;
use schema::{
    DbError,
    models::{Event, EventKind, MediaType, SeasonNumbers, SyncRun},
    wire::sync::RunPhase,
};
use serde::Deserialize;
use tokio::time::sleep;

pub(super) use planned::{PlanRead, PlanToApply};

use self::{batch::Batch, facts::FactsAsked, planned::PlanMade};
use super::{
    Going, Interrupted, look,
    new_lists::{Counted, NewLists},
    report::Tally,
    undo::Undone,
    wishes::{WishKey, Wishes},
};
use crate::{
    engine::Engine,
    plan::{Decided, Patience, Situation, Verdict, Wish},
    target::{Snapshot, Target, TargetInfo},
};

/// Rounds of looking again at requests that were lost or whose end is not known.
const ROUNDS: u32 = 4;

/// Wishes that are decided on at once, with one reading of the tables.
const CHUNK: usize = 500;

/// Deeds after which the target is asked whether it has what it confirmed.
const BATCH: usize = 250;

/// What a run has before it decides.
pub(super) struct Ground {
    pub(super) info: TargetInfo,
    pub(super) snapshot: Snapshot,
    pub(super) wishes: Wishes,
    /// The run that is undone; absent where the lists are followed.
    pub(super) undone: Option<Undone>,
    pub(super) purpose: Purpose,
}

/// What a run is for.
pub(super) enum Purpose {
    /// Decides and does.
    Apply,
    /// Writes down what it would do.
    OnlyPlan,
    /// Does what was written down before, as far as it still holds.
    ApplyPlan(PlanToApply),
}

/// Where a title stands in the ledger and in the target's snapshot.
type Place = (MediaType, i64, bool);

/// Which title an event of [`Applier::event`] is about.
#[derive(Deserialize)]
struct RequestedTitle {
    media_type: MediaType,
    tmdb_id: i64,
    is_4k: bool,
}

fn place(wish: &Wish) -> Place {
    (wish.media_type, wish.tmdb_id, wish.is_4k)
}

fn key(wish: &Wish) -> WishKey {
    (wish.title, wish.is_4k)
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
        undone,
        purpose,
    } = ground;
    let wishes = Arc::new(wishes);
    standing::check_for_another_target(engine, target.name(), &info, &snapshot).await?;
    let mut applier = Applier::new(engine, target, going, info, Arc::clone(&wishes)).await?;
    let undoes = undone.as_ref().map(|undone| undone.run);
    applier.undone = undone;
    match purpose {
        Purpose::Apply => {}
        // What a person saw and has carried out is agreed to.
        Purpose::ApplyPlan(plan) => {
            applier.new_lists = NewLists::default();
            applier.began_at = plan.looked_at();
            applier.plan_to_apply = Some(plan);
        }
        Purpose::OnlyPlan => {
            let of = (going.run, undoes);
            applier.plan_made = Some(PlanMade::begin(engine, of, target.name()).await?);
        }
    }
    let mut pending = wishes.order.clone();
    for round in 1..=ROUNDS {
        applier.newest_request = snapshot.newest_request_id;
        let decided = applier.decide_all(&snapshot, &pending, tally).await?;
        if let Some(plan) = applier.plan_made.take() {
            tally.plan = Some(plan.close(engine, wishes.lists()).await?);
            return Ok(());
        }
        let decided = applier.hold_back(&snapshot, decided, tally).await?;
        let (mut again, until) = (decided.unsettled, decided.until);
        again.extend(applier.do_all(&snapshot, decided.deeds, tally).await?);
        if again.is_empty() {
            let plan = applier.plan_to_apply.as_ref();
            tally.undoes = undoes.filter(|_| plan.is_none_or(PlanToApply::is_whole));
            break;
        }
        if round == ROUNDS {
            tracing::warn!(
                "{} requests are still not settled; the next run looks again",
                again.len()
            );
            break;
        }
        if let Some(until) = until {
            applier.wait_until(until).await?;
        }
        snapshot = going.or_cancelled(look(engine, target)).await??;
        pending = again;
    }
    if let Some(plan) = applier.plan_to_apply.take() {
        tally.plan = Some(plan.close(engine).await?);
    }
    Ok(())
}

/// What was decided for a number of wishes.
#[derive(Default)]
struct DecidedAll {
    /// Wishes for which something is to be done.
    deeds: Vec<WishKey>,
    /// Wishes whose request was sent and whose end is not known.
    unsettled: Vec<WishKey>,
    /// When the last of them can be looked at again.
    until: Option<NaiveDateTime>,
}

/// Something to be done for a wish.
struct Deed {
    wish: Wish,
    decided: Decided,
}

impl Deed {
    /// Seasons to ask for.
    fn seasons(&self) -> Option<&SeasonNumbers> {
        match &self.decided.verdict {
            Verdict::Request { seasons } => seasons.as_ref(),
            _ => None,
        }
    }

    /// How many seasons it asks for; none of a movie.
    fn count_seasons(&self) -> usize {
        self.seasons().map_or(0, |seasons| seasons.0.len())
    }
}

/// What an asker may not ask for, learned in this run.
struct Refused {
    why: String,
    /// As many seasons as this, or more; 0 is everything.
    seasons: usize,
}

struct Applier<'a, T> {
    engine: &'a Engine,
    target: &'a T,
    going: &'a Going,
    wishes: Arc<Wishes>,
    /// New lists whose owner is to be asked first.
    new_lists: NewLists,
    /// What only they would ask for.
    counted: Counted,
    info: TargetInfo,
    patience: Patience,
    /// When this run began to look, or the one that made the plan which is carried out.
    began_at: NaiveDateTime,
    /// The target's newest request, as far as we know: one of ours that comes has a higher number.
    newest_request: i32,
    /// What the tables say of the wishes at hand.
    batch: Batch,
    facts: FactsAsked,
    /// The run that is undone: then nothing else is decided.
    undone: Option<Undone>,
    /// The plan that is being made: then nothing is done and nothing recorded elsewhere.
    plan_made: Option<PlanMade>,
    /// The plan that is carried out: then nothing else is done.
    plan_to_apply: Option<PlanToApply>,
    /// What this run, by whichever process, has told to be requested: the target may lose a request,
    /// and it is sent again.
    told: HashSet<Place>,
    /// Who may not ask for what, learned in this run: asking again would be refused again.
    refused: HashMap<(i32, MediaType, bool), Refused>,
    failures_in_a_row: u32,
    /// Whether reading details before their request pays: it does until it was seen to be quick.
    reads_ahead: bool,
}

impl<'a, T: Target> Applier<'a, T> {
    async fn new(
        engine: &'a Engine,
        target: &'a T,
        going: &'a Going,
        info: TargetInfo,
        wishes: Arc<Wishes>,
    ) -> Result<Self, DbError> {
        let settings = engine.settings();
        let run = going.run;
        let (told, row) = engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                let told = Event::details(conn, run, EventKind::TitleRequested)?;
                Ok((told, SyncRun::find(conn, run)?))
            })
            .await?;
        Ok(Self {
            engine,
            target,
            going,
            new_lists: wishes.new_lists(),
            counted: Counted::default(),
            wishes,
            info,
            patience: Patience {
                timeout: Duration::from_secs(settings.settings.seerr.timeout_s),
                settle: Duration::from_secs(settings.settings.seerr.settle_s),
                started_at: engine.started_at,
            },
            began_at: row.map_or(engine.clock.now(), |row| row.sync_started),
            newest_request: 0,
            batch: Batch::default(),
            facts: FactsAsked::default(),
            undone: None,
            plan_made: None,
            plan_to_apply: None,
            told: told
                .iter()
                .filter_map(|data| serde_json::from_str::<RequestedTitle>(data).ok()) // of an older version
                .map(|title| (title.media_type, title.tmdb_id, title.is_4k))
                .collect(),
            refused: HashMap::new(),
            failures_in_a_row: 0,
            reads_ahead: true,
        })
    }

    fn situation(&self) -> Situation<'_> {
        let now = self.engine.clock.now();
        Situation {
            now,
            began_at: self.began_at,
            today: now.date(),
            target: &self.info.product,
            has_4k_movies: self.info.has_4k_movies,
            has_4k_shows: self.info.has_4k_shows,
            patience: self.patience,
        }
    }

    /// Decides on every wish; what needs no deed is recorded.
    async fn decide_all(
        &mut self,
        snapshot: &Snapshot,
        wishes: &[WishKey],
        tally: &mut Tally,
    ) -> Result<DecidedAll, Interrupted> {
        self.going.phase(RunPhase::Plan, wishes.len());
        let mut all = DecidedAll::default();
        let mut tried_in_vain = Vec::new();
        for chunk in wishes.chunks(CHUNK) {
            self.going.check_cancelled()?;
            let decided = self.decide_on(snapshot, chunk, tally).await?;
            for deed in decided.deeds {
                let has_failed = self.batch.attempts(&deed.wish) > 0;
                // What was tried in vain comes last, so that it keeps nothing waiting.
                let deeds = if has_failed {
                    &mut tried_in_vain
                } else {
                    &mut all.deeds
                };
                deeds.push(key(&deed.wish));
            }
            all.unsettled.extend(decided.unsettled);
            all.until = all.until.max(decided.until);
            self.going.advance(chunk.len());
        }
        all.deeds.append(&mut tried_in_vain);
        Ok(all)
    }

    /// Waits until a request that may still be going on in the target must have ended.
    async fn wait_until(&self, until: NaiveDateTime) -> Result<(), Interrupted> {
        // Were the clock put back, `until` could be far off.
        let longest = self.patience.timeout.saturating_add(self.patience.settle);
        let wait = (until - self.engine.clock.now())
            .to_std()
            .unwrap_or(Duration::ZERO)
            .min(longest);
        tracing::info!(
            wait_s = wait.as_secs(),
            "waiting {} s for requests whose end is not known",
            wait.as_secs()
        );
        self.going.phase(RunPhase::Verify, 0);
        self.going.or_cancelled(sleep(wait)).await
    }
}
