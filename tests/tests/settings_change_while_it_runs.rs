//! Settings saved by the API are in force for the next run, without a restart; what the environment sets stays locked.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Setup, wait_for},
};

#[actix_rt::test]
async fn the_next_run_asks_for_4k_and_the_schedule_takes_its_new_interval() -> Result<()> {
    let world = World::numbered(4);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&World::numbered(2)));
    let seerr = FakeSeerr::start(world.clone());
    seerr.change(|state| state.settings.movie_4k_enabled = true);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 2);
    assert!(seerr.requests().iter().all(|row| !row.is_4k));
    let programs = ["sync-worker", "scraper-worker", "api"];
    let mut before = Vec::new();
    for program in programs {
        before.push(household.pid(program).await?);
    }

    let api = household.api()?;
    let wanted = json!({"seerr.is_4k": true, "sync.interval_hours": 6});
    let (status, answer) = api.call("PUT", "/api/config", Some(wanted)).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["need_restart"], json!([]), "{answer}");
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let report = household.sync().await?;
    let in_4k = seerr.requests().into_iter().filter(|row| row.is_4k);
    assert!(in_4k.count() >= 2, "{report:#?}");

    let (status, answer) = api.call("GET", "/api/sync-interval", None).await?;
    assert_eq!(
        (status, answer["interval_hours"].as_f64()),
        (200, Some(6.0)),
        "{answer}"
    );
    let hourly = json!({"interval_hours": 1});
    let (status, answer) = api.call("PUT", "/api/sync-interval", Some(hourly)).await?;
    assert_eq!(status, 200, "{answer}");
    let (_, config) = api.call("GET", "/api/config", None).await?;
    let setting = |key: &str| {
        let settings = config["settings"].as_array()?;
        settings.iter().find(|one| one["key"] == key).cloned()
    };
    let interval = setting("sync.interval_hours").context("the interval is a setting")?;
    assert_eq!(interval["source"], "saved", "{interval}");
    let key = setting("seerr.api_key").context("the key is a setting")?;
    assert_eq!(key["locked_by"], "OVERSEERR_API_KEY", "{key}");
    assert!(
        !config.to_string().contains(&seerr.api_key()),
        "secrets are never told"
    );

    let (status, problem) = api
        .call(
            "PUT",
            "/api/config",
            Some(json!({"seerr.url": "http://other:5055"})),
        )
        .await?;
    assert_eq!(status, 409, "{problem}");
    assert!(problem.to_string().contains("OVERSEERR_URL"), "{problem}");
    for (program, before) in programs.into_iter().zip(before) {
        assert_eq!(
            household.pid(program).await?,
            before,
            "{program} was started again"
        );
    }
    Ok(())
}

#[actix_rt::test]
async fn a_shorter_interval_starts_the_next_run_by_itself() -> Result<()> {
    let world = World::numbered(2);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new()
        .seerr(&seerr)
        .sites(&sites)
        .environment("AUTOMATED_MODE", "true")
        .environment("IMDB_LISTS", "ls000000001")
        .start()
        .await?;
    let limit = Duration::from_secs(30);
    assert!(seerr.wait_until(|state| state.requests().len() == 2, limit));
    let api = household.api()?;
    let runs = || async {
        let (_, history) = api.call("GET", "/api/sync-history", None).await.ok()?;
        Some(history.to_string().matches("\"completed\"").count())
    };
    let first = || async { (runs().await? > 0).then_some(()) };
    wait_for("the first run", limit, first).await;
    let soon = json!({"interval_hours": 0.0005});
    let (status, answer) = api.call("PUT", "/api/sync-interval", Some(soon)).await?;
    assert_eq!(status, 200, "{answer}");
    let second = || async { (runs().await? > 1).then_some(()) };
    wait_for("the second run", limit, second).await;
    Ok(())
}
