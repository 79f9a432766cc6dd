use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};

use actix::prelude::*;
use runtime::{
    Boot, Clock, Environment, Readiness, Stop, settings,
    socket::{Answers, serve},
};
use schema::{
    Db,
    models::{RunId, RunTrigger},
    wire::{
        Link,
        scraper::{ListsRecognized, ScraperLink},
        sync::{RunPhase, RunProgress, StartRun},
    },
};
use tokio::{sync::watch as channel, time::timeout};

use super::*;
use crate::run::Accepted;
use crate::run::{StartNow, Watch};

/// Lists by file; a file that is missing is no export. With `None` the scraper-worker is away once.
type Files = Arc<StdMutex<HashMap<String, Option<Vec<&'static str>>>>>;

struct World {
    folder: tempfile::TempDir,
    files: Files,
    engine: Engine,
    exports: Exports,
    asked: Mutex<UnboundedReceiver<Vec<ListId>>>,
    stop: Stop,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.request();
    }
}

fn recognized(list_id: &str) -> ListRecognized {
    ListRecognized {
        list_type: "file".into(),
        list_id: list_id.into(),
        list_url: format!("exports/{list_id}"),
        name: list_id.into(),
        notice: None,
    }
}

fn answer(files: &Files, request: ToScraper) -> FromScraper {
    let ToScraper::ListsInFile(asked) = request else {
        panic!("{request:?}")
    };
    let mut files = files.lock().unwrap();
    let Some(lists) = files.get_mut(&asked.file) else {
        let message = format!("{} is no export", asked.file);
        return Failure::new(FailureCode::Invalid, message).into();
    };
    if let Some(lists) = lists {
        return FromScraper::ListsRecognized(ListsRecognized {
            lists: lists.iter().map(|id| recognized(id)).collect(),
        });
    }
    *lists = Some(vec!["a.csv"]);
    Failure::new(FailureCode::Unavailable, "it is ending").into()
}

impl World {
    async fn new(automated: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().to_str().unwrap();
        let environment = Environment::of([
            ("LISTSYNC_DATA_DIR", own),
            ("LISTSYNC_RUN_DIR", own),
            ("AUTOMATED_MODE", if automated { "true" } else { "false" }),
        ]);
        let settings = settings::load(&environment, None, &[]).unwrap();
        let paths = settings.settings.paths.clone();
        paths.create().unwrap();
        schema::migrate(&paths.database()).unwrap();
        let stop = Stop::new();
        let boot = Boot {
            db: Db::open(&paths.database()).unwrap(),
            cipher: None,
            clock: Clock::system(),
            stop: stop.clone(),
            ready: Readiness::default(),
            settings,
            environment,
        };
        let engine = Engine::new(boot);
        let (exports, asked) = Exports::new(engine.clone(), false);
        let files = Files::default();
        let (known, until) = (Arc::clone(&files), stop.clone());
        let socket = paths.socket(ScraperLink::SOCKET);
        let bound = socket.clone();
        actix_rt::spawn(async move {
            let handler = move |request, answers: Answers<ScraperLink>| {
                let answer = answer(&known, request);
                async move { answers.last(answer).await }
            };
            serve::<ScraperLink, _>(&socket, handler, until)
                .await
                .unwrap();
        });
        while !bound.exists() {
            tokio::task::yield_now().await;
        }
        Self {
            folder,
            files,
            engine,
            exports,
            asked: Mutex::new(asked),
            stop,
        }
    }

    /// Puts a file there that holds these lists.
    fn put(&self, file: &str, lists: &[&'static str]) {
        let mut files = self.files.lock().unwrap();
        files.insert(file.into(), Some(lists.to_vec()));
        let at = self.folder.path().join("exports");
        fs::write(at.join(".new"), lists.join(",")).unwrap();
        fs::rename(at.join(".new"), at.join(file)).unwrap();
    }

    async fn add(&self, file: &str) -> (Vec<String>, Vec<String>) {
        let added = self.exports.add_file(file).await.unwrap();
        let ids = |lists: Vec<ListView>| lists.into_iter().map(|list| list.list_id).collect();
        (ids(added.added), ids(added.there_already))
    }

    /// Ids of the lists that are followed.
    async fn lists(&self) -> Vec<String> {
        let all = self.engine.db.read(|conn| List::all(conn, false)).await;
        all.unwrap()
            .into_iter()
            .map(|(list, _)| list.list_id)
            .collect()
    }

    async fn remove(&self, list_id: &'static str) {
        let find = |conn: &mut schema::SqliteConnection| List::find_by_name(conn, "file", list_id);
        let list = self.engine.db.read(find).await.unwrap().unwrap();
        lists::remove(&self.engine, list.id).await.unwrap();
    }

    /// How many lists the next run is asked to read.
    async fn next_run(&self) -> usize {
        let next = async { self.asked.lock().await.recv().await.unwrap().len() };
        timeout(Duration::from_secs(10), next).await.unwrap()
    }

    fn is_no_run_asked(&self) -> bool {
        self.asked.try_lock().unwrap().try_recv().is_err()
    }
}

#[actix_rt::test]
async fn a_file_that_a_person_brings_is_followed_and_read_at_once() {
    let world = World::new(true).await;
    world.put("a.zip", &["a/watchlist", "a/lists/b"]);
    let (added, there) = world.add("a.zip").await;
    assert_eq!((added.len(), there.len()), (2, 0));
    assert_eq!(world.next_run().await, 2);
    let (added, there) = world.add("a.zip").await;
    assert_eq!((added.len(), there.len()), (0, 2));
    assert!(world.is_no_run_asked(), "nothing has changed");
    world.put("a.zip", &["a/watchlist", "a/lists/b", "a/lists/c"]);
    let (added, there) = world.add("a.zip").await;
    assert_eq!(
        (added.as_slice(), there.len()),
        (&["a/lists/c".to_owned()][..], 2)
    );
    assert_eq!(world.next_run().await, 3);
}

#[actix_rt::test]
async fn whoever_comes_first_the_person_hears_what_was_added() {
    let world = World::new(true).await;
    world.put("a.csv", &["a.csv"]);
    world.exports.take_in("a.csv", Who::Folder).await.unwrap();
    assert_eq!(world.next_run().await, 1);
    assert_eq!(world.add("a.csv").await, (vec!["a.csv".to_owned()], vec![]));
    assert_eq!(world.add("a.csv").await, (vec![], vec!["a.csv".to_owned()]));
    world.exports.take_in("a.csv", Who::Folder).await.unwrap();
    assert!(world.is_no_run_asked());
}

#[actix_rt::test]
async fn a_removed_list_comes_back_only_when_a_person_asks_for_it() {
    let world = World::new(true).await;
    world.put("a.csv", &["a.csv"]);
    world.add("a.csv").await;
    world.remove("a.csv").await;
    for who in [Who::Start, Who::Folder] {
        world.put("a.csv", &["a.csv"]);
        world.exports.take_in("a.csv", who).await.unwrap();
        assert!(world.lists().await.is_empty());
    }
    assert_eq!(world.add("a.csv").await.0, ["a.csv"]);
}

#[actix_rt::test]
async fn a_file_that_its_owner_has_explained_is_read_so_and_not_beside_it() {
    let world = World::new(true).await;
    let explain = async |list_id: &str| {
        lists::store(
            &world.engine,
            recognized(list_id),
            AddList::default(),
            false,
        )
        .await
        .unwrap();
    };
    explain("films.csv?title=Film").await;
    explain("films.csv?title=Jahr").await;
    explain("other.csv?title=Film").await;
    let both = ["films.csv?title=Film", "films.csv?title=Jahr"].map(str::to_owned);
    // Whether or not it is understood without.
    for is_understood in [true, false] {
        world.put("films.csv", &["films.csv"]);
        if !is_understood {
            world.files.lock().unwrap().clear();
        }
        let taken = world.exports.take_in("films.csv", Who::Folder).await;
        assert!(taken.unwrap().added.is_empty());
        assert_eq!(world.next_run().await, 2);
        assert_eq!(world.add("films.csv").await, (vec![], both.to_vec()));
    }
    assert_eq!(world.lists().await.len(), 3);
    // What is followed as it is goes on being so.
    world.put("a.zip", &["a.zip/one.csv", "letterboxd-a/two"]);
    world.add("a.zip").await;
    assert_eq!(world.next_run().await, 2);
    explain("a.zip/one.csv?title=Film").await;
    explain("letterboxd-a/two?title=Film").await;
    world.put("a.zip", &["a.zip/one.csv", "letterboxd-a/two"]);
    let taken = world.exports.take_in("a.zip", Who::Folder).await.unwrap();
    assert_eq!((taken.added.len(), taken.there_already.len()), (0, 4));
    assert_eq!(world.next_run().await, 4);
}

#[actix_rt::test]
async fn what_is_no_export_or_is_not_there_is_refused() {
    let world = World::new(true).await;
    world.put("a.csv", &[]);
    world.files.lock().unwrap().clear();
    let failure = world.exports.add_file("a.csv").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Invalid);
    assert_eq!(failure.message, "a.csv is no export");
    let failure = world.exports.add_file("gone.csv").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::NotFound);
    assert!(
        failure.message.contains("gone.csv is not there"),
        "{failure}"
    );
    assert!(world.lists().await.is_empty() && world.is_no_run_asked());
}

#[actix_rt::test]
async fn no_run_is_started_without_automation_or_for_a_list_that_is_left_out() {
    let world = World::new(false).await;
    world.put("a.csv", &["a.csv"]);
    world.add("a.csv").await;
    assert!(world.is_no_run_asked());
    let world = World::new(true).await;
    world.put("a.csv", &["a.csv"]);
    let list = world.exports.add_file("a.csv").await.unwrap().added[0].id;
    assert_eq!(world.next_run().await, 1);
    let mut change = schema::wire::sync::ChangeList::of(list);
    change.auto_sync = Some(false);
    lists::change(&world.engine, change).await.unwrap();
    world.put("a.csv", &["a.csv"]);
    world.add("a.csv").await;
    assert!(world.is_no_run_asked());
}

#[actix_rt::test]
async fn the_folder_is_looked_at_when_it_begins_and_watched_from_then_on() {
    let world = World::new(true).await;
    world.put("before.csv", &["before.csv"]);
    world.put("broken.csv", &[]);
    world.files.lock().unwrap().remove("broken.csv");
    let (told, mut heard) = unbounded_channel();
    let tell = move || told.send(()).unwrap();
    let watching = actix_rt::spawn(watch::follow(world.exports.clone(), tell));
    heard.recv().await.unwrap();
    assert_eq!(world.next_run().await, 1);
    world.put("after.csv", &["after.csv"]);
    assert_eq!(world.next_run().await, 1);
    assert_eq!(world.lists().await, ["before.csv", "after.csv"]);
    world.put("before.csv", &["before.csv"]);
    assert_eq!(world.next_run().await, 1);
    fs::remove_file(world.folder.path().join("exports/after.csv")).unwrap();
    world.put("last.csv", &["last.csv"]);
    assert_eq!(world.next_run().await, 1);
    assert_eq!(
        world.lists().await.len(),
        3,
        "a removed file removes no list"
    );
    watching.abort();
}

#[actix_rt::test]
async fn at_a_start_lists_that_are_followed_already_start_no_run() {
    let world = World::new(true).await;
    world.put("a.csv", &["a.csv"]);
    world.add("a.csv").await;
    assert_eq!(world.next_run().await, 1);
    let (after, mut asked) = Exports::new(world.engine.clone(), false);
    after.take_in("a.csv", Who::Start).await.unwrap();
    assert!(asked.try_recv().is_err());
    after.take_in("a.csv", Who::Folder).await.unwrap();
    assert!(asked.try_recv().is_err(), "it has not changed since");
}

#[actix_rt::test]
async fn a_scraper_worker_that_is_away_is_asked_again() {
    let world = World::new(true).await;
    world.put("a.csv", &["a.csv"]);
    world.files.lock().unwrap().insert("a.csv".into(), None);
    // So that the pause before the second try takes none.
    tokio::time::pause();
    let watching = actix_rt::spawn(watch::follow(world.exports.clone(), || {}));
    let added = world.asked.lock().await.recv().await.unwrap();
    assert_eq!(added.len(), 1);
    watching.abort();
}

/// Runs one at a time, as long as the test wants.
#[derive(Default)]
struct Runs {
    going: Option<channel::Sender<RunProgress>>,
    told: Option<UnboundedSender<StartRun>>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct End;

impl Actor for Runs {
    type Context = Context<Self>;
}

impl Handler<StartNow> for Runs {
    type Result = Result<Accepted, Failure>;

    fn handle(&mut self, StartNow(scope): StartNow, _: &mut Self::Context) -> Self::Result {
        assert!(self.going.is_none(), "another run is going on");
        let progress = RunProgress {
            run: RunId(1),
            phase: RunPhase::Read,
            done: 0,
            total: 0,
            item: None,
        };
        self.going = Some(channel::channel(progress).0);
        self.told.as_ref().unwrap().send(scope).unwrap();
        Ok(Accepted {
            run: RunId(1),
            is_queued: false,
            is_new: true,
        })
    }
}

impl Handler<Watch> for Runs {
    type Result = Option<channel::Receiver<RunProgress>>;

    fn handle(&mut self, _: Watch, _: &mut Self::Context) -> Self::Result {
        self.going.as_ref().map(channel::Sender::subscribe)
    }
}

impl Handler<End> for Runs {
    type Result = ();

    fn handle(&mut self, _: End, _: &mut Self::Context) {
        self.going = None;
    }
}

#[actix_rt::test]
async fn runs_start_one_after_the_other() {
    let (told, mut started) = unbounded_channel();
    let actor = Runs {
        going: None,
        told: Some(told),
    }
    .start();
    let (asks, asked) = unbounded_channel();
    let (runner, watch) = (actor.clone().recipient(), actor.clone().recipient());
    let starting = actix_rt::spawn(runs::start(asked, runner, watch));
    asks.send(vec![ListId(1)]).unwrap();
    asks.send(vec![ListId(3), ListId(2)]).unwrap();
    let first = started.recv().await.unwrap();
    assert_eq!(
        (first.lists, first.trigger),
        (vec![ListId(1)], RunTrigger::Schedule)
    );
    assert!(started.try_recv().is_err());
    // A file that changes again while another run goes on is still read once.
    asks.send(vec![ListId(2)]).unwrap();
    actor.send(End).await.unwrap();
    let second = timeout(Duration::from_secs(10), started.recv()).await;
    assert_eq!(second.unwrap().unwrap().lists, [ListId(2), ListId(3)]);
    drop(asks);
    actor.send(End).await.unwrap();
    starting.await.unwrap();
    assert!(started.try_recv().is_err());
}
