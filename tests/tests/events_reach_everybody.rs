//! The stream of events while the API is started again and the sync-worker is killed: whoever connects again with the
//! number it saw last ends with every stored event once, in order.

#![expect(clippy::print_stdout, reason = "figures of the long round")]

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::join_all;
use schema::{
    Db,
    models::{Event, Following, RunStatus},
};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Heard, Household, Setup, wait_for},
};
use tokio::{sync::watch, time::Instant};

/// Number and kind of every stored event after that one.
async fn stored(database: &Db, mut after: i32) -> Result<Vec<(i32, String)>> {
    let mut events = Vec::new();
    loop {
        let from = after;
        match database.read(move |conn| Event::after(conn, from)).await? {
            Following::Reset { newest } => bail!("events up to {newest} are forgotten"),
            Following::Events(page) => {
                let Some(last) = page.last() else {
                    return Ok(events);
                };
                after = last.id;
                events.extend(
                    page.into_iter()
                        .map(|one| (one.id, one.kind.as_str().to_owned())),
                );
            }
        }
    }
}

/// Waits for that many requests, while the followers go on reading.
async fn posts(seerr: &FakeSeerr, count: usize) {
    let what = format!("{count} requests");
    wait_for(&what, Duration::from_mins(5), || async {
        (seerr.count("POST", "/api/v1/request") >= count).then_some(())
    })
    .await;
}

async fn round(clients: usize, titles: usize) -> Result<()> {
    let world = World::numbered(i64::try_from(titles)?);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    seerr.faults().delay_posts(Duration::from_millis(3));
    let household = Setup::new()
        .seerr(&seerr)
        .sites(&sites)
        .environment("LISTSYNC_SEERR_SETTLE_S", "1")
        .start()
        .await?;
    household.add_list("imdb", "ls000000001").await?;
    let database = household.database()?;
    let before = database.read(Event::newest).await?;

    let api = household.api()?;
    let (tell, until) = watch::channel(None);
    let followers = (0..clients).map(|_| {
        let (api, until) = (api.clone(), until.clone());
        actix_rt::spawn(async move { api.follow(before, until).await })
    });
    let followers: Vec<_> = followers.collect();

    let started = Instant::now();
    let run = household.start_run().await?;
    disturb(&household, &seerr, titles).await?;
    let report = household.report(run, Duration::from_mins(8)).await?;
    ensure!(report.summary.status == RunStatus::Completed, "{report:#?}");
    ensure!(seerr.requests().len() == titles, "each title once");
    let ended = started.elapsed();

    let expected = stored(&database, before).await?;
    let (newest, _) = expected.last().context("a run leaves events")?;
    tell.send(Some(*newest))?;
    let heard = tokio::time::timeout(Duration::from_mins(1), join_all(followers)).await?;
    for (at, heard) in heard.into_iter().enumerate() {
        let Heard {
            events,
            resets,
            connections,
            ..
        } = heard??;
        assert_eq!(events, expected, "client {at} heard something else");
        assert_eq!(resets, 0, "client {at} was told that events are missing");
        assert!(
            connections >= 3,
            "client {at} was never cut off: nothing was shown"
        );
    }
    println!(
        "{clients} clients heard {} events of {titles} titles once and in order; the run took {:.1} s, the last client {:.1} s more",
        expected.len(),
        ended.as_secs_f64(),
        started.elapsed().saturating_sub(ended).as_secs_f64()
    );
    Ok(())
}

/// The API is killed, then started again by its owner, then the sync-worker is killed.
async fn disturb(household: &Household, seerr: &FakeSeerr, titles: usize) -> Result<()> {
    posts(seerr, titles / 5).await;
    let before = household.kill("api").await?;
    household.replaced("api", before).await;
    posts(seerr, titles * 2 / 5).await;
    let restarted = household.cli(&["restart", "api"]).await?;
    ensure!(restarted.status.success(), "{restarted:?}");
    posts(seerr, titles * 3 / 5).await;
    let before = household.kill("sync-worker").await?;
    household.replaced("sync-worker", before).await;
    Ok(())
}

#[actix_rt::test]
async fn eight_clients_hear_every_event_once_through_restarts_and_kills() -> Result<()> {
    round(8, 150).await
}

/// `make test-all`
#[actix_rt::test]
#[ignore = "takes minutes; part of `make test-all`"]
async fn fifty_clients_hear_every_event_of_2000_titles_once() -> Result<()> {
    round(50, 2000).await
}

#[actix_rt::test]
async fn the_stream_tells_of_progress_and_who_is_too_late_is_told_so() -> Result<()> {
    let world = World::numbered(20);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    seerr.faults().delay_posts(Duration::from_millis(40));
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    let database = household.database()?;
    let before = database.read(Event::newest).await?;
    let (tell, until) = watch::channel(None);
    let api = household.api()?;
    let follower = actix_rt::spawn({
        let (api, until) = (api.clone(), until.clone());
        async move { api.follow(before, until).await }
    });
    let report = household.sync().await?;
    ensure!(report.summary.counts.requested == 20, "{report:#?}");
    let expected = stored(&database, before).await?;
    let requested = expected
        .iter()
        .filter(|(_, kind)| kind == "title_requested");
    assert_eq!(requested.count(), 20);
    let newest = expected.last().map(|(id, _)| *id);
    tell.send(newest)?;
    let heard = follower.await??;
    assert_eq!(heard.events, expected);
    assert!(
        heard.ticks.iter().any(|kind| kind == "progress"),
        "{:?}",
        heard.ticks
    );

    // A number from another database: whoever has it is told, and goes on with what comes.
    let far = newest.context("there are events")? + 1000;
    let (tell, until) = watch::channel(None);
    let follower = actix_rt::spawn(async move { api.follow(far, until).await });
    // The list's own event is the first that the late one hears, so wait until it listens.
    let listens = || async {
        let text = household.log("api");
        text.matches("/api/events").count().ge(&2).then_some(())
    };
    wait_for("the second follower", Duration::from_secs(20), listens).await;
    household.sync().await?;
    let newest = database.read(Event::newest).await?;
    tell.send(Some(newest))?;
    let heard = tokio::time::timeout(Duration::from_secs(30), follower).await???;
    assert_eq!(heard.resets, 1, "{heard:#?}");
    Ok(())
}
