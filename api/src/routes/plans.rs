//! `/api/plans`: what runs would do, to be looked at, carried out or dropped. Plans are made and
//! carried out by runs, which live in the sync-worker.

use actix_web::{HttpRequest, HttpResponse, web};
use schema::{
    models::{DecisionKind, PlanId, RunTrigger},
    wire::sync::{
        DiscardPlan, FromSyncWorker, PlanItemView, PlanView, Plans, PlansRequest, ReasonCount,
        ShowPlan, StartRun, SyncLink, ToSyncWorker,
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    at,
    sync::{self, Started, Trigger},
};
use crate::{
    body::Json,
    error::ApiError,
    openapi::{Conflict, NotFound},
    query::{Page, Query},
    shared::{Shared, unexpected},
};

/// Titles of a page unless told otherwise.
const LIMIT: i64 = 50;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(make, all, one, apply, discard))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/plans").get(all).post(make).done())
        .service(at("/plans/{id}").get(one).delete(discard).done())
        .service(at("/plans/{id}/apply").post(apply).done());
}

/// Makes a plan
///
/// Starts a run that reads the lists, decides on every title and asks for nothing. Takes what `POST /api/sync/trigger` takes. Once the run has ended, `plan` of `GET /api/sync-history/{id}` is the number of the plan.
#[utoipa::path(
    post,
    path = "/api/plans",
    operation_id = "make_plan",
    request_body(content = Trigger, examples(("everything" = (summary = "Every list", value = json!({}))), ("lists" = (summary = "Some lists", value = json!({"lists": [1, 4]}))))),
    responses((status = 202, description = "The run was started; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Plans",
)]
async fn make(body: Json<Trigger>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    sync::start(&shared, body.0.that_only_plans()?).await
}

/// Shows the plans
///
/// The newest 100, the newest first. One that was applied, discarded or too old is forgotten after a month.
#[utoipa::path(
    get,
    path = "/api/plans",
    operation_id = "get_plans",
    responses((status = 200, description = "The plans, without their titles", body = Plans)),
    tag = "Plans",
)]
async fn all(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    match shared.look(ToSyncWorker::Plans(PlansRequest {})).await? {
        FromSyncWorker::Plans(plans) => Ok(HttpResponse::Ok().json(plans)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// A plan with one page of its titles.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanPage)]
struct Shown {
    plan: PlanView,
    /// Why titles are skipped and entries have no title, as the run that made it reported.
    reasons: Vec<ReasonCount>,
    items: Vec<PlanItemView>,
    total: i64,
    page: i64,
    limit: i64,
    has_more: bool,
}

/// Shows a plan
///
/// Titles come in the order in which they are carried out. Titles with which nothing is to be done are counted only.
#[utoipa::path(
    get,
    path = "/api/plans/{id}",
    operation_id = "get_plan",
    params(("id" = i32, Path, description = "Number of the plan", minimum = 1), Page, ("decision" = Option<DecisionKind>, Query, description = "Only titles with which that is to be done")),
    responses((status = 200, description = "The plan and one page of its titles", body = Shown), (status = 404, response = NotFound)),
    tag = "Plans",
)]
async fn one(
    request: HttpRequest,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let (page, decision) = (query.page(LIMIT), query.word("decision"));
    query.check()?;
    let request = ShowPlan {
        plan: Some(number(&path)?),
        decision,
        limit: u32::try_from(page.limit).ok(), // the query sees to it
        offset: u32::try_from(page.offset()).unwrap_or(u32::MAX),
    };
    let parts = shared.look_through(ToSyncWorker::Plan(request)).await?;
    Ok(HttpResponse::Ok().json(shown(parts, page)?))
}

/// One page of the parts it came in.
fn shown(parts: Vec<FromSyncWorker>, page: Page) -> Result<Shown, ApiError> {
    let mut shown: Option<Shown> = None;
    for part in parts {
        let FromSyncWorker::Plan(part) = part else {
            return Err(unexpected::<SyncLink>(&part));
        };
        if let Some(shown) = &mut shown {
            shown.items.extend(part.items);
            continue;
        }
        let total = i64::from(part.total);
        shown = Some(Shown {
            plan: part.plan,
            reasons: part.reasons,
            items: part.items,
            total,
            page: page.page,
            limit: page.limit,
            has_more: page.offset().saturating_add(page.limit) < total,
        });
    }
    shown.ok_or(ApiError::Unexpected {
        peer: "the sync-worker",
        answer: "nothing".to_owned(),
    })
}

/// Carries a plan out
///
/// Starts a run that asks for what the plan has, as far as the world still agrees; each title then says in `outcome` what came of it. Lists are not read. Refused with `conflict` when its time is over, it was applied or discarded, or is being applied.
#[utoipa::path(
    post,
    path = "/api/plans/{id}/apply",
    operation_id = "apply_plan",
    params(("id" = i32, Path, description = "Number of the plan", minimum = 1)),
    responses((status = 202, description = "The run was started; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Plans",
)]
async fn apply(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let request = StartRun {
        plan: Some(number(&path)?),
        ..StartRun::everything(RunTrigger::Manual)
    };
    sync::begin(&shared, request, "plan").await
}

/// Drops a plan
///
/// Nothing of it is asked for. It is still shown, as discarded.
#[utoipa::path(
    delete,
    path = "/api/plans/{id}",
    operation_id = "discard_plan",
    params(("id" = i32, Path, description = "Number of the plan", minimum = 1)),
    responses((status = 200, description = "The plan, discarded", body = PlanView), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Plans",
)]
async fn discard(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let plan = Some(number(&path)?);
    match shared
        .change(ToSyncWorker::DiscardPlan(DiscardPlan { plan }))
        .await?
    {
        FromSyncWorker::PlanDiscarded(plan) => Ok(HttpResponse::Ok().json(plan)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

fn number(text: &str) -> Result<PlanId, ApiError> {
    let missing = |_no_number| {
        ApiError::NotFound(format!(
            "plan `{}`",
            text.chars().take(100).collect::<String>()
        ))
    };
    text.parse().map(PlanId).map_err(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, now};
    use schema::{
        models::{ListId, MediaType, PlanStatus, RunId},
        wire::{
            FailureCode,
            sync::{PlanCounts, PlanPage},
        },
    };

    fn plan(status: PlanStatus) -> PlanView {
        PlanView {
            id: PlanId(3),
            status,
            target: "seerr".into(),
            made_by: RunId(12),
            counts: PlanCounts {
                requests: 120,
                ..PlanCounts::default()
            },
            created_at: now(),
            expires_at: now() + chrono::TimeDelta::days(1),
            closed_at: None,
            applied_by: None,
            undoes: None,
        }
    }

    fn page(total: u32) -> FromSyncWorker {
        FromSyncWorker::Plan(Box::new(PlanPage {
            plan: plan(PlanStatus::Open),
            reasons: Vec::new(),
            total,
            items: vec![PlanItemView {
                position: 51,
                media_type: MediaType::Tv,
                tmdb_id: 70_523,
                title: "Dark".into(),
                year: Some(2017),
                is_4k: false,
                decision: DecisionKind::Request,
                reason: "it is on trakt:me/best and not in Seerr".into(),
                remedy: None,
                seasons: Some([1, 2].into_iter().collect()),
                request_id: None,
                requested_as: 1,
                lists: vec![ListId(4)],
                sources: "trakt:me/best".into(),
                outcome: None,
            }],
        }))
    }

    fn asked(world: &World) -> ToSyncWorker {
        world.asked().pop().unwrap()
    }

    #[actix_web::test]
    async fn a_plan_is_made_as_a_run_is_started() {
        let world = World::new().await;
        for (path, body) in [
            ("/api/plans", r#"{"lists":[1]}"#),
            ("/api/plans", r#"{"id":1,"plan":true}"#),
            ("/api/sync/trigger", r#"{"lists":[1],"plan":true}"#),
            ("/api/sync/single", r#"{"id":1,"plan":true}"#),
        ] {
            let answer = world.send("POST", path, body).await;
            assert_eq!(
                (answer.status, &answer.json["run_id"]),
                (202, &7.into()),
                "{path}"
            );
            assert_eq!(answer.header("location"), "/api/sync-history/7");
            let expected = StartRun {
                lists: vec![ListId(1)],
                only_plans: true,
                ..StartRun::everything(RunTrigger::Manual)
            };
            assert_eq!(asked(&world), ToSyncWorker::StartRun(expected), "{path}");
        }
        world
            .send("POST", "/api/plans", r#"{"lists":[]}"#)
            .await
            .blames(&["lists"]);
        let count = world.asked().len();
        world
            .send("POST", "/api/plans", r#"{"plan":false}"#)
            .await
            .blames(&["plan"]);
        assert_eq!(world.asked().len(), count);
    }

    #[actix_web::test]
    async fn plans_are_listed_with_what_they_come_to() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::Plans(Plans {
            plans: vec![plan(PlanStatus::Expired)],
        }));
        let answer = world.get("/api/plans").await;
        assert_eq!(
            (answer.status, &answer.json["plans"][0]["status"]),
            (200, &"expired".into())
        );
        assert_eq!(answer.json["plans"][0]["counts"]["requests"], 120);
        World::alone()
            .await
            .get("/api/plans")
            .await
            .is_problem(503, "unavailable");
    }

    #[actix_web::test]
    async fn a_plan_is_shown_by_page_and_decision() {
        let world = World::new().await;
        world.sync_answers(page(120));
        let answer = world.get("/api/plans/3?page=2&decision=request").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let expected = ShowPlan {
            plan: Some(PlanId(3)),
            decision: Some(DecisionKind::Request),
            limit: Some(50),
            offset: 50,
        };
        assert_eq!(asked(&world), ToSyncWorker::Plan(expected));
        assert_eq!(
            answer.json["items"][0]["seasons"],
            serde_json::json!([1, 2])
        );
        assert_eq!(answer.json["plan"]["expires_at"], "2026-11-22T12:00:00Z");
        assert_eq!(answer.json["has_more"], true);
        world.sync_answers(page(100));
        let last = world.get("/api/plans/3?page=2").await;
        assert_eq!(last.json["has_more"], false);
        world
            .get("/api/plans/3?decision=maybe&limit=0")
            .await
            .blames(&["decision", "limit"]);
    }

    #[actix_web::test]
    async fn a_plan_is_applied_by_a_run() {
        let world = World::new().await;
        let answer = world.send("POST", "/api/plans/3/apply", "").await;
        assert_eq!(
            (answer.status, &answer.json["sync_type"]),
            (202, &"plan".into())
        );
        let expected = StartRun {
            plan: Some(PlanId(3)),
            ..StartRun::everything(RunTrigger::Manual)
        };
        assert_eq!(asked(&world), ToSyncWorker::StartRun(expected));
        world.sync_fails(
            FailureCode::Conflict,
            "plan 3 was applied already by run 13",
        );
        let refused = world.send("POST", "/api/plans/3/apply", "").await;
        refused.is_problem(409, "conflict");
        assert_eq!(
            refused.json["detail"],
            "Plan 3 was applied already by run 13."
        );
    }

    #[actix_web::test]
    async fn a_plan_is_discarded() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::PlanDiscarded(plan(PlanStatus::Discarded)));
        let answer = world.send("DELETE", "/api/plans/3", "").await;
        assert_eq!(
            (answer.status, &answer.json["status"]),
            (200, &"discarded".into())
        );
        let plan = Some(PlanId(3));
        assert_eq!(
            asked(&world),
            ToSyncWorker::DiscardPlan(DiscardPlan { plan })
        );
    }

    #[actix_web::test]
    async fn a_plan_that_is_not_there_is_not_found() {
        let world = World::new().await;
        for (method, path) in [
            ("GET", "/api/plans/x"),
            ("DELETE", "/api/plans/99999999999"),
            ("POST", "/api/plans/first/apply"),
        ] {
            world
                .send(method, path, "")
                .await
                .is_problem(404, "not_found");
        }
        assert!(world.asked().is_empty());
        world.sync_fails(FailureCode::NotFound, "there is no plan 9");
        world.get("/api/plans/9").await.is_problem(404, "not_found");
    }
}
