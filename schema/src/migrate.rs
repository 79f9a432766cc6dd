//! Brings the database file to this version's tables. Only the supervisor calls it, before it
//! starts a worker: three processes migrating at once were measured to fail one time in ninety.

use std::path::{Path, PathBuf};

use diesel::{migration::MigrationSource, prelude::*, sqlite::Sqlite};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::{DbError, Kind, kind, set_pragmas, wait_for_others};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What [`migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Migrations that were run, in order; empty when the file was up to date.
    pub ran: Vec<String>,
    /// The copy made before, when there was something to copy.
    pub backup: Option<PathBuf>,
}

/// Runs the migrations that `path` lacks, after copying the file beside itself.
///
/// # Errors
/// [`DbError::Foreign`] for a database without our marker, which is left untouched;
/// [`DbError::Newer`] for one with migrations this version does not know; [`DbError::Open`] and
/// [`DbError::Migration`] otherwise.
pub fn migrate(path: &Path) -> Result<Migrated, DbError> {
    let shown = path.display().to_string();
    let is_new = !path.exists();
    let open = |source: Box<dyn std::error::Error + Send + Sync>| DbError::Open {
        path: shown.clone(),
        source,
    };
    let mut connection = SqliteConnection::establish(&shown).map_err(|error| open(error.into()))?;
    wait_for_others(&mut connection).map_err(|error| open(error.into()))?;
    let kind = kind(&mut connection).map_err(|error| open(error.into()))?;
    if kind == Kind::Foreign {
        return Err(DbError::Foreign { path: shown });
    }
    set_pragmas(&mut connection).map_err(|error| open(error.into()))?;
    if kind == Kind::Ours {
        refuse_newer(&mut connection, &shown)?;
    }
    let failed = |backup: Option<&PathBuf>, source| DbError::Migration {
        path: shown.clone(),
        backup: backup.map_or_else(
            || "none needed".to_owned(),
            |path| path.display().to_string(),
        ),
        source,
    };
    let pending = connection
        .pending_migrations(MIGRATIONS)
        .map_err(|error| failed(None, error))?;
    if pending.is_empty() {
        return Ok(Migrated {
            ran: Vec::new(),
            backup: None,
        });
    }
    let backup = if is_new || kind == Kind::Empty {
        None
    } else {
        Some(copy(&mut connection, path).map_err(|error| failed(None, error.into()))?)
    };
    let ran = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| failed(backup.as_ref(), error))?
        .iter()
        .map(ToString::to_string)
        .collect();
    Ok(Migrated { ran, backup })
}

fn refuse_newer(connection: &mut SqliteConnection, path: &str) -> Result<(), DbError> {
    let failed = |source| DbError::Migration {
        path: path.to_owned(),
        backup: "none needed".to_owned(),
        source,
    };
    let known: Vec<String> = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied = connection.applied_migrations().map_err(failed)?;
    let unknown = applied
        .iter()
        .map(ToString::to_string)
        .find(|version| !known.contains(version));
    unknown.map_or(Ok(()), |newest| {
        Err(DbError::Newer {
            path: path.to_owned(),
            newest,
        })
    })
}

/// A consistent copy, other readers and the WAL notwithstanding. It gets its name only when it is
/// whole, so that a copy cut short by a crash is never taken for one.
fn copy(connection: &mut SqliteConnection, path: &Path) -> Result<PathBuf, CopyError> {
    let newest = connection
        .applied_migrations()
        .ok()
        .and_then(|versions| versions.first().map(ToString::to_string))
        .unwrap_or_else(|| "start".to_owned());
    let backup = path.with_extension(format!("before-{newest}.db"));
    let unfinished = path.with_extension("unfinished-copy");
    if unfinished.exists() {
        std::fs::remove_file(&unfinished)?;
    }
    diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(unfinished.display().to_string())
        .execute(connection)?;
    std::fs::File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, &backup)?;
    Ok(backup)
}

/// Why no copy could be made.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error("the database cannot be copied")]
    Query(#[from] diesel::result::Error),
    #[error("the copy of the database cannot be stored")]
    File(#[from] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::connection::SimpleConnection;

    #[derive(QueryableByName, Debug, PartialEq)]
    struct Column {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "type")]
        kind: String,
        #[diesel(sql_type = diesel::sql_types::Integer)]
        notnull: i32,
    }

    #[test]
    fn a_new_database_is_made_and_a_second_time_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        let first = migrate(&path).unwrap();
        assert_eq!(first.ran.len(), 4);
        assert_eq!(first.backup, None);
        assert_eq!(
            migrate(&path).unwrap(),
            Migrated {
                ran: vec![],
                backup: None
            }
        );
        crate::Db::open(&path).unwrap();
    }

    #[test]
    fn a_database_of_somebody_else_is_left_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        other
            .batch_execute("CREATE TABLE lists (id INTEGER PRIMARY KEY)")
            .unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        let error = migrate(&path).unwrap_err();
        assert!(matches!(error, DbError::Foreign { .. }));
        assert!(error.to_string().contains("LISTSYNC_DATA_DIR"));
        assert!(matches!(
            crate::Db::open(&path),
            Err(DbError::Foreign { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_database_of_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        migrate(&path).unwrap();
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection
            .batch_execute(
                "INSERT INTO __diesel_schema_migrations (version, run_on)
                 VALUES ('29990101000000', '2999-01-01 00:00:00')",
            )
            .unwrap();
        drop(connection);
        let error = migrate(&path).unwrap_err();
        assert!(matches!(&error, DbError::Newer { newest, .. } if newest == "29990101000000"));
    }

    #[test]
    fn the_table_definitions_in_rust_are_those_of_the_migrated_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        migrate(&path).unwrap();
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let source = include_str!("tables.rs");
        let mut seen = 0;
        for block in source.split("diesel::table! {").skip(1) {
            let block = block.split("\n}").next().unwrap();
            let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
            let table = lines.next().unwrap().split(' ').next().unwrap().to_owned();
            let written: Vec<(String, String)> = lines
                .filter_map(|line| line.trim_end_matches(',').split_once(" -> "))
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect();
            let columns: Vec<Column> = diesel::sql_query(format!(
                "SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')"
            ))
            .load(&mut connection)
            .unwrap();
            let stored: Vec<(String, String)> = columns
                .into_iter()
                .map(|column| {
                    let kind = match column.kind.as_str() {
                        "INTEGER" => "Integer",
                        "BIGINT" => "BigInt",
                        "TEXT" => "Text",
                        "TIMESTAMP" => "Timestamp",
                        "DATE" => "Date",
                        "BOOLEAN" => "Bool",
                        "DOUBLE" => "Double",
                        "BLOB" => "Binary",
                        other => panic!("{table}.{} has the type {other}", column.name),
                    };
                    let kind = if column.notnull == 1 {
                        kind.to_owned()
                    } else {
                        format!("Nullable<{kind}>")
                    };
                    (column.name, kind)
                })
                .collect();
            assert_eq!(written, stored, "table {table}");
            seen += 1;
        }
        assert_eq!(seen, 27);
    }
}
