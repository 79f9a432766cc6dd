//! Export files: what Letterboxd and IMDb hand to their users, put into a folder of ours.
//!
//! Lists: a file's name (`watchlist.csv`); a file in a zip (`export.zip/lists/mine.csv`); in the zip that
//! Letterboxd makes, whoever's newest one lies there, `letterboxd-USER/watchlist`, `letterboxd-USER/lists/SLUG`,
//! also `…/watched`, `…/ratings`, `…/diary`, `…/likes/films`. No site is asked, no key, no browser.
//! IMDb's rows have an IMDb id and a type; Letterboxd's have title and year only, and no year for the
//! unreleased. Which columns there are is read from the header, never from places.
//! Formats as Letterboxd's and IMDb's files had them in 2025; not checked against the live sites.

mod id;
mod table;

use runtime::settings::ProvidersSettings;

use self::id::ExportList;
use crate::{
    fetch::file::address,
    provider::{
        Answer, ListToRead, Page, Politeness, Provider, ProviderError, Recognized, Request, Via,
        Way,
    },
};

/// See the file's header.
pub(crate) struct ExportFile;

impl Provider for ExportFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn title(&self) -> &'static str {
        "Export file"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "NAME.csv",
            "NAME.zip/inner/path.csv",
            "letterboxd-USER/watchlist",
            "letterboxd-USER/lists/SLUG",
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

    fn parse(&self, _: &ListToRead, _: &Request, answer: &Answer) -> Result<Page, ProviderError> {
        table::read(&answer.body)
    }
}

/// The list in a file of the folder, or in a zip's file `inner`, which begins with `head`. `None` where
/// nobody wants to follow what is in it: what was watched is not wished for.
///
/// # Errors
/// [`ProviderError::Changed`] when it is no export of a list.
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
    Some(table::own_name(head).map(|name| {
        let recognized = list.recognized();
        Recognized {
            name: name.unwrap_or(recognized.name),
            ..recognized
        }
    }))
}
