//! What every handler may use: the database, the two other processes, the clock, the settings of
//! the ports. Asks those processes with time limits, so that no request hangs on one of them.

use std::{path::PathBuf, time::Duration};

use runtime::{
    Clock, Settings,
    listen::Ports,
    settings::{AuthMode, PathSettings},
    socket::{CallError, Client},
};
use schema::{
    Db, DbError, SqliteConnection,
    models::ApiKey,
    wire::{
        Failure, FailureCode, Link,
        scraper::BrowserStatus,
        supervisor::{FromSupervisor, StatusReport, StatusRequest, SupervisorLink, ToSupervisor},
        sync::{
            BrowserRequest, FromSyncWorker, SyncLink, SyncStatus, SyncStatusRequest, ToSyncWorker,
        },
    },
};
use tokio::time::timeout;

use crate::{drain::Drain, error::ApiError, events::Hub, logs::Logs, parameters::Parameters};

/// How long a look at another process may take.
const LOOK_LIMIT: Duration = Duration::from_secs(2);
/// How long the database may take: opening a broken one is tried for longer than anybody waits.
const READ_LIMIT: Duration = Duration::from_secs(4);
/// How long a change may take; the sync-worker may be writing the end of a run.
const CHANGE_LIMIT: Duration = Duration::from_secs(30);
/// How long a change waits for a process that is being restarted.
const PATIENCE: Duration = Duration::from_millis(300);

/// One for all workers of the server.
#[derive(Debug)]
pub(crate) struct Shared {
    db: Db,
    pub(crate) clock: Clock,
    pub(crate) auth: AuthMode,
    /// Which parameters each path takes.
    pub(crate) parameters: Parameters,
    pub(crate) ports: Ports,
    pub(crate) database: PathBuf,
    /// The folder of export files.
    pub(crate) exports: PathBuf,
    /// Name of the zone of local times, where it has one.
    pub(crate) time_zone: Option<String>,
    /// Who follows logs.
    pub(crate) logs: Logs,
    /// What is still going on when the process is to end.
    pub(crate) drain: Drain,
    /// What happens.
    pub(crate) events: Hub,
    sync: Client<SyncLink>,
    supervisor: Client<SupervisorLink>,
}

impl Shared {
    pub(crate) fn new(
        db: Db,
        settings: &Settings,
        ports: Ports,
        time_zone: Option<String>,
        clock: Clock,
    ) -> Self {
        let Settings { paths, http, .. } = settings;
        Self::at(db, paths, http.auth, ports, time_zone, clock)
    }

    pub(crate) fn at(
        db: Db,
        paths: &PathSettings,
        auth: AuthMode,
        ports: Ports,
        time_zone: Option<String>,
        clock: Clock,
    ) -> Self {
        Self {
            events: Hub::new(db.clone(), Client::new(paths), Client::new(paths)),
            db,
            clock,
            auth,
            parameters: Parameters::documented(),
            ports,
            database: paths.database(),
            exports: paths.exports(),
            time_zone,
            logs: Logs::default(),
            drain: Drain::default(),
            sync: Client::new(paths),
            supervisor: Client::new(paths),
        }
    }

    /// Reads the database, within a limit.
    pub(crate) async fn read<T, E, F>(&self, query: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<DbError>,
        F: FnOnce(&mut SqliteConnection) -> Result<T, E> + Send + 'static,
    {
        let read = timeout(READ_LIMIT, self.db.read(query)).await;
        Ok(read.map_err(|_elapsed| ApiError::DatabaseSlow { limit: READ_LIMIT })??)
    }

    /// Whether the database can be read.
    pub(crate) async fn try_database(&self) -> Result<(), ApiError> {
        self.read(ApiKey::count_valid).await.map(drop)
    }

    /// What the sync-worker is doing.
    pub(crate) async fn sync_status(&self) -> Result<SyncStatus, ApiError> {
        let request = ToSyncWorker::Status(SyncStatusRequest {});
        match limited::<SyncLink>(LOOK_LIMIT, self.sync.call(request)).await? {
            FromSyncWorker::Status(status) => Ok(status),
            other => Err(unexpected::<SyncLink>(&other)),
        }
    }

    /// How the scraper-worker's browser is.
    pub(crate) async fn browser(&self) -> Result<BrowserStatus, ApiError> {
        let request = ToSyncWorker::Browser(BrowserRequest {});
        match limited::<SyncLink>(LOOK_LIMIT, self.sync.call(request)).await? {
            FromSyncWorker::Browser(status) => Ok(status),
            other => Err(unexpected::<SyncLink>(&other)),
        }
    }

    /// How the processes are.
    pub(crate) async fn processes(&self) -> Result<StatusReport, ApiError> {
        let request = ToSupervisor::Status(StatusRequest::default());
        match limited::<SupervisorLink>(LOOK_LIMIT, self.supervisor.call(request)).await? {
            FromSupervisor::Status(report) => Ok(report),
            other => Err(unexpected::<SupervisorLink>(&other)),
        }
    }

    /// The supervisor's socket.
    pub(crate) fn supervisor(&self) -> &Client<SupervisorLink> {
        &self.supervisor
    }

    /// Asks the sync-worker how something is.
    pub(crate) async fn look(&self, request: ToSyncWorker) -> Result<FromSyncWorker, ApiError> {
        limited::<SyncLink>(LOOK_LIMIT, self.sync.call(request)).await
    }

    /// The same for what it tells in several answers.
    pub(crate) async fn look_through(
        &self,
        request: ToSyncWorker,
    ) -> Result<Vec<FromSyncWorker>, ApiError> {
        let look = async {
            let mut stream = self.sync.stream(request).await?;
            let mut answers = Vec::new();
            while let Some(answer) = stream.next().await? {
                answers.push(answer);
            }
            Ok::<_, CallError>(answers)
        };
        Ok(timeout(LOOK_LIMIT, look)
            .await
            .map_err(|_elapsed| late::<SyncLink>(LOOK_LIMIT))??)
    }

    /// Asks the sync-worker to change something.
    pub(crate) async fn change(&self, request: ToSyncWorker) -> Result<FromSyncWorker, ApiError> {
        let client = self.sync.clone().patient(PATIENCE);
        limited::<SyncLink>(CHANGE_LIMIT, client.call(request)).await
    }
}

async fn limited<L: Link>(
    limit: Duration,
    call: impl Future<Output = Result<L::Answer, CallError>>,
) -> Result<L::Answer, ApiError> {
    Ok(timeout(limit, call)
        .await
        .map_err(|_elapsed| late::<L>(limit))??)
}

/// Another process did not answer in time.
pub(crate) fn late<L: Link>(limit: Duration) -> ApiError {
    let message = format!("{} did not answer within {} s", L::PEER, limit.as_secs());
    ApiError::Peer(CallError::Failed(Failure::new(
        FailureCode::Unavailable,
        message,
    )))
}

/// The answer belongs to another request: a fault of ours.
pub(crate) fn unexpected<L: Link>(answer: &L::Answer) -> ApiError {
    ApiError::Unexpected {
        peer: L::PEER,
        answer: format!("{answer:?}"),
    }
}
