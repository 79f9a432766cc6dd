//! What changed between two tables of the same program, by the keys that people write, and whether it takes
//! a new process.

use std::mem::discriminant;

use super::Program;
use crate::program::ReadyRule;

/// Keys whose change a process that runs cannot take in: what it was started with.
const NEED_A_RESTART: &[&str] = &[
    "command",
    "args",
    "environment",
    "directory",
    "user",
    "umask",
    "oneshot",
    "ready",
    "ready_url",
    "watchdog_s",
    "rlimits",
    "oom_score_adj",
];

/// Whether one of these keys takes a new process; the others are used at once.
pub(crate) fn needs_restart(keys: &[&str]) -> bool {
    keys.iter().any(|key| NEED_A_RESTART.contains(key))
}

impl Program {
    /// Keys of `[program.NAME]` whose values differ, in the order of the settings' table.
    pub(crate) fn difference(&self, other: &Self) -> Vec<&'static str> {
        self.differing_start(other)
            .chain(self.differing_life(other))
            .chain(self.differing_care(other))
            .filter_map(|(key, differs)| differs.then_some(key))
            .collect()
    }

    /// What it is started with, and when.
    fn differing_start(&self, other: &Self) -> impl Iterator<Item = (&'static str, bool)> {
        let (one, two) = (&self.limits, &other.limits);
        [
            ("command", self.command != other.command),
            ("args", self.args != other.args),
            ("environment", self.environment != other.environment),
            ("directory", self.directory != other.directory),
            ("user", one.user != two.user),
            ("umask", one.umask != two.umask),
            ("autostart", self.autostart != other.autostart),
            ("oneshot", self.is_oneshot() != other.is_oneshot()),
            ("after", self.after != other.after),
            ("essential", self.essential != other.essential),
        ]
        .into_iter()
    }

    /// How it becomes ready, stops and is restarted.
    fn differing_life(&self, other: &Self) -> impl Iterator<Item = (&'static str, bool)> {
        let (one, two) = (&self.policy, &other.policy);
        let is_same_kind = discriminant(&self.readiness) == discriminant(&other.readiness);
        [
            ("ready", !is_same_kind),
            (
                "ready_url",
                is_same_kind && self.readiness != other.readiness,
            ),
            (
                "ready_timeout_s",
                discriminant(&one.ready) == discriminant(&two.ready) && one.ready != two.ready,
            ),
            ("watchdog_s", one.watchdog != two.watchdog),
            ("stop_signal", self.stop_signal != other.stop_signal),
            ("stop_timeout_s", one.stop_within != two.stop_within),
            ("exit_codes", self.exit_codes != other.exit_codes),
            ("restart", one.restart != two.restart),
            ("restart_base_ms", one.delay != two.delay),
            (
                "restart_factor",
                one.factor.to_bits() != two.factor.to_bits(),
            ),
            ("restart_cap_ms", one.max_delay != two.max_delay),
            (
                "restart_jitter",
                one.jitter.to_bits() != two.jitter.to_bits(),
            ),
            ("restart_burst", one.budget != two.budget),
            ("restart_window_s", one.window != two.window),
        ]
        .into_iter()
    }

    /// What it may take, and its log.
    fn differing_care(&self, other: &Self) -> impl Iterator<Item = (&'static str, bool)> {
        let (one, two) = (&self.limits, &other.limits);
        let (log, other_log) = (&self.log, &other.log);
        [
            ("max_memory_mb", self.max_memory != other.max_memory),
            ("log_file", log.path != other_log.path),
            ("log_max_bytes", log.max_bytes != other_log.max_bytes),
            ("log_backups", log.backups != other_log.backups),
            ("log_lines_per_s", log.lines_per_s != other_log.lines_per_s),
            ("rlimits", one.resources != two.resources),
            ("oom_score_adj", one.oom_score_adj != two.oom_score_adj),
        ]
        .into_iter()
    }

    fn is_oneshot(&self) -> bool {
        matches!(self.policy.ready, ReadyRule::Ends(_))
    }
}
