//! The pages of TMDB's lists and collections as a browser shows them: the way without a key.
//!
//! One page that grows as it is scrolled. Entries have a TMDB id, a media type, a title and mostly a year.
//! Titles are known by their addresses (`/movie/603-the-matrix`), not by the page's class names, which
//! change often.
//! Facts from public code up to 2026-08; not checked against the live site.

use std::collections::HashMap;

use runtime::settings::ProvidersSettings;
use schema::{models::MediaType, wire::scraper::Entry};
use url::Url;

use crate::{
    provider::{Answer, Page, ProviderError, Request, Via, Way, address},
    providers::harvest::{Harvest, Link, named, slug_of, tmdb_title, worth},
};

/// What the site's titles of pages end with.
const SUFFIXES: &[&str] = &[
    " — The Movie Database (TMDB)",
    " - The Movie Database (TMDB)",
    " — TMDB",
];

/// The step of its only answer.
pub(super) const STEP: &str = "page";

/// The way that reads the page at `path`.
///
/// # Errors
/// [`ProviderError::Refused`] when the site's address in the settings is none.
pub(super) fn way(sites: &ProvidersSettings, path: &str) -> Result<Way, ProviderError> {
    let url = address(&sites.tmdb.url, path, "providers.tmdb.url")?;
    Ok(Way {
        name: "browser",
        first: Request {
            via: Via::Browser,
            ..Request::get(url, STEP)
        },
    })
}

/// Reads what the browser saw.
pub(super) fn parse(answer: &Answer) -> Result<Page, ProviderError> {
    let harvest = Harvest::of(answer)?;
    let entries = titles(&harvest, &answer.url);
    let announced = harvest.count_of(&["item", "items"]);
    if entries.is_empty() && announced != Some(0) {
        return Err(ProviderError::changed("no link to a title on the page"));
    }
    Ok(Page {
        entries,
        announced,
        is_cut: !harvest.is_whole,
        name: name_of(&harvest.title),
        ..Page::default()
    })
}

/// Each title once, in the order of the first link to it.
fn titles(harvest: &Harvest, page: &Url) -> Vec<Entry> {
    let mut places: HashMap<(MediaType, i64), usize> = HashMap::new();
    let mut found: Vec<((MediaType, i64), &Link)> = Vec::new();
    for link in &harvest.links {
        let Some(id) = title_id(&link.href, page) else {
            continue;
        };
        let place = *places.entry(id).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, known)) if worth(&link.text) > worth(&known.text) => *known = link,
            Some(_) => {}
            None => found.push((id, link)),
        }
    }
    found.into_iter().map(entry).collect()
}

fn entry(((media_type, id), link): ((MediaType, i64), &Link)) -> Entry {
    let slug = Url::parse(&link.href).map_or_else(|_| String::new(), |url| slug_of(&url)); // it was
    let (title, year) = named(&link.text, &link.near, &slug);
    Entry {
        title,
        year,
        media_type: Some(media_type),
        tmdb_id: Some(id),
        ..Entry::default()
    }
}

/// A title's own page on the same site; not its cast, its pictures and so on.
fn title_id(href: &str, page: &Url) -> Option<(MediaType, i64)> {
    let url = Url::parse(href).ok()?; // an address that is none leads nowhere
    let is_here = url.host_str() == page.host_str()
        || matches!(
            url.host_str(),
            Some("themoviedb.org" | "www.themoviedb.org")
        );
    let parts = url.path_segments()?.filter(|part| !part.is_empty()).count();
    (is_here && parts == 2).then(|| tmdb_title(&url))?
}

fn name_of(title: &str) -> Option<String> {
    let title = SUFFIXES
        .iter()
        .find_map(|suffix| title.strip_suffix(suffix))
        .unwrap_or(title)
        .trim();
    (!title.is_empty()).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &serde_json::Value) -> Answer {
        Answer {
            status,
            url: Url::parse("https://www.themoviedb.org/list/710").unwrap(),
            headers: HeaderMap::new(),
            body: body.to_string(),
        }
    }

    #[test]
    fn a_page_without_titles_is_a_change_unless_it_says_that_it_is_empty() {
        let body = |counts: &[&str]| {
            let links = json!([
                {"href": "https://www.themoviedb.org/movie", "text": "Movies", "near": ""},
                {"href": "https://www.themoviedb.org/movie/603-x/cast", "text": "Cast", "near": ""},
                {"href": "https://other.example/movie/603", "text": "Other", "near": ""},
            ]);
            json!({"title": "", "links": links, "counts": counts, "is_whole": true})
        };
        let error = parse(&answer(200, &body(&[]))).unwrap_err();
        assert!(matches!(error, ProviderError::Changed { .. }), "{error}");
        let empty = parse(&answer(200, &body(&["0 items"]))).unwrap();
        assert_eq!((empty.entries.len(), empty.announced), (0, Some(0)));
        let error = parse(&answer(404, &body(&[]))).unwrap_err();
        assert_eq!(error, ProviderError::NotFound);
    }

    #[test]
    fn a_title_without_a_name_of_its_own_has_that_of_its_row_or_its_address() {
        let at = |path: &str| format!("https://www.themoviedb.org/{path}");
        let links = json!([
            {"href": at("movie/949-heat"), "text": "View", "near": ""},
            {"href": at("movie/438631-dune"), "text": "", "near": "Dune October 22, 2021"},
            {"href": at("movie/438631-dune"), "text": "Dune", "near": "Dune October 22, 2021"},
            {"href": at("person/6384-keanu-reeves"), "text": "Keanu Reeves", "near": ""},
        ]);
        let body = json!({"title": "", "links": links, "counts": ["2 items"], "is_whole": true});
        let page = parse(&answer(200, &body)).unwrap();
        let named: Vec<_> = page
            .entries
            .iter()
            .map(|entry| (entry.title.as_str(), entry.year))
            .collect();
        assert_eq!(named, [("heat", None), ("Dune", Some(2021))]);
    }

    #[test]
    fn a_page_that_was_not_scrolled_to_its_end_is_cut() {
        let links = json!([{"href": "https://www.themoviedb.org/tv/1396", "text": "1883", "near": "1883 (2021)"}]);
        let body =
            json!({"title": "Mine — The Movie Database (TMDB)", "links": links, "is_whole": false});
        let page = parse(&answer(200, &body)).unwrap();
        assert!(page.is_cut);
        assert_eq!(page.name.as_deref(), Some("Mine"));
        let entry = &page.entries[0];
        assert_eq!((entry.title.as_str(), entry.year), ("1883", Some(2021)));
        assert_eq!(entry.media_type, Some(MediaType::Tv));
    }
}
