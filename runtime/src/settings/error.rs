//! What can be wrong with settings. Each text says what, where, and what to do; none shows a secret.

use std::{fmt, io, path::PathBuf};

/// A line of a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, where it could be found.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}", self.path.display()),
            None => write!(f, "{}", self.path.display()),
        }
    }
}

/// Why settings cannot be used. A process that meets one ends with exit code 78.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable has a value that it cannot have.
    #[error("{name} is {value}; it must be {expected}")]
    Variable {
        /// The variable.
        name: String,
        /// The value in quotes, stars for a secret.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A key of the settings file has a value that it cannot have.
    #[error("`{key}` in {place} is {value}; it must be {expected}")]
    FileValue {
        /// The key.
        key: String,
        /// Where it is.
        place: Place,
        /// The value in quotes, stars for a secret.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A value cannot be saved for a setting.
    #[error("`{key}` cannot be saved as {value}; it must be {expected}")]
    Saved {
        /// The key.
        key: &'static str,
        /// The value in quotes, stars for a secret.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// There is no such setting, or it cannot be saved in the database.
    #[error("`{key}` cannot be saved here; {}", advice(nearest.as_deref(), key))]
    NotSavable {
        /// The key.
        key: String,
        /// The key that was probably meant; the same when it exists and is not for saving.
        nearest: Option<String>,
    },
    /// The settings file has a key that does not exist.
    #[error(
        "`{key}` in {place} is no setting{}",
        nearest.as_ref().map_or_else(|| "; remove it".to_owned(), |name| format!("; did you mean `{name}`?"))
    )]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it is.
        place: Place,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// Two settings do not go together.
    #[error("`{key}` {problem}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something about a program of the settings file makes no sense.
    #[error("`{key}`{} {problem}", place.as_ref().map_or_else(String::new, |place| format!(" in {place}")))]
    Program {
        /// The key: `program.vpn.after`.
        key: String,
        /// Where it is, or the table it is missing in.
        place: Option<Place>,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The settings file cannot be read.
    #[error("cannot read the settings file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The settings file is no TOML.
    #[error("the settings file {place} is not valid TOML: {reason}")]
    Syntax {
        /// The file and line.
        place: Place,
        /// What is wrong, without the line's text.
        reason: String,
    },
    /// A file that a variable names for a secret cannot be read.
    #[error("cannot read the file {path} that {variable} names")]
    SecretFile {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The `.env` file cannot be used.
    #[error("the file {path} {problem}")]
    DotEnv {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no home directory to derive a default from.
    #[error("there is no place for the {what} directory, since HOME is not set; set {variable}")]
    NoHome {
        /// The variable that says where.
        variable: &'static str,
        /// What is kept there.
        what: &'static str,
    },
    /// A directory of ours cannot be made or written.
    #[error("cannot write the {what} directory {path}; {remedy}")]
    Directory {
        /// What is kept there.
        what: &'static str,
        /// The directory.
        path: PathBuf,
        /// The command to run or the variable to set.
        remedy: String,
        /// Why.
        source: io::Error,
    },
    /// The run directory is not ours alone.
    #[error(
        "the run directory {path} is used by others too: {others} is there; set LISTSYNC_RUN_DIR to a directory \
         of its own, such as {path}/listsync"
    )]
    SharedRunDir {
        /// The directory.
        path: PathBuf,
        /// What lies there.
        others: String,
    },
    /// More than one thing is wrong.
    #[error("{} settings are wrong: {}", .0.len(), joined(.0))]
    Several(Vec<SettingsError>),
}

impl SettingsError {
    /// One error of all that were found; `None` of none.
    pub fn of(mut errors: Vec<Self>) -> Option<Self> {
        match errors.len() {
            0 | 1 => errors.pop(),
            _ => Some(Self::Several(errors)),
        }
    }
}

impl SettingsError {
    /// What is wrong with a value that [`check_saved`](super::check_saved) refuses, without its key,
    /// for where the key stands beside it.
    pub fn problem(&self) -> String {
        match self {
            Self::Saved { expected, .. } => format!("must be {expected}"),
            Self::NotSavable { key, nearest } => {
                format!("cannot be saved here; {}", advice(nearest.as_deref(), key))
            }
            other => other.to_string(),
        }
    }
}

fn advice(nearest: Option<&str>, key: &str) -> String {
    match nearest {
        Some(name) if name == key => "set it in the environment or the settings file".into(),
        Some(name) => format!("did you mean `{name}`?"),
        None => "there is no such setting".into(),
    }
}

fn joined(errors: &[SettingsError]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" · ")
}
