//! `[program.NAME]` of the settings file: what may be written there. Leaves defaults and sense to `supervisor`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// `[program.NAME]` of the settings file. What is absent keeps the default of `supervisor`, its own
/// for our three processes and general ones for programs of the owner.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgramTable {
    /// The file to run; needed for a program of the owner.
    pub command: Option<PathBuf>,
    /// Its arguments.
    pub args: Option<Vec<String>>,
    /// Variables it gets beside the allowed ones.
    pub environment: Option<BTreeMap<String, String>>,
    /// Directory it runs in.
    pub directory: Option<PathBuf>,
    /// User it runs as, by name or number; only root can give one.
    pub user: Option<String>,
    /// Mask of permissions of new files, in octal: `"022"`.
    pub umask: Option<String>,
    /// Whether it is started with the supervisor.
    pub autostart: Option<bool>,
    /// Whether it does one thing and ends; what is `after` it waits for its success.
    pub oneshot: Option<bool>,
    /// Programs that must be ready before it is started.
    pub after: Option<Vec<String>>,
    /// Whether the supervisor ends, non-zero, when it cannot be kept up.
    pub essential: Option<bool>,
    /// How it is known to be ready.
    pub ready: Option<ReadyMode>,
    /// Address that answers with 2xx when it is ready, for `ready = "http"`: `http://127.0.0.1:8080/health`.
    pub ready_url: Option<String>,
    /// Seconds it may take to become ready.
    pub ready_timeout_s: Option<u64>,
    /// Seconds it may be silent before it is taken for stuck; 0 for never.
    pub watchdog_s: Option<u64>,
    /// Signal that asks it to stop: `SIGTERM`, `TERM`, `INT`, …
    pub stop_signal: Option<String>,
    /// Seconds it may take to stop before it is killed.
    pub stop_timeout_s: Option<u64>,
    /// Exit codes that count as success.
    pub exit_codes: Option<Vec<u8>>,
    /// When it is started again.
    pub restart: Option<RestartMode>,
    /// Milliseconds before the second restart in a row.
    pub restart_base_ms: Option<u64>,
    /// By what the delay grows with each further one.
    pub restart_factor: Option<f64>,
    /// Milliseconds no delay is longer than.
    pub restart_cap_ms: Option<u64>,
    /// Share from 0 to 1 by which a delay may be shorter or longer.
    pub restart_jitter: Option<f64>,
    /// Deaths within `restart_window_s` after which it is given up.
    pub restart_burst: Option<u32>,
    /// Seconds in which `restart_burst` deaths are too many.
    pub restart_window_s: Option<u64>,
    /// Megabytes all its processes may take before it is restarted; 0 for no limit.
    pub max_memory_mb: Option<u64>,
    /// File of its log.
    pub log_file: Option<PathBuf>,
    /// Bytes after which its log is rotated; 0 for never.
    pub log_max_bytes: Option<u64>,
    /// Rotated logs that are kept.
    pub log_backups: Option<u32>,
    /// Lines a second it may log, averaged over ten; 0 for no limit.
    pub log_lines_per_s: Option<u32>,
    /// Limits of the kernel: `nofile`, `nproc`, `core`, `as`, `cpu`, `fsize`, `stack`, `memlock`, `data`.
    pub rlimits: Option<BTreeMap<String, u64>>,
    /// How readily the kernel kills it when memory runs out, from -1000 to 1000.
    pub oom_score_adj: Option<i32>,
}

/// One key of `[program.NAME]`, for people: what may be written there, what counts without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramKey {
    /// Its name.
    pub key: &'static str,
    /// What is allowed, as it goes after "it must be".
    pub expected: &'static str,
    /// Its value for a program of the owner when it is absent, in TOML; empty where `unset` says it.
    pub default: &'static str,
    /// Its value for ours, in TOML, where that is another.
    pub ours: &'static str,
    /// In words what counts when it is absent, where that is no value.
    pub unset: &'static str,
    /// How it may look, for a key without a default.
    pub example: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

impl ProgramKey {
    /// The key with this name.
    pub fn find(key: &str) -> Option<&'static Self> {
        PROGRAM_KEYS.iter().find(|known| known.key == key)
    }

    /// What is allowed for the key, as it goes after "it must be".
    pub(super) fn expected_of(key: &str) -> &'static str {
        Self::find(key).map_or("absent", |known| known.expected)
    }

    /// Its value for one of [`OUR_PROGRAMS`] when it is absent, in TOML; empty where there is none.
    pub fn default_for(&self, program: &str) -> &'static str {
        match (program, self.key) {
            ("scraper-worker", "essential") => "false",
            _ if self.ours.is_empty() => self.default,
            _ => self.ours,
        }
    }

    const fn new(
        key: &'static str,
        expected: &'static str,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            key,
            expected,
            default,
            ours: "",
            unset: "",
            example: "",
            doc,
        }
    }

    const fn ours(mut self, value: &'static str) -> Self {
        self.ours = value;
        self
    }

    const fn unset(mut self, words: &'static str, example: &'static str) -> Self {
        self.unset = words;
        self.example = example;
        self
    }
}

/// Names of our programs.
pub const OUR_PROGRAMS: [&str; 3] = ["scraper-worker", "sync-worker", "api"];

const TEXT: &str = "a text";
const TEXTS: &str = "an array of texts";
const BOOL: &str = "true or false";
const WHOLE: &str = "a whole number from 0 on";

/// Every key of `[program.NAME]`, in the order people read them.
#[rustfmt::skip]
pub const PROGRAM_KEYS: &[ProgramKey] = &[
    ProgramKey::new("command", TEXT, "", "file to run; a bare name is looked for in `PATH`").unset("needed; ours are beside `listsync`", "\"/usr/sbin/openvpn\""),
    ProgramKey::new("args", TEXTS, "[]", "its arguments"),
    ProgramKey::new("environment", "a table of texts", "{}", "variables it gets beside `PATH`, `HOME`, `TZ`, `LANG` and the like; nothing of ours is among them"),
    ProgramKey::new("directory", TEXT, "", "directory it runs in").unset("that of the supervisor; the run directory for ours", "\"/srv/vpn\""),
    ProgramKey::new("user", "the name or number of a user", "", "user it runs as, by name or number; only root can give another").unset("that of the supervisor", "\"nobody\""),
    ProgramKey::new("umask", "a mask in octal such as \"022\"", "", "mask of permissions of new files, in octal").unset("that of the supervisor", "\"022\""),
    ProgramKey::new("autostart", BOOL, "true", "whether it is started with the supervisor"),
    ProgramKey::new("oneshot", BOOL, "false", "whether it does one thing and ends; what is `after` it waits for its success"),
    ProgramKey::new("after", TEXTS, "[]", "programs that must be ready before it is started; it is stopped before them"),
    ProgramKey::new("essential", BOOL, "false", "whether the supervisor ends, with code 70, when it cannot be kept up").ours("true"),
    ProgramKey::new("ready", "one of notify, http, none", "\"none\"", "how it is known to be ready: notify (it says so through `NOTIFY_SOCKET`), http (`ready_url` answers with 2xx), none (it runs)").ours("\"notify\""),
    ProgramKey::new("ready_url", "an address that begins with http://", "", "address that answers with 2xx when it is ready, for `ready = \"http\"`").unset("–", "\"http://127.0.0.1:8080/health\""),
    ProgramKey::new("ready_timeout_s", WHOLE, "30", "seconds it may take to become ready; for a `oneshot` to end (no limit when absent)"),
    ProgramKey::new("watchdog_s", WHOLE, "0", "seconds it may be silent, once ready, before it is taken for stuck and restarted; 0: for ever").ours("240"),
    ProgramKey::new("stop_signal", "a signal such as TERM or INT", "\"TERM\"", "signal that asks it to stop"),
    ProgramKey::new("stop_timeout_s", WHOLE, "8", "seconds it may take to stop before it is killed"),
    ProgramKey::new("exit_codes", "an array of whole numbers from 0 to 255", "[0]", "exit codes that count as success"),
    ProgramKey::new("restart", "one of always, on-failure, never", "\"always\"", "when it is started again after it ended: always, on-failure (what a `oneshot` has without this), never"),
    ProgramKey::new("restart_base_ms", WHOLE, "500", "milliseconds before the second restart in a row; the first comes at once"),
    ProgramKey::new("restart_factor", "a number from 1 to 10", "2.0", "by what the delay grows with each further one"),
    ProgramKey::new("restart_cap_ms", WHOLE, "60000", "milliseconds no delay is longer than"),
    ProgramKey::new("restart_jitter", "a number from 0 to 1", "0.2", "share by which a delay may be shorter or longer"),
    ProgramKey::new("restart_burst", "a whole number from 1 on", "10", "deaths within `restart_window_s` after which it is given up"),
    ProgramKey::new("restart_window_s", WHOLE, "600", "seconds in which `restart_burst` deaths are too many"),
    ProgramKey::new("max_memory_mb", WHOLE, "0", "megabytes all its processes may take before it is restarted; 0: no limit"),
    ProgramKey::new("log_file", TEXT, "", "file of its log, below the log directory unless it begins with `/`").unset("`NAME.log`", "\"vpn.log\""),
    ProgramKey::new("log_max_bytes", WHOLE, "10485760", "bytes after which its log is rotated; 0: never"),
    ProgramKey::new("log_backups", WHOLE, "5", "rotated logs that are kept"),
    ProgramKey::new("log_lines_per_s", WHOLE, "0", "lines a second it may log, averaged over ten; 0: no limit"),
    ProgramKey::new("rlimits", "a table of whole numbers", "{}", "limits of the kernel: `nofile`, `nproc`, `core`, `as`, `cpu`, `fsize`, `stack`, `memlock`, `data`"),
    ProgramKey::new("oom_score_adj", "a whole number from -1000 to 1000", "", "how readily the kernel kills it when memory runs out, from -1000 to 1000").unset("that of the supervisor; for scraper-worker, whose browser is to go first, 300 more", "500"),
];

/// How a program is known to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyMode {
    /// It says so through `NOTIFY_SOCKET`.
    Notify,
    /// An address of it answers.
    Http,
    /// It is taken for ready once it runs.
    None,
}

/// When a program that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartMode {
    /// Whenever it ends.
    Always,
    /// When it ends with a code that does not count as success, or by a signal.
    OnFailure,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_for_people_has_every_key_of_the_struct_and_values_that_it_takes() {
        let names: BTreeSet<_> = PROGRAM_KEYS.iter().map(|key| key.key).collect();
        assert_eq!(names.len(), PROGRAM_KEYS.len());
        for key in PROGRAM_KEYS {
            assert_ne!(key.default.is_empty(), key.unset.is_empty(), "{}", key.key);
            assert_eq!(key.unset.is_empty(), key.example.is_empty(), "{}", key.key);
            for value in [key.default, key.ours, key.example] {
                if value.is_empty() {
                    continue;
                }
                let text = format!("{} = {value}", key.key);
                let table: ProgramTable = config::Config::builder()
                    .add_source(config::File::from_str(&text, config::FileFormat::Toml))
                    .build()
                    .and_then(config::Config::try_deserialize)
                    .unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_ne!(table, ProgramTable::default(), "{text}");
            }
        }
        // As many as the struct has fields.
        let shown = format!("{:?}", ProgramTable::default());
        assert_eq!(shown.matches(": None").count(), PROGRAM_KEYS.len());
    }
}
