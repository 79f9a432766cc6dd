//! The file that carries pins from one ListSync to another: its form, reading and writing it. Pure;
//! leaves finding the file to the command line and the API, and storing pins to the sync-worker.
//!
//! One object, a pin on each line so that two files can be compared:
//!
//! ```json
//! {"format":"listsync-pins","version":1,"pins":[
//! {"entry":{"title":"The Thing","year":1982,"media_type":"movie"},"keys":["imdb:tt0084787"],"title":{"media_type":"movie","tmdb_id":1091,"title":"The Thing","year":1982}}
//! ]}
//! ```
//!
//! `entry` is how a list shows the entry; `keys` is what it is recognised by on any list; `title` is what
//! it is, null when it is none of TMDB's titles. A later pin counts more than an earlier one.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::models::MediaType;

/// The word under `format`.
pub const FORMAT: &str = "listsync-pins";
/// The number under `version`.
pub const VERSION: i64 = 1;
/// Longest file that is read.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Most pins of one file.
pub const MOST_PINS: usize = 20_000;

/// Most keys of one pin; an entry has six at the most.
const MOST_KEYS: usize = 20;
/// Longest key and longest title, in bytes.
const LONGEST_TEXT: usize = 1_000;
/// Pins and bytes that are sent to the sync-worker at once, far below the limit of a line.
const PINS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 256 * 1024;

/// One choice of a person, as files and messages have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinRecord {
    /// The entry as its list shows it.
    pub entry: PinEntry,
    /// What the entry is recognised by on any list: `imdb:tt0084787`, `tmdb:movie:1091`,
    /// `title:movie:1982:the thing`; where an id of the entry is another title's, what the entry says as a
    /// whole: `told:movie:1995:heat:tmdb-680`.
    pub keys: Vec<String>,
    /// The title it is; null when it is none of TMDB's.
    pub title: Option<PinTitle>,
}

/// An entry as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinEntry {
    /// Its title.
    pub title: String,
    /// Four digits.
    #[serde(default)]
    pub year: Option<i32>,
    /// Movie or show, where the list tells.
    #[serde(default)]
    pub media_type: Option<MediaType>,
}

/// The title that an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinTitle {
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title.
    pub title: String,
    /// Year of the release or of the first episode.
    #[serde(default)]
    pub year: Option<i32>,
}

/// A pin with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberedPin {
    /// From 1.
    pub number: u32,
    /// The pin.
    pub pin: PinRecord,
}

/// A pin that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefusedPin {
    /// Its place in the file, from 1.
    pub number: u32,
    /// Why, as a fragment.
    pub reason: String,
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinFile {
    /// Pins that can be stored.
    pub pins: Vec<NumberedPin>,
    /// Pins that are none.
    pub refused: Vec<RefusedPin>,
}

/// Why a file is not taken at all. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFileError {
    /// Too long.
    #[error("it is longer than {} MiB, which no file of pins is", MOST_BYTES / 1024 / 1024)]
    TooLong,
    /// No JSON.
    #[error("it is no JSON from {0} on; take the file as `listsync pins export` wrote it")]
    NotJson(String),
    /// JSON of something else.
    #[error(
        "it does not say that it holds pins: `format` must be `{FORMAT}`, as in what `listsync pins export` writes"
    )]
    NoFormat,
    /// Another program's file.
    #[error("its format is `{0}`, and pins have the format `{FORMAT}`")]
    OtherFormat(String),
    /// A later version of ours.
    #[error(
        "its version of the format is {0}, and this ListSync reads version {VERSION}; export it again with this version, or install a newer one here"
    )]
    OtherVersion(String),
    /// No list of pins.
    #[error("it has no list `pins`; take the file as `listsync pins export` wrote it")]
    NoPins,
    /// An empty list.
    #[error("there is nothing to import: its list `pins` is empty")]
    Empty,
    /// More than anybody picks.
    #[error("it holds {0} pins and at most {MOST_PINS} are taken; split it into several files")]
    TooMany(usize),
}

impl PinFile {
    /// Reads a file. Pins that are none are told with their number; the others are taken.
    ///
    /// # Errors
    /// [`PinFileError`] when it is no file of pins, or one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, PinFileError> {
        if bytes.len() > MOST_BYTES {
            return Err(PinFileError::TooLong);
        }
        // Editors on Windows put a mark before the text.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let whole: &RawValue = serde_json::from_slice(bytes).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            PinFileError::NotJson(place)
        })?;
        let pins = pins_of(whole.get())?;
        let mut file = Self::default();
        for (number, raw) in (1..).zip(pins) {
            match record(raw.get()) {
                Ok(pin) => file.pins.push(NumberedPin { number, pin }),
                Err(reason) => file.refused.push(RefusedPin { number, reason }),
            }
        }
        Ok(file)
    }

    /// The pins in parts that fit into a message, in order.
    pub fn into_batches(self) -> Vec<Vec<NumberedPin>> {
        let mut batches: Vec<Vec<NumberedPin>> = Vec::new();
        let mut bytes = usize::MAX;
        for pin in self.pins {
            let size = pin.pin.size();
            match batches.last_mut() {
                Some(batch) if batch.len() < PINS_AT_ONCE && bytes + size <= BYTES_AT_ONCE => {
                    bytes += size;
                    batch.push(pin);
                }
                _ => {
                    bytes = size;
                    batches.push(vec![pin]);
                }
            }
        }
        batches
    }
}

/// Everything before the pins, and each of them unread.
fn pins_of(text: &str) -> Result<Vec<&RawValue>, PinFileError> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<Value>,
        version: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        pins: Vec<&'a RawValue>,
    }
    let head: Head = serde_json::from_str(text).map_err(|_no_object| PinFileError::NoFormat)?;
    match head.format {
        None => return Err(PinFileError::NoFormat),
        Some(Value::String(format)) if format == FORMAT => {}
        Some(other) => return Err(PinFileError::OtherFormat(plain(&other))),
    }
    match head.version {
        None => return Err(PinFileError::OtherVersion("not told".to_owned())),
        Some(version) if version == VERSION => {}
        Some(other) => {
            let told = plain_line(&other.to_string());
            return Err(PinFileError::OtherVersion(told));
        }
    }
    let body: Body<'_> = serde_json::from_str(text).map_err(|_other| PinFileError::NoPins)?;
    match body.pins.len() {
        0 => Err(PinFileError::Empty),
        count if count > MOST_PINS => Err(PinFileError::TooMany(count)),
        _ => Ok(body.pins),
    }
}

/// A value of a foreign file as a person reads it, not too much of it.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(60)
        .collect()
}

fn record(text: &str) -> Result<PinRecord, String> {
    // Serde would take the members of an array for those of an object, and names our types.
    if !text.starts_with('{') {
        return Err("it is no object with `entry`, `keys` and `title`".to_owned());
    }
    let pin: PinRecord = serde_json::from_str(text).map_err(|error| {
        let text = error.to_string();
        // The place within one pin is of no use to anybody.
        let reason = text.split(" at line ").next().unwrap_or(&text);
        plain_line(reason)
    })?;
    pin.check()?;
    Ok(pin)
}

fn plain_line(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}

impl PinRecord {
    /// Whether it can be stored.
    ///
    /// # Errors
    /// What is wrong, as a fragment.
    pub fn check(&self) -> Result<(), String> {
        check_text("the entry's `title`", &self.entry.title)?;
        if let Some(title) = &self.title {
            check_text("the title's `title`", &title.title)?;
            if title.tmdb_id <= 0 {
                return Err(format!(
                    "`tmdb_id` must be above 0, and it is {}",
                    title.tmdb_id
                ));
            }
        }
        if self.keys.is_empty() {
            return Err("it has no `keys`, so no entry can be recognised by it".to_owned());
        }
        if self.keys.len() > MOST_KEYS {
            return Err(format!(
                "it has {} `keys`, and an entry has at most {MOST_KEYS}",
                self.keys.len()
            ));
        }
        match self.keys.iter().find(|key| !is_key(key)) {
            None => Ok(()),
            Some(key) => Err(format!(
                "`{}` is no key of an entry",
                plain(&Value::String(key.clone()))
            )),
        }
    }

    fn size(&self) -> usize {
        // What cannot be written is never sent either; the message says so then.
        serde_json::to_string(self).map_or(0, |text| text.len())
    }
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        Err(format!("{what} is empty"))
    } else if text.len() > LONGEST_TEXT {
        Err(format!("{what} is longer than {LONGEST_TEXT} bytes"))
    } else {
        Ok(())
    }
}

/// Whether an entry can have this key.
fn is_key(key: &str) -> bool {
    if key.len() > LONGEST_TEXT {
        return false;
    }
    let is_kind = |word: &str| matches!(word, "movie" | "tv" | "any");
    let mut parts = key.splitn(4, ':');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some("imdb"), Some(id), None, None] => id.strip_prefix("tt").is_some_and(is_number),
        [
            Some("tmdb" | "tvdb" | "trakt"),
            Some(kind),
            Some(number),
            None,
        ] => is_kind(kind) && is_number(number),
        [Some("source"), Some(site), Some(_), _] => {
            !site.is_empty() && key.len() > "source::".len() + site.len()
        }
        [Some("title"), Some(kind), Some(year), Some(title)] => {
            is_kind(kind) && (year.is_empty() || is_number(year)) && !title.is_empty()
        }
        [Some("told"), Some(kind), Some(year), Some(rest)] => {
            is_kind(kind)
                && (year.is_empty() || is_number(year))
                && rest.rsplit_once(':').is_some_and(|(title, ids)| {
                    !title.is_empty() && ids.split(',').all(|id| id.contains('-'))
                })
        }
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The file of these pins.
///
/// # Errors
/// When a pin cannot be written as JSON, which none is known for.
pub fn write(pins: &[PinRecord]) -> Result<String, serde_json::Error> {
    let lines: Result<Vec<String>, _> = pins.iter().map(serde_json::to_string).collect();
    let mut text = format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"pins\":[\n");
    text.push_str(&lines?.join(",\n"));
    text.push_str("\n]}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(title: &str, keys: &[&str], tmdb_id: Option<i64>) -> PinRecord {
        PinRecord {
            entry: PinEntry {
                title: title.into(),
                year: Some(1982),
                media_type: Some(MediaType::Movie),
            },
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            title: tmdb_id.map(|tmdb_id| PinTitle {
                media_type: MediaType::Movie,
                tmdb_id,
                title: title.into(),
                year: Some(1982),
            }),
        }
    }

    #[test]
    fn what_is_written_is_read_again_one_pin_a_line() {
        let pins = [
            pin("The Thing", &["imdb:tt0084787"], Some(1091)),
            pin("Home \"Video\"", &["source:letterboxd:home-video"], None),
        ];
        let text = write(&pins).unwrap();
        insta::assert_snapshot!(text, @r#"
        {"format":"listsync-pins","version":1,"pins":[
        {"entry":{"title":"The Thing","year":1982,"media_type":"movie"},"keys":["imdb:tt0084787"],"title":{"media_type":"movie","tmdb_id":1091,"title":"The Thing","year":1982}},
        {"entry":{"title":"Home \"Video\"","year":1982,"media_type":"movie"},"keys":["source:letterboxd:home-video"],"title":null}
        ]}
        "#);
        let marked = format!("\u{feff}{text}");
        for text in [text, marked] {
            let file = PinFile::read(text.as_bytes()).unwrap();
            assert!(file.refused.is_empty());
            let read: Vec<PinRecord> = file.pins.into_iter().map(|pin| pin.pin).collect();
            assert_eq!(read, pins);
        }
    }

    #[test]
    fn what_is_no_file_of_pins_says_what_it_is() {
        let long = " ".repeat(MOST_BYTES + 1);
        let many = format!(
            r#"{{"format":"listsync-pins","version":1,"pins":[{}0]}}"#,
            "0,".repeat(MOST_PINS)
        );
        let texts = [
            "title,year\n",
            "[]",
            "{}",
            r#"{"format":"letterboxd-diary","version":1,"pins":[]}"#,
            r#"{"format":["a\u0007b"],"version":1}"#,
            r#"{"format":"listsync-pins","pins":[]}"#,
            r#"{"format":"listsync-pins","version":2,"pins":[]}"#,
            r#"{"format":"listsync-pins","version":"1","pins":[{}]}"#,
            r#"{"format":"listsync-pins","version":1}"#,
            r#"{"format":"listsync-pins","version":1,"pins":{}}"#,
            r#"{"format":"listsync-pins","version":1,"pins":[]}"#,
            &many,
            &long,
        ];
        let told: Vec<String> = texts
            .iter()
            .map(|text| PinFile::read(text.as_bytes()).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn a_pin_that_is_none_keeps_no_other_from_being_read() {
        let good = serde_json::to_string(&pin("Heat", &["imdb:tt0113277"], Some(949))).unwrap();
        let other = |from: &str, to: &str| good.replacen(from, to, 1);
        let pins = [
            good.clone(),
            "7".to_owned(),
            other("\"keys\"", "\"kyes\""),
            other("[\"imdb:tt0113277\"]", "[]"),
            other("imdb:tt0113277", "imdb:nm0000206"),
            other("\"tmdb_id\":949", "\"tmdb_id\":0"),
            other("\"media_type\":\"movie\"", "\"media_type\":\"film\""),
            other("\"title\":\"Heat\"", "\"title\":\" \""),
            good.clone(),
        ];
        let text = format!(
            r#"{{"format":"listsync-pins","version":1,"pins":[{}]}}"#,
            pins.join(",")
        );
        let file = PinFile::read(text.as_bytes()).unwrap();
        let numbers: Vec<u32> = file.pins.iter().map(|pin| pin.number).collect();
        assert_eq!(numbers, [1, 9]);
        let told: Vec<String> = file
            .refused
            .iter()
            .map(|refused| format!("{}: {}", refused.number, refused.reason))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn keys_are_those_that_entries_have() {
        for key in [
            "imdb:tt0084787",
            "tmdb:movie:1091",
            "tvdb:tv:81189",
            "trakt:any:7",
            "source:letterboxd:dune-2021",
            "source:site:a:b:c",
            "title:movie:1982:the thing",
            "title:any::heat: part 2",
        ] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "",
            "imdb:",
            "imdb:0084787",
            "imdb:tt1:s2",
            "tmdb:1091",
            "tmdb:film:1091",
            "tmdb:movie:-5",
            "source:letterboxd",
            "source::x",
            "source:site:",
            "title:movie:1982:",
            "title:movie:x:heat",
            "anything:else",
        ] {
            assert!(!is_key(key), "{key}");
        }
        assert!(!is_key(&format!("title:any::{}", "x".repeat(LONGEST_TEXT))));
    }

    #[test]
    fn many_pins_are_sent_in_parts_that_fit_into_a_line() {
        let long = "x".repeat(900);
        let of = |count: u32, title: &str| PinFile {
            pins: (1..=count)
                .map(|number| NumberedPin {
                    number,
                    pin: pin(title, &["imdb:tt0113277"], Some(949)),
                })
                .collect(),
            refused: Vec::new(),
        };
        let sizes =
            |file: PinFile| -> Vec<usize> { file.into_batches().iter().map(Vec::len).collect() };
        assert_eq!(sizes(of(1_200, "Heat")), [500, 500, 200]);
        let parts = of(1_200, &long).into_batches();
        assert!(parts.len() > 5);
        let numbers: Vec<u32> = parts.concat().iter().map(|pin| pin.number).collect();
        assert!(numbers.iter().copied().eq(1..=1_200));
        for part in parts {
            assert!(serde_json::to_string(&part).unwrap().len() < 512 * 1024);
        }
        assert!(PinFile::default().into_batches().is_empty());
    }
}
