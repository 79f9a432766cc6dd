//! IMDb: lists, watchlists, charts and title searches.
//!
//! Lists: `imdb.com/list/ls…`, `imdb.com/user/ur…/watchlist`, `imdb.com/user/p.…`, `imdb.com/chart/…`,
//! `imdb.com/search/title/?…`, `imdb.com/calendar/`; bare ids and chart names. 250 titles a page; no
//! key, no browser. First way: `GraphQL`, posted without signing in, with a query of our own, at either of
//! two addresses. Second way: the page and the data in it (`__NEXT_DATA__`), which a robot check often
//! guards. The calendar, and searches for what `GraphQL` may not know, are read by their pages only. Every
//! title has an IMDb id and nearly every one a year. Of a search as many titles are read as are wanted, and
//! where nobody says how many, a thousand: a longer one is then read in part, and says so.
//! Who we are is said in `User-Agent` and `x-imdb-client-name`; neither copies a browser or their site.
//! Terms: IMDb's answers are for limited, non-commercial use.
//! Facts from public code of 2026-07 and captures up to 2026-01; not checked against the live site.

mod address;
mod graphql;
mod page;
mod search;
#[cfg(test)]
mod tests;
mod title;

use runtime::settings::{ImdbSettings, ProvidersSettings};

use self::address::ImdbList;
use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, SourceKey,
    Way, address as url_of,
};
use schema::models::Cause;

/// See the file's header.
pub(super) struct Imdb;

/// The two addresses of IMDb's `GraphQL`; the second is asked only where the settings name the first.
const GRAPHQL: &str = "https://api.graphql.imdb.com";
const CACHING_GRAPHQL: &str = "https://caching.graphql.imdb.com";

impl Provider for Imdb {
    fn name(&self) -> &'static str {
        "imdb"
    }

    fn title(&self) -> &'static str {
        "IMDb"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "ls000000000",
            "ur00000000",
            "p.xxxxxxxx",
            "top",
            "toptv",
            "moviemeter",
            "tvmeter",
            "boxoffice",
            "bottom",
            "top-english",
            "top-indian",
            "calendar",
            "https://www.imdb.com/list/…",
            "https://www.imdb.com/user/…/watchlist",
            "https://www.imdb.com/chart/…",
            "https://www.imdb.com/search/title/?…",
            "https://www.imdb.com/calendar/",
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 2.0,
            burst: 5,
            at_once: 2,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later. Or open the list in a browser, export it there, and give the file to \
         `listsync lists add`."
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        let list = address::parse(input)?;
        Some(Recognized {
            list_id: list.id(),
            list_url: list.url(),
            name: list.name(),
        })
    }

    fn wants_known(&self, list_id: &str) -> Option<SourceKey> {
        match address::parse(list_id)? {
            ImdbList::Profile(profile) => Some(graphql::profile_key(profile)),
            _ => None,
        }
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        let asked = parsed(list)?;
        let mut ways = Vec::new();
        for (name, base) in graphql_hosts(&sites.imdb) {
            let url = url_of(base, "", "providers.imdb.graphql_url")?;
            let first = graphql::first(&asked, list.known.as_deref(), list.limit, url);
            ways.extend(first.map(|first| Way { name, first }));
        }
        let url = url_of(&sites.imdb.url, &page::path(&asked), "providers.imdb.url")?;
        ways.push(Way {
            name: "page",
            first: page::request(url, 1),
        });
        Ok(ways)
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let asked = parsed(list)?;
        match request.step {
            page::STEP => page::parse(&asked, request, answer),
            _ => graphql::parse(&asked, list.limit, request, answer),
        }
    }
}

fn graphql_hosts(settings: &ImdbSettings) -> Vec<(&'static str, &str)> {
    let configured = settings.graphql_url.trim_end_matches('/');
    let mut hosts = vec![("GraphQL", configured)];
    if configured == GRAPHQL {
        hosts.push(("GraphQL (caching)", CACHING_GRAPHQL));
    }
    hosts
}

fn parsed(list: &ListToRead) -> Result<ImdbList, ProviderError> {
    address::parse(&list.id).ok_or(ProviderError::NotFound)
}

/// What a person is told about a list that IMDb shows to its owner only.
fn private(what: &str) -> ProviderError {
    ProviderError::Refused {
        cause: Cause::Private,
        reason: format!("IMDb keeps {what} private"),
        remedy: "Make it public in its settings on IMDb, or export it there and give the file to \
                 `listsync lists add`."
            .into(),
    }
}

/// What a person is told about a user without a watchlist that we may see.
fn no_watchlist(list: &ImdbList) -> ProviderError {
    ProviderError::Refused {
        cause: Cause::Private,
        reason: format!(
            "IMDb shows no watchlist of {}: there is no such user, or it is private",
            list.id()
        ),
        remedy:
            "Check the address in a browser, and make the watchlist public on IMDb, or export it \
                 there and give the file to `listsync lists add`."
                .into(),
    }
}
