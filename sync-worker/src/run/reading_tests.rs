//! Tests of reading and identifying together, on a database: what is asked, and what is written.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use MediaType::{Movie, Tv};
use diesel::{connection::SimpleConnection, prelude::*, sql_query, sql_types::BigInt};
use runtime::Clock;
use schema::{
    DbError,
    models::{
        FetchKind, IdSource, Identity, List, ListId, ListItem, MediaType, NewList, NewPin, Pin,
        ReviewCandidate, RunId, Title, TitleId,
    },
    wire::{
        scraper::{Entry, FetchOutcome, ListFetched},
        sync::CustomEntry,
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Going, identify,
    membership::Gathered,
    read,
    record::{self, Recorded, Written},
    report::Tally,
};
use crate::{
    custom,
    engine::Engine,
    sample_engine::engine,
    target::{
        Candidate, Details, ForeignId, NewRequest, Snapshot, Submitted, Target, TargetError,
        TargetInfo, TargetRequest,
    },
};

/// A target that knows some ids and titles and remembers what it was asked.
#[derive(Clone, Default)]
struct Books {
    known: Rc<RefCell<HashMap<String, Vec<Candidate>>>>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Books {
    fn knows(&self, question: &str, (media_type, tmdb_id): (MediaType, i64)) {
        let candidate = Candidate {
            media_type,
            tmdb_id,
            title: "Paper Boats".into(),
            original_title: None,
            year: Some(1987),
            popularity: 1.0,
            alternative_titles: Vec::new(),
            poster_path: None,
        };
        let mut known = self.known.borrow_mut();
        known.entry(question.into()).or_default().push(candidate);
    }

    fn answer(&self, question: String) -> Vec<Candidate> {
        let answer = self.known.borrow().get(&question).cloned();
        self.asked.borrow_mut().push(question);
        answer.unwrap_or_default()
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.borrow_mut());
        asked.sort();
        asked
    }
}

impl Target for Books {
    fn name(&self) -> &'static str {
        "books"
    }

    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError> {
        if *id == ForeignId::Imdb("tt500".into()) {
            self.asked.borrow_mut().push("tt500".into());
            let message = "TMDB is away".into();
            return Err(TargetError::Upstream { message });
        }
        Ok(self.answer(match id {
            ForeignId::Imdb(id) => id.clone(),
            ForeignId::Tvdb(id) => id.to_string(),
        }))
    }

    async fn probe(&self, _id: &ForeignId) -> Result<(), TargetError> {
        Ok(())
    }

    async fn search(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        Ok(self.answer(title.to_owned()))
    }

    async fn details(&self, _media_type: MediaType, _tmdb_id: i64) -> Result<Details, TargetError> {
        panic!("not asked for")
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        panic!("not asked for")
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        panic!("not asked for")
    }

    async fn submit(&self, _wish: &NewRequest) -> Result<Submitted, TargetError> {
        panic!("not asked for")
    }

    async fn retry(&self, _request_id: i32) -> Result<(), TargetError> {
        panic!("not asked for")
    }

    async fn withdraw(&self, _request_id: i32) -> Result<(), TargetError> {
        panic!("not asked for")
    }

    async fn verify(&self, _oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        panic!("not asked for")
    }
}

/// Counts the rows that are written, whichever connection writes them.
const COUNT_WRITES: &str = "
    CREATE TABLE writes (of_table TEXT NOT NULL);
    CREATE TRIGGER item_new AFTER INSERT ON list_items BEGIN INSERT INTO writes VALUES ('items'); END;
    CREATE TRIGGER item_set AFTER UPDATE ON list_items BEGIN INSERT INTO writes VALUES ('items'); END;
    CREATE TRIGGER title_new AFTER INSERT ON titles BEGIN INSERT INTO writes VALUES ('titles'); END;
    CREATE TRIGGER id_new AFTER INSERT ON title_ids BEGIN INSERT INTO writes VALUES ('ids'); END;
    CREATE TRIGGER id_set AFTER UPDATE ON title_ids BEGIN INSERT INTO writes VALUES ('ids'); END;
    CREATE TRIGGER list_set AFTER UPDATE ON lists BEGIN INSERT INTO writes VALUES ('lists'); END;
    CREATE TRIGGER event_new AFTER INSERT ON events BEGIN INSERT INTO writes VALUES ('events'); END;
";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

struct House {
    engine: Engine,
    books: Books,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), Clock::system(), &[]);
        let house = Self {
            engine,
            books: Books::default(),
            _folder: folder,
        };
        house
            .database(|conn| conn.batch_execute(COUNT_WRITES))
            .await;
        house
    }

    async fn database<O: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<O> + Send + 'static,
    ) -> O {
        self.engine.db.write(work).await.unwrap()
    }

    async fn list(&self, name: &str) -> ListId {
        let now = self.engine.clock.now();
        let new = NewList {
            list_type: "letterboxd".into(),
            list_id: name.into(),
            list_url: String::new(),
            description: name.into(),
            status: FetchKind::New,
            auto_sync: true,
            item_limit: None,
            from_settings: false,
            created_at: now,
            updated_at: now,
        };
        self.database(move |conn| Ok(List::insert(conn, &new)?.id))
            .await
    }

    async fn find(&self, list: ListId) -> List {
        self.database(move |conn| Ok(List::find(conn, list)?.unwrap()))
            .await
    }

    async fn gather(&self, list: ListId, entries: &[Entry]) -> Gathered {
        let mut gathered = Gathered::default();
        for part in entries.chunks(100) {
            let reading = read::gather(&self.engine, list, part.to_vec(), &mut gathered);
            reading.await.unwrap();
        }
        gathered
    }

    async fn store(&self, begun: List, gathered: Gathered, outcome: FetchOutcome) -> Recorded {
        let fetched = ListFetched {
            read: u32::try_from(gathered.entries()).unwrap(),
            outcome,
            ..record::tests::complete(false)
        };
        let storing = record::store(&self.engine, None, begun, gathered, fetched);
        storing.await.unwrap()
    }

    /// Reads a whole list.
    async fn read(&self, list: ListId, entries: &[Entry]) -> Written {
        let begun = self.find(list).await;
        let gathered = self.gather(list, entries).await;
        let recorded = self.store(begun, gathered, FetchOutcome::Complete).await;
        recorded.written
    }

    async fn identify(&self, lists: &[ListId]) -> Vec<String> {
        let cancel = CancellationToken::new();
        let going = Going::new(RunId(1), cancel, self.engine.feed.clone());
        let mut tally = Tally::default();
        identify::entries(&self.engine, &self.books, &going, lists, &mut tally)
            .await
            .unwrap();
        self.books.asked()
    }

    async fn items(&self, list: ListId) -> Vec<ListItem> {
        self.database(move |conn| ListItem::of_list(conn, list))
            .await
    }

    /// `matched 7: how`, `not_found: why` … of each entry of a list.
    async fn told(&self, list: ListId) -> Vec<String> {
        let titles: HashMap<_, _> = self
            .database(Title::all)
            .await
            .into_iter()
            .map(|title| (title.id, format!("{} {}", title.media_type, title.tmdb_id)))
            .collect();
        let items = self.items(list).await.into_iter();
        items
            .map(|item| {
                let title = item.title_ref.map_or("", |title| titles[&title].as_str());
                let reason = item.identity_reason.unwrap_or_default();
                format!("{} {title}: {reason}", item.identity)
            })
            .collect()
    }

    async fn id(&self, source: IdSource, id: &'static str) -> Vec<TitleId> {
        self.database(move |conn| TitleId::of(conn, source, &[id]))
            .await
    }

    /// Rows written since the last time, all in all and of one table.
    async fn writes(&self, of_table: &'static str) -> (i64, i64) {
        self.database(move |conn| {
            let count = |text: &str, conn: &mut SqliteConnection| -> QueryResult<i64> {
                let text = format!("SELECT COUNT(*) AS number FROM writes {text}");
                Ok(sql_query(text).get_result::<Count>(conn)?.number)
            };
            let all = count("", conn)?;
            let own = count(&format!("WHERE of_table = '{of_table}'"), conn)?;
            conn.batch_execute("DELETE FROM writes")?;
            Ok((all, own))
        })
        .await
    }
}

fn entry(rank: u32, name: Option<&str>, imdb_id: Option<&str>) -> Entry {
    Entry {
        rank,
        title: "Paper Boats".into(),
        year: Some(1987),
        media_type: Some(Movie),
        imdb_id: imdb_id.map(str::to_owned),
        source_id: name.map(|name| format!("letterboxd:{name}")),
        ..Entry::default()
    }
}

fn thousands(number: u32, moved_by: u32) -> Vec<Entry> {
    (1..=number)
        .map(|place| Entry {
            title: format!("Title {place}"),
            tmdb_id: Some(i64::from(place)),
            source_id: Some(format!("letterboxd:film-{place}")),
            ..entry(place + moved_by, None, None)
        })
        .collect()
}

#[actix_rt::test]
async fn a_list_of_10000_that_is_as_it_was_is_neither_kept_nor_written() {
    let house = House::new().await;
    let list = house.list("large").await;
    let entries = thousands(10_000, 0);
    let first = house.read(list, &entries).await;
    assert_eq!((first.added, first.left), (10_000, 0));
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    let (_, ids) = house.writes("ids").await;
    assert_eq!(ids, 10_000, "each film's name");

    let begun = house.find(list).await;
    let gathered = house.gather(list, &entries).await;
    assert_eq!(gathered.entries(), 10_000);
    let recorded = house.store(begun, gathered, FetchOutcome::Complete).await;
    assert_eq!(recorded.written, Written::default());
    assert_eq!(recorded.list.item_count, 10_000);
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    let (all, lists) = house.writes("lists").await;
    assert_eq!((all, lists), (2, 1), "the list's state and one event");

    // All of them moved by one, below a new one.
    let mut moved = vec![Entry {
        tmdb_id: Some(99_999),
        ..entry(1, Some("first"), None)
    }];
    moved.extend(thousands(10_000, 1));
    let written = house.read(list, &moved).await;
    assert_eq!((written.added, written.left), (1, 0));
    let (_, items) = house.writes("items").await;
    assert_eq!(items, 10_001);
    let due = house.identify(&[list]).await;
    assert_eq!(due, [""; 0]);
    assert_eq!(
        house.writes("items").await,
        (3, 1),
        "title, id and entry of the new one"
    );
}

#[actix_rt::test]
async fn an_entry_of_three_lists_is_looked_up_once_and_never_again() {
    let house = House::new().await;
    house.books.knows("tt1", (Movie, 7));
    let (first, second, third) = (
        house.list("one").await,
        house.list("two").await,
        house.list("three").await,
    );
    house
        .read(first, &[entry(1, Some("paper-boats"), None)])
        .await;
    house
        .read(second, &[entry(1, Some("paper-boats"), Some("tt1"))])
        .await;
    house.read(third, &[entry(1, None, Some("tt1"))]).await;
    let lists = [first, second, third];
    assert_eq!(house.identify(&lists).await, ["tt1"]);
    for list in lists {
        assert_eq!(house.told(list).await, ["matched movie 7: imdb look-up"]);
    }
    assert_eq!(house.identify(&lists).await, [""; 0]);
    // On a list of a later day its name alone is enough.
    let later = house.list("four").await;
    house
        .read(later, &[entry(1, Some("paper-boats"), None)])
        .await;
    assert_eq!(house.identify(&[later]).await, [""; 0]);
    assert_eq!(
        house.told(later).await,
        ["matched movie 7: Letterboxd's paper-boats, known by imdb look-up"]
    );
}

#[actix_rt::test]
async fn what_was_asked_in_vain_is_not_asked_again_for_another_list() {
    let house = House::new().await;
    let (one, two) = (house.list("one").await, house.list("two").await);
    // More than a page lies between them.
    let mut entries = thousands(600, 10);
    entries.insert(0, entry(1, Some("lost"), Some("tt9")));
    entries.insert(1, entry(2, None, Some("tt500")));
    house.read(one, &entries).await;
    let other = [
        entry(1, None, Some("tt9")),
        entry(2, Some("away"), Some("tt500")),
    ];
    house.read(two, &other).await;
    let asked = house.identify(&[one, two]).await;
    let times = |question: &str| asked.iter().filter(|one| *one == question).count();
    assert_eq!((times("tt9"), times("tt500")), (1, 1));
    let told = house.told(two).await;
    assert!(
        told[0].starts_with("not_found : TMDB does not know tt9"),
        "{told:?}"
    );
    assert_eq!(told[1], "new : ", "asked again with the next run");
    assert_eq!(house.identify(&[one, two]).await, ["tt500"]);
}

#[actix_rt::test]
async fn an_entry_without_ids_is_known_by_its_title_once_another_list_has_it() {
    let house = House::new().await;
    house.books.knows("Paper Boats", (Movie, 7));
    let (one, two) = (house.list("one").await, house.list("two").await);
    house.read(one, &[entry(1, None, None)]).await;
    assert_eq!(house.identify(&[one, two]).await, ["Paper Boats"]);
    house.read(two, &[entry(4, None, None)]).await;
    assert_eq!(house.identify(&[one, two]).await, [""; 0]);
    let told = house.told(two).await;
    assert!(
        told[0].starts_with("matched movie 7: the same entry, known by title search"),
        "{told:?}"
    );
}

#[actix_rt::test]
async fn ids_that_contradict_each_other_are_left_to_a_person_with_both_titles() {
    let house = House::new().await;
    house.books.knows("tt1", (Movie, 7));
    let (one, two) = (house.list("one").await, house.list("two").await);
    house.read(one, &[entry(1, None, Some("tt1"))]).await;
    house.identify(&[one]).await;
    let other = Entry {
        tmdb_id: Some(8),
        ..entry(1, None, Some("tt1"))
    };
    house.read(two, &[other]).await;
    assert_eq!(house.identify(&[two]).await, [""; 0]);
    let item = house.items(two).await.remove(0);
    assert_eq!(
        (item.identity, item.title_ref),
        (Identity::NeedsReview, None)
    );
    assert_eq!(
        item.identity_reason.as_deref(),
        Some(
            "its ids mean different titles: the entry's TMDB id is movie 8; tt1 is movie 7 \"Paper \
             Boats\" (1987), known by imdb look-up"
        )
    );
    let candidates: Vec<ReviewCandidate> =
        serde_json::from_str(item.candidates.as_deref().unwrap()).unwrap();
    let numbers: Vec<i64> = candidates.iter().map(|one| one.tmdb_id).collect();
    assert_eq!(numbers, [8, 7]);
}

#[actix_rt::test]
async fn two_entries_that_contradict_each_other_within_one_run_are_noticed_too() {
    let house = House::new().await;
    let list = house.list("one").await;
    let of = |rank, tmdb_id, media_type| Entry {
        tmdb_id: Some(tmdb_id),
        media_type: Some(media_type),
        source_id: Some(format!("letterboxd:{rank}")),
        ..entry(rank, None, Some("tt1"))
    };
    house
        .read(
            list,
            &[of(1, 550, Movie), of(2, 551, Movie), of(3, 550, Tv)],
        )
        .await;
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    let told = house.told(list).await;
    assert_eq!(told[0], "matched movie 550: the entry's TMDB id");
    for other in &told[1..] {
        assert!(
            other.starts_with("needs_review : its ids mean different titles"),
            "{other}"
        );
    }
}

#[actix_rt::test]
async fn an_id_that_was_guessed_is_corrected_by_a_list_that_knows_better() {
    let house = House::new().await;
    house.books.knows("Paper Boats", (Movie, 7));
    let (one, two) = (house.list("one").await, house.list("two").await);
    house.read(one, &[entry(1, None, Some("tt1"))]).await;
    house.identify(&[one]).await;
    let told = house.told(one).await;
    assert!(told[0].starts_with("matched movie 7: TMDB does not know tt1; title search"));
    let better = Entry {
        tmdb_id: Some(8),
        ..entry(1, None, Some("tt1"))
    };
    house.read(two, &[better]).await;
    assert_eq!(house.identify(&[one, two]).await, [""; 0]);
    assert_eq!(
        house.told(two).await,
        ["matched movie 8: the entry's TMDB id"]
    );
    // What was matched by the guess is looked at anew.
    assert_eq!(house.identify(&[one, two]).await, [""; 0]);
    assert_eq!(
        house.told(one).await,
        ["matched movie 8: tt1, known by the entry's TMDB id"]
    );
    assert_eq!(house.id(IdSource::Imdb, "tt1").await.len(), 1);
}

#[actix_rt::test]
async fn what_a_person_picked_counts_for_every_list_and_what_they_ruled_out_is_never_asked() {
    let house = House::new().await;
    let list = house.list("one").await;
    let now = house.engine.clock.now();
    let pin = move |title: Option<i64>| NewPin {
        entry_title: "Paper Boats".into(),
        entry_year: None,
        entry_type: None,
        media_type: title.map(|_| Tv),
        tmdb_id: title,
        title: title.map(|_| "Picked".to_owned()),
        year: None,
        created_at: now,
    };
    house
        .database(move |conn| {
            Pin::save(conn, &pin(Some(5)), &["imdb:tt1".to_owned()])?;
            Pin::save(conn, &pin(None), &["source:letterboxd:none".to_owned()])
        })
        .await;
    let numbered = Entry {
        tmdb_id: Some(9),
        ..entry(1, Some("some"), Some("tt1"))
    };
    house
        .read(list, &[numbered, entry(2, Some("none"), Some("tt2"))])
        .await;
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    assert_eq!(
        house.told(list).await,
        [
            "matched tv 5: picked by a person",
            "not_found : a person said it is none of TMDB's titles"
        ]
    );
    assert_eq!(house.items(list).await[1].next_try, None);
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    assert_eq!(
        house.id(IdSource::Imdb, "tt1").await,
        [],
        "a choice can be taken back"
    );
}

#[actix_rt::test]
async fn an_id_that_becomes_known_after_the_match_is_learned() {
    let house = House::new().await;
    house.books.knows("tt1", (Movie, 7));
    let list = house.list("one").await;
    house.read(list, &[entry(1, None, Some("tt1"))]).await;
    house.identify(&[list]).await;
    let told = Entry {
        trakt_id: Some(31),
        ..entry(1, None, Some("tt1"))
    };
    house.read(list, &[told]).await;
    assert_eq!(house.identify(&[list]).await, [""; 0]);
    let known = house.id(IdSource::Trakt, "31").await;
    assert_eq!(known[0].known_by, "the entry, found by imdb look-up");
    assert_eq!(house.told(list).await, ["matched movie 7: imdb look-up"]);
}

#[actix_rt::test]
async fn what_a_partial_reading_does_not_see_stays_and_what_comes_back_is_no_new_entry() {
    let house = House::new().await;
    let list = house.list("one").await;
    let both = [
        entry(1, Some("a"), None),
        entry(2, Some("b"), None),
        entry(3, Some("c"), None),
    ];
    house.read(list, &both).await;
    let begun = house.find(list).await;
    let gathered = house.gather(list, &both[..1]).await;
    let partial = FetchOutcome::Partial {
        reason: "page 2 is missing".into(),
        retryable: true,
        cause: schema::models::Cause::Unreachable,
    };
    let recorded = house.store(begun, gathered, partial).await;
    assert_eq!((recorded.written.left, recorded.list.item_count), (0, 3));

    assert_eq!(house.read(list, &both[..2]).await.left, 1);
    let first_seen = house.items(list).await[2].first_seen;
    assert!(house.items(list).await[2].left_at.is_some());
    let back = house.read(list, &both).await;
    assert_eq!((back.added, back.left), (0, 0));
    let item = house.items(list).await.remove(2);
    assert_eq!((item.left_at, item.first_seen), (None, first_seen));
    assert!(item.returned_at.is_some());
}

#[actix_rt::test]
async fn a_list_that_lost_most_of_its_entries_changes_nothing() {
    let house = House::new().await;
    let list = house.list("one").await;
    house.read(list, &thousands(10, 0)).await;
    let begun = house.find(list).await;
    let gathered = house.gather(list, &thousands(2, 5)).await;
    let recorded = house.store(begun, gathered, FetchOutcome::Complete).await;
    assert_eq!(recorded.outcome, FetchKind::Frozen);
    assert_eq!(recorded.written, Written::default());
    let items = house.items(list).await;
    let ranks: Vec<i32> = items.iter().map(|item| item.rank).collect();
    assert_eq!(ranks, (1..=10).collect::<Vec<_>>());
    assert!(items.iter().all(|item| item.left_at.is_none()));
}

#[actix_rt::test]
async fn two_readings_of_one_list_at_once_lose_nothing_and_add_nothing_twice() {
    let house = House::new().await;
    let list = house.list("one").await;
    house
        .read(
            list,
            &[entry(1, Some("a"), None), entry(2, Some("b"), None)],
        )
        .await;
    let begun = house.find(list).await;
    let now = [
        entry(1, Some("a"), None),
        entry(2, Some("b"), None),
        entry(3, Some("c"), None),
    ];
    let slow = house.gather(list, &now).await;
    // Meanwhile another reading sees less and more.
    let other = [entry(1, Some("b"), None), entry(2, Some("c"), None)];
    house.read(list, &other).await;
    let recorded = house.store(begun, slow, FetchOutcome::Complete).await;
    assert_eq!(recorded.written, Written { added: 0, left: 0 });
    let items = house.items(list).await;
    let names: HashSet<_> = items.iter().map(|item| item.entry_key.as_str()).collect();
    assert_eq!((items.len(), names.len()), (3, 3));
    assert!(items.iter().all(|item| item.left_at.is_none()));
}

#[actix_rt::test]
async fn titles_that_scripts_send_again_keep_their_place_and_return_if_they_had_left() {
    let house = House::new().await;
    let title = |title: &str, imdb_id: &str| CustomEntry {
        title: title.into(),
        imdb_id: Some(imdb_id.into()),
        ..CustomEntry::default()
    };
    let send = |titles: Vec<CustomEntry>| custom::store(&house.engine, titles);
    let first = vec![
        title("A", "imdb://tt0000001"),
        title("B", "tmdb://603"),
        title("A again", "tt0000001"),
        CustomEntry {
            season: Some(2),
            ..title("C", "tvdb://81189")
        },
    ];
    let (list, _) = send(first).await.unwrap();
    assert_eq!(list.list_type, custom::LIST_TYPE);
    let items = house.items(list.id).await;
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item.rank,
                item.title.as_str(),
                item.tmdb_id,
                item.tvdb_id,
                item.season,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "A", None, None, None),
            (2, "B", Some(603), None, None),
            (3, "C", None, Some(81_189), Some(2))
        ]
    );
    let gone = items[1].id;
    let now = house.engine.clock.now();
    house
        .database(move |conn| ListItem::mark_left(conn, &[gone], now, None))
        .await;
    let second = vec![title("D", "tt0000004"), title("B", "tmdb://603")];
    send(second.clone()).await.unwrap();
    let items = house.items(list.id).await;
    let places: Vec<_> = items
        .iter()
        .map(|item| (item.rank, item.title.as_str()))
        .collect();
    assert_eq!(places, [(1, "A"), (2, "B"), (3, "C"), (4, "D")]);
    assert!(items[1].left_at.is_none() && items[1].returned_at.is_some());
    house.writes("items").await;
    send(second).await.unwrap();
    assert_eq!(house.writes("items").await.1, 0, "nothing is new");
    assert_eq!(house.find(list.id).await.item_count, 4);
}

#[actix_rt::test]
async fn a_failing_database_ends_a_reading() {
    let house = House::new().await;
    let list = house.list("one").await;
    house
        .database(|conn| conn.batch_execute("DROP TABLE list_items"))
        .await;
    let mut gathered = Gathered::default();
    let entries = vec![entry(1, None, None)];
    let read = read::gather(&house.engine, list, entries, &mut gathered).await;
    assert!(matches!(read, Err(DbError::Query(_))));
}
