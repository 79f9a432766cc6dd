//! The one door to the database: [`Db::read`] and [`Db::write`], off the async runtime.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction: a deferred one that reads first fails with
//! "database is locked" whatever `busy_timeout` says. Leaves migrations to [`crate::migrate`].

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{
    connection::SimpleConnection,
    prelude::*,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
    sql_query, sql_types,
};

/// Connections one process keeps at the most. One writes, the others read beside it.
const CONNECTIONS: u32 = 3;

/// How long a statement waits for another process's transaction; ours take milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5000;

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The file cannot be opened.
    #[error("the database {path} cannot be opened")]
    Open {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is a database, and not one of ours.
    #[error(
        "{path} is a database that this version of ListSync did not make; move it away, \
         or set LISTSYNC_DATA_DIR to another folder, and start again"
    )]
    Foreign {
        /// The file.
        path: String,
    },
    /// There is no database yet; the supervisor makes it.
    #[error("there is no database at {path} yet; `listsync run` makes it")]
    Missing {
        /// The file.
        path: String,
    },
    /// A migration failed; the copy made before it is untouched.
    #[error("migrating {path} failed; the copy from before is {backup}")]
    Migration {
        /// The file.
        path: String,
        /// The copy, or `none needed` for a new file.
        backup: String,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database belongs to a newer version.
    #[error(
        "{path} was last used by a newer version of ListSync (it has the migration {newest}); \
         start that version, or restore a backup"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its newest migration.
        newest: String,
    },
    /// A query failed.
    #[error("a database query failed")]
    Query(#[from] diesel::result::Error),
    /// No connection was free in time.
    #[error("no database connection was free")]
    Pool(#[from] diesel::r2d2::PoolError),
    /// The blocking task ended without an answer.
    #[error("the database task ended early")]
    Ended,
}

impl DbError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Pool(_))
            || matches!(self, Self::Query(error) if error.to_string().contains("locked"))
    }

    /// Whether a row like it is there already.
    pub fn is_duplicate(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        matches!(
            self,
            Self::Query(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
        )
    }
}

/// A pool of connections to the one database file. Clones share it.
#[derive(Clone)]
pub struct Db {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    /// Microseconds.
    spent: Arc<AtomicU64>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        set_pragmas(connection).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Statements wait for another process's lock instead of failing at once.
pub(crate) fn wait_for_others(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {BUSY_TIMEOUT_MS};"))
}

/// Waiting comes first: switching to WAL needs a lock itself.
pub(crate) fn set_pragmas(connection: &mut SqliteConnection) -> QueryResult<()> {
    wait_for_others(connection)?;
    connection.batch_execute(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -1000;
         PRAGMA journal_size_limit = 16777216;",
    )
}

#[derive(QueryableByName)]
struct Names {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

/// What kind of file a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No tables yet, or nothing but the migration tool's own.
    Empty,
    /// It has our marker.
    Ours,
    /// It has tables and no marker.
    Foreign,
}

pub(crate) fn kind(connection: &mut SqliteConnection) -> QueryResult<Kind> {
    let tables: Vec<Names> = sql_query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .load(connection)?;
    let mut kind = Kind::Empty;
    for table in tables {
        match table.name.as_str() {
            "listsync_schema" => return Ok(Kind::Ours),
            "__diesel_schema_migrations" => {}
            _ => kind = Kind::Foreign,
        }
    }
    Ok(kind)
}

impl Db {
    /// Opens a database that [`crate::migrate`] has made. Nothing is written to a foreign one.
    ///
    /// # Errors
    /// [`DbError::Missing`], [`DbError::Foreign`] or [`DbError::Open`].
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let shown = path.display().to_string();
        if !path.exists() {
            return Err(DbError::Missing { path: shown });
        }
        let mut first = SqliteConnection::establish(&shown).map_err(|source| DbError::Open {
            path: shown.clone(),
            source: source.into(),
        })?;
        wait_for_others(&mut first).map_err(|source| DbError::Open {
            path: shown.clone(),
            source: source.into(),
        })?;
        let kind = kind(&mut first).map_err(|source| DbError::Open {
            path: shown.clone(),
            source: source.into(),
        })?;
        match kind {
            Kind::Ours => {}
            Kind::Empty => return Err(DbError::Missing { path: shown }),
            Kind::Foreign => return Err(DbError::Foreign { path: shown }),
        }
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(0))
            // Either of these would wake the process every half minute, for nothing.
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(10))
            .connection_customizer(Box::new(Pragmas))
            .build_unchecked(ConnectionManager::new(shown));
        Ok(Self {
            pool,
            spent: Arc::default(),
        })
    }

    /// Runs `query` on a connection of its own thread.
    ///
    /// # Errors
    /// Whatever `query` fails with, or [`DbError::Pool`].
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        E: Into<DbError>,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        self.blocking(move |connection| query(connection).map_err(Into::into))
            .await
    }

    /// Runs `change` as one transaction; an error rolls it back.
    ///
    /// # Errors
    /// Whatever `change` fails with, or [`DbError::Pool`].
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        E: Into<DbError>,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        self.blocking(move |connection| {
            connection.immediate_transaction(|connection| change(connection).map_err(Into::into))
        })
        .await
    }

    /// How long this process has been at the database in all, waiting for others included; work that
    /// goes on side by side counts each.
    pub fn time_spent(&self) -> Duration {
        Duration::from_micros(self.spent.load(Ordering::Relaxed))
    }

    /// Runs `change` as [`Db::write`] does and takes everything back: what it gives tells what would
    /// have come of it.
    ///
    /// # Errors
    /// Whatever `change` fails with, or [`DbError::Pool`].
    pub async fn rehearse<T, E, F>(&self, change: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        E: Into<DbError>,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        self.blocking(move |connection| {
            let mut outcome = None;
            let taken_back: Result<(), DbError> = connection.immediate_transaction(|connection| {
                outcome = Some(change(connection).map_err(Into::into));
                Err(diesel::result::Error::RollbackTransaction.into())
            });
            match (outcome, taken_back) {
                (Some(outcome), _) => outcome,
                (None, Err(error)) => Err(error),
                (None, Ok(())) => Err(DbError::Ended),
            }
        })
        .await
    }

    /// Whether the database can be written now, found out by writing to it.
    ///
    /// # Errors
    /// What writing failed with.
    pub async fn try_writing(&self) -> Result<(), DbError> {
        self.write(|connection| {
            sql_query("UPDATE listsync_schema SET id = id")
                .execute(connection)
                .map(drop)
        })
        .await
    }

    async fn blocking<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, DbError> + Send + 'static,
    {
        let (pool, spent) = (self.pool.clone(), Arc::clone(&self.spent));
        let timed = move || {
            let began = Instant::now();
            let done = Self::connection(&pool).and_then(|mut connection| work(&mut connection));
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            spent.fetch_add(micros, Ordering::Relaxed);
            done
        };
        tokio::task::spawn_blocking(timed).await.map_err(|error| {
            tracing::error!("a database task ended early: {error}");
            DbError::Ended
        })?
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that checks out connections"
    )]
    fn connection(
        pool: &Pool<ConnectionManager<SqliteConnection>>,
    ) -> Result<PooledConnection<ConnectionManager<SqliteConnection>>, DbError> {
        Ok(pool.get()?)
    }
}
