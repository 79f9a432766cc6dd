//! When the next run is due: [`state`] decides, [`actor`] has the timer.

mod actor;
mod state;

pub(crate) use actor::{Begin, Changed, NextRun, Schedule, SetRunner};
