//! `listsync events`: what happened, and with `-f` what happens: what the sync-worker did, and from
//! which state to which the programs went. Leaves listening to the sync-worker to `events_sync`.

use chrono::{DateTime, Utc};
use schema::wire::{
    supervisor::{ProgramChange, ProgramState, StatusReport, WatchPrograms},
    sync::EventView,
};

use super::{
    changes::{Changes, Told},
    error::CommandError,
    events_sync::{self, Syncs, is_passing},
    exit::Exit,
    session::Session,
    status_text,
    table::one_line,
    tail::visible,
    terminal::{Look, Tone},
};

/// What `events --help` says beyond the arguments.
pub(super) const JSON: &str = "\
With --json each line is an object, and its `type` tells which:
    program   how a program is; one for each comes first
    process   a program went `from` one state to another; `program` is how it is since
    sync      the sync-worker did something; `kind` tells what, `data` has the details

Exit codes:
    0  all of them were printed
    1  they could not be read to their end
    4  the supervisor cannot be reached; with -f: it has ended
  130  interrupted";

/// Arguments of `events`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Events from the end to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    events: u32,
    /// Go on with what happens until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only what became of the programs
    #[arg(long, conflicts_with = "syncs")]
    processes: bool,
    /// Only what the sync-worker did
    #[arg(long)]
    syncs: bool,
}

/// Changes that may have come between the first look and the second, at most.
const GAP: u32 = 1000;

/// Prints the events as they come, until Ctrl-C. A shell ignores SIGINT for what it starts in the
/// background; it is listened for all the same.
pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, CommandError> {
    run_until(session, args, tokio::signal::ctrl_c()).await
}

async fn run_until(
    session: &Session,
    args: Args,
    interrupt: impl Future,
) -> Result<Exit, CommandError> {
    tokio::select! {
        ended = show(session, args) => ended,
        _ = interrupt => Ok(Exit::Interrupted),
    }
}

async fn show(session: &Session, args: Args) -> Result<Exit, CommandError> {
    if args.syncs {
        let client = session.sync_worker().await?;
        return Syncs::new(session, client, args.events)
            .print(args.follow)
            .await;
    }
    let (report, changes) = past_changes(session, args.events.max(1)).await?;
    let newest = changes.last().map_or(0, |change| change.id);
    if session.json {
        for program in &report.programs {
            session.terminal.say_json(&Told::Program(program))?;
        }
    }
    let mut past: Vec<Happening> = changes
        .into_iter()
        .map(|change| Happening::Process(change.into()))
        .collect();
    let mut syncs = None;
    if !args.processes {
        let client = session.sync_worker().await?;
        let mut listener = Syncs::new(session, client, args.events);
        past.extend(past_syncs(session, &mut listener).await?);
        syncs = Some(listener);
    }
    say_last(session, past, args.events)?;
    if args.follow {
        follow(session, newest, syncs).await
    } else {
        Ok(Exit::Done)
    }
}

/// How the programs are, and the newest changes.
async fn past_changes(
    session: &Session,
    last: u32,
) -> Result<(StatusReport, Vec<ProgramChange>), CommandError> {
    let request = WatchPrograms {
        last: Some(last),
        once: true,
    };
    let (mut stream, report) = Changes::open(session, request).await?;
    let mut changes = Vec::new();
    while let Some(change) = stream.next().await? {
        changes.push(change);
    }
    Ok((report, changes))
}

/// What the sync-worker did. One that does not answer is no reason to keep silent about the programs.
async fn past_syncs(
    session: &Session,
    syncs: &mut Syncs<'_>,
) -> Result<Vec<Happening>, CommandError> {
    match syncs.backlog().await {
        Ok(events) => Ok(events.into_iter().map(Happening::Sync).collect()),
        Err(error) if is_passing(&error) => {
            session.terminal.tell(
                "the sync-worker does not answer, so what it did is missing; \
                 `listsync status sync-worker` shows why",
            );
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// Prints what comes until the supervisor ends.
async fn follow(
    session: &Session,
    newest: u64,
    syncs: Option<Syncs<'_>>,
) -> Result<Exit, CommandError> {
    let Some(mut syncs) = syncs else {
        return follow_changes(session, newest).await;
    };
    tokio::select! {
        biased; // the supervisor's own farewell is the better reason
        ended = follow_changes(session, newest) => ended,
        ended = syncs.print(true) => match ended {
            Err(error) if error.exit() == Exit::Unreachable => Err(CommandError::supervisor_ended()),
            ended => ended,
        },
    }
}

async fn follow_changes(session: &Session, newest: u64) -> Result<Exit, CommandError> {
    let request = WatchPrograms {
        last: Some(GAP),
        once: false,
    };
    let (mut changes, _told_already) = Changes::open(session, request).await?;
    while let Some(change) = changes.next().await? {
        if change.id > newest {
            Happening::Process(change.into()).say(session)?;
        }
    }
    Err(CommandError::supervisor_ended())
}

/// Prints the newest `count` in the order in which they happened.
fn say_last(session: &Session, mut past: Vec<Happening>, count: u32) -> Result<(), CommandError> {
    past.sort_by_key(Happening::at);
    let surplus = past
        .len()
        .saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
    past.iter().skip(surplus).try_for_each(|it| it.say(session))
}

/// Something that happened.
#[derive(Debug)]
enum Happening {
    Sync(EventView),
    Process(Box<ProgramChange>),
}

impl Happening {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Sync(event) => event.at,
            Self::Process(change) => change.at,
        }
    }

    fn say(&self, session: &Session) -> Result<(), CommandError> {
        match self {
            Self::Sync(event) => events_sync::say(session, event),
            Self::Process(change) if session.json => {
                session.terminal.say_json(&Told::Process(change))
            }
            Self::Process(change) => session.terminal.say(&line(change, session.look())),
        }
    }
}

/// `2026-03-01 17:04:05  api               STARTING → RUNNING, pid 12`.
fn line(change: &ProgramChange, look: Look) -> String {
    let program = &change.program;
    let states = format!("{} → {}", change.from.as_str(), program.state.as_str());
    let pid = program.pid.map(|pid| format!(", pid {pid}"));
    let reason = change.reason.as_deref().or_else(|| said(program));
    let reason = reason.map(|reason| format!(", {}", visible(&one_line(reason), Look::PIPE)));
    format!(
        "{}  {:<16}  {}{}{}",
        look.paint(Tone::Faint, &look.second(change.at)),
        program.name,
        look.paint(status_text::tone(program), &states),
        pid.unwrap_or_default(),
        reason.unwrap_or_default(),
    )
}

/// What a program that is ready says of itself.
fn said(program: &schema::wire::supervisor::ProgramStatus) -> Option<&str> {
    let is_ready = program.state == ProgramState::Running;
    program.status_text.as_deref().filter(|_| is_ready)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        session::tests::{World, at},
        status::tests::{program, report},
    };
    use schema::{
        models::{EventKind, RunId},
        wire::{
            Failure, FailureCode,
            supervisor::{FromSupervisor, SupervisorLink, ToSupervisor, WatchEnded},
            sync::{EventsEnded, FromSyncWorker, SyncLink, ToSyncWorker, WatchEvents},
        },
    };
    use serde_json::{Value, json};
    use std::future::pending;

    fn changed(id: u64, name: &str, from: ProgramState, to: ProgramState) -> FromSupervisor {
        let is_death = to == ProgramState::Backoff;
        FromSupervisor::Changed(ProgramChange {
            id,
            at: at(i64::try_from(id).unwrap() * 10),
            from,
            reason: is_death.then(|| "killed by SIGKILL".into()),
            program: program(name, to),
        })
    }

    /// Three changes, at 10, 20 and 30 seconds; who goes on to listen hears of a fourth and the end.
    fn supervise(world: &World) {
        world.serve::<SupervisorLink>(|request| {
            let programs = vec![program("api", ProgramState::Running)];
            let status = FromSupervisor::Status(report(programs));
            let ToSupervisor::Watch(request) = request else {
                return vec![status];
            };
            let mut changes = vec![
                changed(1, "api", ProgramState::Stopped, ProgramState::Starting),
                changed(2, "api", ProgramState::Running, ProgramState::Backoff),
                changed(3, "api", ProgramState::Starting, ProgramState::Running),
            ];
            if !request.once {
                changes.push(changed(
                    4,
                    "vpn",
                    ProgramState::Running,
                    ProgramState::Stopping,
                ));
            }
            let last = usize::try_from(request.last.unwrap()).unwrap();
            let first = changes.len().saturating_sub(last);
            let mut answers = vec![status];
            answers.extend(changes.split_off(first));
            answers.push(FromSupervisor::WatchEnded(WatchEnded {}));
            answers
        });
    }

    /// Two events, at 15 and 25 seconds.
    fn sync(world: &World) {
        world.serve::<SyncLink>(|request| {
            let ToSyncWorker::WatchEvents(request) = request else {
                panic!("{request:?}");
            };
            let event = |id: i32| {
                FromSyncWorker::Event(EventView {
                    id,
                    at: at(i64::from(id) * 10 + 5),
                    kind: EventKind::RunStarted,
                    run: Some(RunId(id)),
                    list: None,
                    data: json!({ "trigger": "manual" }),
                })
            };
            let first = 3 - i32::try_from(request.last.unwrap().min(2)).unwrap();
            let mut answers: Vec<_> = (first..=2).map(event).collect();
            answers.push(FromSyncWorker::EventsEnded(EventsEnded {}));
            answers
        });
    }

    fn args(events: u32, follow: bool) -> Args {
        Args {
            events,
            follow,
            processes: false,
            syncs: false,
        }
    }

    async fn run(world: &World, args: Args) -> Result<Exit, CommandError> {
        run_until(&world.session, args, pending::<()>()).await
    }

    #[actix_rt::test]
    async fn programs_and_syncs_stand_in_the_order_in_which_they_happened() {
        let world = World::new();
        supervise(&world);
        sync(&world);
        assert_eq!(run(&world, args(10, false)).await.unwrap(), Exit::Done);
        insta::assert_snapshot!(world.printed(), @"
        2026-03-01 12:00:10  api               STOPPED → STARTING, pid 11991
        2026-03-01 12:00:15  run_started       run 1 started (manual)
        2026-03-01 12:00:20  api               RUNNING → BACKOFF, killed by SIGKILL
        2026-03-01 12:00:25  run_started       run 2 started (manual)
        2026-03-01 12:00:30  api               STARTING → RUNNING, pid 11991
        ");
    }

    #[actix_rt::test]
    async fn the_newest_of_all_are_printed() {
        let world = World::new();
        supervise(&world);
        sync(&world);
        run(&world, args(2, false)).await.unwrap();
        let seconds: Vec<_> = world
            .printed()
            .lines()
            .map(|line| line[17..19].to_owned())
            .collect();
        assert_eq!(seconds, ["25", "30"]);
    }

    #[actix_rt::test]
    async fn a_machine_gets_the_programs_first_and_a_type_with_each() {
        let world = World::new().json();
        supervise(&world);
        sync(&world);
        run(&world, args(3, false)).await.unwrap();
        let lines: Vec<Value> = world
            .printed()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let types: Vec<_> = lines
            .iter()
            .map(|line| line["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["program", "process", "sync", "process"]);
        assert_eq!(lines[0]["state"], "RUNNING");
        assert_eq!(lines[1]["reason"], "killed by SIGKILL");
        assert_eq!(lines[2]["kind"], "run_started");
        assert_eq!(lines[3]["program"]["name"], "api");
    }

    #[actix_rt::test]
    async fn following_goes_on_after_what_was_printed_until_the_supervisor_ends() {
        let world = World::new();
        supervise(&world);
        let asked = Args {
            processes: true,
            ..args(1, true)
        };
        let error = run(&world, asked).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unreachable);
        assert!(error.text().contains("the supervisor has ended"));
        let names: Vec<_> = world
            .printed()
            .lines()
            .map(|line| line[21..24].to_owned())
            .collect();
        assert_eq!(names, ["api", "vpn"]);
    }

    #[actix_rt::test]
    async fn the_sync_worker_is_followed_from_what_was_printed_on() {
        let world = World::new();
        world.serve_open::<SupervisorLink>(|request| {
            let status = FromSupervisor::Status(report(vec![]));
            match request {
                ToSupervisor::Watch(WatchPrograms { once: true, .. }) => {
                    vec![status, FromSupervisor::WatchEnded(WatchEnded {})]
                }
                _ => vec![status],
            }
        });
        let (interrupt, interrupted) = tokio::sync::oneshot::channel();
        let interrupt = std::cell::Cell::new(Some(interrupt));
        world.serve::<SyncLink>(move |request| {
            let ToSyncWorker::WatchEvents(request) = request else {
                panic!("{request:?}");
            };
            if request.follow {
                assert_eq!(request.after, Some(7));
                if let Some(interrupt) = interrupt.take() {
                    interrupt.send(()).unwrap();
                }
                return Vec::new();
            }
            let event = EventView {
                id: 7,
                at: at(0),
                kind: EventKind::RunStarted,
                run: Some(RunId(1)),
                list: None,
                data: Value::Null,
            };
            let end = FromSyncWorker::EventsEnded(EventsEnded {});
            vec![FromSyncWorker::Event(event), end]
        });
        let ended = run_until(&world.session, args(10, true), interrupted).await;
        assert_eq!(ended.unwrap(), Exit::Interrupted);
        assert_eq!(world.printed().lines().count(), 1);
    }

    #[actix_rt::test]
    async fn nothing_of_before_is_printed_when_none_is_asked_for() {
        let world = World::new();
        supervise(&world);
        sync(&world);
        run(&world, args(0, false)).await.unwrap();
        assert_eq!(world.printed(), "");
    }

    #[actix_rt::test]
    async fn without_the_sync_worker_the_programs_are_told_all_the_same() {
        let world = World::new();
        supervise(&world);
        assert_eq!(run(&world, args(10, false)).await.unwrap(), Exit::Done);
        assert_eq!(world.printed().lines().count(), 3);
        assert!(
            world.told().contains("the sync-worker does not answer"),
            "{}",
            world.told()
        );
    }

    #[actix_rt::test]
    async fn a_fault_of_the_sync_worker_is_told() {
        let world = World::new();
        supervise(&world);
        world.serve::<SyncLink>(|request| {
            assert!(matches!(
                request,
                ToSyncWorker::WatchEvents(WatchEvents { follow: false, .. })
            ));
            vec![Failure::new(FailureCode::Internal, "the database failed").into()]
        });
        let error = run(&world, args(10, true)).await.unwrap_err();
        assert_eq!(error.text(), "listsync: the database failed");
    }

    #[actix_rt::test]
    async fn only_syncs_need_no_supervisor() {
        let world = World::new();
        sync(&world);
        let asked = Args {
            syncs: true,
            ..args(10, false)
        };
        run(&world, asked).await.unwrap();
        assert_eq!(world.printed().lines().count(), 2);
    }

    #[actix_rt::test]
    async fn ctrl_c_ends_following_without_a_word() {
        let world = World::new();
        let (interrupt, interrupted) = tokio::sync::oneshot::channel();
        let interrupt = std::cell::Cell::new(Some(interrupt));
        world.serve_open::<SupervisorLink>(move |request| {
            let ToSupervisor::Watch(WatchPrograms { once, .. }) = request else {
                panic!("{request:?}");
            };
            let status = FromSupervisor::Status(report(vec![]));
            if once {
                return vec![status, FromSupervisor::WatchEnded(WatchEnded {})];
            }
            if let Some(interrupt) = interrupt.take() {
                interrupt.send(()).unwrap();
            }
            vec![status]
        });
        let asked = Args {
            processes: true,
            ..args(2, true)
        };
        let ended = run_until(&world.session, asked, interrupted).await;
        assert_eq!(ended.unwrap(), Exit::Interrupted);
        assert_eq!((world.printed(), world.told()), Default::default());
    }
}
