//! The JSON shapes of Seerr's rows, as each kind of call shows them.

use chrono::{NaiveDateTime, SecondsFormat};
use serde_json::{Value, json};

use super::rows::{Media, Requested};
use super::state::State;
use super::users::{User, permission};

/// A time as JavaScript writes it.
pub(super) fn time(at: NaiveDateTime) -> String {
    at.and_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A title row as search shows it: neither requests nor seasons.
pub(super) fn media(row: &Media) -> Value {
    json!({
        "downloadStatus": [],
        "downloadStatus4k": [],
        "id": row.id,
        "mediaType": row.kind.word(),
        "tmdbId": row.tmdb_id,
        "tvdbId": row.tvdb_id,
        "imdbId": null,
        "status": row.status,
        "status4k": row.status_4k,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
        "lastSeasonChange": time(row.updated_at),
        "mediaAddedAt": null,
        "serviceId": null,
        "serviceId4k": null,
        "externalServiceId": null,
        "externalServiceId4k": null,
        "externalServiceSlug": null,
        "externalServiceSlug4k": null,
        "ratingKey": null,
        "ratingKey4k": null,
    })
}

/// The same with the seasons of the library, as GET /media shows it.
pub(super) fn media_with_seasons(row: &Media) -> Value {
    let mut shape = media(row);
    let seasons = row.seasons.iter().map(|season| {
        json!({
            "id": row.id * 100 + season.number,
            "seasonNumber": season.number,
            "status": season.status,
            "status4k": season.status_4k,
        })
    });
    put(&mut shape, "seasons", Value::Array(seasons.collect()));
    shape
}

/// The same with requests and issues too, as details show it.
pub(super) fn media_with_all(state: &State, row: &Media) -> Value {
    let mut shape = media_with_seasons(row);
    let requests = state
        .requests
        .of_media(row.id)
        .map(|request| without_media(state, request));
    put(&mut shape, "requests", Value::Array(requests.collect()));
    put(&mut shape, "issues", json!([]));
    put(&mut shape, "watchlists", json!([]));
    shape
}

fn without_media(state: &State, row: &Requested) -> Value {
    let seasons = row.seasons.iter().map(|number| {
        json!({
            "id": row.id * 100 + number,
            "seasonNumber": number,
            "status": row.status,
            "createdAt": time(row.created_at),
            "updatedAt": time(row.updated_at),
        })
    });
    let seasons: Vec<Value> = seasons.collect();
    let person = |id: Option<i64>| {
        id.and_then(|id| state.users.get(&id))
            .map_or(Value::Null, |found| user(state, found, false))
    };
    json!({
        "id": row.id,
        "status": row.status,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
        "type": row.kind.word(),
        "is4k": row.is_4k,
        "serverId": row.server_id,
        "profileId": row.profile_id,
        "rootFolder": row.root_folder,
        "languageProfileId": null,
        "tags": if row.tags.is_empty() { Value::Null } else { json!(row.tags) },
        "isAutoRequest": false,
        "requestedBy": person(Some(row.requested_by)),
        "modifiedBy": person(row.modified_by),
        "seasons": seasons,
        "seasonCount": row.seasons.len(),
    })
}

/// A request with its title's row, which has no seasons there.
pub(super) fn request(state: &State, row: &Requested) -> Value {
    let title = state.media_by_id(row.media_id);
    request_with(state, row, title.map_or(Value::Null, media))
}

/// A request with its title's row as given.
pub(super) fn request_with(state: &State, row: &Requested, media: Value) -> Value {
    let mut shape = without_media(state, row);
    put(&mut shape, "media", media);
    shape
}

/// A user; the address is for those who may see it.
pub(super) fn user(state: &State, user: &User, with_email: bool) -> Value {
    let made = state.requests.count_of(user.id);
    let mut shape = json!({
        "permissions": user.permissions,
        "id": user.id,
        "plexUsername": null,
        "username": user.name,
        "displayName": user.name,
        "userType": 2,
        "avatar": "/avatarproxy/none",
        "movieQuotaLimit": user.movie_quota.map(|quota| quota.limit),
        "movieQuotaDays": user.movie_quota.map(|quota| quota.days),
        "tvQuotaLimit": user.tv_quota.map(|quota| quota.limit),
        "tvQuotaDays": user.tv_quota.map(|quota| quota.days),
        "createdAt": "2024-01-01T00:00:00.000Z",
        "updatedAt": "2024-01-01T00:00:00.000Z",
        "requestCount": made,
    });
    if with_email {
        let email = format!("{}@seerr.invalid", user.name);
        put(&mut shape, "email", json!(email));
    }
    shape
}

/// Whether that user sees addresses of others.
pub(super) fn sees_email(user: &User) -> bool {
    user.may_any(&[permission::MANAGE_USERS])
}

/// `pageInfo` of the lists that take `take` and `skip`.
pub(super) fn page_info(take: usize, skip: usize, results: usize) -> Value {
    let take = take.max(1);
    json!({
        "pages": results.div_ceil(take),
        "pageSize": take,
        "results": results,
        "page": skip.div_ceil(take) + 1,
    })
}

pub(super) fn put(shape: &mut Value, name: &str, value: Value) {
    if let Some(fields) = shape.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
