//! Which seasons of a show are to be asked for. Nothing but numbers: whose no stands and what a
//! vanished request means is decided before.
//!
//! The first request asks for every wanted season, aired or not. After that a season is asked for when
//! it has aired and is neither in the library, nor in a request that still holds it, nor one that was
//! there before and is gone: somebody deleted that.

use std::collections::BTreeSet;

use schema::models::{LedgerStatus, SeasonNumbers, SeasonState, TitleFacts};

use super::{
    SeasonsWanted,
    case::{Case, is_live, is_something},
    refusals::is_wanted_anew,
    untraced::was_there,
};
use crate::target::{MediaStatus, RequestStatus};

/// The seasons of a show, by what is to be done about them.
#[derive(Debug, Default)]
pub(super) struct Seasons {
    /// To be asked for now.
    pub(super) missing: SeasonNumbers,
    /// Wanted and not aired.
    pub(super) unaired: SeasonNumbers,
    /// Named by a list and not known to TMDB.
    pub(super) unknown: SeasonNumbers,
    /// Wanted, there before, and gone.
    pub(super) left: SeasonNumbers,
    /// Whether a wanted season is in the library or held by a request.
    pub(super) has_some: bool,
    /// Whether nobody asked for any of it before.
    pub(super) is_first: bool,
}

/// Sorts the seasons of a show.
pub(super) fn sort(case: &Case<'_>, facts: &TitleFacts) -> Seasons {
    let aired: BTreeSet<i32> = facts.aired(case.situation.today).chain([0]).collect();
    let known: BTreeSet<i32> = facts.seasons.iter().map(|season| season.season).collect();
    let is_known = |season: i32| season == 0 || known.contains(&season);
    let wanted: BTreeSet<i32> = match &case.wish.seasons {
        SeasonsWanted::All => known.iter().copied().filter(|season| *season > 0).collect(),
        SeasonsWanted::Some(named) => named.0.clone(),
    };
    let mut seasons = Seasons {
        is_first: is_first(case),
        ..Seasons::default()
    };
    let newest_there = newest_there(case).filter(|_| !has_come_since(case));
    for season in wanted {
        if case.is_there(season) || is_held(case, season) {
            seasons.has_some = true;
        } else if !is_known(season) {
            seasons.unknown.0.insert(season);
        } else if newest_there.is_some_and(|newest| season <= newest) || was_had(case, season) {
            seasons.left.0.insert(season);
        } else if seasons.is_first || aired.contains(&season) {
            seasons.missing.0.insert(season);
        } else {
            seasons.unaired.0.insert(season);
        }
    }
    seasons
}

/// Whether nobody has asked for any of the show yet, or the no to it is answered, and nothing of it is
/// there.
fn is_first(case: &Case<'_>) -> bool {
    let is_untouched = case
        .requests
        .iter()
        .all(|request| request.status == RequestStatus::Declined)
        && !case.library().any(|(_, status)| is_something(status))
        && !matches!(case.status, MediaStatus::Partial | MediaStatus::Available);
    let is_gone = case.ledger_status() == Some(LedgerStatus::Adopted) && is_forsaken(case);
    is_untouched && (is_wanted_anew(case) || is_gone || !case.ledger.is_some_and(was_there))
}

/// Of a show that counts as complete only what comes after it is asked for: a gap in it was made by
/// somebody.
fn newest_there(case: &Case<'_>) -> Option<i32> {
    let there = case.library().filter(|(_, status)| is_something(*status));
    let is_complete = case.status == MediaStatus::Available;
    there
        .map(|(season, _)| season)
        .max()
        .filter(|_| is_complete)
}

/// Whether a request holds the season; one of a show that names none holds them all.
fn is_held(case: &Case<'_>, season: i32) -> bool {
    case.requests
        .iter()
        .filter(|request| is_live(request))
        .any(|request| request.seasons.is_empty() || request.seasons.contains(&season))
}

/// Whether the season was had before: asked for by us and shown, found to be there, or deleted from the
/// library. An entry that has come anew since asks for it again.
fn was_had(case: &Case<'_>, season: i32) -> bool {
    if has_come_since(case) || is_dropped(case) {
        return false;
    }
    let lost = case
        .ledger
        .filter(|row| row.status == LedgerStatus::Requesting)
        .and_then(|row| row.request_id);
    let by_ledger = case.asked.iter().any(|asked| {
        asked.season == season
            && match asked.state {
                SeasonState::Requested => lost.is_none() || asked.request_id != lost,
                // Specials that the target does not take are nobody's request that could be gone.
                SeasonState::Adopted => season == 0 || !is_forsaken(case),
            }
    });
    let by_request = || {
        let mut requests = case.requests.iter();
        requests.any(|request| case.is_ours(request) && request.seasons.contains(&season))
    };
    let is_deleted = || {
        let mut library = case.library();
        library.any(|(number, status)| number == season && status == MediaStatus::Deleted)
    };
    by_ledger || by_request() || is_deleted() || is_of_unknown_extent(case)
}

/// Whether the target had nothing left of the season, or did not take it, when we asked.
pub(super) fn had_nothing_left(case: &Case<'_>, season: i32) -> bool {
    case.asked
        .iter()
        .any(|asked| asked.season == season && asked.state == SeasonState::Adopted)
}

/// Whether our last request was taken and dropped, or given up and is tried anew, and nothing came of
/// the show.
fn is_dropped(case: &Case<'_>) -> bool {
    let row = case
        .ledger
        .filter(|row| matches!(row.status, LedgerStatus::Failed | LedgerStatus::Planned));
    row.is_some_and(|row| row.request_id.is_some()) && is_forsaken(case)
}

/// Whether a request of ours is gone of which nobody knows any more what it asked for.
fn is_of_unknown_extent(case: &Case<'_>) -> bool {
    case.ledger_status() == Some(LedgerStatus::Requested)
        && case.asked.is_empty()
        && case.our_newest().is_none()
}

/// Whether the entry has come anew since the target last showed a request of ours, or since a no.
fn has_come_since(case: &Case<'_>) -> bool {
    let asked_at = case
        .ledger
        .map(|row| row.requested_at.unwrap_or(row.last_synced));
    is_wanted_anew(case)
        || asked_at.is_some_and(|asked| case.wish.returned_at.is_some_and(|at| at > asked))
}

/// Whether neither a request nor the library has anything of the show.
fn is_forsaken(case: &Case<'_>) -> bool {
    case.requests.is_empty() && matches!(case.status, MediaStatus::Unknown | MediaStatus::Pending)
}
