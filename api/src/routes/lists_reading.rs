//! `/api/lists/resolve` and `/api/lists/{id}/accept`: what an address means before it is followed, and
//! taking a list that shrank as it is.

use actix_web::{HttpRequest, HttpResponse, web};
use schema::wire::{
    scraper::ListResolved,
    sync::{AcceptList, FromSyncWorker, ResolveInput, SyncLink, ToSyncWorker},
};
use utoipa::OpenApi;

use super::{
    at,
    lists::{ListAnswer, answered, number},
};
use crate::{
    error::{ApiError, Fields},
    openapi::NotFound,
    query::Query,
    shared::{Shared, unexpected},
};

const LONGEST_INPUT: usize = 2048;
const LONGEST_TYPE: usize = 50;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(resolve, accept))]
pub(super) struct Document;

/// Comes before `lists`, whose path with a number would take the word.
pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/lists/resolve").get(resolve).done())
        .service(at("/lists/{id:\\d+}/accept").post(accept).done());
}

/// Tells what an address means
///
/// Which list it is, what it is called, how many entries it has, and what is missing before it can be read; within a second or so. Follows nothing.
#[utoipa::path(
    get,
    path = "/api/lists/resolve",
    operation_id = "resolve_list",
    params(
        ("url" = String, Query, description = "An address, or with `list_type` an id or name", example = "https://www.imdb.com/chart/top/"),
        ("list_type" = Option<String>, Query, description = "The provider, such as `imdb`"),
    ),
    responses((status = 200, description = "The list, as far as it could be learned", body = ListResolved)),
    tag = "Lists",
)]
async fn resolve(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let (url, list_type) = (
        query.text("url", LONGEST_INPUT),
        query.text("list_type", LONGEST_TYPE),
    );
    query.check()?;
    let mut wrong = Fields::default();
    let input = url.unwrap_or_default();
    if input.is_empty() {
        wrong.add(
            "url",
            "is needed: the address of the list, or its id with `list_type`",
        );
    }
    wrong.check()?;
    let asked = ToSyncWorker::ResolveList(ResolveInput { input, list_type });
    match shared.change(asked).await? {
        FromSyncWorker::ListResolved(list) => Ok(HttpResponse::Ok().json(list)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// Says yes to a new list, or to one that shrank
///
/// A list that was added with `ask_first` and would ask for many titles waits: `waiting_titles` says for how many. This lets the next run ask for them. A list that shrinks more than it may is frozen: its status is `frozen`, and nothing on it changes. This takes its next complete reading however much it shrank. `notice` says which of the two it was; `POST /api/sync/single` starts a run of the list now.
#[utoipa::path(
    post,
    path = "/api/lists/{id}/accept",
    operation_id = "accept_list",
    params(("id" = i32, Path, description = "Number of the list", minimum = 1)),
    responses((status = 200, description = "The list as it is now", body = ListAnswer), (status = 404, response = NotFound)),
    tag = "Lists",
)]
async fn accept(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let list = number(&path)?;
    let request = ToSyncWorker::AcceptList(AcceptList { list });
    Ok(HttpResponse::Ok().json(answered(shared.change(request).await?)?))
}
