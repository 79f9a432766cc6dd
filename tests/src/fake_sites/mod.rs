//! List sites that are none: IMDb, Steven Lu's files, Trakt, Letterboxd, TMDB and pages of anybody, failing on demand.
//!
//! Owns: the sites' lists and their server. Point the providers' addresses at [`FakeSites::url`]. All sites are in one
//! server, told apart by path; where hosts must differ (their pace is kept per host), start two.
//! `POST /` and `POST /graphql` are IMDb's GraphQL; `/chart/…`, `/list/ls…`, `/user/…` its pages; `/….json` Steven Lu's files;
//! `/users/…`, `/lists/…`, `/movies/…`, `/shows/…` Trakt's API; `/{user}/…`, `/film/…` Letterboxd; `/list/{number}` TMDB;
//! `/pages/…` anybody's.

pub mod captures;
mod entry;
pub mod export;
mod graphql;
mod letterboxd;
mod pace;
mod pages;
mod query;
mod state;
mod trakt;
mod web;

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use entry::Entry;
pub use pace::Pace;
pub use state::{ListFault, SiteCall};
pub use trakt::TRAKT_CLIENT_ID;

use crate::loopback::{Answer, Body, Fault, Handler, Request, Server, Times};
use state::{ListState, Raw, SiteState, now};

struct Shared {
    state: Mutex<SiteState>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SiteState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut SiteState) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }
}

/// The running sites. Dropping it stops them.
pub struct FakeSites {
    shared: Arc<Shared>,
    server: Option<Server>,
    port: u16,
}

impl FakeSites {
    /// Starts them on a free port, with no list.
    /// # Panics
    /// When no port can be had.
    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    pub fn start() -> Self {
        Self::try_start(0).expect("no port for the fake sites")
    }

    /// Starts them on that port; 0 takes a free one.
    /// # Errors
    /// When the port is taken.
    pub fn try_start(port: u16) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(SiteState::new()),
            changed: Condvar::new(),
        });
        let mut sites = Self {
            shared,
            server: None,
            port,
        };
        sites.listen()?;
        Ok(sites)
    }

    fn listen(&mut self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let handler: Handler =
            Arc::new(move |request| Box::pin(answer(Arc::clone(&shared), request)));
        let server = Server::start(self.port, handler)?;
        self.port = server.port();
        self.server = Some(server);
        Ok(())
    }

    /// Where they answer, without a path.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same by another name, for a site whose pace must be its own: a reader keeps its pace by host.
    pub fn url_by_name(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Ends them; lists stay.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Stops them and starts them again on the same port.
    /// # Panics
    /// When somebody else took the port meanwhile.
    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    pub fn restart(&mut self) {
        self.stop();
        self.listen().expect("the fake sites' port was taken");
    }

    /// Sets a public list, `ls…`.
    pub fn set_imdb_list(&self, id: &str, entries: Vec<Entry>) {
        self.set_list(id, entries);
    }

    /// Sets the public watchlist of a user, `ur…`.
    pub fn set_imdb_watchlist(&self, user: &str, entries: Vec<Entry>) {
        self.set_list(user, entries);
    }

    /// Sets a chart by IMDb's name, such as `TOP_RATED_MOVIES`; `BOX_OFFICE` is the weekend chart.
    pub fn set_imdb_chart(&self, chart: &str, entries: Vec<Entry>) {
        self.set_list(chart, entries);
    }

    /// Makes a list or watchlist private, or public again.
    pub fn set_imdb_private(&self, id: &str, is_private: bool) {
        self.shared
            .change(|state| state.lists.entry(id.to_owned()).or_default().is_private = is_private);
    }

    /// Lets the new form of a user's address, `p.…`, lead to `ur…`.
    pub fn set_imdb_profile(&self, profile: &str, user: &str) {
        self.shared
            .change(|state| state.profiles.insert(profile.to_owned(), user.to_owned()));
    }

    /// Sets a file of Steven Lu: `movies`, `all-movies`, `movies-metacritic-min70`, …
    pub fn set_stevenlu(&self, name: &str, entries: Vec<Entry>) {
        self.shared
            .change(|state| state.files.insert(name.to_owned(), entries));
    }

    /// Takes a list, watchlist, chart or file away.
    pub fn remove(&self, id: &str) {
        self.shared.change(|state| {
            state.lists.remove(id);
            state.files.remove(id);
        });
    }

    /// Gives at most so many entries in one GraphQL page, whatever is asked for.
    pub fn cap_pages(&self, most: usize) {
        self.shared.change(|state| state.page_cap = most.max(1));
    }

    /// Answers that path with a body of the test's own, whatever the method and query.
    pub fn serve_raw(
        &self,
        path: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let raw = Raw {
            status,
            headers,
            body: body.into(),
        };
        self.shared
            .change(|state| state.raw.insert(path.to_owned(), raw));
    }

    /// Answers GraphQL queries about that list (`ls…`), watchlist (`ur…`), chart or profile with that body.
    pub fn serve_raw_graphql(&self, id: &str, body: &str) {
        self.shared
            .change(|state| state.raw_graphql.insert(id.to_owned(), body.to_owned()));
    }

    /// Lets calls meet a fault: `call` is a path or `METHOD path`, a path ending in `*` stands for all that begin so.
    pub fn fault(&self, call: &str, fault: Fault, times: Times) {
        self.fault_later(call, 0, fault, times);
    }

    /// The same after the first `skip` fitting calls, for example in the middle of a list.
    pub fn fault_later(&self, call: &str, skip: u32, fault: Fault, times: Times) {
        self.shared
            .change(|state| state.faults.add(call, skip, fault, times));
    }

    /// Spoils what one list, watchlist or chart says.
    pub fn disturb(&self, id: &str, fault: ListFault) {
        self.shared
            .change(|state| state.lists.entry(id.to_owned()).or_default().fault = Some(fault));
    }

    /// Everything is well again.
    pub fn clear_faults(&self) {
        self.shared.change(|state| {
            state.faults.clear();
            for list in state.lists.values_mut() {
                list.fault = None;
            }
        });
    }

    /// Every call received, in order.
    pub fn calls(&self) -> Vec<SiteCall> {
        self.shared.lock().calls.clone()
    }

    /// How many calls of any kind.
    pub fn call_count(&self) -> usize {
        self.shared.lock().calls.len()
    }

    /// How many calls of that method and exact path.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let state = self.shared.lock();
        let fits = |call: &&SiteCall| call.method == method && call.path == path;
        state.calls.iter().filter(fits).count()
    }

    /// The most calls that were being answered at one moment.
    pub fn max_running(&self) -> usize {
        self.shared.lock().max_running
    }

    /// Forgets the calls recorded so far.
    pub fn forget_calls(&self) {
        self.shared.change(|state| {
            state.forgotten += state.calls.len();
            state.calls.clear();
        });
    }

    /// Blocks until the calls are so, or the limit; says which.
    pub fn wait_until(&self, holds: impl Fn(&[SiteCall]) -> bool, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.shared.lock();
        while !holds(&state.calls) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn set_list(&self, id: &str, entries: Vec<Entry>) {
        self.shared.change(|state| {
            let list = ListState {
                name: format!("Sample list {id}"),
                entries,
                ..ListState::default()
            };
            state.lists.insert(id.to_owned(), list);
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request) -> Answer {
    let (at, fault) = shared.change(|state| {
        state.calls.push(SiteCall {
            at: now(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.text(),
            status: None,
            ended: None,
        });
        state.running += 1;
        state.max_running = state.max_running.max(state.running);
        let fault = state.faults.strike(&request.method, &request.path);
        (state.forgotten + state.calls.len() - 1, fault)
    });
    let answer = match fault {
        None => shared.change(|state| plain(state, &request)),
        Some(fault) => {
            if let Some(instead) = fault.instead() {
                instead
            } else {
                tokio::time::sleep(fault.delay()).await;
                fault.spoil(shared.change(|state| plain(state, &request)))
            }
        }
    };
    let status = answer.seen_status();
    shared.change(|state| {
        state.running -= 1;
        let at = at.checked_sub(state.forgotten);
        if let Some(call) = at.and_then(|at| state.calls.get_mut(at)) {
            call.status = status;
            call.ended = Some(now());
        }
    });
    answer
}

fn plain(state: &mut SiteState, request: &Request) -> Answer {
    if let Some(raw) = state.raw.get(&request.path) {
        return Answer {
            status: raw.status,
            headers: raw.headers.clone(),
            body: Body::Whole(raw.body.clone()),
        };
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/" | "/graphql") => graphql::answer(state, request),
        ("GET" | "HEAD", _) => page(state, request),
        _ => Answer::html(405, "<html><body>405</body></html>"),
    }
}

fn page(state: &mut SiteState, request: &Request) -> Answer {
    let parts = request.path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let answer = if trakt::is_path(&parts) {
        Some(trakt::answer(&mut state.trakt, request, &parts))
    } else {
        web::answer(&mut state.web, request, &parts)
            .or_else(|| letterboxd::answer(&mut state.letterboxd, request, &parts))
    };
    match answer {
        Some(answer) => pages::zipped(answer, request),
        None => pages::answer(state, request),
    }
}

/// Text as it stands in HTML, attributes included.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;")
}
