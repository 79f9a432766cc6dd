//! One program: its process, its timer, what it says, and who waits for it.
//!
//! Owns: the process and its notify socket.
//! Hears from: [`super::fleet`] (orders), the process (its end, its datagrams), its one timer.
//! On panic: the supervisor aborts, and the kernel ends all programs with it.
//!
//! Decides nothing: [`super::state`] does. Lives on the main thread, since a child dies with the
//! thread that started it. How the program is can be read from a [`watch`] at any time.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    rc::Rc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use runtime::{Chain, Clock};
use schema::wire::supervisor::{LastExit, ProgramOutcome, ProgramResult, ProgramStatus};
use tokio::{
    net::UnixDatagram,
    process::Child,
    sync::{mpsc, oneshot, watch},
};

use super::{
    notify::{self, Notice},
    state::{Action, Input, Machine, State},
};
use crate::{
    log::{Logs, Tap},
    process::{self, Launch, Signal},
    reaper::{Children, Claim},
    settings,
};

/// How long the restart of a program waits for its last output to reach the log.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// Longest datagram that is taken in.
const DATAGRAM: usize = 4096;

/// What is asked of a program. Answered when it has come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "ProgramResult")]
pub(crate) enum Order {
    /// Start it and wait until it is ready or has failed.
    Start,
    /// Stop it and wait until it is gone.
    Stop,
    /// Start nothing any more; answered at once.
    End,
    /// End it without asking it.
    Kill,
}

/// The process ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Exited {
    life: u64,
    status: io::Result<ExitStatus>,
}

/// The process said something.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Noticed {
    life: u64,
    notices: Vec<Notice>,
}

/// What all programs share.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) logs: Logs,
    pub(crate) clock: Clock,
    /// Folder of the notify sockets.
    pub(crate) notify_dir: PathBuf,
    /// Whose ends are ours to see.
    pub(crate) children: Children,
    /// Told the name of an essential program that cannot be kept up.
    pub(crate) gave_up: mpsc::UnboundedSender<String>,
    /// Times are counted from here.
    pub(crate) epoch: Instant,
}

/// See the head of this file.
pub(crate) struct Program {
    settings: Rc<settings::Program>,
    shared: Context,
    machine: Machine,
    /// Process group of the process that lives.
    group: Option<i32>,
    /// Tells the messages of the process that lives from those of its predecessors.
    life: u64,
    timer: Option<(Duration, SpawnHandle)>,
    spawned_at: Duration,
    status: ProgramStatus,
    board: watch::Sender<ProgramStatus>,
    waiting: Vec<(Order, oneshot::Sender<ProgramResult>)>,
}

impl Program {
    pub(super) fn new(
        settings: Rc<settings::Program>,
        shared: Context,
    ) -> (Self, watch::Receiver<ProgramStatus>) {
        let status = ProgramStatus {
            name: settings.name.clone(),
            state: State::Stopped,
            essential: settings.essential,
            pid: None,
            since: shared.clock.now_utc(),
            started_at: None,
            ready_after_ms: None,
            restarts: 0,
            last_exit: None,
            next_try_at: None,
            status_text: None,
        };
        let (board, receiver) = watch::channel(status.clone());
        let program = Self {
            machine: Machine::new(settings.policy.clone()),
            settings,
            shared,
            group: None,
            life: 0,
            timer: None,
            spawned_at: Duration::ZERO,
            status,
            board,
            waiting: Vec::new(),
        };
        (program, receiver)
    }

    fn now(&self) -> Duration {
        self.shared.epoch.elapsed()
    }

    /// Lets the machine take in what happened, does what it says, and tells whoever it concerns.
    fn step(&mut self, input: Input, ctx: &mut actix::Context<Self>) {
        let before = self.machine.state();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let at_once = input == Input::Kill;
            let action = self.machine.step(input, self.now(), chance());
            match action {
                Some(Action::Spawn) => next = self.spawn(ctx),
                Some(Action::Terminate) => self.signal(self.settings.stop_signal),
                Some(Action::Kill) => {
                    let name = &self.settings.name;
                    let reason = if at_once {
                        "asked to".to_owned()
                    } else {
                        self.why_killed()
                    };
                    tracing::warn!(process = name, reason, "killing {name}: {reason}");
                    self.signal(Signal::KILL);
                }
                Some(Action::GiveUp) => {
                    // The receiver lives as long as the supervisor.
                    self.shared
                        .gave_up
                        .send(self.settings.name.clone())
                        .unwrap_or_default();
                }
                None => {}
            }
        }
        self.arm(ctx);
        self.publish(before);
        self.answer();
    }

    fn why_killed(&self) -> String {
        if self.machine.is_overdue() {
            return self.overdue_reason();
        }
        format!(
            "did not stop within {} s",
            self.settings.policy.stop_within.as_secs()
        )
    }

    fn overdue_reason(&self) -> String {
        use super::state::ReadyRule::{Alive, Ends, Notify};
        match self.settings.policy.ready {
            Notify(within) | Alive(within) => {
                format!("was not ready within {} s", within.as_secs())
            }
            Ends(within) => format!(
                "was not done within {} s",
                within.unwrap_or_default().as_secs()
            ),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            process::signal_group(group, signal);
        }
    }

    /// Starts a process; what the machine is to be told if that fails.
    fn spawn(&mut self, ctx: &mut actix::Context<Self>) -> Option<Input> {
        self.life += 1;
        self.spawned_at = self.now();
        self.status.started_at = None;
        self.status.ready_after_ms = None;
        self.status.status_text = None;
        let started = self.listen().and_then(|(socket, path)| {
            let mut environment: Vec<_> = self
                .settings
                .environment
                .iter()
                .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
                .collect();
            environment.push(("NOTIFY_SOCKET".as_ref(), path.as_os_str()));
            let launch = Launch {
                command: &self.settings.command,
                args: &self.settings.args,
                environment,
                directory: &self.settings.directory,
            };
            process::spawn(&launch, &self.shared.children).map(|spawned| (socket, spawned))
        });
        match started {
            Ok((socket, spawned)) => {
                self.group = Some(spawned.pid);
                self.status.pid = Some(spawned.pid);
                self.status.started_at = Some(self.shared.clock.now_utc());
                let tap = self.shared.logs.read(&self.settings.name, spawned.output);
                let life = follow(
                    ctx.address(),
                    self.life,
                    (spawned.child, spawned.claim),
                    spawned.pid,
                    socket,
                    tap,
                );
                actix_rt::spawn(life);
                None
            }
            Err(error) => {
                let is_hopeless = process::is_hopeless(&error);
                self.status.status_text = Some(self.cannot_start(&error));
                Some(Input::CannotStart { is_hopeless })
            }
        }
    }

    fn cannot_start(&self, error: &io::Error) -> String {
        let command = self.settings.command.display();
        let directory = &self.settings.directory;
        if !directory.is_dir() {
            return format!("cannot start in {}: {error}", directory.display());
        }
        format!("cannot start {command}: {error}")
    }

    /// A socket of its own for each life: nothing an earlier one said can be taken for the new one's.
    fn listen(&self) -> io::Result<(UnixDatagram, PathBuf)> {
        let path = notify_socket(&self.shared.notify_dir, &self.settings.name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixDatagram::bind(&path)?;
        Ok((socket, path))
    }

    fn exited(&mut self, status: io::Result<ExitStatus>) -> Input {
        self.group = None;
        self.status.pid = None;
        let (reason, is_clean, by_stranger) = match &status {
            Ok(status) => (
                process::reason(*status),
                status.success(),
                process::is_by_stranger(*status),
            ),
            Err(error) => (
                format!("its end could not be seen: {}", Chain(error)),
                false,
                false,
            ),
        };
        let status = status.ok(); // why there is none is in the reason
        self.status.last_exit = Some(LastExit {
            at: self.shared.clock.now_utc(),
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            reason: if self.machine.is_overdue() {
                self.overdue_reason()
            } else {
                reason
            },
        });
        self.status.status_text = None;
        self.status.started_at = None;
        Input::Exited {
            is_clean,
            by_stranger,
        }
    }

    fn noticed(&mut self, notice: Notice) -> Option<Input> {
        match notice {
            Notice::Ready if self.settings.notifies => Some(Input::Ready),
            Notice::Status(text) => {
                self.status.status_text = Some(text);
                None
            }
            // The watchdog is a later part; a program that says it stops will be seen ending.
            Notice::Ready | Notice::Alive | Notice::Stopping => None,
        }
    }

    /// One timer, for the machine's one deadline.
    fn arm(&mut self, ctx: &mut actix::Context<Self>) {
        let deadline = self.machine.deadline();
        if self.timer.map(|(armed, _)| armed) == deadline {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = deadline.map(|deadline| {
            let wait = deadline.saturating_sub(self.now());
            let timer = ctx.run_later(wait, |program, ctx| {
                program.timer = None;
                program.step(Input::Due, ctx);
            });
            (deadline, timer)
        });
    }

    fn publish(&mut self, before: State) {
        let state = self.machine.state();
        let has_restarted = self.machine.restarts() != self.status.restarts;
        self.status.restarts = self.machine.restarts();
        let is_waiting = matches!(state, State::Backoff | State::Fatal);
        self.status.next_try_at = self
            .machine
            .deadline()
            .filter(|_| is_waiting)
            .and_then(|due| {
                let wait = chrono::TimeDelta::from_std(due.saturating_sub(self.now()));
                Some(self.shared.clock.now_utc() + wait.ok()?) // a wait too long to be shown
            });
        if state != before || has_restarted {
            self.status.since = self.shared.clock.now_utc();
            self.status.state = state;
            if state == State::Running {
                let took = self.now().saturating_sub(self.spawned_at);
                self.status.ready_after_ms = u64::try_from(took.as_millis()).ok(); // 500 million years
            }
            self.say(state, has_restarted);
        }
        self.board.send_if_modified(|known| {
            let is_new = *known != self.status;
            if is_new {
                known.clone_from(&self.status);
            }
            is_new
        });
    }

    /// One line for each change of state.
    fn say(&self, state: State, has_restarted: bool) {
        let name = self.settings.name.as_str();
        let pid = self.status.pid;
        let reason = self.reason();
        let wait = self
            .machine
            .deadline()
            .map(|due| due.saturating_sub(self.now()).as_millis());
        match state {
            State::Starting if has_restarted => {
                tracing::warn!(
                    process = name,
                    pid,
                    reason,
                    "{name} ended ({reason}) and is started again"
                );
            }
            State::Starting => tracing::info!(process = name, pid, "starting {name}"),
            State::Running => {
                let took_ms = self.status.ready_after_ms;
                tracing::info!(process = name, pid, took_ms, "{name} is ready");
            }
            State::Backoff => tracing::warn!(
                process = name,
                reason,
                wait_ms = wait,
                "{name} failed ({reason}) and is started again later"
            ),
            State::Stopping => tracing::info!(process = name, pid, "stopping {name}"),
            State::Stopped => tracing::info!(process = name, reason, "{name} is stopped"),
            State::Exited => tracing::info!(process = name, reason, "{name} ended ({reason})"),
            State::Fatal => tracing::error!(
                process = name,
                reason,
                wait_ms = wait,
                "{name} cannot be kept up ({reason}){}; its log is {}",
                wait.map(|ms| format!(" and is tried again in {} s", ms.div_ceil(1000)))
                    .unwrap_or_default(),
                self.settings.log.path.display()
            ),
        }
    }

    /// Why it is not up.
    fn reason(&self) -> String {
        let could_not_start = self
            .status
            .status_text
            .as_ref()
            .filter(|_| self.group.is_none());
        could_not_start
            .or(self.status.last_exit.as_ref().map(|exit| &exit.reason))
            .cloned()
            .unwrap_or_default()
    }

    /// Answers those whose wish has come about, or cannot any more.
    fn answer(&mut self) {
        use ProgramOutcome::{Failed, Started, Stopped};
        let state = self.machine.state();
        let is_done = state == State::Exited
            && self
                .status
                .last_exit
                .as_ref()
                .is_some_and(|exit| exit.code == Some(0));
        for (order, waiting) in std::mem::take(&mut self.waiting) {
            let outcome = match (order, state) {
                (Order::Start, State::Running) => Some(Started),
                (Order::Start, State::Exited) if is_done => Some(Started),
                (Order::Start, State::Starting | State::Stopping) => None,
                (Order::Start, _) => Some(Failed),
                (_, State::Starting) if self.group.is_some() => Some(Stopped),
                (_, State::Starting | State::Running | State::Stopping | State::Backoff) => None,
                (_, State::Stopped | State::Exited | State::Fatal) => Some(Stopped),
            };
            match outcome {
                Some(outcome) => {
                    let reason = (outcome == Failed).then(|| match state {
                        State::Stopped => "it was stopped meanwhile".to_owned(),
                        _ => self.reason(),
                    });
                    let name = self.settings.name.clone();
                    // Who asked may have hung up.
                    waiting
                        .send(ProgramResult {
                            name,
                            outcome,
                            reason,
                        })
                        .unwrap_or_default();
                }
                None => self.waiting.push((order, waiting)),
            }
        }
    }

    /// What an order is answered that changes nothing.
    fn already(&self, order: Order) -> Option<ProgramOutcome> {
        match (order, self.machine.state()) {
            (Order::Start, State::Running) => Some(ProgramOutcome::AlreadyStarted),
            (Order::Stop | Order::Kill, State::Stopped | State::Exited) => {
                Some(ProgramOutcome::NotRunning)
            }
            (Order::End, _) => Some(ProgramOutcome::Stopped),
            _ => None,
        }
    }
}

/// Where a program tells how it is.
pub(crate) fn notify_socket(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.sock"))
}

/// From -1 to 1. The standard library's hash keys are random, which is enough to spread delays.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    let share = f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX);
    share.mul_add(2.0, -1.0)
}

/// Follows one process: what it says, its end, the end of what it left behind, its last output.
async fn follow(
    program: Addr<Program>,
    life: u64,
    (mut child, claim): (Child, Claim),
    group: i32,
    socket: UnixDatagram,
    tap: Tap,
) {
    let mut datagram = vec![0; DATAGRAM];
    let tell = async |bytes: &[u8]| {
        let notices = notify::parse(bytes);
        // The actor outlives its processes.
        program
            .send(Noticed { life, notices })
            .await
            .unwrap_or_default();
    };
    let status = loop {
        tokio::select! {
            biased;
            received = socket.recv(&mut datagram) => match received {
                Ok(count) => tell(datagram.get(..count).unwrap_or_default()).await,
                Err(error) => {
                    tracing::error!("cannot hear a program: {}", Chain(&error));
                    break child.wait().await;
                }
            },
            status = child.wait() => break status,
        }
    };
    drop(claim);
    // Its number is free from now on, but nobody else gets it as a group this soon.
    process::signal_group(group, Signal::KILL);
    while let Ok(count) = socket.try_recv(&mut datagram) {
        tell(datagram.get(..count).unwrap_or_default()).await;
    }
    tap.drained(DRAIN_LIMIT).await;
    program
        .send(Exited { life, status })
        .await
        .unwrap_or_default();
}

impl Actor for Program {
    type Context = actix::Context<Self>;
}

impl Handler<Order> for Program {
    type Result = ResponseFuture<ProgramResult>;

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) -> Self::Result {
        let name = self.settings.name.clone();
        let already = self.already(order);
        let (answer, answered) = oneshot::channel();
        if already.is_none() {
            self.waiting.push((order, answer));
        }
        self.step(
            match order {
                Order::Start => Input::Start,
                Order::Stop => Input::Stop,
                Order::End => Input::Ending,
                Order::Kill => Input::Kill,
            },
            ctx,
        );
        Box::pin(async move {
            if let Some(outcome) = already {
                return ProgramResult {
                    name,
                    outcome,
                    reason: None,
                };
            }
            answered.await.unwrap_or_else(|_ended| ProgramResult {
                name,
                outcome: ProgramOutcome::Failed,
                reason: Some("the supervisor ended".to_owned()),
            })
        })
    }
}

impl Handler<Exited> for Program {
    type Result = ();

    fn handle(&mut self, message: Exited, ctx: &mut Self::Context) {
        if message.life == self.life {
            let input = self.exited(message.status);
            self.step(input, ctx);
        }
    }
}

impl Handler<Noticed> for Program {
    type Result = ();

    fn handle(&mut self, message: Noticed, ctx: &mut Self::Context) {
        if message.life != self.life {
            return;
        }
        let inputs: Vec<_> = message
            .notices
            .into_iter()
            .filter_map(|notice| self.noticed(notice))
            .collect();
        for input in inputs {
            self.step(input, ctx);
        }
        self.publish(self.machine.state());
    }
}
