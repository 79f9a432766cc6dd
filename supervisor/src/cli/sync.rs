//! `listsync sync`: starts a run and, with `--wait`, follows it to its end whatever happens to the
//! sync-worker meanwhile. Leaves how its report looks to `sync_report`.

use std::time::Duration;

use runtime::socket::client::{CallError, Client};
use schema::{
    models::{ListId, RunId, RunStatus, RunTrigger},
    wire::{
        FailureCode, Link,
        sync::{
            FromSyncWorker, RunRef, RunReport, StartRun, SyncLink, SyncStatusRequest, ToSyncWorker,
            WatchRun,
        },
    },
};
use tokio::time::Instant;

use super::{
    error::CommandError, exit::Exit, list_names, lists, progress::Progress, session::Session,
    sync_report, terminal::Look,
};

/// Arguments of `sync`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Lists to read, by number, `type:id`, address or name; all that are synced automatically when
    /// none is named
    #[arg(value_name = "LIST")]
    lists: Vec<String>,
    /// Wait for the end and print what was done
    #[arg(long)]
    wait: bool,
}

/// How long the sync-worker may be absent while its run is followed.
const ABSENCE: Duration = Duration::from_secs(30);
/// Pause before the sync-worker is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts a run; follows it if asked to.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let lists = if args.lists.is_empty() {
        Vec::new()
    } else {
        list_names::resolve_all(&lists::fetch(session, false).await?, &args.lists)?
    };
    let client = session.sync_worker().await?;
    if args.wait {
        let progress = Progress::new(session.terminal.shows_progress() && !session.json);
        let ended = follow(session, &client, lists, &progress).await;
        progress.clear();
        return ended;
    }
    let run = match start(&client, &lists, false).await {
        Ok(run) => run,
        Err(error) => return Err(session.explained(error).await),
    };
    if session.json {
        session.terminal.say_json(&RunRef { run })?;
    } else {
        session.terminal.say(&format!("run {run} started"))?;
    }
    Ok(Exit::Done)
}

/// Starts and follows, until the end or Ctrl-C.
async fn follow(
    session: &Session,
    client: &Client<SyncLink>,
    lists: Vec<ListId>,
    progress: &Progress,
) -> Result<Exit, CommandError> {
    let mut run = None;
    let work = async {
        let id = start_when_free(session, client, &lists, progress).await?;
        run = Some(id);
        watch(client, id, progress).await
    };
    let report = tokio::select! {
        report = work => report,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(run)),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return Err(session.explained(error).await),
    };
    progress.clear();
    if session.json {
        session.terminal.say_json(&report)?;
    } else {
        session
            .terminal
            .say(&sync_report::text(&report, session.look()))?;
    }
    Ok(match report.summary.status {
        RunStatus::Completed => Exit::Done,
        RunStatus::Running | RunStatus::Failed | RunStatus::Cancelled => Exit::Failed,
    })
}

fn interrupted(run: Option<RunId>) -> CommandError {
    CommandError::Interrupted(match run {
        Some(run) => format!(
            "run {run} goes on; `listsync cancel` ends it, `listsync status` shows the processes"
        ),
        None => "nothing was started".into(),
    })
}

/// Starts a run; waits for the one that is going on to end, should there be one.
async fn start_when_free(
    session: &Session,
    client: &Client<SyncLink>,
    lists: &[ListId],
    progress: &Progress,
) -> Result<RunId, CallError> {
    loop {
        match start(client, lists, true).await {
            Err(CallError::Failed(failure)) if failure.code == FailureCode::Busy => {}
            started => return started,
        }
        let other = match current(client).await {
            Err(error) if was_cut_off(&error) => None, // just now; ask again
            other => other?,
        };
        if let Some(other) = other {
            session.terminal.tell(&format!(
                "run {other} is going on; waiting for its end before this one starts"
            ));
            let report = watch(client, other, progress).await?;
            // What it did is told too: it may have left nothing to do for ours.
            progress.clear();
            session
                .terminal
                .tell(&sync_report::headline(&report.summary, Look::PIPE));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Starts a run. When the answer was lost the run may have been started: then the one that is going
/// on is ours.
async fn start(
    client: &Client<SyncLink>,
    lists: &[ListId],
    patiently: bool,
) -> Result<RunId, CallError> {
    let request = StartRun {
        lists: lists.to_vec(),
        custom: Vec::new(),
        trigger: RunTrigger::Manual,
    };
    let until = Instant::now() + ABSENCE;
    let mut was_lost = false;
    loop {
        match client.call(ToSyncWorker::StartRun(request.clone())).await {
            Ok(FromSyncWorker::RunStarted(started)) => return Ok(started.run),
            Ok(_) => {
                return Err(CallError::Lost {
                    peer: SyncLink::PEER,
                });
            }
            Err(error) if was_cut_off(&error) && Instant::now() < until => was_lost = true,
            Err(CallError::Failed(failure)) if failure.code == FailureCode::Busy && was_lost => {
                if let Some(run) = current(client).await? {
                    return Ok(run);
                }
            }
            Err(error) if is_unavailable(&error) && patiently && Instant::now() < until => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the sync-worker was killed or stopped before it answered.
pub(super) fn was_cut_off(error: &CallError) -> bool {
    match error {
        CallError::Lost { .. } => true,
        CallError::Failed(failure) => failure.code == FailureCode::Cancelled,
        CallError::Unreachable { .. } | CallError::Wire { .. } => false,
    }
}

/// Whether it will answer in a moment.
pub(super) fn is_unavailable(error: &CallError) -> bool {
    matches!(error, CallError::Failed(failure) if failure.code == FailureCode::Unavailable)
}

/// The run that is going on.
async fn current(client: &Client<SyncLink>) -> Result<Option<RunId>, CallError> {
    match client
        .call(ToSyncWorker::Status(SyncStatusRequest {}))
        .await?
    {
        FromSyncWorker::Status(status) => Ok(status.run.map(|progress| progress.run)),
        _ => Ok(None),
    }
}

/// Shows where a run is until its report is there.
async fn watch(
    client: &Client<SyncLink>,
    run: RunId,
    progress: &Progress,
) -> Result<RunReport, CallError> {
    let client = client.clone().patient(ABSENCE);
    tokio::select! {
        report = report(&client, run, progress) => report,
        never = progress.follow(&client, run) => match never {},
    }
}

/// Waits for the report of a run. A sync-worker that is killed takes its run up again when it is
/// back, so it is asked for the same run until it has been silent for [`ABSENCE`].
async fn report(
    client: &Client<SyncLink>,
    run: RunId,
    progress: &Progress,
) -> Result<RunReport, CallError> {
    let mut absent_since = None;
    loop {
        let error = match report_once(client, run, &mut absent_since).await {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        // What is unreachable the client has waited for already.
        let is_passing = was_cut_off(&error) || is_unavailable(&error);
        let since = *absent_since.get_or_insert_with(Instant::now);
        if !is_passing || since.elapsed() >= ABSENCE {
            return Err(error);
        }
        progress.wait("the sync-worker is being restarted");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn report_once(
    client: &Client<SyncLink>,
    run: RunId,
    absent_since: &mut Option<Instant>,
) -> Result<RunReport, CallError> {
    let mut stream = client
        .stream(ToSyncWorker::WatchRun(WatchRun { run: Some(run) }))
        .await?;
    while let Some(answer) = stream.next().await? {
        *absent_since = None;
        // Where it is comes with everything else that happens.
        if let FromSyncWorker::RunReport(report) = answer {
            return Ok(*report);
        }
    }
    Err(CallError::Lost {
        peer: SyncLink::PEER,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{lists::tests::list, session::tests::World, sync_report::tests::report};
    use schema::wire::{
        Failure,
        sync::{Lists, RunPhase, RunProgress, SyncStatus},
    };
    use std::cell::Cell;

    fn args(lists: &[&str], wait: bool) -> Args {
        Args {
            lists: lists.iter().map(|name| (*name).to_owned()).collect(),
            wait,
        }
    }

    fn started(run: i32) -> Vec<FromSyncWorker> {
        vec![FromSyncWorker::RunStarted(RunRef { run: RunId(run) })]
    }

    fn progress(run: i32) -> RunProgress {
        RunProgress {
            run: RunId(run),
            phase: RunPhase::Apply,
            done: 3,
            total: 9,
            item: None,
        }
    }

    fn status(run: Option<i32>) -> Vec<FromSyncWorker> {
        vec![FromSyncWorker::Status(SyncStatus {
            run: run.map(progress),
            last_run: None,
            next_sync: None,
            interval_hours: 24.0,
            automated: true,
            missing: vec![],
        })]
    }

    #[actix_rt::test]
    async fn without_waiting_the_run_is_named() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::Lists(_) => {
                vec![FromSyncWorker::Lists(Lists {
                    lists: vec![list(5, "imdb", "top", "Top")],
                })]
            }
            ToSyncWorker::StartRun(start) => {
                assert_eq!(start.lists, [ListId(5)]);
                started(12)
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(
            run(&world.session, args(&["imdb:top"], false))
                .await
                .unwrap(),
            Exit::Done
        );
        assert_eq!(world.printed(), "run 12 started\n");
    }

    #[actix_rt::test]
    async fn waiting_survives_a_killed_sync_worker() {
        let world = World::new();
        let (lives, watches) = (Cell::new(0), Cell::new(0));
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => {
                lives.set(lives.get() + 1);
                // The first answer is lost, the run it started goes on.
                if lives.get() == 1 { lost() } else { busy() }
            }
            ToSyncWorker::Status(_) => status(Some(12)),
            ToSyncWorker::WatchRun(watch) => {
                assert_eq!(watch.run, Some(RunId(12)));
                watches.set(watches.get() + 1);
                if watches.get() < 3 {
                    return lost();
                }
                let end = FromSyncWorker::RunReport(Box::new(report(RunStatus::Completed)));
                vec![FromSyncWorker::RunProgress(progress(12)), end]
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(
            run(&world.session, args(&[], true)).await.unwrap(),
            Exit::Done
        );
        assert!(
            world.printed().starts_with("run 12 completed"),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn waiting_survives_a_sync_worker_that_is_stopped_after_a_long_silence() {
        let world = World::new();
        let watches = Cell::new(0);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => started(12),
            ToSyncWorker::WatchRun(_) => {
                watches.set(watches.get() + 1);
                let now = FromSyncWorker::RunProgress(progress(12));
                match watches.get() {
                    1 => [vec![now], stopped()].concat(),
                    2 => vec![now], // killed, long after it was last heard of
                    _ => vec![FromSyncWorker::RunReport(Box::new(report(
                        RunStatus::Completed,
                    )))],
                }
            }
            other => panic!("{other:?}"),
        });
        let ended = run(&world.session, args(&[], true)).await;
        assert_eq!(ended.unwrap(), Exit::Done);
    }

    fn busy() -> Vec<FromSyncWorker> {
        vec![Failure::new(FailureCode::Busy, "run 4 is going on").into()]
    }

    /// The sync-worker is stopped.
    fn stopped() -> Vec<FromSyncWorker> {
        vec![Failure::new(FailureCode::Cancelled, "the request was cancelled").into()]
    }

    /// The connection is cut.
    fn lost() -> Vec<FromSyncWorker> {
        Vec::new()
    }

    #[actix_rt::test]
    async fn waiting_starts_after_the_run_that_is_going_on() {
        let world = World::new();
        let tries = Cell::new(0);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => {
                tries.set(tries.get() + 1);
                match tries.get() {
                    1 | 2 => busy(),
                    _ => started(12),
                }
            }
            ToSyncWorker::Status(_) if tries.get() == 1 => stopped(),
            ToSyncWorker::Status(_) => status(Some(4)),
            ToSyncWorker::WatchRun(_) => {
                vec![FromSyncWorker::RunReport(Box::new(report(
                    RunStatus::Completed,
                )))]
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(
            run(&world.session, args(&[], true)).await.unwrap(),
            Exit::Done
        );
        assert!(
            world.told().contains("run 4 is going on"),
            "{}",
            world.told()
        );
    }

    #[actix_rt::test]
    async fn a_run_that_failed_is_1_and_says_why() {
        let world = World::new();
        world.serve::<SyncLink>(|request| match request {
            ToSyncWorker::StartRun(_) => started(12),
            _ => vec![FromSyncWorker::RunReport(Box::new(report(
                RunStatus::Failed,
            )))],
        });
        assert_eq!(
            run(&world.session, args(&[], true)).await.unwrap(),
            Exit::Failed
        );
        assert!(
            world
                .printed()
                .contains("run 12 failed: Seerr did not answer"),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn while_another_run_is_going_on_nothing_is_started_without_waiting() {
        let world = World::new();
        world.serve::<SyncLink>(|_| busy());
        let error = run(&world.session, args(&[], false)).await.unwrap_err();
        assert_eq!(
            (error.exit(), error.text().as_str()),
            (Exit::Failed, "listsync: run 4 is going on")
        );
    }

    #[test]
    fn ctrl_c_says_that_the_run_goes_on() {
        let error = interrupted(Some(RunId(12)));
        assert_eq!(error.exit(), Exit::Interrupted);
        assert!(
            error
                .text()
                .starts_with("run 12 goes on; `listsync cancel` ends it")
        );
        assert_eq!(interrupted(None).text(), "nothing was started");
    }
}
