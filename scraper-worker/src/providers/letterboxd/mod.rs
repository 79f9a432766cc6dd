//! Letterboxd: lists, watchlists, films and likes of users, films of people, by their pages.
//!
//! Lists: `letterboxd.com/{user}/list/{list}/`, `…/share/{token}/`, `/{user}/watchlist/`, `/{user}/films/`,
//! `/{user}/likes/films/`, `/actor/{name}/` and other roles, `boxd.it/…`; `user/list`, `user/watchlist`.
//! 100 films a page on lists, 28 on watchlists, 72 elsewhere; no key, no browser. A list page has titles
//! and mostly years; what a film is on TMDB and IMDb stands on its own page, which is read once.
//! The terms (6.11, since 2025-12) forbid automated reading, and since 2026-01 a challenge meets most
//! programs: the export file is the way that lasts, and every refusal says so. We ask once in two seconds
//! and neither solve challenges nor look like a browser.
//! Facts from public code up to 2026-07 and captures up to 2026-04; not checked against the live site.

mod address;
mod film;
mod html;
mod page;
mod poster;
mod short;

use std::time::Duration;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{models::Cause, wire::scraper::Entry};
use url::Url;

use self::address::LetterboxdList;
use crate::provider::{
    Answer, Detail, Extent, Ids, ListToRead, Page, Politeness, Provider, ProviderError, Recognized,
    Request, SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct Letterboxd;

/// What our names of its films begin with.
const PREFIX: &str = "letterboxd:";

impl Provider for Letterboxd {
    fn name(&self) -> &'static str {
        "letterboxd"
    }

    fn title(&self) -> &'static str {
        "Letterboxd"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://letterboxd.com/…/list/…/",
            "https://letterboxd.com/…/watchlist/",
            "https://letterboxd.com/…/films/",
            "https://letterboxd.com/…/likes/films/",
            "https://letterboxd.com/actor/…/",
            "https://letterboxd.com/director/…/",
            "https://boxd.it/…",
            "letterboxd:user/list",
            "letterboxd:user/watchlist",
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            // Two seconds lie between two calls when they arrive, however unevenly they travel.
            per_second: 0.475,
            burst: 1,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Letterboxd turns automated readers away. Export your data at https://letterboxd.com/settings/data/ and give the zip to `listsync lists add FILE`, or put it into the folder of exports."
    }

    fn notice(&self) -> Option<&'static str> {
        Some(
            "Letterboxd's terms (6.11) forbid reading its pages automatically, and it often turns such readers away. Its export is the recommended way: https://letterboxd.com/settings/data/, then `listsync lists add FILE`.",
        )
    }

    fn extent(&self) -> Extent {
        Extent {
            pages: 400,
            time: Duration::from_hours(2),
        }
    }

    fn detail(
        &self,
        entry: &Entry,
        sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        let Some(slug) = slug_of(entry) else {
            return Ok(None);
        };
        let base = &sites.letterboxd.url;
        let url = url_of(base, &format!("film/{slug}/"), "providers.letterboxd.url")?;
        Ok(Some(Detail {
            key: SourceKey {
                source: "letterboxd_film",
                key: slug.to_owned(),
            },
            request: document(url, film::STEP),
        }))
    }

    fn parse_detail(&self, _: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        film::parse(answer)
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        address::parse(input).map(|list| recognized(&list))
    }

    fn recognize_own(&self, input: &str) -> Option<Recognized> {
        address::parse_own(input).map(|list| recognized(&list))
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        let list = parsed(list)?;
        let setting = "providers.letterboxd.url";
        let first = if let LetterboxdList::Short(code) = &list {
            short::request(url_of("https://boxd.it", code, setting)?)
        } else {
            let base = &sites.letterboxd.url;
            document(url_of(base, &list.path(), setting)?, page::STEP)
        };
        Ok(vec![Way {
            name: "page",
            first,
        }])
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let list = parsed(list)?;
        match request.step {
            short::STEP => short::parse(&list, request, answer),
            _ => page::parse(&list, request, answer),
        }
    }
}

fn document(url: Url, step: &'static str) -> Request {
    Request::get(url, step)
        .header("accept", HeaderValue::from_static("text/html"))
        .header("accept-language", HeaderValue::from_static("en"))
}

fn recognized(list: &LetterboxdList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<LetterboxdList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

fn slug_of(entry: &Entry) -> Option<&str> {
    entry.source_id.as_deref()?.strip_prefix(PREFIX)
}

/// Tells refusals from pages that may be read.
///
/// # Errors
/// [`ProviderError::Refused`] when `what` is hidden or is not there, [`ProviderError::Blocked`] for
/// challenges.
fn readable<'a>(answer: &'a Answer, what: &str) -> Result<&'a str, ProviderError> {
    let is_its_own = answer.is_html() && html::is_of_letterboxd(&answer.body);
    let is_hidden = matches!(answer.status, 404 | 410)
        || (matches!(answer.status, 401 | 403) && is_its_own && !html::is_challenge(&answer.body));
    if is_hidden && answer.wall().is_none() {
        // Strangers are told that a private list is not there.
        let cause = if matches!(answer.status, 404 | 410) {
            Cause::NotFound
        } else {
            Cause::Private
        };
        return Err(ProviderError::Refused {
            cause,
            reason: format!("Letterboxd shows no {what}: there is none, or it is private"),
            remedy: "Check its address in a browser. A private list can be followed by its share link, or by the export file from https://letterboxd.com/settings/data/.".into(),
        });
    }
    answer.document()
}
