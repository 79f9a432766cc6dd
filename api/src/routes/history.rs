//! `/api/sync-history`: the runs, the newest first, and the report of each.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use schema::{
    DbError,
    models::{PlanId, RunId, RunStatus, RunTrigger, SyncRun, SyncedItem},
    wire::sync::{ListReport, ReasonCount, RunCounts, RunDetails, RunFailure, RunReport, StartRun},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    at,
    sync::{self, Started},
};
use crate::{
    body::Json,
    error::ApiError,
    openapi::{Conflict, NotFound},
    query::Query,
    shared::Shared,
};

const LIMIT: i64 = 50;
const MAX_OFFSET: i64 = 1_000_000_000;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, one, undo))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/sync-history").get(all).done())
        .service(at("/sync-history/{id}").get(one).done())
        .service(at("/sync-history/{id}/undo").post(undo).done());
}

/// Some of the runs.
#[derive(Debug, Serialize, ToSchema)]
struct RunPage {
    runs: Vec<Run>,
    total: i64,
    limit: i64,
    offset: i64,
}

/// One run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Run {
    id: RunId,
    trigger: RunTrigger,
    status: RunStatus,
    reason: Option<String>,
    started_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    /// The plan it made or carried out.
    plan: Option<PlanId>,
    /// The run that it undoes, or plans to undo.
    undoes: Option<RunId>,
    /// The run that took back what this one had requested.
    undone_by: Option<RunId>,
    /// What became of its titles, once it has ended.
    counts: Option<RunCounts>,
}

/// One run with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunWithReport)]
struct FullRun {
    #[serde(flatten)]
    run: Run,
    /// The request it was started with.
    scope: Option<serde_json::Value>,
    /// Of a run that has ended; empty when its report is forgotten.
    lists: Vec<ListReport>,
    /// The same.
    reasons: Vec<ReasonCount>,
    /// Titles that it failed with and no later run changed, at most a hundred.
    failures: Vec<RunFailure>,
}

impl Run {
    pub(super) fn of(run: &SyncRun) -> Self {
        Self {
            id: run.id,
            trigger: run.sync_mode,
            status: run.status,
            reason: run.reason.clone(),
            started_at: run.started_at(),
            completed_at: run.sync_completed.map(|time| time.and_utc()),
            duration_ms: run
                .sync_completed
                .map(|end| (end - run.sync_started).num_milliseconds().max(0)),
            counts: run.has_ended().then(|| run.counts()),
            plan: run.plan,
            undoes: serde_json::from_str::<StartRun>(&run.scope)
                .ok() // of another version, which had no such thing
                .and_then(|start| start.undo),
            undone_by: run.undone_by,
        }
    }
}

/// Stored by another version perhaps: the rest of the run is shown without it.
fn read<T: serde::de::DeserializeOwned>(run: RunId, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .inspect_err(
            |error| tracing::warn!(run.id = %run, "cannot read what run {run} stored: {error}"),
        )
        .ok() // said above
}

/// Shows the runs, the newest first
#[utoipa::path(
    get,
    path = "/api/sync-history",
    operation_id = "get_runs",
    params(("limit" = Option<i64>, Query, description = "Runs to show; 50 when absent", minimum = 1, maximum = 200), ("offset" = Option<i64>, Query, description = "Runs to leave out first", minimum = 0)),
    responses((status = 200, description = "Some of the runs", body = RunPage)),
    tag = "Runs",
)]
async fn all(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let (limit, offset) = (
        query.limit(LIMIT),
        query.number("offset", 0, 0..=MAX_OFFSET),
    );
    query.check()?;
    let (runs, total) = shared
        .read(move |conn| SyncRun::page(conn, limit, offset))
        .await?;
    let runs = runs.iter().map(Run::of).collect();
    Ok(HttpResponse::Ok().json(RunPage {
        runs,
        total,
        limit,
        offset,
    }))
}

/// Shows one run with its report
#[utoipa::path(
    get,
    path = "/api/sync-history/{id}",
    operation_id = "get_run",
    params(("id" = i32, Path, description = "Number of the run", minimum = 1)),
    responses((status = 200, description = "The run", body = FullRun), (status = 404, response = NotFound)),
    tag = "Runs",
)]
async fn one(path: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let missing = || missing(&path);
    let id = number(&path)?;
    let (run, failed) = shared
        .read(move |conn| -> Result<_, DbError> {
            let failed = SyncedItem::failed_in_run(conn, id, RunDetails::FAILURES)?;
            Ok((SyncRun::find(conn, id)?, failed))
        })
        .await?;
    let run = run.ok_or_else(missing)?;
    let report = run
        .report
        .as_deref()
        .and_then(|text| read::<RunReport>(id, text));
    let (lists, reasons) = report
        .map(|report| (report.lists, report.reasons))
        .unwrap_or_default();
    Ok(HttpResponse::Ok().json(FullRun {
        run: Run::of(&run),
        scope: read(id, &run.scope),
        lists,
        reasons,
        failures: failed.into_iter().map(RunFailure::from).collect(),
    }))
}

/// What to do with a run that is undone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Undo {
    /// Only make a plan; `POST /api/plans/{id}/apply` carries it out.
    plan: Option<bool>,
}

/// Undoes a run
///
/// Starts a run that takes back what this run requested. What is in the library or on its way there, and what somebody else asked for, is left, each with its reason. What was taken back is not asked for again while it stays on its lists. Refused with `conflict` when the run is not over, requested nothing, is an undo itself, was undone or is being undone. With `plan` nothing is taken back: once the run has ended, `plan` of `GET /api/sync-history/{id}` is the number of the plan.
#[utoipa::path(
    post,
    path = "/api/sync-history/{id}/undo",
    operation_id = "undo_run",
    params(("id" = i32, Path, description = "Number of the run", minimum = 1)),
    request_body(content = Undo, examples(("undo" = (summary = "Take back", value = json!({}))), ("plan" = (summary = "Only plan it", value = json!({"plan": true}))))),
    responses((status = 202, description = "The run that undoes it was started, or queued while another goes on; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Runs",
)]
async fn undo(
    path: web::Path<String>,
    body: Json<Undo>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let request = StartRun {
        only_plans: body.0.plan.unwrap_or_default(),
        ..StartRun::undoing(number(&path)?)
    };
    sync::begin(&shared, request, "undo").await
}

fn number(text: &str) -> Result<RunId, ApiError> {
    text.parse().map(RunId).map_err(|_no_number| missing(text))
}

fn missing(text: &str) -> ApiError {
    ApiError::NotFound(format!(
        "run `{}`",
        text.chars().take(100).collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, sync_status};
    use schema::{
        models::NewRun,
        wire::{FailureCode, sync::ToSyncWorker},
    };

    async fn world() -> World {
        let world = World::alone().await;
        let now = world.clock.now();
        let summary = sync_status().last_run.unwrap();
        let reasons = vec![ReasonCount {
            decision: "skipped".into(),
            reason: "in the library".into(),
            titles: 9,
            examples: vec!["Heat".into()],
        }];
        let report = RunReport {
            summary,
            lists: Vec::new(),
            reasons,
            more_lists: 0,
        };
        let reports = [
            Some(serde_json::to_string(&report).unwrap()),
            Some("{}".into()),
            None,
        ];
        world
            .db
            .write(move |conn| {
                for report in reports {
                    let new = NewRun {
                        sync_started: now,
                        sync_mode: RunTrigger::Manual,
                        status: RunStatus::Running,
                        scope: r#"{"lists":[]}"#.into(),
                        is_full: true,
                    };
                    let mut run = SyncRun::insert(conn, &new)?;
                    if report.is_some() {
                        run.status = RunStatus::Completed;
                        run.sync_completed = Some(now + chrono::TimeDelta::milliseconds(1500));
                        run.report = report;
                        run.set_counts(&RunCounts {
                            entries: 250,
                            requested: 12,
                            available: 3,
                            skipped: 2,
                            ..RunCounts::default()
                        });
                        run.save_end(conn)?;
                    }
                }
                Ok::<_, schema::DbError>(())
            })
            .await
            .unwrap();
        world
    }

    #[actix_web::test]
    async fn runs_are_listed_newest_first_with_their_counters() {
        let world = world().await;
        let answer = world.get("/api/sync-history?limit=2&offset=1").await;
        assert_eq!((answer.status, &answer.json["total"]), (200, &3.into()));
        let runs = answer.json["runs"].as_array().unwrap();
        assert_eq!(
            (runs.len(), &runs[0]["id"], &runs[1]["id"]),
            (2, &2.into(), &1.into())
        );
        assert_eq!(runs[1]["counts"]["requested"], 12);
        assert_eq!(runs[1]["duration_ms"], 1500);
        // Counters do not need the report.
        assert_eq!(
            (
                &runs[0]["counts"]["skipped"],
                &runs[0]["counts"]["available"]
            ),
            (&2.into(), &3.into())
        );
        let going_on = world.get("/api/sync-history?limit=1").await;
        assert_eq!(going_on.json["runs"][0]["counts"], serde_json::Value::Null);
        world
            .get("/api/sync-history?limit=201&offset=-1")
            .await
            .blames(&["limit", "offset"]);
    }

    #[actix_web::test]
    async fn a_run_is_undone_by_a_run_or_only_planned_to_be() {
        let world = World::new().await;
        for (body, only_plans) in [("", false), ("{\"plan\":true}", true)] {
            let answer = world.send("POST", "/api/sync-history/12/undo", body).await;
            assert_eq!(
                (answer.status, &answer.json["sync_type"]),
                (202, &"undo".into())
            );
            assert_eq!(answer.header("location"), "/api/sync-history/7");
            let expected = StartRun {
                only_plans,
                ..StartRun::undoing(RunId(12))
            };
            let asked = world.asked().pop().unwrap();
            assert_eq!(asked, ToSyncWorker::StartRun(expected));
        }
        let count = world.asked().len();
        world
            .send("POST", "/api/sync-history/last/undo", "")
            .await
            .is_problem(404, "not_found");
        world
            .send("POST", "/api/sync-history/12/undo", "{\"lists\":[1]}")
            .await
            .blames(&["lists"]);
        assert_eq!(world.asked().len(), count);
        let message = "run 12 was undone already, by run 14";
        world.sync_fails(FailureCode::Conflict, message);
        let refused = world.send("POST", "/api/sync-history/12/undo", "").await;
        refused.is_problem(409, "conflict");
        assert_eq!(
            refused.json["detail"],
            "Run 12 was undone already, by run 14."
        );
    }

    #[actix_web::test]
    async fn one_run_is_shown_with_its_report() {
        let world = world().await;
        let answer = world.get("/api/sync-history/1").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["reasons"][0]["reason"], "in the library");
        assert_eq!(answer.json["scope"]["lists"], serde_json::json!([]));
        let running = world.get("/api/sync-history/3").await;
        assert_eq!(
            (
                &running.json["status"],
                running.json["lists"].as_array().unwrap().len()
            ),
            (&"running".into(), 0)
        );
        for id in ["4", "0", "x", "99999999999"] {
            world
                .get(&format!("/api/sync-history/{id}"))
                .await
                .is_problem(404, "not_found");
        }
    }
}
