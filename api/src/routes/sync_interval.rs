//! `/api/sync-interval`: hours between runs, in the shape of the old product. The same setting as
//! `sync.interval_hours` of `/api/config`.

use actix_web::{HttpResponse, web};
use runtime::settings::Known;
use schema::{models::SyncInterval, wire::sync::SettingSource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::{at, config};
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::Locked,
    shared::Shared,
};

/// What the field is called here.
const FIELD: &str = "interval_hours";

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(show, save))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/sync-interval").get(show).put(save).done());
}

/// Hours between runs, and who says so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncInterval)]
struct Pace {
    /// Hours, fractions allowed.
    #[schema(example = 6.0)]
    interval_hours: f64,
    /// Where it came from.
    source: SettingSource,
    /// The variable that sets it and so locks it here.
    locked_by: Option<String>,
    /// Always true; the old clients look for it.
    success: bool,
}

/// Shows how often the lists are synced
#[utoipa::path(
    get,
    path = "/api/sync-interval",
    operation_id = "get_sync_interval",
    responses((status = 200, description = "The interval", body = Pace)),
    tag = "Sync",
)]
async fn show(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(current(&shared).await?))
}

async fn current(shared: &Shared) -> Result<Pace, ApiError> {
    let view = config::view(shared, SyncInterval::KEY).await?;
    let default = Known::find(SyncInterval::KEY).map_or("", |known| known.default);
    let text = view.value.as_deref().unwrap_or(default);
    Ok(Pace {
        interval_hours: text.parse().unwrap_or_default(), // it was written from a number
        source: view.source,
        locked_by: view.locked_by,
        success: true,
    })
}

/// Hours to save.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewSyncInterval)]
#[serde(deny_unknown_fields)]
struct NewInterval {
    /// Hours from 0.0005 to 8760, fractions allowed.
    #[schema(value_type = f64, required, example = 0.5)]
    interval_hours: Option<Value>,
}

/// Sets how often the lists are synced
///
/// It is used at once: the next run may come sooner or later than it would have.
#[utoipa::path(
    put,
    path = "/api/sync-interval",
    operation_id = "save_sync_interval",
    request_body = NewInterval,
    responses(
        (status = 200, description = "The interval as it is now", body = Pace),
        (status = 409, response = Locked),
    ),
    tag = "Sync",
)]
async fn save(
    body: Json<NewInterval>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let Some(hours) = body.0.interval_hours else {
        return Err(Fields::of(FIELD, "is needed: a number of hours, such as 0.5").into());
    };
    config::save_one(&shared, SyncInterval::KEY, hours)
        .await
        .map_err(|error| match error {
            ApiError::Fields(fields) => fields.renamed(SyncInterval::KEY, FIELD).into(),
            ApiError::Locked(fields) => ApiError::Locked(fields.renamed(SyncInterval::KEY, FIELD)),
            other => other,
        })?;
    Ok(HttpResponse::Ok().json(current(&shared).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use schema::wire::sync::{
        FromSyncWorker, SettingView, SettingViews, SettingsSaved, ToSyncWorker,
    };
    use serde_json::json;

    fn settings(value: &str, locked_by: Option<&str>) -> FromSyncWorker {
        let view = SettingView {
            key: SyncInterval::KEY.into(),
            value: Some(value.into()),
            is_set: true,
            source: match locked_by {
                Some(_) => SettingSource::Environment,
                None => SettingSource::Saved,
            },
            locked_by: locked_by.map(str::to_owned),
        };
        FromSyncWorker::Settings(SettingViews {
            settings: vec![view],
        })
    }

    #[actix_web::test]
    async fn the_interval_is_shown_and_saved() {
        for body in [r#"{"interval_hours":0.5}"#, r#"{"interval_hours":"0.5"}"#] {
            let world = World::new().await;
            world.sync_answers(settings("24", None));
            let shown = world.get("/api/sync-interval").await;
            assert_eq!(
                shown.json,
                json!({"interval_hours": 24.0, "source": "saved", "locked_by": null, "success": true})
            );
            world.sync_answers(settings("24", None));
            world.sync_answers(FromSyncWorker::SettingsSaved(SettingsSaved::default()));
            world.sync_answers(settings("0.5", None));
            let saved = world.send("PUT", "/api/sync-interval", body).await;
            assert_eq!(
                (saved.status, &saved.json["interval_hours"]),
                (200, &json!(0.5))
            );
            let asked = world.asked();
            let Some(ToSyncWorker::SaveSettings(save)) = asked.get(2) else {
                panic!("{asked:?}")
            };
            assert_eq!(save.values[SyncInterval::KEY].as_deref(), Some("0.5"));
        }
    }

    #[actix_web::test]
    async fn impossible_intervals_are_refused_under_the_name_of_the_field() {
        let world = World::new().await;
        for body in [
            "{}",
            r#"{"interval_hours":null}"#,
            r#"{"interval_hours":0}"#,
            r#"{"interval_hours":-1}"#,
            r#"{"interval_hours":9000}"#,
            r#"{"interval_hours":true}"#,
            r#"{"interval_hours":"often"}"#,
        ] {
            let answer = world.send("PUT", "/api/sync-interval", body).await;
            answer.blames(&["interval_hours"]);
        }
        let answer = world
            .send("PUT", "/api/sync-interval", r#"{"hours":1}"#)
            .await;
        answer.blames(&["hours"]);
        assert!(world.asked().is_empty());
    }

    #[actix_web::test]
    async fn what_the_environment_sets_is_locked() {
        let world = World::new().await;
        world.sync_answers(settings("12", Some("SYNC_INTERVAL")));
        let answer = world.get("/api/sync-interval").await;
        assert_eq!(answer.json["locked_by"], "SYNC_INTERVAL");
        world.sync_answers(settings("12", Some("SYNC_INTERVAL")));
        let answer = world
            .send("PUT", "/api/sync-interval", r#"{"interval_hours":6}"#)
            .await;
        answer.is_problem(409, "locked_by_environment");
        assert_eq!(
            answer.json["fields"],
            json!({"interval_hours": "is set by the variable SYNC_INTERVAL"})
        );
        let alone = World::alone().await;
        let answer = alone.get("/api/sync-interval").await;
        answer.is_problem(503, "unavailable");
    }
}
