//! The watchlist as Plex's API gives it to its account: pages of a container, and single titles.

use schema::{
    models::{Cause, MediaType},
    wire::scraper::Entry,
};
use serde_json::Value;

use super::{address::PlexList, title};
use crate::provider::{Answer, Ids, Page, ProviderError, Request};

/// A page of the watchlist.
pub(super) const WATCHLIST: &str = "watchlist";
/// A title of it.
pub(super) const TITLE: &str = "title";

/// Entries asked for at once: what Plex gives at the most since 2025-12.
const PAGE_SIZE: u32 = 100;

/// Where Plex says how a token is found.
const TOKEN: &str =
    "https://support.plex.tv/articles/204059436-finding-an-authentication-token-x-plex-token/";

/// That no token is set.
pub(super) fn needs_token() -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        "Plex shows a watchlist to its owner only, by the token of the account",
        format!(
            "Sign in with `listsync providers sign-in plex`, or find your token as told at {TOKEN} and set it as `providers.plex.token` (PLEX_TOKEN), or follow the address of the watchlist's RSS feed."
        ),
    )
}

/// That Plex does not take the token, or that it cannot even be sent.
pub(super) fn token_failed(list: &str) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        format!("Plex does not give {list}: the token of the account is not accepted"),
        format!(
            "Sign in again with `listsync providers sign-in plex`, or find the token anew as told at {TOKEN} and set it as `providers.plex.token` (PLEX_TOKEN); tokens end when the account signs out of the device they are of."
        ),
    )
}

/// Completes the first request with what is wanted.
pub(super) fn first(request: Request, only: Option<MediaType>) -> Request {
    let mut url = request.url;
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("includeGuids", "1")
            .append_pair("sort", "watchlistedAt:desc");
        match only {
            Some(MediaType::Movie) => query.append_pair("type", "1"),
            Some(MediaType::Tv) => query.append_pair("type", "2"),
            None => &mut query,
        };
    }
    from(Request { url, ..request }, 0, 1)
}

/// The same request for entries from `start` on.
fn from(request: Request, start: u32, number: u32) -> Request {
    let mut url = request.url;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| !key.starts_with("X-Plex-Container-"))
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("X-Plex-Container-Start", &start.to_string())
        .append_pair("X-Plex-Container-Size", &PAGE_SIZE.to_string());
    Request {
        url,
        number,
        carried: Some(start),
        ..request
    }
}

/// The container of an answer.
fn container(list: &str, answer: &Answer) -> Result<Value, ProviderError> {
    if answer.status == 401 && answer.wall().is_none() {
        return Err(token_failed(list));
    }
    let mut body = answer.json()?;
    let container = body.get_mut("MediaContainer").map(Value::take);
    container
        .filter(Value::is_object)
        .ok_or_else(|| ProviderError::changed("no `MediaContainer`"))
}

/// Reads a page.
pub(super) fn parse(
    list: &PlexList,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let container = match container(&list.id(), answer) {
        // Every account has a watchlist: it has moved, as it did in 2025.
        Err(ProviderError::NotFound) => {
            return Err(ProviderError::changed("the watchlist is not where it was"));
        }
        container => container?,
    };
    let count = |key| {
        let count = container.get(key)?;
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?; // else it is not told
        u32::try_from(count).ok() // no watchlist is that long
    };
    let (announced, size) = (count("totalSize"), count("size"));
    let rows = match container.get("Metadata") {
        Some(Value::Array(rows)) => rows.as_slice(),
        None | Some(Value::Null) if size == Some(0) => &[],
        _ => return Err(ProviderError::changed("no `Metadata`")),
    };
    let start = request.carried.unwrap_or_default();
    let here = u32::try_from(rows.len()).unwrap_or(u32::MAX); // no page is that long
    let so_far = start.saturating_add(here);
    let has_next = announced.map_or(here >= PAGE_SIZE, |announced| so_far < announced);
    if has_next && here == 0 {
        return Err(ProviderError::Failed {
            what: format!("nothing comes after {so_far} entries, and there are more"),
        });
    }
    let page = titles(rows)?;
    Ok(Page {
        announced,
        next: has_next.then(|| from(request.clone(), so_far, request.number + 1)),
        ..page
    })
}

fn titles(rows: &[Value]) -> Result<Page, ProviderError> {
    let mut page = Page::default();
    let mut strange = 0;
    for row in rows {
        let Some(kind) = kind(row) else {
            strange += 1;
            continue;
        };
        match title::media_type(kind).map(|media_type| entry(row, media_type)) {
            Some(Some(entry)) => page.entries.push(entry),
            Some(None) => strange += 1,
            None => page.dropped += 1,
        }
    }
    page.with_strange(strange, rows.len(), "entries are no movie and no show")
}

/// What a row is: as it says, or as its name at Plex (`plex://show/…`) does.
fn kind(row: &Value) -> Option<&str> {
    text(row, "type").or_else(|| {
        let name = text(row, "guid")?.strip_prefix("plex://")?;
        name.split('/').next()
    })
}

fn entry(row: &Value, media_type: MediaType) -> Option<Entry> {
    let year = row.get("year").and_then(number);
    let year = year.filter(|year| (1000..=9999).contains(year));
    let year = year.or_else(|| title::year_of(text(row, "originallyAvailableAt")?));
    let name = text(row, "title").unwrap_or_default();
    let original = text(row, "originalTitle").filter(|original| *original != name);
    let entry = title::entry(name, year, Some(media_type), title::ids(guids(row)))?;
    Some(Entry {
        original_title: original.map(str::to_owned),
        source_id: key(row).map(|key| format!("plex:{key}")),
        ..entry
    })
}

/// Reads the answer about a single title.
pub(super) fn ids(answer: &Answer) -> Result<Ids, ProviderError> {
    let container = container("a title", answer)?;
    let title = container
        .get("Metadata")
        .and_then(|rows| rows.as_array()?.first())
        .ok_or_else(|| ProviderError::changed("no `Metadata` of a title"))?;
    let media_type = kind(title)
        .and_then(title::media_type)
        .ok_or_else(|| ProviderError::changed("a title that is no movie and no show"))?;
    Ok(Ids {
        media_type: Some(media_type),
        ..title::ids(guids(title))
    })
}

/// `Guid` holds objects with an `id` each.
fn guids(row: &Value) -> impl Iterator<Item = &str> {
    let guids = row.get("Guid").and_then(Value::as_array);
    guids
        .into_iter()
        .flatten()
        .filter_map(|guid| guid.as_str().or_else(|| guid.get("id")?.as_str()))
}

/// What Plex itself calls it.
fn key(row: &Value) -> Option<&str> {
    let key = text(row, "ratingKey")?;
    key.bytes()
        .all(|byte| byte.is_ascii_alphanumeric())
        .then_some(key)
}

fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    let text = of.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn number(value: &Value) -> Option<i32> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?; // else there is none
    i32::try_from(number).ok() // else it is no year
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_values_are_read_as_what_they_can_only_mean() {
        let rows = [
            json!({"guid": "plex://show/5d77", "title": "By its name", "year": "1999",
                "Guid": ["tvdb://77", {"id": null}, {}]}),
            json!({"type": "Movie", "title": " Unreleased ", "year": 0, "ratingKey": "5d/77",
                "originallyAvailableAt": "", "Guid": null}),
            json!({"type": "movie", "title": "", "Guid": [{"id": "tmdb://5"}], "ratingKey": "5d78"}),
        ];
        let page = titles(&rows).unwrap();
        let told: Vec<_> = page
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.title.as_str(),
                    entry.year,
                    entry.tvdb_id,
                    entry.tmdb_id,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("By its name", Some(1999), Some(77), None),
                ("Unreleased", None, None, None),
                ("", None, None, Some(5)),
            ]
        );
        let kinds = page.entries.iter().map(|entry| entry.media_type);
        assert!(kinds.eq([
            Some(MediaType::Tv),
            Some(MediaType::Movie),
            Some(MediaType::Movie)
        ]));
        let keys: Vec<_> = page
            .entries
            .iter()
            .map(|entry| entry.source_id.as_deref())
            .collect();
        assert_eq!(keys, [None, None, Some("plex:5d78")]);
    }

    #[test]
    fn every_row_is_accounted_for_and_rows_of_which_none_can_be_read_are_a_change() {
        let fair = json!({"type": "movie", "title": "Fair"});
        for row in [
            json!(1),
            json!({}),
            json!({"type": "movie"}),
            json!({"type": "show", "title": " "}),
        ] {
            let changed = titles(&[row.clone(), row.clone()]);
            assert!(
                matches!(changed, Err(ProviderError::Changed { .. })),
                "{row}"
            );
            assert_eq!(titles(&[row, fair.clone()]).unwrap().dropped, 1);
        }
        let others = [
            json!({"type": "season", "title": "2"}),
            json!({"type": "person"}),
        ];
        let page = titles(&others).unwrap();
        assert_eq!((page.entries.len(), page.dropped), (0, 2));
    }
}
