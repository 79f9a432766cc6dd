//! `listsync status`: asks how the programs are, picks those asked for, and says by its exit whether
//! one is down. Leaves the words to `status_text` and `status_table`, and `--watch` to `status_watch`.

use schema::wire::supervisor::StatusReport;

pub(super) use super::status_text::{description, is_down};
use super::{
    error::CommandError,
    exit::Exit,
    program_names,
    session::Session,
    status_table::table,
    status_text::{life_share, lines},
    status_watch,
};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs; all when none is named
    #[arg(value_name = "NAME", add = program_names::programs())]
    pub(super) names: Vec<String>,
    /// Show it again at each change, until Ctrl-C; on a terminal memory and CPU every 2 s too
    #[arg(short, long)]
    pub(super) watch: bool,
}

/// Prints the status and says by its exit whether something is down.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if args.watch {
        return status_watch::run(session, &args.names).await;
    }
    let mut report = session.status().await?;
    let unknown = pick(&mut report, &args.names);
    let exit = exit(&report, &unknown);
    if session.json {
        session.terminal.say_json(&report)?;
        say_unknown(session, &unknown)?;
        return Ok(exit);
    }
    if report.is_stopping {
        session.terminal.tell(&stopping(report.pid));
    }
    if report.stdout_dropped_lines > 0 {
        session.terminal.tell(&format!(
            "{} lines were not printed by `listsync run`, since nobody read there in time; the log \
             files have them",
            report.stdout_dropped_lines
        ));
    }
    let text = text(session, &report);
    if !text.is_empty() {
        session.terminal.say(&text)?;
    }
    say_unknown(session, &unknown)?;
    Ok(exit)
}

/// Keeps the programs that `names` name, all where it names none; gives the names that are of none.
pub(super) fn pick<'a>(report: &mut StatusReport, names: &'a [String]) -> Vec<&'a str> {
    let is_all = |name: &str| name == "all";
    let unknown = names
        .iter()
        .map(String::as_str)
        .filter(|name| !is_all(name) && report.programs.iter().all(|program| program.name != *name))
        .collect();
    if !names.is_empty() && !names.iter().any(|name| is_all(name)) {
        report
            .programs
            .retain(|program| names.contains(&program.name));
    }
    unknown
}

/// Names that are of no program, as supervisorctl tells them; to a machine as any error.
pub(super) fn say_unknown(session: &Session, names: &[&str]) -> Result<(), CommandError> {
    for name in names {
        if session.json {
            let error = CommandError::Told {
                message: format!("there is no program {name}"),
                remedy: Some("`listsync status` names those there are.".into()),
                exit: Exit::Unreachable,
            };
            session.terminal.tell(&error.json());
            continue;
        }
        session
            .terminal
            .say(&format!("{name}: ERROR (no such process)"))?;
    }
    Ok(())
}

/// What is told while everything is being stopped.
pub(super) fn stopping(pid: i32) -> String {
    format!("the supervisor (pid {pid}) is stopping everything")
}

fn exit(report: &StatusReport, unknown: &[&str]) -> Exit {
    let found = if unknown.is_empty() {
        Exit::Done
    } else {
        Exit::Unreachable
    };
    report
        .programs
        .iter()
        .filter(|program| is_down(program))
        .fold(found, |exit, _| exit.or_worse(Exit::Down))
}

/// A table where a person looks, else supervisorctl's lines.
fn text(session: &Session, report: &StatusReport) -> String {
    let (look, now) = (session.look(), session.clock.now_utc());
    if look.width.is_none() {
        return lines(&report.programs, now, look);
    }
    let share = |program: &_| life_share(program, now);
    table(&report.programs, now, look, share).join("\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::wire::supervisor::{
        ExitCause, FromSupervisor, LastExit, ProgramState, ProgramStatus, SupervisorLink,
    };

    pub(in crate::cli) fn program(name: &str, state: ProgramState) -> ProgramStatus {
        ProgramStatus {
            name: name.into(),
            state,
            essential: true,
            pid: matches!(state, ProgramState::Running | ProgramState::Starting).then_some(11_991),
            since: at(0),
            started_at: Some(at(0)),
            ready_after_ms: Some(43),
            restarts: 0,
            last_exit: None,
            next_try_at: None,
            status_text: None,
            failures: 0,
            memory_bytes: None,
            cpu_ms: None,
            processes: 0,
            log_lost_bytes: 0,
            log_suppressed_lines: 0,
        }
    }

    pub(in crate::cli) fn ended(code: Option<i32>, reason: &str) -> LastExit {
        LastExit {
            at: at(0),
            code,
            signal: None,
            cause: ExitCause::Exit,
            expected: code == Some(0),
            reason: reason.into(),
        }
    }

    fn args(names: &[&str]) -> Args {
        Args {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            watch: false,
        }
    }

    pub(in crate::cli) fn report(programs: Vec<ProgramStatus>) -> StatusReport {
        StatusReport {
            version: "0.1.0".into(),
            pid: 77,
            started_at: at(0),
            is_stopping: false,
            stdout_dropped_lines: 0,
            programs,
        }
    }

    async fn exit_of(names: &[&str], programs: Vec<ProgramStatus>) -> (Exit, String) {
        let world = World::new();
        world.serve::<SupervisorLink>(move |_| {
            vec![FromSupervisor::Status(report(programs.clone()))]
        });
        let exit = run(&world.session, args(names)).await.unwrap();
        (exit, world.printed())
    }

    #[actix_rt::test]
    async fn the_exit_code_says_whether_something_is_down() {
        let well = vec![
            program("api", ProgramState::Running),
            program("other", ProgramState::Running),
        ];
        assert_eq!(exit_of(&[], well.clone()).await.0, Exit::Done);
        let (exit, printed) = exit_of(&["api", "nosuch"], well).await;
        assert_eq!(exit, Exit::Unreachable);
        assert!(
            printed.ends_with("\nnosuch: ERROR (no such process)\n"),
            "{printed}"
        );
        assert!(!printed.contains("other"), "{printed}");
        let down = vec![
            program("api", ProgramState::Running),
            program("bad", ProgramState::Fatal),
        ];
        assert_eq!(exit_of(&[], down.clone()).await.0, Exit::Down);
        assert_eq!(exit_of(&["api"], down).await.0, Exit::Done);
    }

    #[actix_rt::test]
    async fn without_a_supervisor_it_is_4() {
        let world = World::new();
        let error = run(&world.session, args(&[])).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
        assert!(error.text().contains("supervisor.sock"), "{}", error.text());
    }

    #[actix_rt::test]
    async fn machines_get_the_report_itself() {
        let world = World::new().json();
        world.serve::<SupervisorLink>(|_| {
            vec![FromSupervisor::Status(report(vec![program(
                "api",
                ProgramState::Running,
            )]))]
        });
        let exit = run(&world.session, args(&["api", "nosuch"])).await.unwrap();
        assert_eq!(exit, Exit::Unreachable);
        let read: StatusReport = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(read.programs[0].name, "api");
        let told: serde_json::Value = serde_json::from_str(&world.told()).unwrap();
        assert_eq!(told["error"]["message"], "there is no program nosuch");
    }

    #[actix_rt::test]
    async fn a_person_gets_a_table_and_is_told_that_everything_is_being_stopped() {
        let world = World::new().on_screen();
        world.serve::<SupervisorLink>(|_| {
            vec![FromSupervisor::Status(StatusReport {
                is_stopping: true,
                ..report(vec![program("api", ProgramState::Stopping)])
            })]
        });
        assert_eq!(run(&world.session, args(&[])).await.unwrap(), Exit::Done);
        assert!(
            world.printed().starts_with("NAME      STATE"),
            "{}",
            world.printed()
        );
        assert_eq!(
            world.told(),
            "the supervisor (pid 77) is stopping everything\n"
        );
    }
}
