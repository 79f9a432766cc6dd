//! Reads the settings file: TOML into single keys with their values and lines. Leaves what values a
//! key can have to `known`.

use std::{collections::BTreeMap, io, path::Path};

use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};

use super::{
    error::{Place, SettingsError},
    known::{KNOWN, Known},
    names,
    program::{PROGRAM_KEYS, ProgramKey, ProgramTable},
};

/// What a settings file says.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    /// Values by key.
    pub(super) values: BTreeMap<&'static str, FileValue>,
    /// The `[program.NAME]` tables.
    pub(super) programs: BTreeMap<String, ProgramTable>,
    /// Where those tables and their keys are.
    pub(super) places: BTreeMap<String, Place>,
}

/// A value and where it is.
#[derive(Debug)]
pub(super) struct FileValue {
    pub(super) value: ValueKind,
    pub(super) place: Place,
}

/// Reads the file; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<SettingsFile>, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SettingsError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

fn parse(path: &Path, text: &str) -> Result<SettingsFile, SettingsError> {
    let table = Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .and_then(|config| config.cache.into_table())
        .map_err(|error| syntax(path, &error))?;
    let mut reader = Reader {
        path,
        text,
        file: SettingsFile::default(),
        errors: Vec::new(),
    };
    reader.walk("", table);
    match SettingsError::of(reader.errors) {
        Some(error) => Err(error),
        None => Ok(reader.file),
    }
}

/// The line's number and what is wrong; the reader's own text shows the line, which may hold a secret.
fn syntax(path: &Path, error: &ConfigError) -> SettingsError {
    let text = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let line = text
        .lines()
        .next()
        .and_then(|first| first.split_once("at line "))
        .and_then(|(_, rest)| rest.split(',').next())
        .and_then(|number| number.trim().parse().ok()); // without it the file alone is named
    let reason = text
        .lines()
        .rfind(|line| !line.trim().is_empty() && !line.contains('|'))
        .filter(|reason| !reason.contains("at line "))
        .unwrap_or("it cannot be read");
    SettingsError::Syntax {
        place: Place {
            path: path.to_owned(),
            line,
        },
        reason: reason.trim().to_owned(),
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    file: SettingsFile,
    errors: Vec<SettingsError>,
}

impl Reader<'_> {
    fn walk(&mut self, parent: &str, table: config::Map<String, Value>) {
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by(|one, other| one.0.cmp(&other.0)); // a hash map: errors in a fixed order
        for (name, value) in entries {
            let key = if parent.is_empty() {
                name
            } else {
                format!("{parent}.{name}")
            };
            if let Some(known) = Known::find(&key) {
                self.value(known, value);
            } else if key == "program" {
                self.each_table(&key, value, Self::program);
            } else if is_section(&key) {
                self.each_table(&key, value, Self::walk);
            } else {
                self.unknown(key, parent);
            }
        }
    }

    fn each_table(
        &mut self,
        key: &str,
        value: Value,
        then: impl FnOnce(&mut Self, &str, config::Map<String, Value>),
    ) {
        match value.kind {
            ValueKind::Table(table) => then(self, key, table),
            // Not what it is: somebody may have written a key of the section in its place.
            other => self.wrong(key, shape(&other).into(), "a table".into()),
        }
    }

    fn value(&mut self, known: &'static Known, value: Value) {
        // As in the environment: an empty text counts as unset.
        if matches!(&value.kind, ValueKind::String(text) if text.trim().is_empty()) {
            return;
        }
        match known.kind.parse_value(&value) {
            Ok(value) => {
                let place = self.place(known.key);
                self.file
                    .values
                    .insert(known.key, FileValue { value, place });
            }
            Err(expected) => {
                let shown = match &value.kind {
                    _ if known.is_secret => known.shown(""),
                    // Addresses in it may hold passwords.
                    ValueKind::Table(_) | ValueKind::Array(_) => shape(&value.kind).into(),
                    other => known.shown(&other.to_string()),
                };
                self.wrong(known.key, shown, expected);
            }
        }
    }

    fn program(&mut self, parent: &str, programs: config::Map<String, Value>) {
        let mut programs: Vec<_> = programs.into_iter().collect();
        programs.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, value) in programs {
            let key = format!("{parent}.{name}");
            self.each_table(&key, value, |reader, key, table| {
                let before = reader.errors.len();
                for field in table
                    .keys()
                    .filter(|field| ProgramKey::find(field).is_none())
                {
                    let nearest = names::nearest(field, PROGRAM_KEYS.iter().map(|key| key.key))
                        .map(|field| format!("{key}.{field}"));
                    let key = format!("{key}.{field}");
                    let place = reader.place(&key);
                    reader.errors.push(SettingsError::UnknownKey {
                        key,
                        place,
                        nearest,
                    });
                }
                if reader.errors.len() == before {
                    reader.program_table(key, &name, table);
                }
            });
        }
    }

    /// One field after the other, since an error of the whole table would not tell which it is.
    fn program_table(&mut self, key: &str, name: &str, table: config::Map<String, Value>) {
        for (field, value) in &table {
            let alone = config::Map::from([(field.clone(), value.clone())]);
            if Value::from(alone)
                .try_deserialize::<ProgramTable>()
                .is_err()
            {
                // Passwords of the owner's programs are there.
                let shown = match &value.kind {
                    _ if matches!(field.as_str(), "environment" | "args") => "***".to_owned(),
                    ValueKind::Table(_) | ValueKind::Array(_) => shape(&value.kind).to_owned(),
                    other => format!("\"{other}\""),
                };
                self.wrong(
                    &format!("{key}.{field}"),
                    shown,
                    ProgramKey::expected_of(field).into(),
                );
            }
        }
        let keys = table.keys().map(|field| format!("{key}.{field}"));
        for key in keys.chain([key.to_owned()]) {
            let place = self.place(&key);
            self.file.places.insert(key, place);
        }
        // An error here has been said above, field by field.
        if let Ok(table) = Value::from(table).try_deserialize() {
            self.file.programs.insert(name.to_owned(), table);
        }
    }

    fn unknown(&mut self, key: String, parent: &str) {
        let beside: Vec<_> = siblings(parent).collect();
        let nearest = names::nearest(&key, beside.iter().map(String::as_str))
            .or_else(|| names::nearest(&key, KNOWN.iter().map(|known| known.key)))
            .map(str::to_owned);
        let place = self.place(&key);
        self.errors.push(SettingsError::UnknownKey {
            key,
            place,
            nearest,
        });
    }

    fn wrong(&mut self, key: &str, value: String, expected: String) {
        let place = self.place(key);
        self.errors.push(SettingsError::FileValue {
            key: key.to_owned(),
            place,
            value,
            expected,
        });
    }

    fn place(&self, key: &str) -> Place {
        Place {
            path: self.path.to_owned(),
            line: line_of(self.text, key),
        }
    }
}

/// What kind of value it is, for where the value itself is not shown.
fn shape(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "an array",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::String(_) => "a text",
        ValueKind::Nil => "nothing",
        _ => "a number",
    }
}

fn is_section(key: &str) -> bool {
    KNOWN.iter().any(|known| {
        known
            .key
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Keys and sections directly below `parent`.
fn siblings(parent: &str) -> impl Iterator<Item = String> {
    let depth = if parent.is_empty() {
        0
    } else {
        parent.split('.').count()
    };
    let inside = if parent.is_empty() {
        String::new()
    } else {
        format!("{parent}.")
    };
    let mut keys: Vec<String> = KNOWN
        .iter()
        .filter(|known| known.key.starts_with(&inside))
        .map(|known| {
            known
                .key
                .split('.')
                .take(depth + 1)
                .collect::<Vec<_>>()
                .join(".")
        })
        .collect();
    if parent.is_empty() {
        keys.push("program".into());
    }
    keys.dedup();
    keys.into_iter()
}

/// The line that sets `key`, or the header of that table. It reads headers and the left sides of
/// lines, which is enough to help a person find the place.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let plain = |text: &str| text.replace(['"', '\'', ' ', '\t'], "");
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = plain(header.split(']').next().unwrap_or(header)).replace('[', "");
            if section == key {
                return Some(index + 1);
            }
        } else if let Some((left, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let left = plain(left);
            let full = if section.is_empty() {
                left
            } else {
                format!("{section}.{left}")
            };
            if full == key {
                return Some(index + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ReadyMode, RestartMode};

    fn error(text: &str) -> String {
        parse(Path::new("/etc/l.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        let text = "sync.interval_hours = 12\n[seerr]\nurl = \"http://seerr:5055\"\n\
                    [providers.imdb]\nurl = \"http://x\"\n[lists]\nimdb = [\"top\", \"ls1\"]\n";
        let file = parse(Path::new("/etc/l.toml"), text).unwrap();
        let keys: Vec<_> = file.values.keys().copied().collect();
        assert_eq!(
            keys,
            [
                "lists.imdb",
                "providers.imdb.url",
                "seerr.url",
                "sync.interval_hours"
            ]
        );
        let lines: Vec<_> = file.values.values().map(|value| value.place.line).collect();
        assert_eq!(lines, [Some(7), Some(5), Some(3), Some(1)]);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        assert_eq!(
            error("[sync]\n# often\ninterval_hour = 2\n"),
            "`sync.interval_hour` in /etc/l.toml, line 3 is no setting; did you mean \
             `sync.interval_hours`?"
        );
        assert_eq!(
            error("[seer]\nurl = \"http://x\"\n"),
            "`seer` in /etc/l.toml, line 1 is no setting; did you mean `seerr`?"
        );
        assert_eq!(
            error("colour = 1"),
            "`colour` in /etc/l.toml, line 1 is no setting; remove it"
        );
    }

    #[test]
    fn ill_formed_values_are_shown_unless_secret() {
        assert_eq!(
            error("[sync]\nautomated = \"maybe\"\n"),
            "`sync.automated` in /etc/l.toml, line 2 is \"maybe\"; it must be true or false"
        );
        assert_eq!(
            error("[seerr]\napi_key = 12345\n"),
            "`seerr.api_key` in /etc/l.toml, line 2 is ***; it must be text"
        );
        assert_eq!(
            error("seerr = 1\n"),
            "`seerr` in /etc/l.toml, line 1 is a number; it must be a table"
        );
    }

    #[test]
    fn what_stands_in_a_wrong_place_is_not_shown() {
        for text in [
            "seerr = \"hush\"\n",
            "[seerr]\nurl = { password = \"hush\" }\n",
            "[seerr]\napi_key = [\"hush\"]\n",
            "[lists]\nweb = [1, \"https://me:hush@x/\"]\n",
            "[providers]\ntrakt = \"hush\"\n",
            "program = \"hush\"\n",
            "[program]\nx = [\"hush\"]\n",
            "[program.x]\ncommand = [\"job\", \"--token=hush\"]\n",
            "[program.x]\nafter = { token = \"hush\" }\n",
        ] {
            let error = error(text);
            assert!(error.contains("it must be"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn what_is_no_toml_is_located_without_showing_the_line() {
        let error = error("[seerr]\napi_key = \"hush\n");
        assert!(
            error.starts_with("the settings file /etc/l.toml, line 2 is not valid TOML: "),
            "{error}"
        );
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn programs_have_their_own_table_and_their_own_errors() {
        let text = "[program.my-job]\ncommand = \"/bin/job\"\nargs = [\"-x\"]\nready = \"none\"\n\
                    restart = \"on-failure\"\n[program.my-job.environment]\nA = \"1\"\n";
        let file = parse(Path::new("/etc/l.toml"), text).unwrap();
        let job = &file.programs["my-job"];
        assert_eq!(job.ready, Some(ReadyMode::None));
        assert_eq!(job.restart, Some(RestartMode::OnFailure));
        assert_eq!(job.environment.as_ref().unwrap()["A"], "1");
        assert_eq!(job.essential, None);
        assert_eq!(
            error("[program.api]\nstop_timeout = 3\n"),
            "`program.api.stop_timeout` in /etc/l.toml, line 2 is no setting; did you mean \
             `program.api.stop_timeout_s`?"
        );
        assert_eq!(
            error("[program.api]\nrestart = \"sometimes\"\n"),
            "`program.api.restart` in /etc/l.toml, line 2 is \"sometimes\"; it must be one of \
             always, on-failure, never"
        );
    }

    #[test]
    fn environments_and_arguments_of_programs_are_not_shown() {
        for (text, problem) in [
            (
                "[program.x.environment]\nTOKEN = \"hush\"\nPORTS = [1]\n",
                "`program.x.environment` in /etc/l.toml, line 1 is ***; it must be a table of texts",
            ),
            (
                "[program.x]\nargs = [\"--token=hush\", [1]]\n",
                "`program.x.args` in /etc/l.toml, line 2 is ***; it must be an array of texts",
            ),
        ] {
            assert_eq!(error(text), problem);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error = error("a = 1\n[sync]\nautomated = 3\n");
        assert!(
            error.starts_with("2 settings are wrong: `a` in "),
            "{error}"
        );
    }
}
