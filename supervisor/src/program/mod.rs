//! Keeping programs up: [`state`] decides, [`actor`] carries out for one program, [`fleet`] for all of
//! them in order.

mod account;
mod actor;
mod changes;
mod ending;
mod fleet;
mod life;
mod member;
mod memory;
mod notify;
mod order;
mod probe;
mod sockets;
mod state;
mod succession;
mod takeover;

pub(crate) use actor::Context;
pub(crate) use changes::Changes;
pub(crate) use fleet::Fleet;
pub(crate) use life::notify_socket;
pub(crate) use sockets::Sockets;
pub(crate) use state::{Policy, ReadyRule, RestartRule};
