//! What a fake Seerr holds: settings, users, rows, recorded calls, POSTs under way.
//!
//! Everything a test may look at or set is here; how calls change it is in the files of the routes.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::time::Instant;

use chrono::{NaiveDateTime, Utc};

use super::faults::FaultState;
use super::latency::Latency;
use super::rows::{Call, LibrarySeason, Media, Requested, media_status, request_status};
use super::users::{User, permission};
use super::world::{Kind, Title, World};

/// Which of the three programs, and how old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Seerr 3.1.
    #[default]
    Seerr3,
    /// Jellyseerr 2.7.3: `/blacklist` only.
    Jellyseerr27,
    /// Jellyseerr 2.5.2: no DELETED, no COMPLETED, no `mediaType` parameter, "all" seasons include the specials.
    Jellyseerr25,
    /// Overseerr 1.34: no blocklist, no `sortDirection` either.
    Overseerr134,
}

/// Settings of Seerr that change what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "so many switches has Seerr's settings page"
)]
pub struct Settings {
    /// The API key.
    pub api_key: String,
    /// Refuses everything that alters data.
    pub csrf_protection: bool,
    /// Seasons numbered 0 may be asked for.
    pub enable_special_episodes: bool,
    /// A Radarr for 4K is set up.
    pub movie_4k_enabled: bool,
    /// A Sonarr for 4K is set up.
    pub series_4k_enabled: bool,
    /// A Sonarr is set up: approved shows without a TVDB number vanish after the 201.
    pub sonarr_configured: bool,
    /// Seerr's language.
    pub locale: String,
    /// Which program.
    pub flavour: Flavour,
    /// How long things take.
    pub latency: Latency,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_key: "ZmFrZS1zZWVyci1rZXk=".to_owned(),
            csrf_protection: false,
            enable_special_episodes: false,
            movie_4k_enabled: false,
            series_4k_enabled: false,
            sonarr_configured: false,
            locale: "en".to_owned(),
            flavour: Flavour::default(),
            latency: Latency::default(),
        }
    }
}

/// A POST /request that is being worked on.
#[derive(Clone, Debug, Default)]
pub(super) struct Running {
    pub(super) stored_beside: Vec<i64>,
    pub(super) loses_row: bool,
}

/// The state of one fake Seerr.
pub struct State {
    /// Its settings.
    pub settings: Settings,
    /// What TMDB knows.
    pub world: World,
    /// The users, by number.
    pub users: BTreeMap<i64, User>,
    pub(super) media: Vec<Media>,
    pub(super) requests: Vec<Requested>,
    pub(super) calls: Vec<Call>,
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) max_running: usize,
    pub(super) faults: FaultState,
    pub(super) cache: HashMap<String, Instant>,
    pub(super) tmdb_lookups: u64,
    pub(super) last_media: i64,
    pub(super) last_request: i64,
    last_post: u64,
    pub(super) last_call: u64,
}

impl State {
    pub(super) fn new(world: World) -> Self {
        let admin = User::new(1, "admin", permission::ADMIN);
        Self {
            settings: Settings::default(),
            world,
            users: BTreeMap::from([(1, admin)]),
            media: Vec::new(),
            requests: Vec::new(),
            calls: Vec::new(),
            running: BTreeMap::new(),
            max_running: 0,
            faults: FaultState::default(),
            cache: HashMap::new(),
            tmdb_lookups: 0,
            last_media: 0,
            last_request: 0,
            last_post: 0,
            last_call: 0,
        }
    }

    // ---- what a test may look at ----

    /// Every call received, in order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How many calls of that method and exact path were received; a path ending in `*` stands for all that begin so.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let fits = |call: &&Call| {
            call.method == method
                && match path.strip_suffix('*') {
                    Some(start) => call.path.starts_with(start),
                    None => call.path == path,
                }
        };
        self.calls.iter().filter(fits).count()
    }

    /// Every request row, oldest first.
    pub fn requests(&self) -> &[Requested] {
        &self.requests
    }

    /// Every title row.
    pub fn media(&self) -> &[Media] {
        &self.media
    }

    /// Rows for that TMDB number, film or show.
    pub fn requests_for(&self, tmdb_id: i64, is_4k: bool) -> Vec<&Requested> {
        let fits = |row: &&Requested| row.tmdb_id == tmdb_id && row.is_4k == is_4k;
        self.requests.iter().filter(fits).collect()
    }

    /// The title's first row.
    pub fn media_of(&self, kind: Kind, tmdb_id: i64) -> Option<&Media> {
        self.media
            .iter()
            .find(|row| row.kind == kind && row.tmdb_id == tmdb_id)
    }

    /// POSTs still being worked on, whether their client waits or not.
    pub fn running_posts(&self) -> usize {
        self.running.len()
    }

    /// The most POSTs that were worked on at one moment.
    pub fn max_running_posts(&self) -> usize {
        self.max_running
    }

    /// Look-ups that went through to TMDB, because no cache held them.
    pub fn tmdb_lookups(&self) -> u64 {
        self.tmdb_lookups
    }

    // ---- what a test may set ----

    /// Puts a title into the library, or gives it that state; its row's number.
    pub fn set_media(&mut self, kind: Kind, tmdb_id: i64, status: i64) -> i64 {
        let id = self.media_row(kind, tmdb_id);
        if let Some(row) = self.media_mut(id) {
            row.status = status;
        }
        id
    }

    /// The same for 4K.
    pub fn set_media_4k(&mut self, kind: Kind, tmdb_id: i64, status: i64) -> i64 {
        let id = self.media_row(kind, tmdb_id);
        if let Some(row) = self.media_mut(id) {
            row.status_4k = status;
        }
        id
    }

    /// Puts seasons of a show into the library, which makes it partially available.
    pub fn set_library_seasons(&mut self, tmdb_id: i64, numbers: &[i64]) {
        let id = self.set_media(Kind::Tv, tmdb_id, media_status::PARTIALLY_AVAILABLE);
        if let Some(row) = self.media_mut(id) {
            row.seasons = numbers
                .iter()
                .map(|number| LibrarySeason {
                    number: *number,
                    status: media_status::AVAILABLE,
                    status_4k: media_status::UNKNOWN,
                })
                .collect();
        }
    }

    /// Forbids a title.
    pub fn blocklist(&mut self, kind: Kind, tmdb_id: i64) {
        self.set_media(kind, tmdb_id, media_status::BLOCKLISTED);
    }

    /// Adds a request as if somebody had made it, with the effects its state has on the title; its number.
    pub fn add_request(&mut self, kind: Kind, tmdb_id: i64, status: i64, seasons: &[i64]) -> i64 {
        let media_id = self.media_row(kind, tmdb_id);
        let id = self.insert_request(Requested {
            id: 0,
            media_id,
            kind,
            tmdb_id,
            status: request_status::PENDING,
            is_4k: false,
            seasons: seasons.to_vec(),
            requested_by: 1,
            modified_by: None,
            server_id: None,
            profile_id: None,
            root_folder: None,
            tags: Vec::new(),
            created_at: now(),
            updated_at: now(),
        });
        if let Some(row) = self.media_mut(media_id)
            && row.status == media_status::UNKNOWN
        {
            row.status = media_status::PENDING;
        }
        self.set_request_status(id, status);
        if status == request_status::FAILED
            && let Some(row) = self.media_mut(media_id)
        {
            row.status = media_status::PROCESSING;
        }
        id
    }

    /// Adds or replaces a user.
    pub fn add_user(&mut self, user: User) {
        self.users.insert(user.id, user);
    }

    /// Forgets the calls recorded so far.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
        self.max_running = self.running.len();
    }

    // ---- what the routes do ----

    pub(super) fn title(&self, kind: Kind, tmdb_id: i64) -> Option<&Title> {
        self.world.find(kind, tmdb_id)
    }

    pub(super) fn media_mut(&mut self, id: i64) -> Option<&mut Media> {
        self.media.iter_mut().find(|row| row.id == id)
    }

    pub(super) fn media_by_id(&self, id: i64) -> Option<&Media> {
        self.media.iter().find(|row| row.id == id)
    }

    pub(super) fn request(&self, id: i64) -> Option<&Requested> {
        self.requests.iter().find(|row| row.id == id)
    }

    pub(super) fn insert_media(&mut self, kind: Kind, tmdb_id: i64, tvdb_id: Option<i64>) -> i64 {
        self.last_media += 1;
        self.media.push(Media {
            id: self.last_media,
            kind,
            tmdb_id,
            tvdb_id,
            status: media_status::UNKNOWN,
            status_4k: media_status::UNKNOWN,
            seasons: Vec::new(),
            created_at: now(),
            updated_at: now(),
        });
        self.last_media
    }

    pub(super) fn insert_request(&mut self, mut row: Requested) -> i64 {
        self.last_request += 1;
        row.id = self.last_request;
        self.requests.push(row);
        self.last_request
    }

    fn media_row(&mut self, kind: Kind, tmdb_id: i64) -> i64 {
        if let Some(row) = self.media_of(kind, tmdb_id) {
            return row.id;
        }
        let tvdb_id = self.title(kind, tmdb_id).and_then(|title| title.tvdb_id);
        self.insert_media(kind, tmdb_id, tvdb_id)
    }

    /// Gives a request a state, with what Seerr then does to the title's state.
    pub fn set_request_status(&mut self, id: i64, status: i64) {
        let Some(row) = self.requests.iter_mut().find(|row| row.id == id) else {
            return;
        };
        row.status = status;
        row.updated_at = now();
        let row = row.clone();
        let others_wait = self
            .requests
            .iter()
            .any(|other| other.media_id == row.media_id && other.status == request_status::PENDING);
        let Some(media) = self.media_mut(row.media_id) else {
            return;
        };
        media.updated_at = now();
        let state = if row.is_4k {
            &mut media.status_4k
        } else {
            &mut media.status
        };
        match status {
            request_status::APPROVED
                if !matches!(
                    *state,
                    media_status::AVAILABLE
                        | media_status::PARTIALLY_AVAILABLE
                        | media_status::PROCESSING
                ) =>
            {
                *state = media_status::PROCESSING;
            }
            request_status::DECLINED
                if row.kind == Kind::Movie && *state != media_status::DELETED =>
            {
                *state = media_status::UNKNOWN;
            }
            request_status::DECLINED if *state == media_status::PENDING && !others_wait => {
                *state = media_status::UNKNOWN;
            }
            request_status::COMPLETED => *state = media_status::AVAILABLE,
            _ => {}
        }
    }

    /// Removes a request; a title that nobody asks for any more is unknown again.
    pub(super) fn remove_request(&mut self, id: i64) -> Option<Requested> {
        let at = self.requests.iter().position(|row| row.id == id)?;
        let row = self.requests.remove(at);
        let is_last = !self
            .requests
            .iter()
            .any(|other| other.media_id == row.media_id && other.is_4k == row.is_4k);
        if let Some(media) = self.media_mut(row.media_id) {
            let state = if row.is_4k {
                &mut media.status_4k
            } else {
                &mut media.status
            };
            if is_last && matches!(*state, media_status::PENDING | media_status::PROCESSING) {
                *state = media_status::UNKNOWN;
            }
        }
        Some(row)
    }

    pub(super) fn post_begins(&mut self) -> u64 {
        self.last_post += 1;
        self.running.insert(self.last_post, Running::default());
        self.max_running = self.max_running.max(self.running.len());
        self.last_post
    }

    /// A failing write rolls back what was written beside it.
    pub(super) fn post_fails(&mut self, post: u64) {
        let Some(failed) = self.running.remove(&post) else {
            return;
        };
        if self.faults.keeps_rows {
            return;
        }
        for id in failed.stored_beside {
            self.remove_request(id);
        }
        for other in self.running.values_mut() {
            other.loses_row = true;
        }
    }

    pub(super) fn post_ends(&mut self, post: u64) {
        self.running.remove(&post);
    }

    pub(super) fn post_stored(&mut self, post: u64, request: i64) {
        for (_, other) in self.running.iter_mut().filter(|(id, _)| **id != post) {
            other.stored_beside.push(request);
        }
    }
}

pub(super) fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
}
