//! Who is calling, and whether that is enough: keys in a header, and the setting `AUTH`. Leaves
//! making the first key to `key`.
//!
//! Only the address of the socket counts; headers in which a proxy says whom it stands for are not
//! believed, and whoever comes with one is not taken for local.

mod key;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// Domains that are only known inside a network: nobody outside can register a name there.
const OWN_DOMAINS: &[&str] = &[".local", ".lan", ".home.arpa", ".internal"];

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
        // Such a page may even come under a name of its own that it has turned to our address.
        if let Some(host) = foreign_host(headers) {
            return Err(if has_key_header(headers) {
                ApiError::Unauthorized {
                    problem: "the key that was sent is not valid",
                }
            } else {
                ApiError::ForeignHost(host)
            });
        }
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

/// The name under which somebody comes, unless it is one that no other site can turn to our address.
fn foreign_host(headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).peekable();
    if hosts.peek().is_none() {
        return Some("that is missing in the header `Host`".into());
    }
    hosts
        .map(|host| host.to_str().unwrap_or("an unreadable name"))
        .find(|host| !is_own_name(host))
        .map(|host| host.chars().take(100).collect())
}

/// Whether a `Host` is an address, a name without a domain, or in a domain of home networks.
fn is_own_name(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest
            .split_once(']')
            .is_some_and(|(address, _port)| address.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    if name.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain);
    is_name && (!name.contains('.') || OWN_DOMAINS.iter().any(|domain| name.ends_with(domain)))
}

/// The origin of a page of another site that tries to change something.
fn foreign_origin(method: &Method, headers: &HeaderMap) -> Option<String> {
    if method.is_safe() {
        return None;
    }
    let is_cross_site = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"));
    if is_cross_site {
        let origin = headers
            .get(header::ORIGIN)
            .and_then(|origin| origin.to_str().ok()); // then only the browser's word is known
        return Some(origin.unwrap_or("another site").to_owned());
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

    #[test]
    fn names_that_another_site_can_register_are_foreign() {
        for host in [
            "localhost",
            "localhost:4222",
            "LOCALHOST.",
            "127.0.0.1:4222",
            "192.168.1.5",
            "8.8.8.8:80",
            "[::1]:4222",
            "[fd00::1]",
            "nas",
            "listsync_api:4222",
            "NAS.local:4222",
            "nas.lan",
            "nas.home.arpa.",
            "api.demo.internal",
        ] {
            assert!(is_own_name(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:4222",
            "127.0.0.1.evil.example",
            "192.168.1.5.nip.io:4222",
            "local.example",
            "evillocal.example",
            "",
            ":4222",
            ".local",
            "[evil]",
            "[::1",
            "a b",
            "nas/.local",
        ] {
            assert!(!is_own_name(host), "{host}");
        }
        assert!(foreign_host(&headers(&[])).is_some());
        let two = headers(&[("host", "nas"), ("host", "evil.example")]);
        assert_eq!(foreign_host(&two).as_deref(), Some("evil.example"));
    }

    #[test]
    fn a_change_that_the_browser_calls_cross_site_is_foreign() {
        let cross = headers(&[("host", "nas:4222"), ("sec-fetch-site", "cross-site")]);
        assert_eq!(
            foreign_origin(&Method::POST, &cross).as_deref(),
            Some("another site")
        );
        assert_eq!(foreign_origin(&Method::GET, &cross), None);
        let same = headers(&[("host", "nas:4222"), ("sec-fetch-site", "same-origin")]);
        assert_eq!(foreign_origin(&Method::POST, &same), None);
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
    async fn without_a_key_nobody_comes_in_under_a_name_of_another_site() {
        for mode in [AuthMode::Disabled, AuthMode::DisabledForLocalAddresses] {
            let world = World::with(mode).await;
            let foreign = [("host", "evil.example:4222")];
            for path in ["/api/lists", "/api/system/health"] {
                let answer = world.ask("GET", path, &foreign, NEAR, "").await;
                answer.is_problem(403, "foreign_host");
                let detail = answer.json["detail"].as_str().unwrap();
                assert!(
                    detail.contains("evil.example:4222") && detail.contains("`AUTH`"),
                    "{detail}"
                );
            }
            let wrong = [("host", "evil.example"), ("x-api-key", "wrong")];
            let answer = world.ask("GET", "/api/lists", &wrong, NEAR, "").await;
            answer.is_problem(401, "unauthorized");
            let keyed = [("host", "evil.example"), ("x-api-key", KEY)];
            let answer = world.ask("GET", "/api/lists", &keyed, NEAR, "").await;
            assert_eq!(answer.status, 200);
            let own = [("host", "192.168.1.5:4222")];
            let answer = world.ask("GET", "/api/lists", &own, NEAR, "").await;
            assert_eq!(answer.status, 200);
        }
        // Where everybody needs a key the name does not matter.
        let world = World::new().await;
        let foreign = [("host", "listsync.example")];
        let answer = world
            .ask("GET", "/api/system/health", &foreign, FAR, "")
            .await;
        assert_eq!(answer.status, 200);
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
