//! What the browser saw on a page, for the sites that are read by it: links, what stands near them,
//! and what of that is a title and a year. Leaves which links count to each site.

use schema::models::MediaType;
use serde::Deserialize;
use url::Url;

use crate::provider::{Answer, ProviderError};

/// Characters of a title that is taken from the words near a link.
const LONGEST: usize = 100;

/// Titles of pages that turn readers away.
const WALLS: &[(&str, &str)] = &[
    ("just a moment", "a Cloudflare challenge"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("access denied", "a page titled Access Denied"),
    ("robot or human", "a robot check"),
    ("are you a robot", "a robot check"),
    ("verifying you are human", "a robot check"),
];

/// Words of links that say where they lead, and not what it is called.
const LABELS: &[&str] = &[
    "imdb",
    "imdbcom",
    "tmdb",
    "moviedb",
    "themoviedb",
    "themoviedborg",
    "link",
    "here",
    "more",
    "info",
    "details",
    "view",
    "watch",
    "trailer",
    "read",
    "poster",
    "rating",
    "score",
    "votes",
    "review",
    "reviews",
    "cast",
    "credits",
    "crew",
    "photos",
    "videos",
    "share",
    "tweet",
    "play",
];
/// Words that stand beside them. On their own they may be titles: "It".
const FILLERS: &[&str] = &[
    "a", "and", "at", "by", "com", "entry", "find", "full", "go", "in", "it", "movie", "official",
    "on", "open", "out", "page", "profile", "see", "the", "this", "to", "user", "visit", "www",
];

/// A page as the browser saw it.
#[derive(Debug, Deserialize)]
pub(super) struct Harvest {
    pub(super) title: String,
    pub(super) links: Vec<Link>,
    /// Texts of a number and a word: `12 items`.
    #[serde(default)]
    counts: Vec<String>,
    pub(super) is_whole: bool,
}

/// One link.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: String,
    /// What stands in the same row or card, the link's own text among it.
    pub(super) near: String,
}

impl Harvest {
    /// Reads the browser's answer.
    ///
    /// # Errors
    /// As [`Answer::document`]; a page that turns readers away is known by its title, too.
    pub(super) fn of(answer: &Answer) -> Result<Self, ProviderError> {
        let harvest: Self = serde_json::from_value(answer.json()?)
            .map_err(|error| ProviderError::changed(format!("what the browser saw: {error}")))?;
        let title = harvest.title.to_lowercase();
        match WALLS.iter().find(|(words, _)| title.starts_with(words)) {
            Some((_, how)) => Err(ProviderError::Blocked {
                how: format!("status {} and {how}", answer.status),
            }),
            None => Ok(harvest),
        }
    }

    /// The number a page gives of a kind of things: of items, in `1,234 items`.
    pub(super) fn count_of(&self, kinds: &[&str]) -> Option<u32> {
        self.counts.iter().find_map(|text| {
            let (number, kind) = text.split_once(' ')?;
            let kind = kind.to_ascii_lowercase();
            let digits = number.replace([',', '.'], "");
            kinds
                .contains(&kind.as_str())
                .then(|| digits.parse().ok())? // a larger number is none
        })
    }
}

/// The part of a path that is TMDB's number and perhaps a name: `603-the-matrix`.
pub(super) fn tmdb_title(url: &Url) -> Option<(MediaType, i64)> {
    let mut parts = url.path_segments()?;
    let media_type = match parts.next()? {
        "movie" => MediaType::Movie,
        "tv" => MediaType::Tv,
        _ => return None,
    };
    Some((media_type, number(parts.next()?)?))
}

/// `603` of `603` and `603-the-matrix`.
pub(super) fn number(part: &str) -> Option<i64> {
    let digits = part.split('-').next()?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?.filter(|id| *id > 0) // too long for a number is none
}

/// `the matrix` of `…/603-the-matrix`.
pub(super) fn slug_of(url: &Url) -> String {
    let mut parts = url.path_segments().into_iter().flatten();
    let words = parts.find_map(|part| part.split_once('-').filter(|(id, _)| number(id).is_some()));
    words.map_or_else(String::new, |(_, words)| words.replace('-', " "))
}

/// Title and year of the best text of a title's links, of what stands near it, or of its address.
pub(super) fn named(text: &str, near: &str, slug: &str) -> (String, Option<i32>) {
    let (mut title, mut year) = match worth(text) {
        0 => (String::new(), None),
        _ => split_title(text),
    };
    if title.chars().count() > LONGEST {
        // A whole card is one link.
        (title, year) = (title_near(text), year_near(&title_near(text), text));
    }
    if title.is_empty() {
        title = title_near(near);
    }
    if title.is_empty() {
        slug.clone_into(&mut title);
    }
    year = year.or_else(|| year_near(&title, near));
    (title, year)
}

/// What a text is worth as a title: 0 nothing, 1 only figures (`1917`, or a rank), 2 words.
pub(super) fn worth(text: &str) -> u8 {
    let mut words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .peekable();
    if words.peek().is_none() {
        let text = text.trim();
        return u8::from(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    }
    let is_in = |words: &[&str], word: &String| words.contains(&word.as_str());
    let words: Vec<_> = words.collect();
    let is_label = words.iter().any(|word| is_in(LABELS, word))
        && words
            .iter()
            .all(|word| is_in(LABELS, word) || is_in(FILLERS, word));
    if is_label { 0 } else { 2 }
}

/// A title without the number before it and the year after it, and that year.
pub(super) fn split_title(text: &str) -> (String, Option<i32>) {
    let text = text.trim();
    let ranked = [". ", ") "]
        .iter()
        .filter_map(|mark| text.split_once(mark))
        .find(|(rank, _)| (1..=4).contains(&rank.len()) && rank.bytes().all(|b| b.is_ascii_digit()))
        .map_or(text, |(_, rest)| rest.trim());
    let parted = ranked
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        .and_then(|(title, year)| Some((title.trim(), year_in(year)?)));
    match parted {
        Some((title, year)) if !title.is_empty() => (title.to_owned(), Some(year)),
        _ => (ranked.to_owned(), None),
    }
}

/// The year of a title in the words near it: the first in brackets after it, else the first after
/// it. Words that do not have the title are of something else.
pub(super) fn year_near(title: &str, near: &str) -> Option<i32> {
    let after = near.get(near.find(title)? + title.len()..)?;
    let bracketed = after
        .split('(')
        .skip(1)
        .find_map(|part| year_in(part.split_once(')')?.0));
    bracketed.or_else(|| year_in(after))
}

/// A title made of the words near a link: what stands before the year.
pub(super) fn title_near(near: &str) -> String {
    let years = near
        .char_indices()
        .filter(|(at, _)| starts_with_year(near, *at));
    // A title may begin with one, or have one in it.
    let bracketed = years
        .clone()
        .find(|(at, _)| near.get(..*at).is_some_and(|before| before.ends_with('(')));
    let year = bracketed.or_else(|| years.clone().find(|(at, _)| *at > 0));
    let before = year.and_then(|(at, _)| near.get(..at)).unwrap_or_default();
    let title = before.trim_matches(|c: char| !c.is_alphanumeric() && !"!?.'\"".contains(c));
    if worth(title) == 2 && title.chars().count() <= LONGEST {
        split_title(title).0
    } else {
        String::new()
    }
}

/// The first year in a text.
fn year_in(text: &str) -> Option<i32> {
    text.char_indices()
        .find(|(at, _)| starts_with_year(text, *at))
        .and_then(|(at, _)| text.get(at..at + 4)?.parse().ok()) // four digits
}

/// Whether four digits that are a year stand here, and no more.
fn starts_with_year(text: &str, at: usize) -> bool {
    let is_inside = |c: char| c.is_alphanumeric();
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let rest = text.get(at + 4..);
    let after = rest.and_then(|text| text.chars().next());
    let year = text.get(at..at + 4);
    rest.is_some()
        && !before.is_some_and(is_inside)
        && !after.is_some_and(is_inside)
        && year.is_some_and(|year| {
            year.bytes().all(|byte| byte.is_ascii_digit())
                && (year.starts_with("18") || year.starts_with("19") || year.starts_with("20"))
        })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            url: Url::parse("http://site.example/").unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn pages_that_turn_readers_away_are_known_by_status_or_title() {
        let body = |title: &str| format!(r#"{{"title":"{title}","links":[],"is_whole":true}}"#);
        assert!(Harvest::of(&answer(200, &body("A list"))).is_ok());
        for (status, title) in [
            (403, "A list"),
            (200, "Just a moment..."),
            (200, "Access Denied"),
        ] {
            let error = Harvest::of(&answer(status, &body(title))).unwrap_err();
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{title}: {error}"
            );
        }
        let missing = Harvest::of(&answer(404, &body("x"))).unwrap_err();
        assert_eq!(missing, ProviderError::NotFound);
        let strange = Harvest::of(&answer(200, "[]")).unwrap_err();
        assert!(matches!(strange, ProviderError::Changed { .. }));
    }

    #[test]
    fn numbers_of_items_are_found() {
        let harvest = |counts: &[&str]| Harvest {
            title: String::new(),
            links: Vec::new(),
            counts: counts.iter().map(|text| (*text).to_owned()).collect(),
            is_whole: true,
        };
        let of = |counts: &[&str]| harvest(counts).count_of(&["items"]);
        assert_eq!(of(&["7 comments", "1,234 Items", "9 items"]), Some(1234));
        assert_eq!(of(&["12 films"]), None);
        assert_eq!(of(&["99999999999 items"]), None);
    }

    #[test]
    fn titles_lose_their_rank_and_their_year() {
        for (text, title, year) in [
            ("The Matrix", "The Matrix", None),
            ("12. The Matrix (1999)", "The Matrix", Some(1999)),
            (
                "2001: A Space Odyssey (1968)",
                "2001: A Space Odyssey",
                Some(1968),
            ),
            ("3) Heat (1995)", "Heat", Some(1995)),
            ("Dark (TV Series 2017–2020)", "Dark", Some(2017)),
            ("1917", "1917", None),
            ("(500) Days of Summer", "(500) Days of Summer", None),
            ("(1999)", "(1999)", None),
            ("Dr. Strangelove", "Dr. Strangelove", None),
            ("Birdman (or something)", "Birdman (or something)", None),
        ] {
            assert_eq!(split_title(text), (title.to_owned(), year), "{text}");
        }
    }

    #[test]
    fn years_come_from_the_words_after_the_title() {
        for (title, near, year) in [
            ("The Matrix", "1. The Matrix (1999) 2h 16m", Some(1999)),
            (
                "Blade Runner 2049",
                "Blade Runner 2049 2017 Sci-Fi",
                Some(2017),
            ),
            ("Heat", "The Matrix (1999), Heat (1995)", Some(1995)),
            ("The Matrix", "The Matrix (1999), Heat (1995)", Some(1999)),
            ("Dune", "Dune March 31, 2021", Some(2021)),
            ("Dune", "Dune 2021-10-22", Some(2021)),
            ("Dune", "Dune 12345 votes 1080p", None),
            ("Élan", "Élan — 2024年", None),
            ("Heat", "Best films of 2024", None),
            ("1917", "1917 2019 War", Some(2019)),
            ("", "Metropolis 1927", Some(1927)),
            ("Old", "Old 20", None),
        ] {
            assert_eq!(year_near(title, near), year, "{near}");
        }
    }

    #[test]
    fn a_title_may_stand_before_the_year_near_a_link() {
        assert_eq!(title_near("3. Metropolis (1927) IMDb TMDB"), "Metropolis");
        assert_eq!(title_near("Who? (2001)"), "Who?");
        let film = "2001: A Space Odyssey";
        assert_eq!(title_near(&format!("{film} (1968) IMDb")), film);
        assert_eq!(title_near(&format!("{film} 1968 IMDb")), film);
        assert_eq!(title_near("Blade Runner 2049 (2017)"), "Blade Runner 2049");
        assert_eq!(title_near("IMDb TMDB"), "");
        assert_eq!(title_near(&format!("{} (1999)", "long ".repeat(30))), "");
    }

    #[test]
    fn a_title_comes_from_its_link_from_its_row_or_from_its_address() {
        let card = format!("Heat 1995 {}", "plot ".repeat(30));
        for (text, near, title, year) in [
            ("1. Heat", "1. Heat (1995)", "Heat", Some(1995)),
            ("IMDb 8.3", "Heat (1995) IMDb 8.3", "Heat", Some(1995)),
            (
                "IMDb",
                "2001: A Space Odyssey 1968 IMDb",
                "2001: A Space Odyssey",
                Some(1968),
            ),
            (&card, &card, "Heat", Some(1995)),
            ("", "", "of the address", None),
        ] {
            let found = named(text, near, "of the address");
            assert_eq!(found, (title.to_owned(), year), "{text}");
        }
    }

    #[test]
    fn words_are_worth_more_than_figures_and_labels_nothing() {
        for (text, expected) in [
            ("The Matrix", 2),
            ("1917", 1),
            ("", 0),
            ("IMDb", 0),
            ("View on TMDB", 0),
            ("★ 8.7/10", 0),
            ("8.7", 0),
            ("IMDb: 8.7 (12,345 votes)", 0),
            ("See it on IMDb.com →", 0),
            ("Watch the official trailer", 0),
            ("It", 2),
            ("Go", 2),
            ("More American Graffiti", 2),
            ("千と千尋の神隠し", 2),
        ] {
            assert_eq!(worth(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_stand_before_names() {
        assert_eq!(number("603-the-matrix"), Some(603));
        assert_eq!(number("603"), Some(603));
        for none in ["", "the-matrix", "0", "-1", "99999999999999999999", "603x"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
