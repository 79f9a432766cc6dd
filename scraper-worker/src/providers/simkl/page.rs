//! Simkl's answers: what each holds, how many there are to be, and which comes next.

use schema::models::Cause;
use serde_json::Value;

use super::{
    address::{Kind, SimklList},
    refusal, title,
};
use crate::{
    provider::{Answer, ListToRead, Page, ProviderError, Request},
    providers::loose::{number, text},
};

/// A chart's file: all of it.
pub(super) const FILE: &str = "file";
/// The best of a kind, by the API.
pub(super) const BEST: &str = "best";
/// A chart by the API: its beginning.
pub(super) const CHART: &str = "chart";
/// Whose token it is.
pub(super) const ACCOUNT: &str = "account";
/// A list that somebody made, page by page.
pub(super) const ITEMS: &str = "items";

/// Entries of a page of a list that somebody made.
pub(super) const PAGE_SIZE: u32 = 50;

/// Reads a page.
pub(super) fn parse(
    list: &SimklList,
    asked: &ListToRead,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    match request.step {
        FILE => chart(list, answer),
        BEST => refusal::check(list, answer).and_then(|()| chart(list, answer)),
        CHART => cut_chart(list, asked.limit, answer),
        ACCOUNT => account(list, request, answer),
        ITEMS => items(list, request, answer),
        _ => marked(list, request, answer),
    }
}

/// An array of titles, or an object with one for each kind.
fn chart(list: &SimklList, answer: &Answer) -> Result<Page, ProviderError> {
    let kind = match list {
        SimklList::Trending { kind, .. } => *kind,
        SimklList::Best { kind, .. } => Some(*kind),
        _ => None,
    };
    let body = answer.json().map_err(|error| match error {
        // Every chart there is a name for is there: it has moved.
        ProviderError::NotFound => ProviderError::changed("the chart is not where it was"),
        error => error,
    });
    let page = match body? {
        Value::Array(rows) => title::page(&rows, kind)?,
        Value::Object(parts) => {
            let wanted = Kind::ALL.into_iter();
            let wanted = wanted.filter(|known| kind.is_none_or(|kind| kind == *known));
            let parts: Vec<_> = wanted
                .filter_map(|kind| Some((parts.get(kind.path())?.as_array()?, kind)))
                .collect();
            if parts.is_empty() {
                return Err(ProviderError::changed("no titles of any kind"));
            }
            let filled = parts.iter().filter(|(rows, _)| !rows.is_empty());
            let is_of_all = matches!(list, SimklList::Trending { kind: None, .. });
            if is_of_all && filled.count() < Kind::ALL.len() {
                return Err(ProviderError::changed("not the titles of every kind"));
            }
            joined(parts)?
        }
        _ => return Err(ProviderError::changed("no array of titles")),
    };
    // Something always is trending; only of the best of a month that has just begun there may be none.
    if page.entries.is_empty() && !matches!(list, SimklList::Best { .. }) {
        return Err(ProviderError::changed("an empty chart"));
    }
    Ok(page)
}

fn joined<'a>(
    parts: impl IntoIterator<Item = (&'a Vec<Value>, Kind)>,
) -> Result<Page, ProviderError> {
    let mut whole = Page::default();
    for (rows, kind) in parts {
        let part = title::page(rows, Some(kind))?;
        whole.entries.extend(part.entries);
        whole.dropped += part.dropped;
    }
    Ok(whole)
}

/// The API gives fewer titles than the file has: they are not all of the chart.
fn cut_chart(list: &SimklList, limit: Option<u32>, answer: &Answer) -> Result<Page, ProviderError> {
    // A client id of the newer kind opens nothing without a token; the file stays the way to read it.
    let page = refusal::check(list, answer)
        .map_err(|error| ProviderError::Blocked {
            how: error.to_string(),
        })
        .and_then(|()| chart(list, answer))?;
    let wanted = match list {
        SimklList::Trending { size, .. } => limit.map_or(*size, |limit| limit.min(*size)),
        _ => 0,
    };
    Ok(Page {
        is_cut: page.entries.len() < wanted as usize,
        ..page
    })
}

/// Whether the account that is signed in is the one whose list is wanted.
fn account(list: &SimklList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    refusal::check(list, answer)?;
    let settings = answer.json()?;
    let account = settings
        .get("account")
        .and_then(|account| number(account.get("id")))
        .ok_or_else(|| ProviderError::changed("no number of the account"))?;
    let SimklList::Marked {
        user: Some(user), ..
    } = list
    else {
        return Err(ProviderError::changed("an answer nobody asked for"));
    };
    if *user != account.to_string() {
        return Err(ProviderError::refused(
            Cause::Private,
            format!(
                "Simkl shows {} to user {user} only, and the one signed in is {account}",
                list.id()
            ),
            "Sign in as that user with `listsync providers sign-in simkl`, or leave the number out for your own list.",
        ));
    }
    Ok(Page {
        next: Some(part_of(list, first_kind(list), request)?),
        ..Page::default()
    })
}

/// The kind that is asked for first.
pub(super) fn first_kind(list: &SimklList) -> Kind {
    match list {
        SimklList::Marked {
            kind: Some(kind), ..
        } => *kind,
        // Nothing says of a movie that somebody is watching it.
        SimklList::Marked {
            status: "watching", ..
        } => Kind::Shows,
        _ => Kind::Movies,
    }
}

/// Path of one kind of what an account marked, and what is told of each title.
pub(super) fn path(status: &str, kind: Kind) -> (String, &'static str) {
    let extended = match kind {
        Kind::Movies | Kind::Shows => "full",
        // All of that, and which season of its show an anime is.
        Kind::Anime => "full_anime_seasons",
    };
    (
        format!("sync/all-items/{}/{status}", kind.plural()),
        extended,
    )
}

/// The request for one kind, made of the one before it.
fn part_of(list: &SimklList, kind: Kind, before: &Request) -> Result<Request, ProviderError> {
    let SimklList::Marked { status, .. } = list else {
        return Err(ProviderError::changed("an answer nobody asked for"));
    };
    let (path, extended) = path(status, kind);
    let mut url = before.url.clone();
    let base = url.path().to_owned();
    let base = ["users/settings", "sync/all-items/"]
        .into_iter()
        .find_map(|known| base.split_once(known))
        .map_or("/", |(base, _)| base);
    url.set_path(&format!("{base}{path}"));
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "extended")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("extended", extended);
    Ok(Request {
        url,
        step: kind.plural(),
        ..before.clone()
    })
}

/// One kind of what an account marked. All of it comes at once, and nothing as `null` or `{}`.
fn marked(list: &SimklList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    refusal::check(list, answer)?;
    let kind = Kind::find(request.step)
        .ok_or_else(|| ProviderError::changed("an answer nobody asked for"))?;
    let page = part(&answer.json()?, kind)?;
    let next = match list {
        SimklList::Marked { kind: None, .. } => match kind {
            Kind::Movies => Some(Kind::Shows),
            Kind::Shows => Some(Kind::Anime),
            Kind::Anime => None,
        },
        _ => None,
    };
    Ok(Page {
        next: next.map(|kind| part_of(list, kind, request)).transpose()?,
        ..page
    })
}

fn part(body: &Value, kind: Kind) -> Result<Page, ProviderError> {
    let parts = match body {
        Value::Null => return Ok(Page::default()),
        Value::Array(rows) => return title::page(rows, Some(kind)),
        Value::Object(parts) => parts,
        _ => return Err(ProviderError::changed("no titles of any kind")),
    };
    let is_known = |kind: &Kind| parts.contains_key(kind.plural());
    if !parts.is_empty() && !Kind::ALL.iter().any(is_known) {
        return Err(ProviderError::changed("neither movies nor shows nor anime"));
    }
    let is_filled = |other: &Kind| {
        let rows = parts.get(other.plural()).and_then(Value::as_array);
        rows.is_some_and(|rows| !rows.is_empty())
    };
    match parts.get(kind.plural()) {
        None if Kind::ALL.iter().any(is_filled) => Err(ProviderError::changed(format!(
            "titles of another kind where {} are due",
            kind.plural()
        ))),
        None | Some(Value::Null) => Ok(Page::default()),
        Some(Value::Array(rows)) => title::page(rows, Some(kind)),
        Some(_) => Err(ProviderError::changed(format!(
            "no array of {}",
            kind.plural()
        ))),
    }
}

/// A page of a list that somebody made. An answer without `items` is no empty list.
fn items(list: &SimklList, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    refusal::check(list, answer)?;
    let body = answer.json()?;
    let rows = body
        .get("items")
        .and_then(Value::as_array)
        .ok_or_else(|| ProviderError::changed("no `items`"))?;
    let counts = Counts::of(&body);
    if counts.entries.is_none() && rows.is_empty() {
        return Err(ProviderError::changed("an empty list that does not say so"));
    }
    let has_next = counts.has_page_after(request.number, rows.len());
    if has_next && rows.is_empty() {
        return Err(ProviderError::Failed {
            what: format!("its page {} is empty, and is not the last", request.number),
        });
    }
    let kind = text(body.get("media_type")).and_then(|kind| Kind::find(&kind));
    Ok(Page {
        announced: counts.entries,
        name: text(body.get("name")),
        next: has_next.then(|| numbered(request, request.number + 1)),
        ..title::page(rows, kind)?
    })
}

/// What a list that somebody made tells of its size.
struct Counts {
    entries: Option<u32>,
    pages: Option<u32>,
}

impl Counts {
    fn of(body: &Value) -> Self {
        let told = |part: &str, key: &str| {
            let count = body.get(part)?.get(key)?;
            let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?; // else it is not told
            u32::try_from(count).ok() // no list is that long
        };
        Self {
            entries: told("pagination", "total_items").or_else(|| told("counts", "items")),
            pages: told("pagination", "total_pages"),
        }
    }

    fn has_page_after(&self, number: u32, rows: usize) -> bool {
        match (self.pages, self.entries) {
            (Some(pages), _) => number < pages,
            (None, Some(all)) => number.saturating_mul(PAGE_SIZE) < all,
            (None, None) => rows >= PAGE_SIZE as usize,
        }
    }
}

/// The same request for another page.
pub(super) fn numbered(request: &Request, number: u32) -> Request {
    let mut url = request.url.clone();
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "page" && key != "limit")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("page", &number.to_string())
        .append_pair("limit", &PAGE_SIZE.to_string());
    Request {
        url,
        number,
        ..request.clone()
    }
}
