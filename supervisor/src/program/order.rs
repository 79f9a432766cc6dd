//! Starting, stopping and restarting several programs in the order of `after`.
//!
//! Leaves which programs to [`super::fleet`].

use std::{collections::BTreeMap, rc::Rc};

use futures_util::future::join_all;
use schema::wire::supervisor::{ProgramOutcome, ProgramResult};
use tokio::sync::watch;

use super::{
    actor::Order,
    member::{Member, is_up},
};

/// Stops them, each when those among them that come after it are gone.
pub(super) async fn stop_in_order(wanted: &[Rc<Member>]) -> Vec<ProgramResult> {
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
pub(super) async fn start_in_order(wanted: &[Rc<Member>]) -> Vec<ProgramResult> {
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
pub(super) async fn restart_in_order(wanted: Vec<Rc<Member>>) -> Vec<ProgramResult> {
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
