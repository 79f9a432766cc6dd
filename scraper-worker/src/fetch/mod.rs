//! Sends the requests of providers: politely per host, again when that may help, conditionally when
//! the answer is kept. Leaves what an answer means to the provider and which request is next to
//! `walk`. Dropping a future here ends the request or the wait at once.

mod browser;
mod encoding;
pub(crate) mod file;
mod guard;
mod host;
mod http;
mod retry;

use std::{cell::RefCell, collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use chrono::{NaiveDateTime, TimeDelta};
use runtime::{Chain, Clock};
use schema::{
    Db,
    models::{HostState, HttpCache},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{Instant, sleep},
};

pub(crate) use self::{
    browser::{Browser, Place},
    guard::Guard,
    http::HttpError,
};
use self::{
    host::Host,
    http::{Http, Validators, host_of},
    retry::{Then, Tried},
};
use crate::{
    provider::{Answer, Politeness, Request, Via},
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
}

impl FetchError {
    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Later { .. } | Self::Status { .. } => true,
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

/// What tells the queues of one host apart: sites with different paces may share a host, behind a
/// mirror of the owner's, and the quicker one must not set the pace of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pace {
    per_second_bits: u64,
    burst: u32,
    at_once: u32,
}

impl Pace {
    fn of(politeness: Politeness) -> Self {
        Self {
            per_second_bits: politeness.per_second.to_bits(),
            burst: politeness.burst,
            at_once: politeness.at_once,
        }
    }
}

/// Sends requests. One for the process: it knows all hosts.
pub(crate) struct Fetcher {
    http: Http,
    means: Means,
    hosts: RefCell<HashMap<(String, Pace), Host>>,
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
        politeness: Politeness,
        budget: &mut Budget,
        afresh: bool,
    ) -> Result<Fetched, FetchError> {
        let name = host_of(&request.url);
        let host = self.host(&name, politeness).await;
        let kept = if request.is_whole_list && !afresh {
            self.kept(request).await
        } else {
            None
        };
        let validators = kept.as_ref().map(validators_of).unwrap_or_default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pass = host
                .enter(self.limits.patience.min(budget.0))
                .await
                .map_err(|until| self.later(&name, until))?;
            let sent = self.send(request, &validators).await;
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

    async fn send(&self, request: &Request, validators: &Validators) -> Result<Answer, HttpError> {
        match request.via {
            Via::Http => self.http.send(request, validators).await,
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

    /// The host's queue; its first use in this process looks up whether it wants to be left alone.
    async fn host(&self, name: &str, politeness: Politeness) -> Host {
        let key = (name.to_owned(), Pace::of(politeness));
        if let Some(host) = self.hosts.borrow().get(&key) {
            return host.clone();
        }
        let held_until = self.remembered_hold(name).await;
        let mut hosts = self.hosts.borrow_mut();
        hosts
            .entry(key)
            .or_insert_with(|| Host::start(politeness, held_until))
            .clone()
    }

    async fn remembered_hold(&self, name: &str) -> Option<Instant> {
        let now = self.clock.now();
        match self
            .db
            .read(move |conn| HostState::waiting(conn, now))
            .await
        {
            Ok(rows) => {
                let row = rows.into_iter().find(|row| row.host == name)?;
                let wait = (row.not_before - now).to_std().unwrap_or_default();
                Some(Instant::now() + wait)
            }
            Err(error) => {
                tracing::warn!("cannot look up what {name} asked for: {}", Chain(&error));
                None
            }
        }
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
        let row = HostState {
            host: name.to_owned(),
            not_before: self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default(),
            reason: format!("status {status}"),
            failures: 0,
        };
        if let Err(error) = self.db.write(move |conn| row.save(conn)).await {
            tracing::warn!("cannot remember what {name} asked for: {}", Chain(&error));
        }
        until
    }

    fn later(&self, host: &str, until: Instant) -> FetchError {
        let wait = until.saturating_duration_since(Instant::now());
        let until = self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
        FetchError::Later {
            host: host.to_owned(),
            until,
        }
    }
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
        let ask = async |per_second| {
            fetcher
                .fetch(&request, pace(per_second), &mut fetcher.budget(), false)
                .await
        };
        ask(0.0).await.unwrap();
        // It begins with a full pause, of 1000 s here.
        let slow = tokio::time::timeout(Duration::from_millis(200), ask(0.001)).await;
        assert!(slow.is_err(), "{slow:?}");
        ask(0.0).await.unwrap();
        assert_eq!(site.hits().len(), 2);
    }
}
