//! `/api/events`: what happens, as Server-Sent Events that go on where a client left off. Leaves the
//! streams themselves to `events`.

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{ConnectionType, Version, header},
    web,
};
use futures_util::Stream;
use schema::models::{Event, RunId};
use utoipa::OpenApi;

use super::at;
use crate::{
    error::{ApiError, Fields},
    events::{self, Filter, Topic},
    query::Query,
    shared::Shared,
};

/// Longest text that names kinds.
const LONGEST_KINDS: usize = 500;
/// Longest text of a number.
const LONGEST_NUMBER: usize = 20;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(follow))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/events").get(follow).done());
}

/// Follows what happens, as Server-Sent Events
///
/// Stored events have a number: `id`, `event` (their kind) and `data` (`id`, `at`, `kind`, `run`,
/// `list`, and `data` by kind). Without a number come `progress` (where the run is), `reading` (how
/// far a list is read) and `process` (a process is in another state: `at`, `from`, `reason` and
/// `process`, as `/api/processes` shows it). A client that comes again with the number it saw last (`Last-Event-ID`, as
/// browsers send it) gets what it missed; `reset` tells one that comes too late to look at everything
/// anew. Without a number a client gets what happens from now on. A comment comes every 15 seconds in
/// which nothing happens.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "follow_events",
    params(
        ("Last-Event-ID" = Option<i32>, Header, description = "Go on after the event with this number"),
        ("last_event_id" = Option<i32>, Query, description = "The same, for clients that cannot send the header", minimum = 0),
        ("kind" = Option<String>, Query, description = "Only these kinds, with commas between them", example = "run_started,run_ended,progress"),
        ("run" = Option<i32>, Query, description = "Only what belongs to this run", minimum = 1),
    ),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
    ),
    tag = "Events",
)]
async fn follow(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let run = query.row_number("run").map(RunId);
    let kinds = query.text("kind", LONGEST_KINDS);
    let asked = query.text("last_event_id", LONGEST_NUMBER);
    query.check()?;
    let filter = Filter {
        topics: kinds.map(|kinds| topics(&kinds)).transpose()?,
        run,
    };
    let asked = asked.map(|text| number(&text)).transpose()?;
    let seat = shared.events.join()?;
    let last = match sent_last(&request).or(asked) {
        Some(last) => last,
        None => shared.read(Event::newest).await?,
    };
    Ok(answer(&request, events::stream(seat, filter, last)))
}

/// A stream of events as answer.
pub(super) fn answer(
    request: &HttpRequest,
    stream: impl Stream<Item = Result<web::Bytes, Infallible>> + 'static,
) -> HttpResponse {
    let mut answer = HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        // nginx would hold events back until its buffer is full.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream);
    let head = answer.head_mut();
    // Nothing comes after it: a process that ends need not wait for another request.
    head.set_connection_type(ConnectionType::Close);
    // Old proxies know no chunks: what comes until the end of the connection is the answer.
    head.no_chunking(request.version() < Version::HTTP_11);
    answer
}

fn topics<C: FromIterator<Topic>>(kinds: &str) -> Result<C, ApiError> {
    kinds
        .split(',')
        .map(|kind| kind.trim().parse())
        .collect::<Result<_, String>>()
        .map_err(|error| Fields::of("kind", format!("is not possible: {error}")).into())
}

fn number(text: &str) -> Result<i32, ApiError> {
    let number = text.parse().ok().filter(|number| *number >= 0); // said below
    number.ok_or_else(|| {
        let problem = format!("must be a whole number from 0 to {}", i32::MAX);
        Fields::of("last_event_id", problem).into()
    })
}

/// What the client saw last, as browsers tell when they come again. A number that was never ours is
/// one from the future: its owner has to begin anew.
fn sent_last(request: &HttpRequest) -> Option<i32> {
    let value = request.headers().get("last-event-id")?;
    let text = value.to_str().unwrap_or("?").trim();
    (!text.is_empty()).then(|| number(text).unwrap_or(i32::MAX))
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "events_connection_tests.rs"]
mod connection_tests;
