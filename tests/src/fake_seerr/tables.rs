//! The two tables of the fake Seerr's database, with the indexes that keep 100,000 rows quick. Rows stand in the order of
//! their numbers, which are never given twice. What a change means for other rows is in `state.rs`.

use std::collections::{HashMap, HashSet};

use super::rows::{Media, Requested};
use super::world::Kind;

/// Titles.
#[derive(Default)]
pub(super) struct MediaTable {
    rows: Vec<Media>,
    by_title: HashMap<(Kind, i64), Vec<i64>>,
    tvdb: HashSet<i64>,
    last: i64,
}

impl MediaTable {
    pub(super) fn all(&self) -> &[Media] {
        &self.rows
    }

    pub(super) fn get(&self, id: i64) -> Option<&Media> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id);
        self.rows.get(at.ok()?)
    }

    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut Media> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id);
        self.rows.get_mut(at.ok()?)
    }

    /// The oldest row of that title; there can be several.
    pub(super) fn first_of(&self, kind: Kind, tmdb_id: i64) -> Option<&Media> {
        self.get(*self.by_title.get(&(kind, tmdb_id))?.first()?)
    }

    /// Whether a show has that TVDB number.
    pub(super) fn has_tvdb(&self, tvdb_id: i64) -> bool {
        self.tvdb.contains(&tvdb_id)
    }

    /// Adds a row and gives it its number.
    pub(super) fn insert(&mut self, mut row: Media) -> i64 {
        self.last += 1;
        row.id = self.last;
        let of_title = self.by_title.entry((row.kind, row.tmdb_id)).or_default();
        of_title.push(row.id);
        if row.kind == Kind::Tv {
            self.tvdb.extend(row.tvdb_id);
        }
        self.rows.push(row);
        self.last
    }

    pub(super) fn remove(&mut self, id: i64) {
        let Ok(at) = self.rows.binary_search_by_key(&id, |row| row.id) else {
            return;
        };
        let row = self.rows.remove(at);
        if let Some(of_title) = self.by_title.get_mut(&(row.kind, row.tmdb_id)) {
            of_title.retain(|known| *known != id);
        }
        if let Some(tvdb_id) = row.tvdb_id {
            self.tvdb.remove(&tvdb_id);
        }
    }
}

/// Requests.
#[derive(Default)]
pub(super) struct RequestTable {
    rows: Vec<Requested>,
    by_media: HashMap<i64, Vec<i64>>,
    by_title: HashMap<(Kind, i64), Vec<i64>>,
    by_user: HashMap<i64, usize>,
    last: i64,
}

impl RequestTable {
    pub(super) fn all(&self) -> &[Requested] {
        &self.rows
    }

    pub(super) fn get(&self, id: i64) -> Option<&Requested> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id);
        self.rows.get(at.ok()?)
    }

    /// A row to change in what no index holds: anything but title and user.
    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut Requested> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id);
        self.rows.get_mut(at.ok()?)
    }

    /// Requests for one row of a title, the oldest first.
    pub(super) fn of_media(&self, media_id: i64) -> impl Iterator<Item = &Requested> {
        let ids = self.by_media.get(&media_id).into_iter().flatten();
        ids.filter_map(|id| self.get(*id))
    }

    /// Requests for a title, whichever of its rows they belong to, the oldest first.
    pub(super) fn of_title(&self, kind: Kind, tmdb_id: i64) -> impl Iterator<Item = &Requested> {
        let ids = self.by_title.get(&(kind, tmdb_id)).into_iter().flatten();
        ids.filter_map(|id| self.get(*id))
    }

    /// How many that user made.
    pub(super) fn count_of(&self, user: i64) -> usize {
        self.by_user.get(&user).copied().unwrap_or(0)
    }

    /// Adds a row and gives it its number.
    pub(super) fn insert(&mut self, mut row: Requested) -> i64 {
        self.last += 1;
        row.id = self.last;
        self.by_media.entry(row.media_id).or_default().push(row.id);
        let of_title = self.by_title.entry((row.kind, row.tmdb_id)).or_default();
        of_title.push(row.id);
        *self.by_user.entry(row.requested_by).or_default() += 1;
        self.rows.push(row);
        self.last
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<Requested> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id).ok()?; // not there: nothing to remove
        let row = self.rows.remove(at);
        let lists = [
            self.by_media.get_mut(&row.media_id),
            self.by_title.get_mut(&(row.kind, row.tmdb_id)),
        ];
        for ids in lists.into_iter().flatten() {
            ids.retain(|known| *known != id);
        }
        if let Some(count) = self.by_user.get_mut(&row.requested_by) {
            *count = count.saturating_sub(1);
        }
        Some(row)
    }

    /// Removes every request for one row of a title.
    pub(super) fn remove_of_media(&mut self, media_id: i64) {
        for id in self.by_media.get(&media_id).cloned().unwrap_or_default() {
            self.remove(id);
        }
    }
}
