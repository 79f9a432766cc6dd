//! The runner: at most one run goes on at a time.
//!
//! Owns: the run that is going on. Hears from: the door and the schedule. On panic: the process ends,
//! its successor finds the run unfinished in `sync_history` and takes it up under the same number.

use actix::prelude::*;
use runtime::Chain;
use schema::{
    DbError,
    models::{EventKind, NewEvent, NewRun, RunId, RunStatus, SyncRun},
    wire::{
        Failure, FailureCode,
        sync::{RunProgress, StartRun},
    },
};
use tokio::sync::watch;

use super::{Going, fail, go};
use crate::{engine::Engine, missing};

/// Times a run is taken up again. One that ends its process each time must not do so for ever.
const TAKEN_UP: i32 = 25;

/// Starts a run. Answered with its number; refused while another goes on or something is missing.
#[derive(Message)]
#[rtype(result = "Result<RunId, Failure>")]
pub(crate) struct StartNow(pub(crate) StartRun);

/// Ends the run that is going on, if it is the one named.
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

/// See the head of this file.
pub(crate) struct Runner {
    engine: Engine,
    going: Option<Going>,
    /// A start is being recorded; a second one must not slip in meanwhile.
    is_starting: bool,
    /// Whether a run that the process before this one left unfinished is taken up again.
    takes_up: bool,
    when_ended: Recipient<RunEnded>,
}

impl Runner {
    pub(crate) fn new(engine: Engine, when_ended: Recipient<RunEnded>, takes_up: bool) -> Self {
        Self {
            engine,
            going: None,
            is_starting: false,
            takes_up,
            when_ended,
        }
    }

    fn busy(&self) -> Option<Failure> {
        let message = match &self.going {
            Some(going) => format!("run {} is going on", going.run),
            None if self.is_starting => "a run is being started".to_owned(),
            None => return None,
        };
        Some(
            Failure::new(FailureCode::Busy, message)
                .with_remedy("Wait until it has ended, or end it with `listsync cancel`."),
        )
    }

    fn begin(&mut self, run: RunId, scope: StartRun, ctx: &mut Context<Self>) {
        let is_full = is_full(&scope);
        let going = Going::new(
            run,
            self.engine.boot().stop.token().child_token(),
            self.engine.feed.clone(),
        );
        self.going = Some(going.clone());
        let engine = self.engine.clone();
        let work = async move {
            match engine.target() {
                Ok(target) => go(&engine, &target, &going, &scope).await,
                Err(error) => fail(&engine, run, Chain(&error).to_string())
                    .await
                    .map(Some),
            }
        };
        ctx.spawn(work.into_actor(self).map(move |done, runner, _| {
            runner.going = None;
            runner.engine.says.run_over();
            let ended = match done {
                Ok(Some((ended, report))) => {
                    let counts = report.summary.counts;
                    tracing::info!(
                        run.id = %run, requested = counts.requested, failed = counts.failed,
                        "run {run} {}: {} entries, {} titles, {} requested, {} failed",
                        ended.status, counts.entries, counts.titles, counts.requested, counts.failed
                    );
                    RunEnded {
                        status: ended.status,
                        is_retryable: ended.is_retryable,
                        is_full,
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // The row says `running` still: the next start of this process takes it up.
                    tracing::error!(run.id = %run, "run {run} ended badly: {}", Chain(&error));
                    RunEnded {
                        status: RunStatus::Failed,
                        is_retryable: true,
                        is_full,
                    }
                }
            };
            if runner.when_ended.try_send(ended).is_err() {
                tracing::error!("the schedule does not hear that run {run} has ended");
            }
        }));
    }
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
                    let scope = serde_json::from_str(&run.scope)
                        .unwrap_or_else(|_| StartRun::everything(run.sync_mode));
                    runner.begin(run.id, scope, ctx);
                }
                Ok(None) => {}
                Err(error) => tracing::error!("cannot look for unfinished runs: {}", Chain(&error)),
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

fn is_full(scope: &StartRun) -> bool {
    scope.lists.is_empty() && scope.custom.is_empty()
}

impl Handler<StartNow> for Runner {
    type Result = ResponseActFuture<Self, Result<RunId, Failure>>;

    fn handle(&mut self, StartNow(scope): StartNow, _: &mut Self::Context) -> Self::Result {
        if let Some(busy) = self.busy() {
            return Box::pin(actix::fut::ready(Err(busy)));
        }
        self.is_starting = true;
        let engine = self.engine.clone();
        let recorded = async move {
            missing::refuse(&engine, &scope).await?;
            let run = record_start(&engine, &scope).await.map_err(|error| {
                tracing::error!("a run cannot be recorded: {}", Chain(&error));
                Failure::new(FailureCode::Internal, "the run could not be recorded")
            })?;
            Ok::<_, Failure>((run, scope))
        };
        Box::pin(recorded.into_actor(self).map(|recorded, runner, ctx| {
            runner.is_starting = false;
            let (run, scope) = recorded?;
            runner.begin(run, scope, ctx);
            Ok(run)
        }))
    }
}

async fn record_start(engine: &Engine, scope: &StartRun) -> Result<RunId, DbError> {
    let now = engine.clock.now();
    let new = NewRun {
        sync_started: now,
        sync_mode: scope.trigger,
        status: RunStatus::Running,
        scope: serde_json::to_string(scope).unwrap_or_default(),
        is_full: is_full(scope),
    };
    engine
        .write(move |conn, events| {
            let run = SyncRun::insert(conn, &new)?.id;
            events.push(NewEvent {
                at: now,
                kind: EventKind::RunStarted,
                run: Some(run),
                list: None,
                data: serde_json::json!({ "trigger": new.sync_mode }).to_string(),
            });
            Ok(run)
        })
        .await
}

impl Handler<CancelNow> for Runner {
    type Result = Result<RunId, Failure>;

    fn handle(&mut self, CancelNow(run): CancelNow, _: &mut Self::Context) -> Self::Result {
        match &self.going {
            Some(going) if run.is_none_or(|run| run == going.run) => {
                going.by_person.cancel();
                going.cancel.cancel();
                Ok(going.run)
            }
            _ => {
                let message = run.map_or_else(
                    || "no run is going on".to_owned(),
                    |run| format!("run {run} is not going on"),
                );
                Err(Failure::new(FailureCode::Conflict, message))
            }
        }
    }
}

impl Handler<Current> for Runner {
    type Result = Option<RunProgress>;

    fn handle(&mut self, _: Current, _: &mut Self::Context) -> Self::Result {
        self.going
            .as_ref()
            .map(|going| going.progress.borrow().clone())
    }
}

impl Handler<Watch> for Runner {
    type Result = Option<watch::Receiver<RunProgress>>;

    fn handle(&mut self, Watch(run): Watch, _: &mut Self::Context) -> Self::Result {
        self.going
            .as_ref()
            .filter(|going| run.is_none_or(|run| run == going.run))
            .map(|going| going.progress.subscribe())
    }
}
