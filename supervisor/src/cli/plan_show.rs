//! `listsync plan show` and `listsync sync --plan`: gets a plan and shows it. Leaves how it looks to
//! `plan_text`.

use schema::{
    models::{FetchKind, RunStatus},
    wire::{
        Link,
        sync::{FromSyncWorker, ListReport, PlanPage, ShowPlan, StartRun, SyncLink, ToSyncWorker},
    },
};

use super::{
    error::CommandError, exit::Exit, plan::Which, plan_text, session::Session, sync, sync_report,
};

/// Shows a plan.
pub(super) async fn run(session: &Session, which: &Which) -> Result<Exit, CommandError> {
    let request = ShowPlan {
        plan: which.id(),
        ..ShowPlan::default()
    };
    show(session, &fetch(session, request).await?)
}

/// Has a plan made and shows it. A list that could not be read is told beside it.
pub(super) async fn make(session: &Session, request: StartRun) -> Result<Exit, CommandError> {
    match made(session, request).await? {
        Ok(page) => show(session, &page),
        Err(exit) => Ok(exit),
    }
}

/// Has a plan made, with all of its titles; how the command ends where its run did not complete.
///
/// # Errors
/// When the run is refused, and on Ctrl-C.
pub(super) async fn made(
    session: &Session,
    request: StartRun,
) -> Result<Result<PlanPage, Exit>, CommandError> {
    let report = sync::to_its_end(session, request).await?;
    if report.summary.status != RunStatus::Completed {
        return sync::show(session, &report).map(Err);
    }
    let Some(plan) = report.summary.plan else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    for list in &report.lists {
        if let Some(line) = unread(list) {
            session.terminal.tell(&line);
        }
    }
    if report.more_lists > 0 {
        session.terminal.tell(sync_report::more(&report).trim_end());
    }
    let request = ShowPlan {
        plan: Some(plan),
        ..ShowPlan::default()
    };
    fetch(session, request).await.map(Ok)
}

/// A plan with all titles that `request` asks for.
///
/// # Errors
/// When there is no such plan.
pub(super) async fn fetch(session: &Session, request: ShowPlan) -> Result<PlanPage, CommandError> {
    let client = session.sync_worker().await?;
    let mut stream = match client.stream(ToSyncWorker::Plan(request)).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let mut whole: Option<PlanPage> = None;
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Plan(part) = answer else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        match &mut whole {
            Some(whole) => whole.items.extend(part.items),
            None => whole = Some(*part),
        }
    }
    whole.ok_or_else(|| CommandError::unexpected(SyncLink::PEER))
}

/// Prints a plan.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn show(session: &Session, page: &PlanPage) -> Result<Exit, CommandError> {
    if session.json {
        session.terminal.say_json(page)?;
    } else {
        session
            .terminal
            .say(&plan_text::text(page, session.look()))?;
    }
    Ok(Exit::Done)
}

/// What is missing in a plan because its list was not read completely.
fn unread(list: &ListReport) -> Option<String> {
    let (how, what) = match list.outcome {
        FetchKind::Complete => return None,
        FetchKind::Partial => ("was read in part", "the plan has what was read"),
        FetchKind::New | FetchKind::Refused | FetchKind::Failed => {
            ("could not be read", "the plan has what was on it before")
        }
        FetchKind::Frozen => ("is frozen", "the plan has what was on it before"),
    };
    let why = list.reason.as_deref().unwrap_or("it does not say why");
    Some(format!(
        "list {} ({}: {}) {how}, and {what}: {why}",
        list.list, list.list_type, list.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        plan_text::tests::{item, page},
        session::tests::World,
        sync_report::tests::report,
    };
    use schema::{
        models::{PlanId, RunId, RunTrigger},
        wire::{Failure, FailureCode, sync::RunStarted},
    };

    fn planned(status: RunStatus) -> FromSyncWorker {
        let mut report = report(status);
        report.summary.plan = (status == RunStatus::Completed).then_some(PlanId(4));
        FromSyncWorker::RunReport(Box::new(report))
    }

    fn request() -> StartRun {
        StartRun {
            only_plans: true,
            ..StartRun::everything(RunTrigger::Manual)
        }
    }

    #[actix_rt::test]
    async fn a_plan_in_parts_is_one_as_text_and_as_data() {
        for is_json in [false, true] {
            let world = World::new();
            let world = if is_json { world.json() } else { world };
            world.serve::<SyncLink>(|request| {
                assert_eq!(request, ToSyncWorker::Plan(ShowPlan::default()));
                let (mut first, mut second) = (page(), page());
                first.items = vec![item(1, "Heat")];
                second.items = vec![item(2, "Alien")];
                second.reasons.clear();
                [first, second]
                    .map(|part| FromSyncWorker::Plan(Box::new(part)))
                    .to_vec()
            });
            run(&world.session, &Which { plan: None }).await.unwrap();
            let printed = world.printed();
            if is_json {
                let data: serde_json::Value = serde_json::from_str(&printed).unwrap();
                assert_eq!(data["plan"]["id"], 4);
                assert_eq!(data["items"][1]["title"], "Alien");
                assert_eq!(data["reasons"].as_array().unwrap().len(), 3);
            } else {
                assert!(
                    printed.contains("Heat") && printed.contains("Alien"),
                    "{printed}"
                );
            }
        }
    }

    #[actix_rt::test]
    async fn a_plan_that_was_made_is_shown_and_what_was_not_read_is_told() {
        let world = World::new();
        world.serve::<SyncLink>(|asked| match asked {
            ToSyncWorker::StartRun(start) => {
                assert_eq!(start, request());
                vec![FromSyncWorker::RunStarted(RunStarted {
                    run: RunId(12),
                    is_queued: false,
                })]
            }
            ToSyncWorker::WatchRun(_) => vec![planned(RunStatus::Completed)],
            ToSyncWorker::Plan(show) => {
                assert_eq!(show.plan, Some(PlanId(4)));
                vec![FromSyncWorker::Plan(Box::new(page()))]
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(make(&world.session, request()).await.unwrap(), Exit::Done);
        assert!(
            world.printed().starts_with("plan 4 "),
            "{}",
            world.printed()
        );
        assert_eq!(
            world.told(),
            "list 2 (imdb: Mine) could not be read, and the plan has what was on it before: the list is \
             private\n"
        );
    }

    #[actix_rt::test]
    async fn a_run_that_failed_has_made_no_plan_and_says_why() {
        let world = World::new();
        world.serve::<SyncLink>(|asked| match asked {
            ToSyncWorker::StartRun(_) => {
                vec![FromSyncWorker::RunStarted(RunStarted {
                    run: RunId(12),
                    is_queued: false,
                })]
            }
            _ => vec![planned(RunStatus::Failed)],
        });
        assert_eq!(make(&world.session, request()).await.unwrap(), Exit::Failed);
        assert!(world.printed().contains("Seerr did not answer"));
    }

    #[actix_rt::test]
    async fn a_plan_that_is_not_there_is_1() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            vec![Failure::new(FailureCode::NotFound, "there is no plan 9").into()]
        });
        let error = run(&world.session, &Which { plan: Some(9) })
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }
}
