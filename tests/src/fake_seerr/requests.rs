//! Reading, approving, declining, retrying and removing requests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::auth;
use super::post;
use super::rows::{Requested, media_status, request_status};
use super::settings::Flavour;
use super::shapes;
use super::shared::Shared;
use super::state::State;
use super::users::{User, permission};
use super::validate::{Query, invalid, refuse};
use super::world::Kind;
use crate::loopback::Answer;

/// GET /request.
pub(super) async fn list(shared: &Arc<Shared>, caller: &User, query: &Query) -> Answer {
    let (slow, flavour) = shared.read(|state| (state.faults.slow_requests, state.settings.flavour));
    let slow = slow.filter(|_| flavour != Flavour::Overseerr134);
    if let Some(delay) = slow {
        tokio::time::sleep(delay).await;
    }
    let (take, skip) = match page(query, 10) {
        Ok(page) => page,
        Err(failed) => return failed,
    };
    let (body, rows) = shared.read(|state| {
        let mut found: Vec<&Requested> = state
            .requests()
            .iter()
            .filter(|row| is_listed(state, row, caller, query))
            .collect();
        match query.text("sort") {
            Some("modified") => found.sort_by_key(|row| row.updated_at),
            _ => found.sort_by_key(|row| row.id),
        }
        if query.text("sortDirection") != Some("asc") {
            found.reverse();
        }
        let all = found.len();
        let shown: Vec<Value> = found
            .into_iter()
            .skip(skip)
            .take(take)
            .map(|row| {
                let mut shape = shapes::request(state, row);
                shapes::put(&mut shape, "profileName", Value::Null);
                shapes::put(&mut shape, "canRemove", json!(false));
                shape
            })
            .collect();
        let rows = shown.len();
        let mut body = json!({"pageInfo": shapes::page_info(take, skip, all), "results": shown});
        if flavour != Flavour::Overseerr134 {
            let broken = json!([{"id": 0, "name": "Radarr"}]);
            let radarr = if slow.is_some() { broken } else { json!([]) };
            let errors = json!({"radarr": radarr, "sonarr": []});
            shapes::put(&mut body, "serviceErrors", errors);
        }
        (body, rows)
    });
    let core = shared.read(|state| state.settings.latency.request_row_core);
    shared.compute(per_row(core, rows)).await;
    Answer::json(200, &body)
}

pub(super) fn per_row(core: Duration, rows: usize) -> Duration {
    core * u32::try_from(rows).unwrap_or(u32::MAX)
}

/// `take` and `skip` as Seerr reads them: 0 is the default, below 0 is everything, a fraction fails in the database.
pub(super) fn page(query: &Query, default: usize) -> Result<(usize, usize), Answer> {
    let number = |name: &str, default: usize| match query.number(name) {
        None | Some(0.0) => Ok(default),
        Some(number) if number.fract() != 0.0 => {
            Err(refuse(500, "SQLITE_MISMATCH: datatype mismatch"))
        }
        Some(number) if number < 0.0 => Ok(usize::MAX),
        Some(number) => Ok(format!("{number:.0}").parse().unwrap_or(usize::MAX)),
    };
    let skip = number("skip", 0)?;
    let skip = if skip == usize::MAX { 0 } else { skip };
    Ok((number("take", default)?, skip))
}

fn is_listed(state: &State, row: &Requested, caller: &User, query: &Query) -> bool {
    let sees_all = caller.may_any(&[permission::MANAGE_REQUESTS, permission::REQUEST_VIEW]);
    if !sees_all && row.requested_by != caller.id {
        return false;
    }
    if let Some(user) = query.number("requestedBy")
        && row.requested_by.to_string() != user.to_string()
    {
        return false;
    }
    match query.text("mediaType") {
        Some("movie") if row.kind != Kind::Movie => return false,
        Some("tv") if row.kind != Kind::Tv => return false,
        _ => {}
    }
    let Some(media) = state.media_by_id(row.media_id) else {
        return false;
    };
    let filter = query.text("filter").unwrap_or("all");
    let status_fits = match filter {
        "approved" | "processing" => row.status == request_status::APPROVED,
        "pending" => row.status == request_status::PENDING,
        "unavailable" => {
            matches!(
                row.status,
                request_status::PENDING | request_status::APPROVED
            )
        }
        "failed" => row.status == request_status::FAILED,
        "available" | "completed" | "deleted" => row.status == request_status::COMPLETED,
        _ => true,
    };
    let of_title = if row.is_4k {
        media.status_4k
    } else {
        media.status
    };
    let title_fits = match filter {
        "available" => of_title == media_status::AVAILABLE,
        "processing" | "unavailable" => of_title < media_status::AVAILABLE,
        "deleted" => of_title == media_status::DELETED,
        // Requests of blocklisted titles are never shown.
        _ => of_title != media_status::BLOCKLISTED,
    };
    status_fits && title_fits
}

/// GET /request/count.
pub(super) fn count(state: &State) -> Answer {
    let of =
        |fits: &dyn Fn(&Requested) -> bool| state.requests().iter().filter(|row| fits(row)).count();
    let with_status = |status: i64| of(&|row| row.status == status);
    let body = json!({
        "total": state.requests().len(),
        "movie": of(&|row| row.kind == Kind::Movie),
        "tv": of(&|row| row.kind == Kind::Tv),
        "pending": with_status(request_status::PENDING),
        "approved": with_status(request_status::APPROVED),
        "declined": with_status(request_status::DECLINED),
        "processing": with_status(request_status::APPROVED),
        "available": with_status(request_status::COMPLETED),
        "completed": with_status(request_status::COMPLETED),
    });
    Answer::json(200, &body)
}

fn not_found() -> Answer {
    refuse(404, "Request not found.")
}

fn find(state: &State, id: &str) -> Option<Requested> {
    id.parse().ok().and_then(|id| state.request(id).cloned())
}

/// GET /request/{id}.
pub(super) fn one(state: &State, caller: &User, id: &str) -> Answer {
    let Some(row) = find(state, id) else {
        return not_found();
    };
    let sees_all = caller.may_any(&[permission::MANAGE_REQUESTS, permission::REQUEST_VIEW]);
    if !sees_all && row.requested_by != caller.id {
        return refuse(403, "You do not have permission to view this request.");
    }
    Answer::json(200, &shapes::request(state, &row))
}

/// DELETE /request/{id}.
pub(super) fn remove(state: &mut State, caller: &User, id: &str) -> Answer {
    let Some(row) = find(state, id) else {
        return not_found();
    };
    let is_own = row.requested_by == caller.id && row.status == request_status::PENDING;
    if !is_own && !caller.may_any(&[permission::MANAGE_REQUESTS]) {
        return refuse(401, "You do not have permission to delete this request.");
    }
    state.remove_request(row.id);
    Answer::empty(204)
}

/// POST /request/{id}/{approve|decline|retry}.
pub(super) fn act(shared: &Arc<Shared>, caller: &User, id: &str, action: &str) -> Answer {
    let status = match action {
        "approve" | "retry" => request_status::APPROVED,
        "decline" => request_status::DECLINED,
        _ => {
            let message = "should be equal to one of the allowed values: approve, decline";
            return invalid(".params.status", message);
        }
    };
    if !caller.may_any(&[permission::MANAGE_REQUESTS]) {
        return auth::forbidden();
    }
    let acted = shared.change(|state| {
        let row = find(state, id)?;
        state.set_request_status(row.id, status);
        if let Some(row) = state.requests.get_mut(row.id) {
            row.modified_by = Some(caller.id);
        }
        let row = state.request(row.id)?;
        Some((row.id, shapes::request(state, row)))
    });
    let Some((id, shape)) = acted else {
        return not_found();
    };
    tokio::spawn(post::afterwards(Arc::clone(shared), id));
    Answer::json(200, &shape)
}
