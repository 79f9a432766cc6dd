//! Reads JSON bodies: [`Json`] is an extractor whose every failure is a problem that names the field.

mod place;
mod words;

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, dev::Payload, error::PayloadError, http::header, web::Bytes,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::error::{ApiError, Fields};
use place::{Place, Step};
use words::Fault;
pub(crate) use words::unknown;

/// Longest body that is read.
pub(crate) const LIMIT: usize = 256 * 1024;
/// Longest name of a content type that is shown again.
const LONGEST_KIND: usize = 80;

/// A JSON body, whatever its content type says: people forget the header. An empty body reads as
/// `{}`, so that requests whose every field is optional need none.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = Bytes::from_request(request, payload);
        let kind = other_kind(request);
        Box::pin(async move {
            let bytes = bytes
                .await
                .map_err(|error| match error.as_error::<PayloadError>() {
                    Some(PayloadError::Overflow) => ApiError::TooLarge { limit: LIMIT },
                    _ => ApiError::Unreadable(format!("the body cannot be read: {error}")),
                })?;
            read(&bytes).map(Self).map_err(|error| match (error, kind) {
                (ApiError::Json(problem), Some(kind)) => ApiError::Json(format!(
                    "{problem}; it came as `{kind}`, and JSON is needed, such as {{}}"
                )),
                (error, _) => error,
            })
        })
    }
}

/// What the body is said to be, if not JSON.
fn other_kind(request: &HttpRequest) -> Option<String> {
    let kind = request.headers().get(header::CONTENT_TYPE)?;
    let kind = String::from_utf8_lossy(kind.as_bytes());
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_other = !kind.is_empty() && !kind.to_ascii_lowercase().contains("json");
    is_other.then(|| kind.chars().take(LONGEST_KIND).collect())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.trim_ascii().is_empty() {
        b"{}"
    } else {
        bytes
    };
    // Serde would take the entries of an array as the fields of a struct, in their order.
    if is_list(bytes) {
        return Err(Fields::of("body", "must be an object, not a list").into());
    }
    let error = match serde_json::from_slice(bytes) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // The parser also calls it bad JSON when something else than a word stands where one is needed.
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(IgnoredAny) => Err(explain::<T>(bytes, &error).into()),
        Err(bad) => Err(ApiError::Json(no_json(&bad))),
    }
}

/// Whether it is a JSON array.
fn is_list(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"[")
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// What is wrong with which field of a body that is JSON.
fn explain<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Fields {
    let place = Place::after(bytes, offset(bytes, error));
    let text = error.to_string();
    let said = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(said, _)| said);
    let fault = Fault::of(said);
    let (way, problem) = match &fault {
        Fault::Unknown { name, .. } | Fault::Missing(name) | Fault::Twice(name) => {
            (place.key(name), fault.sentence())
        }
        Fault::NoWord => {
            let way = place.value();
            let problem = words_at::<T>(bytes, &way).unwrap_or_else(|| fault.sentence());
            (way, problem)
        }
        _ => (place.value(), fault.sentence()),
    };
    Fields::of(place::name(&way), problem)
}

/// Which words are possible at a place where something else than a word stands: the parser tells them
/// when a word is there that is none of them.
fn words_at<T: DeserializeOwned>(bytes: &[u8], way: &[Step]) -> Option<String> {
    let mut whole: Value = serde_json::from_slice(bytes).ok()?; // it was read before
    let mut value = &mut whole;
    for step in way {
        value = match step {
            Step::Key(key) => value.get_mut(key)?,
            Step::Entry(entry) => value.get_mut(entry)?,
        };
    }
    let given = value.to_string();
    *value = Value::String(String::new());
    let text = T::deserialize(whole).err()?.to_string();
    match Fault::of(&text) {
        Fault::Word { given: "", allowed } => Some(
            Fault::Word {
                given: &given,
                allowed,
            }
            .sentence(),
        ),
        _ => None,
    }
}

/// How many bytes were read when an error came up.
fn offset(text: &[u8], error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before.saturating_add(error.column())
}

/// Why a text is no JSON, and where.
fn no_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = if error.is_eof() {
        "it ends before it is complete"
    } else if text.starts_with("trailing characters") {
        "something follows after its end"
    } else {
        "a sign is wrong"
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Body {
        list_type: String,
        item_limit: Option<i32>,
        lists: Vec<i32>,
        scope: Option<Scope>,
        titles: Vec<Titled>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Scope {
        All,
        Single,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether they can be read matters")]
    struct Titled {
        name: String,
        year: Option<i32>,
    }

    fn problem(text: &str) -> String {
        read::<Body>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        let body: Body = read(b" \n").unwrap();
        assert!(body.list_type.is_empty() && body.lists.is_empty() && body.item_limit.is_none());
        assert!(body.titles.is_empty() && body.scope.is_none());
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        for (text, told) in [
            (
                r#"{"item_limit":1e999}"#,
                "`item_limit` is a number that is too large",
            ),
            (
                "{\"list_type\":\"a:\\\"b\",\n \"item_limit\": \"ten\"}",
                "`item_limit` must be a whole number from -2147483648 to 2147483647, not the text `ten`",
            ),
            (
                r#"{"lists":[1,"x"]}"#,
                "`lists[1]` must be a whole number from -2147483648 to 2147483647, not the text `x`",
            ),
            (
                r#"{"list_tpye":"x"}"#,
                "`list_tpye` is not known; did you mean `list_type`?",
            ),
            (
                r#"{"lists":[], "lists":[]}"#,
                "`lists` is there twice; leave one of them out",
            ),
            (r#""text""#, "`body` must be an object, not the text `text`"),
            ("null", "`body` must be an object, not null"),
            (
                r#"{"scope":"some"}"#,
                "`scope` must be one of `all` and `single`, not `some`",
            ),
            (
                r#"{"scope": 5, "lists":[]}"#,
                "`scope` must be one of `all` and `single`, not `5`",
            ),
            (
                r#"{"scope": {"a": 1}}"#,
                "`scope` must be one of `all` and `single`, not `a`",
            ),
            (
                r#"{"titles":[{"name":"x"},{"year":1}]}"#,
                "`titles[1].name` is missing",
            ),
            (
                r#"{"titles":[{"name":"x","yaer":1}]}"#,
                "`titles[0].yaer` is not known; did you mean `year`?",
            ),
        ] {
            assert_eq!(problem(text), told, "{text}");
        }
    }

    #[test]
    fn an_array_is_no_object() {
        for array in [r#" ["imdb", 10, []]"#, "[]"] {
            assert_eq!(problem(array), "`body` must be an object, not a list");
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, told) in [
            (
                r#"{"list_type":"#,
                "it ends before it is complete (line 1, column 13)",
            ),
            ("list_type=imdb", "a sign is wrong (line 1, column 1)"),
            ("{}x", "something follows after its end (line 1, column 3)"),
        ] {
            assert_eq!(problem(text), format!("the body is not valid JSON: {told}"));
        }
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(500), "]".repeat(500));
        let error = read::<serde_json::Map<String, Value>>(deep.as_bytes()).unwrap_err();
        assert!(
            error.to_string().ends_with("is nested too deeply"),
            "{error}"
        );
    }
}
