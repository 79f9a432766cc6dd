//! The registry: every site, one line each, in alphabetical order. `web` takes any address, so it is
//! asked last.

pub(crate) mod file;
#[cfg(test)]
mod fixtures;
mod harvest;
mod imdb;
mod letterboxd;
mod stevenlu;
mod tmdb;
mod trakt;
mod web;

use crate::provider::{Provider, Recognized};

macro_rules! providers {
    ($($provider:expr),+ $(,)?) => {
        static ALL: &[&dyn Provider] = &[$(&$provider),+];
    };
}

providers! {
    file::ExportFile,
    imdb::Imdb,
    letterboxd::Letterboxd,
    stevenlu::StevenLu,
    tmdb::Tmdb,
    trakt::Trakt,
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

/// The first site whose list `input` is.
pub(crate) fn recognize(input: &str) -> Option<(&'static dyn Provider, Recognized)> {
    ALL.iter()
        .find_map(|provider| provider.recognize(input).map(|list| (*provider, list)))
}
