//! Rows of the database: how many there are, and how many a run wrote, counted by triggers.

use std::collections::BTreeMap;

use anyhow::Result;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types};
use schema::{Db, DbError};

/// Tables with a row for each title or each entry of a list.
pub(super) const PER_TITLE: [&str; 7] = [
    "titles",
    "title_ids",
    "list_items",
    "synced_items",
    "ledger_seasons",
    "decisions",
    "source_ids",
];

#[derive(diesel::QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
}

fn names(conn: &mut SqliteConnection, kind: &str) -> QueryResult<Vec<String>> {
    let query = format!(
        "SELECT name FROM sqlite_master WHERE type = '{kind}' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    );
    let found: Vec<Named> = diesel::sql_query(query).load(conn)?;
    Ok(found.into_iter().map(|row| row.name).collect())
}

/// How many rows each table has.
pub(super) async fn count(db: &Db) -> Result<BTreeMap<String, i64>> {
    let counted = db.read(|conn| -> Result<_, DbError> {
        let mut counted = BTreeMap::new();
        for table in names(conn, "table")? {
            let query = format!("SELECT '{table}' AS name, count(*) AS rows FROM \"{table}\"");
            let row: Counted = diesel::sql_query(query).get_result(conn)?;
            counted.insert(row.name, row.rows);
        }
        Ok(counted)
    });
    Ok(counted.await?)
}

/// From now on every row that anybody writes is counted.
pub(super) async fn watch(db: &Db) -> Result<()> {
    let watched = db.write(|conn| -> Result<_, DbError> {
        let tables = names(conn, "table")?;
        conn.batch_execute(
            "CREATE TABLE bench_writes (name TEXT PRIMARY KEY, rows BIGINT NOT NULL)",
        )?;
        for table in tables {
            conn.batch_execute(&format!("INSERT INTO bench_writes VALUES ('{table}', 0)"))?;
            for change in ["INSERT", "UPDATE", "DELETE"] {
                conn.batch_execute(&format!(
                    "CREATE TRIGGER \"bench_{change}_{table}\" AFTER {change} ON \"{table}\" BEGIN
                         UPDATE bench_writes SET rows = rows + 1 WHERE name = '{table}';
                     END"
                ))?;
            }
        }
        Ok(())
    });
    Ok(watched.await?)
}

/// Rows written by table since [`watch`]: inserted, updated and deleted ones. Ends the counting.
pub(super) async fn written(db: &Db) -> Result<BTreeMap<String, i64>> {
    let written = db.write(|conn| -> Result<_, DbError> {
        let found: Vec<Counted> =
            diesel::sql_query("SELECT name, rows FROM bench_writes").load(conn)?;
        for trigger in names(conn, "trigger")? {
            if trigger.starts_with("bench_") {
                conn.batch_execute(&format!("DROP TRIGGER \"{trigger}\""))?;
            }
        }
        conn.batch_execute("DROP TABLE bench_writes")?;
        Ok(found.into_iter().map(|row| (row.name, row.rows)).collect())
    });
    Ok(written.await?)
}
