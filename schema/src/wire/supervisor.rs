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
            | ToSupervisor::Signal(_)
            | ToSupervisor::Reload(_)
            | ToSupervisor::SettingsChanged(_)
            | ToSupervisor::Shutdown(_)
            | ToSupervisor::CreateApiKey(_)
            | ToSupervisor::DebugPanic(_) => true,
            ToSupervisor::Status(_) | ToSupervisor::Watch(_) | ToSupervisor::Tail(_) => false,
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
    /// Stops and starts programs, one after the other, each ready before the next. Answered by one
    /// [`FromSupervisor::Done`].
    Restart(Restart),
    /// Sends a signal to the process groups of programs. Answered by one [`FromSupervisor::Done`].
    Signal(SignalPrograms),
    /// How the programs are, then every change. Answered by one [`FromSupervisor::Status`], then by
    /// [`FromSupervisor::Changed`]s until the caller hangs up or the supervisor ends, which is one
    /// [`FromSupervisor::WatchEnded`].
    Watch(WatchPrograms),
    /// Reads the settings file again and carries over what differs. Answered by one
    /// [`FromSupervisor::Reloaded`].
    Reload(Reload),
    /// Somebody saved settings: the supervisor takes the log level and the secrets to hide from them.
    /// Answered by one [`FromSupervisor::SettingsTaken`].
    SettingsChanged(SettingsChanged),
    /// The last lines of programs' logs. Answered by [`FromSupervisor::Line`]s and one
    /// [`FromSupervisor::TailEnded`]; with `follow` the stream lasts until the caller hangs up.
    Tail(TailRequest),
    /// Stops everything and ends. Answered by one [`FromSupervisor::ShuttingDown`] before it begins.
    Shutdown(Shutdown),
    /// Makes an API key. Answered by one [`FromSupervisor::ApiKeyCreated`].
    CreateApiKey(CreateApiKey),
    /// Makes the supervisor panic, to see that nothing stays up deaf. Not answered.
    DebugPanic(DebugPanic),
}

/// See [`ToSupervisor::Restart`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Names; the single name `all` means every program. Empty is an error.
    pub names: Vec<String>,
    /// All down, then all up, instead of one after the other.
    #[serde(default)]
    pub at_once: bool,
}

/// See [`ToSupervisor::Signal`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalPrograms {
    /// Names; the single name `all` means every program. Empty is an error.
    pub names: Vec<String>,
    /// `HUP`, `SIGHUP`, `hup` or a number from 1 to 64.
    pub signal: String,
}

/// See [`ToSupervisor::Watch`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchPrograms {
    /// Changes from before to begin with, the newest of them; none when absent.
    #[serde(default)]
    pub last: Option<u32>,
    /// End after those.
    #[serde(default)]
    pub once: bool,
}

/// See [`ToSupervisor::Reload`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// Only tell what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// See [`ToSupervisor::SettingsChanged`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanged {}

/// See [`ToSupervisor::DebugPanic`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebugPanic {}

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
    /// Only lines written since then; with it `lines` is a limit, and none when absent.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
    /// Only lines of this level or a graver one; a line that tells no level counts as `info`.
    #[serde(default)]
    pub level: Option<LogLevel>,
}

/// How grave a line of a log is, the least grave first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For those who look for a fault in the code.
    Trace,
    /// For those who look for a fault.
    Debug,
    /// What happens.
    Info,
    /// Degraded, but going on.
    #[serde(alias = "warning")]
    Warn,
    /// A person must act.
    #[serde(alias = "critical")]
    Error,
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
    /// Answers [`ToSupervisor::Start`], [`ToSupervisor::Stop`], [`ToSupervisor::Restart`] and
    /// [`ToSupervisor::Signal`].
    Done(Done),
    /// A program is in another state, part of the answer to [`ToSupervisor::Watch`].
    Changed(ProgramChange),
    /// The end of a [`ToSupervisor::Watch`].
    WatchEnded(WatchEnded),
    /// Answers [`ToSupervisor::Reload`].
    Reloaded(Reloaded),
    /// Answers [`ToSupervisor::SettingsChanged`].
    SettingsTaken(SettingsChanged),
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
    /// Lines that were not printed on its stdout, since nobody read there in time; the files have them.
    pub stdout_dropped_lines: u64,
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
    /// When it is tried again, in `BACKOFF` and `FATAL`.
    pub next_try_at: Option<DateTime<Utc>>,
    /// What the program last said of itself (`STATUS=`), or why it could not be started.
    pub status_text: Option<String>,
    /// Deaths that count against the budget of restarts now.
    pub failures: u32,
    /// Bytes of memory of all its processes, shared pages counted once; none while none runs.
    pub memory_bytes: Option<u64>,
    /// Milliseconds on a core of all its processes since they started.
    pub cpu_ms: Option<u64>,
    /// How many processes it has.
    pub processes: u32,
    /// Bytes of its log that the disk did not take, since the supervisor started.
    pub log_lost_bytes: u64,
    /// Lines of its log that were left out because it wrote more than it may, since the supervisor
    /// started.
    pub log_suppressed_lines: u64,
}

/// A program went from one state to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramChange {
    /// Number of this change, counted from 1 since the supervisor started.
    pub id: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// State it left.
    pub from: ProgramState,
    /// Why, where there is a reason: how the process ended, or why it cannot be started.
    pub reason: Option<String>,
    /// How it is since then.
    pub program: ProgramStatus,
}

/// See [`FromSupervisor::WatchEnded`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchEnded {}

/// What a [`ToSupervisor::Reload`] did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reloaded {
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// One a program that differs, in the order of their names.
    pub differences: Vec<ProgramDifference>,
    /// What else changed in the settings file and needs a restart of the supervisor, by key.
    pub needs_restart: Vec<String>,
    /// What became of the programs that were started, restarted or stopped.
    pub results: Vec<ProgramResult>,
}

/// How one program differs from before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramDifference {
    /// Its name.
    pub name: String,
    /// In what way.
    pub kind: DifferenceKind,
    /// The keys of its table that differ, for a changed one: `args`, `stop_timeout_s`. Values are not
    /// told, since they may be secret.
    pub keys: Vec<String>,
    /// Whether a process is started for that: anew for a changed program, the first for an added one.
    pub restarts: bool,
}

/// See [`ProgramDifference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It is new.
    Added,
    /// It has other settings.
    Changed,
    /// It is gone.
    Removed,
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
    /// What brought it about.
    pub cause: ExitCause,
    /// Whether it ended with an exit code that counts as success.
    pub expected: bool,
    /// The same in words: `exit code 70`, `killed by SIGKILL`, `was not ready within 10 s`.
    pub reason: String,
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExitCause {
    /// It exited by itself.
    Exit,
    /// A signal ended it that the supervisor did not send.
    Signal,
    /// The kernel killed it, since there was no memory left.
    OomKill,
    /// It did not say in time that it is not stuck.
    Watchdog,
    /// It was not ready in time.
    StartTimeout,
    /// It was asked to stop.
    Stopped,
    /// It did not stop in time and was killed.
    StopTimeout,
    /// It took more memory than it may, and was restarted.
    Memory,
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProgramOutcome {
    /// It runs and is ready.
    Started,
    /// It is gone.
    Stopped,
    /// It was sent the signal.
    Signalled,
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
