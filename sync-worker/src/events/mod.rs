//! What happens: numbered events in the table, and passing news that is not stored. Leaves what an
//! event tells to the part that makes it happen.

mod feed;
mod watch;

pub(crate) use feed::Feed;
pub(crate) use watch::answer;

use chrono::NaiveDateTime;
use schema::models::{EventKind, List, NewEvent, RunId};
use serde_json::json;

/// What became of a list's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListChange {
    /// It is followed from now on.
    Added,
    /// It asks for something else from now on.
    Changed,
    /// What it asks for needs nobody's yes any more.
    Agreed,
    /// It is followed no longer.
    Removed,
}

impl ListChange {
    fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Agreed => "agreed",
            Self::Removed => "removed",
        }
    }
}

/// The event of a changed list.
pub(crate) fn list_changed(list: &List, change: ListChange, now: NaiveDateTime) -> NewEvent {
    let data = json!({
        "change": change.as_str(),
        "list_type": list.list_type,
        "list_id": list.list_id,
        "description": list.description,
    });
    NewEvent {
        at: now,
        kind: EventKind::ListChanged,
        run: None,
        list: Some(list.id),
        data: data.to_string(),
    }
}

/// The event of a new list that waits for a yes to its titles.
pub(crate) fn list_waits(list: &List, titles: u32, run: RunId, now: NaiveDateTime) -> NewEvent {
    let data = json!({
        "change": "waiting",
        "titles": titles,
        "list_type": list.list_type,
        "list_id": list.list_id,
        "description": list.description,
    });
    NewEvent {
        at: now,
        kind: EventKind::ListChanged,
        run: Some(run),
        list: Some(list.id),
        data: data.to_string(),
    }
}

/// The event of saved settings; their values are nobody's business.
pub(crate) fn settings_changed(keys: &[&str], now: NaiveDateTime) -> NewEvent {
    NewEvent {
        at: now,
        kind: EventKind::SettingsChanged,
        run: None,
        list: None,
        data: json!({ "keys": keys }).to_string(),
    }
}
