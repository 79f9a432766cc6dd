//! The settings as text for people: the README's table and the default settings file, both made of
//! `known`.

use std::fmt::Write as _;

use super::{
    kind::Kind,
    known::{CONTAINER, Effect, KNOWN, VARIABLES},
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
    text
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
            assert_eq!(loaded.settings, nothing);
        }
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
