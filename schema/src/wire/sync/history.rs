//! Runs looked back at: those that wait, go on and are over.

use serde::{Deserialize, Serialize};

use super::{RunReport, RunSummary, StartRun};
use crate::models::{LedgerStatus, ListId, MediaType, PlanId, RunId, SyncedItem};

/// See [`super::ToSyncWorker::Runs`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunsRequest {
    /// How many, 1 to 1,000.
    pub limit: u32,
}

/// See [`super::FromSyncWorker::Runs`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    /// The newest first.
    pub runs: Vec<RunView>,
}

/// See [`super::ToSyncWorker::Run`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The run; absent for the newest.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// A run as people look back at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunView {
    /// It in one line.
    pub summary: RunSummary,
    /// What it was about.
    pub scope: RunScope,
    /// Times it was taken up again after the sync-worker had died.
    pub taken_up: i32,
}

/// What a run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunScope {
    /// These lists; none for all that are synced automatically.
    pub lists: Vec<ListId>,
    /// That many titles given directly instead of lists.
    pub titles: u32,
    /// It only makes a plan.
    pub only_plans: bool,
    /// It carries out this plan.
    pub plan: Option<PlanId>,
    /// It takes back what this run requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<RunId>,
}

impl From<&StartRun> for RunScope {
    fn from(start: &StartRun) -> Self {
        Self {
            lists: start.lists.clone(),
            titles: u32::try_from(start.custom.len()).unwrap_or(u32::MAX),
            only_plans: start.only_plans,
            plan: start.plan,
            undo: start.undo,
        }
    }
}

/// One run with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDetails {
    /// What it was about.
    pub scope: RunScope,
    /// Times it was taken up again after the sync-worker had died.
    pub taken_up: i32,
    /// How it is or ended. Lists and reasons are those of a run that has ended and whose report is kept.
    pub report: RunReport,
    /// Titles that it failed with and no later run changed, at most [`RunDetails::FAILURES`].
    pub failures: Vec<RunFailure>,
}

impl RunDetails {
    /// Most failures that are shown.
    pub const FAILURES: i64 = 100;
}

/// A title that a run failed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunFailure {
    /// Its title.
    pub title: String,
    /// Its year.
    pub year: Option<i32>,
    /// Movie or show.
    pub media_type: MediaType,
    /// The quality.
    pub is_4k: bool,
    /// Why, in words.
    pub reason: String,
    /// What the target said.
    pub cause: Option<String>,
    /// Whether it waits for a person, instead of being tried again.
    pub is_permanent: bool,
}

impl From<SyncedItem> for RunFailure {
    fn from(item: SyncedItem) -> Self {
        Self {
            title: item.title,
            year: item.year,
            media_type: item.media_type,
            is_4k: item.is_4k,
            reason: item.reason,
            cause: item.error_message,
            is_permanent: item.status == LedgerStatus::FailedPermanent,
        }
    }
}
