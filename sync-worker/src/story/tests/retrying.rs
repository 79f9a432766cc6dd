//! Titles that a person wants tried again.

use schema::{
    models::{Event, EventKind, Following, LedgerStatus, ListItem, RunId},
    wire::FailureCode,
};

use super::{World, at, heat};

fn events(world: &mut World) -> Vec<EventKind> {
    match Event::after(&mut world.conn, 0).unwrap() {
        Following::Events(events) => events.iter().map(|event| event.kind).collect(),
        Following::Reset { .. } => Vec::new(),
    }
}

#[actix_rt::test]
async fn what_failed_is_as_if_it_had_never_been_tried() {
    for status in [LedgerStatus::Failed, LedgerStatus::FailedPermanent] {
        let mut world = World::new();
        let (_, _, title) = heat(&mut world);
        world.ledger(2, &title, status, "no", |row| {
            row.attempts = 10;
            row.retry_at = Some(at(9999));
            row.error_message = Some("Seerr refused it".into());
            row.request_id = Some(17);
            row.created_by_us = true;
        });
        let asked = world.retry("heat", false).await.unwrap();
        assert_eq!((asked.name.as_str(), asked.tmdb_id), ("Heat (1995)", 949));
        assert_eq!((asked.was[0].status, asked.was[0].attempts), (status, 10));
        let row = world.row(&title);
        assert_eq!(
            (row.status, row.attempts, row.retry_at),
            (LedgerStatus::Planned, 0, None)
        );
        assert_eq!((row.error_message, row.last_synced), (None, at(360)));
        assert_eq!(
            (row.request_id, row.created_by_us),
            (Some(17), true),
            "it may be retried there"
        );
        assert_eq!(events(&mut world), [EventKind::RetryAsked]);
        let told = world.told("heat").await;
        let end: Vec<&str> = told.lines().rev().take(3).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(end.join("\n"), @"
            to do   `listsync sync` starts a run now.
            next    2026-03-02 12:00: it is requested by the next run
            now     planned: a person wants it tried again
            ");
        }
    }
}

#[actix_rt::test]
async fn a_no_is_final_unless_it_is_meant_otherwise() {
    let mut world = World::new();
    let (_, item, title) = heat(&mut world);
    world.ledger(
        180,
        &title,
        LedgerStatus::Declined,
        "its request was declined",
        |row| {
            row.refused_at = Some(at(180));
        },
    );
    let failure = world.retry("movie:949", false).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Conflict);
    insta::assert_snapshot!(format!("{failure}\n{}", failure.remedy.as_deref().unwrap_or_default()), @"
    Heat (1995) is declined by a person, which is final while it stays on its lists
    Take it off its lists, let a run see that, and put it on again; or say so with `listsync items retry movie:949 --anyway`.
    ");
    assert_eq!(world.row(&title).status, LedgerStatus::Declined);
    assert_eq!(events(&mut world), []);

    world.retry("movie:949", true).await.unwrap();
    let row = world.row(&title);
    assert_eq!(
        (row.status, row.refused_at),
        (LedgerStatus::Planned, Some(at(180)))
    );
    let entry = ListItem::find(&mut world.conn, item.id).unwrap().unwrap();
    assert_eq!(
        entry.returned_at,
        Some(at(360)),
        "as if it were put on its list anew"
    );
}

#[actix_rt::test]
async fn what_is_on_the_block_list_stays_there_and_is_wanted_once_it_is_off() {
    let mut world = World::new();
    let (_, item, title) = heat(&mut world);
    let why = "it is on Seerr's block list";
    world.ledger(180, &title, LedgerStatus::Blocklisted, why, |_| {});
    let failure = world.retry("movie:949", false).await.unwrap_err();
    insta::assert_snapshot!(failure.remedy.unwrap_or_default(), @"Take it off the block list in Seerr. Then take it off its lists, let a run see that, and put it on again; or say so with `listsync items retry movie:949 --anyway`.");
    let asked = world.retry("movie:949", true).await.unwrap();
    assert_eq!(asked.was[0].status, LedgerStatus::Blocklisted);
    let row = world.row(&title);
    assert_eq!(
        (row.status, row.reason.as_str(), row.refused_at),
        (LedgerStatus::Blocklisted, why, Some(at(180)))
    );
    let entry = ListItem::find(&mut world.conn, item.id).unwrap().unwrap();
    assert_eq!(entry.returned_at, Some(at(360)));
}

#[actix_rt::test]
async fn with_nothing_to_try_again_it_says_so() {
    let mut world = World::new();
    let (_, item, title) = heat(&mut world);
    let told = |failure: schema::wire::Failure| failure.to_string();
    let never = world.retry("heat", true).await.unwrap_err();
    assert_eq!(
        told(never),
        "there is nothing to try again with Heat (1995): it was never asked for"
    );
    world.ledger(
        2,
        &title,
        LedgerStatus::Available,
        "it is in the library",
        |_| {},
    );
    let there = world.retry("heat", true).await.unwrap_err();
    assert_eq!(
        told(there),
        "there is nothing to try again with Heat (1995): it is in the library"
    );
    world.ledger(2, &title, LedgerStatus::Failed, "no", |_| {});
    world.left(&item, 240);
    let left = world.retry("heat", true).await.unwrap_err();
    assert_eq!(
        told(left),
        "no list asks for Heat (1995) any more, so no run would try it"
    );
    let nobody = world.retry("tt9999999", false).await.unwrap_err();
    assert_eq!(nobody.code, FailureCode::Conflict);
    assert_eq!(world.row(&title).status, LedgerStatus::Failed);
    assert_eq!(events(&mut world), []);
}

#[actix_rt::test]
async fn a_run_that_may_be_at_it_is_waited_for() {
    let mut world = World::new();
    let (_, _, title) = heat(&mut world);
    world.ledger(2, &title, LedgerStatus::Failed, "no", |_| {});
    world.outlook.run = Some(RunId(7));
    let failure = world.retry("heat", false).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Busy);
    assert_eq!(world.row(&title).status, LedgerStatus::Failed);
}
