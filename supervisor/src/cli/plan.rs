//! `listsync plan`: the table of plans, and dropping one. Leaves showing one to `plan_show` and carrying
//! one out to `plan_apply`.

use clap::Subcommand;
use schema::{
    models::{PlanId, PlanStatus},
    wire::{
        Link,
        sync::{DiscardPlan, FromSyncWorker, PlanView, PlansRequest, SyncLink, ToSyncWorker},
    },
};

use super::{
    error::CommandError,
    exit::Exit,
    plan_apply, plan_show, plan_text,
    session::Session,
    table::{Cell, Table},
    terminal::{Look, Tone},
};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the plans there are
    List,
    /// Show a plan with its titles
    Show(Which),
    /// Ask Seerr for what a plan has
    Apply(plan_apply::Args),
    /// Drop a plan; nothing of it is requested
    Discard(Which),
}

/// One plan.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Its number; the newest that waits for a decision when absent
    #[arg(value_name = "PLAN", value_parser = clap::value_parser!(i32).range(1..))]
    pub(super) plan: Option<i32>,
}

impl Which {
    /// The plan that was named.
    pub(super) fn id(&self) -> Option<PlanId> {
        self.plan.map(PlanId)
    }
}

/// What stands there while there are no plans.
const EMPTY: &str = "No plans yet. Make one with `listsync sync --plan`: it reads the lists, shows what \
                     would be requested, and requests nothing.";

/// Shows, applies or drops.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    match args.command {
        Command::List => list(session).await,
        Command::Show(which) => plan_show::run(session, &which).await,
        Command::Apply(args) => plan_apply::run(session, args).await,
        Command::Discard(which) => discard(session, &which).await,
    }
}

async fn list(session: &Session) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::Plans(PlansRequest {});
    let FromSyncWorker::Plans(plans) = session.ask_sync_worker(request).await? else {
        return Err(CommandError::unexpected(SyncLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&plans.plans)?;
    } else if plans.plans.is_empty() {
        session.terminal.say(EMPTY)?;
    } else {
        session.terminal.say(&table(&plans.plans, session.look()))?;
    }
    Ok(Exit::Done)
}

async fn discard(session: &Session, which: &Which) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::DiscardPlan(DiscardPlan { plan: which.id() });
    match session.ask_sync_worker(request).await? {
        FromSyncWorker::PlanDiscarded(plan) if session.json => session.terminal.say_json(&plan)?,
        FromSyncWorker::PlanDiscarded(plan) => session.terminal.say(&format!(
            "discarded plan {}: {}; nothing of it is requested",
            plan.id,
            plan_text::counts(&plan.counts)
        ))?,
        _ => return Err(CommandError::unexpected(SyncLink::PEER)),
    }
    Ok(Exit::Done)
}

fn table(plans: &[PlanView], look: Look) -> String {
    let mut table = Table::new(&[
        "#id",
        "made",
        "status",
        "#request",
        "#retry",
        "#take back",
        "#review",
        "#wait",
        "until",
    ]);
    for plan in plans {
        let counts = &plan.counts;
        table.row([
            plan.id.into(),
            look.time(plan.created_at).into(),
            Cell::toned(tone(plan.status), plan.status.as_str()),
            counts.requests.into(),
            counts.retries.into(),
            counts.withdrawals.into(),
            counts.reviews.into(),
            counts.waits.into(),
            look.time(plan.closed_at.unwrap_or(plan.expires_at)).into(),
        ]);
    }
    table.render(look)
}

fn tone(status: PlanStatus) -> Tone {
    match status {
        PlanStatus::Open => Tone::Warning,
        PlanStatus::Making | PlanStatus::Applying => Tone::Plain,
        PlanStatus::Applied => Tone::Good,
        PlanStatus::Discarded | PlanStatus::Expired => Tone::Faint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{plan_text::tests::plan, session::tests::World};
    use schema::wire::{Failure, FailureCode, sync::Plans};

    fn args(command: Command) -> Args {
        Args { command }
    }

    #[actix_rt::test]
    async fn each_plan_is_a_row() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Plans(_) => vec![FromSyncWorker::Plans(Plans {
                plans: vec![plan(4, PlanStatus::Open), plan(3, PlanStatus::Applied)],
            })],
            other => panic!("{other:?}"),
        });
        run(&world.session, args(Command::List)).await.unwrap();
        insta::assert_snapshot!(world.printed(), @"
        id  made              status   request  retry  take back  review  wait  until
         4  2026-03-01 12:00  open           2      0          1       0     1  2026-03-02 12:00
         3  2026-03-01 12:00  applied        2      0          1       0     1  2026-03-01 13:00
        ");
    }

    #[actix_rt::test]
    async fn without_plans_it_says_how_to_make_one() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Plans(Plans::default())]);
        run(&world.session, args(Command::List)).await.unwrap();
        assert_eq!(world.printed().trim_end(), EMPTY);
    }

    #[actix_rt::test]
    async fn a_discarded_plan_is_named_with_what_it_had() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::DiscardPlan(DiscardPlan { plan: None }) => {
                vec![FromSyncWorker::PlanDiscarded(plan(
                    4,
                    PlanStatus::Discarded,
                ))]
            }
            ToSyncWorker::DiscardPlan(_) => {
                vec![Failure::new(FailureCode::Conflict, "plan 3 was discarded").into()]
            }
            other => panic!("{other:?}"),
        });
        let newest = args(Command::Discard(Which { plan: None }));
        assert_eq!(run(&world.session, newest).await.unwrap(), Exit::Done);
        insta::assert_snapshot!(world.printed(), @"discarded plan 4: 2 to request (5 seasons), 1 to take back, 1 waiting, 200 skipped, 3 entries to review; nothing of it is requested");
        let again = args(Command::Discard(Which { plan: Some(3) }));
        let error = run(&world.session, again).await.unwrap_err();
        assert_eq!(
            (error.exit(), error.text().as_str()),
            (Exit::Failed, "listsync: plan 3 was discarded")
        );
    }
}
