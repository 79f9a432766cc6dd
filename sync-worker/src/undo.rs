//! Which runs can be undone, and why others cannot. Leaves what becomes of their requests to
//! `plan::undone`.

use schema::{
    DbError, SqliteConnection,
    models::{Plan, PlanId, RunId, RunRequest, SyncRun},
    wire::{Failure, FailureCode, sync::StartRun},
};

use crate::{door::internal, engine::Engine};

/// The request with what its plan undoes, whatever it says itself. Refuses to undo a run that cannot be.
///
/// # Errors
/// When there is no such run, or it cannot be undone.
pub(crate) async fn complete(engine: &Engine, mut scope: StartRun) -> Result<StartRun, Failure> {
    if let Some(plan) = scope.plan {
        scope.undo = undone_by_plan(engine, plan).await?;
    }
    let Some(run) = scope.undo else {
        return Ok(scope);
    };
    if !scope.lists.is_empty() || !scope.custom.is_empty() {
        let message = format!("run {run} is undone as it was: neither lists nor titles go with it");
        return Err(Failure::new(FailureCode::Invalid, message).with_remedy("Name the run alone."));
    }
    let facts = engine
        .db
        .read(move |conn| Facts::read(conn, run))
        .await
        .map_err(|error| internal(&error))?;
    facts.refusal(run).map_or(Ok(scope), Err)
}

async fn undone_by_plan(engine: &Engine, plan: PlanId) -> Result<Option<RunId>, Failure> {
    let found = engine.db.read(move |conn| Plan::find(conn, plan)).await;
    let plan = found.map_err(|error| internal(&error))?;
    Ok(plan.and_then(|plan| plan.undoes))
}

/// What decides whether a run can be undone.
#[derive(Clone, Debug)]
struct Facts {
    /// The run; absent when there is none with its number.
    run: Option<SyncRun>,
    /// Requests it made.
    requests: i64,
    /// The run that undoes it now.
    undoing: Option<RunId>,
}

impl Facts {
    fn read(conn: &mut SqliteConnection, run: RunId) -> Result<Self, DbError> {
        let undoing = SyncRun::unfinished(conn)?.into_iter().find(|other| {
            let scope = scope_of(other);
            scope.is_some_and(|scope| scope.undo == Some(run) && !scope.only_plans)
        });
        Ok(Self {
            run: SyncRun::find(conn, run)?,
            requests: RunRequest::count(conn, run)?,
            undoing: undoing.map(|other| other.id),
        })
    }

    fn refusal(&self, id: RunId) -> Option<Failure> {
        let Some(run) = &self.run else {
            let message = format!("there is no run {id}");
            return Some(Failure::new(FailureCode::NotFound, message).with_remedy(
                "`listsync history` shows the runs there are; old ones are forgotten.",
            ));
        };
        let (message, remedy) = why_not(run, self.requests, self.undoing)?;
        Some(Failure::new(FailureCode::Conflict, message).with_remedy(remedy))
    }
}

/// Why a run is not undone, and what to do instead.
fn why_not(run: &SyncRun, requests: i64, undoing: Option<RunId>) -> Option<(String, String)> {
    let id = run.id;
    let scope = scope_of(run);
    if let Some(of) = scope.as_ref().and_then(|scope| scope.undo) {
        return Some((
            format!("run {id} is an undo itself, of run {of}"),
            "To have one of its titles after all, say `listsync items retry TITLE --anyway`, or \
             request it in Seerr."
                .to_owned(),
        ));
    }
    if !run.has_ended() {
        return Some((
            format!("run {id} is not over yet"),
            format!("Wait for its end, or end it with `listsync cancel {id}`, then undo it."),
        ));
    }
    if let Some(by) = run.undone_by {
        return Some((
            format!("run {id} was undone already, by run {by}"),
            format!("`listsync history {by}` shows what became of its requests."),
        ));
    }
    if let Some(by) = undoing {
        return Some((
            format!("run {id} is being undone by run {by}"),
            format!("`listsync history {by}` shows how that ends."),
        ));
    }
    if requests > 0 {
        return None;
    }
    if run.items_requested > 0 {
        return Some((
            format!("which requests run {id} made is not known any more"),
            "Take back in Seerr what is not wanted.".to_owned(),
        ));
    }
    let what = if scope.is_some_and(|scope| scope.only_plans) {
        "only made a plan and requested nothing"
    } else {
        "requested nothing"
    };
    Some((
        format!("run {id} {what}, so there is nothing to undo"),
        "`listsync history` shows which runs requested something.".to_owned(),
    ))
}

/// The request it was started with; none where another version has written it.
fn scope_of(run: &SyncRun) -> Option<StartRun> {
    serde_json::from_str(&run.scope).ok() // see above
}

#[cfg(test)]
mod tests {
    use schema::models::{RunStatus, RunTrigger};

    use super::*;

    fn run(status: RunStatus, scope: &StartRun) -> SyncRun {
        let now = "2026-11-22T12:00:00".parse().unwrap();
        SyncRun {
            id: RunId(12),
            sync_started: now,
            sync_completed: None,
            sync_mode: RunTrigger::Manual,
            status,
            reason: None,
            scope: serde_json::to_string(scope).unwrap(),
            is_full: false,
            taken_up: 0,
            items_processed: 0,
            items_requested: 3,
            items_skipped: 0,
            items_errored: 0,
            report: None,
            plan: None,
            titles: 3,
            already_requested: 0,
            available: 0,
            waiting: 0,
            withdrawn: 0,
            needs_review: 0,
            not_found: 0,
            planned: 0,
            undone_by: None,
        }
    }

    fn ended() -> SyncRun {
        run(
            RunStatus::Completed,
            &StartRun::everything(RunTrigger::Manual),
        )
    }

    fn said(run: &SyncRun, requests: i64, undoing: Option<RunId>) -> String {
        why_not(run, requests, undoing).map_or_else(
            || "undone".to_owned(),
            |(message, remedy)| format!("{message}. {remedy}"),
        )
    }

    #[test]
    fn a_run_that_requested_something_is_undone_however_it_ended() {
        for status in [
            RunStatus::Completed,
            RunStatus::Failed,
            RunStatus::Cancelled,
        ] {
            let run = run(status, &StartRun::everything(RunTrigger::Schedule));
            assert_eq!(said(&run, 3, None), "undone", "{status}");
        }
    }

    #[test]
    fn every_run_that_cannot_be_undone_says_why_and_what_to_do() {
        let plans = StartRun {
            only_plans: true,
            ..StartRun::everything(RunTrigger::Manual)
        };
        let mut undone = ended();
        undone.undone_by = Some(RunId(15));
        let mut empty = ended();
        empty.items_requested = 0;
        let mut planned = run(RunStatus::Completed, &plans);
        planned.items_requested = 0;
        let everything = StartRun::everything(RunTrigger::Manual);
        let told = [
            said(&run(RunStatus::Running, &everything), 3, None),
            said(&run(RunStatus::Queued, &everything), 0, None),
            said(&undone, 3, None),
            said(&ended(), 3, Some(RunId(15))),
            said(&empty, 0, None),
            said(&planned, 0, None),
            said(&ended(), 0, None),
            said(
                &run(RunStatus::Completed, &StartRun::undoing(RunId(7))),
                0,
                None,
            ),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        run 12 is not over yet. Wait for its end, or end it with `listsync cancel 12`, then undo it.
        run 12 is not over yet. Wait for its end, or end it with `listsync cancel 12`, then undo it.
        run 12 was undone already, by run 15. `listsync history 15` shows what became of its requests.
        run 12 is being undone by run 15. `listsync history 15` shows how that ends.
        run 12 requested nothing, so there is nothing to undo. `listsync history` shows which runs requested something.
        run 12 only made a plan and requested nothing, so there is nothing to undo. `listsync history` shows which runs requested something.
        which requests run 12 made is not known any more. Take back in Seerr what is not wanted.
        run 12 is an undo itself, of run 7. To have one of its titles after all, say `listsync items retry TITLE --anyway`, or request it in Seerr.
        ");
    }

    #[test]
    fn a_run_that_is_not_there_is_not_found() {
        let facts = Facts {
            run: None,
            requests: 0,
            undoing: None,
        };
        let refusal = facts.refusal(RunId(99)).unwrap();
        assert_eq!(
            (refusal.code, refusal.message.as_str()),
            (FailureCode::NotFound, "there is no run 99")
        );
    }
}
