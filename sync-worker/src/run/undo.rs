//! A run that undoes another: takes back the requests that the other made, as far as nothing has come of
//! them. Leaves which those are to `plan::undone`, and carrying it out to `apply`.

use std::collections::HashMap;

use schema::{
    DbError,
    models::{RunId, RunRequest},
};

use super::{
    Going, Interrupted,
    apply::{Ground, Purpose},
    of_target,
    wishes::{WishKey, Wishes},
};
use crate::{
    engine::Engine,
    plan::{Decided, Known, Situation, Wish, undo},
    target::Target,
};

/// What is undone.
pub(super) struct Undone {
    /// The run.
    pub(super) run: RunId,
    /// The titles it requested, the oldest request first.
    order: Vec<WishKey>,
    /// Its requests; the last where it made several for one title.
    requests: HashMap<WishKey, i32>,
}

impl Undone {
    /// Reads what a run requested of a target.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn read(
        engine: &Engine,
        run: RunId,
        target: &'static str,
    ) -> Result<Self, DbError> {
        let made = engine
            .db
            .read(move |conn| RunRequest::of_run(conn, run, target))
            .await?;
        let mut requests = HashMap::with_capacity(made.len());
        let mut order = Vec::with_capacity(made.len());
        for (title, is_4k, request) in made {
            if requests.insert((title, is_4k), request).is_none() {
                order.push((title, is_4k));
            }
        }
        Ok(Self {
            run,
            order,
            requests,
        })
    }

    /// Decides on one of its titles; none on any other.
    pub(super) fn decide(
        &self,
        wish: &Wish,
        known: Known<'_>,
        situation: Situation<'_>,
    ) -> Option<Decided> {
        let request = self.requests.get(&(wish.title, wish.is_4k))?;
        Some(undo(wish, known, situation, (self.run, *request)))
    }
}

/// What such a run has before it decides: no list is read.
pub(super) async fn ground<T: Target>(
    engine: &Engine,
    target: &T,
    going: &Going,
    (run, only_plans): (RunId, bool),
) -> Result<Ground, Interrupted> {
    let undone = Undone::read(engine, run, target.name()).await?;
    engine.says.syncing(0);
    let (info, snapshot) = of_target(engine, target, going).await?;
    Ok(Ground {
        info,
        snapshot,
        wishes: Wishes::of_ledger(target.name(), undone.order.clone()),
        undone: Some(undone),
        purpose: if only_plans {
            Purpose::OnlyPlan
        } else {
            Purpose::Apply
        },
    })
}
