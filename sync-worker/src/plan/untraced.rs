//! Titles of which the target shows no request: new ones, and ones whose request is gone.

use schema::models::{LedgerStatus, SyncedItem};

use super::{Decided, Verdict, case::Case, movies::request, refusals};
use crate::target::MediaStatus;

/// Decides on a movie without any request.
pub(super) fn movie(case: &Case<'_>) -> Decided {
    let Some(row) = case.ledger else {
        return if case.status == MediaStatus::Processing {
            Case::skip(
                LedgerStatus::Adopted,
                format!("{} is getting it already", case.target()),
            )
        } else {
            request(is_new(case))
        };
    };
    match row.status {
        LedgerStatus::Planned | LedgerStatus::Requesting => request(is_new(case)),
        LedgerStatus::Failed => request(AFTER_FAILURE),
        LedgerStatus::Adopted if is_coming(case) => {
            Case::keep(row, format!("{} is getting it already", case.target()))
        }
        LedgerStatus::Adopted => request(OTHERS_GONE),
        LedgerStatus::Requested if is_coming(case) => {
            Case::keep(row, format!("{} is getting it", case.target()))
        }
        LedgerStatus::Requested | LedgerStatus::Available => is_gone(case),
        // A no that stands and what was given up are decided before; this is the safe side.
        LedgerStatus::Declined
        | LedgerStatus::Blocklisted
        | LedgerStatus::Deleted
        | LedgerStatus::Withdrawn
        | LedgerStatus::FailedPermanent => Case::keep(row, row.reason.clone()),
    }
}

/// What a show's vanished request means; none where its seasons have to be looked at.
pub(super) fn show(case: &Case<'_>) -> Option<Decided> {
    let row = case
        .ledger
        .filter(|_| case.requests.is_empty() && !is_coming(case))?;
    match row.status {
        LedgerStatus::Requested => Some(match case.facts {
            None => Decided::new(
                Verdict::AskFacts,
                "its request is gone, and its TVDB id tells why",
            ),
            Some(facts) if !facts.has_tvdb_id => dropped(case, row.attempts),
            Some(_) if refusals::is_wanted_anew(case) => return None,
            Some(_) => is_gone(case),
        }),
        LedgerStatus::Available if refusals::is_wanted_anew(case) => None,
        LedgerStatus::Available => Some(is_gone(case)),
        _ => None,
    }
}

/// A show that the target drops after it has taken the request, because what it hands requests to
/// knows shows by their TVDB ids only. Nobody removed it; it is tried again at growing intervals.
pub(super) fn dropped(case: &Case<'_>, attempts: i32) -> Decided {
    let verdict = Verdict::PutOff {
        attempts: attempts.max(1),
    };
    let reason = format!(
        "{} took the request and dropped it: TMDB has no TVDB id of this show yet",
        case.target()
    );
    Decided::new(verdict, reason).unless(
        "It is tried again by itself; adding the TVDB id to the show's page at themoviedb.org helps.",
    )
}

/// Why a title is asked for whose last request failed.
pub(super) const AFTER_FAILURE: &str = "its last request failed and is repeated";

/// Why a title is asked for that somebody else had asked for.
pub(super) const OTHERS_GONE: &str = "the request somebody else had made is gone";

/// Why a title is asked for the first time.
pub(super) fn is_new(case: &Case<'_>) -> String {
    format!(
        "it is on {} and not in {}",
        case.wish.sources,
        case.target()
    )
}

/// Whether the target is at it, or has some of it, without a request.
pub(super) fn is_coming(case: &Case<'_>) -> bool {
    matches!(
        case.status,
        MediaStatus::Processing | MediaStatus::Partial | MediaStatus::Available
    )
}

fn is_gone(case: &Case<'_>) -> Decided {
    Case::skip(
        LedgerStatus::Deleted,
        format!("somebody removed it from {}", case.target()),
    )
    .unless(refusals::once_more(case))
}

/// Whether the row tells that somebody's request or the library had the title.
pub(super) fn was_there(row: &SyncedItem) -> bool {
    matches!(
        row.status,
        LedgerStatus::Requested | LedgerStatus::Adopted | LedgerStatus::Available
    )
}
