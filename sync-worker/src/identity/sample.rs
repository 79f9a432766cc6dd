//! An entry of a list for the tests of whatever asks which title one is.

use chrono::DateTime;
use schema::models::{Identity, ListId, ListItem, MediaType};

/// An entry that nobody has looked at, with nothing but this.
pub(crate) fn item(
    title: &str,
    year: impl Into<Option<i32>>,
    media_type: impl Into<Option<MediaType>>,
) -> ListItem {
    ListItem {
        candidates: None,
        trakt_id: None,
        season: None,
        id: 1,
        list: ListId(1),
        entry_key: "key".into(),
        rank: 1,
        title: title.into(),
        original_title: None,
        year: year.into(),
        media_type: media_type.into(),
        imdb_id: None,
        tmdb_id: None,
        tvdb_id: None,
        first_seen: DateTime::UNIX_EPOCH.naive_utc(),
        returned_at: None,
        left_at: None,
        fetch: None,
        identity: Identity::New,
        title_ref: None,
        identity_reason: None,
        attempts: 0,
        next_try: None,
    }
}
