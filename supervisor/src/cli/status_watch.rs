//! `listsync status --watch`: the status again at each change; on a screen in place of the last
//! picture, and every two seconds for memory, CPU and age. Leaves the words to `status_text`.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use schema::wire::supervisor::{ProgramChange, ProgramStatus, StatusReport, WatchPrograms};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::{
    changes::{Changes, Told},
    error::CommandError,
    exit::Exit,
    measures::share,
    screen::Screen,
    session::Session,
    status::{pick, say_unknown, stopping},
    status_table::table,
    status_text::{life_share, lines},
    terminal::{Look, Tone},
};

/// Pause between two looks at what changes all the time.
const REFRESH: Duration = Duration::from_secs(2);

/// Shows the programs until Ctrl-C or until the supervisor ends.
pub(super) async fn run(session: &Session, names: &[String]) -> Result<Exit, CommandError> {
    run_until(session, names, asked_to_end()).await
}

/// Ctrl-C or SIGTERM; the screen is put back after either.
async fn asked_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // It cannot be listened for: it ends us as it ends any command.
        tokio::signal::ctrl_c().await.unwrap_or_default();
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn run_until(
    session: &Session,
    names: &[String],
    interrupt: impl Future,
) -> Result<Exit, CommandError> {
    tokio::select! {
        ended = watch(session, names) => ended,
        _ = interrupt => Ok(Exit::Interrupted),
    }
}

async fn watch(session: &Session, names: &[String]) -> Result<Exit, CommandError> {
    let (mut changes, mut report) = Changes::open(session, WatchPrograms::default()).await?;
    let unknown = pick(&mut report, names);
    if !unknown.is_empty() {
        if session.json {
            session.terminal.say_json(&report)?;
        }
        say_unknown(session, &unknown)?;
        return Ok(Exit::Unreachable);
    }
    let mut watched = Watched {
        session,
        names,
        report,
        shares: Shares::default(),
    };
    if session.json {
        watched.tell_machine(&mut changes).await
    } else if session.terminal.redraws() {
        watched.draw(&mut changes).await
    } else {
        watched.say(&mut changes).await
    }
}

struct Watched<'a> {
    session: &'a Session,
    names: &'a [String],
    report: StatusReport,
    shares: Shares,
}

impl Watched<'_> {
    /// The status as `status --json` prints it, then an object a change.
    async fn tell_machine(&mut self, changes: &mut Changes) -> Result<Exit, CommandError> {
        self.session.terminal.say_json(&self.report)?;
        while let Some(change) = changes.next().await? {
            if self.is_asked_for(&change) {
                self.session.terminal.say_json(&Told::Process(&change))?;
            }
        }
        Err(CommandError::supervisor_ended())
    }

    /// All lines, and all of them again after each change.
    async fn say(&mut self, changes: &mut Changes) -> Result<Exit, CommandError> {
        let terminal = &self.session.terminal;
        terminal.say(&self.lines())?;
        while let Some(change) = changes.next().await? {
            if self.is_asked_for(&change) {
                self.refresh().await;
                self.take(change);
                terminal.say("")?;
                terminal.say(&self.lines())?;
            }
        }
        Err(CommandError::supervisor_ended())
    }

    /// Pictures on the screen.
    async fn draw(&mut self, changes: &mut Changes) -> Result<Exit, CommandError> {
        let mut resized = signal(SignalKind::window_change()).map_err(CommandError::output)?;
        let mut clock = interval(REFRESH);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut screen = Screen::open(&self.session.terminal)?;
        self.shares.look(&self.report, self.session.clock.now_utc());
        loop {
            screen.show(self.picture())?;
            tokio::select! {
                change = changes.next() => match change? {
                    Some(change) => self.take(change),
                    None => return Err(CommandError::supervisor_ended()),
                },
                _ = clock.tick() => self.refresh().await,
                _ = resized.recv() => {}
            }
        }
    }

    fn is_asked_for(&self, change: &ProgramChange) -> bool {
        let name = &change.program.name;
        self.names.is_empty()
            || self
                .names
                .iter()
                .any(|asked| asked == name || asked == "all")
    }

    fn take(&mut self, change: ProgramChange) {
        if !self.is_asked_for(&change) {
            return;
        }
        let program = change.program;
        let mut known = self.report.programs.iter_mut();
        match known.find(|known| known.name == program.name) {
            Some(known) => *known = program,
            None => self.report.programs.push(program),
        }
    }

    /// Asks how everything is now. Why that failed is told by what is listened to.
    async fn refresh(&mut self) {
        if let Ok(mut report) = self.session.status().await {
            pick(&mut report, self.names);
            self.report = report;
            self.shares.look(&self.report, self.session.clock.now_utc());
        }
    }

    fn lines(&self) -> String {
        let now = self.session.clock.now_utc();
        lines(&self.report.programs, now, self.session.look())
    }

    fn picture(&self) -> Vec<String> {
        let look = self.session.terminal.look_again();
        let now = self.session.clock.now_utc();
        let mut picture = vec![self.head(look, now), String::new()];
        let share = |program: &ProgramStatus| self.shares.of(program);
        picture.extend(table(&self.report.programs, now, look, share));
        picture
    }

    fn head(&self, look: Look, now: DateTime<Utc>) -> String {
        if self.report.is_stopping {
            return look.paint(Tone::Warning, &stopping(self.report.pid));
        }
        let version = &self.report.version;
        let head = format!("ListSync {version}, {}; Ctrl-C ends this", look.second(now));
        look.paint(Tone::Faint, &head)
    }
}

/// What share of a core each program took between the last two looks.
#[derive(Debug, Default)]
struct Shares {
    looks: BTreeMap<String, Sample>,
}

/// One look at a program.
#[derive(Debug)]
struct Sample {
    started_at: Option<DateTime<Utc>>,
    cpu_ms: u64,
    at: DateTime<Utc>,
    share: Option<String>,
}

impl Shares {
    fn look(&mut self, report: &StatusReport, now: DateTime<Utc>) {
        let mut looks = BTreeMap::new();
        for program in &report.programs {
            let Some(cpu_ms) = program.cpu_ms else {
                continue;
            };
            let before = self.looks.get(&program.name);
            let share = match before.filter(|look| look.started_at == program.started_at) {
                Some(before) => share(cpu_ms.saturating_sub(before.cpu_ms), now - before.at),
                None => life_share(program, now),
            };
            let (at, started_at) = (now, program.started_at);
            looks.insert(
                program.name.clone(),
                Sample {
                    started_at,
                    cpu_ms,
                    at,
                    share,
                },
            );
        }
        self.looks = looks;
    }

    fn of(&self, program: &ProgramStatus) -> Option<String> {
        let look = self.looks.get(&program.name)?;
        (look.started_at == program.started_at).then(|| look.share.clone())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        screen::{ENTER, LEAVE},
        session::tests::{World, at},
        status::tests::{program, report},
    };
    use schema::wire::supervisor::{
        FromSupervisor, ProgramState, SupervisorLink, ToSupervisor, WatchEnded,
    };
    use std::future::pending;

    fn change(id: u64, name: &str, from: ProgramState, to: ProgramState) -> FromSupervisor {
        FromSupervisor::Changed(ProgramChange {
            id,
            at: at(id.try_into().unwrap()),
            from,
            reason: None,
            program: program(name, to),
        })
    }

    fn programs() -> Vec<ProgramStatus> {
        vec![
            program("api", ProgramState::Starting),
            program("other", ProgramState::Running),
        ]
    }

    /// Two changes, then the supervisor ends.
    fn serve(world: &World) {
        world.serve::<SupervisorLink>(|request| match request {
            ToSupervisor::Watch(request) => {
                assert_eq!(request, WatchPrograms::default());
                let other = change(2, "other", ProgramState::Running, ProgramState::Stopping);
                vec![
                    FromSupervisor::Status(report(programs())),
                    change(1, "api", ProgramState::Starting, ProgramState::Running),
                    other,
                    FromSupervisor::WatchEnded(WatchEnded {}),
                ]
            }
            _ => vec![FromSupervisor::Status(report(programs()))],
        });
    }

    async fn watched(world: &World, names: &[&str]) -> Result<Exit, CommandError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        run_until(&world.session, &names, pending::<()>()).await
    }

    #[actix_rt::test]
    async fn a_pipe_gets_all_lines_again_after_each_change() {
        let world = World::new();
        serve(&world);
        let error = watched(&world, &[]).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
        assert!(error.text().contains("the supervisor has ended"));
        let states: Vec<_> = world
            .printed()
            .lines()
            .map(|line| {
                line.split_whitespace()
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        assert_eq!(
            states,
            [
                "api STARTING",
                "other RUNNING",
                "",
                "api RUNNING",
                "other RUNNING",
                "",
                "api STARTING",
                "other STOPPING",
            ]
        );
    }

    #[actix_rt::test]
    async fn only_those_asked_for_are_shown() {
        let world = World::new();
        serve(&world);
        watched(&world, &["other"]).await.unwrap_err();
        assert!(!world.printed().contains("api"), "{}", world.printed());
        assert_eq!(world.printed().matches("other").count(), 2);
        let world = World::new();
        serve(&world);
        assert_eq!(
            watched(&world, &["nosuch"]).await.unwrap(),
            Exit::Unreachable
        );
        assert_eq!(world.printed(), "nosuch: ERROR (no such process)\n");
    }

    #[actix_rt::test]
    async fn a_machine_gets_the_status_and_then_an_object_a_change() {
        let world = World::new().json();
        serve(&world);
        watched(&world, &["api"]).await.unwrap_err();
        let printed = world.printed();
        let lines: Vec<serde_json::Value> = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{printed}");
        assert_eq!(lines[0]["programs"].as_array().unwrap().len(), 1);
        assert_eq!(lines[1]["type"], "process");
        assert_eq!(lines[1]["from"], "STARTING");
        assert_eq!(lines[1]["program"]["state"], "RUNNING");
        let world = World::new().json();
        serve(&world);
        let ended = watched(&world, &["nosuch"]).await.unwrap();
        assert_eq!(ended, Exit::Unreachable);
        assert!(
            world.printed().contains("\"programs\":[]"),
            "{}",
            world.printed()
        );
    }

    #[actix_rt::test]
    async fn a_screen_is_drawn_again_and_put_back_with_the_last_picture_on_it() {
        let world = World::new().on_screen();
        serve(&world);
        watched(&world, &[]).await.unwrap_err();
        let printed = world.printed();
        assert!(printed.starts_with(ENTER), "{printed:?}");
        let (drawn, left) = printed.split_once(LEAVE).unwrap();
        assert!(drawn.matches("\u{1b}[1;1H").count() >= 3, "{drawn:?}");
        assert!(left.starts_with("NAME "), "{left:?}");
        assert!(left.contains("other     STOPPING"), "{left:?}");
    }

    #[actix_rt::test]
    async fn ctrl_c_puts_the_screen_back() {
        let world = World::new().on_screen();
        let (interrupt, interrupted) = tokio::sync::oneshot::channel();
        let interrupt = std::cell::Cell::new(Some(interrupt));
        // The second request is the first refresh: by then a picture is there.
        world.serve_open::<SupervisorLink>(move |request| {
            if matches!(request, ToSupervisor::Status(_))
                && let Some(interrupt) = interrupt.take()
            {
                interrupt.send(()).unwrap();
            }
            vec![FromSupervisor::Status(report(programs()))]
        });
        let ended = run_until(&world.session, &[], interrupted).await;
        assert_eq!(ended.unwrap(), Exit::Interrupted);
        assert!(world.printed().contains(LEAVE), "{:?}", world.printed());
    }

    #[test]
    fn a_share_is_of_the_time_since_the_last_look_and_starts_anew_with_the_process() {
        let running = |cpu_ms, started| ProgramStatus {
            cpu_ms: Some(cpu_ms),
            started_at: Some(at(started)),
            ..program("api", ProgramState::Running)
        };
        let mut shares = Shares::default();
        let mut look = |program: ProgramStatus, now| {
            shares.look(&report(vec![program.clone()]), at(now));
            shares.of(&program).unwrap()
        };
        assert_eq!(look(running(1000, 0), 100), "1.0 %");
        assert_eq!(look(running(2000, 0), 102), "50.0 %");
        assert_eq!(look(running(100, 103), 104), "10.0 %");
    }
}
