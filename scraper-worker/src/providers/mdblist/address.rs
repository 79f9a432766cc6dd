//! Which list of `MDBList` an address, an id or a name means, and its one canonical form. Pure.

use url::Url;

use crate::provider::{after_prefix, is_name, is_number, is_of, pasted};

/// Where people find the lists.
const SITE: &str = "https://mdblist.com";

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["mdblist"];

/// Parts of addresses that are no users.
const NO_USERS: &[&str] = &[
    "top",
    "user",
    "search",
    "trending",
    "popular",
    "new",
    "lists",
    "external",
    "watchlist",
];

/// A list of `MDBList`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MdbList {
    /// A user's list: `user/slug`.
    Named { user: String, slug: String },
    /// Any list by its number.
    Numbered(String),
    /// A list of another site that is kept there, with the user on whose page it stands:
    /// `user/external/12`, `external/12`.
    External { user: Option<String>, id: String },
    /// The watchlist of the key's owner.
    Watchlist,
}

impl MdbList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Named { user, slug } => format!("{user}/{slug}"),
            Self::Numbered(id) => id.clone(),
            Self::External { user, id } => match user {
                Some(user) => format!("{user}/external/{id}"),
                None => format!("external/{id}"),
            },
            Self::Watchlist => "watchlist".into(),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Named { .. } | Self::External { user: Some(_), .. } => {
                format!("{SITE}/lists/{}", self.id())
            }
            Self::Numbered(id) => format!("{SITE}/?list={id}"),
            Self::External { user: None, id } => format!("{SITE}/external/lists/{id}"),
            Self::Watchlist => format!("{SITE}/watchlist"),
        }
    }

    /// What to call it until its own name is read.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Named { user, slug } => format!("{} ({user} on MDBList)", words(slug)),
            Self::Numbered(id) => format!("MDBList list {id}"),
            Self::External { id, .. } => format!("MDBList external list {id}"),
            Self::Watchlist => "MDBList watchlist".into(),
        }
    }

    /// Where the API describes it, for the lists it describes.
    pub(super) fn description_path(&self) -> Option<String> {
        match self {
            Self::Named { .. } | Self::Numbered(_) => Some(format!("lists/{}", self.id())),
            Self::External { .. } | Self::Watchlist => None,
        }
    }

    /// Where the API tells its entries.
    pub(super) fn items_path(&self) -> String {
        match self {
            Self::Named { .. } | Self::Numbered(_) => format!("lists/{}/items", self.id()),
            Self::External { id, .. } => format!("external/lists/{id}/items"),
            Self::Watchlist => "watchlist/items".into(),
        }
    }

    /// Where everybody may read it, for the lists that everybody may read.
    pub(super) fn public_path(&self) -> Option<String> {
        match self {
            Self::Named { .. } | Self::External { user: Some(_), .. } => {
                Some(format!("lists/{}/json", self.id()))
            }
            Self::Numbered(_) | Self::External { user: None, .. } | Self::Watchlist => None,
        }
    }
}

/// `rainy-days`: "Rainy days".
fn words(slug: &str) -> String {
    let text = slug.replace(['-', '_'], " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Reads what can only be a list of `MDBList`: an address, anything after `mdblist:`.
pub(super) fn parse(input: &str) -> Option<MdbList> {
    match after_prefix(input, PREFIXES) {
        Some(rest) => parse_own(rest),
        None => of_address(input.trim()),
    }
}

/// Reads the same and short names: `user/list`, a number, `watchlist`.
pub(super) fn parse_own(input: &str) -> Option<MdbList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = of_address(input) {
        return Some(list);
    }
    let path: Vec<&str> = input.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        [word] if word.eq_ignore_ascii_case("watchlist") => Some(MdbList::Watchlist),
        [id] => numbered(id),
        ["lists" | "external", ..] => of_path(&path),
        [_, _, ..] if !input.contains("://") => of_lists(&path),
        _ => None,
    }
}

fn of_address(input: &str) -> Option<MdbList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    if !is_of(host, "mdblist.com") {
        return None;
    }
    let path: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    match path.as_slice() {
        [] | ["lists"] => number_asked_for(&url),
        ["watchlist"] | ["watchlist", "items", ..] => Some(MdbList::Watchlist),
        _ => of_path(&path),
    }
}

/// The number in `?list=…`, as addresses were before lists had names.
fn number_asked_for(url: &Url) -> Option<MdbList> {
    let (_, id) = url
        .query_pairs()
        .find(|(name, _)| matches!(name.as_ref(), "list" | "id"))?;
    numbered(&id)
}

/// The path of a page of the site, or of the API.
fn of_path(path: &[&str]) -> Option<MdbList> {
    match path {
        ["external", "lists", id, ..] | ["external", id] => external(None, id),
        ["lists", rest @ ..] => of_lists(rest),
        _ => None,
    }
}

/// What follows `/lists/`: a user and a list, or a number; `json`, `items` and filters may follow.
/// Names stay as they are written: whether the site reads capitals as small letters is not known.
fn of_lists(path: &[&str]) -> Option<MdbList> {
    match path {
        ["external", id] => external(None, id),
        [user, "external", id, ..] => external(Some(user), id),
        [id] | [id, "items" | "json", ..] => numbered(id),
        // A list of lists, and not one.
        [user, ..] if NO_USERS.contains(user) => None,
        [user, slug, ..] => (is_name(user) && is_name(slug)).then(|| MdbList::Named {
            user: (*user).to_owned(),
            slug: (*slug).to_owned(),
        }),
        [] => None,
    }
}

fn external(user: Option<&str>, id: &str) -> Option<MdbList> {
    let is_fair = is_number(id) && user.is_none_or(is_name);
    is_fair.then(|| MdbList::External {
        user: user.map(str::to_owned),
        id: id.to_owned(),
    })
}

fn numbered(id: &str) -> Option<MdbList> {
    is_number(id).then(|| MdbList::Numbered(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(input: &str) -> Option<String> {
        parse(input).map(|list| list.id())
    }

    fn own(input: &str) -> Option<String> {
        parse_own(input).map(|list| list.id())
    }

    #[test]
    fn every_address_of_a_list_is_that_list() {
        for (input, expected) in [
            (
                "https://mdblist.com/lists/some_one/rainy-days",
                "some_one/rainy-days",
            ),
            (
                "https://mdblist.com/lists/some_one/rainy-days/json/",
                "some_one/rainy-days",
            ),
            (
                "http://www.mdblist.com/lists/some_one/rainy-days/?sort=rank#top",
                "some_one/rainy-days",
            ),
            (
                "MDBList.com/lists/some_one/rainy-days",
                "some_one/rainy-days",
            ),
            (
                "https://api.mdblist.com/lists/some_one/rainy-days/items/movie?apikey=hush",
                "some_one/rainy-days",
            ),
            (
                "https://api.mdblist.com/lists/1234/items?apikey=hush",
                "1234",
            ),
            ("https://mdblist.com/?list=1234", "1234"),
            ("mdblist.com/lists/?list=1234", "1234"),
            (
                "https://mdblist.com/lists/some_one/external/55",
                "some_one/external/55",
            ),
            (
                "https://api.mdblist.com/external/lists/55/items",
                "external/55",
            ),
            ("https://mdblist.com/watchlist", "watchlist"),
            (
                "https://api.mdblist.com/watchlist/items?apikey=hush",
                "watchlist",
            ),
            ("mdblist:some_one/rainy-days", "some_one/rainy-days"),
            ("MDBLIST: 1234", "1234"),
            ("mdblist:watchlist", "watchlist"),
            (
                "mdblist:https://mdblist.com/lists/some_one/rainy-days",
                "some_one/rainy-days",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
            let list = parse(input).unwrap();
            assert_eq!(own(expected), Some(expected.into()));
            assert_eq!(id(&list.url()).as_deref(), Some(expected), "{}", list.url());
            assert!(!list.url().contains("hush"));
        }
    }

    #[test]
    fn short_names_count_where_the_site_is_known() {
        for (input, expected) in [
            ("some_one/rainy-days", Some("some_one/rainy-days")),
            ("/some_one/rainy-days/", Some("some_one/rainy-days")),
            ("lists/some_one/rainy-days", Some("some_one/rainy-days")),
            ("1234", Some("1234")),
            ("watchlist", Some("watchlist")),
            ("rainy-days", None),
            ("https://example.com/some_one/rainy-days", None),
            ("some one/rainy days", None),
            ("", None),
        ] {
            assert_eq!(own(input).as_deref(), expected, "{input}");
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn pages_that_are_no_lists_are_left_alone() {
        for input in [
            "https://mdblist.com",
            "https://mdblist.com/lists",
            "https://mdblist.com/lists/some_one",
            "https://mdblist.com/lists/user/some_one",
            "https://mdblist.com/movie/tt0133093",
            "https://mdblist.com/?list=abc",
            "https://notmdblist.com/lists/some_one/rainy-days",
            "https://trakt.tv/lists/1234",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn names_are_for_people() {
        assert_eq!(
            parse("mdblist:some_one/rainy-days").unwrap().name(),
            "Rainy days (some_one on MDBList)"
        );
        assert_eq!(parse("mdblist:7").unwrap().name(), "MDBList list 7");
    }
}
