//! Workers started for one command while no supervisor runs, and stopped again with it. Leaves how a
//! process is started to `process`, and what is asked of the workers to the commands.

use std::{fs::OpenOptions, path::Path, time::Duration};

use runtime::{Chain, Loaded, settings::PathSettings};
use schema::wire::{Link, scraper::ScraperLink, sync::SyncLink};
use tokio::{net::UnixStream, process::Child, time::Instant};

use super::{error::CommandError, exit::Exit, session::Session};
use crate::{
    lock::{Lock, LockError},
    process::{self, Signal},
    settings::{self, Worker},
};

/// How long a worker may take until it answers.
const READY: Duration = Duration::from_secs(15);
/// How long a worker may take to end before it is killed.
const STOPPING: Duration = Duration::from_secs(8);
/// Pause between two looks at whether a worker answers.
const PAUSE: Duration = Duration::from_millis(10);

/// Workers of one command. They die with this process, whatever happens to it.
#[derive(Debug)]
pub(super) struct OneShot {
    workers: Vec<(Worker, Child)>,
    /// Keeps a supervisor from starting beside them.
    _lock: Lock,
}

impl OneShot {
    /// Takes the supervisor's lock, brings the database up to date and starts what reads and syncs.
    ///
    /// # Errors
    /// When a supervisor is just starting, a directory or the database cannot be used, or a worker
    /// does not come up.
    pub(super) async fn start(session: &Session, loaded: &Loaded) -> Result<Self, CommandError> {
        let paths = &loaded.settings.paths;
        paths.create()?;
        let mut one_shot = Self {
            _lock: lock(paths)?,
            workers: Vec::new(),
        };
        schema::migrate(&paths.database()).map_err(|error| CommandError::Told {
            message: format!("the database cannot be used: {}", Chain(&error)),
            remedy: None,
            exit: Exit::BadSettings,
        })?;
        for (worker, socket) in [
            (Worker::Scraper, ScraperLink::SOCKET),
            (Worker::Sync, SyncLink::SOCKET),
        ] {
            // What a killed predecessor left is nobody's while we hold the lock; it would only look
            // as if somebody were there.
            match std::fs::remove_file(paths.socket(socket)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(worker, &error, &paths.log(worker.name())));
                }
                _ => {}
            }
            let child = spawn(session, loaded, worker)
                .map_err(|error| failed(worker, &error, &paths.log(worker.name())))?;
            one_shot.workers.push((worker, child));
        }
        for (worker, child) in &mut one_shot.workers {
            let socket = if *worker == Worker::Sync {
                SyncLink::SOCKET
            } else {
                ScraperLink::SOCKET
            };
            let answered = until_it_answers(
                *worker,
                child,
                &paths.socket(socket),
                &paths.log(worker.name()),
            )
            .await;
            if let Err(error) = answered {
                one_shot.stop().await;
                return Err(error);
            }
        }
        Ok(one_shot)
    }

    /// Asks the workers to end and waits for it; kills what does not.
    pub(super) async fn stop(mut self) {
        for (_, child) in &self.workers {
            if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok())
                && let Err(error) = process::signal_group(pid, Signal::TERM)
            {
                tracing::warn!("cannot send {} to {pid}: {error}", Signal::TERM);
            }
        }
        let until = Instant::now() + STOPPING;
        for (worker, child) in &mut self.workers {
            if tokio::time::timeout_at(until, child.wait()).await.is_ok() {
                continue;
            }
            if let Err(error) = child.kill().await {
                tracing::warn!("cannot kill {}: {error}", worker.name());
            }
        }
    }
}

fn lock(paths: &PathSettings) -> Result<Lock, CommandError> {
    Lock::take(paths).map_err(|error| match error {
        LockError::Held { owner, path } => CommandError::told(
            format!("{owner} holds {}", path.display()),
            "A supervisor is just starting, or a command like this one is at work: try again in a moment.",
        ),
        other => CommandError::told(
            Chain(&other).to_string(),
            "Run this command as the user the supervisor runs as.",
        ),
    })
}

fn spawn(session: &Session, loaded: &Loaded, worker: Worker) -> std::io::Result<Child> {
    let binary = worker.binary(&settings::binaries()?);
    let environment = settings::worker_environment(&session.environment, loaded, worker);
    let log = loaded.settings.paths.log(worker.name());
    let output = OpenOptions::new().create(true).append(true).open(log)?;
    process::one_shot(
        &binary,
        &["--once".into()],
        environment.into_iter().collect(),
        &output,
    )
}

fn failed(worker: Worker, error: &std::io::Error, log: &Path) -> CommandError {
    CommandError::Told {
        message: format!("cannot start the {}: {error}", worker.name()),
        remedy: Some(format!(
            "The four binaries belong in one folder, beside `listsync`; its log is {}.",
            log.display()
        )),
        exit: Exit::Failed,
    }
}

async fn until_it_answers(
    worker: Worker,
    child: &mut Child,
    socket: &Path,
    log: &Path,
) -> Result<(), CommandError> {
    let told = |what: String| {
        CommandError::told(
            format!("the {} {what}", worker.name()),
            format!("Its log says why: {}", log.display()),
        )
    };
    let until = Instant::now() + READY;
    loop {
        if UnixStream::connect(socket).await.is_ok() {
            return Ok(());
        }
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                return Err(told(format!(
                    "ended at once with {}",
                    process::reason(status)
                )));
            }
            Err(error) => return Err(failed(worker, &error, log)),
        }
        if Instant::now() >= until {
            return Err(told(format!("did not answer within {} s", READY.as_secs())));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;

    #[actix_rt::test]
    async fn beside_a_supervisor_that_is_starting_nothing_is_started() {
        let world = World::new();
        let loaded = world.session.loaded().unwrap();
        let _held = Lock::take(&loaded.settings.paths).unwrap();
        let error = OneShot::start(&world.session, &loaded).await.unwrap_err();
        assert!(
            error.text().contains("try again in a moment"),
            "{}",
            error.text()
        );
    }

    #[actix_rt::test]
    async fn a_missing_binary_is_named_with_its_folder() {
        let world = World::new();
        let loaded = world.session.loaded().unwrap();
        // Beside the test's own binary there are no workers.
        let error = OneShot::start(&world.session, &loaded).await.unwrap_err();
        assert!(
            error.text().contains("cannot start the scraper-worker"),
            "{}",
            error.text()
        );
        assert_eq!(error.exit(), Exit::Failed);
    }
}
