//! The registry: every site, one line each, in alphabetical order.

#[cfg(test)]
mod fixtures;
mod imdb;
mod stevenlu;

use crate::provider::{Provider, Recognized};

macro_rules! providers {
    ($($provider:expr),+ $(,)?) => {
        static ALL: &[&dyn Provider] = &[$(&$provider),+];
    };
}

providers! {
    imdb::Imdb,
    stevenlu::StevenLu,
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
