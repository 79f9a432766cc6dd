//! Serves the same app on the two ports until it is asked to stop. Leaves binding them to `runtime`,
//! ending well to `drain`, and what the app answers to `routes`, `page` and `auth`.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Once},
};

use actix_web::{
    App, Error, HttpRequest, HttpServer,
    body::{self as answer_body, BodySize, BoxBody, MessageBody},
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use runtime::{Chain, Listeners, Readiness, Stop};

use crate::{
    body, docs, drain,
    error::{ApiError, PROBLEM},
    openapi, page, routes,
    shared::Shared,
};

/// Threads that answer. One is enough for a household, since queries run beside it; each more wakes
/// eight times a second for the clock of HTTP's `Date` header.
const WORKERS: usize = 1;
/// Threads for queries, per worker; the database has three connections.
const QUERY_THREADS: usize = 4;
/// How long the server itself would wait for connections, in seconds; `drain` waits less.
const SHUTDOWN_S: u64 = 2;

/// Serves until `stop`.
pub(crate) async fn run(
    listeners: Listeners,
    shared: web::Data<Shared>,
    stop: Stop,
    ready: &Readiness,
) -> io::Result<()> {
    let ports = listeners.ports();
    let mut server = start(listeners, &shared, ready)?;
    let (api, page) = (address(ports.api), address(ports.dashboard));
    tracing::info!("the API is at {api}, the status page at {page}");
    ready.ready(&format!("API at {api}, status page at {page}"));
    tokio::select! {
        ended = &mut server => return ended,
        () = stop.requested() => ready.stopping(),
    }
    let handle = server.handle();
    // The server does what its handle asks while it is polled.
    tokio::select! {
        ended = server => ended,
        () = drain::end(&handle, &shared) => Ok(()),
    }
}

fn start(
    listeners: Listeners,
    shared: &web::Data<Shared>,
    ready: &Readiness,
) -> io::Result<Server> {
    let (handlers, connections) = (shared.clone(), shared.clone());
    // The thread that answers says that it is not stuck.
    let (ready, watched) = (ready.clone(), Arc::new(Once::new()));
    let factory = move || {
        watched.call_once(|| ready.keep_alive());
        app(handlers.clone())
    };
    let mut server = HttpServer::new(factory)
        .workers(WORKERS)
        .worker_max_blocking_threads(QUERY_THREADS)
        // Else who hangs up is noticed by writing to it, which a stream of events seldom does.
        .h1_allow_half_closed(false)
        // What lives as long as the connection counts it.
        .on_connect(move |_, data| {
            data.insert(connections.drain.connection());
        })
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .listen(listeners.api)?;
    if let Some(dashboard) = listeners.dashboard {
        server = server.listen(dashboard)?;
    }
    Ok(server.run())
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
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let counted = shared.as_ref().map(|shared| shared.drain.request());
    let answer = next.call(request).await?;
    log(&answer);
    let mut answer = as_problem(answer.map_into_boxed_body());
    // What has no end would go on for ever, unseen.
    if is_head && answer.response().body().size() == BodySize::Stream {
        answer = answer.map_body(|_, _| BoxBody::new(answer_body::None::new()));
    }
    if let Some(counted) = counted {
        answer = answer.map_body(|_, body| drain::held(body, counted));
    }
    // Whoever is told comes again on another connection, which this process does not accept.
    if shared.is_some_and(|shared| shared.drain.is_begun()) {
        let head = answer.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
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
    use crate::testing::{KEY, World, listeners};
    use runtime::Environment;

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

    #[actix_web::test]
    async fn the_thread_that_answers_says_that_it_is_not_stuck() {
        let world = World::alone().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
        let address = path.to_str().unwrap();
        let watched = [("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "20000")];
        let ready = Readiness::from_environment(&Environment::of(watched));
        let stop = Stop::new();
        let hears = async {
            let mut heard = Vec::new();
            while heard.len() < 4 {
                let mut bytes = [0; 200];
                let length = socket.recv(&mut bytes).await.unwrap();
                heard.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
            stop.request();
            heard
        };
        let served = run(listeners(), world.shared.clone(), stop.clone(), &ready);
        let (ended, heard) = tokio::join!(served, hears);
        ended.unwrap();
        let pings = heard.iter().filter(|text| *text == "WATCHDOG=1").count();
        assert_eq!(pings, 3, "{heard:?}");
        assert!(
            heard
                .iter()
                .any(|text| text.starts_with("READY=1\nSTATUS=API at http://"))
        );
    }
}
