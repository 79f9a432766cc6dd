//! `listsync status`: how the programs are, in the form of supervisorctl and with more to say.

use chrono::{DateTime, TimeDelta, Utc};
use schema::wire::supervisor::{ProgramState, ProgramStatus};

use super::{
    error::CommandError,
    exit::Exit,
    session::Session,
    terminal::{Look, Tone},
};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Programs; all when none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Narrowest column of names, as supervisorctl has it.
const NAME_WIDTH: usize = 30;

/// Prints the status and says by its exit whether something is down.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    let mut report = session.status().await?;
    let wanted = |name: &str| {
        args.names.is_empty()
            || args
                .names
                .iter()
                .any(|asked| asked == name || asked == "all")
    };
    let unknown: Vec<&String> = args
        .names
        .iter()
        .filter(|name| {
            *name != "all" && report.programs.iter().all(|program| program.name != **name)
        })
        .collect();
    let mut exit = if unknown.is_empty() {
        Exit::Done
    } else {
        Exit::Unreachable
    };
    let (is_stopping, pid) = (report.is_stopping, report.pid);
    report.programs.retain(|program| wanted(&program.name));
    exit = report
        .programs
        .iter()
        .filter(|program| is_down(program))
        .fold(exit, |exit, _| exit.or_worse(Exit::Down));
    if session.json {
        session.terminal.say_json(&report)?;
        return Ok(exit);
    }
    if is_stopping {
        session.terminal.tell(&format!(
            "the supervisor (pid {pid}) is stopping everything"
        ));
    }
    let lines = lines(&report.programs, session.clock.now_utc(), session.look());
    if !lines.is_empty() {
        session.terminal.say(&lines)?;
    }
    for name in unknown {
        session
            .terminal
            .say(&format!("{name}: ERROR (no such process)"))?;
    }
    Ok(exit)
}

/// Whether a program is down though it should be up. One that was never started is not meant to run.
pub(super) fn is_down(program: &ProgramStatus) -> bool {
    let ended_well = program
        .last_exit
        .as_ref()
        .is_some_and(|exit| exit.code == Some(0));
    match program.state {
        ProgramState::Running | ProgramState::Starting | ProgramState::Stopping => false,
        ProgramState::Stopped => program.last_exit.is_some(),
        ProgramState::Exited => !ended_well,
        ProgramState::Backoff | ProgramState::Fatal => true,
    }
}

/// One line a program: name, state, what there is to say.
fn lines(programs: &[ProgramStatus], now: DateTime<Utc>, look: Look) -> String {
    let longest = programs
        .iter()
        .map(|program| program.name.chars().count())
        .max()
        .unwrap_or(0);
    let width = longest.max(NAME_WIDTH) + 3;
    let mut text = String::new();
    for program in programs {
        let state = look.paint(tone(program), &format!("{:<10}", program.state.as_str()));
        let line = format!(
            "{:<width$}{state}{}",
            program.name,
            description(program, now, look)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn tone(program: &ProgramStatus) -> Tone {
    match program.state {
        ProgramState::Running => Tone::Good,
        ProgramState::Starting | ProgramState::Stopping | ProgramState::Backoff => Tone::Warning,
        ProgramState::Fatal => Tone::Bad,
        ProgramState::Stopped | ProgramState::Exited => {
            if is_down(program) {
                Tone::Bad
            } else {
                Tone::Faint
            }
        }
    }
}

/// What there is to say about a program besides its state.
pub(super) fn description(program: &ProgramStatus, now: DateTime<Utc>, look: Look) -> String {
    let pid = program.pid.map(|pid| format!("pid {pid}"));
    let last = program.last_exit.as_ref();
    let last_reason = last.map(|exit| exit.reason.clone());
    let said = program.status_text.clone();
    let parts: Vec<Option<String>> = match program.state {
        ProgramState::Running => vec![
            pid,
            program
                .started_at
                .map(|started| format!("uptime {}", uptime(now - started))),
            program.ready_after_ms.map(|ms| format!("ready in {ms} ms")),
            restarts(program.restarts),
            last.map(|exit| format!("last exit: {} ({})", exit.reason, look.time(exit.at))),
            said,
        ],
        ProgramState::Starting => vec![
            pid,
            Some(format!("not ready for {}", uptime(now - program.since))),
            restarts(program.restarts),
            said,
        ],
        ProgramState::Stopping => vec![pid, Some(format!("for {}", uptime(now - program.since)))],
        ProgramState::Backoff => vec![
            last_reason.or(said),
            next_try(program, now),
            restarts(program.restarts),
        ],
        ProgramState::Fatal => vec![
            said.or(last_reason),
            Some(format!(
                "given up {}; `listsync tail {}` shows why",
                look.time(program.since),
                program.name
            )),
            next_try(program, now),
        ],
        ProgramState::Exited => vec![last_reason, Some(look.time(program.since))],
        ProgramState::Stopped if last.is_none() => vec![Some("Not started".into())],
        ProgramState::Stopped => vec![Some(look.time(program.since)), last_reason],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn next_try(program: &ProgramStatus, now: DateTime<Utc>) -> Option<String> {
    let at = program.next_try_at?;
    Some(format!("next try in {}", soon(at - now)))
}

fn restarts(times: u64) -> Option<String> {
    match times {
        0 => None,
        1 => Some("1 restart".into()),
        times => Some(format!("{times} restarts")),
    }
}

/// `0:00:11`, `1 day, 0:00:11`, as supervisorctl writes it.
fn uptime(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        days => format!("{days} days, {clock}"),
    }
}

fn soon(time: TimeDelta) -> String {
    let ms = time.num_milliseconds().max(0);
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        format!("{} s", ms / 1000)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::{World, at};
    use schema::wire::supervisor::{FromSupervisor, LastExit, StatusReport, SupervisorLink};

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
        }
    }

    fn ended(code: Option<i32>, reason: &str) -> LastExit {
        LastExit {
            at: at(0),
            code,
            signal: None,
            reason: reason.into(),
        }
    }

    pub(in crate::cli) fn report(programs: Vec<ProgramStatus>) -> StatusReport {
        StatusReport {
            version: "0.1.0".into(),
            pid: 77,
            started_at: at(0),
            is_stopping: false,
            programs,
        }
    }

    #[test]
    fn every_state_is_told_in_one_line() {
        let programs = [
            ProgramStatus {
                restarts: 2,
                last_exit: Some(ended(None, "killed by SIGKILL")),
                ..program("api", ProgramState::Running)
            },
            program("sync-worker", ProgramState::Starting),
            ProgramStatus {
                last_exit: Some(ended(Some(1), "exit code 1")),
                next_try_at: Some(at(94)),
                restarts: 1,
                ..program("scraper-worker", ProgramState::Backoff)
            },
            ProgramStatus {
                status_text: Some("no such file: /opt/bad".into()),
                ..program("bad", ProgramState::Fatal)
            },
            ProgramStatus {
                status_text: Some("no such file: /opt/later".into()),
                next_try_at: Some(at(389)),
                ..program("later", ProgramState::Fatal)
            },
            program("manual", ProgramState::Stopped),
            ProgramStatus {
                last_exit: Some(ended(Some(0), "exit code 0")),
                ..program("quiet", ProgramState::Stopped)
            },
            ProgramStatus {
                last_exit: Some(ended(Some(0), "exit code 0")),
                ..program("once", ProgramState::Exited)
            },
            program("leaving", ProgramState::Stopping),
        ];
        let look = Look {
            utc: true,
            ..Look::PIPE
        };
        insta::assert_snapshot!(lines(&programs, at(90), look), @"
        api                              RUNNING   pid 11991, uptime 0:01:30, ready in 43 ms, 2 restarts, last exit: killed by SIGKILL (2026-03-01 12:00)
        sync-worker                      STARTING  pid 11991, not ready for 0:01:30
        scraper-worker                   BACKOFF   exit code 1, next try in 4 s, 1 restart
        bad                              FATAL     no such file: /opt/bad, given up 2026-03-01 12:00; `listsync tail bad` shows why
        later                            FATAL     no such file: /opt/later, given up 2026-03-01 12:00; `listsync tail later` shows why, next try in 299 s
        manual                           STOPPED   Not started
        quiet                            STOPPED   2026-03-01 12:00, exit code 0
        once                             EXITED    exit code 0, 2026-03-01 12:00
        leaving                          STOPPING  for 0:01:30
        ");
    }

    #[test]
    fn uptimes_are_written_as_supervisorctl_does() {
        assert_eq!(uptime(TimeDelta::seconds(11)), "0:00:11");
        assert_eq!(uptime(TimeDelta::seconds(86_411)), "1 day, 0:00:11");
        assert_eq!(uptime(TimeDelta::seconds(200_000)), "2 days, 7:33:20");
        assert_eq!(uptime(TimeDelta::seconds(-5)), "0:00:00");
    }

    #[test]
    fn what_was_never_meant_to_run_is_not_down() {
        let state = |state, exit| {
            is_down(&ProgramStatus {
                last_exit: exit,
                ..program("x", state)
            })
        };
        assert!(!state(ProgramState::Stopped, None));
        assert!(state(
            ProgramState::Stopped,
            Some(ended(Some(0), "exit code 0"))
        ));
        assert!(!state(
            ProgramState::Exited,
            Some(ended(Some(0), "exit code 0"))
        ));
        assert!(state(
            ProgramState::Exited,
            Some(ended(Some(1), "exit code 1"))
        ));
        assert!(state(ProgramState::Backoff, None));
        assert!(!state(ProgramState::Running, None));
    }

    async fn exit_of(names: &[&str], programs: Vec<ProgramStatus>) -> (Exit, String) {
        let world = World::new();
        world.serve::<SupervisorLink>(move |_| {
            vec![FromSupervisor::Status(report(programs.clone()))]
        });
        let args = Args {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let exit = run(&world.session, args).await.unwrap();
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
        let error = run(&world.session, Args { names: vec![] })
            .await
            .unwrap_err();
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
        run(&world.session, Args { names: vec![] }).await.unwrap();
        let read: StatusReport = serde_json::from_str(&world.printed()).unwrap();
        assert_eq!(read.programs[0].name, "api");
    }
}
