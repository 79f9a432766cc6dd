//! POST /request, with its order of checks and everything that goes wrong beside it.
//!
//! Order: right to name another user, right to ask, quota, TMDB, blocklist, duplicate, seasons, row. Between the checks
//! and the row time passes, and two POSTs that meet there do not see each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::json;

use super::faults::Stage;
use super::rows::{Requested, media_status, request_status};
use super::settings::Flavour;
use super::shapes;
use super::shared::Shared;
use super::state::{State, now};
use super::upstream;
use super::users::{Quota, User, permission};
use super::validate::{NewRequest, Seasons, refuse};
use super::world::Kind;
use crate::loopback::{Answer, Times};

/// After the 201, Radarr and Sonarr are talked to; this much later their word arrives.
const AFTERWARDS: Duration = Duration::from_millis(5);

/// What the checks found; the row is written from it later.
struct Plan {
    kind: Kind,
    tmdb_id: i64,
    tvdb_id: Option<i64>,
    media_id: Option<i64>,
    is_4k: bool,
    seasons: Vec<i64>,
    requested_by: i64,
    is_approved: bool,
}

pub(super) async fn create(
    shared: &Arc<Shared>,
    post: u64,
    caller: &User,
    body: &NewRequest,
) -> Answer {
    let kind = if body.is_tv { Kind::Tv } else { Kind::Movie };
    let asker = match shared.read(|state| asker(state, caller, body)) {
        Ok(asker) => asker,
        Err(refused) => return refused,
    };
    let locale = shared.read(|state| state.settings.locale.clone());
    if let Err(trouble) = upstream::details(shared, kind, body.media_id, &locale).await {
        let what = match kind {
            Kind::Movie => "movie",
            Kind::Tv => "TV show",
        };
        let message = format!("[TMDB] Failed to fetch {what} details: {}", trouble.0);
        return refuse(500, &message);
    }
    let from = Instant::now();
    let plan = match shared.read(|state| check(state, caller, &asker, kind, body)) {
        Ok(plan) => plan,
        Err(refused) => return refused,
    };
    let (delay, latency) = shared.change(|state| (delay(state), state.settings.latency));
    shared
        .compute_within(latency.post_core, from, latency.post)
        .await;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let stored = shared.change(|state| store(state, post, caller, body, &plan));
    match stored {
        Ok((id, answer)) => {
            tokio::spawn(afterwards(Arc::clone(shared), id));
            answer
        }
        Err(failed) => failed,
    }
}

/// In whose name the request is made, if that and the kind of request are allowed.
fn asker(state: &State, caller: &User, body: &NewRequest) -> Result<User, Answer> {
    let mut asker = caller.clone();
    if let Some(id) = body.user_id {
        if !caller.may_all(&[permission::MANAGE_USERS, permission::MANAGE_REQUESTS]) {
            let message = "You do not have permission to modify the request user.";
            return Err(refuse(403, message));
        }
        asker = state.users.get(&id).cloned().ok_or_else(|| {
            let message = format!(
                "Could not find any entity of type \"User\" matching: {{\n    \"where\": {{\n        \"id\": {id}\n    }}\n}}"
            );
            refuse(500, &message)
        })?;
    }
    let is_4k = body.is_4k.unwrap_or(false);
    let (needed, word) = match (body.is_tv, is_4k) {
        (false, false) => (permission::REQUEST_MOVIE, "movie"),
        (false, true) => (permission::REQUEST_4K_MOVIE, "4K movie"),
        (true, false) => (permission::REQUEST_TV, "series"),
        (true, true) => (permission::REQUEST_4K_TV, "4K series"),
    };
    let general = if is_4k {
        permission::REQUEST_4K
    } else {
        permission::REQUEST
    };
    if !asker.may_any(&[general, needed]) {
        let message = format!("You do not have permission to make {word} requests.");
        return Err(refuse(403, &message));
    }
    let kind = if body.is_tv { Kind::Tv } else { Kind::Movie };
    if remaining(state, &asker, kind) == Some(0) {
        let message = match kind {
            Kind::Movie => "Movie Quota exceeded.",
            Kind::Tv => "Series Quota exceeded.",
        };
        return Err(refuse(403, message));
    }
    Ok(asker)
}

/// How much a user used of a quota: requests, or seasons of shows, that were not declined.
pub(super) fn used(state: &State, user: &User, kind: Kind) -> i64 {
    let quota = quota(user, kind);
    let days = quota.map_or(0, |quota| quota.days);
    let since = now() - TimeDelta::days(days);
    let counted = state.requests.all().iter().filter(|row| {
        row.requested_by == user.id
            && row.kind == kind
            && row.status != request_status::DECLINED
            && row.created_at >= since
    });
    let sizes = counted.map(|row| match kind {
        Kind::Movie => 1,
        Kind::Tv => row.seasons.len(),
    });
    i64::try_from(sizes.sum::<usize>()).unwrap_or(i64::MAX)
}

/// The user's quota, if one binds this user.
pub(super) fn quota(user: &User, kind: Kind) -> Option<Quota> {
    let quota = match kind {
        Kind::Movie => user.movie_quota,
        Kind::Tv => user.tv_quota,
    };
    quota.filter(|quota| quota.limit > 0 && !user.may_any(&[permission::MANAGE_USERS]))
}

/// What is left of the user's quota; `None` is no limit.
pub(super) fn remaining(state: &State, user: &User, kind: Kind) -> Option<i64> {
    quota(user, kind).map(|quota| (quota.limit - used(state, user, kind)).max(0))
}

fn check(
    state: &State,
    caller: &User,
    asker: &User,
    kind: Kind,
    body: &NewRequest,
) -> Result<Plan, Answer> {
    let tmdb_id = body.media_id;
    let media = state.media_of(kind, tmdb_id);
    let flavour = state.settings.flavour;
    let blocked = match flavour {
        Flavour::Seerr3 => Some("This media is blocklisted."),
        Flavour::Jellyseerr27 | Flavour::Jellyseerr25 => Some("This media is blacklisted."),
        Flavour::Overseerr134 => None,
    };
    if let Some(words) = blocked
        && media.is_some_and(|row| row.status == media_status::BLOCKLISTED)
    {
        return Err(refuse(403, words));
    }
    // An absent `is4k` is SQL NULL, which equals nothing: no request is found.
    let existing: Vec<&Requested> = state
        .requests
        .of_title(kind, tmdb_id)
        .filter(|row| Some(row.is_4k) == body.is_4k)
        .collect();
    let holds = |row: &Requested| match row.status {
        request_status::DECLINED => false,
        request_status::COMPLETED => flavour.is_old(),
        _ => true,
    };
    let mut seasons = Vec::new();
    match kind {
        Kind::Movie => {
            if existing.first().is_some_and(|oldest| holds(oldest)) {
                return Err(refuse(409, "Request for this media already exists."));
            }
        }
        Kind::Tv => {
            let mut taken: Vec<i64> = existing
                .iter()
                .filter(|row| holds(row))
                .flat_map(|row| row.seasons.clone())
                .collect();
            let library = media.map(|row| row.seasons.as_slice()).unwrap_or_default();
            taken.extend(library.iter().filter_map(|season| {
                let status = if body.is_4k == Some(true) {
                    season.status_4k
                } else {
                    season.status
                };
                let is_free = matches!(status, media_status::UNKNOWN | media_status::DELETED);
                (!is_free).then_some(season.number)
            }));
            seasons = wanted_seasons(state, body)?;
            seasons.retain(|number| !taken.contains(number));
            if seasons.is_empty() {
                let nothing = json!({"message": "No seasons available to request"});
                return Err(Answer::json(202, &nothing));
            }
            let count = i64::try_from(seasons.len()).unwrap_or(i64::MAX);
            if remaining(state, asker, kind).is_some_and(|left| count > left) {
                return Err(refuse(403, "Series Quota exceeded."));
            }
        }
    }
    let is_4k = body.is_4k.unwrap_or(false);
    let (all, own) = match (kind, is_4k) {
        (Kind::Movie, false) => (permission::AUTO_APPROVE, permission::AUTO_APPROVE_MOVIE),
        (Kind::Tv, false) => (permission::AUTO_APPROVE, permission::AUTO_APPROVE_TV),
        (Kind::Movie, true) => (
            permission::AUTO_APPROVE_4K,
            permission::AUTO_APPROVE_4K_MOVIE,
        ),
        (Kind::Tv, true) => (permission::AUTO_APPROVE_4K, permission::AUTO_APPROVE_4K_TV),
    };
    let known_tvdb = state.title(kind, tmdb_id).and_then(|title| title.tvdb_id);
    Ok(Plan {
        kind,
        tmdb_id,
        tvdb_id: body.tvdb_id.or(known_tvdb),
        media_id: media.map(|row| row.id),
        is_4k,
        seasons,
        requested_by: asker.id,
        is_approved: caller.may_any(&[all, own, permission::MANAGE_REQUESTS]),
    })
}

fn wanted_seasons(state: &State, body: &NewRequest) -> Result<Vec<i64>, Answer> {
    let old = state.settings.flavour.is_old();
    let mut seasons: Vec<i64> = match &body.seasons {
        None => {
            let message = "Cannot read properties of undefined (reading 'filter')";
            return Err(refuse(500, message));
        }
        Some(Seasons::Numbers(numbers)) => numbers.clone(),
        Some(Seasons::All) => {
            let title = state.title(Kind::Tv, body.media_id);
            let seasons = title.map(|title| title.seasons.as_slice());
            let numbers = seasons.unwrap_or_default().iter();
            numbers
                .map(|season| season.number)
                .filter(|number| old || *number != 0)
                .collect()
        }
    };
    if !state.settings.enable_special_episodes {
        seasons.retain(|number| *number > 0);
    }
    Ok(seasons)
}

/// The delay a test ordered for this POST.
fn delay(state: &mut State) -> Duration {
    let faults = &mut state.faults;
    match &mut faults.post_delay {
        None => Duration::ZERO,
        Some(delay) => {
            faults.posts_delayed += 1;
            delay(faults.posts_delayed)
        }
    }
}

/// The text of a failure ordered for this title or for a share of all, counting it as struck.
fn ordered_failure(state: &mut State, tmdb_id: i64, stage: Stage) -> Option<Answer> {
    let share = state.faults.failing_share.as_mut();
    if let Some(text) = share.and_then(|share| share.strike(stage)) {
        return Some(refuse(500, &text));
    }
    let failures = &mut state.faults.post_failures;
    let failure = failures.get_mut(&tmdb_id)?;
    if failure.stage != stage {
        return None;
    }
    let answer = refuse(500, &failure.text);
    if let Times::N(left) = &mut failure.times {
        *left = left.saturating_sub(1);
        if *left == 0 {
            failures.remove(&tmdb_id);
        }
    }
    Some(answer)
}

fn store(
    state: &mut State,
    post: u64,
    caller: &User,
    body: &NewRequest,
    plan: &Plan,
) -> Result<(i64, Answer), Answer> {
    if let Some(failed) = ordered_failure(state, plan.tmdb_id, Stage::BeforeWrite) {
        return Err(failed);
    }
    let media_id = if let Some(id) = plan.media_id {
        id
    } else {
        let is_taken = plan.tvdb_id.is_some_and(|id| state.media.has_tvdb(id));
        if plan.kind == Kind::Tv && is_taken {
            let message = "SQLITE_CONSTRAINT: UNIQUE constraint failed: media.tvdbId";
            return Err(refuse(500, message));
        }
        state.insert_media(plan.kind, plan.tmdb_id, plan.tvdb_id)
    };
    if let Some(media) = state.media_mut(media_id) {
        let status = if plan.is_4k {
            &mut media.status_4k
        } else {
            &mut media.status
        };
        if *status == media_status::UNKNOWN {
            *status = media_status::PENDING;
        }
    }
    let Ok(tags) = body.tags.clone() else {
        return Err(refuse(500, "value.join is not a function"));
    };
    if let Some(failed) = ordered_failure(state, plan.tmdb_id, Stage::AfterMedia) {
        return Err(failed);
    }
    let status = if plan.is_approved {
        request_status::APPROVED
    } else {
        request_status::PENDING
    };
    let id = state.insert_request(Requested {
        id: 0,
        media_id,
        kind: plan.kind,
        tmdb_id: plan.tmdb_id,
        status,
        is_4k: plan.is_4k,
        seasons: plan.seasons.clone(),
        requested_by: plan.requested_by,
        modified_by: plan.is_approved.then_some(caller.id),
        server_id: body.server_id,
        profile_id: body.profile_id,
        root_folder: body.root_folder.clone(),
        tags,
        created_at: now(),
        updated_at: now(),
    });
    // The answer shows the title as it was before the approval reached it.
    let stale = state.media_by_id(media_id).map(shapes::media);
    if plan.is_approved {
        state.set_request_status(id, request_status::APPROVED);
    }
    let shape = state
        .request(id)
        .map(|row| shapes::request_with(state, row, stale.unwrap_or_default()));
    state.post_stored(post, id);
    if let Some(failed) = ordered_failure(state, plan.tmdb_id, Stage::AfterRequest) {
        return Ok((id, failed));
    }
    Ok((id, Answer::json(201, &shape.unwrap_or_default())))
}

/// What Radarr and Sonarr make of an approved request, after everybody was told it is fine.
pub(super) async fn afterwards(shared: Arc<Shared>, id: i64) {
    let is_approved = shared.read(|state| {
        state
            .request(id)
            .is_some_and(|row| row.status == request_status::APPROVED)
    });
    if !is_approved {
        return;
    }
    tokio::time::sleep(AFTERWARDS).await;
    shared.change(|state| {
        let Some(row) = state.request(id).cloned() else {
            return;
        };
        let has_tvdb = state
            .media_by_id(row.media_id)
            .is_some_and(|media| media.tvdb_id.is_some());
        if row.kind == Kind::Tv && state.settings.sonarr_configured && !has_tvdb {
            state.remove_media(row.media_id);
        } else if state.faults.refused_by_radarr.contains(&row.tmdb_id) {
            state.set_request_status(id, request_status::FAILED);
        }
    });
}
