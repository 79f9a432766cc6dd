//! `plan_items`: what a plan does with each title. Written by sync-worker.

use diesel::prelude::*;

use super::{DecisionKind, LedgerStatus, PlanId, SeasonNumbers, Title, TitleRef};
use crate::tables::{plan_items, titles};

/// What a plan does with one title.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = plan_items)]
pub struct PlanItem {
    /// The plan.
    pub plan: PlanId,
    /// Place in it, from 1: the order in which it is carried out.
    pub position: i32,
    /// The title.
    pub title: TitleRef,
    /// The quality.
    pub is_4k: bool,
    /// What is to be done.
    pub decision: DecisionKind,
    /// Why.
    pub reason: String,
    /// What would change it.
    pub remedy: Option<String>,
    /// Seasons to ask for; absent for movies.
    pub seasons: Option<SeasonNumbers>,
    /// The request that is retried or withdrawn.
    pub request_id: Option<i32>,
    /// In whose name.
    pub requested_as: i32,
    /// Lists that ask, as a JSON array of their numbers.
    pub lists: String,
    /// The same in words.
    pub sources: String,
    /// What came of it when the plan was carried out.
    pub outcome: Option<String>,
}

/// A title of a plan to store.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = plan_items)]
#[expect(missing_docs, reason = "the fields are those of `PlanItem`")]
pub struct NewPlanItem {
    pub plan: PlanId,
    pub position: i32,
    pub title: TitleRef,
    pub is_4k: bool,
    pub decision: DecisionKind,
    pub reason: String,
    pub remedy: Option<String>,
    pub seasons: Option<SeasonNumbers>,
    pub request_id: Option<i32>,
    pub requested_as: i32,
    pub lists: String,
    pub sources: String,
}

impl PlanItem {
    /// What the outcome of a title begins with that the target would not take now.
    pub const WAITING: &str = "waiting: ";

    /// Stores titles of a plan.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(conn: &mut SqliteConnection, new: &[NewPlanItem]) -> QueryResult<()> {
        for chunk in new.chunks(100) {
            diesel::insert_into(plan_items::table)
                .values(chunk)
                .execute(conn)?;
        }
        Ok(())
    }

    /// The titles of a plan after a place in it, at most `limit`, in its order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn page(
        conn: &mut SqliteConnection,
        plan: PlanId,
        after: i32,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        plan_items::table
            .filter(plan_items::plan.eq(plan))
            .filter(plan_items::position.gt(after))
            .order(plan_items::position)
            .limit(limit)
            .select(Self::as_select())
            .load(conn)
    }

    /// Titles of a plan with their names, in its order: at most `limit` after the first `offset`, and
    /// only those with this decision where one is given.
    ///
    /// # Errors
    /// When the database fails.
    pub fn shown(
        conn: &mut SqliteConnection,
        plan: PlanId,
        decision: Option<DecisionKind>,
        limit: i64,
        offset: i64,
    ) -> QueryResult<Vec<(Self, Title)>> {
        let mut query = plan_items::table
            .inner_join(titles::table)
            .filter(plan_items::plan.eq(plan))
            .into_boxed();
        if let Some(decision) = decision {
            query = query.filter(plan_items::decision.eq(decision));
        }
        query
            .order(plan_items::position)
            .limit(limit)
            .offset(offset)
            .select((Self::as_select(), Title::as_select()))
            .load(conn)
    }

    /// How many titles a plan has, or how many with this decision.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(
        conn: &mut SqliteConnection,
        plan: PlanId,
        decision: Option<DecisionKind>,
    ) -> QueryResult<i64> {
        let mut query = plan_items::table
            .filter(plan_items::plan.eq(plan))
            .into_boxed();
        if let Some(decision) = decision {
            query = query.filter(plan_items::decision.eq(decision));
        }
        query.count().get_result(conn)
    }

    /// What was to be done with the titles of which something has come, with their seasons. That one was
    /// begun with, or waits, is nothing yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn done(
        conn: &mut SqliteConnection,
        plan: PlanId,
    ) -> QueryResult<Vec<(DecisionKind, Option<SeasonNumbers>)>> {
        let begun = [LedgerStatus::Planned, LedgerStatus::Requesting].map(LedgerStatus::as_str);
        plan_items::table
            .filter(plan_items::plan.eq(plan))
            .filter(plan_items::outcome.is_not_null())
            .filter(plan_items::outcome.ne_all(begun))
            .filter(plan_items::outcome.not_like(format!("{}%", Self::WAITING)))
            .select((plan_items::decision, plan_items::seasons))
            .load(conn)
    }

    /// Records what came of titles of a plan, by their places, in words: `requested`, or why not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_outcomes(
        conn: &mut SqliteConnection,
        plan: PlanId,
        outcomes: &[(i32, String)],
    ) -> QueryResult<()> {
        for (position, outcome) in outcomes {
            diesel::update(plan_items::table.find((plan, position)))
                .set(plan_items::outcome.eq(outcome))
                .execute(conn)?;
        }
        Ok(())
    }
}
