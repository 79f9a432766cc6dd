//! When the next request to a host may go: a hold, failures in a row, the requests of a day and a
//! token bucket. Pure; leaves waiting to the actor beside it.

use std::time::Duration;

use chrono::NaiveDate;
use tokio::time::Instant;

use super::{
    allowance::{Allowance, Used},
    breaker::{Breaker, Gate},
};
use crate::provider::Politeness;

/// What a caller who wants to send a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Send it; its token is taken.
    Go {
        /// Whether it is the one that finds out whether the host is back.
        is_probe: bool,
        /// What is written down before it is sent.
        to_keep: Option<Used>,
    },
    /// Ask again after this long.
    Wait(Duration),
    /// Ask again when the request that finds out whether the host is back has ended.
    Behind,
    /// Not for longer than the caller would wait.
    Held(Instant),
    /// Not before then: it fails all the time.
    Resting(Instant),
    /// Not today.
    UsedUp,
}

/// How a request went, as far as it says something of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// The host answered, whatever it said.
    Answered,
    /// The host failed: how, as a fragment.
    Failed(String),
    /// It was not the host's fault.
    Elsewhere,
}

/// Tokens of one host and until when it is left alone.
#[derive(Debug)]
pub(super) struct HostState {
    politeness: Politeness,
    tokens: f64,
    counted_at: Instant,
    held_until: Option<Instant>,
    breaker: Breaker,
    allowance: Option<Allowance>,
}

impl HostState {
    /// A full bucket: the first request has no delay. But where requests go seconds apart, a process
    /// that was started again does not know when the one before it asked last: one is taken out, and
    /// comes back as `since`, the start of the process, passes by.
    pub(super) fn new(politeness: Politeness, since: Instant, used: Used) -> Self {
        let is_slow = politeness.per_second > 0.0 && politeness.per_second < 1.0;
        let burst = f64::from(politeness.burst.max(1));
        Self {
            politeness,
            tokens: if is_slow { burst - 1.0 } else { burst },
            counted_at: since,
            held_until: None,
            breaker: Breaker::default(),
            allowance: politeness.per_day.map(|most| Allowance::new(most, used)),
        }
    }

    pub(super) fn breaker(&mut self) -> &mut Breaker {
        &mut self.breaker
    }

    /// Requests a day, where there are so many.
    pub(super) fn per_day(&self) -> u32 {
        self.allowance.as_ref().map_or(0, Allowance::per_day)
    }

    /// Leaves the host alone until then, or longer if that was said before.
    pub(super) fn hold(&mut self, until: Instant) {
        self.held_until = Some(self.held_until.map_or(until, |before| before.max(until)));
    }

    /// Whether a request may go now, for a caller who waits up to `patience` for a hold to end.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        today: NaiveDate,
        patience: Duration,
    ) -> Admission {
        if let Some(until) = self.held_until {
            if until > now + patience {
                return Admission::Held(until);
            }
            if until > now {
                return Admission::Wait(until - now);
            }
            self.held_until = None;
        }
        let is_probe = match self.breaker.gate(now) {
            Gate::Open(until) => return Admission::Resting(until),
            Gate::Probing => return Admission::Behind,
            Gate::HalfOpen => true,
            Gate::Closed => false,
        };
        let used_up = |allowance: &mut Allowance| allowance.is_used_up(today);
        if self.allowance.as_mut().is_some_and(used_up) {
            return Admission::UsedUp;
        }
        if let Some(wait) = self.take_token(now) {
            return Admission::Wait(wait);
        }
        if is_probe {
            self.breaker.probe();
        }
        let take = |allowance: &mut Allowance| allowance.take(today);
        Admission::Go {
            is_probe,
            to_keep: self.allowance.as_mut().and_then(take),
        }
    }

    /// Takes a token, or says when there may be one.
    fn take_token(&mut self, now: Instant) -> Option<Duration> {
        if self.politeness.per_second <= 0.0 {
            return None;
        }
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        let missing = (1.0 - self.tokens) / self.politeness.per_second;
        // Never zero: the actor would spin on a rounding error.
        Some(Duration::from_secs_f64(missing).max(Duration::from_millis(1)))
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.counted_at = now;
        let most = f64::from(self.politeness.burst.max(1));
        self.tokens = passed
            .mul_add(self.politeness.per_second, self.tokens)
            .min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Politeness = Politeness {
        per_second: 2.0,
        burst: 3,
        at_once: 1,
        per_day: None,
    };
    const MINUTE: Duration = Duration::from_mins(1);
    const GO: Admission = Admission::Go {
        is_probe: false,
        to_keep: None,
    };

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    }

    fn of(politeness: Politeness, now: Instant) -> HostState {
        let used = Used {
            day: today(),
            requests: 0,
        };
        HostState::new(politeness, now, used)
    }

    fn state() -> (HostState, Instant) {
        let now = Instant::now();
        (of(CALM, now), now)
    }

    #[test]
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let (mut state, now) = state();
        for _ in 0..3 {
            assert_eq!(state.admit(now, today(), MINUTE), GO);
        }
        assert_eq!(
            state.admit(now, today(), MINUTE),
            Admission::Wait(Duration::from_millis(500))
        );
        assert_eq!(
            state.admit(now + Duration::from_millis(500), today(), MINUTE),
            GO
        );
        let later = now + Duration::from_hours(1);
        for _ in 0..3 {
            assert_eq!(state.admit(later, today(), MINUTE), GO);
        }
        assert!(
            matches!(state.admit(later, today(), MINUTE), Admission::Wait(_)),
            "no more than the burst"
        );
    }

    #[test]
    fn a_slow_rate_holds_from_the_first_request_on() {
        let slow = Politeness {
            per_second: 0.5,
            burst: 1,
            ..CALM
        };
        let now = Instant::now();
        let mut state = of(slow, now);
        let two = Duration::from_secs(2);
        assert_eq!(state.admit(now, today(), MINUTE), Admission::Wait(two));
        assert_eq!(state.admit(now + two, today(), MINUTE), GO);
        assert_eq!(
            state.admit(now + two, today(), MINUTE),
            Admission::Wait(two)
        );
        let mut asked_later = of(slow, now);
        assert_eq!(
            asked_later.admit(now + MINUTE, today(), MINUTE),
            GO,
            "the process has run for long without asking"
        );
    }

    #[test]
    fn a_hold_is_waited_for_within_patience_and_else_said_at_once() {
        let (mut state, now) = state();
        state.hold(now + Duration::from_secs(30));
        state.hold(now + Duration::from_secs(10));
        assert_eq!(
            state.admit(now, today(), MINUTE),
            Admission::Wait(Duration::from_secs(30))
        );
        assert_eq!(
            state.admit(now, today(), Duration::from_secs(5)),
            Admission::Held(now + Duration::from_secs(30))
        );
        assert_eq!(
            state.admit(now + Duration::from_secs(30), today(), MINUTE),
            GO
        );
    }

    #[test]
    fn without_a_rate_there_is_no_wait() {
        let now = Instant::now();
        let politeness = Politeness {
            per_second: 0.0,
            burst: 1,
            at_once: 1,
            per_day: None,
        };
        let mut state = of(politeness, now);
        for _ in 0..1000 {
            assert_eq!(state.admit(now, today(), MINUTE), GO);
        }
    }

    #[test]
    fn a_host_that_keeps_failing_is_asked_by_one_request_at_a_time() {
        let (mut state, now) = state();
        let mut until = None;
        while until.is_none() {
            until = state.breaker().failed(now, "it answered 502".into(), 1.0);
        }
        let until = until.unwrap();
        assert_eq!(state.admit(now, today(), MINUTE), Admission::Resting(until));
        let probe = Admission::Go {
            is_probe: true,
            to_keep: None,
        };
        assert_eq!(state.admit(until, today(), MINUTE), probe);
        assert_eq!(state.admit(until, today(), MINUTE), Admission::Behind);
        state.breaker().succeeded();
        assert_eq!(state.admit(until, today(), MINUTE), GO);
    }

    #[test]
    fn a_day_has_its_requests_and_waiting_for_a_token_takes_none() {
        let politeness = Politeness {
            burst: 1,
            per_day: Some(2),
            ..CALM
        };
        let now = Instant::now();
        let mut state = of(politeness, now);
        let later = now + MINUTE;
        assert!(matches!(
            state.admit(now, today(), MINUTE),
            Admission::Go { .. }
        ));
        assert!(matches!(
            state.admit(now, today(), MINUTE),
            Admission::Wait(_)
        ));
        assert!(matches!(
            state.admit(later, today(), MINUTE),
            Admission::Go { .. }
        ));
        assert_eq!(state.admit(later, today(), MINUTE), Admission::UsedUp);
        let tomorrow = today().succ_opt().unwrap();
        assert!(matches!(
            state.admit(later, tomorrow, MINUTE),
            Admission::Wait(_)
        ));
    }
}
