//! What one answer holds: entries, how many there are, where the list goes on.

use schema::wire::scraper::Entry;
use serde::Serialize;

use super::{ProviderError, Request, SourceKey};

/// What one answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Page {
    /// In page order. Rank 0 stands for "the next one".
    pub(crate) entries: Vec<Entry>,
    /// Entries that are no movie and no show, or have neither id nor title that can be used.
    pub(crate) dropped: u32,
    /// Entries that are lost in a damaged answer: they are still on the list.
    #[serde(skip)]
    pub(crate) unreadable: u32,
    /// Whether one title may stand in the list several times, so that a second time is no sign of a
    /// list that moved between two pages.
    #[serde(skip)]
    pub(crate) may_repeat: bool,
    /// Whether the list goes on after what could be read of this page.
    #[serde(skip)]
    pub(crate) is_cut: bool,
    /// Entries the whole list is said to have.
    pub(crate) announced: Option<u32>,
    /// The list's own name.
    pub(crate) name: Option<String>,
    /// The request after this one.
    #[serde(skip)]
    pub(crate) next: Option<Request>,
    /// What was learned about a key of the site, to be remembered for good.
    #[serde(skip)]
    pub(crate) learned: Option<(SourceKey, String)>,
}

/// Characters of a title. A guess, far above real ones.
const LONGEST_TEXT: usize = 500;
/// Characters of a list's name.
const LONGEST_NAME: usize = 200;

impl Page {
    /// The same with `strange` of its `rows` in which nothing can be used: they are counted, and lost.
    ///
    /// # Errors
    /// [`ProviderError::Changed`], saying `what`, when most are like that or no other is an entry:
    /// rows are not what they were then.
    pub(crate) fn with_strange(
        mut self,
        strange: u32,
        rows: usize,
        what: &str,
    ) -> Result<Self, ProviderError> {
        let is_most = strange as usize * 2 > rows;
        if strange > 0 && (is_most || self.entries.is_empty()) {
            return Err(ProviderError::changed(what));
        }
        self.dropped += strange;
        Ok(self)
    }

    /// Cuts an over-long name and drops entries with over-long texts, so that a hundred entries fit
    /// into one line on a socket, whatever a site sends.
    ///
    /// # Errors
    /// [`ProviderError::Changed`] when there are entries and all of them are like that.
    pub(crate) fn bounded(mut self) -> Result<Self, ProviderError> {
        let before = self.entries.len();
        self.entries.retain(has_fair_texts);
        if self.entries.is_empty() && before > 0 {
            return Err(ProviderError::changed(format!(
                "only titles of over {LONGEST_TEXT} characters"
            )));
        }
        let too_long = before - self.entries.len();
        self.dropped += u32::try_from(too_long).unwrap_or(u32::MAX); // no page is that long
        self.name = self
            .name
            .map(|name| name.chars().take(LONGEST_NAME).collect());
        Ok(self)
    }
}

fn has_fair_texts(entry: &Entry) -> bool {
    [
        Some(&entry.title),
        entry.original_title.as_ref(),
        entry.imdb_id.as_ref(),
    ]
    .into_iter()
    .flatten()
    .all(|text| text.chars().nth(LONGEST_TEXT).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_which_most_or_all_but_the_dropped_are_not_understood_are_a_change() {
        let page = |entries: usize, dropped: u32, strange: u32| {
            let page = Page {
                entries: vec![Entry::default(); entries],
                dropped,
                ..Page::default()
            };
            let rows = entries + (dropped + strange) as usize;
            page.with_strange(strange, rows, "why")
        };
        for (entries, dropped, strange) in [(0, 0, 0), (0, 2, 0), (1, 0, 1), (3, 1, 2)] {
            let read = page(entries, dropped, strange).unwrap();
            assert_eq!(read.dropped, dropped + strange);
        }
        for (entries, dropped, strange) in [(0, 0, 1), (0, 3, 1), (1, 0, 2), (19, 0, 21)] {
            let error = page(entries, dropped, strange).unwrap_err();
            assert_eq!(error, ProviderError::changed("why"));
        }
    }
}
