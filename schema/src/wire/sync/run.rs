//! Messages about a run: what it is to do, and where it is.

use serde::{Deserialize, Serialize};

use crate::models::{ListId, MediaType, PlanId, RunId, RunTrigger};

/// See [`super::ToSyncWorker::StartRun`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// Lists to read; empty for all that are synced automatically.
    #[serde(default)]
    pub lists: Vec<ListId>,
    /// Titles given directly; when there are any, only they are handled and no list is read.
    #[serde(default)]
    pub custom: Vec<CustomEntry>,
    /// Who asks.
    #[serde(default = "RunTrigger::manual")]
    pub trigger: RunTrigger,
    /// Only makes a plan: lists are read, nothing is asked of the target.
    #[serde(default)]
    pub only_plans: bool,
    /// Carries out a plan that was made before; no list is read, and neither lists nor titles are named
    /// beside it. `not_found` and `conflict` say that there is none, or that its time is over, it was
    /// applied or discarded, or is being applied.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// Takes back what this run requested, as far as the target has not begun to get it; no list is read,
    /// and neither lists nor titles are named beside it. `not_found` and `conflict` say that there is no
    /// such run, or that it is not over, requested nothing, undoes another, was undone or is being undone.
    /// Beside a plan it says nothing: a plan knows what it undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<RunId>,
}

impl StartRun {
    /// All lists that are synced automatically.
    pub fn everything(trigger: RunTrigger) -> Self {
        Self {
            lists: Vec::new(),
            custom: Vec::new(),
            trigger,
            only_plans: false,
            plan: None,
            undo: None,
        }
    }

    /// What a run has requested is taken back.
    pub fn undoing(run: RunId) -> Self {
        Self {
            undo: Some(run),
            ..Self::everything(RunTrigger::Manual)
        }
    }

    /// Whether it is about everything that is synced automatically, and carries it out.
    pub fn is_full(&self) -> bool {
        self.lists.is_empty()
            && self.custom.is_empty()
            && !self.only_plans
            && self.plan.is_none()
            && self.undo.is_none()
    }

    /// It with its lists in order, each once.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.lists.sort_unstable();
        self.lists.dedup();
        self
    }

    /// Whether a run for `other` does what this asks for: then one of them is enough. Titles given
    /// directly are never the same, so that none is lost.
    pub fn is_done_by(&self, other: &Self) -> bool {
        self.custom.is_empty()
            && other.custom.is_empty()
            && self.lists == other.lists
            && self.only_plans == other.only_plans
            && self.plan == other.plan
            && self.undo == other.undo
    }
}

/// A title given directly instead of by a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomEntry {
    /// Title.
    pub title: String,
    /// Four digits.
    #[serde(default)]
    pub year: Option<i32>,
    /// Movie or show.
    #[serde(default)]
    pub media_type: Option<MediaType>,
    /// `tt…`, also written `imdb://tt…`; `tmdb://603` and `tvdb://81189` count as those ids.
    #[serde(default)]
    pub imdb_id: Option<String>,
    /// TMDB's number.
    #[serde(default)]
    pub tmdb_id: Option<i64>,
    /// TVDB's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tvdb_id: Option<i64>,
    /// Only this season of a show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
}

/// See [`super::ToSyncWorker::CancelRun`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRun {
    /// The run; absent for the one that is going on.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// See [`super::ToSyncWorker::WatchRun`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRun {
    /// The run; absent for the one that is going on, or else the last.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// See [`super::FromSyncWorker::RunStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// The run. One that was asked for before and has not begun is not queued twice.
    pub run: RunId,
    /// Whether it waits until the runs before it are over.
    #[serde(default)]
    pub is_queued: bool,
}

/// A run by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// The run.
    pub run: RunId,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunProgress {
    /// The run.
    pub run: RunId,
    /// What it is doing.
    pub phase: RunPhase,
    /// Steps of this phase done.
    pub done: u32,
    /// Steps of this phase known of.
    pub total: u32,
    /// The list or title at hand.
    pub item: Option<String>,
}

/// Parts of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// Waits until the runs before it, `total` of them, are over.
    Queued,
    /// Reads what Seerr knows and the lists, side by side.
    Read,
    /// Finds out which titles the entries are.
    Identify,
    /// Decides what to do with each title.
    Plan,
    /// Sends the requests.
    Apply,
    /// Looks whether Seerr has what it confirmed.
    Verify,
    /// Over.
    Ended,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(lists: &[i32]) -> StartRun {
        StartRun {
            lists: lists.iter().copied().map(ListId).collect(),
            ..StartRun::everything(RunTrigger::Manual)
        }
        .in_order()
    }

    #[test]
    fn the_same_lists_in_another_order_are_the_same_run() {
        assert!(lists(&[3, 1, 3]).is_done_by(&lists(&[1, 3])));
        assert!(!lists(&[1]).is_done_by(&lists(&[1, 3])));
        assert!(!lists(&[1]).is_done_by(&lists(&[])));
        let planned = StartRun {
            only_plans: true,
            ..lists(&[])
        };
        assert!(!lists(&[]).is_done_by(&planned));
        assert!(!lists(&[]).is_done_by(&StartRun {
            plan: Some(PlanId(3)),
            ..lists(&[])
        }));
        let scheduled = StartRun {
            trigger: RunTrigger::Schedule,
            ..lists(&[])
        };
        assert!(lists(&[]).is_done_by(&scheduled), "whoever asked");
    }

    #[test]
    fn titles_given_directly_are_never_the_same_run() {
        let titles = StartRun {
            custom: vec![CustomEntry::default()],
            ..lists(&[])
        };
        assert!(!titles.is_done_by(&titles.clone()));
        assert!(!titles.is_full());
    }

    #[test]
    fn only_what_carries_out_everything_is_full() {
        assert!(lists(&[]).is_full());
        assert!(!lists(&[1]).is_full());
        let planned = StartRun {
            only_plans: true,
            ..lists(&[])
        };
        assert!(!planned.is_full());
        assert!(!StartRun::undoing(RunId(12)).is_full());
    }

    #[test]
    fn undoing_another_run_is_another_run() {
        let undo = StartRun::undoing(RunId(12));
        assert!(undo.is_done_by(&undo.clone()));
        assert!(!undo.is_done_by(&StartRun::undoing(RunId(13))));
        assert!(!undo.is_done_by(&lists(&[])) && !lists(&[]).is_done_by(&undo));
    }
}
