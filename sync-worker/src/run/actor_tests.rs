//! The queue of runs, with a Seerr that takes connections and never answers: a run goes on until it is
//! cancelled.

use std::{cell::RefCell, net::TcpListener, time::Duration};

use runtime::Clock;
use schema::{
    models::{FetchKind, List, ListId, ListItem, NewList, NewRun},
    wire::sync::CustomEntry,
};

use super::*;
use crate::sample_engine::engine;

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Hears of the ends of runs in place of the schedule.
#[derive(Default)]
struct Ends(Rc<RefCell<Vec<(RunStatus, bool)>>>);

impl Actor for Ends {
    type Context = Context<Self>;
}

impl Handler<RunEnded> for Ends {
    type Result = ();

    fn handle(&mut self, ended: RunEnded, _: &mut Self::Context) {
        self.0.borrow_mut().push((ended.status, ended.is_full));
    }
}

struct World {
    engine: Engine,
    ends: Rc<RefCell<Vec<(RunStatus, bool)>>>,
    _seerr: TcpListener,
    _folder: tempfile::TempDir,
}

impl World {
    /// With three lists that are synced automatically.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seerr = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", seerr.local_addr().unwrap());
        let settings = [
            ("OVERSEERR_URL", url.as_str()),
            ("OVERSEERR_API_KEY", "a-key"),
        ];
        let engine = engine(folder.path(), Clock::system(), &settings);
        let world = Self {
            engine,
            ends: Rc::default(),
            _seerr: seerr,
            _folder: folder,
        };
        for id in ["a", "b", "c"] {
            world
                .write(move |conn, now| List::insert(conn, &list(id, now)).map(drop))
                .await;
        }
        world
    }

    async fn write<T: Send + 'static, E: Into<DbError>>(
        &self,
        change: impl FnOnce(&mut schema::SqliteConnection, chrono::NaiveDateTime) -> Result<T, E>
        + Send
        + 'static,
    ) -> T {
        let now = self.engine.clock.now();
        self.engine
            .db
            .write(move |conn| change(conn, now))
            .await
            .unwrap()
    }

    /// One that finds nothing left.
    fn runner(&self) -> Addr<Runner> {
        self.process(false)
    }

    /// That of a process after another.
    fn successor(&self) -> Addr<Runner> {
        self.process(true)
    }

    fn process(&self, takes_up: bool) -> Addr<Runner> {
        let ends = Ends(Rc::clone(&self.ends)).start().recipient();
        let after_runs = Rc::new(Notify::new());
        Runner::new(self.engine.clone(), ends, after_runs, takes_up).start()
    }

    async fn run(&self, run: RunId) -> SyncRun {
        self.engine
            .db
            .read(move |conn| SyncRun::get(conn, run))
            .await
            .unwrap()
    }

    /// Waits until history says so too.
    async fn is_running(&self, run: RunId) {
        let waiting = async {
            while self.run(run).await.status != RunStatus::Running {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, waiting).await.unwrap();
    }

    /// A row as a process that died left it.
    async fn left(&self, status: RunStatus, scope: &StartRun) -> RunId {
        let (scope, trigger, is_full) = (
            serde_json::to_string(scope).unwrap(),
            scope.trigger,
            scope.is_full(),
        );
        self.write(move |conn, now| {
            let new = NewRun {
                sync_started: now,
                sync_mode: trigger,
                status,
                scope,
                is_full,
            };
            SyncRun::insert(conn, &new).map(|run| run.id)
        })
        .await
    }
}

fn list(id: &str, now: chrono::NaiveDateTime) -> NewList {
    NewList {
        list_type: "imdb".into(),
        list_id: id.into(),
        list_url: String::new(),
        description: String::new(),
        status: FetchKind::New,
        auto_sync: true,
        item_limit: None,
        from_settings: false,
        created_at: now,
        updated_at: now,
    }
}

fn of(lists: &[i32]) -> StartRun {
    StartRun {
        lists: lists.iter().copied().map(ListId).collect(),
        ..StartRun::everything(RunTrigger::Manual)
    }
}

fn everything(trigger: RunTrigger) -> StartRun {
    StartRun::everything(trigger)
}

fn titles(title: &str) -> StartRun {
    StartRun {
        custom: vec![CustomEntry {
            title: title.into(),
            ..CustomEntry::default()
        }],
        ..of(&[])
    }
}

async fn start(runner: &Addr<Runner>, scope: StartRun) -> Result<Accepted, Failure> {
    runner.send(StartNow(scope)).await.unwrap()
}

async fn cancel(runner: &Addr<Runner>, run: RunId) -> Result<RunId, Failure> {
    runner.send(CancelNow(Some(run))).await.unwrap()
}

/// Waits until this run goes on, or none.
async fn goes_on(runner: &Addr<Runner>, run: Option<RunId>) {
    let waiting = async {
        loop {
            let current = runner.send(Current).await.unwrap();
            if current.map(|progress| progress.run) == run {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap();
}

fn accepted(run: i32, is_queued: bool, is_new: bool) -> Accepted {
    Accepted {
        run: RunId(run),
        is_queued,
        is_new,
    }
}

#[actix_rt::test]
async fn runs_wait_for_their_turn_and_the_same_is_not_queued_twice() {
    let world = World::new().await;
    let runner = world.runner();
    assert_eq!(start(&runner, of(&[1])).await, Ok(accepted(1, false, true)));
    assert_eq!(
        start(&runner, of(&[3, 2])).await,
        Ok(accepted(2, true, true))
    );
    assert_eq!(start(&runner, of(&[])).await, Ok(accepted(3, true, true)));
    assert_eq!(
        start(&runner, of(&[2, 3, 2])).await,
        Ok(accepted(2, true, false))
    );
    // The one that goes on has perhaps read its list already.
    assert_eq!(start(&runner, of(&[1])).await, Ok(accepted(4, true, true)));
    for run in [1, 2, 3, 4].map(RunId) {
        goes_on(&runner, Some(run)).await;
        world.is_running(run).await;
        assert_eq!(cancel(&runner, run).await, Ok(run));
    }
    goes_on(&runner, None).await;
    let cancelled = RunStatus::Cancelled;
    assert_eq!(
        *world.ends.borrow(),
        [
            (cancelled, false),
            (cancelled, false),
            (cancelled, true),
            (cancelled, false)
        ]
    );
}

#[actix_rt::test]
async fn requests_at_the_same_moment_queue_one_run() {
    let world = World::new().await;
    let runner = world.runner();
    // While one goes on the others wait: what began already is not what somebody asks for after that.
    let first = start(&runner, of(&[3])).await.unwrap().run;
    let (one, other, third) = futures_util::join!(
        start(&runner, of(&[1])),
        start(&runner, of(&[2])),
        start(&runner, of(&[2]))
    );
    let (one, other, third) = (one.unwrap().run, other.unwrap().run, third.unwrap().run);
    assert_eq!(other, third);
    let mut runs = [first, one, other];
    runs.sort();
    assert_eq!(runs, [RunId(1), RunId(2), RunId(3)]);
    for run in runs {
        goes_on(&runner, Some(run)).await;
        cancel(&runner, run).await.unwrap();
    }
    goes_on(&runner, None).await;
}

#[actix_rt::test]
async fn a_queued_run_can_be_taken_out_of_the_queue() {
    let world = World::new().await;
    let runner = world.runner();
    start(&runner, of(&[1])).await.unwrap();
    start(&runner, of(&[2])).await.unwrap();
    start(&runner, of(&[3])).await.unwrap();
    assert_eq!(cancel(&runner, RunId(2)).await, Ok(RunId(2)));
    let row = world.run(RunId(2)).await;
    assert_eq!(row.status, RunStatus::Cancelled);
    assert!(row.sync_completed.is_some());
    let again = cancel(&runner, RunId(2)).await.unwrap_err();
    assert_eq!(
        (again.code, again.message.as_str()),
        (
            FailureCode::Conflict,
            "run 2 is neither going on nor queued"
        )
    );
    // Without a number it is the one that goes on.
    assert_eq!(runner.send(CancelNow(None)).await.unwrap(), Ok(RunId(1)));
    goes_on(&runner, Some(RunId(3))).await;
}

#[actix_rt::test]
async fn a_crash_loses_nothing_of_the_queue() {
    let world = World::new().await;
    let going = world.left(RunStatus::Running, &of(&[2])).await;
    let first = world.left(RunStatus::Queued, &of(&[1])).await;
    let second = world
        .left(RunStatus::Queued, &everything(RunTrigger::Manual))
        .await;
    let runner = world.successor();
    // Asked before the process has looked at what was left.
    assert_eq!(
        start(&runner, everything(RunTrigger::Schedule)).await,
        Ok(accepted(second.0, true, false))
    );
    for run in [going, first, second] {
        goes_on(&runner, Some(run)).await;
        assert_eq!(cancel(&runner, run).await, Ok(run));
    }
    goes_on(&runner, None).await;
    assert_eq!(world.run(going).await.taken_up, 1);
    assert_eq!(world.run(first).await.taken_up, 0);
}

#[actix_rt::test]
async fn a_queue_without_a_run_that_goes_on_begins_with_the_process() {
    let world = World::new().await;
    let queued = world.left(RunStatus::Queued, &of(&[1])).await;
    goes_on(&world.successor(), Some(queued)).await;
}

#[actix_rt::test]
async fn what_the_schedule_asks_for_is_not_done_twice() {
    let world = World::new().await;
    let runner = world.runner();
    start(&runner, everything(RunTrigger::Manual))
        .await
        .unwrap();
    for trigger in [RunTrigger::Schedule, RunTrigger::Retry] {
        assert_eq!(
            start(&runner, everything(trigger)).await,
            Ok(accepted(1, false, false))
        );
    }
    // A person may want what has changed since it began.
    assert_eq!(
        start(&runner, everything(RunTrigger::Manual)).await,
        Ok(accepted(2, true, true))
    );
    assert_eq!(cancel(&runner, RunId(1)).await, Ok(RunId(1)));
    goes_on(&runner, Some(RunId(2))).await;
    // One that only makes a plan does nothing of what is due.
    let plan = StartRun {
        only_plans: true,
        ..of(&[])
    };
    start(&runner, plan).await.unwrap();
    cancel(&runner, RunId(2)).await.unwrap();
    goes_on(&runner, Some(RunId(3))).await;
    assert_eq!(
        start(&runner, everything(RunTrigger::Schedule)).await,
        Ok(accepted(4, true, true))
    );
}

#[actix_rt::test]
async fn titles_given_directly_are_kept_at_once_and_never_merged_away() {
    let world = World::new().await;
    let runner = world.runner();
    start(&runner, of(&[1])).await.unwrap();
    assert_eq!(
        start(&runner, titles("Heat")).await,
        Ok(accepted(2, true, true))
    );
    assert_eq!(
        start(&runner, titles("Heat")).await,
        Ok(accepted(3, true, true))
    );
    assert_eq!(
        start(&runner, titles("Alien")).await,
        Ok(accepted(4, true, true))
    );
    let kept = world
        .write(|conn, _| {
            let list = List::find_by_name(conn, "custom", "custom")?.unwrap();
            ListItem::of_list(conn, list.id)
        })
        .await;
    let mut kept: Vec<_> = kept.into_iter().map(|item| item.title).collect();
    kept.sort();
    assert_eq!(kept, ["Alien", "Heat"]);
}

#[actix_rt::test]
async fn a_full_queue_says_what_to_do_and_takes_nothing() {
    let world = World::new().await;
    let going = world.left(RunStatus::Running, &of(&[1])).await;
    for _ in 0..100 {
        world.left(RunStatus::Queued, &titles("Heat")).await;
    }
    let runner = world.successor();
    goes_on(&runner, Some(going)).await;
    for scope in [of(&[2]), titles("Alien")] {
        let full = start(&runner, scope).await.unwrap_err();
        assert_eq!(full.code, FailureCode::Busy);
        assert_eq!(full.message, "100 runs are waiting for their turn");
        assert!(full.remedy.unwrap().contains("listsync cancel RUN"));
    }
    let custom = world
        .write(|conn, _| List::find_by_name(conn, "custom", "custom"))
        .await;
    assert_eq!(custom, None, "a refused title is not kept");
}

#[actix_rt::test]
async fn a_request_that_is_refused_holds_up_nobody() {
    let world = World::new().await;
    let runner = world.runner();
    let (unknown, known) = futures_util::join!(start(&runner, of(&[99])), start(&runner, of(&[1])));
    assert_eq!(unknown.unwrap_err().code, FailureCode::NotFound);
    goes_on(&runner, Some(known.unwrap().run)).await;
}

#[actix_rt::test]
async fn what_is_asked_for_while_the_queue_is_looked_at_is_not_forgotten() {
    for _ in 0..10 {
        // Each with a database of its own: a runner before it would take what it is asked for.
        let world = World::new().await;
        let runner = world.successor();
        let (one, other, unknown) = futures_util::join!(
            start(&runner, of(&[1])),
            start(&runner, of(&[2])),
            start(&runner, of(&[99]))
        );
        assert!(one.is_ok() && other.is_ok() && unknown.is_err());
        for run in [1, 2].map(RunId) {
            goes_on(&runner, Some(run)).await;
            cancel(&runner, run).await.unwrap();
        }
        goes_on(&runner, None).await;
    }
}

#[actix_rt::test]
async fn a_process_that_ends_begins_no_further_run() {
    let world = World::new().await;
    let runner = world.runner();
    start(&runner, of(&[1])).await.unwrap();
    start(&runner, of(&[2])).await.unwrap();
    world.engine.boot().stop.request();
    goes_on(&runner, None).await;
    assert_eq!(world.run(RunId(1)).await.status, RunStatus::Running);
    assert_eq!(world.run(RunId(2)).await.status, RunStatus::Queued);
}
