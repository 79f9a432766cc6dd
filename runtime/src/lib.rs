//! What every process does alike: settings, logs, sockets, readiness, stopping, secrets.
//!
//! Leaves the messages and the database to `schema`, and what a process is for to its own crate.

mod boot;
pub mod chain;
pub mod clock;
mod counted;
mod dot_env;
pub mod environment;
pub mod exit;
pub mod exports;
pub mod listen;
pub mod logs;
pub mod moment;
pub mod ready;
pub mod secret;
pub mod settings;
pub mod socket;
pub mod stop;
pub mod zone;

pub use boot::{Boot, BootError, MasterKey, boot, saved_values};
pub use chain::Chain;
pub use clock::Clock;
pub use counted::counted;
pub use environment::Environment;
pub use listen::Listeners;
pub use ready::Readiness;
pub use secret::{Cipher, Secret};
pub use settings::{Loaded, Settings, SettingsError};
pub use stop::Stop;
