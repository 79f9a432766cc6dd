//! TMDB: lists, collections, charts, searches and an account's own shelves by its API; lists and
//! collections without a key by their pages, read by the browser.
//!
//! Lists: `www.themoviedb.org/list/{id}`, `/collection/{id}`, `/movie`, `/movie/top-rated` and the other
//! charts, `/discover/…`, `/keyword/{id}`, `/u/{name}/watchlist`; a franchise by its name; the API's own
//! addresses. Lists have a number of old (API v3) and of new kind (v4), and each way reads most of both.
//! 20 entries a page, each with a TMDB id, a type, a title and mostly a year. A collection is one
//! document. Charts and searches are a beginning of all that TMDB knows, so they are read as far as is
//! wanted, and 100 titles where nobody says. TMDB answers no page after the 500th.
//! Facts from the documentation (`developer.themoviedb.org`) and captures of 2026-08; not checked against
//! the live site.

mod access;
mod address;
mod browser;
mod discover;
mod franchise;
mod page;
mod refusal;
mod shelf;
#[cfg(test)]
mod tests;
mod title;

use runtime::settings::ProvidersSettings;
use schema::models::{Cause, MediaType};
use url::Url;

use self::{access::Access, address::TmdbList};
use crate::provider::{
    Answer, Extent, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request,
    Way, address as url_of,
};

/// See the file's header.
pub(super) struct Tmdb;

/// Where people find the lists.
const SITE: &str = "https://www.themoviedb.org";
/// Where a key is made and looked up.
const KEYS: &str = "https://www.themoviedb.org/settings/api";
/// The setting of the API's address.
const API_URL: &str = "providers.tmdb.api_url";

/// What an answer is.
mod step {
    /// A list as the newer API tells it.
    pub(super) const LIST_V4: &str = "list v4";
    /// A list as the older API tells it.
    pub(super) const LIST: &str = "list";
    /// A franchise with all its movies.
    pub(super) const COLLECTION: &str = "collection";
    /// Names of franchises.
    pub(super) const SEARCH: &str = "search";
    /// Titles of one kind or of both.
    pub(super) const TITLES: &str = "titles";
    /// The movies of a shelf whose shows are the document after it.
    pub(super) const MOVIES_THEN_SHOWS: &str = "movies, then shows";
    /// Those shows.
    pub(super) const SHOWS_AFTER: &str = "shows after movies";
    /// Whose the sign-in is.
    pub(super) const ACCOUNT: &str = "account";
}

impl Provider for Tmdb {
    fn name(&self) -> &'static str {
        "tmdb"
    }

    fn title(&self) -> &'static str {
        "TMDB"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://www.themoviedb.org/list/…",
            "https://www.themoviedb.org/collection/…",
            "https://www.themoviedb.org/movie/top-rated",
            "https://www.themoviedb.org/discover/movie?…",
            "https://www.themoviedb.org/keyword/…",
            "https://www.themoviedb.org/u/…/watchlist",
            "James Bond Collection",
            "collection:James Bond",
            "tmdb:710",
            "tmdb:trending:movie:week",
            "tmdb:popular:tv",
            "tmdb:watchlist",
            "tmdb:favorites",
        ]
    }

    fn needs_browser(&self) -> bool {
        true
    }

    fn has_sign_in(&self) -> bool {
        true
    }

    /// About 40 requests a second are allowed to each address; a page of the site takes longer anyway.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 5.0,
            burst: 5,
            at_once: 2,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later. If no API key is set (`providers.tmdb.key`, TMDB_KEY), set one: lists are then read without a browser, which TMDB turns away more often."
    }

    fn notice(&self) -> Option<&'static str> {
        Some(
            "TMDB is asked by its API when `providers.tmdb.key` (TMDB_KEY) is set. Without such a key only lists and collections are, by the browser, which is slower and stops working when TMDB changes its pages.",
        )
    }

    /// Movies and shows of a shelf have 500 pages each, and some requests come before them.
    fn extent(&self) -> Extent {
        Extent {
            pages: 2 * page::LAST + 4,
            ..Extent::default()
        }
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
        let asked = parsed(list)?;
        let access = Access::of(list)?;
        if let Some(path) = asked.page().filter(|_| !access.is_any()) {
            return Ok(vec![browser::way(sites, &path)?]);
        }
        if !access.is_any() && !matches!(asked, TmdbList::Shelf(_)) {
            return Err(access::no_key(&format!(" for {}", list.id)));
        }
        let api = |path: &str| url_of(&sites.tmdb.api_url, path, API_URL);
        let way = |name, first| Way { name, first };
        match &asked {
            TmdbList::List(id) => lists(&access, id, api),
            TmdbList::Shelf(of) => Ok(vec![way("API", shelf::first(of, &access, api)?)]),
            TmdbList::Collection(id) => {
                let url = api(&format!("3/collection/{id}"))?;
                let first = Request {
                    is_whole_list: true,
                    ..access.ask(url, step::COLLECTION, &[])?
                };
                Ok(vec![way("API", first)])
            }
            TmdbList::Franchise(name) => {
                let url = api("3/search/collection")?;
                let first = access.ask(url, step::SEARCH, &[("query", name)])?;
                Ok(vec![way("API", first)])
            }
            TmdbList::Chart { .. } | TmdbList::Trending { .. } | TmdbList::Discover { .. } => {
                let mut url = api(&format!("3/{}", asked.path()))?;
                url.set_query(asked.query());
                let first = access.ask(url, step::TITLES, &[("page", "1")])?;
                Ok(vec![way("API", first)])
            }
        }
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let asked = parsed(list)?;
        match (request.step, &asked) {
            (browser::STEP, _) => browser::parse(answer),
            (step::LIST_V4, TmdbList::List(id)) => {
                let access = Access::of(list)?;
                if refusal::may_be_other_in_older_api(answer, access.has_account_token()) {
                    page::older(id, &access, request, answer)
                } else {
                    page::parse(&asked, list.limit, request, answer)
                }
            }
            (step::SEARCH, TmdbList::Franchise(name)) => franchise::parse(name, request, answer),
            (step::ACCOUNT, TmdbList::Shelf(of)) => shelf::of_account(of, list, request, answer),
            _ => page::parse(&asked, list.limit, request, answer),
        }
    }
}

fn recognized(list: &TmdbList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<TmdbList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

/// The newer API first, which alone shows private lists to their owner. It wants a token and has no
/// names of 24 signs, which lists had before they had numbers.
fn lists(
    access: &Access,
    id: &str,
    api: impl Fn(&str) -> Result<Url, ProviderError>,
) -> Result<Vec<Way>, ProviderError> {
    let first_page = &[("page", "1")];
    let older = access.ask(api(&format!("3/list/{id}"))?, step::LIST, first_page)?;
    let url = api(&format!("4/list/{id}"))?;
    let newer = access
        .bearing(url, step::LIST_V4, first_page)
        .filter(|_| address::is_number(id));
    let older_name = if newer.is_some() { "API v3" } else { "API" };
    let newer = newer.map(|first| Way { name: "API", first });
    let older = Way {
        name: older_name,
        first: older,
    };
    Ok(newer.into_iter().chain([older]).collect())
}

/// `movie` or `tv`, as TMDB says everywhere but on shelves.
fn kind(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movie",
        MediaType::Tv => "tv",
    }
}

fn sign_in(reason: String) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsSignIn,
        reason,
        "Sign in with `listsync providers sign-in tmdb`.",
    )
}
