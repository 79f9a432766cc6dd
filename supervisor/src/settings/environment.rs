//! What programs see of our environment: the owner's nothing of ours, our workers the settings, and the
//! scraper-worker, which reads hostile pages, no secret.

use std::{collections::BTreeMap, ffi::OsString, path::absolute};

use runtime::{
    Environment, Loaded,
    environment::LIFE,
    settings::{KNOWN, LogFormat},
    zone,
};

use super::{Worker, faults::Faults};

/// Variables of a program, which may hold secrets.
pub(crate) type Variables = BTreeMap<OsString, OsString>;

/// Variables of no meaning of ours that programs need to run at all.
const BASE: &[&str] = &[
    "PATH", "HOME", "LANG", "LANGUAGE", "TMPDIR", "USER", "LOGNAME",
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

/// Variables by which the supervisor itself talks to a program.
const OURS: &[&str] = &[
    LIFE,
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
];

/// What the owner's programs see: nothing of ours.
pub(super) fn base_environment(environment: &Environment, loaded: &Loaded) -> Variables {
    let zone = loaded.time_zone.variable();
    environment
        .iter()
        .filter(|(name, _)| BASE.contains(name) || name.starts_with("LC_"))
        .map(|(name, value)| (name.into(), value.into()))
        .chain(zone.map(|zone| ("TZ".into(), zone.into())))
        .collect()
}

/// Adds what the table of a program sets.
pub(super) fn add_own(
    name: &str,
    own: &BTreeMap<String, String>,
    environment: &mut Variables,
    faults: &mut Faults<'_>,
) {
    for (variable, value) in own {
        if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
            faults.wrong(
                name,
                "environment",
                "has a name or value that no variable can have; a name is not empty and has no `=`",
            );
        } else if OURS.contains(&variable.as_str()) {
            let problem = format!("sets {variable}, which the supervisor itself sets; remove it");
            faults.wrong(name, "environment", problem);
        }
        environment.insert(variable.into(), value.into());
    }
}

/// What one of our workers sees: where things are, and the settings that the environment sets. The
/// scraper-worker sees no secret and no key to one.
pub(crate) fn worker_environment(
    environment: &Environment,
    loaded: &Loaded,
    worker: Worker,
) -> Variables {
    let mut seen = base_environment(environment, loaded);
    let mut see = |name: &str, value: &str| {
        seen.insert(name.into(), value.into());
    };
    for name in LIBRARIES {
        if let Some(value) = environment.get(name) {
            see(name, value);
        }
    }
    see_settings(environment, worker, &mut see);
    see_places(environment, loaded, &mut see);
    // A run over ten thousand titles frees tens of megabytes, most of which the C library keeps. After
    // such runs all four processes took 58 MiB with these and 82 MiB without (`make bench`).
    see("MALLOC_ARENA_MAX", "1");
    see("MALLOC_TRIM_THRESHOLD_", "131072");
    // A rule has no name to show people.
    if let Some(name) = loaded.time_zone.name()
        && loaded.time_zone.variable().as_deref() != Some(name)
    {
        see(zone::NAME, name);
    }
    // The worker sees a pipe where we may see a terminal.
    let format = match loaded.settings.log.format {
        LogFormat::Human => "human",
        LogFormat::Json | LogFormat::Auto => "json",
    };
    see("LOG_FORMAT", format);
    seen
}

fn see_settings(environment: &Environment, worker: Worker, see: &mut impl FnMut(&str, &str)) {
    // Its text is the owner's; the worker gets what it means.
    let is_shown = |name: &str| name != "TZ";
    for known in KNOWN
        .iter()
        .filter(|known| !known.is_secret || worker.may_hold_secrets())
    {
        for variable in known.variables().filter(|name| is_shown(name)) {
            if let Some(value) = environment.get(variable) {
                see(variable, value);
            }
            if known.is_secret {
                see_file(environment, variable, see);
            }
        }
    }
    if worker.may_hold_secrets() {
        if let Some(value) = environment.get("LISTSYNC_SECRET_KEY") {
            see("LISTSYNC_SECRET_KEY", value);
        }
        see_file(environment, "LISTSYNC_SECRET_KEY", see);
    }
}

fn see_places(environment: &Environment, loaded: &Loaded, see: &mut impl FnMut(&str, &str)) {
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
}

/// `NAME_FILE`; the worker runs in another directory.
fn see_file(environment: &Environment, name: &str, see: &mut impl FnMut(&str, &str)) {
    let variable = format!("{name}_FILE");
    if let Some(path) = environment.get(&variable) {
        let path = absolute(path).unwrap_or_else(|_empty| path.into());
        see(&variable, &path.to_string_lossy());
    }
}
