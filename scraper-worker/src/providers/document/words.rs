//! How documents write what a title is: its year, its kind, its season, its name. Pure.

use std::borrow::Cow;

use schema::models::MediaType;
use scraper::Html;

use crate::providers::harvest::split_title;

/// Neither a movie nor a show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unwanted;

/// Its letters and figures, in lower case: `IMDb ID`, `imdb_id` and `imdbId` are one.
pub(in crate::providers) fn plain_word(text: &str) -> String {
    plain(text).into_owned()
}

/// The same, where it may be so already: names of fields mostly are, and there are many.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        let mut word = text.to_ascii_lowercase();
        word.retain(|char| char.is_ascii_alphanumeric());
        return Cow::Owned(word);
    }
    text.chars()
        .filter(|char| char.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A text without what only web pages need, and without spaces too many.
pub(super) fn plain_text(text: &str) -> String {
    let is_escaped = text.contains('&') && text.contains(';');
    let decoded: Cow<'_, str> = if is_escaped {
        let fragment = Html::parse_fragment(&text.replace('<', "&lt;"));
        fragment.root_element().text().collect()
    } else {
        Cow::Borrowed(text)
    };
    let mut plain = String::with_capacity(decoded.len());
    for word in decoded.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

/// The year in `1994`, `1994.0`, `2008–2013`, `1994-09-23`, `23.09.1994`, `9/23/1994`.
pub(super) fn year_in(text: &str) -> Option<i32> {
    let mut digits = text.split(|char: char| !char.is_ascii_digit());
    let year = digits.find(|digits| digits.len() == 4)?;
    year.parse()
        .ok()
        .filter(|year| (1870..=2200).contains(year)) // else it is no year
}

/// What a word says a title is: IMDb's words of all ages, and those of everybody else.
pub(super) fn kind_of(word: &str) -> Result<Option<MediaType>, Unwanted> {
    match plain_word(word).as_str() {
        "movie" | "movies" | "film" | "films" | "featurefilm" | "feature" | "documentary"
        | "tvmovie" | "short" | "shortfilm" | "video" | "tvspecial" | "tvshort" => {
            Ok(Some(MediaType::Movie))
        }
        "tv" | "show" | "shows" | "series" | "tvseries" | "tvshow" | "tvshows" | "miniseries"
        | "tvminiseries" | "season" | "seasons" | "ona" | "ova" => Ok(Some(MediaType::Tv)),
        "episode" | "episodes" | "tvepisode" | "videogame" | "game" | "musicvideo"
        | "podcastseries" | "podcastepisode" | "person" | "people" | "book" | "manga" | "list" => {
            Err(Unwanted)
        }
        // Some other language's word: the id tells what it is.
        _ => Ok(None),
    }
}

/// Above zero, also `603.0` as spreadsheets write it.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    text.parse().ok().filter(|number| *number > 0) // else it is none
}

/// The number of a season: `2`, `Season 2`, `S02`.
pub(super) fn season(text: &str) -> Option<i32> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix("season").unwrap_or(&text);
    let digits = text.strip_prefix('s').unwrap_or(text).trim();
    let season = i32::try_from(number(digits)?).ok()?; // no show has so many
    (season < 1000).then_some(season)
}

/// A title with what stands after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) title: String,
    pub(super) year: Option<i32>,
    pub(super) season: Option<i32>,
}

impl Named {
    /// `Name (2021)`, `Name - Season 2`, `Name (2021): Season 2`, `Name (2021) S02`.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        let (rest, season) = match text.rsplit_once([' ', '\u{a0}']) {
            Some((before, last)) => parted(before, last),
            None => (text, None),
        };
        let rest = if season.is_some() { rest } else { text };
        let (title, year) = match bracketed(rest) {
            Some((title, year)) => (title, Some(year)),
            None => (rest, None),
        };
        Self {
            title: title.trim().to_owned(),
            year,
            season,
        }
    }

    /// The same, without the number of a place before it.
    pub(super) fn of_ranked(text: &str) -> Self {
        Self::of(&unranked(text))
    }
}

fn parted<'a>(before: &'a str, last: &str) -> (&'a str, Option<i32>) {
    let trimmed = before.trim_end();
    let last = last.trim_matches(|char| matches!(char, '(' | ')' | '[' | ']'));
    let lower = last.to_ascii_lowercase();
    if lower.starts_with('s') {
        return (ended(trimmed), season(last));
    }
    let (rest, word) = trimmed.rsplit_once(' ').unwrap_or(("", trimmed));
    let word = word.trim_matches(|char| matches!(char, '(' | '['));
    match word.to_ascii_lowercase().as_str() {
        "season" if !rest.is_empty() => (ended(rest), season(last)),
        _ => (before, None),
    }
}

fn ended(title: &str) -> &str {
    title.trim_end_matches(|char: char| {
        char.is_whitespace() || matches!(char, '-' | '–' | '—' | ':' | ',' | '|')
    })
}

/// `Name (1999)`, `Name [1999]`.
fn bracketed(text: &str) -> Option<(&str, i32)> {
    let inner = text.strip_suffix([')', ']'])?;
    let (title, year) = inner.rsplit_once(['(', '['])?;
    let is_year = year.len() == 4 || year.contains(['-', '–']) || year.starts_with("TV ");
    let title = title.trim();
    (is_year && !title.is_empty()).then_some(())?;
    Some((title, year_in(year)?))
}

fn unranked(text: &str) -> String {
    let (title, year) = split_title(text);
    year.map_or(title.clone(), |year| format!("{title} ({year})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_dates_and_numbers() {
        for (text, expected) in [
            ("1994", Some(1994)),
            ("1994.0", Some(1994)),
            ("2008–2013", Some(2008)),
            ("1994-09-23", Some(1994)),
            ("23.09.1994", Some(1994)),
            ("11/13/2002", Some(2002)),
            ("1994-09-23T00:00:00Z", Some(1994)),
            ("", None),
            ("0", None),
            ("TBA", None),
            ("1036108800", None),
        ] {
            assert_eq!(year_in(text), expected, "{text}");
        }
    }

    #[test]
    fn a_title_is_parted_from_its_year_and_season() {
        for (text, title, year, season) in [
            ("The Matrix (1999)", "The Matrix", Some(1999), None),
            ("Heat [1995]", "Heat", Some(1995), None),
            ("Dark (2017) - Season 2", "Dark", Some(2017), Some(2)),
            ("Dark: Season 2", "Dark", None, Some(2)),
            ("Dark (2017) S02", "Dark", Some(2017), Some(2)),
            ("Dark (Season 2)", "Dark", None, Some(2)),
            (
                "Blade Runner 2049 (2017)",
                "Blade Runner 2049",
                Some(2017),
                None,
            ),
            ("1917", "1917", None, None),
            ("(500) Days of Summer", "(500) Days of Summer", None, None),
            ("Season 2", "Season 2", None, None),
            ("Mission S", "Mission S", None, None),
            ("Fargo (TV Series 2014–2024)", "Fargo", Some(2014), None),
        ] {
            let expected = Named {
                title: title.into(),
                year,
                season,
            };
            assert_eq!(Named::of(text), expected, "{text}");
        }
        assert_eq!(Named::of_ranked("12. Heat (1995)").title, "Heat");
    }

    #[test]
    fn escaped_letters_are_letters() {
        for (text, expected) in [
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("Am&eacute;lie &#8211; x", "Amélie – x"),
            ("Tom & Jerry", "Tom & Jerry"),
            (" a\n b ", "a b"),
            ("I <3 you; & me", "I <3 you; & me"),
        ] {
            assert_eq!(plain_text(text), expected);
        }
    }

    #[test]
    fn kinds_of_titles_have_many_names() {
        for word in ["Movie", "movies", "Feature Film", "TV Movie"] {
            assert_eq!(kind_of(word), Ok(Some(MediaType::Movie)), "{word}");
        }
        for word in ["TV Series", "show", "tv", "TV Mini-Series", "season"] {
            assert_eq!(kind_of(word), Ok(Some(MediaType::Tv)), "{word}");
        }
        for word in ["episode", "Person", "Video Game"] {
            assert_eq!(kind_of(word), Err(Unwanted), "{word}");
        }
        assert_eq!(kind_of("Película"), Ok(None));
    }
}
