//! The sync-worker's socket: translates requests to messages and calls, decides nothing.

use actix::{Addr, Recipient};
use runtime::{
    Chain,
    socket::{Answers, Handler},
};
use schema::{
    DbError,
    models::{RunId, RunStatus, SyncRun},
    wire::{
        Failure, FailureCode,
        sync::{
            FromSyncWorker, Lists, RunPhase, RunProgress, RunRef, RunStarted, SettingsSaved,
            SyncLink, SyncStatus, ToSyncWorker,
        },
    },
};

use crate::{
    browser, check,
    engine::Engine,
    events,
    exports::Exports,
    first_look, history, lists, missing, pins, plans, review,
    run::{CancelNow, Current, Runner, StartNow, Watch, stored_report, summary},
    saved,
    schedule::{Changed, NextRun, Schedule},
    settings_view, sign_in, story,
};
use tokio::sync::watch;

/// Lists in one answer, far below the limit of a line.
const LISTS_AT_ONCE: usize = 200;

/// Answers requests on the socket.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) exports: Exports,
    pub(crate) runner: Addr<Runner>,
    pub(crate) schedule: Addr<Schedule>,
}

impl Handler<SyncLink> for Door {
    fn handle(
        &self,
        request: ToSyncWorker,
        answers: Answers<SyncLink>,
    ) -> impl Future<Output = ()> + 'static {
        let door = self.clone();
        async move {
            let answer = match request {
                ToSyncWorker::WatchRun(watch) => return door.watch(watch.run, answers).await,
                ToSyncWorker::WatchEvents(request) => {
                    let (db, feed) = (&door.engine.db, &door.engine.feed);
                    return events::answer(db, feed, request, answers).await;
                }
                ToSyncWorker::Runs(request) => {
                    return history::answer(&door.engine, request, answers).await;
                }
                ToSyncWorker::Run(request) => {
                    return history::answer_one(&door.engine, request.run, answers).await;
                }
                ToSyncWorker::Lists(request) => {
                    return door.lists(request.with_removed, answers).await;
                }
                ToSyncWorker::ReadList(read) => {
                    return first_look::answer(&door.engine, read.list, answers).await;
                }
                ToSyncWorker::Check(check) => {
                    return check::answer(&door.engine, check.quick, answers).await;
                }
                ToSyncWorker::Items(request) => {
                    return story::items::answer(&door.engine, request, answers).await;
                }
                ToSyncWorker::SignIn(request) => {
                    return sign_in::follow(&door.engine, &request.provider, answers).await;
                }
                ToSyncWorker::Plan(request) => {
                    return plans::show(&door.engine, request, answers).await;
                }
                ToSyncWorker::Status(_) => door.status().await.map(FromSyncWorker::Status),
                ToSyncWorker::Why(why) => match door.situation().await {
                    Ok(now) => story::tell(&door.engine, why, now)
                        .await
                        .map(|story| FromSyncWorker::Story(Box::new(story.in_one_answer()))),
                    Err(failure) => Err(failure),
                },
                ToSyncWorker::RetryTitle(retry) => match door.situation().await {
                    Ok(now) => story::retry(&door.engine, retry, now)
                        .await
                        .map(FromSyncWorker::RetryAsked),
                    Err(failure) => Err(failure),
                },
                ToSyncWorker::StartRun(scope) => {
                    ask(&door.runner.clone().recipient(), StartNow(scope))
                        .await
                        .map(|accepted| {
                            FromSyncWorker::RunStarted(RunStarted {
                                run: accepted.run,
                                is_queued: accepted.is_queued,
                            })
                        })
                }
                ToSyncWorker::CancelRun(cancel) => {
                    ask(&door.runner.clone().recipient(), CancelNow(cancel.run))
                        .await
                        .map(|run| FromSyncWorker::RunCancelled(RunRef { run }))
                }
                ToSyncWorker::AddList(add) => door
                    .changed(lists::add(&door.engine, add).await)
                    .map(FromSyncWorker::List),
                ToSyncWorker::ChangeList(change) => door
                    .changed(lists::change(&door.engine, change).await)
                    .map(FromSyncWorker::List),
                ToSyncWorker::RemoveList(remove) => door
                    .changed(lists::remove(&door.engine, remove.list).await)
                    .map(FromSyncWorker::List),
                ToSyncWorker::AcceptList(accept) => door
                    .changed(lists::accept(&door.engine, accept.list).await)
                    .map(FromSyncWorker::List),
                ToSyncWorker::Plans(_) => plans::all(&door.engine).await.map(FromSyncWorker::Plans),
                ToSyncWorker::DiscardPlan(request) => plans::discard(&door.engine, request)
                    .await
                    .map(FromSyncWorker::PlanDiscarded),
                ToSyncWorker::ResolveList(input) => lists::resolve(&door.engine, input)
                    .await
                    .map(FromSyncWorker::ListResolved),
                ToSyncWorker::TestTarget(test) => Ok(FromSyncWorker::CheckLine(
                    check::target_with(&door.engine, test).await,
                )),
                ToSyncWorker::SaveSettings(save) => door
                    .changed(saved::save(&door.engine, save).await)
                    .map(|need_restart| {
                        FromSyncWorker::SettingsSaved(SettingsSaved { need_restart })
                    }),
                ToSyncWorker::AddFile(add) => door
                    .changed(door.exports.add_file(&add.file).await)
                    .map(FromSyncWorker::FileAdded),
                ToSyncWorker::Browser(_) => browser::status(&door.engine)
                    .await
                    .map(FromSyncWorker::Browser),
                ToSyncWorker::Settings(_) => Ok(FromSyncWorker::Settings(settings_view::all(
                    &door.engine.settings(),
                ))),
                ToSyncWorker::Providers(_) => sign_in::providers(&door.engine)
                    .await
                    .map(FromSyncWorker::Providers),
                ToSyncWorker::StartSignIn(request) => {
                    sign_in::start(&door.engine, &request.provider)
                        .await
                        .map(FromSyncWorker::SignIn)
                }
                ToSyncWorker::SignInStatus(request) => {
                    sign_in::status(&door.engine, &request.provider).map(FromSyncWorker::SignIn)
                }
                ToSyncWorker::CancelSignIn(request) => {
                    sign_in::cancel(&door.engine, &request.provider)
                        .await
                        .map(FromSyncWorker::SignIn)
                }
                ToSyncWorker::SignOut(request) => sign_in::sign_out(&door.engine, request)
                    .await
                    .map(FromSyncWorker::SignedOut),
                ToSyncWorker::Review(request) => review::page(&door.engine, request)
                    .await
                    .map(FromSyncWorker::Review),
                ToSyncWorker::Pick(pick) => pins::pick(&door.engine, pick)
                    .await
                    .map(FromSyncWorker::Picked),
                ToSyncWorker::Unpin(unpin) => pins::unpin(&door.engine, unpin.pin)
                    .await
                    .map(FromSyncWorker::Unpinned),
                ToSyncWorker::Pins(request) => pins::page(&door.engine, request)
                    .await
                    .map(FromSyncWorker::Pins),
                ToSyncWorker::ImportPins(import) => pins::import(&door.engine, import)
                    .await
                    .map(FromSyncWorker::PinsImported),
                ToSyncWorker::SettingsChanged(_) => door
                    .changed(saved::read_again(&door.engine).await)
                    .map(|()| FromSyncWorker::SettingsSaved(SettingsSaved::default())),
            };
            match answer {
                Ok(answer) => answers.last(answer).await,
                Err(failure) => answers.fail(failure).await,
            }
        }
    }
}

impl Door {
    /// Passes the result on and lets the schedule look again when something was changed.
    fn changed<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_ok() && self.schedule.try_send(Changed).is_err() {
            tracing::error!("the schedule does not hear of a change");
        }
        result
    }

    /// What stories are told with.
    async fn situation(&self) -> Result<story::Situation, Failure> {
        let run = self.runner.send(Current).await.map_err(closed)?;
        let (next_sync, _) = self.schedule.send(NextRun).await.map_err(closed)?;
        let outlook = story::Outlook {
            next_sync,
            run: run.map(|progress| progress.run),
            automated: self.engine.settings().settings.sync.automated,
            missing: missing::all(&self.engine).await,
        };
        Ok(story::situation(&self.engine, outlook))
    }

    async fn status(&self) -> Result<SyncStatus, Failure> {
        let run = self.runner.send(Current).await.map_err(closed)?;
        let (next_sync, interval) = self.schedule.send(NextRun).await.map_err(closed)?;
        let (last, queued) = self
            .engine
            .db
            .read(|conn| -> Result<_, DbError> {
                let queued = SyncRun::queue_length(conn, None)?;
                Ok((SyncRun::last_ended(conn)?, queued))
            })
            .await
            .map_err(|error| internal(&error))?;
        Ok(SyncStatus {
            run,
            last_run: last.as_ref().map(summary),
            next_sync,
            interval_hours: interval.as_secs_f64() / 3600.0,
            automated: self.engine.settings().settings.sync.automated,
            missing: missing::all(&self.engine).await,
            queued: u32::try_from(queued).unwrap_or(u32::MAX),
        })
    }

    async fn lists(&self, with_removed: bool, answers: Answers<SyncLink>) {
        match lists::all(&self.engine, with_removed).await {
            Err(failure) => answers.fail(failure).await,
            Ok(views) => {
                let mut chunks = views.chunks(LISTS_AT_ONCE).peekable();
                while let Some(chunk) = chunks.next() {
                    let lists = FromSyncWorker::Lists(Lists {
                        lists: chunk.to_vec(),
                    });
                    if chunks.peek().is_none() {
                        return answers.last(lists).await;
                    }
                    if answers.more(lists).await.is_err() {
                        return;
                    }
                }
                answers
                    .last(FromSyncWorker::Lists(Lists { lists: Vec::new() }))
                    .await;
            }
        }
    }

    /// Every change of a run while it waits for its turn and goes on, then its report.
    async fn watch(&self, run: Option<RunId>, answers: Answers<SyncLink>) {
        // Begins and ends of runs are stored events: the queue is looked at again after each.
        let mut stored = self.engine.feed.follow_stored();
        let run = loop {
            stored.mark_unchanged();
            match self.runner.send(Watch(run)).await {
                Err(error) => return answers.fail(closed(error)).await,
                Ok(Some(progress)) => match follow(progress, &answers).await {
                    Some(number) => break Some(number),
                    None => return,
                },
                Ok(None) => {}
            }
            let Some(queued) = run else { break run };
            match self.place(queued).await {
                Err(error) => return answers.fail(internal(&error)).await,
                Ok(None) => break run,
                Ok(Some(place)) => {
                    let told = answers.more(FromSyncWorker::RunProgress(place)).await;
                    if told.is_err() || stored.changed().await.is_err() {
                        return;
                    }
                }
            }
        };
        self.report(run, answers).await;
    }

    /// Where in the queue a run is, if it is there.
    async fn place(&self, run: RunId) -> Result<Option<RunProgress>, DbError> {
        self.engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                let row = SyncRun::find(conn, run)?;
                if row.is_none_or(|row| row.status != RunStatus::Queued) {
                    return Ok(None);
                }
                let before = SyncRun::queue_length(conn, Some(run))?;
                Ok(Some(RunProgress {
                    run,
                    phase: RunPhase::Queued,
                    done: 0,
                    // And the one that is going on.
                    total: u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1),
                    item: None,
                }))
            })
            .await
    }

    async fn report(&self, run: Option<RunId>, answers: Answers<SyncLink>) {
        match self.ended(run).await {
            // Between a crash and its successor's first look nobody is at it.
            Ok(Some(row)) if !row.has_ended() => {
                let message = format!("run {} is about to be taken up again", row.id);
                answers
                    .fail(Failure::new(FailureCode::Unavailable, message))
                    .await;
            }
            Ok(Some(row)) => {
                answers
                    .last(FromSyncWorker::RunReport(Box::new(
                        stored_report(&row).in_one_answer(),
                    )))
                    .await;
            }
            Ok(None) => {
                let message = run.map_or_else(
                    || "there was no run yet".to_owned(),
                    |run| format!("there is no run {run}"),
                );
                answers
                    .fail(Failure::new(FailureCode::NotFound, message))
                    .await;
            }
            Err(error) => answers.fail(internal(&error)).await,
        }
    }

    async fn ended(&self, run: Option<RunId>) -> Result<Option<SyncRun>, DbError> {
        match run {
            Some(run) => {
                self.engine
                    .db
                    .read(move |conn| SyncRun::find(conn, run))
                    .await
            }
            None => self.engine.db.read(SyncRun::last_ended).await,
        }
    }
}

/// Tells where a run is until it is over; then its number, or nothing when nobody listens any more.
async fn follow(
    mut progress: watch::Receiver<RunProgress>,
    answers: &Answers<SyncLink>,
) -> Option<RunId> {
    let run = progress.borrow().run;
    loop {
        let now = progress.borrow_and_update().clone();
        let told = answers.more(FromSyncWorker::RunProgress(now)).await;
        if told.is_err() {
            return None;
        }
        if progress.changed().await.is_err() {
            return Some(run);
        }
    }
}

async fn ask<M, T>(actor: &Recipient<M>, message: M) -> Result<T, Failure>
where
    M: actix::Message<Result = Result<T, Failure>> + Send + 'static,
    T: Send,
{
    actor.send(message).await.map_err(closed)?
}

fn closed(error: actix::MailboxError) -> Failure {
    tracing::error!("an actor does not answer: {error}");
    Failure::new(FailureCode::Internal, "the sync-worker is ending")
}

pub(crate) fn internal(error: &DbError) -> Failure {
    tracing::error!("{}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}
