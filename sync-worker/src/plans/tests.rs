//! Tests of showing and dropping plans.

use std::time::Duration;

use runtime::{
    Clock, Stop,
    socket::{
        client::{CallError, Client},
        serve,
    },
};
use schema::{
    models::{
        ListId, MediaType, NewPlan, NewPlanItem, NewRun, NewTitle, RunId, RunStatus, RunTrigger,
        Title,
    },
    wire::{Link, sync::ToSyncWorker},
};

use super::*;
use crate::sample_engine::engine;

struct World {
    engine: Engine,
    client: Client<SyncLink>,
    stop: Stop,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.request();
    }
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed("2026-11-21T12:00:00".parse().unwrap());
        let engine = engine(folder.path(), clock, &[]);
        let stop = Stop::new();
        let paths = engine.settings().settings.paths.clone();
        let socket = paths.socket(SyncLink::SOCKET);
        let (shown, until) = (engine.clone(), stop.clone());
        actix_rt::spawn(async move {
            let handler = move |request, answers: Answers<SyncLink>| {
                let engine = shown.clone();
                async move {
                    match request {
                        ToSyncWorker::Plan(request) => show(&engine, request, answers).await,
                        other => panic!("{other:?}"),
                    }
                }
            };
            serve::<SyncLink, _>(&socket, handler, until).await.unwrap();
        });
        Self {
            engine,
            client: Client::new(&paths).patient(Duration::from_secs(5)),
            stop,
            _folder: folder,
        }
    }

    /// A plan of a day with so many titles, the first of which waits and all others are requested.
    async fn plan(&self, titles: i32, sources: &str) -> PlanId {
        let (now, sources) = (self.engine.clock.now(), sources.to_owned());
        self.engine
            .db
            .write(move |conn| -> Result<_, DbError> {
                let run = SyncRun::insert(conn, &new_run(now))?.id;
                let new = NewPlan {
                    made_by: run,
                    status: PlanStatus::Open,
                    target: "seerr".into(),
                    counts: r#"{"requests":3}"#.into(),
                    created_at: now,
                    expires_at: now + chrono::TimeDelta::days(1),
                    undoes: None,
                };
                let plan = Plan::insert(conn, &new)?.id;
                let mut items = Vec::new();
                for position in 1..=titles {
                    items.push(new_item(conn, plan, position, &sources)?);
                }
                PlanItem::insert(conn, &items)?;
                Ok(plan)
            })
            .await
            .unwrap()
    }

    async fn shown(&self, request: ShowPlan) -> Result<Vec<PlanPage>, CallError> {
        let mut stream = self.client.stream(ToSyncWorker::Plan(request)).await?;
        let mut pages = Vec::new();
        while let Some(answer) = stream.next().await? {
            match answer {
                FromSyncWorker::Plan(page) => pages.push(*page),
                other => panic!("{other:?}"),
            }
        }
        Ok(pages)
    }
}

fn new_run(now: chrono::NaiveDateTime) -> NewRun {
    NewRun {
        sync_started: now,
        sync_mode: RunTrigger::Manual,
        status: RunStatus::Running,
        scope: "{}".into(),
        is_full: false,
    }
}

fn new_item(
    conn: &mut SqliteConnection,
    plan: PlanId,
    position: i32,
    sources: &str,
) -> Result<NewPlanItem, DbError> {
    let now = "2026-11-21T12:00:00".parse().unwrap();
    let title = NewTitle {
        media_type: MediaType::Movie,
        tmdb_id: i64::from(position),
        title: format!("Title {position}"),
        year: Some(1995),
        created_at: now,
        updated_at: now,
    };
    Ok(NewPlanItem {
        plan,
        position,
        title: Title::ensure(conn, &title)?.id,
        is_4k: false,
        decision: if position == 1 {
            DecisionKind::Wait
        } else {
            DecisionKind::Request
        },
        reason: "it is on imdb:top".into(),
        remedy: None,
        seasons: None,
        request_id: None,
        requested_as: 1,
        lists: "[4]".into(),
        sources: sources.to_owned(),
    })
}

fn sizes(pages: &[PlanPage]) -> Vec<usize> {
    pages.iter().map(|page| page.items.len()).collect()
}

fn failure(error: CallError) -> Failure {
    match error {
        CallError::Failed(failure) => failure,
        other => panic!("{other}"),
    }
}

#[actix_rt::test]
async fn a_plan_is_told_in_parts_or_as_little_of_it_as_is_wanted() {
    let world = World::new();
    let plan = world.plan(450, "imdb:top").await;
    let pages = world.shown(ShowPlan::default()).await.unwrap();
    assert_eq!(sizes(&pages), [200, 200, 50]);
    let last = pages[2].items.last().unwrap();
    assert_eq!((last.position, last.title.as_str()), (450, "Title 450"));
    assert_eq!(last.lists, [ListId(4)]);
    assert!(pages.iter().all(|page| page.total == 450));
    assert_eq!(pages[0].plan.counts.requests, 3);
    let some = ShowPlan {
        plan: Some(plan),
        decision: Some(DecisionKind::Request),
        limit: Some(2),
        offset: 447,
    };
    let pages = world.shown(some).await.unwrap();
    assert_eq!((sizes(&pages), pages[0].total), (vec![2], 449));
    assert_eq!(pages[0].items[0].position, 449);
    let nothing = ShowPlan {
        limit: Some(0),
        ..ShowPlan::default()
    };
    assert_eq!(sizes(&world.shown(nothing).await.unwrap()), [0]);
}

#[actix_rt::test]
async fn titles_that_very_many_lists_ask_for_still_fit_into_a_line() {
    let world = World::new();
    world.plan(100, &"imdb:ls012345678, ".repeat(1000)).await;
    let pages = world.shown(ShowPlan::default()).await.unwrap();
    assert!(pages.len() > 5, "{:?}", sizes(&pages));
    assert_eq!(sizes(&pages).iter().sum::<usize>(), 100);
}

#[actix_rt::test]
async fn without_a_number_the_newest_that_waits_is_meant() {
    let world = World::new();
    let none = failure(world.shown(ShowPlan::default()).await.unwrap_err());
    assert_eq!(
        (none.code, none.message.as_str()),
        (FailureCode::NotFound, "no plan waits for a decision")
    );
    let (first, second) = (world.plan(1, "").await, world.plan(1, "").await);
    let dropped = discard(&world.engine, DiscardPlan::default())
        .await
        .unwrap();
    assert_eq!(
        (dropped.id, dropped.status),
        (second, PlanStatus::Discarded)
    );
    let pages = world.shown(ShowPlan::default()).await.unwrap();
    assert_eq!(pages[0].plan.id, first);
    let all = all(&world.engine).await.unwrap().plans;
    assert_eq!(
        all.iter().map(|plan| plan.id).collect::<Vec<_>>(),
        [second, first]
    );
    let again = DiscardPlan { plan: Some(second) };
    let refusal = discard(&world.engine, again).await.unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (FailureCode::Conflict, "plan 2 was discarded")
    );
}

#[actix_rt::test]
async fn a_plan_past_its_time_is_shown_as_expired_and_not_carried_out() {
    let world = World::new();
    let plan = world.plan(1, "").await;
    let scope = StartRun {
        plan: Some(plan),
        ..StartRun::everything(RunTrigger::Manual)
    };
    refuse(&world.engine, &scope).await.unwrap();
    world.engine.clock.advance(Duration::from_hours(24));
    let named = ShowPlan {
        plan: Some(plan),
        ..ShowPlan::default()
    };
    let pages = world.shown(named).await.unwrap();
    assert_eq!(pages[0].plan.status, PlanStatus::Expired);
    let refusal = refuse(&world.engine, &scope).await.unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (
            FailureCode::Conflict,
            "plan 1 is too old: the lists and Seerr have gone on since it was made"
        )
    );
    let unknown = ShowPlan {
        plan: Some(PlanId(9)),
        ..ShowPlan::default()
    };
    let refusal = failure(world.shown(unknown).await.unwrap_err());
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (FailureCode::NotFound, "there is no plan 9")
    );
}

#[actix_rt::test]
async fn a_plan_goes_without_lists_and_is_applied_by_one_run() {
    let world = World::new();
    let plan = world.plan(1, "").await;
    let alone = StartRun {
        plan: Some(plan),
        ..StartRun::everything(RunTrigger::Manual)
    };
    let with_lists = StartRun {
        lists: vec![ListId(1)],
        ..alone.clone()
    };
    let refusal = refuse(&world.engine, &with_lists).await.unwrap_err();
    assert_eq!(refusal.code, FailureCode::Invalid);
    let now = world.engine.clock.now();
    let run = world
        .engine
        .db
        .write(move |conn| -> Result<RunId, DbError> {
            let run = SyncRun::insert(conn, &new_run(now))?.id;
            Plan::begin(conn, plan, run, now)?.unwrap();
            Ok(run)
        })
        .await
        .unwrap();
    let refusal = refuse(&world.engine, &alone).await.unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message),
        (
            FailureCode::Conflict,
            format!("plan 1 is being applied by run {run}")
        )
    );
}
