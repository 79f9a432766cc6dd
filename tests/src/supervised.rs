//! A supervisor whose programs are scripted children, in a folder of its own.
//!
//! For tests of the supervisor alone; [`crate::harness`] boots the real workers.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use runtime::socket::client::{Client, Stream};
use schema::wire::supervisor::{
    Done, FromSupervisor, ProgramResult, ProgramState, ProgramStatus, Programs, Shutdown,
    StatusReport, StatusRequest, SupervisorLink, TailRequest, ToSupervisor,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::harness::{kill, stop_signal, wait_for};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Our three programs.
pub const OURS: [&str; 3] = ["scraper-worker", "sync-worker", "api"];

/// Settings of a supervisor that is to be started.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
    settings: String,
    named: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Scene {
    /// Three programs that are ready at once and wait.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ls").tempdir()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("LISTSYNC_DATA_DIR".into(), path("data")),
            ("LISTSYNC_RUN_DIR".into(), path("run")),
            ("LISTSYNC_LOG_DIR".into(), path("logs")),
            ("LISTSYNC_CONFIG".into(), path("listsync.toml")),
        ];
        Ok(Self {
            folder,
            settings: String::new(),
            named: Vec::new(),
            environment,
        })
    }

    /// The folder everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the test, as a script or a setting names it.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A program with this script; `more` are further lines of its table.
    #[must_use]
    pub fn program(mut self, name: &str, script: &[&str], more: &str) -> Self {
        self.named.push(name.to_owned());
        let child = beside("scripted-child").unwrap_or_default();
        let command = child.display().to_string();
        let table = format!("[program.{name}]\ncommand = {command:?}\nargs = {script:?}\n{more}\n");
        self.settings.push_str(&table);
        self
    }

    /// A table as it is.
    #[must_use]
    pub fn settings(mut self, name: &str, lines: &str) -> Self {
        self.named.push(name.to_owned());
        let table = format!("[program.{name}]\n{lines}\n");
        self.settings.push_str(&table);
        self
    }

    /// Sets a variable of the supervisor.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the supervisor and returns when its socket answers.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn start(mut self) -> Result<Supervised> {
        for name in OURS {
            if !self.named.iter().any(|named| named == name) {
                self = self.program(name, &["ready", "wait"], "");
            }
        }
        std::fs::write(self.folder.path().join("listsync.toml"), &self.settings)?;
        let mut supervised = Supervised {
            scene: self,
            child: None,
        };
        supervised.boot().await?;
        Ok(supervised)
    }

    /// Starts it and waits until all programs run.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn start_ready(self) -> Result<Supervised> {
        let supervised = self.start().await?;
        supervised.all_ready().await;
        Ok(supervised)
    }

    /// Runs the supervisor to its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn refused(&self) -> Result<Output> {
        std::fs::write(self.folder.path().join("listsync.toml"), &self.settings)?;
        self.cli(&["run"]).await
    }

    /// Runs a command of `listsync` to its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn cli(&self, args: &[&str]) -> Result<Output> {
        let output = self.command()?.args(args).stdin(Stdio::null()).output();
        tokio::time::timeout(LIMIT, output)
            .await
            .context("it did not end")?
            .map_err(Into::into)
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(beside("listsync-under-test")?);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
        Ok(command)
    }
}

/// A supervisor that runs; dropping it kills everything.
#[derive(Debug)]
pub struct Supervised {
    /// What it was started with.
    pub scene: Scene,
    child: Option<Child>,
}

impl Supervised {
    /// Starts it, again after its end.
    ///
    /// # Errors
    /// When it ends instead of answering.
    pub async fn boot(&mut self) -> Result<()> {
        let output = std::fs::File::create(self.scene.folder.path().join("stdout"))?;
        let mut child = self
            .scene
            .command()?
            .arg("run")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        let answers = wait_for("the supervisor's socket", LIMIT, || async {
            self.status().await.ok().map(drop)
        });
        tokio::select! {
            () = answers => {}
            status = child.wait() => bail!("the supervisor ended with {}: {}", status?, self.stdout()),
        }
        self.child = Some(child);
        Ok(())
    }

    /// What it printed.
    pub fn stdout(&self) -> String {
        self.text("stdout")
    }

    /// The log of a program.
    pub fn log(&self, program: &str) -> String {
        self.text(&format!("logs/{program}.log"))
    }

    /// A file of the folder, empty when it is not there.
    pub fn text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.scene.folder.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its socket.
    pub fn socket(&self) -> Client<SupervisorLink> {
        Client::at(self.scene.folder.path().join("run/supervisor.sock"))
    }

    /// How everything is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self) -> Result<StatusReport> {
        match self
            .socket()
            .call(ToSupervisor::Status(StatusRequest::default()))
            .await?
        {
            FromSupervisor::Status(report) => Ok(report),
            other => bail!("status was answered with {other:?}"),
        }
    }

    /// How one program is.
    ///
    /// # Errors
    /// When it does not answer, or there is no such program.
    pub async fn program(&self, name: &str) -> Result<ProgramStatus> {
        let report = self.status().await?;
        let found = report
            .programs
            .into_iter()
            .find(|program| program.name == name);
        found.with_context(|| format!("there is no program {name}"))
    }

    /// Waits until a program is `so`, and tells how it is then.
    pub async fn until(
        &self,
        name: &str,
        what: &str,
        so: impl Fn(&ProgramStatus) -> bool,
    ) -> ProgramStatus {
        wait_for(&format!("{name} {what}"), LIMIT, || async {
            self.program(name).await.ok().filter(|status| so(status))
        })
        .await
    }

    /// Waits until a program is in `state`.
    pub async fn in_state(&self, name: &str, state: ProgramState) -> ProgramStatus {
        self.until(name, state.as_str(), |status| status.state == state)
            .await
    }

    /// Waits until all programs run.
    pub async fn all_ready(&self) {
        wait_for("all programs ready", LIMIT, || async {
            let report = self.status().await.ok()?;
            let all = report
                .programs
                .iter()
                .all(|one| one.state == ProgramState::Running);
            all.then_some(())
        })
        .await;
    }

    /// Sends an order and tells what became of the first program it named.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn order(
        &self,
        order: fn(Programs) -> ToSupervisor,
        name: &str,
    ) -> Result<ProgramResult> {
        let names = vec![name.to_owned()];
        match self.socket().call(order(Programs { names })).await? {
            FromSupervisor::Done(Done { results }) => {
                results.into_iter().next().context("no result")
            }
            other => bail!("the order was answered with {other:?}"),
        }
    }

    /// Follows a log from its last `lines` on.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn tail(
        &self,
        name: &str,
        lines: u32,
        follow: bool,
    ) -> Result<Stream<SupervisorLink>> {
        let request = TailRequest {
            names: vec![name.to_owned()],
            lines: Some(lines),
            follow,
        };
        Ok(self.socket().stream(ToSupervisor::Tail(request)).await?)
    }

    /// Asks for the end of everything.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn shutdown(&self) -> Result<()> {
        self.socket()
            .call(ToSupervisor::Shutdown(Shutdown {}))
            .await?;
        Ok(())
    }

    /// Process id of the supervisor.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<i32> {
        let pid = self
            .child
            .as_ref()
            .and_then(Child::id)
            .context("the supervisor has ended")?;
        Ok(i32::try_from(pid)?)
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    /// When it has ended.
    pub fn terminate(&self) -> Result<()> {
        stop_signal(self.pid()?);
        Ok(())
    }

    /// Sends SIGKILL and waits for the end of the supervisor itself.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill(&mut self) -> Result<()> {
        kill(self.pid()?);
        self.ended().await.map(drop)
    }

    /// Waits for the end of the supervisor.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("the supervisor has ended")?;
        let status = tokio::time::timeout(LIMIT, child.wait()).await;
        Ok(status.with_context(|| format!("the supervisor did not end: {}", self.stdout()))??)
    }
}

/// A binary of this package, which lies in a folder above the test's.
fn beside(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    let folder = folder.with_context(|| format!("{name} is not built"))?;
    Ok(folder.join(name))
}
