//! `/api/system/…`: how everything is, and the time. Without a key health is reduced to what a
//! monitor or a home automation reads.

use std::borrow::Cow;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, middleware::from_fn, web};
use chrono::{DateTime, Datelike, Local, NaiveDate, Offset, SecondsFormat, TimeZone, Utc};
use schema::{
    models::{RunStatus, SyncRun},
    wire::{
        scraper::BrowserState,
        supervisor::{ProgramState, ProgramStatus, StatusReport},
        sync::{Missing, SyncStatus},
    },
};
use serde::Serialize;
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AnyOfBuilder, Schema},
    },
};

use super::{Process, at};
use crate::{
    auth::{self, Caller},
    error::ApiError,
    shared::Shared,
};

/// A run that is this late is overdue; up to then it is being started.
const OVERDUE_S: i64 = 300;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(health, time, status))]
pub(super) struct Document;

/// What everybody may see.
pub(crate) fn configure_open(app: &mut web::ServiceConfig) {
    app.service(
        at("/api/system/health")
            .get(health)
            .done()
            .wrap(from_fn(auth::recognise)),
    )
    .service(at("/api/system/time").get(time).done());
}

/// What needs a key.
pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/system/status").get(status).done());
}

/// How it is in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = OverallHealth)]
#[serde(rename_all = "snake_case")]
enum Overall {
    /// All is well.
    Healthy,
    /// Works, and a person should look.
    Warning,
    /// Does not do its work.
    Error,
}

/// Where the schedule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ScheduleState)]
#[serde(rename_all = "snake_case")]
enum Schedule {
    /// The sync-worker does not answer.
    Unknown,
    /// A run is going on.
    Running,
    /// Something has to be set first.
    NotConfigured,
    /// Only people and scripts start runs.
    Manual,
    /// The next run is in the future.
    Scheduled,
    /// The next run is being started.
    Due,
    /// The next run should have started minutes ago.
    Overdue,
}

impl Schedule {
    fn of(sync: Option<&SyncStatus>, now: DateTime<Utc>) -> Self {
        let Some(sync) = sync else {
            return Self::Unknown;
        };
        if sync.run.is_some() {
            return Self::Running;
        }
        if !sync.missing.is_empty() {
            return Self::NotConfigured;
        }
        match sync.next_sync {
            None => Self::Manual,
            Some(next) if next > now => Self::Scheduled,
            Some(next) if (now - next).num_seconds() <= OVERDUE_S => Self::Due,
            Some(_) => Self::Overdue,
        }
    }
}

/// Health for everybody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReducedHealth)]
struct Reduced {
    status: Overall,
    sync_status: Schedule,
    last_sync: Option<DateTime<Utc>>,
    next_sync: Option<DateTime<Utc>>,
}

/// Health for the owner.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[serde(flatten)]
    reduced: Reduced,
    version: &'static str,
    /// Whether it can be read.
    database: bool,
    /// Whether the sync-worker answers; its name is the old product's.
    process: bool,
    ports: Vec<Listening>,
    /// `absent`, `idle` or `ready`; nothing while the workers that know do not answer.
    #[schema(value_type = Option<BrowserState>)]
    browser: Option<&'static str>,
    processes: Vec<Process>,
    missing: Vec<Missing>,
}

/// What health answers, by who asks. `anyOf`, since the full answer has all of the reduced one; an
/// untagged enum would give `oneOf`.
struct Healths;

impl PartialSchema for Healths {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .description(Some("What health answers, by who asks."))
            .item(Ref::from_schema_name(Health::name()))
            .item(Ref::from_schema_name(Reduced::name()))
            .into()
    }
}

impl ToSchema for Healths {
    fn name() -> Cow<'static, str> {
        "HealthAnswer".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Health::name().into_owned(), Health::schema()));
        schemas.push((Reduced::name().into_owned(), Reduced::schema()));
        Health::schemas(schemas);
        Reduced::schemas(schemas);
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Port)]
struct Listening {
    name: &'static str,
    address: String,
    port: u16,
}

/// The programs; none while the supervisor does not answer.
fn processes(report: Result<StatusReport, ApiError>, now: DateTime<Utc>) -> Vec<Process> {
    report.map_or_else(|_told| Vec::new(), |report| Process::all(report, now))
}

/// What the three sources of health said.
struct Seen {
    last_completed: Result<Option<DateTime<Utc>>, ApiError>,
    sync: Result<SyncStatus, ApiError>,
    supervisor: Result<StatusReport, ApiError>,
    now: DateTime<Utc>,
}

impl Seen {
    async fn look(shared: &Shared) -> Self {
        let (last_completed, sync, supervisor) = tokio::join!(
            shared.read(SyncRun::last_completed),
            shared.sync_status(),
            shared.processes()
        );
        for error in [sync.as_ref().err(), supervisor.as_ref().err()]
            .into_iter()
            .flatten()
        {
            tracing::debug!("health is incomplete: {}", runtime::Chain(error));
        }
        if let Err(error) = &last_completed {
            tracing::error!("the database cannot be read: {}", runtime::Chain(error));
        }
        Self {
            last_completed: last_completed.map(|time| time.map(|time| time.and_utc())),
            sync,
            supervisor,
            now: shared.clock.now_utc(),
        }
    }

    fn overall(&self) -> Overall {
        let database = if self.last_completed.is_ok() {
            Overall::Healthy
        } else {
            Overall::Error
        };
        let sync = match &self.sync {
            Err(_) => Overall::Error,
            Ok(status) if !status.missing.is_empty() => Overall::Warning,
            Ok(status) => match &status.last_run {
                Some(run) if run.status == RunStatus::Failed => Overall::Warning,
                _ => Overall::Healthy,
            },
        };
        let processes = match &self.supervisor {
            Err(_) => Overall::Warning,
            Ok(report) => report
                .programs
                .iter()
                .map(of_program)
                .max()
                .unwrap_or(Overall::Healthy),
        };
        database.max(sync).max(processes)
    }

    fn reduced(&self) -> Reduced {
        let sync = self.sync.as_ref().ok();
        Reduced {
            status: self.overall(),
            sync_status: Schedule::of(sync, self.now),
            last_sync: self.last_completed.as_ref().ok().copied().flatten(),
            next_sync: sync.and_then(|sync| sync.next_sync),
        }
    }
}

fn of_program(program: &ProgramStatus) -> Overall {
    match program.state {
        ProgramState::Running | ProgramState::Stopped | ProgramState::Exited => Overall::Healthy,
        ProgramState::Fatal if program.essential => Overall::Error,
        _ => Overall::Warning,
    }
}

/// Shows how everything is
///
/// Always 200, as it is a report; probes ask `/readyz`. Without a key only the first four fields are told.
#[utoipa::path(
    get,
    path = "/api/system/health",
    operation_id = "get_health",
    security((), ("key" = []), ("bearer" = [])),
    responses((status = 200, description = "With a key `Health`, without one `Reduced`", body = Healths)),
    tag = "System",
)]
async fn health(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let seen = Seen::look(&shared).await;
    let reduced = seen.reduced();
    if request.extensions().get::<Caller>() != Some(&Caller::Owner) {
        return HttpResponse::Ok().json(reduced);
    }
    let port = |name, at: std::net::SocketAddr| Listening {
        name,
        address: at.ip().to_string(),
        port: at.port(),
    };
    HttpResponse::Ok().json(Health {
        reduced,
        version: env!("CARGO_PKG_VERSION"),
        database: seen.last_completed.is_ok(),
        process: seen.sync.is_ok(),
        ports: vec![
            port("api", shared.ports.api),
            port("dashboard", shared.ports.dashboard),
        ],
        browser: browser(&shared).await,
        missing: seen.sync.map(|sync| sync.missing).unwrap_or_default(),
        processes: processes(seen.supervisor, seen.now), // why it is absent was logged
    })
}

async fn browser(shared: &Shared) -> Option<&'static str> {
    match shared.browser().await {
        Ok(status) => Some(match status.state {
            BrowserState::Ready => "ready",
            BrowserState::Idle => "idle",
            BrowserState::Absent => "absent",
        }),
        Err(error) => {
            tracing::debug!("health has no browser: {}", runtime::Chain(&error));
            None
        }
    }
}

/// The shape of the old product, without what it read from logs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemStatus)]
struct Status {
    version: &'static str,
    overall_health: Overall,
    database: DatabaseStatus,
    process: ProcessStatus,
    sync: SyncPart,
}

#[derive(Debug, Serialize, ToSchema)]
struct DatabaseStatus {
    connected: bool,
    file_exists: bool,
    file_size: u64,
    last_modified: Option<DateTime<Utc>>,
    error: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProcessStatus {
    running: bool,
    processes: Vec<Process>,
    error: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemSyncStatus)]
struct SyncPart {
    status: Schedule,
    last_sync: Option<DateTime<Utc>>,
    next_sync: Option<DateTime<Utc>>,
    interval_hours: Option<f64>,
    automated: Option<bool>,
    missing: Vec<Missing>,
    error: Option<String>,
}

/// Shows how everything is, in the shape of the old product
#[utoipa::path(
    get,
    path = "/api/system/status",
    operation_id = "get_status",
    responses((status = 200, description = "The status", body = Status)),
    tag = "System",
)]
async fn status(shared: web::Data<Shared>) -> HttpResponse {
    let (seen, file) = tokio::join!(
        Seen::look(&shared),
        tokio::fs::metadata(shared.database.clone())
    );
    let reduced = seen.reduced();
    let file = file.ok(); // told as `file_exists`
    let modified = file.as_ref().and_then(|file| file.modified().ok()); // not every file system knows
    let is_running = seen.sync.is_ok();
    let error_of = |error: &ApiError| error.to_detail();
    let (sync_error, supervisor_error) = (
        seen.sync.as_ref().err().map(error_of),
        seen.supervisor.as_ref().err().map(error_of),
    );
    let sync = seen.sync.ok(); // its error is told
    HttpResponse::Ok().json(Status {
        version: env!("CARGO_PKG_VERSION"),
        overall_health: reduced.status,
        database: DatabaseStatus {
            connected: seen.last_completed.is_ok(),
            file_exists: file.is_some(),
            file_size: file.map_or(0, |file| file.len()),
            last_modified: modified.map(DateTime::from),
            error: seen
                .last_completed
                .is_err()
                .then_some("The database cannot be read."),
        },
        process: ProcessStatus {
            running: is_running,
            processes: processes(seen.supervisor, seen.now), // its error is told
            error: supervisor_error,
        },
        sync: SyncPart {
            status: reduced.sync_status,
            last_sync: reduced.last_sync,
            next_sync: reduced.next_sync,
            interval_hours: sync.as_ref().map(|sync| sync.interval_hours),
            automated: sync.as_ref().map(|sync| sync.automated),
            missing: sync.map(|sync| sync.missing).unwrap_or_default(),
            error: sync_error,
        },
    })
}

/// The time of this machine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Time)]
struct Now {
    current_time: String,
    timestamp: f64,
    timezone: Zone,
    formatted: Formatted,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimeZone)]
struct Zone {
    name: String,
    utc_offset: String,
    is_dst: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormattedTime)]
struct Formatted {
    date: String,
    time: String,
    full: String,
    iso: String,
}

/// Shows the time of this machine
#[utoipa::path(
    get,
    path = "/api/system/time",
    operation_id = "get_time",
    security(()),
    responses((status = 200, description = "The time", body = Now)),
    tag = "System",
)]
async fn time(shared: web::Data<Shared>) -> HttpResponse {
    let now = shared.clock.now_utc();
    let local = now.with_timezone(&Local);
    let utc_offset = local.format("%:z").to_string();
    let iso = local.to_rfc3339_opts(SecondsFormat::Micros, true);
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until 2255"
    )]
    let timestamp = now.timestamp_micros() as f64 / 1e6;
    HttpResponse::Ok().json(Now {
        current_time: iso.clone(),
        timestamp,
        timezone: Zone {
            name: shared
                .time_zone
                .clone()
                .unwrap_or_else(|| nameless(&utc_offset)),
            utc_offset,
            is_dst: is_summer_time(local),
        },
        formatted: Formatted {
            date: local.format("%Y-%m-%d").to_string(),
            time: local.format("%H:%M:%S").to_string(),
            full: local.format("%Y-%m-%d %H:%M:%S %:z").to_string(),
            iso,
        },
    })
}

/// What a zone is called that has no name.
fn nameless(utc_offset: &str) -> String {
    if utc_offset == "+00:00" {
        "UTC".into()
    } else {
        utc_offset.to_owned()
    }
}

/// Whether the clock is ahead of where it stands in the other half of the year.
fn is_summer_time(local: DateTime<Local>) -> bool {
    let offset = |month| {
        let day = NaiveDate::from_ymd_opt(local.year(), month, 1)?.and_hms_opt(12, 0, 0)?;
        Some(
            local
                .timezone()
                .offset_from_utc_datetime(&day)
                .fix()
                .local_minus_utc(),
        )
    };
    let winter = [1, 7].into_iter().filter_map(offset).min();
    winter.is_some_and(|winter| local.offset().fix().local_minus_utc() > winter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, now};
    use chrono::TimeDelta;

    #[actix_web::test]
    async fn health_without_a_key_is_reduced_to_four_words() {
        let world = World::new().await;
        let answer = world.anonymous("GET", "/api/system/health").await;
        assert_eq!(answer.status, 200);
        let mut keys: Vec<_> = answer.json.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["last_sync", "next_sync", "status", "sync_status"]);
        assert_eq!(answer.json["sync_status"], "scheduled");
        assert_eq!(answer.json["status"], "healthy");
        assert_eq!(answer.json["next_sync"], "2026-11-21T18:00:00Z");
    }

    #[actix_web::test]
    async fn health_with_a_key_lists_database_ports_browser_and_processes() {
        let world = World::new().await;
        let answer = world.get("/api/system/health").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["database"], true);
        assert_eq!(answer.json["process"], true);
        assert_eq!(answer.json["browser"], "idle");
        assert_eq!(answer.json["ports"][0]["name"], "api");
        assert_eq!(answer.json["ports"][1]["port"], 3222);
        assert_eq!(answer.json["processes"][0]["name"], "sync-worker");
        assert_eq!(answer.json["processes"][0]["state"], "RUNNING");
        assert_eq!(answer.json["processes"][0]["uptime_s"], 3600);
        assert_eq!(answer.json["sync_status"], "scheduled");
    }

    #[actix_web::test]
    async fn health_answers_even_when_every_other_process_is_away() {
        let world = World::alone().await;
        let answer = world.get("/api/system/health").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["sync_status"], "unknown");
        assert_eq!(answer.json["status"], "error");
        assert_eq!(answer.json["process"], false);
        assert_eq!(answer.json["browser"], serde_json::Value::Null);
        assert_eq!(answer.json["processes"], serde_json::json!([]));
    }

    #[actix_web::test]
    async fn status_has_the_old_shape() {
        let world = World::new().await;
        let answer = world.get("/api/system/status").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["overall_health"], "healthy");
        assert_eq!(answer.json["database"]["connected"], true);
        assert!(answer.json["database"]["file_size"].as_u64().unwrap() > 0);
        assert_eq!(answer.json["process"]["running"], true);
        assert_eq!(answer.json["process"]["processes"][0]["pid"], 41);
        assert_eq!(answer.json["sync"]["interval_hours"], 6.0);
        assert_eq!(answer.json["sync"]["error"], serde_json::Value::Null);
        let alone = World::alone().await;
        let answer = alone.get("/api/system/status").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json["sync"]["error"],
            "The sync-worker does not answer; try again in a moment."
        );
    }

    #[actix_web::test]
    async fn the_time_is_told_to_everybody() {
        let world = World::new().await;
        let answer = world.anonymous("GET", "/api/system/time").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["timestamp"], 1_795_262_400.0);
        let told = answer.json["current_time"].as_str().unwrap();
        assert_eq!(DateTime::parse_from_rfc3339(told).unwrap(), now());
        assert_eq!(answer.json["timezone"]["name"], "UTC");
    }

    #[test]
    fn a_zone_without_a_name_is_called_by_its_offset() {
        assert_eq!(nameless("+00:00"), "UTC");
        assert_eq!(nameless("+05:30"), "+05:30");
    }

    #[test]
    fn the_schedule_is_one_word() {
        let word = |change: fn(&mut SyncStatus)| {
            let mut status = crate::testing::sync_status();
            change(&mut status);
            Schedule::of(Some(&status), now())
        };
        assert_eq!(word(|_| {}), Schedule::Scheduled);
        assert_eq!(word(|s| s.next_sync = None), Schedule::Manual);
        assert_eq!(
            word(|s| s.next_sync = Some(now() - TimeDelta::seconds(9))),
            Schedule::Due
        );
        assert_eq!(
            word(|s| s.next_sync = Some(now() - TimeDelta::hours(1))),
            Schedule::Overdue
        );
        assert_eq!(
            word(|s| s.run = Some(crate::testing::progress())),
            Schedule::Running
        );
        let missing = |s: &mut SyncStatus| s.missing = vec![crate::testing::missing()];
        assert_eq!(word(missing), Schedule::NotConfigured);
        assert_eq!(Schedule::of(None, now()), Schedule::Unknown);
    }
}
