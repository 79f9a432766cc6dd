//! The rows of the fake Seerr's database and the numbers it uses for states.

use chrono::NaiveDateTime;

use super::world::Kind;

/// State of a title in Seerr, as numbered by Seerr 3.
pub mod media_status {
    /// Nobody asked, not in the library.
    pub const UNKNOWN: i64 = 1;
    /// Asked for, not approved.
    pub const PENDING: i64 = 2;
    /// Approved, not there yet.
    pub const PROCESSING: i64 = 3;
    /// Some seasons are there.
    pub const PARTIALLY_AVAILABLE: i64 = 4;
    /// In the library.
    pub const AVAILABLE: i64 = 5;
    /// Nobody may ask for it.
    pub const BLOCKLISTED: i64 = 6;
    /// Was in the library.
    pub const DELETED: i64 = 7;
}

/// State of a request.
pub mod request_status {
    /// Waits for approval.
    pub const PENDING: i64 = 1;
    /// Approved.
    pub const APPROVED: i64 = 2;
    /// Refused by a person.
    pub const DECLINED: i64 = 3;
    /// Radarr or Sonarr refused it.
    pub const FAILED: i64 = 4;
    /// Done.
    pub const COMPLETED: i64 = 5;
}

/// A season in the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibrarySeason {
    /// Its number.
    pub number: i64,
    /// One of [`media_status`].
    pub status: i64,
    /// The same for 4K.
    pub status_4k: i64,
}

/// A title Seerr has heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Seerr's own number, which is not TMDB's.
    pub id: i64,
    /// Film or show.
    pub kind: Kind,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// TVDB's number.
    pub tvdb_id: Option<i64>,
    /// One of [`media_status`].
    pub status: i64,
    /// The same for 4K.
    pub status_4k: i64,
    /// What scans found; requested seasons are in the requests only.
    pub seasons: Vec<LibrarySeason>,
    /// When the row was made.
    pub created_at: NaiveDateTime,
    /// When it was last changed.
    pub updated_at: NaiveDateTime,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Its number; the lowest is the oldest.
    pub id: i64,
    /// The row of its title.
    pub media_id: i64,
    /// Film or show.
    pub kind: Kind,
    /// TMDB's number.
    pub tmdb_id: i64,
    /// One of [`request_status`].
    pub status: i64,
    /// Whether it is for 4K.
    pub is_4k: bool,
    /// Seasons asked for.
    pub seasons: Vec<i64>,
    /// In whose name.
    pub requested_by: i64,
    /// Who approved, declined or retried it.
    pub modified_by: Option<i64>,
    /// The Radarr or Sonarr named in the request.
    pub server_id: Option<i64>,
    /// The quality profile named.
    pub profile_id: Option<i64>,
    /// The folder named.
    pub root_folder: Option<String>,
    /// The tags named.
    pub tags: Vec<i64>,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// When it was last changed.
    pub updated_at: NaiveDateTime,
}

/// One call as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, from 1.
    pub id: u64,
    /// When it arrived.
    pub at: NaiveDateTime,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// The user it acted as, once that was known.
    pub user: Option<i64>,
    /// What was answered; `None` while it runs, or when nothing is ever answered.
    pub status: Option<u16>,
}
