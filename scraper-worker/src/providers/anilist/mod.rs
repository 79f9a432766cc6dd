//! AniList: what a user follows, by status or custom list, and the site's charts, by its GraphQL.
//!
//! Lists: `anilist.co/user/{name}`, `…/animelist`, `…/animelist/{status or custom list}`; `name`,
//! `name/planning`; charts `anilist.co/search/anime/{trending,popular,top-100,this-season,next-season}`
//! and a season of a year. Without a status all of them are read; of a chart the first hundred, or as
//! many as are wanted. No key, no browser; profiles that are private are not shown. 500 entries a
//! chunk, 50 a page; how many there are is not told, whether more follow is. Entries have AniList's id
//! and mostly a year; other ids come from the map of anime ids.
//! Source: <https://docs.anilist.co> (rate limiting, as of 2026-03: 30 requests a minute) and captures
//! of 2019 and 2024; not checked against the live site.

mod address;
mod page;
mod query;
#[cfg(test)]
mod tests;

use runtime::{Clock, settings::ProvidersSettings};
use schema::wire::scraper::Entry;

use self::address::{AnilistList, Season, Section};
use super::anime_map;
use crate::provider::{
    Answer, ListToRead, MapToRead, Page, Politeness, Provider, ProviderError, Recognized, Request,
    SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct Anilist;

impl Provider for Anilist {
    fn name(&self) -> &'static str {
        "anilist"
    }

    fn title(&self) -> &'static str {
        "AniList"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://anilist.co/user/…/animelist",
            "https://anilist.co/user/…/animelist/Planning",
            "https://anilist.co/user/…/animelist/…",
            "https://anilist.co/search/anime/trending",
            "https://anilist.co/search/anime/this-season",
            "anilist:user",
            "anilist:user/planning",
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.45,
            burst: 3,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later; AniList may be refusing the address you connect from."
    }

    fn id_map(&self, sites: &ProvidersSettings) -> Result<Option<MapToRead>, ProviderError> {
        anime_map::map(sites)
    }

    fn key_in_map(&self, entry: &Entry) -> Option<SourceKey> {
        anime_map::key(entry)
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
        let url = url_of(&sites.anilist.url, "", "providers.anilist.url")?;
        let way = |name, first: Request| Way { name, first };
        Ok(match &asked {
            AnilistList::Chart(chart) => {
                // Which season it is, is all that depends on the day.
                let this = Season::of(Clock::system().now().date());
                vec![way("GraphQL", query::chart(url, *chart, this, 1))]
            }
            AnilistList::Of { section, .. } => {
                let mut ways = vec![way("GraphQL", query::chunk(url.clone(), &asked, 1))];
                // Pages do not tell which custom list an entry is on.
                if !matches!(section, Section::Named { .. }) {
                    ways.push(way("pages", query::page(url, &asked, 1)));
                }
                ways
            }
        })
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        page::parse(&parsed(list)?, list.limit, request, answer)
    }
}

fn recognized(list: &AnilistList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<AnilistList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}
