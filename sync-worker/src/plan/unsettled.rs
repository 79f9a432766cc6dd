//! Requests that were sent without anybody knowing their end: the process was killed, the answer never
//! came, what was confirmed is not there, or what was answered with an error may be. Decides whether one arrived, may still be under way, or
//! was lost; what follows from that is left to the rules for movies, shows and what left its lists.

use std::time::Duration;

use chrono::NaiveDateTime;
use schema::models::{LedgerStatus, MediaType, SyncedItem};

use super::{
    backoff::{later, pause_before_repeating},
    case::{Case, is_live},
    shows,
};
use crate::target::{MediaStatus, TargetRequest};

/// How the last request of ours ended.
pub(super) enum End<'a> {
    /// None has an unknown end, or it no longer matters how it ended.
    Settled,
    /// The target may be working on it until then.
    Open { until: NaiveDateTime },
    /// The target has it.
    Arrived(&'a TargetRequest),
    /// The target does not have it, and no longer can be working on it.
    Lost(Lost),
}

/// A request of ours that is not there.
pub(super) struct Lost {
    /// In words.
    pub(super) reason: String,
    /// Whether the target had said that it has it.
    pub(super) was_confirmed: bool,
    /// When it may be sent once more.
    pub(super) again_at: NaiveDateTime,
    /// Times it was sent.
    pub(super) attempts: i32,
}

/// How the last request of ours ended.
pub(super) fn end<'a>(case: &Case<'a>) -> End<'a> {
    let Some(row) = case.ledger.filter(|row| is_open(row)) else {
        return End::Settled;
    };
    let arrived = case
        .requests
        .iter()
        .copied()
        .find(|request| is_the_one(row, request));
    if let Some(ours) = arrived {
        return End::Arrived(ours);
    }
    if row.status != LedgerStatus::Requesting {
        return End::Settled; // it failed, as its answer said
    }
    if no_longer_matters(case) {
        return End::Settled;
    }
    if row.request_id.is_some() {
        return End::Lost(Lost {
            reason: format!(
                "{} confirmed our request, does not have it and is asked again",
                case.target()
            ),
            was_confirmed: true,
            again_at: NaiveDateTime::MIN,
            attempts: row.attempts,
        });
    }
    without_answer(case, row)
}

/// Whether a request of ours may be in the target that nobody has seen there. Of one that failed,
/// `request_after` tells that nobody could look.
pub(crate) fn is_open(row: &SyncedItem) -> bool {
    match row.status {
        LedgerStatus::Requesting => true,
        LedgerStatus::Failed | LedgerStatus::FailedPermanent => {
            row.request_id.is_none() && row.request_after.is_some()
        }
        _ => false,
    }
}

/// What was there before we sent is not ours, nor what another user made since.
fn is_the_one(row: &SyncedItem, request: &TargetRequest) -> bool {
    match row.request_id {
        Some(id) => request.id == id,
        None => {
            row.request_after.is_none_or(|before| request.id > before)
                && (request.requested_by.is_none()
                    || row.asked_as_user.is_none()
                    || request.requested_by == row.asked_as_user)
        }
    }
}

fn no_longer_matters(case: &Case<'_>) -> bool {
    let is_movie = case.wish.media_type == MediaType::Movie;
    match case.status {
        MediaStatus::Blocklisted | MediaStatus::Other(_) => true,
        // What is there may be what was there before: the request was for more of it.
        MediaStatus::Available => is_movie || !shows::misses_some(case),
        MediaStatus::Partial if is_movie => true,
        _ => is_movie && case.requests.iter().any(|request| is_live(request)),
    }
}

fn without_answer<'a>(case: &Case<'a>, row: &SyncedItem) -> End<'a> {
    let patience = case.situation.patience;
    let sent_at = row.requesting_since.unwrap_or(row.last_synced);
    // A sender of before this process was gone when it started, and had given up before that.
    let lost_at = if sent_at < patience.started_at {
        patience.started_at.min(later(sent_at, patience.timeout))
    } else {
        sent_at
    };
    let until = later(lost_at, patience.settle);
    if case.situation.now < until {
        return End::Open { until };
    }
    let pause = pause_before_repeating(row.attempts);
    End::Lost(Lost {
        reason: if pause == Duration::ZERO {
            format!(
                "our request left no trace in {} and is sent again",
                case.target()
            )
        } else {
            format!("{} requests for it ended without an answer", row.attempts)
        },
        was_confirmed: false,
        again_at: later(lost_at, pause),
        attempts: row.attempts,
    })
}
