//! The posters of a page: one film each. Reads the markup of 2026 and of the years before it.

use std::collections::HashSet;

use schema::wire::scraper::Entry;
use scraper::{ElementRef, Html};

use super::{
    PREFIX,
    html::{attr, clean, elements, text},
};
use crate::providers::html::has_class;

/// Attributes that hold a film's slug, or its path.
const SLUGS: &[&str] = &[
    "data-item-slug",
    "data-film-slug",
    "data-item-link",
    "data-film-link",
    "data-target-link",
];

/// Attributes that hold its title, mostly with the year.
const NAMES: &[&str] = &[
    "data-item-full-display-name",
    "data-item-name",
    "data-film-name",
];

/// Classes of what holds one poster of the list, against those of films shown beside it.
const ROWS: &[&str] = &[
    "griditem",
    "posteritem",
    "poster-container",
    "listitem",
    "film-detail",
    "production-viewing",
];

/// How far around and how far inside a poster what belongs to it stands, at the most: guesses that
/// keep a page of endlessly nested elements from costing minutes.
const HEIGHT: usize = 12;
const DEPTH: usize = 60;
/// Characters of a slug. A guess, above the longest title.
const LONGEST_SLUG: usize = 300;

/// Every film of a page once, in its order: those in rows of a list, or all where there are no rows.
pub(super) fn entries(page: &Html) -> Vec<Entry> {
    let all: Vec<_> = elements(page)
        .filter_map(|poster| Some((poster, slug(poster)?)))
        .collect();
    let has_rows = all.iter().any(|(poster, _)| is_in_row(*poster));
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for (poster, slug) in all {
        // A poster may hold another element with the same slug.
        if (!has_rows || is_in_row(poster)) && seen.insert(slug.clone()) {
            entries.push(entry(poster, slug));
        }
    }
    entries
}

/// Rows of the list with a poster of which it is not understood which film it is.
pub(super) fn unreadable(page: &Html) -> u32 {
    let is_row = |element: &ElementRef<'_>| {
        element.value().name() == "li" && ROWS.iter().any(|class| has_class(*element, class))
    };
    let count = elements(page)
        .filter(is_row)
        .filter(|row| inside(*row).any(is_poster) && !inside(*row).any(|it| slug(it).is_some()))
        .count();
    u32::try_from(count).unwrap_or(u32::MAX) // no page is that long
}

/// Rows may hold other things: what is advertised, what could be added.
fn is_poster(element: ElementRef<'_>) -> bool {
    ["film-poster", "react-component", "really-lazy-load"]
        .iter()
        .any(|class| has_class(element, class))
        || element.attr("data-film-id").is_some()
}

/// Its name in Letterboxd's addresses: `dune-2021`, from itself or from `/film/dune-2021/`.
fn slug(poster: ElementRef<'_>) -> Option<String> {
    SLUGS.iter().find_map(|name| {
        let value = attr(poster, name)?;
        let is_path = value.starts_with('/');
        let slug = value.trim_matches('/');
        let slug = slug.strip_prefix("film/").or((!is_path).then_some(slug))?;
        let is_fair = slug
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (is_fair && (1..=LONGEST_SLUG).contains(&slug.len())).then(|| slug.to_owned())
    })
}

fn is_in_row(poster: ElementRef<'_>) -> bool {
    let is_row = |element: ElementRef<'_>| ROWS.iter().any(|class| has_class(element, class));
    let around = poster.ancestors().take(HEIGHT);
    is_row(poster) || around.filter_map(ElementRef::wrap).any(is_row)
}

fn entry(poster: ElementRef<'_>, slug: String) -> Entry {
    let names: Vec<String> = NAMES
        .iter()
        .filter_map(|name| told(poster, name))
        .chain(pictured(poster))
        .collect();
    let title = names.first().map(|name| split(name).0.to_owned());
    let year = names.iter().find_map(|name| split(name).1);
    Entry {
        // Its slug is its title, more or less; without either it could not be looked for.
        title: title.unwrap_or_else(|| slug.replace('-', " ")),
        year: year.or_else(|| released(poster)),
        source_id: Some(format!("{PREFIX}{slug}")),
        ..Entry::default()
    }
}

/// An attribute of the poster, or of what is in it: older pages split them.
fn told(poster: ElementRef<'_>, name: &str) -> Option<String> {
    inside(poster).find_map(|element| attr(element, name))
}

/// The poster and what is in it.
fn inside(poster: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    poster.descendent_elements().take(DEPTH)
}

/// What the picture says it shows.
fn pictured(poster: ElementRef<'_>) -> Option<String> {
    let alt = inside(poster)
        .filter(|element| element.value().name() == "img")
        .find_map(|image| attr(image, "alt"));
    alt.map(|alt| alt.strip_prefix("Poster for ").map_or(alt.clone(), clean))
        .or_else(|| {
            let frame = inside(poster).find(|element| has_class(*element, "frame-title"))?;
            Some(text(frame)).filter(|text| !text.is_empty())
        })
}

fn released(poster: ElementRef<'_>) -> Option<i32> {
    told(poster, "data-film-release-year")
        .and_then(|text| year(&text))
        .or_else(|| {
            let row = poster
                .ancestors()
                .take(HEIGHT)
                .filter_map(ElementRef::wrap)
                .find(|around| has_class(*around, "film-detail"))?;
            // Beside the poster, where notes stand: `/films/year/1987/`.
            inside(row).find_map(|link| {
                year(
                    link.attr("href")?
                        .strip_prefix("/films/year/")?
                        .trim_matches('/'),
                )
            })
        })
}

/// `Title (1987)`: title and year. Titles may have brackets of their own.
fn split(name: &str) -> (&str, Option<i32>) {
    let parts = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('))
        .and_then(|(title, inner)| Some((title.trim_end(), year(inner)?)))
        .filter(|(title, _)| !title.is_empty());
    parts.map_or((name, None), |(title, year)| (title, Some(year)))
}

fn year(text: &str) -> Option<i32> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let year = is_year.then(|| text.parse().ok())??; // four digits are a number
    (year >= 1000).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Vec<(String, Option<i32>, String)> {
        entries(&Html::parse_document(html))
            .into_iter()
            .map(|entry| (entry.title, entry.year, entry.source_id.unwrap()))
            .collect()
    }

    fn one(html: &str) -> (String, Option<i32>, String) {
        let mut read = read(html);
        assert_eq!(read.len(), 1, "{html}");
        read.remove(0)
    }

    fn paper_boats(year: Option<i32>) -> (String, Option<i32>, String) {
        ("Paper Boats".into(), year, "letterboxd:paper-boats".into())
    }

    #[test]
    fn every_markup_of_a_poster_is_the_same_film() {
        for html in [
            r#"<li class="griditem"><div class="react-component" data-item-name="Paper Boats (1987)" data-item-slug="paper-boats"
                data-item-full-display-name="Paper Boats (1987)" data-postered-identifier='{"lid":"x1","uid":"film:1"}'></div></li>"#,
            r#"<li class="poster-container" data-film-slug="/film/paper-boats/"><div class="poster film-poster really-lazy-load"
                data-film-slug="/film/paper-boats/" data-film-name="Paper Boats" data-film-release-year="1987"></div></li>"#,
            r#"<li class="poster-container"><div class="really-lazy-load" data-film-slug="paper-boats" data-target-link="/film/paper-boats/">
                <img alt="Paper Boats (1987)"></div></li>"#,
            r#"<div class="react-component poster" data-target-link="/film/paper-boats/" data-film-id="1">
                <img src="x" alt="Poster for Paper Boats (1987)"></div>"#,
            r#"<div data-item-link="/film/paper-boats/"><span class="frame-title"> &lrm;Paper  Boats (1987)</span></div>"#,
            "<div data-item-slug='paper-boats' data-item-name='\u{200e}Paper Boats (1987)\u{200f}'></div>",
        ] {
            assert_eq!(one(html), paper_boats(Some(1987)), "{html}");
        }
        let split_over_two = r#"<li class="poster-container" data-film-slug="paper-boats">
            <div data-film-name="Paper Boats" data-film-release-year="1987"></div></li>"#;
        assert_eq!(one(split_over_two), paper_boats(Some(1987)));
    }

    #[test]
    fn the_year_of_a_film_with_notes_stands_beside_its_poster() {
        let of = |name: &str, year: u16| {
            format!(
                "<li class='film-detail'><div class='really-lazy-load' data-film-slug='/film/{name}/'><img alt='{name}'></div>\
                 <div class='film-detail-content'><h2><a href='/film/{name}/'>{name}</a>\
                 <small class='metadata'><a href='/films/year/{year}/'>{year}</a></small></h2></div></li>"
            )
        };
        let years = read(&format!("<ul>{}{}</ul>", of("a", 1987), of("b", 1988)));
        let years: Vec<_> = years.into_iter().map(|(_, year, _)| year).collect();
        assert_eq!(years, [Some(1987), Some(1988)]);
    }

    #[test]
    fn unreleased_films_have_no_year_and_titles_may_have_brackets() {
        let of = |name: &str| {
            let (title, year, _) = one(&format!(
                "<div data-item-slug=\"x\" data-item-full-display-name=\"{name}\">"
            ));
            (title, year)
        };
        for (name, title, year) in [
            ("Hope", "Hope", None),
            ("(500) Days (2009)", "(500) Days", Some(2009)),
            ("Boats (Part One)", "Boats (Part One)", None),
            ("Boats (II) (1950)", "Boats (II)", Some(1950)),
            ("1917 (2019)", "1917", Some(2019)),
            (
                "Tea &amp; Sympathy: Nora&#039;s (1956)",
                "Tea & Sympathy: Nora's",
                Some(1956),
            ),
            ("(1999)", "(1999)", None),
            ("Boats (0000)", "Boats (0000)", None),
        ] {
            assert_eq!(of(name), (title.to_owned(), year), "{name}");
        }
    }

    #[test]
    fn a_poster_without_any_title_is_called_by_its_slug() {
        let untitled = "<li class='griditem'><div data-item-slug='paper-boats'></div></li>";
        assert_eq!(one(untitled).0, "paper boats");
    }

    #[test]
    fn a_row_whose_film_is_not_understood_is_counted() {
        let known =
            "<li class='griditem'><div class='react-component' data-item-slug='a'></div></li>";
        for (other, expected) in [
            (
                "<li class='griditem'><div class='react-component' data-name-of-tomorrow='b'></div></li>",
                1,
            ),
            (
                "<li class='poster-container'><div class='film-poster' data-film-id='7'></div></li>",
                1,
            ),
            ("<li class='griditem'><div class='banner'></div></li>", 0),
            ("<li class='griditem'></li>", 0),
        ] {
            let page = Html::parse_document(&format!("<ul>{known}{other}</ul>"));
            assert_eq!(
                (entries(&page).len(), unreadable(&page)),
                (1, expected),
                "{other}"
            );
        }
    }

    #[test]
    fn only_rows_of_the_list_count_and_each_film_once() {
        let html = r#"<div data-item-slug="beside"></div>
            <li class="posteritem"><div data-item-slug="a" data-item-name="A (2001)"><div data-item-slug="a"></div></div></li>
            <li class="posteritem"><div data-item-slug="b" data-item-name="B (2002)"></div></li>
            <nav data-component-class="NavComponent" data-target-link="/films/"></nav>
            <div data-item-slug=""></div>"#;
        let titles: Vec<_> = read(html).into_iter().map(|(title, ..)| title).collect();
        assert_eq!(titles, ["A", "B"]);
        assert_eq!(
            read("<a data-target-link='/'>x</a><a data-target-link='/one/list/x/'>").len(),
            0
        );
    }
}
