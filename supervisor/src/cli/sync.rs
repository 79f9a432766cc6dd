//! `listsync sync`: starts a run and, with `--wait`, follows it to its end whatever happens to the
//! sync-worker meanwhile. Leaves how its report looks to `sync_report`, and plans to `plan_show`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use runtime::socket::client::{CallError, Client};
use schema::{
    models::{RunId, RunStatus, RunTrigger},
    wire::{
        FailureCode, Link,
        sync::{
            FromSyncWorker, RunPhase, RunReport, RunScope, RunStarted, RunView, RunsRequest,
            StartRun, SyncLink, ToSyncWorker, WatchRun,
        },
    },
};
use tokio::time::Instant;

use super::{
    error::CommandError, exit::Exit, list_names, lists, plan_show, progress::Progress,
    session::Session, sync_report,
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
    /// Only make a plan and show it: lists are read, nothing is requested
    #[arg(long)]
    plan: bool,
}

/// How long the sync-worker may be absent while its run is followed.
const ABSENCE: Duration = Duration::from_secs(30);
/// Runs that are looked at for one whose start was not answered.
const LOOKED_AT: u32 = 50;
/// Pause before the sync-worker is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts a run; follows it if asked to, or if it is to make a plan.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let lists = if args.lists.is_empty() {
        Vec::new()
    } else {
        list_names::resolve_all(&lists::fetch(session, false).await?, &args.lists)?
    };
    let request = StartRun {
        lists,
        only_plans: args.plan,
        ..StartRun::everything(RunTrigger::Manual)
    };
    if args.plan {
        return plan_show::make(session, request).await;
    }
    if args.wait {
        let report = to_its_end(session, request).await?;
        return show(session, &report);
    }
    let started = begin(session, request).await?;
    if session.json {
        session.terminal.say_json(&started)?;
    } else {
        session.terminal.say(&said(&started))?;
    }
    Ok(Exit::Done)
}

/// What is said of a run that was started and left to itself.
pub(super) fn said(started: &RunStarted) -> String {
    let run = started.run;
    if started.is_queued {
        format!("run {run} is queued; it begins when the runs before it are over")
    } else {
        format!("run {run} started")
    }
}

/// Starts a run and leaves it to itself.
///
/// # Errors
/// When it is refused.
pub(super) async fn begin(
    session: &Session,
    request: StartRun,
) -> Result<RunStarted, CommandError> {
    let client = session.sync_worker().await?;
    let since = session.clock.now_utc();
    match start(&client, &request.in_order(), since, false).await {
        Ok(started) => Ok(started),
        Err(error) => Err(session.explained(error).await),
    }
}

/// Starts a run and follows it, until its end or Ctrl-C.
///
/// # Errors
/// When it is refused, on Ctrl-C, and when nothing is heard of it for long.
pub(super) async fn to_its_end(
    session: &Session,
    request: StartRun,
) -> Result<RunReport, CommandError> {
    let client = session.sync_worker().await?;
    let progress = Progress::new(session.terminal.shows_progress() && !session.json);
    let report = follow(session, &client, &request.in_order(), &progress).await;
    progress.clear();
    report
}

async fn follow(
    session: &Session,
    client: &Client<SyncLink>,
    request: &StartRun,
    progress: &Progress,
) -> Result<RunReport, CommandError> {
    let mut run = None;
    let work = async {
        let started = start(client, request, session.clock.now_utc(), true).await?;
        let id = started.run;
        run = Some(id);
        if started.is_queued {
            session.terminal.tell(&format!(
                "run {id} is queued; waiting for the runs before it"
            ));
        }
        watch(client, id, progress).await
    };
    let report = tokio::select! {
        report = work => report,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(run)),
    };
    match report {
        Ok(report) => Ok(report),
        Err(error) => Err(session.explained(error).await),
    }
}

/// Shows how a run ended.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn show(session: &Session, report: &RunReport) -> Result<Exit, CommandError> {
    if session.json {
        session.terminal.say_json(report)?;
    } else {
        session
            .terminal
            .say(&sync_report::text(report, session.look()))?;
    }
    Ok(match report.summary.status {
        RunStatus::Completed => Exit::Done,
        RunStatus::Running | RunStatus::Queued | RunStatus::Failed | RunStatus::Cancelled => {
            Exit::Failed
        }
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

/// Starts a run. When the answer was lost the run may be there all the same: then it is among the runs
/// that began or were queued after `since`.
async fn start(
    client: &Client<SyncLink>,
    request: &StartRun,
    since: DateTime<Utc>,
    patiently: bool,
) -> Result<RunStarted, CallError> {
    let until = Instant::now() + ABSENCE;
    let mut was_lost = false;
    loop {
        let started = if was_lost {
            let found = started_since(client, request, since).await;
            match found.transpose() {
                Some(found) => found,
                None => start_once(client, request).await,
            }
        } else {
            start_once(client, request).await
        };
        match started {
            Err(error) if was_cut_off(&error) && Instant::now() < until => was_lost = true,
            Err(error) if is_unavailable(&error) && patiently && Instant::now() < until => {}
            started => return started,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn start_once(
    client: &Client<SyncLink>,
    request: &StartRun,
) -> Result<RunStarted, CallError> {
    match client.call(ToSyncWorker::StartRun(request.clone())).await? {
        FromSyncWorker::RunStarted(started) => Ok(started),
        _ => Err(CallError::Lost {
            peer: SyncLink::PEER,
        }),
    }
}

/// The run that somebody has started for the same since that moment.
async fn started_since(
    client: &Client<SyncLink>,
    request: &StartRun,
    since: DateTime<Utc>,
) -> Result<Option<RunStarted>, CallError> {
    let scope = RunScope::from(request);
    let runs = ToSyncWorker::Runs(RunsRequest { limit: LOOKED_AT });
    let mut stream = client.stream(runs).await?;
    let mut found = None;
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Runs(part) = answer else {
            continue;
        };
        let is_ours = |run: &&RunView| {
            run.summary.trigger == RunTrigger::Manual
                && run.summary.started_at >= since
                && run.scope == scope
        };
        found = found.or(part.runs.iter().find(is_ours).map(|run| RunStarted {
            run: run.summary.run,
            is_queued: run.summary.status == RunStatus::Queued,
        }));
    }
    Ok(found)
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
        let error = match report_once(client, run, &mut absent_since, progress).await {
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
    progress: &Progress,
) -> Result<RunReport, CallError> {
    let mut stream = client
        .stream(ToSyncWorker::WatchRun(WatchRun { run: Some(run) }))
        .await?;
    while let Some(answer) = stream.next().await? {
        *absent_since = None;
        match answer {
            FromSyncWorker::RunReport(report) => return Ok(*report),
            FromSyncWorker::RunProgress(place) if place.phase == RunPhase::Queued => {
                progress.queued(place.total);
            }
            // Where it is comes with everything else that happens.
            _ => {}
        }
    }
    Err(CallError::Lost {
        peer: SyncLink::PEER,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        history_text::tests::view, lists::tests::list, session::tests::World,
        sync_report::tests::report,
    };
    use schema::{
        models::ListId,
        wire::{
            Failure,
            sync::{Lists, RunProgress, Runs},
        },
    };
    use std::cell::Cell;

    fn args(lists: &[&str], wait: bool) -> Args {
        Args {
            lists: lists.iter().map(|name| (*name).to_owned()).collect(),
            wait,
            plan: false,
        }
    }

    fn started(run: i32) -> Vec<FromSyncWorker> {
        vec![FromSyncWorker::RunStarted(RunStarted {
            run: RunId(run),
            is_queued: false,
        })]
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

    /// What the history shows of runs of everything.
    fn runs(numbers: &[(i32, i64)], now: DateTime<Utc>) -> Vec<FromSyncWorker> {
        let runs = numbers.iter().map(|(run, minutes)| {
            let mut view = view(*run, RunStatus::Running);
            view.summary.started_at = now + chrono::TimeDelta::minutes(*minutes);
            view
        });
        vec![FromSyncWorker::Runs(Runs {
            runs: runs.collect(),
        })]
    }

    #[actix_rt::test]
    async fn waiting_survives_a_killed_sync_worker() {
        let world = World::new();
        let now = world.session.clock.now_utc();
        let (starts, watches) = (Cell::new(0), Cell::new(0));
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => {
                starts.set(starts.get() + 1);
                assert_eq!(starts.get(), 1, "the run it started goes on");
                lost()
            }
            // One from before is another.
            ToSyncWorker::Runs(_) => runs(&[(12, 0), (11, -5)], now),
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
    async fn a_start_that_was_lost_before_it_was_heard_is_made_again() {
        let world = World::new();
        let now = world.session.clock.now_utc();
        let starts = Cell::new(0);
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => {
                starts.set(starts.get() + 1);
                if starts.get() == 1 {
                    lost()
                } else {
                    started(12)
                }
            }
            ToSyncWorker::Runs(_) => runs(&[(11, -5)], now),
            other => panic!("{other:?}"),
        });
        run(&world.session, args(&[], false)).await.unwrap();
        assert_eq!(world.printed(), "run 12 started\n");
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

    /// The sync-worker is stopped.
    fn stopped() -> Vec<FromSyncWorker> {
        vec![Failure::new(FailureCode::Cancelled, "the request was cancelled").into()]
    }

    /// The connection is cut.
    fn lost() -> Vec<FromSyncWorker> {
        Vec::new()
    }

    #[actix_rt::test]
    async fn waiting_goes_through_the_queue_and_says_so() {
        let world = World::new();
        world.serve::<SyncLink>(move |request| match request {
            ToSyncWorker::StartRun(_) => queued(12),
            ToSyncWorker::WatchRun(_) => {
                let place = RunProgress {
                    phase: RunPhase::Queued,
                    total: 2,
                    ..progress(12)
                };
                vec![
                    FromSyncWorker::RunProgress(place),
                    FromSyncWorker::RunProgress(progress(12)),
                    FromSyncWorker::RunReport(Box::new(report(RunStatus::Completed))),
                ]
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(
            run(&world.session, args(&[], true)).await.unwrap(),
            Exit::Done
        );
        assert!(
            world
                .told()
                .contains("run 12 is queued; waiting for the runs before it"),
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

    fn queued(run: i32) -> Vec<FromSyncWorker> {
        vec![FromSyncWorker::RunStarted(RunStarted {
            run: RunId(run),
            is_queued: true,
        })]
    }

    #[actix_rt::test]
    async fn while_another_run_is_going_on_the_next_is_queued() {
        let world = World::new();
        world.serve::<SyncLink>(|_| queued(12));
        let ended = run(&world.session, args(&[], false)).await;
        assert_eq!(ended.unwrap(), Exit::Done);
        assert_eq!(
            world.printed(),
            "run 12 is queued; it begins when the runs before it are over\n"
        );
    }

    #[actix_rt::test]
    async fn a_full_queue_is_told_with_what_to_do() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            let full = Failure::new(FailureCode::Busy, "100 runs are waiting for their turn");
            vec![full.with_remedy("Wait until some of them are over.").into()]
        });
        let error = run(&world.session, args(&[], false)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.text().contains("Wait until some"), "{}", error.text());
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
