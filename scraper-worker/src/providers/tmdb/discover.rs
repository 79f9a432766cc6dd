//! The parameters of a search of TMDB (`discover`), and their one canonical order. Pure.

use std::collections::BTreeMap;

use url::form_urlencoded::{Serializer, parse};

/// Parameters that choose titles. Others say how the page looks, which one it is, or are a key.
/// Source: <https://developer.themoviedb.org/reference/discover-movie> and `discover-tv`.
const KNOWN: &[&str] = &[
    "air_date.gte",
    "air_date.lte",
    "certification",
    "certification.gte",
    "certification.lte",
    "certification_country",
    "first_air_date.gte",
    "first_air_date.lte",
    "first_air_date_year",
    "include_adult",
    "include_null_first_air_dates",
    "include_video",
    "primary_release_date.gte",
    "primary_release_date.lte",
    "primary_release_year",
    "region",
    "release_date.gte",
    "release_date.lte",
    "screened_theatrically",
    "sort_by",
    "timezone",
    "vote_average.gte",
    "vote_average.lte",
    "vote_count.gte",
    "vote_count.lte",
    "watch_region",
    "with_cast",
    "with_companies",
    "with_crew",
    "with_genres",
    "with_keywords",
    "with_networks",
    "with_origin_country",
    "with_original_language",
    "with_people",
    "with_release_type",
    "with_runtime.gte",
    "with_runtime.lte",
    "with_status",
    "with_type",
    "with_watch_monetization_types",
    "with_watch_providers",
    "without_companies",
    "without_genres",
    "without_keywords",
    "without_watch_providers",
    "year",
];

/// What the site's own addresses call them.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("ott_region", "watch_region"),
    (
        "with_ott_monetization_types",
        "with_watch_monetization_types",
    ),
    ("with_ott_providers", "with_watch_providers"),
];

/// The parameters of `query` that choose titles, in alphabetical order, each once; empty ones choose
/// nothing.
pub(super) fn canonical(query: &str) -> String {
    let chosen: BTreeMap<_, _> = parse(query.as_bytes())
        .filter_map(|(key, value)| {
            let value = value.trim().to_owned();
            let key = known(&key)?;
            (!value.is_empty()).then_some((key, value))
        })
        .collect();
    Serializer::new(String::new()).extend_pairs(chosen).finish()
}

/// As people read it: `with_genres 28, year 1999`.
pub(super) fn words(query: &str) -> String {
    let pairs: Vec<_> = parse(query.as_bytes())
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    pairs.join(", ")
}

fn known(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let name = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == key)
        .map_or(key.as_str(), |(_, name)| name);
    KNOWN.iter().find(|known| **known == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_search_has_one_order_and_no_key_in_it() {
        for query in [
            "with_genres=28%2C12&sort_by=vote_average.desc",
            "sort_by=vote_average.desc&with_genres=28,12&page=3&api_key=very-secret&language=de-DE",
            "show_me=everything&with_genres=28%2C12&year=&debug=&SORT_BY=vote_average.desc",
        ] {
            assert_eq!(
                canonical(query),
                "sort_by=vote_average.desc&with_genres=28%2C12",
                "{query}"
            );
        }
        assert_eq!(canonical("api_key=x&page=2"), "");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn names_of_the_site_mean_those_of_the_api() {
        assert_eq!(
            canonical("with_ott_providers=8&ott_region=DE"),
            "watch_region=DE&with_watch_providers=8"
        );
        assert_eq!(
            words("watch_region=DE&with_genres=28%2C12"),
            "watch_region DE, with_genres 28,12"
        );
    }

    #[test]
    fn a_canonical_search_is_canonical_again() {
        let once = canonical("with_keywords=9715|9717&vote_count.gte=100&with_cast= 31 ");
        assert_eq!(
            once,
            "vote_count.gte=100&with_cast=31&with_keywords=9715%7C9717"
        );
        assert_eq!(canonical(&once), once);
    }
}
