//! The stories of titles, and letting one be tried again: the sync-worker tells them.

use actix_web::{HttpRequest, HttpResponse, web};
use schema::wire::sync::{
    FromSyncWorker, RetryAsked, RetryTitle, Story, SyncLink, ToSyncWorker, Why,
};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::{Conflict, NotFound},
    query::Query,
    shared::{Shared, unexpected},
};

const LONGEST_TITLE: usize = 500;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(of_item, of_title, retry))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/items/{id}/story").get(of_item).done())
        .service(at("/items/{id}/retry").post(retry).done())
        .service(at("/story").get(of_title).done());
}

/// Tells the story of an entry's title
///
/// When it was seen where, which title it is, what was decided and asked, and what comes next.
#[utoipa::path(
    get,
    path = "/api/items/{id}/story",
    operation_id = "get_item_story",
    params(("id" = i32, Path, description = "Number of the entry", minimum = 1)),
    responses((status = 200, description = "The story", body = Story), (status = 404, response = NotFound)),
    tag = "Items",
)]
async fn of_item(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    told(&shared, item(&path)?).await
}

/// Tells the story of a title
///
/// Also of one that nothing is known of: then it says which lists could have it. When several titles are called so, the problem `conflict` names them.
#[utoipa::path(
    get,
    path = "/api/story",
    operation_id = "get_title_story",
    params(("title" = String, Query, description = "`movie:550`, `tv:1396`, `tt0111161`, `tvdb:81189`, `item:12`, its address on a list's site, or words of its name", max_length = 500)),
    responses((status = 200, description = "The story", body = Story), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Items",
)]
async fn of_title(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let title = query.text("title", LONGEST_TITLE);
    query.check()?;
    let title =
        title.ok_or_else(|| Fields::of("title", "is needed: what the title is called by"))?;
    told(&shared, title).await
}

async fn told(shared: &Shared, title: String) -> Result<HttpResponse, ApiError> {
    match shared.look(ToSyncWorker::Why(Why { title })).await? {
        FromSyncWorker::Story(story) => Ok(HttpResponse::Ok().json(story)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// How a title is to be tried again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct RetryItem {
    /// Also where a person had said no to it, as if it were put on its lists anew.
    anyway: bool,
}

/// Lets an entry's title be tried again
///
/// What failed, for good or not, is tried by the next run as if it had never been tried. What was declined, deleted, blocklisted or withdrawn only with `anyway`.
#[utoipa::path(
    post,
    path = "/api/items/{id}/retry",
    operation_id = "retry_item",
    params(("id" = i32, Path, description = "Number of the entry", minimum = 1)),
    request_body(content = Option<RetryItem>, description = "May be left out"),
    responses((status = 200, description = "What it was before", body = RetryAsked), (status = 404, response = NotFound), (status = 409, response = Conflict)),
    tag = "Items",
)]
async fn retry(
    path: web::Path<String>,
    body: Json<RetryItem>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let request = ToSyncWorker::RetryTitle(RetryTitle {
        title: item(&path)?,
        anyway: body.0.anyway,
    });
    match shared.change(request).await? {
        FromSyncWorker::RetryAsked(asked) => Ok(HttpResponse::Ok().json(asked)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// `item:12`, as the sync-worker understands it.
fn item(path: &str) -> Result<String, ApiError> {
    match path.parse::<i32>() {
        Ok(id) if id > 0 => Ok(format!("item:{id}")),
        _ => Err(ApiError::NotFound(format!(
            "entry `{}`",
            path.chars().take(100).collect::<String>()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use schema::{
        models::{LedgerStatus, MediaType},
        wire::{
            FailureCode,
            sync::{RetriedQuality, StoryNow, StoryState, StoryTitle},
        },
    };

    fn story() -> FromSyncWorker {
        FromSyncWorker::Story(Box::new(Story {
            title: StoryTitle {
                name: "Heat".into(),
                year: Some(1995),
                media_type: Some(MediaType::Movie),
                tmdb_id: Some(949),
                ids: Vec::new(),
                items: vec![12],
            },
            headline: "It is requested.".into(),
            steps: Vec::new(),
            now: vec![StoryNow {
                is_4k: false,
                state: StoryState::Requested,
                why: "it is on imdb:top and not in Seerr".into(),
                next: None,
                remedy: "Nothing has to be done.".into(),
            }],
        }))
    }

    fn why(title: &str) -> ToSyncWorker {
        ToSyncWorker::Why(Why {
            title: title.into(),
        })
    }

    #[actix_web::test]
    async fn a_story_is_told_by_the_number_of_an_entry_and_by_what_a_title_is_called() {
        let world = World::new().await;
        for path in ["/api/items/12/story", "/api/story?title=tt0113277"] {
            world.sync_answers(story());
            let answer = world.get(path).await;
            assert_eq!(
                (answer.status, &answer.json["title"]["name"]),
                (200, &"Heat".into())
            );
            assert_eq!(answer.json["now"][0]["state"], "requested");
        }
        assert_eq!(world.asked(), [why("item:12"), why("tt0113277")]);
    }

    #[actix_web::test]
    async fn what_is_no_entry_and_what_means_several_are_told_apart() {
        let world = World::new().await;
        for path in [
            "/api/items/0/story",
            "/api/items/x/story",
            "/api/items/99999999999/story",
        ] {
            world.get(path).await.is_problem(404, "not_found");
        }
        world.get("/api/story").await.blames(&["title"]);
        assert_eq!(world.asked(), []);
        world.sync_fails(FailureCode::Conflict, "`heat` means 2 titles");
        world
            .get("/api/story?title=heat")
            .await
            .is_problem(409, "conflict");
        world.sync_fails(FailureCode::NotFound, "there is no entry 7");
        world
            .get("/api/items/7/story")
            .await
            .is_problem(404, "not_found");
    }

    #[actix_web::test]
    async fn a_title_is_tried_again_on_a_persons_word() {
        let world = World::new().await;
        let asked = || {
            FromSyncWorker::RetryAsked(RetryAsked {
                name: "Heat (1995)".into(),
                media_type: MediaType::Movie,
                tmdb_id: 949,
                was: vec![RetriedQuality {
                    is_4k: false,
                    status: LedgerStatus::FailedPermanent,
                    attempts: 10,
                }],
                next_sync: None,
            })
        };
        for (body, anyway) in [("", false), (r#"{"anyway":true}"#, true)] {
            world.sync_answers(asked());
            let answer = world.send("POST", "/api/items/12/retry", body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.json["was"][0]["status"], "failed_permanent");
            let title = "item:12".to_owned();
            let request = ToSyncWorker::RetryTitle(RetryTitle { title, anyway });
            assert_eq!(world.asked().pop(), Some(request));
        }
        let answer = world
            .send("POST", "/api/items/12/retry", r#"{"x":1}"#)
            .await;
        answer.blames(&["x"]);
        world.sync_fails(FailureCode::Conflict, "there is nothing to try again");
        let answer = world.send("POST", "/api/items/12/retry", "").await;
        answer.is_problem(409, "conflict");
    }
}
