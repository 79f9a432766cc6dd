//! The one credential a reading needs, taken from the settings. The scraper-worker, which reads
//! hostile pages, holds none of its own.

use runtime::Settings;
use schema::wire::scraper::Credential;

/// The key that provider `list_type` needs, where one is set.
pub(crate) fn of(settings: &Settings, list_type: &str) -> Option<Credential> {
    let providers = &settings.providers;
    let secret = match list_type {
        "trakt" => providers.trakt.client_id.as_ref(),
        "tmdb" => providers.tmdb.key.as_ref(),
        "tvdb" => providers.tvdb.key.as_ref(),
        "simkl" => providers.simkl.client_id.as_ref(),
        _ => None,
    };
    secret.map(|secret| Credential(secret.expose().to_owned()))
}
