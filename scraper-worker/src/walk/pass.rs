//! What one pass through a list's pages has seen, and whether that is all of it. Pure; leaves
//! requests and sending to `walk`.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use schema::wire::scraper::Entry;

use crate::provider::Page;

/// What a page was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// The next page, with the entries that this pass had not seen.
    Page(Vec<Entry>),
    /// The same entries as a page before.
    Repeated,
    /// It announces another number of entries than the pages before.
    TotalChanged { before: u32, now: u32 },
}

/// One way through the pages, from the first on.
#[derive(Debug, Default)]
pub(super) struct Pass {
    seen: HashSet<u64>,
    pages: HashSet<u64>,
    /// Rows of all kinds, duplicates included: what the site's total counts.
    rows: u32,
    /// Rows that are no movie and no show, or have neither id nor title.
    pub(super) dropped: u32,
    /// Rows lost in damaged answers. They are on the list, so they do not count for the total.
    pub(super) unreadable: u32,
    /// Whether a page went on further than could be read.
    pub(super) is_cut: bool,
    may_repeat: bool,
    /// Whether an entry stood on two pages: the list moved between them, and others were missed.
    pub(super) has_moved: bool,
    /// What the first page that says so announced.
    pub(super) announced: Option<u32>,
}

impl Pass {
    /// Takes one page in. The entries get their ranks.
    pub(super) fn take(&mut self, page: Page) -> Took {
        if let (Some(before), Some(now)) = (self.announced, page.announced)
            && before != now
        {
            return Took::TotalChanged { before, now };
        }
        self.announced = self.announced.or(page.announced);
        if !page.entries.is_empty() && !self.pages.insert(fingerprint(&page.entries)) {
            return Took::Repeated;
        }
        self.dropped += page.dropped;
        self.unreadable += page.unreadable;
        self.is_cut |= page.is_cut;
        self.may_repeat |= page.may_repeat;
        let mut fresh = Vec::with_capacity(page.entries.len());
        let mut here = HashSet::with_capacity(page.entries.len());
        // Dropped rows stand somewhere in the page; where the site tells no ranks they go first.
        self.rows += page.dropped;
        for mut entry in page.entries {
            self.rows += 1;
            if entry.rank == 0 {
                entry.rank = self.rows;
            }
            let key = key(&entry);
            if entry.title.is_empty() && !has_id(&entry) {
                self.dropped += 1;
            } else if self.seen.contains(&key) {
                self.has_moved |= !self.may_repeat;
            } else if here.insert(key) {
                fresh.push(entry);
            }
        }
        self.seen.extend(here);
        Took::Page(fresh)
    }

    /// Entries seen, each once.
    pub(super) fn entries(&self) -> usize {
        self.seen.len()
    }

    /// Whether an entry with this key was seen.
    pub(super) fn has_seen(&self, key: u64) -> bool {
        self.seen.contains(&key)
    }

    /// How many entries are missing of those announced: (announced, read).
    pub(super) fn shortfall(&self) -> Option<(u32, u32)> {
        self.announced
            .filter(|announced| *announced > self.rows)
            .map(|announced| (announced, self.rows))
    }
}

fn has_id(entry: &Entry) -> bool {
    [
        entry.imdb_id.is_some(),
        entry.tmdb_id.is_some(),
        entry.tvdb_id.is_some(),
    ]
    .contains(&true)
}

/// What makes two entries of one list the same: the site's own name, an id, else title, year and type;
/// and the season, where they are about one.
pub(super) fn key(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    entry.season.hash(&mut hasher);
    if let Some(source) = &entry.source_id {
        ("source", source).hash(&mut hasher);
    } else if let Some(imdb) = &entry.imdb_id {
        ("imdb", imdb).hash(&mut hasher);
    } else if let Some(tmdb) = entry.tmdb_id {
        ("tmdb", tmdb, entry.media_type).hash(&mut hasher);
    } else if let Some(tvdb) = entry.tvdb_id {
        ("tvdb", tvdb, entry.media_type).hash(&mut hasher);
    } else {
        ("title", &entry.title, entry.year, entry.media_type).hash(&mut hasher);
    }
    hasher.finish()
}

fn fingerprint(entries: &[Entry]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in entries {
        key(entry).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32) -> Entry {
        Entry {
            title: format!("Film {number}"),
            imdb_id: Some(format!("tt{number:07}")),
            ..Entry::default()
        }
    }

    fn page(numbers: std::ops::Range<u32>, announced: Option<u32>) -> Page {
        Page {
            entries: numbers.map(entry).collect(),
            announced,
            ..Page::default()
        }
    }

    fn ranks(took: Took) -> Vec<u32> {
        match took {
            Took::Page(entries) => entries.iter().map(|entry| entry.rank).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranks_go_on_from_page_to_page_and_the_sites_own_stay() {
        let mut pass = Pass::default();
        assert_eq!(ranks(pass.take(page(0..3, None))), [1, 2, 3]);
        let mut own = page(3..5, None);
        own.entries[1].rank = 17;
        assert_eq!(ranks(pass.take(own)), [4, 17]);
    }

    #[test]
    fn a_repeated_page_and_a_changed_total_are_seen() {
        let mut pass = Pass::default();
        ranks(pass.take(page(0..3, Some(9))));
        assert_eq!(
            pass.take(page(3..6, Some(8))),
            Took::TotalChanged { before: 9, now: 8 }
        );
        assert_eq!(pass.take(page(0..3, None)), Took::Repeated);
    }

    #[test]
    fn duplicates_count_for_the_total_and_are_sent_once() {
        let mut pass = Pass::default();
        let mut twice = page(0..4, Some(6));
        twice.entries.push(entry(1));
        assert_eq!(ranks(pass.take(twice)), [1, 2, 3, 4]);
        assert_eq!((pass.entries(), pass.shortfall()), (4, Some((6, 5))));
        let dropped = Page {
            dropped: 1,
            announced: Some(6),
            ..Page::default()
        };
        assert_eq!(ranks(pass.take(dropped)), Vec::<u32>::new());
        assert_eq!((pass.dropped, pass.shortfall()), (1, None));
    }

    #[test]
    fn where_titles_may_repeat_a_second_time_is_no_move() {
        let take = |may_repeat| {
            let mut pass = Pass::default();
            let first = Page {
                may_repeat,
                ..page(0..3, Some(5))
            };
            ranks(pass.take(first));
            assert_eq!(ranks(pass.take(page(2..4, Some(5)))), [5]);
            (pass.has_moved, pass.shortfall())
        };
        assert_eq!(take(true), (false, None));
        assert_eq!(take(false), (true, None));
    }

    #[test]
    fn entries_without_id_and_title_are_dropped() {
        let mut pass = Pass::default();
        let empty = Page {
            entries: vec![Entry::default(), entry(1)],
            ..Page::default()
        };
        assert_eq!(ranks(pass.take(empty)), [2]);
        assert_eq!(pass.dropped, 1);
    }

    #[test]
    fn one_number_of_tmdb_may_be_a_movie_and_a_show() {
        use schema::models::MediaType;
        let of = |media_type| Entry {
            tmdb_id: Some(7),
            media_type: Some(media_type),
            ..Entry::default()
        };
        assert_ne!(key(&of(MediaType::Movie)), key(&of(MediaType::Tv)));
    }
}
