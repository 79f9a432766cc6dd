//! `/api/items`: the entries of all lists, which title each is, and what became of it.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use schema::models::{Identity, ItemFilter, ItemRow, ItemStatus, ListId, MediaType, TitleRef};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    error::ApiError,
    query::{Page, Query},
    shared::Shared,
};

/// Rows of a page unless told otherwise.
pub(super) const LIMIT: i64 = 50;
const LONGEST_SEARCH: usize = 200;

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope.service(at("/items").get(all).done());
}

/// One page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemPage {
    items: Vec<Item>,
    total: i64,
    page: i64,
    limit: i64,
    has_more: bool,
}

/// One entry of one list.
#[derive(Debug, Serialize, ToSchema)]
struct Item {
    id: i32,
    list: ListId,
    list_name: String,
    rank: i32,
    title: String,
    original_title: Option<String>,
    year: Option<i32>,
    media_type: Option<MediaType>,
    imdb_id: Option<String>,
    tmdb_id: Option<i64>,
    tvdb_id: Option<i64>,
    /// The season that the entry is about, where it is about one.
    season: Option<i32>,
    first_seen: DateTime<Utc>,
    identity: Identity,
    identity_reason: Option<String>,
    next_try: Option<DateTime<Utc>>,
    /// The title it is, once that is certain.
    matched: Option<Matched>,
    /// Where the title is on its way, in the quality that the list asks for; null before the first
    /// decision.
    status: Option<ItemStatus>,
    reason: Option<String>,
    /// What would change it, as a sentence.
    remedy: Option<String>,
    /// Until when it waits; null where every run looks at it anew, and where it does not wait.
    until: Option<DateTime<Utc>>,
}

/// The title an entry is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchedTitle)]
struct Matched {
    id: TitleRef,
    media_type: MediaType,
    tmdb_id: i64,
    title: String,
    year: Option<i32>,
}

impl From<ItemRow> for Item {
    fn from(row: ItemRow) -> Self {
        let item = row.item;
        let (status, reason, remedy, until) = match row.standing {
            Some(one) => (Some(one.status), Some(one.reason), one.remedy, one.until),
            None => (None, None, None, None),
        };
        Self {
            id: item.id,
            list: item.list,
            list_name: row.list_name,
            rank: item.rank,
            title: item.title,
            original_title: item.original_title,
            year: item.year,
            media_type: item.media_type,
            imdb_id: item.imdb_id,
            tmdb_id: item.tmdb_id,
            tvdb_id: item.tvdb_id,
            season: item.season,
            first_seen: item.first_seen.and_utc(),
            identity: item.identity,
            identity_reason: item.identity_reason,
            next_try: item.next_try.map(|time| time.and_utc()),
            matched: row.title.map(|title| Matched {
                id: title.id,
                media_type: title.media_type,
                tmdb_id: title.tmdb_id,
                title: title.title,
                year: title.year,
            }),
            status,
            reason,
            remedy,
            until: until.map(|time| time.and_utc()),
        }
    }
}

/// Shows the entries of all lists
///
/// Which title each is, and what became of it.
#[utoipa::path(
    get,
    path = "/api/items",
    operation_id = "get_items",
    params(Page, ("list" = Option<i32>, Query, description = "Only those of this list", minimum = 1), ("identity" = Option<Identity>, Query, description = "Only those whose title is so far known"), ("status" = Option<ItemStatus>, Query, description = "Only those whose title is there on its way; `waiting` also finds what failed and is tried again, `skipped` all for which it was decided to do nothing"), ("search" = Option<String>, Query, description = "Only those with this in their title", max_length = 200)),
    responses((status = 200, description = "One page of entries", body = ItemPage)),
    tag = "Items",
)]
async fn all(request: HttpRequest, shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let page = query.page(LIMIT);
    let filter = ItemFilter {
        list: query.row_number("list").map(ListId),
        identity: query.word("identity"),
        status: query.word("status"),
        search: query.text("search", LONGEST_SEARCH),
    };
    query.check()?;
    Ok(HttpResponse::Ok().json(self::page(&shared, filter, page).await?))
}

/// One page of the entries that `filter` lets through.
pub(super) async fn page(
    shared: &Shared,
    filter: ItemFilter,
    page: Page,
) -> Result<ItemPage, ApiError> {
    let offset = page.offset();
    let now = shared.clock.now();
    let (rows, total) = shared
        .read(move |conn| ItemRow::page(conn, &filter, page.limit, offset, now))
        .await?;
    Ok(ItemPage {
        items: rows.into_iter().map(Item::from).collect(),
        total,
        page: page.page,
        limit: page.limit,
        has_more: offset.saturating_add(page.limit) < total,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::World;
    use schema::models::{
        Decision, DecisionKind, Identity, LedgerStatus, ListId, ListItem, MediaType, NewDecision,
        NewListItem, NewSyncedItem, NewTitle, RunId, SyncedItem, Title,
    };

    async fn world() -> World {
        let world = World::alone().await;
        let list = world.insert_list("imdb", "top").await;
        let now = world.clock.now();
        let entry = move |rank: i32, title: &str, identity| NewListItem {
            trakt_id: None,
            season: None,
            list,
            entry_key: format!("tt{rank}"),
            rank,
            title: title.into(),
            original_title: None,
            year: Some(1995),
            media_type: Some(MediaType::Movie),
            imdb_id: Some(format!("tt{rank}")),
            tmdb_id: None,
            tvdb_id: None,
            first_seen: now,
            fetch: None,
            identity,
        };
        let entries = [
            entry(1, "Heat", Identity::Matched),
            entry(2, "100%_sure", Identity::NeedsReview),
            entry(3, "Nowhere", Identity::NotFound),
        ];
        world
            .db
            .write(move |conn| {
                ListItem::insert(conn, &entries)?;
                let new = NewTitle {
                    media_type: MediaType::Movie,
                    tmdb_id: 949,
                    title: "Heat".into(),
                    year: Some(1995),
                    created_at: now,
                    updated_at: now,
                };
                let title = Title::ensure(conn, &new)?;
                let mut heat = ListItem::of_list(conn, list)?.remove(0);
                heat.title_ref = Some(title.id);
                heat.save_identity(conn)?;
                let ledger = NewSyncedItem {
                    requested_at: None,
                    target: "seerr".into(),
                    title: "Heat".into(),
                    year: Some(1995),
                    media_type: MediaType::Movie,
                    tmdb_id: 949,
                    imdb_id: None,
                    is_4k: false,
                    overseerr_id: None,
                    status: LedgerStatus::Requested,
                    reason: "new on imdb:top".into(),
                    provider_source: "imdb:top".into(),
                    request_id: Some(1),
                    created_by_us: true,
                    asked_as_user: None,
                    run: None,
                    attempts: 1,
                    retry_at: None,
                    requesting_since: None,
                    request_after: None,
                    refused_at: None,
                    last_synced: now,
                    error_message: None,
                };
                SyncedItem::save(conn, &ledger)
            })
            .await
            .unwrap();
        world
    }

    #[actix_web::test]
    async fn an_entry_is_shown_with_its_list_its_title_and_what_became_of_it() {
        let world = world().await;
        let answer = world.get("/api/items?status=requested").await;
        assert_eq!(
            (answer.status, &answer.json["total"]),
            (200, &1.into()),
            "{}",
            answer.json
        );
        let item = &answer.json["items"][0];
        assert_eq!(item["title"], "Heat");
        assert_eq!(item["list_name"], "top of imdb");
        assert_eq!(item["matched"]["tmdb_id"], 949);
        assert_eq!(item["status"], "requested");
        assert_eq!(item["reason"], "new on imdb:top");
    }

    #[actix_web::test]
    async fn a_title_that_waits_is_found_with_what_would_help() {
        let world = world().await;
        let now = world.clock.now();
        world
            .db
            .write(move |conn| {
                let new = NewTitle {
                    media_type: MediaType::Movie,
                    tmdb_id: 7,
                    title: "Paper Boats".into(),
                    year: None,
                    created_at: now,
                    updated_at: now,
                };
                let title = Title::ensure(conn, &new)?;
                let mut entry = ListItem::of_list(conn, ListId(1))?.remove(2);
                entry.identity = Identity::Matched;
                entry.title_ref = Some(title.id);
                entry.save_identity(conn)?;
                let decision = NewDecision {
                    run: RunId(1),
                    title: title.id,
                    is_4k: false,
                    decision: DecisionKind::Wait,
                    reason: "Seerr has no 4K server for movies".into(),
                    decided_at: now,
                    remedy: Some("Set up a 4K server in Seerr.".into()),
                    seasons: None,
                    sources: None,
                };
                Decision::insert(conn, &[decision])
            })
            .await
            .unwrap();
        let answer = world.get("/api/items?status=waiting").await;
        assert_eq!(answer.json["total"], 1, "{}", answer.json);
        let item = &answer.json["items"][0];
        assert_eq!(item["status"], "waiting");
        assert_eq!(item["reason"], "Seerr has no 4K server for movies");
        assert_eq!(item["remedy"], "Set up a 4K server in Seerr.");
        assert_eq!(item["until"], serde_json::Value::Null);
        let answer = world.get("/api/items?status=requested").await;
        assert_eq!(answer.json["total"], 1);
    }

    #[actix_web::test]
    async fn entries_are_filtered_searched_and_paged() {
        let world = world().await;
        for (query, total) in [
            ("", 3),
            ("?list=1", 3),
            ("?list=2", 0),
            ("?identity=needs_review", 1),
            ("?identity=not_found&search=NOWH", 1),
            ("?search=%25_", 1),
            ("?search=%27%22%3B--", 0),
        ] {
            let answer = world.get(&format!("/api/items{query}")).await;
            assert_eq!(
                (answer.status, &answer.json["total"]),
                (200, &total.into()),
                "{query}"
            );
        }
        let answer = world.get("/api/items?limit=2&page=1").await;
        assert_eq!(
            (
                answer.json["has_more"].as_bool(),
                answer.json["limit"].as_i64()
            ),
            (Some(true), Some(2))
        );
        let answer = world.get("/api/items?limit=2&page=2").await;
        assert_eq!(
            (
                answer.json["has_more"].as_bool(),
                answer.json["items"].as_array().unwrap().len()
            ),
            (Some(false), 1)
        );
    }

    #[actix_web::test]
    async fn impossible_filters_are_named() {
        let world = world().await;
        world
            .get("/api/items?identity=odd&status=x&limit=500")
            .await
            .blames(&["identity", "limit", "status"]);
    }
}
