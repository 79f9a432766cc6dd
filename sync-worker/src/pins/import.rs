//! Takes over the pins of a file, a part of it at a time: a later one counts more than an earlier one.

use schema::{
    DbError, SqliteConnection,
    models::{NewEvent, NewPin, Pin},
    pin_file::{NumberedPin, RefusedPin},
    wire::{
        Failure, FailureCode,
        sync::{ImportPins, PinsImported},
    },
};

use super::{Held, event, failed, holder, settle::settle};
use crate::engine::Engine;
use chrono::NaiveDateTime;

/// Takes the pins over, or only tells what would become of them.
pub(crate) async fn import(engine: &Engine, import: ImportPins) -> Result<PinsImported, Failure> {
    if import.pins.is_empty() {
        return Err(
            Failure::new(FailureCode::Invalid, "there is nothing to import")
                .with_remedy("Name a file that `listsync pins export` wrote."),
        );
    }
    let now = engine.clock.now();
    let pins = import.pins;
    let imported = if import.dry_run {
        engine.db.rehearse(move |conn| take(conn, pins, now)).await
    } else {
        engine
            .write(move |conn, events| {
                let imported = take(conn, pins, now)?;
                events.extend(news(&imported, now));
                Ok(imported)
            })
            .await
    };
    imported.map_err(|error| failed(&error))
}

fn take(
    conn: &mut SqliteConnection,
    pins: Vec<NumberedPin>,
    now: NaiveDateTime,
) -> Result<PinsImported, DbError> {
    let mut imported = PinsImported::default();
    let mut all_keys = Vec::new();
    for NumberedPin { number, pin } in pins {
        if let Err(reason) = pin.check() {
            imported.refused.push(RefusedPin { number, reason });
            continue;
        }
        let held = holder(conn, &pin.keys, pin.title.as_ref())?;
        match held {
            Held::Same(_) => imported.unchanged += 1,
            Held::Other => imported.replaced += 1,
            Held::Nobody => imported.added += 1,
        }
        if !matches!(held, Held::Same(_)) {
            Pin::save(conn, &NewPin::new(pin.entry, pin.title, now), &pin.keys)?;
        }
        all_keys.extend(pin.keys);
    }
    imported.entries = settle(conn, &all_keys, now)?.changed;
    Ok(imported)
}

/// One event, however many pins there were; none when nothing is new.
fn news(imported: &PinsImported, now: NaiveDateTime) -> Option<NewEvent> {
    let pins = imported.added + imported.replaced;
    let data = serde_json::json!({
        "change": "imported",
        "pins": pins,
        "entries": imported.entries,
    });
    (pins > 0).then(|| event(data, now))
}
