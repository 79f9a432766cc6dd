//! Why a command could not do its work: what happened, what to do, and the exit code. Leaves printing
//! it to `mod.rs`.

use std::{fmt::Write as _, io, path::PathBuf};

use runtime::{Chain, SettingsError, socket::client::CallError};
use schema::wire::{Failure, FailureCode};
use serde::Serialize;

use super::exit::Exit;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// Nobody answers at a socket.
    #[error("{peer} cannot be reached at {}: {cause}", path.display())]
    Unreachable {
        /// Who should answer.
        peer: &'static str,
        /// The socket.
        path: PathBuf,
        /// The likely cause.
        cause: Absence,
    },
    /// A process answered that it did not do what was asked.
    #[error("{0}")]
    Refused(Failure),
    /// A call went wrong in another way.
    #[error("the answer did not arrive")]
    Call(#[source] CallError),
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Settings(#[from] SettingsError),
    /// Standard output is closed: `listsync lists | head -1`. Nothing is wrong.
    #[error("nobody reads the output")]
    PipeClosed,
    /// Standard output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// Ctrl-C; the text says what goes on.
    #[error("{0}")]
    Interrupted(String),
    /// Anything else that a person has to know.
    #[error("{message}")]
    Told {
        /// What happened, to what.
        message: String,
        /// What to do, as a sentence.
        remedy: Option<String>,
        /// How the command ends.
        exit: Exit,
    },
}

/// Why nobody answers at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Absence {
    /// There is no socket.
    #[error("there is no such socket, so it does not run, or it runs with another run directory")]
    NoSocket,
    /// There is one that nobody listens on.
    #[error("nobody listens there, so it does not run any more")]
    NobodyListens,
    /// It belongs to somebody else.
    #[error("permission denied, so it runs as another user")]
    Forbidden,
    /// Something rarer; the number is the system's.
    #[error("the system says no ({0})")]
    Other(io::ErrorKind),
}

impl From<&io::Error> for Absence {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::ConnectionRefused => Self::NobodyListens,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            kind => Self::Other(kind),
        }
    }
}

impl From<CallError> for CommandError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unreachable { peer, path, source } => Self::Unreachable {
                peer,
                cause: Absence::from(&source),
                path,
            },
            CallError::Failed(failure) => Self::Refused(failure),
            other => Self::Call(other),
        }
    }
}

impl CommandError {
    /// A failure to write standard output.
    pub(super) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::Output(error)
        }
    }

    /// A text with its remedy, exit code 1.
    pub(super) fn told(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Told {
            message: message.into(),
            remedy: Some(remedy.into()),
            exit: Exit::Failed,
        }
    }

    /// An answer that does not belong to the question: the processes are of different versions.
    pub(super) fn unexpected(peer: &str) -> Self {
        Self::told(
            format!("{peer} gave an answer that does not belong to the question"),
            "It is probably of another version than this command: compare `listsync version`, then \
             restart the supervisor.",
        )
    }

    /// The supervisor that was listened to is gone.
    pub(super) fn supervisor_ended() -> Self {
        Self::Told {
            message: "the supervisor has ended, nothing more will come".into(),
            remedy: Some(
                "Its last words are in its log file, supervisor.log in the log directory.".into(),
            ),
            exit: Exit::Unreachable,
        }
    }

    /// How the command ends.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Refused(failure) if failure.code == FailureCode::Internal => Exit::Software,
            Self::Refused(_) | Self::Call(_) => Exit::Failed,
            Self::Settings(_) => Exit::BadSettings,
            Self::PipeClosed => Exit::Done,
            Self::Output(_) => Exit::Software,
            Self::Interrupted(_) => Exit::Interrupted,
            Self::Told { exit, .. } => *exit,
        }
    }

    /// What to do, as sentences.
    pub(super) fn remedy(&self) -> Option<String> {
        match self {
            Self::Unreachable {
                cause: Absence::Forbidden,
                ..
            } => Some(
                "Run this command as the user the supervisor runs as, for example with \
                 `sudo -u USER listsync …`."
                    .into(),
            ),
            Self::Unreachable { path, .. } => {
                let run_dir = path.parent().unwrap_or(path).display();
                Some(format!(
                    "Start it with `listsync run`. If it runs already, it has another run directory \
                     than {run_dir}: set LISTSYNC_RUN_DIR to the same for both."
                ))
            }
            Self::Refused(failure) => failure.remedy.clone(),
            Self::Call(CallError::Lost { .. }) => {
                Some("Try again; the process was probably just restarted.".into())
            }
            Self::Call(_) => Some(
                "Compare `listsync version`: this command and the supervisor may be of different \
                 versions."
                    .into(),
            ),
            Self::Told { remedy, .. } => remedy.clone(),
            Self::Settings(_) | Self::PipeClosed | Self::Output(_) | Self::Interrupted(_) => None,
        }
    }

    /// What a person reads.
    pub(super) fn text(&self) -> String {
        let mut text = match self {
            Self::Interrupted(message) => message.clone(),
            other => format!("listsync: {}", Chain(other)),
        };
        if let Some(remedy) = self.remedy() {
            // Writing to a String cannot fail.
            write!(text, "\n  {remedy}").unwrap_or_default();
        }
        text
    }

    /// What a machine reads.
    pub(super) fn json(&self) -> String {
        let report = Report {
            error: Body {
                message: Chain(self).to_string(),
                remedy: self.remedy(),
                exit: self.exit().code(),
            },
        };
        serde_json::to_string(&report).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Report {
    error: Body,
}

#[derive(Serialize)]
struct Body {
    message: String,
    remedy: Option<String>,
    exit: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable(kind: io::ErrorKind) -> CommandError {
        CallError::Unreachable {
            peer: "the supervisor",
            path: "/run/listsync/supervisor.sock".into(),
            source: kind.into(),
        }
        .into()
    }

    #[test]
    fn an_absent_supervisor_is_named_with_socket_cause_and_remedy() {
        let error = unreachable(io::ErrorKind::NotFound);
        assert_eq!(error.exit(), Exit::Unreachable);
        insta::assert_snapshot!(error.text(), @"
        listsync: the supervisor cannot be reached at /run/listsync/supervisor.sock: there is no such socket, so it does not run, or it runs with another run directory
          Start it with `listsync run`. If it runs already, it has another run directory than /run/listsync: set LISTSYNC_RUN_DIR to the same for both.
        ");
        insta::assert_snapshot!(unreachable(io::ErrorKind::ConnectionRefused).to_string(), @"the supervisor cannot be reached at /run/listsync/supervisor.sock: nobody listens there, so it does not run any more");
        insta::assert_snapshot!(unreachable(io::ErrorKind::PermissionDenied).text(), @"
        listsync: the supervisor cannot be reached at /run/listsync/supervisor.sock: permission denied, so it runs as another user
          Run this command as the user the supervisor runs as, for example with `sudo -u USER listsync …`.
        ");
    }

    #[test]
    fn a_refusal_keeps_its_remedy_and_a_machine_reads_the_same() {
        let failure = Failure::new(FailureCode::Conflict, "the list is there already")
            .with_remedy("Remove it first.");
        let error = CommandError::from(CallError::Failed(failure));
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.text(),
            "listsync: the list is there already\n  Remove it first."
        );
        insta::assert_snapshot!(error.json(), @r#"{"error":{"message":"the list is there already","remedy":"Remove it first.","exit":1}}"#);
    }

    #[test]
    fn a_closed_pipe_is_a_quiet_end() {
        let error = CommandError::output(io::ErrorKind::BrokenPipe.into());
        assert!(matches!(error, CommandError::PipeClosed));
        assert_eq!(error.exit(), Exit::Done);
    }
}
