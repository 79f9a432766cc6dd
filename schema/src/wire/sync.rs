//! `sync-worker.sock`: what the command line and `api` ask the process that syncs.

mod events;
mod items;
mod plans;
mod providers;
mod review;
mod runs;
mod settings;
mod story;

pub use events::{EventView, EventsEnded, EventsReset, ReadingProgress, WatchEvents};
pub use items::{
    ITEMS_LIMIT, ItemView, Items, ItemsRequest, MOST_ITEMS, MatchedView, RetriedQuality,
    RetryAsked, RetryTitle,
};
pub use plans::{
    DiscardPlan, PlanCounts, PlanItemView, PlanPage, PlanView, Plans, PlansRequest, ShowPlan,
};
pub use providers::{
    AccountView, ProviderView, ProviderViews, ProvidersRequest, SignIn, SignInState, SignInView,
    SignOut, SignedOut,
};
pub use review::{
    Choice, ImportPins, Pick, Picked, PinPage, PinView, PinsImported, PinsRequest, ReviewEntry,
    ReviewFilter, ReviewPage, ReviewPlace, ReviewRequest, Unpin, Unpinned,
};
pub use runs::{
    RunDetails, RunFailure, RunRequest, RunScope, RunStarted, RunView, Runs, RunsRequest,
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
use crate::models::{Cause, FetchKind, ListId, MediaType, PlanId, RunId, RunStatus, RunTrigger};

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
    /// One run with its report. Answered by one [`FromSyncWorker::Run`].
    Run(RunRequest),
    /// The lists. Answered by [`FromSyncWorker::Lists`], at most 200 lists each.
    Lists(ListsRequest),
    /// Adds a list. Answered by one [`FromSyncWorker::List`].
    AddList(AddList),
    /// Changes a list; what is absent stays. Answered by one [`FromSyncWorker::List`].
    ChangeList(ChangeList),
    /// Removes a list; what it asked for stays requested. Answered by one [`FromSyncWorker::List`].
    RemoveList(RemoveList),
    /// Takes a list that is frozen because it shrank as it is at its next reading. Answered by one
    /// [`FromSyncWorker::List`].
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

/// See [`ToSyncWorker::StartRun`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// Lists to read; empty for all that are synced automatically.
    #[serde(default)]
    pub lists: Vec<ListId>,
    /// Titles given directly; when there are any, only they are handled and no list is read.
    #[serde(default)]
    pub custom: Vec<CustomEntry>,
    /// Who asks.
    #[serde(default = "RunTrigger::manual")]
    pub trigger: RunTrigger,
    /// Only makes a plan: lists are read, nothing is asked of the target.
    #[serde(default)]
    pub only_plans: bool,
    /// Carries out a plan that was made before; no list is read, and neither lists nor titles are named
    /// beside it. `not_found` and `conflict` say that there is none, or that its time is over, it was
    /// applied or discarded, or is being applied.
    #[serde(default)]
    pub plan: Option<PlanId>,
}

impl StartRun {
    /// All lists that are synced automatically.
    pub fn everything(trigger: RunTrigger) -> Self {
        Self {
            lists: Vec::new(),
            custom: Vec::new(),
            trigger,
            only_plans: false,
            plan: None,
        }
    }
}

/// A title given directly instead of by a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomEntry {
    /// Title.
    pub title: String,
    /// Four digits.
    #[serde(default)]
    pub year: Option<i32>,
    /// Movie or show.
    #[serde(default)]
    pub media_type: Option<MediaType>,
    /// `tt…`, also written `imdb://tt…`; `tmdb://603` and `tvdb://81189` count as those ids.
    #[serde(default)]
    pub imdb_id: Option<String>,
    /// TMDB's number.
    #[serde(default)]
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tvdb_id: Option<i64>,
    /// Only this season of a show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
}

/// See [`ToSyncWorker::CancelRun`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRun {
    /// The run; absent for the one that is going on.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// See [`ToSyncWorker::WatchRun`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRun {
    /// The run; absent for the one that is going on, or else the last.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// See [`ToSyncWorker::Lists`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListsRequest {
    /// Also those that were removed.
    #[serde(default)]
    pub with_removed: bool,
}

/// See [`ToSyncWorker::AddList`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddList {
    /// A pasted address, an id or a name.
    pub input: String,
    /// The provider's name; absent when `input` is an address.
    #[serde(default)]
    pub list_type: Option<String>,
    /// What to call it.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether the schedule reads it; true when absent.
    #[serde(default)]
    pub auto_sync: Option<bool>,
    /// Only that many entries from the top.
    #[serde(default)]
    pub item_limit: Option<i32>,
    /// Ask for 4K; the general setting when absent.
    #[serde(default)]
    pub is_4k: Option<bool>,
    /// Seerr user in whose name is asked; the general setting when absent.
    #[serde(default)]
    pub requested_as: Option<i32>,
    /// Hundredths by which it may shrink between two readings, 0 to 100; the general setting when absent.
    #[serde(default)]
    pub shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back while nothing has come of it;
    /// no when absent.
    #[serde(default)]
    pub withdraws: Option<bool>,
}

/// See [`ToSyncWorker::ChangeList`]. An absent field stays as it is; a field set to null goes back to its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeList {
    /// The list.
    pub list: ListId,
    /// New name.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<Option<String>>,
    /// Whether the schedule reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_sync: Option<bool>,
    /// Only that many entries from the top.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub item_limit: Option<Option<i32>>,
    /// Ask for 4K.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_4k: Option<Option<bool>>,
    /// Seerr user in whose name is asked.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub requested_as: Option<Option<i32>>,
    /// Hundredths by which it may shrink between two readings.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shrink_limit_percent: Option<Option<i32>>,
    /// Whether what was asked for an entry that leaves it is taken back.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub withdraws: Option<Option<bool>>,
}

impl ChangeList {
    /// Changes nothing yet.
    pub fn of(list: ListId) -> Self {
        Self {
            list,
            description: None,
            auto_sync: None,
            item_limit: None,
            is_4k: None,
            requested_as: None,
            shrink_limit_percent: None,
            withdraws: None,
        }
    }
}

/// Tells a field that is absent from one that is null.
pub mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// A present field, null included, becomes `Some`.
    ///
    /// # Errors
    /// When the value is neither null nor a `T`.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }

    /// The inner option; an absent field is left out by `skip_serializing_if`.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .and_then(Option::as_ref)
            .serialize(serializer)
    }
}

/// See [`ToSyncWorker::RemoveList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveList {
    /// The list.
    pub list: ListId,
}

/// See [`ToSyncWorker::AcceptList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptList {
    /// The list.
    pub list: ListId,
}

/// See [`ToSyncWorker::ResolveList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveInput {
    /// A pasted address, an id or a name.
    pub input: String,
    /// The provider's name; absent when `input` is an address.
    #[serde(default)]
    pub list_type: Option<String>,
}

/// See [`ToSyncWorker::ReadList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadList {
    /// The list.
    pub list: ListId,
}

/// See [`ToSyncWorker::AddFile`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddFile {
    /// Name of the file in the folder: `watchlist.csv`.
    pub file: String,
}

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
    /// Answers [`ToSyncWorker::Run`].
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

/// A run by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// The run.
    pub run: RunId,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunProgress {
    /// The run.
    pub run: RunId,
    /// What it is doing.
    pub phase: RunPhase,
    /// Steps of this phase done.
    pub done: u32,
    /// Steps of this phase known of.
    pub total: u32,
    /// The list or title at hand.
    pub item: Option<String>,
}

/// Parts of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// Waits until the runs before it, `total` of them, are over.
    Queued,
    /// Reads what Seerr knows and the lists, side by side.
    Read,
    /// Finds out which titles the entries are.
    Identify,
    /// Decides what to do with each title.
    Plan,
    /// Sends the requests.
    Apply,
    /// Looks whether Seerr has what it confirmed.
    Verify,
    /// Over.
    Ended,
}

/// A run in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Who asked for it.
    pub trigger: RunTrigger,
    /// How it is or ended.
    pub status: RunStatus,
    /// Why it failed or what was missing.
    pub reason: Option<String>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// Entries and titles by what became of them.
    pub counts: RunCounts,
    /// The plan it made or carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
}

/// What became of the titles of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RunCounts {
    /// Entries read from lists.
    pub entries: u32,
    /// Different titles among them.
    pub titles: u32,
    /// Requested by this run.
    pub requested: u32,
    /// Would be requested: of a run that only makes a plan.
    pub planned: u32,
    /// Requested before, by us or by somebody else.
    pub already_requested: u32,
    /// In the library already.
    pub available: u32,
    /// Left out for another reason: declined, blocklisted, deleted, filtered.
    pub skipped: u32,
    /// Entries that wait for a person to say which title they are.
    pub needs_review: u32,
    /// Entries no title was found for.
    pub not_found: u32,
    /// Requests that failed; they are tried again.
    pub failed: u32,
    /// Looked at again with the next run.
    pub waiting: u32,
    /// Requests taken back.
    pub withdrawn: u32,
}

/// How a run ended, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// The run in one line.
    pub summary: RunSummary,
    /// What became of each list.
    pub lists: Vec<ListReport>,
    /// Titles by decision and reason, the most first.
    pub reasons: Vec<ReasonCount>,
}

/// What a run did with one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListReport {
    /// The list.
    pub list: ListId,
    /// Provider and name.
    pub list_type: String,
    /// Its name.
    pub name: String,
    /// How reading it ended.
    pub outcome: FetchKind,
    /// Why it was not read completely, and what can be done.
    pub reason: Option<String>,
    /// Entries read.
    pub read: u32,
    /// Entries whose title is known.
    pub matched: u32,
    /// Titles of this list requested by this run.
    pub requested: u32,
    /// Titles of this list that needed no request.
    pub skipped: u32,
    /// Entries without a certain title.
    pub unmatched: u32,
}

/// How many titles got a decision for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReasonCount {
    /// `requested`, `skipped`, `needs_review`, `not_found`, `failed`.
    pub decision: String,
    /// Why, in words.
    pub reason: String,
    /// Number of titles.
    pub titles: u32,
    /// A few of them.
    pub examples: Vec<String>,
}

/// See [`FromSyncWorker::Lists`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    /// By number.
    pub lists: Vec<ListView>,
}

/// A list as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListView {
    /// Its number.
    pub id: ListId,
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of it.
    pub list_id: String,
    /// Address for people.
    pub list_url: String,
    /// Its name.
    pub description: String,
    /// Entries that are on it, as far as was read.
    pub item_count: i32,
    /// How the last reading ended.
    pub status: FetchKind,
    /// Why, and what can be done.
    pub status_reason: Option<String>,
    /// When it was last read completely.
    pub last_synced: Option<DateTime<Utc>>,
    /// Whether the schedule reads it.
    pub auto_sync: bool,
    /// Only that many entries from the top.
    pub item_limit: Option<i32>,
    /// Ask for 4K; the general setting when absent.
    pub is_4k: Option<bool>,
    /// Seerr user in whose name is asked; the general setting when absent.
    pub requested_as: Option<i32>,
    /// Whether it came from the environment or the settings file.
    pub from_settings: bool,
    /// When it was removed.
    pub removed_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When its definition last changed.
    pub updated_at: DateTime<Utc>,
    /// Why the last reading was not complete, in a word.
    #[serde(default)]
    pub status_cause: Option<Cause>,
    /// When it was last read, however that ended.
    #[serde(default)]
    pub last_read_at: Option<DateTime<Utc>>,
    /// Entries read then.
    #[serde(default)]
    pub last_read_entries: Option<i32>,
    /// Why the last reading that was not complete was not.
    #[serde(default)]
    pub last_error: Option<String>,
    /// When that was.
    #[serde(default)]
    pub last_error_at: Option<DateTime<Utc>>,
    /// Hundredths by which it may shrink between two readings; the general setting when absent.
    #[serde(default)]
    pub shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back; no when absent.
    #[serde(default)]
    pub withdraws: Option<bool>,
    /// What its owner should know; only in the answer to adding the first list of a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What a reading of a list found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListReadSummary {
    /// The list as it is now, with how the reading ended.
    pub list: ListView,
    /// Entries read.
    pub read: u32,
    /// Entries that the site says there are.
    pub announced: Option<u32>,
    /// Entries left out because they are no movie and no show.
    pub dropped: u32,
    /// Movies among the entries.
    pub movies: u32,
    /// Shows and seasons of shows among them.
    pub shows: u32,
    /// Entries with an IMDb id.
    pub with_imdb_id: u32,
    /// Entries with a TMDB id.
    pub with_tmdb_id: u32,
    /// Entries with a TVDB id.
    pub with_tvdb_id: u32,
    /// Entries without any id, which are looked for by title.
    pub without_id: u32,
    /// Entries without a year.
    pub without_year: u32,
    /// Entries that were not on the list before.
    pub added: u32,
    /// Entries that are on it no longer.
    pub left: u32,
    /// Milliseconds it took.
    pub took_ms: u64,
}

/// See [`FromSyncWorker::FileAdded`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAdded {
    /// Lists that are followed from now on.
    pub added: Vec<ListView>,
    /// Lists of the file that were followed before; their next reading takes the new file.
    pub there_already: Vec<ListView>,
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
