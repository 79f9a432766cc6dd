//! Where the directories are, also while the rest of the settings cannot be used, and without looking at
//! that rest: for who only wants to talk to a process that runs. Leaves what is wrong to `load`.

use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, ValueKind};

use super::{
    known::Known,
    load::config_path,
    paths::{Defaults, PathSettings},
};
use crate::environment::Environment;

/// The directories as [`load`](super::load()) would find them; what is wrong with a settings file is
/// passed over. None when it cannot be told; `load` says why.
pub fn likely_paths(environment: &Environment, config: Option<&Path>) -> Option<PathSettings> {
    let file = Values::read(environment, config)?;
    let defaults = Defaults::new(environment);
    let set = |key| in_environment(environment, key).or_else(|| file.path(key));
    let data_dir = match set("paths.data_dir") {
        Some(path) => path,
        None => defaults.data().ok()?,
    };
    let data_dir = std::path::absolute(data_dir).ok()?;
    let run_dir = set("paths.run_dir").unwrap_or_else(|| defaults.run(&data_dir));
    let log_dir = set("paths.log_dir").unwrap_or_else(|| defaults.log(&data_dir));
    Some(PathSettings {
        run_dir: std::path::absolute(run_dir).ok()?,
        log_dir: std::path::absolute(log_dir).ok()?,
        data_dir,
    })
}

fn in_environment(environment: &Environment, key: &str) -> Option<PathBuf> {
    let known = Known::find(key)?;
    let text = known.variables().find_map(|name| environment.get(name))?;
    as_path(known, text)
}

fn as_path(known: &Known, text: &str) -> Option<PathBuf> {
    match known.parse(text).ok()? {
        ValueKind::String(path) => Some(path.into()),
        _ => None,
    }
}

/// What the settings file says, as far as it can be read.
struct Values(Config);

impl Values {
    fn read(environment: &Environment, config: Option<&Path>) -> Option<Self> {
        let nothing = || Some(Self(Config::default()));
        let Some(path) = config_path(environment, config) else {
            return nothing();
        };
        // One of the environment may have been taken away while ListSync runs with what it said.
        let must_exist = config.is_some();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let file = File::from_str(&text, FileFormat::Toml);
                let read = Config::builder().add_source(file).build();
                Some(Self(read.unwrap_or_default()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => nothing(),
            Err(_unreadable) => None,
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.0.get_string(key).ok()?;
        as_path(Known::find(key)?, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::load;

    /// What is likely, and what `load` says, with this settings file and these variables.
    fn both(text: &str, variables: &[(&str, &str)]) -> (PathSettings, Option<PathSettings>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("listsync.toml");
        std::fs::write(&file, text).unwrap();
        let home = [("HOME", "/home/nobody")];
        let environment = Environment::of(home.iter().chain(variables).copied());
        let likely = likely_paths(&environment, Some(&file)).unwrap();
        let loaded = load(&environment, Some(&file), &[]);
        (likely, loaded.ok().map(|loaded| loaded.settings.paths))
    }

    #[test]
    fn it_finds_what_load_finds() {
        let in_file = "[paths]\ndata_dir = \"/srv/data\"\nlog_dir = \"/srv/logs\"\n";
        for (text, variables) in [
            ("", &[][..]),
            ("", &[("LISTSYNC_DATA_DIR", "/d")]),
            ("", &[("XDG_RUNTIME_DIR", "/run/user/7")]),
            ("", &[("LISTSYNC_RUN_DIR", "relative")]),
            (in_file, &[]),
            (
                in_file,
                &[("LISTSYNC_DATA_DIR", "/d"), ("LISTSYNC_LOG_DIR", " /l ")],
            ),
            (in_file, &[("LISTSYNC_DATA_DIR", "")]),
        ] {
            let (likely, loaded) = both(text, variables);
            assert_eq!(Some(likely), loaded, "{text} {variables:?}");
        }
    }

    #[test]
    fn what_is_wrong_elsewhere_is_in_nobodys_way() {
        let wrong = "[paths]\nrun_dir = \"/srv/run\"\n[program.x]\ncomand = 7\n";
        let (likely, loaded) = both(wrong, &[("SYNC_INTERVAL", "often")]);
        assert_eq!(likely.run_dir, Path::new("/srv/run"));
        assert_eq!(loaded, None);
        let (likely, loaded) = both("[paths", &[("LISTSYNC_RUN_DIR", "/r")]);
        assert_eq!(likely.run_dir, Path::new("/r"));
        assert_eq!(loaded, None);
    }

    #[test]
    fn a_file_that_must_be_there_and_is_not_is_for_load_to_tell() {
        let environment = Environment::of([("HOME", "/home/nobody")]);
        assert_eq!(
            likely_paths(&environment, Some(Path::new("/nonexistent"))),
            None
        );
        assert!(likely_paths(&environment, None).is_some());
    }
}
