//! Workers are killed at random moments of a run, also while Seerr is still at a request; every title
//! is requested exactly once all the same.

#![expect(
    clippy::print_stdout,
    reason = "the seeds of the rounds, for repeating one that failed"
)]

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use schema::models::RunStatus;
use tests::{
    chance::Chance,
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

/// Titles of a run; at 27 ms a request it lasts long enough to be killed in.
const TITLES: usize = 60;

async fn household(seerr: &FakeSeerr, sites: &FakeSites, settle_s: u64) -> Result<Household> {
    let world = world();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let setup = Setup::new().seerr(seerr).sites(sites);
    let household = setup
        .environment("LISTSYNC_SEERR_SETTLE_S", &settle_s.to_string())
        .start()
        .await?;
    household.add_list("imdb", "ls000000001").await?;
    Ok(household)
}

fn world() -> World {
    World::numbered(60)
}

/// Every title has exactly one request.
fn assert_once(seerr: &FakeSeerr, seed: u64) {
    let mut requests: BTreeMap<i64, usize> = BTreeMap::new();
    for request in seerr.requests() {
        *requests.entry(request.tmdb_id).or_default() += 1;
    }
    let twice: Vec<_> = requests.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        twice.is_empty(),
        "seed {seed}: asked more than once: {twice:?}"
    );
    assert_eq!(requests.len(), TITLES, "seed {seed}: titles missing");
}

/// One round: a run in which `victim` is killed a few times at moments drawn from `seed`.
/// Gives how many of the kills hit a run that was not over.
async fn round(victim: &str, seed: u64, post_delay: Duration) -> Result<u32> {
    let mut chance = Chance::new(seed);
    let sites = FakeSites::start();
    let seerr = FakeSeerr::start(world());
    if post_delay.is_zero() {
        seerr.faults().delay_posts(Duration::from_millis(4));
    } else {
        // Now and then a request goes on in Seerr for a while, whoever waits for it.
        seerr.faults().delay_posts_by(move |nth| {
            if nth % 20 == 3 {
                post_delay
            } else {
                Duration::from_millis(2)
            }
        });
    }
    let settle_s = post_delay.as_secs() + 1;
    let household = household(&seerr, &sites, settle_s).await?;
    let run = household.start_run().await?;
    let mut hits = 0;
    for _ in 0..=chance.below(3) {
        let posts = usize::try_from(chance.below(40))?;
        // The moment is a number of requests or, before the first, a few milliseconds.
        if posts < 3 {
            tokio::time::sleep(Duration::from_millis(chance.below(60))).await;
        } else {
            let so_far = seerr.count("POST", "/api/v1/request");
            let wanted = (so_far + posts).min(TITLES - 1);
            let (watched, limit) = (wanted, Duration::from_secs(10));
            seerr.wait_until(
                |state| state.count("POST", "/api/v1/request") >= watched,
                limit,
            );
            tokio::time::sleep(Duration::from_micros(chance.below(6000))).await;
        }
        let before = household.kill(victim).await?;
        if seerr.requests().len() < TITLES {
            hits += 1;
        }
        household.replaced(victim, before).await;
    }
    let report = household.report(run, Duration::from_secs(90)).await?;
    assert_eq!(
        report.summary.status,
        RunStatus::Completed,
        "seed {seed}: {report:#?}"
    );
    assert_once(&seerr, seed);
    // A further run finds nothing left to do, and nothing it had believed lost.
    let again = household.sync().await?;
    assert_eq!(again.summary.counts.requested, 0, "seed {seed}");
    assert_once(&seerr, seed);
    Ok(hits)
}

async fn rounds(victim: &str, count: u64, post_delay: Duration) -> Result<()> {
    let first = tests::chance::seed();
    let mut hits = 0;
    for seed in first..first + count {
        println!("{victim}: round with seed {seed}");
        hits += round(victim, seed, post_delay)
            .await
            .inspect_err(|_| println!("failed with seed {seed}"))?;
    }
    assert!(hits > 0, "no kill hit a run that was going on");
    Ok(())
}

#[actix_rt::test]
async fn a_sync_worker_killed_at_random_asks_for_every_title_once() -> Result<()> {
    rounds("sync-worker", 8, Duration::ZERO).await
}

#[actix_rt::test]
async fn a_sync_worker_killed_while_seerr_is_at_a_request_asks_for_every_title_once() -> Result<()>
{
    rounds("sync-worker", 3, Duration::from_secs(2)).await
}

#[actix_rt::test]
async fn a_scraper_worker_killed_at_random_costs_nothing_but_time() -> Result<()> {
    rounds("scraper-worker", 3, Duration::ZERO).await
}

#[actix_rt::test]
async fn a_killed_api_is_back_and_the_run_does_not_notice() -> Result<()> {
    rounds("api", 2, Duration::ZERO).await
}

/// `make test-all`: fifty random kills, printed seeds, requests of up to fifteen seconds.
#[actix_rt::test]
#[ignore = "takes minutes; part of `make test-all`"]
async fn fifty_random_kills_ask_for_every_title_once() -> Result<()> {
    let mut hits = 0;
    for (at, victim) in [
        "sync-worker",
        "sync-worker",
        "scraper-worker",
        "sync-worker",
        "api",
    ]
    .iter()
    .cycle()
    .take(50)
    .enumerate()
    {
        let seed = tests::chance::seed() + u64::try_from(at)?;
        let delay = if at % 10 == 3 {
            Duration::from_secs(15)
        } else {
            Duration::ZERO
        };
        println!(
            "round {at}: {victim}, seed {seed}, requests of up to {} s",
            delay.as_secs()
        );
        hits += round(victim, seed, delay)
            .await
            .inspect_err(|_| println!("failed with seed {seed}"))?;
    }
    println!("{hits} kills hit a run that was going on");
    assert!(hits >= 25, "only {hits} kills hit a run that was going on");
    Ok(())
}
