//! Tests of [`super`] over a database: which entries a choice reaches, and what takes it back.

use runtime::Clock;
use schema::{
    models::{
        Event, FetchKind, Following, IdSource, List, ListId, MediaType, NewList, NewListItem,
        NewSyncedItem, NewTitle, TitleId,
    },
    pin_file::{NumberedPin, PinRecord, RefusedPin},
    wire::sync::{Choice, ImportPins, PinsImported, ReviewFilter, ReviewRequest},
};

use super::*;
use crate::{
    identity::{PICKED, sample::item},
    review,
    sample_engine::engine,
};

/// A sync-worker without Seerr.
struct World {
    engine: Engine,
    _folder: tempfile::TempDir,
}

fn midday() -> Clock {
    Clock::fixed("2026-11-22T12:00:00".parse().unwrap())
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            engine: engine(folder.path(), midday(), &[]),
            _folder: folder,
        }
    }

    /// A list with these entries; gives the numbers of its rows.
    async fn list(&self, name: &str, items: Vec<ListItem>) -> Vec<i32> {
        let (now, name) = (self.engine.clock.now(), name.to_owned());
        self.engine
            .db
            .write(move |conn| -> Result<_, DbError> {
                let list = List::insert(conn, &new_list(&name, now))?.id;
                let new: Vec<NewListItem> = (1..)
                    .zip(&items)
                    .map(|(rank, item)| new_item(list, rank, item))
                    .collect();
                ListItem::insert(conn, &new)?;
                let rows = ListItem::of_list(conn, list)?;
                for (row, item) in rows.iter().zip(items) {
                    let state = ListItem { id: row.id, ..item };
                    state.save_identity(conn)?;
                }
                Ok(rows.iter().map(|row| row.id).collect())
            })
            .await
            .unwrap()
    }

    async fn pick(&self, item: i32, choice: Choice) -> Result<Box<Picked>, Failure> {
        pick(&self.engine, Pick { item, choice }).await
    }

    async fn row(&self, id: i32) -> ListItem {
        let find = move |conn: &mut SqliteConnection| ListItem::find(conn, id);
        self.engine.db.read(find).await.unwrap().unwrap()
    }

    /// `movie:1091`, or the state of what is no title.
    async fn is(&self, id: i32) -> String {
        let row = self.row(id).await;
        let Some(title) = row.title_ref else {
            return row.identity.to_string();
        };
        let of = move |conn: &mut SqliteConnection| Title::of(conn, &[title]);
        let title = self.engine.db.read(of).await.unwrap().remove(0);
        format!("{}:{}", title.media_type, title.tmdb_id)
    }

    async fn all(&self, ids: &[i32]) -> Vec<String> {
        let mut all = Vec::new();
        for id in ids {
            all.push(self.is(*id).await);
        }
        all
    }

    async fn pins(&self) -> Vec<PinView> {
        let request = PinsRequest {
            after: 0,
            offset: 0,
            limit: 200,
        };
        page(&self.engine, request).await.unwrap().pins
    }

    async fn import(&self, pins: &[PinRecord], dry_run: bool) -> PinsImported {
        let pins = (1..)
            .zip(pins)
            .map(|(number, pin)| NumberedPin {
                number,
                pin: pin.clone(),
            })
            .collect();
        import(&self.engine, ImportPins { pins, dry_run })
            .await
            .unwrap()
    }

    async fn events(&self) -> Vec<String> {
        let after = |conn: &mut SqliteConnection| Event::after(conn, 0);
        let Following::Events(events) = self.engine.db.read(after).await.unwrap() else {
            panic!("events were forgotten")
        };
        let told = events
            .into_iter()
            .map(|event| format!("{} {}", event.kind, event.data));
        told.collect()
    }
}

fn new_list(name: &str, now: NaiveDateTime) -> NewList {
    NewList {
        list_type: "imdb".into(),
        list_id: name.into(),
        list_url: String::new(),
        description: name.into(),
        status: FetchKind::Complete,
        auto_sync: true,
        item_limit: None,
        from_settings: false,
        created_at: now,
        updated_at: now,
    }
}

fn new_item(list: ListId, rank: i32, item: &ListItem) -> NewListItem {
    let item = item.clone();
    NewListItem {
        list,
        entry_key: format!("{}-{rank}", item.entry_key),
        rank,
        title: item.title,
        original_title: item.original_title,
        year: item.year,
        media_type: item.media_type,
        imdb_id: item.imdb_id,
        tmdb_id: item.tmdb_id,
        tvdb_id: item.tvdb_id,
        season: item.season,
        trakt_id: item.trakt_id,
        first_seen: item.first_seen,
        fetch: None,
        identity: item.identity,
    }
}

fn waiting(item: ListItem) -> ListItem {
    ListItem {
        identity: Identity::NeedsReview,
        identity_reason: Some("two titles fit".into()),
        candidates: Some("[]".into()),
        ..item
    }
}

fn thing() -> ListItem {
    waiting(item("The Thing", 1982, MediaType::Movie))
}

fn with_imdb(id: &str, item: ListItem) -> ListItem {
    ListItem {
        imdb_id: Some(id.into()),
        ..item
    }
}

fn movie(tmdb_id: i64) -> Choice {
    Choice::Title {
        media_type: MediaType::Movie,
        tmdb_id,
    }
}

fn records(pins: Vec<PinView>) -> Vec<PinRecord> {
    pins.into_iter().map(Into::into).collect()
}

#[actix_rt::test]
async fn a_choice_reaches_the_same_entry_on_every_list_and_no_other() {
    let world = World::new();
    let one = world
        .list(
            "one",
            vec![
                thing(),
                with_imdb("tt0084787", thing()),
                waiting(item("The Thing", 2011, MediaType::Movie)),
                waiting(item("The Thing", 1982, MediaType::Tv)),
                ListItem {
                    tmdb_id: Some(0),
                    ..thing()
                },
            ],
        )
        .await;
    let left = ListItem {
        left_at: Some(world.engine.clock.now()),
        ..waiting(item("the  THING!", 1982, MediaType::Movie))
    };
    let two = world.list("two", vec![left]).await;
    let picked = world.pick(one[0], movie(1091)).await.unwrap();
    assert_eq!(picked.entries, 3);
    assert_eq!(picked.pin.keys, ["title:movie:1982:the thing"]);
    assert!(picked.notices[0].contains("taken as it is"), "{picked:?}");
    let ids = [one, two].concat();
    assert_eq!(
        world.all(&ids).await,
        [
            "movie:1091",
            "needs_review",
            "needs_review",
            "needs_review",
            "movie:1091",
            "movie:1091"
        ]
    );
    let row = world.row(ids[0]).await;
    assert_eq!(row.identity_reason.as_deref(), Some(PICKED));
    assert_eq!(row.candidates, None);
    insta::assert_snapshot!(world.events().await.join("\n"));
}

#[actix_rt::test]
async fn who_thinks_again_is_believed_and_told_of_the_request_that_stays() {
    let world = World::new();
    let now = world.engine.clock.now();
    let wrong = world
        .engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            let new = NewTitle {
                media_type: MediaType::Movie,
                tmdb_id: 60_935,
                title: "The Thing".into(),
                year: Some(2011),
                created_at: now,
                updated_at: now,
            };
            SyncedItem::save(conn, &requested(&new))?;
            Ok(Title::ensure(conn, &new)?.id)
        })
        .await
        .unwrap();
    let matched = ListItem {
        identity: Identity::Matched,
        title_ref: Some(wrong),
        ..with_imdb("tt0084787", thing())
    };
    let ids = world.list("one", vec![matched]).await;
    let picked = world.pick(ids[0], movie(1091)).await.unwrap();
    assert_eq!(
        picked.notices.last().unwrap(),
        "The Thing (2011) was requested for this entry before, and that request stays: take it back in \
         Seerr if nobody wants it."
    );
    let again = world.pick(ids[0], movie(1091)).await.unwrap();
    assert_eq!(again.pin, picked.pin, "the same choice is not kept twice");
    assert_eq!(again.notices.len(), 1, "nothing was requested by mistake");
    world.pick(ids[0], Choice::None).await.unwrap();
    let row = world.row(ids[0]).await;
    assert_eq!(
        (row.identity, row.title_ref, row.next_try),
        (Identity::NotFound, None, None)
    );
    let pins = world.pins().await;
    assert_eq!((pins.len(), &pins[0].title), (1, &None));
}

#[actix_rt::test]
async fn a_request_that_another_entry_asked_for_is_not_told_of() {
    let world = World::new();
    let now = world.engine.clock.now();
    let other = world
        .engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            let new = NewTitle {
                media_type: MediaType::Movie,
                tmdb_id: 60_935,
                title: "The Thing".into(),
                year: Some(2011),
                created_at: now,
                updated_at: now,
            };
            SyncedItem::save(conn, &requested(&new))?;
            Ok(Title::ensure(conn, &new)?.id)
        })
        .await
        .unwrap();
    let matched = |id: &str| ListItem {
        identity: Identity::Matched,
        title_ref: Some(other),
        ..with_imdb(id, thing())
    };
    let ids = world
        .list("one", vec![matched("tt0084787"), matched("tt0905372")])
        .await;
    let elsewhere = world.list("two", vec![matched("tt0000001")]).await;
    let told = |picked: Box<Picked>| {
        let mut notices = picked.notices.into_iter();
        notices.any(|notice| notice.contains("was requested for this entry"))
    };
    let first = world.pick(ids[0], movie(1091)).await.unwrap();
    assert!(!told(first), "two others ask for it");
    let last_elsewhere = world.pick(elsewhere[0], movie(1091)).await.unwrap();
    assert!(!told(last_elsewhere), "one other asks for it");
    let last = world.pick(ids[1], movie(1091)).await.unwrap();
    assert!(told(last), "nobody else asks for it");
    let never = world.list("three", vec![matched("tt0000002")]).await;
    let never = world.pick(never[0], movie(1091)).await.unwrap();
    assert!(!told(never), "it was requested before this list had it");
}

#[actix_rt::test]
async fn a_choice_for_a_wrongly_numbered_entry_holds_for_no_other_with_that_number() {
    let world = World::new();
    let numbered = |title: &str, year| ListItem {
        tmdb_id: Some(680),
        ..waiting(item(title, year, MediaType::Movie))
    };
    let wrong = world.list("one", vec![numbered("Heat", 1995)]).await;
    let picked = world.pick(wrong[0], movie(949)).await.unwrap();
    assert_eq!(picked.pin.keys, ["told:movie:1995:heat:tmdb-680"]);
    let ids = world
        .list(
            "two",
            vec![numbered("Pulp Fiction", 1994), numbered("HEAT", 1995)],
        )
        .await;
    let none = world.pick(ids[0], Choice::None).await.unwrap();
    assert_eq!(none.pin.keys, ["told:movie:1994:pulp fiction:tmdb-680"]);
    assert_eq!(world.all(&wrong).await, ["movie:949"]);
    // Its own number: that holds wherever it stands, with this title.
    let own = world.pick(ids[0], movie(680)).await.unwrap();
    assert_eq!(
        own.pin.keys,
        ["tmdb:movie:680", "told:movie:1994:pulp fiction:tmdb-680"]
    );
    assert_eq!(world.all(&wrong).await, ["movie:949"]);
    let right = world
        .list("three", vec![numbered("Fiction pulpeuse", 1994)])
        .await;
    world.pick(right[0], movie(680)).await.unwrap();
    assert_eq!(world.all(&wrong).await, ["movie:949"]);
    let again = records(world.pins().await);
    let imported = world.import(&again, false).await;
    assert_eq!(imported.refused, Vec::<RefusedPin>::new());
}

#[actix_rt::test]
async fn picking_what_was_taken_back_asks_for_it_anew() {
    let world = World::new();
    let now = world.engine.clock.now();
    world
        .engine
        .db
        .write(move |conn| -> Result<_, DbError> {
            let new = NewTitle {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                year: Some(1982),
                created_at: now,
                updated_at: now,
            };
            let withdrawn = NewSyncedItem {
                status: LedgerStatus::Withdrawn,
                ..requested(&new)
            };
            SyncedItem::save(conn, &withdrawn)?;
            Ok(Title::ensure(conn, &new)?)
        })
        .await
        .unwrap();
    let ids = world
        .list(
            "one",
            vec![waiting(thing()), waiting(with_imdb("tt1", thing()))],
        )
        .await;
    world.pick(ids[1], movie(60_935)).await.unwrap();
    assert_eq!(world.row(ids[1]).await.returned_at, None);
    world.pick(ids[0], movie(1091)).await.unwrap();
    assert_eq!(world.row(ids[0]).await.returned_at, Some(now));
}

fn requested(title: &NewTitle) -> NewSyncedItem {
    NewSyncedItem {
        target: "seerr".into(),
        title: title.title.clone(),
        year: title.year,
        media_type: title.media_type,
        tmdb_id: title.tmdb_id,
        imdb_id: None,
        is_4k: false,
        overseerr_id: None,
        status: LedgerStatus::Requested,
        reason: String::new(),
        provider_source: "stevenlu:movies, imdb:one".into(),
        request_id: Some(4),
        created_by_us: true,
        asked_as_user: None,
        run: None,
        attempts: 1,
        retry_at: None,
        requesting_since: None,
        request_after: None,
        refused_at: None,
        last_synced: title.created_at,
        error_message: None,
        requested_at: None,
    }
}

#[actix_rt::test]
async fn what_is_taken_back_is_looked_at_anew_unless_an_older_choice_holds() {
    let world = World::new();
    let both = ListItem {
        trakt_id: Some(5),
        ..with_imdb("tt1", thing())
    };
    let by_trakt = ListItem {
        trakt_id: Some(5),
        ..thing()
    };
    let ids = world.list("one", vec![both, by_trakt]).await;
    let first = world.pick(ids[0], movie(1091)).await.unwrap();
    assert_eq!(world.all(&ids).await, ["movie:1091", "movie:1091"]);
    let second = world.pick(ids[1], movie(7)).await.unwrap();
    assert_eq!(second.entries, 2, "they share Trakt's number");
    assert_eq!(world.all(&ids).await, ["movie:7", "movie:7"]);
    let back = unpin(&world.engine, second.pin.id).await.unwrap();
    assert_eq!(back.entries, 2);
    assert_eq!(world.all(&ids).await, ["movie:1091", "new"]);
    unpin(&world.engine, first.pin.id).await.unwrap();
    assert_eq!(world.all(&ids).await, ["new", "new"]);
    assert!(world.pins().await.is_empty());
    let failure = unpin(&world.engine, first.pin.id).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::NotFound);
}

#[actix_rt::test]
async fn what_cannot_be_picked_says_why() {
    let world = World::new();
    let ids = world
        .list("one", vec![waiting(item(" ", None, None)), thing()])
        .await;
    let imdb = |id: &str| Choice::Imdb { imdb_id: id.into() };
    let mut lines = Vec::new();
    for (item, choice) in [
        (99, movie(1091)),
        (ids[0], movie(1091)),
        (ids[1], movie(0)),
        (ids[1], imdb("603")),
        (ids[1], imdb("tt0084787")),
    ] {
        let failure = world.pick(item, choice).await.unwrap_err();
        let remedy = failure.remedy.unwrap_or_default();
        lines.push(format!(
            "{:?}: {} | {remedy}",
            failure.code, failure.message
        ));
    }
    insta::assert_snapshot!(lines.join("\n"));
    assert!(world.pins().await.is_empty());
}

#[actix_rt::test]
async fn an_imdb_id_that_tmdb_gives_to_several_titles_picks_none_of_them_by_itself() {
    let world = World::new();
    let ids = world.list("one", vec![thing()]).await;
    let pick = async |known_by: &'static str| {
        let now = world.engine.clock.now();
        let told = world.engine.db.write(move |conn| -> Result<_, DbError> {
            let new = NewTitle {
                media_type: MediaType::Movie,
                tmdb_id: 1091,
                title: "The Thing".into(),
                year: Some(1982),
                created_at: now,
                updated_at: now,
            };
            let id = TitleId {
                source: IdSource::Imdb,
                external_id: "tt0084787".into(),
                media_type: MediaType::Movie,
                title: Title::ensure(conn, &new)?.id,
                known_by: known_by.into(),
                known_at: now,
            };
            if TitleId::of(conn, IdSource::Imdb, &["tt0084787"])?.is_empty() {
                Ok(id.insert(conn)?)
            } else {
                Ok(id.correct(conn)?)
            }
        });
        told.await.unwrap();
        let imdb_id = "tt0084787".to_owned();
        world.pick(ids[0], Choice::Imdb { imdb_id }).await
    };
    let failure = pick("TMDB's details, of several titles").await.unwrap_err();
    assert_eq!(
        failure.code,
        FailureCode::Unavailable,
        "TMDB is to be asked"
    );
    assert!(world.pins().await.is_empty());
    pick("TMDB's details").await.unwrap();
    assert_eq!(world.pins().await.len(), 1);
}

#[actix_rt::test]
async fn pins_carried_to_another_household_take_effect_there_at_once() {
    let (here, there) = (World::new(), World::new());
    let ids = here
        .list("one", vec![thing(), with_imdb("tt7", thing())])
        .await;
    here.pick(ids[0], movie(1091)).await.unwrap();
    here.pick(ids[1], Choice::None).await.unwrap();
    let pins = records(here.pins().await);

    let ids = there
        .list(
            "other",
            vec![
                thing(),
                with_imdb("tt7", thing()),
                with_imdb("tt8", thing()),
            ],
        )
        .await;
    let tried = there.import(&pins, true).await;
    assert_eq!((tried.added, tried.entries), (2, 2));
    assert!(there.pins().await.is_empty(), "a trial keeps nothing");
    assert_eq!(there.is(ids[0]).await, "needs_review");
    assert!(there.events().await.is_empty());

    assert_eq!(there.import(&pins, false).await, tried);
    assert_eq!(
        there.all(&ids).await,
        ["movie:1091", "not_found", "needs_review"]
    );
    let again = there.import(&pins, false).await;
    assert_eq!((again.unchanged, again.entries, again.added), (2, 0, 0));
    assert_eq!(records(there.pins().await), pins);
    assert_eq!(there.events().await.len(), 1);
}

#[actix_rt::test]
async fn an_import_replaces_other_choices_and_refuses_what_is_none() {
    let world = World::new();
    let ids = world.list("one", vec![thing()]).await;
    world.pick(ids[0], movie(7)).await.unwrap();
    let mut pins = records(world.pins().await);
    pins[0].title.as_mut().unwrap().tmdb_id = 1091;
    let odd = PinRecord {
        keys: vec!["isbn:7".into()],
        ..pins[0].clone()
    };
    pins.push(odd);
    let imported = world.import(&pins, false).await;
    let refused = vec![RefusedPin {
        number: 2,
        reason: "`isbn:7` is no key of an entry".into(),
    }];
    assert_eq!(
        imported,
        PinsImported {
            replaced: 1,
            entries: 1,
            refused,
            ..PinsImported::default()
        }
    );
    assert_eq!(world.is(ids[0]).await, "movie:1091");
    assert_eq!(world.pins().await.len(), 1);
    let nothing = ImportPins {
        pins: Vec::new(),
        dry_run: false,
    };
    let failure = import(&world.engine, nothing).await.unwrap_err();
    assert_eq!(failure.message, "there is nothing to import");
}

#[actix_rt::test]
async fn what_waits_is_shown_once_with_its_lists_and_leaves_when_picked() {
    let world = World::new();
    let not_found = ListItem {
        identity: Identity::NotFound,
        ..with_imdb("tt9", thing())
    };
    let one = world.list("one", vec![not_found, thing()]).await;
    world
        .list("two", vec![thing(), with_imdb("tt5", thing())])
        .await;
    let ask = async |filter, offset, limit| {
        let request = ReviewRequest {
            filter,
            offset,
            limit,
        };
        let page = review::page(&world.engine, request).await.unwrap();
        let shown: Vec<(i32, u32)> = page
            .entries
            .iter()
            .map(|entry| (entry.item, entry.list_count))
            .collect();
        (shown, page.total)
    };
    assert_eq!(
        ask(ReviewFilter::All, 0, 50).await,
        (vec![(one[1], 2), (4, 1), (one[0], 1)], 3)
    );
    assert_eq!(ask(ReviewFilter::All, 1, 1).await, (vec![(4, 1)], 3));
    assert_eq!(
        ask(ReviewFilter::NotFound, 0, 50).await,
        (vec![(one[0], 1)], 1)
    );
    world.pick(one[1], movie(1091)).await.unwrap();
    assert_eq!(
        ask(ReviewFilter::NeedsReview, 0, 50).await,
        (vec![(4, 1)], 1)
    );
}
