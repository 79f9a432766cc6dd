//! What a supervisor is started with: its folder, its settings file, its environment.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::Command;

use super::{LIMIT, Supervised};

/// Our three programs.
pub const OURS: [&str; 3] = ["scraper-worker", "sync-worker", "api"];

/// Settings of a supervisor that is to be started, or runs and may read them again.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
    /// Lines that stand before all tables.
    top: String,
    /// Programs' tables by name, in the order they came.
    tables: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    /// Command and arguments that the supervisor is run by.
    wrapper: Vec<String>,
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
            ("PATH".into(), "/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("LISTSYNC_DATA_DIR".into(), path("data")),
            ("LISTSYNC_RUN_DIR".into(), path("run")),
            ("LISTSYNC_LOG_DIR".into(), path("logs")),
            ("LISTSYNC_CONFIG".into(), path("listsync.toml")),
            ("LISTSYNC_API_PORT".into(), free_port()?.to_string()),
            ("LISTSYNC_DASHBOARD_PORT".into(), free_port()?.to_string()),
        ];
        Ok(Self {
            folder,
            top: String::new(),
            tables: Vec::new(),
            environment,
            wrapper: Vec::new(),
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

    /// A variable of the supervisor.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut all = self.environment.iter();
        all.rfind(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A program with this script; `more` are further lines of its table.
    #[must_use]
    pub fn program(mut self, name: &str, script: &[&str], more: &str) -> Self {
        self.put(name, script, more);
        self
    }

    /// A table as it is.
    #[must_use]
    pub fn settings(mut self, name: &str, lines: &str) -> Self {
        self.put_table(name, lines);
        self
    }

    /// Lines before the tables of programs.
    #[must_use]
    pub fn top(mut self, lines: &str) -> Self {
        self.top.push_str(lines);
        self.top.push('\n');
        self
    }

    /// Gives a program another script, or adds it. Counts from the next [`Scene::save`] on.
    pub fn put(&mut self, name: &str, script: &[&str], more: &str) {
        let child = beside("scripted-child").unwrap_or_default();
        let command = child.display().to_string();
        let lines = format!("command = {command:?}\nargs = {script:?}\n{more}");
        self.put_table(name, &lines);
    }

    /// Gives a program another table, or adds it. Counts from the next [`Scene::save`] on.
    pub fn put_table(&mut self, name: &str, lines: &str) {
        let table = format!("[program.{name}]\n{lines}\n");
        match self.tables.iter_mut().find(|(known, _)| known == name) {
            Some((_, there)) => *there = table,
            None => self.tables.push((name.to_owned(), table)),
        }
    }

    /// Takes a program out of the settings. Counts from the next [`Scene::save`] on.
    pub fn remove(&mut self, name: &str) {
        self.tables.retain(|(known, _)| known != name);
    }

    /// Writes the settings file.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self) -> Result<()> {
        let tables: String = self
            .tables
            .iter()
            .map(|(_, table)| table.as_str())
            .collect();
        let path = self.folder.path().join("listsync.toml");
        Ok(std::fs::write(path, format!("{}{tables}", self.top))?)
    }

    /// Sets a variable of the supervisor.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has the supervisor started by another command, which gets ours as its last arguments.
    #[must_use]
    pub fn wrapped(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts the supervisor and returns when its socket answers.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn start(mut self) -> Result<Supervised> {
        for name in OURS {
            if !self.tables.iter().any(|(named, _)| named == name) {
                self.put(name, &["ready", "wait"], "");
            }
        }
        self.save()?;
        Supervised::start(self).await
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
        self.save()?;
        self.cli(&["run"]).await
    }

    /// Runs a command of `listsync` to its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn cli(&self, args: &[&str]) -> Result<Output> {
        let mut command = self.command()?;
        let output = command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        tokio::time::timeout(LIMIT, output.output())
            .await
            .with_context(|| format!("listsync {} did not end", args.join(" ")))?
            .map_err(Into::into)
    }

    /// A command of `listsync` without its arguments.
    ///
    /// # Errors
    /// When it is not built.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(beside("listsync-under-test")?);
        self.set_up(&mut command);
        Ok(command)
    }

    /// What starts the supervisor.
    pub(super) fn run_command(&self) -> Result<Command> {
        let [first, rest @ ..] = self.wrapper.as_slice() else {
            let mut command = self.command()?;
            command.arg("run");
            return Ok(command);
        };
        let mut command = Command::new(first);
        command
            .args(rest)
            .arg(beside("listsync-under-test")?)
            .arg("run");
        self.set_up(&mut command);
        Ok(command)
    }

    fn set_up(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
    }
}

/// A binary of this package, which lies in a folder above the test's.
///
/// # Errors
/// When it is not built.
pub fn beside(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    let folder = folder.with_context(|| format!("{name} is not built"))?;
    Ok(folder.join(name))
}

/// A port nobody listens on now. Another process may take it before we do; the test then fails loudly.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
