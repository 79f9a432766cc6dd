//! An address: any JSON, table, text or feed in the web that is a list.
//!
//! Lists: an `http` or `https` address, and after `#`, which no server is told, what in it is what:
//! `https://a.example/films.csv#title=Film&year=Jahr`. One document is the whole list, asked for
//! conditionally; no key, no browser. What it is is seen by what it says. Pages of GitHub and Google Sheets
//! about such a file mean the file itself. A page for people is refused; `web` reads those.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use reqwest::header::HeaderValue;
use runtime::settings::ProvidersSettings;
use schema::models::Cause;
use url::{Host, Url};

use super::document::{self, Mapping};
use crate::provider::{
    Answer, ListToRead, Page, Politeness, Provider, ProviderError, Reach, Recognized, Request, Way,
    pasted,
};

/// See the file's header.
pub(super) struct Address;

/// How paths of lists end.
const ENDINGS: &[&str] = &[".json", ".csv", ".tsv", ".txt", ".rss", ".atom", ".xml"];
/// How those of feeds do that have no ending.
const FEEDS: &[&str] = &["rss", "feed", "atom"];

const ACCEPT: &str = "application/json, text/csv, text/plain, application/rss+xml, \
                      application/atom+xml, */*;q=0.5";

impl Provider for Address {
    fn name(&self) -> &'static str {
        "url"
    }

    fn title(&self) -> &'static str {
        "The web address"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &[
            "https://… (a file of JSON, CSV or text, or a feed of titles)",
            "https://…/films.csv#title=COLUMN&year=COLUMN",
        ]
    }

    // The hosts are unknown, and one document is all there is.
    fn politeness(&self) -> Politeness {
        Politeness {
            per_second: 1.0,
            burst: 2,
            at_once: 1,
            per_day: None,
        }
    }

    fn remedy_when_blocked(&self) -> &'static str {
        "The server turns automated readers away, or wants a sign-in. Ask whose file it is for an address that is open, or download it and add the file."
    }

    fn notice(&self) -> Option<&'static str> {
        Some("Feeds mostly hold only the newest entries, so what falls out of one leaves the list.")
    }

    fn recognize(&self, input: &str) -> Option<Recognized> {
        let (url, mapping) = parsed(input)?;
        let is_sure = !mapping.is_empty() || is_document(&url);
        is_sure.then(|| recognized(&url, &mapping))
    }

    fn recognize_own(&self, input: &str) -> Option<Recognized> {
        let (url, mapping) = parsed(input)?;
        Some(recognized(&url, &mapping))
    }

    fn ways(&self, list: &ListToRead, _: &ProvidersSettings) -> Result<Vec<Way>, ProviderError> {
        let (url, _) = parsed(&list.id).ok_or_else(|| {
            ProviderError::refused(
                Cause::Settings,
                format!("`{}` is no address", list.id),
                "Add the list again with its address.",
            )
        })?;
        let first = Request {
            is_whole_list: true,
            reach: Reach::Guarded,
            ..Request::get(url, "document")
        }
        .header("accept", HeaderValue::from_static(ACCEPT));
        Ok(vec![Way {
            name: "document",
            first,
        }])
    }

    fn parse(
        &self,
        list: &ListToRead,
        _: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError> {
        let (url, mapping) = parsed(&list.id).ok_or(ProviderError::NotFound)?;
        document::read(answer.document()?, &mapping)
            .map_err(|unread| unread.told(url.as_str(), '#'))
    }
}

/// The address of the document itself, and what its owner says of it.
fn parsed(input: &str) -> Option<(Url, Mapping)> {
    let mut url = pasted(input.trim()).filter(is_reachable)?;
    let mapping = url.fragment().and_then(Mapping::parse).unwrap_or_default();
    url.set_fragment(None);
    Some((itself(url), mapping))
}

fn recognized(url: &Url, mapping: &Mapping) -> Recognized {
    let mut list_id = url.to_string();
    if !mapping.is_empty() {
        list_id = format!("{list_id}#{}", mapping.text());
    }
    let host = url.host_str().unwrap_or_default();
    Recognized {
        list_id,
        list_url: url.to_string(),
        name: format!("{host}{}", url.path().trim_end_matches('/')),
    }
}

fn is_reachable(url: &Url) -> bool {
    let has_login = !url.username().is_empty() || url.password().is_some();
    let is_host = match url.host() {
        Some(Host::Domain(name)) => name.contains('.') || url.port().is_some(),
        Some(Host::Ipv4(ip)) => !IpAddr::from(ip).is_unspecified(),
        Some(Host::Ipv6(ip)) => !IpAddr::from(ip).is_unspecified(),
        None => false,
    };
    is_host && !has_login
}

/// Whether the address shows that a document of ours lies there.
fn is_document(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_feed = FEEDS.contains(&last);
    let is_sheet = url.query_pairs().any(|(key, value)| {
        matches!(key.as_ref(), "format" | "output")
            && matches!(value.as_ref(), "csv" | "json" | "rss")
    });
    is_feed
        || is_sheet
        || ENDINGS
            .iter()
            .any(|ending| last.len() > ending.len() && last.ends_with(ending))
}

/// What lies behind a page that only shows a file.
fn itself(url: Url) -> Url {
    let parts: Vec<_> = url.path_segments().into_iter().flatten().collect();
    let other = match (url.host_str(), parts.as_slice()) {
        (Some("github.com"), [owner, repository, "blob" | "raw", rest @ ..])
            if !rest.is_empty() =>
        {
            let rest = rest.join("/");
            format!("https://raw.githubusercontent.com/{owner}/{repository}/{rest}")
        }
        (Some("gist.github.com"), [owner, gist]) => {
            format!("https://gist.githubusercontent.com/{owner}/{gist}/raw")
        }
        (
            Some("docs.google.com"),
            ["spreadsheets", "d", sheet, "edit" | "view" | "", ..] | ["spreadsheets", "d", sheet],
        ) if *sheet != "e" => {
            format!("https://docs.google.com/spreadsheets/d/{sheet}/export?format=csv")
        }
        _ => return url,
    };
    Url::parse(&other).unwrap_or(url)
}
