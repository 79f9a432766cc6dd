//! Counts over `synced_items` and what they belong to, for people to look at. Only reads, and only along
//! indexes: with a hundred thousand titles each takes milliseconds.

use chrono::NaiveDateTime;
use diesel::{dsl::count_star, prelude::*};

use super::{Identity, LedgerStatus, ListId, MediaType, SyncedItem};
use crate::tables::{list_items, synced_items, titles};

diesel::allow_columns_to_appear_in_same_group_by_clause!(list_items::list, synced_items::status);

impl SyncedItem {
    /// How many titles are in which state.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_by_status(conn: &mut SqliteConnection) -> QueryResult<Vec<(LedgerStatus, i64)>> {
        synced_items::table
            .group_by(synced_items::status)
            .select((synced_items::status, count_star()))
            .load(conn)
    }

    /// How many movies and shows were requested from one moment on and before another.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_requested(
        conn: &mut SqliteConnection,
        from: NaiveDateTime,
        until: NaiveDateTime,
    ) -> QueryResult<Vec<(MediaType, i64)>> {
        synced_items::table
            .filter(synced_items::requested_at.ge(from))
            .filter(synced_items::requested_at.lt(until))
            .group_by(synced_items::media_type)
            .select((synced_items::media_type, count_star()))
            .load(conn)
    }

    /// How many of the entries that are on a list now are titles in these states, by list and state. A
    /// title in two qualities counts in each.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count_by_list(
        conn: &mut SqliteConnection,
        statuses: &[LedgerStatus],
    ) -> QueryResult<Vec<(ListId, LedgerStatus, i64)>> {
        synced_items::table
            .inner_join(
                titles::table.on(titles::media_type
                    .eq(synced_items::media_type)
                    .and(titles::tmdb_id.eq(synced_items::tmdb_id))),
            )
            .inner_join(list_items::table.on(list_items::title_ref.eq(titles::id.nullable())))
            .filter(synced_items::status.eq_any(statuses))
            // What is not equal cannot be looked up: so the titles lead to the entries, in order, instead of
            // every entry to its title, which takes three times as long.
            .filter(list_items::identity.ne_all(Identity::UNMATCHED))
            .filter(list_items::left_at.is_null())
            .group_by((list_items::list, synced_items::status))
            .select((list_items::list, synced_items::status, count_star()))
            .load(conn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Asking, Decision, RunId, SyncRun};
    use diesel::{
        connection::{InstrumentationEvent, SimpleConnection},
        sql_query, sql_types,
    };
    use std::sync::{Arc, Mutex};

    fn at(day: u32) -> NaiveDateTime {
        chrono::NaiveDate::from_ymd_opt(2026, 11, day)
            .unwrap()
            .and_hms_opt(12, 0, 0)
            .unwrap()
    }

    struct World {
        conn: SqliteConnection,
        _folder: tempfile::TempDir,
    }

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = sql_types::Text)]
        detail: String,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("list_sync.db");
            crate::migrate(&path).unwrap();
            let conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            Self {
                conn,
                _folder: folder,
            }
        }

        /// Three lists; title 1 is on all of them, 2 on two, 3 on one that it left.
        fn with_titles() -> Self {
            let mut world = Self::new();
            for id in 1..=3 {
                world
                    .conn
                    .batch_execute(&format!(
                        "INSERT INTO lists (id, list_type, list_id, list_url, description, status,
                            created_at, updated_at)
                         VALUES ({id}, 'imdb', 'ls{id}', '', '', 'complete', '2026-11-01', '2026-11-01');
                         INSERT INTO titles (id, media_type, tmdb_id, title, created_at, updated_at)
                         VALUES ({id}, 'movie', 10{id}, 'A', '2026-11-01', '2026-11-01');"
                    ))
                    .unwrap();
            }
            world
        }

        /// What the database does for each statement of `work`.
        fn plan_of<T>(
            &mut self,
            work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
        ) -> Vec<String> {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let heard = Arc::clone(&seen);
            self.conn
                .set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if let InstrumentationEvent::StartQuery { query, .. } = event {
                        heard.lock().unwrap().push(query.to_string());
                    }
                });
            work(&mut self.conn).unwrap();
            self.conn
                .set_instrumentation(|_: InstrumentationEvent<'_>| {});
            let statements = seen.lock().unwrap().clone();
            let mut plan = Vec::new();
            for statement in statements {
                let statement = statement.split(" -- binds").next().unwrap();
                let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
                    .load(&mut self.conn)
                    .unwrap();
                plan.extend(steps.into_iter().map(|step| step.detail));
            }
            plan
        }
    }

    /// Nothing is looked for by reading a whole table.
    fn assert_uses_indexes(plan: &[String]) {
        assert!(!plan.is_empty());
        for step in plan {
            assert!(
                !step.starts_with("SCAN") || step.contains("COVERING INDEX"),
                "{plan:#?}"
            );
        }
    }

    #[test]
    fn statistics_are_counted_along_indexes() {
        let mut world = World::new();
        assert_uses_indexes(&world.plan_of(SyncedItem::count_by_status));
        let requested = world.plan_of(|conn| SyncedItem::count_requested(conn, at(1), at(2)));
        assert_uses_indexes(&requested);
        assert!(
            requested[0].contains("COVERING INDEX synced_items_by_request"),
            "{requested:#?}"
        );
        assert_uses_indexes(&world.plan_of(Asking::counts));
        let statuses = [LedgerStatus::Requested, LedgerStatus::Available];
        let by_list = world.plan_of(|conn| SyncedItem::count_by_list(conn, &statuses));
        assert_uses_indexes(&by_list);
        for table in ["synced_items", "list_items_by_title", "titles"] {
            assert!(
                by_list
                    .iter()
                    .any(|step| step.contains("COVERING INDEX") && step.contains(table)),
                "{table}: {by_list:#?}"
            );
        }
        assert_uses_indexes(&world.plan_of(SyncRun::count_by_status));
        assert_uses_indexes(&world.plan_of(|conn| SyncRun::statuses_since(conn, at(1))));
        assert_uses_indexes(&world.plan_of(|conn| SyncRun::queue_length(conn, Some(RunId(7)))));
        assert_uses_indexes(&world.plan_of(SyncRun::queued));
        assert_uses_indexes(&world.plan_of(|conn| SyncRun::forget(conn, at(1), 100, 500)));
        assert_uses_indexes(&world.plan_of(|conn| Decision::replaced(conn, at(1), 0, 500)));
    }

    #[test]
    fn titles_are_counted_by_state_day_and_list() {
        let mut world = World::with_titles();
        world
            .conn
            .batch_execute(
                "INSERT INTO list_items (list, entry_key, rank, title, first_seen, identity, title_ref, left_at)
                 VALUES (1, 'a', 1, 'A', '2026-11-01', 'matched', 1, NULL),
                        (2, 'a', 1, 'A', '2026-11-01', 'matched', 1, NULL),
                        (3, 'a', 1, 'A', '2026-11-01', 'matched', 1, NULL),
                        (1, 'b', 2, 'B', '2026-11-01', 'matched', 2, NULL),
                        (2, 'b', 2, 'B', '2026-11-01', 'needs_review', 2, NULL),
                        (1, 'c', 3, 'C', '2026-11-01', 'matched', 3, '2026-11-02');
                 INSERT INTO synced_items (target, title, media_type, tmdb_id, is_4k, status, reason,
                        provider_source, last_synced, requested_at)
                 VALUES ('seerr', 'A', 'movie', 101, 0, 'requested', '', '', '2026-11-05', '2026-11-05 10:00:00'),
                        ('seerr', 'B', 'movie', 102, 0, 'available', '', '', '2026-11-06', '2026-11-06 10:00:00'),
                        ('seerr', 'C', 'movie', 103, 0, 'requested', '', '', '2026-11-06', NULL),
                        ('seerr', 'D', 'tv', 101, 0, 'failed', '', '', '2026-11-06', '2026-11-06 09:00:00');",
            )
            .unwrap();
        let conn = &mut world.conn;
        let mut states = SyncedItem::count_by_status(conn).unwrap();
        states.sort();
        assert_eq!(
            states,
            [
                (LedgerStatus::Requested, 2),
                (LedgerStatus::Available, 1),
                (LedgerStatus::Failed, 1)
            ]
        );
        let mut day = SyncedItem::count_requested(conn, at(5), at(6)).unwrap();
        day.sort();
        assert_eq!(day, [(MediaType::Movie, 1), (MediaType::Tv, 1)]);
        assert_eq!(
            SyncedItem::count_requested(conn, at(4), at(5)).unwrap(),
            [(MediaType::Movie, 1)]
        );
        let both = [LedgerStatus::Requested, LedgerStatus::Available];
        let mut lists = SyncedItem::count_by_list(conn, &both).unwrap();
        lists.sort();
        assert_eq!(
            lists,
            [
                (ListId(1), LedgerStatus::Requested, 1),
                (ListId(1), LedgerStatus::Available, 1),
                (ListId(2), LedgerStatus::Requested, 1),
                (ListId(3), LedgerStatus::Requested, 1),
            ]
        );
    }
}
