//! Which pin holds for an entry: the rule, and the pins that may.

use std::collections::HashMap;

use schema::{DbError, SqliteConnection, models::Pin};

/// Whether two entries with these keys, the surest first, are the same entry. The surest kind of key that
/// both have decides: films that IMDb tells apart are two, though they share a title and a year.
pub(crate) fn is_same(one: &[String], other: &[String]) -> bool {
    for key in one {
        // What another says as a whole speaks against nothing.
        if kind(key) == TOLD {
            if other.contains(key) {
                return true;
            }
            continue;
        }
        let of_kind = |known: &&String| kind(known) == kind(key);
        if other.iter().any(|known| of_kind(&known)) {
            return one.iter().filter(of_kind).any(|own| other.contains(own));
        }
    }
    false
}

/// What the key is a key of: `imdb`, `tmdb:movie`, `source:letterboxd`, `title`, `told`.
fn kind(key: &str) -> &str {
    let end = match key.split_once(':') {
        Some(("source", rest)) => rest.find(':').map(|place| place + "source:".len()),
        Some(("title" | "imdb" | "told", _)) => key.find(':'),
        _ => key.rfind(':'),
    };
    end.and_then(|end| key.get(..end)).unwrap_or(key)
}

/// The kind of the key that tells an entry as a whole.
const TOLD: &str = "told";

/// Whether a pin was made for just what an entry says, wrong ids and all.
fn is_for_the_whole(keys: &[String], pinned: &[String]) -> bool {
    keys.iter()
        .any(|key| kind(key) == TOLD && pinned.contains(key))
}

/// Pins that may hold for some entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pins: HashMap<i32, (Pin, Vec<String>)>,
    by_key: HashMap<String, i32>,
}

impl Kept {
    /// Those that have one of these keys.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn of_keys(conn: &mut SqliteConnection, keys: &[String]) -> Result<Self, DbError> {
        let mut kept = Self::default();
        for (key, pin) in Pin::by_keys(conn, keys)? {
            kept.by_key.insert(key, pin.id);
            kept.pins.insert(pin.id, (pin, Vec::new()));
        }
        let ids: Vec<i32> = kept.pins.keys().copied().collect();
        for (pin, key) in Pin::keys_of(conn, &ids)? {
            if let Some((_, keys)) = kept.pins.get_mut(&pin) {
                keys.push(key);
            }
        }
        Ok(kept)
    }

    /// Adds a pin under its keys.
    #[cfg(test)]
    pub(crate) fn add(&mut self, pin: Pin, keys: &[&str]) {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        for key in &keys {
            self.by_key.insert(key.clone(), pin.id);
        }
        self.pins.insert(pin.id, (pin, keys));
    }

    /// The newest pin that was made for an entry with these keys, the surest first; one for the whole of
    /// what it says goes before those for one of its ids.
    pub(crate) fn chosen(&self, keys: &[String]) -> Option<&Pin> {
        let found = keys.iter().filter_map(|key| self.by_key.get(key));
        found
            .filter_map(|id| self.pins.get(id))
            .filter(|(_, pinned)| is_same(keys, pinned))
            .max_by_key(|(pin, pinned)| (is_for_the_whole(keys, pinned), pin.id))
            .map(|(pin, _)| pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(one: &[&str], other: &[&str]) -> bool {
        let owned =
            |keys: &[&str]| -> Vec<String> { keys.iter().map(|key| (*key).to_owned()).collect() };
        is_same(&owned(one), &owned(other))
    }

    #[test]
    fn the_surest_kind_of_key_that_both_have_decides() {
        let title = "title:movie:1982:the thing";
        for (one, other, same) in [
            (&["imdb:tt1"][..], &["imdb:tt1"][..], true),
            (&["imdb:tt1"], &["imdb:tt2"], false),
            (
                &["imdb:tt1", "trakt:movie:5"],
                &["imdb:tt2", "trakt:movie:5"],
                false,
            ),
            (
                &["imdb:tt1", "trakt:movie:5"],
                &["imdb:tt1", "trakt:movie:6"],
                true,
            ),
            (&["imdb:tt1", "trakt:movie:5"], &["trakt:movie:5"], true),
            (&["tmdb:movie:5"], &["tmdb:tv:5"], false),
            (
                &["tmdb:movie:5", "tvdb:movie:7"],
                &["tmdb:any:5", "tvdb:movie:7"],
                true,
            ),
            (&[title], &[title], true),
            (&["source:letterboxd:a", title], &[title], true),
            (
                &["source:letterboxd:a", title],
                &["source:letterboxd:b", title],
                false,
            ),
            (
                &["source:letterboxd:a", title],
                &["source:tvdb:a", title],
                true,
            ),
            (
                &["source:letterboxd:a:1", title],
                &["source:letterboxd:a:2", title],
                false,
            ),
            (&["imdb:tt1"], &[title], false),
            (&[], &[title], false),
        ] {
            assert_eq!(is(one, other), same, "{one:?} {other:?}");
            assert_eq!(is(other, one), same, "{other:?} {one:?}");
        }
    }
}
