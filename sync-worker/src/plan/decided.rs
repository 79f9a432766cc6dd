//! What is known of a wish before deciding, and what a decision says.

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use schema::models::{
    DecisionKind, LedgerSeason, LedgerStatus, SeasonNumbers, SyncedItem, TitleFacts,
};

use crate::target::{MediaRow, TargetRequest};

/// What is known of a wish before deciding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    /// Our own record.
    pub(crate) ledger: Option<&'a SyncedItem>,
    /// The seasons in it: those that the target has shown in a request of ours (`requested`), and
    /// those that it had nothing left of when we asked (`adopted`).
    pub(crate) seasons: &'a [LedgerSeason],
    /// The target's record of the title.
    pub(crate) media: Option<&'a MediaRow>,
    /// The target's requests for it in this quality, the newest first.
    pub(crate) requests: &'a [TargetRequest],
    /// Whether the target has requests for it in the other quality.
    pub(crate) is_asked_otherwise: bool,
    /// A show's seasons and when they air.
    pub(crate) facts: Option<&'a TitleFacts>,
    /// When the no was said that the target shows now, if it tells.
    pub(crate) refused_at: Option<NaiveDateTime>,
}

/// What holds for every wish of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    /// Now.
    pub(crate) now: NaiveDateTime,
    /// When looking began: what came back to its list since is seen with the target for the first time.
    pub(crate) began_at: NaiveDateTime,
    /// Today, in UTC: what airs today has aired.
    pub(crate) today: NaiveDate,
    /// What people call the target: `Seerr`.
    pub(crate) target: &'a str,
    /// Whether 4K movies can be asked for there.
    pub(crate) has_4k_movies: bool,
    /// Whether 4K shows can.
    pub(crate) has_4k_shows: bool,
    /// See [`Patience`].
    pub(crate) patience: Patience,
}

/// What bounds the time a request may be under way without anybody knowing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Longest time we wait for the answer.
    pub(crate) timeout: Duration,
    /// Longest time it may go on in the target after its sender is gone.
    pub(crate) settle: Duration,
    /// When this process started: whoever sent before was gone by then.
    pub(crate) started_at: NaiveDateTime,
}

/// One decision with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    /// What to do.
    pub(crate) verdict: Verdict,
    /// Why, in words.
    pub(crate) reason: String,
    /// What would change it, as a sentence.
    pub(crate) remedy: Option<String>,
}

impl Decided {
    /// A decision that nothing needs to change.
    pub(super) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: reason.into(),
            remedy: None,
        }
    }

    /// The same, about a request that we made.
    pub(super) fn ours(mut self) -> Self {
        if let Verdict::Skip { created_by_us, .. } = &mut self.verdict {
            *created_by_us = true;
        }
        self
    }

    /// The same, with what would change it.
    pub(super) fn unless(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

/// What to do with a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Ask for it: a movie, or these seasons of a show.
    Request {
        /// Absent for movies.
        seasons: Option<SeasonNumbers>,
    },
    /// Have the target send its failed request on once more.
    Retry {
        /// The target's request.
        request_id: i32,
        /// Whether we made it.
        is_ours: bool,
    },
    /// Take our request back.
    Withdraw {
        /// The target's request.
        request_id: i32,
    },
    /// Nothing; the ledger says `status` from now on.
    Skip {
        /// Where the title is.
        status: LedgerStatus,
        /// The target's request, where that is the reason.
        request_id: Option<i32>,
        /// Whether that request is ours.
        created_by_us: bool,
    },
    /// Nothing now, and nothing to record in the ledger; it is looked at again.
    Wait,
    /// Nothing for a while: the target took our request and dropped it. The ledger says `failed` from
    /// now on, with these attempts and a `retry_at` that follows from them, and keeps the request's id.
    PutOff {
        /// Times it was tried.
        attempts: i32,
    },
    /// Nothing until a person has said something; the ledger says `failed_permanent` from now on.
    Review,
    /// A request was sent and nobody knows its end; look again at `until`, then decide anew.
    Settle {
        /// When the target can no longer be working on it.
        until: NaiveDateTime,
    },
    /// The seasons of the show must be known first; ask for them, then decide anew.
    AskFacts,
}

impl Verdict {
    /// The word it is kept as in `decisions`; none for what is decided anew at once.
    pub(crate) fn kind(&self) -> Option<DecisionKind> {
        Some(match self {
            Self::Request { .. } => DecisionKind::Request,
            Self::Retry { .. } => DecisionKind::Retry,
            Self::Withdraw { .. } => DecisionKind::Withdraw,
            Self::Skip { .. } => DecisionKind::Skip,
            Self::Wait | Self::PutOff { .. } | Self::Settle { .. } => DecisionKind::Wait,
            Self::Review => DecisionKind::Review,
            Self::AskFacts => return None,
        })
    }
}
