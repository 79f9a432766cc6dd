//! What people said no to: a declined request, a deletion, the block list, a request of ours that was
//! taken back. A no is final until the entry has left its list and come back since. One that was said
//! while the entry was away is older than its return, however late it is noticed: the target tells when
//! it was said; where it does not, a no that is noticed together with the return is the older of both.

use schema::models::{LedgerStatus, SeasonState, SyncedItem};

use super::{
    Decided, Verdict,
    case::{Case, is_going, is_live, is_something},
    movies::requested,
    untraced::is_coming,
};
use crate::target::{MediaStatus, RequestStatus, TargetRequest};

/// Why a title that a person had said no to is asked for after all.
pub(super) const ANEW: &str = "it was put on the list again after a person had said no to it";

/// Whether the entry has come back since a person said no, and nothing was asked for since.
pub(super) fn is_wanted_anew(case: &Case<'_>) -> bool {
    case.ledger.is_some_and(|row| {
        if !is_asked_for(row) && said_at(row).is_some() {
            !stands(case, row)
        } else {
            is_older_than_the_return(case, row)
        }
    })
}

/// Whether the last that the ledger knows is that somebody has the title.
fn is_asked_for(row: &SyncedItem) -> bool {
    matches!(
        row.status,
        LedgerStatus::Requested | LedgerStatus::Available
    )
}

/// Whether there is a no that the ledger does not know yet, and the entry has come back since it was
/// said.
fn is_older_than_the_return(case: &Case<'_>, row: &SyncedItem) -> bool {
    let Some(returned_at) = case.wish.returned_at else {
        return false;
    };
    let is_held = case.requests.iter().any(|request| is_live(request));
    if is_held || row.status == LedgerStatus::Requesting {
        return false;
    }
    // A no to what was asked for since the return is later, whatever the clocks say.
    let is_to_it = case.requests.first().is_some_and(|newest| {
        row.created_by_us
            && row.request_id == Some(newest.id)
            && row.requested_at.is_some_and(|asked| asked > returned_at)
    });
    if is_to_it {
        return false;
    }
    let newest = case.requests.first().map(|request| request.status);
    let is_shown = case.status == MediaStatus::Deleted || newest == Some(RequestStatus::Declined);
    let is_gone = is_asked_for(row) && !is_coming(case);
    match case.refused_at.filter(|_| is_shown) {
        Some(said_at) => returned_at > said_at,
        None => (is_shown || is_gone) && returned_at >= case.situation.began_at,
    }
}

/// What the state of the title in the target forbids for good.
pub(super) fn by_state(case: &Case<'_>) -> Option<Decided> {
    match case.status {
        MediaStatus::Blocklisted => Some(
            Case::skip(
                LedgerStatus::Blocklisted,
                format!("it is on {}'s block list", case.target()),
            )
            .unless(format!(
                "Take it off the block list in {}, then remove it from its list and add it again.",
                case.target()
            )),
        ),
        // It is called deleted also while a new request for it is under way.
        MediaStatus::Deleted
            if !case.requests.iter().any(|request| is_live(request)) && !is_wanted_anew(case) =>
        {
            Some(
                Case::skip(LedgerStatus::Deleted, "it was deleted from the library")
                    .unless(once_more(case)),
            )
        }
        MediaStatus::Other(number) => Some(
            Decided::new(
                Verdict::Wait,
                format!(
                    "{} reports a state this version does not know ({number})",
                    case.target()
                ),
            )
            .unless("Update ListSync to a version that knows it."),
        ),
        _ => None,
    }
}

/// A person's no that stands, as the requests and the ledger tell.
pub(super) fn by_people(case: &Case<'_>) -> Option<Decided> {
    if is_wanted_anew(case) {
        return None;
    }
    if let Some(declined) = our_declined(case) {
        return Some(is_declined(case, declined));
    }
    if let Some(ours) = case.our_newest().filter(|ours| is_live(ours)) {
        // Let go ahead after all; but what was taken back is not what another request of ours asks for.
        let is_another = |row: &&SyncedItem| {
            row.status == LedgerStatus::Withdrawn && row.request_id != Some(ours.id)
        };
        return case.ledger.filter(is_another).and_then(|_| kept(case));
    }
    match case.requests.first() {
        Some(newest) if newest.status == RequestStatus::Declined => Some(is_declined(case, newest)),
        // Somebody else has asked meanwhile: a show is not topped up for that.
        Some(newest) if is_going(newest) => kept(case)
            .filter(|_| !case.is_movie())
            .map(|_| requested(case, newest)),
        _ => kept(case),
    }
}

/// The last request we made, if it was declined; of a show also an earlier one, as far as seasons are
/// wanted that nothing but it was asked for.
fn our_declined<'a>(case: &Case<'a>) -> Option<&'a TargetRequest> {
    let is_no = |request: &&TargetRequest| request.status == RequestStatus::Declined;
    case.our_newest().filter(is_no).or_else(|| {
        case.requests.iter().copied().filter(is_no).find(|request| {
            case.asked.iter().any(|asked| {
                asked.state == SeasonState::Requested
                    && asked.request_id == Some(request.id)
                    && case.wants(asked.season)
                    && !case.is_there(asked.season)
            })
        })
    })
}

/// Decides that a declined request is a no.
pub(super) fn is_declined(case: &Case<'_>, request: &TargetRequest) -> Decided {
    let reason = if case.is_movie() {
        "its request was declined"
    } else {
        "its request was declined, and with it the whole show"
    };
    case.skip_request(LedgerStatus::Declined, request, reason)
        .unless(format!(
            "Approve the request in {}, or remove the title from its list and add it again.",
            case.target()
        ))
}

/// The no that the ledger remembers.
fn kept(case: &Case<'_>) -> Option<Decided> {
    let row = case.ledger.filter(|row| stands(case, row))?;
    let (status, reason) = match row.status {
        LedgerStatus::Declined => (row.status, "its request was declined"),
        LedgerStatus::Blocklisted => (row.status, "it was on the block list"),
        LedgerStatus::Deleted => (row.status, "somebody removed it"),
        LedgerStatus::Withdrawn => (row.status, "our request for it was taken back"),
        // Somebody else had asked for it meanwhile, and that request is gone.
        LedgerStatus::Adopted => (
            LedgerStatus::Declined,
            "a person had said no to it, and nobody else asks for it any more",
        ),
        LedgerStatus::Available if !case.is_movie() && is_something(case.status) => (
            row.status,
            "it is in the library in part, and a person said no to the rest",
        ),
        _ => return None,
    };
    let mut decided = Case::keep(row, reason).unless(once_more(case));
    if let Verdict::Skip { status: said, .. } = &mut decided.verdict {
        *said = status;
    }
    Some(decided)
}

/// Whether the no in the ledger has not been answered by the entry's coming anew.
fn stands(case: &Case<'_>, row: &SyncedItem) -> bool {
    let Some(said_at) = said_at(row) else {
        return false;
    };
    let is_after = |moment: Option<chrono::NaiveDateTime>| moment.is_some_and(|at| at > said_at);
    // What we took back because nobody asked any more may come from any list, unless one that this run
    // is not about has had it all the time.
    let has_come = is_after(case.wish.returned_at)
        || row.status == LedgerStatus::Withdrawn
            && !case.wish.is_wanted_elsewhere
            && is_after(case.wish.wanted_since);
    row.status != LedgerStatus::Requested && !has_come
}

/// When the no in the ledger was said.
fn said_at(row: &SyncedItem) -> Option<chrono::NaiveDateTime> {
    let is_no = matches!(
        row.status,
        LedgerStatus::Declined
            | LedgerStatus::Blocklisted
            | LedgerStatus::Deleted
            | LedgerStatus::Withdrawn
    );
    row.refused_at.or(is_no.then_some(row.last_synced))
}

/// What lets a person have a title that was said no to.
pub(super) fn once_more(case: &Case<'_>) -> String {
    format!(
        "Remove it from its list and add it again, or request it in {}.",
        case.target()
    )
}
