//! Sends the requests of providers: politely per host, again when that may help, conditionally when
//! the answer is kept. Leaves what an answer means to the provider and which request is next to
//! `walk`. Dropping a future here ends the request or the wait at once.

mod allowed;
mod browser;
mod encoding;
mod extra;
pub(crate) mod file;
mod guard;
mod host;
mod http;
mod retry;

use std::{cell::RefCell, collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use chrono::{Days, NaiveDateTime, NaiveTime};
use runtime::{Chain, Clock};
use schema::{Db, models::HttpCache};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{Instant, sleep},
};

pub(crate) use self::{
    allowed::Allowed,
    browser::{Browser, Place},
    extra::{ExtraHeaders, like},
    guard::Guard,
    http::HttpError,
};
use self::{
    host::{Denied, Host, Memory, Noted, Went},
    http::{Along, Http, Validators, host_of},
    retry::{Then, Tried},
};
use crate::{
    provider::{Answer, Politeness, Provider, Request, Via},
    settings::Limits,
};

/// Why a request has no answer to read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// No complete answer came, however often it was tried.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The host wants to be left alone, longer than a reading waits.
    #[error("{host} asked to be left alone until {} UTC", .until.format("%Y-%m-%d %H:%M:%S"))]
    Later { host: String, until: NaiveDateTime },
    /// The host failed each time.
    #[error("{host} answered {status} each time it was asked")]
    Status { host: String, status: u16 },
    /// The host failed so often that it is not asked for a while.
    #[error(
        "{host} failed {failures} times in a row ({why}) and is not asked until {} UTC",
        .until.format("%Y-%m-%d %H:%M:%S")
    )]
    Resting {
        host: String,
        failures: u32,
        /// How it failed last, as a fragment.
        why: String,
        until: NaiveDateTime,
    },
    /// The host has been asked as often as it takes a day.
    #[error(
        "the {per_day} requests a day that {host} takes are used up until {} UTC",
        .until.format("%Y-%m-%d %H:%M:%S")
    )]
    UsedUp {
        host: String,
        per_day: u32,
        until: NaiveDateTime,
    },
}

impl FetchError {
    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Later { .. }
            | Self::Status { .. }
            | Self::Resting { .. }
            | Self::UsedUp { .. } => true,
        }
    }
}

/// An answer to read.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) answer: Answer,
    /// Whether the site said that what we keep is still right.
    pub(crate) is_not_modified: bool,
    /// What to hand to [`Fetcher::keep`] once the answer was understood.
    pub(crate) to_keep: Option<HttpCache>,
}

/// Waiting for sites that a reading may still do.
#[derive(Debug)]
pub(crate) struct Budget(Duration);

impl Budget {
    fn take(&mut self, wait: Duration) -> bool {
        let left = self.0.checked_sub(wait);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// By what requests are carried out beside HTTP.
pub(crate) struct Means {
    pub(crate) browser: Browser,
    pub(crate) guard: Guard,
    /// The folder of export files.
    pub(crate) exports: PathBuf,
}

/// For whom a request is sent. Sites with different paces may share a host, behind a mirror of the
/// owner's, and none of them must set the pace of another or use up what it may ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Asker {
    /// The provider's name.
    pub(crate) name: &'static str,
    pub(crate) politeness: Politeness,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct QueueKey {
    host: String,
    name: &'static str,
    per_second_bits: u64,
    burst: u32,
    at_once: u32,
    per_day: Option<u32>,
}

impl Asker {
    pub(crate) fn of(provider: &dyn Provider, request: &Request) -> Self {
        Self {
            name: provider.name(),
            politeness: provider.politeness_of(request),
        }
    }

    /// What tells the queues of one host apart.
    fn key(self, host: &str) -> QueueKey {
        let Politeness {
            per_second,
            burst,
            at_once,
            per_day,
        } = self.politeness;
        QueueKey {
            host: host.to_owned(),
            name: self.name,
            per_second_bits: per_second.to_bits(),
            burst,
            at_once,
            per_day,
        }
    }
}

/// Sends requests. One for the process: it knows all hosts.
pub(crate) struct Fetcher {
    http: Http,
    means: Means,
    hosts: RefCell<HashMap<QueueKey, Host>>,
    memory: Memory,
    extra: RefCell<ExtraHeaders>,
    /// By kind of key; see [`Fetcher::turn_to_ask`].
    asking: RefCell<HashMap<&'static str, Arc<Mutex<()>>>>,
    db: Db,
    clock: Clock,
    limits: Limits,
}

impl Fetcher {
    /// Makes it.
    ///
    /// # Errors
    /// When the machine's TLS set-up cannot be used.
    pub(crate) fn new(limits: Limits, means: Means, db: Db, clock: Clock) -> reqwest::Result<Self> {
        Ok(Self {
            http: Http::new(&limits, means.guard.clone())?,
            means,
            hosts: RefCell::default(),
            memory: Memory::new(db.clone(), clock.clone()),
            extra: RefCell::default(),
            asking: RefCell::default(),
            db,
            clock,
            limits,
        })
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn means(&self) -> &Means {
        &self.means
    }

    /// Headers of the owner's that go along from now on.
    pub(crate) fn take_along(&self, headers: ExtraHeaders) {
        self.extra.replace(headers);
    }

    /// What a new reading may wait.
    pub(crate) fn budget(&self) -> Budget {
        Budget(self.limits.waiting_per_walk)
    }

    /// Sends `request` until there is an answer to read. With `afresh` nothing kept is used.
    ///
    /// # Errors
    /// [`FetchError`] when there is none; statuses that will not change are answers.
    pub(crate) async fn fetch(
        &self,
        request: &Request,
        asker: Asker,
        budget: &mut Budget,
        afresh: bool,
    ) -> Result<Fetched, FetchError> {
        let name = host_of(&request.url);
        let host = self.host(&name, asker).await;
        let kept = if request.is_whole_list && !afresh {
            self.kept(request).await
        } else {
            None
        };
        let along = Along {
            validators: kept.as_ref().map(validators_of).unwrap_or_default(),
            extra: self.extra.borrow().of(asker.name),
        };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pass = host
                .enter(self.limits.patience.min(budget.0))
                .await
                .map_err(|denied| self.denied(&name, denied))?;
            let sent = self.send(request, &along).await;
            note(&name, host.ended(went(request, &sent)).await);
            drop(pass);
            match retry::after(self.tried(&sent), attempt, jitter(), &self.limits) {
                Then::Again(wait) if budget.take(wait) => {
                    note_another_try(&name, &sent, wait);
                    sleep(wait).await;
                }
                Then::Take | Then::Again(_) => return self.taken(request, &name, sent, kept),
                Then::HoldThenAgain(wait) => {
                    let until = self.hold(&host, &name, &sent, wait).await;
                    if wait > self.limits.patience || !budget.take(wait) {
                        return Err(self.later(&name, until));
                    }
                }
                Then::Hold(wait) => {
                    let until = self.hold(&host, &name, &sent, wait).await;
                    return Err(self.later(&name, until));
                }
            }
        }
    }

    async fn send(&self, request: &Request, along: &Along) -> Result<Answer, HttpError> {
        match request.via {
            Via::Http => self.http.send(request, along).await,
            Via::Browser => self.means.browser.read(request).await,
            Via::File => file::read(&self.means.exports, request).await,
        }
    }

    /// Waits until nobody else asks what a key of this kind means, so that readings side by side find
    /// in the memory what the others have just learned. Nothing is lost: they wait for one host anyway.
    pub(crate) async fn turn_to_ask(&self, source: &'static str) -> OwnedMutexGuard<()> {
        let turn = Arc::clone(self.asking.borrow_mut().entry(source).or_default());
        turn.lock_owned().await
    }

    /// Keeps an answer for conditional requests. A failure costs a full download later, no more.
    pub(crate) async fn keep(&self, answer: HttpCache) {
        let keep = self.limits.cached_answers;
        if let Err(error) = self.db.write(move |conn| answer.save(conn, keep)).await {
            tracing::warn!("cannot keep an answer: {}", Chain(&error));
        }
    }

    fn tried(&self, sent: &Result<Answer, HttpError>) -> Tried {
        match sent {
            Ok(answer) if is_wall_of_server(answer) => Tried::Hopeless,
            Ok(answer) => Tried::Answered {
                status: answer.status,
                retry_after: answer
                    .header("retry-after")
                    .and_then(|value| retry::retry_after(value, self.clock.now())),
            },
            Err(error) if error.may_pass_soon() => Tried::Broken,
            Err(_) => Tried::Hopeless, // the error itself is handed on by `taken`
        }
    }

    fn taken(
        &self,
        request: &Request,
        host: &str,
        sent: Result<Answer, HttpError>,
        kept: Option<HttpCache>,
    ) -> Result<Fetched, FetchError> {
        let mut answer = sent?;
        match (answer.status, kept) {
            (304, Some(kept)) => {
                answer.status = 200;
                answer.body = String::from_utf8_lossy(&kept.body).into_owned();
                // What it says of its type is about the empty body that came.
                answer.headers.remove("content-type");
                Ok(Fetched {
                    answer,
                    is_not_modified: true,
                    to_keep: None,
                })
            }
            (status @ (429 | 500..=599), _) if !is_wall_of_server(&answer) => {
                Err(FetchError::Status {
                    host: host.to_owned(),
                    status,
                })
            }
            _ => {
                let to_keep = self.to_keep(request, &answer);
                Ok(Fetched {
                    answer,
                    is_not_modified: false,
                    to_keep,
                })
            }
        }
    }

    fn to_keep(&self, request: &Request, answer: &Answer) -> Option<HttpCache> {
        let etag = answer.header("etag").map(str::to_owned);
        let last_modified = answer.header("last-modified").map(str::to_owned);
        let is_kept = request.is_whole_list
            && answer.status == 200
            && (etag.is_some() || last_modified.is_some());
        is_kept.then(|| HttpCache {
            url: request.url.to_string(),
            etag,
            last_modified,
            body: answer.body.clone().into_bytes(),
            stored_at: self.clock.now(),
        })
    }

    async fn kept(&self, request: &Request) -> Option<HttpCache> {
        let url = request.url.to_string();
        self.db
            .read(move |conn| HttpCache::find(conn, &url))
            .await
            .unwrap_or_else(|error| {
                tracing::warn!("cannot look for a kept answer: {}", Chain(&error));
                None
            })
    }

    /// The host's queue; its first use in this process looks up what is remembered of it.
    async fn host(&self, name: &str, asker: Asker) -> Host {
        let key = asker.key(name);
        if let Some(host) = self.hosts.borrow().get(&key) {
            return host.clone();
        }
        let host = Host::start(name, asker.name, asker.politeness, self.memory.clone()).await;
        // Another reading may have begun with it meanwhile.
        self.hosts.borrow_mut().entry(key).or_insert(host).clone()
    }

    /// Leaves the host alone for a while, also after a restart.
    async fn hold(
        &self,
        host: &Host,
        name: &str,
        sent: &Result<Answer, HttpError>,
        wait: Duration,
    ) -> Instant {
        let until = Instant::now() + wait;
        host.hold(until).await;
        let status = sent.as_ref().map_or(0, |answer| answer.status);
        tracing::warn!(
            host = name,
            status,
            wait_s = wait.as_secs(),
            "Rate limited by {name}, leaving it alone for {} s",
            wait.as_secs()
        );
        let why = format!("status {status}");
        self.memory.hold(name, wait, 0, why).await;
        until
    }

    fn denied(&self, host: &str, denied: Denied) -> FetchError {
        let host = host.to_owned();
        match denied {
            Denied::Held(until) => self.later(&host, until),
            Denied::Resting {
                until,
                failures,
                why,
            } => FetchError::Resting {
                host,
                failures,
                why,
                until: self.memory.at(until),
            },
            Denied::UsedUp { per_day } => FetchError::UsedUp {
                host,
                per_day,
                until: midnight_after(self.clock.now()),
            },
        }
    }

    fn later(&self, host: &str, until: Instant) -> FetchError {
        FetchError::Later {
            host: host.to_owned(),
            until: self.memory.at(until),
        }
    }
}

/// What a request says of its host.
fn went(request: &Request, sent: &Result<Answer, HttpError>) -> Went {
    match sent {
        _ if request.via == Via::File => Went::Elsewhere,
        Ok(answer) if matches!(answer.status, 429 | 500..=599) && !is_wall_of_server(answer) => {
            Went::Failed(format!("it answered {}", answer.status))
        }
        Ok(_)
        | Err(
            HttpError::TooLarge { .. } | HttpError::Elsewhere { .. } | HttpError::SentRound { .. },
        ) => Went::Answered,
        Err(
            error @ (HttpError::Broken { .. }
            | HttpError::TimedOut { .. }
            | HttpError::NoName { .. }),
        ) => Went::Failed(Chain(error).to_string()),
        Err(
            HttpError::Page { .. }
            | HttpError::PageCost { .. }
            | HttpError::NoBrowser { .. }
            | HttpError::Refused { .. },
        ) => Went::Elsewhere,
    }
}

fn note(host: &str, noted: Noted) {
    let Noted {
        failures,
        opened,
        is_back,
    } = noted;
    if let Some(until) = opened {
        let wait_s = until.saturating_duration_since(Instant::now()).as_secs();
        tracing::warn!(
            host,
            failures,
            wait_s,
            "{host} failed {failures} times in a row, leaving it alone for {wait_s} s"
        );
    }
    if is_back {
        tracing::info!(host, "{host} answers again");
    }
}

/// When a new day begins, UTC.
fn midnight_after(now: NaiveDateTime) -> NaiveDateTime {
    let tomorrow = now.date().checked_add_days(Days::new(1));
    tomorrow.unwrap_or(now.date()).and_time(NaiveTime::MIN)
}

/// A challenge that calls itself a failure of the server: asking again is what it is there against.
fn is_wall_of_server(answer: &Answer) -> bool {
    answer.status >= 500 && answer.wall().is_some()
}

fn validators_of(kept: &HttpCache) -> Validators {
    Validators {
        etag: kept.etag.clone(),
        last_modified: kept.last_modified.clone(),
    }
}

/// Between 0 and 1, so that readers who failed together do not come back together.
fn jitter() -> f64 {
    // Without randomness the middle does.
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

fn note_another_try(host: &str, sent: &Result<Answer, HttpError>, wait: Duration) {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    match sent {
        Ok(answer) if answer.status == 429 => {
            tracing::warn!(
                host,
                wait_ms,
                "Rate limited by {host}, trying again in {wait_ms} ms"
            );
        }
        Ok(answer) => {
            let status = answer.status;
            tracing::debug!(
                host,
                status,
                wait_ms,
                "{host} answered {status}, trying again"
            );
        }
        Err(error) => tracing::debug!(host, wait_ms, "trying again: {}", Chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use actix_web::HttpResponse;
    use schema::models::HostState;

    use super::*;
    use crate::fake_site::{Bench, FakeSite, plain};

    #[actix_web::test]
    async fn a_slow_site_keeps_its_pace_on_a_host_that_a_quick_one_shares() {
        let site = FakeSite::start(|_| plain(0..1, None, None)).await;
        let bench = Bench::new();
        let fetcher = bench.fetcher();
        let request = Request::get(url::Url::parse(&site.url).unwrap(), "page");
        let pace = |per_second| Politeness {
            per_second,
            burst: 1,
            at_once: 1,
            per_day: None,
        };
        let ask = async |name, per_second| {
            let politeness = pace(per_second);
            let asker = Asker { name, politeness };
            fetcher
                .fetch(&request, asker, &mut fetcher.budget(), false)
                .await
        };
        ask("quick", 0.0).await.unwrap();
        // It begins with a full pause, of 1000 s here.
        let slow = tokio::time::timeout(Duration::from_millis(200), ask("slow", 0.001)).await;
        assert!(slow.is_err(), "{slow:?}");
        ask("quick", 0.0).await.unwrap();
        assert_eq!(site.hits().len(), 2);
    }

    const QUICK: Politeness = Politeness {
        per_second: 0.0,
        burst: 1,
        at_once: 4,
        per_day: None,
    };

    async fn ask(
        fetcher: &Fetcher,
        site: &FakeSite,
        name: &'static str,
        politeness: Politeness,
    ) -> Result<Fetched, FetchError> {
        let request = Request::get(url::Url::parse(&site.url).unwrap(), "page");
        let asker = Asker { name, politeness };
        fetcher
            .fetch(&request, asker, &mut fetcher.budget(), false)
            .await
    }

    #[actix_web::test]
    async fn a_host_that_keeps_failing_is_not_asked_for_a_while_also_after_a_restart() {
        let broken = Arc::new(AtomicBool::new(true));
        let is_broken = Arc::clone(&broken);
        let site = FakeSite::start(move |_| {
            if is_broken.load(Ordering::SeqCst) {
                HttpResponse::BadGateway().finish()
            } else {
                plain(0..1, None, None)
            }
        })
        .await;
        let bench = Bench::new();
        let fetcher = bench.fetcher();
        let mut last = None;
        for _ in 0..4 {
            last = Some(ask(&fetcher, &site, "plain", QUICK).await.unwrap_err());
        }
        assert_eq!(
            site.hits().len(),
            10,
            "three requests of three tries, and one"
        );
        for error in [
            last.unwrap(),
            ask(&bench.fetcher(), &site, "plain", QUICK)
                .await
                .unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(error.is_retryable() && matches!(error, FetchError::Resting { .. }));
            assert!(
                text.contains("failed 10 times in a row (it answered 502) and is not asked until 2026-11-21 12:00:"),
                "{text}"
            );
        }
        assert_eq!(site.hits().len(), 10);
        // Another site behind the same mirror may be fine.
        let error = ask(&bench.fetcher(), &site, "other", QUICK)
            .await
            .unwrap_err();
        assert!(matches!(error, FetchError::Status { .. }), "{error}");
        bench.clock.advance(Duration::from_secs(31));
        // It is still down: one try, and a longer pause.
        let error = ask(&bench.fetcher(), &site, "plain", QUICK)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("failed 11 times"), "{error}");
        assert_eq!(site.hits().len(), 14);
        bench.clock.advance(Duration::from_secs(61));
        broken.store(false, Ordering::SeqCst);
        let fetcher = bench.fetcher();
        ask(&fetcher, &site, "plain", QUICK).await.unwrap();
        let name = host_of(&url::Url::parse(&site.url).unwrap());
        let row = bench
            .db
            .read(move |conn| HostState::find(conn, &format!("plain {name}")));
        assert_eq!(row.await.unwrap(), None);
    }

    #[actix_web::test]
    async fn a_host_that_is_not_there_is_left_alone_with_its_cause() {
        let gone = FakeSite::start(|_| plain(0..1, None, None)).await;
        let gone = gone.away();
        let bench = Bench::new();
        let fetcher = bench.fetcher();
        let mut said = String::new();
        for _ in 0..4 {
            said = ask(&fetcher, &gone, "plain", QUICK)
                .await
                .unwrap_err()
                .to_string();
        }
        assert!(
            said.contains("failed 10 times in a row (no complete answer"),
            "{said}"
        );
        assert!(said.contains("refused"), "{said}");
    }

    #[actix_web::test]
    async fn a_day_of_requests_is_told_when_it_is_used_up_and_others_have_theirs() {
        let site = FakeSite::start(|_| plain(0..1, None, None)).await;
        let bench = Bench::new();
        let politeness = Politeness {
            per_day: Some(2),
            ..QUICK
        };
        for _ in 0..2 {
            ask(&bench.fetcher(), &site, "plain", politeness)
                .await
                .unwrap();
        }
        let error = ask(&bench.fetcher(), &site, "plain", politeness)
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("the 2 requests a day that 127.0.0.1:"),
            "{text}"
        );
        assert!(
            text.ends_with("takes are used up until 2026-11-22 00:00:00 UTC"),
            "{text}"
        );
        ask(&bench.fetcher(), &site, "other", politeness)
            .await
            .unwrap();
        assert_eq!(site.hits().len(), 3);
    }

    #[actix_web::test]
    async fn headers_of_the_owner_go_along_to_the_site_they_are_for() {
        let site = FakeSite::start(|_| plain(0..1, None, None)).await;
        let bench = Bench::new();
        let fetcher = bench.fetcher();
        let entries = [
            "plain: X-Mine: 1".into(),
            "plain: User-Agent: Mozilla".into(),
        ];
        let entries = entries.map(|entry: String| runtime::Secret::new(entry));
        let (headers, problems) = ExtraHeaders::read(&entries, &["plain", "other"]);
        assert_eq!(problems.len(), 1);
        fetcher.take_along(headers);
        ask(&fetcher, &site, "plain", QUICK).await.unwrap();
        ask(&fetcher, &site, "other", QUICK).await.unwrap();
        let hits = site.hits();
        assert_eq!(
            hits.iter()
                .map(|hit| hit.header("x-mine"))
                .collect::<Vec<_>>(),
            [Some("1"), None]
        );
        for hit in &hits {
            assert!(hit.header("user-agent").unwrap().starts_with("ListSync/"));
        }
    }
}
