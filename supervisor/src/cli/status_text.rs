//! How the programs are, in words: supervisorctl's lines, and what there is to say about one program.
//! Leaves the table of a terminal to `status_table`, and asking to `status`.

use chrono::{DateTime, Utc};
use runtime::counted;
use schema::wire::supervisor::{ExitCause, LastExit, ProgramState, ProgramStatus};

use super::{
    measures::{bytes, share, soon, uptime},
    table::one_line,
    tail::visible,
    terminal::{Look, Tone},
};

/// Narrowest column of names, as supervisorctl has it.
const NAME_WIDTH: usize = 30;

/// Whether a program is down though it should be up. One that was never started is not meant to run.
pub(super) fn is_down(program: &ProgramStatus) -> bool {
    let ended_well = program.last_exit.as_ref().is_some_and(|exit| exit.expected);
    match program.state {
        ProgramState::Running | ProgramState::Starting | ProgramState::Stopping => false,
        ProgramState::Stopped => program.last_exit.is_some(),
        ProgramState::Exited => !ended_well,
        ProgramState::Backoff | ProgramState::Fatal => true,
    }
}

/// What the state of a program means.
pub(super) fn tone(program: &ProgramStatus) -> Tone {
    match program.state {
        ProgramState::Running => Tone::Good,
        ProgramState::Starting | ProgramState::Stopping | ProgramState::Backoff => Tone::Warning,
        ProgramState::Fatal => Tone::Bad,
        ProgramState::Stopped | ProgramState::Exited if is_down(program) => Tone::Bad,
        ProgramState::Stopped | ProgramState::Exited => Tone::Faint,
    }
}

/// One line a program: name, state, what there is to say. People's scripts read these.
pub(super) fn lines(programs: &[ProgramStatus], now: DateTime<Utc>, look: Look) -> String {
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

/// What there is to say about a program besides its state.
pub(super) fn description(program: &ProgramStatus, now: DateTime<Utc>, look: Look) -> String {
    let mut parts = Vec::new();
    if program.state == ProgramState::Running {
        parts.extend(program.pid.map(|pid| format!("pid {pid}")));
        let age = program.started_at.map(|started| now - started);
        parts.extend(age.map(|age| format!("uptime {}", uptime(age))));
        parts.extend(ready(program));
        parts.extend(
            program
                .memory_bytes
                .map(|memory| format!("memory {}", bytes(memory))),
        );
        parts.extend(life_share(program, now).map(|share| format!("CPU {share}")));
    } else if program.state == ProgramState::Starting {
        parts.extend(program.pid.map(|pid| format!("pid {pid}")));
    }
    parts.extend(details(program, now, look));
    parts.join(", ")
}

/// What there is to say about a program besides state, process, age, memory and CPU; the most telling
/// first.
pub(super) fn details(program: &ProgramStatus, now: DateTime<Utc>, look: Look) -> Vec<String> {
    let last = program.last_exit.as_ref();
    let last_reason = last.map(ended);
    let said = program.status_text.as_deref().map(harmless);
    let told = match program.state {
        ProgramState::Running => vec![
            restarts(program.restarts),
            failures(program.failures),
            last.map(|exit| format!("last exit: {} ({})", ended(exit), look.time(exit.at))),
            said,
        ],
        ProgramState::Starting => vec![
            Some(format!("not ready for {}", uptime(now - program.since))),
            restarts(program.restarts),
            failures(program.failures),
            said,
        ],
        ProgramState::Stopping => vec![
            program.pid.map(|pid| format!("pid {pid}")),
            Some(format!("for {}", uptime(now - program.since))),
        ],
        ProgramState::Backoff => vec![
            last_reason.or(said),
            next_try(program, now),
            restarts(program.restarts),
            failures(program.failures),
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
    told.into_iter()
        .flatten()
        .chain(log_drops(program))
        .collect()
}

/// Why a process ended, with the word for it where the reason does not show it: `oom-kill`, `watchdog`.
pub(super) fn ended(exit: &LastExit) -> String {
    let word = match exit.cause {
        ExitCause::OomKill => "oom-kill",
        ExitCause::Watchdog => "watchdog",
        ExitCause::Memory => "memory",
        ExitCause::StartTimeout
        | ExitCause::StopTimeout
        | ExitCause::Exit
        | ExitCause::Signal
        | ExitCause::Stopped => "", // the reason says it
    };
    let reason = harmless(&exit.reason);
    if reason.contains(word) {
        reason
    } else {
        format!("{word}: {reason}")
    }
}

/// Share of a core since the process was started.
pub(super) fn life_share(program: &ProgramStatus, now: DateTime<Utc>) -> Option<String> {
    share(program.cpu_ms?, now - program.started_at?)
}

fn ready(program: &ProgramStatus) -> Option<String> {
    program.ready_after_ms.map(|ms| format!("ready in {ms} ms"))
}

fn next_try(program: &ProgramStatus, now: DateTime<Utc>) -> Option<String> {
    let at = program.next_try_at?;
    Some(format!("next try in {}", soon(at - now)))
}

fn restarts(times: u64) -> Option<String> {
    (times > 0).then(|| counted(times, "restart", "restarts"))
}

fn failures(times: u32) -> Option<String> {
    (times > 0).then(|| format!("{} counted", counted(times, "failure", "failures")))
}

/// What of its log is missing.
fn log_drops(program: &ProgramStatus) -> impl Iterator<Item = String> {
    let (lost, suppressed) = (program.log_lost_bytes, program.log_suppressed_lines);
    let lost = (lost > 0).then(|| format!("log lost {}", bytes(lost)));
    let suppressed =
        (suppressed > 0).then(|| format!("log without {}", counted(suppressed, "line", "lines")));
    lost.into_iter().chain(suppressed)
}

/// What programs say of themselves neither breaks a line nor drives the terminal.
fn harmless(text: &str) -> String {
    visible(&one_line(text), Look::PIPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::at,
        status::tests::{ended as exit_of, program},
    };

    #[test]
    fn every_state_is_told_in_one_line() {
        let programs = [
            ProgramStatus {
                restarts: 2,
                last_exit: Some(exit_of(None, "killed by SIGKILL")),
                ..program("api", ProgramState::Running)
            },
            program("sync-worker", ProgramState::Starting),
            ProgramStatus {
                last_exit: Some(exit_of(Some(1), "exit code 1")),
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
                last_exit: Some(exit_of(Some(0), "exit code 0")),
                ..program("quiet", ProgramState::Stopped)
            },
            ProgramStatus {
                last_exit: Some(exit_of(Some(0), "exit code 0")),
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
            Some(exit_of(Some(0), "exit code 0"))
        ));
        assert!(!state(
            ProgramState::Exited,
            Some(exit_of(Some(0), "exit code 0"))
        ));
        assert!(state(
            ProgramState::Exited,
            Some(exit_of(Some(1), "exit code 1"))
        ));
        let wished = LastExit {
            expected: true, // by `exit_codes`
            ..exit_of(Some(3), "exit code 3")
        };
        assert!(!state(ProgramState::Exited, Some(wished)));
        assert!(state(ProgramState::Backoff, None));
        assert!(!state(ProgramState::Running, None));
    }

    #[test]
    fn what_is_counted_and_what_is_missing_is_told() {
        let program = ProgramStatus {
            restarts: 3,
            failures: 2,
            memory_bytes: Some(34_714_214),
            cpu_ms: Some(450),
            log_lost_bytes: 2048,
            log_suppressed_lines: 1,
            last_exit: Some(LastExit {
                cause: ExitCause::OomKill,
                ..exit_of(None, "killed by SIGKILL")
            }),
            status_text: Some("at\u{1b}[2J\nwork".into()),
            ..program("api", ProgramState::Running)
        };
        let look = Look {
            utc: true,
            ..Look::PIPE
        };
        insta::assert_snapshot!(description(&program, at(90), look), @"pid 11991, uptime 0:01:30, ready in 43 ms, memory 33.1 MiB, CPU 0.5 %, 3 restarts, 2 failures counted, last exit: oom-kill: killed by SIGKILL (2026-03-01 12:00), at�[2J work, log lost 2.0 KiB, log without 1 line");
    }

    #[test]
    fn why_a_process_ended_is_told_with_its_word_once() {
        let told = |cause, reason: &str| {
            ended(&LastExit {
                cause,
                ..exit_of(None, reason)
            })
        };
        assert_eq!(
            told(ExitCause::Watchdog, "killed by SIGABRT"),
            "watchdog: killed by SIGABRT"
        );
        assert_eq!(
            told(ExitCause::Watchdog, "silent for 60 s (watchdog)"),
            "silent for 60 s (watchdog)"
        );
        assert_eq!(
            told(ExitCause::StartTimeout, "was not ready within 10 s"),
            "was not ready within 10 s"
        );
        assert_eq!(told(ExitCause::Exit, "exit code 70"), "exit code 70");
    }
}
