//! One `[program.NAME]` table with what it leaves open, turned into the program to keep. Looks at each key
//! and at keys that do not go together; leaves the order between programs to `order`.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf, absolute},
    time::Duration,
};

use runtime::settings::{PathSettings, ProgramTable, ReadyMode, RestartMode};

use super::{
    Probe, Program, Worker, address,
    environment::{self, Variables},
    faults::Faults,
    limits::{self, Rights},
};
use crate::{
    log::LogPlan,
    process::Signal,
    program::{Policy, ReadyRule, RestartRule},
};

/// Seconds a program may take to say that it is ready.
const READY_TIMEOUT_S: u64 = 30;
/// How long a program that says nothing must have lived to be taken for ready.
pub(super) const ALIVE: Duration = Duration::from_secs(1);
/// Seconds from SIGTERM to SIGKILL: less than the ten that Docker gives all of us.
const STOP_TIMEOUT_S: u64 = 8;
const RESTART_BASE_MS: u64 = 500;
const RESTART_FACTOR: f64 = 2.0;
const RESTART_CAP_MS: u64 = 60_000;
const RESTART_JITTER: f64 = 0.2;
const RESTART_BURST: u32 = 10;
const RESTART_WINDOW_S: u64 = 600;
/// Pause between the tries of a program that was given up and is not essential.
pub(super) const SLOW_RETRY: Duration = Duration::from_mins(5);
/// Seconds our workers may be silent: they ping twice in that time, and idle processes should sleep.
pub(super) const WATCHDOG_S: u64 = 240;
const LOG_MAX_BYTES: u64 = 10 * 1024 * 1024;
const LOG_BACKUPS: u32 = 5;
const MEGABYTE: u64 = 1024 * 1024;

/// A year: longer times are mistakes, and reckoning with them must not overflow.
const MOST_SECONDS: u64 = 31_536_000;
const MOST_MILLISECONDS: u64 = MOST_SECONDS * 1000;
const MOST_BURST: u32 = 100_000;
const MOST_BACKUPS: u32 = 1000;

/// What a program has where its table is silent.
pub(super) struct Own {
    pub(super) worker: Option<Worker>,
    pub(super) command: PathBuf,
    pub(super) environment: Variables,
    pub(super) directory: PathBuf,
}

impl Own {
    fn ready(&self) -> ReadyMode {
        self.worker
            .map_or(ReadyMode::None, |_worker| ReadyMode::Notify)
    }

    fn is_essential(&self) -> bool {
        self.worker.is_some_and(Worker::is_essential)
    }
}

/// Makes the program; what is wrong goes to `faults`, and the rest is looked at all the same.
pub(super) fn read(
    name: &str,
    table: &ProgramTable,
    mut own: Own,
    paths: &PathSettings,
    rights: Rights,
    faults: &mut Faults<'_>,
) -> Program {
    check_pairs(name, table, &own, faults);
    let limits = limits::read(name, table, rights, &mut own.environment, faults);
    if let Some(variables) = &table.environment {
        environment::add_own(name, variables, &mut own.environment, faults);
    }
    let essential = table.essential.unwrap_or(own.is_essential());
    let ready = table.ready.unwrap_or(own.ready());
    if table.command.is_none() && own.worker.is_none() {
        faults.wrong(name, "command", "is missing; name the file to run");
    }
    Program {
        name: name.to_owned(),
        policy: policy(name, table, &own, essential, faults),
        log: log(name, table, paths, faults),
        readiness: readiness(name, table, ready, faults),
        stop_signal: stop_signal(name, table, faults),
        exit_codes: exit_codes(name, table, faults),
        command: command(name, table, faults).unwrap_or(own.command),
        args: args(name, table, faults),
        environment: own.environment,
        directory: table.directory.clone().map_or(own.directory, whole),
        after: table.after.clone().unwrap_or_default(),
        essential,
        autostart: table.autostart.unwrap_or(true),
        max_memory: table
            .max_memory_mb
            .filter(|megabytes| *megabytes > 0)
            .map(|megabytes| megabytes.saturating_mul(MEGABYTE)),
        limits,
        takes_sockets: own.worker == Some(Worker::Api),
    }
}

/// Keys that do not go together.
fn check_pairs(name: &str, table: &ProgramTable, own: &Own, faults: &mut Faults<'_>) {
    let ready = table.ready.unwrap_or(own.ready());
    if table.oneshot == Some(true) {
        check_oneshot(name, table, own, faults);
    } else {
        match (ready, &table.ready_url) {
            (ReadyMode::Http, None) => faults.wrong(
                name,
                "ready",
                "is \"http\" without a `ready_url`; add the address that answers when it is ready",
            ),
            (ReadyMode::Notify | ReadyMode::None, Some(_)) => faults.wrong(
                name,
                "ready_url",
                "is used by `ready = \"http\"` alone; add that or remove the address",
            ),
            _ => {}
        }
    }
}

fn check_oneshot(name: &str, table: &ProgramTable, own: &Own, faults: &mut Faults<'_>) {
    if own.worker.is_some() {
        let problem = format!("is true, and {name} never ends by itself; remove the key");
        faults.wrong(name, "oneshot", problem);
        return;
    }
    let mut clash = |key: &str, is_set: bool, value: &str| {
        if is_set {
            let problem = format!(
                "is {value}, and a `oneshot` is only ready when it has ended well; remove one of the two"
            );
            faults.wrong(name, key, problem);
        }
    };
    clash(
        "ready",
        table.ready == Some(ReadyMode::Notify),
        "\"notify\"",
    );
    clash("ready", table.ready == Some(ReadyMode::Http), "\"http\"");
    clash("ready_url", table.ready_url.is_some(), "set");
    clash("watchdog_s", table.watchdog_s.is_some_and(|s| s > 0), "set");
    if table.restart == Some(RestartMode::Always) {
        faults.wrong(
            name,
            "restart",
            "is \"always\", and a `oneshot` that ended well has done its work; take on-failure or never",
        );
    }
}

fn policy(
    name: &str,
    table: &ProgramTable,
    own: &Own,
    essential: bool,
    faults: &mut Faults<'_>,
) -> Policy {
    let oneshot = table.oneshot.unwrap_or(false);
    let mut seconds = |key: &str, value: Option<u64>, usual: u64, least: u64| {
        let bounds = least..=MOST_SECONDS;
        Duration::from_secs(bounded(name, key, value, usual, bounds, faults))
    };
    let ready_within = seconds("ready_timeout_s", table.ready_timeout_s, READY_TIMEOUT_S, 1);
    let stop_within = seconds("stop_timeout_s", table.stop_timeout_s, STOP_TIMEOUT_S, 0);
    let window = seconds(
        "restart_window_s",
        table.restart_window_s,
        RESTART_WINDOW_S,
        1,
    );
    let usual = own.worker.map_or(0, |_worker| WATCHDOG_S);
    let watchdog = seconds("watchdog_s", table.watchdog_s, usual, 0);
    let (delay, max_delay) = delays(name, table, faults);
    Policy {
        ready: match (oneshot, table.ready.unwrap_or(own.ready())) {
            (true, _) => ReadyRule::Ends(table.ready_timeout_s.map(|_set| ready_within)),
            (false, ReadyMode::Notify | ReadyMode::Http) => ReadyRule::Says(ready_within),
            (false, ReadyMode::None) => ReadyRule::Alive(ALIVE),
        },
        restart: match (table.restart, oneshot) {
            (Some(RestartMode::Always), _) | (None, false) => RestartRule::Always,
            (Some(RestartMode::OnFailure), _) | (None, true) => RestartRule::OnFailure,
            (Some(RestartMode::Never), _) => RestartRule::Never,
        },
        stop_within,
        delay,
        max_delay,
        budget: number(
            name,
            "restart_burst",
            table.restart_burst,
            RESTART_BURST,
            1..=MOST_BURST,
            faults,
        ),
        window,
        factor: fraction(
            name,
            "restart_factor",
            table.restart_factor,
            RESTART_FACTOR,
            1.0..=10.0,
            faults,
        ),
        jitter: fraction(
            name,
            "restart_jitter",
            table.restart_jitter,
            RESTART_JITTER,
            0.0..=1.0,
            faults,
        ),
        watchdog: (!oneshot && !watchdog.is_zero()).then_some(watchdog),
        slow_retry: (!essential).then_some(SLOW_RETRY),
    }
}

fn delays(name: &str, table: &ProgramTable, faults: &mut Faults<'_>) -> (Duration, Duration) {
    let (base, cap) = (table.restart_base_ms, table.restart_cap_ms);
    let bounds = 0..=MOST_MILLISECONDS;
    let key = "restart_base_ms";
    let least = bounded(name, key, base, RESTART_BASE_MS, bounds.clone(), faults);
    let most = bounded(name, "restart_cap_ms", cap, RESTART_CAP_MS, bounds, faults);
    if least > most {
        let (key, problem) = match cap {
            Some(_) if base.is_none() => (
                "restart_cap_ms",
                format!(
                    "is {most}, below `restart_base_ms`, which is {least} when absent; set that too"
                ),
            ),
            _ => (
                key,
                format!("is {least}, above `restart_cap_ms`, which is {most}; raise that too"),
            ),
        };
        faults.wrong(name, key, problem);
    }
    (Duration::from_millis(least), Duration::from_millis(most))
}

/// A whole number within bounds, or the usual one.
fn bounded(
    name: &str,
    key: &str,
    value: Option<u64>,
    usual: u64,
    bounds: RangeInclusive<u64>,
    faults: &mut Faults<'_>,
) -> u64 {
    number(name, key, value, usual, bounds, faults)
}

fn number<N: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    key: &str,
    value: Option<N>,
    usual: N,
    bounds: RangeInclusive<N>,
    faults: &mut Faults<'_>,
) -> N {
    let Some(value) = value else { return usual };
    if bounds.contains(&value) {
        return value;
    }
    let (least, most) = (bounds.start(), bounds.end());
    let problem = format!("is {value}; it must be a whole number from {least} to {most}");
    faults.wrong(name, key, problem);
    usual
}

fn fraction(
    name: &str,
    key: &str,
    value: Option<f64>,
    usual: f64,
    bounds: RangeInclusive<f64>,
    faults: &mut Faults<'_>,
) -> f64 {
    let Some(value) = value else { return usual };
    if bounds.contains(&value) {
        return value;
    }
    let (least, most) = (bounds.start(), bounds.end());
    let problem = format!("is {value}; it must be a number from {least} to {most}");
    faults.wrong(name, key, problem);
    usual
}

fn readiness(name: &str, table: &ProgramTable, ready: ReadyMode, faults: &mut Faults<'_>) -> Probe {
    let address = table.ready_url.clone().unwrap_or_default();
    if table.ready_url.is_some()
        && let Err(problem) = address::check(&address)
    {
        faults.wrong(name, "ready_url", problem);
    }
    match ready {
        _ if table.oneshot == Some(true) => Probe::None,
        ReadyMode::Notify => Probe::Notify,
        ReadyMode::Http => Probe::Http(address),
        ReadyMode::None => Probe::None,
    }
}

fn stop_signal(name: &str, table: &ProgramTable, faults: &mut Faults<'_>) -> Signal {
    let Some(text) = &table.stop_signal else {
        return Signal::TERM;
    };
    // These do not end anything, they only hold it up.
    let holds_up = ["STOP", "TSTP", "CONT"].map(Signal::named);
    match Signal::named(text) {
        Some(signal) if !holds_up.contains(&Some(signal)) => signal,
        _ => {
            let problem = format!("is {text:?}; it must be a signal such as TERM or INT");
            faults.wrong(name, "stop_signal", problem);
            Signal::TERM
        }
    }
}

fn exit_codes(name: &str, table: &ProgramTable, faults: &mut Faults<'_>) -> Vec<u8> {
    let codes = table.exit_codes.clone().unwrap_or_else(|| vec![0]);
    if codes.is_empty() {
        let problem = "is empty, so that it could never succeed; name at least one code, usually 0";
        faults.wrong(name, "exit_codes", problem);
    }
    codes
}

fn command(name: &str, table: &ProgramTable, faults: &mut Faults<'_>) -> Option<PathBuf> {
    let command = table.command.clone()?;
    let text = command.to_string_lossy();
    if text.trim().is_empty() || text.contains('\0') {
        faults.wrong(name, "command", "is empty; name the file to run");
    }
    Some(whole(command))
}

fn args(name: &str, table: &ProgramTable, faults: &mut Faults<'_>) -> Vec<String> {
    let args = table.args.clone().unwrap_or_default();
    if args.iter().any(|argument| argument.contains('\0')) {
        let problem = "has an argument with a zero byte, which no argument can have; remove it";
        faults.wrong(name, "args", problem);
    }
    args
}

fn log(name: &str, table: &ProgramTable, paths: &PathSettings, faults: &mut Faults<'_>) -> LogPlan {
    let path = match &table.log_file {
        Some(file) => plain(&paths.log_dir.join(file)),
        None => paths.log(name),
    };
    let written = table.log_file.as_deref().unwrap_or(Path::new(name));
    if written.as_os_str().is_empty()
        || written.to_string_lossy().ends_with('/')
        || path.file_name().is_none()
        || path.is_dir()
    {
        let problem = format!("is {}, which is no file; name a file", written.display());
        faults.wrong(name, "log_file", problem);
    }
    LogPlan {
        name: name.to_owned(),
        path,
        max_bytes: table.log_max_bytes.unwrap_or(LOG_MAX_BYTES),
        backups: number(
            name,
            "log_backups",
            table.log_backups,
            LOG_BACKUPS,
            0..=MOST_BACKUPS,
            faults,
        ),
        lines_per_s: table.log_lines_per_s.filter(|lines| *lines > 0),
    }
}

/// The path without `.` and `..`, so that two spellings of one file are seen to be one.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// A bare name is looked for in `PATH`; all else must not depend on where the child runs.
fn whole(path: PathBuf) -> PathBuf {
    if path.components().count() < 2 && !path.starts_with(".") {
        return path;
    }
    absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_path() {
        assert_eq!(plain(Path::new("/a/./b/../c.log")), Path::new("/a/c.log"));
        assert_eq!(plain(Path::new("/../c.log")), Path::new("/c.log"));
    }
}
