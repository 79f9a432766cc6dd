//! `listsync history`: the runs there were, and what became of one. Leaves how that looks to
//! `history_text`.

use schema::{
    models::RunId,
    wire::{
        Link,
        sync::{
            FromSyncWorker, RunDetails, RunRequest, RunView, RunsRequest, SyncLink, ToSyncWorker,
        },
    },
};

use super::{
    error::CommandError,
    exit::Exit,
    history_text::{self, Names},
    lists,
    session::Session,
};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One run, by number, with its lists, reasons and errors
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i32).range(1..))]
    run: Option<i32>,
    /// How many runs to show, the newest first
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value_t = 20,
        conflicts_with = "run",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    limit: u32,
}

/// Shows the runs, or one.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    match args.run {
        Some(run) => one(session, RunId(run)).await,
        None => all(session, args.limit).await,
    }
}

async fn all(session: &Session, limit: u32) -> Result<Exit, CommandError> {
    let runs = fetch(session, limit).await?;
    if session.json {
        session.terminal.say_json(&runs)?;
        return Ok(Exit::Done);
    }
    if runs.is_empty() {
        session
            .terminal
            .say("No runs yet. `listsync sync` starts one.")?;
        return Ok(Exit::Done);
    }
    let names = names(session, runs.iter().any(|run| !run.scope.lists.is_empty())).await?;
    session
        .terminal
        .say(&history_text::table(&runs, &names, session.look()))?;
    Ok(Exit::Done)
}

/// The newest runs.
async fn fetch(session: &Session, limit: u32) -> Result<Vec<RunView>, CommandError> {
    let request = ToSyncWorker::Runs(RunsRequest { limit });
    let mut stream = match session.sync_worker().await?.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let mut runs = Vec::new();
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Runs(part) = answer else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        runs.extend(part.runs);
    }
    Ok(runs)
}

async fn one(session: &Session, run: RunId) -> Result<Exit, CommandError> {
    let details = details(session, run).await?;
    if session.json {
        session.terminal.say_json(&details)?;
        return Ok(Exit::Done);
    }
    let names = names(session, !details.scope.lists.is_empty()).await?;
    session
        .terminal
        .say(&history_text::details(&details, &names, session.look()))?;
    Ok(Exit::Done)
}

/// A run with all its lists, in however many answers they come.
async fn details(session: &Session, run: RunId) -> Result<RunDetails, CommandError> {
    let request = ToSyncWorker::Run(RunRequest { run: Some(run) });
    let mut stream = match session.sync_worker().await?.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Err(session.explained(error).await),
    };
    let mut whole: Option<RunDetails> = None;
    while let Some(answer) = stream.next().await? {
        let FromSyncWorker::Run(part) = answer else {
            return Err(CommandError::unexpected(SyncLink::PEER));
        };
        match &mut whole {
            Some(whole) => whole.add(*part),
            None => whole = Some(*part),
        }
    }
    whole.ok_or_else(|| CommandError::unexpected(SyncLink::PEER))
}

/// What lists are called, also those that were removed since; not asked for when none is named.
async fn names(session: &Session, are_needed: bool) -> Result<Names, CommandError> {
    if !are_needed {
        return Ok(Names::default());
    }
    let lists = lists::fetch(session, true).await?;
    Ok(lists
        .into_iter()
        .map(|list| (list.id, format!("{}:{}", list.list_type, list.list_id)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        history_text::tests::{details, view},
        lists::tests::list,
        session::tests::World,
    };
    use schema::{
        models::{ListId, RunStatus},
        wire::{
            Failure, FailureCode,
            sync::{Lists, Runs},
        },
    };

    fn args(run: Option<i32>) -> Args {
        Args { run, limit: 20 }
    }

    fn answer(request: ToSyncWorker) -> Vec<FromSyncWorker> {
        match request {
            ToSyncWorker::Runs(request) => {
                assert_eq!(request.limit, 20);
                let mut queued = view(14, RunStatus::Queued);
                queued.scope.lists = vec![ListId(5)];
                [
                    queued,
                    view(13, RunStatus::Running),
                    view(12, RunStatus::Completed),
                ]
                .map(|run| FromSyncWorker::Runs(Runs { runs: vec![run] }))
                .to_vec()
            }
            ToSyncWorker::Run(request) => {
                assert_eq!(request.run, Some(RunId(12)));
                let mut further = details();
                for list in &mut further.report.lists {
                    list.name = "Another".into();
                }
                [details(), further]
                    .map(|part| FromSyncWorker::Run(Box::new(part)))
                    .to_vec()
            }
            ToSyncWorker::Lists(request) => {
                assert!(request.with_removed, "a removed list still has its name");
                vec![FromSyncWorker::Lists(Lists {
                    lists: vec![list(5, "imdb", "top", "Top")],
                })]
            }
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn runs_are_listed_however_many_answers_it_takes() {
        let world = World::new();
        world.serve::<SyncLink>(answer);
        assert_eq!(run(&world.session, args(None)).await.unwrap(), Exit::Done);
        let printed = world.printed();
        assert_eq!(printed.lines().count(), 4, "{printed}");
        assert!(printed.contains("imdb:top"), "{printed}");
    }

    #[actix_rt::test]
    async fn one_run_is_shown_with_its_lists_reasons_and_errors() {
        let world = World::new();
        world.serve::<SyncLink>(answer);
        run(&world.session, args(Some(12))).await.unwrap();
        let printed = world.printed();
        for part in [
            "run 12 completed",
            "IMDb Top 250",
            "Another",
            "not in Seerr yet",
            "Heat (1995)",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
    }

    #[actix_rt::test]
    async fn without_runs_it_says_how_to_start_one() {
        let world = World::new();
        world.serve::<SyncLink>(|_| vec![FromSyncWorker::Runs(Runs { runs: vec![] })]);
        run(&world.session, args(None)).await.unwrap();
        assert!(world.printed().contains("`listsync sync`"));
    }

    #[actix_rt::test]
    async fn a_run_that_is_not_there_is_1() {
        let world = World::new();
        world.serve::<SyncLink>(|_| {
            vec![Failure::new(FailureCode::NotFound, "there is no run 12").into()]
        });
        let error = run(&world.session, args(Some(12))).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }
}
