//! Collects what is wrong with the programs, each with its key and its place in the settings file.

use runtime::{Loaded, SettingsError};

/// What was found so far.
pub(super) struct Faults<'a> {
    loaded: &'a Loaded,
    found: Vec<SettingsError>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(loaded: &'a Loaded) -> Self {
        Self {
            loaded,
            found: Vec::new(),
        }
    }

    /// `problem` goes after the key, and ends with what to do.
    pub(super) fn wrong(&mut self, name: &str, key: &str, problem: impl Into<String>) {
        self.add(format!("program.{name}.{key}"), problem.into());
    }

    /// Something about the table as a whole.
    pub(super) fn wrong_table(&mut self, name: &str, problem: impl Into<String>) {
        self.add(format!("program.{name}"), problem.into());
    }

    fn add(&mut self, key: String, problem: String) {
        let place = self.loaded.place(&key).cloned();
        self.found.push(SettingsError::Program {
            key,
            place,
            problem,
        });
    }

    /// The value, unless anything is wrong.
    pub(super) fn done<T>(self, value: T) -> Result<T, SettingsError> {
        match SettingsError::of(self.found) {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }
}
