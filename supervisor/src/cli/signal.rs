//! `listsync signal`: sends a signal to programs, each with all its processes.

use schema::wire::{
    FailureCode, Link,
    supervisor::{
        Done, FromSupervisor, ProgramOutcome, ProgramResult, SignalPrograms, SupervisorLink,
        ToSupervisor,
    },
};

use super::{control, error::CommandError, exit::Exit, program_names, session::Session};

/// Arguments of `signal`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The signal: `HUP`, `SIGHUP`, `hup` or its number
    #[arg(value_name = "SIGNAL", add = clap_complete::ArgValueCandidates::new(usual))]
    signal: String,
    /// Programs, or `all`
    #[arg(value_name = "NAME", required = true, add = program_names::programs_or_all())]
    names: Vec<String>,
}

/// Signals that programs have a meaning for; others can be sent too.
fn usual() -> Vec<clap_complete::CompletionCandidate> {
    [
        "HUP", "INT", "TERM", "KILL", "QUIT", "USR1", "USR2", "STOP", "CONT",
    ]
    .map(Into::into)
    .into()
}

/// Asks and prints what became of each program.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let request = SignalPrograms {
        names: args.names.clone(),
        signal: args.signal,
    };
    match session.ask_supervisor(ToSupervisor::Signal(request)).await {
        Ok(FromSupervisor::Done(done)) => {
            say(session, &done)?;
            Ok(exit(&done, &args.names))
        }
        Ok(_) => Err(CommandError::unexpected(SupervisorLink::PEER)),
        Err(error) if is_bad_signal(&error) && !session.json => {
            for name in &args.names {
                let line = format!("{name}: ERROR (bad signal name)");
                session.terminal.say(&line)?;
            }
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// A name of a program that does not exist is told apart as not found.
fn is_bad_signal(error: &CommandError) -> bool {
    matches!(error, CommandError::Refused(failure) if failure.code == FailureCode::Invalid)
}

fn say(session: &Session, done: &Done) -> Result<(), CommandError> {
    if session.json {
        return session.terminal.say_json(done);
    }
    for result in &done.results {
        session.terminal.say(&control::line(result))?;
    }
    Ok(())
}

/// A program that was named must run; where all are meant, those that run.
fn exit(done: &Done, names: &[String]) -> Exit {
    let is_all = names.iter().any(|name| name == "all");
    let of = |result: &ProgramResult| match result.outcome {
        ProgramOutcome::NotRunning if !is_all => Exit::NotRunning,
        _ => control::exit(result),
    };
    done.results.iter().map(of).fold(Exit::Done, Exit::or_worse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::tests::World;
    use schema::wire::Failure;

    fn args(names: &[&str]) -> Args {
        Args {
            signal: "HUP".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn serve(world: &World) {
        world.serve::<SupervisorLink>(|request| {
            let ToSupervisor::Signal(request) = request else {
                panic!("{request:?}");
            };
            assert_eq!(request.signal, "HUP");
            let result = |(name, outcome): (&str, _)| ProgramResult {
                name: name.into(),
                outcome,
                reason: None,
            };
            let results = [
                ("api", ProgramOutcome::Signalled),
                ("manual", ProgramOutcome::NotRunning),
            ];
            let results = results.map(result).to_vec();
            vec![FromSupervisor::Done(Done { results })]
        });
    }

    #[actix_rt::test]
    async fn it_is_told_of_each_program_as_supervisorctl_does() {
        for (names, exit) in [
            (&["api", "manual"][..], Exit::NotRunning),
            (&["all"], Exit::Done),
        ] {
            let world = World::new();
            serve(&world);
            assert_eq!(run(&world.session, args(names)).await.unwrap(), exit);
            assert_eq!(
                world.printed(),
                "api: signalled\nmanual: ERROR (not running)\n"
            );
        }
    }

    #[actix_rt::test]
    async fn a_signal_that_does_not_exist_is_1() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            vec![Failure::new(FailureCode::Invalid, "there is no signal `HUP`").into()]
        });
        let error = run(&world.session, args(&["api"])).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(world.printed(), "api: ERROR (bad signal name)\n");
        assert!(error.text().contains("there is no signal"));
    }

    #[actix_rt::test]
    async fn an_unknown_program_is_1_without_a_word_about_the_signal() {
        let world = World::new();
        world.serve::<SupervisorLink>(|_| {
            vec![Failure::new(FailureCode::NotFound, "there is no program `x`").into()]
        });
        let error = run(&world.session, args(&["x"])).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(world.printed(), "");
    }
}
