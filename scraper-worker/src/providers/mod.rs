//! The registry: every site, one line each, in alphabetical order. `web` takes any address, so it is
//! asked last.

mod address;
mod anilist;
mod anime_map;
#[cfg(test)]
mod captured_lists;
#[cfg(test)]
mod captures;
mod document;
pub(crate) mod file;
#[cfg(test)]
mod fixtures;
mod harvest;
mod html;
mod imdb;
mod letterboxd;
mod loose;
mod mdblist;
mod myanimelist;
mod plex;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod robust;
mod simkl;
mod stevenlu;
mod tmdb;
mod trakt;
mod tvdb;
mod web;

use runtime::settings::ProvidersSettings;
use schema::models::Cause;

use crate::provider::{Provider, ProviderError, Recognized};

macro_rules! providers {
    ($($provider:expr),+ $(,)?) => {
        static ALL: &[&dyn Provider] = &[$(&$provider),+];
    };
}

providers! {
    anilist::Anilist,
    file::ExportFile,
    imdb::Imdb,
    letterboxd::Letterboxd,
    mdblist::MdbLists,
    myanimelist::MyAnimeList,
    plex::Plex,
    simkl::Simkl,
    stevenlu::StevenLu,
    tmdb::Tmdb,
    trakt::Trakt,
    tvdb::Tvdb,
    address::Address,
    web::WebPage,
}

/// Every site.
pub(crate) fn all() -> &'static [&'static dyn Provider] {
    ALL
}

/// The site with this name.
pub(crate) fn find(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// Whether the owner has not switched it off.
pub(crate) fn is_enabled(provider: &dyn Provider, sites: &ProvidersSettings) -> bool {
    let is_meant = |name: &String| name.trim().eq_ignore_ascii_case(provider.name());
    !sites.disabled.iter().any(is_meant)
}

/// That the owner has switched it off.
pub(crate) fn switched_off(provider: &dyn Provider) -> ProviderError {
    ProviderError::refused(
        Cause::SwitchedOff,
        format!("{} is switched off", provider.title()),
        format!(
            "Take `{}` out of `providers.disabled` (LISTSYNC_PROVIDERS_DISABLED) to read its lists.",
            provider.name()
        ),
    )
}

/// The first site whose list `input` is.
pub(crate) fn recognize(input: &str) -> Option<(&'static dyn Provider, Recognized)> {
    ALL.iter()
        .find_map(|provider| provider.recognize(input).map(|list| (*provider, list)))
}
