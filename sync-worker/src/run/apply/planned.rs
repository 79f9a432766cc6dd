//! Plans that are kept: writing down what a run would do, and doing later what was written down, as
//! far as it still holds.

use std::collections::{BTreeSet, HashMap};

use chrono::{Duration, NaiveDateTime};
use schema::{
    DbError,
    models::{
        Asking, DecisionKind, Identity, LedgerStatus, List, ListId, NewPlan, NewPlanItem, Plan,
        PlanId, PlanItem, PlanStatus, RunId, SeasonNumbers, SyncRun, SyncedItem,
    },
    wire::sync::PlanCounts,
};

use super::{Deed, change::fate, key};
use crate::{
    engine::Engine,
    plan::{Decided, Verdict, Wish},
    run::{
        Interrupted,
        report::{Fate, Tally},
        wishes::WishKey,
    },
};

/// How long a plan waits for a person.
const KEPT_HOURS: i64 = 24;

/// Titles of a plan that are read at once.
const PAGE: i64 = 500;

/// A plan that is being written down.
pub(super) struct PlanMade {
    id: PlanId,
    items: Vec<NewPlanItem>,
    position: i32,
    counts: PlanCounts,
    /// Whether it tells of titles, too, with which nothing is to be done.
    tells_all: bool,
}

impl PlanMade {
    /// Begins one, which may be to undo a run; what an earlier process of the same run had begun is
    /// forgotten.
    pub(super) async fn begin(
        engine: &Engine,
        (run, undoes): (RunId, Option<RunId>),
        target: &'static str,
    ) -> Result<Self, DbError> {
        let now = engine.clock.now();
        let plan = engine
            .db
            .write(move |conn| {
                Plan::forget_unfinished(conn, run)?;
                let new = NewPlan {
                    made_by: run,
                    status: PlanStatus::Making,
                    target: target.to_owned(),
                    counts: String::new(),
                    created_at: now,
                    expires_at: now + Duration::hours(KEPT_HOURS),
                    undoes,
                };
                Plan::insert(conn, &new)
            })
            .await?;
        Ok(Self {
            id: plan.id,
            items: Vec::new(),
            position: 0,
            counts: PlanCounts::default(),
            tells_all: undoes.is_some(),
        })
    }

    /// Writes down what would be done for a wish.
    pub(super) fn note(&mut self, wish: &Wish, decided: &Decided, tally: &mut Tally) {
        let kind = decided.verdict.kind().unwrap_or(DecisionKind::Wait);
        let (fate, seasons, request_id) = match &decided.verdict {
            Verdict::Request { seasons } => (Fate::Planned, seasons.clone(), None),
            Verdict::Retry { request_id, .. } | Verdict::Withdraw { request_id } => {
                (Fate::Planned, None, Some(*request_id))
            }
            Verdict::Skip { status, .. } => (fate(*status, false), None, None),
            Verdict::Review => (Fate::NeedsReview, None, None),
            Verdict::Wait | Verdict::PutOff { .. } | Verdict::Settle { .. } | Verdict::AskFacts => {
                (Fate::Waiting, None, None)
            }
        };
        tally.decided(wish, fate, &decided.reason);
        self.counts.count(kind, seasons.as_ref());
        if kind == DecisionKind::Skip && !self.tells_all {
            return;
        }
        self.position += 1;
        self.items.push(NewPlanItem {
            plan: self.id,
            position: self.position,
            title: wish.title,
            is_4k: wish.is_4k,
            decision: kind,
            reason: decided.reason.clone(),
            remedy: decided.remedy.clone(),
            seasons,
            request_id,
            requested_as: wish.requested_as,
            lists: serde_json::to_string(&wish.lists).unwrap_or_default(),
            sources: wish.sources.clone(),
        });
    }

    /// Stores what was noted so far.
    pub(super) async fn flush(&mut self, engine: &Engine) -> Result<(), DbError> {
        let items = std::mem::take(&mut self.items);
        if items.is_empty() {
            return Ok(());
        }
        engine
            .db
            .write(move |conn| PlanItem::insert(conn, &items))
            .await
    }

    /// The plan is whole.
    pub(super) async fn close(
        mut self,
        engine: &Engine,
        lists: Vec<ListId>,
    ) -> Result<PlanId, DbError> {
        self.flush(engine).await?;
        let (id, mut counts) = (self.id, self.counts);
        engine
            .db
            .write(move |conn| -> Result<(), DbError> {
                for (list, identity, number) in Asking::counts(conn)? {
                    let number = u32::try_from(number).unwrap_or(u32::MAX);
                    match identity {
                        Identity::NeedsReview if lists.contains(&list) => {
                            counts.needs_review += number;
                        }
                        Identity::NotFound if lists.contains(&list) => counts.not_found += number,
                        _ => {}
                    }
                }
                let counts = serde_json::to_string(&counts).unwrap_or_default();
                Ok(Plan::open(conn, id, &counts)?)
            })
            .await?;
        Ok(id)
    }
}

/// What a plan said of a wish.
struct Expected {
    position: i32,
    decision: DecisionKind,
    seasons: Option<SeasonNumbers>,
}

impl Expected {
    /// Where a title is for which this was done already: by this run before its process ended, or in
    /// an earlier round.
    fn done_before(&self, verdict: &Verdict) -> Option<LedgerStatus> {
        let Verdict::Skip {
            status,
            created_by_us,
            ..
        } = verdict
        else {
            return None;
        };
        let is_done = match self.decision {
            DecisionKind::Request => *status == LedgerStatus::Requested && *created_by_us,
            DecisionKind::Withdraw => *status == LedgerStatus::Withdrawn,
            _ => false,
        };
        is_done.then_some(*status)
    }
}

/// A plan that is carried out.
pub(in crate::run) struct PlanToApply {
    id: PlanId,
    /// When the run that made it began.
    looked_at: NaiveDateTime,
    /// Whether nothing of it waited when it was made.
    is_whole: bool,
    /// The lists that ask for something in it.
    asking: Vec<ListId>,
    expected: HashMap<WishKey, Expected>,
    outcomes: Vec<(i32, String)>,
}

/// What a plan to be carried out needs: its titles in its order, and the lists that asked.
pub(in crate::run) struct PlanRead {
    pub(in crate::run) plan: PlanToApply,
    pub(in crate::run) order: Vec<WishKey>,
    pub(in crate::run) lists: Vec<ListId>,
    /// The run that it undoes.
    pub(in crate::run) undoes: Option<RunId>,
}

impl PlanToApply {
    /// Takes the plan for this run and reads what is to be done.
    ///
    /// # Errors
    /// [`Interrupted::Plan`] when it is not to be carried out any more.
    pub(in crate::run) async fn begin(
        engine: &Engine,
        id: PlanId,
        run: RunId,
    ) -> Result<PlanRead, Interrupted> {
        let now = engine.clock.now();
        let plan = engine
            .db
            .write(move |conn| Plan::begin(conn, id, run, now).map_err(DbError::from))
            .await?
            .map_err(Interrupted::Plan)?;
        let (undoes, is_whole) = (plan.undoes, plan.counts().waits == 0);
        let read = engine
            .db
            .read(move |conn| -> Result<_, DbError> {
                let (mut order, mut expected) = (Vec::new(), HashMap::new());
                let mut lists: BTreeSet<ListId> = BTreeSet::new();
                let mut takes_back = false;
                let mut after = 0;
                loop {
                    let page = PlanItem::page(conn, id, after, PAGE)?;
                    let Some(last) = page.last() else { break };
                    after = last.position;
                    for item in page.into_iter().filter(is_deed) {
                        // What is no list of numbers asks for nothing.
                        let asking: Vec<ListId> =
                            serde_json::from_str(&item.lists).unwrap_or_default();
                        lists.extend(asking);
                        takes_back |= item.decision == DecisionKind::Withdraw;
                        order.push((item.title, item.is_4k));
                        expected.insert(
                            (item.title, item.is_4k),
                            Expected {
                                position: item.position,
                                decision: item.decision,
                                seasons: item.seasons,
                            },
                        );
                    }
                }
                let asking: Vec<ListId> = lists.iter().copied().collect();
                if takes_back && undoes.is_none() {
                    // No list asks for it any more; those that say to take it back speak for it.
                    let all = List::all(conn, false)?.into_iter();
                    let withdrawing = all.filter(|(_, policy)| policy.withdraws == Some(true));
                    lists.extend(withdrawing.map(|(list, _)| list.id));
                }
                let made_by = SyncRun::find(conn, plan.made_by)?;
                let looked_at = made_by.map_or(plan.created_at, |run| run.sync_started);
                Ok((order, (lists, asking), expected, looked_at))
            })
            .await?;
        let (order, (lists, asking), expected, looked_at) = read;
        Ok(PlanRead {
            plan: Self {
                id,
                looked_at,
                is_whole,
                asking,
                expected,
                outcomes: Vec::new(),
            },
            order,
            lists: lists.into_iter().collect(),
            undoes,
        })
    }

    /// When looking began for it: what came back to a list before that was seen before.
    pub(super) fn looked_at(&self) -> NaiveDateTime {
        self.looked_at
    }

    /// Whether nothing of it is left to another plan.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether what is decided now is what the plan says, or needs no deed any more. What the plan does
    /// not say is not done.
    pub(super) fn agrees(&mut self, wish: &Wish, decided: &Decided, tally: &mut Tally) -> bool {
        let Some(expected) = self.expected.get(&key(wish)) else {
            return false;
        };
        let seasons = match &decided.verdict {
            Verdict::Request { seasons } => seasons.as_ref(),
            _ => None,
        };
        let kind = decided.verdict.kind();
        let is_deed = matches!(
            decided.verdict,
            Verdict::Request { .. } | Verdict::Retry { .. } | Verdict::Withdraw { .. }
        );
        if !is_deed {
            let outcome = match expected.done_before(&decided.verdict) {
                Some(status) => status.as_str().to_owned(),
                None => format!("not done: {}", decided.reason),
            };
            self.outcomes.push((expected.position, outcome));
            return true;
        }
        if kind == Some(expected.decision) && seasons == expected.seasons.as_ref() {
            return true;
        }
        let now = match seasons {
            Some(seasons) => format!("it would be to request season {seasons} now"),
            None => format!(
                "it would be to {} now",
                kind.map_or("wait", DecisionKind::as_str)
            ),
        };
        let reason = format!("the plan no longer holds: {now} ({})", decided.reason);
        tally.decided(wish, Fate::Skipped, &reason);
        self.outcomes.push((expected.position, reason));
        false
    }

    /// Notes why a deed has to wait.
    pub(super) fn waits(&mut self, wish: &Wish, reason: &str) {
        let outcome = format!("{}{reason}", PlanItem::WAITING);
        self.came_to(wish, outcome);
    }

    /// Notes that something came up that keeps a deed from being done.
    pub(super) fn not_done(&mut self, wish: &Wish, why: &str) {
        self.came_to(wish, format!("not done: {why}"));
    }

    fn came_to(&mut self, wish: &Wish, outcome: String) {
        if let Some(expected) = self.expected.get(&key(wish)) {
            self.outcomes.push((expected.position, outcome));
        }
    }

    /// Notes what became of deeds.
    pub(super) fn note<'l>(
        &mut self,
        deeds: &[Deed],
        run: RunId,
        row: impl Fn(&Wish) -> Option<&'l SyncedItem>,
    ) {
        for deed in deeds {
            if let (Some(expected), Some(row)) =
                (self.expected.get(&key(&deed.wish)), row(&deed.wish))
            {
                if row.status == LedgerStatus::Planned || row.run != Some(run) {
                    continue; // it was not sent, and why was noted
                }
                let outcome = row.error_message.as_deref();
                let outcome = outcome.unwrap_or_else(|| row.status.as_str());
                self.outcomes.push((expected.position, outcome.to_owned()));
            }
        }
    }

    /// Stores what became of its titles so far.
    pub(super) async fn tell(&mut self, engine: &Engine) -> Result<(), DbError> {
        let outcomes = std::mem::take(&mut self.outcomes);
        if outcomes.is_empty() {
            return Ok(());
        }
        let id = self.id;
        engine
            .db
            .write(move |conn| PlanItem::set_outcomes(conn, id, &outcomes))
            .await
    }

    /// All of it was carried out, as far as it holds. How much of its lists waited is counted anew.
    pub(super) async fn close(mut self, engine: &Engine) -> Result<PlanId, DbError> {
        self.tell(engine).await?;
        let (id, now) = (self.id, engine.clock.now());
        let lists = std::mem::take(&mut self.asking);
        engine
            .db
            .write(move |conn| {
                List::forget_waiting(conn, &lists)?;
                Plan::close(conn, id, PlanStatus::Applied, now)
            })
            .await?;
        Ok(id)
    }
}

fn is_deed(item: &PlanItem) -> bool {
    matches!(
        item.decision,
        DecisionKind::Request | DecisionKind::Retry | DecisionKind::Withdraw
    )
}
