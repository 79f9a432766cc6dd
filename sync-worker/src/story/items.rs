//! The entries of all lists, a page of them in several answers.

use runtime::socket::Answers;
use schema::{
    models::{ItemFilter, ItemRow},
    wire::{
        Failure, FailureCode,
        sync::{FromSyncWorker, ItemView, Items, ItemsRequest, MOST_ITEMS, MatchedView, SyncLink},
    },
};

use crate::engine::Engine;

/// Entries in one answer, far below the limit of a line.
const AT_ONCE: usize = 200;

/// Answers with the page.
pub(crate) async fn answer(engine: &Engine, request: ItemsRequest, answers: Answers<SyncLink>) {
    let (items, total) = match page(engine, request).await {
        Ok(page) => page,
        Err(failure) => return answers.fail(failure).await,
    };
    let mut rest = items.into_iter();
    let mut part: Vec<ItemView> = rest.by_ref().take(AT_ONCE).collect();
    loop {
        let next: Vec<ItemView> = rest.by_ref().take(AT_ONCE).collect();
        let now = FromSyncWorker::Items(Items { items: part, total });
        if next.is_empty() {
            return answers.last(now).await;
        }
        if answers.more(now).await.is_err() {
            return;
        }
        part = next;
    }
}

async fn page(engine: &Engine, request: ItemsRequest) -> Result<(Vec<ItemView>, i64), Failure> {
    if !(1..=MOST_ITEMS).contains(&request.limit) {
        let message = format!("`limit` must be from 1 to {MOST_ITEMS}");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    if request.page == 0 {
        return Err(Failure::new(FailureCode::Invalid, "`page` must be above 0"));
    }
    let now = engine.clock.now();
    let limit = i64::from(request.limit);
    let offset = limit * i64::from(request.page - 1);
    let filter = ItemFilter {
        list: request.list,
        identity: request.identity,
        status: request.status,
        search: request.search,
    };
    let read = engine
        .db
        .read(move |conn| ItemRow::page(conn, &filter, limit, offset, now))
        .await;
    let (rows, total) = read.map_err(|error| super::failed(&error))?;
    Ok((rows.into_iter().map(view).collect(), total))
}

fn view(row: ItemRow) -> ItemView {
    let item = row.item;
    let (status, reason, remedy, until) = match row.standing {
        Some(one) => (Some(one.status), Some(one.reason), one.remedy, one.until),
        None => (None, None, None, None),
    };
    ItemView {
        id: item.id,
        list: item.list,
        list_name: row.list_name,
        rank: item.rank,
        title: item.title,
        year: item.year,
        media_type: item.media_type,
        season: item.season,
        imdb_id: item.imdb_id,
        tmdb_id: item.tmdb_id,
        tvdb_id: item.tvdb_id,
        first_seen: item.first_seen.and_utc(),
        identity: item.identity,
        identity_reason: item.identity_reason,
        next_try: item.next_try.map(|at| at.and_utc()),
        matched: row.title.map(|title| MatchedView {
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
            title: title.title,
            year: title.year,
        }),
        status,
        reason,
        remedy,
        until: until.map(|at| at.and_utc()),
    }
}
