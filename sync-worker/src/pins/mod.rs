//! Pins: which title people said an entry is. One choice holds on every list and for ever, and takes
//! effect at once. Leaves what an entry is recognised by to `identity`, and asking for the title that
//! was picked to the next run.

mod choice;
mod import;
mod kept;
mod settle;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use import::import;
pub(crate) use kept::{Kept, is_same};

use std::collections::HashMap;

use chrono::NaiveDateTime;
use runtime::Chain;
use schema::{
    DbError, SqliteConnection,
    models::{
        EventKind, IdSource, Identity, LedgerStatus, List, ListId, ListItem, NewEvent, NewPin, Pin,
        SyncedItem, Title, TitleId, TitleRef,
    },
    pin_file::{PinEntry, PinTitle},
    wire::{
        Failure, FailureCode,
        sync::{Pick, Picked, PinPage, PinView, PinsRequest, Unpinned},
    },
};

use self::{
    choice::Chosen,
    settle::{Settled, settle, title_row},
};
use crate::{
    engine::Engine,
    identity::{imdb_id, is_of_tmdb, keys, whole},
};

/// Keeps what a person says an entry is, and applies it to all entries that are the same.
pub(crate) async fn pick(engine: &Engine, pick: Pick) -> Result<Box<Picked>, Failure> {
    let id = pick.item;
    let item = engine.db.read(move |conn| ListItem::find(conn, id)).await;
    let item = item
        .map_err(|error| failed(&error))?
        .ok_or_else(|| no_such_entry(id))?;
    let keys = keys(&item);
    if keys.is_empty() {
        return Err(nameless(id));
    }
    let chosen = choice::resolve(engine, &item, pick.choice).await?;
    let now = engine.clock.now();
    let ledger = ledger_name(engine);
    let picked = engine
        .write(move |conn, events| {
            let keys = keys_to_pin(conn, &item, keys, chosen.title.as_ref())?;
            let picked = keep(conn, &item, &keys, chosen, ledger, now)?;
            events.push(news("picked", &picked.pin, now));
            Ok(picked)
        })
        .await
        .map_err(|error| failed(&error))?;
    tracing::info!(
        entries = picked.entries,
        "pin {} holds for {} entries",
        picked.pin.id,
        picked.entries
    );
    Ok(Box::new(picked))
}

/// The keys that a choice holds for. An id that TMDB gives to another title is wrong on this list alone:
/// then the choice is for what the entry says as a whole, and other entries with that id keep it.
fn keys_to_pin(
    conn: &mut SqliteConnection,
    item: &ListItem,
    keys: Vec<String>,
    chosen: Option<&PinTitle>,
) -> Result<Vec<String>, DbError> {
    let number = item.tmdb_id.filter(|id| *id > 0);
    let is_other_number = number.is_some_and(|number| {
        chosen.is_none_or(|chosen| {
            chosen.tmdb_id != number
                || item
                    .media_type
                    .is_some_and(|kind| kind != chosen.media_type)
        })
    });
    let imdb = item.imdb_id.as_deref().and_then(imdb_id);
    let tvdb = item.tvdb_id.filter(|id| *id > 0).map(|id| id.to_string());
    let mut is_wrong = is_other_number;
    for (source, id) in [(IdSource::Imdb, imdb), (IdSource::Tvdb, tvdb)] {
        let Some(id) = id else { continue };
        let known = TitleId::of(conn, source, &[&id])?;
        let refs: Vec<TitleRef> = known
            .iter()
            .filter(|id| is_of_tmdb(&id.known_by))
            .map(|id| id.title)
            .collect();
        let titles = Title::of(conn, &refs)?;
        let is_chosen = |title: &Title| {
            chosen.is_some_and(|chosen| {
                (chosen.media_type, chosen.tmdb_id) == (title.media_type, title.tmdb_id)
            })
        };
        is_wrong |= !titles.is_empty() && !titles.iter().any(is_chosen);
    }
    let Some(whole) = whole(item) else {
        return Ok(keys);
    };
    if is_wrong {
        return Ok(vec![whole]);
    }
    // Who thinks again about such an entry takes back what was said of the whole of it.
    let is_taken_back = !Pin::by_keys(conn, std::slice::from_ref(&whole))?.is_empty();
    let whole = is_taken_back.then_some(whole);
    Ok(whole.into_iter().chain(keys).collect())
}

/// The one transaction of a pick.
fn keep(
    conn: &mut SqliteConnection,
    item: &ListItem,
    keys: &[String],
    chosen: Chosen,
    ledger: &str,
    now: NaiveDateTime,
) -> Result<Picked, DbError> {
    let entry = PinEntry {
        title: item.title.clone(),
        year: item.year,
        media_type: item.media_type,
    };
    let pin = match holder(conn, keys, chosen.title.as_ref())? {
        Held::Same(pin) => pin,
        Held::Other | Held::Nobody => {
            Pin::save(conn, &NewPin::new(entry, chosen.title, now), keys)?
        }
    };
    let title = title_row(conn, &pin, now)?;
    if let (Some(imdb_id), Some(title)) = (chosen.imdb_id, title.as_ref()) {
        let id = TitleId {
            source: IdSource::Imdb,
            external_id: imdb_id,
            media_type: title.media_type,
            title: title.id,
            known_by: "imdb look-up".to_owned(),
            known_at: now,
        };
        id.insert(conn)?;
    }
    let settled = settle(conn, keys, now)?;
    let mut notices: Vec<String> = chosen.notice.into_iter().collect();
    notices.extend(asked_for_others(conn, ledger, &settled)?);
    Ok(Picked {
        pin: seen(conn, pin)?,
        entries: count(settled.held.len()),
        notices,
    })
}

/// Which pin has the keys of an entry already.
enum Held {
    /// One pin with this choice has all of them.
    Same(Pin),
    /// A pin with another choice has one of them.
    Other,
    /// None with another choice has.
    Nobody,
}

/// Looks for it.
fn holder(
    conn: &mut SqliteConnection,
    keys: &[String],
    chosen: Option<&PinTitle>,
) -> Result<Held, DbError> {
    let known = Pin::by_keys(conn, keys)?;
    let named = chosen.map(|title| (title.media_type, title.tmdb_id));
    let is_same = |pin: &Pin| pin.media_type.zip(pin.tmdb_id) == named;
    if known.iter().any(|(_, pin)| !is_same(pin)) {
        return Ok(Held::Other);
    }
    let has_all = keys
        .iter()
        .all(|key| known.iter().any(|(known, _)| known == key));
    let newest = known
        .into_iter()
        .map(|(_, pin)| pin)
        .max_by_key(|pin| pin.id);
    Ok(match newest {
        Some(pin) if has_all => Held::Same(pin),
        _ => Held::Nobody,
    })
}

/// Requests of ours for titles that the entries were taken for before: nobody takes them back here. What
/// another entry asks for, or was asked for by another, is not theirs.
fn asked_for_others(
    conn: &mut SqliteConnection,
    ledger: &str,
    settled: &Settled,
) -> Result<Vec<String>, DbError> {
    let mut titles: Vec<TitleRef> = settled.before.iter().map(|(title, _)| *title).collect();
    titles.dedup();
    let mut notices = Vec::new();
    for title in Title::of(conn, &titles)? {
        let mut others = ListItem::of_title(conn, title.id)?;
        others.retain(|item| item.left_at.is_none());
        let lists: Vec<ListId> = others.iter().map(|item| item.list).collect();
        let removed = List::removed_among(conn, &lists)?;
        if lists.iter().any(|list| !removed.contains(list)) {
            continue;
        }
        let mut sources = Vec::new();
        for (_, list) in settled.before.iter().filter(|(of, _)| *of == title.id) {
            let list = List::find(conn, *list)?;
            sources.extend(list.map(|list| format!("{}:{}", list.list_type, list.list_id)));
        }
        let rows = SyncedItem::of_titles(conn, ledger, title.media_type, &[title.tmdb_id])?;
        if rows.iter().any(|row| is_asked_for(row, &sources)) {
            let name = named(&title.title, title.year);
            notices.push(format!(
                "{name} was requested for this entry before, and that request stays: take it back in \
                 Seerr if nobody wants it."
            ));
        }
    }
    Ok(notices)
}

/// Whether we have asked for it, and it is on its way or there, because one of these lists had it.
fn is_asked_for(row: &SyncedItem, sources: &[String]) -> bool {
    let is_on_its_way = matches!(
        row.status,
        LedgerStatus::Requesting | LedgerStatus::Requested | LedgerStatus::Available
    );
    let mut named = row.provider_source.split(", ");
    row.created_by_us && is_on_its_way && named.any(|name| sources.iter().any(|own| own == name))
}

/// Takes back what a person said; the next run looks at the entries anew.
pub(crate) async fn unpin(engine: &Engine, id: i32) -> Result<Box<Unpinned>, Failure> {
    let now = engine.clock.now();
    let unpinned = engine
        .write(move |conn, events| {
            let Some(pin) = Pin::find(conn, id)? else {
                return Ok(None);
            };
            let pin = seen(conn, pin)?;
            let held = settle::held_by(conn, &pin.keys, id)?;
            Pin::remove(conn, id)?;
            let settled = settle(conn, &pin.keys, now)?;
            let free: Vec<i32> = held
                .iter()
                .copied()
                .filter(|item| !settled.held.contains(item))
                .collect();
            ListItem::settle(conn, &free, Identity::New, None, None)?;
            events.push(news("removed", &pin, now));
            Ok(Some(Box::new(Unpinned {
                pin,
                entries: count(held.len()),
            })))
        })
        .await
        .map_err(|error| failed(&error))?;
    unpinned.ok_or_else(|| {
        Failure::new(FailureCode::NotFound, format!("there is no pin {id}"))
            .with_remedy("`listsync pins` shows the pins there are.")
    })
}

/// One page of what people said.
pub(crate) async fn page(engine: &Engine, request: PinsRequest) -> Result<PinPage, Failure> {
    let limit = i64::from(request.limit.clamp(1, PinsRequest::MOST));
    let page = engine
        .db
        .read(move |conn| -> Result<_, DbError> {
            let total = Pin::count(conn)?;
            let pins = Pin::page(conn, request.after, i64::from(request.offset), limit)?;
            let ids: Vec<i32> = pins.iter().map(|pin| pin.id).collect();
            let mut keys: HashMap<i32, Vec<String>> = HashMap::new();
            for (pin, key) in Pin::keys_of(conn, &ids)? {
                keys.entry(pin).or_default().push(key);
            }
            let pins = pins.into_iter().map(|pin| {
                let keys = keys.remove(&pin.id).unwrap_or_default();
                pin.view(keys)
            });
            Ok(PinPage {
                pins: pins.collect(),
                total: u32::try_from(total).unwrap_or(u32::MAX),
            })
        })
        .await;
    page.map_err(|error| failed(&error))
}

/// The pin with its keys.
fn seen(conn: &mut SqliteConnection, pin: Pin) -> Result<PinView, DbError> {
    let keys = Pin::keys_of(conn, &[pin.id])?;
    Ok(pin.view(keys.into_iter().map(|(_, key)| key).collect()))
}

/// The event of a pin.
fn news(change: &str, pin: &PinView, now: NaiveDateTime) -> NewEvent {
    let data = serde_json::json!({
        "change": change,
        "title": pin.entry.title,
        "year": pin.entry.year,
        "media_type": pin.entry.media_type,
        "pin": pin.id,
        "chosen": pin.title,
    });
    event(data, now)
}

fn event(data: serde_json::Value, now: NaiveDateTime) -> NewEvent {
    NewEvent {
        at: now,
        kind: EventKind::Pinned,
        run: None,
        list: None,
        data: data.to_string(),
    }
}

/// `Heat (1995)`.
fn named(title: &str, year: Option<i32>) -> String {
    year.map_or_else(|| title.to_owned(), |year| format!("{title} ({year})"))
}

/// The target's word in the ledger, also while its settings cannot be used.
fn ledger_name(engine: &Engine) -> &'static str {
    use crate::target::Target as _;
    engine.target().map_or("seerr", |target| target.name())
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

fn no_such_entry(id: i32) -> Failure {
    Failure::new(FailureCode::NotFound, format!("there is no entry {id}"))
        .with_remedy("`listsync review --all` shows the entries that wait, with their numbers.")
}

fn nameless(id: i32) -> Failure {
    let message = format!("entry {id} has neither a title nor an id to recognise it by");
    Failure::new(FailureCode::Invalid, message)
        .with_remedy("Give it a title or an id on its list, and read that again.")
}

fn failed(error: &DbError) -> Failure {
    tracing::error!("pins: {}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}
