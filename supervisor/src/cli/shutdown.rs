//! `listsync shutdown`: ends the supervisor and with it all programs.

use std::{path::Path, time::Duration};

use schema::wire::{
    Link,
    supervisor::{FromSupervisor, Shutdown, SupervisorLink, ToSupervisor, WatchPrograms},
};
use tokio::net::UnixStream;

use super::{
    changes::Changes, error::CommandError, exit::Exit, session::Session, waiting::meanwhile,
};

/// Arguments of `shutdown`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Wait until everything is gone
    #[arg(short, long)]
    wait: bool,
}

/// Pause between two looks at whether the socket of a supervisor that said farewell is still there.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks; waits only where that is wanted, as supervisorctl does not.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    run_until(session, args, tokio::signal::ctrl_c()).await
}

async fn run_until(
    session: &Session,
    args: Args,
    interrupt: impl Future,
) -> Result<Exit, CommandError> {
    let socket = session.paths()?.socket(SupervisorLink::SOCKET);
    let changes = if args.wait {
        Some(Changes::open(session, WatchPrograms::default()).await?.0)
    } else {
        None
    };
    let FromSupervisor::ShuttingDown(answer) = session
        .ask_supervisor(ToSupervisor::Shutdown(Shutdown {}))
        .await?
    else {
        return Err(CommandError::unexpected(SupervisorLink::PEER));
    };
    if let Some(changes) = changes {
        tokio::select! {
            gone = meanwhile(session, &[], until_gone(&socket, changes)) => gone?,
            _ = interrupt => return Err(CommandError::Interrupted(
                "the supervisor goes on stopping everything; `listsync status` shows how far it is"
                    .into(),
            )),
        }
    }
    if session.json {
        session.terminal.say_json(&answer)?;
    } else {
        session.terminal.say("Shut down")?;
    }
    Ok(Exit::Done)
}

/// Waits until the supervisor has stopped listening to us, and then until nobody answers.
async fn until_gone(socket: &Path, mut changes: Changes) -> Result<(), CommandError> {
    while changes.next().await?.is_some() {}
    while UnixStream::connect(socket).await.is_ok() {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::World,
        status::tests::{program, report},
    };
    use schema::wire::supervisor::{ProgramState, WatchEnded};
    use std::future::pending;

    fn answer(request: ToSupervisor) -> Vec<FromSupervisor> {
        match request {
            ToSupervisor::Watch(_) => vec![
                FromSupervisor::Status(report(vec![program("api", ProgramState::Stopping)])),
                FromSupervisor::WatchEnded(WatchEnded {}),
            ],
            _ => vec![FromSupervisor::ShuttingDown(Shutdown {})],
        }
    }

    #[actix_rt::test]
    async fn it_says_that_it_was_heard() {
        let world = World::new();
        world.serve::<SupervisorLink>(|request| {
            assert_eq!(request, ToSupervisor::Shutdown(Shutdown {}));
            answer(request)
        });
        let args = Args { wait: false };
        let ended = run_until(&world.session, args, pending::<()>()).await;
        assert_eq!(ended.unwrap(), Exit::Done);
        assert_eq!(world.printed(), "Shut down\n");
    }

    #[actix_rt::test]
    async fn waiting_lasts_until_nobody_answers_at_the_socket() {
        let world = World::new();
        let socket = world.session.paths().unwrap();
        let socket = socket.socket(SupervisorLink::SOCKET);
        world.serve::<SupervisorLink>(move |request| {
            if matches!(request, ToSupervisor::Shutdown(_)) {
                std::fs::remove_file(&socket).unwrap();
            }
            answer(request)
        });
        let args = Args { wait: true };
        let ended = run_until(&world.session, args, pending::<()>()).await;
        assert_eq!(ended.unwrap(), Exit::Done);
        assert_eq!(world.printed(), "Shut down\n");
    }

    #[actix_rt::test]
    async fn ctrl_c_ends_the_waiting_and_says_what_goes_on() {
        let world = World::new();
        world.serve::<SupervisorLink>(answer);
        let args = Args { wait: true };
        // The socket stays.
        let interrupt = tokio::time::sleep(Duration::ZERO);
        let error = run_until(&world.session, args, interrupt)
            .await
            .unwrap_err();
        assert_eq!(error.exit(), Exit::Interrupted);
        assert!(
            error.text().contains("goes on stopping"),
            "{}",
            error.text()
        );
        assert_eq!(world.printed(), "");
    }
}
