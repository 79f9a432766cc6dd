//! The client against small servers on the loopback: what it sends, and what it makes of answers
//! that are late, cut off, elsewhere or wrong.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use MediaType::{Movie, Tv};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use runtime::Secret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

mod changes;
mod products;
mod reading;
mod sent;
mod snapshots;

/// What a server was asked.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// `GET /api/v1/media?take=1000`
    line: String,
    key: Option<String>,
    user: Option<String>,
    agent: Option<String>,
    content_type: Option<String>,
    body: Value,
}

impl Asked {
    fn parameter(&self, name: &str) -> usize {
        let query = self.line.split('?').nth(1).unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .unwrap()
            .1
            .parse()
            .unwrap()
    }
}

enum Reply {
    Json(u16, Value),
    Html(u16),
    Redirect,
    Never,
}

fn ok(body: Value) -> Reply {
    Reply::Json(200, body)
}

/// A server that answers as its test says.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `answer` gets what was asked and how many times anything was before.
    fn new(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answer = Arc::new(answer);
        let seen = Arc::clone(&asked);
        let server = HttpServer::new(move || {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                async move {
                    let asked = read(&request, &body);
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(asked.clone());
                        seen.len() - 1
                    };
                    match answer(&asked, before) {
                        Reply::Json(status, body) => {
                            HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body)
                        }
                        Reply::Html(status) => {
                            HttpResponse::build(StatusCode::from_u16(status).unwrap())
                                .content_type("text/html; charset=utf-8")
                                .body("<html>Seerr</html>")
                        }
                        Reply::Redirect => HttpResponse::TemporaryRedirect()
                            .insert_header(("location", "/login"))
                            .finish(),
                        Reply::Never => pending().await,
                    }
                }
            }))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_rt::spawn(server.run());
        Self { url, asked }
    }

    fn client(&self) -> Seerr {
        client(&self.url, 1)
    }

    fn lines(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .map(|asked| asked.line.clone())
            .collect()
    }

    fn only(&self) -> Asked {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }
}

fn read(request: &HttpRequest, body: &[u8]) -> Asked {
    let header = |name: &str| Some(request.headers().get(name)?.to_str().unwrap().to_owned());
    Asked {
        line: format!("{} {}", request.method(), request.uri()),
        key: header("x-api-key"),
        user: header("x-api-user"),
        agent: header("user-agent"),
        content_type: header("content-type"),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}

fn settings(url: &str, user_id: i32) -> SeerrSettings {
    SeerrSettings {
        url: Some(url.into()),
        api_key: Some(Secret::new("c2VjcmV0==")),
        user_id,
        is_4k: false,
        timeout_s: 60,
        settle_s: 120,
    }
}

/// A client that knows already that a Seerr 3.1 is there, and asks only what its test is about.
fn client(url: &str, user_id: i32) -> Seerr {
    let limits = Limits {
        pauses: vec![Duration::from_millis(1); 2],
        ..Limits::with_post(Duration::from_secs(20))
    };
    knowing(Seerr::with_limits(&settings(url, user_id), limits).unwrap())
}

fn knowing(seerr: Seerr) -> Seerr {
    let product = Product::recognised(Program::Seerr, true, "3.1.0");
    seerr.told().product = Some((Instant::now(), product));
    seerr
}

/// A client that knows nothing yet.
fn stranger(url: &str) -> Seerr {
    Seerr::new(&settings(url, 1)).unwrap()
}

/// A client that soon gives up waiting.
fn hasty(url: &str) -> Seerr {
    let limits = Limits {
        read: Duration::from_millis(100),
        pauses: vec![Duration::from_millis(1); 2],
        ..Limits::with_post(Duration::from_millis(100))
    };
    knowing(Seerr::with_limits(&settings(url, 1), limits).unwrap())
}

/// A server that reads one request a connection, says its piece and hangs up; tells how many came.
async fn curt(piece: &'static str) -> (String, Arc<Mutex<u32>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count: Arc<Mutex<u32>> = Arc::default();
    let seen = Arc::clone(&count);
    actix_rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0_u8; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                *seen.lock().unwrap() += 1;
                stream.write_all(piece.as_bytes()).await.unwrap();
            }
        }
    });
    (url, count)
}

fn movie(tmdb_id: i64) -> NewRequest {
    NewRequest {
        media_type: Movie,
        tmdb_id,
        is_4k: false,
        seasons: Seasons::All,
        requested_as: None,
    }
}

fn made(id: i32, seasons: &[i32]) -> Reply {
    let seasons: Vec<Value> = seasons
        .iter()
        .map(|number| json!({ "seasonNumber": number }))
        .collect();
    Reply::Json(
        201,
        json!({ "id": id, "status": 2, "media": { "id": 70, "tmdbId": 603, "status": 2 }, "seasons": seasons }),
    )
}

/// A page of `rows`, newest first, as `asked` wants it.
fn page_of(rows: &[Value], asked: &Asked) -> Reply {
    let page: Vec<&Value> = rows
        .iter()
        .skip(asked.parameter("skip"))
        .take(asked.parameter("take"))
        .collect();
    ok(
        json!({ "pageInfo": { "pages": 1, "pageSize": 1000, "results": rows.len(), "page": 1 }, "results": page }),
    )
}

fn media_row(id: usize) -> Value {
    json!({ "id": id, "mediaType": "movie", "tmdbId": id, "tvdbId": null, "imdbId": null, "status": 3, "status4k": 1, "seasons": [] })
}

/// Rows of `/media`, newest first.
fn media_rows(count: usize) -> Vec<Value> {
    (1..=count).rev().map(media_row).collect()
}

fn request_row(id: usize) -> Value {
    json!({ "id": id, "status": 3, "type": "tv", "is4k": false,
            "media": { "id": 9, "tmdbId": 1396, "mediaType": "tv" },
            "requestedBy": { "id": 4 }, "seasons": [{ "seasonNumber": 2 }, { "seasonNumber": 1 }] })
}

/// Who a Seerr 3.1 says it is, as told by the calls that ask for it.
fn seerr_itself(asked: &Asked) -> Reply {
    match asked.line.as_str() {
        "GET /api/v1" => ok(json!({ "api": "Seerr API", "version": "1.0" })),
        "GET /api/v1/status" => ok(json!({ "version": "3.1.0", "commitTag": "x" })),
        "GET /api/v1/settings/public" => ok(
            json!({ "movie4kEnabled": true, "series4kEnabled": false, "locale": "", "mediaServerType": 1 }),
        ),
        "GET /api/v1/auth/me" => match asked.user.as_deref() {
            None => ok(json!({ "id": 1, "permissions": 2, "displayName": "Owner" })),
            Some("4") => ok(json!({ "id": 4, "permissions": 16, "displayName": "Four" })),
            Some(_) => Reply::Json(
                403,
                json!({ "status": 403, "error": "You do not have permission to access this endpoint" }),
            ),
        },
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_missing_in_the_settings_is_named() {
    let of = |change: fn(&mut SeerrSettings)| {
        let mut settings = settings("http://seerr:5055", 1);
        change(&mut settings);
        Seerr::new(&settings).unwrap_err().to_string()
    };
    assert!(of(|settings| settings.url = None).contains("OVERSEERR_URL"));
    assert!(of(|settings| settings.api_key = None).contains("OVERSEERR_API_KEY"));
    assert!(of(|settings| settings.api_key = Some(Secret::new(" "))).contains("not set"));
    assert!(of(|settings| settings.api_key = Some(Secret::new("a\nb"))).contains("no key has"));
    assert!(
        of(|settings| settings.url = Some("seerr:5055".into())).contains("does not begin with")
    );
    let seerr = Seerr::new(&settings("http://me:hush@seerr:5055", 1)).unwrap();
    assert_eq!(
        format!("{seerr:?}"),
        "Seerr { address: \"http://seerr:5055\", .. }"
    );
}
