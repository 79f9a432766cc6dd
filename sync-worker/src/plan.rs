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
    /// When it last came onto one of them.
    pub(crate) first_seen: NaiveDateTime,
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

/// Decides on `wish`. `settle` is the longest time a request may go on in the target after its
/// sender is gone.
pub(crate) fn decide(
    wish: &Wish,
    known: Known<'_>,
    now: NaiveDateTime,
    settle: Duration,
) -> Verdict {
    let status = known.media.map_or(MediaStatus::Unknown, |row| {
        if wish.is_4k {
            row.status_4k
        } else {
            row.status
        }
    });
    let newest = known.requests.first();
    // Answers "who asked" for a request that the target shows now.
    let ours = |request: &TargetRequest| {
        known.ledger.is_some_and(|row| {
            row.request_id == Some(request.id) && row.created_by_us
                || row.status == LedgerStatus::Requesting
        })
    };
    let unsettled = known
        .ledger
        .filter(|row| row.status == LedgerStatus::Requesting)
        .and_then(|row| unsettled(row, known.requests, status, now, settle));
    if let Some(verdict) = unsettled {
        return verdict;
    }
    match status {
        MediaStatus::Blocklisted => {
            return skip(LedgerStatus::Blocklisted, "it is on Seerr's block list");
        }
        MediaStatus::Available => return skip(LedgerStatus::Available, "it is in the library"),
        MediaStatus::Deleted => {
            return if is_wanted_anew(wish, known.ledger, LedgerStatus::Deleted) {
                request("it was put on the list again after it had been deleted")
            } else {
                skip(LedgerStatus::Deleted, "it was deleted from the library")
            };
        }
        MediaStatus::Other(number) => {
            return Verdict::Wait {
                reason: format!("Seerr reports a state this version does not know ({number})"),
            };
        }
        MediaStatus::Partial if wish.media_type == MediaType::Movie => {
            return skip(LedgerStatus::Available, "it is in the library in part");
        }
        MediaStatus::Unknown
        | MediaStatus::Pending
        | MediaStatus::Processing
        | MediaStatus::Partial => {}
    }
    if let Some(newest) = newest {
        return match newest.status {
            RequestStatus::Declined => {
                if is_wanted_anew(wish, known.ledger, LedgerStatus::Declined) {
                    request("it was put on the list again after its request had been declined")
                } else {
                    skip_request(
                        LedgerStatus::Declined,
                        "its request was declined",
                        newest,
                        ours(newest),
                    )
                }
            }
            RequestStatus::Failed => skip_request(
                asked(ours(newest)),
                "Radarr or Sonarr refused the request; it can be retried in Seerr",
                newest,
                ours(newest),
            ),
            _ if ours(newest) => skip_request(
                LedgerStatus::Requested,
                "we have requested it already",
                newest,
                true,
            ),
            _ => elsewhere(wish, known, newest),
        };
    }
    match known.ledger {
        Some(row) => without_trace(wish, row, status, now),
        None if status == MediaStatus::Processing && wish.media_type == MediaType::Movie => {
            skip(LedgerStatus::Adopted, "Seerr is getting it already")
        }
        None => request(&format!("it is on {} and not in Seerr", wish.sources)),
    }
}

/// A row that was being sent when its process ended, or whose answer never came.
fn unsettled(
    row: &SyncedItem,
    requests: &[TargetRequest],
    status: MediaStatus,
    now: NaiveDateTime,
    settle: Duration,
) -> Option<Verdict> {
    let confirmed = match row.request_id {
        Some(id) => requests.iter().find(|request| request.id == id),
        None => requests
            .iter()
            .find(|request| request.status != RequestStatus::Declined),
    };
    if let Some(request) = confirmed {
        if request.status == RequestStatus::Declined {
            return Some(skip_request(
                LedgerStatus::Declined,
                "its request was declined",
                request,
                true,
            ));
        }
        return Some(skip_request(
            LedgerStatus::Requested,
            "we have requested it",
            request,
            true,
        ));
    }
    if matches!(
        status,
        MediaStatus::Available | MediaStatus::Blocklisted | MediaStatus::Deleted
    ) {
        return None;
    }
    if row.request_id.is_some() {
        return Some(request("Seerr confirmed our request and does not have it"));
    }
    let until = row.requesting_since.unwrap_or(row.last_synced)
        + chrono::Duration::from_std(settle).unwrap_or(chrono::Duration::MAX);
    if now < until {
        return Some(Verdict::Settle { until });
    }
    Some(request("our first request left no trace in Seerr"))
}

/// Somebody else's request.
fn elsewhere(wish: &Wish, known: Known<'_>, newest: &TargetRequest) -> Verdict {
    match (wish.media_type, known.ledger) {
        (MediaType::Tv, None) => {
            request("somebody asked for seasons of it; we ask for those that are left")
        }
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
    match row.status {
        LedgerStatus::Planned | LedgerStatus::Requesting => {
            request(&format!("it is on {} and not in Seerr", wish.sources))
        }
        LedgerStatus::Failed => match row.retry_at {
            Some(retry_at) if now < retry_at => Verdict::Wait {
                reason: format!(
                    "{}; tried again after {}",
                    row.reason,
                    retry_at.format("%F %R UTC")
                ),
            },
            _ => request("its last request failed and is repeated"),
        },
        LedgerStatus::Adopted
            if wish.media_type == MediaType::Movie && status != MediaStatus::Processing =>
        {
            request("the request somebody else had made is gone")
        }
        LedgerStatus::Adopted | LedgerStatus::FailedPermanent => keep(row),
        LedgerStatus::Requested
            if matches!(status, MediaStatus::Processing | MediaStatus::Partial) =>
        {
            keep(row)
        }
        LedgerStatus::Requested | LedgerStatus::Available | LedgerStatus::Deleted => {
            if row.status == LedgerStatus::Deleted && wish.first_seen > row.last_synced {
                request("it was put on the list again after it had been removed from Seerr")
            } else {
                skip(LedgerStatus::Deleted, "somebody removed it from Seerr")
            }
        }
        LedgerStatus::Declined | LedgerStatus::Blocklisted => {
            if wish.first_seen > row.last_synced {
                request("it was put on the list again")
            } else {
                keep(row)
            }
        }
    }
}

/// Whether the entry came onto its list after we had taken note of the person's no.
fn is_wanted_anew(wish: &Wish, ledger: Option<&SyncedItem>, no: LedgerStatus) -> bool {
    ledger.is_some_and(|row| row.status == no && wish.first_seen > row.last_synced)
}

fn asked(ours: bool) -> LedgerStatus {
    if ours {
        LedgerStatus::Requested
    } else {
        LedgerStatus::Adopted
    }
}

fn request(reason: &str) -> Verdict {
    Verdict::Request {
        reason: reason.to_owned(),
    }
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

    const SETTLE: Duration = Duration::from_mins(2);

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
            first_seen: at(0),
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
            SETTLE,
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
    fn a_person_s_no_is_final_until_the_entry_is_added_anew() {
        for no in [L::Declined, L::Deleted, L::Blocklisted] {
            let row = ledger(no);
            assert_eq!(
                status_of(&verdict(Some(&row), M::Unknown, &[])),
                no.as_str()
            );
            let mut anew = wish(MediaType::Movie);
            anew.first_seen = at(15);
            let known = Known {
                ledger: Some(&row),
                media: None,
                requests: &[],
            };
            assert_eq!(
                status_of(&decide(&anew, known, at(20), SETTLE)),
                "request",
                "{no}"
            );
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
            status_of(&decide(&wish(MediaType::Tv), known, at(20), SETTLE)),
            "request"
        );
        let adopted = ledger(L::Adopted);
        let known = Known {
            ledger: Some(&adopted),
            ..known
        };
        assert_eq!(
            status_of(&decide(&wish(MediaType::Tv), known, at(20), SETTLE)),
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
            status_of(&decide(&wish(MediaType::Movie), known, at(20), SETTLE)),
            "request"
        );
        let in_4k = Wish {
            is_4k: true,
            ..wish(MediaType::Movie)
        };
        assert_eq!(
            status_of(&decide(&in_4k, known, at(20), SETTLE)),
            "available"
        );
    }
}
