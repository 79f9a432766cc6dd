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
mod tests {
    use super::*;
    use crate::target::{MediaRow, MediaStatus as M, RequestStatus as R};
    use schema::models::LedgerStatus as L;

    fn patience() -> Patience {
        Patience {
            timeout: Duration::from_mins(1),
            settle: Duration::from_mins(2),
            started_at: at(12),
        }
    }

    fn at(minute: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + minute * 60, 0)
            .unwrap()
            .naive_utc()
    }

    fn wish(media_type: MediaType) -> Wish {
        Wish {
            title: TitleRef(1),
            media_type,
            tmdb_id: 603,
            name: "The Matrix".into(),
            year: Some(1999),
            imdb_id: None,
            is_4k: false,
            requested_as: 1,
            lists: vec![ListId(1)],
            sources: "imdb:top".into(),
            returned_at: None,
        }
    }

    fn ledger(status: L) -> SyncedItem {
        SyncedItem {
            id: 1,
            target: "seerr".into(),
            title: "The Matrix".into(),
            year: Some(1999),
            media_type: MediaType::Movie,
            tmdb_id: 603,
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
        }
    }

    fn media(status: M) -> MediaRow {
        MediaRow {
            id: 5,
            status,
            status_4k: M::Unknown,
        }
    }

    fn asked_for(id: i32, status: R) -> TargetRequest {
        TargetRequest {
            id,
            media_type: MediaType::Movie,
            tmdb_id: 603,
            is_4k: false,
            status,
            requested_by: Some(2),
            seasons: vec![],
        }
    }

    fn verdict(ledger: Option<&SyncedItem>, status: M, requests: &[TargetRequest]) -> Verdict {
        let row = media(status);
        let media = (status != M::Unknown).then_some(&row);
        decide(
            &wish(MediaType::Movie),
            Known {
                ledger,
                media,
                requests,
            },
            at(20),
            patience(),
        )
    }

    fn status_of(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Request { .. } => "request",
            Verdict::Skip { status, .. } => status.as_str(),
            Verdict::Wait { .. } => "wait",
            Verdict::Settle { .. } => "settle",
        }
    }

    #[test]
    fn a_title_nobody_knows_is_requested() {
        assert_eq!(
            verdict(None, M::Unknown, &[]),
            request("it is on imdb:top and not in Seerr")
        );
    }

    #[test]
    fn what_the_target_shows_of_a_new_title_decides() {
        let cases = [
            (M::Pending, None, "request"),
            (M::Processing, None, "adopted"),
            (M::Partial, None, "available"),
            (M::Available, None, "available"),
            (M::Blocklisted, None, "blocklisted"),
            (M::Deleted, None, "deleted"),
            (M::Other(9), None, "wait"),
            (M::Pending, Some(R::Pending), "adopted"),
            (M::Processing, Some(R::Approved), "adopted"),
            (M::Processing, Some(R::Failed), "adopted"),
            (M::Unknown, Some(R::Declined), "declined"),
            (M::Unknown, Some(R::Completed), "adopted"),
        ];
        for (status, newest, expected) in cases {
            let requests: Vec<_> = newest
                .map(|status| asked_for(7, status))
                .into_iter()
                .collect();
            assert_eq!(
                status_of(&verdict(None, status, &requests)),
                expected,
                "{status:?} {newest:?}"
            );
        }
    }

    #[test]
    fn a_request_of_ours_is_told_from_somebody_elses() {
        let row = SyncedItem {
            request_id: Some(7),
            created_by_us: true,
            ..ledger(L::Requested)
        };
        let ours = verdict(Some(&row), M::Processing, &[asked_for(7, R::Approved)]);
        assert!(matches!(
            ours,
            Verdict::Skip {
                status: L::Requested,
                created_by_us: true,
                ..
            }
        ));
        let theirs = verdict(Some(&row), M::Processing, &[asked_for(8, R::Approved)]);
        assert!(matches!(
            theirs,
            Verdict::Skip {
                status: L::Adopted,
                created_by_us: false,
                ..
            }
        ));
    }

    #[test]
    fn a_person_s_no_is_final_until_the_entry_has_left_and_come_back() {
        for no in [L::Declined, L::Deleted, L::Blocklisted] {
            let row = SyncedItem {
                refused_at: Some(at(10)),
                ..ledger(no)
            };
            assert_eq!(
                status_of(&verdict(Some(&row), M::Unknown, &[])),
                no.as_str()
            );
            let mut anew = wish(MediaType::Movie);
            anew.returned_at = Some(at(15));
            let known = Known {
                ledger: Some(&row),
                media: None,
                requests: &[],
            };
            assert_eq!(
                status_of(&decide(&anew, known, at(20), patience())),
                "request",
                "{no}"
            );
        }
    }

    #[test]
    fn a_second_list_with_the_title_does_not_undo_a_person_s_no() {
        let row = SyncedItem {
            refused_at: Some(at(10)),
            ..ledger(L::Declined)
        };
        let requests = [asked_for(7, R::Declined)];
        let known = Known {
            ledger: Some(&row),
            media: None,
            requests: &requests,
        };
        // Another list has it since minute 15; it never left the first.
        let both = Wish {
            sources: "imdb:top, imdb:ls1".into(),
            ..wish(MediaType::Movie)
        };
        assert_eq!(
            status_of(&decide(&both, known, at(20), patience())),
            "declined"
        );
    }

    #[test]
    fn a_title_wanted_anew_stays_wanted_when_its_first_request_fails() {
        let anew = Wish {
            returned_at: Some(at(15)),
            ..wish(MediaType::Movie)
        };
        let requests = [asked_for(7, R::Declined)];
        for status in [L::Failed, L::Planned] {
            let row = SyncedItem {
                refused_at: Some(at(10)),
                ..ledger(status)
            };
            let known = Known {
                ledger: Some(&row),
                media: None,
                requests: &requests,
            };
            assert_eq!(
                status_of(&decide(&anew, known, at(20), patience())),
                "request",
                "{status}"
            );
        }
        let waits = SyncedItem {
            refused_at: Some(at(10)),
            retry_at: Some(at(30)),
            ..ledger(L::Failed)
        };
        let known = Known {
            ledger: Some(&waits),
            media: None,
            requests: &requests,
        };
        assert_eq!(status_of(&decide(&anew, known, at(20), patience())), "wait");
    }

    #[test]
    fn a_new_request_for_a_deleted_title_counts_although_seerr_calls_it_deleted() {
        let row = SyncedItem {
            request_id: Some(9),
            created_by_us: true,
            ..ledger(L::Requested)
        };
        let found = verdict(Some(&row), M::Deleted, &[asked_for(9, R::Pending)]);
        assert_eq!(status_of(&found), "requested");
    }

    #[test]
    fn a_later_request_of_somebody_else_does_not_hide_ours() {
        let row = SyncedItem {
            request_id: Some(7),
            created_by_us: true,
            ..ledger(L::Requested)
        };
        let requests = [asked_for(9, R::Pending), asked_for(7, R::Approved)];
        let found = verdict(Some(&row), M::Processing, &requests);
        assert!(matches!(
            found,
            Verdict::Skip {
                status: L::Requested,
                request_id: Some(7),
                ..
            }
        ));
    }

    #[test]
    fn a_request_that_was_there_before_ours_is_not_taken_for_it() {
        let row = SyncedItem {
            requesting_since: Some(at(19)),
            request_after: Some(7),
            asked_as_user: Some(2),
            ..ledger(L::Requesting)
        };
        let show = Wish {
            media_type: MediaType::Tv,
            ..wish(MediaType::Tv)
        };
        let old = [asked_for(7, R::Approved)];
        let known = Known {
            ledger: Some(&row),
            media: None,
            requests: &old,
        };
        assert_eq!(
            status_of(&decide(&show, known, at(20), patience())),
            "settle"
        );
        let with_ours = [asked_for(8, R::Pending), asked_for(7, R::Approved)];
        let known = Known {
            requests: &with_ours,
            ..known
        };
        assert_eq!(
            status_of(&decide(&show, known, at(20), patience())),
            "requested"
        );
        let other_user = SyncedItem {
            asked_as_user: Some(5),
            ..row.clone()
        };
        let known = Known {
            ledger: Some(&other_user),
            ..known
        };
        assert_eq!(
            status_of(&decide(&show, known, at(20), patience())),
            "settle"
        );
    }

    #[test]
    fn a_request_that_keeps_ending_without_an_answer_is_repeated_ever_more_rarely() {
        let row = |attempts| SyncedItem {
            requesting_since: Some(at(13)),
            attempts,
            ..ledger(L::Requesting)
        };
        assert_eq!(
            status_of(&verdict(Some(&row(2)), M::Unknown, &[])),
            "request"
        );
        assert_eq!(status_of(&verdict(Some(&row(3)), M::Unknown, &[])), "wait");
        let hours: Vec<u64> = (1..10)
            .map(|attempts| pause_before_repeating(attempts).as_secs() / 3600)
            .collect();
        assert_eq!(hours, [0, 0, 1, 2, 4, 8, 16, 24, 24]);
    }

    #[test]
    fn a_show_is_asked_for_again_when_the_first_try_did_not_get_through() {
        let requests = [TargetRequest {
            media_type: MediaType::Tv,
            ..asked_for(7, R::Approved)
        }];
        for status in [L::Planned, L::Failed] {
            let row = ledger(status);
            let known = Known {
                ledger: Some(&row),
                media: None,
                requests: &requests,
            };
            let found = decide(&wish(MediaType::Tv), known, at(20), patience());
            assert_eq!(status_of(&found), "request", "{status}");
        }
    }

    #[test]
    fn a_request_of_ours_that_a_person_removed_is_not_made_again() {
        let row = SyncedItem {
            request_id: Some(7),
            created_by_us: true,
            ..ledger(L::Requested)
        };
        assert_eq!(status_of(&verdict(Some(&row), M::Unknown, &[])), "deleted");
    }

    #[test]
    fn a_request_with_an_unknown_end_is_not_repeated_while_the_target_may_be_at_it() {
        let row = SyncedItem {
            requesting_since: Some(at(19)),
            ..ledger(L::Requesting)
        };
        assert_eq!(
            verdict(Some(&row), M::Unknown, &[]),
            Verdict::Settle { until: at(21) }
        );
        // A media row without a request is what a failed save leaves behind.
        assert_eq!(
            verdict(Some(&row), M::Pending, &[]),
            Verdict::Settle { until: at(21) }
        );
    }

    #[test]
    fn a_request_with_an_unknown_end_is_repeated_once_that_time_is_over() {
        let row = SyncedItem {
            requesting_since: Some(at(18)),
            ..ledger(L::Requesting)
        };
        assert_eq!(status_of(&verdict(Some(&row), M::Unknown, &[])), "request");
    }

    #[test]
    fn a_request_with_an_unknown_end_that_shows_up_is_ours() {
        let row = SyncedItem {
            requesting_since: Some(at(19)),
            ..ledger(L::Requesting)
        };
        let found = verdict(Some(&row), M::Pending, &[asked_for(7, R::Pending)]);
        assert!(matches!(
            found,
            Verdict::Skip {
                status: L::Requested,
                request_id: Some(7),
                created_by_us: true,
                ..
            }
        ));
    }

    #[test]
    fn a_confirmed_request_that_the_target_lost_is_repeated_at_once() {
        let row = SyncedItem {
            requesting_since: Some(at(20)),
            request_id: Some(7),
            ..ledger(L::Requesting)
        };
        assert_eq!(status_of(&verdict(Some(&row), M::Unknown, &[])), "request");
    }

    #[test]
    fn a_failed_request_waits_for_its_time() {
        let waits = SyncedItem {
            retry_at: Some(at(30)),
            ..ledger(L::Failed)
        };
        assert_eq!(status_of(&verdict(Some(&waits), M::Unknown, &[])), "wait");
        let due = SyncedItem {
            retry_at: Some(at(20)),
            ..ledger(L::Failed)
        };
        assert_eq!(status_of(&verdict(Some(&due), M::Unknown, &[])), "request");
    }

    #[test]
    fn a_show_somebody_asked_for_in_part_is_asked_for_once_more_and_then_left_alone() {
        let row = media(M::Processing);
        let requests = [TargetRequest {
            media_type: MediaType::Tv,
            ..asked_for(7, R::Approved)
        }];
        let known = Known {
            ledger: None,
            media: Some(&row),
            requests: &requests,
        };
        assert_eq!(
            status_of(&decide(&wish(MediaType::Tv), known, at(20), patience())),
            "request"
        );
        let adopted = ledger(L::Adopted);
        let known = Known {
            ledger: Some(&adopted),
            ..known
        };
        assert_eq!(
            status_of(&decide(&wish(MediaType::Tv), known, at(20), patience())),
            "adopted"
        );
    }

    #[test]
    fn qualities_are_decided_apart() {
        let row = MediaRow {
            id: 5,
            status: M::Unknown,
            status_4k: M::Available,
        };
        let known = Known {
            ledger: None,
            media: Some(&row),
            requests: &[],
        };
        assert_eq!(
            status_of(&decide(&wish(MediaType::Movie), known, at(20), patience())),
            "request"
        );
        let in_4k = Wish {
            is_4k: true,
            ..wish(MediaType::Movie)
        };
        assert_eq!(
            status_of(&decide(&in_4k, known, at(20), patience())),
            "available"
        );
    }
}
