//! Pages of `MDBList`'s answers: what a list is, where its entries go on. Leaves the entries to
//! `title` and refusals to `refusal`.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{address::MdbList, title};
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::loose::text,
};

/// Steps, by what a document holds.
pub(super) const DESCRIPTION: &str = "description";
pub(super) const ITEMS: &str = "items";

/// Entries asked for at once: the most that the site gives.
const PAGE_SIZE: u32 = 1000;
/// Pages that a site cuts at a size of its own are round numbers.
const ROUND: u32 = 10;

/// The request for the first entries.
pub(super) fn first(request: Request, limit: Option<u32>) -> Request {
    let size = limit.map_or(PAGE_SIZE, |limit| limit.clamp(1, PAGE_SIZE));
    let query = format!("limit={size}&offset=0&unified=true");
    with_query(request, &query)
}

fn with_query(mut request: Request, query: &str) -> Request {
    request.url.set_query(Some(query));
    request
}

/// Reads what the list is: its name and how many entries it has. Its entries are next.
pub(super) fn description(
    list: &MdbList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let body = match answer.json()? {
        // A user may have had two lists of one name.
        Value::Array(lists) => lists.into_iter().next().ok_or(ProviderError::NotFound)?,
        body => body,
    };
    if !["name", "items", "slug"]
        .iter()
        .any(|key| body.get(*key).is_some())
    {
        return Err(ProviderError::changed("no name and no number of entries"));
    }
    let mut url = request.url.clone();
    url.set_path(&format!("{}/items", url.path().trim_end_matches('/')));
    let items = Request {
        url,
        step: ITEMS,
        ..request.clone()
    };
    let count = body.get("items").and_then(Value::as_u64);
    Ok(Page {
        name: text(body.get("name")).or_else(|| text(body.get("title"))),
        announced: count.and_then(|count| u32::try_from(count).ok()), // no list is that long
        next: Some(first(items, limit)).filter(|_| list.description_path().is_some()),
        ..Page::default()
    })
}

/// Reads entries.
pub(super) fn items(request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    let body = answer.json()?;
    let more = More::of(answer, &body);
    let print = fingerprint(&answer.body);
    if more.is_told.is_none() && request.carried == Some(print) {
        // It does not know of offsets: the page before was the whole list.
        return Ok(Page::default());
    }
    let rows = title::rows(body)?;
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX); // no page is that long
    if count == 0 && more.is_told == Some(true) {
        return Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        });
    }
    let page = title::page(&rows)?;
    Ok(Page {
        next: more.next(request, count, print),
        ..page
    })
}

/// What is told about further entries, in a header and in newer bodies.
struct More {
    is_told: Option<bool>,
    cursor: Option<String>,
}

impl More {
    fn of(answer: &Answer, body: &Value) -> Self {
        let header = answer
            .header("x-has-more")
            .map(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1"));
        let pagination = body.get("pagination");
        let in_body = pagination
            .and_then(|it| it.get("has_more"))
            .and_then(Value::as_bool);
        let cursor = pagination.and_then(|it| text(it.get("next_cursor")));
        Self {
            is_told: header.or(in_body),
            cursor,
        }
    }

    fn next(&self, request: &Request, rows: u32, print: u32) -> Option<Request> {
        let size = asked_for(request, "limit").unwrap_or(PAGE_SIZE);
        let may_go_on = rows > 0 && (rows >= size || rows.is_multiple_of(ROUND));
        if !self.is_told.unwrap_or(may_go_on) {
            return None;
        }
        let from = if let Some(cursor) = &self.cursor {
            let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
            format!("cursor={cursor}")
        } else {
            // A page of two arrays may have as many of each as were asked for in all.
            let offset = asked_for(request, "offset").unwrap_or_default();
            format!("offset={}", offset.saturating_add(rows.min(size)))
        };
        let next = Request {
            number: request.number + 1,
            carried: Some(print),
            is_whole_list: false,
            ..request.clone()
        };
        Some(with_query(
            next,
            &format!("limit={size}&{from}&unified=true"),
        ))
    }
}

fn asked_for(request: &Request, key: &str) -> Option<u32> {
    let (_, value) = request.url.query_pairs().find(|(name, _)| name == key)?;
    value.parse().ok() // we wrote it ourselves
}

/// Tells a page from the one before it.
fn fingerprint(body: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default() // half of it
}
