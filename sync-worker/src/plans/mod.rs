//! Plans for people: shows what runs have planned, drops plans, and refuses to carry out what cannot be.
//! Leaves making and carrying them out to `run`.

mod view;

use runtime::{Chain, socket::Answers};
use schema::{
    DbError, SqliteConnection,
    models::{DecisionKind, Plan, PlanId, PlanItem, PlanRefusal, PlanStatus, SyncRun},
    wire::{
        Failure, FailureCode,
        sync::{
            DiscardPlan, FromSyncWorker, PlanItemView, PlanPage, PlanView, Plans, ReasonCount,
            ShowPlan, StartRun, SyncLink,
        },
    },
};

use crate::{engine::Engine, run::stored_report};

/// Plans that are listed.
const PLANS: i64 = 100;

/// Titles in one answer.
const ITEMS_AT_ONCE: i64 = 200;

/// Bytes of titles in one answer, far below the limit of a line: a title may be on a thousand lists.
const BYTES_AT_ONCE: usize = 256 * 1024;

/// The newest plans.
///
/// # Errors
/// When the database fails.
pub(crate) async fn all(engine: &Engine) -> Result<Plans, Failure> {
    let now = engine.clock.now();
    let plans = engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            Plan::expire(conn, now)?;
            let plans = Plan::newest(conn, PLANS)?.into_iter();
            plans.map(|plan| seen(conn, &plan)).collect()
        })
        .await
        .map_err(|error| internal(&error))?;
    Ok(Plans { plans })
}

/// One plan and its titles, in as many answers as they need.
pub(crate) async fn show(engine: &Engine, request: ShowPlan, answers: Answers<SyncLink>) {
    let head = match head(engine, &request).await {
        Ok(head) => head,
        Err(failure) => return answers.fail(failure).await,
    };
    let mut rest = Rest::of(&request, head.total);
    let mut reasons = head.reasons;
    loop {
        let items = match rest.next(engine, head.plan.id).await {
            Ok(items) => items,
            Err(error) => return answers.fail(internal(&error)).await,
        };
        let page = FromSyncWorker::Plan(Box::new(PlanPage {
            plan: head.plan.clone(),
            reasons: std::mem::take(&mut reasons),
            total: head.total,
            items,
        }));
        if rest.left == 0 {
            return answers.last(page).await;
        }
        if answers.more(page).await.is_err() {
            return;
        }
    }
}

/// Drops a plan that waits for a person.
///
/// # Errors
/// When there is none, or it does not wait.
pub(crate) async fn discard(engine: &Engine, request: DiscardPlan) -> Result<PlanView, Failure> {
    let now = engine.clock.now();
    let discarded = engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            Plan::expire(conn, now)?;
            let Some(id) = named_or_newest(conn, request.plan)? else {
                return Ok(None);
            };
            if let Err(refusal) = Plan::ready(conn, id, now)? {
                return Ok(Some(Err(refusal)));
            }
            Plan::close(conn, id, PlanStatus::Discarded, now)?;
            let plan = Plan::find(conn, id)?;
            let plan = plan.map(|plan| seen(conn, &plan)).transpose()?;
            Ok(Some(plan.ok_or(PlanRefusal::Unknown(id))))
        })
        .await
        .map_err(|error| internal(&error))?;
    match discarded {
        Some(Ok(plan)) => Ok(plan),
        Some(Err(refusal)) => Err(refused(refusal)),
        None => Err(none_open()),
    }
}

/// Refuses a run of a plan that cannot be carried out.
///
/// # Errors
/// When the plan does not wait for a person, or lists or titles are named beside it.
pub(crate) async fn refuse(engine: &Engine, scope: &StartRun) -> Result<(), Failure> {
    let Some(id) = scope.plan else {
        return Ok(());
    };
    if scope.only_plans || !scope.lists.is_empty() || !scope.custom.is_empty() {
        let message = format!("plan {id} is applied as it is: neither lists nor titles go with it");
        return Err(Failure::new(FailureCode::Invalid, message)
            .with_remedy("Name the plan alone, or make another with `listsync sync --plan`."));
    }
    let now = engine.clock.now();
    engine
        .db
        .write(move |conn| Plan::ready(conn, id, now))
        .await
        .map_err(|error| internal(&error))?
        .map(drop)
        .map_err(refused)
}

/// Why a plan is not carried out, with what to do.
pub(crate) fn refused(refusal: PlanRefusal) -> Failure {
    let (code, remedy) = match refusal {
        PlanRefusal::Unknown(_) => (
            FailureCode::NotFound,
            "`listsync plan list` shows the plans there are.",
        ),
        PlanRefusal::Applying { .. } => (
            FailureCode::Conflict,
            "Wait until that run has ended, or end it with `listsync cancel`.",
        ),
        PlanRefusal::Expired(_) | PlanRefusal::Discarded(_) | PlanRefusal::Applied { .. } => (
            FailureCode::Conflict,
            "Make another with `listsync sync --plan`.",
        ),
    };
    Failure::new(code, refusal.to_string()).with_remedy(remedy)
}

/// What every part of a plan begins with.
struct Head {
    plan: PlanView,
    reasons: Vec<ReasonCount>,
    total: u32,
}

async fn head(engine: &Engine, request: &ShowPlan) -> Result<Head, Failure> {
    let (now, wanted, decision) = (engine.clock.now(), request.plan, request.decision);
    let found = engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            Plan::expire(conn, now)?;
            let Some(id) = named_or_newest(conn, wanted)? else {
                return Ok(None);
            };
            let found = Plan::find(conn, id)?;
            let Some(plan) = found.filter(|plan| plan.status != PlanStatus::Making) else {
                return Ok(Some(Err(PlanRefusal::Unknown(id))));
            };
            let total = PlanItem::count(conn, id, decision)?;
            let run = SyncRun::find(conn, plan.made_by)?;
            Ok(Some(Ok((seen(conn, &plan)?, run, total))))
        })
        .await
        .map_err(|error| internal(&error))?;
    let (plan, run, total) = found.ok_or_else(none_open)?.map_err(refused)?;
    Ok(Head {
        plan,
        reasons: run.map_or_else(Vec::new, |run| view::reasons(stored_report(&run))),
        total: u32::try_from(total).unwrap_or(u32::MAX),
    })
}

fn seen(conn: &mut SqliteConnection, plan: &Plan) -> Result<PlanView, DbError> {
    let left = plan.left(conn)?;
    Ok(view::plan(plan, left))
}

fn named_or_newest(
    conn: &mut SqliteConnection,
    wanted: Option<PlanId>,
) -> Result<Option<PlanId>, DbError> {
    match wanted {
        Some(id) => Ok(Some(id)),
        None => Ok(Plan::newest_open(conn)?.map(|plan| plan.id)),
    }
}

/// The titles that are still to be told.
struct Rest {
    decision: Option<DecisionKind>,
    offset: u32,
    left: u32,
}

impl Rest {
    fn of(request: &ShowPlan, total: u32) -> Self {
        let after = total.saturating_sub(request.offset);
        Self {
            decision: request.decision,
            offset: request.offset,
            left: request.limit.unwrap_or(u32::MAX).min(after),
        }
    }

    /// The titles of the next answer.
    async fn next(&mut self, engine: &Engine, plan: PlanId) -> Result<Vec<PlanItemView>, DbError> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        let (decision, offset) = (self.decision, i64::from(self.offset));
        let limit = i64::from(self.left).min(ITEMS_AT_ONCE);
        let rows = engine
            .db
            .read(move |conn| PlanItem::shown(conn, plan, decision, limit, offset))
            .await?;
        let mut items: Vec<_> = rows.into_iter().map(view::item).collect();
        items.truncate(fitting(&items));
        let told = u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.offset = self.offset.saturating_add(told);
        // One that was forgotten meanwhile has no more titles to tell.
        self.left = if told == 0 {
            0
        } else {
            self.left.saturating_sub(told)
        };
        Ok(items)
    }
}

/// How many of the first titles go into one answer; at least one.
fn fitting(items: &[PlanItemView]) -> usize {
    let mut bytes = 0;
    let fits = items.iter().take_while(|item| {
        bytes += serde_json::to_string(item).map_or(0, |text| text.len());
        bytes <= BYTES_AT_ONCE
    });
    fits.count().max(1)
}

fn none_open() -> Failure {
    Failure::new(FailureCode::NotFound, "no plan waits for a decision").with_remedy(
        "Make one with `listsync sync --plan`; `listsync plan list` shows those there were.",
    )
}

fn internal(error: &DbError) -> Failure {
    tracing::error!("{}", Chain(error));
    Failure::new(FailureCode::Internal, "the database failed")
}

#[cfg(test)]
mod tests;
