//! `/healthz` and `/readyz`: for whoever restarts or routes; both without a key.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::only;
use crate::{error::ApiError, shared::Shared};

pub(crate) fn configure(app: &mut web::ServiceConfig) {
    let resource = |path| web::resource(path).default_service(only("GET, HEAD"));
    app.service(resource("/healthz").route(web::get().to(alive)))
        .service(resource("/readyz").route(web::get().to(ready)));
}

/// The process lives; it asks nobody.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// The database can be read and the sync-worker answers.
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
        Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
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
