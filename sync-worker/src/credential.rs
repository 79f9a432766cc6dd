//! What a reading may show to its site, taken from the settings. The scraper-worker, which reads
//! hostile pages, holds none of its own.

use runtime::{Secret, Settings};
use schema::wire::scraper::Credential;

/// What provider `list_type` needs, where it is set.
pub(crate) fn of(settings: &Settings, list_type: &str) -> Option<Credential> {
    let providers = &settings.providers;
    let (key, token) = match list_type {
        "trakt" => (&providers.trakt.client_id, &None),
        "tmdb" => (&providers.tmdb.key, &None),
        "tvdb" => (&providers.tvdb.key, &providers.tvdb.pin),
        "simkl" => (&providers.simkl.client_id, &providers.simkl.user_token),
        "mdblist" => (&providers.mdblist.key, &None),
        "myanimelist" => (&providers.myanimelist.client_id, &None),
        "plex" => (&None, &providers.plex.token),
        _ => (&None, &None),
    };
    let open = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
    let credential = Credential {
        key: open(key),
        token: open(token),
        account: None,
    };
    (credential != Credential::default()).then_some(credential)
}
