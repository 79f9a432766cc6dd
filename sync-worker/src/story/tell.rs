//! A title's story, made of what is stored of it: pure. What is asked of the target is told in `asked`,
//! how everything is now in `now`.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use schema::{
    models::{
        Decision, DecisionKind, FetchKind, Identity, List, ListItem, Pin, PlanItem, ReviewCandidate,
    },
    wire::sync::{Story, StoryId, StoryStep, StoryTitle},
};

use super::{
    absent, asked,
    facts::{Facts, Followed, Situation},
    now,
    timeline::{Rank, Timeline, detailed, step},
    words,
};

/// Candidates that are told; all of them are in the review.
const MOST_CANDIDATES: usize = 5;

/// Tells the story.
pub(super) fn tell(facts: &Facts, situation: &Situation) -> Story {
    let mut timeline = Timeline::default();
    for entry in &facts.entries {
        if let Some(followed) = facts.list(entry.list) {
            membership(entry, followed, &mut timeline);
        }
    }
    for followed in &facts.lists {
        if facts.entries.iter().any(|one| one.list == followed.list.id) {
            standing(&followed.list, &mut timeline);
        }
    }
    for pin in &facts.pins {
        timeline.at(pin.created_at, pinned(pin));
    }
    identity(facts, &mut timeline);
    for decision in &facts.decisions {
        timeline.ranked(decision.decided_at, Rank::Decided, decided(decision));
    }
    for (row, seasons) in &facts.ledger {
        let is_told = facts.decisions.iter().any(|one| one.reason == row.reason);
        let retried_at = facts.decisions.iter().rev().find_map(|one| {
            let is_retry = one.decision == DecisionKind::Retry && one.is_4k == row.is_4k;
            is_retry.then_some(one.decided_at)
        });
        let target = &situation.target;
        asked::steps(row, seasons, is_told, retried_at, target, &mut timeline);
    }
    for (item, plan) in &facts.plans {
        timeline.at(plan.created_at, planned(item, plan.id.0));
    }
    if facts.standing().next().is_none() {
        absent::suspects(facts, situation, &mut timeline);
    }
    let now = now::all(facts, situation);
    let mut steps = timeline.sorted();
    for step in &mut steps {
        // What is to be done now stands at the end.
        step.remedy = step
            .remedy
            .take()
            .filter(|remedy| now.iter().all(|now| now.remedy != *remedy));
    }
    let sentences: Vec<String> = now
        .iter()
        .map(|now| now::headline(now, situation))
        .collect();
    Story {
        title: title(facts),
        headline: sentences.join(" "),
        steps,
        now,
    }
}

fn title(facts: &Facts) -> StoryTitle {
    let first = facts.entries.first();
    let known = facts.title.as_ref();
    let name = known
        .map(|title| &title.title)
        .or(first.map(|entry| &entry.title));
    let ids = facts.ids.iter().map(|id| StoryId {
        source: id.source,
        id: id.external_id.clone(),
        known_by: id.known_by.clone(),
    });
    StoryTitle {
        name: name.unwrap_or(&facts.asked).clone(),
        year: known.map_or(first.and_then(|entry| entry.year), |title| title.year),
        media_type: known
            .map(|title| title.media_type)
            .or(first.and_then(|entry| entry.media_type))
            .or(facts.media_type),
        tmdb_id: known.map(|title| title.tmdb_id).or(facts.tmdb_id),
        ids: ids.collect(),
        items: facts.entries.iter().map(|entry| entry.id).collect(),
    }
}

fn membership(entry: &ListItem, followed: &Followed, timeline: &mut Timeline) {
    let list = words::list(&followed.list);
    timeline.at(
        entry.first_seen,
        detailed(format!("came onto {list}"), vec![words::entry(entry)]),
    );
    if let Some(at) = entry.returned_at {
        timeline.at(at, step(format!("was put on {list} anew")));
    }
    if let Some(at) = entry.left_at {
        let mut details = Vec::new();
        if let Some(limit) = followed.list.item_limit {
            details.push(format!(
                "only its top {limit} are followed, so it may only have moved down"
            ));
        }
        if followed.policy.withdraws == Some(true) {
            details.push("what is asked for by this list is taken back when it leaves".to_owned());
        }
        timeline.at(at, detailed(format!("left {list}"), details));
    }
}

/// What is not well with a list that has, or had, the title.
fn standing(list: &List, timeline: &mut Timeline) {
    let name = words::list(list);
    if let Some(at) = list.removed_at {
        timeline.at(
            at,
            step(format!("{name}, was removed: it asks for nothing any more")),
        );
        return;
    }
    if let Some(unwell) = unwell(list) {
        match list.last_read_at {
            Some(at) => timeline.at(at, unwell),
            None => timeline.after(list.created_at, unwell),
        }
    }
    if !list.auto_sync {
        timeline.after(
            list.updated_at,
            StoryStep {
                remedy: Some(format!(
                    "`listsync lists enable {}` has the schedule read it.",
                    list.id
                )),
                ..step(format!("{name}, is left out of scheduled runs"))
            },
        );
    }
}

/// How the last reading of a list went wrong, if it did.
pub(super) fn unwell(list: &List) -> Option<StoryStep> {
    let name = words::list(list);
    let (what, remedy) = match list.status {
        FetchKind::New => (format!("{name}, has not been read yet"), read(list)),
        FetchKind::Complete => return None,
        FetchKind::Partial => (format!("only part of {name}, could be read"), read(list)),
        FetchKind::Refused => (format!("the site did not give out {name}"), read(list)),
        FetchKind::Failed => (format!("{name}, could not be read"), read(list)),
        FetchKind::Frozen => (
            format!("{name}, shrank so much that it is frozen"),
            format!(
                "If it is right, `listsync lists accept {}` takes it as it is.",
                list.id
            ),
        ),
    };
    Some(StoryStep {
        details: list.status_reason.clone().into_iter().collect(),
        remedy: Some(remedy),
        ..step(what)
    })
}

fn read(list: &List) -> String {
    format!("`listsync lists read {}` tries it now.", list.id)
}

fn pinned(pin: &Pin) -> StoryStep {
    match (pin.media_type, pin.tmdb_id) {
        (Some(media_type), Some(tmdb_id)) => {
            let name = pin.title.as_deref().map_or_else(String::new, |title| {
                format!(", {}", words::name(title, pin.year))
            });
            step(format!(
                "a person said that it is {media_type}:{tmdb_id}{name}"
            ))
        }
        _ => step("a person said that it is none of TMDB's titles"),
    }
}

/// Which title the entries are, those of the same answer together.
fn identity(facts: &Facts, timeline: &mut Timeline) {
    let mut answers: BTreeMap<(Identity, Option<&str>), Vec<&ListItem>> = BTreeMap::new();
    for entry in &facts.entries {
        let reason = entry.identity_reason.as_deref();
        answers
            .entry((entry.identity, reason))
            .or_default()
            .push(entry);
    }
    let is_one = answers.len() == 1;
    for ((state, reason), entries) in answers {
        let since = entries
            .iter()
            .map(|entry| entry.returned_at.unwrap_or(entry.first_seen));
        let Some(since) = since.min() else { continue };
        let lists = words::numbered_lists(entries.iter().map(|entry| entry.list.0).collect());
        let on = if is_one {
            String::new()
        } else {
            format!(" on {lists}")
        };
        let told = match (state, entries.first()) {
            (Identity::Matched, _) => recognised(facts, reason, &on),
            (Identity::NeedsReview, Some(entry)) => Some(to_review(entry, &on)),
            (Identity::NotFound, Some(entry)) => not_found(facts, entry, &on),
            (Identity::New, _) | (_, None) => None,
        };
        if let Some(told) = told {
            match known_at(facts, state, since) {
                Some(at) => timeline.at(at, told),
                None => timeline.after(since, told),
            }
        }
    }
}

/// When it was recognised, where that is recorded: the title was met then for the first time.
fn known_at(facts: &Facts, state: Identity, since: NaiveDateTime) -> Option<NaiveDateTime> {
    let met = facts.title.as_ref()?.created_at;
    (state == Identity::Matched && met >= since).then_some(met)
}

fn recognised(facts: &Facts, reason: Option<&str>, on: &str) -> Option<StoryStep> {
    let title = facts.title.as_ref()?;
    let is_told_by_pin = facts
        .pins
        .iter()
        .any(|pin| pin.media_type == Some(title.media_type) && pin.tmdb_id == Some(title.tmdb_id));
    if is_told_by_pin {
        return None;
    }
    Some(detailed(
        format!("recognised{on} as {}", words::title(title)),
        reason.map(str::to_owned).into_iter().collect(),
    ))
}

fn to_review(entry: &ListItem, on: &str) -> StoryStep {
    let mut details: Vec<String> = entry.identity_reason.clone().into_iter().collect();
    let candidates: Vec<ReviewCandidate> = entry
        .candidates
        .as_deref()
        // What another version wrote is looked for anew.
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    details.extend(candidates.iter().take(MOST_CANDIDATES).map(candidate));
    if candidates.len() > MOST_CANDIDATES {
        details.push(format!("and {} more", candidates.len() - MOST_CANDIDATES));
    }
    detailed(format!("which title it is{on} could not be told"), details)
}

fn candidate(candidate: &ReviewCandidate) -> String {
    let original = candidate
        .original_title
        .as_deref()
        .map_or_else(String::new, |title| format!(", “{title}”"));
    format!(
        "{}:{} {}{original}, {:.0} % sure: {}",
        candidate.media_type,
        candidate.tmdb_id,
        words::name(&candidate.title, candidate.year),
        candidate.certainty * 100.0,
        candidate.reason
    )
}

fn not_found(facts: &Facts, entry: &ListItem, on: &str) -> Option<StoryStep> {
    if facts.pins.iter().any(|pin| pin.tmdb_id.is_none()) {
        return None;
    }
    let mut details: Vec<String> = entry.identity_reason.clone().into_iter().collect();
    if entry.attempts > 1 {
        details.push(format!("looked for {} times", entry.attempts));
    }
    Some(detailed(format!("no title was found{on}"), details))
}

fn decided(decision: &Decision) -> StoryStep {
    let run = decision.run;
    let quality = if decision.is_4k { ", for 4K," } else { "" };
    let seasons = decision
        .seasons
        .as_ref()
        .filter(|seasons| !seasons.is_empty());
    let what = match (decision.decision, seasons) {
        (DecisionKind::Request, Some(seasons)) => format!("request {}", words::seasons(seasons)),
        (DecisionKind::Request, None) => "request it".to_owned(),
        (DecisionKind::Skip, _) => "ask for nothing".to_owned(),
        (DecisionKind::Wait, _) => "wait".to_owned(),
        (DecisionKind::Retry, _) => "have the failed request sent on again".to_owned(),
        (DecisionKind::Review, _) => "leave it to a person".to_owned(),
        (DecisionKind::Withdraw, _) => "take our request back".to_owned(),
    };
    let mut details = vec![decision.reason.clone()];
    if let Some(sources) = &decision.sources
        && !decision.reason.contains(sources.as_str())
    {
        details.push(format!("asked for by {sources}"));
    }
    StoryStep {
        remedy: decision.remedy.clone(),
        ..detailed(format!("run {run} decided{quality} to {what}"), details)
    }
}

fn planned(item: &PlanItem, plan: i32) -> StoryStep {
    let seasons = item.seasons.as_ref().filter(|seasons| !seasons.is_empty());
    let what = match (item.decision, seasons) {
        (DecisionKind::Request, Some(seasons)) => format!("request {}", words::seasons(seasons)),
        (DecisionKind::Request, None) => "request it".to_owned(),
        (DecisionKind::Retry, _) => "have its failed request sent on again".to_owned(),
        (DecisionKind::Withdraw, _) => "take our request back".to_owned(),
        (DecisionKind::Skip | DecisionKind::Wait | DecisionKind::Review, _) => {
            "do nothing with it".to_owned()
        }
    };
    StoryStep {
        remedy: Some(format!(
            "`listsync plan apply {plan}` carries it out, `listsync plan discard {plan}` drops it."
        )),
        ..detailed(
            format!("plan {plan} was made: it would {what}"),
            vec![item.reason.clone()],
        )
    }
}
