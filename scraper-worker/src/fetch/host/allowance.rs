//! How many requests a host still takes today, where its site allows so many a day. Pure; leaves the
//! database to `kept`.
//!
//! Requests are written down some at a time and before they are sent, so that a process that is
//! killed has asked for no more than is written down, and at most a handful less.

use chrono::{NaiveDate, TimeDelta};

/// Requests written down at once.
const BLOCK: u32 = 10;

/// What was asked of a host on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    /// UTC.
    pub(crate) day: NaiveDate,
    pub(crate) requests: u32,
}

/// The requests of one day.
#[derive(Debug)]
pub(super) struct Allowance {
    per_day: u32,
    used: Used,
    /// Requests that are written down, those to come among them.
    written: u32,
}

impl Allowance {
    /// One of which `used` is written down.
    pub(super) fn new(per_day: u32, used: Used) -> Self {
        Self {
            per_day,
            used,
            written: used.requests,
        }
    }

    pub(super) fn per_day(&self) -> u32 {
        self.per_day
    }

    /// Whether no request is left today.
    pub(super) fn is_used_up(&mut self, today: NaiveDate) -> bool {
        self.turn(today);
        self.used.requests >= self.per_day
    }

    /// Takes one request, and says what to write down before it is sent.
    pub(super) fn take(&mut self, today: NaiveDate) -> Option<Used> {
        self.turn(today);
        self.used.requests = self.used.requests.saturating_add(1);
        if self.used.requests <= self.written {
            return None;
        }
        // A hundredth: of a small allowance a whole block would be much to lose.
        let block = (self.per_day / 100).clamp(1, BLOCK);
        self.written = self
            .used
            .requests
            .saturating_add(block - 1)
            .min(self.per_day.max(1));
        Some(Used {
            requests: self.written,
            ..self.used
        })
    }

    /// Begins a new day. A clock that was put back begins none, unless it had run ahead by days: nobody
    /// could ask before that day comes.
    fn turn(&mut self, today: NaiveDate) {
        let was_ahead = self.used.day.signed_duration_since(today) > TimeDelta::days(1);
        if today > self.used.day || was_ahead {
            self.used = Used {
                day: today,
                requests: 0,
            };
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, number).unwrap()
    }

    fn used(requests: u32) -> Used {
        Used {
            day: day(21),
            requests,
        }
    }

    #[test]
    fn a_day_has_so_many_requests_and_the_next_has_them_anew() {
        let mut allowance = Allowance::new(3, used(1));
        for _ in 0..2 {
            assert!(!allowance.is_used_up(day(21)));
            allowance.take(day(21));
        }
        assert!(allowance.is_used_up(day(21)));
        assert!(allowance.is_used_up(day(20)), "a clock that was put back");
        assert!(
            !Allowance::new(3, used(3)).is_used_up(day(19)),
            "a clock that had run ahead"
        );
        assert!(!allowance.is_used_up(day(22)));
    }

    #[test]
    fn requests_are_written_down_before_they_are_sent_and_ten_at_a_time() {
        let mut allowance = Allowance::new(1000, used(0));
        let mut written = 0;
        for sent in 1..=25 {
            if let Some(used) = allowance.take(day(21)) {
                written = used.requests;
            }
            assert!((sent..sent + 10).contains(&written), "{sent}: {written}");
        }
        let mut small = Allowance::new(50, used(0));
        assert_eq!(small.take(day(21)), Some(used(1)));
        assert_eq!(small.take(day(21)), Some(used(2)));
    }

    #[test]
    fn a_process_that_is_killed_again_and_again_asks_for_no_more_than_is_allowed() {
        let (mut known, mut sent) = (used(0), 0);
        loop {
            let mut allowance = Allowance::new(1000, known);
            if allowance.is_used_up(day(21)) {
                break;
            }
            for _ in 0..7 {
                if !allowance.is_used_up(day(21)) {
                    known = allowance.take(day(21)).unwrap_or(known);
                    sent += 1;
                }
            }
        }
        assert!((700..=1000).contains(&sent), "{sent}");
    }
}
