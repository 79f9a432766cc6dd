//! Puts the layers over each other: environment, saved values, settings file, defaults; and says
//! where each value came from. Leaves reading each layer to `environment`, `schema` and `file`.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use config::{Config, ValueKind};

use super::{
    error::{Place, SettingsError},
    file::{self, SettingsFile},
    known::{KNOWN, Known, VARIABLES},
    names,
    paths::Defaults,
    secrets,
    sections::Settings,
    time_zone::TimeZone,
};
use crate::{
    environment::{Environment, KEYS, LIFE},
    secret::Secret,
};

/// A value from the database, decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedValue {
    /// The setting's key.
    pub key: String,
    /// Its value as text, as a variable would have it.
    pub value: Secret,
}

impl SavedValue {
    /// A value for `key`.
    pub fn new(key: impl Into<String>, value: impl Into<Secret>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable; such a value is locked in the dashboard.
    Environment {
        /// Its name, `…_FILE` where the file it names has the value.
        variable: String,
        /// The `.env` file that sets it, when it is not the process.
        dot_env: Option<PathBuf>,
    },
    /// The database.
    Saved,
    /// The settings file.
    File {
        /// The file.
        path: PathBuf,
    },
    /// Nothing set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment {
                variable,
                dot_env: None,
            } => write!(f, "{variable}"),
            Self::Environment {
                variable,
                dot_env: Some(path),
            } => {
                write!(f, "{variable} in {}", path.display())
            }
            Self::Saved => f.write_str("saved"),
            Self::File { path } => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Settings, and what is to be told about them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Where the value of each key came from; every key of [`KNOWN`] is there.
    pub sources: BTreeMap<String, Source>,
    /// What people may see of each value that is set, a default included: see [`Known::display`].
    pub shown: BTreeMap<&'static str, Option<String>>,
    /// What is degraded or probably a mistake: log them as warnings.
    pub warnings: Vec<String>,
    /// What is worth one line: log them as information.
    pub notes: Vec<String>,
    /// The settings file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// What `sync.time_zone` means.
    pub time_zone: TimeZone,
    /// Lines of the programs' tables and keys.
    places: BTreeMap<String, Place>,
    secrets: Vec<Secret>,
}

impl Loaded {
    /// Where the value of `key` came from.
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// The variable that sets `key` and thereby locks it in the dashboard.
    pub fn locked_by(&self, key: &str) -> Option<&str> {
        match self.source(key) {
            Source::Environment { variable, .. } => Some(variable),
            _ => None,
        }
    }

    /// Where the settings file has `program.NAME` or `program.NAME.KEY`; the nearest above it that it has.
    pub fn place(&self, key: &str) -> Option<&Place> {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return Some(place);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// Texts that no log may show, each once: the secrets that are set, passwords inside addresses, and
    /// what programs get in variables whose names look secret. Short ones are left out: they would
    /// hide parts of other words.
    pub fn secrets(&self) -> Vec<Secret> {
        self.secrets.clone()
    }

    /// Logs the warnings and notes.
    pub fn log(&self) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        for note in &self.notes {
            tracing::info!("{note}");
        }
    }
}

/// The settings file that is used: `config`, else `LISTSYNC_CONFIG`, else the default place.
pub fn config_path(environment: &Environment, config: Option<&Path>) -> Option<PathBuf> {
    config
        .map(Path::to_owned)
        .or_else(|| environment.get("LISTSYNC_CONFIG").map(PathBuf::from))
        .or_else(|| Defaults::new(environment).config())
}

/// Loads the settings.
///
/// `config` is the file given on the command line, which must exist, as must the one that
/// `LISTSYNC_CONFIG` names; the default one may be missing. Ill-formed saved values are warnings, since a
/// process must start for them to be corrected in the dashboard.
///
/// # Errors
/// [`SettingsError`], everything that is wrong at once.
pub fn load(
    environment: &Environment,
    config: Option<&Path>,
    saved: &[SavedValue],
) -> Result<Loaded, SettingsError> {
    load_layers(environment, config, saved, true)
}

/// As [`load`], for a process that may hold no secret: whatever sets one, it is left out, and so are
/// the environments of the owner's programs.
///
/// # Errors
/// As [`load`].
pub fn load_without_secrets(
    environment: &Environment,
    config: Option<&Path>,
    saved: &[SavedValue],
) -> Result<Loaded, SettingsError> {
    load_layers(environment, config, saved, false)
}

fn load_layers(
    environment: &Environment,
    config: Option<&Path>,
    saved: &[SavedValue],
    with_secrets: bool,
) -> Result<Loaded, SettingsError> {
    let (mut file, read) = read_file(environment, config)?;
    if !with_secrets {
        for program in file.programs.values_mut() {
            program.environment = None;
        }
    }
    let mut layers = Layers {
        environment,
        saved,
        file,
        with_secrets,
        values: BTreeMap::new(),
        sources: BTreeMap::new(),
        warnings: environment.warnings().to_vec(),
        errors: Vec::new(),
    };
    for known in KNOWN {
        layers.set(known);
    }
    layers.warn_of_saved();
    if let Some(error) = SettingsError::of(std::mem::take(&mut layers.errors)) {
        return Err(error);
    }
    layers.derive_paths()?;
    layers.derive_others();
    let mut notes = layers.look_at_names();
    notes.extend(layers.unused());
    let time_zone = layers.time_zone()?;
    let shown = layers.shown();
    let secrets = layers.secrets();
    let mut settings = deserialize(layers.values)?;
    settings.program = layers.file.programs;
    settings.check()?;
    Ok(Loaded {
        settings,
        sources: layers
            .sources
            .into_iter()
            .map(|(key, at)| (key.to_owned(), at))
            .collect(),
        shown,
        warnings: layers.warnings,
        notes,
        file: read,
        time_zone,
        places: layers.file.places,
        secrets,
    })
}

impl Layers<'_> {
    /// By key what people may see of the values.
    fn shown(&self) -> BTreeMap<&'static str, Option<String>> {
        let value = |known: &Known| Some((known.key, known.display(self.values.get(known.key)?)));
        KNOWN.iter().filter_map(value).collect()
    }

    /// What `sync.time_zone` means; each text was looked at when it was read.
    fn time_zone(&mut self) -> Result<TimeZone, SettingsError> {
        let key = "sync.time_zone";
        let text = self.values.get(key).map(ToString::to_string);
        let region = self.environment.get("TIMEZONE_REGION");
        let zone = TimeZone::parse(&text.unwrap_or_default(), region).map_err(|expected| {
            let problem = format!("must be {expected}");
            SettingsError::Invalid {
                key: key.to_owned(),
                problem,
            }
        })?;
        self.warnings.extend(zone.warning().map(str::to_owned));
        Ok(zone)
    }

    fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for known in KNOWN {
            match self.values.get(known.key) {
                Some(value) if known.is_secret => secrets::take(&value.to_string(), &mut secrets),
                Some(ValueKind::Array(entries)) => entries
                    .iter()
                    .for_each(|entry| secrets::take_password(&entry.to_string(), &mut secrets)),
                Some(value) => secrets::take_password(&value.to_string(), &mut secrets),
                None => {}
            }
        }
        if self.with_secrets {
            for key in KEYS.iter().filter_map(|name| self.environment.get(name)) {
                secrets::take(key, &mut secrets);
            }
        }
        for (name, value) in self
            .file
            .programs
            .values()
            .flat_map(|program| program.environment.iter().flatten())
        {
            secrets::take_variable(name, value, &mut secrets);
        }
        secrets
    }

    /// What is set and has no effect, in one line.
    fn unused(&self) -> Option<String> {
        let unused: Vec<_> = KNOWN
            .iter()
            .filter(|known| !known.is_used)
            .filter(|known| {
                self.sources
                    .get(known.key)
                    .is_some_and(|source| *source != Source::Default)
            })
            .map(|known| known.variable)
            .collect();
        (!unused.is_empty()).then(|| {
            format!(
                "set and not used by this version yet: {}",
                unused.join(", ")
            )
        })
    }
}

fn read_file(
    environment: &Environment,
    config: Option<&Path>,
) -> Result<(SettingsFile, Option<PathBuf>), SettingsError> {
    let Some(path) = config_path(environment, config) else {
        return Ok((SettingsFile::default(), None));
    };
    let must_exist = config.is_some() || environment.get("LISTSYNC_CONFIG").is_some();
    match file::read(&path)? {
        Some(file) => Ok((file, Some(path))),
        None if must_exist => {
            // In the system's own words.
            let source = std::io::Error::from_raw_os_error(nix::libc::ENOENT);
            Err(SettingsError::File { path, source })
        }
        None => Ok((SettingsFile::default(), None)),
    }
}

/// The table of [`KNOWN`] and the structs of `sections` belong together; a test holds that they do.
fn deserialize(values: BTreeMap<&'static str, ValueKind>) -> Result<Settings, SettingsError> {
    let mut builder = Config::builder();
    for (key, value) in values {
        builder = builder
            .set_override(key, value)
            .map_err(|error| unfit(&error))?;
    }
    builder
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| unfit(&error))
}

/// The reader's own text shows the value, which may be a secret.
fn unfit(error: &config::ConfigError) -> SettingsError {
    let key = match error {
        config::ConfigError::At { key: Some(key), .. }
        | config::ConfigError::Type { key: Some(key), .. } => key.clone(),
        _ => "settings".into(),
    };
    SettingsError::Invalid {
        key,
        problem: "does not fit its type; this is a fault of ours, please report it".into(),
    }
}

struct Layers<'a> {
    environment: &'a Environment,
    saved: &'a [SavedValue],
    file: SettingsFile,
    with_secrets: bool,
    values: BTreeMap<&'static str, ValueKind>,
    sources: BTreeMap<&'static str, Source>,
    warnings: Vec<String>,
    errors: Vec<SettingsError>,
}

impl Layers<'_> {
    fn set(&mut self, known: &'static Known) {
        if known.is_secret && !self.with_secrets {
            self.file.values.remove(known.key);
            self.sources.insert(known.key, Source::Default);
            return;
        }
        let found = match self.in_environment(known) {
            Err(error) => {
                self.errors.push(error);
                return;
            }
            Ok(Some(found)) => Some(found),
            Ok(None) => self.in_saved(known).or_else(|| self.in_file(known)),
        };
        let (value, source) = match found {
            Some((value, source)) => (Some(value), source),
            // Defaults that depend on the place are derived later and do not parse.
            None if known.default.is_empty() => (None, Source::Default),
            None => (known.parse(known.default).ok(), Source::Default),
        };
        if let Some(value) = value {
            self.values.insert(known.key, value);
        }
        self.sources.insert(known.key, source);
    }

    fn in_environment(
        &mut self,
        known: &'static Known,
    ) -> Result<Option<(ValueKind, Source)>, SettingsError> {
        let mut found: Option<(String, Secret)> = None;
        for name in known.variables() {
            for (variable, value) in self.texts(known, name)? {
                match &found {
                    None => found = Some((variable, value)),
                    Some((first, other)) if *other != value => self
                        .warnings
                        .push(format!("{first} and {variable} differ; {first} is used")),
                    Some(_) => {}
                }
            }
        }
        let Some((variable, text)) = found else {
            return Ok(None);
        };
        match known.parse(text.expose()) {
            Ok(value) => {
                let dot_env = self.environment.dot_env(&variable).map(Path::to_owned);
                Ok(Some((value, Source::Environment { variable, dot_env })))
            }
            Err(expected) => Err(SettingsError::Variable {
                name: variable,
                value: known.shown(text.expose()),
                expected,
            }),
        }
    }

    /// The value of a variable, and that of its `_FILE`.
    fn texts(&self, known: &Known, name: &str) -> Result<Vec<(String, Secret)>, SettingsError> {
        let mut texts = Vec::new();
        if self.environment.is_not_text(name) {
            return Err(SettingsError::Variable {
                name: name.to_owned(),
                value: "no UTF-8".into(),
                expected: known.kind.expected(),
            });
        }
        if let Some(text) = self.environment.get(name) {
            texts.push((name.to_owned(), text.into()));
        }
        if known.is_secret {
            let variable = format!("{name}_FILE");
            if let Some(path) = self.environment.get(&variable) {
                let text = std::fs::read_to_string(path).map_err(|source| {
                    let variable = variable.clone();
                    SettingsError::SecretFile {
                        variable,
                        path: path.into(),
                        source,
                    }
                })?;
                if !text.trim().is_empty() {
                    texts.push((variable, text.trim().into()));
                }
            }
        }
        Ok(texts)
    }

    fn in_saved(&mut self, known: &'static Known) -> Option<(ValueKind, Source)> {
        if !known.is_savable {
            return None;
        }
        let text = self
            .saved
            .iter()
            .find(|saved| saved.key == known.key)?
            .value
            .expose();
        match known.parse(text) {
            Ok(value) => Some((value, Source::Saved)),
            Err(expected) => {
                self.warnings.push(format!(
                    "the saved value of `{}` is {} and not used; it must be {expected}",
                    known.key,
                    known.shown(text),
                ));
                None
            }
        }
    }

    fn in_file(&mut self, known: &'static Known) -> Option<(ValueKind, Source)> {
        let found = self.file.values.remove(known.key)?;
        let Place { path, .. } = found.place;
        Some((found.value, Source::File { path }))
    }

    fn warn_of_saved(&mut self) {
        for saved in self.saved {
            if Known::find(&saved.key).is_none_or(|known| !known.is_savable) {
                self.warnings.push(format!(
                    "`{}` is saved in the database and no setting that can be saved; it is not used",
                    saved.key
                ));
            }
        }
    }

    /// The three directories: defaults where nothing sets them, absolute in any case.
    fn derive_paths(&mut self) -> Result<(), SettingsError> {
        let defaults = Defaults::new(self.environment);
        let data = match self.path("paths.data_dir") {
            Some(path) => path,
            None => defaults.data()?,
        };
        let data = absolute("paths.data_dir", &data)?;
        let run = self
            .path("paths.run_dir")
            .unwrap_or_else(|| defaults.run(&data));
        let log = self
            .path("paths.log_dir")
            .unwrap_or_else(|| defaults.log(&data));
        for (key, path) in [
            ("paths.run_dir", absolute("paths.run_dir", &run)?),
            ("paths.log_dir", absolute("paths.log_dir", &log)?),
            ("paths.data_dir", data),
        ] {
            let text = path.to_string_lossy().into_owned(); // it came from UTF-8
            self.values.insert(key, text.into());
        }
        Ok(())
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let is_set = self
            .sources
            .get(key)
            .is_some_and(|source| *source != Source::Default);
        match self.values.get(key) {
            Some(ValueKind::String(text)) if is_set => Some(text.into()),
            _ => None,
        }
    }

    fn derive_others(&mut self) {
        if self.is_default("http.bind") {
            let all = self.environment.is_in_container();
            let address = if all { "0.0.0.0" } else { "127.0.0.1" };
            self.values.insert("http.bind", address.into());
        }
        let url = self.values.get("providers.imdb.url").cloned();
        if let Some(url) = url
            && self.is_default("providers.imdb.graphql_url")
            && !self.is_default("providers.imdb.url")
        {
            self.values.insert("providers.imdb.graphql_url", url);
        }
    }

    fn is_default(&self, key: &str) -> bool {
        self.sources
            .get(key)
            .is_none_or(|source| *source == Source::Default)
    }

    /// One warning for all names that are probably mistyped; the note about retired ones.
    fn look_at_names(&mut self) -> Vec<String> {
        let known: Vec<&str> = KNOWN
            .iter()
            .flat_map(Known::variables)
            .chain(VARIABLES.iter().map(|variable| variable.name))
            .collect();
        let is_file_of_secret = |name: &str| {
            name.strip_suffix("_FILE").is_some_and(|name| {
                KNOWN
                    .iter()
                    .any(|known| known.is_secret && known.variables().any(|own| own == name))
            })
        };
        let (mut retired, mut mistyped) = (Vec::new(), Vec::new());
        for name in self.environment.names() {
            if known.contains(&name) || is_file_of_secret(name) || name == LIFE {
                continue;
            }
            if names::is_retired(name) {
                retired.push(name.to_owned());
            } else if let Some(meant) = names::mistyped(name, known.iter().copied()) {
                mistyped.push(match meant.nearest {
                    Some(nearest) => format!("{name} (did you mean {nearest}?)"),
                    None => name.to_owned(),
                });
            }
        }
        if !mistyped.is_empty() {
            self.warnings.push(format!(
                "unknown variables are ignored: {}",
                mistyped.join(", ")
            ));
        }
        if retired.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "variables of the old ListSync are no longer needed: {}",
            retired.join(", ")
        )]
    }
}

fn absolute(key: &str, path: &Path) -> Result<PathBuf, SettingsError> {
    std::path::absolute(path).map_err(|error| SettingsError::Invalid {
        key: key.to_owned(),
        problem: format!("cannot be made an absolute path ({error})"),
    })
}

impl Settings {
    /// Looks at what a single value cannot show. Leaves the programs to `supervisor`.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`], naming the key and what is wrong with it.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut errors = Vec::new();
        let mut wrong = |key: &str, problem: &str| {
            let (key, problem) = (key.to_owned(), problem.to_owned());
            errors.push(SettingsError::Invalid { key, problem });
        };
        if self.sync.interval_hours.is_nan() || self.sync.interval_hours <= 0.0 {
            wrong("sync.interval_hours", "must be above 0");
        }
        if self.seerr.user_id < 1 {
            wrong("seerr.user_id", "must be above 0");
        }
        if self.seerr.timeout_s == 0 {
            wrong("seerr.timeout_s", "must be above 0");
        }
        if self.http.api_port != 0 && self.http.api_port == self.http.dashboard_port {
            wrong("http.dashboard_port", "must differ from `http.api_port`");
        }
        SettingsError::of(errors).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
