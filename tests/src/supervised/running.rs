//! A supervisor that runs, and how it and its programs are.

use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use runtime::socket::client::Client;
use schema::wire::supervisor::{
    FromSupervisor, ProgramState, ProgramStatus, Shutdown, StatusReport, StatusRequest,
    SupervisorLink, ToSupervisor,
};
use tokio::process::Child;

use super::{LIMIT, Scene};
use crate::harness::{kill, stop_signal, wait_for};

/// A supervisor that runs; dropping it kills everything.
#[derive(Debug)]
pub struct Supervised {
    /// What it was started with.
    pub scene: Scene,
    child: Option<Child>,
}

impl Supervised {
    /// Starts it in its scene.
    pub(super) async fn start(scene: Scene) -> Result<Self> {
        let mut supervised = Self { scene, child: None };
        supervised.boot().await?;
        Ok(supervised)
    }

    /// Starts it, again after its end.
    ///
    /// # Errors
    /// When it ends instead of answering.
    pub async fn boot(&mut self) -> Result<()> {
        let output = std::fs::File::create(self.scene.folder().join("stdout"))?;
        let mut child = self
            .scene
            .run_command()?
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

    /// A file of the folder, empty when it is not there.
    pub fn text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.scene.folder().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its socket.
    pub fn socket(&self) -> Client<SupervisorLink> {
        Client::at(self.scene.folder().join("run/supervisor.sock"))
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

    /// The process of a program that runs.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pid_of(&self, name: &str) -> Result<i32> {
        let pid = self.program(name).await?.pid;
        pid.with_context(|| format!("{name} does not run"))
    }

    /// Waits until a program runs in another process than `before`.
    pub async fn replaced(&self, name: &str, before: i32) -> ProgramStatus {
        self.until(name, "replaced", |now| {
            now.state == ProgramState::Running && now.pid.is_some_and(|pid| pid != before)
        })
        .await
    }

    /// Waits until a file of the folder holds a number, as scripted children write their pids.
    pub async fn number(&self, name: &str) -> i32 {
        let what = format!("a number in {name}");
        wait_for(&what, LIMIT, || async {
            self.text(name).trim().parse().ok()
        })
        .await
    }

    /// Waits until a file of the folder is there, and gives what it holds.
    pub async fn written(&self, name: &str) -> String {
        wait_for(&format!("the file {name}"), LIMIT, || async {
            Some(self.text(name)).filter(|text| !text.is_empty())
        })
        .await
    }

    /// Waits until a program's log has `text`: what was said arrives a moment later.
    pub async fn logged(&self, name: &str, text: &str) {
        wait_for(&format!("{text:?} in the log of {name}"), LIMIT, || async {
            self.log(name).contains(text).then_some(())
        })
        .await;
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

    /// Sends SIGTERM and waits for the end; tells the exit code and how long it took.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> Result<(Option<i32>, Duration)> {
        let begun = Instant::now();
        self.terminate()?;
        let status = self.ended().await?;
        Ok((status.code(), begun.elapsed()))
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
