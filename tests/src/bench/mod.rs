//! `make bench`: figures of the real binaries beside the fakes, all measured in one run.
//!
//! One file a subject, each giving [`Table`]s; `bin/bench.rs` chooses and prints. Nothing fails for being slow: a
//! table is a failure only when what it measured did not happen.

mod browser;
mod clock;
mod growth;
mod household;
mod kill;
mod new_titles;
mod proc;
mod reading;
mod rows;
mod start;
mod supervision;
mod table;
mod unchanged;
mod upkeep;

pub use browser::browser;
pub use growth::growth;
pub use household::Lived;
pub use kill::kill;
pub use new_titles::new_titles;
pub use reading::{read_body, reading};
pub use start::start;
pub use supervision::supervision;
pub use table::{Cell, Table};
pub use unchanged::unchanged;
pub use upkeep::{idle, memory};

use anyhow::Result;
use std::io::Write as _;

/// The programs a supervisor of ours keeps up.
pub const WORKERS: [&str; 3] = ["scraper-worker", "sync-worker", "api"];

/// Says on stderr what is being measured.
///
/// # Errors
/// When stderr is closed.
pub fn progress(text: &str) -> Result<()> {
    writeln!(std::io::stderr(), "bench: {text}")?;
    Ok(())
}
