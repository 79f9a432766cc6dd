//! `/api/review`: the entries that wait for a person to say which title they are, and saying it. All of
//! it is the sync-worker's, which keeps the choices.

use actix_web::{HttpRequest, HttpResponse, web};
use schema::{
    models::MediaType,
    wire::sync::{
        Choice, FromSyncWorker, Pick, Picked, ReviewEntry, ReviewFilter, ReviewPage, ReviewRequest,
        SyncLink, ToSyncWorker,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    body::Json,
    error::{ApiError, Fields},
    openapi::{Conflict, NotFound},
    query::Query,
    shared::{Shared, unexpected},
};

/// Entries of a page unless told otherwise.
const LIMIT: i64 = 50;
const MOST_PAGES: i64 = 1_000_000;
const LONGEST_ID: usize = 50;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, pick, none), components(schemas(ReviewFilter)))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/review").get(all).done())
        .service(at("/review/{item}/pick").post(pick).done())
        .service(at("/review/{item}/none").post(none).done());
}

/// One page of waiting entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewPage)]
struct WaitingPage {
    entries: Vec<ReviewEntry>,
    total: u32,
    page: i64,
    limit: i64,
    has_more: bool,
}

/// What an entry is: TMDB's number with movie or show, or IMDb's id.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PickRequest)]
struct PickBody {
    /// Movie or show; with `tmdb_id`.
    media_type: Option<MediaType>,
    /// TMDB's number.
    #[schema(minimum = 1, example = 438_631)]
    tmdb_id: Option<i64>,
    /// `tt…`, in place of the two; it is looked up.
    #[schema(max_length = 50)]
    imdb_id: Option<String>,
}

impl PickBody {
    fn choice(self) -> Result<Choice, ApiError> {
        let mut wrong = Fields::default();
        if let Some(imdb_id) = self.imdb_id {
            if self.tmdb_id.is_some() || self.media_type.is_some() {
                wrong.add("imdb_id", "goes without `media_type` and `tmdb_id`");
            }
            if imdb_id.trim().is_empty() || imdb_id.len() > LONGEST_ID {
                wrong.add("imdb_id", "must be `tt` and digits");
            }
            wrong.check()?;
            return Ok(Choice::Imdb { imdb_id });
        }
        if self.media_type.is_none() {
            wrong.add("media_type", "is needed: `movie` or `tv`");
        }
        match self.tmdb_id {
            None => wrong.add("tmdb_id", "is needed: TMDB's number, or send `imdb_id`"),
            Some(tmdb_id) if tmdb_id <= 0 => wrong.add("tmdb_id", "must be above 0"),
            Some(_) => {}
        }
        wrong.check()?;
        match (self.media_type, self.tmdb_id) {
            (Some(media_type), Some(tmdb_id)) => Ok(Choice::Title {
                media_type,
                tmdb_id,
            }),
            _ => Err(Fields::of("tmdb_id", "is needed").into()),
        }
    }
}

/// Shows the entries that wait for a person
///
/// Which title they are is not certain (`needs_review`, with what they may be) or nothing was found (`not_found`). The same entry on several lists is one; what is picked for it holds for all of them. Candidates without a poster have `poster_path` null; else it is a path at `https://image.tmdb.org/t/p/w185`.
#[utoipa::path(
    get,
    path = "/api/review",
    operation_id = "get_review",
    params(
        ("filter" = Option<ReviewFilter>, Query, description = "Which entries; `needs_review` when absent"),
        ("page" = Option<i64>, Query, description = "Which page, from 1", minimum = 1, maximum = 1_000_000),
        ("limit" = Option<i64>, Query, description = "Entries of a page, 50 when absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page of entries", body = WaitingPage)),
    tag = "Review",
)]
async fn all(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let filter = query.word("filter").unwrap_or(ReviewFilter::usual());
    let page = query.number("page", 1, 1..=MOST_PAGES);
    let limit = query.number("limit", LIMIT, 1..=i64::from(ReviewRequest::MOST));
    query.check()?;
    let offset = (page - 1) * limit;
    let asked = ToSyncWorker::Review(ReviewRequest {
        filter,
        offset: u32::try_from(offset).unwrap_or(u32::MAX),
        limit: u32::try_from(limit).unwrap_or(1),
    });
    match shared.look(asked).await? {
        FromSyncWorker::Review(ReviewPage { entries, total }) => {
            Ok(HttpResponse::Ok().json(WaitingPage {
                entries,
                total,
                page,
                limit,
                has_more: offset.saturating_add(limit) < i64::from(total),
            }))
        }
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// Says which title an entry is
///
/// The choice is kept as a pin: it holds for that entry on every list, at once and for ever. The next run asks for the title. What was requested by mistake before stays requested; `notices` says so, and also when nobody could look whether TMDB has the title.
#[utoipa::path(
    post,
    path = "/api/review/{item}/pick",
    operation_id = "pick_title",
    params(("item" = i32, Path, description = "Number of the entry, as in `/api/review` and `/api/items`", minimum = 1)),
    request_body = PickBody,
    responses(
        (status = 200, description = "The pin", body = Picked),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
    ),
    tag = "Review",
)]
async fn pick(
    path: web::Path<String>,
    Json(body): Json<PickBody>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let item = number(&path, "entry")?;
    let choice = body.choice()?;
    picked(&shared, Pick { item, choice }).await
}

/// Says that an entry is none of TMDB's titles
///
/// It is not looked for again, on any list.
#[utoipa::path(
    post,
    path = "/api/review/{item}/none",
    operation_id = "pick_none",
    params(("item" = i32, Path, description = "Number of the entry", minimum = 1)),
    responses(
        (status = 200, description = "The pin, without a title", body = Picked),
        (status = 404, response = NotFound),
    ),
    tag = "Review",
)]
async fn none(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let item = number(&path, "entry")?;
    let choice = Choice::None;
    picked(&shared, Pick { item, choice }).await
}

async fn picked(shared: &Shared, pick: Pick) -> Result<HttpResponse, ApiError> {
    match shared.change(ToSyncWorker::Pick(pick)).await? {
        FromSyncWorker::Picked(picked) => Ok(HttpResponse::Ok().json(picked)),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// A row number in a path; text that is none names nothing.
pub(super) fn number(path: &str, what: &str) -> Result<i32, ApiError> {
    match path.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(ApiError::NotFound(format!("{what} {path}"))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use schema::{
        models::{Identity, ListId, ReviewCandidate},
        pin_file::{PinEntry, PinTitle},
        wire::{
            FailureCode,
            sync::{PinView, ReviewPlace},
        },
    };

    use super::*;
    use crate::testing::{World, now};

    pub(in crate::routes) fn pin(id: i32) -> PinView {
        PinView {
            id,
            entry: PinEntry {
                title: "The Thing".into(),
                year: None,
                media_type: Some(MediaType::Movie),
            },
            keys: vec![format!("source:site:{id}")],
            title: Some(PinTitle {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                year: Some(1982),
            }),
            created_at: now(),
        }
    }

    fn entry(item: i32) -> ReviewEntry {
        ReviewEntry {
            item,
            title: "The Thing".into(),
            original_title: None,
            year: None,
            media_type: Some(MediaType::Movie),
            season: None,
            imdb_id: None,
            tmdb_id: None,
            tvdb_id: None,
            identity: Identity::NeedsReview,
            reason: Some("two titles fit".into()),
            next_try: None,
            lists: vec![ReviewPlace {
                list: ListId(1),
                name: "Mine".into(),
                rank: 4,
            }],
            list_count: 1,
            candidates: vec![ReviewCandidate {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                original_title: None,
                year: Some(1982),
                popularity: 40.5,
                certainty: 0.75,
                reason: "title equal".into(),
                poster_path: None,
            }],
        }
    }

    #[actix_web::test]
    async fn what_waits_is_shown_in_pages() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::Review(ReviewPage {
            entries: vec![entry(7)],
            total: 26,
        }));
        let answer = world.get("/api/review?filter=all&page=2&limit=25").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json["entries"][0]["item"], 7);
        assert_eq!(answer.json["entries"][0]["candidates"][0]["tmdb_id"], 1091);
        assert_eq!(answer.json["total"], 26);
        assert_eq!(answer.json["has_more"], false);
        let asked = ReviewRequest {
            filter: ReviewFilter::All,
            offset: 25,
            limit: 25,
        };
        assert_eq!(world.asked(), [ToSyncWorker::Review(asked)]);
        world
            .get("/api/review?filter=matched&limit=101&page=0")
            .await
            .blames(&["filter", "limit", "page"]);
    }

    #[actix_web::test]
    async fn a_pick_by_number_by_imdb_id_and_of_nothing_is_passed_on() {
        let world = World::new().await;
        for (path, body, choice) in [
            (
                "/api/review/7/pick",
                r#"{"media_type":"movie","tmdb_id":1091}"#,
                Choice::Title {
                    media_type: MediaType::Movie,
                    tmdb_id: 1091,
                },
            ),
            (
                "/api/review/7/pick",
                r#"{"imdb_id":"tt0084787"}"#,
                Choice::Imdb {
                    imdb_id: "tt0084787".into(),
                },
            ),
            ("/api/review/7/none", "", Choice::None),
        ] {
            world.sync_answers(FromSyncWorker::Picked(Box::new(Picked {
                pin: pin(3),
                entries: 2,
                notices: vec!["That request stays.".into()],
            })));
            let answer = world.send("POST", path, body).await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            assert_eq!(answer.json["pin"]["title"]["tmdb_id"], 1091);
            assert_eq!(answer.json["entries"], 2);
            assert_eq!(answer.json["notices"][0], "That request stays.");
            let asked = ToSyncWorker::Pick(Pick { item: 7, choice });
            assert_eq!(world.asked().last(), Some(&asked));
        }
    }

    #[actix_web::test]
    async fn what_cannot_be_picked_is_named() {
        let world = World::new().await;
        let path = "/api/review/7/pick";
        for (body, fields) in [
            ("{}", &["media_type", "tmdb_id"][..]),
            (r#"{"media_type":"movie","tmdb_id":0}"#, &["tmdb_id"]),
            (r#"{"media_type":"film","tmdb_id":5}"#, &["media_type"]),
            (r#"{"tmdb_id":5}"#, &["media_type"]),
            (r#"{"imdb_id":"tt1","tmdb_id":5}"#, &["imdb_id"]),
            (r#"{"imdb_id":""}"#, &["imdb_id"]),
            (r#"{"tmdbid":5}"#, &["tmdbid"]),
        ] {
            world.send("POST", path, body).await.blames(fields);
        }
        assert!(world.asked().is_empty());
        for path in [
            "/api/review/x/pick",
            "/api/review/0/none",
            "/api/review/-1/none",
        ] {
            let body = r#"{"media_type":"movie","tmdb_id":5}"#;
            world
                .send("POST", path, body)
                .await
                .is_problem(404, "not_found");
        }
        world.sync_fails(FailureCode::NotFound, "there is no entry 7");
        world
            .send("POST", "/api/review/7/none", "")
            .await
            .is_problem(404, "not_found");
        world.sync_fails(FailureCode::Invalid, "TMDB has no movie 5");
        let body = r#"{"media_type":"movie","tmdb_id":5}"#;
        world
            .send("POST", path, body)
            .await
            .is_problem(422, "invalid");
        world
            .anonymous("POST", path)
            .await
            .is_problem(401, "unauthorized");
    }
}
