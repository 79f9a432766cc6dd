//! What was asked of the target for a title and what came of it, as steps of its story. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use runtime::counted;
use schema::{
    models::{LedgerSeason, LedgerStatus, SeasonNumbers, SeasonState, SyncedItem},
    wire::sync::StoryStep,
};

use super::{
    timeline::{Rank, Timeline, detailed, step},
    words,
};

/// The steps of one row of the ledger; `is_told` when a decision has told its reason, `retried_at` when
/// it was last decided to have the request sent on again.
pub(super) fn steps(
    row: &SyncedItem,
    seasons: &[LedgerSeason],
    is_told: bool,
    retried_at: Option<NaiveDateTime>,
    target: &str,
    timeline: &mut Timeline,
) {
    let quality = if row.is_4k { " in 4K" } else { "" };
    let is_ours = row.created_by_us && row.request_id.is_some();
    if is_ours {
        let at = row.requested_at.unwrap_or(row.last_synced);
        timeline.ranked(at, Rank::Done, request(row, seasons, target, quality));
    }
    if let Some(told) = retry(row, target, quality) {
        timeline.ranked(retried_at.unwrap_or(row.last_synced), Rank::Done, told);
    }
    if let Some((at, rank, mut told)) = state(row, target, quality, is_ours) {
        if is_told {
            told.details.retain(|detail| *detail != row.reason);
        }
        timeline.ranked(at, rank, told);
    }
}

fn request(row: &SyncedItem, seasons: &[LedgerSeason], target: &str, quality: &str) -> StoryStep {
    let number = row
        .request_id
        .map_or_else(String::new, |id| format!(" {id}"));
    let user = row
        .asked_as_user
        .map_or_else(String::new, |user| format!(", in the name of user {user}"));
    detailed(
        format!("{target} took our request{number}{quality}{user}"),
        told_seasons(seasons),
    )
}

/// That a failed request was sent on again and is there since.
fn retry(row: &SyncedItem, target: &str, quality: &str) -> Option<StoryStep> {
    let is_there = matches!(row.status, LedgerStatus::Requested | LedgerStatus::Adopted);
    let next = row.retry_at.filter(|_| is_there && row.attempts > 0)?;
    let number = row
        .request_id
        .map_or_else(String::new, |id| format!(" {id}"));
    let times = counted(row.attempts, "time", "times");
    Some(detailed(
        format!("{target} sent the failed request{number}{quality} on once more"),
        vec![format!(
            "{times} so far; if it fails again, not before {}",
            next.format("%F %R UTC")
        )],
    ))
}

/// `seasons 1 to 4 in request 17`, those of others after ours.
fn told_seasons(seasons: &[LedgerSeason]) -> Vec<String> {
    let mut ours: BTreeMap<Option<i32>, SeasonNumbers> = BTreeMap::new();
    let mut others = SeasonNumbers::default();
    for season in seasons {
        match season.state {
            SeasonState::Requested => {
                let numbers = ours.entry(season.request_id).or_default();
                numbers.0.insert(season.season);
            }
            SeasonState::Adopted => {
                others.0.insert(season.season);
            }
        }
    }
    let mut told: Vec<String> = ours
        .iter()
        .map(|(request, numbers)| match request {
            Some(request) => format!("{} in request {request}", words::seasons(numbers)),
            None => format!("{} asked for by us", words::seasons(numbers)),
        })
        .collect();
    if !others.is_empty() {
        told.push(format!(
            "{} in the library or somebody else's request",
            words::seasons(&others)
        ));
    }
    told
}

/// What the ledger says beyond our request, and since when.
fn state(
    row: &SyncedItem,
    target: &str,
    quality: &str,
    is_ours: bool,
) -> Option<(NaiveDateTime, Rank, StoryStep)> {
    let refused = row.refused_at.unwrap_or(row.last_synced);
    let seen = |what: String| Some((row.last_synced, Rank::Seen, with_reason(row, what)));
    let refusal = |what: String| Some((refused, Rank::Seen, step(what)));
    match row.status {
        LedgerStatus::Planned => None,
        LedgerStatus::Requesting => {
            let what = format!("a request{quality} was sent; its end is not known");
            let since = row.requesting_since.unwrap_or(row.last_synced);
            Some((since, Rank::Done, step(what)))
        }
        // Our request tells it.
        LedgerStatus::Requested if is_ours => None,
        LedgerStatus::Requested => seen(format!("{target} had it requested{quality}")),
        LedgerStatus::Adopted => seen(format!("{target} had it{quality} without our doing")),
        LedgerStatus::Available => seen(format!("{target} had it in the library{quality}")),
        LedgerStatus::Failed | LedgerStatus::FailedPermanent => {
            Some((row.last_synced, Rank::Done, failure(row, quality)))
        }
        LedgerStatus::Declined => refusal(format!("a person had declined it in {target}{quality}")),
        LedgerStatus::Blocklisted => refusal(format!("{target} had it on its block list")),
        LedgerStatus::Deleted => refusal(format!("a person had removed it from {target}{quality}")),
        LedgerStatus::Withdrawn => {
            let what = format!("our request{quality} was taken back");
            Some((row.last_synced, Rank::Done, with_reason(row, what)))
        }
    }
}

fn with_reason(row: &SyncedItem, what: String) -> StoryStep {
    detailed(what, vec![row.reason.clone()])
}

fn failure(row: &SyncedItem, quality: &str) -> StoryStep {
    let end = if row.status == LedgerStatus::FailedPermanent {
        " and it was given up"
    } else {
        ""
    };
    let which = if row.attempts > 0 {
        format!("attempt {}{quality} failed{end}", row.attempts)
    } else {
        format!("it failed{quality}{end}")
    };
    let why = row
        .error_message
        .clone()
        .unwrap_or_else(|| row.reason.clone());
    detailed(which, vec![why])
}
