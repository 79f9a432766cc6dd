//! `listsync start`, `stop` and `restart`: asks the supervisor and prints what became of each program.

use schema::wire::{
    Link,
    supervisor::{
        FromSupervisor, ProgramOutcome, ProgramResult, Programs, SupervisorLink, ToSupervisor,
    },
};

use super::{error::CommandError, exit::Exit, session::Session};

/// Arguments of the three.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs, or `all`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// `start`
    Start,
    /// `stop`
    Stop,
    /// `restart`
    Restart,
}

/// What supervisorctl calls a program that does not exist.
const UNKNOWN: &str = "no such process";

/// Asks, waits, prints.
pub(super) async fn run(session: &Session, verb: Verb, args: Args) -> Result<Exit, CommandError> {
    let programs = Programs { names: args.names };
    let request = match verb {
        Verb::Start => ToSupervisor::Start(programs),
        Verb::Stop => ToSupervisor::Stop(programs),
        Verb::Restart => ToSupervisor::Restart(programs),
    };
    let FromSupervisor::Done(done) = session.ask_supervisor(request).await? else {
        return Err(CommandError::unexpected(SupervisorLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&done)?;
    } else {
        for result in &done.results {
            session.terminal.say(&line(result))?;
        }
        for result in done
            .results
            .iter()
            .filter(|result| exit(result) == Exit::NotRunning)
        {
            session
                .terminal
                .tell(&format!("  `listsync tail {}` shows why", result.name));
        }
    }
    Ok(done
        .results
        .iter()
        .map(exit)
        .fold(Exit::Done, Exit::or_worse))
}

fn line(result: &ProgramResult) -> String {
    let what = match result.outcome {
        ProgramOutcome::Started => "started".into(),
        ProgramOutcome::Stopped => "stopped".into(),
        ProgramOutcome::AlreadyStarted => "ERROR (already started)".into(),
        ProgramOutcome::NotRunning => "ERROR (not running)".into(),
        ProgramOutcome::Failed => {
            format!(
                "ERROR ({})",
                result.reason.as_deref().unwrap_or("abnormal termination")
            )
        }
    };
    format!("{}: {what}", result.name)
}

fn exit(result: &ProgramResult) -> Exit {
    match result.outcome {
        ProgramOutcome::Failed if result.reason.as_deref() == Some(UNKNOWN) => Exit::Failed,
        ProgramOutcome::Failed => Exit::NotRunning,
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::{Failure, FailureCode, supervisor::Done};

    fn result(name: &str, outcome: ProgramOutcome, reason: Option<&str>) -> ProgramResult {
        ProgramResult {
            name: name.into(),
            outcome,
            reason: reason.map(str::to_owned),
        }
    }

    #[actix_rt::test]
    async fn each_program_gets_a_line_as_supervisorctl_prints_it() {
        let world = World::new();
        world.serve::<SupervisorLink>(|request| {
            assert_eq!(
                request,
                ToSupervisor::Start(Programs {
                    names: vec!["all".into()]
                })
            );
            let results = vec![
                result("api", ProgramOutcome::Started, None),
                result("sync-worker", ProgramOutcome::AlreadyStarted, None),
                result("bad", ProgramOutcome::Failed, Some("exit code 70")),
                result("worse", ProgramOutcome::Failed, None),
            ];
            vec![FromSupervisor::Done(Done { results })]
        });
        let args = Args {
            names: vec!["all".into()],
        };
        let exit = run(&world.session, Verb::Start, args).await.unwrap();
        assert_eq!(exit, Exit::NotRunning);
        insta::assert_snapshot!(world.printed(), @"
        api: started
        sync-worker: ERROR (already started)
        bad: ERROR (exit code 70)
        worse: ERROR (abnormal termination)
        ");
        assert!(world.told().contains("listsync tail bad"));
    }

    #[test]
    fn what_needed_nothing_is_no_failure() {
        assert_eq!(
            exit(&result("x", ProgramOutcome::NotRunning, None)),
            Exit::Done
        );
        assert_eq!(
            exit(&result("x", ProgramOutcome::AlreadyStarted, None)),
            Exit::Done
        );
        assert_eq!(
            exit(&result("x", ProgramOutcome::Failed, Some(UNKNOWN))),
            Exit::Failed
        );
    }

    #[actix_rt::test]
    async fn an_unknown_name_is_1() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            vec![Failure::new(FailureCode::NotFound, "there is no program `x`").into()]
        });
        let error = run(
            &world.session,
            Verb::Stop,
            Args {
                names: vec!["x".into()],
            },
        )
        .await
        .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(error.text(), "listsync: there is no program `x`");
    }
}
