//! What an account keeps on TMDB beside lists: watchlist, favorites, ratings. TMDB shows them to the
//! account's owner alone, so somebody has to sign in. Movies and shows are two documents, read one
//! after the other.

use schema::models::{Cause, MediaType};
use url::Url;

use super::{access::Access, address::plural, kind, refusal, sign_in, step};
use crate::{
    provider::{Answer, ListToRead, Page, ProviderError, Request},
    providers::loose::number,
};

/// One of them, or one kind of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Of {
    /// Whose; nobody is whoever has signed in.
    pub(super) user: Option<String>,
    pub(super) shelf: Shelf,
    pub(super) only: Option<MediaType>,
}

/// What TMDB keeps for every account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    Watchlist,
    Favorites,
    Ratings,
}

impl Shelf {
    /// By its name on the site or in either API.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "watchlist" => Some(Self::Watchlist),
            "favorites" | "favorite" | "favourites" => Some(Self::Favorites),
            "ratings" | "rated" => Some(Self::Ratings),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Favorites => "favorites",
            Self::Ratings => "ratings",
        }
    }

    fn in_older_api(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Favorites => "favorite",
            Self::Ratings => "rated",
        }
    }

    fn in_newer_api(self) -> &'static str {
        match self {
            Self::Watchlist => "watchlist",
            Self::Favorites => "favorites",
            Self::Ratings => "rated",
        }
    }
}

impl Of {
    /// `u/somebody/watchlist`, `watchlist/tv`.
    pub(super) fn path(&self) -> String {
        let user = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!("u/{user}/"));
        let only = match self.only {
            None => "",
            Some(MediaType::Movie) => "/movies",
            Some(MediaType::Tv) => "/tv",
        };
        format!("{user}{}{only}", self.shelf.as_str())
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        let only = self
            .only
            .map_or_else(String::new, |only| format!("{} in the ", plural(only)));
        let user = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!(" of {user}"));
        format!("TMDB: {only}{}{user}", self.shelf.as_str())
    }

    /// Whether its user's name is one.
    pub(super) fn is_fair(&self) -> bool {
        let is_fair = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'%' | b'@')
        };
        self.user
            .as_ref()
            .is_none_or(|user| !user.is_empty() && user.bytes().all(is_fair))
    }

    /// The first of its documents.
    fn step(&self) -> &'static str {
        match self.only {
            None => step::MOVIES_THEN_SHOWS,
            Some(_) => step::TITLES,
        }
    }

    fn kind(&self) -> MediaType {
        self.only.unwrap_or(MediaType::Movie)
    }
}

/// The request it begins with.
///
/// # Errors
/// [`ProviderError::Refused`] when nobody has signed in, or not whose it is.
pub(super) fn first(
    of: &Of,
    access: &Access,
    api: impl Fn(&str) -> Result<Url, ProviderError>,
) -> Result<Request, ProviderError> {
    if !access.is_signed_in() {
        return Err(sign_in(format!(
            "TMDB shows {} to its owner only",
            of.path()
        )));
    }
    if access.has_account_token() {
        return by_token(of, access, api);
    }
    match access.account.as_deref() {
        Some(number) if of.user.is_none() && super::address::is_number(number) => {
            older(of, access, api(&format!("3/account/{number}"))?)
        }
        _ => access.ask_for_account(api("3/account")?, step::ACCOUNT, &[]),
    }
}

/// The newer API asks for the account's id, which signing in told.
fn by_token(
    of: &Of,
    access: &Access,
    api: impl Fn(&str) -> Result<Url, ProviderError>,
) -> Result<Request, ProviderError> {
    let account = access.account.as_deref().filter(|id| is_id(id));
    let account = account.ok_or_else(|| {
        sign_in(format!(
            "TMDB did not tell whose {} the sign-in shows",
            of.path()
        ))
    })?;
    if let Some(user) = &of.user
        && !user.eq_ignore_ascii_case(account)
    {
        return Err(ProviderError::refused(
            Cause::Private,
            format!("TMDB does not tell whether it is {user} who is signed in"),
            format!(
                "Follow `tmdb:{}` instead, which is that of whoever is signed in.",
                Of {
                    user: None,
                    ..of.clone()
                }
                .path()
            ),
        ));
    }
    let path = format!(
        "4/account/{account}/{}/{}",
        kind(of.kind()),
        of.shelf.in_newer_api()
    );
    access
        .bearing(api(&path)?, of.step(), FIRST_PAGE)
        .ok_or_else(|| sign_in(format!("TMDB shows {} to its owner only", of.path())))
}

const FIRST_PAGE: &[(&str, &str)] = &[("page", "1")];

/// A part of an address.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The first document in the older API; `account` is the address of the account.
fn older(of: &Of, access: &Access, account: Url) -> Result<Request, ProviderError> {
    let mut url = account;
    let kind = older_kind(of.kind());
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(of.shelf.in_older_api()).push(kind);
    }
    access.ask_for_account(url, of.step(), FIRST_PAGE)
}

fn older_kind(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movies",
        MediaType::Tv => "tv",
    }
}

/// Reads whose the sign-in is; what they keep is asked for next.
pub(super) fn of_account(
    of: &Of,
    list: &ListToRead,
    request: &Request,
    answer: &Answer,
) -> Result<Page, ProviderError> {
    let body = refusal::body(&of.path(), request.step, answer)?;
    let id = number(body.get("id"))
        .ok_or_else(|| ProviderError::changed("an account without a number"))?;
    let name = body
        .get("username")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    if let Some(user) = &of.user
        && !user.eq_ignore_ascii_case(name)
    {
        return Err(ProviderError::refused(
            Cause::Private,
            format!(
                "TMDB shows {} to {user} only, and {name} is signed in",
                of.path()
            ),
            format!("Sign in as {user} with `listsync providers sign-in tmdb`."),
        ));
    }
    let access = Access::of(list)?;
    let mut url = request.url.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(&id.to_string());
    }
    Ok(Page {
        next: Some(older(of, &access, url)?),
        ..Page::default()
    })
}

/// The document of shows that follows the last page of movies.
pub(super) fn shows_after(request: &Request, movies: Option<u32>) -> Option<Request> {
    let mut url = request.url.clone();
    let parts: Vec<_> = url.path_segments()?.map(str::to_owned).collect();
    let is_newer = parts
        .iter()
        .rev()
        .nth(1)
        .is_some_and(|part| part == "movie");
    {
        let mut path = url.path_segments_mut().ok()?; // http addresses have a path
        path.pop();
        if is_newer {
            path.pop().push("tv").push(parts.last()?);
        } else {
            path.push("tv");
        }
    }
    let first = Request {
        url,
        step: step::SHOWS_AFTER,
        carried: movies,
        ..request.clone()
    };
    Some(super::page::numbered(first, 1))
}
