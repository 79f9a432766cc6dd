//! What the tables say of the wishes at hand: read together, so that no wish costs a query.

use std::collections::HashMap;

use schema::{
    DbError, SqliteConnection,
    models::{Decision, DecisionKind, LedgerSeason, MediaType, SyncedItem, TitleFacts, TitleRef},
};

use super::{Place, key, place};
use crate::{
    plan::{Known, Wish},
    run::{
        new_lists::NewLists,
        wishes::{WishKey, Wishes},
    },
    target::Snapshot,
};

/// See the head of this file.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) ledger: HashMap<Place, SyncedItem>,
    seasons: HashMap<i32, Vec<LedgerSeason>>,
    pub(super) facts: HashMap<TitleRef, TitleFacts>,
    /// The last decision on each, with its reason and what would change it.
    pub(super) decisions: HashMap<WishKey, Decision>,
}

impl Batch {
    /// Reads the wishes and all that is known of them.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn load(
        conn: &mut SqliteConnection,
        target: &str,
        wishes: &Wishes,
        keys: &[WishKey],
        new: &NewLists,
    ) -> Result<(Vec<Wish>, Self), DbError> {
        let wishes = wishes.load(conn, keys, new)?;
        let mut batch = Self::default();
        for media_type in [MediaType::Movie, MediaType::Tv] {
            let of_type = wishes.iter().filter(|wish| wish.media_type == media_type);
            let numbers: Vec<i64> = of_type.map(|wish| wish.tmdb_id).collect();
            for row in SyncedItem::of_titles(conn, target, media_type, &numbers)? {
                let place = (row.media_type, row.tmdb_id, row.is_4k);
                batch.ledger.insert(place, row);
            }
        }
        let shows: Vec<TitleRef> = wishes
            .iter()
            .filter(|wish| wish.media_type == MediaType::Tv)
            .map(|wish| wish.title)
            .collect();
        for facts in TitleFacts::of(conn, &shows)? {
            batch.facts.insert(facts.title, facts);
        }
        let rows = batch.ledger.values();
        let items: Vec<i32> = rows
            .filter(|row| row.media_type == MediaType::Tv)
            .map(|row| row.id)
            .collect();
        for season in LedgerSeason::of_items(conn, &items)? {
            batch.seasons.entry(season.item).or_default().push(season);
        }
        let titles: Vec<TitleRef> = wishes.iter().map(|wish| wish.title).collect();
        for decision in Decision::latest_of(conn, &titles)? {
            let key = (decision.title, decision.is_4k);
            batch.decisions.insert(key, decision);
        }
        Ok((wishes, batch))
    }

    /// What is known of a wish.
    pub(super) fn known<'a>(&'a self, wish: &Wish, snapshot: &'a Snapshot) -> Known<'a> {
        let place = place(wish);
        let ledger = self.ledger.get(&place);
        Known {
            ledger,
            seasons: ledger
                .and_then(|row| self.seasons.get(&row.id))
                .map_or(&[], Vec::as_slice),
            media: snapshot.media.get(&(wish.media_type, wish.tmdb_id)),
            requests: snapshot.requests.get(&place).map_or(&[], Vec::as_slice),
            is_asked_otherwise: snapshot
                .requests
                .contains_key(&(place.0, place.1, !place.2)),
            facts: self.facts.get(&wish.title),
            refused_at: snapshot.refused_at.get(&place).copied(),
        }
    }

    /// Requests for it that were sent, or retried, in a row without success.
    pub(super) fn attempts(&self, wish: &Wish) -> i32 {
        self.ledger.get(&place(wish)).map_or(0, |row| row.attempts)
    }

    /// Takes over rows as they were stored.
    pub(super) fn remember(&mut self, rows: Vec<SyncedItem>) {
        for row in rows {
            let place = (row.media_type, row.tmdb_id, row.is_4k);
            self.ledger.insert(place, row);
        }
    }

    /// Whether this decision on a wish is the one that was made last.
    pub(super) fn is_last(&self, wish: &Wish, kind: DecisionKind, reason: &str) -> bool {
        self.decisions
            .get(&key(wish))
            .is_some_and(|last| last.decision == kind && last.reason == reason)
    }
}
