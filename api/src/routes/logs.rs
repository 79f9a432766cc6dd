//! `/api/logs/{name}`: the last lines of a program's log, and those that come, as Server-Sent Events.
//! Leaves keeping logs to the supervisor.

use std::{str::FromStr, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Local, Utc};
use runtime::moment;
use schema::wire::supervisor::{
    FromSupervisor, LogLevel, SupervisorLink, TailRequest, ToSupervisor,
};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::Error as WordError},
};
use tokio::time::timeout;
use utoipa::{OpenApi, ToSchema};

use super::{at, events, processes};
use crate::{
    error::{ApiError, Fields},
    logs,
    openapi::NotFound,
    query::Query,
    shared::{Shared, late, unexpected},
};

/// Lines of an answer when nobody says how many.
const LINES: i64 = 200;
/// Most lines of an answer.
const MOST_LINES: i64 = 10_000;
/// Most bytes of lines in an answer; of more, the newest are told.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How long the supervisor may look: rare lines are searched for in all files, old ones are packed.
const SEARCH_LIMIT: Duration = Duration::from_secs(15);
/// Longest text of a time.
const LONGEST_TIME: usize = 40;
/// The supervisor's own log.
const SUPERVISOR: &str = "supervisor";
/// What the supervisor takes for all logs, whose lines would have no names here.
const ALL: &str = "all";

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(show, follow_log), components(schemas(LogLevel)))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/logs/{name}").get(show).done())
        .service(at("/logs/{name}/stream").get(follow_log).done());
}

/// Lines of a log.
#[derive(Debug, Serialize, ToSchema)]
struct Log {
    /// Whose log it is.
    name: String,
    /// The lines, the oldest first.
    lines: Vec<String>,
    /// Lines in between that are left out because they came too fast or are too long together.
    skipped: u64,
}

/// Shows the last lines of a program's log
#[utoipa::path(
    get,
    path = "/api/logs/{name}",
    operation_id = "get_log",
    params(
        ("name" = String, Path, description = "A program, or `supervisor`", example = "sync-worker"),
        ("lines" = Option<i64>, Query, description = "At most so many", minimum = 1, maximum = 10_000),
        ("since" = Option<String>, Query, description = "Only those written since then: a time such as `2026-03-01T17:04:00Z`, or `17:04`, `10m`, `2h`, `3d`, `today`, `yesterday`", example = "10m"),
        ("level" = Option<LogLevel>, Query, description = "Only those of this level or a graver one"),
    ),
    responses(
        (status = 200, description = "The lines", body = Log),
        (status = 404, response = NotFound),
    ),
    tag = "Processes",
)]
async fn show(
    name: web::Path<String>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let name = name.into_inner();
    let asked = asked(&name, &request, LINES, 1, shared.clock.now_utc())?;
    let log = timeout(SEARCH_LIMIT, read(&shared, name, asked));
    let log = log
        .await
        .map_err(|_elapsed| late::<SupervisorLink>(SEARCH_LIMIT))??;
    Ok(HttpResponse::Ok().json(log))
}

async fn read(shared: &Shared, name: String, asked: TailRequest) -> Result<Log, ApiError> {
    let mut answers = shared
        .supervisor()
        .stream(ToSupervisor::Tail(asked))
        .await?;
    let mut lines = std::collections::VecDeque::new();
    let (mut bytes, mut skipped) = (0, 0);
    while let Some(answer) = answers.next().await? {
        match answer {
            FromSupervisor::Line(line) => {
                skipped += line.skipped;
                bytes += line.text.len();
                lines.push_back(line.text);
            }
            FromSupervisor::TailEnded(_) => {}
            other => return Err(unexpected::<SupervisorLink>(&other)),
        }
        while bytes > MOST_BYTES
            && let Some(oldest) = lines.pop_front()
        {
            bytes -= oldest.len();
            skipped += 1;
        }
    }
    Ok(Log {
        name,
        lines: lines.into(),
        skipped,
    })
}

/// Follows a program's log, as Server-Sent Events
///
/// Each line is one event `line` with `name`, `text` and `skipped`: how many lines were left out before
/// it because the client is too slow. `end` comes last, with a `reason` if there is one. A comment comes
/// every 15 seconds in which nothing is written. Events have no numbers: a client that comes again asks
/// for as many `lines` as it may have missed.
#[utoipa::path(
    get,
    path = "/api/logs/{name}/stream",
    operation_id = "follow_log",
    params(
        ("name" = String, Path, description = "A program, or `supervisor`", example = "sync-worker"),
        ("lines" = Option<i64>, Query, description = "Begin with so many lines from before", minimum = 0, maximum = 10_000),
        ("since" = Option<String>, Query, description = "Only those written since then: a time such as `2026-03-01T17:04:00Z`, or `17:04`, `10m`, `2h`, `3d`, `today`, `yesterday`", example = "10m"),
        ("level" = Option<LogLevel>, Query, description = "Only those of this level or a graver one"),
    ),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 404, response = NotFound),
    ),
    tag = "Processes",
)]
async fn follow_log(
    name: web::Path<String>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = TailRequest {
        follow: true,
        ..asked(&name, &request, 10, 0, shared.clock.now_utc())?
    };
    // A stream that has begun cannot answer 404 any more.
    let programs = shared.processes().await?.programs;
    if *name != SUPERVISOR && programs.iter().all(|program| program.name != *name) {
        return Err(processes::unknown(&name));
    }
    let seat = shared.logs.join()?;
    let lines = shared
        .supervisor()
        .stream(ToSupervisor::Tail(asked))
        .await?;
    Ok(events::answer(
        &request,
        logs::stream(lines, seat, shared.drain.begun()),
    ))
}

fn asked(
    name: &str,
    request: &HttpRequest,
    default_lines: i64,
    fewest: i64,
    now: DateTime<Utc>,
) -> Result<TailRequest, ApiError> {
    if name == ALL {
        return Err(processes::unknown(name));
    }
    let mut query = Query::of(request)?;
    let lines = query.number("lines", default_lines, fewest..=MOST_LINES);
    let level = query.word::<Level>("level");
    let since = query.text("since", LONGEST_TIME);
    query.check()?;
    let since = since.map(|text| time(&text, now)).transpose()?;
    Ok(TailRequest {
        names: vec![name.to_owned()],
        lines: u32::try_from(lines).ok(), // the range sees to it
        follow: false,
        since,
        level: level.map(|Level(level)| level),
    })
}

fn time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiError> {
    // A `+` that was not encoded is read as a space.
    let text = text.replace(' ', "+");
    moment::named(&text, &now.with_timezone(&Local)).ok_or_else(|| {
        let problem = format!(
            "must be a moment such as one of these: {}",
            moment::EXAMPLES
        );
        Fields::of("since", problem).into()
    })
}

struct Level(LogLevel);

impl FromStr for Level {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        LogLevel::deserialize(word.into_deserializer()).map(Self)
    }
}

#[cfg(test)]
#[path = "logs_tests.rs"]
mod tests;
