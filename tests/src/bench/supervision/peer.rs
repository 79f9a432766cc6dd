//! A supervisor that is measured: ours or supervisord, with its folder, its settings and its commands.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{
    super::{clock::pause, progress},
    settings,
};
use crate::{
    harness::stop_signal,
    supervised::{beside, is_root},
};

/// How long anything may take before the bench gives up.
pub(super) const LIMIT: Duration = Duration::from_mins(2);

/// The three children that are always there; the first is the one that is killed and restarted.
pub(super) const CHILDREN: [&str; 3] = ["scraper-worker", "sync-worker", "api"];

/// Which supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Supervisord,
}

/// Those that are installed. Debian's supervisord is installed where that is possible.
pub(super) async fn present() -> Result<Vec<Kind>> {
    let mut kinds = vec![Kind::Ours];
    if !has_supervisord() && is_root() {
        progress("installing Debian's supervisord to measure beside it")?;
        let mut install = Command::new("apt-get");
        install
            .args(["install", "-y", "--no-install-recommends", "supervisor"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Its own service is not to be started.
            .env("RUNLEVEL", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Without it the column stays empty, which the table says.
        if install.status().await.is_err() {
            progress("there is no apt-get")?;
        }
    }
    if has_supervisord() {
        kinds.push(Kind::Supervisord);
    } else {
        progress("supervisord is not installed; its column stays empty")?;
    }
    Ok(kinds)
}

fn has_supervisord() -> bool {
    let files = ["/usr/bin/supervisord", "/usr/bin/supervisorctl"];
    files.iter().all(|file| Path::new(file).is_file())
}

/// A program beside the three.
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) script: Vec<String>,
    /// Bytes of one file of its log, and how many old ones are kept.
    pub(super) log: (u64, u32),
}

/// One supervisor with its children.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) kind: Kind,
    folder: TempDir,
    child: Option<Child>,
}

impl Peer {
    /// Starts it with the three children and waits until they run.
    pub(super) async fn start(kind: Kind) -> Result<Self> {
        Self::with(kind, &[]).await
    }

    /// The same with programs that are not started with it.
    pub(super) async fn with(kind: Kind, jobs: &[Job]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ls").tempdir()?;
        std::fs::create_dir(folder.path().join("logs"))?;
        let mut peer = Self {
            kind,
            folder,
            child: None,
        };
        peer.boot(jobs).await?;
        Ok(peer)
    }

    /// Starts it again, with these jobs beside the three.
    pub(super) async fn boot(&mut self, jobs: &[Job]) -> Result<()> {
        let child = beside("scripted-child")?.display().to_string();
        let settings = match self.kind {
            Kind::Ours => settings::ours(self.folder.path(), &child, jobs),
            Kind::Supervisord => settings::theirs(self.folder.path(), &child, jobs),
        };
        std::fs::write(self.path("settings"), settings)?;
        let before = self.starts().len();
        let output = std::fs::File::create(self.path("output"))?;
        let mut command = self.command(true)?;
        match self.kind {
            Kind::Ours => command.arg("run"),
            Kind::Supervisord => command.arg("-n").arg("-c").arg(self.path("settings")),
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        self.child = Some(child);
        let limit = Instant::now() + LIMIT;
        while self.starts().len() < before + 3 || !self.is_up().await? {
            ensure!(
                Instant::now() < limit,
                "{:?} did not start:\n{}",
                self.kind,
                std::fs::read_to_string(self.path("output"))?
            );
            pause(5).await;
        }
        Ok(())
    }

    async fn is_up(&self) -> Result<bool> {
        let output = self.control(&["status"])?.output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let running = text.lines().filter(|line| line.contains("RUNNING"));
        Ok(running.count() >= CHILDREN.len())
    }

    /// A file of its folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The supervisor itself, or the command that talks to it, without arguments.
    fn command(&self, is_supervisor: bool) -> Result<Command> {
        let binary = match (self.kind, is_supervisor) {
            (Kind::Ours, _) => beside("listsync").or_else(|_| beside("listsync-under-test"))?,
            (Kind::Supervisord, true) => "/usr/bin/supervisord".into(),
            (Kind::Supervisord, false) => "/usr/bin/supervisorctl".into(),
        };
        let mut command = Command::new(binary);
        let path = |name: &str| self.path(name);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LISTSYNC_DATA_DIR", path("data"))
            .env("LISTSYNC_RUN_DIR", path("run"))
            .env("LISTSYNC_LOG_DIR", path("logs"))
            .env("LISTSYNC_CONFIG", path("settings"))
            .env("LISTSYNC_API_PORT", "0")
            .env("LISTSYNC_DASHBOARD_PORT", "0")
            .env("OVERSEERR_URL", "http://127.0.0.1:1")
            .env("OVERSEERR_API_KEY", "0123456789")
            .current_dir(self.folder.path());
        Ok(command)
    }

    /// A command that talks to it: `status`, `restart`, `tail`.
    pub(super) fn control(&self, words: &[&str]) -> Result<Command> {
        let mut command = self.command(false)?;
        if self.kind == Kind::Supervisord {
            command.arg("-c").arg(self.path("settings"));
        }
        command.args(words).stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Milliseconds that a whole command takes.
    pub(super) async fn timed(&self, words: &[&str]) -> Result<f64> {
        let mut command = self.control(words)?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let status = tokio::time::timeout(LIMIT, command.status()).await??;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        ensure!(
            status.success(),
            "{:?}: {words:?} ended with {status}",
            self.kind
        );
        Ok(took)
    }

    /// Starts one of its jobs.
    pub(super) async fn start_job(&self, name: &str) -> Result<()> {
        let output = self.control(&["start", name])?.output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(text.contains("started"), "{name} did not start: {output:?}");
        Ok(())
    }

    /// Process ids and moments, in nanoseconds, of its children's first instructions.
    pub(super) fn starts(&self) -> Vec<(i32, u64)> {
        moments(&self.path("starts"))
    }

    pub(super) fn pid(&self) -> Result<i32> {
        let pid = self.child.as_ref().and_then(Child::id);
        Ok(i32::try_from(pid.context("the supervisor has ended")?)?)
    }

    /// Sends SIGTERM; milliseconds until the supervisor is gone.
    pub(super) async fn stop(&mut self) -> Result<f64> {
        let pid = self.pid()?;
        let Some(mut child) = self.child.take() else {
            bail!("the supervisor has ended")
        };
        let begun = Instant::now();
        stop_signal(pid);
        tokio::time::timeout(LIMIT, child.wait())
            .await
            .context("the supervisor did not end")??;
        Ok(begun.elapsed().as_secs_f64() * 1000.0)
    }

    /// All that is kept of a program's log, each file alone, the oldest first.
    pub(super) async fn log(&self, name: &str) -> Result<Vec<Vec<u8>>> {
        crate::supervised::log_files_in(&self.path("logs"), name).await
    }
}

/// What scripted children wrote by `started`.
pub(super) fn moments(file: &Path) -> Vec<(i32, u64)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter_map(|(pid, moment)| Some((pid.parse().ok()?, moment.parse().ok()?)))
        .collect()
}

/// Now, on the clock that children note.
pub(super) fn monotonic() -> Result<u64> {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)?;
    Ok(u64::try_from(Duration::from(now).as_nanos())?)
}

/// Milliseconds from one moment to the other.
pub(super) fn millis(from: u64, to: u64) -> f64 {
    Duration::from_nanos(to.saturating_sub(from)).as_secs_f64() * 1000.0
}
