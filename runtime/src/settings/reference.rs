//! The settings as text for people: the README's table and the default settings file, both made of
//! `known`.

use std::fmt::Write as _;

use super::{
    kind::Kind,
    known::{CONTAINER, Effect, KNOWN, VARIABLES},
    program::{OUR_PROGRAMS, PROGRAM_KEYS},
};

/// The README's table in Markdown.
pub fn markdown_table() -> String {
    let mut text = String::from(
        "| key | variable | default | what for | a change is used |\n|---|---|---|---|---|\n",
    );
    for known in KNOWN {
        let mut variables: Vec<_> = known.variables().map(|name| format!("`{name}`")).collect();
        if known.is_secret {
            variables.push("`…_FILE`".into());
        }
        let default = if known.default.is_empty() {
            "–"
        } else {
            known.default
        };
        let used = match known.effect {
            _ if !known.is_used => "accepted, not used by this version yet",
            Effect::Live => "at once",
            Effect::Restart => "after a restart",
        };
        line(
            &mut text,
            format_args!(
                "| `{}` | {} | {default} | {} | {used} |",
                known.key,
                variables.join(", "),
                known.doc
            ),
        );
    }
    for variable in VARIABLES {
        line(
            &mut text,
            format_args!(
                "| – | `{}` | – | {} | after a restart |",
                variable.name, variable.doc
            ),
        );
    }
    text
}

/// A settings file that sets nothing: every key with its default, commented out.
pub fn default_toml() -> String {
    let mut text = String::from(
        "# Settings of ListSync. Environment variables and values saved in the dashboard come first.\n",
    );
    let mut section = "";
    for known in KNOWN {
        let (table, name) = known.key.rsplit_once('.').unwrap_or(("", known.key));
        if table != section {
            section = table;
            line(&mut text, format_args!("\n[{table}]"));
        }
        line(
            &mut text,
            format_args!("# {} ({})", known.doc, known.variable),
        );
        if !known.is_used {
            line(
                &mut text,
                format_args!("# accepted, not used by this version yet"),
            );
        }
        let value = match known.kind {
            Kind::Bool | Kind::Integer { .. } | Kind::Hours => known.default.to_owned(),
            Kind::List => "[]".to_owned(),
            // Not a value but words: what it is derived from.
            _ if known.default.contains(CONTAINER) => {
                line(&mut text, format_args!("# default: {}", known.default));
                "\"\"".to_owned()
            }
            _ => format!("{:?}", known.default),
        };
        line(&mut text, format_args!("#{name} = {value}"));
    }
    default_programs(&mut text);
    text
}

/// The README's table of what `[program.NAME]` can have, in Markdown.
pub fn programs_table() -> String {
    let mut text =
        String::from("| key of `[program.NAME]` | default | what for |\n|---|---|---|\n");
    for key in PROGRAM_KEYS {
        let default = match (key.default, key.ours) {
            ("", _) => key.unset.to_owned(),
            (default, "") => format!("`{default}`"),
            (default, ours) if key.key == "essential" => {
                format!("`{default}`; `{ours}` for api and sync-worker")
            }
            (default, ours) => format!("`{default}`; `{ours}` for ours"),
        };
        line(
            &mut text,
            format_args!("| `{}` | {default} | {} |", key.key, key.doc),
        );
    }
    text
}

/// Our programs with what they have anyway, and one of the owner's with every key explained.
fn default_programs(text: &mut String) {
    line(
        text,
        format_args!(
            "\n# The programs that the supervisor keeps up: ours, as they are without these lines."
        ),
    );
    for program in OUR_PROGRAMS {
        line(text, format_args!("#[program.{program}]"));
        for key in PROGRAM_KEYS {
            let value = key.default_for(program);
            if !value.is_empty() {
                line(text, format_args!("#{} = {value}", key.key));
            }
        }
        line(text, format_args!(""));
    }
    line(
        text,
        format_args!(
            "# Programs of your own may be added, here a VPN. Only its command is needed; the rest are the\n\
             # defaults."
        ),
    );
    line(text, format_args!("#[program.vpn]"));
    for key in PROGRAM_KEYS {
        line(text, format_args!("# {}", key.doc));
        match (key.key, key.default) {
            ("command", _) => line(text, format_args!("#command = {}", key.example)),
            (name, "") if key.unset == "–" => {
                line(text, format_args!("# example: {name} = {}", key.example));
            }
            (name, "") => line(
                text,
                format_args!(
                    "# default: {}; example: {name} = {}",
                    key.unset, key.example
                ),
            ),
            (name, default) => line(text, format_args!("#{name} = {default}")),
        }
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").unwrap_or_default(); // writing to a String cannot fail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_changes_nothing_commented_out_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("default.toml");
        let environment = crate::Environment::of([("HOME", "/home/me")]);
        let nothing = crate::settings::load(&environment, None, &[])
            .unwrap()
            .settings;
        let commented = default_toml();
        let uncommented = commented.replace("\n#", "\n").replace("\n ", "\n# ");
        for text in [commented, uncommented] {
            std::fs::write(&path, text).unwrap();
            let mut loaded = crate::settings::load(&environment, Some(&path), &[]).unwrap();
            loaded.settings.lists.clear(); // an empty list for each provider
            // What is in these tables is the default, which the supervisor's tests hold.
            let programs = std::mem::take(&mut loaded.settings.program);
            assert!(matches!(programs.len(), 0 | 4), "{programs:?}");
            assert_eq!(loaded.settings, nothing);
        }
    }

    #[test]
    fn every_key_of_a_program_is_in_its_table_and_in_the_default_file() {
        let (table, file) = (programs_table(), default_toml());
        for key in PROGRAM_KEYS {
            assert!(table.contains(&format!("| `{}` |", key.key)), "{}", key.key);
            assert!(file.contains(&format!("{} = ", key.key)), "{}", key.key);
        }
        assert!(table.contains("| `essential` | `false`; `true` for api and sync-worker |"));
    }

    #[test]
    fn the_table_has_every_variable() {
        let table = markdown_table();
        assert!(
            table.contains("| `seerr.url` | `OVERSEERR_URL`, `SEERR_URL`, `JELLYSEERR_URL` | – |")
        );
        assert!(table.contains("`LISTSYNC_SECRET_KEY_FILE`"));
    }
}
