//! `listsync start`, `stop` and `restart`: asks the supervisor and prints what became of each program.

use schema::wire::{
    Link,
    supervisor::{
        FromSupervisor, ProgramOutcome, ProgramResult, Programs, Restart, SupervisorLink,
        ToSupervisor,
    },
};

use super::{
    error::CommandError, exit::Exit, program_names, session::Session, tail::visible,
    terminal::Look, waiting,
};

/// Arguments of `start` and `stop`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs, or `all`
    #[arg(value_name = "NAME", required = true, add = program_names::programs_or_all())]
    names: Vec<String>,
}

/// Arguments of `restart`.
#[derive(Debug, clap::Args)]
pub(super) struct RestartArgs {
    #[command(flatten)]
    programs: Args,
    /// All down, then all up, instead of one after the other, each ready before the next
    #[arg(long)]
    all_at_once: bool,
}

/// What supervisorctl calls a program that does not exist.
const UNKNOWN: &str = "no such process";

/// `listsync start`.
pub(super) async fn start(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let names = args.names.clone();
    carry_out(
        session,
        ToSupervisor::Start(Programs { names }),
        &args.names,
    )
    .await
}

/// `listsync stop`.
pub(super) async fn stop(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let names = args.names.clone();
    carry_out(session, ToSupervisor::Stop(Programs { names }), &args.names).await
}

/// `listsync restart`.
pub(super) async fn restart(session: &Session, args: RestartArgs) -> Result<Exit, CommandError> {
    let restart = Restart {
        names: args.programs.names.clone(),
        at_once: args.all_at_once,
    };
    carry_out(
        session,
        ToSupervisor::Restart(restart),
        &args.programs.names,
    )
    .await
}

/// Asks, waits, prints.
async fn carry_out(
    session: &Session,
    request: ToSupervisor,
    names: &[String],
) -> Result<Exit, CommandError> {
    let FromSupervisor::Done(done) = waiting::ask(session, request, names).await? else {
        return Err(CommandError::unexpected(SupervisorLink::PEER));
    };
    if session.json {
        session.terminal.say_json(&done)?;
    } else {
        for result in &done.results {
            session.terminal.say(&line(result))?;
        }
        say_where_to_look(session, &done.results);
    }
    let exits = done.results.iter().map(exit);
    Ok(exits.fold(Exit::Done, Exit::or_worse))
}

/// Says for each program that did not come up where the reason may be found.
pub(super) fn say_where_to_look(session: &Session, results: &[ProgramResult]) {
    let failed = results.iter();
    for result in failed.filter(|result| exit(result) == Exit::NotRunning) {
        session
            .terminal
            .tell(&format!("  `listsync tail {}` shows why", result.name));
    }
}

/// What became of one program, as supervisorctl says it.
pub(super) fn line(result: &ProgramResult) -> String {
    let what = match result.outcome {
        ProgramOutcome::Started => "started".into(),
        ProgramOutcome::Stopped => "stopped".into(),
        ProgramOutcome::Signalled => "signalled".into(),
        ProgramOutcome::AlreadyStarted => "ERROR (already started)".into(),
        ProgramOutcome::NotRunning => "ERROR (not running)".into(),
        ProgramOutcome::Failed => {
            let reason = result.reason.as_deref().unwrap_or("abnormal termination");
            format!("ERROR ({})", visible(reason, Look::PIPE))
        }
    };
    format!("{}: {what}", result.name)
}

/// How a command for this program alone would end.
pub(super) fn exit(result: &ProgramResult) -> Exit {
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
        let exit = start(&world.session, args).await.unwrap();
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
        let names = vec!["x".into()];
        let error = stop(&world.session, Args { names }).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(error.text(), "listsync: there is no program `x`");
    }

    #[actix_rt::test]
    async fn a_restart_rolls_unless_it_is_to_be_at_once() {
        for all_at_once in [false, true] {
            let world = World::new();
            world.serve::<SupervisorLink>(move |request| {
                let expected = Restart {
                    names: vec!["all".into()],
                    at_once: all_at_once,
                };
                assert_eq!(request, ToSupervisor::Restart(expected));
                let results = vec![result("api", ProgramOutcome::Started, None)];
                vec![FromSupervisor::Done(Done { results })]
            });
            let args = RestartArgs {
                programs: Args {
                    names: vec!["all".into()],
                },
                all_at_once,
            };
            assert_eq!(restart(&world.session, args).await.unwrap(), Exit::Done);
            assert_eq!(world.printed(), "api: started\n");
        }
    }

    #[actix_rt::test]
    async fn while_everything_is_being_stopped_the_refusal_is_told() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            let failure = Failure::new(
                FailureCode::Conflict,
                "the supervisor is stopping everything",
            );
            vec![failure.into()]
        });
        let names = vec!["api".into()];
        let error = start(&world.session, Args { names }).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.text(),
            "listsync: the supervisor is stopping everything"
        );
    }
}
