//! The queue of runs: rows of `sync_history`, so that a crash loses none of them. Leaves whose turn it is
//! to the runner.

use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    models::{EventKind, NewEvent, NewRun, Plan, RunId, RunStatus, SyncRun},
    wire::{Failure, FailureCode, sync::StartRun},
};

use super::{Accepted, summary};
use crate::{custom, engine::Engine, missing, plans, undo};

/// Runs that may wait. More are nothing a person would ask for.
const MOST: usize = 100;

/// What became of a request for a run.
enum Recorded {
    /// It is its turn now.
    Started(RunId),
    /// It waits.
    Queued(RunId),
    /// One that waits does the same.
    ThereAlready(RunId),
    /// Too many wait.
    Full,
}

/// Records a request for a run: as going on when nothing else does, or else in the queue.
///
/// # Errors
/// When something is missing that it needs, the queue is full, or it cannot be recorded.
pub(super) async fn take(
    engine: &Engine,
    scope: &StartRun,
    is_free: bool,
) -> Result<Accepted, Failure> {
    let scope = &undo::complete(engine, scope.clone()).await?;
    missing::refuse(engine, scope).await?;
    plans::refuse(engine, scope).await?;
    keep_titles(engine, scope).await?;
    let recorded = record(engine, scope, is_free)
        .await
        .map_err(|error| unrecorded(&error))?;
    let (run, is_queued, is_new) = match recorded {
        Recorded::Started(run) => (run, false, true),
        Recorded::Queued(run) => (run, true, true),
        Recorded::ThereAlready(run) => (run, true, false),
        Recorded::Full => return Err(full()),
    };
    Ok(Accepted {
        run,
        is_queued,
        is_new,
    })
}

/// Titles given directly are put on their list at once: whatever becomes of their run, none is lost.
async fn keep_titles(engine: &Engine, scope: &StartRun) -> Result<(), Failure> {
    if scope.custom.is_empty() {
        return Ok(());
    }
    let stored = async {
        let queued = engine
            .db
            .read(|conn| SyncRun::queue_length(conn, None))
            .await?;
        if usize::try_from(queued).is_ok_and(|queued| queued >= MOST) {
            return Ok(false);
        }
        custom::store(engine, scope.custom.clone()).await?;
        Ok(true)
    };
    match stored.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(full()),
        Err(error) => Err(unrecorded(&error)),
    }
}

fn full() -> Failure {
    Failure::new(
        FailureCode::Busy,
        format!("{MOST} runs are waiting for their turn"),
    )
    .with_remedy(
        "Wait until some of them are over, or take them out of the queue with `listsync cancel RUN`; \
         `listsync history` shows them.",
    )
}

fn unrecorded(error: &DbError) -> Failure {
    tracing::error!("a run cannot be recorded: {}", Chain(error));
    Failure::new(FailureCode::Internal, "the run could not be recorded")
}

async fn record(engine: &Engine, scope: &StartRun, is_free: bool) -> Result<Recorded, DbError> {
    let now = engine.clock.now();
    let scope = scope.clone();
    engine
        .write(move |conn, events| {
            let queued = SyncRun::queued(conn)?;
            if let Some(same) = queued.iter().find(|run| scope.is_done_by(&scope_of(run))) {
                return Ok(Recorded::ThereAlready(same.id));
            }
            if queued.len() >= MOST {
                return Ok(Recorded::Full);
            }
            let is_next = is_free && queued.is_empty();
            let status = if is_next {
                RunStatus::Running
            } else {
                RunStatus::Queued
            };
            let new = NewRun {
                sync_started: now,
                sync_mode: scope.trigger,
                status,
                scope: serde_json::to_string(&scope).unwrap_or_default(),
                is_full: scope.is_full(),
            };
            let run = SyncRun::insert(conn, &new)?;
            if let Some(plan) = scope.plan {
                // Taken now, so that nobody else is told it can be; were it gone since it was looked
                // at, the run says so when it begins.
                drop(Plan::begin(conn, plan, run.id, now)?);
            }
            if is_next {
                events.push(started(&run));
                return Ok(Recorded::Started(run.id));
            }
            Ok(Recorded::Queued(run.id))
        })
        .await
}

fn started(run: &SyncRun) -> NewEvent {
    NewEvent {
        at: run.sync_started,
        kind: EventKind::RunStarted,
        run: Some(run.id),
        list: None,
        data: serde_json::json!({ "trigger": run.sync_mode }).to_string(),
    }
}

/// The request that a run was started with.
pub(super) fn scope_of(run: &SyncRun) -> StartRun {
    serde_json::from_str(&run.scope).unwrap_or_else(|_| StartRun::everything(run.sync_mode))
}

/// The run whose turn it is.
pub(super) async fn first(engine: &Engine) -> Result<Option<SyncRun>, DbError> {
    engine.db.read(SyncRun::first_queued).await
}

/// Records that a run's turn has come. False when it was taken out of the queue meanwhile.
pub(super) async fn begin(engine: &Engine, run: RunId) -> Result<bool, DbError> {
    let now = engine.clock.now();
    engine
        .write(move |conn, events| {
            let begun = SyncRun::begin(conn, run, now)?;
            events.extend(begun.as_ref().map(started));
            Ok(begun.is_some())
        })
        .await
}

/// Takes a run out of the queue. None when it is not there.
pub(super) async fn cancel(engine: &Engine, run: RunId) -> Result<Option<SyncRun>, DbError> {
    let now = engine.clock.now();
    engine
        .write(move |conn: &mut SqliteConnection, events| {
            let cancelled = SyncRun::cancel_queued(conn, run, now)?;
            events.extend(cancelled.as_ref().map(|row| NewEvent {
                at: now,
                kind: EventKind::RunEnded,
                run: Some(run),
                list: None,
                data: serde_json::to_string(&summary(row)).unwrap_or_default(),
            }));
            Ok(cancelled)
        })
        .await
}
