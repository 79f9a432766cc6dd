//! Any process is killed at random moments of a run, and Seerr with them: every title is requested
//! exactly once all the same, no row is lost and no run is stuck.
//!
//! A round is drawn from a seed, which is printed: `SEED=123` repeats it as the first.

#![expect(
    clippy::print_stdout,
    reason = "the seeds of the rounds, for repeating one that failed"
)]

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use diesel::RunQueryDsl;
use schema::{
    DbError,
    models::{LedgerStatus, RunId, RunStatus, SyncRun, SyncedItem},
};
use tests::{
    chance::Chance,
    fake_seerr::{FakeSeerr, Stage, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

/// Titles of a run.
const TITLES: usize = 500;

/// How long a request may go on in Seerr after its sender died, in whole seconds as the setting has it.
const SETTLE_S: u64 = 1;

/// Most runs that a household may need until everything is asked for.
const RUNS: usize = 12;

/// What happens to Seerr in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Nothing.
    None,
    /// It is killed and started again.
    Killed,
    /// Its network is gone for a while, POSTs under way go on.
    Dark,
    /// One POST in ten fails.
    OneInTen,
    /// Somebody else's failing requests take rows of ours with them.
    LosesRows,
}

const TROUBLES: [Trouble; 5] = [
    Trouble::None,
    Trouble::Killed,
    Trouble::Dark,
    Trouble::OneInTen,
    Trouble::LosesRows,
];

/// Which process is killed, the likelier ones more often.
const VICTIMS: [&str; 6] = [
    "sync-worker",
    "sync-worker",
    "sync-worker",
    "scraper-worker",
    "api",
    "supervisor",
];

struct Round {
    seed: u64,
    chance: Chance,
    trouble: Trouble,
    seerr: FakeSeerr,
    household: Household,
    /// Served as long as the round lasts.
    _sites: FakeSites,
    /// Kills that hit a run that was not over.
    hits: u32,
}

impl Round {
    async fn begin(seed: u64, trouble: Trouble) -> Result<Self> {
        let mut chance = Chance::new(seed);
        let world = World::numbered(i64::try_from(TITLES)?);
        let sites = FakeSites::start();
        // Titles with TMDB's numbers in one half of the rounds, ids to look up in the other.
        let has_numbers = chance.below(2) == 0;
        let seerr = FakeSeerr::start(world.clone());
        let slow = chance.below(40);
        seerr.faults().delay_posts_by(move |nth| {
            // Now and then a request goes on in Seerr for a while, whoever waits for it.
            if nth % 150 == slow {
                Duration::from_millis(700)
            } else {
                Duration::from_millis(1 + nth % 2)
            }
        });
        if trouble == Trouble::OneInTen {
            let text = "SQLITE_BUSY: database is locked";
            seerr
                .faults()
                .fail_share_of_posts(0.1, text, Stage::BeforeWrite);
        }
        let setup = Setup::new().seerr(&seerr).sites(&sites);
        let household = setup
            .environment("LISTSYNC_SEERR_SETTLE_S", &SETTLE_S.to_string())
            .start()
            .await?;
        if has_numbers {
            sites.set_stevenlu("movies", Entry::all_of(&world));
            let address = "https://s3.amazonaws.com/popular-movies/movies.json";
            household.add_list("stevenlu", address).await?;
        } else {
            sites.set_imdb_list("ls000000001", Entry::all_of(&world));
            household.add_list("imdb", "ls000000001").await?;
        }
        Ok(Self {
            seed,
            chance,
            trouble,
            seerr,
            household,
            _sites: sites,
            hits: 0,
        })
    }

    /// A moment of the run: after so many requests more, and a few milliseconds.
    async fn moment(&mut self) {
        let posts = usize::try_from(self.chance.below(180)).unwrap_or(0);
        if posts > 2 {
            let so_far = self.seerr.count("POST", "/api/v1/request");
            let wanted = so_far + posts;
            self.seerr.wait_until(
                |state| state.count("POST", "/api/v1/request") >= wanted,
                Duration::from_millis(1500),
            );
        }
        let pause = Duration::from_micros(self.chance.below(20_000));
        tokio::time::sleep(pause).await;
    }

    async fn kill(&mut self) -> Result<()> {
        let choice = usize::try_from(self.chance.below(VICTIMS.len() as u64))?;
        let victim = VICTIMS.get(choice).context("there is no such victim")?;
        let is_going_on = self.seerr.requests().len() < TITLES;
        if *victim == "supervisor" {
            self.household.kill_supervisor().await?;
            self.household.boot().await?;
        } else {
            let before = self.household.kill(victim).await?;
            self.household.replaced(victim, before).await;
        }
        self.hits += u32::from(is_going_on);
        Ok(())
    }

    async fn trouble(&mut self) {
        let pause = Duration::from_millis(20 + self.chance.below(300));
        match self.trouble {
            Trouble::None | Trouble::OneInTen | Trouble::LosesRows => {}
            Trouble::Killed => {
                self.seerr.stop();
                tokio::time::sleep(pause).await;
                self.seerr.restart();
            }
            Trouble::Dark => {
                self.seerr.go_dark();
                tokio::time::sleep(pause).await;
                self.seerr.come_back();
            }
        }
    }

    /// The run with its disturbances, and as many more runs as it takes.
    async fn go(&mut self) -> Result<()> {
        let run = self.household.start_run().await?;
        let stranger = (self.trouble == Trouble::LosesRows)
            .then(|| stranger(&self.seerr))
            .transpose()?;
        for _ in 0..=self.chance.below(3) {
            self.moment().await;
            self.kill().await?;
            self.trouble().await;
        }
        self.over(run).await?;
        if let Some(stranger) = stranger {
            stranger.abort();
        }
        self.seerr.faults().lose_rows(false);
        for _ in 0..RUNS {
            // What failed waits an hour; here it need not.
            self.forget_pauses().await?;
            let report = self.household.sync().await?;
            let is_done = report.summary.status == RunStatus::Completed
                && self.requested().await? == TITLES
                && report.summary.counts.requested == 0;
            if is_done {
                return self.check().await;
            }
        }
        anyhow::bail!(
            "after {RUNS} runs {} of {TITLES} titles are requested",
            self.requested().await?
        )
    }

    /// Waits until the run has an end, good or bad; a run that never ends is stuck.
    async fn over(&self, run: RunId) -> Result<()> {
        let report = self.household.report(run, Duration::from_mins(1)).await?;
        let is_fine = match report.summary.status {
            RunStatus::Completed => true,
            // A run may fail only for Seerr's sake.
            RunStatus::Failed => matches!(self.trouble, Trouble::Killed | Trouble::Dark),
            RunStatus::Running | RunStatus::Queued | RunStatus::Cancelled => false,
        };
        ensure!(is_fine, "the run ended so: {report:#?}");
        Ok(())
    }

    async fn forget_pauses(&self) -> Result<()> {
        self.household
            .database()?
            .write(|conn| {
                diesel::sql_query(
                    "UPDATE synced_items SET retry_at = '2000-01-01 00:00:00' WHERE retry_at IS NOT NULL",
                )
                .execute(conn)
            })
            .await?;
        Ok(())
    }

    /// Rows of the ledger that say that the target has our request.
    async fn requested(&self) -> Result<usize> {
        let rows = self
            .household
            .database()?
            .read(|conn| SyncedItem::of_target(conn, "seerr"))
            .await?;
        let requested = rows
            .iter()
            .filter(|row| row.status == LedgerStatus::Requested && row.created_by_us);
        Ok(requested.count())
    }

    /// Every title once, in Seerr and in the ledger, and nothing left going on.
    async fn check(&self) -> Result<()> {
        let doubles = self.seerr.read(tests::fake_seerr::State::double_requests);
        ensure!(doubles.is_empty(), "asked for twice: {doubles:?}");
        let numbers: std::collections::BTreeSet<i64> = self
            .seerr
            .requests()
            .iter()
            .map(|request| request.tmdb_id)
            .collect();
        ensure!(
            numbers.len() == TITLES,
            "{} of {TITLES} titles are in Seerr",
            numbers.len()
        );
        let unfinished = self
            .household
            .database()?
            .read(|conn| -> Result<_, DbError> { Ok(SyncRun::unfinished(conn)?) })
            .await?;
        ensure!(unfinished.is_empty(), "runs are stuck: {unfinished:?}");
        Ok(())
    }
}

/// Another program whose requests fail in the middle of their writing, beside ours.
fn stranger(seerr: &FakeSeerr) -> Result<tokio::task::JoinHandle<()>> {
    let text = "SQLITE_CONSTRAINT: FOREIGN KEY constraint failed";
    let times = tests::loopback::Times::Always;
    seerr
        .faults()
        .fail_post(UNKNOWN, text, Stage::AfterMedia, times);
    let (url, key) = (format!("{}/api/v1/request", seerr.url()), seerr.api_key());
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(actix_rt::spawn(async move {
        let body = serde_json::json!({ "mediaType": "movie", "mediaId": UNKNOWN, "is4k": false });
        loop {
            let sent = client.post(&url).header("x-api-key", &key).json(&body);
            // That it fails is what it is for.
            drop(sent.send().await);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }))
}

/// A number that only the stranger asks for.
const UNKNOWN: i64 = 900_000;

async fn rounds(troubles: &[Trouble], count: usize) -> Result<()> {
    let first = tests::chance::seed();
    let mut hits = 0;
    for (seed, trouble) in (first..).zip(troubles.iter().cycle()).take(count) {
        println!("round with seed {seed}: {trouble:?}");
        let mut round = Round::begin(seed, *trouble).await?;
        round
            .go()
            .await
            .with_context(|| format!("round with seed {seed}: {trouble:?}"))
            .inspect_err(|_| println!("{}", round.household.output()))?;
        hits += round.hits;
        println!("  {} kills hit the run ({})", round.hits, round.seed);
    }
    println!("{hits} kills hit a run that was going on");
    ensure!(hits > 0, "no kill hit a run that was going on");
    Ok(())
}

#[actix_rt::test]
async fn whatever_process_is_killed() -> Result<()> {
    rounds(&[Trouble::None], 10).await
}

#[actix_rt::test]
async fn whatever_process_is_killed_and_seerr_with_it() -> Result<()> {
    rounds(&[Trouble::Killed, Trouble::Dark], 10).await
}

#[actix_rt::test]
async fn whatever_process_is_killed_while_seerr_fails_and_loses_rows() -> Result<()> {
    rounds(&[Trouble::OneInTen, Trouble::LosesRows], 10).await
}

/// `make test-all`: three hundred rounds.
#[actix_rt::test]
#[ignore = "takes half an hour; part of `make test-all`"]
async fn three_hundred_rounds() -> Result<()> {
    rounds(&TROUBLES, 300).await
}
