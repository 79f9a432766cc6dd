//! The HTTP side of ListSync: REST, sign-in with keys, and a plain status page.
//!
//! Reads come from the database, writes go as messages to the sync-worker, how the processes are is
//! asked of the supervisor. Leaves deciding anything about lists and titles to them.

mod auth;
mod body;
mod error;
mod page;
mod query;
mod routes;
mod server;
mod shared;
mod zone;

#[cfg(test)]
mod testing;

use std::process::ExitCode;

use actix_web::web;
use anyhow::Context;
use runtime::MasterKey;

/// Runs the process until it is asked to stop and gives its exit code.
pub fn run() -> ExitCode {
    runtime::exit::run(serve)
}

async fn serve() -> anyhow::Result<()> {
    // It reads no saved secret, so it holds no key to them.
    let boot = runtime::boot("api", MasterKey::NotHeld).await?;
    let settings = boot.settings.settings;
    auth::ensure_first_key(&boot.db, &settings.paths, &boot.clock)
        .await
        .context("cannot make the first API key")?;
    let listeners = server::bind(&settings.http)?;
    let zone = zone::name(&boot.environment);
    let shared = shared::Shared::new(boot.db, &settings, listeners.ports(), zone, boot.clock);
    server::run(listeners, web::Data::new(shared), boot.stop, &boot.ready)
        .await
        .context("the HTTP server failed")
}
