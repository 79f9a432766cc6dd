//! Renewing tokens as OAuth has it, which several sites do alike.
//!
//! Source: RFC 6749, sections 5.2 and 6, <https://www.rfc-editor.org/rfc/rfc6749>.

use super::site::{Answer, Tokens};

/// What came of renewing tokens.
pub(super) enum Refreshed {
    /// New ones; the old ones may be void.
    Tokens(Tokens),
    /// The site does not take the old ones any more: somebody has to sign in again.
    Refused,
    /// The site did not answer as it should; the old ones may be used on. Says what happened.
    Trouble(String),
}

/// What `answer` to a renewal says.
pub(super) fn refreshed(answer: &Answer) -> Refreshed {
    if answer.is_success() {
        return Tokens::of(answer).map_or_else(
            || Refreshed::Trouble("it answered without a token".to_owned()),
            Refreshed::Tokens,
        );
    }
    let error = answer.error();
    match (answer.status, error.as_deref()) {
        // The application is not accepted, which says nothing of the account.
        (_, Some("invalid_client" | "unauthorized_client")) => {
            Refreshed::Trouble("it does not accept the client id and secret".to_owned())
        }
        (_, Some("invalid_grant" | "invalid_token" | "access_denied" | "expired_token")) => {
            Refreshed::Refused
        }
        // Only the API itself can say no: a page in between knows nothing of tokens.
        (400 | 401, _) if answer.body.is_some() => Refreshed::Refused,
        (status, _) => Refreshed::Trouble(format!("it answered with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn word(status: u16, body: Option<Value>) -> &'static str {
        let answer = Answer {
            status,
            body,
            retry_after: None,
        };
        match refreshed(&answer) {
            Refreshed::Tokens(_) => "tokens",
            Refreshed::Refused => "refused",
            Refreshed::Trouble(_) => "trouble",
        }
    }

    #[test]
    fn only_the_api_itself_can_end_an_account() {
        let error = |error: &str| Some(json!({ "error": error }));
        for (status, body, expected) in [
            (200, Some(json!({"access_token": "a"})), "tokens"),
            (200, Some(json!({"access_token": null})), "trouble"),
            (200, None, "trouble"),
            (400, error("invalid_grant"), "refused"),
            (401, error("invalid_grant"), "refused"),
            (403, error("invalid_grant"), "refused"),
            (401, Some(json!({})), "refused"),
            (401, error("invalid_client"), "trouble"),
            (401, None, "trouble"),
            (403, None, "trouble"),
            (429, Some(json!({})), "trouble"),
            (502, None, "trouble"),
        ] {
            let shown = body.clone();
            assert_eq!(word(status, body), expected, "{status} {shown:?}");
        }
    }

    #[test]
    fn odd_values_are_taken_for_what_they_mean() {
        let answer = Answer {
            status: 200,
            body: Some(json!({"access_token": " a ", "refresh_token": "", "expires_in": "60"})),
            retry_after: None,
        };
        let tokens = Tokens::of(&answer).unwrap();
        assert_eq!(tokens.access.expose(), "a");
        assert!(tokens.refresh.is_none());
        assert_eq!(tokens.lifetime, Some(Duration::from_mins(1)));
    }
}
