//! Starts and ends the browser's processes: which file, which arguments, in a folder of its own, in
//! a session of its own that dies with us. Leaves talking to it to `page`, and when to start and to
//! end it to the door.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fs, io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    rc::Rc,
    time::Duration,
};

use actix_rt::task::JoinHandle;
use nix::{
    libc,
    sys::{
        prctl,
        signal::{Signal, kill, killpg},
    },
    unistd::{Pid, getpid, getppid, setsid},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStderr, Command},
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::memory;

/// What it says on stderr when it can be talked to.
const LISTENING: &str = "DevTools listening on ";
/// What it says when it cannot have its sandbox.
const NO_SANDBOX: &[&str] = &[
    "No usable sandbox",
    "Running as root without --no-sandbox",
    "Failed to move to new namespace",
    "SUID sandbox helper",
];
/// Last lines of stderr that are kept.
const LINES: usize = 20;
/// How long the end of a process that closes what it had open is waited for.
const ENDING: Duration = Duration::from_secs(1);
/// Bytes of one of them; what is longer counts as several.
const LINE: u64 = 4096;

const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--remote-debugging-port=0",
    "--remote-debugging-address=127.0.0.1",
    "--window-size=1280,2000",
    "--lang=en-US",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-remote-fonts",
    "--blink-settings=imagesEnabled=false",
    "--block-new-web-contents",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Names are our proxy's business.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-notifications",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--metrics-recording-only",
    "--password-store=basic",
    // Nothing is fetched that no page asks for, and no process waits in reserve.
    "--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,\
     InterestFeedContentSuggestions,MediaRouter,NetworkPrediction,OptimizationHints,\
     SpareRendererForSitePerProcess,Translate",
];

/// Why it does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LaunchError {
    /// It cannot have its sandbox here: its own words.
    NoSandbox(String),
    /// A signal ended it, which need not happen again: what.
    Killed(String),
    /// Something else: what.
    Failed(String),
}

/// What to start.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub(super) file: &'a Path,
    /// Made anew; gone when the browser is.
    pub(super) folder: PathBuf,
    pub(super) is_sandboxed: bool,
    /// Port of our proxy.
    pub(super) proxy: u16,
    /// How long it may take until it can be talked to.
    pub(super) patience: Duration,
    /// Takes its process id as soon as it has one.
    pub(super) born: &'a Cell<Option<i32>>,
}

/// A browser's processes. Dropping it kills them.
#[derive(Debug)]
pub(super) struct Process {
    child: Option<Child>,
    pid: Pid,
    folder: PathBuf,
    /// Where it is talked to.
    pub(super) address: String,
    said: Rc<RefCell<VecDeque<String>>>,
    listening: JoinHandle<()>,
}

impl Process {
    /// Starts it and waits until it can be talked to.
    ///
    /// Called from an async function of the main thread, and not from another thread: the kernel
    /// ends the browser when the *thread* that started it ends.
    ///
    /// # Errors
    /// [`LaunchError`]; then nothing of it is left.
    pub(super) async fn start(launch: Launch<'_>) -> Result<Self, LaunchError> {
        let failed = |what: &str, error: io::Error| LaunchError::Failed(format!("{what}: {error}"));
        let folder = launch.folder.clone();
        fs::create_dir_all(&folder)
            .map_err(|error| failed(&format!("cannot make {}", folder.display()), error))?;
        let mut child = match command(&launch).spawn() {
            Ok(child) => child,
            Err(error) => {
                remove(&folder);
                return Err(failed(
                    &format!("cannot start {}", launch.file.display()),
                    error,
                ));
            }
        };
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let (Some(pid), Some(stderr)) = (pid, child.stderr.take()) else {
            remove(&folder);
            return Err(LaunchError::Failed("it ended at once".to_owned()));
        };
        launch.born.set(Some(pid));
        let said = Rc::new(RefCell::new(VecDeque::new()));
        let (tell, told) = oneshot::channel();
        let listening = actix_rt::spawn(listen(BufReader::new(stderr), Rc::clone(&said), tell));
        // Made before anything is awaited, so that whoever gives up meanwhile ends it.
        let mut process = Self {
            child: Some(child),
            pid: Pid::from_raw(pid),
            folder,
            address: String::new(),
            said,
            listening,
        };
        match timeout(launch.patience, told).await {
            Ok(Ok(address)) => {
                process.address = address;
                Ok(process)
            }
            ended => {
                let signal = match ended {
                    Ok(_) => process.ended_by().await,
                    Err(_) => None,
                };
                let error = process.why_not(ended.is_err(), signal, launch.patience);
                process.kill().await;
                Err(error)
            }
        }
    }

    /// The signal that ended its main process, if one did.
    pub(super) async fn ended_by(&mut self) -> Option<i32> {
        // What it had open is closed a moment before its end can be seen.
        let ended = timeout(ENDING, self.child.as_mut()?.wait()).await;
        ended.ok()?.ok()?.signal() // one that goes on was not ended
    }

    fn why_not(&self, is_late: bool, signal: Option<i32>, patience: Duration) -> LaunchError {
        let said = self.said.borrow();
        if let Some(line) = said.iter().find(|line| is_no_sandbox(line)) {
            return LaunchError::NoSandbox(line.clone());
        }
        let last = said
            .iter()
            .rev()
            .find(|line| !line.contains("dbus"))
            .map_or_else(
                || "it said nothing".to_owned(),
                |line| format!("it said: {line}"),
            );
        if let Some(signal) = signal {
            return LaunchError::Killed(format!("signal {signal} ended it; {last}"));
        }
        LaunchError::Failed(if is_late {
            format!("it was not ready within {} s; {last}", patience.as_secs())
        } else {
            format!("it ended; {last}")
        })
    }

    /// Its process id, which is that of its group and session.
    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether its main process has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child
            .as_mut()
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Kills it and waits until nothing of it is left.
    pub(super) async fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.finish(Duration::from_secs(2)).await;
    }

    /// Kills it at once, for whoever waits for it on another thread.
    pub(super) fn kill_now(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Asks it to end, kills it if it does not within `patience`, waits until nothing of it is left.
    pub(super) async fn close(mut self, patience: Duration) {
        self.signal(Signal::SIGTERM);
        if let Some(child) = &mut self.child
            && timeout(patience, child.wait()).await.is_err()
        {
            tracing::warn!("the browser does not end, it is killed");
        }
        self.signal(Signal::SIGKILL); // what is left of its group
        self.finish(patience).await;
    }

    async fn finish(&mut self, patience: Duration) {
        if let Some(mut child) = self.child.take()
            && let Err(error) = child.wait().await
        {
            tracing::warn!("cannot wait for the browser's end: {error}");
        }
        gone(self.pid(), patience).await;
        self.listening.abort();
        remove(&self.folder);
    }

    fn signal(&self, which: Signal) {
        if self.child.is_none() {
            return; // reaped: the number may be another's by now
        }
        match killpg(self.pid, which) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => tracing::error!("cannot send {which} to the browser: {error}"),
        }
    }
}

/// Waits until nothing of a browser that was killed is left. Its helpers end when they notice; those
/// that left its group are killed one by one.
pub(super) async fn gone(session: i32, patience: Duration) {
    let late = Instant::now() + patience;
    loop {
        let left = memory::of_session(session);
        if left.is_empty() {
            return;
        }
        if Instant::now() > late {
            tracing::warn!(?left, "processes of the browser are left");
            return;
        }
        for pid in left {
            signal(Pid::from_raw(pid), Signal::SIGKILL);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.listening.abort();
        self.signal(Signal::SIGKILL);
        let folder = self.folder.clone();
        let Some(mut child) = self.child.take() else {
            return;
        };
        // Its folder is still written to until it is gone.
        let clean = async move {
            if child.wait().await.is_ok() {
                remove(&folder);
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clean)),
            Err(_outside) => remove(&self.folder), // what is left is removed at the next start
        }
    }
}

fn signal(pid: Pid, which: Signal) {
    match kill(pid, which) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
        Err(error) => tracing::warn!("cannot send {which} to {pid}: {error}"),
    }
}

/// Removes what earlier browsers left in `folder`.
pub(super) fn wipe(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return; // there is none yet
    };
    for entry in entries.flatten() {
        remove(&entry.path());
    }
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!("cannot remove {}: {error}", folder.display()),
    }
}

fn command(launch: &Launch<'_>) -> Command {
    let folder = &launch.folder;
    let mut command = Command::new(launch.file);
    command
        .args(ARGUMENTS)
        .arg(format!("--proxy-server=http://127.0.0.1:{}", launch.proxy))
        .arg("--proxy-bypass-list=<-loopback>")
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ));
    if !launch.is_sandboxed {
        command.arg("--no-sandbox");
    }
    command
        .arg("about:blank")
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("LANG", "C.UTF-8")
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    prepare(&mut command);
    command
}

/// Has the child, before it executes: a session of its own, and death with us.
#[expect(
    unsafe_code,
    reason = "only code of the child between fork and exec can set these"
)]
fn prepare(command: &mut Command) {
    let parent = getpid();
    // SAFETY: the closure runs in the child after fork and makes only system calls that are
    // async-signal-safe; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            setsid()?;
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            if getppid() != parent {
                // We died in between, so that no signal will come.
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            // Whatever we were started with ends here: no page's process gets near it. Marks, and
            // does not close: the standard library's own pipe must live until exec.
            libc::syscall(
                libc::SYS_close_range,
                3,
                u32::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            Ok(())
        });
    }
}

/// Reads to the end, as a full pipe would stop it; tells the address when it comes.
async fn listen(
    mut lines: BufReader<ChildStderr>,
    said: Rc<RefCell<VecDeque<String>>>,
    tell: oneshot::Sender<String>,
) {
    let mut tell = Some(tell);
    while let Some(line) = line(&mut lines).await {
        match (line.strip_prefix(LISTENING), tell.take()) {
            (Some(address), Some(tell)) => {
                if tell.send(address.trim().to_owned()).is_err() {
                    tracing::debug!("nobody waits for the browser any more");
                }
            }
            (_, kept) => {
                tell = kept;
                keep(&said, line);
            }
        }
    }
}

/// The next line, of whatever bytes; `None` at the end.
async fn line(lines: &mut BufReader<ChildStderr>) -> Option<String> {
    let mut bytes = Vec::new();
    match lines.take(LINE).read_until(b'\n', &mut bytes).await {
        Ok(count) if count > 0 => Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
        _ => None, // a broken pipe is its end
    }
}

fn keep(said: &Rc<RefCell<VecDeque<String>>>, line: String) {
    let mut said = said.borrow_mut();
    if said.len() >= LINES {
        // The trace of the stack comes after the reason.
        let oldest = said.iter().position(|line| !is_no_sandbox(line));
        said.remove(oldest.unwrap_or_default());
    }
    if !line.is_empty() {
        said.push_back(line);
    }
}

fn is_no_sandbox(line: &str) -> bool {
    NO_SANDBOX.iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn script(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join("browser");
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    async fn started(
        text: &str,
        patience: Duration,
    ) -> (Result<Process, LaunchError>, tempfile::TempDir) {
        let place = tempfile::tempdir().unwrap();
        let file = script(place.path(), text);
        let folder = place.path().join("run");
        let launch = Launch {
            file: &file,
            folder: folder.clone(),
            is_sandboxed: true,
            proxy: 9,
            patience,
            born: &Cell::default(),
        };
        let started = Process::start(launch).await;
        if started.is_err() {
            assert!(!folder.exists(), "{} is left", folder.display());
        }
        (started, place)
    }

    #[actix_rt::test]
    async fn a_file_that_is_no_browser_is_told_from_one_without_sandbox() {
        let patience = Duration::from_secs(10);
        let (ended, _) = started("echo 'no display' >&2; exit 3", patience).await;
        assert_eq!(
            ended.unwrap_err(),
            LaunchError::Failed("it ended; it said: no display".into())
        );
        let (rooted, _) = started(
            "echo '[1:E] Running as root without --no-sandbox is not supported.' >&2; exit 1",
            patience,
        )
        .await;
        assert!(matches!(rooted, Err(LaunchError::NoSandbox(_))));
        let (rooted, _) = started(
            "echo 'FATAL No usable sandbox!' >&2; seq 50 >&2; exit 1",
            patience,
        )
        .await;
        assert!(matches!(rooted, Err(LaunchError::NoSandbox(_))));
        let (killed, _) = started("echo 'so far' >&2; kill -9 $$", patience).await;
        assert_eq!(
            killed.unwrap_err(),
            LaunchError::Killed("signal 9 ended it; it said: so far".into())
        );
        let (silent, _) = started("exec sleep 60", Duration::from_millis(200)).await;
        assert_eq!(
            silent.unwrap_err(),
            LaunchError::Failed("it was not ready within 0 s; it said nothing".into())
        );
    }

    #[actix_rt::test]
    async fn it_gets_no_variable_and_no_file_of_ours_and_what_ignores_the_signal_is_killed_with_its_children()
     {
        let leaked = fs::File::open("/proc/version").unwrap();
        // As if whoever started us had left it open.
        nix::fcntl::fcntl(&leaked, nix::fcntl::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
        let text = "trap '' TERM\nenv >env\nreadlink /proc/$$/fd/* >files\nsleep 61 &\n\
                    echo 'DevTools listening on ws://127.0.0.1:1/x' >&2\nwait; wait; sleep 61";
        let (process, place) = started(text, Duration::from_secs(10)).await;
        let (process, folder) = (process.unwrap(), place.path().join("run"));
        assert_eq!(process.address, "ws://127.0.0.1:1/x");
        let set = fs::read_to_string(folder.join("env")).unwrap();
        assert!(set.contains(&format!("HOME={}", folder.display())), "{set}");
        assert!(!set.contains("CARGO"), "{set}");
        let files = fs::read_to_string(folder.join("files")).unwrap();
        assert!(!files.contains("/proc/version"), "{files}");
        let pid = process.pid();
        assert_eq!(memory::of_session(pid).len(), 2);
        process.close(Duration::from_millis(200)).await;
        assert!(memory::of_session(pid).is_empty());
        assert!(!folder.exists());
    }

    #[actix_rt::test]
    async fn giving_up_a_start_ends_it_and_leaves_no_file() {
        let place = tempfile::tempdir().unwrap();
        let file = script(place.path(), "sleep 62 & wait");
        let (folder, born) = (place.path().join("run"), Cell::default());
        let launch = Launch {
            file: &file,
            folder: folder.clone(),
            is_sandboxed: true,
            proxy: 9,
            patience: Duration::from_mins(1),
            born: &born,
        };
        let starting = Process::start(launch);
        assert!(
            timeout(Duration::from_millis(100), starting).await.is_err(),
            "it never says where it is"
        );
        let pid = born.get().unwrap();
        gone(pid, Duration::from_secs(5)).await;
        assert!(memory::of_session(pid).is_empty());
        for _ in 0..500 {
            if !folder.exists() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("its folder is left");
    }

    #[test]
    fn what_earlier_browsers_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("41-1/profile/Default")).unwrap();
        wipe(place.path());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        wipe(Path::new("/nowhere"));
    }
}
