//! When the next run is due, as a pure function of what happened.

use std::time::Duration;

use chrono::NaiveDateTime;
use schema::models::RunStatus;

/// First pause after a failed run; it doubles up to [`LONGEST_PAUSE`] or the interval.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What the schedule knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    /// Between the end of one run and the start of the next.
    pub(crate) interval: Duration,
    /// Whether the schedule starts runs at all.
    pub(crate) automated: bool,
    last_completed: Option<NaiveDateTime>,
    last_failed: Option<NaiveDateTime>,
    failures: u32,
}

impl State {
    pub(crate) fn new(
        interval: Duration,
        automated: bool,
        last_completed: Option<NaiveDateTime>,
    ) -> Self {
        Self {
            interval,
            automated,
            last_completed,
            last_failed: None,
            failures: 0,
        }
    }

    /// Takes note of the end of a run of everything; others do not put it off.
    pub(crate) fn ended(&mut self, status: RunStatus, is_retryable: bool, now: NaiveDateTime) {
        if status == RunStatus::Failed && is_retryable {
            self.failures += 1;
            self.last_failed = Some(now);
        } else {
            self.failures = 0;
            self.last_completed = Some(now);
        }
    }

    /// Whether the next run repeats a failed one.
    pub(crate) fn is_retry(&self) -> bool {
        self.failures > 0
    }

    /// When the next run is due; never, when a person starts every run.
    pub(crate) fn due(&self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        if !self.automated {
            return None;
        }
        let (since, pause) = match (self.last_failed, self.last_completed) {
            (Some(failed), _) if self.failures > 0 => (failed, self.pause()),
            (_, Some(completed)) => (completed, self.interval),
            (_, None) => return Some(now),
        };
        let pause = chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX);
        Some(
            since
                .checked_add_signed(pause)
                .unwrap_or(NaiveDateTime::MAX)
                .max(now),
        )
    }

    fn pause(&self) -> Duration {
        let doubled = 1_u32 << self.failures.saturating_sub(1).min(6);
        FIRST_PAUSE
            .saturating_mul(doubled)
            .min(LONGEST_PAUSE)
            .min(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(minute: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    #[test]
    fn the_first_run_is_due_at_once() {
        assert_eq!(State::new(DAY, true, None).due(at(5)), Some(at(5)));
    }

    #[test]
    fn the_next_run_is_due_an_interval_after_the_last_ended() {
        let state = State::new(DAY, true, Some(at(0)));
        assert_eq!(state.due(at(5)), Some(at(24 * 60)));
        assert_eq!(
            state.due(at(3 * 24 * 60)),
            Some(at(3 * 24 * 60)),
            "overdue means now"
        );
    }

    #[test]
    fn nothing_is_due_when_a_person_starts_every_run() {
        assert_eq!(State::new(DAY, false, None).due(at(0)), None);
    }

    #[test]
    fn a_failed_run_is_repeated_after_growing_pauses_until_one_succeeds() {
        let mut state = State::new(DAY, true, Some(at(0)));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            state.ended(RunStatus::Failed, true, at(100));
            assert!(state.is_retry());
            pauses.push((state.due(at(100)).unwrap() - at(100)).num_minutes());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        state.ended(RunStatus::Completed, false, at(200));
        assert!(!state.is_retry());
        assert_eq!(state.due(at(200)), Some(at(200 + 24 * 60)));
    }

    #[test]
    fn a_pause_is_never_longer_than_the_interval() {
        let mut state = State::new(Duration::from_secs(30), true, None);
        state.ended(RunStatus::Failed, true, at(0));
        assert_eq!((state.due(at(0)).unwrap() - at(0)).num_seconds(), 30);
    }

    #[test]
    fn a_cancelled_run_is_not_started_again_at_once() {
        let mut state = State::new(DAY, true, None);
        state.ended(RunStatus::Cancelled, false, at(10));
        assert_eq!(state.due(at(10)), Some(at(10 + 24 * 60)));
    }
}
