//! What the fake sites hold: lists, charts, files, raw bodies, recorded calls.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, Utc};

use super::{entry::Entry, letterboxd::LetterboxdState, trakt::TraktState, web::WebState};
use crate::loopback::FaultTable;

/// What can be wrong with one list, apart from its transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFault {
    /// Every cursor and page number gives the first page again, with a next one announced.
    SamePage,
    /// Announces that total, whatever there is.
    Total(usize),
    /// Somebody edits the list after its first page was read.
    ChangesTo(Vec<Entry>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct ListState {
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
    pub(super) is_private: bool,
    pub(super) fault: Option<ListFault>,
}

/// One page of a list.
pub(super) struct ListPage {
    pub(super) from: usize,
    pub(super) entries: Vec<Entry>,
    pub(super) total: usize,
    pub(super) has_next: bool,
}

impl ListState {
    /// The page that begins there, with the list's fault.
    pub(super) fn page(&mut self, start: usize, size: usize) -> ListPage {
        self.page_of(start, size, |_entry| true)
    }

    /// The same of the entries that `keep` holds for.
    pub(super) fn page_of(
        &mut self,
        start: usize,
        size: usize,
        keep: impl Fn(&Entry) -> bool,
    ) -> ListPage {
        let repeats = self.fault == Some(ListFault::SamePage);
        let from = if repeats { 0 } else { start };
        let kept = || self.entries.iter().filter(|entry| keep(entry));
        let entries: Vec<Entry> = kept().skip(from).take(size).cloned().collect();
        let has_next = repeats || from + entries.len() < kept().count();
        let total = match &self.fault {
            Some(ListFault::Total(total)) => *total,
            _ => kept().count(),
        };
        if let Some(ListFault::ChangesTo(_)) = &self.fault
            && let Some(ListFault::ChangesTo(later)) = self.fault.take()
        {
            self.entries = later;
        }
        ListPage {
            from,
            entries,
            total,
            has_next,
        }
    }
}

/// A body laid out by the test.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// A call as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteCall {
    /// When it arrived.
    pub at: NaiveDateTime,
    /// `GET`, `POST`.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// What was answered; `None` when nothing was.
    pub status: Option<u16>,
    /// When the answer was ready to be sent; `None` until then.
    pub ended: Option<NaiveDateTime>,
}

impl SiteCall {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub(super) struct SiteState {
    /// By `ls…`, `ur…` or the chart's name.
    pub(super) lists: BTreeMap<String, ListState>,
    /// `p.…` to `ur…`.
    pub(super) profiles: BTreeMap<String, String>,
    /// By file name without `.json`.
    pub(super) files: BTreeMap<String, Vec<Entry>>,
    /// By path.
    pub(super) raw: BTreeMap<String, Raw>,
    /// By `ls…`, `ur…`, chart or profile.
    pub(super) raw_graphql: BTreeMap<String, String>,
    pub(super) trakt: TraktState,
    pub(super) letterboxd: LetterboxdState,
    pub(super) web: WebState,
    /// Most entries in one GraphQL page, whatever is asked for.
    pub(super) page_cap: usize,
    pub(super) faults: FaultTable,
    pub(super) calls: Vec<SiteCall>,
    /// Calls that were recorded and cleared.
    pub(super) forgotten: usize,
    pub(super) running: usize,
    pub(super) max_running: usize,
}

impl SiteState {
    pub(super) fn new() -> Self {
        Self {
            lists: BTreeMap::new(),
            profiles: BTreeMap::new(),
            files: BTreeMap::new(),
            raw: BTreeMap::new(),
            raw_graphql: BTreeMap::new(),
            trakt: TraktState::default(),
            letterboxd: LetterboxdState::default(),
            web: WebState::default(),
            page_cap: usize::MAX,
            faults: FaultTable::default(),
            calls: Vec::new(),
            forgotten: 0,
            running: 0,
            max_running: 0,
        }
    }
}

pub(super) fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
}
