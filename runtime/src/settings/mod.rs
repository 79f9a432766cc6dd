//! Settings of all processes: what there is, where each value comes from, what is wrong with it.
//!
//! Order, the first that has a value wins: environment (and `NAME_FILE` for secrets, and `.env`),
//! saved in the dashboard, settings file, default. Leaves the programs' own defaults to `supervisor`.

mod error;
mod file;
mod kind;
mod known;
mod load;
mod names;
mod paths;
mod reference;
mod sections;

pub use error::{Place, SettingsError};
pub use kind::Kind;
pub use known::{Effect, KNOWN, Known, VARIABLES, Variable};
pub use load::{Loaded, SavedValue, Source, config_path, load, load_without_secrets};
pub use paths::PathSettings;
pub use reference::{default_toml, markdown_table};
pub use sections::{
    AuthMode, HttpSettings, ImdbSettings, ListsSettings, LogFormat, LogSettings, NotifySettings,
    ProgramTable, ProvidersSettings, ReadyMode, RestartMode, SeerrSettings, Settings,
    SimklSettings, StevenLuSettings, SyncSettings, TmdbSettings, TraktSettings, TvdbSettings,
};

/// Looks whether `value` could be saved for the setting `key`, as the dashboard and `setup` do before
/// they save it.
///
/// # Errors
/// [`SettingsError::NotSavable`] when there is no such setting or it cannot be saved in the
/// database; [`SettingsError::Saved`] when the value is ill-formed or out of range.
pub fn check_saved(key: &str, value: &str) -> Result<&'static Known, SettingsError> {
    let known = Known::find(key)
        .filter(|known| known.is_savable)
        .ok_or_else(|| {
            let nearest = names::nearest(key, KNOWN.iter().map(|known| known.key));
            SettingsError::NotSavable {
                key: key.to_owned(),
                nearest: nearest.map(str::to_owned),
            }
        })?;
    known
        .parse(value)
        .map_err(|expected| SettingsError::Saved {
            key: known.key,
            value: known.shown(value),
            expected,
        })?;
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_looked_at_before_it_is_saved() {
        assert_eq!(
            check_saved("sync.interval_hours", "0.5").unwrap().variable,
            "SYNC_INTERVAL"
        );
        let text = |key, value| check_saved(key, value).unwrap_err().to_string();
        assert_eq!(
            text("sync.interval_hours", "0"),
            "`sync.interval_hours` cannot be saved as \"0\"; it must be a number of hours above 0 \
             and at most 8760"
        );
        assert_eq!(
            text("seer.url", "http://x"),
            "`seer.url` cannot be saved here; did you mean `seerr.url`?"
        );
        assert_eq!(
            text("paths.data_dir", "/x"),
            "`paths.data_dir` cannot be saved here; set it in the environment or the settings file"
        );
    }
}
