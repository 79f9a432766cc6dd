//! What becomes of a request after it was made: seasons that air later, requests that are refused
//! further on, shows that are taken and dropped, entries that leave their list.

use anyhow::{Context, Result, ensure};
use chrono::{Days, Utc};
use diesel::RunQueryDsl;
use schema::{
    models::{LedgerStatus, SyncedItem},
    wire::sync::{ChangeList, FromSyncWorker, RunReport, ToSyncWorker},
};
use tests::{
    fake_seerr::{Airs, FakeSeerr, Kind, ShowState, Title, World, media_status, request_status},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

const LIST: &str = "ls000000001";

struct Scene {
    seerr: FakeSeerr,
    sites: FakeSites,
    household: Household,
}

impl Scene {
    async fn with(titles: Vec<Title>) -> Result<Self> {
        let world = titles.into_iter().fold(World::new(), World::with);
        let sites = FakeSites::start();
        sites.set_imdb_list(LIST, Entry::all_of(&world));
        let seerr = FakeSeerr::start(world);
        let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
        household.add_list("imdb", LIST).await?;
        Ok(Self {
            seerr,
            sites,
            household,
        })
    }

    async fn sync(&self) -> Result<RunReport> {
        self.household.sync().await
    }

    /// Seasons of all requests for a title, one list for each request.
    fn seasons(&self, tmdb_id: i64) -> Vec<Vec<i64>> {
        let requests = self.seerr.requests_for(tmdb_id, false);
        requests
            .into_iter()
            .map(|request| request.seasons)
            .collect()
    }

    async fn row(&self, tmdb_id: i64) -> Result<SyncedItem> {
        let rows = self
            .household
            .database()?
            .read(|conn| SyncedItem::of_target(conn, "seerr"))
            .await?;
        rows.into_iter()
            .find(|row| row.tmdb_id == tmdb_id)
            .with_context(|| format!("the ledger has no row for {tmdb_id}"))
    }

    /// Lets time pass for what waits, and for what is known of shows.
    async fn later(&self) -> Result<()> {
        self.household
            .database()?
            .write(|conn| {
                diesel::sql_query(
                    "UPDATE synced_items SET retry_at = '2000-01-01 00:00:00' WHERE retry_at IS NOT NULL",
                )
                .execute(conn)?;
                diesel::sql_query("UPDATE title_facts SET refresh_at = '2000-01-01 00:00:00'")
                    .execute(conn)
            })
            .await?;
        Ok(())
    }
}

fn show(number: i64, tvdb_id: Option<i64>, seasons: i64) -> Title {
    let imdb_id = format!("tt{:08}", 80_000_000 + number);
    Title::show(
        number,
        &imdb_id,
        tvdb_id,
        &format!("Quiet Harbour {number}"),
        2015,
        seasons,
    )
}

fn movie(tmdb_id: i64) -> Title {
    let imdb_id = format!("tt{:08}", 70_000_000 + tmdb_id);
    Title::movie(tmdb_id, &imdb_id, &format!("Paper Bridges {tmdb_id}"), 2012)
}

#[actix_rt::test]
async fn a_show_that_is_there_in_part_is_topped_up_with_what_has_aired() -> Result<()> {
    let today = Utc::now().date_naive();
    let next_month = today
        .checked_add_days(Days::new(30))
        .context("no such day")?;
    let titles = vec![
        show(501, Some(9501), 4)
            .season_airs(4, Airs::On(next_month))
            .being(ShowState::Airing(next_month)),
    ];
    let scene = Scene::with(titles).await?;
    scene.seerr.change(|state| {
        state.set_media(Kind::Tv, 501, media_status::PARTIALLY_AVAILABLE);
        state.set_library_seasons(501, &[1, 3]);
    });
    let report = scene.sync().await?;
    assert_eq!(report.summary.counts.requested, 1, "{report:#?}");
    assert_eq!(scene.seasons(501), [vec![2]], "3 is there, 4 has not aired");

    // It airs, and what is known of the show has grown old.
    scene.seerr.change(|state| {
        let title = show(501, Some(9501), 4).season_airs(4, Airs::On(today));
        state.world.add(title);
    });
    scene.later().await?;
    let report = scene.sync().await?;
    assert_eq!(report.summary.counts.requested, 1, "{report:#?}");
    assert_eq!(scene.seasons(501), [vec![2], vec![4]]);

    scene.later().await?;
    let report = scene.sync().await?;
    assert_eq!(report.summary.counts.requested, 0, "{report:#?}");
    assert_eq!(scene.seasons(501).len(), 2);
    Ok(())
}

#[actix_rt::test]
async fn a_request_that_radarr_refused_is_sent_on_again_by_seerrs_own_call() -> Result<()> {
    let scene = Scene::with(vec![movie(601), movie(602)]).await?;
    scene.seerr.faults().refuse_in_radarr(601);
    scene.sync().await?;
    let status = |scene: &Scene| scene.seerr.requests_for(601, false)[0].status;
    assert_eq!(status(&scene), request_status::FAILED);

    let retry = format!(
        "/api/v1/request/{}/retry",
        scene.seerr.requests_for(601, false)[0].id
    );
    scene.sync().await?;
    assert_eq!(scene.seerr.count("POST", &retry), 1);
    // Not at once again: it has its time.
    scene.sync().await?;
    assert_eq!(scene.seerr.count("POST", &retry), 1);

    scene.seerr.faults().accept_in_radarr(601);
    scene.later().await?;
    scene.sync().await?;
    assert_eq!(scene.seerr.count("POST", &retry), 2);
    assert_ne!(status(&scene), request_status::FAILED);
    assert_eq!(
        scene.seerr.requests().len(),
        2,
        "nothing was asked for anew"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_show_that_is_taken_and_dropped_waits_and_is_not_taken_for_deleted() -> Result<()> {
    let scene = Scene::with(vec![show(701, None, 2)]).await?;
    scene
        .seerr
        .change(|state| state.settings.sonarr_configured = true);
    scene.sync().await?;
    let again = scene.sync().await?;
    let row = scene.row(701).await?;
    assert_eq!(row.status, LedgerStatus::Failed, "{row:?} {again:#?}");
    assert!(row.reason.contains("TVDB"), "{}", row.reason);
    let posts = scene.seerr.count("POST", "/api/v1/request");
    scene.sync().await?;
    assert_eq!(
        scene.seerr.count("POST", "/api/v1/request"),
        posts,
        "it has its time"
    );

    // TMDB learns the id.
    scene.seerr.change(|state| {
        state.world.add(show(701, Some(9701), 2));
    });
    scene.later().await?;
    scene.sync().await?;
    assert_eq!(scene.seasons(701), [vec![1, 2]]);
    assert_eq!(scene.row(701).await?.status, LedgerStatus::Requested);
    Ok(())
}

#[actix_rt::test]
async fn what_leaves_a_list_is_taken_back_only_where_the_list_says_so() -> Result<()> {
    let scene = Scene::with((801..=810).map(movie).collect()).await?;
    scene.sync().await?;
    assert_eq!(scene.seerr.requests().len(), 10);
    let without = |left: &[i64]| -> Vec<Entry> {
        (801..=810)
            .filter(|number| !left.contains(number))
            .filter_map(|number| Entry::of(&movie(number)))
            .collect()
    };
    scene.sites.set_imdb_list(LIST, without(&[801]));
    scene.sync().await?;
    assert_eq!(scene.seerr.requests().len(), 10, "what was asked for stays");

    let list = scene.household.add_list("imdb", LIST).await;
    ensure!(list.is_err(), "it is followed already");
    let change = ChangeList {
        withdraws: Some(Some(true)),
        ..ChangeList::of(schema::models::ListId(1))
    };
    let changed = scene
        .household
        .sync_worker()
        .call(ToSyncWorker::ChangeList(change))
        .await?;
    ensure!(matches!(changed, FromSyncWorker::List(_)), "{changed:?}");
    // One more leaves; one that left is in the library by now.
    scene.seerr.change(|state| {
        state.set_media(Kind::Movie, 803, media_status::AVAILABLE);
    });
    scene.sites.set_imdb_list(LIST, without(&[801, 802, 803]));
    let report = scene.sync().await?;
    assert_eq!(report.summary.counts.withdrawn, 2, "{report:#?}");
    let left: Vec<i64> = scene
        .seerr
        .requests()
        .iter()
        .map(|request| request.tmdb_id)
        .collect();
    assert!(!left.contains(&801) && !left.contains(&802) && left.contains(&803));
    assert_eq!(scene.row(802).await?.status, LedgerStatus::Withdrawn);

    // Put back on the list it is asked for anew, once.
    scene.sites.set_imdb_list(LIST, without(&[801, 803]));
    scene.sync().await?;
    scene.sync().await?;
    assert_eq!(scene.seerr.requests_for(802, false).len(), 1);
    Ok(())
}
