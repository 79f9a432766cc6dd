//! Tables: what separates their columns, which column is what by its header, rows as entries. The exports
//! of IMDb and Letterboxd are read strictly, all others by what their columns are called. Pure.

mod columns;

use csv::{Reader, ReaderBuilder, StringRecord};
use schema::wire::scraper::Entry;

use self::columns::{Columns, IMDB, TMDB, TVDB, place};
use super::{
    Unread,
    link::{imdb_id, source_id},
    mapping::Mapping,
    words::{kind_of, plain_word, year_in},
};
use crate::provider::Page;

/// Rows of one file. A guess, far above real ones; it keeps a file of nothing but short lines small.
const MOST_ROWS: u32 = 100_000;
/// How Letterboxd's lists begin; a number follows.
const LIST_EXPORT: &str = "Letterboxd list export v";
/// What may stand between two columns, the likeliest first.
const SEPARATORS: &[u8] = b",;\t|";
/// Columns of a header that is not understood which are repeated.
const SHOWN_COLUMNS: usize = 12;

/// Reads the whole text. Rows that are damaged are counted as unreadable.
///
/// # Errors
/// [`Unread`] when its header is none that is known.
pub(super) fn read(text: &str, mapping: &Mapping) -> Result<Page, Unread> {
    let mut table = Table::open(text, mapping)?;
    let mut counted = Counted {
        page: Page {
            name: table.name.take(),
            ..Page::default()
        },
        ..Counted::default()
    };
    for record in table.reader.records() {
        // What is no text was replaced before, so there is nothing else to fail.
        let row = record.map_or(Row::Damaged, |record| table.header.row(&record, mapping));
        counted.take(row)?;
    }
    // A quote that is never closed took the rest of the file into its field.
    if table.is_quoted && is_odd(text) && counted.is_last_wanted {
        counted.page.entries.pop();
        counted.page.unreadable += 1;
    }
    counted.whole(&table.columns)
}

/// The list's own name, if the beginning of its file tells one.
///
/// # Errors
/// As [`read`].
pub(super) fn own_name(head: &str, mapping: &Mapping) -> Result<Option<String>, Unread> {
    Table::open(head, mapping).map(|table| table.name)
}

/// Whether the rows have the statuses that Simkl's have.
pub(super) fn has_statuses(head: &str) -> bool {
    let names: Vec<_> = columns(head).unwrap_or_default();
    let has = |name| names.iter().any(|column| plain_word(column) == name);
    has("simklid") && has("watchlist")
}

/// Names of the columns, when the text is a table at all.
pub(super) fn columns(text: &str) -> Option<Vec<String>> {
    SEPARATORS.iter().find_map(|separator| {
        let mut record = StringRecord::new();
        let mut reader = reader(text, *separator, true);
        let is_read = reader.read_record(&mut record).unwrap_or(false); // its end is as good as an error
        (is_read && record.len() > 1).then(|| {
            let columns = record.iter().map(|column| column.trim().to_owned());
            columns.take(SHOWN_COLUMNS).collect()
        })
    })
}

fn is_odd(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

enum Row {
    Wanted(Entry),
    Unwanted,
    /// It is whole, and tells no title.
    Nameless,
    Damaged,
    /// Of another status than the wanted one.
    Other,
}

/// What was read so far.
#[derive(Default)]
struct Counted {
    page: Page,
    /// In the file.
    lines: u32,
    /// On the list.
    rows: u32,
    nameless: u32,
    is_last_wanted: bool,
}

impl Counted {
    fn take(&mut self, row: Row) -> Result<(), Unread> {
        self.lines += 1;
        if self.lines > MOST_ROWS {
            return Err(Unread::Broken(format!(
                "it has more than {MOST_ROWS} rows, which no list has"
            )));
        }
        self.is_last_wanted = matches!(row, Row::Wanted(_));
        self.rows += u32::from(!matches!(row, Row::Other));
        match row {
            Row::Wanted(entry) => self.page.entries.push(Entry {
                rank: self.rows,
                ..entry
            }),
            Row::Unwanted => self.page.dropped += 1,
            Row::Nameless => self.nameless += 1,
            Row::Damaged => self.page.unreadable += 1,
            Row::Other => {}
        }
        Ok(())
    }

    /// A table of which most rows tell no title is another one than it seems.
    fn whole(mut self, columns: &[String]) -> Result<Page, Unread> {
        if self.nameless as usize > self.page.entries.len() {
            return Err(unknown(columns));
        }
        self.page.dropped += self.nameless;
        super::some_titles(&self.page)?;
        self.page.announced = Some(self.rows);
        Ok(self.page)
    }
}

/// A table whose header was read.
struct Table<'a> {
    reader: Reader<&'a [u8]>,
    is_quoted: bool,
    header: Header,
    columns: Vec<String>,
    name: Option<String>,
}

impl<'a> Table<'a> {
    /// With the separator that makes a known header of its first line.
    fn open(text: &'a str, mapping: &Mapping) -> Result<Self, Unread> {
        // What spreadsheets write before a table to say what separates its columns.
        let text = match text.split_once('\n') {
            Some((first, rest)) if first.trim().to_ascii_lowercase().starts_with("sep=") => rest,
            _ => text,
        };
        let mut error = None;
        for separator in SEPARATORS {
            match Self::separated(text, *separator, mapping) {
                Ok(table) => return Ok(table),
                Err(unread) => error = error.or(unread),
            }
        }
        Err(error.unwrap_or_else(|| super::unknown_text(text)))
    }

    /// The error is none where this does not separate anything.
    fn separated(text: &'a str, separator: u8, mapping: &Mapping) -> Result<Self, Option<Unread>> {
        // Tables with tabs have quotes as letters, unless a field begins with one.
        let is_quoted = separator != b'\t' || text.contains("\t\"") || text.starts_with('"');
        let mut reader = reader(text, separator, is_quoted);
        let mut record = StringRecord::new();
        let mut next = |record: &mut StringRecord| {
            let is_read = reader.read_record(record).unwrap_or(false); // its end is as good as an error
            is_read.then_some(()).ok_or(None)
        };
        next(&mut record)?;
        let mut name = None;
        if record
            .get(0)
            .is_some_and(|first| first.starts_with(LIST_EXPORT))
        {
            next(&mut record)?;
            let place = place(&record, &["name"]);
            next(&mut record)?;
            name = place
                .and_then(|place| record.get(place))
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned);
            next(&mut record)?;
        }
        let columns: Vec<_> = record.iter().map(|name| name.trim().to_owned()).collect();
        let is_table = columns.len() > 1;
        let header =
            Header::of(&record, mapping).ok_or_else(|| is_table.then(|| unknown(&columns)))?;
        Ok(Self {
            reader,
            is_quoted,
            header,
            columns,
            name,
        })
    }
}

fn reader(text: &str, separator: u8, is_quoted: bool) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .quoting(is_quoted)
        .from_reader(text.as_bytes())
}

fn unknown(columns: &[String]) -> Unread {
    let shown: Vec<_> = columns
        .iter()
        .map(|column| super::shown(column))
        .filter(|column| !column.is_empty())
        .take(SHOWN_COLUMNS)
        .collect();
    let what = format!("its columns are `{}`", shown.join("`, `"));
    let first = shown.first().cloned().unwrap_or_default();
    Unread::Unknown {
        what,
        example: super::example(&[("title", &first)]),
    }
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
    Other(Box<Columns>),
}

impl Header {
    fn of(header: &StringRecord, mapping: &Mapping) -> Option<Self> {
        let kind = if mapping.fields().next().is_some() {
            Columns::of(header, mapping).map(Kind::other)?
        } else {
            letterboxd_header(header)
                .or_else(|| imdb_header(header))
                .or_else(|| Columns::of(header, mapping).map(Kind::other))?
        };
        Some(Self {
            columns: header.len(),
            kind,
        })
    }

    fn row(&self, record: &StringRecord, mapping: &Mapping) -> Row {
        let beyond = record.iter().skip(self.columns);
        let is_longer = beyond.clone().any(|field| !field.trim().is_empty());
        if record.len() < self.columns || is_longer {
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
            Kind::Other(columns) => columns.row(&field, mapping),
        }
    }
}

impl Kind {
    fn other(columns: Columns) -> Self {
        Self::Other(Box::new(columns))
    }
}

fn letterboxd_header(header: &StringRecord) -> Option<Kind> {
    let has_ids = [IMDB, TMDB, TVDB]
        .iter()
        .any(|names| place(header, names).is_some());
    let uri = place(header, &["letterboxduri", "url"]).filter(|_| !has_ids)?;
    Some(Kind::Letterboxd {
        name: place(header, &["name"])?,
        year: place(header, &["year"])?,
        uri: place(header, &["watcheddate"]).is_none().then_some(uri),
    })
}

fn imdb_header(header: &StringRecord) -> Option<Kind> {
    Some(Kind::Imdb {
        id: place(header, &["const"])?,
        title: place(header, &["title"])?,
        original: place(header, &["originaltitle"]),
        kind: place(header, &["titletype"]),
        year: place(header, &["year"]),
    })
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
    let Some(id) = imdb_id(id) else {
        return Row::Damaged;
    };
    let Ok(media_type) = kind_of(kind.unwrap_or_default()) else {
        return Row::Unwanted;
    };
    Row::Wanted(Entry {
        title: title.to_owned(),
        original_title: original
            .filter(|original| !original.is_empty() && *original != title)
            .map(str::to_owned),
        // Shows had a range once: `2008–2013`.
        year: year.and_then(year_in),
        media_type,
        imdb_id: Some(id),
        ..Entry::default()
    })
}

fn year_of(text: &str) -> Option<i32> {
    text.parse()
        .ok()
        .filter(|year| (1000..=9999).contains(year)) // else it is no year
}

#[cfg(test)]
mod tests {
    use schema::models::MediaType;

    use super::*;

    const WATCHLIST: &str = "Date,Name,Year,Letterboxd URI\n";
    const IMDB: &str = "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n";

    fn read(text: &str) -> Result<Page, Unread> {
        super::read(text, &Mapping::default())
    }

    fn own_name(head: &str) -> Result<Option<String>, Unread> {
        super::own_name(head, &Mapping::default())
    }

    fn mapped(text: &str, mapping: &str) -> Result<Page, Unread> {
        super::read(text, &Mapping::parse(mapping).unwrap())
    }

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
    fn the_columns_of_an_unknown_table_are_named_with_how_to_say_what_they_are() {
        for (text, named) in [
            (
                "Position,Const,Name,Known For\n1,nm0000001,A,B\n",
                "`Position`, `Const`",
            ),
            ("Film;Jahr\nHeat;1995\n", "`Film`, `Jahr`"),
            ("\u{1b}[31mName\tYears\u{0}\u{7}\n", "`[31mName`, `Years`"),
            ("title,rating\nHeat,5\n", "`title`, `rating`"),
        ] {
            let Err(Unread::Unknown { what, example }) = read(text) else {
                panic!("{text}")
            };
            assert!(what.contains(named), "{what}");
            assert!(!what.contains(char::is_control), "{what:?}");
            assert!(example.starts_with("title="), "{example}");
        }
    }

    #[test]
    fn the_owner_says_which_column_is_which() {
        let text = "Film;Jahr;IMDb\nHeat;1995;tt0113277\nRonin;1998;\n";
        let page = mapped(text, "title=Film&year=Jahr&imdb_id=IMDb&all=movie").unwrap();
        let heat = &page.entries[0];
        assert_eq!((heat.title.as_str(), heat.year), ("Heat", Some(1995)));
        assert_eq!(heat.imdb_id.as_deref(), Some("tt0113277"));
        assert_eq!(page.entries[1].media_type, Some(MediaType::Movie));
        assert_eq!(page.announced, Some(2));
        let gone = mapped(text, "title=Titel");
        assert!(matches!(gone, Err(Unread::Unknown { .. })), "{gone:?}");
        let bare = mapped("Rank,Name\n1,Heat\n", "title=Name").unwrap();
        assert_eq!(bare.entries[0].title, "Heat");
    }

    #[test]
    fn tables_of_other_programs_are_read_by_what_their_columns_are_called() {
        let comma = "rank,type,title,year,trakt_id,imdb_id,tmdb_id,tvdb_id,season\n\
                     1,movie,Heat,1995,1,tt0113277,949,,\n\
                     2,show,Dark,2017,2,,70523,334824,2\n\
                     3,episode,Pilot,2008,3,tt0959621,62085,,\n";
        for separator in [",", ";", "\t", "|"] {
            let page = read(&comma.replace(',', separator)).unwrap();
            assert_eq!((page.entries.len(), page.dropped), (2, 1), "{separator}");
            let dark = &page.entries[1];
            assert_eq!(
                (dark.media_type, dark.tmdb_id, dark.tvdb_id, dark.season),
                (Some(MediaType::Tv), Some(70_523), Some(334_824), Some(2))
            );
        }
        let spreadsheet =
            read("sep=;\r\nTitle;Release Date;TMDb ID\r\n8\" Nails;23.09.1994;278.0\r\n");
        let spreadsheet = spreadsheet.unwrap();
        assert_eq!(
            spreadsheet.entries.len() + spreadsheet.unreadable as usize,
            1
        );
        let import = read(
            "LetterboxdURI,tmdbID,imdbID,Title,Year\nhttps://boxd.it/a,949,tt0113277,Heat,1995\n",
        );
        let import = import.unwrap();
        assert_eq!(import.entries[0].tmdb_id, Some(949));
        assert_eq!(
            import.entries[0].source_id.as_deref(),
            Some("letterboxd:boxd.it/a")
        );
    }

    #[test]
    fn a_table_of_simkl_holds_several_lists_of_which_one_is_meant() {
        let text = "\"SIMKL_ID\",\"Title\",\"Type\",\"Year\",\"Watchlist\",\"TVDB\",\"TMDB\",\"IMDB\"\n\
                    \"1\",\"Heat\",\"movie\",\"1995\",\"completed\",\"\",\"949\",\"tt0113277\"\n\
                    \"2\",\"Dark\",\"tv\",\"2017\",\"plan to watch\",\"334824\",\"70523\",\"\"\n";
        assert_eq!(read(text).unwrap().entries.len(), 2);
        let page = mapped(text, "status=plantowatch").unwrap();
        assert_eq!((page.entries.len(), page.announced), (1, Some(1)));
        assert_eq!(page.entries[0].title, "Dark");
    }

    #[test]
    fn rows_without_titles_make_no_list_of_them() {
        let mostly = read("name,year,age\n,,1\n,,2\nHeat,1995,3\n");
        assert!(matches!(mostly, Err(Unread::Unknown { .. })), "{mostly:?}");
        let people = read("name,type\nA,person\nB,person\n");
        assert!(people.is_err(), "{people:?}");
        let one = read("name,year\n,\nHeat,1995\n").unwrap();
        assert_eq!(
            (one.entries.len(), one.dropped, one.announced),
            (1, 1, Some(2))
        );
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
            format!("{error:?}").contains("more than 100000 rows"),
            "{error:?}"
        );
    }
}
