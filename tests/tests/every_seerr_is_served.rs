//! Overseerr, Jellyseerr and Seerr, in the versions people run: each is recognised, asked only what it knows, and served
//! alike.

#![cfg(test)]

use std::time::Duration;

use anyhow::Result;
use schema::models::RunStatus;
use tests::{
    fake_seerr::{FakeSeerr, Flavour, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

const PROGRAMS: [(Flavour, &str); 4] = [
    (Flavour::Seerr3, "Seerr 3.1.0"),
    (Flavour::Jellyseerr27, "Jellyseerr 2.7.3"),
    (Flavour::Jellyseerr25, "Jellyseerr 2.5.2"),
    (Flavour::Overseerr134, "Overseerr 1.34.0"),
];

/// A household with two movies and a show on its list.
async fn household(flavour: Flavour) -> Result<(FakeSeerr, FakeSites, Household)> {
    let world = World::sample();
    let sites = FakeSites::start();
    let names = ["The Matrix", "Inception", "Breaking Bad"];
    sites.set_imdb_list("ls000000001", Entry::named(&world, &names));
    let seerr = FakeSeerr::start(world);
    seerr.change(|state| {
        state.settings.flavour = flavour;
        // Where `"all"` seasons bring the specials too.
        state.settings.enable_special_episodes = true;
    });
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    Ok((seerr, sites, household))
}

async fn check(household: &Household) -> Result<String> {
    let shown = tokio::time::timeout(Duration::from_secs(20), household.cli(&["check"])).await??;
    Ok(String::from_utf8_lossy(&shown.stdout).into_owned())
}

#[actix_rt::test]
async fn each_is_recognised_and_asked_only_what_it_knows() -> Result<()> {
    for (flavour, name) in PROGRAMS {
        let (seerr, _sites, mut household) = household(flavour).await?;
        let report = household.sync().await?;
        assert_eq!(
            (report.summary.status, report.summary.counts.requested),
            (RunStatus::Completed, 3),
            "{name}: {report:#?}"
        );
        let again = household.sync().await?;
        assert_eq!(
            (again.summary.status, again.summary.counts.requested),
            (RunStatus::Completed, 0),
            "{name}: {again:#?}"
        );
        for call in seerr.calls() {
            assert!(
                call.status.is_some_and(|status| status < 400),
                "{name}: {call:#?}"
            );
        }
        assert_eq!(seerr.requests().len(), 3, "{name}");
        let shows = seerr.requests_for(1396, false);
        assert_eq!(shows[0].seasons, [1, 2, 3, 4, 5], "{name}: no specials");
        let shown = check(&household).await?;
        assert!(shown.contains(name), "{name}: {shown}");
        household.stop().await?;
    }
    Ok(())
}

#[actix_rt::test]
async fn a_check_names_the_radarr_that_does_not_answer_seerr() -> Result<()> {
    let (seerr, _sites, household) = household(Flavour::Seerr3).await?;
    let shown = check(&household).await?;
    assert!(!shown.contains("no answer to Seerr"), "{shown}");
    seerr.faults().slow_requests(Duration::from_millis(1));
    let shown = check(&household).await?;
    assert!(shown.contains("Radarr: no answer to Seerr"), "{shown}");
    assert!(shown.contains("Settings > Services"), "{shown}");
    Ok(())
}
