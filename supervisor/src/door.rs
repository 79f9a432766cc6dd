//! `supervisor.sock`: answers the command line and `api`, also while everything is being stopped.
//!
//! Leaves programs to [`crate::program`], lines of logs to [`crate::log`], bytes to `runtime`.

use std::{path::PathBuf, rc::Rc};

use chrono::{DateTime, Utc};
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
            ApiKeyCreated, CreateApiKey, Done, FromSupervisor, ProgramResult, ProgramStatus,
            Reload, Reloaded, Restart, Shutdown, SignalPrograms, StatusReport, StatusRequest,
            SupervisorLink, TailEnded, ToSupervisor, WatchEnded, WatchPrograms,
        },
    },
};
use tokio::sync::broadcast::error::RecvError;

use crate::{
    log::{self, Logs},
    process::{self, Signal},
    program::{Changes, Fleet},
    reload::Reloader,
};

/// Longest name of an API key, in characters.
const KEY_NAME: usize = 100;

/// See the head of this file; clones share.
#[derive(Clone)]
pub(crate) struct Door(Rc<Inside>);

struct Inside {
    parts: Parts,
    started_at: DateTime<Utc>,
}

/// What the answers are made of.
pub(crate) struct Parts {
    pub(crate) fleet: Fleet,
    pub(crate) reloader: Rc<Reloader>,
    pub(crate) changes: Changes,
    pub(crate) logs: Logs,
    pub(crate) clock: Clock,
    pub(crate) database: PathBuf,
    /// Set when everything is to be stopped.
    pub(crate) shutdown: Stop,
}

impl Door {
    pub(crate) fn new(parts: Parts) -> Self {
        let started_at = parts.clock.now_utc();
        Self(Rc::new(Inside { parts, started_at }))
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn report(&self, programs: Vec<ProgramStatus>) -> FromSupervisor {
        FromSupervisor::Status(StatusReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: process::own_pid(),
            started_at: self.0.started_at,
            is_stopping: self.parts().shutdown.is_requested(),
            stdout_dropped_lines: self.parts().logs.stdout_dropped(),
            programs,
        })
    }

    async fn status(&self, request: &StatusRequest) -> Result<FromSupervisor, Failure> {
        let programs = self.parts().fleet.status(&request.names).await?;
        Ok(self.report(programs))
    }

    /// How the programs are, then every change.
    async fn watch(
        &self,
        request: &WatchPrograms,
        answers: &Answers<SupervisorLink>,
    ) -> Result<Result<(), Gone>, Failure> {
        let mut follower = self.parts().changes.follow();
        let count = usize::try_from(request.last.unwrap_or(0)).unwrap_or(usize::MAX);
        let before = self.parts().changes.last(count);
        let mut known = before.last().map_or(0, |change| change.id);
        let mut next = vec![self.status(&StatusRequest::default()).await?];
        next.extend(before.into_iter().map(FromSupervisor::Changed));
        loop {
            for answer in next.drain(..) {
                if let Err(gone) = answers.more(answer).await {
                    return Ok(Err(gone));
                }
            }
            if request.once {
                return Ok(Ok(()));
            }
            match follower.recv().await {
                // Told already, as one from before.
                Ok(change) if change.id <= known => {}
                Ok(change) => {
                    known = change.id;
                    next.push(FromSupervisor::Changed(change));
                }
                // More came at once than is held for a follower, and less than is kept.
                Err(RecvError::Lagged(_)) => {
                    let missed = self.parts().changes.after(known);
                    known = missed.last().map_or(known, |change| change.id);
                    next.extend(missed.into_iter().map(FromSupervisor::Changed));
                }
                Err(RecvError::Closed) => return Ok(Ok(())),
            }
        }
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
            created_at: self.parts().clock.now(),
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
        let database = self.parts().database.clone();
        let db = tokio::task::spawn_blocking(move || Db::open(&database))
            .await
            .map_err(|_panicked| DbError::Ended)??;
        db.write(move |conn| ApiKey::insert(conn, &new))
            .await
            .map(drop)
    }

    async fn answer(&self, request: ToSupervisor, answers: Answers<SupervisorLink>) {
        let fleet = &self.parts().fleet;
        let done = |results| FromSupervisor::Done(Done { results });
        let answer = match request {
            ToSupervisor::Status(request) => self.status(&request).await,
            ToSupervisor::Start(programs) => match self.refuse_while_stopping() {
                Ok(()) => fleet.start(&programs.names).await.map(done),
                Err(failure) => Err(failure),
            },
            ToSupervisor::Stop(programs) => fleet.stop(&programs.names).await.map(done),
            ToSupervisor::Restart(request) => self.restart(request).await.map(done),
            ToSupervisor::Signal(request) => self.signal(&request).await.map(done),
            ToSupervisor::Reload(request) => {
                self.reload(request).await.map(FromSupervisor::Reloaded)
            }
            ToSupervisor::SettingsChanged(heard) => {
                self.parts().reloader.take_saved().await;
                Ok(FromSupervisor::SettingsTaken(heard))
            }
            ToSupervisor::Watch(request) => {
                let end = FromSupervisor::WatchEnded(WatchEnded {});
                match until_we_end(self.watch(&request, &answers), &answers, end).await {
                    Some(end) => Ok(end),
                    None => return,
                }
            }
            ToSupervisor::Tail(request) => {
                let names = fleet.names();
                let end = FromSupervisor::TailEnded(TailEnded {});
                let tail = log::tail(&self.parts().logs, &names, request, &answers);
                match until_we_end(tail, &answers, end).await {
                    Some(end) => Ok(end),
                    None => return,
                }
            }
            ToSupervisor::Shutdown(_) => {
                tracing::info!("stopping, `listsync shutdown` asked for it");
                answers
                    .last(FromSupervisor::ShuttingDown(Shutdown {}))
                    .await;
                self.parts().shutdown.request();
                return;
            }
            ToSupervisor::CreateApiKey(request) => self.create_api_key(request).await,
            ToSupervisor::DebugPanic(_) => debug_panic(),
        };
        answers
            .last(answer.unwrap_or_else(FromSupervisor::from))
            .await;
    }

    async fn restart(&self, request: Restart) -> Result<Vec<ProgramResult>, Failure> {
        self.refuse_while_stopping()?;
        let fleet = &self.parts().fleet;
        if request.at_once {
            fleet.restart_at_once(&request.names).await
        } else {
            fleet.restart(&request.names).await
        }
    }

    async fn reload(&self, request: Reload) -> Result<Reloaded, Failure> {
        self.refuse_while_stopping()?;
        Box::pin(self.parts().reloader.reload(&request)).await
    }

    async fn signal(&self, request: &SignalPrograms) -> Result<Vec<ProgramResult>, Failure> {
        let signal = Signal::named(&request.signal).ok_or_else(|| {
            Failure::new(
                FailureCode::Invalid,
                format!("there is no signal {:?}", request.signal),
            )
            .with_remedy(
                "Signals are named as in HUP, SIGUSR1 or RTMIN+1, or by a number from 1 to 64.",
            )
        })?;
        self.parts().fleet.signal(&request.names, signal).await
    }

    fn refuse_while_stopping(&self) -> Result<(), Failure> {
        if self.parts().shutdown.is_requested() {
            return Err(Failure::new(
                FailureCode::Conflict,
                "the supervisor is stopping everything",
            ));
        }
        Ok(())
    }
}

/// How a stream ended; it ends when we do, however long it would last. Nothing when its reader is gone.
async fn until_we_end(
    stream: impl Future<Output = Result<Result<(), Gone>, Failure>>,
    answers: &Answers<SupervisorLink>,
    end: FromSupervisor,
) -> Option<FromSupervisor> {
    let cancelled = answers.cancelled();
    tokio::select! {
        ended = stream => match ended {
            Ok(Ok(())) => Some(end),
            Ok(Err(_hung_up)) => None,
            Err(failure) => Some(failure.into()),
        },
        () = cancelled.cancelled() => Some(end),
    }
}

/// Shows that a fault of ours ends us, and all programs with us, in place of leaving us deaf.
#[expect(clippy::panic, reason = "that is what was asked for")]
fn debug_panic() -> ! {
    panic!("`listsync debug-panic` asked for it");
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
