//! The settings as the processes take them, one struct a section. Leaves reading and defaults to
//! `load` and `known`.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{paths::PathSettings, program::ProgramTable};
use crate::secret::Secret;

/// All settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where files are.
    pub paths: PathSettings,
    /// The two ports.
    pub http: HttpSettings,
    /// What is logged and how.
    pub log: LogSettings,
    /// The target of requests.
    pub seerr: SeerrSettings,
    /// When runs happen.
    pub sync: SyncSettings,
    /// Lists to follow, by provider.
    #[serde(default)]
    pub lists: ListsSettings,
    /// The sites lists are read from.
    pub providers: ProvidersSettings,
    /// The browser that reads pages made by scripts.
    pub browser: BrowserSettings,
    /// Who is told about runs.
    #[serde(default)]
    pub notify: NotifySettings,
    /// Programs of the supervisor: changes to ours, and more of the owner's.
    #[serde(skip)]
    pub program: BTreeMap<String, ProgramTable>,
}

/// Lists to follow by provider (`imdb`, `trakt`, …): ids or addresses as the owner wrote them.
pub type ListsSettings = BTreeMap<String, Vec<String>>;

/// The ports of the API and the dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Port of the API; 0 takes a free one.
    pub api_port: u16,
    /// Port of the dashboard; 0 takes a free one.
    pub dashboard_port: u16,
    /// Address both listen on.
    pub bind: IpAddr,
    /// Who must sign in.
    pub auth: AuthMode,
    /// Proxies whose forwarded headers are believed: addresses or networks.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
}

/// Who must sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// Everybody.
    Required,
    /// Everybody but those whose address is of the local network.
    DisabledForLocalAddresses,
    /// Nobody.
    Disabled,
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level or tracing directives, in tracing's words: `info,sync_worker=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, else JSON.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Seerr, Overseerr or Jellyseerr.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeerrSettings {
    /// Its address, without a slash at the end.
    #[serde(default)]
    pub url: Option<String>,
    /// Its API key.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// User in whose name is asked.
    pub user_id: i32,
    /// Whether 4K is asked for.
    pub is_4k: bool,
    /// Seconds to wait for an answer.
    pub timeout_s: u64,
    /// Seconds a request may go on inside Seerr after the connection to it was lost.
    pub settle_s: u64,
}

/// When runs happen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSettings {
    /// Hours between runs, above 0.
    pub interval_hours: f64,
    /// Whether the schedule starts runs.
    pub automated: bool,
    /// Hundredths by which a list may shrink between two readings; more freezes it until that is
    /// accepted. A list that became empty always is frozen, unless this is 100.
    pub shrink_limit_percent: u8,
    /// Titles that the first run of a new list may ask for before a person has to agree; only of lists
    /// that are to ask.
    pub ask_above_titles: u32,
    /// Days for which runs and decisions are remembered; 0 for ever.
    pub history_days: u32,
    /// Time zone of times shown to people, as the owner wrote it; `Loaded` has what it means.
    pub time_zone: String,
}

/// The sites lists are read from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvidersSettings {
    /// IMDb.
    pub imdb: ImdbSettings,
    /// Steven Lu's popular movies.
    pub stevenlu: StevenLuSettings,
    /// Trakt.
    pub trakt: TraktSettings,
    /// Letterboxd.
    pub letterboxd: LetterboxdSettings,
    /// TMDB.
    pub tmdb: TmdbSettings,
    /// `TheTVDB`.
    pub tvdb: TvdbSettings,
    /// Simkl.
    pub simkl: SimklSettings,
    /// `MDBList`.
    pub mdblist: MdblistSettings,
    /// `AniList`.
    pub anilist: AnilistSettings,
    /// `MyAnimeList`.
    pub myanimelist: MyAnimeListSettings,
    /// Plex.
    pub plex: PlexSettings,
    /// Address of the map from ids of anime sites to those of others.
    pub anime_map_url: String,
    /// Names of providers that are switched off.
    #[serde(default)]
    pub disabled: Vec<String>,
    /// Whether lists may be read from addresses inside the owner's network.
    pub allow_private_addresses: bool,
    /// Hosts and networks inside the owner's network that lists may be read from all the same.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// Headers that go along with requests to a site: `imdb: X-Name: value`.
    #[serde(default)]
    pub extra_headers: Vec<Secret>,
}

/// The browser that reads pages made by scripts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserSettings {
    /// The file to run; searched for when absent.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Megabytes all its processes may take together, shared pages counted once.
    pub memory_mb: u64,
}

/// IMDb.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImdbSettings {
    /// Address of the pages.
    pub url: String,
    /// Address GraphQL is posted to, at its root; the same as `url` when only that is set.
    pub graphql_url: String,
}

/// Steven Lu's popular movies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StevenLuSettings {
    /// Address of the files.
    pub url: String,
}

/// Trakt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraktSettings {
    /// Address of the API.
    pub url: String,
    /// Client id of the owner's application.
    #[serde(default)]
    pub client_id: Option<Secret>,
    /// Client secret of the owner's application; only signing in needs it.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Titles taken from a chart.
    pub special_items_limit: u32,
}

/// Letterboxd.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterboxdSettings {
    /// Address of the pages.
    pub url: String,
}

/// TMDB.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TmdbSettings {
    /// Address of the pages.
    pub url: String,
    /// Address of the API, at its root.
    pub api_url: String,
    /// API key (v3) or read access token (v4).
    #[serde(default)]
    pub key: Option<Secret>,
}

/// `TheTVDB`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TvdbSettings {
    /// Address of the pages.
    pub url: String,
    /// Address of the API, at its root.
    pub api_url: String,
    /// API key.
    #[serde(default)]
    pub key: Option<Secret>,
    /// PIN of a subscriber, for keys that want one.
    #[serde(default)]
    pub pin: Option<Secret>,
}

/// Simkl.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimklSettings {
    /// Address of the API.
    pub url: String,
    /// Address of the files.
    pub data_url: String,
    /// Client id of the owner's application.
    #[serde(default)]
    pub client_id: Option<Secret>,
    /// Client secret of the owner's application; only signing in needs it, and not for every application.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Token of the owner's account.
    #[serde(default)]
    pub user_token: Option<Secret>,
}

/// `MDBList`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MdblistSettings {
    /// Address of the pages.
    pub url: String,
    /// Address of the API.
    pub api_url: String,
    /// API key.
    #[serde(default)]
    pub key: Option<Secret>,
}

/// `AniList`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnilistSettings {
    /// Address GraphQL is posted to, at its root.
    pub url: String,
}

/// `MyAnimeList`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MyAnimeListSettings {
    /// Address of the pages.
    pub url: String,
    /// Address of the API.
    pub api_url: String,
    /// Client id of the owner's application.
    #[serde(default)]
    pub client_id: Option<Secret>,
}

/// Plex.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlexSettings {
    /// Address of the watchlist's API.
    pub url: String,
    /// Address of the RSS feeds.
    pub rss_url: String,
    /// Address where people sign in.
    pub account_url: String,
    /// Token of the owner's account.
    #[serde(default)]
    pub token: Option<Secret>,
}

/// Who is told about runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifySettings {
    /// A Discord webhook.
    pub discord_webhook_url: Option<Secret>,
}
