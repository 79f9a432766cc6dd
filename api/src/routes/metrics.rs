//! `/metrics`: counters and gauges for Prometheus, for whoever may use the API. What is not known is
//! left out, so that one look never fails for another's fault.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.

use std::fmt::{Display, Write as _};

use actix_web::{HttpResponse, middleware::from_fn, web};
use schema::{
    models::{RunStatus, SyncRun},
    wire::supervisor::{ProgramState, ProgramStatus, StatusReport},
};
use utoipa::OpenApi;

use super::at;
use crate::{auth, shared::Shared};

/// As Prometheus asks for it.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(metrics))]
pub(super) struct Document;

pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.service(
        at("/metrics")
            .get(metrics)
            .done()
            .wrap(from_fn(auth::require)),
    );
}

/// Shows counters and gauges for Prometheus
///
/// In its text format. Prometheus sends the key as `Authorization: Bearer` (`authorization: credentials`
/// in its settings).
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "get_metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")),
    tag = "Probes",
)]
async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    let mut text = Text::default();
    text.family("build_info", "gauge", "Which version this is.");
    text.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    match shared.processes().await {
        Ok(report) => processes(&mut text, &report),
        Err(error) => tracing::debug!("metrics have no processes: {}", runtime::Chain(&error)),
    }
    match shared.read(SyncRun::count_by_status).await {
        Ok(counts) => runs(&mut text, &counts),
        Err(error) => tracing::debug!("metrics have no runs: {}", runtime::Chain(&error)),
    }
    HttpResponse::Ok().content_type(TEXT).body(text.0)
}

fn runs(text: &mut Text, counts: &[(RunStatus, i64)]) {
    let of = |status| {
        let found = counts.iter().find(|(known, _)| *known == status);
        found.map_or(0, |(_, count)| *count)
    };
    text.family("runs_queued", "gauge", "Runs that wait for their turn.");
    text.sample("runs_queued", &[], of(RunStatus::Queued));
    text.family("runs_going_on", "gauge", "Runs that are going on.");
    text.sample("runs_going_on", &[], of(RunStatus::Running));
    // A gauge: old runs are forgotten.
    text.family("runs", "gauge", "Runs in the history, by how they ended.");
    for status in [
        RunStatus::Completed,
        RunStatus::Failed,
        RunStatus::Cancelled,
    ] {
        text.sample("runs", &[("status", status.as_str())], of(status));
    }
}

/// A program's value of one family; nothing leaves it out.
type Value = fn(&ProgramStatus) -> Option<f64>;

/// Families of programs: name, kind, what for, value.
const FAMILIES: &[(&str, &str, &str, Value)] = &[
    (
        "process_up",
        "gauge",
        "Whether the process does its work.",
        |program| Some(f64::from(u8::from(program.state == ProgramState::Running))),
    ),
    (
        "process_restarts_total",
        "counter",
        "Times the process was started anew after it had ended by itself.",
        |program| Some(number(program.restarts)),
    ),
    (
        "process_memory_bytes",
        "gauge",
        "Memory of the process and its children, shared pages counted once.",
        |program| program.memory_bytes.map(number),
    ),
    (
        "process_cpu_seconds_total",
        "counter",
        "Computing time of the process and its children.",
        |program| program.cpu_ms.map(|cpu_ms| number(cpu_ms) / 1e3),
    ),
    (
        "process_start_time_seconds",
        "gauge",
        "When the process was started, in seconds since 1970.",
        |program| {
            let start = program.started_at.filter(|_| program.pid.is_some())?;
            u64::try_from(start.timestamp_millis())
                .ok()
                .map(|ms| number(ms) / 1e3) // not before 1970
        },
    ),
    (
        "process_log_lost_bytes_total",
        "counter",
        "Bytes of the log of the process that the disk did not take.",
        |program| Some(number(program.log_lost_bytes)),
    ),
];

fn processes(text: &mut Text, report: &StatusReport) {
    for (name, kind, help, value) in FAMILIES {
        text.family(name, kind, help);
        for program in &report.programs {
            if let Some(value) = value(program) {
                text.sample(name, &[("process", &program.name)], value);
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the format knows no other numbers, and these stay below 2^53"
)]
fn number(value: u64) -> f64 {
    value as f64
}

/// The text so far.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP listsync_{name} {help}"));
        self.line(format_args!("# TYPE listsync_{name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        if labels.is_empty() {
            return self.line(format_args!("listsync_{name} {value}"));
        }
        self.line(format_args!(
            "listsync_{name}{{{}}} {value}",
            labels.join(",")
        ));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").unwrap_or_default(); // a text can always grow
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, processes as report};

    #[test]
    fn a_process_has_its_series_and_a_dead_one_only_what_is_still_true() {
        let mut report = report();
        report.programs[0].memory_bytes = Some(5_000_000);
        report.programs[0].cpu_ms = Some(1500);
        let mut dead = report.programs[0].clone();
        dead.name = "my \"job\"".into();
        dead.state = ProgramState::Fatal;
        (dead.pid, dead.memory_bytes, dead.cpu_ms) = (None, None, None);
        report.programs.push(dead);
        let mut text = Text::default();
        processes(&mut text, &report);
        let samples: Vec<_> = text
            .0
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(
            samples,
            [
                "listsync_process_up{process=\"sync-worker\"} 1",
                "listsync_process_up{process=\"my \\\"job\\\"\"} 0",
                "listsync_process_restarts_total{process=\"sync-worker\"} 2",
                "listsync_process_restarts_total{process=\"my \\\"job\\\"\"} 2",
                "listsync_process_memory_bytes{process=\"sync-worker\"} 5000000",
                "listsync_process_cpu_seconds_total{process=\"sync-worker\"} 1.5",
                "listsync_process_start_time_seconds{process=\"sync-worker\"} 1795258800",
                "listsync_process_log_lost_bytes_total{process=\"sync-worker\"} 0",
                "listsync_process_log_lost_bytes_total{process=\"my \\\"job\\\"\"} 0",
            ]
        );
        for line in text.0.lines().filter(|line| line.starts_with("# TYPE")) {
            let (name, kind) = line["# TYPE ".len()..].split_once(' ').unwrap();
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        }
    }

    #[test]
    fn runs_are_counted_by_how_they_ended() {
        let mut text = Text::default();
        let counts = [
            (RunStatus::Completed, 41),
            (RunStatus::Failed, 2),
            (RunStatus::Queued, 3),
            (RunStatus::Running, 1),
        ];
        runs(&mut text, &counts);
        let samples: Vec<_> = text
            .0
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(
            samples,
            [
                "listsync_runs_queued 3",
                "listsync_runs_going_on 1",
                "listsync_runs{status=\"completed\"} 41",
                "listsync_runs{status=\"failed\"} 2",
                "listsync_runs{status=\"cancelled\"} 0",
            ]
        );
    }

    #[actix_web::test]
    async fn it_needs_a_key_and_no_supervisor() {
        let world = World::alone().await;
        world
            .anonymous("GET", "/metrics")
            .await
            .is_problem(401, "unauthorized");
        let answer = world.get("/metrics").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, TEXT));
        assert!(
            answer.text.contains("\nlistsync_build_info{version=\""),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("process_up"), "{}", answer.text);
        let world = World::new().await;
        let answer = world.get("/metrics").await;
        assert!(
            answer
                .text
                .contains("listsync_process_up{process=\"sync-worker\"} 1\n"),
            "{}",
            answer.text
        );
    }
}
