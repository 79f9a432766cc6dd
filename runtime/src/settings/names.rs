//! Which known name a mistyped one is nearest to, and which old names are no longer used.

/// How alike two names must be to be taken for each other. A guess that fits the tests.
const ALIKE: f64 = 0.7;
/// Below that, a variable of somebody else is not taken for a mistyped one of ours.
const VERY_ALIKE: f64 = 0.85;

/// Beginnings that only variables of ours have.
const PREFIXES: &[&str] = &[
    "LISTSYNC_",
    "OVERSEERR_",
    "OVERSEER_",
    "SEERR_",
    "JELLYSEERR_",
    "TRAKT_",
    "TMDB_",
    "TVDB_",
    "SIMKL_",
    "IMDB_",
    "MDBLIST_",
    "LETTERBOXD_",
    "ANILIST_",
    "STEVENLU_",
    "DISCORD_WEBHOOK",
];

/// Names that the Python ListSync had and nobody needs any more; a `*` stands for any ending.
const RETIRED: &[&str] = &[
    "FRONTEND_DOMAIN",
    "BACKEND_DOMAIN",
    "NUXT_PUBLIC_*",
    "RUNNING_IN_DOCKER",
    "SINGLE_LIST_*",
    "CHROME_BIN",
    "CHROME_DRIVER_PATH",
    "NO_SANDBOX",
    "SELENIUM_*",
    "LISTSYNC_BATCH_SIZE",
    "LISTSYNC_SEQUENTIAL_MODE",
    "CORS_ALLOWED_ORIGINS",
];

/// The name among `names` that is most like `name`, if one is like it at all.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, names, ALIKE)
}

fn alike<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    at_least: f64,
) -> Option<&'a str> {
    names
        .into_iter()
        .map(|known| (likeness(name, known), known))
        .filter(|(score, _)| *score >= at_least)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

/// From 0 to 1. A beginning that all our names have says nothing.
fn likeness(name: &str, known: &str) -> f64 {
    match name.strip_prefix("LISTSYNC_") {
        Some(rest) => {
            let known = known.strip_prefix("LISTSYNC_").unwrap_or(known);
            strsim::normalized_damerau_levenshtein(rest, known)
        }
        None => strsim::normalized_damerau_levenshtein(name, known),
    }
}

/// Whether the old product used this variable and we do not.
pub(super) fn is_retired(variable: &str) -> bool {
    RETIRED.iter().any(|name| match name.strip_suffix('*') {
        Some(beginning) => variable.starts_with(beginning),
        None => *name == variable,
    })
}

/// A variable that was probably meant for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistyped<'a> {
    /// The one that was probably meant.
    pub(super) nearest: Option<&'a str>,
}

/// Looks whether a variable that is none of `known` was probably meant for us.
pub(super) fn mistyped<'a>(
    variable: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<Mistyped<'a>> {
    let is_ours =
        PREFIXES.iter().any(|prefix| variable.starts_with(prefix)) || variable.ends_with("_LISTS");
    if is_ours {
        return Some(Mistyped {
            nearest: nearest(variable, known),
        });
    }
    // Short names (AUTH, TZ) are near to too many words.
    let long = known.into_iter().filter(|name| name.len() >= 8);
    alike(variable, long, VERY_ALIKE).map(|name| Mistyped {
        nearest: Some(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = [
        "OVERSEERR_URL",
        "IMDB_LISTS",
        "AUTOMATED_MODE",
        "AUTH",
        "TZ",
    ];

    #[test]
    fn mistyped_names_find_what_was_meant() {
        let nearest = |name| mistyped(name, NAMES).unwrap().nearest;
        assert_eq!(nearest("OVERSEER_URL"), Some("OVERSEERR_URL"));
        assert_eq!(nearest("IMBD_LISTS"), Some("IMDB_LISTS"));
        assert_eq!(nearest("AUTOMATED_MOD"), Some("AUTOMATED_MODE"));
        assert_eq!(nearest("LISTSYNC_QUITE_SOMETHING_ELSE"), None);
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        for name in [
            "PATH",
            "HOME",
            "AUTHOR",
            "LANG",
            "TZDIR",
            "DISPLAY",
            "XDG_RUNTIME_DIR",
        ] {
            assert_eq!(mistyped(name, NAMES), None, "{name}");
        }
    }

    #[test]
    fn names_of_the_old_product_are_known_as_such() {
        assert!(is_retired("NUXT_PUBLIC_API_URL") && is_retired("LISTSYNC_BATCH_SIZE"));
        assert!(!is_retired("OVERSEERR_URL") && !is_retired("LISTSYNC_BATCH_SIZES"));
    }
}
