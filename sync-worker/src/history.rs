//! Answers what runs there were and what became of one. Leaves the rows to `schema`.

use runtime::socket::Answers;
use schema::{
    DbError,
    models::{RunId, SyncRun, SyncedItem},
    wire::{
        Failure, FailureCode,
        sync::{
            FromSyncWorker, RunDetails, RunFailure, RunScope, RunView, Runs, RunsRequest, StartRun,
            SyncLink,
        },
    },
};

use crate::{
    door::internal,
    engine::Engine,
    run::{stored_report, summary},
};

/// Runs in one answer; one may name a thousand lists, and a line has a limit.
const RUNS_AT_ONCE: usize = 50;

/// Most runs that can be asked for.
const MOST: u32 = 1000;

/// The newest runs, in parts.
pub(crate) async fn answer(engine: &Engine, request: RunsRequest, answers: Answers<SyncLink>) {
    let limit = i64::from(request.limit.clamp(1, MOST));
    let rows = match engine
        .db
        .read(move |conn| SyncRun::page(conn, limit, 0))
        .await
    {
        Ok((rows, _total)) => rows,
        Err(error) => return answers.fail(internal(&error)).await,
    };
    let runs: Vec<RunView> = rows.iter().map(view).collect();
    let mut parts = runs.chunks(RUNS_AT_ONCE).peekable();
    while let Some(part) = parts.next() {
        let part = FromSyncWorker::Runs(Runs {
            runs: part.to_vec(),
        });
        if parts.peek().is_none() {
            return answers.last(part).await;
        }
        if answers.more(part).await.is_err() {
            return;
        }
    }
    answers
        .last(FromSyncWorker::Runs(Runs { runs: Vec::new() }))
        .await;
}

/// One run with its report, in as many answers as its lists need; the newest when none is named.
pub(crate) async fn answer_one(engine: &Engine, run: Option<RunId>, answers: Answers<SyncLink>) {
    let details = match one(engine, run).await {
        Ok(details) => details,
        Err(failure) => return answers.fail(failure).await,
    };
    let mut parts = details.in_answers().into_iter().peekable();
    while let Some(part) = parts.next() {
        let part = FromSyncWorker::Run(Box::new(part));
        if parts.peek().is_none() {
            return answers.last(part).await;
        }
        if answers.more(part).await.is_err() {
            return;
        }
    }
}

/// It with all its lists.
///
/// # Errors
/// When there is no such run, or the database fails.
async fn one(engine: &Engine, run: Option<RunId>) -> Result<RunDetails, Failure> {
    let found = engine
        .db
        .read(move |conn| -> Result<_, DbError> {
            let row = match run {
                Some(run) => SyncRun::find(conn, run)?,
                None => SyncRun::page(conn, 1, 0)?.0.pop(),
            };
            let Some(row) = row else { return Ok(None) };
            let failed = SyncedItem::failed_in_run(conn, row.id, RunDetails::FAILURES)?;
            Ok(Some((row, failed)))
        })
        .await
        .map_err(|error| internal(&error))?;
    let (row, failed) = found.ok_or_else(|| missing(run))?;
    Ok(RunDetails {
        scope: scope(&row),
        taken_up: row.taken_up,
        report: stored_report(&row),
        failures: failed.into_iter().map(RunFailure::from).collect(),
    })
}

fn missing(run: Option<RunId>) -> Failure {
    let message = run.map_or_else(
        || "there was no run yet".to_owned(),
        |run| format!("there is no run {run}"),
    );
    Failure::new(FailureCode::NotFound, message)
        .with_remedy("`listsync history` shows the runs there are; old ones are forgotten.")
}

fn view(row: &SyncRun) -> RunView {
    RunView {
        summary: summary(row),
        scope: scope(row),
        taken_up: row.taken_up,
    }
}

/// What it was about; everything when that was written in another way.
fn scope(row: &SyncRun) -> RunScope {
    serde_json::from_str::<StartRun>(&row.scope)
        .map(|start| RunScope::from(&start))
        .unwrap_or_default()
}
