//! Copies of itself that it starts: in its group, outside of it, and no children of its own any more.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use nix::{
    sys::wait::waitpid,
    unistd::{ForkResult, fork, setsid},
};

use super::{output, pause, signals};

/// In the same group, waiting.
pub(crate) fn child(file: &str) -> anyhow::Result<()> {
    let child = itself()?.arg("wait").spawn()?;
    write(file, &child.id().to_string())
}

/// A child in a session of its own, waiting, as the browser's processes are.
pub(crate) fn session_child(file: &str) -> anyhow::Result<()> {
    if in_child()? {
        setsid()?;
        write(file, &std::process::id().to_string())?;
        signals::wait_for_ever();
    }
    Ok(())
}

/// In a session of its own and a child of whoever takes in orphans.
pub(crate) fn daemon(file: &str, is_wiped: bool) -> anyhow::Result<()> {
    if let Some(between) = forked()? {
        waitpid(between, None)?;
        return Ok(());
    }
    setsid()?;
    if forked()?.is_some() {
        signals::leave();
    }
    write(file, &std::process::id().to_string())?;
    if is_wiped {
        return Err(itself()?.arg("wait").env_clear().exec().into());
    }
    signals::wait_for_ever();
}

/// A child in a session of its own that keeps our stdout and uses it once `go` is there.
pub(crate) fn hold_stdout(file: &str, go: &str) -> anyhow::Result<()> {
    if in_child()? {
        setsid()?;
        write(file, &std::process::id().to_string())?;
        while !std::fs::exists(go)? {
            pause(std::time::Duration::from_millis(2));
        }
        output::all(b"said by who held it\n")?;
        signals::wait_for_ever();
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a grandchild is what this is for"
)]
fn itself() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.stdin(Stdio::null());
    Ok(command)
}

/// Whoever reads the file finds all of it or none.
fn write(file: &str, text: &str) -> anyhow::Result<()> {
    let new = format!("{file}.new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, file)?)
}

fn in_child() -> anyhow::Result<bool> {
    Ok(forked()?.is_none())
}

/// The child's number, or none in the child.
#[expect(unsafe_code, reason = "a copy of a process with threads is unsafe")]
fn forked() -> anyhow::Result<Option<nix::unistd::Pid>> {
    // SAFETY: this process has one thread, so that no lock is held by another.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}
