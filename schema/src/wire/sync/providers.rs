//! The list sites as people see them, and signing in to those where that is possible.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// See [`ToSyncWorker::Providers`](super::ToSyncWorker::Providers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvidersRequest {}

/// See [`FromSyncWorker::Providers`](super::FromSyncWorker::Providers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderViews {
    /// In alphabetical order.
    pub providers: Vec<ProviderView>,
}

/// One site that lists are read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Provider))]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own"
)]
pub struct ProviderView {
    /// Its name, the `list_type` of its lists.
    pub name: String,
    /// As people write it.
    pub title: String,
    /// Forms of addresses and ids it takes.
    pub accepts: Vec<String>,
    /// False when the owner has switched it off.
    pub is_enabled: bool,
    /// Setting that holds its key, when it needs one: `providers.trakt.client_id`.
    pub needs_key: Option<String>,
    /// The variable of that setting: `TRAKT_CLIENT_ID`.
    pub key_variable: Option<String>,
    /// Whether that setting is set.
    pub has_key: bool,
    /// Whether its pages are read by the browser.
    pub needs_browser: bool,
    /// Whether people can sign in to it, for lists that only they see.
    pub has_sign_in: bool,
    /// Who is signed in to it.
    pub accounts: Vec<AccountView>,
    /// The last sign-in since the sync-worker started.
    pub sign_in: Option<SignInView>,
    /// What the owner should know before following a list of it.
    pub notice: Option<String>,
}

/// An account on a site that somebody signed in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ProviderAccount))]
#[serde(deny_unknown_fields)]
pub struct AccountView {
    /// Its name on the site.
    pub account: String,
    /// When somebody signed in first.
    pub signed_in_at: DateTime<Utc>,
    /// When its token stops being valid, where the site tells; it is renewed before.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it cannot be used any more, and what to do, as sentences.
    pub problem: Option<String>,
}

/// See [`ToSyncWorker::SignIn`](super::ToSyncWorker::SignIn).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The provider's name.
    pub provider: String,
}

/// A sign-in as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SignIn))]
#[serde(deny_unknown_fields)]
pub struct SignInView {
    /// The provider's name.
    pub provider: String,
    /// How far it is.
    pub state: SignInState,
    /// What to enter at `verification_url`; absent where opening that address is enough.
    pub user_code: Option<String>,
    /// The page of the site where the person says yes.
    pub verification_url: Option<String>,
    /// Seconds left for that.
    pub expires_in_s: u64,
    /// The account's name, once signed in.
    pub account: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
    /// What to do then, as a sentence.
    pub remedy: Option<String>,
}

/// See [`SignInView::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignInState {
    /// The site waits for the person.
    Waiting,
    /// Done.
    SignedIn,
    /// It came to nothing.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// See [`ToSyncWorker::SignOut`](super::ToSyncWorker::SignOut).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    /// The provider's name.
    pub provider: String,
    /// The account; may be left out when there is only one.
    #[serde(default)]
    pub account: Option<String>,
}

/// See [`FromSyncWorker::SignedOut`](super::FromSyncWorker::SignedOut).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOut {
    /// The provider's name.
    pub provider: String,
    /// The account whose tokens are forgotten.
    pub account: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Link, encode_answer, encode_request,
        sync::{FromSyncWorker, SyncLink, ToSyncWorker},
    };

    fn sign_in() -> SignIn {
        SignIn {
            provider: "trakt".into(),
        }
    }

    #[test]
    fn requests_about_providers_have_their_shape() {
        let requests = [
            ToSyncWorker::Providers(ProvidersRequest {}),
            ToSyncWorker::SignIn(sign_in()),
            ToSyncWorker::StartSignIn(sign_in()),
            ToSyncWorker::SignInStatus(sign_in()),
            ToSyncWorker::CancelSignIn(sign_in()),
            ToSyncWorker::SignOut(SignOut {
                provider: "trakt".into(),
                account: Some("alice".into()),
            }),
        ];
        let lines: Vec<String> = requests
            .iter()
            .map(|request| {
                let kind = if SyncLink::is_change(request) {
                    "change"
                } else {
                    "look  "
                };
                format!("{kind} {}", encode_request(7, request).unwrap())
            })
            .collect();
        insta::assert_snapshot!(lines.concat(), @r#"
        look   {"v":1,"id":7,"body":{"type":"providers","data":{}}}
        look   {"v":1,"id":7,"body":{"type":"sign_in","data":{"provider":"trakt"}}}
        change {"v":1,"id":7,"body":{"type":"start_sign_in","data":{"provider":"trakt"}}}
        look   {"v":1,"id":7,"body":{"type":"sign_in_status","data":{"provider":"trakt"}}}
        change {"v":1,"id":7,"body":{"type":"cancel_sign_in","data":{"provider":"trakt"}}}
        change {"v":1,"id":7,"body":{"type":"sign_out","data":{"provider":"trakt","account":"alice"}}}
        "#);
    }

    #[test]
    fn answers_about_providers_have_their_shape() {
        let view = SignInView {
            provider: "trakt".into(),
            state: SignInState::Waiting,
            user_code: Some("AB12CD34".into()),
            verification_url: Some("https://trakt.example/activate".into()),
            expires_in_s: 600,
            account: None,
            problem: None,
            remedy: None,
        };
        let provider = ProviderView {
            name: "trakt".into(),
            title: "Trakt".into(),
            accepts: vec!["user/list".into()],
            is_enabled: true,
            needs_key: Some("providers.trakt.client_id".into()),
            key_variable: Some("TRAKT_CLIENT_ID".into()),
            has_key: true,
            needs_browser: false,
            has_sign_in: true,
            accounts: vec![AccountView {
                account: "alice".into(),
                signed_in_at: "2026-11-21T12:00:00Z".parse().unwrap(),
                expires_at: None,
                problem: None,
            }],
            sign_in: None,
            notice: None,
        };
        let answers = [
            FromSyncWorker::Providers(ProviderViews {
                providers: vec![provider],
            }),
            FromSyncWorker::SignIn(view),
            FromSyncWorker::SignedOut(SignedOut {
                provider: "trakt".into(),
                account: "alice".into(),
            }),
        ];
        let lines: String = answers
            .iter()
            .map(|answer| encode_answer(7, false, answer).unwrap())
            .collect();
        insta::assert_snapshot!(lines, @r#"
        {"v":1,"id":7,"body":{"type":"providers","data":{"providers":[{"name":"trakt","title":"Trakt","accepts":["user/list"],"is_enabled":true,"needs_key":"providers.trakt.client_id","key_variable":"TRAKT_CLIENT_ID","has_key":true,"needs_browser":false,"has_sign_in":true,"accounts":[{"account":"alice","signed_in_at":"2026-11-21T12:00:00Z","expires_at":null,"problem":null}],"sign_in":null,"notice":null}]}}}
        {"v":1,"id":7,"body":{"type":"sign_in","data":{"provider":"trakt","state":"waiting","user_code":"AB12CD34","verification_url":"https://trakt.example/activate","expires_in_s":600,"account":null,"problem":null,"remedy":null}}}
        {"v":1,"id":7,"body":{"type":"signed_out","data":{"provider":"trakt","account":"alice"}}}
        "#);
    }
}
