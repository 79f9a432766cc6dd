//! The time of day, so that tests control it. Leaves timers to tokio, whose time tests can pause.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time in UTC, whole microseconds, as the database keeps it. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Fixed(Arc<Mutex<NaiveDateTime>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still at `time` until [`Clock::advance`] or [`Clock::set`].
    pub fn fixed(time: NaiveDateTime) -> Self {
        Self(Kind::Fixed(Arc::new(Mutex::new(time.trunc_subsecs(6)))))
    }

    /// Now, UTC.
    pub fn now(&self) -> NaiveDateTime {
        match &self.0 {
            Kind::System => Utc::now().naive_utc().trunc_subsecs(6),
            Kind::Fixed(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Now, with its time zone, as messages and HTTP carry it.
    pub fn now_utc(&self) -> DateTime<Utc> {
        self.now().and_utc()
    }

    /// Moves a fixed clock and all its clones on. Does nothing to the machine's clock.
    pub fn advance(&self, by: Duration) {
        if let Kind::Fixed(time) = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
            *time = time.checked_add_signed(by).unwrap_or(NaiveDateTime::MAX);
        }
    }

    /// Puts a fixed clock and all its clones to `time`. Does nothing to the machine's clock.
    pub fn set(&self, to: NaiveDateTime) {
        if let Kind::Fixed(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = to.trunc_subsecs(6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> NaiveDateTime {
        "2026-11-21T12:00:00".parse().unwrap()
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told_and_with_all_its_clones() {
        let clock = Clock::fixed(noon());
        let clone = clock.clone();
        assert_eq!(clock.now(), noon());
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now(), noon() + TimeDelta::seconds(90));
        clone.set(noon());
        assert_eq!(clock.now_utc().to_rfc3339(), "2026-11-21T12:00:00+00:00");
    }

    #[test]
    fn the_system_clock_tells_whole_microseconds() {
        assert_eq!(
            Clock::system().now().and_utc().timestamp_subsec_nanos() % 1000,
            0
        );
    }
}
