//! When the next request to a host may go: a token bucket and a hold. Pure; leaves waiting to the
//! actor beside it.

use std::time::Duration;

use tokio::time::Instant;

use crate::provider::Politeness;

/// What a caller who wants to send a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Send it; its token is taken.
    Go,
    /// Ask again after this long.
    Wait(Duration),
    /// Not for longer than the caller would wait.
    Held(Instant),
}

/// Tokens of one host and until when it is left alone.
#[derive(Debug)]
pub(super) struct HostState {
    politeness: Politeness,
    tokens: f64,
    counted_at: Instant,
    held_until: Option<Instant>,
}

impl HostState {
    /// A full bucket: the first request has no delay. But where requests go seconds apart, a process
    /// that was started again does not know when the one before it asked last: one is taken out.
    pub(super) fn new(politeness: Politeness, now: Instant) -> Self {
        let is_slow = politeness.per_second > 0.0 && politeness.per_second < 1.0;
        let burst = f64::from(politeness.burst.max(1));
        Self {
            politeness,
            tokens: if is_slow { burst - 1.0 } else { burst },
            counted_at: now,
            held_until: None,
        }
    }

    /// Leaves the host alone until then, or longer if that was said before.
    pub(super) fn hold(&mut self, until: Instant) {
        self.held_until = Some(self.held_until.map_or(until, |before| before.max(until)));
    }

    /// Whether a request may go now, for a caller who waits up to `patience` for a hold to end.
    pub(super) fn admit(&mut self, now: Instant, patience: Duration) -> Admission {
        if let Some(until) = self.held_until {
            if until > now + patience {
                return Admission::Held(until);
            }
            if until > now {
                return Admission::Wait(until - now);
            }
            self.held_until = None;
        }
        if self.politeness.per_second <= 0.0 {
            return Admission::Go;
        }
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Admission::Go;
        }
        let missing = (1.0 - self.tokens) / self.politeness.per_second;
        // Never zero: the actor would spin on a rounding error.
        Admission::Wait(Duration::from_secs_f64(missing).max(Duration::from_millis(1)))
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

    fn state() -> (HostState, Instant) {
        let now = Instant::now();
        (HostState::new(CALM, now), now)
    }

    #[test]
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let (mut state, now) = state();
        for _ in 0..3 {
            assert_eq!(state.admit(now, MINUTE), Admission::Go);
        }
        assert_eq!(
            state.admit(now, MINUTE),
            Admission::Wait(Duration::from_millis(500))
        );
        assert_eq!(
            state.admit(now + Duration::from_millis(500), MINUTE),
            Admission::Go
        );
        let later = now + Duration::from_hours(1);
        for _ in 0..3 {
            assert_eq!(state.admit(later, MINUTE), Admission::Go);
        }
        assert!(
            matches!(state.admit(later, MINUTE), Admission::Wait(_)),
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
        let mut state = HostState::new(slow, now);
        let two = Duration::from_secs(2);
        assert_eq!(state.admit(now, MINUTE), Admission::Wait(two));
        assert_eq!(state.admit(now + two, MINUTE), Admission::Go);
        assert_eq!(state.admit(now + two, MINUTE), Admission::Wait(two));
    }

    #[test]
    fn a_hold_is_waited_for_within_patience_and_else_said_at_once() {
        let (mut state, now) = state();
        state.hold(now + Duration::from_secs(30));
        state.hold(now + Duration::from_secs(10));
        assert_eq!(
            state.admit(now, MINUTE),
            Admission::Wait(Duration::from_secs(30))
        );
        assert_eq!(
            state.admit(now, Duration::from_secs(5)),
            Admission::Held(now + Duration::from_secs(30))
        );
        assert_eq!(
            state.admit(now + Duration::from_secs(30), MINUTE),
            Admission::Go
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
        let mut state = HostState::new(politeness, now);
        for _ in 0..1000 {
            assert_eq!(state.admit(now, MINUTE), Admission::Go);
        }
    }
}
