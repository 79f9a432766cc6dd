//! How closely calls followed each other, for sites that want to be asked slowly.

use chrono::{NaiveDateTime, TimeDelta};

use super::{FakeSites, SiteCall};

/// How a reader behaved towards a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many calls there were.
    pub calls: usize,
    /// The most calls that were under way at one moment.
    pub at_once: usize,
    /// The shortest time from the arrival of one call to that of the next; `None` with less than two.
    pub closest: Option<TimeDelta>,
}

impl FakeSites {
    /// The pace of the recorded calls that `fits`.
    pub fn pace(&self, fits: impl Fn(&SiteCall) -> bool) -> Pace {
        let calls = self.calls();
        let spans = calls.iter().filter(|call| fits(call));
        of(&spans.map(|call| (call.at, call.ended)).collect::<Vec<_>>())
    }
}

fn of(spans: &[(NaiveDateTime, Option<NaiveDateTime>)]) -> Pace {
    let under_way = |at: NaiveDateTime| {
        let covers = |(from, to): &&(NaiveDateTime, Option<NaiveDateTime>)| {
            *from <= at && to.is_none_or(|to| at < to)
        };
        spans.iter().filter(covers).count()
    };
    Pace {
        calls: spans.len(),
        at_once: spans
            .iter()
            .map(|(at, _)| under_way(*at))
            .max()
            .unwrap_or(0),
        closest: spans
            .iter()
            .zip(spans.iter().skip(1))
            .map(|((before, _), (after, _))| *after - *before)
            .min(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> NaiveDateTime {
        chrono::DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn calls_at_once_and_the_shortest_gap_are_noticed() {
        let pace = of(&[
            (at(0), Some(at(5))),
            (at(2000), Some(at(2900))),
            (at(2500), None),
        ]);
        let expected = Pace {
            calls: 3,
            at_once: 2,
            closest: Some(TimeDelta::milliseconds(500)),
        };
        assert_eq!(pace, expected);
        assert_eq!(of(&[]).closest, None);
    }
}
