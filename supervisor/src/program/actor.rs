//! One program: its processes, its timer, and who waits for it.
//!
//! Owns: the process that lives, a successor that is to take its place, predecessors that still end.
//! Hears from: [`super::fleet`] (orders), its processes (what they say, their ends), its timers.
//! On panic: the supervisor aborts, and the kernel ends all programs with it.
//!
//! Decides nothing: [`super::state`] does. Lives on the main thread, since a child dies with the
//! thread that started it. How the program is can be read from a [`watch`] at any time; telling that
//! is [`super::account`]'s.

use std::{
    cell::RefCell,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use runtime::Clock;
use schema::wire::supervisor::{ProgramOutcome, ProgramResult, ProgramStatus};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    changes::Changes,
    life::{Ears, Exited, Life, Noticed},
    memory::Appetite,
    notify::Notice,
    sockets::Sockets,
    state::{Action, Input, Machine, State},
    succession::{Leaving, Successor},
};
use crate::{
    log::Logs,
    oom::OomWatch,
    process::{self, Signal},
    reaper::Children,
    settings::{self, Probe},
    tree::{self, Mark},
};

/// How often the memory of a program is looked at that has a limit and no watchdog: those that have one
/// are looked at when they say that they are not stuck.
const LOOK_AT_MEMORY: Duration = Duration::from_secs(15);

/// What is asked of a program. Answered when it has come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "ProgramResult")]
pub(crate) enum Order {
    /// Start it and wait until it is ready or has failed.
    Start,
    /// Stop it and wait until it is gone.
    Stop,
    /// Start a successor beside it, wait until that is ready, then end the old one. Where the successor
    /// does not become ready, the old one goes on.
    Replace,
    /// Start nothing any more; answered at once.
    End,
    /// End it without asking it.
    Kill,
    /// Send its group a signal; answered at once.
    Signal(Signal),
}

/// Other settings from now on. Answered at once; what lives keeps what it was started with.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Update(pub(crate) Box<settings::Program>);

/// What all programs share.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) logs: Logs,
    pub(crate) clock: Clock,
    /// Folder of the notify sockets.
    pub(crate) notify_dir: PathBuf,
    /// Whose ends are ours to see.
    pub(crate) children: Children,
    /// Sockets of HTTP that are handed over.
    pub(crate) sockets: Sockets,
    /// Where changes of state go.
    pub(crate) changes: Changes,
    /// Tells what the kernel killed for want of memory.
    pub(crate) oom: Rc<RefCell<OomWatch>>,
    /// Told the name of an essential program that cannot be kept up.
    pub(crate) gave_up: mpsc::UnboundedSender<String>,
    /// Times are counted from here.
    pub(crate) epoch: Instant,
}

/// The process that lives, for those who measure it.
pub(crate) type Alive = Rc<RefCell<Option<(i32, Mark)>>>;

/// See the head of this file.
pub(crate) struct Program {
    pub(super) settings: Rc<settings::Program>,
    pub(super) shared: Context,
    pub(super) machine: Machine,
    /// Processes it has had.
    lives: u64,
    pub(super) current: Option<Life>,
    pub(super) successor: Option<Successor>,
    pub(super) leaving: Vec<Leaving>,
    /// The end of the process that was to be stopped, while a predecessor still ends.
    pub(super) held_back: Option<Input>,
    timer: Option<(Duration, SpawnHandle)>,
    appetite: Appetite,
    /// The next look at its memory is due some time.
    looks: bool,
    pub(super) status: ProgramStatus,
    pub(super) board: watch::Sender<ProgramStatus>,
    pub(super) alive: Alive,
    pub(super) waiting: Vec<(Order, oneshot::Sender<ProgramResult>)>,
}

impl Program {
    pub(super) fn new(
        settings: Rc<settings::Program>,
        shared: Context,
    ) -> (Self, watch::Receiver<ProgramStatus>, Alive) {
        let status = not_started(&settings.name, settings.essential, shared.clock.now_utc());
        let (board, receiver) = watch::channel(status.clone());
        let alive = Alive::default();
        let program = Self {
            machine: Machine::new(settings.policy.clone()),
            settings,
            shared,
            lives: 0,
            current: None,
            successor: None,
            leaving: Vec::new(),
            held_back: None,
            timer: None,
            appetite: Appetite::default(),
            looks: false,
            status,
            board,
            alive: Rc::clone(&alive),
            waiting: Vec::new(),
        };
        (program, receiver, alive)
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.epoch.elapsed()
    }

    /// Lets the machine take in what happened, does what it says, and tells whoever it concerns.
    pub(super) fn step(&mut self, input: Input, ctx: &mut actix::Context<Self>) {
        let before = self.machine.state();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let action = self.machine.step(input, self.now(), chance());
            match action {
                Some(Action::Spawn) => next = self.spawn(ctx),
                Some(Action::Terminate) => {
                    if let Some(life) = &self.current {
                        life.ask_to_stop(self.settings.stop_signal);
                    }
                }
                Some(Action::Abort) => self.strike(Signal::ABRT, "aborting", input),
                Some(Action::Kill) => self.strike(Signal::KILL, "killing", input),
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
        self.let_go_of_successor(ctx);
        self.arm(ctx);
        self.publish(before);
        self.answer();
    }

    fn strike(&self, signal: Signal, verb: &str, input: Input) {
        let name = &self.settings.name;
        let reason = if input == Input::Kill {
            "asked to".to_owned()
        } else {
            self.doomed().unwrap_or_default()
        };
        tracing::warn!(process = name, reason, "{verb} {name}: {reason}");
        if let Some(life) = &self.current {
            life.signal(signal);
        }
    }

    /// Starts a process; what the machine is to be told if that fails.
    fn spawn(&mut self, ctx: &mut actix::Context<Self>) -> Option<Input> {
        // Whoever waits for a successor waits for the start of the program now.
        for (order, _) in &mut self.waiting {
            if *order == Order::Replace {
                *order = Order::Start;
            }
        }
        self.let_go_of_outdated(ctx);
        if let Some(successor) = self.successor.take() {
            // One is there already.
            ctx.cancel_future(successor.limit);
            self.take_over(successor.life, ctx);
            return None;
        }
        match self.begin(ctx) {
            Ok(life) => {
                self.take_over(life, ctx);
                None
            }
            Err(error) => {
                let is_hopeless = process::is_hopeless(&error);
                self.status.started_at = None;
                self.status.ready_after_ms = None;
                self.status.status_text = Some(self.cannot_start(&error));
                Some(Input::CannotStart { is_hopeless })
            }
        }
    }

    pub(super) fn begin(&mut self, ctx: &mut actix::Context<Self>) -> io::Result<Life> {
        self.lives += 1;
        let ears = Ears {
            noticed: ctx.address().recipient(),
            exited: ctx.address().recipient(),
        };
        Life::begin(&self.settings, &self.shared, self.lives, ears)
    }

    /// From now on `life` is the process of this program.
    pub(super) fn take_over(&mut self, life: Life, ctx: &mut actix::Context<Self>) {
        self.status.pid = Some(life.group);
        self.status.started_at = Some(self.shared.clock.now_utc());
        self.status.ready_after_ms = None;
        self.status.status_text = None;
        self.appetite = Appetite::default();
        self.alive.replace(Some((life.group, life.mark.clone())));
        self.current = Some(life);
        self.look_at_memory_later(ctx);
    }

    pub(super) fn cannot_start(&self, error: &io::Error) -> String {
        let command = self.settings.command.display();
        let directory = &self.settings.directory;
        if !directory.is_dir() {
            return format!("cannot start in {}: {error}", directory.display());
        }
        format!("cannot start {command}: {error}")
    }

    /// What the program itself says of how it is.
    fn noticed(&mut self, notice: Notice) -> Option<Input> {
        let says = self.settings.readiness == Probe::Notify;
        match notice {
            Notice::Ready if says => Some(Input::Ready),
            Notice::Answers => Some(Input::Ready),
            Notice::Ready => None,
            Notice::Alive => {
                self.shared.oom.borrow_mut().look(Instant::now());
                Some(Input::Alive)
            }
            Notice::Stuck => Some(Input::Stuck),
            Notice::Stopping => Some(Input::Leaving),
            Notice::Extend(time) => Some(Input::Extend(time)),
            Notice::Status(text) => {
                self.status.status_text = Some(text);
                None
            }
        }
    }

    /// Looks at the memory of all its processes, where there is a limit.
    fn look_at_memory(&mut self, ctx: &mut actix::Context<Self>) {
        let (Some(limit), Some(life)) = (self.settings.max_memory, &self.current) else {
            return;
        };
        let (number, group, mark) = (life.number, life.group, life.mark.clone());
        // The kernel walks all of their memory for it, which takes a browser's while.
        let measured = tokio::task::spawn_blocking(move || tree::usage(Some(group), &mark));
        let taken_in = fut::wrap_future(measured).map(move |usage, program: &mut Self, ctx| {
            let bytes = usage.ok().flatten().unwrap_or_default().memory_bytes; // gone meanwhile
            let is_same = program
                .current
                .as_ref()
                .is_some_and(|life| life.number == number);
            if is_same && program.appetite.is_too_large(bytes, limit) {
                program.step(Input::TooLarge, ctx);
            }
        });
        ctx.spawn(taken_in);
    }

    /// Looks again and again while it lives, where it does not call for it by saying that it is not stuck.
    fn look_at_memory_later(&mut self, ctx: &mut actix::Context<Self>) {
        let calls = self.settings.policy.watchdog.is_some();
        let has_limit = self.settings.max_memory.is_some();
        if !has_limit || calls || self.looks || self.current.is_none() {
            return;
        }
        self.looks = true;
        ctx.run_later(LOOK_AT_MEMORY, |program, ctx| {
            program.looks = false;
            program.look_at_memory(ctx);
            program.look_at_memory_later(ctx);
        });
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

    /// What an order is answered that changes nothing.
    fn already(&self, order: Order) -> Option<ProgramOutcome> {
        match (order, self.machine.state()) {
            (Order::Start, State::Running) => Some(ProgramOutcome::AlreadyStarted),
            (Order::Stop | Order::Kill, State::Stopped | State::Exited) => {
                Some(ProgramOutcome::NotRunning)
            }
            (Order::End, _) => Some(ProgramOutcome::Stopped),
            (Order::Signal(_), _) if self.current.is_none() => Some(ProgramOutcome::NotRunning),
            (Order::Signal(_), _) => Some(ProgramOutcome::Signalled),
            _ => None,
        }
    }
}

/// A program that has done nothing yet.
pub(super) fn not_started(
    name: &str,
    essential: bool,
    since: chrono::DateTime<chrono::Utc>,
) -> ProgramStatus {
    ProgramStatus {
        name: name.to_owned(),
        state: State::Stopped,
        essential,
        pid: None,
        since,
        started_at: None,
        ready_after_ms: None,
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

/// From -1 to 1. The standard library's hash keys are random, which is enough to spread delays.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    let share = f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX);
    share.mul_add(2.0, -1.0)
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
        match order {
            Order::Start => self.step(Input::Start, ctx),
            Order::Stop => self.step(Input::Stop, ctx),
            Order::End => self.step(Input::Ending, ctx),
            Order::Kill => {
                self.step(Input::Kill, ctx);
                // A successor that was let go of just now is among them.
                for leaving in &self.leaving {
                    leaving.life.signal(Signal::KILL);
                }
            }
            Order::Replace if self.machine.is_ending() => {
                self.answer_replace(&Err("it is to be stopped".to_owned()));
            }
            Order::Replace if self.machine.state() == State::Running => self.replace(ctx),
            Order::Replace => self.answer_replace(&Err("it does not run".to_owned())),
            Order::Signal(signal) => {
                if let Some(life) = &self.current {
                    life.signal(signal);
                }
            }
        }
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

impl Handler<Update> for Program {
    type Result = ();

    fn handle(&mut self, Update(settings): Update, ctx: &mut Self::Context) {
        self.machine.set_policy(settings.policy.clone());
        self.status.essential = settings.essential;
        self.settings = Rc::from(settings);
        self.look_at_memory_later(ctx);
        self.publish(self.machine.state());
    }
}

impl Handler<Exited> for Program {
    type Result = ();

    fn handle(&mut self, message: Exited, ctx: &mut Self::Context) {
        let Exited { life, status, left } = message;
        self.say_left(left.as_deref());
        if self.has_left(life, ctx) {
            return;
        }
        let Some(status) = self.successor_ended(life, status, ctx) else {
            return;
        };
        if self
            .current
            .as_ref()
            .is_none_or(|current| current.number != life)
        {
            return;
        }
        let input = self.exited(status);
        if self.machine.state() == State::Stopping && !self.leaving.is_empty() {
            self.held_back = Some(input);
            self.publish(State::Stopping);
            return;
        }
        self.step(input, ctx);
    }
}

impl Handler<Noticed> for Program {
    type Result = ();

    fn handle(&mut self, message: Noticed, ctx: &mut Self::Context) {
        let is = |life: &Life| life.number == message.life;
        if self.successor.as_ref().is_some_and(|one| is(&one.life)) {
            let wanted = match self.settings.readiness {
                Probe::Notify => Notice::Ready,
                Probe::Http(_) | Probe::None => Notice::Answers,
            };
            if message.notices.contains(&wanted) {
                self.succeed(ctx);
            }
        }
        if !self.current.as_ref().is_some_and(is) {
            return;
        }
        if message.notices.contains(&Notice::Alive) {
            self.look_at_memory(ctx);
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
