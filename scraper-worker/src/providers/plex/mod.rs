//! Plex: the watchlist of an account, by its token or by the address of its RSS feed.
//!
//! Lists: `watch.plex.tv/watchlist`, `app.plex.tv/desktop/#!/…watchlist`, `rss.plex.tv/{feed}`;
//! `watchlist`, `watchlist/movies`, `rss/{feed}`. By token 100 entries a page, with the number of all;
//! a title's ids come with it or are asked for once. The feed comes in pages without a number. No
//! browser, no signing in here: people copy the token. It goes in a header and is in no address.
//! Entries have IMDb, TMDB and TVDB ids, any of which may be missing, and mostly a year.
//! Facts from public projects that read both (`nylonee/watchlistarr`, `jamcalli/Pulsarr`,
//! `pushingkarmaorg/python-plexapi`, up to 2026); not checked against the live site.

mod address;
mod feed;
#[cfg(test)]
mod tests;
mod title;
mod watchlist;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::wire::scraper::Entry;

use self::address::PlexList;
use crate::provider::{
    Answer, Detail, Ids, ListToRead, Page, Politeness, Provider, ProviderError, Recognized,
    Request, SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct Plex;

impl Provider for Plex {
    fn name(&self) -> &'static str {
        "plex"
    }

    fn title(&self) -> &'static str {
        "Plex"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://watch.plex.tv/watchlist",
            "https://rss.plex.tv/…",
            "plex:watchlist",
            "plex:watchlist/movies",
            "plex:watchlist/shows",
        ]
    }

    /// Plex tells no numbers; it answers 429 to those who ask in a rush. A guess.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 2.0,
            burst: 4,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later; Plex may be refusing the address you connect from."
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        address::parse(input).map(|list| recognized(&list))
    }

    fn recognize_own(&self, input: &str) -> Option<Recognized> {
        address::parse_own(input).map(|list| recognized(&list))
    }

    fn detail_of(
        &self,
        entry: &Entry,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        let has_id = entry.imdb_id.is_some() || entry.tmdb_id.is_some() || entry.tvdb_id.is_some();
        let key = entry.source_id.as_deref();
        let key = key.and_then(|key| key.strip_prefix("plex:"));
        let (Some(key), false) = (key, has_id) else {
            return Ok(None);
        };
        let request = api(
            list,
            sites,
            &format!("library/metadata/{key}"),
            watchlist::TITLE,
        )?;
        let key = SourceKey {
            source: "plex",
            key: key.to_owned(),
        };
        Ok(Some(Detail { key, request }))
    }

    fn parse_detail(&self, _: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        watchlist::ids(answer)
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        match parsed(list)? {
            PlexList::Own { only } => {
                let path = "library/sections/watchlist/all";
                let first = api(list, sites, path, watchlist::WATCHLIST)?;
                Ok(vec![Way {
                    name: "API",
                    first: watchlist::first(first, only),
                }])
            }
            PlexList::Feed(path) => {
                let rss = url_of(&sites.plex.rss_url, &path, "providers.plex.rss_url")?;
                let mut json = rss.clone();
                json.query_pairs_mut().append_pair("format", "json");
                let way = |name, url, step, accept| Way {
                    name,
                    first: Request {
                        is_whole_list: true,
                        ..Request::get(url, step)
                    }
                    .header("accept", HeaderValue::from_static(accept)),
                };
                Ok(vec![
                    way("JSON", json, feed::JSON, "application/json"),
                    way(
                        "RSS",
                        rss,
                        feed::RSS,
                        "application/rss+xml, application/xml",
                    ),
                ])
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
        match asked {
            PlexList::Own { .. } => watchlist::parse(&asked, request, answer),
            PlexList::Feed(_) => feed::parse(&asked, request, answer),
        }
    }
}

fn recognized(list: &PlexList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<PlexList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

/// Asks the API in the account's name, and says who asks.
fn api(
    list: &ListToRead,
    sites: &ProvidersSettings,
    path: &str,
    step: &'static str,
) -> Result<Request, ProviderError> {
    let token = list
        .credential
        .as_ref()
        .and_then(|it| it.token.as_deref())
        .map(str::trim)
        .filter(|token| !token.is_empty())
        .ok_or_else(watchlist::needs_token)?;
    let Ok(mut token) = HeaderValue::from_str(token) else {
        return Err(watchlist::token_failed(&list.id));
    };
    token.set_sensitive(true);
    let url = url_of(&sites.plex.url, path, "providers.plex.url")?;
    Ok(Request::get(url, step)
        .header("accept", HeaderValue::from_static("application/json"))
        .header("x-plex-token", token)
        .header("x-plex-product", HeaderValue::from_static("ListSync"))
        .header(
            "x-plex-version",
            HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
        )
        .header(
            "x-plex-client-identifier",
            HeaderValue::from_static("listsync"),
        ))
}
