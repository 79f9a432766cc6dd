//! Which entries came onto a list, changed or left it: pure, so that an unchanged list writes nothing.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use schema::{
    models::{Identity, ListId, ListItem, MediaType, NewListItem},
    wire::scraper::Entry,
};

/// What a reading changes in `list_items`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Entries seen for the first time.
    pub(crate) added: Vec<NewListItem>,
    /// Entries that are there and differ, or are back.
    pub(crate) changed: Vec<(ListItem, NewListItem)>,
    /// Entries that are no longer on the list.
    pub(crate) left: Vec<i32>,
}

/// The reading whose entries are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The list.
    pub(crate) list: ListId,
    /// Its row in `fetches`.
    pub(crate) fetch: Option<i32>,
    /// Whether all of the list was read; only then can anything have left it.
    pub(crate) is_complete: bool,
    /// When.
    pub(crate) now: NaiveDateTime,
}

/// Compares a reading with what was stored. Linear in both.
pub(crate) fn changes(stored: &[ListItem], entries: &[Entry], reading: Reading) -> Changes {
    let by_key: HashMap<&str, &ListItem> = stored
        .iter()
        .map(|item| (item.entry_key.as_str(), item))
        .collect();
    let mut seen = HashSet::new();
    let mut changes = Changes::default();
    for entry in entries {
        let key = entry_key(entry);
        if !seen.insert(key.clone()) {
            continue;
        }
        let known = by_key.get(key.as_str());
        let first_seen = known.map_or(reading.now, |item| item.first_seen);
        let row = row(entry, key, first_seen, reading);
        match known {
            None => changes.added.push(row),
            Some(item) if item.left_at.is_some() || differs(item, &row) => {
                changes.changed.push(((*item).clone(), row));
            }
            Some(_) => {}
        }
    }
    if reading.is_complete {
        changes.left = stored
            .iter()
            .filter(|item| item.left_at.is_none() && !seen.contains(&item.entry_key))
            .map(|item| item.id)
            .collect();
    }
    changes
}

fn row(
    entry: &Entry,
    entry_key: String,
    first_seen: NaiveDateTime,
    reading: Reading,
) -> NewListItem {
    NewListItem {
        list: reading.list,
        entry_key,
        rank: i32::try_from(entry.rank).unwrap_or(i32::MAX),
        title: entry.title.clone(),
        original_title: entry.original_title.clone(),
        year: entry.year,
        media_type: entry.media_type,
        imdb_id: entry.imdb_id.clone(),
        tmdb_id: entry.tmdb_id,
        tvdb_id: entry.tvdb_id,
        season: entry.season,
        first_seen,
        fetch: reading.fetch,
        identity: Identity::New,
    }
}

fn differs(item: &ListItem, row: &NewListItem) -> bool {
    item.rank != row.rank
        || item.title != row.title
        || item.original_title != row.original_title
        || item.year != row.year
        || item.media_type != row.media_type
        || item.imdb_id != row.imdb_id
        || item.tmdb_id != row.tmdb_id
        || item.tvdb_id != row.tvdb_id
        || item.season != row.season
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

    fn reading(minute: i64, is_complete: bool) -> Reading {
        Reading {
            list: ListId(1),
            fetch: Some(9),
            is_complete,
            now: at(minute),
        }
    }

    fn stored(entries: &[Entry]) -> Vec<ListItem> {
        changes(&[], entries, reading(0, true))
            .added
            .into_iter()
            .zip(1..)
            .map(|(row, id)| ListItem {
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
    fn an_unchanged_list_changes_nothing() {
        let entries = [entry(1, "tt1"), entry(2, "tt2")];
        assert_eq!(
            changes(&stored(&entries), &entries, reading(5, true)),
            Changes::default()
        );
    }

    #[test]
    fn an_entry_that_is_gone_has_left_only_when_all_of_the_list_was_read() {
        let items = stored(&[entry(1, "tt1"), entry(2, "tt2")]);
        let now = [entry(1, "tt1")];
        assert_eq!(changes(&items, &now, reading(5, true)).left, [2]);
        assert_eq!(changes(&items, &now, reading(5, false)).left, [0; 0]);
    }

    #[test]
    fn an_entry_that_comes_back_is_no_new_entry() {
        let entries = [entry(1, "tt1")];
        let mut items = stored(&entries);
        items[0].left_at = Some(at(2));
        let back = changes(&items, &entries, reading(5, true));
        assert_eq!(
            (back.changed[0].0.id, back.changed[0].1.first_seen),
            (1, at(0))
        );
        assert!(back.added.is_empty());
    }

    #[test]
    fn a_changed_rank_keeps_the_day_it_was_first_seen() {
        let items = stored(&[entry(1, "tt1")]);
        let moved = changes(&items, &[entry(2, "tt1")], reading(5, true));
        assert_eq!(
            (moved.changed[0].1.rank, moved.changed[0].1.first_seen),
            (2, at(0))
        );
    }

    #[test]
    fn an_entry_that_stands_twice_counts_once() {
        let twice = changes(&[], &[entry(1, "tt1"), entry(2, "tt1")], reading(0, true));
        assert_eq!(twice.added.len(), 1);
    }
}
