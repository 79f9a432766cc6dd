//! Counts what became of every entry and title of a run, and records the run's end.

use std::collections::{BTreeMap, HashMap};

use chrono::Duration;
use schema::{
    DbError,
    models::{Event, EventKind, Identity, ListId, ListItem, NewEvent, RunId, SyncRun, TitleRef},
    wire::sync::{ListReport, ReasonCount, RunCounts, RunReport, RunSummary},
};

use super::{Ended, count, read::ListRead};
use crate::{engine::Engine, plan::Wish};

/// Titles named as examples of a reason.
const EXAMPLES: usize = 3;

/// Reasons a report names; what is beyond goes into one line for each decision.
const REASONS: usize = 40;

/// Runs whose report is kept; of older ones the counters stay.
const REPORTS_KEPT: i32 = 500;

/// How long an entry that left its list is remembered, so that a person's no outlasts a short absence.
const LEFT_KEPT_DAYS: i64 = 365;

/// Events kept: a day, and this many.
const EVENTS_KEPT: i32 = 50_000;

/// What became of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// This run requested it.
    Requested,
    /// It had been requested.
    AlreadyRequested,
    /// It is in the library.
    Available,
    /// It is left alone for another reason.
    Skipped,
    /// Nothing yet.
    Waiting,
    /// Its request failed.
    Failed,
    /// A person has to say which title it is.
    NeedsReview,
    /// No title was found.
    NotFound,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AlreadyRequested | Self::Available | Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::NeedsReview => "needs_review",
            Self::NotFound => "not_found",
        }
    }
}

/// What a report tells of a title.
#[derive(Debug)]
struct Told {
    name: String,
    lists: Vec<ListId>,
    fate: Fate,
    reason: String,
}

/// What a run has done so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    lists: Vec<ListRead>,
    titles: HashMap<(TitleRef, bool), Told>,
    not_asked: Vec<(String, String)>,
}

impl Tally {
    /// The lists as they are now.
    pub(super) fn lists(&mut self, reads: &[ListRead]) {
        self.lists = reads.to_vec();
    }

    /// What became of a wish; the last word counts.
    pub(super) fn decided(&mut self, wish: &Wish, fate: Fate, reason: &str) {
        let told = Told {
            name: shown(wish),
            lists: wish.lists.clone(),
            fate,
            reason: reason.to_owned(),
        };
        self.titles.insert((wish.title, wish.is_4k), told);
    }

    /// An entry whose title could not be asked for.
    pub(super) fn failed(&mut self, title: &str, reason: &str) {
        self.not_asked.push((title.to_owned(), reason.to_owned()));
    }

    fn counts(&self) -> RunCounts {
        let mut counts = RunCounts {
            entries: self.lists.iter().map(|list| count(list.items.len())).sum(),
            titles: count(self.titles.len()),
            failed: count(self.not_asked.len()),
            ..RunCounts::default()
        };
        for told in self.titles.values() {
            let counter = match told.fate {
                Fate::Requested => &mut counts.requested,
                Fate::AlreadyRequested => &mut counts.already_requested,
                Fate::Available => &mut counts.available,
                Fate::Failed => &mut counts.failed,
                Fate::Skipped | Fate::Waiting | Fate::NeedsReview | Fate::NotFound => {
                    &mut counts.skipped
                }
            };
            *counter += 1;
        }
        for item in self.lists.iter().flat_map(|list| list.items.iter()) {
            match item.identity {
                Identity::NeedsReview => counts.needs_review += 1,
                Identity::NotFound => counts.not_found += 1,
                Identity::New | Identity::Matched => {}
            }
        }
        counts
    }

    fn list_reports(&self) -> Vec<ListReport> {
        let mut requested: HashMap<ListId, u32> = HashMap::new();
        let mut skipped: HashMap<ListId, u32> = HashMap::new();
        for Told { lists, fate, .. } in self.titles.values() {
            let counter = if *fate == Fate::Requested {
                &mut requested
            } else {
                &mut skipped
            };
            for list in lists {
                *counter.entry(*list).or_default() += 1;
            }
        }
        self.lists
            .iter()
            .map(|read| {
                let matched = read
                    .items
                    .iter()
                    .filter(|item| item.identity == Identity::Matched)
                    .count();
                ListReport {
                    list: read.list.id,
                    list_type: read.list.list_type.clone(),
                    name: read.list.description.clone(),
                    outcome: read.outcome,
                    reason: read.reason.clone(),
                    read: read.read,
                    matched: count(matched),
                    requested: requested.get(&read.list.id).copied().unwrap_or(0),
                    skipped: skipped.get(&read.list.id).copied().unwrap_or(0),
                    unmatched: count(read.items.len() - matched),
                }
            })
            .collect()
    }

    fn reasons(&self) -> Vec<ReasonCount> {
        let mut groups: BTreeMap<(Fate, &str), Vec<String>> = BTreeMap::new();
        for Told {
            name, fate, reason, ..
        } in self.titles.values()
        {
            groups
                .entry((*fate, reason))
                .or_default()
                .push(name.clone());
        }
        for (name, reason) in &self.not_asked {
            groups
                .entry((Fate::Failed, reason))
                .or_default()
                .push(name.clone());
        }
        for item in self.lists.iter().flat_map(|list| list.items.iter()) {
            let fate = match item.identity {
                Identity::NeedsReview => Fate::NeedsReview,
                Identity::NotFound => Fate::NotFound,
                Identity::New | Identity::Matched => continue,
            };
            let reason = item.identity_reason.as_deref().unwrap_or_default();
            groups
                .entry((fate, reason))
                .or_default()
                .push(with_year(&item.title, item.year));
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by(
            |((fate, reason), names), ((other_fate, other_reason), other_names)| {
                fate.cmp(other_fate)
                    .then(other_names.len().cmp(&names.len()))
                    .then(reason.cmp(other_reason))
            },
        );
        let rest = groups.split_off(groups.len().min(REASONS));
        let mut reasons: Vec<ReasonCount> = groups
            .into_iter()
            .map(|((fate, reason), names)| reason_count(fate, reason, names))
            .collect();
        let mut others: BTreeMap<Fate, Vec<String>> = BTreeMap::new();
        for ((fate, _), names) in rest {
            others.entry(fate).or_default().extend(names);
        }
        reasons.extend(
            others
                .into_iter()
                .map(|(fate, names)| reason_count(fate, "other reasons", names)),
        );
        reasons
    }
}

fn reason_count(fate: Fate, reason: &str, mut names: Vec<String>) -> ReasonCount {
    names.sort();
    ReasonCount {
        decision: fate.word().to_owned(),
        reason: reason.to_owned(),
        titles: count(names.len()),
        examples: names.into_iter().take(EXAMPLES).collect(),
    }
}

fn shown(wish: &Wish) -> String {
    let name = with_year(&wish.name, wish.year);
    if wish.is_4k {
        format!("{name} in 4K")
    } else {
        name
    }
}

fn with_year(title: &str, year: Option<i32>) -> String {
    year.map_or_else(|| title.to_owned(), |year| format!("{title} ({year})"))
}

/// Records how a run ended.
///
/// # Errors
/// When the database fails; the run then counts as going on and is taken up again.
pub(super) async fn record(
    engine: &Engine,
    run: RunId,
    ended: &Ended,
    tally: Tally,
) -> Result<RunReport, DbError> {
    let now = engine.clock.now();
    let (status, reason) = (ended.status, ended.reason.clone());
    engine.feed.run_ended();
    engine
        .write(move |conn, events| {
            let mut row = SyncRun::get(conn, run)?;
            let counts = tally.counts();
            row.sync_completed = Some(now);
            row.status = status;
            row.reason = reason;
            row.items_processed = signed(counts.entries);
            row.items_requested = signed(counts.requested);
            row.items_skipped =
                signed(counts.already_requested + counts.available + counts.skipped);
            row.items_errored = signed(counts.failed);
            let report = RunReport {
                summary: plain_summary(&row, counts),
                lists: tally.list_reports(),
                reasons: tally.reasons(),
            };
            row.report = serde_json::to_string(&report).ok();
            row.save_end(conn)?;
            let data = serde_json::to_string(&report.summary).unwrap_or_default();
            events.push(NewEvent {
                at: now,
                kind: EventKind::RunEnded,
                run: Some(run),
                list: None,
                data,
            });
            Event::prune(conn, now - Duration::days(1), EVENTS_KEPT)?;
            SyncRun::forget_reports(conn, REPORTS_KEPT)?;
            ListItem::forget_left(conn, now - Duration::days(LEFT_KEPT_DAYS))?;
            Ok(report)
        })
        .await
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A stored run in one line, with the counters of its report where it has one.
pub(crate) fn summary(row: &SyncRun) -> RunSummary {
    let report: Option<RunReport> = row
        .report
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    plain_summary(
        row,
        report
            .map(|report| report.summary.counts)
            .unwrap_or_default(),
    )
}

fn plain_summary(row: &SyncRun, counts: RunCounts) -> RunSummary {
    RunSummary {
        run: row.id,
        trigger: row.sync_mode,
        status: row.status,
        reason: row.reason.clone(),
        started_at: row.started_at(),
        completed_at: row.sync_completed.map(|time| time.and_utc()),
        counts,
    }
}

/// The report of a run that has ended.
pub(crate) fn stored(row: &SyncRun) -> RunReport {
    row.report
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| RunReport {
            summary: plain_summary(row, RunCounts::default()),
            lists: Vec::new(),
            reasons: Vec::new(),
        })
}
