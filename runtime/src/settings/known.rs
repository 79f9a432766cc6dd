//! Every setting and every variable there is, in one table; the README's table is made of it.

use config::ValueKind;

use super::kind::Kind;

/// When a changed value is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once, or from the next run on.
    Live,
    /// After the processes that use it have been restarted.
    Restart,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its key in the settings file and the database: `seerr.url`.
    pub key: &'static str,
    /// Its variable. `…_FILE` names a file with the value when it is a secret.
    pub variable: &'static str,
    /// Other variables with the same meaning; `variable` wins.
    pub aliases: &'static [&'static str],
    /// What values it can have.
    pub kind: Kind,
    /// Whether its value must not be seen.
    pub is_secret: bool,
    /// Its value when nothing sets it, as text; empty for none. Paths say in words what they are
    /// derived from.
    pub default: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// When a changed value is used.
    pub effect: Effect,
    /// Whether the dashboard and `setup` can save it.
    pub is_savable: bool,
    /// False for what is accepted, so that settings of the old product keep working, and has no
    /// effect in this version.
    pub is_used: bool,
}

impl Known {
    /// The setting with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.key == key)
    }

    /// The first part of the key: `seerr`.
    pub fn section(&self) -> &'static str {
        self.key.split('.').next().unwrap_or(self.key)
    }

    /// All its variables, the one that wins first.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.variable).chain(self.aliases.iter().copied())
    }

    pub(super) fn parse(&self, text: &str) -> Result<ValueKind, String> {
        self.kind.parse(text)
    }

    /// A value as people may see it in the dashboard, as a variable would have it: the whole text;
    /// `None` for a secret; of an address without its password, for which [`HIDDEN`] stands.
    pub fn display(&self, value: &ValueKind) -> Option<String> {
        if self.is_secret {
            return None;
        }
        let text = |value: &ValueKind| without_password(&value.to_string());
        Some(match value {
            // As it can be written in one line: an address may have commas of its own.
            ValueKind::Array(entries) => {
                let entries: Vec<_> = entries.iter().map(|entry| text(&entry.kind)).collect();
                entries.join(", ")
            }
            other => text(other),
        })
    }

    /// The value as an error text may show it.
    pub(super) fn shown(&self, value: &str) -> String {
        // An address may hold a password.
        if self.is_secret || (self.kind == Kind::Url && value.contains('@')) {
            return "***".into();
        }
        let mut short: String = value.chars().take(60).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        format!("{short:?}")
    }

    const fn new(
        key: &'static str,
        variable: &'static str,
        kind: Kind,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            key,
            variable,
            aliases: &[],
            kind,
            is_secret: false,
            default,
            doc,
            effect: Effect::Restart,
            is_savable: false,
            is_used: true,
        }
    }

    const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Accepted and without effect in this version.
    const fn not_yet(mut self) -> Self {
        self.is_used = false;
        self
    }

    /// Can be saved in the dashboard and is used without a restart.
    const fn live(mut self) -> Self {
        self.effect = Effect::Live;
        self.is_savable = true;
        self
    }
}

/// Stands for a password within an address.
pub const HIDDEN: &str = "***";

/// The text with the password of an address hidden, for people.
pub fn without_password(text: &str) -> String {
    let hidden = || {
        let mut url = url::Url::parse(text).ok()?; // what is no address has none
        url.password()?;
        url.set_password(Some(HIDDEN)).ok()?; // it has one, so it can
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    hidden().unwrap_or_else(|| text.to_owned())
}

/// A variable that is no setting: it is read before or beside them.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// Part of the defaults that are words, not values.
pub(super) const CONTAINER: &str = "in a container";

const COUNT: Kind = Kind::Integer {
    least: 1,
    most: i32::MAX as i64,
};
const PORT: Kind = Kind::Integer {
    least: 0,
    most: 65535,
};
const SECONDS: Kind = Kind::Integer {
    least: 1,
    most: 3600,
};
const SECONDS_OR_NONE: Kind = Kind::Integer {
    least: 0,
    most: 3600,
};
const MEGABYTES: Kind = Kind::Integer {
    least: 200,
    most: 65_536,
};
const DAYS: Kind = Kind::Integer {
    least: 0,
    most: 36_500,
};
const PERCENT: Kind = Kind::Integer {
    least: 0,
    most: 100,
};
const TITLES: Kind = Kind::Integer {
    least: 0,
    most: i32::MAX as i64,
};
const AUTH: Kind = Kind::Word(&["required", "disabled_for_local_addresses", "disabled"]);
const FORMAT: Kind = Kind::Word(&["auto", "human", "json"]);

/// A list setting; lists in the environment are added once and remembered.
const fn lists(key: &'static str, variable: &'static str, doc: &'static str) -> Known {
    Known::new(key, variable, Kind::List, "", doc)
}

/// Every setting, in the order people read them.
#[rustfmt::skip]
pub const KNOWN: &[Known] = &[
    Known::new("seerr.url", "OVERSEERR_URL", Kind::Url, "", "address of Seerr, Overseerr or Jellyseerr").or(&["SEERR_URL", "JELLYSEERR_URL"]).live(),
    Known::new("seerr.api_key", "OVERSEERR_API_KEY", Kind::Text, "", "API key of Seerr (its Settings → General)").or(&["SEERR_API_KEY", "JELLYSEERR_API_KEY"]).secret().live(),
    Known::new("seerr.user_id", "OVERSEERR_USER_ID", COUNT, "1", "Seerr user in whose name is asked").live(),
    Known::new("seerr.is_4k", "OVERSEERR_4K", Kind::Bool, "false", "ask for 4K").live(),
    Known::new("seerr.timeout_s", "LISTSYNC_SEERR_TIMEOUT_S", SECONDS, "60", "seconds to wait for an answer of Seerr").live(),
    Known::new("seerr.settle_s", "LISTSYNC_SEERR_SETTLE_S", SECONDS_OR_NONE, "120", "seconds a request may go on inside Seerr after the connection to it was lost").live(),

    Known::new("sync.interval_hours", "SYNC_INTERVAL", Kind::Hours, "24", "hours between runs, fractions allowed").live(),
    Known::new("sync.automated", "AUTOMATED_MODE", Kind::Bool, "true", "false: no scheduled runs, only those somebody starts").live(),
    Known::new("sync.shrink_limit_percent", "LISTSYNC_SHRINK_LIMIT_PERCENT", PERCENT, "50", "hundredths by which a list may shrink between two readings; more, or to nothing, freezes it until you accept that; 100 never freezes").live(),
    Known::new("sync.ask_above_titles", "LISTSYNC_ASK_ABOVE_TITLES", TITLES, "100", "titles that the first run of a list you add with `listsync lists add` may ask for; more wait until you say yes; 0 always asks").live(),
    Known::new("sync.history_days", "SYNC_HISTORY_DAYS", DAYS, "365", "days for which runs and decisions are remembered, and the newest 100 runs anyway; 0 for ever").live(),
    Known::new("sync.time_zone", "TZ", Kind::TimeZone, "localtime", "time zone of times shown to people: an IANA name, an abbreviation, an offset (`UTC+1` is ahead of UTC), a POSIX rule, or `localtime` for the machine's"),

    lists("lists.imdb", "IMDB_LISTS", "IMDb lists, watchlists and charts: ids or addresses; after an address with `?` separate with comma and space (a comma inside it may be written `%2C`)"),
    lists("lists.trakt", "TRAKT_LISTS", "Trakt lists, watchlists and charts: addresses, user/list, user/watchlist or trending:movies"),
    lists("lists.trakt_special", "TRAKT_SPECIAL_LISTS", "Trakt charts such as trending:movies"),
    lists("lists.letterboxd", "LETTERBOXD_LISTS", "Letterboxd lists, watchlists and films: addresses, user/list or user/watchlist (its terms forbid automated reading; prefer its export file)"),
    lists("lists.anilist", "ANILIST_LISTS", "AniList users, with a status or custom list if wanted (`name/planning`), and charts"),
    lists("lists.myanimelist", "MYANIMELIST_LISTS", "MyAnimeList users, with a status if wanted (`name/plan_to_watch`)"),
    lists("lists.mdblist", "MDBLIST_LISTS", "MDBList lists: addresses or user/list"),
    lists("lists.stevenlu", "STEVENLU_LISTS", "Steven Lu's popular movies: `stevenlu` or a file name"),
    lists("lists.tmdb", "TMDB_LISTS", "TMDB lists, collections, charts and searches: addresses, numbers or short names; without `TMDB_KEY` only lists and collections, read by the browser"),
    lists("lists.collections", "COLLECTIONS_LISTS", "franchises by TMDB's name of their collection"),
    lists("lists.tvdb", "TVDB_LISTS", "TheTVDB lists and favourites: addresses, list names or user names"),
    lists("lists.simkl", "SIMKL_LISTS", "Simkl charts and lists: addresses or short names"),
    lists("lists.plex", "PLEX_LISTS", "Plex watchlists: `watchlist` (with `PLEX_TOKEN`) or the address of its RSS feed"),
    lists("lists.url", "URL_LISTS", "addresses of JSON, CSV, RSS or Atom, or of a custom list for Radarr or Sonarr"),
    lists("lists.web", "WEB_LISTS", "web pages whose links to IMDb or TMDB are a list: addresses; read by the browser"),

    Known::new("providers.trakt.client_id", "TRAKT_CLIENT_ID", Kind::Text, "", "client id of your Trakt application").secret().live(),
    Known::new("providers.trakt.client_secret", "TRAKT_CLIENT_SECRET", Kind::Text, "", "client secret of your Trakt application; only signing in to Trakt needs it").secret().live(),
    Known::new("providers.trakt.special_items_limit", "TRAKT_SPECIAL_ITEMS_LIMIT", COUNT, "20", "titles taken from a Trakt chart").live(),
    Known::new("providers.trakt.url", "LISTSYNC_TRAKT_URL", Kind::Url, "https://api.trakt.tv", "where Trakt's API is asked"),
    Known::new("providers.tmdb.key", "TMDB_KEY", Kind::Text, "", "API key (v3) or read access token (v4) of TMDB").secret().live(),
    Known::new("providers.tmdb.api_url", "LISTSYNC_TMDB_API_URL", Kind::Url, "https://api.themoviedb.org", "where TMDB's API is asked"),
    Known::new("providers.tmdb.url", "LISTSYNC_TMDB_URL", Kind::Url, "https://www.themoviedb.org", "where TMDB's list pages are read"),
    Known::new("providers.tvdb.key", "TVDB_KEY", Kind::Text, "", "API key of TheTVDB").secret().live(),
    Known::new("providers.tvdb.pin", "TVDB_PIN", Kind::Text, "", "PIN that goes with your key of TheTVDB, if it wants one").secret().live(),
    Known::new("providers.tvdb.url", "LISTSYNC_TVDB_URL", Kind::Url, "https://thetvdb.com", "where TheTVDB's pages are read"),
    Known::new("providers.tvdb.api_url", "LISTSYNC_TVDB_API_URL", Kind::Url, "https://api4.thetvdb.com", "where TheTVDB's API is asked"),
    Known::new("providers.simkl.client_id", "SIMKL_CLIENT_ID", Kind::Text, "", "client id of your Simkl application").secret().live(),
    Known::new("providers.simkl.client_secret", "SIMKL_CLIENT_SECRET", Kind::Text, "", "client secret of your Simkl application, if signing in needs one").secret().live(),
    Known::new("providers.simkl.user_token", "SIMKL_USER_TOKEN", Kind::Text, "", "token of your Simkl account; `listsync providers sign-in simkl` gets one").secret().live(),
    Known::new("providers.simkl.url", "LISTSYNC_SIMKL_URL", Kind::Url, "https://api.simkl.com", "where Simkl's API is asked"),
    Known::new("providers.simkl.data_url", "LISTSYNC_SIMKL_DATA_URL", Kind::Url, "https://data.simkl.in", "where Simkl's charts are read"),
    Known::new("providers.mdblist.key", "MDBLIST_KEY", Kind::Text, "", "API key of MDBList; public lists need none").or(&["MDBLIST_API_KEY"]).secret().live(),
    Known::new("providers.mdblist.url", "LISTSYNC_MDBLIST_URL", Kind::Url, "https://mdblist.com", "where MDBList's public lists are read"),
    Known::new("providers.mdblist.api_url", "LISTSYNC_MDBLIST_API_URL", Kind::Url, "https://api.mdblist.com", "where MDBList's API is asked"),
    Known::new("providers.anilist.url", "LISTSYNC_ANILIST_URL", Kind::Url, "https://graphql.anilist.co", "where AniList's GraphQL is asked"),
    Known::new("providers.myanimelist.client_id", "MYANIMELIST_CLIENT_ID", Kind::Text, "", "client id of your MyAnimeList application; public lists need none").secret().live(),
    Known::new("providers.myanimelist.url", "LISTSYNC_MYANIMELIST_URL", Kind::Url, "https://myanimelist.net", "where MyAnimeList's lists are read"),
    Known::new("providers.myanimelist.api_url", "LISTSYNC_MYANIMELIST_API_URL", Kind::Url, "https://api.myanimelist.net", "where MyAnimeList's API is asked"),
    Known::new("providers.plex.token", "PLEX_TOKEN", Kind::Text, "", "token of your Plex account, for its watchlist").secret().live(),
    Known::new("providers.plex.url", "LISTSYNC_PLEX_URL", Kind::Url, "https://discover.provider.plex.tv", "where Plex watchlists are asked for"),
    Known::new("providers.plex.rss_url", "LISTSYNC_PLEX_RSS_URL", Kind::Url, "https://rss.plex.tv", "where RSS feeds of Plex watchlists are read"),
    Known::new("providers.plex.account_url", "LISTSYNC_PLEX_ACCOUNT_URL", Kind::Url, "https://plex.tv", "where signing in to Plex is asked for"),
    Known::new("providers.imdb.url", "LISTSYNC_IMDB_URL", Kind::Url, "https://www.imdb.com", "where IMDb's pages are read"),
    Known::new("providers.imdb.graphql_url", "LISTSYNC_IMDB_GRAPHQL_URL", Kind::Url, "https://api.graphql.imdb.com", "where IMDb's GraphQL is asked; `providers.imdb.url` when only that is set"),
    Known::new("providers.stevenlu.url", "LISTSYNC_STEVENLU_URL", Kind::Url, "https://popular-movies-data.stevenlu.com", "where Steven Lu's files are read"),
    Known::new("providers.letterboxd.url", "LISTSYNC_LETTERBOXD_URL", Kind::Url, "https://letterboxd.com", "where Letterboxd's pages are read"),
    Known::new("providers.anime_map_url", "LISTSYNC_ANIME_MAP_URL", Kind::Url, "https://raw.githubusercontent.com/Fribb/anime-lists/master/anime-list-full.json", "where the map from ids of AniList and MyAnimeList to those of TMDB, TVDB and IMDb is read"),
    Known::new("providers.disabled", "LISTSYNC_PROVIDERS_DISABLED", Kind::List, "", "providers that are switched off: `letterboxd, web`").live(),
    Known::new("providers.allowed_hosts", "LISTSYNC_ALLOWED_HOSTS", Kind::List, "", "hosts, addresses or networks inside your own network that lists may be read from: `nas.lan, 192.168.1.0/24`").live(),
    Known::new("providers.extra_headers", "LISTSYNC_EXTRA_HEADERS", Kind::List, "", "headers of your own that go along with requests to a site: `imdb: X-Name: value`").secret().live(),
    Known::new("providers.allow_private_addresses", "LISTSYNC_ALLOW_PRIVATE_ADDRESSES", Kind::Bool, "false", "read web pages from addresses inside your own network too").live(),

    Known::new("browser.path", "LISTSYNC_BROWSER_PATH", Kind::Path, "", "the browser to run: Debian's chromium-headless-shell or chromium; searched for when unset"),
    Known::new("browser.memory_mb", "LISTSYNC_BROWSER_MEMORY_MB", MEGABYTES, "800", "megabytes the browser may take, all its processes together"),

    Known::new("notify.discord_webhook_url", "DISCORD_WEBHOOK_URL", Kind::Url, "", "Discord webhook that is told about runs").secret().live().not_yet(),

    Known::new("http.auth", "AUTH", AUTH, "required", "who must sign in: required, disabled_for_local_addresses, disabled"),
    Known::new("http.api_port", "LISTSYNC_API_PORT", PORT, "4222", "port of the API; 0 takes a free one"),
    Known::new("http.dashboard_port", "LISTSYNC_DASHBOARD_PORT", PORT, "3222", "port of the dashboard; 0 takes a free one"),
    Known::new("http.bind", "LISTSYNC_BIND", Kind::Address, "127.0.0.1 (0.0.0.0 in a container)", "address both ports listen on"),
    Known::new("http.trusted_proxies", "TRUSTED_PROXIES", Kind::List, "", "proxies whose forwarded headers are believed: addresses or networks").not_yet(),

    Known::new("log.level", "LOG_LEVEL", Kind::LogLevel, "info", "trace, debug, info, warning, error, critical, off, or tracing directives; the supervisor takes a saved one when it starts").live(),
    Known::new("log.format", "LOG_FORMAT", FORMAT, "auto", "human, json, or auto: human on a terminal"),

    Known::new("paths.data_dir", "LISTSYNC_DATA_DIR", Kind::Path, "$XDG_DATA_HOME/listsync (/usr/src/app/data in a container)", "database, caches, keys"),
    Known::new("paths.run_dir", "LISTSYNC_RUN_DIR", Kind::Path, "$XDG_RUNTIME_DIR/listsync, else run in the data directory (/run/listsync in a container)", "sockets, lock, pid file"),
    Known::new("paths.log_dir", "LISTSYNC_LOG_DIR", Kind::Path, "logs in the data directory (/var/log/supervisor in a container)", "log files"),
];

/// Variables that are read before or beside the settings.
#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    Variable { name: "LISTSYNC_CONFIG", doc: "settings file; `$XDG_CONFIG_HOME/listsync/listsync.toml` (`/etc/listsync/listsync.toml` in a container)" },
    Variable { name: "LISTSYNC_SECRET_KEY", doc: "text whose digest encrypts saved secrets; `secret.key` in the data directory when unset" },
    Variable { name: "LISTSYNC_SECRET_KEY_FILE", doc: "file with that text" },
    Variable { name: "ENCRYPTION_KEY", doc: "key of the old product, only for importing" },
    Variable { name: "TIMEZONE_REGION", doc: "which place an abbreviation in `TZ` means that several share: US, EU, ASIA, AU, NZ" },
    Variable { name: "LISTSYNC_IN_CONTAINER", doc: "`1` or `0`, where detecting a container goes wrong" },
    Variable { name: "PUID", doc: "number of the user that a container which starts as root becomes; the image sets 1000, 0 stays root" },
    Variable { name: "PGID", doc: "number of its group; that of `PUID` when unset" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_and_no_variable_is_there_twice() {
        let keys: BTreeSet<_> = KNOWN.iter().map(|known| known.key).collect();
        assert_eq!(keys.len(), KNOWN.len());
        let names: Vec<_> = KNOWN.iter().flat_map(Known::variables).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn every_default_is_a_value_that_the_setting_can_have() {
        for known in KNOWN.iter().filter(|known| !known.default.is_empty()) {
            if !known.default.contains(CONTAINER) {
                assert!(known.parse(known.default).is_ok(), "{}", known.key);
            }
        }
    }

    #[test]
    fn people_see_values_without_secrets_and_passwords() {
        let display = |key: &str, text: &str| {
            let known = Known::find(key).unwrap();
            known.display(&known.parse(text).unwrap())
        };
        assert_eq!(display("seerr.api_key", "hush"), None);
        assert_eq!(display("seerr.is_4k", "yes").as_deref(), Some("true"));
        assert_eq!(display("sync.interval_hours", "6").as_deref(), Some("6"));
        assert_eq!(
            display("seerr.url", "http://me:hush@seerr:5055/base/").as_deref(),
            Some("http://me:***@seerr:5055/base")
        );
        assert_eq!(
            display("lists.web", "https://me:hush@x/a?b=1,2, https://y/").as_deref(),
            Some("https://me:***@x/a?b=1,2, https://y/")
        );
    }

    #[test]
    fn secrets_and_passwords_in_addresses_are_not_shown() {
        assert_eq!(Known::find("seerr.api_key").unwrap().shown("hush"), "***");
        let url = Known::find("seerr.url").unwrap();
        assert_eq!(url.shown("me:hush@seerr"), "***");
        assert_eq!(url.shown("seerr"), "\"seerr\"");
        assert!(url.shown(&"x".repeat(100)).len() < 70);
    }
}
