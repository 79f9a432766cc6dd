//! Files with lists, put into a folder of ours: what IMDb, Letterboxd, Trakt and Simkl hand to their users,
//! and any table, JSON or text of titles.
//!
//! Lists: a file's name (`watchlist.csv`); a file in a zip (`export.zip/lists/mine.csv`); in the zip that
//! Letterboxd makes, whoever's newest one lies there, `letterboxd-USER/watchlist`, `letterboxd-USER/lists/SLUG`,
//! also `…/watched`, `…/ratings`, `…/diary`, `…/likes/films`. After a name may stand what in it is what:
//! `films.csv?title=Film&year=Jahr`. No site is asked, no key, no browser.
//! IMDb's rows have an IMDb id and a type; Letterboxd's have title and year only, and no year for the
//! unreleased; Trakt's and Simkl's have ids, and Simkl's a status, of which `plantowatch` is the wish.
//! Formats as these files had them in 2025; not checked against the live sites.

mod id;

use runtime::settings::ProvidersSettings;

use self::id::ExportList;
use crate::{
    fetch::file::address,
    provider::{
        Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, Via,
        Way,
    },
    providers::{document, stevenlu},
};

/// See the file's header.
pub(crate) struct ExportFile;

impl Provider for ExportFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn title(&self) -> &'static str {
        "File"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "NAME.csv, .tsv, .json, .txt",
            "NAME.zip/inner/path.csv",
            "letterboxd-USER/watchlist",
            "letterboxd-USER/lists/SLUG",
            "NAME.csv?title=COLUMN&year=COLUMN",
        ]
    }

    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 0.0,
            burst: 1,
            at_once: 4,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "Put the file in again."
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        // His files have been lists by their mere names for longer.
        let is_stevenlus = stevenlu::StevenLu.recognize(input).is_some();
        self.recognize_own(input).filter(|_| !is_stevenlus)
    }

    fn recognize_own(&self, input: &str) -> Option<Recognized> {
        ExportList::of(input).map(|list| list.recognized())
    }

    fn ways(&self, list: &ListToRead, _: &ProvidersSettings) -> Result<Vec<Way>, ProviderError> {
        let (file, inner) = ExportList::of(&list.id)
            .ok_or(ProviderError::NotFound)?
            .place();
        let url = address(&file, inner.as_deref()).ok_or(ProviderError::NotFound)?;
        let first = Request {
            via: Via::File,
            ..Request::get(url, "file")
        };
        Ok(vec![Way {
            name: "file",
            first,
        }])
    }

    fn parse(
        &self,
        list: &ListToRead,
        _: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let file = ExportList::of(&list.id).ok_or(ProviderError::NotFound)?;
        document::read(&answer.body, file.mapping())
            .map_err(|unread| unread.told(&file.bare_id(), '?'))
    }
}

/// The list in a file of the folder, or in a zip's file `inner`, which begins with `head`. `None` where
/// nobody wants to follow what is in it: what was watched is not wished for.
///
/// # Errors
/// [`ProviderError::Changed`] or [`ProviderError::Refused`] when it is no list.
pub(crate) fn list_in(
    file: &str,
    inner: Option<&str>,
    head: &str,
) -> Option<Result<Recognized, ProviderError>> {
    if inner.is_some_and(id::is_history) {
        return None;
    }
    let list = match inner {
        None => ExportList::of(file),
        Some(inner) => ExportList::of(&format!("{file}/{inner}")),
    }?;
    let seen = document::look(head).map_err(|unread| unread.told(&list.bare_id(), '?'));
    Some(seen.map(|seen| {
        let recognized = list.with(seen.mapping).recognized();
        Recognized {
            name: seen.name.unwrap_or(recognized.name),
            ..recognized
        }
    }))
}
