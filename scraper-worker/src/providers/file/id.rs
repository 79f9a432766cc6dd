//! What lists of export files are called, and which file each means. Pure.

use runtime::exports::check_name;

use crate::{
    fetch::file::is_zip,
    provider::Recognized,
    providers::document::{Mapping, plain_word},
};

/// Files of a Letterboxd export that tell what somebody did, not what somebody wants to see.
const HISTORY: &[&str] = &[
    "comments.csv",
    "diary.csv",
    "profile.csv",
    "ratings.csv",
    "reviews.csv",
    "watched.csv",
];
/// How files of Trakt's exports begin that do, that hold what somebody has, or that hold no titles.
const JSON_HISTORY: &[&str] = &[
    "collection",
    "comments",
    "followers",
    "following",
    "friends",
    "hidden",
    "history",
    "likes",
    "lists-lists",
    "network",
    "notes",
    "playback",
    "ratings",
    "user-",
    "watched",
];
/// Folders of a Letterboxd export that do, or that hold what was thrown away.
const HISTORY_FOLDERS: &[&str] = &["deleted", "likes", "orphaned"];

/// Whether a file in a zip is one of those.
pub(super) fn is_history(inner: &str) -> bool {
    let (folders, file) = inner.rsplit_once('/').unwrap_or(("", inner));
    let is_json = end_of(file) == Some("json");
    HISTORY.contains(&file)
        || (is_json && JSON_HISTORY.iter().any(|start| file.starts_with(start)))
        || folders
            .split('/')
            .any(|folder| HISTORY_FOLDERS.contains(&folder))
}

/// A list in the folder of exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExportList {
    at: At,
    /// What in it is what, as its owner says.
    mapping: Mapping,
}

/// Where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A file of its own.
    File(String),
    /// A file in a zip.
    Member { zip: String, inner: String },
    /// A file in the newest zip that Letterboxd made for a person, without `.csv`.
    Letterboxd { user: String, path: String },
}

impl At {
    /// By an id, or by a zip's name and a path in it.
    fn of(input: &str) -> Option<Self> {
        if input.contains("://") {
            return None;
        }
        let Some((first, inner)) = input.split_once('/') else {
            let is_file = check_name(input).is_ok() && !is_zip(input);
            return is_file.then(|| Self::File(input.to_owned()));
        };
        if !is_path(inner) {
            return None;
        }
        if let Some(user) = first
            .strip_prefix("letterboxd-")
            .filter(|user| is_user(user))
        {
            return Some(Self::Letterboxd {
                user: user.to_owned(),
                path: inner.to_owned(),
            });
        }
        let end = end_of(inner).filter(|_| is_zip(first) && check_name(first).is_ok())?;
        let user = letterboxd_user(first).filter(|_| end == "csv");
        Some(match user {
            Some(user) => Self::Letterboxd {
                user: user.to_owned(),
                path: without_end(inner).to_owned(),
            },
            None => Self::Member {
                zip: first.to_owned(),
                inner: inner.to_owned(),
            },
        })
    }

    fn id(&self) -> String {
        match self {
            Self::File(file) => file.clone(),
            Self::Member { zip, inner } => format!("{zip}/{inner}"),
            Self::Letterboxd { user, path } => format!("letterboxd-{user}/{path}"),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::File(_) | Self::Member { .. } => format!("exports/{}", self.id()),
            Self::Letterboxd { user, path } => {
                format!("https://letterboxd.com/{user}/{}/", page_of(path))
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::File(file) => last_part(file),
            Self::Member { inner, .. } => last_part(inner),
            Self::Letterboxd { user, path } => format!("{} of {user}", last_part(path)),
        }
    }
}

impl ExportList {
    /// By an id, after which it may say what is what: `films.csv?title=Film`.
    pub(super) fn of(input: &str) -> Option<Self> {
        let mapped = input.rsplit_once('?').and_then(|(name, mapping)| {
            Some(Self {
                at: At::of(name)?,
                mapping: Mapping::parse(mapping)?,
            })
        });
        mapped.or_else(|| {
            Some(Self {
                at: At::of(input)?,
                mapping: Mapping::default(),
            })
        })
    }

    /// The same, of which only some rows count.
    pub(super) fn with(self, mapping: Mapping) -> Self {
        Self { mapping, ..self }
    }

    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Its id without what is said of it.
    pub(super) fn bare_id(&self) -> String {
        self.at.id()
    }

    /// File in the folder, and path in it.
    pub(super) fn place(&self) -> (String, Option<String>) {
        match &self.at {
            At::File(file) => (file.clone(), None),
            At::Member { zip, inner } => (zip.clone(), Some(inner.clone())),
            // Browsers put a number after a name that is there already.
            At::Letterboxd { user, path } => (
                format!("letterboxd-{user}-*-utc*.zip"),
                Some(format!("{path}.csv")),
            ),
        }
    }

    pub(super) fn recognized(&self) -> Recognized {
        let mut list_id = self.at.id();
        if !self.mapping.is_empty() {
            list_id = format!("{list_id}?{}", self.mapping.text());
        }
        Recognized {
            list_id,
            list_url: self.at.url(),
            name: self.at.name(),
        }
    }
}

/// Where Letterboxd shows what a file of its export holds.
fn page_of(path: &str) -> String {
    match path {
        "watched" => "films".into(),
        "ratings" | "diary" => format!("films/{path}"),
        _ => path
            .strip_prefix("lists/")
            .map_or_else(|| path.into(), |slug| format!("list/{slug}")),
    }
}

fn last_part(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = without_end(file);
    if end_of(file) != Some("json") {
        return name.to_owned();
    }
    // Trakt's: `lists-watchlist`, `lists-list-123-rainy-days`.
    let name = name.strip_prefix("lists-").unwrap_or(name);
    let own = name.strip_prefix("list-").and_then(|rest| {
        let (number, own) = rest.split_once('-')?;
        number
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(own)
    });
    own.unwrap_or(name).to_owned()
}

/// What a list's file ends in, without the dot.
fn end_of(path: &str) -> Option<&'static str> {
    let (_, end) = path.rsplit_once('.')?;
    let end = plain_word(end);
    ["csv", "tsv", "json", "txt"]
        .into_iter()
        .find(|known| *known == end)
}

fn without_end(path: &str) -> &str {
    match (end_of(path), path.rsplit_once('.')) {
        (Some(_), Some((stem, _))) => stem,
        _ => path,
    }
}

/// Whose export it is: `letterboxd-bob-2026-11-21-10-20-utc.zip`.
fn letterboxd_user(zip: &str) -> Option<&str> {
    let (user, rest) = zip.strip_prefix("letterboxd-")?.split_once('-')?;
    let (date, _) = rest.split_once("-utc")?;
    let is_date = date
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    (is_date && is_user(user)).then_some(user)
}

fn is_user(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_path(path: &str) -> bool {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && !part.contains(['\\', '*', '?', '#'])
            && !part.chars().any(char::is_control)
    };
    path.len() <= 300 && path.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(input: &str) -> Option<String> {
        ExportList::of(input).map(|list| list.recognized().list_id)
    }

    #[test]
    fn an_id_means_itself() {
        for id in [
            "watchlist.csv",
            "My list (1).CSV",
            "export.zip/lists/mine.csv",
            "letterboxd-bob_1/watchlist",
            "letterboxd-bob/lists/best-of-2026",
            "letterboxd-bob/likes/films",
            "trakt.json",
            "ids.txt",
            "trakt.zip/lists-watchlist.json",
            "films.csv?title=Film&year=Jahr",
            "a.zip/b.json?items=data.rows",
            "what?.csv",
        ] {
            assert_eq!(id_of(id).as_deref(), Some(id));
        }
    }

    #[test]
    fn what_is_said_of_a_file_is_written_in_one_way() {
        for input in ["a.csv?year=Jahr&name=Film", "a.csv?title=Film&year=Jahr"] {
            let list = ExportList::of(input).unwrap();
            assert_eq!(list.recognized().list_id, "a.csv?title=Film&year=Jahr");
            assert_eq!(list.place(), ("a.csv".to_owned(), None));
            assert_eq!(list.bare_id(), "a.csv");
        }
    }

    #[test]
    fn every_export_of_a_person_has_the_same_lists() {
        for zip in [
            "letterboxd-bob-2026-11-21-10-20-utc.zip",
            "letterboxd-bob-2027-01-01-00-00-utc (1).zip",
        ] {
            let list = ExportList::of(&format!("{zip}/lists/a.csv")).unwrap();
            assert_eq!(list.recognized().list_id, "letterboxd-bob/lists/a");
            let (file, inner) = list.place();
            assert_eq!(file, "letterboxd-bob-*-utc*.zip");
            assert_eq!(inner.as_deref(), Some("lists/a.csv"));
        }
        let other = "letterboxd-export.zip/watchlist.csv";
        assert_eq!(id_of(other).as_deref(), Some(other));
    }

    #[test]
    fn what_is_no_name_in_the_folder_is_no_list() {
        for input in [
            "",
            "export.zip",
            "../watchlist.csv",
            "/etc/watchlist.csv",
            "a/b.csv",
            "a.zip/../../x.csv",
            "a.zip/x.pdf",
            "films.csv?titel=Film",
            "films.pdf?title=Film",
            "a.zip/",
            "letterboxd-bob/",
            "letterboxd-bob/../x",
            "letterboxd-/watchlist",
            "letterboxd-a b/watchlist",
            "https://site.example/a.csv",
            "https://site.example/a.zip/b.csv",
            "letterboxd.com/bob/watchlist",
            "top",
            "ls000000001",
        ] {
            assert_eq!(id_of(input), None, "{input}");
        }
    }

    #[test]
    fn people_are_shown_the_page_of_a_letterboxd_list() {
        for (id, url, name) in [
            (
                "letterboxd-bob/watchlist",
                "https://letterboxd.com/bob/watchlist/",
                "watchlist of bob",
            ),
            (
                "letterboxd-bob/lists/a-b",
                "https://letterboxd.com/bob/list/a-b/",
                "a-b of bob",
            ),
            (
                "letterboxd-bob/watched",
                "https://letterboxd.com/bob/films/",
                "watched of bob",
            ),
            (
                "letterboxd-bob/diary",
                "https://letterboxd.com/bob/films/diary/",
                "diary of bob",
            ),
            ("a.zip/b/c.csv", "exports/a.zip/b/c.csv", "c"),
            ("a.csv?title=x", "exports/a.csv", "a"),
            (
                "t.zip/lists-watchlist.json",
                "exports/t.zip/lists-watchlist.json",
                "watchlist",
            ),
            (
                "t.zip/lists-list-12-rainy-days.json",
                "exports/t.zip/lists-list-12-rainy-days.json",
                "rainy-days",
            ),
        ] {
            let list = ExportList::of(id).unwrap().recognized();
            assert_eq!((list.list_url.as_str(), list.name.as_str()), (url, name));
        }
    }

    #[test]
    fn what_was_seen_is_told_from_what_is_wanted() {
        for inner in [
            "watched.csv",
            "likes/films.csv",
            "deleted/lists/a.csv",
            "x/diary.csv",
            "watched-movies.json",
            "ratings-shows.json",
            "collection-movies-1.json",
            "lists-lists.json",
            "user-profile.json",
        ] {
            assert!(is_history(inner), "{inner}");
        }
        for inner in [
            "watchlist.csv",
            "lists/watched-with-bob.csv",
            "imdb.csv",
            "lists-watchlist.json",
            "lists-list-1-watched-with-bob.json",
        ] {
            assert!(!is_history(inner), "{inner}");
        }
    }
}
