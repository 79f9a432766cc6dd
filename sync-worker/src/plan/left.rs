//! Titles that no list of a run asks for any more. What was asked for stays, unless a list they were on says
//! otherwise; then our request is taken back while nothing has come of it. What is in the library, and
//! what somebody else asked for, is never touched.

use schema::models::{LedgerStatus, SyncedItem};

use super::{
    Decided, Verdict,
    case::{Case, is_live, is_something},
    refusals,
    unsettled::End,
};
use crate::target::{MediaStatus, RequestStatus, TargetRequest};

/// Decides on a title that has left every list.
pub(super) fn decide<'a>(case: &Case<'a>, end: &End<'a>) -> Decided {
    let Some(row) = case.ledger else {
        return Decided::new(
            Verdict::Wait,
            format!("{}; it was never asked for", left(case)),
        )
        .unless("Put it on a list that is followed.");
    };
    let arrived = match end {
        End::Open { until } => {
            let verdict = Verdict::Settle { until: *until };
            return Decided::new(
                verdict,
                format!(
                    "{}, and a request was sent whose end is not known yet",
                    left(case)
                ),
            );
        }
        End::Lost(_) => {
            let reason = format!("{}, and our request never arrived", left(case));
            return Case::skip(LedgerStatus::Planned, reason);
        }
        End::Arrived(request) => Some(*request),
        End::Settled => None,
    };
    let ours = arrived.or_else(|| case.our_newest());
    if let Some(declined) = ours.filter(|ours| ours.status == RequestStatus::Declined) {
        return refusals::is_declined(case, declined).ours();
    }
    match withdrawable(case, arrived) {
        Ok(_) if takes_back(case) && case.would_forget().is_some() => {
            let why = case.would_forget().unwrap_or_default();
            untouched(case, row, arrived, &why)
                .unless(format!("Decline the request in {}.", case.target()))
        }
        Ok(request) if takes_back(case) => {
            let request_id = request.id;
            Decided::new(
                Verdict::Withdraw { request_id },
                format!("{}, and nothing has come of our request yet", left(case)),
            )
        }
        Ok(request) => stays(case, row, arrived.is_some().then_some(request)),
        Err(why) => untouched(case, row, arrived, why),
    }
}

/// Whether the lists it was on say so, and no other list has it.
fn takes_back(case: &Case<'_>) -> bool {
    case.wish.withdraws && !case.wish.is_wanted_elsewhere
}

fn left(case: &Case<'_>) -> String {
    format!("it has left {}", case.wish.sources)
}

/// Our request of which nothing has come, or why there is none.
fn withdrawable<'a>(
    case: &Case<'a>,
    arrived: Option<&'a TargetRequest>,
) -> Result<&'a TargetRequest, &'static str> {
    let has_come = |status| matches!(status, MediaStatus::Partial | MediaStatus::Available);
    if has_come(case.status) || case.library().any(|(_, status)| has_come(status)) {
        return Err("it is in the library and stays there");
    }
    if matches!(
        case.status,
        MediaStatus::Blocklisted | MediaStatus::Other(_)
    ) {
        return Err("nothing is asked for it now");
    }
    match arrived
        .filter(|request| is_live(request))
        .or_else(|| case.our_live())
    {
        Some(ours) => Ok(ours),
        None if case.newest_live().is_some() => Err("the request for it is somebody else's"),
        None => Err("nothing is asked for it now"),
    }
}

/// Nothing says that our request is to be taken back.
fn stays(case: &Case<'_>, row: &SyncedItem, arrived: Option<&TargetRequest>) -> Decided {
    let why = if case.wish.is_wanted_elsewhere {
        "another list has it, so what was asked for stays"
    } else {
        "what was asked for stays"
    };
    let reason = format!("{}; {why}", left(case));
    let decided = match arrived {
        Some(request) => is_there(case, request, reason),
        None => Case::keep(row, reason),
    };
    if case.wish.is_wanted_elsewhere {
        return decided;
    }
    decided.unless(format!(
        "Take the request back in {}, or have the list withdraw what leaves it.",
        case.target()
    ))
}

/// What is not ours to take back, or too late to.
fn untouched(
    case: &Case<'_>,
    row: &SyncedItem,
    arrived: Option<&TargetRequest>,
    why: &str,
) -> Decided {
    let reason = format!("{}; {why}", left(case));
    match arrived {
        Some(request) => is_there(case, request, reason),
        None if row.status == LedgerStatus::Requesting => Case::skip(settled(case), reason),
        None => Case::keep(row, reason),
    }
}

/// The request whose end was not known is there, and ours.
fn is_there(case: &Case<'_>, request: &TargetRequest, reason: String) -> Decided {
    case.skip_request(LedgerStatus::Requested, request, reason)
        .ours()
}

/// Where a title is whose request with an unknown end no longer matters.
fn settled(case: &Case<'_>) -> LedgerStatus {
    match case.status {
        MediaStatus::Blocklisted => LedgerStatus::Blocklisted,
        MediaStatus::Available => LedgerStatus::Available,
        MediaStatus::Partial if case.is_movie() => LedgerStatus::Available,
        status if case.newest_live().is_some() || is_something(status) => LedgerStatus::Adopted,
        _ => LedgerStatus::Planned,
    }
}
