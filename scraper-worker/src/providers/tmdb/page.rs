//! One page of the API's answers: how many entries there are, where it goes on. Leaves the entries to
//! `title` and refusals to `refusal`.

use schema::models::MediaType;
use serde_json::Value;

use super::{access::Access, address::TmdbList, refusal, shelf, step, title};
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::loose::{self, number, text},
};

/// TMDB answers no page after it.
pub(super) const LAST: u32 = 500;
/// Titles read of what has no end, where nobody says how many.
const TITLES: u32 = 100;

/// Reads a page.
pub(super) fn parse(
    list: &TmdbList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    // The newer API has said no already: what the older one leaves out is hidden, not absent.
    let is_private = request.step == step::LIST && request.carried == Some(refusal::PRIVATE);
    let body = match refusal::body(&list.id(), request.step, answer) {
        Err(ProviderError::Refused { .. }) if is_private => {
            return Err(refusal::private(&list.id()));
        }
        body => body?,
    };
    let rows = rows(&body, request.step)?;
    if is_private && rows.is_empty() {
        return Err(refusal::private(&list.id()));
    }
    if rows.is_empty() && !may_be_empty(list, request, &body) {
        return Err(ProviderError::changed(
            "no entry, and no word that there is none",
        ));
    }
    let read = title::page(rows, bare(list, request.step))?;
    let page = Page {
        name: text(body.get("name")),
        ..read
    };
    match request.step {
        step::COLLECTION => Ok(page),
        _ if list.is_endless() => beginning(limit, request, &body, page),
        _ => whole(request, &body, rows.len(), page),
    }
}

/// The request for the same list in the older API, after the newer one has said no.
pub(super) fn older(
    id: &str,
    access: &Access,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let mut url = request.url.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop().pop().pop().push("3").push("list").push(id);
    }
    let older = Request {
        carried: refusal::code(answer),
        ..access.ask(url, step::LIST, &[("page", "1")])?
    };
    Ok(Page {
        next: Some(older),
        ..Page::default()
    })
}

/// Rows are under one name in each kind of answer; lists have had two.
fn rows<'a>(body: &'a Value, step: &'static str) -> Result<&'a [Value], ProviderError> {
    let names: &[&str] = match step {
        step::LIST => &["items", "results"],
        step::LIST_V4 => &["results", "items"],
        step::COLLECTION => &["parts"],
        _ => &["results"],
    };
    names
        .iter()
        .find_map(|name| body.get(name)?.as_array())
        .map(Vec::as_slice)
        .ok_or_else(|| ProviderError::changed(format!("no `{}` in it", names.join("` or `"))))
}

/// Whether a page may be without entries: it is the one that was meant, and says so. Something is always
/// popular.
fn may_be_empty(list: &TmdbList, request: &Request, body: &Value) -> bool {
    match list {
        TmdbList::Chart { .. } | TmdbList::Trending { .. } => request.number > 1,
        TmdbList::Collection(_) | TmdbList::Franchise(_) => number(body.get("id")).is_some(),
        _ => announced_in(body).is_some(),
    }
}

/// What an entry is that does not say so.
fn bare(list: &TmdbList, step: &'static str) -> Option<MediaType> {
    match (step, list) {
        (step::COLLECTION | step::MOVIES_THEN_SHOWS, _) => Some(MediaType::Movie),
        (step::SHOWS_AFTER, _) => Some(MediaType::Tv),
        (_, TmdbList::Shelf(of)) => of.only,
        (_, TmdbList::Chart { of, .. } | TmdbList::Discover { of, .. }) => Some(*of),
        (_, TmdbList::Trending { of, .. }) => *of,
        _ => None,
    }
}

/// A page of a list with an end.
fn whole(request: &Request, body: &Value, rows: usize, page: Page) -> Result<Page, ProviderError> {
    let pages = count(body, "total_pages").unwrap_or(1);
    let entries = announced_in(body);
    let (next, is_cut) = if request.number >= pages {
        (after_last(request, entries), false)
    } else if rows == 0 {
        return Err(empty(request));
    } else if request.number >= LAST {
        (None, true)
    } else {
        (Some(numbered(request.clone(), request.number + 1)), false)
    };
    Ok(Page {
        announced: announced(request, entries),
        is_cut,
        next,
        ..page
    })
}

fn announced_in(body: &Value) -> Option<u32> {
    count(body, "total_results").or_else(|| count(body, "item_count"))
}

fn empty(request: &Request) -> ProviderError {
    ProviderError::Failed {
        what: format!("its page {} is empty, and is not the last", request.number),
    }
}

fn after_last(request: &Request, entries: Option<u32>) -> Option<Request> {
    (request.step == step::MOVIES_THEN_SHOWS)
        .then(|| shelf::shows_after(request, entries))
        .flatten()
}

/// Entries the whole list is said to have.
fn announced(request: &Request, entries: Option<u32>) -> Option<u32> {
    match request.step {
        // The shows are not counted yet.
        step::MOVIES_THEN_SHOWS => None,
        step::SHOWS_AFTER => Some(request.carried?.saturating_add(entries?)),
        _ => entries,
    }
}

/// A page of what has no end. Where the owner says how many titles are wanted, the walk ends with
/// them; else it ends here.
fn beginning(
    limit: Option<u32>,
    request: &Request,
    body: &Value,
    mut page: Page,
) -> Result<Page, ProviderError> {
    let before = request.carried.unwrap_or_default();
    let pages = count(body, "total_pages").unwrap_or(1).min(LAST);
    let has_next = request.number < pages;
    if has_next && page.entries.is_empty() && page.dropped == 0 {
        return Err(empty(request));
    }
    let mut is_enough = false;
    if limit.is_none() {
        let wanted = TITLES.saturating_sub(before) as usize;
        is_enough = page.entries.len() >= wanted;
        page.entries.truncate(wanted);
    }
    let here = u32::try_from(page.entries.len()).unwrap_or(u32::MAX); // no page is that long
    let read = before.saturating_add(here);
    let next = (has_next && !is_enough).then(|| Request {
        carried: Some(read),
        ..numbered(request.clone(), request.number + 1)
    });
    Ok(Page {
        announced: count(body, "total_results").map(|all| all.min(limit.unwrap_or(TITLES))),
        next,
        // Places in a chart change while it is read; it is no less a chart for that.
        may_repeat: true,
        ..page
    })
}

/// The request for another page of the document that `request` asks for.
pub(super) fn numbered(request: Request, number: u32) -> Request {
    let mut request = without(request, "page");
    request
        .url
        .query_pairs_mut()
        .append_pair("page", &number.to_string());
    Request { number, ..request }
}

/// The same request without one of its parameters.
pub(super) fn without(mut request: Request, name: &str) -> Request {
    let pairs: Vec<(String, String)> = request
        .url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    request.url.set_query(None);
    if !pairs.is_empty() {
        request.url.query_pairs_mut().extend_pairs(pairs);
    }
    request
}

/// How many of something there are; none is a count too.
fn count(body: &Value, key: &str) -> Option<u32> {
    u32::try_from(loose::whole(body.get(key))?).ok() // no list is that long
}
