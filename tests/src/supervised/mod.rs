//! A supervisor whose programs are scripted children, in a folder of its own.
//!
//! For tests of the supervisor alone; [`crate::harness`] boots the real workers.

mod kernel;
mod log;
mod orders;
mod running;
mod scene;

pub use kernel::{
    KilledAtTheEnd, Processes, descriptors, gone, is_root, killed_at_the_end, parent_of,
    private_kib, resident_kib, skipped,
};
pub use log::{Heard, log_files, log_files_in};
pub use orders::Watched;
pub use running::Supervised;
pub use scene::{OURS, Scene, beside, free_port};

use std::time::Duration;

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);
