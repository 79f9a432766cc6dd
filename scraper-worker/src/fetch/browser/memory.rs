//! Looks at the browser's processes in `/proc`: which there are, and what they take together. All of
//! them are in one session, whose number is the browser's own.

use std::fs;

/// What a browser's processes are at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    pub(super) processes: usize,
    /// Those that run pages.
    pub(super) pages: usize,
    /// Bytes they take, shared ones counted once.
    pub(super) bytes: u64,
}

/// Looks at them. Reads a few files for each process, so not on a thread that others wait for.
pub(super) fn census(session: i32) -> Census {
    let mut census = Census::default();
    for pid in of_session(session) {
        census.processes += 1;
        census.bytes += taken(pid);
        census.pages += usize::from(runs_pages(pid));
    }
    census
}

/// The processes of a session that have not ended.
pub(super) fn of_session(session: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| is_of(*pid, session))
        .collect()
}

fn is_of(pid: i32, session: i32) -> bool {
    // The name, in brackets, may hold anything.
    let stat = read(pid, "stat");
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return false; // it ended meanwhile
    };
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next();
    // state, parent, group, session
    let its = fields.nth(2).and_then(|field| field.parse::<i32>().ok());
    its == Some(session) && !matches!(state, Some("Z" | "X"))
}

fn runs_pages(pid: i32) -> bool {
    // Forked ones write their arguments as one text.
    read(pid, "cmdline").contains("--type=renderer")
}

/// Bytes of one process: its share of everything or, where the kernel does not tell us that of a
/// sandboxed one, what it has for itself.
fn taken(pid: i32) -> u64 {
    let share = read(pid, "smaps_rollup")
        .lines()
        .find_map(|line| kilobytes(line.strip_prefix("Pss:")?));
    if let Some(kilobytes) = share {
        return kilobytes * 1024;
    }
    let status = read(pid, "status");
    let anonymous = status
        .lines()
        .find_map(|line| kilobytes(line.strip_prefix("RssAnon:")?));
    anonymous.unwrap_or_default() * 1024
}

fn kilobytes(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// A file of a process, or nothing if it ended meanwhile or we may not.
fn read(pid: i32, file: &str) -> String {
    fs::read(format!("/proc/{pid}/{file}"))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_session_has_us_and_takes_memory() {
        let session = nix::unistd::getsid(None).unwrap().as_raw();
        let own = nix::unistd::getpid().as_raw();
        assert!(of_session(session).contains(&own));
        let census = census(session);
        assert!(
            census.processes > 0 && census.bytes > 1024 * 1024,
            "{census:?}"
        );
        assert!(taken(own) > 1024 * 1024);
        assert_eq!(of_session(i32::MAX), [0; 0]);
    }
}
