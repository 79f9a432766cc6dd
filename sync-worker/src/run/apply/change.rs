//! What the ledger says from now on of a title with which nothing is to be done.

use chrono::NaiveDateTime;
use schema::models::{LedgerStatus, NewSyncedItem, RunId, RunRequest, SyncedItem};

use super::{Applier, place, record::Noted};
use crate::{
    plan::{Decided, Known, Verdict, Wish, is_open},
    run::report::{Fate, Tally},
    target::{Snapshot, Target},
};

impl<T: Target> Applier<'_, T> {
    /// Records, where that is new, what the target or a person has made of it.
    pub(super) fn skip(
        &mut self,
        wish: &Wish,
        decided: &Decided,
        snapshot: &Snapshot,
        now: NaiveDateTime,
        noted: &mut Noted,
        tally: &mut Tally,
    ) {
        let Verdict::Skip {
            status,
            request_id,
            created_by_us,
        } = decided.verdict
        else {
            return;
        };
        let known = self.batch.known(wish, snapshot);
        let fate = fate_in(self.going.run, status, known.ledger);
        // Its answer never came, or said no, so nobody has been told of it.
        let unheard = known
            .ledger
            .filter(|row| is_open(row) && row.request_id.is_none())
            .filter(|_| status == LedgerStatus::Requested && created_by_us)
            .map(|row| match row.status {
                LedgerStatus::Requesting => row.reason.clone(),
                _ => decided.reason.clone(), // the row tells why it failed
            });
        let has_arrived = status == LedgerStatus::Requested
            && created_by_us
            && known
                .ledger
                .is_some_and(|row| is_open(row) && row.request_id.is_none());
        if let Some(request_id) = request_id.filter(|_| has_arrived) {
            noted.arrived.push(self.made(wish, request_id));
        }
        let row = changed(&decided.reason, status, (request_id, created_by_us), known);
        let row = row.map(|change| {
            let seasons = change.seasons(known);
            (
                self.changed_row(wish, change, known.refused_at, now),
                seasons,
            )
        });
        noted.rows.extend(row);
        if let Some(reason) = unheard {
            noted.events.extend(self.requested(wish, now, &reason));
        }
        tally.decided(wish, fate, &decided.reason);
    }

    /// That this run made a request.
    fn made(&self, wish: &Wish, request_id: i32) -> RunRequest {
        RunRequest {
            target: self.target.name().to_owned(),
            media_type: wish.media_type,
            tmdb_id: wish.tmdb_id,
            is_4k: wish.is_4k,
            request_id,
            run: self.going.run,
        }
    }

    /// `said_at` is when the target says that a no was said.
    fn changed_row(
        &self,
        wish: &Wish,
        change: Change<'_>,
        said_at: Option<NaiveDateTime>,
        now: NaiveDateTime,
    ) -> NewSyncedItem {
        let known = self.batch.ledger.get(&place(wish));
        let before = known.map(|row| row.status);
        let is_new = before != Some(change.status)
            || known.and_then(|row| row.request_id) != change.request.0;
        let had_failed = known.is_some_and(is_open) && before != Some(LedgerStatus::Requesting);
        let mut row = self.row(wish, now);
        row.status = change.status;
        change.reason.clone_into(&mut row.reason);
        if change.request.0.is_some() {
            (row.request_id, row.created_by_us) = change.request;
        }
        // A later no overrules an earlier return, and a request that came about an earlier no.
        let is_over = is_no(change.status) || change.status == LedgerStatus::Withdrawn;
        if is_over && before != Some(change.status) {
            // Nobody says no to what was not asked for yet, whatever the clocks say.
            let asked_at = known
                .filter(|row| row.created_by_us && row.request_id == change.request.0)
                .and_then(|row| row.requested_at);
            let said_at = said_at.map_or(now, |said_at| said_at.min(now));
            row.refused_at = Some(said_at).max(asked_at);
        } else if is_no(change.status) && row.refused_at.is_none() {
            // Another reason for the same no makes it no later.
            row.refused_at = known.map(|row| row.last_synced);
        }
        if change.status == LedgerStatus::Requested && row.created_by_us {
            row.refused_at = None;
            if is_new {
                row.requested_at = Some(now);
            }
        }
        if change.status == LedgerStatus::Available || had_failed {
            row.attempts = 0;
            row.retry_at = None;
            row.request_after = None;
        }
        row.requesting_since = None;
        // What once failed is over.
        row.error_message = None;
        row
    }
}

/// What the ledger is to say from now on.
struct Change<'a> {
    status: LedgerStatus,
    reason: &'a str,
    /// The target's request, and whether it is ours.
    request: (Option<i32>, bool),
}

impl Change<'_> {
    /// Seasons that the request holds, where it is ours.
    fn seasons(&self, known: Known<'_>) -> Vec<i32> {
        let (id, is_ours) = self.request;
        let request = known
            .requests
            .iter()
            .find(|request| is_ours && Some(request.id) == id);
        request.map_or_else(Vec::new, |request| request.seasons.clone())
    }
}

/// What changes in the ledger, when it does not say the same already.
fn changed<'a>(
    reason: &'a str,
    status: LedgerStatus,
    request: (Option<i32>, bool),
    known: Known<'_>,
) -> Option<Change<'a>> {
    let (id, is_ours) = request;
    let is_as_recorded = known.ledger.is_some_and(|row| {
        // What once had to be tried again says so until it is well.
        let is_well = matches!(
            row.status,
            LedgerStatus::Requested | LedgerStatus::Adopted | LedgerStatus::Available
        );
        let is_told = !is_well || row.attempts == 0 || row.reason == reason;
        row.status == status
            && row.request_id.or(id) == row.request_id
            && (id.is_none() || row.created_by_us == is_ours)
            && is_told
    });
    (!is_as_recorded).then_some(Change {
        status,
        reason,
        request,
    })
}

/// What a run tells of a title that is `status` and was recorded as `row`.
fn fate_in(run: RunId, status: LedgerStatus, row: Option<&SyncedItem>) -> Fate {
    let is_of_this_run = row.is_some_and(|row| row.run == Some(run));
    // It did so before its process ended.
    let is_retried = row.is_some_and(|row| row.status == status && row.retry_at.is_some());
    match status {
        LedgerStatus::Requested | LedgerStatus::Adopted if is_of_this_run && is_retried => {
            Fate::Retried
        }
        LedgerStatus::Withdrawn => {
            let was = row.is_some_and(|row| row.status == status);
            fate(status, is_of_this_run && was)
        }
        _ => fate(status, is_of_this_run || row.is_some_and(is_open)),
    }
}

/// Whether the status is a person's no.
fn is_no(status: LedgerStatus) -> bool {
    matches!(
        status,
        LedgerStatus::Declined | LedgerStatus::Deleted | LedgerStatus::Blocklisted
    )
}

pub(super) fn fate(status: LedgerStatus, is_of_this_run: bool) -> Fate {
    match status {
        LedgerStatus::Requested if is_of_this_run => Fate::Requested,
        LedgerStatus::Withdrawn if is_of_this_run => Fate::Withdrawn,
        LedgerStatus::Requested | LedgerStatus::Adopted => Fate::AlreadyRequested,
        LedgerStatus::Available => Fate::Available,
        LedgerStatus::Failed | LedgerStatus::FailedPermanent => Fate::Failed,
        LedgerStatus::Planned | LedgerStatus::Requesting => Fate::Waiting,
        LedgerStatus::Declined
        | LedgerStatus::Blocklisted
        | LedgerStatus::Deleted
        | LedgerStatus::Withdrawn => Fate::Skipped,
    }
}
