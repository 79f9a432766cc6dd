//! What Seerr's validator lets through, word by word from its API description: query parameters and bodies.
//!
//! It judges the raw query: an unknown name, an empty value, a reserved character or a wrong type is a 400.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::loopback::{Answer, Request};

/// What a query parameter may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    Number,
    Text,
    OneOf(&'static [&'static str]),
}

/// A query parameter of a route.
pub(super) type Parameter = (&'static str, Holds);

/// The checked query.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.text(name).and_then(|text| text.trim().parse().ok())
    }
}

/// Seerr's usual error.
pub(super) fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message, "errors": []}))
}

/// The validator's error about one place.
pub(super) fn invalid(path: &str, message: &str) -> Answer {
    let error = json!({"path": path, "message": message, "errorCode": "type.openapi.validation"});
    Answer::json(
        400,
        &json!({"message": format!("request{path} {message}"), "errors": [error]}),
    )
}

fn invalid_query(name: &str, message: &str) -> Answer {
    let error = json!({"path": format!(".query.{name}"), "message": message});
    Answer::json(400, &json!({"message": message, "errors": [error]}))
}

/// Checks the raw query of a route that knows these parameters.
pub(super) fn query(
    raw: Option<&str>,
    known: &[Parameter],
    required: &[&str],
) -> Result<Query, Answer> {
    let mut checked = BTreeMap::new();
    for pair in raw.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let Some((_, holds)) = known.iter().find(|(known, _)| *known == name) else {
            let message = format!("Unknown query parameter '{name}'");
            return Err(invalid_query(&name, &message));
        };
        if value.is_empty() {
            let message = format!("Empty value found for query parameter '{name}'");
            return Err(invalid_query(&name, &message));
        }
        if value.contains([
            ':', '/', '?', '#', '[', ']', '@', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';',
            '=',
        ]) {
            let message = format!(
                "Parameter '{name}' must be url encoded. Its value may not contain reserved characters."
            );
            return Err(invalid_query(&name, &message));
        }
        let value = decode(value);
        let path = format!(".query.{name}");
        match holds {
            Holds::Number if value.trim().parse::<f64>().is_err() => {
                return Err(invalid(&path, "should be number"));
            }
            Holds::OneOf(words) if !words.contains(&value.as_str()) => {
                let message = "should be equal to one of the allowed values";
                return Err(invalid(&path, message));
            }
            _ => {}
        }
        if checked.insert(name, value).is_some() {
            return Err(invalid(&path, "should be a single value"));
        }
    }
    for name in required {
        if !checked.contains_key(*name) {
            let message = format!("should have required property '{name}'");
            return Err(invalid(".query", &message));
        }
    }
    Ok(Query(checked))
}

/// Percent-decodes as node's query parser does: what cannot be decoded stays as it was sent, as a whole.
fn decode(raw: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: Vec<u8> = rest.by_ref().take(2).collect();
        let value = std::str::from_utf8(&digits)
            .ok()
            .filter(|digits| digits.len() == 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) => bytes.push(value),
            None => return raw.to_owned(),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_not_text| raw.to_owned())
}

/// The JSON body of a request: 415 for another type, 400 for what does not parse.
pub(super) fn body(request: &Request) -> Result<Value, Answer> {
    let content_type = request.header("content-type").unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = format!("unsupported media type {media_type}");
        let error = json!({"path": request.path, "message": message});
        return Err(Answer::json(
            415,
            &json!({"message": message, "errors": [error]}),
        ));
    }
    serde_json::from_slice(&request.body)
        .map_err(|bad| refuse(400, &format!("Unexpected token in JSON: {bad}")))
}

/// A body that POST /request lets through.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NewRequest {
    pub(super) is_tv: bool,
    pub(super) media_id: i64,
    pub(super) tvdb_id: Option<i64>,
    pub(super) seasons: Option<Seasons>,
    /// Absent is another thing than `false`.
    pub(super) is_4k: Option<bool>,
    pub(super) server_id: Option<i64>,
    pub(super) profile_id: Option<i64>,
    pub(super) root_folder: Option<String>,
    pub(super) user_id: Option<i64>,
    /// `Err` when it is no array: that is not checked here, and fails when the row is written.
    pub(super) tags: Result<Vec<i64>, ()>,
}

/// The seasons asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seasons {
    All,
    Numbers(Vec<i64>),
}

/// Checks the body of POST /request. Unknown fields pass.
pub(super) fn new_request(body: &Value) -> Result<NewRequest, Answer> {
    let Some(fields) = body.as_object() else {
        return Err(invalid(".body", "should be object"));
    };
    for name in ["mediaType", "mediaId"] {
        if !fields.contains_key(name) {
            let message = format!("should have required property '{name}'");
            return Err(invalid(".body", &message));
        }
    }
    let number = |name: &str| -> Result<Option<i64>, Answer> {
        match fields.get(name) {
            None => Ok(None),
            Some(value) => whole(value)
                .map(Some)
                .ok_or_else(|| invalid(&format!(".body.{name}"), "should be number")),
        }
    };
    let is_tv = match fields.get("mediaType").and_then(Value::as_str) {
        Some("movie") => false,
        Some("tv") => true,
        _ => {
            let message = "should be equal to one of the allowed values: movie, tv";
            return Err(invalid(".body.mediaType", message));
        }
    };
    let is_4k = match fields.get("is4k") {
        None => None,
        Some(Value::Bool(is_4k)) => Some(*is_4k),
        Some(_) => return Err(invalid(".body.is4k", "should be boolean")),
    };
    let seasons = match fields.get("seasons") {
        None => None,
        Some(Value::String(word)) if word == "all" => Some(Seasons::All),
        Some(Value::Array(numbers)) => {
            let numbers: Option<Vec<i64>> = numbers
                .iter()
                .map(|number| whole(number).filter(|number| *number >= 0))
                .collect();
            let numbers =
                numbers.ok_or_else(|| invalid(".body.seasons", "should be number >= 0"))?;
            Some(Seasons::Numbers(numbers))
        }
        Some(_) => {
            let message = "should match exactly one schema in oneOf";
            return Err(invalid(".body.seasons", message));
        }
    };
    let root_folder = match fields.get("rootFolder") {
        None => None,
        Some(Value::String(folder)) => Some(folder.clone()),
        Some(_) => return Err(invalid(".body.rootFolder", "should be string")),
    };
    let user_id = match fields.get("userId") {
        Some(Value::Null) => None,
        _ => number("userId")?,
    };
    let tags = match fields.get("tags") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(tags)) => Ok(tags.iter().filter_map(whole).collect()),
        Some(_) => Err(()),
    };
    number("languageProfileId")?;
    Ok(NewRequest {
        is_tv,
        media_id: number("mediaId")?.unwrap_or_default(),
        tvdb_id: number("tvdbId")?,
        seasons,
        is_4k,
        server_id: number("serverId")?,
        profile_id: number("profileId")?,
        root_folder,
        user_id,
        tags,
    })
}

/// A JSON number as a whole one; fractions are cut, as `SQLite`'s integer columns never see them.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let text = format!("{:.0}", value.as_f64()?.trunc());
        text.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Parameter] = &[
        ("query", Holds::Text),
        ("page", Holds::Number),
        ("sort", Holds::OneOf(&["added"])),
    ];

    #[test]
    fn every_way_to_break_a_query_is_a_400() {
        for raw in [
            "query=a+b",
            "query=imdb:tt1",
            "query=Ocean's",
            "query=(500)",
            "query=M*A*S*H",
            "query=Borat!",
            "query=",
            "query=a&page=",
            "query=a&page=x",
            "query=a&sort=other",
            "query=a&limit=1",
            "query=a&query=b",
            "page=1",
        ] {
            assert_eq!(
                query(Some(raw), KNOWN, &["query"]).unwrap_err().status,
                400,
                "{raw}"
            );
        }
        let good = query(Some("query=Ocean%27s%20%C3%A9&page=2"), KNOWN, &["query"]).unwrap();
        assert_eq!(good.text("query"), Some("Ocean's é"));
        assert_eq!(good.number("page"), Some(2.0));
    }

    #[test]
    fn a_stray_percent_leaves_the_whole_value_undecoded() {
        let good = query(Some("query=100%%20wolf"), KNOWN, &[]).unwrap();
        assert_eq!(good.text("query"), Some("100%%20wolf"));
    }

    #[test]
    fn null_passes_for_the_user_only() {
        let body = |field: &str| {
            let mut body = json!({"mediaType": "movie", "mediaId": 1});
            body[field] = Value::Null;
            new_request(&body)
        };
        for field in [
            "serverId",
            "profileId",
            "rootFolder",
            "seasons",
            "is4k",
            "mediaId",
        ] {
            assert_eq!(body(field).unwrap_err().status, 400, "{field}");
        }
        assert_eq!(body("userId").unwrap().user_id, None);
        assert_eq!(body("unknownField").unwrap().media_id, 1);
    }

    #[test]
    fn numbers_as_text_and_all_in_capitals_are_refused() {
        for bad in [
            json!({"mediaType": "movie", "mediaId": "1"}),
            json!({"mediaType": "tv", "mediaId": 1, "seasons": "All"}),
            json!({"mediaType": "tv", "mediaId": 1, "seasons": [-1]}),
            json!({"mediaType": "show", "mediaId": 1}),
            json!({"mediaId": 1}),
            json!([]),
        ] {
            assert_eq!(new_request(&bad).unwrap_err().status, 400, "{bad}");
        }
    }
}
