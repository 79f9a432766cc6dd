//! Every request that the document describes is sent, right and wrong: what is needed, known and
//! possible is what the document says, and each problem names the field in words for people.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::tests::{documented, value};
use crate::testing::{Answer, KEY, World};

/// Requests of which one of several fields is needed, which no schema says: what is blamed when none
/// is there.
const ONE_OF: &[(&str, &[&str])] = &[
    ("CustomTitle", &["title"]),
    ("NewList", &["url"]),
    ("PickRequest", &["media_type", "tmdb_id"]),
    ("POST /api/sync/single", &["id"]),
];

/// Words of the parser that mean nothing to people.
const OF_THE_PARSER: &[&str] = &[
    "expected",
    "invalid type",
    "invalid value",
    "variant",
    "struct",
    "missing field",
    "unknown field",
    "at line",
    "i32",
    "i64",
    "u32",
    "IgnoredAny",
    "EOF",
    "trailing",
];

/// A request with a JSON body.
struct Request {
    method: String,
    path: String,
    /// Its body's name in the document; the operation where it has none.
    name: String,
    schema: Value,
}

fn requests() -> Vec<Request> {
    let whole = value();
    let mut requests = Vec::new();
    for ((path, method), operation) in documented() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !schema.is_object() {
            continue;
        }
        let to = named(schema);
        let name = to.map_or_else(
            || format!("{method} {path}"),
            |to| to.rsplit('/').next().unwrap().to_owned(),
        );
        requests.push(Request {
            path: filled(&path),
            method,
            name,
            schema: resolved(schema, &whole),
        });
    }
    assert!(requests.len() > 8, "{}", requests.len());
    requests
}

fn filled(path: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// What a schema refers to, also where null is possible beside it.
fn named(schema: &Value) -> Option<&str> {
    let beside = schema["oneOf"].as_array().into_iter().flatten();
    let mut all = std::iter::once(schema).chain(beside);
    all.find_map(|schema| schema["$ref"].as_str())
}

fn resolved(schema: &Value, whole: &Value) -> Value {
    let Some(to) = named(schema) else {
        return schema.clone();
    };
    let mut found = whole
        .pointer(to.strip_prefix('#').unwrap())
        .unwrap()
        .clone();
    let beside = schema["oneOf"].as_array().into_iter().flatten();
    if beside.into_iter().any(|schema| schema["type"] == "null") {
        let mut types = types(&found);
        types.push("null".into());
        found["type"] = types.into();
    }
    found
}

fn types(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

fn required(schema: &Value) -> BTreeSet<String> {
    let names = schema["required"].as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn properties(schema: &Value, whole: &Value) -> BTreeMap<String, Value> {
    let all = schema["properties"].as_object().into_iter().flatten();
    all.map(|(name, schema)| (name.clone(), resolved(schema, whole)))
        .collect()
}

/// A value that the schema allows, with only what is needed.
fn sample(schema: &Value, whole: &Value) -> Value {
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
        return word.clone();
    }
    match types(schema).first().map(String::as_str) {
        Some("boolean") => json!(true),
        // As a year must be, which takes text, too.
        Some("integer") if types(schema).len() > 2 => json!(1995),
        Some("integer" | "number") => json!(1),
        Some("string") => json!("x"),
        Some("array") => json!([sample(&resolved(&schema["items"], whole), whole)]),
        Some("object") => minimal(schema, whole),
        _ => Value::Null,
    }
}

fn minimal(schema: &Value, whole: &Value) -> Value {
    let properties = properties(schema, whole);
    let needed = required(schema);
    let fields = needed
        .iter()
        .map(|name| (name.clone(), sample(&properties[name], whole)));
    Value::Object(fields.collect())
}

/// Values that the schema does not allow.
fn not_allowed(schema: &Value) -> Vec<Value> {
    let types = types(schema);
    if types.is_empty() {
        return Vec::new();
    }
    let has = |kind: &str| types.iter().any(|one| one == kind);
    let mut wrong = Vec::new();
    let is_number = has("integer") || has("number");
    for (value, is_allowed) in [
        (
            json!("no such word"),
            has("string") && schema["enum"].is_null(),
        ),
        (json!(5), is_number),
        (json!(1.5), has("number")),
        (json!(true), has("boolean")),
        (json!([5, "x"]), has("array")),
        (json!({"x": 1}), has("object")),
        (Value::Null, has("null")),
    ] {
        if !is_allowed {
            wrong.push(value);
        }
    }
    if schema["format"] == "int32" {
        wrong.push(json!(3_000_000_000_i64));
    }
    wrong
}

async fn send(world: &World, request: &Request, body: &str) -> Answer {
    let answer = world.send(&request.method, &request.path, body).await;
    if answer.status >= 400 {
        assert!(
            answer.header("content-type") == crate::error::PROBLEM,
            "{}",
            answer.text
        );
        for word in OF_THE_PARSER {
            assert!(
                !answer.text.contains(word),
                "{} {body}: {word} in {}",
                request.path,
                answer.text
            );
        }
    }
    answer
}

/// The fields that an answer finds wrong.
fn blamed(answer: &Answer) -> BTreeMap<String, String> {
    if answer.status != 422 {
        assert!(![400, 413, 415].contains(&answer.status), "{}", answer.text);
        return BTreeMap::new();
    }
    serde_json::from_value(answer.json["fields"].clone()).unwrap()
}

/// A body with `inner` where `way` leads.
fn wrapped(way: &[&str], inner: Value) -> Value {
    way.iter().rev().fold(inner, |inner, step| match *step {
        "[0]" => json!([inner]),
        key => json!({ key: inner }),
    })
}

fn told(way: &[&str], name: &str) -> String {
    let way: Vec<&str> = way.iter().copied().chain([name]).collect();
    way.join(".").replace(".[", "[")
}

/// Tries every field of an object of a request.
async fn walk(world: &World, request: &Request, schema: &Value, way: &[&str]) {
    let whole = value();
    let base = minimal(schema, &whole);
    let needed = required(schema);
    let with = |name: &str, value: Value| {
        let mut fields: Map<String, Value> = base.as_object().unwrap().clone();
        fields.insert(name.to_owned(), value);
        wrapped(way, Value::Object(fields)).to_string()
    };
    for (name, schema) in properties(schema, &whole) {
        let field = told(way, &name);
        for wrong in not_allowed(&schema) {
            let body = with(&name, wrong);
            let answer = send(world, request, &body).await;
            let blamed = blamed(&answer);
            let is_told = blamed.keys().any(|blamed| blamed.starts_with(&field));
            assert!(
                is_told,
                "{} {body}: {} {}",
                request.path, answer.status, answer.text
            );
        }
        let mut allowed = vec![sample(&schema, &whole)];
        allowed.extend(schema["enum"].as_array().into_iter().flatten().cloned());
        if types(&schema).iter().any(|kind| kind == "null") {
            allowed.push(Value::Null);
        }
        for value in allowed {
            let body = with(&name, value);
            let answer = send(world, request, &body).await;
            let problem = blamed(&answer).remove(&field);
            // That one of several is needed is no fault of this one.
            let problem = problem.filter(|problem| !problem.starts_with("is needed"));
            assert_eq!(problem, None, "{} {body}", request.path);
        }
        if needed.contains(&name) {
            let mut fields = base.as_object().unwrap().clone();
            fields.remove(&name);
            let body = wrapped(way, Value::Object(fields)).to_string();
            let answer = send(world, request, &body).await;
            assert!(
                blamed(&answer).contains_key(&field),
                "{} {body}",
                request.path
            );
        }
    }
    let body = with("zzzzzzzz", json!(1));
    let is_blamed = blamed(&send(world, request, &body).await).contains_key(&told(way, "zzzzzzzz"));
    let is_closed = schema["additionalProperties"] == false;
    // Without names of its own it is a map, whose keys are looked at by what they mean.
    if schema["properties"].is_object() {
        assert_eq!(is_blamed, is_closed, "{} {body}", request.path);
    }
}

/// Objects inside a request: their way and schema.
fn inside(schema: &Value) -> Vec<(Vec<String>, String, Value)> {
    let whole = value();
    let mut found = Vec::new();
    let all = schema["properties"].as_object().into_iter().flatten();
    for (name, schema) in all {
        let (way, schema) = match &schema["items"] {
            Value::Null => (vec![name.clone()], schema),
            items => (vec![name.clone(), "[0]".into()], items),
        };
        let resolved = resolved(schema, &whole);
        if let Some(to) = named(schema)
            && resolved["properties"].is_object()
        {
            found.push((way, to.rsplit('/').next().unwrap().to_owned(), resolved));
        }
    }
    found
}

/// Pins may be many and each is looked at by itself, so that the file is read by other rules.
fn is_file(request: &Request) -> bool {
    request.path == "/api/pins/import"
}

#[actix_web::test]
async fn every_field_of_every_request_is_as_the_document_says() {
    let world = World::new().await;
    world.insert_list("1", "1").await;
    let mut seen = BTreeSet::new();
    for request in requests().iter().filter(|request| !is_file(request)) {
        if !seen.insert(request.name.clone()) {
            continue;
        }
        walk(&world, request, &request.schema, &[]).await;
        for (way, _, schema) in inside(&request.schema) {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            walk(&world, request, &schema, &way).await;
        }
    }
}

#[actix_web::test]
async fn a_request_with_only_what_is_needed_is_taken() {
    let world = World::new().await;
    let whole = value();
    for request in requests().iter().filter(|request| !is_file(request)) {
        let operation = format!("{} {}", request.method, request.path);
        let mut bodies = vec![(request.name.clone(), Vec::new(), request.schema.clone())];
        bodies.extend(
            inside(&request.schema)
                .into_iter()
                .map(|(way, name, schema)| (name, way, schema)),
        );
        for (name, way, schema) in bodies {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            let body = wrapped(&way, minimal(&schema, &whole)).to_string();
            let answer = send(&world, request, &body).await;
            let fields: Vec<String> = blamed(&answer).into_keys().collect();
            if !schema["properties"].is_object() {
                assert_eq!(fields, ["body"], "{operation} {body}"); // a map must have something
                continue;
            }
            let one_of = ONE_OF
                .iter()
                .find(|(of, _)| *of == name || *of == operation && way.is_empty())
                .map_or(&[][..], |(_, fields)| *fields);
            let expected: Vec<String> = one_of.iter().map(|field| told(&way, field)).collect();
            assert_eq!(fields, expected, "{operation} {body}");
        }
    }
}

#[actix_web::test]
async fn what_is_no_json_object_is_told_in_words_for_people_on_every_path() {
    let world = World::new().await;
    for request in requests() {
        let is_file = is_file(&request);
        for body in [
            "{",
            "{\"a\":}",
            "a=1&b=2",
            "{}{}",
            "\u{1F9E8}",
            "{\"a\":1e}",
        ] {
            let answer = send(&world, &request, body).await;
            if is_file {
                answer.blames(&["body"]);
            } else {
                answer.is_problem(400, "bad_json");
                assert!(answer.json["fields"]["body"].is_string(), "{}", answer.text);
            }
        }
        for body in ["[]", "[1]", "\"text\"", "5", "null"] {
            send(&world, &request, body).await.blames(&["body"]);
        }
        let form = [
            ("x-api-key", KEY),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = world
            .ask(&request.method, &request.path, &form, None, "a=1")
            .await;
        assert!([400, 422].contains(&answer.status), "{}", answer.text);
        if !is_file {
            let detail = answer.json["detail"].as_str().unwrap();
            assert!(
                detail.contains("came as `application/x-www-form-urlencoded`"),
                "{detail}"
            );
        }
        // People forget the header: what is JSON is taken whatever it is said to be.
        let with = world
            .ask(&request.method, &request.path, &form, None, "{}")
            .await;
        let without = send(&world, &request, "{}").await;
        assert_eq!((with.status, with.text), (without.status, without.text));
        let empty = send(&world, &request, "").await;
        if !is_file {
            let same = send(&world, &request, "{}").await;
            assert_eq!((empty.status, empty.text), (same.status, same.text));
        }
    }
}
