//! How runs look when people look back at them: a table of many, or one in full. Pure.

use std::collections::HashMap;

use runtime::counted;
use schema::{
    models::{ListId, RunStatus, RunTrigger},
    wire::sync::{RunDetails, RunFailure, RunScope, RunSummary, RunView},
};

use super::{
    sync_report,
    table::{Cell, Table},
    terminal::{Look, Tone},
};

/// What lists are called.
pub(super) type Names = HashMap<ListId, String>;

/// Lists named in a line of the table; more are counted.
const NAMED: usize = 3;

/// Many runs, one a row.
pub(super) fn table(runs: &[RunView], names: &Names, look: Look) -> String {
    let mut table = Table::new(&["#run", "started", "by", "what", "status", "took", "result"]);
    for run in runs {
        let summary = &run.summary;
        let (tone, status) = status(summary.status);
        table.row([
            summary.run.into(),
            look.time(summary.started_at).into(),
            by(summary.trigger).into(),
            scope(&run.scope, names, NAMED).into(),
            Cell::toned(tone, status),
            took(summary).into(),
            result(summary).into(),
        ]);
    }
    table.render(look)
}

/// One run in full.
pub(super) fn details(details: &RunDetails, names: &Names, look: Look) -> String {
    let summary = &details.report.summary;
    let mut about = format!(
        "started {} {}: {}\n",
        look.time(summary.started_at),
        match summary.trigger {
            RunTrigger::Schedule => "by the schedule",
            RunTrigger::Manual => "by somebody",
            RunTrigger::Retry => "after a run that had failed",
        },
        scope(&details.scope, names, usize::MAX)
    );
    if let Some(run) = summary.undone_by {
        about = format!("{about}undone by run {run}\n");
    }
    if let Ok(times @ 1..) = u32::try_from(details.taken_up) {
        let times = counted(times, "time", "times");
        about = format!("{about}taken up again {times} after the sync-worker had ended\n");
    }
    let mut text = sync_report::text(&details.report, look);
    // Below the line that tells how it ended and the one with what became of its titles.
    let after = text
        .match_indices('\n')
        .nth(1)
        .map_or(text.len(), |(at, _)| at + 1);
    text.insert_str(after, &about);
    if !details.failures.is_empty() {
        text.push('\n');
        text.push_str(&failures(&details.failures, look));
    }
    text
}

fn failures(failures: &[RunFailure], look: Look) -> String {
    let mut table = Table::new(&["failed", "next", "why", "what Seerr said"]);
    for failure in failures {
        let mut name = failure.title.clone();
        if let Some(year) = failure.year {
            name = format!("{name} ({year})");
        }
        if failure.is_4k {
            name += " in 4K";
        }
        let (tone, next) = if failure.is_permanent {
            (Tone::Bad, "waits for a person")
        } else {
            (Tone::Warning, "tried again")
        };
        table.row([
            name.into(),
            Cell::toned(tone, next),
            failure.reason.as_str().into(),
            failure.cause.clone().unwrap_or_default().into(),
        ]);
    }
    table.render(look)
}

fn status(status: RunStatus) -> (Tone, &'static str) {
    match status {
        RunStatus::Completed => (Tone::Good, "completed"),
        RunStatus::Failed => (Tone::Bad, "failed"),
        RunStatus::Cancelled => (Tone::Warning, "cancelled"),
        RunStatus::Running => (Tone::Warning, "going on"),
        RunStatus::Queued => (Tone::Faint, "queued"),
    }
}

fn by(trigger: RunTrigger) -> &'static str {
    match trigger {
        RunTrigger::Schedule => "schedule",
        RunTrigger::Manual => "hand",
        RunTrigger::Retry => "retry",
    }
}

/// `all lists`, `imdb:top, trakt:me/w and 2 more`, `4 titles`, `plan 3`, `all lists, plan only`,
/// `undo of run 12`.
fn scope(scope: &RunScope, names: &Names, most: usize) -> String {
    if let Some(plan) = scope.plan {
        return match scope.undo {
            Some(run) => format!("undo of run {run}, by plan {plan}"),
            None => format!("plan {plan}"),
        };
    }
    let what = if let Some(run) = scope.undo {
        format!("undo of run {run}")
    } else if scope.titles > 0 {
        counted(scope.titles, "title", "titles")
    } else if scope.lists.is_empty() {
        "all lists".to_owned()
    } else {
        lists(&scope.lists, names, most)
    };
    if scope.only_plans {
        format!("{what}, plan only")
    } else {
        what
    }
}

fn lists(lists: &[ListId], names: &Names, most: usize) -> String {
    let shown: Vec<String> = lists
        .iter()
        .take(most)
        .map(|list| {
            let name = names.get(list).cloned();
            name.unwrap_or_else(|| format!("list {list}"))
        })
        .collect();
    match lists.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn took(summary: &RunSummary) -> String {
    match (summary.status, summary.completed_at) {
        // It took its place in the queue and nothing else.
        (RunStatus::Queued | RunStatus::Running, _) | (_, None) => String::new(),
        (_, Some(ended)) => sync_report::seconds(ended - summary.started_at),
    }
}

/// What became of its titles, or why nothing did.
fn result(summary: &RunSummary) -> String {
    let what = match summary.status {
        RunStatus::Queued | RunStatus::Running => String::new(),
        RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled => {
            sync_report::outcomes(&summary.counts)
        }
    };
    let what = match summary.undone_by {
        Some(run) => format!("{what}; undone by run {run}"),
        None => what,
    };
    match &summary.reason {
        Some(reason) if what.is_empty() => reason.clone(),
        Some(reason) => format!("{what}; {reason}"),
        None => what,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::sync_report::tests::report;
    use schema::models::{MediaType, PlanId, RunId};

    pub(in crate::cli) fn view(run: i32, status: RunStatus) -> RunView {
        let mut summary = report(status).summary;
        summary.run = RunId(run);
        RunView {
            summary,
            scope: RunScope::default(),
            taken_up: 0,
        }
    }

    pub(in crate::cli) fn details() -> RunDetails {
        let failure = |title: &str, is_permanent| RunFailure {
            title: title.into(),
            year: Some(1995),
            media_type: MediaType::Movie,
            is_4k: is_permanent,
            reason: "Seerr refused it".into(),
            cause: Some("500: SQLITE_BUSY: database is locked".into()),
            is_permanent,
        };
        RunDetails {
            scope: RunScope {
                lists: vec![ListId(5), ListId(7)],
                ..RunScope::default()
            },
            taken_up: 2,
            report: report(RunStatus::Completed),
            failures: vec![failure("Heat", false), failure("Casino", true)],
        }
    }

    fn names() -> Names {
        Names::from([(ListId(5), "imdb:top".to_owned())])
    }

    #[test]
    fn each_run_is_a_row() {
        let mut queued = view(15, RunStatus::Queued);
        queued.summary.completed_at = None;
        queued.scope.titles = 4;
        let mut planned = view(14, RunStatus::Cancelled);
        planned.scope.only_plans = true;
        planned.summary.trigger = RunTrigger::Schedule;
        let mut of_lists = view(13, RunStatus::Failed);
        of_lists.scope.lists = [5, 6, 7, 8, 9].map(ListId).to_vec();
        let mut of_plan = view(12, RunStatus::Completed);
        of_plan.scope.plan = Some(PlanId(3));
        let mut undone = view(11, RunStatus::Completed);
        undone.summary.undone_by = Some(RunId(10));
        let mut undo = view(10, RunStatus::Completed);
        undo.scope.undo = Some(RunId(11));
        undo.scope.plan = Some(PlanId(2));
        let mut undo_planned = view(9, RunStatus::Completed);
        undo_planned.scope.undo = Some(RunId(11));
        undo_planned.scope.only_plans = true;
        let runs = [
            queued,
            planned,
            of_lists,
            of_plan,
            undone,
            undo,
            undo_planned,
        ];
        insta::assert_snapshot!(table(&runs, &names(), Look::PIPE), @"
        run  started           by        what                                 status     took   result
         15  2026-03-01 12:00  hand      4 titles                             queued
         14  2026-03-01 12:00  schedule  all lists, plan only                 cancelled  3.2 s  240 requested, 8 skipped, 2 not found
         13  2026-03-01 12:00  hand      imdb:top, list 6, list 7 and 2 more  failed     3.2 s  240 requested, 8 skipped, 2 not found; Seerr did not answer
         12  2026-03-01 12:00  hand      plan 3                               completed  3.2 s  240 requested, 8 skipped, 2 not found
         11  2026-03-01 12:00  hand      all lists                            completed  3.2 s  240 requested, 8 skipped, 2 not found; undone by run 10
         10  2026-03-01 12:00  hand      undo of run 11, by plan 2            completed  3.2 s  240 requested, 8 skipped, 2 not found
          9  2026-03-01 12:00  hand      undo of run 11, plan only            completed  3.2 s  240 requested, 8 skipped, 2 not found
        ");
    }

    #[test]
    fn one_run_is_told_in_full() {
        insta::assert_snapshot!(super::details(&details(), &names(), Look::PIPE), @"
        run 12 completed in 3.2 s
        265 entries, 250 titles: 240 requested, 8 skipped, 2 not found
        started 2026-03-01 12:00 by somebody: imdb:top, list 7
        taken up again 2 times after the sync-worker had ended

        list                  outcome   read  matched  requested  skipped  unmatched  why
        1 imdb: IMDb Top 250  complete   250      248        240        8          2
        2 imdb: Mine          refused    250      248        240        8          2  the list is private

        decision   titles  reason               examples
        requested     240  not in Seerr yet     Alien (1979), Heat (1995)
        not found       2  no title is like it

        failed               next                why               what Seerr said
        Heat (1995)          tried again         Seerr refused it  500: SQLITE_BUSY: database is locked
        Casino (1995) in 4K  waits for a person  Seerr refused it  500: SQLITE_BUSY: database is locked
        ");
    }

    #[test]
    fn it_fits_a_terminal() {
        let look = Look {
            width: Some(80),
            ..Look::PIPE
        };
        let text = super::details(&details(), &names(), look)
            + &table(&[view(12, RunStatus::Failed)], &names(), look);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
}
