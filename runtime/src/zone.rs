//! Has this process reckon local times in the zone of the settings. Leaves reading zones to `settings`.

use std::path::{Path, PathBuf};

use crate::{
    environment::Environment,
    settings::{self, TimeZone},
};

/// Variable that says what the zone is called whose rule `TZ` has, where the machine lacks its data.
pub const NAME: &str = "TIME_ZONE_NAME";

/// Sets `TZ` of this process to what the settings say, for chrono and the C library: they know neither the
/// settings file nor `.env` nor abbreviations. Settings that cannot be used change nothing, since they are
/// refused right after.
///
/// Call it before there is a second thread.
#[expect(
    unsafe_code,
    reason = "only the environment tells chrono and the C library the zone"
)]
pub fn adopt(environment: &Environment, config: Option<&Path>) {
    let Some(zone) = chosen(environment, config) else {
        return;
    };
    // SAFETY: there is one thread, so that nobody reads the environment meanwhile.
    unsafe {
        match zone.variable() {
            Some(zone) => std::env::set_var("TZ", zone),
            None => std::env::remove_var("TZ"),
        }
    }
}

/// The zone of the settings, as far as they can be read twice: what comes through a pipe is there once and may
/// be long in coming, so that then only the environment counts.
fn chosen(environment: &Environment, config: Option<&Path>) -> Option<TimeZone> {
    let is_pipe = |path: PathBuf| path.exists() && !path.is_file();
    if settings::config_path(environment, config).is_some_and(is_pipe) {
        let region = environment.get("TIMEZONE_REGION");
        return TimeZone::parse(environment.get("TZ")?, region).ok(); // refused when all is loaded
    }
    settings::load_without_secrets(environment, config, &[])
        .map(|loaded| loaded.time_zone)
        .ok() // as above
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Local, Utc};

    const CHILD: &str = "LOCAL_TIMES_ARE_ASKED_FOR";

    /// What a process of its own, with these variables, says that the offset is in winter and in summer.
    #[expect(
        clippy::disallowed_methods,
        reason = "the zone is that of a whole process; nobody else waits for this one"
    )]
    fn offsets(variables: &[(&str, &str)]) -> String {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("zone::tests::local_times_are_in_the_zone_of_the_settings")
            .env_remove("TZ")
            .env("LISTSYNC_DATA_DIR", "/nonexistent")
            .env(CHILD, "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let told = text.lines().find_map(|line| line.split_once("offsets: "));
        told.unwrap_or_else(|| panic!("{text}")).1.to_owned()
    }

    #[test]
    fn local_times_are_in_the_zone_of_the_settings() {
        if std::env::vars().any(|(name, _)| name == CHILD) {
            adopt(&Environment::from_process().unwrap(), None);
            let offset = |text: &str| {
                let at: DateTime<Utc> = text.parse().unwrap();
                at.with_timezone(&Local).format("%:z").to_string()
            };
            let (winter, summer) = ("2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z");
            #[expect(clippy::print_stdout, reason = "the other process reads it")]
            {
                println!("\noffsets: {} {}", offset(winter), offset(summer));
            }
            return;
        }
        for (zone, meant) in [
            ("UTC+1", "+01:00 +01:00"),
            ("GMT-3:30", "-03:30 -03:30"),
            ("+02:00", "+02:00 +02:00"),
            ("CEST", "+01:00 +02:00"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "+01:00 +02:00"),
            ("EST5", "-05:00 -05:00"),
            ("europe/london", "+00:00 +01:00"),
            (":Asia/Tokyo", "+09:00 +09:00"),
            ("Z", "+00:00 +00:00"),
        ] {
            assert_eq!(offsets(&[("TZ", zone)]), meant, "{zone}");
        }
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("listsync.toml");
        std::fs::write(&config, "[sync]\ntime_zone = \"UTC+5:30\"\n").unwrap();
        let config = ("LISTSYNC_CONFIG", config.to_str().unwrap());
        assert_eq!(offsets(&[config]), "+05:30 +05:30");
        assert_eq!(offsets(&[config, ("TZ", "PST")]), "-08:00 -07:00");
    }

    #[test]
    fn settings_that_come_through_a_pipe_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("listsync.toml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let zone = |variables: &[(&str, &str)]| {
            let environment = Environment::of(variables.iter().copied());
            chosen(&environment, Some(&pipe)).and_then(|zone| zone.variable())
        };
        assert_eq!(zone(&[("TZ", "UTC+1")]).as_deref(), Some("<+01>-1"));
        assert_eq!(zone(&[]), None);
    }

    #[test]
    fn rules_of_zones_without_data_are_understood() {
        // Given as they are, since this machine may have the data.
        for (rule, meant) in [
            ("NZST-12NZDT,M9.5.0,M4.1.0/3", "+13:00 +12:00"),
            ("IST-2IDT,M3.4.4/24,M10.5.0", "+02:00 +03:00"),
            ("<-02>2<-01>,M3.5.0/0,M10.5.0/0", "-02:00 -01:00"),
        ] {
            assert_eq!(offsets(&[("TZ", rule)]), meant, "{rule}");
        }
    }
}
