//! What lists of export files are called, and which file each means. Pure.

use runtime::exports::check_name;

use crate::{fetch::file::is_zip, provider::Recognized};

/// Files of a Letterboxd export that tell what somebody did, not what somebody wants to see.
const HISTORY: &[&str] = &[
    "comments.csv",
    "diary.csv",
    "profile.csv",
    "ratings.csv",
    "reviews.csv",
    "watched.csv",
];
/// Folders of it that do, or that hold what was thrown away.
const HISTORY_FOLDERS: &[&str] = &["deleted", "likes", "orphaned"];

/// Whether a file in a zip is one of those.
pub(super) fn is_history(inner: &str) -> bool {
    let (folders, file) = inner.rsplit_once('/').unwrap_or(("", inner));
    HISTORY.contains(&file)
        || folders
            .split('/')
            .any(|folder| HISTORY_FOLDERS.contains(&folder))
}

/// A list in the folder of exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExportList {
    /// A file of its own.
    Csv(String),
    /// A file in a zip.
    Member { zip: String, inner: String },
    /// A file in the newest zip that Letterboxd made for a person, without `.csv`.
    Letterboxd { user: String, path: String },
}

impl ExportList {
    /// By an id, or by a zip's name and a path in it.
    pub(super) fn of(input: &str) -> Option<Self> {
        if input.contains("://") {
            return None;
        }
        let Some((first, inner)) = input.split_once('/') else {
            let is_csv = check_name(input).is_ok() && !is_zip(input);
            return is_csv.then(|| Self::Csv(input.to_owned()));
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
        let stem = without_csv(inner).filter(|_| is_zip(first) && check_name(first).is_ok())?;
        Some(match letterboxd_user(first) {
            Some(user) => Self::Letterboxd {
                user: user.to_owned(),
                path: stem.to_owned(),
            },
            None => Self::Member {
                zip: first.to_owned(),
                inner: inner.to_owned(),
            },
        })
    }

    /// File in the folder, and path in it.
    pub(super) fn place(&self) -> (String, Option<String>) {
        match self {
            Self::Csv(file) => (file.clone(), None),
            Self::Member { zip, inner } => (zip.clone(), Some(inner.clone())),
            // Browsers put a number after a name that is there already.
            Self::Letterboxd { user, path } => (
                format!("letterboxd-{user}-*-utc*.zip"),
                Some(format!("{path}.csv")),
            ),
        }
    }

    pub(super) fn recognized(&self) -> Recognized {
        let (list_id, list_url, name) = match self {
            Self::Csv(file) => (file.clone(), format!("exports/{file}"), last_part(file)),
            Self::Member { zip, inner } => {
                let id = format!("{zip}/{inner}");
                (id.clone(), format!("exports/{id}"), last_part(inner))
            }
            Self::Letterboxd { user, path } => (
                format!("letterboxd-{user}/{path}"),
                format!("https://letterboxd.com/{user}/{}/", page_of(path)),
                format!("{} of {user}", last_part(path)),
            ),
        };
        Recognized {
            list_id,
            list_url,
            name,
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
    without_csv(file).unwrap_or(file).to_owned()
}

fn without_csv(path: &str) -> Option<&str> {
    let (stem, end) = path.rsplit_once('.')?;
    end.eq_ignore_ascii_case("csv").then_some(stem)
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
        ] {
            assert_eq!(id_of(id).as_deref(), Some(id));
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
            "a.zip/x.txt",
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
        ] {
            assert!(is_history(inner), "{inner}");
        }
        for inner in ["watchlist.csv", "lists/watched-with-bob.csv", "imdb.csv"] {
            assert!(!is_history(inner), "{inner}");
        }
    }
}
