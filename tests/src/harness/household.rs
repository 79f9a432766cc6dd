//! One ListSync of its own: supervisor, workers, database, ports.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use runtime::socket::client::Client;
use schema::{
    Db,
    models::{List, ListId, RunId, RunTrigger},
    wire::{
        supervisor::{
            FromSupervisor, ProgramState, StatusReport, StatusRequest, SupervisorLink, ToSupervisor,
        },
        sync::{
            AddList, FromSyncWorker, ListView, RunReport, StartRun, SyncLink, ToSyncWorker,
            WatchRun,
        },
    },
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{processes, wait_for};
use crate::{fake_seerr::FakeSeerr, fake_sites::FakeSites};

/// How long a household may take to be ready on a busy machine.
const READY: Duration = Duration::from_secs(30);

/// What a household is started with.
#[derive(Debug, Default)]
pub struct Setup {
    environment: Vec<(String, String)>,
    settings: String,
}

impl Setup {
    /// Nothing configured, except that runs are started by the test.
    pub fn new() -> Self {
        Self::default().environment("AUTOMATED_MODE", "false")
    }

    /// Asks this Seerr.
    #[must_use]
    pub fn seerr(self, seerr: &FakeSeerr) -> Self {
        self.environment("OVERSEERR_URL", &seerr.url())
            .environment("OVERSEERR_API_KEY", &seerr.api_key())
    }

    /// Reads these sites, at full speed.
    #[must_use]
    pub fn sites(self, sites: &FakeSites) -> Self {
        self.environment("LISTSYNC_IMDB_URL", &sites.url())
            .environment("LISTSYNC_IMDB_GRAPHQL_URL", &sites.url())
            .environment("LISTSYNC_STEVENLU_URL", &sites.url())
            .environment("LISTSYNC_TRAKT_URL", &sites.url())
            .environment("LISTSYNC_LETTERBOXD_URL", &sites.url_by_name())
            .environment("LISTSYNC_TMDB_URL", &sites.url())
            .environment("LISTSYNC_TMDB_API_URL", &sites.url())
            .environment("LISTSYNC_TVDB_URL", &sites.url())
            .environment("LISTSYNC_TVDB_API_URL", &sites.url())
            .environment("LISTSYNC_MDBLIST_URL", &sites.url())
            .environment("LISTSYNC_MDBLIST_API_URL", &sites.url())
            .environment("LISTSYNC_SIMKL_URL", &sites.url())
            .environment("LISTSYNC_SIMKL_DATA_URL", &sites.url())
            .environment("LISTSYNC_ANILIST_URL", &format!("{}/anilist", sites.url()))
            .environment("LISTSYNC_MYANIMELIST_URL", &sites.url())
            .environment("LISTSYNC_MYANIMELIST_API_URL", &sites.url())
            .environment("LISTSYNC_PLEX_URL", &sites.url())
            .environment("LISTSYNC_PLEX_RSS_URL", &sites.url())
            .environment(
                "LISTSYNC_ANIME_MAP_URL",
                &format!("{}/anime-list-full.json", sites.url()),
            )
    }

    /// Sets a variable; the last one of a name counts.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds lines to the settings file.
    #[must_use]
    pub fn settings(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// Starts it and waits until every program is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(self) -> Result<Household> {
        Household::start(self).await
    }
}

/// A ListSync that runs in a folder of its own; dropping it kills everything.
#[derive(Debug)]
pub struct Household {
    folder: TempDir,
    environment: Vec<(String, String)>,
    supervisor: Option<Child>,
    /// Port of the API.
    pub api_port: u16,
    /// Port of the status page.
    pub dashboard_port: u16,
}

impl Household {
    async fn start(setup: Setup) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ls").tempdir()?;
        let (api_port, dashboard_port) = free_ports()?;
        let config = folder.path().join("listsync.toml");
        let mut settings = setup.settings.clone();
        for name in ["api", "sync-worker", "scraper-worker"] {
            let binary = binary(&format!("listsync-{name}-under-test"))?;
            let lines = [
                "[program.",
                name,
                "]\ncommand = \"",
                &binary.display().to_string(),
                "\"\n",
            ];
            settings.push_str(&lines.concat());
        }
        std::fs::write(&config, settings)?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut environment: Vec<(String, String)> = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("HOME".into(), path("home")),
            ("LISTSYNC_DATA_DIR".into(), path("data")),
            ("LISTSYNC_RUN_DIR".into(), path("run")),
            ("LISTSYNC_LOG_DIR".into(), path("logs")),
            ("LISTSYNC_CONFIG".into(), config.display().to_string()),
            ("LISTSYNC_API_PORT".into(), api_port.to_string()),
            ("LISTSYNC_DASHBOARD_PORT".into(), dashboard_port.to_string()),
            ("LOG_FORMAT".into(), "human".into()),
            ("LOG_LEVEL".into(), "debug".into()),
        ];
        environment.extend(setup.environment);
        std::fs::create_dir_all(folder.path().join("home"))?;
        let mut household = Self {
            folder,
            environment,
            supervisor: None,
            api_port,
            dashboard_port,
        };
        household.boot().await?;
        Ok(household)
    }

    /// Starts the supervisor, again after it was killed or stopped, and waits until all is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn boot(&mut self) -> Result<()> {
        let output = std::fs::File::create(self.folder.path().join("supervisor.out"))?;
        let child = self
            .command("listsync-under-test")?
            .arg("run")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        self.supervisor = Some(child);
        let ready = wait_for("every program ready", READY, || async {
            let report = self.status().await.ok()?;
            report
                .programs
                .iter()
                .all(|program| program.state == ProgramState::Running)
                .then_some(())
        });
        let exited = async {
            // A supervisor that ended needs no more waiting.
            loop {
                if !self.supervisor_pid().is_some_and(processes::is_alive) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = ready => Ok(()),
            () = exited => bail!("the supervisor ended:\n{}", self.output()),
        }
    }

    /// A command of one of our binaries in this household's environment and nothing else.
    fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(binary(name)?);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
        Ok(command)
    }

    /// Runs `listsync` with these arguments, as a person would.
    ///
    /// # Errors
    /// When it cannot be started or takes longer than a minute.
    pub async fn cli(&self, args: &[&str]) -> Result<Output> {
        let output = self
            .command("listsync-under-test")?
            .args(args)
            .stdin(Stdio::null())
            .output();
        tokio::time::timeout(Duration::from_mins(1), output)
            .await
            .with_context(|| format!("listsync {} took longer than a minute", args.join(" ")))?
            .map_err(Into::into)
    }

    /// The folder everything of it lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the supervisor printed so far.
    pub fn output(&self) -> String {
        let printed = std::fs::read(self.folder.path().join("supervisor.out")).unwrap_or_default();
        String::from_utf8_lossy(&printed).into_owned()
    }

    /// The log of a program.
    pub fn log(&self, program: &str) -> String {
        let path = self
            .folder
            .path()
            .join("logs")
            .join(format!("{program}.log"));
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join("run").join(name)
    }

    /// The supervisor's socket.
    pub fn supervisor(&self) -> Client<SupervisorLink> {
        Client::at(self.socket("supervisor.sock"))
    }

    /// The sync-worker's socket; waits for one that is being restarted.
    pub fn sync_worker(&self) -> Client<SyncLink> {
        Client::at(self.socket("sync-worker.sock")).patient(Duration::from_secs(20))
    }

    /// How the programs are.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub async fn status(&self) -> Result<StatusReport> {
        match self
            .supervisor()
            .call(ToSupervisor::Status(StatusRequest::default()))
            .await?
        {
            FromSupervisor::Status(report) => Ok(report),
            other => bail!("the supervisor answered {other:?}"),
        }
    }

    /// Process id of the supervisor.
    pub fn supervisor_pid(&self) -> Option<i32> {
        self.supervisor
            .as_ref()?
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
    }

    /// Process id of a program that runs.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pid(&self, program: &str) -> Result<i32> {
        let report = self.status().await?;
        report
            .programs
            .iter()
            .find(|status| status.name == program)
            .and_then(|status| status.pid)
            .with_context(|| format!("{program} does not run"))
    }

    /// Kills a program with SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self, program: &str) -> Result<i32> {
        let pid = self.pid(program).await?;
        processes::kill(pid);
        Ok(pid)
    }

    /// Waits until a program runs under another process id and is ready.
    pub async fn replaced(&self, program: &str, before: i32) {
        wait_for(&format!("{program} replaced"), READY, || async {
            let report = self.status().await.ok()?;
            let status = report
                .programs
                .into_iter()
                .find(|status| status.name == program)?;
            (status.state == ProgramState::Running && status.pid != Some(before)).then_some(())
        })
        .await;
    }

    /// The database, opened beside the workers.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn database(&self) -> Result<Db> {
        Ok(Db::open(&self.folder.path().join("data/list_sync.db"))?)
    }

    /// Adds a list.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn add_list(&self, list_type: &str, input: &str) -> Result<ListView> {
        let add = AddList {
            input: input.to_owned(),
            list_type: Some(list_type.to_owned()),
            ..AddList::default()
        };
        match self.sync_worker().call(ToSyncWorker::AddList(add)).await? {
            FromSyncWorker::List(view) => Ok(*view),
            other => bail!("adding a list was answered with {other:?}"),
        }
    }

    /// A list's row.
    ///
    /// # Errors
    /// When there is no such list.
    pub async fn list(&self, id: ListId) -> Result<List> {
        self.database()?
            .read(move |conn| List::find(conn, id))
            .await?
            .with_context(|| format!("there is no list {id}"))
    }

    /// Starts a run of everything.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn start_run(&self) -> Result<RunId> {
        self.start_run_of(StartRun::everything(RunTrigger::Manual))
            .await
    }

    /// Starts a run.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn start_run_of(&self, scope: StartRun) -> Result<RunId> {
        match self
            .sync_worker()
            .call(ToSyncWorker::StartRun(scope))
            .await?
        {
            FromSyncWorker::RunStarted(started) => Ok(started.run),
            other => bail!("starting a run was answered with {other:?}"),
        }
    }

    /// Follows a run to its end, through restarts of the sync-worker.
    ///
    /// # Errors
    /// When it does not end within `limit`.
    pub async fn report(&self, run: RunId, limit: Duration) -> Result<RunReport> {
        let watched = async {
            loop {
                let watch = ToSyncWorker::WatchRun(WatchRun { run: Some(run) });
                let Ok(mut answers) = self.sync_worker().stream(watch).await else {
                    continue;
                };
                while let Ok(Some(answer)) = answers.next().await {
                    if let FromSyncWorker::RunReport(report) = answer
                        && report.summary.completed_at.is_some()
                    {
                        return *report;
                    }
                }
                // The worker may be gone, or about to take the run up again.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(limit, watched)
            .await
            .with_context(|| format!("run {run} did not end:\n{}", self.log("sync-worker")))
    }

    /// Runs everything once, to its end.
    ///
    /// # Errors
    /// When it is refused or takes longer than two minutes.
    pub async fn sync(&self) -> Result<RunReport> {
        let run = self.start_run().await?;
        self.report(run, Duration::from_mins(2)).await
    }

    /// Address of the API.
    pub fn api_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.api_port)
    }

    /// The first API key.
    ///
    /// # Errors
    /// When it was not written.
    pub fn api_key(&self) -> Result<String> {
        Ok(
            std::fs::read_to_string(self.folder.path().join("data/api-key"))?
                .trim()
                .to_owned(),
        )
    }

    /// Stops it as `docker stop` does, waits for its end and gives its exit code.
    ///
    /// # Errors
    /// When it does not end within ten seconds.
    pub async fn stop(&mut self) -> Result<Option<i32>> {
        let Some(mut supervisor) = self.supervisor.take() else {
            bail!("it does not run")
        };
        if let Some(pid) = supervisor.id().and_then(|pid| i32::try_from(pid).ok()) {
            processes::stop_signal(pid);
        }
        let status = tokio::time::timeout(Duration::from_secs(10), supervisor.wait())
            .await
            .context("the supervisor did not stop within ten seconds")??;
        Ok(status.code())
    }

    /// Kills the supervisor with SIGKILL and waits for its end.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill_supervisor(&mut self) -> Result<()> {
        let Some(mut supervisor) = self.supervisor.take() else {
            bail!("it does not run")
        };
        supervisor.kill().await?;
        Ok(())
    }
}

/// Two ports nobody listens on now, below those that outgoing connections get. Another process may
/// take one before we do; tests then fail loudly.
fn free_ports() -> Result<(u16, u16)> {
    // Tests that run at the same time begin at different places.
    let begin = std::process::id().wrapping_mul(37) % 12_000;
    let listen = |offset| {
        let port = u16::try_from(20_000 + (begin + offset) % 12_000).ok()?;
        TcpListener::bind(("127.0.0.1", port)).ok()
    };
    let mut listeners = (0..12_000).filter_map(listen);
    let (Some(first), Some(second)) = (listeners.next(), listeners.next()) else {
        bail!("no ports are free between 20000 and 32000");
    };
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

/// One of this package's binaries, which lie beside the folder of the test that runs.
fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    folder
        .map(|folder| folder.join(name))
        .with_context(|| format!("{name} is not built; run the tests of the whole package"))
}
