//! What `listsync check` tells of programs beside their settings: whether the machine has what they name. None
//! of it keeps the supervisor from starting, since a mount may come later.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use runtime::Loaded;

use super::Program;

/// Something that will probably keep a program from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// What and where.
    pub(crate) message: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// Looks at what the settings file says of programs; what we set ourselves is for `status` to tell.
pub(crate) fn warnings(programs: &[Program], loaded: &Loaded) -> Vec<Warning> {
    let tables = &loaded.settings.program;
    let mut warnings = Vec::new();
    for program in programs {
        let Some(table) = tables.get(&program.name) else {
            continue;
        };
        let mut warn = |key: &str, message: String, remedy: String| {
            let key = format!("program.{}.{key}", program.name);
            let place = loaded
                .place(&key)
                .map_or_else(String::new, |place| format!(" in {place}"));
            warnings.push(Warning {
                message: format!("`{key}`{place} {message}"),
                remedy,
            });
        };
        if table.command.is_some()
            && let Some((message, remedy)) = command(program)
        {
            warn("command", message, remedy);
        }
        if table.directory.is_some() && !program.directory.is_dir() {
            let directory = program.directory.display();
            warn(
                "directory",
                format!("is {directory}, which is no directory"),
                format!("Make it (`mkdir -p '{directory}'`) or name another."),
            );
        }
        if table.log_file.is_some()
            && let Some((message, remedy)) = log_folder(program, &loaded.settings.paths.log_dir)
        {
            warn("log_file", message, remedy);
        }
        let idle = |name: &&String| {
            programs
                .iter()
                .any(|other| other.name == **name && !other.autostart)
        };
        if let Some(other) = program.after.iter().find(idle) {
            warn(
                "after",
                format!("names {other:?}, which is not started by itself"),
                format!(
                    "{} waits until somebody starts {other}; set `program.{other}.autostart` to true or take it out.",
                    program.name
                ),
            );
        }
    }
    warnings
}

fn command(program: &Program) -> Option<(String, String)> {
    let command = &program.command;
    let shown = command.display();
    if command.components().count() < 2 {
        let path = program
            .environment
            .get(std::ffi::OsStr::new("PATH"))
            .cloned()
            .unwrap_or_default();
        let is_found = std::env::split_paths(&path).any(|folder| is_program(&folder.join(command)));
        return (!is_found).then(|| {
            (
                format!("is {shown}, which is in no directory of its PATH"),
                "Install it, or write the whole path.".to_owned(),
            )
        });
    }
    if is_program(command) {
        None
    } else if command.is_file() {
        Some((
            format!("is {shown}, which may not be executed"),
            format!("Allow it (`chmod +x '{shown}'`)."),
        ))
    } else {
        Some((
            format!("is {shown}, where no file is"),
            "Install it, or correct the path.".to_owned(),
        ))
    }
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

/// The log directory of all is made at start, and looked at there.
fn log_folder(program: &Program, log_dir: &Path) -> Option<(String, String)> {
    let folder = program.log.path.parent().map(PathBuf::from)?;
    if folder == log_dir {
        return None;
    }
    let shown = folder.display();
    if !folder.is_dir() {
        Some((
            format!("is in {shown}, which is no directory"),
            format!("Make it: `mkdir -p '{shown}'`."),
        ))
    } else if access(&folder, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        Some((
            format!("is in {shown}, where the supervisor may not write"),
            format!(
                "Allow it (`chown {} '{shown}'`) or name another file.",
                nix::unistd::Uid::effective()
            ),
        ))
    } else {
        None
    }
}
