//! The HTTP side of ListSync: REST, sign-in with keys, and a plain status page.
//!
//! Reads come from the database, writes go as messages to the sync-worker, how the processes are is
//! asked of the supervisor. Leaves deciding anything about lists and titles to them.

mod auth;
mod body;
mod docs;
mod drain;
mod error;
mod events;
mod logs;
mod openapi;
mod page;
mod parameters;
mod query;
mod routes;
mod server;
mod shared;
mod zone;

#[cfg(test)]
mod testing;

use std::{io::Write, process::ExitCode};

use actix_web::web;
use anyhow::Context;
use runtime::{Listeners, MasterKey};

/// Runs the process until it is asked to stop and gives its exit code. `--openapi` prints the API's
/// document instead, which needs no settings and no database.
pub fn run() -> ExitCode {
    if std::env::args()
        .skip(1)
        .any(|argument| argument == "--openapi")
    {
        return print_document();
    }
    runtime::exit::run(serve)
}

fn print_document() -> ExitCode {
    let printed = openapi::text()
        .map_err(std::io::Error::from)
        .and_then(|text| std::io::stdout().write_all(text.as_bytes()));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(_closed) => ExitCode::FAILURE, // nobody reads what we would say
    }
}

async fn serve() -> anyhow::Result<()> {
    // It reads no saved secret, so it holds no key to them.
    let boot = runtime::boot("api", MasterKey::NotHeld).await?;
    let zone = zone::name(&boot.settings.time_zone, &boot.environment);
    let settings = boot.settings.settings;
    auth::ensure_first_key(&boot.db, &settings.paths, &boot.clock)
        .await
        .context("cannot make the first API key")?;
    let inherited =
        Listeners::inherited(&boot.environment).context("cannot take over the ports")?;
    let listeners = match inherited {
        Some(listeners) => listeners,
        None => Listeners::bind(&settings.http)?,
    };
    let shared = shared::Shared::new(boot.db, &settings, listeners.ports(), zone, boot.clock);
    server::run(listeners, web::Data::new(shared), boot.stop, &boot.ready)
        .await
        .context("the HTTP server failed")
}
