//! All programs: starting them in the order of `after`, stopping them in the reverse one, finding
//! them by name.
//!
//! A program is started when all it comes `after` are ready, and stopped when all that come after it are gone;
//! what does not depend on each other happens side by side. Leaves a single program to
//! [`super::actor`].

use std::rc::Rc;

use actix::{Actor as _, Recipient};
use futures_util::future::join_all;
use schema::wire::{
    Failure, FailureCode,
    supervisor::{ProgramOutcome, ProgramResult, ProgramState, ProgramStatus},
};
use tokio::sync::watch;

use super::actor::{Context, Order, Program};
use crate::settings;

/// All programs, in the order they are shown.
#[derive(Clone)]
pub(crate) struct Fleet {
    members: Rc<Vec<Member>>,
}

struct Member {
    settings: Rc<settings::Program>,
    orders: Recipient<Order>,
    board: watch::Receiver<ProgramStatus>,
}

impl Member {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn status(&self) -> ProgramStatus {
        self.board.borrow().clone()
    }

    async fn order(&self, order: Order) -> ProgramResult {
        self.orders
            .send(order)
            .await
            .unwrap_or_else(|error| ProgramResult {
                name: self.name().to_owned(),
                outcome: ProgramOutcome::Failed,
                reason: Some(format!("the supervisor lost hold of it: {error}")),
            })
    }

    /// Waits until `is_so`; never returns if the program's actor is gone.
    async fn until(&self, is_so: impl Fn(&ProgramStatus) -> bool) {
        let mut board = self.board.clone();
        if board.wait_for(|status| is_so(status)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ready, or done with the one thing it does.
fn is_up(status: &ProgramStatus) -> bool {
    match status.state {
        ProgramState::Running => true,
        ProgramState::Exited => status
            .last_exit
            .as_ref()
            .is_some_and(|exit| exit.code == Some(0)),
        _ => false,
    }
}

/// No process of it exists and none will by itself.
fn is_gone(status: &ProgramStatus) -> bool {
    matches!(
        status.state,
        ProgramState::Stopped | ProgramState::Exited | ProgramState::Fatal
    ) && status.pid.is_none()
}

impl Fleet {
    /// Makes the actors; starts no process. Call it on the main thread.
    pub(crate) fn new(programs: Vec<settings::Program>, shared: &Context) -> Self {
        let members = programs
            .into_iter()
            .map(|program| {
                let settings = Rc::new(program);
                let (program, board) = Program::new(Rc::clone(&settings), shared.clone());
                Member {
                    settings,
                    orders: program.start().recipient(),
                    board,
                }
            })
            .collect();
        Self {
            members: Rc::new(members),
        }
    }

    /// How the programs of these names are; all of them for none.
    pub(crate) fn status(&self, names: &[String]) -> Result<Vec<ProgramStatus>, Failure> {
        let wanted = self.find(names)?;
        Ok(wanted.into_iter().map(Member::status).collect())
    }

    /// Names of all programs.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.members.iter().map(Member::name).collect()
    }

    fn find(&self, names: &[String]) -> Result<Vec<&Member>, Failure> {
        if names.is_empty() || names.iter().any(|name| name == "all") {
            return Ok(self.members.iter().collect());
        }
        let find = |name: &String| {
            self.members
                .iter()
                .find(|member| member.name() == name)
                .ok_or_else(|| {
                    Failure::new(
                        FailureCode::NotFound,
                        format!("there is no program {name:?}"),
                    )
                    .with_remedy(format!("The programs are {}.", self.names().join(", ")))
                })
        };
        names.iter().map(find).collect()
    }

    /// Starts every program that is to be started by itself, each when those it comes after are ready,
    /// and returns when all of them are ready.
    pub(crate) async fn start_all(&self) {
        let started = self
            .members
            .iter()
            .filter(|member| member.settings.autostart);
        join_all(started.map(|member| async move {
            self.others(member, |name| member.settings.after.contains(name), is_up)
                .await;
            member.order(Order::Start).await;
            member.until(is_up).await;
        }))
        .await;
    }

    /// Stops all programs, in the reverse order of their start, and returns when all are gone. Nothing is
    /// started any more.
    pub(crate) async fn stop_all(&self) {
        join_all(self.members.iter().map(|member| member.order(Order::End))).await;
        join_all(self.members.iter().map(|member| async move {
            let depends = |name: &String| {
                self.members.iter().any(|other| {
                    other.name() == name && other.settings.after.contains(&member.settings.name)
                })
            };
            self.others(member, depends, is_gone).await;
            member.order(Order::Stop).await;
            member.until(is_gone).await;
        }))
        .await;
    }

    /// Ends all processes at once.
    pub(crate) async fn kill_all(&self) {
        join_all(self.members.iter().map(|member| member.order(Order::End))).await;
        join_all(self.members.iter().map(|member| member.order(Order::Kill))).await;
    }

    /// Waits until all others that `matter` to `member` are so.
    async fn others(
        &self,
        member: &Member,
        matter: impl Fn(&String) -> bool,
        is_so: fn(&ProgramStatus) -> bool,
    ) {
        let others = self
            .members
            .iter()
            .filter(|other| other.name() != member.name() && matter(&other.settings.name));
        join_all(others.map(|other| other.until(is_so))).await;
    }

    /// Starts the programs of these names, all for `all`, and waits for each.
    ///
    /// # Errors
    /// When a name is unknown or there is none; then nothing is done.
    pub(crate) async fn start(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        Ok(join_all(wanted.into_iter().map(|member| member.order(Order::Start))).await)
    }

    /// Stops them and waits until each is gone.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn stop(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        Ok(join_all(wanted.into_iter().map(|member| member.order(Order::Stop))).await)
    }

    /// Restarts them one after the other, each ready before the next.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn restart(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let mut results = Vec::new();
        for member in self.named(names)? {
            member.order(Order::Stop).await;
            results.push(member.order(Order::Start).await);
        }
        Ok(results)
    }

    fn named(&self, names: &[String]) -> Result<Vec<&Member>, Failure> {
        if names.is_empty() {
            return Err(Failure::new(FailureCode::Invalid, "no program is named")
                .with_remedy("Name programs, or `all`."));
        }
        self.find(names)
    }
}
