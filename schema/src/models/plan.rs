//! `plans`: what a run would do, kept to be looked at and carried out later. Leaves their titles to
//! `plan_item`. Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{PlanItem, RunId, RunStatus};
use crate::{
    column::{row_number, word_enum},
    tables::{plan_items, plans, sync_history},
    wire::sync::PlanCounts,
};

row_number! {
    /// Row of `plans`.
    PlanId
}

word_enum! {
    /// What became of a plan.
    PlanStatus {
        /// Is being written down; nobody sees it yet.
        Making = "making",
        /// Waits for a person.
        Open = "open",
        /// Is being carried out, or was begun to be.
        Applying = "applying",
        /// Was carried out.
        Applied = "applied",
        /// A person does not want it.
        Discarded = "discarded",
        /// Too old: the world has gone on.
        Expired = "expired",
    }
}

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = plans)]
pub struct Plan {
    /// Row number.
    pub id: PlanId,
    /// The run that made it.
    pub made_by: RunId,
    /// What became of it.
    pub status: PlanStatus,
    /// Whom it asks: `seerr`.
    pub target: String,
    /// `schema::wire::sync::PlanCounts` as JSON.
    pub counts: String,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// Not carried out after this moment.
    pub expires_at: NaiveDateTime,
    /// When it was applied, discarded or found to be too old.
    pub closed_at: Option<NaiveDateTime>,
    /// The run that carried it out.
    pub applied_by: Option<RunId>,
    /// The run whose requests it takes back; absent where it follows the lists.
    pub undoes: Option<RunId>,
}

/// A plan to store.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = plans)]
#[expect(missing_docs, reason = "the fields are those of `Plan`")]
pub struct NewPlan {
    pub made_by: RunId,
    pub status: PlanStatus,
    pub target: String,
    pub counts: String,
    pub created_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
    pub undoes: Option<RunId>,
}

/// Why a plan is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// There is none with this number.
    #[error("there is no plan {0}")]
    Unknown(PlanId),
    /// Its time is over.
    #[error("plan {0} is too old: the lists and Seerr have gone on since it was made")]
    Expired(PlanId),
    /// A person did not want it.
    #[error("plan {0} was discarded")]
    Discarded(PlanId),
    /// It was carried out before.
    #[error("plan {plan} was applied already{}", by(*run))]
    Applied {
        /// The plan.
        plan: PlanId,
        /// The run that did it.
        run: Option<RunId>,
    },
    /// It is being carried out.
    #[error("plan {plan} is being applied{}", by(*run))]
    Applying {
        /// The plan.
        plan: PlanId,
        /// The run that does it.
        run: Option<RunId>,
    },
}

fn by(run: Option<RunId>) -> String {
    run.map_or_else(String::new, |run| format!(" by run {run}"))
}

impl Plan {
    /// Stores a plan.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &NewPlan) -> QueryResult<Self> {
        diesel::insert_into(plans::table)
            .values(new)
            .returning(Self::as_returning())
            .get_result(conn)
    }

    /// The plan with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find(conn: &mut SqliteConnection, id: PlanId) -> QueryResult<Option<Self>> {
        plans::table
            .find(id)
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Plans that were closed before that moment, and those begun before it that never became whole because
    /// their run was cancelled.
    ///
    /// # Errors
    /// When the database fails.
    pub fn long_closed(
        conn: &mut SqliteConnection,
        before: NaiveDateTime,
    ) -> QueryResult<Vec<PlanId>> {
        let was_never_whole = plans::status
            .eq(PlanStatus::Making)
            .and(plans::created_at.lt(before));
        plans::table
            .filter(was_never_whole.or(plans::closed_at.lt(before)))
            .select(plans::id)
            .load(conn)
    }

    /// Forgets a plan, or, where it has more than `limit` titles, that many of them. Gives whether
    /// nothing of it is left.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget(conn: &mut SqliteConnection, id: PlanId, limit: i64) -> QueryResult<bool> {
        let first_to_stay: Option<i32> = plan_items::table
            .filter(plan_items::plan.eq(id))
            .order(plan_items::position)
            .select(plan_items::position)
            .offset(limit)
            .first(conn)
            .optional()?;
        if let Some(first_to_stay) = first_to_stay {
            let part = plan_items::table
                .filter(plan_items::plan.eq(id))
                .filter(plan_items::position.lt(first_to_stay));
            diesel::delete(part).execute(conn)?;
            return Ok(false);
        }
        diesel::delete(plans::table.find(id)).execute(conn)?;
        Ok(true)
    }

    /// Forgets what this run had begun to write down before its process ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_unfinished(conn: &mut SqliteConnection, run: RunId) -> QueryResult<()> {
        let begun = plans::table
            .filter(plans::status.eq(PlanStatus::Making))
            .filter(plans::made_by.eq(run));
        diesel::delete(begun).execute(conn).map(drop)
    }

    /// The plan is whole: people see it from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub fn open(conn: &mut SqliteConnection, id: PlanId, counts: &str) -> QueryResult<()> {
        diesel::update(plans::table.find(id))
            .set((plans::status.eq(PlanStatus::Open), plans::counts.eq(counts)))
            .execute(conn)
            .map(drop)
    }

    /// What it comes to; all zero when that cannot be read any more.
    pub fn counts(&self) -> PlanCounts {
        serde_json::from_str(&self.counts).unwrap_or_default()
    }

    /// What of it is still to be done: less than it came to, once a run had begun to carry it out and was
    /// ended. Of a plan that is closed, what it came to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn left(&self, conn: &mut SqliteConnection) -> QueryResult<PlanCounts> {
        let mut done = PlanCounts::default();
        if matches!(self.status, PlanStatus::Open | PlanStatus::Applying) {
            for (decision, seasons) in PlanItem::done(conn, self.id)? {
                done.count(decision, seasons.as_ref());
            }
        }
        Ok(self.counts().without(done))
    }

    /// The newest plans, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest(conn: &mut SqliteConnection, limit: i64) -> QueryResult<Vec<Self>> {
        plans::table
            .filter(plans::status.ne(PlanStatus::Making))
            .order(plans::id.desc())
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }

    /// The newest plan that waits for a person.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest_open(conn: &mut SqliteConnection) -> QueryResult<Option<Self>> {
        plans::table
            .filter(plans::status.eq(PlanStatus::Open))
            .order(plans::id.desc())
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// Takes a plan to be carried out by `run`, or says why it is not. The run that has taken it may
    /// take it again, after a crash, however late that is.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin(
        conn: &mut SqliteConnection,
        id: PlanId,
        run: RunId,
        now: NaiveDateTime,
    ) -> QueryResult<Result<Self, PlanRefusal>> {
        // Applied, too: the process of its run may have ended before that was recorded of the run.
        let is_begun = |plan: &Self| {
            matches!(plan.status, PlanStatus::Applying | PlanStatus::Applied)
                && plan.applied_by == Some(run)
        };
        if let Some(plan) = Self::find(conn, id)?.filter(is_begun) {
            return Ok(Ok(plan));
        }
        if let Err(refusal) = Self::ready(conn, id, now)? {
            return Ok(Err(refusal));
        }
        diesel::update(plans::table.find(id))
            .set((
                plans::status.eq(PlanStatus::Applying),
                plans::applied_by.eq(run),
            ))
            .returning(Self::as_returning())
            .get_result(conn)
            .map(Ok)
    }

    /// The plan if it waits for a person and its time is not over, or why it cannot be carried out.
    /// It says what [`Plan::expire`] finds first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn ready(
        conn: &mut SqliteConnection,
        id: PlanId,
        now: NaiveDateTime,
    ) -> QueryResult<Result<Self, PlanRefusal>> {
        Self::expire(conn, now)?;
        let Some(plan) = Self::find(conn, id)? else {
            return Ok(Err(PlanRefusal::Unknown(id)));
        };
        let run = plan.applied_by;
        Ok(match plan.status {
            PlanStatus::Making => Err(PlanRefusal::Unknown(id)),
            PlanStatus::Open => Ok(plan),
            PlanStatus::Expired => Err(PlanRefusal::Expired(id)),
            PlanStatus::Discarded => Err(PlanRefusal::Discarded(id)),
            PlanStatus::Applied => Err(PlanRefusal::Applied { plan: id, run }),
            PlanStatus::Applying => Err(PlanRefusal::Applying { plan: id, run }),
        })
    }

    /// Ends a plan: applied, discarded or expired. Applied is said no later than that its run has
    /// ended, since the plan of a run that ended otherwise is open again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn close(
        conn: &mut SqliteConnection,
        id: PlanId,
        status: PlanStatus,
        now: NaiveDateTime,
    ) -> QueryResult<()> {
        diesel::update(plans::table.find(id))
            .set((plans::status.eq(status), plans::closed_at.eq(now)))
            .execute(conn)
            .map(drop)
    }

    /// Brings the plans up to date with the time: those whose run was cancelled or failed before it
    /// had carried them out are open again, and those past their time are expired. One that its run
    /// never finished making is over without anybody having seen it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn expire(conn: &mut SqliteConnection, now: NaiveDateTime) -> QueryResult<()> {
        let going_on = [RunStatus::Running, RunStatus::Queued];
        let makers = sync_history::table
            .filter(sync_history::status.eq_any(going_on))
            .select(sync_history::id);
        let unfinished = plans::table
            .filter(plans::status.eq(PlanStatus::Making))
            .filter(plans::closed_at.is_null())
            .filter(plans::made_by.ne_all(makers));
        diesel::update(unfinished)
            .set(plans::closed_at.eq(now))
            .execute(conn)?;
        let appliers = sync_history::table
            .filter(sync_history::status.eq_any(going_on))
            .select(sync_history::id.nullable());
        let given_up = plans::table
            .filter(plans::status.eq(PlanStatus::Applying))
            .filter(
                plans::applied_by
                    .is_null()
                    .or(plans::applied_by.ne_all(appliers)),
            );
        diesel::update(given_up)
            .set((
                plans::status.eq(PlanStatus::Open),
                plans::applied_by.eq(None::<RunId>),
            ))
            .execute(conn)?;
        let too_old = plans::table
            .filter(plans::status.eq(PlanStatus::Open))
            .filter(plans::expires_at.le(now));
        diesel::update(too_old)
            .set((
                plans::status.eq(PlanStatus::Expired),
                plans::closed_at.eq(now),
            ))
            .execute(conn)
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Db, DbError,
        models::{
            DecisionKind, MediaType, NewPlanItem, NewRun, NewTitle, RunTrigger, SyncRun, Title,
        },
    };

    fn at(hour: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(1_800_000_000 + hour * 3600, 0)
            .unwrap()
            .naive_utc()
    }

    /// A database with an open plan of hour 0 that expires at hour 24, and what `look` makes of it.
    async fn with_plan<T: Send + 'static>(
        look: impl FnOnce(&mut SqliteConnection, PlanId) -> QueryResult<T> + Send + 'static,
    ) -> T {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list_sync.db");
        crate::migrate(&path).unwrap();
        let db = Db::open(&path).unwrap();
        db.write(move |conn| -> Result<T, DbError> {
            let made_by = run(conn, RunStatus::Completed)?;
            let new = NewPlan {
                made_by,
                status: PlanStatus::Open,
                target: "seerr".into(),
                counts: r#"{"requests":2}"#.into(),
                created_at: at(0),
                expires_at: at(24),
                undoes: None,
            };
            let plan = Plan::insert(conn, &new)?;
            Ok(look(conn, plan.id)?)
        })
        .await
        .unwrap()
    }

    fn run(conn: &mut SqliteConnection, status: RunStatus) -> QueryResult<RunId> {
        let new = NewRun {
            sync_started: at(0),
            sync_mode: RunTrigger::Manual,
            status,
            scope: "{}".into(),
            is_full: false,
        };
        Ok(SyncRun::insert(conn, &new)?.id)
    }

    #[tokio::test]
    async fn a_plan_is_carried_out_by_one_run_which_goes_on_after_a_crash() {
        with_plan(|conn, id| {
            let (first, second) = (
                run(conn, RunStatus::Running)?,
                run(conn, RunStatus::Running)?,
            );
            let begun = Plan::begin(conn, id, first, at(23))?.unwrap();
            assert_eq!(begun.applied_by, Some(first));
            assert_eq!(begun.counts().requests, 2);
            // However late its process is back.
            assert_eq!(Plan::begin(conn, id, first, at(48))?, Ok(begun));
            let refusal = Plan::begin(conn, id, second, at(23))?.unwrap_err();
            assert_eq!(refusal.to_string(), "plan 1 is being applied by run 2");
            Plan::close(conn, id, PlanStatus::Applied, at(23))?;
            // Its process may have ended before that was recorded of the run.
            assert!(Plan::begin(conn, id, first, at(23))?.is_ok());
            let refusal = Plan::begin(conn, id, second, at(23))?.unwrap_err();
            assert_eq!(refusal.to_string(), "plan 1 was applied already by run 2");
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_plan_past_its_time_is_expired_and_can_be_forgotten() {
        with_plan(|conn, id| {
            let run = run(conn, RunStatus::Running)?;
            assert_eq!(Plan::newest_open(conn)?.map(|plan| plan.id), Some(id));
            let refusal = Plan::begin(conn, id, run, at(24))?.unwrap_err();
            assert_eq!(refusal, PlanRefusal::Expired(id));
            let plan = Plan::find(conn, id)?.unwrap();
            assert_eq!(
                (plan.status, plan.closed_at),
                (PlanStatus::Expired, Some(at(24)))
            );
            assert_eq!(Plan::newest_open(conn)?, None);
            assert_eq!(Plan::long_closed(conn, at(24))?, []);
            assert_eq!(Plan::long_closed(conn, at(25))?, [id]);
            assert!(Plan::forget(conn, id, 100)?);
            assert_eq!(Plan::newest(conn, 10)?, []);
            let refusal = Plan::ready(conn, id, at(25))?.unwrap_err();
            assert_eq!(refusal, PlanRefusal::Unknown(id));
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn the_plan_of_a_run_that_ended_early_is_open_again_until_its_time_is_over() {
        with_plan(|conn, id| {
            let ended = run(conn, RunStatus::Running)?;
            Plan::begin(conn, id, ended, at(1))?.unwrap();
            let mut row = SyncRun::get(conn, ended)?;
            row.status = RunStatus::Cancelled;
            row.save_end(conn)?;
            let next = run(conn, RunStatus::Queued)?;
            let begun = Plan::begin(conn, id, next, at(2))?.unwrap();
            assert_eq!(begun.applied_by, Some(next));
            let mut row = SyncRun::get(conn, next)?;
            row.status = RunStatus::Failed;
            row.save_end(conn)?;
            let refusal = Plan::ready(conn, id, at(24))?.unwrap_err();
            assert_eq!(refusal, PlanRefusal::Expired(id));
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn what_a_run_never_finished_making_is_over_once_the_run_is() {
        with_plan(|conn, id| {
            let maker = run(conn, RunStatus::Running)?;
            let new = NewPlan {
                made_by: maker,
                status: PlanStatus::Making,
                target: "seerr".into(),
                counts: String::new(),
                created_at: at(1),
                expires_at: at(25),
                undoes: None,
            };
            let half = Plan::insert(conn, &new)?.id;
            Plan::expire(conn, at(2))?;
            assert_eq!(Plan::long_closed(conn, at(1))?, []);
            let mut row = SyncRun::get(conn, maker)?;
            row.status = RunStatus::Cancelled;
            row.save_end(conn)?;
            Plan::expire(conn, at(3))?;
            assert_eq!(Plan::long_closed(conn, at(9))?, [half]);
            assert_eq!(Plan::newest_open(conn)?.map(|plan| plan.id), Some(id));
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_discarded_plan_is_not_carried_out() {
        with_plan(|conn, id| {
            Plan::close(conn, id, PlanStatus::Discarded, at(1))?;
            let refusal = Plan::begin(conn, id, RunId(9), at(1))?.unwrap_err();
            assert_eq!(refusal.to_string(), "plan 1 was discarded");
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn titles_of_a_plan_are_shown_by_decision_with_what_came_of_them() {
        with_plan(|conn, plan| {
            let mut items = Vec::new();
            for (position, decision) in [
                (1, DecisionKind::Request),
                (2, DecisionKind::Wait),
                (3, DecisionKind::Request),
            ] {
                let new = NewTitle {
                    media_type: MediaType::Movie,
                    tmdb_id: i64::from(position),
                    title: format!("Title {position}"),
                    year: None,
                    created_at: at(0),
                    updated_at: at(0),
                };
                items.push(NewPlanItem {
                    plan,
                    position,
                    title: Title::ensure(conn, &new)?.id,
                    is_4k: false,
                    decision,
                    reason: "because".into(),
                    remedy: None,
                    seasons: None,
                    request_id: None,
                    requested_as: 1,
                    lists: "[1]".into(),
                    sources: "imdb:top".into(),
                });
            }
            PlanItem::insert(conn, &items)?;
            PlanItem::set_outcomes(
                conn,
                plan,
                &[(1, "requested".into()), (3, "left out".into())],
            )?;
            let request = Some(DecisionKind::Request);
            let left = |conn: &mut SqliteConnection| -> QueryResult<u32> {
                Ok(Plan::find(conn, plan)?.unwrap().left(conn)?.requests)
            };
            assert_eq!(left(conn)?, 0);
            PlanItem::set_outcomes(conn, plan, &[(3, "requesting".into())])?;
            assert_eq!(left(conn)?, 1, "nobody knows what came of it");
            Plan::close(conn, plan, PlanStatus::Applied, at(1))?;
            assert_eq!(left(conn)?, 2, "what a closed plan came to");
            PlanItem::set_outcomes(conn, plan, &[(3, "left out".into())])?;
            assert_eq!(PlanItem::count(conn, plan, request)?, 2);
            assert_eq!(PlanItem::count(conn, plan, None)?, 3);
            let shown = PlanItem::shown(conn, plan, request, 10, 1)?;
            let told: Vec<_> = shown
                .iter()
                .map(|(item, title)| (title.title.as_str(), item.outcome.as_deref()))
                .collect();
            assert_eq!(told, [("Title 3", Some("left out"))]);
            let all = PlanItem::page(conn, plan, 1, 10)?;
            assert_eq!(
                all.iter().map(|item| item.position).collect::<Vec<_>>(),
                [2, 3]
            );
            Ok(())
        })
        .await;
    }
}
