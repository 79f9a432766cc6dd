//! The browser behind one door: started on first need, one page at a time, closed when idle, started
//! anew when it breaks.
//!
//! Pages are hostile and so is time: a watch beside each page kills the browser when the page takes
//! too long or too much, which is the only way to end a call to it for certain. Leaves processes to
//! `launch`, the connection to `page`, what a page may reach to `proxy`, and what the links of a page
//! mean to the providers.

mod find;
mod launch;
mod memory;
mod page;
mod proxy;
mod reading;
mod start;
#[cfg(test)]
mod tests;

use std::{
    cell::{Cell, RefCell},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_rt::task::JoinHandle;
use nix::unistd::getuid;
use runtime::{
    Environment,
    settings::{BrowserSettings, PathSettings},
};
use schema::{
    models::Cause,
    wire::scraper::{BrowserState, BrowserStatus},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use self::{
    launch::Process,
    page::Session,
    proxy::{Proxy, permitted, target},
    reading::Outcome,
};
use super::{
    guard::{Guard, is_public},
    http::{HttpError, host_of},
};
use crate::provider::{Answer, Reach, Request};

/// Kernel and user settings that let a browser have its sandbox.
const SANDBOX_REMEDY: &str = "Run ListSync as another user than root, and allow unprivileged user \
     namespaces (`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu also \
     `kernel.apparmor_restrict_unprivileged_userns=0`).";

/// How it is in a container that does not allow a sandbox, and what helps.
const UNSAFE: &str = "it runs without its sandbox, which this container does not allow";
const CONTAINER_REMEDY: &str = "Run the container as another user than root and with a seccomp \
     profile that allows user namespaces, or read only web pages of people you trust.";

/// How patient and how greedy the browser is.
#[derive(Clone, Debug)]
pub(crate) struct BrowserLimits {
    /// Until a started browser can be talked to.
    pub(crate) start: Duration,
    /// For one page, all in all.
    pub(crate) page: Duration,
    /// For the script that reads it; less than `page`.
    pub(crate) harvest: Duration,
    /// How long nothing may change for a page to be through.
    pub(crate) quiet: Duration,
    /// How long an answer that the page's scripts wait for may take to be part of the page.
    pub(crate) answer: Duration,
    /// Without a page until it is closed.
    pub(crate) idle: Duration,
    /// After a start that failed until the next.
    pub(crate) rest: Duration,
    /// For ending when asked to.
    pub(crate) stop: Duration,
    /// Between two looks at its processes.
    pub(crate) look: Duration,
    /// Pages until it is started anew, as it grows.
    pub(crate) pages: u32,
    /// Bytes of one page, with everything it loads.
    pub(crate) bytes: u64,
    /// Links of one page.
    pub(crate) links: u32,
    /// Characters of its links, addresses and texts.
    pub(crate) characters: u32,
    /// Times one page is scrolled to its end.
    pub(crate) scrolls: u32,
}

impl Default for BrowserLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(20),
            page: Duration::from_secs(45),
            harvest: Duration::from_secs(30),
            quiet: Duration::from_millis(1500),
            answer: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            rest: Duration::from_mins(1),
            stop: Duration::from_secs(2),
            look: Duration::from_millis(500),
            pages: 50,
            bytes: 50 * 1024 * 1024,
            links: 10_000,
            characters: 2_000_000,
            scrolls: 300,
        }
    }
}

/// Where the browser runs.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Folder for its files; what is in it is removed.
    pub(crate) folder: PathBuf,
    /// Whether it may go without its sandbox when it cannot have it.
    pub(crate) is_container: bool,
}

impl Place {
    /// That of a process with these settings.
    pub(crate) fn of(paths: &PathSettings, environment: &Environment) -> Self {
        // The run folder is empty after a start of the machine.
        let parent = if paths.run_dir.is_dir() {
            &paths.run_dir
        } else {
            &paths.data_dir
        };
        Self {
            folder: parent.join("browser"),
            is_container: environment.is_in_container(),
        }
    }
}

/// The one browser of the process.
#[derive(Debug)]
pub(crate) struct Browser(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: BrowserSettings,
    guard: Guard,
    place: Place,
    limits: BrowserLimits,
    /// Whoever holds it reads a page. A browser in use is not in it, so that it ends with its reader.
    slot: Mutex<Option<Running>>,
    is_running: Rc<Cell<bool>>,
    /// `None` until it was tried.
    is_sandboxed: Cell<Option<bool>>,
    seen: RefCell<Seen>,
    started: Cell<u32>,
    /// The process that was started last.
    last: Cell<Option<i32>>,
    closing: RefCell<Option<JoinHandle<()>>>,
    /// Until when no start is tried after one that failed, why it did and what to do.
    resting: RefCell<Option<(Instant, String, String)>>,
}

/// What is worth telling about it.
#[derive(Debug, Default)]
struct Seen {
    version: Option<String>,
    problem: Option<(String, Option<String>)>,
}

/// A browser that runs.
#[derive(Debug)]
struct Running {
    process: Process,
    session: Arc<Session>,
    proxy: Proxy,
    /// The site whose pages it reads. What one leaves behind, a service worker above all, must not
    /// meet the page of another and what that one may reach.
    site: Option<String>,
    pages: u32,
    _alive: Alive,
}

/// Says that there is a browser as long as there is.
#[derive(Debug)]
struct Alive(Rc<Cell<bool>>);

impl Alive {
    fn new(is_running: &Rc<Cell<bool>>) -> Self {
        is_running.set(true);
        Self(Rc::clone(is_running))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Browser {
    pub(crate) fn new(settings: BrowserSettings, guard: Guard, place: Place) -> Self {
        Self::with_limits(settings, guard, place, BrowserLimits::default())
    }

    pub(crate) fn with_limits(
        settings: BrowserSettings,
        guard: Guard,
        place: Place,
        limits: BrowserLimits,
    ) -> Self {
        launch::wipe(&place.folder); // a process before this one may have been killed
        Self(Rc::new(Inner {
            settings,
            guard,
            place,
            limits,
            slot: Mutex::default(),
            is_running: Rc::default(),
            is_sandboxed: Cell::new(None),
            seen: RefCell::default(),
            started: Cell::new(0),
            last: Cell::new(None),
            closing: RefCell::default(),
            resting: RefCell::default(),
        }))
    }

    /// Opens the address of `request`, lets the page's scripts run, scrolls to its end and gives
    /// what the harvest script saw, as JSON. Pages are read one after the other.
    ///
    /// # Errors
    /// [`HttpError`]
    pub(crate) async fn read(&self, request: &Request) -> Result<Answer, HttpError> {
        let inner = &self.0;
        let site = inner.may_visit(request).await?;
        let mut slot = inner.slot.lock().await;
        inner.stay();
        let mut is_second = false;
        loop {
            let running = match slot.take() {
                Some(running) if running.site.as_ref() == Some(&site) => running.still(),
                Some(running) => {
                    inner.end(running).await;
                    None
                }
                None => None,
            };
            let mut running = match running {
                Some(running) => running,
                None => inner.start().await?,
            };
            running.site = Some(site.clone());
            let (outcome, running) = inner.page(running, request).await;
            if let Some(running) = running {
                *slot = Some(running);
                self.close_when_idle();
            }
            match outcome {
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Error(error) => return Err(error),
                Outcome::Broken(what) if is_second => {
                    return Err(HttpError::PageCost {
                        host: host_of(&request.url),
                        what: format!("{what}, twice"),
                    });
                }
                Outcome::Broken(what) => {
                    tracing::warn!("{what} while a page was read, trying once more");
                    is_second = true;
                }
            }
        }
    }

    /// How it is, without starting it.
    pub(crate) fn status(&self) -> BrowserStatus {
        let inner = &self.0;
        let found = find::find(inner.settings.path.as_deref());
        let (state, path, absent) = match found {
            Ok(path) if inner.is_running.get() => (BrowserState::Ready, Some(path), None),
            Ok(path) => (BrowserState::Idle, Some(path), None),
            Err(missing) => {
                let problem = (missing.reason(), Some(missing.remedy()));
                (
                    BrowserState::Absent,
                    inner.settings.path.clone(),
                    Some(problem),
                )
            }
        };
        let seen = inner.seen.borrow();
        let problem = absent
            .or_else(|| seen.problem.clone())
            .or_else(|| inner.expected_problem());
        let (problem, remedy) = problem.unzip();
        BrowserStatus {
            state,
            path: path.map(|path| path.display().to_string()),
            version: seen.version.clone(),
            is_sandboxed: inner.is_sandboxed.get(),
            problem,
            remedy: remedy.flatten(),
        }
    }

    /// Ends it, after the page that is being read, and whatever is left of it. It starts again when
    /// it is needed.
    pub(crate) async fn close(&self) {
        let inner = &self.0;
        let mut slot = inner.slot.lock().await;
        inner.stay();
        if let Some(running) = slot.take() {
            inner.end(running).await;
        } else if let Some(pid) = inner.last.take() {
            // One whose reader hung up is killed, and perhaps not gone yet.
            launch::gone(pid, inner.limits.stop).await;
        }
        launch::wipe(&inner.place.folder);
    }

    fn close_when_idle(&self) {
        let inner = Rc::downgrade(&self.0);
        let idle = self.0.limits.idle;
        let closing = actix_rt::spawn(async move {
            sleep(idle).await;
            let Some(inner) = inner.upgrade() else {
                return;
            };
            let mut slot = inner.slot.lock().await;
            if let Some(running) = slot.take() {
                tracing::debug!("the browser was not needed for a while, it is closed");
                inner.end(running).await;
            }
        });
        if let Some(before) = self.0.closing.replace(Some(closing)) {
            before.abort();
        }
    }
}

impl Running {
    /// Itself, if it still runs.
    fn still(mut self) -> Option<Self> {
        (!self.process.has_ended()).then_some(self)
    }
}

impl Inner {
    /// Looks whether the address itself may be visited, before a browser is started for it. Gives
    /// the site it belongs to: host, port, and on which side of the owner's door it is.
    async fn may_visit(&self, request: &Request) -> Result<String, HttpError> {
        let url = &request.url;
        let target = target(url).filter(|_| matches!(url.scheme(), "http" | "https"));
        let Some((host, port)) = target else {
            return Err(HttpError::Refused {
                cause: Cause::Settings,
                reason: format!("{url} is no address of a web page"),
                remedy: "Give one that begins with https:// or http://.".into(),
            });
        };
        if request.reach == Reach::OwnersSite {
            return Ok(format!("{host}:{port} of the settings"));
        }
        let own = (host.as_str(), port);
        let found = permitted(&self.guard, own, (own, request.reach)).await?;
        let is_public = found.iter().all(|address| is_public(address.ip()));
        Ok(format!("{host}:{port} {is_public}"))
    }

    /// What is known before it was started.
    fn expected_problem(&self) -> Option<(String, Option<String>)> {
        let is_untried = self.is_sandboxed.get().is_none();
        (is_untried && getuid().is_root()).then(|| {
            if self.place.is_container {
                (UNSAFE.to_owned(), Some(CONTAINER_REMEDY.to_owned()))
            } else {
                let problem = "as root it cannot have its sandbox, and does not run without it";
                (problem.to_owned(), Some(SANDBOX_REMEDY.to_owned()))
            }
        })
    }

    /// Somebody needs it.
    fn stay(&self) {
        if let Some(closing) = self.closing.take() {
            closing.abort();
        }
    }

    async fn end(&self, running: Running) {
        running.process.close(self.limits.stop).await;
    }
}
