//! Titles that scripts send directly. They live on a list of their own, so that identity, ledger and
//! retries treat them like any other entry; nothing is ever removed from it.

use schema::{
    DbError,
    models::{FetchKind, List, ListItem, ListPolicy, NewList},
    wire::{scraper::Entry, sync::CustomEntry},
};

use crate::{
    engine::Engine,
    events::{ListChange, list_changed},
    run::Reading,
    run::membership_changes,
};

/// `list_type` and `list_id` of that list.
pub(crate) const LIST_TYPE: &str = "custom";

/// Puts the titles on the list, which is made when it is missing.
pub(crate) async fn store(
    engine: &Engine,
    titles: Vec<CustomEntry>,
) -> Result<(List, ListPolicy), DbError> {
    let now = engine.clock.now();
    engine
        .write(move |conn, events| {
            let known = List::find_by_name(conn, LIST_TYPE, LIST_TYPE)?;
            let is_new = known.as_ref().is_none_or(|list| list.removed_at.is_some());
            let list = match known {
                Some(list) if list.removed_at.is_none() => list,
                Some(list) => List::set_removed(conn, list.id, None, now)?,
                None => List::insert(
                    conn,
                    &NewList {
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
                    },
                )?,
            };
            if is_new {
                events.push(list_changed(&list, ListChange::Added, now));
            }
            let stored = ListItem::of_list(conn, list.id)?;
            let entries: Vec<Entry> = (1..)
                .zip(titles)
                .map(|(rank, title)| entry(rank, title))
                .collect();
            let reading = Reading {
                list: list.id,
                fetch: None,
                is_complete: false,
                now,
            };
            let changes = membership_changes(&stored, &entries, reading);
            ListItem::insert(conn, &changes.added)?;
            let count = ListItem::of_list(conn, list.id)?.len();
            List::read_completely(
                conn,
                list.id,
                None,
                i32::try_from(count).unwrap_or(i32::MAX),
                now,
            )?;
            let policy = ListPolicy::of(conn, list.id)?;
            Ok((list, policy))
        })
        .await
}

fn entry(rank: u32, title: CustomEntry) -> Entry {
    Entry {
        season: None,
        rank,
        title: title.title,
        original_title: None,
        year: title.year,
        media_type: title.media_type,
        imdb_id: title.imdb_id.and_then(|id| imdb_id(&id)),
        tmdb_id: title.tmdb_id,
        tvdb_id: None,
        source_id: None,
    }
}

/// `tt…` of an id that may read `imdb://tt…`, as Plex writes it.
fn imdb_id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches("imdb://");
    let digits = id.strip_prefix("tt")?;
    (digits.len() >= 7 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_as_plex_writes_them() {
        assert_eq!(imdb_id("imdb://tt0133093").as_deref(), Some("tt0133093"));
        assert_eq!(imdb_id("tt0133093").as_deref(), Some("tt0133093"));
        assert_eq!(imdb_id("tmdb://603"), None);
        assert_eq!(imdb_id("tt"), None);
    }
}
