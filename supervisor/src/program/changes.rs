//! Every change of a program's state, numbered: the last ones kept, new ones told to whoever follows.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use chrono::{DateTime, Utc};
use schema::wire::supervisor::{ProgramChange, ProgramState, ProgramStatus};
use tokio::sync::broadcast;

/// Changes that are kept.
const KEPT: usize = 500;

/// Changes a follower may be behind before it has to ask for those that are kept.
const BEHIND: usize = 256;

/// See the head of this file; clones share.
#[derive(Clone, Debug)]
pub(crate) struct Changes(Rc<RefCell<Inside>>);

#[derive(Debug)]
struct Inside {
    last: u64,
    recent: VecDeque<ProgramChange>,
    followers: broadcast::Sender<ProgramChange>,
}

impl Default for Changes {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Inside {
            last: 0,
            recent: VecDeque::new(),
            followers: broadcast::Sender::new(BEHIND),
        })))
    }
}

impl Changes {
    /// Takes in that a program went `from` one state to the one in `program`.
    pub(super) fn record(
        &self,
        at: DateTime<Utc>,
        from: ProgramState,
        reason: Option<String>,
        program: ProgramStatus,
    ) {
        let mut inside = self.0.borrow_mut();
        inside.last += 1;
        let change = ProgramChange {
            id: inside.last,
            at,
            from,
            reason,
            program,
        };
        if inside.recent.len() == KEPT {
            inside.recent.pop_front();
        }
        inside.recent.push_back(change.clone());
        // Nobody may follow.
        inside.followers.send(change).map(drop).unwrap_or_default();
    }

    /// The newest `count` changes, oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<ProgramChange> {
        let inside = self.0.borrow();
        let skipped = inside.recent.len().saturating_sub(count);
        inside.recent.iter().skip(skipped).cloned().collect()
    }

    /// Those kept that came after number `id`, oldest first.
    pub(crate) fn after(&self, id: u64) -> Vec<ProgramChange> {
        let inside = self.0.borrow();
        let later = inside.recent.iter().filter(|change| change.id > id);
        later.cloned().collect()
    }

    /// All changes after this call.
    pub(crate) fn follow(&self) -> broadcast::Receiver<ProgramChange> {
        self.0.borrow().followers.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::actor::not_started;

    fn record(changes: &Changes, times: usize) {
        for _ in 0..times {
            let program = not_started("api", true, DateTime::UNIX_EPOCH);
            changes.record(DateTime::UNIX_EPOCH, ProgramState::Starting, None, program);
        }
    }

    #[test]
    fn the_newest_are_kept_and_followers_hear_of_each_once() {
        let changes = Changes::default();
        record(&changes, 3);
        let mut follower = changes.follow();
        record(&changes, KEPT);
        let ids = |count| -> Vec<u64> { changes.last(count).iter().map(|one| one.id).collect() };
        assert_eq!(ids(2), [502, 503]);
        assert_eq!(ids(1000).len(), KEPT);
        let after: Vec<u64> = changes.after(501).iter().map(|one| one.id).collect();
        assert_eq!(after, [502, 503]);
        assert!(matches!(
            follower.try_recv(),
            Err(broadcast::error::TryRecvError::Lagged(_))
        ));
        record(&changes, 1);
        let mut heard = None;
        loop {
            match follower.try_recv() {
                Ok(change) => heard = Some(change.id),
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_nothing_more) => break,
            }
        }
        assert_eq!(heard, Some(504));
    }
}
