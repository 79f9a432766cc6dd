//! Versions of one show that are told apart by their country, in brackets or behind the title. Pure.

use super::title::Folded;

/// `love island uk` and `love island usa`.
pub(super) fn are_of_two_countries(one: &Folded, other: &Folded) -> bool {
    let country = |title: &Folded| title.core.last().and_then(|word| country(&word.text));
    country(one)
        .zip(country(other))
        .is_some_and(|(one, other)| one != other)
}

/// What a version is called whose country stands in a bracket: `MasterChef (AU)` is `MasterChef Australia`.
pub(super) fn names(bracket: &str) -> &'static [&'static str] {
    match bracket.to_lowercase().replace('.', "").as_str() {
        "us" | "usa" | "american" | "america" => &["US", "USA", "America"],
        "uk" | "gb" | "british" | "britain" => &["UK", "Britain"],
        "au" | "australia" | "australian" => &["Australia"],
        "nz" | "new zealand" => &["New Zealand"],
        "ca" | "canada" | "canadian" => &["Canada"],
        "ie" | "ireland" | "irish" => &["Ireland"],
        "in" | "india" | "indian" => &["India"],
        "jp" | "japan" | "japanese" => &["Japan"],
        "kr" | "korea" | "korean" => &["Korea"],
        "cn" | "china" | "chinese" => &["China"],
        "fr" | "france" | "french" => &["France"],
        "de" | "germany" | "german" => &["Germany", "Deutschland"],
        "es" | "spain" | "spanish" => &["Spain", "España"],
        "it" | "italy" | "italian" => &["Italy", "Italia"],
        "se" | "sweden" | "swedish" => &["Sweden", "Sverige"],
        "dk" | "denmark" | "danish" => &["Denmark", "Danmark"],
        "no" | "norway" | "norwegian" => &["Norway", "Norge"],
        "fi" | "finland" | "finnish" => &["Finland", "Suomi"],
        "nl" | "netherlands" | "dutch" => &["Netherlands", "Holland"],
        "be" | "belgium" | "belgian" => &["Belgium", "België"],
        "br" | "brazil" | "brasil" => &["Brazil", "Brasil"],
        "mx" | "mexico" | "mexican" => &["Mexico", "México"],
        _ => &[],
    }
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
