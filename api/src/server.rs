//! Listens on the two ports, serves the same app on both, and stops within two seconds. Leaves what
//! the app answers to `routes`, `page` and `auth`.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, Error, HttpRequest, HttpServer,
    body::{self as answer_body, BodySize, BoxBody, MessageBody},
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use nix::sys::socket::{setsockopt, sockopt};
use runtime::{Chain, Readiness, Stop, settings::HttpSettings};

use crate::{
    body, docs,
    error::{ApiError, PROBLEM},
    openapi, page, routes,
    shared::{Ports, Shared},
};

/// Threads that answer. One is enough for a household, since queries run beside it; each more wakes
/// eight times a second for the clock of HTTP's `Date` header.
const WORKERS: usize = 1;
/// Threads for queries, per worker; the database has three connections.
const QUERY_THREADS: usize = 4;
/// How long requests may go on once stopping is asked for.
const STOP_LIMIT: Duration = Duration::from_millis(1500);
/// The same for the server itself, which counts in seconds; nobody waits for it longer than above.
const SHUTDOWN_S: u64 = 2;
/// What the last answer may take from its making to its sending.
const FLUSH: Duration = Duration::from_millis(50);

/// How long a client may leave what it was sent: one that was switched off, or never reads, would
/// keep its connection for a quarter of an hour, or for ever.
const UNREAD_LIMIT: Duration = Duration::from_mins(1);

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// Another program listens there.
    #[error(
        "port {port} on {address} is taken by another program; stop that program, or set \
         {variable} (`{key}`) to a free port"
    )]
    Taken {
        port: u16,
        address: IpAddr,
        variable: &'static str,
        key: &'static str,
    },
    /// The port is reserved for root.
    #[error(
        "this user may not listen on port {port}; set {variable} (`{key}`) to a port above 1023"
    )]
    Forbidden {
        port: u16,
        variable: &'static str,
        key: &'static str,
    },
    /// The address is of another machine.
    #[error(
        "this machine has no address {address}; set LISTSYNC_BIND (`http.bind`) to one it has, to \
         127.0.0.1 for this machine only, or to 0.0.0.0 for all"
    )]
    NoSuchAddress { address: IpAddr },
    /// Anything else.
    #[error("cannot listen on port {port} of {address} ({variable}, `{key}`)")]
    Other {
        port: u16,
        address: IpAddr,
        variable: &'static str,
        key: &'static str,
        source: io::Error,
    },
}

/// The bound ports.
#[derive(Debug)]
pub(crate) struct Listeners {
    api: TcpListener,
    dashboard: Option<TcpListener>,
    ports: Ports,
}

impl Listeners {
    pub(crate) fn ports(&self) -> Ports {
        self.ports
    }
}

/// Binds both ports, one listener when they are the same.
pub(crate) fn bind(http: &HttpSettings) -> Result<Listeners, BindError> {
    let (api, api_at) = listen(
        http.bind,
        http.api_port,
        "LISTSYNC_API_PORT",
        "http.api_port",
    )?;
    if http.dashboard_port == http.api_port && http.api_port != 0 {
        let ports = Ports {
            api: api_at,
            dashboard: api_at,
        };
        return Ok(Listeners {
            api,
            dashboard: None,
            ports,
        });
    }
    let (dashboard, dashboard_at) = listen(
        http.bind,
        http.dashboard_port,
        "LISTSYNC_DASHBOARD_PORT",
        "http.dashboard_port",
    )?;
    let ports = Ports {
        api: api_at,
        dashboard: dashboard_at,
    };
    Ok(Listeners {
        api,
        dashboard: Some(dashboard),
        ports,
    })
}

fn listen(
    address: IpAddr,
    port: u16,
    variable: &'static str,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), BindError> {
    TcpListener::bind((address, port))
        .and_then(|listener| {
            // Every connection takes it over.
            let limit = u32::try_from(UNREAD_LIMIT.as_millis()).unwrap_or(u32::MAX);
            setsockopt(&listener, sockopt::TcpUserTimeout, &limit)?;
            listener.local_addr().map(|at| (listener, at))
        })
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken {
                port,
                address,
                variable,
                key,
            },
            io::ErrorKind::PermissionDenied => BindError::Forbidden {
                port,
                variable,
                key,
            },
            io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address },
            _ => BindError::Other {
                port,
                address,
                variable,
                key,
                source,
            },
        })
}

/// Serves until `stop`.
pub(crate) async fn run(
    listeners: Listeners,
    shared: web::Data<Shared>,
    stop: Stop,
    ready: &Readiness,
) -> io::Result<()> {
    let Listeners {
        api,
        dashboard,
        ports,
    } = listeners;
    let handlers = shared.clone();
    let mut server = HttpServer::new(move || app(handlers.clone()))
        .workers(WORKERS)
        .worker_max_blocking_threads(QUERY_THREADS)
        // Else who hangs up is noticed by writing to it, which a stream of events seldom does.
        .h1_allow_half_closed(false)
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .listen(api)?;
    if let Some(dashboard) = dashboard {
        server = server.listen(dashboard)?;
    }
    let mut server = server.run();
    let handle = server.handle();
    let (api, page) = (address(ports.api), address(ports.dashboard));
    tracing::info!("the API is at {api}, the status page at {page}");
    ready.ready(&format!("API at {api}, status page at {page}"));
    tokio::select! {
        ended = &mut server => return ended,
        () = stop.requested() => ready.stopping(),
    }
    shared.requests.close();
    shared.events.close();
    // The server works while it is polled. It looks once a second whether its connections are gone,
    // so what is waited for is the last answer, not the server.
    let answered = async {
        shared.requests.wait().await;
        tokio::time::sleep(FLUSH).await;
    };
    let stopping = async { tokio::join!(handle.stop(true), server).1 };
    tokio::select! {
        ended = stopping => ended,
        () = answered => Ok(()),
        () = tokio::time::sleep(STOP_LIMIT) => {
            tracing::warn!("requests that were still going on were cut off");
            Ok(())
        }
    }
}

/// As people type it on this machine.
fn address(at: SocketAddr) -> String {
    if at.ip().is_unspecified() || at.ip().is_loopback() {
        format!("http://localhost:{}", at.port())
    } else {
        format!("http://{at}")
    }
}

/// The app that both ports serve.
pub(crate) fn app(
    shared: web::Data<Shared>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(shared)
        .app_data(web::PayloadConfig::new(body::LIMIT))
        .configure(page::configure)
        .configure(docs::configure)
        .configure(openapi::configure)
        .configure(routes::configure)
        .default_service(web::to(unknown_path))
        .wrap(from_fn(finish))
}

/// Answers for every path that has no resource.
pub(crate) async fn unknown_path(request: HttpRequest) -> Result<&'static str, ApiError> {
    Err(ApiError::UnknownPath(
        request.path().chars().take(200).collect(),
    ))
}

/// What is true of every answer: HEAD works where GET does, errors are problems and their causes
/// are logged, nothing is cached or sniffed unless the page says otherwise.
async fn finish(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // The protocol layer remembers that it was HEAD and leaves out the body.
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    // Held until the answer is there; see `run`.
    let _counted = request
        .app_data::<web::Data<Shared>>()
        .map(|shared| shared.requests.token());
    let answer = next.call(request).await?;
    log(&answer);
    let mut answer = as_problem(answer.map_into_boxed_body());
    // What has no end would go on for ever, unseen.
    if is_head && answer.response().body().size() == BodySize::Stream {
        answer = answer.map_body(|_, _| BoxBody::new(answer_body::None::new()));
    }
    let headers = answer.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(answer)
}

fn log(answer: &ServiceResponse<impl MessageBody>) {
    let request = answer.request();
    let (status, method, path) = (answer.status().as_u16(), request.method(), request.path());
    match answer.response().error() {
        Some(error) if answer.status().is_server_error() => {
            let cause = error
                .as_error::<ApiError>()
                .map(|error| Chain(error).to_string());
            let cause = cause.unwrap_or_else(|| error.to_string());
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                tracing::warn!(http.status = status, "{method} {path} has to wait: {cause}");
            } else {
                tracing::error!(http.status = status, "{method} {path} failed: {cause}");
            }
        }
        _ => tracing::debug!(http.status = status, "{method} {path} answered {status}"),
    }
}

/// An error that the server made by itself gets a body like all others.
fn as_problem(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    let is_problem = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes() == PROBLEM.as_bytes());
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (request, _) = answer.into_parts();
    let response = actix_web::ResponseError::error_response(&ApiError::Bare(status));
    ServiceResponse::new(request, response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KEY, World};
    use runtime::settings::AuthMode;

    fn http(api_port: u16, dashboard_port: u16, bind: &str) -> HttpSettings {
        HttpSettings {
            api_port,
            dashboard_port,
            bind: bind.parse().unwrap(),
            auth: AuthMode::Required,
            trusted_proxies: Vec::new(),
        }
    }

    #[test]
    fn a_taken_port_is_named_with_its_setting_and_variable() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(
            bind(&http(port, 0, "127.0.0.1")).unwrap_err().to_string(),
            format!(
                "port {port} on 127.0.0.1 is taken by another program; stop that program, or set \
                 LISTSYNC_API_PORT (`http.api_port`) to a free port"
            )
        );
        let error = bind(&http(0, port, "127.0.0.1")).unwrap_err().to_string();
        assert!(
            error.contains("LISTSYNC_DASHBOARD_PORT (`http.dashboard_port`)"),
            "{error}"
        );
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let error = bind(&http(0, 0, "203.0.113.7")).unwrap_err().to_string();
        assert!(error.starts_with("this machine has no address 203.0.113.7; set LISTSYNC_BIND"));
    }

    #[test]
    fn equal_ports_are_one_listener_and_zero_takes_free_ones() {
        let free = bind(&http(0, 0, "127.0.0.1")).unwrap();
        let ports = free.ports();
        assert_ne!(ports.api.port(), ports.dashboard.port());
        drop(free);
        let port = ports.api.port();
        let same = bind(&http(port, port, "127.0.0.1")).unwrap();
        assert!(same.dashboard.is_none());
        assert_eq!(same.ports().dashboard.port(), port);
    }

    #[test]
    fn a_client_that_reads_nothing_is_cut_off() {
        let listeners = bind(&http(0, 0, "127.0.0.1")).unwrap();
        let _client = std::net::TcpStream::connect(listeners.ports().api).unwrap();
        let (accepted, _) = listeners.api.accept().unwrap();
        let limit = nix::sys::socket::getsockopt(&accepted, sockopt::TcpUserTimeout).unwrap();
        assert_eq!(u128::from(limit), UNREAD_LIMIT.as_millis());
    }

    #[actix_web::test]
    async fn every_error_is_a_problem() {
        let world = World::new().await;
        let large = format!("{{\"url\":\"{}\"}}", "x".repeat(body::LIMIT));
        for (method, path, body, status, code) in [
            ("GET", "/nothing", "", 404, "unknown_path"),
            ("GET", "/api/nothing", "", 404, "unknown_path"),
            ("GET", "/api/lists/99", "", 404, "not_found"),
            ("GET", "/api/lists/x%00y", "", 404, "not_found"),
            ("GET", "/api/sync-history/x", "", 404, "not_found"),
            ("DELETE", "/healthz", "", 405, "method_not_allowed"),
            ("DELETE", "/api/lists", "", 405, "method_not_allowed"),
            ("GET", "/api/sync/trigger", "", 405, "method_not_allowed"),
            ("BREW", "/api/lists/1", "", 405, "method_not_allowed"),
            ("POST", "/api/lists", "{", 400, "bad_json"),
            ("POST", "/api/lists", "\u{1F9E8}", 400, "bad_json"),
            ("POST", "/api/lists", "[]", 422, "invalid"),
            ("POST", "/api/lists", &large, 413, "too_large"),
            ("POST", "/api/sync/trigger", &large, 413, "too_large"),
            ("GET", "/api/items?limit=0", "", 422, "invalid"),
            ("GET", "/api/items?limit=%FF", "", 422, "invalid"),
        ] {
            let answer = world.send(method, path, body).await;
            answer.is_problem(status, code);
        }
        assert_eq!(
            world.send("PUT", "/api/lists", "").await.header("allow"),
            "GET, HEAD, POST"
        );
        assert!(world.asked().is_empty());
    }

    #[actix_web::test]
    async fn an_unreadable_body_type_and_broken_lengths_do_no_harm() {
        let world = World::new().await;
        let key = ("x-api-key", KEY);
        for headers in [
            [key, ("content-type", "text/html; charset=\"")],
            [key, ("content-encoding", "gzip")],
            [key, ("accept", "image/png")],
        ] {
            let answer = world
                .ask("POST", "/api/sync/trigger", &headers, None, "{}")
                .await;
            assert_eq!(answer.status, 202, "{:?}", headers[1]);
        }
    }

    #[actix_web::test]
    async fn a_failing_database_is_a_problem_whose_cause_is_not_told() {
        let world = World::new().await;
        world.break_database().await;
        let answer = world.get("/api/lists").await;
        answer.is_problem(500, "internal");
        assert!(
            !answer.json.to_string().contains("api_keys"),
            "{}",
            answer.json
        );
        let health = world.anonymous("GET", "/api/system/health").await;
        assert_eq!(
            (health.status, &health.json["status"]),
            (200, &"error".into())
        );
    }

    /// One request on a connection that stays open.
    async fn ask(at: SocketAddr, text: &str) -> (tokio::net::TcpStream, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = vec![0; 4096];
        let length = stream.read(&mut read).await.unwrap();
        (
            stream,
            String::from_utf8_lossy(&read[..length]).into_owned(),
        )
    }

    #[actix_web::test]
    async fn stopping_waits_for_the_answer_of_a_request_that_is_going_on() {
        let world = World::new().await;
        let going_on = world.shared.requests.token();
        let listeners = bind(&http(0, 0, "127.0.0.1")).unwrap();
        let stop = Stop::new();
        stop.request();
        let is_answered = std::cell::Cell::new(false);
        let answer = async {
            while !world.shared.requests.is_closed() {
                tokio::task::yield_now().await;
            }
            is_answered.set(true);
            drop(going_on);
        };
        let ready = Readiness::default();
        let server = async {
            run(listeners, world.shared.clone(), stop, &ready)
                .await
                .unwrap();
            assert!(is_answered.get());
        };
        tokio::join!(server, answer);
    }

    #[actix_web::test]
    async fn both_ports_serve_the_same_and_stopping_waits_for_no_idle_connection() {
        let world = World::new().await;
        let listeners = bind(&http(0, 0, "127.0.0.1")).unwrap();
        let ports = listeners.ports();
        let stop = Stop::new();
        let ready = Readiness::default();
        let client = async {
            let mut open = Vec::new();
            for at in [ports.api, ports.dashboard] {
                let (stream, answer) = ask(at, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                assert!(!answer.to_lowercase().contains("server:"), "{answer}");
                open.push(stream);
                let (stream, answer) = ask(at, "HEAD / HTTP/1.1\r\nhost: x\r\n\r\n").await;
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                assert!(answer.ends_with("\r\n\r\n"), "HEAD has no body: {answer}");
                open.push(stream);
            }
            stop.request();
            (open, std::time::Instant::now())
        };
        let served = run(listeners, world.shared.clone(), stop.clone(), &ready);
        let (ended, (_open, asked)) = tokio::join!(served, client);
        ended.unwrap();
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
    }
}
