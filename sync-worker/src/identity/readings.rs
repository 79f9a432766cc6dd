//! What a title on a list may mean besides the title itself: with a year, a country, an edition or
//! another title in brackets behind it. Pure.

use super::{
    country::names,
    release,
    season::{Mark, Season, season},
    title::Folded,
};

/// One way to read a title.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) title: Folded,
    pub(super) kind: Kind,
}

/// Where a reading is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The title as it stands.
    Whole,
    /// Without a medium or the like in brackets.
    Unqualified,
    /// Without a country in brackets.
    OfCountry,
    /// With the country's name behind it in place of the brackets.
    InCountry,
    /// Without an edition in brackets, which may be a title of its own.
    Uncut,
    /// Without the publisher in front.
    Unpublished,
    /// Without the edition, mostly behind a colon or a dash.
    Edition,
    /// Without `The Movie` at the end.
    TheMovie,
    /// What stands before a bracket, which may hold a subtitle or another title.
    Front,
    /// What stands in the bracket, or behind a slash.
    Bracket,
    /// One of two titles, of which the list says that they are one.
    Alias,
    /// What stands before a season.
    Season(Season),
}

/// All readings of a title, the title itself first.
pub(super) fn readings(title: &str) -> Vec<Reading> {
    let reading = |title: &str, kind| Reading {
        title: Folded::of(title),
        kind,
    };
    let mut readings = vec![reading(title, Kind::Whole)];
    if let Some((front, bracket)) = bracketed(title) {
        if is_edition(bracket) {
            readings.push(reading(front, Kind::Uncut));
        } else if !names(bracket).is_empty() {
            readings.push(reading(front, Kind::OfCountry));
            let named = names(bracket).iter();
            readings.extend(
                named.map(|country| reading(&format!("{front} {country}"), Kind::InCountry)),
            );
        } else if is_qualifier(bracket) {
            readings.push(reading(front, Kind::Unqualified));
        } else {
            readings.push(reading(front, Kind::Front));
            readings.push(reading(bracket, Kind::Bracket));
        }
    }
    if let Some(rest) = without_publisher(title) {
        readings.push(reading(rest, Kind::Unpublished));
    }
    if let Some(front) = without_edition(title) {
        readings.push(reading(front, Kind::Edition));
    }
    if let Some(front) = without_the_movie(title) {
        readings.push(reading(front, Kind::TheMovie));
    }
    for between in [" / ", " aka ", " AKA ", " a.k.a. "] {
        let Some((one, other)) = title.split_once(between) else {
            continue;
        };
        if one.trim().is_empty() || other.trim().is_empty() {
            continue;
        }
        // A slash may also stand between two films of one evening.
        let kinds = if between == " / " {
            [Kind::Front, Kind::Bracket]
        } else {
            [Kind::Alias, Kind::Alias]
        };
        readings.extend(
            [one, other]
                .into_iter()
                .zip(kinds)
                .map(|(it, kind)| reading(it, kind)),
        );
    }
    if let Some((front, season)) = season(title) {
        readings.extend(before_season(front, season));
    }
    readings
}

/// The show that a season is of: `Fargo (2014) Season 2` may tell its year or its country, too.
fn before_season(front: &str, season: Season) -> Vec<Reading> {
    let (title, year) = without_year(front);
    let first_year = |first_year| Season {
        first_year,
        ..season
    };
    let mut titles = vec![(title, first_year(year))];
    if let Some((title, year)) = bare_year(title) {
        titles.push((title, first_year(Some(year))));
    }
    if let Some((title, _)) = bracketed(title).filter(|(_, bracket)| is_qualifier(bracket)) {
        titles.push((title, first_year(year)));
    }
    let titles = titles.into_iter();
    titles
        .map(|(title, season)| Reading {
            title: Folded::of(title),
            kind: Kind::Season(season),
        })
        .collect()
}

/// The title and what its last bracket holds.
fn bracketed(title: &str) -> Option<(&str, &str)> {
    let title = title.trim();
    let (front, bracket) = title
        .strip_suffix(')')
        .and_then(|open| open.rsplit_once('('))
        .or_else(|| title.strip_suffix(']')?.rsplit_once('['))?;
    let (front, bracket) = (front.trim(), bracket.trim());
    (!front.is_empty() && !bracket.is_empty()).then_some((front, bracket))
}

/// Publishers put their name before titles. That of a person tells titles apart instead: the
/// `Pinocchio` of one director is not that of another.
fn without_publisher(title: &str) -> Option<&str> {
    let (first, rest) = title.trim().split_once(char::is_whitespace)?;
    let publisher = first.to_lowercase().replace('’', "'");
    let is_publisher = matches!(publisher.as_str(), "marvel's" | "dc's" | "disney's");
    (is_publisher && !rest.trim().is_empty()).then(|| rest.trim())
}

/// `Superman: The Movie` is `Superman`.
fn without_the_movie(title: &str) -> Option<&str> {
    let title = title.trim();
    [" The Movie", " the movie", " the Movie"]
        .iter()
        .filter_map(|end| title.strip_suffix(end))
        .map(|front| front.trim_end_matches([' ', ':', '-', '–', '—']))
        .find(|front| !front.is_empty())
}

/// `Alien: The Director's Cut` and `Alien Extended Edition` are `Alien`; `Superman II: The Richard
/// Donner Cut` is a film of its own.
fn without_edition(title: &str) -> Option<&str> {
    let title = title.trim();
    let parted = [": ", " - ", " – ", " — "]
        .iter()
        .filter_map(|sign| title.rsplit_once(sign))
        .find(|(_, rest)| is_edition(rest));
    if let Some((front, _)) = parted {
        return Some(front.trim()).filter(|front| !front.is_empty());
    }
    let (front, last) = title.rsplit_once(' ')?;
    if last.to_lowercase() == "redux" {
        return Some(front.trim_end_matches([' ', ':', '-', '–', '—']));
    }
    let (front, kind) = front.rsplit_once(' ')?;
    let is_kind = matches!(
        kind.to_lowercase().replace('’', "'").as_str(),
        "final" | "director's" | "directors" | "extended" | "theatrical" | "unrated" | "special"
    );
    let front = front.trim_end().trim_end_matches([':', '-', '–', '—']);
    let front = front
        .strip_suffix(" The")
        .or(front.strip_suffix(" the"))
        .unwrap_or(front);
    let is_whole = is_kind && is_edition(last) && front.to_lowercase() != "the";
    (is_whole && !front.is_empty()).then(|| front.trim_end())
}

fn is_edition(words: &str) -> bool {
    let last = words.rsplit(' ').next().unwrap_or_default().to_lowercase();
    matches!(last.as_str(), "cut" | "edition" | "version") && is_qualifier(words)
}

/// Countries and editions, which are no part of a title.
fn is_qualifier(bracket: &str) -> bool {
    let bracket = bracket.to_lowercase();
    bracket.split([' ', ',', '/', '-']).all(|word| {
        matches!(
            word.trim_matches(['.', '\'', '’']),
            "us" | "u.s"
                | "u.s.a"
                | "usa"
                | "american"
                | "uk"
                | "u.k"
                | "gb"
                | "british"
                | "au"
                | "australia"
                | "australian"
                | "nz"
                | "ca"
                | "canada"
                | "ie"
                | "in"
                | "india"
                | "jp"
                | "japan"
                | "japanese"
                | "kr"
                | "korea"
                | "korean"
                | "cn"
                | "hk"
                | "tw"
                | "fr"
                | "france"
                | "french"
                | "de"
                | "germany"
                | "german"
                | "es"
                | "spain"
                | "spanish"
                | "it"
                | "italy"
                | "italian"
                | "se"
                | "dk"
                | "no"
                | "fi"
                | "nl"
                | "be"
                | "br"
                | "mx"
                | "the"
                | "tv"
                | "series"
                | "show"
                | "miniseries"
                | "mini"
                | "film"
                | "movie"
                | "feature"
                | "theatrical"
                | "director"
                | "directors"
                | "director's"
                | "director’s"
                | "extended"
                | "unrated"
                | "uncut"
                | "final"
                | "special"
                | "cut"
                | "edition"
                | "version"
                | "remastered"
                | "restored"
                | "restoration"
                | "3d"
                | "imax"
                | "4k"
                | "hd"
                | "sub"
                | "subbed"
                | "dub"
                | "dubbed"
                | "anime"
                | ""
                | "short"
        )
    })
}

/// `Dune (1984)` is `Dune` of 1984.
pub(super) fn without_year(title: &str) -> (&str, Option<i32>) {
    let title = title.trim();
    let Some((front, year)) = bracketed(title) else {
        return (title, None);
    };
    // `2004–2010` and `2019–` are the years of a show.
    let first = year
        .split_once(['-', '–', '—'])
        .filter(|(_, last)| last.trim().is_empty() || last.trim().parse().is_ok_and(is_year))
        .map_or(year, |(first, _)| first.trim());
    match first.parse().ok().filter(|year| is_year(*year)) {
        Some(year) => (front, Some(year)),
        // Not a number: some other bracket.
        None => (title, None),
    }
}

/// `Dune 1984` may be `Dune` of 1984, and `Blade Runner 2049` is not of 2049.
pub(super) fn bare_year(title: &str) -> Option<(&str, i32)> {
    let (front, year) = title.trim().rsplit_once(char::is_whitespace)?;
    // Anything else is a word of the title.
    let year = year.parse().ok().filter(|year| is_year(*year))?;
    let front = front.trim_end_matches([' ', ',', '-', '–', ':']);
    (!front.is_empty()).then_some((front, year))
}

fn is_year(year: i32) -> bool {
    (1870..=2200).contains(&year)
}

/// What stands before a subtitle, a bracket, a season, a year or the marks of a file: what to search
/// for where the whole finds nothing.
pub(super) fn front(title: &str) -> Option<String> {
    let plain = release::without_marks(title);
    let title = plain.as_deref().unwrap_or(title).trim();
    if let Some((front, _)) = season(title).filter(|(_, it)| it.mark != Mark::Numeral) {
        return Some(front.to_owned());
    }
    if plain.is_some() {
        return plain;
    }
    let front = title
        .find([':', '(', '[', '：', '（'])
        .into_iter()
        .chain(
            [" - ", " – ", " — ", " / "]
                .iter()
                .filter_map(|sign| title.find(sign)),
        )
        .min()
        .and_then(|end| title.get(..end))
        .or_else(|| bare_year(title).map(|(front, _)| front))?
        .trim();
    (front.chars().filter(|sign| sign.is_alphanumeric()).count() >= 2).then(|| front.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_in_brackets_belongs_to_the_year() {
        assert_eq!(without_year("Dune (1984)"), ("Dune", Some(1984)));
        assert_eq!(without_year("Dune [1984]"), ("Dune", Some(1984)));
        assert_eq!(without_year("Lost (2004–2010)"), ("Lost", Some(2004)));
        assert_eq!(without_year("The Boys (2019– )"), ("The Boys", Some(2019)));
        assert_eq!(without_year("Dune (1984-x)"), ("Dune (1984-x)", None));
        assert_eq!(without_year("(500) Days"), ("(500) Days", None));
        assert_eq!(without_year("(1984)"), ("(1984)", None));
        assert_eq!(
            without_year("Blade Runner 2049"),
            ("Blade Runner 2049", None)
        );
        assert_eq!(without_year("Scream (VI)"), ("Scream (VI)", None));
    }

    #[test]
    fn a_bare_year_behind_a_title_may_be_one() {
        assert_eq!(bare_year("Dune 1984"), Some(("Dune", 1984)));
        assert_eq!(bare_year("Dune - 1984"), Some(("Dune", 1984)));
        assert_eq!(bare_year("1984"), None);
        assert_eq!(bare_year("Apollo 13"), None);
        assert_eq!(bare_year("2001: A Space Odyssey"), None);
    }

    #[test]
    fn brackets_hold_countries_editions_or_other_titles() {
        let kinds = |title: &str| -> Vec<Kind> {
            readings(title).iter().map(|reading| reading.kind).collect()
        };
        assert_eq!(
            kinds("The Office (US)"),
            [
                Kind::Whole,
                Kind::OfCountry,
                Kind::InCountry,
                Kind::InCountry,
                Kind::InCountry
            ]
        );
        assert_eq!(kinds("Alien (Director's Cut)"), [Kind::Whole, Kind::Uncut]);
        assert_eq!(
            kinds("Oldboy (Oldeuboi)"),
            [Kind::Whole, Kind::Front, Kind::Bracket]
        );
        assert_eq!(
            kinds("La Haine / Hate"),
            [Kind::Whole, Kind::Front, Kind::Bracket]
        );
        assert_eq!(kinds("Heat"), [Kind::Whole]);
        assert_eq!(
            kinds("Marvel’s Daredevil"),
            [Kind::Whole, Kind::Unpublished]
        );
        assert_eq!(kinds("Bram Stoker's Dracula"), [Kind::Whole]);
        for title in ["Superman: The Movie", "Superman The Movie"] {
            assert_eq!(kinds(title), [Kind::Whole, Kind::TheMovie], "{title}");
        }
        for title in [
            "Alien - The Director's Cut",
            "Alien Extended Edition",
            "Alien The Final Cut",
        ] {
            let readings = readings(title);
            let read: Vec<&str> = readings.iter().map(|it| it.title.full.as_str()).collect();
            assert_eq!(read.get(1..), Some(["alien"].as_slice()), "{title}");
        }
        for title in [
            "Superman II: The Richard Donner Cut",
            "Scary Movie",
            "The Movie",
            "The Final Cut",
        ] {
            assert_eq!(kinds(title), [Kind::Whole], "{title}");
        }
    }

    #[test]
    fn the_front_is_what_stands_before_a_subtitle() {
        assert_eq!(
            front("Birds of Prey (and the Rest)").as_deref(),
            Some("Birds of Prey")
        );
        assert_eq!(front("Alien: Covenant").as_deref(), Some("Alien"));
        assert_eq!(front("Oldboy – Special").as_deref(), Some("Oldboy"));
        assert_eq!(front("Dune 1984").as_deref(), Some("Dune"));
        assert_eq!(front("Fargo Season 2").as_deref(), Some("Fargo"));
        assert_eq!(
            front("The.Witcher.S02.1080p.WEB-DL").as_deref(),
            Some("The Witcher")
        );
        assert_eq!(front("Spider-Man"), None);
        assert_eq!(front("(500) Days"), None);
    }
}
