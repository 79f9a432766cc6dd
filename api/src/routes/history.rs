//! `/api/sync-history`: the runs, the newest first, and the report of each.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use schema::{
    DbError,
    models::{PlanId, RunId, RunStatus, RunTrigger, SyncRun, SyncedItem},
    wire::sync::{ListReport, ReasonCount, RunCounts, RunDetails, RunFailure, RunReport},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{error::ApiError, openapi::NotFound, query::Query, shared::Shared};

const LIMIT: i64 = 50;
const MAX_OFFSET: i64 = 1_000_000_000;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, one))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/sync-history").get(all).done())
        .service(at("/sync-history/{id}").get(one).done());
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
    let missing = || {
        ApiError::NotFound(format!(
            "run `{}`",
            path.chars().take(100).collect::<String>()
        ))
    };
    let id = RunId(path.parse().map_err(|_no_number| missing())?);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, sync_status};
    use schema::models::NewRun;

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
