//! A world for tests: the app over a database of its own, and doubles of the sync-worker and the
//! supervisor behind real sockets.

mod supervisor;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    body::to_bytes,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    test, web,
};
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use runtime::{
    Clock, Listeners, Stop,
    listen::Ports,
    secret::api_key_digest,
    settings::{AuthMode, HttpSettings, PathSettings},
    socket::{Answers, serve},
};
use schema::{
    Db, SqliteConnection,
    models::{ApiKey, FetchKind, List, ListId, NewApiKey, NewList, RunId, RunStatus, RunTrigger},
    wire::{
        Failure, FailureCode, Link,
        scraper::{BrowserState, BrowserStatus},
        supervisor::SupervisorLink,
        sync::{
            FromSyncWorker, ListView, Missing, RunCounts, RunPhase, RunProgress, RunRef,
            RunStarted, RunSummary, SyncLink, SyncStatus, ToSyncWorker,
        },
    },
};
use serde_json::Value;

pub(crate) use supervisor::{Supervisor, end, line, processes};

use crate::{error::PROBLEM, server, shared::Shared};

pub(crate) const KEY: &str = "a-key-of-forty-three-characters-0123456789a";

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) paths: PathSettings,
    pub(crate) clock: Clock,
    sync: Double,
    pub(crate) supervisor: Supervisor,
    pub(crate) shared: web::Data<Shared>,
    stop: Stop,
    _folder: tempfile::TempDir,
}

/// What the double of the sync-worker was asked, and what it answers next instead of its default.
#[derive(Clone, Default)]
struct Double {
    asked: Arc<Mutex<Vec<ToSyncWorker>>>,
    next: Arc<Mutex<VecDeque<FromSyncWorker>>>,
    status: Arc<Mutex<Option<SyncStatus>>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.request();
    }
}

impl World {
    /// With both other processes, and a key needed.
    pub(crate) async fn new() -> Self {
        Self::with(AuthMode::Required).await
    }

    pub(crate) async fn with(auth: AuthMode) -> Self {
        let world = Self::at(auth).await;
        let sync = world.sync.clone();
        let path = world.paths.socket(SyncLink::SOCKET);
        let handler = move |request, answers: Answers<SyncLink>| {
            let answer = sync.answer(request);
            async move { answers.last(answer).await }
        };
        spawn::<SyncLink, _>(&path, handler, &world.stop).await;
        let path = world.paths.socket(SupervisorLink::SOCKET);
        let supervisor = world.supervisor.clone();
        let handler = move |request, answers: Answers<SupervisorLink>| {
            supervisor.clone().answer(request, answers)
        };
        spawn::<SupervisorLink, _>(&path, handler, &world.stop).await;
        world
    }

    /// With nobody behind the sockets.
    pub(crate) async fn alone() -> Self {
        Self::at(AuthMode::Required).await
    }

    async fn at(auth: AuthMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        let paths = PathSettings {
            data_dir: at("data"),
            run_dir: at("run"),
            log_dir: at("logs"),
        };
        paths.create().unwrap();
        schema::migrate(&paths.database()).unwrap();
        let clock = Clock::fixed(now().naive_utc());
        let db = Db::open(&paths.database()).unwrap();
        let key = NewApiKey {
            name: "tests".into(),
            digest: api_key_digest(KEY),
            created_at: clock.now(),
        };
        db.write(move |conn| ApiKey::insert(conn, &key))
            .await
            .unwrap();
        let shared = shared(&db, &paths, auth, &clock);
        Self {
            db,
            paths,
            clock,
            sync: Double::default(),
            supervisor: Supervisor::default(),
            shared,
            stop: Stop::new(),
            _folder: folder,
        }
    }

    /// What a second process of the same kind would have.
    pub(crate) fn successor(&self) -> web::Data<Shared> {
        shared(&self.db, &self.paths, self.shared.auth, &self.clock)
    }

    /// Takes the tables away that say who may come in and what ran.
    pub(crate) async fn break_database(&self) {
        let drop = |conn: &mut SqliteConnection| {
            conn.batch_execute("DROP TABLE api_keys; DROP TABLE sync_history;")
        };
        self.db.write(drop).await.unwrap();
    }

    /// What the sync-worker answers next instead of its default.
    pub(crate) fn sync_answers(&self, answer: FromSyncWorker) {
        self.sync.next.lock().unwrap().push_back(answer);
    }

    /// The next request to the sync-worker fails.
    pub(crate) fn sync_fails(&self, code: FailureCode, message: &str) {
        self.sync_answers(Failure::new(code, message).into());
    }

    /// What the sync-worker says of itself from now on.
    pub(crate) fn sync_is(&self, status: SyncStatus) {
        *self.sync.status.lock().unwrap() = Some(status);
    }

    /// What the sync-worker was asked beside its status.
    pub(crate) fn asked(&self) -> Vec<ToSyncWorker> {
        self.sync.asked.lock().unwrap().clone()
    }

    pub(crate) async fn insert_list(&self, list_type: &str, list_id: &str) -> ListId {
        let new = NewList {
            list_type: list_type.into(),
            list_id: list_id.into(),
            list_url: format!("https://{list_type}.example/{list_id}"),
            description: format!("{list_id} of {list_type}"),
            status: FetchKind::New,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        self.db
            .write(move |conn| List::insert(conn, &new))
            .await
            .unwrap()
            .id
    }

    pub(crate) async fn anonymous(&self, method: &str, path: &str) -> Answer {
        self.ask(method, path, &[], None, "").await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    /// With the key.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, &[("x-api-key", KEY)], None, body)
            .await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        peer: Option<&str>,
        body: &str,
    ) -> Answer {
        let app = test::init_service(server::app(self.shared.clone())).await;
        let peer: SocketAddr = format!("{}:50000", peer.unwrap_or("203.0.113.7"))
            .parse()
            .unwrap();
        let mut request = test::TestRequest::with_uri(path)
            .method(method.parse().unwrap())
            .peer_addr(peer)
            .set_payload(body.to_owned());
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.insert_header(("host", "localhost:4222"));
        }
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let (response, body) = test::call_service(&app, request.to_request())
            .await
            .into_parts()
            .1
            .into_parts();
        let body = to_bytes(body).await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

fn shared(db: &Db, paths: &PathSettings, auth: AuthMode, clock: &Clock) -> web::Data<Shared> {
    let ports = Ports {
        api: "127.0.0.1:4222".parse().unwrap(),
        dashboard: "127.0.0.1:3222".parse().unwrap(),
    };
    let zone = Some("UTC".to_owned());
    web::Data::new(Shared::at(
        db.clone(),
        paths,
        auth,
        ports,
        zone,
        clock.clone(),
    ))
}

/// Two ports of this machine that were free.
pub(crate) fn listeners() -> Listeners {
    let http = HttpSettings {
        api_port: 0,
        dashboard_port: 0,
        bind: "127.0.0.1".parse().unwrap(),
        auth: AuthMode::Required,
        trusted_proxies: Vec::new(),
    };
    Listeners::bind(&http).unwrap()
}

impl Double {
    fn answer(&self, request: ToSyncWorker) -> FromSyncWorker {
        if let ToSyncWorker::Status(_) = request {
            let status = self.status.lock().unwrap().clone();
            return FromSyncWorker::Status(status.unwrap_or_else(sync_status));
        }
        if let ToSyncWorker::Browser(_) = request {
            return FromSyncWorker::Browser(browser());
        }
        self.asked.lock().unwrap().push(request.clone());
        if let Some(answer) = self.next.lock().unwrap().pop_front() {
            return answer;
        }
        match request {
            ToSyncWorker::StartRun(_) => FromSyncWorker::RunStarted(RunStarted {
                run: RunId(7),
                is_queued: false,
            }),
            ToSyncWorker::CancelRun(_) => FromSyncWorker::RunCancelled(RunRef { run: RunId(7) }),
            _ => FromSyncWorker::List(Box::new(list_view())),
        }
    }
}

pub(crate) async fn spawn<L: Link, H: runtime::socket::Handler<L>>(
    path: &Path,
    handler: H,
    stop: &Stop,
) {
    let (socket, stop) = (path.to_owned(), stop.clone());
    actix_rt::spawn(async move { serve::<L, H>(&socket, handler, stop).await.unwrap() });
    let bound = async {
        while !path.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), bound)
        .await
        .unwrap();
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) text: String,
    headers: HeaderMap,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .get(name)
            .map_or("", |value: &HeaderValue| value.to_str().unwrap())
    }

    /// Whether it is an error in the form of all errors.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.json
        );
        assert_eq!(self.header("content-type"), PROBLEM);
        assert_eq!(self.json["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(!self.json[member].as_str().unwrap().is_empty(), "{member}");
        }
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("access-control-allow-origin"), "");
    }

    /// Whether it is a 422 that names exactly these fields.
    #[track_caller]
    pub(crate) fn blames(&self, fields: &[&str]) {
        self.is_problem(422, "invalid");
        let named: Vec<&str> = self.json["fields"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(named, fields);
    }
}

fn browser() -> BrowserStatus {
    BrowserStatus {
        state: BrowserState::Idle,
        path: Some("/usr/bin/chromium".into()),
        version: None,
        is_sandboxed: None,
        problem: None,
        remedy: None,
    }
}

pub(crate) fn sync_status() -> SyncStatus {
    SyncStatus {
        run: None,
        last_run: Some(RunSummary {
            plan: None,
            undone_by: None,
            run: RunId(3),
            trigger: RunTrigger::Schedule,
            status: RunStatus::Completed,
            reason: None,
            started_at: now(),
            completed_at: Some(now()),
            counts: RunCounts {
                entries: 250,
                requested: 12,
                ..RunCounts::default()
            },
        }),
        next_sync: Some(now() + chrono::TimeDelta::hours(6)),
        interval_hours: 6.0,
        automated: true,
        missing: Vec::new(),
        queued: 0,
    }
}

pub(crate) fn progress() -> RunProgress {
    RunProgress {
        run: RunId(8),
        phase: RunPhase::Apply,
        done: 3,
        total: 10,
        item: Some("Heat".into()),
    }
}

pub(crate) fn missing() -> Missing {
    Missing {
        what: "Seerr is not configured".into(),
        remedy: "Set OVERSEERR_URL and OVERSEERR_API_KEY.".into(),
    }
}

pub(crate) fn list_view() -> ListView {
    ListView {
        withdraws: None,
        status_cause: None,
        last_read_at: None,
        last_read_entries: None,
        last_error: None,
        last_error_at: None,
        shrink_limit_percent: None,
        id: ListId(5),
        list_type: "imdb".into(),
        list_id: "top".into(),
        list_url: "https://imdb.example/chart/top".into(),
        description: "Top 250".into(),
        item_count: 0,
        status: FetchKind::New,
        status_reason: None,
        last_synced: None,
        auto_sync: true,
        item_limit: None,
        is_4k: None,
        requested_as: Some(1),
        from_settings: false,
        removed_at: None,
        created_at: now(),
        updated_at: now(),
        ask_first: false,
        waiting_titles: None,
        notice: None,
    }
}
