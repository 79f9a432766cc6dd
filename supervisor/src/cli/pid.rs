//! `listsync pid`: the number of a program's process, for scripts.

use serde::Serialize;

use super::{error::CommandError, exit::Exit, program_names, session::Session};

/// Arguments of `pid`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A program, or `all`; the supervisor itself when absent
    #[arg(value_name = "NAME", add = program_names::programs_and_supervisor())]
    name: Option<String>,
}

#[derive(Debug, Serialize)]
struct Pid {
    name: String,
    pid: Option<i32>,
}

/// Prints the number, 0 where there is no process, and tells which those are.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let report = session.status().await?;
    let all = report.programs.into_iter().map(|program| Pid {
        name: program.name,
        pid: program.pid,
    });
    let pids: Vec<Pid> = match args.name.as_deref() {
        None | Some("supervisor") => vec![Pid {
            name: "supervisor".into(),
            pid: Some(report.pid),
        }],
        Some("all") => all.collect(),
        Some(name) => all.filter(|program| program.name == name).collect(),
    };
    if pids.is_empty() {
        let name = args.name.unwrap_or_default();
        return Err(CommandError::told(
            format!("there is no program {name}"),
            "`listsync status` names those there are.",
        ));
    }
    for pid in &pids {
        if session.json {
            session.terminal.say_json(pid)?;
        } else {
            session.terminal.say(&pid.pid.unwrap_or(0).to_string())?;
        }
    }
    for pid in pids.iter().filter(|pid| pid.pid.is_none()) {
        session.terminal.tell(&format!(
            "{} is down; `listsync status {}` says since when and why",
            pid.name, pid.name
        ));
    }
    Ok(if pids.iter().all(|pid| pid.pid.is_some()) {
        Exit::Done
    } else {
        Exit::NotRunning
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::World,
        status::tests::{program, report},
    };
    use schema::wire::supervisor::{FromSupervisor, ProgramState, SupervisorLink};

    fn world() -> World {
        let world = World::new();
        let programs = vec![
            program("api", ProgramState::Running),
            program("bad", ProgramState::Fatal),
        ];
        world.serve::<SupervisorLink>(move |_| {
            vec![FromSupervisor::Status(report(programs.clone()))]
        });
        world
    }

    #[actix_rt::test]
    async fn a_process_has_its_number_and_what_does_not_run_has_0_and_exit_7() {
        for (name, exit, printed) in [
            (None, Exit::Done, "77\n"),
            (Some("api"), Exit::Done, "11991\n"),
            (Some("bad"), Exit::NotRunning, "0\n"),
            (Some("all"), Exit::NotRunning, "11991\n0\n"),
        ] {
            let world = world();
            let args = Args {
                name: name.map(str::to_owned),
            };
            assert_eq!(run(&world.session, args).await.unwrap(), exit);
            assert_eq!(world.printed(), printed);
            let told = world.told();
            assert_eq!(
                told.contains("bad is down"),
                exit == Exit::NotRunning,
                "{told}"
            );
        }
    }

    #[actix_rt::test]
    async fn as_data_what_does_not_run_has_no_number() {
        let world = world().json();
        let args = Args {
            name: Some("bad".into()),
        };
        assert_eq!(run(&world.session, args).await.unwrap(), Exit::NotRunning);
        let printed: serde_json::Value = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(printed, serde_json::json!({"name": "bad", "pid": null}));
    }

    #[actix_rt::test]
    async fn an_unknown_program_is_1() {
        let world = world();
        let error = run(
            &world.session,
            Args {
                name: Some("x".into()),
            },
        )
        .await
        .unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
    }
}
