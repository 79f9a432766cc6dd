//! Politeness towards one host: how many requests, how soon, how many a day, and until when none at
//! all.

mod actor;
mod allowance;
mod breaker;
mod kept;
mod state;

pub(crate) use actor::{Denied, Host, Noted};
pub(crate) use kept::Memory;
pub(crate) use state::Went;
