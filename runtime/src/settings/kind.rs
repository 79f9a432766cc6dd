//! What values a setting can have, and how their text is read. Leaves which setting has which kind
//! to `known`.

use config::{Value, ValueKind};

use super::time_zone::{self, TimeZone};

/// What values a setting can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true`, `false` and their usual other spellings.
    Bool,
    /// A whole number within bounds, both included.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A number of hours, with a fraction if wanted.
    Hours,
    /// An address that begins with `http://` or `https://`.
    Url,
    /// A path.
    Path,
    /// An IP address.
    Address,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A level, or tracing directives such as `info,sync_worker=debug`.
    LogLevel,
    /// A time zone, in any of its forms.
    TimeZone,
    /// Texts separated by commas; an array in the settings file.
    List,
}

/// The shortest interval, about two seconds: a run that is due again sooner would never end for whoever
/// looks at it.
const LEAST_HOURS: f64 = 0.0005;
/// Hours in a year, the longest interval.
const MOST_HOURS: f64 = 8760.0;

impl Kind {
    /// Reads the text of a variable or of a saved value.
    ///
    /// # Errors
    /// What is allowed, as it goes after "it must be".
    pub(super) fn parse(self, text: &str) -> Result<ValueKind, String> {
        let text = text.trim();
        match self {
            Self::Text | Self::Path => Some(ValueKind::from(text)),
            Self::Bool => bool_of(text).map(ValueKind::from),
            Self::Integer { least, most } => text
                .parse::<i64>()
                .ok() // why it is no number does not matter, what is allowed is said
                .filter(|number| (least..=most).contains(number))
                .map(ValueKind::from),
            Self::Hours => text
                .parse::<f64>()
                .ok() // as above
                .filter(|hours| (LEAST_HOURS..=MOST_HOURS).contains(hours))
                .map(ValueKind::from),
            Self::Url => url_of(text).map(ValueKind::from),
            Self::Address => text
                .parse::<std::net::IpAddr>()
                .ok() // as above
                .map(|address| ValueKind::from(address.to_string())),
            Self::Word(words) => {
                let word = text.to_ascii_lowercase().replace('-', "_");
                words
                    .contains(&word.as_str())
                    .then(|| ValueKind::from(word))
            }
            Self::LogLevel => crate::logs::directives(text).map(ValueKind::from),
            // As it was written: the region has a say in what it means.
            Self::TimeZone => {
                return TimeZone::parse(text, None).map(|_valid| ValueKind::from(text));
            }
            Self::List => Some(ValueKind::Array(
                entries(text).into_iter().map(Value::from).collect(),
            )),
        }
        .ok_or_else(|| self.expected())
    }

    /// Reads a value of the settings file.
    ///
    /// # Errors
    /// As [`Kind::parse`].
    pub(super) fn parse_value(self, value: &Value) -> Result<ValueKind, String> {
        match (self, &value.kind) {
            (Self::List, ValueKind::Array(entries)) => {
                let is_text = |entry: &Value| matches!(entry.kind, ValueKind::String(_));
                if entries.iter().all(is_text) {
                    Ok(value.kind.clone())
                } else {
                    Err(self.expected())
                }
            }
            (Self::Bool, ValueKind::Boolean(_)) => Ok(value.kind.clone()),
            (Self::Integer { .. } | Self::Hours, ValueKind::I64(number)) => {
                self.parse(&number.to_string())
            }
            (Self::Hours, ValueKind::Float(number)) => self.parse(&number.to_string()),
            (_, ValueKind::String(text)) => self.parse(text),
            _ => Err(self.expected()),
        }
    }

    /// What is allowed, as it goes after "it must be".
    pub fn expected(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Path => "a path".into(),
            Self::Bool => "true or false".into(),
            Self::Integer { least, most } if most >= i64::from(i32::MAX) => {
                format!("a whole number from {least} on")
            }
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Hours => format!("a number of hours from {LEAST_HOURS} to {MOST_HOURS}"),
            Self::Url => "an address that begins with http:// or https://".into(),
            Self::Address => "an IP address such as 127.0.0.1".into(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::LogLevel => {
                "one of trace, debug, info, warning, error, critical, off, or directives such as \
                 info,sync_worker=debug"
                    .into()
            }
            Self::TimeZone => time_zone::expected(),
            Self::List => "texts separated by commas (an array of texts in the file)".into(),
        }
    }
}

/// The entries between commas. Addresses have commas in their queries: there one only separates when
/// a blank, another address or nothing follows.
fn entries(text: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    let mut start = 0;
    for (place, _) in text.match_indices(',') {
        let entry = text.get(start..place).unwrap_or_default();
        let behind = text.get(place + 1..).unwrap_or_default();
        let has_query = entry
            .split_once("://")
            .is_some_and(|(_, address)| address.contains('?'));
        let separates = behind.trim_start().is_empty()
            || behind.starts_with(char::is_whitespace)
            || behind.starts_with("http://")
            || behind.starts_with("https://");
        if !has_query || separates {
            entries.push(entry);
            start = place + 1;
        }
    }
    entries.push(text.get(start..).unwrap_or_default());
    entries
        .into_iter()
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .collect()
}

fn bool_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The address without a slash at its end, so that paths can be put after it.
fn url_of(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?; // what is allowed is said by the caller
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_web.then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, text: &str) -> Option<String> {
        kind.parse(text).ok().map(|value| value.to_string())
    }

    #[test]
    fn booleans_are_read_in_all_their_spellings() {
        for (spelling, is_true) in [("TRUE", true), ("1", true), ("Yes", true), ("on", true)] {
            assert_eq!(Kind::Bool.parse(spelling), Ok(ValueKind::Boolean(is_true)));
        }
        for spelling in ["False", "0", "NO", "off"] {
            assert_eq!(Kind::Bool.parse(spelling), Ok(ValueKind::Boolean(false)));
        }
        assert_eq!(Kind::Bool.parse("maybe"), Err("true or false".into()));
    }

    #[test]
    fn hours_may_be_fractions_and_never_zero_or_nonsense() {
        assert_eq!(Kind::Hours.parse("0.5"), Ok(ValueKind::Float(0.5)));
        for bad in [
            "0",
            "-1",
            "0.000000001",
            "0.0004",
            "NaN",
            "inf",
            "1e9",
            "12h",
            "",
        ] {
            assert!(Kind::Hours.parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_need_their_scheme_and_lose_their_last_slash() {
        assert_eq!(
            text(Kind::Url, "http://seerr:5055/").as_deref(),
            Some("http://seerr:5055")
        );
        for bad in [
            "seerr:5055",
            "192.168.1.5:5055",
            "ftp://x",
            "http://",
            "file:///etc",
        ] {
            assert_eq!(text(Kind::Url, bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_are_split_at_commas_and_lose_empty_entries() {
        assert_eq!(
            Kind::List.parse(" top, ls005,, https://x/y ").unwrap(),
            ValueKind::Array(vec!["top".into(), "ls005".into(), "https://x/y".into()])
        );
    }

    #[test]
    fn a_comma_in_the_query_of_an_address_stays_in_it() {
        let search = "https://www.imdb.com/search/title/?groups=top_250&user_rating=9,10";
        for (text, meant) in [
            (
                format!("{search},ls012345678"),
                vec![format!("{search},ls012345678")],
            ),
            (
                format!("{search}, ls012345678"),
                vec![search.into(), "ls012345678".into()],
            ),
            (
                format!("top,{search},\ntop"),
                vec!["top".into(), search.into(), "top".into()],
            ),
            (
                format!("{search},{search},"),
                vec![search.into(), search.into()],
            ),
            (
                "https://x/list/ls1,ls2?".into(),
                vec!["https://x/list/ls1".into(), "ls2?".into()],
            ),
        ] {
            let meant = meant.into_iter().map(Value::from).collect();
            assert_eq!(
                Kind::List.parse(&text),
                Ok(ValueKind::Array(meant)),
                "{text}"
            );
        }
    }

    #[test]
    fn time_zones_stay_as_they_were_written_and_the_impossible_get_advice() {
        assert_eq!(text(Kind::TimeZone, " UTC+1 ").as_deref(), Some("UTC+1"));
        assert_eq!(
            Kind::TimeZone.parse("Europe/Berlln"),
            Err(
                "a time zone such as Europe/Berlin, CET or UTC+1; did you mean Europe/Berlin?"
                    .into()
            )
        );
    }

    #[test]
    fn words_are_read_in_any_case_and_listed_when_wrong() {
        let kind = Kind::Word(&["auto", "disabled_for_local_addresses"]);
        assert_eq!(text(kind, "AUTO").as_deref(), Some("auto"));
        assert!(text(kind, "disabled-for-local-addresses").is_some());
        assert_eq!(
            kind.parse("x"),
            Err("one of auto, disabled_for_local_addresses".into())
        );
    }
}
