//! Politeness towards one host: how many requests, how soon, and until when none at all.

mod actor;
mod state;

pub(crate) use actor::Host;
