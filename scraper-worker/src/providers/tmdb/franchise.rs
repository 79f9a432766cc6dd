//! Which collection of TMDB a franchise's name means. TMDB looks for words, so its answer holds others
//! too; only the same name counts, whatever its accents and capitals.

use schema::models::Cause;
use serde_json::Value;

use super::{SITE, page, refusal, step};
use crate::{
    provider::{Answer, Page, ProviderError, Request},
    providers::loose::{number, text},
};

/// Other names that a person is told.
const NEAREST: usize = 5;

/// Reads the answer to the search for `name`; the collection is asked for next.
pub(super) fn parse(name: &str, request: &Request, answer: &Answer) -> Result<Page, ProviderError> {
    let body = refusal::body(&format!("collection:{name}"), request.step, answer)?;
    let rows = body
        .get("results")
        .and_then(Value::as_array)
        .ok_or_else(|| ProviderError::changed("no results of the search for a collection"))?;
    let wanted = folded(name);
    let is_it = |row: &&Value| {
        ["name", "original_name"]
            .iter()
            .any(|key| text(row.get(key)).is_some_and(|text| folded(&text) == wanted))
    };
    let mut found: Vec<_> = rows
        .iter()
        .filter(is_it)
        .filter_map(|row| number(row.get("id")))
        .collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [id] => Ok(Page {
            next: Some(collection(*id, request)),
            ..Page::default()
        }),
        [] => Err(unknown(name, rows)),
        several => Err(ambiguous(name, several)),
    }
}

fn collection(id: i64, request: &Request) -> Request {
    let mut url = request.url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop().pop().push("collection").push(&id.to_string());
    }
    let request = Request {
        url,
        step: step::COLLECTION,
        ..request.clone()
    };
    page::without(request, "query")
}

fn unknown(name: &str, rows: &[Value]) -> ProviderError {
    let names: Vec<_> = rows
        .iter()
        .filter_map(|row| text(row.get("name")))
        .take(NEAREST)
        .collect();
    let reason = format!("TMDB has no collection called “{name}”");
    if names.is_empty() {
        return ProviderError::refused(
            Cause::NotFound,
            reason,
            format!("Look for it on {SITE}/search/collection and give its address."),
        );
    }
    ProviderError::refused(
        Cause::NotFound,
        format!("{reason}; the nearest are {}", names.join(", ")),
        "Give one of these names, or the collection's address.",
    )
}

fn ambiguous(name: &str, ids: &[i64]) -> ProviderError {
    let ids: Vec<_> = ids.iter().map(|id| format!("collection/{id}")).collect();
    ProviderError::refused(
        Cause::NotFound,
        format!(
            "TMDB has {} collections called “{name}”: {}",
            ids.len(),
            ids.join(", ")
        ),
        format!("Look at them on {SITE} and give the address of the one you mean."),
    )
}

/// Letters and digits alone, small, without accents and without the word itself.
fn folded(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for sign in name.chars() {
        match sign {
            '&' => plain.push_str(" and "),
            // Apostrophes stand within words.
            '\'' | '’' | '‘' => {}
            '\u{80}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                plain.push_str(deunicode::deunicode_char(sign).unwrap_or(" "));
            }
            sign if sign.is_alphanumeric() => plain.push(sign),
            _ => plain.push(' '),
        }
    }
    let plain = plain.to_lowercase();
    let words: Vec<_> = plain.split_whitespace().collect();
    match words.as_slice() {
        [rest @ .., "collection"] if !rest.is_empty() => rest.join(" "),
        all => all.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_accents_capitals_and_signs() {
        for (one, other) in [
            ("james bond", "James Bond Collection"),
            ("amelie", "Amélie Collection"),
            ("ocean's", "Ocean’s Collection"),
            ("mission: impossible", "Mission Impossible Collection"),
            ("fast & furious", "The fast and furious"),
        ] {
            let is_same = folded(one) == folded(other);
            assert_eq!(is_same, !other.starts_with("The "), "{one}, {other}");
        }
        assert_eq!(folded("ゴジラ シリーズ"), "ゴジラ シリーズ");
        assert_eq!(folded("Collection"), "collection");
    }
}
