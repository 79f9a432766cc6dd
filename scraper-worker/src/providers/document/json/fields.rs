//! Fields of JSON objects by their names as anybody writes them, and by the paths that owners say. Pure.

use std::borrow::Cow;

use serde_json::Value;

use super::Object;
use crate::providers::document::words::plain;

/// `data.rows`: a field of a field, or of that very name.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    if let Some(found) = object.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (first, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
        at(object.get(first)?, rest)
    })
}

/// The fields of an object by their names as anybody writes them.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a Value)>);

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Object) -> Self {
        Self(
            object
                .iter()
                .map(|(key, value)| (plain(key), value))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| *value)
    }

    pub(super) fn object(&self, name: &str) -> Option<&'a Object> {
        self.get(name)?.as_object()
    }

    /// The first of these fields that says something.
    pub(super) fn text(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| scalar(self.get(name)?))
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }
}

/// Null, 0 and nothing say nothing.
pub(super) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.trim())
            .filter(|text| !text.is_empty())
            .map(Cow::Borrowed),
        Value::Number(number) => Some(number.to_string())
            .filter(|number| number != "0")
            .map(Cow::Owned),
        _ => None,
    }
}
