//! The web pages of www.imdb.com as far as a reader of `__NEXT_DATA__` sees them, and Steven Lu's files.

use serde_json::{Value, json};

use super::entry::Entry;
use super::state::SiteState;
use crate::loopback::{Answer, Request, gzip};

/// Entries on one page of a list.
const PAGE: usize = 250;
/// Rows that are drawn; the rest is in the JSON only.
const DRAWN: usize = 25;

const CHARTS: &[(&str, &str)] = &[
    ("top", "TOP_RATED_MOVIES"),
    ("toptv", "TOP_RATED_TV_SHOWS"),
    ("moviemeter", "MOST_POPULAR_MOVIES"),
    ("tvmeter", "MOST_POPULAR_TV_SHOWS"),
    ("bottom", "LOWEST_RATED_MOVIES"),
    ("top-english-movies", "TOP_RATED_ENGLISH_MOVIES"),
    ("top-rated-indian-movies", "TOP_RATED_INDIAN_MOVIES"),
];

pub(super) fn answer(state: &mut SiteState, request: &Request) -> Answer {
    let parts: Vec<&str> = request
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let answer = match parts.as_slice() {
        ["chart", name] => chart(state, name),
        ["list", id] => list(state, id, request, "list"),
        ["user", id, "watchlist"] => list(state, id, request, "predefinedList"),
        ["user", profile, ..] if profile.starts_with("p.") => profile_page(state, profile),
        [file] => match file.strip_suffix(".json") {
            Some(name) => return data_file(state, name, request),
            None => None,
        },
        _ => None,
    };
    match answer {
        Some(answer) => zipped(answer, request),
        None => Answer::html(
            404,
            "<html><head><title>404 Error - IMDb</title></head><body>404</body></html>",
        ),
    }
}

fn chart(state: &mut SiteState, name: &str) -> Option<Answer> {
    let (_, chart) = CHARTS.iter().find(|(known, _)| *known == name)?;
    let list = state.lists.get_mut(*chart)?;
    let page = list.page(0, usize::MAX);
    let edges: Vec<Value> = (1..)
        .zip(&page.entries)
        .map(|(rank, entry)| json!({"currentRank": rank, "node": entry.imdb_title()}))
        .collect();
    let props = json!({"pageData": {"chartTitles": {
        "total": page.total,
        "pageInfo": {"hasNextPage": false, "endCursor": null},
        "edges": edges,
    }}});
    Some(html(&format!("/chart/{name}"), &page.entries, props))
}

fn list(state: &mut SiteState, id: &str, request: &Request, word: &str) -> Option<Answer> {
    let query = request.query.as_deref().unwrap_or("");
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("page="));
    let number: usize = asked
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
        .max(1);
    let list = state.lists.get_mut(id)?;
    if list.is_private {
        return None; // a guess: no capture of a private list's page exists
    }
    let page = list.page((number - 1) * PAGE, PAGE);
    let edges: Vec<Value> = (page.from + 1..)
        .zip(&page.entries)
        .map(|(at, entry)| {
            json!({"node": {"absolutePosition": at, "description": null}, "listItem": entry.imdb_title()})
        })
        .collect();
    let found = json!({
        "id": id,
        "name": {"originalText": list.name},
        "visibility": {"id": "PUBLIC"},
        "titleListItemSearch": {
            "total": page.total,
            "pageInfo": {"hasNextPage": page.has_next, "endCursor": "unused=="},
            "edges": edges,
        },
    });
    let props = json!({"mainColumnData": {word: found}});
    Some(html("/list/[listId]", &page.entries, props))
}

fn profile_page(state: &SiteState, profile: &str) -> Option<Answer> {
    let user = state.profiles.get(profile)?;
    let props = json!({"mainColumnData": {"userId": user}});
    Some(html("/user/[userId]", &[], props))
}

fn html(page: &str, entries: &[Entry], props: Value) -> Answer {
    let data = json!({"props": {"pageProps": props}, "page": page, "query": {}, "buildId": "fake"});
    // A script must not hold the text that ends it.
    let data = data.to_string().replace("</", "<\\/");
    let drawn = entries.iter().take(DRAWN).map(|entry| {
        let id = &entry.imdb_id;
        format!("<li class=\"ipc-metadata-list-summary-item\"><a href=\"/title/{id}/\">…</a></li>")
    });
    let rows = drawn.collect::<String>();
    Answer::html(
        200,
        format!(
            "<!DOCTYPE html><html lang=\"en-US\"><head><title>IMDb (a sample)</title></head><body><ul>{rows}</ul><script id=\"__NEXT_DATA__\" type=\"application/json\">{data}</script></body></html>"
        ),
    )
}

/// A file of popular-movies: an `ETag` that changes with the body, 304, gzip.
fn data_file(state: &SiteState, name: &str, request: &Request) -> Answer {
    let Some(entries) = state.files.get(name) else {
        return Answer::html(404, "<html><body>Object not found</body></html>");
    };
    let entries: Vec<Value> = entries.iter().map(Entry::stevenlu).collect();
    let body = Value::Array(entries).to_string();
    let etag = format!("\"{:016x}\"", fingerprint(body.as_bytes()));
    let known = request.header("if-none-match").unwrap_or("");
    let is_known = known
        .split(',')
        .any(|one| one.trim().trim_start_matches("W/") == etag);
    let answer = if is_known {
        Answer::empty(304)
    } else {
        zipped(Answer::new(200, "application/json", body), request)
    };
    answer
        .with("etag", etag)
        .with("cache-control", "public, max-age=60")
}

/// The same as gzip, when the client takes it.
pub(super) fn zipped(answer: Answer, request: &Request) -> Answer {
    let takes = request.header("accept-encoding").unwrap_or("");
    if !takes.contains("gzip") {
        return answer;
    }
    let packed = gzip::pack(answer.bytes());
    Answer {
        body: crate::loopback::Body::Whole(packed),
        ..answer
    }
    .with("content-encoding", "gzip")
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
