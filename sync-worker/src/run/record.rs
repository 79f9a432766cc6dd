//! Records the reading of a list: what came onto it, changed and left it, in one transaction.
//!
//! A reading that was partial, refused or failed removes nothing and keeps the last good count. One that
//! shrank too much changes nothing, and so does one that another reading has overtaken.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use schema::{
    DbError, SqliteConnection,
    models::{
        Cause, EventKind, FetchKind, Identity, List, ListId, ListItem, ListPolicy, ListSetback,
        NewEvent, NewListItem, RunId, Title,
    },
    wire::scraper::ListFetched,
};

use super::{membership::Gathered, shrink::Shrink};
use crate::{
    engine::Engine,
    identity::{self, PICKED},
};

/// Entries stored at once.
const BATCH: usize = 500;

/// What became of a reading that was stored.
pub(crate) struct Recorded {
    pub(crate) list: List,
    pub(crate) outcome: FetchKind,
    /// Why it was not complete, and what can be done.
    pub(crate) reason: Option<String>,
    /// What of it changed.
    pub(crate) written: Written,
}

/// What a reading changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Entries that were never on the list before.
    pub(crate) added: usize,
    /// Entries that are on it no longer.
    pub(crate) left: usize,
}

/// The reading that is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The list.
    pub(crate) list: ListId,
    /// Its row in `fetches`.
    pub(crate) fetch: Option<i32>,
    /// Whether all of the list was read; only then can anything have left it.
    pub(crate) is_complete: bool,
    /// When.
    pub(crate) now: NaiveDateTime,
}

/// Stores what changed. `list` is what it was when the reading began.
pub(crate) async fn store(
    engine: &Engine,
    run: Option<RunId>,
    list: List,
    gathered: Gathered,
    fetched: ListFetched,
) -> Result<Recorded, DbError> {
    let now = engine.clock.now();
    let general = engine.settings().settings.sync.shrink_limit_percent;
    engine.feed.reading_ended(list.id);
    engine
        .write(move |conn, events| {
            // It may have been changed, or read by somebody else, since this reading began.
            let today = List::find(conn, list.id)?.unwrap_or_else(|| list.clone());
            let own = ListPolicy::of(conn, list.id)?.shrink_limit_percent;
            let limit = own.unwrap_or(i32::from(general));
            let mut taken = Taken::of(&list, &today, &fetched);
            let mut written = Written::default();
            if taken.counts {
                let on_list = ListItem::ids_on_list(conn, list.id)?;
                let shrink = Shrink {
                    before: on_list.len(),
                    after: gathered.entries(),
                };
                taken.hold_against(shrink, &today, limit);
                if taken.counts {
                    let reading = taken.reading(&list, &fetched, now);
                    written = write(conn, gathered, reading, on_list)?;
                }
            }
            let list = taken.store(conn, today, &fetched, now)?;
            events.push(taken.news(&list, run, &fetched, now));
            Ok(Recorded {
                list,
                outcome: taken.outcome,
                reason: taken.reason,
                written,
            })
        })
        .await
}

/// How a reading counts.
struct Taken {
    outcome: FetchKind,
    cause: Option<Cause>,
    reason: Option<String>,
    /// Whether its entries count.
    counts: bool,
    /// Whether nothing of it is stored, because another reading has the word.
    is_overtaken: bool,
}

/// What the owner of a list is told whose limit was changed under a reading.
const OTHER_LIMIT: &str = "how many entries are wanted was changed while it was read, so nothing was \
                           taken off it; the next reading keeps to it";

impl Taken {
    /// `begun` is the list as it was when the reading began, `list` as it is.
    fn of(begun: &List, list: &List, fetched: &ListFetched) -> Self {
        if fetched.is_as_known && !has_entries_of(list, begun.last_fetch) {
            return Self {
                outcome: list.status,
                cause: list.status_cause,
                reason: list.status_reason.clone(),
                counts: false,
                is_overtaken: true,
            };
        }
        let (mut outcome, mut reason) = fetched.outcome.spoken();
        let mut cause = fetched.outcome.cause();
        if outcome == FetchKind::Complete && begun.item_limit != list.item_limit {
            outcome = FetchKind::Partial;
            cause = Some(Cause::Inconsistent);
            reason = Some(OTHER_LIMIT.into());
        }
        let has_entries = matches!(outcome, FetchKind::Complete | FetchKind::Partial);
        Self {
            outcome,
            cause,
            reason,
            counts: has_entries && !fetched.is_as_known,
            is_overtaken: false,
        }
    }

    /// Freezes a list that shrank beyond what its owner allows: then its entries do not count.
    fn hold_against(&mut self, shrink: Shrink, list: &List, limit_percent: i32) {
        let is_complete = self.outcome == FetchKind::Complete;
        if is_complete && !list.accepts_shrink && shrink.is_beyond(limit_percent) {
            self.outcome = FetchKind::Frozen;
            self.cause = Some(Cause::Shrunk);
            self.reason = Some(shrink.told(list.id));
            self.counts = false;
        }
    }

    fn reading(&self, list: &List, fetched: &ListFetched, now: NaiveDateTime) -> Reading {
        Reading {
            list: list.id,
            fetch: fetched.fetch,
            is_complete: self.outcome == FetchKind::Complete,
            now,
        }
    }

    /// Stores how the list is and gives it as it is then.
    fn store(
        &self,
        conn: &mut SqliteConnection,
        list: List,
        fetched: &ListFetched,
        now: NaiveDateTime,
    ) -> Result<List, DbError> {
        if self.is_overtaken {
            return Ok(list);
        }
        let id = list.id;
        let on_list = ListItem::count_on_list(conn, id)?;
        let on_list = i32::try_from(on_list).unwrap_or(i32::MAX);
        if self.outcome == FetchKind::Complete {
            List::read_completely(conn, id, fetched.fetch, on_list, now)?;
            if let Some(name) = &fetched.name {
                List::name(conn, id, name)?;
            }
        } else {
            let setback = ListSetback {
                status: self.outcome,
                cause: self.cause,
                reason: self.reason.clone().unwrap_or_default(),
                entries: i32::try_from(fetched.read).unwrap_or(i32::MAX),
                on_list: (self.outcome == FetchKind::Partial).then_some(on_list),
            };
            List::read_badly(conn, id, &setback, now)?;
        }
        // Its name may be the site's by now.
        Ok(List::find(conn, id)?.unwrap_or(list))
    }

    fn news(
        &self,
        list: &List,
        run: Option<RunId>,
        fetched: &ListFetched,
        now: NaiveDateTime,
    ) -> NewEvent {
        let data = serde_json::json!({
            "list_type": list.list_type, "list_id": list.list_id, "name": list.description,
            "outcome": self.outcome, "reason": self.reason, "entries": fetched.read,
        });
        NewEvent {
            at: now,
            kind: EventKind::ListRead,
            run,
            list: Some(list.id),
            data: data.to_string(),
        }
    }
}

/// Whether what is stored of a list is what this reading read, and nothing came after it.
fn has_entries_of(list: &List, fetch: Option<i32>) -> bool {
    list.status == FetchKind::Complete && list.last_fetch == fetch
}

/// Stores the entries of a reading; `on_list` are those that are on the list now.
///
/// What was gathered is held against the rows once more: since then another reading may have stored some
/// of it.
///
/// # Errors
/// When the database fails.
pub(crate) fn write(
    conn: &mut SqliteConnection,
    gathered: Gathered,
    reading: Reading,
    on_list: Vec<i32>,
) -> Result<Written, DbError> {
    let (mut seen, mut rows) = gathered.into_parts();
    let mut written = Written::default();
    let mut is_back = HashSet::new();
    // An entry more at the top moves all others by one: few statements, however long the list.
    let mut moved: HashMap<i32, Vec<i32>> = HashMap::new();
    for rows in rows.chunks_mut(BATCH) {
        for row in rows.iter_mut() {
            row.fetch = reading.fetch;
            row.first_seen = reading.now;
        }
        let keys: Vec<&str> = rows.iter().map(|row| row.entry_key.as_str()).collect();
        let stored: HashMap<String, ListItem> = ListItem::by_keys(conn, reading.list, &keys)?
            .into_iter()
            .map(|item| (item.entry_key.clone(), item))
            .collect();
        let (mut added, mut told) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            let Some(item) = stored.get(&row.entry_key) else {
                added.push(row.clone());
                continue;
            };
            seen.insert(item.id);
            if item.left_at.is_some() {
                is_back.insert(item.id);
            }
            if item.left_at.is_none() && !item.says_else(row) {
                let by = row.rank.saturating_sub(item.rank);
                moved.entry(by).or_default().push(item.id);
            } else if save(conn, item, row, reading.now)? {
                told.push((item, row));
            }
        }
        ListItem::insert(conn, &added)?;
        written.added += added.len();
        learn(conn, &told, reading.now)?;
    }
    moved.remove(&0);
    for (by, ids) in moved {
        ListItem::move_by(conn, &ids, by, reading.fetch)?;
    }
    let on_list: HashSet<i32> = on_list.into_iter().collect();
    // Another reading took them off while this one saw them.
    let back: Vec<i32> = seen
        .iter()
        .filter(|id| !on_list.contains(id) && !is_back.contains(id))
        .copied()
        .collect();
    ListItem::mark_back(conn, &back, reading.now, reading.fetch)?;
    if reading.is_complete {
        let left: Vec<i32> = on_list.difference(&seen).copied().collect();
        ListItem::mark_left(conn, &left, reading.now, reading.fetch)?;
        written.left = left.len();
    }
    Ok(written)
}

/// Stores an entry that is there already, and tells whether it is matched and has other ids now.
fn save(
    conn: &mut SqliteConnection,
    item: &ListItem,
    row: &NewListItem,
    now: NaiveDateTime,
) -> Result<bool, DbError> {
    let identity = item.save_entry(conn, row, now)?;
    Ok(identity == Identity::Matched
        && identity::ids_of(item) != identity::ids_of(&with(item, row)))
}

/// Tells the id map of ids that became known after their entries were matched.
fn learn(
    conn: &mut SqliteConnection,
    told: &[(&ListItem, &NewListItem)],
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let refs: Vec<_> = told.iter().filter_map(|(item, _)| item.title_ref).collect();
    let titles: HashMap<_, Title> = Title::of(conn, &refs)?
        .into_iter()
        .map(|title| (title.id, title))
        .collect();
    let ids = told.iter().filter_map(|(item, row)| {
        let title = titles.get(&item.title_ref?)?;
        let how = item.identity_reason.as_deref()?;
        (how != PICKED).then(|| identity::ids_of_match(&with(item, row), title, how, now))
    });
    identity::learn(conn, ids.flatten().collect())
}

/// The entry with the ids that its list now tells.
fn with(item: &ListItem, row: &NewListItem) -> ListItem {
    ListItem {
        imdb_id: row.imdb_id.clone(),
        tmdb_id: row.tmdb_id,
        tvdb_id: row.tvdb_id,
        trakt_id: row.trakt_id,
        ..item.clone()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use schema::wire::scraper::FetchOutcome;

    use super::*;

    pub(in crate::run) fn list(list_type: &str, list_id: &str, item_limit: Option<i32>) -> List {
        let now = "2026-11-21T12:00:00".parse().unwrap();
        List {
            id: ListId(1),
            list_type: list_type.into(),
            list_id: list_id.into(),
            list_url: String::new(),
            description: String::new(),
            item_count: 0,
            last_synced: None,
            status: FetchKind::New,
            status_reason: None,
            auto_sync: true,
            priority: "normal".into(),
            item_limit,
            from_settings: false,
            is_named: false,
            last_fetch: None,
            removed_at: None,
            created_at: now,
            updated_at: now,
            status_cause: None,
            last_read_at: None,
            last_read_entries: None,
            last_error: None,
            last_error_at: None,
            accepts_shrink: false,
            ask_first: false,
            waiting_titles: None,
        }
    }

    pub(in crate::run) fn complete(is_as_known: bool) -> ListFetched {
        ListFetched {
            fetch: Some(3),
            outcome: FetchOutcome::Complete,
            name: None,
            read: 1,
            announced: None,
            dropped: 0,
            pages: 1,
            not_modified: false,
            is_as_known,
            took_ms: 0,
        }
    }

    #[test]
    fn a_list_that_is_as_it_was_counts_only_where_nothing_came_between() {
        let mut begun = list("imdb", "top", None);
        begun.status = FetchKind::Complete;
        begun.last_fetch = Some(1);
        let is_overtaken = |list: &List| Taken::of(&begun, list, &complete(true)).is_overtaken;
        assert!(!is_overtaken(&begun));
        let mut other = begun.clone();
        other.last_fetch = Some(2);
        assert!(is_overtaken(&other));
        assert!(!Taken::of(&begun, &other, &complete(false)).is_overtaken);
        let mut worse = begun.clone();
        worse.status = FetchKind::Partial;
        worse.status_cause = Some(Cause::TooLarge);
        worse.status_reason = Some("more than that".into());
        let taken = Taken::of(&begun, &worse, &complete(true));
        assert!(taken.is_overtaken && !taken.counts);
        assert_eq!(taken.outcome, FetchKind::Partial);
        assert_eq!(taken.cause, Some(Cause::TooLarge));
        assert_eq!(taken.reason.as_deref(), Some("more than that"));
    }

    #[test]
    fn a_reading_under_another_limit_takes_nothing_off_and_accepts_nothing() {
        let begun = list("imdb", "top", None);
        let cut = list("imdb", "top", Some(10));
        let taken = |list: &List| Taken::of(&begun, list, &complete(false));
        assert_eq!(taken(&begun).outcome, FetchKind::Complete);
        let partial = taken(&cut);
        assert_eq!(partial.outcome, FetchKind::Partial);
        assert_eq!(partial.cause, Some(Cause::Inconsistent));
        let reading = partial.reading(&cut, &complete(false), cut.created_at);
        assert!(partial.counts && !reading.is_complete);
    }

    #[test]
    fn a_list_that_shrank_too_much_is_frozen_unless_its_owner_accepts_it() {
        let mut today = list("imdb", "top", None);
        let (before, after) = (100, 49);
        let mut taken = Taken::of(&today, &today, &complete(false));
        taken.hold_against(Shrink { before, after }, &today, 50);
        assert_eq!(taken.outcome, FetchKind::Frozen);
        assert_eq!(taken.cause, Some(Cause::Shrunk));
        assert!(!taken.counts);
        today.accepts_shrink = true;
        let mut taken = Taken::of(&today, &today, &complete(false));
        taken.hold_against(Shrink { before, after }, &today, 50);
        assert!(taken.counts);
    }
}
