//! `MDBList`: lists of users, lists of other sites kept there, the watchlist of the key's owner.
//!
//! Lists: `mdblist.com/lists/{user}/{list}`, with `/json` after it or not, `…/external/{number}`,
//! `mdblist.com/?list={number}`, `mdblist.com/watchlist`; `user/list`, numbers. Public lists are read
//! without a key; a key reads private ones too, and tells how many entries there are. 1000 entries a
//! page. Entries have a TMDB, an IMDb and a TVDB id, any of which may be missing, a title and mostly a
//! year. A free key is good for 1000 requests a day.
//! Facts from the site's description of its API (2026-01) and public code up to 2026-08; not checked
//! against the live site.

mod address;
mod page;
mod refusal;
#[cfg(test)]
mod tests;
mod title;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::models::Cause;

use self::address::MdbList;
use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, SecretPart,
    Way, address as url_of,
};

/// See the file's header.
pub(super) struct MdbLists;

/// Requests a day of a free key; supporters have more.
const PER_DAY: u32 = 1000;

impl Provider for MdbLists {
    fn name(&self) -> &'static str {
        "mdblist"
    }

    fn title(&self) -> &'static str {
        "MDBList"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://mdblist.com/lists/…/…",
            "https://mdblist.com/lists/…/…/json",
            "https://mdblist.com/lists/…/external/0000",
            "https://mdblist.com/?list=0000",
            "https://mdblist.com/watchlist",
            "mdblist:user/list",
            "mdblist:watchlist",
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 1.0,
            burst: 3,
            at_once: 1,
            per_day: None,
        }
    }

    /// Only what is asked with a key is counted.
    fn politeness_of(&self, request: &Request) -> Politeness {
        Politeness {
            per_day: (!request.secrets.is_empty()).then_some(PER_DAY),
            ..self.politeness()
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Check that the list is public, or get a free key at https://mdblist.com/preferences/ and set `providers.mdblist.key` (MDBLIST_KEY)."
    }

    fn notice(&self) -> Option<&'static str> {
        Some(
            "Public lists are read without a key. With a free key from https://mdblist.com/preferences/ (MDBLIST_KEY) your private lists and your watchlist are read too, and the number of entries is checked; it is good for 1000 requests a day.",
        )
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
        if let Some(key) = key(list) {
            let first = with_key(&asked, list.limit, key, sites)?;
            ways.push(Way { name: "API", first });
        }
        if let Some(path) = asked.public_path() {
            let url = url_of(&sites.mdblist.url, &path, "providers.mdblist.url")?;
            let first = Request {
                // A list of one page, as most are, is asked for conditionally.
                is_whole_list: true,
                ..page::first(document(url, page::ITEMS), list.limit)
            };
            ways.push(Way {
                name: "JSON",
                first,
            });
        }
        if ways.is_empty() {
            return Err(needs_key(&asked));
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
        if let Some(error) = refusal::of(&asked, request, answer) {
            return Err(error);
        }
        match request.step {
            page::DESCRIPTION => page::description(&asked, list.limit, request, answer),
            _ => page::items(request, answer),
        }
    }
}

fn recognized(list: &MdbList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<MdbList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

fn key(list: &ListToRead) -> Option<&str> {
    let key = list.credential.as_ref()?.key.as_deref()?.trim();
    (!key.is_empty()).then_some(key)
}

fn document(url: url::Url, step: &'static str) -> Request {
    Request::get(url, step).header("accept", HeaderValue::from_static("application/json"))
}

/// The first request to the API: what the list is, where that is told, else its entries.
fn with_key(
    list: &MdbList,
    limit: Option<u32>,
    key: &str,
    sites: &ProvidersSettings,
) -> Result<Request, ProviderError> {
    let url = |path: &str| url_of(&sites.mdblist.api_url, path, "providers.mdblist.api_url");
    let request = match list.description_path() {
        Some(path) => document(url(&path)?, page::DESCRIPTION),
        None => page::first(document(url(&list.items_path())?, page::ITEMS), limit),
    };
    Ok(request.secret(SecretPart::Query("apikey", key.into())))
}

fn needs_key(list: &MdbList) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        format!("MDBList needs an API key for {}", list.id()),
        "Get one at https://mdblist.com/preferences/ and set `providers.mdblist.key` (MDBLIST_KEY), or give a public list by its address with user and name.",
    )
}
