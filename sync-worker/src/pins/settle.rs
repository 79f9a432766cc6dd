//! Applies pins to the entries of all lists, those that left included: they may come back.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDateTime;
use schema::{
    DbError, SqliteConnection,
    models::{Identity, ItemTraits, ListId, ListItem, NewTitle, Pin, SyncedItem, Title, TitleRef},
};

use super::Kept;
use crate::identity::{PICKED, RULED_OUT, all_keys};

/// What became of the entries.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Entries for which a pin holds now.
    pub(super) held: HashSet<i32>,
    /// How many of them are another title than before.
    pub(super) changed: u32,
    /// Titles that some of those were taken for, with their lists.
    pub(super) before: Vec<(TitleRef, ListId)>,
}

/// Makes every entry that has one of these keys what the pin that holds for it says. Entries without a
/// pin stay as they are.
pub(super) fn settle(
    conn: &mut SqliteConnection,
    of_keys: &[String],
    now: NaiveDateTime,
) -> Result<Settled, DbError> {
    let items = with_keys(conn, of_keys)?;
    let kept = kept_for(conn, &items)?;
    let mut by_pin: BTreeMap<i32, (&Pin, Vec<&ListItem>)> = BTreeMap::new();
    for (item, keys) in &items {
        if let Some(pin) = kept.chosen(keys) {
            let (_, items) = by_pin.entry(pin.id).or_insert_with(|| (pin, Vec::new()));
            items.push(item);
        }
    }
    let mut settled = Settled::default();
    for (pin, items) in by_pin.into_values() {
        let title = title_row(conn, pin, now)?.map(|title| title.id);
        let (identity, reason) = match title {
            Some(_) => (Identity::Matched, PICKED),
            None => (Identity::NotFound, RULED_OUT),
        };
        let ids: Vec<i32> = items.iter().map(|item| item.id).collect();
        ListItem::settle(conn, &ids, identity, title, Some(reason))?;
        // Picking what was taken back asks for it anew, however old the entry is.
        let changed = items.iter().filter(|item| item.title_ref != title);
        let changed: Vec<i32> = changed.map(|item| item.id).collect();
        if let Some(title) = title.filter(|_| !changed.is_empty())
            && SyncedItem::is_withdrawn(conn, title)?
        {
            ListItem::come_anew(conn, &changed, now)?;
        }
        for item in items {
            settled.note(item, identity, title);
        }
    }
    settled.before.sort_unstable();
    settled.before.dedup();
    Ok(settled)
}

impl Settled {
    fn note(&mut self, item: &ListItem, identity: Identity, title: Option<TitleRef>) {
        self.held.insert(item.id);
        if item.identity != identity || item.title_ref != title {
            self.changed = self.changed.saturating_add(1);
            let before = item.title_ref.filter(|before| Some(*before) != title);
            self.before.extend(before.map(|before| (before, item.list)));
        }
    }
}

/// The entries for which this pin holds.
pub(super) fn held_by(
    conn: &mut SqliteConnection,
    of_keys: &[String],
    pin: i32,
) -> Result<Vec<i32>, DbError> {
    let items = with_keys(conn, of_keys)?;
    let kept = kept_for(conn, &items)?;
    let held = items
        .iter()
        .filter(|(_, keys)| kept.chosen(keys).is_some_and(|chosen| chosen.id == pin));
    Ok(held.map(|(item, _)| item.id).collect())
}

/// The row of the title that a pin names.
pub(super) fn title_row(
    conn: &mut SqliteConnection,
    pin: &Pin,
    now: NaiveDateTime,
) -> Result<Option<Title>, DbError> {
    let Some(chosen) = pin.chosen() else {
        return Ok(None);
    };
    let new = NewTitle {
        media_type: chosen.media_type,
        tmdb_id: chosen.tmdb_id,
        title: chosen.title,
        year: chosen.year,
        created_at: now,
        updated_at: now,
    };
    Ok(Some(Title::ensure(conn, &new)?))
}

/// Every entry that has one of these keys, with all its own.
fn with_keys(
    conn: &mut SqliteConnection,
    wanted: &[String],
) -> Result<Vec<(ListItem, Vec<String>)>, DbError> {
    let set: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let found = ListItem::with_traits(conn, &traits(wanted))?;
    let found = found.into_iter().map(|item| {
        let keys = all_keys(&item);
        (item, keys)
    });
    Ok(found
        .filter(|(_, keys)| keys.iter().any(|key| set.contains(key.as_str())))
        .collect())
}

fn kept_for(
    conn: &mut SqliteConnection,
    items: &[(ListItem, Vec<String>)],
) -> Result<Kept, DbError> {
    let keys: HashSet<&String> = items.iter().flat_map(|(_, keys)| keys).collect();
    let keys: Vec<String> = keys.into_iter().cloned().collect();
    Kept::of_keys(conn, &keys)
}

/// By what the database finds entries that have these keys; it may find more.
fn traits(keys: &[String]) -> ItemTraits {
    let mut traits = ItemTraits::default();
    for key in keys {
        let (site, rest) = key.split_once(':').unwrap_or((key, ""));
        let number = || {
            rest.rsplit(':')
                .next()
                .and_then(|id| id.parse::<i64>().ok())
        }; // no number, no entry
        match site {
            "imdb" => traits.imdb_ids.push(rest.to_owned()),
            "tmdb" => traits.tmdb_ids.extend(number()),
            "tvdb" => traits.tvdb_ids.extend(number()),
            "trakt" => traits.trakt_ids.extend(number()),
            "source" => traits.entry_keys.push(key.clone()),
            "told" => add_ids(&mut traits, rest.rsplit(':').next().unwrap_or_default()),
            _ => traits.years.extend(years_of(rest)),
        }
    }
    traits.years.sort_unstable();
    traits.years.dedup();
    traits
}

/// Takes in `imdb-tt0113277,tmdb-680`.
fn add_ids(traits: &mut ItemTraits, ids: &str) {
    for (site, id) in ids.split(',').filter_map(|id| id.split_once('-')) {
        let number = || id.parse::<i64>().ok(); // no number, no entry
        match site {
            "imdb" => traits.imdb_ids.push(id.to_owned()),
            "tmdb" => traits.tmdb_ids.extend(number()),
            "tvdb" => traits.tvdb_ids.extend(number()),
            "trakt" => traits.trakt_ids.extend(number()),
            _ => {}
        }
    }
}

/// The years that what follows `title:` names: one, which may be none at all. No entry has a year that is no
/// number.
fn years_of(rest: &str) -> Vec<Option<i32>> {
    match rest.split(':').nth(1) {
        Some("") => vec![None],
        Some(year) => year.parse().ok().map(Some).into_iter().collect(), // finds nothing then
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_looked_for_by_what_their_keys_are_made_of() {
        let keys = [
            "imdb:tt0084787",
            "tmdb:movie:1091",
            "tvdb:tv:81189",
            "trakt:any:7",
            "source:letterboxd:the-thing",
            "title:movie:1982:the thing",
            "title:any::heat",
            "title:tv:1982:another: one",
        ];
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let expected = ItemTraits {
            imdb_ids: vec!["tt0084787".into()],
            tmdb_ids: vec![1091],
            tvdb_ids: vec![81_189],
            trakt_ids: vec![7],
            entry_keys: vec!["source:letterboxd:the-thing".into()],
            years: vec![None, Some(1982)],
        };
        assert_eq!(traits(&keys), expected);
    }
}
