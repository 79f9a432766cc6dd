//! Where the title of an entry is on its way, as people see it: what the ledger says, or, where
//! nothing was asked for yet, what was decided last. Pure.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{Decision, DecisionKind, LedgerStatus, SyncedItem, TitleFacts};
use crate::column::word_enum;

/// What a decision to wait for an air date says; the date itself is in `title_facts`.
pub const NOT_AIRED: &str = "not aired yet";

word_enum! {
    /// Where a title is on its way, as people see it. Each title has one; `waiting` and `skipped`
    /// also find others (see [`ItemStatus::includes`]).
    ItemStatus {
        /// To be asked for, or more of it, and something is in the way: a limit that is used up, a
        /// 4K server that is missing, a season that has not aired.
        Waiting = "waiting",
        /// Decided to do nothing before anything was asked.
        Skipped = "skipped",
        /// Decided, not sent.
        Planned = "planned",
        /// Being sent, or sent with an unknown end.
        Requesting = "requesting",
        /// The target has our request.
        Requested = "requested",
        /// The target has it by somebody else's doing.
        Adopted = "adopted",
        /// In the library.
        Available = "available",
        /// Failed; tried again by itself.
        Failed = "failed",
        /// Failed for good.
        FailedPermanent = "failed_permanent",
        /// A person declined the request.
        Declined = "declined",
        /// On the target's block list.
        Blocklisted = "blocklisted",
        /// Deleted from the library by a person.
        Deleted = "deleted",
        /// We took our request back.
        Withdrawn = "withdrawn",
    }
}

impl From<LedgerStatus> for ItemStatus {
    fn from(status: LedgerStatus) -> Self {
        match status {
            LedgerStatus::Planned => Self::Planned,
            LedgerStatus::Requesting => Self::Requesting,
            LedgerStatus::Requested => Self::Requested,
            LedgerStatus::Adopted => Self::Adopted,
            LedgerStatus::Available => Self::Available,
            LedgerStatus::Failed => Self::Failed,
            LedgerStatus::FailedPermanent => Self::FailedPermanent,
            LedgerStatus::Declined => Self::Declined,
            LedgerStatus::Blocklisted => Self::Blocklisted,
            LedgerStatus::Deleted => Self::Deleted,
            LedgerStatus::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What is recorded of one quality of a title: its ledger row and the last decision on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'a> {
    /// The ledger's row.
    pub row: Option<&'a SyncedItem>,
    /// The last decision.
    pub decision: Option<&'a Decision>,
}

impl<'a> Standing<'a> {
    /// The last decision, unless a person has let the title be tried again since.
    pub fn holding(self) -> Option<&'a Decision> {
        let decision = self.decision?;
        let is_overruled = self.row.is_some_and(|row| {
            row.status == LedgerStatus::Planned && row.last_synced > decision.decided_at
        });
        (!is_overruled).then_some(decision)
    }

    /// Where it is on its way; none while nothing was decided, nor asked.
    pub fn status(self) -> Option<ItemStatus> {
        let ledger = self.row.map(|row| row.status);
        let kind = self.holding().map(|decision| decision.decision);
        match (ledger, kind) {
            (
                None
                | Some(
                    LedgerStatus::Planned
                    | LedgerStatus::Requested
                    | LedgerStatus::Adopted
                    | LedgerStatus::Available,
                ),
                Some(DecisionKind::Wait),
            ) => Some(ItemStatus::Waiting),
            (None | Some(LedgerStatus::Planned), Some(DecisionKind::Skip)) => {
                Some(ItemStatus::Skipped)
            }
            (ledger, _) => ledger.map(ItemStatus::from),
        }
    }

    /// Why, in words.
    pub fn reason(self) -> Option<&'a str> {
        let of_ledger = self.row.map(|row| row.reason.as_str());
        match self.holding() {
            Some(decision) if self.is_told_by(decision) => Some(&decision.reason),
            _ => of_ledger,
        }
    }

    /// What would change it, as a sentence.
    pub fn remedy(self) -> Option<&'a str> {
        let decision = self.holding()?;
        let is_of_it =
            self.is_told_by(decision) || self.row.is_some_and(|row| row.reason == decision.reason);
        decision.remedy.as_deref().filter(|_| is_of_it)
    }

    /// Whether the decision, and not the ledger, says why.
    fn is_told_by(self, decision: &Decision) -> bool {
        let is_skipped = self.status() == Some(ItemStatus::Skipped);
        decision.decision == DecisionKind::Wait || is_skipped
    }

    /// Until when it waits; none where every run looks at it anew, and where it does not wait.
    pub fn until(
        self,
        facts: Option<&TitleFacts>,
        season: Option<i32>,
        now: NaiveDateTime,
    ) -> Option<NaiveDateTime> {
        let status = self.status()?;
        if !matches!(status, ItemStatus::Waiting | ItemStatus::Failed) {
            return None;
        }
        let retry_at = self.row.and_then(|row| row.retry_at);
        if let Some(retry_at) = retry_at.filter(|at| *at > now) {
            return Some(retry_at);
        }
        let airs = self
            .holding()
            .is_some_and(|decision| decision.reason.contains(NOT_AIRED));
        let next = facts.filter(|_| airs)?.next_after(now.date(), season)?;
        Some(next.and_time(NaiveTime::MIN))
    }
}

impl ItemStatus {
    /// Whether who asks for this status means a title that stands so. Beside those that have it,
    /// `waiting` means what failed and is tried again, and whatever else a decision lets wait;
    /// `skipped` all for which it was decided to do nothing.
    pub fn includes(self, standing: Standing<'_>) -> bool {
        let kind = standing.holding().map(|decision| decision.decision);
        match self {
            Self::Waiting => {
                kind == Some(DecisionKind::Wait) || standing.status() == Some(ItemStatus::Failed)
            }
            Self::Skipped => kind == Some(DecisionKind::Skip),
            _ => standing.status() == Some(self),
        }
    }
}

impl TitleFacts {
    /// When the next season that has not aired by `today` begins, or that of them.
    fn next_after(&self, today: NaiveDate, season: Option<i32>) -> Option<NaiveDate> {
        let seasons = self.seasons.iter();
        seasons
            .filter(|one| season.is_none_or(|season| one.season == season))
            .filter_map(|one| one.airs_on)
            .filter(|day| *day > today)
            .min()
    }
}
