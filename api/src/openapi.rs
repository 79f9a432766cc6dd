//! The API's document, OpenAPI 3.1, made of the handlers: each file of `routes` has its part, this one
//! adds what is true of all. Answers it at `/api/openapi.json`, without a key: it holds no data.
//!
//! Source: <https://spec.openapis.org/oas/v3.1.0>.

use actix_web::{HttpResponse, http::header, web};
use utoipa::{
    Modify, OpenApi, ToResponse,
    openapi::{
        ContentBuilder, Deprecated, Object, ObjectBuilder, PathItem, Ref, RefOr, Response,
        ResponseBuilder, Type,
        path::{Operation, ParameterIn},
        schema::SchemaType,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    error::{PROBLEM, Problem},
    parameters,
    routes::{self, at},
};

/// Operations of the old product that one of ours does better.
const OLD: &[&str] = &[
    "get_named_list",
    "remove_named_list",
    "get_named_list_items",
    "start_single_run",
    "cancel_job",
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ListSync",
        description = "Keeps a household's media requests in step with its lists.\n\n\
            Every error is a problem (`application/problem+json`, RFC 9457): `detail` says what happened \
            and what to do, `code` is for programs, `fields` names what is wrong. A method that a path \
            does not have is answered with 405 and the header `Allow`.\n\n\
            Times are RFC 3339 in UTC. Lists come in pages.",
    ),
    // Relative to the document, so that a proxy may put all of it below a path of its own.
    servers((url = "..", description = "This ListSync")),
    security(("key" = []), ("bearer" = [])),
    tags(
        (name = "Lists", description = "What is followed"),
        (name = "Items", description = "The entries of lists and what became of them"),
        (name = "Review", description = "Entries that wait for a person to say which title they are, and what people said"),
        (name = "Providers", description = "The sites lists are read from, and signing in to them"),
        (name = "Sync", description = "Starting, watching and ending runs"),
        (name = "Plans", description = "What runs would do, looked at before it is done"),
        (name = "Events", description = "What happens, live"),
        (name = "Processes", description = "The programs that do the work, and their logs"),
        (name = "Runs", description = "What runs did"),
        (name = "Settings", description = "What is set, and by whom"),
        (name = "System", description = "How everything is"),
        (name = "Probes", description = "For whoever restarts it or routes to it"),
        (name = "Documentation", description = "This document"),
    ),
    paths(json),
    components(
        schemas(Problem),
        responses(
            Unauthorized, Forbidden, NotFound, Conflict, Locked, BadRequest, TooLarge,
            UnsupportedType, Invalid, Internal, Unavailable
        )
    ),
    modifiers(&Security),
)]
struct Document;

/// The whole document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.info.license = None; // the derive invents an empty one
    for part in routes::documents() {
        document.merge(part);
    }
    for (path, item) in &mut document.paths.paths {
        let takes_any = parameters::takes_any(path);
        for operation in operations(item) {
            complete(operation, takes_any);
        }
    }
    document
}

/// It as it is committed and printed.
pub(crate) fn text() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}

/// Adds `/api/openapi.json`.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.service(at("/api/openapi.json").get(json).done());
}

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "get_document",
    tag = "Documentation",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
async fn json() -> HttpResponse {
    // Made anew each time, since almost nobody asks: nothing lies about in memory.
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .json(document())
}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = ApiKeyValue::with_description(
            "X-Api-Key",
            "The first key lies in the file `$LISTSYNC_DATA_DIR/api-key`; `listsync api-key create` \
             makes another.",
        );
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("The same key.".into());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(key)));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// Adds the problems that come from outside a handler, and says what is old.
fn complete(operation: &mut Operation, takes_any: bool) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    if OLD.contains(&id) {
        operation.deprecated = Some(Deprecated::True);
    }
    let is_open = operation.security.is_some();
    let has_body = operation.request_body.is_some();
    let has_query = operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
    });
    let mut problem = |status: &str, name: &str| {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
    };
    if has_body || has_query || !(takes_any || is_open) {
        problem("400", "BadRequest");
    }
    if has_body || has_query {
        problem("422", "Invalid");
    }
    if has_body {
        problem("413", "TooLarge");
    }
    if !is_open {
        problem("401", "Unauthorized");
        problem("403", "Forbidden");
        problem("500", "Internal");
        problem("503", "Unavailable");
    }
}

/// A whole number, or the same as text.
pub(crate) fn number_or_text() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([
            Type::Integer,
            Type::String,
            Type::Null,
        ]))
        .description(Some("A whole number, or the same as text."))
        .build()
}

/// A problem in the document: its name there, when it comes, and one of its codes.
macro_rules! problems {
    ($($name:ident($status:literal, $code:literal): $description:literal,)+) => {$(
        #[doc = $description]
        pub(crate) struct $name;

        impl<'r> ToResponse<'r> for $name {
            fn response() -> (&'r str, RefOr<Response>) {
                (stringify!($name), problem($status, $code, $description).into())
            }
        }
    )+};
}

problems! {
    BadRequest(400, "bad_json"): "`bad_json`: the body is no JSON; `bad_request`: it or the query cannot be read, or the query has a parameter that is not known here",
    Unauthorized(401, "unauthorized"): "`unauthorized`: a key is needed and none was sent, or it is not valid",
    Forbidden(403, "foreign_origin"): "`foreign_origin`, `foreign_host`: without a key, a page of another site or an unknown name of this machine is turned away",
    NotFound(404, "not_found"): "`not_found`: what the request names does not exist",
    Conflict(409, "conflict"): "`conflict`: it is there already, or its state forbids it; `busy`: as many runs wait as can, or a sign-in to the site goes on",
    Locked(409, "locked_by_environment"): "`locked_by_environment`: a variable sets it; `fields` names the variable",
    TooLarge(413, "too_large"): "`too_large`: the body is too long",
    UnsupportedType(415, "unsupported_type"): "`unsupported_type`: the body is of a kind that is not taken",
    Invalid(422, "invalid"): "`invalid`: `fields` names what is wrong",
    Internal(500, "internal"): "`internal`: a fault of ours, its cause is in the log",
    Unavailable(503, "unavailable"): "`unavailable`, `database_busy`, `cancelled`, `not_ready`: try again after `Retry-After` seconds",
}

fn problem(status: u16, code: &str, description: &str) -> Response {
    let example = serde_json::json!({
        "type": format!("urn:listsync:problem:{code}"),
        "status": status,
        "code": code,
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(Some(example))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM, content)
        .build()
}

#[cfg(test)]
#[path = "openapi_requests_tests.rs"]
mod requests_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};

    pub(super) fn value() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    /// Path and method of every operation.
    pub(super) fn documented() -> BTreeMap<(String, String), Value> {
        let document = value();
        let mut all = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.insert((path.clone(), method.to_uppercase()), operation.clone());
            }
        }
        all
    }

    #[actix_web::test]
    async fn the_document_has_every_route_and_no_other() {
        let world = World::alone().await;
        world.anonymous("GET", "/healthz").await;
        let registered: BTreeSet<(String, String)> = routes::noted()
            .into_iter()
            .map(|(path, method)| {
                let is_whole = ["/api/", "/healthz", "/readyz", "/metrics"]
                    .iter()
                    .any(|start| path.starts_with(start));
                let path = if is_whole {
                    path
                } else {
                    format!("/api{path}")
                };
                (path, method.to_owned())
            })
            .collect();
        assert!(registered.len() > 20, "{registered:?}");
        let documented: BTreeSet<_> = documented().into_keys().collect();
        assert_eq!(registered, documented);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_tag_and_its_problems() {
        let document = value();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let tags: Vec<&str> = document["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        let mut names = BTreeSet::new();
        for ((path, method), operation) in documented() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} is there twice");
            assert!(
                tags.contains(&operation["tags"][0].as_str().unwrap()),
                "{name}"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name}"
            );
            let is_open = operation.get("security").is_some();
            assert_eq!(responses.contains_key("401"), !is_open, "{method} {path}");
            let names_parts: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            let given: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(names_parts, given, "{method} {path}");
        }
        for old in OLD {
            assert!(names.contains(*old), "{old}");
        }
    }

    /// Every `$ref` points at something.
    #[test]
    fn nothing_is_referred_to_that_is_not_there() {
        fn look(at: &Value, whole: &Value) {
            match at {
                Value::Object(members) => {
                    if let Some(Value::String(to)) = members.get("$ref") {
                        let pointer = to.strip_prefix('#').unwrap();
                        assert!(whole.pointer(pointer).is_some(), "{to}");
                    }
                    members.values().for_each(|member| look(member, whole));
                }
                Value::Array(entries) => entries.iter().for_each(|entry| look(entry, whole)),
                _ => {}
            }
        }
        let whole = value();
        look(&whole, &whole);
    }

    #[test]
    fn words_are_those_that_are_sent() {
        let schemas = &value()["components"]["schemas"];
        for (name, word) in [
            ("Identity", "needs_review"),
            ("FetchKind", "partial"),
            ("ProgramState", "RUNNING"),
            ("SettingKindName", "log_level"),
        ] {
            let words = schemas[name]["enum"].as_array().unwrap();
            assert!(words.iter().any(|known| known == word), "{name}: {words:?}");
        }
    }

    /// What the document says an answer has and what it may have.
    fn members(schema: &Value, whole: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
        if let Some(Value::String(to)) = schema.get("$ref") {
            return members(whole.pointer(to.strip_prefix('#').unwrap()).unwrap(), whole);
        }
        let (mut needed, mut known) = (BTreeSet::new(), BTreeSet::new());
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let (more_needed, more_known) = members(part, whole);
            needed.extend(more_needed);
            known.extend(more_known);
        }
        let names = |value: &Value| -> Vec<String> {
            match value {
                Value::Array(names) => names
                    .iter()
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect(),
                Value::Object(members) => members.keys().cloned().collect(),
                _ => Vec::new(),
            }
        };
        needed.extend(names(&schema["required"]));
        known.extend(names(&schema["properties"]));
        (needed, known)
    }

    #[actix_web::test]
    async fn real_answers_have_what_the_document_says() {
        let world = World::new().await;
        let list = world.insert_list("trakt", "me/best").await;
        let whole = value();
        let operations = documented();
        for (method, path, real, body) in [
            ("GET", "/api/lists", "/api/lists".to_owned(), ""),
            ("GET", "/api/lists/{id}", format!("/api/lists/{list}"), ""),
            ("POST", "/api/lists", "/api/lists".into(), r#"{"url":"x"}"#),
            (
                "GET",
                "/api/lists/{id}/items",
                format!("/api/lists/{list}/items"),
                "",
            ),
            ("GET", "/api/items", "/api/items".into(), ""),
            ("GET", "/api/sync-history", "/api/sync-history".into(), ""),
            ("POST", "/api/plans", "/api/plans".into(), ""),
            (
                "POST",
                "/api/plans/{id}/apply",
                "/api/plans/3/apply".into(),
                "",
            ),
            ("GET", "/api/sync/status", "/api/sync/status".into(), ""),
            ("POST", "/api/sync/trigger", "/api/sync/trigger".into(), ""),
            ("POST", "/api/sync/cancel", "/api/sync/cancel".into(), ""),
            ("GET", "/api/system/status", "/api/system/status".into(), ""),
            ("GET", "/api/system/time", "/api/system/time".into(), ""),
            ("GET", "/api/processes", "/api/processes".into(), ""),
            (
                "GET",
                "/api/processes/{name}",
                "/api/processes/sync-worker".into(),
                "",
            ),
            (
                "POST",
                "/api/processes/{name}/restart",
                "/api/processes/sync-worker/restart".into(),
                "",
            ),
            (
                "GET",
                "/api/logs/{name}",
                "/api/logs/sync-worker".into(),
                "",
            ),
            ("GET", "/healthz", "/healthz".into(), ""),
            ("GET", "/readyz", "/readyz".into(), ""),
        ] {
            let answer = world.send(method, &real, body).await;
            let operation = &operations[&(path.to_owned(), method.to_owned())];
            let response = &operation["responses"][answer.status.to_string()];
            let schema = &response["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "{method} {path}: {}", answer.status);
            let (needed, known) = members(schema, &whole);
            let has: BTreeSet<String> = answer.json.as_object().unwrap().keys().cloned().collect();
            assert!(
                needed.is_subset(&has),
                "{method} {path}: {needed:?} {has:?}"
            );
            assert!(has.is_subset(&known), "{method} {path}: {known:?} {has:?}");
        }
        let problem = world.get("/api/lists/99").await;
        let (needed, known) = members(&whole["components"]["schemas"]["Problem"], &whole);
        let has: BTreeSet<String> = problem.json.as_object().unwrap().keys().cloned().collect();
        assert!(needed.is_subset(&has) && has.is_subset(&known), "{has:?}");
    }

    #[actix_web::test]
    async fn the_document_is_answered_without_a_key() {
        let world = World::alone().await;
        let answer = world.anonymous("GET", "/api/openapi.json").await;
        assert_eq!((answer.status, answer.json), (200, value()));
    }

    /// `make regenerate` writes it.
    #[test]
    fn the_committed_document_is_this_one() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(
            committed == text().unwrap(),
            "api/openapi.json is out of date: run `make regenerate`"
        );
    }
}
