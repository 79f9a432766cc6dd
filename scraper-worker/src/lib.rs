//! The scraper-worker: reads list sites politely and says honestly how each reading ended.
//!
//! `door` answers the socket, `reading` sees one reading through, `walk` goes through its pages, `fetch` sends single requests, `providers` know
//! the sites. Leaves which list is due and what an entry means to `sync-worker`. It reads hostile
//! pages, so it holds no master key; each reading brings the one credential it needs.

mod choices;
mod door;
mod exports;
#[cfg(test)]
mod fake_site;
mod fetch;
#[doc(hidden)]
pub mod parse_once;
mod provider;
mod providers;
mod reading;
mod resolve;
mod settings;
mod shared;
mod shown;
mod walk;

use std::process::ExitCode;

use anyhow::Context as _;
use runtime::{
    MasterKey, boot, exit,
    socket::server::{Peers, listen},
};
use schema::wire::{Link, scraper::ScraperLink};

use crate::{
    door::Door,
    fetch::{Browser, Fetcher, Guard, Means, Place},
    settings::Limits,
};

/// Runs the process until SIGTERM and gives its exit code. `--once` is accepted and changes nothing:
/// a reading is always asked for over the socket.
pub fn run() -> ExitCode {
    exit::run(serve)
}

async fn serve() -> anyhow::Result<()> {
    let boot = boot("scraper-worker", MasterKey::NotHeld).await?;
    let settings = &boot.settings.settings;
    let guard = Guard::new(settings.providers.allow_private_addresses);
    let means = Means {
        browser: Browser::new(
            settings.browser.clone(),
            guard.clone(),
            Place::of(&settings.paths, &boot.environment),
        ),
        guard,
        exports: settings.paths.exports(),
    };
    let fetcher = Fetcher::new(
        Limits::default(),
        means,
        boot.db.clone(),
        boot.clock.clone(),
    )
    .context("cannot make the HTTP client")?;
    choices::put_in_force(&fetcher, &settings.providers);
    let socket = listen(&settings.paths.socket(ScraperLink::SOCKET))?;
    let (stop, ready) = (boot.stop.clone(), boot.ready.clone());
    let door = Door::new(fetcher, boot);
    ready.ready(&format!("reads {} sites", providers::all().len()));
    ready.keep_alive();
    let told = async {
        stop.requested().await;
        ready.stopping();
    };
    let serving = socket.serve::<ScraperLink, _>(Peers::default(), door.clone(), stop.clone());
    futures_util::future::join(serving, told).await;
    // Nobody reads any more, so this waits for its processes only.
    door.fetcher().means().browser.close().await;
    Ok(())
}
