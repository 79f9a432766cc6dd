//! Reading one page with a running browser, under watch, and what came of it.

use std::{sync::Arc, time::Duration};

use actix_rt::task::spawn_blocking;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use tokio::time::{interval, timeout};
use url::Url;

use super::{
    Inner, Running,
    launch::Process,
    memory,
    page::{Harvest, Harvesting, PageError},
    proxy::{Open, Traffic},
};
use crate::{
    fetch::http::{HttpError, host_of},
    provider::{Answer, Request},
};

/// How one page ended.
enum Ended {
    Read(Result<Harvest, PageError>),
    Stopped(Why),
}

/// Why a page was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    TooLong,
    TooMuch {
        megabytes: u64,
    },
    /// The page's process is gone.
    Crashed,
    /// The browser is gone.
    Died,
}

/// What a page came to.
pub(super) enum Outcome {
    Answer(Answer),
    /// The page itself is to blame, or where it leads.
    Error(HttpError),
    /// The browser is: another one may do better.
    Broken(String),
}

impl Inner {
    /// Reads one page; gives the browser back unless it is of no more use.
    pub(super) async fn page(
        &self,
        mut running: Running,
        request: &Request,
    ) -> (Outcome, Option<Running>) {
        let open = running
            .proxy
            .open(&request.url, request.reach, self.limits.bytes);
        match self.read_page(&mut running, &request.url).await {
            Ended::Stopped(why) => {
                running.process.kill().await;
                (self.stopped(why, &request.url), None)
            }
            Ended::Read(Err(PageError::Lost(what))) => {
                tracing::debug!("the connection to the browser broke: {what}");
                running.process.kill().await;
                let what = "the connection to the browser broke".to_owned();
                (Outcome::Broken(what), None)
            }
            Ended::Read(read) => {
                let outcome = self.outcome(read, &open, &request.url);
                drop(open);
                (outcome, self.after_page(running).await)
            }
        }
    }

    async fn read_page(&self, running: &mut Running, url: &Url) -> Ended {
        let (session, harvesting) = (Arc::clone(&running.session), self.harvesting());
        let address = url.to_string();
        let mut reading = spawn_blocking(move || session.read(&address, &harvesting));
        let stopped = tokio::select! {
            read = &mut reading => {
                return Ended::Read(read.unwrap_or_else(|error| Err(PageError::Lost(error.to_string()))));
            }
            why = self.watch(&mut running.process) => why,
        };
        running.process.kill_now();
        // The call notices within a moment. If not, it ends with its own time limit.
        if timeout(self.limits.stop, reading).await.is_err() {
            tracing::warn!("a call to a browser that is gone does not end");
        }
        Ended::Stopped(stopped)
    }

    fn harvesting(&self) -> Harvesting {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Harvesting {
            time_ms: ms(self.limits.harvest),
            quiet_ms: ms(self.limits.quiet),
            answer_ms: ms(self.limits.answer),
            links: self.limits.links,
            scrolls: self.limits.scrolls,
            text: 200,
            address: 2000,
            characters: self.limits.characters,
        }
    }

    /// Waits until the page must be ended.
    async fn watch(&self, process: &mut Process) -> Why {
        let watching = async {
            let mut looks = interval(self.limits.look);
            let mut had_page = false;
            loop {
                looks.tick().await;
                if process.has_ended() {
                    return Why::Died;
                }
                let session = process.pid();
                let Ok(census) = spawn_blocking(move || memory::census(session)).await else {
                    continue; // the process is ending, and this with it
                };
                let megabytes = census.bytes / (1024 * 1024);
                if megabytes > self.settings.memory_mb {
                    return Why::TooMuch { megabytes };
                }
                if had_page && census.pages == 0 {
                    return Why::Crashed;
                }
                had_page |= census.pages > 0;
            }
        };
        timeout(self.limits.page, watching)
            .await
            .unwrap_or(Why::TooLong)
    }

    fn stopped(&self, why: Why, url: &Url) -> Outcome {
        let host = host_of(url);
        match why {
            Why::TooLong => Outcome::Error(HttpError::PageCost {
                host,
                what: format!(
                    "the page was not there within {} s, so the browser was ended",
                    self.limits.page.as_secs_f32()
                ),
            }),
            Why::TooMuch { megabytes } => Outcome::Error(HttpError::Page {
                host,
                what: format!(
                    "the page took {megabytes} MB of memory, more than the {} MB of \
                     `browser.memory_mb`, so the browser was ended",
                    self.settings.memory_mb
                ),
                may_pass: false,
            }),
            Why::Crashed => Outcome::Broken("the page's process ended".to_owned()),
            Why::Died => Outcome::Broken("the browser ended".to_owned()),
        }
    }

    fn outcome(&self, read: Result<Harvest, PageError>, open: &Open, url: &Url) -> Outcome {
        let traffic = &open.traffic;
        let unreadable = |what: String, may_pass| {
            Outcome::Error(HttpError::Page {
                host: host_of(url),
                what,
                may_pass,
            })
        };
        match read {
            Ok(harvest) => answer(harvest, traffic, url),
            Err(PageError::Net(error)) => Outcome::Error(self.not_loaded(&error, traffic, url)),
            Err(PageError::Download) => {
                unreadable("it is a file to be saved, no page".into(), false)
            }
            Err(PageError::Restless) => {
                unreadable("the page goes on to another one each time".into(), false)
            }
            Err(PageError::TooLarge) => {
                unreadable("the page has more links than can be read".into(), false)
            }
            Err(PageError::Unreadable(what)) => {
                unreadable(format!("the page cannot be read: {what}"), true)
            }
            Err(PageError::Lost(what)) => Outcome::Broken(what),
        }
    }

    /// Why a page did not load, as the proxy saw it or else in the browser's words.
    fn not_loaded(&self, error: &str, traffic: &Traffic, url: &Url) -> HttpError {
        if traffic.is_cut() {
            return HttpError::TooLarge {
                host: host_of(url),
                limit: usize::try_from(self.limits.bytes).unwrap_or(usize::MAX),
            };
        }
        if let Some(fault) = traffic.fault(url).or_else(|| traffic.last_fault()) {
            return fault;
        }
        HttpError::Page {
            host: host_of(url),
            what: in_words(error),
            may_pass: !is_lasting(error),
        }
    }

    /// Leaves the page; `None` when the browser has done its share.
    async fn after_page(&self, mut running: Running) -> Option<Running> {
        running.pages += 1;
        if running.pages < self.limits.pages {
            let session = Arc::clone(&running.session);
            let left = spawn_blocking(move || session.leave());
            if let Ok(Ok(Ok(()))) = timeout(self.limits.stop, left).await {
                return Some(running);
            }
            tracing::debug!("the browser does not leave a page, it is ended");
            running.process.kill().await;
            return None;
        }
        tracing::debug!("the browser has read {} pages, it is closed", running.pages);
        running.process.close(self.limits.stop).await;
        None
    }
}

fn answer(mut harvest: Harvest, traffic: &Traffic, asked: &Url) -> Outcome {
    let Ok(url) = Url::parse(&harvest.url) else {
        return Outcome::Broken("the page has no address".to_owned());
    };
    if !matches!(url.scheme(), "http" | "https") {
        // The page went on to where it may not or cannot go; the browser shows a page of its own.
        let what = "the page leads to one that cannot be loaded".to_owned();
        return Outcome::Error(traffic.last_fault().unwrap_or(HttpError::Page {
            host: host_of(asked),
            what,
            may_pass: true,
        }));
    }
    // Our proxy's own answers.
    if matches!(harvest.status, 403 | 502)
        && let Some(fault) = traffic.fault(&url)
    {
        return Outcome::Error(fault);
    }
    harvest.is_whole &= !traffic.is_cut() && !traffic.has_lost_own();
    let status = if harvest.status == 0 {
        200
    } else {
        harvest.status
    };
    let body = match serde_json::to_string(&harvest) {
        Ok(body) => body,
        Err(error) => return Outcome::Broken(error.to_string()),
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let pause = harvest.retry_after.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(pause)) = pause {
        headers.insert(RETRY_AFTER, pause);
    }
    Outcome::Answer(Answer {
        status,
        url,
        headers,
        body,
    })
}

/// What the browser's names for failures mean.
fn in_words(error: &str) -> String {
    let words = match error {
        "net::ERR_CONNECTION_RESET" | "net::ERR_CONNECTION_CLOSED" | "net::ERR_EMPTY_RESPONSE" => {
            "it hung up without an answer"
        }
        "net::ERR_TIMED_OUT" | "net::ERR_CONNECTION_TIMED_OUT" => "it does not answer",
        "net::ERR_TOO_MANY_REDIRECTS" => "it sends on from one address to the next without end",
        "net::ERR_INVALID_RESPONSE" | "net::ERR_INVALID_HTTP_RESPONSE" => {
            "what it answers is no web page"
        }
        "net::ERR_ABORTED" => "the page was not loaded: it is a file to be saved, or empty",
        _ if error.starts_with("net::ERR_CERT") || error.starts_with("net::ERR_SSL") => {
            "its certificate or encryption is not right"
        }
        _ => "the page did not load",
    };
    format!("{words} ({error})")
}

/// Whether the same page fails in the same way next time.
fn is_lasting(error: &str) -> bool {
    let kinds = [
        "net::ERR_TOO_MANY",
        "net::ERR_CERT",
        "net::ERR_ABORTED",
        "net::ERR_UNKNOWN_URL",
        "net::ERR_UNSAFE_PORT",
        "net::ERR_INVALID",
    ];
    kinds.iter().any(|kind| error.starts_with(kind))
}
