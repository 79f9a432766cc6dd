//! When something is tried again. The pauses themselves are written by whoever carries a decision out;
//! here stands when a pause is over, and how often a thing is tried before a person is asked.

use std::time::Duration;

use chrono::NaiveDateTime;
use schema::models::{LedgerStatus, SyncedItem};

use super::{Decided, Verdict, case::Case};
use crate::target::TargetRequest;

/// Times a refused request is sent on before a person has to look.
pub(super) const ATTEMPTS: i32 = 10;

/// Repetitions of a request with an unknown end that follow each other without a longer pause.
const QUICK_REPETITIONS: i32 = 2;

/// None for the first repetitions, then an hour, two, four … up to a day.
pub(super) fn pause_before_repeating(attempts: i32) -> Duration {
    match u32::try_from(attempts.saturating_sub(QUICK_REPETITIONS)) {
        Ok(beyond @ 1..) => {
            Duration::from_hours(1 << (beyond - 1).min(5)).min(Duration::from_hours(24))
        }
        _ => Duration::ZERO,
    }
}

/// The moment so much later, or the end of time.
pub(super) fn later(moment: NaiveDateTime, by: Duration) -> NaiveDateTime {
    chrono::Duration::from_std(by)
        .ok() // longer than chrono can say
        .and_then(|by| moment.checked_add_signed(by))
        .unwrap_or(NaiveDateTime::MAX)
}

/// A title whose last request failed and whose time to be asked for has not come.
pub(super) fn before_its_time(case: &Case<'_>) -> Option<Decided> {
    let row = case
        .ledger
        .filter(|row| row.status == LedgerStatus::Failed)?;
    let retry_at = row.retry_at.filter(|at| case.situation.now < *at)?;
    let decided = again_after(&row.reason, retry_at);
    Some(decided.unless(format!(
        "It is tried again by itself; `listsync items retry {}` tries at the next run.",
        named(row)
    )))
}

/// What the command line calls the title: `movie:603`.
fn named(row: &SyncedItem) -> String {
    format!("{}:{}", row.media_type, row.tmdb_id)
}

/// Waits until `moment`.
pub(super) fn again_after(reason: &str, moment: NaiveDateTime) -> Decided {
    Decided::new(
        Verdict::Wait,
        format!("{reason}; tried again after {}", moment.format("%F %R UTC")),
    )
}

/// A request that the target took and that was refused further on: it blocks every other, and is sent
/// on again at growing intervals until a person has to look.
pub(super) fn refused_further_on(case: &Case<'_>, request: &TargetRequest) -> Decided {
    let whose = if case.is_ours(request) {
        "our request"
    } else {
        "somebody else's request for it"
    };
    let reason = format!("what {} hands requests to refused {whose}", case.target());
    let attempts = case.ledger.map_or(0, |row| row.attempts);
    if let Some(row) = case.ledger
        && attempts >= ATTEMPTS
    {
        return given_up(case, row, format!("{reason}, {attempts} times"));
    }
    let retry_at = case.ledger.and_then(|row| row.retry_at);
    if let Some(retry_at) = retry_at.filter(|at| case.situation.now < *at) {
        return again_after(&reason, retry_at).unless(format!(
            "It is sent on again by itself; {} shows why it was refused.",
            case.target()
        ));
    }
    let verdict = Verdict::Retry {
        request_id: request.id,
        is_ours: case.is_ours(request),
    };
    Decided::new(verdict, format!("{reason}; it is sent on once more"))
}

/// What was tried often enough: a person has to look.
pub(super) fn given_up(case: &Case<'_>, row: &SyncedItem, reason: impl Into<String>) -> Decided {
    Decided::new(Verdict::Review, reason).unless(format!(
        "Look in {} why it fails; then `listsync items retry {}` tries anew.",
        case.target(),
        named(row)
    ))
}
