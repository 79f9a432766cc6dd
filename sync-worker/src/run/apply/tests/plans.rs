//! A plan is made, the world goes on, and the plan is carried out as far as it still holds.

use schema::models::{LedgerStatus, PlanStatus};

use super::world::World;
use crate::target::{MediaStatus, TargetError, in_memory::Fault};

#[actix_rt::test]
async fn what_no_longer_holds_of_a_plan_is_not_done_and_says_why() {
    let world = World::with_movies(5);
    let list = world.list("top", false, &[1, 2, 3, 4, 5]).await;
    let plan = world.plan(&[list]).await;
    assert_eq!(world.left(plan).await, 5);
    assert!(world.rows().await.is_empty(), "nothing is done or recorded");
    assert_eq!(world.asked("submit 1"), 0);

    world.later(60);
    world.shelf.set_status(1, false, MediaStatus::Available);
    world.take_off(list, 2).await;
    let message = "Movie Quota exceeded.".to_owned();
    world.fault("submit 4", Fault::Says(TargetError::Quota { message }));
    let ran = world.apply(plan).await;
    assert!(ran.interrupted.is_none());
    assert_eq!(ran.counts(), [1, 0, 1, 3, 0], "{:?}", ran.told());
    insta::assert_snapshot!(world.outcomes(plan).await.join("\n"), @"
    not done: it is in the library
    not done: it has left imdb:top; it was never asked for
    requested
    waiting: Seerr's limit for this user is used up: Movie Quota exceeded. Raise the user's request limit in Seerr, or wait until its period is over.
    waiting: Seerr's limit for this user is used up: Movie Quota exceeded. Raise the user's request limit in Seerr, or wait until its period is over.
    ");
    assert_eq!(world.row(4).await.attempts, 0, "a limit uses up no attempt");
    assert_eq!(
        world.asked("submit 5"),
        0,
        "the same user would be refused again"
    );
}

#[actix_rt::test]
async fn a_plan_that_was_broken_off_goes_on_where_it_was() {
    let world = World::with_movies(3);
    let list = world.list("top", false, &[1, 2, 3]).await;
    let plan = world.plan(&[list]).await;
    world.shelf.change(|shelf| {
        let down = TargetError::Unreachable {
            address: "the shelf".into(),
            why: "nobody is there".into(),
        };
        shelf.faults.push(("submit 2", Fault::Says(down)));
    });
    let ran = world.apply(plan).await;
    assert!(ran.interrupted.is_some());
    assert_eq!(
        world.outcomes(plan).await,
        ["requested", "nothing", "nothing"]
    );
    assert_eq!(
        world.left(plan).await,
        2,
        "what is left, not what it came to"
    );

    let ran = world.apply(plan).await;
    assert_eq!(ran.counts()[0], 2, "{:?}", ran.told());
    assert_eq!(world.outcomes(plan).await, ["requested"; 3]);
    let questions = ["submit 1", "submit 2", "submit 3"].map(|question| world.asked(question));
    assert_eq!(questions, [1, 2, 1]);
    let status = world
        .db(move |conn| Ok(schema::models::Plan::find(conn, plan)?.unwrap().status))
        .await;
    assert_eq!(status, PlanStatus::Applied);
}

#[actix_rt::test]
async fn a_planned_withdrawal_is_not_done_once_another_list_has_the_title() {
    let world = World::with_movies(2);
    let list = world.list("top", true, &[1, 2]).await;
    world.run().await;
    for movie in [1, 2] {
        world.take_off(list, movie).await;
    }
    world.later(1);
    let plan = world.plan(&[list]).await;
    world.list("other", false, &[1]).await;
    world.apply(plan).await;
    assert_eq!(
        [world.asked("withdraw 1"), world.asked("withdraw 2")],
        [0, 1]
    );
    assert_eq!(world.status(1).await, LedgerStatus::Requested);
    insta::assert_snapshot!(world.outcomes(plan).await.join("\n"), @"
    not done: it has left imdb:top; another list has it, so what was asked for stays
    withdrawn
    ");
}
