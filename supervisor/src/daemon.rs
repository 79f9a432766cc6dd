//! `listsync run`: everything from settings to the last exit code.
//!
//! Order: signals, settings and program table, directories, locks, migrations, logs, then socket and
//! programs. What fails before logs is said on stderr. Leaves keeping programs up to [`crate::program`].

use std::{
    io::{IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use runtime::{
    Chain, Cipher, Clock, Environment, Loaded, Readiness, SettingsError, Stop, exit, logs,
    settings::{self, LogFormat, LogSettings, PathSettings},
};
use schema::{
    Db, DbError, Migrated,
    wire::{
        Link as _,
        scraper::ScraperLink,
        supervisor::{ProgramStatus, SupervisorLink},
        sync::SyncLink,
    },
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
};

use crate::{
    door::Door,
    lock::{Lock, LockError},
    log::{Console, LogPlan, Logs, OWN},
    program::{Context, Fleet, notify_socket},
    reaper::{self, Children},
    settings as programs,
};

/// Exit code when another supervisor runs.
pub(crate) const RUNS_ALREADY: u8 = 75;

/// How long processes may take to vanish after SIGKILL; the kernel ends them when we end.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// How long the last answers and the last lines may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Our own log: the owner's limits are for programs.
const LOG_MAX_BYTES: u64 = 10 * 1024 * 1024;
const LOG_BACKUPS: u32 = 5;

/// Runs the supervisor until it is asked to stop; `config` is the file of `--config`.
///
/// Only the main thread may call it, outside any asynchronous runtime. It says itself what went
/// wrong. Ends with 0 after an asked-for stop, 70 when an essential program cannot be kept up or something
/// is broken, 75 when ListSync runs already, 78 when the settings or the database cannot be used.
pub(crate) fn run(environment: &Environment, config: Option<PathBuf>) -> ExitCode {
    actix_rt::System::new().block_on(async {
        let asked = Asked::listen();
        let (done, prepared) = oneshot::channel();
        let variables = environment.clone();
        // Migrations of a large database take a while: on a thread of its own, which the process does not
        // wait for when it ends, they leave us able to hear a stop.
        std::thread::spawn(move || drop(done.send(Supervisor::prepare(&variables, config))));
        let prepared = tokio::select! {
            prepared = prepared => prepared,
            () = asked.force.requested() => return ExitCode::SUCCESS,
        };
        match prepared {
            Ok(Ok(supervisor)) if asked.shutdown.is_requested() => supervisor.leave().await,
            Ok(Ok(supervisor)) => supervisor.supervise(environment, asked).await,
            Ok(Err(error)) => refuse(&error),
            // It panicked and has said so.
            Err(_gone) => ExitCode::from(exit::SOFTWARE),
        }
    })
}

/// What signals have asked for.
struct Asked {
    /// To stop in order.
    shutdown: Stop,
    /// To stop at once.
    force: Stop,
}

/// A start that cannot be is said on stderr, and its kind is the exit code.
fn refuse(error: &anyhow::Error) -> ExitCode {
    let said = exit::report(error);
    let is_lock = |error: &LockError| matches!(error, LockError::Held { .. });
    let is_database =
        |error: &DbError| matches!(error, DbError::Foreign { .. } | DbError::Newer { .. });
    if error.downcast_ref().is_some_and(is_lock) {
        ExitCode::from(RUNS_ALREADY)
    } else if error.downcast_ref().is_some_and(is_database) {
        ExitCode::from(exit::BAD_SETTINGS)
    } else {
        said
    }
}

/// All that is needed to begin.
struct Supervisor {
    loaded: Loaded,
    config: Option<PathBuf>,
    programs: Vec<programs::Program>,
    logs: Logs,
    epoch: Instant,
    _lock: Lock,
}

impl Supervisor {
    fn prepare(environment: &Environment, config: Option<PathBuf>) -> anyhow::Result<Self> {
        let epoch = Instant::now();
        let mut loaded = settings::load(environment, config.as_deref(), &[])?;
        loaded.settings.log.format = format_of(&loaded.settings.log);
        let binaries = programs::binaries().context("cannot tell where our programs are")?;
        let programs = programs::programs(&loaded, environment, &binaries)?;
        let paths = loaded.settings.paths.clone();
        check_lengths(&paths, &programs)?;
        paths.create()?;
        let lock = Lock::take(&paths)?;
        clean(&paths);
        std::fs::create_dir_all(notify_dir(&paths)).context("cannot make the notify directory")?;
        let migrated = schema::migrate(&paths.database())?;
        let logs = start_logs(&loaded, &programs).context("cannot start logging")?;
        loaded.log();
        say_migrated(&migrated, &paths.database());
        Ok(Self {
            loaded,
            config,
            programs,
            logs,
            epoch,
            _lock: lock,
        })
    }

    /// Ends before anything was started: a stop came during a long start.
    async fn leave(self) -> ExitCode {
        clean(&self.loaded.settings.paths);
        tracing::info!("ListSync is stopped; it was asked to before anything was started");
        self.logs.flush(LAST_WORDS).await;
        ExitCode::SUCCESS
    }

    async fn supervise(self, environment: &Environment, asked: Asked) -> ExitCode {
        let paths = self.loaded.settings.paths.clone();
        let clock = Clock::system();
        let (gave_up, mut given_up) = mpsc::unbounded_channel();
        let shared = Context {
            logs: self.logs.clone(),
            clock: clock.clone(),
            notify_dir: notify_dir(&paths),
            children: Children::default(),
            gave_up,
            epoch: self.epoch,
        };
        reaper::start(shared.children.clone());
        let Asked { shutdown, force } = asked;
        let door_closed = Stop::new();
        let fleet = Fleet::new(self.programs, &shared);
        let door = Door::new(
            fleet.clone(),
            self.logs.clone(),
            clock,
            paths.database(),
            shutdown.clone(),
        );
        let socket = paths.socket(SupervisorLink::SOCKET);
        let mut served = {
            let stop = door_closed.clone();
            actix_rt::spawn(async move { runtime::socket::serve(&socket, door, stop).await })
        };
        let readiness = Readiness::from_environment(environment);
        let startup = actix_rt::spawn({
            let (fleet, readiness, http) = (
                fleet.clone(),
                readiness.clone(),
                self.loaded.settings.http.clone(),
            );
            let epoch = self.epoch;
            async move {
                let be_ready = async {
                    let missing = fleet.settled().await;
                    let text = ready_text(&fleet, http.bind, http.api_port, http.dashboard_port);
                    let text = with_missing(text, &missing);
                    let took_ms = u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(took_ms, "{text}");
                    readiness.ready(&text);
                };
                // What comes after a program that does not come up may yet be started hours later.
                tokio::join!(fleet.start_all(), be_ready);
            }
        });
        let advice = advice(&self.loaded)
            .map(|_maybe| advise(environment.clone(), self.config.clone(), paths.clone()))
            .map(actix_rt::spawn);

        let mut code = ExitCode::SUCCESS;
        tokio::select! {
            () = shutdown.requested() => {}
            Some(name) = given_up.recv() => {
                tracing::error!(process = name, "stopping everything: {name} is essential and cannot be kept up");
                code = ExitCode::from(exit::SOFTWARE);
            }
            ended = &mut served => {
                match ended {
                    Ok(Ok(())) => tracing::error!("stopping everything: our socket was closed"),
                    Ok(Err(error)) => tracing::error!("stopping everything: {}", Chain(&error)),
                    Err(error) => tracing::error!("stopping everything: {}", Chain(&error)),
                }
                code = ExitCode::from(exit::SOFTWARE);
            }
        }
        shutdown.request();
        startup.abort();
        if let Some(advice) = advice {
            advice.abort();
        }
        readiness.stopping();
        tokio::select! {
            () = fleet.stop_all() => {}
            () = force.requested() => {
                if tokio::time::timeout(KILL_LIMIT, fleet.kill_all()).await.is_err() {
                    tracing::error!("some programs do not even end when killed; leaving them to the kernel");
                    code = ExitCode::from(exit::SOFTWARE);
                }
            }
        }
        door_closed.request();
        if !served.is_finished() && tokio::time::timeout(LAST_WORDS, served).await.is_err() {
            tracing::debug!("a caller did not read its last answer");
        }
        clean(&paths);
        tracing::info!("ListSync is stopped");
        self.logs.flush(LAST_WORDS).await;
        code
    }
}

/// `auto` is decided here once for all processes: workers write to pipes and could not tell.
fn format_of(settings: &LogSettings) -> LogFormat {
    match settings.format {
        LogFormat::Auto if std::io::stdout().is_terminal() => LogFormat::Human,
        LogFormat::Auto => LogFormat::Json,
        chosen => chosen,
    }
}

fn start_logs(loaded: &Loaded, programs: &[programs::Program]) -> std::io::Result<Logs> {
    let own = LogPlan {
        name: OWN.to_owned(),
        path: loaded.settings.paths.log(OWN),
        max_bytes: LOG_MAX_BYTES,
        backups: LOG_BACKUPS,
    };
    let plans = programs
        .iter()
        .map(|program| program.log.clone())
        .chain([own])
        .collect();
    let is_human = loaded.settings.log.format == LogFormat::Human;
    let logs = Logs::start(plans, Console::start(std::io::stdout(), is_human)?)?;
    let writer = logs.clone();
    logs::init_to(OWN, &loaded.settings.log, false, move || writer.writer());
    abort_on_panic();
    Ok(logs)
}

/// Our own lines go through another thread, which would not get to write the last one.
fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("without a message");
        // Nothing can be done if this fails too.
        writeln!(
            std::io::stderr(),
            "supervisor panicked at {place}: {message}"
        )
        .unwrap_or_default();
        std::process::abort();
    }));
}

/// The kernel's limit for the path of a socket, which ends with a zero byte.
const SOCKET_PATH: usize = 107;

fn check_lengths(
    paths: &PathSettings,
    programs: &[programs::Program],
) -> Result<(), SettingsError> {
    let sockets = programs
        .iter()
        .map(|program| notify_socket(&notify_dir(paths), &program.name));
    match sockets.max_by_key(|path| path.as_os_str().len()) {
        Some(path) if path.as_os_str().len() > SOCKET_PATH => Err(SettingsError::Invalid {
            key: "paths.run_dir".to_owned(),
            problem: format!(
                "is too long: the socket {} has {} bytes, {SOCKET_PATH} are possible; set \
                 LISTSYNC_RUN_DIR to a shorter one",
                path.display(),
                path.as_os_str().len()
            ),
        }),
        _ => Ok(()),
    }
}

fn notify_dir(paths: &PathSettings) -> PathBuf {
    paths.run_dir.join("notify")
}

/// Removes sockets that nobody listens on. Only by their names: the folder may be shared.
fn clean(paths: &PathSettings) {
    let sockets = [
        SupervisorLink::SOCKET,
        SyncLink::SOCKET,
        ScraperLink::SOCKET,
    ];
    for path in sockets.map(|socket| paths.socket(socket)) {
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {}: {error}", path.display());
        }
    }
    if let Err(error) = std::fs::remove_dir_all(notify_dir(paths))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("cannot remove {}: {error}", notify_dir(paths).display());
    }
}

fn say_migrated(migrated: &Migrated, database: &Path) {
    if migrated.ran.is_empty() {
        return;
    }
    let count = migrated.ran.len();
    if let Some(backup) = &migrated.backup {
        tracing::info!(
            "brought {} up to date with {count} migrations; a copy from before is {}",
            database.display(),
            backup.display()
        );
    } else {
        tracing::info!("made the database {}", database.display());
    }
}

impl Asked {
    /// The first TERM, INT or QUIT stops in order, the next one at once. HUP stops in order too where
    /// it means that the terminal we were started in is closed. No other signal ends us.
    fn listen() -> Self {
        let asked = Self {
            shutdown: Stop::new(),
            force: Stop::new(),
        };
        for (kind, name) in [
            (SignalKind::terminate(), "SIGTERM"),
            (SignalKind::interrupt(), "SIGINT"),
            (SignalKind::quit(), "SIGQUIT"),
        ] {
            let (shutdown, force) = (asked.shutdown.clone(), asked.force.clone());
            on_signal(kind, name, move || {
                if shutdown.is_requested() {
                    tracing::warn!(
                        signal = name,
                        "killing what still runs, {name} came while stopping"
                    );
                    force.request();
                } else {
                    tracing::info!(signal = name, "stopping, {name} came");
                    shutdown.request();
                }
            });
        }
        let has_terminal = std::io::stdin().is_terminal() || std::io::stdout().is_terminal();
        for (kind, name) in [
            (SignalKind::hangup(), "SIGHUP"),
            (SignalKind::user_defined1(), "SIGUSR1"),
            (SignalKind::user_defined2(), "SIGUSR2"),
            (SignalKind::alarm(), "SIGALRM"),
            (SignalKind::io(), "SIGIO"),
        ] {
            let shutdown = asked.shutdown.clone();
            let stops = has_terminal && kind == SignalKind::hangup();
            on_signal(kind, name, move || {
                if stops {
                    // The shell and the kernel may each send one: a second is no wish to be quicker.
                    tracing::info!(signal = name, "stopping, our terminal is closed");
                    shutdown.request();
                } else {
                    tracing::info!(signal = name, "{name} came; it means nothing here");
                }
            });
        }
        asked
    }
}

fn on_signal(kind: SignalKind, name: &'static str, act: impl Fn() + 'static) {
    match signal(kind) {
        Ok(mut signals) => {
            actix_rt::spawn(async move {
                while signals.recv().await.is_some() {
                    act();
                }
            });
        }
        Err(error) => tracing::error!("cannot listen for {name}: {}", Chain(&error)),
    }
}

fn ready_text(fleet: &Fleet, bind: IpAddr, api: u16, dashboard: u16) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if api == 0 || dashboard == 0 {
        // Only the program itself knows which ports it got.
        let said = fleet.status(&[programs::Worker::Api.name().to_owned()]);
        let said = said
            .ok()
            .and_then(|status| status.into_iter().next()?.status_text); // else nothing to add
        return format!("ListSync {version} is ready: {}", said.unwrap_or_default());
    }
    let host = match bind {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    let url = |port| format!("http://{}", SocketAddr::new(host, port));
    format!(
        "ListSync {version} is ready: dashboard {}, API {}",
        url(dashboard),
        url(api)
    )
}

/// Says what is to be set while nothing can be synced, and takes the saved level of logging.
async fn advise(environment: Environment, config: Option<PathBuf>, paths: PathSettings) {
    match with_saved(&environment, config.as_deref(), &paths).await {
        Ok(loaded) => {
            logs::set_level(&loaded.settings.log.level);
            if let Some(text) = advice(&loaded) {
                tracing::warn!("{text}");
            }
        }
        // The workers meet the same and say it better; it keeps nobody from starting.
        Err(error) => tracing::warn!(
            "cannot look at the saved settings: {}",
            Chain(error.as_ref())
        ),
    }
}

/// The settings with those from the database among them.
pub(crate) async fn with_saved(
    environment: &Environment,
    config: Option<&Path>,
    paths: &PathSettings,
) -> anyhow::Result<Loaded> {
    let database = paths.database();
    let db = tokio::task::spawn_blocking(move || Db::open(&database)).await??;
    let cipher = Cipher::open(paths, environment)?;
    let (saved, _said_by_workers) = runtime::saved_values(&db, Some(&cipher)).await?;
    Ok(settings::load(environment, config, &saved)?)
}

/// The line of readiness with the programs that are not up.
fn with_missing(text: String, missing: &[ProgramStatus]) -> String {
    if missing.is_empty() {
        return text;
    }
    let missing: Vec<_> = missing
        .iter()
        .map(|program| format!("{} ({})", program.name, program.state.as_str()))
        .collect();
    format!("{text}; not up: {}", missing.join(", "))
}

fn advice(loaded: &Loaded) -> Option<String> {
    let seerr = &loaded.settings.seerr;
    let missing: Vec<_> = [
        (
            seerr.url.is_none(),
            "OVERSEERR_URL (where Seerr is, such as http://seerr:5055)",
        ),
        (
            seerr.api_key.is_none(),
            "OVERSEERR_API_KEY (in Seerr: Settings → General)",
        ),
    ]
    .into_iter()
    .filter_map(|(is_missing, what)| is_missing.then_some(what))
    .collect();
    if missing.is_empty() {
        return None;
    }
    Some(format!(
        "nothing can be requested yet: set {} in the environment or in .env and start again, or run \
         `listsync setup` now; then add lists with `listsync lists add URL`",
        missing.join(" and ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(variables: &[(&str, &str)]) -> Loaded {
        let data = [("LISTSYNC_DATA_DIR", "/nonexistent")];
        let environment = Environment::of(data.iter().chain(variables).copied());
        settings::load(&environment, None, &[]).unwrap()
    }

    #[test]
    fn who_has_set_nothing_is_told_what_to_set() {
        let text = advice(&loaded(&[])).unwrap();
        assert!(
            text.contains("OVERSEERR_URL") && text.contains("OVERSEERR_API_KEY"),
            "{text}"
        );
        assert!(text.contains("listsync setup"));
        let text = advice(&loaded(&[("OVERSEERR_URL", "http://seerr:5055")])).unwrap();
        assert!(
            !text.contains("OVERSEERR_URL (") && text.contains("OVERSEERR_API_KEY"),
            "{text}"
        );
        let all = [
            ("OVERSEERR_URL", "http://seerr:5055"),
            ("OVERSEERR_API_KEY", "x"),
        ];
        assert_eq!(advice(&loaded(&all)), None);
    }
}
