//! Reports that fit into lines, however many lists a run has read: what one answer tells of them, and
//! the rest of them in further answers.

use std::collections::HashMap;

use super::{ListReport, ReasonCount, RunDetails, RunFailure, RunReport, RunSummary};
use crate::models::FetchKind;

/// Most lists of one answer.
const LISTS_AT_ONCE: usize = 200;
/// Bytes of lists in one answer; with reasons and failures it stays below the limit of a line.
const BYTES_AT_ONCE: usize = 128 * 1024;
/// Longest name of a list or a title.
const LONGEST_NAME: usize = 200;
/// Longest reason.
const LONGEST_REASON: usize = 500;

impl RunReport {
    /// It as one answer. Of more lists than fit it has those that were not read completely first, the
    /// first of each cause before the second of any, and says how many it leaves out.
    #[must_use]
    pub fn in_one_answer(mut self) -> Self {
        self.shorten();
        let all = self.lists.len();
        let mut parts = parts(std::mem::take(&mut self.lists));
        if let Some(first) = parts.first_mut() {
            self.lists = std::mem::take(first);
        }
        let left_out = all.saturating_sub(self.lists.len());
        self.more_lists = u32::try_from(left_out).unwrap_or(u32::MAX);
        self
    }

    fn shorten(&mut self) {
        let RunReport {
            summary: RunSummary { reason, .. },
            lists,
            reasons,
            ..
        } = self;
        shorten_some(reason);
        for ListReport { name, reason, .. } in lists {
            shorten(name, LONGEST_NAME);
            shorten_some(reason);
        }
        for ReasonCount {
            reason, examples, ..
        } in reasons
        {
            shorten(reason, LONGEST_REASON);
            for example in examples {
                shorten(example, LONGEST_NAME);
            }
        }
    }
}

impl RunDetails {
    /// It in as many answers as its lists need: the first has everything else.
    #[must_use]
    pub fn in_answers(mut self) -> Vec<Self> {
        self.report.shorten();
        for RunFailure {
            title,
            reason,
            cause,
            ..
        } in &mut self.failures
        {
            shorten(title, LONGEST_NAME);
            shorten(reason, LONGEST_REASON);
            shorten_some(cause);
        }
        let mut parts = parts(std::mem::take(&mut self.report.lists)).into_iter();
        self.report.lists = parts.next().unwrap_or_default();
        let rest: Vec<Self> = parts.map(|lists| self.only(lists)).collect();
        std::iter::once(self).chain(rest).collect()
    }

    /// Further lists of the same run.
    fn only(&self, lists: Vec<ListReport>) -> Self {
        Self {
            report: RunReport {
                summary: self.report.summary.clone(),
                lists,
                reasons: Vec::new(),
                more_lists: 0,
            },
            scope: self.scope.clone(),
            taken_up: self.taken_up,
            failures: Vec::new(),
        }
    }

    /// Takes the lists of a further answer.
    pub fn add(&mut self, further: Self) {
        self.report.lists.extend(further.report.lists);
    }
}

/// The lists in parts that fit.
fn parts(lists: Vec<ListReport>) -> Vec<Vec<ListReport>> {
    let lists = if lists.len() > LISTS_AT_ONCE {
        failures_first(lists)
    } else {
        lists
    };
    let mut parts: Vec<Vec<ListReport>> = Vec::new();
    let mut bytes = 0;
    for list in lists {
        // What cannot be written counts as nothing and is told by whoever writes it.
        let size = serde_json::to_string(&list).map_or(0, |text| text.len());
        match parts.last_mut() {
            Some(part) if part.len() < LISTS_AT_ONCE && bytes + size <= BYTES_AT_ONCE => {
                bytes += size;
                part.push(list);
            }
            _ => {
                bytes = size;
                parts.push(vec![list]);
            }
        }
    }
    parts
}

/// Those that were not read completely first, the first of each cause before the second of any.
fn failures_first(lists: Vec<ListReport>) -> Vec<ListReport> {
    let mut seen: HashMap<(FetchKind, Option<String>), usize> = HashMap::new();
    let mut ranked: Vec<(bool, usize, ListReport)> = lists
        .into_iter()
        .map(|list| {
            let is_complete = list.outcome == FetchKind::Complete;
            let of_cause = seen.entry((list.outcome, list.reason.clone())).or_default();
            *of_cause += 1;
            let rank = if is_complete { 0 } else { *of_cause };
            (is_complete, rank, list)
        })
        .collect();
    ranked.sort_by_key(|(is_complete, rank, _)| (*is_complete, *rank));
    ranked.into_iter().map(|(.., list)| list).collect()
}

fn shorten_some(text: &mut Option<String>) {
    if let Some(text) = text {
        shorten(text, LONGEST_REASON);
    }
}

/// Cuts a text that is longer than so many letters.
pub(super) fn shorten(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        models::{ListId, MediaType, RunId, RunStatus, RunTrigger},
        wire::{
            encode_answer,
            sync::{FromSyncWorker, RunCounts, RunScope},
        },
    };

    fn list(number: i32, outcome: FetchKind, reason: Option<&str>) -> ListReport {
        ListReport {
            list: ListId(number),
            list_type: "letterboxd".into(),
            name: "\u{1F3AC}".repeat(3_000),
            outcome,
            reason: reason.map(str::to_owned),
            read: 0,
            matched: 0,
            requested: 0,
            skipped: 0,
            unmatched: 0,
        }
    }

    fn report(lists: Vec<ListReport>) -> RunReport {
        let at: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        RunReport {
            summary: RunSummary {
                run: RunId(1),
                trigger: RunTrigger::Schedule,
                status: RunStatus::Failed,
                reason: Some("no list could be read ".repeat(1_000)),
                started_at: at,
                completed_at: Some(at),
                undone_by: None,
                counts: RunCounts::default(),
                plan: None,
            },
            lists,
            reasons: (0..50)
                .map(|number| ReasonCount {
                    decision: "failed".into(),
                    reason: format!("{number}{}", "ß".repeat(5_000)),
                    titles: 1,
                    examples: vec!["ß".repeat(5_000); 3],
                })
                .collect(),
            more_lists: 0,
        }
    }

    /// 5,000 lists with long names: every tenth was read, the others failed, all but one for one cause.
    fn many() -> Vec<ListReport> {
        let long = "the site did not answer: ".repeat(200);
        (1..=5_000)
            .map(|number| match number {
                4_999 => list(number, FetchKind::Refused, Some("the list is private")),
                number if number % 10 == 0 => list(number, FetchKind::Complete, None),
                number => list(number, FetchKind::Failed, Some(&long)),
            })
            .collect()
    }

    #[test]
    fn the_report_of_five_thousand_failing_lists_fits_into_a_line() {
        let told = report(many()).in_one_answer();
        let answer = FromSyncWorker::RunReport(Box::new(told.clone()));
        assert!(encode_answer(1, false, &answer).is_ok());
        assert!(told.lists.len() > 50, "{}", told.lists.len());
        assert_eq!(told.lists.len() + told.more_lists as usize, 5_000);
        let first: Vec<i32> = told.lists.iter().take(3).map(|list| list.list.0).collect();
        assert_eq!(
            first,
            [1, 4_999, 2],
            "a cause of its own is among the first"
        );
        let is_failure = |list: &ListReport| list.outcome != FetchKind::Complete;
        assert!(told.lists.iter().all(is_failure));
    }

    #[test]
    fn a_run_in_full_is_told_in_answers_that_fit_and_loses_no_list() {
        let failure = RunFailure {
            title: "ß".repeat(5_000),
            year: None,
            media_type: MediaType::Movie,
            is_4k: false,
            reason: "ß".repeat(5_000),
            cause: Some("ß".repeat(5_000)),
            is_permanent: false,
        };
        let details = RunDetails {
            scope: RunScope {
                lists: (1..=5_000).map(ListId).collect(),
                ..RunScope::default()
            },
            taken_up: 0,
            report: report(many()),
            failures: vec![failure; 100],
        };
        let answers = details.in_answers();
        assert!(answers.len() > 20, "{}", answers.len());
        for answer in &answers {
            let answer = FromSyncWorker::Run(Box::new(answer.clone()));
            encode_answer(1, true, &answer).unwrap();
        }
        let mut answers = answers.into_iter();
        let mut whole = answers.next().unwrap();
        answers.for_each(|further| whole.add(further));
        assert_eq!(
            (whole.failures.len(), whole.report.reasons.len()),
            (100, 50)
        );
        let mut lists: Vec<i32> = whole.report.lists.iter().map(|list| list.list.0).collect();
        lists.sort_unstable();
        assert!(lists.into_iter().eq(1..=5_000));
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let few: Vec<ListReport> = [FetchKind::Complete, FetchKind::Failed, FetchKind::Complete]
            .into_iter()
            .map(|outcome| ListReport {
                name: "Top".into(),
                ..list(1, outcome, None)
            })
            .collect();
        let told = report(few.clone()).in_one_answer();
        assert_eq!((told.lists, told.more_lists), (few, 0));
    }
}
