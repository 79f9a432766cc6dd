//! What a program tells of itself: its status on the board, a line in the log for each change, answers to
//! those who wait for it.
//!
//! Leaves what happens to [`super::actor`].

use schema::wire::supervisor::{ProgramOutcome, ProgramResult};

use super::{
    actor::{Order, Program},
    state::{Doom, ReadyRule, State},
};

impl Program {
    /// Why we end, or ended, its process, in words; none when we did not, or were asked to.
    pub(super) fn doomed(&self) -> Option<String> {
        let policy = &self.settings.policy;
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        match self.machine.doom()? {
            Doom::Asked => None,
            Doom::Late => Some(match policy.ready {
                ReadyRule::Ends(within) => {
                    format!(
                        "was not done within {} s",
                        seconds(within.unwrap_or_default())
                    )
                }
                ReadyRule::Says(within) | ReadyRule::Alive(within) => {
                    format!("was not ready within {} s", seconds(within))
                }
            }),
            Doom::Stuck => Some(match policy.watchdog {
                Some(within) => format!("watchdog: was silent for {} s", seconds(within)),
                None => "watchdog: said that it is stuck".to_owned(),
            }),
            Doom::Stubborn => Some(format!(
                "did not stop within {} s",
                seconds(policy.stop_within)
            )),
            Doom::TooLarge => Some(format!(
                "took more than {} MB of memory",
                self.settings.max_memory.unwrap_or_default() / 1_000_000
            )),
        }
    }

    /// Brings the board up to date.
    pub(super) fn publish(&mut self, before: State) {
        let state = self.machine.state();
        let has_restarted = self.machine.restarts() != self.status.restarts;
        self.status.restarts = self.machine.restarts();
        self.status.failures = u32::try_from(self.machine.failures(self.now())).unwrap_or(u32::MAX);
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
                let spawned_at = self.current.as_ref().map(|life| life.spawned_at);
                let took = self.now().saturating_sub(spawned_at.unwrap_or_default());
                self.status.ready_after_ms = u64::try_from(took.as_millis()).ok(); // 500 million years
            }
            self.say(state, has_restarted);
            self.record(before);
        }
        self.show();
    }

    /// The same after a successor took the place: the state is the same, and the process another.
    pub(super) fn replaced(&mut self) {
        self.status.since = self.shared.clock.now_utc();
        let spawned_at = self.current.as_ref().map(|life| life.spawned_at);
        let took = self.now().saturating_sub(spawned_at.unwrap_or_default());
        self.status.ready_after_ms = u64::try_from(took.as_millis()).ok(); // as above
        self.record(State::Running);
        self.show();
    }

    fn show(&self) {
        self.board.send_if_modified(|known| {
            let is_new = *known != self.status;
            if is_new {
                known.clone_from(&self.status);
            }
            is_new
        });
    }

    fn record(&self, before: State) {
        let reason = match self.status.state {
            State::Running | State::Stopping => None,
            _ => Some(self.reason()).filter(|reason| !reason.is_empty()),
        };
        self.shared
            .changes
            .record(self.status.since, before, reason, self.status.clone());
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

    /// One line for what was left behind.
    pub(super) fn say_left(&self, left: Option<&str>) {
        if let Some(left) = left {
            let name = self.settings.name.as_str();
            tracing::warn!(process = name, "ended what {name} left behind: {left}");
        }
    }

    /// Why it is not up.
    pub(super) fn reason(&self) -> String {
        let could_not_start = self
            .status
            .status_text
            .as_ref()
            .filter(|_| self.current.is_none());
        could_not_start
            .or(self.status.last_exit.as_ref().map(|exit| &exit.reason))
            .cloned()
            .unwrap_or_default()
    }

    /// Answers those whose wish has come about, or cannot any more.
    pub(super) fn answer(&mut self) {
        use ProgramOutcome::{Failed, Started, Stopped};
        let state = self.machine.state();
        let is_done = state == State::Exited
            && self
                .status
                .last_exit
                .as_ref()
                .is_some_and(|exit| exit.expected);
        for (order, waiting) in std::mem::take(&mut self.waiting) {
            let outcome = match (order, state) {
                (Order::Start, State::Running) => Some(Started),
                (Order::Start, State::Exited) if is_done => Some(Started),
                // Who waits for a successor is answered by `answer_replace`.
                (Order::Replace, _) | (Order::Start, State::Starting | State::Stopping) => None,
                (Order::Start, _) => Some(Failed),
                (_, State::Starting) if self.current.is_some() => Some(Stopped),
                (_, State::Starting | State::Running | State::Stopping | State::Backoff) => None,
                (_, State::Stopped | State::Exited | State::Fatal) => Some(Stopped),
            };
            let Some(outcome) = outcome else {
                self.waiting.push((order, waiting));
                continue;
            };
            let reason = (outcome == Failed).then(|| match state {
                State::Stopped => "it was stopped meanwhile".to_owned(),
                _ => self.reason(),
            });
            // Who asked may have hung up.
            waiting
                .send(self.result(outcome, reason))
                .unwrap_or_default();
        }
    }

    /// Answers those who wait for a successor.
    pub(super) fn answer_replace(&mut self, came_about: &Result<(), String>) {
        for (order, waiting) in std::mem::take(&mut self.waiting) {
            if order != Order::Replace {
                self.waiting.push((order, waiting));
                continue;
            }
            let result = match came_about {
                Ok(()) => self.result(ProgramOutcome::Started, None),
                Err(reason) => self.result(ProgramOutcome::Failed, Some(reason.clone())),
            };
            // As above.
            waiting.send(result).unwrap_or_default();
        }
    }

    fn result(&self, outcome: ProgramOutcome, reason: Option<String>) -> ProgramResult {
        ProgramResult {
            name: self.settings.name.clone(),
            outcome,
            reason,
        }
    }
}
