//! GET /media, its changes, and the blocklist.

use std::sync::Arc;

use serde_json::{Value, json};

use super::auth;
use super::requests::{page, per_row};
use super::rows::{Media, media_status};
use super::shapes;
use super::shared::Shared;
use super::state::{State, now};
use super::users::{User, permission};
use super::validate::{Query, invalid, refuse};
use crate::loopback::Answer;

/// GET /media: for any user, everything Seerr has a row for; there is no largest page.
pub(super) async fn list(shared: &Arc<Shared>, query: &Query) -> Answer {
    let (take, skip) = match page(query, 20) {
        Ok(page) => page,
        Err(failed) => return failed,
    };
    let (body, rows, core) = shared.read(|state| {
        let fits = |row: &&Media| match query.text("filter") {
            Some("available") => row.status == media_status::AVAILABLE,
            Some("partial") => row.status == media_status::PARTIALLY_AVAILABLE,
            Some("allavailable") => matches!(
                row.status,
                media_status::AVAILABLE | media_status::PARTIALLY_AVAILABLE
            ),
            Some("processing") => row.status == media_status::PROCESSING,
            Some("pending") => row.status == media_status::PENDING,
            // "deleted" is allowed and ignored.
            _ => true,
        };
        let mut found: Vec<&Media> = state.media().iter().filter(fits).collect();
        match query.text("sort") {
            Some("modified") => found.sort_by_key(|row| row.updated_at),
            _ => found.sort_by_key(|row| row.id),
        }
        found.reverse();
        let all = found.len();
        let shown: Vec<Value> = found
            .into_iter()
            .skip(skip)
            .take(take)
            .map(shapes::media_with_seasons)
            .collect();
        let rows = shown.len();
        let body = json!({"pageInfo": shapes::page_info(take, skip, all), "results": shown});
        (body, rows, state.settings.latency.media_row_core)
    });
    shared.compute(per_row(core, rows)).await;
    Answer::json(200, &body)
}

/// POST /media/{id}/{status}.
pub(super) fn set_status(
    state: &mut State,
    caller: &User,
    id: &str,
    word: &str,
    is_4k: bool,
) -> Answer {
    let status = match word {
        "available" => media_status::AVAILABLE,
        "partial" => media_status::PARTIALLY_AVAILABLE,
        "processing" => media_status::PROCESSING,
        "pending" => media_status::PENDING,
        "unknown" => media_status::UNKNOWN,
        "deleted" if !state.settings.flavour.is_old() => media_status::DELETED,
        _ => {
            let message = "should be equal to one of the allowed values";
            return invalid(".params.status", message);
        }
    };
    if !caller.may_any(&[permission::MANAGE_REQUESTS]) {
        return auth::forbidden();
    }
    let row = id.parse().ok().and_then(|id| state.media_mut(id));
    let Some(row) = row else {
        return refuse(404, "Media does not exist.");
    };
    if is_4k {
        row.status_4k = status;
    } else {
        row.status = status;
    }
    row.updated_at = now();
    Answer::json(200, &shapes::media_with_seasons(row))
}

/// DELETE /media/{id}: the title's requests go with it.
pub(super) fn remove(state: &mut State, caller: &User, id: &str) -> Answer {
    if !caller.may_any(&[permission::MANAGE_REQUESTS]) {
        return auth::forbidden();
    }
    let row = id.parse().ok().and_then(|id| state.media_by_id(id));
    let Some(id) = row.map(|row| row.id) else {
        return refuse(404, "Media not found");
    };
    state.remove_media(id);
    Answer::empty(204)
}

fn sees_blocklist(caller: &User) -> bool {
    caller.may_any(&[permission::MANAGE_BLOCKLIST, permission::VIEW_BLOCKLIST])
}

fn blocked(state: &State) -> impl Iterator<Item = &Media> {
    let is_blocked = |row: &&Media| row.status == media_status::BLOCKLISTED;
    state.media().iter().filter(is_blocked)
}

fn entry(state: &State, row: &Media) -> Value {
    let title = state.title(row.kind, row.tmdb_id);
    json!({
        "id": row.id,
        "mediaType": row.kind.word(),
        "tmdbId": row.tmdb_id,
        "title": title.map(|title| title.title.clone()),
        "createdAt": shapes::time(row.created_at),
    })
}

/// GET /blocklist.
pub(super) fn blocklist(state: &State, caller: &User, query: &Query) -> Answer {
    if !sees_blocklist(caller) {
        return auth::forbidden();
    }
    let (take, skip) = match page(query, 25) {
        Ok(page) => page,
        Err(failed) => return failed,
    };
    let all = blocked(state).count();
    let shown = blocked(state).skip(skip).take(take);
    let shown: Vec<Value> = shown.map(|row| entry(state, row)).collect();
    let body = json!({"pageInfo": shapes::page_info(take, skip, all), "results": shown});
    Answer::json(200, &body)
}

/// GET /blocklist/{tmdbId}: what is not there answers 401.
pub(super) fn blocklist_one(state: &State, caller: &User, tmdb_id: &str) -> Answer {
    if !sees_blocklist(caller) {
        return auth::forbidden();
    }
    match blocked(state).find(|row| row.tmdb_id.to_string() == tmdb_id) {
        Some(row) => Answer::json(200, &entry(state, row)),
        None => refuse(401, "Could not find any entity of type \"Blocklist\""),
    }
}
