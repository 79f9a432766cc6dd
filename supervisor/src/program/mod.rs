//! Keeping programs up: [`state`] decides, [`actor`] carries out for one program, [`fleet`] for all of
//! them in order.

mod actor;
mod fleet;
mod notify;
mod state;

pub(crate) use actor::{Context, notify_socket};
pub(crate) use fleet::Fleet;
pub(crate) use state::{Policy, ReadyRule, RestartRule};
