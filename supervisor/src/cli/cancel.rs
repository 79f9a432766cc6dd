//! `listsync cancel`: ends the run that is going on, or takes one out of the queue.

use schema::{
    models::RunId,
    wire::{
        Link,
        sync::{CancelRun, FromSyncWorker, SyncLink, ToSyncWorker},
    },
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's number, also of one that is queued; the one that is going on when absent
    #[arg(value_name = "RUN")]
    run: Option<i32>,
}

/// Asks for it; the run ends within a second.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = ToSyncWorker::CancelRun(CancelRun {
        run: args.run.map(RunId),
    });
    match session.ask_sync_worker(request).await? {
        FromSyncWorker::RunCancelled(cancelled) if session.json => {
            session.terminal.say_json(&cancelled)?;
        }
        FromSyncWorker::RunCancelled(cancelled) => session.terminal.say(&format!(
            "run {} is cancelled; what it requested stays requested",
            cancelled.run
        ))?,
        _ => return Err(CommandError::unexpected(SyncLink::PEER)),
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::{Failure, FailureCode, sync::RunRef};

    #[actix_rt::test]
    async fn the_cancelled_run_is_named() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::RunCancelled(RunRef { run: RunId(4) })]);
        assert_eq!(
            run(&world.session, Args { run: None }).await.unwrap(),
            Exit::Done
        );
        assert_eq!(
            world.printed(),
            "run 4 is cancelled; what it requested stays requested\n"
        );
    }

    #[actix_rt::test]
    async fn with_no_run_going_on_it_is_1() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            vec![Failure::new(FailureCode::NotFound, "no run is going on").into()]
        });
        let error = run(&world.session, Args { run: None }).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }
}
