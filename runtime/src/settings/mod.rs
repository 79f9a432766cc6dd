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
mod program;
mod reference;
mod secrets;
mod sections;
mod time_zone;
mod whereabouts;

pub use error::{Place, SettingsError};
pub use kind::Kind;
pub use known::{Effect, HIDDEN, KNOWN, Known, VARIABLES, Variable, without_password};
pub use load::{Loaded, SavedValue, Source, config_path, load, load_without_secrets};
pub use names::nearest;
pub use paths::{PathSettings, unwritable};
pub use program::{OUR_PROGRAMS, PROGRAM_KEYS, ProgramKey, ProgramTable, ReadyMode, RestartMode};
pub use reference::{default_toml, markdown_table, programs_table};
pub use sections::{
    AuthMode, BrowserSettings, HttpSettings, ImdbSettings, LetterboxdSettings, ListsSettings,
    LogFormat, LogSettings, NotifySettings, ProvidersSettings, SeerrSettings, Settings,
    SimklSettings, StevenLuSettings, SyncSettings, TmdbSettings, TraktSettings, TvdbSettings,
};
pub use time_zone::TimeZone;
pub use whereabouts::likely_paths;

/// Looks whether `value` could be saved for the setting `key`, as the dashboard and `setup` do before
/// they save it.
///
/// # Errors
/// [`SettingsError::NotSavable`] when there is no such setting or it cannot be saved in the
/// database; [`SettingsError::Saved`] when the value is ill-formed or out of range.
pub fn check_saved(key: &str, value: &str) -> Result<&'static Known, SettingsError> {
    let known = check_forgotten(key)?;
    let wrong = |value: String, expected: String| SettingsError::Saved {
        key: known.key,
        value,
        expected,
    };
    if value.trim().is_empty() {
        return Err(wrong("nothing".into(), known.kind.expected()));
    }
    if known.kind == Kind::Url && value.contains(&format!(":{HIDDEN}@")) {
        let expected = format!("the whole address, with its password instead of `{HIDDEN}`");
        return Err(wrong("it is shown".into(), expected));
    }
    let is_one_line = matches!(known.kind, Kind::Text | Kind::Path | Kind::Url);
    if (is_one_line || known.is_secret) && value.trim().contains(char::is_control) {
        let expected = format!(
            "{} without line breaks and other control characters",
            known.kind.expected()
        );
        return Err(wrong("it is given".into(), expected));
    }
    known
        .parse(value)
        .map_err(|expected| wrong(known.shown(value), expected))?;
    Ok(known)
}

/// Looks whether a saved value of `key` could be forgotten.
///
/// # Errors
/// [`SettingsError::NotSavable`], as for [`check_saved`].
pub fn check_forgotten(key: &str) -> Result<&'static Known, SettingsError> {
    Known::find(key)
        .filter(|known| known.is_savable)
        .ok_or_else(|| {
            let nearest = names::nearest(key, KNOWN.iter().map(|known| known.key));
            SettingsError::NotSavable {
                key: key.to_owned(),
                nearest: nearest.map(str::to_owned),
            }
        })
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
            "`sync.interval_hours` cannot be saved as \"0\"; it must be a number of hours from \
             0.0005 to 8760"
        );
        assert_eq!(
            text("seer.url", "http://x"),
            "`seer.url` cannot be saved here; did you mean `seerr.url`?"
        );
        assert_eq!(
            text("paths.data_dir", "/x"),
            "`paths.data_dir` cannot be saved here; set it in the environment or the settings file"
        );
        assert_eq!(
            text("seerr.api_key", " "),
            "`seerr.api_key` cannot be saved as nothing; it must be text"
        );
        for (key, value) in [
            ("seerr.api_key", "hush\r\nX: y"),
            ("seerr.url", "http://x\u{1b}"),
        ] {
            let text = text(key, value);
            assert!(
                text.contains("cannot be saved as it is given")
                    && text.contains("without line breaks"),
                "{text}"
            );
            assert!(!text.contains("hush"), "{text}");
        }
        assert!(check_saved("seerr.api_key", "hush\n").is_ok()); // as it is read
        // As GET shows it: saved so, the password would be three stars.
        assert_eq!(
            text("seerr.url", "http://me:***@seerr"),
            "`seerr.url` cannot be saved as it is shown; it must be the whole address, with its \
             password instead of `***`"
        );
    }

    #[test]
    fn what_is_wrong_is_told_without_the_key_for_forms() {
        let problem = |key, value| check_saved(key, value).unwrap_err().problem();
        assert_eq!(
            problem("seer.url", "http://x"),
            "cannot be saved here; did you mean `seerr.url`?"
        );
        assert_eq!(problem("seerr.is_4k", "maybe"), "must be true or false");
    }
}
