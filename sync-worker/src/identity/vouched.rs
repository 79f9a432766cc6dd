//! Which lists' ids belong together because one curated database gives them all. What a person's file, a
//! feed, a page or a script pairs is believed once somebody else has said the same.

use std::collections::HashSet;

use schema::{
    DbError, SqliteConnection,
    models::{List, ListId, ListItem},
};

/// Sites that keep one record per title with its ids at other sites, or map them by such a record.
const CURATED: [&str; 11] = [
    "anilist",
    "imdb",
    "letterboxd",
    "mdblist",
    "myanimelist",
    "plex",
    "simkl",
    "stevenlu",
    "tmdb",
    "trakt",
    "tvdb",
];

/// Those of some lists whose ids belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vouched {
    lists: HashSet<ListId>,
}

impl Vouched {
    /// Those of the lists that these entries are on.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn of(conn: &mut SqliteConnection, items: &[ListItem]) -> Result<Self, DbError> {
        let lists: HashSet<ListId> = items.iter().map(|item| item.list).collect();
        let mut vouched = Self::default();
        for id in lists {
            if List::find(conn, id)?.is_some_and(|list| is_curated(&list.list_type)) {
                vouched.lists.insert(id);
            }
        }
        Ok(vouched)
    }

    /// Whether the ids of an entry belong together.
    pub(crate) fn covers(&self, item: &ListItem) -> bool {
        self.lists.contains(&item.list)
    }

    /// Whether the ids of `entry`, which several entries told together, belong together: one of them
    /// told them all and is vouched for.
    pub(crate) fn covers_all(&self, entry: &ListItem, items: &[ListItem]) -> bool {
        items.iter().any(|item| {
            self.covers(item)
                && item.tmdb_id == entry.tmdb_id
                && item.imdb_id == entry.imdb_id
                && item.tvdb_id == entry.tvdb_id
        })
    }
}

fn is_curated(list_type: &str) -> bool {
    CURATED.contains(&list_type)
}

#[cfg(test)]
mod tests {
    use schema::models::MediaType::Movie;

    use super::{super::sample::item, *};

    #[test]
    fn what_people_and_scripts_pair_is_nobodys_record() {
        for site in ["file", "url", "web", "custom", "", "someday"] {
            assert!(!is_curated(site), "{site}");
        }
        assert!(is_curated("trakt") && is_curated("anilist"));
    }

    #[test]
    fn ids_from_two_places_are_vouched_for_only_where_one_place_tells_them_all() {
        let of = |list: i32, tmdb_id, imdb_id: Option<&str>| ListItem {
            list: ListId(list),
            tmdb_id,
            imdb_id: imdb_id.map(str::to_owned),
            ..item("Heat", 1995, Movie)
        };
        let vouched = Vouched {
            lists: HashSet::from([ListId(1)]),
        };
        let merged = of(2, Some(949), Some("tt0113277"));
        let of_file = of(2, Some(949), None);
        let half = of(1, None, Some("tt0113277"));
        assert!(!vouched.covers_all(&merged, &[of_file.clone(), half]));
        let whole = of(1, Some(949), Some("tt0113277"));
        assert!(vouched.covers_all(&merged, &[of_file, whole]));
    }
}
