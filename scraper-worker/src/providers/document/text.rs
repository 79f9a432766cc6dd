//! Plain texts: one title a line, by an id, an address or its name and year. Pure.
//!
//! `tt0133093`, `tmdb:603`, `movie/603`, `tvdb:121361`, `https://www.imdb.com/title/tt0133093/`,
//! `The Matrix (1999)`; after an id its title may follow. Lines that begin with `#` or `//` and empty ones
//! are passed over. A text of which more than one line in five is something else is no list.

use schema::{models::MediaType, wire::scraper::Entry};

use super::{
    Unread,
    link::Link,
    mapping::Mapping,
    words::{Named, plain_text},
};
use crate::provider::Page;

/// Lines of one text. A guess, far above real ones.
const MOST_LINES: usize = 100_000;
/// Characters of a line with a title.
const LONGEST_LINE: usize = 300;

/// Reads the whole text. Lines that are no titles among many that are one are unreadable.
///
/// # Errors
/// [`Unread`] when it is no list of titles.
pub(super) fn read(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    let lines: Vec<_> = lines(text).collect();
    if lines.len() > MOST_LINES {
        return Err(Unread::Broken(format!(
            "it has more than {MOST_LINES} lines, which no list has"
        )));
    }
    let mut page = Page {
        announced: u32::try_from(lines.len()).ok(), // no text has so many
        ..Page::default()
    };
    let mut strange = None;
    let is_ranked = !lines.is_empty() && lines.iter().all(|line| starts_with_rank(line));
    for (rank, line) in (1..).zip(&lines) {
        let plain = if is_ranked { without_rank(line) } else { line };
        if let Some(entry) = title(plain, mapping) {
            page.entries.push(Entry { rank, ..entry });
        } else {
            page.unreadable += 1;
            strange = strange.or(Some(*line));
        }
    }
    if page.entries.is_empty() || page.unreadable as usize * 5 > lines.len() {
        return Err(no_titles(strange.unwrap_or_default()));
    }
    Ok(page)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| {
        let is_comment = line.starts_with('#') || line.starts_with("//");
        !line.is_empty() && !is_comment
    })
}

/// A line's title, or that of a text in a list of texts.
pub(super) fn title(line: &str, mapping: &Mapping) -> Option<Entry> {
    let line = line.trim_start_matches(['-', '*', '•', '–', '·']).trim();
    let line = line.trim_matches('"');
    let (first, rest) = line
        .split_once(|char: char| char.is_whitespace() || matches!(char, ',' | ';' | '|'))
        .unwrap_or((line, ""));
    if let Some(link) = Link::of(first) {
        return linked(&link, rest, mapping);
    }
    if line.chars().nth(LONGEST_LINE).is_some() {
        return None;
    }
    let named = Named::of(&plain_text(line));
    (named.year.is_some() && !named.title.is_empty()).then(|| Entry {
        title: named.title,
        year: named.year,
        season: named.season,
        media_type: named
            .season
            .map(|_| MediaType::Tv)
            .or_else(|| mapping.all()),
        ..Entry::default()
    })
}

/// What stands behind an id is what its owner calls the title.
fn linked(link: &Link, rest: &str, mapping: &Mapping) -> Option<Entry> {
    let rest = rest.trim_matches(|char: char| {
        char.is_whitespace() || matches!(char, ',' | ';' | '|' | '-' | '–' | '#' | '"')
    });
    let said = Named::of(&plain_text(rest));
    let of_address = link.named.clone().unwrap_or_default();
    let named = if said.title.is_empty() {
        of_address
    } else {
        said
    };
    let entry = Entry {
        title: named.title,
        year: named.year,
        season: link.season.or(named.season),
        media_type: link.media_type.or_else(|| mapping.all()),
        imdb_id: link.imdb_id.clone(),
        tmdb_id: link.tmdb_id,
        tvdb_id: link.tvdb_id,
        source_id: link.source_id.clone(),
        ..Entry::default()
    };
    let is_told = link.has_id() || !entry.title.is_empty() || entry.source_id.is_some();
    is_told.then_some(entry)
}

fn starts_with_rank(line: &str) -> bool {
    without_rank(line) != line
}

/// `12. Heat (1995)`, but not `12 Monkeys (1995)`.
fn without_rank(line: &str) -> &str {
    let parted = line.split_once([' ', '\t']);
    let is_rank = |first: &str| {
        let digits = first.strip_suffix(['.', ')', ':']).unwrap_or_default();
        (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match parted {
        Some((first, rest)) if is_rank(first) => rest.trim(),
        _ => line,
    }
}

fn no_titles(line: &str) -> Unread {
    let shown = super::shown(line);
    let what = if shown.is_empty() {
        "no line of it is a title".to_owned()
    } else {
        format!("`{shown}` is no title")
    };
    Unread::NoTitles(format!(
        "{what}; each line is to be an id (`tt0133093`, `tmdb:603`, `movie/603`, `tvdb:121361`), an \
         address of a title, or a title with its year (`The Matrix (1999)`)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, Unread> {
        super::read(text, &Mapping::default())
    }

    #[test]
    fn a_line_is_an_id_an_address_or_a_title_with_its_year() {
        let page = read(
            "# my list\n\n\
             tt0133093\n\
             tmdb:603 The Matrix (1999)\n\
             movie/949\n\
             tvdb:121361\n\
             https://www.imdb.com/title/tt0113277/\n\
             // later\n\
             - Heat (1995)\n\
             Dark (2017) - Season 2\n\
             https://letterboxd.com/film/dune-2021/\n\
             tt0944947,Game of Thrones,2011\n",
        )
        .unwrap();
        assert_eq!((page.entries.len(), page.announced), (9, Some(9)));
        let at = |at: usize| &page.entries[at];
        assert_eq!(at(0).imdb_id.as_deref(), Some("tt0133093"));
        assert_eq!(
            (at(1).title.as_str(), at(1).tmdb_id),
            ("The Matrix", Some(603))
        );
        assert_eq!(at(2).media_type, Some(MediaType::Movie));
        assert_eq!((at(3).tvdb_id, at(3).rank), (Some(121_361), 4));
        assert_eq!((at(5).title.as_str(), at(5).year), ("Heat", Some(1995)));
        assert_eq!(
            (at(6).season, at(6).media_type),
            (Some(2), Some(MediaType::Tv))
        );
        assert_eq!((at(7).title.as_str(), at(7).year), ("dune", Some(2021)));
        assert_eq!(at(7).source_id.as_deref(), Some("letterboxd:dune-2021"));
    }

    #[test]
    fn places_before_titles_are_no_part_of_them_where_every_line_has_one() {
        let ranked = read("1. Heat (1995)\n2. 12 Monkeys (1995)\n").unwrap();
        let titles: Vec<_> = ranked.entries.iter().map(|entry| &entry.title).collect();
        assert_eq!(titles, ["Heat", "12 Monkeys"]);
        let plain = read("Heat (1995)\n12 Monkeys (1995)\n[REC] (2007)\n").unwrap();
        assert_eq!(plain.entries[1].title, "12 Monkeys");
        assert_eq!(plain.entries[2].title, "[REC]");
    }

    #[test]
    fn prose_is_no_list_and_a_strange_line_in_a_list_is_unreadable() {
        for text in [
            "Dear Bob,\nI liked The Matrix (1999)\nand you?\n",
            "The Matrix\nHeat\n",
            "# only a comment\n",
            "hello",
            "404 Not Found",
        ] {
            let error = read(text).unwrap_err();
            assert!(matches!(error, Unread::NoTitles(_)), "{text}: {error:?}");
        }
        let lines = "tt0000001\ntt0000002\ntt0000003\ntt0000004\nnm0000206\n";
        let page = read(lines).unwrap();
        assert_eq!((page.entries.len(), page.unreadable), (4, 1));
    }

    #[test]
    fn nothing_of_a_strange_line_reaches_the_terminal_but_its_letters() {
        let error = format!("{:?}", read("\u{1b}[31mName\u{7}\n").unwrap_err());
        assert!(error.contains("`[31mName` is no title"), "{error}");
    }
}
