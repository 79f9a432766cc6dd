//! Spans between moments that different processes noted by the same wall clock, and what many spans come to.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// Now, as the processes under test write it down.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Seconds from one moment to the other.
pub(super) fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from)
        .num_microseconds()
        .and_then(|micros| i32::try_from(micros / 10).ok())
        .map_or(f64::NAN, |tens| f64::from(tens) / 100_000.0)
}

/// Milliseconds from one moment to the other.
pub(super) fn millis(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    seconds(from, to) * 1000.0
}

/// What the fakes noted.
pub(super) fn utc(at: NaiveDateTime) -> DateTime<Utc> {
    at.and_utc()
}

/// A count as a number to calculate with.
pub(super) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// Gives way for a moment.
pub(super) async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// The middle, the least and the most of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of an empty list, all are no number.
    pub(super) fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let (below, above) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        Self {
            median: f64::midpoint(at(below), at(above)),
            min: at(0),
            max: at(sorted.len().saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of(&[4.0, 1.0, 2.0, 10.0]);
        let wanted = Spread {
            median: 3.0,
            min: 1.0,
            max: 10.0,
        };
        assert_eq!(spread, wanted);
        assert!((Spread::of(&[7.0, 5.0, 6.0]).median - 6.0).abs() < f64::EPSILON);
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn spans_are_counted_in_seconds_with_their_fractions() {
        let from = now();
        let to = from + chrono::TimeDelta::microseconds(1_234_560);
        assert!((seconds(from, to) - 1.234_56).abs() < 1e-9);
        assert!((millis(from, to) - 1234.56).abs() < 1e-6);
    }
}
