//! The steps of a story in their order. Pure.

use chrono::NaiveDateTime;
use schema::wire::sync::StoryStep;

/// Steps being collected.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    steps: Vec<(NaiveDateTime, Rank, StoryStep)>,
}

/// What comes first of what happened at one time: what was seen, then what was decided on it, then what
/// was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Seen on a list or at the target.
    Seen,
    /// Decided by a run.
    Decided,
    /// Done by us.
    Done,
}

impl Timeline {
    /// Something that was seen at a known time.
    pub(super) fn at(&mut self, at: NaiveDateTime, step: StoryStep) {
        self.ranked(at, Rank::Seen, step);
    }

    /// Something that happened at a known time.
    pub(super) fn ranked(&mut self, at: NaiveDateTime, rank: Rank, step: StoryStep) {
        let at_utc = Some(at.and_utc());
        self.steps
            .push((at, rank, StoryStep { at: at_utc, ..step }));
    }

    /// Something whose time is not known, told after what happened at `place`.
    pub(super) fn after(&mut self, place: NaiveDateTime, step: StoryStep) {
        self.steps
            .push((place, Rank::Seen, StoryStep { at: None, ..step }));
    }

    /// All of them; what happened at one time by rank, and then in the order in which it was told.
    pub(super) fn sorted(mut self) -> Vec<StoryStep> {
        self.steps.sort_by_key(|(at, rank, _)| (*at, *rank));
        self.steps.into_iter().map(|(_, _, step)| step).collect()
    }
}

/// A step without details.
pub(super) fn step(what: impl Into<String>) -> StoryStep {
    StoryStep {
        what: what.into(),
        ..StoryStep::default()
    }
}

/// A step with details.
pub(super) fn detailed(what: impl Into<String>, details: Vec<String>) -> StoryStep {
    StoryStep {
        details,
        ..step(what)
    }
}
