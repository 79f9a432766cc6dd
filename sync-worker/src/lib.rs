//! The sync-worker: works out which title each entry of a list is and asks Seerr for what is missing,
//! once. Reading the sites is the scraper-worker's work, showing things the api's.

mod browser;
mod chance;
mod check;
mod credential;
mod custom;
mod door;
mod engine;
mod events;
mod exports;
mod first_look;
mod history;
mod identity;
mod lists;
pub mod matching;
mod missing;
mod pins;
mod plan;
mod plans;
mod retention;
mod review;
mod run;
#[cfg(test)]
mod sample_engine;
mod saved;
mod schedule;
mod settings_view;
mod sign_in;
mod story;
mod supervised;
mod target;
mod undo;

use std::{process::ExitCode, rc::Rc, time::Duration};

use actix::Actor;
use futures_util::future::join;
use runtime::{
    MasterKey,
    socket::server::{Peers, listen},
};
use schema::wire::{Link, sync::SyncLink};
use tokio::{sync::Notify, time::timeout};

use crate::{
    door::Door,
    engine::Engine,
    exports::Exports,
    run::{Runner, Watch},
    schedule::{Begin, Changed, Schedule, SetRunner},
};

/// How long a request under way may go on once stopping is asked for.
const GRACE: Duration = Duration::from_millis(1500);

/// The process. `--once` serves the socket and starts nothing by itself: the command line uses it
/// when no supervisor runs.
pub fn run() -> ExitCode {
    let is_once = std::env::args()
        .skip(1)
        .any(|argument| argument == "--once");
    runtime::exit::run(move || work(is_once))
}

async fn work(is_once: bool) -> anyhow::Result<()> {
    let boot = runtime::boot("sync-worker", MasterKey::Held).await?;
    let stop = boot.stop.clone();
    let socket = boot.settings.settings.paths.socket(SyncLink::SOCKET);
    let engine = Engine::new(boot);
    let schedule = Schedule::new(engine.clone()).start();
    let after_runs = Rc::new(Notify::new());
    let when_ended = schedule.clone().recipient();
    let runner = Runner::new(engine.clone(), when_ended, Rc::clone(&after_runs), !is_once).start();
    schedule.send(SetRunner(runner.clone().recipient())).await?;
    if !is_once {
        let (engine, schedule) = (engine.clone(), schedule.clone());
        actix_rt::spawn(async move {
            let rest = lists::take_over(&engine, lists::of_settings(&engine)).await;
            if let Err(error) = schedule.send(Begin).await {
                tracing::error!("the schedule does not begin: {error}");
            }
            lists::take_over_rest(&engine, rest, || {
                if schedule.try_send(Changed).is_err() {
                    tracing::error!("the schedule does not hear of new lists");
                }
            })
            .await;
        });
    }
    if !is_once {
        actix_rt::spawn(retention::keep(engine.clone(), after_runs));
    }
    let (exports, asked) = Exports::new(engine.clone(), is_once);
    if !is_once {
        let (starts, watch) = (runner.clone().recipient(), runner.clone().recipient());
        actix_rt::spawn(exports::runs::start(asked, starts, watch));
        let schedule = schedule.clone();
        actix_rt::spawn(exports::watch::follow(exports.clone(), move || {
            if schedule.try_send(Changed).is_err() {
                tracing::error!("the schedule does not hear of an export file");
            }
        }));
    }
    let door = Door {
        engine: engine.clone(),
        exports,
        runner: runner.clone(),
        schedule,
    };
    let listening = listen(&socket)?;
    engine.says.ready();
    engine.boot().ready.keep_alive();
    listening.serve(Peers::default(), door, stop).await;
    engine.boot().ready.stopping();
    // A request on its way gets a moment to end, so that its end is known, and so do tokens that are
    // being renewed: those from before may be void.
    let going = runner.send(Watch(None)).await?;
    let ended = async {
        if let Some(mut going) = going {
            while going.changed().await.is_ok() {}
        }
    };
    let renewed = engine.sign_ins.settled();
    let (ended, renewed) = join(timeout(GRACE, ended), timeout(GRACE, renewed)).await;
    if ended.is_err() {
        tracing::warn!("ending with a request on its way; the next start looks what became of it");
    }
    if renewed.is_err() {
        tracing::warn!("ending while a sign-in is renewed; it may have to be made anew");
    }
    Ok(())
}
