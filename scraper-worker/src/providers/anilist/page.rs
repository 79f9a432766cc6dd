//! One answer of AniList: what it refuses, which entries it holds, where it goes on.
//!
//! Entries come in three shapes: lists of a collection, a page of one list, a page of a chart. A title
//! may stand in a custom list and in that of its status; it is one entry.

use std::collections::HashSet;

use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use serde_json::Value;

use super::{
    address::{AnilistList, Chart, Section, slug},
    query::{self, CHUNK_SIZE, PAGE_SIZE},
};
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::{
        anime_map::{ANILIST, MYANIMELIST},
        loose::{number, text, year},
    },
};

/// Titles of a chart when nobody says how many.
const USUAL: u32 = 100;

/// Reads an answer.
pub(super) fn parse(
    list: &AnilistList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let body = body(list, answer)?;
    let data = body
        .get("data")
        .filter(|data| data.is_object())
        .ok_or_else(|| ProviderError::changed("no `data`"))?;
    if let Some(page) = data.get("Page").filter(|page| page.is_object()) {
        return if let Some(Value::Array(rows)) = page.get("mediaList") {
            of_list(list, page, rows, request)
        } else if let Some(Value::Array(rows)) = page.get("media") {
            of_chart(list, page, rows, limit, request)
        } else {
            Err(ProviderError::changed("a page of neither list nor chart"))
        };
    }
    let collection = ["MediaListCollection", "anime"]
        .into_iter()
        .find_map(|name| data.get(name).filter(|it| it.is_object()))
        .ok_or_else(|| ProviderError::changed("no lists"))?;
    let mut page = of_collection(list, collection, request)?;
    // Only where manga was asked for as well, which we do not.
    if let Some(Value::Array(manga)) = data.pointer("/manga/lists") {
        page.dropped += count(manga.iter().filter_map(|list| entries(list)).flatten());
    }
    Ok(page)
}

/// The JSON, unless it says why there is nothing to read: with any status, also 200.
fn body(list: &AnilistList, answer: &Answer) -> Result<Value, ProviderError> {
    if answer.wall().is_none()
        && !answer.is_html()
        && let Ok(body) = serde_json::from_str::<Value>(&answer.body)
    {
        if let Some(error) = said(&body) {
            return Err(refusal(list, answer.status, error));
        }
        if answer.status == 200 {
            return Ok(body);
        }
    }
    answer.json()
}

/// The first error that an answer tells. What else it holds then is not all there is.
fn said(body: &Value) -> Option<&Value> {
    match body.get("errors")? {
        Value::Array(errors) => errors.first(),
        Value::Null => None,
        other => Some(other),
    }
}

fn refusal(list: &AnilistList, status: u16, error: &Value) -> ProviderError {
    let words = text(error.get("message")).unwrap_or_else(|| "an error without words".into());
    let words: String = words.chars().take(200).collect();
    let status = number(error.get("status")).unwrap_or(i64::from(status));
    let small = words.to_lowercase();
    match list {
        AnilistList::Of { user, .. } if small.contains("private") => ProviderError::refused(
            Cause::Private,
            format!("AniList does not show the lists of {user}: the profile is private"),
            "Make it public in AniList's settings under Account, or remove the list here.",
        ),
        AnilistList::Of { user, .. } if status == 404 => ProviderError::refused(
            Cause::NotFound,
            format!("AniList has no user {user}"),
            "Check the name in a browser: users may change it. Or remove the list here.",
        ),
        _ if status == 429 || small.contains("too many requests") => ProviderError::refused(
            Cause::QuotaUsedUp,
            format!(
                "AniList does not give {} now: it was asked too often",
                list.id()
            ),
            "Read the list again in some minutes; other programs on your network may be asking AniList too.",
        ),
        _ if status >= 500 || status == 403 => ProviderError::Failed { what: words },
        _ => ProviderError::changed(format!("it says `{words}`")),
    }
}

/// One chunk of all lists of a user.
fn of_collection(
    list: &AnilistList,
    collection: &Value,
    request: &Request,
) -> Result<Page, ProviderError> {
    let Some(Value::Array(lists)) = collection.get("lists") else {
        return Err(ProviderError::changed("a collection without `lists`"));
    };
    if lists.iter().any(|list| entries(list).is_none()) {
        return Err(ProviderError::changed("a list without `entries`"));
    }
    let rows = count(lists.iter().filter_map(entries).flatten());
    let is_custom = |list: &Value| list.get("isCustomList") == Some(&Value::Bool(true));
    let page = collected(
        lists
            .iter()
            .filter(|known| is_meant(list, known))
            .filter_map(entries)
            .flatten(),
        list,
    )?;
    if request.number == 1 {
        check_name(list, collection, lists)?;
    }
    Ok(Page {
        next: next(collection.get("hasNextChunk"), rows, CHUNK_SIZE, request)?,
        // A title of two lists may come in two chunks.
        may_repeat: lists.iter().any(is_custom),
        name: text(collection.pointer("/user/name"))
            .map(|user| list.name_of(&user, own_name(list, collection, lists).as_deref())),
        ..page
    })
}

/// One page of a user's list.
fn of_list(
    list: &AnilistList,
    page: &Value,
    rows: &[Value],
    request: &Request,
) -> Result<Page, ProviderError> {
    let user = rows.iter().find_map(|row| text(row.pointer("/user/name")));
    Ok(Page {
        next: next(has_next_page(page), count(rows), PAGE_SIZE, request)?,
        name: user.map(|user| list.name_of(&user, None)),
        ..collected(rows, list)?
    })
}

/// One page of a chart, which is read as far as it is wanted: all titles that AniList knows follow.
fn of_chart(
    list: &AnilistList,
    page: &Value,
    rows: &[Value],
    limit: Option<u32>,
    request: &Request,
) -> Result<Page, ProviderError> {
    // A season to come may be without titles, the others never are.
    let is_of_season = matches!(
        list,
        AnilistList::Chart(Chart::Season(_) | Chart::NextSeason)
    );
    if rows.is_empty() && request.number == 1 && !is_of_season {
        return Err(ProviderError::changed("a chart without titles"));
    }
    let is_enough = request.number.saturating_mul(PAGE_SIZE) >= limit.unwrap_or(USUAL);
    Ok(Page {
        next: next(has_next_page(page), count(rows), PAGE_SIZE, request)?.filter(|_| !is_enough),
        // Places change while it is read; it is no less a chart for that.
        may_repeat: true,
        ..collected(rows, list)?
    })
}

fn has_next_page(page: &Value) -> Option<&Value> {
    page.pointer("/pageInfo/hasNextPage")
}

/// The request for what follows, if the answer says that something does.
fn next(
    has_next: Option<&Value>,
    rows: u32,
    full: u32,
    request: &Request,
) -> Result<Option<Request>, ProviderError> {
    match has_next.and_then(Value::as_bool) {
        Some(true) if rows == 0 => Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        }),
        Some(true) => Ok(query::after(request)),
        Some(false) => Ok(None),
        None if (1..full).contains(&rows) => Ok(None),
        None if rows == 0 => Err(ProviderError::changed(
            "no entry, and no word that there is none",
        )),
        None => Err(ProviderError::changed(
            "a full page that does not say whether another follows",
        )),
    }
}

fn entries(list: &Value) -> Option<&Vec<Value>> {
    list.get("entries").and_then(Value::as_array)
}

fn count<'a>(rows: impl IntoIterator<Item = &'a Value>) -> u32 {
    u32::try_from(rows.into_iter().count()).unwrap_or(u32::MAX) // no answer is that long
}

/// Whether one of a user's lists is, or is part of, the one that is read.
fn is_meant(list: &AnilistList, known: &Value) -> bool {
    text(known.get("name")).map_or_else(|| named(list).is_none(), |name| is_name_of(list, &name))
}

/// Whether a list of that name is meant, or all lists are.
fn is_name_of(list: &AnilistList, name: &str) -> bool {
    named(list).is_none_or(|wanted| slug(name) == wanted)
}

fn named(list: &AnilistList) -> Option<&str> {
    match list {
        AnilistList::Of {
            section: Section::Named { slug, .. },
            ..
        } => Some(slug),
        _ => None,
    }
}

/// The name of the list as its owner wrote it, if one of them is read. Of those that are empty only
/// the names are told.
fn own_name(list: &AnilistList, collection: &Value, lists: &[Value]) -> Option<String> {
    named(list)?;
    let custom = collection.pointer("/user/mediaListOptions/animeList/customLists");
    let custom = custom.and_then(Value::as_array).into_iter().flatten();
    lists
        .iter()
        .map(|known| known.get("name"))
        .chain(custom.map(Some))
        .filter_map(text)
        .find(|name| is_name_of(list, name))
}

/// That the user has a list of that name.
fn check_name(
    list: &AnilistList,
    collection: &Value,
    lists: &[Value],
) -> Result<(), ProviderError> {
    let AnilistList::Of {
        user,
        section: Section::Named {
            slug: wanted,
            written,
        },
    } = list
    else {
        return Ok(());
    };
    if query::is_completed(wanted) || own_name(list, collection, lists).is_some() {
        return Ok(());
    }
    Err(ProviderError::refused(
        Cause::NotFound,
        format!("{user} has no list `{written}` on AniList"),
        "Check its name on the user's page, or remove the list here.",
    ))
}

/// Reads rows, each title once.
fn collected<'a>(
    rows: impl IntoIterator<Item = &'a Value>,
    list: &AnilistList,
) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut seen = HashSet::new();
    let (mut all, mut unreadable) = (0_usize, 0_u32);
    for row in rows {
        if !is_of_status(list, row) {
            continue;
        }
        all += 1;
        match read(row) {
            Row::Wanted(entry) => {
                let is_new = entry
                    .source_id
                    .as_ref()
                    .is_none_or(|id| seen.insert(id.clone()));
                if is_new {
                    page.entries.push(entry);
                }
            }
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    page.with_strange(unreadable, all, "entries without id and title")
}

/// Whether an entry has the status that is read, where it says so.
fn is_of_status(list: &AnilistList, row: &Value) -> bool {
    match list {
        AnilistList::Of {
            section: Section::Status(status),
            ..
        } => {
            let told = row.get("status").filter(|_| row.get("media").is_some());
            text(told).is_none_or(|told| told.eq_ignore_ascii_case(status.word()))
        }
        _ => true,
    }
}

enum Row {
    Wanted(Entry),
    /// Music, manga, or a title that AniList has no more.
    Unwanted,
    Unreadable,
}

/// Entries have their title in `media`; charts are bare titles.
fn read(row: &Value) -> Row {
    let media = match row.get("media") {
        Some(Value::Null) => return Row::Unwanted,
        Some(media) => media,
        None => row,
    };
    let kind = text(media.get("type"));
    let format = text(media.get("format")).unwrap_or_default();
    let media_type = match format.as_str() {
        "MOVIE" => Some(MediaType::Movie),
        "TV" | "TV_SHORT" | "ONA" | "OVA" | "SPECIAL" => Some(MediaType::Tv),
        "MUSIC" | "MANGA" | "NOVEL" | "ONE_SHOT" => return Row::Unwanted,
        _ => None,
    };
    if kind.is_some_and(|kind| kind == "MANGA") {
        return Row::Unwanted;
    }
    entry(media, media_type).map_or(Row::Unreadable, Row::Wanted)
}

fn entry(media: &Value, media_type: Option<MediaType>) -> Option<Entry> {
    let in_title = |key| text(media.get("title")?.get(key));
    let (english, romaji, native) = (in_title("english"), in_title("romaji"), in_title("native"));
    let title = english
        .or(romaji.clone())
        .or_else(|| in_title("userPreferred"))
        .or_else(|| text(media.get("title")))
        .or(native.clone())
        .unwrap_or_default();
    let source_id = number(media.get("id"))
        .map(|id| format!("{ANILIST}:{id}"))
        .or_else(|| number(media.get("idMal")).map(|id| format!("{MYANIMELIST}:{id}")));
    (source_id.is_some() && !title.is_empty()).then(|| Entry {
        original_title: native.or(romaji).filter(|original| *original != title),
        title,
        year: year(media.get("seasonYear")).or_else(|| year(media.pointer("/startDate/year"))),
        media_type,
        source_id,
        ..Entry::default()
    })
}
