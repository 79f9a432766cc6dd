//! What the readers of Letterboxd's pages share: going through elements, cleaning texts, telling its
//! own pages from walls before them.

use scraper::{ElementRef, Html};

use crate::provider::ProviderError;

/// Elements within one another. A guess, far above real pages; what takes minutes begins far above it.
const DEEPEST: usize = 10_000;

/// Elements that nothing can be in.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Reads a page.
///
/// # Errors
/// [`ProviderError::Changed`] for one of endlessly nested elements: reading it takes time by the square
/// of its depth.
pub(super) fn document(text: &str) -> Result<Html, ProviderError> {
    if is_too_deep(text) {
        return Err(ProviderError::changed(format!(
            "more than {DEEPEST} elements within one another"
        )));
    }
    Ok(Html::parse_document(text))
}

/// Counts tags that open and do not close, without reading more of them than their names.
fn is_too_deep(text: &str) -> bool {
    let mut depth: usize = 0;
    for tag in text.split('<').skip(1) {
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if tag.starts_with(|char: char| char.is_ascii_alphabetic()) && !is_void(tag) {
            depth += 1;
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

fn is_void(tag: &str) -> bool {
    let end = tag.find(|char: char| !char.is_ascii_alphanumeric());
    let name = end.and_then(|end| tag.get(..end)).unwrap_or(tag);
    VOID.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// All elements of a page, in its order.
pub(super) fn elements(page: &Html) -> impl Iterator<Item = ElementRef<'_>> {
    page.root_element().descendent_elements()
}

/// The value of an attribute, cleaned; `None` for an empty one.
pub(super) fn attr(element: ElementRef<'_>, name: &str) -> Option<String> {
    let value = clean(element.attr(name)?);
    (!value.is_empty()).then_some(value)
}

/// Whether it has a class.
pub(super) fn has_class(element: ElementRef<'_>, class: &str) -> bool {
    element.value().classes().any(|known| known == class)
}

/// All its text, cleaned.
pub(super) fn text(element: ElementRef<'_>) -> String {
    clean(&element.text().collect::<String>())
}

/// Without marks of writing direction, spaces at the ends and runs of spaces inside.
pub(super) fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|char| {
            !matches!(
                char,
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}'
            )
        })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The number that a text begins with: `1,024 films`.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let text = clean(text);
    let digits: String = text
        .chars()
        .take_while(|char| char.is_ascii_digit() || *char == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok() // empty: there is none
}

/// What a meta element says, by its `name` or `property`.
pub(super) fn meta(page: &Html, name: &str) -> Option<String> {
    elements(page)
        .filter(|element| element.value().name() == "meta")
        .find(|meta| [meta.attr("name"), meta.attr("property")].contains(&Some(name)))
        .and_then(|meta| attr(meta, "content"))
}

/// Whether the text is a page of Letterboxd itself.
pub(super) fn is_of_letterboxd(page: &str) -> bool {
    page.contains("Letterboxd")
}

/// Whether the text is a challenge that stands before the site. Its own pages too have a script of
/// `challenge-platform` in them.
pub(super) fn is_challenge(page: &str) -> bool {
    ["Just a moment", "cf_chl_opt", "/chl_page/"]
        .iter()
        .any(|word| page.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_endlessly_nested_elements_is_not_read() {
        for open in ["<div class='grid'>", "<b>", "<i id=x>", "<SPAN>"] {
            let error = document(&open.repeat(500_000)).unwrap_err();
            assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        }
    }

    #[test]
    fn a_long_page_is_no_deep_one() {
        for row in [
            "<li><a href='/x'>x</a></li>",
            "<br>",
            "<IMG src=x>",
            "<!-- x -->",
            "1 < 2 ",
        ] {
            assert!(!is_too_deep(&row.repeat(DEEPEST + 1)), "{row}");
        }
    }
}
