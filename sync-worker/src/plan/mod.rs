//! What to do with one title: a pure function of the wish, our ledger and what the target shows.
//!
//! Every outcome carries its reason in words, which is what `decisions`, reports and people see, and
//! what would change it. The rules, each in the file named, in the order in which they speak:
//!
//! 1. A request was sent and nobody knows its end (`unsettled`): wait until the target cannot be at it
//!    any more; take it for ours when it shows up; else the rules below send it again.
//! 2. No list asks any more (`left`): leave everything, or take our request back if a list says so.
//! 3. The state in the target forbids it (`refusals`): blocklisted, deleted, unknown to this version.
//! 4. It was tried often enough (`backoff`): a person has to look, unless it came about otherwise.
//! 5. A person said no (`refusals`): final until the entry has left its list and come back since.
//! 6. Somebody's request or the library has it (`movies`; of shows season by season: `shows`,
//!    `seasons`, `covered`): leave it; a request that was refused further on is sent on again (`backoff`).
//! 7. Nothing has it (`untraced`): ask for what is new, repeat what failed, leave what was removed.
//! 8. Whatever would be asked for waits while there is no server for it, until its time has come, or
//!    until a person has agreed to its new list (`consent`).
//!
//! A run that undoes another decides by `undone` alone, whatever the lists ask.
//!
//! A title is one movie or one show in one quality: whoever asks here has picked the ledger row and the
//! requests by media type, number and quality. Leaves carrying it out to `run::apply`. The words name
//! the target by what people call it, and no product.

mod backoff;
mod case;
mod consent;
mod covered;
mod decided;
mod left;
mod movies;
mod refusals;
mod seasons;
mod shows;
mod undone;
mod unsettled;
mod untraced;
mod wish;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod world;

pub(crate) use consent::Consent;
pub(crate) use decided::{Decided, Known, Patience, Situation, Verdict};
pub(crate) use undone::undo;
pub(crate) use unsettled::is_open;
pub(crate) use wish::{SeasonsWanted, Wish};

use schema::models::{LedgerStatus, MediaType};

use crate::target::{MediaStatus, RequestStatus, TargetRequest};
use case::Case;
use unsettled::End;

/// Decides on `wish`.
pub(crate) fn decide(wish: &Wish, known: Known<'_>, situation: Situation<'_>) -> Decided {
    let case = Case::new(wish, known, situation);
    let decided = by_the_rules(&case);
    let asks = matches!(
        decided.verdict,
        Verdict::Request { .. } | Verdict::Retry { .. } | Verdict::AskFacts
    );
    if !asks {
        return decided;
    }
    without_server(&case)
        .or_else(|| backoff::before_its_time(&case))
        .or_else(|| consent::missing(&case))
        .unwrap_or_else(|| consent::told_in_plan(&case, decided))
}

fn by_the_rules(case: &Case<'_>) -> Decided {
    let end = unsettled::end(case);
    if !case.wish.is_wanted() {
        return left::decide(case, &end);
    }
    let lost = match end {
        End::Settled => None,
        End::Open { until } => {
            let reason = "a request was sent and its end is not known yet";
            return Decided::new(Verdict::Settle { until }, reason);
        }
        End::Arrived(request) => return arrived(case, request),
        End::Lost(lost) if case.situation.now < lost.again_at => {
            return backoff::again_after(&lost.reason, lost.again_at).unless(format!(
                "It is sent again by itself; look whether {} answers in time.",
                case.target()
            ));
        }
        End::Lost(lost) => Some(lost),
    };
    let by_state = refusals::by_state(case).filter(|_| lost.is_none());
    if let Some(decided) = by_state.or_else(|| given_up(case)) {
        return decided;
    }
    match case.wish.media_type {
        MediaType::Movie => movies::decide(case, lost),
        MediaType::Tv => shows::decide(case, lost),
    }
}

/// The request whose end was not known is in the target.
fn arrived(case: &Case<'_>, request: &TargetRequest) -> Decided {
    if request.status == RequestStatus::Declined {
        return refusals::is_declined(case, request).ours();
    }
    let reason = "we have requested it";
    case.skip_request(LedgerStatus::Requested, request, reason)
        .ours()
}

/// A title that was given up, unless it is in the library or a person has seen to it in the target.
fn given_up(case: &Case<'_>) -> Option<Decided> {
    let row = case
        .ledger
        .filter(|row| row.status == LedgerStatus::FailedPermanent)?;
    let is_ours = |request: &&TargetRequest| case.is_movie() || case.is_ours(request);
    let is_seen_to = match case.status {
        MediaStatus::Available => case.is_movie() || !shows::is_blocked(case),
        MediaStatus::Partial => case.is_movie(),
        _ => case
            .newest_live()
            .filter(is_ours)
            .is_some_and(case::is_going),
    };
    (!is_seen_to).then(|| backoff::given_up(case, row, row.reason.clone()))
}

/// 4K that nobody there can fetch.
fn without_server(case: &Case<'_>) -> Option<Decided> {
    let (has_server, what) = match case.wish.media_type {
        MediaType::Movie => (case.situation.has_4k_movies, "movies"),
        MediaType::Tv => (case.situation.has_4k_shows, "shows"),
    };
    (case.wish.is_4k && !has_server).then(|| {
        Decided::new(
            Verdict::Wait,
            format!("{} has no 4K server for {what}", case.target()),
        )
        .unless(format!(
            "Set up a 4K server in {}, or do not ask for 4K on {}.",
            case.target(),
            case.wish.sources
        ))
    })
}
