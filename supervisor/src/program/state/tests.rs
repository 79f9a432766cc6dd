//! The rules of a program's life, each by itself.

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
        ready: ReadyRule::Says(ms(10_000)),
        restart: RestartRule::Always,
        stop_within: ms(8_000),
        delay: ms(500),
        factor: 2.0,
        jitter: 0.2,
        watchdog: None,
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
    use Action::{Abort, GiveUp, Kill, Spawn, Terminate};
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
        (Stopped, Input::Alive, Stopped, None),
        (Stopped, Input::Stuck, Stopped, None),
        (Stopped, Input::Leaving, Stopped, None),
        (Stopped, Input::Extend(ms(1)), Stopped, None),
        (Stopped, Input::TooLarge, Stopped, None),
        (Stopped, Input::Replaced, Stopped, None),
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
        (Starting, Input::Alive, Starting, None),
        (Starting, Input::Stuck, Starting, None),
        (Starting, Input::Leaving, Starting, None),
        (Starting, Input::Extend(ms(1)), Starting, None),
        (Starting, Input::TooLarge, Starting, None),
        (Starting, Input::Replaced, Starting, None),
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
        (Running, Input::Alive, Running, None),
        (Running, Input::Stuck, Running, Some(Abort)),
        (Running, Input::Leaving, Running, None),
        (Running, Input::Extend(ms(1)), Running, None),
        (Running, Input::TooLarge, Stopping, Some(Terminate)),
        (Running, Input::Replaced, Running, None),
        (Running, Input::Due, Running, None),
        (Backoff, Input::Start, Starting, Some(Spawn)),
        (Backoff, Input::Stop, Stopped, None),
        (Backoff, Input::Kill, Stopped, None),
        (Backoff, Input::Ending, Stopped, None),
        (Backoff, Input::Ready, Backoff, None),
        (Backoff, CRASH, Backoff, None),
        (Backoff, soft, Backoff, None),
        (Backoff, hard, Backoff, None),
        (Backoff, Input::Alive, Backoff, None),
        (Backoff, Input::Stuck, Backoff, None),
        (Backoff, Input::Leaving, Backoff, None),
        (Backoff, Input::Extend(ms(1)), Backoff, None),
        (Backoff, Input::TooLarge, Backoff, None),
        (Backoff, Input::Replaced, Backoff, None),
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
        (Stopping, Input::Alive, Stopping, None),
        (Stopping, Input::Stuck, Stopping, None),
        (Stopping, Input::Leaving, Stopping, None),
        (Stopping, Input::Extend(ms(1)), Stopping, None),
        (Stopping, Input::TooLarge, Stopping, None),
        (Stopping, Input::Replaced, Stopping, None),
        (Stopping, Input::Due, Stopping, None),
        (Exited, Input::Start, Starting, Some(Spawn)),
        (Exited, Input::Stop, Exited, None),
        (Exited, Input::Kill, Exited, None),
        (Exited, Input::Ending, Exited, None),
        (Exited, Input::Ready, Exited, None),
        (Exited, CRASH, Exited, None),
        (Exited, soft, Exited, None),
        (Exited, hard, Exited, None),
        (Exited, Input::Alive, Exited, None),
        (Exited, Input::Stuck, Exited, None),
        (Exited, Input::Leaving, Exited, None),
        (Exited, Input::Extend(ms(1)), Exited, None),
        (Exited, Input::TooLarge, Exited, None),
        (Exited, Input::Replaced, Exited, None),
        (Exited, Input::Due, Exited, None),
        (Fatal, Input::Start, Starting, Some(Spawn)),
        (Fatal, Input::Stop, Stopped, None),
        (Fatal, Input::Kill, Stopped, None),
        (Fatal, Input::Ending, Stopped, None),
        (Fatal, Input::Ready, Fatal, None),
        (Fatal, CRASH, Fatal, None),
        (Fatal, soft, Fatal, None),
        (Fatal, hard, Fatal, None),
        (Fatal, Input::Alive, Fatal, None),
        (Fatal, Input::Stuck, Fatal, None),
        (Fatal, Input::Leaving, Fatal, None),
        (Fatal, Input::Extend(ms(1)), Fatal, None),
        (Fatal, Input::TooLarge, Fatal, None),
        (Fatal, Input::Replaced, Fatal, None),
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
        ready: ReadyRule::Says(ms(900_000)),
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
        ready: ReadyRule::Says(ms(100_000)),
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
    assert_eq!(bench.machine.doom(), Some(Doom::Late));
    // Too late.
    bench.does(Input::Ready);
    bench.is(State::Starting);
    bench.does(KILLED);
    bench.is(State::Backoff);
    bench.due();
    assert_eq!(bench.machine.doom(), None);
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

fn watched() -> Bench {
    Bench::running(Policy {
        watchdog: Some(ms(1_000)),
        ..policy()
    })
}

#[test]
fn a_program_that_falls_silent_is_aborted_then_killed_and_its_death_counts() {
    let mut bench = watched();
    for _ in 0..5 {
        bench.after(900).does(Input::Alive);
    }
    assert_eq!(bench.due(), (ms(1_000), Some(Action::Abort)));
    assert_eq!(bench.machine.doom(), Some(Doom::Stuck));
    // Too late.
    bench.does(Input::Alive);
    assert_eq!(bench.due(), (ms(2_000), Some(Action::Kill)));
    bench.is(State::Running);
    assert_eq!(bench.does(KILLED), Some(Action::Spawn));
    assert_eq!(bench.machine.failures(bench.now), 1);
    assert_eq!(bench.machine.doom(), None);
}

#[test]
fn a_clean_end_of_a_stuck_program_is_no_success() {
    let mut bench = Bench::running(Policy {
        watchdog: Some(ms(1_000)),
        restart: RestartRule::OnFailure,
        ..policy()
    });
    bench.due();
    assert_eq!(bench.does(DONE), Some(Action::Spawn));
}

#[test]
fn a_watchdog_begins_with_readiness() {
    let mut bench = Bench::new(Policy {
        watchdog: Some(ms(1_000)),
        ..policy()
    });
    bench.does(Input::Start);
    bench.does(Input::Alive);
    assert_eq!(bench.machine.deadline(), Some(ms(10_000)));
    bench.does(Input::Ready);
    assert_eq!(bench.machine.deadline(), Some(ms(1_000)));
}

#[test]
fn what_says_that_it_ends_may_take_as_long_as_what_is_asked_to() {
    let mut bench = watched();
    bench.does(Input::Leaving);
    assert_eq!(bench.due(), (ms(8_000), Some(Action::Kill)));
    assert_eq!(bench.machine.doom(), Some(Doom::Stubborn));

    let mut bench = watched();
    bench.does(Input::Leaving);
    assert_eq!(bench.does(DONE), Some(Action::Spawn));
}

#[test]
fn a_program_may_ask_for_more_time_but_not_when_it_is_doomed() {
    let mut bench = Bench::new(policy());
    bench.does(Input::Start);
    bench.does(Input::Extend(ms(30_000)));
    assert_eq!(bench.machine.deadline(), Some(ms(30_000)));
    bench.does(Input::Extend(ms(1)));
    assert_eq!(bench.machine.deadline(), Some(ms(30_000)));

    let mut bench = watched();
    bench.due();
    let due = bench.machine.deadline();
    bench.does(Input::Extend(ms(90_000)));
    assert_eq!(bench.machine.deadline(), due);
}

#[test]
fn what_takes_too_much_memory_is_started_again_and_nothing_is_held_against_it() {
    let mut bench = Bench::running(policy());
    assert_eq!(bench.does(Input::TooLarge), Some(Action::Terminate));
    assert_eq!(bench.machine.doom(), Some(Doom::TooLarge));
    assert_eq!(bench.does(DONE), Some(Action::Spawn));
    assert_eq!(bench.machine.failures(bench.now), 0);
    assert_eq!(bench.machine.restarts(), 1);

    let mut bench = Bench::running(policy());
    bench.does(Input::TooLarge);
    bench.does(Input::Stop);
    assert_eq!(bench.does(DONE), None);
    bench.is(State::Stopped);
}

#[test]
fn a_successor_begins_its_life_with_a_clean_slate() {
    let mut bench = watched();
    bench.due();
    bench.after(100).does(Input::Replaced);
    bench.is(State::Running);
    assert_eq!(bench.machine.doom(), None);
    assert_eq!(bench.machine.deadline(), Some(bench.now + ms(1_000)));
}

#[test]
fn other_settings_count_from_the_next_decision_on() {
    let mut bench = Bench::running(policy());
    bench.machine.set_policy(Policy {
        stop_within: ms(100),
        ..policy()
    });
    bench.does(Input::Stop);
    assert_eq!(bench.due(), (ms(100), Some(Action::Kill)));
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
