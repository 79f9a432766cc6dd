//! Starting the browser: in its sandbox, or without where it cannot have one and may go without.

use std::sync::Arc;

use actix_rt::task::spawn_blocking;
use schema::models::Cause;
use tokio::time::{Instant, timeout};

use super::{
    Alive, CONTAINER_REMEDY, Inner, Running, SANDBOX_REMEDY, Seen, UNSAFE,
    find::{self, Missing},
    launch::{self, Launch, LaunchError, Process},
    page::Session,
    proxy::Proxy,
};
use crate::fetch::http::HttpError;

/// Why there is no running browser.
enum Refusal {
    Missing(Missing),
    Launch(LaunchError),
}

impl Inner {
    /// Starts a browser, and once more when the first one was killed on the way.
    pub(super) async fn start(&self) -> Result<Running, HttpError> {
        if let Some(failed) = self.resting() {
            return Err(failed);
        }
        let launched = match self.launch_here().await {
            Err(Refusal::Launch(LaunchError::Killed(what))) => {
                tracing::warn!("the browser did not start, trying once more: {what}");
                self.launch_here().await
            }
            launched => launched,
        };
        match launched {
            Ok(running) => {
                self.note_start(&running);
                Ok(running)
            }
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// In its sandbox or, where it cannot have one and is in a container, without.
    async fn launch_here(&self) -> Result<Running, Refusal> {
        match self.launch(self.is_sandboxed.get().unwrap_or(true)).await {
            Err(Refusal::Launch(LaunchError::NoSandbox(words))) if self.place.is_container => {
                tracing::warn!(
                    "The browser cannot have its sandbox in this container and runs without it: {words}"
                );
                self.launch(false).await
            }
            launched => launched,
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
        let mut process = Process::start(Launch {
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
                let signal = process.ended_by().await;
                process.kill().await;
                Err(match signal {
                    Some(signal) => Refusal::Launch(LaunchError::Killed(format!(
                        "signal {signal} ended it: {what}"
                    ))),
                    None => failed(format!("it does not answer: {what}")),
                })
            }
        }
    }

    /// Why no start is tried now: one that failed would fail again, and each list pays for it.
    fn resting(&self) -> Option<HttpError> {
        let resting = self.resting.borrow();
        let (until, what, remedy) = resting.as_ref()?;
        (Instant::now() < *until).then(|| HttpError::NoBrowser {
            what: what.clone(),
            remedy: remedy.clone(),
        })
    }

    fn note_start(&self, running: &Running) {
        let problem = (self.is_sandboxed.get() == Some(false))
            .then(|| (UNSAFE.to_owned(), Some(CONTAINER_REMEDY.to_owned())));
        *self.seen.borrow_mut() = Seen {
            version: Some(running.session.product.clone()),
            problem,
        };
    }

    fn refused(&self, refusal: Refusal) -> HttpError {
        let (reason, remedy) = match refusal {
            // Not kept: it may be installed meanwhile.
            Refusal::Missing(missing) => {
                return HttpError::Refused {
                    cause: Cause::Settings,
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
            Refusal::Launch(LaunchError::Killed(what) | LaunchError::Failed(what)) => {
                let what = format!("the browser did not start: {what}");
                let remedy = self.remedy();
                self.seen.borrow_mut().problem = Some((what.clone(), Some(remedy.clone())));
                let rest = Instant::now() + self.limits.rest;
                *self.resting.borrow_mut() = Some((rest, what.clone(), remedy.clone()));
                return HttpError::NoBrowser { what, remedy };
            }
        };
        self.seen.borrow_mut().problem = Some((reason.clone(), Some(remedy.clone())));
        HttpError::Refused {
            cause: Cause::Settings,
            reason,
            remedy,
        }
    }

    /// What to do about one that does not start.
    fn remedy(&self) -> String {
        let file = find::find(self.settings.path.as_deref());
        let file = file.map_or_else(
            |_| "the browser".to_owned(), // it went away just now
            |file| format!("`{}`", file.display()),
        );
        format!(
            "Look whether {file} runs on this machine, or set `browser.path` (LISTSYNC_BROWSER_PATH)."
        )
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use runtime::settings::BrowserSettings;

    use super::super::{Browser, Place};
    use crate::fetch::Guard;

    /// A browser that is this script, in a folder of its own.
    fn scripted(text: &str) -> (Browser, tempfile::TempDir) {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("chromium");
        fs::write(&script, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = BrowserSettings {
            path: Some(script),
            memory_mb: 800,
        };
        let at = Place {
            folder: place.path().join("browser"),
            is_container: false,
        };
        (Browser::new(settings, Guard::new(false), at), place)
    }

    #[actix_rt::test]
    async fn one_that_is_killed_is_started_once_more_and_then_left_alone() {
        let (browser, place) = scripted("kill -9 $$");
        for _ in 0..2 {
            let error = browser.0.start().await.unwrap_err();
            assert!(error.is_retryable() && !error.may_pass_soon());
            let script = place.path().join("chromium");
            assert_eq!(
                error.to_string(),
                format!(
                    "the browser did not start: signal 9 ended it; it said nothing. Look whether `{}` \
                     runs on this machine, or set `browser.path` (LISTSYNC_BROWSER_PATH).",
                    script.display()
                )
            );
            assert_eq!(browser.0.started.get(), 2);
        }
        assert!(browser.status().remedy.unwrap().starts_with("Look whether"));
    }

    #[actix_rt::test]
    async fn what_ends_the_second_start_is_what_is_told() {
        let (browser, _place) = scripted(
            "cd \"$(dirname \"$0\")\"; test -e once || { touch once; kill -9 $$; }; echo again >&2",
        );
        let error = browser.0.start().await.unwrap_err();
        assert!(error.to_string().contains("it said: again"), "{error}");
        assert_eq!(browser.0.started.get(), 2);
    }
}
