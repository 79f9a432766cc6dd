//! What the supervisor tells of its programs while it is listened to: how they are, then each change;
//! and how a machine reads what happened. Leaves what is made of it to the commands.

use runtime::socket::client::{CallError, Stream};
use schema::wire::{
    Link,
    supervisor::{
        FromSupervisor, ProgramChange, ProgramStatus, StatusReport, SupervisorLink, ToSupervisor,
        WatchPrograms,
    },
    sync::EventView,
};
use serde::Serialize;

use super::{error::CommandError, session::Session};

/// The changes of programs, as they come.
#[derive(Debug)]
pub(super) struct Changes {
    stream: Stream<SupervisorLink>,
}

impl Changes {
    /// Begins to listen; gives how the programs are now, too.
    ///
    /// # Errors
    /// [`CommandError`].
    pub(super) async fn open(
        session: &Session,
        request: WatchPrograms,
    ) -> Result<(Self, StatusReport), CommandError> {
        let client = session.supervisor()?;
        let mut stream = client.stream(ToSupervisor::Watch(request)).await?;
        match stream.next().await? {
            Some(FromSupervisor::Status(report)) => Ok((Self { stream }, report)),
            _ => Err(CommandError::unexpected(SupervisorLink::PEER)),
        }
    }

    /// The next change; none when there will be no more. May be dropped and called again without
    /// losing one.
    ///
    /// # Errors
    /// [`CommandError`]; that the supervisor is gone is none.
    pub(super) async fn next(&mut self) -> Result<Option<ProgramChange>, CommandError> {
        match self.stream.next().await {
            Ok(Some(FromSupervisor::Changed(change))) => Ok(Some(change)),
            Ok(Some(FromSupervisor::WatchEnded(_)) | None) | Err(CallError::Lost { .. }) => {
                Ok(None)
            }
            Ok(Some(_)) => Err(CommandError::unexpected(SupervisorLink::PEER)),
            Err(error) => Err(error.into()),
        }
    }
}

/// One line for a machine; `type` tells which.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    /// How a program is.
    Program(&'a ProgramStatus),
    /// A program is in another state.
    Process(&'a ProgramChange),
    /// The sync-worker did something.
    Sync(&'a EventView),
}
