//! Pages for people as trees of elements, for the sites that are read by them. Leaves what stands where to
//! their readers.

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

/// Whether it has a class.
pub(super) fn has_class(element: ElementRef<'_>, class: &str) -> bool {
    element.value().classes().any(|known| known == class)
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
