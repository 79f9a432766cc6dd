//! Starts runs for the lists of new export files, one after the other. Leaves the runs to the runner.

use std::time::Duration;

use actix::Recipient;
use schema::{
    models::{ListId, RunTrigger},
    wire::{FailureCode, sync::StartRun},
};
use tokio::{sync::mpsc::UnboundedReceiver, time::sleep};

use crate::run::{StartNow, Watch};

/// Pause after the queue of runs was full.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts runs as they are asked for, each when the one before has ended. What is asked for while
/// another run goes on is one run, and a file that changed often meanwhile is read once.
pub(crate) async fn start(
    mut asked: UnboundedReceiver<Vec<ListId>>,
    runner: Recipient<StartNow>,
    watch: Recipient<Watch>,
) {
    while let Some(mut lists) = asked.recv().await {
        while has_waited(&watch).await || is_to_wait(&lists, &runner).await {
            while let Ok(more) = asked.try_recv() {
                lists.extend(more);
            }
            lists.sort_unstable();
            lists.dedup();
        }
    }
}

/// Waits for the end of the run that is going on. False when there is none.
async fn has_waited(watch: &Recipient<Watch>) -> bool {
    // A runner that is gone is told of where it is asked to start.
    let Ok(Some(mut progress)) = watch.send(Watch(None)).await else {
        return false;
    };
    while progress.changed().await.is_ok() {}
    true
}

/// Starts a run; waits a moment when too many are queued.
async fn is_to_wait(lists: &[ListId], runner: &Recipient<StartNow>) -> bool {
    let scope = StartRun {
        lists: lists.to_vec(),
        ..StartRun::everything(RunTrigger::Schedule)
    };
    match runner.send(StartNow(scope)).await {
        Ok(Ok(accepted)) => {
            let run = accepted.run;
            tracing::info!(run.id = %run, "run {run} reads the lists of an export file");
        }
        Ok(Err(failure)) if failure.code == FailureCode::Busy => {
            sleep(PAUSE).await;
            return true;
        }
        Ok(Err(failure)) => {
            tracing::info!("the lists of an export file are read with the next run: {failure}");
        }
        Err(error) => tracing::error!("the runner does not answer: {error}"),
    }
    false
}
