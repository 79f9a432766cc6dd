//! One program as [`super::fleet`] sees it: its settings, whom to give orders, how it is.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use actix::{Actor as _, Addr};
use schema::wire::supervisor::{ProgramOutcome, ProgramResult, ProgramState, ProgramStatus};
use tokio::{sync::watch, task::JoinHandle};

use super::actor::{Alive, Context, Order, Program, Update};
use crate::settings;

/// See the head of this file.
pub(super) struct Member {
    name: String,
    settings: RefCell<Rc<settings::Program>>,
    actor: Addr<Program>,
    board: watch::Receiver<ProgramStatus>,
    pub(super) alive: Alive,
    /// Its first start by itself has come to something.
    pub(super) begun: watch::Sender<bool>,
    /// Waits for what it comes after.
    starting: RefCell<Option<JoinHandle<()>>>,
    /// Whether it was ever to be started by itself, so that it counts for the whole being up.
    pub(super) counts: Cell<bool>,
}

impl Member {
    /// Makes the actor; starts no process. Call it on the main thread.
    pub(super) fn new(settings: settings::Program, shared: &Context) -> Self {
        let settings = Rc::new(settings);
        let (program, board, alive) = Program::new(Rc::clone(&settings), shared.clone());
        Self {
            name: settings.name.clone(),
            counts: Cell::new(settings.autostart),
            settings: RefCell::new(settings),
            actor: program.start(),
            board,
            alive,
            begun: watch::Sender::new(false),
            starting: RefCell::new(None),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn settings(&self) -> Rc<settings::Program> {
        Rc::clone(&self.settings.borrow())
    }

    pub(super) fn status(&self) -> ProgramStatus {
        self.board.borrow().clone()
    }

    pub(super) fn board(&self) -> watch::Receiver<ProgramStatus> {
        self.board.clone()
    }

    /// Other settings from the next decision on.
    pub(super) async fn update(&self, settings: settings::Program) {
        self.settings.replace(Rc::new(settings.clone()));
        if let Err(error) = self.actor.send(Update(Box::new(settings))).await {
            tracing::error!("the supervisor lost hold of {}: {error}", self.name);
        }
    }

    pub(super) async fn order(&self, order: Order) -> ProgramResult {
        self.actor
            .send(order)
            .await
            .unwrap_or_else(|error| ProgramResult {
                name: self.name.clone(),
                outcome: ProgramOutcome::Failed,
                reason: Some(format!("the supervisor lost hold of it: {error}")),
            })
    }

    /// Ends the process and starts another; where it can be replaced while it serves, in the other order.
    pub(super) async fn restart(&self) -> ProgramResult {
        let is_serving = self.status().state == ProgramState::Running;
        if is_serving && self.settings().takes_sockets {
            return self.order(Order::Replace).await;
        }
        self.order(Order::Stop).await;
        self.order(Order::Start).await
    }

    /// Waits until `is_so`; never returns if the program's actor is gone.
    pub(super) async fn until(&self, is_so: impl Fn(&ProgramStatus) -> bool) {
        let mut board = self.board.clone();
        if board.wait_for(|status| is_so(status)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Keeps the task that waits to start it, in place of an earlier one.
    pub(super) fn set_starting(&self, task: Option<JoinHandle<()>>) {
        if let Some(earlier) = self.starting.replace(task) {
            earlier.abort();
        }
    }

    /// Whether it comes after a program of that name.
    pub(super) fn comes_after(&self, name: &str) -> bool {
        self.settings().after.iter().any(|other| other == name)
    }
}

/// Ready, or done with the one thing it does.
pub(super) fn is_up(status: &ProgramStatus) -> bool {
    match status.state {
        ProgramState::Running => true,
        ProgramState::Exited => status.last_exit.as_ref().is_some_and(|exit| exit.expected),
        _ => false,
    }
}

/// As good as it gets without somebody's doing: nobody who waits for the whole needs to wait for it.
///
/// What is not essential may fail and be tried again beside everything else; what is, only counts as settled
/// when it is up, or when a person has stopped it: nothing else leads from its start to `STOPPED`.
pub(super) fn is_settled(status: &ProgramStatus) -> bool {
    match status.state {
        ProgramState::Running | ProgramState::Stopped => true,
        ProgramState::Exited => is_up(status) || !status.essential,
        ProgramState::Fatal | ProgramState::Backoff => !status.essential,
        ProgramState::Starting | ProgramState::Stopping => false,
    }
}

/// No process of it exists and none will by itself.
pub(super) fn is_gone(status: &ProgramStatus) -> bool {
    matches!(
        status.state,
        ProgramState::Stopped | ProgramState::Exited | ProgramState::Fatal
    ) && status.pid.is_none()
}
