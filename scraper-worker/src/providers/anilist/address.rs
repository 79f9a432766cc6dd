//! Which list of AniList an address, an id or a name means, and its one canonical form. Pure.

use chrono::{Datelike, NaiveDate};
use url::{Url, form_urlencoded};

use crate::provider::{after_prefix, pasted};

/// A list of AniList.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnilistList {
    /// What a user follows, all of it or one part: `name`, `name/planning`, `name/rainy-days`.
    Of { user: String, section: Section },
    /// A chart of the site: `chart:trending`, `chart:winter-2026`.
    Chart(Chart),
}

/// A part of what a user follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Section {
    All,
    Status(Status),
    /// A custom list, or one kind of what was completed: its name as addresses may have it, and as
    /// it was written.
    Named {
        slug: String,
        written: String,
    },
}

/// What a user says of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Current,
    Planning,
    Completed,
    Paused,
    Dropped,
    Repeating,
}

/// A chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chart {
    Trending,
    Popular,
    Top,
    ThisSeason,
    NextSeason,
    Season(Season),
}

/// A quarter in which shows begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Season {
    /// From 0, winter.
    quarter: u8,
    year: i32,
}

/// What people write before a short name of a list.
const PREFIXES: &[&str] = &["anilist"];
const HOSTS: &[&str] = &["anilist.co", "www.anilist.co", "m.anilist.co"];
const SEASONS: [&str; 4] = ["winter", "spring", "summer", "fall"];

/// Statuses, each first by its own word and its name on the site, then by others' words.
const STATUSES: &[(Status, &str, &str, &[&str])] = &[
    (
        Status::Current,
        "CURRENT",
        "Watching",
        &["watching", "current"],
    ),
    (
        Status::Planning,
        "PLANNING",
        "Planning",
        &["planning", "plan-to-watch", "ptw"],
    ),
    (Status::Completed, "COMPLETED", "Completed", &["completed"]),
    (Status::Paused, "PAUSED", "Paused", &["paused", "on-hold"]),
    (Status::Dropped, "DROPPED", "Dropped", &["dropped"]),
    (
        Status::Repeating,
        "REPEATING",
        "Rewatching",
        &["rewatching", "repeating"],
    ),
];

impl Status {
    fn find(slug: &str) -> Option<Self> {
        let (status, ..) = STATUSES.iter().find(|row| row.3.contains(&slug))?;
        Some(*status)
    }

    /// As the API has it.
    pub(super) fn word(self) -> &'static str {
        STATUSES
            .iter()
            .find(|row| row.0 == self)
            .map_or("CURRENT", |row| row.1)
    }

    /// As the site shows it.
    pub(super) fn title(self) -> &'static str {
        STATUSES
            .iter()
            .find(|row| row.0 == self)
            .map_or("Watching", |row| row.2)
    }
}

impl Season {
    /// The season in which `day` is: a quarter of the year, as shows are scheduled.
    pub(super) fn of(day: NaiveDate) -> Self {
        let quarter = day.month0() / 3;
        Self {
            quarter: u8::try_from(quarter).unwrap_or(0), // at most 3
            year: day.year(),
        }
    }

    pub(super) fn next(self) -> Self {
        let is_last = self.quarter >= 3;
        Self {
            quarter: if is_last { 0 } else { self.quarter + 1 },
            year: self.year + i32::from(is_last),
        }
    }

    fn find(name: &str, year: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let quarter = SEASONS.iter().position(|known| *known == name)?;
        let year = year.parse().ok()?; // else it is no year
        let is_year = (1940..=2100).contains(&year);
        is_year.then_some(Self {
            quarter: u8::try_from(quarter).ok()?, // at most 3
            year,
        })
    }

    pub(super) fn name(self) -> &'static str {
        SEASONS
            .get(usize::from(self.quarter))
            .copied()
            .unwrap_or("winter")
    }

    pub(super) fn year(self) -> i32 {
        self.year
    }
}

impl Chart {
    fn find(slug: &str) -> Option<Self> {
        match slug {
            "trending" => Some(Self::Trending),
            "popular" => Some(Self::Popular),
            "top-100" | "top100" => Some(Self::Top),
            "this-season" => Some(Self::ThisSeason),
            "next-season" => Some(Self::NextSeason),
            other => {
                let (name, year) = other.split_once('-')?;
                Season::find(name, year).map(Self::Season)
            }
        }
    }

    fn slug(self) -> String {
        match self {
            Self::Trending => "trending".into(),
            Self::Popular => "popular".into(),
            Self::Top => "top-100".into(),
            Self::ThisSeason => "this-season".into(),
            Self::NextSeason => "next-season".into(),
            Self::Season(season) => format!("{}-{}", season.name(), season.year),
        }
    }
}

impl AnilistList {
    /// The provider's id of it.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Chart(chart) => format!("chart:{}", chart.slug()),
            Self::Of { user, section } => {
                // A user may be called like a chart.
                let prefix = if Chart::find(user).is_some() {
                    "user:"
                } else {
                    ""
                };
                match section {
                    Section::All => format!("{prefix}{user}"),
                    Section::Status(status) => {
                        format!("{prefix}{user}/{}", status.title().to_ascii_lowercase())
                    }
                    Section::Named { slug, .. } => format!("{prefix}{user}/{slug}"),
                }
            }
        }
    }

    /// Its address for people.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Chart(Chart::Season(season)) => format!(
                "https://anilist.co/search/anime?year={}&season={}",
                season.year,
                season.name().to_ascii_uppercase()
            ),
            Self::Chart(chart) => format!("https://anilist.co/search/anime/{}", chart.slug()),
            Self::Of { user, section } => {
                let list = format!("https://anilist.co/user/{user}/animelist");
                match section {
                    Section::All => list,
                    Section::Status(status) => format!("{list}/{}", status.title()),
                    Section::Named { written, .. } => format!("{list}/{}", encoded(written)),
                }
            }
        }
    }

    /// What to call it until the user's name is read as it is written.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Of { user, .. } => self.name_of(user, None),
            Self::Chart(chart) => match chart {
                Chart::Trending => "Trending anime (AniList)".into(),
                Chart::Popular => "Popular anime (AniList)".into(),
                Chart::Top => "Top 100 anime (AniList)".into(),
                Chart::ThisSeason => "Anime of this season (AniList)".into(),
                Chart::NextSeason => "Anime of the next season (AniList)".into(),
                Chart::Season(season) => {
                    format!("Anime of {} {} (AniList)", season.name(), season.year)
                }
            },
        }
    }

    /// The name of a user's list, with the user's name and that of a custom list as they are written.
    pub(super) fn name_of(&self, user: &str, own: Option<&str>) -> String {
        let section = match self {
            Self::Of { section, .. } => section,
            Self::Chart(_) => &Section::All,
        };
        match section {
            Section::All => format!("Anime of {user} (AniList)"),
            Section::Status(status) => format!("{} ({user} on AniList)", status.title()),
            Section::Named { written, .. } => {
                format!("{} ({user} on AniList)", own.unwrap_or(written))
            }
        }
    }
}

/// A name as addresses may have it: small letters, one dash for whatever stands between words.
pub(super) fn slug(name: &str) -> String {
    let is_gap = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '_' | '+' | '/');
    let words: Vec<_> = name
        .split(is_gap)
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

/// Input that can only mean a list of AniList.
pub(super) fn parse(input: &str) -> Option<AnilistList> {
    match after_prefix(input, PREFIXES) {
        Some(own) => parse_own(own),
        None => page(input.trim()),
    }
}

fn page(input: &str) -> Option<AnilistList> {
    let url = pasted(input)?;
    let host = url.host_str()?.to_ascii_lowercase();
    if !HOSTS.contains(&host.as_str()) {
        return None;
    }
    let segments: Vec<_> = url
        .path_segments()?
        .filter(|segment| !segment.is_empty())
        .map(decoded)
        .collect();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["user", user] | ["user", user, "animelist"] => of(user, ""),
        ["user", user, "animelist", section] => of(user, section),
        ["search", "anime"] => searched(&url).map(AnilistList::Chart),
        ["search", "anime", chart] => {
            Chart::find(&chart.to_ascii_lowercase()).map(AnilistList::Chart)
        }
        _ => None,
    }
}

/// Input that is known to mean a list of AniList.
pub(super) fn parse_own(input: &str) -> Option<AnilistList> {
    let input = after_prefix(input, PREFIXES).unwrap_or(input).trim();
    if let Some(list) = page(input) {
        return Some(list);
    }
    if let Some(chart) = after_prefix(input, &["chart"]) {
        return Chart::find(&chart.to_ascii_lowercase()).map(AnilistList::Chart);
    }
    let (input, is_user) = match after_prefix(input, &["user"]) {
        Some(user) => (user, true),
        None => (input, false),
    };
    let chart = Chart::find(&input.to_ascii_lowercase());
    if let Some(chart) = chart.filter(|_| !is_user) {
        return Some(AnilistList::Chart(chart));
    }
    let input = input.trim_end_matches('/');
    let (user, section) = input.split_once('/').unwrap_or((input, ""));
    let section = section.strip_prefix("animelist").map_or(section, |rest| {
        rest.strip_prefix('/')
            .unwrap_or(if rest.is_empty() { rest } else { section })
    });
    of(user, section)
}

/// Names of users are the same in small and in large letters.
fn of(user: &str, section: &str) -> Option<AnilistList> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_name = (1..=40).contains(&user.len()) && user.bytes().all(is_letter);
    let slug = slug(section);
    let section = match slug.as_str() {
        "" | "all" => Section::All,
        other => Status::find(other).map_or_else(
            || Section::Named {
                slug: other.to_owned(),
                written: section.trim().to_owned(),
            },
            Section::Status,
        ),
    };
    is_name.then(|| AnilistList::Of {
        user: user.to_ascii_lowercase(),
        section,
    })
}

/// A search that is a chart: by season, or only sorted.
fn searched(url: &Url) -> Option<Chart> {
    let (mut season, mut year, mut sort) = (None, None, None);
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "season" => season = Some(value.into_owned()),
            // The site writes `2026%`, for any day of it.
            "year" | "seasonYear" => year = Some(value.trim_end_matches('%').to_owned()),
            "sort" => sort = Some(value.into_owned()),
            // Narrowed down to a genre or a format it is no chart of ours.
            _ => return None,
        }
    }
    match (season, year, sort.as_deref()) {
        (Some(season), Some(year), _) => Season::find(&season, &year).map(Chart::Season),
        (None, None, Some("TRENDING_DESC")) => Some(Chart::Trending),
        (None, None, Some("POPULARITY_DESC")) => Some(Chart::Popular),
        (None, None, Some("SCORE_DESC")) => Some(Chart::Top),
        _ => None,
    }
}

/// A part of a path as it is meant.
fn decoded(segment: &str) -> String {
    let query = format!("x={}", segment.replace('&', "%26").replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes())
        .next()
        .map_or_else(|| segment.to_owned(), |(_, text)| text.into_owned())
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
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
    fn prefix_after_prefix_is_no_name_and_comes_to_an_end() {
        assert_eq!(own(&"anilist:".repeat(100_000)), None);
        assert_eq!(id(&"anilist:".repeat(100_000)), None);
    }

    #[test]
    fn every_address_of_a_list_gives_its_one_id() {
        for (input, expected) in [
            ("https://anilist.co/user/Ada", "ada"),
            ("anilist.co/user/ada/", "ada"),
            ("http://www.AniList.co/user/Ada/animelist", "ada"),
            ("https://m.anilist.co/user/Ada/animelist/?x=1#top", "ada"),
            (
                "https://anilist.co/user/Ada/animelist/Planning",
                "ada/planning",
            ),
            (
                "https://anilist.co/user/Ada/animelist/watching/",
                "ada/watching",
            ),
            (
                "https://anilist.co/user/Ada/animelist/Plan-to-Watch",
                "ada/planning",
            ),
            (
                "https://anilist.co/user/Ada/animelist/Rainy%20Days",
                "ada/rainy-days",
            ),
            (
                "https://anilist.co/user/Ada/animelist/rainy-days",
                "ada/rainy-days",
            ),
            (
                "https://anilist.co/user/Ada/animelist/A%20%26%20B",
                "ada/a-&-b",
            ),
            (
                "https://anilist.co/user/Ada/animelist/Completed-TV",
                "ada/completed-tv",
            ),
            (
                "https://anilist.co/user/Trending/animelist",
                "user:trending",
            ),
            ("https://anilist.co/search/anime/trending", "chart:trending"),
            (
                "https://anilist.co/search/anime/top-100?x=y",
                "chart:top-100",
            ),
            (
                "https://anilist.co/search/anime/this-season",
                "chart:this-season",
            ),
            (
                "https://anilist.co/search/anime?year=2026%25&season=WINTER",
                "chart:winter-2026",
            ),
            (
                "https://anilist.co/search/anime?sort=POPULARITY_DESC",
                "chart:popular",
            ),
            ("anilist:Ada/CURRENT", "ada/watching"),
            ("AniList:trending", "chart:trending"),
        ] {
            assert_eq!(id(input).as_deref(), Some(expected), "{input}");
        }
        for input in [
            "ada",
            "trending",
            "https://anilist.co",
            "https://anilist.co/user/Ada/mangalist",
            "https://anilist.co/user/Ada/stats/anime/overview",
            "https://anilist.co/anime/1/Cowboy-Bebop",
            "https://anilist.co/search/anime",
            "https://anilist.co/search/anime?genres=Action&sort=SCORE_DESC",
            "https://anilist.co/search/manga/trending",
            "https://anilist.co.example/user/Ada",
            "https://myanimelist.net/animelist/Ada",
        ] {
            assert_eq!(id(input), None, "{input}");
        }
    }

    #[test]
    fn names_mean_users_and_charts_where_the_site_is_known() {
        for (input, expected) in [
            ("Ada", "ada"),
            (" ada/PLANNING ", "ada/planning"),
            ("Ada/animelist/Paused", "ada/paused"),
            ("ada/animelist", "ada"),
            ("Ada/Rainy Days", "ada/rainy-days"),
            ("user:trending", "user:trending"),
            ("popular", "chart:popular"),
            ("chart:next-season", "chart:next-season"),
            ("fall-2023", "chart:fall-2023"),
        ] {
            assert_eq!(own(input).as_deref(), Some(expected), "{input}");
        }
        for input in [
            "",
            "a b",
            "chart:worst",
            "https://example.org/ada",
            "chart:spring-1066",
        ] {
            assert_eq!(own(input), None, "{input}");
        }
    }

    #[test]
    fn ids_and_addresses_are_recognized_as_themselves() {
        for input in [
            "ada",
            "ada/planning",
            "ada/Rainy Days",
            "user:popular",
            "chart:trending",
            "chart:next-season",
            "chart:fall-2023",
        ] {
            let list = parse_own(input).unwrap();
            assert_eq!(own(&list.id()), Some(list.id()), "{input}");
            assert_eq!(id(&list.url()), Some(list.id()), "{}", list.url());
        }
    }

    #[test]
    fn a_season_is_a_quarter_and_the_next_one_may_be_of_next_year() {
        let of = |day: &str| {
            let season = Season::of(day.parse().unwrap());
            let next = season.next();
            (season.name(), season.year(), next.name(), next.year())
        };
        assert_eq!(of("2026-01-01"), ("winter", 2026, "spring", 2026));
        assert_eq!(of("2026-06-30"), ("spring", 2026, "summer", 2026));
        assert_eq!(of("2026-11-21"), ("fall", 2026, "winter", 2027));
    }
}
