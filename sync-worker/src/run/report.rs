//! Counts what became of every entry and title of a run, and records the run's end.

use std::collections::{BTreeMap, HashMap};

use chrono::Duration;
use schema::{
    DbError, SqliteConnection,
    models::{
        Asking, Event, EventKind, Identity, ListId, NewEvent, PlanId, RunId, RunStatus, SyncRun,
        Unmatched,
    },
    wire::sync::{ListReport, ReasonCount, RunCounts, RunReport, RunSummary},
};

use super::{Ended, read::ListRead, wishes::WishKey};
use crate::{engine::Engine, plan::Wish};

/// Titles named as examples of a reason.
const EXAMPLES: usize = 3;

/// Reasons a report names; what is beyond goes into one line for each decision.
const REASONS: usize = 40;

/// Different reasons that are told apart while a run goes on.
const TOLD_APART: usize = 1_000;

/// Entries without a title that are read for their reasons.
const UNMATCHED: i64 = 2_000;

/// What stands for the reasons beyond those that are told apart.
const OTHERS: &str = "other reasons";

/// Events kept: a day, and this many.
const EVENTS_KEPT: i32 = 50_000;

/// What became of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// This run requested it.
    Requested,
    /// A run that only makes a plan would have requested it.
    Planned,
    /// Its request was taken back.
    Withdrawn,
    /// Its failed request was sent on once more.
    Retried,
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
    /// A person has to say something.
    NeedsReview,
    /// No title was found.
    NotFound,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Planned => "planned",
            Self::Withdrawn => "withdrawn",
            Self::Retried => "retried",
            Self::AlreadyRequested | Self::Available | Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::NeedsReview => "needs_review",
            Self::NotFound => "not_found",
        }
    }
}

/// Titles with one fate for one reason.
#[derive(Debug, Default)]
struct Group {
    titles: u32,
    examples: Vec<String>,
}

impl Group {
    fn add(&mut self, name: String) {
        self.titles += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(name);
        }
    }

    fn join(&mut self, other: Self) {
        self.titles += other.titles;
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }
}

/// Groups by fate and reason; those of rare reasons are joined, so that the number of titles does not
/// count.
#[derive(Debug, Default)]
struct Groups(BTreeMap<(Fate, String), Group>);

impl Groups {
    fn add(&mut self, fate: Fate, reason: &str, name: String) {
        let is_full = self.0.len() >= TOLD_APART;
        let known = self.0.contains_key(&(fate, reason.to_owned()));
        let reason = if is_full && !known { OTHERS } else { reason };
        self.0
            .entry((fate, reason.to_owned()))
            .or_default()
            .add(name);
    }

    /// As a report has them: by fate, the most first.
    fn told(self) -> Vec<ReasonCount> {
        let mut groups: Vec<_> = self.0.into_iter().collect();
        groups.sort_by(
            |((fate, reason), group), ((other_fate, other_reason), other)| {
                fate.cmp(other_fate)
                    .then(other.titles.cmp(&group.titles))
                    .then(reason.cmp(other_reason))
            },
        );
        let rest = groups.split_off(groups.len().min(REASONS));
        let mut others: BTreeMap<(Fate, String), Group> = BTreeMap::new();
        for ((fate, _), group) in rest {
            others
                .entry((fate, OTHERS.to_owned()))
                .or_default()
                .join(group);
        }
        groups
            .into_iter()
            .chain(others)
            .map(|((fate, reason), mut group)| {
                group.examples.sort();
                ReasonCount {
                    decision: fate.word().to_owned(),
                    reason,
                    titles: group.titles,
                    examples: group.examples,
                }
            })
            .collect()
    }
}

/// A title whose last word is still to come.
#[derive(Debug)]
struct Open {
    name: String,
    lists: Vec<ListId>,
    fate: Fate,
    reason: String,
}

/// What a run has done so far. Grows with reasons and lists, not with titles.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    lists: Vec<ListRead>,
    fates: BTreeMap<Fate, u32>,
    groups: Groups,
    requested: HashMap<ListId, u32>,
    others: HashMap<ListId, u32>,
    open: HashMap<WishKey, Open>,
    /// Entries among the failed that are no titles yet.
    not_asked: u32,
    /// The plan it made or carries out.
    pub(super) plan: Option<PlanId>,
    /// The run that it undid, once all of that was decided on.
    pub(super) undoes: Option<RunId>,
}

impl Tally {
    /// The run whose undoing leaves nothing to be done later.
    fn undid(&self, status: RunStatus) -> Option<RunId> {
        let is_left = |fate| self.fates.get(&fate).is_some_and(|number| *number > 0);
        let has_more = is_left(Fate::Failed) || is_left(Fate::Waiting) || !self.open.is_empty();
        self.undoes
            .filter(|_| status == RunStatus::Completed && !has_more)
    }

    /// The lists as they are now.
    pub(super) fn lists(&mut self, reads: Vec<ListRead>) {
        self.lists = reads;
    }

    /// What became of a wish, for good; said once of each.
    pub(super) fn decided(&mut self, wish: &Wish, fate: Fate, reason: &str) {
        self.open.remove(&(wish.title, wish.is_4k));
        self.settle(shown(wish), &wish.lists, fate, reason);
    }

    /// What became of a wish so far; it is looked at again in this run.
    pub(super) fn undecided(&mut self, wish: &Wish, fate: Fate, reason: &str) {
        let open = Open {
            name: shown(wish),
            lists: wish.lists.clone(),
            fate,
            reason: reason.to_owned(),
        };
        self.open.insert((wish.title, wish.is_4k), open);
    }

    fn settle(&mut self, name: String, lists: &[ListId], fate: Fate, reason: &str) {
        *self.fates.entry(fate).or_default() += 1;
        self.groups.add(fate, reason, name);
        let counted = if fate == Fate::Requested {
            &mut self.requested
        } else {
            &mut self.others
        };
        for list in lists {
            *counted.entry(*list).or_default() += 1;
        }
    }

    /// An entry whose title could not be asked for.
    pub(super) fn failed(&mut self, title: &str, reason: &str) {
        self.groups.add(Fate::Failed, reason, title.to_owned());
        *self.fates.entry(Fate::Failed).or_default() += 1;
        self.not_asked += 1;
    }

    /// Counts what has no last word as it was left, and what the lists say of entries without a title.
    fn close(&mut self, of_lists: &[(ListId, Identity, i64)], unmatched: Vec<Unmatched>) {
        for (_, open) in std::mem::take(&mut self.open) {
            self.settle(open.name, &open.lists, open.fate, &open.reason);
        }
        let mut left = [Identity::NeedsReview, Identity::NotFound]
            .map(|identity| (identity, total(of_lists, identity)));
        for item in unmatched {
            let reason = item.identity_reason.as_deref().unwrap_or_default();
            let name = with_year(&item.title, item.year);
            self.groups.add(fate_of(item.identity), reason, name);
            for (identity, left) in &mut left {
                if *identity == item.identity {
                    *left = left.saturating_sub(1);
                }
            }
        }
        for (identity, left) in left.into_iter().filter(|(_, left)| *left > 0) {
            let key = (fate_of(identity), OTHERS.to_owned());
            self.groups.0.entry(key).or_default().titles += left;
        }
    }

    fn counts(&self, of_lists: &[(ListId, Identity, i64)]) -> RunCounts {
        let fate = |fate: Fate| self.fates.get(&fate).copied().unwrap_or(0);
        let entries = of_lists.iter().map(|(_, _, number)| *number).sum();
        RunCounts {
            entries: unsigned(entries),
            titles: self.fates.values().sum::<u32>() - self.not_asked,
            requested: fate(Fate::Requested),
            planned: fate(Fate::Planned),
            withdrawn: fate(Fate::Withdrawn),
            // A request that is sent on was there.
            already_requested: fate(Fate::AlreadyRequested) + fate(Fate::Retried),
            available: fate(Fate::Available),
            skipped: fate(Fate::Skipped) + fate(Fate::NeedsReview),
            waiting: fate(Fate::Waiting),
            needs_review: total(of_lists, Identity::NeedsReview),
            not_found: total(of_lists, Identity::NotFound),
            failed: fate(Fate::Failed),
        }
    }

    fn list_reports(&self, of_lists: &[(ListId, Identity, i64)]) -> Vec<ListReport> {
        let mut entries: HashMap<ListId, (i64, i64)> = HashMap::new();
        for (list, identity, number) in of_lists {
            let (matched, unmatched) = entries.entry(*list).or_default();
            if *identity == Identity::Matched {
                *matched += number;
            } else {
                *unmatched += number;
            }
        }
        let of = |counted: &HashMap<ListId, u32>, list| counted.get(&list).copied().unwrap_or(0);
        self.lists
            .iter()
            .map(|read| {
                let id = read.list.id;
                let (matched, unmatched) = entries.get(&id).copied().unwrap_or_default();
                ListReport {
                    list: id,
                    list_type: read.list.list_type.clone(),
                    name: read.list.description.clone(),
                    outcome: read.outcome,
                    reason: read.reason.clone(),
                    read: read.read,
                    matched: unsigned(matched),
                    requested: of(&self.requested, id),
                    skipped: of(&self.others, id),
                    unmatched: unsigned(unmatched),
                }
            })
            .collect()
    }

    /// The report of a run that ends now.
    fn report(
        mut self,
        conn: &mut SqliteConnection,
        row: &mut SyncRun,
    ) -> Result<RunReport, DbError> {
        let lists: Vec<ListId> = self.lists.iter().map(|read| read.list.id).collect();
        let mut of_lists = Asking::counts(conn)?;
        of_lists.retain(|(list, _, _)| lists.contains(list));
        self.close(&of_lists, Unmatched::on_lists(conn, &lists, UNMATCHED)?);
        row.set_counts(&self.counts(&of_lists));
        Ok(RunReport {
            summary: summary(row),
            lists: self.list_reports(&of_lists),
            reasons: self.groups.told(),
            more_lists: 0,
        })
    }
}

fn total(of_lists: &[(ListId, Identity, i64)], identity: Identity) -> u32 {
    let of_it = of_lists.iter().filter(|(_, its, _)| *its == identity);
    unsigned(of_it.map(|(_, _, number)| *number).sum())
}

fn fate_of(identity: Identity) -> Fate {
    match identity {
        Identity::NeedsReview => Fate::NeedsReview,
        Identity::NotFound | Identity::New | Identity::Matched => Fate::NotFound,
    }
}

fn unsigned(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
            row.sync_completed = Some(now);
            row.status = status;
            row.reason = reason;
            row.plan = tally.plan;
            if let Some(undone) = tally.undid(status) {
                SyncRun::set_undone(conn, undone, run)?;
            }
            let report = tally.report(conn, &mut row)?;
            row.report = serde_json::to_string(&report).ok(); // without it the counters stay
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
            Ok(report)
        })
        .await
}

/// A stored run in one line.
pub(crate) fn summary(row: &SyncRun) -> RunSummary {
    RunSummary {
        plan: row.plan,
        undone_by: row.undone_by,
        run: row.id,
        trigger: row.sync_mode,
        status: row.status,
        reason: row.reason.clone(),
        started_at: row.started_at(),
        completed_at: row.sync_completed.map(|time| time.and_utc()),
        counts: row.counts(),
    }
}

/// The report of a run that has ended.
pub(crate) fn stored(row: &SyncRun) -> RunReport {
    row.report
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| RunReport {
            summary: summary(row),
            lists: Vec::new(),
            reasons: Vec::new(),
            more_lists: 0,
        })
}
