//! Versions of one show that are told apart by their country. Pure.

use super::title::Folded;

/// `love island uk` and `love island usa`.
pub(super) fn are_of_two_countries(one: &Folded, other: &Folded) -> bool {
    let country = |title: &Folded| title.core.last().and_then(|word| country(&word.text));
    country(one)
        .zip(country(other))
        .is_some_and(|(one, other)| one != other)
}

/// Countries by which versions of one show are told apart.
fn country(word: &str) -> Option<&'static str> {
    Some(match word {
        "us" | "usa" | "america" => "us",
        "uk" | "britain" => "uk",
        "australia" => "au",
        "canada" => "ca",
        "brasil" | "brazil" => "br",
        "france" => "fr",
        "germany" | "deutschland" => "de",
        "india" => "in",
        "italia" | "italy" => "it",
        "japan" => "jp",
        "korea" => "kr",
        "mexico" => "mx",
        "espana" | "spain" => "es",
        _ => return None,
    })
}
