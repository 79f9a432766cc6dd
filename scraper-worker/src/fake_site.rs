//! What tests read from: a site on loopback that answers as told, and a provider whose lists are
//! plain JSON. Leaves the real sites' shapes to `providers/fixtures.rs`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use runtime::{
    Boot, Clock, Environment, Readiness, Stop,
    settings::{self, BrowserSettings, ProvidersSettings},
};
use schema::{
    Db,
    models::{MediaType, Setting},
    wire::scraper::Entry,
};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::{
    fetch::{Browser, Fetcher, Guard, Means, Place},
    provider::{
        Answer, Detail, Extent, Ids, ListToRead, Named, Page, Politeness, Provider, ProviderError,
        Reach, Recognized, Request, SourceKey, Way,
    },
    settings::Limits,
};

/// What a site was asked.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// From 0.
    pub(crate) number: usize,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Hit {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The number in `page=…`, 1 without.
    pub(crate) fn page(&self) -> u32 {
        self.query
            .strip_prefix("page=")
            .map_or(1, |number| number.parse().unwrap())
    }
}

type Reply = dyn Fn(&Hit) -> HttpResponse + Send + Sync;

struct Shared {
    reply: Box<Reply>,
    hits: Mutex<Vec<Hit>>,
    count: AtomicUsize,
}

/// A site on loopback; it ends with the test's process.
pub(crate) struct FakeSite {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _handle: ServerHandle,
}

impl FakeSite {
    #[expect(
        clippy::unused_async,
        reason = "it needs the runtime that only an async test has"
    )]
    pub(crate) async fn start(
        reply: impl Fn(&Hit) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            reply: Box::new(reply),
            hits: Mutex::default(),
            count: AtomicUsize::new(0),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Self {
            url,
            shared,
            _handle: handle,
        }
    }

    /// The same, said to be where nobody listens.
    pub(crate) fn away(mut self) -> Self {
        self.url = "http://127.0.0.1:9".into();
        self
    }

    pub(crate) fn hits(&self) -> Vec<Hit> {
        self.shared.hits.lock().unwrap().clone()
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let hit = Hit {
        number: shared.count.fetch_add(1, Ordering::SeqCst),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.hits.lock().unwrap().push(hit.clone());
    (shared.reply)(&hit)
}

/// A page of [`PlainLists`]: `{"items":[1,2],"total":2,"next":2}`. Items may also be titles, and
/// `unreadable`, `name` and `late` (the reading's time is up now) may be added.
pub(crate) fn plain(
    items: std::ops::Range<u32>,
    total: Option<u32>,
    next: Option<u32>,
) -> HttpResponse {
    let items: Vec<u32> = items.collect();
    HttpResponse::Ok().json(serde_json::json!({"items": items, "total": total, "next": next}))
}

/// A provider of lists in plain JSON, one way per base address, without any rate.
#[derive(Default)]
pub(crate) struct PlainLists {
    pub(crate) ways: Vec<(&'static str, String)>,
    pub(crate) is_whole_list: bool,
    /// Its addresses are somebody's input.
    pub(crate) is_guarded: bool,
    /// Where the ids of titles are told: `/film/<title>` is `{"imdb":"tt1","tmdb":1,"is_show":true}`.
    pub(crate) films: Option<String>,
    pub(crate) is_late: AtomicBool,
    /// Answers it has parsed.
    pub(crate) parsed: AtomicUsize,
}

impl PlainLists {
    pub(crate) fn at(sites: &[&FakeSite]) -> Self {
        let names = ["first", "second", "third"];
        let ways = names
            .into_iter()
            .zip(sites.iter().map(|site| site.url.clone()))
            .collect();
        Self {
            ways,
            ..Self::default()
        }
    }
}

impl Provider for PlainLists {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn title(&self) -> &'static str {
        "Plain"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.0,
            burst: 1,
            at_once: 4,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Use the export file."
    }

    fn extent(&self) -> Extent {
        let usual = Extent::default();
        let is_late = self.is_late.load(Ordering::SeqCst);
        Extent {
            time: if is_late { Duration::ZERO } else { usual.time },
            ..usual
        }
    }

    fn detail(
        &self,
        entry: &Entry,
        _: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        let (Some(films), None) = (&self.films, &entry.imdb_id) else {
            return Ok(None);
        };
        let url = Url::parse(&format!("{films}/film/{}", entry.title)).unwrap();
        Ok(Some(Detail {
            key: SourceKey {
                source: "plain_film",
                key: entry.title.clone(),
            },
            request: Request::get(url, "film"),
        }))
    }

    fn parse_detail(&self, _: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        let body = answer.json()?;
        Ok(Ids {
            season: None,
            tvdb_id: None,
            media_type: body["is_show"].as_bool().map(|is_show| {
                if is_show {
                    MediaType::Tv
                } else {
                    MediaType::Movie
                }
            }),
            imdb_id: body["imdb"].as_str().map(str::to_owned),
            tmdb_id: body["tmdb"].as_i64(),
        })
    }

    fn recognize(&self, _: &str) -> Option<Recognized> {
        None
    }

    fn ways(&self, _: &ListToRead, _: &ProvidersSettings) -> Result<Vec<Way>, ProviderError> {
        let way = |(name, base): &(&'static str, String)| {
            let request = Request::get(Url::parse(base).unwrap(), "page");
            Way {
                name,
                first: Request {
                    is_whole_list: self.is_whole_list,
                    reach: if self.is_guarded {
                        Reach::Guarded
                    } else {
                        Reach::OwnersSite
                    },
                    ..request
                },
            }
        };
        Ok(self.ways.iter().map(way).collect())
    }

    fn parse(
        &self,
        _: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        self.parsed.fetch_add(1, Ordering::SeqCst);
        if answer.status == 410 {
            return Err(ProviderError::Refused {
                cause: schema::models::Cause::Unreachable,
                reason: "the list is private".into(),
                remedy: "Make it public.".into(),
            });
        }
        let body = answer.json()?;
        let is_late = body["late"].as_bool().unwrap_or_default();
        self.is_late.store(is_late, Ordering::SeqCst);
        let items = body["items"]
            .as_array()
            .ok_or_else(|| ProviderError::changed("no items"))?;
        let next = body["next"].as_u64().map(|number| {
            let mut url = request.url.clone();
            url.set_query(Some(&format!("page={number}")));
            Request {
                url,
                ..request.clone()
            }
        });
        Ok(Page {
            entries: items.iter().map(entry).collect(),
            announced: body["total"]
                .as_u64()
                .map(|total| u32::try_from(total).unwrap()),
            next,
            name: body["name"].as_str().map(str::to_owned),
            unreadable: u32::try_from(body["unreadable"].as_u64().unwrap_or_default()).unwrap(),
            ..Page::default()
        })
    }
}

/// A provider without its pauses.
pub(crate) struct Unhurried(pub(crate) &'static dyn Provider);

impl Provider for Unhurried {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn title(&self) -> &'static str {
        self.0.title()
    }

    fn accepts(&self) -> &'static [&'static str] {
        self.0.accepts()
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.0,
            ..self.0.politeness()
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        self.0.remedy_when_blocked()
    }

    fn extent(&self) -> Extent {
        self.0.extent()
    }

    fn detail(
        &self,
        entry: &Entry,
        sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        self.0.detail(entry, sites)
    }

    fn signed(&self, detail: Detail, asked: &Request) -> Detail {
        self.0.signed(detail, asked)
    }

    fn parse_detail(&self, request: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        self.0.parse_detail(request, answer)
    }

    fn parse_detail_name(&self, request: &Request, answer: &Answer) -> Option<Named> {
        self.0.parse_detail_name(request, answer)
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        self.0.recognize(input)
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        self.0.ways(list, sites)
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        self.0.parse(list, request, answer)
    }
}

fn entry(item: &Value) -> Entry {
    if let Some(title) = item.as_str() {
        return Entry {
            title: title.to_owned(),
            ..Entry::default()
        };
    }
    let number = item.as_u64().unwrap();
    Entry {
        title: format!("Film {number}"),
        imdb_id: Some(format!("tt{number:07}")),
        ..Entry::default()
    }
}

/// A database of its own, and limits that make failures quick.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list_sync.db");
        schema::migrate(&file).unwrap();
        let clock = Clock::fixed("2026-11-21T12:00:00".parse().unwrap());
        Self {
            db: Db::open(&file).unwrap(),
            folder,
            clock,
        }
    }

    /// How a process begins whose sites are all at `url`.
    pub(crate) fn boot(&self, url: &str) -> Boot {
        let environment = environment(url);
        Boot {
            settings: settings::load(&environment, None, &[]).unwrap(),
            db: self.db.clone(),
            cipher: None,
            clock: self.clock.clone(),
            stop: Stop::new(),
            ready: Readiness::default(),
            environment,
        }
    }

    /// Saves a setting.
    pub(crate) async fn set(&self, key: &str, value: &str) {
        let row = Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            is_encrypted: false,
            updated_at: self.clock.now(),
        };
        let saved = self.db.write(move |conn| row.save(conn)).await;
        saved.unwrap();
    }

    /// Empties the database, for connections that are not there yet: every query fails.
    pub(crate) fn spoil(&self) {
        std::fs::write(self.folder.path().join("list_sync.db"), "").unwrap();
    }

    /// A fetcher as after a start of the process.
    pub(crate) fn fetcher(&self) -> Fetcher {
        self.fetcher_with(limits())
    }

    pub(crate) fn fetcher_with(&self, limits: Limits) -> Fetcher {
        let guard = Guard::new(true);
        let browser = BrowserSettings {
            path: None,
            memory_mb: 800,
        };
        let place = Place {
            folder: self.folder.path().join("browser"),
            is_container: true,
        };
        let means = Means {
            browser: Browser::new(browser, guard.clone(), place),
            guard,
            exports: self.folder.path().join("exports"),
        };
        Fetcher::new(limits, means, self.db.clone(), self.clock.clone()).unwrap()
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(3),
        idle: Duration::from_millis(400),
        body_bytes: 1024 * 1024,
        first_delay: Duration::from_millis(10),
        ..Limits::default()
    }
}

/// Settings with every site at `url`.
pub(crate) fn sites(url: &str) -> ProvidersSettings {
    let loaded = settings::load(&environment(url), None, &[]).unwrap();
    loaded.settings.providers
}

fn environment(url: &str) -> Environment {
    Environment::of([
        ("LISTSYNC_DATA_DIR", "/nowhere"),
        ("LISTSYNC_ANILIST_URL", url),
        ("LISTSYNC_ANIME_MAP_URL", &format!("{url}/anime-map.json")),
        ("LISTSYNC_MYANIMELIST_API_URL", url),
        ("LISTSYNC_MYANIMELIST_URL", url),
        ("LISTSYNC_IMDB_URL", url),
        ("LISTSYNC_STEVENLU_URL", url),
        ("LISTSYNC_TRAKT_URL", url),
        ("LISTSYNC_LETTERBOXD_URL", url),
        ("LISTSYNC_TMDB_URL", url),
        ("LISTSYNC_MDBLIST_URL", url),
        ("LISTSYNC_MDBLIST_API_URL", url),
        ("LISTSYNC_TVDB_URL", url),
        ("LISTSYNC_TVDB_API_URL", url),
        ("LISTSYNC_SIMKL_URL", url),
        ("LISTSYNC_SIMKL_DATA_URL", url),
        ("LISTSYNC_PLEX_URL", url),
        ("LISTSYNC_PLEX_RSS_URL", url),
        ("LISTSYNC_TMDB_API_URL", url),
    ])
}
