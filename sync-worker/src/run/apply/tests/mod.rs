//! Decisions carried out against a target that is no Seerr, over a real database: plan and ledger need
//! nothing of Seerr. What goes wrong at the target is in `troubles`, plans are in `plans`.

mod plans;
mod troubles;
mod world;

use schema::models::LedgerStatus;

use self::world::{World, noon};
use super::Purpose;
use crate::target::{MediaStatus, RequestStatus};

#[actix_rt::test]
async fn what_is_missing_is_requested_once_and_what_is_there_is_left_alone() {
    let world = World::with_movies(3);
    world.list("top", false, &[1, 2, 3]).await;
    world.shelf.set_status(2, false, MediaStatus::Available);
    let ran = world.run().await;
    assert_eq!(ran.counts(), [2, 0, 1, 0, 0], "{:?}", ran.told());
    let states = [
        LedgerStatus::Requested,
        LedgerStatus::Available,
        LedgerStatus::Requested,
    ];
    let rows = world.rows().await;
    assert_eq!(
        rows.iter().map(|row| row.status).collect::<Vec<_>>(),
        states
    );
    assert_eq!((rows[0].request_id, rows[0].created_by_us), (Some(1), true));
    assert_eq!(world.told_requests().await, 2);

    world.later(60);
    let again = world.run().await;
    assert_eq!(again.counts(), [0, 2, 1, 0, 0]);
    assert_eq!(world.rows().await, rows, "nothing is written anew");
    assert_eq!(world.decisions(1).await.len(), 1);
    assert_eq!(
        [
            world.asked("submit 1"),
            world.asked("submit 2"),
            world.asked("submit 3")
        ],
        [1, 0, 1]
    );
}

#[actix_rt::test]
async fn a_no_is_final_until_the_entry_comes_anew_however_late_it_is_noticed() {
    let world = World::with_movies(3);
    let list = world.list("top", false, &[1, 2, 3]).await;
    world.run().await;
    for movie in [1, 2] {
        world.take_off(list, movie).await;
    }
    // Nobody looks at what is on no list: the no is seen when the entry is back.
    world.later(60);
    world.shelf.change(|shelf| {
        let now = world.engine.clock.now();
        shelf.refused_at.insert(1, now);
        shelf.refused_at.insert(3, now);
    });
    for (request, movie) in [(1, 1), (3, 3)] {
        world.shelf.set_request(request, RequestStatus::Declined);
        world.shelf.set_status(movie, false, MediaStatus::Unknown);
    }
    world
        .shelf
        .change(|shelf| shelf.requests.retain(|request| request.id != 2));
    world.shelf.set_status(2, false, MediaStatus::Unknown);
    world.run().await;
    assert_eq!(world.status(3).await, LedgerStatus::Declined);
    assert_eq!(
        world.row(3).await.refused_at,
        Some(noon() + chrono::Duration::hours(1))
    );
    world.later(60);
    for movie in [1, 2] {
        world.put(list, movie).await;
    }
    let ran = world.run().await;
    assert_eq!(ran.counts()[0], 2, "{:?}", ran.told());
    assert_eq!(
        [
            world.asked("submit 1"),
            world.asked("submit 2"),
            world.asked("submit 3")
        ],
        [2, 2, 1]
    );

    // A no since then is a new one.
    world.later(60);
    world.shelf.set_request(4, RequestStatus::Declined);
    world.shelf.set_status(1, false, MediaStatus::Unknown);
    world.shelf.change(|shelf| {
        shelf.refused_at.insert(1, world.engine.clock.now());
        shelf.requests.retain(|request| request.id != 5);
    });
    world.shelf.set_status(2, false, MediaStatus::Unknown);
    for _ in 0..2 {
        assert_eq!(world.run().await.counts()[0], 0);
    }
    assert_eq!(world.status(1).await, LedgerStatus::Declined);
    assert_eq!(world.status(2).await, LedgerStatus::Deleted);
}

#[actix_rt::test]
async fn a_run_over_one_list_takes_nothing_back_that_another_list_has() {
    let world = World::with_movies(2);
    let read = world.list("read", true, &[1, 2]).await;
    let other = world.list("other", false, &[1]).await;
    world.run().await;
    for movie in [1, 2] {
        world.take_off(read, movie).await;
    }
    world.later(1);
    world.run_over(&[read], Purpose::Apply).await;
    assert_eq!(
        [world.asked("withdraw 1"), world.asked("withdraw 2")],
        [0, 1]
    );
    assert_eq!(world.status(1).await, LedgerStatus::Requested);
    world.take_off(other, 1).await;
    world.run_over(&[read], Purpose::Apply).await;
    assert_eq!(world.asked("withdraw 1"), 1);
    assert_eq!(world.status(1).await, LedgerStatus::Withdrawn);
}

#[actix_rt::test]
async fn a_failed_request_is_sent_on_with_longer_pauses_until_a_person_has_to_look() {
    let world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    world.run().await;
    let mut pauses = Vec::new();
    for attempt in 1..=10 {
        world.shelf.set_request(1, RequestStatus::Failed);
        let ran = world.run().await;
        assert_eq!(
            ran.counts(),
            [0, 1, 0, 0, 0],
            "attempt {attempt}: {:?}",
            ran.told()
        );
        assert!(ran.told()[0].starts_with("retried: "), "{:?}", ran.told());
        let row = world.row(1).await;
        assert_eq!(
            (row.status, row.attempts),
            (LedgerStatus::Requested, attempt)
        );
        let pause = row.retry_at.unwrap() - world.engine.clock.now();
        pauses.push(pause.num_minutes());
        if attempt < 10 {
            world.shelf.set_request(1, RequestStatus::Failed);
            assert_eq!(
                world.run().await.counts(),
                [0, 0, 0, 1, 0],
                "its time has not come"
            );
        }
        world.later(u64::try_from(pause.num_minutes()).unwrap() + 1);
    }
    for (pause, hours) in pauses.iter().zip([1, 2, 4, 8, 16, 24, 24, 24, 24, 24]) {
        assert!((hours * 54..=hours * 66).contains(pause), "{pauses:?}");
    }
    world.shelf.set_request(1, RequestStatus::Failed);
    let ran = world.run().await;
    assert_eq!(ran.counts(), [0, 0, 0, 0, 1], "{:?}", ran.told());
    assert_eq!(world.status(1).await, LedgerStatus::FailedPermanent);
    world.later(7 * 24 * 60);
    world.run().await;
    assert_eq!(world.asked("retry 1"), 10);
    assert_eq!(world.asked("submit 1"), 1);
}

#[actix_rt::test]
async fn once_a_failed_request_is_well_the_ledger_says_so() {
    let world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    world.run().await;
    world.shelf.set_request(1, RequestStatus::Failed);
    world.later(1);
    world.run().await;
    let reason = world.row(1).await.reason;
    assert!(reason.contains("refused our request"), "{reason}");
    let first_shown = world.row(1).await.requested_at;
    world.later(1);
    world.run().await;
    let row = world.row(1).await;
    assert_eq!(row.reason, "we have requested it already");
    assert_eq!(row.requested_at, first_shown);
    world.later(1);
    world.run().await;
    assert_eq!(world.row(1).await, row, "nothing is written anew");
    let told = world.decisions(1).await;
    assert_eq!(told.len(), 3, "{told:?}");
}
