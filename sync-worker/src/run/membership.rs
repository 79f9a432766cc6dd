//! Which entries came onto a list, changed or left it, found out as they arrive: pure. Of an unchanged
//! list nothing is kept but the row numbers of its entries. Storing what changed is [`super::record`]'s.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use schema::{
    models::{Identity, ListId, ListItem, MediaType, NewListItem},
    wire::scraper::Entry,
};

/// What a reading saw, in parts as they arrived.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    seen: HashSet<i32>,
    rows: Vec<NewListItem>,
    new_keys: HashSet<String>,
}

impl Gathered {
    /// Takes a part of the reading, held against what is `stored` under its keys. Of an entry that
    /// stands twice in the list the first counts.
    pub(crate) fn take(&mut self, rows: Vec<NewListItem>, stored: &[ListItem]) {
        let by_key: HashMap<&str, &ListItem> = stored
            .iter()
            .map(|item| (item.entry_key.as_str(), item))
            .collect();
        for row in rows {
            let is_kept = match by_key.get(row.entry_key.as_str()) {
                Some(item) => {
                    self.seen.insert(item.id) && (item.left_at.is_some() || item.differs(&row))
                }
                None => self.new_keys.insert(row.entry_key.clone()),
            };
            if is_kept {
                self.rows.push(row);
            }
        }
    }

    /// Entries seen, each once.
    pub(crate) fn entries(&self) -> usize {
        self.seen.len() + self.new_keys.len()
    }

    /// Row numbers of the stored entries that were seen, and the entries that are new or not as they
    /// were.
    pub(super) fn into_parts(self) -> (HashSet<i32>, Vec<NewListItem>) {
        (self.seen, self.rows)
    }
}

/// An entry as it would be stored.
pub(crate) fn row(entry: Entry, list: ListId, now: NaiveDateTime) -> NewListItem {
    NewListItem {
        list,
        entry_key: entry_key(&entry),
        rank: i32::try_from(entry.rank).unwrap_or(i32::MAX),
        title: entry.title,
        original_title: entry.original_title,
        year: entry.year,
        media_type: entry.media_type,
        imdb_id: entry.imdb_id,
        tmdb_id: entry.tmdb_id,
        tvdb_id: entry.tvdb_id,
        trakt_id: entry.trakt_id,
        season: entry.season,
        first_seen: now,
        fetch: None,
        identity: Identity::New,
    }
}

/// What an entry is recognised by in its list: the site's own name of it, its best id, or else title,
/// year and kind.
pub(crate) fn entry_key(entry: &Entry) -> String {
    // What the site calls it stays, while its ids may become known later.
    if let Some(source_id) = &entry.source_id {
        return format!("source:{source_id}");
    }
    let kind = entry.media_type.map_or("any", MediaType::as_str);
    // Several seasons of one show are several entries.
    let season = entry
        .season
        .map_or_else(String::new, |season| format!(":s{season}"));
    match (&entry.imdb_id, entry.tmdb_id, entry.tvdb_id) {
        (Some(imdb_id), _, _) => format!("imdb:{imdb_id}{season}"),
        (None, Some(tmdb_id), _) => format!("tmdb:{kind}:{tmdb_id}{season}"),
        (None, None, Some(tvdb_id)) => format!("tvdb:{kind}:{tvdb_id}{season}"),
        (None, None, None) => {
            let year = entry.year.map_or_else(String::new, |year| year.to_string());
            format!(
                "title:{kind}:{year}:{}{season}",
                entry.title.trim().to_lowercase()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    fn entry(rank: u32, imdb_id: &str) -> Entry {
        Entry {
            rank,
            title: format!("Title {imdb_id}"),
            imdb_id: Some(imdb_id.into()),
            ..Entry::default()
        }
    }

    fn rows(entries: &[Entry]) -> Vec<NewListItem> {
        let entries = entries.iter().cloned();
        entries.map(|entry| row(entry, ListId(1), at(5))).collect()
    }

    fn gathered(stored: &[ListItem], entries: &[Entry]) -> Gathered {
        let mut gathered = Gathered::default();
        // In parts, as they arrive.
        for part in entries.chunks(1) {
            gathered.take(rows(part), stored);
        }
        gathered
    }

    fn stored(entries: &[Entry]) -> Vec<ListItem> {
        rows(entries)
            .into_iter()
            .zip(1..)
            .map(|(row, id)| ListItem {
                candidates: None,
                trakt_id: row.trakt_id,
                id,
                list: row.list,
                entry_key: row.entry_key,
                rank: row.rank,
                title: row.title,
                original_title: row.original_title,
                year: row.year,
                media_type: row.media_type,
                imdb_id: row.imdb_id,
                tmdb_id: row.tmdb_id,
                tvdb_id: row.tvdb_id,
                first_seen: row.first_seen,
                returned_at: None,
                left_at: None,
                fetch: row.fetch,
                identity: row.identity,
                title_ref: None,
                identity_reason: None,
                attempts: 0,
                next_try: None,
                season: row.season,
            })
            .collect()
    }

    #[test]
    fn of_an_unchanged_list_no_entry_is_kept() {
        let entries = [entry(1, "tt1"), entry(2, "tt2")];
        let gathered = gathered(&stored(&entries), &entries);
        assert_eq!(gathered.entries(), 2);
        let (seen, rows) = gathered.into_parts();
        assert_eq!((seen, rows), ([1, 2].into(), vec![]));
    }

    #[test]
    fn what_is_new_moved_changed_or_back_is_kept() {
        let old = [
            entry(1, "tt1"),
            entry(2, "tt2"),
            entry(3, "tt3"),
            entry(4, "tt4"),
        ];
        let mut items = stored(&old);
        items[3].left_at = Some(at(2));
        let mut renamed = entry(3, "tt3");
        renamed.trakt_id = Some(7);
        let now = [
            entry(1, "tt1"),
            entry(9, "tt2"),
            renamed,
            entry(4, "tt4"),
            entry(5, "tt5"),
        ];
        let gathered = gathered(&items, &now);
        assert_eq!(gathered.entries(), 5);
        let (seen, rows) = gathered.into_parts();
        let kept: Vec<_> = rows.iter().map(|row| row.entry_key.as_str()).collect();
        assert_eq!(kept, ["imdb:tt2", "imdb:tt3", "imdb:tt4", "imdb:tt5"]);
        assert_eq!(seen, [1, 2, 3, 4].into());
    }

    #[test]
    fn an_entry_that_stands_twice_counts_once_and_the_first_time() {
        let twice = [entry(1, "tt1"), entry(2, "tt1")];
        let new = gathered(&[], &twice);
        assert_eq!(new.entries(), 1);
        assert_eq!(new.into_parts().1[0].rank, 1);
        let known = gathered(&stored(&twice[..1]), &twice);
        assert_eq!(known.entries(), 1);
        assert_eq!(known.into_parts().1, []);
    }

    #[test]
    fn seasons_of_one_show_are_entries_of_their_own() {
        let season = |season| Entry {
            season: Some(season),
            ..entry(1, "tt1")
        };
        assert_eq!(
            gathered(&[], &[season(1), season(2), entry(3, "tt1")]).entries(),
            3
        );
    }
}
