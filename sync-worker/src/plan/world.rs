//! One title with everything around it, for tests: what the rules are shown, and what becomes of ledger
//! and target when a decision is carried out.

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use schema::models::{
    LedgerSeason, LedgerStatus, ListId, MediaType, RunId, SeasonNumbers, SeasonState, SyncedItem,
    TitleFacts, TitleRef,
};

use super::{
    Consent, Decided, Known, Patience, SeasonsWanted, Situation, Verdict, Wish, decide, undo,
};
use crate::target::{MediaRow, MediaStatus, RequestStatus, TargetRequest};

/// The title of all tests.
pub(super) const TMDB_ID: i64 = 603;

/// Minutes after the beginning of the tests' time.
pub(super) fn at(minute: i64) -> NaiveDateTime {
    chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
        .unwrap()
        .naive_utc()
}

/// The day of [`at`].
pub(super) fn today() -> NaiveDate {
    at(0).date()
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) wish: Wish,
    pub(super) ledger: Option<SyncedItem>,
    pub(super) asked: Vec<LedgerSeason>,
    pub(super) media: Option<MediaRow>,
    pub(super) requests: Vec<TargetRequest>,
    pub(super) facts: Option<TitleFacts>,
    pub(super) refused_at: Option<NaiveDateTime>,
    pub(super) has_4k_server: bool,
    /// The request of run 12 that is to be undone; absent where the lists are followed.
    pub(super) undoes: Option<i32>,
    pub(super) now: NaiveDateTime,
}

impl World {
    pub(super) fn new(media_type: MediaType) -> Self {
        Self {
            wish: wish(media_type),
            ledger: None,
            asked: Vec::new(),
            media: None,
            requests: Vec::new(),
            facts: None,
            refused_at: None,
            has_4k_server: true,
            undoes: None,
            now: at(20),
        }
    }

    pub(super) fn decide(&self) -> Decided {
        let known = Known {
            ledger: self.ledger.as_ref(),
            seasons: &self.asked,
            media: self.media.as_ref(),
            requests: &self.requests,
            is_asked_otherwise: self
                .requests
                .iter()
                .any(|request| request.is_4k != self.wish.is_4k),
            facts: self.facts.as_ref(),
            refused_at: self.refused_at,
        };
        let situation = Situation {
            now: self.now,
            began_at: at(18),
            today: today(),
            target: "Seerr",
            has_4k_movies: self.has_4k_server,
            has_4k_shows: self.has_4k_server,
            patience: Patience {
                timeout: Duration::from_mins(1),
                settle: Duration::from_mins(2),
                started_at: at(12),
            },
        };
        match self.undoes {
            Some(request_id) => undo(&self.wish, known, situation, (RunId(12), request_id)),
            None => decide(&self.wish, known, situation),
        }
    }

    /// What ledger and target say after the decision was carried out without a hitch.
    pub(super) fn carry_out(&mut self, decided: &Decided) {
        let mut row = self.ledger.clone().unwrap_or_else(|| SyncedItem {
            attempts: 0,
            ..ledger(LedgerStatus::Planned)
        });
        row.last_synced = self.now;
        match &decided.verdict {
            Verdict::Request { seasons } => self.request(&mut row, seasons.as_ref()),
            Verdict::Retry {
                request_id,
                is_ours,
            } => {
                self.set_status(*request_id, RequestStatus::Approved);
                row.status = if *is_ours {
                    LedgerStatus::Requested
                } else {
                    LedgerStatus::Adopted
                };
                (row.request_id, row.created_by_us) = (Some(*request_id), *is_ours);
                row.attempts += 1;
                row.retry_at = Some(self.now + chrono::Duration::hours(1));
            }
            Verdict::Withdraw { request_id } => {
                self.requests.retain(|request| request.id != *request_id);
                if self.requests.is_empty() {
                    self.media = None;
                }
                row.status = LedgerStatus::Withdrawn;
                (row.request_id, row.created_by_us) = (Some(*request_id), true);
                row.refused_at = Some(self.now);
            }
            Verdict::Skip {
                status,
                request_id,
                created_by_us,
            } => {
                let said_at = self.refused_at.unwrap_or(self.now);
                skipped(&mut row, *status, *request_id, *created_by_us, said_at);
            }
            Verdict::PutOff { attempts } => {
                row.status = LedgerStatus::Failed;
                row.attempts = *attempts;
                row.retry_at = Some(self.now + chrono::Duration::hours(1));
            }
            Verdict::Review => row.status = LedgerStatus::FailedPermanent,
            Verdict::Wait | Verdict::Settle { .. } | Verdict::AskFacts => return,
        }
        row.reason.clone_from(&decided.reason);
        self.ledger = Some(row);
        self.record_ours();
    }

    /// The seasons of the request that the ledger names as ours are in the ledger, too.
    pub(super) fn record_ours(&mut self) {
        let id = self
            .ledger
            .as_ref()
            .filter(|row| row.created_by_us)
            .and_then(|row| row.request_id);
        let ours = self.requests.iter().find(|request| Some(request.id) == id);
        for season in ours.map_or(Vec::new(), |ours| ours.seasons.clone()) {
            self.asked.retain(|asked| asked.season != season);
            self.asked
                .push(recorded(season, id, SeasonState::Requested));
        }
    }

    fn request(&mut self, row: &mut SyncedItem, seasons: Option<&SeasonNumbers>) {
        let newest = self.requests.iter().map(|request| request.id).max();
        let id = newest
            .max(row.request_id)
            .max(row.request_after)
            .unwrap_or(0)
            + 1;
        let request = TargetRequest {
            id,
            media_type: self.wish.media_type,
            tmdb_id: TMDB_ID,
            is_4k: self.wish.is_4k,
            status: RequestStatus::Approved,
            requested_by: Some(self.wish.requested_as),
            seasons: seasons
                .iter()
                .flat_map(|seasons| seasons.0.clone())
                .collect(),
        };
        self.requests.insert(0, request);
        let is_4k = self.wish.is_4k;
        let media = self
            .media
            .get_or_insert_with(|| media(MediaStatus::Unknown));
        let status = if is_4k {
            &mut media.status_4k
        } else {
            &mut media.status
        };
        if matches!(status, MediaStatus::Unknown | MediaStatus::Pending) {
            *status = MediaStatus::Processing;
        }
        row.status = LedgerStatus::Requested;
        (row.request_id, row.created_by_us) = (Some(id), true);
        (row.attempts, row.retry_at, row.requesting_since) = (0, None, None);
        (row.refused_at, row.requested_at) = (None, Some(self.now));
    }

    pub(super) fn set_status(&mut self, request_id: i32, status: RequestStatus) {
        for request in &mut self.requests {
            if request.id == request_id {
                request.status = status;
            }
        }
    }
}

fn skipped(
    row: &mut SyncedItem,
    status: LedgerStatus,
    request_id: Option<i32>,
    is_ours: bool,
    said_at: NaiveDateTime,
) {
    let is_no = matches!(
        status,
        LedgerStatus::Declined | LedgerStatus::Deleted | LedgerStatus::Blocklisted
    );
    if is_no && (row.refused_at.is_none() || row.status != status) {
        row.refused_at = Some(said_at.min(row.last_synced));
    }
    if status == LedgerStatus::Requested && is_ours {
        row.refused_at = None;
    }
    row.status = status;
    if request_id.is_some() {
        (row.request_id, row.created_by_us) = (request_id, is_ours);
    }
    row.requesting_since = None;
}

pub(super) fn wish(media_type: MediaType) -> Wish {
    Wish {
        title: TitleRef(1),
        media_type,
        tmdb_id: TMDB_ID,
        name: "The Matrix".into(),
        year: Some(1999),
        imdb_id: None,
        is_4k: false,
        seasons: SeasonsWanted::All,
        requested_as: 2,
        lists: vec![ListId(1)],
        sources: "imdb:top".into(),
        returned_at: None,
        wanted_since: Some(at(0)),
        withdraws: false,
        is_wanted_elsewhere: false,
        consent: Consent::Given,
    }
}

pub(super) fn ledger(status: LedgerStatus) -> SyncedItem {
    SyncedItem {
        id: 41,
        target: "seerr".into(),
        title: "The Matrix".into(),
        year: Some(1999),
        media_type: MediaType::Movie,
        tmdb_id: TMDB_ID,
        imdb_id: None,
        is_4k: false,
        overseerr_id: None,
        status,
        reason: "as recorded".into(),
        provider_source: "imdb:top".into(),
        request_id: None,
        created_by_us: false,
        asked_as_user: None,
        run: None,
        attempts: 1,
        retry_at: None,
        requesting_since: None,
        request_after: None,
        refused_at: None,
        last_synced: at(10),
        error_message: None,
        requested_at: None,
    }
}

pub(super) fn media(status: MediaStatus) -> MediaRow {
    MediaRow {
        status,
        status_4k: MediaStatus::Unknown,
        is_handed_on: false,
        is_handed_on_4k: false,
        seasons: Box::default(),
    }
}

pub(super) fn recorded(season: i32, request_id: Option<i32>, state: SeasonState) -> LedgerSeason {
    LedgerSeason {
        item: 41,
        season,
        request_id,
        state,
    }
}
