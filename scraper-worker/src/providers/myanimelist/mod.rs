//! MyAnimeList: what a user follows, all of it or one status of it.
//!
//! Lists: `myanimelist.net/animelist/{user}`, with `?status=6` for one status,
//! `myanimelist.net/profile/{user}`; `user`, `user/plan_to_watch`. With a client id the API is asked
//! (1000 entries a page); without, or when that fails, what the site's own list page loads
//! (`load.json`, 300 at a time). No signing in, no browser: lists must be public. How many entries
//! there are is not told. Entries have MyAnimeList's id and mostly a year; other ids come from the map
//! of anime ids.
//! Source: <https://myanimelist.net/apiconfig/references/api/v2> and public readers of `load.json` up
//! to 2026-10; not checked against the live site.

mod address;
mod page;
#[cfg(test)]
mod tests;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{models::Cause, wire::scraper::Entry};
use url::Url;

use self::address::{ALL, MalList};
use super::anime_map;
use crate::provider::{
    Answer, ListToRead, MapToRead, Page, Politeness, Provider, ProviderError, Recognized, Request,
    SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct MyAnimeList;

/// What the API is to tell beside id and title.
const FIELDS: &str = "list_status,alternative_titles,media_type,start_season,start_date";

impl Provider for MyAnimeList {
    fn name(&self) -> &'static str {
        "myanimelist"
    }

    fn title(&self) -> &'static str {
        "MyAnimeList"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://myanimelist.net/animelist/…",
            "https://myanimelist.net/animelist/…?status=6",
            "https://myanimelist.net/profile/…",
            "myanimelist:user",
            "myanimelist:user/plan_to_watch",
        ]
    }

    /// The site tells no number; this is a guess at what a patient person does.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.5,
            burst: 3,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Set a client id as `providers.myanimelist.client_id` (MYANIMELIST_CLIENT_ID), made at https://myanimelist.net/apiconfig, so that the API is asked instead."
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
        let mut ways = Vec::new();
        if let Some(key) = key(list)? {
            let first = Request::get(api_url(&asked, sites)?, page::API)
                .header("accept", HeaderValue::from_static("application/json"))
                .header("x-mal-client-id", key);
            ways.push(Way { name: "API", first });
        }
        let first = Request::get(page_url(&asked, sites)?, page::ROWS)
            .header("accept", HeaderValue::from_static("application/json"));
        ways.push(Way {
            name: "page",
            first,
        });
        Ok(ways)
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        page::parse(&parsed(list)?, request, answer)
    }
}

fn recognized(list: &MalList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<MalList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

fn api_url(list: &MalList, sites: &ProvidersSettings) -> Result<Url, ProviderError> {
    let path = format!("v2/users/{}/animelist", list.user);
    let mut url = url_of(
        &sites.myanimelist.api_url,
        &path,
        "providers.myanimelist.api_url",
    )?;
    url.query_pairs_mut()
        .append_pair("fields", FIELDS)
        .append_pair("limit", &page::API_SIZE.to_string())
        .append_pair("nsfw", "true");
    if let Some(status) = list.status {
        url.query_pairs_mut().append_pair("status", status.word);
    }
    Ok(url)
}

fn page_url(list: &MalList, sites: &ProvidersSettings) -> Result<Url, ProviderError> {
    let number = list.status.map_or(ALL, |status| status.number);
    let path = format!("animelist/{}/load.json", list.user);
    let mut url = url_of(&sites.myanimelist.url, &path, "providers.myanimelist.url")?;
    url.query_pairs_mut()
        .append_pair("status", &number.to_string())
        .append_pair("offset", "0");
    Ok(url)
}

/// The client id, which no log may show.
fn key(list: &ListToRead) -> Result<Option<HeaderValue>, ProviderError> {
    let key = list
        .credential
        .as_ref()
        .and_then(|it| it.key.as_deref())
        .map(str::trim)
        .filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Ok(None);
    };
    let mut value = HeaderValue::from_str(key).map_err(|error| {
        ProviderError::refused(
            Cause::NeedsKey,
            format!("the client id of MyAnimeList cannot be sent: {error}"),
            "Copy `providers.myanimelist.client_id` (MYANIMELIST_CLIENT_ID) again from https://myanimelist.net/apiconfig.",
        )
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}
