//! `listsync plan apply`: has a plan carried out, asking first when it is large. Leaves starting and
//! following the run to `sync`.

use schema::{
    models::{PlanStatus, RunId, RunTrigger},
    wire::sync::{PlanView, ShowPlan, StartRun},
};
use serde::Serialize;
use tokio::signal::ctrl_c;

use super::{
    error::CommandError,
    exit::Exit,
    plan::Which,
    plan_show, plan_text,
    prompt::{Keyboard, Prompt},
    session::Session,
    sync,
};

/// More requests than this are not sent from a terminal without a yes.
const MANY: u32 = 100;

/// Arguments of `plan apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Wait for the end and print what was done
    #[arg(long)]
    wait: bool,
    /// Do not ask, however many requests there are; without a terminal nothing is asked
    #[arg(long, short)]
    yes: bool,
}

/// What a machine reads.
#[derive(Serialize)]
struct Started {
    plan: schema::models::PlanId,
    run: RunId,
}

/// Starts the run that carries it out.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = ShowPlan {
        plan: args.which.id(),
        limit: Some(0),
        ..ShowPlan::default()
    };
    let plan = plan_show::fetch(session, request).await?.plan;
    let is_asked = session.terminal.is_interactive() && !session.json && !args.yes;
    if is_asked && needs_yes(&plan) {
        let keyboard = Keyboard::new(session.terminal.clone());
        let is_wanted = tokio::select! {
            answer = is_wanted(&keyboard, &plan) => answer?,
            _ = ctrl_c() => return Err(CommandError::Interrupted("nothing was started".into())),
        };
        if !is_wanted {
            session.terminal.tell(&format!(
                "nothing was requested; plan {} can be applied until {}",
                plan.id,
                session.look().time(plan.expires_at)
            ));
            return Ok(Exit::Failed);
        }
    }
    carry_out(session, &plan, args.wait).await
}

/// Starts the run that carries a plan out, and follows it where `waits` says so.
///
/// # Errors
/// When it is refused.
pub(super) async fn carry_out(
    session: &Session,
    plan: &PlanView,
    waits: bool,
) -> Result<Exit, CommandError> {
    let request = StartRun {
        plan: Some(plan.id),
        undo: plan.undoes,
        ..StartRun::everything(RunTrigger::Manual)
    };
    if waits {
        let report = sync::to_its_end(session, request).await?;
        let exit = sync::show(session, &report)?;
        session.terminal.tell(&format!(
            "`listsync plan show {}` tells what came of each title",
            plan.id
        ));
        return Ok(exit);
    }
    let started = sync::begin(session, request).await?;
    let run = started.run;
    if session.json {
        session.terminal.say_json(&Started { plan: plan.id, run })?;
    } else {
        session.terminal.say(&format!(
            "run {run} applies plan {}: {}",
            plan.id,
            plan_text::counts(&plan.counts)
        ))?;
    }
    Ok(Exit::Done)
}

/// Whether a person has to say yes; what is refused anyway needs none.
fn needs_yes(plan: &PlanView) -> bool {
    plan.status == PlanStatus::Open && plan.counts.requests > MANY
}

async fn is_wanted(prompt: &impl Prompt, plan: &PlanView) -> Result<bool, CommandError> {
    let question = format!(
        "plan {}: {}. Go on? [y/N]",
        plan.id,
        plan_text::counts(&plan.counts)
    );
    let answer = prompt.line(&question).await?.to_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        plan_text::tests::{page, plan},
        session::tests::World,
        sync_report::tests::report,
    };
    use schema::{
        models::{PlanId, RunStatus},
        wire::{
            Failure, FailureCode,
            sync::{FromSyncWorker, RunStarted, SyncLink, ToSyncWorker},
        },
    };
    use std::cell::RefCell;

    fn args(plan: Option<i32>, wait: bool) -> Args {
        Args {
            which: Which { plan },
            wait,
            yes: false,
        }
    }

    fn answers(request: ToSyncWorker) -> Vec<FromSyncWorker> {
        match request {
            ToSyncWorker::Plan(show) => {
                assert_eq!(show.limit, Some(0), "its titles are not needed");
                vec![FromSyncWorker::Plan(Box::new(page()))]
            }
            ToSyncWorker::StartRun(start) => {
                let expected = StartRun {
                    plan: Some(PlanId(4)),
                    ..StartRun::everything(RunTrigger::Manual)
                };
                assert_eq!(start, expected);
                vec![FromSyncWorker::RunStarted(RunStarted {
                    run: RunId(13),
                    is_queued: false,
                })]
            }
            ToSyncWorker::WatchRun(_) => vec![FromSyncWorker::RunReport(Box::new(report(
                RunStatus::Completed,
            )))],
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn the_newest_open_plan_is_applied_and_named() {
        let world = World::new();
        world.serve::<SyncLink>(answers);
        let ended = run(&world.session, args(None, false)).await.unwrap();
        assert_eq!(ended, Exit::Done);
        insta::assert_snapshot!(world.printed(), @"run 13 applies plan 4: 2 to request (5 seasons), 1 to take back, 1 waiting, 200 skipped, 3 entries to review");
        let world = World::new().json();
        world.serve::<SyncLink>(answers);
        run(&world.session, args(None, false)).await.unwrap();
        assert_eq!(world.printed(), "{\"plan\":4,\"run\":13}\n");
    }

    #[actix_rt::test]
    async fn waiting_shows_what_was_done_and_where_the_rest_is() {
        let world = World::new();
        world.serve::<SyncLink>(answers);
        let ended = run(&world.session, args(Some(4), true)).await.unwrap();
        assert_eq!(ended, Exit::Done);
        assert!(world.printed().starts_with("run 12 completed"));
        assert_eq!(
            world.told(),
            "`listsync plan show 4` tells what came of each title\n"
        );
    }

    #[actix_rt::test]
    async fn a_plan_that_was_applied_is_1_and_says_by_which_run() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::StartRun(_) => {
                let message = "plan 4 was applied already by run 13";
                vec![Failure::new(FailureCode::Conflict, message).into()]
            }
            other => answers(other),
        });
        for waits in [false, true] {
            let error = run(&world.session, args(Some(4), waits)).await.unwrap_err();
            assert_eq!(
                (error.exit(), error.text().as_str()),
                (
                    Exit::Failed,
                    "listsync: plan 4 was applied already by run 13"
                )
            );
        }
    }

    /// Somebody who says always the same.
    struct Person {
        says: &'static str,
        asked: RefCell<Vec<String>>,
    }

    impl Prompt for Person {
        async fn line(&self, question: &str) -> Result<String, CommandError> {
            self.asked.borrow_mut().push(question.to_owned());
            Ok(self.says.to_owned())
        }

        async fn secret(&self, question: &str) -> Result<String, CommandError> {
            self.line(question).await
        }
    }

    #[actix_rt::test]
    async fn a_large_plan_needs_a_yes() {
        let mut large = plan(4, PlanStatus::Open);
        large.counts.requests = 101;
        assert!(needs_yes(&large));
        for (says, expected) in [("y", true), ("Yes", true), ("", false), ("no", false)] {
            let person = Person {
                says,
                asked: RefCell::default(),
            };
            assert_eq!(
                is_wanted(&person, &large).await.unwrap(),
                expected,
                "{says}"
            );
            let asked = person.asked.into_inner();
            assert!(asked[0].starts_with("plan 4: 101 to request"), "{asked:?}");
        }
        large.counts.requests = 100;
        assert!(!needs_yes(&large));
        let mut old = plan(4, PlanStatus::Expired);
        old.counts.requests = 5000;
        assert!(!needs_yes(&old), "it is refused anyway");
    }
}
