//! The environment of this process and the `.env` file beside it. Leaves the grammar of that file to
//! `dot_env` and what names mean to `settings`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use crate::{
    dot_env::{self, Malformed},
    settings::{KNOWN, Known, SettingsError},
};

/// Name of the file in the working directory that is read as environment.
const DOT_ENV: &str = ".env";
/// Variables that are no settings and hold the key to saved secrets.
pub(crate) const KEYS: [&str; 2] = ["LISTSYNC_SECRET_KEY", "ENCRYPTION_KEY"];

/// Variable by which the supervisor knows its programs, and what they started, again.
pub const LIFE: &str = "LISTSYNC_LIFE";

/// Variables of the process and of `.env`; the process wins where it sets something. Values may be secrets: `Debug` shows
/// names only.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    not_text: BTreeSet<String>,
    in_container: bool,
    warnings: Vec<String>,
}

#[derive(Clone)]
struct Variable {
    value: String,
    dot_env: Option<PathBuf>,
}

impl Environment {
    /// The variables of this process, and those of `.env` in the working directory.
    ///
    /// # Errors
    /// [`SettingsError::DotEnv`] when there is such a file that cannot be read or has a malformed
    /// line. A directory of that name, which Docker makes for a missing file, is only a warning.
    pub fn from_process() -> Result<Self, SettingsError> {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            match value.into_string() {
                Ok(value) => {
                    environment.variables.insert(
                        name,
                        Variable {
                            value,
                            dot_env: None,
                        },
                    );
                }
                Err(_bytes) => {
                    environment.not_text.insert(name); // load() refuses it if it is one of ours
                }
            }
        }
        environment.in_container = environment.get("LISTSYNC_IN_CONTAINER").map_or_else(
            || {
                ["/.dockerenv", "/run/.containerenv"]
                    .iter()
                    .any(|mark| Path::new(mark).exists())
            },
            |text| {
                !matches!(
                    text.to_ascii_lowercase().as_str(),
                    "0" | "false" | "no" | "off"
                )
            },
        );
        let directory = std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("."));
        environment.read_dot_env(&directory.join(DOT_ENV))?;
        Ok(environment)
    }

    /// Exactly these variables, outside a container. For tests and one-shot processes.
    pub fn of<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| {
                (
                    name.into(),
                    Variable {
                        value: value.into(),
                        dot_env: None,
                    },
                )
            })
            .collect();
        Self {
            variables,
            ..Self::default()
        }
    }

    /// The same, as if inside a container.
    #[must_use]
    pub fn in_container(mut self) -> Self {
        self.in_container = true;
        self
    }

    /// Adds what a `.env` file at `path` sets; names that are set to something already stay. Of two
    /// lines for one name the last counts.
    ///
    /// # Errors
    /// As [`Environment::from_process`].
    pub fn read_dot_env(&mut self, path: &Path) -> Result<(), SettingsError> {
        if path.is_dir() {
            self.warnings.push(format!(
                "{} is a directory, so nothing was read from it; Docker makes one where a mounted \
                 file is missing: remove it and create the file",
                path.display()
            ));
            return Ok(());
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let problem = format!("cannot be read ({error})");
                return Err(SettingsError::DotEnv {
                    path: path.to_owned(),
                    problem,
                });
            }
        };
        let lookup = |name: &str| self.get(name).map(str::to_owned);
        let set = dot_env::parse(&text, lookup).map_err(|Malformed(line)| {
            let problem = format!("has a malformed line {line}; write NAME=value");
            SettingsError::DotEnv {
                path: path.to_owned(),
                problem,
            }
        })?;
        let set: BTreeMap<String, String> = set.into_iter().collect(); // the last of each name
        for (name, value) in set {
            if self.get(&name).is_none() {
                let dot_env = Some(path.to_owned());
                self.variables.insert(name, Variable { value, dot_env });
            }
        }
        Ok(())
    }

    /// Drops every secret and every key to secrets, for a process that may hold none.
    pub fn forget_secrets(&mut self) {
        let secrets = KNOWN.iter().filter(|known| known.is_secret);
        for name in secrets.flat_map(Known::variables).chain(KEYS) {
            for name in [name.to_owned(), format!("{name}_FILE")] {
                self.variables.remove(&name);
                self.not_text.remove(&name);
            }
        }
    }

    /// Value of a variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|variable| variable.value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Sets a variable for what reads this environment from now on; that of the process stays.
    pub fn set(&mut self, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), value.to_owned());
        let dot_env = None;
        self.variables.insert(name, Variable { value, dot_env });
    }

    /// Adds something that a person should know.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Whether the process sets `name`, and to something that is no UTF-8.
    pub fn is_not_text(&self, name: &str) -> bool {
        self.not_text.contains(name)
    }

    /// The `.env` file that sets `name`, when it is not the process.
    pub fn dot_env(&self, name: &str) -> Option<&Path> {
        self.variables
            .get(name)
            .and_then(|variable| variable.dot_env.as_deref())
    }

    /// Names that are set to something, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables
            .keys()
            .map(String::as_str)
            .filter(|name| self.get(name).is_some())
    }

    /// Names and values, in order; for handing a chosen few to a child process.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names()
            .filter_map(|name| self.get(name).map(|value| (name, value)))
    }

    /// Whether this process runs in a container: `/.dockerenv` or `/run/.containerenv` exists, or
    /// `LISTSYNC_IN_CONTAINER` says so.
    pub fn is_in_container(&self) -> bool {
        self.in_container
    }

    /// What a person should know about `.env` and other variables.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot_env(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DOT_ENV);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn the_process_wins_over_the_file_and_empty_counts_as_unset() {
        let (_folder, path) = dot_env(
            "\u{feff}# ours\nOVERSEERR_URL=http://file:5055\nexport TZ='Europe/Berlin'\nA=\nB=2\n",
        );
        let mut environment =
            Environment::of([("OVERSEERR_URL", "http://process:5055"), ("EMPTY", "")]);
        environment.read_dot_env(&path).unwrap();
        assert_eq!(
            environment.get("OVERSEERR_URL"),
            Some("http://process:5055")
        );
        assert_eq!(environment.get("TZ"), Some("Europe/Berlin"));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.dot_env("B"), Some(path.as_path()));
        assert_eq!(environment.dot_env("OVERSEERR_URL"), None);
        assert_eq!(
            environment.names().collect::<Vec<_>>(),
            ["B", "OVERSEERR_URL", "TZ"]
        );
    }

    #[test]
    fn an_empty_variable_hides_nothing_and_the_last_of_two_lines_counts() {
        let text = "A=file\nB=first\nB=last\nC=x\nC=\nD='pa$$word'\nE=a b\n";
        let (_folder, path) = dot_env(text);
        let mut environment = Environment::of([("A", " "), ("word", "leaked")]);
        environment.read_dot_env(&path).unwrap();
        assert_eq!(environment.get("A"), Some("file"));
        assert_eq!(environment.dot_env("A"), Some(path.as_path()));
        assert_eq!(environment.get("B"), Some("last"));
        assert_eq!(environment.get("C"), None);
        assert_eq!(environment.get("D"), Some("pa$$word"));
        assert_eq!(environment.get("E"), Some("a b"));
    }

    #[test]
    fn secrets_and_keys_to_them_can_be_forgotten() {
        let mut environment = Environment::of([
            ("SEERR_API_KEY", "hush"),
            ("TMDB_KEY_FILE", "/hush"),
            ("LISTSYNC_SECRET_KEY", "hush"),
            ("LISTSYNC_SECRET_KEY_FILE", "/hush"),
            ("SEERR_URL", "http://seerr:5055"),
        ]);
        environment.forget_secrets();
        assert_eq!(environment.names().collect::<Vec<_>>(), ["SEERR_URL"]);
    }

    #[test]
    fn a_directory_named_dot_env_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DOT_ENV);
        std::fs::create_dir(&path).unwrap();
        let mut environment = Environment::default();
        environment.read_dot_env(&path).unwrap();
        assert!(
            environment.warnings()[0].contains(".env is a directory"),
            "{environment:?}"
        );
    }

    #[test]
    fn a_malformed_line_is_named_without_its_text() {
        let (_folder, path) = dot_env("A=1\nB=hush\n\nOVERSEERR_API_KEY='hush\nhush\n");
        let error = Environment::default()
            .read_dot_env(&path)
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with(".env has a malformed line 4; write NAME=value"),
            "{error}"
        );
        assert!(!error.contains("hush"));
    }

    #[test]
    fn a_missing_file_is_nothing_special() {
        Environment::default()
            .read_dot_env(Path::new("/nonexistent/.env"))
            .unwrap();
    }

    #[test]
    fn debug_shows_names_only() {
        let environment = Environment::of([("OVERSEERR_API_KEY", "hush")]);
        assert_eq!(format!("{environment:?}"), r#"["OVERSEERR_API_KEY"]"#);
    }
}
