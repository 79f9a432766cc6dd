//! When a program is started, restarted, stopped and given up: pure.
//!
//! One machine a program, with supervisord's state names. It is told what happened and when (times
//! count from any fixed moment of a monotonic clock), and answers with the one thing to do and with the one
//! moment at which it wants to be asked again. Leaves processes, timers and messages to
//! [`super::actor`].
//!
//! The rules, in words:
//! - A program is up when it is *ready*. A death before that is a failed start, however long it took.
//! - The first death after readiness is answered at once. A further one is too if the life was
//!   stable (ready for [`STABLE`]), else the delay grows: 0.5 s, 1 s, 2 s … up to 60 s, ±20 %.
//! - Failed starts and the program's own deaths count in a budget over a window; when it is used up the
//!   program is `FATAL`. A life that was ready for [`SETTLED`] clears the budget. A ready program that
//!   somebody else killed (`kill -9`, out of memory) costs a delay but nothing of the budget.
//! - What is `FATAL` and essential ends the supervisor; another is tried every five minutes, once
//!   each, until it has been stable again.
//! - A ready program with a watchdog must say now and then that it is not stuck. Else it is aborted, killed
//!   if even that does not end it, and its death counts.
//! - One that takes too much memory is asked to stop and started again; that costs it nothing.

use std::{collections::VecDeque, time::Duration};

pub(crate) use schema::wire::supervisor::ProgramState as State;

/// How long a program was ready when its death is again answered at once.
pub(crate) const STABLE: Duration = Duration::from_secs(2);

/// How long a program was ready when all its earlier deaths are forgotten.
pub(crate) const SETTLED: Duration = Duration::from_mins(1);

/// From SIGABRT, by which a stuck program may leave a trace of where it is, to SIGKILL.
const ABORT_WITHIN: Duration = Duration::from_secs(2);

/// How a program is known to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadyRule {
    /// It says so, or its address answers, within this time.
    Says(Duration),
    /// It has lived this long.
    Alive(Duration),
    /// Never: it does one thing and ends, where there is a limit within this time.
    Ends(Option<Duration>),
}

impl ReadyRule {
    /// How long it may take at the most; for ever when nothing says.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::Says(within) | Self::Alive(within) => within,
            Self::Ends(within) => within.unwrap_or(Duration::MAX),
        }
    }
}

/// Whether a program that ended by itself is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestartRule {
    /// Always.
    Always,
    /// Unless it exited with code 0.
    OnFailure,
    /// Never.
    Never,
}

/// A program's settings as far as this file decides by them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) ready: ReadyRule,
    pub(crate) restart: RestartRule,
    /// Time from SIGTERM to SIGKILL.
    pub(crate) stop_within: Duration,
    /// First delay; it doubles.
    pub(crate) delay: Duration,
    /// By what it grows each time.
    pub(crate) factor: f64,
    /// Longest delay.
    pub(crate) max_delay: Duration,
    /// Share of a delay by which it may be shorter or longer, so that programs do not restart in step.
    pub(crate) jitter: f64,
    /// How long it may be silent, once ready, before it is taken for stuck.
    pub(crate) watchdog: Option<Duration>,
    /// Deaths within `window` that make the program `FATAL`.
    pub(crate) budget: u32,
    pub(crate) window: Duration,
    /// Pause between the tries of a `FATAL` program; none when it is essential.
    pub(crate) slow_retry: Option<Duration>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// It is wanted.
    Start,
    /// It is not wanted.
    Stop,
    /// It is to be gone without being asked.
    Kill,
    /// The supervisor ends: nothing is started any more.
    Ending,
    /// The program said that it is ready.
    Ready,
    /// It said that it is not stuck.
    Alive,
    /// It said that it is stuck.
    Stuck,
    /// It said that it ends by itself.
    Leaving,
    /// It said that what it does now takes this much longer.
    Extend(Duration),
    /// It takes more memory than it may.
    TooLarge,
    /// A successor that is ready has taken its place.
    Replaced,
    /// The main process ended.
    Exited {
        /// Exit code 0.
        is_clean: bool,
        /// By a signal that a person or the kernel sends, and that we did not.
        by_stranger: bool,
    },
    /// No process came to be.
    CannotStart {
        /// Trying again changes nothing: the binary is missing, not executable …
        is_hopeless: bool,
    },
    /// [`Machine::deadline`] has come.
    Due,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start a process.
    Spawn,
    /// The signal that asks it to stop, to the process group.
    Terminate,
    /// SIGABRT to the process group.
    Abort,
    /// SIGKILL to the process group.
    Kill,
    /// End the supervisor: an essential program cannot be kept up.
    GiveUp,
}

/// Why we end a process ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// It was not ready in time.
    Late,
    /// It is stuck.
    Stuck,
    /// It was asked to stop, or said that it does.
    Asked,
    /// It did not stop in time.
    Stubborn,
    /// It takes too much memory.
    TooLarge,
}

/// What the past of a program says about its next restart.
#[derive(Clone, Debug, Default)]
struct Record {
    /// Deaths in the window that count.
    deaths: VecDeque<Duration>,
    /// Delayed restarts since the last stable life.
    delayed: u32,
    /// The restart at once that is free since the last stable life is used.
    prompt_used: bool,
    /// `FATAL` once, and not stable since.
    given_up: bool,
}

/// Where one program is in its life.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    policy: Policy,
    state: State,
    deadline: Option<Duration>,
    ready_at: Option<Duration>,
    restarts: u64,
    record: Record,
    /// Why we end the process that lives, or ended the last one.
    doom: Option<Doom>,
    /// Started again as soon as it is stopped.
    wanted_again: bool,
    /// The supervisor ends.
    ending: bool,
}

impl Machine {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            state: State::Stopped,
            deadline: None,
            ready_at: None,
            restarts: 0,
            record: Record::default(),
            doom: None,
            wanted_again: false,
            ending: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// When to call [`Machine::step`] with [`Input::Due`], if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Starts that followed an unwanted end.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Why we end the process that lives, or ended the last one, if we do or did.
    pub(crate) fn doom(&self) -> Option<Doom> {
        self.doom
    }

    /// Nothing is started any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending
    }

    /// Deaths that count against the budget at `now`.
    pub(crate) fn failures(&self, now: Duration) -> usize {
        let counts = |death: &&Duration| **death + self.policy.window > now;
        self.record.deaths.iter().filter(counts).count()
    }

    /// Other settings from now on. What is waited for already keeps its time.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Takes in what happened at `now`. `chance`, from -1 to 1, spreads delays.
    pub(crate) fn step(&mut self, input: Input, now: Duration, chance: f64) -> Option<Action> {
        match input {
            Input::Start => self.start(now),
            Input::Stop => self.stop(now),
            Input::Kill => self.kill(),
            Input::Ending => {
                self.ending = true;
                self.wanted_again = false;
                if matches!(self.state, State::Backoff | State::Fatal) {
                    self.rest(State::Stopped);
                }
                None
            }
            Input::Ready => {
                if self.state == State::Starting && self.doom.is_none() {
                    self.become_ready(now);
                }
                None
            }
            Input::Replaced => {
                if self.state == State::Running {
                    self.doom = None;
                    self.become_ready(now);
                }
                None
            }
            Input::Alive => {
                if self.state == State::Running && self.doom.is_none() {
                    self.deadline = self.policy.watchdog.map(|within| now + within);
                }
                None
            }
            Input::Stuck => match (self.state, self.doom) {
                (State::Running, None) => Some(self.abort(now)),
                _ => None,
            },
            Input::Leaving => {
                if self.state == State::Running && self.doom.is_none() {
                    self.doom = Some(Doom::Asked);
                    self.deadline = Some(now + self.policy.stop_within);
                }
                None
            }
            Input::Extend(time) => {
                let is_timed = self.doom.is_none() || self.doom == Some(Doom::Asked);
                self.deadline = self
                    .deadline
                    .map(|due| if is_timed { due.max(now + time) } else { due });
                None
            }
            Input::TooLarge => self.too_large(now),
            Input::Exited {
                is_clean,
                by_stranger,
            } => self.exited(is_clean, by_stranger, now, chance),
            Input::CannotStart { is_hopeless } => match self.state {
                State::Starting if is_hopeless => self.fatal(now),
                State::Starting => self.died(None, false, now, chance),
                _ => None,
            },
            Input::Due => self.due(now),
        }
    }

    fn start(&mut self, now: Duration) -> Option<Action> {
        if self.ending {
            return None;
        }
        match self.state {
            State::Starting | State::Running => None,
            State::Stopping => {
                self.wanted_again = true;
                None
            }
            State::Stopped | State::Exited | State::Fatal | State::Backoff => {
                self.forget();
                Some(self.spawn(now))
            }
        }
    }

    fn stop(&mut self, now: Duration) -> Option<Action> {
        self.wanted_again = false;
        match self.state {
            State::Starting | State::Running => Some(self.ask_to_stop(Doom::Asked, now)),
            State::Backoff | State::Fatal => {
                self.forget();
                self.rest(State::Stopped);
                None
            }
            State::Stopping | State::Stopped | State::Exited => None,
        }
    }

    fn ask_to_stop(&mut self, doom: Doom, now: Duration) -> Action {
        self.state = State::Stopping;
        self.doom = Some(doom);
        self.deadline = Some(now + self.policy.stop_within);
        Action::Terminate
    }

    /// It did nothing wrong that would count; it begins anew.
    fn too_large(&mut self, now: Duration) -> Option<Action> {
        if self.state != State::Running || self.doom.is_some() || self.ending {
            return None;
        }
        self.wanted_again = true;
        Some(self.ask_to_stop(Doom::TooLarge, now))
    }

    fn abort(&mut self, now: Duration) -> Action {
        self.doom = Some(Doom::Stuck);
        self.deadline = Some(now + ABORT_WITHIN);
        Action::Abort
    }

    fn kill(&mut self) -> Option<Action> {
        self.wanted_again = false;
        match self.state {
            State::Starting | State::Running | State::Stopping => {
                self.state = State::Stopping;
                self.doom = Some(Doom::Asked);
                self.deadline = None;
                Some(Action::Kill)
            }
            State::Backoff | State::Fatal => {
                self.rest(State::Stopped);
                None
            }
            State::Stopped | State::Exited => None,
        }
    }

    fn due(&mut self, now: Duration) -> Option<Action> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        self.deadline = None;
        match (self.state, self.policy.ready) {
            (State::Starting, ReadyRule::Alive(_)) => {
                self.become_ready(now);
                None
            }
            (State::Starting, ReadyRule::Says(_) | ReadyRule::Ends(_)) => {
                self.doom = Some(Doom::Late);
                Some(Action::Kill)
            }
            (State::Running, _) => match self.doom {
                None => Some(self.abort(now)),
                Some(Doom::Asked) => {
                    self.doom = Some(Doom::Stubborn);
                    Some(Action::Kill)
                }
                Some(_) => Some(Action::Kill),
            },
            (State::Stopping, _) => {
                self.doom = Some(Doom::Stubborn);
                Some(Action::Kill)
            }
            (State::Backoff | State::Fatal, _) => {
                self.restarts += 1;
                Some(self.spawn(now))
            }
            (State::Stopped | State::Exited, _) => None,
        }
    }

    fn exited(
        &mut self,
        is_clean: bool,
        by_stranger: bool,
        now: Duration,
        chance: f64,
    ) -> Option<Action> {
        match self.state {
            State::Stopping => {
                self.rest(State::Stopped);
                if std::mem::take(&mut self.wanted_again) && !self.ending {
                    if self.doom == Some(Doom::TooLarge) {
                        self.restarts += 1;
                    } else {
                        self.forget();
                    }
                    return Some(self.spawn(now));
                }
                None
            }
            State::Starting | State::Running => {
                let is_final = match self.policy.restart {
                    RestartRule::Always => false,
                    RestartRule::OnFailure => {
                        is_clean && matches!(self.doom, None | Some(Doom::Asked))
                    }
                    RestartRule::Never => true,
                };
                if is_final || self.ending {
                    self.rest(State::Exited);
                    return None;
                }
                let ready_for = self.ready_at.map(|ready_at| now.saturating_sub(ready_at));
                let by_stranger = by_stranger && self.doom.is_none();
                self.died(ready_for, by_stranger, now, chance)
            }
            // No process of ours exists in these.
            State::Stopped | State::Exited | State::Backoff | State::Fatal => None,
        }
    }

    /// An unwanted end, or a start that came to nothing.
    fn died(
        &mut self,
        ready_for: Option<Duration>,
        by_stranger: bool,
        now: Duration,
        chance: f64,
    ) -> Option<Action> {
        if self.ending {
            self.rest(State::Exited);
            return None;
        }
        if ready_for.is_some_and(|ready_for| ready_for >= SETTLED) {
            self.record.deaths.clear();
        }
        if ready_for.is_some_and(|ready_for| ready_for >= STABLE) {
            self.record.given_up = false;
            self.record.prompt_used = false;
            self.record.delayed = 0;
        }
        while self
            .record
            .deaths
            .front()
            .is_some_and(|death| *death + self.policy.window <= now)
        {
            self.record.deaths.pop_front();
        }
        if ready_for.is_none() || !by_stranger {
            self.record.deaths.push_back(now);
        }
        if self.record.given_up || self.record.deaths.len() >= self.policy.budget as usize {
            return self.fatal(now);
        }
        if ready_for.is_some() && !self.record.prompt_used && self.record.delayed == 0 {
            self.record.prompt_used = true;
            self.restarts += 1;
            return Some(self.spawn(now));
        }
        let delay = self.next_delay(chance);
        self.record.delayed += 1;
        self.rest(State::Backoff);
        self.deadline = Some(now + delay);
        None
    }

    fn next_delay(&self, chance: f64) -> Duration {
        let steps = f64::from(self.record.delayed);
        let cap = self.policy.max_delay.as_secs_f64();
        let plain = (self.policy.delay.as_secs_f64() * self.policy.factor.powf(steps)).min(cap);
        Duration::from_secs_f64(plain * (1.0 + self.policy.jitter * chance.clamp(-1.0, 1.0)))
    }

    fn fatal(&mut self, now: Duration) -> Option<Action> {
        self.rest(State::Fatal);
        self.record.given_up = true;
        match self.policy.slow_retry {
            Some(pause) => {
                self.deadline = Some(now + pause);
                None
            }
            None => Some(Action::GiveUp),
        }
    }

    fn spawn(&mut self, now: Duration) -> Action {
        self.rest(State::Starting);
        self.doom = None;
        self.deadline = match self.policy.ready {
            ReadyRule::Says(within) => Some(now + within),
            ReadyRule::Alive(life) => Some(now + life),
            ReadyRule::Ends(within) => within.map(|within| now + within),
        };
        Action::Spawn
    }

    fn become_ready(&mut self, now: Duration) {
        self.state = State::Running;
        self.deadline = self.policy.watchdog.map(|within| now + within);
        self.ready_at = Some(now);
    }

    /// Enters `state`, in which nothing is ready and nothing is due.
    fn rest(&mut self, state: State) {
        self.state = state;
        self.deadline = None;
        self.ready_at = None;
    }

    /// A person started or stopped it: earlier failures no longer count.
    fn forget(&mut self) {
        self.record = Record::default();
    }
}

#[cfg(test)]
mod tests;
