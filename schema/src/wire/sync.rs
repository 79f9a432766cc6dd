//! `sync-worker.sock`: what the command line and `api` ask the process that syncs.

mod events;
mod history;
mod items;
mod lists;
mod plans;
mod providers;
mod report;
mod report_parts;
mod review;
mod run;
mod settings;
mod story;
mod story_limit;

pub use events::{EventView, EventsEnded, EventsReset, ReadingProgress, WatchEvents};
pub use history::{RunDetails, RunFailure, RunRequest, RunScope, RunView, Runs, RunsRequest};
pub use items::{
    ITEMS_LIMIT, ItemView, Items, ItemsRequest, MOST_ITEMS, MatchedView, RetriedQuality,
    RetryAsked, RetryTitle,
};
pub use lists::{
    AcceptList, AddFile, AddList, ChangeList, FileAdded, ListReadSummary, ListView, Lists,
    ListsRequest, ReadList, RemoveList, ResolveInput, double_option,
};
pub use plans::{
    DiscardPlan, PlanCounts, PlanItemView, PlanPage, PlanView, Plans, PlansRequest, ShowPlan,
};
pub use providers::{
    AccountView, ProviderView, ProviderViews, ProvidersRequest, SignIn, SignInState, SignInView,
    SignOut, SignedOut,
};
pub use report::{ListReport, ReasonCount, RunCounts, RunReport, RunSummary};
pub use review::{
    Choice, ImportPins, Pick, Picked, PinPage, PinView, PinsImported, PinsRequest, ReviewEntry,
    ReviewFilter, ReviewPage, ReviewPlace, ReviewRequest, Unpin, Unpinned,
};
pub use run::{
    CancelRun, CustomEntry, RunPhase, RunProgress, RunRef, RunStarted, StartRun, WatchRun,
};
pub use settings::{
    SaveSettings, SettingSource, SettingView, SettingViews, SettingsChanged, SettingsRequest,
    SettingsSaved,
};
pub use story::{
    Story, StoryId, StoryLook, StoryNext, StoryNow, StoryState, StoryStep, StoryTitle, Why,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::scraper::{BrowserStatus, ListResolved};
use super::{Failure, Link};

/// The sync-worker's socket.
#[derive(Debug)]
pub struct SyncLink;

impl Link for SyncLink {
    type Request = ToSyncWorker;
    type Answer = FromSyncWorker;
    const SOCKET: &'static str = "sync-worker.sock";
    const PEER: &'static str = "the sync-worker";

    fn failure(answer: &FromSyncWorker) -> Option<&Failure> {
        match answer {
            FromSyncWorker::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    fn is_change(request: &ToSyncWorker) -> bool {
        match request {
            ToSyncWorker::StartRun(_)
            | ToSyncWorker::CancelRun(_)
            | ToSyncWorker::AddList(_)
            | ToSyncWorker::ChangeList(_)
            | ToSyncWorker::RemoveList(_)
            | ToSyncWorker::AcceptList(_)
            | ToSyncWorker::AddFile(_)
            | ToSyncWorker::DiscardPlan(_)
            | ToSyncWorker::SaveSettings(_)
            | ToSyncWorker::StartSignIn(_)
            | ToSyncWorker::CancelSignIn(_)
            | ToSyncWorker::SignOut(_)
            | ToSyncWorker::RetryTitle(_)
            | ToSyncWorker::Pick(_)
            | ToSyncWorker::Unpin(_)
            | ToSyncWorker::ImportPins(_)
            | ToSyncWorker::SettingsChanged(_) => true,
            ToSyncWorker::Status(_)
            | ToSyncWorker::WatchRun(_)
            | ToSyncWorker::Runs(_)
            | ToSyncWorker::Run(_)
            | ToSyncWorker::WatchEvents(_)
            | ToSyncWorker::Settings(_)
            | ToSyncWorker::Browser(_)
            | ToSyncWorker::Lists(_)
            | ToSyncWorker::ResolveList(_)
            | ToSyncWorker::ReadList(_)
            | ToSyncWorker::Plans(_)
            | ToSyncWorker::Plan(_)
            | ToSyncWorker::Providers(_)
            | ToSyncWorker::SignIn(_)
            | ToSyncWorker::SignInStatus(_)
            | ToSyncWorker::Items(_)
            | ToSyncWorker::Why(_)
            | ToSyncWorker::Review(_)
            | ToSyncWorker::Pins(_)
            | ToSyncWorker::Check(_)
            | ToSyncWorker::TestTarget(_) => false,
        }
    }
}

/// Requests to the sync-worker. Any of them may be answered by [`FromSyncWorker::Failed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum ToSyncWorker {
    /// What is going on and when the next run is. Answered by one [`FromSyncWorker::Status`].
    Status(SyncStatusRequest),
    /// Starts a run, which lives on whatever happens to its caller; while another goes on it is queued.
    /// Answered by one [`FromSyncWorker::RunStarted`]; `busy` when the queue is full.
    StartRun(StartRun),
    /// Ends a run at the next entry, or takes it out of the queue. Answered by one
    /// [`FromSyncWorker::RunCancelled`].
    CancelRun(CancelRun),
    /// Follows a run. Answered by [`FromSyncWorker::RunProgress`] whenever something changed, and one
    /// [`FromSyncWorker::RunReport`] when it has ended; a run that ended before is answered at once.
    WatchRun(WatchRun),
    /// The newest runs. Answered by [`FromSyncWorker::Runs`], at most 50 runs each.
    Runs(RunsRequest),
    /// One run with its report. Answered by [`FromSyncWorker::Run`]s: the first has everything but the
    /// lists that do not fit, each further one has more of them.
    Run(RunRequest),
    /// The lists. Answered by [`FromSyncWorker::Lists`], at most 200 lists each.
    Lists(ListsRequest),
    /// Adds a list. Answered by one [`FromSyncWorker::List`].
    AddList(AddList),
    /// Changes a list; what is absent stays. Answered by one [`FromSyncWorker::List`].
    ChangeList(ChangeList),
    /// Removes a list; what it asked for stays requested. Answered by one [`FromSyncWorker::List`].
    RemoveList(RemoveList),
    /// Says yes to what a new list asks for, or takes a list that is frozen because it shrank as it is at
    /// its next reading. Answered by one [`FromSyncWorker::List`], whose notice tells which it was.
    AcceptList(AcceptList),
    /// Which list an address means, how large it is and what is missing to read it; follows nothing.
    /// Answered by one [`FromSyncWorker::ListResolved`].
    ResolveList(ResolveInput),
    /// Reads a list now and records what is on it; nothing is requested. Answered by
    /// [`FromSyncWorker::Reading`] as it gets further and one [`FromSyncWorker::ListRead`]. Hanging up ends
    /// the reading.
    ReadList(ReadList),
    /// Adds every list of an export file that lies in the folder of exports. Answered by one
    /// [`FromSyncWorker::FileAdded`].
    AddFile(AddFile),
    /// The plans. Answered by one [`FromSyncWorker::Plans`].
    Plans(PlansRequest),
    /// One plan with its titles. Answered by [`FromSyncWorker::Plan`]s, at most 200 titles each. It is
    /// carried out with [`ToSyncWorker::StartRun`].
    Plan(ShowPlan),
    /// Drops a plan that waits for a person. Answered by one [`FromSyncWorker::PlanDiscarded`].
    DiscardPlan(DiscardPlan),
    /// Follows what happens. Answered by [`FromSyncWorker::Event`]s, with `follow` also by
    /// [`FromSyncWorker::Progress`] and [`FromSyncWorker::Reading`], and one
    /// [`FromSyncWorker::EventsEnded`]; with `follow` the stream lasts until the caller hangs up.
    WatchEvents(WatchEvents),
    /// Every setting with its value and where that came from. Answered by one
    /// [`FromSyncWorker::Settings`].
    Settings(SettingsRequest),
    /// How the browser is. Answered by one [`FromSyncWorker::Browser`].
    Browser(BrowserRequest),
    /// Looks whether everything is well. Answered by [`FromSyncWorker::CheckLine`]s, the last
    /// without `more`.
    Check(Check),
    /// Tries an address and key of Seerr without saving them. Answered by one [`FromSyncWorker::CheckLine`].
    TestTarget(TestTarget),
    /// Saves settings, secrets encrypted. Answered by one [`FromSyncWorker::SettingsSaved`].
    SaveSettings(SaveSettings),
    /// Tells that saved settings of a section have changed. Answered by one [`FromSyncWorker::SettingsSaved`].
    SettingsChanged(SettingsChanged),
    /// The sites lists are read from, what each needs, and who is signed in. Answered by one
    /// [`FromSyncWorker::Providers`].
    Providers(ProvidersRequest),
    /// Signs in to a site. Answered by [`FromSyncWorker::SignIn`] with what the person has to do, and
    /// one more with the account; hanging up ends it. `busy` while another sign-in to the site goes on.
    SignIn(SignIn),
    /// The same for callers that do not wait: answered by one [`FromSyncWorker::SignIn`], then it goes
    /// on by itself.
    StartSignIn(SignIn),
    /// How the last sign-in to a site is. Answered by one [`FromSyncWorker::SignIn`]; `not_found` when
    /// there was none since the sync-worker started.
    SignInStatus(SignIn),
    /// Ends the sign-in that goes on. Answered by one [`FromSyncWorker::SignIn`].
    CancelSignIn(SignIn),
    /// Forgets the tokens of an account. Answered by one [`FromSyncWorker::SignedOut`].
    SignOut(SignOut),
    /// One page of the entries that are on lists now. Answered by [`FromSyncWorker::Items`], at most 200
    /// entries each.
    Items(ItemsRequest),
    /// The story of a title. Answered by one [`FromSyncWorker::Story`], also for a title that nothing
    /// is known of; `conflict` when several are called so.
    Why(Why),
    /// Lets a title whose request failed be tried again. Answered by one
    /// [`FromSyncWorker::RetryAsked`]; `conflict` when there is nothing to try again.
    RetryTitle(RetryTitle),
    /// Entries that wait for a person to say which title they are. Answered by one
    /// [`FromSyncWorker::Review`].
    Review(ReviewRequest),
    /// Says which title an entry is, for every list and for ever. Answered by one
    /// [`FromSyncWorker::Picked`]; `invalid` for a number that TMDB does not have.
    Pick(Pick),
    /// Takes back what was said; the next run looks at the entry anew. Answered by one
    /// [`FromSyncWorker::Unpinned`].
    Unpin(Unpin),
    /// What people said so far. Answered by one [`FromSyncWorker::Pins`].
    Pins(PinsRequest),
    /// Takes over pins of a file. Answered by one [`FromSyncWorker::PinsImported`].
    ImportPins(ImportPins),
}

/// See [`ToSyncWorker::Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncStatusRequest {}

/// See [`ToSyncWorker::Browser`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserRequest {}

/// See [`ToSyncWorker::Check`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Leaves out what asks the list sites.
    #[serde(default)]
    pub quick: bool,
}

/// See [`ToSyncWorker::TestTarget`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestTarget {
    /// Base address of Seerr.
    pub url: String,
    /// Its API key.
    pub api_key: String,
}

impl std::fmt::Debug for TestTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestTarget")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Answers of the sync-worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum FromSyncWorker {
    /// Answers [`ToSyncWorker::Status`].
    Status(SyncStatus),
    /// Answers [`ToSyncWorker::StartRun`].
    RunStarted(RunStarted),
    /// Answers [`ToSyncWorker::CancelRun`]; the run ends within a second.
    RunCancelled(RunRef),
    /// Where a watched run is.
    RunProgress(RunProgress),
    /// How a watched run ended.
    RunReport(Box<RunReport>),
    /// Part of the answer to [`ToSyncWorker::Runs`].
    Runs(Runs),
    /// Part of the answer to [`ToSyncWorker::Run`].
    Run(Box<RunDetails>),
    /// Part of the answer to [`ToSyncWorker::Lists`].
    Lists(Lists),
    /// One list as it is now.
    List(Box<ListView>),
    /// One thing looked at by [`ToSyncWorker::Check`].
    CheckLine(CheckLine),
    /// Answers [`ToSyncWorker::SaveSettings`] and [`ToSyncWorker::SettingsChanged`].
    SettingsSaved(SettingsSaved),
    /// Answers [`ToSyncWorker::AddFile`].
    FileAdded(FileAdded),
    /// Answers [`ToSyncWorker::ResolveList`].
    ListResolved(ListResolved),
    /// The end of a [`ToSyncWorker::ReadList`].
    ListRead(Box<ListReadSummary>),
    /// Answers [`ToSyncWorker::Plans`].
    Plans(Plans),
    /// Part of the answer to [`ToSyncWorker::Plan`].
    Plan(Box<PlanPage>),
    /// Answers [`ToSyncWorker::DiscardPlan`].
    PlanDiscarded(PlanView),
    /// One event, part of the answer to [`ToSyncWorker::WatchEvents`].
    Event(EventView),
    /// Where the run is, part of the same; not stored.
    Progress(RunProgress),
    /// How far a list is read, part of the same; not stored.
    Reading(ReadingProgress),
    /// The number asked for is too old or from another database: events may be missing before those
    /// that follow. Part of the same.
    EventsReset(EventsReset),
    /// The end of a [`ToSyncWorker::WatchEvents`] without `follow`.
    EventsEnded(EventsEnded),
    /// Answers [`ToSyncWorker::Settings`].
    Settings(SettingViews),
    /// Answers [`ToSyncWorker::Browser`].
    Browser(BrowserStatus),
    /// Answers [`ToSyncWorker::Providers`].
    Providers(ProviderViews),
    /// How a sign-in is.
    SignIn(SignInView),
    /// Answers [`ToSyncWorker::SignOut`].
    SignedOut(SignedOut),
    /// Part of the answer to [`ToSyncWorker::Items`].
    Items(Items),
    /// Answers [`ToSyncWorker::Why`].
    Story(Box<Story>),
    /// Answers [`ToSyncWorker::RetryTitle`].
    RetryAsked(RetryAsked),
    /// Answers [`ToSyncWorker::Review`].
    Review(ReviewPage),
    /// Answers [`ToSyncWorker::Pick`].
    Picked(Box<Picked>),
    /// Answers [`ToSyncWorker::Unpin`].
    Unpinned(Box<Unpinned>),
    /// Answers [`ToSyncWorker::Pins`].
    Pins(PinPage),
    /// Answers [`ToSyncWorker::ImportPins`].
    PinsImported(PinsImported),
    /// The request was not carried out.
    Failed(Failure),
}

impl From<Failure> for FromSyncWorker {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What the sync-worker is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncStatus {
    /// The run that is going on.
    pub run: Option<RunProgress>,
    /// The last run that ended.
    pub last_run: Option<RunSummary>,
    /// When the schedule starts the next run; absent when it does not.
    pub next_sync: Option<DateTime<Utc>>,
    /// Hours between runs.
    pub interval_hours: f64,
    /// Whether the schedule starts runs (`AUTOMATED_MODE`).
    pub automated: bool,
    /// What a person has to set before a run can do its work; empty when nothing is missing.
    pub missing: Vec<Missing>,
    /// Runs that wait until the one that is going on is over.
    #[serde(default)]
    pub queued: u32,
}

/// Something a person has to set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// What is missing and what for.
    pub what: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckLine {
    /// What was looked at: `database`, `target`, `list 3`.
    pub subject: String,
    /// How it is.
    pub verdict: CheckVerdict,
    /// What was found, as a fragment.
    pub message: String,
    /// What to do, as a sentence.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// See [`CheckLine::verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it should be.
    Well,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
}
