//! What is known of some entries without asking anybody: the id map, entries like them that were
//! matched before, and what people picked. Loaded for a page of entries, never as a whole.

use std::collections::{HashMap, HashSet};

use schema::{
    SqliteConnection,
    models::{IdSource, ListItem, MediaType, Pin, Title, TitleId, TitleRef},
};

use crate::pins::Kept;

use super::{
    Identified, PICKED, all_keys, ids_of, is_of_one_title, tmdb_id,
    trust::{SHARED, trust},
};

/// What an id or a key means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) media_type: MediaType,
    pub(super) tmdb_id: i64,
    /// How that is known.
    pub(super) known_by: String,
}

/// A title's name and year.
pub(super) type Name = (String, Option<i32>);

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdMap {
    by_id: HashMap<(IdSource, String), Vec<Meaning>>,
    alike: HashMap<String, Vec<Meaning>>,
    pub(super) names: HashMap<(MediaType, i64), Name>,
    pub(super) pins: Kept,
}

impl IdMap {
    /// Everything that is known of these entries.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn of(
        conn: &mut SqliteConnection,
        items: &[ListItem],
    ) -> Result<Self, schema::DbError> {
        let rows = ids_known(conn, &items.iter().flat_map(ids_of).collect::<Vec<_>>())?;
        let alike: Vec<&str> = items
            .iter()
            .map(|item| item.entry_key.as_str())
            .filter(|key| is_of_any_list(key))
            .collect();
        let alike = ListItem::matched_alike(conn, &alike)?;
        let keys: Vec<String> = items.iter().flat_map(all_keys).collect();
        let mut map = Self {
            pins: Kept::of_keys(conn, &keys)?,
            ..Self::default()
        };
        let refs: HashSet<TitleRef> = (rows.iter().map(|row| row.title))
            .chain(alike.iter().map(|alike| alike.title))
            .collect();
        let refs: Vec<TitleRef> = refs.into_iter().collect();
        let titles: HashMap<TitleRef, Title> = Title::of(conn, &refs)?
            .into_iter()
            .map(|title| (title.id, title))
            .collect();
        for row in rows {
            if let Some(title) = titles.get(&row.title) {
                map.add_id((row.source, row.external_id), meaning(title, row.known_by));
            }
        }
        for alike in alike {
            if let Some(title) = titles.get(&alike.title) {
                let meaning = meaning(title, alike.reason.unwrap_or_default());
                map.alike.entry(alike.entry_key).or_default().push(meaning);
            }
        }
        let numbers: Vec<i64> = items.iter().filter_map(tmdb_id).collect();
        for media_type in [MediaType::Movie, MediaType::Tv] {
            for title in Title::by_tmdb_ids(conn, media_type, &numbers)? {
                map.add_title(&title);
            }
        }
        for title in titles.values() {
            map.add_title(title);
        }
        Ok(map)
    }

    fn add_title(&mut self, title: &Title) {
        self.names.insert(
            (title.media_type, title.tmdb_id),
            (title.title.clone(), title.year),
        );
    }

    /// Adds what an id means, in the place of what is known by weaker evidence.
    pub(super) fn add_id(&mut self, id: (IdSource, String), meaning: Meaning) {
        let known = self.by_id.entry(id).or_default();
        known.retain(|one| {
            one.media_type != meaning.media_type || trust(&one.known_by) >= trust(&meaning.known_by)
        });
        let is_known = known
            .iter()
            .any(|one| (one.media_type, one.tmdb_id) == (meaning.media_type, meaning.tmdb_id));
        if !is_known {
            known.push(meaning);
        }
    }

    /// Adds what the ids of an entry mean that was matched; a person's choice teaches nothing.
    pub(crate) fn learn(&mut self, entry: &ListItem, identified: &Identified) {
        let Identified::Matched {
            media_type,
            tmdb_id,
            title,
            year,
            how,
        } = identified
        else {
            return;
        };
        if how == PICKED {
            return;
        }
        for id in ids_of(entry) {
            let meaning = Meaning {
                media_type: *media_type,
                tmdb_id: *tmdb_id,
                known_by: how.clone(),
            };
            self.add_id(id, meaning);
        }
        self.names
            .entry((*media_type, *tmdb_id))
            .or_insert_with(|| (title.clone(), *year));
    }

    /// What an id means for an entry of that type. An id that leaves two titles possible means nothing,
    /// nor does one of the other type where movies and shows are counted apart.
    pub(super) fn find(
        &self,
        id: &(IdSource, String),
        media_type: Option<MediaType>,
    ) -> Option<&Meaning> {
        let known = self.by_id.get(id)?;
        if known.iter().any(|meaning| meaning.known_by == SHARED) {
            return None;
        }
        let of_type: Vec<&Meaning> = known
            .iter()
            .filter(|meaning| media_type == Some(meaning.media_type))
            .collect();
        match (of_type.as_slice(), known.as_slice()) {
            ([only], _) => Some(only),
            ([], [only]) if is_of_one_title(id.0) => Some(only),
            _ => None,
        }
    }

    /// What an entry with the same key turned out to be on another list; nothing where entries with
    /// that key are different titles.
    pub(super) fn alike(&self, entry_key: &str) -> Option<&Meaning> {
        let (first, others) = self.alike.get(entry_key)?.split_first()?;
        others
            .iter()
            .all(|other| (other.media_type, other.tmdb_id) == (first.media_type, first.tmdb_id))
            .then_some(first)
    }

    /// What the title is called, where it was met before.
    pub(super) fn name(&self, media_type: MediaType, tmdb_id: i64) -> Option<&Name> {
        self.names.get(&(media_type, tmdb_id))
    }

    /// What a person picked for an entry with these keys; the newest choice counts.
    pub(super) fn pin(&self, keys: &[String]) -> Option<&Pin> {
        self.pins.chosen(keys)
    }
}

fn meaning(title: &Title, known_by: String) -> Meaning {
    Meaning {
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        known_by,
    }
}

/// Keys that mean the same on every list and that the id map does not know: titles, and what sites call
/// them.
fn is_of_any_list(entry_key: &str) -> bool {
    entry_key.starts_with("title:") || entry_key.starts_with("source:")
}

/// The rows of the map for some ids.
pub(super) fn ids_known(
    conn: &mut SqliteConnection,
    ids: &[(IdSource, String)],
) -> Result<Vec<TitleId>, schema::DbError> {
    let mut by_source: HashMap<IdSource, HashSet<&str>> = HashMap::new();
    for (source, id) in ids {
        by_source.entry(*source).or_default().insert(id);
    }
    let mut rows = Vec::new();
    for (source, ids) in by_source {
        let ids: Vec<&str> = ids.into_iter().collect();
        rows.extend(TitleId::of(conn, source, &ids)?);
    }
    Ok(rows)
}
