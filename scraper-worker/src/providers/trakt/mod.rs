//! Trakt: lists, watchlists, favorites, collections and charts, by its API.
//!
//! Lists: `trakt.tv/users/{user}/lists/{list}`, `trakt.tv/lists/{number}`, `trakt.tv/lists/official/…`,
//! `trakt.tv/users/{user}/{watchlist,favorites,collection}`, `trakt.tv/{movies,shows}/{chart}`, all with
//! `app.` before them too; `user/list`, `user/watchlist`, `trending:movies`; `me` is whoever is signed
//! in. 250 entries a page; a client id, no browser. Public lists need no signing in; private ones are
//! asked for with the token of the account that is signed in, and so are all lists of people while there
//! is one: when Trakt does not accept it any more, public lists are still read without it.
//! Entries have IMDb, TMDB and TVDB ids, any of which may be missing, and nearly always a year; a season
//! is its show with the number of the season. A list is described by a document of its own, before its
//! entries. Favorites and collections are two documents, movies and shows, read one after the other. A
//! chart is a beginning of all that Trakt knows, so it is read as far as it is wanted.
//! Who owns a list plays no part: Trakt alone knows whom the owner lets see it.
//! Facts from the API's own contract (`trakt/trakt-api`, 2026-07) and captures up to 2025-12; not checked
//! against the live site.

mod address;
mod page;
#[cfg(test)]
mod tests;
mod title;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;

use self::address::{Shelf, TraktList};
use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, Way,
    address as url_of,
};
use schema::models::Cause;

/// See the file's header.
pub(super) struct Trakt;

/// The header of a token.
const TOKEN: &str = "authorization";

/// Where a client id is made and looked up.
const APPS: &str = "https://app.trakt.tv/settings/apps";

impl Provider for Trakt {
    fn name(&self) -> &'static str {
        "trakt"
    }

    fn title(&self) -> &'static str {
        "Trakt"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://trakt.tv/users/…/lists/…",
            "https://trakt.tv/users/…/watchlist",
            "https://trakt.tv/users/…/favorites",
            "https://trakt.tv/users/…/collection",
            "https://trakt.tv/lists/00000000",
            "https://trakt.tv/lists/official/…",
            "https://trakt.tv/movies/trending",
            "trending:movies",
            "popular:shows",
            "trakt:user/list",
            "trakt:user/watchlist",
            "trakt:me/watchlist",
        ]
    }

    fn needs_key(&self) -> Option<&'static str> {
        Some("providers.trakt.client_id")
    }

    fn has_sign_in(&self) -> bool {
        true
    }

    /// 1000 requests in 5 minutes are allowed to each client id.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 3.0,
            burst: 5,
            at_once: 2,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Try again later; Trakt's network may be refusing the address you connect from."
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
        let key = key(list)?;
        let (path, step) = path(&asked);
        let url = url_of(&sites.trakt.url, &path, "providers.trakt.url")?;
        let first = page::first(Request::get(url, step), &asked, list.limit)
            .header("accept", HeaderValue::from_static("application/json"))
            .header("content-type", HeaderValue::from_static("application/json"))
            .header("trakt-api-version", HeaderValue::from_static("2"))
            .header("trakt-api-key", key);
        let token = token(list).filter(|_| !matches!(asked, TraktList::Chart { .. }));
        let signed_in = token.map(|token| Way {
            name: "API",
            first: first.clone().header(TOKEN, token),
        });
        if asked.is_of_me() {
            return signed_in
                .map(|way| vec![way])
                .ok_or_else(|| needs_sign_in(&asked));
        }
        let name = if signed_in.is_some() {
            "API without signing in"
        } else {
            "API"
        };
        Ok(signed_in.into_iter().chain([Way { name, first }]).collect())
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

fn recognized(list: &TraktList) -> Recognized {
    Recognized {
        list_id: list.id(),
        list_url: list.url(),
        name: list.name(),
    }
}

fn parsed(list: &ListToRead) -> Result<TraktList, ProviderError> {
    address::parse_own(&list.id).ok_or(ProviderError::NotFound)
}

/// The client id, which no log may show.
fn key(list: &ListToRead) -> Result<HeaderValue, ProviderError> {
    let key = list
        .credential
        .as_ref()
        .and_then(|it| it.key.as_deref())
        .map(str::trim);
    let key = key
        .filter(|key| !key.is_empty())
        .ok_or_else(|| ProviderError::Refused {
            cause: Cause::NeedsKey,
            reason: "Trakt needs a client id".into(),
            remedy: format!(
                "Make an application at {APPS} and set its client id as `providers.trakt.client_id` (TRAKT_CLIENT_ID)."
            ),
        })?;
    let mut value = HeaderValue::from_str(key).map_err(|error| ProviderError::Refused {
        cause: Cause::NeedsKey,
        reason: format!("the client id of Trakt cannot be sent: {error}"),
        remedy: format!("Copy `providers.trakt.client_id` (TRAKT_CLIENT_ID) again from {APPS}."),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The token of the account that is signed in, which no log may show either. One that no header can
/// hold is none: Trakt never gave it.
fn token(list: &ListToRead) -> Option<HeaderValue> {
    let token = list.credential.as_ref()?.token.as_deref()?.trim();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    (!token.is_empty()).then_some(value).map(|mut value| {
        value.set_sensitive(true);
        value
    })
}

/// Whether the request shows the token.
fn is_signed_in(request: &Request) -> bool {
    request.headers.iter().any(|(name, _)| *name == TOKEN)
}

fn needs_sign_in(list: &TraktList) -> ProviderError {
    ProviderError::refused(
        Cause::NeedsSignIn,
        format!(
            "{} is of whoever is signed in to Trakt, and nobody is",
            list.id()
        ),
        "Sign in with `listsync providers sign-in trakt`.",
    )
}

/// Path of its first document, and what that holds.
fn path(list: &TraktList) -> (String, &'static str) {
    match list {
        TraktList::Personal { user, slug } => (format!("users/{user}/lists/{slug}"), page::ABOUT),
        TraktList::Shared(id) => (format!("lists/{id}"), page::ABOUT),
        TraktList::Kept { user, shelf, only } => {
            let (kind, step) = match (shelf, only) {
                (Shelf::Watchlist, None) => ("movie,show", page::ALL),
                (_, None) => ("movies", page::MOVIES_THEN_SHOWS),
                (_, Some(only)) => (address::plural(*only), page::of(*only)),
            };
            (format!("users/{user}/{}/{kind}", shelf.as_str()), step)
        }
        TraktList::Chart {
            chart,
            media_type,
            period,
        } => {
            let period = period.map_or_else(String::new, |period| format!("/{period}"));
            (
                format!("{}/{chart}{period}", address::plural(*media_type)),
                page::of(*media_type),
            )
        }
    }
}

/// What a 401 means. A token that is not accepted any more need not keep public lists from being read:
/// for them the way without it comes next.
fn not_shown(list: &TraktList, is_signed_in: bool) -> ProviderError {
    let id = list.id();
    if is_signed_in && list.is_of_me() {
        return ProviderError::refused(
            Cause::NeedsSignIn,
            format!("Trakt does not accept the sign-in any more and does not show {id}"),
            "Sign in again with `listsync providers sign-in trakt`.",
        );
    }
    if is_signed_in {
        return ProviderError::Blocked {
            how: "status 401: the sign-in is not accepted for this list".into(),
        };
    }
    ProviderError::refused(
        Cause::Private,
        format!("Trakt does not show {id} to us: it is private, or the client id is not accepted"),
        "Sign in with `listsync providers sign-in trakt` as somebody who may see it, again if you did before, or make it public on Trakt. If public lists fail too, check `providers.trakt.client_id` (TRAKT_CLIENT_ID).",
    )
}

/// What a person is told about a status, whatever its body.
fn refusal(status: u16, list: &TraktList, is_signed_in: bool) -> Option<ProviderError> {
    let id = list.id();
    let (cause, reason, remedy) = match status {
        401 => return Some(not_shown(list, is_signed_in)),
        403 => (
            Cause::NeedsKey,
            format!("Trakt does not give {id}: it does not accept the client id"),
            "Check `providers.trakt.client_id` (TRAKT_CLIENT_ID) against https://app.trakt.tv/settings/apps, and whether the application is approved there.",
        ),
        404 if is_signed_in => (
            Cause::NotFound,
            format!(
                "Trakt has no list {id}: there is no such user or list, or it is private to others"
            ),
            "Check its address in a browser, or remove it here.",
        ),
        404 => (
            Cause::NotFound,
            format!("Trakt has no list {id}: there is no such user or list, or it is private"),
            "Check its address in a browser, or remove it here. If it is private, sign in with `listsync providers sign-in trakt`.",
        ),
        420 => (
            Cause::QuotaUsedUp,
            format!("Trakt does not give {id}: the account has reached its limit"),
            "Shorten the list, or look at the account's limits on Trakt.",
        ),
        423 => (
            Cause::Private,
            format!("Trakt does not give {id}: the user's account is locked or deactivated"),
            "Ask the user to settle that with Trakt's support, or remove the list here.",
        ),
        426 => (
            Cause::NeedsMembership,
            format!("Trakt gives {id} to VIP members only"),
            "Use a client id of a VIP member's application, or another list.",
        ),
        _ => return None,
    };
    Some(ProviderError::refused(cause, reason, remedy))
}
