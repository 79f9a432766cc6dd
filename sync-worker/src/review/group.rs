//! Which waiting entries are the same: what a person picks for one is picked for all of them. Pure.

use std::collections::HashMap;

use schema::{models::ListItem, wire::sync::ReviewPlace};

use crate::{identity::keys, pins::is_same};

/// Most lists that are named.
const PLACES: usize = 10;

/// Entries that are the same.
#[derive(Debug)]
pub(super) struct Group {
    /// The one to pick with.
    pub(super) first: ListItem,
    /// Lists that have it, not more than a few.
    pub(super) lists: Vec<ReviewPlace>,
    /// How many lists have it.
    pub(super) list_count: u32,
    keys: Vec<String>,
    /// The list that was counted last; entries come list by list.
    last_list: i32,
}

impl Group {
    fn new(first: ListItem, keys: Vec<String>) -> Self {
        Self {
            first,
            lists: Vec::new(),
            list_count: 0,
            keys,
            last_list: 0,
        }
    }

    /// A list may have it more than once, as two seasons of one show.
    fn add(&mut self, list: schema::models::ListId, name: String, rank: i32) {
        let is_named = self.lists.iter().any(|place| place.list == list);
        if is_named || self.last_list == list.0 {
            return;
        }
        self.last_list = list.0;
        self.list_count = self.list_count.saturating_add(1);
        if self.lists.len() < PLACES {
            self.lists.push(ReviewPlace { list, name, rank });
        }
    }
}

/// The entries in their order, each with the name of its list, those that are the same together.
pub(super) fn groups(rows: Vec<(ListItem, String)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (item, name) in rows {
        let keys = keys(&item);
        let (list, rank) = (item.list, item.rank);
        let known = keys
            .iter()
            .filter_map(|key| by_key.get(key))
            .flatten()
            .copied()
            .find(|place| {
                let group = groups.get(*place);
                group.is_some_and(|group| is_same(&group.keys, &keys))
            });
        let place = known.unwrap_or_else(|| {
            for key in &keys {
                by_key.entry(key.clone()).or_default().push(groups.len());
            }
            groups.push(Group::new(item, keys));
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.add(list, name, rank);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use schema::models::{ListId, MediaType};

    use super::*;
    use crate::identity::sample::item;

    fn row(id: i32, list: i32, of: ListItem) -> (ListItem, String) {
        let item = ListItem {
            id,
            list: ListId(list),
            rank: id,
            ..of
        };
        (item, format!("list {list}"))
    }

    fn with_imdb(id: &str) -> ListItem {
        ListItem {
            imdb_id: Some(id.into()),
            ..item("The Thing", 1982, MediaType::Movie)
        }
    }

    #[test]
    fn an_entry_on_three_lists_is_one_and_another_stays_another() {
        let plain = || item("The Thing", 1982, MediaType::Movie);
        let named = |name: &str| ListItem {
            entry_key: format!("source:letterboxd:{name}"),
            ..plain()
        };
        let rows = vec![
            row(1, 1, named("the-thing")),
            row(2, 1, named("the-thing-1")),
            row(3, 2, with_imdb("tt1")),
            row(4, 2, with_imdb("tt2")),
            row(5, 3, plain()),
            row(6, 4, with_imdb("tt1")),
            row(7, 4, with_imdb("tt1")),
            row(8, 5, named("the-thing-1")),
        ];
        let told: Vec<String> = groups(rows)
            .iter()
            .map(|group| {
                let lists: Vec<i32> = group.lists.iter().map(|place| place.list.0).collect();
                format!("{} on {lists:?}", group.first.id)
            })
            .collect();
        assert_eq!(
            told,
            ["1 on [1, 3]", "2 on [1, 5]", "3 on [2, 4]", "4 on [2]"]
        );
    }

    #[test]
    fn a_thousand_lists_are_counted_and_ten_are_named() {
        let rows = (1..=1_000)
            .map(|id| row(id, id, with_imdb("tt1")))
            .collect();
        let groups = groups(rows);
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].list_count, groups[0].lists.len()), (1_000, 10));
    }

    #[test]
    fn entries_without_a_name_are_each_their_own() {
        let rows = vec![
            row(1, 1, item("", None, None)),
            row(2, 2, item("", None, None)),
        ];
        assert_eq!(groups(rows).len(), 2);
    }
}
