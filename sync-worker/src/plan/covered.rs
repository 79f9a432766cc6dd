//! Shows of which nothing is to be asked for now, and why: it is there, somebody has asked, somebody
//! removed it, or its time has not come.

use schema::models::{LedgerStatus, NOT_AIRED, SeasonNumbers};

use super::{
    Decided, Verdict,
    case::{Case, is_something},
    movies::requested,
    refusals,
    seasons::{self, Seasons},
    untraced,
};
use crate::target::MediaStatus;

/// Decides on a show that misses nothing that can be asked for.
pub(super) fn decide(case: &Case<'_>, sorted: &Seasons) -> Decided {
    if case.status == MediaStatus::Available {
        return in_library();
    }
    if !sorted.has_some && sorted.left.is_empty() {
        return nothing_yet(sorted);
    }
    if let Some(request) = case.our_live().or_else(|| case.newest_live()) {
        return requested(case, request);
    }
    if !sorted.left.is_empty() {
        return not_taken(case, &sorted.left).unwrap_or_else(|| gone(case, &sorted.left));
    }
    if has_episodes(case) {
        in_library_so_far(sorted)
    } else {
        on_its_way(case)
    }
}

/// All of it is there.
pub(super) fn in_library() -> Decided {
    Case::skip(LedgerStatus::Available, "it is in the library")
}

/// `season 4 has` and `is`; `seasons 1 to 3 have` and `are`; `the specials have` and `are`.
pub(super) fn named(seasons: &SeasonNumbers, one: &str, many: &str) -> (String, &'static str) {
    let mut numbers = seasons.0.iter();
    match (numbers.next(), numbers.next()) {
        (Some(0), None) => (format!("the specials {many}"), "are"),
        (_, None) => (format!("season {seasons} {one}"), "is"),
        _ => (format!("seasons {seasons} {many}"), "are"),
    }
}

/// What nobody can ask for yet.
fn nothing_yet(sorted: &Seasons) -> Decided {
    let mut words = Vec::new();
    if !sorted.unaired.is_empty() {
        let (what, _) = named(&sorted.unaired, "has", "have");
        words.push(format!("{what} {NOT_AIRED}"));
    }
    if !sorted.unknown.is_empty() {
        words.push(format!("TMDB knows no season {} yet", sorted.unknown));
    }
    if words.is_empty() {
        words.push("TMDB knows no season of it yet".to_owned());
    }
    Decided::new(Verdict::Wait, words.join(", and "))
        .unless("It is looked at again by itself and asked for when the time has come.")
}

/// Specials that the target leaves out of every request.
fn not_taken(case: &Case<'_>, left: &SeasonNumbers) -> Option<Decided> {
    let is_only_specials = left.0.iter().all(|season| *season == 0);
    let row = case
        .ledger
        .filter(|_| is_only_specials && seasons::had_nothing_left(case, 0))?;
    let reason = format!("{} did not take the specials", case.target());
    Some(Case::keep(row, reason).unless(format!(
        "Switch specials on in {}, then remove the entry from its list and add it again.",
        case.target()
    )))
}

/// Wanted seasons that were there before.
fn gone(case: &Case<'_>, left: &SeasonNumbers) -> Decided {
    let (what, is) = named(left, "was", "were");
    let reason = format!("{what} there before and {is} gone now; what people removed stays away");
    let has_part = case.status == MediaStatus::Partial
        || case.library().any(|(_, status)| is_something(status));
    let decided = match case.ledger {
        _ if has_part => Case::skip(LedgerStatus::Available, reason),
        Some(row) if untraced::is_coming(case) => Case::keep(row, reason),
        _ => Case::skip(LedgerStatus::Deleted, reason),
    };
    decided.unless(refusals::once_more(case))
}

fn has_episodes(case: &Case<'_>) -> bool {
    case.status == MediaStatus::Partial
        || case
            .library()
            .any(|(_, status)| matches!(status, MediaStatus::Partial | MediaStatus::Available))
}

fn in_library_so_far(sorted: &Seasons) -> Decided {
    let mut reason =
        "the seasons of it that are wanted and have aired are in the library".to_owned();
    if !sorted.unaired.is_empty() {
        let (what, _) = named(&sorted.unaired, "follows", "follow");
        reason = format!("{reason}; {what} later");
    }
    Case::skip(LedgerStatus::Available, reason)
}

/// Being fetched without a request.
fn on_its_way(case: &Case<'_>) -> Decided {
    let reason = format!("{} is getting it already", case.target());
    match case.ledger.filter(|row| untraced::was_there(row)) {
        Some(row) => Case::keep(row, reason),
        None => Case::skip(LedgerStatus::Adopted, reason),
    }
}
