//! `/api/sync/…`: starting and ending runs, and where the current one is. A run lives in the
//! sync-worker, whatever becomes of the request that started it.

use actix_web::{HttpResponse, http::header, web};
use chrono::{DateTime, Utc};
use runtime::socket::CallError;
use schema::{
    models::{ListId, MediaType, RunId, RunTrigger},
    wire::{
        FailureCode,
        sync::{
            CancelRun, CustomEntry, FromSyncWorker, Missing, RunPhase, RunSummary, StartRun,
            SyncLink, ToSyncWorker,
        },
    },
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{at, lists::find_named};
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::{Conflict, NotFound, number_or_text},
    shared::{Shared, unexpected},
};

/// Most titles that can be given directly.
const MOST_TITLES: usize = 1000;
/// Most lists that can be named.
const MOST_LISTS: usize = 1000;
const LONGEST_TITLE: usize = 500;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(status, trigger, single, cancel, cancel_job))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/sync/status").get(status).done())
        .service(at("/sync/trigger").post(trigger).done())
        .service(at("/sync/single").post(single).done())
        .service(at("/sync/cancel").post(cancel).done())
        .service(at("/sync/{job_id}/cancel").post(cancel_job).done());
}

/// What is going on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncStatus)]
struct Status {
    is_running: bool,
    run_id: Option<RunId>,
    phase: Option<RunPhase>,
    done: u32,
    total: u32,
    item: Option<String>,
    last_run: Option<RunSummary>,
    next_sync: Option<DateTime<Utc>>,
    interval_hours: f64,
    automated: bool,
    missing: Vec<Missing>,
    /// Whether a run could be started now; its name is the old product's.
    can_trigger_sync: bool,
}

/// Shows what is going on
#[utoipa::path(
    get,
    path = "/api/sync/status",
    operation_id = "get_sync_status",
    responses((status = 200, description = "The run that is going on, the last one and the next", body = Status)),
    tag = "Sync",
)]
async fn status(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let status = shared.sync_status().await?;
    let can_trigger_sync = status.run.is_none() && status.missing.is_empty();
    let run = status.run;
    Ok(HttpResponse::Ok().json(Status {
        is_running: run.is_some(),
        run_id: run.as_ref().map(|run| run.run),
        phase: run.as_ref().map(|run| run.phase),
        done: run.as_ref().map_or(0, |run| run.done),
        total: run.as_ref().map_or(0, |run| run.total),
        item: run.and_then(|run| run.item),
        last_run: status.last_run,
        next_sync: status.next_sync,
        interval_hours: status.interval_hours,
        automated: status.automated,
        missing: status.missing,
        can_trigger_sync,
    }))
}

/// What to sync; empty for every list that is synced automatically.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewRun)]
#[serde(deny_unknown_fields)]
struct Trigger {
    /// `all` or `single`, as the old clients send it.
    r#type: Option<Scope>,
    /// With `single`.
    list: Option<Named>,
    list_type: Option<String>,
    list_id: Option<String>,
    /// Number of one list.
    id: Option<ListId>,
    /// Numbers of lists.
    #[serde(default, deserialize_with = "given")]
    lists: Option<Vec<ListId>>,
    /// Titles instead of lists.
    #[serde(default, deserialize_with = "given")]
    custom_list: Option<Vec<CustomTitle>>,
}

/// What is there, which null is not: it must not be taken for "left out".
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = RunScope)]
#[serde(rename_all = "snake_case")]
enum Scope {
    All,
    Single,
}

/// A list as its provider calls it.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ListName)]
struct Named {
    list_type: String,
    list_id: String,
}

/// A title as scripts send it. Fields we do not know are left alone: they come from other products.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CustomTitle {
    #[serde(default)]
    title: String,
    #[schema(schema_with = number_or_text)]
    year: Option<serde_json::Value>,
    media_type: Option<String>,
    imdb_id: Option<String>,
    #[schema(schema_with = number_or_text)]
    tmdb_id: Option<serde_json::Value>,
}

/// What a request means.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Everything,
    Lists(Vec<ListId>),
    Named(Named),
    Custom(Vec<CustomEntry>),
}

impl Trigger {
    fn wish(self) -> Result<Wish, ApiError> {
        let named = match (self.list, self.list_type, self.list_id) {
            (Some(list), ..) => Some(list),
            (None, Some(list_type), Some(list_id)) => Some(Named { list_type, list_id }),
            (None, None, None) => None,
            (None, None, Some(_)) => return Err(needed("list_type", "beside `list_id`")),
            (None, Some(_), None) => return Err(needed("list_id", "beside `list_type`")),
        };
        // A script whose selection came out empty does not mean everything.
        let mut empty = Fields::default();
        for (name, is_empty) in [
            ("lists", self.lists.as_ref().is_some_and(Vec::is_empty)),
            (
                "custom_list",
                self.custom_list.as_ref().is_some_and(Vec::is_empty),
            ),
        ] {
            if is_empty {
                empty.add(
                    name,
                    "must have at least one entry; leave it out to sync everything",
                );
            }
        }
        empty.check()?;
        let lists: Vec<ListId> = self
            .id
            .into_iter()
            .chain(self.lists.into_iter().flatten())
            .collect();
        let ways = [
            named.is_some(),
            !lists.is_empty(),
            self.custom_list.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            let problem =
                "cannot be mixed: give `lists`, or `list_type` and `list_id`, or `custom_list`";
            return Err(Fields::of("lists", problem).into());
        }
        if lists.len() > MOST_LISTS {
            return Err(
                Fields::of("lists", format!("must have at most {MOST_LISTS} entries")).into(),
            );
        }
        if let Some(named) = named {
            return Ok(Wish::Named(named));
        }
        if !lists.is_empty() {
            return Ok(Wish::Lists(lists));
        }
        if let Some(titles) = self.custom_list {
            return custom(titles).map(Wish::Custom);
        }
        match self.r#type {
            Some(Scope::Single) => Err(needed("list", "with the type `single`")),
            Some(Scope::All) | None => Ok(Wish::Everything),
        }
    }
}

fn needed(name: &str, when: &str) -> ApiError {
    Fields::of(name, format!("is needed {when}")).into()
}

fn custom(titles: Vec<CustomTitle>) -> Result<Vec<CustomEntry>, ApiError> {
    if titles.len() > MOST_TITLES {
        let problem = format!("must have at most {MOST_TITLES} titles; send them in parts");
        return Err(Fields::of("custom_list", problem).into());
    }
    let mut wrong = Fields::default();
    let entries = titles
        .into_iter()
        .enumerate()
        .map(|(place, title)| {
            title.entry(&mut |field, problem| {
                wrong.add(format!("custom_list[{place}].{field}"), problem);
            })
        })
        .collect();
    wrong.check()?;
    Ok(entries)
}

impl CustomTitle {
    fn entry(self, wrong: &mut dyn FnMut(&str, &str)) -> CustomEntry {
        let title = self.title.trim().to_owned();
        let imdb_id = self
            .imdb_id
            .as_deref()
            .map(str::trim)
            .filter(|id| !id.is_empty());
        let imdb_id = imdb_id.map(|id| id.strip_prefix("imdb://").unwrap_or(id).to_owned());
        if imdb_id.as_deref().is_some_and(|id| !is_imdb_id(id)) {
            wrong("imdb_id", "must be `tt` and digits");
        }
        let tmdb_id = self.tmdb_id.and_then(|value| {
            number_of(&value, "tmdb://").unwrap_or_else(|NoNumber| {
                wrong("tmdb_id", "must be a number");
                None
            })
        });
        if title.is_empty() && imdb_id.is_none() && tmdb_id.is_none() {
            wrong("title", "is needed");
        }
        if title.chars().count() > LONGEST_TITLE {
            wrong("title", "is longer than a title can be");
        }
        let year = self.year.and_then(|value| match number_of(&value, "") {
            Ok(None | Some(0)) => None,
            Ok(Some(year)) if (1870..=2200).contains(&year) => i32::try_from(year).ok(), // in range
            _ => {
                wrong("year", "must be a year of four digits");
                None
            }
        });
        let media_type = self
            .media_type
            .as_deref()
            .and_then(|word| match word.trim() {
                "" => None,
                "movie" => Some(MediaType::Movie),
                "tv" | "show" | "series" => Some(MediaType::Tv),
                _ => {
                    wrong("media_type", "must be `movie` or `tv`");
                    None
                }
            });
        CustomEntry {
            title,
            year,
            media_type,
            imdb_id,
            tmdb_id,
        }
    }
}

fn is_imdb_id(text: &str) -> bool {
    text.strip_prefix("tt").is_some_and(|digits| {
        (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Something else than a number.
struct NoNumber;

/// A number, the same as text after `prefix`, or nothing.
fn number_of(value: &serde_json::Value, prefix: &str) -> Result<Option<i64>, NoNumber> {
    match value {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) => {
            let text = text.trim();
            match text.strip_prefix(prefix).unwrap_or(text) {
                "" => Ok(None),
                digits => digits.parse().map(Some).map_err(|_error| NoNumber),
            }
        }
        other => match other.as_i64() {
            Some(number) if number >= 0 => Ok(Some(number)),
            _ => Err(NoNumber),
        },
    }
}

/// A run that was started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunStarted)]
struct Started {
    run_id: RunId,
    status: &'static str,
    /// `all`, `single` or `custom`.
    sync_type: &'static str,
    /// Always true; the old clients look for it.
    success: bool,
}

/// Starts a run
///
/// Without a body it syncs every list that is synced automatically. `lists` names some of them, `custom_list` gives titles instead. The run goes on whatever becomes of its caller; follow it with `GET /api/events` or `GET /api/sync/status`.
#[utoipa::path(
    post,
    path = "/api/sync/trigger",
    operation_id = "start_run",
    request_body(content = Trigger, examples(("everything" = (summary = "Every list", value = json!({}))), ("lists" = (summary = "Some lists", value = json!({"lists": [1, 4]}))), ("titles" = (summary = "Titles", value = json!({"custom_list": [{"title": "Heat", "year": 1995, "media_type": "movie", "imdb_id": "tt0113277"}]}))))),
    responses((status = 202, description = "The run was started; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn trigger(body: Json<Trigger>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    start(&shared, body.0.wish()?).await
}

/// Starts a run of one list
///
/// A path of the old product; `POST /api/sync/trigger` does the same.
#[utoipa::path(
    post,
    path = "/api/sync/single",
    operation_id = "start_single_run",
    request_body = Trigger,
    responses((status = 202, description = "The run was started; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn single(body: Json<Trigger>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    match body.0.wish()? {
        Wish::Everything => {
            Err(Fields::of("id", "is needed, or else `list_type` and `list_id`").into())
        }
        wish => start(&shared, wish).await,
    }
}

async fn start(shared: &Shared, wish: Wish) -> Result<HttpResponse, ApiError> {
    let mut request = StartRun::everything(RunTrigger::Manual);
    let sync_type = match wish {
        Wish::Everything => "all",
        Wish::Lists(lists) => {
            request.lists = lists;
            "single"
        }
        Wish::Named(Named { list_type, list_id }) => {
            request.lists = vec![find_named(shared, list_type.trim(), list_id.trim()).await?];
            "single"
        }
        Wish::Custom(entries) => {
            request.custom = entries;
            "custom"
        }
    };
    let run_id = match shared.change(ToSyncWorker::StartRun(request)).await {
        Ok(FromSyncWorker::RunStarted(started)) => started.run,
        Ok(other) => return Err(unexpected::<SyncLink>(&other)),
        Err(error) => return Err(name_the_run(shared, error).await),
    };
    tracing::info!(run.id = %run_id, "run {run_id} was started over HTTP");
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/api/sync-history/{run_id}")))
        .json(Started {
            run_id,
            status: "started",
            sync_type,
            success: true,
        }))
}

/// `busy` means that a run is going on: says which.
async fn name_the_run(shared: &Shared, error: ApiError) -> ApiError {
    let message = match &error {
        ApiError::Peer(CallError::Failed(failure)) if failure.code == FailureCode::Busy => {
            failure.message.clone()
        }
        _ => return error,
    };
    match shared.sync_status().await {
        Ok(status) => match status.run {
            Some(progress) => ApiError::RunGoesOn {
                message,
                run: progress.run,
            },
            None => error, // it has just ended; the message says enough
        },
        Err(_) => error, // the first error is the one that was asked for
    }
}

/// Which run to end; the current one when absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = CancelRun)]
#[serde(deny_unknown_fields)]
struct Cancel {
    run_id: Option<RunId>,
}

/// A run that was told to end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunCancelled)]
struct Cancelled {
    run_id: RunId,
    status: &'static str,
    success: bool,
}

/// Ends a run at its next entry
#[utoipa::path(
    post,
    path = "/api/sync/cancel",
    operation_id = "cancel_run",
    request_body = Cancel,
    responses((status = 202, description = "The run ends within a second", body = Cancelled), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn cancel(body: Json<Cancel>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    send_cancel(&shared, body.0.run_id).await
}

/// Ends a run, as the old clients do
///
/// An id that is no number means the run that is going on. `POST /api/sync/cancel` does the same.
#[utoipa::path(
    post,
    path = "/api/sync/{job_id}/cancel",
    operation_id = "cancel_job",
    params(("job_id" = String, Path, description = "Number of the run, or anything")),
    responses((status = 202, description = "The run ends within a second", body = Cancelled), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn cancel_job(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    send_cancel(&shared, path.parse().ok().map(RunId)).await // see above
}

async fn send_cancel(shared: &Shared, run: Option<RunId>) -> Result<HttpResponse, ApiError> {
    match shared
        .change(ToSyncWorker::CancelRun(CancelRun { run }))
        .await?
    {
        FromSyncWorker::RunCancelled(cancelled) => Ok(HttpResponse::Accepted().json(Cancelled {
            run_id: cancelled.run,
            status: "cancelling",
            success: true,
        })),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, missing, progress, sync_status};

    fn started(world: &World) -> StartRun {
        match world.asked().pop() {
            Some(ToSyncWorker::StartRun(start)) => start,
            other => panic!("{other:?}"),
        }
    }

    #[actix_web::test]
    async fn a_trigger_without_a_body_syncs_everything() {
        for body in ["", "{}", r#"{"type":"all"}"#] {
            let world = World::new().await;
            let answer = world.send("POST", "/api/sync/trigger", body).await;
            assert_eq!((answer.status, &answer.json["run_id"]), (202, &7.into()));
            assert_eq!(answer.json["success"], true);
            assert_eq!(answer.header("location"), "/api/sync-history/7");
            assert_eq!(started(&world), StartRun::everything(RunTrigger::Manual));
        }
    }

    #[actix_web::test]
    async fn one_list_or_some_are_synced_by_number_or_name() {
        let world = World::new().await;
        let id = world.insert_list("trakt", "me/best").await;
        for (path, body) in [
            ("trigger", r#"{"lists":[1]}"#),
            (
                "trigger",
                r#"{"type":"single","list":{"list_type":"trakt","list_id":"me/best"}}"#,
            ),
            ("trigger", r#"{"list_type":"trakt","list_id":"me/best"}"#),
            ("single", r#"{"list_type":"trakt","list_id":"me/best"}"#),
            ("single", r#"{"id":1}"#),
        ] {
            let answer = world.send("POST", &format!("/api/sync/{path}"), body).await;
            assert_eq!(
                (answer.status, &answer.json["sync_type"]),
                (202, &"single".into()),
                "{body}"
            );
            assert_eq!(started(&world).lists, [id], "{body}");
        }
        let unknown = r#"{"list_type":"trakt","list_id":"other"}"#;
        world
            .send("POST", "/api/sync/single", unknown)
            .await
            .is_problem(404, "not_found");
    }

    #[actix_web::test]
    async fn titles_can_be_given_as_the_plex_script_sends_them() {
        let world = World::new().await;
        let body = r#"{"custom_list":[
            {"title":"Heat","year":1995,"media_type":"movie","imdb_id":"imdb://tt0113277","guid":"x"},
            {"title":"Dark","year":"2017","media_type":"show","imdb_id":""},
            {"title":"Solo","year":null,"tmdb_id":"tmdb://348350"}
        ]}"#;
        let answer = world.send("POST", "/api/sync/trigger", body).await;
        assert_eq!(
            (answer.status, &answer.json["sync_type"]),
            (202, &"custom".into())
        );
        let entry = |title: &str| CustomEntry {
            title: title.into(),
            ..CustomEntry::default()
        };
        assert_eq!(
            started(&world).custom,
            [
                CustomEntry {
                    year: Some(1995),
                    media_type: Some(MediaType::Movie),
                    imdb_id: Some("tt0113277".into()),
                    ..entry("Heat")
                },
                CustomEntry {
                    year: Some(2017),
                    media_type: Some(MediaType::Tv),
                    ..entry("Dark")
                },
                CustomEntry {
                    tmdb_id: Some(348_350),
                    ..entry("Solo")
                },
            ]
        );
    }

    #[actix_web::test]
    async fn what_cannot_be_meant_is_refused_field_by_field() {
        let world = World::new().await;
        let many = format!(
            "{{\"custom_list\":[{}]}}",
            vec![r#"{"title":"x"}"#; 1001].join(",")
        );
        for (path, body, fields) in [
            ("trigger", r#"{"type":"some"}"#, &["type"][..]),
            ("trigger", r#"{"type":"single"}"#, &["list"]),
            ("trigger", r#"{"list_type":"imdb"}"#, &["list_id"]),
            ("trigger", r#"{"list_id":"top"}"#, &["list_type"]),
            ("trigger", r#"{"lists":["one"]}"#, &["lists"]),
            (
                "trigger",
                r#"{"lists":[1],"custom_list":[{"title":"x"}]}"#,
                &["lists"],
            ),
            (
                "trigger",
                r#"{"custom_list":[{"title":"x"},{"title":" ","year":"now","imdb_id":"nm1"}]}"#,
                &["custom_list[1].imdb_id", "custom_list[1].year"],
            ),
            (
                "trigger",
                r#"{"custom_list":[{"title":""}]}"#,
                &["custom_list[0].title"],
            ),
            (
                "trigger",
                r#"{"custom_list":[{"title":"x","media_type":"song"}]}"#,
                &["custom_list[0].media_type"],
            ),
            ("trigger", &many, &["custom_list"]),
            ("trigger", r#"{"custom_list":[]}"#, &["custom_list"]),
            ("trigger", r#"{"lists":[]}"#, &["lists"]),
            (
                "trigger",
                r#"{"lists":[],"custom_list":[]}"#,
                &["custom_list", "lists"],
            ),
            ("trigger", r#"{"lists":null}"#, &["lists"]),
            (
                "trigger",
                r#"{"lists":[1],"custom_list":[]}"#,
                &["custom_list"],
            ),
            ("single", r#"{"lists":[]}"#, &["lists"]),
            ("single", "", &["id"]),
        ] {
            world
                .send("POST", &format!("/api/sync/{path}"), body)
                .await
                .blames(fields);
        }
        assert!(world.asked().is_empty());
    }

    #[actix_web::test]
    async fn an_empty_selection_is_not_everything() {
        let world = World::new().await;
        let answer = world
            .send("POST", "/api/sync/trigger", r#"{"custom_list":[]}"#)
            .await;
        assert_eq!(
            answer.json["fields"]["custom_list"],
            "must have at least one entry; leave it out to sync everything"
        );
    }

    #[actix_web::test]
    async fn while_a_run_is_going_on_it_is_named() {
        let world = World::new().await;
        let mut status = sync_status();
        status.run = Some(progress());
        world.sync_is(status);
        world.sync_fails(FailureCode::Busy, "run 8 is going on");
        let answer = world.send("POST", "/api/sync/trigger", "").await;
        answer.is_problem(409, "busy");
        assert_eq!(
            (&answer.json["run_id"], &answer.json["detail"]),
            (&8.into(), &"Run 8 is going on.".into())
        );
    }

    #[actix_web::test]
    async fn a_run_is_cancelled_under_either_path() {
        let world = World::new().await;
        for (path, body, run) in [
            ("/api/sync/cancel", "", None),
            ("/api/sync/cancel", r#"{"run_id":7}"#, Some(RunId(7))),
            ("/api/sync/7/cancel", "", Some(RunId(7))),
            ("/api/sync/job_1a2b/cancel", "", None),
        ] {
            let answer = world.send("POST", path, body).await;
            assert_eq!(
                (answer.status, &answer.json["run_id"]),
                (202, &7.into()),
                "{path}"
            );
            assert_eq!(
                world.asked().pop(),
                Some(ToSyncWorker::CancelRun(CancelRun { run }))
            );
        }
        for path in ["/api/sync/cancel", "/api/sync/job_1a2b/cancel"] {
            world.sync_fails(FailureCode::Conflict, "no run is going on");
            let answer = world.send("POST", path, "").await;
            answer.is_problem(409, "conflict");
            assert_eq!(answer.json["detail"], "No run is going on.", "{path}");
        }
    }

    #[actix_web::test]
    async fn the_status_tells_where_a_run_is_and_what_is_missing() {
        let world = World::new().await;
        let answer = world.get("/api/sync/status").await;
        assert_eq!(
            (answer.status, &answer.json["is_running"]),
            (200, &false.into())
        );
        assert_eq!(answer.json["last_run"]["counts"]["requested"], 12);
        assert_eq!(answer.json["can_trigger_sync"], true);
        let mut status = sync_status();
        status.run = Some(progress());
        status.missing = vec![missing()];
        world.sync_is(status);
        let answer = world.get("/api/sync/status").await;
        assert_eq!(
            (&answer.json["run_id"], &answer.json["phase"]),
            (&8.into(), &"apply".into())
        );
        assert_eq!(
            (&answer.json["done"], &answer.json["total"]),
            (&3.into(), &10.into())
        );
        assert_eq!(answer.json["missing"][0]["what"], "Seerr is not configured");
        assert_eq!(answer.json["can_trigger_sync"], false);
        World::alone()
            .await
            .get("/api/sync/status")
            .await
            .is_problem(503, "unavailable");
    }

    #[actix_web::test]
    async fn an_answer_to_another_question_is_a_fault_of_ours() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::SettingsSaved(
            schema::wire::sync::SettingsSaved::default(),
        ));
        world
            .send("POST", "/api/sync/trigger", "")
            .await
            .is_problem(500, "internal");
    }
}
