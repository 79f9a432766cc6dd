//! What TMDB's refusals mean. It gives each a code of its own beside the status of HTTP.
//! Source: <https://developer.themoviedb.org/docs/errors>, as of 2026.

use schema::models::Cause;
use serde_json::Value;

use super::{KEYS, sign_in, step};
use crate::{
    provider::{Answer, ProviderError},
    providers::loose::{number, text},
};

/// The list is its owner's alone.
pub(super) const PRIVATE: u32 = 39;

/// TMDB's own words.
struct Said {
    status: u16,
    code: Option<u32>,
    message: String,
}

/// The JSON of an answer that is no refusal.
///
/// # Errors
/// [`ProviderError`] for every other answer; `list` is what was asked for.
pub(super) fn body(
    list: &str,
    step: &'static str,
    answer: &Answer,
) -> Result<Value, ProviderError> {
    match said(answer) {
        Some(said) => Err(meaning(list, step, &said)),
        None => answer.json(),
    }
}

/// TMDB's code for a refusal, or else the status of HTTP.
pub(super) fn code(answer: &Answer) -> Option<u32> {
    said(answer).map(|said| said.code.unwrap_or(u32::from(said.status)))
}

/// Whether the newer API says no to a list and the older one may not. A key that is wrong here is
/// wrong there too; the token of an account is not shown there.
pub(super) fn may_be_other_in_older_api(answer: &Answer, has_account_token: bool) -> bool {
    let is_no = matches!(answer.status, 401 | 403 | 404 | 405) && answer.wall().is_none();
    is_no && (has_account_token || !matches!(code(answer), Some(7 | 10)))
}

/// Walls come as pages for people and are left to [`Answer::document`].
fn said(answer: &Answer) -> Option<Said> {
    if answer.wall().is_some() {
        return None;
    }
    let is_empty = answer.body.trim().is_empty();
    if is_empty && matches!(answer.status, 401 | 404) {
        return Some(Said {
            status: answer.status,
            code: None,
            message: String::new(),
        });
    }
    // Most answers are pages of lists, which need not be read twice.
    let is_page = answer.status == 200 && !answer.body.contains("status_code");
    if answer.is_html() || is_empty || is_page {
        return None;
    }
    let body: Value = serde_json::from_str(&answer.body).ok()?; // then it says nothing
    let code = number(body.get("status_code")).and_then(|code| u32::try_from(code).ok()); // else it is none of TMDB's
    let is_no = body.get("success").and_then(Value::as_bool) == Some(false);
    if answer.status == 200 && !(is_no && code.is_some()) {
        return None;
    }
    let message = text(body.get("status_message"))
        .or_else(|| {
            let first = body.get("errors")?.as_array()?.first()?;
            Some(first.as_str()?.to_owned())
        })
        .unwrap_or_default();
    Some(Said {
        status: answer.status,
        code,
        message,
    })
}

fn meaning(list: &str, step: &'static str, said: &Said) -> ProviderError {
    match (said.code, said.status) {
        (Some(6 | 34), _) | (None, 404 | 410) => not_found(list, step),
        (Some(PRIVATE), _) => private(list),
        (Some(45), _) => ProviderError::refused(
            Cause::Private,
            format!("TMDB does not show {list}: it has suspended its user"),
            "Remove the list here, or follow another.",
        ),
        (Some(10), _) => ProviderError::refused(
            Cause::NeedsKey,
            "TMDB has suspended the API key",
            format!(
                "Ask TMDB's support why, or set another as `providers.tmdb.key` (TMDB_KEY); {KEYS} makes them."
            ),
        ),
        (Some(3 | 7 | 14 | 17 | 30..=33 | 35..=37) | None, 401) if is_shelf(list) => sign_in(
            format!("TMDB does not accept the sign-in for {list} any more"),
        ),
        (Some(3 | 14 | 17 | 35..=38), 401 | 403) | (None, 403)
            if matches!(step, step::LIST | step::LIST_V4) =>
        {
            private(list)
        }
        (Some(3 | 7 | 14 | 35), _) | (None, 401) => wrong_key(),
        (Some(22 | 47 | 5), _) | (None, 400 | 422) => wrong_search(list, said),
        (Some(9 | 11 | 15 | 24 | 25 | 43 | 44 | 46), _) => {
            ProviderError::Failed { what: words(said) }
        }
        (_, 401 | 403 | 405 | 451) => ProviderError::Blocked { how: words(said) },
        _ => ProviderError::changed(words(said)),
    }
}

fn is_shelf(list: &str) -> bool {
    ["watchlist", "favorites", "ratings"]
        .iter()
        .any(|shelf| list.starts_with(shelf))
        || list.starts_with("u/")
}

fn words(said: &Said) -> String {
    let code = said
        .code
        .map_or_else(String::new, |code| format!(", code {code}"));
    let message = said.message.trim_end_matches('.');
    if message.is_empty() {
        format!("status {}{code}", said.status)
    } else {
        format!("status {}{code}: {message}", said.status)
    }
}

pub(super) fn private(list: &str) -> ProviderError {
    ProviderError::refused(
        Cause::Private,
        format!("TMDB does not show {list}: it is private"),
        "Make it public on TMDB, or, if it is yours, sign in with `listsync providers sign-in tmdb`.",
    )
}

fn not_found(list: &str, step: &'static str) -> ProviderError {
    if matches!(step, step::LIST | step::LIST_V4) {
        return ProviderError::refused(
            Cause::NotFound,
            format!("TMDB has no list {list}, or does not show it to us"),
            "Check its address in a browser, or remove it here; if it is your own private list, sign in with `listsync providers sign-in tmdb`.",
        );
    }
    ProviderError::NotFound
}

fn wrong_key() -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        "the API key of TMDB is not accepted",
        format!("Check `providers.tmdb.key` (TMDB_KEY) against {KEYS}."),
    )
}

/// We ask for pages that exist, so it can only be what the owner wrote.
fn wrong_search(list: &str, said: &Said) -> ProviderError {
    if !list.starts_with("discover/") {
        return ProviderError::changed(words(said));
    }
    ProviderError::refused(
        Cause::Settings,
        format!(
            "TMDB does not understand the search {list} ({})",
            words(said)
        ),
        "Make the search anew on https://www.themoviedb.org/discover/movie and give its address.",
    )
}
