//! Which list of Simkl an address, an id or a name means, and its one canonical form. Pure.

use schema::models::MediaType;
use url::Url;

use crate::provider::{after_prefix, is_of, pasted};

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["simkl"];

/// A list of Simkl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SimklList {
    /// What is watched most, of one kind or of all: `trending:movies`, `trending:tv:week:500`.
    Trending {
        kind: Option<Kind>,
        period: &'static str,
        size: u32,
    },
    /// What comes out on discs: `dvd`, `dvd:500`.
    Discs { size: u32 },
    /// The best of a kind: `best:tv:voted`.
    Best { kind: Kind, by: &'static str },
    /// What an account marked, of one kind or of all: `plantowatch`, `watching/anime`. With the
    /// number of the account, where an address names one: `1234/plantowatch/movies`.
    Marked {
        user: Option<String>,
        status: &'static str,
        kind: Option<Kind>,
    },
    /// A list that somebody made, by its number: `14462`.
    Made(String),
}

/// What Simkl keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Movies,
    Shows,
    Anime,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Movies, Self::Shows, Self::Anime];

    /// As what an account marked is called.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Movies => "movies",
            Self::Shows => "shows",
            Self::Anime => "anime",
        }
    }

    /// As charts and the pages of titles are called.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Movies => "movies",
            Self::Shows => "tv",
            Self::Anime => "anime",
        }
    }

    /// By any of the names it has on Simkl.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "movie" | "movies" => Some(Self::Movies),
            "tv" | "show" | "shows" => Some(Self::Shows),
            "anime" => Some(Self::Anime),
            _ => None,
        }
    }

    /// What its titles are; among anime there are both.
    pub(super) fn media_type(self) -> Option<MediaType> {
        match self {
            Self::Movies => Some(MediaType::Movie),
            Self::Shows => Some(MediaType::Tv),
            Self::Anime => None,
        }
    }
}

/// Time spans of charts; the first is meant when none is named.
const TODAY: &str = "today";
/// Titles of a chart, when nothing else is said.
const USUAL_SIZE: u32 = 100;
/// What the best is chosen by.
const CHOSEN_BY: &[&str] = &["voted", "watched", "all", "year", "month"];

impl SimklList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Trending { kind, period, size } => {
                let mut id = "trending".to_owned();
                if let Some(kind) = kind {
                    id = format!("{id}:{}", kind.path());
                }
                if *period != TODAY {
                    id = format!("{id}:{period}");
                }
                with_size(id, *size)
            }
            Self::Discs { size } => with_size("dvd".into(), *size),
            Self::Best { kind, by } => format!("best:{}:{by}", kind.path()),
            Self::Marked { user, status, kind } => {
                let user = user.as_ref().map(|user| format!("{user}/"));
                let kind = kind.map(|kind| format!("/{}", kind.plural()));
                format!(
                    "{}{status}{}",
                    user.unwrap_or_default(),
                    kind.unwrap_or_default()
                )
            }
            Self::Made(number) => number.clone(),
        }
    }

    /// Its address for people; of the file where no page shows just this.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Trending {
                kind: Some(kind),
                period,
                size: USUAL_SIZE,
            } => format!(
                "https://simkl.com/{}/most-watched/?wltime={period}",
                best_page(*kind)
            ),
            Self::Trending { .. } | Self::Discs { .. } => {
                format!("https://data.simkl.in/{}", self.file())
            }
            Self::Best { kind, by } => format!("https://api.simkl.com/{}/best/{by}", kind.path()),
            // No page shows whoever is signed in what he marked; the start page leads there.
            Self::Marked {
                user: None,
                status,
                kind,
            } => {
                let kind = kind.map(|kind| format!("/{}", kind.plural()));
                format!("https://simkl.com/#{status}{}", kind.unwrap_or_default())
            }
            Self::Marked {
                user: Some(user),
                status,
                kind,
            } => match kind {
                Some(kind) => format!("https://simkl.com/{user}/{}/{status}/", kind.path()),
                None => format!("https://simkl.com/{user}/#{status}"),
            },
            Self::Made(number) => format!("https://simkl.com/5/list/{number}"),
        }
    }

    /// What to call it; only lists that somebody made have names of their own.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Trending { kind, period, size } => {
                let what = kind.map_or("titles", what);
                let period = match *period {
                    "week" => "this week",
                    "month" => "this month",
                    _ => "today",
                };
                let top = (*size != USUAL_SIZE).then(|| format!(", top {size}"));
                format!("Simkl trending {what} {period}{}", top.unwrap_or_default())
            }
            Self::Discs { size } => format!("Simkl releases on disc, top {size}"),
            Self::Best { kind, by } => {
                let by = match *by {
                    "voted" => "by votes",
                    "watched" => "by viewers",
                    "year" => "this year",
                    "month" => "this month",
                    _ => "of all time",
                };
                format!("Simkl best {} {by}", what(*kind))
            }
            Self::Marked { user, status, kind } => {
                let status = match *status {
                    "plantowatch" => "plan to watch",
                    "hold" => "on hold",
                    status => status,
                };
                let kind = kind.map(|kind| format!(" ({})", what(kind)));
                let user = user.as_ref().map(|user| format!(" of user {user}"));
                format!(
                    "Simkl {status}{}{}",
                    kind.unwrap_or_default(),
                    user.unwrap_or_default()
                )
            }
            Self::Made(number) => format!("Simkl list {number}"),
        }
    }

    /// Path of the file that is this chart.
    pub(super) fn file(&self) -> String {
        match self {
            Self::Trending { kind, period, size } => {
                let kind = kind.map(|kind| format!("{}/", kind.path()));
                let kind = kind.unwrap_or_default();
                format!("discover/trending/{kind}{period}_{size}.json")
            }
            Self::Discs { size } => format!("discover/dvd/releases_{size}.json"),
            Self::Best { .. } | Self::Marked { .. } | Self::Made(_) => String::new(),
        }
    }
}

fn with_size(id: String, size: u32) -> String {
    if size == USUAL_SIZE {
        id
    } else {
        format!("{id}:{size}")
    }
}

fn best_page(kind: Kind) -> &'static str {
    match kind {
        Kind::Movies => "movies/best-movies",
        Kind::Shows => "tv/best-shows",
        Kind::Anime => "anime/best-anime",
    }
}

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Movies => "movies",
        Kind::Shows => "shows",
        Kind::Anime => "anime",
    }
}

/// Reads what can only be a list of Simkl: an address, anything after `simkl:`.
pub(super) fn parse(input: &str) -> Option<SimklList> {
    let input = input.trim();
    match after_prefix(input, PREFIXES) {
        Some(rest) => parse_own(rest),
        None => page(input),
    }
}

/// Reads the same and short names: `trending:movies`, `plantowatch`, a number.
pub(super) fn parse_own(input: &str) -> Option<SimklList> {
    let input = input.trim();
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = page(input) {
        return Some(list);
    }
    let lower = input.trim_matches('/').to_ascii_lowercase();
    let parts: Vec<&str> = lower.split([':', '/']).map(str::trim).collect();
    match parts.as_slice() {
        ["trending", rest @ ..] => trending(rest),
        ["dvd"] => Some(SimklList::Discs { size: USUAL_SIZE }),
        ["dvd", size] => size_of(size).map(|size| SimklList::Discs { size }),
        [number] | ["list" | "lists", number] => made(number),
        ["best", kind, by] => best(kind, by),
        [user, rest @ ..] if is_number(user) => marked(Some(user), rest),
        rest => marked(None, rest),
    }
    .or_else(|| marked(None, &parts))
}

/// An address of the pages, the API or the files.
fn page(input: &str) -> Option<SimklList> {
    let url = pasted(input)?;
    let host = url.host_str()?;
    if !["simkl.com", "simkl.in", "simkl.org"]
        .into_iter()
        .any(|site| is_of(host, site))
    {
        return None;
    }
    let lower = url.path().to_ascii_lowercase();
    let path: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    known_path(&path, &url)
}

fn known_path(path: &[&str], url: &Url) -> Option<SimklList> {
    match path {
        ["list" | "lists", number, ..] => made(number),
        [user, "list" | "lists", number, ..] if is_number(user) => made(number),
        ["discover", "trending", kind, file] => trending(&[&[*kind][..], &file_of(file)?].concat()),
        ["discover", "trending", file] => trending(&file_of(file)?),
        ["discover", "dvd", file] => {
            let size = size_of(file_of(file)?.last()?)?;
            Some(SimklList::Discs { size })
        }
        ["trending", rest @ ..] => trending(rest),
        [kind, "trending", rest @ ..] => trending(&[&[*kind][..], rest].concat()),
        [kind, page, "most-watched"] if page.starts_with("best-") => {
            let period = url.query_pairs().find(|(key, _)| key == "wltime");
            let period = period.map_or_else(|| TODAY.into(), |(_, period)| period);
            trending(&[*kind, &*period.to_ascii_lowercase()])
        }
        [kind, "best", by] => best(kind, by),
        ["sync", "all-items", rest @ ..] => marked(None, rest),
        [] => marked(None, &fragment(url)),
        [user] if is_number(user) => marked(Some(user), &fragment(url)),
        [user, rest @ ..] if is_number(user) => marked(Some(user), rest),
        _ => None,
    }
}

fn fragment(url: &Url) -> Vec<&str> {
    url.fragment().unwrap_or_default().split('/').collect()
}

/// `week_100.json`: `["week", "100"]`.
fn file_of(name: &str) -> Option<Vec<&str>> {
    let (first, size) = name.strip_suffix(".json")?.split_once('_')?;
    Some(vec![first, size])
}

/// Kind, time span and size, in any order, each at most once.
fn trending(words: &[&str]) -> Option<SimklList> {
    let (mut kind, mut period, mut size) = (None, None, None);
    for word in words {
        let is_new = if let Some(known) = Kind::find(word) {
            kind.replace(known).is_none()
        } else if let Some(known) = period_of(word) {
            period.replace(known).is_none()
        } else {
            size.replace(size_of(word)?).is_none()
        };
        if !is_new {
            return None;
        }
    }
    Some(SimklList::Trending {
        kind,
        period: period.unwrap_or(TODAY),
        size: size.unwrap_or(USUAL_SIZE),
    })
}

fn period_of(word: &str) -> Option<&'static str> {
    match word {
        "today" | "day" | "daily" => Some(TODAY),
        "week" | "weekly" => Some("week"),
        "month" | "monthly" => Some("month"),
        _ => None,
    }
}

/// There are files of two sizes.
fn size_of(word: &str) -> Option<u32> {
    match word {
        "100" => Some(100),
        "500" => Some(500),
        _ => None,
    }
}

fn best(kind: &str, by: &str) -> Option<SimklList> {
    let by = *CHOSEN_BY.iter().find(|known| **known == by)?;
    let kind = Kind::find(kind).filter(|kind| *kind != Kind::Movies)?; // there is none of movies
    Some(SimklList::Best { kind, by })
}

/// Status and kind, in any order.
fn marked(user: Option<&str>, words: &[&str]) -> Option<SimklList> {
    let (status, kind) = match words {
        [status] | ["all", status] => (status_of(status)?, None),
        [kind, status] if Kind::find(kind).is_some() => (status_of(status)?, Kind::find(kind)),
        [status, kind] => (status_of(status)?, Some(Kind::find(kind)?)),
        _ => return None,
    };
    Some(SimklList::Marked {
        user: user.map(str::to_owned),
        status,
        kind,
    })
}

fn status_of(word: &str) -> Option<&'static str> {
    match word {
        "plantowatch" | "plan-to-watch" | "plan_to_watch" | "watchlist" => Some("plantowatch"),
        "watching" => Some("watching"),
        "completed" => Some("completed"),
        "hold" | "on-hold" | "on_hold" | "onhold" => Some("hold"),
        "dropped" => Some("dropped"),
        _ => None,
    }
}

/// `14462`, also as `14462-best-of-the-year`.
fn made(word: &str) -> Option<SimklList> {
    let number = word.split('-').next()?.trim_start_matches('0');
    is_number(number).then(|| SimklList::Made(number.to_owned()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit())
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
    fn every_address_of_a_chart_means_the_same_list() {
        for (input, expected) in [
            (
                "https://simkl.com/movies/best-movies/most-watched/",
                "trending:movies",
            ),
            (
                "HTTPS://WWW.SIMKL.COM/Movies/Best-Movies/Most-Watched?wltime=TODAY#x",
                "trending:movies",
            ),
            ("simkl.com/movies/trending", "trending:movies"),
            (
                "https://api.simkl.com/movies/trending/day?client_id=1",
                "trending:movies",
            ),
            (
                "https://data.simkl.in/discover/trending/movies/today_100.json?app-name=x",
                "trending:movies",
            ),
            ("simkl:trending:movies", "trending:movies"),
            (
                "https://simkl.com/tv/best-shows/most-watched/?wltime=week",
                "trending:tv:week",
            ),
            ("m.simkl.com/tv/trending/week/", "trending:tv:week"),
            (
                "https://data.simkl.in/discover/trending/anime/month_500.json",
                "trending:anime:month:500",
            ),
            (
                "https://data.simkl.in/discover/trending/week_500.json",
                "trending:week:500",
            ),
            (
                "https://data.simkl.in/discover/dvd/releases_100.json",
                "dvd",
            ),
            ("https://api.simkl.com/tv/best/voted", "best:tv:voted"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn short_names_are_taken_once_simkl_is_named() {
        for (input, expected) in [
            ("trending:movies", "trending:movies"),
            ("trending:movies:today:100", "trending:movies"),
            ("Trending:Shows:Weekly", "trending:tv:week"),
            ("trending/500/anime", "trending:anime:500"),
            ("trending", "trending"),
            ("dvd:500", "dvd:500"),
            ("best:anime:month", "best:anime:month"),
            ("plantowatch", "plantowatch"),
            ("watchlist", "plantowatch"),
            ("plan-to-watch/tv", "plantowatch/shows"),
            ("movies/completed", "completed/movies"),
            ("1234/on-hold/anime", "1234/hold/anime"),
            ("14462", "14462"),
            ("list/014462-best-of", "14462"),
        ] {
            assert_eq!(own(input).as_deref(), Some(expected), "{input}");
            let prefixed = format!("simkl:{input}");
            assert_eq!(id(&prefixed).as_deref(), Some(expected), "{prefixed}");
            assert_eq!(id(input), None, "{input} may mean a list of another site");
        }
    }

    #[test]
    fn addresses_of_lists_of_people_are_taken() {
        for (input, expected) in [
            (
                "https://simkl.com/5/list/14462/best-mindfucks-tv-shows/?sort=position",
                "14462",
            ),
            (
                "https://simkl.com/5/list/2707-marvel-cinematic-universe",
                "2707",
            ),
            ("simkl.com/lists/14462", "14462"),
            ("https://api.simkl.com/lists/14462?page=2", "14462"),
            (
                "https://simkl.com/1234/movies/plan-to-watch/",
                "1234/plantowatch/movies",
            ),
            (
                "https://www.simkl.com/1234/tv/watching",
                "1234/watching/shows",
            ),
            ("https://simkl.com/1234/#dropped", "1234/dropped"),
            ("https://simkl.com/#plantowatch/anime", "plantowatch/anime"),
            (
                "https://api.simkl.com/sync/all-items/movies/plantowatch",
                "plantowatch/movies",
            ),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
    }

    #[test]
    fn ids_and_addresses_are_recognised_as_themselves() {
        for name in [
            "trending",
            "trending:week",
            "trending:movies",
            "trending:tv:month",
            "trending:anime:500",
            "dvd",
            "dvd:500",
            "best:tv:all",
            "plantowatch",
            "completed/movies",
            "hold/anime",
            "77/watching",
            "77/dropped/shows",
            "14462",
        ] {
            let list = parse_own(name).unwrap();
            assert_eq!(list.id(), name);
            assert_eq!(parse(&list.url()), Some(list.clone()), "{}", list.url());
            assert!(list.name().contains("Simkl"), "{}", list.name());
        }
    }

    #[test]
    fn what_is_no_list_is_left_alone() {
        for input in [
            "https://simkl.com/",
            "https://simkl.com/5/tv/",
            "https://simkl.com/movies/54114/a-film",
            "https://simkl.com/lists/official",
            "https://simkl.com/lists/0",
            "https://simkl.com/lists/",
            "https://simkl.com.evil.test/5/list/14462",
            "https://notsimkl.com/5/list/14462",
            "https://simkl.com@evil.test/5/list/14462",
            "https://simkl.com/movies/trending/yearly",
            "https://data.simkl.in/discover/trending/movies/today_200.json",
            "https://data.simkl.in/calendar/tv.json",
            "https://api.simkl.com/movies/best/voted",
            "simkl:",
            "simkl:trending:movies:tv",
            "simkl://trending",
            "",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
        assert_eq!(own("top"), None);
    }
}
