//! Stories that fit into a line: of a title that a thousand lists have had, what is in the middle is
//! left out.

use super::{Story, StoryStep, report_parts::shorten};

/// Bytes of steps; what stands beside them is short.
const MOST_BYTES: usize = 384 * 1024;
/// Longest text.
const LONGEST_TEXT: usize = 2_000;
/// Most lines below a step.
const MOST_DETAILS: usize = 50;
/// Most entries that are named.
const MOST_ITEMS: usize = 2_000;

impl Story {
    /// It as one answer: of more steps than fit, the first and the last.
    #[must_use]
    pub fn in_one_answer(mut self) -> Self {
        self.title.items.truncate(MOST_ITEMS);
        self.steps.iter_mut().for_each(shorten_step);
        self.steps = ends(std::mem::take(&mut self.steps));
        self
    }
}

fn shorten_step(step: &mut StoryStep) {
    shorten(&mut step.what, LONGEST_TEXT);
    let left_out = step.details.len().saturating_sub(MOST_DETAILS);
    step.details.truncate(MOST_DETAILS);
    for detail in &mut step.details {
        shorten(detail, LONGEST_TEXT);
    }
    if left_out > 0 {
        step.details.push(format!("and {left_out} more"));
    }
}

/// As many steps from both ends as fit.
fn ends(steps: Vec<StoryStep>) -> Vec<StoryStep> {
    // What cannot be written counts as nothing and is told by whoever writes it.
    let size = |step: &StoryStep| serde_json::to_string(step).map_or(0, |text| text.len());
    if steps.iter().map(size).sum::<usize>() <= MOST_BYTES {
        return steps;
    }
    let all = steps.len();
    let half = |steps: &mut dyn Iterator<Item = &StoryStep>| {
        let mut bytes = 0;
        steps
            .take_while(|step| {
                bytes += size(step);
                bytes <= MOST_BYTES / 2
            })
            .count()
    };
    let first = half(&mut steps.iter());
    let last = half(&mut steps.iter().rev());
    let gap = StoryStep {
        what: format!("{} steps in between are left out", all - first - last),
        ..StoryStep::default()
    };
    let mut steps = steps.into_iter();
    let mut told: Vec<StoryStep> = steps.by_ref().take(first).collect();
    told.push(gap);
    told.extend(steps.skip(all - first - last));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        encode_answer,
        sync::{FromSyncWorker, StoryTitle},
    };

    fn story(steps: usize) -> Story {
        let step = |number: usize| StoryStep {
            what: format!("step {number} {}", "ß".repeat(300)),
            details: vec!["ß".repeat(100); 5],
            ..StoryStep::default()
        };
        Story {
            title: StoryTitle {
                name: "Heat".into(),
                year: Some(1995),
                media_type: None,
                tmdb_id: None,
                ids: Vec::new(),
                items: (1..=10_000).collect(),
            },
            headline: "it is asked for".into(),
            steps: (1..=steps).map(step).collect(),
            now: Vec::new(),
        }
    }

    #[test]
    fn the_story_of_a_title_on_five_thousand_lists_fits_into_a_line() {
        let told = story(5_000).in_one_answer();
        let answer = FromSyncWorker::Story(Box::new(told.clone()));
        encode_answer(1, false, &answer).unwrap();
        assert!(told.steps.len() > 100, "{}", told.steps.len());
        let first = &told.steps.first().unwrap().what;
        let last = &told.steps.last().unwrap().what;
        assert!(first.starts_with("step 1 ") && last.starts_with("step 5000 "));
        let gap = told
            .steps
            .iter()
            .find(|step| step.what.ends_with("are left out"));
        let left_out = 5_000 - (told.steps.len() - 1);
        assert_eq!(
            gap.unwrap().what,
            format!("{left_out} steps in between are left out")
        );
    }

    #[test]
    fn a_story_that_fits_stays_as_it_is() {
        let mut whole = story(20);
        whole.title.items.truncate(5);
        assert_eq!(whole.clone().in_one_answer(), whole);
    }
}
