//! What a row of JSON is: which of its fields tells what of a title, whoever wrote it. Pure.

use std::borrow::Cow;

use schema::{models::MediaType, wire::scraper::Entry};
use serde_json::Value;

use super::{
    Object,
    fields::{Fields, at, scalar},
};
use crate::providers::document::{
    mapping::Mapping,
    row::{Row, Told, is_unwanted},
    text,
};

/// Fields in which a row has its title as an object.
const WRAPPERS: &[(&str, Option<MediaType>)] = &[
    ("movie", Some(MediaType::Movie)),
    ("film", Some(MediaType::Movie)),
    ("show", Some(MediaType::Tv)),
    ("series", Some(MediaType::Tv)),
    ("tv", Some(MediaType::Tv)),
    ("tvshow", Some(MediaType::Tv)),
    ("anime", None),
    ("title", None),
    ("media", None),
    ("item", None),
    ("node", None),
    ("content", None),
];
const KINDS: &[&str] = &[
    "type",
    "mediatype",
    "animetype",
    "itemtype",
    "contenttype",
    "titletype",
    "kind",
];
const IDS: &[&str] = &["ids", "externalids", "providerids", "uniqueids", "uniqueid"];

/// `None` for a row of another status than the wanted one.
pub(super) fn read(row: &Value, otherwise: Option<MediaType>, mapping: &Mapping) -> Option<Row> {
    let otherwise = otherwise.or_else(|| mapping.all());
    match row {
        Value::Object(object) => read_object(row, object, otherwise, mapping),
        Value::String(line) => Some(text::title(line, mapping).map_or(Row::Nameless, |entry| {
            Row::Wanted(Entry {
                media_type: entry.media_type.or(otherwise),
                ..entry
            })
        })),
        _ => Some(Row::Nameless),
    }
}

fn read_object(
    row: &Value,
    object: &Object,
    otherwise: Option<MediaType>,
    mapping: &Mapping,
) -> Option<Row> {
    let outer = Fields::of(object);
    let status = outer.text(&["status", "watchlist", "liststatus"]);
    if !mapping.takes(status.as_deref()) {
        return None;
    }
    let (inner, by_wrapper) = wrapped(&outer);
    let kind = outer.text(KINDS);
    let holds_other = ["episode", "person"]
        .iter()
        .any(|key| outer.object(key).is_some());
    if kind.as_deref().is_some_and(is_unwanted) || (kind.is_none() && holds_other) {
        return Some(Row::Unwanted);
    }
    let inner = inner.map(Fields::of);
    let title = inner.as_ref().unwrap_or(&outer);
    let mut told = told(title, &outer);
    say(&mut told, row, mapping);
    told.kind = told.kind.or(kind);
    let otherwise = by_wrapper.or_else(|| by_fields(title, &told)).or(otherwise);
    Some(told.row(otherwise))
}

fn wrapped<'a>(outer: &Fields<'a>) -> (Option<&'a Object>, Option<MediaType>) {
    let found = WRAPPERS.iter().find_map(|(name, media_type)| {
        let inner = outer.object(name)?;
        Some((inner, *media_type))
    });
    match found {
        Some((inner, media_type)) => {
            // `{"item": {"movie": {…}}}`
            let fields = Fields::of(inner);
            let (deeper, by_deeper) = match media_type {
                None => wrapped_once(&fields),
                Some(_) => (None, None),
            };
            (Some(deeper.unwrap_or(inner)), media_type.or(by_deeper))
        }
        None => (None, None),
    }
}

fn wrapped_once<'a>(fields: &Fields<'a>) -> (Option<&'a Object>, Option<MediaType>) {
    let found = WRAPPERS
        .iter()
        .find_map(|(name, media_type)| Some((fields.object(name)?, *media_type)));
    found.map_or((None, None), |(inner, media_type)| {
        (Some(inner), media_type)
    })
}

/// By what the fields are called.
fn told<'a>(title: &Fields<'a>, outer: &Fields<'a>) -> Told<'a> {
    let ids: Vec<Fields<'a>> = IDS
        .iter()
        .flat_map(|name| [title.object(name), outer.object(name)])
        .flatten()
        .map(Fields::of)
        .collect();
    let id = |names: &[&str]| {
        title
            .text(names)
            .or_else(|| ids.iter().find_map(|ids| ids.text(names)))
            .or_else(|| outer.text(names))
    };
    let own = title
        .text(&["id"])
        .filter(|id| id.starts_with("tt") || is_of_tmdb(title));
    let (letters, digits) = match own {
        Some(id) if id.starts_with("tt") => (Some(id), None),
        own => (None, own),
    };
    Told {
        title: title.text(&[
            "title",
            "name",
            "movietitle",
            "showtitle",
            "filmtitle",
            "primarytitle",
        ]),
        original_title: title.text(&["originaltitle", "originalname"]),
        year: title.text(&[
            "year",
            "releaseyear",
            "productionyear",
            "seasonyear",
            "startyear",
            "releasedate",
            "firstairdate",
            "firstaired",
            "premieredate",
            "released",
            "premiered",
        ]),
        kind: title.text(KINDS),
        season: season(outer),
        imdb_id: id(&["imdbid", "imdb", "imdbcode", "tconst", "const"]).or(letters),
        tmdb_id: id(&["tmdbid", "tmdb", "themoviedbid"]).or(digits),
        tvdb_id: id(&["tvdbid", "tvdb", "thetvdbid"]),
        url: title.text(&["url", "link", "letterboxduri"]),
    }
}

/// `"season": 2`, or Trakt's `"season": {"number": 2}`.
fn season<'a>(outer: &Fields<'a>) -> Option<Cow<'a, str>> {
    let inner = outer.object("season").map(Fields::of);
    inner
        .and_then(|season| season.text(&["number", "seasonnumber"]))
        .or_else(|| outer.text(&["season", "seasonnumber"]))
}

/// Whether `id` is TMDB's: in its own answers and in MDBList's.
fn is_of_tmdb(title: &Fields<'_>) -> bool {
    let is_mdblist =
        title.has(&["mediatype"]) && title.has(&["imdbid"]) && title.has(&["rank", "releaseyear"]);
    is_mdblist || title.has(&["genreids", "posterpath", "backdroppath"])
}

/// What only movies or shows have.
fn by_fields(title: &Fields<'_>, told: &Told<'_>) -> Option<MediaType> {
    let has_show = title.has(&["firstairdate", "seasons", "numberofseasons", "seriestype"]);
    let is_sonarr = told.tvdb_id.is_some() && told.imdb_id.is_none() && told.tmdb_id.is_none();
    let is_radarr = title.has(&["tmdbid"]) && !title.has(&["tvdbid"]);
    let is_film = title.has(&["posterpath"]) && title.has(&["releasedate"]);
    if has_show || is_sonarr {
        Some(MediaType::Tv)
    } else {
        (is_film || is_radarr && told.tmdb_id.is_some()).then_some(MediaType::Movie)
    }
}

/// What the owner says goes before.
fn say<'a>(told: &mut Told<'a>, row: &'a Value, mapping: &Mapping) {
    for (key, path) in mapping.fields() {
        let said = at(row, path).and_then(scalar);
        let field = match key {
            "title" => &mut told.title,
            "original_title" => &mut told.original_title,
            "year" => &mut told.year,
            "type" => &mut told.kind,
            "season" => &mut told.season,
            "imdb_id" => &mut told.imdb_id,
            "tmdb_id" => &mut told.tmdb_id,
            "tvdb_id" => &mut told.tvdb_id,
            _ => &mut told.url,
        };
        *field = said;
    }
}
