//! Starts runs for the lists of new export files, one after the other. Leaves the runs to the runner.

use std::time::Duration;

use actix::Recipient;
use schema::{
    models::{ListId, RunTrigger},
    wire::{FailureCode, sync::StartRun},
};
use tokio::{sync::mpsc::UnboundedReceiver, time::sleep};

use crate::run::{StartNow, Watch};

/// How long the record of a run's start or end may take, during which the runner is busy and yet
/// there is nothing to watch.
const MOMENT: Duration = Duration::from_millis(200);

/// Starts runs as they are asked for, each when the one before has ended. What is asked for while
/// another run goes on is one run, and a file that changed often meanwhile is read once.
pub(crate) async fn start(
    mut asked: UnboundedReceiver<Vec<ListId>>,
    runner: Recipient<StartNow>,
    watch: Recipient<Watch>,
) {
    while let Some(mut lists) = asked.recv().await {
        while is_to_wait(&lists, &runner).await && has_ended(&watch).await {
            while let Ok(more) = asked.try_recv() {
                lists.extend(more);
            }
            lists.sort_unstable();
            lists.dedup();
        }
    }
}

/// Starts a run, unless one is going on.
async fn is_to_wait(lists: &[ListId], runner: &Recipient<StartNow>) -> bool {
    let scope = StartRun {
        lists: lists.to_vec(),
        ..StartRun::everything(RunTrigger::Schedule)
    };
    match runner.send(StartNow(scope)).await {
        Ok(Ok(run)) => {
            tracing::info!(run.id = %run, "run {run} reads the lists of an export file");
        }
        Ok(Err(failure)) if failure.code == FailureCode::Busy => return true,
        Ok(Err(failure)) => {
            tracing::info!("the lists of an export file are read with the next run: {failure}");
        }
        Err(error) => tracing::error!("the runner does not answer: {error}"),
    }
    false
}

/// Waits for the end of the run that is going on. False when there is no runner any more.
async fn has_ended(watch: &Recipient<Watch>) -> bool {
    match watch.send(Watch(None)).await {
        Ok(Some(mut progress)) => while progress.changed().await.is_ok() {},
        Ok(None) => sleep(MOMENT).await,
        Err(_) => return false, // it was told where it is asked to start
    }
    true
}
