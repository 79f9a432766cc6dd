//! Simkl: charts by its files or its API, what an account marked, and lists that somebody made.
//!
//! Lists: `simkl.com/{movies,tv,anime}/best-…/most-watched/`, `data.simkl.in/discover/…`,
//! `simkl.com/{user}/list/{number}`, `simkl.com/{user}/{movies,tv,anime}/{status}`; `trending:movies`,
//! `trending:tv:week:500`, `dvd`, `best:anime:voted`, `plantowatch/movies`, a number. A chart's file
//! needs nothing and is the whole chart, of today and of 100 titles when nothing else is said; the API
//! gives the first 50. The best need a client id; what an account marked needs its token too, and is
//! only ever the account's own. Lists that somebody made come in pages of 50, mostly to paying members
//! only. Entries have IMDb, TMDB and TVDB ids, as numbers or text, any of which may be missing; those
//! of charts by the API have none, so each such title is asked for once. No browser.
//! Facts from the API's documents (`SIMKL/API`, 2026-03; <https://api.simkl.org>, 2026-09), from
//! captures up to 2026-07 and, for the files, from public projects that read them in 2026; not checked
//! against the live site.

mod address;
mod page;
mod refusal;
#[cfg(test)]
mod tests;
mod title;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::{
    models::Cause,
    wire::scraper::{Credential, Entry},
};
use url::Url;

use self::{
    address::{Kind, SimklList},
    refusal::{APPS, SIGN_IN},
};
use super::loose::text;
use crate::provider::{
    Answer, Detail, Ids, ListToRead, Page, Politeness, Provider, ProviderError, Recognized,
    Request, SecretPart, SourceKey, Way, address as url_of,
};

/// See the file's header.
pub(super) struct Simkl;

impl Provider for Simkl {
    fn name(&self) -> &'static str {
        "simkl"
    }

    fn title(&self) -> &'static str {
        "Simkl"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://simkl.com/movies/best-movies/most-watched/",
            "https://simkl.com/tv/best-shows/most-watched/?wltime=week",
            "https://simkl.com/5/list/00000",
            "https://simkl.com/0000/movies/plan-to-watch/",
            "https://data.simkl.in/discover/trending/anime/month_500.json",
            "simkl:trending:movies",
            "simkl:trending:tv:week:500",
            "simkl:dvd",
            "simkl:best:tv:voted",
            "simkl:plantowatch",
            "simkl:plantowatch/movies",
            "simkl:watching/anime",
        ]
    }

    fn has_sign_in(&self) -> bool {
        true
    }

    /// About 1000 requests a day are allowed to each client id.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 2.0,
            burst: 4,
            at_once: 1,
            per_day: Some(1000),
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later; Simkl's network may be refusing the address you connect from. An export from Simkl can be followed as a file meanwhile."
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
        let shown = Shown::of(list);
        let (Some(title), Some(_)) = (title_of(entry), shown.key) else {
            return Ok(None); // it is looked for by title and year
        };
        if has_id {
            return Ok(None);
        }
        let mut request = shown.api(sites, title, TITLE)?;
        request
            .url
            .query_pairs_mut()
            .append_pair("extended", "full");
        let key = SourceKey {
            source: "simkl",
            key: title.to_owned(),
        };
        Ok(Some(Detail { key, request }))
    }

    fn parse_detail(&self, _: &Request, answer: &Answer) -> Result<Ids, ProviderError> {
        let list = SimklList::Made("a title".into());
        refusal::check(&list, answer)?;
        let body = answer.json()?;
        let ids = body
            .get("ids")
            .filter(|ids| ids.is_object())
            .ok_or_else(|| ProviderError::changed("no `ids` of a title"))?;
        let ids = title::Ids::of(ids);
        let kind = text(body.get("type")).and_then(|kind| Kind::find(&kind));
        let anime_type = text(body.get("anime_type"));
        Ok(Ids {
            media_type: title::media_type(kind, anime_type.as_deref(), None),
            imdb_id: ids.imdb,
            tmdb_id: ids.tmdb,
            tvdb_id: ids.tvdb,
            season: (kind == Some(Kind::Anime) && anime_type.as_deref() != Some("movie"))
                .then(|| title::season(&body))
                .flatten(),
        })
    }

    fn ways(
        &self,
        list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Vec<Way>, ProviderError> {
        let asked = parsed(list)?;
        let shown = Shown::of(list);
        let api = |first| Way { name: "API", first };
        match &asked {
            SimklList::Trending { kind, period, .. } => {
                let mut ways = vec![file(&asked, &shown, sites)?];
                // The API has no chart of all kinds at once.
                if let (Some(kind), Some(_)) = (kind, shown.key) {
                    let path = format!("{}/trending/{period}", kind.path());
                    ways.push(api(shown.api(sites, &path, page::CHART)?));
                }
                Ok(ways)
            }
            SimklList::Discs { .. } => Ok(vec![file(&asked, &shown, sites)?]),
            SimklList::Best { kind, by } => {
                shown.needs_key(&asked)?;
                let path = format!("{}/best/{by}", kind.path());
                Ok(vec![api(shown.api(sites, &path, page::BEST)?)])
            }
            SimklList::Marked { user, status, .. } => {
                shown.needs_key(&asked)?;
                shown.needs_token(&asked)?;
                let first = if user.is_some() {
                    shown.api(sites, "users/settings", page::ACCOUNT)?
                } else {
                    let kind = page::first_kind(&asked);
                    let (path, extended) = page::path(status, kind);
                    let mut first = shown.api(sites, &path, kind.plural())?;
                    first
                        .url
                        .query_pairs_mut()
                        .append_pair("extended", extended);
                    first
                };
                Ok(vec![api(first)])
            }
            SimklList::Made(number) => {
                shown.needs_key(&asked)?;
                let first = shown.api(sites, &format!("lists/{number}"), page::ITEMS)?;
                Ok(vec![api(page::numbered(&first, 1))])
            }
        }
    }

    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        page::parse(&parsed(list)?, list, request, answer)
    }
}

/// The step of a title's own page.
const TITLE: &str = "title";

fn recognized(list: &SimklList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<SimklList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

/// `movies/54114` of an entry whose page on Simkl is known.
fn title_of(entry: &Entry) -> Option<&str> {
    let title = entry.source_id.as_deref()?.strip_prefix("simkl:")?;
    let (kind, number) = title.split_once('/')?;
    (Kind::find(kind).is_some() && !number.is_empty()).then_some(title)
}

/// The way by a chart's file.
fn file(
    list: &SimklList,
    shown: &Shown<'_>,
    sites: &ProvidersSettings,
) -> Result<Way, ProviderError> {
    let mut url = url_of(
        &sites.simkl.data_url,
        &list.file(),
        "providers.simkl.data_url",
    )?;
    name_ourselves(&mut url);
    let mut first = Request {
        is_whole_list: true,
        ..Request::get(url, page::FILE)
    }
    .header("accept", HeaderValue::from_static("application/json"));
    // Not in the address: that is kept beside the file.
    if let Some(key) = shown.key {
        first = first.header("simkl-api-key", sensitive(key)?);
    }
    Ok(Way {
        name: "file",
        first,
    })
}

/// What a reading may show to Simkl.
struct Shown<'a> {
    key: Option<&'a str>,
    token: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(list: &'a ListToRead) -> Self {
        let part = |of: fn(&Credential) -> Option<&str>| {
            let part = list.credential.as_ref().and_then(of).map(str::trim);
            part.filter(|part| !part.is_empty())
        };
        Self {
            key: part(|it| it.key.as_deref()),
            token: part(|it| it.token.as_deref()),
        }
    }

    fn needs_key(&self, list: &SimklList) -> Result<(), ProviderError> {
        self.key.map(|_| ()).ok_or_else(|| {
            ProviderError::refused(
                Cause::NeedsKey,
                format!("Simkl needs a client id for {}", list.id()),
                format!(
                    "Make an application at {APPS} and set its client id as `providers.simkl.client_id` (SIMKL_CLIENT_ID)."
                ),
            )
        })
    }

    fn needs_token(&self, list: &SimklList) -> Result<(), ProviderError> {
        self.token.map(|_| ()).ok_or_else(|| {
            ProviderError::refused(
                Cause::NeedsSignIn,
                format!("Simkl shows {} to its owner only", list.id()),
                SIGN_IN,
            )
        })
    }

    /// Asks the API, which wants to know the application in the address and in a header.
    fn api(
        &self,
        sites: &ProvidersSettings,
        path: &str,
        step: &'static str,
    ) -> Result<Request, ProviderError> {
        let mut url = url_of(&sites.simkl.url, path, "providers.simkl.url")?;
        name_ourselves(&mut url);
        let mut request =
            Request::get(url, step).header("accept", HeaderValue::from_static("application/json"));
        if let Some(key) = self.key {
            request = request
                .header("simkl-api-key", sensitive(key)?)
                .secret(SecretPart::Query("client_id", key.into()));
        }
        if let Some(token) = self.token {
            request = request.header("authorization", sensitive(&format!("Bearer {token}"))?);
        }
        Ok(request)
    }
}

/// As Simkl asks of every application.
fn name_ourselves(url: &mut Url) {
    url.query_pairs_mut()
        .append_pair("app-name", "listsync")
        .append_pair("app-version", env!("CARGO_PKG_VERSION"));
}

/// A header that no log may show.
fn sensitive(value: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(value).map_err(|error| {
        ProviderError::refused(
            Cause::NeedsKey,
            format!("the client id or token of Simkl cannot be sent: {error}"),
            format!(
                "Copy `providers.simkl.client_id` (SIMKL_CLIENT_ID) again from {APPS}, or sign in again with `listsync providers sign-in simkl`."
            ),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}
