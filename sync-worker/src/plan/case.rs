//! One title as the rules see it: what is known of it in the one quality that is asked for, and whose
//! requests are whose. Leaves what follows from it to the rules.

use chrono::NaiveDateTime;
use schema::models::{LedgerSeason, LedgerStatus, MediaType, SeasonState, SyncedItem, TitleFacts};

use super::{Decided, Known, SeasonsWanted, Situation, Verdict, Wish};
use crate::target::{MediaStatus, RequestStatus, SeasonRow, TargetRequest};

/// One title in one quality.
pub(super) struct Case<'a> {
    pub(super) wish: &'a Wish,
    pub(super) ledger: Option<&'a SyncedItem>,
    /// Seasons that the target has shown in a request of ours, or had nothing left of.
    pub(super) asked: &'a [LedgerSeason],
    /// What the target has of the title in this quality.
    pub(super) status: MediaStatus,
    /// What it has of it in the other quality.
    status_otherwise: MediaStatus,
    is_asked_otherwise: bool,
    /// Whether the target has handed it on to what fetches it, in this quality.
    pub(super) is_handed_on: bool,
    library: &'a [SeasonRow],
    /// Requests in this quality, the newest first.
    pub(super) requests: Vec<&'a TargetRequest>,
    pub(super) facts: Option<&'a TitleFacts>,
    /// When the no was said that the target shows now, if it tells.
    pub(super) refused_at: Option<NaiveDateTime>,
    pub(super) situation: Situation<'a>,
}

impl<'a> Case<'a> {
    pub(super) fn new(wish: &'a Wish, known: Known<'a>, situation: Situation<'a>) -> Self {
        let status = known.media.map(|row| {
            if wish.is_4k {
                row.status_4k
            } else {
                row.status
            }
        });
        let is_about_it = |request: &&TargetRequest| {
            request.is_4k == wish.is_4k && request.media_type == wish.media_type
        };
        Self {
            wish,
            ledger: known.ledger,
            asked: known.seasons,
            status: status.unwrap_or_default(),
            status_otherwise: known
                .media
                .map(|row| {
                    if wish.is_4k {
                        row.status
                    } else {
                        row.status_4k
                    }
                })
                .unwrap_or_default(),
            is_asked_otherwise: known.is_asked_otherwise,
            is_handed_on: known.media.is_some_and(|row| {
                if wish.is_4k {
                    row.is_handed_on_4k
                } else {
                    row.is_handed_on
                }
            }),
            library: known.media.map_or(&[], |row| &row.seasons),
            requests: known.requests.iter().filter(is_about_it).collect(),
            facts: known.facts,
            refused_at: known.refused_at,
            situation,
        }
    }

    /// Why the target would forget something else with this request: with the last request of a quality
    /// it takes both for not there at all, as far as neither a request nor the whole of it is.
    pub(super) fn would_forget(&self) -> Option<String> {
        let is_last = self.requests.len() == 1 && !self.is_asked_otherwise;
        let is_forgotten = matches!(
            self.status_otherwise,
            MediaStatus::Pending | MediaStatus::Processing | MediaStatus::Partial
        );
        (is_last && is_forgotten).then(|| {
            format!(
                "{} has something of it in {}, and would forget that with its only request",
                self.target(),
                if self.wish.is_4k {
                    "standard quality"
                } else {
                    "4K"
                }
            )
        })
    }

    /// What people call the target.
    pub(super) fn target(&self) -> &'a str {
        self.situation.target
    }

    pub(super) fn is_movie(&self) -> bool {
        self.wish.media_type == MediaType::Movie
    }

    pub(super) fn ledger_status(&self) -> Option<LedgerStatus> {
        self.ledger.map(|row| row.status)
    }

    /// The seasons the library has in this quality, with what it has of each.
    pub(super) fn library(&self) -> impl Iterator<Item = (i32, MediaStatus)> + '_ {
        self.library.iter().map(|row| {
            let status = if self.wish.is_4k {
                row.status_4k
            } else {
                row.status
            };
            (row.season, status)
        })
    }

    /// Whether something of the season is in the library or on its way there.
    pub(super) fn is_there(&self, season: i32) -> bool {
        self.library()
            .any(|(number, status)| number == season && is_something(status))
    }

    /// Whether the lists want the season, if it exists.
    pub(super) fn wants(&self, season: i32) -> bool {
        match &self.wish.seasons {
            SeasonsWanted::All => season > 0,
            SeasonsWanted::Some(named) => named.0.contains(&season),
        }
    }

    /// Whether the request is one that we made and that the target has shown since.
    pub(super) fn is_ours(&self, request: &TargetRequest) -> bool {
        let id = Some(request.id);
        let is_last = self
            .ledger
            .is_some_and(|row| row.created_by_us && row.request_id == id);
        is_last
            || self
                .asked
                .iter()
                .any(|season| season.state == SeasonState::Requested && season.request_id == id)
    }

    /// The last request we made, if the target still has it.
    pub(super) fn our_newest(&self) -> Option<&'a TargetRequest> {
        self.requests
            .iter()
            .copied()
            .find(|request| self.is_ours(request))
    }

    /// The last of our requests that is neither declined nor done.
    pub(super) fn our_live(&self) -> Option<&'a TargetRequest> {
        self.requests
            .iter()
            .copied()
            .find(|request| is_live(request) && self.is_ours(request))
    }

    /// The newest request that is neither declined nor done.
    pub(super) fn newest_live(&self) -> Option<&'a TargetRequest> {
        self.requests
            .iter()
            .copied()
            .find(|request| is_live(request))
    }

    /// Keeps the ledger row as it is.
    pub(super) fn keep(row: &SyncedItem, reason: impl Into<String>) -> Decided {
        let verdict = Verdict::Skip {
            status: row.status,
            request_id: row.request_id,
            created_by_us: row.created_by_us,
        };
        Decided::new(verdict, reason)
    }

    /// The ledger says `status` from now on.
    pub(super) fn skip(status: LedgerStatus, reason: impl Into<String>) -> Decided {
        let verdict = Verdict::Skip {
            status,
            request_id: None,
            created_by_us: false,
        };
        Decided::new(verdict, reason)
    }

    /// The ledger says `status` from now on, because of `request`.
    pub(super) fn skip_request(
        &self,
        status: LedgerStatus,
        request: &TargetRequest,
        reason: impl Into<String>,
    ) -> Decided {
        let verdict = Verdict::Skip {
            status,
            request_id: Some(request.id),
            created_by_us: self.is_ours(request),
        };
        Decided::new(verdict, reason)
    }
}

/// Whether a title or a season in this state is in the library or on its way there. A state of a later
/// version counts as something, so that nothing is asked for because of it.
pub(super) fn is_something(status: MediaStatus) -> bool {
    !matches!(status, MediaStatus::Unknown | MediaStatus::Deleted)
}

/// Whether the request still holds what it asks for: a second one for the same would be refused, or
/// would be one too many. One that was refused further on counts: only sending it on again helps.
pub(super) fn is_live(request: &TargetRequest) -> bool {
    !matches!(
        request.status,
        RequestStatus::Declined | RequestStatus::Completed
    )
}

/// Whether the request may still be carried out without anybody doing anything about it.
pub(super) fn is_going(request: &TargetRequest) -> bool {
    is_live(request) && request.status != RequestStatus::Failed
}
