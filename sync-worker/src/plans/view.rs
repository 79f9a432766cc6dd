//! Plans as people and programs see them. Pure.

use schema::{
    models::{ListId, Plan, PlanItem, Title},
    wire::sync::{PlanCounts, PlanItemView, PlanView, ReasonCount, RunReport},
};

/// A plan without its titles; `left` is what of it is still to be done.
pub(super) fn plan(plan: &Plan, left: PlanCounts) -> PlanView {
    PlanView {
        id: plan.id,
        status: plan.status,
        target: plan.target.clone(),
        made_by: plan.made_by,
        counts: left,
        created_at: plan.created_at.and_utc(),
        expires_at: plan.expires_at.and_utc(),
        closed_at: plan.closed_at.map(|at| at.and_utc()),
        applied_by: plan.applied_by,
        undoes: plan.undoes,
    }
}

/// One title of it.
pub(super) fn item((item, title): (PlanItem, Title)) -> PlanItemView {
    // Written by us; were it not readable, the words beside it would say the same.
    let lists: Vec<ListId> = serde_json::from_str(&item.lists).unwrap_or_default();
    PlanItemView {
        position: item.position,
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        title: title.title,
        year: title.year,
        is_4k: item.is_4k,
        decision: item.decision,
        reason: item.reason,
        remedy: item.remedy,
        seasons: item.seasons,
        request_id: item.request_id,
        requested_as: item.requested_as,
        lists,
        sources: item.sources,
        outcome: item.outcome,
    }
}

/// What a run reported of those that are not among the titles of its plan.
pub(super) fn reasons(report: RunReport) -> Vec<ReasonCount> {
    let mut reasons = report.reasons;
    reasons.retain(|reason| {
        ["skipped", "needs_review", "not_found"].contains(&reason.decision.as_str())
    });
    reasons
}
