//! The schedule: one timer for the next run.
//!
//! Owns: when the next run is due. Hears from: the runner (a run has ended) and the door (settings or
//! lists have changed). On panic: the process ends; the successor reads `sync_history` again.

use std::time::Duration;

use actix::prelude::*;
use chrono::{DateTime, NaiveDateTime, Utc};
use runtime::Chain;
use schema::{
    DbError,
    models::{RunTrigger, SyncRun},
    wire::sync::StartRun,
};

use super::state::State;
use crate::{
    engine::Engine,
    missing,
    run::{Accepted, RunEnded, StartNow},
};

/// Pause after a run could not be started.
const SOON: Duration = Duration::from_mins(1);

/// Gives the schedule the runner, which could not exist before it.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct SetRunner(pub(crate) Recipient<StartNow>);

/// Everything is in place: runs may start.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Begin;

/// Settings or lists have changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Changed;

/// When the next run is due, and the interval.
#[derive(Message)]
#[rtype(result = "(Option<DateTime<Utc>>, Duration)")]
pub(crate) struct NextRun;

/// See the head of this file.
pub(crate) struct Schedule {
    engine: Engine,
    runner: Option<Recipient<StartNow>>,
    state: Option<State>,
    timer: Option<SpawnHandle>,
    due: Option<NaiveDateTime>,
}

impl Schedule {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            runner: None,
            state: None,
            timer: None,
            due: None,
        }
    }

    /// Reads interval and mode anew, keeping what is known of past runs, and sets the timer.
    fn read_again(&self, ctx: &mut Context<Self>) {
        let engine = self.engine.clone();
        let reading = async move {
            let known = known(&engine).await?;
            let missing = missing::all(&engine).await;
            Ok::<_, DbError>((known, missing))
        };
        ctx.spawn(
            reading
                .into_actor(self)
                .map(|read, schedule, ctx| match read {
                    Ok(((interval, automated, last_completed), missing)) => {
                        let state = schedule
                            .state
                            .get_or_insert_with(|| State::new(interval, automated, last_completed));
                        state.interval = interval;
                        state.automated = automated;
                        for missing in &missing {
                            tracing::warn!(
                                "no run can start: {}. {}",
                                missing.what,
                                missing.remedy
                            );
                        }
                        schedule.arm(missing.is_empty(), ctx);
                        schedule.engine.says.waiting(
                            schedule.due.map(|due| due.and_utc()),
                            missing.first().map(|missing| missing.what.as_str()),
                            schedule.engine.clock.now_utc(),
                        );
                    }
                    Err(error) => {
                        tracing::error!("the schedule cannot be read: {}", Chain(&error));
                    }
                }),
        );
    }

    fn arm(&mut self, is_possible: bool, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        let now = self.engine.clock.now();
        self.due = self
            .state
            .as_ref()
            .filter(|_| is_possible)
            .and_then(|state| state.due(now));
        if let Some(due) = self.due {
            let wait = (due - now).to_std().unwrap_or(Duration::ZERO);
            tracing::debug!(wait_s = wait.as_secs(), "the next run is due at {due} UTC");
            self.timer = Some(ctx.run_later(wait, Self::start));
        }
    }

    fn start(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        let (Some(runner), Some(state)) = (&self.runner, &self.state) else {
            return;
        };
        let trigger = if state.is_retry() {
            RunTrigger::Retry
        } else {
            RunTrigger::Schedule
        };
        let asked = runner.send(StartNow(StartRun::everything(trigger)));
        ctx.spawn(
            asked
                .into_actor(self)
                .map(|answer, schedule, ctx| match answer {
                    // Its end is heard of, whoever asked for it.
                    Ok(Ok(Accepted { run, is_new, .. })) if !is_new => {
                        tracing::debug!(run.id = %run, "run {run} does what is due");
                    }
                    Ok(Ok(Accepted { run, is_queued, .. })) => {
                        let done = if is_queued { "queued" } else { "started" };
                        tracing::info!(run.id = %run, "the schedule has {done} run {run}");
                    }
                    Ok(Err(failure)) => {
                        tracing::info!("the schedule starts no run: {failure}");
                        schedule.look_again_soon(ctx);
                    }
                    Err(error) => {
                        tracing::error!("the runner does not answer: {error}");
                        schedule.look_again_soon(ctx);
                    }
                }),
        );
    }

    /// Nothing else would wake the schedule after a start that did not come about.
    fn look_again_soon(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = Some(ctx.run_later(SOON, |schedule, ctx| {
            schedule.timer = None;
            schedule.read_again(ctx);
        }));
    }
}

/// Interval, mode and the end of the last completed run.
async fn known(engine: &Engine) -> Result<(Duration, bool, Option<NaiveDateTime>), DbError> {
    let last_completed = engine.db.read(SyncRun::last_completed).await?;
    let loaded = engine.settings();
    let sync = &loaded.settings.sync;
    let hours = sync.interval_hours;
    let interval = Duration::try_from_secs_f64(hours * 3600.0).unwrap_or(Duration::from_hours(24));
    Ok((interval, sync.automated, last_completed))
}

impl Actor for Schedule {
    type Context = Context<Self>;
}

impl Handler<SetRunner> for Schedule {
    type Result = ();

    fn handle(&mut self, SetRunner(runner): SetRunner, _: &mut Self::Context) {
        self.runner = Some(runner);
    }
}

impl Handler<Begin> for Schedule {
    type Result = ();

    fn handle(&mut self, _: Begin, ctx: &mut Self::Context) {
        self.read_again(ctx);
    }
}

impl Handler<Changed> for Schedule {
    type Result = ();

    fn handle(&mut self, _: Changed, ctx: &mut Self::Context) {
        // Before `Begin` the lists of the environment are still being added.
        if self.state.is_some() {
            self.read_again(ctx);
        }
    }
}

impl Handler<RunEnded> for Schedule {
    type Result = ();

    fn handle(&mut self, ended: RunEnded, ctx: &mut Self::Context) {
        let now = self.engine.clock.now();
        if let Some(state) = &mut self.state {
            if ended.is_full {
                state.ended(ended.status, ended.is_retryable, now);
            }
            self.read_again(ctx);
        }
    }
}

impl Handler<NextRun> for Schedule {
    type Result = MessageResult<NextRun>;

    fn handle(&mut self, _: NextRun, _: &mut Self::Context) -> Self::Result {
        let interval = self
            .state
            .as_ref()
            .map_or(Duration::ZERO, |state| state.interval);
        MessageResult((self.due.map(|due| due.and_utc()), interval))
    }
}
