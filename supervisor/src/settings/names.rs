//! What programs may be called and which files are theirs alone.

use std::path::Path;

use runtime::settings::PathSettings;

use super::{Program, Worker, faults::Faults};
use crate::{log::OWN, program::notify_socket};

/// The kernel's limit for the path of a socket, which ends with a zero byte.
pub(crate) const SOCKET_PATH: usize = 107;

/// Names that commands use for something else.
const TAKEN: [&str; 2] = ["all", OWN];

/// Looks at the name of one of the owner's programs.
pub(super) fn check(name: &str, paths: &PathSettings, faults: &mut Faults<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins_well || !name.chars().all(is_plain) {
        faults.wrong_table(
            name,
            "has a name that cannot be used; take letters, digits, `-`, `_` and `.`, and begin with a letter or \
             digit",
        );
    } else if TAKEN.contains(&name) {
        faults.wrong_table(
            name,
            "has a name that commands use for something else; take another one",
        );
    }
    let length = |name: &str| {
        notify_socket(&paths.notify_dir(), name, 0)
            .as_os_str()
            .len()
    };
    let ours = Worker::ALL.map(|worker| length(worker.name()));
    // Else the directory is too long for anything, which is said of it.
    if length(name) > SOCKET_PATH && ours.iter().all(|length| *length <= SOCKET_PATH) {
        let problem = format!(
            "has a name that is {} bytes too long for its socket in {}; take a shorter one",
            length(name) - SOCKET_PATH,
            paths.run_dir.display()
        );
        faults.wrong_table(name, problem);
    }
}

/// Looks that no two programs write one file, and none a file of ours.
pub(super) fn check_logs(programs: &[Program], paths: &PathSettings, faults: &mut Faults<'_>) {
    let own = paths.log(OWN);
    let kept = [
        paths.database(),
        paths.secret_key_file(),
        paths.api_key_file(),
        paths.lock_file(),
        paths.pid_file(),
    ];
    for (index, program) in programs.iter().enumerate() {
        let path = &program.log.path;
        let mut shared = |other: &str| {
            let problem = format!(
                "is {}, which is the log of {other} too; give each program its own",
                path.display()
            );
            faults.wrong(&program.name, "log_file", problem);
        };
        if clash(path, &own) {
            shared("the supervisor");
        }
        for other in programs.iter().take(index) {
            if clash(path, &other.log.path) {
                shared(&other.name);
            }
        }
        if kept.contains(path) {
            let problem = format!(
                "is {}, which ListSync keeps something else in; name another file",
                path.display()
            );
            faults.wrong(&program.name, "log_file", problem);
        }
    }
}

/// Whether both are one file, or one is where the other is rotated to.
fn clash(one: &Path, other: &Path) -> bool {
    is_backup(one, other) || is_backup(other, one)
}

/// Whether `path` is `log` or `log.1` and so on.
fn is_backup(path: &Path, log: &Path) -> bool {
    let (path, log) = (path.to_string_lossy(), log.to_string_lossy());
    match path.strip_prefix(&*log) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_clash_with_themselves_and_with_where_they_are_rotated_to() {
        let clash = |one, other| clash(Path::new(one), Path::new(other));
        assert!(clash("/l/a.log", "/l/a.log"));
        assert!(clash("/l/a.log.12", "/l/a.log"));
        assert!(clash("/l/a.log", "/l/a.log.1"));
        assert!(!clash("/l/a.log.gz", "/l/a.log"));
        assert!(!clash("/l/a.log.", "/l/a.log"));
        assert!(!clash("/l/a.log2", "/l/a.log"));
    }
}
