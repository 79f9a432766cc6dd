//! Who calls: the key, the user it acts as, and Seerr's two ways of saying no.

use serde_json::json;

use super::state::State;
use super::users::User;
use crate::loopback::{Answer, Request};

/// What the headers say about the caller.
#[derive(Debug)]
pub(super) enum Caller {
    /// A user; the right key alone acts as user 1.
    User(User),
    /// A key that is not Seerr's, or a user that does not exist.
    Stranger,
    /// A user header that is no number: Seerr's middleware throws and no answer is ever sent.
    NeverAnswered,
}

pub(super) fn has_key(request: &Request) -> bool {
    request
        .header("x-api-key")
        .is_some_and(|key| !key.is_empty())
}

/// 401 of the validator, when the header is missing.
pub(super) fn missing(path: &str) -> Answer {
    let message = "cookie 'connect.sid' required";
    let error = json!({"path": path, "message": message});
    Answer::json(401, &json!({"message": message, "errors": [error]}))
}

/// 403 of the auth middleware; the one error with `error` instead of `message`.
pub(super) fn forbidden() -> Answer {
    let body = json!({
        "status": 403,
        "error": "You do not have permission to access this endpoint",
    });
    Answer::json(403, &body)
}

pub(super) fn caller(state: &State, request: &Request) -> Caller {
    let is_right = request.header("x-api-key") == Some(state.settings.api_key.as_str());
    if !is_right || state.faults.wrong_key {
        return Caller::Stranger;
    }
    let wanted = request.header("x-api-user").unwrap_or("").trim();
    if wanted.is_empty() {
        return known(state, 1.0);
    }
    match wanted.parse::<f64>() {
        Ok(id) if !id.is_nan() => known(state, id),
        _ => Caller::NeverAnswered,
    }
}

fn known(state: &State, id: f64) -> Caller {
    // Compared as text so that 1.5 is nobody and `1e0` is user 1.
    state
        .users
        .values()
        .find(|user| user.id.to_string() == id.to_string())
        .map_or(Caller::Stranger, |user| Caller::User(user.clone()))
}
