//! `listsync undo`: takes back what a run requested, after showing it and asking. Leaves making the plan to
//! `plan_show`, carrying it out to `plan_apply`, and how it looks to `plan_text`.

use schema::{
    models::RunId,
    wire::{
        Link,
        sync::{DiscardPlan, FromSyncWorker, PlanPage, PlanView, StartRun, SyncLink, ToSyncWorker},
    },
};
use tokio::signal::ctrl_c;

use super::{
    error::CommandError,
    exit::Exit,
    plan_apply, plan_show, plan_text,
    prompt::{Keyboard, Prompt},
    session::Session,
};

/// Arguments of `undo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by its number in `listsync history`
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i32).range(1..))]
    run: i32,
    /// Only make a plan and show it: nothing is taken back
    #[arg(long, conflicts_with_all = ["yes", "wait"])]
    plan: bool,
    /// Do not ask; needed where there is no terminal to ask on
    #[arg(long, short)]
    yes: bool,
    /// Wait for the end and print what was done
    #[arg(long)]
    wait: bool,
}

/// Has a plan made of what would be taken back, and has it carried out once that is wanted.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let can_ask = session.terminal.is_interactive() && !session.json;
    if !args.plan && !args.yes && !can_ask {
        return Err(needs_yes(args.run));
    }
    let undone = RunId(args.run);
    let request = StartRun {
        only_plans: true,
        ..StartRun::undoing(undone)
    };
    let page = match plan_show::made(session, request).await? {
        Ok(page) => page,
        Err(exit) => return Ok(exit),
    };
    if args.plan {
        return plan_show::show(session, &page);
    }
    if page.plan.counts.withdrawals == 0 {
        return nothing(session, &page, undone).await;
    }
    if !args.yes && !is_wanted(session, &page).await? {
        discard(session, &page.plan).await?;
        session.terminal.tell("nothing was taken back");
        return Ok(Exit::Failed);
    }
    plan_apply::carry_out(session, &page.plan, args.wait).await
}

fn needs_yes(run: i32) -> CommandError {
    CommandError::Told {
        message: "undo asks before it takes requests back, and there is no terminal to ask on"
            .into(),
        remedy: Some(format!(
            "Add --yes to take them back without a question; `listsync undo {run} --plan` shows them \
             first."
        )),
        exit: Exit::Usage,
    }
}

/// Tells why nothing is taken back. A plan to do nothing is not left open.
async fn nothing(session: &Session, page: &PlanPage, run: RunId) -> Result<Exit, CommandError> {
    let mut page = page.clone();
    page.plan = discard(session, &page.plan).await?;
    plan_show::show(session, &page)?;
    session
        .terminal
        .tell(&format!("nothing of run {run} can be taken back"));
    Ok(Exit::Failed)
}

/// Drops the plan, so that `listsync plan apply` does not come upon it later.
async fn discard(session: &Session, plan: &PlanView) -> Result<PlanView, CommandError> {
    let plan = Some(plan.id);
    let request = ToSyncWorker::DiscardPlan(DiscardPlan { plan });
    match session.ask_sync_worker(request).await? {
        FromSyncWorker::PlanDiscarded(plan) => Ok(plan),
        _ => Err(CommandError::unexpected(SyncLink::PEER)),
    }
}

async fn is_wanted(session: &Session, page: &PlanPage) -> Result<bool, CommandError> {
    plan_show::show(session, page)?;
    let keyboard = Keyboard::new(session.terminal.clone());
    tokio::select! {
        answer = answer(&keyboard, &page.plan) => answer,
        _ = ctrl_c() => Err(CommandError::Interrupted(format!(
            "nothing was taken back; plan {} is still open", page.plan.id
        ))),
    }
}

async fn answer(prompt: &impl Prompt, plan: &PlanView) -> Result<bool, CommandError> {
    let question = format!("{}. Go on? [y/N]", plan_text::counts(&plan.counts));
    let answer = prompt.line(&question).await?.to_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        plan_text::tests::{item, plan},
        session::tests::World,
        sync_report::tests::report,
    };
    use schema::{
        models::{DecisionKind, PlanId, PlanStatus, RunStatus},
        wire::{
            Failure, FailureCode,
            sync::{PlanCounts, PlanItemView, RunStarted},
        },
    };

    fn args(plan: bool, yes: bool, wait: bool) -> Args {
        Args {
            run: 12,
            plan,
            yes,
            wait,
        }
    }

    fn page(withdrawals: u32) -> PlanPage {
        let taken = PlanItemView {
            decision: DecisionKind::Withdraw,
            reason: "run 12 is undone, and nothing has come of its request".into(),
            request_id: Some(7),
            ..item(1, "Heat")
        };
        let left = PlanItemView {
            decision: DecisionKind::Skip,
            reason: "run 12 is undone; it is in the library and stays there".into(),
            ..item(2, "Speed")
        };
        let mut view = plan(4, PlanStatus::Open);
        view.undoes = Some(RunId(12));
        view.counts = PlanCounts {
            withdrawals,
            skips: 1,
            ..PlanCounts::default()
        };
        PlanPage {
            plan: view,
            reasons: Vec::new(),
            total: withdrawals + 1,
            items: if withdrawals == 0 {
                vec![left]
            } else {
                vec![taken, left]
            },
        }
    }

    /// A sync-worker that would take back so many requests.
    fn answers(withdrawals: u32) -> impl Fn(ToSyncWorker) -> Vec<FromSyncWorker> {
        move |request| match request {
            ToSyncWorker::StartRun(start) => {
                assert_eq!(start.undo, Some(RunId(12)));
                assert!(start.only_plans == start.plan.is_none(), "{start:?}");
                let run = RunId(if start.only_plans { 13 } else { 14 });
                let is_queued = false;
                vec![FromSyncWorker::RunStarted(RunStarted { run, is_queued })]
            }
            ToSyncWorker::WatchRun(_) => {
                let mut report = report(RunStatus::Completed);
                report.summary.plan = Some(PlanId(4));
                report.lists.clear();
                vec![FromSyncWorker::RunReport(Box::new(report))]
            }
            ToSyncWorker::Plan(_) => vec![FromSyncWorker::Plan(Box::new(page(withdrawals)))],
            ToSyncWorker::DiscardPlan(discard) => {
                assert_eq!(discard.plan, Some(PlanId(4)));
                let mut plan = page(withdrawals).plan;
                plan.status = PlanStatus::Discarded;
                plan.closed_at = Some(plan.created_at);
                vec![FromSyncWorker::PlanDiscarded(plan)]
            }
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn a_plan_to_undo_shows_what_is_taken_back_and_what_is_left() {
        let world = World::new();
        world.serve::<SyncLink>(answers(1));
        let ended = run(&world.session, args(true, false, false)).await.unwrap();
        assert_eq!(ended, Exit::Done);
        let printed = world.printed();
        for part in [
            "plan 4 to undo run 12 of run 12, made",
            "1 to take back, 1 skipped",
            "to take back:\ntitle",
            "left alone:\ntitle",
            "it is in the library and stays there",
            "`listsync plan apply 4`",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
    }

    #[actix_rt::test]
    async fn with_yes_the_plan_is_carried_out_by_a_run() {
        let world = World::new();
        world.serve::<SyncLink>(answers(1));
        let ended = run(&world.session, args(false, true, false)).await.unwrap();
        assert_eq!(ended, Exit::Done);
        assert_eq!(
            world.printed(),
            "run 14 applies plan 4: 1 to take back, 1 skipped\n"
        );
        let world = World::new().json();
        world.serve::<SyncLink>(answers(1));
        run(&world.session, args(false, true, false)).await.unwrap();
        assert_eq!(world.printed(), "{\"plan\":4,\"run\":14}\n");
    }

    #[actix_rt::test]
    async fn without_a_terminal_nothing_is_begun_without_a_yes() {
        let world = World::new();
        let error = run(&world.session, args(false, false, false))
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.text().contains("--yes"), "{}", error.text());
    }

    #[actix_rt::test]
    async fn where_nothing_can_be_taken_back_it_says_why_and_leaves_no_plan() {
        let world = World::new();
        world.serve::<SyncLink>(answers(0));
        let ended = run(&world.session, args(false, true, true)).await.unwrap();
        assert_eq!(ended, Exit::Failed);
        let told = world.told();
        assert!(
            told.ends_with("nothing of run 12 can be taken back\n"),
            "{told}"
        );
        let printed = world.printed();
        assert!(printed.contains("discarded"), "{printed}");
        assert!(printed.contains("stays there"), "{printed}");
    }

    #[actix_rt::test]
    async fn a_run_that_cannot_be_undone_is_1_with_the_reason() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let message = "run 12 was undone already, by run 14";
            vec![Failure::new(FailureCode::Conflict, message).into()]
        });
        let error = run(&world.session, args(true, false, false))
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(
            error.text().contains("undone already, by run 14"),
            "{}",
            error.text()
        );
    }
}
