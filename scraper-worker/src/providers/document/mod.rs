//! Documents that are lists, whoever wrote them: tables, JSON, plain text, feeds. Which of these one is, is
//! seen by what it says, and not by what its name or its sender says. Pure; leaves where documents come from
//! to the providers of files and of addresses.

#[cfg(test)]
mod captures;
#[cfg(test)]
mod damage;
mod feed;
mod json;
mod link;
mod mapping;
mod row;
mod table;
mod text;
mod words;

pub(super) use self::{mapping::Mapping, words::plain_word};
use crate::provider::{Page, ProviderError};
use schema::models::Cause;
use url::form_urlencoded;

/// Characters of a text that is not understood which are repeated.
const SHOWN: usize = 200;

/// Why a document is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is damaged, or breaks off.
    Broken(String),
    /// It has names in it, of which none is known; its owner can say which is which.
    Unknown {
        /// The names.
        what: String,
        /// How to say it: `title=Film`.
        example: String,
    },
    /// It is about other things than titles.
    NoTitles(String),
    /// It is a page for people.
    WebPage,
    /// A server says that it failed.
    Failed(String),
}

impl Unread {
    /// The refusal of the list `named`, after whose name `mark` a mapping may stand.
    pub(super) fn told(self, named: &str, mark: char) -> ProviderError {
        match self {
            Self::Broken(what) => ProviderError::Changed { what },
            Self::Failed(what) => ProviderError::Failed { what },
            Self::Unknown { what, example } => ProviderError::refused(
                Cause::Changed,
                format!("{named} is not understood: {what}"),
                format!(
                    "Say after its name which is which: `{named}{mark}{example}`. These can be said: \
                     items, title, original_title, year, type, season, imdb_id, tmdb_id, tvdb_id, url, \
                     status, all (movie or tv)."
                ),
            ),
            Self::NoTitles(what) => ProviderError::refused(
                Cause::Changed,
                format!("{named} is no list of titles: {what}"),
                "Correct what is in it, or give another.",
            ),
            Self::WebPage => ProviderError::refused(
                Cause::Changed,
                format!("{named} is a web page, and neither a table, JSON, a text nor a feed"),
                "Give the address of the file itself, or add the page as a web page: \
                 `listsync lists add --type web ADDRESS`.",
            ),
        }
    }
}

/// Reads a whole document.
///
/// # Errors
/// [`Unread`] when it is no list.
pub(super) fn read(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    match Kind::of(text)? {
        Kind::Json => json::read(text, mapping),
        Kind::Feed => feed::read(text, mapping),
        Kind::Plain => plain(text, mapping),
    }
}

/// What a list's own beginning tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The list's own name.
    pub(super) name: Option<String>,
    /// Which of its rows are worth following, where it holds more than one list.
    pub(super) mapping: Mapping,
}

/// Looks at a document, or at the beginning of one.
///
/// # Errors
/// As [`read`].
pub(super) fn look(head: &str) -> Result<Seen, Unread> {
    let mapping = Mapping::default();
    match Kind::of(head)? {
        Kind::Json => {
            let page = json::read_head(head, &mapping)?;
            Ok(Seen {
                name: page.name,
                mapping: wished(json::has_statuses(head)),
            })
        }
        Kind::Feed => feed::read(head, &mapping).map(named),
        Kind::Plain => match table::own_name(head, &mapping) {
            Ok(name) => Ok(Seen {
                name,
                mapping: wished(table::has_statuses(head)),
            }),
            Err(unread) => or_text(head, &mapping, unread).map(named),
        },
    }
}

/// Simkl's exports hold what was watched, too, which is not wished for.
fn wished(has_statuses: bool) -> Mapping {
    if has_statuses {
        Mapping::of_status("plantowatch")
    } else {
        Mapping::default()
    }
}

fn named(page: Page) -> Seen {
    Seen {
        name: page.name,
        mapping: Mapping::default(),
    }
}

fn plain(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    match table::read(text, mapping) {
        // The first line of a text may look like a header.
        Ok(table) if table.entries.is_empty() && table.unreadable > 0 => {
            Ok(text::read(text, mapping).unwrap_or(table))
        }
        Ok(table) => Ok(table),
        Err(unread) => or_text(text, mapping, unread),
    }
}

/// A text that is no known table may have titles in its lines. What looks like a table is one that is
/// not known.
fn or_text(text: &str, mapping: &Mapping, unread: Unread) -> Result<Page, Unread> {
    if mapping.fields().next().is_some() || matches!(unread, Unread::Broken(_)) {
        return Err(unread);
    }
    let is_table = table::columns(text).is_some_and(|columns| !columns.is_empty());
    text::read(text, mapping).map_err(|error| if is_table { unread } else { error })
}

enum Kind {
    Json,
    Feed,
    Plain,
}

impl Kind {
    fn of(text: &str) -> Result<Self, Unread> {
        let start = text.trim_start();
        let second = start.chars().skip(1).find(|char| !char.is_whitespace());
        match start.chars().next() {
            None => Err(unknown_text("")),
            Some('<') if is_page(start) => Err(Unread::WebPage),
            Some('<') => Ok(Self::Feed),
            Some('{') => Ok(Self::Json),
            // `[REC] (2007)` is a title.
            Some('[') if second.is_none_or(|char| "{[]\"-0123456789".contains(char)) => {
                Ok(Self::Json)
            }
            Some(_) => Ok(Self::Plain),
        }
    }
}

fn is_page(text: &str) -> bool {
    let start: String = text.chars().take(1000).collect();
    let start = start.to_ascii_lowercase();
    ["<html", "<!doctype html", "<head", "<body"]
        .iter()
        .any(|tag| start.contains(tag))
}

/// A reading of rows none of which is a movie or a show is no empty list.
fn some_titles(page: &Page) -> Result<(), Unread> {
    if page.entries.is_empty() && page.dropped > 0 && page.unreadable == 0 {
        return Err(Unread::NoTitles(
            "nothing in it is a movie or a show".into(),
        ));
    }
    Ok(())
}

fn unknown_text(text: &str) -> Unread {
    let first = text.lines().map(shown).find(|line| !line.is_empty());
    Unread::NoTitles(match first {
        Some(line) => format!("it begins with `{line}`"),
        None if text.trim().is_empty() => "it is empty".to_owned(),
        None => "it is no text".to_owned(),
    })
}

/// What of a line can be shown to people: anything may be in it, and their terminal obeys it.
fn shown(line: &str) -> String {
    let readable = line
        .chars()
        .map(|char| if char == '\t' { ' ' } else { char })
        .filter(|char| !char.is_control() && *char != char::REPLACEMENT_CHARACTER);
    let start: String = readable.take(SHOWN).collect();
    start.trim().to_owned()
}

/// A mapping as it is to be written.
fn example(pairs: &[(&str, &str)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs);
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, Unread> {
        super::read(text, &Mapping::default())
    }

    #[test]
    fn what_a_document_is_is_seen_by_what_it_says() {
        for text in [
            "title,year\nHeat,1995\n",
            "  [{\"title\": \"Heat\", \"year\": 1995}]",
            "Heat (1995)\n",
            "<?xml version=\"1.0\"?><rss><channel><item><title>Heat (1995)</title></item></channel></rss>",
            "# Heat, title,year\nHeat (1995)\n",
        ] {
            let page = read(text).unwrap();
            assert_eq!(page.entries[0].title, "Heat", "{text}");
            assert_eq!(page.entries[0].year, Some(1995), "{text}");
        }
        assert_eq!(read("[REC] (2007)").unwrap().entries[0].title, "[REC]");
    }

    #[test]
    fn pages_and_empty_or_unreadable_texts_are_no_lists() {
        for (text, said) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("<!DOCTYPE html><html>", "WebPage"),
            ("<html><body>Error</body></html>", "WebPage"),
            ("\u{0}\u{fffd}\u{9b}\n\u{2}", "no line of it is a title"),
            ("Not found", "`Not found` is no title"),
        ] {
            let error = format!("{:?}", read(text).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn of_the_exports_of_simkl_what_is_planned_is_meant() {
        let table = "SIMKL_ID,Title,Type,Year,Watchlist\n1,Heat,movie,1995,completed\n";
        let json = "{\"movies\": [{\"status\": \"completed\", \"movie\": {\"title\": \"Heat\", \"year\": 1995, \"ids\": {\"simkl\": 1}}}]}";
        for text in [table, json] {
            let seen = look(text).unwrap();
            assert_eq!(seen.mapping, Mapping::of_status("plantowatch"), "{text}");
        }
        let other = look("title,year,status\nHeat,1995,released\n").unwrap();
        assert!(other.mapping.is_empty());
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for (text, reason, remedy) in [
            (
                "Film;Jahr\nHeat;1995\n",
                "my.csv is not understood: its columns are `Film`, `Jahr`",
                "`my.csv?title=Film`",
            ),
            (
                "[{\"a\": 1}]",
                "my.csv is not understood: its rows have the fields `a`",
                "`my.csv?title=movie.name",
            ),
            ("Hello", "my.csv is no list of titles", "Correct"),
            ("<html>", "my.csv is a web page", "--type web"),
        ] {
            let ProviderError::Refused {
                reason: told,
                remedy: advice,
                ..
            } = read(text).unwrap_err().told("my.csv", '?')
            else {
                panic!("{text}")
            };
            assert!(told.starts_with(reason), "{told}");
            assert!(advice.contains(remedy) && advice.ends_with('.'), "{advice}");
        }
        let broken = read("[{").unwrap_err().told("my.csv", '?');
        assert!(matches!(broken, ProviderError::Changed { .. }));
    }
}
