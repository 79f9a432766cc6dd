//! `/metrics`: counters and gauges for Prometheus, for whoever may use the API. What is not known is
//! left out, so that one look never fails for another's fault.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.

use std::fmt::{Display, Write as _};

use actix_web::{HttpResponse, middleware::from_fn, web};
use schema::wire::supervisor::{ProgramState, ProgramStatus, StatusReport};
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
    HttpResponse::Ok().content_type(TEXT).body(text.0)
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
