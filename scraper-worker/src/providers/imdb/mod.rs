//! IMDb: lists, watchlists, charts and title searches.
//!
//! Lists: `imdb.com/list/ls…`, `imdb.com/user/ur…/watchlist`, `imdb.com/user/p.…`, `imdb.com/chart/…`,
//! `imdb.com/search/title/?…`; bare ids and chart names. 250 titles a page; no key, no browser.
//! First way: `GraphQL`, posted without signing in, with a query of our own. Second way: the page and the
//! data in it (`__NEXT_DATA__`), which a robot check often guards. The box office is read by `GraphQL`
//! only, a search by its page only. Every title has an IMDb id and nearly every one a year.
//! Who we are is said in `User-Agent` and `x-imdb-client-name`; neither copies a browser or their site.
//! Terms: IMDb's answers are for limited, non-commercial use.
//! Facts from public code of 2026-07 and captures up to 2026-01; not checked against the live site.

mod address;
mod graphql;
mod page;
mod title;

use runtime::settings::{ImdbSettings, ProvidersSettings};

use self::address::ImdbList;
pub(super) use self::title::{Unwanted, media_type};
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
            "https://www.imdb.com/list/…",
            "https://www.imdb.com/user/…/watchlist",
            "https://www.imdb.com/chart/…",
            "https://www.imdb.com/search/title/?…",
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
            let first = graphql::first(&asked, list.known.as_deref(), url);
            ways.extend(first.map(|first| Way { name, first }));
        }
        if let Some(path) = page::path(&asked) {
            let url = url_of(&sites.imdb.url, &path, "providers.imdb.url")?;
            ways.push(Way {
                name: "page",
                first: page::request(url, 1),
            });
        }
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
            _ => graphql::parse(&asked, request, answer),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remedy_offers_the_export_file() {
        let remedy = |error: ProviderError| match error {
            ProviderError::Refused { remedy, .. } => remedy,
            other => panic!("{other:?}"),
        };
        let list = address::parse("ur0001").unwrap();
        for remedy in [
            remedy(private("the list")),
            remedy(no_watchlist(&list)),
            Imdb.remedy_when_blocked().to_owned(),
        ] {
            assert!(
                remedy.contains("export it") && remedy.contains("`listsync lists add`"),
                "{remedy}"
            );
        }
    }
}
