//! Boots the real binaries in a temporary folder and talks to them as their users do.

mod api;
mod household;
mod processes;
mod wait;

pub use api::{Api, Heard};
pub use household::{Household, Setup};
pub use processes::{children_of, is_alive, kill, stop_signal};
pub use wait::wait_for;
