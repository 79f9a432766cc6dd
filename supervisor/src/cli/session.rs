//! What every command works with: terminal, environment, clock, and the sockets of the processes.
//! Leaves what is asked there to the commands.

use std::{path::PathBuf, time::Duration};

use runtime::{
    Clock, Environment, Loaded,
    settings::{PathSettings, likely_paths, load},
    socket::client::{CallError, Client},
};
use schema::wire::{
    Link,
    supervisor::{
        FromSupervisor, ProgramStatus, StatusReport, StatusRequest, SupervisorLink, ToSupervisor,
    },
    sync::{FromSyncWorker, SyncLink, ToSyncWorker},
};
use tokio::net::UnixStream;

use super::{
    error::CommandError,
    exit::Exit,
    terminal::{Look, Terminal},
};

/// How long the supervisor may take to say how everything is, which takes it milliseconds.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a worker that the supervisor is just restarting is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a command works with.
#[derive(Debug)]
pub(super) struct Session {
    /// Where it prints.
    pub(super) terminal: Terminal,
    /// Whether it prints JSON.
    pub(super) json: bool,
    /// The environment it was started in.
    pub(super) environment: Environment,
    /// The settings file given on the command line.
    pub(super) config: Option<PathBuf>,
    /// Tells the time.
    pub(super) clock: Clock,
}

impl Session {
    /// How text on standard output may look.
    pub(super) fn look(&self) -> Look {
        self.terminal.look
    }

    /// The settings without those saved in the database.
    ///
    /// # Errors
    /// [`CommandError::Settings`].
    pub(super) fn loaded(&self) -> Result<Loaded, CommandError> {
        Ok(load(&self.environment, self.config.as_deref(), &[])?)
    }

    /// Where the sockets and files are. While a supervisor runs, a settings file that was broken since
    /// it started keeps nobody from asking and stopping it.
    ///
    /// # Errors
    /// [`CommandError::Settings`].
    pub(super) fn paths(&self) -> Result<PathSettings, CommandError> {
        match likely_paths(&self.environment, self.config.as_deref()) {
            Some(paths) if paths.socket(SupervisorLink::SOCKET).exists() => Ok(paths),
            _ => Ok(self.loaded()?.settings.paths),
        }
    }

    /// Calls the supervisor.
    ///
    /// # Errors
    /// [`CommandError::Settings`].
    pub(super) fn supervisor(&self) -> Result<Client<SupervisorLink>, CommandError> {
        Ok(Client::new(&self.paths()?))
    }

    /// Asks the supervisor one thing.
    ///
    /// # Errors
    /// [`CommandError`].
    pub(super) async fn ask_supervisor(
        &self,
        request: ToSupervisor,
    ) -> Result<FromSupervisor, CommandError> {
        Ok(self.supervisor()?.call(request).await?)
    }

    /// How all programs are.
    ///
    /// # Errors
    /// [`CommandError`].
    pub(super) async fn status(&self) -> Result<StatusReport, CommandError> {
        let asked = self.ask_supervisor(ToSupervisor::Status(StatusRequest::default()));
        // One that is stopped or starved still has its socket, and a health check must end.
        let answer = tokio::time::timeout(ANSWER, asked)
            .await
            .map_err(|_late| CommandError::Told {
                message: format!(
                    "the supervisor does not answer within {} s, though its socket is there",
                    ANSWER.as_secs()
                ),
                remedy: Some(
                    "It may be halted (`kill -CONT` its process), or the machine has no time for it."
                        .to_owned(),
                ),
                exit: Exit::Unreachable,
            })?;
        match answer? {
            FromSupervisor::Status(report) => Ok(report),
            _ => Err(CommandError::unexpected(SupervisorLink::PEER)),
        }
    }

    /// Calls the sync-worker, after looking whether it or at least the supervisor is there.
    ///
    /// # Errors
    /// [`CommandError::Unreachable`] naming the supervisor when that does not run either.
    pub(super) async fn sync_worker(&self) -> Result<Client<SyncLink>, CommandError> {
        let paths = self.paths()?;
        let client = Client::new(&paths).patient(PATIENCE);
        if UnixStream::connect(paths.socket(SyncLink::SOCKET))
            .await
            .is_err()
        {
            self.status().await?;
        }
        Ok(client)
    }

    /// Asks the sync-worker one thing.
    ///
    /// # Errors
    /// [`CommandError`]; an absent worker is explained by what the supervisor says of it.
    pub(super) async fn ask_sync_worker(
        &self,
        request: ToSyncWorker,
    ) -> Result<FromSyncWorker, CommandError> {
        match self.sync_worker().await?.call(request).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The error of a call to the sync-worker, explained by what the supervisor says of it.
    pub(super) async fn explained(&self, error: CallError) -> CommandError {
        if !matches!(error, CallError::Unreachable { .. }) {
            return error.into();
        }
        match self.status().await {
            Ok(report) => {
                let program = report
                    .programs
                    .iter()
                    .find(|program| program.name == SYNC_WORKER);
                absent_worker(program)
            }
            Err(error) => error,
        }
    }
}

/// Name of the sync-worker among the supervisor's programs.
pub(super) const SYNC_WORKER: &str = "sync-worker";

fn absent_worker(program: Option<&ProgramStatus>) -> CommandError {
    let (state, why) = match program {
        Some(program) => (
            program.state.as_str(),
            program.last_exit.as_ref().map(|exit| exit.reason.clone()),
        ),
        None => ("unknown to it", None),
    };
    let why = why.map(|why| format!(" (last: {why})")).unwrap_or_default();
    CommandError::Told {
        message: format!("the sync-worker does not answer; the supervisor says it is {state}{why}"),
        remedy: Some(
            "`listsync tail sync-worker` shows why; `listsync start sync-worker` starts it.".into(),
        ),
        exit: Exit::Unreachable,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use runtime::Stop;
    use schema::wire::{Envelope, decode_request, encode_answer, sync::CancelRun};
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::UnixListener,
    };

    /// 2026-03-01 12:00:00 UTC, and so many seconds.
    pub(in crate::cli) fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_366_400 + seconds, 0).unwrap()
    }

    /// A session of a test, with a run directory of its own.
    pub(in crate::cli) struct World {
        pub(in crate::cli) session: Session,
        folder: tempfile::TempDir,
        stop: Stop,
    }

    impl Drop for World {
        fn drop(&mut self) {
            self.stop.request();
        }
    }

    impl World {
        pub(in crate::cli) fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
            let environment = Environment::of([
                ("LISTSYNC_DATA_DIR", inside("data")),
                ("LISTSYNC_RUN_DIR", inside("run")),
                ("HOME", inside("home")),
            ]);
            let session = Session {
                terminal: Terminal::of_test(),
                json: false,
                environment,
                config: None,
                clock: Clock::fixed(at(3600).naive_utc()),
            };
            session.paths().unwrap().create().unwrap();
            Self {
                session,
                folder,
                stop: Stop::new(),
            }
        }

        pub(in crate::cli) fn json(mut self) -> Self {
            self.session.json = true;
            self
        }

        /// Answers at the link's socket with what `answers` gives for each request; all but the last
        /// with `more`. Where it gives nothing the connection is cut, as by a process that was killed.
        pub(in crate::cli) fn serve<L: Link>(
            &self,
            answers: impl Fn(L::Request) -> Vec<L::Answer> + 'static,
        ) {
            let path = self.session.paths().unwrap().socket(L::SOCKET);
            let listener = UnixListener::bind(path).unwrap();
            let stop = self.stop.clone();
            actix_rt::spawn(async move {
                while let Some(Ok((stream, _))) = until(&stop, listener.accept()).await {
                    until(&stop, answer::<L>(stream, &answers)).await;
                }
            });
        }

        /// With a terminal that is a screen.
        pub(in crate::cli) fn on_screen(mut self) -> Self {
            self.session.terminal = Terminal::screen_of_test();
            self
        }

        /// As [`World::serve`], but no answer is the last one and every connection stays open.
        pub(in crate::cli) fn serve_open<L: Link>(
            &self,
            answers: impl Fn(L::Request) -> Vec<L::Answer> + 'static,
        ) {
            let path = self.session.paths().unwrap().socket(L::SOCKET);
            let listener = UnixListener::bind(path).unwrap();
            let stop = self.stop.clone();
            actix_rt::spawn(async move {
                let mut open = Vec::new();
                while let Some(Ok((stream, _))) = until(&stop, listener.accept()).await {
                    let (read, mut write) = stream.into_split();
                    let mut lines = BufReader::new(read).lines();
                    if let Some(line) = lines.next_line().await.unwrap() {
                        let request: Envelope<L::Request> = decode_request(&line).unwrap();
                        for answer in answers(request.body) {
                            let line = encode_answer(request.id, true, &answer).unwrap();
                            write.write_all(line.as_bytes()).await.unwrap();
                        }
                    }
                    open.push((lines, write));
                }
            });
        }

        pub(in crate::cli) fn printed(&self) -> String {
            self.session.terminal.printed()
        }

        pub(in crate::cli) fn told(&self) -> String {
            self.session.terminal.told()
        }
    }

    async fn until<T>(stop: &Stop, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = stop.requested() => None,
        }
    }

    /// One connection carries one request; one that carries none only looked whether we are there.
    async fn answer<L: Link>(stream: UnixStream, answers: &impl Fn(L::Request) -> Vec<L::Answer>) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let Some(line) = lines.next_line().await.unwrap() else {
            return;
        };
        let request: Envelope<L::Request> = decode_request(&line).unwrap();
        let answers = answers(request.body);
        let last = answers.len().saturating_sub(1);
        for (number, answer) in answers.iter().enumerate() {
            let line = encode_answer(request.id, number < last, answer).unwrap();
            write.write_all(line.as_bytes()).await.unwrap();
        }
    }

    #[test]
    fn a_broken_settings_file_is_in_the_way_only_while_nothing_runs() {
        let mut world = World::new();
        let file = world.folder.path().join("listsync.toml");
        std::fs::write(&file, "[program.x]\ncomand = 7\n").unwrap();
        let paths = world.session.paths().unwrap();
        world.session.config = Some(file);
        assert_eq!(world.session.paths().unwrap_err().exit(), Exit::BadSettings);
        std::fs::write(paths.socket(SupervisorLink::SOCKET), "").unwrap();
        assert_eq!(world.session.paths().unwrap(), paths);
    }

    #[test]
    fn an_absent_worker_is_explained_by_its_state() {
        let error = absent_worker(None);
        assert_eq!(error.exit(), Exit::Unreachable);
        insta::assert_snapshot!(error.text(), @"
        listsync: the sync-worker does not answer; the supervisor says it is unknown to it
          `listsync tail sync-worker` shows why; `listsync start sync-worker` starts it.
        ");
    }

    #[actix_rt::test]
    async fn with_nothing_running_the_supervisor_is_what_is_missing() {
        let world = World::new();
        let error = world
            .session
            .ask_sync_worker(ToSyncWorker::CancelRun(CancelRun::default()))
            .await;
        let error = error.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the supervisor cannot be reached"),
            "{error}"
        );
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}
