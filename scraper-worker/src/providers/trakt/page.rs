//! One page of Trakt's answers: which statuses are refusals, how many entries there are, where it goes
//! on. Leaves the entries to `title`.

use serde_json::Value;
use url::Url;

use super::{
    address::{Shelf, TraktList},
    refusal, title,
};
use crate::provider::{Answer, Page, ProviderError, Request};
use schema::models::MediaType;

/// Steps, by what a document holds.
pub(super) const ALL: &str = "movies and shows";
pub(super) const MOVIES: &str = "movies";
pub(super) const SHOWS: &str = "shows";
/// Movies, and the shows are the document after it.
pub(super) const MOVIES_THEN_SHOWS: &str = "movies, then shows";

/// Entries asked for at once: the most that Trakt gives, and it cuts larger wishes silently.
const PAGE_SIZE: u32 = 250;

/// The step of a document of one kind.
pub(super) fn of(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => MOVIES,
        MediaType::Tv => SHOWS,
    }
}

/// Entries to ask for at once. Of a chart only those that are wanted; all of them are titles.
pub(super) fn size(list: &TraktList, limit: Option<u32>) -> u32 {
    match (list, limit) {
        (TraktList::Chart { .. }, Some(limit)) => limit.clamp(1, PAGE_SIZE),
        _ => PAGE_SIZE,
    }
}

/// The request for a page of the document that `request` asks for.
pub(super) fn numbered(request: Request, number: u32, size: u32) -> Request {
    let mut url = request.url;
    url.set_query(Some(&format!("page={number}&limit={size}")));
    Request {
        url,
        number,
        ..request
    }
}

/// Reads a page.
pub(super) fn parse(
    list: &TraktList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    // A challenge of the network before Trakt has the same statuses, but comes as a page for people;
    // Trakt's own refusals may be without a body and call that HTML.
    let is_page =
        answer.is_html() && !answer.body.trim().is_empty() && matches!(answer.status, 401 | 403);
    if answer.wall().is_none()
        && !is_page
        && let Some(refusal) = refusal(answer.status, list)
    {
        return Err(refusal);
    }
    let Value::Array(rows) = answer.json()? else {
        return Err(ProviderError::changed("no array of entries"));
    };
    let rows_here = u32::try_from(rows.len()).unwrap_or(u32::MAX); // no page is that long
    let pages = Pages::of(answer, request, rows_here);
    let next = if !pages.has_next() || is_one_page(list) {
        shows_after(list, request, pages.entries)
    } else if rows_here == 0 {
        return Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        });
    } else {
        let size = size(list, limit);
        Some(numbered(request.clone(), request.number + 1, size))
    };
    let page = title::page(&rows, bare(request.step))?;
    Ok(Page {
        announced: announced(list, limit, request, pages.entries),
        next,
        // Places in a chart change while it is read; it is no less a chart for that.
        may_repeat: page.may_repeat || matches!(list, TraktList::Chart { .. }),
        ..page
    })
}

/// What Trakt tells about the pages of a document, in headers.
struct Pages {
    number: u32,
    count: Option<u32>,
    entries: Option<u32>,
    is_full: bool,
}

impl Pages {
    fn of(answer: &Answer, request: &Request, rows: u32) -> Self {
        let number = |name| answer.header(name)?.trim().parse::<u32>().ok(); // else it is not told
        // Less than was asked for may be all that the site gives at once.
        let size = number("x-pagination-limit").or_else(|| asked_for(&request.url));
        Self {
            number: request.number,
            count: number("x-pagination-page-count"),
            entries: number("x-pagination-item-count"),
            is_full: size.is_some_and(|size| size > 0 && rows >= size),
        }
    }

    fn has_next(&self) -> bool {
        self.count.map_or(self.is_full, |count| self.number < count)
    }
}

fn asked_for(url: &Url) -> Option<u32> {
    let (_, size) = url.query_pairs().find(|(key, _)| key == "limit")?;
    size.parse().ok() // we wrote it ourselves
}

/// The box office has ten titles, whatever is asked for.
fn is_one_page(list: &TraktList) -> bool {
    matches!(list, TraktList::Chart { chart, .. } if *chart == "boxoffice")
}

/// Entries the whole list is said to have. A chart counts all titles there are, and as time goes by
/// others; of it the wanted ones are due.
fn announced(
    list: &TraktList,
    limit: Option<u32>,
    request: &Request,
    entries: Option<u32>,
) -> Option<u32> {
    let entries = entries?;
    match (list, request.step) {
        (TraktList::Chart { .. }, _) => Some(limit.map_or(entries, |limit| entries.min(limit))),
        // The shows are not counted yet.
        (_, MOVIES_THEN_SHOWS) => None,
        (
            TraktList::Kept {
                only: None, shelf, ..
            },
            SHOWS,
        ) if *shelf != Shelf::Watchlist => Some(request.carried?.saturating_add(entries)),
        _ => Some(entries),
    }
}

/// The document of shows that follows the last page of movies.
fn shows_after(list: &TraktList, request: &Request, movies: Option<u32>) -> Option<Request> {
    if request.step != MOVIES_THEN_SHOWS {
        return None;
    }
    let mut url = request.url.clone();
    url.path_segments_mut().ok()?.pop().push(SHOWS); // http addresses have a path
    let first = Request {
        url,
        step: SHOWS,
        carried: movies,
        ..request.clone()
    };
    Some(numbered(first, 1, size(list, None)))
}

/// What an entry is that does not say so.
fn bare(step: &str) -> Option<MediaType> {
    match step {
        MOVIES | MOVIES_THEN_SHOWS => Some(MediaType::Movie),
        SHOWS => Some(MediaType::Tv),
        _ => None,
    }
}
