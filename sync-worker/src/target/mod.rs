//! What the sync-worker needs from the place where titles are requested: [`Target`], its answers
//! and its errors. `seerr/` is the one target so far; `in_memory` is a second one for tests, and shows
//! what a third would have to bring. Which title to request is decided elsewhere.

mod error;
#[cfg(test)]
pub(crate) mod in_memory;
mod seerr;

use std::collections::HashMap;

use chrono::{NaiveDateTime, TimeDelta};
use schema::models::{MediaType, SeasonFacts};

pub(crate) use error::TargetError;
pub(crate) use seerr::{Seerr, SeerrSetupError};

/// A place where titles are requested.
///
/// Five things are asked of it: what it knows ([`snapshot`](Target::snapshot)), which title is meant
/// ([`look_up`](Target::look_up), [`search`](Target::search), [`details`](Target::details)), to get a
/// title ([`submit`](Target::submit), [`retry`](Target::retry)), whether it really has what it
/// confirmed ([`verify`](Target::verify)), and to let one go ([`withdraw`](Target::withdraw)). Plan and
/// ledger know nothing else of it. What only reads may be called any number of times, side by side;
/// what changes something goes one at a time: Seerr loses rows under parallel writes.
pub(crate) trait Target: Clone + 'static {
    /// The word for it in the ledger: `seerr`.
    fn name(&self) -> &'static str;

    /// Asks who we are there and what may be requested.
    ///
    /// # Errors
    /// When it does not answer, is something else, or does not take the key.
    async fn check(&self) -> Result<TargetInfo, TargetError>;

    /// What a person should know although requests can be made; asked when a person looks, not in
    /// every run.
    async fn troubles(&self) -> Vec<TargetWarning> {
        Vec::new()
    }

    /// Everything it knows of titles and requests, in few large pages.
    ///
    /// # Errors
    /// When a page does not arrive; a part is never given for the whole.
    async fn snapshot(&self) -> Result<Snapshot, TargetError>;

    /// The titles that carry a foreign id. None means that TMDB does not know the id.
    ///
    /// # Errors
    /// [`TargetError::Upstream`] when TMDB did not answer.
    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError>;

    /// Whether TMDB answers the target at this moment: a look-up that is not repeated when it fails,
    /// so that a TMDB that fails now and then is not taken for a sound one.
    ///
    /// # Errors
    /// [`TargetError::Upstream`] when TMDB did not answer.
    async fn probe(&self, id: &ForeignId) -> Result<(), TargetError> {
        self.look_up(id).await.map(drop)
    }

    /// Movies and shows that a title search finds. None proves nothing: Seerr answers the same when
    /// TMDB fails.
    ///
    /// # Errors
    /// When the target does not answer, or its pages contradict each other.
    async fn search(&self, title: &str) -> Result<Vec<Candidate>, TargetError>;

    /// The same search with titles in the target's own language: they are other names of what is
    /// found. None where that is the language of [`search`](Target::search).
    ///
    /// # Errors
    /// As for [`search`](Target::search).
    async fn search_local(&self, _title: &str) -> Result<Vec<Candidate>, TargetError> {
        Ok(Vec::new())
    }

    /// What TMDB tells of a title; also fills the target's cache for the request that follows.
    ///
    /// # Errors
    /// [`TargetError::Upstream`] both when TMDB fails and when it has no such title: Seerr does not
    /// tell them apart here.
    async fn details(&self, media_type: MediaType, tmdb_id: i64) -> Result<Details, TargetError>;

    /// Requests a title, once: never repeated here.
    ///
    /// # Errors
    /// [`TargetError::may_have_been_sent`] tells whether it may exist nevertheless.
    async fn submit(&self, wish: &NewRequest) -> Result<Submitted, TargetError>;

    /// Sends a failed request on once more. One that is no longer failed is fine.
    ///
    /// # Errors
    /// [`TargetError::NoSuchRequest`] when it is gone; else as for [`submit`](Target::submit).
    async fn retry(&self, request_id: i32) -> Result<(), TargetError>;

    /// The requests there with this id or a newer one, newest first.
    ///
    /// # Errors
    /// When a page does not arrive.
    async fn verify(&self, oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError>;

    /// Takes a request back. One that is gone already is fine.
    ///
    /// # Errors
    /// When it could not be taken back, or nobody knows.
    async fn withdraw(&self, request_id: i32) -> Result<(), TargetError>;
}

/// An id that another database gave a title.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ForeignId {
    /// `tt` and digits.
    Imdb(String),
    /// TVDB's number.
    Tvdb(i64),
}

/// Answer of [`Target::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct TargetInfo {
    /// `Seerr`, `Overseerr` or `Jellyseerr`.
    pub product: String,
    /// Its version, `unknown` when it does not tell in time.
    pub version: String,
    /// User whose rights requests have that name nobody: the one of the settings.
    pub user_id: i32,
    /// That user's name; not for logs.
    pub user_name: String,
    /// Whether that user may request anything.
    pub can_request: bool,
    /// Whether requests can be made as other users.
    pub can_act_for_others: bool,
    /// Whether 4K movies have a server.
    pub has_4k_movies: bool,
    /// Whether 4K shows have a server.
    pub has_4k_shows: bool,
    /// Language of its titles, e.g. `en`.
    pub locale: String,
    /// What a person should know although requests can be made.
    pub warnings: Vec<TargetWarning>,
}

/// What works, with something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetWarning {
    /// What it is, as a fragment.
    pub what: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

/// A title that an entry may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its title.
    pub title: String,
    /// Its title in its own language, where it differs.
    pub original_title: Option<String>,
    /// Its titles in other languages, as far as they are known.
    pub alternative_titles: Vec<String>,
    /// Year of the release or of the first episode.
    pub year: Option<i32>,
    /// TMDB's measure; never decides which title an entry is.
    pub popularity: f64,
    /// The end of the address of its poster at TMDB.
    pub poster_path: Option<String>,
}

/// Answer of [`Target::details`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// Its title in the target's language.
    pub title: String,
    /// Its title in its own language, where it differs.
    pub original_title: Option<String>,
    /// Year of the release or of the first episode.
    pub year: Option<i32>,
    /// `tt…`
    pub imdb_id: Option<String>,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// A show's seasons, ascending, without the specials.
    pub seasons: Vec<SeasonFacts>,
    /// Whether no more episodes of it are to come.
    pub has_ended: bool,
}

/// What the target has of a title in one quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MediaStatus {
    /// Nothing.
    #[default]
    Unknown,
    /// A request waits for approval.
    Pending,
    /// On its way.
    Processing,
    /// Some of it is there.
    Partial,
    /// There.
    Available,
    /// Nobody may request it.
    Blocklisted,
    /// It was there and was deleted.
    Deleted,
    /// A number that its version does not have, 255 for whatever is beyond: not to be requested.
    Other(u8),
}

/// Everything the target knows, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// By media type and TMDB number. What is not in here was never requested, is not in the library
    /// and not blocklisted.
    pub media: HashMap<(MediaType, i64), MediaRow>,
    /// By media type, TMDB number and whether it is 4K; newest first.
    pub requests: HashMap<(MediaType, i64, bool), Vec<TargetRequest>>,
    /// Highest request id, 0 when there is none.
    pub newest_request_id: i32,
    /// When a person said the no that is seen now, by media type, TMDB number and whether it is 4K: the
    /// newest request is declined, or the title deleted or blocklisted. Only where the target tells.
    pub refused_at: HashMap<(MediaType, i64, bool), NaiveDateTime>,
    /// What time it was there when it told this.
    pub told_at: Option<NaiveDateTime>,
    /// What was noticed on the way that a person should know.
    pub warnings: Vec<TargetWarning>,
}

/// Clocks that differ by less are taken for one: answers tell whole seconds, and take their time.
const SAME_CLOCK: TimeDelta = TimeDelta::seconds(30);

impl Snapshot {
    /// The same with its times in ours, where the target's clock is another; `now` is when it came.
    pub(crate) fn in_our_time(mut self, now: NaiveDateTime) -> Self {
        let behind = self.told_at.map_or(TimeDelta::zero(), |there| now - there);
        if behind.abs() >= SAME_CLOCK {
            for at in self.refused_at.values_mut() {
                *at = at.checked_add_signed(behind).unwrap_or(now);
            }
            self.told_at = Some(now);
        }
        self
    }
}

/// One title in the target's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaRow {
    /// Standard quality.
    pub status: MediaStatus,
    /// 4K, which is independent of the other.
    pub status_4k: MediaStatus,
    /// Whether what fetches titles for it knows this one in standard quality: what it fetches goes on
    /// when its request is taken back.
    pub is_handed_on: bool,
    /// The same for 4K.
    pub is_handed_on_4k: bool,
    /// Seasons of a show of which the library has something, ascending.
    pub seasons: Box<[SeasonRow]>,
}

/// One season in the target's library. What is merely requested is in the requests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeasonRow {
    /// Its number; 0 are specials.
    pub season: i32,
    /// Standard quality.
    pub status: MediaStatus,
    /// 4K.
    pub status_4k: MediaStatus,
}

/// One request in the target's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetRequest {
    /// Its id; later requests have higher ones.
    pub id: i32,
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// Its quality.
    pub is_4k: bool,
    /// How far it is.
    pub status: RequestStatus,
    /// Who asked.
    pub requested_by: Option<i32>,
    /// Seasons it asks for; empty for movies.
    pub seasons: Vec<i32>,
}

/// See [`TargetRequest::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestStatus {
    /// Waits for approval.
    Pending,
    /// Approved.
    Approved,
    /// Somebody said no.
    Declined,
    /// Radarr or Sonarr said no.
    Failed,
    /// Done.
    Completed,
    /// A number that its version does not have, 255 for whatever is beyond.
    Other(u8),
}

/// What to request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewRequest {
    /// Movie or show.
    pub media_type: MediaType,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// In which quality.
    pub is_4k: bool,
    /// Which seasons; without meaning for movies.
    pub seasons: Seasons,
    /// In whose name and with whose rights; nobody means the user of the settings.
    pub requested_as: Option<i32>,
}

/// See [`NewRequest::seasons`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seasons {
    /// All but the specials.
    #[default]
    All,
    /// These.
    Some(Vec<i32>),
}

/// Answer of [`Target::submit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// It exists now. What came before may still undo it: read again after a batch.
    Created {
        /// Its id.
        request_id: i32,
        /// The target's own id of the title.
        media_id: Option<i32>,
        /// Seasons it holds: those that were asked for and not requested or there already.
        seasons: Vec<i32>,
    },
    /// Every season is there or requested already; nothing was made.
    NothingLeft,
    /// The movie is requested already; nothing was made.
    AlreadyThere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_clock_that_goes_otherwise_are_told_in_ours() {
        let at = |text: &str| -> NaiveDateTime { text.parse().unwrap() };
        let place = (MediaType::Movie, 603, false);
        let told = |there: Option<&str>| {
            let snapshot = Snapshot {
                refused_at: [(place, at("2026-11-22T11:00:00"))].into(),
                told_at: there.map(at),
                ..Snapshot::default()
            };
            snapshot.in_our_time(at("2026-11-22T12:00:00")).refused_at[&place].to_string()
        };
        assert_eq!(told(None), "2026-11-22 11:00:00");
        assert_eq!(told(Some("2026-11-22T11:59:45")), "2026-11-22 11:00:00");
        assert_eq!(told(Some("2026-11-22T14:00:00")), "2026-11-22 09:00:00");
        assert_eq!(told(Some("2026-11-22T11:30:00")), "2026-11-22 11:30:00");
    }
}
