//! `listsync reload` and SIGHUP: reads the settings file again and carries over what differs, and nothing
//! else.
//!
//! Leaves what a difference between two programs is to [`crate::settings`], and carrying it over to
//! [`crate::program`].

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use runtime::{
    Chain, Environment, Loaded, Settings, SettingsError,
    settings::{self, KNOWN},
};
use schema::wire::{
    Failure, FailureCode,
    supervisor::{ProgramDifference, Reload, Reloaded},
};
use tokio::sync::{Mutex, oneshot};

use crate::{program::Fleet, saved::Saved, settings as programs};

/// What the supervisor itself was started with: another value needs another supervisor.
const OURS: [&str; 7] = [
    "paths.data_dir",
    "paths.run_dir",
    "paths.log_dir",
    "log.format",
    "http.bind",
    "http.api_port",
    "http.dashboard_port",
];

/// See the head of this file.
pub(crate) struct Reloader {
    config: Option<PathBuf>,
    binaries: PathBuf,
    /// What people may see of the settings the supervisor was started with.
    begun_with: BTreeMap<&'static str, Option<String>>,
    /// What is in force.
    loaded: RefCell<Loaded>,
    fleet: Fleet,
    saved: Saved,
    /// One at a time.
    turn: Mutex<()>,
}

impl Reloader {
    /// `loaded` is what `fleet` was made of, and `config` the file of `--config`.
    pub(crate) fn new(
        loaded: Loaded,
        config: Option<PathBuf>,
        binaries: PathBuf,
        fleet: Fleet,
        saved: Saved,
    ) -> Self {
        Self {
            config,
            binaries,
            begun_with: loaded.shown.clone(),
            loaded: RefCell::new(loaded),
            fleet,
            saved,
            turn: Mutex::new(()),
        }
    }

    /// Reads the settings again, `.env` with them, and carries over what differs.
    ///
    /// # Errors
    /// When they cannot be used; then nothing is changed.
    pub(crate) async fn reload(&self, request: &Reload) -> Result<Reloaded, Failure> {
        let _turn = self.turn.lock().await;
        let (environment, loaded, programs) = self.read().await?;
        // Not against what was read last: it is told until the supervisor is started again.
        let needs_restart: Vec<String> = OURS
            .into_iter()
            .filter(|key| self.begun_with.get(key) != loaded.shown.get(key))
            .map(str::to_owned)
            .collect();
        let others = changed_keys(&self.loaded.borrow(), &loaded);
        let differences = self.fleet.differences(&programs, &others);
        let results = if request.dry_run {
            Vec::new()
        } else {
            say(&differences, &needs_restart);
            // Before anything is started that may print a new secret.
            self.saved.take_with(environment, &loaded).await;
            self.loaded.replace(loaded);
            self.fleet.take_over(programs, &differences).await
        };
        Ok(Reloaded {
            dry_run: request.dry_run,
            differences,
            needs_restart,
            results,
        })
    }

    /// Says what is still to be set, and takes over what was saved before we started.
    pub(crate) async fn advise(&self) {
        self.saved.advise().await;
    }

    /// Takes over what somebody saved.
    pub(crate) async fn take_saved(&self) {
        self.saved.take().await;
    }

    async fn read(&self) -> Result<Read, Failure> {
        let before = self.loaded.borrow().settings.clone();
        let (config, binaries) = (self.config.clone(), self.binaries.clone());
        let (done, read) = oneshot::channel();
        // On a thread of its own, which the process does not wait for when it ends: a file may be a pipe that
        // nobody writes to.
        std::thread::spawn(move || {
            drop(done.send(read_again(&before, config.as_deref(), &binaries)));
        });
        let read = read.await.map_err(|_panicked| {
            Failure::new(FailureCode::Internal, "reading the settings ended early")
        })?;
        read.map_err(refused)
    }
}

/// What the settings were read from, beside the file; what they are; and the programs of them.
type Read = (Environment, Loaded, Vec<programs::Program>);

fn read_again(
    before: &Settings,
    config: Option<&Path>,
    binaries: &Path,
) -> Result<Read, SettingsError> {
    let environment = Environment::from_process()?;
    if let Some(path) = settings::config_path(&environment, config)
        && path.exists()
        && !path.is_file()
    {
        // A pipe would keep this and every later reload waiting for somebody who writes.
        let source = std::io::Error::other("it is no regular file, which can be read again");
        return Err(SettingsError::File { path, source });
    }
    let mut loaded = settings::load(&environment, config, &[])?;
    // Decided when we started; see `daemon`.
    loaded.settings.log.format = before.log.format;
    // Where things are cannot change while they are in use.
    loaded.settings.paths = before.paths.clone();
    let programs = programs::programs(&loaded, &environment, binaries)?;
    Ok((environment, loaded, programs))
}

fn refused(error: SettingsError) -> Failure {
    Failure::new(
        FailureCode::Invalid,
        format!("nothing was changed: {}", Chain(&error)),
    )
    .with_remedy(
        "Correct the settings file, try it with `listsync check --settings-only`, then reload.",
    )
}

/// Keys of settings that our workers read, programs aside, whose values are others now.
fn changed_keys(before: &Loaded, after: &Loaded) -> Vec<String> {
    let mut keys: Vec<String> = KNOWN
        .iter()
        .filter(|known| !OURS.contains(&known.key))
        .filter(|known| before.shown.get(known.key) != after.shown.get(known.key))
        .map(|known| known.key.to_owned())
        .collect();
    let bare = |loaded: &Loaded| {
        let mut settings = loaded.settings.clone();
        settings.program.clear();
        // What is ours is told apart.
        settings.http.clone_from(&before.settings.http);
        settings
    };
    if keys.is_empty() && bare(before) != bare(after) {
        // Their values are not among what may be shown.
        keys.push("a secret".to_owned());
    }
    keys
}

fn say(differences: &[ProgramDifference], needs_restart: &[String]) {
    let names: Vec<_> = differences.iter().map(|one| one.name.as_str()).collect();
    if names.is_empty() {
        tracing::info!("read the settings again; no program is another");
    } else {
        tracing::info!(
            "read the settings again; what differs: {}",
            names.join(", ")
        );
    }
    if !needs_restart.is_empty() {
        tracing::warn!(
            "{} changed too, which counts when the supervisor itself is started again",
            needs_restart.join(", ")
        );
    }
}
