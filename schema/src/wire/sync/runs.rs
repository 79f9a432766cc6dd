//! Runs as they are asked for, waited for and looked back at.

use serde::{Deserialize, Serialize};

use super::{RunReport, RunSummary, StartRun};
use crate::models::{LedgerStatus, ListId, MediaType, PlanId, RunId, SyncedItem};

/// See [`super::FromSyncWorker::RunStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// The run. One that was asked for before and has not begun is not queued twice.
    pub run: RunId,
    /// Whether it waits until the runs before it are over.
    #[serde(default)]
    pub is_queued: bool,
}

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
}

impl From<&StartRun> for RunScope {
    fn from(start: &StartRun) -> Self {
        Self {
            lists: start.lists.clone(),
            titles: u32::try_from(start.custom.len()).unwrap_or(u32::MAX),
            only_plans: start.only_plans,
            plan: start.plan,
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

impl StartRun {
    /// Whether it is about everything that is synced automatically, and carries it out.
    pub fn is_full(&self) -> bool {
        self.lists.is_empty() && self.custom.is_empty() && !self.only_plans && self.plan.is_none()
    }

    /// It with its lists in order, each once.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.lists.sort_unstable();
        self.lists.dedup();
        self
    }

    /// Whether a run for `other` does what this asks for: then one of them is enough. Titles given
    /// directly are never the same, so that none is lost.
    pub fn is_done_by(&self, other: &Self) -> bool {
        self.custom.is_empty()
            && other.custom.is_empty()
            && self.lists == other.lists
            && self.only_plans == other.only_plans
            && self.plan == other.plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{models::RunTrigger, wire::sync::CustomEntry};

    fn lists(lists: &[i32]) -> StartRun {
        StartRun {
            lists: lists.iter().copied().map(ListId).collect(),
            ..StartRun::everything(RunTrigger::Manual)
        }
        .in_order()
    }

    #[test]
    fn the_same_lists_in_another_order_are_the_same_run() {
        assert!(lists(&[3, 1, 3]).is_done_by(&lists(&[1, 3])));
        assert!(!lists(&[1]).is_done_by(&lists(&[1, 3])));
        assert!(!lists(&[1]).is_done_by(&lists(&[])));
        let planned = StartRun {
            only_plans: true,
            ..lists(&[])
        };
        assert!(!lists(&[]).is_done_by(&planned));
        assert!(!lists(&[]).is_done_by(&StartRun {
            plan: Some(PlanId(3)),
            ..lists(&[])
        }));
        let scheduled = StartRun {
            trigger: RunTrigger::Schedule,
            ..lists(&[])
        };
        assert!(lists(&[]).is_done_by(&scheduled), "whoever asked");
    }

    #[test]
    fn titles_given_directly_are_never_the_same_run() {
        let titles = StartRun {
            custom: vec![CustomEntry::default()],
            ..lists(&[])
        };
        assert!(!titles.is_done_by(&titles.clone()));
        assert!(!titles.is_full());
    }

    #[test]
    fn only_what_carries_out_everything_is_full() {
        assert!(lists(&[]).is_full());
        assert!(!lists(&[1]).is_full());
        let planned = StartRun {
            only_plans: true,
            ..lists(&[])
        };
        assert!(!planned.is_full());
    }
}
