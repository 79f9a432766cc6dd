//! From a call to its handler, in the order Seerr judges it: CSRF, path, key, query and body, user, handler.

use std::sync::Arc;

use serde_json::{Value, json};

use super::auth::{self, Caller};
use super::rows::Call;
use super::settings::Flavour;
use super::shared::Shared;
use super::state::{State, now};
use super::users::User;
use super::validate::{self, Holds, NewRequest, Parameter, Query, invalid};
use super::world::Kind;
use super::{details, library, page, post, requests, search, small};
use crate::loopback::{Answer, Body, Request};

/// Answers one call and records it.
pub(super) async fn answer(shared: Arc<Shared>, request: Request, with_page: bool) -> Answer {
    let is_post = request.method == "POST" && route(&request.path) == Some(vec!["request"]);
    let (call, post, fault) = shared.change(|state| {
        state.last_call += 1;
        let id = state.last_call;
        state.calls.push(Call {
            id,
            at: now(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.text(),
            user: None,
            status: None,
        });
        let post = is_post.then(|| state.post_begins());
        let fault = state.faults.table.strike(&request.method, &request.path);
        (id, post, fault)
    });
    // Ends the POST in the books even when the server is stopped in its middle.
    let running = post.map(|post| RunningPost {
        shared: Arc::clone(&shared),
        post,
    });
    let mut answer = if let Some(instead) = fault.as_ref().and_then(crate::loopback::Fault::instead)
    {
        instead
    } else {
        if let Some(fault) = &fault {
            tokio::time::sleep(fault.delay()).await;
        }
        judge(&shared, &request, call, post, with_page).await
    };
    if let Some(post) = post
        && answer.status >= 500
        && answer.seen_status().is_some()
    {
        shared.change(|state| state.post_fails(post));
    }
    if let Some(fault) = &fault {
        answer = fault.spoil(answer);
    }
    drop(running);
    let status = answer.seen_status();
    shared.change(|state| {
        if let Some(known) = state.calls.iter_mut().rev().find(|known| known.id == call) {
            known.status = status;
        }
    });
    answer
}

struct RunningPost {
    shared: Arc<Shared>,
    post: u64,
}

impl Drop for RunningPost {
    fn drop(&mut self) {
        self.shared.change(|state| state.post_ends(self.post));
    }
}

/// The parts of a path below /api/v1; a trailing slash is allowed, a double one is not.
fn route(path: &str) -> Option<Vec<&str>> {
    let rest = path.strip_prefix("/api/v1/")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let parts: Vec<&str> = rest.split('/').collect();
    (!parts.contains(&"")).then_some(parts)
}

/// Methods of a path, as the API description lists them.
fn methods(flavour: Flavour, parts: &[&str]) -> &'static [&'static str] {
    match parts {
        ["status" | "user" | "search" | "media"]
        | ["settings", "public"]
        | ["auth", "me"]
        | ["movie" | "tv" | "user", _]
        | ["user", _, "quota"]
        | ["request", "count"]
        | ["service", "radarr" | "sonarr"]
        | ["service", "radarr" | "sonarr", _] => &["GET"],
        ["request"] => &["GET", "POST"],
        ["request", _] => &["GET", "DELETE"],
        ["request" | "media", _, _] => &["POST"],
        ["media", _] => &["DELETE"],
        ["blocklist"] | ["blocklist", _] => match flavour {
            Flavour::Seerr3 => &["GET"],
            _ => &[],
        },
        ["blacklist"] | ["blacklist", _] => match flavour {
            Flavour::Overseerr134 => &[],
            _ => &["GET"],
        },
        _ => &[],
    }
}

const TAKE: Parameter = ("take", Holds::Number);
const SKIP: Parameter = ("skip", Holds::Number);
const LANGUAGE: Parameter = ("language", Holds::Text);

/// Query parameters of a route, and those that must be there.
fn parameters(
    flavour: Flavour,
    method: &str,
    parts: &[&str],
) -> (Vec<Parameter>, &'static [&'static str]) {
    let is_old = flavour.is_old();
    match (method, parts) {
        ("GET", ["search"]) => (
            vec![("query", Holds::Text), ("page", Holds::Number), LANGUAGE],
            &["query"],
        ),
        ("GET", ["movie" | "tv", _]) => (vec![LANGUAGE], &[]),
        ("GET", ["user"]) => {
            let sorts = Holds::OneOf(&["created", "updated", "requests", "displayname"]);
            let more = [
                ("sort", sorts),
                ("q", Holds::Text),
                ("includeIds", Holds::Text),
            ];
            ([TAKE, SKIP].into_iter().chain(more).collect(), &[])
        }
        ("GET", ["media"]) => {
            let filters: &[&str] = if flavour == Flavour::Overseerr134 {
                &[
                    "all",
                    "available",
                    "partial",
                    "allavailable",
                    "processing",
                    "pending",
                ]
            } else {
                &[
                    "all",
                    "available",
                    "partial",
                    "allavailable",
                    "processing",
                    "pending",
                    "deleted",
                ]
            };
            let sorts = Holds::OneOf(&["added", "modified", "mediaAdded"]);
            (
                vec![
                    TAKE,
                    SKIP,
                    ("filter", Holds::OneOf(filters)),
                    ("sort", sorts),
                ],
                &[],
            )
        }
        ("GET", ["request"]) => {
            let filters: &[&str] = if is_old {
                &[
                    "all",
                    "approved",
                    "available",
                    "pending",
                    "processing",
                    "unavailable",
                    "failed",
                ]
            } else {
                &[
                    "all",
                    "approved",
                    "available",
                    "pending",
                    "processing",
                    "unavailable",
                    "failed",
                    "deleted",
                    "completed",
                ]
            };
            let mut known = vec![
                TAKE,
                SKIP,
                ("filter", Holds::OneOf(filters)),
                ("sort", Holds::OneOf(&["added", "modified"])),
                ("requestedBy", Holds::Number),
            ];
            if flavour != Flavour::Overseerr134 {
                known.push(("sortDirection", Holds::OneOf(&["asc", "desc"])));
            }
            if !is_old {
                known.push(("mediaType", Holds::OneOf(&["movie", "tv", "all"])));
            }
            (known, &[])
        }
        ("GET", ["blocklist" | "blacklist"]) => {
            let filters = Holds::OneOf(&["all", "manual", "blocklistedTags"]);
            (
                vec![TAKE, SKIP, ("search", Holds::Text), ("filter", filters)],
                &[],
            )
        }
        _ => (Vec::new(), &[]),
    }
}

/// A body that passed the validator.
enum Checked {
    None,
    NewRequest(Box<NewRequest>),
    Other(Value),
}

async fn judge(
    shared: &Arc<Shared>,
    request: &Request,
    call: u64,
    post: Option<u64>,
    with_page: bool,
) -> Answer {
    if with_page && let Some(answer) = page::answer(shared, request) {
        return answer;
    }
    if !request.path.starts_with("/api/v1") {
        return outside(request);
    }
    let alters = request.method != "GET" && request.method != "HEAD";
    let (flavour, has_csrf) =
        shared.read(|state| (state.settings.flavour, state.settings.csrf_protection));
    if alters && has_csrf {
        return Answer::json(403, &json!({"message": "invalid csrf token"}));
    }
    if request.path == "/api/v1" {
        return shared.read(small::name);
    }
    let parts = route(&request.path).unwrap_or_default();
    let known = methods(flavour, &parts);
    if !known.contains(&request.method.as_str()) {
        let (status, message) = if known.is_empty() {
            (404, "not found".to_owned())
        } else {
            (405, format!("{} method not allowed", request.method))
        };
        let error = json!({"path": request.path, "message": message});
        return Answer::json(status, &json!({"message": message, "errors": [error]}));
    }
    let is_public = matches!(parts.as_slice(), ["status"] | ["settings", "public"]);
    if !is_public && !auth::has_key(request) {
        return auth::missing(&request.path);
    }
    let (query, body) = match checked(flavour, request, &parts) {
        Ok(checked) => checked,
        Err(refused) => return refused,
    };
    let caller = match shared.read(|state| auth::caller(state, request)) {
        Caller::NeverAnswered => return Answer::none(Body::Never),
        Caller::Stranger if is_public => None,
        Caller::Stranger => return auth::forbidden(),
        Caller::User(user) => Some(user),
    };
    if let Some(user) = &caller {
        shared.change(|state| {
            if let Some(known) = state.calls.iter_mut().rev().find(|known| known.id == call) {
                known.user = Some(user.id);
            }
        });
    }
    let (small_core, search_like) = shared.read(|state| {
        let is_heavy = matches!(parts.first(), Some(&("search" | "movie" | "tv")));
        (
            state.settings.latency.small_core,
            is_heavy || post.is_some(),
        )
    });
    if !search_like {
        shared.compute(small_core).await;
    }
    let Some(caller) = caller else {
        return shared.read(|state| public(state, &parts));
    };
    handle(shared, request, post, &caller, &parts, &query, body).await
}

fn public(state: &State, parts: &[&str]) -> Answer {
    match parts {
        ["status"] => small::status(state),
        _ => small::public_settings(state),
    }
}

/// What the validator checks: query, path and body.
fn checked(
    flavour: Flavour,
    request: &Request,
    parts: &[&str],
) -> Result<(Query, Checked), Answer> {
    let method = request.method.as_str();
    let (known, required) = parameters(flavour, method, parts);
    let query = validate::query(request.query.as_deref(), &known, required)?;
    if let ["movie" | "tv" | "user", id, ..] | ["service", _, id] = parts
        && id.parse::<f64>().is_err()
    {
        return Err(invalid(".params", "should be number"));
    }
    let body = match (method, parts) {
        ("POST", ["request"]) => {
            let body = validate::body(request)?;
            Checked::NewRequest(Box::new(validate::new_request(&body)?))
        }
        ("POST", ["media", _, _]) if !request.body.is_empty() => {
            Checked::Other(validate::body(request)?)
        }
        _ => Checked::None,
    };
    Ok((query, body))
}

async fn handle(
    shared: &Arc<Shared>,
    request: &Request,
    post: Option<u64>,
    caller: &User,
    parts: &[&str],
    query: &Query,
    body: Checked,
) -> Answer {
    let look = |answer: &dyn Fn(&State) -> Answer| shared.read(answer);
    match (request.method.as_str(), parts) {
        (_, ["status"] | ["settings", "public"]) => look(&|state| public(state, parts)),
        (_, ["auth", "me"]) => look(&|state| small::me(state, caller)),
        (_, ["user"]) => look(&|state| small::users(state, caller, query)),
        (_, ["user", id]) => look(&|state| small::user(state, caller, id)),
        (_, ["user", id, _]) => look(&|state| small::quota(state, caller, id)),
        (_, ["service", name]) => look(&|state| small::services(state, *name == "radarr")),
        (_, ["service", name, id]) => small::service_detail(id, *name == "radarr"),
        (_, ["search"]) => search::search(shared, query).await,
        (_, ["movie", id]) => details::show(shared, Kind::Movie, number(id), query).await,
        (_, ["tv", id]) => details::show(shared, Kind::Tv, number(id), query).await,
        ("GET", ["media"]) => library::list(shared, query).await,
        ("DELETE", ["media", id]) => shared.change(|state| library::remove(state, caller, id)),
        (_, ["media", id, word]) => {
            let is_4k = match &body {
                Checked::Other(body) => body.get("is4k") == Some(&Value::Bool(true)),
                _ => false,
            };
            shared.change(|state| library::set_status(state, caller, id, word, is_4k))
        }
        ("GET", ["request"]) => requests::list(shared, caller, query).await,
        ("POST", ["request"]) => match (body, post) {
            (Checked::NewRequest(body), Some(post)) => {
                post::create(shared, post, caller, &body).await
            }
            _ => Answer::text(500, "the fake lost the body"),
        },
        (_, ["request", "count"]) => look(&requests::count),
        ("GET", ["request", id]) => look(&|state| requests::one(state, caller, id)),
        (_, ["request", id]) => shared.change(|state| requests::remove(state, caller, id)),
        (_, ["request", id, action]) => requests::act(shared, caller, id, action),
        (_, [name @ ("blocklist" | "blacklist"), rest @ ..]) => {
            let answer = look(&|state| match rest.first() {
                Some(id) => library::blocklist_one(state, caller, id),
                None => library::blocklist(state, caller, query),
            });
            let is_new = shared.read(|state| state.settings.flavour == Flavour::Seerr3);
            if *name == "blacklist" && is_new {
                answer
                    .with("deprecation", "true")
                    .with("sunset", "Mon, 01 Jun 2026 00:00:00 GMT")
            } else {
                answer
            }
        }
        _ => Answer::text(500, "the fake has no handler for this"),
    }
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or(-1)
}

/// Outside /api/v1 stands the web interface: GETs end at a sign-in page with 200, the rest is a 404 page.
fn outside(request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET" | "HEAD", "/login") => Answer::html(
            200,
            "<!DOCTYPE html><html><head><title>Seerr</title></head><body>Sign in to continue</body></html>",
        ),
        ("GET" | "HEAD", _) => Answer::text(307, "/login").with("location", "/login"),
        _ => Answer::html(
            404,
            "<!DOCTYPE html><html><head><title>404: This page could not be found</title></head><body></body></html>",
        ),
    }
}
