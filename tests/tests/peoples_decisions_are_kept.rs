//! What people decide in Seerr (declined, deleted, limits, another server) is kept to.

use anyhow::{Context, Result};
use schema::models::{RunStatus, SyncedItem};
use tests::{
    fake_seerr::{FakeSeerr, Kind, Quota, User, World, media_status, permission, request_status},
    fake_sites::{Entry, FakeSites},
    harness::Setup,
};

const FIRST: i64 = 9_000_001;

#[actix_rt::test]
async fn a_declined_title_is_asked_for_again_only_after_it_left_and_came_back() -> Result<()> {
    let world = World::numbered(3);
    let all = Entry::all_of(&world);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", all.clone());
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 3);

    let request = seerr
        .requests_for(FIRST, false)
        .first()
        .context("it was requested")?
        .id;
    seerr.change(|state| {
        state.set_request_status(request, request_status::DECLINED);
        state.set_media(Kind::Movie, FIRST, media_status::UNKNOWN);
    });
    let report = household.sync().await?;
    assert_eq!(
        (
            report.summary.counts.requested,
            report.summary.counts.skipped
        ),
        (0, 1)
    );
    assert!(
        report
            .reasons
            .iter()
            .any(|reason| reason.reason == "its request was declined")
    );

    // A second list has it too: nobody has changed their mind by that.
    sites.set_stevenlu("movies", all.clone());
    household.add_list("stevenlu", "movies").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 0);
    assert_eq!(seerr.requests_for(FIRST, false).len(), 1);

    // It leaves a list and comes back, but the first try to ask again fails.
    sites.set_imdb_list("ls000000001", all.iter().skip(1).cloned().collect());
    household.sync().await?;
    sites.set_imdb_list("ls000000001", all);
    seerr.faults().revoke_key();
    assert_eq!(household.sync().await?.summary.status, RunStatus::Failed);
    seerr.faults().clear();
    assert_eq!(household.sync().await?.summary.counts.requested, 1);
    assert_eq!(seerr.requests_for(FIRST, false).len(), 2);

    // Declined once more: that is a new no.
    let again = seerr
        .requests_for(FIRST, false)
        .iter()
        .map(|row| row.id)
        .max();
    seerr.change(|state| {
        state.set_request_status(again.unwrap_or_default(), request_status::DECLINED);
        state.set_media(Kind::Movie, FIRST, media_status::UNKNOWN);
    });
    household.sync().await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 0);
    assert_eq!(seerr.requests_for(FIRST, false).len(), 2);
    Ok(())
}

#[actix_rt::test]
async fn what_was_declined_or_deleted_while_it_was_off_its_list_is_asked_for_when_it_is_back()
-> Result<()> {
    // Two of six may leave at once without the list being frozen.
    let world = World::numbered(6);
    let all = Entry::all_of(&world);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", all.clone());
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 6);

    sites.set_imdb_list("ls000000001", all.iter().skip(2).cloned().collect());
    household.sync().await?;
    let id = |tmdb_id: i64| -> Result<i64> {
        let requests = seerr.requests_for(tmdb_id, false);
        Ok(requests.first().context("it was requested")?.id)
    };
    let (declined, deleted) = (id(FIRST)?, id(FIRST + 1)?);
    seerr.change(|state| {
        state.set_request_status(declined, request_status::DECLINED);
        state.set_media(Kind::Movie, FIRST, media_status::UNKNOWN);
        state.set_request_status(deleted, request_status::COMPLETED);
        state.set_media(Kind::Movie, FIRST + 1, media_status::DELETED);
    });
    sites.set_imdb_list("ls000000001", all);
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 2, "{report:#?}");
    assert_eq!(seerr.requests_for(FIRST, false).len(), 2);
    assert_eq!(seerr.requests_for(FIRST + 1, false).len(), 2);
    assert_eq!(household.sync().await?.summary.counts.requested, 0);

    // A no since it is back is a new one.
    let newest = seerr.requests_for(FIRST, false);
    let newest = newest.iter().map(|row| row.id).max().context("two")?;
    seerr.change(|state| {
        state.set_request_status(newest, request_status::DECLINED);
        state.set_media(Kind::Movie, FIRST, media_status::UNKNOWN);
    });
    for _ in 0..2 {
        assert_eq!(household.sync().await?.summary.counts.requested, 0);
    }
    assert_eq!(seerr.requests_for(FIRST, false).len(), 2);
    Ok(())
}

#[actix_rt::test]
async fn a_used_up_limit_waits_without_a_call_or_a_row_per_title() -> Result<()> {
    let world = World::numbered(40);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    seerr.change(|state| {
        let mut user = User::new(2, "kid", permission::REQUEST);
        user.movie_quota = Some(Quota { limit: 5, days: 7 });
        state.add_user(user);
    });
    let setup = Setup::new().seerr(&seerr).sites(&sites);
    let household = setup.environment("OVERSEERR_USER_ID", "2").start().await?;
    household.add_list("imdb", "ls000000001").await?;
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 5, "{report:#?}");
    assert!(
        report
            .reasons
            .iter()
            .any(|reason| reason.decision == "waiting" && reason.titles == 35),
        "{report:#?}"
    );
    assert_eq!(
        seerr.count("POST", "/api/v1/request"),
        6,
        "five and the one that was refused"
    );
    let rows = household
        .database()?
        .read(|conn| SyncedItem::of_target(conn, "seerr"))
        .await?;
    assert_eq!(rows.len(), 6, "the others wait without a row");
    assert_eq!(household.sync().await?.summary.counts.requested, 0);
    assert_eq!(seerr.count("POST", "/api/v1/request"), 7, "one try a run");
    Ok(())
}

#[actix_rt::test]
async fn another_seerr_under_the_same_address_is_not_taken_for_a_household_that_deleted_all()
-> Result<()> {
    let world = World::numbered(30);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let mut seerr = FakeSeerr::start(world.clone());
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 30);
    let port = seerr.port();
    seerr.stop();
    let fresh = FakeSeerr::try_start(world, port, false)?;
    let report = household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Failed, "{report:#?}");
    let reason = report.summary.reason.context("a reason")?;
    assert!(
        reason.contains("30 of the 30") && reason.contains("OVERSEERR_URL"),
        "{reason}"
    );
    assert!(
        fresh.requests().is_empty(),
        "nothing was asked of a stranger"
    );
    let rows = household
        .database()?
        .read(|conn| SyncedItem::of_target(conn, "seerr"))
        .await?;
    assert!(
        rows.iter().all(|row| row.created_by_us),
        "and nothing of the ledger is lost"
    );
    Ok(())
}
