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

use std::{collections::VecDeque, time::Duration};

pub(crate) use schema::wire::supervisor::ProgramState as State;

/// How long a program was ready when its death is again answered at once.
pub(crate) const STABLE: Duration = Duration::from_secs(2);

/// How long a program was ready when all its earlier deaths are forgotten.
pub(crate) const SETTLED: Duration = Duration::from_mins(1);

/// Share of a delay by which it may be shorter or longer, so that programs do not restart in step.
const JITTER: f64 = 0.2;

/// How a program is known to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadyRule {
    /// It says so, within this time.
    Notify(Duration),
    /// It has lived this long.
    Alive(Duration),
    /// Never: it does one thing and ends, where there is a limit within this time.
    Ends(Option<Duration>),
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
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) ready: ReadyRule,
    pub(crate) restart: RestartRule,
    /// Time from SIGTERM to SIGKILL.
    pub(crate) stop_within: Duration,
    /// First delay; it doubles.
    pub(crate) delay: Duration,
    /// Longest delay.
    pub(crate) max_delay: Duration,
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
    /// SIGTERM to the process group.
    Terminate,
    /// SIGKILL to the process group.
    Kill,
    /// End the supervisor: an essential program cannot be kept up.
    GiveUp,
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
    /// Killed by us because it was not ready in time.
    overdue: bool,
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
            overdue: false,
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

    /// Whether the process that lives or has just ended was not ready in time.
    pub(crate) fn is_overdue(&self) -> bool {
        self.overdue
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
                if self.state == State::Starting && !self.overdue {
                    self.become_ready(now);
                }
                None
            }
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
            State::Starting | State::Running => {
                self.state = State::Stopping;
                self.deadline = Some(now + self.policy.stop_within);
                Some(Action::Terminate)
            }
            State::Backoff | State::Fatal => {
                self.forget();
                self.rest(State::Stopped);
                None
            }
            State::Stopping | State::Stopped | State::Exited => None,
        }
    }

    fn kill(&mut self) -> Option<Action> {
        self.wanted_again = false;
        match self.state {
            State::Starting | State::Running | State::Stopping => {
                self.state = State::Stopping;
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
            (State::Starting, ReadyRule::Notify(_) | ReadyRule::Ends(_)) => {
                self.overdue = true;
                Some(Action::Kill)
            }
            (State::Stopping, _) => Some(Action::Kill),
            (State::Backoff | State::Fatal, _) => {
                self.restarts += 1;
                Some(self.spawn(now))
            }
            (State::Running | State::Stopped | State::Exited, _) => None,
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
                    self.forget();
                    return Some(self.spawn(now));
                }
                None
            }
            State::Starting | State::Running => {
                let is_final = match self.policy.restart {
                    RestartRule::Always => false,
                    RestartRule::OnFailure => is_clean && !self.overdue,
                    RestartRule::Never => true,
                };
                if is_final || self.ending {
                    self.rest(State::Exited);
                    return None;
                }
                let ready_for = self.ready_at.map(|ready_at| now.saturating_sub(ready_at));
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
        let factor = 2_u32.saturating_pow(self.record.delayed);
        let plain = self
            .policy
            .delay
            .saturating_mul(factor)
            .min(self.policy.max_delay);
        plain.mul_f64(1.0 + JITTER * chance.clamp(-1.0, 1.0))
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
        self.overdue = false;
        self.deadline = match self.policy.ready {
            ReadyRule::Notify(within) => Some(now + within),
            ReadyRule::Alive(life) => Some(now + life),
            ReadyRule::Ends(within) => within.map(|within| now + within),
        };
        Action::Spawn
    }

    fn become_ready(&mut self, now: Duration) {
        self.state = State::Running;
        self.deadline = None;
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
mod tests {
    use super::*;

    const CRASH: Input = Input::Exited {
        is_clean: false,
        by_stranger: false,
    };
    const DONE: Input = Input::Exited {
        is_clean: true,
        by_stranger: false,
    };
    const KILLED: Input = Input::Exited {
        is_clean: false,
        by_stranger: true,
    };

    fn policy() -> Policy {
        Policy {
            ready: ReadyRule::Notify(ms(10_000)),
            restart: RestartRule::Always,
            stop_within: ms(8_000),
            delay: ms(500),
            max_delay: ms(60_000),
            budget: 10,
            window: ms(600_000),
            slow_retry: None,
        }
    }

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    /// A machine and its clock, without jitter.
    struct Bench {
        machine: Machine,
        now: Duration,
    }

    impl Bench {
        fn new(policy: Policy) -> Self {
            Self {
                machine: Machine::new(policy),
                now: ms(0),
            }
        }

        fn does(&mut self, input: Input) -> Option<Action> {
            self.machine.step(input, self.now, 0.0)
        }

        fn after(&mut self, wait: u64) -> &mut Self {
            self.now += ms(wait);
            self
        }

        fn is(&self, state: State) {
            assert_eq!(self.machine.state(), state);
        }

        fn running(policy: Policy) -> Self {
            let mut bench = Self::new(policy);
            assert_eq!(bench.does(Input::Start), Some(Action::Spawn));
            assert_eq!(bench.does(Input::Ready), None);
            bench.is(State::Running);
            bench
        }

        /// Waits for the deadline and reports how long that took.
        fn due(&mut self) -> (Duration, Option<Action>) {
            let deadline = self.machine.deadline().expect("a deadline");
            let wait = deadline.saturating_sub(self.now);
            self.now = deadline;
            (wait, self.does(Input::Due))
        }
    }

    /// A machine in `state`.
    fn in_state(state: State) -> Bench {
        let mut bench = Bench::new(policy());
        match state {
            State::Stopped => {}
            State::Starting => drop(bench.does(Input::Start)),
            State::Running => bench = Bench::running(policy()),
            State::Backoff => {
                bench.does(Input::Start);
                bench.does(CRASH);
            }
            State::Stopping => {
                bench = Bench::running(policy());
                bench.does(Input::Stop);
            }
            State::Exited => {
                bench = Bench::running(Policy {
                    restart: RestartRule::Never,
                    ..policy()
                });
                bench.does(CRASH);
            }
            State::Fatal => {
                bench.does(Input::Start);
                bench.does(Input::CannotStart { is_hopeless: true });
            }
        }
        bench.is(state);
        bench
    }

    #[test]
    fn every_state_answers_every_input() {
        use Action::{GiveUp, Kill, Spawn, Terminate};
        use State::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping};
        let soft = Input::CannotStart { is_hopeless: false };
        let hard = Input::CannotStart { is_hopeless: true };
        let table: &[(State, Input, State, Option<Action>)] = &[
            (Stopped, Input::Start, Starting, Some(Spawn)),
            (Stopped, Input::Stop, Stopped, None),
            (Stopped, Input::Kill, Stopped, None),
            (Stopped, Input::Ending, Stopped, None),
            (Stopped, Input::Ready, Stopped, None),
            (Stopped, CRASH, Stopped, None),
            (Stopped, KILLED, Stopped, None),
            (Stopped, soft, Stopped, None),
            (Stopped, hard, Stopped, None),
            (Stopped, Input::Due, Stopped, None),
            (Starting, Input::Start, Starting, None),
            (Starting, Input::Stop, Stopping, Some(Terminate)),
            (Starting, Input::Kill, Stopping, Some(Kill)),
            (Starting, Input::Ending, Starting, None),
            (Starting, Input::Ready, Running, None),
            (Starting, CRASH, Backoff, None),
            (Starting, DONE, Backoff, None),
            (Starting, KILLED, Backoff, None),
            (Starting, soft, Backoff, None),
            (Starting, hard, Fatal, Some(GiveUp)),
            (Starting, Input::Due, Starting, None),
            (Running, Input::Start, Running, None),
            (Running, Input::Stop, Stopping, Some(Terminate)),
            (Running, Input::Kill, Stopping, Some(Kill)),
            (Running, Input::Ending, Running, None),
            (Running, Input::Ready, Running, None),
            (Running, CRASH, Starting, Some(Spawn)),
            (Running, DONE, Starting, Some(Spawn)),
            (Running, KILLED, Starting, Some(Spawn)),
            (Running, soft, Running, None),
            (Running, hard, Running, None),
            (Running, Input::Due, Running, None),
            (Backoff, Input::Start, Starting, Some(Spawn)),
            (Backoff, Input::Stop, Stopped, None),
            (Backoff, Input::Kill, Stopped, None),
            (Backoff, Input::Ending, Stopped, None),
            (Backoff, Input::Ready, Backoff, None),
            (Backoff, CRASH, Backoff, None),
            (Backoff, soft, Backoff, None),
            (Backoff, hard, Backoff, None),
            (Backoff, Input::Due, Backoff, None),
            (Stopping, Input::Start, Stopping, None),
            (Stopping, Input::Stop, Stopping, None),
            (Stopping, Input::Kill, Stopping, Some(Kill)),
            (Stopping, Input::Ending, Stopping, None),
            (Stopping, Input::Ready, Stopping, None),
            (Stopping, CRASH, Stopped, None),
            (Stopping, DONE, Stopped, None),
            (Stopping, KILLED, Stopped, None),
            (Stopping, soft, Stopping, None),
            (Stopping, hard, Stopping, None),
            (Stopping, Input::Due, Stopping, None),
            (Exited, Input::Start, Starting, Some(Spawn)),
            (Exited, Input::Stop, Exited, None),
            (Exited, Input::Kill, Exited, None),
            (Exited, Input::Ending, Exited, None),
            (Exited, Input::Ready, Exited, None),
            (Exited, CRASH, Exited, None),
            (Exited, soft, Exited, None),
            (Exited, hard, Exited, None),
            (Exited, Input::Due, Exited, None),
            (Fatal, Input::Start, Starting, Some(Spawn)),
            (Fatal, Input::Stop, Stopped, None),
            (Fatal, Input::Kill, Stopped, None),
            (Fatal, Input::Ending, Stopped, None),
            (Fatal, Input::Ready, Fatal, None),
            (Fatal, CRASH, Fatal, None),
            (Fatal, soft, Fatal, None),
            (Fatal, hard, Fatal, None),
            (Fatal, Input::Due, Fatal, None),
        ];
        for (from, input, to, action) in table {
            let mut bench = in_state(*from);
            assert_eq!(bench.does(*input), *action, "{from:?} on {input:?}");
            assert_eq!(bench.machine.state(), *to, "{from:?} on {input:?}");
        }
    }

    #[test]
    fn a_timer_that_fires_early_or_late_changes_nothing() {
        let mut bench = Bench::new(policy());
        bench.does(Input::Start);
        assert_eq!(bench.after(9_999).does(Input::Due), None);
        bench.is(State::Starting);
        bench.does(Input::Ready);
        assert_eq!(bench.after(60_000).does(Input::Due), None);
        bench.is(State::Running);
    }

    #[test]
    fn nothing_is_due_while_a_program_runs_or_rests() {
        for state in [State::Running, State::Stopped, State::Exited] {
            assert_eq!(in_state(state).machine.deadline(), None, "{state:?}");
        }
    }

    #[test]
    fn the_first_death_after_readiness_is_answered_at_once_and_the_next_ones_ever_later() {
        let mut bench = Bench::running(policy());
        let mut waits = Vec::new();
        for _ in 0..7 {
            if bench.after(100).does(KILLED).is_none() {
                let (wait, action) = bench.due();
                assert_eq!(action, Some(Action::Spawn));
                waits.push(wait);
            } else {
                waits.push(ms(0));
            }
            bench.does(Input::Ready);
        }
        assert_eq!(waits, [0, 500, 1000, 2000, 4000, 8000, 16000].map(ms));
        assert_eq!(bench.machine.restarts(), 7);
    }

    #[test]
    fn every_death_after_a_stable_life_is_answered_at_once() {
        let mut bench = Bench::running(policy());
        for _ in 0..100 {
            assert_eq!(bench.after(2_000).does(KILLED), Some(Action::Spawn));
            bench.does(Input::Ready);
        }
    }

    #[test]
    fn a_death_before_readiness_is_a_failed_start_however_long_it_took() {
        let mut bench = Bench::new(Policy {
            ready: ReadyRule::Notify(ms(900_000)),
            ..policy()
        });
        bench.does(Input::Start);
        assert_eq!(bench.after(800_000).does(CRASH), None);
        bench.is(State::Backoff);
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let mut bench = Bench::new(Policy {
            budget: 100,
            ..policy()
        });
        bench.does(Input::Start);
        let mut waits = Vec::new();
        for _ in 0..9 {
            bench.does(CRASH);
            waits.push(bench.due().0);
        }
        let expected = [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000].map(ms);
        assert_eq!(waits, expected);
    }

    #[test]
    fn chance_moves_a_delay_by_a_fifth() {
        for (chance, expected) in [(-1.0, 400), (0.5, 550), (1.0, 600), (7.0, 600)] {
            let mut machine = Machine::new(policy());
            machine.step(Input::Start, ms(0), 0.0);
            machine.step(CRASH, ms(0), chance);
            assert_eq!(machine.deadline(), Some(ms(expected)));
        }
    }

    #[test]
    fn ten_failed_starts_in_ten_minutes_are_the_end_of_an_essential_program() {
        let mut bench = Bench::new(policy());
        bench.does(Input::Start);
        let mut starts = 1;
        let action = loop {
            if let Some(action) = bench.does(CRASH) {
                break action;
            }
            assert_eq!(bench.due().1, Some(Action::Spawn));
            starts += 1;
        };
        assert_eq!((action, starts), (Action::GiveUp, 10));
        bench.is(State::Fatal);
        assert_eq!(bench.machine.deadline(), None);
    }

    #[test]
    fn a_program_that_keeps_dying_soon_after_it_is_ready_is_given_up() {
        for life in [1_500, 2_500, 20_000] {
            let mut bench = Bench::running(policy());
            let mut starts = 1;
            while bench.machine.state() != State::Fatal {
                if bench.after(life).does(CRASH).is_none() && bench.machine.deadline().is_some() {
                    bench.due();
                }
                bench.does(Input::Ready);
                starts += 1;
                assert!(starts < 20, "a storm of starts, each living {life} ms");
            }
        }
    }

    #[test]
    fn deaths_leave_the_window_with_time() {
        let mut bench = Bench::running(policy());
        for _ in 0..30 {
            // A death every 61 s of readiness: never ten in ten minutes, and each life settled.
            assert_eq!(bench.after(61_000).does(CRASH), Some(Action::Spawn));
            bench.does(Input::Ready);
        }
        let mut slow = Bench::new(Policy {
            ready: ReadyRule::Notify(ms(100_000)),
            ..policy()
        });
        slow.does(Input::Start);
        for _ in 0..30 {
            slow.after(66_000).does(CRASH);
            slow.is(State::Backoff);
            slow.due();
        }
    }

    #[test]
    fn a_ready_program_that_somebody_kills_fifty_times_is_never_given_up() {
        let mut bench = Bench::running(policy());
        for _ in 0..50 {
            if bench.after(10).does(KILLED).is_none() {
                assert_eq!(bench.due().1, Some(Action::Spawn));
            }
            bench.does(Input::Ready);
            bench.is(State::Running);
        }
    }

    #[test]
    fn a_program_killed_before_it_is_ready_every_time_is_given_up() {
        let mut bench = Bench::new(policy());
        bench.does(Input::Start);
        for _ in 0..9 {
            assert_eq!(bench.does(KILLED), None);
            bench.due();
        }
        assert_eq!(bench.does(KILLED), Some(Action::GiveUp));
    }

    #[test]
    fn a_program_that_is_not_essential_is_tried_once_every_five_minutes() {
        let mut bench = Bench::new(Policy {
            slow_retry: Some(ms(300_000)),
            ..policy()
        });
        bench.does(Input::Start);
        assert_eq!(bench.does(Input::CannotStart { is_hopeless: true }), None);
        bench.is(State::Fatal);
        for _ in 0..3 {
            assert_eq!(bench.due(), (ms(300_000), Some(Action::Spawn)));
            bench.does(CRASH);
            bench.is(State::Fatal);
        }
        bench.due();
        bench.does(Input::Ready);
        bench.after(2_000).does(CRASH);
        bench.is(State::Starting);
    }

    #[test]
    fn what_is_not_ready_in_time_is_killed_and_counts_as_a_failed_start() {
        let mut bench = Bench::new(policy());
        bench.does(Input::Start);
        assert_eq!(bench.due(), (ms(10_000), Some(Action::Kill)));
        bench.is(State::Starting);
        assert!(bench.machine.is_overdue());
        // Too late.
        bench.does(Input::Ready);
        bench.is(State::Starting);
        bench.does(KILLED);
        bench.is(State::Backoff);
        bench.due();
        assert!(!bench.machine.is_overdue());
    }

    #[test]
    fn a_program_without_notification_is_ready_when_it_has_lived_for_a_while() {
        let mut bench = Bench::new(Policy {
            ready: ReadyRule::Alive(ms(1_000)),
            ..policy()
        });
        bench.does(Input::Start);
        assert_eq!(bench.due(), (ms(1_000), None));
        bench.is(State::Running);
    }

    #[test]
    fn a_program_that_does_one_thing_may_take_its_time_and_is_done_when_it_succeeds() {
        let once = Policy {
            ready: ReadyRule::Ends(None),
            restart: RestartRule::OnFailure,
            ..policy()
        };
        let mut bench = Bench::new(once);
        bench.does(Input::Start);
        assert_eq!(bench.machine.deadline(), None);
        bench.after(1_000_000).does(CRASH);
        bench.is(State::Backoff);
        bench.due();
        bench.does(DONE);
        bench.is(State::Exited);
    }

    #[test]
    fn what_ignores_the_request_to_stop_is_killed() {
        let mut bench = Bench::running(policy());
        assert_eq!(bench.does(Input::Stop), Some(Action::Terminate));
        assert_eq!(bench.due(), (ms(8_000), Some(Action::Kill)));
        bench.is(State::Stopping);
        assert_eq!(bench.does(KILLED), None);
        bench.is(State::Stopped);
    }

    #[test]
    fn a_start_while_stopping_is_remembered_and_a_later_stop_takes_it_back() {
        let mut bench = in_state(State::Stopping);
        bench.does(Input::Start);
        assert_eq!(bench.does(DONE), Some(Action::Spawn));
        bench.is(State::Starting);

        let mut bench = in_state(State::Stopping);
        bench.does(Input::Start);
        bench.does(Input::Stop);
        assert_eq!(bench.does(DONE), None);
        bench.is(State::Stopped);
    }

    #[test]
    fn a_start_by_a_person_begins_afresh() {
        let mut bench = Bench::new(policy());
        bench.does(Input::Start);
        for _ in 0..5 {
            bench.does(CRASH);
            bench.due();
        }
        bench.does(CRASH);
        bench.does(Input::Stop);
        bench.is(State::Stopped);
        bench.does(Input::Start);
        bench.does(CRASH);
        assert_eq!(bench.due().0, ms(500));
    }

    #[test]
    fn restart_rules_decide_which_end_is_final() {
        use RestartRule::{Always, Never, OnFailure};
        let cases = [
            (Always, DONE, State::Starting),
            (Always, CRASH, State::Starting),
            (OnFailure, DONE, State::Exited),
            (OnFailure, CRASH, State::Starting),
            (Never, DONE, State::Exited),
            (Never, CRASH, State::Exited),
        ];
        for (restart, end, expected) in cases {
            let mut bench = Bench::running(Policy {
                restart,
                ..policy()
            });
            bench.does(end);
            assert_eq!(bench.machine.state(), expected, "{restart:?} {end:?}");
        }
    }

    #[test]
    fn nothing_is_started_once_the_supervisor_ends() {
        let mut bench = Bench::running(policy());
        bench.does(Input::Ending);
        assert_eq!(bench.does(CRASH), None);
        bench.is(State::Exited);
        assert_eq!(bench.does(Input::Start), None);
        let mut waiting = in_state(State::Stopping);
        waiting.does(Input::Start);
        waiting.does(Input::Ending);
        assert_eq!(waiting.does(DONE), None);
        waiting.is(State::Stopped);
    }
}
