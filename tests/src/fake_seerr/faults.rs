//! What a test can make the fake Seerr do wrong; [`super::FakeSeerr::faults`] hands out the switches.
//!
//! Misbehaviour below HTTP is in [`crate::loopback::fault`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::loopback::{Fault, FaultTable, Times};

/// How TMDB, behind Seerr, is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Tmdb {
    /// Answers.
    #[default]
    Well,
    /// Answers every look-up with that status.
    Status(u16),
    /// Refuses connections.
    Refused,
    /// Never answers; Seerr has no time limit of its own.
    Hangs,
    /// Answers that share of look-ups, spread evenly, with that status.
    Share {
        /// 0.0 to 1.0.
        share: f64,
        /// The status.
        status: u16,
    },
    /// Answers so many look-ups in a second, and 429 beyond.
    Limit {
        /// Look-ups in a second.
        per_second: u32,
    },
}

/// When an ordered failure of a POST strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before anything is written.
    BeforeWrite,
    /// After the title's row was written and before the request: the title stays pending without a request.
    AfterMedia,
    /// After the request was stored: only the answer is a failure.
    AfterRequest,
}

pub(super) struct PostFailure {
    pub(super) text: String,
    pub(super) stage: Stage,
    pub(super) times: Times,
}

/// A share of all POSTs that fails, spread evenly.
pub(super) struct FailingShare {
    share: f64,
    text: String,
    stage: Stage,
    so_far: f64,
}

impl FailingShare {
    /// The text of the failure, when this POST at this stage is one of those that fail.
    pub(super) fn strike(&mut self, stage: Stage) -> Option<String> {
        if stage != self.stage {
            return None;
        }
        self.so_far += self.share;
        // A sum of tenths is never quite a whole.
        if self.so_far < 1.0 - 1e-9 {
            return None;
        }
        self.so_far -= 1.0;
        Some(self.text.clone())
    }
}

type Delay = Box<dyn FnMut(u64) -> Duration + Send>;

/// The state behind the switches.
#[derive(Default)]
pub(super) struct FaultState {
    pub(super) table: FaultTable,
    pub(super) tmdb: Tmdb,
    pub(super) tmdb_share_so_far: f64,
    pub(super) tmdb_second: (i64, u32),
    pub(super) post_delay: Option<Delay>,
    pub(super) posts_delayed: u64,
    pub(super) post_failures: BTreeMap<i64, PostFailure>,
    pub(super) failing_share: Option<FailingShare>,
    pub(super) refused_by_radarr: Vec<i64>,
    pub(super) keeps_rows: bool,
    pub(super) slow_requests: Option<Duration>,
    pub(super) wrong_key: bool,
}

/// The switches. Each acts at once and stays until [`Faults::clear`].
#[derive(Clone)]
pub struct Faults {
    pub(super) shared: Arc<Shared>,
}

impl Faults {
    /// Lets calls meet a fault: `call` is a path or `METHOD path`, a path ending in `*` stands for all that begin so.
    pub fn on(&self, call: &str, fault: Fault, times: Times) {
        self.on_later(call, 0, fault, times);
    }

    /// The same after the first `skip` fitting calls.
    pub fn on_later(&self, call: &str, skip: u32, fault: Fault, times: Times) {
        self.set(|faults| faults.table.add(call, skip, fault, times));
    }

    /// Changes how TMDB is doing.
    pub fn tmdb(&self, tmdb: Tmdb) {
        self.set(|faults| {
            faults.tmdb = tmdb;
            faults.tmdb_share_so_far = 0.0;
        });
    }

    /// Every POST /request from now on takes that long before its row is stored, whether the client waits or not.
    pub fn delay_posts(&self, delay: Duration) {
        self.delay_posts_by(move |_nth| delay);
    }

    /// The same with a delay for the first, second, … POST from now on (counted from 1).
    pub fn delay_posts_by(&self, delay: impl FnMut(u64) -> Duration + Send + 'static) {
        self.set(|faults| {
            faults.post_delay = Some(Box::new(delay));
            faults.posts_delayed = 0;
        });
    }

    /// POSTs for that TMDB number are answered 500 with that text.
    pub fn fail_post(&self, tmdb_id: i64, text: &str, stage: Stage, times: Times) {
        let failure = PostFailure {
            text: text.to_owned(),
            stage,
            times,
        };
        self.set(|faults| {
            faults.post_failures.insert(tmdb_id, failure);
        });
    }

    /// That share (0.0 to 1.0) of the POSTs that pass their checks is answered 500 with that text, spread evenly; 0.1 is
    /// every tenth.
    pub fn fail_share_of_posts(&self, share: f64, text: &str, stage: Stage) {
        let failing = FailingShare {
            share,
            text: text.to_owned(),
            stage,
            so_far: 0.0,
        };
        self.set(|faults| faults.failing_share = Some(failing));
    }

    /// Radarr or Sonarr refuses that title: after the 201, once approved, the request becomes FAILED.
    pub fn refuse_in_radarr(&self, tmdb_id: i64) {
        self.set(|faults| faults.refused_by_radarr.push(tmdb_id));
    }

    /// Radarr takes the title again.
    pub fn accept_in_radarr(&self, tmdb_id: i64) {
        self.set(|faults| faults.refused_by_radarr.retain(|known| *known != tmdb_id));
    }

    /// Whether a failing POST takes the rows of those that ran beside it, although they were answered 201.
    /// It does unless switched off.
    pub fn lose_rows(&self, loses: bool) {
        self.set(|faults| faults.keeps_rows = !loses);
    }

    /// A Radarr that does not answer: each GET /request takes 10 s.
    pub fn unresponsive_radarr(&self) {
        self.slow_requests(Duration::from_secs(10));
    }

    /// Each GET /request takes that long, for the same reason.
    pub fn slow_requests(&self, delay: Duration) {
        self.set(|faults| faults.slow_requests = Some(delay));
    }

    /// The API key was changed in Seerr: every key is wrong from now on.
    pub fn revoke_key(&self) {
        self.set(|faults| faults.wrong_key = true);
    }

    /// Everything is well again. POSTs that wait go on waiting.
    pub fn clear(&self) {
        self.set(|faults| *faults = FaultState::default());
    }

    fn set(&self, change: impl FnOnce(&mut FaultState)) {
        self.shared.change(|state| change(&mut state.faults));
    }
}
