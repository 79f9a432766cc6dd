//! One page of Trakt's answers: what a list is called, which statuses are refusals, how many entries
//! there are, where it goes on. Leaves the entries to `title`.

use serde_json::Value;
use url::Url;

use super::{
    address::{Shelf, TraktList},
    is_signed_in, refusal, title,
};
use crate::provider::{Answer, Page, ProviderError, Request};
use schema::models::MediaType;

/// Steps, by what a document holds. The first tells of the list itself, and its entries follow.
pub(super) const ABOUT: &str = "the list";
pub(super) const ALL: &str = "movies and shows";
pub(super) const MOVIES: &str = "movies";
pub(super) const SHOWS: &str = "shows";
/// Movies, and the shows are the document after it.
pub(super) const MOVIES_THEN_SHOWS: &str = "movies, then shows";

/// Of what a list may hold, only people are left out: a season stands for its show, and an episode is
/// counted as dropped.
const ITEMS: &str = "movie,show,season,episode";

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

/// The request for the first document, of which only that about the list itself has no pages.
pub(super) fn first(request: Request, list: &TraktList, limit: Option<u32>) -> Request {
    if request.step == ABOUT {
        request
    } else {
        numbered(request, 1, size(list, limit))
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
        && let Some(refusal) = refusal(answer.status, list, is_signed_in(request))
    {
        return Err(refusal);
    }
    if request.step == ABOUT {
        about(list, request, &answer.json()?)
    } else {
        entries(list, limit, request, answer)
    }
}

/// Reads what a list is. Its number of entries counts people too, which are not asked for, so it is
/// announced only where the entries themselves do not tell.
fn about(list: &TraktList, request: &Request, about: &Value) -> Result<Page, ProviderError> {
    let name = about.get("name").and_then(Value::as_str).map(str::trim);
    let count = about.get("item_count").and_then(Value::as_u64);
    if name.is_none() && count.is_none() {
        return Err(ProviderError::changed("no description of a list"));
    }
    let items = Request {
        url: below(&request.url, &["items", ITEMS])?,
        step: ALL,
        carried: count.and_then(|count| u32::try_from(count).ok()), // no list is that long
        ..request.clone()
    };
    Ok(Page {
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        next: Some(numbered(items, 1, size(list, None))),
        ..Page::default()
    })
}

fn entries(
    list: &TraktList,
    limit: Option<u32>,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let Value::Array(rows) = answer.json()? else {
        return Err(ProviderError::changed("no array of entries"));
    };
    let rows_here = u32::try_from(rows.len()).unwrap_or(u32::MAX); // no page is that long
    let pages = Pages::of(answer, request, rows_here);
    if let Some(other) = pages.other() {
        return Err(ProviderError::Failed {
            what: format!("it sent page {other} where page {} was due", request.number),
        });
    }
    let next = if is_one_page(list) || !pages.has_next() {
        shows_after(list, request, pages.entries)?
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
        may_repeat: matches!(list, TraktList::Chart { .. }),
        ..page
    })
}

/// What Trakt tells about the pages of a document, in headers.
struct Pages {
    number: u32,
    /// The number that the page itself has.
    told: Option<u32>,
    count: Option<u32>,
    entries: Option<u32>,
    /// Entries of a full page.
    size: u32,
    rows: u32,
}

impl Pages {
    fn of(answer: &Answer, request: &Request, rows: u32) -> Self {
        let number = |name| answer.header(name)?.trim().parse::<u32>().ok(); // else it is not told
        // Less than was asked for may be all that the site gives at once.
        let size = number("x-pagination-limit").filter(|size| *size > 0);
        Self {
            number: request.number,
            told: number("x-pagination-page"),
            count: number("x-pagination-page-count"),
            entries: number("x-pagination-item-count"),
            size: size
                .or_else(|| asked_for(&request.url))
                .unwrap_or(PAGE_SIZE),
            rows,
        }
    }

    /// The number of this page, where it is not the one that was asked for.
    fn other(&self) -> Option<u32> {
        self.told
            .filter(|told| self.rows > 0 && *told != self.number)
    }

    /// Where neither pages nor entries are counted, only an empty page is certainly the last; a page
    /// with more entries than were asked for comes from a document without pages.
    fn has_next(&self) -> bool {
        let read = self.number.saturating_mul(self.size);
        match (self.count, self.entries) {
            (Some(count), _) => self.number < count,
            (None, Some(entries)) => read < entries,
            (None, None) => self.rows > 0 && self.rows <= self.size,
        }
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
    let entries = match request.step {
        ALL => entries.or(request.carried)?,
        _ => entries?,
    };
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
fn shows_after(
    list: &TraktList,
    request: &Request,
    movies: Option<u32>,
) -> Result<Option<Request>, ProviderError> {
    if request.step != MOVIES_THEN_SHOWS {
        return Ok(None);
    }
    let first = Request {
        url: below(&request.url, &["..", SHOWS])?,
        step: SHOWS,
        carried: movies,
        ..request.clone()
    };
    Ok(Some(numbered(first, 1, size(list, None))))
}

/// The address `parts` further down; `..` goes up.
fn below(url: &Url, parts: &[&str]) -> Result<Url, ProviderError> {
    let mut url = url.clone();
    let mut path = url
        .path_segments_mut()
        .map_err(|()| ProviderError::changed("an address without a path"))?;
    for part in parts {
        match *part {
            ".." => path.pop(),
            part => path.push(part),
        };
    }
    drop(path);
    Ok(url)
}

/// What an entry is that does not say so.
fn bare(step: &str) -> Option<MediaType> {
    match step {
        MOVIES | MOVIES_THEN_SHOWS => Some(MediaType::Movie),
        SHOWS => Some(MediaType::Tv),
        _ => None,
    }
}
