//! Export files as people get them from IMDb and Letterboxd: CSV, and Letterboxd's zip with all that is somebody's.

use super::entry::Entry;
use crate::loopback::gzip::checksum;

/// A list as IMDb exports it.
pub fn imdb_csv(entries: &[Entry]) -> String {
    let head = "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,\
                Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n";
    let row = |(position, entry): (usize, &Entry)| {
        let kind = match entry.type_id.as_str() {
            "tvSeries" => "TV Series",
            "tvMiniSeries" => "TV Mini Series",
            "videoGame" => "Video Game",
            _ => "Movie",
        };
        format!(
            "{position},{id},2026-05-01,2026-05-01,,{title},{original},https://www.imdb.com/title/{id}/,{kind},8.1,110,{year},Drama,12345,,,,\n",
            id = entry.imdb_id,
            title = quoted(&entry.title),
            original = quoted(&entry.original_title),
            year = year(entry),
        )
    };
    let rows = (1..).zip(entries).map(row);
    head.to_owned() + &rows.collect::<String>()
}

/// A watchlist as Letterboxd exports it: without one number of another site.
pub fn letterboxd_csv(entries: &[Entry]) -> String {
    let row = |entry: &Entry| {
        let (name, year) = (quoted(&entry.title), year(entry));
        format!("2026-05-01,{name},{year},https://boxd.it/{}\n", code(entry))
    };
    "Date,Name,Year,Letterboxd URI\n".to_owned() + &entries.iter().map(row).collect::<String>()
}

/// A list as Letterboxd exports it: its own data first, then its films.
pub fn letterboxd_list_csv(name: &str, entries: &[Entry]) -> String {
    let row = |(position, entry): (usize, &Entry)| {
        let (name, year) = (quoted(&entry.title), year(entry));
        format!(
            "{position},{name},{year},https://boxd.it/{},\n",
            code(entry)
        )
    };
    let head = format!(
        "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2026-05-01,{},,https://boxd.it/list,\n\n\
         Position,Name,Year,URL,Description\n",
        quoted(name)
    );
    head + &(1..).zip(entries).map(row).collect::<String>()
}

/// Everything of somebody as Letterboxd exports it; each list by its slug.
pub fn letterboxd_zip(watchlist: &[Entry], lists: &[(&str, Vec<Entry>)]) -> Vec<u8> {
    let watched = letterboxd_csv(watchlist.get(..1).unwrap_or_default());
    let profile = "Date Joined,Username,Given Name,Family Name\n2020-01-01,anna,Anna,\n";
    let mut files = vec![
        ("profile.csv".to_owned(), profile.to_owned()),
        ("watched.csv".to_owned(), watched.clone()),
        (
            "ratings.csv".to_owned(),
            watched.replace("URI\n", "URI,Rating\n"),
        ),
        ("watchlist.csv".to_owned(), letterboxd_csv(watchlist)),
    ];
    for (slug, entries) in lists {
        files.push((
            format!("lists/{slug}.csv"),
            letterboxd_list_csv(slug, entries),
        ));
    }
    zip(&files)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn year(entry: &Entry) -> String {
    entry.year.map(|year| year.to_string()).unwrap_or_default()
}

/// A short address, the same for the same film.
fn code(entry: &Entry) -> String {
    format!("{:x}", checksum(entry.slug().as_bytes()))
}

/// A zip whose files are stored as they are: any reader takes that.
/// Source: PKWARE's APPNOTE.TXT, 4.3.
pub fn zip(files: &[(String, String)]) -> Vec<u8> {
    let (mut whole, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let at = little(whole.len());
        let (size, sum) = (little(text.len()), checksum(text.as_bytes()).to_le_bytes());
        // Version 2.0, no flags, stored, 2026-05-01 00:00.
        let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0x5c];
        about.extend(sum.iter().chain(&size).chain(&size));
        about.extend(little(name.len()).iter().take(2));
        about.extend([0, 0]);
        whole.extend(b"PK\x03\x04");
        whole.extend(&about);
        whole.extend(name.as_bytes());
        whole.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(at);
        directory.extend(name.as_bytes());
    }
    let (start, count) = (little(whole.len()), little(files.len()));
    let size = little(directory.len());
    whole.extend(directory);
    whole.extend(b"PK\x05\x06\x00\x00\x00\x00");
    whole.extend(count.iter().take(2).chain(count.iter().take(2)));
    whole.extend(size.iter().chain(&start));
    whole.extend([0, 0]);
    whole
}

fn little(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes() // no sample is that large
}
