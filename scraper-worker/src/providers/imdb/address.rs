//! Which list of IMDb an address, an id or a name means, and its one canonical form. Pure.

use crate::provider::{after_prefix, is_of, pasted};

/// A list of IMDb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImdbList {
    /// `ls…`
    List(String),
    /// The watchlist of `ur…`.
    Watchlist(String),
    /// The watchlist of `p.…`, the newer name of a user.
    Profile(String),
    Chart(&'static Chart),
    /// A title search: its conditions, sorted.
    Search(String),
    /// What is to be released: its conditions, sorted; mostly none.
    Calendar(String),
}

/// A chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chart {
    /// Our id of it, which the old product used too.
    pub(super) id: &'static str,
    aliases: &'static [&'static str],
    /// Path of its page.
    pub(super) path: &'static str,
    name: &'static str,
    /// What GraphQL calls it; the box office is a question of its own.
    pub(super) graphql: Option<&'static str>,
}

static CHARTS: &[Chart] = &[
    Chart {
        id: "top",
        aliases: &["top250", "top-250"],
        path: "chart/top/",
        name: "IMDb Top 250 movies",
        graphql: Some("TOP_RATED_MOVIES"),
    },
    Chart {
        id: "toptv",
        aliases: &["toptv250", "top-tv"],
        path: "chart/toptv/",
        name: "IMDb Top 250 TV shows",
        graphql: Some("TOP_RATED_TV_SHOWS"),
    },
    Chart {
        id: "moviemeter",
        aliases: &[],
        path: "chart/moviemeter/",
        name: "IMDb most popular movies",
        graphql: Some("MOST_POPULAR_MOVIES"),
    },
    Chart {
        id: "tvmeter",
        aliases: &[],
        path: "chart/tvmeter/",
        name: "IMDb most popular TV shows",
        graphql: Some("MOST_POPULAR_TV_SHOWS"),
    },
    Chart {
        id: "bottom",
        aliases: &["lowest"],
        path: "chart/bottom/",
        name: "IMDb lowest rated movies",
        graphql: Some("LOWEST_RATED_MOVIES"),
    },
    Chart {
        id: "top-english",
        aliases: &["top-english-movies"],
        path: "chart/top-english-movies/",
        name: "IMDb top rated English movies",
        graphql: Some("TOP_RATED_ENGLISH_MOVIES"),
    },
    Chart {
        id: "top-indian",
        aliases: &["top-indian-movies", "top-rated-indian-movies"],
        path: "india/top-rated-indian-movies/",
        name: "IMDb top rated Indian movies",
        graphql: Some("TOP_RATED_INDIAN_MOVIES"),
    },
    Chart {
        id: "top-tamil",
        aliases: &["top-tamil-movies", "top-rated-tamil-movies"],
        path: "india/top-rated-tamil-movies/",
        name: "IMDb top rated Tamil movies",
        graphql: Some("TOP_RATED_TAMIL_MOVIES"),
    },
    Chart {
        id: "top-telugu",
        aliases: &["top-telugu-movies", "top-rated-telugu-movies"],
        path: "india/top-rated-telugu-movies/",
        name: "IMDb top rated Telugu movies",
        graphql: Some("TOP_RATED_TELUGU_MOVIES"),
    },
    Chart {
        id: "top-malayalam",
        aliases: &["top-malayalam-movies", "top-rated-malayalam-movies"],
        path: "india/top-rated-malayalam-movies/",
        name: "IMDb top rated Malayalam movies",
        graphql: Some("TOP_RATED_MALAYALAM_MOVIES"),
    },
    Chart {
        id: "boxoffice",
        aliases: &["box-office"],
        path: "chart/boxoffice/",
        name: "IMDb box office",
        graphql: None,
    },
];

/// Our id of the calendar of releases.
const CALENDAR: &str = "calendar";

/// Parts of a search address that do not choose titles.
const NO_CONDITION: &[&str] = &["count", "start", "view", "page", "ref_", "after"];

impl ImdbList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::List(id) | Self::Watchlist(id) | Self::Profile(id) => id.clone(),
            Self::Chart(chart) => chart.id.to_owned(),
            Self::Search(conditions) => format!("search?{conditions}"),
            Self::Calendar(conditions) if conditions.is_empty() => CALENDAR.to_owned(),
            Self::Calendar(conditions) => format!("{CALENDAR}?{conditions}"),
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        match self {
            Self::List(id) => format!("https://www.imdb.com/list/{id}/"),
            Self::Watchlist(id) | Self::Profile(id) => {
                format!("https://www.imdb.com/user/{id}/watchlist/")
            }
            Self::Chart(chart) => format!("https://www.imdb.com/{}", chart.path),
            Self::Search(conditions) => format!("https://www.imdb.com/search/title/?{conditions}"),
            Self::Calendar(conditions) if conditions.is_empty() => {
                "https://www.imdb.com/calendar/".to_owned()
            }
            Self::Calendar(conditions) => format!("https://www.imdb.com/calendar/?{conditions}"),
        }
    }

    /// What to call it until its own name is read.
    pub(super) fn name(&self) -> String {
        match self {
            Self::List(id) => format!("IMDb list {id}"),
            Self::Watchlist(id) | Self::Profile(id) => format!("IMDb watchlist of {id}"),
            Self::Chart(chart) => chart.name.to_owned(),
            Self::Search(conditions) => format!("IMDb search {conditions}"),
            Self::Calendar(conditions) if conditions.is_empty() => {
                "IMDb upcoming releases".to_owned()
            }
            Self::Calendar(conditions) => format!("IMDb upcoming releases {conditions}"),
        }
    }
}

/// Reads an address, an id or a name, with or without `imdb:` before it; `None` when it is no list of
/// IMDb.
pub(super) fn parse(input: &str) -> Option<ImdbList> {
    let input = after_prefix(input, &["imdb"]).unwrap_or(input).trim();
    if let Some(conditions) = input.strip_prefix("search?") {
        return search(url::form_urlencoded::parse(conditions.as_bytes()));
    }
    if let Some(conditions) = input.strip_prefix("calendar?") {
        return Some(calendar(url::form_urlencoded::parse(conditions.as_bytes())));
    }
    let bare = input.trim_matches('/');
    if !bare.contains('/') {
        return numbered(bare)
            .or_else(|| chart(bare))
            .or_else(|| (bare == CALENDAR).then(|| ImdbList::Calendar(String::new())))
            .map_or_else(|| page(input), Some);
    }
    page(input)
}

fn page(input: &str) -> Option<ImdbList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    if !is_of(host, "imdb.com") {
        return None;
    }
    let mut path: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    if path.first().is_some_and(|part| is_language(part)) {
        path.remove(0);
    }
    match path.as_slice() {
        ["list", id, ..] => numbered(id).filter(|list| matches!(list, ImdbList::List(_))),
        ["user", id] | ["user", id, "watchlist", ..] => {
            numbered(id).filter(|list| !matches!(list, ImdbList::List(_)))
        }
        ["chart" | "india", name, ..] => chart(name),
        ["search", "title"] => search(url.query_pairs()),
        ["calendar"] => Some(calendar(url.query_pairs())),
        _ => None,
    }
}

/// `de`, `pt-br`
fn is_language(part: &str) -> bool {
    let is_word =
        |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    part.split_once('-')
        .map_or(is_word(part), |(language, region)| {
            is_word(language)
                && region.len() == 2
                && region.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
}

fn numbered(id: &str) -> Option<ImdbList> {
    let lower = id.to_ascii_lowercase();
    let digits = |prefix| {
        lower.strip_prefix(prefix).is_some_and(|rest: &str| {
            rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if digits("ls") {
        return Some(ImdbList::List(lower));
    }
    if digits("ur") {
        return Some(ImdbList::Watchlist(lower));
    }
    let profile = id.strip_prefix("p.")?;
    let is_name = profile.len() >= 4 && profile.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| ImdbList::Profile(id.to_owned()))
}

fn chart(name: &str) -> Option<ImdbList> {
    let name = name.to_ascii_lowercase();
    CHARTS
        .iter()
        .find(|chart| chart.id == name || chart.aliases.contains(&name.as_str()))
        .map(ImdbList::Chart)
}

fn search(conditions: url::form_urlencoded::Parse<'_>) -> Option<ImdbList> {
    let sorted = sorted(conditions, |key| !NO_CONDITION.contains(&key));
    (!sorted.is_empty()).then_some(ImdbList::Search(sorted))
}

fn calendar(conditions: url::form_urlencoded::Parse<'_>) -> ImdbList {
    let sorted = sorted(conditions, |key| matches!(key, "region" | "type"));
    ImdbList::Calendar(sorted)
}

/// Conditions in one order, whatever order they were written in.
fn sorted(conditions: url::form_urlencoded::Parse<'_>, counts: impl Fn(&str) -> bool) -> String {
    let mut pairs: Vec<_> = conditions
        .filter(|(key, value)| !value.is_empty() && counts(key))
        .collect();
    pairs.sort();
    pairs.dedup();
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(input: &str) -> Option<String> {
        parse(input).map(|list| list.id())
    }

    #[test]
    fn every_address_of_a_list_means_the_same_list() {
        for input in [
            "ls012345678",
            " ls012345678/ ",
            "LS012345678",
            "imdb:ls012345678",
            "IMDb: https://www.imdb.com/list/ls012345678/",
            "https://www.imdb.com/list/ls012345678/",
            "https://www.imdb.com/list/ls012345678",
            "http://imdb.com/list/ls012345678/?sort=list_order,asc&mode=detail&page=2",
            "https://m.imdb.com/list/ls012345678/?ref_=ext_shr_lnk",
            "www.imdb.com/list/ls012345678/",
            "imdb.com/list/ls012345678",
            "https://www.imdb.com/de/list/ls012345678/",
            "https://www.imdb.com/pt-BR/list/ls012345678/copy",
            "HTTPS://WWW.IMDB.COM/list/ls012345678/#top",
        ] {
            assert_eq!(id(input).as_deref(), Some("ls012345678"), "{input}");
        }
    }

    #[test]
    fn users_mean_their_watchlist() {
        for input in [
            "ur12345678",
            "https://www.imdb.com/user/ur12345678/",
            "https://www.imdb.com/user/ur12345678/watchlist/?ref_=hm_nv_urv",
            "m.imdb.com/user/ur12345678/watchlist",
        ] {
            assert_eq!(id(input).as_deref(), Some("ur12345678"), "{input}");
        }
        let profile = "https://www.imdb.com/user/p.abc123xyz/watchlist/";
        assert_eq!(
            parse(profile),
            Some(ImdbList::Profile("p.abc123xyz".into()))
        );
        assert_eq!(parse("p.abc123xyz"), parse(profile));
    }

    #[test]
    fn charts_are_known_by_name_and_address() {
        for (input, chart) in [
            ("top", "top"),
            ("TOP", "top"),
            ("imdb:top", "top"),
            ("top250", "top"),
            ("https://www.imdb.com/chart/top/?ref_=nv_mv_250", "top"),
            ("https://m.imdb.com/chart/toptv", "toptv"),
            ("https://www.imdb.com/fr/chart/moviemeter/", "moviemeter"),
            ("imdb.com/chart/tvmeter", "tvmeter"),
            ("https://www.imdb.com/chart/boxoffice/", "boxoffice"),
            ("https://www.imdb.com/chart/bottom", "bottom"),
            (
                "https://www.imdb.com/chart/top-english-movies",
                "top-english",
            ),
            (
                "https://www.imdb.com/india/top-rated-indian-movies/",
                "top-indian",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(chart), "{input}");
        }
    }

    #[test]
    fn searches_are_the_same_whatever_the_order_of_their_conditions() {
        let one = "https://www.imdb.com/search/title/?title_type=feature&groups=top_250&ref_=x";
        let other =
            "https://m.imdb.com/search/title?groups=top_250&title_type=feature&count=50&start=51";
        assert_eq!(
            id(one).as_deref(),
            Some("search?groups=top_250&title_type=feature")
        );
        assert_eq!(id(other), id(one));
        assert_eq!(parse(&id(one).unwrap()), parse(one));
        assert_eq!(id("https://www.imdb.com/search/title/"), None);
    }

    #[test]
    fn the_calendar_is_known_with_its_region_and_type() {
        for (input, expected) in [
            ("https://www.imdb.com/calendar/?ref_=nv_mv_cal", "calendar"),
            ("imdb.com/calendar", "calendar"),
            (
                "https://m.imdb.com/calendar/?type=MOVIE&region=DE&ref_=rlm",
                "calendar?region=DE&type=MOVIE",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn an_id_and_its_address_are_recognized_as_themselves() {
        for input in [
            "ls012345678",
            "ur12345678",
            "p.abc123xyz",
            "boxoffice",
            "top-indian",
            "search?a=b+c",
            "top-malayalam",
            "calendar",
            "calendar?region=DE&type=TV",
        ] {
            let list = parse(input).unwrap();
            assert_eq!(list.id(), input);
            assert_eq!(parse(&list.url()), Some(list), "{input}");
        }
    }

    #[test]
    fn what_is_no_list_of_ours_is_left_to_others() {
        for input in [
            "",
            "ls",
            "lsabcdefgh",
            "stevenlu",
            "https://www.imdb.com/",
            "https://www.imdb.com/title/tt0111161/",
            "https://www.imdb.com/user/ur12345678/ratings",
            "https://www.imdb.com/list/watchlist",
            "https://evil.example/list/ls012345678",
            "https://notimdb.com/list/ls012345678",
            "https://www.imdb.com.evil.example/list/ls012345678",
            "ftp://www.imdb.com/list/ls012345678",
            "p.a\"b{}",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }
}
