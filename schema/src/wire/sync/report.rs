//! What a run did: in one line, by counters, list by list and reason by reason.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::models::{FetchKind, ListId, PlanId, RunId, RunStatus, RunTrigger};

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
    /// The run that took back what this one had requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<RunId>,
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
    /// Lists that did not fit; [`super::ToSyncWorker::Run`] tells them all.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more_lists: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_none(number: &u32) -> bool {
    *number == 0
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
