//! How lines of many programs look in one stream: for people `TIME NAME | line`, for machines exactly one
//! JSON object a line with at least `timestamp`, `process`, `level` and `message`.
//!
//! Pure. Lines of ours are passed on as they are in JSON; others are wrapped, an object of theirs under
//! `fields`, also one that says it is another program's. Bytes that are no text are replaced, here only. Leaves writing to [`super::console`].

use std::{borrow::Cow, fmt};

use chrono::{DateTime, SecondsFormat, Utc};
use schema::wire::supervisor::LogLevel;
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::said;

/// Width of the names, for the bars to stand below each other.
const NAME_WIDTH: usize = 14;

/// Who reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    People,
    Machines,
}

/// Adds complete lines of `process` to `text`; they came at `now`.
pub(super) fn add(text: &mut Vec<u8>, look: Look, process: &str, lines: &[u8], now: DateTime<Utc>) {
    let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match look {
            Look::People => add_for_people(text, process, line, &now),
            Look::Machines => add_json(text, process, line, &now),
        }
        text.push(b'\n');
    }
}

/// What the supervisor itself says there and nowhere else.
pub(super) fn notice(look: Look, message: &str, now: DateTime<Utc>) -> Vec<u8> {
    let mut text = Vec::new();
    let stamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    match look {
        Look::People => {
            let line = format!(" WARN {message}");
            add_for_people(&mut text, super::OWN, line.as_bytes(), &stamp);
        }
        Look::Machines => add_wrapped(&mut text, super::OWN, "WARN", message, &stamp),
    }
    text.push(b'\n');
    text
}

fn add_for_people(text: &mut Vec<u8>, process: &str, line: &[u8], now: &str) {
    let (stamp, rest) = match said::leading_stamp(line) {
        Some((stamp, rest)) => (stamp, rest.strip_prefix(b" ").unwrap_or(rest)),
        None => (now, line),
    };
    text.extend_from_slice(stamp.as_bytes());
    text.push(b' ');
    text.extend_from_slice(process.as_bytes());
    let missing = NAME_WIDTH.saturating_sub(process.len());
    text.extend(std::iter::repeat_n(b' ', missing));
    text.extend_from_slice(b" | ");
    text.extend_from_slice(String::from_utf8_lossy(rest).as_bytes());
}

fn add_json(text: &mut Vec<u8>, process: &str, line: &[u8], now: &str) {
    if line.first() == Some(&b'{')
        && let Ok(line) = std::str::from_utf8(line)
        && let Ok(keys) = serde_json::from_str::<Keys<'_>>(line)
    {
        if keys.is_whole(process) {
            text.extend_from_slice(line.trim_ascii_end().as_bytes());
            return;
        }
        let level = keys.level.as_deref().map_or("INFO", level_word);
        let message = keys.message.as_deref().unwrap_or_default();
        add_wrapped(text, process, level, message, now);
        text.pop(); // its closing brace
        text.extend_from_slice(b",\"fields\":");
        text.extend_from_slice(line.trim_ascii_end().as_bytes());
        text.push(b'}');
        return;
    }
    add_wrapped(text, process, "INFO", &String::from_utf8_lossy(line), now);
}

fn add_wrapped(text: &mut Vec<u8>, process: &str, level: &str, message: &str, now: &str) {
    for part in ["{\"timestamp\":\"", now, "\",\"process\":"] {
        text.extend_from_slice(part.as_bytes());
    }
    add_text(text, process);
    for part in [",\"level\":\"", level, "\",\"message\":"] {
        text.extend_from_slice(part.as_bytes());
    }
    add_text(text, message);
    text.push(b'}');
}

fn add_text(text: &mut Vec<u8>, message: &str) {
    // Memory takes every byte, and every text has a form in JSON.
    serde_json::to_writer(text, message).unwrap_or_default();
}

fn level_word(word: &str) -> &'static str {
    match said::level_of(word) {
        Some(LogLevel::Trace) => "TRACE",
        Some(LogLevel::Debug) => "DEBUG",
        Some(LogLevel::Warn) => "WARN",
        Some(LogLevel::Error) => "ERROR",
        Some(LogLevel::Info) | None => "INFO",
    }
}

const TIME: u8 = 1;
const PROCESS: u8 = 2;
const LEVEL: u8 = 4;
const MESSAGE: u8 = 8;

/// What is looked at in an object: read once from end to end, so that half a line is not taken for one, and
/// nothing else of it kept.
#[derive(Default)]
struct Keys<'line> {
    /// Which of the four that every line has are there, a bit for each.
    seen: u8,
    process: Option<Cow<'line, str>>,
    level: Option<Cow<'line, str>>,
    message: Option<Cow<'line, str>>,
}

impl Keys<'_> {
    /// The supervisor's own lines may be about any program, those of a program are about itself.
    fn is_whole(&self, process: &str) -> bool {
        let is_its_own = process == super::OWN || self.process.as_deref() == Some(process);
        is_its_own && self.seen == TIME | PROCESS | LEVEL | MESSAGE
    }
}

/// A text of the line, borrowed where it can be; none for other values.
struct Text<'line>(Option<Cow<'line, str>>);

impl<'line> Deserialize<'line> for Keys<'line> {
    fn deserialize<D: serde::Deserializer<'line>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'line> Visitor<'line> for Reader {
            type Value = Keys<'line>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'line>>(self, mut map: A) -> Result<Keys<'line>, A::Error> {
                let mut keys = Keys::default();
                while let Some(Text(key)) = map.next_key()? {
                    match key.as_deref().unwrap_or_default() {
                        "timestamp" => {
                            keys.seen |= TIME;
                            map.next_value::<IgnoredAny>()?;
                        }
                        "process" => {
                            keys.seen |= PROCESS;
                            keys.process = map.next_value::<Text<'_>>()?.0;
                        }
                        "level" => {
                            keys.seen |= LEVEL;
                            keys.level = map.next_value::<Text<'_>>()?.0;
                        }
                        "message" => {
                            keys.seen |= MESSAGE;
                            keys.message = map.next_value::<Text<'_>>()?.0;
                        }
                        "msg" if keys.seen & MESSAGE == 0 => {
                            keys.message = map.next_value::<Text<'_>>()?.0;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(keys)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl<'line> Deserialize<'line> for Text<'line> {
    fn deserialize<D: serde::Deserializer<'line>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'line> Visitor<'line> for Reader {
            type Value = Text<'line>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E>(self, text: &'line str) -> Result<Text<'line>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'line>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Text<'line>, E> {
                Ok(Text(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Text<'line>, E> {
                Ok(Text(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Text<'line>, E> {
                Ok(Text(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Text<'line>, E> {
                Ok(Text(None))
            }

            fn visit_unit<E>(self) -> Result<Text<'line>, E> {
                Ok(Text(None))
            }

            fn visit_seq<A: serde::de::SeqAccess<'line>>(
                self,
                mut values: A,
            ) -> Result<Text<'line>, A::Error> {
                while values.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'line>>(self, mut map: A) -> Result<Text<'line>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(look: Look, lines: &[u8]) -> String {
        let mut text = Vec::new();
        let now = DateTime::from_timestamp_millis(1_234).unwrap();
        add(&mut text, look, "vpn", lines, now);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn people_see_when_and_who_in_front_of_each_line_once() {
        let lines = b"up\n2026-11-21T19:00:00.000Z  INFO ours\n\xff\r\n";
        let expected = "\
            1970-01-01T00:00:01.234Z vpn            | up\n\
            2026-11-21T19:00:00.000Z vpn            |  INFO ours\n\
            1970-01-01T00:00:01.234Z vpn            | \u{fffd}\n";
        assert_eq!(merged(Look::People, lines), expected);
    }

    #[test]
    fn a_line_of_ours_passes_as_it_is() {
        let line = r#"{"process":"vpn","timestamp":"2026-11-21T19:00:00.000Z","level":"INFO","message":"x","n":{"a":[1]}}"#;
        assert_eq!(
            merged(Look::Machines, format!("{line}\n").as_bytes()),
            format!("{line}\n")
        );
    }

    #[test]
    fn whatever_else_is_written_becomes_one_object_with_all_keys() {
        for (line, level, message, fields) in [
            (
                "tunnel \"up\"\t\u{1b}[1m",
                "INFO",
                "tunnel \"up\"\t\u{1b}[1m",
                None,
            ),
            ("", "INFO", "", None),
            ("[1,2]", "INFO", "[1,2]", None),
            (r#"{"half":"#, "INFO", r#"{"half":"#, None),
            (
                r#"{"process":"api","timestamp":"a","level":"INFO","message":"x"}{"#,
                "INFO",
                r#"{"process":"api","timestamp":"a","level":"INFO","message":"x"}{"#,
                None,
            ),
            (
                r#"{"level": "warning", "msg": "a\"b"} "#,
                "WARN",
                "a\"b",
                Some(r#"{"level":"warning","msg":"a\"b"}"#),
            ),
            (
                r#"{"level":30,"message":{"a":[null]},"x":1.5}"#,
                "INFO",
                "",
                Some(r#"{"level":30,"message":{"a":[null]},"x":1.5}"#),
            ),
            ("{}", "INFO", "", Some("{}")),
            (
                r#"{"process":"api","timestamp":"a","level":"ERROR","message":"x"}"#,
                "ERROR",
                "x",
                Some(r#"{"process":"api","timestamp":"a","level":"ERROR","message":"x"}"#),
            ),
        ] {
            let text = merged(Look::Machines, format!("{line}\n").as_bytes());
            assert_eq!(text.matches('\n').count(), 1);
            let object: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(object["timestamp"], "1970-01-01T00:00:01.234Z");
            assert_eq!(object["process"], "vpn");
            assert_eq!(
                (&object["level"], &object["message"]),
                (&level.into(), &message.into()),
                "{line}"
            );
            let fields =
                fields.map(|fields| serde_json::from_str::<serde_json::Value>(fields).unwrap());
            assert_eq!(object.get("fields"), fields.as_ref(), "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let text = merged(Look::Machines, b"\xff\x00\n{\"a\":\"\xff\"}\n");
        for (line, message) in text.lines().zip(["\u{fffd}\u{0}", "{\"a\":\"\u{fffd}\"}"]) {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["message"], message);
        }
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn what_is_said_here_alone_looks_like_the_rest() {
        let now = DateTime::from_timestamp_millis(1_234).unwrap();
        let text = notice(Look::Machines, "lost", now);
        let object: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&object["level"], &object["process"]),
            (&"WARN".into(), &"supervisor".into())
        );
        let text = String::from_utf8(notice(Look::People, "lost", now)).unwrap();
        assert_eq!(
            text,
            "1970-01-01T00:00:01.234Z supervisor     |  WARN lost\n"
        );
    }
}
