//! Shows: seasons are asked for one by one, so what matters is which of them are missing, not what the
//! target says of the show as a whole.

use schema::models::LedgerStatus;

use super::{
    Decided, Verdict,
    backoff::refused_further_on,
    case::{Case, is_something},
    covered::{self, named},
    refusals,
    seasons::{self, Seasons},
    unsettled::Lost,
    untraced,
};
use crate::target::{MediaStatus, RequestStatus, TargetRequest};

/// Decides on a show that lists want and whose state forbids nothing.
pub(super) fn decide(case: &Case<'_>, lost: Option<Lost>) -> Decided {
    let is_given_up = case.ledger_status() == Some(LedgerStatus::FailedPermanent);
    if case.status == MediaStatus::Available && (is_given_up || !may_get_more(case)) {
        return covered::in_library();
    }
    if let Some(lost) = &lost {
        if lost.was_confirmed && case.facts.is_some_and(|facts| !facts.has_tvdb_id) {
            return untraced::dropped(case, lost.attempts);
        }
    } else if let Some(no) = refusals::by_people(case).or_else(|| untraced::show(case)) {
        return no;
    }
    let refused = blocking(case).map(|request| refused_further_on(case, request));
    if let Some(now) = refused
        .as_ref()
        .filter(|decided| decided.verdict != Verdict::Wait)
    {
        return now.clone();
    }
    let Some(facts) = case.facts else {
        let ask = || Decided::new(Verdict::AskFacts, "its seasons are not known yet");
        return refused.unwrap_or_else(ask);
    };
    let sorted = seasons::sort(case, facts);
    if sorted.missing.is_empty() {
        return refused.unwrap_or_else(|| covered::decide(case, &sorted));
    }
    let reason = lost.map_or_else(|| why_now(case, &sorted), |lost| lost.reason);
    let seasons = Some(sorted.missing);
    Decided::new(Verdict::Request { seasons }, reason)
}

/// Whether a show that is in the library misses what follows because that request is refused further
/// on.
pub(super) fn is_blocked(case: &Case<'_>) -> bool {
    may_get_more(case) && blocking(case).is_some()
}

/// Whether a show that is in the library misses seasons that may be asked for.
pub(super) fn misses_some(case: &Case<'_>) -> bool {
    may_get_more(case)
        && case
            .facts
            .is_some_and(|facts| !seasons::sort(case, facts).missing.is_empty())
}

/// Whether something may follow of a show that is in the library: only where it is known what is there
/// and what has aired, and nobody has said no.
fn may_get_more(case: &Case<'_>) -> bool {
    case.facts.is_some()
        && case.library().any(|(_, status)| is_something(status))
        && refusals::by_people(case).is_none()
}

/// A request that was refused further on and holds seasons that are wanted and not there.
fn blocking<'a>(case: &Case<'a>) -> Option<&'a TargetRequest> {
    let is_in_the_way = |season: &i32| case.wants(*season) && !case.is_there(*season);
    case.requests.iter().copied().find(|request| {
        request.status == RequestStatus::Failed
            && (request.seasons.is_empty() || request.seasons.iter().any(is_in_the_way))
    })
}

fn why_now(case: &Case<'_>, sorted: &Seasons) -> String {
    if refusals::is_wanted_anew(case) {
        return refusals::ANEW.to_owned();
    }
    if !sorted.is_first {
        let (what, is) = named(&sorted.missing, "has", "have");
        return format!("{what} aired and {is} neither in the library nor requested");
    }
    match case.ledger_status() {
        Some(LedgerStatus::Failed) => untraced::AFTER_FAILURE.to_owned(),
        Some(LedgerStatus::Adopted) => untraced::OTHERS_GONE.to_owned(),
        _ => untraced::is_new(case),
    }
}
