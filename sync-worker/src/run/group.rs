//! Entries of different lists that are the same entry, so that each is asked about once: pure.

use std::collections::HashMap;

use schema::models::{ListItem, MediaType};

use crate::identity;

/// Entries that share a key (see [`identity::keys`]) and none of whose ids differ.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) items: Vec<ListItem>,
    /// The keys of all of them.
    pub(super) keys: Vec<String>,
}

impl Group {
    /// The entry to look for: the first with an id, with what only others tell. One reading may have
    /// learned the ids that another could not.
    pub(super) fn entry(&self) -> Option<ListItem> {
        let has_id = |item: &&ListItem| {
            item.imdb_id.is_some() || item.tmdb_id.is_some() || item.tvdb_id.is_some()
        };
        let first = self.items.iter().find(has_id).or(self.items.first())?;
        let mut entry = first.clone();
        for item in &self.items {
            entry.imdb_id = entry.imdb_id.or_else(|| item.imdb_id.clone());
            entry.tmdb_id = entry.tmdb_id.or(item.tmdb_id);
            entry.tvdb_id = entry.tvdb_id.or(item.tvdb_id);
            entry.trakt_id = entry.trakt_id.or(item.trakt_id);
            entry.media_type = entry.media_type.or(item.media_type);
            entry.year = entry.year.or(item.year);
            entry.original_title = entry.original_title.or_else(|| item.original_title.clone());
        }
        Some(entry)
    }

    /// What is asked for the group: groups with the same question have the same answer.
    pub(super) fn question(&self) -> String {
        let Some(entry) = self.entry() else {
            return String::new();
        };
        format!(
            "{:?}",
            (
                entry.imdb_id,
                entry.tmdb_id,
                entry.tvdb_id,
                entry.media_type,
                entry.year,
                entry.title,
                entry.original_title,
            )
        )
    }

    /// Whether nothing that an entry tells differs from what the others tell. Entries that share one id
    /// and differ in another contradict each other; each is then looked at by itself.
    fn takes(&self, item: &ListItem) -> bool {
        fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        self.items.iter().all(|known| {
            agree(known.imdb_id.as_ref(), item.imdb_id.as_ref())
                && agree(known.tmdb_id.as_ref(), item.tmdb_id.as_ref())
                && agree(known.tvdb_id.as_ref(), item.tvdb_id.as_ref())
                && agree(known.trakt_id.as_ref(), item.trakt_id.as_ref())
                && agree::<MediaType>(known.media_type.as_ref(), item.media_type.as_ref())
                && is_said_alike(known, item)
        })
    }
}

/// Whether two entries with an id in common may be one: an id may be wrong on one list, and then the
/// entries have other titles too. IMDb's ids go by no title.
fn is_said_alike(one: &ListItem, other: &ListItem) -> bool {
    let is_of_imdb = one.imdb_id.is_some() && one.imdb_id == other.imdb_id;
    let is_untitled = one.title.trim().is_empty() || other.title.trim().is_empty();
    is_of_imdb || is_untitled || identity::is_titled_alike(&one.title, &other.title)
}

/// The entries in groups, in the order of the first of each.
pub(super) fn groups(items: Vec<ListItem>) -> Vec<Group> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for item in items {
        let keys = identity::all_keys(&item);
        let place = keys
            .iter()
            .filter_map(|key| places.get(key).copied())
            .find(|place| groups.get(*place).is_some_and(|group| group.takes(&item)))
            .unwrap_or(groups.len());
        for key in &keys {
            places.entry(key.clone()).or_insert(place);
        }
        match groups.get_mut(place) {
            Some(group) => {
                let new: Vec<_> = keys
                    .into_iter()
                    .filter(|key| !group.keys.contains(key))
                    .collect();
                group.keys.extend(new);
                group.items.push(item);
            }
            None => groups.push(Group {
                items: vec![item],
                keys,
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use MediaType::{Movie, Tv};

    use super::{super::identify::tests::item, *};

    fn lists(groups: &[Group]) -> Vec<Vec<i32>> {
        let lists = |group: &Group| group.items.iter().map(|item| item.list.0).collect();
        groups.iter().map(lists).collect()
    }

    fn named(list: i32, imdb_id: Option<&str>, tmdb_id: Option<i64>) -> ListItem {
        ListItem {
            entry_key: "source:letterboxd:heat".into(),
            imdb_id: imdb_id.map(str::to_owned),
            tmdb_id,
            media_type: None,
            ..item(list)
        }
    }

    #[test]
    fn entries_with_a_key_in_common_are_one_and_what_only_one_tells_counts_for_all() {
        let by_id = ListItem {
            trakt_id: Some(7),
            ..item(3)
        };
        let groups = groups(vec![
            named(1, None, None),
            named(2, Some("tt0113277"), None),
            ListItem {
                imdb_id: Some("tt0113277".into()),
                ..by_id
            },
        ]);
        assert_eq!(lists(&groups), [[1, 2, 3]]);
        let entry = groups[0].entry().unwrap();
        assert_eq!(entry.list.0, 2, "the first with an id");
        assert_eq!((entry.trakt_id, entry.media_type), (Some(7), Some(Movie)));
    }

    #[test]
    fn entries_that_share_an_id_and_differ_in_another_are_not_one() {
        let both = groups(vec![
            named(1, Some("tt1"), Some(5)),
            named(2, Some("tt1"), Some(6)),
        ]);
        assert_eq!(lists(&both), [[1], [2]]);
        let show = ListItem {
            media_type: Some(Tv),
            ..named(2, Some("tt1"), None)
        };
        let film = ListItem {
            media_type: Some(Movie),
            ..named(1, Some("tt1"), None)
        };
        assert_eq!(lists(&groups(vec![film, show])), [[1], [2]]);
    }

    #[test]
    fn entries_without_ids_are_one_by_title_year_and_kind() {
        let plain = |list, title: &str, year| ListItem {
            entry_key: format!("title:{list}"),
            imdb_id: None,
            title: title.into(),
            year,
            ..item(list)
        };
        let groups = groups(vec![
            plain(1, "Heat", Some(1995)),
            plain(2, "HEAT!", Some(1995)),
            plain(3, "Heat", Some(1986)),
        ]);
        assert_eq!(lists(&groups), [vec![1, 2], vec![3]]);
    }
}
