//! Which watchlist of Plex an address, an id or a name means, and its one canonical form. Pure.

use schema::models::MediaType;
use url::Url;

use crate::provider::{after_prefix, pasted};

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["plex"];

/// A watchlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PlexList {
    /// The one of the account whose token is set, or the movies or shows of it: `watchlist/movies`.
    Own { only: Option<MediaType> },
    /// Its feed, or the one of friends, by the path of its address: `rss/0f1e2d3c-…`.
    Feed(String),
}

impl PlexList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Own { only: None } => "watchlist".into(),
            Self::Own { only: Some(only) } => format!("watchlist/{}", plural(*only)),
            Self::Feed(path) => format!("rss/{path}"),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Own { only: None } => "https://watch.plex.tv/watchlist".into(),
            Self::Own { only: Some(only) } => {
                format!("https://watch.plex.tv/watchlist?type={}", plural(*only))
            }
            Self::Feed(path) => format!("https://rss.plex.tv/{path}"),
        }
    }

    /// What to call it. Whoever knows the whole address of a feed can read it, so only its beginning
    /// is shown.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Own { only: None } => "Plex watchlist".into(),
            Self::Own { only: Some(only) } => format!("Plex watchlist ({})", plural(*only)),
            Self::Feed(path) => {
                let start: String = path.chars().take(6).collect();
                format!("Plex watchlist feed {start}…")
            }
        }
    }
}

fn plural(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movies",
        MediaType::Tv => "shows",
    }
}

/// Reads what can only be a watchlist of Plex: an address, anything after `plex:`.
pub(super) fn parse(input: &str) -> Option<PlexList> {
    let input = input.trim();
    match after_prefix(input, PREFIXES) {
        Some(rest) => parse_own(rest),
        None => page(input),
    }
}

/// Reads the same and short names: `watchlist`, `rss/…`.
pub(super) fn parse_own(input: &str) -> Option<PlexList> {
    let input = input.trim();
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = page(input) {
        return Some(list);
    }
    let path: Vec<&str> = input.trim_matches('/').split('/').collect();
    match path.as_slice() {
        ["rss", rest @ ..] => feed(rest),
        [word] if is_watchlist(word) => Some(PlexList::Own { only: None }),
        [word, only] if is_watchlist(word) => Some(PlexList::Own {
            only: Some(kind(only)?),
        }),
        _ => None,
    }
}

fn page(input: &str) -> Option<PlexList> {
    let url = pasted(input)?;
    let path: Vec<&str> = url
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match url.host_str()? {
        "rss.plex.tv" => feed(&path),
        "watch.plex.tv" | "www.plex.tv" | "plex.tv" => {
            let word = path.last()?;
            (path.len() <= 2 && is_watchlist(word)).then(|| own(&url))
        }
        "discover.provider.plex.tv" | "metadata.provider.plex.tv" => {
            let is_it = path.starts_with(&["library", "sections", "watchlist"]);
            is_it.then(|| own(&url))
        }
        // What the page shows stands after the `#`.
        "app.plex.tv" => {
            let shown = url.fragment()?.to_ascii_lowercase();
            shown.contains("watchlist").then(|| own(&url))
        }
        _ => None,
    }
}

fn own(url: &Url) -> PlexList {
    let only = url
        .query_pairs()
        .find(|(key, _)| key == "type")
        .and_then(|(_, value)| kind(&value));
    PlexList::Own { only }
}

fn is_watchlist(word: &str) -> bool {
    word.eq_ignore_ascii_case("watchlist")
}

/// By its name, or its number in Plex's API.
fn kind(word: &str) -> Option<MediaType> {
    match word.to_ascii_lowercase().as_str() {
        "movie" | "movies" | "1" => Some(MediaType::Movie),
        "show" | "shows" | "tv" | "2" => Some(MediaType::Tv),
        _ => None,
    }
}

fn feed(path: &[&str]) -> Option<PlexList> {
    let is_word = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let is_path = !path.is_empty() && path.len() <= 4 && path.iter().all(is_word);
    is_path.then(|| PlexList::Feed(path.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(input: &str) -> Option<String> {
        parse(input).map(|list| list.id())
    }

    #[test]
    fn every_address_of_a_watchlist_means_the_same_list() {
        for (input, expected) in [
            ("https://watch.plex.tv/watchlist", "watchlist"),
            ("WATCH.PLEX.TV/watchlist/?sort=x", "watchlist"),
            ("https://watch.plex.tv/en-GB/watchlist", "watchlist"),
            (
                "https://app.plex.tv/desktop/#!/provider/tv.plex.provider.discover/list?key=%2Flibrary%2Fsections%2Fwatchlist%2Fall",
                "watchlist",
            ),
            ("https://app.plex.tv/desktop/#!/watchlist", "watchlist"),
            ("plex:watchlist", "watchlist"),
            ("plex: watchlist/movies", "watchlist/movies"),
            (
                "https://discover.provider.plex.tv/library/sections/watchlist/all?type=2",
                "watchlist/shows",
            ),
            (
                "https://rss.plex.tv/0f1e2d3c-aaaa-4b49-8504-5e72f7a9cd99/?format=json",
                "rss/0f1e2d3c-aaaa-4b49-8504-5e72f7a9cd99",
            ),
            ("rss.plex.tv/0f1e2d3c/friends", "rss/0f1e2d3c/friends"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn ids_and_addresses_are_recognised_as_themselves() {
        for name in [
            "watchlist",
            "watchlist/movies",
            "watchlist/shows",
            "rss/0f1e-2d3c",
        ] {
            let list = parse_own(name).unwrap();
            assert_eq!(list.id(), name);
            assert_eq!(parse(&list.url()), Some(list));
            assert_eq!(id(name), None, "{name} may mean a list of another site");
        }
    }

    #[test]
    fn the_name_of_a_feed_does_not_tell_its_address() {
        let list = parse("https://rss.plex.tv/0f1e2d3c-aaaa-4b49-8504").unwrap();
        assert_eq!(list.name(), "Plex watchlist feed 0f1e2d…");
    }

    #[test]
    fn what_is_no_watchlist_is_left_alone() {
        for input in [
            "https://watch.plex.tv/movie/a-film",
            "https://app.plex.tv/desktop/#!/media/1",
            "https://app.plex.tv/desktop/",
            "https://rss.plex.tv/",
            "https://rss.plex.tv.evil.test/abc",
            "https://watch.plex.tv/u/someone/list/watchlist",
            "plex:",
            "plex:rss/../x",
            "plex://movie/5d77",
            "top",
            "",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }
}
