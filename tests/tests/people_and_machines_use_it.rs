//! The command line and the API, as people and machines use them, against the real processes.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup, children_of, is_alive, wait_for},
};

struct Api<'a> {
    household: &'a Household,
    client: reqwest::Client,
    key: String,
}

impl<'a> Api<'a> {
    fn new(household: &'a Household) -> Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self {
            household,
            client,
            key: household.api_key()?,
        })
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let method = method.parse()?;
        let mut request = self
            .client
            .request(method, self.household.api_url(path))
            .header("X-Api-Key", &self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text)?
        };
        Ok((status, body))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[actix_rt::test]
async fn with_nothing_configured_it_starts_and_says_what_to_set() -> Result<()> {
    let mut household = Setup::new()
        .environment("AUTOMATED_MODE", "true")
        .start()
        .await?;
    let printed = household.output();
    for name in ["OVERSEERR_URL", "OVERSEERR_API_KEY", "listsync setup"] {
        assert!(printed.contains(name), "{name} is not in:\n{printed}");
    }
    let sync = household.cli(&["sync"]).await?;
    assert!(!sync.status.success());
    assert!(
        text(&sync.stderr).contains("OVERSEERR_URL"),
        "{}",
        text(&sync.stderr)
    );
    let check = household.cli(&["check"]).await?;
    assert_eq!(check.status.code(), Some(1), "{}", text(&check.stdout));

    let api = Api::new(&household)?;
    let (status, problem) = api.call("POST", "/api/sync/trigger", None).await?;
    assert_eq!(status, 409, "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("OVERSEERR_URL"))
    );
    let pid = household.supervisor_pid().context("it runs")?;
    let children = children_of(pid);
    assert_eq!(children.len(), 3, "three workers");
    assert_eq!(household.stop().await?, Some(0));
    assert!(
        children.into_iter().all(|child| !is_alive(child)),
        "a process was left behind"
    );
    Ok(())
}

#[actix_rt::test]
async fn a_person_adds_a_list_syncs_and_reads_what_became_of_it() -> Result<()> {
    let world = World::numbered(12);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;

    let unknown = household.cli(&["lists", "add", "example.org/list"]).await?;
    assert!(!unknown.status.success());
    let added = household
        .cli(&[
            "lists",
            "add",
            "https://m.imdb.com/list/ls000000001/?sort=x",
        ])
        .await?;
    assert!(added.status.success(), "{}", text(&added.stderr));
    let twice = household.cli(&["lists", "add", "ls000000001"]).await?;
    assert!(
        text(&twice.stderr).contains("already"),
        "{}",
        text(&twice.stderr)
    );

    let synced = household.cli(&["sync", "--wait"]).await?;
    let table = text(&synced.stdout);
    assert!(synced.status.success(), "{table}{}", text(&synced.stderr));
    assert!(table.contains("12 requested"), "{table}");
    assert!(
        table.contains("it is on imdb:ls000000001 and not in Seerr"),
        "{table}"
    );

    let lists = household.cli(&["lists", "--json"]).await?;
    assert!(
        text(&lists.stdout).contains("\"item_count\":12"),
        "{}",
        text(&lists.stdout)
    );
    let status = household.cli(&["status"]).await?;
    assert_eq!(status.status.code(), Some(0));
    assert_eq!(text(&status.stdout).matches("RUNNING").count(), 3);
    let check = household.cli(&["check"]).await?;
    assert_eq!(
        check.status.code(),
        Some(0),
        "{}{}",
        text(&check.stdout),
        text(&check.stderr)
    );

    let removed = household.cli(&["lists", "remove", "1"]).await?;
    assert!(removed.status.success());
    let none = household.cli(&["sync", "--wait"]).await?;
    assert!(!none.status.success(), "there is nothing left to read");
    Ok(())
}

#[actix_rt::test]
async fn a_list_of_the_environment_that_was_removed_stays_removed() -> Result<()> {
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&World::numbered(2)));
    let seerr = FakeSeerr::start(World::numbered(2));
    let setup = Setup::new().seerr(&seerr).sites(&sites);
    let mut household = setup
        .environment("IMDB_LISTS", "ls000000001")
        .start()
        .await?;
    let added = || async {
        let lists = household.cli(&["lists", "--json"]).await.ok()?;
        text(&lists.stdout).contains("ls000000001").then_some(())
    };
    wait_for(
        "the list of the environment",
        Duration::from_secs(10),
        added,
    )
    .await;
    assert!(
        household
            .cli(&["lists", "remove", "imdb:ls000000001"])
            .await?
            .status
            .success()
    );
    assert_eq!(household.stop().await?, Some(0));
    household.boot().await?;
    // A second list shows that the settings were looked at again by now.
    household.add_list("imdb", "top").await?;
    let lists = text(&household.cli(&["lists", "--json"]).await?.stdout);
    assert!(!lists.contains("ls000000001"), "{lists}");
    let all = text(&household.cli(&["lists", "--all", "--json"]).await?.stdout);
    assert!(all.contains("ls000000001"), "it is shown as removed: {all}");
    Ok(())
}

#[actix_rt::test]
async fn a_script_sends_titles_and_the_api_tells_what_became_of_them() -> Result<()> {
    let world = World::numbered(3);
    let entries = Entry::all_of(&world);
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).start().await?;
    let api = Api::new(&household)?;

    let without = reqwest::Client::builder().no_proxy().build()?;
    let refused = without.get(household.api_url("/api/lists")).send().await?;
    assert_eq!(refused.status().as_u16(), 401);
    let kind = refused
        .headers()
        .get("content-type")
        .context("a content type")?
        .to_str()?
        .to_owned();
    assert!(kind.starts_with("application/problem+json"), "{kind}");
    let health: Value = without
        .get(household.api_url("/api/system/health"))
        .send()
        .await?
        .json()
        .await?;
    assert!(
        health.get("sync_status").is_some() && health.get("processes").is_none(),
        "{health}"
    );

    let custom: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!({
                "title": entry.title, "year": entry.year, "media_type": "movie",
                "imdb_id": format!("imdb://{}", entry.imdb_id),
            })
        })
        .collect();
    let body = json!({ "custom_list": custom });
    let (status, started) = api.call("POST", "/api/sync/trigger", Some(body)).await?;
    assert_eq!(status, 202, "{started}");
    assert!(seerr.wait_until(|state| state.requests().len() == 3, Duration::from_secs(20)));
    let history = || async {
        let (_, history) = api.call("GET", "/api/sync-history", None).await.ok()?;
        history.to_string().contains("\"completed\"").then_some(())
    };
    wait_for("the run in the history", Duration::from_secs(10), history).await;
    let (status, items) = api.call("GET", "/api/items?status=requested", None).await?;
    assert_eq!((status, items["total"].as_i64()), (200, Some(3)), "{items}");
    let (status, problem) = api.call("DELETE", "/api/lists/99", None).await?;
    assert_eq!(
        (status, problem["status"].as_i64()),
        (404, Some(404)),
        "{problem}"
    );
    let (status, _) = api.call("GET", "/readyz", None).await?;
    assert_eq!(status, 200);
    Ok(())
}

#[actix_rt::test]
async fn a_key_made_on_the_command_line_opens_the_api_and_is_in_no_log() -> Result<()> {
    let household = Setup::new().start().await?;
    let made = household
        .cli(&["api-key", "create", "plex", "--json"])
        .await?;
    let made: Value = serde_json::from_slice(&made.stdout)?;
    let key = made["key"].as_str().context("the key is printed once")?;
    let api = Api {
        key: key.to_owned(),
        ..Api::new(&household)?
    };
    assert_eq!(api.call("GET", "/api/lists", None).await?.0, 200);
    let first = household.api_key()?;
    for program in ["supervisor", "api", "sync-worker", "scraper-worker"] {
        let log = household.log(program);
        assert!(
            !log.contains(key) && !log.contains(&first),
            "a key is in the log of {program}"
        );
    }
    Ok(())
}
