//! In which ways `MDBList` says no: by status, by a body that is an error at status 200, by a page for
//! people where a list is due. Pure.

use schema::models::Cause;
use serde_json::Value;

use super::address::MdbList;
use crate::{
    provider::{Answer, ProviderError, Request},
    providers::loose::text,
};

/// Words of its errors, and what they mean. The first that is there counts.
const WORDS: &[(&str, Means)] = &[
    ("limit", Means::Quota),
    ("quota", Means::Quota),
    ("too many", Means::Quota),
    ("supporter", Means::Membership),
    ("api key", Means::Key),
    ("apikey", Means::Key),
    ("unauthorized", Means::Key),
    ("private", Means::Private),
    ("permission", Means::Private),
    ("forbidden", Means::Private),
    ("access", Means::Private),
    ("not found", Means::Absent),
    ("not exist", Means::Absent),
    ("no such", Means::Absent),
    ("empty", Means::Absent),
];

/// Where its words are.
const SAID: &[&str] = &["error", "detail", "message"];
/// Characters of an answer that may be an error in an array.
const SHORT: usize = 1000;
/// Characters of its words that are repeated.
const LONGEST: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Quota,
    Membership,
    Key,
    Private,
    Absent,
}

/// Why an answer is no list, if it says so itself.
pub(super) fn of(list: &MdbList, request: &Request, answer: &Answer) -> Option<ProviderError> {
    if answer.wall().is_some() {
        return answer.document().err();
    }
    let is_keyed = !request.secrets.is_empty();
    if let Some(words) = words(answer) {
        let means = meaning(&words).or_else(|| by_status(answer.status, is_keyed));
        return Some(means.map_or_else(
            || ProviderError::Failed {
                what: words.clone(),
            },
            |means| refused(list, means, is_keyed, Some(&words)),
        ));
    }
    if let Some(means) = by_status(answer.status, is_keyed) {
        return Some(refused(list, means, is_keyed, None));
    }
    // Nothing else is served at these addresses, so a page for people stands before the list.
    (answer.status == 200 && answer.is_html()).then(|| ProviderError::Blocked {
        how: format!("a web page where the entries of {} are due", list.id()),
    })
}

/// What an error says: `{"response":false,"error":"…"}`, whatever its status. It may be the only row
/// of a list.
fn words(answer: &Answer) -> Option<String> {
    let start = answer.body.trim_start();
    let is_long_array = start.starts_with('[') && start.len() > SHORT;
    if is_long_array || answer.is_html() {
        return None;
    }
    let body: Value = serde_json::from_str(start).ok()?; // then it says nothing
    let body = match &body {
        Value::Array(rows) => rows.first().filter(|_| rows.len() == 1)?,
        body => body,
    };
    let has_some = |keys: &[&str]| keys.iter().any(|key| body.get(*key).is_some());
    let is_no = body.get("response") == Some(&Value::Bool(false));
    let is_list = has_some(&["items", "movies", "shows", "name", "id", "title"]);
    let is_error = is_no || !is_list && has_some(SAID);
    let said = SAID.iter().find_map(|key| {
        let value = body.get(*key)?;
        text(Some(value)).or_else(|| Some(value.to_string()))
    });
    let said = said.unwrap_or_else(|| "an error without words".into());
    is_error.then(|| said.chars().take(LONGEST).collect())
}

fn meaning(words: &str) -> Option<Means> {
    let words = words.to_lowercase();
    WORDS
        .iter()
        .find(|(known, _)| words.contains(known))
        .map(|(_, means)| *means)
}

fn by_status(status: u16, is_keyed: bool) -> Option<Means> {
    match status {
        401 if is_keyed => Some(Means::Key),
        401 | 403 => Some(Means::Private),
        402 => Some(Means::Membership),
        404 | 410 => Some(Means::Absent),
        _ => None,
    }
}

fn refused(list: &MdbList, means: Means, is_keyed: bool, said: Option<&str>) -> ProviderError {
    let id = list.id();
    let said = said.map_or_else(String::new, |said| format!(" (\"{said}\")"));
    let owners_key = if is_keyed {
        "Set the key of its owner as `providers.mdblist.key` (MDBLIST_KEY), or ask the owner to make it public."
    } else {
        "Make it public on MDBList, or set the key of its owner as `providers.mdblist.key` (MDBLIST_KEY)."
    };
    match means {
        Means::Quota => ProviderError::refused(
            Cause::QuotaUsedUp,
            format!("MDBList does not give {id}: the key's requests of the day are used up{said}"),
            "Wait until tomorrow, read its lists less often, or raise the limit of the key as a supporter of MDBList.",
        ),
        Means::Membership => ProviderError::refused(
            Cause::NeedsMembership,
            format!("MDBList gives {id} to its supporters only{said}"),
            "Use the key of a supporter as `providers.mdblist.key` (MDBLIST_KEY), or another list.",
        ),
        Means::Key => ProviderError::refused(
            Cause::NeedsKey,
            format!("MDBList does not accept the API key with which {id} was asked for{said}"),
            "Copy it again from https://mdblist.com/preferences/ and set it as `providers.mdblist.key` (MDBLIST_KEY).",
        ),
        Means::Private => ProviderError::refused(
            Cause::Private,
            format!("MDBList does not show {id} to us: it is private{said}"),
            owners_key,
        ),
        Means::Absent => ProviderError::refused(
            Cause::NotFound,
            format!(
                "MDBList has no list {id}: there is no such user or list, or it is private{said}"
            ),
            format!("Check its address in a browser. {owners_key}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use url::Url;

    use super::{super::address, *};
    use crate::provider::SecretPart;

    fn error(status: u16, is_keyed: bool, body: &str) -> Option<ProviderError> {
        let url = Url::parse("http://site.test/lists/one/quiet/items").unwrap();
        let mut request = Request::get(url.clone(), "items");
        if is_keyed {
            request = request.secret(SecretPart::Query("apikey", "hush".into()));
        }
        let list = address::parse_own("one/quiet").unwrap();
        let answer = Answer {
            status,
            url,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        of(&list, &request, &answer)
    }

    #[test]
    fn every_no_has_its_own_cause_and_names_the_list() {
        for (status, is_keyed, body, cause) in [
            (
                200,
                true,
                r#"{"response":false,"error":"API Limit Reached!"}"#,
                Cause::QuotaUsedUp,
            ),
            (
                403,
                true,
                r#"{"detail":"Daily quota exceeded"}"#,
                Cause::QuotaUsedUp,
            ),
            (
                200,
                true,
                r#"{"response":false,"error":"Invalid API key!"}"#,
                Cause::NeedsKey,
            ),
            (
                403,
                true,
                r#"{"error":"Invalid API key!"}"#,
                Cause::NeedsKey,
            ),
            (401, true, "", Cause::NeedsKey),
            (
                200,
                true,
                r#"{"error":"For supporters only"}"#,
                Cause::NeedsMembership,
            ),
            (
                200,
                false,
                r#"[{"error":"empty or private list"}]"#,
                Cause::Private,
            ),
            (
                200,
                true,
                r#"{"error":"This list is private"}"#,
                Cause::Private,
            ),
            (403, true, "{}", Cause::Private),
            (403, false, "", Cause::Private),
            (401, false, "<html>Sign in", Cause::Private),
            (404, true, r#"{"detail":"Not found"}"#, Cause::NotFound),
            (200, false, r#"{"error":"List not found"}"#, Cause::NotFound),
            (404, false, "<html>Nothing here", Cause::NotFound),
        ] {
            let Some(ProviderError::Refused {
                cause: told,
                reason,
                remedy,
            }) = error(status, is_keyed, body)
            else {
                panic!("{status} {body}");
            };
            assert_eq!(told, cause, "{status} {body}");
            assert!(reason.contains("one/quiet"), "{reason}");
            assert!(
                remedy.ends_with('.') && !reason.contains("hush"),
                "{remedy}"
            );
        }
    }

    #[test]
    fn walls_and_pages_for_people_turn_us_away_and_other_words_are_failures() {
        let challenge = "<html><head><title>Just a moment...</title>";
        for (status, body) in [
            (403, challenge),
            (200, challenge),
            (200, "<html>Rainy days"),
        ] {
            let error = error(status, false, body).unwrap();
            assert!(
                matches!(error, ProviderError::Blocked { .. }),
                "{status} {error}"
            );
        }
        for body in [
            r#"{"response":false,"error":"Something broke"}"#,
            r#"{"response":false}"#,
            r#"{"error":{"code":7}}"#,
        ] {
            let error = error(200, true, body).unwrap();
            assert!(
                matches!(error, ProviderError::Failed { .. }),
                "{body} {error}"
            );
        }
    }

    #[test]
    fn lists_are_no_refusals() {
        for body in [
            "[]",
            r#"{"movies":[],"shows":[]}"#,
            r#"{"movies":[],"message":"ok"}"#,
            r#"[{"error":"a title","id":1}]"#,
            r#"[{"title":"Error"},{"error":"private"}]"#,
            r#"{"name":"Limit","items":3}"#,
        ] {
            assert_eq!(error(200, true, body), None, "{body}");
        }
    }
}
