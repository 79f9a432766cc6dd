//! `supervisor.sock`: answers the command line and `api`, also while everything is being stopped.
//!
//! Leaves programs to [`crate::program`], lines of logs to [`crate::log`], bytes to `runtime`.

use std::{collections::BTreeSet, path::PathBuf, rc::Rc};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use runtime::{
    Chain, Clock, Stop,
    secret::{api_key_digest, new_api_key},
    socket::{Answers, Gone, Handler},
};
use schema::{
    Db, DbError,
    models::{ApiKey, NewApiKey},
    wire::{
        Failure, FailureCode,
        supervisor::{
            ApiKeyCreated, CreateApiKey, Done, FromSupervisor, LogLine, Shutdown, StatusReport,
            StatusRequest, SupervisorLink, TailEnded, TailRequest, ToSupervisor,
        },
    },
};

use crate::{
    log::{Logs, OWN},
    process,
    program::Fleet,
};

/// Lines `tail` begins with when nobody says how many.
const TAIL_LINES: u32 = 10;

/// Lines taken out of memory at once.
const BATCH: usize = 500;

/// Longest name of an API key, in characters.
const KEY_NAME: usize = 100;

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct Door(Rc<Inside>);

struct Inside {
    fleet: Fleet,
    logs: Logs,
    clock: Clock,
    database: PathBuf,
    started_at: DateTime<Utc>,
    /// Set when everything is to be stopped.
    shutdown: Stop,
}

impl Door {
    pub(crate) fn new(
        fleet: Fleet,
        logs: Logs,
        clock: Clock,
        database: PathBuf,
        shutdown: Stop,
    ) -> Self {
        let started_at = clock.now_utc();
        Self(Rc::new(Inside {
            fleet,
            logs,
            clock,
            database,
            started_at,
            shutdown,
        }))
    }

    fn status(&self, request: &StatusRequest) -> Result<FromSupervisor, Failure> {
        Ok(FromSupervisor::Status(StatusReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: process::own_pid(),
            started_at: self.0.started_at,
            is_stopping: self.0.shutdown.is_requested(),
            programs: self.0.fleet.status(&request.names)?,
        }))
    }

    async fn create_api_key(&self, request: CreateApiKey) -> Result<FromSupervisor, Failure> {
        let name = request.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > KEY_NAME || name.chars().any(char::is_control)
        {
            let message = format!("a name of an API key has 1 to {KEY_NAME} characters");
            return Err(Failure::new(FailureCode::Invalid, message));
        }
        let key = new_api_key()
            .map_err(|error| Failure::new(FailureCode::Internal, Chain(&error).to_string()))?;
        let new = NewApiKey {
            name: name.clone(),
            digest: api_key_digest(&key),
            created_at: self.0.clock.now(),
        };
        self.store(new).await.map_err(|error| {
            let code = if error.is_retryable() {
                FailureCode::Busy
            } else {
                FailureCode::Internal
            };
            Failure::new(
                code,
                format!("the key could not be stored: {}", Chain(&error)),
            )
        })?;
        tracing::info!(api_key.name = name, "made an API key");
        Ok(FromSupervisor::ApiKeyCreated(ApiKeyCreated { name, key }))
    }

    /// Keys are made rarely: the database is opened for it and closed again.
    async fn store(&self, new: NewApiKey) -> Result<(), DbError> {
        let db = Db::open(&self.0.database)?;
        db.write(move |conn| ApiKey::insert(conn, &new))
            .await
            .map(drop)
    }

    async fn tail(
        &self,
        request: TailRequest,
        answers: &Answers<SupervisorLink>,
    ) -> Result<Result<(), Gone>, Failure> {
        let fleet = &self.0.fleet;
        let is_all = request.names.is_empty() || request.names.iter().any(|name| name == "all");
        let names: Vec<String> = if is_all {
            fleet
                .names()
                .into_iter()
                .chain([OWN])
                .map(str::to_owned)
                .collect()
        } else {
            let mut known = BTreeSet::new();
            let names = request.names.into_iter();
            names.filter(|name| known.insert(name.clone())).collect()
        };
        if let Some(unknown) = names.iter().find(|name| self.0.logs.book(name).is_none()) {
            let remedy = format!("There are logs of {} and {OWN}.", fleet.names().join(", "));
            return Err(Failure::new(
                FailureCode::NotFound,
                format!("there is no log {unknown:?}"),
            )
            .with_remedy(remedy));
        }
        let lines = u64::from(request.lines.unwrap_or(TAIL_LINES));
        // One after the other what there is, then side by side what comes.
        let mut starts = Vec::new();
        for name in &names {
            match self.pour(name, None, lines, false, answers).await {
                Ok(next) => starts.push(next),
                Err(gone) => return Ok(Err(gone)),
            }
        }
        if request.follow {
            let follow = names.iter().zip(starts).map(|(name, next)| async move {
                self.pour(name, Some(next), lines, true, answers)
                    .await
                    .map(drop)
            });
            return Ok(join_all(follow).await.into_iter().collect());
        }
        Ok(Ok(()))
    }

    /// Sends the lines of one log from number `from` on, or its last `lines`; the number of the next.
    async fn pour(
        &self,
        name: &str,
        from: Option<u64>,
        lines: u64,
        follow: bool,
        answers: &Answers<SupervisorLink>,
    ) -> Result<u64, Gone> {
        let Some(book) = self.0.logs.book(name) else {
            return Ok(0);
        };
        let mut growth = book.growth();
        let mut next = from.unwrap_or_else(|| book.last(lines));
        loop {
            growth.mark_unchanged();
            loop {
                let read = book.read(next, BATCH);
                let mut skipped = read.skipped;
                next = read.next;
                if read.texts.is_empty() {
                    break;
                }
                for text in read.texts {
                    let skipped = std::mem::take(&mut skipped);
                    let line = LogLine {
                        name: name.to_owned(),
                        text,
                        skipped,
                    };
                    answers.more(FromSupervisor::Line(line)).await?;
                }
            }
            if !follow || growth.changed().await.is_err() {
                return Ok(next);
            }
        }
    }

    async fn answer(&self, request: ToSupervisor, answers: Answers<SupervisorLink>) {
        let fleet = &self.0.fleet;
        let done = |results| FromSupervisor::Done(Done { results });
        let answer = match request {
            ToSupervisor::Status(request) => self.status(&request),
            ToSupervisor::Start(programs) => match self.refuse_while_stopping() {
                Ok(()) => fleet.start(&programs.names).await.map(done),
                Err(failure) => Err(failure),
            },
            ToSupervisor::Stop(programs) => fleet.stop(&programs.names).await.map(done),
            ToSupervisor::Restart(programs) => match self.refuse_while_stopping() {
                Ok(()) => self.restart(programs.names).await.map(done),
                Err(failure) => Err(failure),
            },
            ToSupervisor::Tail(request) => {
                let cancelled = answers.cancelled();
                tokio::select! {
                    tailed = self.tail(request, &answers) => match tailed {
                        Ok(Ok(())) => Ok(FromSupervisor::TailEnded(TailEnded {})),
                        Ok(Err(_hung_up)) => return,
                        Err(failure) => Err(failure),
                    },
                    // We end; a follower would follow for ever.
                    () = cancelled.cancelled() => Ok(FromSupervisor::TailEnded(TailEnded {})),
                }
            }
            ToSupervisor::Shutdown(_) => {
                tracing::info!("stopping, `listsync shutdown` asked for it");
                answers
                    .last(FromSupervisor::ShuttingDown(Shutdown {}))
                    .await;
                self.0.shutdown.request();
                return;
            }
            ToSupervisor::CreateApiKey(request) => self.create_api_key(request).await,
        };
        answers
            .last(answer.unwrap_or_else(FromSupervisor::from))
            .await;
    }

    /// A restart goes on when its caller hangs up: a program must not stay stopped because of that.
    async fn restart(
        &self,
        names: Vec<String>,
    ) -> Result<Vec<schema::wire::supervisor::ProgramResult>, Failure> {
        let fleet = self.0.fleet.clone();
        let restart = actix_rt::spawn(async move { fleet.restart(&names).await });
        restart.await.unwrap_or_else(|error| {
            Err(Failure::new(
                FailureCode::Internal,
                format!("the restart ended early: {error}"),
            ))
        })
    }

    fn refuse_while_stopping(&self) -> Result<(), Failure> {
        if self.0.shutdown.is_requested() {
            return Err(Failure::new(
                FailureCode::Conflict,
                "the supervisor is stopping everything",
            ));
        }
        Ok(())
    }
}

impl Handler<SupervisorLink> for Door {
    fn handle(
        &self,
        request: ToSupervisor,
        answers: Answers<SupervisorLink>,
    ) -> impl Future<Output = ()> + 'static {
        let door = self.clone();
        async move { door.answer(request, answers).await }
    }
}
