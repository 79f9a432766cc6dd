//! What a list site is to us: which addresses it takes, which requests read a list, what the answers
//! say. Pure description: leaves sending, waiting and retrying to `fetch`, the order of pages and
//! completeness to `walk`, and everything about one site to its file in `providers`.

mod answer;
mod page;
mod pasted;

use std::time::Duration;

use reqwest::header::HeaderValue;
use runtime::{Secret, settings::ProvidersSettings};
use schema::{
    models::{Cause, MediaType},
    wire::scraper::{Credential, Entry},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub(crate) use self::{
    answer::Answer,
    page::Page,
    pasted::{after_prefix, is_name, is_number, is_of, pasted},
};

/// One list site.
pub(crate) trait Provider: Sync {
    /// Its name, the `list_type` of its lists.
    fn name(&self) -> &'static str;

    /// As people write it.
    fn title(&self) -> &'static str;

    /// Forms of addresses and ids it takes, for help texts.
    fn accepts(&self) -> &'static [&'static str];

    /// Setting that holds its key, when it needs one.
    fn needs_key(&self) -> Option<&'static str> {
        None
    }

    /// Whether it needs a browser.
    fn needs_browser(&self) -> bool {
        false
    }

    /// Whether people can sign in to it, for lists that only they see.
    fn has_sign_in(&self) -> bool {
        false
    }

    /// How often it may be asked, on each of its hosts.
    fn politeness(&self) -> Politeness;

    /// How often one request may be made, where the site's hosts differ in what they allow.
    fn politeness_of(&self, _request: &Request) -> Politeness {
        self.politeness()
    }

    /// What a person can do when the site turns readers away: a sentence.
    fn remedy_when_blocked(&self) -> &'static str;

    /// What the owner should know before following a list of it: a sentence or two.
    fn notice(&self) -> Option<&'static str> {
        None
    }

    /// How long one reading may take, and how many pages it may ask for.
    fn extent(&self) -> Extent {
        Extent::default()
    }

    /// Where the ids of an entry are learned that its list does not tell, when there is such a
    /// place. What is learned there is remembered for good; that there was no id, for a month.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when the settings do not allow to ask.
    fn detail(
        &self,
        _entry: &Entry,
        _sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        Ok(None)
    }

    /// The request of a detail with what signing in gave, where its list had to be signed in for:
    /// `asked` is the request that brought the entry.
    fn signed(&self, detail: Detail, _asked: &Request) -> Detail {
        detail
    }

    /// What the answer to the request of a [`Detail`] calls the title, for lists that do not say it.
    /// It is remembered with the ids.
    fn parse_detail_name(&self, _request: &Request, _answer: &Answer) -> Option<Named> {
        None
    }

    /// The same, where asking needs what the reading may show: a key, a token.
    ///
    /// # Errors
    /// As [`Provider::detail`].
    fn detail_of(
        &self,
        entry: &Entry,
        _list: &ListToRead,
        sites: &ProvidersSettings,
    ) -> Result<Option<Detail>, ProviderError> {
        self.detail(entry, sites)
    }

    /// Reads the answer to the request of a [`Detail`].
    ///
    /// # Errors
    /// As [`Provider::parse`], but [`ProviderError::NotFound`] says of this title only that nothing
    /// is told of it.
    fn parse_detail(&self, _request: &Request, _answer: &Answer) -> Result<Ids, ProviderError> {
        Err(ProviderError::changed("a page nobody asked for"))
    }

    /// The map that tells what titles of this site are elsewhere, when there is one and the settings
    /// do not leave it out.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when the settings do not allow to ask for it.
    fn id_map(&self, _sites: &ProvidersSettings) -> Result<Option<MapToRead>, ProviderError> {
        Ok(None)
    }

    /// The key by which an entry may be in that map.
    fn key_in_map(&self, _entry: &Entry) -> Option<SourceKey> {
        None
    }

    /// Which list an address, id or name means; `None` when it is not this site's.
    /// Two addresses of one list give the same id, and an id is recognized as itself, at least by
    /// [`Provider::recognize_own`].
    fn recognize(&self, input: &str) -> Option<Recognized>;

    /// The same for input that is known to mean a list of this site: short names that other sites
    /// have too (`user/list`) count as well.
    fn recognize_own(&self, input: &str) -> Option<Recognized> {
        self.recognize(input)
    }

    /// The key of `source_ids` whose meaning shortens the reading of this list, when there is one.
    fn wants_known(&self, _list_id: &str) -> Option<SourceKey> {
        None
    }

    /// The ways of reading the list, best first.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when it cannot even be asked for: a key is missing.
    fn ways(&self, list: &ListToRead, sites: &ProvidersSettings)
    -> Result<Vec<Way>, ProviderError>;

    /// Reads the answer to one of its requests, whatever its status.
    ///
    /// # Errors
    /// [`ProviderError`]; in particular [`ProviderError::Changed`] when it does not look as expected:
    /// an empty list must never be made of a page that is not understood.
    fn parse(
        &self,
        list: &ListToRead,
        request: &Request,
        answer: &Answer,
    ) -> Result<Page, ProviderError>;
}

/// A list that a provider can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognized {
    /// The provider's id of it.
    pub(crate) list_id: String,
    /// Its address for people.
    pub(crate) list_url: String,
    /// What to call it until its own name is read.
    pub(crate) name: String,
}

/// A list that is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListToRead {
    /// The provider's id of it.
    pub(crate) id: String,
    /// What [`Provider::wants_known`] asked for, when it is known.
    pub(crate) known: Option<String>,
    /// Key or token for this reading.
    pub(crate) credential: Option<Credential>,
    /// Entries wanted, from the top: more need not be asked for.
    pub(crate) limit: Option<u32>,
}

/// One row of `source_ids`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SourceKey {
    /// Site and kind of key: `imdb_profile`.
    pub(crate) source: &'static str,
    /// The key.
    pub(crate) key: String,
}

/// Where the ids of one entry are learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// What is remembered.
    pub(crate) key: SourceKey,
    /// How it is asked for, when it is not known.
    pub(crate) request: Request,
}

/// A map from ids of sites to those of others: one document, taken over as a whole.
#[derive(Clone, Debug)]
pub(crate) struct MapToRead {
    /// What it is called, for logs.
    pub(crate) name: &'static str,
    /// Whose keys it has: nothing else is written down under these names.
    pub(crate) sources: &'static [&'static str],
    pub(crate) request: Request,
    pub(crate) politeness: Politeness,
    /// Reads all of it, each key once.
    pub(crate) parse: fn(&Answer) -> Result<Mapped, ProviderError>,
}

/// What a map tells.
pub(crate) type Mapped = Vec<(SourceKey, Ids)>;

/// What a title is elsewhere. All of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) media_type: Option<MediaType>,
    pub(crate) imdb_id: Option<String>,
    pub(crate) tmdb_id: Option<i64>,
    pub(crate) tvdb_id: Option<i64>,
    pub(crate) season: Option<i32>,
}

/// What a title is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) title: String,
    pub(crate) year: Option<i32>,
}

/// The most that one reading does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) pages: u32,
    pub(crate) time: Duration,
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            pages: 500,
            time: Duration::from_mins(15),
        }
    }
}

/// By whom a request is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// Our HTTP client.
    Http,
    /// The browser: the page's scripts run, and the answer is what the harvest script saw.
    Browser,
    /// Nobody: `file:` addresses in the folder of exports.
    File,
}

/// Which hosts a request may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The one of the settings, wherever it is, and no other.
    OwnersSite,
    /// Any public one, also by redirects; the address is somebody's input.
    Guarded,
    /// The one of the address, if it is public or one that the owner allows; a redirect is the answer.
    Pointed,
}

/// One way of reading a list: a host, a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// For logs and reasons: `GraphQL`, `page`.
    pub(crate) name: &'static str,
    /// The request it begins with; each answer names the next.
    pub(crate) first: Request,
}

/// Whether a request changes with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

/// A request, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Beside our own (`User-Agent`, `Accept-Encoding`).
    pub(crate) headers: Vec<(&'static str, HeaderValue)>,
    /// JSON, for [`Method::Post`].
    pub(crate) body: Option<String>,
    /// What only the site may see of it.
    pub(crate) secrets: Vec<SecretPart>,
    /// What its answer is, for the provider's own `parse`: `profile`, `titles`.
    pub(crate) step: &'static str,
    /// Page number from 1, for the provider's own `parse`.
    pub(crate) number: u32,
    /// What an earlier answer told that this one need not tell again, for the provider's own
    /// `parse`: pages there are, entries of another part.
    pub(crate) carried: Option<u32>,
    /// Whether the answer is the whole list, so that it is kept and asked for conditionally.
    pub(crate) is_whole_list: bool,
    pub(crate) via: Via,
    pub(crate) reach: Reach,
}

/// A part of a request that goes to its site only: no log, no kept address, no answer has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPart {
    /// A parameter of the address: name and value.
    Query(&'static str, Secret),
    /// The body, in place of [`Request::body`].
    Body(Secret),
}

impl Request {
    /// Asks for a document.
    pub(crate) fn get(url: Url, step: &'static str) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: Vec::new(),
            body: None,
            secrets: Vec::new(),
            step,
            number: 1,
            carried: None,
            is_whole_list: false,
            via: Via::Http,
            reach: Reach::OwnersSite,
        }
    }

    /// Posts JSON.
    pub(crate) fn post(url: Url, step: &'static str, body: &Value) -> Self {
        Self {
            method: Method::Post,
            body: Some(body.to_string()),
            ..Self::get(url, step)
        }
        .header("content-type", HeaderValue::from_static("application/json"))
    }

    /// The same with a part that only the site may see.
    pub(crate) fn secret(mut self, part: SecretPart) -> Self {
        self.secrets.push(part);
        self
    }

    /// The same with one header more.
    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Parses the address of a site from the settings, with `path` after it.
///
/// # Errors
/// [`ProviderError::Refused`], naming the setting.
pub(crate) fn address(base: &str, path: &str, setting: &str) -> Result<Url, ProviderError> {
    let text = format!(
        "{}/{}",
        base.trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    Url::parse(&text).map_err(|error| {
        ProviderError::refused(
            Cause::Settings,
            format!("`{text}` is no address: {error}"),
            format!("Correct the setting `{setting}`."),
        )
    })
}

/// Why an answer is no page of the list. The variants differ in what the walker does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// The site says no to this list, whichever way it is asked.
    #[error("{reason}")]
    Refused {
        /// In a word.
        cause: Cause,
        /// What it said, with the list's name or id.
        reason: String,
        /// What the person can do, as a sentence.
        remedy: String,
    },
    /// There is no such document. The walker names the list; other ways are not tried.
    #[error("the site has no such list")]
    NotFound,
    /// The site turns readers away; another way may be open.
    #[error("the site turned us away ({how})")]
    Blocked {
        /// By which sign it was known.
        how: String,
    },
    /// The answer does not look as this version expects; another way may be better.
    #[error("the site's answer is not the one expected: {what}")]
    Changed {
        /// What is missing or different.
        what: String,
    },
    /// The site answered in its own words that it failed; another way or time may be better.
    #[error("the site failed: {what}")]
    Failed {
        /// Its words.
        what: String,
    },
}

impl ProviderError {
    /// A [`ProviderError::Refused`].
    pub(crate) fn refused(
        cause: Cause,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Refused {
            cause,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// A [`ProviderError::Changed`].
    pub(crate) fn changed(what: impl Into<String>) -> Self {
        Self::Changed { what: what.into() }
    }
}

/// How often a host may be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Politeness {
    /// Requests a second in the long run; 0 for no limit.
    pub(crate) per_second: f64,
    /// Requests that may go at once after a pause.
    pub(crate) burst: u32,
    /// Requests that may be under way at the same time.
    pub(crate) at_once: u32,
    /// Requests a day (UTC), where the site allows so many; kept across restarts.
    pub(crate) per_day: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_keeps_its_path_and_a_wrong_one_names_its_setting() {
        let url = address("http://mirror/imdb/", "/chart/top/", "providers.imdb.url").unwrap();
        assert_eq!(url.as_str(), "http://mirror/imdb/chart/top/");
        let error = address("mirror", "x", "providers.imdb.url").unwrap_err();
        assert!(
            matches!(error, ProviderError::Refused { remedy, .. } if remedy.contains("providers.imdb.url"))
        );
    }
}
