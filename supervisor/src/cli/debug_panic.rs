//! `listsync debug-panic`: makes the supervisor panic, to see that nothing stays up deaf. Not shown in
//! `--help`.

use runtime::socket::client::CallError;
use schema::wire::{
    Link,
    supervisor::{DebugPanic, SupervisorLink, ToSupervisor},
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Asks; that there is no answer is the answer.
pub(super) async fn run(session: &Session) -> Result<Exit, CommandError> {
    let request = ToSupervisor::DebugPanic(DebugPanic {});
    match session.supervisor()?.call(request).await {
        Err(CallError::Lost { .. }) => {
            session.terminal.say("the supervisor panicked")?;
            Ok(Exit::Done)
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(CommandError::unexpected(SupervisorLink::PEER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;

    #[actix_rt::test]
    async fn no_answer_is_what_is_hoped_for() {
        let world = World::new();
        world.serve::<SupervisorLink>(|request| {
            assert_eq!(request, ToSupervisor::DebugPanic(DebugPanic {}));
            Vec::new()
        });
        assert_eq!(run(&world.session).await.unwrap(), Exit::Done);
        assert_eq!(world.printed(), "the supervisor panicked\n");
    }

    #[actix_rt::test]
    async fn with_nothing_running_nothing_panicked() {
        let world = World::new();
        let error = run(&world.session).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}
