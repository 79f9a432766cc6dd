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
use crate::target::{MediaStatus, RequestStatus};

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

fn client(url: &str, user_id: i32) -> Seerr {
    let limits = Limits {
        pauses: vec![Duration::from_millis(1); 2],
        ..Limits::with_post(Duration::from_secs(20))
    };
    Seerr::with_limits(&settings(url, user_id), limits).unwrap()
}

/// A client that soon gives up waiting.
fn hasty(url: &str) -> Seerr {
    let limits = Limits {
        read: Duration::from_millis(100),
        pauses: vec![Duration::from_millis(1); 2],
        ..Limits::with_post(Duration::from_millis(100))
    };
    Seerr::with_limits(&settings(url, 1), limits).unwrap()
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
        tvdb_id: None,
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

// ---- what is sent ----

#[actix_rt::test]
async fn a_movie_is_requested_with_everything_that_matters_and_nothing_else() {
    let server = Server::new(|_, _| made(11, &[]));
    let answer = server.client().request(&movie(603)).await.unwrap();
    assert_eq!(
        answer,
        Requested::Created {
            request_id: 11,
            media_id: Some(70),
            seasons: vec![]
        }
    );
    let asked = server.only();
    assert_eq!(asked.line, "POST /api/v1/request");
    assert_eq!(
        asked.body,
        json!({ "mediaType": "movie", "mediaId": 603, "is4k": false })
    );
    assert_eq!(asked.key.as_deref(), Some("c2VjcmV0=="));
    assert_eq!(asked.content_type.as_deref(), Some("application/json"));
    assert_eq!(
        asked.agent.as_deref(),
        Some(concat!("ListSync/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(asked.user, None);
}

#[actix_rt::test]
async fn a_show_is_requested_with_its_seasons() {
    let server = Server::new(|_, _| made(11, &[3, 1]));
    let show = NewRequest {
        media_type: Tv,
        is_4k: true,
        tvdb_id: Some(81_189),
        ..movie(1396)
    };
    let answer = server.client().request(&show).await.unwrap();
    assert_eq!(
        answer,
        Requested::Created {
            request_id: 11,
            media_id: Some(70),
            seasons: vec![1, 3]
        }
    );
    assert_eq!(
        server.only().body,
        json!({ "mediaType": "tv", "mediaId": 1396, "is4k": true, "seasons": "all", "tvdbId": 81_189 })
    );
    let some = NewRequest {
        seasons: Seasons::Some(vec![1, 3]),
        tvdb_id: None,
        ..show
    };
    server.client().request(&some).await.unwrap();
    let second = server.asked.lock().unwrap()[1].body.clone();
    assert_eq!(
        second,
        json!({ "mediaType": "tv", "mediaId": 1396, "is4k": true, "seasons": [1, 3] })
    );
}

#[actix_rt::test]
async fn another_user_is_named_only_when_there_is_one() {
    let server = Server::new(|_, _| made(11, &[]));
    let as_user = |user: Option<i32>| NewRequest {
        requested_as: user,
        ..movie(603)
    };
    let (owner, four) = (client(&server.url, 1), client(&server.url, 4));
    owner.request(&as_user(Some(7))).await.unwrap();
    owner.request(&as_user(Some(1))).await.unwrap();
    owner.request(&as_user(None)).await.unwrap();
    four.request(&as_user(None)).await.unwrap();
    four.request(&as_user(Some(1))).await.unwrap();
    let users: Vec<Option<String>> = server
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| asked.user.clone())
        .collect();
    assert_eq!(
        users,
        [Some("7".into()), None, None, Some("4".into()), None]
    );
    for user in [0, -1] {
        assert_eq!(
            owner.request(&as_user(Some(user))).await,
            Err(TargetError::NoSuchUser)
        );
    }
    assert_eq!(server.lines().len(), 5);
}

#[actix_rt::test]
async fn titles_are_encoded_to_the_last_sign() {
    let server = Server::new(|_, _| {
        ok(json!({ "page": 1, "totalPages": 1, "totalResults": 0, "results": [] }))
    });
    let seerr = server.client();
    for title in [
        "Ocean's Eleven",
        "(500) Days",
        "M*A*S*H",
        "100% Wolf",
        "Amélie",
        " Borat! + ",
        "Leap year:2000",
    ] {
        seerr.search(title).await.unwrap();
    }
    seerr.search("  ").await.unwrap();
    let queries: Vec<String> = server.lines();
    let wanted = [
        "Ocean%27s%20Eleven",
        "%28500%29%20Days",
        "M%2AA%2AS%2AH",
        "100%25%20Wolf",
        "Am%C3%A9lie",
        "Borat%21%20%2B",
        "Leap%20year%202000",
    ]
    .map(|query| format!("GET /api/v1/search?query={query}&page=1&language=en"));
    assert_eq!(queries, wanted);
}

#[actix_rt::test]
async fn ids_are_looked_up_with_their_prefix() {
    let server = Server::new(|_, _| {
        ok(
            json!({ "page": 1, "totalPages": 1, "totalResults": 2, "results": [
            { "id": 3, "mediaType": "person", "name": "Keanu" },
            { "id": 603, "mediaType": "movie", "title": "The Matrix", "originalTitle": "The Matrix", "releaseDate": "1999-03-31", "popularity": 80.5 },
        ] }),
        )
    });
    let seerr = server.client();
    let found = seerr
        .look_up(&ForeignId::Imdb("tt0133093".into()))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].tmdb_id, found[0].year, found[0].title.as_str()),
        (603, Some(1999), "The Matrix")
    );
    seerr.look_up(&ForeignId::Tvdb(81_189)).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/search?query=imdb%3Att0133093",
            "GET /api/v1/search?query=tvdb%3A81189"
        ]
    );
}

#[actix_rt::test]
async fn details_are_asked_in_seerrs_language_that_is_read_once() {
    let server = Server::new(|asked, _| match asked.line.as_str() {
        "GET /api/v1/settings/public" => ok(json!({ "locale": "pt-BR" })),
        _ => ok(
            json!({ "title": "Matrix", "releaseDate": "1999-03-31", "imdbId": "tt0133093", "externalIds": {} }),
        ),
    });
    let seerr = server.client();
    seerr.details(Movie, 603).await.unwrap();
    let details = seerr.clone().details(Tv, 1396).await.unwrap();
    assert_eq!(
        (details.title.as_str(), details.year),
        ("Matrix", Some(1999))
    );
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/settings/public",
            "GET /api/v1/movie/603?language=pt-BR",
            "GET /api/v1/tv/1396?language=pt-BR"
        ]
    );
}

// ---- who is there ----

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

#[actix_rt::test]
async fn a_check_tells_who_we_are_and_what_may_be_requested() {
    let server = Server::new(|asked, _| seerr_itself(asked));
    let info = server.client().check().await.unwrap();
    assert_eq!(
        info,
        TargetInfo {
            product: "Seerr".into(),
            version: "3.1.0".into(),
            user_id: 1,
            user_name: "Owner".into(),
            can_request: true,
            can_act_for_others: true,
            has_4k_movies: true,
            has_4k_shows: false,
            locale: "en".into(),
        }
    );
    let info = client(&server.url, 4).check().await.unwrap();
    assert_eq!((info.user_id, info.can_request), (4, false));
    assert_eq!(
        client(&server.url, 5).check().await,
        Err(TargetError::NoSuchUser)
    );
}

#[actix_rt::test]
async fn older_products_are_told_apart() {
    let server = Server::new(|asked, before| match asked.line.as_str() {
        "GET /api/v1" => ok(json!({ "api": "Overseerr API", "version": "1.0" })),
        "GET /api/v1/settings/public" if before < 4 => ok(json!({ "locale": "en" })),
        _ => seerr_itself(asked),
    });
    assert_eq!(server.client().check().await.unwrap().product, "Overseerr");
    assert_eq!(server.client().check().await.unwrap().product, "Jellyseerr");
}

#[actix_rt::test]
async fn a_wrong_or_missing_key_is_told_apart() {
    for (status, body, wanted) in [
        (
            401,
            json!({ "message": "cookie 'connect.sid' required" }),
            TargetError::KeyMissing,
        ),
        (
            403,
            json!({ "status": 403, "error": "You do not have permission to access this endpoint" }),
            TargetError::KeyRefused,
        ),
    ] {
        let server = Server::new(move |asked, _| match asked.line.as_str() {
            "GET /api/v1/auth/me" => Reply::Json(status, body.clone()),
            _ => seerr_itself(asked),
        });
        let error = server.client().check().await.unwrap_err();
        assert_eq!(error, wanted);
        assert!(error.ends_the_run() && error.remedy().unwrap().contains("OVERSEERR_API_KEY"));
    }
}

#[actix_rt::test]
async fn what_is_not_seerr_is_said_to_be_something_else() {
    type Answer = fn(&Asked, usize) -> Reply;
    let table: [(Answer, &str); 5] = [
        (|_, _| Reply::Redirect, "a redirect (status 307) to /login"),
        (|_, _| Reply::Html(200), "a web page (status 200)"),
        (|_, _| Reply::Html(404), "a web page (status 404)"),
        (
            |_, _| ok(json!({ "appName": "Radarr" })),
            "JSON of another program",
        ),
        (|_, _| ok(json!({ "api": "Toaster" })), "`Toaster`"),
    ];
    for (answer, found) in table {
        let server = Server::new(answer);
        let error = server.client().check().await.unwrap_err();
        assert_eq!(
            error,
            TargetError::NotSeerr {
                found: found.into()
            }
        );
        assert_eq!(server.lines().len(), 1, "nothing is followed or repeated");
    }
    let server = Server::new(|_, _| Reply::Redirect);
    assert!(matches!(
        server.client().request(&movie(603)).await,
        Err(TargetError::NotSeerr { .. })
    ));
}

// ---- the answers of a request ----

#[actix_rt::test]
async fn a_request_that_made_nothing_says_so() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(202, json!({ "message": "No seasons available to request" })),
        1 => Reply::Json(
            409,
            json!({ "message": "Request for this media already exists." }),
        ),
        2 => Reply::Json(403, json!({ "message": "This media is blocklisted." })),
        _ => Reply::Json(500, json!({ "message": "SQLITE_BUSY: database is locked" })),
    });
    let seerr = server.client();
    assert_eq!(seerr.request(&movie(603)).await, Ok(Requested::NothingLeft));
    assert_eq!(
        seerr.request(&movie(603)).await,
        Ok(Requested::AlreadyThere)
    );
    assert_eq!(
        seerr.request(&movie(603)).await,
        Err(TargetError::Blocklisted)
    );
    assert!(matches!(
        seerr.request(&movie(603)).await,
        Err(TargetError::Busy { .. })
    ));
    assert_eq!(server.lines().len(), 4, "a request is never repeated here");
}

#[actix_rt::test]
async fn a_request_without_an_answer_in_time_is_in_doubt() {
    let server = Server::new(|_, _| Reply::Never);
    let error = hasty(&server.url).request(&movie(603)).await.unwrap_err();
    assert_eq!(
        error,
        TargetError::Unknown {
            why: "no answer within 0.1 s".into()
        }
    );
    assert!(error.may_have_been_sent() && error.ends_the_run());
    assert_eq!(server.lines().len(), 1);
}

#[actix_rt::test]
async fn a_request_whose_answer_is_cut_off_is_in_doubt() {
    for piece in [
        "",
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\": 1",
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\nbad",
        "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (url, count) = curt(piece).await;
        let error = client(&url, 1).request(&movie(603)).await.unwrap_err();
        assert!(
            matches!(error, TargetError::Unknown { .. }),
            "{piece:?}: {error:?}"
        );
        assert_eq!(*count.lock().unwrap(), 1, "{piece:?}");
    }
}

#[actix_rt::test]
async fn nobody_there_means_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url.replace("http://", "http://me:hush@"), 1)
        .request(&movie(603))
        .await
        .unwrap_err();
    let TargetError::Unreachable { address, why } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*address, url);
    assert!(why.contains("refused") && !why.contains("hush"), "{why}");
    assert!(error.ends_the_run() && !error.may_have_been_sent());
}

// ---- reading ----

#[actix_rt::test]
async fn trouble_that_passes_is_read_over() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        ),
        1 => Reply::Html(502),
        _ => ok(json!({ "results": [] })),
    });
    let id = ForeignId::Imdb("tt0133093".into());
    assert_eq!(server.client().look_up(&id).await, Ok(vec![]));
    assert_eq!(server.lines().len(), 3);
}

#[actix_rt::test]
async fn trouble_that_stays_is_tmdbs_and_never_nothing_found() {
    let server = Server::new(|_, _| {
        Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        )
    });
    let error = server
        .client()
        .look_up(&ForeignId::Tvdb(5))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        TargetError::Upstream {
            message: "Unable to retrieve search results.".into()
        }
    );
    assert!(!error.ends_the_run());
    assert_eq!(server.lines().len(), 3);
}

#[actix_rt::test]
async fn a_probe_is_not_repeated() {
    let server = Server::new(|_, before| match before {
        0 => Reply::Json(
            500,
            json!({ "message": "Unable to retrieve search results." }),
        ),
        _ => ok(json!({ "results": [] })),
    });
    let (seerr, id) = (server.client(), ForeignId::Imdb("tt0000001".into()));
    assert!(matches!(
        seerr.probe(&id).await,
        Err(TargetError::Upstream { .. })
    ));
    assert_eq!(server.lines().len(), 1);
    assert_eq!(seerr.probe(&id).await, Ok(()));
}

#[actix_rt::test]
async fn a_reading_that_is_cut_off_is_repeated_twice() {
    let (url, count) =
        curt("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
            .await;
    assert!(client(&url, 1).look_up(&ForeignId::Tvdb(5)).await.is_err());
    assert_eq!(*count.lock().unwrap(), 3);
}

#[actix_rt::test]
async fn a_search_that_tmdb_keeps_waiting_is_tmdbs_trouble_and_the_rest_is_not() {
    let server = Server::new(|_, _| Reply::Never);
    let seerr = hasty(&server.url);
    assert!(matches!(
        seerr.search("Heat").await,
        Err(TargetError::Upstream { .. })
    ));
    assert!(matches!(
        seerr.requests_since(1).await,
        Err(TargetError::Unknown { .. })
    ));
    assert_eq!(
        server.lines().len(),
        2,
        "what took too long is not asked again"
    );
}

#[actix_rt::test]
async fn an_answer_without_end_is_given_up() {
    let server = Server::new(|_, _| ok(json!({ "results": ["x".repeat(5000)] })));
    let limits = Limits {
        body: 4096,
        ..Limits::with_post(Duration::from_secs(20))
    };
    let seerr = Seerr::with_limits(&settings(&server.url, 1), limits).unwrap();
    assert!(matches!(
        seerr.search("Heat").await,
        Err(TargetError::Malformed { .. })
    ));
}

#[actix_rt::test]
async fn json_of_another_shape_is_malformed() {
    let server = Server::new(|_, _| ok(json!({ "results": 5 })));
    let error = server.client().search("Heat").await.unwrap_err();
    let TargetError::Malformed { what } = error else {
        panic!()
    };
    assert!(what.starts_with("GET /search: invalid type"), "{what}");
}

#[actix_rt::test]
async fn a_search_reads_two_pages_and_does_not_believe_an_empty_second() {
    let result = |id: i64| json!({ "id": id, "mediaType": "movie", "title": "Heat" });
    let server = Server::new(move |asked, _| {
        let page = asked.parameter("page");
        let results = if page == 1 {
            vec![result(1), result(2)]
        } else {
            vec![result(2), result(3)]
        };
        ok(json!({ "page": page, "totalPages": 9, "totalResults": 170, "results": results }))
    });
    let ids: Vec<i64> = server
        .client()
        .search("Heat")
        .await
        .unwrap()
        .iter()
        .map(|found| found.tmdb_id)
        .collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(server.lines().len(), 2);
    let server = Server::new(move |_, before| match before {
        0 => ok(json!({ "page": 1, "totalPages": 9, "totalResults": 170, "results": [result(1)] })),
        _ => ok(json!({ "page": 2, "totalPages": 1, "totalResults": 0, "results": [] })),
    });
    assert!(matches!(
        server.client().search("Heat").await,
        Err(TargetError::Upstream { .. })
    ));
}

// ---- everything seerr knows ----

/// A snapshot of rows that `change` changes before each answer; gives it with the skips of the pages.
async fn snapshot_of(
    rows: Vec<Value>,
    change: impl Fn(&mut Vec<Value>, usize) + Send + Sync + 'static,
) -> (Snapshot, Vec<usize>) {
    let rows = Mutex::new((rows, 0));
    let server = Server::new(move |asked, _| {
        if asked.line.starts_with("GET /api/v1/request?") {
            return page_of(&[request_row(8), request_row(5)], asked);
        }
        let (rows, nth) = &mut *rows.lock().unwrap();
        change(rows, *nth);
        *nth += 1;
        page_of(rows, asked)
    });
    let snapshot = server.client().snapshot().await.unwrap();
    let asked = server.asked.lock().unwrap();
    let pages = asked
        .iter()
        .filter(|asked| asked.line.contains("/media?sort=added&take=1000"));
    (
        snapshot,
        pages.map(|asked| asked.parameter("skip")).collect(),
    )
}

fn has(snapshot: &Snapshot, ids: std::ops::RangeInclusive<i64>) -> bool {
    ids.into_iter()
        .all(|id| snapshot.media.contains_key(&(Movie, id)))
}

#[actix_rt::test]
async fn an_empty_seerr_is_one_page_of_each() {
    let (snapshot, skips) = snapshot_of(vec![], |_, _| {}).await;
    assert!(snapshot.media.is_empty());
    assert_eq!(skips, [0]);
}

#[actix_rt::test]
async fn a_snapshot_has_every_row_and_the_newest_request_first() {
    let (snapshot, skips) = snapshot_of(media_rows(1000), |_, _| {}).await;
    assert_eq!(snapshot.media.len(), 1000);
    assert_eq!(skips, [0]);
    let row = snapshot.media[&(Movie, 5)];
    assert_eq!(
        (row.id, row.status, row.status_4k),
        (5, MediaStatus::Processing, MediaStatus::Unknown)
    );
    let requests = &snapshot.requests[&(Tv, 1396, false)];
    assert_eq!(
        requests
            .iter()
            .map(|request| request.id)
            .collect::<Vec<_>>(),
        [8, 5]
    );
    assert_eq!(requests[0].status, RequestStatus::Declined);
    assert_eq!(
        (requests[0].requested_by, requests[0].seasons.as_slice()),
        (Some(4), &[1, 2][..])
    );
    assert_eq!(snapshot.newest_request_id, 8);
}

#[actix_rt::test]
async fn pages_are_read_to_the_end_and_the_first_is_looked_at_again() {
    let (snapshot, skips) = snapshot_of(media_rows(2500), |_, _| {}).await;
    assert!(has(&snapshot, 1..=2500) && snapshot.media.len() == 2500);
    assert_eq!(skips, [0, 999, 1998, 0]);
}

#[actix_rt::test]
async fn rows_that_come_in_meanwhile_are_there_once() {
    let (snapshot, _) = snapshot_of(media_rows(2500), |rows, nth| {
        if nth == 1 || nth == 2 {
            rows.insert(0, media_row(2500 + nth));
        }
    })
    .await;
    assert!(has(&snapshot, 1..=2502) && snapshot.media.len() == 2502);
}

#[actix_rt::test]
async fn a_row_that_goes_meanwhile_hides_no_other() {
    let (snapshot, skips) = snapshot_of(media_rows(2500), |rows, nth| {
        if nth == 1 {
            rows.remove(3);
        }
    })
    .await;
    // The one that went was there when its page was read; a step back finds those behind it.
    assert!(has(&snapshot, 1..=2500) && snapshot.media.len() == 2500);
    assert_eq!(skips, [0, 999, 970, 1969, 0]);
}

#[actix_rt::test]
async fn requests_since_an_id_take_no_more_pages_than_needed() {
    let rows: Vec<Value> = (1..=1500).rev().map(request_row).collect();
    let server = Server::new(move |asked, _| page_of(&rows, asked));
    let seerr = server.client();
    let ids = |requests: Vec<TargetRequest>| -> Vec<i32> {
        requests.iter().map(|request| request.id).collect()
    };
    assert_eq!(
        ids(seerr.requests_since(1498).await.unwrap()),
        [1500, 1499, 1498]
    );
    assert_eq!(server.lines().len(), 1);
    assert_eq!(seerr.requests_since(1301).await.unwrap().len(), 200);
    assert_eq!(server.lines().len(), 2);
    assert_eq!(seerr.requests_since(0).await.unwrap().len(), 1500);
    assert_eq!(server.lines().len(), 5);
    assert_eq!(
        ids(seerr.requests_since(1501).await.unwrap()),
        [] as [i32; 0]
    );
}

// ---- settings ----

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
