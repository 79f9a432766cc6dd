//! What a person has to set before a run can do its work.

use runtime::Chain;
use schema::{
    models::{List, ListId},
    wire::{
        Failure, FailureCode,
        sync::{Missing, StartRun},
    },
};

use crate::engine::Engine;

/// Everything that is missing; empty when runs can work.
pub(crate) async fn all(engine: &Engine) -> Vec<Missing> {
    let mut missing = target(engine);
    match engine.db.read(|conn| List::all(conn, false)).await {
        Ok(lists) if lists.is_empty() => missing.push(Missing {
            what: "there is no list to read".to_owned(),
            remedy: "Add one with `listsync lists add ADDRESS`, or set IMDB_LISTS or another \
                     *_LISTS variable."
                .to_owned(),
        }),
        Ok(_) => {}
        Err(error) => tracing::error!("the lists cannot be read: {}", Chain(&error)),
    }
    missing
}

/// What is missing of the target's settings.
pub(crate) fn target(engine: &Engine) -> Vec<Missing> {
    let settings = engine.settings();
    let seerr = &settings.settings.seerr;
    let mut missing = Vec::new();
    if seerr.url.is_none() {
        missing.push(Missing {
            what: "the address of Seerr is not set".to_owned(),
            remedy: "Set OVERSEERR_URL, for example http://seerr:5055, or run `listsync setup`."
                .to_owned(),
        });
    }
    if seerr.api_key.is_none() {
        missing.push(Missing {
            what: "the API key of Seerr is not set".to_owned(),
            remedy: "Set OVERSEERR_API_KEY to the key in Seerr's Settings > General, or run \
                     `listsync setup`."
                .to_owned(),
        });
    }
    missing
}

/// Refuses a run that could not do anything.
pub(crate) async fn refuse(engine: &Engine, scope: &StartRun) -> Result<(), Failure> {
    let needs_lists = scope.custom.is_empty() && scope.plan.is_none() && scope.undo.is_none();
    let missing = if needs_lists {
        all(engine).await
    } else {
        target(engine)
    };
    if missing.is_empty() {
        return unknown_lists(engine, &scope.lists).await;
    }
    let what: Vec<_> = missing
        .iter()
        .map(|missing| missing.what.as_str())
        .collect();
    let remedy: Vec<_> = missing
        .iter()
        .map(|missing| missing.remedy.as_str())
        .collect();
    Err(Failure::new(FailureCode::Conflict, what.join(", and ")).with_remedy(remedy.join(" ")))
}

/// Refuses a run of lists that do not exist.
async fn unknown_lists(engine: &Engine, wanted: &[ListId]) -> Result<(), Failure> {
    let known = engine
        .db
        .read(|conn| List::all(conn, false))
        .await
        .map_err(|error| {
            tracing::error!("the lists cannot be read: {}", Chain(&error));
            Failure::new(FailureCode::Internal, "the database failed")
        })?;
    match wanted
        .iter()
        .find(|id| !known.iter().any(|(list, _)| list.id == **id))
    {
        None => Ok(()),
        Some(id) => Err(
            Failure::new(FailureCode::NotFound, format!("there is no list {id}"))
                .with_remedy("`listsync lists` shows the lists there are."),
        ),
    }
}
