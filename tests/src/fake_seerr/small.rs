//! The small calls: status, public settings, users, quotas, services.

use serde_json::{Value, json};

use super::post;
use super::requests::page;
use super::settings::Flavour;
use super::shapes;
use super::state::State;
use super::users::{User, permission};
use super::validate::{Query, refuse};
use super::world::Kind;
use crate::loopback::Answer;

/// GET /api/v1.
pub(super) fn name(state: &State) -> Answer {
    let api = match state.settings.flavour {
        Flavour::Seerr3 => "Seerr API",
        Flavour::Jellyseerr25 | Flavour::Jellyseerr27 => "Jellyseerr API",
        Flavour::Overseerr134 => "Overseerr API",
    };
    Answer::json(200, &json!({"api": api, "version": "1.0"}))
}

/// GET /status, for anybody, whatever the key.
pub(super) fn status(state: &State) -> Answer {
    let version = match state.settings.flavour {
        Flavour::Seerr3 => "3.1.0",
        Flavour::Jellyseerr27 => "2.7.3",
        Flavour::Jellyseerr25 => "2.5.2",
        Flavour::Overseerr134 => "1.34.0",
    };
    let body = json!({
        "version": version,
        "commitTag": "fake",
        "updateAvailable": false,
        "commitsBehind": 0,
        "restartRequired": false,
    });
    Answer::json(200, &body)
}

/// GET /settings/public.
pub(super) fn public_settings(state: &State) -> Answer {
    let settings = &state.settings;
    let mut body = json!({
        "initialized": true,
        "applicationTitle": "Fake Seerr",
        "applicationUrl": "",
        "hideAvailable": false,
        "hideBlocklisted": false,
        "localLogin": true,
        "movie4kEnabled": settings.movie_4k_enabled,
        "series4kEnabled": settings.series_4k_enabled,
        "partialRequestsEnabled": true,
        "enableSpecialEpisodes": settings.enable_special_episodes,
        "locale": settings.locale,
        "cacheImages": false,
        "newPlexLogin": true,
    });
    if settings.flavour != Flavour::Overseerr134 {
        shapes::put(&mut body, "mediaServerType", json!(4));
    }
    Answer::json(200, &body)
}

/// GET /auth/me.
pub(super) fn me(state: &State, caller: &User) -> Answer {
    Answer::json(200, &shapes::user(state, caller, true))
}

/// GET /user.
pub(super) fn users(state: &State, caller: &User, query: &Query) -> Answer {
    let (take, skip) = match page(query, 10) {
        Ok(page) => page,
        Err(failed) => return failed,
    };
    let asked = query.text("q").map(str::to_lowercase);
    let found: Vec<&User> = state
        .users
        .values()
        .filter(|user| {
            asked
                .as_ref()
                .is_none_or(|asked| user.name.to_lowercase().contains(asked))
        })
        .collect();
    let all = found.len();
    let shown: Vec<Value> = found
        .into_iter()
        .skip(skip)
        .take(take)
        .map(|user| shapes::user(state, user, shapes::sees_email(caller)))
        .collect();
    let body = json!({"pageInfo": shapes::page_info(take, skip, all), "results": shown});
    Answer::json(200, &body)
}

/// GET /user/{id}.
pub(super) fn user(state: &State, caller: &User, id: &str) -> Answer {
    match id.parse().ok().and_then(|id: i64| state.users.get(&id)) {
        Some(user) => {
            let shape = shapes::user(state, user, shapes::sees_email(caller));
            Answer::json(200, &shape)
        }
        None => refuse(404, "User not found."),
    }
}

/// GET /user/{id}/quota.
pub(super) fn quota(state: &State, caller: &User, id: &str) -> Answer {
    let id: i64 = id.parse().unwrap_or(-1);
    if caller.id != id && !caller.may_all(&[permission::MANAGE_USERS, permission::MANAGE_REQUESTS])
    {
        let message = "You do not have permission to view this user's settings.";
        return refuse(403, message);
    }
    let Some(user) = state.users.get(&id) else {
        return refuse(404, "User not found.");
    };
    let of = |kind: Kind| {
        let used = post::used(state, user, kind);
        match post::quota(user, kind) {
            None => json!({"limit": 0, "used": used, "restricted": false}),
            Some(quota) => {
                let left = post::remaining(state, user, kind).unwrap_or(0);
                json!({"days": quota.days, "limit": quota.limit, "used": used, "remaining": left, "restricted": left == 0})
            }
        }
    };
    Answer::json(200, &json!({"movie": of(Kind::Movie), "tv": of(Kind::Tv)}))
}

/// GET /service/radarr and /service/sonarr.
pub(super) fn services(state: &State, is_radarr: bool) -> Answer {
    let settings = &state.settings;
    let has_4k = if is_radarr {
        settings.movie_4k_enabled
    } else {
        settings.series_4k_enabled
    };
    let normal = is_radarr || settings.sonarr_configured;
    let mut found = Vec::new();
    if normal {
        found.push(service(0, is_radarr, false));
    }
    if has_4k {
        found.push(service(1, is_radarr, true));
    }
    Answer::json(200, &Value::Array(found))
}

/// GET /service/radarr/{id} and /service/sonarr/{id}.
pub(super) fn service_detail(id: &str, is_radarr: bool) -> Answer {
    let is_4k = match id {
        "0" => false,
        "1" => true,
        _ => return refuse(404, "Server with provided ID does not exist."),
    };
    let folder = if is_radarr { "/movies" } else { "/tv" };
    let body = json!({
        "server": service(i64::from(is_4k), is_radarr, is_4k),
        "profiles": [{"id": 1, "name": "Any"}, {"id": 4, "name": "HD-1080p"}],
        "rootFolders": [{"id": 1, "path": folder, "freeSpace": 1_000_000_000, "totalSpace": 2_000_000_000}],
        "tags": [{"id": 1, "label": "listsync"}],
    });
    Answer::json(200, &body)
}

fn service(id: i64, is_radarr: bool, is_4k: bool) -> Value {
    let (name, folder) = if is_radarr {
        ("Radarr", "/movies")
    } else {
        ("Sonarr", "/tv")
    };
    json!({
        "id": id,
        "name": name,
        "is4k": is_4k,
        "isDefault": true,
        "activeDirectory": folder,
        "activeProfileId": 1,
        "activeTags": [],
    })
}
