//! The programs: our three by default, changed by `[program.NAME]` of the settings file, and more of the
//! owner's; what each may see of our environment; and whether the table makes sense.
//!
//! Leaves the settings themselves to `runtime`, and running programs to [`crate::program`].

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf, absolute},
    time::Duration,
};

use runtime::{
    Environment, Loaded, SettingsError,
    settings::{KNOWN, LogFormat, PathSettings, ProgramTable, ReadyMode, RestartMode, Source},
};

use crate::{
    log::LogPlan,
    process::Signal,
    program::{Policy, ReadyRule, RestartRule},
};

/// Seconds a program may take to say that it is ready.
const READY_TIMEOUT_S: u64 = 30;
/// How long a program that says nothing must have lived to be taken for ready.
const ALIVE: Duration = Duration::from_secs(1);
/// Seconds from SIGTERM to SIGKILL: less than the ten that Docker gives all of us.
const STOP_TIMEOUT_S: u64 = 8;
const RESTART_BASE_MS: u64 = 500;
const RESTART_CAP_MS: u64 = 60_000;
const RESTART_BURST: u32 = 10;
const RESTART_WINDOW_S: u64 = 600;
/// Pause between the tries of a program that was given up and is not essential.
const SLOW_RETRY: Duration = Duration::from_mins(5);
const LOG_MAX_BYTES: u64 = 10 * 1024 * 1024;
const LOG_BACKUPS: u32 = 5;

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
}

/// One program to keep.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) command: PathBuf,
    pub(crate) args: Vec<String>,
    /// All of its environment but `NOTIFY_SOCKET`; may hold secrets.
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) directory: PathBuf,
    pub(crate) after: Vec<String>,
    pub(crate) essential: bool,
    pub(crate) autostart: bool,
    pub(crate) stop_signal: Signal,
    /// Says itself when it is ready.
    pub(crate) notifies: bool,
    pub(crate) policy: Policy,
    pub(crate) log: LogPlan,
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
    let tables = &loaded.settings.program;
    let mut check = Check { errors: Vec::new() };
    let mut programs = Vec::new();
    let none = ProgramTable::default();
    for worker in Worker::ALL {
        let table = tables.get(worker.name()).unwrap_or(&none);
        let own = Own {
            command: worker.binary(binaries),
            environment: worker_environment(environment, loaded, worker),
            // Not ours: a `.env` there has been read already, and the scraper must not read it.
            directory: loaded.settings.paths.run_dir.clone(),
            essential: worker.is_essential(),
            ready: ReadyMode::Notify,
        };
        programs.push(check.program(worker.name(), table, own, &loaded.settings.paths));
    }
    for (name, table) in tables {
        if Worker::ALL.iter().any(|worker| worker.name() == name) {
            continue;
        }
        if table.command.is_none() {
            check.wrong(name, "command", "is missing; name the file to run");
        }
        let own = Own {
            command: PathBuf::new(),
            environment: base_environment(environment),
            directory: std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("/")),
            essential: false,
            ready: ReadyMode::None,
        };
        programs.push(check.program(name, table, own, &loaded.settings.paths));
    }
    check.order(&programs);
    check.done(programs)
}

/// What a program has where its table is silent.
struct Own {
    command: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    essential: bool,
    ready: ReadyMode,
}

struct Check {
    errors: Vec<String>,
}

impl Check {
    fn wrong(&mut self, name: &str, field: &str, problem: &str) {
        self.errors
            .push(format!("`program.{name}.{field}` {problem}"));
    }

    fn program(
        &mut self,
        name: &str,
        table: &ProgramTable,
        own: Own,
        paths: &PathSettings,
    ) -> Program {
        let mut environment = own.environment;
        for (variable, value) in table.environment.iter().flatten() {
            if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
                self.wrong(
                    name,
                    "environment",
                    "has a name or value that no variable can have",
                );
            }
            environment.insert(variable.into(), value.into());
        }
        let stop_signal = match &table.stop_signal {
            Some(text) => Signal::named(text).unwrap_or_else(|| {
                let problem = format!("is {text:?}; it must be a signal such as TERM or INT");
                self.wrong(name, "stop_signal", &problem);
                Signal::TERM
            }),
            None => Signal::TERM,
        };
        if table.restart_burst == Some(0) {
            self.wrong(name, "restart_burst", "must be above 0");
        }
        let oneshot = table.oneshot.unwrap_or(false);
        let ready = table.ready.unwrap_or(own.ready);
        let essential = table.essential.unwrap_or(own.essential);
        let ready_within = Duration::from_secs(table.ready_timeout_s.unwrap_or(READY_TIMEOUT_S));
        let milliseconds =
            |value: Option<u64>, usual| Duration::from_millis(value.unwrap_or(usual));
        let restart = table.restart.unwrap_or(if oneshot {
            RestartMode::OnFailure
        } else {
            RestartMode::Always
        });
        let policy = Policy {
            ready: match (oneshot, ready) {
                (true, _) => ReadyRule::Ends(table.ready_timeout_s.map(Duration::from_secs)),
                (false, ReadyMode::Notify) => ReadyRule::Notify(ready_within),
                (false, ReadyMode::None) => ReadyRule::Alive(ALIVE),
            },
            restart: match restart {
                RestartMode::Always => RestartRule::Always,
                RestartMode::OnFailure => RestartRule::OnFailure,
                RestartMode::Never => RestartRule::Never,
            },
            stop_within: Duration::from_secs(table.stop_timeout_s.unwrap_or(STOP_TIMEOUT_S)),
            delay: milliseconds(table.restart_base_ms, RESTART_BASE_MS),
            max_delay: milliseconds(table.restart_cap_ms, RESTART_CAP_MS),
            budget: table.restart_burst.unwrap_or(RESTART_BURST),
            window: Duration::from_secs(table.restart_window_s.unwrap_or(RESTART_WINDOW_S)),
            slow_retry: (!essential).then_some(SLOW_RETRY),
        };
        Program {
            name: name.to_owned(),
            command: table.command.clone().map_or(own.command, whole),
            args: table.args.clone().unwrap_or_default(),
            environment,
            directory: table.directory.clone().map_or(own.directory, whole),
            after: table.after.clone().unwrap_or_default(),
            essential,
            autostart: table.autostart.unwrap_or(true),
            stop_signal,
            notifies: !oneshot && ready == ReadyMode::Notify,
            policy,
            log: LogPlan {
                name: name.to_owned(),
                path: paths.log(name),
                max_bytes: table.log_max_bytes.unwrap_or(LOG_MAX_BYTES),
                backups: table.log_backups.unwrap_or(LOG_BACKUPS),
            },
        }
    }

    /// `after` names programs that there are, and none waits for itself.
    fn order(&mut self, programs: &[Program]) {
        let names: BTreeSet<&str> = programs
            .iter()
            .map(|program| program.name.as_str())
            .collect();
        for program in programs {
            for other in program
                .after
                .iter()
                .filter(|other| !names.contains(other.as_str()))
            {
                let all: Vec<_> = names.iter().copied().collect();
                let problem = format!(
                    "names {other:?}, which is no program; there are {}",
                    all.join(", ")
                );
                self.wrong(&program.name, "after", &problem);
            }
        }
        let mut startable: BTreeSet<&str> = BTreeSet::new();
        loop {
            let before = startable.len();
            for program in programs {
                let is_free = |other: &String| {
                    startable.contains(other.as_str()) || !names.contains(other.as_str())
                };
                if program.after.iter().all(is_free) {
                    startable.insert(&program.name);
                }
            }
            if startable.len() == before {
                break;
            }
        }
        let stuck: Vec<_> = names.difference(&startable).copied().collect();
        if let Some(first) = stuck.first() {
            let problem = format!("goes in a circle: {} wait for each other", stuck.join(", "));
            self.wrong(first, "after", &problem);
        }
    }

    fn done(mut self, programs: Vec<Program>) -> Result<Vec<Program>, SettingsError> {
        match self.errors.len() {
            0 => Ok(programs),
            1 => {
                let text = self.errors.remove(0);
                // The key and the problem, as the error wants them apart.
                let (key, problem) = text.split_once("` ").unwrap_or(("", &text));
                Err(SettingsError::Invalid {
                    key: key.trim_start_matches('`').to_owned(),
                    problem: problem.to_owned(),
                })
            }
            _ => Err(SettingsError::Invalid {
                key: "program".to_owned(),
                problem: format!("has several faults: {}", self.errors.join("; ")),
            }),
        }
    }
}

/// A bare name is looked for in `PATH`; all else must not depend on where the child runs.
fn whole(path: PathBuf) -> PathBuf {
    if path.components().count() < 2 && !path.starts_with(".") {
        return path;
    }
    absolute(&path).unwrap_or(path)
}

/// Variables of no meaning of ours that programs need to run at all.
const BASE: &[&str] = &[
    "PATH", "HOME", "TZ", "LANG", "LANGUAGE", "TMPDIR", "USER", "LOGNAME",
];

/// Variables that libraries of our workers go by.
const LIBRARIES: &[&str] = &[
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What the owner's programs see: nothing of ours.
fn base_environment(environment: &Environment) -> BTreeMap<OsString, OsString> {
    environment
        .iter()
        .filter(|(name, _)| BASE.contains(name) || name.starts_with("LC_"))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// What one of our workers sees: where things are, and the settings that the environment sets. The
/// scraper-worker sees no secret and no key to one.
pub(crate) fn worker_environment(
    environment: &Environment,
    loaded: &Loaded,
    worker: Worker,
) -> BTreeMap<OsString, OsString> {
    let mut seen = base_environment(environment);
    let mut see = |name: &str, value: &str| {
        seen.insert(name.into(), value.into());
    };
    for name in LIBRARIES {
        if let Some(value) = environment.get(name) {
            see(name, value);
        }
    }
    for known in KNOWN
        .iter()
        .filter(|known| !known.is_secret || worker.may_hold_secrets())
    {
        for variable in known.variables() {
            if let Some(value) = environment.get(variable) {
                see(variable, value);
            }
            if known.is_secret {
                see_file(environment, variable, &mut see);
            }
        }
    }
    if worker.may_hold_secrets() {
        if let Some(value) = environment.get("LISTSYNC_SECRET_KEY") {
            see("LISTSYNC_SECRET_KEY", value);
        }
        see_file(environment, "LISTSYNC_SECRET_KEY", &mut see);
    }
    see(
        "LISTSYNC_IN_CONTAINER",
        if environment.is_in_container() {
            "1"
        } else {
            "0"
        },
    );
    let paths = &loaded.settings.paths;
    let config = loaded.file.as_deref().and_then(|file| absolute(file).ok()); // it was read just now
    for (name, path) in [
        ("LISTSYNC_DATA_DIR", Some(&paths.data_dir)),
        ("LISTSYNC_RUN_DIR", Some(&paths.run_dir)),
        ("LISTSYNC_LOG_DIR", Some(&paths.log_dir)),
        ("LISTSYNC_CONFIG", config.as_ref()),
    ] {
        if let Some(path) = path {
            see(name, &path.to_string_lossy()); // it came from UTF-8
        }
    }
    // A run over ten thousand titles frees tens of megabytes, most of which the C library keeps. After
    // such runs all four processes took 58 MiB with these and 82 MiB without (`make bench`).
    see("MALLOC_ARENA_MAX", "1");
    see("MALLOC_TRIM_THRESHOLD_", "131072");
    // The C library knows no settings file.
    if matches!(loaded.source("sync.time_zone"), Source::File { .. }) {
        see("TZ", &loaded.settings.sync.time_zone);
    }
    // The worker sees a pipe where we may see a terminal.
    let format = match loaded.settings.log.format {
        LogFormat::Human => "human",
        LogFormat::Json | LogFormat::Auto => "json",
    };
    see("LOG_FORMAT", format);
    seen
}

/// `NAME_FILE`; the worker runs in another directory.
fn see_file(environment: &Environment, name: &str, see: &mut impl FnMut(&str, &str)) {
    let variable = format!("{name}_FILE");
    if let Some(path) = environment.get(&variable) {
        let path = absolute(path).unwrap_or_else(|_empty| path.into());
        see(&variable, &path.to_string_lossy());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn load(text: &str, more: &[(&str, &str)]) -> (tempfile::TempDir, Environment, Loaded) {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("listsync.toml");
        std::fs::write(&config, text).unwrap();
        let data = folder.path().to_str().unwrap();
        let variables = [
            ("LISTSYNC_DATA_DIR", data),
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
        ];
        let environment = Environment::of(variables.iter().chain(more).copied());
        let loaded = runtime::settings::load(&environment, Some(&config), &[]).unwrap();
        (folder, environment, loaded)
    }

    fn error(text: &str) -> String {
        let (_folder, environment, loaded) = load(text, &[]);
        programs(&loaded, &environment, Path::new("/opt"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn our_workers_are_there_without_any_settings() {
        let (_folder, environment, loaded) = load("", &[]);
        let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
        let shown: Vec<_> = programs
            .iter()
            .map(|program| {
                (
                    program.name.as_str(),
                    program.command.to_str().unwrap(),
                    program.essential,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("scraper-worker", "/opt/listsync-scraper-worker", false),
                ("sync-worker", "/opt/listsync-sync-worker", true),
                ("api", "/opt/listsync-api", true),
            ]
        );
        assert!(
            programs
                .iter()
                .all(|program| program.autostart && program.notifies)
        );
        assert_eq!(programs[0].policy.slow_retry, Some(SLOW_RETRY));
        assert_eq!(programs[1].policy.slow_retry, None);
    }

    #[test]
    fn a_table_changes_ours_and_adds_the_owners() {
        let (_folder, environment, loaded) = load(
            "[program.api]\nessential = false\nstop_timeout_s = 3\n\
             [program.vpn]\ncommand = \"/usr/bin/vpn\"\nargs = [\"-f\"]\nafter = [\"api\"]\n\
             stop_signal = \"int\"\nenvironment = { MODE = \"x=y\" }\n",
            &[],
        );
        let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
        assert_eq!(programs[2].policy.stop_within, Duration::from_secs(3));
        assert!(!programs[2].essential);
        let vpn = &programs[3];
        assert_eq!(
            (vpn.name.as_str(), vpn.essential, vpn.notifies),
            ("vpn", false, false)
        );
        assert_eq!(vpn.environment[OsStr::new("MODE")], "x=y");
        assert_eq!(Some(vpn.stop_signal), Signal::named("SIGINT"));
        assert_eq!(vpn.policy.ready, ReadyRule::Alive(ALIVE));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_key() {
        assert_eq!(
            error("[program.vpn]\nargs = []\n"),
            "`program.vpn.command` is missing; name the file to run"
        );
        assert_eq!(
            error("[program.api]\nafter = [\"apy\"]\n"),
            "`program.api.after` names \"apy\", which is no program; there are api, \
             scraper-worker, sync-worker"
        );
        assert_eq!(
            error(
                "[program.api]\nafter = [\"sync-worker\"]\n[program.sync-worker]\nafter = [\"api\"]\n"
            ),
            "`program.api.after` goes in a circle: api, sync-worker wait for each other"
        );
        assert_eq!(
            error("[program.api]\nstop_signal = \"loud\"\n"),
            "`program.api.stop_signal` is \"loud\"; it must be a signal such as TERM or INT"
        );
    }

    const SECRETS: &[(&str, &str)] = &[
        ("OVERSEERR_URL", "http://seerr:5055"),
        ("OVERSEERR_API_KEY", "hush"),
        ("SEERR_API_KEY_FILE", "Cargo.toml"),
        ("TRAKT_CLIENT_ID", "hush"),
        ("DISCORD_WEBHOOK_URL", "http://hush"),
        ("LISTSYNC_SECRET_KEY", "hush"),
        ("LISTSYNC_SECRET_KEY_FILE", "/hush"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("LISTSYNC_IMDB_URL", "http://imdb"),
    ];

    fn names(environment: &BTreeMap<OsString, OsString>) -> Vec<&str> {
        environment
            .keys()
            .map(|name| name.to_str().unwrap())
            .collect()
    }

    #[test]
    fn workers_see_settings_and_the_scraper_no_secret() {
        let (_folder, environment, loaded) = load("", SECRETS);
        let api = worker_environment(&environment, &loaded, Worker::Api);
        for name in [
            "OVERSEERR_API_KEY",
            "LISTSYNC_SECRET_KEY",
            "TRAKT_CLIENT_ID",
            "LISTSYNC_RUN_DIR",
        ] {
            assert!(api.contains_key(OsStr::new(name)), "{name}");
        }
        assert!(!api.contains_key(OsStr::new("AWS_SECRET_ACCESS_KEY")));
        assert!(Path::new(&api[OsStr::new("SEERR_API_KEY_FILE")]).is_absolute());
        let scraper = worker_environment(&environment, &loaded, Worker::Scraper);
        assert_eq!(
            names(&scraper),
            [
                "LC_ALL",
                "LISTSYNC_CONFIG",
                "LISTSYNC_DATA_DIR",
                "LISTSYNC_IMDB_URL",
                "LISTSYNC_IN_CONTAINER",
                "LISTSYNC_LOG_DIR",
                "LISTSYNC_RUN_DIR",
                "LOG_FORMAT",
                "MALLOC_ARENA_MAX",
                "MALLOC_TRIM_THRESHOLD_",
                "OVERSEERR_URL",
                "PATH",
            ]
        );
        assert!(
            scraper
                .values()
                .all(|value| !value.to_string_lossy().contains("hush"))
        );
    }

    #[test]
    fn the_owners_programs_see_nothing_of_ours() {
        let (_folder, environment, loaded) = load("[program.vpn]\ncommand = \"vpn\"\n", SECRETS);
        let programs = programs(&loaded, &environment, Path::new("/opt")).unwrap();
        assert_eq!(names(&programs[3].environment), ["LC_ALL", "PATH"]);
        assert_eq!(programs[3].command, Path::new("vpn"));
        assert!(!format!("{programs:?}").contains("hush"));
    }
}
