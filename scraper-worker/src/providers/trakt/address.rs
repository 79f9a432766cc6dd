//! Which list of Trakt an address, an id or a name means, and its one canonical form. Pure.

use schema::models::MediaType;
use url::Url;

use crate::provider::{after_prefix, is_of, pasted};

/// A list of Trakt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TraktList {
    /// A user's list: `user/slug`.
    Personal { user: String, slug: String },
    /// Any list by its number (`12345`), an official one by its name too (`lists/name`).
    Shared(String),
    /// What a user keeps beside lists, or one kind of it: `user/watchlist`, `user/collection/movies`.
    Kept {
        user: String,
        shelf: Shelf,
        only: Option<MediaType>,
    },
    /// A chart: `trending:movies`, `watched:shows:monthly`.
    Chart {
        chart: &'static str,
        media_type: MediaType,
        period: Option<&'static str>,
    },
}

/// What Trakt keeps for every user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    Watchlist,
    Favorites,
    Collection,
}

impl Shelf {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Favorites => "favorites",
            Self::Collection => "collection",
        }
    }

    /// By its name; favorites were called recommendations before 2024.
    fn find(name: &str) -> Option<Self> {
        match name {
            "watchlist" => Some(Self::Watchlist),
            "favorites" | "recommendations" => Some(Self::Favorites),
            "collection" => Some(Self::Collection),
            _ => None,
        }
    }
}

/// Charts, and whether they are of a time span.
const CHARTS: &[(&str, bool)] = &[
    ("trending", false),
    ("popular", false),
    ("anticipated", false),
    ("boxoffice", false),
    ("favorited", true),
    ("watched", true),
    ("played", true),
    ("collected", true),
    ("streaming", true),
];

/// What people write before a short name of a list; the latter was the old product's name for charts.
const PREFIXES: &[&str] = &["trakt", "trakt_special"];

/// The user who is signed in, as Trakt calls everybody to themselves.
const ME: &str = "me";

/// Time spans of charts; Trakt takes a week when none is named.
const PERIODS: &[&str] = &["daily", "weekly", "monthly", "yearly", "all"];

/// First parts of addresses that are no users.
const NO_USERS: &[&str] = &[
    "lists",
    "users",
    "movies",
    "shows",
    "search",
    "discover",
    "calendars",
    "people",
];

impl TraktList {
    /// Whether it is of whoever is signed in.
    pub(super) fn is_of_me(&self) -> bool {
        matches!(self, Self::Personal { user, .. } | Self::Kept { user, .. } if user == ME)
    }

    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Personal { user, slug } => format!("{user}/{slug}"),
            Self::Shared(id) if is_number(id) => id.clone(),
            Self::Shared(name) => format!("lists/{name}"),
            Self::Kept { user, shelf, only } => match only {
                None => format!("{user}/{}", shelf.as_str()),
                Some(only) => format!("{user}/{}/{}", shelf.as_str(), plural(*only)),
            },
            Self::Chart {
                chart,
                media_type,
                period,
            } => match period {
                None => format!("{chart}:{}", plural(*media_type)),
                Some(period) => format!("{chart}:{}:{period}", plural(*media_type)),
            },
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        let path = match self {
            Self::Personal { user, slug } => format!("users/{user}/lists/{slug}"),
            Self::Shared(id) if is_number(id) => format!("lists/{id}"),
            Self::Shared(name) => format!("lists/official/{name}"),
            Self::Kept { .. } => format!("users/{}", self.id()),
            Self::Chart {
                chart,
                media_type,
                period,
            } => match period {
                None => format!("{}/{chart}", plural(*media_type)),
                Some(period) => format!("{}/{chart}/{period}", plural(*media_type)),
            },
        };
        format!("https://trakt.tv/{path}")
    }

    /// What to call it until its own name is read; only lists have one.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Personal { user, slug } if user == ME => format!("{} (Trakt)", words(slug)),
            Self::Personal { user, slug } => format!("{} ({user} on Trakt)", words(slug)),
            Self::Shared(id) if is_number(id) => format!("Trakt list {id}"),
            Self::Shared(name) => format!("{} (Trakt)", words(name)),
            Self::Kept { user, shelf, only } => {
                let of = only.map_or_else(String::new, |only| format!("{} in the ", plural(only)));
                let owner = if user == ME {
                    "the account signed in"
                } else {
                    user
                };
                format!("Trakt: {of}{} of {owner}", shelf.as_str())
            }
            Self::Chart {
                chart,
                media_type,
                period,
            } => {
                let chart = if *chart == "boxoffice" {
                    "box office"
                } else {
                    chart
                };
                let period = period.map_or_else(String::new, |period| format!(", {period}"));
                format!("Trakt {chart} {}{period}", plural(*media_type))
            }
        }
    }
}

/// `movies` or `shows`.
pub(super) fn plural(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movies",
        MediaType::Tv => "shows",
    }
}

/// `star-wars-saga`: "Star wars saga".
fn words(slug: &str) -> String {
    let text = slug.replace('-', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Reads what can only be a list of Trakt: an address, `trending:movies`, anything after `trakt:`.
pub(super) fn parse(input: &str) -> Option<TraktList> {
    if after_prefix(input, PREFIXES).is_some() {
        return parse_own(input);
    }
    let input = input.trim();
    shortcut(input).or_else(|| page(input))
}

/// Reads the same and short names: `user/list`, `movies/trending`, a number.
pub(super) fn parse_own(input: &str) -> Option<TraktList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = shortcut(input).or_else(|| page(input)) {
        return Some(list);
    }
    let lower = input.trim_matches('/').to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').collect();
    match path.as_slice() {
        [id] if is_number(id) => Some(TraktList::Shared((*id).to_owned())),
        ["users", ..] | ["lists" | "movies" | "shows", _, ..] => known_path(&path),
        [user, "lists", slug, ..] => personal(user, slug),
        [user, shelf, rest @ ..] if Shelf::find(shelf).is_some() => kept(user, shelf, rest),
        [user, slug] => personal(user, slug),
        _ => None,
    }
}

/// `trending:movies`, which the old product had.
fn shortcut(input: &str) -> Option<TraktList> {
    let lower = input.to_ascii_lowercase();
    let mut parts = lower.split(':').map(str::trim);
    let (name, of, period) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    chart(of, name, period)
}

fn page(input: &str) -> Option<TraktList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    if !is_of(host, "trakt.tv") {
        return None;
    }
    let lower = url.path().to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["discover", name] => chart(&mode(&url)?, name, None),
        path => known_path(path),
    }
}

/// What the newer pages of charts show: `/discover/trending?mode=movie`. Movies and shows together are
/// two charts.
fn mode(url: &Url) -> Option<String> {
    let (_, mode) = url.query_pairs().find(|(key, _)| key == "mode")?;
    Some(mode.to_ascii_lowercase())
}

/// The path of an address; it has few forms.
fn known_path(path: &[&str]) -> Option<TraktList> {
    match path {
        ["users", user, "lists", slug, ..] => personal(user, slug),
        ["users", user, shelf, rest @ ..] => kept(user, shelf, rest),
        ["lists", id, ..] if is_number(id) => Some(TraktList::Shared((*id).to_owned())),
        // Lists of lists.
        ["lists", "official" | "trending" | "popular"] => None,
        ["lists", "official", name, ..] | ["lists", name] => {
            is_name(name).then(|| TraktList::Shared((*name).to_owned()))
        }
        [of @ ("movies" | "shows"), name] => chart(of, name, None),
        [of @ ("movies" | "shows"), name, period] => chart(of, name, Some(period)),
        _ => None,
    }
}

fn personal(user: &str, slug: &str) -> Option<TraktList> {
    if is_number(slug) && is_user(user) {
        // The number alone says which.
        return Some(TraktList::Shared(slug.to_owned()));
    }
    (is_user(user) && is_name(slug)).then(|| TraktList::Personal {
        user: user.to_owned(),
        slug: slug.to_owned(),
    })
}

/// `rest` may say which kind; sort orders after it make no other list.
fn kept(user: &str, shelf: &str, rest: &[&str]) -> Option<TraktList> {
    let shelf = Shelf::find(shelf)?;
    let only = match rest.first() {
        Some(&("movie" | "movies")) => Some(MediaType::Movie),
        Some(&("show" | "shows")) => Some(MediaType::Tv),
        // No list of ours: titles are wanted, not parts of shows.
        Some(&("seasons" | "episodes")) => return None,
        _ => None,
    };
    is_user(user).then(|| TraktList::Kept {
        user: user.to_owned(),
        shelf,
        only,
    })
}

fn chart(of: &str, name: &str, period: Option<&str>) -> Option<TraktList> {
    let media_type = match of {
        "movies" | "movie" => MediaType::Movie,
        "shows" | "show" | "tv" => MediaType::Tv,
        _ => return None,
    };
    let name = match name {
        "recommended" | "recommendations" => "favorited",
        "box-office" | "box_office" => "boxoffice",
        name => name,
    };
    let (chart, has_periods) = CHARTS.iter().find(|(known, _)| *known == name)?;
    if *chart == "boxoffice" && media_type == MediaType::Tv {
        return None;
    }
    let period = match period {
        None => None,
        Some(_) if !has_periods => return None,
        Some(period) => Some(*PERIODS.iter().find(|known| **known == period)?),
    };
    Some(TraktList::Chart {
        chart,
        media_type,
        period,
    })
}

fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text != ".."
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_user(text: &str) -> bool {
    is_name(text) && !NO_USERS.contains(&text)
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
    fn every_address_of_a_list_means_the_same_list() {
        for input in [
            "https://trakt.tv/users/some.one/lists/rainy-days",
            "http://www.trakt.tv/users/Some.One/lists/Rainy-Days/",
            "https://app.trakt.tv/users/some.one/lists/rainy-days?sort=added,asc&display=movie",
            "trakt.tv/users/some.one/lists/rainy-days/items#top",
            "HTTPS://TRAKT.TV/users/some.one/lists/rainy-days?page=2",
            "trakt:some.one/rainy-days",
            "trakt: users/some.one/lists/rainy-days",
        ] {
            assert_eq!(id(input).as_deref(), Some("some.one/rainy-days"), "{input}");
            assert_eq!(own(input), id(input), "{input}");
        }
        for input in [
            "some.one/rainy-days",
            "/some.one/lists/rainy-days/",
            "users/some.one/lists/rainy-days",
        ] {
            assert_eq!(
                own(input).as_deref(),
                Some("some.one/rainy-days"),
                "{input}"
            );
            assert_eq!(id(input), None, "{input} may be another site's");
        }
    }

    #[test]
    fn lists_have_numbers_and_official_ones_names() {
        for input in [
            "https://trakt.tv/lists/2142753",
            "https://app.trakt.tv/lists/2142753?sort=rank,asc",
            "https://trakt.tv/users/some.one/lists/2142753",
            "trakt:2142753",
        ] {
            assert_eq!(id(input).as_deref(), Some("2142753"), "{input}");
        }
        assert_eq!(own("2142753").as_deref(), Some("2142753"));
        assert_eq!(own("lists/2142753").as_deref(), Some("2142753"));
        assert_eq!(id("2142753"), None, "TMDB has numbers too");
        for input in [
            "https://trakt.tv/lists/official/paper-boats-collection",
            "https://app.trakt.tv/lists/official/paper-boats-collection?page=1",
            "https://trakt.tv/lists/paper-boats-collection",
        ] {
            assert_eq!(
                id(input).as_deref(),
                Some("lists/paper-boats-collection"),
                "{input}"
            );
        }
    }

    #[test]
    fn what_users_keep_may_be_one_kind_of_it() {
        for (input, expected) in [
            ("https://trakt.tv/users/one/watchlist", "one/watchlist"),
            (
                "https://app.trakt.tv/users/one/watchlist?sort=added,asc&display=movie",
                "one/watchlist",
            ),
            (
                "https://trakt.tv/users/one/watchlist/movies/added/asc",
                "one/watchlist/movies",
            ),
            ("https://trakt.tv/users/one/favorites", "one/favorites"),
            (
                "https://trakt.tv/users/one/recommendations",
                "one/favorites",
            ),
            (
                "https://trakt.tv/users/one/collection/shows/added",
                "one/collection/shows",
            ),
            (
                "https://trakt.tv/users/one/collection/added",
                "one/collection",
            ),
            ("https://app.trakt.tv/users/me/watchlist", "me/watchlist"),
            ("trakt:me/favorites", "me/favorites"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
        assert_eq!(own("one/watchlist").as_deref(), Some("one/watchlist"));
        assert_eq!(
            own("one/collection/movies").as_deref(),
            Some("one/collection/movies")
        );
    }

    #[test]
    fn charts_are_known_by_address_and_by_the_old_short_form() {
        for (input, expected) in [
            ("https://trakt.tv/movies/trending", "trending:movies"),
            ("https://trakt.tv/shows/popular?page=2", "popular:shows"),
            (
                "https://app.trakt.tv/movies/anticipated",
                "anticipated:movies",
            ),
            ("trakt.tv/movies/boxoffice", "boxoffice:movies"),
            (
                "https://trakt.tv/movies/watched/monthly",
                "watched:movies:monthly",
            ),
            (
                "https://trakt.tv/movies/recommendations",
                "favorited:movies",
            ),
            ("trending:movies", "trending:movies"),
            ("Trending:Movie", "trending:movies"),
            ("popular:tv", "popular:shows"),
            ("streaming:shows", "streaming:shows"),
            ("trakt:played:movies:all", "played:movies:all"),
            ("trakt_special:watched:show", "watched:shows"),
            (
                "https://app.trakt.tv/discover/trending?mode=movie&ignore_watched=true",
                "trending:movies",
            ),
            (
                "https://app.trakt.tv/discover/recommended?mode=Show",
                "favorited:shows",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
        assert_eq!(own("movies/trending").as_deref(), Some("trending:movies"));
        for input in [
            "boxoffice:shows",
            "https://trakt.tv/shows/boxoffice",
            "trending:movies:weekly",
            "watched:movies:hourly",
            "newest:movies",
            "trending:people",
        ] {
            assert_eq!(own(input), None, "{input}");
        }
    }

    #[test]
    fn an_id_and_its_address_are_recognized_as_themselves() {
        for input in [
            "some.one/rainy-days",
            "2142753",
            "lists/paper-boats-collection",
            "one/watchlist",
            "one/watchlist/shows",
            "one/favorites",
            "one/collection/movies",
            "me/watchlist",
            "me/rainy-days",
            "trending:movies",
            "watched:shows:yearly",
            "boxoffice:movies",
        ] {
            let list = parse_own(input).unwrap();
            assert_eq!(list.id(), input);
            assert_eq!(parse(&list.url()), Some(list), "{input}");
        }
    }

    #[test]
    fn what_is_no_list_of_ours_is_left_to_others() {
        for input in [
            "",
            "trakt",
            "trakt:",
            "top",
            "https://trakt.tv/",
            "https://trakt.tv/users/one",
            "https://trakt.tv/users/one/lists",
            "https://trakt.tv/users/one/ratings",
            "https://trakt.tv/users/one/watchlist/seasons",
            "https://trakt.tv/movies/dune-2021",
            "https://trakt.tv/lists",
            "https://trakt.tv/lists/trending",
            "https://trakt.tv/lists/official",
            "https://app.trakt.tv/discover/trending?mode=media",
            "https://app.trakt.tv/discover/trending",
            "https://nottrakt.tv/users/one/watchlist",
            "https://trakt.tv.evil.example/users/one/watchlist",
            "ftp://trakt.tv/users/one/watchlist",
            "https://letterboxd.com/one/watchlist/",
            "users/one",
            "movies/dune-2021",
            "one/two/three",
            "a b/c",
            "one/..",
        ] {
            assert_eq!(id(input), None, "{input}");
            assert_eq!(own(input), None, "{input}");
        }
    }
}
