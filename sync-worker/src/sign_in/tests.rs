//! Signing in against small sites on the loopback: what they are asked, what is kept, and what people
//! are told.

use std::{
    fmt::Write as _,
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use runtime::{
    Boot, Cipher, Clock, Environment, Readiness, Stop, settings,
    socket::{CallError, Client, Stream, serve},
};
use schema::{
    Db,
    models::{Cause, ProviderToken},
    wire::{
        Link,
        scraper::{FetchOutcome, ListFetched, ScraperLink},
        sync::{SignIn, SignInState, SignOut, ToSyncWorker},
    },
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;
use crate::credential;

const START: &str = "2026-11-21T12:00:00";
const DAY: Duration = Duration::from_hours(24);

/// What a site was asked.
#[derive(Clone, Debug)]
struct Asked {
    /// `POST /oauth/token`, without the query.
    line: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A site that answers as its test says; what is not JSON is sent as HTML.
struct FakeSite {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeSite {
    /// `answer` gets what was asked and how many times the same line was before.
    fn new(answer: impl Fn(&Asked, usize) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
        let server = HttpServer::new(move || {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                async move {
                    let asked = read(&request, &body);
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        let same = seen.iter().filter(|known| known.line == asked.line).count();
                        seen.push(asked.clone());
                        same
                    };
                    let (status, body) = answer(&asked, before);
                    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
                    match body {
                        Value::String(html) => response.content_type("text/html").body(html),
                        json => response.json(json),
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

    fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|asked| asked.line.clone()).collect()
    }

    fn all(&self, line: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|asked| asked.line == line)
            .cloned()
            .collect()
    }
}

fn read(request: &HttpRequest, body: &[u8]) -> Asked {
    let headers = request.headers().iter();
    Asked {
        line: format!("{} {}", request.method(), request.path()),
        query: request.query_string().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}

/// A household's data directory and its engine.
struct House {
    folder: tempfile::TempDir,
    clock: Clock,
    site: String,
    master_key: &'static str,
    engine: Engine,
}

impl House {
    fn new(site: &FakeSite) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(START.parse().unwrap());
        let url = site.url.clone();
        let engine = engine(folder.path(), &clock, &url, "correct horse", &[]);
        Self {
            folder,
            clock,
            site: url,
            master_key: "correct horse",
            engine,
        }
    }

    /// The sync-worker of the same house after it was killed.
    fn successor(&self, master_key: Option<&'static str>, more: &[(&str, &str)]) -> Engine {
        let key = master_key.unwrap_or(self.master_key);
        engine(self.folder.path(), &self.clock, &self.site, key, more)
    }

    async fn rows(&self) -> Vec<ProviderToken> {
        self.engine.db.read(ProviderToken::all).await.unwrap()
    }

    async fn account(&self, account: &str, refresh: Option<&str>, lifetime: Option<Duration>) {
        let tokens = site::Tokens {
            access: "first-access".into(),
            refresh: refresh.map(Into::into),
            lifetime,
            account: None,
        };
        accounts::store(&self.engine, site::find("trakt").unwrap(), account, &tokens)
            .await
            .unwrap();
    }

    /// Waits until the last sign-in is over.
    async fn over(&self, provider: &str) -> SignInView {
        let over = async {
            loop {
                let view = status(&self.engine, provider).unwrap();
                if view.state != SignInState::Waiting {
                    return view;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(15), over).await.unwrap()
    }
}

fn engine(
    folder: &Path,
    clock: &Clock,
    site: &str,
    master_key: &str,
    more: &[(&str, &str)],
) -> Engine {
    let own = folder.to_str().unwrap();
    let mut variables = vec![
        ("LISTSYNC_DATA_DIR", own),
        ("LISTSYNC_RUN_DIR", own),
        ("LISTSYNC_SECRET_KEY", master_key),
        ("LISTSYNC_TRAKT_URL", site),
        ("LISTSYNC_SIMKL_URL", site),
        ("LISTSYNC_TMDB_URL", site),
        ("LISTSYNC_TMDB_API_URL", site),
        ("LISTSYNC_PLEX_ACCOUNT_URL", site),
        ("TRAKT_CLIENT_ID", "trakt-id"),
        ("TRAKT_CLIENT_SECRET", "trakt-hush"),
        ("SIMKL_CLIENT_ID", "simkl-id"),
        ("TMDB_KEY", "tmdbkey"),
    ];
    variables.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    variables.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    let environment = Environment::of(variables);
    let settings = settings::load(&environment, None, &[]).unwrap();
    let paths = settings.settings.paths.clone();
    schema::migrate(&paths.database()).unwrap();
    Engine::new(Boot {
        db: Db::open(&paths.database()).unwrap(),
        cipher: Some(Cipher::open(&paths, &environment).unwrap()),
        clock: clock.clone(),
        stop: Stop::new(),
        ready: Readiness::default(),
        settings,
        environment,
    })
}

/// The socket of a sync-worker that only signs in.
fn socket(engine: &Engine, folder: &Path) -> Client<SyncLink> {
    let path = folder.join(SyncLink::SOCKET);
    let (engine, at) = (Rc::new(engine.clone()), path.clone());
    actix_rt::spawn(async move {
        let handler = move |request, answers: Answers<SyncLink>| {
            let engine = Rc::clone(&engine);
            async move {
                let ToSyncWorker::SignIn(request) = request else {
                    panic!("{request:?}")
                };
                follow(&engine, &request.provider, answers).await;
            }
        };
        serve::<SyncLink, _>(&at, handler, Stop::new())
            .await
            .unwrap();
    });
    Client::at(path).patient(Duration::from_secs(5))
}

async fn answer(stream: &mut Stream<SyncLink>) -> Result<SignInView, CallError> {
    let next = timeout(Duration::from_secs(15), stream.next())
        .await
        .unwrap()?;
    match next {
        Some(FromSyncWorker::SignIn(view)) => Ok(view),
        other => panic!("{other:?}"),
    }
}

fn request(provider: &str) -> ToSyncWorker {
    ToSyncWorker::SignIn(SignIn {
        provider: provider.into(),
    })
}

fn code(asked: &Asked) -> Option<(u16, Value)> {
    (asked.line == "POST /oauth/device/code").then(|| {
        let body = json!({
            "device_code": "device-hush", "user_code": "AB12CD34",
            "verification_url": "https://trakt.example/activate",
            "expires_in": 600, "interval": 0.02,
        });
        (200, body)
    })
}

/// Trakt, where somebody says yes at the third look.
fn trakt() -> FakeSite {
    FakeSite::new(|asked, before| {
        code(asked).unwrap_or_else(|| match asked.line.as_str() {
            "POST /oauth/device/token" if before < 2 => (400, json!({})),
            "POST /oauth/device/token" => (200, pair("first", 86_400)),
            "GET /users/settings" => (200, json!({"user": {"ids": {"slug": "alice"}}})),
            _ => (404, json!({})),
        })
    })
}

fn pair(nth: &str, expires_in: u64) -> Value {
    json!({
        "access_token": format!("{nth}-access"), "refresh_token": format!("{nth}-refresh"),
        "expires_in": expires_in, "token_type": "bearer", "created_at": 0,
    })
}

#[actix_rt::test]
async fn a_person_signs_in_to_trakt_and_hears_of_it() {
    let site = trakt();
    let house = House::new(&site);
    let client = socket(&house.engine, house.folder.path());
    let mut stream = client.stream(request("trakt")).await.unwrap();
    let view = answer(&mut stream).await.unwrap();
    assert_eq!(view.state, SignInState::Waiting);
    assert_eq!(view.user_code.as_deref(), Some("AB12CD34"));
    assert_eq!(
        view.verification_url.as_deref(),
        Some("https://trakt.example/activate")
    );
    assert!((590..=600).contains(&view.expires_in_s));
    let view = answer(&mut stream).await.unwrap();
    assert_eq!(view.state, SignInState::SignedIn);
    assert_eq!(view.account.as_deref(), Some("alice"));
    assert!(stream.is_over());
    let asked = site.all("POST /oauth/device/token");
    assert_eq!(asked.len(), 3);
    assert_eq!(
        asked[0].body,
        json!({"code": "device-hush", "client_id": "trakt-id", "client_secret": "trakt-hush"})
    );
    for asked in site.asked.lock().unwrap().iter() {
        assert_eq!(asked.header("trakt-api-key"), "trakt-id");
        assert_eq!(asked.header("trakt-api-version"), "2");
        assert!(asked.header("user-agent").starts_with("ListSync/"));
    }
    let who = &site.all("GET /users/settings")[0];
    assert_eq!(who.header("authorization"), "Bearer first-access");
    let rows = house.rows().await;
    assert_eq!((rows.len(), rows[0].account.as_str()), (1, "alice"));
    let end = rows[0].expires_at.unwrap() - rows[0].created_at;
    assert_eq!(end.num_hours(), 24);
    let given = credential::of(&house.engine, "trakt", "me/watchlist").await;
    let given = given.credential.unwrap();
    assert_eq!(given.key.as_deref(), Some("trakt-id"));
    assert_eq!(given.token.as_deref(), Some("first-access"));
    assert_eq!(given.account.as_deref(), Some("alice"));
}

#[actix_rt::test]
async fn no_token_lies_in_the_database_in_clear_or_in_what_is_told() {
    let site = trakt();
    let house = House::new(&site);
    let first = start(&house.engine, "trakt").await.unwrap();
    let last = house.over("trakt").await;
    assert_eq!(last.state, SignInState::SignedIn);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("alice") && text.contains("v1:"));
    let told = format!("{first:?} {last:?} {:?}", house.rows().await);
    for secret in ["first-access", "first-refresh", "device-hush", "trakt-hush"] {
        assert!(!text.contains(secret), "{secret}");
        assert!(!told.contains(secret), "{secret}");
    }
    assert!(!format!("{:?}", house.rows().await).contains("v1:"));
}

#[actix_rt::test]
async fn a_person_signs_in_to_simkl() {
    let site = FakeSite::new(|asked, before| match asked.line.as_str() {
        "GET /oauth/pin" => {
            let body = json!({
                "result": "OK", "device_code": "DEVICE_CODE", "user_code": "5G6JA",
                "verification_uri": "https://simkl.example/pin", "expires_in": 900, "interval": 0.02,
            });
            (200, body)
        }
        "GET /oauth/pin/5G6JA" if before == 0 => (
            200,
            json!({"result": "KO", "message": "Authorization pending"}),
        ),
        "GET /oauth/pin/5G6JA" => (200, json!({"result": "OK", "access_token": "first-access"})),
        "GET /users/settings" => {
            let body = json!({"user": {"name": "Alice A."}, "account": {"id": 1234}});
            (200, body)
        }
        _ => (404, json!({})),
    });
    let house = House::new(&site);
    let view = start(&house.engine, "simkl").await.unwrap();
    assert_eq!(view.user_code.as_deref(), Some("5G6JA"));
    let view = house.over("simkl").await;
    assert_eq!(view.account.as_deref(), Some("1234"));
    let polled = &site.all("GET /oauth/pin/5G6JA")[0];
    assert!(polled.query.contains("client_id=simkl-id"), "{polled:?}");
    let rows = house.rows().await;
    assert_eq!(rows[0].expires_at, None);
    // A token of the settings wins, and brings no account.
    let set = [("SIMKL_USER_TOKEN", "of-the-settings")];
    for (more, token, account) in [
        (&[][..], "first-access", Some("1234")),
        (&set[..], "of-the-settings", None),
    ] {
        let given = credential::of(&house.successor(None, more), "simkl", "plantowatch").await;
        let given = given.credential.unwrap();
        assert_eq!(given.token.as_deref(), Some(token));
        assert_eq!(given.account.as_deref(), account);
    }
}

#[actix_rt::test]
async fn a_person_signs_in_to_tmdb_with_either_kind_of_key() {
    let site = FakeSite::new(|asked, before| match asked.line.as_str() {
        "POST /4/auth/request_token" | "GET /3/authentication/token/new" => {
            let body = json!({
                "success": true, "request_token": "ask-me", "interval": 0.02, "expires_in": 60,
            });
            (200, body)
        }
        "POST /4/auth/access_token" if before == 0 => (422, json!({"status_code": 41})),
        "POST /4/auth/access_token" => (
            200,
            json!({"access_token": "v4-access", "account_id": "4bc88"}),
        ),
        "POST /3/authentication/session/new" if before == 0 => (401, json!({"status_code": 17})),
        "POST /3/authentication/session/new" => (200, json!({"session_id": "v3-session"})),
        "GET /3/account" => (200, json!({"id": 77, "username": "alice"})),
        _ => (404, json!({})),
    });
    let house = House::new(&site);
    for (key, page, account, token) in [
        (
            "tmdbkey",
            format!("{}/authenticate/ask-me", site.url),
            "77",
            "v3-session",
        ),
        (
            "a.b.c",
            format!("{}/auth/access?request_token=ask-me", site.url),
            "4bc88",
            "v4-access",
        ),
    ] {
        let engine = house.successor(None, &[("TMDB_KEY", key)]);
        let view = start(&engine, "tmdb").await.unwrap();
        assert_eq!(view.verification_url, Some(page));
        assert_eq!(view.user_code, None);
        let mut progress = engine.sign_ins.last.borrow()["tmdb"].progress.clone();
        let end = ended(site::find("tmdb").unwrap(), &mut progress).await;
        assert_eq!(end.unwrap().account.as_deref(), Some(account));
        let given = credential::of(&engine, "tmdb", &format!("{account}/watchlist")).await;
        let given = given.credential.unwrap();
        assert_eq!(given.token.as_deref(), Some(token));
    }
    let asked = &site.all("POST /4/auth/access_token")[0];
    assert_eq!(asked.header("authorization"), "Bearer a.b.c");
    let asked = &site.all("GET /3/account")[0];
    assert_eq!(asked.query, "api_key=tmdbkey&session_id=v3-session");
}

#[actix_rt::test]
async fn a_person_signs_in_to_plex_without_an_application() {
    let site = FakeSite::new(|asked, before| match asked.line.as_str() {
        "POST /api/v2/pins" => {
            let body = json!({"id": 42, "code": "QX7Z", "expiresIn": 1800, "interval": 0.02});
            (201, body)
        }
        "GET /api/v2/pins/42" if before == 0 => (200, json!({"id": 42, "authToken": null})),
        "GET /api/v2/pins/42" => (200, json!({"id": 42, "authToken": "plex-access"})),
        "GET /api/v2/user" => (200, json!({"id": 5, "username": "alice"})),
        _ => (404, json!({})),
    });
    let house = House::new(&site);
    let view = start(&house.engine, "plex").await.unwrap();
    assert_eq!(view.user_code.as_deref(), Some("QX7Z"));
    assert_eq!(view.verification_url, Some(format!("{}/link", site.url)));
    assert!(view.expires_in_s > 1700);
    let view = house.over("plex").await;
    assert_eq!(view.account.as_deref(), Some("alice"), "{view:?}");
    let asked = site.asked.lock().unwrap().clone();
    let client = asked[0].header("x-plex-client-identifier");
    assert!(!client.is_empty());
    assert!(
        asked
            .iter()
            .all(|asked| asked.header("x-plex-client-identifier") == client)
    );
    let who = asked.last().unwrap();
    assert_eq!(who.header("x-plex-token"), "plex-access");
}

#[actix_rt::test]
async fn one_person_at_a_time_signs_in_to_a_site_and_can_end_it() {
    let site = FakeSite::new(|asked, _| code(asked).unwrap_or((400, json!({}))));
    let house = House::new(&site);
    assert_eq!(
        status(&house.engine, "trakt").unwrap_err().code,
        FailureCode::NotFound
    );
    start(&house.engine, "trakt").await.unwrap();
    let busy = start(&house.engine, "trakt").await.unwrap_err();
    assert_eq!(busy.code, FailureCode::Busy);
    let view = cancel(&house.engine, "trakt").await.unwrap();
    assert_eq!(view.state, SignInState::Cancelled);
    let asked = site.lines().len();
    let nothing = cancel(&house.engine, "trakt").await.unwrap_err();
    assert_eq!(nothing.code, FailureCode::NotFound);
    assert!(house.rows().await.is_empty());
    assert_eq!(site.lines().len(), asked);
    start(&house.engine, "trakt").await.unwrap();
}

#[actix_rt::test]
async fn hanging_up_ends_a_sign_in_that_is_followed_and_no_other() {
    let site = FakeSite::new(|asked, _| code(asked).unwrap_or((400, json!({}))));
    let house = House::new(&site);
    let client = socket(&house.engine, house.folder.path());
    let mut stream = client.stream(request("trakt")).await.unwrap();
    answer(&mut stream).await.unwrap();
    // Somebody who comes second is refused, and that ends nothing.
    let mut second = client.stream(request("trakt")).await.unwrap();
    assert!(answer(&mut second).await.is_err());
    drop(second);
    assert_eq!(
        status(&house.engine, "trakt").unwrap().state,
        SignInState::Waiting
    );
    drop(stream);
    assert_eq!(house.over("trakt").await.state, SignInState::Cancelled);
}

#[actix_rt::test]
async fn a_site_that_stumbles_is_asked_on() {
    let site = FakeSite::new(|asked, before| {
        code(asked).unwrap_or_else(|| match (asked.line.as_str(), before) {
            ("POST /oauth/device/token", 0) => (502, json!("<html>Bad gateway</html>")),
            ("POST /oauth/device/token", 1) => (403, json!("<html>Just a moment</html>")),
            ("POST /oauth/device/token", _) => (200, pair("first", 604_800)),
            ("GET /users/settings", 0) => (503, json!("<html>")),
            ("GET /users/settings", _) => (200, json!({"user": {"username": "alice"}})),
            _ => (404, json!({})),
        })
    });
    let house = House::new(&site);
    start(&house.engine, "trakt").await.unwrap();
    let view = house.over("trakt").await;
    assert_eq!(view.account.as_deref(), Some("alice"), "{view:?}");
}

/// What a person is told after each answer, to the first request and to a poll.
#[actix_rt::test]
async fn every_end_of_a_sign_in_says_why_and_what_to_do() {
    let mut told = String::new();
    for (what, provider, first, poll) in [
        ("denied", "trakt", None, (418, json!({}))),
        ("used", "trakt", None, (409, json!({}))),
        ("expired", "trakt", None, (410, json!({}))),
        ("unknown", "trakt", None, (404, json!({}))),
        (
            "bad secret",
            "trakt",
            None,
            (401, json!({"error": "invalid_client"})),
        ),
        ("no tokens", "trakt", None, (200, json!({}))),
        ("bad id", "trakt", Some((403, json!({}))), (0, json!({}))),
        (
            "blocked",
            "trakt",
            Some((403, json!("<html>"))),
            (0, json!({})),
        ),
        ("too often", "trakt", Some((429, json!({}))), (0, json!({}))),
        (
            "broken",
            "trakt",
            Some((500, json!({"error": "oops"}))),
            (0, json!({})),
        ),
        (
            "a page",
            "trakt",
            Some((200, json!("<html>"))),
            (0, json!({})),
        ),
        (
            "a foreign address",
            "trakt",
            Some((
                200,
                json!({"device_code": 1, "user_code": 2, "verification_url": "javascript:x"}),
            )),
            (0, json!({})),
        ),
        (
            "bad id",
            "simkl",
            Some((412, json!({"error": "client_id_failed"}))),
            (0, json!({})),
        ),
        (
            "expired",
            "simkl",
            None,
            (
                200,
                json!({"result": "OK", "device_code": "DEVICE_CODE", "user_code": "OTHER"}),
            ),
        ),
        (
            "denied",
            "simkl",
            None,
            (400, json!({"error": "access_denied"})),
        ),
        (
            "bad key",
            "tmdb",
            Some((401, json!({"status_code": 7}))),
            (0, json!({})),
        ),
        ("expired", "tmdb", None, (401, json!({"status_code": 33}))),
        ("expired", "plex", None, (404, json!({}))),
    ] {
        let begun = json!({
            "device_code": "d", "user_code": "AB12", "verification_url": "https://x.example/",
            "request_token": "r", "id": 1, "code": "AB12", "expires_in": 60, "interval": 0.02,
        });
        let begins = first.unwrap_or((200, begun));
        let site = FakeSite::new(move |asked, _| {
            let begin = [
                "POST /oauth/device/code",
                "GET /oauth/pin",
                "GET /3/authentication/token/new",
                "POST /api/v2/pins",
            ];
            if begin.contains(&asked.line.as_str()) {
                begins.clone()
            } else {
                poll.clone()
            }
        });
        let house = House::new(&site);
        let view = match start(&house.engine, provider).await {
            Ok(_) => house.over(provider).await,
            Err(_) => status(&house.engine, provider).unwrap(),
        };
        assert_eq!(view.state, SignInState::Failed, "{what}");
        let (problem, remedy) = (view.problem.unwrap(), view.remedy.unwrap());
        writeln!(told, "{provider}, {what}: {problem}. {remedy}").unwrap();
    }
    insta::assert_snapshot!(told);
}

#[actix_rt::test]
async fn what_must_be_set_first_is_named() {
    let site = FakeSite::new(|_, _| (500, json!({})));
    let house = House::new(&site);
    let mut told = String::new();
    for (provider, unset) in [
        ("trakt", "TRAKT_CLIENT_ID"),
        ("trakt", "TRAKT_CLIENT_SECRET"),
        ("simkl", "SIMKL_CLIENT_ID"),
        ("tmdb", "TMDB_KEY"),
        ("imdb", "TMDB_KEY"),
    ] {
        let engine = house.successor(None, &[(unset, "")]);
        let failure = start(&engine, provider).await.unwrap_err();
        let remedy = failure.remedy.as_deref().unwrap();
        writeln!(told, "{provider} without {unset}: {failure}. {remedy}").unwrap();
    }
    assert!(site.lines().is_empty());
    insta::assert_snapshot!(told);
}

#[actix_rt::test]
async fn a_site_that_is_away_is_named_without_its_keys() {
    let site = FakeSite::new(|_, _| (500, json!({})));
    let house = House::new(&site);
    let away = [("LISTSYNC_SIMKL_URL", "http://127.0.0.1:1")];
    let engine = house.successor(None, &away);
    let failure = start(&engine, "simkl").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Unavailable);
    let text = failure.to_string();
    assert!(text.starts_with("Simkl cannot be reached"), "{text}");
    assert!(!text.contains("simkl-id"), "{text}");
}

/// Trakt that renews tokens: the refresh token of a pair is good for one use.
fn renewing() -> FakeSite {
    FakeSite::new(|asked, _| {
        let refresh = asked.body["refresh_token"].as_str().unwrap_or_default();
        match (asked.line.as_str(), refresh) {
            ("POST /oauth/token", "first-refresh") => (200, pair("second", 86_400)),
            ("POST /oauth/token", "second-refresh") => (200, pair("third", 86_400)),
            _ => (400, json!({"error": "invalid_grant"})),
        }
    })
}

async fn token_of(engine: &Engine) -> Option<String> {
    let given = credential::of(engine, "trakt", "me/watchlist").await;
    given.credential?.token
}

#[actix_rt::test]
async fn tokens_are_renewed_once_however_many_lists_need_them() {
    let site = renewing();
    let house = House::new(&site);
    house
        .account("alice", Some("first-refresh"), Some(DAY))
        .await;
    assert_eq!(
        token_of(&house.engine).await.as_deref(),
        Some("first-access")
    );
    assert!(site.lines().is_empty());
    house.clock.advance(Duration::from_hours(18));
    let engine = &house.engine;
    let (one, two, three) = tokio::join!(token_of(engine), token_of(engine), token_of(engine));
    for token in [one, two, three] {
        assert_eq!(token.as_deref(), Some("second-access"));
    }
    let asked = site.all("POST /oauth/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body["grant_type"], "refresh_token");
    assert_eq!(asked[0].body["client_secret"], "trakt-hush");
    house.clock.advance(Duration::from_hours(18));
    assert_eq!(token_of(engine).await.as_deref(), Some("third-access"));
}

#[actix_rt::test]
async fn a_reading_that_is_cancelled_and_a_process_that_is_killed_keep_the_new_pair() {
    let site = renewing();
    let house = House::new(&site);
    house
        .account("alice", Some("first-refresh"), Some(DAY))
        .await;
    house.clock.advance(Duration::from_hours(20));
    // The reading is given up as soon as the site was asked.
    let asked = async {
        while site.lines().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = asked => {}
        token = token_of(&house.engine) => assert_eq!(token.as_deref(), Some("second-access")),
    }
    let before = house.rows().await;
    let stored = async {
        while house.rows().await[0].updated_at == before[0].created_at {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(15), stored).await.unwrap();
    // Whoever comes next uses the new pair, and renews with it when its time comes.
    let successor = house.successor(None, &[]);
    assert_eq!(token_of(&successor).await.as_deref(), Some("second-access"));
    house.clock.advance(Duration::from_hours(20));
    assert_eq!(token_of(&successor).await.as_deref(), Some("third-access"));
    assert_eq!(site.lines().len(), 2);
}

fn refused(cause: Cause) -> ListFetched {
    ListFetched {
        fetch: None,
        outcome: FetchOutcome::Refused {
            reason: "me/watchlist is only shown to its owner".into(),
            remedy: "Sign in.".into(),
            cause,
        },
        name: None,
        read: 0,
        announced: None,
        dropped: 0,
        pages: 0,
        not_modified: false,
        is_as_known: false,
        took_ms: 0,
    }
}

#[actix_rt::test]
async fn a_refused_renewal_is_told_by_the_account_the_check_and_the_list() {
    let site = renewing();
    let house = House::new(&site);
    house
        .account("alice", Some("void-refresh"), Some(DAY))
        .await;
    house.clock.advance(Duration::from_hours(25));
    for _ in 0..2 {
        let given = credential::of(&house.engine, "trakt", "me/watchlist").await;
        let credential = given.credential.clone().unwrap();
        assert_eq!((credential.token, credential.account), (None, None));
        assert_eq!(credential.key.as_deref(), Some("trakt-id"));
        let outcome = given.explained(refused(Cause::NeedsSignIn)).outcome;
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcome.spoken().1.unwrap(), @"me/watchlist is only shown to its owner; Trakt does not accept the sign-in of alice any more. Sign in with `listsync providers sign-in trakt`.");
        }
    }
    // It is not asked again and again.
    assert_eq!(site.lines().len(), 1);
    let given = credential::of(&house.engine, "trakt", "me/watchlist").await;
    let blocked = refused(Cause::Blocked);
    assert_eq!(given.explained(blocked.clone()), blocked);
    let lines = check_lines(&house.engine).await;
    assert_eq!(lines.len(), 1);
    insta::assert_snapshot!(lines[0].message, @"Trakt does not accept the sign-in of alice any more");
    // Signing in again mends it.
    house
        .account("alice", Some("first-refresh"), Some(DAY))
        .await;
    assert_eq!(
        token_of(&house.engine).await.as_deref(),
        Some("first-access")
    );
    assert!(check_lines(&house.engine).await.is_empty());
}

#[actix_rt::test]
async fn a_site_that_is_away_keeps_the_old_token_and_is_not_asked_for_each_list() {
    let site = FakeSite::new(|_, _| (503, json!("<html>Maintenance</html>")));
    let house = House::new(&site);
    house
        .account("alice", Some("first-refresh"), Some(DAY))
        .await;
    house.clock.advance(Duration::from_hours(20));
    for _ in 0..3 {
        assert_eq!(
            token_of(&house.engine).await.as_deref(),
            Some("first-access")
        );
    }
    assert_eq!(site.lines().len(), 1);
    assert!(house.rows().await[0].problem.is_none());
}

#[actix_rt::test]
async fn a_token_that_ran_out_and_cannot_be_renewed_is_not_shown_to_the_site() {
    let site = renewing();
    let house = House::new(&site);
    house.account("alice", None, Some(DAY)).await;
    house.clock.advance(Duration::from_hours(23));
    assert_eq!(
        token_of(&house.engine).await.as_deref(),
        Some("first-access")
    );
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(token_of(&house.engine).await, None);
    assert!(site.lines().is_empty());
}

#[actix_rt::test]
async fn another_master_key_is_named_and_loses_nothing() {
    let site = renewing();
    let house = House::new(&site);
    house.account("alice", Some("first-refresh"), None).await;
    let other = house.successor(Some("battery staple"), &[]);
    assert_eq!(token_of(&other).await, None);
    let lines = check_lines(&other).await;
    insta::assert_snapshot!(
        format!("{}. {}", lines[0].message, lines[0].remedy.as_deref().unwrap()),
        @"the tokens of the account alice on Trakt were saved under another key than the one from LISTSYNC_SECRET_KEY. Bring that other key back, or sign in anew with `listsync providers sign-in trakt`."
    );
    assert_eq!(
        token_of(&house.engine).await.as_deref(),
        Some("first-access")
    );
}

#[actix_rt::test]
async fn signing_out_forgets_the_account_that_was_meant() {
    let site = renewing();
    let house = House::new(&site);
    let out = async |account: Option<&str>| {
        let request = SignOut {
            provider: "trakt".into(),
            account: account.map(str::to_owned),
        };
        sign_out(&house.engine, request).await
    };
    assert_eq!(out(None).await.unwrap_err().code, FailureCode::NotFound);
    house.account("alice", None, None).await;
    house.account("bob", None, None).await;
    let which = out(None).await.unwrap_err();
    assert_eq!(which.code, FailureCode::Invalid);
    assert_eq!(which.remedy.as_deref(), Some("Say which: alice, bob."));
    assert_eq!(
        out(Some("carol")).await.unwrap_err().code,
        FailureCode::NotFound
    );
    assert_eq!(out(Some("ALICE")).await.unwrap().account, "alice");
    assert_eq!(out(None).await.unwrap().account, "bob");
    assert!(house.rows().await.is_empty());
}

#[actix_rt::test]
async fn the_sites_are_shown_with_their_keys_and_accounts() {
    let site = renewing();
    let house = House::new(&site);
    let folder = house.folder.path().to_owned();
    actix_rt::spawn(async move {
        let handler = |_, answers: Answers<ScraperLink>| async move {
            let info = |name: &str, key: Option<&str>| schema::wire::scraper::ProviderInfo {
                name: name.into(),
                title: name.to_uppercase(),
                accepts: vec!["an address".into()],
                needs_key: key.map(Into::into),
                needs_browser: false,
                has_sign_in: false,
                is_enabled: true,
                notice: None,
            };
            let providers = vec![
                info("imdb", None),
                info("trakt", Some("providers.trakt.client_id")),
                info("tvdb", Some("providers.tvdb.key")),
            ];
            let list = schema::wire::scraper::ProviderList { providers };
            answers
                .last(schema::wire::scraper::FromScraper::Providers(list))
                .await;
        };
        serve::<ScraperLink, _>(&folder.join(ScraperLink::SOCKET), handler, Stop::new())
            .await
            .unwrap();
    });
    house
        .account("alice", Some("void-refresh"), Some(DAY))
        .await;
    house.clock.advance(Duration::from_hours(25));
    assert_eq!(token_of(&house.engine).await, None);
    let views = providers(&house.engine).await.unwrap();
    insta::assert_json_snapshot!(views);
}
