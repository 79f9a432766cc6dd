//! One answer of MyAnimeList: what it refuses, which entries it holds, where it goes on.

use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use serde_json::Value;
use url::Url;

use super::address::MalList;
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::{
        anime_map::MYANIMELIST,
        loose::{number, text, year},
    },
};

/// Steps, by what an answer holds.
pub(super) const API: &str = "page of the API";
pub(super) const ROWS: &str = "rows of a list";
/// The user's own page, asked for when the list is refused without saying why.
pub(super) const PROFILE: &str = "profile";

/// Entries on a page of the API: the most that it gives.
pub(super) const API_SIZE: u32 = 1000;

const CHECK: &str = "Check the name in a browser, or remove the list here.";
const PUBLIC: &str =
    "Make it public on MyAnimeList (list preferences, privacy), or remove the list here.";

/// Reads an answer.
pub(super) fn parse(
    list: &MalList,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    match request.step {
        PROFILE => Err(who(list, answer)),
        ROWS => rows(list, request, answer),
        _ => api(list, request, answer),
    }
}

/// What the user's page says about a list that was refused.
fn who(list: &MalList, answer: &Answer) -> ProviderError {
    match answer.document() {
        Ok(_) => private(list),
        Err(ProviderError::NotFound) => no_user(list),
        Err(error) => error,
    }
}

fn private(list: &MalList) -> ProviderError {
    let user = &list.user;
    ProviderError::refused(
        Cause::Private,
        format!("MyAnimeList does not show the list of {user}: it is private"),
        PUBLIC,
    )
}

fn no_user(list: &MalList) -> ProviderError {
    let user = &list.user;
    ProviderError::refused(
        Cause::NotFound,
        format!("MyAnimeList has no user {user}"),
        CHECK,
    )
}

/// What the API answers instead of a page: `{"error": "not_found", "message": ""}`.
fn said(answer: &Answer) -> Option<(String, String)> {
    let body: Value = serde_json::from_str(&answer.body).ok()?; // then it says nothing we know
    let error = text(body.get("error"))?;
    Some((error, text(body.get("message")).unwrap_or_default()))
}

/// A page of the API.
fn api(list: &MalList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    if answer.wall().is_none()
        && let Some((error, message)) = said(answer)
    {
        return Err(refusal(list, answer.status, &error, &message));
    }
    let body = answer.json()?;
    let Some(Value::Array(rows)) = body.get("data") else {
        return Err(ProviderError::changed("no `data`"));
    };
    let paging = body.get("paging");
    let pointer = paging.and_then(|paging| text(paging.get("next")));
    if paging.is_none() && !(1..API_SIZE).contains(&count(rows)) {
        return Err(ProviderError::changed(
            "an empty or full page that does not say whether another follows",
        ));
    }
    Ok(Page {
        next: match pointer {
            Some(pointer) => next(request, count(rows), offset_in(&pointer))?,
            None => None,
        },
        ..collected(rows, node)?
    })
}

fn refusal(list: &MalList, status: u16, error: &str, message: &str) -> ProviderError {
    let words: String = format!("{error} {message}")
        .trim()
        .chars()
        .take(200)
        .collect();
    match (status, error) {
        (404, _) | (_, "not_found") => no_user(list),
        (_, "not_permitted") => private(list),
        // Public lists can be read without it.
        (400 | 401 | 403, _) => ProviderError::Failed {
            what: format!(
                "its API does not accept `providers.myanimelist.client_id` (MYANIMELIST_CLIENT_ID): {words}"
            ),
        },
        _ => ProviderError::Failed { what: words },
    }
}

/// A page of what the site's own list page loads.
fn rows(list: &MalList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    let is_theirs = answer.wall().is_none() && !answer.is_html();
    match answer.status {
        // The same for users who are not there and for lists that are private.
        400 if is_theirs => {
            return Ok(Page {
                next: Some(profile(list, request)?),
                ..Page::default()
            });
        }
        401 | 403 if is_theirs => return Err(private(list)),
        404 if answer.wall().is_none() => return Err(no_user(list)),
        _ => {}
    }
    let body = answer.json()?;
    let Value::Array(rows) = &body else {
        return Err(ProviderError::changed("no array of entries"));
    };
    // It gives 300 at a time. Whatever the number, a round one may be that of a full page.
    let may_go_on = !rows.is_empty() && rows.len() % 50 == 0;
    Ok(Page {
        next: if may_go_on {
            next(request, count(rows), None)?
        } else {
            None
        },
        ..collected(rows, bare)?
    })
}

fn profile(list: &MalList, request: &Request) -> Result<Request, ProviderError> {
    let mut url = request.url.clone();
    url.set_query(None);
    let path = url.path().to_owned();
    let base = path
        .split("/animelist/")
        .next()
        .ok_or_else(|| ProviderError::changed("an address of no list"))?;
    url.set_path(&format!("{base}/profile/{}", list.user));
    Ok(Request::get(url, PROFILE))
}

/// The request for the page after it, which begins at `offset` if that is told.
fn next(
    request: &Request,
    rows: u32,
    offset: Option<u32>,
) -> Result<Option<Request>, ProviderError> {
    if rows == 0 {
        return Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        });
    }
    let read = request.carried.unwrap_or(0);
    let offset = offset
        .filter(|offset| *offset > read)
        .unwrap_or(read.saturating_add(rows));
    Ok(Some(Request {
        url: with_offset(&request.url, offset),
        number: request.number + 1,
        carried: Some(offset),
        ..request.clone()
    }))
}

/// Of the address of the next page only that: where it is may be anywhere.
fn offset_in(pointer: &str) -> Option<u32> {
    let url = Url::parse(pointer).ok()?; // then it is counted
    let (_, offset) = url.query_pairs().find(|(key, _)| key == "offset")?;
    offset.parse().ok() // then it is counted
}

fn with_offset(url: &Url, offset: u32) -> Url {
    let others: Vec<_> = url
        .query_pairs()
        .filter(|(key, _)| key != "offset")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut url = url.clone();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("offset", &offset.to_string());
    url
}

fn count(rows: &[Value]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX) // no answer is that long
}

enum Row {
    Wanted(Entry),
    /// Music, an advertisement.
    Unwanted,
    Unreadable,
}

fn collected(rows: &[Value], read: fn(&Value) -> Row) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut unreadable = 0_u32;
    for row in rows {
        match read(row) {
            Row::Wanted(entry) => page.entries.push(entry),
            Row::Unwanted => page.dropped += 1,
            Row::Unreadable => unreadable += 1,
        }
    }
    page.with_strange(unreadable, rows.len(), "entries without id and title")
}

/// A row of the API.
fn node(row: &Value) -> Row {
    let node = row.get("node").unwrap_or(row);
    let titles = node.get("alternative_titles");
    let of = |key| titles.and_then(|titles| text(titles.get(key)));
    let began = year(node.pointer("/start_season/year"))
        .or_else(|| text(node.get("start_date")).and_then(|date| year_of(&date)));
    entry(
        number(node.get("id")),
        Titles {
            main: text(node.get("title")),
            english: of("en"),
            native: of("ja"),
        },
        text(node.get("media_type")),
        began,
    )
}

/// A row of the site's own list page.
fn bare(row: &Value) -> Row {
    let began = year(row.pointer("/anime_season/year"))
        .or_else(|| text(row.get("anime_start_date_string")).and_then(|date| year_of(&date)));
    entry(
        number(row.get("anime_id")),
        Titles {
            main: text(row.get("anime_title")),
            english: text(row.get("anime_title_eng")),
            native: None,
        },
        text(row.get("anime_media_type_string")),
        began,
    )
}

struct Titles {
    /// As the site calls it, in Latin letters.
    main: Option<String>,
    english: Option<String>,
    native: Option<String>,
}

fn entry(id: Option<i64>, titles: Titles, kind: Option<String>, year: Option<i32>) -> Row {
    let kind = kind.unwrap_or_default().to_lowercase().replace(' ', "_");
    let media_type = match kind.as_str() {
        "movie" => Some(MediaType::Movie),
        "tv" | "ova" | "ona" | "special" | "tv_special" => Some(MediaType::Tv),
        "music" | "cm" | "pv" => return Row::Unwanted,
        _ => None,
    };
    let Titles {
        main,
        english,
        native,
    } = titles;
    let title = english.or(main.clone()).or(native.clone());
    let (Some(id), Some(title)) = (id, title) else {
        return Row::Unreadable;
    };
    Row::Wanted(Entry {
        original_title: native.or(main).filter(|original| *original != title),
        title,
        year,
        media_type,
        source_id: Some(format!("{MYANIMELIST}:{id}")),
        ..Entry::default()
    })
}

/// The year of `2013-04-07`, `2013`, or `04-07-13`: the site's pages write two digits at the end,
/// in whichever order the user likes day and month.
fn year_of(date: &str) -> Option<i32> {
    let parts: Vec<_> = date.split(['-', '/', '.']).map(str::trim).collect();
    let whole = parts
        .iter()
        .find(|part| part.len() == 4)
        .and_then(|part| part.parse::<i32>().ok()); // else it is no year
    if whole.is_some() {
        return whole.filter(|year| (1900..=2100).contains(year));
    }
    let [day, month, short] = parts.as_slice() else {
        return None;
    };
    let short: i32 = short.parse().ok().filter(|_| short.len() == 2)?; // else it is no year
    // Without day and month `00` is the year 2000 no more than nothing.
    if short == 0 && *day == "00" && *month == "00" {
        return None;
    }
    // Few titles are older than that, and none is announced for later.
    Some(if short < 45 {
        2000 + short
    } else {
        1900 + short
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read_in_every_order_of_a_date() {
        for (date, expected) in [
            ("2013-04-07", Some(2013)),
            ("2013-04", Some(2013)),
            ("2013", Some(2013)),
            ("04-07-13", Some(2013)),
            ("31-12-98", Some(1998)),
            ("00-00-27", Some(2027)),
            ("00-00-00", None),
            ("01-01-00", Some(2000)),
            ("", None),
            ("13", None),
            ("soon", None),
            ("9999-01-01", None),
        ] {
            assert_eq!(year_of(date), expected, "{date}");
        }
    }
}
