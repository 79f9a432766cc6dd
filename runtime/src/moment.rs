//! Moments as people name them: `10m`, `17:04`, `yesterday`. Leaves whether one may lie ahead to those
//! who ask.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

/// How a moment may be written, for who wrote it otherwise.
pub const EXAMPLES: &str = "2026-03-01T17:04:00Z, 17:04, 17:04:30, 10m, 2h, 3d, today, yesterday";

/// The moment that `text` names, in the zone of `now`; `None` when it names none. `10m` is ten minutes
/// ago, `17:04` is today.
pub fn named<Z: TimeZone>(text: &str, now: &DateTime<Z>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let today = now.date_naive();
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now.to_utc()),
        "today" => return of_day(today, NaiveTime::MIN, now),
        "yesterday" => {
            let day = today.checked_sub_days(Days::new(1))?;
            return of_day(day, NaiveTime::MIN, now);
        }
        _ => {}
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    for form in ["%H:%M", "%H:%M:%S"] {
        if let Ok(time) = NaiveTime::parse_from_str(text, form) {
            return of_day(today, time, now);
        }
    }
    now.to_utc().checked_sub_signed(ago(text)?)
}

/// `10m`, `2h`, `3d`, `45s`.
fn ago(text: &str) -> Option<TimeDelta> {
    let (unit, seconds) = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        .into_iter()
        .find(|(unit, _)| text.ends_with(unit))?;
    let number = text.strip_suffix(unit)?;
    if !number.chars().all(|sign| sign.is_ascii_digit()) {
        return None; // a sign is no number of minutes
    }
    let number: i64 = number.parse().ok()?; // more than any clock counts
    TimeDelta::try_seconds(number.checked_mul(seconds)?)
}

/// A time of a day. Where clocks are put back it is the earlier of the two; where they are put forward
/// over it, the same time an hour later.
fn of_day<Z: TimeZone>(
    day: NaiveDate,
    time: NaiveTime,
    now: &DateTime<Z>,
) -> Option<DateTime<Utc>> {
    let zone = now.timezone();
    let at = day.and_time(time);
    let moment = |at| zone.from_local_datetime(&at).earliest();
    let moment = moment(at).or_else(|| moment(at + TimeDelta::hours(1)))?;
    Some(moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    /// 2026-03-01 12:00:00 at two hours east of Greenwich.
    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-03-01T12:00:00+02:00").unwrap()
    }

    #[test]
    fn moments_are_named_as_people_name_them() {
        for (text, expected) in [
            ("2026-02-28T23:00:00Z", "2026-02-28T23:00:00Z"),
            ("2026-03-01T11:00:00+02:00", "2026-03-01T09:00:00Z"),
            ("11:30", "2026-03-01T09:30:00Z"),
            ("11:30:15", "2026-03-01T09:30:15Z"),
            ("0:05", "2026-02-28T22:05:00Z"),
            ("45s", "2026-03-01T09:59:15Z"),
            ("10m", "2026-03-01T09:50:00Z"),
            (" 2h ", "2026-03-01T08:00:00Z"),
            ("3d", "2026-02-26T10:00:00Z"),
            ("today", "2026-02-28T22:00:00Z"),
            ("Yesterday", "2026-02-27T22:00:00Z"),
            ("now", "2026-03-01T10:00:00Z"),
        ] {
            let moment = named(text, &now()).unwrap();
            assert_eq!(
                moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in [
            "",
            "m",
            "10",
            "-10m",
            "+10m",
            "1.5h",
            "10 m",
            "25:00",
            "9999999999999999999d",
            "9223372036854775807d",
            "2026-03-01",
            "tomorrow",
            "10µ",
        ] {
            assert_eq!(named(text, &now()), None, "{text}");
        }
    }
}
