//! What a fake Seerr holds: settings, users, rows, recorded calls, POSTs under way.
//!
//! Everything a test may look at or set is here; how calls change it is in the files of the routes.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{NaiveDateTime, Utc};

use super::faults::FaultState;
use super::rows::{Call, LibrarySeason, Media, Requested, media_status, request_status};
use super::settings::Settings;
use super::tables::{MediaTable, RequestTable};
use super::users::{User, permission};
use super::world::{Kind, Title, World};

/// What is asked for more than once at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Double {
    /// Film or show.
    pub kind: Kind,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Whether it is for 4K.
    pub is_4k: bool,
    /// Of shows.
    pub season: Option<i64>,
    /// How many live requests ask for it.
    pub times: usize,
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
    pub(super) media: MediaTable,
    pub(super) requests: RequestTable,
    pub(super) calls: Vec<Call>,
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) max_running: usize,
    pub(super) faults: FaultState,
    pub(super) cache: HashMap<String, Instant>,
    pub(super) tmdb_lookups: u64,
    pub(super) core_time: Duration,
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
            media: MediaTable::default(),
            requests: RequestTable::default(),
            calls: Vec::new(),
            running: BTreeMap::new(),
            max_running: 0,
            faults: FaultState::default(),
            cache: HashMap::new(),
            tmdb_lookups: 0,
            core_time: Duration::ZERO,
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
        self.requests.all()
    }

    /// Every title row.
    pub fn media(&self) -> &[Media] {
        self.media.all()
    }

    /// Rows for that TMDB number, film or show.
    pub fn requests_for(&self, tmdb_id: i64, is_4k: bool) -> Vec<&Requested> {
        let kinds = [Kind::Movie, Kind::Tv].into_iter();
        let rows = kinds.flat_map(|kind| self.requests.of_title(kind, tmdb_id));
        rows.filter(|row| row.is_4k == is_4k).collect()
    }

    /// Titles, or seasons of shows, that more than one request asks for in the same quality, of those neither declined nor
    /// completed. A well-behaved client leaves none.
    pub fn double_requests(&self) -> Vec<Double> {
        let mut times: BTreeMap<(Kind, i64, bool, Option<i64>), usize> = BTreeMap::new();
        for row in self.requests.all().iter().filter(|row| is_live(row)) {
            let seasons: Vec<Option<i64>> = match row.kind {
                Kind::Movie => vec![None],
                Kind::Tv => row.seasons.iter().copied().map(Some).collect(),
            };
            for season in seasons {
                let place = (row.kind, row.tmdb_id, row.is_4k, season);
                *times.entry(place).or_default() += 1;
            }
        }
        let double = times.into_iter().filter(|(_, times)| *times > 1);
        double
            .map(|((kind, tmdb_id, is_4k, season), times)| Double {
                kind,
                tmdb_id,
                is_4k,
                season,
                times,
            })
            .collect()
    }

    /// The title's first row.
    pub fn media_of(&self, kind: Kind, tmdb_id: i64) -> Option<&Media> {
        self.media.first_of(kind, tmdb_id)
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

    /// How long its one core was kept busy so far, by its latencies and not by the clock of the machine under test.
    pub fn core_time(&self) -> Duration {
        self.core_time
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
        self.set_media(Kind::Tv, tmdb_id, media_status::PARTIALLY_AVAILABLE);
        for number in numbers {
            self.set_season(tmdb_id, *number, false, media_status::AVAILABLE);
        }
    }

    /// The same for 4K.
    pub fn set_library_seasons_4k(&mut self, tmdb_id: i64, numbers: &[i64]) {
        self.set_media_4k(Kind::Tv, tmdb_id, media_status::PARTIALLY_AVAILABLE);
        for number in numbers {
            self.set_season(tmdb_id, *number, true, media_status::AVAILABLE);
        }
    }

    /// Gives one season of a show a state in one quality, as scans do; the show's own state stays.
    pub fn set_season(&mut self, tmdb_id: i64, number: i64, is_4k: bool, status: i64) {
        let id = self.media_row(Kind::Tv, tmdb_id);
        let Some(row) = self.media_mut(id) else {
            return;
        };
        let at = row.seasons.partition_point(|season| season.number < number);
        if row
            .seasons
            .get(at)
            .is_none_or(|season| season.number != number)
        {
            let season = LibrarySeason {
                number,
                status: media_status::UNKNOWN,
                status_4k: media_status::UNKNOWN,
            };
            row.seasons.insert(at, season);
        }
        if let Some(season) = row.seasons.get_mut(at) {
            let state = if is_4k {
                &mut season.status_4k
            } else {
                &mut season.status
            };
            *state = status;
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
        self.media.get_mut(id)
    }

    pub(super) fn media_by_id(&self, id: i64) -> Option<&Media> {
        self.media.get(id)
    }

    pub(super) fn request(&self, id: i64) -> Option<&Requested> {
        self.requests.get(id)
    }

    pub(super) fn insert_media(&mut self, kind: Kind, tmdb_id: i64, tvdb_id: Option<i64>) -> i64 {
        self.media.insert(Media {
            id: 0,
            kind,
            tmdb_id,
            tvdb_id,
            status: media_status::UNKNOWN,
            status_4k: media_status::UNKNOWN,
            seasons: Vec::new(),
            created_at: now(),
            updated_at: now(),
        })
    }

    pub(super) fn insert_request(&mut self, row: Requested) -> i64 {
        self.requests.insert(row)
    }

    /// Removes a title with its requests.
    pub(super) fn remove_media(&mut self, id: i64) {
        self.requests.remove_of_media(id);
        self.media.remove(id);
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
        let Some(row) = self.requests.get_mut(id) else {
            return;
        };
        row.status = status;
        row.updated_at = now();
        let row = row.clone();
        let others_wait = self
            .requests
            .of_media(row.media_id)
            .any(|other| other.status == request_status::PENDING);
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

    /// Removes a request, as a person does. In each quality, a title for which no request is left, not even a declined one,
    /// is unknown again unless it is available: also one that is partially available or was deleted.
    pub fn remove_request(&mut self, id: i64) {
        let Some(row) = self.requests.remove(id) else {
            return;
        };
        for is_4k in [false, true] {
            let mut left = self.requests.of_media(row.media_id);
            if left.any(|other| other.is_4k == is_4k) {
                continue;
            }
            if let Some(media) = self.media.get_mut(row.media_id) {
                let state = if is_4k {
                    &mut media.status_4k
                } else {
                    &mut media.status
                };
                if *state != media_status::AVAILABLE {
                    *state = media_status::UNKNOWN;
                }
            }
        }
    }

    /// Loses a request that was stored; a title that only it was for is as if nobody had asked.
    fn lose_request(&mut self, id: i64) {
        let Some(row) = self.requests.remove(id) else {
            return;
        };
        let mut left = self.requests.of_media(row.media_id);
        let is_last = !left.any(|other| other.is_4k == row.is_4k);
        if let Some(media) = self.media.get_mut(row.media_id) {
            let state = if row.is_4k {
                &mut media.status_4k
            } else {
                &mut media.status
            };
            if is_last && matches!(*state, media_status::PENDING | media_status::PROCESSING) {
                *state = media_status::UNKNOWN;
            }
        }
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
            self.lose_request(id);
        }
        for other in self.running.values_mut() {
            other.loses_row = true;
        }
    }

    pub(super) fn post_ends(&mut self, post: u64) {
        self.running.remove(&post);
    }

    /// A row was stored: it stays, unless a POST beside this one has failed meanwhile.
    pub(super) fn post_stored(&mut self, post: u64, request: i64) {
        let running = self.running.get(&post);
        if running.is_some_and(|running| running.loses_row) {
            self.lose_request(request);
            return;
        }
        for (_, other) in self.running.iter_mut().filter(|(id, _)| **id != post) {
            other.stored_beside.push(request);
        }
    }
}

fn is_live(row: &Requested) -> bool {
    !matches!(
        row.status,
        request_status::DECLINED | request_status::COMPLETED
    )
}

pub(super) fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
}
