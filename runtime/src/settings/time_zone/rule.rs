//! Time zones as POSIX writes them: `CET-1CEST,M3.5.0,M10.5.0/3`. Only as far as chrono takes them from `TZ`,
//! which the C library does too.
//!
//! Source: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>, checked 2026-11-21.

/// Why a text is no rule that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not look like one.
    NoRule,
    /// It has summer time and does not say when.
    NoDates,
}

/// The rule of a zone that is always as many minutes ahead of UTC. Signs are reversed there.
pub(super) fn fixed(minutes: i32) -> String {
    if minutes == 0 {
        return "UTC0".into();
    }
    let (here, there) = if minutes > 0 { ('+', '-') } else { ('-', '+') };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let there = if there == '+' { "" } else { "-" };
    if rest == 0 {
        format!("<{here}{hours:02}>{there}{hours}")
    } else {
        format!("<{here}{hours:02}{rest:02}>{there}{hours}:{rest:02}")
    }
}

/// Looks whether the text is a rule.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let mut parts = text.split(',');
    let names = parts.next().unwrap_or_default();
    let dates: Vec<_> = parts.collect();
    let rest = name(names).and_then(offset).ok_or(Fault::NoRule)?;
    if rest.is_empty() {
        return if dates.is_empty() {
            Ok(())
        } else {
            Err(Fault::NoRule)
        };
    }
    let rest = name(rest).ok_or(Fault::NoRule)?;
    if !rest.is_empty() && offset(rest) != Some("") {
        return Err(Fault::NoRule);
    }
    match dates.as_slice() {
        [] => Err(Fault::NoDates),
        [begin, end] if is_date(begin) && is_date(end) => Ok(()),
        _ => Err(Fault::NoRule),
    }
}

/// A rule without what POSIX does not have: times of day before 0 or after 24 h, which a few zones use to
/// say "the day before the last Sunday". The change is then moved to the nearest hour of that day.
pub(super) fn plain(rule: &str) -> String {
    let parts = rule.split(',').map(|part| match part.split_once('/') {
        Some((day, time)) => match hours(time) {
            Some(0..=24) | None => part.to_owned(),
            Some(hours) if hours < 0 => format!("{day}/0"),
            Some(_) => format!("{day}/24"),
        },
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(",")
}

fn hours(time: &str) -> Option<i32> {
    time.split(':').next()?.parse().ok() // what is no number stays as it is
}

/// Letters of a name, which chrono takes no more of.
const NAME: std::ops::RangeInclusive<usize> = 3..=7;

/// What follows the name of a zone: a few letters, or as many of some more signs between angle brackets.
fn name(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('<') {
        let (name, rest) = quoted.split_once('>')?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-');
        return (NAME.contains(&name.len()) && name.chars().all(is_plain)).then_some(rest);
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    NAME.contains(&end).then(|| text.get(end..)).flatten()
}

/// What follows an offset: `[+-]hh[:mm[:ss]]`, below 24 hours.
fn offset(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != ':')
        .unwrap_or(unsigned.len());
    let (time, rest) = unsigned.split_at_checked(end)?;
    (is_time(time) && hours(time).is_some_and(|hours| hours < 24)).then_some(rest)
}

/// `hh[:mm[:ss]]`, up to 24 hours.
fn is_time(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    let within = |text: &str, most: u32| {
        (1..=2).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|number| number <= most)
    };
    match parts.as_slice() {
        [hours] => within(hours, 24),
        [hours, rest @ ..] if rest.len() <= 2 => {
            within(hours, 24) && rest.iter().all(|part| within(part, 59))
        }
        _ => false,
    }
}

/// `M3.5.0`, `J60` or `59`, with a time of day if wanted.
fn is_date(text: &str) -> bool {
    let (day, time) = text.split_once('/').unwrap_or((text, "2"));
    let number = |text: &str, least: u32, most: u32| {
        text.bytes().all(|byte| byte.is_ascii_digit())
            && text
                .parse::<u32>()
                .is_ok_and(|number| (least..=most).contains(&number))
    };
    let is_day = if let Some(month) = day.strip_prefix('M') {
        let parts: Vec<_> = month.split('.').collect();
        matches!(parts.as_slice(), [month, week, day]
            if number(month, 1, 12) && number(week, 1, 5) && number(day, 0, 6))
    } else if let Some(day) = day.strip_prefix('J') {
        number(day, 1, 365)
    } else {
        number(day, 0, 365)
    };
    is_day && is_time(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_rules_with_the_sign_reversed() {
        for (minutes, rule) in [
            (60, "<+01>-1"),
            (-180, "<-03>3"),
            (330, "<+0530>-5:30"),
            (-210, "<-0330>3:30"),
            (0, "UTC0"),
        ] {
            assert_eq!(fixed(minutes), rule);
            assert_eq!(check(rule), Ok(()), "{rule}");
        }
    }

    #[test]
    fn rules_are_told_from_other_texts() {
        for rule in [
            "EST5",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "<+0330>-3:30<+0430>,J79/24,J263/24:00:00",
            "AEST-10AEDT-11,M10.1.0,M4.1.0/3",
            "XXX3YYY,0,364/1",
        ] {
            assert_eq!(check(rule), Ok(()), "{rule}");
        }
        assert_eq!(check("CET-1CEST"), Err(Fault::NoDates));
        for text in [
            "",
            "CE-1",
            "Europe/Berlin",
            "CET-25",
            "CET-24",
            "LONGNAME-1",
            "<+LONGNAME>-1",
            "CET-1:60",
            "CET-1,M3.5.0,M10.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M3.5.0,M10.5.0/50",
            "CET-1CEST,J0,J60",
            "<+1>-1",
            "CET-1CEST-2x,J1,J60",
            "Mars/Phobos",
        ] {
            assert_eq!(check(text), Err(Fault::NoRule), "{text}");
        }
    }

    #[test]
    fn times_that_chrono_does_not_take_are_moved_within_their_day() {
        assert_eq!(
            plain("IST-2IDT,M3.4.4/26,M10.5.0"),
            "IST-2IDT,M3.4.4/24,M10.5.0"
        );
        assert_eq!(
            plain("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"),
            "<-02>2<-01>,M3.5.0/0,M10.5.0/0"
        );
        assert_eq!(
            plain("CET-1CEST,M3.5.0,M10.5.0/3"),
            "CET-1CEST,M3.5.0,M10.5.0/3"
        );
    }
}
