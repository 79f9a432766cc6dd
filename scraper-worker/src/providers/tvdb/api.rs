//! Answers of `TheTVDB`'s API, version 4: signing in, finding a list, its entries, favourites, the
//! record of one title. Leaves which address is which list to `address`.
//!
//! Entries are numbers of series and movies, without names: those are on the record of each title,
//! with its ids elsewhere. An entry has one of the two numbers; where both are told it is the series,
//! so that one place of a list is one entry.

use reqwest::header::{AUTHORIZATION, HeaderValue};
use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use serde_json::{Value, json};
use url::Url;

use super::{PREFIX, address::TvdbList};
use crate::{
    provider::{
        Answer, Ids, ListToRead, Method, Named, Page, ProviderError, Request, SecretPart, is_number,
    },
    providers::loose::{is_imdb_title, number, text},
};

/// Steps, by what is asked for.
pub(super) const LOGIN: &str = "login";
pub(super) const LOOK_UP: &str = "look-up";
pub(super) const ENTRIES: &str = "entries";
pub(super) const FAVORITES: &str = "favorites";
pub(super) const RECORD: &str = "record";

/// Times that it is signed in during one reading.
const LOGINS: u32 = 2;
/// Characters of the site's words that are repeated.
const LONGEST: usize = 200;

/// Where keys are made and looked up.
const KEYS: &str = "https://thetvdb.com/dashboard/account/apikey";

/// The request that signs in, for the first or another time.
pub(super) fn login(url: Url, key: &str, pin: Option<&str>, number: u32) -> Request {
    let body = match pin {
        Some(pin) => json!({"apikey": key, "pin": pin}),
        None => json!({"apikey": key}),
    };
    Request {
        method: Method::Post,
        number,
        ..Request::get(url, LOGIN)
    }
    .header("content-type", HeaderValue::from_static("application/json"))
    .header("accept", HeaderValue::from_static("application/json"))
    .secret(SecretPart::Body(body.to_string().into()))
}

/// Reads the answer to any step of a list.
pub(super) fn parse(
    list: &TvdbList,
    asked: &ListToRead,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    if answer.wall().is_some() {
        answer.document()?;
    }
    match request.step {
        LOGIN => signed_in(list, asked, request, answer),
        _ if answer.status == 401 && !is_page(answer) => again(list, asked, request, answer),
        LOOK_UP => found(list, request, answer),
        FAVORITES => favorites(&data(list, answer)?),
        _ => entries(list, &data(list, answer)?),
    }
}

fn is_page(answer: &Answer) -> bool {
    answer.is_html() && !answer.body.trim().is_empty()
}

fn signed_in(
    list: &TvdbList,
    asked: &ListToRead,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    if matches!(answer.status, 400 | 401 | 403) && !is_page(answer) {
        return Err(not_signed_in(list, asked, &said(answer)));
    }
    let body = answer.json()?;
    let token = body
        .pointer("/data/token")
        .and_then(Value::as_str)
        .ok_or_else(|| ProviderError::changed("no token for the key"))?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|error| ProviderError::changed(format!("a token that cannot be sent: {error}")))?;
    bearer.set_sensitive(true);
    let (path, step) = match list {
        TvdbList::List(slug) => (format!("lists/slug/{slug}"), LOOK_UP),
        TvdbList::OwnFavorites | TvdbList::FavoritesOf(_) => ("user/favorites".into(), FAVORITES),
    };
    let next = Request {
        number: request.number,
        ..Request::get(at(&request.url, &path), step)
    }
    .header("accept", HeaderValue::from_static("application/json"))
    .header(AUTHORIZATION_NAME, bearer);
    Ok(then(next, None))
}

/// As headers of requests are named.
const AUTHORIZATION_NAME: &str = "authorization";

/// What a request shows of having signed in.
pub(super) fn bearer(request: &Request) -> Option<&HeaderValue> {
    request
        .headers
        .iter()
        .find(|(name, _)| AUTHORIZATION == *name)
        .map(|(_, value)| value)
}

/// The same with it.
pub(super) fn with_bearer(request: Request, bearer: HeaderValue) -> Request {
    request.header(AUTHORIZATION_NAME, bearer)
}

/// Another path of the API, beside the one of `url`.
fn at(url: &Url, path: &str) -> Url {
    let base = url
        .path()
        .rsplit_once("/v4/")
        .map_or("", |(before, _)| before);
    let path = format!("{base}/v4/{path}");
    let mut url = url.clone();
    url.set_query(None);
    url.set_path(&path);
    url
}

fn then(next: Request, name: Option<String>) -> Page {
    Page {
        next: Some(next),
        name,
        ..Page::default()
    }
}

/// The token is not accepted any more: signs in once more.
fn again(
    list: &TvdbList,
    asked: &ListToRead,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let (Some(key), true) = (super::key(asked), request.number < LOGINS) else {
        let id = list.id();
        return Err(ProviderError::refused(
            Cause::NeedsKey,
            format!(
                "TheTVDB does not show {id} with this API key{}",
                said(answer)
            ),
            format!(
                "Check `providers.tvdb.key` (TVDB_KEY) and `providers.tvdb.pin` (TVDB_PIN) against {KEYS}."
            ),
        ));
    };
    let url = at(&request.url, "login");
    Ok(then(
        login(url, key, super::pin(asked), request.number + 1),
        None,
    ))
}

fn not_signed_in(list: &TvdbList, asked: &ListToRead, said: &str) -> ProviderError {
    let is_about_pin = said.to_lowercase().contains("pin ");
    let (reason, remedy) = match (is_about_pin, super::pin(asked)) {
        (true, None) => (
            "TheTVDB wants a subscriber's PIN with this API key",
            "Set your PIN as `providers.tvdb.pin` (TVDB_PIN); it is at https://thetvdb.com/dashboard/account/editinfo.".to_owned(),
        ),
        (true, Some(_)) => (
            "TheTVDB does not accept the PIN",
            "Copy `providers.tvdb.pin` (TVDB_PIN) again from https://thetvdb.com/dashboard/account/editinfo.".to_owned(),
        ),
        (false, _) => (
            "TheTVDB does not accept the API key",
            format!("Copy `providers.tvdb.key` (TVDB_KEY) again from {KEYS}; keys of the old API have no dashes and do not work."),
        ),
    };
    let reason = format!("{reason} with which {} was asked for{said}", list.id());
    ProviderError::refused(Cause::NeedsKey, reason, remedy)
}

/// The site's own words in a failure, in brackets.
fn said(answer: &Answer) -> String {
    let message = serde_json::from_str::<Value>(&answer.body)
        .ok() // then it says nothing
        .and_then(|body| Some(body.get("message")?.as_str()?.trim().to_owned()));
    message
        .filter(|message| !message.is_empty())
        .map_or_else(String::new, |message| {
            let message: String = message.chars().take(LONGEST).collect();
            format!(" (\"{message}\")")
        })
}

/// The list's number, by its name. What is no name of a list may be its number.
fn found(list: &TvdbList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    let TvdbList::List(slug) = list else {
        return Err(ProviderError::NotFound);
    };
    let is_absent = matches!(answer.status, 400 | 404);
    let (id, name) = if is_absent && is_number(slug) {
        (slug.clone(), None)
    } else {
        let data = data(list, answer)?;
        let id = number(data.get("id"))
            .ok_or_else(|| ProviderError::changed("no number of the list"))?;
        (id.to_string(), text(data.get("name")))
    };
    let next = Request {
        url: at(&request.url, &format!("lists/{id}/extended")),
        step: ENTRIES,
        ..request.clone()
    };
    Ok(then(next, name))
}

/// What an answer is about.
fn data(list: &TvdbList, answer: &Answer) -> Result<Value, ProviderError> {
    let id = list.id();
    if matches!(answer.status, 400 | 404) {
        let hint = match list {
            TvdbList::List(slug) => {
                format!(" For favorites of a user write `user/{slug}/favorites`.")
            }
            TvdbList::OwnFavorites | TvdbList::FavoritesOf(_) => String::new(),
        };
        return Err(ProviderError::refused(
            Cause::NotFound,
            format!("TheTVDB has no list {id}{}", said(answer)),
            format!("Check its address in a browser, or remove it here.{hint}"),
        ));
    }
    if answer.status == 403 && !is_page(answer) {
        return Err(ProviderError::refused(
            Cause::Private,
            format!("TheTVDB does not show {id} to us{}", said(answer)),
            "Make it public there, or set the key and the PIN of its owner as `providers.tvdb.key` (TVDB_KEY) and `providers.tvdb.pin` (TVDB_PIN).",
        ));
    }
    let mut body = answer.json()?;
    if body.get("status").and_then(Value::as_str) == Some("failure") {
        return Err(ProviderError::Failed {
            what: format!("it did not give {id}{}", said(answer)),
        });
    }
    body.get_mut("data")
        .map(Value::take)
        .filter(Value::is_object)
        .ok_or_else(|| ProviderError::changed("no data in it"))
}

/// All entries of a list, in its order.
fn entries(list: &TvdbList, data: &Value) -> Result<Page, ProviderError> {
    let none = Vec::new();
    let rows = match data.get("entities") {
        Some(Value::Array(rows)) if !rows.is_empty() => rows,
        // Only what is a list otherwise is an empty one; empty arrays come as nothing, too.
        Some(Value::Array(_) | Value::Null) if number(data.get("id")).is_some() => &none,
        _ => {
            let what = format!("no entries of {}", list.id());
            return Err(ProviderError::changed(what));
        }
    };
    let mut rows: Vec<&Value> = rows.iter().collect();
    let order = |row: &Value| row.get("order").and_then(Value::as_i64);
    if rows.iter().all(|row| order(row).is_some()) {
        rows.sort_by_key(|row| order(row));
    }
    let entries: Vec<Entry> = rows.iter().filter_map(|row| entity(row)).collect();
    if entries.is_empty() && !rows.is_empty() {
        return Err(ProviderError::changed("no entry is a series or a movie"));
    }
    Ok(Page {
        dropped: u32::try_from(rows.len() - entries.len()).unwrap_or(u32::MAX), // no list is that long
        entries,
        name: text(data.get("name")),
        ..Page::default()
    })
}

fn entity(row: &Value) -> Option<Entry> {
    let series = number(row.get("seriesId")).map(|id| (MediaType::Tv, id));
    let movie = number(row.get("movieId")).map(|id| (MediaType::Movie, id));
    series
        .or(movie)
        .map(|(media_type, id)| entry(media_type, id))
}

/// An entry that has its number only.
fn entry(media_type: MediaType, id: i64) -> Entry {
    Entry {
        media_type: Some(media_type),
        tvdb_id: Some(id),
        source_id: Some(format!("{PREFIX}{}:{id}", kind(media_type))),
        ..Entry::default()
    }
}

fn kind(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movies",
        MediaType::Tv => "series",
    }
}

/// Favourites are numbers by kind; episodes, people and so on are counted only.
fn favorites(data: &Value) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut has_array = false;
    let fields = data.as_object().into_iter().flatten();
    for (name, value) in fields {
        let numbers = match value {
            Value::Array(numbers) => numbers,
            Value::Null if matches!(name.as_str(), "series" | "movies") => {
                has_array = true;
                continue;
            }
            _ => continue,
        };
        let media_type = match name.as_str() {
            "series" => Some(MediaType::Tv),
            "movies" => Some(MediaType::Movie),
            _ => None,
        };
        has_array |= media_type.is_some();
        for value in numbers {
            match media_type.zip(number(Some(value))) {
                Some((media_type, id)) => page.entries.push(entry(media_type, id)),
                None => page.dropped += 1,
            }
        }
    }
    // Series come first, whatever the order of the fields.
    page.entries
        .sort_by_key(|entry| entry.media_type != Some(MediaType::Tv));
    has_array
        .then_some(page)
        .ok_or_else(|| ProviderError::changed("no favorite series and movies"))
}

/// Where the record of a title is: `series:123` is it that the entry is called.
pub(super) fn record_path(name: &str) -> Option<String> {
    let (kind, id) = name.split_once(':')?;
    (matches!(kind, "series" | "movies") && is_number(id))
        .then(|| format!("v4/{kind}/{id}/extended?meta=translations&short=true"))
}

/// Reads the ids in the record of a title.
pub(super) fn ids(request: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
    let body = answer.json()?;
    let data = body
        .get("data")
        .filter(|data| number(data.get("id")).is_some())
        .ok_or_else(|| ProviderError::changed("no record of a title"))?;
    let media_type = if request.url.path().contains("/movies/") {
        MediaType::Movie
    } else {
        MediaType::Tv
    };
    let remote: Vec<&Value> = data
        .get("remoteIds")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let of_site = |site: &str, read: &dyn Fn(&str) -> Option<String>| {
        remote
            .iter()
            .filter(|row| text(row.get("sourceName")).is_some_and(|name| is_of(&name, site)))
            .find_map(|row| read(&text(row.get("id"))?))
    };
    let tmdb_id = of_site("themoviedb", &tmdb).and_then(|id| id.parse().ok()); // digits only
    Ok(Ids {
        media_type: Some(media_type),
        imdb_id: of_site("imdb", &imdb),
        tmdb_id,
        // A show is known by this number everywhere; a movie's others may be added later.
        tvdb_id: number(data.get("id")).filter(|_| media_type == MediaType::Tv),
        season: None,
    })
}

/// `TheMovieDB.com`, `IMDB`: names of sites vary in case and ending.
fn is_of(name: &str, site: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == site || name.strip_suffix(".com") == Some(site)
}

/// The digits of `1438` and `1438-the-wire`.
fn tmdb(id: &str) -> Option<String> {
    let digits = id.split('-').next()?;
    let is_id = is_number(digits) && digits.bytes().any(|byte| byte != b'0');
    is_id.then(|| digits.to_owned())
}

fn imdb(id: &str) -> Option<String> {
    is_imdb_title(id).then(|| id.to_owned())
}

/// What the record calls the title: in English where it can, else in its own language.
pub(super) fn named(answer: &Answer) -> Option<Named> {
    let body = answer.json().ok()?; // the ids tell what is wrong with it
    let data = body.get("data")?;
    let names = data
        .pointer("/translations/nameTranslations")
        .and_then(Value::as_array);
    let english = names.into_iter().flatten().find_map(|name| {
        let is_english = text(name.get("language")).as_deref() == Some("eng");
        let is_alias = name.get("isAlias").and_then(Value::as_bool) == Some(true);
        (is_english && !is_alias).then(|| text(name.get("name")))?
    });
    let (title, in_title) = without_year(&english.or_else(|| text(data.get("name")))?);
    let dates = ["year", "firstAired"].map(|key| text(data.get(key)));
    let release = data
        .pointer("/first_release/date")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let year = dates
        .into_iter()
        .chain([release])
        .flatten()
        .find_map(|date| year_of(&date));
    Some(Named {
        title,
        year: year.or(in_title),
    })
}

/// `Tide Tables (2011)`: names that two titles have are told apart by their years.
fn without_year(name: &str) -> (String, Option<i32>) {
    let split = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once(" ("))
        .filter(|(title, digits)| digits.len() == 4 && !title.trim().is_empty());
    match split.and_then(|(title, digits)| Some((title, year_of(digits)?))) {
        Some((title, year)) => (title.trim().to_owned(), Some(year)),
        None => (name.to_owned(), None),
    }
}

/// The year that a date begins with.
pub(super) fn year_of(date: &str) -> Option<i32> {
    let year: i32 = date.get(..4)?.parse().ok()?; // else it is no date
    (1000..=9999).contains(&year).then_some(year)
}
