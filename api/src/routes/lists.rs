//! `/api/lists`: what is followed. Reads come from the database, changes go to the sync-worker,
//! which knows the providers. The paths with type and id are the old product's.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, Utc};
use schema::{
    models::{Cause, FetchKind, ItemFilter, List, ListId, ListPolicy},
    wire::sync::{
        AddList, ChangeList, FromSyncWorker, ListView, RemoveList, SyncLink, ToSyncWorker,
        double_option,
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::{OpenApi, ToSchema};

use super::{at, items};
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::{Conflict, NotFound, number_or_text},
    query::{Page, Query},
    shared::{Shared, unexpected},
};

/// Rows of a page; the old clients know no pages.
const LIMIT: i64 = 200;
const LONGEST_INPUT: usize = 2048;
const LONGEST_NAME: usize = 200;
const LONGEST_TYPE: usize = 50;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(
    all,
    add,
    one,
    replace,
    change,
    remove,
    items_of,
    one_named,
    remove_named,
    items_of_named
))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/lists").get(all).post(add).done())
        .service(
            at("/lists/{id}")
                .get(one)
                .put(replace)
                .patch(change)
                .delete(remove)
                .done(),
        )
        .service(at("/lists/{id:\\d+}/items").get(items_of).done())
        .service(
            at("/lists/{list_type}/{list_id:.+}/items")
                .get(items_of_named)
                .done(),
        )
        .service(
            at("/lists/{list_type}/{list_id:.+}")
                .get(one_named)
                .delete(remove_named)
                .done(),
        );
}

/// A list. Differs from the sync-worker's by the two names of the old product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = List)]
pub(super) struct ListAnswer {
    id: ListId,
    list_type: String,
    list_id: String,
    list_url: String,
    /// `description` under its old name.
    display_name: String,
    description: String,
    item_count: i32,
    status: FetchKind,
    status_reason: Option<String>,
    last_synced: Option<DateTime<Utc>>,
    auto_sync: bool,
    item_limit: Option<i32>,
    is_4k: Option<bool>,
    requested_as: Option<i32>,
    /// `requested_as` under its old name, as text.
    user_id: Option<String>,
    from_settings: bool,
    removed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Why the last reading was not complete, in a word.
    status_cause: Option<Cause>,
    /// When it was last read, however that ended.
    last_read_at: Option<DateTime<Utc>>,
    /// Entries read then.
    last_read_entries: Option<i32>,
    /// Why the last reading that was not complete was not.
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    /// Hundredths by which it may shrink between two readings; the general setting when null.
    shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back while nothing has come of it;
    /// no when null.
    withdraws: Option<bool>,
    /// Whether nobody has agreed yet to what it asks for: it is new, and was added with `ask_first`.
    ask_first: bool,
    /// Titles that wait for that, as the last run counted them; null while none do.
    waiting_titles: Option<i32>,
    /// What its owner should know; only in the answers to adding and accepting a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

impl From<ListView> for ListAnswer {
    fn from(list: ListView) -> Self {
        Self {
            id: list.id,
            list_type: list.list_type,
            list_id: list.list_id,
            list_url: list.list_url,
            display_name: list.description.clone(),
            description: list.description,
            item_count: list.item_count,
            status: list.status,
            status_reason: list.status_reason,
            last_synced: list.last_synced,
            auto_sync: list.auto_sync,
            item_limit: list.item_limit,
            is_4k: list.is_4k,
            requested_as: list.requested_as,
            user_id: list.requested_as.map(|user| user.to_string()),
            from_settings: list.from_settings,
            removed_at: list.removed_at,
            created_at: list.created_at,
            updated_at: list.updated_at,
            status_cause: list.status_cause,
            last_read_at: list.last_read_at,
            last_read_entries: list.last_read_entries,
            last_error: list.last_error,
            last_error_at: list.last_error_at,
            shrink_limit_percent: list.shrink_limit_percent,
            withdraws: list.withdraws,
            ask_first: list.ask_first,
            waiting_titles: list.waiting_titles,
            notice: list.notice,
        }
    }
}

/// One page of lists.
#[derive(Debug, Serialize, ToSchema)]
struct ListPage {
    lists: Vec<ListAnswer>,
    total: usize,
    page: i64,
    limit: i64,
}

/// Shows the lists
///
/// In the order they were added; removed ones only when asked for.
#[utoipa::path(
    get,
    path = "/api/lists",
    operation_id = "get_lists",
    params(Page, ("with_removed" = Option<bool>, Query, description = "Also those that were removed")),
    responses((status = 200, description = "One page of lists; 200 to a page unless told otherwise", body = ListPage)),
    tag = "Lists",
)]
async fn all(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let (page, with_removed) = (query.page(LIMIT), query.flag("with_removed"));
    query.check()?;
    let lists = shared
        .read(move |conn| List::all(conn, with_removed))
        .await?;
    let total = lists.len();
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let shown = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let lists = lists.into_iter().skip(skipped).take(shown);
    Ok(HttpResponse::Ok().json(ListPage {
        lists: lists
            .map(|(list, policy)| list.view(&policy).into())
            .collect(),
        total,
        page: page.page,
        limit: page.limit,
    }))
}

/// A list to add: `url` alone, or `list_type` and `list_id`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewList {
    list_type: Option<String>,
    list_id: Option<String>,
    url: Option<String>,
    description: Option<String>,
    auto_sync: Option<bool>,
    item_limit: Option<i32>,
    is_4k: Option<bool>,
    requested_as: Option<i32>,
    /// Hundredths by which it may shrink between two readings before it is frozen.
    shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back while nothing has come of it.
    withdraws: Option<bool>,
    /// Whether a person is asked before its first run asks for more than `sync.ask_above_titles` titles:
    /// they wait for `POST /api/lists/{id}/accept`. No when absent; of files never.
    ask_first: Option<bool>,
    /// `requested_as` as the old clients send it.
    #[schema(schema_with = number_or_text)]
    user_id: Option<UserId>,
}

/// A number, or the same as text.
#[derive(Debug, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct UserId(i32);

impl TryFrom<serde_json::Value> for UserId {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        let number = match &value {
            serde_json::Value::String(text) => text.trim().parse().ok(), // told below
            other => other.as_i64().and_then(|number| i32::try_from(number).ok()), // told below
        };
        number.map(Self).ok_or("a user is a whole number")
    }
}

impl NewList {
    fn checked(self) -> Result<AddList, ApiError> {
        let mut wrong = Fields::default();
        let text = |text: Option<String>| {
            text.map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let (list_type, list_id, url) = (text(self.list_type), text(self.list_id), text(self.url));
        let input = match (list_id, url) {
            (Some(_), Some(_)) => {
                wrong.add("url", "cannot be given beside `list_id`; give one of them");
                String::new()
            }
            (None, None) => {
                wrong.add(
                    "url",
                    "is needed: the address of the list, or else `list_type` and `list_id`",
                );
                String::new()
            }
            (Some(list_id), None) => {
                if list_type.is_none() && !list_id.contains("://") {
                    wrong.add(
                        "list_type",
                        "is needed with `list_id`: the provider, such as `imdb`",
                    );
                }
                list_id
            }
            (None, Some(url)) => url,
        };
        at_most(&mut wrong, "url", &input, LONGEST_INPUT);
        at_most(
            &mut wrong,
            "list_type",
            list_type.as_deref().unwrap_or_default(),
            LONGEST_TYPE,
        );
        let requested_as = self
            .requested_as
            .or(self.user_id.map(|UserId(number)| number));
        check_policy(&mut wrong, self.item_limit, requested_as);
        check_shrink(&mut wrong, self.shrink_limit_percent);
        let description = text(self.description);
        at_most(
            &mut wrong,
            "description",
            description.as_deref().unwrap_or_default(),
            LONGEST_NAME,
        );
        wrong.check()?;
        Ok(AddList {
            input,
            list_type,
            description,
            auto_sync: self.auto_sync,
            item_limit: self.item_limit,
            is_4k: self.is_4k,
            requested_as,
            shrink_limit_percent: self.shrink_limit_percent,
            withdraws: self.withdraws,
            ask_first: self.ask_first.unwrap_or(false),
        })
    }
}

fn check_shrink(wrong: &mut Fields, percent: Option<i32>) {
    if percent.is_some_and(|percent| !(0..=100).contains(&percent)) {
        wrong.add("shrink_limit_percent", "must be from 0 to 100");
    }
}

fn at_most(wrong: &mut Fields, name: &str, text: &str, most: usize) {
    if text.chars().count() > most {
        wrong.add(name, format!("must have at most {most} characters"));
    }
}

fn check_policy(wrong: &mut Fields, item_limit: Option<i32>, requested_as: Option<i32>) {
    if item_limit.is_some_and(|limit| limit < 1) {
        wrong.add(
            "item_limit",
            "must be above 0; leave it out for all entries",
        );
    }
    if requested_as.is_some_and(|user| user < 1) {
        wrong.add(
            "requested_as",
            "must be above 0: the number of a Seerr user",
        );
    }
}

/// Follows one more list
///
/// Give `url`, an address of a site that can be read, or else `list_type` and `list_id`. The first run that reads it begins by itself. With `ask_first` that run asks for no more than `sync.ask_above_titles` titles because of it; more wait until the list is accepted.
#[utoipa::path(
    post,
    path = "/api/lists",
    operation_id = "add_list",
    request_body = NewList,
    responses((status = 201, description = "The list; `Location` is its address", body = ListAnswer, headers(("location" = String, description = "Path of the list"))), (status = 409, response = Conflict)),
    tag = "Lists",
)]
async fn add(body: Json<NewList>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let request = ToSyncWorker::AddList(body.0.checked()?);
    let list = answered(shared.change(request).await?)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/lists/{}", list.id)))
        .json(list))
}

pub(super) fn answered(answer: FromSyncWorker) -> Result<ListAnswer, ApiError> {
    match answer {
        FromSyncWorker::List(list) => Ok((*list).into()),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// What is no number is no list's.
pub(super) fn number(text: &str) -> Result<ListId, ApiError> {
    let number = text.parse().map_err(|_no_number| no_list(text))?;
    Ok(ListId(number))
}

fn no_list(text: &str) -> ApiError {
    ApiError::NotFound(format!(
        "list `{}`",
        text.chars().take(100).collect::<String>()
    ))
}

async fn find(shared: &Shared, id: ListId) -> Result<ListAnswer, ApiError> {
    let found = shared
        .read(move |conn| {
            let Some(list) = List::find(conn, id)? else {
                return Ok(None);
            };
            Ok::<_, schema::DbError>(Some(list.view(&ListPolicy::of(conn, id)?)))
        })
        .await?;
    Ok(found.ok_or_else(|| no_list(&id.to_string()))?.into())
}

/// The list that its provider calls so; one that was removed is not there.
pub(super) async fn find_named(
    shared: &Shared,
    list_type: &str,
    list_id: &str,
) -> Result<ListId, ApiError> {
    let (wanted_type, wanted_id) = (list_type.to_owned(), list_id.to_owned());
    let found = shared
        .read(move |conn| List::find_by_name(conn, &wanted_type, &wanted_id))
        .await?;
    found
        .filter(|list| list.removed_at.is_none())
        .map(|list| list.id)
        .ok_or_else(|| no_list(&format!("{list_type}/{list_id}")))
}

/// Shows one list
#[utoipa::path(
    get,
    path = "/api/lists/{id}",
    operation_id = "get_list",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1)),
    responses((status = 200, description = "The list", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn one(path: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(find(&shared, number(&path)?).await?))
}

/// Shows one list by its name at its provider
///
/// A path of the old product; `GET /api/lists/{id}` is the same by number.
#[utoipa::path(
    get,
    path = "/api/lists/{list_type}/{list_id}",
    operation_id = "get_named_list",
    params(("list_type" = String, Path, description = "The provider, such as `imdb`", example = "imdb"), ("list_id" = String, Path, description = "Its id at the provider; may have slashes", example = "top")),
    responses((status = 200, description = "The list", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn one_named(
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let id = find_named(&shared, &path.0, &path.1).await?;
    Ok(HttpResponse::Ok().json(find(&shared, id).await?))
}

/// Everything that can be changed; what is absent goes back to its default. What GET shows beside it
/// is taken and left alone, so that a list can be sent back as it came.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ListReplacement)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "what GET shows and cannot be changed is taken and left alone"
)]
#[expect(
    clippy::option_option,
    reason = "an absent field is not the same as null"
)]
struct Replacement {
    description: Option<String>,
    auto_sync: Option<bool>,
    item_limit: Option<i32>,
    is_4k: Option<bool>,
    #[serde(default, with = "double_option")]
    requested_as: Option<Option<i32>>,
    shrink_limit_percent: Option<i32>,
    withdraws: Option<bool>,
    /// `requested_as` under its old name; the new one wins.
    #[schema(schema_with = number_or_text)]
    user_id: Option<UserId>,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    id: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    list_type: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    list_id: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    list_url: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    display_name: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    item_count: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    status: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    status_reason: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    last_synced: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    from_settings: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    removed_at: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    created_at: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    updated_at: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    notice: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    ask_first: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    waiting_titles: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    status_cause: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    last_read_at: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    last_read_entries: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    last_error: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    last_error_at: IgnoredAny,
}

/// What is to be changed; null goes back to the default, what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ListChange)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::option_option,
    reason = "an absent field is not the same as null"
)]
struct Change {
    #[serde(default, with = "double_option")]
    description: Option<Option<String>>,
    #[serde(default, with = "double_option")]
    auto_sync: Option<Option<bool>>,
    #[serde(default, with = "double_option")]
    item_limit: Option<Option<i32>>,
    #[serde(default, with = "double_option")]
    is_4k: Option<Option<bool>>,
    #[serde(default, with = "double_option")]
    requested_as: Option<Option<i32>>,
    #[serde(default, with = "double_option")]
    shrink_limit_percent: Option<Option<i32>>,
    #[serde(default, with = "double_option")]
    withdraws: Option<Option<bool>>,
    /// `requested_as` under its old name; the new one wins.
    #[serde(default, with = "double_option")]
    #[schema(schema_with = number_or_text)]
    user_id: Option<Option<UserId>>,
}

impl From<Replacement> for Change {
    fn from(all: Replacement) -> Self {
        Self {
            description: Some(all.description),
            auto_sync: Some(all.auto_sync),
            item_limit: Some(all.item_limit),
            is_4k: Some(all.is_4k),
            requested_as: all.requested_as,
            shrink_limit_percent: Some(all.shrink_limit_percent),
            withdraws: Some(all.withdraws),
            user_id: Some(all.user_id),
        }
    }
}

impl Change {
    fn checked(self, list: ListId) -> Result<ChangeList, ApiError> {
        let mut wrong = Fields::default();
        let requested_as = self
            .requested_as
            .or_else(|| self.user_id.map(|user| user.map(|UserId(number)| number)));
        check_policy(
            &mut wrong,
            self.item_limit.flatten(),
            requested_as.flatten(),
        );
        check_shrink(&mut wrong, self.shrink_limit_percent.flatten());
        let description = self.description.map(|text| {
            text.map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        });
        let name = description
            .as_ref()
            .and_then(Option::as_deref)
            .unwrap_or_default();
        at_most(&mut wrong, "description", name, LONGEST_NAME);
        wrong.check()?;
        Ok(ChangeList {
            list,
            description,
            auto_sync: self.auto_sync.map(|auto_sync| auto_sync.unwrap_or(true)),
            item_limit: self.item_limit,
            is_4k: self.is_4k,
            requested_as,
            shrink_limit_percent: self.shrink_limit_percent,
            withdraws: self.withdraws,
        })
    }
}

/// Sets everything of a list that can be changed
///
/// What is absent goes back to its default. A list can be sent back as it came: what cannot be changed is left alone.
#[utoipa::path(
    put,
    path = "/api/lists/{id}",
    operation_id = "replace_list",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1)),
    request_body = Replacement,
    responses((status = 200, description = "The list as it is now", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn replace(
    path: web::Path<String>,
    body: Json<Replacement>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    send_change(&shared, number(&path)?, body.0.into()).await
}

/// Changes a list
///
/// What is absent stays as it is, what is null goes back to its default.
#[utoipa::path(
    patch,
    path = "/api/lists/{id}",
    operation_id = "change_list",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1)),
    request_body = Change,
    responses((status = 200, description = "The list as it is now", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn change(
    path: web::Path<String>,
    body: Json<Change>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    send_change(&shared, number(&path)?, body.0).await
}

async fn send_change(
    shared: &Shared,
    id: ListId,
    change: Change,
) -> Result<HttpResponse, ApiError> {
    let request = ToSyncWorker::ChangeList(change.checked(id)?);
    Ok(HttpResponse::Ok().json(answered(shared.change(request).await?)?))
}

/// Follows a list no longer
///
/// What it asked for stays requested.
#[utoipa::path(
    delete,
    path = "/api/lists/{id}",
    operation_id = "remove_list",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1)),
    responses((status = 200, description = "The list, removed", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn remove(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    send_removal(&shared, number(&path)?).await
}

/// Follows a list no longer, by its name at its provider
///
/// A path of the old product; `DELETE /api/lists/{id}` is the same by number.
#[utoipa::path(
    delete,
    path = "/api/lists/{list_type}/{list_id}",
    operation_id = "remove_named_list",
    params(("list_type" = String, Path, description = "The provider, such as `imdb`", example = "imdb"), ("list_id" = String, Path, description = "Its id at the provider; may have slashes", example = "top")),
    responses((status = 200, description = "The list, removed", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn remove_named(
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let id = find_named(&shared, &path.0, &path.1).await?;
    send_removal(&shared, id).await
}

async fn send_removal(shared: &Shared, list: ListId) -> Result<HttpResponse, ApiError> {
    let request = ToSyncWorker::RemoveList(RemoveList { list });
    Ok(HttpResponse::Ok().json(answered(shared.change(request).await?)?))
}

/// Shows the entries of a list
#[utoipa::path(
    get,
    path = "/api/lists/{id}/items",
    operation_id = "get_list_items",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1), Page),
    responses((status = 200, description = "One page of entries", body = items::ItemPage), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn items_of(
    request: HttpRequest,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let list = find(&shared, number(&path)?).await?;
    send_items(&request, &shared, list.id).await
}

/// Shows the entries of a list by its name at its provider
///
/// A path of the old product; `GET /api/lists/{id}/items` is the same by number.
#[utoipa::path(
    get,
    path = "/api/lists/{list_type}/{list_id}/items",
    operation_id = "get_named_list_items",
    params(("list_type" = String, Path, description = "The provider, such as `imdb`", example = "imdb"), ("list_id" = String, Path, description = "Its id at the provider; may have slashes", example = "top"), Page),
    responses((status = 200, description = "One page of entries", body = items::ItemPage), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn items_of_named(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let id = find_named(&shared, &path.0, &path.1).await?;
    send_items(&request, &shared, id).await
}

async fn send_items(
    request: &HttpRequest,
    shared: &Shared,
    list: ListId,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(request)?;
    let page = query.page(items::LIMIT);
    query.check()?;
    let filter = ItemFilter {
        list: Some(list),
        ..ItemFilter::default()
    };
    Ok(HttpResponse::Ok().json(items::page(shared, filter, page).await?))
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
