//! Following what happens: the stored events, and passing news beside them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::models::{EventKind, ListId, RunId};

/// See [`ToSyncWorker::WatchEvents`](super::ToSyncWorker::WatchEvents).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchEvents {
    /// Begin after the event with this number; with the newest when absent.
    #[serde(default)]
    pub after: Option<i32>,
    /// Begin with so many of the last events, when `after` is absent.
    #[serde(default)]
    pub last: Option<u32>,
    /// Go on with what happens from now on.
    #[serde(default)]
    pub follow: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EventView {
    /// Its number, growing, never given twice.
    pub id: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: EventKind,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The list it is about.
    pub list: Option<ListId>,
    /// Details, by kind.
    pub data: serde_json::Value,
}

/// How far a list is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadingProgress {
    /// The run; absent when somebody wanted the list read alone.
    pub run: Option<RunId>,
    /// The list.
    pub list: ListId,
    /// Its name.
    pub name: String,
    /// Entries read so far.
    pub read: u32,
    /// Entries that the site says there are.
    pub announced: Option<u32>,
}

/// See [`FromSyncWorker::EventsReset`](super::FromSyncWorker::EventsReset).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EventsReset {
    /// The newest event there is; 0 when there is none.
    pub newest: i32,
}

/// See [`FromSyncWorker::EventsEnded`](super::FromSyncWorker::EventsEnded).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsEnded {}
