//! Processes as the kernel shows them: who lives, whose child it is, and signals.

use nix::{
    sys::signal::{Signal, kill as send},
    unistd::Pid,
};

/// Whether a process exists and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim_start().starts_with('Z'))
    })
}

/// Sends SIGKILL. A process that is gone already is no error.
pub fn kill(pid: i32) {
    // The process may have ended by itself, which is what was wanted.
    send(Pid::from_raw(pid), Signal::SIGKILL).unwrap_or_default();
}

/// Sends SIGTERM. A process that is gone already is no error.
pub fn stop_signal(pid: i32) {
    // As above.
    send(Pid::from_raw(pid), Signal::SIGTERM).unwrap_or_default();
}

/// Every process below `pid`, children first.
pub fn children_of(pid: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    for task in tasks.into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children
            .split_whitespace()
            .filter_map(|child| child.parse().ok())
        {
            found.push(child);
            found.extend(children_of(child));
        }
    }
    found
}
