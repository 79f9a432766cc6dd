//! `listsync run`: everything from settings to the last exit code.
//!
//! Order: signals, settings and program table, directories, locks, migrations, logs, then socket and
//! programs. What fails before logs is said on stderr. Leaves keeping programs up to [`crate::program`].

use std::{
    cell::RefCell,
    io::{IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use runtime::{
    Chain, Clock, Environment, Loaded, Readiness, SettingsError, Stop, exit,
    listen::{Listeners, Ports},
    logs,
    settings::{self, LogFormat, LogSettings, PathSettings},
    socket::server::SocketError,
};
use schema::{
    DbError, Migrated,
    wire::{
        Link as _,
        scraper::ScraperLink,
        supervisor::{ProgramStatus, Reload, SupervisorLink},
        sync::SyncLink,
    },
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    door::{self, Door},
    lock::{Lock, LockError},
    log::{Console, LogPlan, Logs, OWN},
    oom::OomWatch,
    program::{Changes, Context, Fleet, Sockets, notify_socket},
    reaper::{self, Children},
    reload::Reloader,
    saved::Saved,
    settings::{self as programs, SOCKET_PATH},
    signals::{Asked, Wish},
    tree,
};

/// Exit code when another supervisor runs.
pub(crate) const RUNS_ALREADY: u8 = 75;

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
    binaries: PathBuf,
    programs: Vec<programs::Program>,
    listeners: Listeners,
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
        std::fs::create_dir_all(paths.notify_dir()).context("cannot make the notify directory")?;
        let migrated = schema::migrate(&paths.database())?;
        // Before anything is started: a port that is taken is a fault of the settings.
        let listeners = Listeners::bind(&loaded.settings.http)?;
        let logs = start_logs(&loaded, &programs).context("cannot start logging")?;
        logs.hide(&loaded.secrets());
        loaded.log();
        say_migrated(&migrated, &paths.database());
        Ok(Self {
            loaded,
            config,
            binaries,
            programs,
            listeners,
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
        let (gave_up, given_up) = mpsc::unbounded_channel();
        let shared = Context {
            logs: self.logs.clone(),
            clock: Clock::system(),
            notify_dir: paths.notify_dir(),
            children: Children::default(),
            sockets: Sockets::default(),
            changes: Changes::default(),
            oom: Rc::new(RefCell::new(OomWatch::new())),
            gave_up,
            epoch: self.epoch,
        };
        let ports = self.listeners.ports();
        shared.sockets.set(self.listeners);
        reaper::start(shared.children.clone());
        let fleet = Fleet::new(self.programs, &shared);
        let saved = Saved::new(
            environment.clone(),
            self.config.clone(),
            paths.clone(),
            self.logs.clone(),
        );
        let house = House {
            readiness: Readiness::from_environment(environment),
            reloader: Rc::new(Reloader::new(
                self.loaded,
                self.config,
                self.binaries,
                fleet.clone(),
                saved,
            )),
            changes: shared.changes,
            children: shared.children,
            logs: self.logs,
            epoch: self.epoch,
            fleet,
            paths,
            ports,
        };
        house.keep(asked, given_up).await
    }
}

/// Everything there is once programs can be kept.
struct House {
    fleet: Fleet,
    reloader: Rc<Reloader>,
    changes: Changes,
    readiness: Readiness,
    logs: Logs,
    paths: PathSettings,
    ports: Ports,
    children: Children,
    epoch: Instant,
}

impl House {
    /// Keeps programs up until somebody wants the end, then ends everything.
    async fn keep(self, asked: Asked, mut given_up: mpsc::UnboundedReceiver<String>) -> ExitCode {
        let Asked {
            shutdown,
            force,
            wishes,
        } = asked;
        let door_closed = Stop::new();
        let mut served = self.open_door(&shutdown, &door_closed);
        let startup = self.start();
        let wishes = self.hear(wishes);
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
        wishes.abort();
        self.readiness.stopping();
        let are_gone = tokio::select! {
            are_gone = self.fleet.stop_all() => are_gone,
            () = force.requested() => self.fleet.kill_all().await,
        };
        if !are_gone {
            tracing::error!(
                "some programs do not even end when killed; leaving them to the kernel"
            );
            code = ExitCode::from(exit::SOFTWARE);
        }
        let left = tree::end_strangers(&self.children);
        if !left.is_empty() {
            tracing::warn!("ended what programs had left behind: {left}");
            left.gone(LAST_WORDS).await;
        }
        door_closed.request();
        if !served.is_finished() && tokio::time::timeout(LAST_WORDS, served).await.is_err() {
            tracing::debug!("a caller did not read its last answer");
        }
        clean(&self.paths);
        tracing::info!("ListSync is stopped");
        self.logs.flush(LAST_WORDS).await;
        code
    }

    /// Answers on our socket until `closed`.
    fn open_door(&self, shutdown: &Stop, closed: &Stop) -> JoinHandle<Result<(), SocketError>> {
        let door = Door::new(door::Parts {
            fleet: self.fleet.clone(),
            reloader: Rc::clone(&self.reloader),
            changes: self.changes.clone(),
            logs: self.logs.clone(),
            clock: Clock::system(),
            database: self.paths.database(),
            shutdown: shutdown.clone(),
        });
        let socket = self.paths.socket(SupervisorLink::SOCKET);
        let closed = closed.clone();
        actix_rt::spawn(async move { runtime::socket::serve(&socket, door, closed).await })
    }

    /// Starts the programs, and tells when they are ready.
    fn start(&self) -> JoinHandle<()> {
        self.fleet.start_all();
        let (ports, fleet, readiness, reloader, epoch) = (
            self.ports,
            self.fleet.clone(),
            self.readiness.clone(),
            Rc::clone(&self.reloader),
            self.epoch,
        );
        actix_rt::spawn(async move {
            let be_ready = async {
                let missing = fleet.settled().await;
                let text = with_missing(ready_text(ports), &missing);
                let took_ms = u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(took_ms, "{text}");
                readiness.ready(&text);
                readiness.keep_alive();
            };
            tokio::join!(reloader.advise(), be_ready);
        })
    }

    /// Does what signals ask for.
    fn hear(&self, mut wishes: mpsc::UnboundedReceiver<Wish>) -> JoinHandle<()> {
        let (fleet, reloader, logs) = (
            self.fleet.clone(),
            Rc::clone(&self.reloader),
            self.logs.clone(),
        );
        actix_rt::spawn(async move {
            while let Some(wish) = wishes.recv().await {
                match wish {
                    // Its restarts may take a while, and other wishes need not wait for them.
                    Wish::Reload => drop(actix_rt::spawn(reload(Rc::clone(&reloader)))),
                    Wish::Report => report(&fleet).await,
                    Wish::Reopen => {
                        logs.reopen();
                        tracing::info!("opened the log files anew");
                    }
                }
            }
        })
    }
}

/// It says itself what it did.
async fn reload(reloader: Rc<Reloader>) {
    if let Err(failure) = reloader.reload(&Reload::default()).await {
        tracing::error!("{}", failure.message);
    }
}

/// One line a program in the log.
async fn report(fleet: &Fleet) {
    let programs = fleet.status(&[]).await.unwrap_or_default(); // all of them are always there
    for program in programs {
        tracing::info!(
            process = program.name,
            pid = program.pid,
            restarts = program.restarts,
            memory_bytes = program.memory_bytes,
            cpu_ms = program.cpu_ms,
            "{} is {}",
            program.name,
            program.state.as_str()
        );
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
        lines_per_s: None,
    };
    let plans = programs
        .iter()
        .map(|program| program.log.clone())
        .chain([own])
        .collect();
    let is_human = loaded.settings.log.format == LogFormat::Human;
    let logs = Logs::start(plans, Console::stdout(is_human)?)?;
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

fn check_lengths(
    paths: &PathSettings,
    programs: &[programs::Program],
) -> Result<(), SettingsError> {
    let sockets = programs
        .iter()
        .map(|program| notify_socket(&paths.notify_dir(), &program.name, 0));
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
    if let Err(error) = std::fs::remove_dir_all(paths.notify_dir())
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("cannot remove {}: {error}", paths.notify_dir().display());
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

fn ready_text(ports: Ports) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let url = |at: SocketAddr| {
        let host = match at.ip() {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        format!("http://{}", SocketAddr::new(host, at.port()))
    };
    format!(
        "ListSync {version} is ready: dashboard {}, API {}",
        url(ports.dashboard),
        url(ports.api)
    )
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
