//! Which program a fake Seerr is, and its settings that change what it answers.

use super::latency::Latency;

/// Which of the three programs, and how old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Seerr 3.1.
    #[default]
    Seerr3,
    /// Jellyseerr 2.7.3: `/blacklist` only.
    Jellyseerr27,
    /// Jellyseerr 2.5.2: no DELETED, no COMPLETED, no `mediaType` parameter, "all" seasons include the specials.
    Jellyseerr25,
    /// Overseerr 1.34: no blocklist, no `sortDirection` either.
    Overseerr134,
}

impl Flavour {
    /// Whether it has neither DELETED titles nor COMPLETED requests.
    pub(super) fn is_old(self) -> bool {
        matches!(self, Self::Overseerr134 | Self::Jellyseerr25)
    }
}

/// Settings of Seerr that change what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "so many switches has Seerr's settings page"
)]
pub struct Settings {
    /// The API key.
    pub api_key: String,
    /// Refuses everything that alters data.
    pub csrf_protection: bool,
    /// Seasons numbered 0 may be asked for.
    pub enable_special_episodes: bool,
    /// A Radarr for 4K is set up.
    pub movie_4k_enabled: bool,
    /// A Sonarr for 4K is set up.
    pub series_4k_enabled: bool,
    /// A Sonarr is set up: approved shows without a TVDB number vanish after the 201.
    pub sonarr_configured: bool,
    /// Seerr's language.
    pub locale: String,
    /// Which program.
    pub flavour: Flavour,
    /// How long things take.
    pub latency: Latency,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_key: "ZmFrZS1zZWVyci1rZXk=".to_owned(),
            csrf_protection: false,
            enable_special_episodes: false,
            movie_4k_enabled: false,
            series_4k_enabled: false,
            sonarr_configured: false,
            locale: "en".to_owned(),
            flavour: Flavour::default(),
            latency: Latency::default(),
        }
    }
}
