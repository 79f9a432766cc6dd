//! All programs: starting them in the order of `after`, stopping them in the reverse one, finding
//! them by name.
//!
//! A program is started when all it comes `after` are ready, and stopped when all that come after it are gone;
//! what does not depend on each other happens side by side. Leaves a single program to
//! [`super::actor`].

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use actix::{Actor as _, Recipient};
use futures_util::future::{LocalBoxFuture, join_all, select_all};
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
    /// Its first start, by [`Fleet::start_all`], has come to something.
    begun: watch::Sender<bool>,
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

/// As good as it gets without somebody's doing: nobody who waits for the whole needs to wait for it.
///
/// What is not essential may fail and be tried again beside everything else; what is, only counts as settled
/// when it is up, or when a person has stopped it: nothing else leads from its start to `STOPPED`.
fn is_settled(status: &ProgramStatus) -> bool {
    match status.state {
        ProgramState::Running | ProgramState::Stopped => true,
        ProgramState::Exited => is_up(status) || !status.essential,
        ProgramState::Fatal | ProgramState::Backoff => !status.essential,
        ProgramState::Starting | ProgramState::Stopping => false,
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
                    begun: watch::Sender::new(false),
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
    /// and returns when all of them are ready, which may be never: see [`Fleet::settled`].
    pub(crate) async fn start_all(&self) {
        join_all(self.automatic().map(|member| async move {
            self.others(member, |name| member.settings.after.contains(name), is_up)
                .await;
            member.order(Order::Start).await;
            member.begun.send_replace(true);
            member.until(is_up).await;
        }))
        .await;
    }

    /// Waits until what [`Fleet::start_all`] starts is ready, but for programs that everything else works
    /// without: those are returned when they are not up.
    pub(crate) async fn settled(&self) -> Vec<ProgramStatus> {
        loop {
            // Nothing can change between this look and the waiting: both are on the main thread.
            let mut changes: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
            for member in self.members.iter() {
                changes.push(change(member.board.clone()));
                changes.push(change(member.begun.subscribe()));
            }
            if self.automatic().all(|member| self.has_settled(member)) {
                return self
                    .automatic()
                    .map(Member::status)
                    .filter(|status| !is_up(status))
                    .collect();
            }
            select_all(changes).await;
        }
    }

    fn automatic(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.settings.autostart)
    }

    /// Whether `member` is as good as it gets, be it that it waits for one that will not come up.
    fn has_settled(&self, member: &Member) -> bool {
        if *member.begun.borrow() {
            return is_settled(&member.status());
        }
        let waits_in_vain = |other: &Member| {
            !is_up(&other.status()) && (!other.settings.autostart || self.has_settled(other))
        };
        !member.settings.essential
            && self
                .members
                .iter()
                .filter(|other| comes_after(member, other))
                .any(waits_in_vain)
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

    /// Starts the programs of these names, all for `all`, and waits for each. Among them the order of `after`
    /// holds; whoever names a program alone gets it whatever it comes after.
    ///
    /// # Errors
    /// When a name is unknown or there is none; then nothing is done.
    pub(crate) async fn start(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        let (done, _) = watch::channel(BTreeMap::new());
        let done = &done;
        let starts = wanted.iter().map(|member| {
            let before: Vec<&str> = wanted
                .iter()
                .filter(|other| comes_after(member, other))
                .map(|other| other.name())
                .collect();
            async move {
                let missing = missing(done, &before).await;
                let result = match missing {
                    Some(missing) if !is_up(&member.status()) => left_alone(member, &missing),
                    _ => member.order(Order::Start).await,
                };
                let is_well = result.outcome != ProgramOutcome::Failed;
                done.send_modify(|done| {
                    done.insert(member.name(), is_well);
                });
                result
            }
        });
        Ok(join_all(starts).await)
    }

    /// Stops them and waits until each is gone.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn stop(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        Ok(join_all(wanted.into_iter().map(|member| member.order(Order::Stop))).await)
    }

    /// Restarts them one after the other in the order of `after`, each ready before the next. What comes after
    /// one that did not come back is left as it is.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn restart(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let mut results: Vec<ProgramResult> = Vec::new();
        for member in in_order(self.named(names)?) {
            let missing = results
                .iter()
                .filter(|result| result.outcome == ProgramOutcome::Failed)
                .find(|result| member.settings.after.contains(&result.name));
            let result = if let Some(missing) = missing {
                left_alone(member, &missing.name)
            } else {
                member.order(Order::Stop).await;
                member.order(Order::Start).await
            };
            results.push(result);
        }
        Ok(results)
    }

    fn named(&self, names: &[String]) -> Result<Vec<&Member>, Failure> {
        if names.is_empty() {
            return Err(Failure::new(FailureCode::Invalid, "no program is named")
                .with_remedy("Name programs, or `all`."));
        }
        let mut known = BTreeSet::new();
        let mut wanted = self.find(names)?;
        wanted.retain(|member| known.insert(member.name()));
        Ok(wanted)
    }
}

fn comes_after(member: &Member, other: &Member) -> bool {
    member.settings.after.contains(&other.settings.name)
}

/// The same programs, each behind those among them that it comes after.
fn in_order(mut rest: Vec<&Member>) -> Vec<&Member> {
    let mut ordered = Vec::new();
    while !rest.is_empty() {
        let is_free = |member: &&Member| !rest.iter().any(|other| comes_after(member, other));
        // Settings with a circle are refused, so that there is always a free one.
        let next = rest.iter().position(is_free).unwrap_or_default();
        ordered.push(rest.remove(next));
    }
    ordered
}

/// Waits until the starts of all `before` have come to something; one that failed, if any did.
async fn missing(done: &watch::Sender<BTreeMap<&str, bool>>, before: &[&str]) -> Option<String> {
    let mut news = done.subscribe();
    let all_done = |done: &BTreeMap<&str, bool>| before.iter().all(|name| done.contains_key(name));
    let done = news.wait_for(all_done).await.ok()?; // the sender is ours to see
    before
        .iter()
        .find(|name| done.get(*name) == Some(&false))
        .map(|name| (*name).to_owned())
}

fn left_alone(member: &Member, missing: &str) -> ProgramResult {
    ProgramResult {
        name: member.name().to_owned(),
        outcome: ProgramOutcome::Failed,
        reason: Some(format!(
            "left as it was: it comes after {missing}, which did not start"
        )),
    }
}

/// Done with the next change after this call.
fn change<T: 'static>(mut of: watch::Receiver<T>) -> LocalBoxFuture<'static, ()> {
    of.mark_unchanged();
    Box::pin(async move {
        if of.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
