//! The tables in export files: which kind one is by its header, and its rows as entries. Pure.

use csv::{Reader, ReaderBuilder, StringRecord};
use schema::{models::MediaType, wire::scraper::Entry};

use crate::{
    provider::{Page, ProviderError},
    providers::imdb::{Unwanted, media_type},
};

/// Rows of one file. A guess, far above real ones; it keeps a file of nothing but short lines small.
const MOST_ROWS: u32 = 100_000;
/// How Letterboxd's lists begin; a number follows.
const LIST_EXPORT: &str = "Letterboxd list export v";
/// Characters of an unknown header that are repeated.
const SHOWN: usize = 200;

/// Reads the whole text. Rows that are damaged are counted as unreadable.
///
/// # Errors
/// [`ProviderError::Changed`] when its header is none that is known.
pub(super) fn read(text: &str) -> Result<Page, ProviderError> {
    let mut table = Table::open(text)?;
    let mut page = Page {
        name: table.name.take(),
        ..Page::default()
    };
    let mut rows = 0;
    let mut is_last_readable = false;
    for record in table.reader.records() {
        rows += 1;
        if rows > MOST_ROWS {
            return Err(ProviderError::changed(format!(
                "it has more than {MOST_ROWS} rows, which no export of a list has"
            )));
        }
        // What is no text was replaced before, so there is nothing else to fail.
        let row = record.map_or(Row::Damaged, |record| table.header.row(&record));
        is_last_readable = matches!(row, Row::Wanted(_));
        match row {
            Row::Wanted(entry) => page.entries.push(Entry {
                rank: rows,
                ..entry
            }),
            Row::Unwanted => page.dropped += 1,
            Row::Damaged => page.unreadable += 1,
        }
    }
    // A quote that is never closed took the rest of the file into its field.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 && is_last_readable {
        page.entries.pop();
        page.unreadable += 1;
    }
    page.announced = Some(rows);
    Ok(page)
}

/// The list's own name, if the beginning of its file tells one.
///
/// # Errors
/// As [`read`].
pub(super) fn own_name(head: &str) -> Result<Option<String>, ProviderError> {
    Table::open(head).map(|table| table.name)
}

enum Row {
    Wanted(Entry),
    Unwanted,
    Damaged,
}

/// A table whose header was read.
struct Table<'a> {
    reader: Reader<&'a [u8]>,
    header: Header,
    name: Option<String>,
}

impl<'a> Table<'a> {
    fn open(text: &'a str) -> Result<Self, ProviderError> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        let unknown = || unknown(text);
        let mut next = |record: &mut StringRecord| {
            let is_read = reader.read_record(record).unwrap_or(false); // its end is as good as an error
            is_read.then_some(()).ok_or_else(unknown)
        };
        next(&mut record)?;
        let mut name = None;
        if record
            .get(0)
            .is_some_and(|first| first.starts_with(LIST_EXPORT))
        {
            next(&mut record)?;
            let place = place(&record, &["Name"]);
            next(&mut record)?;
            name = place
                .and_then(|place| record.get(place))
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned);
            next(&mut record)?;
        }
        let header = Header::of(&record).ok_or_else(unknown)?;
        Ok(Self {
            reader,
            header,
            name,
        })
    }
}

/// What of a line can be shown to people: anything may be in the file, and their terminal obeys it.
fn shown(line: &str) -> String {
    let readable = line
        .chars()
        .map(|char| if char == '\t' { ' ' } else { char })
        .filter(|char| !char.is_control() && *char != char::REPLACEMENT_CHARACTER);
    let start: String = readable.take(SHOWN).collect();
    start.trim().to_owned()
}

fn unknown(text: &str) -> ProviderError {
    let first = text.lines().map(shown).find(|line| !line.is_empty());
    let found = match first {
        Some(line) => format!("it begins with `{line}`"),
        None if text.trim().is_empty() => "it is empty".to_owned(),
        None => "it is no text".to_owned(),
    };
    ProviderError::changed(format!(
        "{found}; exports begin with `Date,Name,Year,Letterboxd URI` or `{LIST_EXPORT}…` (Letterboxd), or \
         with a row that has `Const` and `Title` in it (IMDb)"
    ))
}

/// Where the first of these columns is, however it is capitalized.
fn place(header: &StringRecord, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| {
        header
            .iter()
            .position(|known| known.trim().eq_ignore_ascii_case(name))
    })
}

/// Places of the columns that count.
struct Header {
    columns: usize,
    kind: Kind,
}

enum Kind {
    Letterboxd {
        name: usize,
        year: usize,
        /// Absent where it is the address of what somebody wrote about the film.
        uri: Option<usize>,
    },
    Imdb {
        id: usize,
        title: usize,
        original: Option<usize>,
        kind: Option<usize>,
        year: Option<usize>,
    },
}

impl Header {
    fn of(header: &StringRecord) -> Option<Self> {
        let place = |names: &[&str]| place(header, names);
        let letterboxd = || {
            let uri = place(&["Letterboxd URI", "URL"])?;
            Some(Kind::Letterboxd {
                name: place(&["Name"])?,
                year: place(&["Year"])?,
                uri: place(&["Watched Date"]).is_none().then_some(uri),
            })
        };
        let imdb = || {
            Some(Kind::Imdb {
                id: place(&["Const"])?,
                title: place(&["Title"])?,
                original: place(&["Original Title"]),
                kind: place(&["Title Type"]),
                year: place(&["Year"]),
            })
        };
        Some(Self {
            columns: header.len(),
            kind: letterboxd().or_else(imdb)?,
        })
    }

    fn row(&self, record: &StringRecord) -> Row {
        if record.len() != self.columns {
            return Row::Damaged;
        }
        let field = |place: usize| record.get(place).unwrap_or_default().trim();
        match &self.kind {
            Kind::Letterboxd { name, year, uri } => {
                letterboxd(field(*name), field(*year), uri.map(field))
            }
            Kind::Imdb {
                id,
                title,
                original,
                kind,
                year,
            } => imdb(
                field(*id),
                field(*title),
                original.map(field),
                kind.map(field),
                year.map(field),
            ),
        }
    }
}

fn letterboxd(name: &str, year: &str, uri: Option<&str>) -> Row {
    let year_read = year_of(year);
    if name.is_empty() || (year_read.is_none() && !year.is_empty()) {
        return Row::Damaged;
    }
    Row::Wanted(Entry {
        title: name.to_owned(),
        year: year_read,
        source_id: uri.and_then(source_id),
        ..Entry::default()
    })
}

fn imdb(
    id: &str,
    title: &str,
    original: Option<&str>,
    kind: Option<&str>,
    year: Option<&str>,
) -> Row {
    let is_id = id.strip_prefix("tt").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !is_id {
        return Row::Damaged;
    }
    let Ok(media_type) = type_of(kind.unwrap_or_default()) else {
        return Row::Unwanted;
    };
    Row::Wanted(Entry {
        title: title.to_owned(),
        original_title: original
            .filter(|original| !original.is_empty() && *original != title)
            .map(str::to_owned),
        // Shows had a range once: `2008–2013`.
        year: year.and_then(|year| year.get(..4)).and_then(year_of),
        media_type,
        imdb_id: Some(id.to_owned()),
        ..Entry::default()
    })
}

fn year_of(text: &str) -> Option<i32> {
    text.parse()
        .ok()
        .filter(|year| (1000..=9999).contains(year)) // else it is no year
}

/// `TV Mini Series`, `tvMiniSeries`, and the words that exports had before 2018.
fn type_of(word: &str) -> Result<Option<MediaType>, Unwanted> {
    let plain: String = word
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let id = match plain.as_str() {
        "movie" | "featurefilm" | "documentary" => "movie",
        "tvmovie" => "tvMovie",
        "short" | "shortfilm" => "short",
        "video" => "video",
        "tvspecial" => "tvSpecial",
        "tvshort" => "tvShort",
        "tvseries" => "tvSeries",
        "tvminiseries" | "miniseries" => "tvMiniSeries",
        "tvepisode" | "videogame" | "musicvideo" | "podcastseries" | "podcastepisode" => &plain,
        // Some other language's word: the id tells what it is.
        _ => return Ok(None),
    };
    media_type(Some(id))
}

/// What Letterboxd calls the film: `letterboxd:boxd.it/29qU`, `letterboxd:dune-2021`.
fn source_id(uri: &str) -> Option<String> {
    let rest = uri
        .strip_prefix("https://")
        .or_else(|| uri.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let mut parts = path.split(['/', '?', '#']).filter(|part| !part.is_empty());
    match host.trim_start_matches("www.") {
        "boxd.it" => parts
            .next()
            .map(|code| format!("letterboxd:boxd.it/{code}")),
        "letterboxd.com" => {
            parts.find(|part| *part == "film")?;
            parts.next().map(|slug| format!("letterboxd:{slug}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCHLIST: &str = "Date,Name,Year,Letterboxd URI\n";
    const IMDB: &str = "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n";

    fn watchlist(rows: &str) -> Page {
        read(&format!("{WATCHLIST}{rows}")).unwrap()
    }

    #[test]
    fn titles_may_have_commas_quotes_and_line_breaks() {
        let page = watchlist(
            "2026-01-02,\"Good, \"\"Bad\"\" & Ugly\",1966,https://boxd.it/a\r\n\
             2026-01-03,\"Two\nlines\",2001,https://boxd.it/b\n\
             2026-01-04,Unreleased,,https://letterboxd.com/film/unreleased/\n",
        );
        let titles: Vec<_> = page
            .entries
            .iter()
            .map(|entry| entry.title.as_str())
            .collect();
        assert_eq!(titles, ["Good, \"Bad\" & Ugly", "Two\nlines", "Unreleased"]);
        assert_eq!((page.announced, page.unreadable), (Some(3), 0));
        assert_eq!(page.entries[2].year, None);
        assert_eq!(
            page.entries[2].source_id.as_deref(),
            Some("letterboxd:unreleased")
        );
        assert_eq!(
            page.entries[0].source_id.as_deref(),
            Some("letterboxd:boxd.it/a")
        );
        assert_eq!(page.entries[0].media_type, None);
    }

    #[test]
    fn an_export_without_rows_is_an_empty_list_and_an_empty_file_is_none() {
        let page = watchlist("");
        assert_eq!((page.entries.len(), page.announced), (0, Some(0)));
        assert!(read("").is_err() && read("\n\n").is_err());
    }

    #[test]
    fn damaged_rows_are_counted_and_the_others_read() {
        let page = watchlist(
            "2026-01-02,Heat,1995,https://boxd.it/a\n\
             2026-01-02,Heat\n\
             2026-01-02,,1995,https://boxd.it/b\n\
             2026-01-02,Heat,nineteen,https://boxd.it/c\n\
             2026-01-02,Ronin,1998,https://boxd.it/d\n",
        );
        assert_eq!((page.entries.len(), page.unreadable), (2, 3));
        assert_eq!((page.announced, page.entries[1].rank), (Some(5), 5));
    }

    #[test]
    fn a_file_that_was_cut_is_not_read_as_a_shorter_list() {
        let whole =
            "2026-01-02,Heat,1995,https://boxd.it/a\n2026-01-03,\"A, B\",1998,https://boxd.it/b\n";
        for end in ["2026-01-03,\"A, B\",1998", "2026-01-03,\"A, ", "2026-01-03"] {
            let cut = whole.find(end).unwrap() + end.len();
            let page = watchlist(&whole[..cut]);
            assert_eq!((page.entries.len(), page.unreadable), (1, 1), "{end}");
        }
        let in_the_last_field =
            "Date,Name,Year,Letterboxd URI,Review\n1,Heat,1995,https://boxd.it/a,\"It is";
        let page = read(in_the_last_field).unwrap();
        assert_eq!((page.entries.len(), page.unreadable), (0, 1));
    }

    #[test]
    fn an_unknown_header_is_named_beside_the_known_ones() {
        for text in [
            "Position,Const,Name,Known For\n1,nm0000001,A,B\n",
            "<!DOCTYPE html>\n",
            "Letterboxd list export v9\nA,B\n",
        ] {
            let error = read(text).unwrap_err();
            let first = text.lines().next().unwrap();
            let said = error.to_string();
            assert!(
                said.contains(first) && said.contains("Letterboxd URI") && said.contains("Const"),
                "{said}"
            );
        }
    }

    #[test]
    fn nothing_of_an_unknown_file_reaches_the_terminal_but_its_letters() {
        for (text, said) in [
            (
                "\u{1b}[31mName\tYear\u{0}\u{7}\n",
                "begins with `[31mName Year`",
            ),
            ("\u{0}\u{0}\n\u{1}A\n", "begins with `A`"),
            ("\u{0}\u{fffd}\u{9b}\n\u{2}", "it is no text"),
            (" \n", "it is empty"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error:?}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn a_diary_knows_films_by_title_since_its_addresses_are_its_own() {
        let page = read(
            "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n\
             2026-01-02,Heat,1995,https://boxd.it/entry1,5,,,2026-01-01\n",
        );
        assert_eq!(page.unwrap().entries[0].source_id, None);
    }

    #[test]
    fn types_of_all_ages_are_movies_shows_dropped_or_open() {
        for (word, expected) in [
            ("Movie", Some(MediaType::Movie)),
            ("movie", Some(MediaType::Movie)),
            ("Feature Film", Some(MediaType::Movie)),
            ("TV Movie", Some(MediaType::Movie)),
            ("tvMovie", Some(MediaType::Movie)),
            ("TV Special", Some(MediaType::Movie)),
            ("Short", Some(MediaType::Movie)),
            ("Video", Some(MediaType::Movie)),
            ("TV Series", Some(MediaType::Tv)),
            ("TV Mini Series", Some(MediaType::Tv)),
            ("TV Mini-Series", Some(MediaType::Tv)),
            ("Película", None),
            ("", None),
        ] {
            assert_eq!(type_of(word).ok(), Some(expected), "{word}");
        }
        for word in [
            "TV Episode",
            "Video Game",
            "Music Video",
            "Podcast Series",
            "Podcast Episode",
        ] {
            assert!(type_of(word).is_err(), "{word}");
        }
    }

    #[test]
    fn imdb_columns_are_found_by_name() {
        let new = read(&format!(
            "{IMDB}1,tt0113277,2026-01-01,2026-01-01,,Heat,Heat,https://www.imdb.com/title/tt0113277/,Movie,8.3,170,1995,Action,1,1995-12-15,Michael Mann,,\n\
             2,tt9,2026-01-01,2026-01-01,,Pilot,Pilot,https://www.imdb.com/title/tt9/,TV Episode,,,2027,,,,,,\n\
             3,tt8,2026-01-01,2026-01-01,,Later,Später,https://www.imdb.com/title/tt8/,TV Series,,,,,,,,,\n\
             4,8,2026-01-01,2026-01-01,,Later,Later,x,Movie,,,,,,,,,\n"
        ));
        let new = new.unwrap();
        assert_eq!(
            (
                new.entries.len(),
                new.dropped,
                new.unreadable,
                new.announced
            ),
            (2, 1, 1, Some(4))
        );
        assert_eq!(new.entries[0].imdb_id.as_deref(), Some("tt0113277"));
        assert_eq!(
            (
                new.entries[0].year,
                new.entries[0].original_title.as_deref()
            ),
            (Some(1995), None)
        );
        assert_eq!((new.entries[1].rank, new.entries[1].year), (3, None));
        assert_eq!(new.entries[1].original_title.as_deref(), Some("Später"));
        let old = read(
            "\"const\",\"Title\",\"Title type\",\"Year\",\"URL\"\n\"tt0944947\",\"Game of Thrones\",\"TV Series\",\"2011–2019\",\"x\"\n",
        );
        let old = old.unwrap();
        assert_eq!(
            (old.entries[0].year, old.entries[0].media_type),
            (Some(2011), Some(MediaType::Tv))
        );
    }

    #[test]
    fn the_name_of_a_list_is_in_the_lines_before_its_table() {
        let text = "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2026-01-01,\"Best, ever\",,https://boxd.it/x,\"Two\n\nlines\"\n\nPosition,Name,Year,URL,Description\n1,Heat,1995,https://boxd.it/29qU,\n";
        assert_eq!(own_name(text).unwrap().as_deref(), Some("Best, ever"));
        let page = read(text).unwrap();
        assert_eq!((page.entries.len(), page.announced), (1, Some(1)));
        assert_eq!(page.name.as_deref(), Some("Best, ever"));
    }

    #[test]
    fn more_rows_than_a_list_has_are_refused() {
        let rows = "1,A,1995,x\n".repeat(MOST_ROWS as usize + 1);
        let error = read(&format!("{WATCHLIST}{rows}")).unwrap_err();
        assert!(
            error.to_string().contains("more than 100000 rows"),
            "{error}"
        );
    }
}
