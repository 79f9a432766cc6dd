//! Which field a place in a JSON text belongs to: [`Place`] follows the text up to there. Leaves what is
//! wrong with the field to `words`.

use std::fmt::Write;

/// One step down into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the value of a key.
    Key(String),
    /// Into an entry of a list, from 0.
    Entry(usize),
}

/// Where reading stopped.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// What was open there, from outside inwards.
    open: Vec<Level>,
    /// The way into what was closed right before, if that was the last thing.
    closed: Option<Vec<Step>>,
    /// The last text, while it may still turn out to be a key.
    text: Option<String>,
}

#[derive(Debug)]
enum Level {
    Object(Option<String>),
    List(usize),
}

impl Place {
    /// The place after so many bytes of a text that is well-formed up to there.
    pub(super) fn after(text: &[u8], bytes: usize) -> Self {
        let text = text.get(..bytes).unwrap_or(text);
        let mut place = Self::default();
        let (mut start, mut is_escaped) = (None, false);
        for (at, byte) in text.iter().enumerate() {
            match (start, byte) {
                (Some(_), _) if is_escaped => is_escaped = false,
                (Some(_), b'\\') => is_escaped = true,
                (Some(from), b'"') => {
                    place.text = text.get(from..=at).and_then(plain);
                    start = None;
                }
                (Some(_), _) => {}
                (None, b'"') => {
                    place.closed = None;
                    start = Some(at);
                }
                (None, _) => place.sign(*byte),
            }
        }
        place
    }

    fn sign(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return,
            b'}' | b']' => {
                self.closed = Some(self.way());
                self.open.pop();
                return;
            }
            b'{' => self.open.push(Level::Object(None)),
            b'[' => self.open.push(Level::List(0)),
            b':' => {
                if let Some(Level::Object(key)) = self.open.last_mut() {
                    *key = self.text.take();
                }
            }
            b',' => match self.open.last_mut() {
                Some(Level::Object(key)) => *key = None,
                Some(Level::List(entry)) => *entry = entry.saturating_add(1),
                None => {}
            },
            _ => {}
        }
        self.closed = None;
    }

    fn way(&self) -> Vec<Step> {
        let steps = self.open.iter().filter_map(|level| match level {
            Level::Object(key) => key.clone().map(Step::Key),
            Level::List(entry) => Some(Step::Entry(*entry)),
        });
        steps.collect()
    }

    /// The way to the value that was read last.
    pub(super) fn value(&self) -> Vec<Step> {
        self.closed.clone().unwrap_or_else(|| self.way())
    }

    /// The way to `key` of the object that was read last.
    pub(super) fn key(&self, key: &str) -> Vec<Step> {
        let mut way = self.way();
        if let Some(Level::Object(Some(current))) = self.open.last()
            && current == key
        {
            way.pop();
        }
        way.push(Step::Key(key.to_owned()));
        way
    }
}

/// A text without its quotes and escapes.
fn plain(quoted: &[u8]) -> Option<String> {
    serde_json::from_slice(quoted).ok() // else it is no text, and the place is told without it
}

/// `custom_list[3].title`; the whole is `body`.
pub(super) fn name(way: &[Step]) -> String {
    let mut name = String::new();
    for step in way {
        match step {
            Step::Key(key) if name.is_empty() => name.push_str(key),
            Step::Key(key) => name.extend([".", key]),
            Step::Entry(entry) => {
                if name.is_empty() {
                    name.push_str("body");
                }
                // Writing to a text cannot fail.
                if write!(name, "[{entry}]").is_err() {
                    break;
                }
            }
        }
    }
    if name.is_empty() {
        name.push_str("body");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(before: &str) -> String {
        name(&Place::after(before.as_bytes(), before.len()).value())
    }

    #[test]
    fn a_value_is_named_by_the_way_to_it() {
        for (before, named) in [
            ("", "body"),
            (r#"{"limit": "ten""#, "limit"),
            (r#"{"a": 1, "limit": 2"#, "limit"),
            (r#"{"lists": [1, {"x": "y:,"}, "z""#, "lists[2]"),
            (r#"{"list": {"id": 5"#, "list.id"),
            (r#"{"a\"b": 1"#, "a\"b"),
            (r#"{"user": {"name": 1}"#, "user.name"),
            (r#"{"user": {"name": 1} }"#, "user"),
            ("[1, 2", "body[1]"),
        ] {
            assert_eq!(value(before), named, "{before}");
        }
    }

    #[test]
    fn a_key_belongs_to_the_object_that_is_open() {
        let key =
            |before: &str, key: &str| name(&Place::after(before.as_bytes(), before.len()).key(key));
        assert_eq!(key(r#"{"a": 1, "b""#, "b"), "b");
        assert_eq!(key(r#"{"list": {"b" :"#, "b"), "list.b");
        assert_eq!(
            key(r#"{"titles": [{"year": 1}"#, "title"),
            "titles[0].title"
        );
    }
}
