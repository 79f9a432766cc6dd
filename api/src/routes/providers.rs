//! `/api/providers`: the sites lists are read from, what each needs, and signing in to those where
//! that is possible. All of it is the sync-worker's, which keeps the tokens.

use actix_web::{HttpResponse, http::header, web};
use schema::wire::sync::{
    FromSyncWorker, ProviderView, ProvidersRequest, SignIn, SignInView, SignOut, SyncLink,
    ToSyncWorker,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::at;
use crate::{
    error::ApiError,
    openapi::{Conflict, NotFound},
    shared::{Shared, unexpected},
};

/// Its part of the document.
#[derive(OpenApi)]
#[openapi(paths(all, sign_in, sign_in_status, cancel_sign_in, sign_out))]
pub(super) struct Document;

pub(crate) fn configure(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/providers").get(all).done())
        .service(
            at("/providers/{name}/sign-in")
                .get(sign_in_status)
                .post(sign_in)
                .delete(cancel_sign_in)
                .done(),
        )
        .service(
            at("/providers/{name}/accounts/{account}")
                .delete(sign_out)
                .done(),
        );
}

/// The sites.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Providers)]
struct ProvidersAnswer {
    /// In alphabetical order.
    providers: Vec<ProviderView>,
}

/// Shows the sites lists are read from
///
/// What each takes and needs, whether its key is set, and who is signed in. No key and no token is among it.
#[utoipa::path(
    get,
    path = "/api/providers",
    operation_id = "get_providers",
    responses((status = 200, description = "All sites", body = ProvidersAnswer)),
    tag = "Providers",
)]
async fn all(shared: web::Data<Shared>) -> Result<HttpResponse, ApiError> {
    let asked = ToSyncWorker::Providers(ProvidersRequest {});
    match shared.look(asked).await? {
        FromSyncWorker::Providers(views) => Ok(HttpResponse::Ok().json(ProvidersAnswer {
            providers: views.providers,
        })),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

fn of(path: web::Path<String>) -> SignIn {
    SignIn {
        provider: path.into_inner(),
    }
}

fn answered(answer: FromSyncWorker) -> Result<SignInView, ApiError> {
    match answer {
        FromSyncWorker::SignIn(view) => Ok(view),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

/// Begins to sign in to a site
///
/// Show the person `user_code` and `verification_url`. It goes on by itself until they have said yes there, or `expires_in_s` is over; `GET` of the same path says how it is. One at a time for each site.
#[utoipa::path(
    post,
    path = "/api/providers/{name}/sign-in",
    operation_id = "start_sign_in",
    params(("name" = String, Path, description = "The provider", example = "trakt")),
    responses(
        (status = 202, description = "What the person has to do; `Location` is where to look how it is", body = SignInView, headers(("location" = String, description = "Path of the sign-in"))),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
    ),
    tag = "Providers",
)]
async fn sign_in(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = ToSyncWorker::StartSignIn(of(path));
    let view = answered(shared.change(asked).await?)?;
    let place = format!("/api/providers/{}/sign-in", view.provider);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, place))
        .json(view))
}

/// Shows how the last sign-in to a site is
#[utoipa::path(
    get,
    path = "/api/providers/{name}/sign-in",
    operation_id = "get_sign_in",
    params(("name" = String, Path, description = "The provider", example = "trakt")),
    responses(
        (status = 200, description = "The sign-in", body = SignInView),
        (status = 404, response = NotFound),
    ),
    tag = "Providers",
)]
async fn sign_in_status(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = ToSyncWorker::SignInStatus(of(path));
    let view = answered(shared.look(asked).await?)?;
    Ok(HttpResponse::Ok().json(view))
}

/// Ends the sign-in that goes on
#[utoipa::path(
    delete,
    path = "/api/providers/{name}/sign-in",
    operation_id = "cancel_sign_in",
    params(("name" = String, Path, description = "The provider", example = "trakt")),
    responses(
        (status = 200, description = "How it ended: `cancelled`, or what came in the same moment", body = SignInView),
        (status = 404, response = NotFound),
    ),
    tag = "Providers",
)]
async fn cancel_sign_in(
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = ToSyncWorker::CancelSignIn(of(path));
    let view = answered(shared.change(asked).await?)?;
    Ok(HttpResponse::Ok().json(view))
}

/// Signs an account out
///
/// Its tokens are forgotten here. What the site knows of ListSync is ended on the site, under the applications of the account.
#[utoipa::path(
    delete,
    path = "/api/providers/{name}/accounts/{account}",
    operation_id = "sign_out",
    params(
        ("name" = String, Path, description = "The provider", example = "trakt"),
        ("account" = String, Path, description = "The account's name", example = "alice"),
    ),
    responses(
        (status = 204, description = "Its tokens are forgotten"),
        (status = 404, response = NotFound),
    ),
    tag = "Providers",
)]
async fn sign_out(
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let (provider, account) = path.into_inner();
    let asked = ToSyncWorker::SignOut(SignOut {
        provider,
        account: Some(account),
    });
    match shared.change(asked).await? {
        FromSyncWorker::SignedOut(_) => Ok(HttpResponse::NoContent().finish()),
        other => Err(unexpected::<SyncLink>(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use schema::wire::{
        Failure, FailureCode,
        sync::{AccountView, ProviderViews, SignInState, SignedOut},
    };

    const SIGN_IN: &str = "/api/providers/trakt/sign-in";

    fn provider() -> ProviderView {
        ProviderView {
            name: "trakt".into(),
            title: "Trakt".into(),
            accepts: vec!["user/list".into()],
            is_enabled: true,
            needs_key: Some("providers.trakt.client_id".into()),
            key_variable: Some("TRAKT_CLIENT_ID".into()),
            has_key: false,
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
        }
    }

    fn waiting() -> SignInView {
        SignInView {
            provider: "trakt".into(),
            state: SignInState::Waiting,
            user_code: Some("AB12CD34".into()),
            verification_url: Some("https://trakt.example/activate".into()),
            expires_in_s: 600,
            account: None,
            problem: None,
            remedy: None,
        }
    }

    fn asked() -> SignIn {
        SignIn {
            provider: "trakt".into(),
        }
    }

    #[actix_web::test]
    async fn the_sites_are_shown() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::Providers(ProviderViews {
            providers: vec![provider()],
        }));
        let answer = world.get("/api/providers").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let trakt = &answer.json["providers"][0];
        assert_eq!(trakt["name"], "trakt");
        assert_eq!(trakt["key_variable"], "TRAKT_CLIENT_ID");
        assert_eq!(trakt["has_key"], false);
        assert_eq!(trakt["accounts"][0]["account"], "alice");
        assert_eq!(trakt["accounts"][0]["signed_in_at"], "2026-11-21T12:00:00Z");
        let asked = ToSyncWorker::Providers(ProvidersRequest {});
        assert_eq!(world.asked(), [asked]);
    }

    #[actix_web::test]
    async fn a_sign_in_is_begun_looked_at_and_ended() {
        let world = World::new().await;
        world.sync_answers(FromSyncWorker::SignIn(waiting()));
        let answer = world.send("POST", SIGN_IN, "").await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert_eq!(answer.header("location"), SIGN_IN);
        assert_eq!(answer.json["user_code"], "AB12CD34");
        assert_eq!(answer.json["state"], "waiting");
        world.sync_answers(FromSyncWorker::SignIn(SignInView {
            state: SignInState::SignedIn,
            account: Some("alice".into()),
            ..waiting()
        }));
        let answer = world.get(SIGN_IN).await;
        assert_eq!(
            (answer.status, &answer.json["account"]),
            (200, &"alice".into())
        );
        world.sync_answers(FromSyncWorker::SignIn(SignInView {
            state: SignInState::Cancelled,
            ..waiting()
        }));
        let answer = world.send("DELETE", SIGN_IN, "").await;
        assert_eq!(
            (answer.status, &answer.json["state"]),
            (200, &"cancelled".into())
        );
        assert_eq!(
            world.asked(),
            [
                ToSyncWorker::StartSignIn(asked()),
                ToSyncWorker::SignInStatus(asked()),
                ToSyncWorker::CancelSignIn(asked()),
            ]
        );
    }

    #[actix_web::test]
    async fn an_account_is_signed_out_by_its_name() {
        let world = World::new().await;
        let gone = SignedOut {
            provider: "trakt".into(),
            account: "al ice".into(),
        };
        world.sync_answers(FromSyncWorker::SignedOut(gone));
        let path = "/api/providers/trakt/accounts/al%20ice";
        assert_eq!(world.send("DELETE", path, "").await.status, 204);
        let request = SignOut {
            provider: "trakt".into(),
            account: Some("al ice".into()),
        };
        assert_eq!(world.asked(), [ToSyncWorker::SignOut(request)]);
    }

    #[actix_web::test]
    async fn what_the_sync_worker_refuses_is_a_problem_with_its_remedy() {
        let world = World::new().await;
        for (code, status, word) in [
            (FailureCode::NotFound, 404, "not_found"),
            (FailureCode::Busy, 409, "busy"),
            (FailureCode::Conflict, 409, "conflict"),
            (FailureCode::Unavailable, 503, "unavailable"),
        ] {
            let failure =
                Failure::new(code, "signing in to Trakt needs a key").with_remedy("Set it.");
            world.sync_answers(failure.into());
            let answer = world.send("POST", SIGN_IN, "").await;
            answer.is_problem(status, word);
            let detail = answer.json["detail"].as_str().unwrap();
            assert_eq!(detail, "Signing in to Trakt needs a key. Set it.");
        }
        world
            .anonymous("POST", SIGN_IN)
            .await
            .is_problem(401, "unauthorized");
        world
            .send("PUT", SIGN_IN, "")
            .await
            .is_problem(405, "method_not_allowed");
    }
}
