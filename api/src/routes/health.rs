//! `/healthz` and `/readyz`: for whoever restarts or routes; both without a key.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{error::ApiError, openapi::Unavailable, shared::Shared};

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(alive, ready))]
pub(super) struct Document;

pub(crate) fn configure(app: &mut web::ServiceConfig) {
    app.service(at("/healthz").get(alive).done())
        .service(at("/readyz").get(ready).done());
}

/// What a probe is told.
#[derive(Debug, Serialize, ToSchema)]
struct Probe {
    /// `alive` or `ready`.
    status: &'static str,
}

/// Says that the process lives
///
/// It asks nobody: for whoever restarts it.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "is_alive",
    security(()),
    responses((status = 200, description = "It lives", body = Probe)),
    tag = "Probes",
)]
async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Probe { status: "alive" })
}

/// Says whether it can do its work
///
/// The database can be read and the sync-worker answers: for whoever routes to it.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "is_ready",
    security(()),
    responses((status = 200, description = "It can", body = Probe), (status = 503, response = Unavailable)),
    tag = "Probes",
)]
async fn ready(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let (database, sync) = tokio::join!(shared.try_database(), shared.sync_status());
    let mut missing = Vec::new();
    for (result, text) in [
        (database, "the database cannot be read"),
        (sync.map(drop), "the sync-worker does not answer"),
    ] {
        if let Err(error) = result {
            tracing::debug!("not ready, {text}: {}", runtime::Chain(&error));
            missing.push(text.to_owned());
        }
    }
    if missing.is_empty() {
        Ok(HttpResponse::Ok().json(Probe { status: "ready" }))
    } else {
        Err(ApiError::NotReady(missing))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[actix_web::test]
    async fn the_process_is_alive_whatever_is_missing() {
        let world = World::alone().await;
        for method in ["GET", "HEAD"] {
            assert_eq!(world.anonymous(method, "/healthz").await.status, 200);
        }
    }

    #[actix_web::test]
    async fn it_is_ready_with_database_and_sync_worker() {
        let world = World::new().await;
        let answer = world.anonymous("GET", "/readyz").await;
        assert_eq!(
            (answer.status, &answer.json["status"]),
            (200, &"ready".into())
        );
    }

    #[actix_web::test]
    async fn without_the_sync_worker_it_is_not_ready_and_says_why() {
        let world = World::alone().await;
        let answer = world.anonymous("GET", "/readyz").await;
        answer.is_problem(503, "not_ready");
        assert_eq!(answer.json["detail"], "The sync-worker does not answer.");
        assert_eq!(answer.header("retry-after"), "2");
    }

    #[actix_web::test]
    async fn an_unreadable_database_is_not_ready() {
        let world = World::new().await;
        world.break_database().await;
        let answer = world.anonymous("GET", "/readyz").await;
        answer.is_problem(503, "not_ready");
        assert_eq!(answer.json["detail"], "The database cannot be read.");
    }
}
