//! Plans: what a run would do, looked at before it is carried out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ReasonCount;
use crate::models::{DecisionKind, ListId, MediaType, PlanId, PlanStatus, RunId, SeasonNumbers};

/// What a plan comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlanCounts {
    /// Titles that would be requested.
    pub requests: u32,
    /// Seasons of shows among them.
    pub seasons: u32,
    /// Failed requests that would be sent on once more.
    pub retries: u32,
    /// Requests that would be taken back.
    pub withdrawals: u32,
    /// Titles that wait for a person.
    pub reviews: u32,
    /// Titles that wait for something else.
    pub waits: u32,
    /// Titles with which nothing is to be done.
    pub skips: u32,
    /// Entries whose title a person has to say.
    pub needs_review: u32,
    /// Entries no title was found for.
    pub not_found: u32,
}

impl PlanCounts {
    /// Counts one title of a plan.
    pub fn count(&mut self, decision: DecisionKind, seasons: Option<&SeasonNumbers>) {
        let counter = match decision {
            DecisionKind::Request => &mut self.requests,
            DecisionKind::Retry => &mut self.retries,
            DecisionKind::Withdraw => &mut self.withdrawals,
            DecisionKind::Review => &mut self.reviews,
            DecisionKind::Wait => &mut self.waits,
            DecisionKind::Skip => &mut self.skips,
        };
        *counter = counter.saturating_add(1);
        if decision == DecisionKind::Request {
            let seasons = seasons.map_or(0, |seasons| seasons.0.len());
            let seasons = u32::try_from(seasons).unwrap_or(u32::MAX);
            self.seasons = self.seasons.saturating_add(seasons);
        }
    }

    /// What is left of it without the titles that `other` counts.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            seasons: self.seasons.saturating_sub(other.seasons),
            retries: self.retries.saturating_sub(other.retries),
            withdrawals: self.withdrawals.saturating_sub(other.withdrawals),
            reviews: self.reviews.saturating_sub(other.reviews),
            waits: self.waits.saturating_sub(other.waits),
            skips: self.skips.saturating_sub(other.skips),
            needs_review: self.needs_review.saturating_sub(other.needs_review),
            not_found: self.not_found.saturating_sub(other.not_found),
        }
    }
}

/// See [`ToSyncWorker::Plans`](super::ToSyncWorker::Plans).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlansRequest {}

/// See [`ToSyncWorker::Plan`](super::ToSyncWorker::Plan).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShowPlan {
    /// The plan; the newest that waits for a person when absent.
    pub plan: Option<PlanId>,
    /// Only titles with this decision.
    pub decision: Option<DecisionKind>,
    /// So many titles at the most; all when absent.
    pub limit: Option<u32>,
    /// Titles to leave out first.
    pub offset: u32,
}

/// See [`ToSyncWorker::DiscardPlan`](super::ToSyncWorker::DiscardPlan).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscardPlan {
    /// The plan; the newest that waits for a person when absent.
    #[serde(default)]
    pub plan: Option<PlanId>,
}

/// See [`FromSyncWorker::Plans`](super::FromSyncWorker::Plans).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Plans {
    /// The newest first, at most 100.
    pub plans: Vec<PlanView>,
}

/// A plan without its titles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanView {
    /// Its number.
    pub id: PlanId,
    /// What became of it.
    pub status: PlanStatus,
    /// Whom it asks: `seerr`.
    pub target: String,
    /// The run that made it.
    pub made_by: RunId,
    /// What it comes to; while it is open, what of that is still to be done.
    pub counts: PlanCounts,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Not carried out after this moment.
    pub expires_at: DateTime<Utc>,
    /// When it was applied, discarded or found to be too old.
    pub closed_at: Option<DateTime<Utc>>,
    /// The run that carries or carried it out.
    pub applied_by: Option<RunId>,
    /// The run whose requests it takes back; absent where it follows the lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RunId>,
}

/// Part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPage {
    /// The plan.
    pub plan: PlanView,
    /// Why titles are skipped and entries have no title, as its run reported it; only in the first part.
    pub reasons: Vec<ReasonCount>,
    /// Titles that were asked for, in all parts.
    pub total: u32,
    /// Titles of this part, in the order in which they are carried out.
    pub items: Vec<PlanItemView>,
}

/// What a plan does with one title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanItemView {
    /// Place in the plan, from 1.
    pub position: i32,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title.
    pub title: String,
    /// Year of its release.
    pub year: Option<i32>,
    /// The quality.
    pub is_4k: bool,
    /// What is to be done.
    pub decision: DecisionKind,
    /// Why.
    pub reason: String,
    /// What would change it, as a sentence.
    pub remedy: Option<String>,
    /// Seasons to ask for; absent for movies.
    pub seasons: Option<SeasonNumbers>,
    /// The request that is retried or withdrawn.
    pub request_id: Option<i32>,
    /// Number of the Seerr user in whose name.
    pub requested_as: i32,
    /// Lists that ask.
    pub lists: Vec<ListId>,
    /// The same in words: `imdb:top, stevenlu:movies`.
    pub sources: String,
    /// What came of it when the plan was carried out.
    pub outcome: Option<String>,
}
