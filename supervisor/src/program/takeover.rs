//! Other settings for the programs that run: how they differ from those in force, and carrying that over.
//!
//! Leaves what a difference between two tables is to [`crate::settings`].

use std::rc::Rc;

use futures_util::future::join_all;

use schema::wire::supervisor::{
    DifferenceKind, ProgramDifference, ProgramOutcome, ProgramResult, ProgramState, ProgramStatus,
};

use super::{
    actor::Order,
    fleet::Fleet,
    member::{Member, is_gone},
    order::{restart_in_order, start_in_order, stop_in_order},
};
use crate::settings;

impl Fleet {
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
