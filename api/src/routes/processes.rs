//! `/api/processes`: the programs of the supervisor; how they are, starting and stopping them. Leaves
//! doing it to the supervisor.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use schema::wire::supervisor::{
    FromSupervisor, LastExit, ProgramOutcome, ProgramResult, ProgramState, ProgramStatus, Programs,
    Restart, StatusReport, SupervisorLink, ToSupervisor,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    error::ApiError,
    openapi::{Conflict, NotFound},
    shared::{Shared, unexpected},
};

/// How long somebody waits for programs to be ready or gone; they are seen to after that as well.
const ACT_LIMIT: Duration = Duration::from_mins(1);
/// Longest name that is looked for.
const LONGEST_NAME: usize = 100;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, one, start, stop, restart))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/processes").get(all).done())
        .service(at("/processes/{name}").get(one).done())
        .service(at("/processes/{name}/start").post(start).done())
        .service(at("/processes/{name}/stop").post(stop).done())
        .service(at("/processes/{name}/restart").post(restart).done());
}

/// One program of the supervisor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Process {
    /// Its name in the settings.
    name: String,
    /// Where it is in its life.
    state: ProgramState,
    /// Whether everything ends when it cannot be kept up.
    essential: bool,
    /// Its number while it lives.
    pid: Option<i32>,
    /// When it entered `state`.
    since: DateTime<Utc>,
    /// When it was started that lives now.
    started_at: Option<DateTime<Utc>>,
    /// Seconds since then.
    uptime_s: Option<i64>,
    /// Milliseconds from its start until it was ready.
    ready_after_ms: Option<u64>,
    /// How often it was started anew after it had ended by itself.
    restarts: u64,
    /// Deaths that count against what it is allowed.
    failures: u32,
    /// How the one before it ended.
    last_exit: Option<LastExit>,
    /// When it is tried again, in `BACKOFF` and `FATAL`.
    next_try_at: Option<DateTime<Utc>>,
    /// What it last said of itself, or why it could not be started.
    status_text: Option<String>,
    /// Bytes of memory, with all its children.
    memory_bytes: Option<u64>,
    /// Milliseconds of computing, with all its children.
    cpu_ms: Option<u64>,
    /// How many processes it is, with its children.
    processes: u32,
    /// Bytes of its log that the disk did not take.
    log_lost_bytes: u64,
    /// Lines of its log that were left out because it wrote too many.
    log_suppressed_lines: u64,
}

impl Process {
    pub(crate) fn of(program: ProgramStatus, now: DateTime<Utc>) -> Self {
        Self {
            uptime_s: program
                .started_at
                .map(|start| (now - start).num_seconds().max(0)),
            name: program.name,
            state: program.state,
            essential: program.essential,
            pid: program.pid,
            since: program.since,
            started_at: program.started_at,
            ready_after_ms: program.ready_after_ms,
            restarts: program.restarts,
            failures: program.failures,
            last_exit: program.last_exit,
            next_try_at: program.next_try_at,
            status_text: program.status_text,
            memory_bytes: program.memory_bytes,
            cpu_ms: program.cpu_ms,
            processes: program.processes,
            log_lost_bytes: program.log_lost_bytes,
            log_suppressed_lines: program.log_suppressed_lines,
        }
    }

    pub(super) fn all(report: StatusReport, now: DateTime<Utc>) -> Vec<Self> {
        let programs = report.programs.into_iter();
        programs.map(|program| Self::of(program, now)).collect()
    }
}

/// All programs, and who looks after them.
#[derive(Debug, Serialize, ToSchema)]
struct Processes {
    /// The supervisor.
    supervisor: Supervisor,
    /// The programs, in the order in which they are started.
    processes: Vec<Process>,
}

/// The supervisor itself.
#[derive(Debug, Serialize, ToSchema)]
struct Supervisor {
    /// Its number.
    pid: i32,
    /// Its version.
    version: String,
    /// When it was started.
    started_at: DateTime<Utc>,
    /// Whether it is stopping everything.
    is_stopping: bool,
    /// Lines that were not printed on its stdout, since nobody read there in time; the files have them.
    stdout_dropped_lines: u64,
}

/// Shows the programs and how they are
#[utoipa::path(
    get,
    path = "/api/processes",
    operation_id = "get_processes",
    responses((status = 200, description = "The programs", body = Processes)),
    tag = "Processes",
)]
async fn all(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let report = shared.processes().await?;
    Ok(HttpResponse::Ok().json(Processes {
        supervisor: Supervisor {
            pid: report.pid,
            version: report.version.clone(),
            started_at: report.started_at,
            is_stopping: report.is_stopping,
            stdout_dropped_lines: report.stdout_dropped_lines,
        },
        processes: Process::all(report, shared.clock.now_utc()),
    }))
}

/// Shows one program and how it is
#[utoipa::path(
    get,
    path = "/api/processes/{name}",
    operation_id = "get_process",
    params(("name" = String, Path, description = "Its name", example = "sync-worker")),
    responses(
        (status = 200, description = "The program", body = Process),
        (status = 404, response = NotFound),
    ),
    tag = "Processes",
)]
async fn one(name: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let programs = shared.processes().await?.programs;
    let found = programs.into_iter().find(|program| program.name == *name);
    let program = found.ok_or_else(|| unknown(&name))?;
    Ok(HttpResponse::Ok().json(Process::of(program, shared.clock.now_utc())))
}

/// There is no such program.
pub(super) fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    ApiError::NotFound(format!("program `{name}`"))
}

/// What became of a request to start or stop.
#[derive(Debug, Serialize, ToSchema)]
struct Acted {
    /// Whether it was waited for. If not, it takes long or ends this process too, and is seen to.
    is_done: bool,
    /// What became of each program, if it was waited for.
    results: Vec<ProcessResult>,
}

/// What became of one program.
#[derive(Debug, Serialize, ToSchema)]
struct ProcessResult {
    /// Its name.
    name: String,
    /// What was done.
    outcome: ProgramOutcome,
    /// Why it failed.
    reason: Option<String>,
}

impl From<ProgramResult> for ProcessResult {
    fn from(result: ProgramResult) -> Self {
        Self {
            name: result.name,
            outcome: result.outcome,
            reason: result.reason,
        }
    }
}

/// Starts a program and waits until it is ready or has failed
#[utoipa::path(
    post,
    path = "/api/processes/{name}/start",
    operation_id = "start_process",
    params(("name" = String, Path, description = "Its name, or `all`", example = "sync-worker")),
    responses(
        (status = 200, description = "What became of it", body = Acted),
        (status = 202, description = "It is seen to; it takes longer than is waited for", body = Acted),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
    ),
    tag = "Processes",
)]
async fn start(
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    act(&shared, ToSupervisor::Start(named(name))).await
}

/// Stops a program and waits until it is gone
///
/// Where it is `api`, it answers before that and is not there afterwards: `listsync start api` brings it
/// back.
#[utoipa::path(
    post,
    path = "/api/processes/{name}/stop",
    operation_id = "stop_process",
    params(("name" = String, Path, description = "Its name, or `all`", example = "sync-worker")),
    responses(
        (status = 200, description = "What became of it", body = Acted),
        (status = 202, description = "It is seen to; it takes longer than is waited for, or ends `api`", body = Acted),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
    ),
    tag = "Processes",
)]
async fn stop(
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    act(&shared, ToSupervisor::Stop(named(name))).await
}

/// Starts a program anew and waits until it is ready or has failed
///
/// `all` are started anew one after the other. `api` can be, too: the next one serves before this one
/// ends.
#[utoipa::path(
    post,
    path = "/api/processes/{name}/restart",
    operation_id = "restart_process",
    params(("name" = String, Path, description = "Its name, or `all`", example = "sync-worker")),
    responses(
        (status = 200, description = "What became of it", body = Acted),
        (status = 202, description = "It is seen to; it takes longer than is waited for, or ends this `api`", body = Acted),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
    ),
    tag = "Processes",
)]
async fn restart(
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let restart = Restart {
        names: named(name).names,
        at_once: false,
    };
    act(&shared, ToSupervisor::Restart(restart)).await
}

fn named(name: web::Path<String>) -> Programs {
    Programs {
        names: vec![name.into_inner()],
    }
}

/// What the supervisor has begun it sees through, whether it is waited for or not.
async fn act(shared: &Shared, request: ToSupervisor) -> Result<HttpResponse, ApiError> {
    let ends = shared.drain.begun();
    let answer = tokio::select! {
        biased;
        answer = shared.supervisor().call(request) => answer?,
        () = ends.cancelled() => return Ok(not_waited_for()),
        () = tokio::time::sleep(ACT_LIMIT) => return Ok(not_waited_for()),
    };
    let FromSupervisor::Done(done) = answer else {
        return Err(unexpected::<SupervisorLink>(&answer));
    };
    Ok(HttpResponse::Ok().json(Acted {
        is_done: true,
        results: done.results.into_iter().map(ProcessResult::from).collect(),
    }))
}

fn not_waited_for() -> HttpResponse {
    HttpResponse::build(StatusCode::ACCEPTED).json(Acted {
        is_done: false,
        results: Vec::new(),
    })
}

#[cfg(test)]
#[path = "processes_tests.rs"]
mod tests;
