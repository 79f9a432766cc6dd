//! Whether a host that keeps failing is asked at all: after failures in a row it is left alone, then
//! asked by one request, and left alone twice as long if that fails too. Pure; leaves waiting to the
//! actor beside it and remembering to `kept`.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which a host is left alone: more than three requests with three tries
/// each, so that a few broken pages do not close a whole site. A guess.
pub(super) const FAILURES: u32 = 10;
/// How long it is left alone at first; doubled each time it fails again.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// How long at the most.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// Failures further apart are not in a row. A guess.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// What a request to the host meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Nothing is wrong.
    Closed,
    /// The host is left alone until then.
    Open(Instant),
    /// One request may find out whether the host is back.
    HalfOpen,
    /// That request is under way.
    Probing,
}

/// Failures of one host.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    last_failure: Option<Instant>,
    why: String,
    open_until: Option<Instant>,
    is_probing: bool,
}

impl Breaker {
    /// What is remembered from before a restart.
    pub(super) fn remembered(failures: u32, until: Instant, why: String) -> Self {
        let is_open = failures >= FAILURES;
        Self {
            failures: if is_open { failures } else { 0 },
            why,
            open_until: is_open.then_some(until),
            ..Self::default()
        }
    }

    pub(super) fn gate(&self, now: Instant) -> Gate {
        match self.open_until {
            _ if self.is_probing => Gate::Probing,
            None => Gate::Closed,
            Some(until) if until > now => Gate::Open(until),
            Some(_) => Gate::HalfOpen,
        }
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// How it failed last, as a fragment.
    pub(super) fn why(&self) -> &str {
        &self.why
    }

    /// One request goes to find out.
    pub(super) fn probe(&mut self) {
        self.is_probing = true;
    }

    /// The request that was to find out ended without finding out.
    pub(super) fn gave_up(&mut self) {
        self.is_probing = false;
    }

    /// The host answered. True when it had been left alone.
    pub(super) fn succeeded(&mut self) -> bool {
        let was_open = self.open_until.is_some();
        *self = Self::default();
        was_open
    }

    /// The host failed. Says until when it is left alone, when that begins or goes on longer now.
    /// `jitter` is between 0 and 1.
    pub(super) fn failed(&mut self, now: Instant, why: String, jitter: f64) -> Option<Instant> {
        let is_old = self
            .last_failure
            .is_some_and(|last| now.saturating_duration_since(last) > FORGOTTEN);
        if is_old && self.open_until.is_none() {
            self.failures = 0;
        }
        // Others that were under way when it began say nothing new.
        let is_late = !self.is_probing && self.open_until.is_some_and(|until| until > now);
        if is_late {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(now);
        self.why = why;
        self.is_probing = false;
        if self.failures >= FAILURES {
            self.open_until = Some(now + pause(self.failures, jitter));
            return self.open_until;
        }
        None
    }
}

/// Between half and all of it, so that hosts that fell silent together are not asked together.
fn pause(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(FAILURES).min(16);
    let whole = FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(LONGEST_PAUSE);
    whole.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that has failed `times` in a row, and the moment of the last failure.
    fn failed(times: u32) -> (Breaker, Instant) {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..times {
            breaker.failed(now, "it answered 502".into(), 1.0);
        }
        (breaker, now)
    }

    #[test]
    fn a_host_is_left_alone_after_ten_failures_in_a_row() {
        let (mut breaker, now) = failed(FAILURES - 1);
        assert_eq!(breaker.gate(now), Gate::Closed);
        let until = now + FIRST_PAUSE;
        assert_eq!(breaker.failed(now, "it is gone".into(), 1.0), Some(until));
        assert_eq!(breaker.gate(now), Gate::Open(until));
        assert_eq!(
            (breaker.failures(), breaker.why()),
            (FAILURES, "it is gone")
        );
    }

    #[test]
    fn an_answer_between_them_starts_the_count_anew() {
        let (mut breaker, now) = failed(FAILURES - 1);
        assert!(!breaker.succeeded());
        assert_eq!(breaker.failed(now, String::new(), 1.0), None);
        assert_eq!(breaker.failures(), 1);
    }

    #[test]
    fn failures_far_apart_are_not_in_a_row() {
        let (mut breaker, now) = failed(FAILURES - 1);
        let later = now + FORGOTTEN + Duration::from_secs(1);
        assert_eq!(breaker.failed(later, String::new(), 1.0), None);
        assert_eq!(breaker.failures(), 1);
    }

    #[test]
    fn after_the_pause_one_request_finds_out() {
        let (mut breaker, now) = failed(FAILURES);
        let later = now + FIRST_PAUSE;
        assert_eq!(breaker.gate(later), Gate::HalfOpen);
        breaker.probe();
        assert_eq!(breaker.gate(later), Gate::Probing);
        breaker.gave_up();
        assert_eq!(breaker.gate(later), Gate::HalfOpen);
        breaker.probe();
        assert!(breaker.succeeded());
        assert_eq!((breaker.gate(later), breaker.failures()), (Gate::Closed, 0));
    }

    #[test]
    fn the_pause_doubles_up_to_an_hour_each_time_the_host_fails_again() {
        let (mut breaker, mut now) = failed(FAILURES);
        let mut pauses = vec![30];
        for _ in 0..9 {
            let Gate::Open(until) = breaker.gate(now) else {
                panic!("{:?}", breaker.gate(now));
            };
            now = until;
            breaker.probe();
            let until = breaker.failed(now, String::new(), 1.0).unwrap();
            pauses.push((until - now).as_secs());
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn failures_of_requests_that_were_under_way_do_not_lengthen_the_pause() {
        let (mut breaker, now) = failed(FAILURES);
        assert_eq!(breaker.failed(now, String::new(), 1.0), None);
        assert_eq!(breaker.gate(now), Gate::Open(now + FIRST_PAUSE));
    }

    #[test]
    fn jitter_takes_up_to_half_off() {
        assert_eq!(pause(FAILURES, 0.0), Duration::from_secs(15));
        assert_eq!(pause(FAILURES, 0.5), Duration::from_millis(22_500));
    }

    #[test]
    fn what_was_remembered_goes_on_where_it_was() {
        let now = Instant::now();
        let until = now + Duration::from_secs(5);
        let mut breaker = Breaker::remembered(FAILURES + 1, until, "it answered 500".into());
        assert_eq!(breaker.gate(now), Gate::Open(until));
        breaker.probe();
        let next = breaker.failed(until, String::new(), 1.0);
        assert_eq!(next, Some(until + Duration::from_mins(2)));
        // A host that asked to be left alone had not failed.
        let breaker = Breaker::remembered(1, until, "status 429".into());
        assert_eq!((breaker.gate(now), breaker.failures()), (Gate::Closed, 0));
    }
}
