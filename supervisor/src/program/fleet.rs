//! All programs: starting them in the order of `after`, stopping them in the reverse one, finding
//! them by name.
//!
//! A program is started when all it comes `after` are ready, and stopped when all that come after it are gone;
//! what does not depend on each other happens side by side. Leaves a single program to
//! [`super::actor`], other settings to [`super::takeover`].

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

use futures_util::future::{LocalBoxFuture, join_all, select_all};
use schema::wire::{
    Failure, FailureCode,
    supervisor::{ProgramResult, ProgramState, ProgramStatus},
};
use tokio::sync::watch;

use super::{
    actor::{Context, Order},
    member::{Member, is_settled, is_up},
    order::{restart_in_order, start_in_order, stop_in_order},
};
use crate::{process::Signal, settings, tree};

/// How long everything together may take to stop, where no program asks for more: less than the ten
/// seconds Docker gives.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// How long processes may take to vanish after SIGKILL; the kernel ends them when we end.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// How much later than a program's own limit that of the whole is.
const SLACK: Duration = Duration::from_millis(50);

/// All programs, in the order they are shown.
#[derive(Clone)]
pub(crate) struct Fleet {
    pub(super) members: Rc<RefCell<Vec<Rc<Member>>>>,
    /// Everything ends: no program is added any more.
    pub(super) ending: Rc<Cell<bool>>,
    pub(super) shared: Context,
}

impl Fleet {
    /// Makes the actors; starts no process. Call it on the main thread.
    pub(crate) fn new(programs: Vec<settings::Program>, shared: &Context) -> Self {
        let members = programs
            .into_iter()
            .map(|program| Rc::new(Member::new(program, shared)))
            .collect();
        Self {
            members: Rc::new(RefCell::new(members)),
            ending: Rc::default(),
            shared: shared.clone(),
        }
    }

    /// Those there are now.
    pub(super) fn members(&self) -> Vec<Rc<Member>> {
        self.members.borrow().clone()
    }

    /// How the programs of these names are, all of them for none.
    pub(crate) async fn status(&self, names: &[String]) -> Result<Vec<ProgramStatus>, Failure> {
        let wanted = self.find(names)?;
        let alive: Vec<_> = wanted
            .iter()
            .map(|member| member.alive.borrow().clone())
            .collect();
        let measured = tokio::task::spawn_blocking(move || {
            let measure = |(leader, mark): (i32, tree::Mark)| tree::usage(Some(leader), &mark);
            alive
                .into_iter()
                .map(|alive| alive.and_then(measure))
                .collect::<Vec<_>>()
        });
        let measured = measured.await.unwrap_or_default(); // a panic ends the process
        let measured = measured.into_iter().chain(std::iter::repeat(None));
        Ok(wanted
            .iter()
            .zip(measured)
            .map(|(member, usage)| self.with_usage(member, usage))
            .collect())
    }

    fn with_usage(&self, member: &Member, usage: Option<tree::Usage>) -> ProgramStatus {
        let mut status = member.status();
        if let Some(usage) = usage {
            status.memory_bytes = Some(usage.memory_bytes);
            status.cpu_ms = Some(usage.cpu_ms);
            status.processes = usage.processes;
        }
        if let Some(book) = self.shared.logs.book(member.name()) {
            status.log_lost_bytes = book.lost_bytes();
            status.log_suppressed_lines = book.suppressed_lines();
        }
        status
    }

    /// Names of all programs.
    pub(crate) fn names(&self) -> Vec<String> {
        let members = self.members();
        members
            .iter()
            .map(|member| member.name().to_owned())
            .collect()
    }

    fn find(&self, names: &[String]) -> Result<Vec<Rc<Member>>, Failure> {
        let members = self.members();
        if names.is_empty() || names.iter().any(|name| name == "all") {
            return Ok(members);
        }
        let find = |name: &String| {
            let found = members.iter().find(|member| member.name() == name);
            found.cloned().ok_or_else(|| {
                Failure::new(
                    FailureCode::NotFound,
                    format!("there is no program {name:?}"),
                )
                .with_remedy(format!("The programs are {}.", self.names().join(", ")))
            })
        };
        names.iter().map(find).collect()
    }

    fn named(&self, names: &[String]) -> Result<Vec<Rc<Member>>, Failure> {
        if names.is_empty() {
            return Err(Failure::new(FailureCode::Invalid, "no program is named")
                .with_remedy("Name programs, or `all`."));
        }
        let mut known = BTreeSet::new();
        let mut wanted = self.find(names)?;
        wanted.retain(|member| known.insert(member.name().to_owned()));
        Ok(wanted)
    }

    /// Begins to start every program that is to be started by itself, each when those it comes after are
    /// ready, which may be never: see [`Fleet::settled`].
    pub(crate) fn start_all(&self) {
        for member in self.automatic() {
            self.begin(member);
        }
    }

    /// Starts `member` by itself once all it comes after are up.
    pub(super) fn begin(&self, member: Rc<Member>) {
        let fleet = self.clone();
        let begun = Rc::clone(&member);
        let task = actix_rt::spawn(async move {
            fleet
                .others(&begun, |other| begun.comes_after(other), is_up)
                .await;
            begun.order(Order::Start).await;
            begun.begun.send_replace(true);
        });
        member.set_starting(Some(task));
    }

    /// Waits until what [`Fleet::start_all`] starts is ready, but for programs that everything else works
    /// without: those are returned when they are not up.
    pub(crate) async fn settled(&self) -> Vec<ProgramStatus> {
        loop {
            // Nothing can change between this look and the waiting: both are on the main thread.
            let mut changes: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
            for member in self.members() {
                changes.push(change(member.board()));
                changes.push(change(member.begun.subscribe()));
            }
            let automatic = self.automatic();
            if automatic.iter().all(|member| self.has_settled(member)) {
                let status = automatic.iter().map(|member| member.status());
                return status.filter(|status| !is_up(status)).collect();
            }
            select_all(changes).await;
        }
    }

    fn automatic(&self) -> Vec<Rc<Member>> {
        let mut members = self.members();
        members.retain(|member| member.counts.get());
        members
    }

    /// Whether `member` is as good as it gets, be it that it waits for one that will not come up.
    fn has_settled(&self, member: &Member) -> bool {
        let status = member.status();
        // A person may have started it before its turn.
        if *member.begun.borrow() || status.state != ProgramState::Stopped {
            return is_settled(&status);
        }
        let waits_in_vain = |other: &Rc<Member>| {
            !is_up(&other.status()) && (!other.counts.get() || self.has_settled(other))
        };
        !member.settings().essential
            && self
                .members()
                .iter()
                .filter(|other| member.comes_after(other.name()))
                .any(waits_in_vain)
    }

    /// Stops all programs, in the reverse order of their start, and returns when all are gone; what is not
    /// in time is killed. Nothing is started any more. Whether all are gone, see [`Fleet::kill_all`].
    pub(crate) async fn stop_all(&self) -> bool {
        self.ending.set(true);
        let members = self.members();
        for member in &members {
            member.set_starting(None);
        }
        join_all(members.iter().map(|member| member.order(Order::End))).await;
        let longest = members
            .iter()
            .map(|member| member.settings().policy.stop_within);
        // A little more, so that the one that uses its time up is told apart from those behind it.
        let limit = longest.max().unwrap_or_default().max(STOP_LIMIT) + SLACK;
        if tokio::time::timeout(limit, stop_in_order(&members))
            .await
            .is_ok()
        {
            return true;
        }
        tracing::warn!("killing what has not stopped within {} s", limit.as_secs());
        self.kill_all().await
    }

    /// Ends all processes at once. Whether all are gone: one that waits for a disk does not even end when
    /// killed, and is not waited for.
    pub(crate) async fn kill_all(&self) -> bool {
        self.ending.set(true);
        let members = self.members();
        for member in &members {
            member.set_starting(None);
        }
        join_all(members.iter().map(|member| member.order(Order::End))).await;
        let kills = join_all(members.iter().map(|member| member.order(Order::Kill)));
        tokio::time::timeout(KILL_LIMIT, kills).await.is_ok()
    }

    /// Waits until all others that `matter` to `member` are so.
    async fn others(
        &self,
        member: &Member,
        matter: impl Fn(&str) -> bool,
        is_so: fn(&ProgramStatus) -> bool,
    ) {
        let members = self.members();
        let others = members
            .iter()
            .filter(|other| other.name() != member.name() && matter(other.name()));
        join_all(others.map(|other| other.until(is_so))).await;
    }

    /// Starts the programs of these names, all for `all`, and waits for each. Among them the order of `after`
    /// holds; whoever names a program alone gets it whatever it comes after.
    ///
    /// # Errors
    /// When a name is unknown or there is none; then nothing is done.
    pub(crate) async fn start(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        Ok(start_in_order(&self.named(names)?).await)
    }

    /// Stops them, in the reverse order of `after`, and waits until each is gone.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn stop(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        for member in &wanted {
            // Who stops it does not want it started when others are up.
            member.set_starting(None);
            member.begun.send_replace(true);
        }
        Ok(stop_in_order(&wanted).await)
    }

    /// Restarts them one after the other in the order of `after`, each ready before the next. What comes after
    /// one that did not come back is left as it is.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn restart(&self, names: &[String]) -> Result<Vec<ProgramResult>, Failure> {
        Ok(restart_in_order(self.named(names)?).await)
    }

    /// Stops all of them, then starts all of them, each time in order.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn restart_at_once(
        &self,
        names: &[String],
    ) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        stop_in_order(&wanted).await;
        Ok(start_in_order(&wanted).await)
    }

    /// Sends a signal to the groups of these.
    ///
    /// # Errors
    /// As [`Fleet::start`].
    pub(crate) async fn signal(
        &self,
        names: &[String],
        signal: Signal,
    ) -> Result<Vec<ProgramResult>, Failure> {
        let wanted = self.named(names)?;
        Ok(join_all(
            wanted
                .iter()
                .map(|member| member.order(Order::Signal(signal))),
        )
        .await)
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
