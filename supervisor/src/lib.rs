//! The supervisor and the command line of ListSync, binary `listsync`.
//!
//! [`run`] is all of it: `listsync run` keeps the programs up, every other command talks to sockets.

mod cli;
mod daemon;
mod door;
mod identity;
mod lock;
mod log;
mod oom;
mod process;
mod program;
mod reaper;
mod reload;
mod saved;
mod settings;
mod signals;
mod tree;

use std::process::ExitCode;

use runtime::Environment;

/// Runs the command that the arguments name and gives its exit code.
///
/// Call it on the main thread: the programs that `listsync run` starts end with that thread.
pub fn run() -> ExitCode {
    cli::run(std::env::args_os().collect(), Environment::from_process())
}
