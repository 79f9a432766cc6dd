//! `TheTVDB`: lists, and the favourites of the account whose PIN is set.
//!
//! Lists: `thetvdb.com/lists/{name or number}`, `thetvdb.com/user/favorites`,
//! `thetvdb.com/user/{number}/favorites`; names and numbers of lists. With a key the API is asked:
//! a list is one answer of bare numbers, and the record of each title tells its name, year and ids.
//! Without one the list's page is read, which has names and mostly years, and then the page of each
//! title for its ids. Either is asked for once for each title. The way is chosen by the key alone: what
//! the two call a title is not the same, and a list must not change its entries from day to day.
//! Facts from the API's description (version 4), public code up to 2026-08 and reports of its users;
//! not checked against the live site.

mod address;
mod api;
mod page;
#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{models::Cause, wire::scraper::Entry};

use self::address::TvdbList;
use crate::provider::{
    Answer, Detail, Extent, Ids, ListToRead, Named, Page, Politeness, Provider, ProviderError,
    Recognized, Request, SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct Tvdb;

/// What our names of its titles begin with.
const PREFIX: &str = "tvdb:";

impl Provider for Tvdb {
    fn name(&self) -> &'static str {
        "tvdb"
    }

    fn title(&self) -> &'static str {
        "TheTVDB"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://thetvdb.com/lists/…",
            "https://thetvdb.com/user/favorites",
            "https://thetvdb.com/user/0000/favorites",
            "tvdb:lists/…",
            "tvdb:favorites",
        ]
    }

    /// Of the pages: two seconds lie between two of them.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.475,
            burst: 1,
            at_once: 1,
            per_day: None,
        }
    }

    /// The API is made for programs. No rate is published; a guess.
    fn politeness_of(&self, request: &Request) -> Politeness {
        match request.step {
            page::LIST | page::TITLE => self.politeness(),
            _ => Politeness {
                per_second: 4.0,
                burst: 8,
                at_once: 2,
                per_day: None,
            },
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later, or get a key at https://thetvdb.com/dashboard/account/apikey and set it as `providers.tvdb.key` (TVDB_KEY)."
    }

    fn notice(&self) -> Option<&'static str> {
        Some(
            "Without a key the list's page is read, and once the page of each title, one in two seconds. With a key of TheTVDB (TVDB_KEY, and TVDB_PIN where it wants one) its API is asked, which is quicker and lasts. Setting the key later makes each entry count as new once.",
        )
    }

    fn extent(&self) -> Extent {
        Extent {
            pages: 10,
            time: Duration::from_hours(2),
        }
    }

    fn detail(
        &self,
        entry: &Entry,
        sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        let Some(name) = entry
            .source_id
            .as_deref()
            .and_then(|id| id.strip_prefix(PREFIX))
        else {
            return Ok(None);
        };
        let request = match api::record_path(name) {
            Some(path) => {
                let url = url_of(&sites.tvdb.api_url, &path, "providers.tvdb.api_url")?;
                Request::get(url, api::RECORD)
                    .header("accept", HeaderValue::from_static("application/json"))
            }
            None => document(
                url_of(&sites.tvdb.url, name, "providers.tvdb.url")?,
                page::TITLE,
            ),
        };
        Ok(Some(Detail {
            key: SourceKey {
                source: "tvdb_title",
                key: name.to_owned(),
            },
            request,
        }))
    }

    fn signed(&self, detail: Detail, asked: &Request) -> Detail {
        match api::bearer(asked) {
            Some(bearer) if detail.request.step == api::RECORD => Detail {
                request: api::with_bearer(detail.request, bearer.clone()),
                ..detail
            },
            _ => detail,
        }
    }

    fn parse_detail(&self, request: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        match request.step {
            api::RECORD => api::ids(request, answer),
            _ => page::title(request.url.path(), answer),
        }
    }

    fn parse_detail_name(&self, request: &Request, answer: &Answer) -> Option<Named> {
        (request.step == api::RECORD).then(|| api::named(answer))?
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
        let way = match (&asked, key(list)) {
            (TvdbList::OwnFavorites, None) => return Err(needs_pin()),
            (TvdbList::OwnFavorites, Some(_)) if pin(list).is_none() => return Err(needs_pin()),
            // Whose they are is told by the PIN; nobody else's are given out.
            (TvdbList::FavoritesOf(_), _) | (TvdbList::List(_), None) => {
                let url = url_of(&sites.tvdb.url, &asked.path(), "providers.tvdb.url")?;
                Way {
                    name: "page",
                    first: Request {
                        is_whole_list: true,
                        ..document(url, page::LIST)
                    },
                }
            }
            (_, Some(key)) => {
                let url = url_of(&sites.tvdb.api_url, "v4/login", "providers.tvdb.api_url")?;
                Way {
                    name: "API",
                    first: api::login(url, key, pin(list), 1),
                }
            }
        };
        Ok(vec![way])
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let asked = parsed(list)?;
        match request.step {
            page::LIST => page::list(&asked, answer),
            _ => api::parse(&asked, list, request, answer),
        }
    }
}

fn document(url: url::Url, step: &'static str) -> Request {
    Request::get(url, step)
        .header("accept", HeaderValue::from_static("text/html"))
        .header("accept-language", HeaderValue::from_static("en"))
}

fn recognized(list: &TvdbList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<TvdbList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

fn key(list: &ListToRead) -> Option<&str> {
    let key = list.credential.as_ref()?.key.as_deref()?.trim();
    (!key.is_empty()).then_some(key)
}

/// The PIN of a subscriber, which comes as the token that goes with the key.
fn pin(list: &ListToRead) -> Option<&str> {
    let pin = list.credential.as_ref()?.token.as_deref()?.trim();
    (!pin.is_empty()).then_some(pin)
}

fn needs_pin() -> ProviderError {
    ProviderError::refused(
        Cause::NeedsKey,
        "TheTVDB needs an API key and your PIN for your favorites",
        "Get a key at https://thetvdb.com/dashboard/account/apikey and set `providers.tvdb.key` (TVDB_KEY) and `providers.tvdb.pin` (TVDB_PIN).",
    )
}
