//! `scraper-worker.sock`: what `sync-worker` asks the process that reads list sites.

use serde::{Deserialize, Serialize};

use super::{Failure, Link};
use crate::models::{Cause, FetchKind, ListId, MediaType};

/// The scraper-worker's socket.
#[derive(Debug)]
pub struct ScraperLink;

impl Link for ScraperLink {
    type Request = ToScraper;
    type Answer = FromScraper;
    const SOCKET: &'static str = "scraper-worker.sock";
    const PEER: &'static str = "the scraper-worker";

    fn failure(answer: &FromScraper) -> Option<&Failure> {
        match answer {
            FromScraper::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Requests to the scraper-worker. Any of them may be answered by [`FromScraper::Failed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum ToScraper {
    /// Which list an address or id means. Answered by one [`FromScraper::ListRecognized`].
    RecognizeList(RecognizeList),
    /// What a list is called, how large it is and what is missing to read it. Answered by one
    /// [`FromScraper::ListResolved`] within a second.
    ResolveList(ResolveList),
    /// Reads one list now. Answered by [`FromScraper::Entries`] as pages arrive and one
    /// [`FromScraper::ListFetched`]. Closing the connection ends the reading.
    FetchList(FetchList),
    /// Which sites can be read and what each needs. Answered by one [`FromScraper::Providers`].
    Providers(Providers),
    /// Which lists an export file holds. Answered by one [`FromScraper::ListsRecognized`].
    ListsInFile(ListsInFile),
    /// How the browser is. Answered by one [`FromScraper::Browser`]; starts none.
    Browser(BrowserRequest),
    /// Tells that saved settings of a section have changed. Answered by one
    /// [`FromScraper::SettingsRead`] when they are in force.
    SettingsChanged(SettingsChanged),
}

/// See [`ToScraper::ListsInFile`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListsInFile {
    /// Name of a file in the folder of exports: `watchlist.csv`.
    pub file: String,
}

/// See [`ToScraper::Browser`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserRequest {}

/// See [`ToScraper::SettingsChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanged {
    /// The part before the dot of the keys that changed.
    pub section: String,
}

/// See [`ToScraper::RecognizeList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecognizeList {
    /// A pasted address, an id (`ls…`, `ur…`) or a name (`top`).
    pub input: String,
    /// The provider's name, when the caller knows it; else any address of a site finds it.
    #[serde(default)]
    pub list_type: Option<String>,
}

/// See [`ToScraper::FetchList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchList {
    /// Row the outcome is recorded for; absent for a trial reading, which records nothing.
    #[serde(default)]
    pub list: Option<ListId>,
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of the list, as [`FromScraper::ListRecognized`] gave it.
    pub list_id: String,
    /// Read this many entries at the most, from the top.
    #[serde(default)]
    pub item_limit: Option<u32>,
    /// What this provider needs, handed over for this reading.
    #[serde(default)]
    pub credential: Option<Credential>,
    /// Row in `fetches` of the list's last complete reading, if its entries are still known: when
    /// they are the same, they need not be sent again.
    #[serde(default)]
    pub known: Option<i32>,
}

/// See [`ToScraper::ResolveList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveList {
    /// The provider's name.
    pub list_type: String,
    /// The provider's id of the list, as [`FromScraper::ListRecognized`] gave it.
    pub list_id: String,
    /// What this provider needs.
    #[serde(default)]
    pub credential: Option<Credential>,
}

/// A list as far as it could be learned in a second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListResolved {
    /// The provider's name.
    pub list_type: String,
    /// Its id of the list.
    pub list_id: String,
    /// Address of the list for people.
    pub list_url: String,
    /// Its own name, or what to call it until that is known.
    pub name: String,
    /// Entries the site says it has.
    pub size: Option<u32>,
    /// What is missing before it can be read.
    pub missing: Option<Missing>,
    /// Why name and size are not known, as a sentence.
    pub problem: Option<String>,
    /// What the owner should know before following it.
    pub notice: Option<String>,
}

/// What a person has to do before a list can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// In a word.
    pub cause: Cause,
    /// What is missing.
    pub reason: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

/// What one reading may show to its site; never printed.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The key or client id of the owner's application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The token of an account, or the PIN that goes with the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Name of the account whose token it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl Credential {
    /// Only a key.
    pub fn key(key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into()),
            ..Self::default()
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// See [`ToScraper::Providers`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {}

/// Answers of the scraper-worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum FromScraper {
    /// Answers [`ToScraper::RecognizeList`].
    ListRecognized(ListRecognized),
    /// Answers [`ToScraper::ResolveList`].
    ListResolved(ListResolved),
    /// Entries of a list in its order, at most 100; part of the answer to [`ToScraper::FetchList`].
    Entries(Entries),
    /// The end of a [`ToScraper::FetchList`].
    ListFetched(ListFetched),
    /// Answers [`ToScraper::Providers`].
    Providers(ProviderList),
    /// Answers [`ToScraper::ListsInFile`].
    ListsRecognized(ListsRecognized),
    /// Answers [`ToScraper::Browser`].
    Browser(BrowserStatus),
    /// Answers [`ToScraper::SettingsChanged`].
    SettingsRead(SettingsRead),
    /// The request was not carried out.
    Failed(Failure),
}

impl From<Failure> for FromScraper {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A list that a provider can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRecognized {
    /// The provider's name.
    pub list_type: String,
    /// Its id of the list; two addresses of one list give the same id.
    pub list_id: String,
    /// Address of the list for people.
    pub list_url: String,
    /// What to call it until its own name is read.
    pub name: String,
    /// What the owner should know before following it: a site's terms, a better way. A sentence or two.
    #[serde(default)]
    pub notice: Option<String>,
}

/// See [`FromScraper::ListsRecognized`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListsRecognized {
    /// Each list of the file that is worth following.
    pub lists: Vec<ListRecognized>,
}

/// The browser of the scraper-worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BrowserStatus {
    /// Whether there is one and whether it runs.
    pub state: BrowserState,
    /// The file that is or would be run.
    #[serde(default)]
    pub path: Option<String>,
    /// Its version, once it ran.
    #[serde(default)]
    pub version: Option<String>,
    /// Whether it runs in its sandbox; absent until it ran.
    #[serde(default)]
    pub is_sandboxed: Option<bool>,
    /// What is wrong or worth knowing, as a fragment.
    #[serde(default)]
    pub problem: Option<String>,
    /// What to do, as a sentence.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// See [`BrowserStatus::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BrowserState {
    /// It runs.
    Ready,
    /// It is installed and started when a page needs it.
    Idle,
    /// None is installed.
    Absent,
}

/// See [`FromScraper::SettingsRead`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsRead {}

/// See [`FromScraper::Entries`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    /// In the list's order, going on from the answer before.
    pub entries: Vec<Entry>,
    /// How many entries the site says there are, as soon as it is known.
    #[serde(default)]
    pub announced: Option<u32>,
}

/// One entry of a list, as its site shows it. Every id may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the list, from 1.
    pub rank: u32,
    /// Title as the site shows it, without the year.
    pub title: String,
    /// Title in its own language, where the site tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_title: Option<String>,
    /// Four digits; absent for the unreleased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Absent where the site does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// `tt` and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imdb_id: Option<String>,
    /// TMDB's number; movies and shows count apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tvdb_id: Option<i64>,
    /// Trakt's number; movies and shows count apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trakt_id: Option<i64>,
    /// The season that the entry is about, where it is about one and not the whole show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
    /// What the site itself calls the title, with the site's name before it (`letterboxd:dune-2021`),
    /// where that stays the same while the ids above become known later. An entry that has it is
    /// recognised by it in its list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
}

/// How the reading of a list ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFetched {
    /// Row in `fetches`; absent for a trial reading.
    pub fetch: Option<i32>,
    /// Whether the list was read completely.
    pub outcome: FetchOutcome,
    /// The list's own name, where the site tells it.
    #[serde(default)]
    pub name: Option<String>,
    /// Entries sent.
    pub read: u32,
    /// Entries that the site says there are.
    #[serde(default)]
    pub announced: Option<u32>,
    /// Entries left out because they are no movie and no show (episodes, games, …).
    pub dropped: u32,
    /// Pages or calls it took; 0 when everything came from the cache.
    pub pages: u32,
    /// True when the site said that nothing changed since the last complete reading.
    pub not_modified: bool,
    /// True when the entries are those of the reading that the request named as known: none was
    /// sent, and `read` counts them.
    #[serde(default)]
    pub is_as_known: bool,
    /// Milliseconds it took.
    pub took_ms: u64,
}

/// See [`ListFetched::outcome`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FetchOutcome {
    /// All of it, or all up to the limit that was asked for.
    Complete,
    /// Some of it; what was not read is not gone.
    Partial {
        /// What went wrong after which entry.
        reason: String,
        /// Whether trying again later may help.
        retryable: bool,
        /// The reason in a word.
        cause: Cause,
    },
    /// The site says no: private, gone, blocked, a key is missing.
    Refused {
        /// What it said.
        reason: String,
        /// The lawful way round, as a sentence.
        remedy: String,
        /// The reason in a word.
        cause: Cause,
    },
    /// The site did not answer, or not in a way that can be understood.
    Failed {
        /// What happened.
        reason: String,
        /// Whether trying again later may help.
        retryable: bool,
        /// The reason in a word.
        cause: Cause,
    },
}

impl FetchOutcome {
    /// Why it was not complete, in a word.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Complete => None,
            Self::Partial { cause, .. }
            | Self::Refused { cause, .. }
            | Self::Failed { cause, .. } => Some(*cause),
        }
    }

    /// As it is stored: its kind, and the reason with what can be done.
    pub fn spoken(&self) -> (FetchKind, Option<String>) {
        match self {
            Self::Complete => (FetchKind::Complete, None),
            Self::Partial { reason, .. } => (FetchKind::Partial, Some(reason.clone())),
            Self::Refused { reason, remedy, .. } => {
                (FetchKind::Refused, Some(format!("{reason}. {remedy}")))
            }
            Self::Failed {
                reason,
                cause: Cause::Changed,
                ..
            } => (
                FetchKind::Failed,
                Some(format!(
                    "{reason}. The site may have changed: each run tries again, and a newer version of ListSync may read it."
                )),
            ),
            Self::Failed { reason, .. } => (FetchKind::Failed, Some(reason.clone())),
        }
    }
}

/// See [`FromScraper::Providers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderList {
    /// In alphabetical order.
    pub providers: Vec<ProviderInfo>,
}

/// What one provider is and needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderInfo {
    /// Its name, the `list_type` of its lists.
    pub name: String,
    /// As people write it.
    pub title: String,
    /// Forms of addresses and ids it takes, for help texts.
    pub accepts: Vec<String>,
    /// Setting that holds its key, when it needs one.
    pub needs_key: Option<String>,
    /// Whether it needs a browser.
    pub needs_browser: bool,
    /// Whether people can sign in to it, for lists that only they see.
    #[serde(default)]
    pub has_sign_in: bool,
    /// False when the owner has switched it off.
    pub is_enabled: bool,
    /// What the owner should know before following a list of it.
    #[serde(default)]
    pub notice: Option<String>,
}
