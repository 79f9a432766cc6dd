//! One process of a program taking the place of another: a successor that is started beside the one that
//! serves, and predecessors that still end.
//!
//! Leaves the process that lives to [`super::actor`].

use std::{io, process::ExitStatus, rc::Rc};

use actix::prelude::*;
use runtime::Chain;

use super::{
    actor::Program,
    life::Life,
    state::{Input, ReadyRule, State},
};
use crate::{
    process::{self, Signal},
    settings,
};

/// A process that is to take the place of the one that lives.
pub(super) struct Successor {
    pub(super) life: Life,
    pub(super) limit: SpawnHandle,
    /// What it was started with.
    settings: Rc<settings::Program>,
    /// It was killed since it was not ready in time.
    is_late: bool,
}

/// A predecessor that was asked to stop.
pub(super) struct Leaving {
    pub(super) life: Life,
    pub(super) limit: SpawnHandle,
}

impl Program {
    /// Begins a successor of the process that lives.
    pub(super) fn replace(&mut self, ctx: &mut actix::Context<Self>) {
        self.let_go_of_outdated(ctx);
        if self.successor.is_some() {
            return;
        }
        let name = self.settings.name.clone();
        match self.begin(ctx) {
            Ok(life) => {
                let pid = life.group;
                tracing::info!(process = name, pid, "starting a successor of {name}");
                let number = life.number;
                let limit =
                    ctx.run_later(self.settings.policy.ready.limit(), move |program, ctx| {
                        program.end_successor(number, ctx);
                    });
                self.successor = Some(Successor {
                    life,
                    limit,
                    settings: Rc::clone(&self.settings),
                    is_late: false,
                });
            }
            Err(error) => {
                let reason = self.cannot_start(&error);
                tracing::error!(process = name, reason, "no successor of {name}: {reason}");
                self.answer_replace(&Err(reason));
            }
        }
    }

    /// It was not ready in time; or it has lived for as long as makes it ready.
    fn end_successor(&mut self, number: u64, ctx: &mut actix::Context<Self>) {
        let Some(successor) = &mut self.successor else {
            return;
        };
        if successor.life.number != number {
            return;
        }
        if let ReadyRule::Alive(_) = successor.settings.policy.ready {
            self.succeed(ctx);
        } else {
            successor.is_late = true;
            successor.life.signal(Signal::KILL);
        }
    }

    /// The successor is ready: it takes the place, and its predecessor is asked to stop.
    pub(super) fn succeed(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(successor) = self.successor.take() else {
            return;
        };
        ctx.cancel_future(successor.limit);
        let old = self.current.take();
        self.take_over(successor.life, ctx);
        let name = &self.settings.name;
        tracing::info!(
            process = name,
            pid = self.status.pid,
            "{name} is replaced by its successor"
        );
        if let Some(old) = old {
            self.leave(old, ctx);
        }
        self.step(Input::Replaced, ctx);
        self.replaced();
        self.answer_replace(&Ok(()));
    }

    /// Asks a process to stop that is not the program's any more.
    pub(super) fn leave(&mut self, life: Life, ctx: &mut actix::Context<Self>) {
        let number = life.number;
        life.ask_to_stop(self.settings.stop_signal);
        let limit = ctx.run_later(self.settings.policy.stop_within, move |program, _| {
            if let Some(leaving) = program.leaving.iter().find(|one| one.life.number == number) {
                leaving.life.signal(Signal::KILL);
            }
        });
        self.leaving.push(Leaving { life, limit });
    }

    /// A successor is for a program that serves; of one that does not it is dismissed.
    pub(super) fn let_go_of_successor(&mut self, ctx: &mut actix::Context<Self>) {
        if self.machine.state() == State::Running {
            return;
        }
        if let Some(successor) = self.successor.take() {
            ctx.cancel_future(successor.limit);
            self.leave(successor.life, ctx);
            let reason = match self.machine.state() {
                State::Stopping | State::Stopped => "it was stopped meanwhile".to_owned(),
                _ => format!("it ended meanwhile ({})", self.reason()),
            };
            self.answer_replace(&Err(reason));
        }
    }

    /// A successor that was started with other settings than there are now would bring those back.
    pub(super) fn let_go_of_outdated(&mut self, ctx: &mut actix::Context<Self>) {
        let outdated = self
            .successor
            .take_if(|one| !Rc::ptr_eq(&one.settings, &self.settings));
        if let Some(successor) = outdated {
            ctx.cancel_future(successor.limit);
            self.leave(successor.life, ctx);
        }
    }

    /// Whether `life` was one that is not the program's any more; then it is forgotten.
    pub(super) fn has_left(&mut self, life: u64, ctx: &mut actix::Context<Self>) -> bool {
        let Some(at) = self.leaving.iter().position(|one| one.life.number == life) else {
            return false;
        };
        ctx.cancel_future(self.leaving.swap_remove(at).limit);
        if self.leaving.is_empty()
            && let Some(input) = self.held_back.take()
        {
            self.step(input, ctx);
        }
        true
    }

    /// Where `life` was a successor, it did not become ready, and that is answered; else its end is given
    /// back.
    pub(super) fn successor_ended(
        &mut self,
        life: u64,
        status: io::Result<ExitStatus>,
        ctx: &mut actix::Context<Self>,
    ) -> Option<io::Result<ExitStatus>> {
        if let Some(successor) = self.successor.take_if(|one| one.life.number == life) {
            ctx.cancel_future(successor.limit);
            let within = successor.settings.policy.ready.limit().as_secs_f64();
            let reason = format!(
                "its successor did not become ready ({}), so it goes on as it was",
                match &status {
                    _ if successor.is_late => format!("within {within} s"),
                    Ok(status) => process::reason(*status),
                    Err(error) => Chain(error).to_string(),
                }
            );
            tracing::error!(
                process = self.settings.name,
                reason,
                "{}: {reason}",
                self.settings.name
            );
            self.answer_replace(&Err(reason));
            return None;
        }
        Some(status)
    }
}
