//! Letterboxd from its address to the requests: one page for each new film and never again, one call in two seconds,
//! and a wall that says what to do instead.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use schema::models::{FetchKind, RunStatus};
use tests::{
    fake_seerr::{FakeSeerr, Kind, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
    loopback::{Fault, Times},
};

async fn household(seerr: &FakeSeerr, sites: &FakeSites) -> Result<Household> {
    Setup::new().seerr(seerr).sites(sites).start().await
}

fn paths(sites: &FakeSites) -> Vec<String> {
    let calls = sites.calls().into_iter();
    calls.map(|call| call.path).collect()
}

fn requests(seerr: &FakeSeerr) -> BTreeMap<i64, Kind> {
    let rows = seerr.requests().into_iter();
    rows.map(|row| (row.tmdb_id, row.kind)).collect()
}

#[actix_rt::test]
async fn a_films_page_is_read_once_for_good_and_a_mini_series_is_asked_for_as_a_show() -> Result<()>
{
    let world = World::sample();
    let mut entries = Entry::named(&world, &["The Matrix", "Chernobyl"]);
    entries[1] = entries[1].clone().of_type("tvMiniSeries");
    let sites = FakeSites::start();
    sites.set_letterboxd("anna/watchlist", entries.clone());
    let seerr = FakeSeerr::start(world);
    let household = household(&seerr, &sites).await?;
    let added = household
        .cli(&[
            "lists",
            "add",
            "--no-read",
            "https://letterboxd.com/anna/watchlist/",
        ])
        .await?;
    let told = String::from_utf8_lossy(&[added.stdout, added.stderr].concat()).into_owned();
    assert!(added.status.success(), "{told}");
    assert!(told.contains("terms") && told.contains("export"), "{told}");

    let report = household.sync().await?;
    assert_eq!(
        (report.summary.status, report.summary.counts.requested),
        (RunStatus::Completed, 2),
        "{report:#?}"
    );
    let expected = BTreeMap::from([(603, Kind::Movie), (87108, Kind::Tv)]);
    assert_eq!(requests(&seerr), expected);
    assert_eq!(
        paths(&sites),
        [
            "/anna/watchlist/",
            "/film/the-matrix-1999/",
            "/film/chernobyl-2019/"
        ]
    );

    // A third film and one without a year come; only their pages are new.
    entries.insert(0, Entry::named(&World::sample(), &["Parasite"]).remove(0));
    let mut undated = Entry::named(&World::sample(), &["A Parcel for Nobody at All"]).remove(0);
    undated.year = None;
    entries.push(undated);
    sites.set_letterboxd("anna/watchlist", entries);
    sites.forget_calls();
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 2, "{report:#?}");
    assert!(requests(&seerr).contains_key(&496_243) && requests(&seerr).contains_key(&7_000_003));
    assert_eq!(
        paths(&sites),
        [
            "/anna/watchlist/",
            "/film/parasite-2019/",
            "/film/a-parcel-for-nobody-at-all/"
        ]
    );
    let pace = sites.letterboxd_pace();
    assert_eq!(pace.at_once, 1, "one at a time");
    // Calls leave two seconds apart; on a busy machine one may arrive a little late.
    let closest = pace.closest.context("there were several calls")?;
    assert!(closest > TimeDelta::milliseconds(1800), "{closest}");
    Ok(())
}

#[actix_rt::test]
async fn a_challenge_is_a_refusal_that_removes_nothing_and_says_what_to_do() -> Result<()> {
    let world = World::sample();
    let sites = FakeSites::start();
    sites.set_letterboxd("anna/list/best", Entry::named(&world, &["The Matrix"]));
    let seerr = FakeSeerr::start(world);
    let household = household(&seerr, &sites).await?;
    let list = household.add_list("letterboxd", "anna/best").await?;
    assert_eq!(household.sync().await?.summary.counts.requested, 1);

    sites.forget_calls();
    sites.fault("*", Fault::CloudflareChallenge, Times::Always);
    let report = household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    assert_eq!(paths(&sites).len(), 1, "who is refused does not insist");
    let row = household.list(list.id).await?;
    let reason = row.status_reason.context("a refused list has a reason")?;
    assert_eq!(
        (row.status, row.item_count),
        (FetchKind::Refused, 1),
        "{reason}"
    );
    assert!(
        reason.contains("challenge") && reason.contains("export"),
        "{reason}"
    );
    let api = household.api()?;
    let items = format!("/api/lists/{}/items", list.id);
    let (_, items) = api.call("GET", &items, None).await?;
    assert_eq!(items["total"], 1, "nothing is removed: {items}");
    let shown = household.cli(&["lists"]).await?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("refused") && shown.contains("export"),
        "{shown}"
    );
    let (_, lists) = api.call("GET", "/api/lists", None).await?;
    assert!(lists.to_string().contains("challenge"), "{lists}");
    Ok(())
}
