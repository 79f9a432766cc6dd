//! Tests of [`super`]: which entries are believed, what that costs, and that nothing else is requested.

use runtime::{Boot, Clock, Environment, Readiness, Stop, settings};
use schema::{
    Db,
    models::{
        Decision, FetchKind, IdSource, List, ListId, MediaType, NewList, NewListItem, NewPin,
        NewRun, Pin, ReviewCandidate, RunStatus, RunTrigger, SeasonFacts, SyncRun, TitleFacts,
    },
};
use tokio_util::sync::CancellationToken;

#[path = "unasked_tests.rs"]
mod unasked;

use super::*;
use crate::{
    engine::Engine,
    run::{
        Going,
        apply::{Ground, Purpose, carry_out},
        report::Tally,
        wishes::Wishes,
    },
    target::in_memory::InMemory,
};

/// A household with two films to be had.
struct House {
    engine: Engine,
    shelf: InMemory,
    _folder: tempfile::TempDir,
}

/// What a list says of an entry.
#[derive(Clone, Copy)]
struct Told {
    title: &'static str,
    year: i32,
    media_type: MediaType,
    tmdb_id: Option<i64>,
    imdb_id: Option<&'static str>,
}

const HEAT: Told = Told {
    title: "Heat",
    year: 1995,
    media_type: MediaType::Movie,
    tmdb_id: None,
    imdb_id: None,
};

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().to_str().unwrap();
        let environment = Environment::of([("LISTSYNC_DATA_DIR", own), ("LISTSYNC_RUN_DIR", own)]);
        let settings = settings::load(&environment, None, &[]).unwrap();
        let database = settings.settings.paths.database();
        schema::migrate(&database).unwrap();
        let engine = Engine::new(Boot {
            db: Db::open(&database).unwrap(),
            cipher: None,
            clock: Clock::system(),
            stop: Stop::new(),
            ready: Readiness::default(),
            settings,
            environment,
        });
        Self {
            engine,
            shelf: InMemory::new()
                .movie(550, "tt0137523", "Fight Club", 1999)
                .movie(949, "tt0113277", "Heat", 1995),
            _folder: folder,
        }
    }

    async fn write<O: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection, NaiveDateTime) -> Result<O, DbError> + Send + 'static,
    ) -> O {
        let now = self.engine.clock.now();
        let done = self.engine.db.write(move |conn| work(conn, now));
        done.await.unwrap()
    }

    /// A list of a site with these entries.
    async fn list(&self, site: &'static str, entries: &[Told]) -> ListId {
        let entries = entries.to_vec();
        self.write(move |conn, now| {
            let new = NewList {
                list_type: site.into(),
                list_id: site.into(),
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
            let rows: Vec<NewListItem> = (1..)
                .zip(entries)
                .map(|(rank, told)| NewListItem {
                    list,
                    entry_key: format!("place:{rank}"),
                    rank,
                    title: told.title.into(),
                    original_title: None,
                    year: Some(told.year),
                    media_type: Some(told.media_type),
                    imdb_id: told.imdb_id.map(str::to_owned),
                    tmdb_id: told.tmdb_id,
                    tvdb_id: None,
                    season: None,
                    trakt_id: None,
                    first_seen: now,
                    fetch: None,
                    identity: Identity::New,
                })
                .collect();
            ListItem::insert(conn, &rows)?;
            Ok(list)
        })
        .await
    }

    /// One run over these lists; what was asked of the target about single titles.
    async fn run(&self, lists: &[ListId]) -> Vec<String> {
        self.run_for(lists, Purpose::Apply).await
    }

    async fn run_for(&self, lists: &[ListId], purpose: Purpose) -> Vec<String> {
        let run = self
            .write(|conn, now| {
                let new = NewRun {
                    sync_started: now,
                    sync_mode: RunTrigger::Manual,
                    status: RunStatus::Running,
                    scope: "{}".into(),
                    is_full: true,
                };
                Ok(SyncRun::insert(conn, &new)?.id)
            })
            .await;
        let going = Going::new(run, CancellationToken::new(), self.engine.feed.clone());
        let mut tally = Tally::default();
        identify::entries(&self.engine, &self.shelf, &going, lists, &mut tally)
            .await
            .unwrap();
        let defaults = self.engine.settings().settings.seerr.clone();
        let wishes = Wishes::of_lists(&self.engine, lists.to_vec(), &defaults);
        let ground = Ground {
            info: self.shelf.check().await.unwrap(),
            snapshot: self.shelf.snapshot().await.unwrap(),
            wishes: wishes.await.unwrap(),
            undone: None,
            purpose,
        };
        carry_out(&self.engine, &self.shelf, &going, ground, &mut tally)
            .await
            .unwrap();
        let asked = self.shelf.change(|shelf| std::mem::take(&mut shelf.asked));
        let is_of_titles = |question: &String| {
            let of_all = ["check", "snapshot", "verify"];
            !of_all.iter().any(|word| question.starts_with(word))
        };
        asked.into_iter().filter(is_of_titles).collect()
    }

    async fn items(&self, list: ListId) -> Vec<ListItem> {
        self.write(move |conn, _| Ok(ListItem::of_list(conn, list)?))
            .await
    }

    /// Why the first entry needs a person, and the numbers to choose from.
    async fn review(&self, list: ListId) -> (String, Vec<i64>) {
        let item = self.items(list).await.remove(0);
        assert_eq!(item.identity, Identity::NeedsReview, "{item:?}");
        assert_eq!(item.title_ref, None);
        let candidates: Vec<ReviewCandidate> =
            serde_json::from_str(item.candidates.as_deref().unwrap()).unwrap();
        let numbers = candidates.iter().map(|one| one.tmdb_id).collect();
        (item.identity_reason.unwrap(), numbers)
    }
}

#[actix_rt::test]
async fn a_number_of_another_film_is_not_requested_and_a_person_gets_both() {
    let house = House::new();
    let wrong = Told {
        tmdb_id: Some(550),
        ..HEAT
    };
    let list = house.list("file", &[wrong]).await;
    assert_eq!(house.run(&[list]).await, ["details 550", "search Heat"]);
    assert_eq!(
        house.review(list).await,
        (
            "its number and its title mean different titles: the entry's TMDB id is movie 550 \"Fight \
             Club\" (1999); \"Heat\" (1995), as the list has it, is movie 949 \"Heat\" (1995)"
                .to_owned(),
            vec![550, 949]
        )
    );
    assert_eq!(house.run(&[list]).await, [""; 0], "an unchanged run");
    let titles = house.write(|conn, _| Ok(Title::all(conn)?)).await;
    assert_eq!(
        titles[0].title, "Fight Club",
        "the list's name is forgotten"
    );

    // A person's choice ends it.
    house
        .write(|conn, now| {
            let pin = NewPin {
                entry_title: "Heat".into(),
                entry_year: Some(1995),
                entry_type: Some(MediaType::Movie),
                media_type: Some(MediaType::Movie),
                tmdb_id: Some(550),
                title: Some("Fight Club".into()),
                year: Some(1999),
                created_at: now,
            };
            Pin::save(conn, &pin, &["tmdb:movie:550".to_owned()])?;
            Ok(())
        })
        .await;
    let other = house.list("custom", &[wrong]).await;
    let asked = house.run(&[other]).await;
    assert!(asked.contains(&"submit 550".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"search Heat".to_owned()), "{asked:?}");
}

#[actix_rt::test]
async fn a_plan_does_not_say_that_it_would_request_what_is_not_believed() {
    let house = House::new();
    let wrong = Told {
        tmdb_id: Some(550),
        ..HEAT
    };
    let list = house.list("file", &[wrong]).await;
    let asked = house.run_for(&[list], Purpose::OnlyPlan).await;
    assert_eq!(asked, ["details 550", "search Heat"]);
    assert_eq!(house.review(list).await.1, [550, 949]);
}

#[actix_rt::test]
async fn ids_that_a_file_pairs_wrongly_are_noticed_by_one_look_up() {
    let house = House::new();
    let wrong = Told {
        tmdb_id: Some(550),
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let list = house.list("file", &[wrong]).await;
    assert_eq!(
        house.run(&[list]).await,
        ["look up Imdb(\"tt0113277\")", "details 550"]
    );
    assert_eq!(
        house.review(list).await,
        (
            "its ids mean different titles: the entry's TMDB id is movie 550 \"Fight Club\" (1999); \
             tt0113277 is movie 949 \"Heat\" (1995), known by imdb look-up"
                .to_owned(),
            vec![550, 949]
        )
    );
    assert_eq!(house.run(&[list]).await, [""; 0]);
}

#[actix_rt::test]
async fn ids_that_a_file_pairs_rightly_cost_one_look_up_for_ever_and_a_number_one_reading() {
    let house = House::new();
    let pair = Told {
        tmdb_id: Some(949),
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let number = Told {
        title: "Fight Club!",
        year: 1999,
        tmdb_id: Some(550),
        ..HEAT
    };
    let list = house.list("file", &[pair, number]).await;
    let mut asked = house.run(&[list]).await;
    asked.retain(|question| question != "details 949"); // reading ahead, which pays as long as it is slow
    assert_eq!(
        asked,
        [
            "look up Imdb(\"tt0113277\")",
            "details 550",
            "submit 949",
            "submit 550"
        ]
    );
    let other = house.list("custom", &[pair, number]).await;
    assert_eq!(house.run(&[list, other]).await, [""; 0]);
    let known = house
        .write(|conn, _| Ok(TitleId::of(conn, IdSource::Imdb, &["tt0137523"])?))
        .await;
    assert_eq!(known[0].known_by, "TMDB's details", "the map has learned");
}

#[actix_rt::test]
async fn what_one_database_pairs_is_asked_about_no_more_than_before() {
    let house = House::new();
    let pair = Told {
        tmdb_id: Some(949),
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let translated = Told {
        title: "El club de la lucha",
        year: 1999,
        tmdb_id: Some(550),
        ..HEAT
    };
    let list = house.list("trakt", &[pair, translated]).await;
    let asked = house.run(&[list]).await;
    let is_extra =
        |question: &&String| question.starts_with("look up") || question.starts_with("search");
    assert_eq!(asked.iter().find(is_extra), None);
    let submitted = asked.iter().filter(|asked| asked.starts_with("submit"));
    assert_eq!(submitted.count(), 2, "{asked:?}");
}

#[actix_rt::test]
async fn details_that_are_read_anyway_are_held_against_every_list() {
    let house = House::new();
    let wrong = Told {
        tmdb_id: Some(550),
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let misled = Told {
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let trakt = house.list("trakt", &[wrong]).await;
    let imdb = house.list("imdb", &[misled]).await;
    let asked = house.run(&[trakt, imdb]).await;
    assert!(
        !asked.iter().any(|question| question.starts_with("submit")),
        "{asked:?}"
    );
    assert_eq!(house.review(trakt).await.1, [550, 949]);
    // The other list told only the id, and was misled by the pair.
    let asked = house.run(&[trakt, imdb]).await;
    assert!(asked.contains(&"submit 949".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"submit 550".to_owned()), "{asked:?}");
}

#[actix_rt::test]
async fn an_entry_that_was_only_misled_waits_for_the_next_run_and_for_nobody() {
    let house = House::new();
    let misled = Told {
        imdb_id: Some("tt0113277"),
        ..HEAT
    };
    let list = house.list("imdb", &[misled]).await;
    let title = house
        .write(move |conn, now| {
            let new = NewTitle {
                media_type: MediaType::Movie,
                tmdb_id: 550,
                title: "Fight Club".into(),
                year: Some(1999),
                created_at: now,
                updated_at: now,
            };
            let title = Title::ensure(conn, &new)?.id;
            let mut item = ListItem::of_list(conn, list)?.remove(0);
            item.identity = Identity::Matched;
            item.title_ref = Some(title);
            item.identity_reason = Some("tt0113277, known by the entry's TMDB id".into());
            item.save_identity(conn)?;
            Ok(title)
        })
        .await;
    let asked = house.run(&[list]).await;
    assert_eq!(asked, ["details 550", "look up Imdb(\"tt0113277\")"]);
    let decision = house
        .write(move |conn, _| Ok(Decision::latest_of(conn, &[title])?.remove(0)))
        .await;
    assert_eq!(
        (decision.reason.as_str(), decision.remedy.as_deref()),
        (
            "its id is another title's: it is looked at anew",
            Some("The next run does it by itself.")
        )
    );
    let asked = house.run(&[list]).await;
    assert!(asked.contains(&"submit 949".to_owned()), "{asked:?}");
}

#[actix_rt::test]
async fn a_translated_title_is_believed_where_no_other_title_has_that_name() {
    let house = House::new();
    let translated = Told {
        title: "El club de la lucha",
        year: 1999,
        tmdb_id: Some(550),
        ..HEAT
    };
    let list = house.list("file", &[translated]).await;
    let asked = house.run(&[list]).await;
    assert!(asked.contains(&"submit 550".to_owned()), "{asked:?}");
}

#[actix_rt::test]
async fn a_number_that_tmdb_does_not_have_is_left_to_the_request() {
    let house = House::new();
    let lost = Told {
        tmdb_id: Some(7),
        ..HEAT
    };
    let list = house.list("file", &[lost]).await;
    let asked = house.run(&[list]).await;
    let times = |question: &str| asked.iter().filter(|one| *one == question).count();
    assert_eq!((times("details 7"), times("submit 7")), (2, 1), "{asked:?}");
}

#[actix_rt::test]
async fn a_tvdb_id_of_two_shows_stays_with_the_first_and_means_neither_alone() {
    let house = House::new();
    let told = |tmdb_id| NewTitle {
        media_type: MediaType::Tv,
        tmdb_id,
        title: "The Lamp".into(),
        year: Some(2001),
        created_at: house.engine.clock.now(),
        updated_at: house.engine.clock.now(),
    };
    let (one, other) = (told(7), told(8));
    let shared = Details {
        tvdb_id: Some(9),
        ..Details::default()
    };
    let titles = house
        .write(move |conn, _| Ok([Title::ensure(conn, &one)?, Title::ensure(conn, &other)?]))
        .await;
    let (first, second) = (titles[0].clone(), titles[1].clone());
    let told = async |title: &Title, details: &Details| {
        let (title, details) = (title.clone(), details.clone());
        house
            .write(move |conn, now| {
                identity::learn(conn, identity::ids_of_details(&title, &details, now))?;
                Ok(TitleId::of(conn, IdSource::Tvdb, &["9"])?)
            })
            .await
    };
    assert_eq!(told(&first, &shared).await[0].title, first.id);
    let marked = told(&second, &shared).await;
    assert_eq!(marked[0].title, first.id, "the first keeps it");
    assert_eq!(marked[0].known_by, "TMDB's details, of several titles");
    // Week after week nothing changes.
    for title in [&first, &second, &first] {
        assert_eq!(told(title, &shared).await, marked);
    }
    let looked_up = |title: &Title, known_by: &str| TitleId {
        source: IdSource::Tvdb,
        external_id: "9".into(),
        media_type: MediaType::Tv,
        title: title.id,
        known_by: known_by.into(),
        known_at: house.engine.clock.now(),
    };
    let learned = async |id: TitleId| {
        house
            .write(move |conn, _| {
                identity::learn(conn, vec![id])?;
                Ok(TitleId::of(conn, IdSource::Tvdb, &["9"])?.remove(0).title)
            })
            .await
    };
    let of_two = looked_up(&second, "tvdb look-up: title equal, year equal");
    assert_eq!(learned(of_two).await, first.id, "one of two answers");
    let only = looked_up(&second, "tvdb look-up");
    assert_eq!(learned(only).await, second.id, "TMDB gives it to one only");
}

#[actix_rt::test]
async fn a_show_that_cannot_be_asked_about_is_asked_about_once_a_run() {
    let house = House::new();
    let show = Told {
        media_type: MediaType::Tv,
        tmdb_id: Some(4),
        ..HEAT
    };
    let list = house.list("trakt", &[show]).await;
    house
        .write(|conn, now| {
            let new = NewTitle {
                media_type: MediaType::Tv,
                tmdb_id: 4,
                title: "Heat".into(),
                year: Some(1995),
                created_at: now,
                updated_at: now,
            };
            let title = Title::ensure(conn, &new)?.id;
            let facts = TitleFacts {
                title,
                seasons: vec![SeasonFacts {
                    season: 1,
                    airs_on: Some("1995-01-01".parse().unwrap()),
                }],
                has_ended: true,
                has_tvdb_id: true,
                known_at: now,
                refresh_at: now - chrono::Duration::days(1),
            };
            Ok(facts.save(conn)?)
        })
        .await;
    assert_eq!(house.run(&[list]).await, ["details 4", "submit 4"]);
}
