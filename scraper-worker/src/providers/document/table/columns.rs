//! Which column of a table is what, by what it is called or what its owner says, and its rows. Pure.

use std::borrow::Cow;

use csv::StringRecord;

use super::Row;
use crate::providers::document::{
    mapping::Mapping,
    row::{Row as Generic, Told},
    words::plain_word,
};

/// Where the first of these columns is, however it is written.
pub(super) fn place(header: &StringRecord, names: &[&str]) -> Option<usize> {
    names
        .iter()
        .find_map(|name| header.iter().position(|known| plain_word(known) == *name))
}

const TITLE: &[&str] = &[
    "title",
    "name",
    "movietitle",
    "filmtitle",
    "showtitle",
    "seriestitle",
    "primarytitle",
    "moviename",
    "showname",
    "seriesname",
    "movie",
    "film",
    "show",
    "series",
];
const ORIGINAL: &[&str] = &["originaltitle", "originalname"];
const YEAR: &[&str] = &[
    "year",
    "releaseyear",
    "startyear",
    "movieyear",
    "showyear",
    "yearreleased",
    "yearofrelease",
    "releasedate",
    "released",
    "firstairdate",
    "firstaired",
    "premiered",
    "premieredate",
];
const KIND: &[&str] = &[
    "type",
    "mediatype",
    "titletype",
    "itemtype",
    "contenttype",
    "kind",
    "media",
];
const SEASON: &[&str] = &["season", "seasonnumber"];
pub(super) const IMDB: &[&str] = &[
    "imdbid",
    "imdb",
    "tconst",
    "idsimdb",
    "movieidsimdb",
    "showidsimdb",
    "imdburl",
    "imdblink",
];
pub(super) const TMDB: &[&str] = &[
    "tmdbid",
    "tmdb",
    "themoviedbid",
    "idstmdb",
    "movieidstmdb",
    "showidstmdb",
    "tmdburl",
    "tmdblink",
];
pub(super) const TVDB: &[&str] = &[
    "tvdbid",
    "tvdb",
    "thetvdbid",
    "idstvdb",
    "showidstvdb",
    "tvdburl",
];
const LINK: &[&str] = &["url", "link", "letterboxduri", "letterboxdurl", "uri"];
const STATUS: &[&str] = &["status", "watchlist", "liststatus"];

/// A table by what its columns are called.
pub(super) struct Columns {
    title: Option<usize>,
    original_title: Option<usize>,
    year: Option<usize>,
    kind: Option<usize>,
    season: Option<usize>,
    imdb_id: Option<usize>,
    tmdb_id: Option<usize>,
    tvdb_id: Option<usize>,
    url: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    /// What the owner says goes before what a column is called.
    pub(super) fn of(header: &StringRecord, mapping: &Mapping) -> Option<Self> {
        let said = |name: &str| {
            let exactly = header.iter().position(|column| column.trim() == name);
            exactly.or_else(|| place(header, &[plain_word(name).as_str()]))
        };
        // A column that is said to be there has to be.
        if mapping.fields().any(|(_, name)| said(name).is_none()) {
            return None;
        }
        let find = |key: &str, names: &[&str]| match mapping.get(key) {
            Some(name) => said(name),
            None => place(header, names),
        };
        let columns = Self {
            title: find("title", TITLE),
            original_title: find("original_title", ORIGINAL),
            year: find("year", YEAR),
            kind: find("type", KIND),
            season: find("season", SEASON),
            imdb_id: find("imdb_id", IMDB),
            tmdb_id: find("tmdb_id", TMDB),
            tvdb_id: find("tvdb_id", TVDB),
            url: find("url", LINK),
            status: place(header, STATUS),
        };
        columns.is_enough(mapping).then_some(columns)
    }

    /// A column of names alone may be anybody's, so it must be said that these are titles.
    fn is_enough(&self, mapping: &Mapping) -> bool {
        let has_id = self.imdb_id.is_some() || self.tmdb_id.is_some() || self.tvdb_id.is_some();
        let is_titled = self.title.is_some() && (self.year.is_some() || self.kind.is_some());
        let is_said = mapping.get("title").or_else(|| mapping.get("url"));
        has_id || is_titled || is_said.is_some()
    }

    pub(super) fn row<'a>(&self, field: &impl Fn(usize) -> &'a str, mapping: &Mapping) -> Row {
        let at = |place: Option<usize>| place.map(|place| Cow::Borrowed(field(place)));
        if !mapping.takes(self.status.map(field)) {
            return Row::Other;
        }
        let told = Told {
            title: at(self.title),
            original_title: at(self.original_title),
            year: at(self.year),
            kind: at(self.kind),
            season: at(self.season),
            imdb_id: at(self.imdb_id),
            tmdb_id: at(self.tmdb_id),
            tvdb_id: at(self.tvdb_id),
            url: at(self.url),
        };
        match told.row(mapping.all()) {
            Generic::Wanted(entry) => Row::Wanted(entry),
            Generic::Unwanted => Row::Unwanted,
            Generic::Nameless => Row::Nameless,
        }
    }
}
