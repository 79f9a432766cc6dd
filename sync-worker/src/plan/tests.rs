//! Every situation a wish can be in, and what is decided.

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
