//! Households that are measured: the real binaries with the fakes they ask, and lists of a given length.

use std::time::Duration;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use schema::{models::RunStatus, wire::sync::RunReport};

use super::{
    clock,
    proc::{self, Memory},
};
use crate::{
    fake_seerr::{FakeSeerr, Kind, Latency, World, request_status},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

/// How long one run may take before the bench gives up.
const LIMIT: Duration = Duration::from_mins(15);

/// Pause between the start and the look at memory.
const REST_MS: u64 = 3000;

/// The file of Steven Lu that is read.
const FILE: &str = "https://s3.amazonaws.com/popular-movies/movies.json";

/// The IMDb list that is read, in pages of 250.
const LIST: &str = "ls000000001";

/// A ListSync with the fakes it asks.
pub struct Lived {
    /// The Seerr it asks.
    pub seerr: FakeSeerr,
    /// The sites it reads.
    pub sites: FakeSites,
    /// Supervisor and workers.
    pub household: Household,
    /// Memory of each process before it had anything to do, where that was looked at.
    pub(super) at_start: Vec<(String, Memory)>,
}

/// A run with the moments around it.
pub(super) struct Run {
    pub(super) started: DateTime<Utc>,
    pub(super) ended: DateTime<Utc>,
    pub(super) report: RunReport,
}

/// What every household of the bench is started with: as in real life, no debug lines in the logs.
pub(super) fn setup(seerr: &FakeSeerr, sites: &FakeSites) -> Setup {
    Setup::new()
        .seerr(seerr)
        .sites(sites)
        .environment("LOG_LEVEL", "info")
        .environment("LOG_FORMAT", "json")
}

impl Lived {
    /// One with an IMDb list of that many titles of which Seerr knows nothing.
    pub(super) async fn with_imdb_list(titles: usize, latency: Latency) -> Result<Self> {
        let count = i64::try_from(titles)?;
        let sites = FakeSites::start();
        sites.set_imdb_list(LIST, Entry::all_of(&World::numbered(count)));
        let seerr = FakeSeerr::start(World::numbered(count));
        seerr.set_latency(latency);
        let household = setup(&seerr, &sites).start().await?;
        household.add_list("imdb", LIST).await?;
        Ok(Self {
            seerr,
            sites,
            household,
            at_start: Vec::new(),
        })
    }

    /// One with a file of Steven Lu of that many titles of which Seerr knows nothing; the file tells
    /// TMDB's numbers, so that no title has to be looked up.
    pub(super) async fn with_file(titles: usize, latency: Latency) -> Result<Self> {
        let world = World::numbered(i64::try_from(titles)?);
        let sites = FakeSites::start();
        sites.set_stevenlu("movies", Entry::all_of(&world));
        let seerr = FakeSeerr::start(world);
        seerr.set_latency(latency);
        let household = setup(&seerr, &sites).start().await?;
        household.add_list("stevenlu", FILE).await?;
        Ok(Self {
            seerr,
            sites,
            household,
            at_start: Vec::new(),
        })
    }

    /// One with a file of Steven Lu of that many titles, each of them requested by somebody already.
    pub(super) async fn with_requested_list(titles: usize) -> Result<Self> {
        let world = World::numbered(i64::try_from(titles)?);
        let sites = FakeSites::start();
        sites.set_stevenlu("movies", Entry::all_of(&world));
        let requested: Vec<i64> = world.titles().iter().map(|title| title.tmdb_id).collect();
        let seerr = FakeSeerr::start(world);
        seerr.change(|state| {
            for tmdb_id in requested {
                state.add_request(Kind::Movie, tmdb_id, request_status::APPROVED, &[]);
            }
        });
        let household = setup(&seerr, &sites).start().await?;
        let mut lived = Self {
            seerr,
            sites,
            household,
            at_start: Vec::new(),
        };
        clock::pause(REST_MS).await;
        lived.at_start = lived.memory().await?;
        lived.household.add_list("stevenlu", FILE).await?;
        Ok(lived)
    }

    /// One that has read and handled ten thousand titles, for what is measured at rest.
    ///
    /// # Errors
    /// When it does not start or its run fails.
    pub async fn after_ten_thousand_titles() -> Result<Self> {
        let lived = Self::with_requested_list(10_000).await?;
        lived.run(0).await?;
        lived.run(0).await?;
        Ok(lived)
    }

    /// Runs everything once, to its good end with that many requests made.
    pub(super) async fn run(&self, requests: usize) -> Result<Run> {
        self.seerr.forget_calls();
        self.sites.forget_calls();
        let started = clock::now();
        let run = self.household.start_run().await?;
        let report = self.household.report(run, LIMIT).await?;
        let ended = clock::now();
        ensure!(
            report.summary.status == RunStatus::Completed,
            "the run that was to be measured did not end well: {report:#?}"
        );
        let made = usize::try_from(report.summary.counts.requested)?;
        ensure!(
            made == requests,
            "the run that was to be measured made {made} requests instead of {requests}: {report:#?}"
        );
        Ok(Run {
            started,
            ended,
            report,
        })
    }

    /// Memory of the supervisor and its workers, with their names.
    pub(super) async fn memory(&self) -> Result<Vec<(String, Memory)>> {
        let processes = self.processes().await?.into_iter();
        processes
            .map(|(name, pid)| Ok((name, proc::memory(pid)?)))
            .collect()
    }

    /// Process ids of the supervisor and its workers, with their names.
    pub(super) async fn processes(&self) -> Result<Vec<(String, i32)>> {
        let status = self.household.status().await?;
        let mut processes = vec![("supervisor".to_owned(), status.pid)];
        for program in status.programs {
            if let Some(pid) = program.pid {
                processes.push((program.name, pid));
            }
        }
        Ok(processes)
    }
}
