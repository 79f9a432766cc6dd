//! `supervisor.sock`: what the command line and `api` ask the supervisor.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Failure, Link};

/// The supervisor's socket.
#[derive(Debug)]
pub struct SupervisorLink;

impl Link for SupervisorLink {
    type Request = ToSupervisor;
    type Answer = FromSupervisor;
    const SOCKET: &'static str = "supervisor.sock";
    const PEER: &'static str = "the supervisor";

    fn failure(answer: &FromSupervisor) -> Option<&Failure> {
        match answer {
            FromSupervisor::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    fn is_change(request: &ToSupervisor) -> bool {
        match request {
            ToSupervisor::Start(_)
            | ToSupervisor::Stop(_)
            | ToSupervisor::Restart(_)
            | ToSupervisor::Shutdown(_)
            | ToSupervisor::CreateApiKey(_) => true,
            ToSupervisor::Status(_) | ToSupervisor::Tail(_) => false,
        }
    }
}

/// Requests to the supervisor. Any of them may be answered by [`FromSupervisor::Failed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum ToSupervisor {
    /// How the programs are. Answered by one [`FromSupervisor::Status`].
    Status(StatusRequest),
    /// Starts programs and waits until each is ready or has failed. Answered by one [`FromSupervisor::Done`].
    Start(Programs),
    /// Stops programs and waits until each is gone. Answered by one [`FromSupervisor::Done`].
    Stop(Programs),
    /// Stops and starts programs, one after the other. Answered by one [`FromSupervisor::Done`].
    Restart(Programs),
    /// The last lines of programs' logs. Answered by [`FromSupervisor::Line`]s and one
    /// [`FromSupervisor::TailEnded`]; with `follow` the stream lasts until the caller hangs up.
    Tail(TailRequest),
    /// Stops everything and ends. Answered by one [`FromSupervisor::ShuttingDown`] before it begins.
    Shutdown(Shutdown),
    /// Makes an API key. Answered by one [`FromSupervisor::ApiKeyCreated`].
    CreateApiKey(CreateApiKey),
}

/// See [`ToSupervisor::Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {
    /// Programs to report; empty for all.
    #[serde(default)]
    pub names: Vec<String>,
}

/// Names of programs a command is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programs {
    /// Names; the single name `all` means every program. Empty is an error.
    pub names: Vec<String>,
}

/// See [`ToSupervisor::Tail`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailRequest {
    /// Programs; `supervisor` is the supervisor's own log. Empty for all.
    #[serde(default)]
    pub names: Vec<String>,
    /// Lines from the end of each log to begin with; 10 when absent.
    #[serde(default)]
    pub lines: Option<u32>,
    /// Go on with new lines as they are written.
    #[serde(default)]
    pub follow: bool,
}

/// See [`ToSupervisor::Shutdown`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {}

/// See [`ToSupervisor::CreateApiKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What the key is for, as its owner calls it; 1 to 100 characters.
    pub name: String,
}

/// Answers of the supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum FromSupervisor {
    /// Answers [`ToSupervisor::Status`].
    Status(StatusReport),
    /// Answers [`ToSupervisor::Start`], [`ToSupervisor::Stop`] and [`ToSupervisor::Restart`].
    Done(Done),
    /// One line of a log, part of the answer to [`ToSupervisor::Tail`].
    Line(LogLine),
    /// The end of a [`ToSupervisor::Tail`].
    TailEnded(TailEnded),
    /// Answers [`ToSupervisor::Shutdown`].
    ShuttingDown(Shutdown),
    /// Answers [`ToSupervisor::CreateApiKey`].
    ApiKeyCreated(ApiKeyCreated),
    /// The request was not carried out.
    Failed(Failure),
}

impl From<Failure> for FromSupervisor {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The supervisor and its programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReport {
    /// Version of ListSync.
    pub version: String,
    /// Process id of the supervisor.
    pub pid: i32,
    /// When the supervisor started.
    pub started_at: DateTime<Utc>,
    /// Whether it is stopping everything.
    pub is_stopping: bool,
    /// The programs, in the order they are started.
    pub programs: Vec<ProgramStatus>,
}

/// How one program is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramStatus {
    /// Its name in the settings.
    pub name: String,
    /// Where it is in its life.
    pub state: ProgramState,
    /// Whether the supervisor ends when this program cannot be kept up.
    pub essential: bool,
    /// Process id while a process exists.
    pub pid: Option<i32>,
    /// When `state` was entered.
    pub since: DateTime<Utc>,
    /// When the process that lives now was started.
    pub started_at: Option<DateTime<Utc>>,
    /// Milliseconds from that start until the program said it is ready.
    pub ready_after_ms: Option<u64>,
    /// Times it was started anew after it had ended by itself.
    pub restarts: u64,
    /// How the process before this one ended.
    pub last_exit: Option<LastExit>,
    /// When it is tried again, in `BACKOFF`.
    pub next_try_at: Option<DateTime<Utc>>,
    /// What the program last said of itself (`STATUS=`), or why it could not be started.
    pub status_text: Option<String>,
}

/// supervisord's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProgramState {
    /// Not wanted, not there.
    Stopped,
    /// A process exists and is not ready yet.
    Starting,
    /// Ready.
    Running,
    /// Ended unwanted; waits for its next try.
    Backoff,
    /// Told to stop, not gone yet.
    Stopping,
    /// Ended by itself and is not restarted.
    Exited,
    /// Given up after too many failed starts.
    Fatal,
}

impl ProgramState {
    /// The word `status` prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LastExit {
    /// When.
    pub at: DateTime<Utc>,
    /// Exit code, when it exited.
    pub code: Option<i32>,
    /// Signal number, when it was killed by one.
    pub signal: Option<i32>,
    /// The same in words: `exit code 70`, `killed by SIGKILL`, `was not ready within 10 s`.
    pub reason: String,
}

/// What became of each named program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// One a name, in the order asked.
    pub results: Vec<ProgramResult>,
}

/// What became of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramResult {
    /// Its name.
    pub name: String,
    /// What was done.
    pub outcome: ProgramOutcome,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// See [`ProgramResult`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramOutcome {
    /// It runs and is ready.
    Started,
    /// It is gone.
    Stopped,
    /// It was running already.
    AlreadyStarted,
    /// It was not running.
    NotRunning,
    /// It ended or was not ready in time; it is tried again as its settings say.
    Failed,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// The program that wrote it.
    pub name: String,
    /// The line without its newline; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Lines left out before this one because the reader was too slow.
    #[serde(default)]
    pub skipped: u64,
}

/// See [`FromSupervisor::TailEnded`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailEnded {}

/// See [`FromSupervisor::ApiKeyCreated`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyCreated {
    /// Its name.
    pub name: String,
    /// The key itself; shown this once, stored as a digest.
    pub key: String,
}

impl std::fmt::Debug for ApiKeyCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyCreated")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
