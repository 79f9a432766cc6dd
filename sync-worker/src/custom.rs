//! Titles that scripts send directly. They live on a list of their own, so that identity, ledger and
//! retries treat them like any other entry. Sending some removes none of the others.

use std::collections::{HashMap, HashSet};

use schema::{
    DbError, SqliteConnection,
    models::{FetchKind, List, ListItem, ListPolicy, NewList, NewListItem},
    wire::{scraper::Entry, sync::CustomEntry},
};

use chrono::NaiveDateTime;

use crate::{
    engine::Engine,
    events::{ListChange, list_changed},
    identity::imdb_id,
    run::{
        Gathered, membership_row,
        record::{self, Reading},
    },
};

/// `list_type` and `list_id` of that list.
pub(crate) const LIST_TYPE: &str = "custom";

/// Puts the titles on the list, which is made when it is missing.
///
/// A title that was sent before keeps its place; it is on the list again if it had left, and what is
/// told of it now counts.
pub(crate) async fn store(
    engine: &Engine,
    titles: Vec<CustomEntry>,
) -> Result<(List, ListPolicy), DbError> {
    let now = engine.clock.now();
    engine
        .write(move |conn, events| {
            let (list, is_new) = ensure(conn, now)?;
            if is_new {
                events.push(list_changed(&list, ListChange::Added, now));
            }
            let gathered = gather(conn, &list, titles, now)?;
            let reading = Reading {
                list: list.id,
                fetch: None,
                is_complete: false,
                now,
            };
            let on_list = ListItem::ids_on_list(conn, list.id)?;
            record::write(conn, gathered, reading, on_list)?;
            let count = ListItem::count_on_list(conn, list.id)?;
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            List::read_completely(conn, list.id, None, count, now)?;
            let policy = ListPolicy::of(conn, list.id)?;
            Ok((list, policy))
        })
        .await
}

/// The list with what was sent so far; none when it was removed.
pub(crate) async fn list(engine: &Engine) -> Result<Option<(List, ListPolicy)>, DbError> {
    engine
        .db
        .read(|conn| -> Result<_, DbError> {
            let list = List::find_by_name(conn, LIST_TYPE, LIST_TYPE)?;
            let Some(list) = list.filter(|list| list.removed_at.is_none()) else {
                return Ok(None);
            };
            let policy = ListPolicy::of(conn, list.id)?;
            Ok(Some((list, policy)))
        })
        .await
}

/// The list, and whether it was not there.
fn ensure(conn: &mut SqliteConnection, now: NaiveDateTime) -> Result<(List, bool), DbError> {
    let list = match List::find_by_name(conn, LIST_TYPE, LIST_TYPE)? {
        Some(list) if list.removed_at.is_none() => return Ok((list, false)),
        Some(list) => {
            // What was sent before it was removed is not asked for any more.
            let before = ListItem::ids_on_list(conn, list.id)?;
            let before: Vec<i32> = before.into_iter().collect();
            ListItem::mark_left(conn, &before, now, None)?;
            List::set_removed(conn, list.id, None, now)?
        }
        None => {
            let new = NewList {
                list_type: LIST_TYPE.to_owned(),
                list_id: LIST_TYPE.to_owned(),
                list_url: String::new(),
                description: "Sent by scripts".to_owned(),
                status: FetchKind::Complete,
                auto_sync: true,
                item_limit: None,
                from_settings: false,
                created_at: now,
                updated_at: now,
            };
            List::insert(conn, &new)?
        }
    };
    Ok((list, true))
}

/// Holds the titles against those that were sent before, whose place they keep; others come after them.
fn gather(
    conn: &mut SqliteConnection,
    list: &List,
    titles: Vec<CustomEntry>,
    now: NaiveDateTime,
) -> Result<Gathered, DbError> {
    let mut rows: Vec<NewListItem> = titles
        .into_iter()
        .map(|title| membership_row(entry(title), list.id, now))
        .collect();
    let mut keys = HashSet::new();
    rows.retain(|row| keys.insert(row.entry_key.clone()));
    let keys: Vec<&str> = rows.iter().map(|row| row.entry_key.as_str()).collect();
    let stored = ListItem::by_keys(conn, list.id, &keys)?;
    let ranks: HashMap<&str, i32> = stored
        .iter()
        .map(|item| (item.entry_key.as_str(), item.rank))
        .collect();
    let mut highest = ListItem::last_rank(conn, list.id)?;
    for row in &mut rows {
        row.rank = ranks
            .get(row.entry_key.as_str())
            .copied()
            .unwrap_or_else(|| {
                highest = highest.saturating_add(1);
                highest
            });
    }
    let mut gathered = Gathered::default();
    gathered.take(rows, &stored);
    Ok(gathered)
}

/// Ids may stand in any of the fields, as Plex writes them: `imdb://tt0133093`, `tmdb://603`,
/// `tvdb://81189`.
fn entry(title: CustomEntry) -> Entry {
    let told = title.imdb_id.as_deref().unwrap_or_default().trim();
    let number = |site: &str| {
        told.strip_prefix(site)
            .and_then(|number| number.parse::<i64>().ok()) // text that is no number is no id
            .filter(|number| *number > 0)
    };
    Entry {
        rank: 0,
        title: title.title,
        original_title: None,
        year: title.year,
        media_type: title.media_type,
        imdb_id: imdb_id(told),
        tmdb_id: title.tmdb_id.or_else(|| number("tmdb://")),
        tvdb_id: title.tvdb_id.or_else(|| number("tvdb://")),
        trakt_id: None,
        season: title.season,
        source_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_as_plex_writes_them() {
        let told = |id: &str| {
            let entry = entry(CustomEntry {
                title: "T".into(),
                imdb_id: Some(id.into()),
                ..CustomEntry::default()
            });
            (entry.imdb_id, entry.tmdb_id, entry.tvdb_id)
        };
        let matrix = || Some("tt0133093".to_owned());
        assert_eq!(told("imdb://tt0133093"), (matrix(), None, None));
        assert_eq!(told(" tt0133093 "), (matrix(), None, None));
        assert_eq!(told("tmdb://603"), (None, Some(603), None));
        assert_eq!(told("tvdb://81189"), (None, None, Some(81_189)));
        for none in [
            "tt",
            "tmdb://",
            "tvdb://x",
            "tvdb://-1",
            "plex://movie/1",
            "",
        ] {
            assert_eq!(told(none), (None, None, None), "{none}");
        }
    }
}
