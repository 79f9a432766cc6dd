//! Messages about lists: which are followed and how, and what is on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::models::{Cause, FetchKind, ListId};

/// See [`super::ToSyncWorker::Lists`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListsRequest {
    /// Also those that were removed.
    #[serde(default)]
    pub with_removed: bool,
}

/// See [`super::ToSyncWorker::AddList`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddList {
    /// A pasted address, an id or a name.
    pub input: String,
    /// The provider's name; absent when `input` is an address.
    #[serde(default)]
    pub list_type: Option<String>,
    /// What to call it.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether the schedule reads it; true when absent.
    #[serde(default)]
    pub auto_sync: Option<bool>,
    /// Only that many entries from the top.
    #[serde(default)]
    pub item_limit: Option<i32>,
    /// Ask for 4K; the general setting when absent.
    #[serde(default)]
    pub is_4k: Option<bool>,
    /// Seerr user in whose name is asked; the general setting when absent.
    #[serde(default)]
    pub requested_as: Option<i32>,
    /// Hundredths by which it may shrink between two readings, 0 to 100; the general setting when absent.
    #[serde(default)]
    pub shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back while nothing has come of it;
    /// no when absent.
    #[serde(default)]
    pub withdraws: Option<bool>,
    /// Whether a person is to be asked before its first run asks for more titles than the general
    /// setting allows. Lists of files never ask.
    #[serde(default)]
    pub ask_first: bool,
}

/// See [`super::ToSyncWorker::ChangeList`]. An absent field stays as it is; a field set to null goes back to its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeList {
    /// The list.
    pub list: ListId,
    /// New name.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<Option<String>>,
    /// Whether the schedule reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_sync: Option<bool>,
    /// Only that many entries from the top.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub item_limit: Option<Option<i32>>,
    /// Ask for 4K.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_4k: Option<Option<bool>>,
    /// Seerr user in whose name is asked.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub requested_as: Option<Option<i32>>,
    /// Hundredths by which it may shrink between two readings.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub shrink_limit_percent: Option<Option<i32>>,
    /// Whether what was asked for an entry that leaves it is taken back.
    #[serde(
        default,
        with = "double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub withdraws: Option<Option<bool>>,
}

impl ChangeList {
    /// Changes nothing yet.
    pub fn of(list: ListId) -> Self {
        Self {
            list,
            description: None,
            auto_sync: None,
            item_limit: None,
            is_4k: None,
            requested_as: None,
            shrink_limit_percent: None,
            withdraws: None,
        }
    }
}

/// Tells a field that is absent from one that is null.
pub mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// A present field, null included, becomes `Some`.
    ///
    /// # Errors
    /// When the value is neither null nor a `T`.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }

    /// The inner option; an absent field is left out by `skip_serializing_if`.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .and_then(Option::as_ref)
            .serialize(serializer)
    }
}

/// See [`super::ToSyncWorker::RemoveList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveList {
    /// The list.
    pub list: ListId,
}

/// See [`super::ToSyncWorker::AcceptList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptList {
    /// The list.
    pub list: ListId,
}

/// See [`super::ToSyncWorker::ResolveList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveInput {
    /// A pasted address, an id or a name.
    pub input: String,
    /// The provider's name; absent when `input` is an address.
    #[serde(default)]
    pub list_type: Option<String>,
}

/// See [`super::ToSyncWorker::ReadList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadList {
    /// The list.
    pub list: ListId,
}

/// See [`super::ToSyncWorker::AddFile`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddFile {
    /// Name of the file in the folder: `watchlist.csv`.
    pub file: String,
}

/// See [`super::FromSyncWorker::Lists`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    /// By number.
    pub lists: Vec<ListView>,
}

/// A list as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListView {
    /// Its number.
    pub id: ListId,
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of it.
    pub list_id: String,
    /// Address for people.
    pub list_url: String,
    /// Its name.
    pub description: String,
    /// Entries that are on it, as far as was read.
    pub item_count: i32,
    /// How the last reading ended.
    pub status: FetchKind,
    /// Why, and what can be done.
    pub status_reason: Option<String>,
    /// When it was last read completely.
    pub last_synced: Option<DateTime<Utc>>,
    /// Whether the schedule reads it.
    pub auto_sync: bool,
    /// Only that many entries from the top.
    pub item_limit: Option<i32>,
    /// Ask for 4K; the general setting when absent.
    pub is_4k: Option<bool>,
    /// Seerr user in whose name is asked; the general setting when absent.
    pub requested_as: Option<i32>,
    /// Whether it came from the environment or the settings file.
    pub from_settings: bool,
    /// When it was removed.
    pub removed_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When its definition last changed.
    pub updated_at: DateTime<Utc>,
    /// Why the last reading was not complete, in a word.
    #[serde(default)]
    pub status_cause: Option<Cause>,
    /// When it was last read, however that ended.
    #[serde(default)]
    pub last_read_at: Option<DateTime<Utc>>,
    /// Entries read then.
    #[serde(default)]
    pub last_read_entries: Option<i32>,
    /// Why the last reading that was not complete was not.
    #[serde(default)]
    pub last_error: Option<String>,
    /// When that was.
    #[serde(default)]
    pub last_error_at: Option<DateTime<Utc>>,
    /// Hundredths by which it may shrink between two readings; the general setting when absent.
    #[serde(default)]
    pub shrink_limit_percent: Option<i32>,
    /// Whether what was asked for an entry that leaves it is taken back; no when absent.
    #[serde(default)]
    pub withdraws: Option<bool>,
    /// Whether nobody has agreed yet to what it asks for: it is new, and a person is to be asked first.
    #[serde(default)]
    pub ask_first: bool,
    /// Titles that wait for that, as the last run counted them; absent while none do.
    #[serde(default)]
    pub waiting_titles: Option<i32>,
    /// What its owner should know; only in the answers to adding and accepting a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What a reading of a list found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListReadSummary {
    /// The list as it is now, with how the reading ended.
    pub list: ListView,
    /// Entries read.
    pub read: u32,
    /// Entries that the site says there are.
    pub announced: Option<u32>,
    /// Entries left out because they are no movie and no show.
    pub dropped: u32,
    /// Movies among the entries.
    pub movies: u32,
    /// Shows and seasons of shows among them.
    pub shows: u32,
    /// Entries with an IMDb id.
    pub with_imdb_id: u32,
    /// Entries with a TMDB id.
    pub with_tmdb_id: u32,
    /// Entries with a TVDB id.
    pub with_tvdb_id: u32,
    /// Entries without any id, which are looked for by title.
    pub without_id: u32,
    /// Entries without a year.
    pub without_year: u32,
    /// Entries that were not on the list before.
    pub added: u32,
    /// Entries that are on it no longer.
    pub left: u32,
    /// Milliseconds it took.
    pub took_ms: u64,
}

/// See [`super::FromSyncWorker::FileAdded`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAdded {
    /// Lists that are followed from now on.
    pub added: Vec<ListView>,
    /// Lists of the file that were followed before; their next reading takes the new file.
    pub there_already: Vec<ListView>,
}
