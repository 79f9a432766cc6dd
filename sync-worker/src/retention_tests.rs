//! What is forgotten and what is not, in a database of its own.

use std::fmt::Write as _;

use chrono::NaiveDateTime;
use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};

use super::*;

struct World {
    db: Db,
    _folder: tempfile::TempDir,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::Integer)]
    number: i32,
}

fn now() -> NaiveDateTime {
    "2026-11-21T12:00:00".parse().unwrap()
}

/// So many days ago, as the database writes it.
fn ago(days: i64) -> String {
    format!(
        "'{}'",
        (now() - TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S%.6f")
    )
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        schema::migrate(&path).unwrap();
        Self {
            db: Db::open(&path).unwrap(),
            _folder: folder,
        }
    }

    async fn execute(&self, sql: String) {
        self.db
            .write(move |conn| conn.batch_execute(&sql))
            .await
            .unwrap();
    }

    /// The numbers that a query gives, in order.
    async fn numbers(&self, sql: &'static str) -> Vec<i32> {
        let rows: Vec<Number> = self
            .db
            .read(move |conn| sql_query(sql).load(conn))
            .await
            .unwrap();
        rows.into_iter().map(|row| row.number).collect()
    }

    async fn forget(&self, history_days: u32) -> usize {
        Round::new(self.db.clone(), now(), history_days)
            .forget()
            .await
            .unwrap()
    }

    /// Runs numbered from `first`, each with a report.
    async fn runs(&self, first: i32, count: i32, status: &str, days: i64) {
        let started = ago(days);
        self.execute(format!(
            "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
             INSERT INTO sync_history (id, sync_started, sync_mode, status, scope, is_full, report, titles)
             SELECT i, {started}, 'manual', '{status}', '{{}}', 1, '{{}}', 7 FROM n",
            last = first + count - 1
        ))
        .await;
    }
}

#[actix_rt::test]
async fn old_runs_go_except_the_newest_hundred_and_those_that_have_not_ended() {
    let world = World::new();
    world.runs(1, 1, "queued", 900).await;
    world.runs(2, 1200, "completed", 366).await;
    world.runs(1202, 150, "failed", 364).await;
    world.runs(1352, 90, "completed", 400).await; // the clock was wrong
    world.forget(365).await;
    let left = world
        .numbers("SELECT id AS number FROM sync_history ORDER BY id")
        .await;
    assert_eq!(left.first(), Some(&1), "a queued run waits however long");
    assert_eq!(left[1..].to_vec(), (1202..=1441).collect::<Vec<_>>());
}

#[actix_rt::test]
async fn a_history_for_ever_loses_reports_only() {
    let world = World::new();
    world.runs(1, 1600, "completed", 5000).await;
    world.forget(0).await;
    let all = world.numbers("SELECT id AS number FROM sync_history").await;
    assert_eq!(all.len(), 1600);
    let reports = world
        .numbers("SELECT id AS number FROM sync_history WHERE report IS NOT NULL ORDER BY id")
        .await;
    assert_eq!(reports, (1101..=1600).collect::<Vec<_>>());
    let counters = world
        .numbers("SELECT titles AS number FROM sync_history WHERE id = 1")
        .await;
    assert_eq!(counters, [7]);
}

#[actix_rt::test]
async fn of_old_decisions_the_last_of_each_title_and_quality_stays() {
    let world = World::new();
    let at = |days| ago(days);
    let mut sql = String::from(
        "INSERT INTO titles (id, media_type, tmdb_id, title, created_at, updated_at)
         VALUES (1, 'movie', 1, 'A', '2026-01-01', '2026-01-01'),
                (2, 'movie', 2, 'B', '2026-01-01', '2026-01-01');",
    );
    for (id, title, is_4k, days) in [
        (1, 1, 0, 500), // replaced
        (2, 1, 0, 450), // replaced, by a young one
        (3, 1, 1, 440), // the last in 4K
        (4, 2, 0, 430), // replaced
        (5, 2, 0, 420), // the last
        (6, 1, 0, 3),
        (7, 1, 0, 2),
    ] {
        write!(
            sql,
            "INSERT INTO decisions (id, run, title, is_4k, decision, reason, decided_at)
             VALUES ({id}, 1, {title}, {is_4k}, 'skip', 'x', {});",
            at(days)
        )
        .unwrap();
    }
    // More than go in one part.
    write!(
        sql,
        "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1399)
         INSERT INTO decisions (id, run, title, is_4k, decision, reason, decided_at)
         SELECT i, 1, 2, 1, 'skip', 'x', {} FROM n;",
        at(400)
    )
    .unwrap();
    world.execute(sql).await;
    assert_eq!(world.forget(365).await, 3 + 1299);
    let left = world
        .numbers("SELECT id AS number FROM decisions ORDER BY id")
        .await;
    assert_eq!(left, [3, 5, 6, 7, 1399]);
}

#[actix_rt::test]
async fn old_readings_go_except_the_newest_and_the_one_in_use() {
    let world = World::new();
    let mut sql = format!(
        "INSERT INTO lists (id, list_type, list_id, list_url, description, status, last_fetch,
                created_at, updated_at)
         VALUES (1, 'imdb', 'a', '', '', 'failed', 2, {t}, {t});",
        t = ago(0)
    );
    for (id, list, days) in [
        (1, 1, 120),
        (2, 1, 110), // what is on the list now
        (3, 1, 100),
        (4, 1, 80),
        (5, 2, 300), // a list that is gone
        (6, 2, 200),
    ] {
        write!(
            sql,
            "INSERT INTO fetches (id, list, list_type, list_id, started_at, finished_at, outcome,
                    entries, dropped, pages, not_modified)
             VALUES ({id}, {list}, 'imdb', 'a', {t}, {t}, 'complete', 0, 0, 1, 0);",
            t = ago(days)
        )
        .unwrap();
    }
    world.execute(sql).await;
    assert_eq!(world.forget(365).await, 3);
    let left = world
        .numbers("SELECT id AS number FROM fetches ORDER BY id")
        .await;
    assert_eq!(left, [2, 4, 6]);
}

#[actix_rt::test]
async fn plans_expire_and_closed_ones_go_after_a_month() {
    let world = World::new();
    let mut sql = String::from(
        "INSERT INTO titles (id, media_type, tmdb_id, title, created_at, updated_at)
         VALUES (1, 'movie', 1, 'A', '2026-01-01', '2026-01-01');",
    );
    for (id, status, expires, closed) in [
        (1, "open", ago(-1), None),
        (2, "open", ago(1), None),
        (3, "applied", ago(100), Some(29)),
        (4, "applied", ago(100), Some(31)),
        (5, "applying", ago(100), None),
        (6, "making", ago(100), None),
    ] {
        let closed = closed.map_or_else(|| "NULL".to_owned(), ago);
        write!(
            sql,
            "INSERT INTO plans (id, made_by, status, target, counts, created_at, expires_at, closed_at)
             VALUES ({id}, 1, '{status}', 'seerr', '{{}}', {t}, {expires}, {closed});
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201)
             INSERT INTO plan_items (plan, position, title, is_4k, decision, reason, requested_as,
                    lists, sources)
             SELECT {id}, i, 1, 0, 'request', 'x', 1, '[]', '' FROM n;",
            t = ago(120)
        )
        .unwrap();
    }
    world.execute(sql).await;
    world.forget(365).await;
    let left = world
        .numbers("SELECT id AS number FROM plans ORDER BY id")
        .await;
    assert_eq!(left, [1, 2, 3, 5]);
    let expired = world
        .numbers(
            "SELECT id AS number FROM plans WHERE status = 'expired' AND closed_at IS NOT NULL",
        )
        .await;
    // That of the fifth is over without having carried it out.
    assert_eq!(expired, [2, 5]);
    let items = world
        .numbers("SELECT DISTINCT plan AS number FROM plan_items ORDER BY plan")
        .await;
    assert_eq!(items, [1, 2, 3, 5]);
}

#[actix_rt::test]
async fn entries_that_left_long_ago_go() {
    let world = World::new();
    let t = ago(0);
    world
        .execute(format!(
            "INSERT INTO lists (id, list_type, list_id, list_url, description, status, created_at, updated_at)
             VALUES (1, 'imdb', 'a', '', '', 'complete', {t}, {t});
             INSERT INTO list_items (id, list, entry_key, rank, title, first_seen, identity, left_at)
             VALUES (1, 1, 'a', 1, 'A', {t}, 'new', NULL),
                    (2, 1, 'b', 2, 'B', {t}, 'new', {young}),
                    (3, 1, 'c', 3, 'C', {t}, 'new', {old});",
            young = ago(364),
            old = ago(366)
        ))
        .await;
    assert_eq!(world.forget(30).await, 1);
    let left = world
        .numbers("SELECT id AS number FROM list_items ORDER BY id")
        .await;
    assert_eq!(left, [1, 2]);
}
