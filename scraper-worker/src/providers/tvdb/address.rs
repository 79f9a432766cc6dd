//! Which list of `TheTVDB` an address, an id or a name means, and its one canonical form. Pure.

use crate::provider::{after_prefix, is_name, is_number, is_of, pasted};

/// Where people find the lists.
const SITE: &str = "https://thetvdb.com";

/// Hosts of the site and its API.
const HOSTS: &[&str] = &["thetvdb.com", "tvdb.com"];

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["tvdb", "thetvdb"];

/// Parts of addresses that are no lists.
const NO_LISTS: &[&str] = &["create", "custom", "edit", "new", "official", "search"];

/// A list of `TheTVDB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TvdbList {
    /// Anybody's list, by its name in addresses or by its number: `lists/rainy-days`.
    List(String),
    /// Favourites of the account whose PIN is set: `favorites`.
    OwnFavorites,
    /// Favourites of somebody else: `user/123/favorites`.
    FavoritesOf(String),
}

impl TvdbList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::List(slug) => format!("lists/{slug}"),
            Self::OwnFavorites => "favorites".into(),
            Self::FavoritesOf(user) => format!("user/{user}/favorites"),
        }
    }

    /// Where its page is.
    pub(super) fn path(&self) -> String {
        match self {
            Self::List(_) | Self::FavoritesOf(_) => self.id(),
            Self::OwnFavorites => "user/favorites".into(),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        format!("{SITE}/{}", self.path())
    }

    /// What to call it until its own name is read.
    pub(super) fn name(&self) -> String {
        match self {
            Self::List(slug) if is_number(slug) => format!("TheTVDB list {slug}"),
            Self::List(slug) => format!("{} (TheTVDB)", words(slug)),
            Self::OwnFavorites => "TheTVDB favorites".into(),
            Self::FavoritesOf(user) => format!("TheTVDB favorites of {user}"),
        }
    }
}

/// `rainy-days`: "Rainy days".
fn words(slug: &str) -> String {
    let text = slug.replace('-', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Reads what can only be a list of `TheTVDB`: an address, anything after `tvdb:`.
pub(super) fn parse(input: &str) -> Option<TvdbList> {
    match after_prefix(input, PREFIXES) {
        Some(rest) => parse_own(rest),
        None => of_address(input.trim()),
    }
}

/// Reads the same and short names: a list's name or number, `favorites`.
pub(super) fn parse_own(input: &str) -> Option<TvdbList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = of_address(input) {
        return Some(list);
    }
    let lower = input.to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        [word] if is_favorites(word) => Some(TvdbList::OwnFavorites),
        [slug] => list(slug),
        _ => of_path(&path),
    }
}

fn of_address(input: &str) -> Option<TvdbList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    if !HOSTS.iter().any(|known| is_of(host, known)) {
        return None;
    }
    let lower = url.path().to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["v4", rest @ ..] => of_path(rest),
        path => of_path(path),
    }
}

/// The path of a page of the site, or of the API after its version.
fn of_path(path: &[&str]) -> Option<TvdbList> {
    match path {
        ["lists", "slug", slug] | ["lists", slug, ..] => list(slug),
        ["user" | "users", word] if is_favorites(word) => Some(TvdbList::OwnFavorites),
        ["user" | "users", user, word, ..] if is_favorites(word) && is_name(user) => {
            Some(TvdbList::FavoritesOf((*user).to_owned()))
        }
        _ => None,
    }
}

fn list(slug: &str) -> Option<TvdbList> {
    (is_name(slug) && !NO_LISTS.contains(&slug)).then(|| TvdbList::List(slug.to_owned()))
}

fn is_favorites(word: &str) -> bool {
    matches!(word, "favorites" | "favourites")
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
            ("https://thetvdb.com/lists/rainy-days", "lists/rainy-days"),
            (
                "https://www.thetvdb.com/lists/Rainy-Days/?sort=1#x",
                "lists/rainy-days",
            ),
            ("TheTVDB.com/lists/rainy-days", "lists/rainy-days"),
            ("http://tvdb.com/lists/1001", "lists/1001"),
            ("https://thetvdb.com/lists/1001/edit", "lists/1001"),
            (
                "https://api4.thetvdb.com/v4/lists/slug/rainy-days",
                "lists/rainy-days",
            ),
            ("https://thetvdb.com/user/favorites", "favorites"),
            ("https://api4.thetvdb.com/v4/user/favorites", "favorites"),
            (
                "https://www.thetvdb.com/user/123/favorites",
                "user/123/favorites",
            ),
            ("tvdb:rainy-days", "lists/rainy-days"),
            ("TVDB: lists/1001", "lists/1001"),
            ("thetvdb:favourites", "favorites"),
            (
                "tvdb:https://thetvdb.com/lists/rainy-days",
                "lists/rainy-days",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
            let list = parse(input).unwrap();
            assert_eq!(own(expected).as_deref(), Some(expected));
            assert_eq!(id(&list.url()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn short_names_count_where_the_site_is_known() {
        for (input, expected) in [
            ("rainy-days", Some("lists/rainy-days")),
            ("/lists/Rainy-Days/", Some("lists/rainy-days")),
            ("favorites", Some("favorites")),
            ("8395", Some("lists/8395")),
            ("user/8395/favourites", Some("user/8395/favorites")),
            ("series/tide-tables", None),
            ("rainy days", None),
            ("https://example.com/lists/rainy-days", None),
            ("", None),
        ] {
            assert_eq!(own(input).as_deref(), expected, "{input}");
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn pages_that_are_no_lists_are_left_alone() {
        for input in [
            "https://thetvdb.com",
            "https://thetvdb.com/lists",
            "https://thetvdb.com/lists/create",
            "https://thetvdb.com/lists/custom",
            "https://thetvdb.com/series/tide-tables",
            "https://thetvdb.com/movies/the-paper-lighthouse",
            "https://thetvdb.com/user/123",
            "https://notthetvdb.com/lists/rainy-days",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn names_are_for_people() {
        let name = |input: &str| parse(input).unwrap().name();
        assert_eq!(name("tvdb:rainy-days"), "Rainy days (TheTVDB)");
        assert_eq!(name("tvdb:lists/7"), "TheTVDB list 7");
        assert_eq!(name("tvdb:user/7/favorites"), "TheTVDB favorites of 7");
    }
}
