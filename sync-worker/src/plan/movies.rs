//! Movies: there is one thing to ask for, and any request that still holds it settles the matter.

use schema::models::LedgerStatus;

use super::{
    Decided, Verdict,
    backoff::refused_further_on,
    case::{Case, is_live},
    refusals,
    unsettled::Lost,
    untraced,
};
use crate::target::{MediaStatus, RequestStatus, TargetRequest};

/// Decides on a movie that lists want and whose state forbids nothing.
pub(super) fn decide(case: &Case<'_>, lost: Option<Lost>) -> Decided {
    match case.status {
        MediaStatus::Available => {
            return Case::skip(LedgerStatus::Available, "it is in the library");
        }
        MediaStatus::Partial => {
            return Case::skip(LedgerStatus::Available, "it is in the library in part");
        }
        _ => {}
    }
    if let Some(lost) = lost {
        return request(lost.reason);
    }
    if let Some(no) = refusals::by_people(case) {
        return no;
    }
    let is_anew = refusals::is_wanted_anew(case);
    let ours = case.our_newest().filter(|ours| is_live(ours) || !is_anew);
    let newest = || {
        let first = case.requests.first().copied().filter(|_| !is_anew);
        case.newest_live().or(first)
    };
    match ours.or_else(newest) {
        Some(request) => by_request(case, request),
        None if is_anew => request(refusals::ANEW),
        None => untraced::movie(case),
    }
}

/// Asks for it.
pub(super) fn request(reason: impl Into<String>) -> Decided {
    Decided::new(Verdict::Request { seasons: None }, reason)
}

fn by_request(case: &Case<'_>, request: &TargetRequest) -> Decided {
    match request.status {
        RequestStatus::Failed => refused_further_on(case, request),
        RequestStatus::Declined => refusals::is_declined(case, request),
        RequestStatus::Completed
            if case.is_ours(request) && case.status == MediaStatus::Unknown =>
        {
            case.skip_request(
                LedgerStatus::Deleted,
                request,
                "our request for it was carried out, and somebody removed it from the library",
            )
            .unless(refusals::once_more(case))
        }
        RequestStatus::Pending
        | RequestStatus::Approved
        | RequestStatus::Completed
        | RequestStatus::Other(_) => requested(case, request),
    }
}

/// Somebody's request that holds what is wanted.
pub(super) fn requested(case: &Case<'_>, request: &TargetRequest) -> Decided {
    let (status, who) = if case.is_ours(request) {
        (LedgerStatus::Requested, "we have requested it already")
    } else {
        (LedgerStatus::Adopted, "somebody else has requested it")
    };
    if request.status != RequestStatus::Pending {
        return case.skip_request(status, request, who);
    }
    let reason = format!("{who}; the request waits for approval");
    case.skip_request(status, request, reason)
        .unless(format!("Approve the request in {}.", case.target()))
}
