//! Trakt from its address to the requests: pages, the client id it needs, charts, and every way it says no.

use anyhow::{Context, Result};
use schema::models::{FetchKind, RunStatus};
use serde_json::Value;
use tests::{
    fake_seerr::{FakeSeerr, Kind, World},
    fake_sites::{Entry, FakeSites, TRAKT_CLIENT_ID},
    harness::{Household, Setup},
};

async fn household(seerr: &FakeSeerr, sites: &FakeSites) -> Result<Household> {
    let setup = Setup::new().seerr(seerr).sites(sites);
    setup
        .environment("TRAKT_CLIENT_ID", TRAKT_CLIENT_ID)
        .start()
        .await
}

fn trakt_calls(sites: &FakeSites) -> Vec<String> {
    let calls = sites.calls().into_iter();
    let calls = calls.filter(|call| call.header("trakt-api-key").is_some());
    calls
        .map(|call| format!("{}?{}", call.path, call.query.unwrap_or_default()))
        .collect()
}

#[actix_rt::test]
async fn a_list_of_600_is_read_in_three_pages_and_each_title_requested_once() -> Result<()> {
    let world = World::numbered(600);
    let sites = FakeSites::start();
    sites.set_trakt("users/anna/lists/best", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = household(&seerr, &sites).await?;
    let address = "https://app.trakt.tv/users/anna/lists/best?sort=added,asc";
    let added = household
        .cli(&["lists", "add", "--no-read", "--yes", address])
        .await?;
    assert!(added.status.success(), "{added:?}");

    let report = household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    assert_eq!(report.summary.counts.requested, 600);
    let mut ids: Vec<i64> = seerr.requests().iter().map(|row| row.tmdb_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), seerr.requests().len()), (600, 600));
    let pages = trakt_calls(&sites);
    let items: Vec<_> = pages
        .iter()
        .filter(|call| call.contains("/items"))
        .collect();
    assert_eq!(items.len(), 3, "{pages:#?}");
    assert!(
        items.iter().all(|call| call.contains("limit=250")),
        "{pages:#?}"
    );

    let again = household.sync().await?;
    assert_eq!(again.summary.counts.requested, 0);
    assert_eq!(seerr.requests().len(), 600);
    Ok(())
}

#[actix_rt::test]
async fn without_a_client_id_the_list_says_what_is_missing_and_the_others_are_read() -> Result<()> {
    let world = World::numbered(5);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    sites.set_trakt("users/anna/lists/best", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    let trakt = household.add_list("trakt", "anna/best").await?;
    household.add_list("imdb", "ls000000001").await?;
    let report = household.sync().await?;
    assert_eq!(
        (report.summary.status, report.summary.counts.requested),
        (RunStatus::Completed, 5),
        "{report:#?}"
    );
    let row = household.list(trakt.id).await?;
    let reason = row.status_reason.context("a refused list has a reason")?;
    assert_eq!(row.status, FetchKind::Refused, "{reason}");
    assert!(reason.contains("TRAKT_CLIENT_ID"), "{reason}");
    assert!(trakt_calls(&sites).is_empty(), "it is not even asked");
    let shown = household.cli(&["lists"]).await?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("refused") && shown.contains("TRAKT_CLIENT_ID"),
        "{shown}"
    );
    let (_, lists) = household.api()?.call("GET", "/api/lists", None).await?;
    assert!(lists.to_string().contains("TRAKT_CLIENT_ID"), "{lists}");
    Ok(())
}

#[actix_rt::test]
async fn a_client_id_saved_while_everything_runs_opens_the_list() -> Result<()> {
    let world = World::numbered(3);
    let sites = FakeSites::start();
    sites.set_trakt("users/anna/watchlist", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    let list = household
        .add_list("trakt", "https://trakt.tv/users/anna/watchlist")
        .await?;
    household.sync().await?;
    assert_eq!(household.list(list.id).await?.status, FetchKind::Refused);
    let saved = serde_json::json!({"providers.trakt.client_id": TRAKT_CLIENT_ID});
    let (status, answer) = household
        .api()?
        .call("PUT", "/api/config", Some(saved))
        .await?;
    assert_eq!(status, 200, "{answer}");
    assert!(!answer.to_string().contains(TRAKT_CLIENT_ID), "{answer}");
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 3, "{report:#?}");
    Ok(())
}

#[actix_rt::test]
async fn charts_and_shows_are_read_in_their_own_shapes() -> Result<()> {
    let world = World::sample();
    let sites = FakeSites::start();
    let mut all = Entry::all_of(&world);
    // Seerr can do nothing with a show that has no number of TheTVDB.
    all.retain(|entry| entry.title != "The Unnumbered Harbour");
    let (shows, films): (Vec<_>, Vec<_>) = all.into_iter().partition(Entry::is_show);
    sites.set_trakt("movies/popular", films.clone());
    sites.set_trakt("shows/trending", shows.clone());
    sites.set_trakt("movies/boxoffice", films[..5].to_vec());
    let mut mixed = vec![films[6].clone(), shows[7].clone()];
    mixed.push(shows[0].clone().of_type("tvEpisode"));
    mixed.push(Entry::movie("", "Somebody", None).of_type("person"));
    sites.set_trakt("lists/12345", mixed);
    let seerr = FakeSeerr::start(world);
    let household = household(&seerr, &sites).await?;
    let mut lists = Vec::new();
    for (input, count) in [
        ("popular:movies", 20),
        ("https://trakt.tv/shows/trending", shows.len().min(20)),
        ("boxoffice:movies", 5),
        ("https://trakt.tv/lists/12345", 2),
    ] {
        let list = household.add_list("trakt", input).await.context(input)?;
        lists.push((input, list.id, count));
    }
    let report = household.sync().await?;
    assert_eq!(report.summary.status, RunStatus::Completed, "{report:#?}");
    for (input, id, count) in lists {
        let row = household.list(id).await?;
        assert_eq!(
            row.status,
            FetchKind::Complete,
            "{input}: {:?}",
            row.status_reason
        );
        assert_eq!(usize::try_from(row.item_count)?, count, "{input}");
    }
    let is_tv = |row: &tests::fake_seerr::Requested| row.kind == Kind::Tv;
    assert_eq!(
        seerr.requests().iter().filter(|row| is_tv(row)).count(),
        shows.len()
    );
    Ok(())
}

#[actix_rt::test]
async fn each_way_trakt_says_no_has_its_own_words_and_removes_nothing() -> Result<()> {
    let world = World::numbered(4);
    let sites = FakeSites::start();
    let path = "users/anna/lists/best";
    sites.set_trakt(path, Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = household(&seerr, &sites).await?;
    let list = household.add_list("trakt", "anna/best").await?;
    household.sync().await?;
    let mut reasons = Vec::new();
    for status in [401, 403, 404, 420, 423, 426] {
        sites.refuse_trakt(path, status);
        household.sync().await?;
        let row = household.list(list.id).await?;
        let reason = row.status_reason.clone().unwrap_or_default();
        assert_eq!(row.status, FetchKind::Refused, "{status}: {reason}");
        assert_eq!(row.item_count, 4, "{status}: the last good count stays");
        assert!(!reason.contains(TRAKT_CLIENT_ID), "{reason}");
        reasons.push(reason);
    }
    let (_, items) = household
        .api()?
        .call("GET", &format!("/api/lists/{}/items", list.id), None)
        .await?;
    let total = items.get("total").and_then(Value::as_i64);
    assert_eq!(total, Some(4), "nothing is removed: {items}");
    reasons.sort();
    reasons.dedup();
    assert_eq!(reasons.len(), 6, "each is told apart: {reasons:#?}");
    Ok(())
}
