//! The main job on real input: lists are read, titles known, requests made once.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use diesel::{RunQueryDsl, sql_types};
use schema::models::{FetchKind, RunStatus};
use tests::{
    fake_seerr::{FakeSeerr, Kind, World},
    fake_sites::{Entry, FakeSites, captures},
    harness::{Household, Setup},
};

/// Rows of every table that grows with titles.
async fn rows_per_title(household: &Household) -> Result<BTreeMap<&'static str, i64>> {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = sql_types::BigInt)]
        rows: i64,
        #[diesel(sql_type = sql_types::Text)]
        content: String,
    }
    let tables = [
        "titles",
        "title_ids",
        "list_items",
        "synced_items",
        "ledger_seasons",
        "decisions",
        "source_ids",
    ];
    let mut counted = BTreeMap::new();
    for table in tables {
        let query = format!("SELECT count(*) AS rows, '' AS content FROM {table}");
        let count: Count = household
            .database()?
            .read(move |conn| diesel::sql_query(query).get_result(conn))
            .await?;
        assert!(count.content.is_empty());
        counted.insert(table, count.rows);
    }
    Ok(counted)
}

/// The chart and the watchlist of the real captures, or made-up ones where those are not at hand.
fn chart_and_watchlist(sites: &FakeSites) -> (Vec<Entry>, Vec<Entry>) {
    let (Some(chart), Some(watchlist)) = (captures::imdb_top_250(), captures::imdb_watchlist())
    else {
        let chart = Entry::all_of(&World::numbered(250));
        let watchlist = Entry::named(
            &World::sample(),
            &["The Matrix", "Breaking Bad", "Chernobyl"],
        );
        sites.set_imdb_chart("TOP_RATED_MOVIES", chart.clone());
        sites.set_imdb_watchlist("ur10000001", watchlist.clone());
        return (chart, watchlist);
    };
    // GraphQL is out of order for the chart: its page, as it was captured, is the second way.
    sites.serve_raw(
        "/chart/top/",
        200,
        &[("content-type", "text/html")],
        chart.body,
    );
    sites.serve_raw_graphql("ur10000001", &watchlist.body);
    (chart.entries, watchlist.entries)
}

#[actix_rt::test]
async fn the_top_250_and_a_watchlist_are_requested_once_and_a_second_run_does_nothing() -> Result<()>
{
    let sites = FakeSites::start();
    let (chart, watchlist) = chart_and_watchlist(&sites);
    let wanted: Vec<_> = chart.iter().chain(&watchlist).map(Entry::wanted).collect();
    let mut different = wanted.clone();
    different.sort_by(|one, other| one.imdb_id.cmp(&other.imdb_id));
    different.dedup_by(|one, other| one.imdb_id == other.imdb_id);
    let seerr = FakeSeerr::start(World::for_entries(different.clone()));
    let mut household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    let top = household
        .add_list("imdb", "https://www.imdb.com/chart/top/?ref_=nv_mv_250")
        .await?;
    let watch = household
        .add_list("imdb", "https://www.imdb.com/user/ur10000001/watchlist")
        .await?;

    let report = household.sync().await?;
    assert_eq!(
        report.summary.status,
        RunStatus::Completed,
        "{:?}",
        report.summary.reason
    );
    assert_eq!(household.list(top.id).await?.status, FetchKind::Complete);
    assert_eq!(
        household.list(top.id).await?.item_count,
        i32::try_from(chart.len())?
    );
    assert_eq!(
        household.list(watch.id).await?.item_count,
        i32::try_from(watchlist.len())?
    );
    assert_eq!(
        usize::try_from(report.summary.counts.requested)?,
        different.len()
    );
    assert_eq!(seerr.requests().len(), different.len());
    for request in seerr.requests() {
        assert_eq!(
            seerr.requests_for(request.tmdb_id, false).len(),
            1,
            "{request:?}"
        );
        let is_show = request.kind == Kind::Tv;
        assert_eq!(
            !request.seasons.is_empty(),
            is_show,
            "all seasons of shows, none of movies"
        );
    }
    assert_eq!(seerr.max_running_posts(), 1, "requests go one at a time");
    assert!(
        seerr
            .calls()
            .iter()
            .filter(|call| call.method == "POST")
            .all(|call| call.body.contains("\"is4k\":false")),
        "without is4k Seerr takes every repetition"
    );

    let before = rows_per_title(&household).await?;
    seerr.forget_calls();
    let again = household.sync().await?;
    assert_eq!(again.summary.status, RunStatus::Completed);
    assert_eq!(
        (again.summary.counts.requested, again.summary.counts.failed),
        (0, 0)
    );
    assert_eq!(
        rows_per_title(&household).await?,
        before,
        "an unchanged run writes no row per title"
    );
    assert_eq!(seerr.count("POST", "/api/v1/request"), 0);
    let calls = seerr.call_count();
    assert!(
        calls <= 8,
        "an unchanged run made {calls} calls:\n{:#?}",
        seerr.calls()
    );

    assert_eq!(household.stop().await?, Some(0));
    Ok(())
}

#[actix_rt::test]
async fn a_list_of_steven_lu_is_requested_without_one_look_up() -> Result<()> {
    let world = World::numbered(30);
    let sites = FakeSites::start();
    sites.set_stevenlu("movies", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household
        .add_list(
            "stevenlu",
            "https://s3.amazonaws.com/popular-movies/movies.json",
        )
        .await?;

    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 30);
    assert_eq!(
        seerr.count("GET", "/api/v1/search"),
        0,
        "its entries name their TMDB ids"
    );
    let log = household.log("scraper-worker");
    assert!(log.contains("Found 30 items in stevenlu list"), "{log}");
    assert!(
        household
            .log("sync-worker")
            .contains("API connection successful")
    );
    Ok(())
}

#[actix_rt::test]
async fn what_seerr_knows_decides_and_every_title_says_why() -> Result<()> {
    let world = World::sample();
    let names = ["The Matrix", "Inception", "Breaking Bad"];
    let sites = FakeSites::start();
    let mut entries = Entry::named(&world, &names);
    assert_eq!(entries.len(), 3);
    entries.push(Entry::movie(
        "tt99999999",
        "Nobody Has Made This",
        Some(2020),
    ));
    sites.set_imdb_list("ls000000001", entries);
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;

    let report = household.sync().await?;
    let counts = report.summary.counts;
    assert_eq!((counts.requested, counts.not_found), (3, 1), "{report:#?}");
    let not_found = report
        .reasons
        .iter()
        .find(|reason| reason.decision == "not_found");
    assert!(
        not_found.is_some_and(|reason| !reason.reason.is_empty()),
        "{report:#?}"
    );
    let shown =
        tokio::time::timeout(Duration::from_secs(5), household.cli(&["lists", "--json"])).await??;
    assert!(shown.status.success());
    Ok(())
}
