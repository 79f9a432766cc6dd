//! Reads JSON bodies: [`Json`] is an extractor whose every failure is a problem that names the field.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, error::PayloadError, web::Bytes};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{ApiError, Fields};

/// Longest body that is read.
pub(crate) const LIMIT: usize = 256 * 1024;

/// A JSON body, whatever its content type says: people forget the header. An empty body reads as
/// `{}`, so that requests whose every field is optional need none.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes
                .await
                .map_err(|error| match error.as_error::<PayloadError>() {
                    Some(PayloadError::Overflow) => ApiError::TooLarge { limit: LIMIT },
                    _ => ApiError::Unreadable(format!("the body cannot be read: {error}")),
                })?;
            read(&bytes).map(Self)
        })
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.trim_ascii().is_empty() {
        b"{}"
    } else {
        bytes
    };
    // Serde would take the entries of an array as the fields of a struct, in their order.
    if bytes.trim_ascii_start().starts_with(b"[")
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    {
        return Err(Fields::of("body", "must be an object").into());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        if !error.is_data() {
            return ApiError::Json(error.to_string());
        }
        let text = error.to_string();
        let problem = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let field = named_in(&problem)
            .map(str::to_owned)
            .or_else(|| key_before(bytes, error.line(), error.column()))
            .unwrap_or_else(|| "body".into());
        Fields::of(field, format!("is wrong: {problem}")).into()
    })
}

/// The field that serde's text is about: `` unknown field `x`, … `` and `` missing field `x` ``.
fn named_in(problem: &str) -> Option<&str> {
    let rest = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| problem.strip_prefix(start))?;
    rest.split('`').next()
}

/// The last key before a place of the text: the one whose value was wrong.
fn key_before(text: &[u8], line: usize, column: usize) -> Option<String> {
    let before: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let text = text.get(..before.saturating_add(column)).unwrap_or(text);
    let (mut key, mut string, mut escaped, mut start) = (None, None, false, None);
    for (place, byte) in text.iter().enumerate() {
        match (start, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => {
                string = text.get(from..place);
                start = None;
            }
            (None, b'"') => start = Some(place.saturating_add(1)),
            (None, b':') => key = string.take(),
            (Some(_), _) | (None, b' ' | b'\t' | b'\r' | b'\n') => {}
            (None, _) => string = None,
        }
    }
    key.map(|key| String::from_utf8_lossy(key).into_owned())
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
    }

    fn problem(text: &str) -> String {
        read::<Body>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        let body: Body = read(b" \n").unwrap();
        assert!(body.list_type.is_empty() && body.lists.is_empty() && body.item_limit.is_none());
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        assert_eq!(
            problem("{\"list_type\":\"a:\\\"b\",\n \"item_limit\": \"ten\"}"),
            "`item_limit` is wrong: invalid type: string \"ten\", expected i32"
        );
        assert!(problem(r#"{"lists":[1,"x"]}"#).starts_with("`lists` is wrong"));
        assert!(problem(r#"{"list_tpye":"x"}"#).starts_with("`list_tpye` is wrong: unknown field"));
        assert!(problem(r#""text""#).starts_with("`body` is wrong"));
    }

    #[test]
    fn an_array_is_no_object() {
        for array in [r#" ["imdb", 10, []]"#, "[]"] {
            assert_eq!(problem(array), "`body` must be an object");
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        assert_eq!(
            problem(r#"{"list_type":"#),
            "the body is not valid JSON: EOF while parsing a value at line 1 column 13"
        );
        assert!(problem("list_type=imdb").starts_with("the body is not valid JSON"));
        assert!(problem("{}x").starts_with("the body is not valid JSON"));
    }
}
