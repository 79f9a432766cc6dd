//! What the end of a request means for the ledger, the report and those who watch.

use std::time::Duration;

use runtime::Chain;
use schema::models::{
    EventKind, LedgerStatus, MediaType, NewDecision, NewEvent, NewSyncedItem, SeasonNumbers,
};

use super::{Applier, Deed, change::fate, place};
use crate::{
    chance::jitter,
    plan::{Decided, Verdict, Wish},
    run::report::{Fate, Tally},
    target::{Target, TargetError},
};

/// Refusals of what we send after which a title is given up.
const ATTEMPTS: i32 = 10;

/// A request that was sent, and what is to be recorded of it.
pub(super) struct Sent {
    pub(super) row: NewSyncedItem,
    /// Seasons that were asked for and that somebody else or the library has.
    pub(super) of_others: Vec<i32>,
    pub(super) event: Option<NewEvent>,
    pub(super) decision: Option<NewDecision>,
}

impl<T: Target> Applier<'_, T> {
    pub(super) fn created(
        &mut self,
        deed: &Deed,
        request_id: i32,
        media_id: Option<i32>,
        seasons: &[i32],
    ) -> Sent {
        let now = self.engine.clock.now();
        let wish = &deed.wish;
        let of_others = deed
            .seasons()
            .map_or_else(Vec::new, |asked| without(asked, seasons));
        let mut row = self.row(wish, now);
        row.request_id = Some(request_id);
        row.overseerr_id = media_id.or(row.overseerr_id);
        row.created_by_us = true;
        row.error_message = None;
        let event = self.requested(wish, now, &row.reason);
        Sent {
            row,
            of_others,
            event,
            decision: None,
        }
    }

    /// Somebody else has asked for it.
    pub(super) fn adopted(&mut self, deed: &Deed, tally: &mut Tally) -> Sent {
        let wish = &deed.wish;
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        let reason = match wish.media_type {
            MediaType::Movie => "somebody else has requested it",
            MediaType::Tv => "every season of it is there or requested already",
        };
        tally.decided(wish, Fate::AlreadyRequested, reason);
        row.status = LedgerStatus::Adopted;
        reason.clone_into(&mut row.reason);
        row.requesting_since = None;
        row.error_message = None;
        let decided = plain(
            Verdict::Skip {
                status: LedgerStatus::Adopted,
                request_id: None,
                created_by_us: false,
            },
            reason,
        );
        let decision = self.decision(wish, &decided, now);
        Sent {
            row,
            of_others: deed
                .seasons()
                .map_or_else(Vec::new, |asked| without(asked, &[])),
            event: None,
            decision,
        }
    }

    /// No connection came about: as if it had never been tried.
    pub(super) fn not_sent(&self, wish: &Wish) -> Sent {
        let mut row = self.row(wish, self.engine.clock.now());
        row.status = LedgerStatus::Planned;
        row.requesting_since = None;
        row.attempts -= 1;
        Sent {
            row,
            of_others: Vec::new(),
            event: None,
            decision: None,
        }
    }

    /// Nobody knows how it ended; the target may be at it still.
    pub(super) fn lost_sight_of(&self, wish: &Wish) -> Sent {
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        row.requesting_since = Some(now);
        Sent {
            row,
            of_others: Vec::new(),
            event: None,
            decision: None,
        }
    }

    /// The asker may not ask now: a decision, no failure of the title.
    pub(super) fn wait(
        &mut self,
        wish: &Wish,
        reason: &str,
        tally: &mut Tally,
    ) -> Option<NewDecision> {
        tally.decided(wish, Fate::Waiting, reason);
        if let Some(plan) = &mut self.plan_to_apply {
            plan.waits(wish, reason);
        }
        self.decision(wish, &plain(Verdict::Wait, reason), self.engine.clock.now())
    }

    /// The target did not take it. `is_open` when it may have stored it nevertheless and nobody could
    /// look: then the request that shows up later is known to be ours.
    pub(super) fn failed(
        &self,
        wish: &Wish,
        error: &TargetError,
        is_open: bool,
        tally: &mut Tally,
    ) -> Sent {
        let attempts = self
            .batch
            .ledger
            .get(&place(wish))
            .map_or(0, |row| row.attempts);
        let is_ours_to_fix = matches!(
            error,
            TargetError::Rejected { .. } | TargetError::Malformed { .. }
        );
        let status = match error {
            TargetError::Blocklisted => LedgerStatus::Blocklisted,
            TargetError::NoSuchTitle => LedgerStatus::FailedPermanent,
            _ if is_ours_to_fix && attempts >= ATTEMPTS => LedgerStatus::FailedPermanent,
            _ => LedgerStatus::Failed,
        };
        let mut sent = self.put_off(wish, status, Chain(error).to_string(), tally);
        if !is_open {
            sent.row.request_after = None;
        }
        sent
    }

    /// Records why a title is not requested now, and when it is tried again.
    fn put_off(
        &self,
        wish: &Wish,
        status: LedgerStatus,
        reason: String,
        tally: &mut Tally,
    ) -> Sent {
        let now = self.engine.clock.now();
        let mut row = self.row(wish, now);
        row.status = status;
        if status == LedgerStatus::Blocklisted && row.refused_at.is_none() {
            row.refused_at = Some(now);
        }
        row.retry_at = (row.status == LedgerStatus::Failed)
            .then(|| now.checked_add_signed(pause(row.attempts, jitter())))
            .flatten();
        row.error_message = Some(reason.clone());
        row.reason.clone_from(&reason);
        row.requesting_since = None;
        tracing::warn!(
            tmdb_id = wish.tmdb_id,
            "requesting {} failed: {reason}",
            wish.name
        );
        tally.decided(wish, fate(row.status, false), &reason);
        let event = self.event(wish, EventKind::RequestFailed, now, &reason);
        Sent {
            row,
            of_others: Vec::new(),
            event: Some(event),
            decision: None,
        }
    }
}

fn plain(verdict: Verdict, reason: &str) -> Decided {
    Decided {
        verdict,
        reason: reason.to_owned(),
        remedy: None,
    }
}

/// The seasons that were asked for and are not held.
fn without(asked: &SeasonNumbers, held: &[i32]) -> Vec<i32> {
    let numbers = asked.0.iter().copied();
    numbers.filter(|season| !held.contains(season)).collect()
}

/// Who asks for what: what is refused to them once is refused for every title.
pub(super) fn asker(wish: &Wish) -> (i32, MediaType, bool) {
    (wish.requested_as, wish.media_type, wish.is_4k)
}

/// Whether the target would refuse every request of the same asker.
pub(super) fn is_for_all(error: &TargetError) -> bool {
    matches!(
        error,
        TargetError::Quota { .. } | TargetError::NotAllowed { .. } | TargetError::NoSuchUser
    )
}

/// From how many seasons on the same asker would be refused, too. A limit of shows counts seasons: one
/// show may be too much where a smaller one is not.
pub(super) fn refused_from(error: &TargetError, deed: &Deed) -> usize {
    match error {
        TargetError::Quota { .. } => deed.count_seasons(),
        _ => 0,
    }
}

/// The error and what can be done.
pub(super) fn error_text(error: &TargetError) -> String {
    let text = match error.remedy() {
        Some(remedy) => {
            let words = Chain(error).to_string();
            format!("{}. {remedy}", words.trim_end_matches('.'))
        }
        None => Chain(error).to_string(),
    };
    tracing::warn!("{text}");
    text
}

/// Pause after a failed request: 1 h, 2 h, 4 h … up to a day, give or take a tenth.
pub(super) fn pause(attempts: i32, jitter: f64) -> chrono::Duration {
    let doubled = u32::try_from(attempts.clamp(1, 6) - 1).unwrap_or(0);
    let minutes = (60_i32 << doubled).min(24 * 60);
    let varied = f64::from(minutes) * 60.0 * (0.9 + 0.2 * jitter);
    chrono::Duration::from_std(Duration::from_secs_f64(varied)).unwrap_or(chrono::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use runtime::Clock;
    use schema::{
        DbError,
        models::{RunId, TitleRef},
    };

    use super::*;
    use crate::{run::Going, sample_engine::engine, target::TargetInfo};

    fn deed(tmdb_id: i64) -> Deed {
        let wish = Wish {
            seasons: crate::plan::SeasonsWanted::All,
            wanted_since: None,
            withdraws: false,
            is_wanted_elsewhere: false,
            consent: crate::plan::Consent::Given,
            title: TitleRef(1),
            media_type: MediaType::Movie,
            tmdb_id,
            name: "Heat".into(),
            year: Some(1995),
            imdb_id: None,
            is_4k: false,
            requested_as: 1,
            lists: Vec::new(),
            sources: String::new(),
            returned_at: None,
        };
        Deed {
            wish,
            decided: plain(
                Verdict::Request { seasons: None },
                "it is on imdb:top and not in Seerr",
            ),
        }
    }

    #[actix_rt::test]
    async fn a_request_that_was_lost_and_repeated_is_told_once_also_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let seerr = [
            ("OVERSEERR_URL", "http://127.0.0.1:9"),
            ("OVERSEERR_API_KEY", "hush"),
        ];
        let engine = engine(folder.path(), Clock::system(), &seerr);
        let target = engine.target().unwrap();
        let info = TargetInfo {
            product: "Seerr".into(),
            version: "1".into(),
            user_id: 1,
            user_name: "me".into(),
            can_request: true,
            can_act_for_others: true,
            has_4k_movies: true,
            has_4k_shows: true,
            locale: "en".into(),
            warnings: Vec::new(),
        };
        for (run, expected) in [(1, true), (1, false), (2, true)] {
            let cancel = tokio_util::sync::CancellationToken::new();
            let going = Going::new(RunId(run), cancel, engine.feed.clone());
            let applier =
                Applier::new(&engine, &target, &going, info.clone(), Arc::default()).await;
            let mut applier = applier.unwrap();
            let first = applier.created(&deed(949), 7, None, &[]);
            assert_eq!(first.event.is_some(), expected, "run {run}");
            let again = applier.created(&deed(949), 8, None, &[]);
            assert!(again.event.is_none());
            let other = applier.created(&deed(950), 9, None, &[]);
            assert_eq!(other.event.is_some(), expected, "run {run}");
            let stored = engine.write(move |_, events| -> Result<(), DbError> {
                events.extend(first.event.into_iter().chain(other.event));
                Ok(())
            });
            stored.await.unwrap();
        }
    }

    #[test]
    fn the_pause_after_a_failure_doubles_up_to_a_day() {
        let hours = |attempts| pause(attempts, 0.5).num_minutes() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 50].map(hours), [1, 2, 4, 8, 16, 24, 24]);
        assert_eq!(pause(1, 0.0).num_minutes(), 54);
    }
}
