//! What follows one try of a request: an answer to read, another try after a pause, or leaving the
//! host alone. Pure; leaves waiting to `fetch`.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::settings::Limits;

/// How a try ended, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// With an answer of this status, and what its `Retry-After` asks.
    Answered {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// With no complete answer, as may pass: connection, time, a torn body.
    Broken,
    /// In a way that will not pass: too large, a redirect elsewhere.
    Hopeless,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Take it as it is.
    Take,
    /// Try again after this long.
    Again(Duration),
    /// The host said how long it wants to be left alone; try again then, if that can be awaited.
    HoldThenAgain(Duration),
    /// The host wants to be left alone this long; no more tries.
    Hold(Duration),
}

/// Decides after try number `attempt`, from 1. `jitter` is between 0 and 1.
pub(super) fn after(tried: Tried, attempt: u32, jitter: f64, limits: &Limits) -> Then {
    let is_last = attempt >= limits.tries;
    match tried {
        Tried::Answered {
            status: 429 | 503,
            retry_after: Some(wait),
        } if is_last => Then::Hold(wait),
        Tried::Answered {
            status: 429 | 503,
            retry_after: Some(wait),
        } => Then::HoldThenAgain(wait),
        Tried::Answered {
            status: 429,
            retry_after: None,
        } if is_last => Then::Hold(limits.silent_hold),
        Tried::Answered {
            status: 429 | 500..=599,
            ..
        }
        | Tried::Broken
            if !is_last =>
        {
            Then::Again(delay(attempt, jitter, limits.first_delay))
        }
        Tried::Answered { .. } | Tried::Broken | Tried::Hopeless => Then::Take,
    }
}

/// Doubled with each try, between half and all of it.
fn delay(attempt: u32, jitter: f64, first: Duration) -> Duration {
    let whole = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    whole.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// Reads a `Retry-After`: seconds or an HTTP date. `None` when it is neither.
///
/// Source: RFC 9110 §10.2.3.
pub(super) fn retry_after(value: &str, now: NaiveDateTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        // A day is more than anybody means.
        return Some(Duration::from_secs(seconds.min(24 * 3600)));
    }
    let until: DateTime<Utc> = DateTime::parse_from_rfc2822(value).ok()?.into(); // else malformed
    let wait = until.naive_utc() - now;
    Some(
        wait.to_std()
            .unwrap_or_default()
            .min(Duration::from_hours(24)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn then(tried: Tried, attempt: u32) -> Then {
        after(tried, attempt, 1.0, &Limits::default())
    }

    fn status(status: u16) -> Tried {
        Tried::Answered {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn failures_of_the_server_and_the_line_are_tried_three_times_with_growing_delays() {
        for tried in [status(500), status(502), status(503), Tried::Broken] {
            assert_eq!(
                then(tried, 1),
                Then::Again(Duration::from_millis(500)),
                "{tried:?}"
            );
            assert_eq!(
                then(tried, 2),
                Then::Again(Duration::from_secs(1)),
                "{tried:?}"
            );
            assert_eq!(then(tried, 3), Then::Take, "{tried:?}");
        }
    }

    #[test]
    fn answers_that_repeat_themselves_are_not_asked_for_again() {
        for tried in [
            status(200),
            status(304),
            status(403),
            status(404),
            Tried::Hopeless,
        ] {
            assert_eq!(then(tried, 1), Then::Take, "{tried:?}");
        }
    }

    #[test]
    fn a_host_that_says_later_is_left_alone_that_long() {
        let wait = Duration::from_secs(17);
        for status in [429, 503] {
            let tried = Tried::Answered {
                status,
                retry_after: Some(wait),
            };
            assert_eq!(then(tried, 1), Then::HoldThenAgain(wait));
            assert_eq!(then(tried, 3), Then::Hold(wait));
        }
        assert_eq!(
            then(status(429), 1),
            Then::Again(Duration::from_millis(500))
        );
        assert_eq!(then(status(429), 3), Then::Hold(Duration::from_mins(1)));
    }

    #[test]
    fn jitter_takes_up_to_half_off() {
        let limits = Limits::default();
        let calm = after(Tried::Broken, 1, 0.0, &limits);
        assert_eq!(calm, Then::Again(Duration::from_millis(250)));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = "2026-11-21T12:00:00".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        let date = retry_after("Sat, 21 Nov 2026 12:00:30 GMT", now);
        assert_eq!(date, Some(Duration::from_secs(30)));
        let past = retry_after("Sat, 21 Nov 2026 11:00:00 GMT", now);
        assert_eq!(past, Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }
}
