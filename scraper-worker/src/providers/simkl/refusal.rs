//! How Simkl says no, in whichever status it comes: with an error's name in a JSON object. Pure.

use schema::models::Cause;
use serde::Deserialize;

use super::address::SimklList;
use crate::provider::{Answer, ProviderError};

/// Where a client id is made and looked up.
pub(super) const APPS: &str = "https://simkl.com/settings/developer/";
/// What a person does who is not signed in, or no longer.
pub(super) const SIGN_IN: &str = "Sign in with `listsync providers sign-in simkl`.";

/// An error in Simkl's words.
#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
}

/// What `answer` refuses, if it does.
///
/// # Errors
/// [`ProviderError::Refused`] or [`ProviderError::NotFound`] by the error's name or the status,
/// [`ProviderError::Failed`] by an error of another name.
///
/// Source: the API's own document (<https://api.simkl.org>, 2026-09) and captures of its answers.
pub(super) fn check(list: &SimklList, answer: &Answer) -> Result<(), ProviderError> {
    if answer.wall().is_some() || answer.is_html() {
        return Ok(()); // no answer of the API: a wall, or a page where JSON is due
    }
    let is_object = answer.body.trim_start().starts_with('{');
    let said: Option<Refusal> = is_object
        .then(|| serde_json::from_str(&answer.body).ok()) // else no refusal in Simkl's words
        .flatten();
    let status = answer.status;
    let refused = match &said {
        Some(Refusal { error: Some(error) }) if !error.trim().is_empty() => {
            Some(by_name(list, error.trim(), status))
        }
        // A network before Simkl turns readers away in this status too, but not with an object.
        None if status == 403 => None,
        _ => by_status(list, status),
    };
    refused.map_or(Ok(()), Err)
}

fn by_name(list: &SimklList, error: &str, status: u16) -> ProviderError {
    let id = list.id();
    match error {
        "user_token_required"
        | "oauth2_token_required"
        | "user_token_failed"
        | "invalid_token"
        | "token_expired" => ProviderError::refused(
            Cause::NeedsSignIn,
            format!("Simkl gives {id} to signed-in accounts only, and accepts none of ours"),
            SIGN_IN,
        ),
        "premium_only" => ProviderError::refused(
            Cause::NeedsMembership,
            format!("Simkl gives the titles of list {id} to PRO and VIP members only"),
            "Sign in as a member with `listsync providers sign-in simkl`, or follow another list.",
        ),
        "private_list" => ProviderError::refused(
            Cause::Private,
            format!("the list {id} is private on Simkl"),
            "Make it public or unlisted on Simkl, or sign in as its owner with `listsync providers sign-in simkl`.",
        ),
        "user_limit_exceeded" | "rate_limit" | "rate_limit_exceeded" | "limit_exceeded" => {
            ProviderError::refused(
                Cause::QuotaUsedUp,
                format!("Simkl does not give {id}: the requests of today are used up"),
                "Wait until tomorrow; about 1000 requests a day are allowed to a client id.",
            )
        }
        "client_id_failed" | "client_id_required" | "invalid_client" => client_id_failed(&id),
        "url_failed" | "not_found" | "list_not_found" => ProviderError::NotFound,
        _ => {
            by_status(list, status).unwrap_or_else(|| ProviderError::Failed { what: shown(error) })
        }
    }
}

fn by_status(list: &SimklList, status: u16) -> Option<ProviderError> {
    let id = list.id();
    match status {
        401 => Some(ProviderError::refused(
            Cause::NeedsSignIn,
            format!("Simkl does not give {id}: it accepts no token of ours"),
            SIGN_IN,
        )),
        403 if matches!(list, SimklList::Marked { .. }) => Some(ProviderError::refused(
            Cause::NeedsSignIn,
            format!("Simkl does not give {id}: it accepts no token of ours"),
            SIGN_IN,
        )),
        403 => Some(ProviderError::refused(
            Cause::Private,
            format!("Simkl does not show {id} to us"),
            "Make it public on Simkl, or sign in as its owner with `listsync providers sign-in simkl`.",
        )),
        404 | 410 => Some(ProviderError::NotFound),
        412 => Some(client_id_failed(&id)),
        429 => Some(ProviderError::refused(
            Cause::QuotaUsedUp,
            format!("Simkl does not give {id}: too many requests"),
            "Wait until tomorrow; about 1000 requests a day are allowed to a client id.",
        )),
        _ => None,
    }
}

fn client_id_failed(id: &str) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        format!("Simkl does not give {id}: the client id is not accepted, or used up for today"),
        format!("Check `providers.simkl.client_id` (SIMKL_CLIENT_ID) against {APPS}."),
    )
}

/// An error's name; whatever else a site sends is not repeated.
fn shown(error: &str) -> String {
    let is_name = error.len() <= 60
        && error
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte));
    if is_name {
        error.to_owned()
    } else {
        "an error that it has no name for".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn refused(status: u16, body: &str) -> Result<(), ProviderError> {
        let answer = Answer {
            status,
            url: url::Url::parse("https://api.simkl.com/").unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        check(&SimklList::Made("14462".into()), &answer)
    }

    #[test]
    fn every_refusal_has_its_cause_its_list_and_its_remedy() {
        let lines: Vec<String> = [
            (
                200,
                r#"{"error":"premium_only","item":{"title":"Upgrade"}}"#,
            ),
            (
                401,
                r#"{"code":401,"error":"user_token_required","message":"…"}"#,
            ),
            (403, r#"{"error":"oauth2_token_required"}"#),
            (403, r#"{"code":403,"error":"private_list"}"#),
            (429, r#"{"error":"user_limit_exceeded"}"#),
            (412, r#"{"error":"client_id_failed","code":412}"#),
            (412, ""),
            (401, ""),
            (403, "{}"),
            (429, "slow down"),
            (404, r#"{"error":"url_failed"}"#),
            (404, ""),
            (200, r#"{"error":"maintenance"}"#),
            (200, r#"{"error":"<b>markup</b>"}"#),
        ]
        .into_iter()
        .map(|(status, body)| match refused(status, body).unwrap_err() {
            ProviderError::Refused {
                cause,
                reason,
                remedy,
            } => format!("{status} {body}\n  {cause:?}: {reason}. {remedy}"),
            other => format!("{status} {body}\n  {other}"),
        })
        .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn lists_and_pages_for_people_are_no_refusals() {
        for (status, body) in [
            (200, "null"),
            (200, "[]"),
            (200, r#"{"error":null,"movies":[]}"#),
            (200, r#"{"items":[]}"#),
            (200, r#"["premium_only"]"#),
            (403, "<html>Just a moment"),
            (403, "error code: 1010"),
            (500, "{}"),
        ] {
            assert_eq!(refused(status, body), Ok(()), "{body}");
        }
    }
}
