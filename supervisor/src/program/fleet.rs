//! All programs: starting them in the order of `after`, stopping them in the reverse one, finding
//! them by name, taking over other settings.
//!
//! A program is started when all it comes `after` are ready, and stopped when all that come after it are gone;
//! what does not depend on each other happens side by side. Leaves a single program to
//! [`super::actor`].

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use futures_util::future::{LocalBoxFuture, join_all, select_all};
use schema::wire::{
    Failure, FailureCode,
    supervisor::{
        DifferenceKind, ProgramDifference, ProgramOutcome, ProgramResult, ProgramState,
        ProgramStatus,
    },
};
use tokio::sync::watch;

use super::{
    actor::{Context, Order},
    member::{Member, is_gone, is_settled, is_up},
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
    members: Rc<RefCell<Vec<Rc<Member>>>>,
    /// Everything ends: no program is added any more.
    ending: Rc<Cell<bool>>,
    shared: Context,
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
    fn members(&self) -> Vec<Rc<Member>> {
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
    fn begin(&self, member: Rc<Member>) {
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

    /// How `programs` differ from those there are. `more` are keys of other settings that differ for our own
    /// workers, which read them when they start.
    pub(crate) fn differences(
        &self,
        programs: &[settings::Program],
        more: &[String],
    ) -> Vec<ProgramDifference> {
        let members = self.members();
        let named = |name: &str| programs.iter().find(|program| program.name == name);
        let gone = members
            .iter()
            .filter(|member| named(member.name()).is_none());
        let mut differences: Vec<_> = gone
            .map(|member| ProgramDifference {
                name: member.name().to_owned(),
                kind: DifferenceKind::Removed,
                keys: Vec::new(),
                restarts: false,
            })
            .collect();
        for program in programs {
            let member = members.iter().find(|member| member.name() == program.name);
            let Some(member) = member else {
                differences.push(ProgramDifference {
                    name: program.name.clone(),
                    kind: DifferenceKind::Added,
                    keys: Vec::new(),
                    restarts: program.autostart,
                });
                continue;
            };
            let own = member.settings().difference(program);
            let others = more.iter().filter(|_| program.is_ours());
            let restarts = settings::needs_restart(&own) || others.clone().next().is_some();
            let keys: Vec<String> = own
                .iter()
                .map(|key| (*key).to_owned())
                .chain(others.cloned())
                .collect();
            if !keys.is_empty() {
                differences.push(ProgramDifference {
                    name: program.name.clone(),
                    kind: DifferenceKind::Changed,
                    keys,
                    restarts,
                });
            }
        }
        differences.sort_by(|one, other| one.name.cmp(&other.name));
        differences
    }

    /// Takes over `programs`: stops what is gone, restarts what must be for its `differences`, starts what is
    /// new. What a person has stopped stays so.
    pub(crate) async fn take_over(
        &self,
        programs: Vec<settings::Program>,
        differences: &[ProgramDifference],
    ) -> Vec<ProgramResult> {
        let kind_of = |name: &str| {
            let found = differences.iter().find(|one| one.name == name);
            found.map(|one| (one.kind, one.restarts))
        };
        let mut results = self.remove(&kind_of).await;
        if self.ending.get() {
            // Who stops everything knows nothing of what would be added now.
            return results;
        }
        let order: Vec<String> = programs
            .iter()
            .map(|program| program.name.clone())
            .collect();
        // Those first: what changed may come after them.
        let (new, known): (Vec<_>, Vec<_>) = programs.into_iter().partition(|program| {
            kind_of(&program.name).is_some_and(|(kind, _)| kind == DifferenceKind::Added)
        });
        let mut added: Vec<_> = new.into_iter().map(|program| self.add(program)).collect();
        let mut changed = Vec::new();
        for program in known {
            if let Some((DifferenceKind::Changed, restarts)) = kind_of(&program.name)
                && let Some(member) = self.change(program).await
                && restarts
            {
                changed.push(member);
            }
        }
        let place = |member: &Rc<Member>| order.iter().position(|name| name == member.name());
        self.members.borrow_mut().sort_by_key(place);
        changed.retain(|member| !is_gone(&member.status()) || is_wanted(&member.status()));
        results.extend(restart_in_order(changed).await);
        added.retain(|member| member.counts.get());
        results.extend(start_in_order(&added).await);
        results
    }

    async fn remove(
        &self,
        kind_of: &impl Fn(&str) -> Option<(DifferenceKind, bool)>,
    ) -> Vec<ProgramResult> {
        let mut gone = self.members();
        gone.retain(|member| {
            kind_of(member.name()).is_some_and(|(kind, _)| kind == DifferenceKind::Removed)
        });
        for member in &gone {
            member.set_starting(None);
        }
        // Who still holds one, such as a restart of all, does not start it again.
        join_all(gone.iter().map(|member| member.order(Order::End))).await;
        stop_in_order(&gone).await;
        for member in &gone {
            self.shared.logs.forget(member.name());
        }
        let stays = |member: &Rc<Member>| gone.iter().all(|one| one.name() != member.name());
        self.members.borrow_mut().retain(stays);
        for member in &gone {
            // Who waits for the whole looks again, without it.
            member.begun.send_replace(true);
        }
        gone.iter()
            .map(|member| ProgramResult {
                name: member.name().to_owned(),
                outcome: ProgramOutcome::Stopped,
                reason: None,
            })
            .collect()
    }

    fn add(&self, program: settings::Program) -> Rc<Member> {
        self.shared.logs.keep(program.log.clone());
        let member = Rc::new(Member::new(program, &self.shared));
        member.begun.send_replace(true);
        self.members.borrow_mut().push(Rc::clone(&member));
        member
    }

    async fn change(&self, program: settings::Program) -> Option<Rc<Member>> {
        let members = self.members();
        let member = members
            .iter()
            .find(|member| member.name() == program.name)?;
        self.shared.logs.keep(program.log.clone());
        member.update(program).await;
        let has_begun = *member.begun.borrow() || member.status().state != ProgramState::Stopped;
        if !has_begun && member.counts.get() {
            // It still waits for what it came after, which may be another one now.
            self.begin(Rc::clone(member));
            return None;
        }
        Some(Rc::clone(member))
    }
}

/// Whether it would be up if it could: it failed, and nobody stopped it.
fn is_wanted(status: &ProgramStatus) -> bool {
    matches!(status.state, ProgramState::Backoff | ProgramState::Fatal)
}

/// Stops them, each when those among them that come after it are gone.
async fn stop_in_order(wanted: &[Rc<Member>]) -> Vec<ProgramResult> {
    let (done, _) = watch::channel(BTreeMap::new());
    let done = &done;
    let stops = wanted.iter().map(|member| {
        let later: Vec<&str> = wanted
            .iter()
            .filter(|other| other.comes_after(member.name()))
            .map(|other| other.name())
            .collect();
        async move {
            missing(done, &later).await; // all of them are gone, however that came
            let result = member.order(Order::Stop).await;
            done.send_modify(|done| {
                done.insert(member.name(), true);
            });
            result
        }
    });
    join_all(stops).await
}

/// Starts them side by side, each when those among them that it comes after are up.
async fn start_in_order(wanted: &[Rc<Member>]) -> Vec<ProgramResult> {
    let (done, _) = watch::channel(BTreeMap::new());
    let done = &done;
    let starts = wanted.iter().map(|member| {
        let before: Vec<&str> = wanted
            .iter()
            .filter(|other| member.comes_after(other.name()))
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
    join_all(starts).await
}

/// Restarts them one after the other.
async fn restart_in_order(wanted: Vec<Rc<Member>>) -> Vec<ProgramResult> {
    let mut results: Vec<ProgramResult> = Vec::new();
    for member in in_order(wanted) {
        let missing = results
            .iter()
            .filter(|result| result.outcome == ProgramOutcome::Failed)
            .find(|result| member.comes_after(&result.name));
        let result = match missing {
            Some(missing) => left_alone(&member, &missing.name),
            None => member.restart().await,
        };
        results.push(result);
    }
    results
}

/// The same programs, each behind those among them that it comes after.
fn in_order(mut rest: Vec<Rc<Member>>) -> Vec<Rc<Member>> {
    let mut ordered = Vec::new();
    while !rest.is_empty() {
        let is_free =
            |member: &Rc<Member>| !rest.iter().any(|other| member.comes_after(other.name()));
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
