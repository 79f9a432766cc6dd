//! Titles that a run requested which a person wants undone. Our request is taken back while nothing has
//! come of it; what is in the library or on its way there, and what somebody else asked for, is left. What
//! was taken back stays so (`refusals`), also while the title stays on its lists.

use schema::models::{LedgerStatus, RunId, SyncedItem};

use super::{
    Decided, Known, Situation, Verdict, Wish,
    case::{Case, is_live},
    covered::named,
    unsettled::{self, End},
};
use crate::target::{MediaStatus, RequestStatus, TargetRequest};

/// Decides whether the request that `run` made for the wish's title is taken back.
pub(crate) fn undo(
    wish: &Wish,
    known: Known<'_>,
    situation: Situation<'_>,
    (run, request_id): (RunId, i32),
) -> Decided {
    let case = Case::new(wish, known, situation);
    let Some(row) = case.ledger else {
        let reason = format!("run {run} is undone; nothing is known of its request any more");
        let remedy = format!("If {} still has it, delete it there.", case.target());
        return Decided::new(Verdict::Wait, reason).unless(remedy);
    };
    // Taking one back now would lose sight of the other.
    match unsettled::end(&case) {
        End::Open { until } => {
            let reason = format!(
                "run {run} is undone; a later request for it was sent and its end is not known yet"
            );
            return Decided::new(Verdict::Settle { until }, reason);
        }
        End::Arrived(later) if later.id != request_id => {
            let reason = format!(
                "run {run} is undone; a later request for it is noted by the next sync first"
            );
            let remedy = "Undo it once more after the next sync.";
            return Decided::new(Verdict::Wait, reason).unless(remedy);
        }
        _ => {}
    }
    // What we would ask for again is not asked for any more.
    if is_lost(&case, row, request_id) {
        let reason = format!(
            "run {run} is undone; its request is gone from {} already",
            case.target()
        );
        return Case::skip(LedgerStatus::Withdrawn, reason);
    }
    match withdrawable(&case, row, request_id) {
        Ok(request) => {
            let others = if is_asked_by_others(&case, request_id) {
                "; what somebody else asked for stays"
            } else {
                ""
            };
            let reason =
                format!("run {run} is undone, and nothing has come of its request{others}");
            let request_id = request.id;
            Decided::new(Verdict::Withdraw { request_id }, reason)
        }
        Err(Left { why, remedy }) => Decided {
            remedy,
            ..Case::keep(row, format!("run {run} is undone; {why}"))
        },
    }
}

/// Why a request is left, and what a person can do about it.
struct Left {
    why: String,
    remedy: Option<String>,
}

impl From<&str> for Left {
    fn from(why: &str) -> Self {
        let (why, remedy) = (why.to_owned(), None);
        Self { why, remedy }
    }
}

/// The request, if nothing has come of it. That it is ours is recorded, also where the ledger has turned to
/// a later one since.
fn withdrawable<'a>(
    case: &Case<'a>,
    row: &SyncedItem,
    request_id: i32,
) -> Result<&'a TargetRequest, Left> {
    let found = case
        .requests
        .iter()
        .find(|request| request.id == request_id);
    let Some(request) = found.copied() else {
        return Err(gone(case, row));
    };
    match request.status {
        RequestStatus::Declined => return Err("its request was declined".into()),
        RequestStatus::Completed => return Err("its request was carried out".into()),
        RequestStatus::Other(number) => {
            let why = format!(
                "{} reports a state of its request that this version does not know ({number})",
                case.target()
            );
            let remedy = Some("Update ListSync to a version that knows it.".to_owned());
            return Err(Left { why, remedy });
        }
        RequestStatus::Pending | RequestStatus::Approved | RequestStatus::Failed => {}
    }
    in_library(case, request)?;
    if let Some(why) = case.would_forget() {
        let remedy = Some(format!("Decline the request in {}.", case.target()));
        return Err(Left { why, remedy });
    }
    if request.status == RequestStatus::Approved && case.is_handed_on {
        return Err(on_its_way(case));
    }
    Ok(request)
}

/// Whether the request is gone and the ledger would have it repeated.
fn is_lost(case: &Case<'_>, row: &SyncedItem, request_id: i32) -> bool {
    let is_gone = !case.requests.iter().any(|request| request.id == request_id);
    let is_repeated = matches!(
        row.status,
        LedgerStatus::Requesting
            | LedgerStatus::Failed
            | LedgerStatus::FailedPermanent
            | LedgerStatus::Planned
    );
    is_gone
        && is_repeated
        && row.request_id == Some(request_id)
        && case.status != MediaStatus::Blocklisted
        && !has_come(case.status)
}

/// Why there is no such request any more.
fn gone(case: &Case<'_>, row: &SyncedItem) -> Left {
    // Requests of titles on the block list are not shown.
    if case.status == MediaStatus::Blocklisted {
        return format!("it is on {}'s block list", case.target())
            .as_str()
            .into();
    }
    if row.status == LedgerStatus::Withdrawn {
        return "its request was taken back already".into();
    }
    if case.is_movie() && has_come(case.status) {
        return IN_LIBRARY.into();
    }
    format!("its request is gone from {} already", case.target())
        .as_str()
        .into()
}

const IN_LIBRARY: &str = "it is in the library and stays there";

/// Refuses what the library has, of a show the seasons that were asked for.
fn in_library(case: &Case<'_>, request: &TargetRequest) -> Result<(), Left> {
    let there: Vec<i32> = case
        .library()
        .filter(|(_, status)| has_come(*status))
        .map(|(season, _)| season)
        .collect();
    if case.is_movie() || there.is_empty() || request.seasons.is_empty() {
        let is_there = has_come(case.status) || !there.is_empty();
        return if is_there {
            Err(IN_LIBRARY.into())
        } else {
            Ok(())
        };
    }
    let asked = there.iter().copied();
    let asked: Vec<i32> = asked
        .filter(|season| request.seasons.contains(season))
        .collect();
    if !asked.is_empty() {
        let (what, is) = named(&asked.into_iter().collect(), "is", "are");
        let stays = if is == "is" { "stays" } else { "stay" };
        return Err(format!("{what} in the library and {stays} there")
            .as_str()
            .into());
    }
    // With its last request a show that is there in part would count as not there at all.
    let is_last = case.requests.len() == 1;
    if is_last && case.status == MediaStatus::Partial {
        let why = format!(
            "other seasons are in the library, and {} would forget them with its only request",
            case.target()
        );
        let remedy = Some(format!("Decline the request in {}.", case.target()));
        return Err(Left { why, remedy });
    }
    Ok(())
}

fn on_its_way(case: &Case<'_>) -> Left {
    Left {
        why: format!(
            "{} has handed its request on, which taking it back would not stop",
            case.target()
        ),
        remedy: Some(format!(
            "If it is not wanted, delete it in {} and in the program that fetches it.",
            case.target()
        )),
    }
}

fn has_come(status: MediaStatus) -> bool {
    matches!(status, MediaStatus::Partial | MediaStatus::Available)
}

/// Whether another request stands that is not ours.
fn is_asked_by_others(case: &Case<'_>, request_id: i32) -> bool {
    let mut others = case
        .requests
        .iter()
        .filter(|request| request.id != request_id);
    others.any(|request| is_live(request) && !case.is_ours(request))
}
