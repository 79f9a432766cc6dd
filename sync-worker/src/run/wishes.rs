//! Merges what the lists of a run ask for: the same title from several lists is one wish.

use std::{collections::HashMap, sync::Arc};

use runtime::settings::SeerrSettings;
use schema::{
    DbError,
    models::{Identity, List, ListItem, Title, TitleRef},
};

use super::read::ListRead;
use crate::{engine::Engine, plan::Wish};

/// What the lists of a run come to.
pub(crate) struct Merged {
    /// In the order of the lists and their ranks.
    pub(crate) wishes: Vec<Wish>,
    /// The lists with their entries as they are after identifying them.
    pub(crate) reads: Vec<ListRead>,
}

/// Merges; the entries are read again, since identifying them has changed some.
pub(crate) async fn merge(
    engine: &Engine,
    reads: &[ListRead],
    defaults: &SeerrSettings,
) -> Result<Merged, DbError> {
    let lists: Vec<_> = reads.iter().map(|read| read.list.id).collect();
    let (titles, items) = engine
        .db
        .read(move |conn| -> Result<_, DbError> {
            let mut items = Vec::new();
            for list in lists {
                // Reading may take long: nothing is asked for a list that was removed meanwhile.
                let list = List::find(conn, list)?.filter(|list| list.removed_at.is_none());
                let on_list = list.map(|list| ListItem::on_list(conn, list.id));
                items.push(on_list.transpose()?.unwrap_or_default());
            }
            Ok((Title::all(conn)?, items))
        })
        .await?;
    let titles: HashMap<TitleRef, Title> =
        titles.into_iter().map(|title| (title.id, title)).collect();
    let reads: Vec<ListRead> = reads
        .iter()
        .zip(items)
        .map(|(read, items)| ListRead {
            items: Arc::new(items),
            ..read.clone()
        })
        .collect();
    Ok(Merged {
        wishes: wishes(&reads, &titles, defaults),
        reads,
    })
}

fn wishes(
    reads: &[ListRead],
    titles: &HashMap<TitleRef, Title>,
    defaults: &SeerrSettings,
) -> Vec<Wish> {
    let mut places: HashMap<(TitleRef, bool), usize> = HashMap::new();
    let mut wishes: Vec<Wish> = Vec::new();
    for read in reads {
        let is_4k = read.policy.is_4k.unwrap_or(defaults.is_4k);
        let source = format!("{}:{}", read.list.list_type, read.list.list_id);
        for item in read.items.iter() {
            let title = item
                .title_ref
                .filter(|_| item.identity == Identity::Matched && item.left_at.is_none())
                .and_then(|title| titles.get(&title));
            let Some(title) = title else { continue };
            let known = places
                .get(&(title.id, is_4k))
                .and_then(|place| wishes.get_mut(*place));
            if let Some(wish) = known {
                if !wish.lists.contains(&read.list.id) {
                    wish.lists.push(read.list.id);
                    wish.sources = format!("{}, {source}", wish.sources);
                }
                wish.returned_at = wish.returned_at.max(item.returned_at);
                wish.imdb_id = wish.imdb_id.take().or_else(|| item.imdb_id.clone());
                continue;
            }
            places.insert((title.id, is_4k), wishes.len());
            wishes.push(Wish {
                title: title.id,
                media_type: title.media_type,
                tmdb_id: title.tmdb_id,
                name: title.title.clone(),
                year: title.year,
                imdb_id: item.imdb_id.clone(),
                is_4k,
                requested_as: read.policy.requested_as.unwrap_or(defaults.user_id),
                lists: vec![read.list.id],
                sources: source.clone(),
                returned_at: item.returned_at,
            });
        }
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::models::{FetchKind, ListId, ListPolicy, MediaType};

    fn at(minute: i64) -> chrono::NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    fn read(list: i32, titles: &[i32], is_4k: Option<bool>, requested_as: Option<i32>) -> ListRead {
        let items = titles
            .iter()
            .zip(1..)
            .map(|(title, rank)| ListItem {
                season: None,
                id: list * 100 + rank,
                list: ListId(list),
                entry_key: format!("imdb:tt{title}"),
                rank,
                title: format!("Title {title}"),
                original_title: None,
                year: Some(2000),
                media_type: Some(MediaType::Movie),
                imdb_id: Some(format!("tt{title}")),
                tmdb_id: None,
                tvdb_id: None,
                first_seen: at(i64::from(list)),
                returned_at: Some(at(i64::from(list))),
                left_at: None,
                fetch: None,
                identity: Identity::Matched,
                title_ref: Some(TitleRef(*title)),
                identity_reason: None,
                attempts: 0,
                next_try: None,
            })
            .collect();
        ListRead {
            list: List {
                status_cause: None,
                last_read_at: None,
                last_read_entries: None,
                last_error: None,
                last_error_at: None,
                accepts_shrink: false,
                id: ListId(list),
                list_type: "imdb".into(),
                list_id: format!("ls{list}"),
                list_url: String::new(),
                description: String::new(),
                item_count: 0,
                last_synced: None,
                status: FetchKind::Complete,
                status_reason: None,
                auto_sync: true,
                priority: "normal".into(),
                item_limit: None,
                from_settings: false,
                is_named: false,
                last_fetch: None,
                removed_at: None,
                created_at: at(0),
                updated_at: at(0),
            },
            policy: ListPolicy {
                shrink_limit_percent: None,
                list: ListId(list),
                is_4k,
                requested_as,
            },
            outcome: FetchKind::Complete,
            reason: None,
            read: 0,
            items: Arc::new(items),
        }
    }

    fn merged(reads: &[ListRead]) -> Vec<Wish> {
        let titles = (1..10)
            .map(|id| {
                let title = Title {
                    id: TitleRef(id),
                    media_type: MediaType::Movie,
                    tmdb_id: i64::from(id),
                    title: format!("Title {id}"),
                    year: Some(2000),
                    created_at: at(0),
                    updated_at: at(0),
                };
                (TitleRef(id), title)
            })
            .collect();
        let defaults = SeerrSettings {
            url: None,
            api_key: None,
            user_id: 1,
            is_4k: false,
            timeout_s: 60,
            settle_s: 120,
        };
        wishes(reads, &titles, &defaults)
    }

    #[test]
    fn a_title_on_two_lists_is_one_wish_that_names_both() {
        let wishes = merged(&[
            read(1, &[1, 2], None, None),
            read(2, &[2, 3], None, Some(7)),
        ]);
        assert_eq!(
            wishes.iter().map(|wish| wish.tmdb_id).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        assert_eq!(wishes[1].sources, "imdb:ls1, imdb:ls2");
        assert_eq!(wishes[1].requested_as, 1, "the first asking list's user");
        assert_eq!(wishes[1].returned_at, Some(at(2)));
        assert_eq!(wishes[2].requested_as, 7);
    }

    #[test]
    fn two_qualities_of_a_title_are_two_wishes() {
        let wishes = merged(&[read(1, &[1], None, None), read(2, &[1], Some(true), None)]);
        assert_eq!(
            wishes.iter().map(|wish| wish.is_4k).collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn entries_that_left_or_are_not_identified_wish_for_nothing() {
        let mut list = read(1, &[1, 2, 3], None, None);
        let items = Arc::make_mut(&mut list.items);
        items[0].left_at = Some(at(3));
        items[1].identity = Identity::NeedsReview;
        assert_eq!(
            merged(&[list])
                .iter()
                .map(|wish| wish.tmdb_id)
                .collect::<Vec<_>>(),
            [3]
        );
    }
}
