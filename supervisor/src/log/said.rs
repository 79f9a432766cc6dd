//! What a line tells of itself: when it was written and how grave it is.
//!
//! Looks for what our processes write (JSON, or for people a timestamp and a level) and others often do.
//! Pure and cheap: no line is parsed as a whole.

use chrono::{DateTime, Utc};
use schema::wire::supervisor::LogLevel;

/// Longest timestamp: nanoseconds and an offset.
const STAMP_BYTES: usize = 40;

/// Bytes of a line in which a key of it is looked for.
const KEY_WITHIN: usize = 4096;

/// When the line was written, if it tells.
pub(super) fn time(line: &[u8]) -> Option<DateTime<Utc>> {
    let text = match line.first()? {
        b'{' => field(line, "timestamp").or_else(|| field(line, "time"))?,
        b'0'..=b'9' => leading_stamp(line)?.0,
        _ => return None,
    };
    let time = DateTime::parse_from_rfc3339(text).ok()?; // anything else is no time
    Some(time.to_utc())
}

/// The timestamp that a line for people begins with, and what comes behind it.
pub(super) fn leading_stamp(line: &[u8]) -> Option<(&str, &[u8])> {
    if line.get(4) != Some(&b'-') || line.get(10) != Some(&b'T') {
        return None;
    }
    let head = line.get(..STAMP_BYTES).unwrap_or(line);
    let end = memchr::memchr3(b' ', b'\t', b'\n', head).unwrap_or(head.len());
    let (stamp, rest) = line.split_at_checked(end)?;
    let stamp = std::str::from_utf8(stamp).ok()?; // a time is ASCII
    DateTime::parse_from_rfc3339(stamp).ok()?; // anything else is no time
    Some((stamp, rest))
}

/// How grave the line is; one that does not tell is `info`.
pub(super) fn level(line: &[u8]) -> LogLevel {
    let word = match line.first() {
        Some(b'{') => field(line, "level"),
        Some(b'0'..=b'9') => leading_stamp(line).and_then(|(_, rest)| first_word(rest)),
        _ => None,
    };
    word.and_then(level_of).unwrap_or(LogLevel::Info)
}

/// A level in our words or those of others.
pub(super) fn level_of(word: &str) -> Option<LogLevel> {
    let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is(&["info", "information", "notice"]) {
        Some(LogLevel::Info)
    } else if is(&["warn", "warning"]) {
        Some(LogLevel::Warn)
    } else if is(&[
        "error", "err", "critical", "crit", "fatal", "alert", "emerg", "panic",
    ]) {
        Some(LogLevel::Error)
    } else if is(&["debug"]) {
        Some(LogLevel::Debug)
    } else if is(&["trace"]) {
        Some(LogLevel::Trace)
    } else {
        None
    }
}

fn first_word(rest: &[u8]) -> Option<&str> {
    let rest = rest.trim_ascii_start();
    let end = rest
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(rest.len());
    let word = rest.get(..end.min(STAMP_BYTES))?;
    let word = std::str::from_utf8(word).ok()?; // no level in it then
    Some(word.trim_matches(|sign: char| !sign.is_ascii_alphabetic()))
}

/// The text of `"key": "text"` in a line of JSON.
fn field<'line>(line: &'line [u8], key: &str) -> Option<&'line str> {
    let line = line.get(..KEY_WITHIN).unwrap_or(line);
    let mut from = 0;
    loop {
        let rest = line.get(from..)?;
        let at = memchr::memmem::find(rest, key.as_bytes())?;
        let behind = rest.get(at + key.len()..)?;
        if at > 0
            && rest.get(at - 1) == Some(&b'"')
            && let Some(value) = behind.strip_prefix(b"\"")
            && let Some(value) = value.trim_ascii_start().strip_prefix(b":")
            && let Some(text) = value.trim_ascii_start().strip_prefix(b"\"")
        {
            let end = memchr::memchr(b'"', text)?;
            return std::str::from_utf8(text.get(..end)?).ok(); // no known word is anything but text
        }
        from += at + key.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(line: &str) -> Option<i64> {
        time(line.as_bytes()).map(|time| time.timestamp())
    }

    #[test]
    fn the_time_of_a_line_is_read_from_json_and_from_its_beginning() {
        assert_eq!(
            seconds(r#"{"process":"api","timestamp":"1970-01-01T00:01:00.000Z"}"#),
            Some(60)
        );
        assert_eq!(
            seconds(r#"{"time": "1970-01-01T01:01:00+01:00"}"#),
            Some(60)
        );
        assert_eq!(seconds("1970-01-01T00:01:00.123456Z  INFO text"), Some(60));
        assert_eq!(seconds("1970-01-01T00:01:00Z"), Some(60));
        for none in [
            "",
            "text",
            "1970-01-01",
            "2024-13-45T99:00:00Z x",
            "{}",
            r#"{"timestamp":7}"#,
            r#"{"message":"timestamp"}"#,
            r#"{"timestamp":"soon"}"#,
        ] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }

    #[test]
    fn the_level_of_a_line_is_read_from_json_and_behind_its_time() {
        for (line, expected) in [
            (
                r#"{"process":"api","level":"WARN","message":"x"}"#,
                LogLevel::Warn,
            ),
            (r#"{"level": "critical"}"#, LogLevel::Error),
            (
                r#"{"message":"the \"level\":\"error\" of it","level":"debug"}"#,
                LogLevel::Debug,
            ),
            (r#"{"level":30}"#, LogLevel::Info),
            ("2026-11-21T19:00:00.000Z ERROR it broke", LogLevel::Error),
            ("2026-11-21T19:00:00.000Z  INFO fine", LogLevel::Info),
            ("2026-11-21T19:00:00Z [warning] x", LogLevel::Warn),
            ("2026-11-21T19:00:00Z", LogLevel::Info),
            ("ERROR in a foreign tongue", LogLevel::Info),
            ("", LogLevel::Info),
        ] {
            assert_eq!(level(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_line_for_people_falls_into_its_time_and_the_rest() {
        let (stamp, rest) = leading_stamp(b"2026-11-21T19:00:00.000Z  INFO text\n").unwrap();
        assert_eq!(
            (stamp, rest),
            ("2026-11-21T19:00:00.000Z", &b"  INFO text\n"[..])
        );
        assert!(leading_stamp(b"2026-11-21T19:00:00.000\xff INFO").is_none());
    }
}
