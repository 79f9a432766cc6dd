//! Starting the browser: in its sandbox, or without where it cannot have one and may go without.

use std::sync::Arc;

use actix_rt::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use url::Url;

use super::{
    Alive, CONTAINER_REMEDY, Inner, Running, SANDBOX_REMEDY, Seen, UNSAFE,
    find::{self, Missing},
    launch::{self, Launch, LaunchError, Process},
    page::Session,
    proxy::Proxy,
};
use crate::fetch::http::{HttpError, host_of};

/// Why there is no running browser.
enum Refusal {
    Missing(Missing),
    Launch(LaunchError),
}

impl Inner {
    /// Starts a browser: in its sandbox or, where it cannot have one and is in a container, without.
    pub(super) async fn start(&self, url: &Url) -> Result<Running, HttpError> {
        if let Some(what) = self.resting() {
            let host = host_of(url);
            return Err(HttpError::PageCost { host, what });
        }
        let launched = match self.launch(self.is_sandboxed.get().unwrap_or(true)).await {
            Err(Refusal::Launch(LaunchError::NoSandbox(words))) if self.place.is_container => {
                tracing::warn!(
                    "The browser cannot have its sandbox in this container and runs without it: {words}"
                );
                self.launch(false).await
            }
            launched => launched,
        };
        match launched {
            Ok(running) => {
                self.note_start(&running);
                Ok(running)
            }
            Err(refusal) => Err(self.refused(url, refusal)),
        }
    }

    async fn launch(&self, is_sandboxed: bool) -> Result<Running, Refusal> {
        let file = find::find(self.settings.path.as_deref()).map_err(Refusal::Missing)?;
        launch::wipe(&self.place.folder);
        let failed = |what: String| Refusal::Launch(LaunchError::Failed(what));
        let proxy = Proxy::start(self.guard.clone())
            .await
            .map_err(|error| failed(format!("its proxy cannot listen: {error}")))?;
        self.started.set(self.started.get() + 1);
        let begun = Instant::now();
        let process = Process::start(Launch {
            file: &file,
            folder: self.place.folder.join(self.started.get().to_string()),
            is_sandboxed,
            proxy: proxy.port,
            patience: self.limits.start,
            born: &self.last,
        })
        .await
        .map_err(Refusal::Launch)?;
        // The connection itself never ends a page or an idle time.
        let silence = self.limits.page.max(self.limits.idle) + self.limits.start;
        let address = process.address.clone();
        let connecting = spawn_blocking(move || Session::connect(address, silence));
        let connected = match timeout(self.limits.start, connecting).await {
            Ok(Ok(connected)) => connected.map_err(|error| format!("{error:#}")),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no word within {} s", self.limits.start.as_secs())),
        };
        match connected {
            Ok(session) => {
                self.is_sandboxed.set(Some(is_sandboxed));
                let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(
                    took_ms,
                    is_sandboxed,
                    "started {} ({})",
                    session.product,
                    file.display()
                );
                Ok(Running {
                    process,
                    session: Arc::new(session),
                    proxy,
                    site: None,
                    pages: 0,
                    _alive: Alive::new(&self.is_running),
                })
            }
            Err(what) => {
                process.kill().await;
                Err(failed(format!("it does not answer: {what}")))
            }
        }
    }

    /// Why no start is tried now: one that failed would fail again, and each list pays for it.
    fn resting(&self) -> Option<String> {
        let resting = self.resting.borrow();
        let (until, what) = resting.as_ref()?;
        (Instant::now() < *until).then(|| what.clone())
    }

    fn note_start(&self, running: &Running) {
        let problem = (self.is_sandboxed.get() == Some(false))
            .then(|| (UNSAFE.to_owned(), Some(CONTAINER_REMEDY.to_owned())));
        *self.seen.borrow_mut() = Seen {
            version: Some(running.session.product.clone()),
            problem,
        };
    }

    fn refused(&self, url: &Url, refusal: Refusal) -> HttpError {
        let (reason, remedy) = match refusal {
            // Not kept: it may be installed meanwhile.
            Refusal::Missing(missing) => {
                return HttpError::Refused {
                    reason: missing.reason(),
                    remedy: missing.remedy(),
                };
            }
            Refusal::Launch(LaunchError::NoSandbox(words)) => (
                format!(
                    "the browser cannot have its sandbox, and does not run without it: {words}"
                ),
                SANDBOX_REMEDY.to_owned(),
            ),
            Refusal::Launch(LaunchError::Failed(what)) => {
                let what = format!("the browser did not start: {what}");
                self.seen.borrow_mut().problem = Some((what.clone(), None));
                let rest = Instant::now() + self.limits.rest;
                *self.resting.borrow_mut() = Some((rest, what.clone()));
                let host = host_of(url);
                return HttpError::PageCost { host, what };
            }
        };
        self.seen.borrow_mut().problem = Some((reason.clone(), Some(remedy.clone())));
        HttpError::Refused { reason, remedy }
    }
}
