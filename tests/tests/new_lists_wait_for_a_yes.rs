//! A list that a person adds shows what its first run would ask for and waits for a yes above a hundred
//! titles; lists that machines add ask nobody.

use std::{process::Output, time::Duration};

use anyhow::{Context, Result, bail};
use schema::{
    models::{Event, EventKind, Following, List, ListId},
    wire::sync::RunReport,
};
use serde_json::{Value, json};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites, ListFault},
    harness::{Household, Setup, wait_for},
};

/// Titles of the list that waits.
const MANY: usize = 150;

const LIST: &str = "ls000000001";
const OTHER: &str = "ls000000002";

struct Home {
    seerr: FakeSeerr,
    sites: FakeSites,
    world: World,
    household: Household,
}

/// A household without lists, and a site with a list of [`MANY`] films.
async fn home() -> Result<Home> {
    home_with(|setup| setup).await
}

async fn home_with(change: impl FnOnce(Setup) -> Setup) -> Result<Home> {
    let world = World::numbered(300);
    let sites = FakeSites::start();
    let seerr = FakeSeerr::start(world.clone());
    let setup = change(Setup::new().seerr(&seerr).sites(&sites));
    let entries = Entry::all_of(&world);
    sites.set_imdb_list(LIST, entries.into_iter().take(MANY).collect());
    Ok(Home {
        household: setup.start().await?,
        seerr,
        sites,
        world,
    })
}

impl Home {
    /// These films, by their place in the world, are on the list.
    fn put(&self, list: &str, films: std::ops::Range<usize>) {
        let entries = Entry::all_of(&self.world).into_iter();
        let entries = entries.skip(films.start).take(films.len());
        self.sites.set_imdb_list(list, entries.collect());
    }

    async fn cli(&self, args: &[&str]) -> Result<Output> {
        self.household.cli(args).await
    }

    /// What a command that succeeds prints, to both of its outputs.
    async fn told(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        let told = text(&output);
        if !output.status.success() {
            bail!("{args:?}: {told}");
        }
        Ok(told)
    }

    async fn list(&self, id: i32) -> Result<List> {
        self.household.list(ListId(id)).await
    }

    /// How many titles of the list wait, and whether a person is to be asked still.
    async fn waits(&self, id: i32) -> Result<(Option<i32>, bool)> {
        let list = self.list(id).await?;
        Ok((list.waiting_titles, list.ask_first))
    }

    /// Requests there are, each for a title of its own.
    fn requested(&self) -> usize {
        let mut ids: Vec<i64> = self
            .seerr
            .requests()
            .iter()
            .map(|row| row.tmdb_id)
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "each title once");
        assert_eq!(self.seerr.count("POST", "/api/v1/request"), all);
        all
    }

    async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        self.household.api()?.call(method, path, body).await
    }
}

fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(error)
}

/// What a run said of titles that wait: how many, and why.
fn waiting(report: &RunReport) -> Option<(u32, String)> {
    let waits = |decision: &str| decision == "waiting";
    let reason = report.reasons.iter().find(|row| waits(&row.decision))?;
    Some((reason.titles, reason.reason.clone()))
}

#[actix_rt::test]
async fn a_list_that_a_person_adds_waits_for_a_yes_and_is_requested_once() -> Result<()> {
    let home = home().await?;
    let added = home.told(&["lists", "add", LIST]).await?;
    assert!(
        added.contains("Its first run asks for at most 100 titles; more wait until you say yes"),
        "{added}"
    );
    for _ in 0..2 {
        let report = home.household.sync().await?;
        let (titles, why) = waiting(&report).context("the report says what waits")?;
        assert_eq!(titles, 150);
        assert_eq!(
            why,
            "its list 1 is new and would ask for 150 titles: `listsync lists accept 1` says yes, \
             `listsync sync 1 --plan` shows them"
        );
        assert_eq!(report.summary.counts.waiting, 150);
    }
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (0, (Some(150), true))
    );

    let lists = home.told(&["lists"]).await?;
    assert!(lists.contains("1 waits for a yes: 150 titles"), "{lists}");
    let why = home.told(&["items", "--why", "movie:9000001"]).await?;
    assert!(why.contains("would ask for 150 titles"), "{why}");
    assert!(why.contains("Say yes to the list"), "{why}");
    let check = text(&home.cli(&["check"]).await?);
    assert!(
        check.contains("it is new and waits for a yes: 150 titles"),
        "{check}"
    );
    let (_, shown) = home.api("GET", "/api/lists/1", None).await?;
    assert_eq!(
        (&shown["ask_first"], &shown["waiting_titles"]),
        (&json!(true), &json!(150))
    );

    let killed = home.household.kill("sync-worker").await?;
    home.household.replaced("sync-worker", killed).await;
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (0, (Some(150), true))
    );

    let accepted = home.told(&["lists", "accept", "1"]).await?;
    assert!(
        accepted.contains("The next run asks for the 150 titles that waited."),
        "{accepted}"
    );
    assert_eq!(home.waits(1).await?, (None, false));
    assert!(!home.list(1).await?.accepts_shrink, "that is another yes");
    let report = home.household.sync().await?;
    assert_eq!(
        (report.summary.counts.requested, home.requested()),
        (150, 150)
    );
    assert_eq!(home.household.sync().await?.summary.counts.requested, 0);
    assert_eq!(home.requested(), 150);

    let stored = home.household.database()?;
    let stored = stored.read(|conn| Event::after(conn, 0)).await?;
    let Following::Events(events) = stored else {
        bail!("events were forgotten: {stored:?}")
    };
    let changes: Vec<Value> = events
        .iter()
        .filter(|event| event.kind == EventKind::ListChanged)
        .map(|event| Ok(serde_json::from_str::<Value>(&event.data)?["change"].take()))
        .collect::<Result<_>>()?;
    assert_eq!(changes, ["added", "waiting", "agreed"]);
    Ok(())
}

#[actix_rt::test]
async fn a_yes_beforehand_and_a_list_of_a_hundred_wait_for_nothing() -> Result<()> {
    let home = home().await?;
    let added = home.told(&["lists", "add", "--yes", LIST]).await?;
    assert!(!added.contains("say yes"), "{added}");
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (150, (None, false))
    );

    home.put(OTHER, 150..250);
    home.told(&["lists", "add", OTHER]).await?;
    assert_eq!(home.waits(2).await?, (None, true));
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (250, (None, false))
    );
    // It is agreed to by now, however much it grows.
    home.put(OTHER, 0..300);
    home.household.sync().await?;
    assert_eq!(home.requested(), 300);
    Ok(())
}

#[actix_rt::test]
async fn over_http_a_list_waits_only_when_that_is_said() -> Result<()> {
    let home = home().await?;
    let list = json!({ "list_type": "imdb", "list_id": LIST });
    let (status, added) = home.api("POST", "/api/lists", Some(list)).await?;
    assert_eq!((status, &added["ask_first"]), (201, &json!(false)));
    home.household.sync().await?;
    assert_eq!(home.requested(), 150);

    home.put(OTHER, 150..300);
    let list = json!({ "list_type": "imdb", "list_id": OTHER, "ask_first": true });
    let (status, added) = home.api("POST", "/api/lists", Some(list)).await?;
    assert_eq!((status, &added["ask_first"]), (201, &json!(true)));
    let notice = added["notice"].as_str().context("a notice")?;
    assert!(notice.contains("at most 100 titles"), "{notice}");
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (150, (Some(150), true))
    );
    let (status, accepted) = home.api("POST", "/api/lists/2/accept", None).await?;
    assert_eq!((status, &accepted["waiting_titles"]), (200, &Value::Null));
    assert_eq!(
        accepted["notice"],
        "The next run asks for the 150 titles that waited."
    );
    home.household.sync().await?;
    assert_eq!(home.requested(), 300);
    Ok(())
}

#[actix_rt::test]
async fn a_list_of_the_environment_asks_nobody() -> Result<()> {
    let home = home_with(|setup| setup.environment("IMDB_LISTS", LIST)).await?;
    wait_for("the list", Duration::from_secs(20), || async {
        home.list(1).await.ok()
    })
    .await;
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (150, (None, false))
    );
    Ok(())
}

#[actix_rt::test]
async fn what_another_list_asks_for_is_requested_and_the_rest_when_its_plan_is_applied()
-> Result<()> {
    let home = home().await?;
    home.put(OTHER, 0..40);
    home.household.add_list("imdb", OTHER).await?;
    home.told(&["lists", "add", "--no-read", LIST]).await?;
    let report = home.household.sync().await?;
    assert_eq!(waiting(&report).map(|(titles, _)| titles), Some(110));
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (40, (Some(110), true))
    );

    let planned = home.told(&["sync", "2", "--plan"]).await?;
    assert!(planned.contains("\n110 to request"), "{planned}");
    assert!(planned.contains("Its list 2 is new"), "{planned}");
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (40, (Some(110), true))
    );
    home.told(&["plan", "apply", "--wait"]).await?;
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (150, (None, true))
    );
    // What is left would be few enough.
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(2).await?),
        (150, (None, false))
    );
    Ok(())
}

#[actix_rt::test]
async fn how_many_titles_wait_is_a_setting_and_who_lets_the_list_go_is_not_asked() -> Result<()> {
    let always = ("LISTSYNC_ASK_ABOVE_TITLES", "0");
    let home = home_with(|setup| setup.environment(always.0, always.1)).await?;
    home.put(LIST, 0..3);
    let added = home.told(&["lists", "add", LIST]).await?;
    assert!(
        added.contains("asks for nothing until you say yes"),
        "{added}"
    );
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (0, (Some(3), true))
    );

    home.told(&["lists", "disable", "1"]).await?;
    let lists = home.told(&["lists"]).await?;
    assert!(!lists.contains("waits for a yes"), "{lists}");
    home.told(&["lists", "enable", "1"]).await?;
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (0, (Some(3), true))
    );

    home.told(&["lists", "remove", "1"]).await?;
    assert_eq!(home.waits(1).await?, (None, false));
    home.told(&["lists", "add", LIST]).await?;
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (0, (Some(3), true))
    );
    home.told(&["lists", "remove", "1"]).await?;
    home.household.add_list("imdb", LIST).await?;
    home.household.sync().await?;
    assert_eq!(home.requested(), 3);
    Ok(())
}

#[actix_rt::test]
async fn a_list_that_could_not_be_read_whole_is_not_agreed_to_yet() -> Result<()> {
    let home = home().await?;
    home.put(LIST, 0..20);
    home.sites.disturb(LIST, ListFault::Total(90));
    home.told(&["lists", "add", "--no-read", LIST]).await?;
    home.household.sync().await?;
    assert_eq!((home.requested(), home.waits(1).await?), (20, (None, true)));
    home.sites.disturb(LIST, ListFault::Total(170));
    home.put(LIST, 0..170);
    home.household.sync().await?;
    assert_eq!(
        (home.requested(), home.waits(1).await?),
        (20, (Some(150), true))
    );
    Ok(())
}
