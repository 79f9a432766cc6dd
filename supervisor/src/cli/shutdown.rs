//! `listsync shutdown`: ends the supervisor and with it all programs.

use schema::wire::{
    Link,
    supervisor::{FromSupervisor, Shutdown, SupervisorLink, ToSupervisor},
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Asks; does not wait until all are gone, as supervisorctl does not.
pub(super) async fn run(session: &Session) -> Result<Exit, CommandError> {
    match session
        .ask_supervisor(ToSupervisor::Shutdown(Shutdown {}))
        .await?
    {
        FromSupervisor::ShuttingDown(answer) if session.json => {
            session.terminal.say_json(&answer)?;
        }
        FromSupervisor::ShuttingDown(_) => session.terminal.say("Shut down")?,
        _ => return Err(CommandError::unexpected(SupervisorLink::PEER)),
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;

    #[actix_rt::test]
    async fn it_says_that_it_was_heard() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| vec![FromSupervisor::ShuttingDown(Shutdown {})]);
        assert_eq!(run(&world.session).await.unwrap(), Exit::Done);
        assert_eq!(world.printed(), "Shut down\n");
    }
}
