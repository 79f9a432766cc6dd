//! How the report of a run looks: one line, a table by list, a table by decision and reason. Pure.

use chrono::TimeDelta;
use runtime::counted;
use schema::{
    models::RunStatus,
    wire::sync::{ListReport, ReasonCount, RunCounts, RunReport, RunSummary},
};

use super::{
    lists::outcome_tone,
    table::{Cell, Table},
    terminal::{Look, Tone},
};

/// The whole report.
pub(super) fn text(report: &RunReport, look: Look) -> String {
    let mut parts = vec![headline(&report.summary, look)];
    if !report.lists.is_empty() {
        let mut table = lists(&report.lists, look);
        if report.more_lists > 0 {
            table.push_str(&more(report));
        }
        parts.push(table);
    }
    if !report.reasons.is_empty() {
        parts.push(reasons(&report.reasons, look));
    }
    parts.join("\n")
}

/// How it ended and what became of the titles, in two lines.
pub(super) fn headline(summary: &RunSummary, look: Look) -> String {
    let (tone, word) = match summary.status {
        RunStatus::Completed => (Tone::Good, "completed"),
        RunStatus::Failed => (Tone::Bad, "failed"),
        RunStatus::Cancelled => (Tone::Warning, "was cancelled"),
        RunStatus::Running => (Tone::Warning, "is going on"),
        RunStatus::Queued => (Tone::Warning, "waits for the run before it"),
    };
    let took = match (summary.status, summary.completed_at) {
        (RunStatus::Completed, Some(ended)) => {
            format!(" in {}", seconds(ended - summary.started_at))
        }
        _ => String::new(),
    };
    let why = summary
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let counts = counts(&summary.counts);
    format!(
        "run {} {}{took}{why}\n{counts}\n",
        summary.run,
        look.paint(tone, word)
    )
}

/// `265 entries, 250 titles: 240 requested, 10 requested before`.
fn counts(counts: &RunCounts) -> String {
    format!(
        "{}, {}: {}",
        counted(counts.entries, "entry", "entries"),
        counted(counts.titles, "title", "titles"),
        outcomes(counts)
    )
}

/// `240 requested, 10 requested before`; what there is none of is left out.
pub(super) fn outcomes(counts: &RunCounts) -> String {
    let named = [
        (counts.requested, "requested"),
        (counts.planned, "would be requested"),
        (counts.withdrawn, "withdrawn"),
        (counts.already_requested, "requested before"),
        (counts.available, "in the library"),
        (counts.skipped, "skipped"),
        (counts.waiting, "waiting"),
        (counts.needs_review, "to review"),
        (counts.not_found, "not found"),
        (counts.failed, "failed"),
    ];
    let parts: Vec<String> = named
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if parts.is_empty() {
        "nothing to do".into()
    } else {
        parts.join(", ")
    }
}

/// What is said of lists that are not shown.
pub(super) fn more(report: &RunReport) -> String {
    format!(
        "and {}; `listsync history {}` shows them all\n",
        counted(report.more_lists, "more list", "more lists"),
        report.summary.run
    )
}

fn lists(lists: &[ListReport], look: Look) -> String {
    let mut table = Table::new(&[
        "list",
        "outcome",
        "#read",
        "#matched",
        "#requested",
        "#skipped",
        "#unmatched",
        "why",
    ]);
    for list in lists {
        table.row([
            format!("{} {}: {}", list.list, list.list_type, list.name).into(),
            Cell::toned(outcome_tone(list.outcome), list.outcome.as_str()),
            list.read.into(),
            list.matched.into(),
            list.requested.into(),
            list.skipped.into(),
            Cell::toned(
                if list.unmatched > 0 {
                    Tone::Warning
                } else {
                    Tone::Plain
                },
                list.unmatched.to_string(),
            ),
            list.reason.clone().unwrap_or_default().into(),
        ]);
    }
    table.render(look)
}

fn reasons(reasons: &[ReasonCount], look: Look) -> String {
    let mut table = Table::new(&["decision", "#titles", "reason", "examples"]);
    for reason in reasons {
        let tone = match reason.decision.as_str() {
            "requested" => Tone::Good,
            "needs_review" | "not_found" => Tone::Warning,
            "failed" => Tone::Bad,
            _ => Tone::Plain,
        };
        table.row([
            Cell::toned(tone, reason.decision.replace('_', " ")),
            reason.titles.into(),
            reason.reason.as_str().into(),
            reason.examples.join(", ").into(),
        ]);
    }
    table.render(look)
}

/// How long something took: `90 ms`, `3.2 s`, `2 min 5 s`.
pub(super) fn seconds(time: TimeDelta) -> String {
    let ms = time.num_milliseconds().max(0);
    if ms < 1000 {
        format!("{ms} ms")
    } else if ms < 60_000 {
        format!("{}.{} s", ms / 1000, ms / 100 % 10)
    } else {
        format!("{} min {} s", ms / 60_000, ms / 1000 % 60)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::at;
    use schema::models::{FetchKind, ListId, RunId, RunTrigger};

    pub(in crate::cli) fn report(status: RunStatus) -> RunReport {
        let list = |id, list_type: &str, name: &str, outcome, reason: Option<&str>| ListReport {
            list: ListId(id),
            list_type: list_type.into(),
            name: name.into(),
            outcome,
            reason: reason.map(str::to_owned),
            read: 250,
            matched: 248,
            requested: 240,
            skipped: 8,
            unmatched: 2,
        };
        RunReport {
            more_lists: 0,
            summary: RunSummary {
                plan: None,
                undone_by: None,
                run: RunId(12),
                trigger: RunTrigger::Manual,
                status,
                reason: (status == RunStatus::Failed).then(|| "Seerr did not answer".into()),
                started_at: at(0),
                completed_at: Some(at(0) + TimeDelta::milliseconds(3210)),
                counts: RunCounts {
                    entries: 265,
                    titles: 250,
                    requested: 240,
                    skipped: 8,
                    not_found: 2,
                    ..RunCounts::default()
                },
            },
            lists: vec![
                list(1, "imdb", "IMDb Top 250", FetchKind::Complete, None),
                list(
                    2,
                    "imdb",
                    "Mine",
                    FetchKind::Refused,
                    Some("the list is private"),
                ),
            ],
            reasons: vec![
                ReasonCount {
                    decision: "requested".into(),
                    reason: "not in Seerr yet".into(),
                    titles: 240,
                    examples: vec!["Alien (1979)".into(), "Heat (1995)".into()],
                },
                ReasonCount {
                    decision: "not_found".into(),
                    reason: "no title is like it".into(),
                    titles: 2,
                    examples: vec![],
                },
            ],
        }
    }

    #[test]
    fn a_report_tells_lists_and_reasons() {
        insta::assert_snapshot!(text(&report(RunStatus::Completed), Look::PIPE), @"
        run 12 completed in 3.2 s
        265 entries, 250 titles: 240 requested, 8 skipped, 2 not found

        list                  outcome   read  matched  requested  skipped  unmatched  why
        1 imdb: IMDb Top 250  complete   250      248        240        8          2
        2 imdb: Mine          refused    250      248        240        8          2  the list is private

        decision   titles  reason               examples
        requested     240  not in Seerr yet     Alien (1979), Heat (1995)
        not found       2  no title is like it
        ");
    }

    #[test]
    fn lists_that_are_left_out_are_counted_and_how_to_see_them_is_told() {
        let mut report = report(RunStatus::Failed);
        report.more_lists = 4_800;
        let text = text(&report, Look::PIPE);
        assert!(
            text.contains("\nand 4800 more lists; `listsync history 12` shows them all\n"),
            "{text}"
        );
    }

    #[test]
    fn one_entry_and_one_title_are_singular() {
        let one = RunCounts {
            entries: 1,
            titles: 1,
            ..RunCounts::default()
        };
        assert_eq!(counts(&one), "1 entry, 1 title: nothing to do");
    }

    #[test]
    fn a_run_without_lists_is_still_told() {
        let mut report = report(RunStatus::Cancelled);
        report.lists.clear();
        report.reasons.clear();
        report.summary.counts = RunCounts::default();
        insta::assert_snapshot!(text(&report, Look::PIPE), @"
        run 12 was cancelled
        0 entries, 0 titles: nothing to do
        ");
    }

    #[test]
    fn it_fits_a_terminal() {
        let text = text(
            &report(RunStatus::Completed),
            Look {
                width: Some(80),
                ..Look::PIPE
            },
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }

    #[test]
    fn times_are_told_in_fitting_units() {
        assert_eq!(seconds(TimeDelta::milliseconds(125_400)), "2 min 5 s");
        assert_eq!(seconds(TimeDelta::milliseconds(90)), "90 ms");
    }
}
