//! One run: snapshot, read, identify, merge, plan, apply, verify, record.
//!
//! [`go`] is the order of these steps and nothing else; each has a file. It may end at any moment
//! by a crash: started again with the same number it does what is left, because everything it knows
//! is in the tables.

mod actor;
mod apply;
mod group;
mod identify;
mod membership;
mod new_lists;
mod queue;
pub(crate) mod read;
pub(crate) mod record;
mod report;
mod shrink;
mod undo;
mod wishes;

pub(crate) use actor::{Accepted, CancelNow, Current, RunEnded, Runner, StartNow, Watch};
pub(crate) use membership::{Gathered, row as membership_row};
pub(crate) use report::{stored as stored_report, summary};

use runtime::Chain;
use schema::{
    DbError,
    models::{ListId, PlanId, PlanRefusal, RunId, RunStatus},
    wire::sync::{ReadingProgress, RunPhase, RunProgress, RunReport, StartRun},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::{
    apply::{Ground, PlanRead, PlanToApply, Purpose},
    undo::Undone,
    wishes::Wishes,
};
use crate::{
    engine::Engine,
    events::Feed,
    target::{Snapshot, Target, TargetError, TargetInfo},
};

/// Why a run ends before its work is done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interrupted {
    /// A person cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// The target cannot be worked with now.
    #[error("{0}")]
    Target(TargetError),
    /// The target no longer shows most of what it had.
    #[error(
        "{target} no longer shows {gone} of the {there} titles that were requested or in the library"
    )]
    AnotherTarget {
        /// What people call it.
        target: String,
        /// Titles that are gone.
        gone: usize,
        /// Titles that were there.
        there: usize,
    },
    /// The plan is not to be carried out any more.
    #[error("{0}")]
    Plan(PlanRefusal),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbError),
}

impl Interrupted {
    /// The sentence that history and people get.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Cancelled => "cancelled".to_owned(),
            Self::Target(error) => match error.remedy() {
                Some(remedy) => {
                    let words = Chain(error).to_string();
                    format!("{}. {remedy}", words.trim_end_matches('.'))
                }
                None => Chain(error).to_string(),
            },
            Self::AnotherTarget { target, .. } => format!(
                "{self}. Is OVERSEERR_URL the address of another {target}, or was its database reset? \
                 Nothing was changed. If all is as it should be, start with a new data directory \
                 (LISTSYNC_DATA_DIR): then everything is looked at anew."
            ),
            Self::Plan(refusal) => {
                format!("{refusal}. Make a new one with `listsync sync --plan`.")
            }
            Self::Database(error) => Chain(error).to_string(),
        }
    }
}

impl From<TargetError> for Interrupted {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

/// A run that is going on: its number, how to end it, and who watches.
#[derive(Clone)]
pub(crate) struct Going {
    pub(crate) run: RunId,
    /// Set when the run is to end: by a person, or because this process ends.
    pub(crate) cancel: CancellationToken,
    /// Set when it was a person.
    by_person: CancellationToken,
    progress: watch::Sender<RunProgress>,
    /// Hears of the same, with others who follow what happens.
    feed: Feed,
}

impl Going {
    fn new(run: RunId, cancel: CancellationToken, feed: Feed) -> Self {
        let (progress, _) = watch::channel(RunProgress {
            run,
            phase: RunPhase::Read,
            done: 0,
            total: 0,
            item: None,
        });
        Self {
            run,
            cancel,
            by_person: CancellationToken::new(),
            progress,
            feed,
        }
    }

    /// Begins a part of the run.
    fn phase(&self, phase: RunPhase, total: usize) {
        self.get_further(|progress| begin(progress, phase, count(total)));
    }

    /// One step of that part is done.
    fn step(&self, item: &str) {
        self.get_further(|progress| {
            progress.done = progress.done.saturating_add(1);
            progress.item = Some(item.to_owned());
        });
    }

    fn get_further(&self, change: impl FnOnce(&mut RunProgress)) {
        self.progress.send_modify(change);
        self.feed.run(self.progress.borrow().clone());
    }

    /// Steps of that part are done whose names nobody needs.
    fn advance(&self, steps: usize) {
        self.get_further(|progress| {
            progress.done = progress.done.saturating_add(count(steps));
        });
    }

    /// A list is read so far.
    fn reading(&self, list: ListId, name: &str, read: usize, announced: Option<u32>) {
        self.feed.reading(ReadingProgress {
            run: Some(self.run),
            list,
            name: name.to_owned(),
            read: count(read),
            announced,
        });
    }

    /// The end, which those who follow what happens hear of as an event.
    fn over(&self) {
        self.progress
            .send_modify(|progress| begin(progress, RunPhase::Ended, 0));
    }

    fn check_cancelled(&self) -> Result<(), Interrupted> {
        if self.cancel.is_cancelled() {
            Err(Interrupted::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Waits for `work`, or ends with the run.
    async fn or_cancelled<O>(&self, work: impl Future<Output = O>) -> Result<O, Interrupted> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Interrupted::Cancelled),
            done = work => Ok(done),
        }
    }
}

fn begin(progress: &mut RunProgress, phase: RunPhase, total: u32) {
    progress.phase = phase;
    progress.done = 0;
    progress.total = total;
    progress.item = None;
}

/// Counts fit: a run has fewer than four thousand million of anything.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: RunStatus,
    pub(crate) reason: Option<String>,
    /// Whether trying again soon may help.
    pub(crate) is_retryable: bool,
}

/// Carries out one run and records its end.
///
/// `None` when this process is being stopped: the run is taken up again by the next one.
///
/// # Errors
/// When not even the end can be recorded.
pub(crate) async fn go<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    scope: &StartRun,
) -> Result<Option<(Ended, RunReport)>, DbError> {
    let mut tally = report::Tally::default();
    let before = engine.db.time_spent();
    let outcome = steps(engine, target, going, scope, &mut tally).await;
    let is_interrupted = matches!(outcome, Err(Interrupted::Cancelled));
    if is_interrupted && !going.by_person.is_cancelled() {
        return Ok(None);
    }
    let ended = match &outcome {
        Ok(()) => Ended {
            status: RunStatus::Completed,
            reason: None,
            is_retryable: false,
        },
        Err(Interrupted::Cancelled) => Ended {
            status: RunStatus::Cancelled,
            reason: None,
            is_retryable: false,
        },
        Err(interrupted) => {
            tracing::error!(run.id = %going.run, "run {} failed: {}", going.run, interrupted.reason());
            Ended {
                status: RunStatus::Failed,
                reason: Some(interrupted.reason()),
                is_retryable: true,
            }
        }
    };
    let report = report::record(engine, going.run, &ended, tally).await?;
    let database = engine.db.time_spent().saturating_sub(before);
    tracing::info!(
        run.id = %going.run,
        database_ms = u64::try_from(database.as_millis()).unwrap_or(u64::MAX),
        "run {} was at the database for {:.1} s",
        going.run,
        database.as_secs_f64()
    );
    going.over();
    Ok(Some((ended, report)))
}

/// Records that a run could not even begin.
async fn fail(engine: &Engine, run: RunId, reason: String) -> Result<(Ended, RunReport), DbError> {
    tracing::error!(run.id = %run, "run {run} failed: {reason}");
    let ended = Ended {
        status: RunStatus::Failed,
        reason: Some(reason),
        is_retryable: true,
    };
    let report = report::record(engine, run, &ended, report::Tally::default()).await?;
    Ok((ended, report))
}

async fn steps<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    scope: &StartRun,
    tally: &mut report::Tally,
) -> Result<(), Interrupted> {
    let settings = engine.settings();
    if let Some(plan) = scope.plan {
        let ground = planned(engine, target, going, plan).await?;
        return apply::carry_out(engine, target, going, ground, tally).await;
    }
    if let Some(run) = scope.undo {
        let ground = undo::ground(engine, target, going, (run, scope.only_plans)).await?;
        return apply::carry_out(engine, target, going, ground, tally).await;
    }
    let lists = read::scope(engine, scope).await?;
    going.phase(RunPhase::Read, lists.len());
    engine.says.syncing(lists.len());
    let (info, snapshot, reads) = going
        .or_cancelled(async {
            // The target's word comes first: without it nothing that is read can be used.
            let info = target.check().await?;
            let reading = read::lists(engine, going, lists);
            let (snapshot, reads) = futures_util::join!(look(engine, target), reading);
            Ok::<_, Interrupted>((info, snapshot?, reads?))
        })
        .await??;
    let lists: Vec<ListId> = reads.iter().map(|read| read.list.id).collect();
    tally.lists(reads.clone());
    identify::entries(engine, target, going, &lists, tally).await?;
    let mut wishes = Wishes::merge(engine, &reads, &settings.settings.seerr).await?;
    if scope.is_full() {
        wishes = wishes.with_open_requests(engine, target.name()).await?;
    }
    let ground = Ground {
        info,
        snapshot,
        wishes,
        undone: None,
        purpose: if scope.only_plans {
            Purpose::OnlyPlan
        } else {
            Purpose::Apply
        },
    };
    apply::carry_out(engine, target, going, ground, tally).await
}

/// Everything the target knows, its times told by our clock.
async fn look<T: Target>(engine: &Engine, target: &T) -> Result<Snapshot, TargetError> {
    let snapshot = target.snapshot().await?;
    Ok(snapshot.in_our_time(engine.clock.now()))
}

/// What a run has before it carries out a plan: what the target knows now, and what the plan says.
async fn planned<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    plan: PlanId,
) -> Result<Ground, Interrupted> {
    let settings = engine.settings();
    let read = PlanToApply::begin(engine, plan, going.run).await?;
    let PlanRead {
        plan,
        order,
        lists,
        undoes,
    } = read;
    engine.says.syncing(lists.len());
    let (info, snapshot) = of_target(engine, target, going).await?;
    let (wishes, undone) = if let Some(run) = undoes {
        let undone = Undone::read(engine, run, target.name()).await?;
        (Wishes::of_ledger(target.name(), order), Some(undone))
    } else {
        let mut wishes = Wishes::of_lists(engine, lists, &settings.settings.seerr).await?;
        wishes.order = order;
        (wishes, None)
    };
    Ok(Ground {
        info,
        snapshot,
        wishes,
        undone,
        purpose: Purpose::ApplyPlan(plan),
    })
}

/// What a run that reads no list knows: what the target is, and what it has now.
async fn of_target<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
) -> Result<(TargetInfo, Snapshot), Interrupted> {
    going.phase(RunPhase::Read, 0);
    let read = async {
        let info = target.check().await?;
        Ok::<_, TargetError>((info, look(engine, target).await?))
    };
    Ok(going.or_cancelled(read).await??)
}

#[cfg(test)]
mod reading_tests;
