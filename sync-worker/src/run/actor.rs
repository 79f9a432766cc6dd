//! The runner: at most one run goes on at a time; the others wait in the queue.
//!
//! Owns: the run that is going on. Hears from: the door, the schedule and the watch over export files. On
//! panic: the process ends, its successor finds the run unfinished in `sync_history`, takes it up under the
//! same number, and goes on with the queue.

use std::{rc::Rc, time::Duration};

use actix::prelude::*;
use runtime::Chain;
use schema::{
    DbError,
    models::{RunId, RunStatus, RunTrigger, SyncRun},
    wire::{
        Failure, FailureCode,
        sync::{RunProgress, RunReport, StartRun},
    },
};
use tokio::sync::{Notify, watch};

use super::{Ended, Going, fail, go, queue};
use crate::engine::Engine;

/// Times a run is taken up again. One that ends its process each time must not do so for ever.
const TAKEN_UP: i32 = 25;

/// Pause after which the queue is looked at again when the database failed.
const SOON: Duration = Duration::from_mins(1);

/// Starts a run, or queues it while another goes on. Refused when something is missing or too many wait.
#[derive(Message)]
#[rtype(result = "Result<Accepted, Failure>")]
pub(crate) struct StartNow(pub(crate) StartRun);

/// A run that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) run: RunId,
    /// Whether it waits for its turn.
    pub(crate) is_queued: bool,
    /// Whether it is there because of this request, and not because of one before.
    pub(crate) is_new: bool,
}

/// Ends the run that is going on, or takes the one named out of the queue.
#[derive(Message)]
#[rtype(result = "Result<RunId, Failure>")]
pub(crate) struct CancelNow(pub(crate) Option<RunId>);

/// Where the run is that is going on.
#[derive(Message)]
#[rtype(result = "Option<RunProgress>")]
pub(crate) struct Current;

/// Follows the run that is going on, if it is the one named.
#[derive(Message)]
#[rtype(result = "Option<watch::Receiver<RunProgress>>")]
pub(crate) struct Watch(pub(crate) Option<RunId>);

/// Told to the schedule when a run is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct RunEnded {
    pub(crate) status: RunStatus,
    pub(crate) is_retryable: bool,
    /// Whether it was about everything that is synced automatically.
    pub(crate) is_full: bool,
}

/// How the work on a run is over.
enum Over {
    /// It has ended.
    Ended(Ended, Box<RunReport>),
    /// It was taken out of the queue before it began.
    LeftQueue,
    /// This process ends; the next one takes the run up again.
    Stopping,
}

/// See the head of this file.
pub(crate) struct Runner {
    engine: Engine,
    going: Option<(Going, StartRun)>,
    /// A start is being recorded or the queue looked at; a second run must not slip in meanwhile.
    is_starting: bool,
    /// Something was queued while the queue was looked at, perhaps too late to be seen.
    looks_again: bool,
    /// Whether it goes on with what the process before this one left.
    takes_up: bool,
    when_ended: Recipient<RunEnded>,
    /// Tells of ends of runs to what comes after them.
    after_runs: Rc<Notify>,
}

impl Runner {
    pub(crate) fn new(
        engine: Engine,
        when_ended: Recipient<RunEnded>,
        after_runs: Rc<Notify>,
        takes_up: bool,
    ) -> Self {
        Self {
            engine,
            going: None,
            is_starting: false,
            looks_again: false,
            takes_up,
            when_ended,
            after_runs,
        }
    }

    /// Whether a run could begin now.
    fn is_free(&self) -> bool {
        self.going.is_none() && !self.is_starting
    }

    /// Begins the first run of the queue, if there is one and nothing goes on.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        self.looks_again = self.is_starting;
        if !self.is_free() || self.engine.boot().stop.token().is_cancelled() {
            return;
        }
        self.is_starting = true;
        let engine = self.engine.clone();
        let first = async move { queue::first(&engine).await };
        ctx.spawn(first.into_actor(self).map(|first, runner, ctx| {
            runner.is_starting = false;
            match first {
                Ok(Some(run)) => runner.begin(run.id, queue::scope_of(&run), true, ctx),
                Ok(None) if runner.looks_again => runner.go_on(ctx),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!("the queue of runs cannot be read: {}", Chain(&error));
                    Self::go_on_soon(ctx);
                }
            }
        }));
    }

    /// Nothing else would wake the queue after a failure, and at once it would most likely fail again.
    fn go_on_soon(ctx: &mut Context<Self>) {
        ctx.run_later(SOON, Self::go_on);
    }

    fn begin(&mut self, run: RunId, scope: StartRun, is_queued: bool, ctx: &mut Context<Self>) {
        let going = Going::new(
            run,
            self.engine.boot().stop.token().child_token(),
            self.engine.feed.clone(),
        );
        let is_full = scope.is_full();
        self.going = Some((going.clone(), scope.clone()));
        let engine = self.engine.clone();
        let work = async move { work(&engine, &going, &scope, is_queued).await };
        ctx.spawn(work.into_actor(self).map(move |over, runner, ctx| {
            runner.going = None;
            runner.engine.says.run_over();
            runner.over(run, is_full, over, ctx);
        }));
    }

    fn over(
        &mut self,
        run: RunId,
        is_full: bool,
        over: Result<Over, DbError>,
        ctx: &mut Context<Self>,
    ) {
        match over {
            Ok(Over::Stopping) => {}
            Ok(Over::LeftQueue) => self.go_on(ctx),
            Ok(Over::Ended(ended, report)) => {
                let counts = report.summary.counts;
                tracing::info!(
                    run.id = %run, requested = counts.requested, failed = counts.failed,
                    "run {run} {}: {} entries, {} titles, {} requested, {} failed",
                    ended.status, counts.entries, counts.titles, counts.requested, counts.failed
                );
                self.tell(run, ended.status, ended.is_retryable, is_full);
                self.go_on(ctx);
            }
            Err(error) => {
                // The row says `running` still: the next start of this process takes it up.
                tracing::error!(run.id = %run, "run {run} ended badly: {}", Chain(&error));
                self.tell(run, RunStatus::Failed, true, is_full);
                Self::go_on_soon(ctx);
            }
        }
    }

    fn tell(&self, run: RunId, status: RunStatus, is_retryable: bool, is_full: bool) {
        let ended = RunEnded {
            status,
            is_retryable,
            is_full,
        };
        if self.when_ended.try_send(ended).is_err() {
            tracing::error!("the schedule does not hear that run {run} has ended");
        }
        self.after_runs.notify_one();
    }

    /// The full run that goes on, for a request of the schedule that it makes needless.
    fn is_done_by(&self, scope: &StartRun) -> Option<RunId> {
        let (going, of) = self.going.as_ref()?;
        let is_scheduled = scope.trigger != RunTrigger::Manual;
        (is_scheduled && scope.is_full() && of.is_full()).then_some(going.run)
    }

    /// Ends the run that is going on, if it is `run`.
    fn cancel(&self, run: Option<RunId>) -> Option<RunId> {
        let (going, _) = self.going.as_ref()?;
        if run.is_some_and(|run| run != going.run) {
            return None;
        }
        going.by_person.cancel();
        going.cancel.cancel();
        Some(going.run)
    }
}

async fn work(
    engine: &Engine,
    going: &Going,
    scope: &StartRun,
    is_queued: bool,
) -> Result<Over, DbError> {
    if is_queued && !queue::begin(engine, going.run).await? {
        return Ok(Over::LeftQueue);
    }
    let ended = match engine.target() {
        Ok(target) => go(engine, &target, going, scope).await?,
        Err(error) => Some(fail(engine, going.run, Chain(&error).to_string()).await?),
    };
    Ok(match ended {
        Some((ended, report)) => Over::Ended(ended, Box::new(report)),
        None => Over::Stopping,
    })
}

impl Actor for Runner {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if !self.takes_up {
            return;
        }
        self.is_starting = true;
        let engine = self.engine.clone();
        let unfinished = async move { take_up(&engine).await };
        ctx.spawn(unfinished.into_actor(self).map(|found, runner, ctx| {
            runner.is_starting = false;
            match found {
                Ok(Some(run)) => {
                    tracing::info!(run.id = %run.id, "taking up run {} again", run.id);
                    runner.begin(run.id, queue::scope_of(&run), false, ctx);
                }
                Ok(None) => runner.go_on(ctx),
                Err(error) => {
                    tracing::error!("cannot look for unfinished runs: {}", Chain(&error));
                    Self::go_on_soon(ctx);
                }
            }
        }));
    }
}

/// The run to take up again: the newest that was going on. What else is open, or was taken up too
/// often, is closed as failed.
async fn take_up(engine: &Engine) -> Result<Option<SyncRun>, DbError> {
    let mut runs = engine.db.read(SyncRun::unfinished).await?;
    let newest = runs.pop();
    for old in runs {
        fail(
            engine,
            old.id,
            "its process ended, and a later run took its place".to_owned(),
        )
        .await?;
    }
    let Some(newest) = newest else {
        return Ok(None);
    };
    let run = engine
        .db
        .write(move |conn| SyncRun::take_up(conn, newest.id))
        .await?;
    if run.taken_up > TAKEN_UP {
        let reason = format!(
            "its process ended {TAKEN_UP} times during this run; see the log of sync-worker"
        );
        fail(engine, run.id, reason).await?;
        return Ok(None);
    }
    Ok(Some(run))
}

impl Handler<StartNow> for Runner {
    type Result = ResponseActFuture<Self, Result<Accepted, Failure>>;

    fn handle(&mut self, StartNow(scope): StartNow, _: &mut Self::Context) -> Self::Result {
        let scope = scope.in_order();
        if let Some(run) = self.is_done_by(&scope) {
            return Box::pin(actix::fut::ready(Ok(Accepted {
                run,
                is_queued: false,
                is_new: false,
            })));
        }
        let is_free = self.is_free();
        self.is_starting |= is_free;
        let engine = self.engine.clone();
        let taken = async move { (queue::take(&engine, &scope, is_free).await, scope) };
        Box::pin(
            taken
                .into_actor(self)
                .map(move |(taken, scope), runner, ctx| {
                    if is_free {
                        runner.is_starting = false;
                    }
                    match &taken {
                        Ok(accepted) if !accepted.is_queued => {
                            runner.begin(accepted.run, scope, false, ctx);
                        }
                        // What was queued meanwhile waits for nothing else.
                        Ok(_) | Err(_) => runner.go_on(ctx),
                    }
                    taken
                }),
        )
    }
}

impl Handler<CancelNow> for Runner {
    type Result = ResponseActFuture<Self, Result<RunId, Failure>>;

    fn handle(&mut self, CancelNow(run): CancelNow, _: &mut Self::Context) -> Self::Result {
        let run = match (self.cancel(run), run) {
            (Some(run), _) => return Box::pin(actix::fut::ready(Ok(run))),
            (None, None) => return Box::pin(actix::fut::ready(Err(not_going_on(None)))),
            (None, Some(run)) => run,
        };
        let engine = self.engine.clone();
        let cancelled = async move { queue::cancel(&engine, run).await };
        Box::pin(
            cancelled
                .into_actor(self)
                .map(move |cancelled, runner, _| match cancelled {
                    Ok(Some(row)) => {
                        tracing::info!(run.id = %run, "run {run} was taken out of the queue");
                        runner.tell(run, RunStatus::Cancelled, false, row.is_full);
                        Ok(run)
                    }
                    // Its turn may have come while the table was looked at.
                    Ok(None) => runner
                        .cancel(Some(run))
                        .ok_or_else(|| not_going_on(Some(run))),
                    Err(error) => {
                        tracing::error!(run.id = %run, "run {run} cannot be cancelled: {}", Chain(&error));
                        Err(Failure::new(FailureCode::Internal, "the database failed"))
                    }
                }),
        )
    }
}

fn not_going_on(run: Option<RunId>) -> Failure {
    let message = run.map_or_else(
        || "no run is going on".to_owned(),
        |run| format!("run {run} is neither going on nor queued"),
    );
    Failure::new(FailureCode::Conflict, message)
}

impl Handler<Current> for Runner {
    type Result = Option<RunProgress>;

    fn handle(&mut self, _: Current, _: &mut Self::Context) -> Self::Result {
        self.going
            .as_ref()
            .map(|(going, _)| going.progress.borrow().clone())
    }
}

impl Handler<Watch> for Runner {
    type Result = Option<watch::Receiver<RunProgress>>;

    fn handle(&mut self, Watch(run): Watch, _: &mut Self::Context) -> Self::Result {
        self.going
            .as_ref()
            .filter(|(going, _)| run.is_none_or(|run| run == going.run))
            .map(|(going, _)| going.progress.subscribe())
    }
}

#[cfg(test)]
#[path = "actor_tests.rs"]
mod tests;
