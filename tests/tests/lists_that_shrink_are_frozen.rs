//! A list that loses most of its entries keeps what it had until its owner says that this is right, and
//! a list can be looked at and read before anything is asked of Seerr.

use anyhow::{Context, Result};
use reqwest::header::HeaderMap;
use schema::{
    models::{Cause, FetchKind, ListId, ListItem},
    wire::sync::{ChangeList, FromSyncWorker, ListReadSummary, ReadList, ToSyncWorker},
};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites, ListFault},
    harness::{Household, Setup},
};

struct Home {
    seerr: FakeSeerr,
    sites: FakeSites,
    world: World,
    household: Household,
    list: ListId,
}

/// A household with one list of ten films.
async fn home() -> Result<Home> {
    let world = World::numbered(10);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world.clone());
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    let list = household.add_list("imdb", "ls000000001").await?.id;
    Ok(Home {
        seerr,
        sites,
        world,
        household,
        list,
    })
}

impl Home {
    /// Only that many entries are left on the site.
    fn leave(&self, entries: usize) {
        let mut left = Entry::all_of(&self.world);
        left.truncate(entries);
        self.sites.set_imdb_list("ls000000001", left);
    }

    async fn on_list(&self) -> Result<usize> {
        let list = self.list;
        let items = self.household.database()?;
        Ok(items
            .read(move |conn| ListItem::on_list(conn, list))
            .await?
            .len())
    }

    async fn read(&self) -> Result<ListReadSummary> {
        let request = ToSyncWorker::ReadList(ReadList { list: self.list });
        let mut answers = self.household.sync_worker().stream(request).await?;
        while let Some(answer) = answers.next().await? {
            if let FromSyncWorker::ListRead(summary) = answer {
                return Ok(*summary);
            }
        }
        anyhow::bail!("the reading had no end")
    }
}

#[actix_rt::test]
async fn a_list_that_shrank_stays_as_it_was_until_that_is_accepted() -> Result<()> {
    let home = home().await?;
    home.household.sync().await?;
    assert_eq!(
        (home.on_list().await?, home.seerr.requests().len()),
        (10, 10)
    );

    home.leave(3);
    for _ in 0..2 {
        let report = home.household.sync().await?;
        let list = report.lists.first().context("the list is in the report")?;
        assert_eq!((list.outcome, list.read), (FetchKind::Frozen, 3));
        let reason = list.reason.as_deref().unwrap_or_default();
        assert!(
            reason.contains("it had 10 entries and has 3 now"),
            "{reason}"
        );
        assert!(reason.contains("listsync lists accept 1"), "{reason}");
        assert_eq!(home.on_list().await?, 10);
    }
    let row = home.household.list(home.list).await?;
    assert_eq!(row.status_cause, Some(Cause::Shrunk));
    assert_eq!((row.item_count, row.last_read_entries), (10, Some(3)));

    let accepted = home.household.cli(&["lists", "accept", "1"]).await?;
    let told = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert!(accepted.status.success(), "{told}");
    assert!(told.contains("read completely: 3 entries"), "{told}");
    assert!(told.contains("0 new, 7 gone"), "{told}");
    let row = home.household.list(home.list).await?;
    assert_eq!((row.status, row.item_count), (FetchKind::Complete, 3));
    assert_eq!((row.status_cause, row.accepts_shrink), (None, false));
    let last_error = row.last_error.context("the last error stays")?;
    assert!(last_error.contains("it had 10 entries"));
    assert_eq!(home.on_list().await?, 3);
    Ok(())
}

#[actix_rt::test]
async fn a_list_that_comes_back_needs_nobody() -> Result<()> {
    let home = home().await?;
    home.household.sync().await?;
    home.leave(0);
    let report = home.household.sync().await?;
    assert_eq!(report.lists[0].outcome, FetchKind::Frozen);
    assert_eq!(home.on_list().await?, 10);
    home.leave(10);
    let report = home.household.sync().await?;
    assert_eq!(report.lists[0].outcome, FetchKind::Complete);
    assert_eq!(home.seerr.requests().len(), 10, "each title once");
    Ok(())
}

#[actix_rt::test]
async fn how_much_a_list_may_shrink_is_its_owners_choice() -> Result<()> {
    let home = home().await?;
    home.household.sync().await?;
    let change = ChangeList {
        shrink_limit_percent: Some(Some(100)),
        ..ChangeList::of(home.list)
    };
    let worker = home.household.sync_worker();
    worker.call(ToSyncWorker::ChangeList(change)).await?;
    home.leave(0);
    let report = home.household.sync().await?;
    assert_eq!(report.lists[0].outcome, FetchKind::Complete);
    assert_eq!(home.on_list().await?, 0);

    // A smaller limit of entries is a choice too.
    home.leave(10);
    home.household.sync().await?;
    let change = ChangeList {
        shrink_limit_percent: Some(Some(0)),
        item_limit: Some(Some(2)),
        ..ChangeList::of(home.list)
    };
    worker.call(ToSyncWorker::ChangeList(change)).await?;
    let report = home.household.sync().await?;
    assert_eq!(report.lists[0].outcome, FetchKind::Complete);
    assert_eq!(home.on_list().await?, 2);
    Ok(())
}

#[actix_rt::test]
async fn a_list_is_read_alone_without_asking_seerr_for_anything() -> Result<()> {
    let home = home().await?;
    let summary = home.read().await?;
    assert_eq!((summary.read, summary.announced), (10, Some(10)));
    assert_eq!((summary.movies, summary.with_imdb_id), (10, 10));
    assert_eq!((summary.added, summary.left), (10, 0));
    assert_eq!(home.seerr.requests().len(), 0);
    let report = home.household.sync().await?;
    assert_eq!(report.summary.counts.requested, 10);

    home.sites.set_imdb_private("ls000000001", true);
    let summary = home.read().await?;
    assert_eq!(summary.list.status, FetchKind::Refused);
    assert_eq!(summary.list.status_cause, Some(Cause::Private));
    home.sites.set_imdb_private("ls000000001", false);
    home.sites.disturb("ls000000001", ListFault::Total(40));
    let summary = home.read().await?;
    assert_eq!(summary.list.status, FetchKind::Partial);
    assert_eq!(summary.list.status_cause, Some(Cause::Inconsistent));
    assert_eq!(home.on_list().await?, 10);
    Ok(())
}

#[actix_rt::test]
async fn an_address_is_resolved_by_the_command_line_and_over_http() -> Result<()> {
    let home = home().await?;
    let address = "https://m.imdb.com/list/ls000000001/?ref_=x";
    let told = home.household.cli(&["lists", "resolve", address]).await?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{text}");
    assert!(
        text.contains("imdb:ls000000001") && text.contains("10 entries"),
        "{text}"
    );

    let key = home.household.api_key()?;
    let client = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([("x-api-key".parse()?, key.parse()?)]))
        .build()?;
    let path = "/api/lists/resolve?url=trakt.tv/users/one/watchlist";
    let asked = client.get(home.household.api_url(path));
    let answer: serde_json::Value = asked.send().await?.json().await?;
    assert_eq!(answer["list_type"], "trakt");
    assert_eq!(answer["missing"]["cause"], "needs_key");
    let remedy = answer["missing"]["remedy"].as_str().context("a remedy")?;
    assert!(remedy.contains("TRAKT_CLIENT_ID"), "{remedy}");
    Ok(())
}

#[actix_rt::test]
async fn adding_a_list_ends_with_what_is_on_it() -> Result<()> {
    let home = home().await?;
    home.sites
        .set_imdb_list("ls000000002", Entry::all_of(&home.world));
    let added = home
        .household
        .cli(&["lists", "add", "https://www.imdb.com/list/ls000000002/"])
        .await?;
    let told = String::from_utf8_lossy(&added.stdout).into_owned();
    assert!(
        told.contains("added list 2") && told.contains("read completely: 10 entries"),
        "{told}"
    );
    home.sites.set_imdb_list("ls000000003", Vec::new());
    home.sites.set_imdb_private("ls000000003", true);
    let added = home.household.cli(&["lists", "add", "ls000000003"]).await?;
    let told = String::from_utf8_lossy(&added.stdout).into_owned();
    assert!(
        told.contains("not read (private)") && told.contains("lists remove 3"),
        "{told}"
    );
    Ok(())
}
