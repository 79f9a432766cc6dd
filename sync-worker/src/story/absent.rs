//! Lists that could have a title that is on none: those that are not read whole, or not at all. Pure.

use schema::wire::sync::StoryStep;

use super::{
    facts::{Facts, Followed, Situation},
    tell::unwell,
    timeline::{Timeline, step},
    words,
};

/// Lists that are told; all of them are in `listsync lists`.
const MOST_TOLD: usize = 10;

/// The lists that could have it, as steps at their last reading.
pub(super) fn suspects(facts: &Facts, situation: &Situation, timeline: &mut Timeline) {
    let had_it = |followed: &&Followed| {
        facts
            .entries
            .iter()
            .any(|entry| entry.list == followed.list.id)
    };
    let others = facts.lists.iter().filter(|followed| !had_it(followed));
    let suspects: Vec<(&Followed, StoryStep)> = others
        .filter_map(|followed| Some((followed, suspect(followed)?)))
        .collect();
    let rest = suspects.len().saturating_sub(MOST_TOLD);
    for (followed, told) in suspects.into_iter().take(MOST_TOLD) {
        match followed.list.last_read_at {
            Some(at) => timeline.at(at, told),
            None => timeline.after(followed.list.created_at, told),
        }
    }
    if rest > 0 {
        timeline.after(
            situation.now,
            step(format!(
                "{rest} more lists could have it that are not read whole; `listsync lists` shows them"
            )),
        );
    }
}

/// Whether any list could have it.
pub(super) fn has_suspects(facts: &Facts) -> bool {
    facts
        .lists
        .iter()
        .any(|followed| suspect(followed).is_some())
}

/// Why a list could have it without our knowing; none when all of it was read, or it is followed no
/// longer.
fn suspect(followed: &Followed) -> Option<StoryStep> {
    let list = &followed.list;
    let name = words::list(list);
    if list.removed_at.is_some() {
        return None;
    }
    if let Some(unwell) = unwell(list) {
        return Some(unwell);
    }
    if !list.auto_sync {
        return Some(StoryStep {
            remedy: Some(format!(
                "`listsync lists enable {}` has the schedule read it.",
                list.id
            )),
            ..step(format!(
                "{name}, is left out of scheduled runs, and was last read then"
            ))
        });
    }
    beyond_its_top(followed, &name).or_else(|| dropped(followed, &name))
}

/// Only the top of the list is followed.
fn beyond_its_top(followed: &Followed, name: &str) -> Option<StoryStep> {
    let limit = followed.list.item_limit?;
    if followed
        .announced
        .is_some_and(|announced| announced <= limit)
    {
        return None;
    }
    let of = followed
        .announced
        .map_or_else(String::new, |announced| format!(" of {announced}"));
    Some(StoryStep {
        remedy: Some(format!(
            "`listsync lists edit {} --limit 0` takes all of it.",
            followed.list.id
        )),
        ..step(format!("of {name}, only the top {limit}{of} are followed"))
    })
}

/// Some of the list was left out.
fn dropped(followed: &Followed, name: &str) -> Option<StoryStep> {
    let (count, are, were) = match followed.dropped {
        ..=0 => return None,
        1 => ("one entry".to_owned(), "is no movie and no show,", "was"),
        more => (
            format!("{more} entries"),
            "are no movies and no shows,",
            "were",
        ),
    };
    Some(StoryStep {
        remedy: Some("If it is one of them, put the movie or show itself on a list.".to_owned()),
        ..step(format!(
            "of {name}, {count} that {are} but an episode, a person or a game {were} left out"
        ))
    })
}
