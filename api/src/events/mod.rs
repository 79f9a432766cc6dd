//! What happens, for many clients at once: one connection to the sync-worker while there are any, and
//! a place in the numbered events for each of them. Leaves HTTP to `routes::events`.

mod frame;
mod hub;
mod stream;

pub(crate) use frame::{Filter, Topic, block, heartbeat};
pub(crate) use hub::{Hub, Seat};
pub(crate) use stream::stream;
