//! What the readers of Letterboxd's pages share: going through elements, cleaning texts, telling its
//! own pages from walls before them. Leaves reading a page as a whole to
//! `providers::html`.

use scraper::{ElementRef, Html};

/// All elements of a page, in its order.
pub(super) fn elements(page: &Html) -> impl Iterator<Item = ElementRef<'_>> {
    page.root_element().descendent_elements()
}

/// The value of an attribute, cleaned; `None` for an empty one.
pub(super) fn attr(element: ElementRef<'_>, name: &str) -> Option<String> {
    let value = clean(element.attr(name)?);
    (!value.is_empty()).then_some(value)
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
