//! The programs: our three by default, changed by `[program.NAME]` of the settings file, and more of the
//! owner's; what each may see of our environment; and whether the tables make sense.
//!
//! Leaves the settings themselves to `runtime`, and running programs to [`crate::program`].

mod address;
mod change;
mod environment;
mod faults;
mod limits;
mod look;
mod names;
mod order;
mod table;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use runtime::{Environment, Loaded, SettingsError, settings::ProgramTable};

pub(crate) use change::needs_restart;
pub(crate) use environment::worker_environment;
pub(crate) use look::warnings;
pub(crate) use names::SOCKET_PATH;

use environment::{Variables, base_environment};
use faults::Faults;
use limits::Rights;
use table::Own;

use crate::{
    log::LogPlan,
    process::{Limits, Signal},
    program::Policy,
};

/// Our workers. Each tolerates that the others are absent, so that none waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    /// Reads lists.
    Scraper,
    /// Runs syncs.
    Sync,
    /// Answers HTTP.
    Api,
}

impl Worker {
    /// In the order they are started and shown.
    pub(crate) const ALL: [Self; 3] = [Self::Scraper, Self::Sync, Self::Api];

    /// The program's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scraper => "scraper-worker",
            Self::Sync => "sync-worker",
            Self::Api => "api",
        }
    }

    /// Its binary in the folder of ours.
    pub(crate) fn binary(self, binaries: &Path) -> PathBuf {
        binaries.join(format!("listsync-{}", self.name()))
    }

    /// The scraper reads hostile pages and holds no secret.
    fn may_hold_secrets(self) -> bool {
        self != Self::Scraper
    }

    fn is_essential(self) -> bool {
        self != Self::Scraper
    }

    fn own(self, loaded: &Loaded, environment: &Environment, binaries: &Path) -> Own {
        Own {
            worker: Some(self),
            command: self.binary(binaries),
            environment: worker_environment(environment, loaded, self),
            // Not ours: a `.env` there has been read already, and the scraper must not read it.
            directory: loaded.settings.paths.run_dir.clone(),
        }
    }
}

/// One program to keep.
#[derive(Clone, PartialEq)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) command: PathBuf,
    pub(crate) args: Vec<String>,
    /// All of its environment but `NOTIFY_SOCKET`; may hold secrets.
    pub(crate) environment: Variables,
    pub(crate) directory: PathBuf,
    pub(crate) after: Vec<String>,
    pub(crate) essential: bool,
    pub(crate) autostart: bool,
    pub(crate) stop_signal: Signal,
    /// How it is known to be ready, beside what its policy says of time.
    pub(crate) readiness: Probe,
    /// Exit codes that count as success.
    pub(crate) exit_codes: Vec<u8>,
    /// Bytes all its processes may take.
    pub(crate) max_memory: Option<u64>,
    /// What the kernel is told of it.
    pub(crate) limits: Limits,
    /// Takes over the sockets of HTTP, and can so be replaced while it serves.
    pub(crate) takes_sockets: bool,
    pub(crate) policy: Policy,
    pub(crate) log: LogPlan,
}

impl Program {
    /// Whether such an end of its process counts as success.
    pub(crate) fn is_success(&self, status: ExitStatus) -> bool {
        let counts = |code: &u8| status.code() == Some(i32::from(*code));
        self.exit_codes.iter().any(counts)
    }

    /// Whether it is one of our workers.
    pub(crate) fn is_ours(&self) -> bool {
        Worker::ALL.iter().any(|worker| worker.name() == self.name)
    }
}

/// How a program is known to be ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// It says so.
    Notify,
    /// This address answers with 2xx.
    Http(String),
    /// It has lived for a while, or, doing one thing, has ended well.
    None,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("command", &self.command)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

/// Folder of this binary, where the others are too.
///
/// # Errors
/// When the system does not say.
pub(crate) fn binaries() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().map_or_else(PathBuf::new, Path::to_owned))
}

/// The programs, in the order they are started as far as `after` leaves it open: ours, then the owner's by name.
///
/// # Errors
/// [`SettingsError`], everything that is wrong at once.
pub(crate) fn programs(
    loaded: &Loaded,
    environment: &Environment,
    binaries: &Path,
) -> Result<Vec<Program>, SettingsError> {
    programs_with(loaded, environment, binaries, Rights::of_process())
}

fn programs_with(
    loaded: &Loaded,
    environment: &Environment,
    binaries: &Path,
    rights: Rights,
) -> Result<Vec<Program>, SettingsError> {
    let (tables, paths) = (&loaded.settings.program, &loaded.settings.paths);
    let mut faults = Faults::new(loaded);
    let none = ProgramTable::default();
    let ours = Worker::ALL.map(|worker| {
        let table = tables.get(worker.name()).unwrap_or(&none);
        (
            worker.name(),
            table,
            worker.own(loaded, environment, binaries),
        )
    });
    let owners = tables
        .iter()
        .filter(|(name, _)| Worker::ALL.iter().all(|worker| worker.name() != *name))
        .map(|(name, table)| (name.as_str(), table, of_owner(loaded, environment)));
    let mut programs = Vec::new();
    for (name, table, own) in ours.into_iter().chain(owners) {
        if own.worker.is_none() {
            names::check(name, paths, &mut faults);
        }
        programs.push(table::read(name, table, own, paths, rights, &mut faults));
    }
    order::check(&programs, &mut faults);
    names::check_logs(&programs, paths, &mut faults);
    faults.done(programs)
}

/// What a program of the owner has where its table is silent.
fn of_owner(loaded: &Loaded, environment: &Environment) -> Own {
    Own {
        worker: None,
        command: PathBuf::new(),
        environment: base_environment(environment, loaded),
        directory: std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("/")),
    }
}

#[cfg(test)]
mod tests;
