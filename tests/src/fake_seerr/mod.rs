//! A Seerr that is none: answers as Seerr 3.1 does, with its order of checks, its traps and its pace, and fails on demand.
//!
//! Owns: the fake's state and its server. Leaves to others: what the client under test should do about it.
//! Each trap has a test in `tests/fake_seerr_*.rs`. Paths served: /status, /settings/public, /auth/me, /user, /search,
//! /movie, /tv, /request, /media, /blocklist, /service; anything else answers as an unknown path does.

mod auth;
mod details;
pub mod faults;
mod latency;
mod library;
mod page;
mod post;
mod requests;
mod routes;
pub mod rows;
mod sample;
mod search;
mod settings;
mod shapes;
mod shared;
mod small;
mod state;
mod tables;
mod upstream;
mod users;
mod validate;
mod words;
pub mod world;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use faults::{Faults, Stage, Tmdb};
pub use latency::Latency;
pub use rows::{Call, LibrarySeason, Media, Requested, media_status, request_status};
pub use sample::AMBIGUOUS;
pub use settings::{Flavour, Settings};
pub use state::{Double, State};
pub use users::{Quota, User, permission};
pub use world::{Airs, Kind, Season, ShowState, Title, Wanted, World};

use crate::loopback::{Handler, Server};
use shared::Shared;

/// A running fake. Dropping it stops it.
pub struct FakeSeerr {
    shared: Arc<Shared>,
    server: Option<Server>,
    port: u16,
    with_page: bool,
}

impl FakeSeerr {
    /// Starts one that knows this world, on a free port, without latency and without a page.
    /// # Panics
    /// When no port can be had.
    pub fn start(world: World) -> Self {
        Self::open(world, 0, false)
    }

    /// The same with the page of requests at `/`.
    /// # Panics
    /// When no port can be had.
    pub fn with_page(world: World) -> Self {
        Self::open(world, 0, true)
    }

    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    fn open(world: World, port: u16, with_page: bool) -> Self {
        Self::try_start(world, port, with_page).expect("no port for the fake Seerr")
    }

    /// Starts one on that port; 0 takes a free one.
    /// # Errors
    /// When the port is taken.
    pub fn try_start(world: World, port: u16, with_page: bool) -> io::Result<Self> {
        let mut fake = Self {
            shared: Arc::new(Shared::new(State::new(world))),
            server: None,
            port,
            with_page,
        };
        fake.listen()?;
        Ok(fake)
    }

    fn listen(&mut self) -> io::Result<()> {
        let (shared, with_page) = (Arc::clone(&self.shared), self.with_page);
        let handler: Handler = Arc::new(move |request| {
            Box::pin(routes::answer(Arc::clone(&shared), request, with_page))
        });
        let server = Server::start(self.port, handler)?;
        self.port = server.port();
        self.server = Some(server);
        Ok(())
    }

    /// Where it answers, without a path.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port, which stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The right API key.
    pub fn api_key(&self) -> String {
        self.read(|state| state.settings.api_key.clone())
    }

    /// Ends it as a killed process ends: POSTs under way and TMDB's cache are lost, rows stay.
    pub fn stop(&mut self) {
        self.server = None;
        self.shared.change(|state| state.cache.clear());
    }

    /// Stops it and starts it again on the same port.
    /// # Panics
    /// When somebody else took the port meanwhile.
    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    pub fn restart(&mut self) {
        self.stop();
        self.listen().expect("the fake Seerr's port was taken");
    }

    /// Pulls the cable: nobody listens, connections end, POSTs under way go on.
    /// # Panics
    /// When it was stopped.
    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    pub fn go_dark(&self) {
        let server = self.server.as_ref().expect("the fake Seerr was stopped");
        server.go_dark().expect("the fake Seerr does not obey");
    }

    /// Plugs it in again, on the same port.
    /// # Panics
    /// When it was stopped or somebody else took the port meanwhile.
    #[expect(clippy::expect_used, reason = "a test without its fake is over")]
    pub fn come_back(&self) {
        let server = self.server.as_ref().expect("the fake Seerr was stopped");
        server.come_back().expect("the fake Seerr's port was taken");
    }

    /// What it can be made to do wrong.
    pub fn faults(&self) -> Faults {
        Faults {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Looks at the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.shared.read(look)
    }

    /// Changes the state: settings, users, rows.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.shared.change(change)
    }

    /// Blocks until the state is so, or the limit; says which. Woken by every change.
    pub fn wait_until(&self, holds: impl Fn(&State) -> bool, limit: Duration) -> bool {
        self.shared.wait_until(holds, limit)
    }

    /// Sets how long things take.
    pub fn set_latency(&self, latency: Latency) {
        self.change(|state| state.settings.latency = latency);
    }

    /// Every call received, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.read(|state| state.calls().to_vec())
    }

    /// How many calls of that method and path; see [`State::count`].
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.read(|state| state.count(method, path))
    }

    /// How many calls of any kind.
    pub fn call_count(&self) -> usize {
        self.read(|state| state.calls().len())
    }

    /// Forgets the calls recorded so far.
    pub fn forget_calls(&self) {
        self.change(State::forget_calls);
    }

    /// Every request row, oldest first.
    pub fn requests(&self) -> Vec<Requested> {
        self.read(|state| state.requests().to_vec())
    }

    /// Every title row.
    pub fn media(&self) -> Vec<Media> {
        self.read(|state| state.media().to_vec())
    }

    /// Request rows for that TMDB number.
    pub fn requests_for(&self, tmdb_id: i64, is_4k: bool) -> Vec<Requested> {
        self.read(|state| {
            let found = state.requests_for(tmdb_id, is_4k);
            found.into_iter().cloned().collect()
        })
    }

    /// POSTs still being worked on.
    pub fn running_posts(&self) -> usize {
        self.read(State::running_posts)
    }

    /// The most POSTs that were worked on at one moment.
    pub fn max_running_posts(&self) -> usize {
        self.read(State::max_running_posts)
    }
}
