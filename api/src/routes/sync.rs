//! `/api/sync/…`: starting and ending runs, and where the current one is. A run lives in the
//! sync-worker, whatever becomes of the request that started it.

use actix_web::{HttpResponse, http::header, web};
use chrono::{DateTime, Utc};
use schema::{
    models::{ListId, MediaType, RunId, RunTrigger},
    wire::sync::{
        CancelRun, CustomEntry, FromSyncWorker, Missing, RunPhase, RunSummary, StartRun, SyncLink,
        ToSyncWorker,
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
    /// Runs that wait until the one that is going on is over.
    queued: u32,
    /// Whether a run would begin at once; its name is the old product's.
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
        queued: status.queued,
        can_trigger_sync,
    }))
}

/// What to sync; empty for every list that is synced automatically.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewRun)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
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
    #[schema(value_type = Vec<ListId>, required = false)]
    lists: Option<Vec<ListId>>,
    /// Titles instead of lists.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<CustomTitle>, required = false)]
    custom_list: Option<Vec<CustomTitle>>,
    /// Only make a plan: lists are read, nothing is asked for. See `POST /api/plans`.
    plan: Option<bool>,
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
    /// Needed unless one of the ids is given.
    #[serde(default)]
    title: String,
    #[schema(schema_with = number_or_text)]
    year: Option<serde_json::Value>,
    /// `movie` or `tv`; `show` and `series` mean the same as `tv`.
    #[schema(example = "movie")]
    media_type: Option<String>,
    /// `tt…`, also written `imdb://tt…`.
    #[schema(example = "tt0113277")]
    imdb_id: Option<String>,
    #[schema(schema_with = number_or_text)]
    tmdb_id: Option<serde_json::Value>,
    #[schema(schema_with = number_or_text)]
    tvdb_id: Option<serde_json::Value>,
    #[schema(schema_with = number_or_text)]
    season: Option<serde_json::Value>,
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
    /// The same, only planned.
    pub(super) fn that_only_plans(self) -> Result<Self, ApiError> {
        if self.plan == Some(false) {
            return Err(Fields::of("plan", "must be true or left out: this makes a plan").into());
        }
        Ok(Self {
            plan: Some(true),
            ..self
        })
    }

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
        if imdb_id
            .as_deref()
            .is_some_and(|id| !is_imdb_id(id) && !is_number_id(id))
        {
            wrong("imdb_id", "must be `tt` and digits");
        }
        let mut number = |field: &str, value: Option<serde_json::Value>, prefix: &str| {
            value.and_then(|value| {
                number_of(&value, prefix).unwrap_or_else(|NoNumber| {
                    wrong(field, "must be a number");
                    None
                })
            })
        };
        let of_tmdb = number("tmdb_id", self.tmdb_id, "tmdb://");
        let tvdb_number = number("tvdb_id", self.tvdb_id, "tvdb://");
        let season = number("season", self.season, "");
        let season = season.and_then(|number| {
            let season = i32::try_from(number).ok(); // none has such a number
            let season = season.filter(|season| (0..=9999).contains(season));
            if season.is_none() {
                wrong("season", "must be the number of a season");
            }
            season
        });
        if title.is_empty() && imdb_id.is_none() && of_tmdb.is_none() && tvdb_number.is_none() {
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
            tmdb_id: of_tmdb,
            tvdb_id: tvdb_number,
            season,
        }
    }
}

/// Plex writes ids of three sites in one place.
fn is_number_id(text: &str) -> bool {
    ["tmdb://", "tvdb://"].iter().any(|site| {
        text.strip_prefix(site)
            .is_some_and(|number| number.parse::<u32>().is_ok())
    })
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

/// A run that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunStarted)]
pub(super) struct Started {
    run_id: RunId,
    /// `started`, or `queued` while another run goes on.
    status: &'static str,
    /// Whether it begins when the runs before it are over. The same run is not queued twice.
    queued: bool,
    /// `all`, `single`, `custom`, `plan` or `undo`.
    sync_type: &'static str,
    /// Always true; the old clients look for it.
    success: bool,
}

/// Starts a run
///
/// Without a body it syncs every list that is synced automatically. `lists` names some of them, `custom_list` gives titles instead; with `plan` nothing is asked for, only a plan is made. While another run goes on it is queued, and begins when its turn comes. The run goes on whatever becomes of its caller; follow it with `GET /api/events` or `GET /api/sync/status`.
#[utoipa::path(
    post,
    path = "/api/sync/trigger",
    operation_id = "start_run",
    request_body(content = Trigger, examples(("everything" = (summary = "Every list", value = json!({}))), ("lists" = (summary = "Some lists", value = json!({"lists": [1, 4]}))), ("titles" = (summary = "Titles", value = json!({"custom_list": [{"title": "Heat", "year": 1995, "media_type": "movie", "imdb_id": "tt0113277"}]}))))),
    responses((status = 202, description = "The run was started, or queued while another goes on; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn trigger(body: Json<Trigger>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    start(&shared, body.0).await
}

/// Starts a run of one list
///
/// A path of the old product; `POST /api/sync/trigger` does the same.
#[utoipa::path(
    post,
    path = "/api/sync/single",
    operation_id = "start_single_run",
    request_body = Trigger,
    responses((status = 202, description = "The run was started, or queued while another goes on; `Location` is its address", body = Started, headers(("location" = String, description = "Path of the run"))), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Sync",
)]
async fn single(body: Json<Trigger>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let only_plans = body.0.plan.unwrap_or_default();
    match body.0.wish()? {
        Wish::Everything => {
            Err(Fields::of("id", "is needed, or else `list_type` and `list_id`").into())
        }
        wish => start_wish(&shared, wish, only_plans).await,
    }
}

/// Starts the run that a request means.
pub(super) async fn start(shared: &Shared, trigger: Trigger) -> Result<HttpResponse, ApiError> {
    let only_plans = trigger.plan.unwrap_or_default();
    start_wish(shared, trigger.wish()?, only_plans).await
}

async fn start_wish(
    shared: &Shared,
    wish: Wish,
    only_plans: bool,
) -> Result<HttpResponse, ApiError> {
    let mut request = StartRun {
        only_plans,
        ..StartRun::everything(RunTrigger::Manual)
    };
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
    begin(shared, request, sync_type).await
}

/// Starts a run and says which.
pub(super) async fn begin(
    shared: &Shared,
    request: StartRun,
    sync_type: &'static str,
) -> Result<HttpResponse, ApiError> {
    let started = match shared.change(ToSyncWorker::StartRun(request)).await? {
        FromSyncWorker::RunStarted(started) => started,
        other => return Err(unexpected::<SyncLink>(&other)),
    };
    let (run_id, queued) = (started.run, started.is_queued);
    let status = if queued { "queued" } else { "started" };
    tracing::info!(run.id = %run_id, "run {run_id} was {status} over HTTP");
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/api/sync-history/{run_id}")))
        .json(Started {
            run_id,
            status,
            queued,
            sync_type,
            success: true,
        }))
}

/// Which run to end or to take out of the queue; the current one when absent.
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

/// Ends a run at its next entry, or takes it out of the queue
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
#[path = "sync_tests.rs"]
mod tests;
