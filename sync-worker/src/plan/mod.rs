//! What to do with one title: a pure function of the wish, our ledger and what the target shows.
//!
//! Every outcome carries its reason in words, which is what `decisions`, reports and people see.
//! Leaves carrying it out to `run::apply`.

use std::time::Duration;

use chrono::NaiveDateTime;
use schema::models::{LedgerStatus, ListId, MediaType, SyncedItem, TitleRef};

use crate::target::{MediaRow, MediaStatus, RequestStatus, TargetRequest};

/// One title in one quality that at least one list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The title.
    pub(crate) title: TitleRef,
    /// Movie or show.
    pub(crate) media_type: MediaType,
    /// TMDB's number.
    pub(crate) tmdb_id: i64,
    /// Its name, for people.
    pub(crate) name: String,
    /// Its year, for people.
    pub(crate) year: Option<i32>,
    /// `tt…`, where a list gave it.
    pub(crate) imdb_id: Option<String>,
    /// The quality.
    pub(crate) is_4k: bool,
    /// In whose name to ask: the first asking list's user.
    pub(crate) requested_as: i32,
    /// Lists that ask for it, the first first.
    pub(crate) lists: Vec<ListId>,
    /// The same in words: `imdb:top, stevenlu:movies`.
    pub(crate) sources: String,
    /// When it last came back onto one of them after having left.
    pub(crate) returned_at: Option<NaiveDateTime>,
}

/// What is known of a wish before deciding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    /// Our own record.
    pub(crate) ledger: Option<&'a SyncedItem>,
    /// The target's record of the title.
    pub(crate) media: Option<&'a MediaRow>,
    /// The target's requests for it in this quality, the newest first.
    pub(crate) requests: &'a [TargetRequest],
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Ask for it.
    Request {
        /// Why.
        reason: String,
    },
    /// Nothing; the ledger says `status` from now on.
    Skip {
        /// Where the title is.
        status: LedgerStatus,
        /// Why.
        reason: String,
        /// The target's request, where that is the reason.
        request_id: Option<i32>,
        /// Whether that request is ours.
        created_by_us: bool,
    },
    /// Nothing now, and nothing to record.
    Wait {
        /// Why.
        reason: String,
    },
    /// A request was sent and nobody knows its end; look again at `until`, then decide anew.
    Settle {
        /// When the target can no longer be working on it.
        until: NaiveDateTime,
    },
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

/// Repetitions of a request with an unknown end that follow each other without a longer pause.
const QUICK_REPETITIONS: i32 = 2;

/// Decides on `wish`.
pub(crate) fn decide(
    wish: &Wish,
    known: Known<'_>,
    now: NaiveDateTime,
    patience: Patience,
) -> Verdict {
    let status = known.media.map_or(MediaStatus::Unknown, |row| {
        if wish.is_4k {
            row.status_4k
        } else {
            row.status
        }
    });
    let unsettled = known
        .ledger
        .filter(|row| row.status == LedgerStatus::Requesting)
        .and_then(|row| unsettled(wish, row, known.requests, status, now, patience));
    if let Some(verdict) = unsettled {
        return verdict;
    }
    let newest = known.requests.first();
    match status {
        MediaStatus::Blocklisted => {
            return skip(LedgerStatus::Blocklisted, "it is on Seerr's block list");
        }
        MediaStatus::Available => return skip(LedgerStatus::Available, "it is in the library"),
        // Seerr keeps calling it deleted while a new request for it is under way.
        MediaStatus::Deleted if !newest.is_some_and(is_live) => {
            return refused(wish, known.ledger, LedgerStatus::Deleted, None, now);
        }
        MediaStatus::Other(number) => {
            return wait(format!(
                "Seerr reports a state this version does not know ({number})"
            ));
        }
        MediaStatus::Partial if wish.media_type == MediaType::Movie => {
            return skip(LedgerStatus::Available, "it is in the library in part");
        }
        MediaStatus::Unknown
        | MediaStatus::Pending
        | MediaStatus::Processing
        | MediaStatus::Partial
        | MediaStatus::Deleted => {}
    }
    let ours = known.ledger.and_then(|row| ours(row, known.requests));
    if let Some(ours) = ours {
        return match ours.status {
            RequestStatus::Declined => {
                refused(wish, known.ledger, LedgerStatus::Declined, Some(ours), now)
            }
            RequestStatus::Failed => skip_request(
                LedgerStatus::Requested,
                "Radarr or Sonarr refused the request; it can be retried in Seerr",
                ours,
                true,
            ),
            _ => skip_request(
                LedgerStatus::Requested,
                "we have requested it already",
                ours,
                true,
            ),
        };
    }
    match newest {
        Some(newest) if newest.status == RequestStatus::Declined => refused(
            wish,
            known.ledger,
            LedgerStatus::Declined,
            Some(newest),
            now,
        ),
        Some(newest) => elsewhere(wish, known.ledger, newest, now),
        None => match known.ledger {
            Some(row) => without_trace(wish, row, status, now),
            None if status == MediaStatus::Processing && wish.media_type == MediaType::Movie => {
                skip(LedgerStatus::Adopted, "Seerr is getting it already")
            }
            None => request(&format!("it is on {} and not in Seerr", wish.sources)),
        },
    }
}

fn is_live(request: &TargetRequest) -> bool {
    matches!(
        request.status,
        RequestStatus::Pending | RequestStatus::Approved
    )
}

/// The request that the ledger names as ours.
fn ours<'a>(row: &SyncedItem, requests: &'a [TargetRequest]) -> Option<&'a TargetRequest> {
    let id = row.request_id.filter(|_| row.created_by_us)?;
    requests.iter().find(|request| request.id == id)
}

/// A row that was being sent when its process ended, or whose answer never came.
fn unsettled(
    wish: &Wish,
    row: &SyncedItem,
    requests: &[TargetRequest],
    status: MediaStatus,
    now: NaiveDateTime,
    patience: Patience,
) -> Option<Verdict> {
    // What was there before we sent is not ours, nor what another user made since.
    let is_ours = |request: &&TargetRequest| match row.request_id {
        Some(id) => request.id == id,
        None => {
            row.request_after.is_none_or(|before| request.id > before)
                && (request.requested_by.is_none()
                    || row.asked_as_user.is_none()
                    || request.requested_by == row.asked_as_user)
        }
    };
    if let Some(ours) = requests.iter().find(is_ours) {
        if ours.status == RequestStatus::Declined {
            return Some(skip_request(
                LedgerStatus::Declined,
                "its request was declined",
                ours,
                true,
            ));
        }
        return Some(skip_request(
            LedgerStatus::Requested,
            "we have requested it",
            ours,
            true,
        ));
    }
    if matches!(status, MediaStatus::Available | MediaStatus::Blocklisted)
        || wish.media_type == MediaType::Movie && requests.iter().any(is_live)
    {
        return None;
    }
    if row.request_id.is_some() {
        return Some(request("Seerr confirmed our request and does not have it"));
    }
    let sent_at = row.requesting_since.unwrap_or(row.last_synced);
    // A sender of before this process was gone when it started, and had given up before that.
    let lost_at = if sent_at < patience.started_at {
        patience.started_at.min(later(sent_at, patience.timeout))
    } else {
        sent_at
    };
    let until = later(lost_at, patience.settle);
    if now < until {
        return Some(Verdict::Settle { until });
    }
    let again_at = later(lost_at, pause_before_repeating(row.attempts));
    if now < again_at {
        return Some(wait(format!(
            "{} requests for it ended without an answer; tried again after {}",
            row.attempts,
            again_at.format("%F %R UTC")
        )));
    }
    Some(request("our first request left no trace in Seerr"))
}

/// None for the first repetitions, then an hour, two, four … up to a day.
fn pause_before_repeating(attempts: i32) -> Duration {
    match u32::try_from(attempts - QUICK_REPETITIONS) {
        Ok(beyond @ 1..) => {
            Duration::from_hours(1 << (beyond - 1).min(5)).min(Duration::from_hours(24))
        }
        _ => Duration::ZERO,
    }
}

fn later(moment: NaiveDateTime, by: Duration) -> NaiveDateTime {
    chrono::Duration::from_std(by)
        .ok()
        .and_then(|by| moment.checked_add_signed(by))
        .unwrap_or(NaiveDateTime::MAX)
}

/// A person said no: final until the entry has left its list and come back since.
fn refused(
    wish: &Wish,
    ledger: Option<&SyncedItem>,
    no: LedgerStatus,
    declined: Option<&TargetRequest>,
    now: NaiveDateTime,
) -> Verdict {
    let refused_at = ledger.and_then(|row| row.refused_at);
    let is_wanted_anew =
        refused_at.is_some_and(|refused_at| wish.returned_at.is_some_and(|at| at > refused_at));
    if is_wanted_anew {
        if let Some(waits) = ledger.and_then(|row| waits(row, now)) {
            return waits;
        }
        return request("it was put on the list again after a person had said no to it");
    }
    match declined {
        Some(request) => {
            let by_us =
                ledger.is_some_and(|row| row.created_by_us && row.request_id == Some(request.id));
            skip_request(no, "its request was declined", request, by_us)
        }
        None => skip(no, "it was deleted from the library"),
    }
}

/// A failed request whose time to be repeated has not come.
fn waits(row: &SyncedItem, now: NaiveDateTime) -> Option<Verdict> {
    let retry_at = row
        .retry_at
        .filter(|retry_at| row.status == LedgerStatus::Failed && now < *retry_at)?;
    Some(wait(format!(
        "{}; tried again after {}",
        row.reason,
        retry_at.format("%F %R UTC")
    )))
}

/// Somebody else's request.
fn elsewhere(
    wish: &Wish,
    ledger: Option<&SyncedItem>,
    newest: &TargetRequest,
    now: NaiveDateTime,
) -> Verdict {
    let is_undecided = ledger.is_none_or(|row| {
        matches!(
            row.status,
            LedgerStatus::Planned | LedgerStatus::Failed | LedgerStatus::Requesting
        )
    });
    match ledger {
        // Radarr and Sonarr are asked by Seerr once; a person has to look why they refused.
        _ if newest.status == RequestStatus::Failed => skip_request(
            LedgerStatus::Adopted,
            "Radarr or Sonarr refused the request; it can be retried in Seerr",
            newest,
            false,
        ),
        _ if wish.media_type == MediaType::Tv && is_undecided => {
            ledger.and_then(|row| waits(row, now)).unwrap_or_else(|| {
                request("somebody asked for seasons of it; we ask for those that are left")
            })
        }
        Some(row) if row.status == LedgerStatus::Adopted => keep(row),
        _ => skip_request(
            LedgerStatus::Adopted,
            "somebody else has requested it",
            newest,
            false,
        ),
    }
}

/// The target shows no request; our ledger has a row.
fn without_trace(
    wish: &Wish,
    row: &SyncedItem,
    status: MediaStatus,
    now: NaiveDateTime,
) -> Verdict {
    let is_coming = matches!(status, MediaStatus::Processing | MediaStatus::Partial);
    match row.status {
        LedgerStatus::Planned | LedgerStatus::Requesting => {
            request(&format!("it is on {} and not in Seerr", wish.sources))
        }
        LedgerStatus::Failed => {
            waits(row, now).unwrap_or_else(|| request("its last request failed and is repeated"))
        }
        LedgerStatus::Adopted if !is_coming => {
            request("the request somebody else had made is gone")
        }
        LedgerStatus::Adopted | LedgerStatus::FailedPermanent => keep(row),
        LedgerStatus::Requested if is_coming => keep(row),
        LedgerStatus::Requested | LedgerStatus::Available => {
            skip(LedgerStatus::Deleted, "somebody removed it from Seerr")
        }
        LedgerStatus::Declined | LedgerStatus::Blocklisted | LedgerStatus::Deleted => {
            match row.refused_at {
                Some(refused_at) if wish.returned_at.is_some_and(|at| at > refused_at) => {
                    request("it was put on the list again after a person had said no to it")
                }
                _ => keep(row),
            }
        }
    }
}

fn request(reason: &str) -> Verdict {
    Verdict::Request {
        reason: reason.to_owned(),
    }
}

fn wait(reason: String) -> Verdict {
    Verdict::Wait { reason }
}

fn keep(row: &SyncedItem) -> Verdict {
    Verdict::Skip {
        status: row.status,
        reason: row.reason.clone(),
        request_id: row.request_id,
        created_by_us: row.created_by_us,
    }
}

fn skip(status: LedgerStatus, reason: &str) -> Verdict {
    Verdict::Skip {
        status,
        reason: reason.to_owned(),
        request_id: None,
        created_by_us: false,
    }
}

fn skip_request(
    status: LedgerStatus,
    reason: &str,
    request: &TargetRequest,
    ours: bool,
) -> Verdict {
    Verdict::Skip {
        status,
        reason: reason.to_owned(),
        request_id: Some(request.id),
        created_by_us: ours,
    }
}

#[cfg(test)]
mod tests;
