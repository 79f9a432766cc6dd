//! Who is calling, and whether that is enough: keys in a header, and the setting `AUTH`. Leaves
//! making the first key to `key`.
//!
//! Only the address of the socket counts; headers in which a proxy says whom it stands for are not
//! believed, and whoever comes with one is not taken for local.

mod key;

use std::net::IpAddr;

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web,
};
use runtime::{secret::api_key_digest, settings::AuthMode};
use schema::models::ApiKey;

use crate::{error::ApiError, shared::Shared};

pub(crate) use key::ensure_first_key;

/// Header with the key.
const KEY_HEADER: &str = "x-api-key";
/// Longer texts are no keys and are not even hashed.
const LONGEST_KEY: usize = 200;
/// Headers by which a proxy tells that it stands for somebody.
const FORWARDED: &[&str] = &["forwarded", "x-forwarded-for", "x-real-ip"];

/// Who is calling. Handlers of open paths take it from the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody we know; sees little.
    Anonymous,
    /// Has a valid key, or needs none.
    Owner,
}

type Answer<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

/// Lets only the owner through.
pub(crate) async fn require<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Answer<B> {
    let caller = match who(&request).await {
        Ok(Caller::Anonymous) => Err(ApiError::Unauthorized {
            problem: "this needs a key",
        }),
        other => other,
    };
    pass(request, next, caller).await
}

/// Lets everybody through whose key, if there is one, is right.
pub(crate) async fn recognise<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Answer<B> {
    let caller = who(&request).await;
    pass(request, next, caller).await
}

async fn pass<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    caller: Result<Caller, ApiError>,
) -> Answer<B> {
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => {
            if error.status_code().is_server_error() {
                tracing::error!("cannot look up a key: {}", runtime::Chain(&error));
            }
            Ok(request
                .into_response(error.error_response())
                .map_into_right_body())
        }
    }
}

async fn who(request: &ServiceRequest) -> Result<Caller, ApiError> {
    let Some(shared) = request.app_data::<web::Data<Shared>>() else {
        return Err(ApiError::NotReady(vec![
            "the server has no database".into(),
        ]));
    };
    let headers = request.headers();
    let key = sent_key(headers);
    if let Some(key) = key.filter(|key| key.len() <= LONGEST_KEY) {
        let digest = api_key_digest(key);
        if shared
            .read(move |conn| ApiKey::find_valid(conn, &digest))
            .await?
            .is_some()
        {
            return Ok(Caller::Owner);
        }
    }
    if is_open(
        shared.auth,
        request.peer_addr().map(|peer| peer.ip()),
        headers,
    ) {
        // Without a key the browser is all that tells us who asks: another site's page may not.
        if let Some(origin) = foreign_origin(request.method(), headers) {
            return Err(ApiError::ForeignOrigin(origin));
        }
        return Ok(Caller::Owner);
    }
    if has_key_header(headers) {
        return Err(ApiError::Unauthorized {
            problem: "the key that was sent is not valid",
        });
    }
    Ok(Caller::Anonymous)
}

fn has_key_header(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY_HEADER) || headers.contains_key(header::AUTHORIZATION)
}

/// The key, from either header.
fn sent_key(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(KEY_HEADER) {
        return value.to_str().ok().map(str::trim); // no text, no key
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?; // no text, no key
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whether the setting lets this peer in without a key.
fn is_open(mode: AuthMode, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    match mode {
        AuthMode::Required => false,
        AuthMode::Disabled => true,
        AuthMode::DisabledForLocalAddresses => {
            peer.is_some_and(is_local) && !FORWARDED.iter().any(|name| headers.contains_key(*name))
        }
    }
}

/// This machine or the owner's network.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The origin of a page of another site that tries to change something.
fn foreign_origin(method: &Method, headers: &HeaderMap) -> Option<String> {
    if method.is_safe() {
        return None;
    }
    let origin = headers.get(header::ORIGIN)?;
    let text = origin.to_str().unwrap_or("an unreadable origin");
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok()); // then it is foreign
    let named = text.split_once("://").map(|(_, host)| host);
    (named.is_none() || named != host).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn a_key_is_read_from_either_header() {
        assert_eq!(sent_key(&headers(&[("x-api-key", " abc ")])), Some("abc"));
        assert_eq!(
            sent_key(&headers(&[("authorization", "bearer abc")])),
            Some("abc")
        );
        assert_eq!(sent_key(&headers(&[("authorization", "Basic abc")])), None);
        assert_eq!(sent_key(&headers(&[("authorization", "abc")])), None);
        assert_eq!(sent_key(&headers(&[])), None);
    }

    #[test]
    fn local_is_this_machine_and_the_owners_network() {
        for address in [
            "127.0.0.1",
            "::1",
            "192.168.1.5",
            "10.0.0.9",
            "172.16.3.4",
            "::ffff:10.0.0.9",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(is_local(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "100.64.0.1",
        ] {
            assert!(!is_local(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_setting_and_the_socket_decide_and_a_proxy_is_not_local() {
        let here = Some("192.168.1.5".parse().unwrap());
        let there = Some("8.8.8.8".parse().unwrap());
        let plain = headers(&[]);
        let proxied = headers(&[("x-forwarded-for", "192.168.1.5")]);
        let local = AuthMode::DisabledForLocalAddresses;
        assert!(!is_open(AuthMode::Required, here, &plain));
        assert!(is_open(AuthMode::Disabled, there, &plain));
        assert!(is_open(local, here, &plain));
        assert!(!is_open(local, there, &plain));
        assert!(!is_open(local, here, &proxied) && !is_open(local, there, &proxied));
        assert!(!is_open(local, None, &plain));
    }

    #[test]
    fn only_changes_from_another_sites_page_are_foreign() {
        let with = |origin| headers(&[("host", "nas:4222"), ("origin", origin)]);
        assert_eq!(
            foreign_origin(&Method::POST, &with("http://nas:4222")),
            None
        );
        assert_eq!(
            foreign_origin(&Method::GET, &with("http://evil.example")),
            None
        );
        assert_eq!(
            foreign_origin(&Method::POST, &headers(&[("host", "nas:4222")])),
            None
        );
        for origin in [
            "http://evil.example",
            "null",
            "http://nas",
            "http://nas:4222.evil.example",
        ] {
            assert!(
                foreign_origin(&Method::DELETE, &with(origin)).is_some(),
                "{origin}"
            );
        }
    }

    use crate::testing::{KEY, World};

    const FAR: Option<&str> = Some("203.0.113.7");
    const NEAR: Option<&str> = Some("192.168.1.5");

    #[actix_web::test]
    async fn without_a_key_nothing_but_the_open_paths_answers_however_they_are_spelt() {
        let world = World::new().await;
        for path in [
            "/api/lists",
            "/api/lists/1",
            "/api/items",
            "/api/sync/status",
            "/api/sync-history",
            "/api/system/status",
            "/api/nothing",
            "/api",
            "/api/",
            "/%61pi/lists",
            "/api/%6Cists",
            "/api/system/health/../status",
            "/api/system/health/x",
            "/api//lists",
        ] {
            let answer = world.anonymous("GET", path).await;
            assert!(
                matches!(answer.status, 401 | 404),
                "{path} gave {}",
                answer.status
            );
            if path.starts_with("/api/") {
                answer.is_problem(401, "unauthorized");
            }
        }
        for path in [
            "/healthz",
            "/readyz",
            "/api/system/health",
            "/api/system/time",
            "/",
        ] {
            assert_eq!(world.anonymous("GET", path).await.status, 200, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_401_names_the_header_the_file_and_the_setting() {
        let world = World::new().await;
        let answer = world.anonymous("GET", "/api/lists").await;
        answer.is_problem(401, "unauthorized");
        let detail = answer.json["detail"].as_str().unwrap();
        for part in [
            "X-Api-Key",
            "Bearer",
            "$LISTSYNC_DATA_DIR/api-key",
            "api-key create",
            "AUTH",
        ] {
            assert!(detail.contains(part), "{detail}");
        }
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }

    #[actix_web::test]
    async fn a_valid_key_opens_and_any_other_does_not_even_where_none_is_needed() {
        let world = World::new().await;
        let bearer = format!("Bearer {KEY}");
        let long = "x".repeat(5000);
        for (headers, status) in [
            ([("x-api-key", KEY)], 200),
            ([("authorization", bearer.as_str())], 200),
            ([("x-api-key", "wrong")], 401),
            ([("x-api-key", "")], 401),
            ([("x-api-key", long.as_str())], 401),
            ([("authorization", "Basic abc")], 401),
            ([("cookie", KEY)], 401),
        ] {
            let answer = world.ask("GET", "/api/lists", &headers, FAR, "").await;
            assert_eq!(answer.status, status, "{:?}", headers[0].0);
        }
        let headers = [("x-api-key", "wrong")];
        let answer = world
            .ask("GET", "/api/system/health", &headers, FAR, "")
            .await;
        answer.is_problem(401, "unauthorized");
        assert!(
            answer.json["detail"]
                .as_str()
                .unwrap()
                .starts_with("The key that was sent is not")
        );
        assert_eq!(
            world.ask("GET", "/healthz", &headers, FAR, "").await.status,
            200
        );
    }

    #[actix_web::test]
    async fn the_setting_lets_local_peers_or_everybody_in() {
        let forwarded = [("x-forwarded-for", "192.168.1.5")];
        for (mode, peer, headers, status) in [
            (AuthMode::Required, NEAR, &[][..], 401),
            (AuthMode::DisabledForLocalAddresses, NEAR, &[], 200),
            (AuthMode::DisabledForLocalAddresses, FAR, &[], 401),
            (AuthMode::DisabledForLocalAddresses, FAR, &forwarded, 401),
            (
                AuthMode::DisabledForLocalAddresses,
                Some("127.0.0.1"),
                &forwarded,
                401,
            ),
            (AuthMode::Disabled, FAR, &[], 200),
        ] {
            let world = World::with(mode).await;
            let answer = world.ask("GET", "/api/lists", headers, peer, "").await;
            assert_eq!(answer.status, status, "{mode:?} {peer:?}");
        }
    }

    #[actix_web::test]
    async fn without_keys_another_sites_page_may_change_nothing() {
        let world = World::with(AuthMode::Disabled).await;
        let foreign = [("host", "nas:4222"), ("origin", "http://evil.example")];
        let own = [("host", "nas:4222"), ("origin", "http://nas:4222")];
        let answer = world
            .ask("POST", "/api/sync/trigger", &foreign, FAR, "")
            .await;
        answer.is_problem(403, "foreign_origin");
        assert!(world.asked().is_empty());
        assert_eq!(
            world
                .ask("POST", "/api/sync/trigger", &own, FAR, "")
                .await
                .status,
            202
        );
        let keyed = [
            ("host", "nas:4222"),
            ("origin", "http://evil.example"),
            ("x-api-key", KEY),
        ];
        assert_eq!(
            world
                .ask("POST", "/api/sync/trigger", &keyed, FAR, "")
                .await
                .status,
            202
        );
    }
}
