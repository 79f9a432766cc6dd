//! What goes wrong at the target: answers that get lost or lie, requests that never arrive, nobody there.

use chrono::Duration;
use schema::models::LedgerStatus;

use super::world::{World, noon};
use crate::target::{RequestStatus, TargetError, in_memory::Fault};

fn nobody_knows() -> TargetError {
    TargetError::Unknown {
        why: "the answer got lost".into(),
    }
}

fn nobody_is_there() -> TargetError {
    TargetError::Unreachable {
        address: "the shelf".into(),
        why: "nobody is there".into(),
    }
}

fn busy() -> TargetError {
    TargetError::Busy {
        message: "database is locked".into(),
    }
}

#[actix_rt::test]
async fn a_request_whose_answer_got_lost_is_ours_and_not_sent_again() {
    let world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    world.fault("submit", Fault::DoesAndSays(nobody_knows()));
    let ran = world.run().await;
    assert!(ran.interrupted.is_some());
    let row = world.row(1).await;
    assert_eq!(
        (row.status, row.request_id),
        (LedgerStatus::Requesting, None)
    );
    assert_eq!(world.told_requests().await, 0);

    let ran = world.run().await;
    assert_eq!(ran.counts(), [1, 0, 0, 0, 0], "{:?}", ran.told());
    let row = world.row(1).await;
    assert_eq!(
        (row.status, row.request_id),
        (LedgerStatus::Requested, Some(1))
    );
    assert!(row.created_by_us);
    assert_eq!(
        (world.asked("submit 1"), world.told_requests().await),
        (1, 1)
    );
    world.run().await;
    assert_eq!(
        (world.asked("submit 1"), world.told_requests().await),
        (1, 1)
    );
}

#[actix_rt::test]
async fn a_request_that_left_no_trace_is_sent_again_only_after_the_longest_time() {
    let mut world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    world.fault("submit", Fault::Says(nobody_knows()));
    assert!(world.run().await.interrupted.is_some());
    world.let_time_pass();
    let ran = world.run().await;
    assert_eq!(ran.counts()[0], 1, "{:?}", ran.told());
    assert_eq!(world.asked("submit 1"), 2);
    let waited = world.engine.clock.now() - noon();
    assert!(waited >= Duration::seconds(120), "{waited}");
    assert!(waited <= Duration::seconds(180), "{waited}");
    assert_eq!(world.shelf.look().requests.len(), 1);

    // One that was being sent when its process was killed may go on for as long after that.
    world.shelf.change(|shelf| shelf.requests.clear());
    let mut row = world.row(1).await.to_change();
    row.status = LedgerStatus::Requesting;
    row.request_id = None;
    row.requesting_since = Some(world.engine.clock.now());
    world
        .db(move |conn| Ok(schema::models::SyncedItem::save(conn, &row)?))
        .await;
    let killed_at = world.engine.clock.now();
    world.restart();
    assert_eq!(world.run().await.counts()[0], 1);
    let waited = world.engine.clock.now() - killed_at;
    assert!(waited >= Duration::seconds(120), "{waited}");
    assert_eq!(world.asked("submit 1"), 3);
}

#[actix_rt::test]
async fn while_nobody_is_there_no_attempt_is_used_up_and_nothing_is_lost() {
    let world = World::with_movies(3);
    world.list("top", false, &[1, 2, 3]).await;
    world.shelf.change(|shelf| shelf.is_down = true);
    for _ in 0..12 {
        assert!(world.run().await.interrupted.is_some());
    }
    assert!(world.rows().await.is_empty());
    world.shelf.change(|shelf| shelf.is_down = false);

    // It goes away between two requests.
    for _ in 0..12 {
        world.fault("submit 2", Fault::Says(nobody_is_there()));
        let ran = world.run().await;
        assert!(ran.interrupted.is_some());
        let row = world.row(2).await;
        assert_eq!(
            (row.status, row.attempts, row.retry_at),
            (LedgerStatus::Planned, 0, None)
        );
    }
    assert_eq!(world.status(1).await, LedgerStatus::Requested);
    let ran = world.run().await;
    assert_eq!(ran.counts(), [2, 1, 0, 0, 0], "{:?}", ran.told());
    assert_eq!(world.asked("submit 1"), 1);
    assert_eq!(world.shelf.look().requests.len(), 3);
}

#[actix_rt::test]
async fn requests_that_nobody_came_to_look_for_are_known_as_those_of_their_run() {
    let world = World::with_movies(2);
    world.list("top", false, &[1, 2]).await;
    world.fault("verify 1", Fault::Says(nobody_is_there()));
    let ran = world.run().await;
    assert!(ran.interrupted.is_some());
    assert_eq!(world.status(1).await, LedgerStatus::Requesting);
    let first = ran.report.summary.run;
    let ran = world.run().await;
    assert!(ran.interrupted.is_none(), "{:?}", ran.told());
    assert_eq!(world.status(1).await, LedgerStatus::Requested);
    let made = world
        .db(move |conn| Ok(schema::models::RunRequest::count(conn, first)?))
        .await;
    assert_eq!(made, 2);
    assert_eq!(world.shelf.look().requests.len(), 2);
}

#[actix_rt::test]
async fn a_request_that_is_stored_although_the_answer_is_an_error_is_ours() {
    let world = World::with_movies(2);
    world.list("top", false, &[1, 2]).await;
    world.fault("submit 1", Fault::DoesAndSays(busy()));
    // Of the second nobody can look at once whether it is there.
    world.fault("submit 2", Fault::DoesAndSays(busy()));
    world.fault("verify 2", Fault::Says(busy()));
    let ran = world.run().await;
    assert_eq!(ran.counts(), [1, 0, 0, 0, 1], "{:?}", ran.told());
    let row = world.row(1).await;
    assert_eq!(
        (row.status, row.request_id),
        (LedgerStatus::Requested, Some(1))
    );
    assert!(row.created_by_us);
    assert_eq!((row.attempts, row.error_message), (0, None));
    assert_eq!(world.status(2).await, LedgerStatus::Failed);

    world.later(1);
    let ran = world.run().await;
    assert_eq!(ran.counts(), [1, 1, 0, 0, 0], "{:?}", ran.told());
    let row = world.row(2).await;
    assert_eq!(
        (row.status, row.request_id),
        (LedgerStatus::Requested, Some(2))
    );
    assert!(row.created_by_us);
    assert_eq!(
        (row.attempts, row.retry_at, row.error_message),
        (0, None, None)
    );
    assert_eq!([world.asked("submit 1"), world.asked("submit 2")], [1, 1]);
    assert_eq!(world.told_requests().await, 2);
}

#[actix_rt::test]
async fn what_a_person_asks_for_after_our_request_failed_is_theirs() {
    let world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    world.fault("submit 1", Fault::Says(busy()));
    world.run().await;
    assert_eq!(world.status(1).await, LedgerStatus::Failed);
    // The same user as the one we ask as.
    let wish = crate::target::NewRequest {
        media_type: schema::models::MediaType::Movie,
        tmdb_id: 1,
        is_4k: false,
        seasons: crate::target::Seasons::All,
        requested_as: Some(1),
    };
    crate::target::Target::submit(&world.shelf, &wish)
        .await
        .unwrap();
    world.run().await;
    let row = world.row(1).await;
    assert_eq!(
        (row.status, row.created_by_us),
        (LedgerStatus::Adopted, false)
    );
}

#[actix_rt::test]
async fn a_request_that_is_always_refused_is_given_up_after_ten_times() {
    let world = World::with_movies(1);
    world.list("top", false, &[1]).await;
    for attempt in 1..=10 {
        let message = "it makes no sense".to_owned();
        let rejected = TargetError::Rejected {
            status: 400,
            message,
        };
        world.fault("submit", Fault::Says(rejected));
        world.run().await;
        let row = world.row(1).await;
        assert_eq!(row.attempts, attempt);
        if attempt < 10 {
            assert_eq!(row.status, LedgerStatus::Failed);
            world.run().await;
            assert_eq!(
                world.row(1).await.attempts,
                attempt,
                "its time has not come"
            );
            let pause = row.retry_at.unwrap() - world.engine.clock.now();
            world.later(u64::try_from(pause.num_minutes()).unwrap() + 1);
        }
    }
    assert_eq!(world.status(1).await, LedgerStatus::FailedPermanent);
    world.later(7 * 24 * 60);
    world.run().await;
    assert_eq!(world.asked("submit 1"), 10);
}

#[actix_rt::test]
async fn a_withdrawal_that_was_broken_off_is_no_persons_doing() {
    for is_done in [true, false] {
        let world = World::with_movies(1);
        let list = world.list("top", true, &[1]).await;
        world.run().await;
        world.take_off(list, 1).await;
        world.later(1);
        let fault = if is_done {
            Fault::DoesAndSays(nobody_knows())
        } else {
            Fault::Says(nobody_knows())
        };
        world.fault("withdraw", fault);
        assert!(world.run().await.interrupted.is_some());
        assert_eq!(world.status(1).await, LedgerStatus::Withdrawn);
        for _ in 0..2 {
            assert!(world.run().await.interrupted.is_none());
        }
        assert_eq!(world.asked("withdraw 1"), if is_done { 1 } else { 2 });
        assert_eq!(world.status(1).await, LedgerStatus::Withdrawn);
        assert!(world.shelf.look().requests.is_empty());

        world.later(1);
        world.put(list, 1).await;
        assert_eq!(world.run().await.counts()[0], 1, "it is wanted anew");
        assert_eq!(world.status(1).await, LedgerStatus::Requested);
    }
}

#[actix_rt::test]
async fn a_withdrawal_that_certainly_never_arrived_leaves_the_request_ours() {
    let world = World::with_movies(1);
    let list = world.list("top", true, &[1]).await;
    world.run().await;
    world.take_off(list, 1).await;
    world.fault("withdraw", Fault::Says(nobody_is_there()));
    assert!(world.run().await.interrupted.is_some());
    assert_eq!(world.status(1).await, LedgerStatus::Requested);
    world.shelf.set_request(1, RequestStatus::Pending);
    world.run().await;
    assert_eq!(world.status(1).await, LedgerStatus::Withdrawn);
}
