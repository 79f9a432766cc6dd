//! Letting a title be tried again: what failed at once, what a person had said no to only when that is
//! meant. Leaves the trying to the next run.

use chrono::NaiveDateTime;
use schema::{
    DbError, SqliteConnection,
    models::{EventKind, LedgerStatus, ListItem, NewEvent, SyncedItem, Title},
    wire::{
        Failure, FailureCode,
        sync::{RetriedQuality, RetryAsked, RetryTitle},
    },
};
use serde_json::json;

use super::{
    facts::{Facts, Situation},
    find::{self, Subject},
    named::{Named, named},
    words,
};
use crate::{engine::Engine, plan::is_open};

/// Lets the title be tried again, as one transaction with its event.
///
/// # Errors
/// [`FailureCode::Busy`] while a run may be at it, [`FailureCode::Conflict`] when there is nothing to
/// try again, and as for [`super::tell`].
pub(crate) async fn retry(
    engine: &Engine,
    request: RetryTitle,
    situation: Situation,
) -> Result<RetryAsked, Failure> {
    if let Some(run) = situation.outlook.run {
        let message = format!("run {run} is going on and may be at it");
        return Err(Failure::new(FailureCode::Busy, message)
            .with_remedy("Try again when it has ended; `listsync cancel` ends it."));
    }
    let by = named(&request.title)?;
    let changed = engine
        .write(move |conn, events| change(conn, events, &request, &by, &situation))
        .await;
    changed.map_err(|error| super::failed(&error))?
}

fn change(
    conn: &mut SqliteConnection,
    events: &mut Vec<NewEvent>,
    request: &RetryTitle,
    by: &Named,
    situation: &Situation,
) -> Result<Result<RetryAsked, Failure>, DbError> {
    let subject = match find::one(conn, &request.title, by)? {
        Ok(subject) => subject,
        Err(failure) => return Ok(Err(failure)),
    };
    let Subject::Title(title) = subject else {
        return Ok(Err(unidentified(&request.title)));
    };
    let facts = Facts::read(conn, &request.title, Subject::Title(title.clone()))?;
    if let Some(refusal) = refusal(&facts, &title, request.anyway, &situation.target) {
        return Ok(Err(refusal));
    }
    let was = facts.ledger.iter().map(|(row, _)| row);
    let was: Vec<&SyncedItem> = was
        .filter(|row| is_retried(row.status, request.anyway))
        .collect();
    for row in &was {
        release(conn, row, situation.now)?;
    }
    if was.iter().any(|row| is_refused(row.status)) {
        ListItem::put_anew(conn, title.id, situation.now)?;
    }
    events.push(event(&title, &was, situation.now));
    Ok(Ok(RetryAsked {
        name: words::name(&title.title, title.year),
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        was: was.into_iter().map(quality).collect(),
        next_sync: situation.outlook.next_sync,
    }))
}

/// The row as if it had never been tried; on the block list it stays what it is. What a person had said no to stays known: it is asked for
/// because its entries count as put on their lists since.
fn release(
    conn: &mut SqliteConnection,
    row: &SyncedItem,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let mut changed = row.to_change();
    changed.attempts = 0;
    changed.retry_at = None;
    changed.error_message = None;
    changed.requesting_since = None;
    // No request is taken for it before a person has seen to that in the target.
    if row.status != LedgerStatus::Blocklisted {
        // One that may have been stored although it failed is still looked for.
        changed.status = if is_open(row) {
            LedgerStatus::Failed
        } else {
            LedgerStatus::Planned
        };
        "a person wants it tried again".clone_into(&mut changed.reason);
    }
    if is_refused(row.status) {
        // One that was noted without its time is older than this moment all the same.
        changed.refused_at = row.refused_at.or(Some(row.last_synced));
    }
    changed.last_synced = now;
    SyncedItem::save(conn, &changed)?;
    Ok(())
}

fn is_failed(status: LedgerStatus) -> bool {
    matches!(status, LedgerStatus::Failed | LedgerStatus::FailedPermanent)
}

/// States a person or a policy has led to.
fn is_refused(status: LedgerStatus) -> bool {
    matches!(
        status,
        LedgerStatus::Declined
            | LedgerStatus::Deleted
            | LedgerStatus::Blocklisted
            | LedgerStatus::Withdrawn
    )
}

fn is_retried(status: LedgerStatus, anyway: bool) -> bool {
    is_failed(status) || (anyway && is_refused(status))
}

/// Why nothing can be tried again, if so.
fn refusal(facts: &Facts, title: &Title, anyway: bool, target: &str) -> Option<Failure> {
    let name = words::name(&title.title, title.year);
    let conflict = |message: String, remedy: String| {
        Some(Failure::new(FailureCode::Conflict, message).with_remedy(remedy))
    };
    let by = format!("{}:{}", title.media_type, title.tmdb_id);
    let states = || facts.ledger.iter().map(|(row, _)| row.status);
    if !states().any(|status| is_retried(status, anyway)) {
        if let Some(status) = states().find(|status| is_refused(*status)) {
            let first = match status {
                LedgerStatus::Blocklisted => {
                    format!("Take it off the block list in {target}. Then take")
                }
                _ => "Take".to_owned(),
            };
            return conflict(
                format!(
                    "{name} is {}, which is final while it stays on its lists",
                    said(status, target)
                ),
                format!(
                    "{first} it off its lists, let a run see that, and put it on again; or say so with \
                     `listsync items retry {by} --anyway`."
                ),
            );
        }
        let how = states().next().map_or_else(
            || "it was never asked for".to_owned(),
            |status| format!("it is {}", said(status, target)),
        );
        return conflict(
            format!("there is nothing to try again with {name}: {how}"),
            format!("`listsync items --why {by}` tells its story."),
        );
    }
    if facts.standing().next().is_none() {
        return conflict(
            format!("no list asks for {name} any more, so no run would try it"),
            "Put it on a list that is followed; then this is possible.".to_owned(),
        );
    }
    None
}

fn said(status: LedgerStatus, target: &str) -> String {
    match status {
        LedgerStatus::Planned => "to be requested with the next run".to_owned(),
        LedgerStatus::Requesting => "being requested".to_owned(),
        LedgerStatus::Requested => "requested".to_owned(),
        LedgerStatus::Adopted => format!("in {target} without our doing"),
        LedgerStatus::Available => "in the library".to_owned(),
        LedgerStatus::Failed | LedgerStatus::FailedPermanent => "failed".to_owned(),
        LedgerStatus::Declined => "declined by a person".to_owned(),
        LedgerStatus::Blocklisted => format!("on {target}'s block list"),
        LedgerStatus::Deleted => "deleted by a person".to_owned(),
        LedgerStatus::Withdrawn => "withdrawn by us".to_owned(),
    }
}

fn unidentified(text: &str) -> Failure {
    Failure::new(
        FailureCode::Conflict,
        format!("`{text}` is not known as a movie or show, so nothing was asked that could be tried again"),
    )
    .with_remedy(format!("`listsync items --why {text:?}` tells what is known of it."))
}

fn quality(row: &SyncedItem) -> RetriedQuality {
    RetriedQuality {
        is_4k: row.is_4k,
        status: row.status,
        attempts: row.attempts,
    }
}

fn event(title: &Title, was: &[&SyncedItem], now: NaiveDateTime) -> NewEvent {
    let status: Vec<&str> = was.iter().map(|row| row.status.as_str()).collect();
    let data = json!({
        "title": title.title,
        "year": title.year,
        "media_type": title.media_type,
        "tmdb_id": title.tmdb_id,
        "is_4k": was.iter().all(|row| row.is_4k),
        "was": status,
    });
    NewEvent {
        at: now,
        kind: EventKind::RetryAsked,
        run: None,
        list: None,
        data: data.to_string(),
    }
}
