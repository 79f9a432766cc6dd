//! What in a document is what, said by its owner: part of a list's id, `title=Film&year=Jahr`. Pure.

use schema::models::MediaType;
use url::form_urlencoded;

use super::words::plain_word;

/// Names of what may be said, in the order in which they are written.
const KEYS: &[&str] = &[
    "items",
    "title",
    "original_title",
    "year",
    "type",
    "season",
    "imdb_id",
    "tmdb_id",
    "tvdb_id",
    "url",
    "status",
    "all",
];
/// Those that name a column or a field.
const FIELDS: &[&str] = &[
    "title",
    "original_title",
    "year",
    "type",
    "season",
    "imdb_id",
    "tmdb_id",
    "tvdb_id",
    "url",
];
/// Other names for some.
const ALSO: &[(&str, &str)] = &[
    ("name", "title"),
    ("imdb", "imdb_id"),
    ("tmdb", "tmdb_id"),
    ("tvdb", "tvdb_id"),
    ("link", "url"),
];
/// Characters of one.
const LONGEST: usize = 300;

/// Which column or field is what (`title`, `year`, …), where the rows are (`items`), of which rows the
/// list is made (`status`) and what all of them are (`all`, `movie` or `tv`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::providers) struct Mapping(Vec<(&'static str, String)>);

impl Mapping {
    /// Reads one; `None` when something in it is not understood.
    pub(in crate::providers) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut said: Vec<(&'static str, String)> = Vec::new();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            let key = known(&key)?;
            let value = value_of(key, value.trim())?;
            if said.iter().any(|(other, _)| *other == key) {
                return None;
            }
            said.push((key, value));
        }
        said.sort_by_key(|(key, _)| KEYS.iter().position(|known| known == key));
        (!said.is_empty()).then_some(Self(said))
    }

    /// One that only keeps the rows of this status.
    pub(in crate::providers) fn of_status(status: &str) -> Self {
        Self(vec![("status", status.to_owned())])
    }

    pub(in crate::providers) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is written after a list's name.
    pub(in crate::providers) fn text(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (key, value) in &self.0 {
            text.append_pair(key, value);
        }
        // What people write by hand stays as they can read it.
        text.finish().replace("%2F", "/")
    }

    /// What `key` is said to be.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The columns or fields it names, with what they are.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0
            .iter()
            .filter(|(key, _)| FIELDS.contains(key))
            .map(|(key, value)| (*key, value.as_str()))
    }

    /// What all rows are that do not say so.
    pub(super) fn all(&self) -> Option<MediaType> {
        match self.get("all")? {
            "movie" => Some(MediaType::Movie),
            _ => Some(MediaType::Tv),
        }
    }

    /// Whether a row of this status is on the list.
    pub(super) fn takes(&self, status: Option<&str>) -> bool {
        self.get("status").is_none_or(|wanted| {
            status.is_some_and(|status| plain_word(status) == plain_word(wanted))
        })
    }
}

fn known(key: &str) -> Option<&'static str> {
    let key = key.trim().to_ascii_lowercase();
    let also = ALSO.iter().find(|(other, _)| *other == key);
    also.map(|(_, meant)| *meant)
        .or_else(|| KEYS.iter().copied().find(|known| *known == key))
}

fn value_of(key: &str, value: &str) -> Option<String> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return None;
    }
    if key != "all" {
        return Some(value.to_owned());
    }
    match plain_word(value).as_str() {
        "movie" | "movies" | "film" | "films" => Some("movie".into()),
        "tv" | "show" | "shows" | "series" => Some("tv".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_of_writing_one_mapping_are_the_same() {
        for (text, expected) in [
            ("year=Jahr&title=Film", "title=Film&year=Jahr"),
            ("Name=My+film&IMDB=Const", "title=My+film&imdb_id=Const"),
            ("title=My%20film", "title=My+film"),
            ("all=Series&items=data.rows", "items=data.rows&all=tv"),
            ("status=plantowatch", "status=plantowatch"),
        ] {
            let mapping = Mapping::parse(text).unwrap();
            assert_eq!(mapping.text(), expected, "{text}");
            assert_eq!(Mapping::parse(expected), Some(mapping), "it means itself");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_mapping() {
        let long = format!("title={}", "x".repeat(LONGEST));
        for text in [
            "",
            "title",
            "title=",
            "titel=Film",
            "title=a&title=b",
            "all=books",
            "title=a%00",
            "v=2",
            &long,
        ] {
            assert_eq!(Mapping::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_status_is_the_same_however_it_is_written() {
        let mapping = Mapping::of_status("plantowatch");
        assert!(mapping.takes(Some("Plan to Watch")));
        assert!(!mapping.takes(Some("completed")) && !mapping.takes(None));
        assert!(Mapping::default().takes(None));
    }
}
