//! Lists, a ledger and a shelf of movies: a real database, and a target that knows nothing of Seerr.
//! Readings are told to the database as they end; everything after them is what a run does.

use std::time::Duration;

use chrono::NaiveDateTime;
use runtime::Clock;
use schema::{
    DbError, SqliteConnection,
    models::{
        Decision, Event, EventKind, FetchKind, Following, Identity, LedgerStatus, List, ListId,
        ListItem, ListPolicy, MediaType, NewList, NewListItem, NewRun, NewTitle, Plan, PlanId,
        PlanItem, RunId, RunStatus, RunTrigger, SyncRun, SyncedItem, Title, TitleRef,
    },
    wire::sync::RunReport,
};
use tokio_util::sync::CancellationToken;

use super::super::{Ground, Purpose, carry_out};
use crate::{
    engine::Engine,
    run::{Ended, Going, Interrupted, look, planned, read::ListRead, report, wishes::Wishes},
    sample_engine::engine,
    target::{
        Target,
        in_memory::{Fault, InMemory},
    },
};

/// How long a request may be under way.
const PATIENCE: [(&str, &str); 2] = [
    ("LISTSYNC_SEERR_TIMEOUT_S", "60"),
    ("LISTSYNC_SEERR_SETTLE_S", "120"),
];

/// When every test begins.
pub(super) fn noon() -> NaiveDateTime {
    "2026-11-22T12:00:00".parse().unwrap()
}

pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) shelf: InMemory,
    folder: tempfile::TempDir,
}

/// How a run ended and what it reported.
pub(super) struct Ran {
    pub(super) interrupted: Option<Interrupted>,
    pub(super) report: RunReport,
}

impl Ran {
    /// The numbers of titles that were requested, had been, are in the library, wait and failed.
    pub(super) fn counts(&self) -> [u32; 5] {
        let counts = self.report.summary.counts;
        [
            counts.requested,
            counts.already_requested,
            counts.available,
            counts.waiting,
            counts.failed,
        ]
    }

    /// What the report calls its titles: `requested`, with the reason.
    pub(super) fn told(&self) -> Vec<String> {
        let reasons = self.report.reasons.iter();
        reasons
            .map(|one| format!("{}: {}", one.decision, one.reason))
            .collect()
    }
}

impl World {
    /// With this many movies of which nobody has asked for any.
    pub(super) fn with_movies(movies: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shelf = (1..=movies).fold(InMemory::new(), |shelf, number| {
            shelf.movie(number, &format!("tt{number}"), &name(number), 1999)
        });
        Self {
            engine: engine(folder.path(), Clock::fixed(noon()), &PATIENCE),
            shelf,
            folder,
        }
    }

    /// The next process over the same database.
    pub(super) fn restart(&mut self) {
        self.engine = engine(self.folder.path(), self.engine.clock.clone(), &PATIENCE);
    }

    /// Lets the clock go with the time that is slept, which takes none.
    pub(super) fn let_time_pass(&self) {
        tokio::time::pause();
        let clock = self.engine.clock.clone();
        actix_rt::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                clock.advance(Duration::from_secs(1));
            }
        });
    }

    pub(super) fn later(&self, minutes: u64) {
        self.engine.clock.advance(Duration::from_mins(minutes));
    }

    pub(super) async fn db<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut SqliteConnection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.engine.db.write(change).await.unwrap()
    }

    /// A list that has these movies.
    pub(super) async fn list(&self, id: &str, withdraws: bool, movies: &[i64]) -> ListId {
        let (now, id) = (self.engine.clock.now(), id.to_owned());
        let list = self
            .db(move |conn| {
                let new = NewList {
                    list_type: "imdb".into(),
                    list_id: id,
                    list_url: String::new(),
                    description: String::new(),
                    status: FetchKind::Complete,
                    auto_sync: true,
                    item_limit: None,
                    from_settings: false,
                    created_at: now,
                    updated_at: now,
                };
                let list = List::insert(conn, &new)?.id;
                let mut policy = ListPolicy::of(conn, list)?;
                policy.withdraws = Some(withdraws);
                policy.save(conn)?;
                Ok(list)
            })
            .await;
        for movie in movies {
            self.put(list, *movie).await;
        }
        list
    }

    /// The movie comes onto the list, or comes back.
    pub(super) async fn put(&self, list: ListId, movie: i64) {
        let now = self.engine.clock.now();
        self.db(move |conn| {
            let known = entry(conn, list, movie)?;
            if let Some(item) = known {
                return Ok(ListItem::mark_back(conn, &[item.id], now, None)?);
            }
            ListItem::insert(conn, &[new_entry(list, movie, now)])?;
            let title = Title::ensure(conn, &title(movie, now))?;
            if let Some(mut item) = entry(conn, list, movie)? {
                item.identity = Identity::Matched;
                item.title_ref = Some(title.id);
                item.save_identity(conn)?;
            }
            Ok(())
        })
        .await;
    }

    /// The movie leaves the list.
    pub(super) async fn take_off(&self, list: ListId, movie: i64) {
        let now = self.engine.clock.now();
        self.db(move |conn| {
            let item = entry(conn, list, movie)?.unwrap();
            Ok(ListItem::mark_left(conn, &[item.id], now, None)?)
        })
        .await;
    }

    /// A run over all lists.
    pub(super) async fn run(&self) -> Ran {
        let lists = self.db(|conn| Ok(List::all(conn, false)?)).await;
        let lists: Vec<ListId> = lists.into_iter().map(|(list, _)| list.id).collect();
        self.run_over(&lists, Purpose::Apply).await
    }

    /// A run over some lists.
    pub(super) async fn run_over(&self, lists: &[ListId], purpose: Purpose) -> Ran {
        let run = self.begin().await;
        let going = self.going(run);
        let mut tally = report::Tally::default();
        let done = self.decide_and_do(&going, lists, purpose, &mut tally).await;
        self.end(run, done, tally).await
    }

    /// A run that only makes a plan.
    pub(super) async fn plan(&self, lists: &[ListId]) -> PlanId {
        let ran = self.run_over(lists, Purpose::OnlyPlan).await;
        assert!(ran.interrupted.is_none(), "{:?}", ran.interrupted);
        ran.report.summary.plan.unwrap()
    }

    /// A run that carries a plan out.
    pub(super) async fn apply(&self, plan: PlanId) -> Ran {
        let run = self.begin().await;
        let going = self.going(run);
        let mut tally = report::Tally::default();
        let (engine, target) = (&self.engine, &self.shelf);
        let done = async {
            let ground = planned(engine, target, &going, plan).await?;
            carry_out(engine, target, &going, ground, &mut tally).await
        };
        let done = done.await;
        self.end(run, done, tally).await
    }

    async fn begin(&self) -> RunId {
        let now = self.engine.clock.now();
        self.db(move |conn| {
            let new = NewRun {
                sync_started: now,
                sync_mode: RunTrigger::Manual,
                status: RunStatus::Running,
                scope: "{}".into(),
                is_full: true,
            };
            Ok(SyncRun::insert(conn, &new)?.id)
        })
        .await
    }

    fn going(&self, run: RunId) -> Going {
        Going::new(run, CancellationToken::new(), self.engine.feed.clone())
    }

    async fn decide_and_do(
        &self,
        going: &Going,
        lists: &[ListId],
        purpose: Purpose,
        tally: &mut report::Tally,
    ) -> Result<(), Interrupted> {
        let info = self.shelf.check().await?;
        let snapshot = look(&self.engine, &self.shelf).await?;
        let reads = self.reads(lists).await;
        let seerr = &self.engine.settings().settings.seerr;
        let wishes = Wishes::merge(&self.engine, &reads, seerr).await?;
        let ground = Ground {
            info,
            snapshot,
            wishes: wishes
                .with_open_requests(&self.engine, self.shelf.name())
                .await?,
            undone: None,
            purpose,
        };
        carry_out(&self.engine, &self.shelf, going, ground, tally).await
    }

    async fn reads(&self, lists: &[ListId]) -> Vec<ListRead> {
        let all = self.db(|conn| Ok(List::all(conn, false)?)).await;
        let read = |(list, policy)| ListRead {
            list,
            policy,
            outcome: FetchKind::Complete,
            reason: None,
            read: 0,
        };
        let wanted = all.into_iter().filter(|(list, _)| lists.contains(&list.id));
        wanted.map(read).collect()
    }

    async fn end(&self, run: RunId, done: Result<(), Interrupted>, tally: report::Tally) -> Ran {
        let status = match &done {
            Ok(()) => RunStatus::Completed,
            Err(_) => RunStatus::Failed,
        };
        let ended = Ended {
            status,
            reason: None,
            is_retryable: false,
        };
        let report = report::record(&self.engine, run, &ended, tally).await;
        Ran {
            interrupted: done.err(),
            report: report.unwrap(),
        }
    }

    /// What goes wrong once with a question that begins with this word.
    pub(super) fn fault(&self, word: &'static str, fault: Fault) {
        self.shelf.change(|shelf| shelf.faults.push((word, fault)));
    }

    /// How often something was asked of the shelf: `submit 1`.
    pub(super) fn asked(&self, question: &str) -> usize {
        let questions = &self.shelf.look().asked;
        let fitting = questions.iter().filter(|asked| *asked == question);
        fitting.count()
    }

    /// The ledger.
    pub(super) async fn rows(&self) -> Vec<SyncedItem> {
        self.db(|conn| Ok(SyncedItem::of_target(conn, "shelf")?))
            .await
    }

    /// The ledger's row of a movie.
    pub(super) async fn row(&self, movie: i64) -> SyncedItem {
        let rows = self.rows().await;
        rows.into_iter().find(|row| row.tmdb_id == movie).unwrap()
    }

    pub(super) async fn status(&self, movie: i64) -> LedgerStatus {
        self.row(movie).await.status
    }

    /// How often people were told that something was requested.
    pub(super) async fn told_requests(&self) -> usize {
        let events = self.db(|conn| Ok(Event::after(conn, 0)?)).await;
        let Following::Events(events) = events else {
            panic!("events were forgotten")
        };
        let told = events
            .iter()
            .filter(|event| event.kind == EventKind::TitleRequested);
        told.count()
    }

    /// The decisions on a movie, the newest first.
    pub(super) async fn decisions(&self, movie: i64) -> Vec<String> {
        let now = noon();
        let told = self
            .db(move |conn| {
                let title: TitleRef = Title::ensure(conn, &title(movie, now))?.id;
                Ok(Decision::of_title(conn, title)?)
            })
            .await;
        told.into_iter()
            .map(|one| format!("{}: {}", one.decision, one.reason))
            .collect()
    }

    /// What became of the titles of a plan, in its order.
    pub(super) async fn outcomes(&self, plan: PlanId) -> Vec<String> {
        let items = self
            .db(move |conn| Ok(PlanItem::page(conn, plan, 0, 100)?))
            .await;
        let told = items.into_iter();
        told.map(|item| item.outcome.unwrap_or_else(|| "nothing".into()))
            .collect()
    }

    /// How many requests of a plan are still to be made.
    pub(super) async fn left(&self, plan: PlanId) -> u32 {
        let now = self.engine.clock.now();
        self.db(move |conn| {
            Plan::expire(conn, now)?;
            Ok(Plan::find(conn, plan)?.unwrap().left(conn)?.requests)
        })
        .await
    }
}

fn name(movie: i64) -> String {
    format!("Movie {movie}")
}

fn title(movie: i64, now: NaiveDateTime) -> NewTitle {
    NewTitle {
        media_type: MediaType::Movie,
        tmdb_id: movie,
        title: name(movie),
        year: Some(1999),
        created_at: now,
        updated_at: now,
    }
}

fn entry(
    conn: &mut SqliteConnection,
    list: ListId,
    movie: i64,
) -> Result<Option<ListItem>, DbError> {
    let key = format!("tmdb:movie:{movie}");
    Ok(ListItem::by_keys(conn, list, &[&key])?.pop())
}

fn new_entry(list: ListId, movie: i64, now: NaiveDateTime) -> NewListItem {
    NewListItem {
        list,
        entry_key: format!("tmdb:movie:{movie}"),
        rank: i32::try_from(movie).unwrap(),
        title: name(movie),
        original_title: None,
        year: Some(1999),
        media_type: Some(MediaType::Movie),
        imdb_id: None,
        tmdb_id: Some(movie),
        tvdb_id: None,
        trakt_id: None,
        season: None,
        first_seen: now,
        fetch: None,
        identity: Identity::New,
    }
}
