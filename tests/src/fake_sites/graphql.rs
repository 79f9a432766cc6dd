//! IMDb's GraphQL host: lists, watchlists, charts, profiles; only fields that are known here, and only with its header.
//!
//! What a query does not ask for is not answered; what it asks for and does not exist is a 400, as on the real host.

use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::query::{self, Field, Query};
use super::state::{ListState, SiteState};
use crate::loopback::{Answer, Request};

/// More items than this in one page is refused; the real limit depends on the fields asked for.
const MOST: usize = 1000;

/// An entry of `errors`.
struct Refusal {
    message: String,
    code: &'static str,
}

type Answered = Result<Value, Refusal>;

pub(super) fn answer(state: &mut SiteState, request: &Request) -> Answer {
    if request
        .header("x-imdb-client-name")
        .is_none_or(str::is_empty)
    {
        return Answer::html(
            403,
            "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center><hr><center>nginx</center></body></html>",
        );
    }
    let is_json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        return bad(
            "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF).",
        );
    }
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(error) => return bad(&format!("POST body sent invalid JSON: {error}")),
    };
    let Some(text) = body.get("query").and_then(Value::as_str) else {
        return bad("PersistedQueryNotFound");
    };
    let query = match query::read(text) {
        Ok(query) => query,
        Err(message) => return bad(&message),
    };
    let none = Map::new();
    let variables = body.get("variables").and_then(Value::as_object);
    let variables = variables.unwrap_or(&none);
    if let Some(raw) = raw(state, &query, variables) {
        return Answer::new(200, "application/json", raw);
    }
    let mut data = Map::new();
    let mut errors = Vec::new();
    for field in &query.fields {
        match root(state, &query, field, variables) {
            Ok(value) => {
                data.insert(field.alias.clone(), value);
            }
            Err(Refusal {
                message,
                code: "GRAPHQL_VALIDATION_FAILED",
            }) => return bad(&message),
            Err(Refusal { message, code }) => {
                data.insert(field.alias.clone(), Value::Null);
                errors.push(json!({"message": message, "path": [field.alias], "extensions": {"code": code}}));
            }
        }
    }
    let mut body = json!({"data": data});
    if let (false, Value::Object(fields)) = (errors.is_empty(), &mut body) {
        fields.insert("errors".to_owned(), Value::Array(errors));
    }
    if let Value::Object(fields) = &mut body {
        let note = "Non-commercial limited use (a sample, not IMDb).";
        fields.insert("extensions".to_owned(), json!({"disclaimer": note}));
    }
    Answer::json(200, &body)
}

fn bad(message: &str) -> Answer {
    let error = json!({"message": message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}});
    Answer::json(400, &json!({"errors": [error]}))
}

fn refused(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        message: message.into(),
        code,
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    refused("GRAPHQL_VALIDATION_FAILED", message)
}

/// What names the thing a root field is about.
fn subject(field: &Field, variables: &Map<String, Value>) -> Option<String> {
    let text = |value: Value| value.as_str().map(str::to_owned);
    match field.name.as_str() {
        "list" => text(field.argument("id", variables)),
        "predefinedList" => text(field.argument("userId", variables)),
        "chartTitles" => {
            let chart = field.argument("chart", variables);
            chart.get("chartType").cloned().and_then(text)
        }
        "boxOfficeWeekendChart" => Some("BOX_OFFICE".to_owned()),
        "userProfile" => {
            let input = field.argument("input", variables);
            input.get("profileId").cloned().and_then(text)
        }
        _ => None,
    }
}

/// A whole body that the test laid out for this query.
fn raw(state: &SiteState, query: &Query, variables: &Map<String, Value>) -> Option<String> {
    let field = query.fields.first()?;
    state.raw_graphql.get(&subject(field, variables)?).cloned()
}

fn root(
    state: &mut SiteState,
    query: &Query,
    field: &Field,
    variables: &Map<String, Value>,
) -> Answered {
    let Some(subject) = subject(field, variables) else {
        let message = format!(
            "Cannot query field {:?} on type \"Query\", or an argument of it is missing.",
            field.name
        );
        return Err(invalid(message));
    };
    let cap = state.page_cap;
    match field.name.as_str() {
        "list" => {
            let Some(list) = state.lists.get_mut(&subject) else {
                let message = format!("List {subject} not found");
                return Err(refused("RESOURCE_NOT_FOUND", message));
            };
            if list.is_private {
                return Err(refused("FORBIDDEN", format!("List {subject} is private")));
            }
            list_shape(list, &subject, cap, query, field, variables)
        }
        "predefinedList" => match state.lists.get_mut(&subject) {
            None => Ok(Value::Null),
            Some(list) if list.is_private => Err(refused(
                "FORBIDDEN",
                format!("The watchlist of {subject} is private"),
            )),
            Some(list) => {
                let id = format!("ls9{}", subject.trim_start_matches("ur"));
                list_shape(list, &id, cap, query, field, variables)
            }
        },
        "boxOfficeWeekendChart" => {
            let list = state.lists.get(&subject);
            let entries = list.map(|list| list.entries.as_slice()).unwrap_or_default();
            let entries = entries
                .iter()
                .map(|entry| json!({"title": entry.imdb_title()}));
            let entries: Vec<Value> = entries.collect();
            pick(&json!({ "entries": entries }), &field.fields)
        }
        "chartTitles" => {
            let Some(list) = state.lists.get_mut(&subject) else {
                let message =
                    format!("Value {subject:?} does not exist in \"ChartTitleType\" enum.");
                return Err(invalid(message));
            };
            connection(list, Wrap::Chart, cap, query, field, variables)
        }
        _ => {
            let user = state.profiles.get(&subject).cloned();
            let user = user.ok_or_else(|| refused("RESOURCE_NOT_FOUND", "No such profile"))?;
            pick(&json!({"userId": user}), &field.fields)
        }
    }
}

fn list_shape(
    list: &mut ListState,
    id: &str,
    cap: usize,
    query: &Query,
    field: &Field,
    variables: &Map<String, Value>,
) -> Answered {
    if field.fields.is_empty() {
        let message = format!("Field {:?} must have a selection of subfields.", field.name);
        return Err(invalid(message));
    }
    let plain = json!({
        "__typename": "List",
        "id": id,
        "name": {"originalText": list.name},
        "visibility": {"id": "PUBLIC"},
    });
    let mut shape = Map::new();
    for part in &field.fields {
        let value = match part.name.as_str() {
            "titleListItemSearch" => connection(list, Wrap::Search, cap, query, part, variables)?,
            "items" => connection(list, Wrap::Items, cap, query, part, variables)?,
            _ => {
                let picked = pick(&plain, std::slice::from_ref(part))?;
                picked.get(&part.alias).cloned().unwrap_or_default()
            }
        };
        shape.insert(part.alias.clone(), value);
    }
    Ok(Value::Object(shape))
}

/// Which of the three connections, with their different edges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrap {
    Search,
    Items,
    Chart,
}

impl Wrap {
    fn edge(self, at: usize, entry: &Entry) -> Value {
        let title = entry.imdb_title();
        match self {
            Self::Search => json!({
                "node": {"absolutePosition": at + 1, "description": null},
                "title": title,
                "listItem": title,
            }),
            Self::Items => {
                json!({"node": {"absolutePosition": at + 1, "listItem": title, "item": title}})
            }
            Self::Chart => json!({"currentRank": at + 1, "node": title}),
        }
    }
}

fn connection(
    list: &mut ListState,
    wrap: Wrap,
    cap: usize,
    query: &Query,
    field: &Field,
    variables: &Map<String, Value>,
) -> Answered {
    // The cursor is a String here and an ID there; a variable of the other type is refused.
    if let Some(declared) = field
        .variable("after")
        .and_then(|name| query.variables.get(name))
    {
        let wanted = if wrap == Wrap::Items { "ID" } else { "String" };
        if declared.trim_end_matches('!') != wanted {
            let message = format!(
                "Variable \"$after\" of type {declared:?} used in position expecting type {wanted:?}."
            );
            return Err(invalid(message));
        }
    }
    let first = field.argument("first", variables);
    let first = match first.as_u64() {
        Some(first) => usize::try_from(first).unwrap_or(usize::MAX),
        None => return Err(invalid("Argument \"first\" is missing or no number.")),
    };
    if first > MOST {
        return Err(refused("BAD_USER_INPUT", "Too much data requested"));
    }
    let after = field.argument("after", variables);
    let start = match &after {
        Value::Null => 0,
        Value::String(cursor) => offset(cursor)
            .ok_or_else(|| refused("BAD_USER_INPUT", "The cursor is not one of ours"))?,
        _ => return Err(refused("BAD_USER_INPUT", "The cursor is no text")),
    };
    let page = list.page(start, first.min(cap));
    let edges: Vec<Value> = (page.from..)
        .zip(&page.entries)
        .map(|(at, entry)| wrap.edge(at, entry))
        .collect();
    let end = page.from + page.entries.len();
    let whole = json!({
        "total": page.total,
        "pageInfo": {
            "hasNextPage": page.has_next,
            "hasPreviousPage": start > 0,
            "endCursor": cursor(end),
            "startCursor": cursor(page.from),
        },
        "edges": edges,
    });
    pick(&whole, &field.fields)
}

/// A cursor says nothing to its reader; here it is the offset in disguise.
fn cursor(offset: usize) -> String {
    format!("fake:{:x}==", offset * 7 + 13)
}

fn offset(cursor: &str) -> Option<usize> {
    let hex = cursor.strip_prefix("fake:")?.strip_suffix("==")?;
    usize::from_str_radix(hex, 16)
        .ok()?
        .checked_sub(13)
        .map(|number| number / 7)
}

/// The fields asked for, under their aliases.
fn pick(whole: &Value, fields: &[Field]) -> Answered {
    match whole {
        Value::Null => Ok(Value::Null),
        Value::Array(items) => items.iter().map(|item| pick(item, fields)).collect(),
        Value::Object(known) => {
            if fields.is_empty() {
                return Err(invalid(
                    "A field of an object type must have a selection of subfields.",
                ));
            }
            let mut picked = Map::new();
            for field in fields {
                let value = known
                    .get(&field.name)
                    .ok_or_else(|| invalid(format!("Cannot query field {:?}.", field.name)))?;
                picked.insert(field.alias.clone(), pick(value, &field.fields)?);
            }
            Ok(Value::Object(picked))
        }
        plain if fields.is_empty() => Ok(plain.clone()),
        _ => Err(invalid(
            "A field without subfields must not have a selection.",
        )),
    }
}
